"""Whether an operation can run a second time: after a failure behind a commit, Alembic starts the revision anew."""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.patterns import lazily

_REPEATABLE: Final = frozenset(
    {"SELECT", "VALUES", "SHOW", "ANALYZE", "VACUUM", "GRANT", "REVOKE", "COMMENT", "LOCK", "LOCK TABLE"}
    | {"SET TRANSACTION", "SET CONSTRAINTS", "SET SESSION CHARACTERISTICS"}
    | {"TRUNCATE", "TRUNCATE TABLE", "REFRESH MATERIALIZED VIEW", "REINDEX"}
)
"""Statements that have no other effect, or none at all, when they run again."""
_GUARDED: Final = lazily(
    r"\s*CREATE\s+OR\s+REPLACE\b|\s*(?:CREATE|DROP|ALTER)\b[^(';]*\bIF\s+(?:NOT\s+)?EXISTS\b", re.IGNORECASE
)


def can_run_again(operation: ops.Operation) -> bool:
    """Whether an operation does no harm and does not fail where it has run before."""
    if operation.is_guarded:
        # it asks the database whether there is something left to do
        return True
    match operation:
        case ops.AlterColumn():
            generated = (operation.modify_identity, operation.modify_computed)
            return operation.using is None and all(each is ops.UNSET for each in generated)
        case ops.CreateView():
            return operation.replace or operation.if_not_exists
        case ops.RawSql():
            return _verb(operation) in _REPEATABLE or _GUARDED.match(operation.sql) is not None
        case ops.SetParameter() | ops.Delete() | ops.ValidateConstraint():
            return True
    return any(getattr(operation, name, False) is True for name in ("if_exists", "if_not_exists"))


def _verb(operation: ops.RawSql) -> str:
    kind = operation.kind
    return kind if kind in _REPEATABLE else kind.partition(" ")[0]
