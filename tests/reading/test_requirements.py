"""Which SQLAlchemy a project asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.reading.requirements import is_before_sqlalchemy_2


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("requirements.txt", "SQLAlchemy==1.4.27\n", True),
        ("requirements.txt", "sqlalchemy[asyncio]~=1.4\n", True),
        ("requirements.txt", "sqlalchemy>=1.4,<2\n", True),
        ("requirements.txt", "sqlalchemy>=1.4,<2.1\n", False),
        ("requirements.txt", "sqlalchemy>=1.4\n", False),
        ("requirements.txt", "snowflake-sqlalchemy==1.8.2\nsqlalchemy-utils==1.0\n", False),
        ("pyproject.toml", 'dependencies = ["alembic", "sqlalchemy>=2.0"]\n', False),
        ("pyproject.toml", 'sqlalchemy = "^1.4.36"\n', True),
        ("poetry.lock", '[[package]]\nname = "sqlalchemy"\nversion = "1.4.50"\n', True),
        ("uv.lock", '[[package]]\nname = "sqlalchemy"\nversion = "2.0.40"\n', False),
    ],
)
def test_what_a_project_asks_for(tmp_path: Path, name: str, text: str, expected: bool) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert is_before_sqlalchemy_2([tmp_path]) is expected


def test_a_lock_file_decides(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy<2\n", encoding="utf-8")
    (tmp_path / "uv.lock").write_text('name = "sqlalchemy"\nversion = "2.0.40"\n', encoding="utf-8")
    assert not is_before_sqlalchemy_2([tmp_path])
