"""Which Python runs the code of a project."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from migrate_guard.terminal import UserError, visible


def python_of(named: str | None, root: Path) -> str:
    """The Python that is named, else of the active environment, of one beside the project, or our own with Alembic."""
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise UserError(f"there is no {visible(named)}: --python names the Python of the project")
        return found
    active = (os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"))
    places = [Path(each) for each in active if each] + [each / ".venv" for each in (Path.cwd(), root)]
    for place in places:
        if (place / "bin" / "python").exists():
            return str(place / "bin" / "python")
    if find_spec("alembic") is not None:
        return sys.executable
    return shutil.which("python3") or sys.executable
