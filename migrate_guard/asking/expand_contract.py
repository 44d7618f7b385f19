"""Another type for a column without writing its table anew: a second column beside it that takes its place.

Each step in a revision of its own: the column; what rests on the old one, built and checked for the new one while
others read and write; what refers to it; the exchange, which takes an instant.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from functools import reduce
from itertools import count
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.asking import numbering, resting, safer, safer_constraints
from migrate_guard.asking.locks import takes_long, would_do
from migrate_guard.dialects.constraints import takes_unproven_not_null
from migrate_guard.model import operations as ops
from migrate_guard.model.folding import apply
from migrate_guard.model.generated_names import first_free
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    IndexElement,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.statement import Statement

Body = tuple[ops.Operation | Note, ...]

_LONGEST_STEM: Final = 57
"""What leaves room behind a name of 63 bytes for "_new" and a number."""


def expanded(statement: Statement[ops.AlterColumn]) -> Instead:
    """The steps for a column that gets another type; empty: they cannot be written down."""
    exchange = _exchange(statement)
    return () if exchange is None else tuple(_steps(exchange))


class _Exchange(Struct, frozen=True):
    """A column, and the one that takes its place."""

    statement: Statement[ops.AlterColumn]
    """As if it stood behind the first step: `before` has both columns."""
    table: Table
    """As it is without the new column."""
    old: Column
    new: Column
    beside: Mapping[str, str]
    """What the copies of indexes and constraints are called as long as those are there."""

    @property
    def keys(self) -> list[PrimaryKey | UniqueConstraint]:
        return resting.keys(self.table, self.old.name)

    @property
    def checks(self) -> list[CheckConstraint]:
        return resting.checks(self.table, self.old.name)

    @property
    def foreign_keys(self) -> list[tuple[QualifiedName, ForeignKey]]:
        return resting.foreign_keys(self.table, self.old.name, self.statement.before)

    def called(self, name: str | None) -> str:
        return self.beside[name or ""]

    def moved(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.new.name if each == self.old.name else each for each in columns)

    def expression(self, expression: Expression) -> Expression:
        return expression.with_column_renamed(self.old.name, self.new.name)


def _beside(name: str, taken: Container[str]) -> str:
    stem = name.encode()[:_LONGEST_STEM].decode(errors="ignore")
    return first_free((f"{stem}_new{number or ''}" for number in count()), taken)


def _exchange(statement: Statement[ops.AlterColumn]) -> _Exchange | None:
    """What is exchanged; None where that is not known, or is nothing that another column could take the place of."""
    op = statement.op
    at = next(place for place, each in enumerate(statement.siblings) if each is op)
    given = replace(op, modify_type=None)
    rest = (*statement.siblings[:at], given, *statement.siblings[at + 1 :])
    schema = reduce(apply, rest, statement.before_siblings or statement.before)
    table, name = schema.table(op.table), _name_after(op.column, statement.siblings[at + 1 :], op.table)
    old = table.column(name) if table else None
    if table is None or old is None or op.modify_type is None or not op.modify_type.is_known:
        return None
    if old.computed is not None or old.nullable is None or not _is_exchangeable(table, name, schema):
        return None
    columns = frozenset(
        each.name for known in (table, statement.before.table(op.table)) if known for each in known.columns
    )
    new = Column(_beside(name, columns), op.modify_type, op.span, collation=op.collation, comment=old.comment)
    added = ops.AddColumn(span=op.span, table=op.table, column=new)
    if takes_long(would_do(statement, added)):
        return None
    after = replace(statement, before=apply(schema, added), before_siblings=None)
    return _Exchange(after, table, old, new, _names_beside(table, name, schema))


def _name_after(column: str, operations: Sequence[ops.Operation], table: QualifiedName) -> str:
    """What a column is called after other operations of its statement."""
    for each in operations:
        if isinstance(each, ops.RenameColumn) and (each.table, each.column) == (table, column):
            column = each.new_name
    return column


def _is_exchangeable(table: Table, column: str, schema: Schema) -> bool:
    """Whether all that rests on the column can be built beside it, and has a name to get again.

    A partitioned table has no indexes built concurrently, an exclusion constraint takes no index that is there already.
    """
    if table.is_part or table.is_partitioned or schema.heirs.get(table.name):
        return False
    if any(column in each.columns for each in table.exclusion_constraints):
        return False
    return all(_names_resting(table, column, schema))


def _names_resting(table: Table, column: str, schema: Schema) -> list[str | None]:
    keys = (key for _, key in resting.foreign_keys(table, column, schema))
    objects = (*resting.indexes(table, column), *resting.keys(table, column), *resting.checks(table, column), *keys)
    return [each.name for each in objects]


def _names_beside(table: Table, column: str, schema: Schema) -> dict[str, str]:
    """Names that are free where relations of its schema and constraints have theirs."""
    taken = {each.name.name for each in schema.sequences.values()}
    for known in schema.tables.values():
        if known.name.schema == table.name.schema or known.name in schema.referrers.get(table.name, ()):
            objects = (*known.constraints(), *known.indexes)
            taken.update((known.name.name, *(each.name for each in objects if each.name)))
    found: dict[str, str] = {}
    for name in filter(None, _names_resting(table, column, schema)):
        found[name] = _beside(name, taken.union(found.values()))
    return found


def _steps(exchange: _Exchange) -> Iterator[ops.Operation | Note | OwnRevision]:
    statement, table, old, new = exchange.statement, exchange.table, exchange.old, exchange.new
    using = statement.op.using
    value = f": {' '.join(using.text.split())}" if using else ""
    yield ops.AddColumn(span=statement.op.span, table=table.name, column=new)
    yield Note(f'from now on a trigger, or the application, writes "{new.name}" along with "{old.name}"{value}')
    yield Note("fill it in batches for the rows that are there")
    if table.is_given or table.is_open or table.may_have_more:
        yield Note(f'what "{old.name}" has that was made elsewhere (default, indexes, constraints) goes the same way')
    filled = f'when every row has its "{new.name}"'
    when = "when the application takes values of the new type"
    built, referring = tuple(_built(exchange)), tuple(_referring(exchange))
    if built:
        yield _outside_transaction(statement, built, filled)
    else:
        when = f"{filled}, and the application takes such values"
    if referring:
        yield _outside_transaction(
            statement, referring, f'what refers to "{old.name}" refers to "{new.name}" from now on'
        )
    yield OwnRevision(tuple(_exchanged(exchange)), when)


def _outside_transaction(statement: Statement[ops.AlterColumn], body: Body, why: str) -> OwnRevision:
    is_block = statement.transaction.is_block or statement.op.in_autocommit
    return OwnRevision((AutocommitBlock(body),) if is_block else body, why)


# -- the second step


def _built(exchange: _Exchange) -> Iterator[ops.Operation | Note]:
    """Indexes and constraints of the new column beside those of the old one; nobody waits for any of it."""
    statement, table, new = exchange.statement, exchange.table.name, exchange.new
    indexes = tuple(_indexes_built(exchange))
    if indexes:
        yield from safer.without_timeouts(statement, indexes)
    if exchange.old.nullable is False:
        yield from safer_constraints.proven_not_null(statement, table, new.name)
    for check in exchange.checks:
        yield from _checked(exchange, table, check, replace(check, expression=exchange.expression(check.expression)))
    for owner, key in exchange.foreign_keys:
        if not _refers(exchange, key):
            yield from _checked(exchange, owner, key, _pointed(exchange, owner, key))


def _referring(exchange: _Exchange) -> Iterator[ops.Operation | Note]:
    """The foreign keys that refer to the column, each exchanged for one that refers to the new column.

    The column cannot be dropped as long as it has any. They are no part of the revision that builds its index: that one
    could not run again, as it drops what a failed run left.
    """
    for owner, key in exchange.foreign_keys:
        if _refers(exchange, key):
            yield from _checked(exchange, owner, key, _pointed(exchange, owner, key))
            if not _goes_along(exchange, owner, key):
                span = exchange.statement.op.span
                yield ops.DropConstraint(span=span, table=owner, constraint=key.name, kind="foreignkey")
                yield _renamed(exchange, owner, key)


def _indexes_built(exchange: _Exchange) -> Iterator[ops.Operation]:
    span, table = exchange.statement.op.span, exchange.table.name
    for index in (*resting.indexes(exchange.table, exchange.old.name), *map(resting.index_of, exchange.keys)):
        name = exchange.called(index.name)
        copy = replace(
            index,
            name=name,
            elements=tuple(_element(each, exchange) for each in index.elements),
            where=exchange.expression(index.where) if index.where else None,
            include=exchange.moved(index.include),
        )
        yield safer.drop_leftover(QualifiedName(name, table.schema), table, span)
        yield ops.CreateIndex(span=span, table=table, index=copy, concurrently=True)


def _element(element: IndexElement, exchange: _Exchange) -> IndexElement:
    if element.expression is not None:
        return replace(element, expression=exchange.expression(element.expression))
    return replace(element, column=exchange.new.name) if element.column == exchange.old.name else element


def _checked(exchange: _Exchange, table: QualifiedName, before: AnyConstraint, after: AnyConstraint) -> Body:
    """A constraint that is validated if the one was whose place it takes."""
    named = replace(after, name=exchange.called(before.name), is_implicit_name=False, is_assumed_name=False)
    left, added, *validated = safer.added_and_validated(exchange.statement, table, named)
    if before.not_valid or before.not_enforced:
        return (left, ops.AddConstraint(span=exchange.statement.op.span, table=table, constraint=named))
    return (left, added, *validated)


def _pointed(exchange: _Exchange, owner: QualifiedName, key: ForeignKey) -> ForeignKey:
    """A foreign key on the new column where it was one on the old, and to the new one where it referred to that."""
    columns, table = key.columns, exchange.table
    referred = key.referred_columns
    if owner == table.name:
        columns = exchange.moved(columns)
    if key.referred_table == table.name:
        referred = exchange.moved(referred or (table.primary_key.columns if table.primary_key else ()))
    return replace(key, columns=columns, referred_columns=referred)


# -- the third step


def _exchanged(exchange: _Exchange) -> Iterator[ops.Operation | Note]:
    """The new column in the place of the old one, with all names as they were."""
    span, table = exchange.statement.op.span, exchange.table.name
    old, new = exchange.old, exchange.new
    yield Note("the trigger that writes both goes first")
    yield from numbering.handed_over(exchange.statement, exchange.table, old, new)
    yield ops.DropColumn(span=span, table=table, column=old.name)
    yield ops.RenameColumn(span=span, table=table, column=new.name, new_name=old.name)
    yield from numbering.numbered(exchange.statement, exchange.table, old, new)
    for key in exchange.keys:
        named = replace(key, is_implicit_name=False, is_assumed_name=False)
        yield ops.AddConstraint(span=span, table=table, constraint=named, using_index=exchange.called(key.name))
    for index in resting.indexes(exchange.table, old.name):
        built = QualifiedName(exchange.called(index.name), table.schema)
        yield ops.RenameIndex(span=span, is_sql=True, index=built, new_name=index.name or "")
    for check in exchange.checks:
        yield _renamed(exchange, table, check)
    for owner, reference in exchange.foreign_keys:
        if _goes_along(exchange, owner, reference):
            yield _renamed(exchange, owner, reference)
    if old.nullable is False and takes_unproven_not_null(exchange.statement.target):
        names = (safer_constraints.not_null_name(table, each.name) for each in (new, old))
        yield ops.RenameConstraint(span=span, is_sql=True, table=table, constraint=next(names), new_name=next(names))
    attached = exchange.statement.before.attached.values()
    statistics = [each.name for each in attached if each.kind == "STATISTICS" and each.table == table]
    if statistics:
        yield Note(f'statistics on "{old.name}" go with it, to be created again: {", ".join(statistics)}')


def _refers(exchange: _Exchange, key: ForeignKey) -> bool:
    return resting.refers(key, exchange.table, exchange.old.name)


def _goes_along(exchange: _Exchange, owner: QualifiedName, key: ForeignKey) -> bool:
    """Whether a foreign key is dropped with the column: it is one of it, not only one that refers to it."""
    return owner == exchange.table.name and exchange.old.name in key.columns


def _renamed(exchange: _Exchange, table: QualifiedName, constraint: AnyConstraint) -> ops.RenameConstraint:
    called, name = exchange.called(constraint.name), constraint.name or ""
    span = exchange.statement.op.span
    return ops.RenameConstraint(span=span, is_sql=True, table=table, constraint=called, new_name=name)
