"""`migrate-guard baseline`: accept what is found today, so that `check` reports what is new."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from migrate_guard.commands._baseline import place, read
from migrate_guard.commands._shared import discovered, environment_options, settings, table_sizes
from migrate_guard.commands.check import judge, places_of, sifted
from migrate_guard.config import Overrides, selected
from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.reading.project import display_path
from migrate_guard.reporters._counting import count
from migrate_guard.terminal import UserError, complain, emit, visible

_UNREADABLE = "unreadable-script"


@click.command("baseline")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--baseline", "file", type=click.Path(path_type=Path), metavar="FILE", help="The file to write.")
@click.option("--prune", is_flag=True, help="Only remove entries that hide nothing any more.")
@click.option("--select", multiple=True, metavar="RULES", help="Run these rules only: codes, prefixes, names, ALL.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules.")
@click.option("--extend-select", multiple=True, metavar="RULES", help="Run these rules as well.")
@click.option("--stats", type=click.Path(path_type=Path), metavar="FILE", help="Sizes of tables, as stats writes them.")
@environment_options
def command(
    paths: tuple[Path, ...],
    file: Path | None,
    prune: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
    stats: Path | None,
    dialect: str | None,
    db_version: str | None,
    config: Path | None,
    isolated: bool,
    names: tuple[str, ...],
) -> int:
    """Accept all current findings: check reports only what comes on top of them.

    They are written to migrate-guard-baseline.json beside the settings, an entry a line, to be committed. Run it again
    to bring it up to date. What other rules, other environments and other files than those of PATH have in it stays.
    """
    from migrate_guard.reading.baseline import written
    from migrate_guard.rules import load_rules
    from migrate_guard.sieve.baseline import entry_of

    started = time.perf_counter()
    rules = load_rules()
    overrides = Overrides(dialect, db_version, select, ignore, extend_select, stats=stats)
    chosen = settings(paths, overrides, rules, config, isolated)
    target = place(chosen, paths, file)
    is_there = os.path.lexists(target)
    if prune and not is_there:
        raise UserError(f"{shown(target)} does not exist: there is nothing to prune")
    known = read(target) if is_there else Baseline(root=target.parent, base=Path.cwd())
    sizes = table_sizes(chosen)
    small = sizes.small(chosen.small_table_rows, chosen.small_table_bytes) if sizes else frozenset()
    selection = discovered(paths, names)
    outcomes = judge(selection, chosen, selected(rules, chosen), small=small)
    report = sifted(outcomes, selection, chosen, rules, started, known)
    if any(outcome.crashed for outcome in outcomes):
        crash = next(each for each in report.findings if each.name == "rule-crashed")
        raise UserError(f"{crash.message}, so nothing is written; {crash.help}")
    places = places_of(outcomes)
    old = tuple(each.finding for each in report.hidden if each.by == "baseline")
    accepted = (*old, *(() if prune else report.findings))
    # What rules say once an environment they say elsewhere in a part of it; the entry for that stays as it is.
    once = {each.code for each in rules if each.is_said_once}
    unmatched = {*report.stale, *report.elsewhere}
    kept = {each for each in known.entries if each.code in once and each not in unmatched}
    settled = {(each.environment, each.code) for each in kept}
    fresh = (entry_of(each, known, places) for each in accepted)
    entries = {*report.elsewhere, *kept, *(each for each in fresh if (each.environment, each.code) not in settled)}
    if not entries and not is_there:
        emit("there is nothing to accept, so no baseline is written\n")
        return 0
    text = written(entries)
    if not is_there or target.read_bytes() != text.encode():
        emit(text, target)
    emit(f"{shown(target)}: {_account(entries, known.entries, report.stale)}\n")
    unreadable = [each for each in accepted if each.name == _UNREADABLE]
    if unreadable:
        paths_shown = ", ".join(visible(each.span.path) for each in unreadable)
        complain("warning", f"nothing says what scripts do that cannot be read: {paths_shown}")
    return 0


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
