"""Whether an expression may give another value for every row, which makes a new column with it as default a rewrite."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from migrate_guard.dialects.postgresql.catalog import NOT_VOLATILE, PARTLY_VOLATILE, VOLATILE
from migrate_guard.dialects.postgresql.extensions import of_function
from migrate_guard.model.effects import NO, Answer
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression, Schema

_SYNTAX: Final = frozenset(
    {"coalesce", "nullif", "greatest", "least", "cast", "extract", "position", "substring", "overlay", "trim", "row"}
    | {"array", "exists", "collation", "normalize", "xmlelement", "xmlforest", "xmlconcat", "xmlparse", "json_object"}
    | {
        "json_array",
        "json",
        "json_scalar",
        "json_serialize",
        "json_value",
        "json_query",
        "current_date",
        "current_time",
    }
    | {"current_timestamp", "localtime", "localtimestamp", "current_user", "session_user", "user", "current_role"}
    | {"current_catalog", "current_schema", "system_user", "varchar", "char", "character", "numeric", "decimal"}
    | {"timestamp", "timestamptz", "time", "timetz", "interval", "bit", "varbit", "float", "date", "text", "boolean"}
)
"""What is written like a call and is none of a function in pg_proc, or of one that is as stable as its arguments
(PostgreSQL manual, 9.16 to 9.19; current_timestamp and its like are stable: 9.9.5)."""
_STRINGS: Final = lazily(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_VOLATILITY: Final = lazily(r"\b(IMMUTABLE|STABLE|VOLATILE)\b", re.IGNORECASE)
_LANGUAGE_SQL: Final = lazily(r"\bLANGUAGE\s+'?sql\b", re.IGNORECASE)
_BODY_OF_SQL: Final = lazily(r"\bRETURN\b|\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_UNKNOWN: Final = "￼"
"""What could not be computed stands in a text as this."""


def volatility(expression: Expression, schema: Schema) -> Answer:
    """Whether an expression is volatile, as `contain_volatile_functions` of PostgreSQL finds it."""
    if _UNKNOWN in expression.text and not expression.is_literal:
        return Answer.depends("the expression is not known")
    names = expression.functions
    if _AT_ZONE.search(expression.text) and not _WITHOUT_DATE.search(expression.text):
        names = tuple(each for each in names if each != "timezone")
    return of_functions(names, schema)


_AT_ZONE: Final = lazily(
    r"\btimezone\s*\(\s*'[^']*'(?:::text)?\s*,\s*"
    r"(?:(?:now|\w+_timestamp)\s*\(\s*\)|(?:current_timestamp|localtimestamp)\b|\w+\s*'[^']*')",
    re.IGNORECASE,
)
"""timezone() of a time with a date, which is what AT TIME ZONE stands for: immutable (pg_proc, 12 to 18)."""
_WITHOUT_DATE: Final = lazily(r"\bcurrent_time\b|\blocaltime\b|timetz|\btime\b", re.IGNORECASE)
"""timezone() of a time without one is volatile."""


def of_functions(names: Iterable[str], schema: Schema) -> Answer:
    """Whether one of some functions is volatile; NO where all are known not to be."""
    found = NO
    for name in names:
        found = found | _of_function(name, schema)
    return found


def _of_function(name: str, schema: Schema) -> Answer:
    plain = name.lower().rpartition(".")[2]
    defined = [each for (kind, key), each in schema.definitions.items() if kind == "FUNCTION" and key.name == plain]
    if defined:
        return _of_definition(plain, defined[-1].statements[-1])
    if plain in VOLATILE:
        return Answer.yes(f"{plain}() is volatile")
    if plain in NOT_VOLATILE or plain in _SYNTAX:
        return NO
    if plain in PARTLY_VOLATILE:
        return Answer.depends(f"{plain}() is volatile with some arguments")
    if extension := of_function(plain, (18,)):
        return Answer.depends(f"it is not known whether {plain}() of the extension {extension} is volatile")
    return Answer.depends(f"it is not known whether {plain}() is volatile")


def _of_definition(name: str, text: str) -> Answer:
    """A function without a word about it is volatile; one in SQL may be replaced by its body, whatever it says."""
    outside = _STRINGS.sub("''", text)
    told = _VOLATILITY.search(outside)
    if told is not None and told[0].upper() != "VOLATILE":
        return NO
    if _LANGUAGE_SQL.search(text) or _BODY_OF_SQL.search(outside):
        return Answer.depends(f"{name}() is volatile, unless PostgreSQL puts its SQL in its place")
    return Answer.yes(f"{name}() is volatile")


def sequence_in(text: str) -> QualifiedName | None:
    """The sequence on which nextval() in a text counts."""
    told = re.search(r"nextval\s*\(\s*'([^']+)'", text, re.IGNORECASE)
    if told is None:
        return None
    schema, _, name = told[1].replace('"', "").rpartition(".")
    return QualifiedName(name, schema if schema not in ("", "public") else None)


_HARMLESS: Final = lazily(
    r"pg_(try_)?advisory_\w+|nextval|setval|currval|lastval|random|gen_random_uuid|clock_timestamp|timeofday|pg_sleep\w*"
    r"|uuid\w*|set_config|pg_notify|setseed"
)


def is_harmless(name: str) -> bool:
    """Whether a function of a query locks no table and changes nothing in the schema."""
    plain = name.lower().rpartition(".")[2]
    return plain in NOT_VOLATILE or plain in _SYNTAX or _HARMLESS.fullmatch(plain) is not None
