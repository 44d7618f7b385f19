"""Where classes and their attributes are declared, by the syntax trees of their files."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ..paths import is_installed
from .places import Place, place_of


class Declarations:
    """Reads each file once."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[ast.ClassDef]]] = {}

    def of_class(self, cls: type, table: object) -> Place | None:
        """The line of a class that is mapped to a table."""
        made = place_of(table)
        for file in _files(cls, made):
            found = self._class(file, cls, made)
            if found is not None:
                return Place(file, found.lineno)
        return made

    def of_attribute(self, cls: type, name: str, table: object) -> Place | None:
        """The line that declares an attribute: that of the class or of the first it inherits it from."""
        made = place_of(table)
        for each in cls.__mro__:
            for file in _files(each, made if each is cls else None):
                found = self._class(file, each, made if each is cls else None)
                line = _line(found.body, name) if found is not None else 0
                if line:
                    return Place(file, line) if not is_installed(file) or _is_installed(cls) else None
        return None

    def _class(self, file: str, cls: type, made: Place | None) -> ast.ClassDef | None:
        """The statement of a class; of several with its name the one that made the table, else the last."""
        if file not in self._files:
            self._files[file] = _classes(file)
        found = self._files[file].get(cls.__qualname__, [])
        for each in found:
            first = min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
            if made is not None and made.file == file and first <= made.line <= each.lineno:
                return each
        return found[-1] if found else None


def _files(cls: type, made: Place | None) -> Iterator[str]:
    """The file of the module of a class; of one that is no module any more, as env.py, where the table was made."""
    file = _file(cls)
    if file:
        yield file
    if made is not None and made.file != file:
        yield made.file


def _file(cls: type) -> str:
    found: Any = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return found if isinstance(found, str) and found.endswith(".py") else ""


def _is_installed(cls: type) -> bool:
    return is_installed(_file(cls))


def _classes(file: str) -> dict[str, list[ast.ClassDef]]:
    found: dict[str, list[ast.ClassDef]] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.ClassDef):
                found.setdefault(prefix + each.name, []).append(each)
                visit(each, f"{prefix}{each.name}.")
            elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                visit(each, f"{prefix}{each.name}.<locals>.")
            elif isinstance(each, (ast.stmt, ast.ExceptHandler)):
                visit(each, prefix)

    try:
        with open(file, "rb") as opened:
            tree = ast.parse(opened.read())
    except (OSError, SyntaxError, ValueError):
        return found
    visit(tree, "")
    return found


def _line(body: Sequence[ast.stmt], name: str) -> int:
    """The line at which a body last binds or annotates a name, 0 where it does not."""
    line = 0
    for each in body:
        if isinstance(each, (ast.If, ast.Try, ast.With, ast.For)):
            parts = [part for field in ("body", "orelse", "finalbody") for part in getattr(each, field, [])]
            line = _line(parts, name) or line
        elif name in _bound(each):
            line = each.lineno
    return line


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement of a class body binds or annotates."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [name for target in statement.targets for name in _names(target)]
    return _names(statement.target) if isinstance(statement, ast.AnnAssign) else []


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for each in target.elts for name in _names(each)]
    return [target.id] if isinstance(target, ast.Name) else []
