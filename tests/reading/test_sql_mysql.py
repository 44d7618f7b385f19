"""Raw SQL of MySQL and the operations it becomes."""

import pytest

from tests.reading.sql_describe import cases, describe_sql

TABLE = r"""
# Tables

CREATE TABLE `t` (`id` int unsigned NOT NULL AUTO_INCREMENT, name varchar(50) CHARACTER SET utf8mb4 COLLATE
   utf8mb4_bin DEFAULT 'x' COMMENT 'its name', PRIMARY KEY (`id`), UNIQUE KEY `uq` (`name`(10)), KEY `ix` (name DESC)
   USING BTREE, FULLTEXT KEY ft (name), CONSTRAINT `fk` FOREIGN KEY (a) REFERENCES b (id) ON DELETE CASCADE)
   ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='things'
-> CreateTable(Table(t, columns=[id INTEGER UNSIGNED NOT NULL is_serial, name VARCHAR(50) default='x' comment=its
   name collation=utf8mb4_bin], primary_key=PrimaryKey(None, columns=[id]), foreign_keys=[ForeignKey(fk, columns=[a], b,
   referred_columns=[id], ondelete=CASCADE)], unique_constraints=[UniqueConstraint(uq, columns=[name])],
   indexes=[Index(ix, [name DESC]), Index(ft, [name], method=fulltext)], comment=things))
CREATE TABLE t (at timestamp DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, kind enum('a', 'b') NOT NULL, ok
   tinyint(1), total decimal(10, 2) AS (a * b) STORED, u int REFERENCES x (id), INDEX (kind), CHECK (ok > 0))
-> CreateTable(Table(t, columns=[at TIMESTAMP
   default=<CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP|current_timestamp()>,
   kind ENUM('a', 'b') NOT
   NULL, ok TINYINT(1), total DECIMAL(10, 2) computed=<a * b|a b> is_stored, u INTEGER],
   check_constraints=[CheckConstraint(None, columns=[ok], <ok > 0|ok>)], indexes=[Index(None, [kind])]))
CREATE TABLE a LIKE b
-> CreateTable(Table(a, is_open, are_keys_told=False))
CREATE TABLE IF NOT EXISTS db.t (id bigint PRIMARY KEY, `key` int, data json DEFAULT (json_object()))
-> CreateTable(Table(db.t, columns=[id BIGINT NOT NULL, key INTEGER, data JSON
   default=<(json_object())|json_object()>], primary_key=PrimaryKey(None, columns=[id])), if_not_exists)
CREATE TABLE t (id int) PARTITION BY HASH (id) PARTITIONS 4
-> CreateTable(Table(t, columns=[id INTEGER], is_partitioned, partition_by=HASH (id) PARTITIONS 4))
CREATE TEMPORARY TABLE t (id int)
-> RawSql(CREATE TEMPORARY TABLE, tables=[t])
DROP TABLE IF EXISTS `a`, `b`
-> DropTable(a, if_exists)
-> DropTable(b, if_exists)
RENAME TABLE a TO b, c TO db.d
-> RenameTable(a, b)
-> RenameTable(c, db.d)

# Columns

ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0 AFTER b, ADD c text FIRST, ALGORITHM=INPLACE, LOCK=NONE
-> AddColumn(t, a INTEGER NOT NULL default=0)
-> AddColumn(t, c TEXT)
ALTER TABLE t ADD COLUMN (a int, b varchar(5) NOT NULL)
-> AddColumn(t, a INTEGER)
-> AddColumn(t, b VARCHAR(5) NOT NULL)
ALTER TABLE t MODIFY COLUMN a varchar(20) NOT NULL DEFAULT 'x' COMMENT 'c' AFTER b
-> AlterColumn(t, a, modify_type=VARCHAR(20), modify_nullable=False, modify_default='x', modify_comment=c, redefines)
ALTER TABLE t MODIFY a bigint UNIQUE
-> AlterColumn(t, a, modify_type=BIGINT, modify_nullable, modify_default=None, modify_comment=None, redefines)
-> AddConstraint(t, UniqueConstraint(None, columns=[a]))
ALTER TABLE t CHANGE a b bigint NULL, CHANGE COLUMN c c int NOT NULL
-> RenameColumn(t, a, b)
-> AlterColumn(t, b, modify_type=BIGINT, modify_nullable, modify_default=None, modify_comment=None, redefines)
-> AlterColumn(t, c, modify_type=INTEGER, modify_nullable=False, modify_default=None, modify_comment=None, redefines)
ALTER TABLE t ALTER COLUMN a SET DEFAULT 5, ALTER b DROP DEFAULT, ALTER COLUMN c SET INVISIBLE
-> AlterColumn(t, a, modify_default=5)
-> AlterColumn(t, b, modify_default=None)
-> RawSql(ALTER TABLE ALTER COLUMN SET INVISIBLE, tables=[t])
ALTER TABLE t RENAME COLUMN a TO b
-> RenameColumn(t, a, b)
ALTER TABLE t DROP COLUMN a, DROP b
-> DropColumn(t, a)
-> DropColumn(t, b)

# Constraints and indexes

ALTER TABLE t ADD INDEX ix (a, b DESC), ADD UNIQUE INDEX uq (c), ADD FULLTEXT INDEX ft (d), ADD KEY (e)
-> CreateIndex(t, Index(ix, [a, b DESC]))
-> AddConstraint(t, UniqueConstraint(uq, columns=[c]))
-> CreateIndex(t, Index(ft, [d], method=fulltext))
-> CreateIndex(t, Index(None, [e]))
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY fk_ix (a) REFERENCES b (id) ON UPDATE CASCADE, ADD PRIMARY KEY (id)
-> AddConstraint(t, ForeignKey(fk, columns=[a], b, referred_columns=[id], onupdate=CASCADE))
-> AddConstraint(t, PrimaryKey(None, columns=[id]))
ALTER TABLE t ADD CONSTRAINT CHECK (a > 0)
-> AddConstraint(t, CheckConstraint(None, columns=[a], <a > 0|a>))
ALTER TABLE t DROP PRIMARY KEY, DROP FOREIGN KEY fk, DROP INDEX ix, DROP KEY ix2, DROP CHECK ck, DROP CONSTRAINT c
-> DropConstraint(t, PRIMARY, kind=primary)
-> DropConstraint(t, fk, kind=foreignkey)
-> DropIndex(ix, table=t)
-> DropIndex(ix2, table=t)
-> DropConstraint(t, ck, kind=check)
-> DropConstraint(t, c)
ALTER TABLE t RENAME INDEX a TO b, RENAME TO u
-> RenameIndex(a, b)
-> RenameTable(t, u)
CREATE UNIQUE INDEX ix ON t (a(20), (lower(b))) ALGORITHM=INPLACE LOCK=NONE
-> CreateIndex(t, Index(ix, [a (20), <lower(b)|b lower()>], unique))
CREATE FULLTEXT INDEX ft ON t (a) WITH PARSER ngram
-> CreateIndex(t, Index(ft, [a], method=fulltext))
DROP INDEX ix ON t
-> DropIndex(ix, table=t)

# Other actions

ALTER TABLE t ENGINE=InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
-> RawSql(ALTER TABLE ENGINE, tables=[t])
-> RawSql(ALTER TABLE CONVERT TO CHARACTER SET, tables=[t])
ALTER TABLE t ORDER BY a, b
-> RawSql(ALTER TABLE ORDER BY, tables=[t])
ALTER TABLE t ADD PARTITION (PARTITION p VALUES LESS THAN (5)), DROP PARTITION q
-> RawSql(ALTER TABLE ADD PARTITION, tables=[t])
-> RawSql(ALTER TABLE DROP PARTITION, tables=[t])

# Rows

INSERT IGNORE INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2
-> Insert(t, rows=[[[a, 1]]], skips_present)
INSERT t SET a = 1
-> Insert(t)
REPLACE INTO t VALUES (1)
-> Insert(t, skips_present)
UPDATE t JOIN u ON t.id = u.id SET u.a = 1, u.b = t.b WHERE t.c = "x" LIMIT 5
-> Update(u, columns=[a, b], where=<t.c = "x"|c>)
UPDATE IGNORE a x, b y SET y.c = 1
-> Update(b, columns=[c])
DELETE x FROM t x JOIN u ON x.id = u.id WHERE u.k = 5
-> Delete(t, where=<u.k = 5|k>)
DELETE FROM t WHERE a = 1 ORDER BY b LIMIT 10
-> Delete(t, where=<a = 1|a>)

# The rest

SET FOREIGN_KEY_CHECKS = 0
-> SetParameter(foreign_key_checks, 0)
SET SESSION sql_mode = 'ANSI', @@global.max_connections = 5, @x := 1
-> SetParameter(sql_mode, ANSI)
-> SetParameter(max_connections, 5)
-> SetParameter(@x, 1)
SET NAMES utf8mb4
-> SetParameter(client_encoding, utf8mb4)
LOCK TABLES a READ, b AS x WRITE
-> RawSql(LOCK TABLE, tables=[a, b])
UNLOCK TABLES
-> RawSql(UNLOCK TABLES)
CREATE DEFINER=`root`@`localhost` TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.a THEN SET NEW.b = 1; END
   IF; UPDATE u SET c = 1; END
-> RawSql(CREATE TRIGGER, tables=[t])
CREATE PROCEDURE p() BEGIN CASE x WHEN 1 THEN SELECT 1; END CASE; SELECT 2; END; SELECT 3
-> RawSql(CREATE PROCEDURE)
-> RawSql(SELECT)
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v AS SELECT * FROM t
-> CreateView(View(v, tables=[t]))
OPTIMIZE TABLE t
-> RawSql(OPTIMIZE TABLE, tables=[t])
ALTER DATABASE db CHARACTER SET utf8mb4
-> RawSql(ALTER DATABASE)

# Clauses after constraints of columns

CREATE TABLE t (a timestamp NOT NULL ON UPDATE CURRENT_TIMESTAMP COMMENT 'x', b int UNIQUE COMMENT 'y', c point NOT
   NULL SRID 4326, d int PRIMARY KEY COMMENT 'k')
-> CreateTable(Table(t, columns=[a TIMESTAMP NOT NULL comment=x, b INTEGER comment=y, c POINT NOT NULL, d INTEGER NOT
   NULL comment=k], primary_key=PrimaryKey(None, columns=[d]), unique_constraints=[UniqueConstraint(None,
   columns=[b])]))
"""


@pytest.mark.parametrize(("sql", "expected"), cases(TABLE))
def test_statement(sql: str, expected: list[str]) -> None:
    assert describe_sql(sql, "mysql") == expected
