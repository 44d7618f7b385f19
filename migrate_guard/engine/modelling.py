"""Ask the rules about models that were loaded: each model, their tables, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from migrate_guard.engine.judges import Judges, about
from migrate_guard.engine.outcome import Outcome
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Finding, ModelsSummary, OpaqueOperation
from migrate_guard.model.models import Model, Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import History, Suppression
from migrate_guard.model.schema import Table
from migrate_guard.model.source import Source
from migrate_guard.model.target import Target
from migrate_guard.reading.comments import MARK, suppressions
from migrate_guard.reading.script import UnreadableFile, parse
from migrate_guard.rule import ModelsView, ModelView, Rule, TableView

_SUBJECTS: Final = frozenset({Model, Models, Table, Suppression})


def judge_models(
    models: Models,
    rules: Sequence[Rule],
    options: Mapping[str, Mapping[str, Any]],
    *,
    environment: Environment,
    target: Target,
    location: str,
    name: str,
) -> Outcome:
    """Return what the rules about models and tables say of models that were loaded.

    They are called `name` and belong to the project in `location`. What env.py leaves out is not looked at: it is not
    for these migrations to make.
    """
    asked = about(target, [each for each in rules if not _SUBJECTS.isdisjoint(each.on)])
    judges = Judges(asked, options, environment, target, {})
    left_out = {table for kind, table, _ in models.excluded if kind == "table"}
    tables = [each for each in models.schema.tables.values() if each.name not in left_out]
    # Of what a mixin declares for several tables, the first in the file speaks.
    tables.sort(key=lambda each: each.span)
    for model in sorted(models.models, key=lambda each: each.span):
        if model.table not in left_out:
            judges.ask(Model, ModelView(model, models, target, environment))
    for table in tables:
        judges.ask(Table, TableView(table, models.schema, environment, target, models))
    judges.ask(Models, ModelsView(models, target, environment))
    return Outcome(
        findings=tuple(_once_a_place(judges.findings, models)),
        rules=tuple(judges.rules),
        summary=ModelsSummary(location, name, str(target), len(tables)),
        sources=models.sources,
        suppressions=tuple((None, each) for each in _comments(models.sources.values())),
        history=History({}, ()),
        opaque=tuple(OpaqueOperation(*each) for each in models.problems),
        crashed=bool(judges.crashed),
    )


def _comments(sources: Iterable[Source]) -> Iterator[Suppression]:
    for source in sources:
        if MARK in source.text:
            try:
                yield from suppressions(source, parse(source))
            except UnreadableFile:
                # What another Python than ours has imported need not be Python to ours.
                continue


def _once_a_place(findings: Sequence[Finding], models: Models) -> Iterator[Finding]:
    """The findings, one for what a mixin or a base declares for several tables."""
    same: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        same.setdefault(_declaration(finding, models), []).append(finding)
    for first, *others in same.values():
        tables = dict.fromkeys(each.object for each in others if each.object != first.object)
        more = f" (and in {len(tables)} more table{'s' * (len(tables) > 1)})" if tables else ""
        yield replace(first, message=f"{first.message}{more}")


def _declaration(finding: Finding, models: Models) -> tuple[object, ...]:
    """What findings agree in that one line is the cause of: all but the name of the table."""
    table = _table_of(finding.object or "", models)
    if table is None:
        return finding.code, finding.span, finding.object, finding.message
    return finding.code, finding.span, (finding.object or "").removeprefix(f"{table}.")


def _table_of(name: str, models: Models) -> QualifiedName | None:
    """The table that the name of what it contains begins with."""
    owners = (each for each in models.schema.tables if name.startswith(f"{each}."))
    return max(owners, key=lambda each: len(str(each)), default=None)
