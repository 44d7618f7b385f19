"""What changes below the running code is judged by the models that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard import engine
from migrate_guard.model import folding
from migrate_guard.model.finding import Finding
from migrate_guard.model.models import Attribute, Model, Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.sql import read_sql
from migrate_guard.rules import load_rules
from tests.conftest import MakeProject, script

NOWHERE = Span("app/models.py", 1, 1, 1, 2)
ORDERS = "CREATE TABLE orders (id integer PRIMARY KEY, state text, total integer, mood mood)"
MADE = (
    'op.execute("CREATE TYPE mood AS ENUM (\'sad\')"); op.execute("' + ORDERS + '");'
    ' op.create_unique_constraint("uq", "orders", ["total"])'
)
MAPPED = {"id": "id", "state": "status", "total": "total", "mood": "mood"}


def running(tables: dict[str, dict[str, str]], ddl: str = ORDERS) -> Models:
    """Models that map tables: the attribute of each column, by table and column."""
    schema = Schema.of_empty_database()
    for text in ("CREATE TYPE mood AS ENUM ('sad')", ddl):
        for operation in read_sql(text, Target.default("postgresql"), lambda _start, _end: NOWHERE):
            schema = folding.apply(schema, operation)
    models = tuple(
        Model(
            f"app.{table.title()}",
            QualifiedName(table),
            NOWHERE,
            tuple(Attribute(column, name, NOWHERE) for column, name in columns.items()),
        )
        for table, columns in tables.items()
    )
    return Models(schema, models)


WITHOUT = {name: each for name, each in MAPPED.items() if name != "total"}

CASES: list[tuple[str, str, dict[str, dict[str, str]] | None, str, str]] = [
    ("MG401", 'op.drop_table("orders")', None, "warning", "running code that uses it fails"),
    ("MG401", 'op.drop_table("orders")', {"orders": MAPPED}, "error", 'where "app.Orders" maps it, fails'),
    ("MG401", 'op.drop_table("orders")', {"others": {}}, "", ""),
    ("MG402", 'op.drop_column("orders", "state")', None, "warning", "running code that names it fails"),
    ("MG402", 'op.drop_column("orders", "state")', {"orders": MAPPED}, "error", 'it is "app.Orders.status", fails'),
    ("MG402", 'op.drop_column("orders", "total")', {"orders": WITHOUT}, "", ""),
    (
        "MG402",
        'op.rename_table("orders", "o"); op.drop_column("o", "state")',
        {"orders": MAPPED},
        "error",
        "app.Orders.status",
    ),
    (
        "MG406",
        'op.add_column("orders", sa.Column("x", sa.Integer(), nullable=False))',
        {"orders": MAPPED},
        "error",
        '"app.Orders" of the running code inserts rows without it',
    ),
    (
        "MG407",
        'op.alter_column("orders", "state", nullable=False)',
        {"orders": MAPPED},
        "warning",
        '"app.Orders.status" of the running code may still write NULL',
    ),
    (
        "MG419",
        'op.drop_constraint("uq", "orders")',
        {"orders": MAPPED},
        "warning",
        'the running code knows its columns as "app.Orders.total"',
    ),
    (
        "MG420",
        "op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")",
        {"orders": MAPPED},
        "info",
        'from "orders.mood", which it has as "app.Orders.mood"',
    ),
]


@pytest.mark.parametrize(("code", "upgrade", "mapped", "severity", "says"), CASES)
def test_the_models_of_the_running_code(
    code: str,
    upgrade: str,
    mapped: dict[str, dict[str, str]] | None,
    severity: str,
    says: str,
    make_project: MakeProject,
) -> None:
    models = running(mapped) if mapped is not None else None
    found = [
        (each.severity.name.lower(), each.message)
        for each in _found(make_project, upgrade, models)
        if each.code == code
    ]
    assert [each[0] for each in found] == ([severity] if severity else [])
    assert all(says in message for _, message in found)


def _found(make_project: MakeProject, upgrade: str, models: Models | None) -> list[Finding]:
    root = make_project({"a.py": script("a", None, MADE, "pass"), "b.py": script("b", "a", upgrade, "pass")})
    (found,) = discover([root], cwd=root, environ={}).environments
    reading = engine.read(found, Target.default("postgresql"), Path.cwd())
    return list(engine.check(reading, load_rules(), running=models).findings)
