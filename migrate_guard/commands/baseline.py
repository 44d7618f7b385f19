"""`migrate-guard baseline`: accept what is found today, so that `check` reports what is new."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from migrate_guard.commands._baseline import place, read
from migrate_guard.commands._judging import Judged, Prepared, judged, places_of, prepared
from migrate_guard.commands._options import (
    EnvironmentOptions,
    ModelOptions,
    RuleOptions,
    environment_options,
    model_options,
    rule_options,
    stats_option,
)
from migrate_guard.commands._shared import discovered, small_tables
from migrate_guard.config import Overrides
from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.model.finding import Finding
from migrate_guard.reading.project import display_path
from migrate_guard.reporters._counting import count
from migrate_guard.terminal import UserError, complain, emit, visible

_UNREADABLE = "unreadable-script"


@click.command("baseline")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--baseline", "file", type=click.Path(path_type=Path), metavar="FILE", help="The file to write.")
@click.option("--prune", is_flag=True, help="Only remove entries that hide nothing any more.")
@rule_options
@stats_option
@model_options("Import these models, and accept what is found in their tables, too.")
@environment_options
def command(
    paths: tuple[Path, ...],
    file: Path | None,
    prune: bool,
    asked: RuleOptions,
    stats: Path | None,
    of_models: ModelOptions,
    environment: EnvironmentOptions,
) -> int:
    """Accept all current findings: check reports only what comes on top of them.

    They are written to migrate-guard-baseline.json beside the settings, an entry a line, to be committed. Run it again
    to bring it up to date. What other rules, other environments and other files than those of PATH have in it stays.
    """
    from migrate_guard.reading.baseline import written

    run = prepared(paths, Overrides(stats=stats), asked, environment, of_models)
    target = place(run.settings, paths, file)
    is_there = os.path.lexists(target)
    if prune and not is_there:
        raise UserError(f"{shown(target)} does not exist: there is nothing to prune")
    known = read(target) if is_there else Baseline(root=target.parent, base=Path.cwd())
    small = small_tables(run.settings)
    said = judged(run, discovered(paths, environment.names, models=run.settings.models), known, small=small)
    if said.has_crashed:
        crash = next(each for each in said.report.findings if each.name == "rule-crashed")
        raise UserError(f"{crash.message}, so nothing is written; {crash.help}")
    old = tuple(each.finding for each in said.report.hidden if each.by == "baseline")
    accepted = (*old, *(() if prune else said.report.findings))
    entries = _entries(accepted, known, run, said)
    if not entries and not is_there:
        emit("there is nothing to accept, so no baseline is written\n")
        return 0
    text = written(entries)
    if not is_there or target.read_bytes() != text.encode():
        emit(text, target)
    emit(f"{shown(target)}: {_account(entries, known.entries, said.report.stale)}\n")
    unreadable = [each for each in accepted if each.name == _UNREADABLE]
    if unreadable:
        paths_shown = ", ".join(visible(each.span.path) for each in unreadable)
        complain("warning", f"nothing says what scripts do that cannot be read: {paths_shown}")
    return 0


def _entries(accepted: Sequence[Finding], known: Baseline, run: Prepared, said: Judged) -> frozenset[Entry]:
    """What a baseline holds that accepts some findings and knew others before."""
    from migrate_guard.sieve.baseline import entry_of

    report, places = said.report, places_of(said.outcomes)
    # What rules say once an environment they say elsewhere in a part of it; the entry for that stays as it is.
    once = {each.code for each in run.rules if each.is_said_once}
    unmatched = {*report.stale, *report.elsewhere}
    kept = {each for each in known.entries if each.code in once and each not in unmatched}
    settled = {(each.environment, each.code) for each in kept}
    fresh = (entry_of(each, known, places) for each in accepted)
    unsettled = (each for each in fresh if (each.environment, each.code) not in settled)
    return frozenset((*report.elsewhere, *kept, *unsettled))


def _account(entries: Collection[Entry], before: Sequence[Entry], stale: Sequence[Entry]) -> str:
    """How many findings a baseline accepts now, and what has come and gone."""
    added = len(entries) - (len(before) - len(stale))
    changes = ", ".join(
        f"{number} {word}" for number, word in ((added, "added"), (len(stale), "removed as stale")) if number
    )
    return f"{count(len(entries), 'finding')} accepted ({changes or 'nothing has changed'})"


def shown(path: Path) -> str:
    """A path as the user would write it."""
    return visible(display_path(path, Path.cwd()))
