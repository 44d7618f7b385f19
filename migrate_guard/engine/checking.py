"""Ask the rules about every step of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.engine.histories import Reading, replay
from migrate_guard.engine.judges import Judges
from migrate_guard.engine.outcome import Outcome, concluded
from migrate_guard.engine.review import Review
from migrate_guard.history import graph
from migrate_guard.history.fold import Interpret, Replayed
from migrate_guard.history.novelty import Columns, Unfilled, emptied_after, filled_after, new_after, unfilled_after
from migrate_guard.history.range import Range
from migrate_guard.history.reversal import reverse
from migrate_guard.history.transactions import Session
from migrate_guard.model.base import Base, Edit
from migrate_guard.model.drift import Drift
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import OpaqueOperation
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Opaque, Operation
from migrate_guard.model.revision import History, Revision, Run
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.model.statement import Statement
from migrate_guard.reading.script import of_engine
from migrate_guard.rule import (
    BaseView,
    EnvironmentView,
    HistoryView,
    RevisionView,
    Rule,
    Step,
    TableView,
    standing_alone,
)

if TYPE_CHECKING:
    from migrate_guard.reading.edits import Comparison
    from migrate_guard.reading.parting import Parting


def check(
    reading: Reading,
    rules: Sequence[Rule],
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    under_review: Range | None = None,
    parting: Parting | None = None,
    small: frozenset[QualifiedName] = frozenset(),
    running: Models | None = None,
) -> Outcome:
    """Ask every rule about every step of an environment's history; work on `small` tables takes no time.

    With a range `under_review` what its revisions create is new to those after them, as to the database at its base.
    With a `parting`, what a git branch is compared with, upgrades that it has changed are interpreted in both versions.
    `running` are the models of the code that runs while the range is deployed.
    """
    unasked = [(RoundTrip,), (Drift,)] if parting else [(RoundTrip,), (Drift,), (Base,)]
    judges = Judges.of(reading, [each for each in rules if each.on not in unasked], options or {})
    comparison = _comparison(parting, reading)
    checked = [
        _Pass(reading, judges, Review(under_review), small, name, comparison, running)
        for name in reading.environment.databases or (None,)
    ]
    for each in checked:
        each.go()
    _ask_about_the_whole(reading, judges, parting, tuple(edit for each in checked for edit in each.edits))
    return replace(
        concluded(reading, judges),
        opaque=tuple(dict.fromkeys(opaque for each in checked for opaque in each.opaque)),
        operations=sum(each.operations for each in checked),
        under_review=under_review,
    )


def _comparison(parting: Parting | None, reading: Reading) -> Comparison | None:
    if parting is None:
        return None
    from migrate_guard.reading.edits import Comparison

    return Comparison(parting, reading.project, reading.target)


def _ask_about_the_whole(reading: Reading, judges: Judges, parting: Parting | None, edits: tuple[Edit, ...]) -> None:
    """Ask the rules about the graph and the environment."""
    history, environment, target = reading.history, reading.environment, reading.target
    base = replace(parting.base, edits=edits) if parting else None
    judges.ask(History, HistoryView(history, environment, target, base))
    if base is not None:
        judges.ask(Base, BaseView(base, history, environment, target))
    judges.ask(Environment, EnvironmentView(environment, history, target))


class _Pass(Struct):
    """One walk through the history, of one database of the environment."""

    reading: Reading
    judges: Judges
    review: Review
    small: frozenset[QualifiedName]
    engine_name: str | None
    comparison: Comparison | None
    running: Models | None
    opaque: list[OpaqueOperation] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    operations: int = 0
    _filled: Columns = frozenset()
    _unfilled: Unfilled = field(default_factory=dict)

    def go(self) -> None:
        """Ask the rules about every revision, and about the tables at the heads."""
        reading = self.reading
        heads = {each.id for each in graph.real_heads(reading.history)}
        heads = heads or {each.id for each in reading.history.order[-1:]}
        session = Session(reading.target, reading.environment, self.small, self.review.run is not None, self.running)
        replaying = replay(reading, self.engine_name)
        for replayed in replaying:
            self._revision(replayed, session, replaying.interpret)
            if replayed.revision.id in heads:
                for table in replayed.after.tables.values():
                    view = TableView(
                        table, replayed.after, reading.environment, reading.target, history=reading.history
                    )
                    self.judges.ask_about_table(view)

    def _revision(self, replayed: Replayed, session: Session, interpret: Interpret) -> None:
        """Ask about all that a revision does."""
        revision, judges, said = replayed.revision, self.judges, len(self.judges.findings)
        unfilled = self._unfilled
        statements: tuple[Statement[Operation], ...] = ()
        undone: tuple[Statement[Operation], ...] = ()
        if replayed.upgrade is not None:
            statements = self._upgrade(revision, replayed.upgrade, session)
        else:
            inherited = self.review.begin(revision, replayed.after)
            self.review.end(revision, inherited, inherited)
        if replayed.downgrade is not None:
            undone = self._downgrade(revision, replayed.downgrade)
        judges.ask(Revision, self._view(replayed, statements, interpret, unfilled), revision)
        judges.findings[said:] = standing_alone(judges.findings[said:], (*statements, *undone))

    def _upgrade(self, revision: Revision, run: Run, session: Session) -> tuple[Statement[Operation], ...]:
        """Ask about an upgrade; return what it makes the database run, where anybody is to be told."""
        inherited = self.review.begin(revision, run.before)
        new = self._steps(revision, run, inherited)
        if self.comparison is not None:
            script = self.reading.scripts[revision.id]
            edit = self.comparison.edit(revision, script, run, self.engine_name)
            self.edits += [edit] if edit else []
        statements: tuple[Statement[Operation], ...] = ()
        # The session goes on from revision to revision, unless it begins with the range.
        if self.review.run is None or self.review.includes(revision):
            statements = self._executed(revision, run, session, inherited)
            new |= session.new
        self.review.end(revision, inherited, new)
        return statements

    def _downgrade(self, revision: Revision, run: Run) -> tuple[Statement[Operation], ...]:
        """Ask about a downgrade: it runs where the upgrade has been, and the range with it, so nothing is new."""
        self._steps(revision, run, frozenset())
        if not self.judges.minds(run):
            return ()
        session = Session(self.reading.target, self.reading.environment, self.small)
        return self._executed(revision, run, session, frozenset())

    def _view(
        self,
        replayed: Replayed,
        statements: tuple[Statement[Operation], ...],
        interpret: Interpret,
        unfilled: Unfilled,
    ) -> RevisionView:
        reading, revision = self.reading, replayed.revision
        is_reviewed = self.review.includes(revision)
        return RevisionView(
            revision if self.engine_name is None else of_engine(reading.scripts[revision.id], self.engine_name),
            replayed.upgrade,
            replayed.downgrade,
            reading.environment,
            reading.target,
            statements,
            cache(partial(reverse, replayed, interpret, reading.target)) if is_reviewed else None,
            self.review.is_alone(revision),
            self.running,
            unfilled,
        )

    def _steps(self, revision: Revision, run: Run, inherited: frozenset[QualifiedName]) -> frozenset[QualifiedName]:
        """Ask about the operations of a direction of a revision; return what is new after it."""
        new, emptied = inherited, frozenset[QualifiedName]()
        base = self.review.base(revision, run.before)
        for transition in run.transitions:
            operation = transition.operation
            self.operations += 1
            if isinstance(operation, Opaque):
                self.opaque.append(OpaqueOperation(operation.span, operation.reason))
            if self.judges.knows(type(operation)):
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
                    base,
                    self._filled,
                    self.running if run.direction == "upgrade" else None,
                )
                self.judges.ask_about_step(step)
            new = new_after(operation, new, transition.before)
            emptied = emptied_after(operation, emptied)
            if run.direction == "upgrade":
                self._filled = filled_after(operation, self._filled, transition.before)
                self._unfilled = unfilled_after(operation, self._unfilled, revision.id)
        return new

    def _executed(
        self, revision: Revision, run: Run, session: Session, inherited: frozenset[QualifiedName]
    ) -> tuple[Statement[Operation], ...]:
        """Ask about what a direction of a revision makes the database run."""
        statements = tuple(session.run(revision, run, inherited))
        for statement in statements:
            self.judges.ask_about_statement(statement, revision, run.direction)
        return statements
