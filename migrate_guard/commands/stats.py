"""`migrate-guard stats`: how large the tables of a database are."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statistics import Statistics
from migrate_guard.terminal import complain, emit

_MOST_NAMED = 10


@click.command("stats")
@click.argument("url")
@click.option("-o", "--output-file", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file.")
def command(url: str, output_file: Path | None) -> int:
    """Write rows and bytes of every table of a database, for check --stats.

    URL is one of SQLAlchemy: dialect://user:password@host/database. The database is asked one query, in a transaction
    that only reads, for what it knows anyway: rows are estimates. PostgreSQL needs migrate-guard[postgres] installed,
    MySQL and MariaDB migrate-guard[mysql].
    """
    from migrate_guard.commands._database_url import database_url
    from migrate_guard.commands._sizes import sizes
    from migrate_guard.reading.statistics import written

    statistics = _nameable(sizes(database_url(url)))
    unknown = sorted(str(name) for name, size in statistics.tables.items() if size.rows is None)
    if unknown:
        complain("warning", f"rows are not known before ANALYZE has run: {_listed(unknown)}")
    emit(written(statistics), output_file)
    return 0


def _nameable(statistics: Statistics) -> Statistics:
    """Leave out what would be taken for a table of another schema, and say so."""
    dotted = [each for each in statistics.tables if _has_dot(each)]
    if not dotted:
        return statistics
    complain("warning", f"left out, as there is a dot in the name: {_listed(sorted(map(str, dotted)))}")
    return replace(statistics, tables={name: size for name, size in statistics.tables.items() if not _has_dot(name)})


def _has_dot(name: QualifiedName) -> bool:
    return "." in name.name or "." in (name.schema or "")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"
