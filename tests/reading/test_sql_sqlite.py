"""Raw SQL of SQLite and the operations it becomes."""

import pytest

from tests.reading.sql_describe import cases, describe_sql

TABLE = r"""
# Tables

CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL ON CONFLICT IGNORE DEFAULT '', "order" int,
   [x y] REAL) STRICT
-> CreateTable(Table(t, columns=[id INTEGER NOT NULL is_serial is_autoincrement, name TEXT NOT NULL default='',
   order INT, x y REAL], primary_key=PrimaryKey(None, columns=[id])))
CREATE TABLE main.t (a, b TEXT COLLATE NOCASE UNIQUE ON CONFLICT REPLACE, c INT AS (a + 1) VIRTUAL, PRIMARY KEY (a,
   b)) WITHOUT ROWID
-> CreateTable(Table(t, columns=[a NOT NULL, b TEXT NOT NULL collation=NOCASE, c INT computed=<a + 1|a>],
   primary_key=PrimaryKey(None,
   columns=[a, b]), unique_constraints=[UniqueConstraint(None, columns=[b])]))
CREATE TABLE t (a INT REFERENCES u ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, CONSTRAINT ck CHECK (a IN (1, 2))
   CONSTRAINT fk FOREIGN KEY (a) REFERENCES u (id))
-> CreateTable(Table(t, columns=[a INT], foreign_keys=[ForeignKey(None, columns=[a], u, ondelete=CASCADE, deferrable,
   initially_deferred, is_inline),
   ForeignKey(fk, columns=[a], u, referred_columns=[id])], check_constraints=[CheckConstraint(ck, columns=[a], <a IN
   (1, 2)|a>)]))
CREATE VIRTUAL TABLE search USING fts5(title, body)
-> CreateTable(Table(search, is_open, are_keys_told=False))
CREATE TABLE t AS SELECT * FROM u
-> CreateTable(Table(t, is_open))
CREATE TABLE "_alembic_tmp_t" (id INTEGER NOT NULL, created DATETIME DEFAULT (CURRENT_TIMESTAMP), CONSTRAINT pk
   PRIMARY KEY (id))
-> CreateTable(Table(_alembic_tmp_t, columns=[id INTEGER NOT NULL is_serial, created DATETIME
   default=<(CURRENT_TIMESTAMP)|current_timestamp()>], primary_key=PrimaryKey(pk, columns=[id])))
DROP TABLE IF EXISTS "t"
-> DropTable(t, if_exists)

# Changes

ALTER TABLE t ADD COLUMN a INTEGER NOT NULL DEFAULT 0 REFERENCES u (id)
-> AddColumn(t, a INTEGER NOT NULL default=0, constraints=[ForeignKey(None, columns=[a], u, referred_columns=[id],
   is_inline)], inline_references)
ALTER TABLE t RENAME TO "u"
-> RenameTable(t, u)
ALTER TABLE t RENAME COLUMN a TO b
-> RenameColumn(t, a, b)
ALTER TABLE t RENAME a TO b
-> RenameColumn(t, a, b)
ALTER TABLE t DROP COLUMN a
-> DropColumn(t, a)
CREATE UNIQUE INDEX IF NOT EXISTS main.ix ON t (a COLLATE NOCASE DESC, lower(b)) WHERE c IS NOT NULL
-> CreateIndex(t, Index(ix, [a COLLATE NOCASE DESC, <lower(b)|b lower()>], unique,
   where=<c IS NOT NULL|c>), if_not_exists)
DROP INDEX IF EXISTS ix
-> DropIndex(ix, if_exists)
CREATE VIEW IF NOT EXISTS v AS SELECT * FROM t
-> CreateView(View(v, tables=[t]), if_not_exists)
DROP VIEW v
-> DropView(v)

# Rows

INSERT OR REPLACE INTO t (a) VALUES (1)
-> Insert(t, rows=[[[a, 1]]], skips_present)
REPLACE INTO t VALUES (1)
-> Insert(t, skips_present)
UPDATE OR IGNORE t SET a = 1 WHERE b = 'x'
-> Update(t, columns=[a], where=<b = 'x'|b>)
DELETE FROM t WHERE rowid IN (SELECT rowid FROM u)
-> Delete(t, where=<rowid IN (SELECT rowid FROM u)|rowid>)

# The rest

PRAGMA foreign_keys = OFF
-> SetParameter(foreign_keys, OFF)
PRAGMA foreign_keys
-> RawSql(PRAGMA)
PRAGMA main.table_info('t')
-> RawSql(PRAGMA)
CREATE TRIGGER tr AFTER UPDATE OF a ON t FOR EACH ROW WHEN NEW.a IS NOT OLD.a BEGIN UPDATE t SET b = CASE WHEN 1 THEN
   2 ELSE 3 END WHERE id = NEW.id; DELETE FROM u; END; SELECT 1
-> RawSql(CREATE TRIGGER, tables=[t])
-> RawSql(SELECT)
DROP TRIGGER tr
-> RawSql(DROP TRIGGER)
VACUUM
-> RawSql(VACUUM)
ATTACH DATABASE 'x' AS y
-> RawSql(ATTACH)

# The rowid

CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))
-> CreateTable(Table(t, columns=[id INTEGER NOT NULL is_serial], primary_key=PrimaryKey(None, columns=[id])))
CREATE TABLE t (id INTEGER PRIMARY KEY) WITHOUT ROWID
-> CreateTable(Table(t, columns=[id INTEGER NOT NULL], primary_key=PrimaryKey(None, columns=[id])))
CREATE TABLE t (id INT PRIMARY KEY)
-> CreateTable(Table(t, columns=[id INT NOT NULL], primary_key=PrimaryKey(None, columns=[id])))
"""


@pytest.mark.parametrize(("sql", "expected"), cases(TABLE))
def test_statement(sql: str, expected: list[str]) -> None:
    assert describe_sql(sql, "sqlite") == expected
