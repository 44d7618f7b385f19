"""Whole projects with the findings they are to give, in `expected.toml` beside each."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.checking import check

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROJECTS = sorted(path.parent for path in FIXTURES.glob("*/expected.toml"))


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    expectation = tomllib.loads((project / "expected.toml").read_text(encoding="utf-8"))
    wanted = expectation.get("finding", [])
    report = check(project)
    found = sorted((each.span.path, each.span.line, each.code) for each in report.findings)
    said = "\n".join(f"{each.span}: {each.code} {each.object}: {each.message}" for each in report.findings)
    assert found == sorted((each["path"], each["line"], each["code"]) for each in wanted), said
    objects = {(each.span.path, each.span.line, each.code): each.object for each in report.findings}
    for each in wanted:
        if "object" in each:
            same = [
                one.object
                for one in report.findings
                if (one.span.path, one.span.line, one.code) == (each["path"], each["line"], each["code"])
            ]
            assert each["object"] in same, objects


def test_there_are_projects() -> None:
    assert {"shop", "linear", "branched", "multi_head", "batch", "async_env", "careful", "deploys"} <= {
        each.name for each in PROJECTS
    }
    assert {"flask_migrate", "garden", "multidb", "pyproject", "sqlmodel"} <= {each.name for each in PROJECTS}
