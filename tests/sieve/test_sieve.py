"""What is reported of what the rules say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from migrate_guard.config import codes_of
from migrate_guard.model.finding import Confidence, Finding, Related, Severity
from migrate_guard.model.operations import CreateIndex, Opaque
from migrate_guard.model.revision import Direction, History, Revision, Suppression
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Rule
from migrate_guard.sieve import Scope, Sifted, sift
from migrate_guard.sieve.scope import PathIgnores

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def a_rule(code: str, name: str, on: type = CreateIndex, yields_to: tuple[str, ...] = ()) -> Rule:
    def check(comment: Suppression) -> list[Problem]:
        return [Problem(f"no finding of {', '.join(comment.rules)}", comment.span)]

    return Rule(code, name, (on,), Severity.ERROR, check, yields_to=yields_to)


BLOCKS = a_rule("MG301", "index-blocks-writes")
SHADOWED = a_rule("MG409", "shadowed", yields_to=("MG301",))
HEADS = a_rule("MG101", "multiple-heads", on=History)
UNUSED = a_rule("MG003", "unused-suppression", on=Suppression)
REASON = a_rule("MG004", "suppression-without-reason", on=Suppression)
RULES = (BLOCKS, SHADOWED, HEADS, UNUSED, REASON)
KNOWN = {rule.code: rule.name for rule in RULES}


def a_finding(rule: Rule = BLOCKS, line: int = 5, path: str = "v/a.py", object: str | None = "orders.ix") -> Finding:
    span = Span(path, line, 5, line, 20)
    return Finding(
        rule.code, rule.name, rule.severity, Confidence.HIGH, "it blocks", span, object=object, revision="a1"
    )


def a_comment(*rules: str, first: int = 5, last: int = 5, path: str = "v/a.py") -> tuple[Revision, Suppression]:
    span = Span(path, first, 30, first, 60)
    return Revision("a1", path, Span(path, 1, 1, 1, 9)), Suppression(span, rules, first, last, "a reason")


def run(
    *findings: Finding,
    comments: tuple[tuple[Revision, Suppression], ...] = (),
    rules: tuple[Rule, ...] = (BLOCKS, SHADOWED, HEADS, UNUSED),
    restrict: frozenset[str] | None = None,
    path_ignores: PathIgnores | None = None,
) -> Sifted:
    return sift(findings, comments, Scope(rules, KNOWN, restrict, path_ignores or PathIgnores()))


def codes(sifted: Sifted) -> list[tuple[str, int]]:
    return [(each.code, each.span.line) for each in sifted.findings]


def test_findings_come_in_the_order_of_their_places_and_once() -> None:
    sifted = run(a_finding(line=9), a_finding(line=2), a_finding(line=9), a_finding(HEADS, line=9), a_finding(path="a"))
    assert [(each.span.path, each.span.line, each.code) for each in sifted.findings] == [
        ("a", 5, "MG301"),
        ("v/a.py", 2, "MG301"),
        ("v/a.py", 9, "MG101"),
        ("v/a.py", 9, "MG301"),
    ]
    assert sifted.hidden == ()


@pytest.mark.parametrize("name", ["MG301", "mg301", "index-blocks-writes"])
def test_a_comment_hides_a_finding_in_its_lines(name: str) -> None:
    sifted = run(a_finding(line=5), a_finding(line=8), comments=(a_comment(name, first=4, last=6),))
    assert codes(sifted) == [("MG301", 8)]
    assert [(each.finding.span.line, each.by) for each in sifted.hidden] == [(5, "suppressed")]


def test_a_comment_hides_nothing_in_other_files_and_of_other_rules() -> None:
    sifted = run(a_finding(), comments=(a_comment("MG301", path="v/b.py"), a_comment("MG101")))
    assert ("MG301", 5) in codes(sifted)
    assert [each.message for each in sifted.findings if each.code == "MG003"] == [
        "no finding of MG101",
        "no finding of MG301",
    ]


def test_only_the_unused_part_of_a_comment_is_reported() -> None:
    sifted = run(a_finding(), comments=(a_comment("MG301", "MG101"),))
    assert [(each.code, each.message, each.revision) for each in sifted.findings] == [
        ("MG003", "no finding of MG101", "a1")
    ]


def test_a_comment_for_a_rule_that_did_not_run_is_not_unused() -> None:
    assert run(comments=(a_comment("MG301"),), rules=(HEADS, UNUSED)).findings == ()


def test_a_comment_is_used_by_a_finding_that_yields_to_another() -> None:
    sifted = run(a_finding(), a_finding(SHADOWED), comments=(a_comment("MG409"),))
    assert codes(sifted) == [("MG301", 5)]


@pytest.mark.parametrize(
    ("rules", "message", "help"),
    [
        ((), "names no rule", "brackets"),
        (("index-block-writes",), 'no rule "index-block-writes"', "index-blocks-writes"),
        (("mg30",), 'no rule "mg30"', "MG301"),
        (("E501",), 'no rule "E501"', "explain --all"),
    ],
)
def test_a_comment_that_is_not_understood_is_reported(rules: tuple[str, ...], message: str, help: str) -> None:
    (finding,) = run(comments=(a_comment(*rules),)).findings
    assert finding.code == "MG003"
    assert message in finding.message
    assert help in finding.help


def test_unused_comments_can_be_suppressed() -> None:
    sifted = run(comments=(a_comment("MG301", "MG003"),))
    assert sifted.findings == ()
    assert [each.by for each in sifted.hidden] == ["suppressed"]


def test_other_rules_about_comments_hear_of_every_comment() -> None:
    sifted = run(a_finding(), comments=(a_comment("MG301"),), rules=(BLOCKS, UNUSED, REASON))
    assert codes(sifted) == [("MG004", 5)]


def test_rules_about_scripts_yield_to_one_that_speaks_first() -> None:
    unknown = replace(a_rule("MG120", "unknown", yields_to=("MG206",)), speaks_first=True)
    twice = replace(a_rule("MG121", "twice"), speaks_first=True)
    unnamed, unresolved = a_rule("MG206", "unnamed"), a_rule("MG002", "unresolved", on=Opaque)
    rules = (BLOCKS, HEADS, unknown, twice, unnamed, unresolved)
    assert codes(run(a_finding(), a_finding(unknown), rules=rules)) == [("MG120", 5)]
    assert codes(run(a_finding(unnamed), a_finding(unknown), rules=rules)) == [("MG206", 5)], "it yields itself"
    assert len(run(a_finding(unknown), a_finding(twice), rules=rules).findings) == 2, "both speak first"
    assert len(run(a_finding(HEADS), a_finding(unknown), rules=rules).findings) == 2, "of the graph"
    assert len(run(a_finding(unresolved), a_finding(unknown), rules=rules).findings) == 2


def test_one_finding_a_cause() -> None:
    assert codes(run(a_finding(), a_finding(SHADOWED, line=9))) == [("MG301", 5)]
    assert codes(run(a_finding(object="orders"), a_finding(SHADOWED, line=9, object="orders.x"))) == [("MG301", 5)]
    assert codes(run(a_finding(object="o"), a_finding(SHADOWED, object="p"))) == [("MG301", 5)], "the same line"
    assert len(run(a_finding(), a_finding(SHADOWED, path="v/b.py")).findings) == 2
    assert len(run(a_finding(), a_finding(SHADOWED, line=9, object="other")).findings) == 2
    downgrade = replace(a_finding(SHADOWED, line=9), direction="downgrade")
    assert len(run(replace(a_finding(), direction="upgrade"), downgrade).findings) == 2


def test_findings_in_other_files_are_hidden() -> None:
    elsewhere = a_finding(path="v/b.py")
    sifted = run(a_finding(), elsewhere, restrict=frozenset({"v/a.py"}))
    assert [each.span.path for each in sifted.findings] == ["v/a.py"]
    assert [(each.finding.span.path, each.by) for each in sifted.hidden] == [("v/b.py", "diff")]


def test_a_finding_about_the_graph_is_reported_where_a_given_file_takes_part() -> None:
    related = (Related(Span("v/a.py", 3, 1, 3, 9), "the other head"),)
    graph = replace(a_finding(HEADS, path="v/b.py"), related=related)
    other = replace(a_finding(path="v/b.py"), related=related)
    assert codes(run(graph, other, restrict=frozenset({"v/a.py"}))) == [("MG101", 5)]
    assert codes(run(graph, other, restrict=frozenset({"v/c.py"}))) == []


@pytest.mark.parametrize(
    ("pattern", "selector", "is_hidden"),
    [
        ("alembic/v/*.py", "MG301", True),
        ("alembic/v", "index-blocks-writes", True),
        ("alembic/**", "MG3", True),
        ("a.py", "ALL", True),
        ("a.py", "MG4", False),
        ("v/*.py", "MG301", False),
        ("b*.py", "MG301", False),
    ],
)
def test_per_file_ignores(pattern: str, selector: str, is_hidden: bool) -> None:
    ignores = PathIgnores({pattern: codes_of([selector], RULES)}, root=Path("/app"), base=Path("/app/alembic"))
    sifted = run(a_finding(), path_ignores=ignores)
    assert bool(sifted.hidden) is is_hidden
    assert bool(sifted.findings) is not is_hidden


def test_fingerprints_do_not_move_with_lines_and_tell_repetitions_apart() -> None:
    before = run(a_finding(line=5), a_finding(line=6), a_finding(line=7, object="other"))
    after = run(a_finding(line=50), a_finding(line=60), a_finding(line=70, object="other"))
    marks = [each.fingerprint for each in before.findings]
    assert marks == [each.fingerprint for each in after.findings]
    assert len(set(marks)) == 3
    assert all(len(mark) == 16 for mark in marks)


def test_fingerprints_do_not_change_when_another_finding_is_suppressed() -> None:
    both = run(a_finding(line=5), a_finding(line=8))
    one = run(a_finding(line=5), a_finding(line=8), comments=(a_comment("MG301"),))
    assert one.findings[0].fingerprint == both.findings[1].fingerprint


HINT = a_rule("MG002", "unresolved-operation", on=Opaque)


def a_hint(message: str, object: str | None = None, direction: Direction = "upgrade") -> Finding:
    confidence = Confidence.MEDIUM if " if " in message or " for each " in message else Confidence.HIGH
    finding = a_finding(HINT, object=object)
    return replace(finding, message=message, direction=direction, confidence=confidence)


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        pytest.param(
            [a_hint("not known: x if a"), a_hint("not known: x"), a_hint("not known: x if not a")],
            "not known: x",
            id="branches of a fork",
        ),
        pytest.param(
            [a_hint("not known: x", direction="downgrade"), a_hint("not known: x")],
            "not known: x",
            id="both directions",
        ),
        pytest.param(
            [a_hint('what this does to "a" is not known', "a"), a_hint('what this does to "b" is not known', "b")],
            'what this does to "a" and "b" is not known',
            id="rounds of a loop",
        ),
        pytest.param(
            [a_hint(f'what this does to "{each}" is not known for each x', each) for each in "abcde"],
            'what this does to "a", "b" and 3 more is not known for each x',
            id="many rounds of a loop",
        ),
    ],
)
def test_one_place_and_reason_speaks_once(findings: list[Finding], message: str) -> None:
    (finding,) = run(*findings, rules=(HINT,)).findings
    assert (finding.message, finding.direction) == (message, "upgrade")


def test_places_reasons_objects_and_revisions_are_told_apart() -> None:
    blocks = replace(a_finding(), message="it blocks if a", confidence=Confidence.MEDIUM)
    others = [
        replace(blocks, message="it blocks if not a"),
        replace(blocks, object="other"),
        replace(blocks, revision="b2"),
        replace(blocks, message="it locks if a"),
        replace(blocks, message="it blocks for ever", confidence=Confidence.HIGH),
        replace(blocks, span=Span("v/a.py", 5, 6, 5, 20)),
    ]
    sifted = run(blocks, *others)
    assert len(sifted.findings) == 6
    assert "it blocks if not a" not in [each.message for each in sifted.findings]
    reasons = run(a_hint("not known: x"), a_hint("not known: y"), rules=(HINT,)).findings
    assert [each.message for each in reasons] == ["not known: x", "not known: y"]


def steps(function: Callable[[], object]) -> int:
    """How many instructions of Python a call takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> TraceFunction:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def test_the_cost_of_comments_is_linear() -> None:
    def sift_many(number: int) -> Callable[[], Sifted]:
        lines = range(1, number + 1)
        findings = [a_finding(rule, line, object=f"t{line}.x") for line in lines for rule in (BLOCKS, SHADOWED)]
        comments = tuple(a_comment("MG301", "MG101", first=line, last=line + line % 2) for line in lines)
        return lambda: run(*findings, comments=comments)

    assert steps(sift_many(400)) < 6 * steps(sift_many(100))


def test_comments_over_many_lines_that_overlap() -> None:
    comments = (
        a_comment("MG301", first=1, last=50),
        a_comment("MG301", first=5, last=8),
        a_comment("MG301", first=60, last=61),
    )
    sifted = run(*(a_finding(line=line) for line in (1, 8, 50, 51, 59, 60, 61, 62)), comments=comments)
    assert codes(sifted) == [("MG301", 51), ("MG301", 59), ("MG301", 62)]
    assert [each.finding.span.line for each in sifted.hidden] == [1, 8, 50, 60, 61]
