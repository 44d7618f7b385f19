from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from migrate_guard.asking import design, words
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    names: tuple[str, ...] = (
        *("json", "jsonb", "preferences", "preference", "prefs", "payload", "metadata", "settings"),
    )
    """Words with which the name of a column ends that holds a document."""
    weak: tuple[str, ...] = (
        *("config", "configuration", "options", "attributes", "properties", "params", "parameters", "kwargs", "extra"),
        *("extras", "context"),
    )
    """Words that say so only of a text without a limit."""
    vetoes: tuple[str, ...] = (
        *("encrypted", "encoded", "signed", "hash", "raw", "xml", "yaml", "html", "pickled", "pickle", "path", "url"),
        *("file", "schema", "sql", "text", "compressed"),
    )
    """Words with which it is something else."""
    shortest: int = 256
    """The shortest VARCHAR that holds a document."""
    longest: int = 4000
    """A VARCHAR of more characters has no limit."""


@rule("MG613", on=Table, severity=Severity.INFO, default=False, options=Options)
def json_as_text(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column of text whose name speaks of a JSON document."""
    table = view.table
    for column in design.own_columns(view):
        if _is_document(column, options):
            yield Problem(
                f'"{table.name}.{column.name}" holds JSON as {column.type}: anything can be written into it, and '
                "no search reaches what is inside",
                column.span,
                object=f"{table.name}.{column.name}",
                help=f"Write {_written(view)}.",
                confidence=Confidence.LOW,
            )


_LONG: Final = ("TEXT", "MEDIUMTEXT", "LONGTEXT")


def _is_document(column: Column, options: Options) -> bool:
    told, size = words(column.name), design.length(column.type)
    if not told or not design.is_text(column.type) or column.computed is not None:
        return False
    if design.has_word(told, options.vetoes):
        return False
    is_unlimited = column.type.name in _LONG or (column.type.name == "VARCHAR" and (size or 0) > options.longest)
    if told[-1] in options.weak:
        return is_unlimited
    is_long = column.type.name == "VARCHAR" and (size is None or size >= options.shortest)
    return told[-1] in options.names and (is_unlimited or is_long)


def _written(view: TableView) -> str:
    return "postgresql.JSONB()" if design.has_jsonb(view.target) else "sa.JSON()"
