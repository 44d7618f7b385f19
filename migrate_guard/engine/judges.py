"""The rules on their way through one history: who is asked about what, and what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from migrate_guard.engine.histories import Reading
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Finding
from migrate_guard.model.operations import Operation
from migrate_guard.model.revision import Direction, Revision, Run
from migrate_guard.model.schema import Table
from migrate_guard.model.source import Span
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target
from migrate_guard.rule import CrashedRule, ModelView, Problem, Rule, Step, TableView, report
from migrate_guard.rules import load_rule


class Judges(Struct):
    """The selected rules, and what they have found so far."""

    rules: Sequence[Rule]
    options: Mapping[str, Mapping[str, Any]]
    environment: Environment
    target: Target
    revisions: Mapping[str, Revision]
    """By path."""
    findings: list[Finding] = field(default_factory=list)
    crashed: set[str] = field(default_factory=set)
    """Codes of rules that raised instead of judging."""
    _by_subject: dict[type, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _by_statement: dict[type, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _minding: list[Callable[[Operation], bool]] = field(default_factory=list)

    @classmethod
    def of(cls, reading: Reading, rules: Sequence[Rule], options: Mapping[str, Mapping[str, Any]]) -> Judges:
        """Those of the rules that have to do with the database of an environment."""
        paths = {each.path: each for each in reading.history.order}
        return cls(about(reading.target, rules), options, reading.environment, reading.target, paths)

    def __post_init__(self) -> None:
        for each in self.rules:
            for subject in each.on:
                self._by_subject[subject].append(each)
            for operation in each.on_statements:
                self._by_statement[operation].append(each)
            if "downgrade" in each.directions and each.on_statements:
                self._minding.append(each.minds_downgrade or _is_one_of(each.on_statements))

    def knows(self, subject: type) -> bool:
        """Whether a rule is asked about operations or things of that type."""
        return bool(self._by_subject.get(subject))

    def minds(self, downgrade: Run) -> bool:
        """Whether a rule wants to know what the database runs for a downgrade."""
        return any(minds(each.operation) for minds in self._minding for each in downgrade.transitions)

    def ask(self, subject: type, view: object, revision: Revision | None = None) -> None:
        """Ask about a whole thing: a revision, the history, the environment, a model."""
        for each in self._by_subject.get(subject, ()):
            self._collect(each, view, revision, None, None)

    def ask_about_step(self, step: Step[Operation]) -> None:
        for each in self._by_subject.get(type(step.op), ()):
            if step.direction in each.directions:
                self._collect(each, step, step.revision, step.direction, step.op.condition)

    def ask_about_statement(self, statement: Statement[Operation], revision: Revision, direction: Direction) -> None:
        for each in (*self._by_statement[type(statement.op)], *self._by_statement[Operation]):
            if direction in each.directions:
                self._collect(each, statement, revision, direction, statement.op.condition)

    def ask_about_table(self, view: TableView) -> None:
        """Ask about a table at head; what is found lies in the script that introduced the part in question."""
        for each in self._by_subject.get(Table, ()):
            for problem in self._problems(each, view, self.revisions.get(view.table.span.path)):
                at = self.revisions.get(problem.at.path)
                self.findings.append(report(each, problem, at, "upgrade", None, self.target))

    def _collect(
        self, rule: Rule, subject: object, revision: Revision | None, direction: Direction | None, condition: str | None
    ) -> None:
        for problem in self._problems(rule, subject, revision):
            self.findings.append(report(rule, problem, revision, direction, condition, self.target))

    def _problems(self, rule: Rule, subject: object, revision: Revision | None) -> Iterator[Problem]:
        try:
            if rule.options_of is None:
                yield from rule.check(subject)
            else:
                given = self.options.get(rule.name) or self.options.get(rule.code) or {}
                yield from rule.check(subject, rule.options_of()(**given))
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
        if isinstance(subject, ModelView):
            return subject.model.span
        if revision is not None:
            return revision.span
        return Span(self.environment.env_path or self.environment.script_location, 1, 1, 1, 2)


def about(target: Target, rules: Sequence[Rule]) -> list[Rule]:
    """Those of the rules that have to do with a database."""
    return [each for each in rules if not each.dialects or target.dialect in each.dialects]


def _is_one_of(operations: tuple[type[Operation], ...]) -> Callable[[Operation], bool]:
    return lambda operation: isinstance(operation, operations)
