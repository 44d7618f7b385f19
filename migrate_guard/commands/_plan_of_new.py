"""The plan of the revisions under review, beside a report in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrate_guard import engine
from migrate_guard.commands._plan_markdown import blocks
from migrate_guard.commands._shared import table_sizes
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
    sizes = table_sizes(settings)
    for environment, outcome in zip(selection.environments, judged, strict=True):
        if outcome.under_review is None or not outcome.under_review.revisions:
            continue
        reading = engine.read(environment, target(settings, environment.url), Path.cwd())
        planned = plan(reading, outcome.under_review.revisions, "upgrade", sizes)
        yield from blocks(planned, partial(in_repository, look=look))
