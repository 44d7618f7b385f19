from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE, referring, then_ignore
from migrate_guard.asking.replaced import may_be_moved, rows_copied_to, table_replacement
from migrate_guard.asking.running import is_unmapped, mapped_by
from migrate_guard.model.operations import DropTable
from migrate_guard.rule import Confidence, Problem, Severity, Step, rule

_COPY_OF_BATCH: Final = "_alembic_tmp_"
"""How Alembic's batch mode calls the table it copies into; one that is there is left from a batch that failed."""


@rule("MG401", on=DropTable, severity=Severity.WARNING, yields_to=("MG125", "MG122"))
def table_dropped(step: Step[DropTable]) -> Iterator[Problem]:
    """Flag a table in use that is dropped: its rows are lost, and code that still uses it fails."""
    op = step.op
    if step.is_new(op.table) or not _is_there(step) or op.table.name.startswith(_COPY_OF_BATCH):
        return
    if is_unmapped(step, op.table):
        return
    replacement = table_replacement(step, op.table)
    if replacement is not None and replacement.is_filled:
        return
    if replacement is not None:
        message = f"dropping {_named(step)} and creating it anew loses its rows"
        help_ = "Alter the table, or copy the rows into the new one before the old one goes."
    else:
        message = _message(step)
        help_ = (
            f'Drop "{op.table}" when no release that uses it runs any more or is rolled back to, under'
            f" {then_ignore('MG401')}; until then only the models lose it."
        )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.table),
        help=help_,
        severity=Severity.ERROR if step.running else None,
        confidence=min(asking.confidence(op), Confidence.MEDIUM if _may_be_absent(step) else Confidence.HIGH),
    )


def _is_there(step: Step[DropTable]) -> bool:
    """Whether the history does not say that there is no such table."""
    name, before = step.op.table, step.before
    return name in before.tables or not (name in before.gone or name in before.views or before.is_closed)


def _may_be_absent(step: Step[DropTable]) -> bool:
    """Whether the script allows for a table that is not there, and the history does not tell of it."""
    return step.op.if_exists and step.before.table(step.op.table) is None


def _named(step: Step[DropTable]) -> str:
    return f'"{step.op.table}", if it is there,' if _may_be_absent(step) else f'"{step.op.table}"'


def _user(step: Step[DropTable]) -> str:
    """Who uses the table, as far as that is known."""
    classes = mapped_by(step, step.op.table)
    return f"{OLD_CODE}, where {classes} maps it," if classes else f"{OLD_CODE} that uses it"


def _by(step: Step[DropTable]) -> str:
    classes = mapped_by(step, step.op.table)
    return f": {classes} maps it" if classes else ""


def _message(step: Step[DropTable]) -> str:
    name = step.op.table
    table = step.before.table(name)
    copy = rows_copied_to(step, name)
    if copy is not None:
        message = f'dropping "{name}", whose rows are copied to "{copy}", makes {OLD_CODE} fail that uses it{_by(step)}'
    elif table is not None and table.partition_of is not None:
        message = f'dropping "{name}" loses the rows of this partition of "{table.partition_of}"'
    else:
        rows = "what the script has not moved of its rows" if may_be_moved(step, name) else "its rows"
        message = f"dropping {_named(step)} loses {rows}, and {_user(step)} fails"
    others = referring(table, None, step.before) if table else []
    return f"{message}; foreign keys of {asking.quoted(others)} refer to it" if others else message
