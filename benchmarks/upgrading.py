#!/usr/bin/env python3
"""Run the upgrades of a history, one transaction a revision, and wait after each: the child process of live.py.

The first line of standard input is a task in JSON: the fields of Task. For every revision a line goes to standard
output and one is waited for: `{"revision": ID, "why": WORDS}`, the words empty unless the revision failed; then it has
been rolled back and the next one follows as if it had run. What keeps all of them from running is told with the
revision null. What the scripts print goes to standard error. Alembic runs them with an environment of ours: no env.py
is imported.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Engine


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
    with Path(os.devnull).open("rb") as empty:
        os.dup2(empty.fileno(), 0)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.path[:0] = task.roots
    if task.stand_ins:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from benchmarks import stand_ins

        del sys.path[0]
        stand_ins.install([Path(each) for each in task.roots])
    pipe = Pipe(told, answers)
    try:
        run(task, pipe)
    except BaseException as error:  # noqa: BLE001  whatever a script raises when it is loaded is told
        pipe.tell(None, in_words(error))
    os._exit(0)  # threads and exit handlers of the application have nothing to add


@dataclass(frozen=True)
class Pipe:
    """The two ends of what joins this process to its parent."""

    told: TextIO
    answers: TextIO

    def tell(self, revision: str | None, why: str = "") -> None:
        """Tell what has become of a revision, and wait until the parent has looked at the database."""
        print(json.dumps({"revision": revision, "why": why}), file=self.told, flush=True)
        self.answers.readline()


def in_words(error: BaseException) -> str:
    """Return an error in a line; where it comes from goes to standard error."""
    traceback.print_exception(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def run(task: Task, pipe: Pipe) -> None:
    """Run every revision."""
    import sqlalchemy as sa
    import sqlalchemy.orm  # scripts take it for granted: the models that an env.py imports have it loaded
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(
        str(Path(task.roots[0], task.script_location)),
        version_locations=[str(Path(task.roots[0], each)) for each in task.versions],
    )
    scripts.get_bases()  # loads all of them
    engine = sa.create_engine(task.url)
    with engine.begin() as connection:
        for each in task.before:
            connection.execute(sa.text(each))
    for revision in task.revisions:
        with kept(engine.url.database if engine.name == "sqlite" else None) as restore:
            try:
                upgrade(engine, scripts, revision, task.naming_convention)
            except BaseException as error:  # noqa: BLE001  whatever a script raises, sys.exit() included, is told
                engine.dispose()
                restore()
                vars(scripts.get_revision(revision).module)["upgrade"] = nothing
                upgrade(engine, scripts, revision, {})
                pipe.tell(revision, in_words(error))
            else:
                pipe.tell(revision)


def nothing(**_: object) -> None:
    """Stand for an upgrade that fails."""


@contextmanager
def kept(database: str | None) -> Iterator[Callable[[], object]]:
    """Keep the file of a database, whose DDL a rollback leaves as it is, and give what brings it back."""
    if database is None:
        yield lambda: None
        return
    with tempfile.NamedTemporaryFile() as copy:
        if Path(database).exists():
            shutil.copyfile(database, copy.name)
        yield lambda: shutil.copyfile(copy.name, database)


def upgrade(engine: Engine, scripts: ScriptDirectory, revision: str, naming_convention: Mapping[str, str]) -> None:
    """Run one revision in a transaction, as alembic.command.upgrade does."""
    import sqlalchemy as sa
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    config = Config()
    config.set_main_option("script_location", scripts.dir)
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(False).replace("%", "%%"))
    metadata = sa.MetaData(naming_convention=dict(naming_convention) or None)

    def steps(current: Any, _: object) -> Any:
        return scripts._upgrade_revs(revision, current)  # noqa: SLF001  there is no public way

    with (
        engine.connect() as connection,
        EnvironmentContext(config, scripts, fn=steps, destination_rev=revision) as environment,
    ):
        environment.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()


if __name__ == "__main__":
    main()
