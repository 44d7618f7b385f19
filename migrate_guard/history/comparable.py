"""The part of a history and of models that can be compared: what both are about, and nobody has left out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.dialects.namespaces import folds_column_names
from migrate_guard.model import folding
from migrate_guard.model import operations as ops
from migrate_guard.model.environment import Environment
from migrate_guard.model.folding_tables import C, with_constraints_changed
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    Column,
    ForeignKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.target import Target


class Comparable(Struct, frozen=True, dict=True):
    """A history at its head beside models."""

    history: Schema
    models: Models
    target: Target
    environment: Environment
    opaque: Sequence[ops.Opaque] = ()
    """The operations of the history that nobody could resolve."""

    @cached_property
    def migrated(self) -> Schema:
        """The history with the columns named as the models name them, where the database takes both for one name."""
        schema = self.history
        if not folds_column_names(self.target):
            return schema
        for declared in self.models.schema.tables.values():
            table = schema.table(declared.name)
            spelled = {each.name.lower(): each.name for each in declared.columns}
            for column in table.columns if table else ():
                name = spelled.get(column.name.lower(), column.name)
                if name != column.name:
                    renamed = ops.RenameColumn(span=column.span, table=declared.name, column=column.name, new_name=name)
                    schema = folding.apply(schema, renamed)
        return schema

    def in_history(self, name: QualifiedName) -> Table | None:
        """A table as the migrations make it, without what env.py leaves out."""
        table = self.migrated.table(name)
        return self._filtered(table) if table and not self._is_left_out(name) else None

    def in_models(self, name: QualifiedName) -> Table | None:
        """A table as the models declare it, without what env.py leaves out; an enum type with its values."""
        table = self.models.schema.table(name)
        if table is None or self._is_left_out(name):
            return None
        return self._filtered(replace(table, columns=tuple(map(self._with_values, table.columns))))

    def _with_values(self, column: Column) -> Column:
        enum = self.models.schema.enums.get(QualifiedName(column.type.name, column.type.schema))
        if enum is None or column.type.values:
            return column
        family = "other" if column.type.dimensions else "enum"
        return replace(column, type=replace(column.type, values=enum.values, family=family))

    def is_unknown_to_history(self, name: QualifiedName) -> bool:
        """Whether nobody can tell that a table is not there: the history begins on a database that has some."""
        if name in self.migrated.views:
            return True
        return name not in self.migrated.gone and (self._begins_with_tables or self._may_make_tables)

    def is_nothing_for_models(self, table: Table) -> bool:
        """Whether a table that no model declares is one that none would: a partition, one that others make.

        Autogenerate looks at other schemas only with include_schemas.
        """
        own = QualifiedName(self.environment.version_table, self.environment.version_table_schema)
        return (
            table.is_given
            or table.is_part
            or not table.is_sure_of("")
            or table.name in (own, QualifiedName(own.name))
            or (table.name.schema is not None and not self._looks_into(table.name.schema))
            or table.name in self._unread
        )

    def _looks_into(self, schema: str) -> bool:
        return schema != "pg_temp" and (
            self.environment.include_schemas or any(each.schema == schema for each in self.models.schema.tables)
        )

    @cached_property
    def _unread(self) -> frozenset[QualifiedName]:
        """The tables of the models of which no DDL could be made."""
        return frozenset(name for each in self.models.metadata for name in each.tables)

    @cached_property
    def _begins_with_tables(self) -> bool:
        tables = self.migrated.tables
        return any(tables[name].is_given for name in self.models.schema.tables if name in tables)

    @cached_property
    def _may_make_tables(self) -> bool:
        """Whether something that nobody could resolve may have made any table."""
        return any(
            each.changes_schema and (each.is_unbounded or (each.may_create and not each.tables)) for each in self.opaque
        )

    def _is_left_out(self, name: QualifiedName) -> bool:
        return any(kind == "table" and table == name for kind, table, _ in self.models.excluded)

    def _filtered(self, table: Table) -> Table:
        left_out = {(kind, name) for kind, owner, name in self.models.excluded if owner == table.name}
        if not left_out:
            return table

        def kept(constraint: C) -> C | None:
            return None if (_kind(constraint), constraint.name or "") in left_out else constraint

        return with_constraints_changed(
            replace(
                table,
                columns=tuple(each for each in table.columns if ("column", each.name) not in left_out),
                indexes=tuple(each for each in table.indexes if ("index", each.name or "") not in left_out),
            ),
            kept,
        )


def _kind(constraint: AnyConstraint) -> str:
    """What Alembic calls it when it asks include_name and include_object."""
    match constraint:
        case ForeignKey():
            return "foreign_key_constraint"
        case UniqueConstraint():
            return "unique_constraint"
    return ""
