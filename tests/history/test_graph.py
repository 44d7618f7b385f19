"""The graph of a history: order, heads, and what is wrong with it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.history.graph import ancestors, build, real_heads, resolve
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span


def revision(name: str, *down: str, depends_on: tuple[str, ...] = (), labels: tuple[str, ...] = ()) -> Revision:
    span = Span(f"{name}.py", 1, 1, 1, 2)
    return Revision(name, f"{name}.py", span, down, depends_on=depends_on, branch_labels=labels, down_span=span)


def ids(revisions: tuple[Revision, ...]) -> list[str]:
    return [each.id for each in revisions]


def test_a_line() -> None:
    history = build([revision("c", "b"), revision("a"), revision("b", "a")])
    assert ids(history.order) == ["a", "b", "c"]
    assert ids(history.heads) == ["c"]
    assert ids(history.bases) == ["a"]
    assert ancestors(history, "c") == {"a", "b"}


def test_a_branch_is_followed_to_its_end_before_the_next() -> None:
    history = build(
        [revision("a"), revision("b1", "a"), revision("c1", "a"), revision("b2", "b1"), revision("m", "b2", "c1")]
    )
    assert ids(history.order) == ["a", "b1", "b2", "c1", "m"]
    assert ids(history.heads) == ["m"]


def test_a_dependency_runs_first_and_leaves_two_heads() -> None:
    history = build([revision("a", depends_on=("b",)), revision("b")])
    assert ids(history.order) == ["b", "a"]
    assert ids(history.heads) == ["a", "b"]
    assert ids(real_heads(history)) == ["a"]


def test_a_dependency_may_be_a_label_or_the_beginning_of_an_id() -> None:
    history = build(
        [revision("a1b2", labels=("core",)), revision("x", depends_on=("core",)), revision("y", depends_on=("a1",))]
    )
    assert history.revisions["x"].depends_on == ("a1b2",)
    assert history.revisions["y"].depends_on == ("a1b2",)
    assert history.missing == ()


def test_a_missing_parent_detaches_what_follows() -> None:
    history = build([revision("b", "a"), revision("c", "b"), revision("z")])
    assert [(each.revision.id, each.parent) for each in history.missing] == [("b", "a")]
    assert history.detached == {"b", "c"}
    assert set(ids(history.order)) == {"b", "c", "z"}


def test_loops_are_found_once_and_read_all_the_same() -> None:
    history = build([revision("a", "c"), revision("b", "a"), revision("c", "b"), revision("s", "s"), revision("z")])
    assert sorted(sorted(ids(each)) for each in history.cycles) == [["a", "b", "c"], ["s"]]
    assert set(ids(history.order)) == {"a", "b", "c", "s", "z"}


def test_two_scripts_with_one_id() -> None:
    history = build([revision("a"), revision("b", "a"), revision("a")])
    assert [ids(group) for group in history.duplicates] == [["a", "a"]]
    assert ids(history.order) == ["a", "b"]


def test_an_id_may_be_shortened() -> None:
    history = build([revision("abc"), revision("abd", "abc")])
    assert resolve(history, "abd") == history.revisions["abd"]
    assert resolve(history, "ab") is None
    assert resolve(history, "x") is None


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=1, max_size=12))
def test_whatever_the_parents_every_revision_is_ordered_after_those_it_can_follow(parents: list[list[int]]) -> None:
    history = build([revision(str(at), *map(str, dict.fromkeys(down))) for at, down in enumerate(parents)])
    place = {each.id: at for at, each in enumerate(history.order)}
    assert set(place) == {str(at) for at in range(len(parents))}
    for each in history.order:
        if each.id not in history.detached:
            assert all(place[parent] < place[each.id] for parent in each.down)
