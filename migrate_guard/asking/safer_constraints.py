"""What to write instead of a constraint that is checked, or whose index is built, while a table is locked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking import constraints, safer
from migrate_guard.dialects.constraints import takes_unproven, takes_unproven_not_null
from migrate_guard.dialects.names import implicit_name
from migrate_guard.model import operations as ops
from migrate_guard.model.generated_names import kind_of
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.statement import NotValid, Statement

Body = tuple[ops.Operation | Note, ...]

_NAME_BYTES: Final = 63
"""NAMEDATALEN - 1 of PostgreSQL."""
_ADDED_FIRST: Final = "what is instant is committed first, so that its lock is gone"


def unblocked(statement: Statement[ops.Operation]) -> Instead:
    """All that a statement does, what reads rows under a lock in ways that nobody waits for; empty: there are none.

    What is instant stays, and is committed before the rest.
    """
    first: list[ops.Operation | Note] = []
    later: list[ops.Operation | Note] = []
    statement = replace(statement, before=statement.before_siblings or statement.before)
    # a CHECK that is dropped proves what it says as long as it is there
    written = statement.siblings if statement.op.is_sql else (statement.written,)
    for each in sorted(written, key=lambda one: isinstance(one, ops.DropConstraint)):
        apart = _apart(statement, each)
        if apart is None:
            return ()
        first += apart[0]
        later += apart[1]
    if not later:
        return tuple(first)
    if not first:
        return safer.outside_transaction(statement, later)
    if not statement.transaction.is_block:
        return (*first, *later)
    return (*first, OwnRevision((AutocommitBlock(tuple(later)),), _ADDED_FIRST))


def _apart(statement: Statement[ops.Operation], operation: ops.Operation) -> tuple[Body, Body] | None:
    """What an operation does at once, and what takes its time."""
    if isinstance(operation, ops.AddColumn):
        return _column(statement, operation)
    plain = replace(operation, part=0, in_batch=False)
    if not constraints.reads_under_lock(statement, operation):
        return (plain,), ()
    match plain:
        case ops.AddConstraint(constraint=ForeignKey() | CheckConstraint() as constraint):
            checked = _checked(statement, plain.table, constraint)
            return ((), checked) if checked else None
        case ops.AddConstraint(constraint=PrimaryKey(), using_index=str()):
            return (), _proven_key(statement, plain)
        case ops.AddConstraint(constraint=PrimaryKey() | UniqueConstraint() as constraint):
            built = _key_built(statement, plain.table, constraint)
            return ((), built) if built else None
        case ops.AlterColumn(modify_nullable=False):
            rest = replace(plain, modify_nullable=None)
            is_more = rest != replace(rest, modify_type=None, modify_default=ops.UNSET, modify_comment=ops.UNSET)
            return ((rest,) if is_more else ()), proven_not_null(statement, plain.table, plain.column)
    return None


def _checked(statement: Statement[ops.Operation], table: QualifiedName, constraint: AnyConstraint) -> Body:
    if not takes_unproven(constraint, table, statement.before, statement.target):
        return tuple(_by_partition(statement, table, constraint))
    return safer.added_and_validated(statement, table, _explicit(constraint))


def _explicit(constraint: AnyConstraint) -> AnyConstraint:
    """The constraint by name, where the database would give it one: VALIDATE needs it."""
    return replace(constraint, is_implicit_name=False, is_assumed_name=False)


def _by_partition(
    statement: Statement[ops.Operation], table: QualifiedName, constraint: AnyConstraint
) -> Iterator[ops.Operation | Note]:
    """A partitioned table that takes no NOT VALID: its partitions do, and what they have proven is not read again."""
    leaves = list(_leaves(statement, table))
    if not leaves:
        return
    for leaf in leaves:
        taken = safer.names_of(statement, leaf)
        name = implicit_name(kind_of(constraint), leaf.name, constraint.columns, taken, statement.target.dialect)
        yield from safer.added_and_validated(statement, leaf, replace(_explicit(constraint), name=name))
    yield ops.AddConstraint(span=statement.op.span, table=table, constraint=constraint)


def _leaves(statement: Statement[ops.Operation], table: QualifiedName) -> Iterator[QualifiedName]:
    """The partitions that hold the rows of a table."""
    schema = statement.before
    for each in schema.heirs.get(table, ()):
        if schema.tables[each].partition_of == table:
            parts = list(_leaves(statement, each))
            yield from parts or [each]


# -- NOT NULL


def proven_not_null(statement: Statement[ops.Operation], table: QualifiedName, column: str) -> Body:
    """The steps to NOT NULL; they are to be in different transactions."""
    span = statement.op.span
    known = statement.before.table(table)
    own = known.column(column) if known else None
    if own is not None and own.unproven_not_null is not None:
        return safer.validated(statement, table, own.unproven_not_null)
    if takes_unproven_not_null(statement.target):
        name = not_null_name(table, column)
        added = ops.AddNotNull(span=span, is_sql=True, table=table, column=column, name=name)
        return (_without(table, name, span), added, *safer.validated(statement, table, name))
    required = ops.AlterColumn(span=span, table=table, column=column, modify_nullable=False)
    half = _half_proof(known, column)
    if half is not None:
        return (*safer.validated(statement, table, half), required)
    check = safer.not_null_check(statement, table, column)
    proof = safer.added_and_validated(statement, table, check)
    return (*proof, required, ops.DropConstraint(span=span, table=table, constraint=check.name, kind="check"))


def _without(table: QualifiedName, name: str, span: Span) -> ops.DropConstraint:
    return ops.DropConstraint(span=span, is_sql=True, table=table, constraint=name, if_exists=True)


def _half_proof(table: Table | None, column: str) -> str | None:
    """The name of a CHECK that says it and is not validated yet."""
    if table is None:
        return None
    checks = (each for each in table.check_constraints if each.not_valid and not each.not_enforced)
    return next((each.name for each in checks if column in each.expression.proves_not_null), None)


def not_null_name(table: QualifiedName, column: str) -> str:
    """The name that PostgreSQL 18 gives to a NOT NULL constraint, cut to what a name may be long."""
    name = f"{table.name}_{column}_not_null"
    return name if len(name.encode()) <= _NAME_BYTES else f"{column[: _NAME_BYTES - 9]}_not_null"


# -- keys


def _key_built(
    statement: Statement[ops.Operation], table: QualifiedName, constraint: UniqueConstraint | PrimaryKey
) -> Body:
    """The index, then the constraint that takes it over; a primary key on columns that are NOT NULL by then."""
    name, span = constraint.name, statement.op.span
    if name is None or not constraint.columns or is_partitioned(statement, table):
        return ()
    before: list[ops.Operation | Note] = []
    if isinstance(constraint, PrimaryKey):
        for column in _nullable(statement, table, constraint.columns):
            before += proven_not_null(statement, table, column)
    index = Index(
        name=name,
        elements=tuple(IndexElement(each) for each in constraint.columns),
        span=span,
        unique=True,
        nulls_not_distinct=isinstance(constraint, UniqueConstraint) and constraint.nulls_not_distinct,
    )
    built = (
        safer.drop_leftover(QualifiedName(name, table.schema), table, span),
        ops.CreateIndex(span=span, table=table, index=index, concurrently=True),
    )
    added = ops.AddConstraint(span=span, table=table, constraint=_explicit(constraint), using_index=name)
    return (*before, *safer.without_timeouts(statement, built), added)


def _proven_key(statement: Statement[ops.Operation], added: ops.AddConstraint) -> Body:
    """PRIMARY KEY USING INDEX, after the columns of the index have become NOT NULL."""
    body: list[ops.Operation | Note] = []
    for column in _nullable(statement, added.table, _columns(statement, added)):
        body += proven_not_null(statement, added.table, column)
    return (*body, added)


def _columns(statement: Statement[ops.Operation], added: ops.AddConstraint) -> tuple[str, ...]:
    """The columns of a key, of its index where that is all that the statement names."""
    known = statement.before.table(added.table)
    index = known.index(added.using_index) if known and added.using_index else None
    return tuple(each for each in index.columns if each) if index else added.constraint.columns


def is_partitioned(statement: Statement[ops.Operation], table: QualifiedName) -> bool:
    known = statement.before.table(table)
    return bool(known and known.is_partitioned) or any(_leaves(statement, table))


def _nullable(statement: Statement[ops.Operation], table: QualifiedName, columns: tuple[str, ...]) -> Iterator[str]:
    """The columns of a key of which it is known that they may be NULL."""
    known = statement.before.table(table)
    for name in columns:
        column = known.column(name) if known else None
        if column is not None and (column.nullable or column.unproven_not_null is not None):
            yield name


# -- columns


def _column(statement: Statement[ops.Operation], added: ops.AddColumn) -> tuple[Body, Body] | None:
    """The column, and what comes along with it."""
    table, span = added.table, added.span
    inline: list[AnyConstraint] = []
    later: list[ops.Operation | Note] = []
    for each in added.constraints:
        match each:
            case ForeignKey() if is_free_inline(each, statement, added):
                inline.append(replace(each, referred_columns=_referred(statement, each)))
            case ForeignKey() | CheckConstraint() if checked := _checked(statement, table, each):
                later += checked
            case UniqueConstraint() if built := _key_built(statement, table, each):
                later += built
            case _:
                return None
    for index in added.indexes:
        create = ops.CreateIndex(span=span, table=table, index=index, concurrently=True)
        leftover = [safer.drop_leftover(QualifiedName(index.name, table.schema), table, span)] if index.name else []
        later += safer.without_timeouts(statement, (*leftover, create))
    first = replace(
        added,
        constraints=tuple(inline),
        indexes=(),
        inline_references=bool(inline),
        in_batch=False,
        part=0,
    )
    return (first,), tuple(later)


def is_free_inline(key: ForeignKey, statement: Statement[ops.Operation], added: ops.AddColumn) -> bool:
    """Whether `inline_references` makes the same foreign key, and has nothing to compare: every value is NULL.

    Alembic writes no name for it, so it gets the one that the database gives.
    """
    column = added.column
    if column.default is not None or column.computed is not None or column.is_identity or column.is_serial:
        return False
    given = implicit_name(
        "foreignkey", added.table.name, key.columns, safer.names_of(statement, added.table), statement.target.dialect
    )
    return key.name == given and len(_referred(statement, key)) == 1


def _referred(statement: Statement[ops.Operation], key: ForeignKey) -> tuple[str, ...]:
    """The columns that a foreign key refers to; none: that is not known."""
    parent = statement.before.table(key.referred_table)
    return key.referred_columns or (parent.primary_key.columns if parent and parent.primary_key else ())


# -- validation


_NEXT: Final = "the lock of adding it goes with the transaction that added it"


def is_same_statement(statement: Statement[ops.Operation], added: NotValid) -> bool:
    """Whether one ALTER TABLE adds a constraint and validates it."""
    return statement.op.is_sql and statement.op.part > 0 and statement.op.span == added.by.span


def validated_apart(statement: Statement[ops.ValidateConstraint], added: NotValid) -> Instead:
    """VALIDATE in a transaction of its own."""
    op = statement.op
    validated = safer.validated(statement, op.table, op.constraint)
    if added.revision.id != statement.revision.id:
        return safer.outside_transaction(statement, validated)
    body = (AutocommitBlock(validated),) if statement.environment.transactions == "single" else validated
    apart = OwnRevision(body, _NEXT)
    return (replace(added.by, part=0), apart) if is_same_statement(statement, added) else (apart,)


def validated_next(table: QualifiedName, constraint: str, added: ops.AddConstraint | ops.AddNotNull) -> Instead:
    """A constraint as it was added, and its validation in a revision after it."""
    validate = ops.ValidateConstraint(span=added.span, is_sql=True, table=table, constraint=constraint)
    if isinstance(added, ops.AddConstraint):
        added = replace(added, constraint=_explicit(added.constraint))
    return (added, OwnRevision((validate,), _NEXT))
