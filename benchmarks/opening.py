"""Which scripts of a directory a program opens, by the kernel's own account (inotify, Linux); elsewhere unknown."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

IN_OPEN = 0x20
"""inotify(7): a file was opened."""
EVENT = struct.Struct("iIII")
"""struct inotify_event: the watch, the mask, the cookie and the length of the name that follows."""
ENOUGH = 1 << 20


class Opened:
    """Watches a directory while it is entered; sub-directories are not watched."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: int | None = None
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            self._file = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if libc.inotify_add_watch(self._file, os.fsencode(self._directory), IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(self._directory))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(BlockingIOError):
                while data := os.read(self._file, ENOUGH):
                    self._names.update(names(data))
            os.close(self._file)

    def scripts(self) -> int | None:
        """How many scripts were opened; None where nobody knows."""
        if self._file is None:
            return None
        return sum(name.endswith(".py") and name != "__init__.py" for name in self._names)


def names(data: bytes) -> Iterator[str]:
    """The names in what inotify hands out; the directory itself has none."""
    offset = 0
    while offset < len(data):
        length = EVENT.unpack_from(data, offset)[3]
        offset += EVENT.size
        yield os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
        offset += length
