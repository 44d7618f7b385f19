"""Run `check` on a project without the command line, for tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrate_guard import engine
from migrate_guard.commands._judging import Prepared, judge, sifted
from migrate_guard.commands._options import RunOptions
from migrate_guard.commands._rounds import Teller, judged_rounds, made, planned
from migrate_guard.commands._tracing import compared
from migrate_guard.config import Settings, selected
from migrate_guard.model.finding import Report
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.discover import discover
from migrate_guard.rendering.alembic import alembic_code
from migrate_guard.rule import Problem, Rule
from migrate_guard.rules import load_rules
from tests import servers


def check(
    path: Path,
    *,
    dialect: DialectName | None = None,
    version: tuple[int, ...] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    extra: Sequence[Rule] = (),
    select: Sequence[str] = (),
    since: str | None = None,
    downgrades: Downgrades = "required",
    models: Sequence[str] = (),
) -> Report:
    """Judge the project at `path` by the default rules; paths are relative to the current directory."""
    rules = (*load_rules(), *extra)
    settings = Settings(
        dialect=dialect,
        db_version=version,
        rule_options=options or {},
        extend_select=tuple(select),
        downgrades=downgrades,
        models=tuple(models),
        python=sys.executable if models else None,
    )
    selection = discover([path], cwd=path, environ={})
    outcomes = judge(selection, settings, selected(rules, settings), since=since)
    return sifted(outcomes, selection, settings, rules, time.perf_counter())


def written(problem: Problem, dialect: DialectName = "postgresql") -> str | None:
    """What a rule says to write, as code."""
    return alembic_code(problem.instead, Target.default(dialect))


def there_and_back(path: Path, *, dialect: DialectName) -> Report:
    """Make the round trips of the project at `path` on a scratch database, traced where that can be, and judge them."""
    if dialect == "postgresql":
        servers.needs_postgresql()
    run = Prepared(load_rules(), Settings(dialect=dialect, python=sys.executable), time.perf_counter())
    selection = discover([path], cwd=Path.cwd(), environ={})
    (found,) = selection.environments
    reading = engine.read(found, Target.default(dialect), Path.cwd())
    how = RunOptions(trace=dialect == "postgresql")
    walk = planned(frozenset(reading.history.revisions), reading, found, run.settings, how)
    trips = tuple(made(walk, run.settings, reading.target, Teller(len(walk.order), quiet=True)))
    trips = compared(trips, reading)
    return sifted([judged_rounds(run, reading, trips)], selection, run.settings, run.rules, run.started)
