"""Where a statement uses a value of an enum type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    EnumType,
    Expression,
    Index,
    Schema,
    Table,
    Type,
)
from migrate_guard.model.statement import Statement
from migrate_guard.rule import RevisionView


class Use(NamedTuple):
    """A use of a value; `column` is one of which it is not known whether it is of the type."""

    column: str | None = None


class _Text(NamedTuple):
    """A piece of SQL, the tables whose columns it names, and the column whose value it is."""

    sql: str
    tables: tuple[QualifiedName, ...] = ()
    column: Column | None = None


_WORD: Final = lazily(
    r"""'(?P<string>(?:[^']|'')*)' | "(?P<quoted>(?:[^"]|"")*)" | (?P<word>[^\W\d]\w*) | (?P<sign>::|\S)""", re.VERBOSE
)
_NEVER_EVALUATED: Final = ("CREATE FUNCTION", "CREATE PROCEDURE", "DO", "COMMENT", "GRANT", "REVOKE")
_OF_CASE: Final = frozenset({"THEN", "ELSE"})


def use_of(value: str, enum: QualifiedName, operation: ops.Operation, before: Schema, after: Schema) -> Use | None:
    """How an operation uses a value of a type; None where it does not, or nobody can tell that it does."""
    if isinstance(operation, ops.Insert) and operation.rows is not None:
        return _in_rows(value, enum, operation, before)
    found = [
        use
        for text in _texts(operation, after)
        if f"'{value.replace(_QUOTE, _QUOTE * 2)}'" in text.sql
        for use in _in_text(value, enum, text, (before, after))
    ]
    return min(found, key=lambda use: use.column is not None, default=None)


_QUOTE: Final = "'"


def _in_rows(value: str, enum: QualifiedName, operation: ops.Insert, schema: Schema) -> Use | None:
    for name in dict.fromkeys(name for row in operation.rows or () for name, each in row if each == value):
        is_of_type = _is_column_of(name, enum, (operation.table,), (schema,))
        if is_of_type is not False:
            return Use(None if is_of_type else f"{operation.table}.{name}")
    return None


def _texts(operation: ops.Operation, after: Schema) -> Iterator[_Text]:
    match operation:
        case ops.CreateTable(table=table):
            yield from _of_table(table)
        case ops.AddColumn(table=name, column=column):
            yield from _of_column(column, name)
            yield from _of_checks(operation.constraints, name)
        case ops.AlterColumn(table=name, column=column_name):
            known = after.table(name)
            changed = known.column(column_name) if known else None
            for each in (operation.modify_default, operation.modify_computed):
                if isinstance(each, Expression):
                    yield _Text(each.text, (name,), changed)
            if operation.using is not None:
                # a literal without a cast is one of the type before, or text that each row casts
                yield _Text(operation.using.text)
        case ops.AddConstraint(table=name, constraint=constraint):
            yield from _of_checks((constraint,), name)
        case ops.CreateIndex(table=name, index=index):
            yield from _of_index(index, name)
        case ops.CreateView(view=view):
            yield _Text(view.definition or "", view.tables)
        case ops.Insert(sql=sql) | ops.Update(sql=sql) | ops.Delete(sql=sql):
            yield _Text(sql, (operation.table, *operation.reads))
        case ops.RawSql(sql=sql, tables=tables) if not operation.kind.startswith(_NEVER_EVALUATED):
            yield _Text(sql, tables)


def _of_table(table: Table) -> Iterator[_Text]:
    for column in table.columns:
        yield from _of_column(column, table.name)
    yield from _of_checks(table.constraints(), table.name)
    for index in table.indexes:
        yield from _of_index(index, table.name)


def _of_column(column: Column, table: QualifiedName) -> Iterator[_Text]:
    for each in (column.default, column.computed):
        if each is not None:
            yield _Text(each.text, (table,), column)


def _of_checks(constraints: Iterable[AnyConstraint], table: QualifiedName) -> Iterator[_Text]:
    for each in constraints:
        if isinstance(each, CheckConstraint):
            yield _Text(each.expression.text, (table,))


def _of_index(index: Index, table: QualifiedName) -> Iterator[_Text]:
    for each in (index.where, *(element.expression for element in index.elements)):
        if each is not None:
            yield _Text(each.text, (table,))


# -- texts


def _in_text(value: str, enum: QualifiedName, text: _Text, schemas: tuple[Schema, ...]) -> Iterator[Use]:
    """The uses of the value in a text: cast to the type, or compared with or assigned to a column of it."""
    words = list(_WORD.finditer(text.sql))
    for at, word in enumerate(words):
        if word["string"] is None or word["string"].replace("''", "'") != value:
            continue
        cast = _cast(words, at)
        if cast is not None:
            if cast == enum.name:
                yield Use()
            continue
        if text.column is not None:
            if _is_of(text.column.type, enum):
                yield Use()
            continue
        name = _column_before(words, at, text.tables, schemas)
        is_of_type = _is_column_of(name, enum, text.tables, schemas) if name else False
        if is_of_type is not False:
            yield Use(None if is_of_type else f"{text.tables[0]}.{name}" if text.tables else name)


def _cast(words: list[re.Match[str]], at: int) -> str | None:
    """The type that a literal is cast to, without its schema."""
    behind = words[at + 1 : at + 6]
    if not behind or not (behind[0][0] == "::" or (behind[0][0].upper() == "AS" and _is_in_cast(words, at))):
        return None
    names = [each["quoted"] or each["word"] or each[0] for each in behind[1:]]
    return names[2] if len(names) > 2 and names[1] == "." else names[0] if names else None


def _is_in_cast(words: list[re.Match[str]], at: int) -> bool:
    return at > 1 and words[at - 1][0] == "(" and words[at - 2][0].upper() == "CAST"


def _column_before(
    words: list[re.Match[str]], at: int, tables: tuple[QualifiedName, ...], schemas: tuple[Schema, ...]
) -> str | None:
    """The column that a literal is compared with or assigned to: the nearest before it."""
    is_result = at > 0 and (words[at - 1]["word"] or "").upper() in _OF_CASE
    found = [schema.table(name) for name in tables for schema in schemas if not _is_catalog(name)]
    known = {each.name for table in found if table for each in table.columns}
    is_open = any(table is None or table.is_open for table in found)
    for place in range(at - 1, -1, -1):
        name = words[place]["quoted"] or words[place]["word"]
        if is_result and name and name.upper() == "CASE":
            is_result = False
            continue
        if name is None or is_result:
            continue
        if name in known or (is_open and _is_compared(words, place)):
            # what is cast to text is compared as text
            return None if words[place + 1][0] == "::" else name
    return None


def _is_catalog(name: QualifiedName) -> bool:
    return name.schema in ("information_schema", "pg_catalog") or name.name.startswith("pg_")


def _is_compared(words: list[re.Match[str]], place: int) -> bool:
    behind = words[place + 1][0].upper() if place + 1 < len(words) else ""
    return behind in ("=", "<", ">", "!", "IN", "NOT")


def _is_column_of(
    name: str, enum: QualifiedName, tables: tuple[QualifiedName, ...], schemas: tuple[Schema, ...]
) -> bool | None:
    """Whether a column of that name is of the type; None where no table is known to have it."""
    found = [
        column
        for table_name in tables
        for schema in schemas
        if (table := schema.table(table_name)) and (column := table.column(name))
    ]
    known = [each for each in found if each.type.is_known]
    if not known:
        return None
    return any(_is_of(each.type, enum) for each in known)


def _is_of(column_type: Type, enum: QualifiedName) -> bool:
    return column_type.name == enum.name and column_type.schema in (enum.schema, None)


# -- types


def type_of(enum: EnumType) -> Type:
    """The type of a column of an enum."""
    return Type(enum.name.name, values=enum.values, schema=enum.name.schema, family="enum")


def is_enum(each: Type) -> bool:
    """Whether it is an enum of the database, or an array of one: `native_enum=False` is a VARCHAR with labels."""
    is_enum = each.family == "enum" or (each.dimensions > 0 and each.values is not None)
    return is_enum and each.name not in ("VARCHAR", "CHAR", "TEXT")


def written(enum: Type, *, is_made: bool = False) -> str:
    """The construct as Python has it; with `is_made` one that creates no type."""
    labels = "".join(f'"{each}", ' for each in enum.values or ())
    schema = f', schema="{enum.schema}"' if enum.schema else ""
    told = ", create_type=False" if is_made else ""
    return f'postgresql.ENUM({labels}name="{enum.name}"{schema}{told})'


# -- labels


def lost_labels(statement: Statement[ops.Operation], view: RevisionView) -> tuple[str, ...]:
    """The labels that a column could hold before the revision and cannot after a change of its type."""
    op, run = statement.op, view.upgrade
    if not isinstance(op, ops.AlterColumn) or run is None:
        return ()
    table = run.before.table(op.table)
    column = table.column(op.column) if table else None
    kind = column.type if column else op.existing_type
    before, after = _labels(kind, run.before if column else statement.before), _labels(op.modify_type, statement.after)
    if kind is None or op.modify_type is None or before is None or after is None:
        return ()
    name = _name(op.modify_type)
    if statement.target.dialect == "postgresql" and name == _name(kind) and name not in statement.after.enums:
        # the type stays as it is, whatever the script says of its labels
        return ()
    return tuple(each for each in before if each not in after)


def _name(kind: Type) -> QualifiedName:
    return QualifiedName(kind.name, kind.schema)


def _labels(kind: Type | None, schema: Schema) -> tuple[str, ...] | None:
    """The labels of an enum; None of another type, or where they are not known."""
    if kind is None or (kind.values is not None and not is_enum(kind)):
        return None
    known = schema.enums.get(QualifiedName(kind.name, kind.schema))
    return (known.values if known else kind.values) or None


def moved(labels: Iterable[str], operation: ops.Operation) -> tuple[str, ...]:
    """Of these labels those whose rows an operation gives another one, or takes away."""
    match operation:
        case ops.Update(sql=sql) | ops.Delete(sql=sql) | ops.RawSql(sql=sql):
            text = sql
        case ops.AlterColumn(using=Expression(text=text)):
            pass
        case _:
            return ()
    return tuple(each for each in labels if f"'{each.replace(_QUOTE, _QUOTE * 2)}'" in text)
