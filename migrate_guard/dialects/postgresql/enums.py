"""When a value that was added to an enum type can be used.

A value that ALTER TYPE … ADD VALUE added is refused ("unsafe use of new value") until its transaction is committed: a
rollback would take it out of the catalog, but not out of an index (PostgreSQL manual, ALTER TYPE, Notes). Values with
which the type was created are fine; from 17 on also those added to a type that the same transaction created
(`check_safe_enum_use` in utils/adt/enum.c).
"""

from __future__ import annotations

from typing import Final

_OF_NEW_TYPES_SINCE: Final = (17,)


def is_usable_at_once(version: tuple[int, ...], *, is_of_new_type: bool) -> bool:
    """Whether a value can be used in the transaction that adds it."""
    return is_of_new_type and version >= _OF_NEW_TYPES_SINCE
