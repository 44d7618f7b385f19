"""Whether two pieces of SQL, written at different places, are one default, condition or predicate to the database."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression

UNKNOWN: Final = "\ufffc"
"""What could not be computed stands in a text as this."""
_TOKEN: Final = lazily(r"""'(?:[^']|'')*'|"[^"]*"|[\d.]+|\w+|[^\s\w]""")
_LITERAL: Final = lazily(r"'.*'|(- )?[\d.]+( [\d.]+)*|true|false|null", re.DOTALL)
_CAST: Final = lazily(
    r"""::\s*("[^"]+"|\w+)(\.("[^"]+"|\w+))?(\s+(varying|precision|with(out)?\s+time\s+zone))?(\([\d, ]*\))?(\[\])*""",
    re.IGNORECASE,
)
_WORDS: Final = {
    **dict.fromkeys(("true", "t", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "f", "no", "off", "0"), "false"),
}
"""How a boolean is spelled (PostgreSQL, documentation, 8.6 Boolean Type)."""


def are_same(one: Expression, other: Expression, family: str) -> bool | None:
    """Whether two expressions of one family of types are the same; None where that takes the database to tell."""
    if UNKNOWN in one.text or UNKNOWN in other.text:
        return True if one.text == other.text else None
    first, second = _plain(one.text), _plain(other.text)
    if first == second:
        return True
    literals = [_LITERAL.fullmatch(each) is not None for each in (first, second)]
    if all(literals):
        return _value(first, family) == _value(second, family)
    if any(literals) or _functions(one) != _functions(other):
        return False
    return _are_same_words(first, second)


def is_null(expression: Expression | None) -> bool:
    """Whether it is what a column has without a default."""
    return expression is None or _plain(expression.text) == "null"


def _plain(text: str) -> str:
    """The expression without casts, parentheses around it, needless quotes and the case of its words."""
    tokens = _TOKEN.findall(_CAST.sub("", _QUOTED.sub(r"\1", text)))
    while len(tokens) > 2 and tokens[0] == "(" and tokens[-1] == ")" and _closes_last(tokens):
        tokens = tokens[1:-1]
    plain = " ".join(each if each[0] in "'\"" else each.lower() for each in tokens)
    for spelling, printed in _SPELLINGS:
        plain = spelling.sub(printed, plain)
    return plain


_QUOTED: Final = lazily(r"""["`]([a-z_][a-z0-9_]*)["`]""")
_SPELLINGS: Final = (
    (lazily(r"\b(now|transaction_timestamp|current_timestamp) \( \)"), "current_timestamp"),
    (lazily(r"timezone \( ('[^']*') , (\w+) \)"), r"\2 at time zone \1"),
    (lazily("! ="), "< >"),
    (lazily(r"\b[a-z_]\w* \. (?=[a-z_]\w*\b(?! \())"), ""),
    (lazily(r"= any (?:\( )+array \[ ([^\[\]]*) \](?: \))+"), r"in ( \1 )"),
)
"""What is written in two ways and is one, as PostgreSQL prints or reads it: a column with the name of
its table, which has no other (documentation, 9.9.5 Current Date/Time and
9.9.4 AT TIME ZONE, 9.25.1 IN); MySQL has NOW() and CURRENT_TIMESTAMP() for CURRENT_TIMESTAMP (8.4, 14.7)."""
_SAME_FUNCTIONS: Final = frozenset({"now", "transaction_timestamp", "current_timestamp", "timezone"})


def _functions(expression: Expression) -> set[str]:
    return {each.lower() for each in expression.functions} - _SAME_FUNCTIONS


_KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        and any array as at between case cast collate date else end false from ilike in interval is like not null or
        similar symmetric then time timestamp timestamptz to true unknown when with without zone
        text varchar char character varying int integer bigint numeric boolean
        """,
    )
)
"""Words that are no names: one condition may be written with them or without."""
_WORD_OR_LITERAL: Final = lazily(r"""'(?:[^']|'')*'|"[^"]*"|\d[\d.]*|[^\W\d]\w*""")
_MIXED: Final = lazily(r" or .* and | and .* or |\bnot | [-+*/%|] ")
"""Where parentheses say what belongs together."""
_COMPARED: Final = lazily(r"(\w+) ((?:[<>=!] ?)+) ('(?:[^']|'')*'|(?:- )?[\d.]+)")


def _are_same_words(first: str, second: str) -> bool | None:
    """Whether two conditions that are no literals are one: they are not, where their names or literals are others."""
    if first.replace("( ", "").replace(" )", "") == second.replace("( ", "").replace(" )", ""):
        return None if _MIXED.search(first) else True
    one, other = _COMPARED.fullmatch(first), _COMPARED.fullmatch(second)
    if one and other and one[1] == other[1] and _value(one[3], "decimal") == _value(other[3], "decimal"):
        return one[2].replace(" ", "") == other[2].replace(" ", "")
    words = [
        {_unified(each) for each in _WORD_OR_LITERAL.findall(text) if each not in _KEYWORDS} for text in (first, second)
    ]
    if any(re.search(r"\b(true|false)\b", text) for text in (first, second)):
        words = [each - {"0", "1", "'t'", "'f'"} for each in words]
    return None if words[0] == words[1] else False


def _unified(word: str) -> str:
    """A number without its quotes and the zeros at its end, a name without those of its table."""
    bare = word.strip("'")
    try:
        return str(Decimal(bare).normalize()) if bare[:1].isdigit() else word
    except InvalidOperation:
        return word


def _closes_last(tokens: list[str]) -> bool:
    depth = 0
    for at, each in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(each, 0)
        if depth == 0:
            return at == len(tokens) - 1
    return False


def _value(literal: str, family: str) -> object:
    text = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal.replace("- ", "-")
    if family == "boolean":
        return _WORDS.get(text.strip().lower(), text)
    if family in ("integer", "decimal", "float"):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return re.sub(r"\s+", "", text) if family == "json" else text
