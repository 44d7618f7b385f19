"""The system catalogs of a database that holds a folded schema, as far as migrations ask them.

Sources: PostgreSQL 18 manual, chapters 35 (The Information Schema) and 52 (System Catalogs, System Views); MySQL 8.4
manual, chapter 28; sqlite.org/schematab.html. An oid is the name of what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    PrimaryKey,
    Schema,
    UniqueConstraint,
)
from migrate_guard.model.target import DialectName

CatalogRow: TypeAlias = tuple[str | int | None, ...]


class Catalog(Struct, frozen=True):
    """One catalog or view: its columns, and the rows that a schema puts into it."""

    columns: tuple[str, ...]
    rows: Callable[[_World], Iterator[CatalogRow]]


class _World(Struct, frozen=True):
    schema: Schema
    default_schema: str

    def place(self, name: QualifiedName) -> str:
        """The schema that an object lies in."""
        return name.schema or self.default_schema


def find_catalog(name: str, dialect: DialectName) -> Catalog | None:
    """Return the catalog of that name ("information_schema.columns", "pg_class"), None if it is none we know."""
    if dialect == "sqlite":
        return _SQLITE.get(name)
    return _INFORMATION_SCHEMA.get(name) or (_POSTGRESQL.get(name) if dialect == "postgresql" else None)


def catalog_rows(catalog: Catalog, schema: Schema, default_schema: str) -> list[CatalogRow]:
    """Return the rows that a database with `schema` shows in a catalog."""
    return list(catalog.rows(_World(schema, default_schema)))


# -- information_schema


def _tables(world: _World) -> Iterator[CatalogRow]:
    for name in world.schema.tables:
        yield world.place(name), name.name, "BASE TABLE"
    for name in world.schema.views:
        yield world.place(name), name.name, "VIEW"


def _columns(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        for position, column in enumerate(table.columns, 1):
            default = column.default.text if column.default else None
            length = column.type.args[0] if column.type.family == "text" and column.type.args else None
            yield (
                *(world.place(name), name.name, column.name, position, default),
                *("YES" if column.nullable else "NO", _data_type(column.type.name), column.type.name.lower(), length),
                "YES" if column.is_identity else "NO",
            )


def _data_type(name: str) -> str:
    return {"VARCHAR": "character varying", "CHAR": "character"}.get(name, name.lower())


def _kind(constraint: AnyConstraint) -> str:
    match constraint:
        case PrimaryKey():
            return "PRIMARY KEY"
        case UniqueConstraint():
            return "UNIQUE"
        case ForeignKey():
            return "FOREIGN KEY"
        case CheckConstraint():
            return "CHECK"
        case ExclusionConstraint():
            return "EXCLUDE"


def _constraints(world: _World) -> Iterator[tuple[str, str, AnyConstraint]]:
    """Each constraint with the schema and name of its table."""
    for name, table in world.schema.tables.items():
        for constraint in table.constraints():
            yield world.place(name), name.name, constraint


def _table_constraints(world: _World) -> Iterator[CatalogRow]:
    for place, table, each in _constraints(world):
        yield place, each.name, place, table, _kind(each)


def _key_column_usage(world: _World) -> Iterator[CatalogRow]:
    for place, table, each in _constraints(world):
        if isinstance(each, CheckConstraint | ExclusionConstraint):
            continue
        target = each if isinstance(each, ForeignKey) else None
        for position, column in enumerate(each.columns, 1):
            referred = target.referred_columns[position - 1 : position] if target else ()
            yield (
                *(place, each.name, place, table, column, position),
                target.referred_table.name if target else None,
                referred[0] if referred else None,
            )


def _constraint_column_usage(world: _World) -> Iterator[CatalogRow]:
    for place, table, each in _constraints(world):
        if isinstance(each, ForeignKey):
            for column in each.referred_columns:
                yield world.place(each.referred_table), each.referred_table.name, column, place, each.name
        else:
            for column in each.columns:
                yield place, table, column, place, each.name


def _referential_constraints(world: _World) -> Iterator[CatalogRow]:
    for place, table, each in _constraints(world):
        if isinstance(each, ForeignKey):
            rules = (each.onupdate or "NO ACTION", each.ondelete or "NO ACTION")
            yield place, each.name, *rules, table, each.referred_table.name


def _statistics(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        for index in table.indexes:
            for position, column in enumerate(index.columns, 1):
                yield world.place(name), name.name, index.name, column, int(not index.unique), position
        for each in (*table.unique_constraints, *((table.primary_key,) if table.primary_key else ())):
            key = "PRIMARY" if isinstance(each, PrimaryKey) else each.name
            for position, column in enumerate(each.columns, 1):
                yield world.place(name), name.name, key, column, 0, position


def _schemata(world: _World) -> Iterator[CatalogRow]:
    places = {world.place(name) for name in (*world.schema.tables, *world.schema.enums, *world.schema.sequences)}
    yield from ((each,) for each in sorted(places | {world.default_schema}))


def _sequences(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        for column in table.columns:
            if column.is_serial or column.is_identity:
                yield world.place(name), column.sequence_in(name)
    for name in world.schema.sequences:
        yield world.place(name), name.name


def _views(world: _World) -> Iterator[CatalogRow]:
    return ((world.place(name), name.name) for name, view in world.schema.views.items() if not view.is_materialized)


_TABLE_COLUMNS: Final = ("table_schema", "table_name", "column_name")
_INFORMATION_SCHEMA: Final[Mapping[str, Catalog]] = {
    f"information_schema.{name}": catalog
    for name, catalog in {
        "tables": Catalog(("table_schema", "table_name", "table_type"), _tables),
        "columns": Catalog(
            (
                *(*_TABLE_COLUMNS, "ordinal_position", "column_default"),
                *("is_nullable", "data_type", "udt_name", "character_maximum_length", "is_identity"),
            ),
            _columns,
        ),
        "table_constraints": Catalog(
            ("constraint_schema", "constraint_name", "table_schema", "table_name", "constraint_type"),
            _table_constraints,
        ),
        "key_column_usage": Catalog(
            (
                *("constraint_schema", "constraint_name", *_TABLE_COLUMNS, "ordinal_position"),
                *("referenced_table_name", "referenced_column_name"),
            ),
            _key_column_usage,
        ),
        "constraint_column_usage": Catalog(
            (*_TABLE_COLUMNS, "constraint_schema", "constraint_name"), _constraint_column_usage
        ),
        "referential_constraints": Catalog(
            (
                *("constraint_schema", "constraint_name", "update_rule", "delete_rule"),
                *("table_name", "referenced_table_name"),
            ),
            _referential_constraints,
        ),
        "statistics": Catalog(
            ("table_schema", "table_name", "index_name", "column_name", "non_unique", "seq_in_index"), _statistics
        ),
        "schemata": Catalog(("schema_name",), _schemata),
        "sequences": Catalog(("sequence_schema", "sequence_name"), _sequences),
        "views": Catalog(("table_schema", "table_name"), _views),
    }.items()
}

# -- PostgreSQL


def _pg_class(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        place = world.place(name)
        yield str(name), name.name, place, "p" if table.is_partitioned else "r"
        for index in _index_names(world, name):
            yield str(QualifiedName(index, name.schema)), index, place, "i"
    for name, view in world.schema.views.items():
        yield str(name), name.name, world.place(name), "m" if view.is_materialized else "v"
    for schema, sequence in _sequences(world):
        own = None if schema == world.default_schema else str(schema)
        yield str(QualifiedName(str(sequence), own)), sequence, schema, "S"


def _index_names(world: _World, name: QualifiedName) -> Iterator[str]:
    table = world.schema.tables[name]
    yield from (each.name for each in table.indexes if each.name)
    keys = (*table.unique_constraints, *table.exclusion_constraints)
    yield from (each.name for each in keys if each.name)
    if table.primary_key and table.primary_key.name:
        yield table.primary_key.name


def _pg_namespace(world: _World) -> Iterator[CatalogRow]:
    return ((name, name) for (name,) in _schemata(world))


def _pg_type(world: _World) -> Iterator[CatalogRow]:
    for name in world.schema.enums:
        yield str(name), name.name, world.place(name), "e"


def _pg_enum(world: _World) -> Iterator[CatalogRow]:
    for name, enum in world.schema.enums.items():
        for position, label in enumerate(enum.values, 1):
            yield str(name), label, position


def _pg_index(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        keys = {table.primary_key.name} if table.primary_key else set()
        plain = {each.name for each in table.indexes if not each.unique}
        for index in _index_names(world, name):
            yield str(QualifiedName(index, name.schema)), str(name), int(index not in plain), int(index in keys), 1


def _pg_indexes(world: _World) -> Iterator[CatalogRow]:
    for name in world.schema.tables:
        for index in _index_names(world, name):
            yield world.place(name), name.name, index


_CONTYPES: Final = {"PRIMARY KEY": "p", "UNIQUE": "u", "FOREIGN KEY": "f", "CHECK": "c", "EXCLUDE": "x"}


def _pg_constraint(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        for each in table.constraints():
            referred = str(each.referred_table) if isinstance(each, ForeignKey) else None
            valid = int(not each.not_valid)
            yield each.name, each.name, world.place(name), _CONTYPES[_kind(each)], str(name), referred, valid


def _pg_attribute(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        for position, column in enumerate(table.columns, 1):
            default = int(column.default is not None or column.is_serial or column.computed is not None)
            yield str(name), column.name, position, int(not column.nullable), default, 0


def _pg_tables(world: _World) -> Iterator[CatalogRow]:
    return ((world.place(name), name.name) for name in world.schema.tables)


def _pg_matviews(world: _World) -> Iterator[CatalogRow]:
    return ((world.place(name), name.name) for name, view in world.schema.views.items() if view.is_materialized)


_POSTGRESQL: Final[Mapping[str, Catalog]] = {
    "pg_attribute": Catalog(
        ("attrelid", "attname", "attnum", "attnotnull", "atthasdef", "attisdropped"), _pg_attribute
    ),
    "pg_class": Catalog(("oid", "relname", "relnamespace", "relkind"), _pg_class),
    "pg_constraint": Catalog(
        ("oid", "conname", "connamespace", "contype", "conrelid", "confrelid", "convalidated"), _pg_constraint
    ),
    "pg_enum": Catalog(("enumtypid", "enumlabel", "enumsortorder"), _pg_enum),
    "pg_index": Catalog(("indexrelid", "indrelid", "indisunique", "indisprimary", "indisvalid"), _pg_index),
    "pg_indexes": Catalog(("schemaname", "tablename", "indexname"), _pg_indexes),
    "pg_matviews": Catalog(("schemaname", "matviewname"), _pg_matviews),
    "pg_namespace": Catalog(("oid", "nspname"), _pg_namespace),
    "pg_sequences": Catalog(("schemaname", "sequencename"), _sequences),
    "pg_tables": Catalog(("schemaname", "tablename"), _pg_tables),
    "pg_type": Catalog(("oid", "typname", "typnamespace", "typtype"), _pg_type),
    "pg_views": Catalog(("schemaname", "viewname"), _views),
}

# -- SQLite


def _sqlite_schema(world: _World) -> Iterator[CatalogRow]:
    for name, table in world.schema.tables.items():
        yield "table", name.name, name.name
        yield from (("index", each.name, name.name) for each in table.indexes)
    yield from (("view", name.name, name.name) for name in world.schema.views)


_SQLITE: Final[Mapping[str, Catalog]] = dict.fromkeys(
    ("sqlite_master", "sqlite_schema"), Catalog(("type", "name", "tbl_name"), _sqlite_schema)
)

BOOLEAN_COLUMNS: Final = frozenset(
    {"attisdropped", "atthasdef", "attnotnull", "convalidated", "indisprimary", "indisunique", "indisvalid"}
)
"""Columns of catalogs whose values are true and false."""
