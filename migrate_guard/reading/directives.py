"""Alembic's directives, `op.*` and `batch_op.*` of releases 1.0 to 1.20, as operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.dialects.names import shortened
from migrate_guard.model import operations as ops
from migrate_guard.model.facts import ImportTimeCall
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.reading.arguments import Arguments, bind
from migrate_guard.reading.batch import recreate, recreates
from migrate_guard.reading.calls import Call
from migrate_guard.reading.colons import note_ddl
from migrate_guard.reading.column_directives import add_column, alter_column, drop_column
from migrate_guard.reading.constructs import as_text, table_name
from migrate_guard.reading.key_directives import (
    columns_constraint,
    create_check,
    create_exclude,
    create_foreign_key,
    create_index,
    drop_constraint,
    drop_index,
)
from migrate_guard.reading.machine import describe
from migrate_guard.reading.outside import note_text
from migrate_guard.reading.plugin_directives import plugin_sql
from migrate_guard.reading.results import note_written, written_rows, written_texts
from migrate_guard.reading.statements import execute
from migrate_guard.reading.table_directives import comment_table, create_table, drop_table, rename_table
from migrate_guard.reading.values import (
    HOLE,
    Batch,
    Connection,
    ConstraintValue,
    External,
    FinalName,
    Function,
    MigrationContext,
    Partial,
    Value,
)


def call_alembic(call: Call) -> Value:
    """The value of a call into Alembic, and the operations it stands for."""
    directive = _DIRECTIVES.get(_SPATIAL.get(call.name, call.name))
    if call.machine.importing is not None and call.path.startswith("alembic.op."):
        _note_import_time(call)
    if directive is not None and call.path.startswith(("alembic.op.", "alembic.operations.")):
        parameters, handle = directive
        return _handled(handle, bind(call, call.name, parameters))
    plain = _PLAIN.get(call.name)
    if plain is not None:
        return plain(call)
    if call.name in _OPERATION_OBJECTS and call.path.startswith(_OPERATIONS_MODULE):
        return _operation_object(call)
    if call.path in _OPERATIONS:
        return External("alembic.op")
    if (statements := plugin_sql(call)) is not None:
        for statement in statements:
            execute(call, statement, None)
        return None
    if call.path.startswith("alembic.op."):
        call.machine.unbounded(call.span, f"op.{call.name}() is not a directive of Alembic itself")
    return Unknown(f"what {call.path}() returns", call.span)


def call_batch(batch: Batch, call: Call) -> Value:
    """The value of a method of a batch block, and the operations it stands for."""
    if isinstance(batch.table, Unknown):
        call.machine.opaque(call.span, f"the table of the batch block is not known: {batch.table.reason}")
        return None
    directive = _DIRECTIVES.get(_SPATIAL.get(call.name, call.name))
    if directive is None:
        plain = _PLAIN.get(call.name)
        if plain is None:
            reason = f"batch_op.{call.name}() is not a directive of Alembic itself"
            call.machine.opaque(call.span, reason, batch.table)
        return plain(call) if plain else None
    parameters, handle = directive
    arguments = bind(call, call.name, parameters, batch)
    if not batch.is_recreated and recreates(arguments):
        recreate(call.machine, batch, call.span)
    return _handled(handle, arguments)


def _handled(handle: Callable[[Arguments], Value], a: Arguments) -> Value:
    """What a directive gives, with what there is to note about its arguments."""
    if a.directive not in _OF_TEXT:
        given = [*a.values.values(), *a.rest]
        note_text(a.call, given, f"op.{a.directive}()")
        note_ddl(a.call, given, [a.get("condition"), a.get("sqltext")])
    return handle(a)


_OF_TEXT: Final = frozenset({"execute", "bulk_insert", "batch_alter_table"})


def _note_import_time(call: Call) -> None:
    """Remember a directive that is called while the script is imported."""
    machine = call.machine
    at = call.span if not machine.depth else machine.importing
    assert at is not None
    has_effect = call.name not in ("f", "get_bind", "get_context", "inline_literal", "batch_alter_table")
    is_tolerated = bool(machine.tolerating)
    fact = ImportTimeCall(
        span=at, condition="", call=f"op.{call.name}", has_effect=has_effect, is_tolerated=is_tolerated
    )
    machine.remember(fact)


def _execute(a: Arguments) -> Value:
    execute(a.call, as_text(a.get("sqltext")), a.call.argument_node(0, "sqltext", "sql"))
    return None


def _bulk_insert(a: Arguments) -> Value:
    table = table_name(a.get("table"))
    if table is None:
        a.call.machine.opaque(a.call.span, "the table of op.bulk_insert() is not known", changes_schema=False)
    else:
        note_written(a.call, a.get("rows"))
        a.call.machine.emit(_inserted(a, table))
    return None


def _inserted(a: Arguments, table: QualifiedName) -> ops.Insert:
    rows = a.get("rows")
    return ops.Insert(span=a.call.span, table=table, rows=written_rows(rows), texts=written_texts(rows))


def _batch_alter_table(a: Arguments) -> Value:
    name = a.get("table_name")
    convention = a.get("naming_convention")
    names = {str(key): value for key, value in convention.items()} if isinstance(convention, Mapping) else {}
    given, choice = a.get("table_args"), a.get("recreate", "auto")
    restated, options = a.get("reflect_args"), a.get("table_kwargs")
    table_args = (
        [each for each in given if isinstance(each, ConstraintValue)] if isinstance(given, list | tuple) else []
    )
    known = isinstance(name, str) and HOLE not in name
    table = a.call.machine.qualified(name, a.get("schema")) if known else Unknown(describe(name), a.call.span)
    return Batch(
        table,
        a.call.span,
        names,
        tuple(table_args),
        choice if isinstance(choice, str) else "auto",
        copied=a.get("copy_from") is not None,
        reflect_args=tuple(restated) if isinstance(restated, list | tuple) else (),
        table_kwargs={str(key): value for key, value in options.items()} if isinstance(options, Mapping) else {},
    )


def _f(call: Call) -> Value:
    name = call.get(0, "name")
    if not isinstance(name, str):
        return name
    # `conv` makes a name that is cut like one of a convention, where any other that is too long is refused
    return FinalName(shortened(name, call.machine.target.dialect))


def _run_async(call: Call) -> Value:
    function = call.get(0)
    if isinstance(function, Function):
        return call.machine.call_function(function, [Connection(), *call.args[1:]], call.kwargs, call.node)
    call.machine.unbounded(call.span, "what op.run_async() runs is not known")
    return None


def _inline_literal(call: Call) -> Value:
    return call.get(0)


def _context(call: Call) -> Value:
    return MigrationContext()


def _bind_of(call: Call) -> Value:
    return Connection()


def _configure(call: Call) -> Value:
    call.machine.configured.update(call.kwargs)


def _main_option(call: Call) -> Value:
    name = call.get(0, "name")
    options = call.machine.project.options
    if options is None or not isinstance(name, str):
        return Unknown("an option of the configuration", call.span)
    return options.get(name, call.get(1, "default"))


def _no(call: Call) -> Value:
    call.machine.offline_asked += 1
    return False


def _invoke(call: Call) -> Value:
    operation = call.get(0, "operation")
    if isinstance(operation, Partial):
        return call.machine.call_value(operation, [], {}, call.node)
    call.machine.unbounded(call.span, "op.invoke() is handed an operation object")
    return None


_OPERATIONS_MODULE: Final = "alembic.operations.ops."
_OPERATION_OBJECTS: Final[Mapping[str, str]] = {
    "AddColumnOp": "add_column",
    "AlterColumnOp": "alter_column",
    "BulkInsertOp": "bulk_insert",
    "CreateCheckConstraintOp": "create_check_constraint",
    "CreateForeignKeyOp": "create_foreign_key",
    "CreateIndexOp": "create_index",
    "CreatePrimaryKeyOp": "create_primary_key",
    "CreateTableOp": "create_table",
    "CreateUniqueConstraintOp": "create_unique_constraint",
    "DropColumnOp": "drop_column",
    "DropConstraintOp": "drop_constraint",
    "DropIndexOp": "drop_index",
    "DropTableOp": "drop_table",
    "ExecuteSQLOp": "execute",
    "RenameTableOp": "rename_table",
}
"""The operation objects of Alembic by the directive that makes one and invokes it (alembic/operations/ops.py)."""
_MODIFYING: Final[Mapping[str, str]] = {
    "modify_comment": "comment",
    "modify_name": "new_column_name",
    "modify_nullable": "nullable",
    "modify_server_default": "server_default",
    "modify_type": "type_",
}


def _operation_object(call: Call) -> Partial:
    """An operation object, as the directive that waits for `op.invoke()`."""
    arguments = {_MODIFYING.get(name, name): value for name, value in call.kwargs.items()}
    return Partial(External(f"alembic.op.{_OPERATION_OBJECTS[call.name]}"), tuple(call.args), arguments)


_TABLE: Final = ("table_name",)
_DIRECTIVES: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Arguments], Value]]]] = {
    "add_column": (("table_name", "column"), add_column),
    "alter_column": (("table_name", "column_name"), alter_column),
    "batch_alter_table": (("table_name", "schema", "recreate"), _batch_alter_table),
    "bulk_insert": (("table", "rows"), _bulk_insert),
    "create_check_constraint": (("constraint_name", "table_name", "condition"), create_check),
    "create_exclude_constraint": (("constraint_name", "table_name"), create_exclude),
    "create_foreign_key": (
        ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
        create_foreign_key,
    ),
    "create_index": (("index_name", "table_name", "columns"), create_index),
    "create_primary_key": (("constraint_name", "table_name", "columns"), columns_constraint("primary")),
    "create_table": (_TABLE, create_table),
    "create_table_comment": (("table_name", "comment"), comment_table),
    "create_unique_constraint": (("constraint_name", "table_name", "columns"), columns_constraint("unique")),
    "drop_column": (("table_name", "column_name"), drop_column),
    "drop_constraint": (("constraint_name", "table_name", "type_"), drop_constraint),
    "drop_index": (("index_name", "table_name"), drop_index),
    "drop_table": (_TABLE, drop_table),
    "drop_table_comment": (_TABLE, comment_table),
    "execute": (("sqltext",), _execute),
    "rename_table": (("old_table_name", "new_table_name"), rename_table),
}
_SPATIAL: Final[Mapping[str, str]] = {
    "add_geospatial_column": "add_column",
    "create_geospatial_index": "create_index",
    "create_geospatial_table": "create_table",
    "drop_geospatial_column": "drop_column",
    "drop_geospatial_index": "drop_index",
    "drop_geospatial_table": "drop_table",
}
"""GeoAlchemy2's own directives, which differ from Alembic's on SQLite alone (geoalchemy2.alembic_helpers)."""
_OPERATIONS: Final = frozenset(
    {
        "alembic.operations.Operations",
        "alembic.operations.Operations.context",
        "alembic.operations.base.Operations",
        "alembic.operations.base.Operations.context",
    }
)
_PLAIN: Final[Mapping[str, Callable[[Call], Value]]] = {
    "configure": _configure,
    "f": _f,
    "get_bind": _bind_of,
    "get_context": _context,
    "get_impl": _context,
    "get_main_option": _main_option,
    "inline_literal": _inline_literal,
    "invoke": _invoke,
    "is_offline_mode": _no,
    "run_async": _run_async,
}
