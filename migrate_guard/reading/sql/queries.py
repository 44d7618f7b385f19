"""Answer a query from a folded schema: a SQLite in memory runs it over the system catalogs and the rows that are known.

Nothing but a single query is run, of bounded size and time, and nothing outside the memory can be reached.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final, TypeGuard

from msgspec import Struct
from msgspec.structs import replace
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import AnyConstraint, Column, Contents, Index, Schema, Table
from migrate_guard.model.target import DialectName
from migrate_guard.reading.sql.catalogs import BOOLEAN_COLUMNS, catalog_rows, find_catalog
from migrate_guard.reading.sql.tokens import GRAMMARS

Scalar = str | int | float | bytes | None

_DEFAULT_SCHEMA: Final[Mapping[DialectName, str]] = {"postgresql": "public", "sqlite": "main"}
_DATABASE: Final = "database"
"""What stands for the name of the database, which nobody knows; it is MySQL's default schema."""
_OF_WHOLE_OBJECTS: Final = frozenset(
    {"tables", "views", "pg_tables", "pg_views", "pg_matviews", "pg_type", "pg_enum", "pg_namespace"}
    | {"schemata", "sqlite_master", "sqlite_schema"}
)
"""Catalogs in which a table, view or type that the history never mentions is taken not to be."""
_MAXIMUM_LENGTH: Final = 200_000
_MAXIMUM_OPERATIONS: Final = 300_000
"""Of SQLite's virtual machine."""
_MAXIMUM_ROWS: Final = 10_000
_ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_OF_CHANCE: Final = frozenset(
    {"current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "random", "randomblob"}
    | {"strftime", "time", "timediff", "unixepoch"}
)
"""SQLite's functions whose value depends on the hour or on chance."""


class Answer(Struct, frozen=True):
    """The rows that a query reads, and the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar | bool, ...], ...]


def answer(text: str, parameters: Mapping[str, object], schema: Schema, dialect: DialectName) -> Answer | None:
    """Return what a query reads from a database with `schema`; None where that is not known.

    Where nothing is known of rows, only questions to the catalogs have an answer, and of these only those to which
    objects that may be there or not make no difference.
    """
    query = _parsed(text, dialect)
    if query is None:
        return None
    if _is_void(query, schema, dialect):
        return Answer((), ())
    if not all(isinstance(each, Scalar) for each in parameters.values()):
        return None
    if schema.contents is not None:
        return _run(query, parameters, schema, dialect)
    if _speaks_of_the_unknown(query, parameters, schema):
        return None
    found = _run(query, parameters, schema, dialect)
    sure = _sure(schema)
    return found if found is not None and (sure is schema or found == _run(query, parameters, sure, dialect)) else None


def rows_after(
    text: str, parameters: Mapping[str, object], schema: Schema, table: QualifiedName, dialect: DialectName
) -> Contents:
    """Return the rows of a table after an UPDATE or DELETE of it; None where they are not known."""
    change, known = _tree(text, dialect), schema.table(table)
    if known is None or not isinstance(change, exp.Update | exp.Delete) or not _is_plain(change):
        return None
    where = change.args["where"].this if change.args.get("where") else exp.true()
    columns = [each.name for each in known.columns]
    if isinstance(change, exp.Delete):
        query = (
            exp.select(*map(exp.column, columns))
            .from_(change.this)
            .where(exp.not_(exp.func("coalesce", where, exp.false())))
        )
    else:
        changes = {each.this.name: each.expression for each in change.expressions}
        values = [
            exp.Case().when(where.copy(), changes[each].copy()).else_(exp.column(each)).as_(each)
            if each in changes
            else exp.column(each)
            for each in columns
        ]
        query = exp.select(*values).from_(change.this)
    found = _run(query, parameters, schema, dialect)
    if found is None:
        return None
    return tuple(tuple(zip(columns, row, strict=True)) for row in found.rows if _is_storable(row))


def _is_plain(change: exp.Update | exp.Delete) -> bool:
    """Whether it changes one table and reads no other."""
    sets = change.expressions if isinstance(change, exp.Update) else []
    return (
        isinstance(change.this, exp.Table)
        and not any(change.args.get(each) for each in ("from_", "from", "using", "with_", "with"))
        and all(isinstance(each, exp.EQ) and isinstance(each.this, exp.Column) for each in sets)
    )


def _is_storable(row: tuple[Scalar | bool, ...]) -> TypeGuard[tuple[str | int | float | bool | None, ...]]:
    return not any(isinstance(each, bytes) for each in row)


def _parsed(text: str, dialect: DialectName) -> exp.Query | None:
    tree = _tree(text, dialect)
    return tree if isinstance(tree, exp.Query) else None


def _tree(text: str, dialect: DialectName) -> object:
    """The tree of the one statement in a text; None where there is none or sqlglot cannot read it."""
    if len(text) > _MAXIMUM_LENGTH:
        return None
    grammar = GRAMMARS[dialect]
    try:
        trees = grammar.parser(error_level=ErrorLevel.IMMEDIATE).parse(grammar.tokenize(text), text)
    # Besides its own errors, sqlglot's parser lets AttributeError and the like escape on malformed input.
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        return None
    found = [each for each in trees if each is not None]
    return found[0] if len(found) == 1 else None


def _is_void(query: object, schema: Schema, dialect: DialectName) -> bool:
    """Whether it reads nothing whatever its conditions are: its first table is known to be empty."""
    if not isinstance(query, exp.Select) or _keeps_right(query):
        return False
    source = query.args.get("from_") or query.args.get("from")
    if not isinstance(source, exp.From):
        return False
    if not query.args.get("group") and any(each.find(exp.AggFunc) for each in query.expressions):
        return False
    table = source.this
    if isinstance(table, exp.Subquery):
        return _is_void(table.this, schema, dialect)
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return False
    return schema.rows_of(_own_name(table, dialect)) == () and _own_name(table, dialect) in schema.tables


def _keeps_right(query: exp.Select) -> bool:
    """Whether a join gives rows although there are none on its left side."""
    return any(each.side in ("RIGHT", "FULL") for each in query.args.get("joins") or ())


def _own_name(node: exp.Table, dialect: DialectName) -> QualifiedName:
    """The name of a table of the project, with its schema outside the default one."""
    quoted = bool(node.this.args.get("quoted"))
    name = node.name.lower() if dialect == "postgresql" and not quoted else node.name
    place = node.db.lower()
    return QualifiedName(name, node.db if place not in ("", _DEFAULT_SCHEMA.get(dialect, _DATABASE)) else None)


def _speaks_of_the_unknown(query: exp.Query, parameters: Mapping[str, object], schema: Schema) -> bool:
    """Whether it asks for parts of a table of which the history does not tell everything, or for names by a pattern."""
    if query.find(exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Glob):
        return True
    words = {each.name.rpartition(".")[2] for each in query.find_all(exp.Literal)} | set(map(str, parameters.values()))
    named = [table for name, table in schema.tables.items() if name.name in words]
    if named:
        return any(table.is_open or table.may_have_more for table in named)
    return not all(each.name.lower() in _OF_WHOLE_OBJECTS for each in query.find_all(exp.Table))


def _sure(schema: Schema) -> Schema:
    """The schema without what may be there or not; itself if there is no such thing."""
    if all(table.is_certain and not table.doubtful for table in schema.tables.values()):
        return schema
    tables = {name: _sure_parts(table) for name, table in schema.tables.items() if table.is_certain}
    return replace(schema, tables=PersistentMap(tables))


def _sure_parts(table: Table) -> Table:
    def is_sure(part: AnyConstraint | Index) -> bool:
        return part.name not in table.doubtful

    return replace(
        table,
        columns=tuple(each for each in table.columns if each.name not in table.doubtful),
        foreign_keys=tuple(filter(is_sure, table.foreign_keys)),
        unique_constraints=tuple(filter(is_sure, table.unique_constraints)),
        check_constraints=tuple(filter(is_sure, table.check_constraints)),
        indexes=tuple(filter(is_sure, table.indexes)),
    )


def _run(query: exp.Query, parameters: Mapping[str, object], schema: Schema, dialect: DialectName) -> Answer | None:
    default_schema = _DEFAULT_SCHEMA.get(dialect, _DATABASE)
    query = query.copy()
    relations: dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]] = {}
    local = {cte.alias for cte in query.find_all(exp.CTE)}
    for node in list(query.find_all(exp.Table)):
        if node.name in local and not node.db:
            continue
        relation = _relation(node, schema, dialect, default_schema)
        if relation is None:
            return None
        name = f"r{len(relations)}"
        relations[name] = relation
        alias = node.alias or node.name
        node.replace(exp.alias_(exp.to_table(name), alias, table=True))
    _adapt(query)
    truths = _truths(query)
    connection = sqlite3.connect(":memory:")
    try:
        for name, (columns, rows) in relations.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(map(_quoted, columns)) or '_'})")
            if rows:
                places = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows)
        _confine(connection, schema, default_schema)
        cursor = connection.execute(query.sql(dialect="sqlite", unsupported_level=ErrorLevel.RAISE), dict(parameters))
        found = cursor.fetchmany(_MAXIMUM_ROWS + 1)
        names = tuple(each[0] for each in cursor.description or ())
    # ProgrammingError: a parameter without a value; OverflowError: an integer that SQLite cannot hold
    except (sqlite3.Error, SqlglotError, RecursionError, OverflowError, ValueError, TypeError):
        return None
    finally:
        connection.close()
    if len(found) > _MAXIMUM_ROWS:
        return None
    return Answer(names, tuple(tuple(_value(each, at in truths) for at, each in enumerate(row)) for row in found))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _relation(
    node: exp.Table, schema: Schema, dialect: DialectName, default_schema: str
) -> tuple[tuple[str, ...], list[tuple[object, ...]]] | None:
    """The columns and rows of a catalog, or of a table whose rows are known."""
    place = node.db.lower()
    name = node.name if node.this.args.get("quoted") else node.name.lower()
    catalog = find_catalog(f"{place}.{name}" if place == "information_schema" else name, dialect)
    if catalog is not None and place in ("", "pg_catalog", "information_schema"):
        return catalog.columns, [*catalog_rows(catalog, schema, default_schema)]
    own = _own_name(node, dialect)
    table, rows = schema.table(own), schema.rows_of(own)
    if table is None or rows is None or (table.is_open and rows):
        return None
    written = [dict(row) for row in rows]
    columns = tuple(each.name for each in table.columns if all(each.name in row for row in written) or not _fills(each))
    return columns, [tuple(row.get(each) for each in columns) for row in written]


def _fills(column: Column) -> bool:
    """Whether the database puts something into a column that an INSERT leaves out."""
    return bool(column.default or column.is_serial or column.is_identity or column.computed)


def _adapt(query: exp.Query) -> None:
    """Rewrite what PostgreSQL and MySQL spell in a way that SQLite does not know."""
    for cast in list(query.find_all(exp.Cast)):
        if cast.to.sql("postgres").upper() in ("REGCLASS", "REGTYPE", "NAME", "OID"):
            inner = cast.this
            is_class = cast.to.sql("postgres").upper() in ("REGCLASS", "REGTYPE")
            cast.replace(exp.func("relation_oid", inner) if is_class else inner)
    for node in list(query.find_all(exp.CurrentSchema)):
        node.replace(exp.func("default_schema"))
    for subquery in query.find_all(exp.Select):
        if not subquery.expressions:
            subquery.select("1", copy=False)


def _truths(query: exp.Query) -> frozenset[int]:
    """The places of the columns whose values are true and false."""
    if not isinstance(query, exp.Select):
        return frozenset()
    projections = (each.unalias() for each in query.expressions)
    return frozenset(
        at
        for at, each in enumerate(projections)
        if isinstance(each, exp.Predicate | exp.Not | exp.Connector | exp.Exists)
        or (isinstance(each, exp.Column) and each.name.lower() in BOOLEAN_COLUMNS)
    )


def _value(value: Scalar, is_truth: bool) -> Scalar | bool:
    return bool(value) if is_truth and value is not None else value


def _confine(connection: sqlite3.Connection, schema: Schema, default_schema: str) -> None:
    """Leave a connection that can do nothing but read what is in it, and give it the functions that queries use."""
    relations = {str(oid) for oid in _oids(schema, default_schema)}

    def oid(name: object) -> str | None:
        own = str(name).removeprefix(f"{default_schema}.").replace('"', "")
        return own if own in relations else None

    for name in ("to_regclass", "to_regtype", "relation_oid"):
        connection.create_function(name, 1, oid, deterministic=True)
    for name in ("default_schema", "current_schema", "database", "schema"):
        connection.create_function(name, 0, lambda: default_schema, deterministic=True)
    connection.create_function("current_database", 0, lambda: _DATABASE, deterministic=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
    connection.set_progress_handler(lambda: 1, _MAXIMUM_OPERATIONS)
    connection.set_authorizer(_authorized)


def _authorized(action: int, _: str | None, name: str | None, *__: str | None) -> int:
    is_chance = action == sqlite3.SQLITE_FUNCTION and (name or "").lower() in _OF_CHANCE
    return sqlite3.SQLITE_OK if action in _ALLOWED and not is_chance else sqlite3.SQLITE_DENY


def _oids(schema: Schema, default_schema: str) -> Iterator[object]:
    for name in ("pg_class", "pg_type"):
        catalog = find_catalog(name, "postgresql")
        assert catalog is not None
        yield from (row[0] for row in catalog_rows(catalog, schema, default_schema))
