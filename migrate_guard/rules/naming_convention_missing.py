from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.instead import Code
from migrate_guard.model.models import DeclaredMetaData, Models
from migrate_guard.model.schema import AnyConstraint, Table, constraint_kind
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
NOUNS: Final = {"foreignkey": "foreign key", "unique": "unique constraint", "check": "check constraint"}
"""Constraints that migrations drop, by kind."""
KEYS: Final = {"foreignkey": "fk", "unique": "uq", "check": "ck"}
"""What a naming convention calls them."""


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
        f'the {NOUNS[constraint_kind(first)]} of "{table.name}"{on}{more} {verb} no name but the one that the '
        "database makes up, which a migration that drops it has to find out",
        metadata.span or _first_span(tables, models),
        object=metadata.engine,
        help="Give the MetaData a naming_convention: from then on constraints are called as it says.",
        instead=(Code(CONVENTION),),
    )


def _nameless(table: Table, metadata: DeclaredMetaData) -> Iterator[AnyConstraint]:
    constraints: tuple[AnyConstraint, ...] = (*table.foreign_keys, *table.unique_constraints, *table.check_constraints)
    for each in constraints:
        is_nameless = each.name is None or each.is_implicit_name
        if is_nameless and KEYS[constraint_kind(each)] not in metadata.naming_convention:
            yield each


def _first_span(tables: list[Table], models: Models) -> Span:
    model = models.model_of(tables[0].name)
    return model.span if model else tables[0].span
