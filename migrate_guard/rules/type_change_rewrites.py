from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import resting, safer
from migrate_guard.asking.expand_contract import expanded
from migrate_guard.asking.locks import blocks_for_long, held, takes_long, who_waits, would_do
from migrate_guard.dialects.effects import converts_alike
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Answer, Effects
from migrate_guard.model.finding import Confidence
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, OwnRevision, Part
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import CheckConstraint, Index, Table
from migrate_guard.rule import Problem, Severity, Statement, rule

_UTC: Final = "UTC"
_ADD_VALUE: Final = (
    "Add what is new to the enum with ALTER TYPE … ADD VALUE, which touches no row; for another change, add a column of"
    " the new type, write both from now on, and fill it in batches."
)
_EXPAND: Final = (
    "Add a column of the new type, write both from now on, fill it in batches, build beside the old one what rests on"
    " it, and let it take the old one's place."
)
_CHECK_AGAIN: Final = "Drop the CHECK before it, add it again NOT VALID, and VALIDATE it in a revision of its own."
_BUILD_AGAIN: Final = (
    "Drop the index concurrently before it and build it concurrently after it: queries do without it for that time."
)
_AFTER_CHANGE: Final = "the lock of the change is gone by then"
_NO_INDEX: Final = "the index is gone by then"
_WORKS: Final = (
    ("rewrites every row of", "may rewrite every row of"),
    ("rebuilds an index of", "may rebuild an index of"),
    ("reads every row of", "may read every row of"),
)


class _Way(NamedTuple):
    """What to do, and its code."""

    help: str
    instead: Instead = ()


@rule("MG308", on=Statement[ops.AlterColumn], severity=Severity.ERROR, yields_to=("MG811", "MG816"))
def type_change_rewrites(statement: Statement[ops.AlterColumn]) -> Iterator[Problem]:
    """Flag a change of a column's type that rewrites a table in use, rebuilds its indexes, or reads every row."""
    op, hazards = statement.op, statement.hazards
    is_change = op.modify_type is not None or op.modify_computed is not ops.UNSET
    if not is_change or not blocks_for_long(hazards) or not statement.has_rows(op.table):
        return
    does, answer = _work(hazards)
    done = f'changing "{op.column}" to {op.modify_type}' if op.modify_type else f'the new expression of "{op.column}"'
    message = (
        f'{done} {does} "{op.table}" under {held(hazards, op.table)} while {who_waits(hazards, op.table)} wait:'
        f" {answer.why[0]}"
    )
    way = _way(statement)
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help=way.help,
        instead=way.instead and safer.in_place(statement, way.instead),
        confidence=asking.confidence(op) if answer.is_yes else Confidence.MEDIUM,
    )


def _work(hazards: Effects) -> tuple[str, Answer]:
    """What is done to the table: what is certain before what may be, the heavier before the lighter."""
    answers = (hazards.rewrites, hazards.rebuilds_index, hazards.scans)
    found = [(words, answer) for words, answer in zip(_WORKS, answers, strict=True) if answer.is_possible]
    (surely, maybe), answer = next((each for each in found if each[1].is_yes), found[0])
    return (surely if answer.is_yes else maybe), answer


# -- what to write


def _way(statement: Statement[ops.AlterColumn]) -> _Way:
    op = statement.op
    if op.modify_type is None:
        return _Way(
            "Add a column that a trigger fills with the new expression, fill the rows that are there in batches, and"
            " let the application read that one."
        )
    plain = replace(op, using=None)
    is_plain = op.using is None or converts_alike(op, statement.before, statement.target)
    if is_plain and op.using is not None and not takes_long(would_do(statement, plain)):
        return _Way("Leave USING out: the plain change gives the same values and writes none.", (_directive(plain),))
    if is_plain and not takes_long(would_do(statement, plain, _UTC)):
        return _in_utc(statement, plain)
    if op.modify_type.values:
        return _Way(_ADD_VALUE, expanded(statement))
    return _rebuilt_later(statement) or _Way(_EXPAND, expanded(statement))


def _directive(op: ops.AlterColumn) -> ops.AlterColumn:
    return replace(op, is_sql=False, in_batch=False, part=0)


def _in_utc(statement: Statement[ops.AlterColumn], plain: ops.AlterColumn) -> _Way:
    is_local = statement.transaction.is_block
    zone = ops.SetParameter(span=plain.span, is_sql=True, name="timezone", value=_UTC, is_local=is_local)
    parts: list[Part] = [Note("the values without a zone are those of UTC"), zone, _directive(plain)]
    if not is_local:
        parts.append(replace(zone, value="DEFAULT"))
    return _Way("Set the session's TimeZone to UTC before it, if UTC is what the values mean.", tuple(parts))


def _rebuilt_later(statement: Statement[ops.AlterColumn]) -> _Way | None:
    """The rows stay: what is built or checked again because of the change goes before it and comes back after it."""
    op, table = statement.op, statement.before.table(statement.op.table)
    if table is None or would_do(statement, op).rewrites.is_possible:
        return None
    checks = [each for each in resting.checks(table, op.column) if not each.not_valid and not each.not_enforced]
    indexes = [each for each in resting.indexes(table, op.column) if _is_rebuilt(statement, table, each)]
    dropped = [*_indexes_dropped(indexes, op), *_checks_dropped(checks, op)]
    if not dropped or takes_long(would_do(statement, op, after=dropped)):
        return None
    if not all(each.name for each in checks) or any(each.unique or not each.name for each in indexes):
        return None
    changed = (*_checks_dropped(checks, op), _directive(op), *_checks_added(checks, op))
    if not indexes:
        return _Way(_CHECK_AGAIN, (*changed, OwnRevision(tuple(_validated(checks, op)), _AFTER_CHANGE)))
    built = safer.without_timeouts(statement, list(_indexes_built(indexes, op)))
    again = AutocommitBlock((*built, *_validated(checks, op)))
    lifted = safer.without_timeouts(statement, _indexes_dropped(indexes, op))
    before = safer.outside_transaction(statement, lifted)
    if any(isinstance(each, OwnRevision) for each in before):
        return _Way(_BUILD_AGAIN, (*before, OwnRevision(changed, _NO_INDEX), OwnRevision((again,), _AFTER_CHANGE)))
    return _Way(_BUILD_AGAIN, (*before, *changed, OwnRevision((again,), _AFTER_CHANGE)))


def _is_rebuilt(statement: Statement[ops.AlterColumn], table: Table, index: Index) -> bool:
    """Whether the change builds an index anew, were it the only one."""
    others = [each for each in resting.indexes(table, statement.op.column) if each is not index]
    dropped = _indexes_dropped(others, statement.op)
    return would_do(statement, statement.op, after=dropped).rebuilds_index.is_possible


def _indexes_dropped(indexes: Sequence[Index], op: ops.AlterColumn) -> list[ops.DropIndex]:
    names = (QualifiedName(each.name, op.table.schema) for each in indexes if each.name)
    return [
        ops.DropIndex(span=op.span, index=name, table=op.table, concurrently=True, if_exists=True) for name in names
    ]


def _indexes_built(indexes: Sequence[Index], op: ops.AlterColumn) -> Iterator[ops.Operation]:
    for index, leftover in zip(indexes, _indexes_dropped(indexes, op), strict=True):
        yield leftover
        yield ops.CreateIndex(span=op.span, table=op.table, index=index, concurrently=True)


def _checks_dropped(checks: Sequence[CheckConstraint], op: ops.AlterColumn) -> list[ops.DropConstraint]:
    return [ops.DropConstraint(span=op.span, table=op.table, constraint=each.name, kind="check") for each in checks]


def _checks_added(checks: Sequence[CheckConstraint], op: ops.AlterColumn) -> Iterator[ops.AddConstraint]:
    for each in checks:
        constraint = replace(each, not_valid=True, is_implicit_name=False)
        yield ops.AddConstraint(span=op.span, table=op.table, constraint=constraint)


def _validated(checks: Sequence[CheckConstraint], op: ops.AlterColumn) -> Iterator[ops.ValidateConstraint]:
    for each in checks:
        if each.name:
            yield ops.ValidateConstraint(span=op.span, is_sql=True, table=op.table, constraint=each.name)
