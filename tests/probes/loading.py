"""Running the child that loads models, alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import migrate_guard.probes.worker

_WORKER = Path(migrate_guard.probes.worker.__file__).with_name("__main__.py")


@dataclass(frozen=True, slots=True)
class Told:
    """What the child has said of the models of a project."""

    root: Path
    event: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.event[key]

    def model(self, table: str) -> Mapping[str, Any]:
        """The model of a table."""
        (found,) = (each for each in self["models"] if each["table"] == table)
        assert isinstance(found, dict)
        return found

    def code(self, place: Mapping[str, Any]) -> str:
        """What is written where something is said to be, and in which file."""
        file = Path(place["file"])
        return f"{file.relative_to(self.root)}: {file.read_text().splitlines()[place['line'] - 1].strip()}"

    def attributes(self, table: str) -> dict[str, str]:
        """The code of the attributes of a table, by the names of the columns."""
        return {each["column"]: self.code(each) for each in self.model(table)["attributes"]}

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The code at which each problem is, and what it is."""
        return [(self.code({"file": file, "line": line}), text) for file, line, text in self["problems"]]

    @property
    def files(self) -> list[str]:
        return [str(Path(each).relative_to(self.root)) for each in self["files"]]


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write the files of a project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def load(
    root: Path,
    *specs: str,
    dialect: str = "postgresql",
    version: Sequence[int] = (15,),
    history: Sequence[Mapping[str, object]] = (),
    engine_name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Told:
    """Load the models of a project; without specifications, those of its env.py in `migrations`."""
    has_ini, has_env = (root / "alembic.ini").exists(), (root / "migrations" / "env.py").exists()
    known: dict[str, object] = {"columns": [], "indexes": [], "uniques": [], "foreign_keys": [], "schema": None}
    job = {
        "config_file": str(root / "alembic.ini") if has_ini else None,
        "section": "alembic",
        "script_location": str(root / "migrations") if has_env else None,
        "version_locations": [],
        "is_recursive": False,
        "sys_path": [str(root)],
        "root": str(root),
        "x": [],
        "models": specs,
        "engine_name": engine_name,
        "dialect": dialect,
        "version": version,
        "history": [{**known, **each} for each in history],
    }
    job_read, job_write = os.pipe()
    events_read, events_write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(_WORKER), "models", str(job_read), str(events_write)],
        cwd=root,
        env={**{name: each for name, each in os.environ.items() if name != "PYTHONPATH"}, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(job_read, events_write),
    )
    os.close(job_read)
    os.close(events_write)
    with os.fdopen(job_write, "w") as file:
        json.dump(job, file)
    with os.fdopen(events_read) as file:
        events = [json.loads(line) for line in file]
    said, _ = process.communicate()
    assert events, said.decode()
    assert (process.returncode, [each["event"] for each in events]) in ((0, ["models", "done"]), (1, ["given up"]))
    return Told(root, events[0])
