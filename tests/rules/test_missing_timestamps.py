"""Houses of tables: when the convention speaks, and for which tables."""

from __future__ import annotations

import pytest

from migrate_guard.model.environment import Environment
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, ForeignKey, PrimaryKey, Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Confidence, Problem, TableView
from migrate_guard.rules.missing_timestamps import Options, missing_timestamps
from tests.checking import written

SPAN = Span("a.py", 1, 1, 1, 2)
TYPES = {
    "clock": Type("TIMESTAMP WITH TIME ZONE", family="timestamp"),
    "flag": Type("BOOLEAN", family="boolean"),
    "number": Type("BIGINT", family="integer"),
}


def table(name: str, *columns: str, kind: str = "clock", keys: tuple[str, ...] = (), is_open: bool = False) -> Table:
    return Table(
        QualifiedName(name),
        SPAN,
        columns=(
            *(Column(each, TYPES["number"], SPAN, nullable=False) for each in ("id", "a", "b", *keys)),
            *(Column(each, TYPES[kind], SPAN) for each in columns),
        ),
        primary_key=PrimaryKey(name="pk", columns=("id",), span=SPAN),
        foreign_keys=tuple(
            ForeignKey(name=None, columns=(key,), span=SPAN, referred_table=QualifiedName("x")) for key in keys
        ),
        is_open=is_open,
    )


def check(judged: Table, *others: Table, options: Options | None = None, dialect: str = "postgresql") -> list[Problem]:
    schema = Schema().with_table(judged)
    for other in others:
        schema = schema.with_table(other)
    target = Target.default("sqlite" if dialect == "sqlite" else "postgresql")
    view = TableView(judged, schema, Environment("migrations"), target)
    return list(missing_timestamps.check(view, options or Options()))


def house(size: int, *columns: str) -> list[Table]:
    return [table(f"t{number}", *columns) for number in range(size)]


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (table("orders"), 'has neither "created_at" nor "updated_at"'),
        (table("orders", "created_at"), 'has "created_at" but no "updated_at"'),
        (table("orders", "modified"), 'has "modified" but no "created_at"'),
        (table("orders", "mtime"), 'has "mtime" but no "created_at"'),
        (table("orders", "created_at", "updated_at", kind="flag"), "has neither"),
        (table("audit_log"), 'has no "created_at"'),
        (table("orders", "occurred_at", "updated_at"), 'has "updated_at" but no "created_at"'),
        (table("memberships", keys=("user_id",)), "has neither"),
    ],
)
def test_few_tables(judged: Table, said: str) -> None:
    (problem,) = check(judged)
    assert said in problem.message
    assert problem.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    "judged",
    [
        table("orders", "created_at", "updated_at"),
        table("orders", "createdAt", "lastModified"),
        table("orders", "date_created", "changed_at"),
        table("orders", "ctime", "mtime"),
        table("orders", "create_timestamp", "update_timestamp"),
        table("orders", "created_at", "updated_at", kind="number"),
        table("readings", "recorded_at"),
        table("mails", "sent_at", "created_at"),
        table("audit_log", "created_at"),
        table("order_events", "created_at"),
        table("orders", is_open=True),
        table("alembic_version"),
        Table(QualifiedName("part"), SPAN, (Column("a", TYPES["flag"], SPAN),), partition_of=QualifiedName("whole")),
        Table(QualifiedName("child"), SPAN, (Column("a", TYPES["flag"], SPAN),), inherits=(QualifiedName("parent"),)),
        Table(QualifiedName("opaque"), SPAN),
    ],
    ids=lambda each: each.name.name,
)
def test_quiet(judged: Table) -> None:
    assert check(judged) == []


def test_association_tables() -> None:
    keys = tuple(
        ForeignKey(name=None, columns=(each,), span=SPAN, referred_table=QualifiedName("x")) for each in ("a", "b")
    )
    columns = tuple(Column(each, TYPES["number"], SPAN) for each in ("id", "a", "b", "position"))
    primary = PrimaryKey(name="pk", columns=("id",), span=SPAN)
    joins = Table(QualifiedName("joins"), SPAN, columns, primary, keys)
    assert check(joins) == []
    more = Table(QualifiedName("joins"), SPAN, (*columns, Column("note", TYPES["flag"], SPAN)), primary, keys)
    assert len(check(more)) == 1


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (house(9, "created_at"), 'has no "created_at" (9 of 10 tables have "created_at")'),
        (house(9, "inserted_at"), 'has no "inserted_at" (9 of 10 tables have "inserted_at")'),
        (house(9, "created_at", "updated_at"), 'neither "created_at" nor "updated_at" (9 of 10 tables have each)'),
        ([*house(8, "updated_at"), table("u")], '(8 of 10 tables have "updated_at")'),
    ],
)
def test_the_house_speaks(others: list[Table], said: str) -> None:
    (problem,) = check(table("orders"), *others)
    assert said in problem.message
    assert problem.confidence is Confidence.HIGH


def test_a_house_without_a_convention_is_quiet() -> None:
    assert check(table("orders"), *house(9)) == []
    assert check(table("orders"), *house(7, "created_at"), table("x"), table("y")) == []


def test_tables_that_could_not_agree_do_not_vote() -> None:
    others = [*house(8, "created_at", "updated_at"), *(table(f"log{each}", "timestamp") for each in range(9))]
    (problem,) = check(table("orders"), *others)
    assert "tables have" not in problem.message


def test_the_convention_can_be_set() -> None:
    assert check(table("orders", "created_at"), options=Options(expect="created")) == []
    (problem,) = check(table("orders"), *house(9), options=Options(expect="updated"))
    assert 'has no "updated_at"' in problem.message


def test_sqlite_takes_the_default_in_a_batch_only() -> None:
    (problem,) = check(table("orders", "updated_at"), dialect="sqlite")
    assert (written(problem, "sqlite") or "").startswith('with op.batch_alter_table("orders") as batch_op:')
