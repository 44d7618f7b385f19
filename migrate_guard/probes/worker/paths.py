"""Whose a file is: the project's, a package's that is installed, or Python's."""

from __future__ import annotations

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Iterable

_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_PYTHON = tuple(os.path.join(os.path.realpath(sysconfig.get_path(each)), "") for each in ("stdlib", "platstdlib"))


def is_installed(file: str) -> bool:
    """Whether a file is of a package that was installed."""
    return _INSTALLED.search(file) is not None


@functools.cache
def is_python(file: str) -> bool:
    """Whether a file is of the standard library, or no file (`<string>`)."""
    return file.startswith("<") or (not is_installed(file) and os.path.realpath(file).startswith(_PYTHON))


def imported(root: str, besides: Iterable[str]) -> list[str]:
    """The files below the root that modules were imported from, and those besides, without what is installed."""
    found = {os.path.abspath(each) for each in besides}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            found.add(os.path.abspath(file))
    below = os.path.join(os.path.abspath(root), "")
    return sorted(each for each in found if each.startswith(below) and not is_installed(each) and not is_python(each))


def packages() -> list[str]:
    """The directories that packages are installed in."""
    found = {os.path.abspath(each) for each in sys.path if is_installed(os.path.join(each, ""))}
    return sorted(each for each in found if os.path.isdir(each))
