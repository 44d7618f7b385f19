"""YAML as the tools that read it do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> Any:
    """Return what a file says."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def dump(data: object, path: Path) -> None:
    """Write a file that says `data`."""
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
