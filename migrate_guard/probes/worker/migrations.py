"""Run steps of a history through the user's env.py, or through an environment of ours."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

from . import flask_app
from .freshness import Fresh
from .protocol import GivenUp, Job
from .sessions import Sessions


class Step(NamedTuple):
    """One revision in one direction."""

    revision: str
    is_upgrade: bool


class VersionTable(NamedTuple):
    name: str
    schema: str | None


Around = Callable[[], AbstractContextManager[object]]


class Migrations:
    """The history of a project, and the way its migrations are run."""

    def __init__(self, job: Job, scratch_url: Callable[[], str]) -> None:
        """Load every script; raises what they raise on import, and GivenUp where the project cannot be loaded."""
        self._job, self._scratch_url = job, scratch_url
        sys.path[:0] = [each for each in job.sys_path if each not in sys.path]
        # Nobody has asked for it, and a package has modules named as those of Python: it comes last.
        sys.path += [each for each in [job.root] if each not in sys.path]
        self._around: Around
        self.config, self._around = _configuration(job)
        self.script = _scripts(job, self.config)
        self.version_table = VersionTable("alembic_version", None)
        self.sessions = Sessions()
        self.can_share = False
        """One run of env.py can serve several requests."""
        self.runs = 0
        """How often anything was run."""
        self._asked = self._said_within = 0
        self._fresh: dict[str, Fresh] = {}

    def try_out(self) -> None:
        """Run env.py without a step; see whether one run of it can serve several."""
        said = self.sessions.said
        self.within(lambda _: iter(()), "heads")
        # What it says to the database besides, or to which of several, it says once a command.
        self.can_share = self._asked == 1 and self.sessions.said - said == self._said_within

    def run(self, steps: Sequence[Step]) -> None:
        """Run steps in their order, each as `alembic upgrade` and `alembic downgrade` would; raises what they raise."""
        self.within(lambda _: self.steps(steps), steps[-1].revision)

    def within(self, wanted: Callable[[MigrationContext], Iterator[MigrationStep]], destination: str) -> None:
        """Run env.py and what is wanted where it asks for migrations; raises what either of them raises."""
        self._asked = self._said_within = 0

        def noted(_heads: tuple[str, ...], context: MigrationContext) -> Iterator[MigrationStep]:
            self._asked += 1
            self.version_table = VersionTable(context.version_table, context.version_table_schema)
            return wanted(context)

        with (
            self._around(),
            EnvironmentContext(
                self.config,
                self.script,
                fn=noted,
                as_sql=False,
                starting_rev=None,
                destination_rev=destination,
                tag=None,
            ) as environment,
        ):
            self._count(environment)
            if self._job.own_environment:
                self._run_without_env(environment)
            else:
                self.script.run_env()
        if not self._asked:
            raise GivenUp("env", "env.py has not called context.run_migrations(): nothing was run")

    def steps(self, steps: Sequence[Step]) -> Iterator[MigrationStep]:
        """What Alembic is to run for these."""
        self.runs += 1
        return map(self._step, steps)

    def has_downgrade(self, revision: str) -> bool:
        """Whether the script of a revision has a function of that name."""
        script = self.script.get_revision(revision)
        return script is not None and hasattr(script.module, "downgrade")

    def _count(self, environment: EnvironmentContext) -> None:
        """Count what is said to the database where Alembic runs migrations, and not around it."""
        run_migrations = environment.run_migrations

        def counted(**options: Any) -> None:
            said = self.sessions.said
            run_migrations(**options)
            self._said_within += self.sessions.said - said

        environment.run_migrations = counted  # type: ignore[method-assign]

    def _step(self, step: Step) -> MigrationStep:
        script = self.script.get_revision(step.revision)
        assert script is not None
        if step.revision in self._fresh:
            self._fresh[step.revision].restore()
        else:
            self._fresh[step.revision] = Fresh(script.module, script.path)
        make = MigrationStep.upgrade_from_script if step.is_upgrade else MigrationStep.downgrade_from_script
        return make(self.script.revision_map, script)

    def _run_without_env(self, environment: EnvironmentContext) -> None:
        # Scripts say sqlalchemy.orm and leave its import to the models that env.py imports.
        importlib.import_module("sqlalchemy.orm")
        engine = create_engine(self._scratch_url(), poolclass=pool.NullPool)
        with engine.connect() as connection:
            environment.configure(connection=connection, transaction_per_migration=True)
            with environment.begin_transaction():
                environment.run_migrations()
        engine.dispose()


def _configuration(job: Job) -> tuple[Config, Around]:
    """The configuration as `alembic` reads it, or as `flask db` does where env.py asks the application."""
    options = argparse.Namespace(config=job.config_file, name=job.section, x=list(job.x) or None, raiseerr=True)
    if not job.own_environment and job.script_location and flask_app.is_wanted(job.script_location):
        return flask_app.configuration(job.script_location, list(job.x))
    if job.config_file is None:
        config = Config(ini_section=job.section, cmd_opts=options)
    elif job.config_file.endswith(".toml"):
        config = Config(toml_file=job.config_file, ini_section=job.section, cmd_opts=options)
    else:
        beside = os.path.join(os.path.dirname(job.config_file), "pyproject.toml")
        more: dict[str, Any] = {"toml_file": beside} if os.path.exists(beside) and _takes_toml() else {}
        config = Config(job.config_file, ini_section=job.section, cmd_opts=options, **more)
    return config, nullcontext


def _takes_toml() -> bool:
    """Whether Alembic reads pyproject.toml: 1.16 and later."""
    return "toml_file" in Config.__init__.__code__.co_varnames


def _scripts(job: Job, config: Config) -> ScriptDirectory:
    """The scripts where they were found, which need not be where Alembic looks for them from this directory."""
    place = job.script_location or job.version_locations[0]
    if job.config_file is not None:
        config.set_main_option("script_location", place.replace("%", "%%"))
    return ScriptDirectory(
        place, version_locations=list(job.version_locations), recursive_version_locations=job.is_recursive
    )
