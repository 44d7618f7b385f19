"""The settings of a run: configuration file and command line in, `Settings` out."""

from migrate_guard.config.databases import target, unknown_database
from migrate_guard.config.files import Written, find
from migrate_guard.config.loading import load, read, rule_folders
from migrate_guard.config.mistakes import ConfigError, Mistake, nearest
from migrate_guard.config.selectors import codes_of, decides, selected, severity_of
from migrate_guard.config.settings import EVERYWHERE, Origin, Overrides, Settings

__all__ = [
    "EVERYWHERE",
    "ConfigError",
    "Mistake",
    "Origin",
    "Overrides",
    "Settings",
    "Written",
    "codes_of",
    "decides",
    "find",
    "load",
    "nearest",
    "read",
    "rule_folders",
    "selected",
    "severity_of",
    "target",
    "unknown_database",
]
