from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import scripts
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import PrimaryKey
from migrate_guard.rule import Problem, RevisionView, Severity, rule

_HARMLESS: Final = ("SELECT", "COMMENT", "GRANT", "REVOKE", "LOCK", "ANALYZE", "VACUUM", "EXPLAIN", "COPY TO")


@rule("MG125", on=Revision, severity=Severity.ERROR)
def version_table_touched(view: RevisionView) -> Iterator[Problem]:
    """Flag a script that writes to the table in which Alembic keeps the revision, or changes it."""
    for run in scripts.runs(view):
        for transition in run.transitions:
            op = transition.operation
            table = _touched(op, view.environment.version_table)
            if table is None or _is_as_of_alembic(op):
                continue
            yield Problem(
                asking.hedged(_message(op, table), op),
                op.span,
                object=str(table),
                help="Leave it out: Alembic writes the row itself, and `alembic stamp` sets it by hand.",
                confidence=asking.confidence(op),
                direction=run.direction,
            )


def _touched(op: ops.Operation, version_table: str) -> QualifiedName | None:
    """The version table, if the operation is about it."""
    if isinstance(op, ops.CreateTable):
        named: tuple[QualifiedName, ...] = (op.table.name,)
    elif isinstance(op, ops.TableOperation):
        named = (op.table,)
    elif isinstance(op, ops.RawSql) and not op.kind.startswith(_HARMLESS):
        named = op.tables
    else:
        return None
    return next((each for each in named if each.name == version_table), None)


def _is_as_of_alembic(op: ops.Operation) -> bool:
    """Whether it only makes room for longer revision ids, as there is no other way to, or Alembic's own primary key.

    An old Alembic made the table without one, which `version_table_pk=False` of `context.configure` still does.
    """
    if isinstance(op, ops.AddConstraint):
        return isinstance(op.constraint, PrimaryKey) and op.constraint.columns == ("version_num",)
    return isinstance(op, ops.AlterColumn) and op.modify_type is not None and op.modify_type.family == "text"


def _message(op: ops.Operation, table: QualifiedName) -> str:
    if isinstance(op, ops.Insert | ops.Update | ops.Delete):
        return (
            f'the rows of "{table}" are Alembic\'s account of the revisions that have run: after this it updates a row '
            "that is not there, or runs revisions again"
        )
    if isinstance(op, ops.CreateTable):
        return f'"{table}" is there before the first revision runs: Alembic has created it'
    if isinstance(op, ops.DropTable):
        return f'without "{table}" Alembic cannot record the revision, and the migration fails at its end'
    return f'"{table}" is Alembic\'s own, and the migration {deed(op)}'
