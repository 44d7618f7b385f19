from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import quoted
from migrate_guard.model.operations import Opaque
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG002", on=Opaque, severity=Severity.INFO, directions=("upgrade", "downgrade"), yields_to=("MG116", "MG119"))
def unresolved_operation(step: Step[Opaque]) -> Iterator[Problem]:
    """Report an operation whose table, name or SQL cannot be computed without running the script."""
    tables = quoted(str(table) for table in step.op.tables)
    yield Problem(
        f"what this does{f' to {tables}' if tables else ''} is not known: {step.op.reason}",
        step.op.span,
        object=str(step.op.tables[0]) if len(step.op.tables) == 1 else None,
        help="Write names and SQL as literals, so that what happens to the schema can be followed.",
    )
