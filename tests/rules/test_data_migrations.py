"""Data migrations in many spellings: faults that are planted, healthy twins, and rewrites that are run on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace

from tests.checking import check
from tests.conftest import MakeProject, script
from tests.putting_in_place import put_in_place
from tests.servers import PostgresServer, postgresql

GIVEN = """\
op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("state", sa.Text()),
        sa.Column("total", sa.Integer()), sa.Column("user_id", sa.BigInteger()))
    op.create_table("users", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("state", sa.Text()))
    op.create_table("pairs", sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()), sa.Column("n", sa.Integer()),
        sa.PrimaryKeyConstraint("a", "b"))"""
CORE = """orders = sa.table("orders", sa.column("id"), sa.column("state"), sa.column("total"))
    bind = op.get_bind()
    """
ORM = """from sqlalchemy import orm
    Base = orm.declarative_base()
    class Order(Base):
        __tablename__ = "orders"
        id = sa.Column(sa.BigInteger, primary_key=True)
        state = sa.Column(sa.Text)
    session = orm.Session(bind=op.get_bind())
    """
ALTERED = "\n    op.alter_column('{}', '{}', server_default='0')"
CASES: list[tuple[str, str]] = [
    # MG501, MG502
    ("op.execute(\"UPDATE orders SET state = 'x'\")", "MG501"),
    ("op.execute(sa.text(\"UPDATE orders AS o SET state = 'x';\"))", "MG501"),
    ("op.get_bind().exec_driver_sql(\"update orders set state = 'x'\")", "MG501"),
    (CORE + 'op.execute(orders.update().values(state="x"))', "MG501"),
    (CORE + 'bind.execute(sa.update(orders).values({"state": "x"}))', "MG501"),
    (CORE + 'bind.execute(sa.update(orders).values({orders.c.state: "x"}))', "MG501"),
    (ORM + 'session.query(Order).update({"state": "x"})', "MG501"),
    (ORM + 'session.execute(sa.update(Order).values(state="x"))', "MG501"),
    (CORE + 'bind.execute(sa.update(orders).where(orders.c.id == 1).values(state="x"))', ""),
    (ORM + 'session.query(Order).filter(Order.id == 1).update({"state": "x"})', ""),
    (ORM + 'session.query(Order).filter_by(id=1).update({"state": "x"})', ""),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE id IN (1, 2)\")", ""),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE state = 'y'\")", ""),
    ('op.execute("DELETE FROM orders")', "MG502"),
    (CORE + "op.execute(orders.delete())", "MG502"),
    (ORM + "session.query(Order).delete()", "MG502"),
    ('op.execute("DELETE FROM orders")\n    op.drop_table("orders")', ""),
    ('op.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")\n    op.execute("UPDATE t SET n = 1")', ""),
    # MG503
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE 1 = 1\")", "MG503"),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE true\")", "MG503"),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE id IS NOT NULL\")", "MG503"),
    ('op.execute("UPDATE orders SET state = u.state FROM users u WHERE u.id = orders.user_id")', "MG503"),
    ('op.execute("UPDATE orders SET state = u.state FROM users u WHERE u.id = orders.user_id AND u.id = 7")', ""),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE state IS NULL\")", ""),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE id IN (SELECT id FROM orders WHERE total = 0 LIMIT 9)\")", ""),
    (('op.execute("WITH late AS (SELECT id FROM users WHERE id > 7) UPDATE orders SET state = \'x\' FROM late '
     'WHERE late.id = orders.user_id")'), ""),
    (('op.execute("UPDATE orders SET state = \'x\' FROM (SELECT id FROM users WHERE id > 7) late WHERE late.id = '
     'orders.user_id")'), ""),
    # MG504, MG507
    (CORE + 'for row in bind.execute(sa.select(orders)):\n        bind.execute(orders.update().where('
     'orders.c.id == row.id).values(state="x"))', "MG504"),
    (CORE + 'for row in bind.execute(sa.text("SELECT id FROM orders")).mappings():\n        op.execute('
     'orders.delete().where(orders.c.id == row["id"]))', "MG504"),
    (ORM + 'for order in session.query(Order).all():\n        order.state = "x"', "MG504"),
    (CORE + 'for row in bind.execute(sa.select(orders).limit(10)):\n        bind.execute(orders.update().where('
     'orders.c.id == row.id).values(state="x"))', ""),
    (CORE + 'for row in bind.execute(sa.select(orders).where(orders.c.state == "x")):\n        bind.execute('
     'orders.update().where(orders.c.id == row.id).values(state="y"))', ""),
    (CORE +
     'for id in (1, 2, 3):\n        bind.execute(orders.update().where(orders.c.id == id).values(state="x"))', ""),
    (CORE + "rows = bind.execute(sa.select(orders)).fetchall()", "MG507"),
    (CORE + 'rows = list(bind.execute(sa.text("SELECT * FROM orders")))', "MG507"),
    (CORE + 'rows = bind.execute(sa.text("SELECT * FROM orders")).mappings().all()', "MG507"),
    (CORE + "rows = bind.execute(sa.select(sa.func.count()).select_from(orders)).scalar()", ""),
    (CORE + 'rows = bind.execute(sa.text("SELECT * FROM orders WHERE id = 1")).fetchall()', ""),
    (CORE + 'rows = bind.execute(sa.text("SELECT state, count(*) FROM orders GROUP BY state")).fetchall()', ""),
    (CORE + 'rows = bind.execute(sa.text("SELECT tablename FROM pg_tables")).fetchall()', ""),
    # MG505
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE state = 'y'\")" + ALTERED.format("orders", "total"), "MG505"),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE id = 1\")" + ALTERED.format("orders", "total"), ""),
    ("op.execute(\"UPDATE pairs SET n = 1 WHERE a = 1 AND b = 2\")" + ALTERED.format("pairs", "n"), ""),
    ("op.execute(\"UPDATE pairs SET n = 1 WHERE a = 1\")" + ALTERED.format("pairs", "n"), "MG505"),
]  # fmt: skip
FAMILY = ("MG50",)


@pytest.mark.parametrize(("upgrade", "code"), CASES)
def test_what_is_found(make_project: MakeProject, upgrade: str, code: str) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    found = [each.code for each in check(folder).findings if each.code.startswith(FAMILY)]
    assert found == ([code] if code else [])


LOOP = CORE + "for row in bind.execute(sa.select(orders)):\n        {}bind.execute(orders.update().where("
LOOP += "orders.c.id == row.id).values(state=f(row)))"
LOADED = CORE + "rows = bind.execute(sa.select(orders)).fetchall()\n    "
WEIGHTS: list[tuple[str, str]] = [
    # written for every row, or for those that have a value: a WHERE would ask the same
    (LOOP.format(""), "MG504 warning"),
    (LOOP.format("if row.state:\n            "), "MG504 warning"),
    (LOOP.format("if row.state is not None:\n            "), "MG504 warning"),
    (LOOP.format('if not row["state"]:\n            '), "MG504 warning"),
    (ORM + 'for number, order in enumerate(session.query(Order).all()):\n        order.state = f"{number}"',
     "MG504 warning"),
    (ORM + 'for order in reversed(session.query(Order).all()):\n        order.state = "x"', "MG504 warning"),
    (CORE + "for part in bind.execute(sa.select(orders)).partitions(100):\n        for row in part:\n            "
     "bind.execute(orders.delete().where(orders.c.id == row.id))", "MG504 warning"),
    (CORE + 'for row in bind.execute(sa.text("SELECT id, state, total FROM orders")):\n        bind.execute('
     'orders.delete().where(orders.c.id == row.id))', "MG504 warning"),
    # picked by Python: how many, nobody knows
    (LOOP.format("if theme(row):\n            "), "MG504 info"),
    (LOOP.format('if json.loads(row.state).get("x"):\n            '), "MG504 info"),
    (LOOP.format('if row.state == "new":\n            '), "MG504 info"),
    # a session sends new objects together; so does a script that takes the rows in parts
    (ORM + 'for row in bind.execute(sa.text("SELECT id FROM orders")):\n        session.add(Order(state="x"))', ""),
    (CORE + "for part in bind.execute(sa.select(orders)).partitions(100):\n        bind.execute(orders.insert(), "
     '[{"state": row.state} for row in part])', ""),
    # all rows twice in memory, and all of them written
    (LOADED + 'op.bulk_insert(orders, [{"state": row.state} for row in rows])', "MG507 warning"),
    (LOADED + 'bind.execute(sa.text("UPDATE orders SET state = :state WHERE id = :id"),\n        '
     '[{"id": row.id, "state": f(row)} for row in rows])', "MG507 warning"),
    (LOADED + 'values = []\n    for row in rows:\n        values.append({"state": row.state})\n    '
     "op.bulk_insert(orders, values)", "MG507 warning"),
    (LOADED + "print(len(rows))", "MG507 info"),
    (LOADED + 'op.bulk_insert(orders, [{"state": "x"}])', "MG507 info"),
    (('op.bulk_insert(sa.table("users", sa.column("state")), [{"state": "x"}])\n    '
     'rows = op.get_bind().execute(sa.text("SELECT id FROM orders")).fetchall()'), "MG507 info"),
    # the lock is an error of its own where PostgreSQL reads or rewrites the table under it
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE state = 'y'\")" + ALTERED.format("orders", "total"),
     "MG505 warning"),
    (("op.execute(\"UPDATE orders SET state = 'x' WHERE state = 'y'\")\n    op.alter_column('orders', 'state', "
     "nullable=False)"), "MG505 info"),
    (("op.create_index('ix_state', 'orders', ['state'])\n    op.execute(\"UPDATE orders SET state = 'x' WHERE "
     "state = 'y'\")"), "MG505 info"),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE state = 'y'\")\n    op.alter_column('users', 'state', "
     "nullable=False)" + ALTERED.format("orders", "total"), "MG505 warning"),
    # rows that are written anew
    ('op.execute("DELETE FROM orders")\n    op.execute("DELETE FROM users")', "MG502 warning"),
    ('op.execute("DELETE FROM orders")\n    op.execute("INSERT INTO orders (id) SELECT id FROM users")', "MG502 info"),
    ('op.execute("INSERT INTO orders (id) VALUES (1)")\n    op.execute("DELETE FROM orders")', "MG502 warning"),
]  # fmt: skip
ADDED = 'op.add_column("orders", sa.Column("kind", sa.Text()))'
FILL = "op.execute(\"UPDATE orders SET kind = 'x' WHERE kind IS NULL\")"
OTHER = 'op.add_column("orders", sa.Column("note", sa.Text()))'
HISTORIES = [
    ([ADDED, FILL], "MG503 warning"),
    ([ADDED + "\n    " + FILL], "MG503 info"),  # under the lock of the ALTER TABLE: MG326 is the warning
    ([ADDED, OTHER, FILL], "MG503 info"),
    ([ADDED, 'op.alter_column("orders", "kind", new_column_name="sort")', FILL.replace("kind", "sort")], "MG503 info"),
    ([ADDED + "\n    op.execute(\"UPDATE orders SET kind = 'y' WHERE state = 'old'\")\n    " + FILL], ""),
    # filled before, given a default, or there from the beginning: how many have none, nobody knows
    ([ADDED, "op.execute(\"UPDATE orders SET kind = 'y' WHERE state = 'old'\")", FILL], ""),
    ([ADDED.replace("Text()", "Text(), server_default='y'"), FILL], ""),
    (['op.alter_column("orders", "state", new_column_name="kind")', FILL], ""),
    (['op.alter_column("orders", "state", type_=sa.String(50))', FILL.replace("kind", "state")], ""),
    ([ADDED, 'op.drop_column("orders", "kind")', 'op.alter_column("orders", "state", new_column_name="kind")', FILL],
     ""),
]  # fmt: skip


@pytest.mark.parametrize(("upgrades", "told"), HISTORIES)
def test_columns_without_a_value(make_project: MakeProject, upgrades: list[str], told: str) -> None:
    scripts = {"a.py": script("a", None, GIVEN)}
    for number, upgrade in enumerate(upgrades):
        scripts[f"b{number}.py"] = script(f"b{number}", f"b{number - 1}" if number else "a", upgrade)
    found = [
        f"{each.code} {each.severity}"
        for each in check(make_project(scripts)).findings
        if each.code == "MG503" and each.revision == f"b{len(upgrades) - 1}"
    ]
    assert found == ([told] if told else [])


@pytest.mark.parametrize(("upgrade", "told"), WEIGHTS)
def test_how_much_it_weighs(make_project: MakeProject, upgrade: str, told: str) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    found = [f"{each.code} {each.severity}" for each in check(folder).findings if each.code.startswith(FAMILY)]
    assert found == ([told] if told else [])


ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine({url!r}, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REWRITES = [
    ("op.execute(\"UPDATE orders SET state = 'it''s 10:30'\")", "MG501"),
    (CORE + "op.execute(orders.update().values(total=orders.c.total + 1))", "MG501"),
    ('op.execute("UPDATE orders AS o SET state = o.id::text")', "MG501"),
    ('op.execute("UPDATE orders SET state = u.state FROM users u WHERE u.id = orders.user_id")', "MG503"),
    ("op.execute(\"UPDATE orders SET state = 'x' WHERE id IS NOT NULL OR 1 = 1\")", ""),
    ('op.execute("DELETE FROM orders")', "MG502"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("batches")) as running:
        yield running


def rows_after(folder: Path, server: PostgresServer) -> list[tuple[object, ...]]:
    """What the orders are after the upgrade, 12,000 of them before."""
    host = next(each.partition("=")[2] for each in server.dsn.split() if each.startswith("host="))
    url = f"postgresql+psycopg://postgres@/postgres?host={host}"
    (folder / "alembic" / "env.py").write_text(ENV.format(url=url), encoding="utf-8")
    config = Config(folder / "alembic.ini")
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS orders, users, pairs, alembic_version")
        command.upgrade(config, "a")
        connection.execute("INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 100) n")
        connection.execute("INSERT INTO orders SELECT n, NULL, n, n % 200 FROM generate_series(1, 12000) n")
        command.upgrade(config, "head")
        return connection.execute("SELECT id, state, total FROM orders ORDER BY id").fetchall()


@pytest.mark.parametrize(("upgrade", "code"), REWRITES)
def test_a_pasted_rewrite_does_the_same(
    make_project: MakeProject, server: PostgresServer, upgrade: str, code: str
) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    expected = rows_after(folder, server)
    found = [each for each in check(folder).findings if each.code == code]
    if not code:
        assert not found
        return
    assert found[0].write is not None
    assert "BETWEEN :first AND :last" in found[0].write
    put_in_place(folder / found[0].span.path, found[0])
    assert rows_after(folder, server) == expected
    assert not [each for each in check(folder).findings if each.code.startswith(FAMILY)]


OVER = CORE + 'for row in bind.execute(sa.text("{}")):\n        '
SENT = 'change = sa.text("UPDATE orders SET total = :total WHERE id = :id")\n        bind.execute(change, '
MAPPED = CORE + 'for row in bind.execute(sa.text("SELECT * FROM orders")).mappings():\n        '
LOOPS = [
    OVER.format("SELECT id, total FROM orders WHERE total IS NOT NULL") + SENT + '{"id": row.id, "total": -row.total})',
    (CORE + "for id, total in bind.execute(sa.select(orders.c.id, orders.c.total)):\n        bind.execute("
     "orders.update().where(orders.c.id == id).values(total=total * 2, state=f'n{id}'))"),
    (CORE + "for row in bind.execute(sa.select(orders)):\n        bind.execute("
     "orders.delete().where(orders.c.id == row.id))"),
    MAPPED + SENT + '{"id": row["id"], "total": row["total"] + 1})',
]  # fmt: skip


@pytest.mark.parametrize("upgrade", LOOPS)
def test_a_pasted_loop_in_batches_does_the_same(
    make_project: MakeProject, server: PostgresServer, upgrade: str
) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    expected = rows_after(folder, server)
    (found,) = [each for each in check(folder).findings if each.code == "MG504"]
    assert found.write is not None
    loop = found.related[0].span
    assert found.write.startswith(f"# in place of the loop of line {loop.line}\n")
    put_in_place(folder / loop.path, replace(found, span=loop))
    assert rows_after(folder, server) == expected
    assert not [each for each in check(folder).findings if each.code.startswith(FAMILY)]


@pytest.mark.parametrize(
    "upgrade",
    [
        # more than one statement, another order, a row as a whole, no key in the query, none of one column
        OVER.format("SELECT id, total FROM orders") + "f(row)\n        " + SENT + '{"id": row.id, "total": 1})',
        OVER.format("SELECT id FROM orders ORDER BY total") + SENT + '{"id": row.id, "total": 1})',
        OVER.format("SELECT id FROM orders") + SENT + '{"id": row.id, "total": f(row)})',
        OVER.format("SELECT id FROM orders") + SENT + "dict(row))",
        OVER.format("SELECT total FROM orders") + SENT + '{"id": 1, "total": row.total})',
        OVER.format("SELECT a, b FROM pairs") + SENT + '{"id": row.a, "total": row.b})',
        ORM + 'for order in session.query(Order):\n        order.state = "x"',
    ],
)
def test_what_no_batch_is_written_for(make_project: MakeProject, upgrade: str) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    (found,) = [each for each in check(folder).findings if each.code == "MG504"]
    assert found.write is None


READ = """bind = op.get_bind()
    bind.execute(sa.text("CREATE TABLE read (id bigint, total int)"))
    rows = bind.execute(sa.text("SELECT id, total FROM orders WHERE total IS NOT NULL")).fetchall()"""
COPIED = """bind.execute(
            sa.text("INSERT INTO read VALUES (:id, :total)"), [{"id": row.id, "total": row.total} for row in rows]
        )"""


def test_rows_are_taken_in_batches(make_project: MakeProject, server: PostgresServer) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", READ)})
    (found,) = [each for each in check(folder).findings if each.code == "MG507"]
    assert found.write is not None
    path = folder / found.span.path
    put_in_place(path, found)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("pass  # what is done with all rows, for these", COPIED), encoding="utf-8")
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS read")
        rows_after(folder, server)
        read = connection.execute("SELECT id, total FROM read ORDER BY id").fetchall()
        assert read == connection.execute("SELECT id, total FROM orders ORDER BY id").fetchall()
    assert not [each for each in check(folder).findings if each.code.startswith(FAMILY)]
