"""A schema as DDL: statements that make it in an empty database.

What is not known is never invented: in its place stands a comment, `-- not known: …`, that says what and why. What is
written although it is in doubt has a comment `-- not certain: …` above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    Column,
    ForeignKey,
    Schema,
    Sequence,
    Table,
    UniqueConstraint,
    View,
)
from migrate_guard.model.target import Target
from migrate_guard.rendering import inherited, parts
from migrate_guard.rendering.definitions import definitions, extensions, functions_of_views
from migrate_guard.rendering.obstacles import absent_tables, taken_names
from migrate_guard.rendering.parts import NotKnown, Scope

T = TypeVar("T")


def ddl(schema: Schema, target: Target, version_table: str) -> str:
    """Return the statements that make `schema` in an empty database of `target`, without Alembic's own table."""
    own = [name for name in schema.tables if name.name == version_table]
    for name in own:
        schema = schema.without_table(name)
    tables = list(_tables_in_order(schema))
    absent = absent_tables(schema, target.dialect)
    made = [each for each in tables if each.name not in absent]
    scope = Scope(schema, target, absent=absent, taken=taken_names(schema, made, target.dialect))
    scope = replace(scope, unknown={each.name: _unknown_columns(each, scope) for each in tables})
    sections = [
        _schemas(scope),
        extensions(scope, made),
        _enums(scope, made),
        definitions(scope, made),
        _sequences(scope, made),
        *(_table(inherited.own(each), scope) for each in made),
        *(_after(each, scope) for each in made),
        [line for each in made for line in _foreign_keys(each, scope)],
        functions_of_views(scope, made),
        *_views(scope),
        [line for each in made for line in _comments(each, scope)],
        *(_absent(each, scope) for each in tables if each.name in absent),
    ]
    blocks = ["\n".join(lines) for section in sections if (lines := list(section))]
    return "\n\n".join(blocks) + "\n" if blocks else "-- the schema is empty\n"


def _unknown(what: str, why: object) -> str:
    return _comment(f"not known: {what}: {why}")


def _comment(text: str) -> str:
    return "-- " + " ".join(text.split())


# -- in which order


def _tables_in_order(schema: Schema) -> Iterator[Table]:
    """The tables by name, behind those whose partitions or heirs they are, and whose sequences number their rows."""
    owners = {
        parts.sequence_of(column, table, schema): table.name
        for table in schema.tables.values()
        for column in table.columns
        if column.is_serial or column.is_identity
    }

    def parents(table: Table) -> list[Table]:
        used = {owners.get(each) for column in table.columns if (each := parts.sequence_used(column))}
        names = [*table.parents, *sorted(filter(None, used), key=str)]
        return [found for each in names if (found := schema.table(each))]

    yield from _in_order(sorted(schema.tables.values(), key=lambda each: str(each.name)), parents)


def _in_order(every: Iterable[T], needed: Callable[[T], Iterable[T]]) -> Iterator[T]:
    """Each thing behind those that it needs; a circle is left as it is."""
    seen: set[int] = set()

    def walk(thing: T) -> Iterator[T]:
        if id(thing) not in seen:
            seen.add(id(thing))
            for each in needed(thing):
                yield from walk(each)
            yield thing

    for each in every:
        yield from walk(each)


# -- schemas, types, sequences


def _schemas(scope: Scope) -> Iterator[str]:
    schema = scope.schema
    named = {each.schema for every in (schema.tables, schema.views, schema.enums, schema.sequences) for each in every}
    if scope.target.dialect == "postgresql":
        named |= {name.schema for _, name in schema.definitions}
        for name in sorted(each for each in named if each and not is_system(each)):
            yield f"CREATE SCHEMA IF NOT EXISTS {scope.name(name)};"
    elif scope.is_mysql:
        for name in sorted(filter(None, named)):
            yield f"CREATE DATABASE IF NOT EXISTS {scope.name(name)};"


def is_system(schema: str) -> bool:
    """Whether a schema of PostgreSQL is there of itself."""
    return schema in ("information_schema", "public") or schema.startswith("pg_")


def _enums(scope: Scope, tables: Iterable[Table]) -> Iterator[str]:
    if scope.target.dialect != "postgresql":
        for kind in sorted(map(str, scope.schema.enums)):
            yield _unknown(f"the type {kind}", f"{scope.target.dialect} has no CREATE TYPE")
        return
    for enum in sorted(scope.schema.enums.values(), key=lambda each: str(each.name)):
        if not enum.name.name:
            yield _unknown(f"a type of {', '.join(enum.values)}", "it has no name")
            continue
        if not enum.values:
            yield _unknown(f"the labels of the type {enum.name}", "they could not be computed, or there are none")
        yield _create_enum(enum.name, enum.values, scope)
    assumed: dict[QualifiedName, tuple[str, ...]] = {}
    for column in (column for table in tables for column in table.columns):
        if parts.is_assumed(column.type, scope.schema):
            assumed[QualifiedName(column.type.name, column.type.schema)] = column.type.values or ()
    for name, values in sorted(assumed.items(), key=lambda each: str(each[0])):
        yield _comment(f"not certain: the history uses the type {name} and never creates it")
        yield _create_enum(name, values, scope)


def _create_enum(name: QualifiedName, values: Iterable[str], scope: Scope) -> str:
    return f"CREATE TYPE {scope.qualified(name)} AS ENUM ({', '.join(map(parts.string, values))});"


def _sequences(scope: Scope, tables: Iterable[Table]) -> Iterator[str]:
    if scope.target.dialect not in ("postgresql", "mariadb"):
        return
    made: dict[QualifiedName, Sequence | None] = {each.name: each for each in scope.schema.sequences.values()}
    for table, column in _numbered(scope, tables):
        made.setdefault(parts.sequence_of(column, table, scope.schema), None)
    for name, sequence in sorted(made.items(), key=lambda each: str(each[0])):
        definition = f" {sequence.definition.strip()}" if sequence and sequence.definition.strip() else ""
        yield f"CREATE SEQUENCE {scope.qualified(name)}{definition};"


def _numbered(scope: Scope, tables: Iterable[Table]) -> Iterator[tuple[Table, Column]]:
    """The columns of PostgreSQL that SERIAL made and that it would make otherwise today."""
    if scope.target.dialect == "postgresql":
        for table in tables:
            for column in table.columns:
                is_plain = parts.is_plain_serial(column, table, scope.schema)
                if parts.numbers_by_sequence(column) and not is_plain:
                    yield table, column


# -- tables


def _unknown_columns(table: Table, scope: Scope) -> frozenset[str]:
    found = set()
    for column in table.columns:
        try:
            parts.column_text(column, table, scope)
        except NotKnown:
            found.add(column.name)
    return frozenset(found)


def _table(table: Table, scope: Scope) -> Iterator[str]:
    yield from _doubts(table)
    name = scope.qualified(table.name)
    if table.partition_of is not None:
        yield from _partition(table, scope)
        return
    elements = list(_elements(table, scope))
    if all(is_comment for is_comment, _ in elements) and scope.target.dialect != "postgresql":
        yield _unknown(f"the table {table.name}", "none of its columns is known")
        yield from (text for _, text in elements)
        return
    yield f"CREATE TABLE {name} ("
    written = [at for at, (is_comment, _) in enumerate(elements) if not is_comment]
    for at, (is_comment, text) in enumerate(elements):
        comma = "," if not is_comment and at != written[-1] else ""
        yield f"    {text}{comma}"
    yield f"){_table_options(table, scope)};"
    if table.is_partitioned and table.partition_by is None:
        yield _unknown(f"how {table.name} is partitioned", "it could not be computed")


def _doubts(table: Table) -> Iterator[str]:
    if not table.is_certain:
        yield _comment(f"not certain: {table.name}: what could not be read may have made it otherwise")
    elif table.may_have_more:
        yield _comment(f"not certain: {table.name}: what could not be read may have added to it")
    if table.doubtful:
        names = ", ".join(sorted(table.doubtful))
        yield _comment(f"not certain: {names} of {table.name}: a condition that could not be decided has it")


def _elements(table: Table, scope: Scope) -> Iterator[tuple[bool, str]]:
    """What stands between the parentheses, line by line, and whether it is a comment."""
    for column in table.columns:
        if column.nullable is None:
            yield True, _unknown(f"whether {column.name} may be null", "it could not be computed")
        if (why := parts.unknown_default(column, scope)) and not column.computed:
            yield True, _unknown(f"the default of {column.name}", why)
        try:
            yield False, parts.column_text(column, table, scope)
        except NotKnown as error:
            yield True, _unknown(f"the column {column.name}", error)
    if table.is_open and not table.partition_of and not table.inherits:
        yield True, _comment("not known: what other columns there are")
    for constraint in _inline(table, scope):
        try:
            yield False, parts.constraint_text(constraint, table, scope)
        except NotKnown as error:
            yield True, _unknown(_called(constraint), error)


def _inline(table: Table, scope: Scope) -> Iterator[AnyConstraint]:
    """The constraints that stand in the CREATE TABLE: foreign keys on SQLite only, which can add none later."""
    later = [id(each) for each in _later(table, scope)]
    for constraint in table.constraints():
        if id(constraint) not in later and (scope.target.dialect == "sqlite" or constraint not in table.foreign_keys):
            yield constraint


def _later(table: Table, scope: Scope) -> Iterator[AnyConstraint]:
    """The constraints that only ALTER TABLE makes as they are: not valid ones, and a second key of the same columns."""
    if scope.target.dialect == "sqlite":
        return
    seen = {table.primary_key.columns} if table.primary_key else set()
    for constraint in table.constraints():
        if isinstance(constraint, UniqueConstraint):
            if constraint.columns in seen:
                yield constraint
            seen.add(constraint.columns)
        elif constraint.not_valid and not isinstance(constraint, ForeignKey):
            yield constraint


def _called(constraint: AnyConstraint) -> str:
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(constraint).__name__).lower()
    columns = f"({', '.join(constraint.columns)})"
    return f"the {kind} {constraint.name or columns}"


def _table_options(table: Table, scope: Scope) -> str:
    options = ""
    if table.inherits:
        options += f" INHERITS ({', '.join(map(scope.qualified, table.inherits))})"
    if table.is_partitioned and table.partition_by:
        options += f" PARTITION BY {table.partition_by}"
    if table.comment and scope.is_mysql:
        options += f" COMMENT {parts.string(table.comment)}"
    return options


def _partition(table: Table, scope: Scope) -> Iterator[str]:
    parent = scope.schema.table(table.partition_of) if table.partition_of else None
    if parent is None or parent.name in scope.absent or not parent.is_partitioned or parent.partition_by is None:
        yield _unknown(f"the partition {table.name}", f"the history does not tell how {table.partition_of} is divided")
    elif table.partition_bound is None:
        yield _unknown(f"the partition {table.name}", "which rows it holds could not be computed")
    else:
        name = scope.qualified(table.name)
        bound = f"{scope.qualified(parent.name)} {table.partition_bound}{_table_options(table, scope)}"
        yield f"CREATE TABLE {name} PARTITION OF {bound};"
        for constraint in _inline(table, scope):
            yield from _added(constraint, table, scope)


def _added(constraint: AnyConstraint, table: Table, scope: Scope) -> Iterator[str]:
    try:
        text = parts.constraint_text(constraint, table, scope)
    except NotKnown as error:
        yield _unknown(f"{_called(constraint)} of {table.name}", error)
    else:
        not_valid = " NOT VALID" if constraint.not_valid and scope.target.dialect == "postgresql" else ""
        yield f"ALTER TABLE {scope.qualified(table.name)} ADD {text}{not_valid};"


def _after(table: Table, scope: Scope) -> Iterator[str]:
    """What follows the table: its indexes, checks that hold for new rows only, the owner of its sequences."""
    yield from inherited.column_changes(table, scope)
    yield from inherited.renamed(table, scope)
    table = inherited.own(table)
    for constraint in _later(table, scope):
        yield from _added(constraint, table, scope)
    for index in table.indexes:
        try:
            yield f"{parts.index_text(index, table, scope)};"
        except NotKnown as error:
            yield _unknown(f"the index {index.name or ''} of {table.name}", error)
    for sequence, owner in _owned(table, scope):
        yield f"ALTER SEQUENCE {scope.qualified(sequence)} OWNED BY {scope.qualified(table.name)}.{scope.name(owner)};"


def _owned(table: Table, scope: Scope) -> Iterator[tuple[QualifiedName, str]]:
    """The sequences of PostgreSQL that go with a column of the table, and the column."""
    if scope.target.dialect == "postgresql":
        numbered = {
            parts.sequence_of(column, table, scope.schema): column.name for _, column in _numbered(scope, [table])
        }
        for sequence in scope.schema.sequences.values():
            if sequence.owned_by and sequence.owned_by[0] == table.name:
                numbered[sequence.name] = sequence.owned_by[1]
        unknown = scope.unknown.get(table.name, frozenset())
        yield from sorted((name, column) for name, column in numbered.items() if column not in unknown)


def _foreign_keys(table: Table, scope: Scope) -> Iterator[str]:
    """The foreign keys, after all tables: they may go round in circles."""
    if scope.target.dialect != "sqlite":
        for key in inherited.own(table).foreign_keys:
            yield from _added(key, table, scope)
        yield from inherited.renamed_references(table, scope)


def _comments(table: Table, scope: Scope) -> Iterator[str]:
    if scope.target.dialect != "postgresql":
        return
    name = scope.qualified(table.name)
    if table.comment:
        yield f"COMMENT ON TABLE {name} IS {parts.string(table.comment)};"
    for column in table.columns:
        if column.comment and column.name not in scope.unknown.get(table.name, ()):
            yield f"COMMENT ON COLUMN {name}.{scope.name(column.name)} IS {parts.string(column.comment)};"


def _absent(table: Table, scope: Scope) -> Iterator[str]:
    """A table that cannot be written, and as comments what the history tells of it."""
    yield _unknown(f"the table {table.name}", scope.absent[table.name])
    for is_comment, text in _elements(table, scope):
        yield f"--     {text.removeprefix('-- ') if is_comment else ' '.join(text.split())}"
    for index in table.indexes:
        yield f"--     index {index.name or ''}".rstrip()


# -- views


def _views(scope: Scope) -> Iterator[Iterator[str]]:
    def read(view: View) -> list[View]:
        return [scope.schema.views[each] for each in view.tables if each in scope.schema.views]

    missing: set[QualifiedName] = set()
    every = sorted(scope.schema.views.values(), key=lambda each: str(each.name))
    for view in _in_order(every, read):
        why = _why_not(view, scope, missing)
        if why:
            missing.add(view.name)
        yield iter([_unknown(f"the view {view.name}", why) if why else _create_view(view, scope)])


def _why_not(view: View, scope: Scope, missing: Iterable[QualifiedName]) -> str | None:
    if view.definition is None:
        return "its query could not be computed, or what it reads was renamed"
    for each in view.tables:
        table = scope.schema.table(each)
        is_own = is_system(each.schema or "") or each.name.startswith(("pg_", "sqlite_"))
        is_there = (table is not None and each not in scope.absent) or each in scope.schema.views or is_own
        if not is_there or each in missing:
            return f"it reads {each}, which is not known"
    return None


def _create_view(view: View, scope: Scope) -> str:
    kind = "MATERIALIZED VIEW" if view.is_materialized else "VIEW"
    definition = (view.definition or "").strip().rstrip(";")
    return f"CREATE {kind} {scope.qualified(view.name)} {definition};"
