"""The user's cache of packed data directories. Where it cannot be read or written, there is none."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from migrate_guard.probes.janitor import Janitor


def read(name: str) -> bytes | None:
    """Return what was kept under a name."""
    try:
        return (_directory() / name).read_bytes()
    except (OSError, RuntimeError):
        return None


def write(name: str, content: bytes, janitor: Janitor) -> None:
    """Keep something under a name, in one step: whoever reads meanwhile gets the old or the new, never a half."""
    with suppress(OSError, RuntimeError):
        directory = _directory()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = directory / f".{name}.{secrets.token_hex(6)}"
        janitor.remove(unfinished)
        try:
            unfinished.write_bytes(content)
            unfinished.replace(directory / name)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()


def remove(name: str) -> None:
    """Forget what was kept under a name."""
    with suppress(OSError, RuntimeError):
        (_directory() / name).unlink()


def _directory() -> Path:
    """Return where caches are kept (XDG Base Directory Specification 0.8): a relative path there does not count."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "migrate-guard"
