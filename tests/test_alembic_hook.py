"""The hooks of Alembic, in real projects: `refuse_errors` in env.py, and `check` as a post write hook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_guard import alembic_hook
from tests import servers
from tests.alembic_projects import HOOK, NAME_REQUIRED, NOTE, ROOT, Project, project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.PostgresServer]:
    servers.needs_postgresql()
    with servers.postgresql(tmp_path_factory.mktemp("server")) as running:
        yield running


def refused(made: Project, run: subprocess.CompletedProcess[str], before: set[Path]) -> str:
    """Assert that nothing was written, and how that is said; return it."""
    assert run.returncode != 0
    assert "FAILED" in run.stdout
    assert "Traceback" not in run.stderr
    assert made.scripts() == before
    return run.stdout


def test_a_revision_with_an_error_is_not_written(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NAME_REQUIRED)
    before = made.scripts()
    run = made.alembic("revision", "--autogenerate", "--message", "town")
    said = refused(made, run, before)
    assert "MG406 required-column-without-default" in said
    assert "_town.py is not written" in said
    # The frame is that of check, at the line where the script would have it.
    assert "_town.py:" in run.stderr
    assert "^^^^" in run.stderr


def test_a_revision_without_errors_is_written_and_its_warnings_are_told(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NOTE)
    made.settings('extend-select = ["ALL"]\n')
    before = made.scripts()
    run = made.alembic("revision", "--autogenerate", "--message", "note")
    assert run.returncode == 0, run.stderr
    (written,) = made.scripts() - before
    assert "add_column" in written.read_text(encoding="utf-8")
    assert "error MG" not in run.stderr
    made.done("upgrade", "head")
    made.done("check")


def test_what_the_project_ignores_is_no_reason(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NAME_REQUIRED)
    made.settings('ignore = ["MG406"]\n')
    before = made.scripts()
    made.done("revision", "--autogenerate", "--message", "town")
    assert len(made.scripts() - before) == 1


def test_a_mistake_in_the_settings_is_told(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.settings("ignroe = []\n")
    said = refused(made, made.alembic("revision", "--autogenerate"), made.scripts())
    assert "ignroe" in said


def test_an_argument_of_alembic_writes_it_all_the_same(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NAME_REQUIRED)
    before = made.scripts()
    run = made.alembic("-x", "migrate-guard=warn", "revision", "--autogenerate", "--message", "town")
    assert run.returncode == 0
    assert "error MG406" in run.stderr
    assert len(made.scripts() - before) == 1


def test_alembic_check_says_what_it_always_says(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NAME_REQUIRED)
    run = made.alembic("check")
    assert run.returncode != 0
    assert "New upgrade operations detected" in run.stdout
    assert "MG406" not in run.stdout + run.stderr


def test_on_postgresql_the_history_is_replayed(tmp_path: Path, server: servers.PostgresServer) -> None:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE app")
    made = project(tmp_path / "app", server_url(server, "app"))
    # A table of this revision is not in use: its index blocks nobody.
    made.models(
        ')\nsa.Table("towns", metadata, sa.Column("id", sa.Integer, primary_key=True),'
        ' sa.Column("name", sa.String(50), index=True)'
    )
    made.done("revision", "--autogenerate", "--message", "towns")
    made.done("upgrade", "head")
    made.models(
        ', sa.Index("ix_name", "name"))\nsa.Table("towns", metadata, sa.Column("id", sa.Integer, primary_key=True),'
        ' sa.Column("name", sa.String(50), index=True)'
    )
    before = made.scripts()
    said = refused(made, made.alembic("revision", "--autogenerate", "--message", "index"), before)
    assert "MG301 index-blocks-writes" in said
    assert '"users"' in said


def server_url(server: servers.PostgresServer, database: str) -> str:
    sockets = server.dsn.partition("host=")[2].split()[0]
    return f"postgresql+psycopg://postgres@/{database}?host={sockets}"


def test_the_dialect_is_that_of_the_connection_where_the_ini_has_a_placeholder(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(', sa.Index("ix_name", "name")')
    made.edit("alembic.ini", "sqlite:///app.db", "driver://user:pass@localhost/dbname")
    made.edit(
        "migrations/env.py",
        "config = context.config\n",
        'config = context.config\nconfig.set_main_option("sqlalchemy.url", "sqlite:///app.db")\n',
    )
    # For PostgreSQL, which an unknown database is judged as, that would be an error.
    assert "MG301" not in made.done("revision", "--autogenerate", "--message", "index")


def test_without_autogenerate(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.edit("alembic.ini", "[alembic]\n", "[alembic]\nrevision_environment = true\n")
    made.edit("migrations/script.py.mako", '${upgrades if upgrades else "pass"}', 'op.drop_column("users", "naem")')
    said = refused(made, made.alembic("revision", "--message", "by hand"), made.scripts())
    assert "MG120 unknown-object" in said


def test_the_template_is_part_of_what_is_judged(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.models(NOTE)
    made.edit("migrations/script.py.mako", '${upgrades if upgrades else "pass"}', "${upgrades}\n    nonsense(")
    run = made.alembic("revision", "--autogenerate", "--message", "note")
    assert run.returncode != 0
    assert len(made.scripts()) == 1


def test_functions_of_the_project_go_first(tmp_path: Path) -> None:
    hook = HOOK.replace("refuse_errors", "refuse_errors_after") + (
        "def nullable(context, revision, directives):\n"
        "    for table in directives[0].upgrade_ops.ops:\n"
        "        for each in table.ops:\n"
        "            each.column.nullable = True\n"
        "def tell(context, revision, directives):\n"
        "    print('own', len(directives))\n"
    )
    made = project(
        tmp_path / "app", directives="process_revision_directives=refuse_errors_after(nullable, tell)", hook=hook
    )
    made.models(NAME_REQUIRED)
    before = made.scripts()
    assert "own 1" in made.done("revision", "--autogenerate", "--message", "town")
    (written,) = made.scripts() - before
    assert "nullable=True" in written.read_text(encoding="utf-8")


def test_no_directives_no_revision(tmp_path: Path) -> None:
    hook = HOOK.replace("refuse_errors", "refuse_errors_after") + "def none(*given):\n    given[2][:] = []\n"
    made = project(tmp_path / "app", directives="process_revision_directives=refuse_errors_after(none)", hook=hook)
    made.models(NAME_REQUIRED)
    before = made.scripts()
    made.done("revision", "--autogenerate", "--message", "town")
    assert made.scripts() == before


SEVERAL = """\
from alembic.operations import ops
from migrate_guard.alembic_hook import refuse_errors_after
import sqlalchemy as sa


def in_two_steps(context, revision, directives):
    (first,) = directives
    second = ops.MigrationScript(
        rev_id="c3", message="second", head=first.rev_id,
        upgrade_ops=ops.UpgradeOps([ops.DropColumnOp("users", NAME)]),
        downgrade_ops=ops.DowngradeOps([ops.AddColumnOp("users", sa.Column(NAME, sa.String(50)))]),
    )
    directives.append(second)
"""


@pytest.mark.parametrize(("name", "is_refused"), [("note", False), ("naem", True)])
def test_several_directives_stand_on_each_other(tmp_path: Path, name: str, is_refused: bool) -> None:
    made = project(
        tmp_path / "app",
        directives="process_revision_directives=refuse_errors_after(in_two_steps)",
        hook=SEVERAL.replace("NAME", repr(name)),
    )
    made.models(NOTE)
    before = made.scripts()
    run = made.alembic("revision", "--autogenerate", "--message", "first", "--rev-id", "b2")
    if is_refused:
        said = refused(made, run, before)
        assert "MG120 unknown-object" in said
        assert "c3_second.py is not written" in said
    else:
        assert run.returncode == 0, run.stdout + run.stderr
        assert {each.name for each in made.scripts() - before} == {"b2_first.py", "c3_second.py"}


def test_heads_branches_and_splices(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.edit("alembic.ini", "[alembic]\n", "[alembic]\nrevision_environment = true\n")
    made.done("revision", "--message", "second", "--rev-id", "b2")
    before = made.scripts()
    # Alembic's own refusal is told as Alembic tells it.
    assert "is not a head revision" in refused(made, made.alembic("revision", "--head", "a1", "--rev-id", "c3"), before)
    # A second head is an error of the graph, in which the new revision takes part.
    said = refused(made, made.alembic("revision", "--head", "a1", "--splice", "--rev-id", "c3"), before)
    assert "MG101 multiple-heads" in said
    made.settings('ignore = ["MG101"]\n')
    made.done("revision", "--head", "a1", "--splice", "--rev-id", "c3", "--branch-label", "side")
    made.done("revision", "--head", "side@head", "--rev-id", "d4", "--depends-on", "b2")
    assert "c3 (b2) -> d4 (side) (head)" in made.done("history")


def test_the_encoding_of_the_files(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.edit("alembic.ini", "# output_encoding = utf-8", "output_encoding = latin-1")
    mako = made.root / "migrations" / "script.py.mako"
    mako.write_text("${'# coding: latin-1'}\n" + mako.read_text(encoding="utf-8"), encoding="utf-8")
    made.models(NAME_REQUIRED)
    before = made.scripts()
    assert "MG406" in refused(made, made.alembic("revision", "--autogenerate", "--message", "Größe"), before)
    made.models(NOTE)
    made.done("revision", "--autogenerate", "--message", "Größe")
    (written,) = made.scripts() - before
    assert "Größe" in written.read_text(encoding="latin-1")


def test_places_that_are_not_there_are_not_made(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    made.edit(
        "alembic.ini",
        "[alembic]\n",
        "[alembic]\nfile_template = %%(year)d/%%(rev)s_%%(slug)s\nrecursive_version_locations = true\n",
    )
    made.models(NAME_REQUIRED)
    before = set(made.versions.rglob("*"))
    refused(made, made.alembic("revision", "--autogenerate", "--message", "town"), made.scripts())
    assert {each for each in made.versions.rglob("*") if "__pycache__" not in str(each)} <= before
    made.models(NOTE)
    made.done("revision", "--autogenerate", "--message", "note")
    assert any(each.parent.parent == made.versions for each in made.scripts())


def test_post_write_hooks_run_once_and_only_for_what_is_written(tmp_path: Path) -> None:
    made = project(tmp_path / "app")
    hook = f"[post_write_hooks]\nhooks = seen\nseen.type = exec\nseen.executable = {tmp_path}/seen\n"
    (tmp_path / "seen").write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\n", encoding="utf-8")
    (tmp_path / "seen").chmod(0o755)
    made.edit("alembic.ini", "[post_write_hooks]\n", hook)
    made.models(NAME_REQUIRED)
    refused(made, made.alembic("revision", "--autogenerate", "--message", "town"), made.scripts())
    assert not (tmp_path / "runs").exists()
    made.models(NOTE)
    made.done("revision", "--autogenerate", "--message", "note")
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "run\n"


def multidb(root: Path) -> Project:
    """Make a project of two SQLite databases, each with its table."""
    root.mkdir()
    made = Project(root, "")
    made.done("init", "--template", "multidb", "migrations")
    made.edit("alembic.ini", "driver://user:pass@localhost/dbname2", "sqlite:///2.db")
    made.edit("alembic.ini", "driver://user:pass@localhost/dbname", "sqlite:///1.db")
    made.edit("migrations/env.py", "target_metadata = {}", "from models import target_metadata")
    two_models(made)
    made.done("revision", "--autogenerate", "--message", "tables", "--rev-id", "a1")
    made.done("upgrade", "head")
    made.edit("migrations/env.py", "from alembic import context\n", f"from alembic import context\n{HOOK}")
    made.edit(
        "migrations/env.py",
        '                connection=rec["connection"],\n',
        '                connection=rec["connection"],\n                process_revision_directives=refuse_errors,\n',
    )
    return made


def two_models(made: Project, first: str = "", second: str = "") -> None:
    lines = ["import sqlalchemy as sa", "target_metadata = {n: sa.MetaData() for n in ('engine1', 'engine2')}"]
    for name, more in (("engine1", first), ("engine2", second)):
        lines.append(
            f"sa.Table('t_{name}', target_metadata['{name}'], sa.Column('id', sa.Integer, primary_key=True){more})"
        )
    (made.root / "models.py").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("place", [0, 1])
def test_multidb(tmp_path: Path, place: int) -> None:
    made = multidb(tmp_path / "app")
    two_models(made, *((NAME_REQUIRED, NOTE) if place == 0 else (NOTE, NAME_REQUIRED)))
    before = made.scripts()
    said = refused(made, made.alembic("revision", "--autogenerate", "--message", "more"), before)
    assert f'"t_engine{place + 1}"' in said
    two_models(made, NOTE, NOTE)
    made.done("revision", "--autogenerate", "--message", "more")
    (written,) = made.scripts() - before
    assert written.read_text(encoding="utf-8").count("op.add_column") == 2


def documented(kind: str) -> str:
    """Return the post write hook of that type as docs/alembic.md shows it."""
    page = (ROOT / "docs" / "alembic.md").read_text(encoding="utf-8")
    (block,) = (each for each in re.findall(r"^```ini\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if kind in each)
    assert block.startswith("[post_write_hooks]\n")
    return str(block)


@pytest.mark.parametrize("kind", ["console_scripts", "exec"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_documented_post_write_hook(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "sqlite:///app.db"
    if database == "postgresql":
        server: servers.PostgresServer = request.getfixturevalue("server")
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE hook_{kind}".encode())
        url = server_url(server, f"hook_{kind}")
    made = project(tmp_path / "app", url, directives="")
    install(made.root, tmp_path / "bin")
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"])))
    made.edit("alembic.ini", "[post_write_hooks]\n", documented(kind))
    made.models(NAME_REQUIRED)
    run = made.alembic("revision", "--autogenerate", "--message", "town")
    # The exit code of a hook is nothing to Alembic: it is told, and the script is there.
    assert run.returncode == 0, run.stderr
    assert "_town.py:" in run.stdout
    assert "error MG406 required-column-without-default" in run.stdout
    assert len(made.scripts()) == 2


def install(root: Path, programs: Path) -> None:
    """Put the console script where a shell finds it, and its entry point where Alembic does."""
    metadata = root / "migrate_guard-0.dist-info"
    metadata.mkdir()
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    lines = ["[console_scripts]", *(f"{name} = {place}" for name, place in declared.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: migrate-guard\nVersion: 0\n", encoding="utf-8")
    programs.mkdir()
    launcher = f'#!/bin/sh\nexec {sys.executable} -m migrate_guard "$@"\n'
    (programs / "migrate-guard").write_text(launcher, encoding="utf-8")
    (programs / "migrate-guard").chmod(0o755)


def test_the_documented_env_is_what_there_is() -> None:
    page = (ROOT / "docs" / "alembic.md").read_text(encoding="utf-8")
    imported = re.findall(r"from migrate_guard\.alembic_hook import (\w+)", page)
    assert set(imported) == set(alembic_hook.__all__)
    assert f"-x {alembic_hook.X_ARGUMENT}=warn" in page
