"""Projects that can be run, not only read: an env.py that migrates, and scripts."""

from __future__ import annotations

from pathlib import Path

ENV = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def runnable(root: Path, url: str = "sqlite:///app.db") -> Path:
    """Give a project of `make_project` an env.py that runs, for a database that is not there."""
    (root / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    ini = root / "alembic.ini"
    lines = ini.read_text(encoding="utf-8").splitlines()
    lines = [f"sqlalchemy.url = {url}" if line.startswith("sqlalchemy.url") else line for line in lines]
    ini.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
