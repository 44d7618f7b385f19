from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.instead import Code
from migrate_guard.model.models import DeclaredMetaData, Models
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ForeignKey,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.rule import ModelsView, Problem, Severity, rule

CONVENTION: Final = """\
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)"""
KINDS: Final[dict[type[AnyConstraint], tuple[str, str]]] = {
    ForeignKey: ("fk", "foreign key"),
    UniqueConstraint: ("uq", "unique constraint"),
    CheckConstraint: ("ck", "check constraint"),
}
"""Constraints that migrations drop: what a convention calls their kind, and people do."""


@rule("MG708", on=Models, severity=Severity.INFO)
def naming_convention_missing(view: ModelsView) -> Iterator[Problem]:
    """Flag a MetaData without a naming convention, where constraints have no names of their own."""
    for metadata in view.models.metadata:
        problem = _problem(metadata, view.models)
        if problem is not None:
            yield problem


def _problem(metadata: DeclaredMetaData, models: Models) -> Problem | None:
    tables = [table for name in metadata.tables if (table := models.schema.table(name))]
    nameless = [(table, each) for table in tables for each in _nameless(table, metadata)]
    if not nameless:
        return None
    (table, first), others = nameless[0], len(nameless) - 1
    more = f", and {others} more constraint{'s' * (others > 1)}," if others else ""
    verb = "have" if others else "has"
    columns = " and ".join(f'"{each}"' for each in first.columns)
    on = f" on {columns}" if columns else ""
    return Problem(
        f'the {KINDS[type(first)][1]} of "{table.name}"{on}{more} {verb} no name but what the database makes up: '
        "a migration that drops one has to guess it",
        metadata.span or _first_span(tables, models),
        object=metadata.engine,
        help="Give the MetaData a naming_convention before the next migration: names that are there stay as they are.",
        instead=(Code(CONVENTION),),
    )


def _nameless(table: Table, metadata: DeclaredMetaData) -> Iterator[AnyConstraint]:
    for each in (*table.foreign_keys, *table.unique_constraints, *table.check_constraints):
        kind, _ = KINDS[type(each)]
        if (each.name is None or each.is_implicit_name) and kind not in metadata.naming_convention:
            yield each


def _first_span(tables: list[Table], models: Models) -> Span:
    model = models.model_of(tables[0].name)
    return model.span if model else tables[0].span
