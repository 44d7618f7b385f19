"""Parameters of a session: what they are where nobody has set them, and when two values are the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from migrate_guard.model.patterns import lazily

BUILT_IN: Final[Mapping[str, str]] = {
    "lock_timeout": "0",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "deadlock_timeout": "1000",
    "search_path": '"$user", public',
    "role": "none",
    "row_security": "on",
    "session_replication_role": "origin",
    "check_function_bodies": "on",
    "client_min_messages": "notice",
    "synchronous_commit": "on",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "constraint_exclusion": "partition",
    "standard_conforming_strings": "on",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "max_parallel_maintenance_workers": "2",
    "enable_seqscan": "on",
    "jit": "on",
}
"""`boot_val` of pg_settings, PostgreSQL 12 to 18; a server, a role or a database may have others."""

_AMOUNT: Final = lazily(r"(\d+)\s*([a-z]+)?", re.IGNORECASE)
_UNITS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZES: Final = {"kb": 1, "mb": 1_024, "gb": 1_048_576, "tb": 1_073_741_824}
_WORDS: Final = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off"}


def is_built_in(name: str, value: str) -> bool:
    """Whether a value is the one that PostgreSQL comes with."""
    if name == "search_path" and _plain(value) == "public":
        # nobody has a schema of his own: the same
        return True
    return name in BUILT_IN and is_same(value, BUILT_IN[name])


def is_same(one: str, other: str) -> bool:
    """Whether two values of a parameter say the same, as far as their spelling tells."""
    return _plain(one) == _plain(other)


def _plain(value: str) -> str:
    text = re.sub(r"\s+", "", value).strip("'\"").replace('"', "").lower()
    if found := _AMOUNT.fullmatch(text):
        number, unit = int(found[1]), found[2] or "ms"
        if unit in _UNITS:
            return f"{number * _UNITS[unit]}"
        if unit in _SIZES:
            return f"{number * _SIZES[unit]}kb"
    return _WORDS.get(text, text)
