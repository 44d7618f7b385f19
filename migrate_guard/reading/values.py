"""The values a script computes with, as far as they can be known without running it.

Python's own literals and containers stand for themselves; everything else is one of these. A string may hold `HOLE`
where a part of it is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

from msgspec import Struct, field

from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.facts import OrmPart, OrmUse
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.queries import Query
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Contents
from migrate_guard.model.source import Span

__all__ = ["HOLE", "Unknown"]

FIELD: Final = "\0field:"
"""Marks in the scope of a class the names that its body annotates."""
HOLE: Final = "\ufffc"
"""Stands in a string for a part that could not be computed."""

Value = Any
"""A value of the interpreted program: any Python literal, container, or a class of this module."""


class ListValue(list[Any]):
    """A list that the script wrote, and whether something was put into it under a condition nobody could decide."""

    is_doubtful = False
    __hash__ = None


class Names(list[Any]):
    """The names of what is in the database, and of what is there or not as a condition had it."""

    __hash__ = None

    def __init__(self, names: Iterable[str], doubtful: Iterable[str]) -> None:
        super().__init__(names)
        self.doubtful = frozenset(doubtful)


class OrderedSet(list[Any]):
    """A set of the script, in the order in which it names the elements: what it does must not vary between runs."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | set | frozenset):
            return NotImplemented
        return len(self) == len(other) and all(each in other for each in self)

    @classmethod
    def of(cls, items: Iterable[Value]) -> OrderedSet:
        items = list(items)
        try:
            return cls(dict.fromkeys(items))
        except TypeError:  # an element has no hash
            found = cls()
            for item in items:
                if item not in found:
                    found.append(item)
            return found


class FinalName(str):
    """A name given through `op.f()`: no naming convention touches it."""

    __slots__ = ()


class OutsideText(str):
    """A text of which a part is not known from the script."""

    __slots__ = ("holes", "is_answer", "source")
    source: str
    """What it comes from; empty where that is the database."""
    is_answer: bool
    """A part of it is an answer of the database."""
    holes: tuple[bool, ...]
    """Of each HOLE in it, whether it is of one of both; empty: that is not known."""

    def __new__(cls, text: str, source: str, *, is_answer: bool = False, holes: tuple[bool, ...] = ()) -> Self:
        made = super().__new__(cls, text)
        made.source = source
        made.is_answer = is_answer
        made.holes = holes
        return made


class External(Struct, frozen=True):
    """An object of a module outside the project, by its dotted path: "sqlalchemy.Column", "alembic.op"."""

    path: str


class Scope(Struct, eq=False):
    """Variables of a module, class or function, and the scope around it."""

    parent: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)
    is_class: bool = False
    path: str = ""
    """The file its code lies in, for spans."""
    package: str = ""
    """The dotted package of the module, for relative imports."""
    owner: Class | None = None
    """The class whose body this is."""
    elsewhere: dict[str, Scope] = field(default_factory=dict)
    """Names that `global` or `nonlocal` bind in another scope."""


class Function(Struct, eq=False):
    """A function or lambda of the project."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    defaults: tuple[Value, ...] = ()
    keyword_defaults: Mapping[str, Value] = field(default_factory=dict)
    receiver: Value = None
    """`self` of a bound method."""
    kind: str = "function"
    """"function", "staticmethod", "classmethod", "property" or "contextmanager"."""


class Class(Struct, eq=False):
    """A class of the project."""

    name: str
    bases: tuple[Value, ...]
    scope: Scope
    span: Span

    def lookup(self, name: str) -> Value | None:
        if name in self.scope.variables:
            return self.scope.variables[name]
        for base in self.bases:
            if isinstance(base, Class):
                found = base.lookup(name)
                if found is not None:
                    return found
        return None

    def fields(self) -> list[str]:
        """The annotated names of the body, in order: the fields of a dataclass or named tuple."""
        return [name[len(FIELD) :] for name in self.scope.variables if name.startswith(FIELD)]

    def descends_from(self, *paths: str) -> bool:
        return any(
            base.path in paths if isinstance(base, External) else isinstance(base, Class) and base.descends_from(*paths)
            for base in self.bases
        )

    @property
    def is_enum(self) -> bool:
        return self.descends_from("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag")


class EnumMember(Struct, frozen=True):
    owner: str
    name: str
    value: Value
    is_string: bool = False


class Instance(Struct, eq=False):
    """An object of a class of the project."""

    owner: Class
    attributes: dict[str, Value] = field(default_factory=dict)


class Super(Struct, frozen=True):
    """`super()`: the bases of a class, for an object of it."""

    owner: Class
    receiver: Value


class ContextManager(Struct, frozen=True, eq=False):
    """A call of a `@contextmanager` function of the project, which runs when the block is entered."""

    function: Function
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    node: ast.Call


class FilePath(Struct, frozen=True):
    """A `pathlib.Path`, or a file opened for reading."""

    path: str


class BoundMethod(Struct, frozen=True):
    """A method of a known object, waiting for its call."""

    receiver: Value
    name: str


class Partial(Struct, frozen=True):
    function: Value
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]


class Module(Struct, eq=False):
    """A module of the project; its names are computed when asked for."""

    name: str


class SqlType(Struct, frozen=True, eq=False):
    """A SQLAlchemy type construct, before it is spelled for a dialect."""

    path: str
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    span: Span
    variants: tuple[tuple[str, SqlType], ...] = ()
    is_of_project: bool = False
    """A class of the project stands for it, which may spell it in another way."""

    @property
    def class_name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def is_enum(self) -> bool:
        return self.class_name in ("Enum", "ENUM")


class Clause(Struct, frozen=True):
    """A SQL expression: `sa.text()`, `func.now()`, a column, a comparison. `text` may hold HOLE."""

    text: str
    is_literal: bool = False
    columns: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    parameters: tuple[tuple[str, Value], ...] = ()
    """What `bindparams()` gave it."""
    is_text: bool = False
    """It is `sa.text()`, in which `:name` is a parameter."""
    takes_more: bool = False
    """`bindparams()` gave it what cannot be told."""


class ColumnValue(Struct, frozen=True, eq=False):
    """`sa.Column(...)`, `sa.column(...)`."""

    name: str
    type: SqlType | Unknown | None
    arguments: tuple[Value, ...]
    options: Mapping[str, Value]
    span: Span

    table: QualifiedName | None = None
    """The table of the mapped class of which it is an attribute."""

    def option(self, name: str, default: Value = None) -> Value:
        return self.options.get(name, default)


class ConstraintValue(Struct, frozen=True, eq=False):
    """A constraint construct of SQLAlchemy: kind is "primary", "unique", "foreignkey", "check" or "exclusion"."""

    kind: str
    columns: tuple[Value, ...]
    options: Mapping[str, Value]
    span: Span
    referred: tuple[Value, ...] = ()
    """"table.column" strings of a foreign key."""
    sqltext: Value = None
    operators: tuple[Value, ...] = ()
    """Of an exclusion, one for each column."""


class ForeignKeyValue(Struct, frozen=True, eq=False):
    """A `ForeignKey` of a table: one column of a `ForeignKeyConstraint`."""

    constraint: ConstraintValue
    parent: Value
    target: Value
    """"table.column"."""


class IndexValue(Struct, frozen=True, eq=False):
    name: Value
    elements: tuple[Value, ...]
    options: Mapping[str, Value]
    span: Span


class Generated(Struct, frozen=True, eq=False):
    """`sa.Identity()`, `sa.Computed()`, `sa.Sequence()`, `sa.FetchedValue()` among a column's arguments."""

    kind: str
    args: tuple[Value, ...]
    options: Mapping[str, Value]


class MetaDataValue(Struct, eq=False):
    """`sa.MetaData()`."""

    schema: str | None = None
    naming_convention: Mapping[str, str] = field(default_factory=dict)
    tables: dict[str, TableValue] = field(default_factory=dict)
    origin: str = ""
    """The file of the module that makes it; empty for the script itself."""


class TableValue(Struct, eq=False):
    """`sa.Table(...)`, `sa.table(...)`, or what `op.create_table` returns."""

    name: QualifiedName
    columns: list[ColumnValue]
    constraints: list[ConstraintValue]
    indexes: list[IndexValue]
    span: Span
    options: Mapping[str, Value] = field(default_factory=dict)
    is_reflected: bool = False
    is_open: bool = False
    """It is reflected, and not all of its columns are known."""

    def column(self, name: str) -> ColumnValue | None:
        return next((column for column in self.columns if column.name == name), None)


class Columns(Struct, frozen=True):
    """`table.c`."""

    table: TableValue


class Statement(PartlyCompared, frozen=True):
    """A Core or ORM statement under construction: kind is "select", "insert", "update" or "delete"."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"use"})

    kind: str
    table: QualifiedName | None
    conditions: tuple[str, ...] = ()
    """Of the rows it is about, as SQL."""
    columns: tuple[str, ...] = ()
    """Those that a SELECT reads, none where it reads all, or that an UPDATE sets."""
    assigned: tuple[str, ...] = ()
    """What an UPDATE sets them to, as SQL."""
    functions: tuple[str, ...] = ()
    """Those that a SELECT calls on what it reads."""
    rows: Contents = None
    """Those that an INSERT writes, where they are known."""
    source: QualifiedName | None = None
    """The table from which an INSERT takes them."""
    entities: OrmPart | None = None
    """What it takes of mapped classes, if it is about any."""
    is_limited: bool = False
    """LIMIT or FETCH FIRST."""
    is_grouped: bool = False
    """GROUP BY or DISTINCT."""
    texts: tuple[tuple[str, str], ...] = ()
    """The strings that an INSERT writes, each with its column."""
    skips_present: bool = False
    """ON CONFLICT, OR IGNORE: an INSERT leaves or updates the rows that are there already."""
    is_flushed: bool = False
    """A session sends it, when it flushes."""
    use: OrmUse | None = None
    """Of a session's query, how it works on mapped classes."""

    @property
    def where(self) -> str | None:
        """The condition of the rows it is about, HOLE for what is not known of it; None where it is about all."""
        return " AND ".join(self.conditions) if self.conditions else None


class OwnConnection(Struct, eq=False):
    """A connection that the script opens besides that of the migration."""

    is_autocommit: bool = False
    """It commits every statement."""


class Connection(PartlyCompared, frozen=True):
    """The connection of the migration, or a session on it."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"is_driver", "opened_at"})

    is_session: bool = False
    own: OwnConnection | None = None
    """None: it is that of the migration."""
    is_engine: bool = False
    """What connections are opened with; those of it are like `own`."""
    is_driver: bool = False
    """The driver's connection below: SQLAlchemy does not hear what it is told."""
    opened_at: Span | None = None
    """Of a session, where the script opens it."""


class Inspector(Struct, frozen=True, eq=False):
    """An inspector, which asks the database no question twice (sqlalchemy/engine/reflection.py, `cache`)."""

    answers: dict[tuple[object, ...], Value] = field(default_factory=dict)
    """By the method and its arguments; scripts change lists among them in place."""


class MigrationContext(Struct, frozen=True):
    pass


class DialectValue(Struct, frozen=True):
    pass


class Registry(Struct, frozen=True, eq=False):
    """`sqlalchemy.orm.registry(...)`."""

    metadata: MetaDataValue


class TypeCompiler(Struct, frozen=True):
    """What a function that `@compiles` decorates gets as `compiler`."""


class AutocommitBlock(Struct, frozen=True):
    pass


class Rows(Struct, frozen=True):
    """The result of a query."""

    source: str
    rows: tuple[Value, ...] | None = None
    """None: rows that only a database knows."""
    table: QualifiedName | None = None
    """The table whose rows they are, where the query is for whole objects of it."""
    query: Query | None = None
    """What gives them; None: that is not known."""
    is_parted: bool = False
    """They come in lists of several: `partitions()`."""


class Row(Struct, frozen=True):
    """A row of a result."""

    names: tuple[str, ...]
    values: tuple[Value, ...]


class Batch(Struct, eq=False):
    """The `batch_op` of `op.batch_alter_table(...)`."""

    table: QualifiedName | Unknown
    span: Span
    """The call that opens the block."""
    naming_convention: Mapping[str, str] = field(default_factory=dict)
    table_args: tuple[ConstraintValue, ...] = ()
    """What the table gets besides, if it is recreated."""
    recreate: str = "auto"
    """"auto", "always" or "never"."""
    is_recreated: bool = False
    """The block has come to something for which the table is copied into a new one."""
    copied: bool = False
    """`copy_from` says what the table is."""
    reflect_args: tuple[Value, ...] = ()
    """What of the table is not to be read from the database."""
    table_kwargs: Mapping[str, Value] = field(default_factory=dict)
    """Options of the table besides those that are read."""
