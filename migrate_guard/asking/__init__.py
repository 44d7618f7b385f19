"""Questions that several rules ask, about names, tables and databases, and the code they answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Generic, TypeVar

from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Confidence
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import History, Revision
from migrate_guard.model.schema import Column, Index, Table, Type, constraint_kind
from migrate_guard.model.target import DialectName, Target

T = TypeVar("T")

# Names.

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


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


@dataclass(frozen=True, slots=True)
class Convention:
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


# Code.


def literal(value: str) -> str:
    """A string as Alembic's own templates would quote it."""
    return json.dumps(value, ensure_ascii=False)


def write_call(function: str, *arguments: str, schema: str | None = None) -> str:
    """A call of a directive: `op.drop_table("users")`."""
    named = (f"schema={literal(schema)}",) if schema else ()
    return f"{function}({', '.join((*arguments, *named))})"


def write_list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, names))}]"


_TYPES: Final = {
    "VARCHAR": "sa.String",
    "TEXT": "sa.Text",
    "CHAR": "sa.CHAR",
    "SMALLINT": "sa.SmallInteger",
    "INTEGER": "sa.Integer",
    "BIGINT": "sa.BigInteger",
    "NUMERIC": "sa.Numeric",
    "DECIMAL": "sa.Numeric",
    "FLOAT": "sa.Float",
    "REAL": "sa.REAL",
    "DOUBLE": "sa.Double",
    "DOUBLE PRECISION": "sa.Double",
    "BOOLEAN": "sa.Boolean",
    "BOOL": "sa.Boolean",
    "DATE": "sa.Date",
    "TIME": "sa.Time",
    "TIME WITHOUT TIME ZONE": "sa.Time",
    "DATETIME": "sa.DateTime",
    "TIMESTAMP": "sa.DateTime",
    "TIMESTAMP WITHOUT TIME ZONE": "sa.DateTime",
    "INTERVAL": "sa.Interval",
    "JSON": "sa.JSON",
    "UUID": "sa.Uuid",
    "BYTEA": "sa.LargeBinary",
    "BLOB": "sa.LargeBinary",
    "JSONB": "postgresql.JSONB",
}
_TAKES_ARGUMENTS: Final = frozenset({"sa.String", "sa.CHAR", "sa.Numeric"})


def write_type(column_type: Type) -> str | None:
    """The SQLAlchemy construct for a type, None for one that has no plain construct."""
    if column_type.dimensions or column_type.schema:
        return None
    if column_type.family == "enum":
        if not column_type.values:
            return None
        return f"sa.Enum({', '.join(map(literal, column_type.values))}, name={literal(column_type.name)})"
    name = column_type.name.upper()
    if name == "TIMESTAMP WITH TIME ZONE":
        return "sa.DateTime(timezone=True)"
    if name == "TINYINT" and column_type.family == "boolean":
        return "sa.Boolean()"
    construct = _TYPES.get(name)
    if construct is None or not all(each.isdecimal() for each in column_type.args):
        return None
    arguments = ", ".join(column_type.args) if construct in _TAKES_ARGUMENTS else ""
    return f"{construct}({arguments})"


def write_column(name: str, column_type: str, *arguments: str) -> str:
    """A `sa.Column(…)`; `column_type` is code."""
    return f"sa.Column({', '.join((literal(name), column_type, *arguments))})"


def write_add_column(table: QualifiedName, column: str, *, in_batch: bool = False) -> str:
    """The directive that adds a column; `column` is code."""
    if not in_batch:
        return write_call("op.add_column", literal(table.name), column, schema=table.schema)
    head = write_call("op.batch_alter_table", literal(table.name), schema=table.schema)
    return f"with {head} as batch_op:\n    batch_op.add_column({column})"


def write_inverse(operations: Sequence[ops.Operation]) -> str | None:
    """The body of a downgrade that takes the operations back; None where one of them cannot simply be taken back."""
    lines = [_inverse(each) for each in reversed(operations)]
    return "\n".join(line for line in lines if line) if lines and all(lines) else None


def _inverse(operation: ops.Operation) -> str | None:
    match operation:
        case ops.CreateTable(table=table):
            return write_call("op.drop_table", literal(table.name.name), schema=table.name.schema)
        case ops.AddColumn(table=name, column=Column(name=column)):
            return write_call("op.drop_column", literal(name.name), literal(column), schema=name.schema)
        case ops.CreateIndex(table=name, index=Index(name=str(index)), concurrently=False):
            table_name = f"table_name={literal(name.name)}"
            return write_call("op.drop_index", literal(index), table_name, schema=name.schema)
        case ops.AddConstraint(table=name, constraint=constraint) if constraint.name:
            kind = f"type_={literal(constraint_kind(constraint))}"
            arguments = (literal(constraint.name), literal(name.name), kind)
            return write_call("op.drop_constraint", *arguments, schema=name.schema)
        case ops.RenameTable(table=old, new_name=new) if old.schema == new.schema:
            return write_call("op.rename_table", literal(new.name), literal(old.name), schema=old.schema)
        case ops.RenameColumn(table=name, column=column, new_name=new_name):
            arguments = (literal(name.name), literal(new_name), f"new_column_name={literal(column)}")
            return write_call("op.alter_column", *arguments, schema=name.schema)
    return None
