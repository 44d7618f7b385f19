#!/usr/bin/env python3
"""Take the revisions of a history there, back and there again, and wait after each step: a child process.

The first line of standard input is a task in JSON: the fields of Trial. For every revision lines go to standard
output, and one is waited for after each. Upon the step "before" the parent makes the trial a copy of the scratch
database. "upgrade", "downgrade" and "again" are run on the trial, up to the first that fails, which has `why`. "after"
comes when the upgrade has run on the scratch database, so that the next revision starts from a schema that no
downgrade has touched.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.upgrading import Task, in_words, nothing, upgrade  # noqa: E402  found by the line above

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Engine


@dataclass(frozen=True)
class Trial(Task):
    """What is to be taken there and back."""

    trial: str
    """The URL of the database on which it is tried."""


def main() -> None:
    """Read the task and run it."""
    task = Trial(**json.loads(sys.stdin.readline()))
    answers = os.fdopen(os.dup(0), encoding="utf-8")
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    with Path(os.devnull).open("rb") as empty:
        os.dup2(empty.fileno(), 0)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    if task.stand_ins:
        from benchmarks import stand_ins

        del sys.path[0]
        sys.path[:0] = task.roots
        stand_ins.install([Path(each) for each in task.roots])
    else:
        sys.path[:1] = task.roots
    pipe = Pipe(told, answers)
    try:
        run(task, pipe)
    except BaseException as error:  # noqa: BLE001  whatever a script raises when it is loaded is told
        pipe.tell("loading", None, in_words(error))
    os._exit(0)  # threads and exit handlers of the application have nothing to add


class Pipe(NamedTuple):
    """The two ends of what joins this process to its parent."""

    told: TextIO
    answers: TextIO

    def tell(self, step: str, revision: str | None, why: str = "") -> None:
        """Tell how a step went, and wait until the parent has looked at the database."""
        print(json.dumps({"step": step, "revision": revision, "why": why}), file=self.told, flush=True)
        self.answers.readline()


def run(task: Trial, pipe: Pipe) -> None:
    """Run every revision."""
    import sqlalchemy as sa
    import sqlalchemy.orm  # scripts take it for granted: the models that an env.py imports have it loaded
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(
        str(Path(task.roots[0], task.script_location)),
        version_locations=[str(Path(task.roots[0], each)) for each in task.versions],
    )
    scripts.get_bases()  # loads all of them
    engine = sa.create_engine(task.url, poolclass=sa.NullPool)
    trying = sa.create_engine(task.trial, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for each in task.before:
            connection.execute(sa.text(each))
    for revision in task.revisions:
        pipe.tell("before", revision)
        for name, step in (("upgrade", upgrade), ("downgrade", downgrade), ("again", upgrade)):
            why = attempt(step, trying, scripts, revision, task.naming_convention)
            pipe.tell(name, revision, why)
            if why:
                break
        why = attempt(upgrade, engine, scripts, revision, task.naming_convention)
        if why:
            scripts.get_revision(revision).module.upgrade = nothing  # type: ignore[attr-defined]  # a module of its own
            upgrade(engine, scripts, revision, {})
        pipe.tell("after", revision, why)


def attempt(
    step: Any, engine: Engine, scripts: ScriptDirectory, revision: str, naming_convention: Mapping[str, str]
) -> str:
    """Run one step, and return why it failed."""
    try:
        step(engine, scripts, revision, naming_convention)
    except BaseException as error:  # noqa: BLE001  whatever a script raises, sys.exit() included, is told
        engine.dispose()
        return in_words(error)
    return ""


def downgrade(engine: Engine, scripts: ScriptDirectory, revision: str, naming_convention: Mapping[str, str]) -> None:
    """Run one downgrade in a transaction, as alembic.command.downgrade does."""
    import sqlalchemy as sa
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import RevisionStep

    config = Config()
    config.set_main_option("script_location", scripts.dir)
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(False).replace("%", "%%"))
    metadata = sa.MetaData(naming_convention=dict(naming_convention) or None)

    def steps(*_: object) -> Any:
        # This one alone, whatever other branches have run: Alembic would want them gone first.
        return [RevisionStep(scripts.revision_map, scripts.get_revision(revision), is_upgrade=False)]

    with (
        engine.connect() as connection,
        EnvironmentContext(config, scripts, fn=steps) as environment,
    ):
        environment.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()


if __name__ == "__main__":
    main()
