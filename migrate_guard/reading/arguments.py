"""The arguments of a directive, by their names of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from migrate_guard.model.names import QualifiedName
from migrate_guard.reading import ddl
from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.constructs import table_name
from migrate_guard.reading.machine import describe
from migrate_guard.reading.values import HOLE, Batch, Class, TableValue, Value


class Arguments(Struct):
    """The arguments of a directive by their names of today."""

    call: Call
    directive: str
    values: dict[str, Value]
    rest: Sequence[Value] = ()
    batch: Batch | None = None

    def get(self, name: str, default: Value = None) -> Value:
        return self.values.get(name, default)

    def flag(self, name: str) -> bool:
        return is_set(self.values.get(name))

    def text(self, name: str) -> str | None:
        """A name that is known; None otherwise."""
        value = self.values.get(name)
        return value if isinstance(value, str) and HOLE not in value else None

    def opaque(self, what: str, value: Value, *tables: QualifiedName) -> None:
        reason = f"{what} of op.{self.directive}() is not known: {describe(value)}"
        may_create = not self.directive.startswith("drop_") and self.directive != "create_index"
        self.call.machine.opaque(self.call.span, reason, *tables, may_create=may_create)

    def table(self, parameter: str = "table_name") -> QualifiedName | None:
        """The table it is about; without one the directive becomes opaque."""
        if self.batch is not None and isinstance(self.batch.table, QualifiedName):
            return self.batch.table
        name = self.values.get(parameter)
        if isinstance(name, TableValue | Class):
            return table_name(name)
        if isinstance(name, str) and HOLE not in name:
            return self.call.machine.qualified(name, self.values.get("schema", self.values.get("source_schema")))
        self.opaque("the table", name)
        return None

    def names(self, parameter: str) -> tuple[str, ...] | None:
        """A list of column names; None when the list itself is not known."""
        value = self.values.get(parameter)
        if isinstance(value, str):
            return (value,)
        return ddl.names_of(value) if isinstance(value, list | tuple) else None


_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "table_name": ("tablename", "source", "table"),
    "constraint_name": ("name",),
    "index_name": ("name",),
    "source_table": ("source",),
    "referent_table": ("referent",),
    "columns": ("cols", "local_cols"),
    "type_": ("type",),
    "new_column_name": ("name",),
    "sqltext": ("sql",),
}
"""Names that parameters had in earlier releases (Alembic's changelog, 0.8 and before)."""


def bind(call: Call, directive: str, parameters: Sequence[str], batch: Batch | None = None) -> Arguments:
    """Give every argument the name its parameter has today; in a batch block the table is known."""
    wanted = [each for each in parameters if batch is None or each not in ("table_name", "source_table")]
    values = dict(zip(wanted, call.args, strict=False))
    for name, value in call.kwargs.items():
        if name in parameters or name not in values:
            values[name] = value
    for name in parameters:
        for alias in _ALIASES.get(name, ()):
            if name not in values and alias in call.kwargs and alias not in parameters:
                values[name] = call.kwargs[alias]
    return Arguments(call, directive, values, call.args[len(wanted) :], batch)
