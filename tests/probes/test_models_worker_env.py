"""What the child finds out of env.py: the MetaData that it compares, for whom, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.probes.loading import load, write

INI = """\
    [alembic]
    script_location = migrations
    sqlalchemy.url = postgresql+psycopg2://app:secret@db.invalid/app
    databases = one, two

    [loggers]
    keys = nothing
"""

MODELS = """\
    import sqlalchemy as sa

    meta = sa.MetaData()
    other = sa.MetaData()
    orders = sa.Table("orders", meta, sa.Column("id", sa.Integer, primary_key=True))
    logs = sa.Table("logs", other, sa.Column("id", sa.Integer, primary_key=True), schema="audit")
"""

RUN = dedent(
    """\
    from logging.config import fileConfig

    from alembic import context
    from sqlalchemy import create_engine, engine_from_config, inspect, pool, text

    import models

    fileConfig(context.config.config_file_name)


    def run(connection, **options):
        context.configure(connection=connection, target_metadata=models.meta, **options)
        with context.begin_transaction():
            context.get_context()._ensure_version_table()
            context.run_migrations()


    """
)

OFFLINE = dedent(
    """\
    from alembic import context
    import models

    if not context.is_offline_mode():
        raise RuntimeError("the server is not there")
    url = context.config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata=models.meta, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
    """
)

ONLINE: dict[str, str] = {
    "as Alembic's template has it": """\
        connectable = engine_from_config(
            context.config.get_section(context.config.config_ini_section, {}),
            prefix="sqlalchemy.",
            poolclass=pool.NullPool,
        )
        with connectable.connect() as connection:
            run(connection)
    """,
    "asyncpg": """\
        import asyncio
        from sqlalchemy.ext.asyncio import create_async_engine

        async def main():
            engine = create_async_engine("postgresql+asyncpg://app@db.invalid/app", pool_pre_ping=True)
            async with engine.connect() as connection:
                assert (await connection.execute(text("SELECT 7"))).all() == []
                await connection.run_sync(run)
            await engine.dispose()

        asyncio.run(main())
    """,
    "aiomysql": """\
        import asyncio
        from sqlalchemy.ext.asyncio import async_engine_from_config

        async def main():
            options = {"sqlalchemy.url": "mysql+aiomysql://app@db.invalid/app"}
            async with async_engine_from_config(options).begin() as connection:
                await connection.run_sync(run)

        asyncio.run(main())
    """,
    "a driver's options and its events": """\
        from sqlalchemy import event

        engine = create_engine(
            "postgresql+psycopg2://db.invalid/app", executemany_mode="values_only", isolation_level="AUTOCOMMIT",
            connect_args={"sslmode": "require"}, creator=lambda: 1 / 0,
        )

        @event.listens_for(engine, "connect")
        def connected(connection, record):
            with connection.cursor() as cursor:
                cursor.execute("SET search_path TO app")

        with engine.begin() as connection:
            while not connection.scalar(text("SELECT pg_try_advisory_lock(1)")):
                pass
            assert connection.dialect.server_version_info == (15,)
            assert connection.dialect.default_schema_name == "public"
            assert connection.execute(text("SELECT version()")).scalar().startswith("PostgreSQL 15")
            assert connection.execute(models.orders.select()).all() == []
            assert inspect(connection).get_table_names() == []
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
            connection.execute(models.orders.insert().values(id=1))
            models.meta.create_all(connection)
            run(connection)
    """,
    "a raw connection": """\
        engine = create_engine("mysql+mysqldb://db.invalid/app")
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("SELECT @@version")
        assert cursor.fetchone() == ("8.4",)
        raw.close()
        with engine.connect() as connection:
            run(connection)
    """,
    "SQLite": """\
        with create_engine("sqlite:///app.db").connect() as connection:
            run(connection)
        with create_engine("sqlite://").connect() as connection:
            assert connection.scalar(text("SELECT 40 + 2")) == 42
    """,
    "a dialect that is not installed": """\
        with create_engine("nodialect+nodriver://db.invalid/app").connect() as connection:
            run(connection)
    """,
    "a connection of the application's": """\
        connection = context.config.attributes.get("connection")
        if connection is None:
            raise RuntimeError("migrations are run by the application")
        run(connection)
    """,
    "only where a revision is made": """\
        if getattr(context.config.cmd_opts, "autogenerate", False):
            with create_engine("postgresql://db.invalid/app").connect() as connection:
                run(connection)
    """,
}


@pytest.mark.parametrize("text", [*(RUN + dedent(each) for each in ONLINE.values()), OFFLINE], ids=[*ONLINE, "offline"])
def test_env_runs_without_a_database(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"alembic.ini": INI, "models.py": MODELS, "migrations/env.py": text})
    told = load(tmp_path)
    assert (told["problems"], told.files) == ([], ["migrations/env.py", "models.py"])
    assert [each["tables"] for each in told["metadata"]] == [[[None, "orders"]]]
    assert told.code(told["metadata"][0]) == "models.py: meta = sa.MetaData()"
    assert not (tmp_path / "app.db").exists()


def multidb(configure: str, run: str = "") -> str:
    return (
        RUN
        + f"""\
with create_engine("mysql+pymysql://db.invalid/app").connect() as connection:
    for name, target in {{"one": models.meta, "two": models.other}}.items():
        context.configure(connection=connection, target_metadata=target, {configure})
        context.run_migrations({run})
"""
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (multidb("upgrade_token=name + '_upgrades'"), [("one", "orders"), ("two", "logs")]),
        (multidb("", "engine_name=name.upper()"), [("ONE", "orders"), ("TWO", "logs")]),
        (multidb(""), [("one", "orders"), ("two", "logs")]),
        (
            RUN + "models.meta = [models.meta, models.other]\nrun(None, dialect_name='sqlite')",
            [(None, "orders"), (None, "logs")],
        ),
        (multidb("").replace("target,", "models.meta,"), [("one", "orders")]),
    ],
    ids=["token", "engine_name", "order", "list", "twice the same"],
)
def test_several_metadata(text: str, expected: list[tuple[str | None, str]], tmp_path: Path) -> None:
    write(tmp_path, {"alembic.ini": INI, "models.py": MODELS, "migrations/env.py": text})
    told = load(tmp_path)
    assert [(each["engine"], each["tables"][0][1]) for each in told["metadata"]] == expected
    assert told["problems"] == []


def test_models_that_env_puts_together(tmp_path: Path) -> None:
    """A class is known by its table's copy; models of env.py itself are in no module that can be asked for."""
    text = """\
        from alembic import context
        from sqlalchemy import Column, Integer, MetaData
        from sqlalchemy.orm import declarative_base

        Base = declarative_base()


        class Pet(Base):
            __tablename__ = "pets"
            id = Column(Integer, primary_key=True)


        together = MetaData()
        for table in Base.metadata.tables.values():
            table.to_metadata(together)
        context.configure(dialect_name="postgresql", target_metadata=together)
        raise ValueError("later")
    """
    write(tmp_path, {"alembic.ini": INI, "migrations/env.py": text})
    told = load(tmp_path)
    (pet,) = told["models"]
    assert told.code(pet) == "migrations/env.py: class Pet(Base):"
    assert told.attributes("pets") == {"id": "migrations/env.py: id = Column(Integer, primary_key=True)"}
    assert told.problems == [
        (
            'migrations/env.py: context.configure(dialect_name="postgresql", target_metadata=together)',
            "env.py fails after context.configure(): ValueError: later",
        )
    ]


FLASK_APP = """    from flask import Flask
    from flask_migrate import Migrate, upgrade
    from flask_sqlalchemy import SQLAlchemy

    db = SQLAlchemy()


    class Member(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(20), default="x")


    class Log(db.Model):
        __bind_key__ = "logs"
        id = db.Column(db.Integer, primary_key=True)


    def create_app():
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg2://app@db.invalid/app"
        app.config["SQLALCHEMY_BINDS"] = {"logs": "mysql+mysqldb://app@db.invalid/logs"}
        db.init_app(app)
        Migrate(app, db, include_object=lambda item, name, *_: name != "name")
        with app.app_context():
            upgrade()
        return app
"""


@pytest.mark.parametrize("is_several", [False, True])
def test_flask_migrate(is_several: bool, tmp_path: Path) -> None:
    spec = find_spec("flask_migrate")
    assert spec is not None
    assert spec.origin is not None
    template = Path(spec.origin).parent / "templates" / ("flask-multidb" if is_several else "flask")
    env, ini = (template / "env.py").read_text(), (template / "alembic.ini.mako").read_text()
    write(tmp_path, {"club.py": FLASK_APP, "migrations/env.py": env, "migrations/alembic.ini": ini})
    told = load(tmp_path, variables={"FLASK_APP": "club:create_app", "FLASK_SKIP_DOTENV": "1"})
    member = (None if not is_several else "", [[None, "member"]])
    assert [(each["engine"], each["tables"]) for each in told["metadata"]] == [
        member,
        *([("logs", [[None, "log"]])] if is_several else []),
    ]
    places = ["club.py: db = SQLAlchemy()", "club.py: class Log(db.Model):"]
    assert [told.code(each) for each in told["metadata"]] == places[: len(told["metadata"])]
    assert told.attributes("member")["name"] == 'club.py: name = db.Column(db.String(20), default="x")'
    assert told["excluded"] == [["column", None, "member", "name"]]
    assert told["problems"] == []
    named = load(tmp_path, "club:db")
    assert [(each["engine"], len(each["tables"])) for each in named["metadata"]] == [(None, 1), ("logs", 1)]


FILTERED = """    import sqlalchemy as sa
    from alembic import context

    meta = sa.MetaData()
    sa.Table("orders", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("legacy", sa.Integer),
        sa.Column("n", sa.Integer, unique=True), sa.Column("parent", sa.ForeignKey("orders.id", name="fk_parent")),
        sa.Index("ix_n", "n"), sa.UniqueConstraint("legacy", name="uq_legacy"))
    sa.Table("spatial", meta, sa.Column("id", sa.Integer), info={{"skip": True}})
    sa.Table("logs", meta, sa.Column("id", sa.Integer), schema="audit")
    {filters}
    context.configure(dialect_name="postgresql", target_metadata=meta, {options})
"""

HISTORY: list[dict[str, object]] = [
    {
        "name": "orders",
        "columns": ["id", "legacy", "old"],
        "indexes": ["ix_n", "ix_old"],
        "uniques": ["uq_old"],
        "foreign_keys": ["fk_old", "fk_parent"],
    },
    {"name": "celery_jobs", "columns": ["id"]},
    {"name": "logs", "schema": "audit", "columns": ["id"]},
    {"name": "tiles", "schema": "topology", "columns": ["id"]},
]

BY_NAME = """    def include_name(name, type_, parents):
        if type_ == "schema":
            return name in (None, "audit")
        if type_ == "table":
            assert parents["schema_qualified_table_name"] in ("logs", "audit.logs", name)
            return not name.startswith("celery_")
        assert parents["table_name"] and "schema_name" in parents
        return not (type_ == "column" and name == "old")
"""

BY_OBJECT = """    def include_object(item, name, type_, reflected, compare_to):
        if type_ == "table":
            return not item.info.get("skip") and (not reflected or compare_to is not None)
        assert item.table.name == "orders" or item.table.schema
        if type_ == "column" and name == "id":
            assert compare_to is not None or item.table.name != "orders"
        if reflected:
            assert compare_to is None
            return type_ == "column"
        return name in ("id", "fk_parent", "ix_n")
"""

TILES = ["table", "topology", "tiles", "tiles"]
CELERY = ["table", None, "celery_jobs", "celery_jobs"]


@pytest.mark.parametrize(
    ("filters", "options", "expected"),
    [
        ("", "", [TILES]),
        ("", "include_schemas=True", []),
        (
            BY_NAME,
            "include_schemas=True, include_name=include_name",
            [CELERY, ["column", None, "orders", "old"], TILES],
        ),
        (
            BY_OBJECT,
            "include_object=include_object",
            [
                CELERY,
                ["column", None, "orders", "legacy"],
                ["column", None, "orders", "n"],
                ["column", None, "orders", "parent"],
                ["foreign_key_constraint", None, "orders", "fk_old"],
                ["index", None, "orders", "ix_old"],
                ["unique_constraint", None, "orders", ""],
                ["unique_constraint", None, "orders", "uq_legacy"],
                ["unique_constraint", None, "orders", "uq_old"],
                ["table", None, "spatial", "spatial"],
                TILES,
            ],
        ),
    ],
    ids=["default schema", "all schemas", "include_name", "include_object"],
)
def test_what_env_leaves_out(filters: str, options: str, expected: list[list[str | None]], tmp_path: Path) -> None:
    env = FILTERED.format(filters=filters.strip().replace("\n    ", "\n    "), options=options)
    write(tmp_path, {"alembic.ini": INI, "migrations/env.py": env})
    told = load(tmp_path, history=HISTORY)
    assert told["problems"] == []
    assert told["excluded"] == expected


def test_filters_that_fail(tmp_path: Path) -> None:
    filters = "include_object = include_name = lambda *given: given[5]"
    env = FILTERED.format(filters=filters, options="include_object=include_object, include_name=include_name")
    write(tmp_path, {"alembic.ini": INI, "migrations/env.py": env})
    told = load(tmp_path, history=HISTORY)
    line = (
        'migrations/env.py: context.configure(dialect_name="postgresql", target_metadata=meta,'
        " include_object=include_object, include_name=include_name)"
    )
    assert told.problems == [
        (line, "include_name of env.py fails: IndexError: tuple index out of range"),
        (line, "include_object of env.py fails: IndexError: tuple index out of range"),
    ]
    assert told["excluded"] == [TILES]


CONFIGURE = "from alembic import context\nimport models\ncontext.configure(dialect_name='sqlite', target_metadata={})\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"migrations/env.py": "import models", "models.py": "import settings", "settings.py": "import nodriver"},
            {
                "kind": "import",
                "text": "ModuleNotFoundError: No module named 'nodriver'",
                "excerpt": [
                    'File "migrations/env.py", line 1, in <module>',
                    "import models",
                    'File "models.py", line 1, in <module>',
                    "import settings",
                    'File "settings.py", line 1, in <module>',
                    "import nodriver",
                    "ModuleNotFoundError: No module named 'nodriver'",
                ],
            },
        ),
        (
            {"migrations/env.py": "import os\nos.environ['NO_SUCH_VARIABLE']"},
            {
                "kind": "env",
                "text": "KeyError: 'NO_SUCH_VARIABLE'",
                "excerpt": [
                    'File "migrations/env.py", line 2, in <module>',
                    "os.environ['NO_SUCH_VARIABLE']",
                    "KeyError: 'NO_SUCH_VARIABLE'",
                ],
            },
        ),
        (
            {"migrations/env.py": "raise SystemExit('set DATABASE_URL')"},
            {
                "kind": "env",
                "text": "RuntimeError: env.py has ended the process: set DATABASE_URL",
                "excerpt": ["RuntimeError: env.py has ended the process: set DATABASE_URL"],
            },
        ),
        (
            {"migrations/env.py": "from alembic import context"},
            {
                "kind": "env",
                "text": "env.py has not called context.configure(): nothing says which models there are",
                "excerpt": [],
            },
        ),
        (
            {"migrations/env.py": CONFIGURE.format("None"), "models.py": ""},
            {
                "kind": "models",
                "text": "env.py passes no target_metadata to context.configure(): pass the MetaData of your models, or"
                ' name them, as in models = ["app.db:Base"]',
                "excerpt": [],
            },
        ),
        (
            {
                "migrations/env.py": CONFIGURE.format("models.meta"),
                "models.py": "import sqlalchemy\nmeta = sqlalchemy.MetaData()",
            },
            {
                "kind": "models",
                "text": "the target_metadata of env.py has no tables: import the modules of the models there",
                "excerpt": [],
            },
        ),
    ],
    ids=["import", "variable", "exit", "nothing", "no metadata", "no tables"],
)
def test_given_up(files: Mapping[str, str], expected: Mapping[str, Any], tmp_path: Path) -> None:
    write(tmp_path, {"alembic.ini": INI, **files})
    told = load(tmp_path, history=HISTORY)
    lines = [each.strip() for each in told["excerpt"].replace(f"{tmp_path}/", "").splitlines()]
    shown = [each for each in lines if set(each) - set("^~")]
    assert {"kind": told["kind"], "text": told["text"], "excerpt": shown} == expected


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ('socket.create_connection(("127.0.0.1", 9))', "127.0.0.1:9"),
        ('socket.socket(socket.AF_UNIX).connect("/tmp/nobody.sock")', "the socket /tmp/nobody.sock"),
        ('sqlite3.connect("app.db")', "the SQLite file app.db"),
        ('psycopg.connect("host=127.0.0.1")', "PostgreSQL by psycopg"),
        ("asyncio.run(asyncpg.connect(host='127.0.0.1'))", "PostgreSQL by asyncpg"),
        ("pymysql.connect(host='127.0.0.1')", "MySQL by pymysql"),
    ],
)
def test_nothing_is_reached(code: str, what: str, tmp_path: Path) -> None:
    imports = "import asyncio, socket, sqlite3\nimport asyncpg, psycopg, pymysql\n"
    write(tmp_path, {"models.py": f"{imports}assert sqlite3.connect(':memory:').execute('SELECT 1')\n{code}\n"})
    told = load(tmp_path, "models")
    assert (told["kind"], told["text"].partition(": models are loaded")[0]) == (
        "models",
        f"Refused: refused to connect to {what}",
    )
    assert f"line 4, in <module>\n    {code}" in told["excerpt"]
    assert not (tmp_path / "app.db").exists()


def test_a_python_without_sqlalchemy(tmp_path: Path) -> None:
    write(tmp_path, {"sqlalchemy/__init__.py": "raise ImportError('broken', name='sqlalchemy')"})
    told = load(tmp_path, "models", variables={"PYTHONPATH": str(tmp_path)})
    assert told["kind"] == "import"
    assert told["text"].endswith(" has no sqlalchemy: name the Python of the project with --python")
