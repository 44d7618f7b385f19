"""Calls that end or begin a transaction.

What they do inside of Alembic's (tried on Alembic 1.20.1 with SQLAlchemy 2.0.58 and 2.1.9):

- `commit()` and `rollback()` of the connection end the transaction that Alembic has begun. What follows, the row of the
  version table with it, runs in one that SQLAlchemy begins by itself and nobody commits.
- `commit()` of the driver's connection ends it as well, and SQLAlchemy does not know: it commits what the driver begins
  next.
- `begin()` of the connection is refused: it is in a transaction.
- A session on the connection joins the transaction: its `commit()` and `begin()` leave it as it is, its `rollback()`
  rolls it back (`join_transaction_mode` of sqlalchemy/orm/session.py).
- An engine opens another connection, which knows nothing of what the migration has done, and keeps what it has done
  itself.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrate_guard.model.facts import TransactionAction, TransactionCall
from migrate_guard.reading.values import Connection

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call


def note_transaction(receiver: Connection, call: Call) -> None:
    """Remember a call that takes a transaction out of Alembic's hands."""
    machine = call.machine
    if machine.failing or machine.importing:
        return
    action: TransactionAction
    match call.name:
        case "begin" if receiver.is_engine:
            action = "engine"
        case "begin" if receiver.own is None and not receiver.is_session:
            action = "begin"
        case "commit" if receiver.own is None and not receiver.is_session:
            action = "driver commit" if receiver.is_driver else "commit"
        case "rollback" if receiver.own is None:
            action = "rollback"
        case _:
            return
    machine.remember(TransactionCall(span=call.span, action=action, call=f"{ast.unparse(call.node.func)[:60]}()"))
