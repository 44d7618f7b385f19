"""Questions about statements on indexes, and what to write instead of one that builds, drops or rebuilds an index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking import safer
from migrate_guard.dialects.names import implicit_name
from migrate_guard.dialects.quoting import qualified
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed, subject
from migrate_guard.model.instead import Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Index, Schema, Table
from migrate_guard.model.statement import Statement

# Statements.


def is_concurrent(op: ops.Operation) -> bool:
    """Whether it builds, drops or rebuilds an index with CONCURRENTLY."""
    if isinstance(op, ops.CreateIndex | ops.DropIndex):
        return op.concurrently
    return isinstance(op, ops.RawSql) and op.kind.startswith("REINDEX") and op.kind.endswith("CONCURRENTLY")


def is_on_partitioned(statement: Statement[ops.Operation]) -> bool:
    """Whether it is for an index of a partitioned table, CONCURRENTLY: no other way to run it makes that work."""
    table = table_of(statement)
    return table is not None and is_concurrent(statement.op) and is_partitioned(table, statement.before)


def spelled(op: ops.Operation) -> str:
    """A statement as PostgreSQL calls it, with the object it is about: `CREATE INDEX CONCURRENTLY "ix"`."""
    match op:
        case ops.CreateIndex(index=index):
            words, name = "CREATE INDEX", index.name or f"on {op.table}"
        case ops.DropIndex():
            words, name = "DROP INDEX", str(op.index)
        case ops.DetachPartition():
            return f'DETACH PARTITION "{op.partition}"{" CONCURRENTLY" * op.concurrently}'
        case ops.RawSql():
            about_ = next(iter((*op.objects, *op.tables)), None)
            return f'{op.kind} "{about_}"' if about_ else op.kind
        case _:
            return deed(op)
    return f'{words}{" CONCURRENTLY" * is_concurrent(op)} "{name}"'


def about(statement: Statement[ops.Operation]) -> str | None:
    """The object of a finding about a statement on an index: the index of its table, else what is named."""
    op, table = statement.op, table_of(statement)
    match op:
        case ops.DropIndex(index=index):
            pass
        case ops.RawSql(objects=(index, *_)) if " INDEX" in op.kind:
            pass
        case ops.RawSql():
            return str(table) if table else None
        case _:
            return subject(op)
    return f"{table}.{index.name}" if table else str(index)


def table_of(statement: Statement[ops.Operation]) -> QualifiedName | None:
    """The table whose index a statement is about, as far as the history or the statement tells."""
    op = statement.op
    match op:
        case ops.CreateIndex():
            return op.table
        case ops.DropIndex():
            return _carrier(op.index, statement) or op.table
        case ops.RawSql() if op.tables:
            return op.tables[0]
        case ops.RawSql() if " INDEX" in op.kind and op.objects:
            return _carrier(op.objects[0], statement)
    return None


def _carrier(index: QualifiedName, statement: Statement[ops.Operation]) -> QualifiedName | None:
    found = statement.before.table_of_index(index.name, index.schema)
    return found.name if found else None


# Tables.


def is_partitioned(name: QualifiedName, schema: Schema) -> bool:
    table = schema.table(name)
    return bool(table and table.is_partitioned) or bool(partitions(name, schema))


def with_partitions(name: QualifiedName, schema: Schema) -> str:
    """A table in a sentence, with its partitions if it has any."""
    return f'"{name}" and its partitions' if is_partitioned(name, schema) else f'"{name}"'


def partitions(name: QualifiedName, schema: Schema) -> tuple[Table, ...]:
    """The partitions of a table, not theirs."""
    heirs = (schema.tables[each] for each in schema.heirs.get(name, ()))
    return tuple(each for each in heirs if each.partition_of == name)


# What to write.


def built(statement: Statement[ops.Operation], create: ops.CreateIndex) -> Instead:
    """An index that is built while others write; of a partitioned table, on one partition after the other."""
    if not is_partitioned(create.table, statement.before):
        return safer.concurrently(statement, create)
    built, attached = list[ops.Operation | Note](), list[ops.Operation]()
    for part in _parts(statement, replace(create, concurrently=False, in_batch=False)):
        if is_partitioned(part.table, statement.before):
            attached.append(replace(part, only=True, is_sql=True))
            continue
        if part.index.name:
            left = QualifiedName(part.index.name, part.table.schema)
            built.append(safer.drop_leftover(left, part.table, create.span))
        built.append(replace(part, concurrently=True, if_not_exists=False, is_sql=False))
    built.append(Note("and so on every partition that was made elsewhere"))
    attached += _attached(statement, create)
    return safer.in_place(
        statement, _followed(safer.outside_transaction(statement, safer.without_timeouts(statement, built)), attached)
    )


def _followed(parts: Instead, operations: Sequence[ops.Operation]) -> Instead:
    """What is written outside a transaction, and operations after it: in the same revision as that."""
    *before, last = parts
    if isinstance(last, OwnRevision):
        return (*before, replace(last, body=(*last.body, *operations)))
    return (*parts, *operations)


def _parts(statement: Statement[ops.Operation], create: ops.CreateIndex) -> Iterator[ops.CreateIndex]:
    """The index of a table and of all its partitions, under the names that PostgreSQL would give to theirs."""
    yield create
    for table in partitions(create.table, statement.before):
        yield from _parts(statement, replace(create, table=table.name, index=_index_of(table, create.index)))


def _index_of(table: Table, index: Index) -> Index:
    columns = [*(each or "expr" for each in index.columns), *index.include]
    taken = {each.name for each in (*table.constraints(), *table.indexes) if each.name}
    return replace(index, name=implicit_name("index", table.name.name, columns, taken, "postgresql"))


def _attached(statement: Statement[ops.Operation], create: ops.CreateIndex) -> Iterator[ops.RawSql]:
    """The indexes of partitions made parts of that of their parent, which becomes valid with the last."""
    whole = create.index.name
    for table in partitions(create.table, statement.before):
        index = _index_of(table, create.index)
        yield from _attached(statement, replace(create, table=table.name, index=index))
        if whole and index.name:
            owner = QualifiedName(whole, create.table.schema)
            part = QualifiedName(index.name, table.name.schema)
            names = [qualified(each, statement.target) for each in (owner, part)]
            yield ops.RawSql(
                span=create.span,
                is_sql=True,
                sql=f"ALTER INDEX {names[0]} ATTACH PARTITION {names[1]}",
                kind="ALTER INDEX ATTACH PARTITION",
                objects=(owner, part),
            )


def dropped(statement: Statement[ops.Operation], drop: ops.DropIndex) -> Instead:
    """An index dropped while others read and write; that of a partitioned table goes at once, or not at all."""
    table = table_of(statement)
    plain = replace(drop, concurrently=True, in_batch=False, is_sql=drop.is_sql and table is None)
    if table is None or not is_partitioned(table, statement.before):
        body = safer.without_timeouts(statement, (plain,))
        return safer.in_place(statement, safer.outside_transaction(statement, body))
    return safer.in_place(statement, safer.limited(statement, (replace(plain, concurrently=False),)))


def rebuilt(statement: Statement[ops.Operation], reindex: ops.RawSql) -> Instead:
    """REINDEX that lets others read and write; None where there is none of what it rebuilds."""
    if reindex.kind.startswith("REINDEX SYSTEM"):
        return ()
    table = table_of(statement)
    if table is not None and is_partitioned(table, statement.before):
        found = tuple(_rebuilt_partitions(statement, table, reindex))
    else:
        sql = reindex.sql if is_concurrent(reindex) else _REINDEX.sub(r"\1CONCURRENTLY ", reindex.sql, count=1)
        found = (_reindex(reindex, sql.rstrip("; \n")),)
    body = safer.without_timeouts(statement, found)
    return safer.in_place(statement, safer.outside_transaction(statement, body))


_REINDEX: Final = lazily(r"(REINDEX\s+(?:\([^)]*\)\s*)?\w+\s*)", re.IGNORECASE)
"""REINDEX with its options and the kind of thing, after which CONCURRENTLY stands."""


def _rebuilt_partitions(
    statement: Statement[ops.Operation], table: QualifiedName, reindex: ops.RawSql
) -> Iterator[ops.Operation | Note]:
    for each in partitions(table, statement.before):
        if is_partitioned(each.name, statement.before):
            yield from _rebuilt_partitions(statement, each.name, reindex)
        else:
            yield _reindex(reindex, f"REINDEX TABLE CONCURRENTLY {qualified(each.name, statement.target)}")
    yield Note(f'and so for every partition of "{table}" that was made elsewhere')


def _reindex(reindex: ops.RawSql, sql: str) -> ops.RawSql:
    return ops.RawSql(span=reindex.span, is_sql=True, sql=sql, kind="REINDEX TABLE CONCURRENTLY")


def outside(statement: Statement[ops.Operation]) -> Instead:
    """What a transaction refuses or a timeout ends, as it runs to its end: outside, and builds without timeouts."""
    op = statement.op
    match op:
        case ops.CreateIndex():
            return built(statement, op)
        case ops.DropIndex():
            return dropped(statement, op)
        case ops.RawSql() if op.kind.startswith("REINDEX"):
            return rebuilt(statement, op)
    return safer.in_place(statement, safer.outside_transaction(statement, (replace(op, in_batch=False),)))
