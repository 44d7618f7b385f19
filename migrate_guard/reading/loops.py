"""Loops that do one thing: what they send for each row, as the script writes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrate_guard.model.queries import EachRow

_PARAMETERS = 2
"""Arguments of `execute(statement, parameters)`."""


def each_row(node: ast.For | ast.AsyncFor) -> EachRow | None:
    """What a loop sends for each row; None where it does anything else, or takes a row as a whole.

    Names that the body gives to texts before are its own business: they are the same in each round.
    """
    *before, last = node.body
    if node.orelse or not all(map(_is_text, before)) or not isinstance(last, ast.Expr):
        return None
    call = last.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "execute":
        return None
    values = _parameters(call)
    names = {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    if not values or (isinstance(node.target, ast.Name) and not _are_parts(values, node.target.id)):
        return None
    if not names or any(isinstance(each, ast.NamedExpr | ast.Await) for _, value in values for each in ast.walk(value)):
        return None
    target = ast.unparse(node.target).removeprefix("(").removesuffix(")")
    is_mapping = any(
        isinstance(each, ast.Subscript) and _is_named(each) for _, value in values for each in ast.walk(value)
    )
    return EachRow(target, tuple((name, ast.unparse(value)) for name, value in values), is_mapping)


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(value=ast.Call(func=ast.Attribute(attr="text") | ast.Name(id="text"), args=[ast.Constant()])):
            return True
        case ast.Assign(value=ast.Constant(value=str())):
            return True
    return False


def _is_named(node: ast.Subscript) -> bool:
    return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)


def _are_parts(values: list[tuple[str, ast.expr]], row: str) -> bool:
    """Whether a row is asked for its values only: not handed on, not one value by itself."""
    asked = {
        id(each.value)
        for _, value in values
        for each in ast.walk(value)
        if isinstance(each, ast.Attribute) or (isinstance(each, ast.Subscript) and _is_named(each))
    }
    named = (each for _, value in values for each in ast.walk(value) if isinstance(each, ast.Name) and each.id == row)
    return all(id(each) in asked for each in named)


def _parameters(call: ast.Call) -> list[tuple[str, ast.expr]]:
    """`execute(…, {"id": row.id})`, or a Core expression with `.where(t.c.id == row.id)` and `.values(state=…)`."""
    if len(call.args) == _PARAMETERS and isinstance(given := call.args[1], ast.Dict):
        keys = [each.value for each in given.keys if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return list(zip(keys, given.values, strict=True)) if len(keys) == len(given.values) else []
    if len(call.args) != 1 or call.keywords:
        return []
    found, node = list[tuple[str, ast.expr]](), call.args[0]
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("where", "values"):
            parts = list(_named_values(node))
            if not parts:
                return []
            found = parts + found
        elif node.func.attr not in ("update", "delete"):
            return []
        node = node.func.value
    return found


def _named_values(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    for each in call.args:
        match each:
            case ast.Compare(left=ast.Attribute(attr=name), ops=[ast.Eq()], comparators=[value]):
                yield name, value
            case _:
                return
    for keyword in call.keywords:
        if keyword.arg is None:
            return
        yield keyword.arg, keyword.value
