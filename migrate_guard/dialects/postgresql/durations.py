"""How PostgreSQL reads the durations that parameters are set to."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.patterns import lazily

_UNITS: Final = {"us": 0.001, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Milliseconds of each unit, the smallest first."""
_DURATION: Final = lazily(
    r"\s*(?:(?P<fraction>\+?(?:\d+\.\d*|\.\d+|\d+(?=[eE][+-]?\d))(?:[eE][+-]?\d+)?)"
    r"|(?P<integer>\+?(?:0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)))\s*(?P<unit>[a-z]*)\s*"
)
_LARGEST: Final = 2_147_483_647
_LONGEST: Final = 100
"""Characters; what is longer is no number that the server takes."""


def milliseconds(value: str) -> int | None:
    """What a `lock_timeout` or `statement_timeout` is set to by a value; None if the server refuses it.

    A number without a unit is one of milliseconds, and units are case-sensitive; a fraction is rounded to the nearest
    multiple of the next smaller unit, and in the end to a whole number (PostgreSQL manual 20.1.1; guc.c, `parse_int`).
    """
    found = _DURATION.fullmatch(value) if len(value) <= _LONGEST else None
    if found is None or found["unit"] not in ("", *_UNITS):
        return None
    unit = found["unit"] or "ms"
    if found["fraction"]:
        number = float(found["fraction"])
    else:
        digits = found["integer"].lstrip("+")
        number = int(digits, 16 if digits[1:2] in ("x", "X") else 8 if digits.startswith("0") else 10)
    amount = number * _UNITS[unit]
    if amount > _LARGEST:
        return None
    names = list(_UNITS)
    if number % 1 and unit != names[0]:
        smaller = _UNITS[names[names.index(unit) - 1]]
        amount = round(amount / smaller) * smaller
    return round(amount) if amount <= _LARGEST else None
