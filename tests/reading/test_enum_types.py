"""Which types SQLAlchemy creates on its way, and which keys Alembic writes: what is read against what they emit."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from migrate_guard.model import operations as ops
from migrate_guard.model.schema import PrimaryKey
from tests.reading.interpreting import run

TABLES: Final = (
    'op.create_table("t", sa.Column("k", sa.Enum("a", name="k")))',
    'op.create_table("t", sa.Column("k", postgresql.ENUM("a", name="k", create_type=False)))',
    'op.create_table("t", sa.Column("k", sa.ARRAY(sa.Enum("a", name="k"))))',
    'op.create_table("t", sa.Column("k", sa.Enum("a", name="k", native_enum=False)))',
    'op.create_table("t", sa.Column("k", sa.Enum("a", name="k")), if_not_exists=True)',
    'op.create_table("t", sa.Column("k", sa.Enum("a", name="k", metadata=sa.MetaData())))',
    'op.create_table("t", sa.Column("k", sa.Enum("a", name="k", create_type=False)))',
    'op.add_column("t", sa.Column("k", sa.Enum("a", name="k")))',
    'op.add_column("t", sa.Column("k", postgresql.ENUM("a", name="k", create_type=True)))',
    'op.alter_column("t", "k", type_=sa.Enum("a", name="k"))',
)
KEYS: Final = (
    'op.add_column("t", sa.Column("id", sa.Integer(), primary_key=True))',
    'op.add_column("t", sa.Column("id", sa.Uuid(), primary_key=True))',
    'op.add_column("t", sa.Column("id", sa.Integer(), primary_key=True), inline_primary_key=True)',
    'op.add_column("t", sa.Column("id", sa.Integer()))',
)
HAS: Final = f'[[package]]\nname = "sqlalchemy"\nversion = "{sa.__version__}"\n'


def emitted(body: str) -> str:
    """What real Alembic writes for PostgreSQL."""
    buffer = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer, "target_metadata": None}
    )
    exec(body, {"op": Operations(context), "sa": sa, "postgresql": postgresql})
    return buffer.getvalue()


@pytest.mark.parametrize("body", TABLES)
def test_types_that_are_created(body: str, tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(HAS, encoding="utf-8")
    made = [each for each in run(tmp_path, body).transitions if isinstance(each.operation, ops.CreateEnum)]
    assert len(made) == emitted(body).count("CREATE TYPE")


@pytest.mark.parametrize("body", KEYS)
def test_keys_that_are_written(body: str, tmp_path: Path) -> None:
    (added,) = (each.operation for each in run(tmp_path, body).transitions)
    assert isinstance(added, ops.AddColumn)
    has_key = any(isinstance(each, PrimaryKey) for each in added.constraints)
    assert has_key == ("PRIMARY KEY" in emitted(body))
    assert added.is_key_left_out == ("primary_key=True" in body and not has_key)
