"""Questions that a script asks the database, answered from the folded schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Column, ForeignKey, Index, Table
from migrate_guard.reading.calls import Call
from migrate_guard.reading.values import HOLE, Inspector, Names, SqlType, Value


def call_inspector(inspector: Inspector, call: Call) -> Value:
    """The answer of SQLAlchemy's Inspector, the same again as long as it is remembered; Unknown: nobody tells."""
    if call.name == "clear_cache":
        inspector.answers.clear()
        return None
    handler = _QUESTIONS.get(call.name)
    if handler is None:
        return Unknown(f"what the inspector's {call.name}() returns", call.span, is_answer=True)
    question = (call.name, *map(str, call.args), *sorted(f"{name}={value}" for name, value in call.kwargs.items()))
    if question not in inspector.answers:
        inspector.answers[question] = handler(call)
    return inspector.answers[question]


def has_table(call: Call, name: Value, schema: Value) -> Value:
    """Whether the table exists at this point; one that the history never mentions does not."""
    if not isinstance(name, str) or HOLE in name:
        return Unknown("the name of the table is not known", call.span, is_answer=True)
    qualified = call.machine.qualified(name, schema)
    table = call.machine.schema.table(qualified)
    if table is not None and not table.is_certain and call.machine.schema.contents is None:
        return Unknown(f"whether {qualified} exists depends on a condition", call.span, is_answer=True)
    return table is not None or qualified in call.machine.schema.views


def _table_names(call: Call) -> Value:
    schema = call.machine.qualified("", call.get(0, "schema")).schema
    tables = [table for name, table in call.machine.schema.tables.items() if name.schema == schema]
    doubtful = [table.name.name for table in tables if not table.is_certain and call.machine.schema.contents is None]
    names = [table.name.name for table in tables if table.name.name not in doubtful]
    version_table = call.machine.version_table
    # Alembic makes it before the first script runs: MigrationContext._ensure_version_table
    return Names([*names, version_table.name] if version_table.schema == schema else names, doubtful)


def _view_names(call: Call) -> Value:
    schema = call.machine.qualified("", call.get(0, "schema")).schema
    return [name.name for name in call.machine.schema.views if name.schema == schema]


def _has_table(call: Call) -> Value:
    return has_table(call, call.get(0, "table_name"), call.get(1, "schema"))


def _about_table(describe: Callable[[Table], Value]) -> Callable[[Call], Value]:
    """A question about one table; unanswered for tables that are not wholly known."""

    def answer(call: Call) -> Value:
        name = call.get(0, "table_name")
        if not isinstance(name, str) or HOLE in name:
            return Unknown("the name of the table is not known", call.span, is_answer=True)
        qualified = call.machine.qualified(name, call.get(1, "schema"))
        table = call.machine.schema.table(qualified)
        if table is None:
            return Unknown(f"{qualified} is not created by the history", call.span, is_answer=True)
        if call.machine.schema.contents is None and (table.is_open or table.doubtful or not table.is_certain):
            return Unknown(f"not all of {qualified} is known", call.span, is_answer=True)
        return describe(table)

    return answer


def _column(table: Table, column: Column) -> dict[str, Value]:
    key = table.primary_key
    return {
        "name": column.name,
        "type": SqlType("migrate_guard.sql", (str(column.type),), {}, column.span),
        "nullable": column.nullable,
        "default": column.default.text if column.default else None,
        "comment": column.comment,
        "primary_key": 1 if key and column.name in key.columns else 0,
        "autoincrement": column.is_serial,
    }


def _columns(table: Table) -> Value:
    return [_column(table, column) for column in table.columns]


def _index(index: Index) -> dict[str, Value]:
    return {"name": index.name, "column_names": list(index.columns), "unique": index.unique}


def _indexes(table: Table) -> Value:
    return [_index(each) for each in table.indexes] + [
        {"name": each.name, "column_names": list(each.columns), "unique": True, "duplicates_constraint": each.name}
        for each in table.unique_constraints
    ]


def _foreign_key(key: ForeignKey) -> dict[str, Value]:
    return {
        "name": key.name,
        "constrained_columns": list(key.columns),
        "referred_schema": key.referred_table.schema,
        "referred_table": key.referred_table.name,
        "referred_columns": list(key.referred_columns),
        "options": {"ondelete": key.ondelete} if key.ondelete else {},
    }


def _foreign_keys(table: Table) -> Value:
    return [_foreign_key(each) for each in table.foreign_keys]


def _unique_constraints(table: Table) -> Value:
    return [{"name": each.name, "column_names": list(each.columns)} for each in table.unique_constraints]


def _check_constraints(table: Table) -> Value:
    return [{"name": each.name, "sqltext": each.expression.text} for each in table.check_constraints]


def _primary_key(table: Table) -> Value:
    key = table.primary_key
    return {"name": key.name if key else None, "constrained_columns": list(key.columns) if key else []}


def _has_index(call: Call) -> Value:
    return _named(call, lambda table, name: table.index(name) is not None)


def _named(call: Call, question: Callable[[Table, str], bool]) -> Value:
    name = call.get(1, "index_name")
    if not isinstance(name, str) or HOLE in name:
        return Unknown("a name that is not known", call.span, is_answer=True)
    wanted: str = name
    return _about_table(lambda table: question(table, wanted))(
        Call(call.machine, call.path, [call.get(0, "table_name")], {}, call.span, call.node)
    )


def _enums(call: Call) -> Value:
    return [
        {"name": name.name, "schema": name.schema or call.machine.default_schema, "labels": list(enum.values)}
        for name, enum in call.machine.schema.enums.items()
    ]


def _sequence_names(call: Call) -> Value:
    return [name.name for name in call.machine.schema.sequences]


def _schema_names(call: Call) -> Value:
    return Unknown("the schemas of the database", call.span, is_answer=True)


def _table_comment(table: Table) -> Value:
    return {"text": table.comment}


_QUESTIONS: Final[Mapping[str, Callable[[Call], Value]]] = {
    "get_check_constraints": _about_table(_check_constraints),
    "get_columns": _about_table(_columns),
    "get_enums": _enums,
    "get_foreign_keys": _about_table(_foreign_keys),
    "get_indexes": _about_table(_indexes),
    "get_pk_constraint": _about_table(_primary_key),
    "get_schema_names": _schema_names,
    "get_sequence_names": _sequence_names,
    "get_table_comment": _about_table(_table_comment),
    "get_table_names": _table_names,
    "get_unique_constraints": _about_table(_unique_constraints),
    "get_view_names": _view_names,
    "has_index": _has_index,
    "has_table": _has_table,
}
