"""What contradicts the history, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import (
    CheckConstraint,
    Column,
    EnumType,
    Expression,
    ForeignKey,
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
from migrate_guard.rule import Confidence, Problem, Step
from migrate_guard.rules.unknown_object import unknown_object

SPAN = Span("a.py", 1, 1, 1, 2)
DROPPED = Span("old.py", 7, 5, 7, 20)
TEXT = Type("TEXT", family="text")
USERS = QualifiedName("users")
POSTGRESQL, MYSQL, SQLITE = Target.default("postgresql"), Target.default("mysql"), Target.default("sqlite")


def index(name: str, *columns: str) -> Index:
    return Index(name, tuple(map(IndexElement, columns)), SPAN)


TABLE = Table(
    USERS,
    SPAN,
    columns=(Column("id", TEXT, SPAN), Column("email", TEXT, SPAN)),
    primary_key=PrimaryKey(name="users_pkey", columns=("id",), span=SPAN, is_implicit_name=True),
    check_constraints=(CheckConstraint(name="ck_users_email", span=SPAN, expression=Expression("true")),),
    indexes=(index("ix_users_email", "email"),),
)
BASE = Schema().with_table(TABLE)


def check(op: ops.Operation, schema: Schema = BASE, target: Target = POSTGRESQL) -> list[Problem]:
    revision = Revision("a1", "a.py", SPAN)
    return list(unknown_object.check(Step(op, revision, "upgrade", schema, apply(schema, op), target)))


def with_table(**changes: Any) -> Schema:
    return Schema().with_table(replace(TABLE, **changes))


def drop_column(column: str, **more: Any) -> ops.DropColumn:
    return ops.DropColumn(span=SPAN, table=USERS, column=column, **more)


def drop_constraint(name: str | None, kind: Any = None, **more: Any) -> ops.DropConstraint:
    return ops.DropConstraint(span=SPAN, table=USERS, constraint=name, kind=kind, **more)


def drop_index(name: str, table: QualifiedName | None = USERS, **more: Any) -> ops.DropIndex:
    return ops.DropIndex(span=SPAN, index=QualifiedName(name), table=table, **more)


KEY = ForeignKey(name="fk", columns=("email",), span=SPAN, referred_table=USERS, referred_columns=("mail",))
ORDERS = QualifiedName("orders")
UNNAMED = UniqueConstraint(name=None, span=SPAN)
LONG = "ix_privacypreferencehistory_fides_user_device_provided_identity_id"


@pytest.mark.parametrize(
    "op",
    [
        drop_column("emial"),
        ops.RenameColumn(span=SPAN, table=USERS, column="emial", new_name="mail"),
        ops.AlterColumn(span=SPAN, table=USERS, column="emial", modify_nullable=True),
        ops.CreateIndex(span=SPAN, table=USERS, index=index("ix", "emial")),
        ops.Update(span=SPAN, table=USERS, columns=("emial",)),
        drop_index("ix_users_emial"),
        drop_constraint("ck_users_emial", "check"),
        drop_constraint("ck_users_emial"),
        ops.ValidateConstraint(span=SPAN, table=USERS, constraint="ck_users_emial"),
        ops.RenameConstraint(span=SPAN, table=USERS, constraint="ck_users_emial", new_name="x"),
        ops.AddConstraint(
            span=SPAN, table=USERS, constraint=UniqueConstraint(name="uq", columns=("emial",), span=SPAN)
        ),
        ops.AddConstraint(span=SPAN, table=ORDERS, constraint=KEY),
        ops.AddConstraint(
            span=SPAN, table=USERS, constraint=UniqueConstraint(name="uq", span=SPAN), using_index="ix_users_emial"
        ),
        ops.CreateTable(span=SPAN, table=Table(ORDERS, SPAN, foreign_keys=(KEY,))),
    ],
    ids=lambda op: type(op).__name__,
)
def test_contradictions(op: ops.Operation) -> None:
    revision = Revision("a1", "a.py", SPAN)
    (problem,) = unknown_object.check(Step(op, revision, "upgrade", BASE, BASE, POSTGRESQL))
    assert problem.message.endswith("so this fails")
    assert str(problem.object).startswith("users.")


@pytest.mark.parametrize(
    ("op", "schema", "target"),
    [
        (drop_column("email"), BASE, POSTGRESQL),
        (drop_column("emial", if_exists=True), BASE, POSTGRESQL),
        (drop_column("emial", is_tolerated=True), BASE, POSTGRESQL),
        (drop_column("emial", condition="if 'emial' in columns", is_guarded=True), BASE, POSTGRESQL),
        (drop_column("emial", condition="if found", is_guarded=True), BASE, POSTGRESQL),
        (drop_column("emial"), with_table(is_certain=False), POSTGRESQL),
        (drop_column("emial"), with_table(is_open=True), POSTGRESQL),
        (drop_column("emial"), with_table(inherits=(ORDERS,)), POSTGRESQL),
        (drop_column("EMAIL"), BASE, MYSQL),
        (drop_column("emial"), Schema(), POSTGRESQL),
        (ops.DropTable(span=SPAN, table=QualifiedName("never_made")), BASE, POSTGRESQL),
        (drop_constraint("anything", "unique"), with_table(unique_constraints=(UNNAMED,)), SQLITE),
        (drop_index(f"{LONG[:55]}_9961"), with_table(indexes=(index(LONG, "email"),)), POSTGRESQL),
        (drop_constraint("pk_users", "primary"), BASE, MYSQL),
        (drop_constraint("users_email_not_null"), BASE, POSTGRESQL),
        (drop_constraint(None, "unique"), BASE, POSTGRESQL),
        (
            drop_constraint("users_email_key", "unique"),
            with_table(unique_constraints=(UniqueConstraint(name="uq_users_email", span=SPAN, is_implicit_name=True),)),
            POSTGRESQL,
        ),
        (
            drop_constraint("orders_ibfk_2", "foreignkey"),
            with_table(foreign_keys=(replace(KEY, name="orders_ibfk_1", is_implicit_name=True),)),
            MYSQL,
        ),
        (drop_index("ix_unknown", None), BASE, POSTGRESQL),
        (drop_index("ix_users_email", QualifiedName("wrong")), BASE, POSTGRESQL),
        (drop_index("fk"), with_table(foreign_keys=(KEY,)), MYSQL),
        (ops.Delete(span=SPAN, table=USERS), BASE, POSTGRESQL),
        (ops.CreateTable(span=SPAN, table=Table(ORDERS, SPAN, foreign_keys=(KEY,))), BASE, SQLITE),
        (ops.RenameEnumValue(span=SPAN, enum=QualifiedName("given"), value="a", new_value="b"), BASE, POSTGRESQL),
    ],
)
def test_quiet(op: ops.Operation, schema: Schema, target: Target) -> None:
    assert check(op, schema, target) == []


def test_a_slip_is_named() -> None:
    (problem,) = check(drop_column("emial"))
    assert problem.message == '"users" has no column "emial" (did you mean "email"?), so this fails'
    assert problem.help == 'Name "email".'


def test_a_loss_is_shown() -> None:
    gone = apply(BASE, ops.DropColumn(span=DROPPED, table=USERS, column="email"))
    (problem,) = check(drop_column("email"), gone)
    assert 'has no column "email" any more' in problem.message
    assert [each.span for each in problem.related] == [DROPPED]


def test_a_table_dropped_twice() -> None:
    gone = apply(BASE, ops.DropTable(span=DROPPED, table=USERS))
    (problem,) = check(ops.DropTable(span=SPAN, table=USERS), gone)
    assert problem.message == '"users" is not there any more, so this fails'
    assert [each.span for each in problem.related] == [DROPPED]


def test_a_table_that_came_back() -> None:
    schema = apply(BASE, ops.DropTable(span=DROPPED, table=USERS))
    schema = apply(schema, ops.CreateTable(span=SPAN, table=TABLE))
    assert check(ops.DropTable(span=SPAN, table=USERS), schema) == []


def test_something_dropped_twice_from_a_given_table() -> None:
    schema = apply(Schema(), drop_column("email"))
    (problem,) = check(drop_column("email"), schema)
    assert 'no column "email" any more' in problem.message
    assert check(drop_column("name"), schema) == []


def test_an_index_dropped_twice_without_its_table() -> None:
    schema = apply(BASE, drop_index("ix_users_email", None))
    assert len(check(drop_index("ix_users_email", None), schema)) == 1


def test_an_index_that_went_with_its_column() -> None:
    schema = apply(BASE, drop_column("email"))
    assert [each.object for each in check(drop_index("ix_users_email"), schema)] == ["users.ix_users_email"]


def test_mysql_drops_the_index_of_a_key_after_the_key() -> None:
    schema = Schema().with_table(replace(TABLE, foreign_keys=(KEY,)))
    schema = apply(schema, drop_constraint("fk", "foreignkey"))
    assert check(drop_index("fk"), schema, MYSQL) == []


def test_the_index_of_a_constraint_is_no_index() -> None:
    schema = with_table(unique_constraints=(UniqueConstraint(name="uq_users_email", columns=("email",), span=SPAN),))
    (problem,) = check(drop_index("uq_users_email"), schema)
    assert problem.message == '"uq_users_email" of "users" is a constraint and no index, so this fails'


def test_a_condition_is_told() -> None:
    (problem,) = check(drop_column("emial", condition="if settings.cleanup"))
    assert problem.message.endswith("so this fails if settings.cleanup")
    assert problem.confidence is Confidence.MEDIUM


def test_labels_of_an_enum() -> None:
    status = EnumType(QualifiedName("status"), ("open", "closed"), SPAN)
    schema = apply(BASE, ops.CreateEnum(span=SPAN, enum=status))
    add = ops.AddEnumValue(span=SPAN, enum=status.name, value="late", after="opened")
    (problem,) = check(add, schema)
    assert problem.message == '"status" has no value "opened" (did you mean "open"?), so this fails'


def test_a_closed_world_knows_every_table() -> None:
    schema = replace(BASE, is_closed=True)
    (problem,) = check(ops.DropTable(span=SPAN, table=QualifiedName("user")), schema)
    assert problem.message == 'there is no table "user" (did you mean "users"?), so this fails'
