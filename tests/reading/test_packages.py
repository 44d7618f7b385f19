"""Which SQLAlchemy a project runs with."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.reading.packages import is_before_sqlalchemy_2, locked_version


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("uv.lock", '[[package]]\nname = "sqlalchemy"\nversion = "2.1.9"\n', (2, 1, 9)),
        ("poetry.lock", '[[package]]\nname = "SQLAlchemy"\nversion = "1.4.54"\n', (1, 4, 54)),
        ("requirements.txt", "flask==3.0\nSQLAlchemy[asyncio]==2.0.41  # pinned\n", (2, 0, 41)),
        ("requirements.txt", "sqlalchemy>=2.0\nsqlalchemy-utils==0.41\n", None),
        ("requirements/base.txt", "sqlalchemy == 2.1\n", (2, 1)),
        ("Pipfile.lock", '        "sqlalchemy": {\n            "version": "==2.0.1"\n        },\n', (2, 0, 1)),
        ("notes.txt", "sqlalchemy==2.0.1\n", None),
    ],
)
def test_locked_version(name: str, text: str, version: tuple[int, ...] | None, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert locked_version("sqlalchemy", (tmp_path,)) == version


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
        ("pylock.toml", '[[packages]]\nname = "sqlalchemy"\nversion = "1.4.54"\n', True),
        ("Pipfile.lock", '        "sqlalchemy": {\n            "version": "==1.4.1"\n        },\n', True),
    ],
)
def test_what_a_project_asks_for(tmp_path: Path, name: str, text: str, expected: bool) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert is_before_sqlalchemy_2((tmp_path,)) is expected


def test_a_lock_file_decides(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy<2\n", encoding="utf-8")
    (tmp_path / "uv.lock").write_text('name = "sqlalchemy"\nversion = "2.0.40"\n', encoding="utf-8")
    assert not is_before_sqlalchemy_2((tmp_path,))


def test_a_large_lock_file_is_read_to_its_end(tmp_path: Path) -> None:
    others = "".join(f'name = "package-{number}"\nversion = "1.0"\n' for number in range(40_000))
    (tmp_path / "uv.lock").write_text(f'{others}name = "sqlalchemy"\nversion = "1.4.54"\n', encoding="utf-8")
    assert locked_version("sqlalchemy", (tmp_path,)) == (1, 4, 54)
    assert is_before_sqlalchemy_2((tmp_path,))


def test_a_pin_decides_against_a_range(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("sqlalchemy==2.0.40\n", encoding="utf-8")
    (tmp_path / "setup.cfg").write_text("install_requires =\n    sqlalchemy<2\n", encoding="utf-8")
    assert not is_before_sqlalchemy_2((tmp_path,))
