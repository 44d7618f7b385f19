"""Run steps of a history through the user's env.py, or through an environment of ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from sqlalchemy import create_engine, pool

from .configuring import Around, alembic_configuration, configuration, scripts
from .freshness import Fresh
from .project import enter
from .protocol import GivenUp, Job
from .sessions import Sessions


class Step(NamedTuple):
    """One revision in one direction."""

    revision: str
    is_upgrade: bool


class VersionTable(NamedTuple):
    name: str
    schema: str | None


class Migrations:
    """The history of a project, and the way its migrations are run."""

    def __init__(self, job: Job, scratch_url: Callable[[], str]) -> None:
        """Load every script; raises what they raise on import, and GivenUp where the project cannot be loaded."""
        self._job, self._scratch_url = job, scratch_url
        enter(job)
        self._around: Around = nullcontext
        if job.own_environment:
            self.config = alembic_configuration(job)
        else:
            self.config, self._around = configuration(job)
        self.script = scripts(job, self.config)
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
        self.within(lambda _: self.steps(steps), steps[-1].revision if steps else "heads")

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
