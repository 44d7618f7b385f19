"""Options of tables and indexes that say how the database keeps them, as SQLAlchemy writes them behind the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from migrate_guard.dialects.quoting import quoted
from migrate_guard.model.target import Target
from migrate_guard.reading.values import HOLE, Value

_SPACED: Final = frozenset({"TABLESPACE", "DEFAULT CHARACTER SET", "CHARACTER SET", "COLLATE"})
_WITH_SPACE: Final = frozenset(
    {
        "DATA_DIRECTORY",
        "INDEX_DIRECTORY",
        "DEFAULT_CHARACTER_SET",
        "CHARACTER_SET",
        "DEFAULT_CHARSET",
        "DEFAULT_COLLATE",
    }
)
_OF_PARTITIONS: Final = ("PARTITION_BY", "PARTITIONS", "SUBPARTITION_BY", "SUBPARTITIONS")


def table_storage(options: Mapping[str, Value], target: Target) -> str:
    """The options of a table without those that have a field (`post_create_table` of `sqlalchemy/dialects`)."""
    match target.dialect:
        case "postgresql":
            return " ".join(_postgresql_table(options, target))
        case "mysql" | "mariadb":
            return " ".join(_mysql_table(options, target.dialect))
    return " ".join(_sqlite_table(options))


def _postgresql_table(options: Mapping[str, Value], target: Target) -> Iterator[str]:
    if isinstance(using := options.get("postgresql_using"), str):
        yield f"USING {using}"
    yield from _with(options.get("postgresql_with"))
    if isinstance(on_commit := options.get("postgresql_on_commit"), str):
        yield f"ON COMMIT {on_commit.replace('_', ' ').upper()}"
    yield from _tablespace(options, target)


def _mysql_table(options: Mapping[str, Value], dialect: str) -> Iterator[str]:
    prefix = f"{dialect}_"
    given = {name.removeprefix(prefix).upper(): value for name, value in options.items() if name.startswith(prefix)}
    # a collation stands behind the character set
    for name in sorted(given, key=lambda each: (each in _OF_PARTITIONS, each == "COLLATE")):
        value = given[name] if isinstance(given[name], str | int) else HOLE
        spelled = name.replace("_", " ") if name in _WITH_SPACE or name in _OF_PARTITIONS else name
        yield f"{spelled}{' ' if spelled in _SPACED or name in _OF_PARTITIONS else '='}{value}"


def _sqlite_table(options: Mapping[str, Value]) -> Iterator[str]:
    words = []
    if options.get("sqlite_with_rowid") is False:
        words.append("WITHOUT ROWID")
    if options.get("sqlite_strict") is True:
        words.append("STRICT")
    yield from [", ".join(words)] if words else []


def index_storage(options: Mapping[str, Value], target: Target) -> str:
    """The options of an index of PostgreSQL that stand before its WHERE (`visit_create_index`)."""
    if target.dialect != "postgresql":
        return ""
    return " ".join((*_with(options.get("postgresql_with")), *_tablespace(options, target)))


def _with(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield f"WITH ({', '.join(f'{name} = {_plain(each)}' for name, each in value.items())})"


def _plain(value: Value) -> str:
    return str(value) if isinstance(value, str | int | float) else HOLE


def _tablespace(options: Mapping[str, Value], target: Target) -> Iterator[str]:
    if isinstance(name := options.get("postgresql_tablespace"), str):
        yield f"TABLESPACE {quoted(name, target)}"
