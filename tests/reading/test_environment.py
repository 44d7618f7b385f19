"""What env.py passes to `context.configure`, read without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.model.environment import Environment
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.environment import read_environment
from migrate_guard.reading.project import Project, project_roots

CONFIGURE = "context.configure(target_metadata=target_metadata)\n"
ASYNC = """\
import asyncio
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config

def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata)

async def run_async_migrations():
    connectable = {engine}
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)

def run_migrations_online():
    asyncio.run(run_async_migrations())

if context.is_offline_mode():
    context.configure(url="sqlite://")
else:
    run_migrations_online()
"""
FROM_CONFIG = (
    'async_engine_from_config(config.get_section("alembic", {}), prefix="sqlalchemy.", poolclass=pool.NullPool)'
)
CONVENTION = '{"pk": "pk_%(table_name)s"}'


def read(folder: Path, env: str, models: str = "") -> Environment:
    """Read an environment whose env.py takes what it needs from app/models.py."""
    for name, text in {
        "alembic.ini": "[alembic]\nscript_location = migrations\n",
        "app/__init__.py": "",
        "app/models.py": f"import sqlalchemy as sa\nfrom sqlalchemy import orm\n{models}",
        "migrations/env.py": f"from alembic import context\n\nconfig = context.config\n{env}",
        "migrations/versions/.keep": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (found,) = discover([folder], cwd=folder, environ={}).environments
    project = Project(project_roots(folder / "migrations", found.prepend_sys_path), folder)
    return read_environment(found, project, Target.default("postgresql"))


METADATA = f"sa.MetaData(naming_convention={CONVENTION})"


@pytest.mark.parametrize(
    "models",
    [
        f"class Base(orm.DeclarativeBase):\n    metadata = {METADATA}",
        f"Base = orm.declarative_base(metadata={METADATA})",
        f"Base = orm.declarative_base()\nBase.metadata.naming_convention = {CONVENTION}",
        f"class Base:\n    metadata = {METADATA}\nBase = orm.declarative_base(cls=Base)",
        f"if TYPE_CHECKING:\n    Base = 1\nelse:\n    Base = orm.declarative_base(metadata={METADATA})",
        f"registry = orm.registry(metadata={METADATA})\nBase = registry.generate_base()",
    ],
    ids=[
        "a class of its own",
        "declarative_base",
        "set afterwards",
        "bound again",
        "another one for type checkers",
        "registry",
    ],
)
def test_the_convention_of_a_declarative_base(tmp_path: Path, models: str) -> None:
    environment = read(tmp_path, f"from app.models import Base\ntarget_metadata = Base.metadata\n{CONFIGURE}", models)
    assert environment.naming_convention == {"pk": "pk_%(table_name)s"}
    assert environment.knows_naming_convention


@pytest.mark.parametrize("base", ["orm.DeclarativeBase", "AsyncAttrs, orm.DeclarativeBase"])
def test_a_declarative_base_without_metadata_has_no_convention(tmp_path: Path, base: str) -> None:
    models = f"from sqlalchemy.ext.asyncio import AsyncAttrs\nclass Base({base}): ...\nclass Model(Base): ...\n"
    environment = read(tmp_path, f"from app.models import Model\ntarget_metadata = Model.metadata\n{CONFIGURE}", models)
    assert environment.naming_convention == {}
    assert environment.knows_naming_convention


@pytest.mark.parametrize("module", ["toolkit", "app.models"], ids=["of another package", "perhaps of another package"])
def test_metadata_that_nobody_here_defines(tmp_path: Path, module: str) -> None:
    models = "from toolkit import Named\nclass Base(Named, orm.DeclarativeBase): ...\n"
    environment = read(tmp_path, f"from {module} import Base\ntarget_metadata = Base.metadata\n{CONFIGURE}", models)
    assert environment.naming_convention == {}
    assert not environment.knows_naming_convention


def test_a_convention_that_env_py_sets_on_metadata_of_another_package(tmp_path: Path) -> None:
    env = (
        "from sqlmodel import SQLModel\ntarget_metadata = SQLModel.metadata\n"
        f"target_metadata.naming_convention = {CONVENTION}\n{CONFIGURE}"
    )
    environment = read(tmp_path, env)
    assert environment.naming_convention == {"pk": "pk_%(table_name)s"}
    assert environment.knows_naming_convention


@pytest.mark.parametrize("engine", [FROM_CONFIG, "get_engine()"], ids=["as in the template", "of the application"])
def test_an_asynchronous_environment(tmp_path: Path, engine: str) -> None:
    env = (
        "import sqlalchemy as sa\nfrom application import get_engine\n"
        f"target_metadata = sa.MetaData(naming_convention={CONVENTION})\n{ASYNC.replace('{engine}', engine)}"
    )
    assert read(tmp_path, env).naming_convention == {"pk": "pk_%(table_name)s"}


def test_an_environment_that_asks_whether_alembic_loads_it(tmp_path: Path) -> None:
    env = (
        f"import sqlalchemy as sa\ntarget_metadata = sa.MetaData(naming_convention={CONVENTION})\n"
        f'def main():\n    {CONFIGURE}\nif __name__ == "env_py":\n    main()\n'
    )
    assert read(tmp_path, env).naming_convention == {"pk": "pk_%(table_name)s"}
