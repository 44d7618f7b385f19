"""Which indexes, constraints and keys serve a foreign key."""

from __future__ import annotations

from typing import Any

import pytest

from migrate_guard.model.environment import Environment
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, TableView
from migrate_guard.rules.unindexed_foreign_key import unindexed_foreign_key
from tests.checking import written

SPAN = Span("a.py", 1, 1, 1, 2)


def key(*columns: str) -> ForeignKey:
    return ForeignKey(name=None, columns=columns, span=SPAN, referred_table=QualifiedName("users"))


def index(*columns: str | None, where: str | None = None, method: str = "btree") -> Index:
    elements = tuple(IndexElement(each, None if each else Expression("lower(a)")) for each in columns)
    return Index("ix", elements, SPAN, where=Expression(where) if where else None, method=method)


def check(foreign_key: ForeignKey, **parts: Any) -> list[Problem]:
    table = Table(QualifiedName("orders", parts.pop("schema", None)), SPAN, foreign_keys=(foreign_key,), **parts)
    view = TableView(table, Schema().with_table(table), Environment("migrations"), Target.default())
    return list(unindexed_foreign_key.check(view))


@pytest.mark.parametrize(
    ("foreign_key", "parts"),
    [
        (key("a"), {}),
        (key("a"), {"indexes": (index("b", "a"),)}),
        (key("a"), {"indexes": (index(None),)}),
        (key("a"), {"indexes": (index("a", where="status = 'open'"),)}),
        (key("a"), {"indexes": (index("a", where="b IS NOT NULL"),)}),
        (key("a"), {"indexes": (index("a", where="a IS NOT NULL AND b = 1"),)}),
        (key("a"), {"indexes": (index("a", where="a IS NULL"),)}),
        (key("a"), {"indexes": (index("a", method="gin"), index("a", method="brin"))}),
        (key("a", "b"), {"indexes": (index("a"), index("b"))}),
        (key("a", "b"), {"indexes": (index("a", "c", "b"),)}),
        (key("a"), {"primary_key": PrimaryKey(name=None, columns=("b", "a"), span=SPAN)}),
        (key("a"), {"is_certain": False}),
    ],
)
def test_unindexed(foreign_key: ForeignKey, parts: dict[str, Any]) -> None:
    assert len(check(foreign_key, **parts)) == 1


@pytest.mark.parametrize(
    ("foreign_key", "parts"),
    [
        (key("a"), {"indexes": (index("a"),)}),
        (key("a"), {"indexes": (index("a", "b"),)}),
        (key("a"), {"indexes": (index("a", None),)}),
        (key("a"), {"indexes": (index("a", method="hash"),)}),
        (key("a"), {"indexes": (index("a", where="a IS NOT NULL"),)}),
        (key("a"), {"indexes": (index("a", where='("a" is not null)'),)}),
        (key("a"), {"indexes": (index("a", where="orders.a IS NOT NULL"),)}),
        (key("a", "b"), {"indexes": (index("b", "a"),)}),
        (key("a", "b"), {"indexes": (index("b", "a", "c", where="(a IS NOT NULL) AND (b IS NOT NULL)"),)}),
        (key("a"), {"unique_constraints": (UniqueConstraint(name=None, columns=("a", "b"), span=SPAN),)}),
        (key("a"), {"primary_key": PrimaryKey(name=None, columns=("a", "b"), span=SPAN)}),
        (key("a"), {"is_open": True}),
        (key("a"), {"partition_of": QualifiedName("all_orders")}),
        (key(), {}),
    ],
)
def test_quiet(foreign_key: ForeignKey, parts: dict[str, Any]) -> None:
    assert check(foreign_key, **parts) == []


def test_what_to_write() -> None:
    (problem,) = check(key("a", "b"), schema="sales")
    assert written(problem) == 'op.create_index("ix_orders_a_b", "orders", ["a", "b"], schema="sales")'
    assert problem.object == "sales.orders.a.b"
