"""The setting `start-after`: older history is replayed and not reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.repositories import price

Capture = pytest.CaptureFixture[str]

OLD = {"a1.py": price("a1", None), "b2.py": price("b2", "a1")}


def configure(root: Path, value: str) -> None:
    (root / "migrate-guard.toml").write_text(f"start-after{value}\n", encoding="utf-8")


def check(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["check", "--output-format", "json", *arguments]) in (0, 1)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def revisions(report: dict[str, Any]) -> list[str]:
    return [each["revision"] for each in report["findings"]]


def refused(capsys: Capture, *arguments: str) -> str:
    capsys.readouterr()
    assert run(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


FLOATS = ("--select", "float-money")


def test_older_history_is_counted_and_not_reported(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({**OLD, "c3.py": price("c3", "b2")})
    before = check(capsys)
    configure(root, ' = "b2"')
    after = check(capsys)
    assert set(revisions(before)) == {"a1", "b2", "c3"}
    assert set(revisions(after)) == {"c3"}
    assert len(after["findings"]) + after["hidden"]["start-after"] == len(before["findings"])
    assert after["hidden"] == {
        "suppressed": 0,
        "baseline": 0,
        "diff": 0,
        "start-after": len(before["findings"]) * 2 // 3,
    }
    assert after["revisions"] == 3
    run(["check", *FLOATS])
    assert "hidden: 2 before start-after" in capsys.readouterr().out


def test_older_history_is_replayed(make_project: MakeProject, capsys: Capture) -> None:
    index = script("b2", "a1", 'op.create_index("ix", "t_a1", ["price"])', 'op.drop_index("ix", table_name="t_a1")')
    drop = script("c3", "b2", 'op.drop_column("t_a1", "cost")', 'op.add_column("t_a1", sa.Column("cost", sa.Text()))')
    root = make_project({"a1.py": price("a1", None), "b2.py": index, "c3.py": drop})
    configure(root, ' = "a1"')
    report = check(capsys)
    assert [(each["code"], each["revision"]) for each in report["findings"] if each["severity"] == "error"] == [
        ("MG301", "b2"),
        ("MG120", "c3"),
    ]


def test_what_the_range_creates_is_new(make_project: MakeProject, capsys: Capture) -> None:
    index = 'op.create_index("ix", "{0}", ["price"])', 'op.drop_index("ix", table_name="{0}")'
    new, old = ([each.format(table) for each in index] for table in ("t_c3", "t_a1"))
    root = make_project(
        {**OLD, "c3.py": price("c3", "b2"), "d4.py": script("d4", "c3", *new), "e5.py": script("e5", "d4", *old)}
    )
    assert revisions(check(capsys, "--select", "MG301")) == ["d4", "e5"]
    configure(root, ' = "b2"')
    assert revisions(check(capsys, "--select", "MG301")) == ["e5"]
    # Released since: what c3 has created is in use.
    configure(root, ' = "c3"')
    assert revisions(check(capsys, "--select", "MG301")) == ["d4", "e5"]
    configure(root, ' = "b2"')
    assert revisions(check(capsys, "--select", "MG301", "--since", "c3")) == ["d4", "e5"]


def test_what_the_range_adds_is_new(make_project: MakeProject, capsys: Capture) -> None:
    add = 'op.add_column("t_a1", sa.Column("note", sa.Text()))'
    drop = 'op.drop_column("t_a1", "note")'
    root = make_project({**OLD, "c3.py": script("c3", "b2", add, drop), "d4.py": script("d4", "c3", drop, add)})
    assert revisions(check(capsys, "--select", "MG402")) == ["d4"]
    configure(root, ' = "b2"')
    assert revisions(check(capsys, "--select", "MG402")) == []
    configure(root, ' = "c3"')
    assert revisions(check(capsys, "--select", "MG402")) == ["d4"]


def test_each_revision_is_a_deploy_of_its_own(make_project: MakeProject, capsys: Capture) -> None:
    add = script("c3", "b2", 'op.add_column("t_a1", sa.Column("x", sa.Text()))')
    index = script("d4", "c3", 'op.create_index("ix", "t_b2", ["price"])')
    root = make_project({**OLD, "c3.py": add, "d4.py": index})
    held = ("--select", "MG316,MG326")
    assert revisions(check(capsys, *held, "--since", "b2")) != []
    configure(root, ' = "b2"')
    assert revisions(check(capsys, *held)) == []


@pytest.mark.parametrize(
    ("start", "reported"),
    [("a1", ["b2", "c3", "d4"]), ("b2", ["c3", "d4"]), ("c3", ["b2"]), ("d4", []), ('b2", "c3', ["d4"])],
)
def test_branches(make_project: MakeProject, capsys: Capture, start: str, reported: list[str]) -> None:
    merge = price("d4", None).replace("down_revision = None", 'down_revision = ("b2", "c3")')
    root = make_project({**OLD, "c3.py": price("c3", "a1"), "d4.py": merge})
    configure(root, f' = ["{start}"]')
    if start == "c3":
        (root / "alembic" / "versions" / "d4.py").unlink()
    assert revisions(check(capsys, *FLOATS)) == reported


def test_findings_about_the_graph_and_of_files_that_are_no_revisions(
    make_project: MakeProject, capsys: Capture
) -> None:
    root = make_project({**OLD, "c3.py": price("c3", "a1"), "helper.py": "x = 1\n", "broken.py": "x =\n"})
    configure(root, ' = ["b2", "c3"]')
    report = check(capsys, "--select", "MG1,MG0")
    assert [each["code"] for each in report["findings"]] == ["MG001", "MG111"]
    assert report["hidden"]["start-after"] == 2
    (root / "alembic" / "versions" / "d4.py").write_text(price("d4", "a1"), encoding="utf-8")
    assert [each["code"] for each in check(capsys, "--select", "MG101")["findings"]] == ["MG101"] * 3


def test_what_is_said_once_is_said_of_the_first_that_is_reported(make_project: MakeProject, capsys: Capture) -> None:
    adds = {
        f"{new}.py": script(new, old, f'op.add_column("orders", sa.Column("{new}", sa.Text()))')
        for new, old in (("a1", None), ("b2", "a1"), ("c3", "b2"))
    }
    root = make_project(adds)
    assert revisions(check(capsys, "--select", "MG314")) == ["a1"]
    configure(root, ' = "b2"')
    assert revisions(check(capsys, "--select", "MG314")) == ["c3"]


def test_comments_of_older_scripts_are_not_judged(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project(
        {"a1.py": "# migrate-guard: ignore[MG301] nothing\n" + price("a1", None), "b2.py": OLD["b2.py"]}
    )
    assert revisions(check(capsys, "--select", "MG003,MG301")) == ["a1"]
    configure(root, ' = "a1"')
    assert revisions(check(capsys, "--select", "MG003,MG301")) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (' = "b2x"', 'start-after: there is no revision "b2x"; did you mean "b2"?'),
        (' = "b"', 'start-after: there is no revision "b"; did you mean "b2"?'),
        (' = ["a1", "zzzz"]', 'start-after: there is no revision "zzzz"'),
        (' = "head"', 'start-after: there is no revision "head"'),
        (" = 12", "start-after: expected the id of a revision, or a list of ids, got 12"),
        (" = []", "start-after: expected the id of a revision, or a list of ids, got []"),
        ('."alembic" = "b2x"', 'start-after."alembic": there is no revision "b2x"; did you mean "b2"?'),
        ('."alembic" = [1]', 'start-after."alembic": expected the id of a revision, or a list of ids, got [1]'),
    ],
)
def test_mistakes(make_project: MakeProject, capsys: Capture, value: str, says: str) -> None:
    root = make_project(OLD)
    configure(root, value)
    assert refused(capsys) == f"error: {root / 'migrate-guard.toml'}:1: {says}\n"


def test_several_environments(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project(OLD)
    other = root / "billing" / "alembic"
    (other / "versions").mkdir(parents=True)
    (root / "billing" / "alembic.ini").write_text((root / "alembic.ini").read_text("utf-8"), encoding="utf-8")
    (other / "env.py").write_text("from alembic import context\n", encoding="utf-8")
    for name, text in {"a1.py": price("a1", None), "x7.py": price("x7", "a1")}.items():
        (other / "versions" / name).write_text(text, encoding="utf-8")
    both = ("alembic.ini", "billing", *FLOATS)
    configure(root, ' = ["b2", "x7"]')
    assert revisions(check(capsys, *both)) == []
    configure(root, ' = "b2"')
    assert revisions(check(capsys, *both)) == ["a1", "x7"], "the setting says nothing of the other one"
    assert 'there is no revision "b2"' in refused(capsys, "billing", *FLOATS)
    configure(root, '."billing/alembic" = "a1"')
    assert revisions(check(capsys, *both)) == ["a1", "b2", "x7"]
    assert revisions(check(capsys, "billing", *FLOATS)) == ["x7"]
    configure(root, '."billing/alembic" = "b2"')
    assert 'start-after."billing/alembic": there is no revision "b2"' in refused(capsys, *both)
