"""What parent and worker tell each other: one job, and events as lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, TextIO


class Planned(NamedTuple):
    """A revision of the walk."""

    id: str
    path: str
    is_judged: bool
    """It makes the round trip; the others are there to be stood on."""
    no_way_back: str
    """Why there is no downgrade to run, empty where there is one."""


class Job(NamedTuple):
    """What is to be done, as the parent writes it."""

    dialect: str
    url: str
    prefix: str
    directory: str
    is_private: bool
    config_file: str | None
    section: str
    script_location: str | None
    version_locations: Sequence[str]
    is_recursive: bool
    sys_path: Sequence[str]
    root: str
    """Where the project is."""
    x: Sequence[str]
    own_environment: bool
    """The scripts run with an environment of ours instead of the project's env.py."""
    drops: bool
    """The databases are dropped in the end: the server is not ours."""
    revisions: Sequence[Planned]
    rows: int
    seed: int
    seed_files: str | None
    trace: bool
    """The statements of each first upgrade are told, with their locks; PostgreSQL only."""

    @classmethod
    def read(cls, descriptor: int) -> Job:
        """Read a job to its end."""
        with open(descriptor, encoding="utf-8") as file:
            fields: dict[str, Any] = json.load(file)
        fields["revisions"] = [Planned(**each) for each in fields["revisions"]]
        return cls(**fields)


class Events:
    """Writes events; what user code prints goes elsewhere."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._file: TextIO = open(descriptor, "w", encoding="utf-8")  # noqa: SIM115 - it stays open as long as we do

    def tell(self, event: str, **fields: object) -> None:
        json.dump({"event": event, **fields}, self._file, default=str)
        self._file.write("\n")
        self._file.flush()


class GivenUp(Exception):
    """The run cannot go on: `kind` says why, the text what to do."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
