"""A project as a job tells of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol


class Project(Protocol):
    """What a job says of a project."""

    @property
    def config_file(self) -> str | None: ...
    @property
    def section(self) -> str: ...
    @property
    def script_location(self) -> str | None: ...
    @property
    def version_locations(self) -> Sequence[str]: ...
    @property
    def is_recursive(self) -> bool: ...
    @property
    def sys_path(self) -> Sequence[str]: ...
    @property
    def root(self) -> str: ...
    @property
    def x(self) -> Sequence[str]: ...


def enter(project: Project) -> None:
    """Let the modules of a project be found."""
    sys.path[:0] = [each for each in project.sys_path if each not in sys.path]
    # Nobody has asked for it, and a package has modules named as those of Python: it comes last.
    sys.path += [each for each in [project.root] if each not in sys.path]
