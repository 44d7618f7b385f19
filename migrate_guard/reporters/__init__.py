"""Reporters: a report in, text out. One module a format, found by the contents of this package."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Final, NamedTuple, TypeAlias, cast

from migrate_guard.model.finding import Report, Severity

WIDTH: Final = 160
"""Columns of a report that no terminal shows; a build log has about as many."""


class Look(NamedTuple):
    """How a report is to look; formats for programs look the same always."""

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    width: int = WIDTH
    """Columns within which sentences are kept; code stays as it is to be copied."""
    fail_on: Severity = Severity.ERROR
    """From here on a finding fails the run."""
    directory: str = ""
    """What the paths of findings are relative to."""
    repository: str | None = None
    """The root of the repository around that, for formats that a forge reads; None where there is none."""


Reporter: TypeAlias = Callable[[Report, Look], str]


def formats() -> tuple[str, ...]:
    """Return the names of all formats."""
    modules = (module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(sorted(name.replace("_", "-") for name in modules))


def reporter(name: str) -> Reporter:
    """Return the reporter of a format; raises ImportError for a name that is not one of `formats`."""
    return cast(Reporter, import_module(f"{__name__}.{name.replace('-', '_')}").render)
