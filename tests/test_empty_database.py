"""What running a history makes of an empty database: what the engine adds to reading one script."""

from __future__ import annotations

from pathlib import Path

from migrate_guard import engine
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Table
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover

FILES = {
    "alembic.ini": "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n",
    "app/__init__.py": "from app import spelling\n",
    "app/spelling.py": """
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

@compiles(sa.BigInteger, "postgresql")
def _big(element, compiler, **kwargs):
    return "NUMERIC(20, 0)"
""",
    "migrations/env.py": "from alembic import context\nimport app\n",
    "migrations/versions/a.py": """
import sqlalchemy as sa
from alembic import op

revision = "a"
down_revision = None

def upgrade():
    op.create_table("t", sa.Column("id", sa.BigInteger()), sa.Column("a", sa.Text()))
    try:
        op.drop_constraint("uq_never", "t")
    except Exception:
        op.add_column("t", sa.Column("failed", sa.Text()))
    try:
        op.drop_column("t", "a")
    except Exception:
        op.add_column("t", sa.Column("never", sa.Text()))
""",
}


def table(folder: Path) -> Table:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (found,) = discover([folder], cwd=folder, environ={}).environments
    found_table = engine.schema_at(engine.read(found, Target.default("postgresql"), folder), ["a"]).table(
        QualifiedName("t")
    )
    assert found_table is not None
    return found_table


def test_what_a_try_guards_fails_or_not(tmp_path: Path) -> None:
    assert [each.name for each in table(tmp_path).columns] == ["id", "failed"]
    assert not table(tmp_path).doubtful


def test_modules_that_env_imports_spell_types(tmp_path: Path) -> None:
    assert str(table(tmp_path).columns[0].type) == "NUMERIC(20, 0)"
