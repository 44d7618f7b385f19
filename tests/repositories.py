"""Real git repositories with an Alembic project in them, for tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import INI, script

VERSIONS = Path("alembic", "versions")


def price(revision: str, down: str | None, table: str | None = None) -> str:
    """Return a script with one finding, in a table of its own name."""
    table = table or f"t_{revision}"
    columns = 'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("price", sa.Float())'
    return script(revision, down, f'op.create_table("{table}", {columns})', f'op.drop_table("{table}")')


class Repo:
    """A repository with an Alembic project in it."""

    def __init__(self, root: Path, project: str = "") -> None:
        self.root = root
        self.project = root / project
        self.versions = self.project / VERSIONS

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **scripts: str) -> None:
        self.versions.mkdir(parents=True, exist_ok=True)
        (self.project / "alembic.ini").write_text(INI.format(url="postgresql://localhost/app"), encoding="utf-8")
        (self.project / "alembic" / "env.py").write_text("from alembic import context\n", encoding="utf-8")
        for name, text in scripts.items():
            (self.versions / f"{name}.py").write_text(text, encoding="utf-8")

    def commit(self, **scripts: str) -> str:
        self.write(**scripts)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        return self.git("rev-parse", "HEAD")


def make(root: Path, project: str = "") -> Repo:
    """Make a repository whose branch `main` has a1 and b2."""
    root.mkdir()
    repo = Repo(root, project)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.commit(a1=price("a1", None), b2=price("b2", "a1"))
    return repo


def clone(repo: Repo, to: Path, *options: str) -> Repo:
    repo.git("clone", "--quiet", *options, repo.root.as_uri(), str(to))
    return Repo(to)
