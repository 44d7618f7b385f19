#!/usr/bin/env python3
"""Run the upgrades of a history, one transaction a revision, and wait after each: the child process of live.py.

The first line of standard input is a task in JSON: the fields of Task. After every revision a line goes to standard
output, `{"revision": ID}`, and one is waited for. The last one is `{"finished": true}` or `{"failed": ID, "why": ...}`.
What the scripts print goes to standard error. Alembic runs them with an environment of ours: no env.py is imported.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO


@dataclass(frozen=True)
class Task:
    """What is to be run."""

    roots: Sequence[str]
    """Where the modules of the project are imported from; the first is what the paths are relative to."""
    script_location: str
    versions: Sequence[str]
    url: str
    revisions: Sequence[str]
    """In the order to run them, each after those that it rests on."""
    naming_convention: Mapping[str, str]
    before: Sequence[str]
    """Statements that the project's env.py runs before the migrations."""
    stand_ins: bool
    """Whether what cannot be imported is stood in for."""


def main() -> None:
    """Read the task, run it, and tell how far it came."""
    task = Task(**json.loads(sys.stdin.readline()))
    answers = os.fdopen(os.dup(0), encoding="utf-8")
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.path[:0] = task.roots
    if task.stand_ins:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from benchmarks import stand_ins

        del sys.path[0]
        stand_ins.install([Path(each) for each in task.roots])
    reached = Reached(task.revisions[0])
    try:
        run(task, reached, told, answers)
    except BaseException as error:  # noqa: BLE001  whatever a script raises, sys.exit() included, is told
        traceback.print_exc()
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        print(json.dumps({"failed": reached.revision, "why": why}), file=told)
    else:
        print(json.dumps({"finished": True}), file=told)
    told.flush()
    os._exit(0)  # threads and exit handlers of the application have nothing to add


@dataclass
class Reached:
    """How far the run came."""

    revision: str


def run(task: Task, reached: Reached, told: TextIO, answers: TextIO) -> None:
    """Run every revision."""
    import sqlalchemy as sa
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(task.roots[0], task.script_location)))
    config.set_main_option("sqlalchemy.url", task.url.replace("%", "%%"))
    scripts = ScriptDirectory(
        str(Path(task.roots[0], task.script_location)),
        version_locations=[str(Path(task.roots[0], each)) for each in task.versions],
    )
    metadata = sa.MetaData(naming_convention=dict(task.naming_convention)) if task.naming_convention else sa.MetaData()
    with sa.create_engine(task.url).connect() as connection:
        for each in task.before:
            connection.execute(sa.text(each))
        connection.commit()
        for revision in task.revisions:
            reached.revision = revision

            def steps(current: Any, _: object, revision: str = revision) -> Any:
                return scripts._upgrade_revs(revision, current)  # noqa: SLF001  as alembic.command.upgrade does

            with EnvironmentContext(config, scripts, fn=steps, destination_rev=revision) as environment:
                environment.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
                with environment.begin_transaction():
                    environment.run_migrations()
            connection.commit()
            print(json.dumps({"revision": revision}), file=told)
            answers.readline()


if __name__ == "__main__":
    main()
