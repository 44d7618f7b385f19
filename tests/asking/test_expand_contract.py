"""A type change step by step: the schema is the same at head, nobody waits, and PostgreSQL has the same catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict

from migrate_guard.model.finding import Report
from migrate_guard.model.target import Target
from tests.checking import check
from tests.conftest import INI, script
from tests.servers import PostgresServer, postgresql
from tests.test_help import blocking, mended, schema_at_head

CODE = "MG308"
ENV = """\
from alembic import context
from sqlalchemy import create_engine

url = context.config.get_main_option("sqlalchemy.url")
engine = create_engine(url, connect_args={"options": "-c lock_timeout=5s"})
try:
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
"""


@dataclass(frozen=True)
class Case:
    """A table, a change of it, and what is to be done between the steps."""

    given: str
    change: str
    fill: str = ""
    """What fills the new column."""
    rows: str = ""
    """Rows that are there before."""
    row: str = ""
    """A row that comes afterwards."""


USERS = 'op.execute("CREATE TABLE users (id bigint PRIMARY KEY, name text)")\n'
ROWS = "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')"
ROW = "INSERT INTO t (a, b) VALUES (3, 'z')"
WIDER = "ALTER SEQUENCE t_a_seq AS bigint"
"""What the change alone leaves undone, and the recipe does."""
FILL = "UPDATE t SET a_new = a"
TO_BIGINT = 'op.alter_column("t", "a", type_=sa.BigInteger(), existing_type=sa.Integer())'


def table(columns: str, *more: str) -> str:
    statements = (f"CREATE TABLE t ({columns})", *more)
    return "".join(f"op.execute({each!r})\n" for each in statements)


CASES = {
    "nullable": Case(table("a int, b text"), TO_BIGINT, FILL, ROWS, ROW),
    "required with a default": Case(
        table("a int NOT NULL DEFAULT 7, b text"), TO_BIGINT, FILL, ROWS, "INSERT INTO t (b) VALUES ('z')"
    ),
    "indexes": Case(
        table(
            "a int, b text",
            "CREATE INDEX ix_partial ON t (b) WHERE a > 1",
            "CREATE INDEX ix_expression ON t (abs(a), b)",
            "CREATE UNIQUE INDEX ix_plain ON t (b, a DESC NULLS LAST)",
        ),
        TO_BIGINT,
        FILL,
        ROWS,
        ROW,
    ),
    "unique": Case(table("a int, b text, CONSTRAINT uq UNIQUE (b, a)"), TO_BIGINT, FILL, ROWS, ROW),
    "primary key": Case(table("a int PRIMARY KEY, b text"), TO_BIGINT, FILL, ROWS, ROW),
    "serial primary key": Case(
        table("a serial PRIMARY KEY, b text", WIDER),
        TO_BIGINT,
        FILL,
        "INSERT INTO t (b) VALUES ('x'), ('y')",
        "INSERT INTO t (b) VALUES ('z')",
    ),
    "identity": Case(
        table("a int GENERATED ALWAYS AS IDENTITY, b text, PRIMARY KEY (a)"),
        TO_BIGINT,
        FILL,
        "INSERT INTO t (b) VALUES ('x'), ('y')",
        "INSERT INTO t (b) VALUES ('z')",
    ),
    "default of a sequence": Case(
        table(
            "a int, b text",
            "CREATE SEQUENCE numbers OWNED BY t.a",
            "ALTER TABLE t ALTER a SET DEFAULT nextval('numbers')",
        ),
        TO_BIGINT,
        FILL,
        "INSERT INTO t (b) VALUES ('x'), ('y')",
        "INSERT INTO t (b) VALUES ('z')",
    ),
    "own foreign key": Case(
        USERS + table("a int, b text, CONSTRAINT fk FOREIGN KEY (a) REFERENCES users ON DELETE CASCADE"),
        TO_BIGINT,
        FILL,
        "INSERT INTO users SELECT generate_series(1, 9); " + ROWS,
        ROW,
    ),
    "foreign keys of others": Case(
        table(
            "a int PRIMARY KEY, b text, parent int REFERENCES t",
            "CREATE TABLE others (t_id int CONSTRAINT fk_others REFERENCES t (a) ON DELETE SET NULL)",
        ),
        TO_BIGINT,
        FILL,
        ROWS + "; INSERT INTO others VALUES (1), (2); UPDATE t SET parent = 1",
        ROW,
    ),
    "foreign key to itself": Case(
        table("a int UNIQUE, b text, CONSTRAINT fk FOREIGN KEY (a) REFERENCES t (a)"), TO_BIGINT, FILL, ROWS, ROW
    ),
    "key of two columns": Case(
        table(
            "a int, b text, PRIMARY KEY (a, b)",
            "CREATE TABLE others (a int, b text, FOREIGN KEY (a, b) REFERENCES t)",
        ),
        TO_BIGINT,
        FILL,
        ROWS + "; INSERT INTO others SELECT a, b FROM t",
        ROW,
    ),
    "checks": Case(
        table("a int, b text, CONSTRAINT positive CHECK (a > 0), CONSTRAINT long CHECK (length(b) <= a)"),
        TO_BIGINT,
        FILL,
        ROWS,
        ROW,
    ),
    "checks that are not valid": Case(
        table("a int, b text", "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 1) NOT VALID"),
        TO_BIGINT,
        FILL,
        "INSERT INTO t (a, b) VALUES (4, 'x')",
        ROW,
    ),
    "using": Case(
        table("a json NOT NULL, b text"),
        'op.execute("ALTER TABLE t ALTER a TYPE jsonb USING a::jsonb")',
        "UPDATE t SET a_new = a::jsonb",
        "INSERT INTO t VALUES ('[1]', 'x')",
        "INSERT INTO t (a, b) VALUES ('{}', 'z')",
    ),
    "renamed in one call": Case(
        table("a int NOT NULL, b text", "CREATE INDEX ix ON t (a)"),
        'op.alter_column("t", "a", new_column_name="c", type_=sa.BigInteger(), server_default="5")',
        "UPDATE t SET c_new = c",
        ROWS,
        "INSERT INTO t (b) VALUES ('z')",
    ),
    "names and a comment": Case(
        table(
            "a int CONSTRAINT t_a_key UNIQUE, a_new text, b text",
            "CREATE TABLE t_a_key_new ()",
            "CREATE INDEX i" + "x" * 61 + " ON t (a)",
            "COMMENT ON COLUMN t.a IS 'how many'",
        ),
        'with op.batch_alter_table("t") as batch_op:\n    batch_op.alter_column("a", type_=sa.BigInteger())',
        "UPDATE t SET a_new1 = a",
        ROWS,
        ROW,
    ),
    "names in quotes": Case(
        table(
            'b text, "order Id" serial CONSTRAINT "Uq" UNIQUE, CONSTRAINT "Ck" CHECK ("order Id" > 0)',
            'CREATE INDEX "Ix" ON t ((- "order Id")) WHERE "order Id" > 1',
            'ALTER SEQUENCE "t_order Id_seq" AS bigint',
        ),
        'op.alter_column("t", "order Id", type_=sa.BigInteger())',
        'UPDATE t SET "order Id_new" = "order Id"',
        "INSERT INTO t (b) VALUES ('x'), ('y')",
        "INSERT INTO t (b) VALUES ('z')",
    ),
    "two columns in one statement": Case(
        table("a int NOT NULL, b text, c int, CONSTRAINT uq UNIQUE (a, c)", "CREATE INDEX ix ON t (c) WHERE a > 0"),
        'op.execute("ALTER TABLE t ALTER a TYPE bigint, ALTER c TYPE bigint")',
        "UPDATE t SET a_new = a, c_new = c",
        ROWS,
        ROW,
    ),
    "an index that is built again": Case(
        table(
            "a varchar(9), b text, CONSTRAINT filled CHECK (a <> '')",
            "CREATE INDEX ix ON t (upper(a))",
            "CREATE INDEX plain ON t (a)",
        ),
        'op.alter_column("t", "a", type_=sa.String(20))',
        "",
        ROWS,
        ROW,
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("expand")) as running:
        yield running


@pytest.mark.parametrize("version", [12, 18])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nobody_waits_and_the_schema_is_the_same(
    case: Case, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target("postgresql", (version,))
    project = written(case, tmp_path / "project")
    monkeypatch.chdir(project)
    before, schema = codes(check(project, version=(version,))), schema_at_head(project, target)
    assert before[CODE] > 0
    after = codes(mended(project, target, CODE))
    assert not after[CODE]
    # that the copy of a unique column is unique is for the data to say
    assert not after - before - Counter({"MG409": after["MG409"]})
    assert schema_at_head(project, target) == schema
    assert not list(blocking(project, target))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_catalog_and_the_rows_are_the_same(
    case: Case, server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, recipe = written(case, tmp_path / "original"), written(case, tmp_path / "recipe")
    expected = upgraded(original, case, server, fill="")
    monkeypatch.chdir(recipe)
    mended(recipe, Target("postgresql", (server.version[0],)), CODE)
    assert upgraded(recipe, case, server, fill=case.fill) == expected


@pytest.mark.parametrize(
    "given",
    [
        table("a int, b text) PARTITION BY LIST (b"),
        table("a int, b text", "CREATE TABLE heir () INHERITS (t)"),
        table("a int, b text, CONSTRAINT ex EXCLUDE USING gist (a WITH =)"),
        "",
    ],
    ids=["partitioned", "inherited", "exclusion constraint", "not known whether it is nullable"],
)
def test_where_it_cannot_be_written_down_there_are_words_only(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written(Case(given or "pass", TO_BIGINT), tmp_path))
    (finding,) = (each for each in check(tmp_path).findings if each.code == CODE)
    assert finding.write is None
    assert finding.help is not None
    assert finding.help.startswith("Add a column of the new type")


def test_what_was_made_elsewhere_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = 'op.alter_column("t", "a", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=True)'
    monkeypatch.chdir(written(Case("pass", change), tmp_path))
    (finding,) = (each for each in check(tmp_path).findings if each.code == CODE)
    assert finding.write is not None
    assert '# what "a" has that was made elsewhere (default, indexes, constraints) goes the same way' in finding.write


def written(case: Case, folder: Path) -> Path:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI.format(url="postgresql+psycopg://"), encoding="utf-8")
    (folder / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    for revision, down, body in (("a1", None, case.given), ("b2", "a1", case.change)):
        text = script(revision, down, indent(body, "    ").strip(), "raise NotImplementedError")
        text = text.replace("import op\n", "import op\nfrom sqlalchemy.dialects import postgresql\n")
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
    return folder


def codes(report: Report) -> Counter[str]:
    return Counter(each.code for each in report.findings)


def upgraded(project: Path, case: Case, server: PostgresServer, *, fill: str) -> list[object]:
    """The catalog of a database after all revisions, filled in between, and its rows after one more."""
    with server.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    config = Config(project / "alembic.ini")
    host = conninfo_to_dict(server.dsn)["host"]
    config.set_main_option("sqlalchemy.url", f"postgresql+psycopg://postgres@/postgres?host={host}")
    with server.connect() as connection:
        for each in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
            command.upgrade(config, each.revision)
            if "own" in each.revision and "autocommit_block" in Path(each.path).read_text(encoding="utf-8"):
                # as if it had failed at its end
                command.stamp(config, str(each.down_revision))
                command.upgrade(config, each.revision)
            connection.execute({"a1": case.rows, "b2": fill}.get(each.revision, ""))
        connection.execute(case.row)
        rows = "SELECT jsonb_agg(to_jsonb(t) - 'parent' ORDER BY to_jsonb(t)::text) FROM t"
        return [connection.execute(each).fetchall() for each in (*CATALOG, rows)]


CATALOG = (
    """SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
              pg_get_expr(adbin, adrelid), col_description(attrelid, attnum), attcollation
       FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
       WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
         AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated, conindid::regclass::text
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    """SELECT pg_get_indexdef(indexrelid), indisvalid, indisprimary FROM pg_index
       WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1""",
    """SELECT sequencename, data_type::text, last_value, increment_by, max_value, refobjid::regclass::text, attname,
              deptype
       FROM pg_sequences JOIN pg_depend ON objid = format('%I', sequencename)::regclass AND refobjsubid > 0
       JOIN pg_attribute ON (attrelid, attnum) = (refobjid, refobjsubid) ORDER BY 1""",
)
"""Columns in no order, constraints, indexes, and sequences with their owners."""
