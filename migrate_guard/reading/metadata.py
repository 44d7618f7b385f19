"""MetaData that a script creates or drops tables with, and that is not its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrate_guard.model.facts import LiveMetadata
from migrate_guard.reading.values import MetaDataValue, Value

if TYPE_CHECKING:
    from migrate_guard.reading.calls import CallEvaluator


def note_live(machine: CallEvaluator, node: ast.Call, receiver: Value = None) -> None:
    """Remember a call that makes what the application's models are today.

    A MetaData that the script builds, or a module beside the migrations, stays what it is.
    """
    from migrate_guard.reading.application import is_of_migrations

    if not isinstance(node.func, ast.Attribute):
        return
    if isinstance(receiver, MetaDataValue) and receiver.origin in ("", machine.path):
        return
    root: ast.expr = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    name = root.id if isinstance(root, ast.Name) else ""
    origin = machine.imported.get(name, "")
    if origin and is_of_migrations(machine, origin):
        return
    machine.remember(
        LiveMetadata(
            span=machine.span(node),
            action="create_all" if node.func.attr == "create_all" else "drop_all",
            receiver=ast.unparse(node.func.value)[:60],
            origin=origin,
        )
    )
