"""Interpret a script abstractly: (script, direction, schema, target) -> operations, each with the schema around it.

Values are computed as far as they can be; questions to the database are answered from the folded schema; a condition
that stays open is followed both ways, and the operations inside carry it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from typing import Any, ClassVar

from migrate_guard.model import folding
from migrate_guard.model.revision import Direction, Run, Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.calls import CallEvaluator, is_database
from migrate_guard.reading.expressions import known_items, truth
from migrate_guard.reading.machine import MAXIMUM_DEPTH, MAXIMUM_ROUNDS, OutOfBudget
from migrate_guard.reading.project import Project, package_of
from migrate_guard.reading.script import Script
from migrate_guard.reading.values import (
    AutocommitBlock,
    Batch,
    Class,
    EnumMember,
    External,
    Function,
    Instance,
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


def interpret(
    script: Script,
    direction: Direction,
    schema: Schema,
    target: Target,
    project: Project,
    engine_name: str | None = None,
) -> Run:
    """Interpret one direction of a script from `schema` on; never raises on what the script holds.

    `engine_name` is what a multidb environment passes to `upgrade()` and `downgrade()`.
    """
    machine = Interpreter(target, project, schema, script.source.path)
    scope = Scope(path=script.source.path, package=package_of(script.path, project.roots))
    raises: Span | None = None
    try:
        machine.load_module(script.tree, scope)
        function = scope.variables.get(direction)
        if isinstance(function, External):
            function = machine.resolve(function)
        if isinstance(function, Function):
            machine.raised_at = None
            machine.call_function(function, _arguments(function, engine_name), {}, None)
            raises = machine.raised_at
            if raises and direction == "upgrade":
                machine.unbounded(raises, f"upgrade() raises here on {target.dialect}")
    except OutOfBudget as error:
        machine.unbounded(_place(script, direction), f"interpreting {direction}() was given up: {error}")
    except RecursionError:
        machine.unbounded(_place(script, direction), f"{direction}() is nested too deeply to be interpreted")
    return Run(direction, tuple(machine.transitions), schema, machine.schema, raises)


def _place(script: Script, direction: Direction) -> Span:
    span = script.revision.upgrade if direction == "upgrade" else script.revision.downgrade
    return span or script.source.whole()


def _arguments(function: Function, engine_name: str | None) -> Sequence[Value]:
    parameters = function.node.args.posonlyargs + function.node.args.args
    required = len(parameters) - len(function.defaults)
    return [engine_name if engine_name is not None else ""] if required == 1 or (parameters and engine_name) else []


class Interpreter(CallEvaluator):
    """Statements, functions, classes and imports."""

    _EXECUTE: ClassVar[dict[type[ast.stmt], Callable[[Any, Any, Scope], Flow]]]

    def __init__(self, target: Target, project: Project, schema: Schema, path: str) -> None:
        super().__init__(target, project, schema, path)
        self.returned: list[Value] = []
        self.raised_at: Span | None = None
        self._sources: dict[int, str] = {}

    def load_module(self, tree: ast.Module, scope: Scope) -> None:
        """Bind the module-level names of the script."""
        for node in tree.body:
            if isinstance(node, ast.If) and _is_main_guard(node.test):
                continue
            self.execute(node, scope)

    def execute_block(self, nodes: Iterable[ast.stmt], scope: Scope) -> Flow:
        for node in nodes:
            flow = self.execute(node, scope)
            if flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def execute(self, node: ast.stmt, scope: Scope) -> Flow:
        self.step()
        execute = self._EXECUTE.get(type(node))
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
            self.evaluate(node.value, scope)
        return Flow.NEXT

    def assignment(self, node: ast.Assign, scope: Scope) -> Flow:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)
        return Flow.NEXT

    def annotated_assignment(self, node: ast.AnnAssign, scope: Scope) -> Flow:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, scope), scope)
        elif scope.is_class and isinstance(node.target, ast.Name):
            scope.variables.setdefault(f"{_FIELD}{node.target.id}", None)
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
            left.extend(items)
            return Flow.NEXT
        binary = ast.copy_location(ast.BinOp(loaded, node.op, node.value), node)
        self.assign(target, self.combine(binary, left, right), scope)
        return Flow.NEXT

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.variables[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(elements, value, scope)
            case ast.Starred(value=inner):
                self.assign(inner, value, scope)
            case ast.Subscript(value=owner_node, slice=index_node):
                owner, index = self.evaluate(owner_node, scope), self.evaluate(index_node, scope)
                if isinstance(owner, dict | list):
                    try:
                        owner[index] = value
                    except (TypeError, IndexError):
                        return
            case ast.Attribute(value=owner_node, attr=name):
                owner = self.evaluate(owner_node, scope)
                if isinstance(owner, Instance):
                    owner.attributes[name] = value
                elif isinstance(owner, Class):
                    owner.scope.variables[name] = value

    def _unpack(self, targets: Sequence[ast.expr], value: Value, scope: Scope) -> None:
        items = known_items(value)
        starred = next((at for at, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
        if items is None or (starred is None and len(items) != len(targets)) or len(items) < len(targets) - 1:
            reason = value if isinstance(value, Unknown) else Unknown("it is unpacked from a value that is not known")
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
        return Flow.NEXT

    # -- definitions

    def function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Flow:
        function = self.make_function(node.name, node, scope)
        for decorator in node.decorator_list:
            name = decorator.id if isinstance(decorator, ast.Name) else getattr(decorator, "attr", "")
            if name in ("staticmethod", "classmethod", "property", "cached_property"):
                function.kind = "property" if name == "cached_property" else name
        scope.variables[node.name] = function
        return Flow.NEXT

    def class_definition(self, node: ast.ClassDef, scope: Scope) -> Flow:
        bases = tuple(self.resolve(self.evaluate(base, scope)) for base in node.bases)
        inner = Scope(scope, is_class=True, path=scope.path, package=scope.package)
        made = Class(node.name, bases, inner, self.span(node))
        if made.is_enum:
            is_string = any(isinstance(base, External) and base.path in _STRING_BASES for base in bases)
            self._enum_members(node, inner, is_string)
        else:
            self.execute_block(node.body, inner)
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
        try:
            with self.elsewhere(self.call_site or Span(module.display, 1, 1, 1, 2)):
                self.execute(module.bindings[name], scope)
        except (OutOfBudget, RecursionError) as error:
            if self.call_site is not None:
                raise
            scope.variables[name] = Unknown(f"{name!r} of {module.name} takes too long to be computed: {error}")
        return scope.variables.get(name)

    # -- compound statements

    def if_statement(self, node: ast.If, scope: Scope) -> Flow:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.execute_block(node.body if known else node.orelse, scope)
        source = self.source(node.test)
        return self.fork(
            [
                (f"if {source}", lambda: self.execute_block(node.body, scope)),
                (f"unless {source}", lambda: self.execute_block(node.orelse, scope)),
            ],
            scope,
        )

    def fork(self, branches: Sequence[tuple[str | None, Callable[[], Flow]]], scope: Scope) -> Flow:
        """Interpret branches of which one runs, each from the same state; what they do is united afterwards."""
        start_schema, start_variables = self.schema, dict(scope.variables)
        ends: list[tuple[str | None, Flow, Schema, dict[str, Value], int]] = []
        for condition, run in branches:
            self.schema, scope.variables = start_schema, dict(start_variables)
            mark, raised = len(self.transitions), self.raised_at
            with self.under(condition):
                flow = run()
            if flow is Flow.RAISE:
                self.raised_at = raised
            ends.append((condition, flow, self.schema, scope.variables, mark))
        going_on = [end for end in ends if end[1] is Flow.NEXT]
        flows = {end[1] for end in ends}
        alive = going_on or [end for end in ends if end[1] is not Flow.RAISE] or ends
        self._unite(ends, alive, scope)
        if going_on:
            left = [end for end in ends if end[1] not in (Flow.NEXT, Flow.RAISE)]
            if left and going_on[0][0] is not None:
                self.conditions.append(going_on[0][0])
            return Flow.NEXT
        flows.discard(Flow.RAISE)
        return flows.pop() if len(flows) == 1 else (Flow.RETURN if flows else Flow.RAISE)

    def _unite(
        self,
        ends: Sequence[tuple[str | None, Flow, Schema, dict[str, Value], int]],
        alive: Sequence[tuple[str | None, Flow, Schema, dict[str, Value], int]],
        scope: Scope,
    ) -> None:
        _, _, schema, variables, _ = alive[0]
        bounds = [end[4] for end in ends] + [len(self.transitions)]
        for end in alive[1:]:
            at = ends.index(end)
            for transition in self.transitions[bounds[at] : bounds[at + 1]]:
                schema = folding.apply(schema, transition.operation)
            for name in variables.keys() | end[3].keys():
                first, second = variables.get(name, _MISSING), end[3].get(name, _MISSING)
                if first is not second and not _equal(first, second):
                    variables[name] = Unknown(f"{name!r} depends on {end[0]!r}")
        self.schema = schema
        scope.variables = variables

    def for_loop(self, node: ast.For | ast.AsyncFor, scope: Scope) -> Flow:
        iterable = self.evaluate(node.iter, scope)
        items = known_items(iterable)
        if items is None or len(items) > MAXIMUM_ROUNDS:
            return self._unknown_loop(node, f"for each element of {self.source(node.iter)}", scope)
        for item in items:
            self.step()
            self.assign(node.target, item, scope)
            count = len(self.conditions)
            flow = self.execute_block(node.body, scope)
            del self.conditions[count:]
            if flow is Flow.BREAK:
                return Flow.NEXT
            if flow in (Flow.RETURN, Flow.RAISE):
                return flow
        return self.execute_block(node.orelse, scope)

    def _unknown_loop(self, node: ast.For | ast.AsyncFor | ast.While, condition: str, scope: Scope) -> Flow:
        before = dict(scope.variables)
        if isinstance(node, ast.For | ast.AsyncFor):
            names = [each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)]
            if len(names) == 1 and isinstance(node.target, ast.Name):
                scope.variables[names[0]] = Unknown(f"{names[0]!r} is one of {self.source(node.iter)!r}")
            else:
                self.assign(node.target, Unknown(f"a row of {self.source(node.iter)!r}"), scope)
        with self.under(condition):
            flow = self.execute_block(node.body, scope)
        for name, value in scope.variables.items():
            if name in before and before[name] is not value and not _equal(before[name], value):
                scope.variables[name] = Unknown(f"{name!r} changes in a loop")
        if flow is Flow.RAISE:
            self.raised_at = None
        return self.execute_block(node.orelse, scope)

    def while_loop(self, node: ast.While, scope: Scope) -> Flow:
        for _ in range(MAXIMUM_ROUNDS):
            known = truth(self.evaluate(node.test, scope))
            if known is False:
                return self.execute_block(node.orelse, scope)
            if known is None:
                return self._unknown_loop(node, f"while {self.source(node.test)}", scope)
            self.step()
            mark = len(self.transitions)
            variables = dict(scope.variables)
            count = len(self.conditions)
            flow = self.execute_block(node.body, scope)
            ends_by_rows = len(self.conditions) > count
            del self.conditions[count:]
            if flow is Flow.BREAK:
                return Flow.NEXT
            if flow in (Flow.RETURN, Flow.RAISE):
                return flow
            if ends_by_rows or (len(self.transitions) > mark and _all_equal(variables, scope.variables)):
                return Flow.NEXT
        return Flow.NEXT

    def with_statement(self, node: ast.With | ast.AsyncWith, scope: Scope) -> Flow:
        autocommit = batch = 0
        managers: list[Value] = []
        for item in node.items:
            manager = self.evaluate(item.context_expr, scope)
            managers.append(manager)
            autocommit += isinstance(manager, AutocommitBlock)
            batch += isinstance(manager, Batch)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, manager, scope)
        swallows = any(isinstance(each, External) and each.path == "contextlib.suppress" for each in managers)
        self.autocommit += autocommit
        self.batch += batch
        self.tolerating += swallows
        try:
            return self.execute_block(node.body, scope)
        finally:
            self.autocommit -= autocommit
            self.batch -= batch
            self.tolerating -= swallows

    def try_statement(self, node: ast.Try, scope: Scope) -> Flow:
        swallowing = [handler for handler in node.handlers if not _raises(handler.body)]
        self.tolerating += bool(swallowing)
        raised, start = self.raised_at, self.schema
        try:
            flow = self.execute_block(node.body, scope)
        finally:
            self.tolerating -= bool(swallowing)
        if flow is Flow.RAISE and swallowing:
            self.raised_at = raised
            flow = self.execute_block(swallowing[0].body, scope)
        else:
            if flow is Flow.NEXT:
                flow = self.execute_block(node.orelse, scope)
            for handler in node.handlers:
                self._handler(handler, start, scope)
        final = self.execute_block(node.finalbody, scope)
        return final if final is not Flow.NEXT else flow

    def _handler(self, handler: ast.ExceptHandler, start: Schema, scope: Scope) -> None:
        """Follow a handler from the state before the `try`: it runs instead of what failed there."""
        after, variables, raised = self.schema, dict(scope.variables), self.raised_at
        mark, returned = len(self.transitions), len(self.returned)
        self.schema = start
        if handler.name:
            scope.variables[handler.name] = Unknown("the exception")
        failure = self.source(handler.type) if handler.type else "an exception"
        # what stands in a handler is for a database that differs from the history: it may fail as well
        self.tolerating += 1
        with self.under(f"if {failure} is raised"):
            self.execute_block(handler.body, scope)
        self.tolerating -= 1
        del self.returned[returned:]
        self.schema, scope.variables, self.raised_at = after, variables, raised
        for transition in self.transitions[mark:]:
            self.schema = folding.apply(self.schema, transition.operation)

    def match_statement(self, node: ast.Match, scope: Scope) -> Flow:
        subject = self.evaluate(node.subject, scope)
        open_cases: list[tuple[str | None, Callable[[], Flow]]] = []
        for case in node.cases:
            known = self._matches(case, subject, scope)
            if known is True and not open_cases:
                return self.execute_block(case.body, scope)
            if known is not False:
                condition = f"if {self.source(node.subject)} is {ast.unparse(case.pattern)[:60]}"
                open_cases.append((condition, partial(self.execute_block, case.body, scope)))
            if known is True:
                break
        return self.fork(open_cases, scope) if open_cases else Flow.NEXT

    def _matches(self, case: ast.match_case, subject: Value, scope: Scope) -> bool | None:
        match case.pattern:
            case ast.MatchAs(pattern=None, name=name):
                if name:
                    scope.variables[name] = subject
                found: bool | None = True
            case ast.MatchValue(value=value):
                found = self._is_equal(subject, self.evaluate(value, scope), value)
            case ast.MatchSingleton(value=single):
                found = None if isinstance(subject, Unknown) else subject is single
            case ast.MatchOr(patterns=patterns):
                answers = [self._matches(ast.match_case(each, None, case.body), subject, scope) for each in patterns]
                found = True if True in answers else (None if None in answers else False)
            case _:
                found = None
        if found is not False and case.guard is not None:
            guard = truth(self.evaluate(case.guard, scope))
            found = guard if found else (False if guard is False else None)
        return found

    def _is_equal(self, left: Value, right: Value, node: ast.expr) -> bool | None:
        return truth(self.compare_once(ast.Eq(), left, right, node))

    # -- calls of the project's own functions

    def call_function(
        self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.Call | None
    ) -> Value:
        self.step()
        if self.depth >= MAXIMUM_DEPTH:
            return Unknown(f"calls are nested more than {MAXIMUM_DEPTH} deep")
        scope = Scope(function.scope, path=function.scope.path, package=function.scope.package)
        _bind(function, args, kwargs, scope)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, scope)
        if node is None or self.call_site is not None or _path(function.scope) == self.path:
            return self.run_body(function, scope)
        span, mark = self.span(node), len(self.transitions)
        try:
            with self.elsewhere(span):
                return self.run_body(function, scope)
        except (OutOfBudget, RecursionError) as error:
            if len(self.transitions) > mark or any(map(is_database, [*args, *kwargs.values()])):
                self.unbounded(span, f"following {function.name}() was given up: {error}")
            return Unknown(f"following {function.name}() was given up: {error}", span)

    def run_body(self, function: Function, scope: Scope) -> Value:
        """Interpret the body of a function whose arguments are bound; its value, if all its returns agree."""
        assert not isinstance(function.node, ast.Lambda)
        count, returned = len(self.conditions), self.returned
        self.returned = []
        self.depth += 1
        try:
            flow = self.execute_block(function.node.body, scope)
            values = self.returned if flow is Flow.RETURN else [*self.returned, None]
        finally:
            self.depth -= 1
            self.returned = returned
            del self.conditions[count:]
        if all(_equal(value, values[0]) for value in values[1:]):
            return values[0]
        return Unknown(f"what {function.name}() returns depends on a condition that is not known")


_FIELD = "\0field:"
_MISSING = object()
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


def _equal(first: Value, second: Value) -> bool:
    if first is second:
        return True
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return isinstance(first, Unknown) and isinstance(second, Unknown)
    try:
        return type(first) is type(second) and bool(first == second)
    except (TypeError, ValueError, RecursionError):
        return False


def _all_equal(first: Mapping[str, Value], second: Mapping[str, Value]) -> bool:
    return first.keys() == second.keys() and all(_equal(first[name], second[name]) for name in first)


def _raises(body: Sequence[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise)


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _source(node: ast.expr) -> str:
    """The text of a condition for a message, cut to a readable length."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "a deeply nested expression"
    return text if len(text) <= 80 else text[:77] + "..."


def _path(scope: Scope) -> str:
    current: Scope | None = scope
    while current is not None:
        if current.path:
            return current.path
        current = current.parent
    return ""


def _package(scope: Scope) -> str:
    current: Scope | None = scope
    while current is not None:
        if current.package:
            return current.package
        current = current.parent
    return ""


Interpreter._EXECUTE = {
    ast.Expr: Interpreter.expression_statement,
    ast.Assign: Interpreter.assignment,
    ast.AnnAssign: Interpreter.annotated_assignment,
    ast.AugAssign: Interpreter.augmented_assignment,
    ast.Delete: Interpreter.deletion,
    ast.Return: Interpreter.return_statement,
    ast.Raise: Interpreter.raise_statement,
    ast.Assert: Interpreter.assert_statement,
    ast.Break: Interpreter.break_statement,
    ast.Continue: Interpreter.continue_statement,
    ast.FunctionDef: Interpreter.function_definition,
    ast.AsyncFunctionDef: Interpreter.function_definition,
    ast.ClassDef: Interpreter.class_definition,
    ast.Import: Interpreter.import_statement,
    ast.ImportFrom: Interpreter.import_from,
    ast.If: Interpreter.if_statement,
    ast.For: Interpreter.for_loop,
    ast.AsyncFor: Interpreter.for_loop,
    ast.While: Interpreter.while_loop,
    ast.With: Interpreter.with_statement,
    ast.AsyncWith: Interpreter.with_statement,
    ast.Try: Interpreter.try_statement,
    ast.TryStar: Interpreter.try_statement,
    ast.Match: Interpreter.match_statement,
}

__all__ = ["Interpreter", "interpret"]
