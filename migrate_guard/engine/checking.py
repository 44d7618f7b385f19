"""Join the stages: read an environment, replay its history, and ask the rules about every step of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migrate_guard.history import graph
from migrate_guard.history.fold import Replay
from migrate_guard.history.novelty import Columns, emptied_after, filled_after, new_after
from migrate_guard.history.range import Range
from migrate_guard.history.reversal import reasons, reverse
from migrate_guard.history.transactions import Session
from migrate_guard.model import folding
from migrate_guard.model.base import Base, Edit
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import EnvironmentSummary, Finding, OpaqueOperation
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Opaque, Operation
from migrate_guard.model.revision import (
    Direction,
    History,
    Revision,
    Run,
    StrayScript,
    Suppression,
    UnreadableScript,
)
from migrate_guard.model.schema import Schema, Table
from migrate_guard.model.source import Source, Span
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.environment import environment_sources, read_environment
from migrate_guard.reading.imported import type_hooks
from migrate_guard.reading.interpreter import computed_head, interpret
from migrate_guard.reading.project import Project, display_path, project_roots
from migrate_guard.reading.script import Script, of_engine, read_script
from migrate_guard.rule import (
    BaseView,
    CrashedRule,
    EnvironmentView,
    HistoryView,
    Problem,
    RevisionView,
    Rule,
    Step,
    TableView,
    report,
    standing_alone,
)
from migrate_guard.rules import load_rule

if TYPE_CHECKING:
    from migrate_guard.reading.edits import Comparison
    from migrate_guard.reading.parting import Parting

MAXIMUM_TREES: Final = 800
"""Scripts whose trees are kept from reading them to interpreting them; those of longer histories are parsed twice."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the selected rules say of one environment, before anything is hidden."""

    findings: tuple[Finding, ...]
    opaque: tuple[OpaqueOperation, ...]
    summary: EnvironmentSummary
    sources: Mapping[str, Source]
    suppressions: tuple[tuple[Revision | None, Suppression], ...]
    """With the revision in whose script it stands; those of env.py and the configuration stand in none."""
    operations: int
    history: History
    environment: Environment
    under_review: Range | None = None
    is_compared: bool = False
    """With git: rules about a base have been asked."""
    started: Range | None = None
    """What has come since the project started with the tool, where it says so; the rest is not reported."""
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The scripts of an environment, read."""

    history: History
    scripts: Mapping[str, Script]
    """By revision id."""
    sources: Mapping[str, Source]
    environment: Environment
    project: Project
    target: Target
    env_path: Path | None


def read(found: AlembicEnvironment, target: Target, base: Path) -> Reading:
    """Read every script of an environment and put them in order; paths are shown relative to `base`."""
    directory = found.script_location or next(iter(found.version_locations), found.root)
    project = Project(project_roots(directory, found.prepend_sys_path), base)
    environment = read_environment(found, project, target)
    scripts: dict[str, Script] = {}
    sources: dict[str, Source] = {}
    revisions: list[Revision] = []
    unreadable: list[UnreadableScript] = []
    strays: list[StrayScript] = []
    sources.update((each.path, each) for each in environment_sources(found, base))
    for file in found.scripts:
        display = display_path(file.path, base)
        if file.problem is not None:
            sources[display] = Source(display, "")
            unreadable.append(UnreadableScript(Span(display, 1, 1, 1, 2), file.problem))
            continue
        result, source = read_script(file.path, display)
        sources[display] = source
        match result:
            case UnreadableScript():
                unreadable.append(result)
            case StrayScript():
                strays.append(result)
            case Script():
                head = computed_head(result, target, project)
                if isinstance(head, UnreadableScript):
                    unreadable.append(head)
                else:
                    scripts.setdefault(head.id, result)
                    revisions.append(head)
                    if len(scripts) > MAXIMUM_TREES:
                        result.release()
    history = graph.build(revisions, unreadable, strays)
    return Reading(history, scripts, sources, environment, project, target, found.env_path)


UPGRADES: Final[tuple[Direction, ...]] = ("upgrade",)
BOTH: Final[tuple[Direction, ...]] = ("upgrade", "downgrade")


def replay(
    reading: Reading,
    engine_name: str | None = None,
    start: Schema | None = None,
    directions: Collection[Direction] = BOTH,
) -> Replay:
    """Replay a history that was read, from `start` on; for a multidb environment the one of that engine.

    Downgrades are interpreted where `directions` ask for them; nothing can be replayed without the upgrades.

    Where it starts on an empty database, what a `try` guards fails or not as that database would have it.
    """
    fails = None if start is None or start.contents is None else partial(_fails, target=reading.target)

    def run(revision: Revision, direction: Direction, schema: Schema) -> Run | None:
        if direction not in directions or (revision.upgrade if direction == "upgrade" else revision.downgrade) is None:
            return None
        script, reached = reading.scripts[revision.id], reading.project.reached
        reading.project.reached = set()
        done = interpret(script, direction, schema, reading.target, reading.project, engine_name, fails)
        if direction == "downgrade":
            # What is asked is what an upgrade needs.
            reading.project.reached = reached
        is_last = direction == "downgrade" or "downgrade" not in directions or revision.downgrade is None
        if is_last and len(reading.scripts) > MAXIMUM_TREES:
            script.release()
        return done

    return Replay(reading.history, run, start or Schema())


def _fails(operation: Operation, schema: Schema, target: Target) -> bool:
    """Whether a database with just that schema refuses an operation."""
    return any(reasons(operation, schema, schema, target))


def schema_at(reading: Reading, revisions: Sequence[str]) -> Schema:
    """The schema that running `revisions` and all below them makes of an empty database.

    The schemas of a multidb environment are united.
    """
    wanted = graph.reached(reading.history, revisions)
    if reading.env_path is not None:
        reading.project.type_hooks = type_hooks(reading.env_path, reading.project)
    kept = [each for name, each in reading.history.revisions.items() if name in wanted]
    part = replace(reading, history=graph.build(kept))
    schema = Schema.of_empty_database()
    for engine_name in reading.environment.databases or (None,):
        for replayed in replay(part, engine_name, Schema.of_empty_database(), UPGRADES):
            for transition in replayed.upgrade.transitions if replayed.upgrade else ():
                schema = folding.apply(schema, transition.operation)
    return schema


def check(
    reading: Reading,
    rules: Sequence[Rule],
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    under_review: Range | None = None,
    parting: Parting | None = None,
    small: frozenset[QualifiedName] = frozenset(),
) -> Outcome:
    """Ask every rule about every step of an environment's history; work on `small` tables takes no time.

    With a range `under_review` what its revisions create is new to those after them, as to the database at its base.
    With a `parting`, what a git branch is compared with, upgrades that it has changed are interpreted in both versions.
    """
    dialect = reading.target.dialect
    asked = _Asked(
        reading,
        [each for each in rules if not each.dialects or dialect in each.dialects],
        options or {},
        under_review,
        parting,
        small,
    )
    for name in reading.environment.databases or (None,):
        asked.replay(name)
    asked.whole()
    history = reading.history
    return Outcome(
        findings=tuple(dict.fromkeys(asked.findings)),
        opaque=tuple(dict.fromkeys(asked.opaque)),
        summary=EnvironmentSummary(
            reading.environment.script_location,
            str(reading.target),
            len(history.order),
            tuple(each.id for each in history.heads),
        ),
        sources=reading.sources,
        suppressions=(
            *((None, each) for each in reading.environment.suppressions),
            *((each, one) for each in graph.scripts(history) for one in each.suppressions),
            *((None, one) for each in history.strays for one in each.suppressions),
        ),
        operations=asked.operations,
        history=history,
        environment=reading.environment,
        under_review=under_review,
        is_compared=parting is not None,
        crashed=bool(asked.crashed),
    )


@dataclass(slots=True)
class _Asked:
    """The rules on their way through one history."""

    reading: Reading
    rules: Sequence[Rule]
    options: Mapping[str, Mapping[str, Any]]
    under_review: Range | None = None
    parting: Parting | None = None
    small: frozenset[QualifiedName] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    opaque: list[OpaqueOperation] = field(default_factory=list)
    operations: int = 0
    crashed: set[str] = field(default_factory=set)
    _by_subject: dict[type, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _by_statement: dict[type, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _minding: list[Callable[[Operation], bool]] = field(default_factory=list)
    """Whether a rule wants to know of a downgrade with an operation as the database runs it."""
    _revisions: dict[str, Revision] = field(default_factory=dict)
    _edits: list[Edit] = field(default_factory=list)
    _comparison: Comparison | None = None
    _created: dict[str, frozenset[QualifiedName]] = field(default_factory=dict)
    """By revision, what of the range there is after it: its own tables and those of its ancestors."""
    _bases: dict[str, Schema] = field(default_factory=dict)
    """By revision of the range, the schema that the range began with."""
    _filled: Columns = frozenset()

    def __post_init__(self) -> None:
        for each in self.rules:
            for subject in each.on:
                self._by_subject[subject].append(each)
            for operation in each.on_statements:
                self._by_statement[operation].append(each)
            if "downgrade" in each.directions and each.on_statements:
                self._minding.append(each.minds_downgrade or _is_one_of(each.on_statements))
        self._revisions = {each.path: each for each in self.reading.history.order}
        if self.parting is not None:
            from migrate_guard.reading.edits import Comparison

            self._comparison = Comparison(self.parting, self.reading.project, self.reading.target)

    def replay(self, engine_name: str | None) -> None:
        """Go through the history of one database."""
        reading = self.reading
        self._created.clear()
        self._bases.clear()
        self._filled = frozenset()
        heads = {each.id for each in graph.real_heads(reading.history)} or {
            each.id for each in reading.history.order[-1:]
        }
        run = self.under_review if self.under_review and self.under_review.is_one_run else None
        is_one_run = run is not None
        session = Session(reading.target, reading.environment, self.small, is_one_run)
        replaying = replay(reading, engine_name)
        for replayed in replaying:
            statements: tuple[Statement[Operation], ...] = ()
            undone: tuple[Statement[Operation], ...] = ()
            said = len(self.findings)
            new = inherited = self._inherited(replayed.revision)
            if is_one_run and replayed.upgrade is not None and self._is_under_review(replayed.revision):
                before = (self._bases[each] for each in replayed.revision.parents if each in self._bases)
                self._bases[replayed.revision.id] = next(before, replayed.upgrade.before)
            if replayed.upgrade is not None:
                new = self._run(replayed.revision, replayed.upgrade, inherited)
                if self._comparison is not None:
                    script = reading.scripts[replayed.revision.id]
                    edit = self._comparison.edit(replayed.revision, script, replayed.upgrade, engine_name)
                    self._edits += [edit] if edit else []
                if not is_one_run or self._is_under_review(replayed.revision):
                    statements = self._executed(replayed.revision, replayed.upgrade, session, inherited)
                    new |= session.new
            if self.under_review is not None:
                self._created[replayed.revision.id] = new if self._is_under_review(replayed.revision) else inherited
            if replayed.downgrade is not None:
                self._run(replayed.revision, replayed.downgrade)
                # A downgrade runs where the upgrade has been, and the range with it: nothing there is new.
                done = [each.operation for each in replayed.downgrade.transitions]
                if any(minds(each) for minds in self._minding for each in done):
                    back = Session(reading.target, reading.environment, self.small)
                    undone = self._executed(replayed.revision, replayed.downgrade, back)
            head = replayed.revision
            if engine_name is not None:
                head = of_engine(reading.scripts[head.id], engine_name)
            upgrade, downgrade = replayed.upgrade, replayed.downgrade
            back_again = None
            if self._is_under_review(replayed.revision):
                back_again = cache(partial(reverse, replayed, replaying.interpret, reading.target))
            runs_alone = run is not None and run.revisions == {replayed.revision.id}
            view = RevisionView(
                head, upgrade, downgrade, reading.environment, reading.target, statements, back_again, runs_alone
            )
            self._ask(Revision, view, replayed.revision, None)
            self.findings[said:] = standing_alone(self.findings[said:], (*statements, *undone))
            if replayed.revision.id in heads:
                for table in replayed.after.tables.values():
                    self._table(table, replayed.after)

    def _is_under_review(self, revision: Revision) -> bool:
        return self.under_review is None or revision.id in self.under_review.revisions

    def _inherited(self, revision: Revision) -> frozenset[QualifiedName]:
        """What revisions of the range have created when this one is about to run."""
        return frozenset[QualifiedName]().union(*(self._created.get(each, ()) for each in revision.parents))

    def _run(
        self, revision: Revision, run: Run, inherited: frozenset[QualifiedName] = frozenset()
    ) -> frozenset[QualifiedName]:
        """Ask about the operations of a direction of a revision; return what is new after it."""
        new, emptied = inherited, frozenset[QualifiedName]()
        for transition in run.transitions:
            operation = transition.operation
            self.operations += 1
            if isinstance(operation, Opaque):
                self.opaque.append(OpaqueOperation(operation.span, operation.reason))
            rules = self._by_subject.get(type(operation))
            if rules:
                step = Step(
                    operation,
                    revision,
                    run.direction,
                    transition.before,
                    transition.after,
                    self.reading.target,
                    new,
                    emptied,
                    run,
                    self._bases.get(revision.id, run.before),
                    self._filled,
                )
                for each in rules:
                    if run.direction in each.directions:
                        self._collect(each, step, revision, run.direction, operation.condition)
            new = new_after(operation, new, transition.before)
            emptied = emptied_after(operation, emptied)
            if run.direction == "upgrade":
                self._filled = filled_after(operation, self._filled, transition.before)
        return new

    def _executed(
        self, revision: Revision, run: Run, session: Session, inherited: frozenset[QualifiedName] = frozenset()
    ) -> tuple[Statement[Operation], ...]:
        """Ask about what a direction of a revision makes the database run."""
        statements = tuple(session.run(revision, run, inherited))
        for statement in statements:
            for each in (*self._by_statement[type(statement.op)], *self._by_statement[Operation]):
                if run.direction in each.directions:
                    self._collect(each, statement, revision, run.direction, statement.op.condition)
        return statements

    def _table(self, table: Table, schema: Schema) -> None:
        view = TableView(table, schema, self.reading.environment, self.reading.target)
        self._ask(Table, view, self._revisions.get(table.span.path), "upgrade")

    def whole(self) -> None:
        """Ask the rules about the graph and the environment."""
        reading = self.reading
        base = replace(self.parting.base, edits=tuple(self._edits)) if self.parting else None
        history = HistoryView(reading.history, reading.environment, reading.target, base)
        self._ask(History, history, None, None)
        if base is not None:
            compared = BaseView(base, reading.history, reading.environment, reading.target)
            self._ask(Base, compared, None, None)
        environment = EnvironmentView(reading.environment, reading.history, reading.target)
        self._ask(Environment, environment, None, None)

    def _ask(self, subject: type, view: object, revision: Revision | None, direction: Direction | None) -> None:
        for each in self._by_subject.get(subject, ()):
            self._collect(each, view, revision, direction, None)

    def _collect(
        self, rule: Rule, subject: object, revision: Revision | None, direction: Direction | None, condition: str | None
    ) -> None:
        for problem in self._problems(rule, subject, revision):
            at = self._revisions.get(problem.at.path)
            self.findings.append(
                report(
                    rule,
                    problem,
                    revision if Table not in rule.on else at,
                    direction,
                    condition,
                    self.reading.target,
                )
            )

    def _problems(self, rule: Rule, subject: object, revision: Revision | None) -> Iterator[Problem]:
        try:
            if rule.options is None:
                yield from rule.check(subject)
            else:
                given = self.options.get(rule.name) or self.options.get(rule.code) or {}
                yield from rule.check(subject, rule.options(**given))
        except Exception as error:  # noqa: BLE001  a crash of one rule is reported as MG000 and the run goes on
            if rule.code not in self.crashed:
                self.crashed.add(rule.code)
                at = self._place(subject, revision)
                crash = CrashedRule(rule.name, rule.code, f"{type(error).__name__}: {error}", at)
                said = load_rule("rule-crashed")
                self.findings += [report(said, each, revision) for each in said.check(crash)]

    def _place(self, subject: object, revision: Revision | None) -> Span:
        """Where the subject of a rule stands."""
        if isinstance(subject, Step | Statement):
            operation: Operation = subject.op
            return operation.span
        if isinstance(subject, TableView):
            return subject.table.span
        if revision is not None:
            return revision.span
        return Span(self.reading.environment.env_path or self.reading.environment.script_location, 1, 1, 1, 2)


def _is_one_of(operations: tuple[type[Operation], ...]) -> Callable[[Operation], bool]:
    return lambda operation: isinstance(operation, operations)
