"""Data directories as one file: written once after a server was set up, unpacked for every run.

One file is replaced atomically, is checked as a whole, and unpacks three times as fast as a thousand files copy: half
of the system calls, and most of a fresh data directory is zeros, which are not stored.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Final

_MAGIC: Final = b"migrate-guard data directory 1\n"


class Broken(Exception):
    """The file is not a pack, or no longer what was written."""


def pack(directory: Path) -> bytes:
    """Return all directories and files below a directory."""
    entries: list[tuple[str, int, int | None, int]] = []
    contents: list[bytes] = []
    for here, names, files in os.walk(directory):
        for name in sorted(names):
            path = os.path.join(here, name)
            entries.append((os.path.relpath(path, directory), os.stat(path).st_mode & 0o777, None, 0))
        for name in sorted(files):
            path = os.path.join(here, name)
            content = Path(path).read_bytes()
            stored = content.rstrip(b"\0")
            entries.append((os.path.relpath(path, directory), os.stat(path).st_mode & 0o777, len(content), len(stored)))
            contents.append(stored)
    index = json.dumps(entries).encode() + b"\n"
    body = b"".join([index, *contents])
    return _MAGIC + b"%08x\n" % zlib.crc32(body) + body


def unpack(packed: bytes, directory: Path, uid: int | None, gid: int | None) -> None:
    """Write what was packed below a directory that exists, for another user where one is given; raises Broken."""
    start = len(_MAGIC) + 9
    body = memoryview(packed)[start:]
    if not packed.startswith(_MAGIC) or b"%08x\n" % zlib.crc32(body) != packed[len(_MAGIC) : start]:
        raise Broken
    at = packed.index(b"\n", start) + 1
    entries: list[tuple[str, int, int | None, int]] = json.loads(packed[start:at])
    everything = memoryview(packed)
    root = os.open(directory, os.O_RDONLY)
    try:
        for name, mode, size, stored in entries:
            if size is None:
                os.mkdir(name, mode, dir_fd=root)
                if uid is not None and gid is not None:
                    os.chown(name, uid, gid, dir_fd=root)
                continue
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode, dir_fd=root)
            try:
                if uid is not None and gid is not None:
                    os.fchown(descriptor, uid, gid)
                _write(descriptor, everything[at : at + stored])
                if size > stored:
                    os.ftruncate(descriptor, size)
            finally:
                os.close(descriptor)
            at += stored
    finally:
        os.close(root)


def _write(descriptor: int, content: memoryview) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
