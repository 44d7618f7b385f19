from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.schema import PrimaryKey, Table
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Confidence, Problem, Related, Severity, TableView, rule


@rule("MG601", on=Table, severity=Severity.ERROR)
def missing_primary_key(view: TableView) -> Iterator[Problem]:
    """Flag a table without a primary key."""
    table = view.table
    if table.primary_key or table.is_part or not _is_told(table):
        return
    yield Problem(
        f'"{table.name}" has no primary key, so nothing tells two equal rows of it apart',
        table.span,
        object=str(table.name),
        help=f"Write {_key(table)} among its columns.",
        related=tuple(
            Related(lost.span, "its primary key goes here")
            for lost in table.lost
            if isinstance(lost.object, PrimaryKey)
        )[-1:],
        confidence=Confidence.HIGH if table.is_certain else Confidence.MEDIUM,
    )


def _is_told(table: Table) -> bool:
    """Whether the history tells every key of the table."""
    return table.are_keys_told if table.is_open else bool(table.columns)


def _key(table: Table) -> str:
    """The key that the columns suggest."""
    referring = list(dict.fromkeys(name for key in table.foreign_keys for name in key.columns))
    if table.column("id"):
        return 'sa.PrimaryKeyConstraint("id")'
    if len(referring) > 1:
        return f"sa.PrimaryKeyConstraint({', '.join(map(literal, referring))})"
    return 'sa.Column("id", sa.BigInteger(), primary_key=True)'
