"""Defaults that look like a call and are a string, and what a database makes of them.

Tried on PostgreSQL 12 and 18 (the special strings: manual, 8.5.1.4), MariaDB 10.11 (error 1067), SQLite 3.40.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression, Type
from migrate_guard.model.target import Target

Fate = Literal["freezes", "stores", "refuses", "is no call"]


class Frozen(NamedTuple):
    """A string where a call was meant."""

    fate: Fate
    """The database reads it once, keeps its words, or refuses it; "is no call": one of these, the type is not known."""
    said: str
    """The string."""
    call: str | None
    """The SQL that was meant, where that is plain."""


_STRING: Final = lazily(r"\(*\s*'((?:[^']|'')*)'\s*\)*\s*(?:::\s*(?P<cast>.+))?", re.DOTALL)
_SPECIAL: Final = lazily(r"[\s'()]*(now|today|tomorrow|yesterday)[\s'()]*", re.IGNORECASE)
_CALLS: Final = (
    r"(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|gen_random_uuid|uuid_generate_v\d\w*"
    r"|uuidv[47]|uuid|random|nextval|timezone|getdate|getutcdate|sysdate|sysdatetime|newid|utc_timestamp|curdate"
    r"|curtime|unix_timestamp|strftime|datetime|current_timestamp|current_date|current_time|localtimestamp|localtime)"
)
_CALL: Final = lazily(rf"[\s('\"]*{_CALLS}\s*\(.*\).*", re.IGNORECASE | re.DOTALL)
_KEYWORD: Final = lazily(
    r"[\s('\"]*(current_timestamp|current_date|current_time|localtimestamp|localtime)\b[^a-z]*"
    r"(?:on\s+update\b.*|at\s+time\s+zone\b.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CLOCKS: Final = frozenset({"timestamp", "date", "time"})
_TEXTS: Final = frozenset({"text", "other", "json", "binary", "enum"})


def frozen(default: Expression, column_type: Type, target: Target) -> Frozen | None:
    """What becomes of a default that is a string though a call was meant; None of any other default."""
    match = _STRING.fullmatch(default.text.strip()) if default.is_literal else None
    if match is None:
        return None
    said, cast = match[1].replace("''", "'"), (match["cast"] or "").strip().lower()
    if cast.startswith(("text", "char", "varchar")):
        return None
    special = _SPECIAL.fullmatch(said)
    is_call = _CALL.fullmatch(said) is not None or _KEYWORD.fullmatch(said) is not None
    fate = _fate(column_type, is_call, special[1].lower() if special else "", target)
    return Frozen(fate, said, _meant(said, special)) if fate else None


def _fate(column_type: Type, is_call: bool, special: str, target: Target) -> Fate | None:
    family = column_type.family
    is_clock = family in _CLOCKS
    if column_type.dimensions or not (is_call or (special and is_clock)):
        return None
    if not column_type.is_known:
        return "is no call"
    if target.dialect == "postgresql" and is_clock and (special == "now" or (special and family != "time")):
        return "freezes"
    if target.dialect == "sqlite" or family == "text":
        return "stores"
    return None if family in _TEXTS else "refuses"


def _meant(said: str, special: re.Match[str] | None) -> str | None:
    if special is not None:
        return {"now": "now()", "today": "CURRENT_DATE"}.get(special[1].lower())
    return said.strip().strip("'\"") if said.count("(") == said.count(")") else None
