"""Where MySQL and MariaDB want to be told a length. Asked of MariaDB 10.11 (errors 1170, 1064).

MySQL reference manual 8.4, 10.3.5 "Column Indexes"; SQLAlchemy's `visit_VARCHAR` of `dialects/mysql/base.py`.
"""

from __future__ import annotations

from typing import Final

from migrate_guard.model.schema import Type
from migrate_guard.model.target import Target

_LONG: Final = frozenset(f"{size}{kind}" for size in ("", "TINY", "MEDIUM", "LONG") for kind in ("TEXT", "BLOB"))
_VARYING: Final = frozenset({"VARCHAR", "NVARCHAR", "VARBINARY"})


def needs_length(type_: Type) -> bool:
    """Whether a type is refused as it is: a string of which nobody says how long it is."""
    return type_.name in _VARYING and not type_.args and type_.values is None and not type_.is_partly_known


def needs_prefix(type_: Type, target: Target, *, is_key: bool, is_unique: bool, columns: int) -> bool:
    """Whether an index over so many columns has to say how much of a value of the type counts.

    MariaDB tells unique values apart by a hash (10.4, MDEV-371), and takes as much as fits into an index of one column;
    `is_key` stands for the primary key, which knows neither.
    """
    if type_.name not in _LONG or type_.family == "json":
        return False
    return is_key or target.dialect != "mariadb" or (columns > 1 and not is_unique)
