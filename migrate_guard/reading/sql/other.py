"""Statements known by their kind only: what they are called and which tables they name."""

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


def _privileges(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
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


def _lock(cursor: Cursor) -> Iterator[Operation]:
    cursor.take_any("TABLE", "TABLES")
    cursor.listed(cursor.table) if not cursor.is_mysql else _locked_by_mysql(cursor)
    if cursor.take("IN"):
        first, last = cursor.skip_until("MODE")
        cursor.options.add(" ".join(word.keyword for word in cursor.words[first:last]))
        cursor.take("MODE")
    cursor.note("NOWAIT")
    yield raw(cursor, "LOCK TABLE")


def _locked_by_mysql(cursor: Cursor) -> None:
    for first, last in cursor.items():
        with cursor.within(first, last):
            cursor.table()


def _mysql_maintenance(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    def read(cursor: Cursor) -> Iterator[Operation]:
        cursor.take_any("NO_WRITE_TO_BINLOG", "LOCAL")
        cursor.expect("TABLE")
        cursor.listed(cursor.table)
        yield raw(cursor, f"{kind} TABLE")

    return read


def _truncate(cursor: Cursor) -> Iterator[Operation]:
    cursor.take("TABLE")
    cursor.listed(cursor.table)
    while cursor.note("RESTART IDENTITY", "CONTINUE IDENTITY", "CASCADE", "RESTRICT"):
        pass
    yield raw(cursor, "TRUNCATE")


def _copy(cursor: Cursor) -> Iterator[Operation]:
    if cursor.is_at("("):
        yield raw(cursor, "COPY", cursor.query_tables(*cursor.skip_group()))
        return
    cursor.table()
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.note("FROM", "TO")
    yield raw(cursor, "COPY")


def _maintenance(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    """VACUUM, ANALYZE and their like: options, with or without parentheses, and then tables or nothing."""

    def read(cursor: Cursor) -> Iterator[Operation]:
        is_full = False
        if cursor.is_at("("):
            first, last = cursor.skip_group()
            is_full = any(word.keyword == "FULL" for word in cursor.words[first:last])
            cursor.options |= {"ANALYZE"} & {word.keyword for word in cursor.words[first:last]}
        while (option := cursor.take_any("FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE", "TABLE")) is not None:
            is_full = is_full or option == "FULL"
        if not cursor.is_done and cursor.dialect != "sqlite":
            cursor.listed(lambda: _analyzed(cursor))
        yield raw(cursor, f"{kind} FULL" if is_full else kind)

    return read


def _analyzed(cursor: Cursor) -> None:
    cursor.table()
    if cursor.is_at("("):
        cursor.skip_group()


def _cluster(cursor: Cursor) -> Iterator[Operation]:
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.take("VERBOSE")
    objects: tuple[QualifiedName, ...] = ()
    if not cursor.is_done:
        # CLUSTER t USING i; before that it was CLUSTER i ON t.
        if cursor.keyword(1) == "ON":
            objects = (QualifiedName(cursor.name("index name")),)
            cursor.take("ON")
        cursor.table()
        if cursor.take("USING"):
            objects = (QualifiedName(cursor.name("index name")),)
    yield raw(cursor, "CLUSTER", objects=objects)


_OFF = frozenset({"FALSE", "OFF", "0"})


def _reindex(cursor: Cursor) -> Iterator[Operation]:
    concurrently = False
    if cursor.is_at("("):
        first, last = cursor.skip_group()
        given = [word.text.upper() for word in cursor.words[first:last]]
        pairs = zip(given, [*given[1:], ""], strict=True)
        concurrently = any(name == "CONCURRENTLY" and value not in _OFF for name, value in pairs)
    thing = cursor.take_any("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    concurrently = cursor.take("CONCURRENTLY") or concurrently
    objects: tuple[QualifiedName, ...] = ()
    if thing == "TABLE":
        cursor.table()
    elif thing in ("INDEX", "SCHEMA"):
        objects = (cursor.qualified(),)
    kind = " ".join(filter(None, ("REINDEX", thing, "CONCURRENTLY" if concurrently else None)))
    yield raw(cursor, kind, objects=objects)


def _refresh(cursor: Cursor) -> Iterator[Operation]:
    cursor.expect("MATERIALIZED", "VIEW")
    concurrently = cursor.take("CONCURRENTLY")
    view = cursor.qualified("view name")
    cursor.note("WITH NO DATA")
    yield raw(cursor, f"REFRESH MATERIALIZED VIEW{' CONCURRENTLY' if concurrently else ''}", [view])


def _explain(cursor: Cursor) -> Iterator[Operation]:
    """EXPLAIN of a query, which is planned only; with ANALYZE it runs."""
    runs = any(word.keyword in ("ANALYZE", "ANALYSE") for word in cursor.words)
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.take("VERBOSE")
    yield _planned(cursor, "EXPLAIN", is_planned=not runs)


def _prepare(cursor: Cursor) -> Iterator[Operation]:
    cursor.skip_until("AS")
    is_planned = cursor.take("AS")
    yield _planned(cursor, "PREPARE", is_planned=is_planned)


def _planned(cursor: Cursor, kind: str, *, is_planned: bool) -> Operation:
    if is_planned and cursor.is_at("SELECT"):
        cursor.options.add("PLANNED")
        return raw(cursor, kind, cursor.query_tables(cursor.at, cursor.end))
    return raw(cursor, kind)


def _simple(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    def read(cursor: Cursor) -> Iterator[Operation]:
        yield raw(cursor, kind)

    return read


_SIMPLE = (
    "CALL",
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT",
    "RELEASE",
    "PREPARE TRANSACTION",
    "EXECUTE",
    "DEALLOCATE",
    "DECLARE",
    "FETCH",
    "MOVE",
    "CLOSE",
    "LISTEN",
    "NOTIFY",
    "UNLISTEN",
    "LOAD",
    "DISCARD",
    "CHECKPOINT",
    "SHOW",
    "REASSIGN OWNED",
    "DROP OWNED",
    "SECURITY LABEL",
    "IMPORT FOREIGN SCHEMA",
    "ATTACH",
    "DETACH",
    "UNLOCK TABLES",
    "USE",
    "FLUSH",
    "KILL",
    "DESCRIBE",
    "DESC",
)
OTHER_READERS: dict[str, Callable[[Cursor], Iterator[Operation]]] = {
    **{kind: _simple(kind) for kind in _SIMPLE},
    "EXPLAIN": _explain,
    "PREPARE": _prepare,
    "COMMENT": comment,
    "GRANT": _privileges("GRANT"),
    "REVOKE": _privileges("REVOKE"),
    "LOCK": _lock,
    "TRUNCATE": _truncate,
    "COPY": _copy,
    "VACUUM": _maintenance("VACUUM"),
    "ANALYZE": _maintenance("ANALYZE"),
    "ANALYSE": _maintenance("ANALYZE"),
    "CLUSTER": _cluster,
    "REINDEX": _reindex,
    "REFRESH": _refresh,
    **{kind: _mysql_maintenance(kind) for kind in ("OPTIMIZE", "REPAIR", "CHECK")},
}
"""How statements that change no object of a schema begin, and what reads them from there on."""
