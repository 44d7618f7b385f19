"""MG101, MG108, MG109 and MG110 with `--since`, asked of real repositories."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from migrate_guard.__main__ import run
from tests.conftest import INI, script
from tests.repositories import Repo, clone

Capture = pytest.CaptureFixture[str]

GRAPH = "MG001,MG101,MG102,MG103,MG107,MG108,MG109,MG110"


def table(revision: str, down: str | None, upgrade: str = "", downgrade: str = "") -> str:
    """A revision that creates a table."""
    upgrade = upgrade or f'op.create_table("t_{revision}", sa.Column("id", sa.Integer(), primary_key=True))'
    return script(revision, down, upgrade, downgrade or f'op.drop_table("t_{revision}")')


A1, B2, C3 = table("a1", None), table("b2", "a1"), table("c3", "b2")


@pytest.fixture(autouse=True)
def _plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))


def made(root: Path, project: str = "") -> Repo:
    """Make a repository whose `main` has a1, b2 and c3, on branch `topic`."""
    root.mkdir()
    repo = Repo(root, project)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.commit(a1=A1, b2=B2, c3=C3)
    repo.git("checkout", "--quiet", "-b", "topic")
    return repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    done = made(tmp_path / "repo")
    monkeypatch.chdir(done.project)
    return done


Reported: TypeAlias = Callable[..., list[dict[str, Any]]]
Found: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def report(capsys: Capture) -> Reported:
    """Return a function that gives the findings about the graph as JSON has them."""

    def checked(since: str = "main", *paths: str, select: str = GRAPH) -> list[dict[str, Any]]:
        code = run(["check", "--isolated", "--select", select, "--output-format", "json", "--since", since, *paths])
        out, err = capsys.readouterr()
        assert err == ""
        findings: list[dict[str, Any]] = json.loads(out)["findings"]
        assert code == int(bool(findings))
        return findings

    return checked


@pytest.fixture
def found(report: Reported) -> Found:
    """Return a function that gives the code and place of what is found: `MG101 d4.py:7`."""

    def checked(since: str = "main", *paths: str) -> list[str]:
        return [f"{each['code']} {each['path'].rpartition('/')[2]}:{each['line']}" for each in report(since, *paths)]

    return checked


def on_main(repo: Repo, **scripts: str) -> None:
    """Let `main` go on while the branch stays where it is."""
    repo.git("checkout", "--quiet", "main")
    repo.commit(**scripts)
    repo.git("checkout", "--quiet", "topic")


REVISION, DOWN, UPGRADE = 6, 7, 13
"""The lines of a script with its id, with its parent, and the first of its upgrade."""


# Heads after the merge


def test_a_branch_on_top_is_clean(repo: Repo, found: Found) -> None:
    repo.commit(d4=table("d4", "c3"), e5=table("e5", "d4"))
    assert found() == []


def test_a_head_that_the_base_got_meanwhile(repo: Repo, report: Reported) -> None:
    repo.commit(d4=table("d4", "c3"))
    on_main(repo, x4=table("x4", "c3"))
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG101", "alembic/versions/d4.py", REVISION)
    assert finding["message"] == (
        '"d4" is a head beside "x4", which main has got meanwhile, '
        'so after the merge "alembic upgrade head" refuses to run'
    )
    assert finding["help"] == (
        'Take main in and write down_revision = "x4" in "d4" (alembic/versions/d4.py), '
        'or join them after the merge with alembic merge -m "merge heads" x4 d4.'
    )


def test_the_first_revision_of_the_branch_is_the_one_to_put_elsewhere(repo: Repo, report: Reported) -> None:
    repo.commit(d4=table("d4", "c3"), e5=table("e5", "d4"))
    on_main(repo, x4=table("x4", "c3"), y5=table("y5", "x4"))
    (finding,) = report()
    assert finding["path"].endswith("e5.py")
    assert 'down_revision = "y5" in "d4" (alembic/versions/d4.py)' in finding["help"]


def test_after_the_base_is_merged_in(repo: Repo, found: Found) -> None:
    repo.commit(d4=table("d4", "c3"))
    on_main(repo, x4=table("x4", "c3"))
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert found() == [f"MG101 d4.py:{REVISION}", f"MG101 x4.py:{REVISION}"]
    repo.commit(d4=table("d4", "x4"))
    assert found() == []


def test_a_merge_revision_joins_them(repo: Repo, found: Found) -> None:
    repo.commit(d4=table("d4", "c3"))
    on_main(repo, x4=table("x4", "c3"))
    repo.git("merge", "--quiet", "--no-edit", "main")
    merge = script("m5", None).replace("down_revision = None", 'down_revision = ("d4", "x4")')
    repo.write(m5=merge)
    assert found() == []


def test_heads_of_the_base_are_not_the_fault_of_the_branch(repo: Repo, found: Found) -> None:
    repo.git("checkout", "--quiet", "main")
    repo.commit(x4=table("x4", "c3"), y4=table("y4", "c3"))
    assert found("main~1") == [f"MG101 x4.py:{REVISION}", f"MG101 y4.py:{REVISION}"]
    repo.git("checkout", "--quiet", "-B", "topic")
    assert found() == []
    repo.write(d5=table("d5", "x4"))
    assert found() == []
    repo.write(e5=table("e5", "x4"))
    assert len(found()) == 3


def test_two_heads_that_the_base_has_joined_meanwhile(repo: Repo, found: Found) -> None:
    repo.git("checkout", "--quiet", "main")
    repo.commit(x4=table("x4", "c3"), y4=table("y4", "c3"))
    repo.git("checkout", "--quiet", "-B", "topic")
    on_main(repo, m5=script("m5", None).replace("down_revision = None", 'down_revision = ("x4", "y4")'))
    assert found() == []
    repo.write(d5=table("d5", "x4"))
    assert found() == [f"MG101 d5.py:{REVISION}"]


def test_a_base_that_is_ahead(repo: Repo, found: Found) -> None:
    on_main(repo, x4=table("x4", "c3"))
    assert found() == []
    repo.write(d4=table("d4", "c3"))
    assert found() == [f"MG101 d4.py:{REVISION}"]
    assert found("HEAD") == []


def test_a_branch_label_of_its_own(repo: Repo, found: Found) -> None:
    repo.write(d4=table("d4", "c3").replace("branch_labels = None", 'branch_labels = "shop"'))
    on_main(repo, x4=table("x4", "c3"))
    assert found() == []


# Inserted and re-parented


def test_a_revision_put_below_one_of_the_base(repo: Repo, report: Reported) -> None:
    repo.commit(r1=table("r1", "b2"), c3=table("c3", "r1"))
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG108", "alembic/versions/r1.py", DOWN)
    assert finding["message"] == (
        '"r1" is put below "c3", which main has already, '
        'so a database that has run "c3" never runs "r1" and nothing says so'
    )
    assert finding["help"] == 'Put "r1" on top of "c3", and give "c3" its down_revision = "b2" back.'
    assert finding["write"] == '# and in "c3" again: down_revision = "b2"\ndown_revision = "c3"'


def test_what_it_says_to_write_is_clean(repo: Repo, found: Found) -> None:
    repo.commit(r1=table("r1", "c3"), c3=table("c3", "b2"))
    assert found() == []


@pytest.mark.parametrize("first", [True, False])
def test_a_chain_put_below(repo: Repo, report: Reported, first: bool) -> None:
    down = None if first else "b2"
    child = table("a1" if first else "c3", "r2")
    repo.write(r1=table("r1", down), r2=table("r2", "r1"), **{"a1" if first else "c3": child})
    (finding,) = report()
    assert (finding["code"], finding["path"]) == ("MG108", "alembic/versions/r1.py")
    assert finding["message"].startswith('"r1" and "r2" are put below')
    assert finding["write"].endswith('\ndown_revision = "c3"')


def test_a_new_dependency_and_a_new_parent_of_a_merge(repo: Repo, found: Found, report: Reported) -> None:
    repo.write(r1=table("r1", "b2"), c3=C3.replace("depends_on = None", 'depends_on = "r1"'))
    (finding,) = report()
    assert (finding["code"], finding["path"]) == ("MG108", "alembic/versions/r1.py")
    assert finding["help"] == 'Put "r1" on top of "c3", and give "c3" its depends_on = None back.'
    repo.write(c3=C3.replace('down_revision = "b2"', 'down_revision = ("b2", "r1")').replace("'b2'", "('b2', 'r1')"))
    assert found() == [f"MG108 r1.py:{DOWN}"]


def test_revisions_of_the_base_that_change_places(repo: Repo, report: Reported) -> None:
    repo.write(b2=table("b2", "c3"), c3=table("c3", "a1"))
    first, second = report()
    assert (first["code"], first["path"], first["line"]) == ("MG108", "alembic/versions/b2.py", DOWN)
    assert first["message"] == (
        '"b2" comes after "c3" here and after "a1" on main, so a database that has run it without "c3" never runs "c3"'
    )
    assert first["write"] == 'down_revision = "a1"'
    assert second["message"] == (
        '"c3" comes after "a1" here and after "b2" on main, so a database that has run both runs "b2" once more'
    )
    assert second["write"] == 'down_revision = "b2"'


def test_a_revision_that_is_cut_loose_runs_again(repo: Repo, report: Reported) -> None:
    repo.write(c3=table("c3", "a1"))
    codes = {each["code"]: each for each in report()}
    assert sorted(codes) == ["MG101", "MG108"]
    assert codes["MG108"]["path"].endswith("c3.py")
    assert codes["MG108"]["message"].endswith('so a database that has run both runs "b2" once more')


def test_parents_that_say_the_same(repo: Repo, found: Found) -> None:
    repo.write(c3=C3.replace("down_revision = 'b2'", 'down_revision: str = ("b2",)'))
    assert found() == []


def test_what_the_base_has_re_parented_itself(repo: Repo, found: Found) -> None:
    on_main(repo, r1=table("r1", "b2"), c3=table("c3", "r1"))
    assert found() == []
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert found() == []
    repo.write(d4=table("d4", "c3"))
    assert found() == []


def test_re_parenting_what_the_base_got_meanwhile(repo: Repo, found: Found) -> None:
    repo.commit(d4=table("d4", "c3"))
    on_main(repo, x4=table("x4", "c3"))
    repo.git("merge", "--quiet", "--no-edit", "main")
    repo.commit(x4=table("x4", "d4"))
    assert found() == [f"MG108 d4.py:{DOWN}"]


# Edited


FREE = {
    "comment": lambda text: text.replace("op.create", "# why\n    op.create"),
    "docstring": lambda text: text.replace("revision c3", "another text\n\nRevises: nothing\n"),
    "layout": lambda text: text.replace('("t_c3", sa', '(\n        "t_c3",\n        sa').replace("'", '"'),
    "annotations": lambda text: text.replace("def upgrade():", "def upgrade() -> None:").replace(
        "revision =", "revision: str ="
    ),
    "variable": lambda text: text.replace("op.create_table(", 'name = "t_c3"\n    op.create_table(').replace(
        'create_table("t_c3"', "create_table(name"
    ),
    "import": lambda text: text.replace("from alembic import op", "from alembic import op\nimport logging"),
    "alias": lambda text: text.replace("import sqlalchemy as sa", "import sqlalchemy as db").replace("sa.", "db."),
    "suppression": lambda text: text.replace("))\n", "))  # migrate-guard: ignore[MG603] a list\n", 1),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "downgrade": lambda text: text.replace('op.drop_table("t_c3")', 'op.execute("DROP TABLE IF EXISTS t_c3")'),
    "SQL": lambda text: text.replace(
        'op.create_table("t_c3", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.create_table("t_c3", sa.Column("id", sa.INTEGER, nullable=False, primary_key=True))',
    ),
    "print": lambda text: text.replace("op.create", 'print("now")\n    op.create'),
}


@pytest.mark.parametrize("change", FREE.values(), ids=FREE)
def test_what_does_not_change_what_a_revision_does(repo: Repo, found: Found, change: Callable[[str], str]) -> None:
    text = change(C3)
    assert text != C3
    (repo.versions / "c3.py").write_bytes(text.encode())
    assert found() == []


def test_old_faults_of_a_script_that_is_written_anew(repo: Repo, found: Found) -> None:
    repo.git("checkout", "--quiet", "main")
    repo.commit(c3=C3.replace("depends_on = None", 'depends_on = "gone"'))
    repo.git("checkout", "--quiet", "-B", "topic")
    repo.write(c3="# a comment\n" + C3.replace("depends_on = None", 'depends_on = "gone"'))
    assert found() == []
    repo.write(c3=C3.replace("depends_on = None", 'depends_on = "gone2"'))
    assert [each.partition(" ")[0] for each in found()] == ["MG102"]


def test_a_downgrade_of_the_base_that_the_branch_empties(repo: Repo, report: Reported) -> None:
    repo.write(c3=C3.replace('op.drop_table("t_c3")', 'op.execute("DROP TABLE t_c3")'))
    assert report(select="MG109,MG202") == []
    repo.write(c3=C3.replace('op.drop_table("t_c3")', "pass"))
    assert [each["code"] for each in report(select="MG109,MG202")] == ["MG202"]
    repo.commit()
    repo.git("branch", "--force", "main")
    repo.write(c3="# a comment\n" + C3.replace('op.drop_table("t_c3")', "pass"))
    assert report(select="MG109,MG202") == []


EDITS = {
    "an argument": ("sa.Integer()", "sa.BigInteger()", 'it creates "t_c3" otherwise here than there', UPGRADE),
    "a new operation": (
        'op.create_table("t_c3"',
        'op.create_index("ix", "t_a1", ["id"])\n    op.create_table("t_c3"',
        'it creates "t_a1.ix" here and not there: a database that has run "c3" never does',
        UPGRADE,
    ),
    "SQL": ('op.create_table("t_c3"', 'op.execute("ANALYZE")\n    op.create_table("t_c3"', "never runs the change", 13),
}


@pytest.mark.parametrize(("old", "new", "message", "line"), EDITS.values(), ids=EDITS)
def test_an_edited_revision(repo: Repo, report: Reported, old: str, new: str, message: str, line: int) -> None:
    repo.commit(c3=C3.replace(old, new))
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG109", "alembic/versions/c3.py", line)
    assert finding["message"].startswith('"c3" is on main, and ')
    assert message in finding["message"]
    assert finding["help"] == (
        "Take it back with git checkout main -- alembic/versions/c3.py, "
        'and make the change in a new revision after "c3".'
    )
    repo.git("checkout", "main", "--", "alembic/versions/c3.py")
    assert report() == []


def test_an_operation_that_is_taken_out(repo: Repo, report: Reported) -> None:
    repo.write(c3=table("c3", "b2", "pass"))
    (finding,) = report()
    assert finding["line"] == UPGRADE - 1
    assert finding["message"] == (
        '"c3" is on main, and it creates "t_c3" there and not here: '
        'a database that has run "c3" has done so all the same'
    )


ROWS = """\
rows = op.get_bind().execute(sa.text("SELECT id FROM t_a1"))
    for row in rows:
        op.execute(sa.text("UPDATE t_a1 SET id = :id").bindparams(id=row.id + 1))"""


@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        (lambda text: text.replace("row.id + 1", "row.id + 2"), True),
        (lambda text: text.replace("for row in rows", "for each in rows").replace("row.id", "each.id"), False),
        (lambda text: text.replace("for row in rows:", "for row in rows:  # each of them"), False),
        (lambda text: text.replace("SELECT id", "SELECT id, 1"), True),
        (lambda text: text.replace("row.id + 1", "max(row.id, 1)").replace("max", "min"), True),
    ],
)
def test_what_a_script_does_with_rows(repo: Repo, found: Found, change: Callable[[str], str], is_found: bool) -> None:
    on_main(repo, d4=table("d4", "c3", ROWS))
    repo.git("merge", "--quiet", "main")
    repo.write(d4=change(table("d4", "c3", ROWS)))
    assert [each.partition(":")[0] for each in found()] == (["MG109 d4.py"] if is_found else [])


def test_an_edit_that_the_base_has_made(repo: Repo, found: Found) -> None:
    edited = C3.replace("Integer", "BigInteger")
    on_main(repo, c3=edited)
    assert found() == []
    repo.commit(c3=edited)
    assert found() == []
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert found() == []


def test_a_revision_that_can_no_longer_be_read(repo: Repo, found: Found) -> None:
    repo.write(c3="def (:\n")
    assert found() == ["MG001 c3.py:1"]


HELPER = """\
from alembic import op
import sqlalchemy as sa


def create(name):
    op.create_table(name, sa.Column("id", sa.Integer(), primary_key=True))
"""
HELPED = table("d4", "c3", 'create("t_d4")').replace(
    "from alembic import op", "from alembic import op\nfrom tools import create"
)


@pytest.fixture
def helped(repo: Repo) -> Repo:
    """A revision that calls a function of the project, and another one that runs a file of SQL."""
    repo.git("checkout", "--quiet", "main")
    (repo.root / "tools.py").write_text(HELPER, encoding="utf-8")
    (repo.versions / "e5.sql").write_text("CREATE TABLE t_e5 (id INTEGER PRIMARY KEY);", encoding="utf-8")
    read = 'op.execute((pathlib.Path(__file__).parent / "e5.sql").read_text())'
    repo.commit(d4=HELPED, e5=table("e5", "d4", read).replace("import sqlalchemy", "import pathlib\nimport sqlalchemy"))
    repo.git("checkout", "--quiet", "-B", "topic")
    return repo


def test_a_helper_that_does_something_else(helped: Repo, report: Reported) -> None:
    assert report() == []
    (helped.root / "tools.py").write_text(HELPER.replace("Integer", "BigInteger"), encoding="utf-8")
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG109", "alembic/versions/d4.py", UPGRADE + 1)
    assert finding["message"] == (
        '"d4" is on main, and it creates "t_d4" otherwise here than there by way of "tools.py": '
        'a database that has run "d4" never runs the change'
    )
    assert "git checkout main -- tools.py," in finding["help"]
    helped.commit(
        c3=C3.replace('op.drop_table("t_c3")', "create('t')").replace("op\n", "op\nfrom tools import create\n")
    )
    assert len(report()) == 1
    on_main(helped)
    helped.git("branch", "--force", "main", "topic")
    assert report() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n\ndef drop(name):\n    op.drop_table(name)\n",
        lambda text: text.replace("name", "table").replace("def create", "# of all\ndef create"),
    ],
)
def test_a_helper_that_does_the_same(helped: Repo, found: Found, change: Callable[[str], str]) -> None:
    (helped.root / "tools.py").write_text(change(HELPER), encoding="utf-8")
    assert found() == []


def test_a_helper_that_is_written_into_the_script(helped: Repo, found: Found) -> None:
    (helped.root / "tools.py").unlink()
    helped.write(d4=table("d4", "c3"))
    assert found() == []
    helped.write(d4=table("d4", "c3").replace("Integer", "BigInteger"))
    assert found() == [f"MG109 d4.py:{UPGRADE}"]


def test_a_file_of_sql(helped: Repo, found: Found) -> None:
    path = helped.versions / "e5.sql"
    path.write_text("-- the same\nCREATE TABLE t_e5 (\n  id INTEGER PRIMARY KEY\n)", encoding="utf-8")
    assert found() == []
    path.write_text("CREATE TABLE t_e5 (id BIGINT PRIMARY KEY)", encoding="utf-8")
    assert found() == [f"MG109 e5.py:{UPGRADE + 1}"]


def test_a_lost_branch_label(repo: Repo, report: Reported) -> None:
    repo.git("checkout", "--quiet", "main")
    repo.commit(c3=C3.replace("branch_labels = None", 'branch_labels = ("shop",)'))
    repo.git("checkout", "--quiet", "-B", "topic")
    repo.write(c3=C3)
    (finding,) = report()
    assert (finding["code"], finding["line"]) == ("MG109", REVISION)
    assert '"alembic upgrade shop@head" finds no such branch' in finding["message"]


# Deleted


def test_a_deleted_head(repo: Repo, report: Reported, capsys: Capture) -> None:
    (repo.versions / "c3.py").unlink()
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG110", "alembic/versions/c3.py", 1)
    assert finding["message"] == (
        '"c3" is on main and gone here, so a database that stands at "c3" stops with '
        "\"Can't locate revision identified by 'c3'\""
    )
    assert finding["help"].startswith("Bring it back with git checkout main -- alembic/versions/c3.py;")
    repo.git("rm", "--quiet", "alembic/versions/c3.py")
    assert len(report()) == 1
    repo.commit()
    assert len(report()) == 1
    repo.write(d4=table("d4", "b2"))
    assert report()[0]["message"].startswith('"d4" takes the place of "c3", which main has, so')


def test_a_deleted_revision_that_another_one_names(repo: Repo, report: Reported) -> None:
    (repo.versions / "b2.py").unlink()
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG110", "alembic/versions/c3.py", DOWN)
    assert finding["message"] == (
        '"b2" is on main and gone here, though "c3" comes after "b2", so no Alembic command works'
    )
    repo.write(c3=table("c3", "a1"))
    (finding,) = report()
    assert (finding["code"], finding["path"]) == ("MG110", "alembic/versions/b2.py")


def test_a_squash(repo: Repo, report: Reported) -> None:
    for name in ("a1", "b2", "c3"):
        (repo.versions / f"{name}.py").unlink()
    repo.write(s1=table("s1", None))
    (finding,) = report()
    assert (finding["code"], finding["path"], finding["line"]) == ("MG110", "alembic/versions/s1.py", REVISION)
    assert finding["message"] == (
        '"s1" takes the place of "a1", "b2" and "c3", which main has, so a database that stands at one of them '
        "stops with \"Can't locate revision identified by 'c3'\""
    )
    assert "alembic stamp --purge" in finding["help"]


def test_a_squash_below_what_stays(repo: Repo, found: Found) -> None:
    for name in ("a1", "b2"):
        (repo.versions / f"{name}.py").unlink()
    repo.write(s1=table("s1", None), c3=table("c3", "s1"))
    assert found() == [f"MG110 s1.py:{REVISION}"]


def test_a_revision_with_another_id(repo: Repo, found: Found) -> None:
    repo.write(c3=table("c4", "b2"))
    assert found() == [f"MG110 c3.py:{REVISION}"]


def test_every_script_is_deleted(repo: Repo, capsys: Capture) -> None:
    for name in ("a1", "b2", "c3"):
        (repo.versions / f"{name}.py").unlink()
    assert run(["check", "--isolated", "--since", "main", "--output-format", "concise"]) == 1
    assert "MG110" in capsys.readouterr().out


def test_what_the_base_has_deleted_itself(repo: Repo, found: Found) -> None:
    repo.git("checkout", "--quiet", "main")
    (repo.versions / "c3.py").unlink()
    repo.commit()
    repo.git("checkout", "--quiet", "topic")
    assert found() == []
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert found() == []


def test_a_parent_that_the_base_has_deleted_meanwhile(repo: Repo, report: Reported) -> None:
    repo.commit(d4=table("d4", "c3"))
    repo.git("checkout", "--quiet", "main")
    (repo.versions / "c3.py").unlink()
    repo.commit()
    repo.git("checkout", "--quiet", "topic")
    (finding,) = report()
    assert (finding["code"], finding["path"].rpartition("/")[2], finding["line"]) == ("MG102", "d4.py", DOWN)
    assert "which main has deleted meanwhile" in finding["message"]
    assert finding["help"] == 'Take main in, and write down_revision = "b2" there.'
    repo.git("merge", "--quiet", "--no-edit", "main")
    repo.write(d4=table("d4", "b2"))
    assert report() == []


def test_formats_show_a_deleted_script(repo: Repo, capsys: Capture) -> None:
    (repo.versions / "c3.py").unlink()
    assert run(["check", "--isolated", "--select", GRAPH, "--since", "main"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("alembic/versions/c3.py:1:1 error MG110 merged-revision-deleted\n  = ")
    assert "  = help: Bring it back with git checkout main -- alembic/versions/c3.py" in out


# Where the scripts lie


def test_several_environments_with_the_same_ids(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = made(tmp_path / "mono", "shop")
    stock = Repo(shop.root, "stock")
    stock.commit(a1=A1, b2=B2, c3=C3)
    shop.git("branch", "--force", "main")
    monkeypatch.chdir(shop.root)
    (stock.versions / "c3.py").unlink()
    shop.write(d4=table("d4", "c3"))
    assert found("main", "shop") == []
    assert found("main", "stock") == ["MG110 c3.py:1"]
    assert found("main", "shop", "stock") == ["MG110 c3.py:1"]
    shop.git("checkout", "--quiet", "main", "--", "stock/alembic/versions/c3.py")
    shop.git("stash", "--include-untracked")
    on_main(stock, d4=table("d4", "c3"))
    shop.git("stash", "pop")
    stock.write(e4=table("e4", "c3"))
    assert found("main", "shop") == []
    assert found("main", "stock") == [f"MG101 e4.py:{REVISION}"]


def test_a_new_environment_beside_the_old_one(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = made(tmp_path / "mono", "shop")
    Repo(shop.root, "stock").commit(a1=A1, b2=B2, x3=table("x3", "b2"))
    monkeypatch.chdir(shop.root)
    assert found("main", "shop", "stock") == []


@pytest.mark.parametrize("folder", ["db", "ein ordner/mit größe", os.fsdecode(b"caf\xe9")])
def test_a_moved_environment(repo: Repo, found: Found, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo.root / folder).mkdir(parents=True)
    for name in ("alembic", "alembic.ini"):
        (repo.root / name).rename(repo.root / folder / name)
    moved = Repo(repo.root, folder)
    assert found("main", folder) == []
    moved.commit(d4=table("d4", "c3"))
    assert found("main", folder) == []
    (moved.versions / "b2.py").unlink()
    moved.write(c3=C3.replace("Integer", "BigInteger"))
    assert found("main", folder) == [f"MG110 c3.py:{DOWN}", f"MG109 c3.py:{UPGRADE}"]
    repo.git("checkout", "--quiet", "--", ".")
    on_main(repo, x4=table("x4", "c3"))
    assert found("main", folder) == [f"MG101 d4.py:{REVISION}"]


def test_an_environment_that_the_base_has_moved(repo: Repo, found: Found) -> None:
    repo.git("checkout", "--quiet", "main")
    (repo.root / "db").mkdir()
    for name in ("alembic", "alembic.ini"):
        (repo.root / name).rename(repo.root / "db" / name)
    Repo(repo.root, "db").commit(x4=table("x4", "c3"))
    repo.git("checkout", "--quiet", "topic")
    repo.write(d4=table("d4", "c3"))
    assert found() == [f"MG101 d4.py:{REVISION}"]


def test_names_that_are_no_text_and_names_with_spaces(repo: Repo, found: Found, report: Reported) -> None:
    for name in (b"caf\xe9.py", b"mit leer zeichen.py", "größe.py".encode()):
        path = repo.versions / os.fsdecode(name)
        (repo.versions / "c3.py").rename(path)
        repo.commit()
        assert found() == []
        assert found("topic") == []
        path.write_text(C3.replace("Integer", "BigInteger"), encoding="utf-8")
        (finding,) = report("topic")
        assert finding["code"] == "MG109"
        assert f"-- {shlex.quote(finding['path'])}, " in finding["help"]
        path.write_text(C3, encoding="utf-8")
        path.rename(repo.versions / "c3.py")


def test_several_version_locations(repo: Repo, found: Found) -> None:
    more = repo.project / "more"
    more.mkdir()
    text = INI.format(url="postgresql://localhost/app")
    locations = "version_locations = %(here)s/alembic/versions:%(here)s/more\nversion_path_separator = :\n"
    (repo.project / "alembic.ini").write_text(text + locations, encoding="utf-8")
    (repo.versions / "c3.py").rename(more / "c3.py")
    assert found() == []
    (more / "c3.py").unlink()
    assert found() == ["MG110 c3.py:1"]


def test_a_link_to_a_script(repo: Repo, found: Found) -> None:
    (repo.root / "elsewhere.py").write_text(C3, encoding="utf-8")
    (repo.versions / "c3.py").unlink()
    (repo.versions / "c3.py").symlink_to("../../elsewhere.py")
    repo.commit()
    assert found("topic") == []


# Where git is asked


def test_in_a_hook(repo: Repo, found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_PREFIX", "alembic/")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path))
    repo.write(c3=C3.replace("Integer", "BigInteger"))
    assert found() == [f"MG109 c3.py:{UPGRADE}"]


def test_in_a_worktree_and_detached(repo: Repo, found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    monkeypatch.chdir(tree.root)
    tree.commit(d4=table("d4", "c3"))
    (tree.versions / "b2.py").unlink()
    assert found() == [f"MG110 c3.py:{DOWN}"]


def test_in_a_submodule(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    library = made(tmp_path / "library")
    outer = Repo(tmp_path / "outer")
    outer.root.mkdir()
    outer.git("init", "--quiet")
    outer.git("submodule", "--quiet", "add", str(library.root), "lib")
    outer.git("commit", "--quiet", "--message", "a submodule")
    inner = Repo(outer.root / "lib")
    inner.write(c3=C3.replace("Integer", "BigInteger"))
    for place in (inner.root, outer.root):
        monkeypatch.chdir(place)
        assert found("origin/main", str(inner.root)) == [f"MG109 c3.py:{UPGRADE}"]


def test_every_spelling_of_a_commit(repo: Repo, report: Reported) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.git("tag", "--annotate", "--message", "v1", "v1")
    repo.commit(c3=C3.replace("Integer", "BigInteger"))
    for word in ("main", "v1", base, base[:12], "HEAD~1", "@~", "topic@{0}~1"):
        (finding,) = report(word)
        assert finding["message"].startswith(f'"c3" is on {word}, and')


def test_a_clone_knows_the_remote_branch(
    repo: Repo, tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clone(repo, tmp_path / "other", "--branch=topic")
    monkeypatch.chdir(other.root)
    other.commit(c3=C3.replace("Integer", "BigInteger"))
    assert found("origin/main") == [f"MG109 c3.py:{UPGRADE}"]


def test_crosswise_merges(repo: Repo, found: Found) -> None:
    repo.commit(d4=table("d4", "c3"))
    on_main(repo, x4=table("x4", "c3"))
    topic, main = repo.git("rev-parse", "topic"), repo.git("rev-parse", "main")
    repo.git("merge", "--quiet", "--no-edit", main)
    repo.commit(m5=script("m5", None).replace("down_revision = None", 'down_revision = ("d4", "x4")'))
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-edit", topic)
    repo.git("checkout", "--quiet", "topic")
    assert found() == []
    repo.write(d4=table("d4", "c3").replace("Integer", "BigInteger"))
    assert found() == [f"MG109 d4.py:{UPGRADE}"]


def test_a_repository_of_sha256(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    repo = Repo(root)
    repo.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    repo.commit(a1=A1, b2=B2, c3=C3)
    monkeypatch.chdir(root)
    assert found() == []
    repo.write(c3=C3.replace("Integer", "BigInteger"))
    assert found() == [f"MG109 c3.py:{UPGRADE}"]


def test_line_ends_that_git_converts(repo: Repo, found: Found) -> None:
    repo.git("config", "core.autocrlf", "true")
    for name in ("a1", "b2", "c3"):
        (repo.versions / f"{name}.py").unlink()
    repo.git("checkout", "--", ".")
    assert b"\r\n" in (repo.versions / "c3.py").read_bytes()
    assert found() == []


def test_git_is_asked_a_fixed_number_of_times(repo: Repo, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate_guard.reading import git

    asked: list[str] = []
    ask = git._git

    def counted(directory: Path, *arguments: str, given: bytes = b"") -> object:
        asked.append(arguments[0])
        return ask(directory, *arguments, given=given)

    monkeypatch.setattr(git, "_git", counted)
    names = [f"n{number:03}" for number in range(40)]
    repo.commit(**{name: table(name, down) for name, down in zip(names, ["c3", *names], strict=False)})
    on_main(repo, x4=table("x4", "c3"))
    assert found() == [f"MG101 n039.py:{REVISION}"]
    assert sorted(asked) == ["cat-file", "ls-tree", "ls-tree", *["merge-base"], *["rev-parse"] * 3]


# With files as arguments


def test_changed_files_of_a_hook(repo: Repo, found: Found) -> None:
    repo.write(d4=table("d4", "c3"), c3=C3.replace("Integer", "BigInteger"))
    new = str(repo.versions / "d4.py")
    assert found("main", new) == []
    assert found("main", new, str(repo.versions / "c3.py")) == [f"MG109 c3.py:{UPGRADE}"]


def test_nobody_can_name_a_deleted_file(repo: Repo, found: Found) -> None:
    (repo.versions / "c3.py").unlink()
    repo.write(d4=table("d4", "a1"))
    assert found("main", str(repo.versions / "d4.py")) == [
        f"MG101 b2.py:{REVISION}",
        "MG110 c3.py:1",
        f"MG101 d4.py:{REVISION}",
    ]


def test_comments_for_it_are_no_burden_without_git(repo: Repo, found: Found, capsys: Capture) -> None:
    comment = "  # migrate-guard: ignore[MG109] no database has run it"
    repo.commit(c3=C3.replace("Integer(), primary_key=True))", f"BigInteger(), primary_key=True)){comment}"))
    assert found() == []
    for since in ([], ["--since", "b2"], ["--since", "main"], ["--since", "topic"]):
        assert run(["check", "--isolated", "--select", "MG003,MG109", *since]) == 0
        assert "no findings" in capsys.readouterr().out


# What Alembic does


ENV = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize(
    ("scripts", "happens"),
    [
        ({"r1": table("r1", "b2"), "c3": table("c3", "r1")}, "skipped"),
        ({"r1": table("r1", None), "c3": C3.replace("depends_on = None", 'depends_on = "r1"')}, "skipped"),
        ({"c3": table("c3", "a1")}, "table t_b2 already exists"),
        ({"c3": table("c4", "b2")}, "Can't locate revision identified by 'c3'"),
    ],
    ids=["inserted", "a dependency", "cut loose", "another id"],
)
def test_a_database_past_the_base(
    repo: Repo, found: Found, tmp_path: Path, scripts: dict[str, str], happens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Scripts are rewritten faster than compiled ones become stale.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    config = Config()
    config.set_main_option("script_location", str(repo.project / "alembic"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{tmp_path / 'app.db'}")
    (repo.project / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    command.upgrade(config, "head")
    repo.write(**scripts)
    (repo.project / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    assert {"MG108", "MG110"} & {each.partition(" ")[0] for each in found()}
    if happens == "skipped":
        command.upgrade(config, "heads")
        with sqlite3.connect(tmp_path / "app.db") as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        connection.close()
        assert "t_r1" not in tables
    else:
        with pytest.raises((CommandError, OperationalError), match=happens):
            command.upgrade(config, "heads")
