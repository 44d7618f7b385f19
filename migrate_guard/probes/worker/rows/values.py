"""Values of a type in its text form: telling ones, that conversions trip over, and ones that never repeat."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from .shape import Type

PHRASE = "a text that is no number "
_LONGEST = 4000
_LONG = 300
"""Longer than the usual VARCHAR(255)."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_START = 1_000_001
"""Where keys begin: far from those that a migration writes as literals or a sequence gives next."""

_VARIETY = {
    "boolean": ["true", "false"],
    "float": ["1234567.125", "-0.1", "1e+20", "0"],
    "money": ["12345.67", "-0.5", "0"],
    "bytes": ["\\x00ff27", "\\x", "\\x6120627974652773"],
    "json": ['{"a": [1, null, "two"], "b": {}}', "[]", "null", '"text"', "12.5", "true", "{}", "[1, 2]"],
    "xml": ["<a>text</a>", "<b/>"],
    "inet": ["192.168.0.1/24", "2001:db8::1", "10.0.0.1"],
    "cidr": ["192.168.0.0/24", "2001:db8::/32", "10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"],
    "macaddr8": ["08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"],
    "tsvector": ["'cat':3 'fat':2", "", "'rat':1A"],
    "tsquery": ["'fat' & 'cat'", "!'rat'"],
    "point": ["(1.5,-2)", "(0,0)"],
    "line": ["{1,-1,0}", "{0,1,2.5}"],
    "lseg": ["[(0,0),(1.5,1)]", "[(0,0),(0,0)]"],
    "box": ["(1.5,1),(0,0)", "(0,0),(-1,-1)"],
    "path": ["((0,0),(1,0),(1,1.5))", "[(0,0),(1,1)]"],
    "polygon": ["((0,0),(1,0),(1,1.5))", "((0,0),(0,0),(0,0))"],
    "circle": ["<(0,0),1.5>", "<(1,1),0>"],
    "hstore": ['"a"=>"1", "b"=>NULL', "", '"c"=>"text"'],
    "ltree": ["top.middle.leaf", "top"],
    "oid": ["1000001", "0"],
    "pg_lsn": ["16/B374D848", "0/0"],
    "multirange": ["{}"],
    "geometry": ["POINT(1 2)"],
    "spatial": ["POINT(1 2)", "POINT(0 0)"],
    "year": ["2024", "1970", "2038"],
    "hex": ["c0ffee0000004000800000000000000a", "0" * 32],
    "uuid": ["c0ffee00-0000-4000-8000-000000000001", "00000000-0000-0000-0000-000000000000"],
}
_DATES = ["2024-02-29", "1969-07-20", "2038-01-19", "1000-01-01"]
_MOMENTS = ["2024-02-29 23:59:59", "1970-01-02 00:00:01", "2037-12-31 23:59:58", "2000-01-01 12:00:00"]


def variety(type: Type) -> list[str]:
    """Return values that may repeat, the most telling first; none for a type that nothing is known of."""
    fraction = "" if type.precision == 0 else "." + "123456"[: type.precision or 6]
    if type.family in ("integer", "numeric"):
        return _integers(type) if type.family == "integer" else _numerics(type)
    if type.family == "text":
        return _texts(type.length)
    if type.family == "date":
        return _DATES
    if type.family in ("timestamp", "timestamptz"):
        zone = "+00" if type.family == "timestamptz" else ""
        return [moment + (fraction if place == 0 else "") + zone for place, moment in enumerate(_MOMENTS)]
    if type.family in ("time", "timetz"):
        zone = "+00" if type.family == "timetz" else ""
        return [f"23:59:59{fraction}{zone}", f"00:00:00{zone}"] if type.precision != 0 else [f"12:30:59{zone}"]
    if type.family == "interval":
        return [f"1 year 2 mons 3 days 04:05:06{fraction}", "-1 days", "00:00:00"]
    if type.family in ("bit", "varbit"):
        length = type.length or 5
        ones = ("10" * length)[:length]
        return [ones, "0" * length] + ([""] if type.family == "varbit" else [])
    if type.family == "vector":
        return ["[" + ",".join(["0.5"] * (type.length or 3)) + "]"]
    if type.family in ("enum", "set"):
        return list(type.labels)
    return _nested(type) or _VARIETY.get(type.family, [])


def distinct(type: Type, number: int) -> str | None:
    """Return the value of a number, another one than that of others until they come to an end; None: there is none."""
    if type.family == "integer":
        middle = _START if type.high >= 2 * _START else type.high // 2
        return str(middle + number % (type.high - middle + 1))
    if type.family == "numeric":
        return _distinct_numeric(type, number)
    if type.family in ("float", "money", "oid"):
        return str(_START + number) + (".5" if type.family == "float" else "")
    if type.family == "text":
        return _distinct_text(type.length, number)
    if type.family == "hex":
        return hashlib.sha256(str(number).encode()).hexdigest()[:32]
    if type.family == "uuid":
        name = hashlib.sha256(str(number).encode()).hexdigest()
        return f"{name[:8]}-{name[8:12]}-4{name[13:16]}-8{name[17:20]}-{name[20:32]}"
    if type.family in ("date", "timestamp", "timestamptz"):
        day = (date(2024, 2, 29) + timedelta(days=number)).isoformat()
        return day + {"date": "", "timestamp": " 23:59:59", "timestamptz": " 23:59:59+00"}[type.family]
    if type.family == "time":
        return f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    if type.family == "interval":
        return f"{number + 1} days"
    if type.family == "bytes":
        return f"\\x{number + 1:08x}"
    if type.family in ("bit", "varbit"):
        length = type.length or 32
        return f"{number % (1 << length):0{length}b}"
    if type.family in ("inet", "cidr"):
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if type.family in ("macaddr", "macaddr8"):
        return (
            "08:00:2b"
            + ":00" * (2 if type.family == "macaddr8" else 0)
            + f":00:{number >> 8 & 255:02x}:{number & 255:02x}"
        )
    if type.family in ("json", "hstore", "ltree", "tsvector", "xml", "point"):
        forms = {
            "json": '{{"n": {0}}}',
            "hstore": '"n"=>"{0}"',
            "ltree": "top.n{0}",
            "tsvector": "'n{0}'",
            "point": "({0},0)",
        }
        return forms.get(type.family, "<n>{0}</n>").format(number)
    return _distinct_nested(type, number)


def _distinct_nested(type: Type, number: int) -> str | None:
    if type.family == "range" and type.element is not None:
        low, high = distinct(type.element, 2 * number), distinct(type.element, 2 * number + 1)
        return None if low is None or high is None else f'["{low}","{high}")'
    if type.family == "array" and type.element is not None:
        element = distinct(type.element, number)
        return None if element is None else _array([element])
    if type.family == "composite" and type.fields:
        parts = [distinct(type.fields[0], number), *(next(iter(variety(field)), None) for field in type.fields[1:])]
        return None if parts[0] is None else _composite(parts)
    values = variety(type)
    return values[number % len(values)] if values else None


def _nested(type: Type) -> list[str]:
    """Return values of a type that is made of others."""
    if type.family == "range" and type.element is not None:
        ends = [distinct(type.element, number) for number in (0, 7)]
        return [f'["{ends[0]}","{ends[1]}")', f'["{ends[0]}",)', "empty"]
    if type.family == "array" and type.element is not None:
        elements = variety(type.element)
        return [_array(elements[:2]), "{}", *(_array([element]) for element in elements)]
    if type.family == "composite":
        pools: list[list[str | None]] = [[*variety(field)] or [None] for field in type.fields]
        return [_composite([pool[place % len(pool)] for pool in pools]) for place in (0, 1)]
    return []


def _integers(type: Type) -> list[str]:
    # Not the very last value, so that a migration can count on
    large = {127: 100, 255: 200, (1 << 15) - 1: 30_000, (1 << 31) - 1: 2_000_000_000}.get(type.high, 5_000_000_000)
    values = [min(large, type.high), -1, 0, 1, 2, 10, 100, 1000]
    return [str(value) for value in values if type.low <= value <= type.high]


def _numerics(type: Type) -> list[str]:
    if type.precision is None:
        return ["123456789012.123456789", "-0.5", "0", "1", "10"]
    scale = max(type.scale or 0, 0)
    whole = max(type.precision - scale, 0)
    large = "9" * whole + "." + "9" * scale if scale else "9" * whole
    small = "-0." + "5" * scale if scale else "-1"
    return ["0" + large if large.startswith(".") else large, small, "0", *(["1", "2"] if whole else [])]


def _distinct_numeric(type: Type, number: int) -> str | None:
    if type.precision is None:
        return str(_START + number) + ".5"
    whole = type.precision - max(type.scale or 0, 0)
    start = _START if whole >= 8 else 10 ** max(whole - 1, 0)
    return str(start + number % (10**whole - start)) if whole else None


def _texts(length: int | None) -> list[str]:
    full = filled("", _LONG if length is None else min(length, _LONGEST))
    shorter = ["Ünder 'quotes'", "-12.50", "", "7", "a", "B"]
    return [full, *(text for text in shorter if length is None or len(text) <= length)]


def _distinct_text(length: int | None, number: int) -> str | None:
    digits = ""
    rest = number if length is None or length >= 4 else number % 36**length
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    if length is not None and length < 4:
        # the letters first: no numbers
        digits = "".join(_DIGITS[(_DIGITS.index(digit) + 10) % 36] for digit in digits.rjust(length, "0"))
        return digits if len(digits) <= length else None
    text = f"k{digits}"
    if length is not None and len(text) > length:
        return None
    return text if number % 2 else filled(text + " ", min(length or 40, 255))


def filled(start: str, length: int) -> str:
    """Return a text of exactly this length."""
    text = (start + PHRASE * (length // len(PHRASE) + 1))[:length]
    return text[:-1] + "x" if text.endswith(" ") else text


def _array(elements: list[str]) -> str:
    return "{" + ",".join(_doubly(element) for element in elements) + "}"


def _composite(fields: list[str | None]) -> str:
    return "(" + ",".join("" if field is None else _doubly(field) for field in fields) + ")"


def _doubly(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
