"""The plan of the revisions under review, beside a report in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrate_guard import engine
from migrate_guard.commands._plan_markdown import blocks
from migrate_guard.commands._shared import location_of, table_sizes
from migrate_guard.config import Settings, target
from migrate_guard.model.finding import EnvironmentSummary
from migrate_guard.planning import plan
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import in_repository

if TYPE_CHECKING:
    from migrate_guard.engine import Outcome
    from migrate_guard.reading.discover import Selection


def plan_blocks(selection: Selection, outcomes: Sequence[Outcome], settings: Settings, look: Look) -> Iterator[str]:
    """Yield the plan of every revision that is under review, in the order in which they run."""
    judged = [each for each in outcomes if isinstance(each.summary, EnvironmentSummary)]
    for environment, outcome in zip(selection.environments, judged, strict=True):
        if outcome.under_review is None or not outcome.under_review.revisions:
            continue
        own = settings.at(location_of(environment))
        reading = engine.read(environment, target(own, environment.url), Path.cwd())
        planned = plan(reading, outcome.under_review.revisions, "upgrade", table_sizes(own))
        yield from blocks(planned, partial(in_repository, look=look))
