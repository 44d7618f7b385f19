"""What follows from another difference is not told again."""

from __future__ import annotations

import pytest

from migrate_guard.probes.worker import catalog

Keys = set[tuple[str, str, str]]
BEFORE: catalog.Snapshot = {
    ("table", "orders", ""): "TABLE",
    ("column", "orders", "id"): "integer",
    ("table", "old", ""): "TABLE\nPARTITION OF orders",
    ("column", "old", "id"): "integer",
}


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ({("table", "t", ""), ("column", "t", "a"), ("index", "t", "i"), ("trigger", "t", "g")}, {("table", "t", "")}),
        (
            {("table", "t", ""), ("table comment", "t", ""), ("column", "t", "a"), ("column comment", "t", "a")},
            {("table", "t", "")},
        ),
        ({("column", "orders", "a"), ("column comment", "orders", "a")}, {("column", "orders", "a")}),
        ({("column", "orders", "a"), ("column", "old", "a")}, {("column", "orders", "a")}),
        ({("column", "old", "a")}, {("column", "old", "a")}),
        ({("constraint", "orders", "f"), ("index", "orders", "f")}, {("constraint", "orders", "f")}),
        ({("column", "orders", "a"), ("sequence", "s", "")}, {("column", "orders", "a")}),
        ({("sequence", "s", "")}, {("sequence", "s", "")}),
        ({("domain", "d", ""), ("domain constraint", "d", "c")}, {("domain", "d", "")}),
        ({("enum", "e", ""), ("table", "t", "")}, {("enum", "e", ""), ("table", "t", "")}),
    ],
)
def test_left_behind_or_missing(added: Keys, told: Keys) -> None:
    after = {**BEFORE, **{key: "OWNED BY orders.a" if key[0] == "sequence" else "x" for key in added}}
    assert {each[:3] for each in catalog.differences(BEFORE, after)} == told
    assert {each[:3] for each in catalog.differences(after, BEFORE)} == told


def test_column_that_is_there_in_other_form() -> None:
    """The sequence behind a column's default goes with the column, unless the column stays."""
    before = {("column", "t", "a"): "integer\nDEFAULT nextval('s')", ("sequence", "s", ""): "OWNED BY t.a"}
    after = {("column", "t", "a"): "integer"}
    assert [each[:3] for each in catalog.differences(before, after)] == [("column", "t", "a")]
    kept = {**after, ("sequence", "s", ""): "OWNED BY t.a"}
    assert [each[:3] for each in catalog.differences(after, kept)] == [("sequence", "s", "")]


def test_index_of_a_table_that_is_not_the_cause() -> None:
    """An index that is missing while its table is new is told of its own."""
    before = {("index", "t", "i"): "btree (a)"}
    after = {("table", "t", ""): "TABLE"}
    assert [each[:3] for each in catalog.differences(before, after)] == [("index", "t", "i"), ("table", "t", "")]
