"""Laws of folding, over random histories."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
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

HERE = Span("a.py", 1, 1, 1, 2)
INTEGER = Type("INTEGER", family="integer")

tables = st.sampled_from([QualifiedName(name) for name in ("a", "b", "c")] + [QualifiedName("a", "app")])
columns = st.sampled_from(["x", "y", "z"])
names = st.sampled_from(["k1", "k2", "k3"])
circumstances = st.fixed_dictionaries({"condition": st.none() | st.just("if settings.x")})


def column(name: str) -> Column:
    return Column(name, INTEGER, HERE)


def foreign_key(name: str, on: str, to: QualifiedName, of: str) -> ForeignKey:
    return ForeignKey(name=name, columns=(on,), span=HERE, referred_table=to, referred_columns=(of,))


constraints = st.one_of(
    st.builds(lambda name, on: PrimaryKey(name=name, columns=(on,), span=HERE), names, columns),
    st.builds(lambda name, on: UniqueConstraint(name=name, columns=(on,), span=HERE), names, columns),
    st.builds(foreign_key, names, columns, tables, columns),
)
indexes = st.builds(lambda name, on: Index(name, (IndexElement(on),), HERE), names, columns)


@st.composite
def operations(draw: st.DrawFn) -> ops.Operation:
    name, on = draw(tables), draw(columns)
    how: dict[str, Any] = draw(circumstances)
    kind = draw(st.integers(0, 10))
    match kind:
        case 0:
            made = Table(name, HERE, columns=(column("x"), column("y")), indexes=(draw(indexes),))
            return ops.CreateTable(span=HERE, table=made, **how)
        case 1:
            return ops.DropTable(span=HERE, table=name, **how)
        case 2:
            return ops.RenameTable(span=HERE, table=name, new_name=draw(tables), **how)
        case 3:
            return ops.AddColumn(span=HERE, table=name, column=column(on), indexes=(draw(indexes),), **how)
        case 4:
            return ops.DropColumn(span=HERE, table=name, column=on, **how)
        case 5:
            return ops.RenameColumn(span=HERE, table=name, column=on, new_name=draw(columns), **how)
        case 6:
            return ops.AlterColumn(span=HERE, table=name, column=on, modify_nullable=False, **how)
        case 7:
            return ops.CreateIndex(span=HERE, table=name, index=draw(indexes), **how)
        case 8:
            return ops.DropIndex(span=HERE, index=QualifiedName(draw(names), name.schema), **how)
        case 9:
            return ops.AddConstraint(span=HERE, table=name, constraint=draw(constraints), **how)
    return ops.DropConstraint(span=HERE, table=name, constraint=draw(names), cascade=draw(st.booleans()), **how)


def folded(history: list[ops.Operation]) -> Schema:
    schema = Schema()
    for operation in history:
        schema = apply(schema, operation)
    return schema


@given(st.lists(operations(), max_size=30))
def test_reverse_indexes_say_what_the_tables_say(history: list[ops.Operation]) -> None:
    schema = folded(history)
    carriers: dict[QualifiedName, set[QualifiedName]] = {}
    referrers: dict[QualifiedName, set[QualifiedName]] = {}
    for name, table in schema.tables.items():
        assert table.name == name
        for index in table.indexes:
            assert index.name
            carriers.setdefault(QualifiedName(index.name, name.schema), set()).add(name)
        for key in table.foreign_keys:
            referrers.setdefault(key.referred_table, set()).add(name)
    assert {name: set(found) for name, found in schema.carriers.items()} == carriers
    assert {name: set(found) for name, found in schema.referrers.items()} == referrers


@given(st.lists(operations(), max_size=20), operations())
def test_folding_leaves_the_schema_before_as_it_was(history: list[ops.Operation], operation: ops.Operation) -> None:
    before = folded(history)
    tables_before = dict(before.tables.items())
    apply(before, operation)
    assert dict(before.tables.items()) == tables_before


@given(st.lists(operations(), max_size=20), tables)
def test_what_is_added_and_dropped_again_is_gone(history: list[ops.Operation], name: QualifiedName) -> None:
    schema = folded(history)
    before = schema.table(name)
    added = apply(schema, ops.AddColumn(span=HERE, table=name, column=column("new")))
    after = apply(added, ops.DropColumn(span=HERE, table=name, column="new")).table(name)
    assert after is not None
    assert after.columns == (before.columns if before else ())
    assert after.indexes == (before.indexes if before else ())


@given(st.lists(operations(), max_size=20))
def test_a_rename_there_and_back_changes_no_name(history: list[ops.Operation]) -> None:
    schema = folded(history)
    for name, table in schema.tables.items():
        away = apply(schema, ops.RenameTable(span=HERE, table=name, new_name=QualifiedName("away")))
        back = apply(away, ops.RenameTable(span=HERE, table=QualifiedName("away"), new_name=name))
        returned = back.table(name)
        assert returned is not None
        assert replace(returned, renamed_at=table.renamed_at) == table
        assert {each.referred_table for other in back.tables.values() for each in other.foreign_keys} == {
            each.referred_table for other in schema.tables.values() for each in other.foreign_keys
        }


def test_dropping_a_column_takes_its_keys_and_indexes_along() -> None:
    schema = folded(
        [
            ops.CreateTable(
                span=HERE,
                table=Table(
                    QualifiedName("a"),
                    HERE,
                    columns=(column("x"), column("y")),
                    primary_key=PrimaryKey(name="pk", columns=("x",), span=HERE),
                    indexes=(Index("ix", (IndexElement("y"), IndexElement("x")), HERE),),
                ),
            ),
            ops.AddConstraint(
                span=HERE, table=QualifiedName("b"), constraint=foreign_key("fk", "y", QualifiedName("a"), "x")
            ),
            ops.DropColumn(span=HERE, table=QualifiedName("a"), column="x"),
        ]
    )
    a, b = schema.tables[QualifiedName("a")], schema.tables[QualifiedName("b")]
    assert (a.primary_key, a.indexes, b.foreign_keys) == (None, (), ())
    assert [each.name for each in a.lost] == ["x", "pk", "ix"]


def numbered(name: str, **changes: Any) -> Column:
    return Column(name, Type("INTEGER", family="integer"), HERE, nullable=False, is_serial=True, **changes)


@pytest.mark.parametrize("cascade", [True, False])
def test_cascade_of_a_sequence_takes_the_default_that_rests_on_it_along(cascade: bool) -> None:
    written = replace(numbered("b", default=Expression("nextval('t_a_seq'::regclass)")), is_serial=False)
    other = numbered("c")
    schema = folded(
        [
            ops.CreateTable(span=HERE, table=Table(QualifiedName("t"), HERE, columns=(numbered("a"), written, other))),
            ops.DropSequence(span=HERE, sequence=QualifiedName("t_a_seq"), cascade=cascade),
        ]
    )
    a, b, c = schema.tables[QualifiedName("t")].columns
    assert (a.is_serial, b.default is None, c) == (not cascade, cascade, other)


@pytest.mark.parametrize(("condition", "columns"), [("if settings.x", ["x"]), ("if settings.y", ["x", "y"])])
def test_what_is_made_and_dropped_under_one_condition_is_gone(condition: str, columns: list[str]) -> None:
    schema = folded(
        [
            ops.CreateTable(span=HERE, table=Table(QualifiedName("a"), HERE, columns=(column("x"),))),
            ops.AddColumn(span=HERE, table=QualifiedName("a"), column=column("y"), condition="if settings.x"),
            ops.CreateTable(span=HERE, table=Table(QualifiedName("b"), HERE), condition="if settings.x"),
            ops.DropColumn(span=HERE, table=QualifiedName("a"), column="y", condition=condition),
            ops.DropTable(span=HERE, table=QualifiedName("b"), condition=condition),
        ]
    )
    table = schema.tables[QualifiedName("a")]
    assert [each.name for each in table.columns] == columns
    assert table.is_sure_of("y") is (columns == ["x"])
    assert (QualifiedName("b") in schema.tables) is (columns != ["x"])


def test_what_may_not_run_makes_only_its_own_part_doubtful() -> None:
    schema = folded(
        [
            ops.CreateTable(span=HERE, table=Table(QualifiedName("a"), HERE, columns=(column("x"),))),
            ops.AddColumn(span=HERE, table=QualifiedName("a"), column=column("y"), condition="if settings.x"),
        ]
    )
    table = schema.tables[QualifiedName("a")]
    assert table.is_sure_of("x")
    assert not table.is_sure_of("y")


def test_a_type_renamed_to_a_name_that_was_dropped_is_there_again() -> None:
    old, new = QualifiedName("kind_old"), QualifiedName("kind")
    schema = apply(Schema(), ops.CreateEnum(span=HERE, enum=EnumType(old, ("x",), HERE)))
    schema = apply(schema, ops.DropType(span=HERE, type=old))
    assert old in schema.gone_types
    assert old not in apply(schema, ops.RenameType(span=HERE, type=new, new_name=old)).gone_types


def test_what_is_made_under_an_unknown_name_may_be_what_was_dropped() -> None:
    name = QualifiedName("t")
    schema = apply(Schema(), ops.CreateTable(span=HERE, table=Table(name, HERE)))
    schema = apply(schema, ops.DropTable(span=HERE, table=name))
    opaque = ops.Opaque(span=HERE, reason="the name is not known")
    assert name in schema.gone
    assert name not in apply(schema, opaque).gone
    assert name in apply(schema, replace(opaque, may_create=False)).gone
