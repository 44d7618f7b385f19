"""`migrate-guard stats` on real databases, and reading what it writes."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from migrate_guard import engine
from migrate_guard.__main__ import run
from migrate_guard.commands import _sizes
from migrate_guard.commands._database_url import DatabaseUrl, database_url
from migrate_guard.config import ConfigError, Overrides, Settings, load
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statistics import Statistics, TableSize
from migrate_guard.reading.json_documents import DocumentError
from migrate_guard.reading.statistics import read_statistics, written
from migrate_guard.reporters import formats
from tests import servers
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "migrate_guard" / "schemas" / "stats.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

ORDERS = QualifiedName("orders")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.PostgresServer]:
    with servers.postgresql(tmp_path_factory.mktemp("stats")) as server:
        yield server


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.MariaDBServer]:
    with servers.mariadb(tmp_path_factory.mktemp("stats")) as server:
        yield server


def postgres_url(server: servers.PostgresServer, scheme: str = "postgresql", database: str = "postgres") -> str:
    host = dict(each.split("=") for each in server.dsn.split())["host"]
    return f"{scheme}://postgres:s3cret@/{database}?host={host}"


def stats(url: str, capsys: Capture) -> tuple[dict[str, Any], str]:
    """Return what the command prints, checked by the schema, and what it complains of."""
    assert run(["stats", url]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    VALIDATOR.validate(document)
    assert list(document["tables"]) == sorted(document["tables"])
    assert "s3cret" not in out + err
    return document, err


def refusal(url: str, capsys: Capture) -> str:
    assert run(["stats", url]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "s3cret" not in err
    return err


# PostgreSQL

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 5000) AS i;
CREATE TABLE fresh (id int);
INSERT INTO fresh VALUES (1);
CREATE TABLE vacant (id int);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders;
CREATE VIEW plain AS SELECT 1 AS one;
CREATE TABLE events (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
CREATE TABLE events_2_7 PARTITION OF events_2 FOR VALUES IN (7);
INSERT INTO events SELECT 7, i FROM generate_series(0, 149) AS i;
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child SELECT generate_series(1, 30);
CREATE SCHEMA audit;
CREATE TABLE audit.log (id int);
INSERT INTO audit.log SELECT generate_series(1, 20);
CREATE TABLE "a.b" (id int);
ALTER TABLE fresh SET (autovacuum_enabled = off);
ANALYZE orders; ANALYZE totals; ANALYZE events_1; ANALYZE events_2_7; ANALYZE child; ANALYZE audit.log;
"""


@pytest.fixture(scope="module")
def filled(postgres: servers.PostgresServer) -> servers.PostgresServer:
    with postgres.connect() as connection:
        for statement in TABLES.split(";"):
            connection.execute(statement)
    return postgres


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"])
def test_postgresql(filled: servers.PostgresServer, capsys: Capture, scheme: str) -> None:
    document, err = stats(postgres_url(filled, scheme) + "&prepared_statement_cache_size=0", capsys)
    assert document["version"] == 1
    assert document["server"] == f"postgresql {'.'.join(map(str, filled.version))}"
    assert document["database"] == "postgres"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["taken_at"])
    assert {name: size["rows"] for name, size in document["tables"].items()} == {
        "orders": 5000,
        "fresh": None,
        "vacant": 0,
        "totals": 1,
        "events": 150,
        "events_1": 100,
        "events_2": 50,
        "events_2_7": 50,
        "parent": 0,
        "child": 30,
        "audit.log": 20,
    }
    assert err == (
        "warning: left out, as there is a dot in the name: a.b\n"
        "warning: rows are not known before ANALYZE has run: fresh\n"
    )
    bytes_of = {name: size["bytes"] for name, size in document["tables"].items()}
    with filled.connect() as connection:
        assert connection.execute("SELECT pg_total_relation_size('orders')").fetchall() == [(bytes_of["orders"],)]
    assert bytes_of["events"] == bytes_of["events_1"] + bytes_of["events_2_7"] > 0
    assert bytes_of["vacant"] == 0


def test_the_default_schema_is_the_first_of_the_search_path(filled: servers.PostgresServer, capsys: Capture) -> None:
    url = postgres_url(filled)
    for path in ("audit%2Cpublic", "pg_catalog%2Cnobody%2Caudit"):
        document, _ = stats(f"{url}&options=-csearch_path%3D{path}", capsys)
        assert document["tables"]["log"]["rows"] == 20
        assert document["tables"]["public.orders"]["rows"] == 5000


def test_one_query_in_a_transaction_that_only_reads(filled: servers.PostgresServer, capsys: Capture) -> None:
    with filled.connect() as connection:
        ((log,),) = connection.execute("SELECT current_setting('data_directory')").fetchall()
        connection.execute("ALTER ROLE postgres SET log_statement = 'all'")
        try:
            stats(postgres_url(filled), capsys)
        finally:
            connection.execute("ALTER ROLE postgres RESET log_statement")
    text = Path(log).with_name("postgresql.log").read_text(encoding="utf-8")
    statements = re.findall(r"LOG:  (?:statement|execute [^:]*): *\n?\t*(.*)", text)
    reading = statements.index("BEGIN READ ONLY")
    assert statements[reading + 1] == "SET LOCAL statement_timeout = '30s'"
    assert statements[reading + 2].startswith("WITH RECURSIVE leaf")
    assert statements[reading + 3] == "COMMIT"


def test_what_postgresql_refuses(filled: servers.PostgresServer, tmp_path: Path, capsys: Capture) -> None:
    assert 'database "nope" does not exist' in refusal(postgres_url(filled, database="nope"), capsys)
    nobody = refusal(f"postgresql://u:s3cret@/db?host={tmp_path}", capsys)
    assert nobody.startswith("error: postgresql does not answer: ")
    assert nobody.count("\n") == 1
    assert "sslmode" in refusal("postgresql://u:s3cret@localhost/db?ssl=s3cret", capsys)


def test_a_table_that_somebody_alters_is_not_waited_for_forever(
    filled: servers.PostgresServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sizes, "PATIENCE", 1)
    with filled.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        assert "statement timeout" in refusal(postgres_url(filled), capsys)


# MariaDB


def test_mariadb(mariadb: servers.MariaDBServer, capsys: Capture) -> None:
    with closing(mariadb.connect()) as connection, connection.cursor() as cursor:
        for statement in (
            "CREATE DATABASE shop",
            "CREATE DATABASE elsewhere",
            "CREATE TABLE elsewhere.secret (id int)",
            "USE shop",
            "CREATE TABLE orders (id int PRIMARY KEY)",
            "INSERT INTO orders SELECT seq FROM seq_1_to_500",
            "CREATE VIEW plain AS SELECT 1 AS one",
            "ANALYZE TABLE orders",
        ):
            cursor.execute(statement)
    url = f"mysql+aiomysql://root@localhost/shop?unix_socket={mariadb.socket}&charset=utf8mb4"
    document, err = stats(url, capsys)
    assert document["server"] == f"mariadb {'.'.join(map(str, mariadb.version))}"
    assert document["database"] == "shop"
    assert document["tables"] == {"orders": {"rows": 500, "bytes": 16384}}
    assert err == ""
    assert "names no database" in refusal("mysql://root:s3cret@localhost", capsys)
    unknown = refusal(f"mariadb://root@localhost/nope?unix_socket={mariadb.socket}", capsys)
    assert unknown == "error: mariadb does not answer: Unknown database 'nope'\n"


@pytest.mark.parametrize(
    ("version", "server"),
    [
        ("8.0.36", "mysql 8.0.36"),
        ("8.4.0-1debian", "mysql 8.4.0"),
        ("10.11.19-MariaDB-0+deb12u1", "mariadb 10.11.19"),
        ("5.5.5-10.3.39-MariaDB", "mariadb 10.3.39"),
    ],
)
def test_versions_of_mysql_and_mariadb(version: str, server: str) -> None:
    assert _sizes._mysql_server(version) == server


# SQLite


def has_dbstat() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        return bool(connection.execute("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").fetchone()[0])


def test_sqlite(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a b.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT)")
        connection.execute("CREATE INDEX ix ON orders (note)")
        connection.execute("CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
        connection.execute("CREATE TABLE vacant (id INTEGER)")
        connection.executemany("INSERT INTO orders (note) VALUES (?)", [("x" * 50 + str(i),) for i in range(3000)])
        connection.executemany("INSERT INTO pairs VALUES (?, ?)", [("x" * 50, str(i)) for i in range(3000)])
        connection.commit()
    url = f"sqlite+aiosqlite:///{path}"
    if not has_dbstat():
        assert "built without dbstat" in refusal(url, capsys)
        return
    document, err = stats(url, capsys)
    assert (document["database"], err) == ("a b.db", "")
    sizes = document["tables"]
    assert {name: size["rows"] for name, size in sizes.items()} == {"orders": 3000, "pairs": 3000, "vacant": 0}
    assert 300_000 < sizes["orders"]["bytes"] < path.stat().st_size
    assert sizes["vacant"]["bytes"] == 4096
    path.write_bytes(b"nothing of the kind" * 100)
    assert "file is not a database" in refusal(url, capsys)
    path.unlink()
    assert "unable to open database file" in refusal(url, capsys)
    assert not path.exists()
    assert "names no file" in refusal("sqlite://", capsys)


# URLs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://h", DatabaseUrl("postgresql", host="h")),
        ("PostgreSQL+psycopg2://u@h:5433/db", DatabaseUrl("postgresql", "u", None, "h", 5433, "db")),
        (
            "mysql://u:p%40%2F#/?:@[::1]:1/d%20b?a=b%20c",
            DatabaseUrl("mysql", "u", "p@/#/?:", "::1", 1, "d b", {"a": "b c"}),
        ),
        ("postgresql:///db", DatabaseUrl("postgresql", database="db")),
        ("sqlite:////tmp/x.db", DatabaseUrl("sqlite", database="/tmp/x.db")),
    ],
)
def test_urls_are_read_as_sqlalchemy_reads_them(text: str, expected: DatabaseUrl) -> None:
    assert database_url(text) == expected
    from sqlalchemy import make_url

    made = make_url(text)
    assert (made.username, made.password, made.host, made.port, made.database) == (
        expected.user,
        expected.password,
        expected.host,
        expected.port,
        expected.database,
    )
    assert "p%40" not in repr(database_url(text))


@pytest.mark.parametrize(
    "text", ["", "orders", "postgresql:db", "://u:s3cret@h", "pg://u:s3@cret@h/db", "pg://u:x@h:s3cret/db"]
)
def test_what_is_no_url_is_not_repeated(text: str, capsys: Capture) -> None:
    err = refusal(text, capsys)
    assert err.startswith("error: this is no database URL")
    assert "cret" not in err


def test_other_databases(capsys: Capture) -> None:
    assert refusal("oracle://u:s3cret@h/db", capsys) == (
        'error: there are no statistics of "oracle" databases, only of mariadb, mysql, postgres, postgresql, sqlite\n'
    )


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [("postgresql://h/db", "psycopg", "postgres"), ("mysql+pymysql://h/db", "pymysql", "mysql")],
)
def test_a_driver_that_is_not_installed(
    url: str, driver: str, extra: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    assert refusal(url, capsys).endswith(f'needs a driver: pip install "migrate-guard[{extra}]"\n')


def test_help_imports_no_driver() -> None:
    code = (
        "import sys; from migrate_guard.__main__ import run; run(['stats', '--help']);"
        "print({'psycopg', 'pymysql', 'sqlite3'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_file_of_statistics_is_written_and_read(
    filled: servers.PostgresServer, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "sizes.json"
    assert run(["stats", postgres_url(filled), "-o", str(file)]) == 0
    assert capsys.readouterr().out == ""
    statistics = read_statistics(file)
    size = statistics.size(ORDERS)
    assert size is not None
    assert size.rows == 5000
    assert statistics.size(QualifiedName("log", "audit")) is not None
    assert statistics.size(QualifiedName("log")) is None
    assert written(statistics) == file.read_text(encoding="utf-8")


# Small tables


@pytest.mark.parametrize(
    ("size", "small"),
    [
        (TableSize(10, 100), True),
        (TableSize(11, 100), False),
        (TableSize(10, 101), False),
        (TableSize(0, 0), True),
        (TableSize(None, 0), False),
        (None, False),
    ],
)
def test_a_table_is_small_when_that_is_known(size: TableSize | None, small: bool) -> None:
    statistics = Statistics({} if size is None else {ORDERS: size})
    assert (ORDERS in statistics.small(10, 100)) is small


# Reading

BAD_FILES = {
    "": "it is not JSON: Expecting value",
    "[" * 100_000: "it is not JSON: maximum recursion depth",
    "\ufeff{}x": "it is not JSON",
    "[]": "expected an object, got a list; migrate-guard stats writes the file",
    "{}": '\n  "version": expected 1, got nothing\n  "tables": expected an object, got nothing',
    '{"version": 2, "tables": {}}': '"version": expected 1, got 2',
    '{"version": true, "tables": {}}': '"version": expected 1, got true',
    '{"version": 1, "tables": {}, "server": 3}': '"server": expected a string, got 3',
    '{"version": 1, "tables": []}': '"tables": expected an object, got a list',
    '{"version": 1, "tables": {"a": 4}}': '"a": expected an object with "rows" and "bytes", got 4',
    '{"version": 1, "tables": {"a": {"rows": -1, "bytes": "x"}, "b": {}}}': (
        '\n  "a": expected a number of rows or null, got -1\n  "a": expected a number of bytes, got "x"'
        '\n  "b": expected a number of rows or null, got nothing\n  "b": expected a number of bytes, got nothing'
    ),
    json.dumps({"version": 1, "tables": dict.fromkeys("abcdefghijklm", 0)}): "\n  and 3 more",
}


@pytest.mark.parametrize(("text", "message"), BAD_FILES.items(), ids=range(len(BAD_FILES)))
def test_mistakes_in_a_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "sizes.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read_statistics(file)
    assert str(caught.value).startswith(f"{file}:")
    assert message in str(caught.value)


def test_a_file_by_hand_needs_no_more_than_sizes(tmp_path: Path) -> None:
    document = {"version": 1, "tables": {"orders": {"rows": None, "bytes": 1, "more": 2}}, "more": 3}
    VALIDATOR.validate(document)
    (tmp_path / "sizes.json").write_text(json.dumps(document), encoding="utf-8")
    assert read_statistics(tmp_path / "sizes.json") == Statistics({ORDERS: TableSize(None, 1)})


def test_files_that_are_not_there(tmp_path: Path, make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a1.py": script("a1", None)})
    for name, reason in (("none.json", "it does not exist; migrate-guard stats writes it"), (".", "it is not a")):
        assert run(["check", "--isolated", "--stats", name]) == 2
        assert capsys.readouterr().err.startswith(f"error: {name}: {reason}")


# Settings


def test_settings(tmp_path: Path) -> None:
    def of(text: str) -> Settings:
        (tmp_path / "migrate-guard.toml").write_text(text, encoding="utf-8")
        return load(tmp_path, Overrides(), rules=(), formats=formats())

    assert (of("").stats, of("").small_table_rows, of("").small_table_bytes) == (None, 10_000, 10_000_000)
    said = of('stats = "sizes.json"\nsmall-table-rows = 5\nsmall-table-bytes = 0')
    assert (said.stats, said.small_table_rows, said.small_table_bytes) == (tmp_path / "sizes.json", 5, 0)
    with pytest.raises(ConfigError) as caught:
        of('stats = 1\nsmall-table-rows = "5"\nsmall-table-bytes = -1')
    assert [str(each) for each in caught.value.mistakes] == [
        "stats: expected the name of a file, got 1",
        'small-table-rows: expected a whole number, 0 or more, got "5"',
        "small-table-bytes: expected a whole number, 0 or more, got -1",
    ]


def test_check_hands_the_statistics_over(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project({"a1.py": script("a1", None)})
    given: list[frozenset[QualifiedName]] = []
    check = engine.check

    def spy(*arguments: Any, small: frozenset[QualifiedName], **others: Any) -> engine.Outcome:
        given.append(small)
        return check(*arguments, small=small, **others)

    monkeypatch.setattr(engine, "check", spy)
    sizes, others = Statistics({ORDERS: TableSize(1, 2)}), Statistics({})
    (project / "db").mkdir()
    (project / "db" / "sizes.json").write_text(written(sizes), encoding="utf-8")
    (project / "others.json").write_text(written(others), encoding="utf-8")
    (project / "db" / "guard.toml").write_text('stats = "sizes.json"', encoding="utf-8")
    run(["check", "--isolated"])
    run(["check", "--config", "db/guard.toml"])
    run(["check", "--config", "db/guard.toml", "--stats", "others.json"])
    assert given == [frozenset(), {ORDERS}, frozenset()]


def test_work_on_a_small_table_is_no_hazard(make_project: MakeProject, capsys: Capture) -> None:
    build = 'op.create_index("ix_orders_note", "orders", ["note"])'
    project = make_project({"a1.py": script("a1", None, build, 'op.drop_index("ix_orders_note", "orders")')})

    def codes(*arguments: str) -> set[str]:
        run(["check", "--isolated", "--dialect", "postgresql", "--output-format", "json", *arguments])
        return {each["code"] for each in json.loads(capsys.readouterr().out)["findings"]}

    for name, size in (("small", TableSize(1, 2)), ("large", TableSize(41_000_000, 8_000_000_000))):
        (project / f"{name}.json").write_text(written(Statistics({ORDERS: size})), encoding="utf-8")
    assert "MG301" in codes()
    assert "MG301" in codes("--stats", "large.json")
    assert "MG301" not in codes("--stats", "small.json")
