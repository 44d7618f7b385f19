"""Migrating a project in a child process that the redirect has hold of, next to a live database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import servers
from tests.servers import PostgresServer

_PREFIX = "migrate_guard_5ca7c4"

# The text of the child process: the job, the ini file and the file for the outcome are its arguments.
_CHILD = """\
import json, sys
from migrate_guard.probes.worker import redirect
from migrate_guard.probes.worker.connections import run
redirected = redirect.install(json.loads(sys.argv[1]))
from alembic import command
from alembic.config import Config
error = ""
try:
    command.upgrade(Config(sys.argv[2]), "heads")
except Exception as raised:
    error = f"{type(raised).__name__}: {raised}"
import sqlalchemy
names = lambda connection: sorted(sqlalchemy.inspect(connection).get_table_names())
outcome = {
    "databases": {each: run(each, names) for each in redirected.databases},
    "driver": redirected.driver,
    "refused": redirected.refused,
    "error": error,
}
with open(sys.argv[3], "w") as file:
    json.dump(outcome, file)
"""

ENV = """\
from alembic import context
{top}

def run(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()

{bottom}
"""

SCRIPT = """\
import sqlalchemy as sa
from alembic import op
{top}
revision = "a1"
down_revision = None

def upgrade():
    op.create_table("parcels", sa.Column("id", sa.Integer, primary_key=True))
    {body}

def downgrade():
    op.drop_table("parcels")
"""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A server for scratch databases, and a folder for those of SQLite."""

    dialect: str
    url: str
    directory: Path
    is_private: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a migration."""

    databases: dict[str, list[str]]
    driver: str | None
    refused: list[str]
    error: str
    stderr: str

    @property
    def tables(self) -> list[list[str]]:
        """The tables of the scratch databases, in the order of these."""
        return list(self.databases.values())


@dataclass(frozen=True, slots=True)
class Live:
    """A server of PostgreSQL that notes who comes, with the database `app`."""

    server: PostgresServer
    host: str
    log: Path

    def url(self, driver: str = "") -> str:
        return f"postgresql{driver}://postgres@/app?host={self.host}"

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Fail when anybody connects meanwhile."""
        before = self.log.read_text()
        yield
        news = self.log.read_text()[len(before) :]
        assert "connection received" not in news, news


@contextmanager
def live(directory: Path) -> Iterator[Live]:
    """Run a server that is not to be touched, and see to it that a touch would show."""
    with servers.postgresql(directory) as server:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE app")
            connection.execute("ALTER SYSTEM SET log_connections = on")
            connection.execute("SELECT pg_reload_conf()")
        found = Live(server, _host(server), directory / "postgresql.log")
        while "connection received" not in found.log.read_text():
            server.connect().close()
        yield found


@contextmanager
def postgresql_scratch(directory: Path) -> Iterator[Scratch]:
    with servers.postgresql(directory) as server:
        yield Scratch("postgresql", f"postgresql://postgres@/postgres?host={_host(server)}", directory)


def sqlite_scratch(directory: Path) -> Scratch:
    directory.mkdir()
    return Scratch("sqlite", "", directory)


def make_project(directory: Path, *, env: str, script: str, url: str = "driver://nowhere") -> Path:
    """Write a project of one revision; returns its ini file."""
    versions = directory / "alembic" / "versions"
    versions.mkdir(parents=True)
    ini = directory / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {url}\nprepend_sys_path = .\n")
    (directory / "alembic" / "env.py").write_text(env)
    (versions / "a1.py").write_text(script)
    return ini


def migrate(
    ini: Path, scratch: Scratch, variables: Mapping[str, str] | None = None, wrapped: Sequence[str] = ()
) -> Outcome:
    """Upgrade a project to its head as the worker does, and say what is in the scratch databases then."""
    job = {"dialect": scratch.dialect, "url": scratch.url, "prefix": _PREFIX, "is_private": scratch.is_private}
    job["directory"] = str(scratch.directory)
    outcome = ini.parent / "outcome.json"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _CHILD, json.dumps(job), str(ini), str(outcome)]
    environment = {**os.environ, **(variables or {}), "PYTHONPATH": str(root)}
    completed = subprocess.run(
        [*wrapped, *command], env=environment, cwd=ini.parent, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return Outcome(**json.loads(outcome.read_text()), stderr=completed.stderr)


def _host(server: PostgresServer) -> str:
    return dict(part.split("=") for part in server.dsn.split())["host"]
