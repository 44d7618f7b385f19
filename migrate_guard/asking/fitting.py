"""Whether a CHECK proves that the values of a column fit another type."""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.dialects.narrowing import Misfit
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import CheckConstraint, Table

_NUMBER: Final = r"\(?'?(?P<{name}>-?\d+)(?:\.0*)?'?(?:::\w+)?\)?"
_OR: Final = lazily(r"\bor\b|\bnot\b", re.IGNORECASE)
_STRING: Final = lazily(r"'(?:[^']|'')*'")


def proves_fit(table: Table, column: str, misfit: Misfit) -> bool:
    """Whether a CHECK of a table that holds for every row leaves no value that does not fit."""
    return any(_proves(each, column, misfit) for each in table.check_constraints)


def _proves(check: CheckConstraint, column: str, misfit: Misfit) -> bool:
    if check.not_valid or check.not_enforced or column not in check.columns + check.expression.columns:
        return False
    text = check.expression.text
    if _OR.search(_STRING.sub("''", text)):
        return False
    named = rf'\(*"?(?:\w+\.)?"?{re.escape(column)}"?\)*(?:::(?:text|character varying|bigint|numeric))?\)*'
    if misfit.longest is not None:
        return _is_short(text, named, misfit.longest)
    if misfit.range is not None:
        low, high = misfit.range
        return _bound(text, named, ">") >= low and -_bound(text, named, "<") <= high
    return False


def _is_short(text: str, named: str, longest: int) -> bool:
    length = rf"(?:char_length|character_length|octet_length|length|len)\s*\(\s*{named}\s*\)"
    found = re.search(rf"{length}\s*(?P<sign><=|<)\s*{_NUMBER.format(name='most')}", text, re.IGNORECASE)
    if found:
        return int(found["most"]) - (found["sign"] == "<") <= longest
    listed = re.search(rf"{named}\s*(?:IN\s*\(|=\s*ANY\s*\()(?P<values>.*)\)", text, re.IGNORECASE | re.DOTALL)
    values = [each[1:-1].replace("''", "'") for each in _STRING.findall(listed["values"])] if listed else []
    return bool(values) and max(map(len, values)) <= longest


def _bound(text: str, named: str, sign: str) -> float:
    """The lower bound that a CHECK sets; for "<" the upper one, with the sign turned."""
    between = rf"{named}\s+BETWEEN\s+{_NUMBER.format(name='low')}\s+AND\s+{_NUMBER.format(name='high')}"
    if found := re.search(between, text, re.IGNORECASE):
        return int(found["low"]) if sign == ">" else -int(found["high"])
    if found := re.search(rf"{named}\s*{sign}(?P<equal>=?)\s*{_NUMBER.format(name='bound')}", text, re.IGNORECASE):
        bound = int(found["bound"]) if sign == ">" else -int(found["bound"])
        return bound if found["equal"] else bound + 1
    return float("-inf")
