"""What a database would answer to the questions that are asked before any other; nothing to the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple


class Server(NamedTuple):
    """The database that is not there."""

    dialect: str
    version: tuple[int, ...]

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


def _version(server: Server) -> str:
    if server.dialect == "postgresql":
        return f"PostgreSQL {server.version_text} on x86_64-pc-linux-gnu"
    return f"{server.version_text}-MariaDB" if server.dialect == "mariadb" else server.version_text


def _version_number(server: Server) -> str:
    """PostgreSQL, 20.15: server_version_num; two parts from version 10 on, three before."""
    major, minor, patch = (*server.version, 0, 0, 0)[:3]
    return str(major * 10000 + minor if major >= 10 else major * 10000 + minor * 100 + patch)


def _isolation(server: Server) -> str:
    return "read committed" if server.dialect == "postgresql" else "REPEATABLE-READ"


_ANSWERS: Sequence[tuple[str, Any]] = (
    (r"server_version_num", _version_number),
    (r"\bshow\s+server_version\b", lambda server: server.version_text),
    (r"\b(?:sqlite_)?version\(\)|@@(?:global\.)?version\b", _version),
    (r"\b(?:pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared)?|get_lock|release_lock)\(", lambda _: 1),
    (r"\bcurrent_schema\b", lambda _: "public"),
    (r"\b(?:current_database|database|schema)\(\)", lambda _: "app"),
    (r"\b(?:current_user|session_user|current_role)\b", lambda _: "app"),
    (r"\bshow\s+search_path\b|'search_path'", lambda _: '"$user", public'),
    (r"standard_conforming_strings", lambda _: "on"),
    (r"transaction[ _]isolation|@@(?:session\.)?tx_isolation", _isolation),
    (r"\bshow\s+(?:timezone|time\s+zone)\b", lambda _: "UTC"),
    (r"@@(?:session\.|global\.)?(?:sql_mode|time_zone)\b", lambda _: ""),
    (r"\A\s*select\s+(?:1|true)\b\s*(?:as\s+\w+)?\s*;?\s*\Z", lambda _: 1),
)
_KNOWN = [(re.compile(pattern, re.IGNORECASE), answer) for pattern, answer in _ANSWERS]
_GIVES_ROWS = re.compile(
    r"\s*(?:\(\s*)*(?:select|show|with|values|pragma|describe|desc|explain|table|call)\b|.*\breturning\b",
    re.IGNORECASE | re.DOTALL,
)


def gives_rows(statement: str) -> bool:
    """Whether a statement has a result, empty or not."""
    return _GIVES_ROWS.match(statement) is not None


def answer(server: Server, statement: str) -> list[tuple[Any]]:
    """The rows that a statement gives: one with one value, or none."""
    if gives_rows(statement):
        for pattern, known in _KNOWN:
            if pattern.search(statement):
                return [(known(server),)]
    return []
