"""What env.py passes to `context.configure`, read without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.model.environment import Environment
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.environment import environment_sources, read_environment
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


MULTIDB = """\
import re
from alembic import context
from sqlalchemy import engine_from_config

config = context.config
for name in re.split(r",\\s*", config.get_main_option("databases", "")):
    engine = engine_from_config(config.get_section(name, {}), prefix="sqlalchemy.")
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""


def test_the_sections_of_several_databases(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(MULTIDB, encoding="utf-8")
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = .\ndatabases = one, two\n\n"
        "[one]\nsqlalchemy.url = postgresql+psycopg://app@a/x\n\n"
        "# migrate-guard: ignore[MG905] known\n[two]\n"
        "# migrate-guard: ignore[MG908] another\n\nsqlalchemy.url = postgresql+asyncpg://app:Xy7Tq@b:6432/y?options=-c%%20lock_timeout%%3D5s\n",
        encoding="utf-8",
    )
    (found,) = discover([tmp_path], cwd=tmp_path, environ={}).environments
    project = Project(project_roots(tmp_path, found.prepend_sys_path), tmp_path)
    environment = read_environment(found, project, Target.default("postgresql"))
    one, two = environment.urls
    assert (one.host, one.port, one.driver, one.database, one.span.line, one.is_used) == (
        *("a", None, "psycopg", "x"),
        *(6, True),
    )
    assert (two.host, two.port, two.user, two.span.line, two.has_secret) == ("b", 6432, "app", 12, True)
    assert [(each.rules, each.first_line) for each in environment.suppressions] == [(("MG905",), 9), (("MG908",), 12)]
    assert environment.has_statement_cache
    (setting,) = environment.settings
    assert (setting.name, setting.value, setting.span.line) == ("lock_timeout", "5s", 12)
    sources = {each.path: each.text for each in environment_sources(found, tmp_path)}
    assert "Xy7Tq" not in sources["alembic.ini"]
    assert sources["alembic.ini"].count("***") == 1


def test_what_configure_is_told(tmp_path: Path) -> None:
    env = (
        "import sqlalchemy as sa\ntarget_metadata = sa.MetaData()\n"
        "context.configure(target_metadata=target_metadata, compare_type=False, compare_server_default=True,\n"
        "    version_table_schema='meta', include_schemas=True)\n"
    )
    environment = read(tmp_path, env)
    assert (environment.version_table_schema, environment.include_schemas) == ("meta", True)
    assert environment.target_metadata == "known"
    assert [(name, span.line) for name, span in environment.not_compared] == [("compare_type", 6)]


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
