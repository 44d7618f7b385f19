"""Directives that plugins add to `op`, as the SQL that they send.

Sources: alembic_postgresql_enum 1.11 (operations/), alembic_autogenerate_enums 0.1.2, alembic_utils 0.8 (pg_*.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import known_items
from migrate_guard.reading.machine import is_known_text
from migrate_guard.reading.values import Clause, SqlType, Value


def plugin_sql(call: Call) -> Sequence[str] | None:
    """The statements that a directive of a plugin sends; None where it is not known, or no such directive."""
    write = _DIRECTIVES.get(call.name)
    return write(call) if write else None


# -- enum types


def _quoted(*names: str) -> str:
    return ".".join(f'"{each}"' for each in names)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _texts(value: Value) -> list[str] | None:
    items = known_items(value)
    return list(items) if items is not None and all(map(is_known_text, items)) else None


def _sync_enum_values(call: Call) -> Sequence[str] | None:
    """Two plugins have it: for alembic_autogenerate_enums the old values come before the new ones."""
    if call.machine.target.dialect != "postgresql":
        return ()
    schema, name = call.get(0, "enum_schema", "schema"), call.get(1, "enum_name", "name")
    third = call.get(2, "old_values", "new_values")
    fourth = call.get(3, "new_values" if "old_values" in call.kwargs else "affected_columns")
    values = _texts(third)
    if not is_known_text(schema) or not is_known_text(name) or values is None:
        return None
    added = _texts(fourth) if "affected_columns" not in call.kwargs or "old_values" in call.kwargs else None
    if not added:
        return _replaced(schema, name, values, fourth)
    if call.get(5, "should_reverse") is True:
        return _replaced(schema, name, sorted(set(added)), call.get(4, "affected_columns"))
    return [f"ALTER TYPE {_quoted(schema, name)} ADD VALUE {_literal(each)}" for each in added if each not in values]


def _replaced(schema: str, name: str, values: list[str], columns: Value) -> Sequence[str] | None:
    affected = known_items(columns) if columns is not None else ()
    references = None if affected is None else [_reference(each, schema) for each in affected]
    if references is None or None in references:
        return None
    labels = ", ".join(map(_literal, values))
    return [
        f"ALTER TYPE {_quoted(schema, name)} RENAME TO {_quoted(f'{name}_old')}",
        f"CREATE TYPE {_quoted(schema, name)} AS ENUM ({labels})",
        *(_converted(each, _quoted(schema, name)) for each in references if each),
        f"DROP TYPE {_quoted(schema, f'{name}_old')}",
    ]


def _reference(value: Value, schema: str) -> tuple[str, str, bool] | None:
    """The table, the column, and whether it is an array: of a tuple, or of a TableReference."""
    if isinstance(value, SqlType):
        table = value.kwargs.get("table_name", value.args[0] if value.args else None)
        column = value.kwargs.get("column_name", value.args[1] if len(value.args) > 1 else None)
        schema = value.kwargs.get("table_schema", schema)
        kind = value.kwargs.get("column_type")
    else:
        table, column, kind = (*(known_items(value) or ()), None, None, None)[:3]
    if not is_known_text(table) or not is_known_text(column):
        return None
    return _quoted(*([schema] if is_known_text(schema) else []), table), column, str(kind).endswith("ARRAY')")


def _converted(reference: tuple[str, str, bool], type_: str) -> str:
    table, column, is_array = reference
    brackets = "[]" if is_array else ""
    cast = f"{_quoted(column)}::text{brackets}::{type_}{brackets}"
    return f"ALTER TABLE {table} ALTER COLUMN {_quoted(column)} TYPE {type_}{brackets} USING {cast}"


def _add_enum_value(call: Call) -> Sequence[str] | None:
    if call.machine.target.dialect != "postgresql":
        return ()
    schema, name = call.get(0, "enum_schema"), call.get(1, "enum_name")
    value, before = call.get(2, "new_value"), call.get(3, "before_value")
    if not all(map(is_known_text, (schema, name, value))):
        return None
    place = f" BEFORE {_literal(before)}" if is_known_text(before) and before else ""
    return [f"ALTER TYPE {_quoted(schema, name)} ADD VALUE {_literal(value)}{place}"]


# -- entities of alembic_utils


def _create_entity(call: Call) -> Sequence[str] | None:
    return _entity(call, "CREATE {kind} {name} {definition}")


def _replace_entity(call: Call) -> Sequence[str] | None:
    """Views and functions are created or replaced, of the others what is there is dropped before."""
    kind = _kind(call)
    if kind in ("VIEW", "FUNCTION", "PROCEDURE"):
        return _entity(call, "CREATE OR REPLACE {kind} {name} {definition}")
    dropped, created = _drop_entity(call), _create_entity(call)
    return None if dropped is None or created is None else [*dropped, *created]


def _drop_entity(call: Call) -> Sequence[str] | None:
    return _entity(call, "DROP {kind} {name}{table}")


_KINDS: Final[Mapping[str, str]] = {
    "PGExtension": "EXTENSION",
    "PGFunction": "FUNCTION",
    "PGMaterializedView": "MATERIALIZED VIEW",
    "PGPolicy": "POLICY",
    "PGProcedure": "PROCEDURE",
    "PGTrigger": "TRIGGER",
    "PGView": "VIEW",
}
_OF_TABLE: Final = frozenset({"POLICY", "TRIGGER"})


def _kind(call: Call) -> str | None:
    entity = call.get(0, "target")
    return _KINDS.get(entity.class_name) if isinstance(entity, SqlType) else None


def _entity(call: Call, pattern: str) -> Sequence[str] | None:
    kind, entity = _kind(call), call.get(0, "target")
    if kind is None:
        return None
    parts = [_part(entity, *each) for each in _PARTS]
    schema, signature, definition, on_entity = parts
    if signature is None or (definition is None and kind != "EXTENSION"):
        return None
    table = f"{schema or 'public'}.{on_entity}" if on_entity and "." not in on_entity else on_entity
    own = kind in _OF_TABLE or kind == "EXTENSION"
    return [
        pattern.format(
            kind=kind,
            name=signature if own or not schema else f"{schema}.{signature}",
            definition=f"{'AS ' if kind.endswith('VIEW') else ''}{(definition or '').strip().rstrip(';')}",
            table=f" ON {table}" if kind in _OF_TABLE else "",
        )
    ]


_PARTS: Final = (("schema", 0), ("signature", 1), ("definition", 2), ("on_entity", 3))


def _part(entity: SqlType, name: str, position: int) -> str | None:
    value = entity.kwargs.get(name, entity.args[position] if position < len(entity.args) else None)
    text = value.text if isinstance(value, Clause) else value
    return text if is_known_text(text) else None


_DIRECTIVES: Final[Mapping[str, Callable[[Call], Sequence[str] | None]]] = {
    "add_enum_value": _add_enum_value,
    "create_entity": _create_entity,
    "drop_entity": _drop_entity,
    "replace_entity": _replace_entity,
    "sync_enum_values": _sync_enum_values,
}
