from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design, is_association
from migrate_guard.model.schema import ForeignKey, Table
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG608", on=Table, severity=Severity.WARNING, default=False, dialects=("postgresql", "mysql", "mariadb"))
def foreign_key_without_ondelete(view: TableView) -> Iterator[Problem]:
    """Flag a foreign key that does not say what a delete of the row it refers to does."""
    table = view.table
    if table.is_part or design.is_version_table(view):
        return
    for key in table.foreign_keys:
        if key.ondelete is None and key.columns:
            yield _problem(view, key)


def _problem(view: TableView, key: ForeignKey) -> Problem:
    table = view.table
    columns = " and ".join(f'"{table.name}.{each}"' for each in key.columns)
    verb = "says" if len(key.columns) == 1 else "say"
    return Problem(
        f'{columns} {verb} nothing of ondelete, so no row of "{key.referred_table}" that is referred to can be deleted',
        key.span,
        object=f"{table.name}.{'.'.join(key.columns)}",
        help=f"Write {_choices(table, key)} at the foreign key.",
        confidence=design.certainty(table, key.name),
    )


def _choices(table: Table, key: ForeignKey) -> str:
    """What fits: the rows of an association mean nothing without what they join."""
    if is_association(table):
        return 'ondelete="CASCADE"'
    columns = [table.column(each) for each in key.columns]
    can_be_null = all(each is not None and each.nullable for each in columns)
    return f'ondelete="RESTRICT"{", " if can_be_null else " or "}"CASCADE"{" or " if can_be_null else ""}' + (
        '"SET NULL"' if can_be_null else ""
    )
