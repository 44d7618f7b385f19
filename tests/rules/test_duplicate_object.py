"""What exists already, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import (
    Column,
    EnumType,
    Index,
    IndexElement,
    PrimaryKey,
    Schema,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Step
from migrate_guard.rules.duplicate_object import duplicate_object

SPAN = Span("a.py", 1, 1, 1, 2)
TEXT = Type("TEXT", family="text")
USERS, ORDERS = QualifiedName("users"), QualifiedName("orders")
POSTGRESQL, MYSQL, SQLITE = Target.default("postgresql"), Target.default("mysql"), Target.default("sqlite")


def index(name: str | None) -> Index:
    return Index(name, (IndexElement("email"),), SPAN)


TABLE = Table(
    USERS,
    SPAN,
    columns=(Column("id", TEXT, SPAN), Column("email", TEXT, SPAN)),
    primary_key=PrimaryKey(name="users_pkey", columns=("id",), span=SPAN),
    unique_constraints=(UniqueConstraint(name="uq_users_email", columns=("email",), span=SPAN),),
    indexes=(index("ix_users_email"),),
)
STATUS = EnumType(QualifiedName("status"), ("open",), SPAN)
BASE = apply(Schema().with_table(TABLE).with_table(Table(ORDERS, SPAN)), ops.CreateEnum(span=SPAN, enum=STATUS))
UNCERTAIN = BASE.with_table(replace(TABLE, is_certain=False))
GIVEN = Schema().with_table(Table(USERS, SPAN, is_open=True, is_given=True))


def check(op: ops.Operation, schema: Schema = BASE, target: Target = POSTGRESQL) -> list[Problem]:
    return list(duplicate_object.check(Step(op, Revision("a1", "a.py", SPAN), "upgrade", schema, schema, target)))


def add_column(name: str, **more: Any) -> ops.AddColumn:
    return ops.AddColumn(span=SPAN, table=USERS, column=Column(name, TEXT, SPAN), **more)


def create_index(name: str | None, table: QualifiedName = USERS, **more: Any) -> ops.CreateIndex:
    return ops.CreateIndex(span=SPAN, table=table, index=index(name), **more)


def unique(name: str, **more: Any) -> ops.AddConstraint:
    return ops.AddConstraint(span=SPAN, table=USERS, constraint=UniqueConstraint(name=name, span=SPAN), **more)


RENAME = ops.RenameIndex(span=SPAN, index=QualifiedName("ix_users_email"), new_name="users_pkey")
PRIMARY = ops.AddConstraint(span=SPAN, table=USERS, constraint=PrimaryKey(name="pk", columns=("id",), span=SPAN))


@pytest.mark.parametrize(
    ("op", "target", "object_name"),
    [
        (ops.CreateTable(span=SPAN, table=TABLE), POSTGRESQL, "users"),
        (ops.RenameTable(span=SPAN, table=ORDERS, new_name=USERS), POSTGRESQL, "users"),
        (add_column("email"), POSTGRESQL, "users.email"),
        (add_column("EMAIL"), SQLITE, "users.EMAIL"),
        (add_column("email", condition="if settings.strict"), POSTGRESQL, "users.email"),
        (add_column("name", indexes=(index("ix_users_email"),)), POSTGRESQL, "users.ix_users_email"),
        (ops.RenameColumn(span=SPAN, table=USERS, column="id", new_name="email"), POSTGRESQL, "users.email"),
        (create_index("ix_users_email"), POSTGRESQL, "users.ix_users_email"),
        (create_index("ix_users_email"), MYSQL, "users.ix_users_email"),
        (create_index("ix_users_email", ORDERS), POSTGRESQL, "users.ix_users_email"),
        (create_index("ix_users_email", ORDERS), SQLITE, "users.ix_users_email"),
        (create_index("uq_users_email"), POSTGRESQL, "users.uq_users_email"),
        (RENAME, POSTGRESQL, "users.users_pkey"),
        (unique("uq_users_email"), POSTGRESQL, "users.uq_users_email"),
        (unique("ix_users_email"), POSTGRESQL, "users.ix_users_email"),
        (PRIMARY, POSTGRESQL, "users.users_pkey"),
        (ops.CreateEnum(span=SPAN, enum=STATUS), POSTGRESQL, "status"),
        (ops.AddEnumValue(span=SPAN, enum=STATUS.name, value="open"), POSTGRESQL, "status.open"),
    ],
)  # fmt: skip
def test_exists(op: ops.Operation, target: Target, object_name: str) -> None:
    (problem,) = check(op, BASE, target)
    assert problem.object == object_name
    assert problem.related


@pytest.mark.parametrize(
    ("op", "schema", "target"),
    [
        (ops.CreateTable(span=SPAN, table=TABLE, if_not_exists=True), BASE, POSTGRESQL),
        (ops.CreateTable(span=SPAN, table=TABLE), UNCERTAIN, POSTGRESQL),
        (ops.CreateTable(span=SPAN, table=TABLE, is_tolerated=True), BASE, POSTGRESQL),
        (ops.CreateTable(span=SPAN, table=TABLE, condition="if not found", is_guarded=True), BASE, POSTGRESQL),
        (ops.CreateTable(span=SPAN, table=TABLE), GIVEN, POSTGRESQL),
        (add_column("name"), BASE, POSTGRESQL),
        (add_column("EMAIL"), BASE, POSTGRESQL),
        (add_column("email"), UNCERTAIN, POSTGRESQL),
        (create_index(None), BASE, POSTGRESQL),
        (create_index("ix_users_email", ORDERS), BASE, MYSQL),
        (create_index("ix_users_email", QualifiedName("users", "archive")), BASE, POSTGRESQL),
        (create_index("uq_users_email"), BASE, SQLITE),
        (unique("uq_users_email"), BASE, SQLITE),
        (unique("ix_users_email", using_index="ix_users_email"), BASE, POSTGRESQL),
        (PRIMARY, BASE, SQLITE),
        (ops.AddEnumValue(span=SPAN, enum=STATUS.name, value="open", if_not_exists=True), BASE, POSTGRESQL),
    ],
)
def test_quiet(op: ops.Operation, schema: Schema, target: Target) -> None:
    assert check(op, schema, target) == []


def test_a_key_whose_name_is_assumed_may_be_gone() -> None:
    assert TABLE.primary_key
    key = replace(TABLE.primary_key, is_assumed_name=True)
    assert check(PRIMARY, BASE.with_table(replace(TABLE, primary_key=key))) == []


def test_postgresql_merges_a_unique_constraint_with_an_equal_key() -> None:
    same = UniqueConstraint(name="uq_users_id", columns=("id",), span=SPAN)
    assert check(unique("uq_users_id"), BASE.with_table(replace(TABLE, unique_constraints=(same,)))) == []


def test_a_name_is_free_again_after_a_drop() -> None:
    schema = apply(BASE, ops.DropIndex(span=SPAN, index=QualifiedName("ix_users_email"), table=USERS))
    assert check(create_index("ix_users_email"), schema) == []
