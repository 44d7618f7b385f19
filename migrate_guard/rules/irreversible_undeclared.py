from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed, subject
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Code, Downgrade
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

DESTROYS: Final = (ops.DropTable, ops.DropColumn, ops.Delete)


@rule("MG210", on=Revision, severity=Severity.INFO, default=False)
def irreversible_undeclared(view: RevisionView) -> Iterator[Problem]:
    """Flag an upgrade that loses data, and a downgrade that runs as if it gave that back."""
    revision, upgrade, downgrade = view.revision, view.upgrade, view.downgrade
    if not upgrade or not downgrade or not revision.downgrade or downgrade.raises or revision.is_irreversible:
        return
    if not any(not isinstance(each.operation, ops.SetParameter) for each in downgrade.transitions):
        return
    made: set[QualifiedName] = set()
    for each in upgrade.transitions:
        operation = each.operation
        if isinstance(operation, ops.CreateTable):
            made.add(operation.table.name)
        if not _loses_rows(operation) or (isinstance(operation, ops.TableOperation) and operation.table in made):
            continue
        refusal = f'raise NotImplementedError("the data of {subject(operation)} is gone")'
        yield Problem(
            asking.hedged(
                f"upgrade() {_told(operation)}, and downgrade() runs as if the data came back",
                operation,
            ),
            revision.downgrade,
            object=subject(operation),
            help="Raise in downgrade() where the data is needed, or say that it is gone: # irreversible: and why.",
            instead=(Downgrade((Code(refusal),)),),
            related=(Related(operation.span, "the data is lost here"),),
            confidence=asking.confidence(operation),
            direction="downgrade",
        )
        return


def _loses_rows(operation: ops.Operation) -> bool:
    if isinstance(operation, ops.RawSql):
        return operation.kind.startswith("TRUNCATE")
    return isinstance(operation, DESTROYS)


def _told(operation: ops.Operation) -> str:
    if isinstance(operation, ops.Delete):
        return f'deletes rows of "{operation.table}"'
    return deed(operation)
