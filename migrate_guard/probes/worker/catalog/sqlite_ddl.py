"""The text of SQLite's own statements, taken to pieces: SQLite keeps what was written, not what it means.

Words are told from names by what stands around them as in "CREATE TABLE" and "SQL keywords" of the documentation;
quotes around a name, comments and white space mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<nothing> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string> [xX]?'(?:[^']|'')*' )
  | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\w* )
  | (?P<sign> \|\||->>|->|<=|>=|<>|==|!=|<<|>>|. )
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[^\W\d][\w$]*\Z")


class Token(NamedTuple):
    """A word, name, number, string or sign."""

    text: str
    """As written; a name without its quotes."""
    is_quoted: bool

    def is_(self, word: str) -> bool:
        """Whether it is this word of the language."""
        return not self.is_quoted and self.text.upper() == word


class Constraint(NamedTuple):
    """A constraint of a table, also where it is written with a column."""

    name: str
    text: str
    key_of: str = ""
    """The table whose primary key is referenced, where no columns are written."""
    options: str = ""


class Column(NamedTuple):
    """What only the text says of a column, by clause."""

    name: str
    clauses: tuple[str, ...]


class Table(NamedTuple):
    """A CREATE TABLE statement."""

    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    options: str


def tokens(sql: str) -> list[Token]:
    """Return what a statement consists of."""
    found: list[Token] = []
    for match in _TOKEN.finditer(sql):
        text, kind = match.group(), match.lastgroup
        if kind == "quoted":
            end = text[-1]
            found.append(Token(text[1:-1].replace(end * 2, end), True))
        elif kind != "nothing":
            found.append(Token(text, False))
    return found


def canonical(parts: list[Token]) -> str:
    """Return the text of tokens, with words that are not quoted as they are, and one way of setting spaces."""
    text, before = "", "("
    for part in parts:
        written = _written(part)
        if (
            before not in ("(", ".")
            and written not in (",", ")", ".", ";")
            and not (written == "(" and before not in _OPERATORS and before.upper() not in _BEFORE_PARENTHESES)
        ):
            text += " "
        text += written
        before = written
    return text


_OPERATORS = frozenset(
    ("+", "-", "*", "/", "||", "=", "==", "!=", "<>", "<", ">", "<=", ">=", "&", "|", ",", "<<", ">>", "->", "->>")
)
_BEFORE_PARENTHESES = frozenset(
    (
        "IN",
        "AND",
        "OR",
        "NOT",
        "AS",
        "ON",
        "WHEN",
        "THEN",
        "ELSE",
        "CHECK",
        "WHERE",
        "SELECT",
        "FROM",
        "UNIQUE",
        "KEY",
        "VALUES",
        "BY",
    )
)


def _written(part: Token) -> str:
    if not part.is_quoted:
        return part.text
    return part.text if _PLAIN.match(part.text) else '"' + part.text.replace('"', '""') + '"'


@lru_cache(maxsize=4096)
def table(sql: str) -> Table | None:
    """Take a CREATE TABLE statement apart; None for one that lists no columns."""
    everything = tokens(sql)
    start = next((place for place, each in enumerate(everything) if each.is_("(")), None)
    if start is None:
        return None
    end = closing(everything, start)
    columns: list[Column] = []
    constraints: list[Constraint] = []
    for item in _items(everything[start + 1 : end]):
        if any(item[0].is_(word) for word in ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")):
            constraints.append(_of_table(item))
        else:
            column, its = _column(item)
            columns.append(column)
            constraints += its
    options = sorted(canonical(item).upper() for item in _items(everything[end + 1 :]) if item)
    return Table(tuple(columns), tuple(constraints), "\n".join(options))


@lru_cache(maxsize=4096)
def index(sql: str) -> str:
    """Return what follows the name of the table in CREATE INDEX, a clause a line."""
    everything = [each for each in tokens(sql) if not each.is_("ASC")]
    start = next(place for place, each in enumerate(everything) if each.is_("("))
    end = closing(everything, start)
    lines = ["UNIQUE"] if everything[1].is_("UNIQUE") else []
    lines.append(canonical(everything[start : end + 1]))
    if everything[end + 1 :]:
        lines.append(canonical(everything[end + 1 :]))
    return "\n".join(lines)


@lru_cache(maxsize=4096)
def body(sql: str) -> str:
    """Return what follows the name of what a statement creates."""
    parts = tokens(sql)
    words = ("CREATE", "TEMP", "TEMPORARY", "VIEW", "TRIGGER", "VIRTUAL", "TABLE", "IF", "NOT", "EXISTS")
    start = next((place for place, each in enumerate(parts) if not any(each.is_(word) for word in words)), 0)
    return canonical(parts[start + 1 :])


def closing(parts: list[Token], start: int) -> int:
    """Return the place of the parenthesis that closes the one at `start`."""
    depth = 0
    for place in range(start, len(parts)):
        depth += parts[place].is_("(") - parts[place].is_(")")
        if depth == 0:
            return place
    return len(parts)


def _items(parts: list[Token]) -> Iterator[list[Token]]:
    """The parts between the commas of a list."""
    item: list[Token] = []
    depth = 0
    for each in parts:
        depth += each.is_("(") - each.is_(")")
        if depth == 0 and each.is_(","):
            yield item
            item = []
        else:
            item.append(each)
    if item:
        yield item


_CLAUSES = (
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "FOREIGN",
    "REFERENCES",
    "NOT",
    "NULL",
    "DEFAULT",
    "COLLATE",
    "GENERATED",
    "AS",
)


def _column(item: list[Token]) -> tuple[Column, list[Constraint]]:
    name = item[0].text
    rest = item[1:]
    start = next((place for place in range(len(rest)) if _starts_clause(rest, place)), len(rest))
    clauses: list[str] = []
    constraints: list[Constraint] = []
    label = ""
    for clause in _clauses(rest[start:]):
        word = clause[0].text.upper()
        if word == "CONSTRAINT":
            label = clause[1].text
            continue
        if word in ("PRIMARY", "UNIQUE", "CHECK", "REFERENCES"):
            constraints.append(_constraint(label, clause, name))
        elif word == "COLLATE":
            clauses.append("COLLATE " + clause[1].text.upper())
        elif word in ("GENERATED", "AS"):
            opening = next(place for place, each in enumerate(clause) if each.is_("("))
            end = closing(clause, opening)
            stored = " STORED" if any(each.is_("STORED") for each in clause[end:]) else " VIRTUAL"
            clauses.append("GENERATED ALWAYS AS " + canonical(clause[opening : end + 1]) + stored)
        label = ""
    return Column(name, tuple(clauses)), constraints


def _starts_clause(parts: list[Token], place: int) -> bool:
    here = parts[place]
    if not any(here.is_(word) for word in _CLAUSES):
        return False
    before = parts[place - 1] if place else None
    if before is not None and here.is_("NULL"):
        # SET NULL of a foreign key, NOT NULL
        return not (before.is_("NOT") or before.is_("SET") or before.is_("DEFAULT"))
    if before is not None and here.is_("DEFAULT"):
        return not before.is_("SET")
    if here.is_("AS"):
        return not (before is not None and before.is_("ALWAYS"))
    if here.is_("NOT"):
        return not (len(parts) > place + 1 and parts[place + 1].is_("DEFERRABLE"))
    return True


def _clauses(parts: list[Token]) -> Iterator[list[Token]]:
    clause: list[Token] = []
    depth = 0
    for place, each in enumerate(parts):
        named = bool(clause) and clause[0].is_("CONSTRAINT") and len(clause) == 1
        if depth == 0 and clause and not named and _starts_clause(parts, place):
            yield clause
            clause = []
        depth += each.is_("(") - each.is_(")")
        clause.append(each)
    if clause:
        yield clause


def _of_table(item: list[Token]) -> Constraint:
    if item[0].is_("CONSTRAINT"):
        return _constraint(item[1].text, item[2:], "")
    return _constraint("", item, "")


_SAID_ANYWAY = re.compile(
    r" (?:ON (?:DELETE|UPDATE) NO ACTION|MATCH (?:SIMPLE|NONE)|NOT DEFERRABLE(?: INITIALLY \w+)?|INITIALLY IMMEDIATE)\b"
)


def _constraint(name: str, clause: list[Token], column: str) -> Constraint:
    """The constraint as it is written below the columns, without what goes without saying."""
    clause = [each for each in clause if not each.is_("ASC")]
    opening = next((place for place, each in enumerate(clause) if each.is_("(")), len(clause))
    end = closing(clause, opening) + 1
    if clause[0].is_("CHECK"):
        return Constraint(name, "CHECK " + canonical(clause[opening:end]))
    if clause[0].is_("PRIMARY") or clause[0].is_("UNIQUE"):
        word, words = ("PRIMARY KEY", 2) if clause[0].is_("PRIMARY") else ("UNIQUE", 1)
        is_inline = bool(column)
        columns = _column_list(column) if is_inline else canonical(clause[opening:end])
        return Constraint(name, f"{word} {columns}", options=_options(clause[words if is_inline else end :]))
    place = next(place for place, each in enumerate(clause) if each.is_("REFERENCES"))
    columns = _column_list(column) if column else canonical(clause[opening:end])
    table, rest = clause[place + 1], clause[place + 2 :]
    text = f"FOREIGN KEY {columns} REFERENCES {_written(table)}"
    if not (rest and rest[0].is_("(")):
        return Constraint(name, text, table.text, _options(rest))
    end = closing(rest, 0) + 1
    return Constraint(name, f"{text} {canonical(rest[:end])}", options=_options(rest[end:]))


def _column_list(column: str) -> str:
    return f"({_written(Token(column, is_quoted=True))})"


def _options(words: list[Token]) -> str:
    return _SAID_ANYWAY.sub("", "".join(" " + each.text.upper() for each in words))
