"""What a branch has changed in upgrades of its base: both versions interpreted, and where the code is not the same.

Code is compared where operations do not tell everything. What does not change what a script does is free: comments,
layout, docstrings, type annotations, the names of variables, arguments and local functions, imports, the variables of
the head and everything about the downgrade.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Final

from msgspec import Struct, field

from migrate_guard.model.base import Edit
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.interpreter import interpret
from migrate_guard.reading.parting import Parting
from migrate_guard.reading.project import Project, display_path
from migrate_guard.reading.script import Script
from migrate_guard.reading.spans import span_of

_HEAD: Final = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


class Comparison:
    """Compares the upgrades of one history with what they were on the merge base."""

    def __init__(self, parting: Parting, project: Project, target: Target) -> None:
        self._parting, self._project, self._target = parting, project, target
        self._before = project.of(parting.files)

    def edit(self, revision: Revision, script: Script, now: Run, engine_name: str | None) -> Edit | None:
        """Interpret an upgrade as it was, from the same schema on; None where nothing it consists of has changed.

        `now` is what it does here.
        """
        helpers = [
            display_path(each, self._project.base)
            for each in sorted(now.files)
            if self._parting.files.has_changed(each)
        ]
        before = self._parting.scripts.get(revision.id, script)
        if before is script and not helpers:
            return None
        then = interpret(before, "upgrade", now.before, self._target, self._before, engine_name)
        changed = (*([] if before is script else [revision.path]), *helpers)
        return Edit(revision, now, then, changed, rewritten_statement(before, script))


def rewritten_downgrades(parting: Parting, scripts: Mapping[str, Script]) -> frozenset[str]:
    """The paths of the scripts, by revision, whose downgrade the branch writes otherwise than the merge base."""
    return frozenset(
        now.revision.path
        for name, before in parting.scripts.items()
        if (now := scripts.get(name)) is not None and rewritten_statement(before, now, "downgrade")
    )


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
            return span_of(here, place.path)
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


class _Spelling(Struct):
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
