"""What was observed of an upgrade, held against its plan: which statement is which, and what is another."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from migrate_guard import engine
from migrate_guard.departing import departures
from migrate_guard.model.locks import LockMode
from migrate_guard.model.round_trip import ObservedStatement, Trace
from migrate_guard.model.target import Target
from migrate_guard.planning import upgrades
from migrate_guard.reading.discover import discover
from tests.conftest import MakeProject, script

TABLES = """
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("total", sa.Integer))
"""
AX, SHARE, RX, AS = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE, LockMode.ROW_EXCLUSIVE, LockMode.ACCESS_SHARE
NOTHING: dict[str, LockMode] = {}


def seen(
    sql: str,
    locks: Mapping[str, LockMode] | None = None,
    held: Mapping[str, LockMode] | None = None,
    scans: tuple[str, ...] = (),
    rewrites: tuple[str, ...] = (),
    *,
    line: int = 12,
) -> ObservedStatement:
    return ObservedStatement(sql, line, 1.0, True, held or {}, locks or {}, True, rewrites, scans)


ADD, INDEX = 'op.add_column("orders", sa.Column("note", sa.Text))', 'op.create_index("ix", "orders", ["total"])'
UPDATE = "op.execute(sa.text(\"UPDATE users SET name = 'x' WHERE id = :id\").bindparams(id=1))"


@pytest.mark.parametrize(
    ("upgrade", "statements", "found"),
    [
        (ADD, [seen("ALTER TABLE orders ADD COLUMN note TEXT", {"orders": AX})], []),
        (
            ADD,
            [seen("ALTER TABLE orders ADD COLUMN note TEXT", {"orders": AX, "users": SHARE})],
            [('no lock on "users"', 'SHARE on "users"')],
        ),
        (ADD, [], [("that it runs", "that it does not")]),
        (
            ADD,
            [seen("ALTER TABLE orders ADD COLUMN note TEXT", {"orders": AX}, rewrites=("orders",))],
            [("no rewrite", 'a rewrite of "orders"')],
        ),
        # in another order, and under the lock that is there already
        (
            f"{INDEX}\n    {ADD}",
            [
                seen("ALTER TABLE orders ADD COLUMN note TEXT", {"orders": AX}),
                seen("CREATE INDEX ix ON orders (total)", NOTHING, {"orders": AX}, ("orders",)),
            ],
            [],
        ),
        (INDEX, [seen("CREATE INDEX ix ON orders (total)", {"orders": SHARE})], [('a scan of "orders"', "no scan")]),
        # values are the driver's, and a table of a few rows is read whole
        (UPDATE, [seen("UPDATE users SET name = 'x' WHERE id = $1::INTEGER", {"users": RX}, scans=("users",))], []),
        # one message
        (
            'op.execute("UPDATE orders SET total = 1; DROP TABLE users")',
            [seen("UPDATE orders SET total = 1; DROP TABLE users", {"orders": RX, "users": AX}, scans=("orders",))],
            [],
        ),
        # what is known to run under a condition only
        (f"if op.get_context().opts.get('x'):\n        {ADD}", [], []),
        ("pass", [seen("SELECT count(*) FROM users", {"users": AS}, scans=("users",)), seen("SAVEPOINT s")], []),
        ("pass", [seen("LOCK TABLE users", {"users": AX})], [("nothing of it", 'ACCESS EXCLUSIVE on "users"')]),
        ("pass", [seen("CREATE TYPE mood AS ENUM ('a')")], [("nothing of it", "that it runs")]),
        # what nobody knows beforehand agrees with everything
        ("op.get_bind().execute(op.statement())", [seen("LOCK TABLE users", {"users": AX})], []),
    ],
)
def test_departures(
    upgrade: str, statements: list[ObservedStatement], found: list[tuple[str, str]], make_project: MakeProject
) -> None:
    root = make_project({"a.py": script("a", None, TABLES.strip()), "b.py": script("b", "a", upgrade)})
    (environment,) = discover([root], cwd=root, environ={}).environments
    planned = upgrades(engine.read(environment, Target("postgresql", (15,)), root), {"b"})["b"]
    told = departures("b.py", planned, Trace(tuple(statements), ("orders", "users")))
    assert [(each.planned, each.observed) for each in told] == found
