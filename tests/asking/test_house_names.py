"""How names are taken apart and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.asking.house_names import STYLES, in_number, in_style, number, parts, styles
from migrate_guard.asking.house_patterns import (
    CHECKS,
    FOREIGN_KEYS,
    INDEXES,
    PRIMARY_KEYS,
    UNIQUES,
    Named,
    follows,
    spelled,
)

WORD = st.from_regex(r"[a-z]{3,8}", fullmatch=True).filter(lambda word: word not in ("idx", "key", "uniq"))
WORDS = st.lists(WORD, min_size=2, max_size=4)


@given(WORDS, st.sampled_from(STYLES))
def test_a_name_in_a_style_agrees_with_it(words: list[str], style: str) -> None:
    name = in_style("_".join(words), style)
    assert styles(name) == {style}
    assert parts(name) == tuple(words)
    assert in_style(name, "snake_case") == "_".join(words)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", {"snake_case", "camelCase"}),
        ("user_id", {"snake_case"}),
        ("userId", {"camelCase"}),
        ("userID", {"camelCase"}),
        ("User", {"PascalCase"}),
        ("UserId", {"PascalCase"}),
        ("USER_ID", {"UPPER_CASE"}),
        ("URL", {"UPPER_CASE"}),
        ("_id", {"snake_case", "camelCase"}),
        ("address_2", {"snake_case"}),
        ("sha256", {"snake_case", "camelCase"}),
        ("User_Id", set()),
        ("user name", set()),
        ("2fa", set()),
        ("straße", {"snake_case", "camelCase"}),
    ],
)
def test_styles(name: str, expected: set[str]) -> None:
    assert styles(name) == expected


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("user", "users"),
        ("order_item", "order_items"),
        ("OrderItem", "OrderItems"),
        ("category", "categories"),
        ("address", "addresses"),
        ("status", "statuses"),
        ("box", "boxes"),
        ("branch", "branches"),
        ("day", "days"),
        ("person", "people"),
        ("schema", "schemas"),
        ("house", "houses"),
        ("cache_entry", "cache_entries"),
        ("invoice", "invoices"),
        ("alias", "aliases"),
        ("bonus", "bonuses"),
        ("index", "indices"),
        ("movie", "movies"),
        ("cookie", "cookies"),
        ("knife", "knives"),
        ("size", "sizes"),
        ("course", "courses"),
        ("warehouse", "warehouses"),
        ("release", "releases"),
        ("enterprise", "enterprises"),
        ("analysis", "analyses"),
    ],
)
def test_numbers(one: str, many: str) -> None:
    assert (number(one), number(many)) == ("singular", "plural")
    assert in_number(one, "plural") == many
    assert in_number(many, "singular") == one
    assert in_number(one, "singular") == one


@pytest.mark.parametrize(
    "name", ["metadata", "history", "news", "user_info", "dns", "user_settings", "t1", "ns", "lastseen", "statefulness"]
)
def test_neither_one_nor_many(name: str) -> None:
    assert number(name) is None
    assert in_number(name, "plural") == name


@given(WORD, st.lists(WORD, min_size=1, max_size=3), WORD)
def test_what_a_pattern_spells_follows_it(table: str, columns: list[str], referred: str) -> None:
    for tiers in (INDEXES, UNIQUES, FOREIGN_KEYS, CHECKS, PRIMARY_KEYS):
        for tier in tiers:
            for pattern in tier:
                name = spelled(Named("", table, tuple(columns), referred), pattern)
                assert ("{name}" in pattern) == (name == "")
                if name:
                    assert follows(Named(name, table, tuple(columns), referred), pattern)
                    assert not follows(Named(f"zz{name}", table, tuple(columns), referred), pattern)


@pytest.mark.parametrize(
    ("name", "columns", "pattern", "does"),
    [
        ("ix_order_items_user_id", ("user_id",), "ix_{table}_{columns}", True),
        ("ix_order_items_user", ("user_id",), "ix_{table}_{columns}", True),
        ("ix_order_item_user_id", ("user_id",), "ix_{table}_{columns}", True),
        ("IX_ORDER_ITEMS_USER_ID", ("user_id",), "ix_{table}_{columns}", True),
        ("ix_order_items_user_id_day", ("user_id", "day"), "ix_{table}_{columns}", True),
        ("ix_order_items_user_id", ("user_id", "day"), "ix_{table}_{columns}", True),
        ("ix_order_items_day", ("user_id", "day"), "ix_{table}_{columns}", False),
        ("ix_orders_user_id", ("user_id",), "ix_{table}_{columns}", False),
        ("ix_order_items_x", ("user_id",), "ix_{table}_{name}", True),
        ("ix_order_items_" + "x" * 48, ("user_id",), "ix_{table}_{columns}", True),
        ("fk_order_items_" + "x" * 48, ("user_id",), "ix_{table}_{columns}", False),
        ("uniq_order_items0user_id0day", ("user_id", "day"), "uniq_{table}0{columns}", True),
        ("idx_order_items_user_id", ("user_id",), "ix_{table}_{columns} idx_{table}_{columns}", True),
        ("a.b", ("user_id",), "a{column}b", False),
    ],
)
def test_names_that_follow_a_pattern(name: str, columns: tuple[str, ...], pattern: str, does: bool) -> None:
    assert follows(Named(name, "order_items", columns), pattern) is does
