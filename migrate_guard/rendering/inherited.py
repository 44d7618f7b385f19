"""What a partition or heir has otherwise than its parents give it: that alone is written, as changes to it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard.model.folding_inherited import generated_name, taken_over
from migrate_guard.model.generated_names import index_columns, kind_of
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
)
from migrate_guard.rendering.parts import NotKnown, Scope, default_text, index_text, is_alone


def own(table: Table) -> Table:
    """The table without the columns, constraints and indexes that it takes over from its parents."""
    if not table.is_part:
        return table
    key = table.primary_key
    return replace(
        table,
        columns=tuple(each for each in table.columns if not each.is_inherited),
        primary_key=key if key and key.inherited_from is None else None,
        unique_constraints=tuple(each for each in table.unique_constraints if each.inherited_from is None),
        foreign_keys=tuple(each for each in table.foreign_keys if each.inherited_from is None),
        check_constraints=tuple(each for each in table.check_constraints if each.inherited_from is None),
        exclusion_constraints=tuple(each for each in table.exclusion_constraints if each.inherited_from is None),
        indexes=tuple(each for each in table.indexes if each.inherited_from is None),
    )


def column_changes(table: Table, scope: Scope) -> Iterator[str]:
    """The statements that change the defaults and NOT NULLs that a table takes over to its own."""
    parents = [found for name in table.parents if (found := scope.schema.table(name))]
    given = taken_over(replace(table, columns=(), check_constraints=()), parents, scope.schema)
    key = table.primary_key.columns if table.primary_key else ()
    for column in table.columns:
        inherited = given.column(column.name)
        if inherited is None:
            continue
        if not column.is_inherited:
            # what it does not say of its default, the parent does
            nullable = False if inherited.nullable is False else column.nullable
            inherited = replace(column, default=column.default or inherited.default, nullable=nullable)
        for action in _actions(column, inherited, table, scope):
            if action != "SET NOT NULL" or column.name not in key:
                name = scope.name(column.name)
                yield f"ALTER TABLE {scope.qualified(table.name)} ALTER COLUMN {name} {action};"


def _actions(column: Column, inherited: Column, table: Table, scope: Scope) -> Iterator[str]:
    if column.default != inherited.default and not column.computed:
        default = default_text(column, table, scope)
        yield f"SET DEFAULT {default}" if default is not None else "DROP DEFAULT"
    if column.nullable is False and inherited.nullable is not False:
        yield "SET NOT NULL"
    elif column.nullable and inherited.nullable is False:
        yield "DROP NOT NULL"


def renamed(table: Table, scope: Scope) -> Iterator[str]:
    """The statements that give the keys and indexes of a partition the names that they have, not those they get."""
    yield from _attached(table, scope)
    for part, expected in _expected(table, scope):
        if part.name is None or part.name == expected:
            continue
        if isinstance(part, Index):
            old = scope.qualified(table.name._replace(name=expected))
            yield f"ALTER INDEX {old} RENAME TO {scope.name(part.name)};"
        elif not isinstance(part, ForeignKey):
            change = f"RENAME CONSTRAINT {scope.name(expected)} TO {scope.name(part.name)}"
            yield f"ALTER TABLE {scope.qualified(table.name)} {change};"


def _attached(table: Table, scope: Scope) -> Iterator[str]:
    """The indexes that not every partition has, each made by itself and attached."""
    parent = scope.schema.table(table.partition_of) if table.partition_of else None
    if parent is None:
        return
    for index in (each for each in parent.indexes if is_alone(each, parent, scope.schema)):
        for mine in table.indexes:
            if mine.name is not None and index.name is not None and mine.inherited_from == index.name:
                part = scope.qualified(table.name._replace(name=mine.name))
                whole = scope.qualified(parent.name._replace(name=index.name))
                try:
                    yield f"{index_text(mine, table, scope)};"
                except NotKnown as error:
                    yield f"-- not known: the index {mine.name} of {table.name}: {error}"
                else:
                    yield f"ALTER INDEX {whole} ATTACH PARTITION {part};"


def renamed_references(table: Table, scope: Scope) -> Iterator[str]:
    """The statements that give the foreign keys of a partition their names, after its parent has got them."""
    for key in table.foreign_keys:
        if key.inherited_from and key.name and key.name != key.inherited_from:
            schema, expected = scope.schema.with_table(own(table)), key.inherited_from
            if own(table).constraint(expected):
                expected = generated_name("foreignkey", key.columns, table.name, schema)
            if expected != key.name:
                change = f"RENAME CONSTRAINT {scope.name(expected)} TO {scope.name(key.name)}"
                yield f"ALTER TABLE {scope.qualified(table.name)} {change};"


def _expected(table: Table, scope: Scope) -> Iterator[tuple[AnyConstraint | Index, str]]:
    """The keys and indexes that a partition takes over, with the names that PostgreSQL will give them."""
    if table.partition_of is None or table.partition_of not in scope.schema.tables:
        return
    parent = scope.schema.tables[table.partition_of]
    schema = scope.schema.with_table(own(table))
    taken: list[str] = []
    keys = [each for each in parent.constraints() if not isinstance(each, CheckConstraint | ForeignKey)]
    for key in keys:
        for mine in table.constraints():
            if type(mine) is type(key) and mine.inherited_from == (key.name or ""):
                taken.append(generated_name(kind_of(mine), mine.columns, table.name, schema, taken))
                yield mine, taken[-1]
    for index in (each for each in parent.indexes if not is_alone(each, parent, scope.schema)):
        for each in table.indexes:
            if each.inherited_from == (index.name or ""):
                taken.append(generated_name("index", index_columns(index), table.name, schema, taken))
                yield each, taken[-1]
