"""The SQL that is predicted for a script is what Alembic itself sends, statement for statement."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from migrate_guard.history.transactions import Session
from migrate_guard.model.environment import Environment
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.planning import planned_statements
from tests.reading.interpreting import run
from tests.rendering.alembic_emits import alembic_emits
from tests.rendering.same_sql import same_sql


class Case(NamedTuple):
    title: str
    dialect: DialectName
    body: str
    convention: dict[str, str]


def cases() -> list[Case]:
    found = []
    text = (Path(__file__).parent / "emitted.txt").read_text(encoding="utf-8")
    for block in text.removeprefix("## ").strip("\n").split("\n\n\n## "):
        title, _, body = block.partition("\n")
        named = re.search(r"\[(\w+)\]$", title)
        dialect: DialectName = named[1] if named else "postgresql"  # type: ignore[assignment]  # written so in the table
        told = re.match(r"# convention: (.+)\n", body)
        found.append(Case(title, dialect, body, ast.literal_eval(told[1]) if told else {}))
    return found


def predicted(case: Case, folder: Path) -> list[str]:
    done = run(
        folder,
        case.body,
        dialect=case.dialect,
        convention=case.convention,
        module="from sqlalchemy.dialects import mysql",
    )
    environment = Environment("alembic", naming_convention=case.convention)
    session = Session(Target.default(case.dialect), environment, is_one_run=True)
    revision = Revision("aaaa", "aaaa.py", Span("aaaa.py", 1, 1, 1, 1))
    return [each.sql for each in planned_statements(session, revision, done)]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_as_alembic_emits_it(case: Case, tmp_path: Path) -> None:
    wanted = same_sql(alembic_emits(case.body, case.dialect, case.convention), case.dialect)
    assert same_sql(predicted(case, tmp_path), case.dialect) == wanted


def test_there_are_many() -> None:
    assert len(cases()) >= 60
