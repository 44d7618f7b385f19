"""Ask a database how large its tables are: a URL in, `Statistics` out, by one query that only reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from migrate_guard.commands._database_url import DatabaseUrl
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statistics import Statistics, TableSize
from migrate_guard.terminal import UserError

Row: TypeAlias = tuple[Any, ...]
"""Schema (None for the default one), table, rows (None where they are not known), bytes."""

PATIENCE: Final = 30
"""Seconds that the query may take; it waits for a table that somebody is altering."""
CONNECTING: Final = 10
"""Seconds."""

# reltuples is what VACUUM and ANALYZE last counted, -1 where they have not been (PostgreSQL 14), before that 0 with
# relpages 0 ("pg_class" in the manual); a heap without pages has no rows all the same. That of a partitioned table is
# set by a manual ANALYZE only, so its leaves are summed up. pg_total_relation_size has indexes and TOAST in it.
# The first schema of search_path that exists is where CREATE TABLE puts a table ("The Schema Search Path").
POSTGRESQL: Final = """
WITH RECURSIVE leaf(root, oid) AS (
  SELECT oid, oid FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'm')
  UNION ALL
  SELECT leaf.root, i.inhrelid
  FROM leaf
  JOIN pg_catalog.pg_class AS parent ON parent.oid = leaf.oid AND parent.relkind = 'p'
  JOIN pg_catalog.pg_inherits AS i ON i.inhparent = leaf.oid
), size AS (
  SELECT leaf.root, pg_catalog.pg_total_relation_size(c.oid) AS bytes,
    CASE WHEN c.relkind = 'p' OR c.relkind <> 'f' AND pg_catalog.pg_relation_size(c.oid) = 0 THEN 0
         WHEN c.reltuples > 0 OR c.reltuples = 0 AND c.relpages > 0 THEN c.reltuples END AS rows
  FROM leaf JOIN pg_catalog.pg_class AS c ON c.oid = leaf.oid
)
SELECT nullif(n.nspname, (
         SELECT s FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path(s, i)
         WHERE s <> 'pg_catalog' ORDER BY i LIMIT 1)),
  c.relname,
  CASE WHEN bool_and(size.rows IS NOT NULL) THEN sum(size.rows)::bigint END,
  coalesce(sum(size.bytes), 0)::bigint
FROM size
JOIN pg_catalog.pg_class AS c ON c.oid = size.root
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY n.nspname, c.relname
"""

# InnoDB's estimates ("The INFORMATION_SCHEMA TABLES Table" in the manuals); MySQL 8 may have them a day old.
MYSQL: Final = """
SELECT NULL, TABLE_NAME, TABLE_ROWS, COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0)
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE NOT LIKE '%VIEW'
"""

# Cells on the leaves of a table's tree are its rows; a tree WITHOUT ROWID has rows on its inner pages as well
# (sqlite.org/dbstat.html, fileformat2.html "B-tree Pages").
SQLITE: Final = """
SELECT NULL, s.tbl_name,
  sum(CASE WHEN s.type = 'table' AND (d.pagetype = 'leaf' OR t.wr AND d.pagetype = 'internal') THEN d.ncell ELSE 0 END),
  sum(d.pgsize)
FROM sqlite_schema AS s
JOIN dbstat AS d ON d.name = s.name
JOIN pragma_table_list AS t ON t.name = s.tbl_name AND t.schema = 'main'
WHERE s.tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
GROUP BY s.tbl_name
"""


def sizes(url: DatabaseUrl) -> Statistics:
    """Ask a database; raises UserError."""
    ask = _ASK.get(url.dialect)
    if ask is None:
        raise UserError(f'there are no statistics of "{url.dialect}" databases, only of {", ".join(sorted(_ASK))}')
    return ask(url)


def _postgresql(url: DatabaseUrl) -> Statistics:
    try:
        import psycopg
        from psycopg.conninfo import make_conninfo
        from psycopg.pq import Conninfo
    except ImportError as error:
        raise _not_installed("PostgreSQL", "postgres") from error
    arguments: dict[str, str | int | None] = {
        "connect_timeout": CONNECTING,
        "application_name": "migrate-guard",
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "dbname": url.database,
    }
    # The URL may be one for another driver: what libpq does not know is that driver's affair.
    known = {each.keyword.decode() for each in Conninfo.get_defaults()}
    arguments |= {key: value for key, value in url.query.items() if key in known}
    if "ssl" in url.query:
        arguments["sslmode"] = "require" if url.query["ssl"].lower() == "true" else url.query["ssl"]
    try:
        with psycopg.connect(make_conninfo("", **arguments)) as connection:
            connection.read_only = True
            connection.execute(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
            rows = connection.execute(POSTGRESQL).fetchall()
            version = connection.info.parameter_status("server_version") or ""
            return _statistics(rows, f"postgresql {version.partition(' ')[0]}", connection.info.dbname)
    except psycopg.Error as error:
        raise _refused(str(error), url) from error


def _mysql(url: DatabaseUrl) -> Statistics:
    try:
        import pymysql
    except ImportError as error:
        raise _not_installed("MySQL and MariaDB", "mysql") from error
    if not url.database:
        raise UserError("the URL names no database, as in mysql://user@host/database")
    try:
        connection = pymysql.connect(
            host=url.host or "localhost",
            port=url.port or 3306,
            user=url.user,
            password=url.password or "",
            database=url.database,
            unix_socket=url.query.get("unix_socket"),
            ssl_ca=url.query.get("ssl_ca"),
            ssl_cert=url.query.get("ssl_cert"),
            ssl_key=url.query.get("ssl_key"),
            connect_timeout=CONNECTING,
            read_timeout=PATIENCE,
            program_name="migrate-guard",
        )
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("START TRANSACTION READ ONLY")
            cursor.execute(MYSQL)
            server = _mysql_server(connection.get_server_info())  # type: ignore[no-untyped-call]
            return _statistics(cursor.fetchall(), server, url.database)
    except pymysql.Error as error:
        raise _refused(str(error.args[-1] if error.args else error), url) from error
    except (OSError, RuntimeError) as error:  # of TLS files, and for want of a package that some passwords need
        raise _refused(str(error), url) from error


def _mysql_server(version: str) -> str:
    """Spell the server of such a version: "8.0.36", "10.11.19-MariaDB-0+deb12u1", "5.5.5-10.3.39-MariaDB"."""
    mariadb = re.search(r"([0-9.]+)-MariaDB", version)
    return f"mariadb {mariadb[1]}" if mariadb else f"mysql {version.partition('-')[0]}"


def _sqlite(url: DatabaseUrl) -> Statistics:
    import sqlite3

    if not url.database or url.database == ":memory:":
        raise UserError("the URL names no file, as in sqlite:///app.db")
    path = Path(url.database).absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            rows = connection.execute(SQLITE).fetchall()
    except sqlite3.Error as error:
        if "no such table: dbstat" in str(error):
            raise UserError(
                f"the SQLite {sqlite3.sqlite_version} of this Python is built without dbstat, which has the sizes"
            ) from error
        raise _refused(str(error), url) from error
    return _statistics(rows, f"sqlite {sqlite3.sqlite_version}", path.name)


def _statistics(rows: Iterable[Row], server: str, database: str) -> Statistics:
    return Statistics(
        {
            QualifiedName(table, schema): TableSize(None if count is None else int(count), int(size))
            for schema, table, count, size in rows
        },
        server,
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        database,
    )


def _not_installed(what: str, extra: str) -> UserError:
    return UserError(f'{what} needs a driver: pip install "migrate-guard[{extra}]"')


def _refused(reason: str, url: DatabaseUrl) -> UserError:
    """What a driver says, on one line and without the password."""
    reason = " ".join(reason.split()) or "it gives no reason"
    for secret in filter(None, (url.password, url.query.get("password"), url.query.get("sslpassword"))):
        reason = reason.replace(secret, "***")
    return UserError(f"{url.dialect} does not answer: {reason}")


_ASK: Final[Mapping[str, Callable[[DatabaseUrl], Statistics]]] = {
    "postgresql": _postgresql,
    "postgres": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlite": _sqlite,
}
