"""One finding a cause: one place and reason speaks once, and of two rules that see the same the first speaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.model.finding import Confidence, Finding
from migrate_guard.model.operations import Opaque, Operation
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Rule

_CONDITION: Final = lazily(r" (?:if|unless|while|for each) ")
"""Where the condition begins that ends a message."""

_MOST_NAMED: Final = 3


def said_once(findings: Sequence[Finding], rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return the findings, those about one place that differ in the condition or the direction only told once.

    What could not be resolved has one reason, however many tables the rounds of a loop apply it to.
    """
    unresolved = frozenset(rule.code for rule in rules if Opaque in rule.on)
    same: defaultdict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        same[_reason(finding, is_unresolved=finding.code in unresolved)].append(finding)
    if len(same) == len(findings):
        return tuple(findings)
    return tuple(each[0] if len(each) == 1 else _together(each) for each in same.values())


def said_once_an_environment(
    findings: Iterable[Finding],
    rules: Iterable[Rule],
    environments: Mapping[str, str],
    scope: Callable[[Finding], bool],
) -> Iterator[Finding]:
    """Return the findings, of those whose rule speaks once an environment the first that lies in the scope.

    They come in the order of the history; `environments` says of each path which one it belongs to.
    """
    once = frozenset(rule.code for rule in rules if rule.is_said_once)
    said: set[tuple[str, str]] = set()
    for finding in findings:
        key = finding.code, environments.get(finding.span.path, "")
        if finding.code not in once:
            yield finding
        elif key not in said and scope(finding):
            said.add(key)
            yield finding


def _reason(finding: Finding, *, is_unresolved: bool) -> tuple[object, ...]:
    """What findings agree in that have one cause."""
    message = finding.message
    if finding.confidence < Confidence.HIGH:
        message = _CONDITION.split(message, maxsplit=1)[0]
    if is_unresolved:
        return finding.code, finding.span, _around(message, finding.object)
    return finding.code, finding.span, message, finding.object, finding.revision


def _around(message: str, object: str | None) -> tuple[str, ...]:
    """A message without the object that it names first."""
    return tuple(message.split(f'"{object}"', 1)) if object else (message,)


def _together(findings: Sequence[Finding]) -> Finding:
    """One finding for several: the one that depends on the least, with the objects of all."""
    first = min(findings, key=lambda each: (-each.confidence, each.direction == "downgrade"))
    objects = list(dict.fromkeys(each.object for each in findings if each.object))
    if first.object is None or len(objects) < 2:
        return first
    shown = [f'"{each}"' for each in objects]
    if len(shown) > _MOST_NAMED:
        shown[_MOST_NAMED - 1 :] = [f"{len(shown) - _MOST_NAMED + 1} more"]
    together = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return replace(first, message=first.message.replace(f'"{first.object}"', together, 1), object=None)


def first_causes(findings: Sequence[Finding], rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return the findings without those whose rule yields to another that speaks about the same."""
    yields = _yields(tuple(rules))
    if not yields:
        return tuple(findings)
    heard = frozenset().union(*yields.values())
    spoken = {key for finding in findings if finding.code in heard for key in _speaks_about(finding)}
    return tuple(
        finding
        for finding in findings
        if finding.code not in yields
        or spoken.isdisjoint(
            (code, *key) for code in yields[finding.code] for key in (_line(finding), *_owners(finding))
        )
    )


def _yields(rules: Sequence[Rule]) -> dict[str, frozenset[str]]:
    """By code those of the rules that are heard first, where there are any."""
    first = [rule for rule in rules if rule.speaks_first]
    yields = {rule.code: frozenset(rule.yields_to) for rule in rules}
    for rule in rules:
        if not rule.speaks_first and _is_about_scripts(rule):
            yields[rule.code] |= {each.code for each in first if rule.code not in each.yields_to}
    return {code: others for code, others in yields.items() if others}


def _is_about_scripts(rule: Rule) -> bool:
    """Whether it speaks of what scripts do; what could not be resolved is said whatever else is."""
    return bool(rule.on_statements) or any(
        each is Revision or (issubclass(each, Operation) and each is not Opaque) for each in rule.on
    )


def _speaks_about(finding: Finding) -> Iterator[tuple[object, ...]]:
    """The line of a finding, and in its direction its object."""
    yield finding.code, *_line(finding)
    if finding.object:
        yield finding.code, finding.span.path, finding.direction, finding.object


def _line(finding: Finding) -> tuple[object, ...]:
    return finding.span.path, finding.span.line


def _owners(finding: Finding) -> Iterator[tuple[object, ...]]:
    """The object of a finding and all that contain it: a table stands for what it contains."""
    name = finding.object or ""
    while name:
        yield finding.span.path, finding.direction, name
        name = name.rpartition(".")[0]
