"""Which names a target reserves, asked of the dialect that it is."""

from __future__ import annotations

from functools import cache

from migrate_guard.model.target import DialectName, Target


def is_reserved(word: str, target: Target) -> bool:
    """Whether SQL for `target` has to quote `word` to use it as the name of a table or column."""
    return word.lower() in _words(target.dialect, target.version)


@cache
def _words(dialect: DialectName, version: tuple[int, ...]) -> frozenset[str]:
    match dialect:
        case "postgresql":
            from migrate_guard.dialects.postgresql import reserved as postgresql

            return postgresql.reserved_words(version)
        case "sqlite":
            from migrate_guard.dialects.sqlite import reserved as sqlite

            return sqlite.reserved_words(version)
        case "mysql" | "mariadb":
            from migrate_guard.dialects.mysql import reserved as mysql

            return mysql.reserved_words(dialect, version)
