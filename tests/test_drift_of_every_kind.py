"""What Alembic writes for models of every kind is what they are, on every database; and another type is another."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeProject

HERE = Path(__file__).parent
# Indented, so that this file is not taken for a revision script.
WRITING = """\
    import sys

    import sqlalchemy as sa
    from alembic.autogenerate import render
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext

    import every_kind

    metadata = every_kind.Base.metadata
    options = {
        "target_metadata": metadata, "sqlalchemy_module_prefix": "sa.", "alembic_module_prefix": "op.",
        "user_module_prefix": None, "render_item": None, "render_as_batch": False,
    }
    dialect = sa.create_mock_engine(f"{every_kind.DIALECT}://", None).dialect
    context = AutogenContext(MigrationContext.configure(dialect=dialect, opts=options), metadata)
    upgrade = ops.UpgradeOps([])
    for table in metadata.sorted_tables:
        upgrade.ops.append(ops.CreateTableOp.from_table(table))
        upgrade.ops += [ops.CreateIndexOp.from_index(each) for each in sorted(table.indexes, key=lambda one: one.name)]
    body = render._render_cmd_body(upgrade, context)
    print("import sqlalchemy as sa", "from alembic import op", "from sqlalchemy import Text", sep="\\n")
    print("import every_kind")
    print(*sorted(context.imports), "revision = 'a1'", "down_revision = None", "def upgrade():", sep="\\n")
    print(*(f"    {line}" for line in body.splitlines()), sep="\\n")
"""


@pytest.mark.parametrize("named", ["0", "1"])
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite", "mysql"])
def test_no_drift(dialect: str, named: str, make_project: MakeProject) -> None:
    root = _project(make_project, dialect, named)
    assert _drift(root, TWIN=dialect, NAMED=named) == set()


@pytest.mark.parametrize(("dialect", "alike"), [("postgresql", 3), ("sqlite", 6), ("mysql", 6)])
def test_drift_of_types(dialect: str, alike: int, make_project: MakeProject) -> None:
    """With the types of their neighbours all columns differ, but for those of types that are one to the database."""
    root = _project(make_project, dialect, "0")
    found = _drift(root, TWIN=dialect, NAMED="0", TURN="1")
    columns = set(re.findall(r"\bc\d+\b", (root / "alembic" / "versions" / "a1.py").read_text()))
    assert len(columns) - len({each for each in found if each.startswith("kinds.c")}) <= alike


def _project(make_project: MakeProject, dialect: str, named: str) -> Path:
    root = make_project({}, url=f"{dialect}://localhost/app")
    shutil.copy(HERE / "every_kind.py", root)
    code = "\n".join(line.removeprefix("    ") for line in WRITING.splitlines())
    written = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TWIN": dialect, "NAMED": named, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    (root / "alembic" / "versions" / "a1.py").write_text(written.stdout, encoding="utf-8")
    return root


def _drift(root: Path, **variables: str) -> set[str]:
    """The objects of what drift finds."""
    command = [
        sys.executable,
        "-m",
        "migrate_guard",
        "drift",
        "--isolated",
        "--no-cache",
        "--models",
        "every_kind:Base",
    ]
    done = subprocess.run(
        [*command, "--python", sys.executable, "--output-format", "json", "--exit-zero"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(HERE.parent), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {str(each["object"]) for each in json.loads(done.stdout)["findings"]}


COPIED = """\
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None
wider = sa.Table("notes", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))


def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(9)))
    with op.batch_alter_table("notes", copy_from=wider, recreate="{0}") as batch:
        batch.alter_column("note", new_column_name="text")
"""
NOTES = """\
import sqlalchemy as sa

Base = sa.MetaData()
sa.Table("notes", Base, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))
"""


@pytest.mark.parametrize(("recreate", "found"), [("always", set()), ("auto", {"notes.text"})])
def test_a_copy_of_what_a_script_says(recreate: str, found: set[str], make_project: MakeProject) -> None:
    """Only batch mode that copies the table on PostgreSQL, too, makes of it what copy_from says."""
    root = make_project({"a1.py": COPIED.format(recreate)})
    (root / "every_kind.py").write_text(NOTES)
    assert _drift(root) == found
