"""The SQL that Alembic sends for an operation, as `alembic upgrade --sql` would print it.

Each of the operations that `dialects.emitted` gives is one statement. Names that nobody wrote are left to the database,
except those of a naming convention; types are spelled as the database shows them (DOUBLE PRECISION for `sa.Float()`).
Sources: SQLAlchemy's DDL compilers (`sqlalchemy/sql/compiler.py`, `dialects/*/base.py`, 2.0 and 2.1) and `alembic/ddl`,
1.12 to 1.20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.operations import UNSET
from migrate_guard.model.schema import CheckConstraint, ForeignKey, Row, Schema, Table
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rendering.emitted_indexes import create_index, drop_index
from migrate_guard.rendering.emitted_tables import Emission, added_column, constraint_text, create_table, default_text
from migrate_guard.rendering.parts import HOLE, NotKnown, expression_text, string, type_text
from migrate_guard.rendering.statements import statements

_NOWHERE: Final = Span("", 1, 1, 1, 1)
MAXIMUM_ROWS: Final = 100
"""Rows of an INSERT that are written out."""


def emitted_sql(
    operations: Sequence[ops.Operation], before: Schema, target: Target, convention: Mapping[str, str]
) -> str:
    """The text of one statement, without a semicolon; `-- not known: …` in place of one that is not known.

    `operations` are what the statement does, in the schema `before` it: several where it is an ALTER TABLE with several
    actions, written as SQL. `convention` is the naming convention of the environment.
    """
    first = operations[0]
    emission = Emission(before, target, is_open=True, convention=convention)
    try:
        if first.is_sql or isinstance(first, ops.Update | ops.Delete):
            return _as_written(first)
        copied = next(filter(is_copied, operations), None) if target.dialect == "sqlite" else None
        if isinstance(copied, ops.TableOperation):
            raise NotKnown(f"batch mode copies {copied.table} into a new table")
        if len(operations) > 1:
            return _together(operations, emission)
        return _emitted(first, emission)
    except NotKnown as error:
        return f"-- not known: {' '.join(str(error).split())}"


def _as_written(operation: ops.Operation) -> str:
    """What the script writes, with `…` where a part of it could not be computed."""
    text = operation.text
    if not text and isinstance(operation, ops.RawSql | ops.Update | ops.Delete):
        text = operation.sql
    if not text.strip():
        raise NotKnown("the text of the statement could not be computed")
    return text.replace(HOLE, "…").rstrip().rstrip(";").rstrip()


def _together(operations: Sequence[ops.Operation], emission: Emission) -> str:
    """A change of a column and its new name, which MySQL gets as one CHANGE."""
    match operations:
        case [ops.AlterColumn() as change, ops.RenameColumn() as rename]:
            return _mysql_column(change, emission, rename.new_name)
    raise NotKnown("there is no SQL for it")


def _emitted(operation: ops.Operation, emission: Emission) -> str:
    match operation:
        case ops.Opaque(reason=reason):
            raise NotKnown(reason)
        case ops.RawSql(sql=""):
            raise NotKnown(f"what {operation.kind} says")
        case ops.RawSql(sql=sql):
            return sql
        case ops.CreateTable():
            return create_table(operation, emission)
        case ops.Insert():
            return _insert(operation, emission)
        case ops.CreateEnum(enum=enum):
            if not enum.values:
                raise NotKnown(f"the labels of the type {enum.name}")
            return f"CREATE TYPE {emission.qualified(enum.name)} AS ENUM ({', '.join(map(string, enum.values))})"
        case ops.DropType(type=name):
            return f"DROP TYPE {emission.qualified(name)}"
        case ops.DropSequence(sequence=name):
            return f"DROP SEQUENCE {emission.qualified(name)}"
        case ops.CreateSequence(sequence=sequence):
            return f"CREATE SEQUENCE {emission.qualified(sequence.name)} {sequence.definition}".rstrip()
        case ops.DropIndex():
            return drop_index(operation, emission)
        case ops.TableOperation():
            return _about_table(operation, emission)
    return _one(operation, emission)


def _one(operation: ops.Operation, emission: Emission) -> str:
    found = statements(operation, emission.target)
    if len(found) != 1:
        raise NotKnown("it takes several statements")
    return found[0]


def _about_table(operation: ops.TableOperation, emission: Emission) -> str:
    name = emission.name
    match operation:
        case ops.CreateIndex():
            return create_index(operation, emission)
        case ops.DropTable():
            exists = "IF EXISTS " if operation.if_exists else ""
            return f"DROP TABLE {exists}{emission.qualified(operation.table)}"
    if emission.target.dialect == "sqlite" and isinstance(operation, ops.AddConstraint | ops.DropConstraint):
        raise NotKnown("SQLite has no ADD or DROP CONSTRAINT")
    alter = f"ALTER TABLE {emission.qualified(operation.table)}"
    exists = "IF EXISTS " if getattr(operation, "if_exists", False) else ""
    match operation:
        case ops.AddColumn():
            return f"{alter} ADD COLUMN {added_column(operation, emission)}"
        case ops.DropColumn():
            return f"{alter} DROP COLUMN {exists}{name(operation.column)}"
        case ops.AddConstraint(constraint=constraint):
            table = emission.schema.table(operation.table) or Table(operation.table, _NOWHERE)
            checked = isinstance(constraint, CheckConstraint | ForeignKey) and constraint.not_valid
            not_valid = " NOT VALID" if checked and emission.target.dialect == "postgresql" else ""
            return f"{alter} ADD {constraint_text(constraint, table, emission)}{not_valid}"
        case ops.DropConstraint():
            return f"{alter} DROP {_dropped(operation, emission)}"
        case ops.RenameTable(new_name=new):
            return f"{alter} RENAME TO {emission.qualified(new) if emission.is_mysql else name(new.name)}"
        case ops.RenameColumn():
            if emission.is_mysql:
                return _mysql_column(operation.redefinition, emission, operation.new_name)
            word = "" if emission.target.dialect == "postgresql" else "COLUMN "
            return f"{alter} RENAME {word}{name(operation.column)} TO {name(operation.new_name)}"
        case ops.AlterColumn():
            return _alter_column(operation, emission)
    return _one(operation, emission)


def is_copied(operation: ops.Operation) -> bool:
    """Whether an operation of a batch block makes Alembic copy the table, on SQLite (`alembic/ddl/sqlite.py`)."""
    return (
        operation.in_batch
        and isinstance(operation, ops.TableOperation)
        and not isinstance(operation, ops.AddColumn | ops.CreateIndex)
    )


# -- columns


def _alter_column(operation: ops.AlterColumn, emission: Emission) -> str:
    if emission.is_mysql:
        return _mysql_column(operation, emission, None)
    if emission.target.dialect == "sqlite":
        raise NotKnown("SQLite has no ALTER COLUMN")
    table, column = emission.qualified(operation.table), emission.name(operation.column)
    if operation.modify_comment is not UNSET:
        comment = "NULL" if operation.modify_comment is None else string(operation.modify_comment)
        return f"COMMENT ON COLUMN {table}.{column} IS {comment}"
    alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
    default = operation.modify_default
    if operation.modify_type is not None:
        collation = f' COLLATE "{operation.collation}"' if operation.collation else ""
        using = f" USING {expression_text(operation.using, 'its USING', emission)}" if operation.using else ""
        return f"{alter} TYPE {type_text(operation.modify_type, emission)}{collation}{using}"
    if operation.modify_nullable is not None:
        return f"{alter} {'DROP' if operation.modify_nullable else 'SET'} NOT NULL"
    if default is not UNSET:
        return f"{alter} {'DROP DEFAULT' if default is None else f'SET DEFAULT {default_text(default, emission)}'}"
    if operation.modify_identity is not UNSET:
        return f"{alter} {_identity(operation, emission)}"
    raise NotKnown("PostgreSQL cannot make a column GENERATED that is there")


def _identity(operation: ops.AlterColumn, emission: Emission) -> str:
    kind = "ALWAYS" if operation.is_always_identity else "BY DEFAULT"
    table = emission.schema.table(operation.table)
    column = table.column(operation.column) if table else None
    if not operation.modify_identity:
        return "DROP IDENTITY"
    if column is not None and column.is_identity:
        return f"SET GENERATED {kind}"
    return f"ADD GENERATED {kind} AS IDENTITY"


def _mysql_column(operation: ops.AlterColumn, emission: Emission, new_name: str | None) -> str:
    """MODIFY and CHANGE say everything anew; what is not told as existing is lost (`alembic/ddl/mysql.py`)."""
    alter = f"ALTER TABLE {emission.qualified(operation.table)}"
    column = emission.name(operation.column)
    default = operation.modify_default
    if new_name is None and not operation.redefines and default is not UNSET:
        return f"{alter} ALTER COLUMN {column} " + (
            "DROP DEFAULT" if default is None else f"SET DEFAULT {default_text(default, emission)}"
        )
    type_ = operation.modify_type or operation.existing_type
    if type_ is None:
        raise NotKnown("the type of the column: MySQL has to be told existing_type")
    is_moment = type_.name in ("DATETIME", "TIMESTAMP") and default is not None
    # Alembic may be handing over a default that only CHANGE takes, and never asks whether it is
    name = operation.column if new_name is None and is_moment and not operation.is_sql else new_name
    words = [column if name is None else f"{column} {emission.name(name)}", type_text(type_, emission)]
    words.append("NULL" if operation.told_nullable else "NOT NULL")
    if operation.is_serial:
        words.append("AUTO_INCREMENT")
    if operation.told_default is not None:
        # without the parentheses that a CREATE TABLE of SQLAlchemy puts around it
        words.append(f"DEFAULT {expression_text(operation.told_default, 'the default', emission)}")
    if operation.told_comment is not None:
        words.append(f"COMMENT {string(operation.told_comment)}")
    return f"{alter} {'MODIFY' if name is None else 'CHANGE'} {' '.join(words)}"


# -- constraints


def _dropped(operation: ops.DropConstraint, emission: Emission) -> str:
    if emission.is_mysql and operation.kind == "primary":
        return "PRIMARY KEY"
    if operation.constraint is None:
        raise NotKnown("the name of the constraint")
    name = emission.name(operation.constraint)
    exists = "IF EXISTS " if operation.if_exists else ""
    if not emission.is_mysql:
        return f"CONSTRAINT {exists}{name}"
    if operation.kind is None:
        raise NotKnown("the kind of the constraint: MySQL has to be told type_")
    check = "CHECK" if emission.target.dialect == "mysql" else "CONSTRAINT"
    kind = {"foreignkey": "FOREIGN KEY", "unique": "INDEX", "check": check, "primary": "PRIMARY KEY"}[operation.kind]
    return f"{kind} {exists}{name}"


# -- rows


def _insert(operation: ops.Insert, emission: Emission) -> str:
    """All rows of a `bulk_insert` in one statement: the driver gets them in one go."""
    table = emission.qualified(operation.table)
    if operation.rows is None:
        raise NotKnown(f"the rows of INSERT INTO {table}")
    if not operation.rows:
        raise NotKnown(f"INSERT INTO {table} without rows")
    columns = tuple(dict.fromkeys(name for row in operation.rows for name, _ in row))
    rows = ", ".join(_row(each, columns) for each in operation.rows[:MAXIMUM_ROWS])
    more = f" /* and {len(operation.rows) - MAXIMUM_ROWS} more rows */" if len(operation.rows) > MAXIMUM_ROWS else ""
    return f"INSERT INTO {table} ({emission.names(columns)}) VALUES {rows}{more}"


def _row(row: Row, columns: Sequence[str]) -> str:
    values = dict(row)
    return f"({', '.join(_value(values[each]) if each in values else 'DEFAULT' for each in columns)})"


def _value(value: str | float | bool | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return string(value) if isinstance(value, str) else str(value)
