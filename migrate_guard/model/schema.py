"""The schema of a database at one point of its history: immutable, each object with the place that introduced it.

An object's span moves to the rename or type change that gave it the property a rule may speak about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.source import Span


class Type(PartlyCompared, frozen=True):
    """A column type, spelled as the target's own DDL spells it."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"is_partly_known"})

    name: str
    """The name without arguments: "VARCHAR", "TIMESTAMP WITH TIME ZONE", an enum's own name."""
    args: tuple[str, ...] = ()
    dimensions: int = 0
    values: tuple[str, ...] | None = None
    """The labels of an enumeration, where they are known."""
    schema: str | None = None
    """The schema of a user-defined type, None for built-in ones and the default schema."""
    family: str = "other"
    """What values it holds: integer, decimal, float, text, boolean, timestamp, date, time, interval, json, uuid,
    binary, enum, other, unknown."""
    is_partly_known: bool = False
    """An argument of it could not be computed, or a class of the project decides what becomes of it."""

    def __str__(self) -> str:
        name = f"{self.schema}.{self.name}" if self.schema else self.name
        if self.args:
            head, space, tail = name.partition(" ")
            if head in _PRECISION_INSIDE:
                name = f"{head}({', '.join(self.args)}){space}{tail}"
            else:
                name = f"{name}({', '.join(self.args)})"
        return name + "[]" * self.dimensions

    @property
    def is_known(self) -> bool:
        return self.family != "unknown"


_PRECISION_INSIDE = frozenset({"TIMESTAMP", "TIME"})
UNKNOWN_TYPE = Type("?", family="unknown")


class Expression(Struct, frozen=True):
    """A piece of SQL: a default, a CHECK, a predicate."""

    text: str
    """As the DDL carries it, quotes included."""
    columns: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    is_literal: bool = False
    """A constant: a quoted string, a number, TRUE, NULL."""
    proves_not_null: frozenset[str] = frozenset()
    """The columns that hold no NULL in a row for which it is not false: `a IS NOT NULL AND b > 0` says so of a."""

    def with_column_renamed(self, old: str, new: str) -> Expression:
        """The expression after one of its columns got another name; databases keep what they mean, not their text."""
        written = new if _PLAIN_NAME.fullmatch(new) else '"' + new.replace('"', '""') + '"'
        columns = tuple(new if each == old else each for each in self.columns)
        proved = frozenset(new if each == old else each for each in self.proves_not_null)
        return replace(self.with_column_written(old, written), columns=columns, proves_not_null=proved)

    def with_column_written(self, name: str, written: str) -> Expression:
        """The expression with one of its columns written otherwise."""
        if name not in self.columns:
            return self
        names = {name, name.upper(), f'"{name}"', f"`{name}`"} if _PLAIN_NAME.fullmatch(name) else {name, f'"{name}"'}

        def renamed(token: re.Match[str]) -> str:
            return written if token["name"] in names else token[0]

        return replace(self, text=_NAME_IN_SQL.sub(renamed, self.text))


_PLAIN_NAME = lazily(r"[a-z_][a-z0-9_]*")
_NAME_IN_SQL = lazily(r"""'(?:[^']|'')*' | (?P<name>"(?:[^"]|"")*"|`[^`]*`|[^\W\d]\w*) (?!\s*\() | \w+""", re.VERBOSE)
"""A string, a name that is not called, or another word."""


class Column(PartlyCompared, frozen=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"is_autoincrement", "character_set"})

    name: str
    type: Type
    span: Span
    nullable: bool | None = True
    """None: unknown, for a column of a table the history does not create."""
    default: Expression | None = None
    """The server default."""
    has_client_default: bool = False
    """SQLAlchemy's `default=`: the application fills it in, the database knows nothing of it."""
    client_default: Expression | None = None
    """That default as a server default, where it is a constant."""
    is_identity: bool = False
    is_always_identity: bool = False
    """GENERATED ALWAYS, not BY DEFAULT."""
    is_serial: bool = False
    """The database numbers it: SERIAL, AUTO_INCREMENT, SQLite's rowid."""
    is_autoincrement: bool = False
    """SQLite's AUTOINCREMENT: a number that a deleted row had does not come again."""
    computed: Expression | None = None
    is_stored: bool = False
    comment: str | None = None
    is_given: bool = False
    """The history does not make it, and knows of it only because it changes it."""
    collation: str | None = None
    """The collation that was asked for, without quotes."""
    character_set: str | None = None
    """The character set that was asked for (MySQL)."""
    sequence: str | None = None
    """The name of the sequence that numbers it, where that is not the one that its table and name would give."""
    unproven_not_null: str | None = None
    """The name of its NOT NULL constraint, as long as that is NOT VALID (PostgreSQL 18)."""
    unproven_at: Span | None = None
    """Where that was added."""
    is_inherited: bool = False
    """It is there only because a parent of the table has it (PostgreSQL: not `attislocal`)."""

    def sequence_in(self, table: QualifiedName) -> str:
        """The name of the sequence that numbers the column of `table` (PostgreSQL manual, 8.1.4 Serial Types)."""
        return self.sequence or f"{table.name}_{self.name}_seq"


class Constraint(Struct, frozen=True, kw_only=True):
    name: str | None
    """None: without a name, or one that could not be computed."""
    columns: tuple[str, ...] = ()
    span: Span
    is_implicit_name: bool = False
    """The name is the one that the database or the naming convention gives."""
    is_assumed_name: bool = False
    """It is not known whether a naming convention applies, so an implicit name may be another one."""
    not_valid: bool = False
    not_enforced: bool = False
    """NOT ENFORCED: nobody checks it (PostgreSQL 18)."""
    inherited_from: str | None = None
    """The name of the constraint of the parent that it comes from, "" if that has none; None: it is the table's own."""


class PrimaryKey(Constraint, frozen=True, kw_only=True):
    pass


class UniqueConstraint(Constraint, frozen=True, kw_only=True):
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False


class ForeignKey(PartlyCompared, Constraint, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"is_inline"})

    referred_table: QualifiedName
    referred_columns: tuple[str, ...] = ()
    """Empty: the primary key of the referred table."""
    ondelete: str | None = None
    onupdate: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    is_inline: bool = False
    """SQLite: REFERENCES at its column, not FOREIGN KEY behind the columns."""


class CheckConstraint(PartlyCompared, Constraint, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"is_of_type"})

    expression: Expression
    no_inherit: bool = False
    """Heirs of the table do not take it over."""
    is_of_type: bool = False
    """A Boolean or Enum of SQLAlchemy has brought it along: it is not written at the column."""


class ExclusionConstraint(Constraint, frozen=True, kw_only=True):
    definition: str | None = None
    """What stands after EXCLUDE; None: not known."""


AnyConstraint: TypeAlias = PrimaryKey | UniqueConstraint | ForeignKey | CheckConstraint | ExclusionConstraint


def constraint_kind(
    constraint: AnyConstraint,
) -> Literal["primary", "unique", "foreignkey", "check", "exclude"]:
    """What Alembic's `type_` calls a constraint."""
    match constraint:
        case PrimaryKey():
            return "primary"
        case UniqueConstraint():
            return "unique"
        case ForeignKey():
            return "foreignkey"
        case CheckConstraint():
            return "check"
        case ExclusionConstraint():
            return "exclude"


class IndexElement(Struct, frozen=True):
    """One key of an index: a column, or an expression."""

    column: str | None
    expression: Expression | None = None
    is_descending: bool = False
    nulls: Literal["FIRST", "LAST"] | None = None
    collation: str | None = None
    opclass: str | None = None
    """The operator class, where one is named (PostgreSQL)."""
    length: int | None = None
    """How many characters of the column count (MySQL)."""


class Index(PartlyCompared, frozen=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"ignored"})

    name: str | None
    elements: tuple[IndexElement, ...]
    span: Span
    unique: bool = False
    where: Expression | None = None
    method: str = "btree"
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    ignored: tuple[str, ...] = ()
    """What the script asks for with arguments of other databases, which this one has not: "postgresql_where"."""
    inherited_from: str | None = None
    """The name of the index of the parent that it belongs to, "" if that has none; None: it is the table's own."""

    @property
    def columns(self) -> tuple[str | None, ...]:
        """The key columns in order, None where the key is an expression."""
        return tuple(element.column for element in self.elements)


class Lost(Struct, frozen=True):
    """What a table had once: a column, constraint or index that was dropped or renamed, and where."""

    name: str
    span: Span
    object: Column | AnyConstraint | Index


class Table(Struct, frozen=True):
    name: QualifiedName
    span: Span
    columns: tuple[Column, ...] = ()
    primary_key: PrimaryKey | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique_constraints: tuple[UniqueConstraint, ...] = ()
    check_constraints: tuple[CheckConstraint, ...] = ()
    exclusion_constraints: tuple[ExclusionConstraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str | None = None
    is_open: bool = False
    """It has columns that nobody told, mostly because the history does not create it."""
    is_given: bool = False
    """The history does not create it, and knows of it only because it changes it."""
    may_have_more: bool = False
    """Something that could not be resolved may have added to it."""
    is_certain: bool = True
    """False where a condition nobody could decide, or an opaque operation, may have made it otherwise."""
    doubtful: frozenset[str] = frozenset()
    """Columns, constraints and indexes that may be there or not, as a condition nobody could decide has it."""
    made_if: frozenset[tuple[str, str, str]] = frozenset()
    """What was made under such a condition: its name ("" for the table itself), the condition, and the script."""
    renamed_at: Span | None = None
    """Where it got its name, if not where it was created."""
    are_keys_told: bool = True
    """With `is_open`: its columns come from a query or another table, but the history tells all its keys."""
    is_partitioned: bool = False
    partition_by: str | None = None
    """How it is partitioned, as written after PARTITION BY; None: not known, or not at all."""
    partition_of: QualifiedName | None = None
    partition_bound: str | None = None
    """Which rows of the other table are here, as written: "FOR VALUES IN (1)", "DEFAULT"."""
    inherits: tuple[QualifiedName, ...] = ()
    of_type: QualifiedName | None = None
    """The composite type that its columns come from."""
    is_unlogged: bool = False
    lost: tuple[Lost, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether it has its columns and keys from another table."""
        return self.partition_of is not None or bool(self.inherits)

    @property
    def parents(self) -> tuple[QualifiedName, ...]:
        """The tables that it takes columns over from."""
        return self.inherits if self.partition_of is None else (self.partition_of,)

    @property
    def is_told(self) -> bool:
        """Whether the history has told everything that it holds."""
        return self.is_certain and not self.is_open and not self.may_have_more and not self.is_part

    def is_sure_of(self, name: str) -> bool:
        """Whether it is certain that a column, constraint or index of that name is there, or is not."""
        return self.is_certain and name not in self.doubtful

    def column(self, name: str) -> Column | None:
        for column in self.columns:
            if column.name == name:
                return column
        return None

    def constraints(self) -> Iterator[AnyConstraint]:
        """Every constraint of the table, the primary key first."""
        if self.primary_key:
            yield self.primary_key
        yield from self.unique_constraints
        yield from self.foreign_keys
        yield from self.check_constraints
        yield from self.exclusion_constraints

    def constraint(self, name: str) -> AnyConstraint | None:
        return next((each for each in self.constraints() if each.name == name), None)

    def index(self, name: str) -> Index | None:
        return next((each for each in self.indexes if each.name == name), None)

    def lost_at(self, name: str) -> Span | None:
        """Where the history took `name` from the table, the last time."""
        return next((each.span for each in reversed(self.lost) if each.name == name), None)


class EnumType(Struct, frozen=True):
    name: QualifiedName
    values: tuple[str, ...]
    span: Span


class View(Struct, frozen=True):
    name: QualifiedName
    span: Span
    is_materialized: bool = False
    tables: tuple[QualifiedName, ...] = ()
    definition: str | None = None
    """What stands after its name, from AS or the names of its columns on; None: not known."""
    younger: frozenset[str] = frozenset()
    """The columns that its tables have got since, which it does not read: `*` is what there was."""


class Sequence(Struct, frozen=True):
    name: QualifiedName
    span: Span
    owned_by: tuple[QualifiedName, str] | None = None
    definition: str = ""
    """What stands after its name: START, INCREMENT."""


class Definition(Struct, frozen=True):
    """What tables and views may use and this model knows by its text alone: an extension, a domain, a function."""

    kind: str
    """"EXTENSION", "DOMAIN", "FUNCTION", as CREATE says it."""
    name: QualifiedName
    statements: tuple[str, ...]
    """The CREATE, and each ALTER after it."""
    span: Span


class Attached(Struct, frozen=True):
    """What hangs on tables and is known by little more than its name: a trigger, rule, policy or statistics object."""

    kind: str
    """"TRIGGER", "RULE", "POLICY", "STATISTICS"."""
    name: str
    table: QualifiedName
    span: Span
    functions: tuple[str, ...] = ()
    """The function that a trigger calls."""
    is_for_rows: bool = False
    """A trigger FOR EACH ROW, which every partition gets."""
    definition: str = ""
    """The statement that made it; empty: not known."""


Row: TypeAlias = tuple[tuple[str, str | int | float | bool | None], ...]
"""A row of a table: its values by column."""
Contents: TypeAlias = tuple[Row, ...] | None
"""The rows of a table; None where they are not known."""


class Schema(Struct, frozen=True):
    """All that the history has made so far. A name it never created may still exist: the world is open."""

    tables: PersistentMap[QualifiedName, Table] = field(default_factory=PersistentMap)
    views: PersistentMap[QualifiedName, View] = field(default_factory=PersistentMap)
    enums: PersistentMap[QualifiedName, EnumType] = field(default_factory=PersistentMap)
    sequences: PersistentMap[QualifiedName, Sequence] = field(default_factory=PersistentMap)
    definitions: PersistentMap[tuple[str, QualifiedName], Definition] = field(default_factory=PersistentMap)
    """By kind and name."""
    attached: PersistentMap[tuple[str, QualifiedName, str], Attached] = field(default_factory=PersistentMap)
    """By kind, table and name."""
    gone: PersistentMap[QualifiedName, Span] = field(default_factory=PersistentMap)
    """Tables that the history dropped or renamed, and where."""
    gone_given: frozenset[QualifiedName] = frozenset()
    """The tables that the history dropped and never made: who made them may make them again."""
    gone_types: PersistentMap[QualifiedName, Span] = field(default_factory=PersistentMap)
    """Enum types that the history dropped or renamed, and where."""
    granted: PersistentMap[QualifiedName, Span] = field(default_factory=PersistentMap)
    """Tables and views on which the history granted something that is still in force, and where."""
    row_security: PersistentMap[QualifiedName, bool] = field(default_factory=PersistentMap)
    """Tables whose row level security the history has enabled, or disabled again."""
    may_have_row_security: bool = False
    """A block of code has enabled it for tables that are not known."""
    retyped: PersistentMap[QualifiedName, Span] = field(default_factory=PersistentMap)
    """Sequences to which the history gave another type: ALTER SEQUENCE … AS."""
    is_closed: bool = False
    """Nothing exists but what is here: the history starts from an empty database or a dump."""
    carriers: PersistentMap[QualifiedName, tuple[QualifiedName, ...]] = field(default_factory=PersistentMap)
    """Index name → the tables that carry an index of that name; kept by `with_table`."""
    referrers: PersistentMap[QualifiedName, tuple[QualifiedName, ...]] = field(default_factory=PersistentMap)
    """Table → the tables whose foreign keys refer to it; kept by `with_table`."""
    heirs: PersistentMap[QualifiedName, tuple[QualifiedName, ...]] = field(default_factory=PersistentMap)
    """Table → its partitions and the tables that inherit from it; kept by `with_table`."""
    contents: PersistentMap[QualifiedName, Contents] | None = None
    """The rows of the tables, of those that are not named none, where the history began on an empty database; else
    None: a database that is in use may hold any rows."""

    @classmethod
    def of_empty_database(cls) -> Schema:
        """The schema of a database in which there is nothing yet: what is not here later is not there."""
        return cls(is_closed=True, contents=PersistentMap())

    def rows_of(self, name: QualifiedName) -> Contents:
        """The rows of a table, None where they are not known."""
        return None if self.contents is None else self.contents.get(name, ())

    def table(self, name: QualifiedName) -> Table | None:
        return self.tables.get(name)

    def table_of_index(self, name: str, schema: str | None = None) -> Table | None:
        """The table that carries the index `name`, in one schema."""
        return next(iter(self.tables_of_index(name, schema)), None)

    def tables_of_index(self, name: str, schema: str | None = None) -> list[Table]:
        """The tables of one schema that carry an index `name`: several where each table has its own names."""
        return [self.tables[carrier] for carrier in self.carriers.get(QualifiedName(name, schema), ())]

    def referring(self, name: QualifiedName) -> list[Table]:
        """The tables whose foreign keys refer to `name`, itself among them if one of its own does."""
        return [self.tables[each] for each in self.referrers.get(name, ())]

    def with_table(self, table: Table) -> Schema:
        return self._changed(self.tables.get(table.name), table, self.tables.set(table.name, table))

    def without_table(self, name: QualifiedName) -> Schema:
        """The schema without a table; foreign keys that refer to it stay as they are."""
        return self._changed(self.tables.get(name), None, self.tables.remove(name))

    def _changed(
        self, before: Table | None, after: Table | None, tables: PersistentMap[QualifiedName, Table]
    ) -> Schema:
        name = after.name if after else before.name if before else QualifiedName("")
        carriers, referrers, heirs = self.carriers, self.referrers, self.heirs
        if before is None or after is None or before.indexes is not after.indexes:
            carriers = _moved(carriers, name, _index_names(before), _index_names(after))
        if before is None or after is None or before.foreign_keys is not after.foreign_keys:
            referrers = _moved(referrers, name, _referred(before), _referred(after))
        old, new = set(before.parents if before else ()), set(after.parents if after else ())
        if old != new:
            heirs = _moved(heirs, name, old, new)
        return replace(self, tables=tables, carriers=carriers, referrers=referrers, heirs=heirs)


Reverse: TypeAlias = PersistentMap[QualifiedName, tuple[QualifiedName, ...]]


def _moved(found: Reverse, name: QualifiedName, before: set[QualifiedName], after: set[QualifiedName]) -> Reverse:
    """A reverse index after a table has come to point at other things."""
    for key in sorted(before - after, key=str):
        left = tuple(each for each in found.get(key, ()) if each != name)
        found = found.set(key, left) if left else found.remove(key)
    for key in sorted(after - before, key=str):
        found = found.set(key, (*found.get(key, ()), name))
    return found


def _index_names(table: Table | None) -> set[QualifiedName]:
    return {QualifiedName(each.name, table.name.schema) for each in table.indexes if each.name} if table else set()


def _referred(table: Table | None) -> set[QualifiedName]:
    return {key.referred_table for key in table.foreign_keys} if table else set()
