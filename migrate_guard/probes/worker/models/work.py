"""Do the job: let nothing be reached, import the models, tell what they are."""

from __future__ import annotations

import importlib
import logging.config
import sys
from collections.abc import Sequence
from types import ModuleType

from ..importing import after_import
from ..protocol import Events, GivenUp
from .job import ModelsJob


def main(arguments: Sequence[str]) -> int:
    """Read the job from the first descriptor and write events to the second; 0 where models were loaded."""
    job, events = ModelsJob.read(int(arguments[0])), Events(int(arguments[1]))
    try:
        told = _loaded(job)
    except GivenUp as error:
        events.tell("given up", kind=error.kind, text=str(error), excerpt=_excerpt(error.__cause__))
        return 1
    except (Exception, SystemExit) as error:  # noqa: BLE001 - user code raises what it likes, and the parent tells it
        kind = "import" if isinstance(error, ImportError) else "models" if job.models else "env"
        events.tell("given up", kind=kind, text=f"{type(error).__name__}: {error}", excerpt=_excerpt(error))
        return 1
    events.tell("models", **told)
    events.tell("done")
    return 0


def _excerpt(error: BaseException | None) -> str:
    if error is None or (isinstance(error, ImportError) and error.name in _NEEDED):
        return ""
    from .. import failures

    return failures.excerpt(error)


_NEEDED = ("alembic", "sqlalchemy")


def _without_migrations(command: ModuleType) -> None:
    """Let applications that migrate when they start not do it."""
    for name in ("downgrade", "ensure_version", "stamp", "upgrade"):
        setattr(command, name, _nothing)


def _nothing(*_: object, **__: object) -> None:
    return None


def _loaded(job: ModelsJob) -> dict[str, object]:
    try:
        importlib.import_module("sqlalchemy")
        if not job.models:
            importlib.import_module("alembic")
    except ImportError as error:
        text = f"{sys.executable} has no {error.name}: name the Python of the project with --python"
        raise GivenUp("import", text) from error
    from . import alone, engines, places
    from .answers import Server

    # where it logs to, if there is a file that says so, is no matter here
    logging.config.fileConfig = _nothing
    after_import("alembic.command", _without_migrations)
    places.record()
    engines.patch(Server(job.dialect, tuple(job.version or ())))
    alone.watch(job.root)
    from .telling import tell

    return tell(job)
