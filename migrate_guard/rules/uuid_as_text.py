from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design, words
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    names: tuple[str, ...] = ("uuid", "guid")
    """Words of names whose values are UUIDs."""
    ids: tuple[str, ...] = ("id", "key", "pk")
    """Last words of names whose values are UUIDs where the length says so."""
    vetoes: tuple[str, ...] = (
        "trace",
        "span",
        "external",
        "ext",
        "hash",
        "md",
        "token",
        "short",
        "prefix",
        "list",
        "list",
    )
    """Words with which they are something else."""


@rule("MG627", on=Table, severity=Severity.INFO, default=False, options=Options)
def uuid_as_text(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column of text that holds UUIDs by its name, or its name and its length."""
    if not design.has_uuid_type(view.target):
        return
    table = view.table
    for column in design.own_columns(view):
        if design.is_text(column.type) and _is_uuid(column, options):
            yield Problem(
                f'"{table.name}.{column.name}" holds a UUID as {column.type}: 36 bytes for 16 in each row and index, '
                "and one id in capitals is another",
                column.span,
                object=f"{table.name}.{column.name}",
                help="Write sa.Uuid(), here and at the columns that refer to it.",
                confidence=Confidence.LOW,
            )


def _is_uuid(column: Column, options: Options) -> bool:
    told, size = words(column.name), design.length(column.type)
    if design.has_word(told, options.vetoes):
        return False
    if any(each in options.names for each in told):
        return size is None or 32 <= size <= 64
    return size == 36 and told[-1:] != () and told[-1] in options.ids
