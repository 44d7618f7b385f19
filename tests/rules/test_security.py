"""Security rules: planted faults in several spellings, and healthy twins."""

from __future__ import annotations

import pytest

from migrate_guard.asking.secrets import secrets_in
from migrate_guard.model.finding import Severity
from tests.checking import check
from tests.conftest import MakeProject, script

GIVEN = """op.create_table("users", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("name", sa.Text()),
        sa.Column("password", sa.Text()), sa.Column("api_key", sa.Text()), sa.Column("token_type", sa.Text()))"""
USERS = 'users = sa.table("users", sa.column("name"), sa.column("password"), sa.column("api_key"))\n    '
ROW = 'name = op.get_bind().execute(sa.text("SELECT name FROM users WHERE id = 1")).scalar()\n    '
DEFINER = "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql SECURITY DEFINER"
CASES: list[tuple[str, str]] = [
    ("op.execute(\"CREATE USER app WITH LOGIN PASSWORD 'hunter-Two-7'\")", "MG914"),
    ("op.execute(\"ALTER ROLE app PASSWORD 'hunter-Two-7'\")", "MG914"),
    ("op.execute(\"DO $$ BEGIN CREATE ROLE app PASSWORD 'hunter-Two-7'; END $$\")", "MG914"),
    ("op.execute(\"CREATE ROLE app PASSWORD 'changeme'\")", ""),
    ("op.execute(\"CREATE ROLE app PASSWORD '<password>'\")", ""),
    ("op.execute(\"CREATE ROLE app PASSWORD NULL\")", ""),
    ("op.execute(\"CREATE ROLE app\")", ""),
    (USERS + 'op.execute(users.insert().values(name="a", password="hunter-Two-7"))', "MG914"),
    (USERS + 'op.bulk_insert(users, [{"name": "a", "api_key": "q7Rk2ZpW9sLx4TbN8vHd"}])', "MG914"),
    (USERS + 'op.get_bind().execute(users.insert(), [{"name": "a", "password": "hunter-Two-7"}])', "MG914"),
    (USERS + 'op.execute(users.update().where(sa.text("id = 1")).values(password="hunter-Two-7"))', "MG914"),
    (USERS + 'op.bulk_insert(users, [{"name": "a", "password": ""}, {"name": "b", "password": "********"}])', ""),
    (USERS + 'op.bulk_insert(users, [{"name": "a", "password": "$2b$12$abcdefghijklmnopqrstuv"}])', ""),
    (USERS + 'op.bulk_insert(users, [{"name": "a", "api_key": "8f14e45f-ceea-467f-a8f1-0d2c1b5c8f7e"}])', ""),
    (USERS + 'op.bulk_insert(users, [{"name": "hunter-Two-7", "password": "test"}])', ""),
    ("op.execute(\"UPDATE users SET token_type = 'q7Rk2ZpW9sLx4TbN8vHd' WHERE id = 1\")", ""),
    ('x = "mysql://root:hunter-Two-7@reports.internal/x"', "MG914"),
    ('x = "mysql://root:hunter-Two-7@localhost/x"', ""),
    ('x = "mysql://root:${PASSWORD}@reports.internal/x"', ""),
    (ROW + "op.execute(f\"UPDATE users SET name = '{name}' WHERE id = 2\")", "MG911"),
    (ROW + "op.execute(\"UPDATE users SET name = '\" + name + \"' WHERE id = 2\")", "MG911"),
    (ROW + "op.execute(\"UPDATE users SET name = '%(n)s' WHERE id = 2\" % {'n': name})", "MG911"),
    (ROW + "op.execute(sa.text(\"UPDATE users SET name = '{n}' WHERE id = 2\".format(n=name)))", "MG911"),
    (ROW + "op.get_bind().execute(sa.text(\"UPDATE users SET name = :n WHERE id = 2\"), {'n': name})", ""),
    (ROW + "from shop import digest\n    op.execute(f\"UPDATE users SET name = '{digest(7)}' WHERE id = 2\")", ""),
    ("name = 'x'\n    op.execute(f\"UPDATE users SET name = '{name}' WHERE id = 2\")", ""),
    ("op.execute(\"GRANT SELECT ON users TO PUBLIC\")", "MG912"),
    ("op.execute(\"GRANT ALL ON ALL TABLES IN SCHEMA app TO app, public\")", "MG912"),
    ("op.execute(\"GRANT SELECT ON users TO public_reader\")", ""),
    ("op.execute(\"REVOKE ALL ON users FROM PUBLIC\")", ""),
    (f'op.execute("{DEFINER} AS $$ SELECT 1 $$")', "MG913"),
    (f'op.execute("{DEFINER} SET search_path TO pg_catalog AS $$ SELECT 1 $$")', ""),
    (f'op.execute("{DEFINER} SET search_path FROM CURRENT AS $$ SELECT 1 $$")', ""),
    ('op.execute("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT \'SECURITY DEFINER\' $$")', ""),
    (f'op.execute("{DEFINER} AS $$ SELECT 1 $$")\n    op.execute("ALTER FUNCTION s.f SET search_path = s")', ""),
    ('op.execute("CREATE POLICY p ON users USING (true)")', "MG916"),
    ('op.execute("CREATE POLICY p ON users USING (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY")', ""),
    ('op.execute("CREATE POLICY p ON ledger USING (true)")', ""),
    ('op.execute("ALTER TABLE ledger DISABLE ROW LEVEL SECURITY")', "MG915"),
    ('op.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")', ""),
]  # fmt: skip


@pytest.mark.parametrize(("upgrade", "code"), CASES)
def test_what_is_found(make_project: MakeProject, upgrade: str, code: str) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    findings = [each for each in check(folder).findings if each.code.startswith("MG91")]
    assert [each.code for each in findings] == ([code] if code else [])
    for each in findings:
        assert "hunter" not in f"{each.message} {each.help} {each.write} {each.object}"
        assert "q7Rk2ZpW" not in f"{each.message} {each.help} {each.write} {each.object}"


@pytest.mark.parametrize(
    ("upgrade", "severity"),
    [
        (ROW + "op.execute(f\"UPDATE users SET name = '{name}'\")", Severity.WARNING),
        (ROW + 'op.execute(f"UPDATE users SET id = {name}")', Severity.INFO),
        (ROW + "from a import f\n    op.execute(f\"UPDATE users SET name = '{f(name)}' WHERE id = {name}\")",
         Severity.INFO),
        (ROW + "op.execute(f\"UPDATE users SET name = '{name}' WHERE id = {name}\")", Severity.WARNING),
        (ROW + "begin = f\"UPDATE users SET name = '{name}'\"\n    op.execute(begin + f\" WHERE id = {name}\")",
         Severity.WARNING),
        ('import os\n    op.execute(f"UPDATE users SET id = {os.environ[\'TOTAL\']}")', Severity.WARNING),
    ],
)  # fmt: skip
def test_how_much_a_value_weighs(make_project: MakeProject, upgrade: str, severity: Severity) -> None:
    folder = make_project({"a.py": script("a", None, GIVEN), "b.py": script("b", "a", upgrade)})
    assert [each.severity for each in check(folder).findings if each.code == "MG911"] == [severity]


def test_a_policy_is_enabled_later(make_project: MakeProject) -> None:
    later = 'op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")'
    policy = 'op.execute("CREATE POLICY p ON users USING (true)")'
    folder = make_project(
        {"a.py": script("a", None, GIVEN), "b.py": script("b", "a", policy), "c.py": script("c", "b", later)}
    )
    assert not [each for each in check(folder).findings if each.code == "MG916"]


TAIL = "q7Rk2ZpW9sLx4TbN8vHd3JcF6yGm1EaU5oXi"
"""No key of anybody's."""


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "AK" + "IAQ7X2M4R5T6W3ZP2K",
        "gh" + "p_" + TAIL,
        "xo" + "xb-2345678901-" + TAIL[:24],
        "sk" + "_live_" + TAIL[:24],
        "AI" + "za" + TAIL[:35],
        "gl" + "pat-" + TAIL[:20],
        "https://hooks.slack.com/services/T0A1B2C3D/B4E5F6G7H/" + TAIL[:24],
    ],
)
def test_keys_have_shapes(text: str) -> None:
    assert [*secrets_in(f'x = "{text}"')]


@pytest.mark.parametrize(
    "text",
    [
        "AK" + "IAIOSFODNN7EXAMPLE",
        "sk" + "_test_" + TAIL[:24],
        "gh" + "p_" + "x" * 36,
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "8f14e45f-ceea-467f-a8f1-0d2c1b5c8f7e",
        "postgresql://user:password@db/app",
        "https://example.org/a:b@c",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert not [*secrets_in(f'x = "{text}"')]
