"""`migrate-guard roundtrip`: prove on a scratch database that revisions can be taken back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate_guard import engine
from migrate_guard.commands._judging import Judged, exit_code, prepared, sifted
from migrate_guard.commands._options import (
    EnvironmentOptions,
    ReportOptions,
    RuleOptions,
    RunOptions,
    environment_options,
    report_options,
    rule_options,
    run_options,
)
from migrate_guard.commands._reporting import Output
from migrate_guard.commands._rounds import Teller, judged_rounds, made, planned
from migrate_guard.commands._shared import discovered, existing_paths, the_environment
from migrate_guard.commands._tracing import compared, with_traces
from migrate_guard.config import Overrides, target
from migrate_guard.terminal import progress

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.reading.discover import AlembicEnvironment, Selection


@click.command("roundtrip")
@click.argument("arguments", nargs=-1, metavar="[REV|RANGE] [PATH]...")
@click.option("--since", metavar="REV|REF", help="Only what comes after a revision, or is not in a git ref.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N revisions.")
@run_options
@rule_options
@report_options("Say what every revision came to.")
@environment_options
def command(
    arguments: tuple[str, ...],
    since: str | None,
    last: int | None,
    how: RunOptions,
    asked: RuleOptions,
    shown: ReportOptions,
    environment: EnvironmentOptions,
) -> int:
    """Run upgrade, downgrade and upgrade of every revision on a scratch database with rows in it.

    What the catalogue of the database has otherwise afterwards, what fails, and which rows are gone is reported. The
    scripts and env.py of the project run in a child process that reaches the scratch database only: a server that is
    started for the run and leaves nothing behind, or a new database on the server of --scratch-url.

    REV is a revision as schema takes it, RANGE is A:B, what comes after A up to B; without one it is the whole history,
    or for a PATH that is a script that one. An argument that exists on disk is a PATH.

    \b
    Examples:
      migrate-guard roundtrip
      migrate-guard roundtrip --since origin/main
      migrate-guard roundtrip --last 5 --scratch-url postgresql://localhost/postgres
    """
    words, paths = existing_paths(arguments)
    if len(words) > 1:
        raise click.UsageError(f"one revision or range at a time, not {' and '.join(words)}")
    if sum(map(bool, (words, since, last))) > 1:
        raise click.UsageError("a revision or range, --since and --last do not go together")
    output = Output.of(shown, os.environ)
    overrides = Overrides(
        fail_on=shown.fail_on,
        output_format=output.format,
        scratch_url=how.scratch_url,
        rows=how.rows,
        seed=how.seed,
        python=how.python,
    )
    run = prepared(paths, overrides, asked, environment)
    selection = discovered(paths, environment.names, quiet=shown.quiet)
    found = the_environment(selection)
    run = run.of(found)
    with progress(f"reading {found.script_location or found.root}: {len(found.scripts)} scripts"):
        reading = engine.read(found, target(run.settings, found.url), Path.cwd())
        wanted = _wanted(words, since, last, reading, found, selection)
    walk = planned(wanted, reading, found, run.settings, how)
    teller = Teller(len(wanted), quiet=shown.quiet, verbose=shown.verbose)
    trips = compared(tuple(made(walk, run.settings, reading.target, teller, keep=how.keep)), reading)
    outcome = judged_rounds(run, reading, trips)
    said = Judged([outcome], sifted([outcome], selection, run.settings, run.rules, run.started))
    traced = [each.trip for each in trips]
    output.write(said.report, run.settings, partial(with_traces, trips=traced) if how.trace else None)
    return exit_code(run, said, exit_zero=shown.exit_zero)


def _wanted(
    words: Sequence[str],
    since: str | None,
    last: int | None,
    reading: Reading,
    found: AlembicEnvironment,
    selection: Selection,
) -> frozenset[str]:
    """The revisions that the command line means; raises UserError."""
    from migrate_guard.commands._revisions import of_scripts, revisions_of
    from migrate_guard.commands._since import reviewed

    history = reading.history
    if since is not None:
        return reviewed(since, reading, found).range.revisions
    if words:
        return revisions_of(words[0], history, "upgrade")
    if last is not None:
        return frozenset(each.id for each in history.order[-last:])
    if selection.restrict is not None:
        return of_scripts(selection.restrict, reading)
    return frozenset(each.id for each in history.order)
