"""Identifiers in SQL, quoted where the target needs it."""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.dialects.reserved import is_reserved
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.target import Target

_FOLDED: Final = lazily(r"[a-z_][a-z0-9_$]*")
"""What PostgreSQL reads as it is written."""
_PLAIN: Final = lazily(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD: Final = lazily(r"[^\W\d][\w$]*")


def quoted(name: str, target: Target) -> str:
    """The name as an identifier of SQL for `target`."""
    plain = _FOLDED if target.dialect == "postgresql" else _PLAIN
    if plain.fullmatch(name) and not is_reserved(name, target):
        return name
    quote = "`" if target.dialect in ("mysql", "mariadb") else '"'
    return quote + name.replace(quote, quote * 2) + quote


def qualified(name: QualifiedName, target: Target) -> str:
    """The name with its schema, each quoted where it is needed."""
    return ".".join(quoted(each, target) for each in (name.schema, name.name) if each)


def needs_quotes(name: str, target: Target) -> bool:
    """Whether a name has to be quoted for what it is made of, whatever words the target reserves.

    PostgreSQL manual 4.1.1: capitals are folded, letters of every script will do. MySQL reference manual 8.4, 11.2
    Schema Object Names: letters of every script and digits, but not digits alone. SQLite: `sqlite3IsIdChar`.
    """
    match target.dialect:
        case "postgresql":
            return _WORD.fullmatch(name) is None or name != name.lower()
        case "mysql" | "mariadb":
            return re.fullmatch(r"[\w$]+", name) is None or name.isdecimal()
        case "sqlite":
            return _WORD.fullmatch(name) is None
