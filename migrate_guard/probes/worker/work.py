"""Do the job: send every connection to the scratch databases, load the project, walk its history."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .protocol import Events, GivenUp, Job

if TYPE_CHECKING:
    from .migrations import Migrations

URL = "sqlalchemy.url"


def main(arguments: Sequence[str]) -> int:
    """Read the job from the first descriptor and write events to the second; 0 where the walk came to its end."""
    job, events = Job.read(int(arguments[0])), Events(int(arguments[1]))
    try:
        _walk(job, events)
    except GivenUp as error:
        events.tell("given up", kind=error.kind, text=str(error), excerpt=_cause(error))
        return 1
    except (Exception, SystemExit) as error:  # noqa: BLE001 - user code raises what it likes, and the parent tells it
        events.tell("given up", **_told(error))
        return 1
    events.tell("done")
    return 0


def _told(error: BaseException) -> dict[str, object]:
    """What is said of an exception of the project; of an engine for another database, which one."""
    from . import failures
    from .refusal import Mismatch

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Mismatch):
            return {"kind": "dialect", "text": str(cause), "dialect": cause.dialect}
        cause = cause.__cause__ or cause.__context__
    return {"kind": "env", "text": f"{type(error).__name__}: {error}", "excerpt": failures.excerpt(error)}


def _cause(error: BaseException) -> str:
    if error.__cause__ is None or isinstance(error.__cause__, ImportError):
        return ""
    from . import failures

    return failures.excerpt(error.__cause__)


def _walk(job: Job, events: Events) -> None:
    try:
        importlib.import_module("alembic")
        importlib.import_module("sqlalchemy")
    except ImportError as error:
        text = f"{sys.executable} has no {error.name}: name the Python of the project with --python"
        raise GivenUp("import", text) from error
    from . import redirect

    redirected = redirect.install(job._asdict())
    # What else there is imports drivers: it comes after the redirect.
    from .migrations import Migrations
    from .serving import serve
    from .states import States
    from .tracing import Tracing
    from .walk import Walk

    tracing = Tracing(lambda: redirected.databases) if job.trace else None
    migrations = Migrations(job, redirected.url)
    _try_out(migrations, redirected.url)
    states = States(job, redirected, migrations)
    try:
        serve(migrations, Walk(job, events, migrations, states, tracing).go())
    finally:
        states.forget_copies()
        events.tell("left", databases=list(redirected.databases), are_dropped=job.drops and redirected.drop())


def _try_out(migrations: Migrations, scratch_url: Callable[[], str]) -> None:
    """Run env.py without a step; where the application hands it a URL that no file has, hand it the scratch's."""
    try:
        migrations.try_out()
    except GivenUp:
        raise
    except Exception as error:
        if migrations.config.get_main_option(URL) or _told(error)["kind"] == "dialect":
            raise
        migrations.config.set_main_option(URL, scratch_url().replace("%", "%%"))
        try:
            migrations.try_out()
        except Exception:  # noqa: BLE001 - whatever user code raises: what it lacks is said by the first
            raise error from None
