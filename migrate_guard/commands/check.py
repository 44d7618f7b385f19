"""`migrate-guard check`: lint revision scripts."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_guard.commands._baseline import accepted, tell_stale
from migrate_guard.commands._judging import Judged, Prepared, exit_code, judged, prepared
from migrate_guard.commands._options import (
    EnvironmentOptions,
    ModelOptions,
    RuleOptions,
    environment_options,
    model_options,
    rule_options,
    stats_option,
)
from migrate_guard.commands._shared import color, discovered, small_tables, tell_unknown_databases, width
from migrate_guard.config import Overrides
from migrate_guard.model.baseline import Baseline
from migrate_guard.reporters import WIDTH, Look, formats, reporter
from migrate_guard.terminal import COLOR_CHOICES, UserError, complain, emit


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@rule_options
@click.option("--fail-on", metavar="SEVERITY", help="Exit with 1 from error (default), warning or info on.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--since", metavar="REV|REF", help="Report only what comes after a revision, or is not in a git ref.")
@stats_option
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Do not report what FILE accepts.")
@click.option("--no-baseline", is_flag=True, help="Report what the project's baseline accepts, too.")
@click.option("--output-format", metavar="FORMAT", help=f"{', '.join(formats())}; text by default.")
@click.option("--output-file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of showing them.")
@click.option(
    "--add-ignore", is_flag=True, help="Put a comment that ignores it beside each finding, to be given a reason."
)
@click.option("--color", "color_choice", type=click.Choice(COLOR_CHOICES), default="auto", help="Default: auto.")
@click.option("-v", "--verbose", is_flag=True, help="List what was not understood, and where settings come from.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@model_options
@environment_options
def command(
    paths: tuple[Path, ...],
    asked: RuleOptions,
    fail_on: str | None,
    exit_zero: bool,
    since: str | None,
    stats: Path | None,
    baseline: Path | None,
    no_baseline: bool,
    output_format: str | None,
    output_file: Path | None,
    statistics: bool,
    add_ignore: bool,
    color_choice: str,
    verbose: bool,
    quiet: bool,
    of_models: ModelOptions,
    environment: EnvironmentOptions,
) -> int:
    """Lint revision scripts.

    PATH is a versions directory, a script, an alembic.ini or a project; without one the environment is discovered.
    Given scripts, the whole history is read and what concerns these scripts is reported. With --since that is what
    revisions do that do not lie at or before REV, or whose scripts are not where HEAD and the git ref parted.

    What migrate-guard-baseline.json beside the settings accepts is not reported; migrate-guard baseline writes it.
    """
    if statistics and output_format not in (None, "text", "statistics"):
        raise UserError(f"--statistics does not go with --output-format {output_format}")
    if baseline and no_baseline:
        raise UserError("--no-baseline does not go with --baseline")
    output_format = "statistics" if statistics else output_format
    overrides = Overrides(fail_on=fail_on, output_format=output_format, stats=stats)
    run = prepared(paths, overrides, asked, environment, of_models)
    if verbose:
        complain("info", f"settings from {run.settings.origin or 'the command line only'}")
    small = small_tables(run.settings)
    is_bare = no_baseline or (environment.isolated and not baseline)
    known = Baseline() if is_bare else accepted(run.settings, paths, baseline)
    selection = discovered(paths, environment.names, quiet=quiet, models=run.settings.models)
    if not quiet:
        tell_unknown_databases(selection, run.settings)
    said = judged(run, selection, known, since=since, small=small)
    if not quiet and since is None:
        tell_stale(said.report.stale)
    if add_ignore:
        return _add_ignores(run, said)
    look = Look(color(color_choice, output_file), verbose, quiet, width(output_file) or WIDTH)
    emit(reporter(run.settings.output_format)(said.report, look), output_file)
    return exit_code(run, said, exit_zero=exit_zero)


def _add_ignores(run: Prepared, said: Judged) -> int:
    from migrate_guard.commands._add_ignore import add_ignores

    emit(add_ignores(said.report.findings, run.rules))
    return 2 if said.has_crashed else 0
