"""Objects that create, drop and describe themselves: tables, metadata, types, sequences, registries."""

from __future__ import annotations

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.schema import Sequence
from migrate_guard.reading import ddl_tables, sqltypes
from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import known_items
from migrate_guard.reading.constructs import as_type, base_of_registry
from migrate_guard.reading.machine import is_known_text
from migrate_guard.reading.models import load_models
from migrate_guard.reading.packages import locked_version
from migrate_guard.reading.reflecting import reflected, version_table
from migrate_guard.reading.values import (
    Clause,
    ColumnValue,
    Generated,
    MetaDataValue,
    Registry,
    SqlType,
    Statement,
    TableValue,
    Value,
)


def call_table(receiver: TableValue, call: Call) -> Value:
    match call.name:
        case "insert" | "update" | "delete":
            condition = call.get(0, "whereclause")
            return Statement(call.name, receiver.name, (condition.text,) if isinstance(condition, Clause) else ())
        case "select":
            return Statement("select", receiver.name)
        case "alias" | "to_metadata" | "tometadata":
            return receiver
        case "create":
            create_table(call, receiver)
        case "drop":
            call.machine.emit(
                ops.DropTable(span=call.span, table=receiver.name, if_exists=call.kwargs.get("checkfirst") is True)
            )
            _drop_enums(call, receiver)
        case "append_column" if isinstance(call.get(0), ColumnValue):
            receiver.columns.append(call.args[0])
        case "append_constraint":
            receiver.constraints.append(call.get(0))
        case "exists":
            return call.machine.schema.table(receiver.name) is not None
    return None


def _drop_enums(call: Call, value: TableValue) -> None:
    """`Table.drop()` takes the enum types of its columns along before SQLAlchemy 2.1 (tried on 2.0.58 and 2.1.9)."""
    version = locked_version("sqlalchemy", call.machine.project.roots)
    if version is not None and version >= sqltypes.OWN_ENUMS:
        return
    condition = None if version else f"{ops.SOME_VERSIONS}older than 2.1"
    for enum, _ in sqltypes.enums_of(call.machine, value.columns):
        call.machine.emit(ops.DropType(span=call.span, type=enum.name, if_exists=True, condition=condition))


def create_table(call: Call, value: TableValue) -> None:
    """Emit `Table.create()`: the enums of its columns first, as `checkfirst` has it."""
    checks = call.kwargs.get("checkfirst") is True or (len(call.args) > 1 and call.args[1] is True)
    if value.is_reflected:
        return
    for enum, condition in sqltypes.enums_of(call.machine, value.columns):
        call.machine.emit(ops.CreateEnum(span=call.span, enum=enum, if_not_exists=True, condition=condition))
    made = ddl_tables.table(
        call.machine, value.name, value.columns, value.constraints, value.indexes, call.span, value.options
    )
    if checks and call.machine.schema.table(value.name) is not None:
        # a table that is there is left as it is, its indexes too (sqlalchemy/sql/ddl.py, SchemaGenerator.visit_table)
        made = replace(made, indexes=())
    call.machine.emit(ddl_tables.creation(call.machine, made, value.options, call.span, if_not_exists=checks))


def call_metadata(receiver: MetaDataValue, call: Call) -> Value:
    match call.name:
        case "reflect":
            schema = call.machine.qualified("", call.kwargs.get("schema", receiver.schema)).schema
            for name in call.machine.schema.tables:
                if name.schema == schema:
                    receiver.tables.setdefault(str(name), reflected(call, name))
            if call.machine.version_table.schema == schema:
                receiver.tables.setdefault(str(call.machine.version_table), version_table(call))
        case "create_all":
            load_models(call.machine)
            for table in _meant(receiver, call):
                if call.machine.schema.table(table.name) is None:
                    create_table(call, table)
        case "drop_all":
            load_models(call.machine)
            for table in reversed(_meant(receiver, call)):
                call.machine.emit(ops.DropTable(span=call.span, table=table.name, if_exists=True))
    return None


def _meant(metadata: MetaDataValue, call: Call) -> list[TableValue]:
    """The tables that `create_all()` and `drop_all()` are about: those of `tables=`, else all."""
    given = call.get(1, "tables")
    if given is None:
        return list(metadata.tables.values())
    items = known_items(given)
    if items is None or not all(isinstance(each, TableValue) for each in items):
        call.machine.unbounded(call.span, f"the tables of {call.name}() are not known")
        return []
    return list(items)


def call_type(receiver: SqlType, call: Call) -> Value:
    match call.name:
        case "with_variant":
            variant = as_type(call, call.get(0, "type_"))
            names = [each for each in [*call.args[1:], call.kwargs.get("dialect_name")] if isinstance(each, str)]
            if isinstance(variant, SqlType):
                added = tuple((name, variant) for name in names)
                return replace(receiver, variants=(*receiver.variants, *added))
            return receiver
        case "create" | "drop":
            _create_or_drop_type(receiver, call)
            return None
    return receiver


def _create_or_drop_type(receiver: SqlType, call: Call) -> None:
    if not receiver.is_enum:
        return
    enum = sqltypes.enum_type(call.machine, receiver)
    if enum is None:
        if call.machine.target.dialect == "postgresql" and receiver.kwargs.get("native_enum") is not False:
            call.machine.opaque(call.span, "the name of the enum type is not known")
        return
    # ENUM.create() and .drop() check first unless told otherwise, those of Enum do not (`SchemaType` of
    # sqlalchemy/sql/sqltypes.py, postgresql/named_types.py; tried on 2.0.58 and 2.1.9)
    checks = call.get(1, "checkfirst", default=receiver.class_name == "ENUM") is not False
    if call.name == "create":
        call.machine.emit(ops.CreateEnum(span=call.span, enum=enum, if_not_exists=checks))
    else:
        call.machine.emit(ops.DropType(span=call.span, type=enum.name, if_exists=checks))


def call_generated(receiver: Generated, call: Call) -> Value:
    """`Sequence.create()` and `Sequence.drop()`, which check first unless told otherwise."""
    if receiver.kind == "sequence" and call.name in ("create", "drop"):
        create_or_drop_sequence(call, receiver, call.name, checks=call.get(1, "checkfirst", default=True) is not False)
    return None


def create_or_drop_sequence(call: Call, sequence: Generated, action: str, *, checks: bool = False) -> None:
    name: Value = sequence.args[0] if sequence.args else sequence.options.get("name")
    if not is_known_text(name):
        call.machine.opaque(call.span, "the name of the sequence is not known", may_create=action == "create")
        return
    qualified = call.machine.qualified(name, sequence.options.get("schema"))
    if action == "create":
        made = Sequence(qualified, call.span)
        call.machine.emit(ops.CreateSequence(span=call.span, sequence=made, if_not_exists=checks))
    else:
        call.machine.emit(ops.DropSequence(span=call.span, sequence=qualified, if_exists=checks))


def call_registry(receiver: Registry, call: Call) -> Value:
    if call.name == "generate_base":
        return base_of_registry(receiver, call)
    return call.get(0) if call.name == "mapped" else None
