"""Predict what statements do to the database of lock_fixture.sql, as the measurements tell it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from migrate_guard.dialects.emitted import emitted
from migrate_guard.dialects.postgresql.effects import effect
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects, together
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.search_path import in_schema
from migrate_guard.reading.sql import read_sql

HERE = Path(__file__).parent
FIXTURE = (HERE / "lock_fixture.sql").read_text()
SCHEMA = "s"
"""The search path of every statement but those of the fixture."""


@dataclass(frozen=True)
class Prediction:
    effects: Effects
    before: Schema

    @property
    def locks(self) -> dict[str, str]:
        """The locks on tables, views and sequences, by their names."""
        return {name.name: str(mode) for name, mode in self.effects.locks.items()}

    def told(self) -> dict[str, Any]:
        """The answers, as the measurements have them."""
        found = self.effects
        return {
            "locks": self.locks,
            "blocks_reads": found.blocks_reads.value,
            "blocks_writes": found.blocks_writes.value,
            "rewrite": found.rewrites.value,
            "full_scan": found.scans.value,
            "transactional": found.transactional.value,
        }


def statements(operations: Iterable[ops.Operation]) -> Iterator[tuple[ops.Operation, ...]]:
    """The operations of each statement: an ALTER TABLE with several actions is read as one operation an action."""
    group: list[ops.Operation] = []
    for operation in operations:
        if group and operation.part == 0:
            yield tuple(group)
            group = []
        group.append(operation)
    if group:
        yield tuple(group)


def effects(
    statement: Sequence[ops.Operation], schema: Schema, target: Target, new: Collection[QualifiedName] = ()
) -> tuple[Effects, ...]:
    """What the operations of one statement do, in the schema before it; `new` are relations nobody else can see yet.

    An operation of Alembic stands for several statements where Alembic emits several: one Effects for each, in order.
    """
    if len(statement) > 1:
        return (together(effect(each, statement, schema, target) for each in statement).without(new),)
    found: list[Effects] = []
    for operation in emitted(statement[0], target.dialect):
        found.append(effect(operation, (operation,), schema, target).without(new))
        schema = apply(schema, operation)
    return tuple(found)


def predict(sql: Sequence[str], setup: str | None, version: int) -> Prediction:
    """What the statements do together, in one transaction, after the setup."""
    before = after_setup(setup, version)
    schema = before
    found: list[Effects] = []
    new: set[QualifiedName] = set()
    for text in sql:
        for statement in statements(read(text, version)):
            named = tuple(with_names(each, schema, "postgresql") for each in statement)
            found.extend(effects(named, schema, Target("postgresql", (version,)), new))
            schema = folded(schema, named)
            new |= set(schema.tables) - set(before.tables)
    return Prediction(together(found), before)


@cache
def after_setup(setup: str | None, version: int) -> Schema:
    """The schema of the fixture, after a setup."""
    if setup is None:
        return folded(Schema.of_empty_database(), read_sql(FIXTURE, Target("postgresql", (version,)), locate))
    return folded(after_setup(None, version), read(setup, version))


def read(sql: str, version: int) -> list[ops.Operation]:
    return [in_schema(each, SCHEMA) for each in read_sql(sql, Target("postgresql", (version,)), locate)]


def folded(schema: Schema, operations: Iterable[ops.Operation]) -> Schema:
    for operation in operations:
        schema = apply(schema, with_names(operation, schema, "postgresql"))
    return schema


def locate(start: int, end: int) -> Span:
    return Span("script.py", 1, start + 1, 1, end + 1)
