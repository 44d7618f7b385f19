"""Effects of Alembic's operations, which stand for several statements; groups of operations; what is not known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    Schema,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.target import Target
from tests.dialects.postgresql.predicting import after_setup, effects, folded, locate, read, statements

T, PARENT = QualifiedName("t", "s"), QualifiedName("parent", "s")
SPAN = locate(0, 0)
INTEGER = Type("INTEGER", family="integer")


def of(
    operation: Operation, schema: Schema | None = None, version: int = 15, new: Sequence[QualifiedName] = ()
) -> tuple[Effects, ...]:
    known = after_setup(None, version) if schema is None else schema
    return effects((operation,), known, Target("postgresql", (version,)), new)


def add_column(*constraints: AnyConstraint, indexes: tuple[Index, ...] = ()) -> ops.AddColumn:
    column = Column("c", INTEGER, SPAN)
    return ops.AddColumn(span=SPAN, table=T, column=column, constraints=constraints, indexes=indexes)


KEY = ForeignKey(name="f", columns=("c",), span=SPAN, referred_table=PARENT, referred_columns=("id",))


def test_a_column_with_a_foreign_key_is_two_statements() -> None:
    added, referring = of(add_column(KEY))
    assert added.locks == {T: LockMode.ACCESS_EXCLUSIVE}
    assert added.scans.is_no
    assert referring.locks == {T: LockMode.SHARE_ROW_EXCLUSIVE, PARENT: LockMode.SHARE_ROW_EXCLUSIVE}
    assert referring.scans.is_yes


def test_inline_references_are_one_statement_that_does_not_scan() -> None:
    (added,) = of(replace(add_column(KEY), inline_references=True))
    assert added.locks == {T: LockMode.ACCESS_EXCLUSIVE, PARENT: LockMode.SHARE_ROW_EXCLUSIVE}
    assert added.scans.is_no


def test_unique_and_index_of_a_column_are_statements_of_their_own() -> None:
    unique = UniqueConstraint(name="u", columns=("c",), span=SPAN)
    index = Index("i", (IndexElement("c"),), SPAN)
    added, constrained, indexed = of(add_column(unique, indexes=(index,)))
    assert (added.builds_index.is_no, constrained.builds_index.is_yes, indexed.builds_index.is_yes) == (True,) * 3
    assert indexed.locks == {T: LockMode.SHARE}
    assert (indexed.blocks_reads.value, indexed.blocks_writes.value) == (False, True)


def test_several_changes_of_a_column_are_several_statements() -> None:
    altered = ops.AlterColumn(
        span=SPAN,
        table=T,
        column="nul",
        modify_type=Type("BIGINT", family="integer"),
        modify_nullable=False,
        modify_comment="x",
    )
    typed, required, commented = of(altered)
    assert typed.rewrites.is_yes
    assert (required.rewrites.is_no, required.scans.is_yes) == (True, True)
    assert commented.locks == {T: LockMode.SHARE_UPDATE_EXCLUSIVE}


def test_the_type_before_is_that_of_the_schema_whatever_the_script_says() -> None:
    change = ops.AlterColumn(
        span=SPAN,
        table=T,
        column="vc50",
        existing_type=Type("VARCHAR", ("200",), family="text"),
        modify_type=Type("VARCHAR", ("100",), family="text"),
    )
    (widened,) = of(change)
    assert widened.rewrites.is_no


def test_what_is_said_counts_where_the_schema_does_not_tell() -> None:
    def change(existing: Type | None) -> ops.AlterColumn:
        wide = Type("VARCHAR", ("100",), family="text")
        return ops.AlterColumn(span=SPAN, table=T, column="x", existing_type=existing, modify_type=wide)

    (told,) = of(change(Type("VARCHAR", ("50",), family="text")), Schema())
    (untold,) = of(change(None), Schema())
    assert told.rewrites.is_no
    assert untold.rewrites.value == "depends"
    assert untold.locks == {T: LockMode.ACCESS_EXCLUSIVE}


def test_a_table_of_this_transaction_is_nobodys() -> None:
    (built,) = of(ops.CreateIndex(span=SPAN, table=T, index=Index("i", (IndexElement("b"),), SPAN)), new=[T])
    assert not built.locks
    assert (built.scans.is_no, built.builds_index.is_no, built.blocks_writes.is_no) == (True, True, True)
    (referring,) = of(ops.AddConstraint(span=SPAN, table=T, constraint=KEY), new=[T])
    assert referring.locks == {PARENT: LockMode.SHARE_ROW_EXCLUSIVE}
    assert referring.scans.is_no


def test_the_actions_of_one_statement_belong_together() -> None:
    sql = "ALTER TABLE t ADD COLUMN x int, DROP COLUMN b; ALTER TABLE t ADD COLUMN y int; DROP INDEX t_a_idx"
    assert [len(each) for each in statements(read(sql, 15))] == [2, 1, 1]


def test_a_check_dropped_in_the_same_statement_proves_nothing() -> None:
    schema = after_setup("ALTER TABLE t ADD CONSTRAINT nnc CHECK (nul IS NOT NULL)", 15)
    target = Target("postgresql", (15,))
    (kept,) = effects(read("ALTER TABLE t ALTER nul SET NOT NULL", 15), schema, target)
    (dropped,) = effects(read("ALTER TABLE t ALTER nul SET NOT NULL, DROP CONSTRAINT nnc", 15), schema, target)
    assert (kept.scans.is_no, dropped.scans.is_yes) == (True, True)


def test_not_null_by_way_of_a_constraint_that_is_not_valid_yet() -> None:
    add, validate = read(
        "ALTER TABLE t ADD CONSTRAINT nn NOT NULL nul NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT nn", 18
    )
    before = after_setup(None, 18)
    pending = folded(before, [add])
    (added,), (validated,) = of(add, before, 18), of(validate, pending, 18)
    assert (added.blocks_reads.is_yes, added.scans.is_no) == (True, True)
    assert (validated.blocks_writes.is_no, validated.scans.is_yes) == (True, True)
    required = read("ALTER TABLE t ALTER nul SET NOT NULL", 18)[0]
    (early,), (late,) = of(required, pending, 18), of(required, folded(pending, [validate]), 18)
    assert (early.scans.is_yes, late.scans.is_no) == (True, True)


def test_a_partition_that_is_attached_follows_its_parent() -> None:
    attach = "ALTER TABLE pt ATTACH PARTITION pnew FOR VALUES FROM (20000) TO (30000)"
    added = read("ALTER TABLE pt ADD COLUMN c int", 15)[0]
    attached = after_setup(attach, 15)
    detached = folded(attached, read("ALTER TABLE pt DETACH PARTITION pnew", 15))
    (with_it,), (without_it,) = of(added, attached), of(added, detached)
    assert QualifiedName("pnew", "s") in with_it.locks
    assert QualifiedName("pnew", "s") not in without_it.locks


@pytest.mark.parametrize(
    "operation",
    [
        ops.Opaque(span=SPAN, reason="a value is not known"),
        ops.RawSql(span=SPAN, is_sql=True, sql="FROBNICATE t", kind="FROBNICATE"),
        ops.RawSql(span=SPAN, is_sql=True, sql="CALL p()", kind="CALL"),
        ops.RawSql(span=SPAN, is_sql=True, sql="SELECT mine()", kind="SELECT", functions=("mine",)),
        ops.RawSql(span=SPAN, is_sql=True, sql="DO 'x'", kind="DO"),
    ],
    ids=lambda operation: getattr(operation, "kind", "Opaque"),
)
def test_what_is_not_known_depends(operation: Operation) -> None:
    (found,) = of(operation)
    assert found.blocks_reads.value == found.blocks_writes.value == found.rewrites.value == "depends"
    assert found.open_locks
    assert found.why


@pytest.mark.parametrize(
    ("function", "expected"),
    [("now", False), ("gen_random_uuid", True), ("uuid_generate_v4", True), ("lower", False), ("mine", "depends")],
)
def test_default(function: str, expected: bool | str) -> None:
    default = Expression(f"{function}()", functions=(function,))
    column = Column("c", Type("TEXT", family="text"), SPAN, default=default)
    (added,) = of(ops.AddColumn(span=SPAN, table=T, column=column))
    assert added.rewrites.value == expected


def test_questions_to_the_catalogs_lock_nothing() -> None:
    sql = "SELECT 1 FROM information_schema.columns WHERE table_name = 't'; SELECT relname FROM pg_catalog.pg_class"
    for question in read(sql, 15):
        (found,) = of(question)
        assert not found.locks
        assert found.scans.is_no


def test_every_operation_has_effects() -> None:
    """No class of operations falls through to what is not known, but what only SQLite's batch mode does."""
    from migrate_guard.dialects.postgresql import effects as package

    abstract = {ops.Operation, ops.TableOperation, ops.RecreateTable}
    classes = {each for each in vars(ops).values() if isinstance(each, type) and issubclass(each, ops.Operation)}
    assert classes - abstract == set(package._EFFECTS)


def test_the_check_of_a_type_is_a_statement_of_its_own() -> None:
    """`Enum(create_constraint=True)`: what stands at the column is written with it, what the type brings is not."""
    written = CheckConstraint(name=None, columns=("c",), span=SPAN, expression=Expression("c > 0", columns=("c",)))
    added, checked = of(add_column(written, replace(written, name="ck", is_of_type=True)))
    assert (added.scans.is_yes, checked.scans.is_yes) == (True, True)
    added, checked = of(add_column(replace(written, name="ck", is_of_type=True)))
    assert (added.scans.is_yes, checked.scans.is_yes) == (False, True)


def test_a_default_of_null_fills_no_column() -> None:
    column = Column("c", INTEGER, SPAN, nullable=False, default=Expression("NULL"))
    (effects,) = of(ops.AddColumn(span=SPAN, table=T, column=column))
    assert effects.scans.is_yes
