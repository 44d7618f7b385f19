"""The configuration and the scripts of a project, as `alembic` or `flask db` would load them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory

from . import flask_app
from .project import Project

Around = Callable[[], AbstractContextManager[object]]
"""What env.py has to be run within."""


def configuration(project: Project) -> tuple[Config, Around]:
    """The configuration as `alembic` reads it, or as `flask db` does where env.py asks the application."""
    if project.script_location and flask_app.is_wanted(project.script_location):
        return flask_app.configuration(project.script_location, list(project.x))
    return alembic_configuration(project), nullcontext


def alembic_configuration(project: Project) -> Config:
    """The configuration as `alembic` reads it."""
    options = argparse.Namespace(
        config=project.config_file, name=project.section, x=list(project.x) or None, raiseerr=True
    )
    if project.config_file is None:
        return Config(ini_section=project.section, cmd_opts=options)
    if project.config_file.endswith(".toml"):
        return Config(toml_file=project.config_file, ini_section=project.section, cmd_opts=options)
    beside = os.path.join(os.path.dirname(project.config_file), "pyproject.toml")
    more: dict[str, Any] = {"toml_file": beside} if os.path.exists(beside) and _takes_toml() else {}
    return Config(project.config_file, ini_section=project.section, cmd_opts=options, **more)


def _takes_toml() -> bool:
    """Whether Alembic reads pyproject.toml: 1.16 and later."""
    return "toml_file" in Config.__init__.__code__.co_varnames


def scripts(project: Project, config: Config) -> ScriptDirectory:
    """The scripts where they were found, which need not be where Alembic looks for them from this directory."""
    place = project.script_location or project.version_locations[0]
    if project.config_file is not None:
        config.set_main_option("script_location", place.replace("%", "%%"))
    return ScriptDirectory(
        place, version_locations=list(project.version_locations), recursive_version_locations=project.is_recursive
    )
