from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.rule import CrashedRule, Problem, Severity, rule


@rule("MG000", on=Exception, severity=Severity.ERROR)
def rule_crashed(crash: CrashedRule) -> Iterator[Problem]:
    """Say that a rule raised instead of judging, so that its silence is not taken for an answer."""
    yield Problem(
        f"{crash.code} {crash.rule} stops with {crash.error} and does not judge this",
        crash.at,
        object=crash.code,
        help=f"This is a mistake in the rule; --ignore {crash.code} switches it off until it is mended.",
    )
