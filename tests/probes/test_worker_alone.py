"""The worker runs with another Python than ours: its syntax is that of 3.9, and it imports nothing of migrate_guard."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import migrate_guard.probes.worker

FOLDER = Path(migrate_guard.probes.worker.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_it_is_python_39(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Match), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = {each.arg for each in node.keywords}
            assert not (node.func.id == "zip" and "strict" in given), node.lineno
            assert not (node.func.id == "dataclass" and given & {"slots", "kw_only"}), node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_it_imports_itself_only_relatively(path: Path) -> None:
    depth = len(path.relative_to(FOLDER).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f"line {node.lineno} leaves the package"
            assert node.level or not (node.module or "").startswith("migrate_guard"), node.lineno
        if isinstance(node, ast.Import):
            assert not any(each.name.startswith("migrate_guard") for each in node.names), node.lineno
