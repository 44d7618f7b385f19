"""One statement to its operations: the first words choose the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import CreateTable, CreateView, Opaque, Operation
from migrate_guard.reading.sql import alter, blocks, indexes, objects, other_objects, rows, settings, tables, utility
from migrate_guard.reading.sql.cursor import Cursor, distinct
from migrate_guard.reading.sql.errors import NotKnown, NotUnderstood
from migrate_guard.reading.sql.raw import raw

Reader = Callable[[Cursor], Iterator[Operation]]


def read_statement(cursor: Cursor) -> list[Operation]:
    """Return the operations of a statement; what no reader takes is one Opaque that says where and why."""
    try:
        operations = list(_read(cursor))
    except NotUnderstood as error:
        operations = [_opaque(cursor, error)]
    text = cursor.source(0, len(cursor.words))
    return [each if each.text else replace(each, text=text) for each in operations]


def _opaque(cursor: Cursor, error: NotUnderstood) -> Operation:
    first = cursor.words[0].keyword
    is_known = first in _ROWS_ONLY or any(phrase.split()[0] == first for phrase in _PHRASES)
    if isinstance(error, NotKnown):
        reason = str(error)
    else:
        reason = f"{' '.join(filter(None, (first, cursor.thing)))}: {error}" if is_known else "not a statement of SQL"
    if not cursor.tables and cursor.thing == "INDEX":
        cursor.tables.extend(_table_of_index(cursor))
    return Opaque(
        span=cursor.span(),
        is_sql=True,
        reason=reason,
        tables=distinct(cursor.objects if cursor.thing in _LIKE_TABLES else cursor.tables),
        changes_schema=not is_known or (first in _SCHEMA_VERBS and cursor.thing not in _OUTSIDE_SCHEMA),
    )


def _table_of_index(cursor: Cursor) -> list[QualifiedName]:
    """The table after ON, where what stands before it is not understood."""
    cursor.at, cursor.end = 0, len(cursor.words)
    cursor.skip_until("ON")
    try:
        return [cursor.table()] if cursor.take("ON") else []
    except NotUnderstood:
        return []


# They share their names with tables; with the name told, no other table is in doubt.
_LIKE_TABLES = frozenset({"TYPE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"})
_SCHEMA_VERBS = frozenset({"CREATE", "ALTER", "DROP", "RENAME"})


def _read(cursor: Cursor) -> Iterator[Operation]:
    first = cursor.keyword()
    if first in _ROWS_ONLY or first == "(":
        return rows.query(cursor)
    phrase = cursor.take_phrase(_PHRASES)
    if phrase is None:
        if cursor.words[0].has_hole:
            raise NotKnown("the statement is not known")
        raise cursor.not_understood()
    return _READERS[phrase](cursor)


_ROWS_ONLY = frozenset({*rows.ROW_READERS, "SELECT", "WITH", "VALUES", "TABLE", "MERGE"})


def _create(cursor: Cursor) -> Iterator[Operation]:
    modifiers = set()
    while (word := cursor.take_any(*_MODIFIERS)) is not None:
        modifiers.add(word)
        if word in _MODIFIERS_WITH_VALUE:
            _skip_value(cursor)
    thing = cursor.thing = cursor.take_phrase(other_objects.OBJECTS)
    if thing is None:
        raise cursor.not_understood()
    if modifiers & _TEMPORARY:
        yield _temporary(cursor, thing)
    elif thing == "INDEX":
        method = next(filter(None, map(indexes.special_method, sorted(modifiers))), None)
        yield from indexes.create_index(cursor, unique="UNIQUE" in modifiers, method=method)
    elif thing == "TABLE" and "VIRTUAL" in modifiers:
        yield from tables.create_virtual_table(cursor)
    elif thing == "TABLE":
        made = tuple(tables.create_table(cursor, is_unlogged="UNLOGGED" in modifiers))
        is_temporary = any(isinstance(each, CreateTable) and each.table.name.schema == "pg_temp" for each in made)
        yield from (_for_session(cursor, made),) if is_temporary else made
    elif thing in ("VIEW", "MATERIALIZED VIEW"):
        is_materialized = thing == "MATERIALIZED VIEW"
        yield from objects.create_view(cursor, is_materialized=is_materialized, replace="REPLACE" in modifiers)
    elif thing in _CREATORS:
        yield from _CREATORS[thing](cursor)
    else:
        yield from other_objects.object_statement(cursor, "CREATE", thing)


_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})
_MODIFIERS_WITH_VALUE = frozenset({"DEFINER", "ALGORITHM", "SECURITY"})
_MODIFIERS = (
    *(
        "OR",
        "REPLACE",
        "TEMP",
        "TEMPORARY",
        "GLOBAL",
        "LOCAL",
        "UNLOGGED",
        "UNIQUE",
        "RECURSIVE",
        "VIRTUAL",
        "CONSTRAINT",
    ),
    *("TRUSTED", "PROCEDURAL", "FULLTEXT", "SPATIAL", "SQL", *sorted(_MODIFIERS_WITH_VALUE)),
)
_CREATORS: dict[str, Reader] = {
    "TYPE": objects.create_type,
    "SEQUENCE": objects.create_sequence,
}


def _skip_value(cursor: Cursor) -> None:
    """Move past MySQL's `= value` before VIEW, FUNCTION and TRIGGER; an account is user@host."""
    cursor.take("=")
    cursor.skip()
    if cursor.is_at("(", ")"):
        cursor.skip_group()
    if cursor.take("@"):
        cursor.skip()


def _for_session(cursor: Cursor, made: Iterable[Operation]) -> Operation:
    reads: tuple[QualifiedName, ...] = ()
    for operation in made:
        if isinstance(operation, CreateTable):
            cursor.tables = [operation.table.name]
            reads = operation.reads
            cursor.options |= {"WITH DATA"} if operation.copies_rows else set()
    return raw(cursor, "CREATE TEMPORARY TABLE", objects=reads)


def _temporary(cursor: Cursor, thing: str) -> Operation:
    """What lasts for a session is no part of the schema that a history builds."""
    reads: tuple[QualifiedName, ...] = ()
    if thing == "TABLE":
        return _for_session(cursor, tables.create_table(cursor))
    if thing == "VIEW":
        for operation in objects.create_view(cursor):
            reads = operation.view.tables if isinstance(operation, CreateView) else ()
    return raw(cursor, f"CREATE TEMPORARY {thing}", objects=reads)


def _alter(cursor: Cursor) -> Iterator[Operation]:
    cursor.take_any("ONLINE", "IGNORE")
    thing = cursor.thing = cursor.take_phrase(other_objects.OBJECTS)
    if thing is None:
        raise cursor.not_understood()
    if thing in _ALTERERS:
        return _ALTERERS[thing](cursor)
    return other_objects.object_statement(cursor, "ALTER", thing)


_ALTERERS: dict[str, Reader] = {
    "TABLE": alter.alter_table,
    "INDEX": indexes.alter_index,
    "TYPE": objects.alter_type,
}


def _drop(cursor: Cursor) -> Iterator[Operation]:
    cursor.take_any("TEMPORARY", "PROCEDURAL")
    thing = cursor.thing = cursor.take_phrase(other_objects.OBJECTS)
    if thing is None:
        raise cursor.not_understood()
    if thing in _DROPPERS:
        return _DROPPERS[thing](cursor)
    return other_objects.object_statement(cursor, "DROP", thing)


def _do(cursor: Cursor) -> Iterator[Operation]:
    return blocks.do_block(cursor, read_statement)


_DROPPERS: dict[str, Reader] = {
    "TABLE": tables.drop_table,
    "INDEX": indexes.drop_index,
    "TYPE": objects.drop_type,
    "VIEW": objects.drop_view,
    "MATERIALIZED VIEW": partial(objects.drop_view, is_materialized=True),
    "SEQUENCE": objects.drop_sequence,
}
_READERS: dict[str, Reader] = {
    "RENAME TABLE": tables.rename_table,
    **utility.UTILITY_READERS,
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "SET": settings.set_parameter,
    "RESET": settings.reset_parameter,
    "PRAGMA": settings.pragma,
    "DO": _do,
}
_PHRASES = tuple(_READERS)
_MODELLED = frozenset({"TABLE", *_CREATORS, *_ALTERERS, *_DROPPERS})
# Triggers, functions and the like: no operation on them changes the schema as it is modelled.
_OUTSIDE_SCHEMA = frozenset(other_objects.OBJECTS) - _MODELLED
