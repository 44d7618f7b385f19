"""The names of unnamed constraints and indexes, against real servers and against SQLAlchemy's conventions."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import TupleRow
from sqlalchemy.engine import Dialect

from migrate_guard.dialects.names import DEFAULT_CONVENTION, conventional_name, implicit_name, is_numbered_key
from migrate_guard.model.generated_names import Kind
from migrate_guard.model.target import DIALECTS, DialectName
from tests import servers

LONG = "a_table_whose_name_is_as_long_as_postgresql_takes_it_in_a_schema"[:63]
WIDE = [f"column_number_{number}_of_a_wide_key" for number in range(1, 5)]
UMLAUT = "größenänderungsübersichtstabelle_für_außergewöhnliche_überlängen"

CLAUSES: dict[Kind, str] = {
    "primary": "PRIMARY KEY ({})",
    "unique": "UNIQUE ({})",
    "foreignkey": "FOREIGN KEY ({}) REFERENCES parent ({})",
    "exclusion": "EXCLUDE ({} WITH =)",
}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[TupleRow]]:
    with servers.postgresql(tmp_path_factory.mktemp("names")) as server, server.connect() as connection:
        yield connection


@pytest.fixture
def connection(postgres: psycopg.Connection[TupleRow]) -> psycopg.Connection[TupleRow]:
    """A connection whose schema is empty."""
    postgres.execute("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s")
    return postgres


def quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def create(connection: psycopg.Connection[TupleRow], table: str, columns: Sequence[str]) -> None:
    definition = ", ".join(f'"{column}" int' for column in columns)
    connection.execute(f'CREATE TABLE "{table}" ({definition})'.encode())


def add(connection: psycopg.Connection[TupleRow], kind: Kind, table: str, columns: Sequence[str]) -> str:
    """Make an unnamed object and say how PostgreSQL called it."""
    before = names(connection)
    if kind == "index":
        statement = f'CREATE INDEX ON "{table}" ({quoted(columns)})'
    elif kind == "check":
        expression = " + ".join(f'"{column}"' for column in columns) or "1"
        statement = f'ALTER TABLE "{table}" ADD CHECK ({expression} > 0)'
    else:
        clause = CLAUSES[kind].format(quoted(columns), quoted(columns))
        statement = f'ALTER TABLE "{table}" ADD {clause.replace(", ", " WITH =, ") if kind == "exclusion" else clause}'
    connection.execute(statement.encode())
    (new,) = names(connection) - before
    return new


def names(connection: psycopg.Connection[TupleRow]) -> set[str]:
    """The names that relations and constraints have in the schema."""
    rows = connection.execute(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 's'::regnamespace UNION "
        "SELECT conname::text FROM pg_constraint WHERE connamespace = 's'::regnamespace AND contype <> 'n'"
    )
    return {name for (name,) in rows}


@pytest.mark.parametrize(
    ("kind", "table", "columns", "expected"),
    [
        ("primary", "t", ["a"], "t_pkey"),
        ("primary", "t", ["a", "b"], "t_pkey"),
        ("unique", "t", ["a"], "t_a_key"),
        ("unique", "t", ["a", "b"], "t_a_b_key"),
        ("foreignkey", "t", ["a"], "t_a_fkey"),
        ("foreignkey", "t", ["a", "b"], "t_a_b_fkey"),
        ("check", "t", ["a"], "t_a_check"),
        ("check", "t", ["a", "b"], "t_check"),
        ("check", "t", [], "t_check"),
        ("exclusion", "t", ["a"], "t_a_excl"),
        ("index", "t", ["a"], "t_a_idx"),
        ("index", "t", ["a", "b"], "t_a_b_idx"),
        ("index", "Mixed Case", ["Some Column"], "Mixed Case_Some Column_idx"),
        ("primary", LONG, ["a"], None),
        ("check", LONG, ["a", "b"], None),
        *((kind, LONG, [LONG], None) for kind in ("unique", "foreignkey", "check", "exclusion", "index")),
        *((kind, LONG[:50], ["short"], None) for kind in ("unique", "foreignkey", "check", "exclusion", "index")),
        *((kind, "short", [LONG], None) for kind in ("unique", "foreignkey", "check", "exclusion", "index")),
        *((kind, "t", WIDE, None) for kind in ("unique", "foreignkey", "index")),
        *((kind, LONG, WIDE, None) for kind in ("unique", "foreignkey", "index")),
        *((kind, UMLAUT, [UMLAUT], None) for kind in ("primary", "unique", "check", "index")),
        *((kind, "ü" * 31, ["é" * 30], None) for kind in ("unique", "foreignkey", "index")),
        *((kind, "ü" * 31, ["x" + "é" * 30], None) for kind in ("unique", "foreignkey", "index")),
    ],
)
def test_postgresql(
    connection: psycopg.Connection[TupleRow], kind: Kind, table: str, columns: list[str], expected: str | None
) -> None:
    create(connection, table, columns or ["a"])
    if kind == "foreignkey":
        create(connection, "parent", columns)
        connection.execute(f"ALTER TABLE parent ADD PRIMARY KEY ({quoted(columns)})".encode())
    ours = implicit_name(kind, table, columns, names(connection), "postgresql")
    assert ours == add(connection, kind, table, columns)
    assert expected in (None, ours)


@pytest.mark.parametrize("kind", ["unique", "check", "index", "exclusion"])
@pytest.mark.parametrize("table", ["t", LONG])
def test_postgresql_counts_what_collides(connection: psycopg.Connection[TupleRow], kind: Kind, table: str) -> None:
    create(connection, table, ["a"])
    for _ in range(12):
        ours = implicit_name(kind, table, ["a"], names(connection), "postgresql")
        assert ours == add(connection, kind, table, ["a"])
    assert ours is not None
    assert re.search(r"11$", ours)


def test_postgresql_names_are_unique_in_the_schema(connection: psycopg.Connection[TupleRow]) -> None:
    create(connection, "a", ["b_c"])
    create(connection, "a_b", ["c"])
    for kind in ("index", "unique", "check"):
        assert add(connection, kind, "a", ["b_c"]) == implicit_name(kind, "a", ["b_c"], (), "postgresql")
        ours = implicit_name(kind, "a_b", ["c"], names(connection), "postgresql")
        assert ours == add(connection, kind, "a_b", ["c"])
        assert str(ours).endswith("1")


MARIADB = """
CREATE TABLE parent (a INT, b INT, PRIMARY KEY (a), KEY (b))
CREATE TABLE t (a INT, b INT, `primary` INT)
"""


def test_mariadb(tmp_path: Path) -> None:
    with servers.mariadb(tmp_path) as server, closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d")
        cursor.execute("USE d")
        for statement in MARIADB.strip().splitlines():
            cursor.execute(statement)

        def there() -> set[str]:
            cursor.execute(
                "SELECT index_name FROM information_schema.statistics WHERE table_schema = 'd' AND table_name = 't'"
                " UNION SELECT constraint_name FROM information_schema.table_constraints"
                " WHERE table_schema = 'd' AND table_name = 't'"
            )
            return {name for (name,) in cursor.fetchall()}

        def agree(kind: Kind, columns: list[str], clause: str) -> str:
            before = there()
            ours = implicit_name(kind, "t", columns, before, "mariadb")
            cursor.execute(f"ALTER TABLE t ADD {clause}")
            assert ours in there() - before
            return str(ours)

        assert agree("primary", ["a"], "PRIMARY KEY (a)") == "PRIMARY"
        assert agree("unique", ["b"], "UNIQUE (b)") == "b"
        assert agree("unique", ["b"], "UNIQUE (b, a)") == "b_2"
        assert agree("index", ["b"], "INDEX (b, a)") == "b_3"
        assert agree("index", ["primary"], "INDEX (`primary`)") == "primary_2"
        assert agree("check", ["a"], "CHECK (a > 0)") == "CONSTRAINT_1"
        assert agree("check", ["a", "b"], "CHECK (a > b)") == "CONSTRAINT_2"
        assert agree("foreignkey", ["a"], "FOREIGN KEY (a) REFERENCES parent (a)") == "t_ibfk_1"
        assert agree("foreignkey", ["b"], "FOREIGN KEY (b) REFERENCES parent (a)") == "t_ibfk_2"
        cursor.execute("ALTER TABLE t DROP FOREIGN KEY t_ibfk_1")
        assert agree("foreignkey", ["a"], "FOREIGN KEY (a) REFERENCES parent (a)") == "t_ibfk_3"
        cursor.execute("ALTER TABLE t DROP CONSTRAINT CONSTRAINT_1")
        assert agree("check", ["b"], "CHECK (b > 0)") == "CONSTRAINT_1"


def test_mysql() -> None:
    """As MySQL's manual tells it; there is no MySQL among the test servers."""
    assert implicit_name("primary", "t", ["a"], (), "mysql") == "PRIMARY"
    assert implicit_name("unique", "t", ["a", "b"], {"a"}, "mysql") == "a_2"
    assert implicit_name("foreignkey", "t", ["a"], {"t_ibfk_1"}, "mysql") == "t_ibfk_2"
    assert implicit_name("check", "t", ["a"], {"t_chk_1"}, "mysql") == "t_chk_2"
    assert implicit_name("exclusion", "t", ["a"], (), "mysql") is None


@pytest.mark.parametrize("kind", ["primary", "unique", "foreignkey", "check", "index"])
def test_sqlite_gives_no_names(kind: Kind) -> None:
    assert implicit_name(kind, "t", ["a"], (), "sqlite") is None


COMPILERS: dict[DialectName, Dialect] = {name: sa.make_url(f"{name}://").get_dialect()() for name in DIALECTS}
CONVENTIONS = [
    DEFAULT_CONVENTION,
    {
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
    {
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0N_name)s_key",
        "ck": "%(table_name)s_%(column_0_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_label)s_%(referred_column_0_name)s",
        "pk": "%(table_name)s_%(column_1_name)s_%(column_0_key)s",
    },
    {
        "ix": "ix_%(column_0N_label)s",
        "uq": "uq_%(constraint_name)s",
        "ck": "ck_%(column_0_N_key)s",
        "fk": "fk_%(referred_table_name)s_%(referred_column_0_N_name)s_%(referred_column_0N_name)s",
        "pk": "pk_%(column_0_N_label)s_100%%",
    },
]  # fmt: skip
SHAPES = [
    ("orders", None, ["user_id"]),
    ("orders", None, ["user_id", "shop_id"]),
    ("orders", "shop", ["user_id", "shop_id"]),
    (LONG, None, [LONG[:40], LONG[:39]]),
    (UMLAUT[:60], None, [UMLAUT[:40], "b"]),
]


def made(
    kind: Kind, convention: dict[str, str], table: str, schema: str | None, columns: list[str], given: str | None
) -> sa.Constraint | sa.Index:
    """Build the constraint or index with SQLAlchemy, as Alembic does: on a table with nothing else."""
    metadata = sa.MetaData(naming_convention=convention)
    keys = [sa.Column(name, sa.Integer) for name in columns]
    target = sa.Table(table, metadata, *keys, schema=schema)
    parents = [f"{name}_there" for name in columns]
    sa.Table("parent", metadata, *(sa.Column(name, sa.Integer) for name in parents))
    if kind == "index":
        return sa.Index(given, *keys)
    constraint: sa.Constraint
    if kind == "foreignkey":
        constraint = sa.ForeignKeyConstraint(keys, [f"parent.{name}" for name in parents], name=given)
    elif kind == "check":
        constraint = sa.CheckConstraint(sa.and_(*(key > 0 for key in keys)), name=given)
    else:
        constraint = (sa.PrimaryKeyConstraint if kind == "primary" else sa.UniqueConstraint)(*keys, name=given)
    target.append_constraint(constraint)
    return constraint


def rendered(thing: sa.Constraint | sa.Index, dialect: DialectName) -> str | None:
    """The name as SQLAlchemy writes it into DDL, without quotes."""
    preparer = COMPILERS[dialect].identifier_preparer
    return preparer.format_constraint(thing, _alembic_quote=False) if thing.name else None


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("given", [None, "own"])
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("kind", ["primary", "unique", "foreignkey", "check", "index"])
def test_conventions_are_sqlalchemy_s(
    kind: Kind, convention: dict[str, str], given: str | None, dialect: DialectName
) -> None:
    for table, schema, columns in SHAPES:
        parents = [f"{name}_there" for name in columns]
        ours = conventional_name(
            kind, convention, table, columns, "parent", given, dialect, schema=schema, referred_columns=parents
        )
        try:
            theirs = rendered(made(kind, convention, table, schema, columns, given), dialect)
        except sa.exc.InvalidRequestError:
            theirs = None
        assert ours == theirs


def test_a_long_name_ends_in_a_hash() -> None:
    convention = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
    name = conventional_name("unique", convention, LONG, ["a"], None, None, "postgresql")
    assert name is not None
    assert len(name) == 60
    assert re.search(r"_[0-9a-f]{4}$", name)
    assert conventional_name("unique", convention, LONG, ["a"], None, None, "sqlite") == f"uq_{LONG}_a"


@pytest.mark.parametrize("template", ["%(guid)s_x", "%(column_0_owner)s", "%(referred_column_0_label)s", "%s%s", "%(a"])
def test_what_a_template_asks_for_may_be_unknown(template: str) -> None:
    assert conventional_name("unique", {"uq": template}, "t", ["a"], None, None, "postgresql") is None


def test_a_token_of_the_project_s_own_is_not_guessed() -> None:
    convention = {"uq": "uq_%(table_name)s", "table_name": "<function>"}
    assert conventional_name("unique", convention, "t", ["a"], None, None, "postgresql") is None


def test_no_convention_for_exclusions() -> None:
    assert conventional_name("exclusion", CONVENTIONS[1], "t", ["a"], None, None, "postgresql") is None
    assert conventional_name("exclusion", CONVENTIONS[1], "t", ["a"], None, "own", "postgresql") == "own"


@pytest.mark.parametrize(
    ("name", "expected"), [("t_ibfk_1", True), ("t_ibfk_12", True), ("t_a_fkey", False), ("ibfk", False)]
)
def test_keys_that_innodb_numbers(name: str, expected: bool) -> None:
    assert is_numbered_key(name) is expected
