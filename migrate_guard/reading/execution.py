"""Simple statements: assignments, imports, definitions of functions and classes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Any, ClassVar

from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.computing import is_answer, is_plain, known_items, texts
from migrate_guard.reading.connections import switch
from migrate_guard.reading.machine import Fails, OutOfBudget
from migrate_guard.reading.models import register
from migrate_guard.reading.project import Project
from migrate_guard.reading.spans import span_of
from migrate_guard.reading.statements import emit_changed_row
from migrate_guard.reading.values import (
    FIELD,
    Class,
    Connection,
    EnumMember,
    External,
    Function,
    Instance,
    MetaDataValue,
    Scope,
    Value,
)


class Flow(Enum):
    """How a block was left."""

    NEXT = auto()
    RETURN = auto()
    BREAK = auto()
    CONTINUE = auto()
    RAISE = auto()


class StatementExecutor(CallEvaluator):
    """Statements that hold no other statements."""

    EXECUTE: ClassVar[dict[type[ast.stmt], Callable[[Any, Any, Scope], Flow]]]

    def __init__(self, target: Target, project: Project, schema: Schema, path: str, fails: Fails | None = None) -> None:
        super().__init__(target, project, schema, path)
        self.fails = fails
        self.returned: list[Value] = []
        self.raised_at: Span | None = None
        self._sources: dict[int, str] = {}

    def execute_block(self, nodes: Iterable[ast.stmt], scope: Scope) -> Flow:
        for node in nodes:
            flow = self.execute(node, scope)
            if flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def execute(self, node: ast.stmt, scope: Scope) -> Flow:
        self.step()
        execute = self.EXECUTE.get(type(node))
        return execute(self, node, scope) if execute else Flow.NEXT

    def source(self, node: ast.expr) -> str:
        """The text of an expression, as conditions and reasons quote it."""
        text = self._sources.get(id(node))
        if text is None:
            text = self._sources[id(node)] = _source(node)
        return text

    # -- simple statements

    def expression_statement(self, node: ast.Expr, scope: Scope) -> Flow:
        if not isinstance(node.value, ast.Constant):
            outer, self.statement = self.statement, node.value
            self.evaluate(node.value, scope)
            self.statement = outer
        return Flow.NEXT

    def assignment(self, node: ast.Assign, scope: Scope) -> Flow:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)
        return Flow.NEXT

    def annotated_assignment(self, node: ast.AnnAssign, scope: Scope) -> Flow:
        if scope.is_class and isinstance(node.target, ast.Name):
            scope.variables.setdefault(f"{FIELD}{node.target.id}", None)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, scope), scope)
        return Flow.NEXT

    def augmented_assignment(self, node: ast.AugAssign, scope: Scope) -> Flow:
        target = node.target
        loaded: ast.expr
        if isinstance(target, ast.Name):
            loaded = ast.Name(target.id, ast.Load())
        elif isinstance(target, ast.Attribute):
            loaded = ast.Attribute(target.value, target.attr, ast.Load())
        else:
            loaded = ast.Subscript(target.value, target.slice, ast.Load())
        ast.copy_location(loaded, target)
        left, right = self.evaluate(loaded, scope), self.evaluate(node.value, scope)
        if isinstance(left, list) and isinstance(node.op, ast.Add) and (items := known_items(right)) is not None:
            self.grow(left, items)
            return Flow.NEXT
        binary = ast.copy_location(ast.BinOp(loaded, node.op, node.value), node)
        self.assign(target, self.combine(binary, left, right), scope)
        return Flow.NEXT

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.elsewhere.get(name, scope).variables[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(elements, value, scope)
            case ast.Starred(value=inner):
                self.assign(inner, value, scope)
            case ast.Subscript(value=owner_node, slice=index_node):
                owner, index = self.evaluate(owner_node, scope), self.evaluate(index_node, scope)
                if isinstance(owner, dict | list):
                    try:
                        if isinstance(index, slice):
                            self.step(len(owner))
                        if not isinstance(index, tuple) or is_plain(index):
                            owner[index] = value
                    except (TypeError, ValueError, IndexError):
                        return
                    self.grow(owner if isinstance(owner, list) else [], ())
            case ast.Attribute(value=owner_node, attr=name):
                owner = self.evaluate(owner_node, scope)
                if isinstance(owner, Instance):
                    owner.attributes[name] = value
                elif isinstance(owner, Class):
                    owner.scope.variables[name] = value
                elif isinstance(owner, MetaDataValue) and name == "naming_convention":
                    owner.naming_convention = texts(value)
                elif isinstance(owner, Connection) and name == "autocommit" and isinstance(value, bool):
                    switch(self, owner, is_autocommit=value)
                elif isinstance(owner, External):
                    self.assigned[f"{owner.path}.{name}"] = value
                elif isinstance(owner, Unknown) and owner.table is not None:
                    emit_changed_row(self, owner.table, name, value, self.span(target))

    def _unpack(self, targets: Sequence[ast.expr], value: Value, scope: Scope) -> None:
        items = known_items(value)
        starred = next((at for at, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
        if items is None or (starred is None and len(items) != len(targets)) or len(items) < len(targets) - 1:
            reason = value if isinstance(value, Unknown) else Unknown("it is unpacked", is_answer=is_answer(value))
            for target in targets:
                self.assign(target, reason, scope)
            return
        if starred is not None:
            tail = len(targets) - starred - 1
            middle = list(items[starred : len(items) - tail])
            items = [*items[:starred], middle, *items[len(items) - tail :]]
        for target, item in zip(targets, items, strict=True):
            self.assign(target, item, scope)

    def deletion(self, node: ast.Delete, scope: Scope) -> Flow:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.variables.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner, index = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
                if isinstance(owner, dict | list):
                    try:
                        del owner[index]
                    except (TypeError, LookupError):
                        continue
        return Flow.NEXT

    def return_statement(self, node: ast.Return, scope: Scope) -> Flow:
        self.returned.append(self.evaluate(node.value, scope) if node.value else None)
        return Flow.RETURN

    def raise_statement(self, node: ast.Raise, scope: Scope) -> Flow:
        self.raised_at = self.span(node)
        return Flow.RAISE

    def assert_statement(self, node: ast.Assert, scope: Scope) -> Flow:
        self.evaluate(node.test, scope)
        return Flow.NEXT

    def break_statement(self, node: ast.Break, scope: Scope) -> Flow:
        return Flow.BREAK

    def continue_statement(self, node: ast.Continue, scope: Scope) -> Flow:
        return Flow.CONTINUE

    def global_statement(self, node: ast.Global, scope: Scope) -> Flow:
        outermost = scope
        while outermost.parent is not None:
            outermost = outermost.parent
        scope.elsewhere.update(dict.fromkeys(node.names, outermost))
        return Flow.NEXT

    def nonlocal_statement(self, node: ast.Nonlocal, scope: Scope) -> Flow:
        for name in node.names:
            outer = scope.parent
            while outer is not None and (outer.is_class or name not in outer.variables):
                outer = outer.parent
            if outer is not None:
                scope.elsewhere[name] = outer
        return Flow.NEXT

    # -- definitions

    def function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Flow:
        function = self.make_function(node.name, node, scope)
        decorated: Value = function
        for decorator in reversed(node.decorator_list):
            name = decorator.id if isinstance(decorator, ast.Name) else getattr(decorator, "attr", "")
            if name in _KINDS:
                function.kind = _KINDS[name]
            elif not scope.is_class:
                decorated = self.decorated(decorator, decorated, scope)
        scope.variables[node.name] = decorated
        return Flow.NEXT

    def decorated(self, decorator: ast.expr, function: Value, scope: Scope) -> Value:
        """What a decorator of the project makes of a function; one of any other package leaves it as it is."""
        called = self.resolve(self.evaluate(decorator.func, scope)) if isinstance(decorator, ast.Call) else None
        if isinstance(decorator, ast.Call) and called == _COMPILES:
            self.compile_types(self.elements(decorator.args, scope), function)
            return function
        if isinstance(decorator, ast.Call) and not isinstance(called, Function):
            return function
        wrapper = self.resolve(self.evaluate(decorator, scope))
        made = self.call_function(wrapper, [function], {}, None) if isinstance(wrapper, Function) else None
        return made if isinstance(made, Function) else function

    def class_definition(self, node: ast.ClassDef, scope: Scope) -> Flow:
        bases = tuple(self.resolve(self.evaluate(base, scope)) for base in node.bases)
        inner = Scope(scope, is_class=True, path=scope.path, package=scope.package)
        made = Class(node.name, bases, inner, self.span(node))
        inner.owner = made
        if made.is_enum:
            is_string = any(isinstance(base, External) and base.path in _STRING_BASES for base in bases)
            self._enum_members(node, inner, is_string)
        else:
            self.execute_block(node.body, inner)
            register(made)
        scope.variables[node.name] = made
        return Flow.NEXT

    def _enum_members(self, node: ast.ClassDef, scope: Scope, is_string: bool) -> None:
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                if name.startswith("_"):
                    continue
                value = self.evaluate(statement.value, scope)
                if value == External("enum.auto") or (isinstance(value, Unknown) and "enum.auto" in value.reason):
                    value = name.lower() if is_string else len(scope.variables) + 1
                scope.variables[name] = EnumMember(node.name, name, value, is_string)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.execute(statement, scope)

    def import_statement(self, node: ast.Import, scope: Scope) -> Flow:
        for alias in node.names:
            if self.call_site is None:
                local = alias.asname or alias.name.partition(".")[0]
                self.imports[local] = span_of(alias, self.path)
                self.imported[local] = alias.name if alias.asname else local
            if alias.asname:
                scope.variables[alias.asname] = External(alias.name)
            else:
                top = alias.name.partition(".")[0]
                scope.variables[top] = External(top)
        return Flow.NEXT

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> Flow:
        module = node.module or ""
        if node.level:
            parts = _package(scope).split(".")
            kept = parts[: len(parts) - (node.level - 1)]
            module = ".".join([*kept, module] if module else kept)
        for alias in node.names:
            if self.call_site is None:
                local = alias.asname or alias.name
                self.imports[local], self.imported[local] = span_of(alias, self.path), f"{module}.{alias.name}"
            if alias.name != "*":
                scope.variables[alias.asname or alias.name] = External(f"{module}.{alias.name}")
            elif (found := self.project.module(module)) is not None:
                for name in found.bindings:
                    if not name.startswith("_"):
                        scope.variables[name] = External(f"{module}.{name}")
        return Flow.NEXT

    def lookup_outside(self, name: str, scope: Scope) -> Value:
        """A module-level name of another module, computed when first asked for."""
        module = self._modules_by_scope.get(id(scope))
        if module is None or name not in module.bindings:
            return None
        scope.variables[name] = Unknown(f"{name!r} is defined by itself")
        raised, origin = self.raised_at, self.origin
        self.origin = module.display
        try:
            with self.elsewhere(self.call_site or Span(module.display, 1, 1, 1, 2)), self.sharing():
                for statement in module.bindings[name]:
                    self.execute(statement, scope)
        except (OutOfBudget, RecursionError) as error:
            scope.variables[name] = Unknown(f"{name!r} of {module.name} takes too long to be computed: {error}")
        self.raised_at, self.origin = raised, origin
        return scope.variables.get(name)


_COMPILES = External("sqlalchemy.ext.compiler.compiles")
_KINDS = {
    "asynccontextmanager": "contextmanager",
    "cached_property": "property",
    "classmethod": "classmethod",
    "contextmanager": "contextmanager",
    "property": "property",
    "staticmethod": "staticmethod",
}
_STRING_BASES = frozenset({"builtins.str", "enum.StrEnum"})


def _source(node: ast.expr) -> str:
    """The text of a condition for a message, cut to a readable length."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "a deeply nested expression"
    return text if len(text) <= 80 else text[:77] + "..."


def enclosing(scope: Scope) -> Iterator[Scope]:
    """A scope and those around it, from the inside out."""
    current: Scope | None = scope
    while current is not None:
        yield current
        current = current.parent


def _package(scope: Scope) -> str:
    return next((each.package for each in enclosing(scope) if each.package), "")


StatementExecutor.EXECUTE = {
    ast.Expr: StatementExecutor.expression_statement,
    ast.Assign: StatementExecutor.assignment,
    ast.AnnAssign: StatementExecutor.annotated_assignment,
    ast.AugAssign: StatementExecutor.augmented_assignment,
    ast.Delete: StatementExecutor.deletion,
    ast.Return: StatementExecutor.return_statement,
    ast.Raise: StatementExecutor.raise_statement,
    ast.Assert: StatementExecutor.assert_statement,
    ast.Break: StatementExecutor.break_statement,
    ast.Continue: StatementExecutor.continue_statement,
    ast.Global: StatementExecutor.global_statement,
    ast.Nonlocal: StatementExecutor.nonlocal_statement,
    ast.FunctionDef: StatementExecutor.function_definition,
    ast.AsyncFunctionDef: StatementExecutor.function_definition,
    ast.ClassDef: StatementExecutor.class_definition,
    ast.Import: StatementExecutor.import_statement,
    ast.ImportFrom: StatementExecutor.import_from,
}
