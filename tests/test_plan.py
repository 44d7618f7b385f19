"""`migrate-guard plan`: what it says of whole projects, of ranges, and of what is hostile or cannot be read."""

from __future__ import annotations

import json
import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from migrate_guard.__main__ import run
from migrate_guard.commands import plan as plan_command
from migrate_guard.commands._revisions import revisions_of
from migrate_guard.history.graph import build
from migrate_guard.model.revision import Direction, Revision
from migrate_guard.model.source import Span
from migrate_guard.terminal import UserError, cells
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXPECTED = Path(__file__).with_name("plan")
PROJECTS = sorted(path.parent.name for path in FIXTURES.glob("*/expected.toml"))
SCHEMA = json.loads(files("migrate_guard").joinpath("schemas/plan.schema.json").read_text("utf-8"))

CREATE = 'op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))'
INDEX = 'op.create_index("ix_a", "orders", ["a"])'
NOTE = 'op.add_column("orders", sa.Column("note", sa.Text))'


def planned(capsys: Capture, *arguments: str) -> str:
    """What the command prints; it ends well and says nothing else."""
    assert run(["plan", "--isolated", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def statements(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    """The statements of a plan as JSON, of all its revisions."""
    document = json.loads(planned(capsys, "--format", "json", *arguments))
    jsonschema.validate(document, SCHEMA)
    return [each for revision in document["revisions"] for each in revision["statements"]]


# -- whole projects


@pytest.mark.parametrize("name", sorted(path.name for path in EXPECTED.iterdir()))
def test_as_expected(name: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The first line of a file is the project, the width and the arguments; what is expected follows."""
    first, _, expected = (EXPECTED / name).read_text(encoding="utf-8").partition("\n")
    project, width, *arguments = shlex.split(first)
    monkeypatch.chdir(FIXTURES / project)
    monkeypatch.setattr(plan_command, "width", lambda: int(width))
    run(["plan", "--isolated", *arguments])
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("direction", [(), ("--downgrade",)], ids=["upgrade", "downgrade"])
@pytest.mark.parametrize("name", PROJECTS)
def test_every_project(name: str, direction: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(FIXTURES / name)
    assert run(["plan", "base:heads", "--isolated", "--format", "json", *direction]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert document["revisions"]
    for width in (20, 80, 100, 140):
        monkeypatch.setattr(plan_command, "width", lambda columns=width: columns)
        assert run(["plan", "base:heads", "--isolated", *direction]) == 0
        lines = capsys.readouterr().out.splitlines()
        if width >= 80:
            assert [each for each in lines if sum(one for _, one in cells(each)) > width] == []
        assert not any(each != each.rstrip() for each in lines)


# -- what is meant


def history_of(**parents: str | None) -> Any:
    def revision(name: str, down: str | None) -> Revision:
        above = tuple(down.split()) if down else ()
        return Revision(name, f"{name}.py", Span(f"{name}.py", 1, 1, 1, 2), down=above)

    return build([revision(name, down) for name, down in parents.items()], [], [])


LINEAR = history_of(aa1=None, bb2="aa1", cc3="bb2", dd4="cc3")
FORKED = history_of(aa1=None, bb2="aa1", cc3="aa1")
MERGED = history_of(aa1=None, bb2="aa1", cc3="aa1", dd4="bb2 cc3")


@pytest.mark.parametrize(
    ("history", "word", "direction", "expected"),
    [
        (LINEAR, "heads", "upgrade", "dd4"),
        (LINEAR, "head", "upgrade", "dd4"),
        (LINEAR, "bb2", "upgrade", "bb2"),
        (LINEAR, "b", "upgrade", "bb2"),
        (LINEAR, "aa1:cc3", "upgrade", "bb2 cc3"),
        (LINEAR, "aa1:", "upgrade", "bb2 cc3 dd4"),
        (LINEAR, ":bb2", "upgrade", "aa1 bb2"),
        (LINEAR, "base:head", "upgrade", "aa1 bb2 cc3 dd4"),
        (LINEAR, ":", "upgrade", "aa1 bb2 cc3 dd4"),
        (LINEAR, "cc3:cc3", "upgrade", ""),
        (LINEAR, "head-1", "upgrade", "cc3"),
        (LINEAR, "head-2:head", "upgrade", "cc3 dd4"),
        (LINEAR, "head-4:head", "upgrade", "aa1 bb2 cc3 dd4"),
        (LINEAR, "aa1:aa1+2", "upgrade", "bb2 cc3"),
        (LINEAR, "base+1", "upgrade", "aa1"),
        (LINEAR, "cc3:aa1", "downgrade", "bb2 cc3"),
        (LINEAR, "aa1:cc3", "downgrade", "bb2 cc3"),
        (FORKED, "heads", "upgrade", "bb2 cc3"),
        (FORKED, "base:heads", "upgrade", "aa1 bb2 cc3"),
        (FORKED, "base:cc3", "upgrade", "aa1 cc3"),
        (MERGED, "bb2:dd4", "upgrade", "cc3 dd4"),
    ],
)
def test_ranges(history: Any, word: str, direction: Direction, expected: str) -> None:
    assert sorted(revisions_of(word, history, direction)) == expected.split()


@pytest.mark.parametrize(
    ("history", "word", "message"),
    [
        (LINEAR, "base", '"base" is no revision; a range says what comes after it: base:heads'),
        (LINEAR, "cc3:aa1", '"aa1" does not come after "cc3"'),
        (FORKED, "bb2:cc3", '"cc3" does not come after "bb2"'),
        (FORKED, "head", "there are 2 heads: bb2, cc3; name one of them, or heads"),
        (FORKED, "aa1+1", '"aa1+1" may be any of bb2, cc3'),
        (LINEAR, "dd4+1", 'there are not that many revisions: "dd4+1"'),
        (LINEAR, "head-9", 'there are not that many revisions: "head-9"'),
        (LINEAR, "bb3", 'there is no revision "bb3", and nothing of that name on disk; did you mean "bb2"?'),
        (LINEAR, "aa1:bb3", 'there is no revision "bb3", and nothing of that name on disk; did you mean "bb2"?'),
    ],
)
def test_what_means_nothing(history: Any, word: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        revisions_of(word, history, "upgrade")


def test_without_arguments_it_is_the_last_revision(make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", NOTE)})
    assert [each["sql"] for each in statements(capsys)] == ["ALTER TABLE orders ADD COLUMN note TEXT"]


def test_a_script_is_its_revision(make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", NOTE)})
    (made,) = statements(capsys, "alembic/versions/a.py")
    assert made["operation"] == "create_table"
    assert made["locks"] == []


def test_since_a_revision(make_project: MakeProject, capsys: Capture) -> None:
    make_project(
        {"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", NOTE), "c.py": script("c3", "b2", INDEX)}
    )
    assert [each["operation"] for each in statements(capsys, "--since", "a1")] == ["add_column", "create_index"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zz"], 'error: there is no revision "zz", and nothing of that name on disk\n'),
        (["a1", "b2"], "error: one revision or range at a time, not a1 and b2\n"),
        (["a1", "--since", "b2"], "error: --since does not go with a1\n"),
        (["--format", "html"], "'html' is not one of"),
        (["missing/alembic.ini"], "missing/alembic.ini"),
    ],
)
def test_what_does_not_work(arguments: list[str], message: str, make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE)})
    assert run(["plan", "--isolated", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_help_examples(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    assert run(["plan", "--help"]) == 0
    examples = re.findall(r"^ +migrate-guard (plan.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) >= 4
    monkeypatch.chdir(FIXTURES / "linear")
    for each in examples:
        assert run(shlex.split(each)) == 0, each
        assert capsys.readouterr().out


def test_the_documentation(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(FIXTURES / "linear")
    shown = planned(capsys, "0b9e5d62c7f3:67c2e8b9f41d")
    assert f"```text\n{shown}```" in (FIXTURES.parent / "docs" / "plans.md").read_text(encoding="utf-8")


# -- what is said


def env(transaction_per_migration: bool) -> str:
    return (
        "from alembic import context\n\n"
        f"context.configure(connection=None, transaction_per_migration={transaction_per_migration})\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )


TWO = {
    "a.py": script("a1", None, CREATE),
    "b.py": script("b2", "a1", f"{INDEX}\n    {NOTE}"),
    "c.py": script("c3", "b2", 'op.drop_column("orders", "a")'),
}


def test_locks_are_held_to_the_end_of_a_revision(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project(TWO)
    (root / "alembic" / "env.py").write_text(env(transaction_per_migration=True), encoding="utf-8")
    index, note, drop = statements(capsys, "a1:")
    assert [each["held_until"] for each in (index, note, drop)] == ["revision"] * 3
    assert index["locks"] == [{"table": "orders", "mode": "SHARE"}]
    assert (index["blocks_reads"], index["blocks_writes"], index["scans"]) == (False, True, True)
    assert index["since"] is None
    assert note["since"] == {"revision": "b2", "line": index["line"], "table": "orders", "mode": "SHARE"}
    assert drop["since"] is None


def test_locks_are_held_to_the_end_of_all(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project(TWO)
    (root / "alembic" / "env.py").write_text(env(transaction_per_migration=False), encoding="utf-8")
    *_, drop = statements(capsys, "a1:")
    assert drop["held_until"] == "run"
    assert drop["since"]["revision"] == "b2"


def test_an_autocommit_block(make_project: MakeProject, capsys: Capture) -> None:
    index = 'op.create_index("ix", "orders", ["a"], postgresql_concurrently=True)'
    block = f"with op.get_context().autocommit_block():\n        {index}"
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", f"{NOTE}\n    {block}")})
    note, made = statements(capsys)
    assert (note["held_until"], note["in_transaction"]) == ("commit", True)
    assert (made["held_until"], made["in_transaction"], made["since"]) == ("statement", False, None)
    assert made["sql"] == "CREATE INDEX CONCURRENTLY ix ON orders (a)"


def test_what_the_range_creates_is_used_by_nobody(make_project: MakeProject, capsys: Capture) -> None:
    make_project(TWO)
    assert [each["locks"] for each in statements(capsys, "base:heads")] == [[]] * 4


def test_conditions_and_what_is_not_known(make_project: MakeProject, capsys: Capture) -> None:
    body = (
        f'if context.get_x_argument():\n        {NOTE}\n    op.execute(open("x.sql").read())\n'
        '    op.execute(f"UPDATE orders SET a = {len(op.get_bind().info)}")'
    )
    make_project(
        {"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", f"from alembic import context\n    {body}")}
    )
    note, opaque, update = statements(capsys)
    assert note["condition"] == "if context.get_x_argument()"
    assert opaque["operation"] == "unknown"
    assert opaque["sql"].startswith("-- not known: ")
    assert update["sql"] == "UPDATE orders SET a = …"
    for verdict in ("blocks_reads", "blocks_writes", "rewrites", "scans"):
        assert opaque[verdict] == "depends"
    text = planned(capsys)
    assert "\n      if context.get_x_argument()\n" in text


@pytest.mark.parametrize(
    ("line", "rewrites", "scans"),
    [
        (NOTE, False, False),
        ('op.create_index("ix", "orders", ["id"])', False, True),
        ('op.execute("UPDATE orders SET id = id + 1")', True, True),
        ('op.execute("UPDATE orders SET id = 2 WHERE id = 1")', False, False),
        ('op.drop_column("orders", "id")', True, True),
    ],
)
def test_sqlite_lets_one_write(
    line: str, rewrites: bool, scans: bool, make_project: MakeProject, capsys: Capture
) -> None:
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", line)})
    (one,) = statements(capsys, "--dialect", "sqlite")
    assert (one["rewrites"], one["scans"]) == (rewrites, scans)
    assert (one["blocks_writes"], one["locks"]) == (True, [])
    assert "SQLite lets one connection write at a time" in one["why"]
    (made,) = statements(capsys, "a1", "--dialect", "sqlite")
    assert made["blocks_writes"] is False


HALF = """op.add_column("orders", sa.Column("note", sa.Text()))
    op.execute("UPDATE orders SET note = 'x' WHERE id < 9")
    op.execute("UPDATE orders SET note = 'y' WHERE id > 9")
    op.alter_column("orders", "note", type_=sa.String(80), existing_type=sa.Text())"""


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_what_a_failure_leaves_behind(dialect: str, make_project: MakeProject, capsys: Capture) -> None:
    """DDL commits what is open before it and then itself; rows wait for the next such statement."""
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", HALF)})
    note, first, second, retyped = statements(capsys, "b2", "--dialect", dialect)
    assert (note["algorithm"], note["locks"], note["blocks_writes"]) == (
        *("INSTANT", [{"table": "orders", "mode": "LOCK=NONE"}], False),
    )
    assert [each["commits"] for each in (note, first, second, retyped)] == [True, False, False, True]
    assert note["leaves"] == []
    assert first["leaves"] == second["leaves"] == [note["line"]]
    assert retyped["leaves"] == [note["line"], first["line"], second["line"]]
    assert (retyped["algorithm"], retyped["blocks_writes"], retyped["rewrites"]) == ("COPY", True, True)
    text = planned(capsys, "b2", "--dialect", dialect)
    assert f"if it fails, line {note['line']} of the revision stays done" in text
    assert "COPY, LOCK=SHARED" in text


def test_mysql_commits_every_statement(make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE)})
    (made,) = statements(capsys, "--dialect", "mysql")
    assert (made["in_transaction"], made["held_until"]) == (False, "statement")


def test_sizes(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project(TWO)
    sizes = {"version": 1, "tables": {"orders": {"rows": 41_234_567, "bytes": 9_000_000_000}}}
    (root / "stats.json").write_text(json.dumps(sizes), encoding="utf-8")
    (drop,) = statements(capsys, "--stats", "stats.json")
    assert drop["size"] == {"rows": 41_234_567, "bytes": 9_000_000_000}
    assert "  41 M rows" in planned(capsys, "--stats", "stats.json")
    assert " 41 M rows |" in planned(capsys, "--stats", "stats.json", "--format", "markdown")


def test_colours(make_project: MakeProject, capsys: Capture) -> None:
    make_project(TWO)
    out = planned(capsys, "a1:", "--color", "always")
    assert "\x1b[31mACCESS EXCLUSIVE\x1b[0m" in out
    assert "\x1b[33mSHARE on orders\x1b[0m" in out
    assert "\x1b" not in planned(capsys, "a1:")


def test_verbose_says_why(make_project: MakeProject, capsys: Capture) -> None:
    make_project(TWO)
    assert "\n      ACCESS EXCLUSIVE on orders\n" in planned(capsys, "-v")


def test_sqlite_copies_the_table_of_a_batch_block(make_project: MakeProject, capsys: Capture) -> None:
    def batch(*lines: str) -> str:
        return "\n        ".join(('with op.batch_alter_table("orders") as batch_op:', *lines))

    column = 'batch_op.add_column(sa.Column("b", sa.Integer))'
    make_project(
        {
            "a.py": script("a1", None, CREATE),
            "b.py": script("b2", "a1", batch(column)),
            "c.py": script("c3", "b2", batch(column.replace('"b"', '"c"'), 'batch_op.drop_column("b")')),
        }
    )
    added, copied = statements(capsys, "a1:", "--dialect", "sqlite")
    assert added["sql"] == "ALTER TABLE orders ADD COLUMN b INTEGER"
    assert copied["operation"] == "batch_alter_table"
    assert copied["sql"] == "-- not known: batch mode copies orders into a new table"


# -- what is hostile


def test_control_characters(make_project: MakeProject, capsys: Capture) -> None:
    body = r'op.execute("COMMENT ON TABLE orders IS ' + r"'\x1b[2J\r| ``x``\u202e'" + r'")'
    make_project(
        {"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", body, message="bad \x1b[31m| <b> @all")}
    )
    out = planned(capsys)
    assert "\x1b" not in out
    assert "\r" not in out
    assert r"\x1b[2J" in out
    markdown = planned(capsys, "--format", "markdown")
    assert "\x1b" not in markdown
    assert r"```COMMENT ON TABLE orders IS '\x1b[2J \| ``x``\u202e'```" in markdown
    assert "&#124; &#60;b&#62; &#64;<!-- -->all" in markdown
    (comment,) = statements(capsys)
    assert "\x1b[2J\r| ``x``\u202e" in comment["sql"]


def test_a_gigantic_literal(make_project: MakeProject, capsys: Capture) -> None:
    body = 'op.execute("UPDATE orders SET note = \'" + "x" * 900_000 + "\'")'
    make_project({"a.py": script("a1", None, CREATE), "b.py": script("b2", "a1", body)})
    assert max(map(len, planned(capsys).splitlines())) <= 100
    assert max(map(len, planned(capsys, "--format", "markdown").splitlines())) < 500


def test_a_markdown_table_has_as_many_cells_in_each_row(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(FIXTURES / "shop")
    assert run(["plan", "base:heads", "--isolated", "--format", "markdown"]) == 0
    for table in re.findall(r"(?:^\|.*\n)+", capsys.readouterr().out, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_unreadable_scripts_are_said(make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE), "b.py": "def upgrade(:\n"})
    assert run(["plan", "--isolated"]) == 0
    out, err = capsys.readouterr()
    assert "CREATE TABLE orders" in out
    assert err.startswith("warning: alembic/versions/b.py:1:")


def test_a_script_without_downgrade(make_project: MakeProject, capsys: Capture) -> None:
    make_project({"a.py": script("a1", None, CREATE).partition("def downgrade")[0]})
    assert "it has no downgrade()" in planned(capsys, "--downgrade")


def test_an_empty_history(make_project: MakeProject, capsys: Capture) -> None:
    make_project({})
    assert run(["plan", "--isolated"]) == 0
    assert capsys.readouterr().out == "nothing to run on postgresql 15\n"
