"""The modules of the project that env.py imports, and what importing them does to SQLAlchemy for every script."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from migrate_guard.model.source import Source
from migrate_guard.reading.project import Project, ProjectModule, display_path, package_of
from migrate_guard.reading.script import UnreadableFile, parse, read_text

MAXIMUM_MODULES: Final = 400
"""Modules that are followed from env.py on; an application may have thousands."""


def type_hooks(env_path: Path, project: Project) -> Sequence[str]:
    """The dotted names of the functions with `@compiles` in the modules that env.py imports."""
    return [
        f"{name}.{each}"
        for name in _imported(env_path, project)
        if (module := project.module(name)) is not None
        for each, statements in module.bindings.items()
        if any(isinstance(statement, ast.FunctionDef) and _is_hook(statement) for statement in statements)
    ]


def _is_hook(node: ast.FunctionDef) -> bool:
    calls = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(
        (each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "")) == "compiles" for each in calls
    )


def listening(env_path: Path, project: Project, word: str) -> Iterator[tuple[ProjectModule, ast.stmt]]:
    """What the modules that env.py imports do with `sqlalchemy.event`, in those whose text has a word."""
    for name in _imported(env_path, project):
        path, module = project.path(name), project.module(name)
        if module is None or path is None or not path.is_file():
            continue
        try:
            source = Source(module.display, read_text(path, module.display))
            if word in source.text:
                yield from ((module, each) for each in parse(source).body if _listens(each))
        except UnreadableFile:
            continue


def _listens(node: ast.stmt) -> bool:
    if isinstance(node, ast.If | ast.Try):
        return any(map(_listens, (*node.body, *node.orelse)))
    called = node.value if isinstance(node, ast.Expr) else None
    calls = [called] if isinstance(called, ast.Call) else []
    if isinstance(node, ast.FunctionDef):
        calls += [each for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(
        (each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", ""))
        in ("listen", "listens_for")
        for each in calls
    )


def _imported(env_path: Path, project: Project) -> Iterator[str]:
    """The modules of the project that importing env.py imports, as far as import statements at their top say."""
    display = display_path(env_path, project.base)
    try:
        tree = parse(Source(display, read_text(env_path, display)))
    except UnreadableFile:
        return
    waiting = deque(_names(tree.body, package_of(env_path.parent, project.roots)))
    seen: set[str] = set()
    while waiting and len(seen) < MAXIMUM_MODULES:
        name = waiting.popleft()
        if name in seen:
            continue
        seen.add(name)
        module = project.module(name)
        if module is None:
            continue
        yield name
        statements = dict.fromkeys(each for every in module.bindings.values() for each in every)
        waiting.extend(_names(statements, module.package))


def _names(statements: Iterable[ast.stmt], package: str) -> Iterator[str]:
    """The modules that statements may import: `from a import b` imports `a`, and `a.b` if that is a module."""
    for node in statements:
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            names = [base, *(f"{base}.{each.name}" for each in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: at + 1]) for at in range(len(parts)))
