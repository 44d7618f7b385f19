"""What a migration does that takes a database of the migrations to what the models declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking.required import fills_itself
from migrate_guard.dialects.comments import table_comment
from migrate_guard.model import operations as ops
from migrate_guard.model.drift import Drift
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, Part
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    CheckConstraint,
    Column,
    Constraint,
    EnumType,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    Sequence,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span

_HERE: Final = Span("", 1, 1, 1, 1)
_KINDS: Final[dict[type, ops.ConstraintKind]] = {
    PrimaryKey: "primary",
    UniqueConstraint: "unique",
    ForeignKey: "foreignkey",
    CheckConstraint: "check",
}


def migration(drift: Drift) -> Instead:
    """The operations that the missing migration needs; of what only the migrations make, those that take it away."""
    types: Instead = tuple(ops.CreateEnum(span=_HERE, enum=each) for each in drift.types)
    made, gone = drift.declared, drift.migrated
    if is_numbered_otherwise(drift):
        return ()
    if drift.facts and made is not None and gone is not None:
        return (*types, *_changed(drift))
    if made is not None:
        return (*types, *_made(made, drift))
    return tuple(_taken(gone, drift)) if gone is not None else ()


def is_filled_later(drift: Drift) -> bool:
    """Whether it is a column that no row may go without, and that the rows that are there get no value in."""
    column = drift.declared
    return drift.ahead == "models" and isinstance(column, Column) and _needs_value(column)


def is_numbered_otherwise(drift: Drift) -> bool:
    """Whether it is a column with an identity that the models have numbered as SERIAL: nobody goes back to that."""
    return (
        isinstance(drift.declared, Column)
        and drift.declared.is_serial
        and isinstance(drift.migrated, Column)
        and drift.migrated.is_identity
    )


def _needs_value(column: Column) -> bool:
    return column.nullable is False and not fills_itself(column)


# What is made.


def _made(made: object, drift: Drift) -> Iterator[Part]:
    match made:
        case Table():
            yield ops.CreateTable(span=_HERE, table=made)
        case Column():
            yield from _made_column(made, drift)
        case Index():
            is_concurrent = drift.target.dialect == "postgresql"
            create = ops.CreateIndex(span=_HERE, table=drift.part.owner, index=made, concurrently=is_concurrent)
            yield AutocommitBlock((create,)) if is_concurrent else create
        case PrimaryKey() | UniqueConstraint() | ForeignKey() | CheckConstraint() | ExclusionConstraint():
            table, in_batch = drift.part.owner, _needs_batch(drift)
            yield ops.AddConstraint(span=_HERE, table=table, constraint=made, in_batch=in_batch)


def _made_column(made: Column, drift: Drift) -> Iterator[Part]:
    constraints = tuple(each for each in drift.along if not isinstance(each, Index))
    yield ops.AddColumn(
        span=_HERE,
        table=drift.part.owner,
        column=replace(made, nullable=True) if _needs_value(made) else made,
        constraints=constraints,
        in_batch=bool(constraints) and _needs_batch(drift),
    )
    if _needs_value(made):
        yield Note(f"here every row gets its {made.name}")
        yield _altered(drift, replace(_of_column(drift), modify_nullable=False))
    for each in drift.along:
        if isinstance(each, Index):
            yield from _made(each, drift)


# What is taken away.


def _taken(gone: object, drift: Drift) -> Iterator[Part]:
    table = drift.part.owner
    match gone:
        case Table(name=name):
            yield ops.DropTable(span=_HERE, table=name)
        case Column(name=column):
            yield ops.DropColumn(span=_HERE, table=table, column=column, in_batch=_needs_batch(drift))
        case Index(name=str(index)):
            is_concurrent = drift.target.dialect == "postgresql"
            name = QualifiedName(index, table.schema)
            drop = ops.DropIndex(span=_HERE, index=name, table=table, concurrently=is_concurrent)
            yield AutocommitBlock((drop,)) if is_concurrent else drop
        case PrimaryKey() | UniqueConstraint() | ForeignKey() | CheckConstraint() | ExclusionConstraint():
            if gone.name is None:
                yield Note(f"drop a {drift.part.kind} of {table} that has no name")
            else:
                yield ops.DropConstraint(
                    span=_HERE,
                    table=table,
                    constraint=gone.name,
                    kind=_KINDS.get(type(gone)),
                    in_batch=_needs_batch(drift),
                )


# What is changed.


def _changed(drift: Drift) -> Iterator[Part]:
    match drift.migrated, drift.declared:
        case Table(), Table(name=name, comment=comment):
            sql = table_comment(name, comment, drift.target)
            yield ops.RawSql(span=_HERE, sql=sql, kind="COMMENT ON TABLE", tables=(name,))
        case Column() as migrated, Column() as declared:
            yield from _changed_column(migrated, declared, drift)
        case EnumType() as migrated, EnumType() as declared:
            yield from _new_values(migrated, declared)
        case Index(name=str(old)), Index(name=str(new)) if _is_renamed(drift):
            name = QualifiedName(old, drift.part.owner.schema)
            yield ops.RenameIndex(span=_HERE, index=name, new_name=new)
        case UniqueConstraint(name=str(old)), UniqueConstraint(name=str(new)) if _is_renamed(drift):
            yield ops.RenameConstraint(span=_HERE, table=drift.part.owner, constraint=old, new_name=new)
        case Constraint() as migrated, Constraint() as declared:
            yield from _taken(migrated, drift)
            yield from _made(declared if declared.name else replace(declared, name=migrated.name), drift)
        case migrated, declared:
            yield from _taken(migrated, drift)
            yield from _made(declared, drift)


def _is_renamed(drift: Drift) -> bool:
    return drift.target.dialect == "postgresql" and all(each.name == "name" for each in drift.facts)


def _of_column(drift: Drift) -> ops.AlterColumn:
    """An ALTER that changes nothing yet; MySQL has to be told what the column is."""
    column = drift.declared or drift.migrated
    name = column.name if isinstance(column, Column) else ""
    made = ops.AlterColumn(span=_HERE, table=drift.part.owner, column=name)
    known = drift.migrated or drift.declared
    if drift.target.dialect not in ("mysql", "mariadb") or not isinstance(known, Column):
        return made
    return replace(
        made, existing_type=known.type, existing_nullable=known.nullable, existing_default=known.default or ops.UNSET
    )


def _altered(drift: Drift, operation: ops.AlterColumn) -> ops.AlterColumn:
    return replace(operation, in_batch=_needs_batch(drift))


def _changed_column(migrated: Column, declared: Column, drift: Drift) -> Iterator[Part]:
    facts = {each.name for each in drift.facts}
    if "generated" in facts and declared.computed is not None:
        yield from _taken(migrated, drift)
        yield ops.AddColumn(span=_HERE, table=drift.part.owner, column=declared)
        return
    altered = _of_column(drift)
    if "type" in facts:
        altered = replace(altered, modify_type=declared.type, using=_cast(migrated, declared, drift))
    if "default" in facts:
        if declared.is_serial:
            sequence = QualifiedName(declared.sequence_in(drift.part.owner), drift.part.owner.schema)
            owner = drift.part.owner, declared.name
            yield ops.CreateSequence(span=_HERE, sequence=Sequence(sequence, _HERE, owned_by=owner))
            altered = replace(altered, modify_default=Expression(f"nextval('{sequence}'::regclass)"))
        else:
            altered = replace(altered, modify_default=declared.default)
    if "identity" in facts:
        if migrated.is_serial and declared.is_identity:
            yield _altered(drift, replace(_of_column(drift), modify_default=None))
        altered = replace(altered, modify_identity=declared.is_identity, is_always_identity=declared.is_always_identity)
    if "generated" in facts:
        altered = replace(altered, modify_computed=None)
    if "comment" in facts:
        altered = replace(altered, modify_comment=declared.comment)
    if "nullable" in facts:
        if declared.nullable is False:
            yield Note(f"here every row gets its {declared.name}")
        altered = replace(altered, modify_nullable=declared.nullable)
    if altered != _of_column(drift):
        yield _altered(drift, altered)
    if "always" in facts:
        how = "ALWAYS" if declared.is_always_identity else "BY DEFAULT"
        sql = f"ALTER TABLE {drift.part.owner} ALTER COLUMN {declared.name} SET GENERATED {how}"
        yield ops.RawSql(span=_HERE, sql=sql, kind="ALTER TABLE", tables=(drift.part.owner,))


def _cast(migrated: Column, declared: Column, drift: Drift) -> Expression | None:
    """PostgreSQL casts by itself only where no value can be lost: to an enum, a number, a UUID it is to be told."""
    if drift.target.dialect != "postgresql" or migrated.type.family == declared.type.family:
        return None
    if declared.type.family == "text":
        return None
    return Expression(f"{declared.name}::{declared.type}", (declared.name,))


def _new_values(migrated: EnumType, declared: EnumType) -> Iterator[Part]:
    """The values at the places that the models have them at; PostgreSQL takes none away."""
    before: str | None = None
    for value in declared.values:
        if value not in migrated.values:
            yield ops.AddEnumValue(span=_HERE, enum=declared.name, value=value, after=before, if_not_exists=True)
        before = value


def _needs_batch(drift: Drift) -> bool:
    """SQLite changes nothing but names, and what is added without a constraint, in a table that is there."""
    return drift.target.dialect == "sqlite"
