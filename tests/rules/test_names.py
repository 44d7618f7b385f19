"""Names, time zones and keys: faults with their healthy twins, in operations, in batch mode, in SQL and in models."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import IdentifierError

from migrate_guard.dialects.quoting import needs_quotes
from migrate_guard.engine.modelling import judge_models
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Finding, Severity
from migrate_guard.model.target import DialectName, Target
from migrate_guard.rules import load_rules
from tests.checking import check
from tests.conftest import MakeProject, script
from tests.modelled import modelled
from tests.servers import mariadb, postgresql

CODES = ("MG605", "MG614", "MG701", "MG702", "MG703", "MG704", "MG705", "MG706", "MG707", "MG709")
LONG = "a" * 64
CONVENTION = '{"ck": "ck_%(table_name)s_%(constraint_name)s", "uq": "uq_%(table_name)s_%(constraint_name)s"}'
ENV = """\
from alembic import context
from sqlalchemy import MetaData

target_metadata = MetaData(naming_convention={convention})
with context.begin_transaction():
    context.configure(target_metadata=target_metadata)
    context.run_migrations()
"""


def found(
    make_project: MakeProject,
    *upgrades: str,
    dialect: DialectName = "postgresql",
    convention: str = "",
    options: dict[str, dict[str, Any]] | None = None,
) -> list[Finding]:
    """What the rules about names say of revisions, one after the other."""
    scripts, down = {}, None
    for number, upgrade in enumerate(upgrades):
        revision = f"a{number:03d}"
        scripts[f"{revision}_names.py"] = script(revision, down, indent(upgrade, "    ").strip())
        down = revision
    project = make_project(scripts)
    if convention:
        (project / "alembic" / "env.py").write_text(ENV.format(convention=convention), encoding="utf-8")
    report = check(project, dialect=dialect, select=CODES, options=options)
    return [each for each in report.findings if each.code in CODES]


def codes(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(each.code, each.object) for each in findings]


def ops(*lines: str) -> str:
    return "\n".join(lines)


def sql(*statements: str) -> str:
    return ops(*(f"op.execute({each!r})" for each in statements))


def table(*parts: str, name: str = "t") -> str:
    return f'op.create_table("{name}", {", ".join(parts)})'


A = 'sa.Column("a", sa.Text())'
BATCH = 'with op.batch_alter_table("t") as b:'
U = "CREATE TABLE u (id bigserial PRIMARY KEY)"


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        # too long, by whoever sends it
        (table(A, name=LONG), [("MG701", LONG)]),
        (table(A, name=LONG[1:]), []),
        (ops(table(A), f'op.rename_table("t", "{LONG}")'), [("MG701", LONG)]),
        (sql(f"CREATE TABLE {LONG} (a text)"), [("MG701", LONG)]),
        (sql("CREATE TABLE t (a text)", f"ALTER TABLE t RENAME a TO {LONG}"), [("MG701", f"t.{LONG}")]),
        (ops(table(A), f'op.create_index("ix_t_a{LONG}", "t", ["a"])'), [("MG701", f"t.ix_t_a{LONG}")]),
        (ops(table(A), f'op.create_index(op.f("ix_t_a{LONG}"), "t", ["a"])'), []),
        (
            ops(table(A), BATCH, f'    b.create_unique_constraint("uq_t_a{LONG}", ["a"])'),
            [("MG701", f"t.uq_t_a{LONG}")],
        ),
        (table(f'sa.Column("{LONG[2:]}", sa.Text(), unique=True, index=True)'), []),
        (table('sa.Column("é" * 31, sa.Text())'), []),
        (table('sa.Column("é" * 32, sa.Text())'), [("MG701", f"t.{'é' * 32}")]),
        # quotes
        (table(A, name="Orders"), [("MG702", "Orders"), ("MG707", "Orders")]),
        (sql("CREATE TABLE Orders (Id text)"), []),
        (sql('CREATE TABLE "Orders" (a text)'), [("MG702", "Orders"), ("MG707", "Orders")]),
        (table('sa.Column("user name", sa.Text())'), [("MG703", "t.user name"), ("MG707", "t.user name")]),
        (table('sa.Column("straße", sa.Text())'), []),
        (table('sa.Column("a$b", sa.Text())'), [("MG703", "t.a$b")]),
        (ops(table(A), 'op.create_index("ix_t_a-b", "t", ["a"])'), [("MG704", "t.ix_t_a-b"), ("MG707", "t.ix_t_a-b")]),
        (ops(table(A), 'op.alter_column("t", "a", new_column_name="aB")'), [("MG703", "t.aB"), ("MG707", "t.aB")]),
        # time zones
        (table('sa.Column("at", sa.DateTime())'), [("MG605", "t.at")]),
        (sql("CREATE TABLE t (at timestamp(3), till timestamp without time zone)"), [("MG605", "t.at")]),
        (sql("CREATE TABLE t (at timestamptz, d date, c time)"), []),
        (table('sa.Column("at", postgresql.TIMESTAMP(timezone=True, precision=3))'), []),
        (
            ops(
                table('sa.Column("at", sa.DateTime())'),
                'op.alter_column("t", "at", type_=sa.DateTime(timezone=True))',
            ),
            [],
        ),
        (sql("CREATE TABLE t (a int) PARTITION BY LIST (a)", "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)"), []),
        # keys
        (table('sa.Column("id", sa.Integer(), primary_key=True)'), [("MG614", "t.id")]),
        (sql("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"), [("MG614", "t.id")]),
        (sql("CREATE TABLE t (id smallserial PRIMARY KEY)"), [("MG614", "t.id")]),
        (sql("CREATE TABLE t (id bigserial PRIMARY KEY)"), []),
        (sql("CREATE TABLE t (id int PRIMARY KEY)"), []),
        (sql("CREATE TABLE t (id uuid PRIMARY KEY)"), []),
        (table('sa.Column("id", sa.Integer(), primary_key=True)', name="order_types"), []),
        # patterns
        (ops(table(A), BATCH, '    b.create_index("by_a", ["a"])'), [("MG704", "t.by_a")]),
        (sql("CREATE TABLE t (a text)", "CREATE INDEX by_a ON t (a)"), [("MG704", "t.by_a")]),
        (sql("CREATE TABLE t (a text, CONSTRAINT one_a UNIQUE (a))"), [("MG705", "t.one_a")]),
        (sql("CREATE TABLE t (a text UNIQUE, CHECK (a > ''), PRIMARY KEY (a))"), []),
        (sql("CREATE TABLE t (a text, CONSTRAINT positive CHECK (a > ''))"), [("MG705", "t.positive")]),
        (sql("CREATE TABLE t (a text, CONSTRAINT the_key PRIMARY KEY (a))"), [("MG705", "t.the_key")]),
        # references
        (sql(U, "CREATE TABLE t (u int REFERENCES u)"), [("MG706", "t.u")]),
        (sql(U, "CREATE TABLE t (u_id int REFERENCES u)"), []),
        (sql(U, "CREATE TABLE t (uid int REFERENCES u)"), [("MG706", "t.uid")]),
    ],
)  # fmt: skip
def test_faults_and_healthy_twins(
    upgrade: str, expected: list[tuple[str, str | None]], make_project: MakeProject
) -> None:
    upgrade = f"from sqlalchemy.dialects import postgresql\n{upgrade}"
    assert sorted(codes(found(make_project, upgrade)), key=str) == sorted(expected, key=str)


CK = ("MG709", "t.ck_t_ck_t_x")


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (ops(table(A), 'op.create_check_constraint("ck_t_x", "t", "a > 0")'), [CK]),
        (ops(table(A), 'op.create_check_constraint(op.f("ck_t_x"), "t", "a > 0")'), []),
        (ops(table(A), 'op.create_check_constraint("x", "t", "a > 0")'), []),
        (ops(table(A), 'op.create_check_constraint("ck_x", "t", "a > 0")'), [("MG709", "t.ck_t_ck_x")]),
        (
            ops(table(A), 'with op.batch_alter_table("t") as b:\n    b.create_check_constraint("ck_t_x", "a > 0")'),
            [CK],
        ),
        (table(A, 'sa.UniqueConstraint("a", name="uq_t_a")'), [("MG709", "t.uq_t_uq_t_a")]),
        (table('sa.Column("a", sa.Enum("x", name="ck_t_x", native_enum=False, create_constraint=True))'), [CK]),
        (
            ops(
                table(A, 'sa.CheckConstraint("a > 0", name="ck_t_x")'),
                'op.drop_constraint("ck_t_x", "t", type_="check")',
            ),
            [],
        ),
        (
            ops(
                table(A, 'sa.UniqueConstraint("a", name="uq_t_a")'),
                'op.drop_constraint("uq_t_a", "t", type_="unique")',
            ),
            [],
        ),
        (sql("CREATE TABLE t (a text, CONSTRAINT ck_t_x CHECK (a > ''))"), []),
        (sql("CREATE TABLE t (a text, CONSTRAINT ck_t_ck_t_x CHECK (a > ''))"), [CK]),
    ],
)
def test_conventions_that_are_applied_twice(
    upgrade: str, expected: list[tuple[str, str | None]], make_project: MakeProject
) -> None:
    said = found(make_project, upgrade, convention=CONVENTION)
    assert [each for each in codes(said) if each[0] == "MG709"] == expected


@pytest.mark.parametrize("given", ["ck_t_x", "ck_x"])
def test_what_alembic_makes_of_a_conventional_name(given: str) -> None:
    convention = {"ck": "ck_%(table_name)s_%(constraint_name)s"}
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"target_metadata": sa.MetaData(naming_convention=convention)}
        )
        operations = Operations(context)
        operations.create_table("t", sa.Column("a", sa.Integer()), sa.CheckConstraint("a > 0", name=given))
        made = connection.execute(sa.text("SELECT sql FROM sqlite_master")).scalar_one()
    engine.dispose()
    assert f"CONSTRAINT ck_t_{given} CHECK" in made


@pytest.mark.parametrize(
    ("imported", "size", "severity"),
    [
        ("mysql", 64, Severity.INFO),
        ("mysql", 65, Severity.ERROR),
        ("postgresql", 64, Severity.ERROR),
        ("mysql, postgresql", 64, Severity.ERROR),
    ],
)
def test_a_name_for_mysql_where_no_url_tells_the_database(
    imported: str, size: int, severity: Severity, make_project: MakeProject
) -> None:
    imports = [f"from sqlalchemy.dialects import {each}" for each in imported.split(", ")]
    (said,) = found(lambda scripts: make_project(scripts, ""), ops(*imports, table(A, name="t" * size)))
    assert (said.code, said.severity) == ("MG701", severity)


def test_a_cut_name_is_not_spelled_again(make_project: MakeProject) -> None:
    name = f"ck_t_{'x' * 60}"
    (said,) = found(
        make_project, ops(table(A), f'op.create_check_constraint("{name}", "t", "a > 0")'), convention=CONVENTION
    )
    assert said.code == "MG709"
    assert said.help == "Give the short name, or mark the whole one as final: op.f(…), in models conv(…)."


# houses

TEN = [f"t{letter}_users" for letter in "abcdefghij"]


def house(column: str, *more: str) -> str:
    """Ten tables alike; {t} is the name of the table."""
    texts = (f"CREATE TABLE {{t}} (id bigserial PRIMARY KEY, {column})", *more)
    return sql(*(text.replace("{t}", name) for name in TEN for text in texts))


@pytest.mark.parametrize(
    ("given", "upgrade", "code", "said"),
    [
        (house("at timestamptz"), sql("CREATE TABLE n_users (at timestamp)"), "MG605", "10 of 11 tables"),
        (house("at timestamp"), sql("CREATE TABLE n_users (at timestamp)"), "MG605", ""),
        (house("a int"), sql("CREATE TABLE n_users (id serial PRIMARY KEY)"), "MG614", "keys of 10 of 11 tables"),
        (house("a int"), sql("CREATE TABLE n_user (a int)"), "MG702", "10 of 11 tables have a plural"),
        (house("a int"), sql("CREATE TABLE n_people (a int)"), "MG702", ""),
        (house('"aB" int'), sql("CREATE TABLE n_users (a_b int)"), "MG703", "those of 10 of 11 tables are"),
        (house('"aB" int'), sql('CREATE TABLE n_users ("aC" int)'), "MG703", ""),
        (house('"aB" int'), sql('CREATE TABLE n_users ("aC" int)'), "MG707", ""),
        (house('"aB" int'), sql('CREATE TABLE n_users ("a c" int)'), "MG707", "cannot read it without quotes"),
        (
            house("a int", "CREATE INDEX {t}_a_idx ON {t} (a)"),
            sql("CREATE TABLE n_users (a int)", "CREATE INDEX ix_n_users_a ON n_users (a)"),
            "MG704",
            'does not follow "{table}_{columns}_idx" as the indexes of 10 of 11 tables do',
        ),
        (
            house("a int", "ALTER TABLE {t} ADD CONSTRAINT {t}_good CHECK (a > 0)"),
            sql("CREATE TABLE n_users (a int, CONSTRAINT foo CHECK (a > 0))"),
            "MG705",
            "",
        ),
        (
            house("a int UNIQUE"),
            sql("CREATE TABLE n_users (a int, CONSTRAINT uq_n_users_a UNIQUE (a))"),
            "MG705",
            "as those of 10 of 11 tables do",
        ),
        (
            house("id_x int, FOREIGN KEY (id_x) REFERENCES ta_users (id)"),
            sql("CREATE TABLE n_users (x_id int REFERENCES ta_users (id))"),
            "MG706",
            'is not called "id_{name}", as those of 10 of 11 tables are',
        ),
        (
            house("ta_users_id int, FOREIGN KEY (ta_users_id) REFERENCES ta_users (id)"),
            sql("CREATE TABLE n_users (ta_user_id int REFERENCES ta_users (id))"),
            "MG706",
            "another number than those of 10 of 11 tables",
        ),
    ],
)  # fmt: skip
def test_houses(given: str, upgrade: str, code: str, said: str, make_project: MakeProject) -> None:
    findings = [each for each in found(make_project, given, upgrade) if each.code == code]
    assert len(findings) == bool(said)
    assert all(said in each.message and each.revision == "a001" for each in findings)


def test_the_first_table_of_a_script_without_zones_is_a_warning(make_project: MakeProject) -> None:
    naive = 'sa.Column("at", sa.DateTime())'
    given = table('sa.Column("at", sa.DateTime(timezone=True))', name="aware")
    said = found(make_project, given, ops(table(naive, name="b"), table(naive, name="a")), table(naive, name="c"))
    assert [(each.object, each.severity) for each in said] == [
        ("b.at", Severity.WARNING),
        ("a.at", Severity.INFO),
        ("c.at", Severity.WARNING),
    ]


def test_a_new_column_is_told_in_its_own_script(make_project: MakeProject) -> None:
    later = 'op.add_column("t", sa.Column("till", sa.DateTime()))'
    said = found(make_project, table('sa.Column("at", sa.DateTime())'), later)
    assert [(each.revision, each.object, each.severity) for each in said] == [
        ("a000", "t.at", Severity.INFO),
        ("a001", "t.till", Severity.INFO),
    ]


def test_a_table_of_another_style_is_told_once(make_project: MakeProject) -> None:
    columns = (f'sa.Column("{name}", sa.Text())' for name in ("firstName", "lastName", "city", "zipCode"))
    said = found(make_project, table(*columns))
    assert codes(said) == [("MG703", "t.firstName"), ("MG707", "t.firstName")]
    assert '"firstName" and 2 more columns' in said[0].message


def test_a_table_is_told_with_its_columns_and_the_next_is_a_hint(make_project: MakeProject) -> None:
    upgrade = ops(
        table('sa.Column("cartNo", sa.Text())', A, name="shopCarts"),
        table('sa.Column("lineNo", sa.Text())', 'sa.Column("unitPrice", sa.Text())', name="cartLines"),
        'op.add_column("u", sa.Column("firstName", sa.Text()))',
        'op.create_index("by name", "u", ["firstName"])',
    )
    off = {"column-name-style": {"style": "any"}, "table-name-style": {"style": "any"}}
    later = 'op.add_column("u", sa.Column("lastName", sa.Text()))'
    said = found(make_project, table(A, name="u"), upgrade, later, options=off)
    told = [(each.object, each.severity, each.message) for each in said if each.code == "MG707"]
    assert sorted((each[0], each[1]) for each in told) == [
        ("cartLines", Severity.INFO),
        ("shopCarts", Severity.WARNING),
        ("u.by name", Severity.INFO),
        ("u.firstName", Severity.INFO),
        ("u.lastName", Severity.WARNING),
    ]
    assert 'the table "shopCarts" and its column "cartNo" have to be quoted' in {
        each[2].split(" wherever")[0] for each in told
    }
    assert 'the table "cartLines" and 2 of its columns have to be quoted' in {
        each[2].split(" wherever")[0] for each in told
    }


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_mysql_minds_no_capitals_and_has_no_zones(dialect: DialectName, make_project: MakeProject) -> None:
    upgrade = table('sa.Column("userName", sa.DateTime())', 'sa.Column("2fa", sa.String(9))')
    off: dict[str, dict[str, Any]] = {"column-name-style": {"style": "any"}}
    assert not found(make_project, upgrade, dialect=dialect, options=off)


def test_options_switch_a_convention_off(make_project: MakeProject) -> None:
    upgrade = sql('CREATE TABLE "Orders" ("aB" timestamp, id serial PRIMARY KEY, CONSTRAINT c UNIQUE ("aB"))')
    options: dict[str, dict[str, Any]] = {
        "timestamp-without-timezone": {"expect": "any"},
        "small-primary-key": {"expect": "any"},
        "table-name-style": {"style": "any"},
        "column-name-style": {"style": "any"},
        "constraint-name-style": {"unique": "any"},
    }
    assert {each.code for each in found(make_project, upgrade, options=options)} == {"MG707"}


def test_a_pattern_of_the_user(make_project: MakeProject) -> None:
    upgrade = sql("CREATE TABLE t (a text)", "CREATE INDEX t__a ON t (a)", "CREATE INDEX ix_t_a ON t (a)")
    options: dict[str, dict[str, Any]] = {"index-name-style": {"pattern": "{table}__{columns}"}}
    said = found(make_project, upgrade, options=options)
    assert codes(said) == [("MG704", "t.ix_t_a")]
    assert said[0].help == 'Name it "t__a".'


def test_unnamed_constraints_are_judged_where_it_is_asked_for(make_project: MakeProject) -> None:
    upgrade = sql("CREATE TABLE t (a text UNIQUE)")
    options: dict[str, dict[str, Any]] = {"constraint-name-style": {"unique": "uq_{table}_{columns}", "unnamed": True}}
    assert codes(found(make_project, upgrade, options=options)) == [("MG705", "t.t_a_key")]


# models


@pytest.mark.parametrize(
    ("columns", "more", "expected"),
    [
        ("at timestamp NOT NULL", (), ("MG605", "orders.at")),
        ("id serial PRIMARY KEY", (), ("MG614", "orders.id")),
        ('"userName" text', (), ("MG703", "orders.userName")),
        ('"userName" text', (), ("MG707", "orders.userName")),
        ("a text", ("CREATE INDEX by_a ON orders (a)",), ("MG704", "orders.by_a")),
        ("a text, CONSTRAINT one_a UNIQUE (a)", (), ("MG705", "orders.one_a")),
        ("a int REFERENCES users (id)", (), ("MG706", "orders.a")),
        ("a int, CONSTRAINT ck_orders_ck_orders_a CHECK (a > 0)", (), ("MG709", "orders.ck_orders_ck_orders_a")),
        (f"{LONG} text", (), ("MG701", f"orders.{LONG}")),
    ],
)
def test_models(columns: str, more: tuple[str, ...], expected: tuple[str, str]) -> None:
    code = 'class Order(Base):\n    __tablename__ = "orders"\n'
    models = modelled(code, f"CREATE TABLE orders ({columns})", *more)
    outcome = judge_models(
        models,
        load_rules(),
        {},
        environment=Environment("migrations"),
        target=Target.default("postgresql"),
        location=".",
        name="app.models",
    )
    said = [(each.code, each.object) for each in outcome.findings if each.code in CODES]
    assert expected in said
    assert {code for code, _ in said} - {"MG703", "MG707"} <= {expected[0]}


# what databases do


def test_postgresql_cuts_what_is_too_long_and_folds_what_has_no_quotes(tmp_path: Path) -> None:
    cyrillic = "комментарий_покупателя_к_доставке_заказа"
    with postgresql(tmp_path) as server, server.connect() as connection:
        connection.execute(f"CREATE TABLE {LONG} ({cyrillic} text, userName text)")
        kept = connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'aaa%'").fetchall()
        assert kept == [(LONG[:63],)]
        columns = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [LONG[:63]]
        ).fetchall()
        assert columns == [(cyrillic.encode()[:63].decode(errors="ignore"),), ("username",)]
        with pytest.raises(psycopg.errors.DuplicateTable):
            connection.execute(f"CREATE TABLE {LONG[:63]}_other (a text)")
        for name in ("straße", "a$b", "_a", "a1", "userName", "2fa", "a b", "a-b", "é"):
            try:
                connection.execute(f"CREATE TABLE q ({name} text)")
                made = connection.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = 'q'::regclass AND attnum = 1"
                )
                is_kept = made.fetchall() == [(name,)]
                connection.execute("DROP TABLE q")
            except psycopg.errors.SyntaxError:
                is_kept = False
            assert needs_quotes(name, Target.default("postgresql")) is not is_kept, name


def test_mariadb_refuses_what_is_too_long(tmp_path: Path) -> None:
    with mariadb(tmp_path) as server, server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE a")
        cursor.execute("USE a")
        cursor.execute(f"CREATE TABLE t (`{'é' * 64}` int)")
        with pytest.raises(pymysql.err.OperationalError, match="too long"):
            cursor.execute(f"ALTER TABLE t ADD COLUMN {'a' * 65} int")
        for name in ("straße", "a$b", "1a", "userName", "123", "a b", "a-b"):
            try:
                cursor.execute(f"CREATE TABLE {name} (a int)")
                is_taken = True
            except pymysql.err.ProgrammingError:
                is_taken = False
            assert needs_quotes(name, Target.default("mariadb")) is not is_taken, name


@pytest.mark.parametrize("name", ["2fa", "a b", "a-b", "a$b", "userName", "é", "_a"])
def test_sqlite_wants_quotes(name: str) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(f"CREATE TABLE {name} (a int)")
            is_taken = True
        except sa.exc.OperationalError:
            is_taken = False
    engine.dispose()
    assert needs_quotes(name, Target.default("sqlite")) is not is_taken


def test_sqlalchemy_refuses_long_names_of_indexes_and_cuts_its_own() -> None:
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    operations = Operations(context)
    with pytest.raises(IdentifierError):
        operations.create_index(LONG, "t", ["a"])
    operations.create_index(operations.f(LONG), "t", ["a"])
    operations.create_table(LONG, sa.Column(LONG, sa.Text(), index=True))
