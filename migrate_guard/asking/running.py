"""What the models of the running code say of a table that changes below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from migrate_guard.asking import quoted
from migrate_guard.asking.replaced import original_table
from migrate_guard.model import operations as ops
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Type
from migrate_guard.rule import Step


class Reviewed(Protocol):
    """What a rule is asked about."""

    @property
    def running(self) -> Models | None: ...


def is_unmapped(step: Step[ops.Operation], table: QualifiedName, column: str | None = None) -> bool:
    """Whether the running code is known, and does not map a table or a column of it any more."""
    return step.running is not None and not _mapped(step.running, _names(step, table), column)


def mapped_by(step: Step[ops.Operation], table: QualifiedName, *columns: str) -> str:
    """What of the running code maps a table or columns of it, in quotes: classes, or attributes of them; or nothing."""
    return quoted(_mapped(step.running, _names(step, table), *columns)) if step.running else ""


def named_by(view: Reviewed, table: QualifiedName, columns: Iterable[str]) -> str:
    """The attributes of the running code for columns of a table, in quotes; or nothing."""
    return quoted(_mapped(view.running, (table,), *columns)) if view.running else ""


def holding(view: Reviewed, type_: Type | QualifiedName) -> str:
    """The attributes of the running code whose columns have a type, in quotes; or nothing."""
    if view.running is None:
        return ""
    name = (type_.name, type_.schema)
    tables = view.running.schema.tables.values()
    return quoted(
        attribute
        for table in tables
        for column in table.columns
        if (column.type.name, column.type.schema) == name
        for attribute in _mapped(view.running, (table.name,), column.name)
    )


def _names(step: Step[ops.Operation], table: QualifiedName) -> tuple[QualifiedName, ...]:
    """What a table is called now, and what it is called before the revision."""
    return tuple(dict.fromkeys((table, original_table(step, table))))


def _mapped(models: Models, tables: Iterable[QualifiedName], *columns: str | None) -> list[str]:
    """The classes for one of the tables, or their attributes for the columns; a Table without class is its own."""
    wanted = [each for each in columns if each is not None]
    found: list[str] = []
    for model in models.models:
        if model.table not in tables:
            continue
        name = model.name or str(model.table)
        attributes = [each for column in wanted if (each := model.attribute(column))]
        found += [f"{name}.{each.name}" for each in attributes] if wanted else [name]
    return list(dict.fromkeys(found))
