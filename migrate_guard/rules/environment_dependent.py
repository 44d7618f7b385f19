from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.model.facts import OutsideDecision
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

_HELP: Final = "Write down what is to happen; what really differs between databases, ask the database."


@rule("MG119", on=Revision, severity=Severity.WARNING)
def environment_dependent(view: RevisionView) -> Iterator[Problem]:
    """Flag what the environment, the clock, chance, the network or another program decides about a migration."""
    for fact, direction in scripts.facts_by_place(view, OutsideDecision):
        yield Problem(
            scripts.hedged(_message(fact), fact),
            fact.span,
            object=fact.source,
            help=_HELP,
            confidence=scripts.confidence(fact),
            direction=direction,
        )


def _message(fact: OutsideDecision) -> str:
    match fact.decides:
        case "run":
            return f"{fact.source} decides whether the migration {fact.deed}: databases at the same revision differ"
        case "text":
            return f"{fact.deed} depends on {fact.source}: databases at the same revision differ"
    return f"what {fact.source} does is up to the machine that runs the migration, and no downgrade knows it"
