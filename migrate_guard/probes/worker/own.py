"""Which connections are our own: they pass the redirect as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_ours: ContextVar[bool] = ContextVar("_is_ours", default=False)


@contextmanager
def ours() -> Iterator[None]:
    """Take connections that are opened within for our own, also by what is awaited within."""
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)


def are_ours() -> bool:
    """Say whether a connection that is opened now is our own."""
    return _is_ours.get()
