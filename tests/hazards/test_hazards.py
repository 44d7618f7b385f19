"""Hazards and their safe twins, in histories written as teams write them.

A case of a `*.toml` file beside this one has two short histories that look alike: `hazard` has exactly the findings
that its marks say (`# finding: MG406`, in SQL `-- finding: MG406`), `twin` has none. The parts of a history:

- `# ===` alone begins the next revision, `# === path/of/file.py` any other file (or a script with a head of its own);
- a revision is the body of an upgrade, or, when it defines `upgrade` itself, a whole script without its head;
- `given` names histories of the file's own `[given]` table that come before both;
- `codes` are the rules looked at (without it: those of the file, else all of `CODES`), `dialect` and `twin_dialect`
  the database, `version` and `twin_version` its version;
- `hazard_xfail` and `twin_xfail` say what the tool does wrong today.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrate_guard.model.target import DialectName
from tests.checking import check

HERE = Path(__file__).parent
# The rules that the cases speak about; MG604 only where a case asks for it: the tables of examples have few columns.
CODES = frozenset(
    (
        *("MG001", "MG002", "MG003"),
        *("MG101", "MG102", "MG103", "MG104", "MG105", "MG106", "MG107", "MG111", "MG120", "MG121", "MG131"),
        *("MG201", "MG202", "MG204", "MG406", "MG601", "MG602", "MG603", "MG606"),
    )
)
OPTIONAL = frozenset({"MG128"})
"""Of the rules that the cases speak about, those that are off by default."""
URLS: dict[DialectName, str] = {
    "postgresql": "postgresql+psycopg://app@db/app",
    "sqlite": "sqlite:///app.db",
    "mysql": "mysql+pymysql://app@db/app",
}
INI = "[alembic]\nscript_location = %(here)s/{location}\nprepend_sys_path = .\nsqlalchemy.url = {url}\n"
ENV = """\
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = '''\
"""{message}

Revision ID: {revision}
Revises: {down}
"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None

'''
REFUSAL = '\n\ndef downgrade():\n    raise NotImplementedError("the case shows no downgrade")\n'
MARK = re.compile(r"\s*(?:#|--) finding: (MG\d{3}(?:, MG\d{3})*)$")
PART = re.compile(r"^# ===(?: (\S+))?$\n?", re.MULTILINE)


@dataclass(frozen=True)
class History:
    """One history of a case: its files, and what is to be found in them."""

    text: str
    dialect: DialectName = "postgresql"
    layout: str = "plain"
    codes: frozenset[str] = CODES
    version: int | None = None

    def write(self, folder: Path) -> list[tuple[str, int, str]]:
        """Write the project and return the findings that it is to have."""
        location = "migrations" if self.layout == "flask" else "alembic"
        versions = folder / location / "versions"
        versions.mkdir(parents=True)
        ini = INI.format(location=location, url=URLS[self.dialect])
        match self.layout:
            case "flask":
                (folder / location / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
            case "multidb":
                (folder / "alembic.ini").write_text(f"{ini}databases = engine1, engine2\n", encoding="utf-8")
            case _:
                (folder / "alembic.ini").write_text(ini, encoding="utf-8")
        env = ENV.replace("run_migrations()", "run_migrations(engine_name=name)") if self.layout == "multidb" else ENV
        (folder / location / "env.py").write_text(env, encoding="utf-8")
        marks: list[tuple[str, int, str]] = []
        down: str | None = None
        for number, (name, text) in enumerate(self.parts(), 1):
            if name is None:
                revision = f"{number:04d}c0ffee42"
                path = versions / f"{revision}_step.py"
                lines = script(text, revision, down).splitlines()
                down = revision
            else:
                path = folder / location / name if name.startswith("versions/") else folder / name
                lines = text.splitlines()
            path.parent.mkdir(parents=True, exist_ok=True)
            for at, line in enumerate(lines, 1):
                if found := MARK.search(line):
                    lines[at - 1] = line[: found.start()]
                    marks += [(path.name, at, code) for code in found[1].split(", ")]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return sorted(marks)

    def parts(self) -> Iterator[tuple[str | None, str]]:
        """Return the parts of the history: a file's name, or None for a revision, and the text."""
        pieces = PART.split(self.text)
        if pieces[0].strip():
            yield None, pieces[0]
        yield from zip(pieces[1::2], pieces[2::2], strict=True)


def script(text: str, revision: str, down: str | None) -> str:
    """Return the whole script of a revision: a body of an upgrade gets its function, every script its head."""
    head = HEAD.format(message="Step", revision=revision, down=down)
    if "def upgrade" not in text:
        return (
            f"{head}\ndef upgrade():\n{textwrap.indent(text.strip(), '    ', lambda line: bool(line.strip()))}{REFUSAL}"
        )
    if "downgrade" not in text:
        return f"{head}\n{text.strip()}\n{REFUSAL}"
    return f"{head}\n{text.strip()}\n"


def histories() -> Iterator[object]:
    for path in sorted(HERE.glob("*.toml")):
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in content.get("case", ()):
            for kind in ("hazard", "twin"):
                before = [content["given"][name] for name in case.get("given", ())]
                texts = [
                    text if text.lstrip().startswith("# ===") else f"# ===\n{text}" for text in (*before, case[kind])
                ]
                history = History(
                    "".join(text.lstrip() for text in texts),
                    case.get(f"{kind}_dialect", case.get("dialect", "postgresql")),
                    case.get("layout", "plain"),
                    frozenset(case.get("codes", content.get("codes", CODES))),
                    case.get(f"{kind}_version", case.get("version")),
                )
                reason = case.get(f"{kind}_xfail")
                marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
                name = "-".join((path.stem, *case["name"].replace(",", "").split(), kind))
                yield pytest.param(history, kind == "hazard", id=name, marks=marks)


@pytest.mark.parametrize(("history", "hazardous"), list(histories()))
def test_history(history: History, hazardous: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = history.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    version = (history.version,) if history.version else None
    dialect = history.dialect if history.layout == "flask" else None
    report = check(tmp_path, dialect=dialect, version=version, select=tuple(history.codes & OPTIONAL))
    findings = [each for each in report.findings if each.code in history.codes]
    found = sorted((Path(each.span.path).name, each.span.line, each.code) for each in findings)
    assert bool(marks) == hazardous, "a hazard has marks, a twin has none"
    assert found == marks, "\n".join(f"{each.span}: {each.code} {each.message}" for each in findings)
