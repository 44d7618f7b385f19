"""Columns: added, dropped, renamed, altered.

Lock levels: `AlterTableGetLockLevel` in PostgreSQL's `commands/tablecmds.c`, 12 to 18; whether partitions and heirs are
locked with their parent: `ATPrepCmd` there; both measured on the versions 12, 14, 15, 17 and 18.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.dialects.postgresql.effects import constraints, domains, functions, types
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ROW_EXCLUSIVE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
    index_columns,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects, Verdict, together
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    UNKNOWN_TYPE,
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

_VIRTUAL_SINCE = 18
_IDENTITY_OF_PARTITIONS_SINCE = 17


def add(operation: ops.AddColumn, scene: Scene) -> Effects:
    """ADD COLUMN, with the constraints that are written at the column."""
    table, column = scene.table(operation.table), operation.column
    if operation.if_not_exists and table and table.column(column.name):
        return scene.lock(ACCESS_EXCLUSIVE, operation.table)
    names = scene.family(operation.table, only=operation.only)
    stored = scene.stored(names)
    found = scene.lock(ACCESS_EXCLUSIVE, *names) | _filled(column, scene, stored)
    sequence = functions.sequence_in(column.default.text) if column.default else None
    if sequence is not None:
        found = found | scene.lock_sequence(ROW_EXCLUSIVE, sequence)
    is_virtual = column.computed is not None and not _is_stored(column, scene)
    has_value = column.default is not None or column.is_serial or column.is_identity or _is_stored(column, scene)
    is_null = column.default is not None and column.default.text.strip().upper() == "NULL"
    if column.nullable is False and (is_null or not has_value) and not _is_key(operation):
        why = "every row is checked for NOT NULL" if is_virtual else "NOT NULL without a default fails on the first row"
        found = found | scene.scanning(why, *stored)
    for constraint in operation.constraints:
        found = found | _inline(constraint, operation, scene, stored, has_value=has_value)
    return found


def _is_key(operation: ops.AddColumn) -> bool:
    return any(isinstance(each, PrimaryKey) for each in operation.constraints)


def _is_stored(column: Column, scene: Scene) -> bool:
    return column.computed is not None and (column.is_stored or scene.version < _VIRTUAL_SINCE)


def _filled(column: Column, scene: Scene, stored: tuple[QualifiedName, ...]) -> Effects:
    """What it takes to give every row its value: nothing where one value in the catalog stands for all rows."""
    reason = _rewriting(column, scene)
    if reason.is_no or not stored:
        return NOTHING
    if reason.is_yes:
        return scene.rewriting(reason.why[0], *stored)
    depends = Answer(Verdict.DEPENDS, reason.why, stored)
    return Effects(rewrites=depends, scans=depends, rebuilds_index=depends)


def _rewriting(column: Column, scene: Scene) -> Answer:
    if column.is_serial or column.type.name in ("SERIAL", "BIGSERIAL", "SMALLSERIAL"):
        return Answer.yes("every row gets a number of its own: SERIAL")
    if column.is_identity:
        return Answer.yes("every row gets a number of its own: IDENTITY")
    if column.computed is not None:
        return Answer.yes("the generated column is stored in every row") if _is_stored(column, scene) else NO
    default = functions.volatility(column.default, scene.schema) if column.default else NO
    domain = domains.find(column.type, scene.schema)
    if domain is not None and domain.is_constrained:
        return Answer.yes(f"every row is checked by the constraints of the domain {column.type}")
    if not domains.is_known(column.type, scene.schema):
        return default | Answer.depends(f"it is not known whether {column.type} is a domain with constraints")
    return default


def _inline(
    constraint: AnyConstraint,
    operation: ops.AddColumn,
    scene: Scene,
    stored: tuple[QualifiedName, ...],
    *,
    has_value: bool,
) -> Effects:
    name = operation.table
    match constraint:
        case ForeignKey(referred_table=parent):
            locked = scene.lock(SHARE_ROW_EXCLUSIVE, *scene.partitions(parent)) if parent != name else NOTHING
            # a column that is NULL everywhere refers to nothing; any DEFAULT, be it NULL, is checked
            why = "the foreign key of a column with a default is checked"
            return locked | scene.scanning(why, *stored, parent) if has_value else locked
        case CheckConstraint() if not constraint.not_enforced:
            return scene.scanning("the CHECK of a new column is checked for every row", *stored)
        case UniqueConstraint() | PrimaryKey() | ExclusionConstraint():
            return scene.building("the key of the new column needs an index", *stored)
    return NOTHING


def drop(operation: ops.DropColumn, scene: Scene) -> Effects:
    """DROP COLUMN: what rests on the column goes with it, and is locked as if it were dropped by itself."""
    name, column = operation.table, operation.column
    table = scene.table(name)
    if operation.if_exists and table and table.is_told and table.column(column) is None:
        return scene.lock(ACCESS_EXCLUSIVE, name)
    found = scene.lock(ACCESS_EXCLUSIVE, *scene.family(name))
    if table is None or (table.is_open and table.column(column) is None):
        found = found | Effects(open_locks=(f"a foreign key on {name}.{column} locks the table it refers to",))
    if table is not None:
        found = found | _dropped_with(table, column, scene)
    if operation.cascade:
        key = table.primary_key if table else None
        for other in scene.schema.referring(name):
            if any(_refers(each, name, column, key) for each in other.foreign_keys):
                found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(other.name))
        for view in scene.views_of(name, column):
            found = (
                found | scene.lock(ACCESS_EXCLUSIVE, view) | scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(view))
            )
    return found


def _dropped_with(table: Table, column: str, scene: Scene) -> Effects:
    """The parents of foreign keys on the column, its indexes and its sequence."""
    found = NOTHING
    for key in table.foreign_keys:
        if column in key.columns and key.referred_table != table.name:
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(key.referred_table))
    schema = table.name.schema
    keys = [each.name for each in table.constraints() if _makes_index(each) and column in each.columns]
    indexes = [each.name for each in table.indexes if column in index_columns(each)]
    names = [QualifiedName(each, schema) for each in (*keys, *indexes) if each]
    found = found | scene.lock_index(ACCESS_EXCLUSIVE, *names)
    return found | scene.lock_sequence(ACCESS_EXCLUSIVE, *scene.sequences_of(table, column))


def _makes_index(constraint: AnyConstraint) -> bool:
    return not isinstance(constraint, ForeignKey | CheckConstraint)


def _refers(key: ForeignKey, table: QualifiedName, column: str, primary: PrimaryKey | None) -> bool:
    if key.referred_table != table:
        return False
    return column in (key.referred_columns or (primary.columns if primary else ()))


def rename(operation: ops.RenameColumn, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *scene.family(operation.table))


def alter(operation: ops.AlterColumn, scene: Scene) -> Effects:
    """Every change of an ALTER COLUMN at once."""
    return together(change for change in changes(operation, scene))


def changes(operation: ops.AlterColumn, scene: Scene) -> Iterator[Effects]:
    """The changes of an ALTER COLUMN, in the order in which Alembic emits a statement for each."""
    names = scene.family(operation.table, only=operation.only)
    if operation.modify_type is not None:
        yield _type(operation, scene, names)
    if operation.modify_nullable is not None:
        yield _nullable(operation, scene, names)
    if operation.modify_default is not ops.UNSET:
        yield scene.lock(ACCESS_EXCLUSIVE, *names)
    if operation.modify_computed is not ops.UNSET:
        yield _computed(operation, scene, names)
    if operation.modify_identity is not ops.UNSET:
        yield _identity(operation, scene, names)
    if operation.modify_comment is not ops.UNSET:
        yield scene.lock(SHARE_UPDATE_EXCLUSIVE, operation.table)


def _column(operation: ops.AlterColumn, scene: Scene) -> Column | None:
    table = scene.table(operation.table)
    return table.column(operation.column) if table else None


# -- nullability


def _nullable(operation: ops.AlterColumn, scene: Scene, names: tuple[QualifiedName, ...]) -> Effects:
    if operation.modify_nullable:
        return scene.lock(ACCESS_EXCLUSIVE, *names)
    name, column = operation.table, _column(operation, scene)
    if column is None and operation.existing_nullable is False:
        return scene.lock(ACCESS_EXCLUSIVE, name)
    if column is not None and column.nullable is False and column.unproven_not_null is None:
        is_quiet = scene.is_partitioned(name) or scene.version >= _VIRTUAL_SINCE
        return scene.lock(ACCESS_EXCLUSIVE, *((name,) if is_quiet else names))
    unproven = [each for each in scene.stored(names) if not constraints.is_proven(each, operation.column, scene)]
    why = f"every row is checked for NULL in {operation.column}: no validated CHECK says that there is none"
    return scene.lock(ACCESS_EXCLUSIVE, *names) | scene.scanning(why, *unproven)


# -- type


def _type(operation: ops.AlterColumn, scene: Scene, names: tuple[QualifiedName, ...]) -> Effects:
    assert operation.modify_type is not None
    found = scene.lock(ACCESS_EXCLUSIVE, *names)
    for name in names:
        found = found | _type_of_one(name, operation, scene)
    return found


def _type_of_one(name: QualifiedName, operation: ops.AlterColumn, scene: Scene) -> Effects:
    """A new type of the column in one table: in the parent itself, or in one that has it from there."""
    table = scene.table(name)
    parent = scene.table(operation.table)
    column = _as_told(table, operation) or _as_told(parent, operation)
    new = operation.modify_type
    assert new is not None
    if column is None and operation.existing_type is None:
        depends = Answer.depends(f"the type of {operation.column} before is not known", name)
        return Effects(rewrites=depends, scans=depends, rebuilds_index=depends)
    column = column or Column(operation.column, operation.existing_type or UNKNOWN_TYPE, operation.span)
    found = _linked(table, column, scene) if table else NOTHING
    if name not in scene.stored((name,)):
        return found
    rewrites = types.rewriting(column, column.type, new, operation.using, scene.schema)
    rewrites = types.in_time_zone(rewrites, scene.time_zone)
    if rewrites.is_yes:
        return found | scene.rewriting(rewrites.why[0], name) | _checked_again(table, column, scene)
    answer = Answer(rewrites.verdict, rewrites.why, (name,) if rewrites.is_possible else ())
    if rewrites.is_possible:
        found = found | Effects(rewrites=answer, scans=answer, rebuilds_index=answer)
    return found | _rebuilt(table, column, operation, scene) | _checked_again(table, column, scene)


def _as_told(table: Table | None, operation: ops.AlterColumn) -> Column | None:
    """The column as it was, its type as the operation tells it where the history does not."""
    column = table.column(operation.column) if table else None
    if column is not None and not column.type.is_known and operation.existing_type is not None:
        return Column(column.name, operation.existing_type, column.span, collation=column.collation)
    return column


def converts_alike(operation: ops.AlterColumn, scene: Scene) -> bool:
    """Whether USING makes nothing of a value that the plain change of the type would not make of it."""
    column = _as_told(scene.table(operation.table), operation)
    if column is None and operation.existing_type is not None:
        column = Column(operation.column, operation.existing_type, operation.span)
    if column is None or operation.modify_type is None or operation.using is None:
        return False
    return types.converts_alike(column, operation.modify_type, operation.using, scene.schema)


def _linked(table: Table, column: Column, scene: Scene) -> Effects:
    """The tables at the other end of foreign keys that use the column: these are made anew."""
    found = NOTHING
    for key in table.foreign_keys:
        if column.name in key.columns and key.referred_table != table.name:
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(key.referred_table))
    for other in scene.schema.referring(table.name):
        if other.name != table.name and any(
            _refers(key, table.name, column.name, table.primary_key) for key in other.foreign_keys
        ):
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(other.name))
    if column.is_identity:
        found = found | scene.lock_sequence(SHARE_ROW_EXCLUSIVE, *scene.sequences_of(table, column.name))
    return found


def _rebuilt(table: Table | None, column: Column, operation: ops.AlterColumn, scene: Scene) -> Effects:
    """The indexes on the column that cannot stay although the rows do."""
    if table is None or operation.modify_type is None:
        return NOTHING
    new, collation = operation.modify_type, operation.collation
    answers = [
        types.keeps_index(each, column, new, collation, scene.schema)
        for holder in _with_parents(table, scene)
        for each in holder.indexes
        if column.name in index_columns(each)
    ]
    answers += [
        types.keeps_key(each.name, column, new, collation, scene.schema)
        for holder in _with_parents(table, scene)
        for each in holder.constraints()
        if _makes_index(each) and column.name in each.columns
    ]
    if any(holder.name != table.name for holder in _with_parents(table, scene)) and answers:
        # the indexes of partitions hang on that of their parent, which is made anew
        answers.append(Answer.yes("the index of a partitioned table is built anew in every partition"))
    strongest = types.strongest(answers)
    if strongest.is_no:
        return NOTHING
    answer = Answer(strongest.verdict, strongest.why, (table.name,))
    return Effects(rebuilds_index=answer, scans=answer)


def _with_parents(table: Table, scene: Scene) -> Iterator[Table]:
    """A partition with the tables it has its indexes from."""
    seen = set[QualifiedName]()
    current: Table | None = table
    while current is not None and current.name not in seen:
        seen.add(current.name)
        yield current
        current = scene.table(current.partition_of) if current.partition_of else None


def _checked_again(table: Table | None, column: Column, scene: Scene) -> Effects:
    """A CHECK on the column is made anew, and so every row is checked again."""
    if table is None:
        return NOTHING
    for check in constraints.checks_of(table, scene):
        if column.name in check.columns and not check.not_valid and not check.not_enforced:
            return scene.scanning(f"the CHECK {check.name or check.expression.text} is checked again", table.name)
    return NOTHING


# -- generation


def _computed(operation: ops.AlterColumn, scene: Scene, names: tuple[QualifiedName, ...]) -> Effects:
    found = scene.lock(ACCESS_EXCLUSIVE, *names)
    column = _column(operation, scene)
    if operation.modify_computed is None:
        return found
    if column is not None and column.computed is not None and not _is_stored(column, scene):
        return found
    why = "the new expression is stored in every row"
    return found | scene.rewriting(why, *scene.stored(names))


def _identity(operation: ops.AlterColumn, scene: Scene, names: tuple[QualifiedName, ...]) -> Effects:
    name = operation.table
    is_shared = scene.version >= _IDENTITY_OF_PARTITIONS_SINCE and scene.is_partitioned(name)
    found = scene.lock(ACCESS_EXCLUSIVE, *(names if is_shared else (name,)))
    column, table = _column(operation, scene), scene.table(name)
    if table is not None and column is not None and column.is_identity:
        mode = SHARE_ROW_EXCLUSIVE if operation.modify_identity else ACCESS_EXCLUSIVE
        found = found | scene.lock_sequence(mode, *scene.sequences_of(table, column.name))
    return found
