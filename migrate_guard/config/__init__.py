"""The settings of a run: configuration file and command line in, `Settings` out."""

from migrate_guard.config.databases import target, unknown_database
from migrate_guard.config.loading import load
from migrate_guard.config.mistakes import ConfigError, Mistake, nearest
from migrate_guard.config.selectors import selected
from migrate_guard.config.settings import EVERYWHERE, Overrides, Settings

__all__ = [
    "EVERYWHERE",
    "ConfigError",
    "Mistake",
    "Overrides",
    "Settings",
    "load",
    "nearest",
    "selected",
    "target",
    "unknown_database",
]
