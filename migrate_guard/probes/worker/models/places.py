"""Where MetaData, tables and columns are made: the first frame that is neither SQLAlchemy's nor ours, when they are."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ..paths import is_installed, is_python

if TYPE_CHECKING:
    from types import FrameType

_KEY = "_migrate_guard_place"
_LIBRARIES = frozenset({"flask_sqlalchemy", "pydantic", "sqlalchemy", "sqlmodel", __name__.partition(".")[0]})
_DEEPEST = 200


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int
    is_of_class: bool = False
    """A class statement made it, as SQLAlchemy's declarative mapping does."""


def record() -> None:
    """Note from now on where each MetaData, Table and Column is made; a copy is where its original is."""
    from sqlalchemy import Column, MetaData, Table, event

    for each in (Column, MetaData):
        _note_made(each)
    event.listen(Table, "before_parent_attach", _note)
    copy = "_copy" if "_copy" in vars(Column) else "copy"  # 1.4 and later, 1.3
    setattr(Column, copy, _copied(getattr(Column, copy)))
    to_metadata = "to_metadata" if hasattr(Table, "to_metadata") else "tometadata"
    setattr(Table, to_metadata, _copied(getattr(Table, to_metadata)))


def place_of(item: object) -> Place | None:
    """Where a MetaData, Table or Column was made, where that is known."""
    found: Place | None = getattr(item, "__dict__", {}).get(_KEY)
    return found


def _note_made(cls: Any) -> None:
    original = cls.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if _KEY not in self.__dict__:
            _note(self)
        original(self, *args, **kwargs)

    cls.__init__ = init


def _note(item: Any, *_: object) -> None:
    place = _found(sys._getframe(1))  # noqa: SLF001 - what inspect.currentframe returns
    if place is not None:
        item.__dict__[_KEY] = place


def _copied(original: Any) -> Any:
    @functools.wraps(original)
    def copy(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = original(self, *args, **kwargs)
        if _KEY in self.__dict__ and made is not None:
            made.__dict__[_KEY] = self.__dict__[_KEY]
        return made

    return copy


def _found(frame: FrameType | None) -> Place | None:
    """The innermost line of the project, else of another package; nothing that imports the one that runs."""
    first: Place | None = None
    is_of_class = False
    for _ in range(_DEEPEST):
        if frame is None or frame.f_code.co_filename.startswith("<frozen importlib"):
            break
        module, file = frame.f_globals.get("__name__") or "", frame.f_code.co_filename
        if module.partition(".")[0] in _LIBRARIES:
            is_of_class = is_of_class or module.startswith(("sqlalchemy.orm.decl", "sqlmodel"))
        elif not is_python(file):
            place = Place(file, frame.f_lineno, is_of_class)
            if not is_installed(file):
                return place
            first = first or place
        frame = frame.f_back
    return first
