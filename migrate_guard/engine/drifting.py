"""Ask the rules about what models and the history of the migrations have differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migrate_guard.engine.histories import Reading, operations_of
from migrate_guard.engine.judges import Judges
from migrate_guard.engine.outcome import Outcome, concluded
from migrate_guard.history.drift import drift
from migrate_guard.model import folding
from migrate_guard.model.drift import Drift
from migrate_guard.model.finding import OpaqueOperation
from migrate_guard.model.models import Models
from migrate_guard.model.operations import Opaque
from migrate_guard.model.revision import Suppression
from migrate_guard.model.schema import Schema
from migrate_guard.reading.comments import of_module
from migrate_guard.rule import Rule


def judge_drift(
    reading: Reading,
    rules: Sequence[Rule],
    options: Mapping[str, Mapping[str, Any]],
    load: Callable[[Schema], Models],
) -> Outcome:
    """Return what the rules about drift say of the models that `load` gives, and what could not be resolved.

    `load` is handed the schema at the heads of the history: what env.py leaves out is asked about that, too.
    """
    opaque: list[Opaque] = []
    history = Schema.of_empty_database()
    for operation in operations_of(reading, [each.id for each in reading.history.heads]):
        history = folding.apply(history, operation)
        if isinstance(operation, Opaque):
            opaque.append(operation)
    models = load(history)
    judges = Judges.of(reading, [each for each in rules if {Drift, Suppression}.intersection(each.on)], options)
    for each in drift(history, models, reading.target, reading.environment, opaque):
        judges.ask(Drift, each, judges.revisions.get(each.at.path))
    outcome = concluded(reading, judges)
    return replace(
        outcome,
        sources={**models.sources, **outcome.sources},
        suppressions=(*outcome.suppressions, *_comments(models)),
        opaque=tuple(dict.fromkeys(OpaqueOperation(each.span, each.reason) for each in opaque)),
    )


def _comments(models: Models) -> Iterator[tuple[None, Suppression]]:
    """The comments in the files of the models, which hide what is found there."""
    for source in models.sources.values():
        yield from ((None, each) for each in of_module(source))
