"""Questions about indexes, and what to write instead of a statement that builds, drops or rebuilds one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrate_guard.asking import safer
from migrate_guard.dialects.names import implicit_name
from migrate_guard.dialects.quoting import qualified
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Index, Schema, Table
from migrate_guard.model.statement import Statement

# Tables.


def table_of(statement: Statement[ops.Operation], index: QualifiedName) -> QualifiedName | None:
    """The table of an index, as far as the history or the statement tells."""
    found = statement.before.table_of_index(index.name, index.schema)
    if found is not None:
        return found.name
    return statement.op.table if isinstance(statement.op, ops.DropIndex) else None


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
    table = table_of(statement, drop.index)
    plain = replace(drop, concurrently=True, in_batch=False, is_sql=drop.is_sql and table is None)
    if table is None or not is_partitioned(table, statement.before):
        body = safer.without_timeouts(statement, (plain,))
        return safer.in_place(statement, safer.outside_transaction(statement, body))
    limit = ops.SetParameter(span=drop.span, is_sql=True, name="lock_timeout", value="'5s'", is_local=True)
    return (limit, replace(plain, concurrently=False))


def rebuilt(statement: Statement[ops.Operation], reindex: ops.RawSql) -> Instead | None:
    """REINDEX that lets others read and write; None where there is none of what it rebuilds."""
    names = [word for word in reindex.kind.split()[1:] if word != "CONCURRENTLY"]
    thing = names[0] if names else "DATABASE"
    if thing == "SYSTEM":
        return None
    table = next(iter(reindex.tables), None)
    if thing == "INDEX" and reindex.objects:
        table = table_of(statement, reindex.objects[0])
    if table is not None and is_partitioned(table, statement.before):
        found = tuple(_rebuilt_partitions(statement, table, reindex))
    else:
        what = next(iter((*reindex.objects, *reindex.tables)), None)
        name = qualified(what, statement.target) if what else ""
        found = (_reindex(reindex, thing, name),)
    body = safer.without_timeouts(statement, found)
    return safer.in_place(statement, safer.outside_transaction(statement, body))


def _rebuilt_partitions(
    statement: Statement[ops.Operation], table: QualifiedName, reindex: ops.RawSql
) -> Iterator[ops.Operation | Note]:
    for each in partitions(table, statement.before):
        if is_partitioned(each.name, statement.before):
            yield from _rebuilt_partitions(statement, each.name, reindex)
        else:
            yield _reindex(reindex, "TABLE", qualified(each.name, statement.target))
    yield Note(f'and so for every partition of "{table}" that was made elsewhere')


def _reindex(reindex: ops.RawSql, thing: str, name: str) -> ops.RawSql:
    sql = f"REINDEX {thing} CONCURRENTLY {name}".rstrip()
    return ops.RawSql(span=reindex.span, is_sql=True, sql=sql, kind=f"REINDEX {thing} CONCURRENTLY")
