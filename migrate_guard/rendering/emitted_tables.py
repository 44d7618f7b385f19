"""CREATE TABLE and ADD COLUMN as SQLAlchemy's DDL compilers write them: columns, constraints, options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import field
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.generated_names import kind_of
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, Column, Expression, ForeignKey, Table
from migrate_guard.model.source import Span
from migrate_guard.rendering import parts
from migrate_guard.rendering.parts import HOLE, NotKnown, Scope, expression_text, string, type_text

_CONVENTION_KEYS: Final[Mapping[str, str]] = {"primary": "pk", "unique": "uq", "foreignkey": "fk", "check": "ck"}
_SERIALS: Final[Mapping[str, str]] = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}


class Emission(Scope, frozen=True):
    """What a statement is written for, and the naming convention it is written under."""

    convention: Mapping[str, str] = field(default_factory=dict)


def create_table(operation: ops.CreateTable, emission: Emission) -> str:
    """The CREATE TABLE of `op.create_table()` and `Table.create()`, on one line."""
    table = operation.table
    if table.is_open:
        raise NotKnown(f"the columns of the table {table.name}")
    elements = [_column_with_checks(each, table, emission) for each in table.columns]
    elements += [constraint_text(each, table, emission) for each in _constraints(table, emission)]
    missing = "IF NOT EXISTS " if operation.if_not_exists else ""
    head = f"CREATE TABLE {missing}{emission.qualified(table.name)}"
    return f"{head} ({', '.join(elements)}){_options(operation, emission)}"


def _options(operation: ops.CreateTable, emission: Emission) -> str:
    table = operation.table
    if HOLE in operation.storage:
        raise NotKnown(f"the options of the table {table.name}")
    options = ""
    if emission.target.dialect == "postgresql":
        if table.inherits:
            options += f" INHERITS ({', '.join(map(emission.qualified, table.inherits))})"
        if table.is_partitioned:
            if table.partition_by is None:
                raise NotKnown(f"how {table.name} is partitioned")
            options += f" PARTITION BY {table.partition_by}"
    options += f" {operation.storage}" if operation.storage else ""
    if table.comment is not None and emission.is_mysql:
        options += f" COMMENT={string(table.comment)}"
    return options


# -- columns


def _column_with_checks(column: Column, table: Table, emission: Emission) -> str:
    checks = [each for each in table.check_constraints if _is_at_column(each, column)]
    return " ".join((column_text(column, emission), *(constraint_text(each, table, emission) for each in checks)))


def _is_at_column(constraint: CheckConstraint, column: Column) -> bool:
    """Whether a CHECK stands among the arguments of a column: SQLAlchemy writes it behind the column."""
    inner, outer = constraint.span, column.span
    return inner != outer and _start(outer) <= _start(inner) and _end(inner) <= _end(outer)


def _start(span: Span) -> tuple[int, int]:
    return span.line, span.column


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def added_column(operation: ops.AddColumn, emission: Emission) -> str:
    """What follows ADD COLUMN."""
    table = Table(operation.table, operation.span)
    missing = "IF NOT EXISTS " if operation.if_not_exists else ""
    text = f"{missing}{column_text(operation.column, emission)}"
    for each in operation.constraints:
        if isinstance(each, ForeignKey):
            text += f" {_called(each, emission)}REFERENCES {_reference(each, emission)}"
        else:
            text += f" {constraint_text(each, table, emission)}"
    return text


def column_text(column: Column, emission: Emission) -> str:
    """A column as `get_column_specification` of the dialect has it."""
    name = emission.name(column.name)
    if emission.target.dialect == "postgresql":
        return " ".join((name, *_postgresql_column(column, emission)))
    type_ = type_text(column.type, emission)
    words = [name, type_, *_collation(column, emission)]
    if emission.is_mysql:
        return " ".join((*words, *_mysql_column(column, emission)))
    words += _default(column, emission)
    words += ["NOT NULL"] if column.nullable is False else []
    return " ".join((*words, *_computed(column, emission)))


def _postgresql_column(column: Column, emission: Emission) -> Iterator[str]:
    type_ = type_text(column.type, emission)
    if column.is_serial and not column.is_identity and column.default is None and type_ in _SERIALS:
        yield _SERIALS[type_]
    else:
        yield type_
        yield from _collation(column, emission)
        yield from _default(column, emission)
    yield from _computed(column, emission)
    if column.is_identity:
        yield f"GENERATED {'ALWAYS' if column.is_always_identity else 'BY DEFAULT'} AS IDENTITY"
        if column.nullable:
            yield "NULL"
    elif column.nullable is False:
        yield "NOT NULL"


def _mysql_column(column: Column, emission: Emission) -> Iterator[str]:
    yield from _computed(column, emission)
    if column.nullable is False:
        yield "NOT NULL"
    elif column.type.name.startswith("TIMESTAMP"):
        yield "NULL"
    if column.comment is not None:
        yield f"COMMENT {string(column.comment)}"
    if column.is_serial or column.is_identity:
        yield "AUTO_INCREMENT"
    else:
        yield from _default(column, emission)


def _collation(column: Column, emission: Emission) -> Iterator[str]:
    if column.collation:
        quote = "" if emission.is_mysql else '"'
        yield f"COLLATE {quote}{column.collation}{quote}"


def _default(column: Column, emission: Emission) -> Iterator[str]:
    if column.default is not None:
        yield f"DEFAULT {default_text(column.default, emission)}"


_FUNCTION: Final = lazily(r"(?!\s*['\"(]).*\W.*", re.DOTALL)
_MOMENT: Final = lazily(r"(now|current_timestamp)\(\d+\)|.*\bON\s+UPDATE\b", re.IGNORECASE | re.DOTALL)


def default_text(default: Expression, emission: Emission) -> str:
    """What stands after DEFAULT; for SQLite and MySQL SQLAlchemy puts parentheses around what is more than a word."""
    if HOLE in default.text:
        raise NotKnown("the default could not be computed")
    text = default.text.strip()
    if emission.target.dialect == "postgresql" or not _FUNCTION.fullmatch(text):
        return text
    return text if emission.is_mysql and _MOMENT.match(text) else f"({text})"


def _computed(column: Column, emission: Emission) -> Iterator[str]:
    if column.computed is not None:
        text = expression_text(column.computed, "the expression that computes it", emission)
        is_stored = column.is_stored or emission.target.dialect == "postgresql"
        yield f"GENERATED ALWAYS AS ({text}) {'STORED' if is_stored else 'VIRTUAL'}"


# -- constraints


def _constraints(table: Table, emission: Emission) -> Iterator[AnyConstraint]:
    """The primary key, those that stand for themselves, those that columns bring along: as SQLAlchemy sorts them."""
    places = {_start(each.span): at for at, each in enumerate(table.columns)}

    def place(constraint: AnyConstraint) -> tuple[int, int, tuple[int, int]]:
        at = places.get(_start(constraint.span))
        return (0, 0, _start(constraint.span)) if at is None else (1, at, _start(constraint.span))

    if table.primary_key:
        yield table.primary_key
    others = (each for each in table.constraints() if each is not table.primary_key)
    for each in sorted(others, key=place):
        at_column = isinstance(each, CheckConstraint) and any(_is_at_column(each, one) for one in table.columns)
        if not at_column:
            yield each


def constraint_text(constraint: AnyConstraint, table: Table, emission: Emission) -> str:
    """A constraint as it stands in CREATE TABLE and after ADD, with the name that the script or a convention gives."""
    if isinstance(constraint, ForeignKey):
        columns = emission.names(constraint.columns)
        if not columns:
            raise NotKnown("the columns of the foreign key")
        return f"{_called(constraint, emission)}FOREIGN KEY ({columns}) REFERENCES {_reference(constraint, emission)}"
    named = replace(constraint, name=_name(constraint, emission))
    return parts.constraint_text(named, table, emission)


def _name(constraint: AnyConstraint, emission: Emission) -> str | None:
    if constraint.is_implicit_name and _CONVENTION_KEYS.get(kind_of(constraint)) not in emission.convention:
        return None
    return constraint.name


def _called(constraint: AnyConstraint, emission: Emission) -> str:
    name = _name(constraint, emission)
    return f"CONSTRAINT {emission.name(name)} " if name is not None else ""


def _reference(key: ForeignKey, emission: Emission) -> str:
    if HOLE in str(key.referred_table):
        raise NotKnown("what the foreign key refers to")
    text = emission.qualified(key.referred_table)
    text += f" ({emission.names(key.referred_columns)})" if key.referred_columns else ""
    text += f" ON DELETE {key.ondelete}" if key.ondelete else ""
    text += f" ON UPDATE {key.onupdate}" if key.onupdate else ""
    if key.deferrable:
        text += " DEFERRABLE INITIALLY DEFERRED" if key.initially_deferred else " DEFERRABLE"
    return text
