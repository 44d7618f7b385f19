"""The examples of a page as projects: written to disk, judged, and held against their marks.

A Good or Quiet example is clean under all default rules; a Bad one has exactly the findings that its marks say.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from migrate_guard.commands._judging import judge, sifted
from migrate_guard.config import Settings
from migrate_guard.model.drift import Drift
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.pages import Example, Fence, Role, load
from migrate_guard.reading.discover import discover

if TYPE_CHECKING:
    from migrate_guard.model.finding import Report
    from migrate_guard.model.revision import Downgrades
    from migrate_guard.model.target import DialectName
    from migrate_guard.rule import Rule

INI = "[alembic]\nscript_location = %(here)s\nprepend_sys_path = .\nsqlalchemy.url = {url}\n"
ENV = '''\
"""A clean environment: models configured, one transaction a revision, lock_timeout set on the connection."""

from alembic import context
from sqlalchemy import create_engine

from models import Base


def run_migrations_online() -> None:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"){arguments})
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
'''
MODELS = """\
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""
MODULES = ("models",)
HEAD = '''\
"""{message}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "{revision}"
down_revision = {down!r}


'''
DIALECTS: dict[str, str] = {
    "postgresql": "postgresql+psycopg://app@db/app",
    "sqlite": "sqlite:///app.db",
    "mysql": "mysql+pymysql://app@db/app",
    "mariadb": "mariadb+pymysql://app@db/app",
}
TIMEOUT = ', connect_args={"options": "-c lock_timeout=5s"}'
REFUSAL = 'raise NotImplementedError("the page shows no downgrade")\n'


def write(folder: Path, example: Example) -> dict[str, tuple[int, Fence]]:
    """Write the project of an example; file name → lines before the fence's code, and the fence."""
    if example.is_in_git:
        branch_off(folder, example)
    versions = folder / "versions"
    versions.mkdir(exist_ok=True)
    dialect = example.settings.get("dialect", "postgresql")
    env = ENV.replace("{arguments}", TIMEOUT if dialect == "postgresql" else "")
    (folder / "env.py").write_text(env, encoding="utf-8")
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "alembic.ini").write_text(INI.format(url=DIALECTS[dialect]), encoding="utf-8")
    written: dict[str, tuple[int, Fence]] = {}
    down: str | None = None
    # whole scripts say themselves what they follow: the first of them follows what is given
    first_down: str | None = None
    for number, fence in enumerate(example.given):
        revision = f"{number:04d}00000000"
        _write(versions / f"{revision}_given.py", revision, down, fence, None)
        down = first_down = revision
    downgrade = next((each for each in example.fences if each.role == "downgrade"), None)
    for fence in example.fences:
        match fence.role:
            case "upgrade":
                name = "ffff00000000_example.py"
                offset = _write(versions / name, "ffff00000000", down, fence, downgrade)
                written[name] = (offset, fence)
                if downgrade:
                    written[f"{name}:downgrade"] = (offset + fence.code.count("\n") + 3, downgrade)
            case "script" | "base":
                assert fence.title
                code = fence.code
                if first_down:
                    code = code.replace("down_revision = None", f'down_revision = "{first_down}"', 1)
                (versions / fence.title).write_text(code, encoding="utf-8")
                written[fence.title] = (0, fence)
            case "deleted" | "meanwhile":
                assert fence.title
                written[fence.title] = (0, fence)
            case "models":
                (folder / "models.py").write_text(fence.code, encoding="utf-8")
                written["models.py"] = (0, fence)
            case "file":
                assert fence.title
                (folder / fence.title).parent.mkdir(parents=True, exist_ok=True)
                (folder / fence.title).write_text(fence.code, encoding="utf-8")
                written[fence.title] = (0, fence)
    return written


def branch_off(folder: Path, example: Example) -> None:
    """Make a repository of a folder: the base branch of an example on `main`, and a branch that begins with it."""
    roles: dict[str, tuple[Role, ...]] = {"base": ("base", "deleted", "file"), "meanwhile": ("meanwhile",)}
    git(folder, "init", "--quiet", "--initial-branch=main")
    for message, wanted in roles.items():
        fences = tuple(
            each if each.role == "file" else replace(each, role="script")
            for each in example.fences
            if each.role in wanted
        )
        write(folder, replace(example, fences=fences))
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    git(folder, "checkout", "--quiet", "-b", "topic", "main~1")
    for fence in example.fences:
        if fence.role == "deleted":
            assert fence.title
            (folder / "versions" / fence.title).unlink()


def git(folder: Path, *arguments: str) -> None:
    command = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _write(path: Path, revision: str, down: str | None, fence: Fence, downgrade: Fence | None) -> int:
    head = HEAD.format(message="Example", revision=revision, down=down) + "def upgrade() -> None:\n"
    code = textwrap.indent(fence.code, "    ")
    tail = textwrap.indent(downgrade.code if downgrade else REFUSAL, "    ")
    path.write_text(f"{head}{code}\n\ndef downgrade() -> None:\n{tail}", encoding="utf-8")
    return head.count("\n")


def expected(written: dict[str, tuple[int, Fence]]) -> list[tuple[str, int, str]]:
    return sorted(
        (name.partition(":")[0], offset + mark.line, mark.code)
        for name, (offset, fence) in written.items()
        for mark in fence.marks
    )


def options_of(example: Example) -> dict[str, object]:
    """The options of the rule that a fence sets: `options="allow=[shop.limits],least=2"`."""
    given = (each.partition("=") for each in example.settings.get("options", "").split(",") if each)
    return {name.replace("-", "_"): _value(value) for name, _, value in given}


def _value(text: str) -> object:
    if text.startswith("["):
        return tuple(text[1:-1].split())
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text


def tested(rule: Rule, rules: Sequence[Rule]) -> Iterator[str | None]:
    """Run the examples of a rule's page, each in a folder that is made for it; say of each what is wrong, or None.

    What a round trip or models would have to show is not run.
    """
    page = load(rule.name, rule.folder)
    if page is None or not {RoundTrip, Drift}.isdisjoint(rule.on):
        return
    kinds = {each.kind for each in page.examples}
    for kind in ("bad", "good"):
        if kind not in kinds:
            yield f"{page.path}: there is no example under {kind.capitalize()}"
    for example in page.examples:
        # Paths in findings are relative to the folder that a run starts in.
        with TemporaryDirectory(prefix="migrate-guard-") as folder, chdir(folder):
            place = Path(folder).resolve()
            written = write(place, example)
            yield wrong(_report(place, example, rule, rules), example, written, page.path)


def wrong(report: Report, example: Example, written: dict[str, tuple[int, Fence]], page: Path) -> str | None:
    """What is found in an example otherwise than its marks say; None where nothing is."""
    found = sorted((Path(each.span.path).name, each.span.line, each.code) for each in report.findings)
    marks = expected(written)
    at = f"{page}:{example.line}"
    if example.kind == "bad" and not marks:
        return f"{at}: a Bad example without a mark"
    if example.kind != "bad" and marks:
        return f"{at}: a mark in an example that is to be quiet"
    if found == marks:
        return None
    said = "".join(f"\n  {each.span}: {each.code} {each.message}" for each in report.findings) or " nothing"
    wanted = ", ".join(f"{name}:{line} {code}" for name, line, code in marks) or "nothing"
    return f"{at}: expected {wanted}, found{said}"


def _report(folder: Path, example: Example, rule: Rule, rules: Sequence[Rule]) -> Report:
    said = example.settings
    version = said.get("version")
    settings = Settings(
        dialect=cast("DialectName", said.get("dialect", "postgresql")),
        db_version=tuple(map(int, version.split("."))) if version else None,
        rule_options={rule.name: options_of(example)},
        extend_select=() if rule.default else (rule.code,),
        downgrades=cast("Downgrades", said.get("downgrades", "required")),
        models=MODULES if example.has_models else (),
        python=sys.executable if example.has_models else None,
    )
    selection = discover([folder], cwd=folder, environ={})
    outcomes = judge(selection, settings, rules, since="main" if example.is_in_git else None)
    return sifted(outcomes, selection, settings, rules, time.perf_counter())
