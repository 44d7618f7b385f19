"""What came of asking the rules about one environment, or about models."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from migrate_guard.engine.histories import Reading
from migrate_guard.engine.judges import Judges
from migrate_guard.history import graph
from migrate_guard.history.range import Range
from migrate_guard.model.finding import EnvironmentSummary, Finding, ModelsSummary, OpaqueOperation
from migrate_guard.model.revision import History, Revision, Suppression
from migrate_guard.model.source import Source
from migrate_guard.rule import Rule


class Outcome(Struct, frozen=True):
    """All that the selected rules say of one environment, or of models, before anything is hidden."""

    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...]
    """Those that were asked."""
    summary: EnvironmentSummary | ModelsSummary
    sources: Mapping[str, Source]
    suppressions: tuple[tuple[Revision | None, Suppression], ...]
    """With the revision in whose script it stands; those of env.py, the configuration and models stand in none."""
    history: History
    """Without revisions where it is about models."""
    settings: frozenset[str] = frozenset()
    """The files that speak for all revisions: env.py and the configuration."""
    opaque: tuple[OpaqueOperation, ...] = ()
    operations: int = 0
    under_review: Range | None = None
    started: Range | None = None
    """What has come since the project started with the tool, where it says so; the rest is not reported."""
    crashed: bool = False


def concluded(reading: Reading, judges: Judges) -> Outcome:
    """Return what the rules have said of an environment that was read."""
    history, environment = reading.history, reading.environment
    return Outcome(
        findings=tuple(dict.fromkeys(judges.findings)),
        rules=tuple(judges.rules),
        summary=EnvironmentSummary(
            environment.script_location,
            str(reading.target),
            len(history.order),
            tuple(each.id for each in history.heads),
        ),
        sources=reading.sources,
        suppressions=(
            *((None, each) for each in environment.suppressions),
            *((each, one) for each in graph.scripts(history) for one in each.suppressions),
            *((None, one) for each in history.strays for one in each.suppressions),
        ),
        history=history,
        settings=frozenset(filter(None, (environment.env_path, environment.config_path))),
        crashed=bool(judges.crashed),
    )
