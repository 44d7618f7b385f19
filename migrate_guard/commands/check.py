"""`migrate-guard check`: lint revision scripts."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate_guard.commands._baseline import accepted, tell_stale
from migrate_guard.commands._shared import (
    color,
    discovered,
    environment_options,
    settings,
    table_sizes,
    tell_unknown_databases,
    width,
)
from migrate_guard.config import Overrides, Settings, selected, target
from migrate_guard.model.base import Base
from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.model.finding import Report
from migrate_guard.reporters import WIDTH, Look, formats, reporter
from migrate_guard.terminal import COLOR_CHOICES, UserError, complain, emit, progress

if TYPE_CHECKING:
    from migrate_guard.commands._since import Reviewed
    from migrate_guard.engine import Outcome, Reading
    from migrate_guard.model.names import QualifiedName
    from migrate_guard.reading.discover import AlembicEnvironment, Selection
    from migrate_guard.rule import Rule
    from migrate_guard.sieve.places import Places


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--select", multiple=True, metavar="RULES", help="Run these rules only: codes, prefixes, names, ALL.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option("--extend-select", multiple=True, metavar="RULES", help="Run these rules as well.")
@click.option("--fail-on", metavar="SEVERITY", help="Exit with 1 from error (default), warning or info on.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--since", metavar="REV|REF", help="Report only what comes after a revision, or is not in a git ref.")
@click.option("--stats", type=click.Path(path_type=Path), metavar="FILE", help="Sizes of tables, as stats writes them.")
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
@environment_options
def command(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
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
    dialect: str | None,
    db_version: str | None,
    config: Path | None,
    isolated: bool,
    names: tuple[str, ...],
) -> int:
    """Lint revision scripts.

    PATH is a versions directory, a script, an alembic.ini or a project; without one the environment is discovered.
    Given scripts, the whole history is read and what concerns these scripts is reported. With --since that is what
    revisions do that do not lie at or before REV, or whose scripts are not where HEAD and the git ref parted.

    What migrate-guard-baseline.json beside the settings accepts is not reported; migrate-guard baseline writes it.
    """
    from migrate_guard.rules import load_rules

    started = time.perf_counter()
    if statistics and output_format not in (None, "text", "statistics"):
        raise UserError(f"--statistics does not go with --output-format {output_format}")
    if baseline and no_baseline:
        raise UserError("--no-baseline does not go with --baseline")
    output_format = "statistics" if statistics else output_format
    overrides = Overrides(dialect, db_version, select, ignore, extend_select, fail_on, output_format, stats)
    rules = load_rules()
    chosen = settings(paths, overrides, rules, config, isolated)
    if verbose:
        complain("info", f"settings from {chosen.origin or 'the command line only'}")
    sizes = table_sizes(chosen)
    small = sizes.small(chosen.small_table_rows, chosen.small_table_bytes) if sizes else frozenset()
    known = Baseline() if no_baseline or (isolated and not baseline) else accepted(chosen, paths, baseline)
    selection = discovered(paths, names, quiet=quiet)
    if not quiet:
        tell_unknown_databases(selection, chosen)
    outcomes = judge(selection, chosen, selected(rules, chosen), since=since, small=small)
    report = sifted(outcomes, selection, chosen, rules, started, known)
    if not quiet and since is None:
        tell_stale(report.stale)
    if add_ignore:
        from migrate_guard.commands._add_ignore import add_ignores

        emit(add_ignores(report.findings, rules))
        return 2 if any(outcome.crashed for outcome in outcomes) else 0
    look = Look(color(color_choice, output_file), verbose, quiet, width(output_file) or WIDTH)
    emit(reporter(chosen.output_format)(report, look), output_file)
    if any(outcome.crashed for outcome in outcomes):
        return 2
    is_failure = any(finding.severity >= chosen.fail_on for finding in report.findings)
    return int(is_failure and not exit_zero)


def judge(
    selection: Selection,
    chosen: Settings,
    rules: Sequence[Rule],
    *,
    since: str | None = None,
    small: frozenset[QualifiedName] = frozenset(),
) -> list[Outcome]:
    """Ask the rules about every environment of a selection; raises UserError for a `since` that means nothing."""
    if not selection.environments:
        return []
    from migrate_guard import engine
    from migrate_guard.commands._start_after import Start

    outcomes = []
    start = Start(chosen)
    for environment in selection.environments:
        with progress(f"reading {environment.script_location or environment.root}: {len(environment.scripts)} scripts"):
            reading = engine.read(environment, target(chosen, environment.url), Path.cwd())
            started = start.range_of(reading.history, environment)
            under_review, parting = (started, None) if since is None else _reviewed(since, reading, environment)
            outcome = engine.check(
                reading, rules, chosen.rule_options, under_review=under_review, parting=parting, small=small
            )
            outcomes.append(replace(outcome, under_review=None if since is None else under_review, started=started))
    start.complain()
    return outcomes


def _reviewed(word: str, reading: Reading, environment: AlembicEnvironment) -> Reviewed:
    from migrate_guard.commands._since import reviewed

    return reviewed(word, reading, environment)


def sifted(
    outcomes: Sequence[Outcome],
    selection: Selection,
    chosen: Settings,
    rules: Sequence[Rule],
    started: float,
    baseline: Baseline | None = None,
) -> Report:
    """Sift what the rules say of all environments into one report."""
    from migrate_guard.reading.project import display_path
    from migrate_guard.sieve import Scope, sift
    from migrate_guard.sieve.scope import PathIgnores

    base = Path.cwd()
    dialects = {target(chosen, environment.url).dialect for environment in selection.environments}
    is_compared = any(each.is_compared for each in outcomes)
    ran = [
        each
        for each in selected(rules, chosen)
        if (not each.dialects or not dialects.isdisjoint(each.dialects)) and (is_compared or each.on != (Base,))
    ]
    restrict = selection.restrict
    shown = None if restrict is None else frozenset(display_path(path, base) for path in restrict)
    known = {rule.code: rule.name for rule in rules}
    known_baseline = baseline or Baseline()
    places = places_of(outcomes)
    kept = sift(
        (
            finding
            for outcome in outcomes
            for finding in outcome.findings
            if chosen.downgrades != "none" or finding.direction != "downgrade"
        ),
        (comment for outcome in outcomes for comment in outcome.suppressions),
        Scope(
            rules=ran,
            known=known,
            restrict=shown,
            path_ignores=PathIgnores(chosen.per_file_ignores, chosen.root or base, base),
            places=places,
            baseline=known_baseline,
            ranges=tuple(each.under_review for each in outcomes if each.under_review is not None),
            started={each.summary.location: each.started for each in outcomes if each.started is not None},
        ),
    )
    stale = _stale(kept.unmatched, known_baseline, {each.code for each in ran}, known, places, shown)
    return Report(
        findings=kept.findings,
        hidden=kept.hidden,
        opaque=tuple(each for outcome in outcomes for each in outcome.opaque),
        environments=tuple(outcome.summary for outcome in outcomes),
        sources={path: source for outcome in outcomes for path, source in outcome.sources.items()},
        rules_run=len(ran),
        operations=sum(outcome.operations for outcome in outcomes),
        elapsed_ms=round((time.perf_counter() - started) * 1000),
        stale=stale,
        elsewhere=tuple(each for each in kept.unmatched if each not in stale),
    )


def places_of(outcomes: Sequence[Outcome]) -> Places:
    """Where in the histories the files of all environments lie."""
    from migrate_guard.sieve.places import Places

    environments: dict[str, str] = {}
    revisions: dict[str, str] = {}
    homes: dict[str, str] = {}
    settings: set[str] = set()
    for outcome in outcomes:
        location = outcome.summary.location
        own = set(filter(None, (outcome.environment.env_path, outcome.environment.config_path)))
        environments |= dict.fromkeys((*outcome.sources, *own), location)
        settings |= own
        history = outcome.history
        revisions |= {each.path: each.id for group in history.duplicates for each in group}
        revisions |= {each.path: each.id for each in history.revisions.values()}
        homes |= dict.fromkeys(history.revisions, location)
    return Places(environments, revisions, homes, frozenset(settings))


def _stale(
    unmatched: Sequence[Entry],
    baseline: Baseline,
    ran: Collection[str],
    known: Collection[str],
    places: Places,
    restrict: frozenset[str] | None,
) -> tuple[Entry, ...]:
    """The entries that a run in the files asked for would have found a use for."""
    if not unmatched:
        return ()
    from migrate_guard.sieve.baseline import Looked, location, stale

    if restrict is not None:
        given = {
            (location(places.environments[path], baseline), name)
            for path, name in places.revisions.items()
            if path in restrict
        }
        return stale(unmatched, Looked(ran, known, given, ()))
    here = {location(each, baseline) for each in set(places.environments.values())}
    return stale(unmatched, Looked(ran, known, (), here | baseline.gone))
