from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import Suppression
from migrate_guard.rule import Problem, Severity, rule


@rule("MG004", on=Suppression, severity=Severity.WARNING, default=False)
def suppression_without_reason(comment: Suppression) -> Iterator[Problem]:
    """Flag an ignore comment that does not say why."""
    if comment.reason.strip():
        return
    rules = ", ".join(comment.rules)
    yield Problem(
        f"this comment hides {rules} and gives no reason",
        comment.span,
        help=f"Write the reason behind the bracket: # migrate-guard: ignore[{rules}] the table is empty in production.",
    )
