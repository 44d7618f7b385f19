"""Whether two pieces of SQL are one to a database, as far as that can be told without one."""

from __future__ import annotations

import pytest

from migrate_guard.dialects.expressions import are_same
from migrate_guard.model.schema import Expression
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.sql import read_sql


def expression(text: str) -> Expression:
    """What reading makes of a condition."""
    sql = f"ALTER TABLE t ADD CHECK ({text})"
    (operation,) = read_sql(sql, Target.default(), lambda _start, _end: Span("", 1, 1, 1, 1))
    return operation.constraint.expression  # type: ignore[attr-defined, no-any-return]  # it adds a check


SAME = [
    ("a > 0", "(a > 0)"),
    ("a > 0 AND b > 0", "((a > 0) AND (b > 0))"),
    ("status IN ('a', 'b')", "status::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])"),
    ("a != 1", "a <> 1"),
    ('"a" > 0', "a > 0"),
    ("at > now()", "at > CURRENT_TIMESTAMP"),
    ("(state = 'active'::text)", "\"user\".state='active'"),
    (
        "(CASE WHEN full_name IS NULL OR full_name = '' THEN a ELSE b END) > 0",
        "CASE WHEN (people.full_name IS NULL OR people.full_name = '') THEN people.a ELSE people.b END > 0",
    ),
    ("at > timezone('utc', now())", "at > (now() AT TIME ZONE 'utc')"),
]
OTHERS = [
    ("a > 0", "a > 1"),
    ("a > 0", "a >= 0"),
    ("a > 0", "b > 0"),
    ("status IN ('a', 'b')", "status IN ('a', 'b', 'c')"),
    ("length(a) > 3", "lower(a) > 3"),
    ("t.a > 0", "t.b > 0"),
    ("a BETWEEN 1 AND 5", "a BETWEEN 1 AND 6"),
]
UNKNOWN = [
    ("a BETWEEN 1 AND 5", "a >= 1 AND a <= 5"),
    ("(a OR b) AND c", "a OR (b AND c)"),
    ("(a + b) * 2 > c", "a + (b * 2) > c"),
    ("a > b", "b < a"),
    ("is_open = true", "is_open"),
    ("name LIKE 'a%'", "name ~~ 'a%'"),
]


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [*((*each, True) for each in SAME), *((*each, False) for each in OTHERS), *((*each, None) for each in UNKNOWN)],
)
def test_conditions(one: str, other: str, wanted: bool | None) -> None:
    assert are_same(expression(one), expression(other), "boolean") is wanted
    assert are_same(expression(other), expression(one), "boolean") is wanted
