"""NOT NULL without a server default: what each database does, and the code that is suggested."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AddColumn
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import Column, Expression, ForeignKey, Schema, Table, Type, UniqueConstraint
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.rule import Confidence, Problem, Step
from migrate_guard.rules.required_column_without_default import required_column_without_default
from tests.checking import written

SPAN = Span("a.py", 1, 1, 1, 2)
USERS = QualifiedName("users")
VARCHAR = Type("VARCHAR", ("80",), family="text")
INTEGER = Type("INTEGER", family="integer")
UUID = Type("UUID", family="uuid")


def add(column_type: Type = VARCHAR, *, nullable: bool | None = False, more: Any = None, **column: Any) -> AddColumn:
    return AddColumn(
        span=SPAN, table=USERS, column=Column("city", column_type, SPAN, nullable, **column), **(more or {})
    )


def check(op: AddColumn, dialect: DialectName = "postgresql", **step: Any) -> list[Problem]:
    schema = step.pop("before", Schema())
    revision = Revision("a1", "a.py", SPAN)
    return list(
        required_column_without_default.check(
            Step(op, revision, "upgrade", schema, schema, Target.default(dialect), **step)
        )
    )


@pytest.mark.parametrize(
    "op",
    [
        add(nullable=True),
        add(nullable=None),
        add(default=Expression("''", is_literal=True)),
        add(default=Expression("now()")),
        add(is_identity=True),
        add(is_serial=True),
        add(computed=Expression("1")),
    ],
)
def test_quiet(op: AddColumn) -> None:
    assert check(op) == []


def test_quiet_for_a_new_table_and_for_a_column_that_is_there() -> None:
    assert check(add(), new=frozenset({USERS})) == []
    there = Schema().with_table(Table(USERS, SPAN, columns=(Column("city", VARCHAR, SPAN),)))
    assert check(add(more={"if_not_exists": True}), before=there) == []


@pytest.mark.parametrize("text", ["NULL", "null", "(NULL)", "NULL::character varying"])
def test_null_is_no_default(text: str) -> None:
    assert len(check(add(default=Expression(text, is_literal=True)))) == 1


@pytest.mark.parametrize(
    ("dialect", "column_type", "said"),
    [
        ("postgresql", VARCHAR, 'PostgreSQL refuses to add NOT NULL "city" as soon as "users" has a row'),
        ("sqlite", VARCHAR, 'SQLite refuses to add NOT NULL "city" as soon as "users" has a row'),
        ("mysql", VARCHAR, """MySQL writes '' as "city" into every row of "users\""""),
        ("mariadb", INTEGER, 'MariaDB writes 0 as "city" into every row of "users"'),
        ("mysql", Type("kind", values=("a", "b"), family="enum"), """MySQL writes 'a' as "city" into"""),
        ("mysql", Type("DATETIME", family="timestamp"), 'adding NOT NULL "city" has no value for the rows of "users"'),
    ],
)
def test_what_the_database_does(dialect: DialectName, column_type: Type, said: str) -> None:
    (problem,) = check(add(column_type), dialect)
    assert problem.message.startswith(said)


def test_a_default_of_the_application_is_named() -> None:
    (problem,) = check(add(has_client_default=True))
    assert "its default= is filled in by the application only" in problem.message


def test_a_condition_is_told() -> None:
    (problem,) = check(add(more={"condition": "if settings.cities"}))
    assert problem.message.endswith(" if settings.cities")
    assert problem.confidence is Confidence.MEDIUM


KEY = ForeignKey(name=None, columns=("city",), span=SPAN, referred_table=QualifiedName("cities"))
NULLABLE = 'op.add_column("users", sa.Column("city", sa.String(80), nullable=True))'
UNIQUE = UniqueConstraint(name=None, columns=("city",), span=SPAN)


@pytest.mark.parametrize(
    ("op", "first"),
    [
        (add(), 'op.add_column("users", sa.Column("city", sa.String(80), server_default="", nullable=False))'),
        (add(INTEGER), 'op.add_column("users", sa.Column("city", sa.Integer(), server_default="0", nullable=False))'),
        (add(UUID), 'op.add_column("users", sa.Column("city", sa.Uuid(), nullable=True))'),
        (add(more={"constraints": (KEY,)}), NULLABLE),
        (add(more={"constraints": (UNIQUE,)}), NULLABLE.replace("nullable=True", "nullable=True, unique=True")),
        (add(more={"in_batch": True}), 'with op.batch_alter_table("users") as batch_op:'),
    ],
)  # fmt: skip
def test_what_to_write(op: AddColumn, first: str) -> None:
    (problem,) = check(op)
    code = written(problem) or ""
    assert code.splitlines()[0] == first
    ast.parse(code)


def test_nothing_is_written_for_a_type_that_is_not_known() -> None:
    (problem,) = check(add(Type("?", family="unknown")))
    assert written(problem) is None
