from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.model.facts import OnlineOnly, OnlineReason
from migrate_guard.model.revision import Direction, Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule

_HAPPENS: Final[dict[OnlineReason, str]] = {
    "rows": "the rows of a query are None with --sql",
    "inspector": "there is no database to inspect with --sql",
    "session": "there is no connection for a session with --sql",
    "batch": "batch mode has no database with --sql from which to read what the table is",
}
_HELP: Final[dict[OnlineReason, str]] = {
    "rows": "Write a statement that needs no rows (INSERT … SELECT), or ask context.is_offline_mode() before.",
    "inspector": "Put it under if not context.is_offline_mode(), or write IF EXISTS.",
    "session": "Execute Core statements with op.execute().",
    "batch": "Hand the table to batch_alter_table() as copy_from=.",
}


@rule("MG128", on=Revision, severity=Severity.WARNING, default=False)
def offline_incompatible(view: RevisionView) -> Iterator[Problem]:
    """Flag what `alembic upgrade --sql` cannot render: used results, reflection, batch mode that copies a table."""
    found: dict[Direction, list[OnlineOnly]] = {}
    for fact, direction in scripts.facts(view, OnlineOnly):
        found.setdefault(direction, []).append(fact)
    for direction, facts in found.items():
        first, *others = sorted(facts, key=lambda each: each.span)
        yield Problem(
            scripts.hedged(f"{_HAPPENS[first.reason]}: the {direction} fails there", first),
            first.span,
            help=_HELP[first.reason],
            related=tuple(Related(each.span, _HAPPENS[each.reason]) for each in others[:3]),
            confidence=scripts.confidence(first),
            direction=direction,
        )
