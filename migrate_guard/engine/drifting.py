"""Ask the rules about what models and the history of the migrations have differently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

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
from migrate_guard.model.source import Source
from migrate_guard.reading.comments import of_module
from migrate_guard.rule import Rule

Load: TypeAlias = Callable[[Schema, str | None], Models]
"""Gives the models beside a schema, of a multidb environment those of the engine of that name."""


def judge_drift(
    reading: Reading, rules: Sequence[Rule], options: Mapping[str, Mapping[str, Any]], load: Load
) -> Outcome:
    """Return what the rules about drift say of the models that `load` gives, and what could not be resolved.

    `load` is handed the schema at the heads of the history: what env.py leaves out is asked about that, too.
    """
    judges = Judges.of(reading, [each for each in rules if {Drift, Suppression}.intersection(each.on)], options)
    opaque: list[Opaque] = []
    loaded: list[Models] = []
    for engine_name in reading.environment.databases or (None,):
        history, unread = _history(reading, engine_name)
        models = load(history, engine_name)
        for each in drift(history, models, reading.target, reading.environment, unread):
            judges.ask(Drift, each, judges.revisions.get(each.at.path))
        opaque += unread
        loaded.append(models)
    outcome = concluded(reading, judges)
    sources = {path: source for models in loaded for path, source in models.sources.items()}
    return replace(
        outcome,
        sources={**sources, **outcome.sources},
        suppressions=(*outcome.suppressions, *((None, each) for each in _comments(sources.values()))),
        opaque=tuple(dict.fromkeys(OpaqueOperation(each.span, each.reason) for each in opaque)),
    )


def _history(reading: Reading, engine_name: str | None) -> tuple[Schema, list[Opaque]]:
    """What the migrations make of an empty database, and what could not be resolved of them."""
    opaque: list[Opaque] = []
    history = Schema.of_empty_database()
    for operation in operations_of(reading, [each.id for each in reading.history.heads], engine_name):
        history = folding.apply(history, operation)
        if isinstance(operation, Opaque):
            opaque.append(operation)
    return history, opaque


def _comments(sources: Iterable[Source]) -> Iterator[Suppression]:
    """The comments in the files of the models, which hide what is found there."""
    for source in sources:
        yield from of_module(source)
