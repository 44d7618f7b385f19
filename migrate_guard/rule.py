"""What the author of a rule imports: `rule`, `Step`, `Problem` and the questions they answer.

Rules of a project may import this module and `migrate_guard.model`: names in them go only with a version that says so
in the changelog. Everything else of the package may change at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.history.reversal import Reversal
from migrate_guard.model.base import Base
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Confidence, Finding, Related, Severity
from migrate_guard.model.instead import Instead
from migrate_guard.model.models import Model, Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AddColumn, AlterColumn, CreateEnum, Operation, RenameColumn, RenameTable
from migrate_guard.model.revision import Direction, History, Revision, Run, Transition
from migrate_guard.model.schema import Schema, Table
from migrate_guard.model.source import Span
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import DialectName, Target

__all__ = [
    "BaseView",
    "Confidence",
    "CrashedRule",
    "EnvironmentView",
    "HistoryView",
    "ModelView",
    "ModelsView",
    "Problem",
    "Related",
    "RevisionView",
    "Rule",
    "Severity",
    "Statement",
    "Step",
    "TableView",
    "report",
    "rule",
    "standing_alone",
]

Op_co = TypeVar("Op_co", bound=Operation, covariant=True)
EarlierOp = TypeVar("EarlierOp", bound=Operation)
Options = TypeVar("Options")


class Problem(Struct, frozen=True):
    """What a rule found: all that it returns."""

    message: str
    at: Span
    object: str | None = None
    help: str = ""
    """What to do, in a sentence."""
    instead: Instead = ()
    """What to write: operations on the user's own tables, which are printed as Alembic code."""
    related: tuple[Related, ...] = ()
    severity: Severity | None = None
    """None: the rule's own."""
    confidence: Confidence = Confidence.HIGH
    direction: Direction | None = None
    """The direction it is about, where the rule is not asked about one."""


class Step(Struct, Generic[Op_co], frozen=True):
    """One operation with the schema around it."""

    op: Op_co
    revision: Revision
    direction: Direction
    before: Schema
    after: Schema
    target: Target
    new: frozenset[QualifiedName] = frozenset()
    """Tables that this revision, or the range under review, has created."""
    emptied: frozenset[QualifiedName] = frozenset()
    """Tables from which this revision has deleted every row, and into which it has put none since."""
    run: Run | None = None
    """All that the direction does; None: nothing else."""
    base: Schema | None = None
    """The schema before the revision, or before the range under review: the one that running code knows."""
    filled: frozenset[tuple[QualifiedName, str]] = frozenset()
    """Columns that the history has given a value in every row, since they may be NULL."""
    running: Models | None = None
    """The models of the code that runs while it is deployed; None: they are not known."""

    def is_new(self, table: QualifiedName) -> bool:
        """Whether nobody can be using the table yet."""
        return table in self.new

    def has_rows(self, table: QualifiedName) -> bool:
        """Whether rows are to be expected in the table, as in every database that stands at the parent."""
        return table not in self.new and table not in self.emptied

    def is_new_column(self, table: QualifiedName, column: str) -> bool:
        """Whether nobody can be using the column yet: the revision, or the range under review, has added it."""
        if self.is_new(table):
            return True
        for operation, before, _ in reversed(self.earlier):
            match operation:
                case AddColumn(column=added) if (operation.table, added.name) == (table, column):
                    known = before.table(table)
                    return known is None or known.column(column) is None
                case RenameColumn(new_name=name) if (operation.table, name) == (table, column):
                    column = operation.column
                case RenameTable(new_name=named) if named == table:
                    table = operation.table
        base = self.base.table(table) if self.base else None
        return base is not None and base.is_told and base.column(column) is None

    @property
    def earlier(self) -> tuple[Transition, ...]:
        """What its direction has done before."""
        return () if self.run is None else self.run.transitions[: self._place(self.run)]

    def earlier_of(self, *kinds: type[EarlierOp]) -> list[EarlierOp]:
        """What of some kinds its direction has done before, in the order in which it has."""
        if self.run is None:
            return []
        place = self._place(self.run)
        earlier = [(at, operation) for kind in kinds for at, operation in self.run.of(kind) if at < place]
        return [operation for _, operation in sorted(earlier, key=itemgetter(0))]

    @property
    def later(self) -> tuple[Transition, ...]:
        """What its direction still does."""
        return () if self.run is None else self.run.transitions[self._place(self.run) + 1 :]

    @property
    def left(self) -> Schema:
        """The schema that its direction leaves behind."""
        return self.after if self.run is None else self.run.after

    def _place(self, run: Run) -> int:
        return run.place(self.op)


class RevisionView(Struct, frozen=True):
    """A script: its head, what its two directions do, and where in the history it stands."""

    revision: Revision
    upgrade: Run | None
    downgrade: Run | None
    environment: Environment
    target: Target
    statements: tuple[Statement[Operation], ...] = ()
    """What the upgrade makes the database run."""
    reverse: Callable[[], Reversal] | None = None
    """Gives what upgrade, downgrade and upgrade come to; None where nobody is to be told."""
    runs_alone: bool = False
    """No other revision is under review, and a database that stands at its parent runs this one only."""
    running: Models | None = None
    """The models of the code that runs while it is deployed; None: they are not known."""
    unfilled: Mapping[tuple[QualifiedName, str], str] = field(default_factory=dict)
    """Columns that came after their table, and that the history has given no value before the revision, each with the
    id of the revision that added it."""

    @property
    def reversal(self) -> Reversal | None:
        """What upgrade, downgrade and upgrade come to, folded when a rule asks for it.

        None of a revision that is not under review.
        """
        return self.reverse() if self.reverse else None


class HistoryView(Struct, frozen=True):
    """The graph of an environment, and with a git ref under `--since` what it is compared with."""

    history: History
    environment: Environment
    target: Target
    base: Base | None = None


class BaseView(Struct, frozen=True):
    """The graph of an environment beside the base branch that `--since` names."""

    base: Base
    history: History
    environment: Environment
    target: Target


class EnvironmentView(Struct, frozen=True):
    environment: Environment
    history: History
    target: Target


class TableView(Struct, frozen=True):
    """A table at the head of the history (or of the models), with the schema it stands in."""

    table: Table
    schema: Schema
    environment: Environment
    target: Target
    models: Models | None = None
    """What it is a table of; None: of the history, so that what is to be written is a migration."""
    history: History | None = None
    """The history that it is a table of: what came first and what later."""


class ModelView(Struct, frozen=True):
    """A class that is mapped to a table, or a Table, among all that were loaded."""

    model: Model
    models: Models
    target: Target
    environment: Environment

    @property
    def table(self) -> Table | None:
        """What the database makes of it; None where that could not be read."""
        return self.models.schema.table(self.model.table)


class ModelsView(Struct, frozen=True):
    """All models that were loaded."""

    models: Models
    target: Target
    environment: Environment


class CrashedRule(Struct, frozen=True):
    """A rule that raised instead of judging: the subject of MG000."""

    rule: str
    """Its name."""
    code: str
    error: str
    """The exception as Python prints it: "TypeError: …"."""
    at: Span
    """What it was judging."""


Check = Callable[..., Iterable[Problem]]


class Rule(Struct, frozen=True):
    """A rule as the engine sees it."""

    code: str
    name: str
    on: tuple[type, ...]
    """What it is asked about: operations as scripts write them, or the views of whole things."""
    severity: Severity
    check: Check
    on_statements: tuple[type[Operation], ...] = ()
    """What it is asked about as the database runs it."""
    default: bool = True
    dialects: tuple[DialectName, ...] = ()
    """Empty: all."""
    directions: tuple[Direction, ...] = ("upgrade",)
    minds_downgrade: Callable[[Operation], bool] | None = None
    """It has something to say only of downgrades with such an operation; None: of those with what it is on."""
    options_of: Callable[[], type] | None = None
    """Gives the class of its options."""
    yields_to: tuple[str, ...] = ()
    """Codes of rules that speak first about the same object of the same cause."""
    speaks_first: bool = False
    """What it flags does not run: rules about scripts yield to it, unless it yields to them."""
    is_said_once: bool = False
    """Only the first finding of an environment is reported."""
    summary: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    """Of a rule of a project: where it and its page lie."""
    imposed: Severity | None = None
    """The severity that the settings give all that it finds; None: they leave it to the rule."""

    @property
    def options(self) -> type | None:
        """The class of its options; None: it has none."""
        return self.options_of() if self.options_of else None


def report(
    rule: Rule,
    problem: Problem,
    revision: Revision | None,
    direction: Direction | None = None,
    condition: str | None = None,
    target: Target | None = None,
) -> Finding:
    """What is reported of a problem; one behind a condition that could not be decided is less certain and says so.

    `target` is the database that is judged for, None where the problem is about none.
    """
    message, confidence = problem.message, problem.confidence
    if condition is not None:
        confidence = min(confidence, Confidence.MEDIUM)
        if not message.endswith(condition):
            message = f"{message} {condition}"
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.imposed or problem.severity or rule.severity,
        confidence=confidence,
        message=message,
        span=problem.at,
        help=problem.help,
        printed=partial(_written, problem.instead, target or Target.default()) if problem.instead else None,
        object=problem.object,
        revision=revision.id if revision else None,
        direction=direction or problem.direction,
        related=problem.related,
    )


def _written(instead: Instead, target: Target) -> str | None:
    from migrate_guard.rendering.alembic import alembic_code

    return alembic_code(instead, target)


def standing_alone(findings: Iterable[Finding], statements: Iterable[Statement[Operation]]) -> Iterator[Finding]:
    """The findings, without the code to write in place of a line that stands for several statements.

    A loop or a helper runs it for others too: what is written for one of them does not replace it.
    """
    runs: Counter[Span] = Counter()
    last: Operation | None = None
    for each in statements:
        written = each.written
        if written is not last and not (written.place_in_text or written.part) and not _belongs_to(written, last):
            runs[written.span] += 1
        last = written
    for finding in findings:
        times = runs[finding.span]
        if finding.printed is None or times <= 1:
            yield finding
        else:
            told = f"The line stands for {times} statements: write out the one that changes."
            yield replace(finding, printed=None, help=f"{finding.help} {told}".strip())


def _belongs_to(operation: Operation, other: Operation | None) -> bool:
    """Whether two operations are one `op.alter_column()`, or a type and what needs it."""
    if other is None or operation.span != other.span:
        return False
    if isinstance(other, AlterColumn) and isinstance(operation, RenameColumn):
        return (other.table, other.column) == (operation.table, operation.column)
    return isinstance(other, CreateEnum)


def rule(
    code: str,
    *,
    on: type | tuple[type, ...],
    severity: Severity,
    default: bool = True,
    dialects: tuple[DialectName, ...] = (),
    directions: tuple[Direction, ...] = ("upgrade",),
    minds_downgrade: Callable[[Operation], bool] | None = None,
    options: type | None = None,
    yields_to: tuple[str, ...] = (),
    speaks_first: bool = False,
    is_said_once: bool = False,
) -> Callable[[Check], Rule]:
    """Declare a rule; its name is the function's, which is also the module's and the page's.

    `on` takes operation classes (the function gets a `Step`), or `Revision`, `History`, `Environment`, `Table` (it gets
    the view of that name), or `Base`: what git is compared with, so that it is asked only where there is one. `Model`
    and `Models` are asked about where models are loaded, and so are the tables of models of `Table`; `RoundTrip` and
    `Drift` by the commands of these names. With `Statement[CreateIndex]` it is asked about what the database runs: the
    index of an `add_column(…, index=True)` too; `Statement[Operation]` stands for every statement. With `options`, a
    frozen `msgspec.Struct` or dataclass of defaults, it gets an instance as second argument.
    """
    subjects = on if isinstance(on, tuple) else (on,)
    statements = [each for each in subjects if get_origin(each) is Statement]

    def declare(check: Check) -> Rule:
        return Rule(
            code=code,
            name=check.__name__.replace("_", "-"),
            on=tuple(each for each in subjects if each not in statements),
            on_statements=tuple(operation for each in statements for operation in get_args(each)),
            severity=severity,
            check=check,
            default=default,
            dialects=dialects,
            directions=directions,
            minds_downgrade=minds_downgrade,
            options_of=(lambda: options) if options else None,
            yields_to=yields_to,
            speaks_first=speaks_first,
            is_said_once=is_said_once,
            summary=(check.__doc__ or "").strip().partition("\n")[0],
        )

    return declare
