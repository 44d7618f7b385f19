"""Raw SQL of PostgreSQL and the operations it becomes."""

import pytest

from tests.reading.sql_describe import cases, describe_sql

TABLE = r"""
# Tables

CREATE TABLE t (id serial PRIMARY KEY, name varchar(50) NOT NULL DEFAULT 'x', at timestamptz DEFAULT now() NOT NULL)
-> CreateTable(Table(t, columns=[id INTEGER NOT NULL is_serial, name VARCHAR(50) NOT NULL default='x', at TIMESTAMP
   WITH TIME ZONE NOT NULL default=<now()|now()>], primary_key=PrimaryKey(None, columns=[id])))
CREATE TABLE IF NOT EXISTS public."Users" ("Id" bigint GENERATED ALWAYS AS IDENTITY (START 5), Email text COLLATE "C"
   UNIQUE)
-> CreateTable(Table(Users, columns=[Id BIGINT NOT NULL is_identity is_always_identity, email TEXT collation=C],
   unique_constraints=[UniqueConstraint(None, columns=[email])]), if_not_exists)
CREATE TABLE app.t (a int REFERENCES b, c int CONSTRAINT fk REFERENCES app.d (id) ON DELETE SET NULL ON UPDATE CASCADE
   DEFERRABLE INITIALLY DEFERRED)
-> CreateTable(Table(app.t, columns=[a INTEGER, c INTEGER], foreign_keys=[ForeignKey(None, columns=[a], b),
   ForeignKey(fk, columns=[c], app.d, referred_columns=[id], ondelete=SET NULL, onupdate=CASCADE, deferrable,
   initially_deferred)]))
CREATE TABLE t (a int, b int, CONSTRAINT pk PRIMARY KEY (a, b) INCLUDE (c), UNIQUE NULLS NOT DISTINCT (b), CHECK (a >
   0 AND lower(b) <> ''), CONSTRAINT fk FOREIGN KEY (a) REFERENCES x (id) MATCH FULL ON DELETE CASCADE)
-> CreateTable(Table(t, columns=[a INTEGER NOT NULL, b INTEGER NOT NULL], primary_key=PrimaryKey(pk, columns=[a, b]),
   foreign_keys=[ForeignKey(fk, columns=[a], x, referred_columns=[id], ondelete=CASCADE)],
   unique_constraints=[UniqueConstraint(None, columns=[b], nulls_not_distinct)],
   check_constraints=[CheckConstraint(None, columns=[a, b], <a > 0 AND lower(b) <> ''|a b lower()>)]))
CREATE TABLE t (values json, id int)
-> CreateTable(Table(t, columns=[values JSON, id INTEGER]))
CREATE TABLE t (r tsrange, room int, EXCLUDE USING gist (room WITH =, r WITH &&) WHERE (room > 1))
-> CreateTable(Table(t, columns=[r TSRANGE, room INTEGER], exclusion_constraints=[ExclusionConstraint(None,
   columns=[room, r])]))
CREATE TABLE t (a int CHECK (a > 0) NO INHERIT CONSTRAINT nn NOT NULL, total numeric(10, 2) GENERATED ALWAYS AS (price
   * qty) STORED)
-> CreateTable(Table(t, columns=[a INTEGER NOT NULL, total NUMERIC(10, 2) computed=<price * qty|price qty> is_stored],
   check_constraints=[CheckConstraint(None, columns=[a], <a > 0|a>, no_inherit)]))
CREATE TABLE t (id int, at date) PARTITION BY RANGE (at)
-> CreateTable(Table(t, columns=[id INTEGER, at DATE], is_partitioned, partition_by=RANGE (at)))
CREATE TABLE t_2024 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
-> CreateTable(Table(t_2024, is_open, are_keys_told=False, partition_of=t,
   partition_bound=FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')))
CREATE TABLE t () INHERITS (a, b)
-> CreateTable(Table(t, is_open, inherits=[a, b]))
CREATE TABLE t (LIKE other INCLUDING ALL, extra int)
-> CreateTable(Table(t, columns=[extra INTEGER], is_open, are_keys_told=False), likes=[Like(other,
   including=[COMMENTS, CONSTRAINTS, DEFAULTS, GENERATED, IDENTITY, INDEXES])])
CREATE TABLE t AS SELECT * FROM other WITH NO DATA
-> CreateTable(Table(t, is_open))
CREATE UNLOGGED TABLE t (id int) WITH (fillfactor = 70) TABLESPACE fast
-> CreateTable(Table(t, columns=[id INTEGER], is_unlogged))
CREATE TABLE t (tags text[] DEFAULT '{}'::text[], m int [3][3], n integer ARRAY, s public.status DEFAULT
   'a'::public.status, d double precision DEFAULT -1.5)
-> CreateTable(Table(t, columns=[tags TEXT[] default='{}'::text[], m INTEGER[], n INTEGER[], s status
   default='a'::public.status, d DOUBLE PRECISION default=-1.5]))
CREATE TABLE t (d text DEFAULT '-'::character varying NOT NULL, e timestamp DEFAULT (now() AT TIME ZONE 'utc'), f
   char(3) DEFAULT NULL, g interval day to second)
-> CreateTable(Table(t, columns=[d TEXT NOT NULL default='-'::character varying, e TIMESTAMP WITHOUT TIME ZONE
   default=<(now() AT TIME ZONE 'utc')|now()>, f CHAR(3) default=NULL, g INTERVAL DAY TO SECOND]))
CREATE TABLE t (CONSTRAINT nn NOT NULL a, a int)
-> CreateTable(Table(t, columns=[a INTEGER NOT NULL]))
CREATE TEMP TABLE t AS SELECT * FROM other
-> RawSql(CREATE TEMPORARY TABLE, tables=[t])
SELECT a, b INTO archive FROM t
-> CreateTable(Table(archive, is_open))
DROP TABLE a, app.b CASCADE
-> DropTable(a, cascade)
-> DropTable(app.b, cascade)
DROP TABLE IF EXISTS a
-> DropTable(a, if_exists)

# Columns

ALTER TABLE t ADD COLUMN note text
-> AddColumn(t, note TEXT)
ALTER TABLE ONLY t ADD IF NOT EXISTS c int NOT NULL DEFAULT 0, DROP COLUMN IF EXISTS d CASCADE, ALTER e DROP NOT NULL
-> AddColumn(t, only, c INTEGER NOT NULL default=0, if_not_exists)
-> DropColumn(t, only, d, if_exists, cascade)
-> AlterColumn(t, only, e, modify_nullable)
ALTER TABLE t ADD COLUMN user_id int NOT NULL CONSTRAINT fk REFERENCES users (id) ON DELETE CASCADE
-> AddColumn(t, user_id INTEGER NOT NULL, constraints=[ForeignKey(fk, columns=[user_id], users, referred_columns=[id],
   ondelete=CASCADE)], inline_references)
ALTER TABLE t ADD c bigserial, ADD d int GENERATED BY DEFAULT AS IDENTITY, ADD e int UNIQUE CHECK (e > 0)
-> AddColumn(t, c BIGINT NOT NULL is_serial)
-> AddColumn(t, d INTEGER NOT NULL is_identity)
-> AddColumn(t, e INTEGER, constraints=[UniqueConstraint(None, columns=[e]), CheckConstraint(None, columns=[e], <e >
   0|e>)])
ALTER TABLE t ALTER COLUMN a TYPE bigint USING a::bigint, ALTER b SET DATA TYPE varchar(20) COLLATE "C"
-> AlterColumn(t, a, modify_type=BIGINT, using=<a::bigint|a>)
-> AlterColumn(t, b, modify_type=VARCHAR(20), collation=C)
ALTER TABLE t ALTER a SET DEFAULT now(), ALTER b SET DEFAULT 'x'::text, ALTER c DROP DEFAULT, ALTER d SET NOT NULL
-> AlterColumn(t, a, modify_default=<now()|now()>)
-> AlterColumn(t, b, modify_default='x'::text)
-> AlterColumn(t, c, modify_default=None)
-> AlterColumn(t, d, modify_nullable=False)
ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY, ALTER b DROP IDENTITY IF EXISTS, ALTER c DROP EXPRESSION,
   ALTER d SET EXPRESSION AS (a + 1)
-> AlterColumn(t, a, modify_identity, is_always_identity)
-> AlterColumn(t, b, modify_identity=False)
-> AlterColumn(t, c, modify_computed=None)
-> AlterColumn(t, d, modify_computed=<a + 1|a>)
ALTER TABLE t ALTER a SET STATISTICS 100, ALTER a SET STORAGE external, ALTER a SET (n_distinct = 5)
-> RawSql(ALTER TABLE ALTER COLUMN SET STATISTICS, tables=[t])
-> RawSql(ALTER TABLE ALTER COLUMN SET STORAGE, tables=[t])
-> RawSql(ALTER TABLE ALTER COLUMN SET, tables=[t])
ALTER TABLE t RENAME COLUMN a TO b
-> RenameColumn(t, a, b)
ALTER TABLE t RENAME a TO "B"
-> RenameColumn(t, a, B)
ALTER TABLE t RENAME TO u
-> RenameTable(t, u)
ALTER TABLE app.t RENAME TO u
-> RenameTable(app.t, app.u)
ALTER TABLE t SET SCHEMA archive
-> RenameTable(t, archive.t)
ALTER TABLE archive.t SET SCHEMA public
-> RenameTable(archive.t, t)
COMMENT ON COLUMN app.t.a IS 'what it is'
-> AlterColumn(app.t, a, modify_comment=what it is)
COMMENT ON COLUMN t.a IS NULL
-> AlterColumn(t, a, modify_comment=None)

# Constraints

ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES b (id) NOT VALID
-> AddConstraint(t, ForeignKey(fk, columns=[a], not_valid, b, referred_columns=[id]))
ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES app.c
-> AddConstraint(t, ForeignKey(None, columns=[a, b], app.c))
ALTER TABLE t ADD CONSTRAINT ck CHECK (a IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT ck
-> AddConstraint(t, CheckConstraint(ck, columns=[a], not_valid, <a IS NOT NULL|a>))
-> ValidateConstraint(t, ck)
ALTER TABLE t ADD CONSTRAINT uq UNIQUE USING INDEX uq_idx DEFERRABLE
-> AddConstraint(t, UniqueConstraint(uq, deferrable), using_index=uq_idx)
ALTER TABLE t ADD PRIMARY KEY (id), ADD UNIQUE (a, b)
-> AddConstraint(t, PrimaryKey(None, columns=[id]))
-> AddConstraint(t, UniqueConstraint(None, columns=[a, b]))
ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (a WITH =)
-> AddConstraint(t, ExclusionConstraint(ex, columns=[a]))
ALTER TABLE t ADD CONSTRAINT nn NOT NULL a
-> AlterColumn(t, a, modify_nullable=False)
ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID
-> AddNotNull(t, a, name=nn)
ALTER TABLE t DROP CONSTRAINT IF EXISTS ck CASCADE
-> DropConstraint(t, ck, if_exists, cascade)
ALTER TABLE t RENAME CONSTRAINT a TO b
-> RenameConstraint(t, a, b)
ALTER TABLE t ALTER CONSTRAINT fk DEFERRABLE
-> RawSql(ALTER TABLE ALTER CONSTRAINT, tables=[t])

# Other actions

ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES IN (1, 2)
-> AttachPartition(t, t_1, bound=FOR VALUES IN (1, 2))
ALTER TABLE t DETACH PARTITION t_1 CONCURRENTLY
-> DetachPartition(t, t_1, concurrently)
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY
-> RawSql(ALTER TABLE ENABLE ROW LEVEL SECURITY, tables=[t])
-> RawSql(ALTER TABLE FORCE ROW LEVEL SECURITY, tables=[t])
ALTER TABLE t OWNER TO app, SET (fillfactor = 70), SET LOGGED
-> RawSql(ALTER TABLE OWNER TO, tables=[t])
-> RawSql(ALTER TABLE SET, tables=[t])
-> RawSql(ALTER TABLE SET LOGGED, tables=[t])
ALTER TABLE t INHERIT parent
-> RawSql(ALTER TABLE INHERIT, tables=[t, parent])
ALTER TABLE t FROBNICATE, ADD b int
-> Opaque(ALTER TABLE: not understood from 'FROBNICATE' on, tables=[t])
-> AddColumn(t, b INTEGER)

# Indexes

CREATE INDEX ix ON t (a, b DESC NULLS LAST)
-> CreateIndex(t, Index(ix, [a, b DESC NULLS LAST]))
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON app.t USING gin (lower(a) gin_trgm_ops, (b ->> 'k')) INCLUDE (c,
   d) WITH (fastupdate = off) WHERE deleted_at IS NULL
-> CreateIndex(app.t, Index(ix, [<lower(a)|a lower()> gin_trgm_ops, <b ->> 'k'|b>], unique,
   where=<deleted_at IS NULL|deleted_at>,
   method=gin, include=[c, d]), concurrently, if_not_exists)
CREATE INDEX ON ONLY t (pg_catalog.lower(a), b COLLATE "C" text_pattern_ops) NULLS NOT DISTINCT
-> CreateIndex(t, only, Index(None, [<pg_catalog.lower(a)|a lower()>, b COLLATE C text_pattern_ops],
   nulls_not_distinct))
DROP INDEX a, app.b
-> DropIndex(a)
-> DropIndex(app.b)
DROP INDEX CONCURRENTLY IF EXISTS ix
-> DropIndex(ix, concurrently, if_exists)
ALTER INDEX IF EXISTS app.ix RENAME TO ix2
-> RenameIndex(app.ix, ix2, if_exists)
ALTER INDEX ix SET (fillfactor = 70)
-> RawSql(ALTER INDEX SET)
REINDEX (CONCURRENTLY) TABLE t
-> RawSql(REINDEX TABLE CONCURRENTLY, tables=[t])

# Types

CREATE TYPE status AS ENUM ('a', 'it''s')
-> CreateEnum(EnumType(status, [a, it's]))
CREATE TYPE status AS ENUM ()
-> CreateEnum(EnumType(status, []))
CREATE TYPE pair AS (x int, y int)
-> RawSql(CREATE TYPE)
ALTER TYPE status ADD VALUE IF NOT EXISTS 'c' BEFORE 'b'
-> AddEnumValue(status, c, before=b, if_not_exists)
ALTER TYPE app.status ADD VALUE 'c' AFTER 'b'
-> AddEnumValue(app.status, c, after=b)
ALTER TYPE status RENAME VALUE 'a' TO 'b'
-> RenameEnumValue(status, a, b)
ALTER TYPE app.status RENAME TO status_old
-> RenameType(app.status, app.status_old)
ALTER TYPE status OWNER TO app
-> RawSql(ALTER TYPE OWNER TO)
DROP TYPE IF EXISTS a, b CASCADE
-> DropType(a, if_exists, cascade)
-> DropType(b, if_exists, cascade)
CREATE DOMAIN posint AS int CHECK (VALUE > 0)
-> RawSql(CREATE DOMAIN)

# Views and sequences

CREATE OR REPLACE VIEW v AS SELECT * FROM a JOIN app.b USING (id) WITH CHECK OPTION
-> CreateView(View(v, tables=[a, app.b]), replace)
CREATE MATERIALIZED VIEW IF NOT EXISTS v AS WITH x AS (SELECT * FROM a) SELECT * FROM x, (SELECT 1 FROM b) y WITH NO
   DATA
-> CreateView(View(v, is_materialized, tables=[b, a]), if_not_exists, with_data=False)
CREATE VIEW v (a, b) WITH (security_barrier) AS SELECT f.x FROM generate_series(1, 2) f (x), c
-> CreateView(View(v, tables=[c]))
DROP VIEW IF EXISTS a, b CASCADE
-> DropView(a, if_exists, cascade)
-> DropView(b, if_exists, cascade)
DROP MATERIALIZED VIEW v
-> DropView(v, is_materialized)
ALTER VIEW v RENAME TO w
-> RawSql(ALTER VIEW RENAME TO)
REFRESH MATERIALIZED VIEW CONCURRENTLY v
-> RawSql(REFRESH MATERIALIZED VIEW CONCURRENTLY, tables=[v])
CREATE SEQUENCE IF NOT EXISTS app.s START 5 OWNED BY app.t.id
-> CreateSequence(Sequence(app.s, owned_by=[app.t, id]), if_not_exists)
CREATE SEQUENCE s OWNED BY NONE
-> CreateSequence(Sequence(s))
ALTER SEQUENCE s OWNED BY t.id
-> RawSql(ALTER SEQUENCE OWNED BY, tables=[t])
DROP SEQUENCE IF EXISTS a, b
-> DropSequence(a, if_exists)
-> DropSequence(b, if_exists)

# Rows

INSERT INTO t (a) SELECT a FROM b ON CONFLICT DO NOTHING
-> Insert(t, source=b, skips_present)
UPDATE ONLY t AS x SET a = 1, (b, c) = (2, 3) FROM u WHERE x.id = u.id AND lower(u.k) = 'v' RETURNING *
-> Update(t, only, columns=[a, b, c], where=<x.id = u.id AND lower(u.k) = 'v'|id k lower()>)
UPDATE t SET a = NULL
-> Update(t, columns=[a])
DELETE FROM app.t USING u WHERE t.id = u.id
-> Delete(app.t, where=<t.id = u.id|id>)
DELETE FROM t
-> Delete(t)
WITH gone AS (DELETE FROM a WHERE x < 5 RETURNING *), n AS (SELECT 1) INSERT INTO b SELECT * FROM gone
-> Delete(a, where=<x < 5|x>)
-> Insert(b)
WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT * FROM y) UPDATE t SET a = (SELECT 1 FROM x)
-> Update(t, columns=[a])
SELECT a FROM b WHERE EXISTS (SELECT 1 FROM app.c) AND d IN (SELECT 2 FROM public.e)
-> RawSql(SELECT, tables=[b, app.c, e])
SELECT setval('s', (SELECT max(id) FROM t))
-> RawSql(SELECT, tables=[t])
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE
-> RawSql(MERGE, tables=[t, s])
TRUNCATE a, ONLY b CASCADE
-> RawSql(TRUNCATE, tables=[a, b])
COPY t (a) FROM '/x'
-> RawSql(COPY, tables=[t])

# Settings

SET lock_timeout = '5s'
-> SetParameter(lock_timeout, 5s)
SET LOCAL statement_timeout TO 0
-> SetParameter(statement_timeout, 0, is_local)
SET SESSION app.tenant = 'x'
-> SetParameter(app.tenant, x)
SET search_path TO app, public
-> SetParameter(search_path, app, public)
SET TIME ZONE 'UTC'
-> SetParameter(timezone, UTC)
SELECT pg_catalog.set_config('search_path', '', false)
-> SetParameter(search_path, )
RESET lock_timeout
-> SetParameter(lock_timeout, DEFAULT)
RESET ALL
-> SetParameter(all, DEFAULT)
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
-> RawSql(SET TRANSACTION)
SET CONSTRAINTS ALL DEFERRED
-> RawSql(SET CONSTRAINTS)

# The rest

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public
-> RawSql(CREATE EXTENSION)
CREATE OR REPLACE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE t SET a = 1; RETURN NEW; END $$ LANGUAGE plpgsql
-> RawSql(CREATE FUNCTION)
CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON t FROM u DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()
-> RawSql(CREATE TRIGGER, tables=[t, u])
CREATE POLICY p ON t USING (a > 0)
-> RawSql(CREATE POLICY, tables=[t])
CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING
-> RawSql(CREATE RULE, tables=[t])
CREATE STATISTICS s ON a, b FROM t
-> RawSql(CREATE STATISTICS, tables=[t])
COMMENT ON TABLE app.t IS 'x'
-> RawSql(COMMENT ON TABLE, tables=[app.t])
COMMENT ON INDEX ix IS 'x'
-> RawSql(COMMENT ON INDEX)
GRANT SELECT, UPDATE (a) ON TABLE t, u TO app
-> RawSql(GRANT, tables=[t, u])
GRANT USAGE ON SCHEMA app TO x
-> RawSql(GRANT)
REVOKE ALL ON ALL TABLES IN SCHEMA app FROM x
-> RawSql(REVOKE)
LOCK TABLE a, b IN SHARE MODE NOWAIT
-> RawSql(LOCK TABLE, tables=[a, b])
VACUUM (FULL, ANALYZE) t (a), u
-> RawSql(VACUUM FULL, tables=[t, u])
VACUUM ANALYZE t
-> RawSql(VACUUM, tables=[t])
ANALYZE
-> RawSql(ANALYZE)
CLUSTER t USING ix
-> RawSql(CLUSTER, tables=[t])
COMMIT
-> RawSql(COMMIT)
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO x
-> RawSql(ALTER DEFAULT PRIVILEGES)

# Blocks

DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$
-> RawSql(DO)
-> CreateEnum(is_tolerated, EnumType(mood, [a]))
DO $$ DECLARE n int := 1; BEGIN IF NOT EXISTS (SELECT 1 FROM x) THEN ALTER TABLE t ADD a int; ELSE DROP TABLE u; END
   IF; UPDATE t SET a = 1; END $$ LANGUAGE plpgsql
-> RawSql(DO)
-> AddColumn(condition=NOT EXISTS (SELECT 1 FROM x), t, a INTEGER)
-> DropTable(condition=NOT (NOT EXISTS (SELECT 1 FROM x)), u)
-> Update(t, columns=[a])
DO $$ BEGIN EXECUTE 'DROP TABLE t'; EXECUTE format('DROP TABLE %I', x); END $$
-> RawSql(DO)
-> DropTable(t)
-> Opaque(DO: EXECUTE runs a statement that is computed)
DO $$ BEGIN FOR r IN SELECT 1 LOOP DROP TABLE t; END LOOP; END $$
-> RawSql(DO)
-> Opaque(DO: what follows FOR is not read)
"""

NOT_SQL = frozenset({"ALTER TABLE t FROBNICATE, ADD b int"})
"""What PostgreSQL would refuse."""


@pytest.mark.parametrize(("sql", "expected"), cases(TABLE))
def test_statement(sql: str, expected: list[str]) -> None:
    assert describe_sql(sql, "postgresql") == expected
