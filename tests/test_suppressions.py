"""Ignore comments where people put them, and `check --add-ignore`, which puts them there."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[1]
FIXTURES = sorted(path.parent for path in (ROOT / "fixtures").glob("*/expected.toml"))


def check(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["check", "--isolated", "--output-format", "json", *arguments]) in (0, 1)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


INDEX = 'op.create_index("ix", "orders", ["a"])'
MARK = "# migrate-guard: ignore[MG301] small"
PLACES = {
    "on the line": f"{INDEX}  {MARK}",
    "by name": f"{INDEX}  # migrate-guard: ignore[index-blocks-writes] small",
    "beside another remark": f"{INDEX}  # noqa: E501  {MARK}",
    "alone above": f"{MARK}\n    {INDEX}",
    "on the first line of a call": f'op.create_index(  {MARK}\n        "ix", "orders", ["a"]\n    )',
    "on the last line of a call": f'op.create_index(\n        "ix", "orders", ["a"]\n    )  {MARK}',
    "alone inside a call": f'op.create_index(\n        {MARK}\n        "ix", "orders", ["a"]\n    )',
    "behind a backslash": f'op.create_index("ix", \\\n        "orders", ["a"])  {MARK}',
    "above a block": f'{MARK}\n    with op.batch_alter_table("orders") as b:\n        b.create_index("ix", ["a"])',
    "inside a batch block": f'with op.batch_alter_table("orders") as b:\n        b.create_index("ix", ["a"])  {MARK}',
    "behind SQL on several lines": f'op.execute("""\n        CREATE INDEX ix\n        ON orders (a)\n    """)  {MARK}',
    "above a loop": f'{MARK}\n    for name in ("a", "b"):\n        op.create_index(name, "orders", ["a"])',
    "for the file": f"{INDEX}\n    # migrate-guard: ignore-file[MG301] small",
}


@pytest.mark.parametrize("place", PLACES)
def test_places(make_project: MakeProject, capsys: Capture, place: str) -> None:
    make_project({"a.py": script("a1", None, PLACES[place], 'op.drop_index("ix")')})
    report = check(capsys, "--select", "MG301,MG003")
    assert [each["message"] for each in report["findings"]] == []
    assert report["hidden"]["suppressed"] >= 1


def test_above_a_function(make_project: MakeProject, capsys: Capture) -> None:
    text = script("a1", None, INDEX, 'op.drop_index("ix")')
    above = text.replace("def upgrade", "# migrate-guard: ignore[MG301] small\ndef upgrade")
    make_project({"a.py": above})
    assert check(capsys, "--select", "MG301,MG003")["findings"] == []


def test_on_the_line_of_downgrade_and_of_the_revision(make_project: MakeProject, capsys: Capture) -> None:
    mark = "  # migrate-guard: ignore[MG{}] agreed"
    text = script("b2", "a1", 'op.add_column("orders", sa.Column("a", sa.Text()))')
    text = text.replace("def downgrade():", f"def downgrade():{mark.format(202)}")
    heads = [text.replace('"b2"\n', f'"{each}"{mark.format(101)}\n') for each in ("b2", "c3")]
    make_project({"a.py": script("a1", None), "b.py": heads[0], "c.py": heads[1]})
    report = check(capsys, "--select", "MG202,MG101,MG003")
    assert [each["message"] for each in report["findings"]] == []
    assert report["hidden"]["suppressed"] == 4


def test_in_files_that_define_no_revision_or_one_once_more(make_project: MakeProject, capsys: Capture) -> None:
    make_project(
        {
            "a.py": script("a1", None),
            "b.py": script("a1", None).replace('"a1"\n', '"a1"  # migrate-guard: ignore[MG103] moved soon\n', 1),
            "helper.py": "# migrate-guard: ignore-file[MG111] never deployed\nx = 1\n",
        }
    )
    report = check(capsys, "--select", "MG103,MG111,MG003")
    assert [each["message"] for each in report["findings"]] == []
    assert report["hidden"]["suppressed"] == 2


def test_what_a_helper_does_is_said_of_its_call(make_project: MakeProject, capsys: Capture) -> None:
    call = script("a1", None, "helper.index()  # migrate-guard: ignore[MG301] small")
    root = make_project({"a.py": call.replace("import sqla", "import helper\nimport sqla")})
    body = 'from alembic import op\n\n\ndef index():\n    op.create_index("ix", "orders", ["a"])\n'
    (root / "helper.py").write_text(body, encoding="utf-8")
    report = check(capsys, "--select", "MG301,MG003")
    assert (report["findings"], report["hidden"]["suppressed"]) == ([], 1)


# check --add-ignore


@pytest.mark.parametrize("project", FIXTURES, ids=lambda path: path.name)
def test_after_adding_comments_nothing_is_left(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    root = tmp_path / project.name
    shutil.copytree(project, root)
    monkeypatch.chdir(root)
    before = check(capsys)
    codes = [each["code"] for each in before["findings"]]
    trees = {path: ast.dump(ast.parse(path.read_bytes())) for path in root.rglob("*.py")}
    assert run(["check", "--isolated", "--add-ignore"]) == 0
    out, err = capsys.readouterr()
    assert ("no comment can ignore" in err) == ("MG003" in err) == ("MG003" in codes)
    assert ("no comments are added" in out) == (not before["findings"])
    after = check(capsys, "--extend-select", "MG004")
    assert [each["code"] for each in after["findings"]] == [each for each in codes if each == "MG003"]
    hidden = after["hidden"]["suppressed"] - before["hidden"]["suppressed"]
    assert hidden == len(codes) - codes.count("MG003")
    assert trees == {path: ast.dump(ast.parse(path.read_bytes())) for path in root.rglob("*.py")}


def test_only_what_is_reported_gets_a_comment(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({"a.py": script("a1", None, f"{INDEX}\n    {INDEX}"), "b.py": script("b2", "a1", INDEX)})
    first, second = (root / "alembic" / "versions" / name for name in ("a.py", "b.py"))
    text = second.read_bytes()
    second.chmod(0o640)
    assert run(["check", "--isolated", "--select", "MG301", "--add-ignore", str(first)]) == 0
    said = 'replace "TODO: say why" by the reason in each'
    assert capsys.readouterr().out == f"2 comments added to 1 file; {said}\n"
    assert first.read_text(encoding="utf-8").count("ignore[MG301] TODO: say why") == 2
    assert second.read_bytes() == text
    assert run(["check", "--isolated", "--select", "MG301", "--add-ignore", "--since", "a1"]) == 0
    assert capsys.readouterr().out == f"1 comment added to 1 file; {said}\n"
    assert second.stat().st_mode & 0o777 == 0o640
    assert run(["check", "--isolated", "--select", "MG301", "--add-ignore"]) == 0
    assert capsys.readouterr().out == "no comments are added\n"


def test_what_no_comment_can_ignore_is_told(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({"a.py": script("a1", None, "pass  # migrate-guard: ignore[MG301] gone"), "b.py": "def f(:\n"})
    broken = root / "alembic" / "versions" / "b.py"
    assert run(["check", "--isolated", "--select", "MG0,MG301", "--ignore", "MG004", "--add-ignore"]) == 0
    out, err = capsys.readouterr()
    assert out == "no comments are added\n"
    assert err == (
        "warning: no comment can ignore 2 findings:\n"
        "  alembic/versions/a.py:13 MG003\n  alembic/versions/b.py:1 MG001\n"
    )
    assert broken.read_text(encoding="utf-8") == "def f(:\n"


def test_encodings_and_ends_of_lines_stay(make_project: MakeProject, capsys: Capture) -> None:
    versions = make_project({"a.py": script("a1", None)}) / "alembic" / "versions"
    text = "# coding: latin-1\n" + script("b2", "a1", f"{INDEX}\n    x = 'é'")
    (versions / "b.py").write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    marked = text.replace(INDEX, f"{INDEX}  # migrate-guard: ignore[MG301] TODO: say why").replace("\n", "\r\n")
    assert run(["check", "--isolated", "--select", "MG301", "--add-ignore"]) == 0
    assert (versions / "b.py").read_bytes() == marked.encode("latin-1")
    bom = b"\xef\xbb\xbf" + script("c3", "b2", INDEX).encode()
    (versions / "c.py").write_bytes(bom)
    assert run(["check", "--isolated", "--select", "MG301", "--add-ignore"]) == 0
    assert (versions / "c.py").read_bytes().startswith(b'\xef\xbb\xbf"""')
    assert check(capsys, "--select", "MG301,MG003")["findings"] == []
