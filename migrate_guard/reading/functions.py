"""Calls of functions of the project: arguments bound, bodies interpreted, and what they return made one value."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target
from migrate_guard.reading.calls import is_database
from migrate_guard.reading.comparing import equal_values
from migrate_guard.reading.computing import is_answer, outside
from migrate_guard.reading.execution import Flow, StatementExecutor, enclosing
from migrate_guard.reading.machine import MAXIMUM_BLIND_RECURSION, MAXIMUM_DEPTH, MAXIMUM_RECURSION, Fails, OutOfBudget
from migrate_guard.reading.project import Project
from migrate_guard.reading.values import ContextManager, Function, Scope, Value


class FunctionExecutor(StatementExecutor):
    """Calls of the project's own functions."""

    def __init__(self, target: Target, project: Project, schema: Schema, path: str, fails: Fails | None = None) -> None:
        super().__init__(target, project, schema, path, fails)
        self.active: Counter[int] = Counter()
        """How often each function is on the way, by the identity of its node."""

    def call_function(
        self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.Call | None
    ) -> Value:
        self.step()
        if self.depth >= MAXIMUM_DEPTH or self.active[id(function.node)] >= MAXIMUM_RECURSION:
            return Unknown(f"{function.name}() calls itself, or calls are nested, more deeply than is followed")
        if self.active[id(function.node)] >= MAXIMUM_BLIND_RECURSION and _are_unknown([*args, *kwargs.values()]):
            # each further level would do the same with as little, as often as the one before calls it
            return Unknown(f"{function.name}() calls itself with what is not known")
        scope = self.bind_call(function, args, kwargs)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, scope)
        if function.kind == "contextmanager" and node is not None:
            return ContextManager(function, tuple(args), kwargs, node)
        path = next((each.path for each in enclosing(function.scope) if each.path), "")
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


def _are_unknown(arguments: Sequence[Value]) -> bool:
    return bool(arguments) and all(isinstance(each, Unknown) for each in arguments)


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
