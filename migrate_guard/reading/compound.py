"""Compound statements: branches, loops, handlers and what is known after them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

from migrate_guard.model import folding
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.queries import Query, RowLoop
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.reading.batch import end_block
from migrate_guard.reading.comparing import equal_values
from migrate_guard.reading.computing import is_answer, known_items, outside, truth
from migrate_guard.reading.execution import Flow
from migrate_guard.reading.functions import FunctionExecutor
from migrate_guard.reading.loops import each_row
from migrate_guard.reading.machine import MAXIMUM_ROUNDS, Condition, OperationFailed
from migrate_guard.reading.results import query_of_parts, query_of_rows, rows_of_statement, table_of_rows
from migrate_guard.reading.values import (
    AutocommitBlock,
    Batch,
    ContextManager,
    External,
    Rows,
    Scope,
    Statement,
    Value,
)


class _End(NamedTuple):
    """How a branch ended."""

    condition: Condition
    flow: Flow
    schema: Schema
    variables: dict[str, Value]
    mark: int
    """Where its operations begin."""


class Interpreter(FunctionExecutor):
    """Statements that hold others: branches, loops, handlers."""

    def load_module(self, tree: ast.Module, scope: Scope) -> None:
        """Bind the module-level names of the script."""
        scope.variables["__file__"] = (self.project.base / scope.path).as_posix()
        for node in tree.body:
            if isinstance(node, ast.If) and _is_main_guard(node.test):
                continue
            self.importing = self.span(node)
            self.execute(node, scope)
        self.importing = None

    # -- compound statements

    def if_statement(self, node: ast.If, scope: Scope) -> Flow:
        asked = self.offline_asked
        test = self.evaluate(node.test, scope)
        known = truth(test)
        if self.offline_asked > asked and known is not None:
            return self.online_branch(node, known, scope)
        if known is not None:
            return self.execute_block(node.body if known else node.orelse, scope)
        source = self.source(node.test)
        return self.fork(
            [
                (f"if {source}", lambda: self.execute_block(node.body, scope)),
                (f"unless {source}", lambda: self.execute_block(node.orelse, scope)),
            ],
            scope,
            test,
            node.test,
        )

    def online_branch(self, node: ast.If, is_true: bool, scope: Scope) -> Flow:
        """The branch of a condition that asks for `--sql`: what stands there runs with a database alone.

        So does all that follows where the other branch leaves.
        """
        body, other = (node.body, node.orelse) if is_true else (node.orelse, node.body)
        self.online += 1
        flow = self.execute_block(body, scope)
        if not (other and isinstance(other[-1], ast.Return | ast.Raise)):
            self.online -= 1
        return flow

    def fork(
        self, branches: Sequence[tuple[str, Callable[[], Flow]]], scope: Scope, test: Value, node: ast.expr
    ) -> Flow:
        """Interpret branches of which one runs, each from the same state; what they do is united afterwards.

        `test` is the value that decides which of them runs, and `node` where it stands.
        """
        is_asked, source, place = is_answer(test), outside(test), self.span(node)
        start_schema, start_variables = self.schema, dict(scope.variables)
        self.answers += is_asked
        if source:
            self.sources.append(source)
        ends: list[_End] = []
        for text, run in branches:
            condition = Condition(text, is_asked, source, place)
            self.schema, scope.variables = start_schema, dict(start_variables)
            mark, raised = len(self.transitions), self.raised_at
            with self.under(condition):
                flow = run()
            if flow is Flow.RAISE:
                self.raised_at = raised
            ends.append(_End(condition, flow, self.schema, scope.variables, mark))
        going_on = [end for end in ends if end.flow is Flow.NEXT]
        flows = {end.flow for end in ends}
        alive = going_on or [end for end in ends if end.flow is not Flow.RAISE] or ends
        self._unite(ends, alive, scope)
        if going_on:
            if any(end.flow not in (Flow.NEXT, Flow.RAISE) for end in ends):
                self.conditions.append(going_on[0].condition)
            return Flow.NEXT
        flows.discard(Flow.RAISE)
        return flows.pop() if len(flows) == 1 else (Flow.RETURN if flows else Flow.RAISE)

    def _unite(self, ends: Sequence[_End], alive: Sequence[_End], scope: Scope) -> None:
        schema, variables = alive[0].schema, alive[0].variables
        bounds = [end.mark for end in ends] + [len(self.transitions)]
        for end in alive[1:]:
            at = ends.index(end)
            for transition in self.transitions[bounds[at] : bounds[at + 1]]:
                schema = folding.apply(schema, transition.operation)
            for name in variables.keys() | end.variables.keys():
                first, second = variables.get(name, _MISSING), end.variables.get(name, _MISSING)
                if first is not second and not equal_values(first, second):
                    reason = f"{name!r} depends on {end.condition.text!r}"
                    variables[name] = Unknown(reason, is_answer=end.condition.is_answer, source=end.condition.source)
        self.schema = schema
        scope.variables = variables

    def for_loop(self, node: ast.For | ast.AsyncFor, scope: Scope) -> Flow:
        iterable = self.evaluate(node.iter, scope)
        if isinstance(iterable, Statement):
            iterable = rows_of_statement(self, iterable, "query")
        items = known_items(iterable)
        if items is None or len(items) > MAXIMUM_ROUNDS:
            text = f"for each element of {self.source(node.iter)}"
            place, query, parts = self.span(node.iter), query_of_rows(iterable), query_of_parts(iterable)
            loop = RowLoop(place, query, each_row(node)) if query and not parts else None
            condition = Condition(text, is_answer(iterable), outside(iterable), place, loop)
            if isinstance(iterable, Rows):
                self.needs_database("rows", node.iter)
            return self._unknown_loop(node, condition, scope, table_of_rows(iterable), parts)
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

    def _unknown_loop(
        self,
        node: ast.For | ast.AsyncFor | ast.While,
        condition: Condition,
        scope: Scope,
        table: QualifiedName | None = None,
        query: Query | None = None,
    ) -> Flow:
        """Interpret the body once, for elements that are not known; the table of rows may be, or what gives lists."""
        before = dict(scope.variables)
        if isinstance(node, ast.For | ast.AsyncFor):
            row = Unknown(f"a row of {self.source(node.iter)!r}", is_answer=condition.is_answer)
            self.assign(node.target, row, scope)
            element = _element(node)
            if isinstance(element, ast.Name):
                reason = f"{element.id!r} is one of {self.source(node.iter)!r}"
                row = Unknown(reason, is_answer=condition.is_answer, table=table, query=query)
                scope.variables[element.id] = row
        with self.under(condition):
            flow = self.execute_block(node.body, scope)
        for name, value in scope.variables.items():
            if name in before and before[name] is not value and not equal_values(before[name], value):
                scope.variables[name] = Unknown(f"{name!r} changes in a loop")
        if flow is Flow.RAISE:
            self.raised_at = None
        return self.execute_block(node.orelse, scope)

    def while_loop(self, node: ast.While, scope: Scope) -> Flow:
        for _ in range(MAXIMUM_ROUNDS):
            mark, variables = len(self.transitions), dict(scope.variables)
            test = self.evaluate(node.test, scope)
            known = truth(test)
            if known is False:
                return self.execute_block(node.orelse, scope)
            if known is None:
                text = f"while {self.source(node.test)}"
                condition = Condition(text, is_answer(test), outside(test), self.span(node.test))
                return self._unknown_loop(node, condition, scope)
            self.step()
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
        return self.with_items(node.items, node.body, scope)

    def with_items(self, items: Sequence[ast.withitem], body: Sequence[ast.stmt], scope: Scope) -> Flow:
        """Enter the managers one by one, the block inside the last."""
        if not items:
            return self.execute_block(body, scope)
        item, rest = items[0], items[1:]
        manager = self.evaluate(item.context_expr, scope)
        flows: list[Flow] = []

        def inside(value: Value) -> Flow:
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, scope)
            flows.append(self.with_items(rest, body, scope))
            return flows[-1]

        match manager:
            case ContextManager():
                inner = self.bind_call(manager.function, manager.args, manager.kwargs)
                self.run_body(manager.function, inner, inside)
            case AutocommitBlock():
                outer = self.autocommit_block if self.autocommit else None
                self.autocommit_block = outer or self.span(item.context_expr)
                self.autocommit += 1
                inside(manager)
                self.autocommit -= 1
                self.autocommit_block = outer
            case Batch():
                # what is never to copy the table is sent as it would be outside of the block
                is_batch = manager.recreate != "never"
                self.batch += is_batch
                inside(manager)
                end_block(self, manager, self.span(item.context_expr))
                self.batch -= is_batch
            case External(path="contextlib.suppress"):
                self.tolerating += 1
                self._attempt(partial(inside, manager))
                self.tolerating -= 1
            case _:
                with self.entered(manager) as value:
                    inside(value)
        return flows[0] if flows else Flow.NEXT

    def entered(self, manager: Value) -> AbstractContextManager[Value]:
        """A block of anything else: what it is entered with, and what happens at its end."""
        return nullcontext(manager)

    def try_statement(self, node: ast.Try, scope: Scope) -> Flow:
        swallowing = [handler for handler in node.handlers if not _raises(handler.body)]
        self.tolerating += bool(swallowing)
        raised, start = self.raised_at, self.schema
        try:
            flow = self._attempt(lambda: self.execute_block(node.body, scope))
        finally:
            self.tolerating -= bool(swallowing)
        if flow is Flow.RAISE and swallowing:
            self.raised_at = raised
            flow = self.execute_block(swallowing[0].body, scope)
        else:
            if flow is Flow.NEXT:
                flow = self.execute_block(node.orelse, scope)
            is_python = self.schema is start
            for handler in node.handlers if self.fails is None or is_python else ():
                self.handler(handler, start, scope)
        final = self.execute_block(node.finalbody, scope)
        return final if final is not Flow.NEXT else flow

    def _attempt(self, run: Callable[[], Flow]) -> Flow:
        """Run something up to the first operation that the database refuses."""
        count, circumstances = len(self.conditions), (self.batch, self.autocommit)
        self.attempting += 1
        try:
            return run()
        except OperationFailed:
            del self.conditions[count:]
            self.batch, self.autocommit = circumstances
            return Flow.RAISE
        finally:
            self.attempting -= 1

    def handler(self, handler: ast.ExceptHandler, start: Schema, scope: Scope) -> None:
        """Follow a handler from the state before the `try`: it runs instead of what failed there."""
        after, variables, raised = self.schema, dict(scope.variables), self.raised_at
        mark, returned = len(self.transitions), len(self.returned)
        self.schema = start
        if handler.name:
            scope.variables[handler.name] = Unknown("the exception")
        failure = self.source(handler.type) if handler.type else "an exception"
        # what stands in a handler is for a database that differs from the history: it may fail as well
        self.tolerating += 1
        self.failing += _raises(handler.body)
        with self.under(Condition(f"if {failure} is raised", is_answer=True)):
            self.execute_block(handler.body, scope)
        self.failing -= _raises(handler.body)
        self.tolerating -= 1
        del self.returned[returned:]
        for name, value in scope.variables.items():
            if isinstance(variables.get(name), Unknown) and not isinstance(value, Unknown):
                variables[name] = value
        self.schema, scope.variables, self.raised_at = after, variables, raised
        for transition in self.transitions[mark:]:
            self.schema = folding.apply(self.schema, transition.operation)

    def match_statement(self, node: ast.Match, scope: Scope) -> Flow:
        subject = self.evaluate(node.subject, scope)
        open_cases: list[tuple[str, Callable[[], Flow]]] = []
        for case in node.cases:
            known = self._matches(case, subject, scope)
            if known is True and not open_cases:
                return self.execute_block(case.body, scope)
            if known is not False:
                condition = f"if {self.source(node.subject)} is {ast.unparse(case.pattern)[:60]}"
                open_cases.append((condition, partial(self.execute_block, case.body, scope)))
            if known is True:
                break
        return self.fork(open_cases, scope, subject, node.subject) if open_cases else Flow.NEXT

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


_MISSING = object()


def _element(node: ast.For | ast.AsyncFor) -> ast.expr:
    """The target of a loop, without the number that enumerate() gives."""
    match node:
        case ast.For(target=ast.Tuple(elts=[_, element]), iter=ast.Call(func=ast.Name(id="enumerate"))):
            return element
    return node.target


def _is_main_guard(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def _raises(body: Sequence[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise)


def _all_equal(first: Mapping[str, Value], second: Mapping[str, Value]) -> bool:
    return first.keys() == second.keys() and all(equal_values(first[name], second[name]) for name in first)


Interpreter.EXECUTE = {
    **FunctionExecutor.EXECUTE,
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
