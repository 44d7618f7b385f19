"""What rules about constraints say to write, statement by statement: the SQL and calls that are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking import check
from tests.hazards.test_hazards import History

GIVEN = """
op.execute("CREATE TABLE users (id bigint PRIMARY KEY)")
op.execute("CREATE TABLE orders (id bigint, user_id bigint, total int)")
op.execute("CREATE TABLE visits (id bigint, user_id bigint) PARTITION BY RANGE (id)")
# ===
"""
DROP = "ALTER TABLE orders DROP CONSTRAINT IF EXISTS {0}"
ADD = 'op.create_check_constraint(op.f("{0}"), "orders", "{1}", postgresql_not_valid=True)'
VALIDATE = 'op.execute("ALTER TABLE orders VALIDATE CONSTRAINT {0}")'


def written(text: str, code: str, folder: Path, version: int) -> list[str]:
    """The lines that the finding of one rule says to write, in one line a call."""
    History("# ===" + GIVEN + text).write(folder)
    report = check(folder, version=(version,))
    (finding,) = (each for each in report.findings if each.code == code)
    joined = (finding.write or "").replace("(\n", "(").replace(",\n", ", ")
    return [" ".join(line.split()).replace("( ", "(").replace(", )", ")") for line in joined.splitlines()]


@pytest.mark.parametrize("version", [12, 15, 17])
def test_not_null_is_proven_by_a_check(version: int, tmp_path: Path) -> None:
    lines = written("op.alter_column('orders', 'total', nullable=False)", "MG306", tmp_path, version)
    name = "ck_orders_total_not_null"
    assert lines == [
        "with op.get_context().autocommit_block():",
        f'op.execute("{DROP.format(name)}")',
        ADD.format(name, "total IS NOT NULL"),
        VALIDATE.format(name),
        'op.alter_column("orders", "total", nullable=False)',
        f'op.drop_constraint(op.f("{name}"), "orders", type_="check")',
    ]


def test_not_null_is_a_constraint_of_its_own_since_18(tmp_path: Path) -> None:
    lines = written("op.alter_column('orders', 'total', nullable=False)", "MG306", tmp_path, 18)
    assert lines == [
        "with op.get_context().autocommit_block():",
        f'op.execute("{DROP.format("orders_total_not_null")}")',
        'op.execute("ALTER TABLE orders ADD CONSTRAINT orders_total_not_null NOT NULL total NOT VALID")',
        VALIDATE.format("orders_total_not_null"),
    ]


def test_a_statement_timeout_does_not_end_the_validation(tmp_path: Path) -> None:
    script = "op.execute(\"SET statement_timeout = '10s'\")\nop.create_check_constraint('ck', 'orders', 'total > 0')"
    assert written(script, "MG305", tmp_path, 15)[-3:] == [
        'op.execute("SET statement_timeout = 0")',
        VALIDATE.format("ck"),
        "op.execute(\"SET statement_timeout = '10s'\")",
    ]


def test_what_is_instant_stays_and_is_committed_first(tmp_path: Path) -> None:
    script = (
        'op.execute("ALTER TABLE orders ADD note text, ADD CONSTRAINT ck CHECK (total > 0), ALTER id SET DEFAULT 1")'
    )
    lines = written(script, "MG305", tmp_path, 15)
    assert lines[:4] == [
        'op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))',
        'op.alter_column("orders", "id", server_default=sa.text("1"))',
        "# in a revision of its own: what is instant is committed first, so that its lock is gone",
        "with op.get_context().autocommit_block():",
    ]
    assert lines[4:] == [f'op.execute("{DROP.format("ck")}")', ADD.format("ck", "total > 0"), VALIDATE.format("ck")]


def test_a_named_reference_is_not_written_at_the_column(tmp_path: Path) -> None:
    column = "sa.Column('buyer_id', sa.BigInteger(), sa.ForeignKey('users.id', name='fk_buyer'))"
    lines = written(f"op.add_column('orders', {column})", "MG304", tmp_path, 15)
    assert lines[0] == 'op.add_column("orders", sa.Column("buyer_id", sa.BigInteger(), nullable=True))'
    assert lines[-1] == VALIDATE.format("fk_buyer")


def test_partitions_that_nobody_told_cannot_be_written_down(tmp_path: Path) -> None:
    script = "op.create_foreign_key('fk', 'visits', 'users', ['user_id'], ['id'])"
    assert written(script, "MG304", tmp_path, 17) == []
    later = tmp_path / "later"
    later.mkdir()
    assert written(script, "MG304", later, 18)[-1].endswith('"ALTER TABLE visits VALIDATE CONSTRAINT fk")')
