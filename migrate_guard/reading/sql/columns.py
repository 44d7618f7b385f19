"""Definitions of columns: a name, a type and clauses in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    Expression,
    PrimaryKey,
    UniqueConstraint,
)
from migrate_guard.reading.sql.constraints import (
    Options,
    constraint_name,
    foreign_key,
    references,
    take_options,
)
from migrate_guard.reading.sql.cursor import Cursor

SERIALS = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"})


class Definition(Struct):
    """A column under construction."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    constraints: list[AnyConstraint] = field(default_factory=list)
    constraint_name: str | None = None
    constraint_begin: int = 0


def column_definition(cursor: Cursor) -> tuple[Column, tuple[AnyConstraint, ...]]:
    """Read a column and the constraints that come with it, to the end of the words."""
    begin = cursor.at
    definition = Definition(cursor.name("column name"))
    cursor.take("WITH", "OPTIONS")
    is_serial = cursor.keyword() in SERIALS
    first, last = skip_type(cursor)
    column_type = cursor.type(first, last)
    if is_serial:
        definition.changes.update(is_serial=True, nullable=False)
    while not cursor.is_done:
        _clause(cursor, definition)
    span = cursor.span(begin, cursor.at)
    constraints = tuple(definition.constraints)
    if any(isinstance(each, PrimaryKey) for each in constraints):
        definition.changes["nullable"] = False
    return Column(definition.name, column_type, span, **definition.changes), constraints


def skip_type(cursor: Cursor) -> tuple[int, int]:
    """Move past a type, which may be missing; return its words, from and up to."""
    begin = cursor.at
    if cursor.is_at("CHARACTER"):
        cursor.at += 1
    while not cursor.is_done and cursor.keyword() not in _AFTER_TYPE:
        if cursor.is_at("("):
            cursor.skip_group()
        else:
            cursor.at += 1
    return begin, cursor.at


def _clause(cursor: Cursor, definition: Definition) -> None:
    read = _CLAUSES.get(cursor.keyword())
    if read is None:
        raise cursor.not_understood()
    definition.constraint_begin = cursor.at
    cursor.at += 1
    read(cursor, definition)


def _constraint(cursor: Cursor, definition: Definition) -> None:
    cursor.at -= 1
    definition.constraint_begin = cursor.at
    name = constraint_name(cursor)
    read = _CLAUSES.get(cursor.keyword())
    if read is None:
        raise cursor.not_understood()
    definition.constraint_name = name
    cursor.at += 1
    read(cursor, definition)
    definition.constraint_name = None


def _not(cursor: Cursor, definition: Definition) -> None:
    if cursor.take("NULL"):
        definition.changes["nullable"] = False
        take_options(cursor, Options(), of_column=True)
        return
    if cursor.take_any("DEFERRABLE", "ENFORCED", "VISIBLE") is None:
        raise cursor.not_understood()


def _null(cursor: Cursor, definition: Definition) -> None:
    definition.changes["nullable"] = True


def _default(cursor: Cursor, definition: Definition) -> None:
    definition.changes["default"] = default_expression(cursor)


def default_expression(cursor: Cursor) -> Expression:
    """Read what follows DEFAULT, up to the next clause of the column."""
    begin = cursor.at
    if cursor.is_at("("):
        cursor.skip_group()
    else:
        cursor.skip()
    while not cursor.is_done and cursor.keyword() not in _AFTER_DEFAULT:
        if cursor.is_at("("):
            cursor.skip_group()
        else:
            cursor.at += 1
    return cursor.expression(begin, cursor.at)


def _check(cursor: Cursor, definition: Definition) -> None:
    begin = definition.constraint_begin
    expression = cursor.group_expression()
    options = Options()
    take_options(cursor, options, of_column=True)
    definition.constraints.append(
        CheckConstraint(
            name=definition.constraint_name,
            columns=expression.columns,
            span=cursor.span(begin, cursor.at),
            expression=expression,
            not_valid=options.not_valid or options.not_enforced,
            not_enforced=options.not_enforced,
            no_inherit=options.no_inherit,
        )
    )


def _unique(cursor: Cursor, definition: Definition) -> None:
    begin = definition.constraint_begin
    cursor.take("KEY")
    options = Options()
    take_options(cursor, options, of_column=True)
    definition.constraints.append(
        UniqueConstraint(
            name=definition.constraint_name,
            columns=(definition.name,),
            span=cursor.span(begin, cursor.at),
            deferrable=options.deferrable,
            initially_deferred=options.initially_deferred,
            nulls_not_distinct=options.nulls_not_distinct,
        )
    )


def _primary(cursor: Cursor, definition: Definition) -> None:
    cursor.expect("KEY")
    _key(cursor, definition)


def _key(cursor: Cursor, definition: Definition) -> None:
    cursor.take_any("ASC", "DESC")
    take_options(cursor, Options(), of_column=True)
    span = cursor.span(definition.constraint_begin, cursor.at)
    definition.constraints.append(PrimaryKey(name=definition.constraint_name, columns=(definition.name,), span=span))


def _references(cursor: Cursor, definition: Definition) -> None:
    begin = definition.constraint_begin
    options = Options()
    table, referred = references(cursor, options)
    if cursor.dialect == "mysql" and cursor.target.version < (9,):
        # MySQL before 9 parses REFERENCES of a column and does nothing with it.
        return
    columns = (definition.name,)
    made = foreign_key(cursor, definition.constraint_name, columns, table, referred, options, begin)
    definition.constraints.append(replace(made, is_inline=cursor.dialect == "sqlite"))


def _generated(cursor: Cursor, definition: Definition) -> None:
    is_always = cursor.take("ALWAYS")
    if not is_always:
        cursor.expect("BY", "DEFAULT")
        cursor.take("ON", "NULL")
    cursor.expect("AS")
    if cursor.take("IDENTITY"):
        definition.changes.update(is_identity=True, is_always_identity=is_always, nullable=False)
        if cursor.is_at("("):
            with cursor.within(*cursor.skip_group()):
                cursor.skip_until("SEQUENCE")
                if cursor.take("SEQUENCE", "NAME"):
                    definition.changes["sequence"] = cursor.qualified("sequence name").name
        return
    _computed(cursor, definition)


def _computed(cursor: Cursor, definition: Definition) -> None:
    expression = cursor.group_expression()
    kind = cursor.take_any("STORED", "VIRTUAL", "PERSISTENT")
    definition.changes.update(computed=expression, is_stored=kind in ("STORED", "PERSISTENT"))


def _comment(cursor: Cursor, definition: Definition) -> None:
    definition.changes["comment"] = cursor.string("comment")


def _numbered(cursor: Cursor, definition: Definition) -> None:
    definition.changes["is_serial"] = True


def _on(cursor: Cursor, definition: Definition) -> None:
    if cursor.take("CONFLICT"):
        cursor.skip()
        return
    cursor.expect("UPDATE")
    written = default_expression(cursor)
    default = definition.changes.get("default")
    if isinstance(default, Expression):
        # SQLAlchemy knows it as the end of the default
        definition.changes["default"] = replace(default, text=f"{default.text} ON UPDATE {written.text}")


def _numbered_for_ever(cursor: Cursor, definition: Definition) -> None:
    definition.changes.update(is_serial=True, is_autoincrement=True)


def _skip_name(cursor: Cursor, definition: Definition) -> None:
    cursor.take("=")
    cursor.skip()


def _collate(cursor: Cursor, definition: Definition) -> None:
    cursor.take("=")
    definition.changes["collation"] = str(cursor.qualified("collation"))


def _character(cursor: Cursor, definition: Definition) -> None:
    cursor.expect("SET")
    _skip_name(cursor, definition)


def _initially(cursor: Cursor, definition: Definition) -> None:
    if cursor.take_any("DEFERRED", "IMMEDIATE") is None:
        raise cursor.not_understood()


def _nothing(cursor: Cursor, definition: Definition) -> None:
    pass


_CLAUSES: dict[str, Callable[[Cursor, Definition], None]] = {
    "CONSTRAINT": _constraint,
    "NOT": _not,
    "NULL": _null,
    "DEFAULT": _default,
    "CHECK": _check,
    "UNIQUE": _unique,
    "PRIMARY": _primary,
    "KEY": _key,
    "REFERENCES": _references,
    "GENERATED": _generated,
    "AS": _computed,
    "COLLATE": _collate,
    "COMMENT": _comment,
    "AUTO_INCREMENT": _numbered,
    "AUTOINCREMENT": _numbered_for_ever,
    "ON": _on,
    "CHARACTER": _character,
    "CHARSET": _skip_name,
    "STORAGE": _skip_name,
    "COMPRESSION": _skip_name,
    "SRID": _skip_name,
    "COLUMN_FORMAT": _skip_name,
    "AFTER": _skip_name,
    "FIRST": _nothing,
    "DEFERRABLE": _nothing,
    "INITIALLY": _initially,
    "VISIBLE": _nothing,
    "INVISIBLE": _nothing,
}
_AFTER_TYPE = frozenset(_CLAUSES) | {"USING"}
# A default may be cast: '-'::character varying.
_AFTER_DEFAULT = frozenset(_CLAUSES) - {"CHARACTER"}
