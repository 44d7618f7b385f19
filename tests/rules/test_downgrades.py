"""When a downgrade is folded, and what rules about it leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from migrate_guard import engine
from migrate_guard.engine import checking
from migrate_guard.history.fold import Interpret, Replayed
from migrate_guard.history.range import Range
from migrate_guard.history.reversal import Reversal, reverse
from migrate_guard.model.finding import Report, Severity
from migrate_guard.model.revision import Downgrades, Revision
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from migrate_guard.rules import load_rules
from tests.checking import check

ENV = "from alembic import context\n\ncontext.configure(url='postgresql://app@db/app')\n"
SCRIPT = '''"""{message}"""
import sqlalchemy as sa
from alembic import op

revision = "aaaa"
down_revision = None
{head}

def upgrade():
    {up}


def downgrade():
    {down}
'''
ADD = 'op.add_column("users", sa.Column("city", sa.Text()))'


def project(
    folder: Path,
    up: str,
    down: str,
    *,
    head: str = "",
    message: str = "Step",
    options: Mapping[str, Mapping[str, str]] | None = None,
    select: tuple[str, ...] = (),
    downgrades: Downgrades = "required",
    given: str = "",
) -> Report:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n", encoding="utf-8")
    (folder / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    if given:
        first = SCRIPT.format(up=given, down="raise NotImplementedError", head="", message="Given")
        (versions / "0000_given.py").write_text(first.replace("aaaa", "0000"), encoding="utf-8")
    text = SCRIPT.format(up=up, down=down, head=head, message=message)
    (versions / "aaaa_step.py").write_text(text, encoding="utf-8")
    return check(folder, options=options, select=select, downgrades=downgrades)


def codes(report: Report) -> list[str]:
    return [each.code for each in report.findings if each.code.startswith("MG2")]


@pytest.mark.parametrize(
    ("head", "message", "options", "expected"),
    [
        ("", "Step", {}, ["MG202"]),
        ("", "Step", {"base": "none"}, []),
        ("", "Step", {"downgrades": "none"}, []),
        ("", "Step", {"downgrades": "raise"}, ["MG202"]),
        ("", "Squashed: all up to release 3", {}, []),
        ("", "Squat", {}, ["MG202"]),
        ("irreversible = True", "Step", {}, []),
        ("irreversible = False", "Step", {}, ["MG202"]),
    ],
)
def test_what_needs_no_downgrade(
    head: str, message: str, options: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    report = project(tmp_path, ADD, "pass", head=head, message=message, options={"empty-downgrade": options})
    assert codes(report) == expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# irreversible: the cities are gone", []),
        ("#  Irreversible", []),
        ("# this is irreversible", ["MG202"]),
        ("pass  # irreversible", ["MG202"]),
    ],
)
def test_a_comment_alone_on_its_line_declares_it(comment: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(project(tmp_path, ADD, f"{comment}\n    pass")) == expected


@pytest.mark.parametrize(
    ("up", "down", "expected"),
    [
        ("op.execute('CREATE EXTENSION citext')", "op.execute('UPDATE a SET b = 1')", Severity.WARNING),
        ("op.execute('CREATE FUNCTION f() RETURNS int RETURN 1')", "op.execute('UPDATE a SET b = 1')", Severity.ERROR),
        ("pass", 'op.execute("CREATE TABLE a (b int)")', Severity.WARNING),
    ],
)
def test_how_bad_it_is(up: str, down: str, expected: Severity, tmp_path: Path) -> None:
    report = project(tmp_path, up, down)
    assert [each.severity for each in report.findings if each.code == "MG203"] == [expected]


T = "op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('a', {}))"
MOOD = 'op.execute("CREATE TYPE mood AS ENUM ({})")'


@pytest.mark.parametrize(
    ("given", "up", "down", "expected"),
    [
        (T.format("sa.String(20)"), "op.alter_column('t', 'a', type_=sa.String(9))", "a sa.String(30)", "MG203 info"),
        (T.format("sa.String(20)"), "op.alter_column('t', 'a', type_=sa.String(9))", "a sa.Text()", "MG203 info"),
        (T.format("sa.String(20)"), "op.alter_column('t', 'a', type_=sa.String(9))", "a sa.String(19)", "MG203 error"),
        (
            T.format("sa.Text()"),
            "op.drop_column('t', 'a')",
            "op.add_column('t', sa.Column('a', sa.JSON()))",
            "MG208 warning",
        ),
        (
            T.format("sa.String(9)"),
            "op.drop_column('t', 'a')",
            "op.add_column('t', sa.Column('a', sa.Text()))",
            "MG208 info",
        ),
        (
            T.format("sa.Text(), nullable=False"),
            "op.drop_column('t', 'a')",
            "op.add_column('t', sa.Column('a', sa.Text()))",
            "MG208 info",
        ),
        (
            T.format("sa.Text(), server_default='x', nullable=False"),
            "op.drop_column('t', 'a')",
            "op.add_column('t', sa.Column('a', sa.Text(), server_default='x'))",
            "MG208 warning",
        ),
        (
            "op.create_table('t', sa.Column('id', sa.Integer(), sa.Identity(), primary_key=True))",
            "op.drop_table('t')",
            "op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True))",
            "MG208 info",
        ),
        (
            "op.create_table('t', sa.Column('id', sa.Integer(), sa.Identity(), primary_key=True))",
            "op.drop_table('t')",
            "op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True, autoincrement=False))",
            "MG208 warning",
        ),
        (MOOD.format("'x', 'y'"), "op.execute('DROP TYPE mood')", MOOD.format("'y', 'x'"), "MG208 info"),
        (MOOD.format("'x', 'y'"), "op.execute('DROP TYPE mood')", MOOD.format("'y', 'z'"), "MG208 warning"),
        (
            T.format("sa.Integer()") + "\n    op.create_index('ix', 't', ['id', 'a'], unique=True)",
            "op.drop_index('ix')",
            "op.create_index('ix', 't', ['id', 'a'])",
            "MG208 info",
        ),
        (
            T.format("sa.Integer()") + "\n    op.create_index('ix', 't', ['a'], unique=True)",
            "op.drop_index('ix')",
            "op.create_index('ix', 't', ['a'])",
            "MG208 warning",
        ),
    ],
)
def test_what_is_petty_is_told_as_info(given: str, up: str, down: str, expected: str, tmp_path: Path) -> None:
    if down.startswith("a "):
        down = f"op.alter_column('t', 'a', type_={down.removeprefix('a ')})"
    head = "down_revision = '0000'"
    report = project(tmp_path, up, down, head=head, given=given)
    told = [f"{each.code} {each.severity}" for each in report.findings if each.code in ("MG203", "MG208")]
    assert told == [expected]


@pytest.mark.parametrize(("code", "times"), [("MG202", 0), ("MG203", 1), ("MG204", 1)])
def test_it_is_folded_once_and_only_for_rules_that_ask(
    code: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, ADD, 'op.drop_column("users", "city")')
    asked: list[Revision] = []

    def counted(replayed: Replayed, interpret: Interpret, target: Target) -> Reversal:
        asked.append(replayed.revision)
        return reverse(replayed, interpret, target)

    monkeypatch.setattr(checking, "reverse", counted)
    (found,) = discover([tmp_path], cwd=tmp_path, environ={}).environments
    reading = engine.read(found, Target.default(), tmp_path)
    rules = [each for each in load_rules() if each.code == code]
    engine.check(reading, rules)
    assert len(asked) == times
    engine.check(reading, rules, under_review=Range(frozenset()))
    assert len(asked) == times


def test_irreversible_undeclared_is_asked_for(tmp_path: Path) -> None:
    up, down = "op.execute('TRUNCATE users')", "op.execute('INSERT INTO users (a) VALUES (1)')"
    assert codes(project(tmp_path, up, down, select=("MG210",))) == ["MG210"]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (ADD, "pass"),
        (ADD, "op.drop_column('users', 'town')"),
        ("op.drop_column('users', 'city')", "op.add_column('users', sa.Column('city', sa.Text(), nullable=False))"),
        ("op.create_table('a', sa.Column('b', sa.Enum('x', name='kind')))", "op.drop_table('a')"),
        ("op.drop_table('users')", "op.create_table('users', sa.Column('id', sa.Integer()))"),
        ("op.create_unique_constraint('q', 'users', ['id'])", "op.drop_constraint(None, 'users')"),
        ("op.create_index('i', 'users', ['id'])", "op.drop_index('i', 'users', postgresql_concurrently=True)"),
    ],
)
def test_nothing_is_said_of_downgrades_that_nobody_runs(up: str, down: str, tmp_path: Path) -> None:
    def directions(downgrades: Downgrades) -> set[str | None]:
        folder = tmp_path / downgrades
        report = project(folder, up, down, select=("MG210",), downgrades=downgrades)
        return {each.direction for each in report.findings}

    assert "downgrade" in directions("required")
    assert "downgrade" not in directions("none")


def test_a_script_needs_no_downgrade_that_nobody_runs(tmp_path: Path) -> None:
    project(tmp_path, ADD, "pass")
    script = tmp_path / "alembic" / "versions" / "aaaa_step.py"
    script.write_text(script.read_text(encoding="utf-8").partition("\n\n\ndef downgrade")[0] + "\n", encoding="utf-8")
    assert "MG201" in codes(check(tmp_path))
    assert not codes(check(tmp_path, downgrades="none"))


@pytest.mark.parametrize(
    ("down", "said"),
    [
        ("op.drop_table('users')\n    op.drop_table('orders')", "Move it below line 16"),
        ("op.drop_table('orders')\n    op.drop_column('orders', 'user_id')", "Move it above line 15"),
        ("op.drop_column('users', 'town')", "Name what is there"),
        ("op.drop_table('users')", "Take away first"),
    ],
)
def test_what_stands_in_the_wrong_place_is_told_the_right_one(down: str, said: str, tmp_path: Path) -> None:
    user = 'sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"))'
    up = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'
    report = project(tmp_path, f'{up}\n    op.create_table("orders", {user})', down)
    found = [each for each in report.findings if each.code == "MG204"]
    assert [(each.help[: len(said)], each.span.line) for each in found] == [(said, found[0].span.line)]
