from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.asking.locks import held, who_waits, would_do
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import NO, Answer
from migrate_guard.model.finding import Confidence
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, OwnRevision, Part
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.schema import Sequence as Counter
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Severity, Statement, rule

_PLAIN: Final = Type("INTEGER", family="integer")
_FILL: Final = Note("fill the rows that are there, in batches, each in a transaction of its own")
_FILLED: Final = "the rows have to be filled before"


@rule("MG307", on=Statement[ops.AddColumn], severity=Severity.ERROR, yields_to=("MG811",))
def add_column_rewrites(statement: Statement[ops.AddColumn]) -> Iterator[Problem]:
    """Flag a column for which every row of a table in use is written anew: random(), SERIAL, IDENTITY, STORED."""
    op, hazards = statement.op, statement.hazards
    rewrites = _rewrites(statement)
    if not rewrites.is_possible or not hazards.blocks_writes.is_possible or not statement.has_rows(op.table):
        return
    verb = "rewrites" if rewrites.is_yes else "may rewrite"
    message = (
        f'adding "{op.column.name}" {verb} every row of "{op.table}" under {held(hazards, op.table)}'
        f" while {who_waits(hazards, op.table)} wait: {rewrites.why[0]}"
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help=_help(op.column),
        instead=_instead(statement),
        confidence=asking.confidence(op) if rewrites.is_yes else Confidence.MEDIUM,
    )


def _rewrites(statement: Statement[ops.AddColumn]) -> Answer:
    """What is known, or depends on a function; what else nobody knows is hardly ever a strict domain, or volatile."""
    op, rewrites = statement.op, statement.hazards.rewrites
    if rewrites.is_yes or rewrites.is_no:
        return rewrites
    if op.column.default is None or not op.column.default.functions:
        return NO
    return would_do(statement, replace(op, column=replace(op.column, type=_PLAIN))).rewrites


def _help(column: Column) -> str:
    if column.computed is not None:
        return (
            "Add a plain column that a trigger fills from now on, and fill the rows that are there in batches; or"
            " compute the value where it is read."
        )
    if column.is_serial or column.is_identity:
        return "Add the column alone, count with a sequence from now on, and number the rows that are there in batches."
    if column.default is None or not column.default.functions:
        return "Give the column the type on which the domain rests, and its checks as a CHECK that is validated later."
    return "Add the column without the default, set the default afterwards, and fill the rows in batches."


def _instead(statement: Statement[ops.AddColumn]) -> Instead:
    """The column alone, what fills it from now on, the rows; what needs all of them filled is a revision of its own."""
    op, column = statement.op, statement.op.column
    is_numbered = column.is_serial or column.is_identity
    if column.computed is not None or not (is_numbered or (column.default and column.default.functions)):
        return ()
    bare = replace(column, default=None, nullable=True, is_serial=False, is_identity=False, is_always_identity=False)
    added = replace(op, column=bare, constraints=(), is_sql=False, in_batch=False, part=0)
    counting = (_sequence(op),) if is_numbered else ()
    default = _default(op, _next(_sequence(op), statement.target) if is_numbered else column.default)
    keys = [each for each in op.constraints if isinstance(each, PrimaryKey | UniqueConstraint)]
    is_required = column.nullable is False or any(isinstance(each, PrimaryKey) for each in keys)
    later: list[AutocommitBlock | ops.Operation] = [*_checked(statement), *_indexed(statement, keys)]
    if is_required:
        later += safer.required_later(statement, op.table, column.name)
    later += [_key(op, each) for each in keys]
    if column.is_identity:
        later += _identity(op, statement.target)
    parts: list[Part] = [added, *counting, default, _FILL]
    if later:
        parts.append(OwnRevision(tuple(later), _FILLED))
    return safer.in_place(statement, tuple(parts))


def _default(op: ops.AddColumn, default: Expression | None) -> ops.AlterColumn:
    return ops.AlterColumn(span=op.span, table=op.table, column=op.column.name, modify_default=default)


# -- numbers


def _sequence(op: ops.AddColumn) -> ops.CreateSequence:
    """That of a serial column; for an identity one that counts until the identity has its own."""
    column, table = op.column, op.table
    name = f"{table.name}_{column.name}_fill" if column.is_identity else column.sequence_in(table)
    # the identity is to be the only one that pg_get_serial_sequence() finds
    owner = None if column.is_identity else (table, column.name)
    sequence = Counter(QualifiedName(name, table.schema), op.span, owner, f"AS {str(column.type).lower()}")
    return ops.CreateSequence(span=op.span, is_sql=True, sequence=sequence)


def _next(create: ops.CreateSequence, target: Target) -> Expression:
    name = safer.written_table(create.sequence.name, target)
    return Expression(f"nextval('{name}'::regclass)", functions=("nextval",))


def _identity(op: ops.AddColumn, target: Target) -> Iterator[ops.Operation]:
    """The identity in the place of the default; it counts on from where the sequence is."""
    table, column, sequence = op.table, op.column, _sequence(op).sequence.name
    yield _default(op, None)
    yield ops.AlterColumn(
        span=op.span,
        is_sql=True,
        table=table,
        column=column.name,
        modify_identity=True,
        is_always_identity=column.is_always_identity,
        existing_default=None,
    )
    owner, counter = safer.written_table(table, target), safer.written_table(sequence, target)
    sql = f"SELECT setval(pg_get_serial_sequence('{owner}', '{column.name}'), nextval('{counter}'))"
    yield ops.RawSql(span=op.span, is_sql=True, sql=sql, kind="SELECT")
    yield ops.DropSequence(span=op.span, is_sql=True, sequence=sequence)


# -- what is written at the column in SQL


def _checked(statement: Statement[ops.AddColumn]) -> Iterator[AutocommitBlock]:
    for each in statement.op.constraints:
        if isinstance(each, ForeignKey | CheckConstraint):
            yield AutocommitBlock(safer.added_and_validated(statement, statement.op.table, each))


def _indexed(
    statement: Statement[ops.AddColumn], keys: Sequence[PrimaryKey | UniqueConstraint]
) -> Iterator[AutocommitBlock]:
    op = statement.op
    for each in keys:
        index = Index(_key_name(op, each), (IndexElement(op.column.name),), op.span, unique=True)
        create = ops.CreateIndex(span=op.span, table=op.table, index=index, concurrently=True)
        yield AutocommitBlock(safer.without_timeouts(statement, [create]))


def _key(op: ops.AddColumn, key: PrimaryKey | UniqueConstraint) -> ops.AddConstraint:
    name = _key_name(op, key)
    named = replace(key, name=name, is_implicit_name=False)
    return ops.AddConstraint(span=op.span, is_sql=True, table=op.table, constraint=named, using_index=name)


def _key_name(op: ops.AddColumn, key: PrimaryKey | UniqueConstraint) -> str:
    own = f"{op.table.name}_pkey" if isinstance(key, PrimaryKey) else f"{op.table.name}_{op.column.name}_key"
    return key.name or own
