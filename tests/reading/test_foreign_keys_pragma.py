"""What switches SQLite's foreign keys on before revisions run: env.py, and the modules that it imports."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.environment import read_environment
from migrate_guard.reading.project import Project, project_roots

ENV = """\
from alembic import context
from sqlalchemy import create_engine, event, text

from app.models import Base
{imports}

engine = {engine}
{own}
with engine.connect() as connection:
    {first}
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
DB = """\
from sqlite3 import Connection as SQLite3Connection

import sqlalchemy as sa
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase

IS_SQLITE = sa.engine.make_url("sqlite://").get_backend_name() == "sqlite"
engine = create_engine("sqlite:///app.db")


class Base(DeclarativeBase):
    pass


{listening}
"""
LISTENING = {
    "nothing": ("", False),
    "the class": (
        """
        @event.listens_for(Engine, "connect")
        def on(connection, record):
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()
        """,
        True,
    ),
    "the class, asked what it is": (
        """
        @sa.event.listens_for(sa.engine.Engine, "connect")
        def on(connection, record):
            if isinstance(connection, SQLite3Connection):
                connection.execute("pragma foreign_keys = 1;")
        """,
        True,
    ),
    "the way of SQLAlchemy 2.1": (
        """
        @event.listens_for(Engine, "connect")
        def on(dbapi_connection, connection_record):
            ac = dbapi_connection.autocommit
            dbapi_connection.autocommit = True
            cursor = dbapi_connection.cursor()
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()
            dbapi_connection.autocommit = ac
        """,
        True,
    ),
    "a call": (
        """
        def on(connection, record):
            connection.execute("PRAGMA foreign_keys(ON)")

        event.listen(Engine, "connect", on)
        """,
        True,
    ),
    "a call under a condition": (
        """
        def on(connection, record):
            connection.execute("PRAGMA foreign_keys=ON")

        if IS_SQLITE:
            event.listen(Engine, "connect", on)
        """,
        True,
    ),
    "the engine of the application": (
        """
        @event.listens_for(engine, "connect")
        def on(connection, record):
            connection.execute("PRAGMA foreign_keys=ON")
        """,
        False,
    ),
    "another PRAGMA": (
        """
        # foreign_keys stay off
        @event.listens_for(Engine, "connect")
        def on(connection, record):
            connection.execute("PRAGMA journal_mode=WAL")
        """,
        False,
    ),
    "a question": (
        """
        @event.listens_for(Engine, "connect")
        def on(connection, record):
            connection.execute("PRAGMA foreign_keys")
        """,
        False,
    ),
}


def is_on(folder: Path, dialect: DialectName = "sqlite") -> bool:
    (found,) = discover([folder], cwd=folder, environ={}).environments
    project = Project(project_roots(folder / "migrations", found.prepend_sys_path), folder)
    setting = read_environment(found, project, Target.default(dialect)).setting("foreign_keys")
    return setting is not None and setting.value.upper() in ("1", "ON")


def write(folder: Path, listening: str, **env: str) -> None:
    given = {"imports": "", "engine": 'create_engine("sqlite:///app.db")', "own": "", "first": "pass", **env}
    for name, text in {
        "alembic.ini": "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n",
        "app/__init__.py": "",
        "app/database.py": DB.format(listening=textwrap.dedent(listening)),
        "app/models.py": "from app.database import Base\n",
        "migrations/env.py": ENV.format(**given),
        "migrations/versions/a1.py": "with op.batch_alter_table('t'): pass\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", LISTENING)
def test_listener_of_the_application(name: str, tmp_path: Path) -> None:
    listening, expected = LISTENING[name]
    write(tmp_path, listening)
    assert is_on(tmp_path) == expected
    assert not is_on(tmp_path, "postgresql")


ENGINE = LISTENING["the engine of the application"][0]
CLASS = LISTENING["the class"][0]
OWN = '@event.listens_for(engine, "connect")\ndef on(c, r): c.execute("PRAGMA foreign_keys=ON")\n'


@pytest.mark.parametrize(
    ("listening", "env", "expected"),
    [
        (ENGINE, {"imports": "from app import database", "engine": "database.engine"}, True),
        (ENGINE, {"imports": "from app.database import engine as theirs", "engine": "theirs"}, True),
        (ENGINE, {"engine": "made_elsewhere()", "imports": "from elsewhere import made_elsewhere"}, True),
        ("", {"own": OWN}, True),
        ("", {"first": 'connection.execute(text("PRAGMA foreign_keys=ON"))'}, True),
        (CLASS, {"first": 'connection.execute(text("PRAGMA foreign_keys=OFF"))'}, False),
        (CLASS, {"first": 'connection.exec_driver_sql("PRAGMA foreign_keys = 0")'}, False),
    ],
)
def test_the_way_of_env_py(listening: str, env: dict[str, str], expected: bool, tmp_path: Path) -> None:
    write(tmp_path, listening, **env)
    assert is_on(tmp_path) == expected


def test_place_is_that_of_the_listener(tmp_path: Path) -> None:
    write(tmp_path, CLASS)
    (found,) = discover([tmp_path], cwd=tmp_path, environ={}).environments
    project = Project(project_roots(tmp_path / "migrations", found.prepend_sys_path), tmp_path)
    setting = read_environment(found, project, Target.default("sqlite")).setting("foreign_keys")
    assert setting is not None
    assert (setting.span.path, setting.span.line) == ("app/database.py", 17)
