"""What a dataclass of settings says of its fields: the strings below them, as sentences for a reader."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping


def descriptions(kind: type) -> Mapping[str, str]:
    """Return the name of each field of a class with what the string below it says, on one line."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
