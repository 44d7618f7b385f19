"""Which values a column's new type does not hold, and what the database does with them.

Asked of PostgreSQL 15, of MariaDB 10.11 with strict SQL mode and without it, and of Alembic 1.20 on SQLite.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression, Type
from migrate_guard.model.target import Target

Outcome = Literal["refused", "changed"]


class Misfit(Struct, frozen=True):
    """Values that a new type does not hold."""

    values: str
    """Which ones, for a sentence: "values longer than 50 characters"."""
    outcome: Outcome
    becomes: str = ""
    """What the database makes of them where it takes them: "are cut"."""
    longest: int | None = None
    """How many characters fit."""
    range: tuple[int, int] | None = None
    """The numbers that fit."""
    is_of_contents: bool = False
    """It depends on what the values mean: texts that are to be read as something else."""

    def cut(self) -> Misfit:
        return replace(self, outcome="changed")


_BYTES: Final[Mapping[str, int]] = {"TINYINT": 1, "SMALLINT": 2, "MEDIUMINT": 3, "INTEGER": 4, "BIGINT": 8}
_EXACT_BITS: Final[Mapping[str, int]] = {"REAL": 24, "FLOAT": 24, "DOUBLE PRECISION": 53, "DOUBLE": 53}
"""Up to how many bits a whole number is exact in a float (IEEE 754)."""
_CAPACITIES: Final[Mapping[str, int]] = {
    "TINYTEXT": 255,
    "MEDIUMTEXT": 2**24 - 1,
    "LONGTEXT": 2**32 - 1,
    "TINYBLOB": 255,
    "BLOB": 2**16 - 1,
    "MEDIUMBLOB": 2**24 - 1,
    "LONGBLOB": 2**32 - 1,
}
"""MySQL reference manual 8.4, "Data Type Storage Requirements"."""
_MORE_THAN_ANY: Final = 2**20
"""A length that no value comes near to."""
_WIDTHS: Final[Mapping[str, int]] = {"SMALLINT": 6, "INTEGER": 11, "BIGINT": 20, "UUID": 36, "BOOLEAN": 5, "DATE": 10}
"""Characters of the longest value as text."""
_CAST: Final = lazily(
    r"\(?\s*(?:CAST\s*\(\s*)?\(?(?P<column>\"[^\"]+\"|\w+)\)?\s*(?:::|\s+AS\s+)[^()]+(?:\([^()]*\))?\s*\)?",
    re.IGNORECASE,
)


def misfit(old: Type, new: Type, using: Expression | None, target: Target) -> Misfit | None:
    """The values of type `old` that do not fit `new`; None: all do, nobody knows, or USING makes others of them."""
    if not (old.is_known and new.is_known) or bool(old.dimensions) != bool(new.dimensions):
        return None
    if str(old) == str(new):
        return None
    if old.dimensions:
        old, new = _item(old, target), _item(new, target)
    if target.dialect == "sqlite":
        return _copied(old, new)
    if using is not None and _CAST.fullmatch(using.text) is None and using.text.strip('" ()') not in using.columns:
        return None
    found = _MISFITS.get((old.family, new.family), _to_text if new.family == "text" else _none)(old, new, target)
    is_cut = using is not None and _CAST.fullmatch(using.text) is not None and found is not None and found.longest
    return found.cut() if found and is_cut else found


def _item(array: Type, target: Target) -> Type:
    return sql_type(str(replace(array, dimensions=0)), target.dialect)


def refuses_what_does_not_fit(target: Target) -> bool:
    """Whether nothing but an explicit cast makes the database change a value that does not fit.

    MySQL and MariaDB refuse it in strict SQL mode only, which is their default.
    """
    return target.dialect == "postgresql"


def _none(_old: Type, _new: Type, _target: Target) -> Misfit | None:
    return None


def _capacity(each: Type, target: Target) -> int | None:
    """How many characters or bytes a value may have; None: any."""
    if each.args and each.args[0].isdigit() and each.name in ("VARCHAR", "CHAR", "NVARCHAR", "VARBINARY", "BINARY"):
        return int(each.args[0])
    if each.name == "TEXT" and target.dialect != "postgresql":
        return 2**16 - 1
    return _CAPACITIES.get(each.name)


def _shorter(old: Type, new: Type, target: Target) -> Misfit | None:
    before, after = _capacity(old, target), _capacity(new, target)
    if after is None or after >= _MORE_THAN_ANY or (before is not None and before <= after):
        return None
    unit = "bytes" if new.family == "binary" else "characters"
    return Misfit(f"values longer than {after} {unit}", "refused", "are cut", longest=after)


def _to_text(old: Type, new: Type, target: Target) -> Misfit | None:
    """Anything else as text: everything has a spelling, which may be too long."""
    after, width = _capacity(new, target), _WIDTHS.get(old.name)
    if old.values:
        width = max(map(len, old.values))
    if old.family == "json":
        return _shorter(Type("TEXT", family="text"), new, target)
    if after is None or width is None or width <= after:
        return None
    return Misfit(f"values longer than {after} characters", "refused", "are cut", longest=after)


def _limits(each: Type) -> tuple[int, int] | None:
    name, _, sign = each.name.partition(" UNSIGNED")
    is_unsigned = each.name != name or bool(sign)
    size = _BYTES.get(name)
    if size is None:
        return None
    return (0, 2 ** (8 * size) - 1) if is_unsigned else (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1)


def _smaller(old: Type, new: Type, _target: Target) -> Misfit | None:
    before, after = _limits(old), _limits(new)
    if before is None or after is None or (after[0] <= before[0] and before[1] <= after[1]):
        return None
    if before[1] <= after[1]:
        return Misfit("negative values", "refused", "become 0", range=after)
    return Misfit(f"values above {after[1]}", "refused", f"become {after[1]}", range=after)


def _digits(each: Type) -> tuple[int, int] | None:
    """Digits before and after the point; None: as many as a value has."""
    if len(each.args) != 2 or not all(part.isdigit() for part in each.args):
        return None
    return int(each.args[0]) - int(each.args[1]), int(each.args[1])


def _less_precise(old: Type, new: Type, _target: Target) -> Misfit | None:
    before, after = _digits(old), _digits(new)
    if after is None or old.name == "MONEY" or new.name == "MONEY":
        return None
    if before is None or before[0] > after[0]:
        return _too_many_digits(after[0])
    return _rounded(after[1]) if before[1] > after[1] else None


def _too_many_digits(digits: int) -> Misfit:
    largest = 10**digits - 1
    return Misfit(
        f"values with more than {digits} digits before the point",
        "refused",
        "become the largest one that fits",
        range=(-largest, largest),
    )


def _rounded(digits: int) -> Misfit:
    kept = f"to {digits} digits after the point" if digits else "to whole numbers"
    return Misfit("values with more digits after the point", "changed", f"are rounded {kept}")


def _to_whole(old: Type, new: Type, _target: Target) -> Misfit | None:
    digits = _digits(old)
    if old.family == "float" or digits is None or digits[1]:
        return Misfit("values that are no whole numbers", "changed", "are rounded")
    limits = _limits(new)
    if limits is None or 10 ** digits[0] - 1 <= limits[1]:
        return None
    return Misfit(f"values above {limits[1]}", "refused", f"become {limits[1]}", range=limits)


def _to_decimal(old: Type, new: Type, _target: Target) -> Misfit | None:
    limits, after = _limits(old), _digits(new)
    return _too_many_digits(after[0]) if limits and after and limits[1] > 10 ** after[0] - 1 else None


def _to_float(old: Type, new: Type, _target: Target) -> Misfit | None:
    limits, bits = _limits(old), _EXACT_BITS.get(new.name)
    if limits is None or bits is None or limits[1] <= 2**bits:
        return None
    return Misfit(f"values above {2**bits}", "changed", "are rounded", range=(-(2**bits), 2**bits))


def _single(old: Type, new: Type, _target: Target) -> Misfit | None:
    before, after = _EXACT_BITS.get(old.name), _EXACT_BITS.get(new.name)
    if before is None or after is None or before <= after:
        return None
    return Misfit("values with more than 6 significant digits", "changed", "are rounded")


def _without_time(_old: Type, _new: Type, _target: Target) -> Misfit | None:
    return Misfit("times of day", "changed", "are dropped")


def _without_date(_old: Type, _new: Type, _target: Target) -> Misfit | None:
    return Misfit("dates", "changed", "are dropped")


def _read_as(_old: Type, new: Type, _target: Target) -> Misfit | None:
    what = f"one of {', '.join(new.values)}" if new.values else str(new)
    return Misfit(f"texts that cannot be read as {what}", "refused", "become 0 or empty", is_of_contents=True)


def _dimensions(old: Type, new: Type, _target: Target) -> Misfit | None:
    if {old.name, new.name} <= {"VECTOR", "HALFVEC"} and old.args and new.args and old.args != new.args:
        return Misfit(f"vectors of {old.args[0]} dimensions", "refused")
    return None


_MISFITS: Final[Mapping[tuple[str, str], Callable[[Type, Type, Target], Misfit | None]]] = {
    ("text", "text"): _shorter,
    ("binary", "binary"): _shorter,
    ("integer", "integer"): _smaller,
    ("integer", "decimal"): _to_decimal,
    ("integer", "float"): _to_float,
    ("decimal", "decimal"): _less_precise,
    ("decimal", "integer"): _to_whole,
    ("float", "integer"): _to_whole,
    ("float", "float"): _single,
    ("timestamp", "date"): _without_time,
    ("timestamp", "time"): _without_date,
    ("interval", "time"): _without_date,
    **{
        ("text", family): _read_as
        for family in ("integer", "decimal", "float", "date", "timestamp", "uuid", "enum", "json")
    },
    ("other", "other"): _dimensions,
}


def _copied(old: Type, new: Type) -> Misfit | None:
    """SQLite holds anything in any column. What Alembic's batch mode copies it casts where SQLAlchemy's types differ.

    `ApplyBatchImpl.alter_column` of `alembic/operations/batch.py`; "Datatypes In SQLite", 3.1: DATE, DATETIME and
    TIMESTAMP have the affinity NUMERIC, which of "2024-01-31" keeps 2024.
    """
    if old.family == new.family:
        return None
    if new.family in ("date", "time", "timestamp") and old.family in ("text", "date", "time", "timestamp"):
        return Misfit("dates and times", "changed", "are cut to the year")
    if new.family == "integer" and old.family in ("float", "decimal"):
        return Misfit("values that are no whole numbers", "changed", "are cut")
    if old.family == "text" and new.family in ("integer", "float", "decimal", "boolean"):
        return Misfit("texts that are no numbers", "changed", "become 0", is_of_contents=True)
    return None
