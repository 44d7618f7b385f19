"""Compute with values that may not be known: truth, text, comparison, arithmetic."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Unknown
from migrate_guard.model.source import Span
from migrate_guard.reading.machine import MAXIMUM_DIGITS, MAXIMUM_ITEMS, MAXIMUM_TEXT, MAXIMUM_WIDTH
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Clause,
    Columns,
    ColumnValue,
    EnumMember,
    External,
    FilePath,
    Instance,
    ListValue,
    OrderedSet,
    OutsideText,
    Row,
    Rows,
    SqlType,
    Statement,
    TableValue,
    Value,
)

PRIMITIVES: Final = (str, int, float, complex, bool, bytes, type(None), type(Ellipsis))
CONTAINERS: Final = (list, tuple, dict, set, frozenset, range)
SQL_VALUES: Final = (Clause, ColumnValue, Statement, SqlType, Columns)

ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_PERCENT: Final = lazily(r"%(?:\(\w*\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[diouxXeEfFgGcrsa]")

FAILURES: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What Python's own operations raise on values they do not fit."""


def is_answer(value: Value) -> bool:
    """Whether a value is an answer of the database, or computed from one."""
    if isinstance(value, Unknown):
        return value.is_answer
    if isinstance(value, Columns):
        return value.table.is_reflected
    if isinstance(value, list | tuple):
        return any(isinstance(each, Rows) or (isinstance(each, Unknown) and each.is_answer) for each in value[:20])
    return isinstance(value, Rows)


def outside(value: Value) -> str:
    """What a value comes from that is neither the script nor the database; empty where there is nothing of that."""
    if isinstance(value, Unknown | OutsideText):
        return value.source
    if isinstance(value, External):
        return OUTSIDE_NAMES.get(value.path, "")
    if isinstance(value, Clause):
        return outside(value.text)
    if isinstance(value, list | tuple):
        # not those inside of it: a list that holds another one twice, sixty times over, is endless to walk
        return next((each.source for each in value[:20] if isinstance(each, Unknown | OutsideText) and each.source), "")
    return ""


OUTSIDE_NAMES: Final = {
    "flask.current_app.config": "the application's setting",
    "os.environ": "the environment variable",
    "os.name": "the machine",
    "sys.argv": "the command line",
    "sys.platform": "the machine",
}
"""Objects of the standard library that hold what is known on the machine alone."""


def from_outside(text: Value, *sources: Value) -> Value:
    """A text that is made of such values, marked with where the first comes from."""
    if not isinstance(text, str) or isinstance(text, OutsideText):
        return text
    source = next(filter(None, map(outside, sources)), "")
    is_made_of_answers = HOLE in text and any(map(_has_answer, sources))
    if not source and not is_made_of_answers:
        return text
    parts = sources[0] if len(sources) == 1 and isinstance(sources[0], list) else sources
    return OutsideText(text, source, is_answer=is_made_of_answers, holes=tuple(_holes(text, parts)))


def _holes(text: str, parts: Iterable[Value]) -> Iterator[bool]:
    """Of each HOLE in a text whether something outside of the script gives it, where these are the parts of it."""
    texts = [each for each in parts if isinstance(each, str)]
    if "".join(texts) != text:
        return
    for each in texts:
        is_outside = isinstance(each, OutsideText)
        yield from each.holes if isinstance(each, OutsideText) and each.holes else (is_outside,) * each.count(HOLE)


def _has_answer(value: Value) -> bool:
    if isinstance(value, list | tuple | dict):
        # not what is inside of them: as of `outside`
        items = value.values() if isinstance(value, dict) else value
        return any(_is_one(each) for each in list(items)[:20])
    return _is_one(value)


def _is_one(value: Value) -> bool:
    return value.is_answer if isinstance(value, OutsideText) else is_answer(value)


def derived(reason: str, span: Span, *sources: Value) -> Unknown:
    """An unknown value computed from others."""
    source = next(filter(None, map(outside, sources)), "")
    query = next((each.query for each in sources if isinstance(each, Unknown | Rows) and each.query), None)
    return Unknown(reason, span, any(map(is_answer, sources)), source=source, query=query)


def truth(value: Value) -> bool | None:
    """Whether a value is true; None when that is not known."""
    if isinstance(value, str):
        return True if value.replace(HOLE, "") else (None if value else False)
    if isinstance(value, Unknown | Clause) or (isinstance(value, Rows) and value.rows is None):
        return None
    if isinstance(value, ListValue) and value.is_doubtful:
        return None
    if isinstance(value, (*PRIMITIVES, *CONTAINERS)):
        return bool(value)
    return True


def texts(value: Value) -> dict[str, str]:
    """The entries of a dictionary that are known to be strings."""
    items = value.items() if isinstance(value, dict) else ()
    return {str(key): each for key, each in items if isinstance(each, str)}


def is_set(option: Value) -> bool:
    """Whether an option is known to be on: `unique=1` makes a unique index like `unique=True`."""
    return isinstance(option, int) and bool(option)


def is_plain(value: Value) -> bool:
    """Whether a value is wholly known Python data of a size that can be written out and compared."""
    pending, count = [value], 0
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            if HOLE in each:
                return False
        elif isinstance(each, int):
            if each.bit_length() > MAXIMUM_DIGITS * 3.3:
                return False
        elif isinstance(each, CONTAINERS):
            # a list that holds another one twice, sixty times over, is small to hold and endless to walk
            count += length(each)
            if count > MAXIMUM_ITEMS:
                return False
            if isinstance(each, dict):
                pending += each.values()
            pending += each
        elif not isinstance(each, PRIMITIVES):
            return False
    return True


def length(value: Any) -> int:
    """The length of a container, as far as it matters."""
    try:
        return len(value)
    except OverflowError:  # of a range
        return MAXIMUM_ITEMS + 1


def modest(specification: str) -> bool:
    """Whether a format pads to no more than a sensible width."""
    return all(len(each) < 9 and int(each) <= MAXIMUM_WIDTH for each in re.findall(r"\d+", specification))


def to_text(value: Value) -> str:
    """What `str()` and formatting make of a value; HOLE where that is not known."""
    if isinstance(value, EnumMember):
        return to_text(value.value) if value.is_string else HOLE
    if isinstance(value, Clause):
        return value.text
    if isinstance(value, ColumnValue):
        return value.name
    if isinstance(value, TableValue):
        return str(value.name)
    if isinstance(value, FilePath):
        return value.path
    if isinstance(value, Unknown) and value.default:
        return to_text(value.default[0])
    if isinstance(value, int | list | tuple | dict | set) and not is_plain(value):
        return HOLE
    if isinstance(value, (*PRIMITIVES, *CONTAINERS)):
        return str(value)
    return HOLE


def known_items(value: Value) -> Sequence[Value] | None:
    """The elements of an iterable value; None when they are not known."""
    if isinstance(value, str):
        return None if HOLE in value or len(value) > MAXIMUM_ITEMS else list(value)
    if isinstance(value, (bytes, *CONTAINERS)):
        return list(value) if length(value) <= MAXIMUM_ITEMS else None
    if isinstance(value, Class) and value.is_enum:
        return enum_members(value)
    if isinstance(value, Columns):
        return None if value.table.is_open else list(value.table.columns)
    if isinstance(value, Rows):
        return None if value.rows is None else list(value.rows)
    if isinstance(value, Row):
        return list(value.values)
    if isinstance(value, Instance) and value.owner.descends_from("typing.NamedTuple"):
        return [value.attributes.get(name, value.owner.lookup(name)) for name in value.owner.fields()]
    return None


def enum_members(owner: Class) -> list[EnumMember]:
    return [each for each in owner.scope.variables.values() if isinstance(each, EnumMember)]


SET_OPERATIONS: Final[dict[type[ast.operator], Callable[[OrderedSet, OrderedSet], OrderedSet]]] = {
    ast.BitOr: lambda left, right: OrderedSet.of([*left, *right]),
    ast.BitAnd: lambda left, right: OrderedSet.of(each for each in left if each in right),
    ast.Sub: lambda left, right: OrderedSet.of(each for each in left if each not in right),
}


def is_explosive(kind: type[ast.operator], left: Value, right: Value) -> bool:
    if kind is ast.Mult:
        sized, count = (left, right) if isinstance(right, int) else (right, left)
        if isinstance(sized, str | bytes | list | tuple) and isinstance(count, int):
            return len(sized) * count > (MAXIMUM_TEXT if isinstance(sized, str | bytes) else MAXIMUM_ITEMS)
        return _bits(left) + _bits(right) > 100_000
    if kind in (ast.Pow, ast.LShift):
        return isinstance(right, int) and abs(right) * max(_bits(left), 1) > 100_000
    return False


def _bits(value: Value) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def percent_format(text: str, value: Value) -> str:
    if isinstance(value, Mapping):
        filled: Value = {key: _fill(each) for key, each in value.items()}
    elif isinstance(value, tuple):
        filled = tuple(map(_fill, value))
    else:
        filled = _fill(value)
    longest = max((len(each) for each in _texts(filled)), default=0) + max(
        map(_width, _PERCENT.findall(text)), default=0
    )
    if len(text) + text.count("%") * longest > MAXIMUM_TEXT:
        return HOLE
    try:
        return str(text % filled)
    except (*FAILURES, MemoryError):
        return _PERCENT.sub(HOLE, text)


def _texts(filled: Value) -> list[str]:
    values = filled.values() if isinstance(filled, Mapping) else filled if isinstance(filled, tuple) else (filled,)
    return [each for each in values if isinstance(each, str)]


def _width(conversion: str) -> int:
    """To how many columns a conversion may pad; one that takes the width from its values is not followed."""
    if "*" in conversion:
        return MAXIMUM_TEXT
    return sum(
        int(each) if len(each) < 9 else MAXIMUM_TEXT for each in re.findall(r"\d+", conversion.rpartition(")")[2])
    )


def _fill(value: Value) -> Value:
    return value if isinstance(value, int | float) and is_plain(value) else to_text(value)


_OPERATORS: Final[Mapping[type[ast.operator | ast.cmpop], str]] = {
    ast.Add: "+",
    ast.BitAnd: "AND",
    ast.BitOr: "OR",
    ast.Div: "/",
    ast.Eq: "=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Mult: "*",
    ast.NotEq: "<>",
    ast.Sub: "-",
}
_WITH_NULL: Final = {"=": "IS", "<>": "IS NOT"}


def sql_expression(left: Value, right: Value, operator: ast.operator | ast.cmpop | None = None) -> Clause:
    """A comparison or computation with columns or clauses; its text where both sides have one."""
    columns = tuple(each for value in (left, right) for each in _columns_of(value))
    word = _OPERATORS.get(type(operator)) if operator is not None else None
    if right is None and word in _WITH_NULL:
        word = _WITH_NULL[word]
    texts = sql_text(left), sql_text(right)
    if word is None or texts == (HOLE, HOLE):
        return Clause(HOLE, columns=columns)
    return Clause(
        f"({texts[0]} {word} {texts[1]})" if word in ("AND", "OR") else " ".join((texts[0], word, texts[1])),
        columns=columns,
    )


def _columns_of(value: Value) -> tuple[str, ...]:
    return (value.name,) if isinstance(value, ColumnValue) else value.columns if isinstance(value, Clause) else ()


def sql_text(value: Value) -> str:
    """A value as SQLAlchemy writes it in an expression; HOLE where that is not known."""
    if isinstance(value, Clause):
        return value.text
    if isinstance(value, ColumnValue):
        return value.name
    if isinstance(value, EnumMember):
        return HOLE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return HOLE if HOLE in value else "'" + value.replace("'", "''") + "'"
    if isinstance(value, int | float) and is_plain(value):
        return str(value)
    return "NULL" if value is None else HOLE


def is_same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown | Rows) or isinstance(right, Unknown | Rows):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, EnumMember) and isinstance(right, EnumMember):
        return left == right
    return True if left is right else None


def contains(container: Value, item: Value) -> bool | None:
    if isinstance(container, str) and isinstance(item, str):
        if item in container:
            return True
        return None if HOLE in container or HOLE in item else False
    if isinstance(container, Columns) and isinstance(item, str):
        found = container.table.column(item) is not None
        return found or (None if container.table.is_open else False)
    items = known_items(container)
    if items is None:
        return None
    item = plain_member(item, None)
    if is_plain(item) and any(is_plain(each) and each == item for each in items):
        return True
    if is_plain(item) and all(map(is_plain, items)):
        return False
    return True if any(each is item for each in items if not isinstance(item, Unknown)) else None


def usually(value: Value) -> Value:
    """What a value is as long as the environment sets nothing else."""
    if not isinstance(value, Unknown) or not value.default:
        return value
    return from_outside(value.default[0], value)


def plain_member(value: Value, other: Value) -> Value:
    if isinstance(value, EnumMember) and value.is_string and not isinstance(other, EnumMember):
        return value.value
    return value
