"""A schema in the form that `schema --format json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from migrate_guard.dialects.quoting import qualified
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, EnumType, ForeignKey, Index, Schema, Table
from migrate_guard.model.target import DialectName, Target


class ColumnForm(TypedDict):
    type: str
    nullable: bool | None
    default: str | None
    identity: bool
    computed: bool


class KeyForm(TypedDict):
    name: str | None
    columns: list[str]


class ForeignKeyForm(KeyForm):
    referred_table: str
    referred_columns: list[str]
    ondelete: str | None


class CheckForm(TypedDict):
    name: str | None
    sqltext: str


class IndexForm(KeyForm):
    unique: bool
    where: str | None
    method: str


class TableForm(TypedDict):
    columns: dict[str, ColumnForm]
    partition: bool
    primary_key: KeyForm | None
    foreign_keys: list[ForeignKeyForm]
    unique_constraints: list[KeyForm]
    check_constraints: list[CheckForm]
    indexes: list[IndexForm]


class SchemaForm(TypedDict):
    version: int
    dialect: str
    revision: list[str]
    tables: dict[str, TableForm]
    enums: dict[str, list[str]]
    views: list[str]
    sequences: list[str]


def document(schema: Schema, dialect: DialectName, revisions: Sequence[str], version_table: str) -> SchemaForm:
    """Return the form of a schema, tables by name; Alembic's own table is left out."""
    tables = sorted((each for each in schema.tables.values() if each.name.name != version_table), key=_name)
    return {
        "version": 1,
        "dialect": dialect,
        "revision": list(revisions),
        "tables": {str(table.name): _table(table, schema, dialect) for table in tables},
        "enums": {str(enum.name): list(enum.values) for enum in sorted(schema.enums.values(), key=_name)},
        "views": sorted(str(name) for name in schema.views),
        "sequences": sorted(_sequences(schema, dialect)),
    }


def _sequences(schema: Schema, dialect: DialectName) -> set[str]:
    """The sequences that were made, and on PostgreSQL those that serial and identity columns bring along."""
    has_serial = dialect == "postgresql"
    found = {str(each.name) for each in schema.sequences.values() if has_serial or each.owned_by is None}
    if has_serial:
        for table in schema.tables.values():
            numbered = (each for each in table.columns if each.is_serial or each.is_identity)
            found.update(str(_sequence(each, table, schema)) for each in numbered if each.default is None)
    return found


def _name(thing: Table | EnumType) -> str:
    return str(thing.name)


def _table(table: Table, schema: Schema, dialect: DialectName) -> TableForm:
    key = table.primary_key
    return {
        "columns": {column.name: _column(column, table, schema, dialect) for column in table.columns},
        "partition": table.partition_of is not None,
        "primary_key": {"name": key.name, "columns": list(key.columns)} if key else None,
        "foreign_keys": [_foreign_key(each, schema) for each in table.foreign_keys],
        "unique_constraints": [{"name": each.name, "columns": list(each.columns)} for each in table.unique_constraints],
        "check_constraints": [{"name": each.name, "sqltext": each.expression.text} for each in table.check_constraints],
        "indexes": [_index(each) for each in table.indexes],
    }


def _column(column: Column, table: Table, schema: Schema, dialect: DialectName) -> ColumnForm:
    default = column.default.text if column.default else None
    if default is None and column.is_serial and not column.is_identity and dialect == "postgresql":
        sequence = qualified(_sequence(column, table, schema), Target.default(dialect))
        default = f"nextval('{sequence}'::regclass)"
    return {
        "type": str(column.type),
        "nullable": column.nullable,
        "default": default,
        "identity": column.is_identity,
        "computed": column.computed is not None,
    }


def _sequence(column: Column, table: Table, schema: Schema) -> QualifiedName:
    owned = (each.name for each in schema.sequences.values() if each.owned_by == (table.name, column.name))
    return next(owned, QualifiedName(column.sequence_in(table.name), table.name.schema))


def _foreign_key(key: ForeignKey, schema: Schema) -> ForeignKeyForm:
    columns = key.referred_columns
    if not columns:
        referred = schema.table(key.referred_table)
        columns = referred.primary_key.columns if referred and referred.primary_key else ()
    return {
        "name": key.name,
        "columns": list(key.columns),
        "referred_table": str(key.referred_table),
        "referred_columns": list(columns),
        "ondelete": key.ondelete,
    }


def _index(index: Index) -> IndexForm:
    keys = [each.column or (each.expression.text if each.expression else "?") for each in index.elements]
    return {
        "name": index.name,
        "columns": keys,
        "unique": index.unique,
        "where": index.where.text if index.where else None,
        "method": index.method,
    }
