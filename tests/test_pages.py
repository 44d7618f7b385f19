"""The catalogue is the test: every example of every page is executed.

A Good or Quiet example is clean under all default rules; a Bad one has exactly the findings that its marks say.
"""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_guard.model.drift import Drift
from migrate_guard.model.finding import Report
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.model.target import DialectName
from migrate_guard.pages import Example, Fence, Page, Role, all_pages
from migrate_guard.rule import Rule
from migrate_guard.rules import load_rules
from tests.checking import check, there_and_back
from tests.drifting import drifted

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


def cases() -> Iterator[object]:
    for page in all_pages():
        for number, example in enumerate(page.examples, 1):
            yield pytest.param(page, example, id=f"{page.code}-{example.kind}-{number}")


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


def own_rules(example: Example) -> list[Rule]:
    """The rules of the project that an example brings along."""
    found: list[Rule] = []
    for fence in example.fences:
        if fence.role == "rule":
            names: dict[str, object] = {"__name__": "own"}
            exec(compile(fence.code, fence.title or "own.py", "exec"), names)
            found.extend(each for each in names.values() if isinstance(each, Rule))
    return found


@pytest.mark.parametrize(("page", "example"), list(cases()))
def test_example(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    settings = example.settings
    dialect: DialectName = settings.get("dialect", "postgresql")  # type: ignore[assignment]  # the pages' own words
    version = tuple(map(int, settings["version"].split("."))) if "version" in settings else None
    given = (each.split("=", 1) for each in settings.get("options", "").split(",") if each)
    options = {name: value[1:-1].split() if value.startswith("[") else value for name, value in given}
    rule = next(each for each in load_rules() if each.code == page.code)
    if rule.on == (RoundTrip,):
        judged(there_and_back(tmp_path, dialect=dialect), page, example, written)
        if example.kind == "bad":
            return
    if rule.on == (Drift,):
        judged(drifted(tmp_path, dialect=dialect), page, example, written)
        if example.kind == "bad":
            return
    report = check(
        tmp_path,
        dialect=dialect,
        version=version,
        options={rule.name: options},
        extra=own_rules(example),
        select=() if rule.default else (rule.code,),
        since="main" if example.is_in_git else None,
        downgrades=settings.get("downgrades", "required"),  # type: ignore[arg-type]  # the pages' own words
        models=MODULES if example.has_models else (),
    )
    judged(report, page, example, written)


def judged(report: Report, page: Page, example: Example, written: dict[str, tuple[int, Fence]]) -> None:
    """Hold what an example is told against its marks."""
    found = sorted((Path(each.span.path).name, each.span.line, each.code) for each in report.findings)
    said = "\n".join(f"{each.span}: {each.code} {each.message}" for each in report.findings)
    marks = expected(written)
    if example.kind == "bad":
        assert marks, f"{page.path.name}:{example.line}: a Bad example without a mark"
    else:
        assert not marks, f"{page.path.name}:{example.line}: a mark in an example that is to be quiet"
    assert found == marks, f"{page.path.name}:{example.line}\n{said}"


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.code)
def test_page_shows_the_rule(page: Page) -> None:
    rule = next(each for each in load_rules() if each.code == page.code)
    assert rule.name == page.name
    kinds = {example.kind for example in page.examples}
    assert {"bad", "good"} <= kinds


def test_every_rule_has_a_page() -> None:
    assert [rule.code for rule in load_rules()] == [page.code for page in all_pages()]
