"""What rests on a column, a table, a type, and either stands in the way of a change or goes along with a CASCADE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from migrate_guard.dialects.dependencies import keeps_generated_columns
from migrate_guard.history.reading_views import reads
from migrate_guard.model import operations as ops
from migrate_guard.model.folding_objects import is_numbered_by
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    Attached,
    ForeignKey,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    View,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target


class Default(NamedTuple):
    """The default of a column, which goes with its sequence."""

    column: str


class Dependent(NamedTuple):
    """Something that rests on something else."""

    what: str
    """For a sentence: `the view "totals"`."""
    span: Span
    object: View | ForeignKey | Attached | Default | str
    """Itself; of a column its name."""
    owner: QualifiedName | None = None
    """The table that it belongs to."""


def users_of_column(name: QualifiedName, column: str, schema: Schema) -> Iterator[Dependent]:
    """What keeps PostgreSQL from dropping a column or changing its type: views, generated columns, policies, triggers.

    An index, a CHECK, a key of the table itself goes with the column or is built again (tried on 12 to 18).
    """
    table = schema.table(name)
    if table is None:
        return
    for view in schema.views.values():
        if name in view.tables and reads(view, table, column, schema):
            yield _of_view(view)
    for other in table.columns:
        if other.computed is not None and column in other.computed.columns and other.name != column:
            yield Dependent(f'the generated column "{other.name}"', other.span, other.name, name)
    for each in schema.attached.values():
        if each.table == name and _names(each, column):
            yield Dependent(f'the {each.kind.lower()} "{each.name}"', each.span, each, name)


def _of_view(view: View) -> Dependent:
    kind = "materialized view" if view.is_materialized else "view"
    return Dependent(f'the {kind} "{view.name}"', view.span, view)


def keeps_column(name: QualifiedName, column: str, schema: Schema, target: Target) -> Iterator[Dependent]:
    """What keeps PostgreSQL from dropping a column: its users, without the generated columns that go along."""
    for each in users_of_column(name, column, schema):
        if not isinstance(each.object, str) or keeps_generated_columns(target):
            yield each


_LITERAL: Final = lazily(r"'(?:[^']|'')*'|\$\$.*?\$\$", re.DOTALL)
_ROW: Final = r'\b(?:NEW|OLD)\s*\.\s*"?{}"?(?!\w)'
_WORD: Final = r'(?<![\w."]){}(?![\w".]|\s*\()|(?<!\w)"?{}"?\s*\.\s*"?{}"?(?![\w"])'
_OF: Final = lazily(r"\bUPDATE\s+OF\s+(.+?)\s+(?:ON|OR)\b", re.IGNORECASE | re.DOTALL)
_SUBQUERY: Final = lazily(r"\(\s*SELECT\b", re.IGNORECASE)


def _names(each: Attached, column: str) -> bool:
    """Whether the definition of a trigger, rule or policy names a column of its table for certain."""
    text = _LITERAL.sub("''", each.definition)
    escaped = re.escape(column)
    if each.kind in ("TRIGGER", "RULE"):
        listed = _OF.search(text)
        columns = [part.strip().strip('"') for part in listed[1].split(",")] if listed else []
        return column in columns or re.search(_ROW.format(escaped), text, re.IGNORECASE) is not None
    if each.kind != "POLICY" or _SUBQUERY.search(text):
        return False
    _, _, condition = text.partition("(")
    return re.search(_WORD.format(f'"?{escaped}"?', re.escape(each.table.name), escaped), condition) is not None


# What CASCADE takes along.


def taken_along(op: ops.Operation, schema: Schema, target: Target) -> Iterator[Dependent]:
    """What PostgreSQL drops besides the object itself when an operation says CASCADE."""
    match op:
        case ops.DropTable(table=name):
            yield from references(name, None, schema)
            yield from readers(name, schema)
            for heir in schema.heirs.get(name, ()):
                if (part := schema.table(heir)) and part.partition_of is None:
                    yield Dependent(f'the table "{heir}"', part.span, str(heir), heir)
        case ops.DropColumn(table=name, column=dropped):
            yield from references(name, (dropped,), schema)
            for each in users_of_column(name, dropped, schema):
                yield each
                if isinstance(each.object, View):
                    yield from readers(each.object.name, schema)
        case ops.DropConstraint(table=name, constraint=str(constraint)):
            yield from resting_on_key(schema.table(name), constraint, schema)
        case ops.DropView(view=name):
            yield from readers(name, schema)
        case ops.DropType(type=name):
            yield from columns_of_type(name, schema)
        case ops.DropSequence(sequence=name):
            for table in schema.tables.values():
                for column in table.columns:
                    if is_numbered_by(name, column, table, schema):
                        what = f'the default of "{table.name}.{column.name}"'
                        yield Dependent(what, column.span, Default(column.name), table.name)
        case ops.RawSql(kind="DROP DOMAIN", objects=names):
            for name in names:
                yield from columns_of_type(name, schema)
        case ops.RawSql(kind="DROP FUNCTION" | "DROP PROCEDURE", objects=names):
            called = {each.name for each in names}
            for trigger in schema.attached.values():
                if called.intersection(trigger.functions):
                    what = f'the trigger "{trigger.name}" of "{trigger.table}"'
                    yield Dependent(what, trigger.span, trigger, trigger.table)


def references(name: QualifiedName, columns: tuple[str, ...] | None, schema: Schema) -> Iterator[Dependent]:
    """The foreign keys of other tables to a table, or to some of its columns."""
    for table in schema.referring(name):
        for key in table.foreign_keys:
            if key.referred_table != name or table.name == name or not is_there(key, table):
                continue
            if columns is None or set(columns) & set(referred(key, schema)):
                yield _of_key(key, table)


def _of_key(key: ForeignKey, table: Table) -> Dependent:
    return Dependent(f'the foreign key of "{table.name}.{", ".join(key.columns)}"', key.span, key, table.name)


def is_there(key: ForeignKey, table: Table) -> bool:
    """Whether a foreign key is there for certain."""
    return table.is_sure_of(key.name or "") and table.is_sure_of(next(iter(key.columns), ""))


def referred(key: ForeignKey, schema: Schema) -> tuple[str, ...]:
    """The columns that a foreign key refers to."""
    table = schema.table(key.referred_table)
    if key.referred_columns:
        return key.referred_columns
    return table.primary_key.columns if table and table.primary_key else ()


def readers(name: QualifiedName, schema: Schema) -> Iterator[Dependent]:
    """The views that read a table or view, and those that read them."""
    seen: set[QualifiedName] = set()
    waiting = [name]
    while waiting:
        read = waiting.pop()
        for view in schema.views.values():
            if read in view.tables and view.name not in seen:
                seen.add(view.name)
                waiting.append(view.name)
                yield _of_view(view)


def resting_on_key(table: Table | None, name: str, schema: Schema) -> Iterator[Dependent]:
    """The foreign keys of other tables that rest on a key, where no other key could bear them."""
    dropped = table.constraint(name) if table else None
    if table is None or not isinstance(dropped, PrimaryKey | UniqueConstraint):
        return
    others: Iterable[object] = (
        *(each for each in (table.primary_key, *table.unique_constraints) if each and each is not dropped),
        *(each for each in table.indexes if each.unique),
    )
    if any(set(getattr(each, "columns", ())) == set(dropped.columns) for each in others):
        return
    for other in schema.referring(table.name):
        for key in other.foreign_keys:
            is_referring = key.referred_table == table.name and is_there(key, other)
            if is_referring and set(referred(key, schema)) == set(dropped.columns):
                yield _of_key(key, other)


def columns_of_type(name: QualifiedName, schema: Schema) -> Iterator[Dependent]:
    """The columns of a type."""
    for table in schema.tables.values():
        for column in table.columns:
            if QualifiedName(column.type.name, column.type.schema) == name and table.is_sure_of(column.name):
                yield Dependent(f'the column "{table.name}.{column.name}"', column.span, column.name, table.name)
