"""Interpret snippets of scripts in tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from migrate_guard.model.revision import Direction, Run
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.interpreter import interpret
from migrate_guard.reading.project import Project
from migrate_guard.reading.script import Script, read_script
from tests.reading.sql_describe import describe

HEAD = '''\
"""A snippet."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "aaaa"
down_revision = None


'''


def run(
    folder: Path,
    upgrade: str,
    *,
    module: str = "",
    dialect: DialectName = "postgresql",
    schema: Schema | None = None,
    direction: Direction = "upgrade",
    engine_name: str | None = None,
    convention: dict[str, str] | None = None,
) -> Run:
    """Interpret `upgrade` as the body of that function, with `module` above it; other files of `folder` are found."""
    body = textwrap.indent(textwrap.dedent(upgrade).strip("\n"), "    ")
    path = folder / "aaaa_snippet.py"
    path.write_text(f"{HEAD}{textwrap.dedent(module)}\n\ndef {direction}():\n{body}\n", encoding="utf-8")
    script, _ = read_script(path, path.name)
    assert isinstance(script, Script), script
    project = Project((folder,), folder, naming_convention=convention or {}, knows_naming_convention=True)
    return interpret(script, direction, schema or Schema(), Target.default(dialect), project, engine_name)


def operations(folder: Path, upgrade: str, **options: object) -> list[str]:
    """The operations of a snippet, one a line."""
    return [describe(each.operation) for each in run(folder, upgrade, **options).transitions]  # type: ignore[arg-type]  # passed on
