from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.instead import Code
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import Column
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Problem, RevisionView, Severity, rule

WIDTH: Final = 32
"""Alembic creates the version table with a VARCHAR(32)."""


@rule("MG105", on=Revision, severity=Severity.ERROR, dialects=("postgresql", "mysql", "mariadb"))
def revision_id_too_long(view: RevisionView) -> Iterator[Problem]:
    """Flag an id that the version table cannot hold."""
    revision, environment = view.revision, view.environment
    if len(revision.id) <= WIDTH or environment.widens_version_table or _is_widened(view):
        return
    yield Problem(
        f'the id "{revision.id}" has {len(revision.id)} characters and "{environment.version_table}.version_num" '
        f"holds {WIDTH}, so the upgrade fails when it is stamped",
        revision.span,
        object=revision.id,
        help=f"Give the script an id of at most {WIDTH} characters, and the scripts that follow it that id as "
        "down_revision.",
        instead=(Code(f"revision = {literal(_shortened(revision.id))}"),),
    )


def _shortened(revision_id: str) -> str:
    """As many whole words of the id as fit."""
    cut = revision_id[:WIDTH]
    whole = cut if revision_id[WIDTH] == "_" else cut.rpartition("_")[0]
    return (whole or cut).rstrip("_")


def _is_widened(view: RevisionView) -> bool:
    """Whether the history, this script included, has made the column wide enough."""
    if view.upgrade is None:
        return False
    tables = [
        table for table in view.upgrade.after.tables.values() if table.name.name == view.environment.version_table
    ]
    return any(_holds(column, view.revision.id) for table in tables for column in table.columns)


def _holds(column: Column, revision_id: str) -> bool:
    if column.name != "version_num" or not column.type.is_known:
        return False
    limit = column.type.args[0] if column.type.args else ""
    return not limit.isdecimal() or int(limit) >= len(revision_id)
