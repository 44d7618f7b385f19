from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model.operations import DropTable, RawSql
from migrate_guard.rule import Problem, Severity, Step, rule

_DISABLED: Final = "ALTER TABLE DISABLE ROW LEVEL SECURITY"
_NOT_FORCED: Final = "ALTER TABLE NO FORCE ROW LEVEL SECURITY"
_AGAIN: Final = {
    _DISABLED: "ALTER TABLE ENABLE ROW LEVEL SECURITY",
    _NOT_FORCED: "ALTER TABLE FORCE ROW LEVEL SECURITY",
}


@rule("MG915", on=RawSql, severity=Severity.WARNING, dialects=("postgresql",))
def row_security_disabled(step: Step[RawSql]) -> Iterator[Problem]:
    """Flag row level security that is switched off: everybody with a privilege on the table gets every row."""
    op = step.op
    if op.kind not in _AGAIN or not op.tables or step.is_new(op.tables[0]):
        return
    table = op.tables[0]
    if any(_ends(each.operation, op) for each in step.later):
        return
    if op.kind == _DISABLED and _was_never_on(step):
        return
    policies = sorted(
        each.name for each in step.before.attached.values() if each.table == table and _is_policy(each.kind)
    )
    if op.kind == _DISABLED:
        kept = f": the {_policies(policies)} stays and is not asked" if policies else ""
        message = f'every role with a privilege on "{table}" gets all of its rows from here on{kept}'
    else:
        message = (
            f'the owner of "{table}" is no longer bound by its policies: an application that connects as owner gets'
        )
        message += " every row"
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(table),
        help=f"Leave row level security of {table} on; a role that has to see every row gets BYPASSRLS or a policy of"
        " its own.",
        confidence=asking.confidence(op),
    )


def _policies(names: list[str]) -> str:
    return (
        f"policy {asking.quoted(names[:1])}"
        if len(names) == 1
        else f"policy {asking.quoted(names[:1])} (of {len(names)})"
    )


def _is_policy(kind: str) -> bool:
    return kind == "POLICY"


def _ends(later: object, op: RawSql) -> bool:
    """Whether it is on again when the revision ends, or the table is gone."""
    match later:
        case RawSql(kind=kind, tables=tables):
            return kind == _AGAIN[op.kind] and tables[:1] == op.tables[:1]
        case DropTable(table=table):
            return table == op.tables[0]
    return False


def _was_never_on(step: Step[RawSql]) -> bool:
    """Whether the history tells that there is nothing to switch off."""
    table = step.op.tables[0]
    known = step.before.table(table)
    is_told = known is not None and known.is_told and not known.is_given
    return is_told and not step.before.row_security.get(table, False) and not step.before.may_have_row_security
