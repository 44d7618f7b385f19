from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from migrate_guard.asking import deed, write_inverse
from migrate_guard.model import operations as ops
from migrate_guard.model.revision import Revision, Run, Transition
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@dataclass(frozen=True, slots=True)
class Options:
    downgrades: Literal["required", "raise", "none"] = "required"
    """"required": a downgrade takes the upgrade back, or raises; "raise": every downgrade raises, and one that does
    nothing is told to; "none": the project has no downgrades."""


LEAVES_NOTHING: Final = (
    ops.Insert,
    ops.Update,
    ops.Delete,
    ops.SetParameter,
    ops.Opaque,
    ops.ValidateConstraint,
)
"""Operations that change rows, the session, or nothing that a downgrade would have to take back."""


@rule("MG202", on=Revision, severity=Severity.ERROR, options=Options)
def empty_downgrade(view: RevisionView, options: Options) -> Iterator[Problem]:
    """Flag a downgrade that does nothing while the upgrade changes the schema."""
    revision, upgrade, downgrade = view.revision, view.upgrade, view.downgrade
    if options.downgrades == "none" or revision.is_merge or not revision.downgrade or not upgrade or not downgrade:
        return
    changes = _changes(upgrade)
    if not changes or downgrade.raises or _does_something(downgrade):
        return
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    refusal = f'raise NotImplementedError("{revision.id} cannot be taken back")'
    yield Problem(
        f"downgrade() does nothing although upgrade() {deed(changes[0])}{more}, "
        'so "alembic downgrade" moves the version back and leaves the schema as it is',
        revision.downgrade,
        help="Take the upgrade back in downgrade(), or raise in it to say that it cannot be.",
        instead=refusal if options.downgrades == "raise" else write_inverse(changes) or refusal,
    )


def _does_something(run: Run) -> bool:
    return any(not isinstance(each.operation, ops.SetParameter) for each in run.transitions)


def _changes(run: Run) -> list[ops.Operation]:
    """The operations of an upgrade that leave something in the schema."""
    return [each.operation for each in run.transitions if _leaves_something(each, run)]


def _leaves_something(transition: Transition, run: Run) -> bool:
    match transition.operation:
        case ops.RawSql(kind=kind):
            verb, _, rest = kind.upper().partition(" ")
            return verb in ("CREATE", "ALTER", "DROP") and not rest.startswith(("EXTENSION", "DATABASE", "SYSTEM"))
        case ops.AddEnumValue(if_not_exists=True):
            return False
        case ops.AlterColumn(table=name, column=column):
            before, after = transition.before.table(name), transition.after.table(name)
            return before is None or after is None or _facets(before, column) != _facets(after, column)
        case ops.CreateTable(table=table):
            return not _is_passing(table.name in run.before.tables, table.name in run.after.tables)
        case ops.TableOperation(table=name) if not isinstance(transition.operation, LEAVES_NOTHING):
            is_given = name not in transition.before.tables
            return is_given or not _is_passing(name in run.before.tables, name in run.after.tables)
    return not isinstance(transition.operation, LEAVES_NOTHING)


def _facets(table: Table, column: str) -> Column | None:
    """A column without the place that made it what it is."""
    found = table.column(column)
    return replace(found, span=table.span) if found else None


def _is_passing(before: bool, after: bool) -> bool:
    """Whether a table comes and goes within the upgrade."""
    return not before and not after
