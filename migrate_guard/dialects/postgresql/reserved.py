"""Words that PostgreSQL reserves, by version.

Source: `SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')` (reserved; reserved, but a function or type
name), asked on servers 12.22, 13.23, 14.23, 15.18, 16.14, 17.10 and 18.4. Versions 12 to 15 reserve the same 100
words, 16 to 18 the same 101. On each of the seven, exactly these words, out of all keywords, were refused unquoted both
as a new column and as a new table; catcode U and C (unreserved; no function or type name) need no quotes there.
"""

from collections.abc import Sequence
from functools import cache

_ALWAYS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
    only or order outer overlaps placing primary references returning right select session_user similar some
    symmetric table tablesample then to trailing true union unique user using variadic verbose when where window
    with
"""

# Word, first version that reserves it, first version that no longer does.
_CHANGED: Sequence[tuple[str, tuple[int, ...], tuple[int, ...] | None]] = (("system_user", (16,), None),)


@cache
def reserved_words(version: tuple[int, ...]) -> frozenset[str]:
    """Return the lower-case words that need quotes as a table or column name in `version`.

    A shortened version stands for the newest release it covers: (15,) is the last of its series, () the newest of all.
    """
    changed = (
        word
        for word, since, until in _CHANGED
        if since[: len(version)] <= version and (until is None or version < until[: len(version)])
    )
    return frozenset(_ALWAYS.split()).union(changed)
