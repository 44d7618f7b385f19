"""What the effects of a statement depend on, as the reader of SQL tells it."""

from __future__ import annotations

import pytest

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.target import Target
from migrate_guard.reading.sql import read_sql
from migrate_guard.reading.sql.expressions import proves_not_null
from tests.reading.sql_describe import locate


def read(sql: str) -> list[ops.Operation]:
    return list(read_sql(sql, Target.default(), locate))


@pytest.mark.parametrize(
    ("sql", "options"),
    [
        ("LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE NOWAIT", {"SHARE ROW EXCLUSIVE", "NOWAIT"}),
        ("TRUNCATE ONLY t RESTART IDENTITY CASCADE", {"ONLY", "RESTART IDENTITY", "CASCADE"}),
        (
            "ALTER TABLE t SET (fillfactor = 70, toast.autovacuum_enabled = off)",
            {"fillfactor", "toast.autovacuum_enabled"},
        ),
        ("ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5)", {"n_distinct"}),
        ("ALTER TABLE IF EXISTS t ENABLE TRIGGER ALL", {"IF EXISTS", "ALL"}),
        ("ALTER TABLE t ALTER CONSTRAINT f NOT ENFORCED", {"NOT ENFORCED"}),
        ("CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", {"FOR EACH ROW"}),
        ("DROP TRIGGER IF EXISTS g ON t CASCADE", {"IF EXISTS", "CASCADE"}),
        ("ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID", {"NOT VALID"}),
        ("DROP SCHEMA s CASCADE", {"CASCADE"}),
        ("SELECT * FROM t FOR NO KEY UPDATE", {"NO KEY UPDATE"}),
        ("SELECT 1 FROM t LIMIT 1", {"LIMIT"}),
        ("REFRESH MATERIALIZED VIEW v WITH NO DATA", {"WITH NO DATA"}),
        ("COPY t (a) FROM '/x'", {"FROM"}),
        ("DO $$BEGIN PERFORM 1; END$$", {"READ"}),
    ],
)
def test_options(sql: str, options: set[str]) -> None:
    first = read(sql)[0]
    assert isinstance(first, ops.RawSql)
    assert first.options == options


@pytest.mark.parametrize(
    ("sql", "objects"),
    [
        ("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", ["g"]),
        ("DROP STATISTICS IF EXISTS a, b", ["a", "b"]),
        ("REINDEX INDEX CONCURRENTLY i", ["i"]),
        ("CLUSTER t USING i", ["i"]),
        ("ALTER INDEX whole ATTACH PARTITION part", ["whole", "part"]),
        ("ALTER TABLE t REPLICA IDENTITY USING INDEX i", ["i"]),
        ("SELECT setval('q', 5)", ["q"]),
        ("GRANT USAGE ON SEQUENCE a, b TO me", ["a", "b"]),
        ("COMMENT ON VIEW v IS 'x'", ["v"]),
    ],
)
def test_objects(sql: str, objects: list[str]) -> None:
    first = read(sql)[0]
    assert isinstance(first, ops.RawSql)
    assert [each.name for each in first.objects] == objects


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("CREATE PUBLICATION p FOR TABLE a, ONLY b (x, y) WHERE (x > 0), TABLE c", ["a", "b", "c"]),
        ("CREATE STATISTICS s ON a, b FROM t", ["t"]),
        ("CREATE RULE r AS ON UPDATE TO t DO ALSO DELETE FROM u", ["t", "u"]),
        ("EXPLAIN SELECT * FROM t", ["t"]),
    ],
)
def test_tables(sql: str, tables: list[str]) -> None:
    first = read(sql)[0]
    assert isinstance(first, ops.RawSql)
    assert [each.name for each in first.tables] == tables


def test_what_is_read_besides() -> None:
    created, filled, selected, inserted, updated, deleted = read(
        "CREATE TABLE n (LIKE a); CREATE TABLE n AS SELECT * FROM a; SELECT * INTO n FROM a;"
        "INSERT INTO t (x) WITH c AS (SELECT 1) SELECT y FROM a, c WHERE y > 1;"
        "UPDATE t SET x = 1 FROM a WHERE a.id = t.id; DELETE FROM t USING a WHERE a.id = t.id"
    )
    a = (QualifiedName("a"),)
    assert isinstance(created, ops.CreateTable)
    assert (created.reads, created.copies_rows) == (a, False)
    for each in (filled, selected):
        assert isinstance(each, ops.CreateTable)
        assert (each.reads, each.copies_rows) == (a, True)
    assert isinstance(inserted, ops.Insert)
    assert (inserted.reads, inserted.into) == (a, ("x",))
    assert inserted.predicate is not None
    for changed in (updated, deleted):
        assert isinstance(changed, ops.Update | ops.Delete)
        assert changed.reads == a


def test_parts_of_a_statement() -> None:
    assert [each.part for each in read("ALTER TABLE t ADD a int, DROP b, ALTER c DROP DEFAULT; DROP TABLE t")] == [
        0,
        1,
        2,
        0,
    ]


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("a IS NOT NULL", {"a"}),
        ("(a IS NOT NULL) AND b > 0", {"a"}),
        ("NOT (a IS NULL)", {"a"}),
        ('"Odd" IS NOT NULL AND (A is not null)', {"Odd", "a"}),
        ("(a IS NOT NULL AND b > 0) OR a IS NOT NULL", {"a"}),
        ("a IS NOT NULL OR b > 0", set()),
        ("a >= 0", set()),
        ("a IS NULL", set()),
        ("NOT (a IS NOT NULL)", set()),
        ("lower(a) IS NOT NULL", set()),
        ("not SQL at all (", set()),
    ],
)
def test_proves_not_null(condition: str, columns: set[str]) -> None:
    assert proves_not_null(condition, "postgresql") == columns
