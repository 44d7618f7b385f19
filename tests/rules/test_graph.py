"""Rules about the graph, where a page would need too many scripts."""

from __future__ import annotations

from typing import Any

import pytest

from migrate_guard.history import graph
from migrate_guard.model.environment import Environment
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.schema import Column, Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import HistoryView, Problem, RevisionView, Rule, Severity
from migrate_guard.rules.broken_down_revision import broken_down_revision
from migrate_guard.rules.multiple_bases import multiple_bases
from migrate_guard.rules.multiple_heads import multiple_heads
from migrate_guard.rules.revision_id_too_long import revision_id_too_long
from tests.checking import written


def revision(name: str, *down: str, path: str = "", labels: str = "", depends: str = "") -> Revision:
    span = Span(path or f"versions/{name}.py", 1, 1, 1, 2)
    return Revision(name, span.path, span, down, tuple(depends.split()), tuple(labels.split()))


def check(rule: Rule, *revisions: Revision) -> list[Problem]:
    history = graph.build(revisions)
    return list(rule.check(HistoryView(history, Environment("migrations"), Target.default())))


def heads(*revisions: Revision) -> list[str]:
    return sorted(str(each.object) for each in check(multiple_heads, *revisions))


def test_heads_of_one_branch() -> None:
    assert heads(revision("a"), revision("b", "a"), revision("c", "a")) == ["b", "c"]
    assert heads(revision("a"), revision("b", "a")) == []


def test_labels_divide_the_heads() -> None:
    base = revision("a")
    assert heads(base, revision("b", "a", labels="x"), revision("c", "a", labels="y")) == []
    assert heads(base, revision("b", "a", labels="x"), revision("c", "a")) == []
    roots = revision("a", labels="x"), revision("b", labels="y")
    assert heads(*roots, revision("c", "b"), revision("d", "b")) == ["c", "d"]


def test_what_hangs_behind_a_missing_parent_is_no_second_head() -> None:
    assert heads(revision("a"), revision("b", "gone")) == []


def test_a_head_that_another_one_depends_on() -> None:
    assert heads(revision("a"), revision("b", "a"), revision("c", "a", depends="b")) == []


def test_bases() -> None:
    two = revision("a"), revision("b")
    assert sorted(str(each.object) for each in check(multiple_bases, *two)) == ["a", "b"]
    assert check(multiple_bases, revision("a"), revision("b", labels="x")) == []
    assert check(multiple_bases, revision("a"), revision("b"), revision("c", "b", labels="x")) == []
    assert check(multiple_bases, revision("a"), revision("b", depends="a")) == []


@pytest.mark.parametrize(
    ("parent", "meant"),
    [
        ("a1b2c3_add_users", "a1b2c3"),
        ("a1b2c3_add_users.py", "a1b2c3"),
        ("a1b2", "a1b2c3"),
        ("a1b2c3_or_so", "a1b2c3"),
        ("a1b2c4", "a1b2c3"),
        ("ffffff", None),
    ],
)
def test_what_a_missing_parent_means(parent: str, meant: str | None) -> None:
    known = revision("a1b2c3", path="versions/a1b2c3_add_users.py")
    (problem,) = check(broken_down_revision, known, revision("d", parent))
    assert written(problem) == (f'down_revision = "{meant}"' if meant else None)
    assert f'"{parent}"' in problem.message


def test_one_wrong_parent_of_a_merge() -> None:
    known = revision("abcd1"), revision("efgh1")
    (problem,) = check(broken_down_revision, *known, revision("m", "abcd1", "efgh2"))
    assert written(problem) == 'down_revision = ("abcd1", "efgh1")'


def test_no_parent_is_suggested_that_cannot_be_one() -> None:
    (problem,) = check(broken_down_revision, revision("abcd1"), revision("m", "abcd1", "abcd2"))
    assert written(problem) is None
    (problem,) = check(broken_down_revision, revision("abcd1", "m"), revision("m", "abcd2"))
    assert written(problem) is None


LONG = "add_city_and_country_to_users_for_invoices"


def too_long(environment: Environment | None = None, column: Any = None) -> list[Problem]:
    schema = Schema()
    if column:
        version_table = QualifiedName("alembic_version")
        schema = schema.with_table(Table(version_table, Span("a", 1, 1, 1, 2), columns=(column,), is_open=True))
    run = Run("upgrade", (), schema, schema)
    view = RevisionView(revision(LONG), run, None, environment or Environment("migrations"), Target.default())
    return list(revision_id_too_long.check(view))


def test_an_id_that_does_not_fit() -> None:
    (problem,) = too_long()
    assert f"has {len(LONG)} characters" in problem.message
    assert written(problem) == 'revision = "add_city_and_country_to_users"'


@pytest.mark.parametrize(("limit", "fits"), [(("64",), True), ((), True), (("32",), False), (("40",), False)])
def test_a_history_that_widens_the_version_table(limit: tuple[str, ...], fits: bool) -> None:
    column = Column("version_num", Type("VARCHAR", limit, family="text"), Span("a", 1, 1, 1, 2))
    assert (too_long(column=column) == []) is fits


def test_an_environment_that_widens_the_version_table() -> None:
    assert too_long(Environment("migrations", widens_version_table=True)) == []


def test_a_package_that_depends_on_another_one() -> None:
    """Without an environment nobody knows what runs beside its scripts."""
    (problem,) = check(broken_down_revision, revision("a1", depends="d0"))
    assert problem.severity is Severity.WARNING
    assert problem.message.endswith("unless another version location has it")
    parent, dependency = check(broken_down_revision, revision("a1", "c9", depends="d0"))
    assert (parent.severity, dependency.severity) == (None, Severity.WARNING)
