"""Projects as `alembic init` makes them, for tests that call the real `alembic`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

MODELS = """\
import sqlalchemy as sa

metadata = sa.MetaData()
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)){})
"""
HOOK = "from migrate_guard.alembic_hook import refuse_errors\n"
REFUSED = "process_revision_directives=refuse_errors"
NAME_REQUIRED = ', sa.Column("town", sa.String(50), nullable=False)'
"""What the models get, and what no database adds to a table with rows."""
NOTE = ', sa.Column("note", sa.String(50))'


@dataclass(frozen=True, slots=True)
class Project:
    """A project in a directory of its own, and the database that its ini names."""

    root: Path
    url: str

    @property
    def versions(self) -> Path:
        return self.root / "migrations" / "versions"

    def scripts(self) -> set[Path]:
        """The scripts that there are."""
        return set(self.versions.rglob("*.py"))

    def alembic(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `alembic` as a shell in the directory of the project does."""
        path = os.pathsep.join((str(ROOT), str(self.root)))
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
        command = [sys.executable, "-m", "alembic", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def done(self, *arguments: str) -> str:
        """Run `alembic`, which has to work; return what it says."""
        run = self.alembic(*arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr

    def models(self, more: str = "") -> None:
        """Give the table of the models more columns."""
        (self.root / "models.py").write_text(MODELS.format(more), encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace what stands in a file exactly as often as it stands there."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def settings(self, text: str) -> None:
        (self.root / "migrate-guard.toml").write_text(text, encoding="utf-8")


def project(root: Path, url: str = "sqlite:///app.db", *, directives: str = REFUSED, hook: str = HOOK) -> Project:
    """Make a project whose database has run the first revision, which creates the table of the models."""
    root.mkdir(exist_ok=True)
    made = Project(root, url)
    made.done("init", "--template", "generic", "migrations")
    made.edit("alembic.ini", "driver://user:pass@localhost/dbname", url)
    made.models()
    made.edit("migrations/env.py", "target_metadata = None", "from models import metadata as target_metadata")
    made.done("revision", "--autogenerate", "--message", "users", "--rev-id", "a1")
    made.done("upgrade", "head")
    if directives:
        made.edit("migrations/env.py", "from alembic import context\n", f"from alembic import context\n{hook}")
        made.edit(
            "migrations/env.py",
            "connection=connection, target_metadata=target_metadata",
            f"connection=connection, target_metadata=target_metadata, {directives}",
        )
    return made
