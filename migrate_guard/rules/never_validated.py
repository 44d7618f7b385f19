from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import safer_constraints
from migrate_guard.model.operations import AddConstraint, AddNotNull
from migrate_guard.model.schema import Table
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG313", on=Table, severity=Severity.INFO, dialects=("postgresql",))
def never_validated(view: TableView) -> Iterator[Problem]:
    """Flag a NOT VALID constraint that no revision validates, so that old rows may break it."""
    table = view.table
    if view.models is not None:
        # A model says NOT VALID so that the revision which adds it does.
        return
    for constraint in table.constraints():
        is_checked = constraint.not_valid and not constraint.not_enforced
        if is_checked and constraint.name and constraint.inherited_from is None and table.is_sure_of(constraint.name):
            added = AddConstraint(span=constraint.span, table=table.name, constraint=constraint)
            yield _problem(table, constraint.name, constraint.span, added)
    for column in table.columns:
        name = column.unproven_not_null
        if name is not None and not column.is_inherited and not table.is_part and table.is_sure_of(column.name):
            at = column.unproven_at or column.span
            yield _problem(table, name, at, AddNotNull(span=at, table=table.name, column=column.name, name=name))


def _problem(table: Table, name: str, at: Span, added: AddConstraint | AddNotNull) -> Problem:
    return Problem(
        f'no revision validates "{name}": it holds for new rows only, and older rows of "{table.name}" may break it',
        at,
        object=f"{table.name}.{name}",
        help="Validate it in a later revision, once the rows that break it are put right.",
        instead=safer_constraints.validated_next(table.name, name, added),
    )
