"""Evaluate expressions without running them: what cannot be known is `Unknown`, with the reason."""

from __future__ import annotations

import ast
import builtins
import operator
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.machine import MAXIMUM_TEXT, Machine
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Clause,
    Columns,
    ColumnValue,
    EnumMember,
    External,
    Function,
    Instance,
    OrderedSet,
    Rows,
    Scope,
    SqlType,
    Statement,
    TableValue,
    Value,
)

PRIMITIVES: Final = (str, int, float, complex, bool, bytes, type(None), type(Ellipsis))
CONTAINERS: Final = (list, tuple, dict, set, frozenset, range)
SQL_VALUES: Final = (Clause, ColumnValue, Statement, SqlType, Columns)

_BUILTINS: Final = frozenset(dir(builtins))

_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_PERCENT: Final = re.compile(r"%(?:\(\w*\))?[#0\- +]*(?:\d+|\*)?(?:\.\d+)?[diouxXeEfFgGcrsa]")

_FAILURES: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What Python's own operations raise on values they do not fit."""


def truth(value: Value) -> bool | None:
    """Whether a value is true; None when that is not known."""
    if isinstance(value, str):
        return True if value.replace(HOLE, "") else (None if value else False)
    if isinstance(value, Unknown | Rows | Clause):
        return None
    if isinstance(value, (*PRIMITIVES, *CONTAINERS)):
        return bool(value)
    return True


def is_plain(value: Value) -> bool:
    """Whether a value is wholly known Python data."""
    if isinstance(value, str):
        return HOLE not in value
    if isinstance(value, PRIMITIVES):
        return True
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(each) for key, each in value.items())
    if isinstance(value, CONTAINERS):
        return all(map(is_plain, value))
    return False


def to_text(value: Value) -> str:
    """What `str()` and formatting make of a value; HOLE where that is not known."""
    if isinstance(value, EnumMember):
        return to_text(value.value) if value.is_string else HOLE
    if isinstance(value, Clause):
        return value.text
    if isinstance(value, ColumnValue):
        return value.name
    if isinstance(value, TableValue):
        return str(value.name)
    if isinstance(value, list | tuple | dict | set) and not is_plain(value):
        return HOLE
    if isinstance(value, (*PRIMITIVES, *CONTAINERS)):
        return str(value)
    return HOLE


def known_items(value: Value) -> Sequence[Value] | None:
    """The elements of an iterable value; None when they are not known."""
    if isinstance(value, str):
        return None if HOLE in value else list(value)
    if isinstance(value, (bytes, *CONTAINERS)):
        return list(value)
    if isinstance(value, Class) and value.is_enum:
        return enum_members(value)
    if isinstance(value, Columns):
        return list(value.table.columns)
    if isinstance(value, Instance):
        return None
    return None


def enum_members(owner: Class) -> list[EnumMember]:
    return [each for each in owner.scope.variables.values() if isinstance(each, EnumMember)]


class Evaluator(Machine):
    """Expressions; calls and attributes are answered by the subclass."""

    __slots__ = ()

    _EVALUATE: ClassVar[dict[type[ast.expr], Callable[[Any, Any, Scope], Value]]]

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; raises OutOfBudget."""
        evaluate = self._EVALUATE.get(type(node))
        if evaluate is None:
            return Unknown(f"{type(node).__name__} expressions are not computed", self.span(node))
        return evaluate(self, node, scope)

    @abstractmethod
    def call(self, node: ast.Call, scope: Scope) -> Value: ...

    @abstractmethod
    def attribute(self, value: Value, name: str, node: ast.expr) -> Value: ...

    @abstractmethod
    def lookup_outside(self, name: str, scope: Scope) -> Value: ...

    def constant(self, node: ast.Constant, scope: Scope) -> Value:
        return node.value

    def name(self, node: ast.Name, scope: Scope) -> Value:
        return self.lookup(node.id, scope)

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
                    found.extend(items)
            else:
                found.append(self.evaluate(node, scope))
        return found

    def list_display(self, node: ast.List, scope: Scope) -> Value:
        return self.elements(node.elts, scope)

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
        return self.bounded("".join(parts), node)

    def formatted(self, node: ast.FormattedValue, scope: Scope) -> str:
        value = self.evaluate(node.value, scope)
        if node.conversion == ord("r") or node.conversion == ord("a"):
            return repr(value) if is_plain(value) else HOLE
        if node.format_spec is not None:
            specification = self.evaluate(node.format_spec, scope)
            if not is_plain(value) or not is_plain(specification) or len(specification) > 32:
                return HOLE
            try:
                return format(value, specification)
            except _FAILURES:
                return HOLE
        return to_text(value)

    def bounded(self, value: Value, node: ast.expr) -> Value:
        if isinstance(value, str | bytes | list | tuple) and len(value) > MAXIMUM_TEXT:
            return Unknown("it is too large to be computed", self.span(node))
        return value

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
            return _sql_expression(left, right)
        if kind is ast.Mod and isinstance(left, str):
            return self.bounded(_percent(left, right), node)
        if kind is ast.Add and (isinstance(left, str) or isinstance(right, str)):
            left = HOLE if isinstance(left, Unknown) else left
            right = HOLE if isinstance(right, Unknown) else right
        if isinstance(left, Unknown):
            return left
        if isinstance(right, Unknown):
            return right
        if not isinstance(left, (*PRIMITIVES, *CONTAINERS)) or not isinstance(right, (*PRIMITIVES, *CONTAINERS)):
            return Unknown("it is computed from values that are not known", self.span(node))
        if isinstance(left, OrderedSet) and isinstance(right, OrderedSet) and kind in _SETS:
            return _SETS[kind](left, right)
        if _is_explosive(kind, left, right):
            return Unknown("it is too large to be computed", self.span(node))
        try:
            return self.bounded(_ARITHMETIC[kind](left, right), node)
        except (*_FAILURES, KeyError) as error:
            return Unknown(f"computing it fails: {error}", self.span(node))

    def unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            known = truth(value)
            return Unknown("it depends on a value that is not known", self.span(node)) if known is None else not known
        if isinstance(value, SQL_VALUES):
            return _sql_expression(value)
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
                unknown = value if isinstance(value, Unknown) else Unknown("its truth is not known", self.span(each))
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
            same = _is_same(left, right)
            if same is None:
                return Unknown("it depends on a value that is not known", self.span(node))
            return same is isinstance(kind, ast.Is)
        if isinstance(kind, ast.In | ast.NotIn):
            inside = _contains(right, left)
            if inside is None:
                return Unknown("it depends on a value that is not known", self.span(node))
            return inside is isinstance(kind, ast.In)
        if isinstance(left, SQL_VALUES) or isinstance(right, SQL_VALUES):
            return _sql_expression(left, right)
        left, right = _enum_value(left, right), _enum_value(right, left)
        if is_plain(left) and is_plain(right):
            try:
                return bool(_COMPARISONS[type(kind)](left, right))
            except _FAILURES:
                return Unknown("the comparison fails", self.span(node))
        if isinstance(kind, ast.Eq | ast.NotEq) and left is right and not isinstance(left, Unknown | Rows):
            return isinstance(kind, ast.Eq)
        for value in (left, right):
            if isinstance(value, Unknown):
                return value
        return Unknown("it depends on a value that is not known", self.span(node))

    def conditional(self, node: ast.IfExp, scope: Scope) -> Value:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, scope)
        first, second = self.evaluate(node.body, scope), self.evaluate(node.orelse, scope)
        if is_plain(first) and is_plain(second) and first == second:
            return first
        return Unknown(f"it depends on {ast.unparse(node.test)[:60]!r}", self.span(node))

    def subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        index = self.evaluate(node.slice, scope)
        if isinstance(value, Class) and value.is_enum:
            return next((each for each in enum_members(value) if each.name == index), Unknown("no such member"))
        if isinstance(value, Columns) and isinstance(index, str):
            return value.table.column(index) or Clause(index, columns=(index,))
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (*CONTAINERS, str, bytes)) and (is_plain(index) or isinstance(index, slice)):
            try:
                return cast(Any, value)[index]
            except _FAILURES as error:
                return Unknown(f"no such element: {error}", self.span(node))
        if isinstance(value, External):
            return value
        return Unknown("an element of a value that is not known", self.span(node))

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
        return Function(name, node, scope, tuple(self.evaluate(each, scope) for each in node.args.defaults), keyword)

    def named(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        scope.variables[node.target.id] = value
        return value

    def awaited(self, node: ast.Await, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

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
            return iterable if isinstance(iterable, Unknown) else Unknown("it ranges over rows or values not known")
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
        with self.under(f"for each element of {source}"):
            each(scope)

    @abstractmethod
    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None: ...


_SETS: Final[dict[type[ast.operator], Callable[[OrderedSet, OrderedSet], OrderedSet]]] = {
    ast.BitOr: lambda left, right: OrderedSet.of([*left, *right]),
    ast.BitAnd: lambda left, right: OrderedSet.of(each for each in left if each in right),
    ast.Sub: lambda left, right: OrderedSet.of(each for each in left if each not in right),
}


def _is_explosive(kind: type[ast.operator], left: Value, right: Value) -> bool:
    if kind is ast.Mult:
        sized, count = (left, right) if isinstance(right, int) else (right, left)
        if isinstance(sized, str | bytes | list | tuple) and isinstance(count, int):
            return len(sized) * count > MAXIMUM_TEXT
        return _bits(left) + _bits(right) > 100_000
    if kind in (ast.Pow, ast.LShift):
        return isinstance(right, int) and abs(right) * max(_bits(left), 1) > 100_000
    return False


def _bits(value: Value) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _percent(text: str, value: Value) -> str:
    if isinstance(value, Mapping):
        filled: Value = {key: _fill(each) for key, each in value.items()}
    elif isinstance(value, tuple):
        filled = tuple(map(_fill, value))
    else:
        filled = _fill(value)
    try:
        return str(text % filled)
    except _FAILURES:
        return _PERCENT.sub(HOLE, text)


def _fill(value: Value) -> Value:
    return value if isinstance(value, int | float) else to_text(value)


def _sql_expression(*values: Value) -> Clause:
    columns: list[str] = []
    for value in values:
        if isinstance(value, ColumnValue):
            columns.append(value.name)
        elif isinstance(value, Clause):
            columns.extend(value.columns)
    return Clause(HOLE, columns=tuple(columns))


def _is_same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown | Rows) or isinstance(right, Unknown | Rows):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, EnumMember) and isinstance(right, EnumMember):
        return left == right
    return True if left is right else None


def _contains(container: Value, item: Value) -> bool | None:
    if isinstance(container, str) and isinstance(item, str):
        if item in container:
            return True
        return None if HOLE in container or HOLE in item else False
    if isinstance(container, Columns) and isinstance(item, str):
        return container.table.column(item) is not None
    items = known_items(container)
    if items is None:
        return None
    item = _enum_value(item, None)
    if is_plain(item) and any(is_plain(each) and each == item for each in items):
        return True
    if is_plain(item) and all(map(is_plain, items)):
        return False
    return True if any(each is item for each in items if not isinstance(item, Unknown)) else None


def _enum_value(value: Value, other: Value) -> Value:
    if isinstance(value, EnumMember) and value.is_string and not isinstance(other, EnumMember):
        return value.value
    return value


Evaluator._EVALUATE = {
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
    ast.Starred: Evaluator.starred,
    ast.ListComp: Evaluator.comprehension_list,
    ast.GeneratorExp: Evaluator.comprehension_list,
    ast.SetComp: Evaluator.comprehension_list,
    ast.DictComp: Evaluator.comprehension_dict,
}
