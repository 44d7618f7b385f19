"""What a partition or heir is given of the columns, constraints and indexes of a parent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from migrate_guard.model.folding_keys import with_constraint
from migrate_guard.model.folding_tables import C, with_constraints_changed
from migrate_guard.model.generated_names import Kind, index_columns, kind_of, postgresql_name
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Like
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)

K = TypeVar("K", bound=AnyConstraint)


def taken_over(table: Table, parents: Iterable[Table], schema: Schema) -> Table:
    """The table with the columns and checks of its parents: theirs first, its own merged with those of the same name.

    Of what a partition says of a column only the default and NOT NULL count: it has no columns of its own.
    """
    columns: dict[str, Column] = {}
    checks: dict[str | None, CheckConstraint] = {}
    for parent in parents:
        for column in parent.columns:
            taken = replace(owned_column(column, parent, schema), is_inherited=True)
            earlier = columns.get(column.name)
            columns[column.name] = _merged(earlier, taken) if earlier else taken
        for check in parent.check_constraints:
            if not check.no_inherit and check.name not in checks:
                checks[check.name] = replace(check, inherited_from=check.name or "", not_valid=False)
    for column in table.columns:
        inherited = columns.get(column.name)
        columns[column.name] = _merged(column, inherited) if inherited else column
    if table.partition_of is not None:
        columns = {name: replace(each, is_inherited=True) for name, each in columns.items()}
    own = {each.name for each in table.check_constraints if each.name is not None}
    inherited_checks = tuple(each for each in checks.values() if each.name not in own)
    return replace(
        table, columns=tuple(columns.values()), check_constraints=(*inherited_checks, *table.check_constraints)
    )


def _merged(column: Column, inherited: Column) -> Column:
    """A column that is declared with the same name twice: NULL only if both say so, the first default."""
    nullable = False if column.nullable is False else inherited.nullable
    numbers_itself = column.is_serial or column.is_identity or column.computed is not None
    default = column.default if column.default is not None or numbers_itself else inherited.default
    computed = column.computed or (inherited.computed if default is None else None)
    type_ = column.type if column.type.name else inherited.type
    is_stored = column.is_stored or inherited.is_stored
    return replace(column, type=type_, nullable=nullable, default=default, computed=computed, is_stored=is_stored)


_PLAIN: Final = lazily(r"[a-z_][a-z0-9_]*")


def owned_column(column: Column, table: Table, schema: Schema) -> Column:
    """A column of a table as another one gets it: numbered by the same sequence, without its identity and comment."""
    default = column.default
    if default is None and column.is_serial and not column.is_identity:
        owned = (each.name for each in schema.sequences.values() if each.owned_by == (table.name, column.name))
        sequence = next(owned, QualifiedName(column.sequence_in(table.name), table.name.schema))
        written = ".".join(map(_written, filter(None, (sequence.schema, sequence.name))))
        default = Expression(f"nextval('{written}'::regclass)", functions=("nextval",))
    return replace(
        column,
        default=default,
        is_serial=False,
        is_identity=False,
        is_always_identity=False,
        comment=None,
        sequence=None,
    )


def _written(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


# -- LIKE


def with_copies(table: Table, likes: Iterable[Like], schema: Schema) -> Table:
    """The table with the columns of others that LIKE copies, and with what goes along; open if one is not known.

    PostgreSQL manual, CREATE TABLE, LIKE: NOT NULL always goes along, foreign keys never do.
    """
    is_open, columns = False, list(table.columns)
    for like in reversed(list(likes)):
        source = schema.table(like.table)
        is_open = is_open or source is None or source.is_open or not source.is_certain
        copied = [_copied(each, source, like, table, schema) for each in source.columns] if source else []
        columns[like.place : like.place] = copied
        if source is not None and "CONSTRAINTS" in like.including:
            taken = {each.name for each in table.check_constraints}
            checks = tuple(
                replace(each, inherited_from=None) for each in source.check_constraints if each.name not in taken
            )
            table = replace(table, check_constraints=(*table.check_constraints, *checks))
        if source is not None and "INDEXES" in like.including:
            table = _with_copied_keys(table, source, schema)
    key = table.primary_key.columns if table.primary_key else ()
    columns = [replace(each, nullable=False) if each.name in key else each for each in columns]
    is_told = not is_open or table.are_keys_told
    return replace(table, columns=tuple(columns), is_open=is_open, are_keys_told=is_told)


def _copied(column: Column, source: Table, like: Like, table: Table, schema: Schema) -> Column:
    own = owned_column(column, source, schema)
    return replace(
        own,
        span=table.span,
        default=own.default if "DEFAULTS" in like.including else None,
        is_identity=column.is_identity and "IDENTITY" in like.including,
        is_always_identity=column.is_always_identity and "IDENTITY" in like.including,
        computed=column.computed if "GENERATED" in like.including else None,
        comment=column.comment if "COMMENTS" in like.including else None,
        is_inherited=False,
    )


def _with_copied_keys(table: Table, source: Table, schema: Schema) -> Table:
    taken = [each.name for each in (*table.constraints(), *table.indexes) if each.name]
    for key in source.constraints():
        if not isinstance(key, CheckConstraint | ForeignKey):
            taken.append(generated_name(kind_of(key), key.columns, table.name, schema, taken))
            table = with_constraint(
                table, replace(key, name=taken[-1], is_implicit_name=True, span=table.span, inherited_from=None)
            )
    for index in source.indexes:
        taken.append(generated_name("index", index_columns(index), table.name, schema, taken))
        copy = replace(index, name=taken[-1], span=table.span, inherited_from=None)
        table = replace(table, indexes=(*table.indexes, copy))
    return table


# -- keys and indexes


class _Taken:
    """The names that relations of a namespace have, and constraints of its tables."""

    def __init__(self, schema: Schema, namespace: str | None, more: Sequence[str]) -> None:
        self._schema, self._namespace, self._more = schema, namespace, more

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        schema, qualified = self._schema, QualifiedName(name, self._namespace)
        maps = (schema.tables, schema.views, schema.sequences, schema.carriers)
        if name in self._more or any(qualified in each for each in maps):
            return True
        tables = (each for each in schema.tables.values() if each.name.schema == self._namespace)
        return any(each.constraint(name) for each in tables)


def named_for(key: K, heir: Table, schema: Schema) -> K:
    """A key of a parent as a partition gets it: a foreign key under its own name, if nothing there has it already."""
    name = key.name
    if name is None or not isinstance(key, ForeignKey) or heir.constraint(name):
        name = generated_name(kind_of(key), key.columns, heir.name, schema)
    return replace(key, name=name, is_implicit_name=True, inherited_from=key.name or "")


def named_index_for(index: Index, heir: Table, schema: Schema) -> Index:
    """An index of a parent as a partition gets it."""
    name = generated_name("index", index_columns(index), heir.name, schema)
    return replace(index, name=name, inherited_from=index.name or "")


def generated_name(
    kind: Kind, columns: Sequence[str], table: QualifiedName, schema: Schema, taken: Sequence[str] = ()
) -> str:
    """The name that PostgreSQL gives to a key or index of a table, where nothing in the schema or `taken` has it."""
    return postgresql_name(kind, table.name, columns, _Taken(schema, table.schema, taken))


def is_same_key(one: AnyConstraint, other: AnyConstraint) -> bool:
    """Whether PostgreSQL takes a key of a partition for the one that its parent asks for."""
    match one, other:
        case (PrimaryKey(), PrimaryKey()) | (UniqueConstraint(), UniqueConstraint()):
            return one.columns == other.columns
        case ExclusionConstraint(), ExclusionConstraint():
            return one.definition is not None and one.definition == other.definition
        case ForeignKey(), ForeignKey():
            return _reference(one) == _reference(other)
    return False


def _reference(key: ForeignKey) -> tuple[object, ...]:
    deferral = (key.deferrable, key.initially_deferred)
    return (key.columns, key.referred_table, key.ondelete, key.onupdate, *deferral)


def is_same_index(one: Index, other: Index) -> bool:
    """Whether PostgreSQL takes an index of a partition for the one that its parent asks for (`CompareIndexInfo`)."""
    return replace(one, name=None, span=other.span, inherited_from=None) == replace(
        other, name=None, inherited_from=None
    )


def with_links_to(table: Table, links: Mapping[int, str | None]) -> Table:
    """The table with constraints and indexes (by id) that come from others of the parent, or from none."""
    if not links:
        return table

    def linked(constraint: C) -> C:
        return replace(constraint, inherited_from=links[id(constraint)]) if id(constraint) in links else constraint

    indexes = tuple(
        replace(each, inherited_from=links[id(each)]) if id(each) in links else each for each in table.indexes
    )
    return replace(with_constraints_changed(table, linked), indexes=indexes)
