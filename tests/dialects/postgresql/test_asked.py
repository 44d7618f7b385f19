"""What rules ask about PostgreSQL beyond the effects of a statement: time zones, USING, partitions."""

from __future__ import annotations

from functools import cache

import pytest

from migrate_guard.dialects.effects import BoundChecks, bound_checks, converts_alike, detaches_concurrently, effect
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target
from tests.dialects.postgresql.predicting import folded, read

TABLES = (
    "CREATE TABLE t (v varchar(50), w text, at timestamp, n int); "
    "CREATE TABLE r (k int, a int) PARTITION BY RANGE (k); CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (1) TO (2); "
    'CREATE TABLE l ("Key" text) PARTITION BY LIST ("Key"); CREATE TABLE l1 PARTITION OF l FOR VALUES IN (\'a\'); '
    "CREATE TABLE ld PARTITION OF l DEFAULT; "
    "CREATE TABLE h (k int) PARTITION BY HASH (k); CREATE TABLE m (k int, a int) PARTITION BY RANGE (k, a)"
)


def target(version: int = 15) -> Target:
    return Target("postgresql", (version,))


@cache
def schema() -> Schema:
    return folded(Schema.of_empty_database(), read(TABLES, 15))


def altered(sql: str) -> ops.AlterColumn:
    (operation,) = read(f"ALTER TABLE t ALTER {sql}", 15)
    assert isinstance(operation, ops.AlterColumn)
    return operation


@pytest.mark.parametrize(
    ("zone", "rewrites"),
    [
        (None, "depends"),
        ("local", "depends"),
        ("UTC", False),
        ("'utc'", False),
        ("Etc/UTC", False),
        ("GMT", False),
        ("0", False),
        ("Europe/London", True),
        ("Africa/Abidjan", True),
        ("+1", True),
    ],
)
def test_rows_stay_in_a_session_of_utc(zone: str | None, rewrites: bool | str) -> None:
    operation = altered("at TYPE timestamptz")
    assert effect(operation, (operation,), schema(), target(), zone).rewrites.value == rewrites


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ("v TYPE varchar(100) USING v", True),
        ("v TYPE varchar(100) USING v::text", True),
        ("v TYPE varchar(100) USING (v::varchar(60))::text", True),
        ("v TYPE varchar(100) USING CAST(v AS varchar(100))", True),
        ("v TYPE varchar(100) USING v::varchar(10)", False),
        ("v TYPE varchar(100) USING upper(v)", False),
        ("v TYPE varchar(100) USING v || 'x'", False),
        ("v TYPE varchar(100) USING w", False),
        ("w TYPE varchar USING w::int::text", False),
        ("n TYPE bigint USING n::bigint", True),
        ("at TYPE timestamptz USING at AT TIME ZONE 'UTC'", True),
        ("at TYPE timestamptz USING (at at time zone 'utc')", True),
        ("at TYPE timestamptz USING at AT TIME ZONE 'Europe/Berlin'", False),
        ("n TYPE text USING n AT TIME ZONE 'UTC'", False),
    ],
)
def test_using_that_says_no_more_than_the_types(change: str, alike: bool) -> None:
    assert converts_alike(altered(change), schema(), target()) is alike


@pytest.mark.parametrize(
    ("sql", "version", "why_not"),
    [
        ("ALTER TABLE r DETACH PARTITION r1", 14, None),
        ("ALTER TABLE r DETACH PARTITION r1", 13, "CONCURRENTLY came with PostgreSQL 14"),
        ("ALTER TABLE l DETACH PARTITION l1", 18, "CONCURRENTLY is refused while there is the default partition s.ld"),
    ],
)
def test_detached_concurrently(sql: str, version: int, why_not: str | None) -> None:
    (operation,) = read(sql, version)
    assert isinstance(operation, ops.DetachPartition)
    found = detaches_concurrently(operation, schema(), target(version))
    assert found.is_yes == (why_not is None)
    assert why_not is None or found.why == (why_not,)


@pytest.mark.parametrize(
    ("table", "bound", "within", "outside"),
    [
        ("r", "FOR VALUES FROM (1) TO (9)", "k IS NOT NULL AND k >= 1 AND k < 9", "k IS NULL OR k < 1 OR k >= 9"),
        ("r", "FOR VALUES FROM (MINVALUE) TO (9)", "k IS NOT NULL AND k < 9", "k IS NULL OR k >= 9"),
        ("r", "FOR VALUES FROM (1) TO (MAXVALUE)", "k IS NOT NULL AND k >= 1", "k IS NULL OR k < 1"),
        (
            "l",
            "FOR VALUES IN ('a', 'b')",
            "\"Key\" IS NOT NULL AND \"Key\" IN ('a', 'b')",
            "\"Key\" IS NULL OR \"Key\" NOT IN ('a', 'b')",
        ),
    ],
)
def test_checks_that_say_as_much_as_a_bound(table: str, bound: str, within: str, outside: str) -> None:
    found = bound_checks(QualifiedName(table, "s"), bound, schema(), target())
    assert isinstance(found, BoundChecks)
    assert (found.within.text, found.outside.text) == (within, outside)


@pytest.mark.parametrize(
    ("table", "bound"),
    [
        ("h", "FOR VALUES WITH (MODULUS 2, REMAINDER 0)"),
        ("m", "FOR VALUES FROM (1, 1) TO (2, 2)"),
        ("r", "DEFAULT"),
        ("l", "FOR VALUES IN ('a', NULL)"),
        ("nowhere", "FOR VALUES IN (1)"),
    ],
)
def test_bounds_that_no_check_proves(table: str, bound: str) -> None:
    assert isinstance(bound_checks(QualifiedName(table, "s"), bound, schema(), target()), str)
