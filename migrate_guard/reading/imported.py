"""The modules of the project that env.py imports, and what importing them does to SQLAlchemy for every script."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Source
from migrate_guard.reading.project import Project, ProjectModule, display_path, package_of
from migrate_guard.reading.script import UnreadableFile, parse, read_text

MAXIMUM_MODULES: Final = 400
"""Modules that are followed from env.py on; an application may have thousands."""
MAXIMUM_HEARD: Final = 100
"""Modules that are looked through for listeners, the nearest to env.py first: they stand by engines and models."""


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


def listening(env_path: Path, project: Project, *words: str) -> Iterator[tuple[ProjectModule, ast.stmt]]:
    """What the modules that env.py imports do with `sqlalchemy.event`, in those whose text has some words in any case.

    Only those are parsed: an application has many.
    """
    waiting = deque([("", env_path)])
    seen: set[Path] = set()
    while waiting and len(seen) < MAXIMUM_HEARD:
        name, path = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        display = display_path(path, project.base)
        try:
            text = read_text(path, display)
        except UnreadableFile:
            continue
        if name and all(each in text.lower() for each in words) and (module := project.module(name)) is not None:
            try:
                yield from ((module, each) for each in parse(Source(display, text)).body if _listens(each))
            except UnreadableFile:
                continue
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for each in _imported_by(text, package or package_of(path.parent, project.roots), project):
            found = project.path(each)
            if found is not None and found.name.endswith(".py") and found not in seen:
                waiting.append((each, found))


_IMPORT: Final = lazily(
    r"""^[ \t]{0,4}(?:from[ \t]+(?P<base>[.\w]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*)
    |import[ \t]+(?P<modules>[^\n]*))""",
    re.MULTILINE | re.VERBOSE,
)
"""An import at the top of a module, or in the branch of an `if` there."""


def _imported_by(text: str, package: str, project: Project) -> Iterator[str]:
    """The modules of the project that a text may import, without a parser: what only looks like one costs a look."""
    for found in _IMPORT.finditer(text):
        if found["modules"] is not None:
            for each in found["modules"].partition("#")[0].split(","):
                yield from _of_project(each.split()[0] if each.strip() else "", project)
            continue
        dots = len(found["base"]) - len(found["base"].lstrip("."))
        parts = package.split(".")[: len(package.split(".")) - dots + 1] if dots else []
        base = ".".join(each for each in (*parts, found["base"].lstrip(".")) if each)
        yield from _of_project(base, project)
        path = project.path(base) if base else None
        if path is not None and (path.name == "__init__.py" or path.suffix != ".py"):
            for each in re.findall(r"(?:^|[(,])\s*(\w+)", re.sub(r"#[^\n]*", "", found["names"])):
                yield f"{base}.{each}"


def _of_project(name: str, project: Project) -> Iterator[str]:
    """A module with the packages that it lies in; nothing where the first of them is not there."""
    parts = name.split(".")
    for at in range(len(parts)):
        part = ".".join(parts[: at + 1])
        if not part or project.path(part) is None:
            return
        yield part


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
