"""Statements about objects that are known by their kind only: what they are called and which tables they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate_guard.model.folding_objects import DEFINED
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.objects import column_of_table, comment_on_column
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.tokens import Kind

OBJECTS = (
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "COLUMN",
    "CONSTRAINT",
    "CONVERSION",
    "DATABASE",
    "DEFAULT PRIVILEGES",
    "DOMAIN",
    "EVENT TRIGGER",
    "EVENT",
    "EXTENSION",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "FUNCTION",
    "GROUP",
    "INDEX",
    "LANGUAGE",
    "LARGE OBJECT",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "OPERATOR",
    "OWNED BY",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "SYSTEM",
    "TABLESPACE",
    "TABLE",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "USER",
    "VIEW",
)
"""The kinds of objects that CREATE, ALTER, DROP and COMMENT ON know, the longer name of two first."""

# What a statement about such an object does on the table after ON.
_ON_TABLE = frozenset({"TRIGGER", "RULE", "POLICY", "CONSTRAINT"})
_RELATIONS = frozenset({"TABLE", "FOREIGN TABLE"})


def object_statement(cursor: Cursor, verb: str, thing: str) -> Iterator[Operation]:
    """Read a CREATE, ALTER or DROP of something that is no part of the schema, from behind what it is called."""
    action = None
    objects: tuple[QualifiedName, ...] = ()
    functions: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    if verb == "DROP" and cursor.words[-1].keyword == "CASCADE":
        cursor.options.add("CASCADE")
    if verb == "ALTER" and thing in _WITH_ACTIONS:
        cursor.note("IF EXISTS")
        objects = (cursor.qualified(),)
        action = cursor.take_phrase(_ACTIONS)
        if action == "OWNED BY" and not cursor.is_at("NONE"):
            altered = (column_of_table(cursor)[1],)
        if (thing, action) == ("SEQUENCE", "RENAME TO"):
            objects = (*objects, QualifiedName(cursor.name(), objects[0].schema))
        if _has_words(cursor, "SET STATISTICS"):
            cursor.options.add("SET STATISTICS")
        if [word.keyword for word in cursor.words[-2:]] == ["NOT", "VALID"]:
            cursor.options.add("NOT VALID")
    elif thing in _ON_TABLE:
        objects = _name_before_on(cursor)
        _table_after_on(cursor)
        cursor.note("DEPENDS ON EXTENSION", "NO DEPENDS ON EXTENSION")
        functions = _called(cursor) if thing == "TRIGGER" else ()
        if thing == "RULE" and verb == "CREATE":
            cursor.tables.extend(_tables_of_rule(cursor))
    elif thing == "STATISTICS":
        objects = _statistics(cursor, verb)
    elif thing == "PUBLICATION":
        _published(cursor)
    elif thing in _RELATIONS:
        cursor.take("IF", "NOT", "EXISTS")
        cursor.note("IF EXISTS")
        cursor.listed(cursor.table)
    elif thing in DEFINED or thing == "SCHEMA":
        objects = _defined(cursor, verb, thing)
    elif thing in _OPTIONS_OF:
        cursor.options |= {word for word in _OPTIONS_OF[thing] if _has_words(cursor, word)}
    kind = " ".join(filter(None, (verb, thing, action)))
    yield raw(cursor, kind, objects=objects, altered=altered, functions=functions)


_OPTIONS_OF = {
    "DATABASE": ("SET TABLESPACE",),
    "SUBSCRIPTION": ("CONNECT = FALSE", "CREATE_SLOT = FALSE", "SLOT_NAME = NONE", "REFRESH"),
}


def _has_words(cursor: Cursor, phrase: str) -> bool:
    """Whether some words stand one after the other anywhere in the statement."""
    wanted = phrase.split()
    words = [word.keyword for word in cursor.words]
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def _name_before_on(cursor: Cursor) -> tuple[QualifiedName, ...]:
    """The name of a trigger, policy, rule or constraint."""
    cursor.note("IF EXISTS")
    word = cursor.peek()
    if word is None or word.kind not in (Kind.NAME, Kind.QUOTED) or word.has_hole:
        return ()
    return (QualifiedName(cursor.name()),)


def _tables_of_rule(cursor: Cursor) -> tuple[QualifiedName, ...]:
    """The tables that the commands of a rule change or read."""
    cursor.skip_until("DO")
    return cursor.query_tables(cursor.at, cursor.end)


def _called(cursor: Cursor) -> tuple[str, ...]:
    """The function that a trigger calls, and in the options whether it does for each row."""
    cursor.skip_until("FOR", "WHEN", "EXECUTE")
    if cursor.take("FOR"):
        cursor.take("EACH")
        if cursor.take("ROW"):
            cursor.options.add("FOR EACH ROW")
    cursor.skip_until("EXECUTE")
    if not cursor.take("EXECUTE") or not cursor.take_any("FUNCTION", "PROCEDURE"):
        return ()
    return (cursor.qualified("function name").name,)


def _statistics(cursor: Cursor, verb: str) -> tuple[QualifiedName, ...]:
    cursor.take("IF", "NOT", "EXISTS")
    cursor.note("IF EXISTS")
    is_named = not cursor.is_at("ON") and not cursor.is_at("(")
    names = (tuple(cursor.listed(cursor.qualified)) if verb == "DROP" else (cursor.qualified(),)) if is_named else ()
    if verb == "CREATE":
        cursor.skip_until("FROM")
        if cursor.take("FROM"):
            cursor.listed(cursor.table)
    return names


def _published(cursor: Cursor) -> None:
    """Read the tables of a publication: FOR TABLE a, b (columns) WHERE (…), TABLE c."""
    cursor.skip_until("TABLE")
    while cursor.take("TABLE"):
        cursor.table()
        cursor.skip_until(",")
        while cursor.take(",") and not cursor.is_at("TABLE") and not cursor.is_at("TABLES"):
            cursor.table()
            cursor.skip_until(",")


def _defined(cursor: Cursor, verb: str, thing: str) -> tuple[QualifiedName, ...]:
    """The names of what is created, altered or dropped, up to the first that is not one."""
    cursor.take("IF", "NOT", "EXISTS")
    cursor.note("IF EXISTS")
    found = []
    while (word := cursor.peek()) and (word.kind in (Kind.NAME, Kind.QUOTED)) and not word.has_hole:
        found.append(cursor.qualified(f"{thing.lower()} name"))
        if cursor.is_at("("):
            cursor.skip_group()
        if verb != "DROP" or not cursor.take(","):
            break
    return tuple(found)


_WITH_ACTIONS = frozenset({"SEQUENCE", "VIEW", "MATERIALIZED VIEW", "DOMAIN"})
_ACTIONS = (
    "RENAME TO",
    "RENAME COLUMN",
    "RENAME CONSTRAINT",
    "SET SCHEMA",
    "SET NOT NULL",
    "SET DEFAULT",
    "OWNER TO",
    "OWNED BY",
    "VALIDATE CONSTRAINT",
    "ADD",
    "DROP NOT NULL",
    "DROP DEFAULT",
    "DROP CONSTRAINT",
    "SET",
    "RESET",
    "ALTER COLUMN",
    "ALTER",
    "CLUSTER ON",
    "DEPENDS ON EXTENSION",
)


def _table_after_on(cursor: Cursor) -> None:
    """Read the table of a trigger, policy or rule; in a rule it follows the event: ON INSERT TO t."""
    cursor.skip_until("ON")
    if not cursor.take("ON"):
        return
    if cursor.take_any("SELECT", "INSERT", "UPDATE", "DELETE"):
        cursor.take("TO")
    cursor.take("DOMAIN")
    cursor.table()
    # A constraint trigger names the table it refers to.
    if cursor.take("FROM"):
        cursor.table()


def comment(cursor: Cursor) -> Iterator[Operation]:
    """Read a COMMENT from behind its keyword."""
    cursor.expect("ON")
    if cursor.take("COLUMN"):
        yield from comment_on_column(cursor)
        return
    thing = cursor.take_phrase(OBJECTS)
    if thing is None:
        raise cursor.not_understood()
    objects: tuple[QualifiedName, ...] = ()
    if thing in _RELATIONS:
        cursor.table()
    elif thing in _ON_TABLE:
        if thing == "CONSTRAINT" and any(word.keyword == "DOMAIN" for word in cursor.words):
            cursor.options.add("DOMAIN")
        _table_after_on(cursor)
    elif thing in _NAMED_RELATIONS:
        objects = (cursor.qualified(),)
    yield raw(cursor, f"COMMENT ON {thing}", objects=objects)


_NAMED_RELATIONS = frozenset({"VIEW", "MATERIALIZED VIEW", "INDEX", "SEQUENCE"})


def privileges(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    """What reads a GRANT or REVOKE from behind its keyword."""

    def read(cursor: Cursor) -> Iterator[Operation]:
        cursor.skip_until("ON")
        objects: tuple[QualifiedName, ...] = ()
        if cursor.take("ON"):
            thing = cursor.take_phrase(("ALL", *_NOT_TABLES))
            if thing == "SEQUENCE":
                objects = tuple(cursor.listed(cursor.qualified))
            elif thing is None:
                cursor.take("TABLE")
                if not cursor.is_mysql:
                    cursor.listed(cursor.table)
        yield raw(cursor, kind, objects=objects)

    return read


_NOT_TABLES = tuple(each for each in (*OBJECTS, "PARAMETER") if each not in ("TABLE", "CONSTRAINT", "USER", "ROLE"))
