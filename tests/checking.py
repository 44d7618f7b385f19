"""Run `check` on a project without the command line, for tests."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrate_guard.commands._judging import judge, sifted
from migrate_guard.config import Settings, selected
from migrate_guard.model.finding import Report
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.discover import discover
from migrate_guard.rendering.alembic import alembic_code
from migrate_guard.rule import Problem, Rule
from migrate_guard.rules import load_rules


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
) -> Report:
    """Judge the project at `path` by the default rules; paths are relative to the current directory."""
    rules = (*load_rules(), *extra)
    settings = Settings(
        dialect=dialect,
        db_version=version,
        rule_options=options or {},
        extend_select=tuple(select),
        downgrades=downgrades,
    )
    selection = discover([path], cwd=path, environ={})
    outcomes = judge(selection, settings, selected(rules, settings), since=since)
    return sifted(outcomes, selection, settings, rules, time.perf_counter())


def written(problem: Problem, dialect: DialectName = "postgresql") -> str | None:
    """What a rule says to write, as code."""
    return alembic_code(problem.instead, Target.default(dialect))
