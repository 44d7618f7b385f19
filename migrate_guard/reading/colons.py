"""Colons in SQL texts that SQLAlchemy takes for parameters.

`TextClause` looks for `:name` wherever no colon, word character or backslash stands before it, and neither a colon nor
a word character behind it; quotes and comments do not matter (`_bind_params_regex` of sqlalchemy/sql/elements.py,
2.0.58 and 2.1.9). A text that is executed needs a value for each; in DDL one without a value becomes NULL.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from migrate_guard.model.facts import ColonBind
from migrate_guard.model.patterns import lazily
from migrate_guard.reading.outside import parts
from migrate_guard.reading.values import HOLE, Clause, ConstraintValue, Generated, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrate_guard.model.source import Span
    from migrate_guard.reading.calls import Call

PARAMETER: Final = lazily(rf"(?<![:\w\\{HOLE}]):(\w+)(?![:\w{HOLE}])")
"""A parameter of `text()`; beside a part that is not known nothing is one."""


def note_sent(call: Call, value: Value, given: Value, locate: Callable[[int, int], Span]) -> None:
    """Remember the parameters of a text that is executed without values for them."""
    if not isinstance(value, Clause) or not value.is_text or ":" not in value.text:
        return
    text = value.text
    supplied = _supplied(call, value, given)
    if supplied is None:
        return
    found = [each for each in PARAMETER.finditer(text) if each[1] not in supplied]
    if not found:
        return
    first = found[0]
    is_whole = HOLE not in text and not supplied
    call.machine.remember(
        ColonBind(
            span=locate(first.start(), first.end()),
            names=tuple(dict.fromkeys(each[1] for each in found)),
            sql=text if is_whole else "",
        )
    )


def _supplied(call: Call, value: Clause, given: Value) -> frozenset[str] | None:
    """The names of the parameters that have a value; None where that cannot be told."""
    if value.takes_more:
        return None
    names = {name for name, _ in value.parameters}
    if given is not None and not _is_display(call.argument_node(1, "parameters", "params")):
        return None
    rows = given if isinstance(given, list | tuple) else [given]
    for each in rows:
        if isinstance(each, Mapping):
            names.update(map(str, each))
        elif each is not None:
            return None
    reserved = {"execution_options", "statement", "sqltext", "parameters", "params", "bind_arguments"}
    names.update(name for name in call.kwargs if name not in reserved)
    return None if call.node in call.machine.partly_known else frozenset(names)


def _is_display(node: ast.expr | None) -> bool:
    """Whether a value stands there with all its keys: what a variable holds may depend on conditions."""
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(_is_display, node.elts))
    return isinstance(node, ast.Dict) and None not in node.keys


def note_ddl(call: Call, values: Iterable[Value], conditions: Iterable[Value]) -> None:
    """Remember the parameters in pieces of DDL: in `sa.text()`, and in strings that become one."""
    texts = [*conditions]
    for each in parts(values):
        if isinstance(each, Clause) and each.is_text and not each.parameters and not each.takes_more:
            texts.append(each.text)
        elif isinstance(each, ConstraintValue):
            texts.append(each.sqltext)
        elif isinstance(each, Generated) and each.kind == "computed":
            texts += each.args[:1]
    names = [each[1] for text in texts if isinstance(text, str) and ":" in text for each in PARAMETER.finditer(text)]
    if names:
        call.machine.remember(ColonBind(span=call.span, names=tuple(dict.fromkeys(names)), is_sent=False))
