"""The directive that alembic-postgresql-enum adds to Alembic's own."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import EnumType, Type
from migrate_guard.reading.arguments import Arguments
from migrate_guard.reading.computing import is_plain, known_items
from migrate_guard.reading.values import SqlType, Value


def sync_enum_values(a: Arguments) -> Value:
    """Replace an enum type by one with other labels (alembic_postgresql_enum/operations/sync_enum_values.py).

    The old type gets another name, the new one is made, the columns change over, and the old one goes.
    """
    machine, span = a.call.machine, a.call.span
    if machine.target.dialect != "postgresql":
        return None
    name, labels = a.text("enum_name"), known_items(a.get("new_values"))
    columns = list(_columns(a))
    if name is None or labels is None or not all(map(is_plain, labels)) or None in columns:
        a.opaque("the enum", a.get("enum_name"), *(table for table, _ in filter(None, columns)))
        return None
    made = EnumType(machine.qualified(name, a.get("enum_schema")), tuple(map(str, labels)), span)
    old = QualifiedName(f"{made.name.name}_old", made.name.schema)
    kind = Type(made.name.name, values=made.values, schema=made.name.schema, family="enum")
    machine.emit(ops.RenameType(span=span, type=made.name, new_name=old))
    machine.emit(ops.CreateEnum(span=span, enum=made))
    for table, column in filter(None, columns):
        machine.emit(ops.AlterColumn(span=span, table=table, column=column, modify_type=kind))
    machine.emit(ops.DropType(span=span, type=old))
    return None


def _columns(a: Arguments) -> Iterator[tuple[QualifiedName, str] | None]:
    """The columns of that type, each a `TableReference` or a pair of names; None for one that is not known."""
    for each in known_items(a.get("affected_columns")) or ():
        schema: Value = a.get("enum_schema")
        if isinstance(each, SqlType):
            schema, table, column = (each.kwargs.get(key) for key in ("table_schema", "table_name", "column_name"))
        elif isinstance(each, list | tuple) and len(each) == 2:
            table, column = each
        else:
            table = column = None
        if isinstance(table, str) and isinstance(column, str) and is_plain([table, column]):
            yield a.call.machine.qualified(table, schema), column
        else:
            yield None
