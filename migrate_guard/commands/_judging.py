"""Asking the rules about environments, and sifting what they say into a report."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.commands._options import NO_MODELS, EnvironmentOptions, ModelOptions, RuleOptions
from migrate_guard.commands._shared import location_of, settings, small_tables
from migrate_guard.config import Overrides, Settings, codes_of, selected, severity_of, target
from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.model.finding import EnvironmentSummary, Finding, ModelsSummary, Report, RuleSummary, Severity
from migrate_guard.terminal import progress

if TYPE_CHECKING:
    from migrate_guard.commands._models import ProjectModels
    from migrate_guard.commands._since import Reviewed
    from migrate_guard.engine import Outcome, Reading
    from migrate_guard.model.names import QualifiedName
    from migrate_guard.reading.discover import AlembicEnvironment, Selection
    from migrate_guard.rule import Rule
    from migrate_guard.sieve.places import Places


class Prepared(Struct, frozen=True):
    """What is settled before anything is read."""

    rules: Sequence[Rule]
    """Every rule that there is."""
    settings: Settings
    started: float
    """When, by `time.perf_counter`."""
    x: tuple[str, ...] = ()
    """What env.py is handed where models are loaded."""
    cache: Path | None = None
    """Where what was told of models is kept."""

    @property
    def asked(self) -> tuple[Rule, ...]:
        """The rules that are on."""
        return asked(self.rules, self.settings)

    def of(self, found: AlembicEnvironment) -> Prepared:
        """The same with the settings of an environment."""
        return replace(self, settings=self.settings.at(location_of(found)))


class Judged(Struct, frozen=True):
    """What the rules say of a selection."""

    outcomes: Sequence[Outcome]
    report: Report

    @property
    def has_crashed(self) -> bool:
        """Whether a rule has, so that its findings are missing."""
        return any(outcome.crashed for outcome in self.outcomes)


def exit_code(run: Prepared, said: Judged, *, exit_zero: bool) -> int:
    """What a command that reports findings ends with: 2 where a rule has crashed, 1 where one fails the gate."""
    return 2 if said.has_crashed else gate(said.report, run.settings.fail_on, exit_zero=exit_zero)


def gate(report: Report, fail_on: Severity, *, exit_zero: bool) -> int:
    """1 where a finding fails the gate, else 0."""
    return int(not exit_zero and any(each.severity >= fail_on for each in report.findings))


def prepared(
    paths: Sequence[Path],
    overrides: Overrides,
    asked: RuleOptions,
    environment: EnvironmentOptions,
    of_models: ModelOptions = NO_MODELS,
) -> Prepared:
    """Load the rules and the settings, those of the command line over those of a file; raises ConfigError."""
    started = time.perf_counter()
    overrides = overrides._replace(select=asked.select, ignore=asked.ignore, extend_select=asked.extend_select)
    if of_models != NO_MODELS:
        overrides = overrides._replace(models=of_models.models, python=of_models.python)
    chosen, rules = settings(paths, overrides, environment)
    return Prepared(rules, chosen, started, of_models.x, environment.cache)


def asked(rules: Sequence[Rule], chosen: Settings) -> tuple[Rule, ...]:
    """Return the rules that settings select, with the severities that they give them."""
    return tuple(replace(each, imposed=severity_of(each, chosen)) for each in selected(rules, chosen))


def judged(
    run: Prepared,
    selection: Selection,
    baseline: Baseline,
    *,
    since: str | None = None,
    small: frozenset[QualifiedName],
) -> Judged:
    """Ask the rules that are on about a selection; raises UserError for a `since` that means nothing."""
    outcomes = judge(selection, run.settings, run.rules, since=since, small=small, x=run.x, cache=run.cache)
    return Judged(outcomes, sifted(outcomes, selection, run.settings, run.rules, run.started, baseline))


def judge(
    selection: Selection,
    chosen: Settings,
    rules: Sequence[Rule],
    *,
    since: str | None = None,
    small: frozenset[QualifiedName] = frozenset(),
    x: tuple[str, ...] = (),
    cache: Path | None = None,
) -> list[Outcome]:
    """Ask those of the rules that are on about every environment of a selection, and about models that are named.

    Each environment goes by its own settings. `small` are the tables that are small by those of all.

    Raises UserError for a `since` that means nothing, and for models that cannot be loaded.
    """
    if not selection.environments:
        models = _models(selection, chosen, rules, x, cache=cache)
        return [models.alone()] if models else []
    from migrate_guard import engine
    from migrate_guard.commands._start_after import Start

    outcomes = []
    start = Start(chosen)
    for environment in selection.environments:
        own = chosen.at(location_of(environment))
        models = _models(selection, own, rules, x, cache=cache)
        with progress(f"reading {environment.script_location or environment.root}: {len(environment.scripts)} scripts"):
            reading = engine.read(environment, target(own, environment.url), Path.cwd())
            started = start.range_of(reading.history, environment)
            under_review, parting = (started, None) if since is None else _reviewed(since, reading, environment)
            running = models.running(parting, environment, reading.target) if models and parting else None
            outcome = engine.check(
                reading,
                asked(rules, own),
                own.rule_options,
                under_review=under_review,
                parting=parting,
                small=small if own is chosen else small_tables(own),
                running=running,
            )
            outcomes.append(replace(outcome, under_review=None if since is None else under_review, started=started))
            if models and models.are_asked_about:
                beside = models.beside(reading, environment)
                outcomes.append(beside if since is None else models.under_review(beside, parting))
    start.complain()
    return outcomes


def _models(
    selection: Selection, chosen: Settings, rules: Sequence[Rule], x: tuple[str, ...], *, cache: Path | None
) -> ProjectModels | None:
    """The models that settings name; None where they name none."""
    if not chosen.models:
        return None
    from migrate_guard.commands._models import ProjectModels, only_scripts

    return ProjectModels(chosen, asked(rules, chosen), x, cache, not only_scripts(selection))


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
    by_code = {each.code: each for outcome in outcomes for each in outcome.rules}
    ran = [by_code[code] for code in sorted(by_code)]
    restrict = selection.restrict
    shown = None if restrict is None else frozenset(display_path(path, base) for path in restrict)
    known = {rule.code: rule.name for rule in rules}
    ignores = {pattern: codes_of(each, rules) for pattern, each in chosen.per_file_ignores.items()}
    known_baseline = baseline or Baseline()
    places = places_of(outcomes)
    kept = sift(
        (finding for outcome in outcomes for finding in _wanted(outcome, chosen.at(base / outcome.summary.location))),
        (comment for outcome in outcomes for comment in outcome.suppressions),
        Scope(
            rules=ran,
            known=known,
            restrict=shown,
            path_ignores=PathIgnores(ignores, chosen.exclude, chosen.root or base, base),
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
        environments=tuple(each.summary for each in outcomes if isinstance(each.summary, EnvironmentSummary)),
        models=tuple(each.summary for each in outcomes if isinstance(each.summary, ModelsSummary)),
        sources={path: source for outcome in outcomes for path, source in outcome.sources.items()},
        rules_run=len(ran),
        operations=sum(outcome.operations for outcome in outcomes),
        elapsed_ms=round((time.perf_counter() - started) * 1000),
        stale=stale,
        elsewhere=tuple(each for each in kept.unmatched if each not in stale),
        rules={
            each.code: RuleSummary(
                each.code, each.name, severity_of(each, chosen) or each.severity, each.summary, each.folder
            )
            for each in rules
        },
    )


def _wanted(outcome: Outcome, chosen: Settings) -> Iterator[Finding]:
    """What an outcome says that the project wants to know: nothing of downgrades that nobody runs."""
    is_silent = chosen.downgrades == "none"
    return (each for each in outcome.findings if not is_silent or each.direction != "downgrade")


def places_of(outcomes: Sequence[Outcome]) -> Places:
    """Where in the histories the files of all environments lie."""
    from migrate_guard.sieve.places import Places

    environments: dict[str, str] = {}
    revisions: dict[str, str] = {}
    homes: dict[str, str] = {}
    settings: set[str] = set()
    # A file that an environment and models have in common, such as env.py, belongs to the environment.
    for outcome in sorted(outcomes, key=lambda each: isinstance(each.summary, EnvironmentSummary)):
        location = outcome.summary.location
        environments |= dict.fromkeys((*outcome.sources, *outcome.settings), location)
        settings |= outcome.settings
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
