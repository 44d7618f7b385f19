"""Secrets by their shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate_guard.asking.secrets import _MARKS, _TOKENS


@pytest.mark.parametrize(("what", "shape"), _TOKENS, ids=lambda each: str(each)[:20])
def test_nothing_of_a_shape_is_passed_over(what: str, shape: str) -> None:
    """The words that are looked for before the shapes are in everything that has one."""

    @settings(max_examples=50, deadline=None)
    @given(st.from_regex(shape, fullmatch=True))
    def holds(text: str) -> None:
        assert any(mark in text for mark in _MARKS), what

    holds()
