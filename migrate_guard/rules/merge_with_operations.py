from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import confidence, hedged
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

LEAVES_THE_SCHEMA: Final = (ops.Insert, ops.Update, ops.Delete, ops.SetParameter, ops.Opaque)
DEFINES: Final = ("CREATE", "ALTER", "DROP", "DO", "COMMENT", "GRANT", "REVOKE")


@rule("MG114", on=Revision, severity=Severity.WARNING)
def merge_with_operations(view: RevisionView) -> Iterator[Problem]:
    """Flag a merge revision that changes the schema as well."""
    if not view.revision.is_merge or view.upgrade is None:
        return
    changes = [each.operation for each in view.upgrade.transitions if _changes_schema(each.operation)]
    if not changes:
        return
    first = max(changes, key=confidence)
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    message = f'"{view.revision.id}" merges branches and also {deed(first)}{more}, where nobody looks for it'
    yield Problem(
        hedged(message, first),
        first.span,
        object=view.revision.id,
        help="Leave upgrade() and downgrade() of the merge empty, and change the schema in a revision that follows it.",
        confidence=confidence(first),
    )


def _changes_schema(operation: ops.Operation) -> bool:
    if isinstance(operation, ops.RawSql):
        return operation.kind.upper().startswith(DEFINES)
    return not isinstance(operation, LEAVES_THE_SCHEMA)
