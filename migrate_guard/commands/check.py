"""`migrate-guard check`: lint revision scripts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from msgspec.structs import replace

from migrate_guard.commands._baseline import accepted, tell_stale
from migrate_guard.commands._judging import Judged, Prepared, exit_code, gate, judged, prepared
from migrate_guard.commands._kept_reports import Said, found, is_told_by_files, keep, key, shelf
from migrate_guard.commands._options import (
    EnvironmentOptions,
    ModelOptions,
    ReportOptions,
    RuleOptions,
    environment_options,
    model_options,
    report_options,
    rule_options,
    stats_option,
)
from migrate_guard.commands._reporting import Output, rendered
from migrate_guard.commands._shared import discovered, small_tables, tell_unknown_databases
from migrate_guard.config import Overrides
from migrate_guard.files import Question, noted
from migrate_guard.model.baseline import Baseline
from migrate_guard.model.finding import Report
from migrate_guard.reporters import Look
from migrate_guard.terminal import UserError, complain, complaints, emit

if TYPE_CHECKING:
    from migrate_guard.config import Settings
    from migrate_guard.reading.discover import Selection


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@rule_options
@click.option("--since", metavar="REV|REF", help="Report only what comes after a revision, or is not in a git ref.")
@stats_option
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Do not report what FILE accepts.")
@click.option("--no-baseline", is_flag=True, help="Report what the project's baseline accepts, too.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of showing them.")
@click.option(
    "--add-ignore", is_flag=True, help="Put a comment that ignores it beside each finding, to be given a reason."
)
@report_options("List what was not understood, and where settings come from.")
@model_options("Import these models, and lint their tables, too.")
@environment_options
def command(
    paths: tuple[Path, ...],
    asked: RuleOptions,
    since: str | None,
    stats: Path | None,
    baseline: Path | None,
    no_baseline: bool,
    statistics: bool,
    add_ignore: bool,
    shown: ReportOptions,
    of_models: ModelOptions,
    environment: EnvironmentOptions,
) -> int:
    """Lint revision scripts.

    PATH is a versions directory, a script, an alembic.ini or a project; without one the environment is discovered.
    Given scripts, the whole history is read and what concerns these scripts is reported. With --since that is what
    revisions do that do not lie at or before REV, or whose scripts are not where HEAD and the git ref parted.

    What migrate-guard-baseline.json beside the settings accepts is not reported; migrate-guard baseline writes it.
    """
    started = time.perf_counter()
    output = Output.of(shown, os.environ)
    if statistics and shown.output_format not in (None, "text", "statistics"):
        raise UserError(f"--statistics does not go with --output-format {shown.output_format}")
    if baseline and no_baseline:
        raise UserError("--no-baseline does not go with --baseline")
    output_format = "statistics" if statistics else output.format
    overrides = Overrides(fail_on=shown.fail_on, output_format=output_format, stats=stats)
    asking = Asking(paths, asked, since, baseline, no_baseline, overrides, of_models, environment, shown)
    if add_ignore:
        return _add_ignores(*_told(asking)[:2])
    where = shelf(environment.cache) if environment.cache else None
    name = key(asking) if where else ""
    debug = partial(complain, "info") if shown.verbose else _unsaid
    kept = found(where, name, debug) if where else None
    if kept is not None and not (since and output.shows_plan(kept)):
        for kind, message in kept.complaints:
            complain(kind, message)
        taken = round((time.perf_counter() - started) * 1000)
        output.write(replace(kept.report, elapsed_ms=taken), kept)
        return gate(kept.report, kept.fail_on, exit_zero=shown.exit_zero)
    noting: AbstractContextManager[dict[Question, str]] = noted() if where else nullcontext({})
    with complaints() as complained, noting as questions:
        run, said, selection = _told(asking)
    if since is None:
        output.write(said.report, run.settings)
    else:
        plan = cache(partial(_plan, selection, said, run.settings))
        output.write(said.report, run.settings, partial(_with_plan, plan=plan))
    has_plan = since is not None and output.shows_plan(run.settings)
    if where and not said.has_crashed and not has_plan and is_told_by_files(run.settings):
        ended = Said(said.report, complained, run.settings.fail_on, run.settings.output_format)
        keep(where, name, ended, questions, debug)
    return exit_code(run, said, exit_zero=shown.exit_zero)


def _unsaid(message: str) -> None:
    """What only -v tells."""


class Asking(NamedTuple):
    """What the command line asks for, as far as findings depend on it."""

    paths: tuple[Path, ...]
    rules: RuleOptions
    since: str | None
    baseline: Path | None
    no_baseline: bool
    overrides: Overrides
    models: ModelOptions
    environment: EnvironmentOptions
    shown: ReportOptions


def _told(asked: Asking) -> tuple[Prepared, Judged, Selection]:
    """Read what is asked for, and judge it."""
    shown, environment = asked.shown, asked.environment
    run = prepared(asked.paths, asked.overrides, asked.rules, environment, asked.models)
    if shown.verbose:
        complain("info", f"settings from {run.settings.origin or 'the command line only'}")
    small = small_tables(run.settings)
    is_bare = asked.no_baseline or (environment.isolated and not asked.baseline)
    known = Baseline() if is_bare else accepted(run.settings, asked.paths, asked.baseline)
    selection = discovered(asked.paths, environment.names, quiet=shown.quiet, models=run.settings.models)
    if not shown.quiet:
        tell_unknown_databases(selection, run.settings)
    said = judged(run, selection, known, since=asked.since, small=small)
    if not shown.quiet and asked.since is None:
        tell_stale(said.report.stale)
    return run, said, selection


def _with_plan(name: str, report: Report, look: Look, *, plan: Callable[[Look], Sequence[str]]) -> str:
    """A report in a format, in Markdown with the plan of the revisions under review."""
    if name == "markdown":
        from migrate_guard.reporters.markdown import comment

        return comment(report, look, plan(look))
    return rendered(name, report, look)


def _plan(selection: Selection, said: Judged, settings: Settings, look: Look) -> Sequence[str]:
    from migrate_guard.commands._plan_of_new import plan_blocks

    return tuple(plan_blocks(selection, said.outcomes, settings, look))


def _add_ignores(run: Prepared, said: Judged) -> int:
    from migrate_guard.commands._add_ignore import add_ignores

    emit(add_ignores(said.report.findings, run.rules))
    return 2 if said.has_crashed else 0
