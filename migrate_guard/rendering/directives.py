"""Operations as calls of Alembic's directives; NotKnown for those that have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.operations import UNSET, Unset
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Expression,
    ForeignKey,
    PrimaryKey,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.target import Target
from migrate_guard.rendering.constructs import (
    TRUE,
    column_code,
    constraint_of_column,
    constraint_options,
    default_code,
    identity_code,
    index_keys,
    index_options,
    is_index_of_column,
    must_be_plain,
    own_name,
    sql_text,
    table_arguments,
    type_code,
)
from migrate_guard.rendering.parts import HOLE, NotKnown
from migrate_guard.rendering.python import Argument, Parts, call, listed, literal, named, names, text_literal
from migrate_guard.rendering.python import Expression as Code
from migrate_guard.rendering.type_constructs import type_construct


def directives(operation: ops.Operation, target: Target) -> Iterator[Parts]:
    """The calls that do what the operation does."""
    _must_be_plain(operation, target)
    match operation:
        case ops.CreateTable():
            yield _create_table(operation, target)
        case ops.DropTable():
            yield _on(operation, "drop_table")
        case ops.RenameTable(new_name=new):
            yield _on(operation, "rename_table", after=[literal(new.name)])
        case ops.AddColumn():
            yield _add_column(operation, target)
        case ops.DropColumn():
            yield _on(operation, "drop_column", after=[literal(operation.column)])
        case ops.AlterColumn():
            yield _on(operation, "alter_column", after=(literal(operation.column), *_changes(operation, target)))
        case ops.RenameColumn():
            yield _rename_column(operation, target)
        case ops.CreateIndex():
            yield _create_index(operation, target)
        case ops.DropIndex():
            yield _drop_index(operation)
        case ops.AddConstraint(using_index=None):
            yield _add_constraint(operation)
        case ops.DropConstraint():
            yield _drop_constraint(operation)
        case _:
            raise NotKnown("Alembic has no directive for it")


def parted(operation: ops.Operation) -> tuple[ops.Operation, ...]:
    """The operation, and behind it as operations of their own what no argument of its directive stands for.

    For each of these Alembic sends a statement of its own anyway; those of CREATE TABLE may come later.
    """
    match operation:
        case ops.AddColumn(table=table, column=column):
            constraints = tuple(each for each in operation.constraints if _goes_along(each, column.name))
            indexes = tuple(each for each in operation.indexes if is_index_of_column(each, table, column.name))
            apart = [each for each in operation.constraints if each not in constraints]
            left = [each for each in operation.indexes if each not in indexes]
            head: ops.Operation = replace(operation, constraints=constraints, indexes=indexes)
        case ops.CreateTable(table=Table(name=table) as made):
            apart = list(made.exclusion_constraints)
            left = [each for each in made.indexes if each.name is None]
            named_ones = tuple(each for each in made.indexes if each.name is not None)
            head = replace(operation, table=replace(made, exclusion_constraints=(), indexes=named_ones))
        case _:
            return (operation,)
    span, in_batch = operation.span, operation.in_batch
    return (
        head,
        *(ops.AddConstraint(span=span, table=table, in_batch=in_batch, constraint=each) for each in apart),
        *(ops.CreateIndex(span=span, table=table, in_batch=in_batch, index=each) for each in left),
    )


def _goes_along(constraint: AnyConstraint, column: str) -> bool:
    try:
        constraint_of_column(constraint, column)
    except NotKnown:
        return False
    return True


def _must_be_plain(operation: ops.Operation, target: Target) -> None:
    """What a directive cannot say, or not in every release: IF EXISTS of tables, columns and constraints came later."""
    if isinstance(operation, ops.TableOperation) and (operation.only or operation.if_table_exists):
        raise NotKnown("Alembic has no argument for ONLY and IF EXISTS")
    match operation:
        case ops.DropTable() | ops.DropColumn() | ops.DropConstraint():
            if operation.cascade or operation.if_exists:
                raise NotKnown("Alembic 1.12 has no argument for CASCADE and IF EXISTS")
        case ops.AddColumn(if_not_exists=True):
            raise NotKnown("Alembic 1.12 has no argument for IF NOT EXISTS")
        case ops.RenameTable(table=old, new_name=new) if old.schema != new.schema:
            raise NotKnown("Alembic moves no table to another schema")
        case ops.CreateTable() if operation.likes or operation.copies_rows:
            raise NotKnown("the columns of the table come from a query")


def _on(
    operation: ops.TableOperation,
    directive: str,
    *,
    before: Iterable[Code] = (),
    after: Iterable[Code | Argument] = (),
    schema: str = "schema",
) -> Parts:
    """A directive about a table, which a batch block knows already."""
    table = operation.table
    if operation.in_batch:
        return call(f"batch_op.{directive}", *before, *after)
    place = [named(schema, literal(table.schema))] if table.schema else []
    return call(f"op.{directive}", *before, literal(table.name), *after, *place)


# -- tables and columns


def _create_table(operation: ops.CreateTable, target: Target) -> Parts:
    missing = [named("if_not_exists", TRUE)] if operation.if_not_exists else []
    table = operation.table
    return call("op.create_table", literal(table.name.name), *table_arguments(table, target), *missing)


def _add_column(operation: ops.AddColumn, target: Target) -> Parts:
    column = operation.column
    if column.is_serial:
        raise NotKnown("SQLAlchemy numbers no column that is added")
    along = [constraint_of_column(each, column.name) for each in operation.constraints]
    for index in operation.indexes:
        along += [named("index", TRUE), *([named("unique", TRUE)] if index.unique else [])]
    inline = [named("inline_references", TRUE)] if operation.inline_references else []
    return _on(operation, "add_column", after=[column_code(column, target, tuple(along)), *inline])


def _rename_column(operation: ops.RenameColumn, target: Target) -> Parts:
    existing = _existing(operation.existing_type, operation.existing_nullable, operation.existing_default, target)
    existing += _existing_rest(operation)
    new = named("new_column_name", literal(operation.new_name))
    return _on(operation, "alter_column", after=(literal(operation.column), new, *existing))


def _existing_rest(operation: ops.AlterColumn | ops.RenameColumn) -> Iterator[Argument]:
    """The comment, and whether MySQL numbers the column."""
    if operation.existing_comment is not UNSET:
        comment = operation.existing_comment
        yield named("existing_comment", "None" if comment is None else literal(comment))
    if operation.is_serial:
        yield named("existing_autoincrement", TRUE)


def _existing(
    type_: Type | None, nullable: bool | None, default: Expression | Unset | None, target: Target
) -> list[Argument]:
    """What the column is so far, as far as there are constructs for it: no database but MySQL needs to be told."""
    found: list[Argument] = []
    construct = type_construct(type_, target.dialect) if type_ else None
    if construct is not None:
        found.append(named("existing_type", construct))
    if nullable is not None:
        found.append(named("existing_nullable", str(nullable)))
    if default is None:
        found.append(named("existing_server_default", "None"))
    elif default is not UNSET and HOLE not in default.text:
        found.append(named("existing_server_default", default_code(default, type_, target)))
    return found


def _changes(operation: ops.AlterColumn, target: Target) -> Iterator[Argument]:
    if operation.modify_type is not None:
        yield named("type_", type_code(operation.modify_type, target, operation.collation))
    if operation.modify_nullable is not None:
        yield named("nullable", str(operation.modify_nullable))
    yield from _default_change(operation, target)
    if operation.modify_comment is not UNSET:
        comment = operation.modify_comment
        yield named("comment", "None" if comment is None else literal(comment))
    yield from _existing(operation.existing_type, operation.existing_nullable, operation.existing_default, target)
    yield from _existing_rest(operation)
    if operation.using is not None:
        if HOLE in operation.using.text:
            raise NotKnown("its USING could not be computed")
        yield named("postgresql_using", text_literal(operation.using.text))


def _default_change(operation: ops.AlterColumn, target: Target) -> Iterator[Argument]:
    default, computed = operation.modify_default, operation.modify_computed
    if operation.modify_identity is True:
        yield named("server_default", identity_code(is_always=operation.is_always_identity))
    elif operation.modify_identity is False or computed is not UNSET:
        raise NotKnown("Alembic has no argument for it")
    elif default is None:
        yield named("server_default", "None")
    elif default is not UNSET:
        type_ = operation.modify_type or operation.existing_type
        yield named("server_default", default_code(default, type_, target))


# -- indexes and constraints


def _create_index(operation: ops.CreateIndex, target: Target) -> Parts:
    index = operation.index
    how = [named("postgresql_concurrently", TRUE)] if operation.concurrently else []
    missing = [named("if_not_exists", TRUE)] if operation.if_not_exists else []
    keys = listed(index_keys(index, target))
    return _on(
        operation,
        "create_index",
        before=[literal(index.name) if index.name else "None"],
        after=[keys, *index_options(index, target), *how, *missing],
    )


def _drop_index(operation: ops.DropIndex) -> Parts:
    index, table = operation.index, operation.table
    how = [named("postgresql_concurrently", TRUE)] if operation.concurrently else []
    missing = [named("if_exists", TRUE)] if operation.if_exists else []
    if operation.in_batch and table is not None:
        return call("batch_op.drop_index", literal(index.name), *how, *missing)
    owner = [named("table_name", literal(table.name))] if table else []
    place = [named("schema", literal(index.schema))] if index.schema else []
    return call("op.drop_index", literal(index.name), *owner, *how, *missing, *place)


def _add_constraint(operation: ops.AddConstraint) -> Parts:
    constraint = operation.constraint
    name = own_name(constraint)
    before = [_constraint_name(name, is_check=isinstance(constraint, CheckConstraint))]
    options = constraint_options(constraint)
    match constraint:
        case PrimaryKey():
            return _on(operation, "create_primary_key", before=before, after=[names(constraint.columns), *options])
        case UniqueConstraint():
            columns = names(constraint.columns)
            return _on(operation, "create_unique_constraint", before=before, after=[columns, *options])
        case CheckConstraint():
            condition = sql_text(constraint.expression, "its condition")
            return _on(operation, "create_check_constraint", before=before, after=[condition, *options])
        case ForeignKey():
            must_be_plain(constraint)
            referred = constraint.referred_table
            place = [named("referent_schema", literal(referred.schema))] if referred.schema else []
            keys = [names(constraint.columns), names(constraint.referred_columns)]
            after: tuple[Code | Argument, ...] = (literal(referred.name), *keys, *options, *place)
            return _on(operation, "create_foreign_key", before=before, after=after, schema="source_schema")
    raise NotKnown("an exclusion constraint is written as SQL")


def _drop_constraint(operation: ops.DropConstraint) -> Parts:
    name = _constraint_name(operation.constraint, is_check=operation.kind == "check")
    kind = [named("type_", literal(operation.kind))] if operation.kind else []
    return _on(operation, "drop_constraint", before=[name], after=kind)


def _constraint_name(name: str | None, *, is_check: bool) -> Code:
    """A name as it is in the database: conventions often put that of a CHECK into a longer one, if not for `op.f`."""
    if name is None:
        return "None"
    return call("op.f", literal(name)) if is_check else literal(name)
