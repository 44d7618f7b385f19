"""Words that SQLite reserves, by version.

SQLite documents 147 keywords (sqlite.org/lang_keywords.html) without saying which of them need quotes: most fall back
to identifiers. Source of this list: each of the 147, unquoted, tried as a new column, as a new table and as a column
that is read, on SQLite 3.22.0, 3.28.0, 3.31.1, 3.33.0, 3.35.0, 3.36.0, 3.39.3, 3.40.1, 3.45.2, 3.49.1 and 3.54.1. Two
words differ: NOTHING is free on 3.22.0 and not on 3.28.0 (it came with the upsert of 3.24), RETURNING is free up to
3.33.0 and not from 3.35.0 on.

Six words are here for less than a refusal everywhere: IF is refused as a table only; CAST and RAISE may be declared but
not read; CURRENT_DATE, CURRENT_TIME and CURRENT_TIMESTAMP may be declared, and reading them gives the clock instead of
the column.
"""

from collections.abc import Sequence
from functools import cache

_ALWAYS = """
    add all alter and as autoincrement between case cast check collate commit constraint create current_date
    current_time current_timestamp default deferrable delete distinct drop else escape except exists foreign
    from group having if in index insert intersect into is isnull join limit not notnull null on or order
    primary raise references select set table then to transaction union unique update using values when where
"""

# Word, first version that reserves it, first version that no longer does.
_CHANGED: Sequence[tuple[str, tuple[int, ...], tuple[int, ...] | None]] = (
    ("nothing", (3, 24), None),
    ("returning", (3, 35), None),
)


@cache
def reserved_words(version: tuple[int, ...]) -> frozenset[str]:
    """Return the lower-case words that need quotes as a table or column name in `version`.

    A shortened version stands for the newest release it covers: (3,) is the last of its series, () the newest of all.
    """
    changed = (
        word
        for word, since, until in _CHANGED
        if since[: len(version)] <= version and (until is None or version < until[: len(version)])
    )
    return frozenset(_ALWAYS.split()).union(changed)
