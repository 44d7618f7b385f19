"""Texts of SQL as scripts hand them over: several statements, comments, parameters, and holes where nobody knows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.model.operations import AddColumn, CreateTable, Opaque, RawSql
from migrate_guard.model.target import DIALECTS, DialectName, Target
from migrate_guard.reading.sql import MAX_LENGTH, read_sql
from migrate_guard.reading.values import HOLE
from tests.reading.sql_describe import describe_sql, locate
from tests.reading.test_sql_mysql import TABLE as MYSQL
from tests.reading.test_sql_postgresql import TABLE as POSTGRESQL
from tests.reading.test_sql_sqlite import TABLE as SQLITE

SPLIT: list[tuple[str, list[str]]] = [
    ("", []),
    (" ;; \n -- nothing\n /* at all; */ ;", []),
    ("DROP TABLE a; DROP TABLE b;", ["DropTable(a)", "DropTable(b)"]),
    ("DROP TABLE a -- ; DROP TABLE b\n; /* ; */ DROP TABLE c", ["DropTable(a)", "DropTable(c)"]),
    ("DELETE FROM a WHERE x = ';'; DELETE FROM \"b;c\"", ["Delete(a, where=<x = ';'|x>)", "Delete(b;c)"]),
    ("CREATE FUNCTION f() AS $x$ a; $$ b; $$ $x$; DROP TABLE a", ["RawSql(CREATE FUNCTION)", "DropTable(a)"]),
    (
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; DROP TABLE a",
        ["RawSql(CREATE FUNCTION)", "DropTable(a)"],
    ),
    (
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); DROP TABLE c",
        ["RawSql(CREATE RULE, tables=[t, a, b])", "DropTable(c)"],
    ),
    ("BEGIN; DROP TABLE a; COMMIT;", ["RawSql(BEGIN)", "DropTable(a)", "RawSql(COMMIT)"]),
    ("\\connect db\nDROP TABLE a;\n\\set x 'y'\nDROP TABLE b;", ["DropTable(a)", "DropTable(b)"]),
    (
        "COPY t (a) FROM stdin;\nit's\t1; DROP TABLE a\n\\.\nDROP TABLE b;",
        ["RawSql(COPY, tables=[t])", "DropTable(b)"],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), SPLIT)
def test_split(sql: str, expected: list[str]) -> None:
    assert describe_sql(sql) == expected


PARAMETERS: list[tuple[str, list[str]]] = [
    ("UPDATE t SET a = :a, b = 'x::int :c' WHERE id = :id", ["Update(t, columns=[a, b], where=<id = :id|id>)"]),
    (
        "UPDATE t SET a = %s WHERE id = %(id)s AND b % 2 = 0",
        ["Update(t, columns=[a], where=<id = %(id)s AND b % 2 = 0|id b>)"],
    ),
    ("UPDATE t SET a = $1 WHERE b LIKE 'x%%'", ["Update(t, columns=[a], where=<b LIKE 'x%%'|b>)"]),
    ("DELETE FROM t WHERE a %% 2 = ? AND b = :b::int", ["Delete(t, where=<a %% 2 = ? AND b = :b::int|a b>)"]),
    (r"UPDATE t SET a = '{}'\:\:jsonb WHERE b\:\:text = 'x'", ["Update(t, columns=[a], where=<b::text = 'x'|b>)"]),
    ("SELECT * FROM a WHERE b = ANY(:ids) AND c[1:2] = :c", ["RawSql(SELECT, tables=[a])"]),
    ("INSERT INTO t VALUES (:a, %(b)s, $3)", ["Insert(t)"]),
]


@pytest.mark.parametrize(("sql", "expected"), PARAMETERS)
def test_parameters(sql: str, expected: list[str]) -> None:
    assert describe_sql(sql) == expected


# A `~` stands for a hole.
HOLES: list[tuple[str, list[str]]] = [
    ("UPDATE t SET a = '~' WHERE b = ~ AND c IN (~)", ["Update(t, columns=[a], where=<b = ~ AND c IN (~)|b c>)"]),
    ("INSERT INTO t (~) VALUES (~)", ["Insert(t)"]),
    ("SELECT ~ FROM a ~", ["RawSql(SELECT, tables=[a])"]),
    ("~", ["Opaque(the statement is not known)"]),
    ("DROP TABLE ~", ["Opaque(the table name is not known)"]),
    ("DROP TABLE a, old_~", ["Opaque(the table name is not known, tables=[a])"]),
    ("CREATE TABLE t ~", ["Opaque(what follows 'TABLE t' is not known, tables=[t])"]),
    ("CREATE TABLE t (~)", ["Opaque(the column name is not known, tables=[t])"]),
    ("CREATE TABLE t (a int) ~", ["CreateTable(Table(t, columns=[a INTEGER]))"]),
    ("ALTER TABLE t ~", ["Opaque(ALTER TABLE: what follows 'TABLE t' is not known, tables=[t])"]),
    ("UPDATE ~ SET a = 1", ["Opaque(the table name is not known, changes_schema=False)"]),
    ("UPDATE t SET ~ = 1", ["Opaque(the column name is not known, tables=[t], changes_schema=False)"]),
    ('ALTER TABLE t DROP COLUMN "~"', ["Opaque(ALTER TABLE: the column name is not known, tables=[t])"]),
    (
        "ALTER TABLE t ADD a int, DROP CONSTRAINT ~, ADD b int",
        [
            "AddColumn(t, a INTEGER)",
            "Opaque(ALTER TABLE: the constraint name is not known, tables=[t])",
            "AddColumn(t, b INTEGER)",
        ],
    ),
    ("ALTER TABLE t ADD a ~ DEFAULT ~", ["AddColumn(t, a ? default=<~|>)"]),
    ("ALTER TABLE t ADD a varchar(~) DEFAULT '~'", ["AddColumn(t, a ? default='~')"]),
    ("ALTER TABLE t ADD CONSTRAINT ~ UNIQUE (a)", ["AddConstraint(t, UniqueConstraint(None, columns=[a]))"]),
    ("CREATE INDEX ix_~ ON t (a)", ["CreateIndex(t, Index(None, [a]))"]),
    (
        "CREATE INDEX ~ IF NOT EXISTS ix ON t (a)",
        ["Opaque(CREATE INDEX: not understood from 'IF NOT EXISTS ix' on, tables=[t])"],
    ),
    ("ALTER TYPE e ADD VALUE '~'", ["Opaque(the value is not known, tables=[e])"]),
    ("CREATE TYPE e AS ENUM (~)", ["Opaque(the list of values is not known, tables=[e])"]),
    ("DROP TRIGGER x ON ~", ["Opaque(the table name is not known, changes_schema=False)"]),
    ("ALTER TABLE t ALTER a TYPE ~ USING a::~", ["AlterColumn(t, a, modify_type=?, using=<a::~|a>)"]),
]


@pytest.mark.parametrize(("sql", "expected"), HOLES)
def test_holes(sql: str, expected: list[str]) -> None:
    assert [each.replace(HOLE, "~") for each in describe_sql(sql.replace("~", HOLE))] == expected


UNREADABLE: list[tuple[str, str]] = [
    ("UPDATE t SET a = 'x", "the SQL cannot be split into words: Missing ' from 1:"),
    ("DROP TABLE a; is_deleted = true", "not a statement of SQL"),
    ("CREATE TABLE t (a int,, b int)", "CREATE TABLE: not understood"),
    ("CREATE TABLE t", "CREATE TABLE: not understood: it ends too early"),
    ("ALTER TABLE t ADD", "ALTER TABLE: not understood: it ends too early"),
    ("DROP TABLE a b", "DROP TABLE: not understood from 'b' on"),
]


@pytest.mark.parametrize(("sql", "reason"), UNREADABLE)
def test_unreadable(sql: str, reason: str) -> None:
    *_, last = read_sql(sql, Target.default(), locate)
    assert isinstance(last, Opaque)
    assert last.reason.startswith(reason)


def test_spans() -> None:
    text = r"SELECT '\:'; ALTER TABLE t ADD a int, ADD b text; CREATE TABLE u (c int, d int UNIQUE)"

    def source(start: int, end: int) -> str:
        return text[start:end]

    found = read_sql(text, Target.default(), locate)
    assert [source(each.span.column, each.span.end_column) for each in found] == [
        r"SELECT '\:'",
        "ADD a int",
        "ADD b text",
        "CREATE TABLE u (c int, d int UNIQUE)",
    ]
    added, created = found[1], found[3]
    assert isinstance(added, AddColumn)
    assert source(added.column.span.column, added.column.span.end_column) == "a int"
    assert isinstance(created, CreateTable)
    (unique,) = created.table.unique_constraints
    assert source(unique.span.column, unique.span.end_column) == "UNIQUE"


def test_span_in_a_block() -> None:
    text = "DO $$ BEGIN DROP TABLE t; END $$"
    *_, drop = read_sql(text, Target.default(), locate)
    assert text[drop.span.column : drop.span.end_column] == "DROP TABLE t"


def test_references_of_a_column_mean_nothing_to_old_mysql() -> None:
    sql = "ALTER TABLE t ADD a int REFERENCES u (id)"
    key = "constraints=[ForeignKey(None, columns=[a], u, referred_columns=[id])], inline_references"
    assert describe_sql(sql, "mysql", (8, 4)) == ["AddColumn(t, a INTEGER)"]
    assert describe_sql(sql, "mysql", (9, 0)) == [f"AddColumn(t, a INTEGER, {key})"]
    assert describe_sql(sql, "mariadb") == [f"AddColumn(t, a INTEGER, {key})"]


def test_long_texts_are_not_read() -> None:
    values = ", ".join(["(1)"] * (MAX_LENGTH // 4))
    (insert,) = read_sql(f"-- rows\nINSERT INTO t VALUES {values}", Target.default(), locate)
    assert isinstance(insert, RawSql)
    assert insert.kind == "INSERT"
    (create,) = read_sql(f"CREATE TABLE t (a int); INSERT INTO t VALUES {values}", Target.default(), locate)
    assert isinstance(create, Opaque)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_deep_nesting_is_survived(dialect: DialectName) -> None:
    deep = "(" * 5_000 + "1" + ")" * 5_000
    for sql in (f"SELECT {deep}", f"ALTER TABLE t ADD CHECK ({deep})", f"CREATE VIEW v AS SELECT {deep}"):
        assert len(read_sql(sql, Target.default(dialect), locate)) == 1


def test_large_texts_are_read_in_time() -> None:
    start = time.perf_counter()
    assert len(read_sql("INSERT INTO t (a, b) VALUES (1, 'x');\n" * 5_000, Target.default(), locate)) == 5_000
    assert time.perf_counter() - start < 20


_WORDS = sorted({word for table in (POSTGRESQL, MYSQL, SQLITE) for word in table.split()})
_dialects = st.sampled_from(DIALECTS)


@given(st.text(max_size=60), _dialects)
def test_any_text_is_read(text: str, dialect: DialectName) -> None:
    _never_raises(text, dialect)


@given(st.lists(st.sampled_from([*_WORDS, HOLE, "(", ")", ",", ";", "."]), max_size=25), _dialects)
def test_any_words_are_read(words: list[str], dialect: DialectName) -> None:
    _never_raises(" ".join(words), dialect)


def _never_raises(text: str, dialect: DialectName) -> None:
    found = read_sql(text, Target.default(dialect), locate)
    assert found or not any(character.isalnum() for character in text.partition("--")[0]) or _is_comment(text)


def _is_comment(text: str) -> bool:
    """Whether all of a text may be comment, or for psql."""
    return any(mark in text for mark in ("--", "/*", "#", "\\", "{#"))
