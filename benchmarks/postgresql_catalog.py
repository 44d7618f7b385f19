"""Write what PostgreSQL's own catalogs say of its functions and casts as a module of `dialects/postgresql`.

    python benchmarks/postgresql_catalog.py DSN [DSN …] > migrate_guard/dialects/postgresql/catalog.py

The servers are of several versions, each with the extensions in `_EXTENSIONS` that it has; the module tells the union.
Functions are told by their names alone, because a statement does not tell the types of their arguments: those that are
volatile under a name are told apart from those of which only some are.
"""

from __future__ import annotations

import sys
import textwrap
from collections import defaultdict

import psycopg

from migrate_guard.dialects.sql_types import sql_type

_EXTENSIONS = ("citext", "fuzzystrmatch", "hstore", "ltree", "pg_trgm", "pgcrypto", "unaccent", "uuid-ossp")
_FUNCTIONS = """
    SELECT DISTINCT proname, provolatile = 'v' FROM pg_proc
    WHERE prokind IN ('f', 'a', 'w') AND prorettype NOT IN ('trigger'::regtype, 'internal'::regtype)
    AND proargtypes::oid[] && ARRAY['internal'::regtype::oid, 'cstring'::regtype::oid] IS FALSE
    AND pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'public'))
"""
_CASTS = """
    SELECT format_type(castsource, NULL), format_type(casttarget, NULL) FROM pg_cast WHERE castmethod = 'b'
"""
_HEAD = '''"""Functions and casts of PostgreSQL, from its catalogs.

Written by benchmarks/postgresql_catalog.py; not by hand.

Source: pg_proc.provolatile and pg_cast.castmethod of PostgreSQL {versions}, with the extensions
{extensions}.
"""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())

'''


def main(sources: list[str]) -> None:
    volatile: dict[str, set[bool]] = defaultdict(set)
    casts: set[tuple[str, str]] = set()
    versions = []
    for source in sources:
        with psycopg.connect(source) as connection:
            versions.append(str(connection.info.server_version // 10_000))
            for extension in _EXTENSIONS:
                with connection.transaction(force_rollback=False):
                    connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{extension}"')
            for name, is_volatile in connection.execute(_FUNCTIONS):
                volatile[name].add(is_volatile)
            for source_type, target_type in connection.execute(_CASTS):
                casts.add((sql_type(source_type, "postgresql").name, sql_type(target_type, "postgresql").name))
            connection.rollback()
    sys.stdout.write(_HEAD.format(versions=", ".join(versions), extensions=", ".join(_EXTENSIONS)))
    always = sorted(name for name, found in volatile.items() if found == {True})
    never = sorted(name for name, found in volatile.items() if found == {False})
    sometimes = sorted(name for name, found in volatile.items() if len(found) == 2)
    _words("VOLATILE", always, "Functions that may answer otherwise for every row.")
    _words("PARTLY_VOLATILE", sometimes, "Names under which some functions are volatile and others are not.")
    _words("NOT_VOLATILE", never, "Functions that are stable or immutable.")
    sys.stdout.write("\nBINARY_CASTS: Final = frozenset(\n    {\n")
    for source_type, target_type in sorted(casts):
        sys.stdout.write(f'        ("{source_type}", "{target_type}"),\n')
    sys.stdout.write(
        '    }\n)\n"""Types whose values are those of another as they are stored: the cast does nothing."""\n'
    )


def _words(name: str, words: list[str], told: str) -> None:
    lines = textwrap.wrap(" ".join(words), 110, break_long_words=False, break_on_hyphens=False)
    body = "\n".join(f"    {line}" for line in lines)
    sys.stdout.write(f'\n{name}: Final = _names(\n    """\n{body}\n    """\n)\n"""{told}"""\n')


if __name__ == "__main__":
    main(sys.argv[1:])
