"""Load a Flask application as `flask db` does: env.py of Flask-Migrate asks it for everything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .protocol import GivenUp


def is_wanted(script_location: str) -> bool:
    """Whether env.py asks the application that is current."""
    try:
        with open(os.path.join(script_location, "env.py"), encoding="utf-8", errors="replace") as file:
            return re.search(r"\bcurrent_app\b", file.read()) is not None
    except OSError:
        return False


def configuration(script_location: str, x: list[str]) -> tuple[Any, Callable[[], AbstractContextManager[object]]]:
    """The configuration that Flask-Migrate makes, and the context of the application; raises GivenUp."""
    try:
        from flask.cli import NoAppException, ScriptInfo, load_dotenv
    except ImportError as error:
        raise GivenUp("env", f"env.py asks flask.current_app, and Flask cannot be imported: {error}") from error
    if os.environ.get("FLASK_SKIP_DOTENV", "").lower() not in ("1", "true", "yes"):
        load_dotenv()
    try:
        app = ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except NoAppException as error:
        text = f"env.py asks flask.current_app: name the application with FLASK_APP ({error})"
        raise GivenUp("env", text) from error
    if "migrate" not in app.extensions:
        raise GivenUp("env", "the Flask application has no Migrate(app, db), which its env.py asks for")
    with app.app_context():
        config = app.extensions["migrate"].migrate.get_config(script_location, x_arg=x or None)
    return config, app.app_context
