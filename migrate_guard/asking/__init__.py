"""Questions that several rules ask, about names, tables and databases, and the operations they answer with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Confidence
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import History, Revision
from migrate_guard.model.schema import Column, Expression, Index, Table, Type, constraint_kind
from migrate_guard.model.target import DialectName, Target

T = TypeVar("T")

# Names.

_HUMP: Final = lazily(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a snake_case or camelCase name, in lower case and without digits."""
    return tuple(word.lower() for word in re.split(r"[\W\d_]+", _HUMP.sub("_", name)) if word)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a slip of."""
    candidates = sorted(set(known) - {name})
    found = get_close_matches(name.lower(), [each.lower() for each in candidates], n=1, cutoff=0.7)
    return next((each for each in candidates if found and each.lower() == found[0]), None)


def quoted(names: Iterable[str]) -> str:
    """Names as a list in a sentence: "a", "b" and "c"."""
    each = [f'"{name}"' for name in names]
    return " and ".join([", ".join(each[:-1]), each[-1]] if len(each) > 1 else each)


# Operations that may not run.


def hedged(message: str, operation: ops.Operation) -> str:
    """The message with the condition under which it holds."""
    return f"{message} {operation.condition}" if operation.condition else message


def confidence(operation: ops.Operation) -> Confidence:
    return Confidence.MEDIUM if operation.condition else Confidence.HIGH


def is_asked_for(name: str, operation: ops.Operation) -> bool:
    """Whether the condition of an operation asks for that name: `if "orders_idx" in names`."""
    condition = operation.condition or ""
    return bool(name) and any(f"{quote}{name}{quote}" in condition for quote in "\"'")


# Databases.

PRODUCTS: Final[dict[DialectName, str]] = {
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
}


def product(target: Target) -> str:
    """The target as people call it: PostgreSQL 15."""
    return f"{PRODUCTS[target.dialect]} {'.'.join(map(str, target.version))}"


def takes_function_defaults(target: Target) -> bool:
    """Whether ADD COLUMN takes a default that is no constant, such as the time."""
    return target.dialect != "sqlite"


def refuses_missing_values(target: Target) -> bool:
    """Whether a NOT NULL column without a default is refused for a table with rows, whatever its type."""
    return target.dialect in ("postgresql", "sqlite")


_ZEROES: Final = {"integer": "0", "decimal": "0", "float": "0", "boolean": "0", "text": "''", "binary": "''"}


def silent_default(column_type: Type, target: Target) -> str | None:
    """What the database writes into existing rows for a NOT NULL column without a default, where it does."""
    if refuses_missing_values(target):
        return None
    if column_type.family == "enum" and column_type.values:
        return f"'{column_type.values[0]}'"
    return _ZEROES.get(column_type.family)


def key_left_out(column: Column, target: Target) -> str:
    """What is sent for an added column with `primary_key=True`: tried on Alembic 1.20, PostgreSQL and MariaDB."""
    if not column.is_serial:
        return "adds it NOT NULL and leaves the key out"
    if target.dialect == "postgresql":
        serial = "BIGSERIAL" if column.type.name.lower() in ("bigint", "biginteger", "bigserial") else "SERIAL"
        return f"adds a {serial} column and leaves the key out"
    if target.dialect == "sqlite":
        return "adds it NOT NULL and leaves the key out"
    return f"leaves the key out, and {PRODUCTS[target.dialect]} numbers no column that is none"


# Tables.


def is_covered(table: Table, columns: Sequence[str]) -> bool:
    """Whether a search for these columns finds an index of the table that begins with them, in any order."""
    keys: list[tuple[str, ...]] = [each.columns for each in (*table.unique_constraints, *table.exclusion_constraints)]
    if table.primary_key:
        keys.append(table.primary_key.columns)
    wanted, size = set(columns), len(columns)
    if any(set(key[:size]) == wanted for key in keys):
        return True
    return any(set(each.columns[:size]) == wanted and _serves(each, wanted) for each in table.indexes)


def _serves(index: Index, columns: set[str]) -> bool:
    if index.method.lower() not in ("btree", "hash"):
        return False
    return index.where is None or _is_only_not_null(index.where.text, columns)


def _is_only_not_null(predicate: str, columns: set[str]) -> bool:
    """Whether a predicate leaves out only rows that no search for the columns looks for."""
    terms = re.split(r"\s+and\s+", re.sub(r'[()"`\[\]]', " ", predicate).strip(), flags=re.IGNORECASE)
    tests = [re.fullmatch(r"(?:\w+\.)?(\w+)\s+is\s+not\s+null", term.strip(), re.IGNORECASE) for term in terms]
    return all(test is not None and test[1] in columns for test in tests)


def is_association(table: Table) -> bool:
    """Whether the table only joins others: keys, and at most one column more."""
    referring = {name for key in table.foreign_keys for name in key.columns}
    keys = referring | set(table.primary_key.columns if table.primary_key else ())
    return len(referring) > 1 and sum(column.name not in keys for column in table.columns) <= 1


class Convention(Struct, frozen=True):
    """How many of the tables that could agree with a house convention do."""

    agreeing: int
    tables: int
    least_tables: int
    share: float

    @property
    def is_told(self) -> bool:
        """Whether there are enough tables for the house to speak; else the default counts."""
        return self.tables >= self.least_tables

    @property
    def holds(self) -> bool:
        return not self.is_told or self.agreeing >= self.share * self.tables

    def __str__(self) -> str:
        return f"{self.agreeing} of {self.tables} tables"


def convention(votes: Iterable[bool], least_tables: int = 10, share: float = 0.8) -> Convention:
    """Learn a house convention: a vote for every table that could agree with it."""
    cast = list(votes)
    return Convention(sum(cast), len(cast), least_tables, share)


class Identity(Generic[T]):
    """Something that is itself and nothing else: what is asked once of a schema is kept under it."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


# The graph.


def labels(revision: Revision, history: History) -> frozenset[str]:
    """The branch labels that reach a revision: its own, those of its ancestors, and those above it up to a fork."""
    found = {label for each in ancestors(revision, history) for label in each.branch_labels}
    above = history.children.get(revision.id, ())
    while len(above) == 1:
        child = history.revisions[above[0]]
        if child.is_merge:
            break
        found.update(child.branch_labels)
        above = history.children.get(child.id, ())
    return frozenset(found)


def ancestors(revision: Revision, history: History, *, dependencies: bool = False) -> tuple[Revision, ...]:
    """The revision and all that run before it; with `dependencies`, those it depends on too."""
    found: dict[str, Revision] = {revision.id: revision}
    waiting = [revision]
    while waiting:
        current = waiting.pop()
        for parent in current.parents if dependencies else current.down:
            known = history.revisions.get(parent)
            if known and parent not in found:
                found[parent] = known
                waiting.append(known)
    return tuple(found.values())


# Operations to write.


def now(target: Target) -> Expression:
    """The time as a default, as `sa.func.now()` is written for the target."""
    return Expression("CURRENT_TIMESTAMP" if target.dialect == "sqlite" else "now()", functions=("now",))


def false(target: Target) -> Expression:
    """FALSE as a default, as `sa.false()` is written for the target."""
    return Expression("0" if target.dialect == "sqlite" else "false", is_literal=True)


def constant(value: str) -> Expression:
    """A string as a default, which the database takes for a value of the column's type."""
    return Expression("'" + value.replace("'", "''") + "'", is_literal=True)


def rename_column(table: QualifiedName, column: Column, new_name: str, target: Target) -> ops.RenameColumn:
    """A rename as Alembic takes it, which for MySQL says all of the column anew."""
    rename = ops.RenameColumn(
        span=column.span, table=table, column=column.name, new_name=new_name, existing_type=column.type
    )
    if target.dialect not in ("mysql", "mariadb"):
        return rename
    default = column.default if column.default is not None else ops.UNSET
    return replace(rename, existing_nullable=column.nullable, existing_default=default)


def inverse(operations: Sequence[ops.Operation]) -> tuple[ops.Operation, ...]:
    """The operations that take others back; none where one of them cannot simply be taken back."""
    found = [_inverse(each) for each in reversed(operations)]
    return tuple(each for each in found if each) if all(found) else ()


def _inverse(operation: ops.Operation) -> ops.Operation | None:
    span = operation.span
    match operation:
        case ops.CreateTable(table=table):
            return ops.DropTable(span=span, table=table.name)
        case ops.AddColumn(table=name, column=column):
            return ops.DropColumn(span=span, table=name, column=column.name)
        case ops.CreateIndex(table=name, index=Index(name=str(index)), concurrently=False):
            return ops.DropIndex(span=span, index=QualifiedName(index, name.schema), table=name)
        case ops.AddConstraint(table=name, constraint=constraint) if constraint.name:
            kind = constraint_kind(constraint)
            return ops.DropConstraint(
                span=span, table=name, constraint=constraint.name, kind=None if kind == "exclude" else kind
            )
        case ops.RenameTable(table=old, new_name=new) if old.schema == new.schema:
            return ops.RenameTable(span=span, table=new, new_name=old)
        case ops.RenameColumn(table=name, column=old_name, new_name=new_name):
            return replace(operation, column=new_name, new_name=old_name, in_batch=False)
    return None
