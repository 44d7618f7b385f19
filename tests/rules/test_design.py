"""What the rules of design say of tables at head: planted faults beside their healthy twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from migrate_guard.model import folding
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Confidence, Severity
from migrate_guard.model.revision import History, Revision
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import read_sql
from migrate_guard.rule import Problem, TableView
from migrate_guard.rules import load_rule
from tests.checking import check as check_project
from tests.checking import written
from tests.conftest import MakeProject, script

USERS = "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL)"


def said(
    rule: str,
    *ddl: str,
    dialect: DialectName = "postgresql",
    options: Mapping[str, Any] | None = None,
    version: tuple[int, ...] | None = None,
) -> list[Problem]:
    """What a rule says of the tables that statements make, each in a script of its own: 0.py, 1.py …"""
    schema, target = Schema.of_empty_database(), Target.default(dialect)
    target = replace(target, version=version or target.version)
    for number, text in enumerate(ddl):
        for operation in read_sql(text, target, lambda _start, _end, at=number: Span(f"{at}.py", 1, 1, 1, 2)):  # type: ignore[misc]
            schema = folding.apply(schema, operation)
    declared = load_rule(rule)
    if declared.dialects and dialect not in declared.dialects:
        return []
    arguments = [declared.options(**(options or {}))] if declared.options else []
    order = tuple(revision(f"{number}.py") for number in range(len(ddl)))
    history = History({each.id: each for each in order}, order)
    views = (
        TableView(each, schema, Environment("migrations"), target, history=history) for each in schema.tables.values()
    )
    return [problem for view in views for problem in declared.check(view, *arguments)]


def revision(path: str) -> Revision:
    return Revision(id=path, path=path, span=Span(path, 1, 1, 1, 2))


def objects(problems: Sequence[Problem]) -> list[str | None]:
    return [each.object for each in problems]


def table(*columns: str, name: str = "orders", key: str = "id BIGINT PRIMARY KEY") -> str:
    return f"CREATE TABLE {name} ({', '.join((key, *columns))})"


# Keys.


@pytest.mark.parametrize(
    ("referring", "referred", "severity"),
    [
        ("TEXT", "BIGINT", None),
        ("UUID", "VARCHAR(36)", None),
        ("VARCHAR(36)", "UUID", None),
        ("INTEGER", "BIGINT", Severity.WARNING),
        ("BIGINT", "NUMERIC(20)", Severity.WARNING),
    ],
)
def test_key_of_another_type(referring: str, referred: str, severity: Severity | None) -> None:
    parent = f"CREATE TABLE users (id {referred} PRIMARY KEY)"
    (problem,) = said("foreign-key-type-mismatch", parent, table(f"user_id {referring} REFERENCES users (id)"))
    assert (problem.object, problem.severity, problem.at.path) == ("orders.user_id", severity, "1.py")
    (implied,) = said("foreign-key-type-mismatch", parent, table(f"user_id {referring} REFERENCES users"))
    assert implied.message == problem.message


@pytest.mark.parametrize(
    ("referring", "referred"),
    [("BIGINT", "BIGINT"), ("BIGINT", "INTEGER"), ("VARCHAR(20)", "VARCHAR(40)"), ("TEXT", "VARCHAR(40)")],
)
def test_key_of_a_type_that_fits(referring: str, referred: str) -> None:
    parent = f"CREATE TABLE users (id {referred} PRIMARY KEY)"
    assert not said("foreign-key-type-mismatch", parent, table(f"user_id {referring} REFERENCES users (id)"))


def test_a_type_change_of_either_side_is_where_it_is_said() -> None:
    parent, child = "CREATE TABLE users (id INTEGER PRIMARY KEY)", table("user_id INTEGER REFERENCES users (id)")
    (problem,) = said("foreign-key-type-mismatch", parent, child, "ALTER TABLE users ALTER COLUMN id TYPE BIGINT")
    assert problem.at.path == "2.py"
    both = "ALTER TABLE users ALTER COLUMN id TYPE BIGINT", "ALTER TABLE orders ALTER COLUMN user_id TYPE BIGINT"
    assert not said("foreign-key-type-mismatch", parent, child, *both)


def test_each_pair_of_a_composite_key_is_compared() -> None:
    parent = "CREATE TABLE stocks (a BIGINT, b TEXT, PRIMARY KEY (a, b))"
    child = table("a BIGINT", "b {}", "FOREIGN KEY (a, b) REFERENCES stocks (a, b)")
    assert objects(said("foreign-key-type-mismatch", parent, child.format("UUID"))) == ["orders.b"]
    assert not said("foreign-key-type-mismatch", parent, child.format("TEXT"))


def test_mysql_asks_for_size_sign_and_collation() -> None:
    parent = "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY, code VARCHAR(20) COLLATE utf8mb4_bin UNIQUE)"
    child = "CREATE TABLE orders (id BIGINT PRIMARY KEY, u {}, FOREIGN KEY (u) REFERENCES users ({}))"
    faults = [("BIGINT", "id"), ("INTEGER UNSIGNED", "id"), ("VARCHAR(20) COLLATE utf8mb4_general_ci", "code")]
    twins = [("BIGINT UNSIGNED", "id"), ("VARCHAR(80) COLLATE utf8mb4_bin", "code"), ("VARCHAR(80)", "code")]
    for dialect in ("mysql", "mariadb"):
        for each in faults:
            assert objects(said("foreign-key-type-mismatch", parent, child.format(*each), dialect=dialect)), each
        for each in twins:
            assert not said("foreign-key-type-mismatch", parent, child.format(*each), dialect=dialect), each


def test_ondelete() -> None:
    child = table("user_id BIGINT{} REFERENCES users (id){}")
    (nullable,) = said("foreign-key-without-ondelete", USERS, child.format("", ""))
    (required,) = said("foreign-key-without-ondelete", USERS, child.format(" NOT NULL", ""))
    assert '"SET NULL"' in nullable.help
    assert '"SET NULL"' not in required.help
    for action in ("CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION"):
        assert not said("foreign-key-without-ondelete", USERS, child.format("", f" ON DELETE {action}")), action
    join = "CREATE TABLE likes (a BIGINT REFERENCES users (id), b BIGINT REFERENCES users (id), PRIMARY KEY (a, b))"
    assert [each.help for each in said("foreign-key-without-ondelete", USERS, join)] == [
        'Write ondelete="CASCADE" at the foreign key.'
    ] * 2


def test_key_to_what_was_unique_once() -> None:
    parent = "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL)"
    unique = "ALTER TABLE users ADD CONSTRAINT uq UNIQUE (email)"
    child = table("email TEXT REFERENCES users (email)")
    assert not said("foreign-key-to-non-unique", parent, unique, child)
    assert objects(said("foreign-key-to-non-unique", parent, child)) == ["orders.email"]
    (problem,) = said("foreign-key-to-non-unique", parent, unique, child, "ALTER TABLE users DROP CONSTRAINT uq")
    assert problem.at.path == "3.py"


def test_key_to_a_table_that_is_not_known() -> None:
    assert not said("foreign-key-to-non-unique", table("email TEXT REFERENCES users (email)"))
    assert not said("foreign-key-type-mismatch", table("user_id TEXT REFERENCES users (id)"))


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ((USERS, table("user_id BIGINT")), ["orders.user_id"]),
        ((USERS.replace("users", "user"), table("user_id BIGINT")), ["orders.user_id"]),
        ((USERS.replace("users", "addresses"), table("address_id BIGINT")), ["orders.address_id"]),
        ((USERS.replace("users", "companies"), table("company_id BIGINT")), ["orders.company_id"]),
        ((USERS.replace("users", "order_lines"), table("orderLineId BIGINT")), []),
        ((USERS.replace("users", "order_lines"), table('"orderLineId" BIGINT')), ["orders.orderLineId"]),
        ((USERS.replace("users", "boxes"), table("box_id INTEGER")), ["orders.box_id"]),
        ((USERS, table("user_id BIGINT REFERENCES users (id)")), []),
        ((USERS, table("user_id TEXT")), []),
        ((USERS, table("user_id BIGINT", "user_type TEXT")), []),
        ((USERS, table("external_user_id BIGINT")), []),
        ((USERS, table("team_id BIGINT")), []),
        ((USERS, table("user_id BIGINT", name="audit_log")), []),
        ((USERS, table("user_id BIGINT", name="shadow_orders")), []),
        (("CREATE TABLE x.users (id BIGINT PRIMARY KEY)", table("user_id BIGINT")), []),
        (("CREATE TABLE users (a BIGINT, b BIGINT, PRIMARY KEY (a, b))", table("user_id BIGINT")), []),
    ],
)
def test_foreign_key_missing(tables: Sequence[str], found: list[str]) -> None:
    problems = said("foreign-key-missing", *tables)
    assert objects(problems) == found
    assert all(each.confidence is Confidence.LOW for each in problems)


# Indexes.


@pytest.mark.parametrize(
    ("statements", "gone"),
    [
        (["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a)"], "j"),
        (["CREATE INDEX i ON orders (a)", "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (a)"], "i"),
        (["CREATE INDEX i ON orders (a)", "CREATE UNIQUE INDEX u ON orders (a)"], "i"),
        (["CREATE UNIQUE INDEX i ON orders (a)", "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (a)"], "i"),
        (["CREATE INDEX i ON orders (id)"], "i"),
        (["CREATE INDEX i ON orders (a) WHERE b > 0", "CREATE INDEX j ON orders (a) WHERE (b > 0)"], "j"),
        (["CREATE INDEX i ON orders (lower(c))", "CREATE INDEX j ON orders (LOWER(c))"], "j"),
        (["CREATE INDEX i ON orders (a DESC)", "CREATE INDEX j ON orders (a DESC NULLS FIRST)"], "j"),
        (["CREATE INDEX i ON orders USING gin (d)", "CREATE INDEX j ON orders USING gin (d)"], "j"),
        (["CREATE INDEX i ON orders (a) INCLUDE (b)", "CREATE INDEX j ON orders (a) INCLUDE (b)"], "j"),
    ],
)
def test_duplicate_index(statements: list[str], gone: str) -> None:
    made = table("a INTEGER", "b INTEGER", "c TEXT", "d JSONB")
    (problem,) = said("duplicate-index", made, *statements)
    drops = written(problem)
    assert drops is not None
    assert f'op.drop_index("{gone}", table_name="orders"' in drops
    assert drops.count("drop_index") == 1
    assert problem.at.path == f"{len(statements)}.py"
    assert not said("redundant-index", made, *statements)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE INDEX i ON orders (a, b)", "CREATE INDEX j ON orders (b, a)"],
        ["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a DESC)"],
        ["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a NULLS FIRST)"],
        ["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a) WHERE b > 0"],
        ["CREATE UNIQUE INDEX i ON orders (a) WHERE b > 0", "CREATE INDEX j ON orders (a)"],
        ["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders USING hash (a)"],
        ["CREATE INDEX i ON orders (c)", "CREATE INDEX j ON orders (c text_pattern_ops)"],
        ["CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a) INCLUDE (b)"],
        ["CREATE INDEX i ON orders (lower(c))", "CREATE INDEX j ON orders (upper(c))"],
        ["CREATE UNIQUE INDEX i ON orders (a)", "CREATE UNIQUE INDEX j ON orders (a) NULLS NOT DISTINCT"],
        ["CREATE INDEX i ON orders (a)", "DROP INDEX i", "CREATE INDEX j ON orders (a)"],
    ],
)
def test_different_indexes(statements: list[str]) -> None:
    assert not said("duplicate-index", table("a INTEGER", "b INTEGER", "c TEXT"), *statements)


def test_a_unique_constraint_is_never_dropped() -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (id)"
    (problem,) = said("duplicate-index", table(), again)
    assert "the primary key" in problem.message
    assert problem.instead == ()


def test_two_equal_keys_of_one_statement() -> None:
    made = "CREATE TABLE orders (a INTEGER, UNIQUE (a), PRIMARY KEY (a))"
    assert not said("duplicate-index", made)
    assert not said("duplicate-index", made, dialect="sqlite")
    assert said("duplicate-index", made, dialect="mysql")


def test_a_habit_is_a_warning_once_a_script() -> None:
    columns = "a INTEGER", "user_id INTEGER REFERENCES users (id)", "CONSTRAINT {} UNIQUE (a)"
    made = [f"{table(*columns, name=name)}; CREATE INDEX {name}_a ON {name} (a)" for name in ("carts", "lines")]
    ddl = USERS, "; ".join(each.format(name) for each, name in zip(made, ("ca", "la"), strict=True))
    later = table(*columns, name="notes").format("na") + "; CREATE INDEX notes_a ON notes (a)"
    for rule, rest in (("duplicate-index", ""), ("foreign-key-type-mismatch", ".user_id")):
        found = said(rule, *ddl, later)
        assert {each.object: each.severity or Severity.WARNING for each in found} == {
            f"carts{rest}": Severity.WARNING,
            f"lines{rest}": Severity.INFO,
            f"notes{rest}": Severity.WARNING,
        }


def test_an_index_on_a_primary_key_leads_no_script() -> None:
    carts = f"{table('a INTEGER', name='carts')}; CREATE INDEX carts_id ON carts (id)"
    lines = f"{table('a INTEGER UNIQUE', name='lines')}; CREATE INDEX lines_a ON lines (a)"
    found = said("duplicate-index", f"{carts}; {lines}")
    assert {each.object: each.severity for each in found} == {"carts": Severity.INFO, "lines": None}


def test_it_is_said_once_a_table() -> None:
    indexes = [f"CREATE INDEX {name} ON orders ({name[0]})" for name in ("a1", "a2", "b1", "b2", "c1", "c2")]
    (problem,) = said("duplicate-index", table("a INTEGER", "b INTEGER", "c INTEGER"), *indexes)
    assert "1 more" in problem.message
    assert str(written(problem)).count("drop_index") == 3


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a)", "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (a, b)"),
        ("CREATE INDEX i ON orders (a)", "CREATE UNIQUE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a DESC)", "CREATE INDEX j ON orders (a DESC, b)"),
        ("CREATE INDEX i ON orders (a, b)", "CREATE INDEX j ON orders (a, b, lower(c))"),
    ],
)
def test_redundant_index(short: str, long: str) -> None:
    made = table("a INTEGER", "b INTEGER", "c TEXT")
    for order in ((short, long), (long, short)):
        (problem,) = said("redundant-index", made, *order)
        assert (problem.object, problem.at.path) == ("orders.i", "2.py")
        assert 'op.drop_index("i"' in str(written(problem))
        assert not said("duplicate-index", made, *order)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("CREATE UNIQUE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a) WHERE b > 0", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders (a, b) WHERE b > 0"),
        ("CREATE INDEX i ON orders USING hash (a)", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a)", "CREATE INDEX j ON orders USING gin (a, b)"),
        ("CREATE INDEX i ON orders (a) INCLUDE (c)", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (b)", "CREATE INDEX j ON orders (a, b)"),
        ("CREATE INDEX i ON orders (a DESC)", "CREATE INDEX j ON orders (a, b)"),
    ],
)
def test_no_redundant_index(short: str, long: str) -> None:
    assert not said("redundant-index", table("a INTEGER", "b INTEGER", "c TEXT"), short, long)


@pytest.mark.parametrize(
    ("column", "index", "is_found"),
    [
        ("a BOOLEAN NOT NULL", "(a)", True),
        ("a BOOLEAN NOT NULL", "USING hash (a)", True),
        ("a BOOLEAN NOT NULL", "(a) WHERE a", False),
        ("a BOOLEAN NOT NULL", "(a, id)", False),
        ("a BOOLEAN NOT NULL", "(a) INCLUDE (id)", False),
        ("a BOOLEAN NOT NULL", "USING brin (a)", False),
        ("a INTEGER NOT NULL", "(a)", False),
        ("a mood NOT NULL", "(a)", True),
        ("a weekday NOT NULL", "(a)", False),
    ],
)
def test_low_cardinality_index(column: str, index: str, is_found: bool) -> None:
    enums = (
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE TYPE weekday AS ENUM ('mo', 'tu', 'we', 'th', 'fr', 'sa', 'su')",
    )
    name = index.partition("(")[0]
    using = f"CREATE INDEX i ON orders {name}({index.partition('(')[2]}"
    assert bool(said("low-cardinality-index", *enums, table(column), using)) == is_found


def test_low_cardinality_of_your_own() -> None:
    made = "CREATE TYPE mood AS ENUM ('a', 'b', 'c')", table("a mood"), "CREATE INDEX i ON orders (a)"
    assert said("low-cardinality-index", *made)
    assert not said("low-cardinality-index", *made, options={"values": 2})


# Types.


@pytest.mark.parametrize(
    ("rule", "column", "is_found"),
    [
        ("json-not-jsonb", "x JSON", True),
        ("json-not-jsonb", "x JSON[]", True),
        ("json-not-jsonb", "x JSONB", False),
        ("json-as-text", "extra_json TEXT", True),
        ("json-as-text", '"userPreferences" TEXT', True),
        ("json-as-text", "payload VARCHAR(4000)", True),
        ("json-as-text", "payload JSONB", False),
        ("json-as-text", "payload_hash TEXT", False),
        ("json-as-text", "payload VARCHAR(20)", False),
        ("json-as-text", "context VARCHAR(4000)", False),
        ("json-as-text", "context TEXT", True),
        ("char-type", "name CHAR(50)", True),
        ("char-type", "label CHARACTER(3)", True),
        ("char-type", "country_code CHAR(2)", False),
        ("char-type", "currency CHAR(3)", False),
        ("char-type", "grade CHAR(1)", False),
        ("char-type", "checksum CHAR(64)", False),
        ("char-type", "id_token CHAR(36)", False),
        ("char-type", "checksum CHAR(70)", True),
        ("char-type", "name VARCHAR(50)", False),
        ("nullable-boolean", "x BOOLEAN", True),
        ("nullable-boolean", "x BOOLEAN DEFAULT FALSE", True),
        ("nullable-boolean", "x BOOLEAN NOT NULL", False),
        ("nullable-boolean", "x INTEGER", False),
        ("money-type", "x MONEY", True),
        ("money-type", "money NUMERIC(12, 2)", False),
        ("status-without-check", "status TEXT", True),
        ("status-without-check", '"orderStatus" VARCHAR(20)', True),
        ("status-without-check", "status TEXT CHECK (status IN ('a', 'b'))", False),
        ("status-without-check", "status TEXT UNIQUE", False),
        ("status-without-check", "status INTEGER", False),
        ("status-without-check", "content_type TEXT", False),
        ("status-without-check", "status_message TEXT", False),
        ("uuid-as-text", "uuid VARCHAR(36)", True),
        ("uuid-as-text", '"orderGuid" TEXT', True),
        ("uuid-as-text", "parent_id CHAR(36)", True),
        ("uuid-as-text", "parent_id VARCHAR(40)", False),
        ("uuid-as-text", "uuid UUID", False),
        ("uuid-as-text", "trace_id VARCHAR(36)", False),
        ("uuid-as-text", "name VARCHAR(36)", False),
    ],
)
def test_types(rule: str, column: str, is_found: bool) -> None:
    assert bool(said(rule, table(column))) == is_found
    (added,) = said(rule, table(), f"ALTER TABLE orders ADD COLUMN {column}") if is_found else (None,)
    if added is not None:
        assert added.at.path == "1.py"
        assert added.confidence is (Confidence.LOW if rule in NAMES else Confidence.HIGH)


NAMES = ("json-as-text", "status-without-check", "uuid-as-text")


def test_half_of_a_reference_and_the_state_of_an_address() -> None:
    assert not said("status-without-check", table("object_type TEXT", "object_id BIGINT"))
    assert not said("status-without-check", table("target_kind TEXT", "target_uuid UUID"))
    assert not said("status-without-check", table("state TEXT", "city TEXT"))
    assert said("status-without-check", table("state TEXT", "name TEXT"))


def test_words_are_options() -> None:
    assert said("status-without-check", table("colour TEXT"), options={"names": ("colour",)})
    assert said("json-as-text", table("doc TEXT"), options={"names": ("doc",)})
    assert not said("char-type", table("plate CHAR(4)"), options={"codes": ("plate",)})
    assert said("char-type", table("plate CHAR(4)"))


def test_char_elsewhere() -> None:
    assert not said("char-type", table("phone CHAR(20)"), dialect="mysql")
    assert said("char-type", table("note CHAR(200)"), dialect="mysql")
    assert not said("char-type", table("note CHAR(200)"), dialect="sqlite")


def test_serial() -> None:
    made = "CREATE TABLE orders (id SERIAL PRIMARY KEY)"
    (problem,) = said("serial-not-identity", made)
    assert written(problem) == 'sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True)'
    assert not said("serial-not-identity", made, version=(9, 6))
    assert not said("serial-not-identity", "CREATE TABLE orders (id INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)")


def test_once_a_table() -> None:
    (problem,) = said("json-not-jsonb", table("a JSON"), "ALTER TABLE orders ADD COLUMN b JSON")
    assert problem.at.path == "1.py"
    assert '"orders.a" and "orders.b"' in problem.message


# Tables.


def test_comments() -> None:
    silent = said("missing-comment", table("total INTEGER"))
    assert objects(silent) == ["orders", "orders.total"]
    told = ("COMMENT ON TABLE orders IS 'x'", "COMMENT ON COLUMN orders.total IS 'y'")
    assert not said("missing-comment", table("total INTEGER", "created_at TIMESTAMP"), *told)
    assert objects(said("missing-comment", table("total INTEGER"), options={"columns": False})) == ["orders"]
    assert objects(said("missing-comment", table("total INTEGER"), options={"tables": False})) == ["orders.total"]
    (later,) = said("missing-comment", table(), told[0], "ALTER TABLE orders ADD COLUMN total INTEGER")
    assert (later.object, later.at.path) == ("orders.total", "2.py")


def test_thresholds() -> None:
    columns = [f"c{letter} INTEGER" for letter in "abcdefghij"]
    indexes = [f"CREATE INDEX i{letter} ON orders (c{letter})" for letter in "abcdefghij"]
    assert not said("too-many-indexes", table(*columns), *indexes[:9])
    (indexed,) = said("too-many-indexes", table(*columns), *indexes)
    assert indexed.at.path == "10.py"
    assert said("too-many-indexes", table(*columns), *indexes[:3], options={"most": 3})
    assert not said("too-many-columns", table(*columns))
    assert said("too-many-columns", table(*columns), options={"most": 10})[0].at.path == "0.py"
    added = said("too-many-columns", table(*columns), "ALTER TABLE orders ADD COLUMN z INTEGER", options={"most": 11})
    assert [each.at.path for each in added] == ["1.py"]


@pytest.mark.parametrize(
    "rule",
    [
        *("duplicate-index", "redundant-index", "low-cardinality-index", "foreign-key-without-ondelete"),
        *("foreign-key-missing", "missing-comment", "too-many-indexes"),
    ],
)
def test_partitions_and_the_version_table_are_left_alone(rule: str) -> None:
    whole = "CREATE TABLE visits (id BIGINT, at DATE, flag BOOLEAN) PARTITION BY RANGE (at)"
    part = "CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    own = ("CREATE INDEX i ON visits_1 (flag)", "CREATE INDEX j ON visits_1 (flag)")
    assert "visits_1" not in str(objects(said(rule, whole, part, *own)))
    version = "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"
    assert not said(rule, version, "CREATE INDEX k ON alembic_version (version_num)")


def test_tables_of_others_are_left_alone() -> None:
    assert not said("duplicate-index", "CREATE INDEX i ON legacy (a)", "CREATE INDEX j ON legacy (a)")
    assert not said("nullable-boolean", "ALTER TABLE legacy ALTER COLUMN a SET DEFAULT TRUE")
    assert objects(said("money-type", "ALTER TABLE legacy ADD COLUMN fee MONEY")) == ["legacy.fee"]


def test_since_reports_what_the_range_brought(make_project: MakeProject) -> None:
    """The parts that clash are old and new: the new one is in the range under review."""
    users = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'
    orders = (
        'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), index=True))'
    )
    wider = 'op.alter_column("users", "id", type_=sa.BigInteger(), existing_type=sa.Integer())'
    again = 'op.create_index("ix_again", "orders", ["user_id"])'
    bodies = {"a1": users, "b2": orders, "c3": wider, "d4": again}
    downs = dict(zip(bodies, [None, *bodies], strict=False))
    project = make_project({f"{name}.py": script(name, downs[name], body) for name, body in bodies.items()})
    found = {
        start: sorted(
            each.code for each in check_project(project, since=start).findings if each.code in ("MG607", "MG609")
        )
        for start in ("b2", "c3", "d4")
    }
    assert found == {"b2": ["MG607", "MG609"], "c3": ["MG609"], "d4": []}


def test_messages_stay_short() -> None:
    columns = [f"column_{letter * 20}" for letter in "abcdefghij"]
    made = table(*(f"{each} JSON" for each in columns))
    wide = table(*(f"{each} INTEGER" for each in columns), f"UNIQUE ({', '.join(columns)})")
    again = f"CREATE INDEX i ON orders ({', '.join(columns)})"
    for found in (
        said("json-not-jsonb", made),
        said("missing-comment", made),
        said("duplicate-index", wide, again),
        said("duplicate-index", wide, *(f"CREATE INDEX i{n} ON orders ({columns[n // 2]})" for n in range(20))),
    ):
        assert found
        assert all(len(each.message) <= 260 for each in found)


@pytest.mark.parametrize(("dialect", "codes"), [("postgresql", ["MG608"]), ("mariadb", ["MG608"]), ("sqlite", [])])
def test_sqlite_holds_nobody_to_a_foreign_key(
    dialect: DialectName, codes: list[str], make_project: MakeProject
) -> None:
    users = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'
    notes = 'op.create_table("notes", sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", name="n_u")))'
    root = make_project({"a.py": script("a1", None, f"{users}\n    {notes}")})
    report = check_project(root, dialect=dialect, select=["MG608"])
    assert [each.code for each in report.findings if each.code == "MG608"] == codes
