"""What a house is said to do: counted over its tables, by its options, and by the documented defaults."""

from __future__ import annotations

from typing import Any

import pytest

from migrate_guard.asking.house import Habit, conventions
from migrate_guard.model import folding
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.sql import read_sql
from migrate_guard.rules import load_rules

VERSION_TABLE = "alembic_version"
CLOCK = "timestamp with time zone"


def schema(*statements: str) -> Schema:
    found = Schema.of_empty_database()
    for text in statements:
        for operation in read_sql(text, Target.default(), lambda _start, _end: Span("a.py", 1, 1, 1, 2)):
            found = folding.apply(found, with_names(operation, found, "postgresql"))
    return found


def houses(agreeing: int, others: int, agree: str, differ: str) -> Schema:
    """Tables of two kinds; {t} is the name of the table."""
    kinds = [agree] * agreeing + [differ] * others
    return schema(*(text.replace("{t}", f"t{chr(97 + number)}x") for number, text in enumerate(kinds)))


def habit(found: Schema, name: str, **options: dict[str, Any]) -> Habit:
    given = {rule.replace("_", "-"): value for rule, value in options.items()}
    return next(each for each in conventions(found, VERSION_TABLE, given) if each.name == name)


CASES = [
    ("time zones", f"CREATE TABLE {{t}} (a {CLOCK})", "CREATE TABLE {t} (a timestamp)", "aware"),
    ("time zones", "CREATE TABLE {t} (a timestamp)", f"CREATE TABLE {{t}} (a {CLOCK})", "naive"),
    (
        "types of primary keys",
        "CREATE TABLE {t} (id bigserial PRIMARY KEY)",
        "CREATE TABLE {t} (id serial PRIMARY KEY)",
        "big",
    ),
    (
        "types of primary keys",
        "CREATE TABLE {t} (id uuid PRIMARY KEY)",
        "CREATE TABLE {t} (id serial PRIMARY KEY)",
        "big",
    ),
    (
        "types of primary keys",
        "CREATE TABLE {t} (id serial PRIMARY KEY)",
        "CREATE TABLE {t} (id uuid PRIMARY KEY)",
        "small",
    ),
    ("style of table names", 'CREATE TABLE "My{t}" (a int)', "CREATE TABLE my_{t} (a int)", "PascalCase"),
    ("number of table names", "CREATE TABLE {t}_users (a int)", "CREATE TABLE {t}_user (a int)", "plural"),
    ("number of table names", "CREATE TABLE {t}_address (a int)", "CREATE TABLE {t}_addresses (a int)", "singular"),
    (
        "style of column names",
        'CREATE TABLE {t} (a int, "userId" int)',
        "CREATE TABLE {t} (a int, user_id int)",
        "camelCase",
    ),
    (
        "names of indexes",
        "CREATE TABLE {t} (a int); CREATE INDEX {t}_a_idx ON {t} (a)",
        "CREATE TABLE {t} (a int); CREATE INDEX ix_{t}_a ON {t} (a)",
        "{table}_{columns}_idx",
    ),
    (
        "names of indexes",
        "CREATE TABLE {t} (a int); CREATE INDEX ix_{t}_x ON {t} (a)",
        "CREATE TABLE {t} (a int); CREATE INDEX foo_{t} ON {t} (a)",
        "ix_{table}_{name}",
    ),
    (
        "names of primary keys",
        "CREATE TABLE {t} (a int PRIMARY KEY)",
        "CREATE TABLE {t} (a int, CONSTRAINT pk_{t} PRIMARY KEY (a))",
        "{table}_pkey",
    ),
    (
        "names of unique constraints",
        "CREATE TABLE {t} (a int, CONSTRAINT uq_{t}_a UNIQUE (a))",
        "CREATE TABLE {t} (a int UNIQUE)",
        "uq_{table}_{columns}",
    ),
    (
        "names of check constraints",
        "CREATE TABLE {t} (a int, CONSTRAINT ck_{t}_good CHECK (a > 0))",
        "CREATE TABLE {t} (a int, CONSTRAINT good_{t} CHECK (a > 0))",
        "ck_{table}_{name}",
    ),
    (
        "names of foreign keys",
        "CREATE TABLE {t} (a int, CONSTRAINT fk_{t}_a_us FOREIGN KEY (a) REFERENCES us)",
        "CREATE TABLE {t} (a int, FOREIGN KEY (a) REFERENCES us)",
        "fk_{table}_{columns}_{referred_table}",
    ),
    (
        "columns of foreign keys",
        "CREATE TABLE {t} (id_user int, FOREIGN KEY (id_user) REFERENCES users (id))",
        "CREATE TABLE {t} (user_id int, FOREIGN KEY (user_id) REFERENCES users (id))",
        "{key}_{name}",
    ),
    (
        "number of the table in columns of foreign keys",
        "CREATE TABLE {t} (users_id int, FOREIGN KEY (users_id) REFERENCES users (id))",
        "CREATE TABLE {t} (user_id int, FOREIGN KEY (user_id) REFERENCES users (id))",
        "plural",
    ),
    (
        "style of index and constraint names",
        'CREATE TABLE {t} (a int, CONSTRAINT "A_{t}_UQ" UNIQUE (a))'.replace("{t}", "T"),
        "CREATE TABLE {t} (a int, CONSTRAINT uq_a UNIQUE (a))",
        "UPPER_CASE",
    ),
]


@pytest.mark.parametrize(("name", "agree", "differ", "value"), CASES)
def test_what_eight_of_ten_tables_do(name: str, agree: str, differ: str, value: str) -> None:
    if "T_UQ" in agree:
        agree = agree.replace("CREATE TABLE T", "CREATE TABLE {t}")
    learnt = habit(houses(8, 2, agree, differ), name)
    assert (learnt.value, learnt.agreeing, learnt.tables, learnt.is_learnt) == (value, 8, 10, True)
    assert str(learnt) == "8 of 10 tables"


@pytest.mark.parametrize(("name", "agree", "differ", "value"), CASES[:-1])
def test_fewer_than_eight_of_ten_do_not_agree(name: str, agree: str, differ: str, value: str) -> None:
    del value
    mixed = habit(houses(7, 3, agree, differ), name)
    assert (mixed.value, mixed.is_learnt, mixed.tables) == ("", False, 10)


@pytest.mark.parametrize(
    ("name", "agree", "default"),
    [
        ("time zones", "CREATE TABLE {t} (a timestamp)", "aware"),
        ("types of primary keys", "CREATE TABLE {t} (id serial PRIMARY KEY)", "big"),
        ("style of table names", 'CREATE TABLE "My{t}" (a int)', "snake_case"),
        ("number of table names", "CREATE TABLE {t}_users (a int)", ""),
        ("style of column names", 'CREATE TABLE {t} ("userId" int)', "snake_case"),
        ("columns of foreign keys", "CREATE TABLE {t} (owner int REFERENCES users (id))", "{name}_{key}"),
    ],
)
def test_nine_tables_leave_the_default(name: str, agree: str, default: str) -> None:
    few = habit(houses(9, 0, agree, ""), name)
    assert (few.value, few.agreeing, few.tables, few.is_learnt, few.is_set) == (default, 0, 9, False, False)


def test_few_tables_of_one_mind_have_a_pattern_beside_the_default() -> None:
    found = houses(3, 0, "CREATE TABLE {t} (a int); CREATE INDEX {t}_a_idx ON {t} (a)", "")
    assert habit(found, "names of indexes").value == "ix_{table}_{columns} idx_{table}_{columns} {table}_{columns}_idx"
    found = houses(
        2,
        1,
        "CREATE TABLE {t} (a int); CREATE INDEX {t}_a_idx ON {t} (a)",
        "CREATE TABLE {t} (a int); CREATE INDEX foo_{t} ON {t} (a)",
    )
    assert habit(found, "names of indexes").value == "ix_{table}_{columns} idx_{table}_{columns}"


@pytest.mark.parametrize(
    ("name", "options", "value"),
    [
        ("time zones", {"timestamp_without_timezone": {"expect": "aware"}}, "aware"),
        ("time zones", {"timestamp_without_timezone": {"expect": "any"}}, ""),
        ("types of primary keys", {"small_primary_key": {"expect": "any"}}, ""),
        ("style of table names", {"table_name_style": {"style": "PascalCase"}}, "PascalCase"),
        ("number of table names", {"table_name_style": {"number": "singular"}}, "singular"),
        ("style of column names", {"column_name_style": {"style": "any"}}, ""),
        ("names of indexes", {"index_name_style": {"pattern": "i_{table}"}}, "i_{table}"),
        ("names of check constraints", {"constraint_name_style": {"check": "any"}}, ""),
        ("columns of foreign keys", {"foreign_key_name_style": {"pattern": "{table}_{key}"}}, "{table}_{key}"),
    ],
)
def test_options_set_a_convention(name: str, options: dict[str, dict[str, Any]], value: str) -> None:
    found = habit(houses(12, 0, "CREATE TABLE {t}_users (id serial PRIMARY KEY, a timestamp)", ""), name, **options)
    assert (found.value, found.is_set, found.is_learnt) == (value, True, False)
    rule, _, option = found.option.partition(".")
    assert option.replace("-", "_") in options[rule.replace("-", "_")]


def test_share_and_least_tables_are_options() -> None:
    found = houses(3, 1, f"CREATE TABLE {{t}} (a {CLOCK})", "CREATE TABLE {t} (a timestamp)")
    told = habit(found, "time zones", timestamp_without_timezone={"least_tables": 4, "share": 0.75})
    assert (told.value, told.is_learnt) == ("aware", True)


def test_every_option_is_one_of_a_rule() -> None:
    options = {rule.name: rule.options for rule in load_rules()}
    for each in conventions(Schema(), VERSION_TABLE):
        rule, _, option = each.option.partition(".")
        assert hasattr(options[rule], option.replace("-", "_"))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE alembic_version (version_num varchar(32))",
        "CREATE TABLE p PARTITION OF ta_users FOR VALUES IN (1)",
        "ALTER TABLE legacy ADD COLUMN b int",
        "CREATE VIEW v_user AS SELECT 1",
        "CREATE TABLE member_of (a int REFERENCES ta_users, b int REFERENCES tb_users, PRIMARY KEY (a, b))",
    ],
)
def test_what_does_not_vote(statement: str) -> None:
    house = [f"CREATE TABLE t{letter}_users (a int)" for letter in "abcdefghij"]
    assert habit(schema(*house, statement), "number of table names").tables == len(house)


def test_timestamps_are_told_with_the_name_of_the_house() -> None:
    found = houses(
        9,
        1,
        f"CREATE TABLE {{t}} (made_on {CLOCK}, made_at {CLOCK})".replace("made_on", "created_on"),
        "CREATE TABLE {t} (a int)",
    )
    told = habit(found, "the column that says when a row was made")
    assert (told.value, told.agreeing, told.tables, told.is_learnt) == ("created_on", 9, 10, True)
    told = habit(found, "the column that says when a row was changed last")
    assert (told.value, told.is_learnt) == ("", False)
