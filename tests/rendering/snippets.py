"""Snippets of scripts, and what is printed of them: `ddl.txt` the DDL of their schema, `alembic_code.txt` Alembic code.

A case is a title, with the database in brackets where that is not PostgreSQL, the body of `upgrade()`, and behind `->`
what is printed. Two empty lines are between cases.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from migrate_guard.model.folding import apply
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.sql import read_sql
from migrate_guard.rendering.ddl import ddl
from tests.reading.interpreting import run

MODULE = "import somewhere\nfrom sqlalchemy.dialects import mysql"


class Case(NamedTuple):
    title: str
    dialect: DialectName
    body: str
    expected: str


def cases(table: str = "ddl.txt") -> list[Case]:
    """The cases of a table."""
    found = []
    text = (Path(__file__).parent / table).read_text(encoding="utf-8")
    for block in text.removeprefix("## ").split("\n\n\n## "):
        title, _, rest = block.partition("\n")
        body, _, expected = rest.partition("\n->\n")
        named = re.search(r"\[(\w+)\]$", title)
        dialect: DialectName = named[1] if named else "postgresql"  # type: ignore[assignment]  # written so in the table
        found.append(Case(title, dialect, body, expected.strip("\n")))
    return found


def folded(case: Case, folder: Path) -> Schema:
    """The schema that a snippet makes."""
    return run(folder, case.body, module=MODULE, dialect=case.dialect).after


def printed(case: Case, folder: Path) -> str:
    """The DDL of the schema that a snippet makes."""
    return ddl(folded(case, folder), Target.default(case.dialect), "alembic_version").strip("\n")


def read_back(text: str, dialect: DialectName) -> Schema:
    """Fold SQL into an empty schema, as though a script ran it."""
    schema, target = Schema(), Target.default(dialect)
    for each in read_sql(text, target, lambda start, end: Span("printed.sql", 1, start + 1, 1, end + 1)):
        schema = apply(schema, with_names(each, schema, dialect))
    return schema
