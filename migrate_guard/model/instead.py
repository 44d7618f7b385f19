"""What a rule says to write: operations, and between them what is no operation.

`migrate_guard.rendering.alembic` prints it as Alembic code.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from migrate_guard.model.operations import Operation


class Note(Struct, frozen=True):
    """A comment: what is to be done that nobody can write down beforehand."""

    text: str


class Code(Struct, frozen=True):
    """Python that is no operation: an assignment to `revision`, a `sa.Column(…)`, a `raise`."""

    text: str


class AutocommitBlock(Struct, frozen=True):
    """Outside a transaction: `with op.get_context().autocommit_block():`."""

    body: tuple[Operation | Note | Code, ...]


class Downgrade(Struct, frozen=True):
    """A whole `def downgrade() -> None:`; `pass` without a body."""

    body: tuple[Operation | Note | Code | AutocommitBlock, ...] = ()


class OwnRevision(Struct, frozen=True):
    """What belongs into a script of its own, up to the next such part."""

    body: tuple[Operation | Note | Code | AutocommitBlock, ...]
    why: str


Part: TypeAlias = Operation | Note | AutocommitBlock | OwnRevision | Downgrade | Code
Instead: TypeAlias = tuple[Part, ...]
