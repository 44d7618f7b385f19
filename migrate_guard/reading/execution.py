"""Simple statements: assignments, imports, definitions of functions and classes, and calls of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, ClassVar

from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.calls import CallEvaluator, is_database
from migrate_guard.reading.computing import CONTAINERS, is_answer, is_plain, known_items, length, outside, texts
from migrate_guard.reading.connections import switch
from migrate_guard.reading.machine import MAXIMUM_COMPARED, MAXIMUM_DEPTH, MAXIMUM_RECURSION, Fails, OutOfBudget
from migrate_guard.reading.models import register
from migrate_guard.reading.project import Project
from migrate_guard.reading.spans import span_of
from migrate_guard.reading.statements import emit_changed_row
from migrate_guard.reading.values import (
    FIELD,
    Class,
    Connection,
    ContextManager,
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
    """Statements that hold no other statements, and calls of the project's own functions."""

    EXECUTE: ClassVar[dict[type[ast.stmt], Callable[[Any, Any, Scope], Flow]]]

    def __init__(self, target: Target, project: Project, schema: Schema, path: str, fails: Fails | None = None) -> None:
        super().__init__(target, project, schema, path)
        self.fails = fails
        self.returned: list[Value] = []
        self.raised_at: Span | None = None
        self.active: Counter[int] = Counter()
        """How often each function is on the way, by the identity of its node."""
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

    # -- calls of the project's own functions

    def call_function(
        self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.Call | None
    ) -> Value:
        self.step()
        if self.depth >= MAXIMUM_DEPTH or self.active[id(function.node)] >= MAXIMUM_RECURSION:
            return Unknown(f"{function.name}() calls itself, or calls are nested, more deeply than is followed")
        scope = self.bind_call(function, args, kwargs)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, scope)
        if function.kind == "contextmanager" and node is not None:
            return ContextManager(function, tuple(args), kwargs, node)
        path = _path(function.scope)
        if self.call_site is not None and path == self.path:
            with self.at_home():
                return self.run_body(function, scope)
        if node is None or self.call_site is not None or path == self.path:
            return self.run_body(function, scope)
        span, mark, raised = self.span(node), len(self.transitions), self.raised_at
        try:
            with self.elsewhere(span):
                value = self.run_body(function, scope)
            self.raised_at = raised
            if self.importing is None and (
                len(self.transitions) > mark or any(map(is_database, [*args, *kwargs.values()]))
            ):
                self.handed(function)
            return value
        except (OutOfBudget, RecursionError) as error:
            if len(self.transitions) > mark or any(map(is_database, [*args, *kwargs.values()])):
                self.unbounded(span, f"following {function.name}() was given up: {error}")
            return Unknown(f"following {function.name}() was given up: {error}", span)

    def bind_call(self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Scope:
        """A scope for the body of a function, with its arguments bound."""
        scope = Scope(function.scope, path=function.scope.path, package=function.scope.package)
        _bind(function, args, kwargs, scope)
        return scope

    def run_body(self, function: Function, scope: Scope, receive: Callable[[Value], object] | None = None) -> Value:
        """Interpret the body of a function whose arguments are bound; its value, if all its returns agree.

        What it yields is handed to `receive`, else it is the elements of the value.
        """
        assert not isinstance(function.node, ast.Lambda)
        count, returned, answers, raised = len(self.conditions), self.returned, self.answers, self.raised_at
        sources, online = len(self.sources), self.online
        yielded: list[Value] = []
        self.returned = []
        self.receivers.append(receive or yielded.append)
        self.depth += 1
        self.active[id(function.node)] += 1
        try:
            flow = self.execute_block(function.node.body, scope)
            if flow is Flow.RAISE and self.returned:
                # where it returns before, it raises under a condition
                self.raised_at = raised
            values = [*self.returned, None] if flow is Flow.NEXT or not self.returned else self.returned
        finally:
            self.depth -= 1
            self.active[id(function.node)] -= 1
            self.receivers.pop()
            self.returned = returned
            self.online = online
            del self.conditions[count:]
        if yielded:
            return yielded
        if all(equal_values(value, values[0]) for value in values[1:]):
            return values[0]
        reason = f"what {function.name}() returns depends on a condition that is not known"
        is_asked = self.answers > answers or any(map(is_answer, values))
        source = outside(values) or next(iter(self.sources[sources:]), "")
        return Unknown(reason, is_answer=is_asked, source=source)


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


def _bind(function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], scope: Scope) -> None:
    arguments = function.node.args
    positional = [each.arg for each in arguments.posonlyargs + arguments.args]
    given = list(args)
    if function.receiver is not None:
        given.insert(0, function.receiver)
    for name, default in zip(positional[len(positional) - len(function.defaults) :], function.defaults, strict=True):
        scope.variables[name] = default
    scope.variables.update(function.keyword_defaults)
    scope.variables.update(zip(positional, given, strict=False))
    rest = dict(kwargs)
    for name in [*positional, *(each.arg for each in arguments.kwonlyargs)]:
        if name in rest:
            scope.variables[name] = rest.pop(name)
        scope.variables.setdefault(name, Unknown(f"the argument {name!r} of {function.name}() is not given"))
    if arguments.vararg:
        scope.variables[arguments.vararg.arg] = tuple(given[len(positional) :])
    if arguments.kwarg:
        scope.variables[arguments.kwarg.arg] = rest


def _source(node: ast.expr) -> str:
    """The text of a condition for a message, cut to a readable length."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "a deeply nested expression"
    return text if len(text) <= 80 else text[:77] + "..."


def _enclosing(scope: Scope) -> Iterator[Scope]:
    current: Scope | None = scope
    while current is not None:
        yield current
        current = current.parent


def _path(scope: Scope) -> str:
    return next((each.path for each in _enclosing(scope) if each.path), "")


def _package(scope: Scope) -> str:
    return next((each.package for each in _enclosing(scope) if each.package), "")


def _is_small(value: Value) -> bool:
    """Whether a container can be walked through: one that holds another twice, sixty times over, cannot."""
    pending, count = [value], 0
    while pending and count <= MAXIMUM_COMPARED:
        each = pending.pop()
        if isinstance(each, CONTAINERS):
            count += length(each)
            if count <= MAXIMUM_COMPARED:
                pending += each.values() if isinstance(each, dict) else each
    return count <= MAXIMUM_COMPARED


def equal_values(first: Value, second: Value) -> bool:
    if first is second:
        return True
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return isinstance(first, Unknown) and isinstance(second, Unknown)
    if isinstance(first, CONTAINERS) and not _is_small(first):
        return False
    try:
        return type(first) is type(second) and bool(first == second)
    except (TypeError, ValueError, RecursionError):
        return False


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
