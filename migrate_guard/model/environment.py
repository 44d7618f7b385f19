"""What env.py and the configuration of an Alembic environment say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Environment:
    """One Alembic environment as rules see it; paths are those that findings print."""

    script_location: str
    """The folder of env.py, or of the scripts where there is none."""
    config_path: str | None = None
    env_path: str | None = None
    url: str | None = None
    databases: tuple[str, ...] = ()
    """The engine names of a multidb environment."""
    version_table: str = "alembic_version"
    naming_convention: Mapping[str, str] = field(default_factory=dict)
    """The convention of the MetaData that env.py passes to `context.configure`."""
    knows_naming_convention: bool = False
    """Whether that MetaData could be found; else unnamed constraints may have any name."""
    widens_version_table: bool = False
    """env.py makes the version table's column wider than Alembic's VARCHAR(32)."""
