"""Tables as SQLAlchemy reflects them: with their columns, keys, constraints and indexes, from the folded schema."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)
from migrate_guard.reading.values import (
    BoundMethod,
    Clause,
    ColumnValue,
    ConstraintValue,
    ForeignKeyValue,
    IndexValue,
    SqlType,
    TableValue,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call, CallEvaluator


def reflected(call: Call, name: QualifiedName) -> TableValue:
    """The table that SQLAlchemy would read from the database: what the history tells of it."""
    known = call.machine.schema.table(name)
    if known is None and name == call.machine.version_table:
        return version_table(call)
    if known is None:
        return TableValue(name, [], [], [], call.span, is_reflected=True, is_open=True)
    columns = {each.name: _column(known, each) for each in known.columns}
    constraints = [_constraint(each, columns) for each in known.constraints() if not isinstance(each, CheckConstraint)]
    indexes = [_index(each, columns) for each in known.indexes if None not in each.columns]
    is_sure = call.machine.schema.contents is not None
    is_open = not is_sure and (known.is_open or bool(known.doubtful) or not known.is_certain)
    return TableValue(name, list(columns.values()), constraints, indexes, call.span, is_reflected=True, is_open=is_open)


def version_table(call: Call) -> TableValue:
    """Alembic's own table (`DefaultImpl.version_table_impl`), which is there whenever a script runs."""
    kind = SqlType("sqlalchemy.String", (32,), {}, call.span)
    column = ColumnValue("version_num", kind, (), {"nullable": False, "primary_key": True}, call.span)
    return TableValue(call.machine.version_table, [column], [], [], call.span, is_reflected=True)


def _column(table: Table, column: Column) -> ColumnValue:
    options: dict[str, Value] = {"nullable": column.nullable, "comment": column.comment}
    if table.primary_key and column.name in table.primary_key.columns:
        options["primary_key"] = True
    if column.default:
        options["server_default"] = Clause(column.default.text, column.default.is_literal)
    kind = SqlType("migrate_guard.sql", (str(column.type),), {}, column.span)
    return ColumnValue(column.name, kind, (), options, column.span)


_KINDS: Final[Mapping[type[AnyConstraint], str]] = {
    PrimaryKey: "primary",
    UniqueConstraint: "unique",
    ForeignKey: "foreignkey",
}


def _constraint(constraint: AnyConstraint, columns: Mapping[str, ColumnValue]) -> ConstraintValue:
    options: dict[str, Value] = {"name": constraint.name}
    referred: tuple[Value, ...] = ()
    if isinstance(constraint, ForeignKey):
        options.update(ondelete=constraint.ondelete, onupdate=constraint.onupdate)
        referred = tuple(f"{constraint.referred_table}.{each}" for each in constraint.referred_columns)
    own = tuple(columns.get(each, each) for each in constraint.columns)
    return ConstraintValue(_KINDS.get(type(constraint), "exclusion"), own, options, constraint.span, referred)


def _index(index: Index, columns: Mapping[str, ColumnValue]) -> IndexValue:
    elements = tuple(columns.get(each or "", each) for each in index.columns)
    return IndexValue(index.name, elements, {"unique": index.unique}, index.span)


# -- what a table, a constraint and a key tell


def constraints_of(table: TableValue, node: ast.expr, machine: CallEvaluator) -> list[ConstraintValue] | Unknown:
    """The constraints of a table, those of its columns included; of one that is not wholly known, nobody knows."""
    if table.is_open:
        return Unknown(
            f"not all constraints of {table.name} are known", machine.span(node), is_answer=table.is_reflected
        )
    of_columns = [
        ConstraintValue(each.kind, (column,), each.options, each.span, each.referred, each.sqltext)
        for column in table.columns
        for each in column.arguments
        if isinstance(each, ConstraintValue)
    ]
    return [*table.constraints, *of_columns]


def of_table(machine: CallEvaluator, table: TableValue, name: str, node: ast.expr) -> Value:
    """`constraints`, `primary_key`, `foreign_keys` and `foreign_key_constraints` of a table."""
    every = constraints_of(table, node, machine)
    if isinstance(every, Unknown):
        return every
    keys = [each for each in every if each.kind == "foreignkey"]
    match name:
        case "constraints":
            return every
        case "foreign_key_constraints":
            return keys
        case "foreign_keys":
            return [element for each in keys for element in elements_of(each)]
    primary = next((each for each in every if each.kind == "primary"), None)
    own = tuple(each for each in table.columns if each.option("primary_key") is True)
    return primary or ConstraintValue("primary", own, {"name": None}, table.span)


def elements_of(key: ConstraintValue) -> list[ForeignKeyValue]:
    """The elements of a foreign key, one a column."""
    return [ForeignKeyValue(key, *each) for each in zip(key.columns, key.referred, strict=False)]


def of_constraint(machine: CallEvaluator, value: ConstraintValue, name: str, node: ast.expr) -> Value:
    """An attribute of a constraint."""
    match name:
        case "name" | "ondelete" | "onupdate" | "deferrable" | "initially":
            return value.options.get(name)
        case "columns":
            return list(value.columns)
        case "column_keys":
            return [each.name if isinstance(each, ColumnValue) else each for each in value.columns]
        case "elements":
            return elements_of(value)
        case "sqltext":
            return value.sqltext
        case "referred_table" if value.referred and isinstance(value.referred[0], str):
            table, _, _ = value.referred[0].rpartition(".")
            schema, _, own = table.rpartition(".")
            return TableValue(machine.qualified(own, schema or None), [], [], [], value.span, is_open=True)
    return BoundMethod(value, name)


def of_foreign_key(machine: CallEvaluator, value: ForeignKeyValue, name: str, node: ast.expr) -> Value:
    """An attribute of an element of a foreign key."""
    match name:
        case "constraint":
            return value.constraint
        case "parent":
            return value.parent
        case "target_fullname":
            return value.target
        case "column" if isinstance(value.target, str):
            return Unknown(f"the column {value.target}", machine.span(node), is_answer=True)
    return of_constraint(machine, value.constraint, name, node)


def of_index(machine: CallEvaluator, value: IndexValue, name: str, node: ast.expr) -> Value:
    """An attribute of an index."""
    match name:
        case "name":
            return value.name
        case "columns" | "expressions":
            return list(value.elements)
        case "unique":
            return value.options.get("unique", False)
    return BoundMethod(value, name)
