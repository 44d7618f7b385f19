"""What the text of a CHECK says about values that may satisfy it: its literals, and what its patterns match.

Whether they do, the database is asked: nothing here decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from .shape import Type
from .values import filled

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`|\[\w+\])|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>[^\W\d][\w$]*)|(?P<operator>[~!<>=*@#?&|-]+)|(?P<other>\S)""",
    re.DOTALL,
)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_NUMERIC = {"integer", "numeric", "float", "money"}
_LONGEST = 4000


def tokens(expression: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each token: string, quoted (a name), number, word, operator, other."""
    for match in _TOKEN.finditer(expression):
        assert match.lastgroup is not None
        if match.lastgroup != "comment":
            yield match.lastgroup, match[0]


def names(expression: str) -> list[str]:
    """Return what may be a column's name in it, as written, without quotes."""
    return [text.strip('"`[]') for kind, text in tokens(expression) if kind in ("quoted", "word")]


def checks(create_table: str) -> Iterator[str]:
    """Yield the expressions of the CHECKs of a CREATE TABLE."""
    start, depth, is_next = None, 0, False
    for match in _TOKEN.finditer(create_table):
        if match[0] == "(":
            start, depth = (match.end() if is_next else start), depth + (start is not None or is_next)
        elif match[0] == ")" and start is not None:
            depth -= 1
            if not depth:
                yield create_table[start : match.start()].strip()
                start = None
        is_next = start is None and (match["word"] or "").upper() == "CHECK"


def with_value_named(expression: str, column: str) -> str:
    """Put a column where the CHECK of a domain says VALUE."""
    return _TOKEN.sub(lambda found: column if found["word"] == "VALUE" else found[0], expression)


def candidates(expression: str, type: Type) -> list[str]:
    """Return values of a type that the expression is about, with their neighbours; those of other types among them."""
    strings: list[str] = []
    numbers: list[str] = []
    found: list[str] = []
    before = ""
    for kind, text in tokens(expression):
        if kind == "string":
            plain = text[1:-1].replace("''", "'")
            is_pattern = before.startswith(("~", "!~")) or before.lower() in (
                "like",
                "regexp",
                "rlike",
                "glob",
                "ilike",
            )
            found += _matching(plain, before) if is_pattern else []
            strings.append(plain)
        elif kind == "number":
            numbers.append(text)
        if kind not in ("other", "quoted"):
            before = text
    if type.family in _NUMERIC:
        return _near(numbers + [text for text in strings if re.fullmatch(r"-?\d+(\.\d+)?", text)], type)
    if type.family == "text":
        return _fitting(found + strings, type) + _fitting(list(_long_as(numbers)), type)
    if type.family in ("date", "timestamp", "timestamptz"):
        return [day for text in strings for day in _days(text)]
    if type.family == "json":
        return [
            form.format(text) for text in strings if text.isidentifier() for form in ('{{"{0}": "a"}}', '{{"{0}": 1}}')
        ]
    if type.family == "array" and type.element is not None and type.element.family == "text":
        return ['{"' + text + '"}' for text in strings if text.isidentifier()]
    return []


def _near(numbers: list[str], type: Type) -> list[str]:
    """Return numbers, the ones beside them and their negatives, as the type can hold them."""
    values: list[str] = []
    for text in numbers:
        if "." in text and type.family != "integer":
            values += [text, f"-{text}".replace("--", "")]
        whole = int(float(text))
        values += [str(value) for value in (whole, -whole, 10 * whole)]
        values += [str(sign * whole + step) for step in (1, -1, 2, -2, 3, -3, 4) for sign in (1, -1)]
    if type.family == "integer":
        values = [value for value in values if type.low <= int(value) <= type.high]
    elif type.precision is not None:
        room = type.precision - (type.scale or 0)
        values = [value for value in values if abs(float(value)) < 10**room]
    return list(dict.fromkeys(values))


def _fitting(texts: list[str], type: Type) -> list[str]:
    return list(dict.fromkeys(text for text in texts if type.length is None or len(text) <= type.length))


def _long_as(numbers: list[str]) -> Iterator[str]:
    for text in numbers:
        if text.isdigit() and int(text) < _LONGEST:
            for length in (int(text), int(text) - 1, int(text) + 1):
                # letters, digits, hexadecimal ones
                yield from (filled("", length), ("abcdefghij" * (length // 10 + 1))[:length], "0123456789"[:length])
                yield ("ABCDEFGHIJ" * (length // 10 + 1))[:length]


def _days(text: str) -> list[str]:
    match = _DAY.match(text)
    if match is None:
        return []
    day = date(int(match[1]), int(match[2]), int(match[3]))
    return [day.isoformat(), *((day + timedelta(days=days)).isoformat() for days in (1, -1, 15))]


def _matching(pattern: str, operator: str) -> list[str]:
    """Make texts that match a pattern, of the common kinds."""
    if "~~" in operator or operator.lower() in ("like", "ilike"):
        return [re.sub(r"%", fill, pattern).replace("_", "a") for fill in ("", "text", "7")]
    if operator.lower() == "glob":
        return [pattern.replace("*", fill).replace("?", "a") for fill in ("", "text")]
    return list(dict.fromkeys(filter(None, (_sample(pattern, turn) for turn in range(6)))))


def _sample(pattern: str, turn: int) -> str:
    """Make one text that a regular expression matches, by what Python's parser says of it; empty when it cannot."""
    try:
        from re import _parser as parser  # type: ignore[attr-defined,unused-ignore]
    except ImportError:  # before Python 3.11
        import sre_parse as parser  # type: ignore[no-redef,unused-ignore]
    try:
        parsed = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return ""
    return "".join(_pieces(parsed, turn))


def _pieces(parsed: object, turn: int) -> Iterator[str]:
    # a SubPattern counts by index and ends by IndexError, as a sequence does
    for operation, argument in iter(parsed):  # type: ignore[call-overload]
        kind = str(operation)
        if kind == "LITERAL":
            yield chr(argument)
        elif kind == "NOT_LITERAL":
            yield "a" if argument != ord("a") else "b"
        elif kind == "ANY":
            yield "abc"[turn % 3]
        elif kind == "IN":
            yield _member(argument, turn)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            for time in range(min(max(least, turn % 3 + 1), int(most))):
                yield from _pieces(inner, turn + time)
        elif kind == "SUBPATTERN":
            yield from _pieces(argument[3], turn)
        elif kind == "BRANCH":
            yield from _pieces(argument[1][turn % len(argument[1])], turn)


_CLASSES = {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "w", "CATEGORY_NOT_DIGIT": "a",
            "CATEGORY_NOT_SPACE": "a", "CATEGORY_NOT_WORD": "-"}  # fmt: skip


def _member(members: list[tuple[object, object]], turn: int) -> str:
    """Return a character of a class, another one with each turn."""
    if str(members[0][0]) == "NEGATE":
        return next((sign for sign in "aZ7-_ " if not _holds(members[1:], sign)), "")
    operation, argument = members[turn % len(members)]
    if str(operation) == "RANGE" and isinstance(argument, tuple):
        return chr(argument[0] + turn % (argument[1] - argument[0] + 1))
    if str(operation) == "CATEGORY":
        return _CLASSES.get(str(argument), "a")
    return chr(argument) if isinstance(argument, int) else ""


def _holds(members: list[tuple[object, object]], sign: str) -> bool:
    for operation, argument in members:
        if str(operation) == "RANGE" and isinstance(argument, tuple) and argument[0] <= ord(sign) <= argument[1]:
            return True
        if argument == ord(sign) or (str(operation) == "CATEGORY" and _CLASSES.get(str(argument)) == sign):
            return True
    return False
