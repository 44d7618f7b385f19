"""Snippets of a history, an upgrade and its downgrade: read from a table, reversed on paper and on a real database."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate_guard.history.fold import Replayed
from migrate_guard.history.reversal import Reversal, reverse
from migrate_guard.model.revision import Direction, Revision, Run
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.interpreter import interpret
from migrate_guard.reading.project import Project
from migrate_guard.reading.script import Script, read_script

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCRIPT = '''\
"""A snippet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "aaaa"
down_revision = None


def given():
{given}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''


class Case(NamedTuple):
    """A line of the table: the code before, there and back, and what is expected."""

    name: str
    given: str
    upgrade: str
    downgrade: str
    expected: list[str]


def table(path: Path) -> list[Case]:
    """Read the cases of a file: a name, what is given (if anything), `---`, upgrade, `---`, downgrade, behind `->` what
    is expected.
    """
    cases = []
    for block in path.read_text(encoding="utf-8").removeprefix("## ").split("\n\n## "):
        name, _, rest = block.partition("\n")
        code, _, expected = rest.partition("\n->\n")
        *given, upgrade, downgrade = code.strip("\n").split("\n---\n")
        cases.append(Case(name, "\n".join(given), upgrade, downgrade, expected.strip("\n").split("\n")))
    return cases


def reversal(folder: Path, case: Case, dialect: DialectName = "postgresql") -> Reversal:
    """Reverse a case on paper."""
    bodies = {
        name: textwrap.indent(code or "pass", "    ")
        for name, code in (("given", case.given), ("upgrade", case.upgrade), ("downgrade", case.downgrade))
    }
    path = folder / "aaaa_snippet.py"
    path.write_text(SCRIPT.format(**bodies), encoding="utf-8")
    script, _ = read_script(path, path.name)
    assert isinstance(script, Script), script
    project = Project((folder,), folder, naming_convention={}, knows_naming_convention=True)
    target = Target.default(dialect)

    def run(_: Revision, direction: Direction, schema: Schema) -> Run:
        return interpret(script, direction, schema, target, project)

    before = given_schema(folder, case, target, project)
    upgrade = run(script.revision, "upgrade", before)
    downgrade = run(script.revision, "downgrade", upgrade.after)
    return reverse(Replayed(script.revision, upgrade, downgrade, upgrade.after), run, target)


def given_schema(folder: Path, case: Case, target: Target, project: Project) -> Schema:
    """The schema that what is given makes."""
    path = folder / "0000_given.py"
    given = textwrap.indent(case.given or "pass", "    ")
    path.write_text(SCRIPT.format(given="    pass", upgrade=given, downgrade="    pass"), encoding="utf-8")
    script, _ = read_script(path, path.name)
    assert isinstance(script, Script), script
    return interpret(script, "upgrade", Schema(), target, project).after


def described(found: Reversal) -> list[str]:
    """A reversal as the table says it."""
    lines: list[str] = [found.outcome]
    lines += [each.what for each in found.impossible]
    if found.outcome != "downgrade-raises":
        lines += [f"{each}{'' if each.is_certain else ' (doubted)'}" for each in found.differences]
    return lines


def execute(connection: Connection, code: str) -> None:
    """Run a snippet with the operations of Alembic."""
    import sqlalchemy as sa
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy.dialects import postgresql

    operations = Operations(MigrationContext.configure(connection))
    exec(code, {"op": operations, "sa": sa, "postgresql": postgresql})
