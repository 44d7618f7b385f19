"""What a rule says to write, as Alembic code with the user's own names, for Alembic 1.12 to 1.20.

An operation becomes a directive; where Alembic or SQLAlchemy have none for it, SQL in `op.execute()`; where that cannot
be written either, a comment that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed
from migrate_guard.model.instead import AutocommitBlock, Code, Downgrade, Instead, Note, OwnRevision, Part
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.target import Target
from migrate_guard.rendering.constructs import escaped
from migrate_guard.rendering.directives import directives, parted
from migrate_guard.rendering.parts import NotKnown
from migrate_guard.rendering.python import call, literal, named, text_literal, written
from migrate_guard.rendering.statements import statements

INDENT: Final = "    "


def alembic_code(instead: Instead, target: Target) -> str | None:
    """The code of the parts in their order, without a newline at the end; None of no parts."""
    return "\n".join(_lines(instead, target, "")) or None


def _lines(parts: Iterable[Part], target: Target, indent: str) -> Iterator[str]:
    for table, members in groupby(parts, _batch_of):
        if table is not None:
            schema = [named("schema", literal(table.schema))] if table.schema else []
            head = call("op.batch_alter_table", literal(table.name), *schema)
            yield from _block(written(head, indent, "with ", " as batch_op:"), _each(members, target, indent + INDENT))
        else:
            yield from _each(members, target, indent)


def _each(parts: Iterable[Part], target: Target, indent: str) -> Iterator[str]:
    for part in parts:
        yield from _part(part, target, indent)


def _block(head: str, body: Iterable[str]) -> Iterator[str]:
    """A compound statement; one with nothing but comments needs a `pass`."""
    yield head
    lines = list(body)
    yield from lines
    if all(line.lstrip().startswith("#") for line in lines):
        indent = head[: len(head) - len(head.lstrip())]
        yield f"{indent}{INDENT}pass"


def _batch_of(part: Part) -> QualifiedName | None:
    """The table of the batch block that a part belongs into."""
    if not isinstance(part, ops.Operation) or not part.in_batch:
        return None
    if isinstance(part, ops.DropIndex):
        return part.table
    return part.table if isinstance(part, ops.TableOperation) else None


def _part(part: Part, target: Target, indent: str) -> Iterator[str]:
    match part:
        case Note(text=text):
            yield from _comment(text, indent)
        case Code(text=text):
            yield "\n".join(f"{indent}{line}" if line else line for line in text.split("\n"))
        case AutocommitBlock(body=body):
            head = f"{indent}with op.get_context().autocommit_block():"
            yield from _block(head, _lines(body, target, indent + INDENT))
        case Downgrade(body=body):
            yield from _block(f"{indent}def downgrade() -> None:", _lines(body, target, indent + INDENT))
        case OwnRevision(body=body, why=why):
            yield from _comment(f"in a revision of its own: {why}", indent)
            yield from _lines(body, target, indent)
        case ops.RecreateTable():
            # the block makes it by itself
            return
        case ops.Operation():
            for each in parted(part):
                yield from _operation(each, target, indent)


def _comment(text: str, indent: str) -> Iterator[str]:
    yield from (f"{indent}# {line}".rstrip() for line in text.splitlines())


def _operation(operation: ops.Operation, target: Target, indent: str) -> Iterator[str]:
    try:
        try:
            code = list(directives(operation, target))
        except NotKnown:
            owner = "batch_op" if _batch_of(operation) else "op"
            texts = statements(operation, target)
            code = [call(f"{owner}.execute", text_literal(escaped(each))) for each in texts]
    except NotKnown as error:
        yield from _comment(f"what {deed(operation)} cannot be written: {error}", indent)
    else:
        yield from (written(each, indent) for each in code)
