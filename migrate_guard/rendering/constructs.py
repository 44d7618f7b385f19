"""Columns, constraints, indexes and pieces of SQL as SQLAlchemy constructs; NotKnown for what has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.dialects.quoting import quoted
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.target import Target
from migrate_guard.rendering.parts import HOLE, NotKnown
from migrate_guard.rendering.python import Argument, Parts, call, listed, literal, named, names, text_literal
from migrate_guard.rendering.python import Expression as Code
from migrate_guard.rendering.type_constructs import type_construct

TRUE: Final = "True"

# -- pieces of SQL

_PARAMETER: Final = lazily(r"(?<![:\w\\]):(?=[\w$]+(?![:\w$]))|\\(?=:[\w$]*(?![:\w$]))")
"""What `sa.text()` takes for a parameter, or for a colon that is none (SQLAlchemy 2.1 `sql/compiler.py`, BIND_PARAMS
and BIND_PARAMS_ESC)."""


def escaped(sql: str) -> str:
    """A piece of SQL as the argument of `sa.text()`, in which no colon is a parameter."""
    return _PARAMETER.sub(lambda found: "\\" + found[0], sql)


def sql_text(expression: Expression, what: str) -> str:
    """The SQL as a string that SQLAlchemy makes a `sa.text()` of by itself."""
    return text_literal(escaped(_told(expression, what)))


def text_clause(expression: Expression, what: str) -> Parts:
    return call("sa.text", sql_text(expression, what))


def _told(expression: Expression, what: str) -> str:
    if HOLE in expression.text:
        raise NotKnown(f"{what} could not be computed")
    return expression.text.strip()


_STRING: Final = lazily(r"'((?:[^'\\]|'')*)'")
"""A string that every database reads in the same way."""
_CONSTANTS: Final = {"true": "sa.true()", "false": "sa.false()"}


def default_code(default: Expression, type_: Type | None, target: Target) -> Code:
    """What `server_default=` takes: a string for a string in quotes, else a construct."""
    text = _told(default, "its default")
    if string := _STRING.fullmatch(text):
        return literal(string[1].replace("''", "'"))
    if text == ("CURRENT_TIMESTAMP" if target.dialect == "sqlite" else "now()"):
        return "sa.func.now()"
    if type_ is not None and type_.family == "boolean":
        constants = {"1": "sa.true()", "0": "sa.false()"} if target.dialect == "sqlite" else _CONSTANTS
        if text in constants:
            return constants[text]
    return text_clause(default, "its default")


# -- types and columns


def type_code(type_: Type, target: Target, collation: str | None = None) -> Parts:
    construct = type_construct(type_, target.dialect, collation)
    if construct is None:
        raise NotKnown(
            f"SQLAlchemy has no construct for its type {type_}" if type_.is_known else "its type is not known"
        )
    return construct


def column_code(column: Column, target: Target, constraints: tuple[Code | Argument, ...] = ()) -> Parts:
    """`sa.Column(…)` with what comes along with it."""
    arguments: list[Code | Argument] = [literal(column.name), type_code(column.type, target, column.collation)]
    arguments += [each for each in constraints if not (isinstance(each, Argument) and each.name)]
    if column.is_identity:
        arguments.append(identity_code(is_always=column.is_always_identity))
    if column.computed:
        arguments.append(computed_code(column.computed, is_stored=column.is_stored))
    if column.default is not None:
        arguments.append(named("server_default", default_code(column.default, column.type, target)))
    if column.nullable is not None:
        arguments.append(named("nullable", str(column.nullable)))
    arguments += [each for each in constraints if isinstance(each, Argument) and each.name]
    if column.comment is not None:
        arguments.append(named("comment", literal(column.comment)))
    return call("sa.Column", *arguments)


def identity_code(*, is_always: bool) -> Parts:
    return call("sa.Identity", *([named("always", TRUE)] if is_always else []))


def computed_code(expression: Expression, *, is_stored: bool) -> Parts:
    return call("sa.Computed", sql_text(expression, "what computes it"), named("persisted", str(is_stored)))


# -- constraints


def constraint_options(constraint: AnyConstraint) -> list[Argument]:
    """The keyword arguments that say how a constraint is checked, the same in constructs and directives."""
    if constraint.not_enforced:
        raise NotKnown("SQLAlchemy has no argument for NOT ENFORCED")
    found: list[Argument] = []
    if isinstance(constraint, ForeignKey):
        found += [named("ondelete", literal(constraint.ondelete))] if constraint.ondelete else []
        found += [named("onupdate", literal(constraint.onupdate))] if constraint.onupdate else []
    if isinstance(constraint, ForeignKey | UniqueConstraint):
        found += [named("deferrable", TRUE)] if constraint.deferrable else []
        found += [named("initially", literal("DEFERRED"))] if constraint.initially_deferred else []
    if isinstance(constraint, UniqueConstraint) and constraint.nulls_not_distinct:
        found.append(named("postgresql_nulls_not_distinct", TRUE))
    if isinstance(constraint, CheckConstraint) and constraint.no_inherit:
        raise NotKnown("SQLAlchemy has no argument for NO INHERIT")
    return [*found, *([named("postgresql_not_valid", TRUE)] if constraint.not_valid else [])]


def own_name(constraint: AnyConstraint) -> str | None:
    """The name to write; None where the database or a naming convention gives it."""
    return None if constraint.is_implicit_name else constraint.name


def _options(constraint: AnyConstraint) -> list[Argument]:
    name = own_name(constraint)
    return [*([named("name", literal(name))] if name else []), *constraint_options(constraint)]


def constraint_code(constraint: AnyConstraint) -> Parts:
    """The constraint among the arguments of `op.create_table()`."""
    options = _options(constraint)
    match constraint:
        case PrimaryKey():
            return call("sa.PrimaryKeyConstraint", *map(literal, constraint.columns), *options)
        case UniqueConstraint():
            return call("sa.UniqueConstraint", *map(literal, constraint.columns), *options)
        case ForeignKey():
            return call("sa.ForeignKeyConstraint", names(constraint.columns), names(_references(constraint)), *options)
        case CheckConstraint():
            return call("sa.CheckConstraint", sql_text(constraint.expression, "its condition"), *options)
    raise NotKnown("an exclusion constraint is written as SQL")


def constraint_of_column(constraint: AnyConstraint, column: str) -> Code | Argument:
    """The constraint among the arguments of `sa.Column()`."""
    match constraint:
        case UniqueConstraint(columns=(only,)) if only == column and not _options(constraint):
            return named("unique", TRUE)
        case ForeignKey(columns=(only,)) if only == column:
            (reference,) = _references(constraint)
            return call("sa.ForeignKey", literal(reference), *_options(constraint))
        case CheckConstraint():
            return constraint_code(constraint)
    raise NotKnown("a column brings no such constraint along")


def _references(key: ForeignKey) -> Iterator[str]:
    """What a foreign key refers to, as "table.column"."""
    must_be_plain(key)
    yield from (f"{key.referred_table}.{each}" for each in key.referred_columns)


def must_be_plain(key: ForeignKey) -> None:
    """Alembic and SQLAlchemy join what a foreign key refers to with dots, so that none may be in it."""
    table = key.referred_table
    if len(key.referred_columns) != len(key.columns):
        raise NotKnown("the columns that it refers to are not written")
    if any("." in each or HOLE in each for each in (table.name, table.schema or "", *key.referred_columns)):
        raise NotKnown("SQLAlchemy takes the dot in a name for one between names")


# -- indexes


def index_keys(index: Index, target: Target) -> list[Code]:
    """The columns and expressions of an index."""
    if not index.elements or index.name is None:
        raise NotKnown("its columns could not be computed" if index.name else "its name could not be computed")
    return [_key(each, target) for each in index.elements]


_CALL: Final = lazily(r"[\w.]+\s*\((?:[^()']|'(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*')*\))*\)")
"""A call, which needs no parentheses as the key of an index."""


def _key(element: IndexElement, target: Target) -> Code:
    nulls = f"NULLS {element.nulls}" if element.nulls else None
    collation = f"COLLATE {quoted_collation(element.collation)}" if element.collation else None
    order = [each for each in (collation, _opclass_in_text(element), "DESC" * element.is_descending, nulls) if each]
    if element.expression is not None:
        text = _told(element.expression, "an expression of it")
        text = text if _CALL.fullmatch(text) else f"({text})"
    elif element.column is not None and not order:
        return literal(element.column)
    elif element.column is not None:
        text = quoted(element.column, target)
    else:
        raise NotKnown("an expression of it could not be computed")
    return call("sa.text", text_literal(escaped(" ".join((text, *order)))))


def quoted_collation(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _opclass_in_text(element: IndexElement) -> str | None:
    """The operator class of a key that is written as text; that of a plain column is an argument."""
    return (
        element.opclass if element.expression or element.collation or element.is_descending or element.nulls else None
    )


def index_options(index: Index, target: Target) -> list[Argument]:
    """The keyword arguments of an index, the same in the construct and in the directive."""
    dialect = "mysql" if target.dialect == "mariadb" else target.dialect
    found = [named("unique", TRUE)] if index.unique else []
    if index.method in ("fulltext", "spatial"):
        found.append(named("mysql_prefix", literal(index.method.upper())))
    elif index.method != "btree":
        found.append(named(f"{dialect}_using", literal(index.method)))
    told = [each for each in index.elements if each.column is not None]
    classes = [(each.column, literal(each.opclass)) for each in told if each.opclass and not _opclass_in_text(each)]
    lengths = [(each.column, str(each.length)) for each in told if each.length is not None]
    for option, values in (("postgresql_ops", classes), ("mysql_length", lengths)):
        if values:
            pairs = tuple(Argument(f"{literal(name or '')}: {value}") for name, value in values)
            found.append(named(option, Parts("{", pairs, "}")))
    if index.include:
        found.append(named("postgresql_include", names(index.include)))
    if index.nulls_not_distinct:
        found.append(named("postgresql_nulls_not_distinct", TRUE))
    if index.where is not None:
        found.append(named(f"{dialect}_where", text_clause(index.where, "its predicate")))
    return found


def index_code(index: Index, target: Target) -> Parts:
    """The index among the arguments of `op.create_table()`."""
    name = literal(index.name) if index.name else "None"
    return call("sa.Index", name, *index_keys(index, target), *index_options(index, target))


# -- tables


def table_arguments(table: Table, target: Target) -> Iterator[Code | Argument]:
    """What stands in `op.create_table()` behind the name."""
    if table.partition_of or table.of_type or table.is_open or table.is_unlogged:
        raise NotKnown("Alembic has no argument for what its columns come from")
    if any(each.schema for each in table.inherits):
        raise NotKnown("the table that it inherits from is in a schema")
    key = table.primary_key.columns if table.primary_key else ()
    referring = {name for each in table.foreign_keys for name in each.columns}
    for column in table.columns:
        yield column_code(column, target, tuple(_numbering(column, key, referring)))
    for constraint in table.constraints():
        yield constraint_code(constraint)
    yield from (index_code(each, target) for each in table.indexes)
    if table.comment is not None:
        yield named("comment", literal(table.comment))
    if table.partition_by is not None:
        yield named("postgresql_partition_by", literal(table.partition_by))
    if table.inherits:
        yield named("postgresql_inherits", _one_or_more([literal(each.name) for each in table.inherits]))
    if table.name.schema:
        yield named("schema", literal(table.name.schema))


def _one_or_more(values: list[str]) -> Code:
    return values[0] if len(values) == 1 else listed(values)


def _numbering(column: Column, key: tuple[str, ...], referring: set[str]) -> Iterator[Argument]:
    """`autoincrement=` where the column is not numbered as SQLAlchemy would: it numbers a key of one integer."""
    is_free = column.default is None and not column.is_identity and not column.computed
    may_be = column.name in key and is_free and column.type.family == "integer"
    by_itself = may_be and len(key) == 1 and column.name not in referring
    if column.is_serial and not may_be:
        raise NotKnown(f"SQLAlchemy numbers no column such as {column.name}")
    if by_itself != column.is_serial:
        yield named("autoincrement", str(column.is_serial))


def is_index_of_column(index: Index, table: QualifiedName, column: str) -> bool:
    """Whether `index=True` makes the index under the name that SQLAlchemy gives without a convention."""
    plain = index.columns == (column,) and index.name == f"ix_{table.name}_{column}"
    return plain and index == Index(index.name, (IndexElement(column),), index.span, unique=index.unique)
