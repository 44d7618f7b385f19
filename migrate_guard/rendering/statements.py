"""Operations as SQL statements, for those that Alembic has no directive for; NotKnown for what cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import UNSET
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ForeignKey,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rendering.parts import (
    HOLE,
    NotKnown,
    Scope,
    column_text,
    constraint_text,
    expression_text,
    index_text,
    string,
    type_text,
)

_NOWHERE: Final = Span("", 1, 1, 1, 1)


def statements(operation: ops.Operation, target: Target) -> tuple[str, ...]:
    """The statements, without semicolons, of which all but the first say what the first cannot."""
    scope = Scope(Schema(), target, is_open=True)
    if isinstance(operation, ops.TableOperation):
        written = tuple(_about_table(operation, scope))
    else:
        written = tuple(_about_other(operation, scope))
    if not written:
        raise NotKnown("there is no SQL for it")
    return written


def _about_table(operation: ops.TableOperation, scope: Scope) -> Iterator[str]:
    match operation:
        case ops.Insert(sql=sql) | ops.Update(sql=sql) | ops.Delete(sql=sql) if _is_complete(operation, sql, scope):
            yield sql
        case ops.DropTable():
            exists = "IF EXISTS " if operation.if_exists else ""
            yield f"DROP TABLE {exists}{scope.qualified(operation.table)}{_cascade(cascade=operation.cascade)}"
        case ops.CreateIndex():
            yield _create_index(operation, scope)
        case ops.Delete(where=where, reads=()):
            condition = f" WHERE {expression_text(where, 'its condition', scope)}" if where else ""
            yield f"DELETE FROM {_only(operation)}{scope.qualified(operation.table)}{condition}"
        case ops.RenameTable():
            yield from _rename_table(operation, scope)
        case ops.AddColumn():
            yield from _add_column(operation, scope)
        case _:
            head = _alter(operation, scope)
            yield from (f"{head} {action}" for action in _actions(operation, scope))


_PARAMETER: Final = lazily(r"(?<![:\w]):[A-Za-z_]\w*|%s|%\(\w+\)s|\$\d")
_QUOTED: Final = lazily(r"'(?:[^']|'')*'")


def _is_complete(operation: ops.TableOperation, sql: str, scope: Scope) -> bool:
    """Whether a text is all of the statement: nothing in it is unknown or handed over beside it."""
    if not sql or HOLE in sql or _PARAMETER.search(_QUOTED.sub("''", sql)):
        return False
    return operation.is_sql or scope.qualified(operation.table) == str(operation.table)


def _alter(operation: ops.TableOperation, scope: Scope) -> str:
    exists = "IF EXISTS " if operation.if_table_exists else ""
    return f"ALTER TABLE {exists}{_only(operation)}{scope.qualified(operation.table)}"


def _only(operation: ops.TableOperation) -> str:
    return "ONLY " if operation.only else ""


def _cascade(*, cascade: bool) -> str:
    return " CASCADE" if cascade else ""


def _actions(operation: ops.TableOperation, scope: Scope) -> Iterator[str]:
    """What stands behind ALTER TABLE and the name of the table."""
    name = scope.name
    exists = "IF EXISTS " if getattr(operation, "if_exists", False) else ""
    match operation:
        case ops.DropColumn():
            yield f"DROP COLUMN {exists}{name(operation.column)}{_cascade(cascade=operation.cascade)}"
        case ops.DropConstraint(constraint=str(constraint)):
            yield f"DROP CONSTRAINT {exists}{name(constraint)}{_cascade(cascade=operation.cascade)}"
        case ops.RenameColumn():
            yield f"RENAME COLUMN {name(operation.column)} TO {name(operation.new_name)}"
        case ops.RenameConstraint() if scope.target.dialect == "postgresql":
            yield f"RENAME CONSTRAINT {name(operation.constraint)} TO {name(operation.new_name)}"
        case ops.ValidateConstraint():
            yield f"VALIDATE CONSTRAINT {name(operation.constraint)}"
        case ops.AddNotNull():
            called = f"CONSTRAINT {name(operation.name)} " if operation.name else ""
            yield f"ADD {called}NOT NULL {name(operation.column)} NOT VALID"
        case ops.AttachPartition(bound=str(bound)) if HOLE not in bound:
            yield f"ATTACH PARTITION {scope.qualified(operation.partition)} {bound}"
        case ops.DetachPartition():
            how = " CONCURRENTLY" * operation.concurrently + " FINALIZE" * operation.finalize
            yield f"DETACH PARTITION {scope.qualified(operation.partition)}{how}"
        case ops.AddConstraint(constraint=constraint, using_index=using):
            yield f"ADD {_constraint(constraint, operation.table, using, scope)}"
        case ops.AlterColumn() if scope.target.dialect == "postgresql":
            column = name(operation.column)
            yield from (f"ALTER COLUMN {column} {change}" for change in _changes(operation, scope))


def _changes(operation: ops.AlterColumn, scope: Scope) -> Iterator[str]:
    if operation.modify_comment is not UNSET:
        raise NotKnown("its comment has a statement of its own")
    if operation.modify_type is not None:
        collation = f" COLLATE {_collation(operation.collation)}" if operation.collation else ""
        using = f" USING {expression_text(operation.using, 'its USING', scope)}" if operation.using else ""
        yield f"TYPE {type_text(operation.modify_type, scope)}{collation}{using}"
    if operation.modify_nullable is not None:
        yield "DROP NOT NULL" if operation.modify_nullable else "SET NOT NULL"
    default = operation.modify_default
    if default is None:
        yield "DROP DEFAULT"
    elif default is not UNSET:
        yield f"SET DEFAULT {expression_text(default, 'its default', scope)}"
    computed = operation.modify_computed
    if computed is None:
        yield "DROP EXPRESSION"
    elif computed is not UNSET:
        yield f"SET EXPRESSION AS ({expression_text(computed, 'what computes it', scope)})"
    elif operation.modify_identity is True:
        yield f"ADD GENERATED {'ALWAYS' if operation.is_always_identity else 'BY DEFAULT'} AS IDENTITY"
    elif operation.modify_identity is False:
        yield "DROP IDENTITY"


def _collation(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _constraint(constraint: AnyConstraint, table: QualifiedName, using: str | None, scope: Scope) -> str:
    if constraint.is_implicit_name:
        constraint = replace(constraint, name=None)
    if using is not None:
        kind = "PRIMARY KEY" if isinstance(constraint, PrimaryKey) else "UNIQUE"
        called = f"CONSTRAINT {scope.name(constraint.name)} " if constraint.name else ""
        return f"{called}{kind} USING INDEX {scope.name(using)}{_deferral(constraint)}"
    text = constraint_text(constraint, Table(table, _NOWHERE), scope)
    checked = " NOT ENFORCED" if constraint.not_enforced else " NOT VALID" if constraint.not_valid else ""
    return text + (checked if isinstance(constraint, CheckConstraint | ForeignKey) else "")


def _deferral(constraint: AnyConstraint) -> str:
    if not isinstance(constraint, UniqueConstraint) or not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


def _add_column(operation: ops.AddColumn, scope: Scope) -> Iterator[str]:
    """The column, and a statement for each constraint and index that comes along, as Alembic does it."""
    table = Table(operation.table, _NOWHERE)
    head, missing = _alter(operation, scope), "IF NOT EXISTS " if operation.if_not_exists else ""
    yield f"{head} ADD COLUMN {missing}{column_text(operation.column, table, scope)}"
    for constraint in operation.constraints:
        yield f"{head} ADD {_constraint(constraint, operation.table, None, scope)}"
    yield from (index_text(index, table, scope) for index in operation.indexes)
    yield from _comments(replace(table, columns=(operation.column,)), scope)


def _create_index(operation: ops.CreateIndex, scope: Scope) -> str:
    text = index_text(operation.index, Table(operation.table, _NOWHERE), scope)
    how = " CONCURRENTLY" * operation.concurrently + " IF NOT EXISTS" * operation.if_not_exists
    text = text.replace("INDEX", f"INDEX{how}", 1)
    on = f" ON {scope.qualified(operation.table)}"
    return text.replace(on, f" ON ONLY {scope.qualified(operation.table)}", 1) if operation.only else text


def _rename_table(operation: ops.RenameTable, scope: Scope) -> Iterator[str]:
    old, new = operation.table, operation.new_name
    if old.schema == new.schema:
        yield f"{_alter(operation, scope)} RENAME TO {scope.name(new.name)}"
    elif old.name == new.name and scope.target.dialect == "postgresql":
        yield f"{_alter(operation, scope)} SET SCHEMA {scope.name(new.schema or 'public')}"


def _about_other(operation: ops.Operation, scope: Scope) -> Iterator[str]:
    name, qualified = scope.name, scope.qualified
    is_postgresql = scope.target.dialect == "postgresql"
    exists = "IF EXISTS " if getattr(operation, "if_exists", False) else ""
    missing = "IF NOT EXISTS " if getattr(operation, "if_not_exists", False) else ""
    cascade = _cascade(cascade=getattr(operation, "cascade", False))
    match operation:
        case ops.RawSql(sql=sql) if sql and HOLE not in sql:
            yield sql
        case ops.SetParameter():
            yield _setting(operation, scope)
        case ops.CreateTable():
            yield from _create_table(operation, scope)
        case ops.RenameIndex() if is_postgresql:
            yield f"ALTER INDEX {exists}{qualified(operation.index)} RENAME TO {name(operation.new_name)}"
        case ops.CreateEnum(enum=enum) if is_postgresql and enum.values and not missing:
            yield f"CREATE TYPE {qualified(enum.name)} AS ENUM ({', '.join(map(string, enum.values))})"
        case ops.AddEnumValue():
            place = f" BEFORE {string(operation.before)}" if operation.before is not None else ""
            place = f" AFTER {string(operation.after)}" if operation.after is not None else place
            yield f"ALTER TYPE {qualified(operation.enum)} ADD VALUE {missing}{string(operation.value)}{place}"
        case ops.RenameEnumValue():
            values = f"{string(operation.value)} TO {string(operation.new_value)}"
            yield f"ALTER TYPE {qualified(operation.enum)} RENAME VALUE {values}"
        case ops.RenameType(type=old, new_name=new) if old.schema == new.schema:
            yield f"ALTER TYPE {qualified(old)} RENAME TO {name(new.name)}"
        case ops.DropType():
            yield f"DROP TYPE {exists}{qualified(operation.type)}{cascade}"
        case ops.DropSequence():
            yield f"DROP SEQUENCE {exists}{qualified(operation.sequence)}{cascade}"
        case ops.DropView():
            kind = "MATERIALIZED VIEW" if operation.is_materialized else "VIEW"
            yield f"DROP {kind} {exists}{qualified(operation.view)}{cascade}"
        case ops.CreateView(view=view) if view.definition and HOLE not in view.definition:
            kind = "MATERIALIZED VIEW" if view.is_materialized else "VIEW"
            replaced = "OR REPLACE " if operation.replace else ""
            yield f"CREATE {replaced}{kind} {missing}{qualified(view.name)} {view.definition}"
        case ops.CreateSequence(sequence=sequence):
            owner = sequence.owned_by
            owned = f"OWNED BY {qualified(owner[0])}.{name(owner[1])}" if owner else ""
            words = ("CREATE SEQUENCE", f"{missing}{qualified(sequence.name)}", sequence.definition, owned)
            yield " ".join(filter(None, words))
        case ops.DropIndex() if is_postgresql:
            how = "CONCURRENTLY " if operation.concurrently else ""
            yield f"DROP INDEX {how}{exists}{qualified(operation.index)}"


def _create_table(operation: ops.CreateTable, scope: Scope) -> Iterator[str]:
    table = operation.table
    if operation.copies_rows or operation.likes or table.of_type or (table.is_open and not table.is_part):
        raise NotKnown("the columns of the table come from elsewhere")
    missing = "IF NOT EXISTS " if operation.if_not_exists else ""
    head = f"CREATE {'UNLOGGED ' if table.is_unlogged else ''}TABLE {missing}{scope.qualified(table.name)}"
    parts = [column_text(each, table, scope) for each in table.columns]
    parts += [_constraint(each, table.name, None, scope) for each in table.constraints()]
    body = f"{head} (\n  " + ",\n  ".join(parts) + "\n)" if parts else f"{head} ()"
    if table.partition_of is not None:
        if parts or table.partition_bound is None:
            raise NotKnown("the table is a partition with parts of its own")
        body = f"{head} PARTITION OF {scope.qualified(table.partition_of)} {table.partition_bound}"
    inherits = f" INHERITS ({', '.join(map(scope.qualified, table.inherits))})" if table.inherits else ""
    partitioned = f" PARTITION BY {table.partition_by}" if table.partition_by else ""
    yield body + inherits + partitioned
    yield from (index_text(each, table, scope) for each in table.indexes)
    yield from _comments(table, scope)


def _comments(table: Table, scope: Scope) -> Iterator[str]:
    """The comments of a table and its columns, which PostgreSQL takes in statements of their own."""
    if scope.target.dialect != "postgresql":
        return
    name = scope.qualified(table.name)
    if table.comment is not None:
        yield f"COMMENT ON TABLE {name} IS {string(table.comment)}"
    for column in table.columns:
        if column.comment is not None:
            yield f"COMMENT ON COLUMN {name}.{scope.name(column.name)} IS {string(column.comment)}"


# -- settings

_NUMBER_OR_WORD: Final = lazily(r"[-+]?\d+(\.\d+)?|[A-Za-z_]\w*")
_EXPRESSION: Final = lazily(r"""['"`(@]""")
"""What MySQL's expressions have and settings of one word do not."""
_LIST: Final = lazily(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")+"|\w+)(?:\s*,\s*(?:'(?:[^']|'')*'|"(?:[^"]|"")+"|\w+))*""")


def _is_written_out(operation: ops.SetParameter, target: Target) -> bool:
    """Whether the value is SQL as it stands, not a string without its quotes."""
    name, value = operation.name, operation.value
    if target.dialect != "postgresql":
        return bool(_EXPRESSION.search(value))
    return bool(name == "search_path" and _LIST.fullmatch(value)) or (
        name == "timezone" and value.upper().startswith("INTERVAL ")
    )


def _setting(operation: ops.SetParameter, scope: Scope) -> str:
    name, value = operation.name, operation.value
    if HOLE in value:
        raise NotKnown(f"the value of {name} could not be computed")
    is_postgresql = scope.target.dialect == "postgresql"
    if is_postgresql and value.upper() == "DEFAULT" and not operation.is_local:
        return f"RESET {name}"
    if not (_NUMBER_OR_WORD.fullmatch(value) or _is_written_out(operation, scope.target)):
        value = string(value)
    if scope.target.dialect == "sqlite":
        return f"PRAGMA {name} = {value}"
    return f"SET {'LOCAL ' if operation.is_local else ''}{name} = {value}"
