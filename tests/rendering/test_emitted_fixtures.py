"""Every statement that Alembic's offline mode prints for whole projects is predicted, in its order."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate_guard import engine
from migrate_guard.model.revision import Direction
from migrate_guard.model.target import Target
from migrate_guard.planning import plan
from migrate_guard.reading.discover import discover
from tests.rendering.same_sql import same_sql

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
WORKER = Path(__file__).with_name("offline_worker.py")
PROJECTS: dict[str, set[tuple[str, Direction]]] = {
    "branched": set(),
    "linear": {("0b9e5d62c7f3", "upgrade")},
    "multi_head": set(),
    "pyproject": set(),
    "shop": {
        ("3be95a1c40d7", "upgrade"),
        ("ea40b96d7f23", "upgrade"),
        ("c86e2f07a1d9", "upgrade"),
        ("17d4ac93be60", "downgrade"),
    },
    "sqlmodel": set(),
    "two_bases": set(),
}
"""With what offline mode cannot print: scripts that read from the database, and one that drops a key without a name."""
DIRECTIONS: tuple[Direction, ...] = ("upgrade", "downgrade")
_ALEMBICS_OWN = re.compile(
    r"(CREATE TABLE|INSERT INTO|UPDATE|DELETE FROM|DROP TABLE) (\w+\.)?\w*alembic_version\b|BEGIN|COMMIT"
)


@pytest.mark.parametrize("name", PROJECTS)
def test_as_alembic_prints_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = shutil.copytree(FIXTURES / name, tmp_path / name, ignore=shutil.ignore_patterns("backfill_*.py"))
    printed = _printed(project)
    monkeypatch.chdir(project)
    (environment,) = discover([project], cwd=project, environ={}).environments
    reading = engine.read(environment, Target.default(), project)
    silent: set[tuple[str, Direction]] = set()
    for direction in DIRECTIONS:
        for each in plan(reading, frozenset(printed), direction).revisions:
            text = printed[each.revision.id][direction]
            if text is None:
                silent.add((each.revision.id, direction))
                continue
            wanted = [one for one in same_sql([text], "postgresql") if not _ALEMBICS_OWN.match(one)]
            assert same_sql((one.sql for one in each.statements), "postgresql") == wanted, each.revision.path
    assert silent == PROJECTS[name]


def _printed(project: Path) -> dict[str, dict[Direction, str | None]]:
    ini = project / "alembic.ini"
    command = [sys.executable, "-W", "ignore", str(WORKER), str(ini)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[Direction, str | None]] = json.loads(done.stdout)
    return found
