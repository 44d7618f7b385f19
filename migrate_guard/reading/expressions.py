"""Evaluate expressions without running them: what cannot be known is `Unknown`, with the reason."""

from __future__ import annotations

import ast
import builtins
import posixpath
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from msgspec.structs import replace

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import (
    ARITHMETIC,
    COMPARISONS,
    CONTAINERS,
    FAILURES,
    PRIMITIVES,
    SET_OPERATIONS,
    SQL_VALUES,
    contains,
    derived,
    enum_members,
    from_outside,
    is_explosive,
    is_plain,
    is_same,
    known_items,
    modest,
    outside,
    percent_format,
    plain_member,
    sql_expression,
    to_text,
    truth,
    usually,
)
from migrate_guard.reading.machine import MAXIMUM_ITEMS, MAXIMUM_TEXT, Condition, Machine, OutOfBudget
from migrate_guard.reading.results import as_mapping
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Clause,
    Columns,
    External,
    FilePath,
    Function,
    ListValue,
    Names,
    OrderedSet,
    Row,
    Rows,
    Scope,
    Value,
)

_BUILTINS: Final = frozenset(dir(builtins))
_DEPENDS: Final = "it depends on a value that is not known"


class Evaluator(Machine):
    """Expressions; calls and attributes are answered by the subclass."""

    EVALUATE: ClassVar[dict[type[ast.expr], Callable[[Any, Any, Scope], Value]]]

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; raises OutOfBudget."""
        evaluate = self.EVALUATE.get(type(node))
        if evaluate is None:
            return Unknown(f"{type(node).__name__} expressions are not computed", self.span(node))
        return evaluate(self, node, scope)

    @abstractmethod
    def call(self, node: ast.Call, scope: Scope) -> Value: ...

    @abstractmethod
    def attribute(self, value: Value, name: str, node: ast.expr) -> Value: ...

    @abstractmethod
    def resolve(self, value: Value) -> Value: ...

    @abstractmethod
    def use(self, path: str, value: Value, node: ast.expr) -> None: ...

    @abstractmethod
    def lookup_outside(self, name: str, scope: Scope) -> Value: ...

    def constant(self, node: ast.Constant, scope: Scope) -> Value:
        return node.value

    def name(self, node: ast.Name, scope: Scope) -> Value:
        found = self.lookup(node.id, scope)
        if not isinstance(found, External):
            return found
        value = self.resolve(found)
        if self.call_site is None and found.path not in self.used:
            self.use(found.path, value, node)
        return value

    def lookup(self, name: str, scope: Scope) -> Value:
        """The value of a variable, from the inner scope outward."""
        current: Scope | None = scope
        first = True
        while current is not None:
            if name in current.variables and (first or not current.is_class):
                return current.variables[name]
            if current.parent is None:
                found = self.lookup_outside(name, current)
                if found is not None:
                    return found
            current, first = current.parent, False
        if name in _BUILTINS:
            return External(f"builtins.{name}")
        return Unknown(f"the name {name!r} is not defined in the script")

    def attribute_node(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.evaluate(node.value, scope), node.attr, node)

    def elements(self, nodes: Iterable[ast.expr], scope: Scope) -> list[Value]:
        found: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items = known_items(self.evaluate(node.value, scope))
                if items is None:
                    found.append(Unknown("a starred value that is not known", self.span(node)))
                else:
                    self.grow(found, items)
            else:
                found.append(self.evaluate(node, scope))
        return found

    def list_display(self, node: ast.List, scope: Scope) -> Value:
        return ListValue(self.elements(node.elts, scope))

    def tuple_display(self, node: ast.Tuple, scope: Scope) -> Value:
        return tuple(self.elements(node.elts, scope))

    def set_display(self, node: ast.Set, scope: Scope) -> Value:
        return OrderedSet.of(self.elements(node.elts, scope))

    def dict_display(self, node: ast.Dict, scope: Scope) -> Value:
        found: dict[Value, Value] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, scope)
            if key_node is None:
                if not isinstance(value, Mapping):
                    return Unknown("a dictionary is built from values that are not known", self.span(node))
                found.update(value)
                continue
            key = self.evaluate(key_node, scope)
            try:
                if isinstance(key, tuple | frozenset) and not is_plain(key):
                    return Unknown("a dictionary key that is not known", self.span(node))
                found[key] = value
            except TypeError:
                return Unknown("a dictionary key that cannot be a key", self.span(node))
        return found

    def joined(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts: list[str] = []
        for each in node.values:
            if isinstance(each, ast.Constant):
                parts.append(str(each.value))
            elif isinstance(each, ast.FormattedValue):
                parts.append(self.formatted(each, scope))
        return from_outside(self.bounded("".join(parts), node), parts)

    def formatted(self, node: ast.FormattedValue, scope: Scope) -> str:
        value = self.evaluate(node.value, scope)
        if node.conversion == ord("r") or node.conversion == ord("a"):
            return repr(value) if is_plain(value) else HOLE
        if node.format_spec is not None:
            specification = self.evaluate(node.format_spec, scope)
            if not is_plain(value) or not is_plain(specification) or not modest(specification):
                return HOLE
            try:
                return format(value, specification)
            except FAILURES:
                return HOLE
        return cast(str, from_outside(to_text(value), value))

    def bounded(self, value: Value, node: ast.expr) -> Value:
        if isinstance(value, str | bytes | list | tuple):
            if len(value) > (MAXIMUM_TEXT if isinstance(value, str | bytes) else MAXIMUM_ITEMS):
                return Unknown("it is too large to be computed", self.span(node))
            self.step(len(value))
        return value

    def grow(self, items: list[Value], added: Sequence[Value]) -> None:
        """Append to a list of the script; raises OutOfBudget when it gets too long."""
        if len(items) + len(added) > MAXIMUM_ITEMS:
            raise OutOfBudget(f"a list gets longer than {MAXIMUM_ITEMS:,} elements")
        self.step(len(added))
        items.extend(added)

    def binary(self, node: ast.BinOp, scope: Scope) -> Value:
        terms: list[tuple[ast.BinOp, ast.expr]] = []
        current: ast.expr = node
        while isinstance(current, ast.BinOp):
            terms.append((current, current.right))
            current = current.left
        left = self.evaluate(current, scope)
        for each, right in reversed(terms):
            left = self.combine(each, left, self.evaluate(right, scope))
        return left

    def combine(self, node: ast.BinOp, left: Value, right: Value) -> Value:
        kind = type(node.op)
        if isinstance(left, SQL_VALUES) or isinstance(right, SQL_VALUES):
            return sql_expression(left, right, node.op)
        if kind is ast.Div and isinstance(left, FilePath) and is_plain(right):
            return FilePath(posixpath.normpath(posixpath.join(left.path, str(right))))
        if kind is ast.Mod and isinstance(left, bytes):
            return Unknown("bytes that are formatted", self.span(node))
        if kind is ast.Mod and isinstance(left, str):
            return from_outside(self.bounded(percent_format(left, right), node), left, right)
        if kind is ast.Add and (isinstance(left, str) or isinstance(right, str)):
            left = from_outside(HOLE, left) if isinstance(left, Unknown) else left
            right = from_outside(HOLE, right) if isinstance(right, Unknown) else right
        if isinstance(left, Unknown):
            return left
        if isinstance(right, Unknown):
            return right
        if not isinstance(left, (*PRIMITIVES, *CONTAINERS)) or not isinstance(right, (*PRIMITIVES, *CONTAINERS)):
            return derived("it is computed from values that are not known", self.span(node), left, right)
        if isinstance(left, OrderedSet) and isinstance(right, OrderedSet) and kind in SET_OPERATIONS:
            return SET_OPERATIONS[kind](left, right)
        if is_explosive(kind, left, right):
            return Unknown("it is too large to be computed", self.span(node))
        try:
            return from_outside(self.bounded(ARITHMETIC[kind](left, right), node), left, right)
        except (*FAILURES, KeyError) as error:
            return Unknown(f"computing it fails: {error}", self.span(node))

    def unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            known = truth(value)
            if known is None and (usual := truth(usually(value))) is not None:
                return replace(value, default=(not usual,))
            return derived(_DEPENDS, self.span(node), value) if known is None else not known
        if isinstance(value, SQL_VALUES):
            return Clause(HOLE, columns=value.columns if isinstance(value, Clause) else ())
        if not isinstance(value, int | float | complex):
            return value if isinstance(value, Unknown) else Unknown("not a number", self.span(node))
        match node.op:
            case ast.USub():
                return -value
            case ast.UAdd():
                return +value
        return ~value if isinstance(value, int) else Unknown("not an integer", self.span(node))

    def boolean(self, node: ast.BoolOp, scope: Scope) -> Value:
        stops_at = isinstance(node.op, ast.Or)
        unknown: Value = None
        value: Value = None
        for each in node.values:
            value = self.evaluate(each, scope)
            known = truth(value)
            if known is stops_at:
                return value if unknown is None else (value if isinstance(value, bool) else unknown)
            if known is None and unknown is None:
                unknown = value if isinstance(value, Unknown) else derived(_DEPENDS, self.span(each), value)
        return value if unknown is None else unknown

    def compare(self, node: ast.Compare, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        result: Value = True
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, scope)
            answer = self.compare_once(kind, left, right, node)
            if answer is False:
                return False
            if answer is not True:
                result = answer
            left = right
        return result

    def compare_once(self, kind: ast.cmpop, left: Value, right: Value, node: ast.expr) -> Value:
        if isinstance(kind, ast.Is | ast.IsNot):
            same = is_same(left, right)
            if same is None:
                return derived(_DEPENDS, self.span(node), left, right)
            return same is isinstance(kind, ast.Is)
        if isinstance(kind, ast.In | ast.NotIn):
            if isinstance(right, Names) and isinstance(left, str) and left in right.doubtful:
                return Unknown(f"whether {left} exists depends on a condition", self.span(node), is_answer=True)
            inside = contains(right, left)
            if inside is None:
                return derived(_DEPENDS, self.span(node), left, right)
            return inside is isinstance(kind, ast.In)
        if isinstance(left, SQL_VALUES) or isinstance(right, SQL_VALUES):
            return sql_expression(left, right, kind)
        left, right = plain_member(left, right), plain_member(right, left)
        if is_plain(left) and is_plain(right):
            try:
                return bool(COMPARISONS[type(kind)](left, right))
            except FAILURES:
                return Unknown("the comparison fails", self.span(node))
        if isinstance(kind, ast.Eq | ast.NotEq) and left is right and not isinstance(left, Unknown | Rows):
            return isinstance(kind, ast.Eq)
        for value, other in ((left, right), (right, left)):
            if isinstance(value, Unknown) and value.default and not isinstance(other, Unknown):
                usual = self.compare_once(kind, usually(left), usually(right), node)
                return replace(value, default=() if isinstance(usual, Unknown) else (usual,))
        for value in (left, right):
            if isinstance(value, Unknown):
                return value
        return derived(_DEPENDS, self.span(node), left, right)

    def conditional(self, node: ast.IfExp, scope: Scope) -> Value:
        asked = self.offline_asked
        test = self.evaluate(node.test, scope)
        known = truth(test)
        if known is not None:
            is_asked = self.offline_asked > asked
            self.online += is_asked
            value = self.evaluate(node.body if known else node.orelse, scope)
            self.online -= is_asked
            return value
        if (usual := truth(usually(test))) is not None:
            return self.evaluate(node.body if usual else node.orelse, scope)
        first, second = self.evaluate(node.body, scope), self.evaluate(node.orelse, scope)
        if is_plain(first) and is_plain(second) and first == second:
            return first
        return derived(f"it depends on {ast.unparse(node.test)[:60]!r}", self.span(node), test)

    def subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        index = self.evaluate(node.slice, scope)
        if isinstance(value, Class) and value.is_enum:
            return next((each for each in enum_members(value) if each.name == index), Unknown("no such member"))
        if isinstance(value, Columns) and isinstance(index, str):
            return value.table.column(index) or Clause(index, columns=(index,))
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Row):
            value = as_mapping(value) if isinstance(index, str) else list(value.values)
        if isinstance(value, (*CONTAINERS, str, bytes)) and (is_plain(index) or isinstance(index, slice)):
            try:
                return cast(Any, value)[index]
            except FAILURES as error:
                return Unknown(f"no such element: {error}", self.span(node))
        if isinstance(value, External):
            source = outside(value)
            return Unknown(f"{source} {index}", self.span(node), source=f"{source} {index}") if source else value
        return derived("an element of a value that is not known", self.span(node), value)

    def slice(self, node: ast.Slice, scope: Scope) -> Value:
        parts = [self.evaluate(each, scope) if each else None for each in (node.lower, node.upper, node.step)]
        if any(not isinstance(each, int | None) for each in parts):
            return Unknown("a slice with bounds that are not known", self.span(node))
        return slice(*parts)

    def lambda_function(self, node: ast.Lambda, scope: Scope) -> Value:
        return self.make_function("<lambda>", node, scope)

    def make_function(
        self, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> Function:
        keyword = {
            argument.arg: self.evaluate(default, scope)
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        }
        defaults = tuple(self.evaluate(each, scope) for each in node.args.defaults)
        return Function(name, node, scope, defaults, keyword)

    def named(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        scope.variables[node.target.id] = value
        return value

    def awaited(self, node: ast.Await, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def yielded(self, node: ast.Yield, scope: Scope) -> Value:
        if self.receivers:
            # the receiver may interpret other code, in which a yield belongs to someone else
            receive = self.receivers.pop()
            try:
                receive(self.evaluate(node.value, scope) if node.value else None)
            finally:
                self.receivers.append(receive)
        return None

    def yielded_from(self, node: ast.YieldFrom, scope: Scope) -> Value:
        for each in known_items(self.evaluate(node.value, scope)) or ():
            if self.receivers:
                self.receivers[-1](each)
        return None

    def starred(self, node: ast.Starred, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def comprehension_list(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope) -> Value:
        found: list[Value] = []
        problem = self.comprehend(
            node.generators, Scope(scope), lambda inner: found.append(self.evaluate(node.elt, inner))
        )
        if problem:
            return problem
        return OrderedSet.of(found) if isinstance(node, ast.SetComp) else found

    def comprehension_dict(self, node: ast.DictComp, scope: Scope) -> Value:
        found: dict[Value, Value] = {}

        def add(inner: Scope) -> None:
            key, value = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
            if is_plain(key) and not isinstance(key, list | dict | set):
                found[key] = value

        return self.comprehend(node.generators, Scope(scope), add) or found

    def comprehend(
        self, generators: Sequence[ast.comprehension], scope: Scope, each: Callable[[Scope], None]
    ) -> Unknown | None:
        """Run `each` for every round of a comprehension; an Unknown when the rounds are not known."""
        if not generators:
            each(scope)
            return None
        generator = generators[0]
        iterable = self.evaluate(generator.iter, scope)
        items = known_items(iterable)
        if items is None:
            self.evaluate_once(generators, scope, each)
            reason = "it ranges over rows or values that are not known"
            return iterable if isinstance(iterable, Unknown) else derived(reason, self.span(generator.iter), iterable)
        for item in items:
            self.step()
            self.assign(generator.target, item, scope)
            kept = True
            for condition in generator.ifs:
                known = truth(self.evaluate(condition, scope))
                if known is None:
                    return Unknown(f"it is filtered by {ast.unparse(condition)[:60]!r}, which is not known")
                if not known:
                    kept = False
                    break
            if kept:
                problem = self.comprehend(generators[1:], scope, each)
                if problem:
                    return problem
        return None

    def evaluate_once(
        self, generators: Sequence[ast.comprehension], scope: Scope, each: Callable[[Scope], None]
    ) -> None:
        """Evaluate the element of a comprehension over unknown values once, for what its calls do."""
        source = ast.unparse(generators[0].iter)[:60]
        for generator in generators:
            self.assign(generator.target, Unknown(f"an element of {source!r}"), scope)
        with self.under(Condition(f"for each element of {source}")):
            each(scope)

    @abstractmethod
    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None: ...


Evaluator.EVALUATE = {
    ast.Constant: Evaluator.constant,
    ast.Name: Evaluator.name,
    ast.Attribute: Evaluator.attribute_node,
    ast.Call: lambda self, node, scope: self.call(node, scope),
    ast.List: Evaluator.list_display,
    ast.Tuple: Evaluator.tuple_display,
    ast.Set: Evaluator.set_display,
    ast.Dict: Evaluator.dict_display,
    ast.JoinedStr: Evaluator.joined,
    ast.BinOp: Evaluator.binary,
    ast.UnaryOp: Evaluator.unary,
    ast.BoolOp: Evaluator.boolean,
    ast.Compare: Evaluator.compare,
    ast.IfExp: Evaluator.conditional,
    ast.Subscript: Evaluator.subscript,
    ast.Slice: Evaluator.slice,
    ast.Lambda: Evaluator.lambda_function,
    ast.NamedExpr: Evaluator.named,
    ast.Await: Evaluator.awaited,
    ast.Yield: Evaluator.yielded,
    ast.YieldFrom: Evaluator.yielded_from,
    ast.Starred: Evaluator.starred,
    ast.ListComp: Evaluator.comprehension_list,
    ast.GeneratorExp: Evaluator.comprehension_list,
    ast.SetComp: Evaluator.comprehension_list,
    ast.DictComp: Evaluator.comprehension_dict,
}
