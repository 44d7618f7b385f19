"""What a session works on: mapped classes, as far as they are not Core's business."""

from __future__ import annotations

import ast
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from migrate_guard.model.facts import OrmPart, OrmUse
from migrate_guard.model.revision import Unknown
from migrate_guard.reading.values import (
    Class,
    Clause,
    ColumnValue,
    Connection,
    External,
    Instance,
    Statement,
    TableValue,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call
    from migrate_guard.reading.machine import Machine

_OF_OBJECTS: Final = frozenset(
    {"add", "add_all", "merge", "delete", "get", "get_one", "refresh", "bulk_save_objects"}
)  # fmt: skip
_OF_MAPPINGS: Final = frozenset({"bulk_insert_mappings", "bulk_update_mappings"})
"""They write dictionaries as they are: no objects (sqlalchemy/orm/bulk_persistence.py, `_bulk_insert`)."""
_CHANGING: Final = frozenset({"delete", "update"})
_COUNTING: Final = frozenset({"count", "exists", "scalar_subquery", "subquery"})
"""What is made of a query without loading what it is for."""


def is_of_entity(value: Value) -> bool:
    """Whether a value is a mapped class, an object or an attribute of one, or a name of the application."""
    if isinstance(value, ColumnValue):
        return value.table is not None
    return isinstance(value, Class | Instance | External)


def part(call: Call) -> OrmPart:
    """What a query takes of the classes in its arguments: picked columns, or whole objects."""
    is_aligned = not any(isinstance(each, ast.Starred) for each in call.node.args)
    pairs = zip_longest(call.args, call.node.args if is_aligned else ())
    return "columns" if call.args and all(_is_column(value, node) for value, node in pairs) else "objects"


def _is_column(value: Value, node: ast.expr | None) -> bool:
    match value:
        case ColumnValue() | Clause() | Statement():
            return True
        case list() | tuple():
            return all(_is_column(each, None) for each in value)
        case External(path=path):
            return path.rpartition(".")[2][:1].islower()
        case Unknown():
            return _is_written_as_column(node)
    return False


def _is_written_as_column(node: ast.expr | None) -> bool:
    """`models.Order.state`, `distinct(models.Order.state)`, `models.Order.state.label("state")`."""
    while isinstance(node, ast.Call):
        node = node.args[0] if node.args and not _is_of_attribute(node.func) else _receiver(node.func)
    return node is not None and _is_of_attribute(node)


def _is_of_attribute(node: ast.expr) -> bool:
    """Whether an expression is an attribute of a class, by how both are written, or of such an attribute."""
    match node:
        case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner) as value, attr=name):
            return name[:1].islower() and (owner[:1].isupper() or _is_of_attribute(value))
    return False


def _receiver(node: ast.expr) -> ast.expr | None:
    return node.value if isinstance(node, ast.Attribute) else None


def note_session(receiver: Connection, call: Call) -> OrmUse | None:
    """Remember that a session works on mapped classes or their objects; Core statements are none of its business."""
    takes = _taken(call)
    if takes is None or call.machine.importing:
        return None
    value = call.get(0)
    model = value.owner.name if isinstance(value, Instance) else value.name if isinstance(value, Class) else ""
    use = OrmUse(
        span=receiver.opened_at or call.span,
        call=call.name,
        at=call.span,
        model=model,
        takes=takes,
        is_tolerated=bool(call.machine.tolerating),
    )
    call.machine.remember(use)
    return use


def _taken(call: Call) -> OrmPart | None:
    if call.name == "query":
        is_core = call.args and all(isinstance(each, TableValue | Clause) or _is_of_core(each) for each in call.args)
        return None if is_core else part(call)
    if call.name in _OF_OBJECTS:
        return "objects"
    if call.name in _OF_MAPPINGS:
        return "names"
    first = call.get(0, "statement")
    return first.entities if isinstance(first, Statement) else None


def _is_of_core(value: Value) -> bool:
    return isinstance(value, ColumnValue) and value.table is None


def note_query(machine: Machine, statement: Statement, call: str) -> None:
    """Remember what a session's query comes to."""
    use = statement.use
    if use is not None and call not in _COUNTING:
        machine.remember(replace(use, call="for" if call == "query" else call))


def note_change(statement: Statement, call: Call) -> None:
    """Remember that the database does by itself what a session's query is for.

    What is only counted may be read as well, in ways that are not followed, unless it is written in one expression.
    """
    use = statement.use
    if use is not None and (call.name in _CHANGING or (call.name in _COUNTING and _is_one_expression(call.node))):
        call.machine.remember(replace(use, call=call.name, takes="names"))


def _is_one_expression(node: ast.expr) -> bool:
    """Whether what is made of a query is written behind it: `session.query(…).filter(…).count()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "query":
            return True
        node = node.func.value
    return False
