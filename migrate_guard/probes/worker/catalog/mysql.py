"""The catalogue of a MySQL or MariaDB database, by its information_schema (MySQL 8.0, MariaDB 10.4 and later).

A unique constraint is a unique index here, and a
foreign key comes with an index that stays when it is dropped. RESTRICT and NO ACTION are the same to InnoDB. When an
event starts is not said: it is the time of its creation.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

Key = tuple[str, str, str]
Row = tuple[Optional[str], ...]


class _Entry(NamedTuple):
    kind: str
    owner: str
    part: str
    definition: str


def entries(connection: Connection) -> dict[Key, str]:
    """Return the definition of everything in the connection's database."""
    ((database, collation),) = _rows(connection, _DATABASE)
    found = [_Entry("database", "", "", f"COLLATE {collation}")]
    found += _tables(connection)
    found += _columns(connection)
    found += _indexes(connection)
    found += _constraints(connection)
    found += _programs(connection)
    found += _privileges(connection)
    # Views, expressions and triggers name the database, which has another name each time.
    return {(kind, owner, part): text.replace(f"`{database}`.", "") for kind, owner, part, text in found}


def _rows(connection: Connection, query: str) -> list[Row]:
    """The rows of a query as text; some drivers give the bytes of a LONGTEXT."""
    return [
        tuple(each.decode() if isinstance(each, bytes) else None if each is None else str(each) for each in row)
        for row in connection.exec_driver_sql(query)
    ]


def _is_mariadb(connection: Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _lines(*clauses: str | None) -> str:
    return "\n".join(each for each in clauses if each)


def _clause(words: str, value: str | None) -> str | None:
    return f"{words} {value}" if value else None


_DATABASE = """
SELECT schema_name, default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()
"""

_TABLES = """
SELECT table_name, table_type, engine, table_collation, create_options, table_comment
FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'
"""

_PARTITIONS = """
SELECT table_name, partition_name, partition_method, partition_expression, partition_description
FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL
ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position
"""

_VIEWS = """
SELECT table_name, view_definition, check_option, security_type
FROM information_schema.views WHERE table_schema = DATABASE()
"""


def _tables(connection: Connection) -> Iterator[_Entry]:
    for name, kind, engine, collation, options, comment in _rows(connection, _TABLES):
        if kind == "SEQUENCE":
            yield _sequence(connection, name or "")
            continue
        # "partitioned" is said by the partitions
        said = " ".join(sorted(each for each in (options or "").split() if each != "partitioned"))
        of_system = "WITH SYSTEM VERSIONING" if kind == "SYSTEM VERSIONED" else None
        text = _lines("TABLE", _clause("ENGINE", engine), _clause("COLLATE", collation), said, of_system)
        yield _Entry("table", name or "", "", text)
        if comment:
            yield _Entry("table comment", name or "", "", comment)
    for name, part, method, expression, description in _rows(connection, _PARTITIONS):
        yield _Entry("partition", name or "", part or "", _lines(f"{method} ({expression})", description))
    for name, query, check, security in _rows(connection, _VIEWS):
        option = None if check == "NONE" else f"WITH {check} CHECK OPTION"
        invoker = "SQL SECURITY INVOKER" if security == "INVOKER" else None
        yield _Entry("view", name or "", "", _lines(_clause("AS", query), option, invoker))


def _sequence(connection: Connection, name: str) -> _Entry:
    quoted = "`" + name.replace("`", "``") + "`"
    columns = "start_value, increment, minimum_value, maximum_value, cache_size, cycle_option"
    ((start, increment, least, most, cache, cycle),) = _rows(connection, f"SELECT {columns} FROM {quoted}")
    return _Entry(
        "sequence",
        name,
        "",
        _lines(
            f"START WITH {start}",
            f"INCREMENT BY {increment}",
            f"MINVALUE {least}",
            f"MAXVALUE {most}",
            f"CACHE {cache}",
            "CYCLE" if cycle == "1" else None,
        ),
    )


_COLUMNS = """
SELECT c.table_name, c.column_name, c.column_type, c.is_nullable, c.column_default, c.extra, c.generation_expression,
  c.collation_name, c.column_comment
FROM information_schema.columns c JOIN information_schema.tables t
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type NOT IN ('VIEW', 'SEQUENCE')
WHERE c.table_schema = DATABASE()
"""


def _columns(connection: Connection) -> Iterator[_Entry]:
    for table, name, type_, nullable, default, extra, expression, collation, comment in _rows(connection, _COLUMNS):
        words = (extra or "").replace("DEFAULT_GENERATED", "").strip()
        if expression:
            stored = "STORED" if "STORED" in words or "PERSISTENT" in words else "VIRTUAL"
            words = f"GENERATED ALWAYS AS ({expression}) {stored}"
        text = _lines(
            type_,
            _clause("COLLATE", collation),
            "NOT NULL" if nullable == "NO" else None,
            f"DEFAULT {default}" if default is not None and default != "NULL" else None,
            words,
        )
        yield _Entry("column", table or "", name or "", text)
        if comment:
            yield _Entry("column comment", table or "", name or "", comment)


_INDEXES = """
SELECT table_name, index_name, non_unique, {column}, sub_part, collation, index_type, index_comment, {hidden}
FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index
"""


def _indexes(connection: Connection) -> Iterator[_Entry]:
    if _is_mariadb(connection):
        column, hidden = "column_name", "NULL"
    else:
        column, hidden = "coalesce(column_name, concat('(', expression, ')'))", "is_visible"
    query = _INDEXES.replace("{column}", column).replace("{hidden}", hidden)
    for (table, name), group in groupby(_rows(connection, query), key=lambda row: (row[0], row[1])):
        rows = list(group)
        _, _, non_unique, _, _, _, type_, comment, visible = rows[0]
        columns = ", ".join(
            f"{row[3]}{f'({row[4]})' if row[4] else ''}{' DESC' if row[5] == 'D' else ''}" for row in rows
        )
        if name == "PRIMARY":
            yield _Entry("constraint", table or "", "PRIMARY", f"PRIMARY KEY ({columns})")
            continue
        unique = "UNIQUE" if non_unique == "0" else None
        invisible = "INVISIBLE" if visible == "NO" else None
        yield _Entry("index", table or "", name or "", _lines(unique, f"{type_} ({columns})", invisible))
        if comment:
            yield _Entry("index comment", table or "", name or "", comment)


_FOREIGN_KEYS = """
SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema, k.referenced_table_name,
  k.referenced_column_name, r.update_rule, r.delete_rule
FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
    AND r.table_name = k.table_name
WHERE k.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""

_MARIADB_CHECKS = """
SELECT table_name, constraint_name, check_clause, 'YES'
FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()
"""

_MYSQL_CHECKS = """
SELECT t.table_name, c.constraint_name, c.check_clause, t.enforced
FROM information_schema.check_constraints c JOIN information_schema.table_constraints t
  ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
WHERE c.constraint_schema = DATABASE() AND t.constraint_type = 'CHECK'
"""


def _constraints(connection: Connection) -> Iterator[_Entry]:
    for (table, name), group in groupby(_rows(connection, _FOREIGN_KEYS), key=lambda row: (row[0], row[1])):
        rows = list(group)
        _, _, _, schema, referenced, _, on_update, on_delete = rows[0]
        columns = ", ".join(row[2] or "" for row in rows)
        theirs = ", ".join(row[5] or "" for row in rows)
        text = f"FOREIGN KEY ({columns}) REFERENCES `{schema}`.{referenced} ({theirs})"
        for event, action in (("UPDATE", on_update), ("DELETE", on_delete)):
            text += f" ON {event} {action}" if action not in ("RESTRICT", "NO ACTION") else ""
        yield _Entry("constraint", table or "", name or "", text)
    for table, name, check, enforced in _rows(
        connection, _MARIADB_CHECKS if _is_mariadb(connection) else _MYSQL_CHECKS
    ):
        text = _lines(f"CHECK ({check})", "NOT ENFORCED" if enforced == "NO" else None)
        yield _Entry("constraint", table or "", name or "", text)


_TRIGGERS = """
SELECT event_object_table, trigger_name, action_timing, event_manipulation, action_statement, definer, sql_mode
FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""

_PARAMETERS = """
SELECT specific_name, routine_type, parameter_mode, parameter_name, dtd_identifier
FROM information_schema.parameters WHERE specific_schema = DATABASE() AND ordinal_position > 0
ORDER BY specific_name, routine_type, ordinal_position
"""

_ROUTINES = """
SELECT routine_name, routine_type, dtd_identifier, is_deterministic, sql_data_access, security_type, routine_definition,
  routine_comment
FROM information_schema.routines WHERE routine_schema = DATABASE()
"""

_EVENTS = """
SELECT event_name, execute_at, interval_value, interval_field, status, on_completion, event_definition, event_comment
FROM information_schema.events WHERE event_schema = DATABASE()
"""


def _programs(connection: Connection) -> Iterator[_Entry]:
    for table, name, timing, event, body, definer, mode in _rows(connection, _TRIGGERS):
        text = _lines(f"{timing} {event}", body, f"DEFINER {definer}", _clause("SQL_MODE", mode))
        yield _Entry("trigger", table or "", name or "", text)
    parameters: dict[tuple[str | None, str | None], list[str]] = {}
    for routine, kind, *its in _rows(connection, _PARAMETERS):
        parameters.setdefault((routine, kind), []).append(" ".join(filter(None, its)))
    for name, kind, returns, deterministic, access, security, body, comment in _rows(connection, _ROUTINES):
        text = _lines(
            f"({', '.join(parameters.get((name, kind), []))})",
            _clause("RETURNS", returns),
            "DETERMINISTIC" if deterministic == "YES" else None,
            access,
            _clause("SQL SECURITY", security),
            body,
        )
        yield _Entry((kind or "").lower(), name or "", "", text)
        if comment:
            yield _Entry(f"{(kind or '').lower()} comment", name or "", "", comment)
    for name, at, interval, unit, status, completion, body, comment in _rows(connection, _EVENTS):
        schedule = f"AT {at}" if at else f"EVERY {interval} {unit}"
        yield _Entry("event", name or "", "", _lines(schedule, status, f"ON COMPLETION {completion}", body))
        if comment:
            yield _Entry("event comment", name or "", "", comment)


_PRIVILEGES = """
SELECT table_name, '', grantee, privilege_type, is_grantable
FROM information_schema.table_privileges WHERE table_schema = DATABASE()
UNION ALL
SELECT table_name, column_name, grantee, privilege_type, is_grantable
FROM information_schema.column_privileges WHERE table_schema = DATABASE()
UNION ALL
SELECT '', '', grantee, privilege_type, is_grantable
FROM information_schema.schema_privileges WHERE table_schema = DATABASE()
ORDER BY 1, 2, 3, 4
"""


def _privileges(connection: Connection) -> Iterator[_Entry]:
    for (table, column), rows in groupby(_rows(connection, _PRIVILEGES), key=lambda row: (row[0], row[1])):
        kind = "column" if column else "table" if table else "database"
        lines = (f"GRANT {row[3]} TO {row[2]}{' WITH GRANT OPTION' if row[4] == 'YES' else ''}" for row in rows)
        yield _Entry(f"{kind} privileges", table or "", column or "", "\n".join(lines))
