"""Where the upgrade of a script has been rewritten: two versions in, the first statement that differs out.

What does not change what a script does is not compared: comments, layout, docstrings, type annotations, the names of
variables, arguments and local functions, imports, the variables of the head and everything about the downgrade.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from migrate_guard.model.source import Span
from migrate_guard.reading.script import Script

_HEAD: Final = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


def rewritten_statement(before: Script, now: Script, direction: str = "upgrade") -> Span | None:
    """The first statement of `now`, outside the other direction, that `before` does not have; None if all agree.

    Where `now` has only lost statements it is the one after them, or the head of the function.
    """
    old, new = _Spelling(_bound(before.tree)), _Spelling(_bound(now.tree))
    place = now.revision.upgrade or now.revision.span
    for then, here in zip_longest(_statements(before, direction), _statements(now, direction)):
        if here is None:
            return place
        if then is None or old.of(then) != new.of(here):
            return Span(
                place.path,
                here.lineno,
                here.col_offset + 1,
                here.end_lineno or here.lineno,
                (here.end_col_offset or here.col_offset) + 1,
            )
    return None


def _statements(script: Script, direction: str) -> Iterator[ast.stmt]:
    """The statements of a module, those of the upgrade in the place of the function."""
    other = "downgrade" if direction == "upgrade" else "upgrade"
    for node in script.tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith(other):
                continue
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith(direction):
                yield from _without_docstring(node.body)
            case ast.Import() | ast.ImportFrom():
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name in _HEAD:
                continue
            case _:
                yield node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body without texts that stand alone, and without a `pass` that says nothing."""
    return [
        each
        for each in body
        if not isinstance(each, ast.Pass) and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]


@dataclass(slots=True)
class _Spelling:
    """Spells statements so that those that do the same agree."""

    bound: frozenset[str]
    """Names that the script gives: they are numbered in the order of their first use."""
    names: dict[str, str] = field(default_factory=dict)

    def of(self, node: object) -> object:
        """The spelling of a part of the tree."""
        match node:
            case ast.AnnAssign(target=target, value=value):
                return ("Assign", self.of(value), self.of(target)) if value else None
            case ast.Assign(targets=[target], value=value):
                return "Assign", self.of(value), self.of(target)
            case ast.Name(id=name):
                return "Name", self._name(name)
            case ast.arg(arg=name):
                return "Name", self._name(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                body = [self.of(each) for each in _without_docstring(node.body)]
                decorators = [self.of(each) for each in node.decorator_list]
                return type(node).__name__, self._name(node.name), decorators, self.of(node.args), body
            case ast.ClassDef():
                bases = [self.of(each) for each in (*node.bases, *node.keywords, *node.decorator_list)]
                return (
                    "ClassDef",
                    self._name(node.name),
                    bases,
                    [self.of(each) for each in _without_docstring(node.body)],
                )
            case ast.Constant(value=value):
                return type(value).__name__, repr(value)
            case ast.AST():
                parts = [self.of(value) for name, value in ast.iter_fields(node) if name not in _UNSAID]
                return (type(node).__name__, *parts)
            case list():
                return [self.of(each) for each in node]
        return node

    def _name(self, name: str) -> str:
        return self.names.setdefault(name, f"name {len(self.names)}") if name in self.bound else name


def _bound(tree: ast.Module) -> frozenset[str]:
    """The names that a script gives to values, arguments and functions; what it imports has names of its own."""
    found = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
    return frozenset(found)


_UNSAID: Final = frozenset({"annotation", "returns", "type_comment", "type_params", "ctx", "kind"})
