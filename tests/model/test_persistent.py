"""A PersistentMap is a dictionary whose old versions stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.model.persistent import PersistentMap

changes = st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers()), max_size=120)


@given(st.dictionaries(st.integers(0, 30), st.integers(), max_size=20), changes)
def test_every_version_is_the_dictionary_of_its_time(
    start: dict[int, int], steps: list[tuple[int, int | None]]
) -> None:
    model, version = dict(start), PersistentMap(start)
    history = [(dict(model), version)]
    for key, value in steps:
        if value is None:
            model.pop(key, None)
            version = version.remove(key)
        else:
            model[key] = value
            version = version.set(key, value)
        history.append((dict(model), version))
    for expected, found in history:
        assert dict(found.items()) == expected
        assert list(found) == list(found.keys())
        assert sorted(found) == sorted(expected)
        assert len(found) == len(expected)
        assert all(key in found for key in expected)
        assert sorted(found.values()) == sorted(expected.values())
        assert found.plain() == expected
    first, last = history[0], history[-1]
    every = {*first[0], *last[0]}
    changed = {key for key in every if first[0].get(key, model) is not last[0].get(key, model)}
    assert set(first[1].changed(last[1])) == changed == set(last[1].changed(first[1]))


def test_a_key_keeps_its_place() -> None:
    version = PersistentMap({"a": 1, "b": 2}).set("a", 3)
    assert list(version.items()) == [("a", 3), ("b", 2)]


def test_a_missing_key_is_an_error() -> None:
    version = PersistentMap({"a": 1}).remove("a")
    with pytest.raises(KeyError):
        version["a"]
    assert version.remove("a") is version
