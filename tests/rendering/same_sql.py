"""SQL texts brought into one shape, so that what a plan says can be compared with what Alembic prints.

What is told apart by nothing but taste is made equal: white space, comments, quotes around names that need none, a type
under another of its names (FLOAT for DOUBLE PRECISION), a column behind its table (`t.a` for `a` in UPDATE and DELETE),
`USING btree`, the options of a table in MySQL by name, the order of constraints and indexes that SQLAlchemy keeps in a
set, and an INSERT a row where offline mode has no executemany.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from migrate_guard.dialects.quoting import quoted
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql.tokens import split

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/) | (?P<text>'(?:[^']|'')*'|\$(\w*)\$.*?\$\3\$)
    | (?P<name>"(?:[^"]|"")*"|`[^`]*`) | (?P<word>[\w\\:.]+) | (?P<other>[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
_TYPES = {"BOOL": "TINYINT ( 1 )"}
_SET = re.compile(r"ALTER TABLE \S+ ADD (CONSTRAINT|UNIQUE|FOREIGN|CHECK)|CREATE (UNIQUE )?INDEX")
_ROW = re.compile(r"(INSERT INTO .*? VALUES) (\(.*\))")


def same_sql(statements: Iterable[str], dialect: DialectName) -> list[str]:
    """The statements in one shape, one a statement."""
    found = [_plain(each, dialect) for text in statements for each in _statements(text, dialect)]
    ordered: list[str] = []
    for key, same in groupby(found, key=_kind):
        group = list(same)
        ordered += [_together(group)] if key.startswith("INSERT") else sorted(group) if key else group
    return ordered


def _kind(text: str) -> str:
    """What may be joined or change places with its like."""
    if insert := _ROW.fullmatch(text):
        return insert[1]
    of_set = _SET.match(text)
    return of_set[0].partition(" ADD")[0] if of_set else ""


def _together(inserts: list[str]) -> str:
    rows = [found[2] for each in inserts if (found := _ROW.fullmatch(each))]
    head = _ROW.fullmatch(inserts[0])
    return f"{head[1] if head else ''} {', '.join(rows)}"


def _statements(text: str, dialect: DialectName) -> Iterator[str]:
    for statement in split(text.replace("\\:", ":"), dialect):
        yield text.replace("\\:", ":")[statement.words[0].start : statement.words[-1].end]


def _plain(text: str, dialect: DialectName) -> str:
    joined = " ".join(_tokens(text, dialect)).replace(" ( ", "(").replace("( ", "(").replace(" )", ")")
    joined = joined.replace(" (", "(").replace(" ,", ",").replace("(", " (").replace(" . ", ".")
    joined = re.sub(r"\bFLOAT\b( \(\d+\))?", "DOUBLE PRECISION", re.sub(r" USING btree\b", "", joined))
    if dialect in ("mysql", "mariadb") and joined.startswith("CREATE TABLE"):
        body, bracket, options = joined.rpartition(")")
        joined = f"{body}{bracket} {' '.join(sorted(options.replace(' = ', '=').split()))}"
    if changed := re.match(r"(?:UPDATE|DELETE FROM) (\S+)", joined):
        joined = joined.replace(f" {changed[1]}.", " ")
    return joined


def _tokens(text: str, dialect: DialectName) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        if found["name"]:
            name = found["name"]
            yield quoted(name[1:-1].replace(name[0] * 2, name[0]), Target.default(dialect))
        elif not found["comment"]:
            yield _TYPES.get(found[0], found[0])
