"""What an operation names and the history says is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from migrate_guard.dialects.names import is_generated_name
from migrate_guard.dialects.namespaces import (
    checks_references,
    folds_column_names,
    mixes_keys_and_indexes,
    names_constraints_predictably,
    shares_index_names,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.folding_keys import index_owner
from migrate_guard.model.folding_tables import given_table
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    ForeignKey,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    constraint_kind,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

LONGEST_NAME: Final = 63
"""PostgreSQL cuts longer names, and SQLAlchemy those that it makes itself."""


class Missing(NamedTuple):
    """Something that an operation names and the history says is not there."""

    what: str
    """Two halves of a sentence: `"users" has no column "emial"`."""
    object: str
    known: tuple[str, ...] = ()
    """What it may be a slip of."""
    name: str = ""
    lost: Span | None = None
    at: Span | None = None
    """Where it is named; None: all that the operation spans."""


def missing(op: ops.Operation, schema: Schema, target: Target) -> Iterator[Missing]:
    """What an operation names and the history says is not there in `schema`, unless it says IF EXISTS of that."""
    if not getattr(op, "if_exists", False):
        yield from _missing(op, schema, target)
    elif isinstance(op, ops.DropColumn | ops.DropConstraint) and not op.if_table_exists:
        # The words are about the column or the constraint: ALTER TABLE fails without the table.
        yield from _table(op.table, schema)


def may_be_made_again(op: ops.Operation, schema: Schema) -> bool:
    """Whether a table is dropped that the history has dropped and never made.

    What makes the tables of an application when it starts has made it, and makes it anew in its new form: a downgrade
    drops that one.
    """
    return isinstance(op, ops.DropTable) and op.table in schema.gone_given


def _missing(op: ops.Operation, schema: Schema, target: Target) -> Iterator[Missing]:
    match op:
        case ops.CreateTable(table=table):
            if checks_references(target):
                for key in table.foreign_keys:
                    if key.referred_table != table.name:
                        yield from _referred(key, schema, target)
        case ops.DropIndex():
            yield from _index(op.index, op.table, index_owner(schema, op), schema, target)
        case ops.RenameIndex(index=index):
            yield from _index(index, None, schema.table_of_index(index.name, index.schema), schema, target)
        case ops.AddEnumValue(enum=name, before=before, after=after):
            yield from _labels(name, (before, after), schema)
        case ops.RenameEnumValue(enum=name, value=value):
            yield from _labels(name, (value,), schema)
        case ops.RenameType(type=name) | ops.DropType(type=name):
            yield from _type(name, schema)
        case ops.TableOperation(table=name):
            gone = list(_table(name, schema))
            yield from () if op.if_table_exists else gone
            if not gone:
                yield from _parts(op, schema.table(name) or given_table(name, op.span), schema, target)


def _parts(op: ops.TableOperation, table: Table, schema: Schema, target: Target) -> Iterator[Missing]:
    """What an operation on a table that is there names of it and does not exist."""
    match op:
        case ops.AlterColumn(column=name) | ops.DropColumn(column=name) | ops.RenameColumn(column=name):
            yield from _columns(table, [name], target)
        case ops.Update(columns=names):
            yield from _columns(table, names, target)
        case ops.CreateIndex(index=index):
            yield from _columns(table, [name for name in (*index.columns, *index.include) if name], target)
        case ops.AddColumn(constraints=constraints):
            added = (op.column.name,)
            for constraint in constraints:
                yield from _constraint_parts(constraint, table, schema, target, added)
        case ops.AddConstraint(constraint=constraint, using_index=using):
            yield from _constraint_parts(constraint, table, schema, target)
            if using and table.is_told and table.index(using) is None:
                yield _missing_part(table, "index", using, [each.name for each in table.indexes])
        case ops.DropConstraint(constraint=str(name), kind=kind):
            yield from _constraint(table, name, kind, target)
        case ops.RenameConstraint(constraint=name) | ops.ValidateConstraint(constraint=name):
            yield from _constraint(table, name, None, target)


def _table(name: QualifiedName, schema: Schema) -> Iterator[Missing]:
    if name in schema.tables or name in schema.views or name in schema.sequences:
        return
    if name in schema.gone:
        known = _tables_beside(name, schema)
        yield Missing(f'"{name}" is not there any more', str(name), known, name.name, schema.gone[name])
    elif schema.is_closed:
        yield Missing(f'there is no table "{name}"', str(name), _tables_beside(name, schema), name.name)


def _tables_beside(name: QualifiedName, schema: Schema) -> tuple[str, ...]:
    return tuple(each.name for each in schema.tables if each.schema == name.schema)


def _columns(table: Table, names: Iterable[str], target: Target, added: tuple[str, ...] = ()) -> Iterator[Missing]:
    there = {*(column.name for column in table.columns), *added}
    if folds_column_names(target):
        folded = {name.lower() for name in there}
        names = [name for name in names if name.lower() not in folded]
    for name in dict.fromkeys(names):
        if name in there or not table.is_sure_of(name):
            continue
        if table.is_told or table.lost_at(name):
            yield _missing_part(table, "column", name, there)


def _missing_part(table: Table, kind: str, name: str, known: Iterable[str | None]) -> Missing:
    lost = table.lost_at(name)
    what = f'"{table.name}" has no {kind} "{name}"{" any more" if lost else ""}'
    return Missing(what, f"{table.name}.{name}", tuple(each for each in known if each), name, lost)


def _constraint_parts(
    constraint: AnyConstraint, table: Table, schema: Schema, target: Target, added: tuple[str, ...] = ()
) -> Iterator[Missing]:
    """The columns that a new constraint stands on, and what a foreign key refers to."""
    if isinstance(constraint, PrimaryKey | UniqueConstraint | ForeignKey):
        yield from _columns(table, constraint.columns, target, added)
    if not isinstance(constraint, ForeignKey) or not checks_references(target):
        return
    if constraint.referred_table == table.name:
        yield from _columns(table, constraint.referred_columns, target, added)
    else:
        yield from _referred(constraint, schema, target)


def _referred(key: ForeignKey, schema: Schema, target: Target) -> Iterator[Missing]:
    table = schema.table(key.referred_table)
    found = _table(key.referred_table, schema) if table is None else _columns(table, key.referred_columns, target)
    for missing in found:
        yield missing._replace(at=key.span)


def _constraint(table: Table, name: str, kind: ops.ConstraintKind | None, target: Target) -> Iterator[Missing]:
    of_kind = [each for each in table.constraints() if kind in (None, constraint_kind(each))]
    if any(each.unproven_not_null == name for each in table.columns):
        return
    if table.constraint(name) or name in table.doubtful or _may_be_named(name, kind, of_kind, table, target):
        return
    if table.is_told or (table.is_certain and table.lost_at(name) and not table.index(name)):
        yield _missing_part(table, "constraint", name, [each.name for each in of_kind])


def _may_be_named(
    name: str, kind: ops.ConstraintKind | None, of_kind: list[AnyConstraint], table: Table, target: Target
) -> bool:
    """Whether a constraint whose name nobody wrote down may have this one."""
    if any(each.name is None or each.is_assumed_name for each in of_kind) or name.endswith("_not_null"):
        return True
    if mixes_keys_and_indexes(target) and (kind == "primary" or table.index(name)):
        return True
    implicit = [each.name for each in of_kind if each.name and each.is_implicit_name]
    if implicit and not names_constraints_predictably(target):
        return True
    if _is_cut(name, [each.name for each in of_kind if each.name]):
        return True
    by_convention = any(not is_generated_name(each) for each in implicit)
    return by_convention and is_generated_name(name)


def _is_cut(name: str, known: list[str]) -> bool:
    """Whether SQLAlchemy or the database may have made one of the names shorter, so that they do not compare."""
    return len(name) > LONGEST_NAME or any(len(each) > LONGEST_NAME and each[:40] == name[:40] for each in known)


def _index(
    index: QualifiedName, named: QualifiedName | None, owner: Table | None, schema: Schema, target: Target
) -> Iterator[Missing]:
    if named:
        gone = list(_table(named, schema))
        if gone:
            yield from gone
            return
    if owner is None:
        yield from _lost_index(index, schema)
        return
    name = index.name
    if (
        owner.index(name)
        or name in owner.doubtful
        or _is_index_elsewhere(index, schema, target)
        or _is_key(name, owner, target)
    ):
        return
    names = [each.name for each in owner.indexes if each.name]
    if _is_cut(name, names):
        return
    if owner.is_told or (owner.is_certain and owner.lost_at(name)):
        missing = _missing_part(owner, "index", name, names)
        if owner.constraint(name):
            missing = missing._replace(what=f'"{name}" of "{owner.name}" is a constraint and no index', known=())
        yield missing


def _lost_index(index: QualifiedName, schema: Schema) -> Iterator[Missing]:
    """An index without its table is missed only where the history has dropped or renamed it."""
    for table in schema.tables.values():
        lost = table.lost_at(index.name)
        if (
            lost
            and table.is_sure_of(index.name)
            and table.name.schema == index.schema
            and _is_only_name(index.name, table)
        ):
            known = tuple(each.name for each in table.indexes if each.name)
            what = f'"{table.name}" has no index "{index.name}" any more'
            yield Missing(what, f"{table.name}.{index.name}", known, index.name, lost)


def _is_only_name(name: str, table: Table) -> bool:
    return table.column(name) is None and table.constraint(name) is None


def _is_index_elsewhere(index: QualifiedName, schema: Schema, target: Target) -> bool:
    """Whether the statement finds the index on another table than the one the script names."""
    if not shares_index_names(target):
        return False
    return any(schema.tables_of_index(index.name, each) for each in {index.schema, None})


def _is_key(name: str, table: Table, target: Target) -> bool:
    """Whether the index is one that a key brought along, under the key's name or that of its column."""
    if not mixes_keys_and_indexes(target):
        return False
    return bool(table.constraint(name) or table.column(name) or table.lost_at(name))


def _labels(name: QualifiedName, labels: Iterable[str | None], schema: Schema) -> Iterator[Missing]:
    enum = schema.enums.get(name)
    if enum is None:
        yield from _type(name, schema)
        return
    for label in labels:
        if label is not None and label not in enum.values:
            yield Missing(f'"{name}" has no value "{label}"', f"{name}.{label}", enum.values, label)


def _type(name: QualifiedName, schema: Schema) -> Iterator[Missing]:
    """An enum type that the history has dropped or renamed."""
    if name in schema.enums:
        return
    known = tuple(each.name for each in schema.enums)
    if name in schema.gone_types:
        what = f'the type "{name}" is not there any more'
        yield Missing(what, str(name), known, name.name, schema.gone_types[name])
    elif schema.is_closed:
        yield Missing(f'there is no type "{name}"', str(name), known, name.name)
