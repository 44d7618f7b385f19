"""A sample of predictions, checked on a running PostgreSQL: locks as another session sees them, rewrites, scans.

None of these forms is one of lock_truth.json. Each runs in a transaction that is rolled back, those with a setup in a
database of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from migrate_guard.model.locks import LockMode
from tests.dialects.postgresql.predicting import FIXTURE, HERE, predict
from tests.servers import PostgresServer, postgresql

_HEIR: Final = "CREATE TABLE inh () INHERITS (t)"
_KEY: Final = "ALTER TABLE pt ADD CONSTRAINT pt_fk FOREIGN KEY (parent_id) REFERENCES parent(id)"
_KEYS_OF_PARTITIONS: Final = "; ".join(
    f"ALTER TABLE {each} ADD FOREIGN KEY (parent_id) REFERENCES parent {{0}}" for each in ("pt_1", "pt_2")
)
_ROW_TRIGGER: Final = "CREATE TRIGGER trg AFTER INSERT ON pt FOR EACH ROW EXECUTE FUNCTION tf()"
_TRIGGER: Final = "CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()"
_LIST: Final = (
    "CREATE TABLE pl (k int, a int) PARTITION BY LIST (k); CREATE TABLE pl1 (k int {}, a int, CHECK ({})); "
    "INSERT INTO pl1 VALUES (1, 1)"
)
_NEXT: Final = "CREATE TABLE pt_9 PARTITION OF pt FOR VALUES FROM (20000) TO (30000)"
_REST: Final = (
    "CREATE TABLE pt_d PARTITION OF pt DEFAULT; INSERT INTO pt_d (id, k) VALUES (1, 50000); "
    "ALTER TABLE pt_d ADD CHECK ({})"
)
_OTHER: Final = (
    "CREATE TABLE pl (k text, a int) PARTITION BY LIST (k); CREATE TABLE pl_d PARTITION OF pl DEFAULT; "
    "INSERT INTO pl_d VALUES ('z', 1); ALTER TABLE pl_d ADD CHECK ({})"
)
_CHOSEN: Final[list[tuple[str, str | None]]] = [
    # types
    ("ALTER TABLE t ALTER COLUMN b TYPE int", None),
    ("ALTER TABLE t ALTER COLUMN varr TYPE varchar[]", None),
    ("ALTER TABLE t ALTER COLUMN varr TYPE text[]", None),
    ("ALTER TABLE t ALTER COLUMN c10 TYPE text", None),
    ("ALTER TABLE t ALTER COLUMN vc50 TYPE bpchar", None),
    ("ALTER TABLE t ALTER COLUMN bt TYPE varbit", None),
    ("ALTER TABLE t ALTER COLUMN bt TYPE varbit(16)", None),
    ("ALTER TABLE t ALTER COLUMN tm3 TYPE time(2)", None),
    ("ALTER TABLE t ALTER COLUMN iv TYPE interval(2)", None),
    ("ALTER TABLE t ALTER COLUMN num TYPE numeric(12,3)", None),
    ("ALTER TABLE t ALTER COLUMN domt TYPE varchar(10)", None),
    ("ALTER TABLE t ALTER COLUMN dom TYPE freeint", None),
    ("ALTER TABLE t ALTER COLUMN nul TYPE oid", "CREATE INDEX i ON t (nul)"),
    ("ALTER TABLE t ALTER COLUMN net TYPE inet", "CREATE INDEX i ON t (net)"),
    ("ALTER TABLE t ALTER COLUMN txt TYPE varchar", "CREATE INDEX i ON t (txt)"),
    ("ALTER TABLE t ALTER COLUMN cc TYPE text", 'ALTER TABLE t ADD cc text COLLATE "C"; CREATE INDEX i ON t (cc)'),
    ("ALTER TABLE t ALTER COLUMN vc50 TYPE varchar(100) USING vc50::varchar(20)", None),
    ("ALTER TABLE t ALTER COLUMN vc50 TYPE varchar(100) USING CAST(vc50 AS varchar(100))", None),
    ("ALTER TABLE pt ALTER COLUMN txt TYPE text", "CREATE INDEX i ON pt (txt)"),
    ("ALTER TABLE parent ALTER COLUMN id TYPE int", None),
    # columns
    ("ALTER TABLE t ADD COLUMN c int CHECK (c > 0)", None),
    ("ALTER TABLE t ADD COLUMN c text DEFAULT timeofday()", None),
    ("ALTER TABLE t ADD COLUMN c int DEFAULT (random() * 10)::int", None),
    ("ALTER TABLE t ADD COLUMN c timestamptz DEFAULT (now() + interval '1 day')", None),
    ("ALTER TABLE t ADD COLUMN c int DEFAULT 1 REFERENCES parent(id) DEFERRABLE", None),
    ("ALTER TABLE t ADD COLUMN c posint[]", None),
    ("ALTER TABLE t ADD COLUMN c int REFERENCES t(id)", None),
    ("ALTER TABLE pt ADD COLUMN c int REFERENCES parent(id)", None),
    ("ALTER TABLE IF EXISTS nope ADD COLUMN c int", None),
    ("ALTER TABLE ONLY t DROP COLUMN b", _HEIR),
    ("ALTER TABLE t DROP COLUMN sid", "ALTER TABLE t ADD COLUMN sid serial"),
    ("ALTER TABLE pt DROP COLUMN parent_id", _KEY),
    ("ALTER TABLE t RENAME COLUMN b TO bb", _HEIR),
    ("ALTER TABLE pt ALTER COLUMN id SET NOT NULL", None),
    ("ALTER TABLE pt ALTER COLUMN a SET NOT NULL", "ALTER TABLE pt_1 ALTER COLUMN a SET NOT NULL"),
    ("ALTER TABLE t ALTER nul SET NOT NULL", "ALTER TABLE t ADD CHECK (NOT (nul IS NULL))"),
    ("ALTER TABLE t ALTER nul SET NOT NULL", "ALTER TABLE t ADD CHECK (nul IS NOT NULL OR b > 5)"),
    ("ALTER TABLE t ALTER nul SET NOT NULL, DROP CONSTRAINT n", "ALTER TABLE t ADD CONSTRAINT n CHECK (a > 0)"),
    ("ALTER TABLE pt ALTER COLUMN a SET STATISTICS 100", None),
    ("ALTER TABLE pt ALTER COLUMN txt SET COMPRESSION pglz", None),
    ("ALTER TABLE t ALTER COLUMN a SET STATISTICS 3, ALTER COLUMN b SET (n_distinct = 3)", None),
    # constraints
    ("ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NO INHERIT", _HEIR),
    ("ALTER TABLE t ADD PRIMARY KEY (nn)", f"{_HEIR}; ALTER TABLE t DROP CONSTRAINT t_pkey"),
    ("ALTER TABLE ONLY pt ADD CONSTRAINT uq UNIQUE (k)", None),
    ("ALTER TABLE pt_1 ADD FOREIGN KEY (parent_id) REFERENCES parent(id)", None),
    ("ALTER TABLE pt DROP CONSTRAINT uq", "ALTER TABLE pt ADD CONSTRAINT uq UNIQUE (k)"),
    ("ALTER TABLE pt ALTER CONSTRAINT pt_fk DEFERRABLE", _KEY),
    (_KEY, _KEYS_OF_PARTITIONS.format("")),
    (_KEY, _KEYS_OF_PARTITIONS.format("ON DELETE CASCADE")),
    (_KEY, _KEYS_OF_PARTITIONS.format("NOT VALID")),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD CONSTRAINT pk PRIMARY KEY (nn)", None),
    ("ALTER TABLE t ADD FOREIGN KEY (parent_id) REFERENCES parent(id) NOT VALID, VALIDATE CONSTRAINT t_b_check", None),
    # partitions
    ("ALTER TABLE pl ATTACH PARTITION pl1 FOR VALUES IN (1, 2)", _LIST.format("NOT NULL", "k IN (1, 2)")),
    ("ALTER TABLE pl ATTACH PARTITION pl1 FOR VALUES IN (1)", _LIST.format("", "k = 1")),
    ("ALTER TABLE pt ATTACH PARTITION pnew FOR VALUES FROM (20000) TO (30000)", _KEY),
    ("ALTER TABLE pt DETACH PARTITION pt_1", "CREATE TABLE pt_d PARTITION OF pt DEFAULT"),
    ("DROP TABLE pt_1", "CREATE TABLE pt_d PARTITION OF pt DEFAULT"),
    (_NEXT, _REST.format("k IS NULL OR k < 20000 OR k >= 30000")),
    (_NEXT, _REST.format("k < 10000 OR k >= 30000")),
    (_NEXT, _REST.format("k >= 30000")),
    (_NEXT, _REST.format("k < 20001 OR k >= 30000")),
    (_NEXT, _REST.format("k < 20000 OR a IS NULL")),
    (_NEXT, _REST.format("k < 60000")),
    ("CREATE TABLE pl_1 PARTITION OF pl FOR VALUES IN ('a', 'b')", _OTHER.format("k NOT IN ('a', 'b', 'c')")),
    ("CREATE TABLE pl_1 PARTITION OF pl FOR VALUES IN ('a', 'b')", _OTHER.format("k IS NULL OR k NOT IN ('b', 'a')")),
    ("CREATE TABLE pl_1 PARTITION OF pl FOR VALUES IN ('a', 'b')", _OTHER.format("k NOT IN ('a', 'c')")),
    # what hangs on tables
    ("DROP TRIGGER trg ON pt", _ROW_TRIGGER),
    ("ALTER TRIGGER trg ON pt RENAME TO other", _ROW_TRIGGER),
    ("ALTER TABLE pt ENABLE TRIGGER trg", _ROW_TRIGGER),
    ("ALTER TABLE pt DISABLE TRIGGER ALL", _KEY),
    ("DROP FUNCTION tf() CASCADE", _TRIGGER),
    ("DROP POLICY IF EXISTS nope ON t", None),
    ("COMMENT ON TRIGGER trg ON t IS 'x'", _TRIGGER),
    ("ALTER TABLE t SET (toast.autovacuum_enabled = false)", None),
    ("ALTER TABLE t SET (fillfactor = 70, user_catalog_table = true)", None),
    # others
    ("TRUNCATE parent CASCADE", None),
    ("TRUNCATE t", _HEIR),
    ("CREATE MATERIALIZED VIEW vv AS SELECT * FROM v", None),
    ("REFRESH MATERIALIZED VIEW mv WITH NO DATA", None),
    ("REINDEX TABLE mv", None),
    ("REINDEX INDEX pt_1_a_idx", None),
    ("LOCK TABLE t IN EXCLUSIVE MODE", _HEIR),
    ("DELETE FROM child WHERE id = 1", None),
    ("WITH x AS (SELECT id FROM parent) UPDATE t SET a = (SELECT max(id) FROM x)", None),
    ("CREATE INDEX i ON pt (a)", None),
    ("UPDATE t SET b = p.code FROM parent p WHERE p.id = t.parent_id", None),
    ("SELECT setval('s.sq', (SELECT max(id) FROM t))", None),
    ("INSERT INTO n (v) VALUES (1)", "CREATE TABLE n (id serial, w int GENERATED BY DEFAULT AS IDENTITY, v int)"),
    ("INSERT INTO n (id, v) VALUES (1, 1)", "CREATE TABLE n (id serial, v int)"),
    ("INSERT INTO n (v) SELECT id FROM t", "CREATE TABLE n (id int DEFAULT nextval('sq'), v int)"),
]
FORMS: Final[list[tuple[str, str | None]]] = [
    *_CHOSEN,
    *((line, None) for line in (HERE / "live_forms.txt").read_text(encoding="utf-8").splitlines()),
]
_MODES: Final = {f"{''.join(word.title() for word in mode.name.split('_'))}Lock": mode for mode in LockMode}
"""The modes by their names in pg_locks."""
_RELATIONS: Final = """
    SELECT c.oid, relname, relkind::text, relfilenode, greatest(reltuples, 0) FROM pg_class c
    JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('s', 'public')
"""


@dataclass(frozen=True)
class Live:
    """A server, and a database on it that holds the fixture and is never changed."""

    server: PostgresServer
    template: str

    def connect(self, database: str) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(make_conninfo(self.server.dsn, dbname=database), autocommit=True)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with postgresql(tmp_path_factory.mktemp("live")) as server:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE fixture")
        found = Live(server, "fixture")
        with found.connect("fixture") as connection:
            connection.execute(FIXTURE)
        yield found


@pytest.mark.parametrize(("statement", "setup"), FORMS, ids=lambda each: str(each)[:70])
def test_prediction(statement: str, setup: str | None, live: Live) -> None:
    told = predict([statement], setup, live.server.version[0]).told()
    assert {key: told[key] for key in ("locks", "rewrite", "full_scan")} == _measured(statement, setup, live)
    assert told["transactional"] is True


def _measured(statement: str, setup: str | None, live: Live) -> dict[str, Any]:
    if setup is None:
        return _run(statement, live, live.template)
    with live.server.connect() as connection:
        connection.execute("CREATE DATABASE changed TEMPLATE fixture")
    try:
        with live.connect("changed") as connection:
            connection.execute("SET search_path = s")
            connection.execute(setup.encode())
            connection.execute("ANALYZE")
        return _run(statement, live, "changed")
    finally:
        with live.server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE changed"))


def _run(statement: str, live: Live, database: str) -> dict[str, Any]:
    """Run a statement in a transaction, look at it from another session, and roll it back."""
    with live.connect(database) as session, live.connect(database) as other:
        session.execute("SET search_path = s")
        # what other processes read is not counted for the session
        session.execute("SET max_parallel_maintenance_workers = 0; SET max_parallel_workers_per_gather = 0")
        before = {oid: rest for oid, *rest in other.execute(_RELATIONS)}
        session.execute("BEGIN")
        session.execute(statement.encode())
        locks: dict[str, list[LockMode]] = {}
        query = "SELECT relation, mode FROM pg_locks WHERE pid = %s AND locktype = 'relation' AND granted"
        for oid, mode in other.execute(query, [session.info.backend_pid]):
            if oid in before and before[oid][1] in "rpvmS":
                locks.setdefault(before[oid][0], []).append(_MODES[mode])
        after = {oid: filenode for oid, _, _, filenode, _ in session.execute(_RELATIONS)}
        reads: dict[int, int] = dict(
            session.execute("SELECT relid, seq_tup_read FROM pg_stat_xact_all_tables").fetchall()
        )
        session.execute("ROLLBACK")
    stored = {oid: rest for oid, rest in before.items() if rest[1] in "rm"}
    emptied = statement.startswith("TRUNCATE")
    return {
        "locks": {name: str(max(modes)) for name, modes in locks.items()},
        "rewrite": not emptied and any(after.get(oid, rest[2]) != rest[2] for oid, rest in stored.items()),
        "full_scan": any(0 < rest[3] <= reads.get(oid, 0) for oid, rest in stored.items()),
    }
