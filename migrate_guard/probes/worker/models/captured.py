"""What env.py passes to `context.configure`, without the database that it connects to."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import MetaData, create_engine

from ..configuring import Around, configuration, scripts
from ..protocol import GivenUp
from .job import ModelsJob
from .loaded import Filters, Loaded, Problems, said
from .places import Place


class _Call:
    """One call of `context.configure`."""

    def __init__(self, options: dict[str, Any], place: Place | None) -> None:
        self.options, self.place = options, place
        self.engine: str | None = None


def captured(job: ModelsJob, problems: Problems) -> list[Loaded]:
    """Run env.py and return what it compares; raises GivenUp where it compares nothing, and what env.py raises.

    It runs online; where that fails, with a connection to start from, then offline. One that fails each time, and says
    before what it compares, has said enough.
    """
    config, around = configuration(job)
    if config.cmd_opts is not None:
        # some ask it before they import their models
        config.cmd_opts.autogenerate = True
    calls: list[_Call] = []
    first: Exception | None = None
    for attempt in (_as_it_is, _with_connection, _offline):
        made: list[_Call] = []
        error = attempt(_Run(job, config, around, made))
        calls, first = calls or made, first or error
        if made and error is None:
            return _loaded(made, config)
    if not calls:
        if first is not None:
            raise first
        raise GivenUp("env", "env.py has not called context.configure(): nothing says which models there are")
    if first is not None:
        problems.add(calls[-1].place, f"env.py fails after context.configure(): {said(first)}")
    return _loaded(calls, config)


class _Run(NamedTuple):
    """One run of env.py."""

    job: ModelsJob
    config: Config
    around: Around
    calls: list[_Call]
    """Those of `configure` in it."""

    def go(self, *, as_sql: bool) -> Exception | None:
        """Run; return what env.py raises."""
        script = scripts(self.job, self.config)
        try:
            with (
                self.around(),
                EnvironmentContext(
                    self.config,
                    script,
                    fn=lambda *_: [],
                    as_sql=as_sql,
                    starting_rev=None,
                    destination_rev="head",
                    tag=None,
                ) as environment,
            ):
                _watch(environment, self.calls, os.path.join(self.job.script_location or script.dir, "env.py"))
                script.run_env()
        except GivenUp:
            raise
        except Exception as error:  # noqa: BLE001 - user code raises what it likes
            return error
        except SystemExit as error:
            return RuntimeError(f"env.py has ended the process: {error}")
        return None


def _as_it_is(run: _Run) -> Exception | None:
    return run.go(as_sql=False)


def _with_connection(run: _Run) -> Exception | None:
    """Run it as applications do that hand it a URL or a connection."""
    url = f"{run.job.dialect}://scratch.invalid/app"
    if not run.config.get_main_option(_URL):
        run.config.set_main_option(_URL, url)
    if "connection" in run.config.attributes:
        return run.go(as_sql=False)
    with create_engine(url).connect() as connection:
        run.config.attributes["connection"] = connection
        try:
            return run.go(as_sql=False)
        finally:
            del run.config.attributes["connection"]


def _offline(run: _Run) -> Exception | None:
    return run.go(as_sql=True)


_URL = "sqlalchemy.url"


def _watch(environment: EnvironmentContext, calls: list[_Call], env_file: str) -> None:
    configure: Any = environment.configure
    signature = inspect.signature(configure)

    def noted(*args: Any, **kwargs: Any) -> None:
        bound = signature.bind(*args, **kwargs).arguments
        calls.append(_Call({**bound, **bound.get("kw", {})}, _line_of(env_file)))
        configure(*args, **kwargs)

    def run_migrations(**options: Any) -> None:
        if calls and "engine_name" in options:
            calls[-1].engine = options["engine_name"]

    environment.configure = noted  # type: ignore[method-assign]
    environment.run_migrations = run_migrations  # type: ignore[method-assign]


def _line_of(file: str) -> Place | None:
    """The innermost line of a file that is running."""
    frame = sys._getframe(1)  # noqa: SLF001 - what inspect.currentframe returns
    real = os.path.realpath(file)
    while frame is not None:
        if os.path.realpath(frame.f_code.co_filename) == real:
            return Place(file, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _loaded(calls: Sequence[_Call], config: Config) -> list[Loaded]:
    """The MetaData of each call, each once."""
    names = [each.strip() for each in (config.get_main_option("databases") or "").split(",") if each.strip()]
    found: list[Loaded] = []
    for number, call in enumerate(calls):
        filters = Filters(
            call.options.get("include_name"),
            call.options.get("include_object"),
            bool(call.options.get("include_schemas")),
            call.place,
        )
        for metadata in _all(call.options.get("target_metadata")):
            if all(each.metadata is not metadata for each in found):
                found.append(Loaded(metadata, _engine(call, number, names, len(calls)), filters))
    if not found:
        raise GivenUp(
            "models",
            "env.py passes no target_metadata to context.configure(): pass the MetaData of your models, or name"
            ' them, as in models = ["app.db:Base"]',
        )
    return found


def _all(target: Any) -> list[MetaData]:
    """The MetaData of `target_metadata`, which may be several."""
    if isinstance(target, MetaData):
        return [target]
    if isinstance(target, (list, tuple, set, frozenset)):
        return [each for value in target for each in _all(value)]
    metadata = getattr(target, "metadata", None)
    return [metadata] if isinstance(metadata, MetaData) else []


def _engine(call: _Call, number: int, names: Sequence[str], of: int) -> str | None:
    """The engine that a call is about, as Alembic's template for several databases names it."""
    if call.engine is not None:
        return call.engine
    token = call.options.get("upgrade_token")
    if isinstance(token, str) and token.endswith("_upgrades") and token != "upgrades":
        return token[: -len("_upgrades")]
    return names[number] if len(names) == of and of > 1 else None
