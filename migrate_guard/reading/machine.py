"""The state of an interpretation: the schema so far, what has been emitted, and under which conditions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from msgspec.structs import replace

from migrate_guard.model import folding
from migrate_guard.model.deeds import deed
from migrate_guard.model.facts import Fact, OnlineOnly, OnlineReason, OutsideDecision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Delete, DropTable, Insert, Opaque, Operation, Update
from migrate_guard.model.queries import RowLoop
from migrate_guard.model.revision import Transition, Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.project import Project
from migrate_guard.reading.spans import span_of
from migrate_guard.reading.values import HOLE, OwnConnection, Value

Op = TypeVar("Op", bound=Operation)

MAXIMUM_STEPS = 50_000
"""Statements and calls of one direction of one script."""
MAXIMUM_STEPS_ELSEWHERE = 3_000
"""Of these, what one call or name that leads into another file of the project may take."""
MAXIMUM_DEPTH = 60
"""Calls within calls."""
MAXIMUM_RECURSION = 12
"""Calls of one function within itself."""
MAXIMUM_BLIND_RECURSION = 2
"""The same, where nothing is known of the arguments."""
MAXIMUM_ROUNDS = 5_000
"""Rounds of one loop over known values."""
MAXIMUM_TEXT = 4_000_000
"""Characters of one computed string."""
MAXIMUM_SQL = 1_000_000
"""Characters of all SQL texts that one direction of one script sends."""
MAXIMUM_QUERIES = 300
"""Queries of one direction of one script that are answered; what further ones read is not known."""
MAXIMUM_ITEMS = 100_000
"""Elements of one computed container, those inside its elements included."""
MAXIMUM_COMPARED = 2_000
"""Elements of the containers that are compared after every branch and round."""
MAXIMUM_DIGITS = 4_000
"""Digits of a number that is still written out; Python itself refuses more than 4,300."""
MAXIMUM_WIDTH = 10_000
"""Columns to which a format may pad one value."""


CLOCK: Final = "the clock"

Fails: TypeAlias = Callable[[Operation, Schema], bool]
"""Whether a database with that schema refuses an operation."""


class OutOfBudget(Exception):
    """The script computes longer than is waited for."""


class OperationFailed(Exception):
    """The database, or SQLAlchemy, refuses an operation in a `try` whose failure the script expects."""


class Condition(NamedTuple):
    """Why what follows may not run."""

    text: str
    """As messages end with it: "if …", "unless …", "for each …"."""
    is_answer: bool = False
    """It is for the database to decide."""
    source: str = ""
    """What else decides it, outside of the script."""
    span: Span | None = None
    loop: RowLoop | None = None
    """It is a round of a loop over rows."""


@dataclass(slots=True)
class Machine:
    """What every part of the interpreter reads and changes."""

    target: Target
    project: Project
    schema: Schema
    path: str = ""
    transitions: list[Transition] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    answers: int = 0
    """How often a condition was a question to the database."""
    attempting: int = 0
    """Blocks that are left at the first operation that fails."""
    tolerating: int = 0
    autocommit: int = 0
    autocommit_block: Span | None = None
    is_switched: bool = False
    """The script has made the connection of the migration commit every statement."""
    is_between: bool = False
    """The script has ended the transaction, and sent nothing since."""
    own: OwnConnection | None = None
    """The connection of the script's own on which it runs something."""
    batch: int = 0
    steps: int = 0
    depth: int = 0
    sql: int = 0
    queries: int = 0
    call_site: Span | None = None
    """Inside code of another file: the place in the script that led there."""
    limit: int = MAXIMUM_STEPS
    search_schema: str | None = None
    """The first schema of the search_path that the script has set; None for the default one."""
    fails: Fails | None = None
    """What tells of an operation that it fails; None: that is not asked."""
    facts: list[Fact] = field(default_factory=list)
    online: int = 0
    """The script has seen to it that this does not run with --sql."""
    offline_asked: int = 0
    """How often it has asked whether it runs with --sql."""
    sources: list[str] = field(default_factory=list)
    """What outside of the script conditions have depended on."""
    used: set[str] = field(default_factory=set)
    """The imported names that the script has used so far, by dotted path."""
    origin: str = ""
    """The file of another module whose code is interpreted; empty in the script itself."""
    importing: Span | None = None
    """The statement of the script that is run while it is imported."""
    failing: int = 0
    """In a handler that raises again: the migration fails, whatever else is done there."""
    receivers: list[Callable[[Value], object]] = field(default_factory=list)
    """What `yield` hands its value to, innermost last."""

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """The place of a node; for code outside the script, the place in the script from which it was reached."""
        return self.call_site or span_of(node, self.path)

    def step(self, size: int = 0) -> None:
        """Count one step, and one more for every thousand of `size`; raises OutOfBudget."""
        self.steps += 1 + size // 1000
        if self.steps > self.limit:
            raise OutOfBudget("it takes too many steps")

    def sends(self, text: str) -> None:
        """Count a SQL text that is about to be read; raises OutOfBudget."""
        self.sql += len(text)
        if self.sql > MAXIMUM_SQL and self.sql > len(text):
            raise OutOfBudget(f"it sends more than {MAXIMUM_SQL:,} characters of SQL")

    @contextmanager
    def elsewhere(self, site: Span) -> Iterator[None]:
        """Interpret code of another file, with a budget of its own, for the place in the script that leads there."""
        if self.call_site is not None:
            yield
            return
        limit, count = self.limit, len(self.conditions)
        circumstances = self.tolerating, self.autocommit, self.batch, self.depth
        self.call_site, self.limit = site, min(limit, self.steps + MAXIMUM_STEPS_ELSEWHERE)
        try:
            yield
        finally:
            self.call_site, self.limit = None, limit
            self.tolerating, self.autocommit, self.batch, self.depth = circumstances
            del self.conditions[count:]

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Interpret with half of the steps that are left, so that who asked can go on without an answer."""
        limit, self.limit = self.limit, self.steps + (self.limit - self.steps) // 2
        try:
            yield
        finally:
            self.limit = limit

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Interpret code of the script itself that other code has been handed."""
        site, limit, steps = self.call_site, self.limit, self.steps
        self.call_site, self.limit = None, MAXIMUM_STEPS
        try:
            yield
        finally:
            self.call_site, self.limit = site, limit + self.steps - steps

    def emit(self, operation: Operation) -> None:
        """Record an operation, with the circumstances it runs in, and apply it to the schema."""
        circumstances: dict[str, Any] = {}
        if self.conditions:
            inner = operation.condition
            outer = self.conditions[-1].text
            circumstances["condition"] = f"{outer}, {inner}" if inner else outer
            loop = next((each.loop for each in reversed(self.conditions) if each.loop), None)
            if loop is not None:
                circumstances["row_loop"] = loop
        if operation.condition or any(each.is_answer for each in self.conditions):
            circumstances["is_guarded"] = True
        if self.tolerating:
            circumstances["is_tolerated"] = True
        if self.own is not None:
            circumstances["is_apart"] = True
        if self.own.is_autocommit if self.own else self.autocommit or self.is_switched:
            circumstances["in_autocommit"] = True
            circumstances["autocommit_block"] = self.autocommit_block if self.autocommit else None
        if self.batch:
            circumstances["in_batch"] = True
        if isinstance(operation, DropTable) and self.target.dialect != "postgresql":
            circumstances["keeps_references"] = True
        if circumstances:
            operation = replace(operation, **circumstances)
            if any(each.source for each in self.conditions):
                self._decided_outside(operation)
        if self.own is None:
            self.is_between = False
        before = self.schema
        if self.tolerating and self.fails is not None and not operation.condition and self.fails(operation, before):
            raise OperationFailed
        self.schema = folding.apply(before, operation)
        self.transitions.append(Transition(operation, before, self.schema))

    def gives_up(self) -> None:
        """Leave a `try` whose failure the script expects: what it has come to raises, whatever the database."""
        if self.attempting and self.tolerating and not self.conditions:
            raise OperationFailed

    def remember(self, fact: Fact) -> None:
        """Remember something that rules about scripts want to know, with the condition it stands under."""
        if fact.span.path != self.path:
            return
        if self.conditions and fact.condition is None:
            fact = replace(fact, condition=self.conditions[-1].text)
        if fact not in self.facts:
            self.facts.append(fact)

    def needs_database(self, reason: OnlineReason, node: ast.expr, call: str = "") -> None:
        """Note that something cannot be rendered with --sql, unless the script has seen to that."""
        asked = node.func if isinstance(node, ast.Call) else node
        name = ast.unparse(asked.value) if isinstance(asked, ast.Attribute) else ""
        if not any(each.text in (f"if {name}", f"if {name} is not None") for each in self.conditions):
            self.needs_database_at(reason, self.span(node), call)

    def needs_database_at(self, reason: OnlineReason, span: Span, call: str = "") -> None:
        """The same, of a place."""
        if not self.online and not self.importing:
            self.remember(OnlineOnly(span=span, reason=reason, call=call))

    def _decided_outside(self, operation: Operation) -> None:
        """Note that it is neither the script nor the database that decides whether an operation runs.

        What depends on the time are mostly the batches of a change of rows, which end and go on another day.
        """
        for each in self.conditions:
            if (
                each.source
                and each.span
                and not (each.source == CLOCK and isinstance(operation, Insert | Update | Delete))
            ):
                fact = OutsideDecision(
                    span=each.span, condition="", source=each.source, decides="run", deed=deed(operation)
                )
                self.remember(fact)

    def opaque(
        self, span: Span, reason: str, *tables: QualifiedName, changes_schema: bool = True, may_create: bool = True
    ) -> None:
        """Record an operation that cannot be resolved; with `changes_schema` False it is known to be about rows."""
        self.emit(Opaque(span=span, reason=reason, tables=tables, changes_schema=changes_schema, may_create=may_create))

    def unbounded(self, span: Span, reason: str) -> None:
        """Record that something happens that cannot be followed and may change anything."""
        self.emit(Opaque(span=span, reason=reason, is_unbounded=True))

    @contextmanager
    def sending(self, own: OwnConnection | None) -> Iterator[None]:
        """Run statements on a connection: one of the script's own, or that of the migration."""
        outer, self.own = self.own, own
        self.is_between = self.is_between and own is not None
        try:
            yield
        finally:
            self.own = outer

    @contextmanager
    def under(self, condition: Condition | None) -> Iterator[None]:
        """Interpret something that may not run."""
        count = len(self.conditions)
        if condition is not None:
            self.conditions.append(condition)
        try:
            yield
        finally:
            del self.conditions[count:]

    @property
    def version_table(self) -> QualifiedName:
        """The table in which Alembic keeps the revision."""
        name = self.project.configured.get("version_table")
        return self.qualified(name if isinstance(name, str) else "alembic_version", self.project.version_table_schema)

    @property
    def default_schema(self) -> str | None:
        return "public" if self.target.dialect == "postgresql" else None

    def qualified(self, name: str, schema: Value = None) -> QualifiedName:
        """The name of an object; the connection's default schema is not spelled."""
        # SQLAlchemy takes an empty name for none.
        schema = schema or None
        if schema is None and self.search_schema is not None:
            return QualifiedName(str(name), self.search_schema)
        if not isinstance(schema, str) or schema in ("", self.default_schema):
            return QualifiedName(str(name))
        return QualifiedName(str(name), schema)


def is_known_text(value: Value) -> bool:
    """Whether a value is a string without holes."""
    return isinstance(value, str) and HOLE not in value


def describe(value: Value) -> str:
    """Why a value is not known, for the reason of an opaque operation."""
    if isinstance(value, Unknown):
        return value.reason
    if isinstance(value, str):
        return "a part of the text is computed from a value that is not known"
    return f"it is a {type(value).__name__}"
