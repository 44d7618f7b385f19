"""What a rule says to write: operations, and between them what is no operation.

`migrate_guard.rendering.alembic` prints it as Alembic code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from migrate_guard.model.operations import Operation


@dataclass(frozen=True, slots=True)
class Note:
    """A comment: what is to be done that nobody can write down beforehand."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Python that is no operation: an assignment to `revision`, a `sa.Column(…)`, a `raise`."""

    text: str


@dataclass(frozen=True, slots=True)
class AutocommitBlock:
    """Outside a transaction: `with op.get_context().autocommit_block():`."""

    body: tuple[Operation | Note | Code, ...]


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A whole `def downgrade() -> None:`; `pass` without a body."""

    body: tuple[Operation | Note | Code | AutocommitBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnRevision:
    """What belongs into a script of its own, up to the next such part."""

    body: tuple[Operation | Note | Code | AutocommitBlock, ...]
    why: str


Part: TypeAlias = Operation | Note | AutocommitBlock | OwnRevision | Downgrade | Code
Instead: TypeAlias = tuple[Part, ...]
