from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.asking.locks import blocks_for_long, held, takes_long, who_waits, would_do
from migrate_guard.dialects.effects import converts_alike
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Answer, Effects
from migrate_guard.model.finding import Confidence
from migrate_guard.model.instead import Instead, Note, OwnRevision, Part
from migrate_guard.model.schema import CheckConstraint, Column
from migrate_guard.rule import Problem, Severity, Statement, rule

_UTC: Final = "UTC"
_ADD_VALUE: Final = (
    "Add what is new to the enum with ALTER TYPE … ADD VALUE, which touches no row; for another change, add a column of"
    " the new type, write both from now on, and fill it in batches."
)
_WORKS: Final = (
    ("rewrites every row of", "may rewrite every row of"),
    ("rebuilds an index of", "may rebuild an index of"),
    ("reads every row of", "may read every row of"),
)


class _Way(NamedTuple):
    """What to do, and its code."""

    help: str
    instead: Instead = ()


@rule("MG308", on=Statement[ops.AlterColumn], severity=Severity.ERROR, yields_to=("MG120", "MG121"))
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
        return _Way(_ADD_VALUE, _expanded(statement).instead)
    checks = _checks(statement)
    without = would_do(statement, op)
    is_scan = not (without.rewrites.is_possible or without.rebuilds_index.is_possible)
    if is_scan and checks and all(each.name for each in checks):
        return _unchecked(statement, checks)
    return _expanded(statement)


def _directive(op: ops.AlterColumn) -> ops.AlterColumn:
    return replace(op, is_sql=False, in_batch=False, part=0)


def _in_utc(statement: Statement[ops.AlterColumn], plain: ops.AlterColumn) -> _Way:
    is_local = statement.transaction.is_block
    zone = ops.SetParameter(span=plain.span, is_sql=True, name="timezone", value=_UTC, is_local=is_local)
    parts: list[Part] = [Note("the values without a zone are those of UTC"), zone, _directive(plain)]
    if not is_local:
        parts.append(replace(zone, value="DEFAULT"))
    return _Way("Set the session's TimeZone to UTC before it, if UTC is what the values mean.", tuple(parts))


def _checks(statement: Statement[ops.AlterColumn]) -> list[CheckConstraint]:
    """The CHECKs that are checked again because of the change."""
    op, table = statement.op, statement.before.table(statement.op.table)
    return [
        each
        for each in (table.check_constraints if table else ())
        if op.column in each.columns and not each.not_valid and not each.not_enforced
    ]


def _unchecked(statement: Statement[ops.AlterColumn], checks: list[CheckConstraint]) -> _Way:
    op = statement.op
    span, table = op.span, op.table
    dropped = [ops.DropConstraint(span=span, table=table, constraint=each.name, kind="check") for each in checks]
    added = [
        ops.AddConstraint(span=span, table=table, constraint=replace(each, not_valid=True, is_implicit_name=False))
        for each in checks
    ]
    validated = [
        ops.ValidateConstraint(span=span, is_sql=True, table=table, constraint=each.name)
        for each in checks
        if each.name
    ]
    later = OwnRevision(tuple(validated), "VALIDATE reads every row, without the lock of the change")
    return _Way(
        "Drop the CHECK before it, add it again NOT VALID, and VALIDATE it in a revision of its own.",
        (*dropped, _directive(op), *added, later),
    )


def _expanded(statement: Statement[ops.AlterColumn]) -> _Way:
    """A second column of the new type: expand, and contract when nothing uses the old one any more."""
    op = statement.op
    words = (
        "Add a column of the new type, write both from now on, fill it in batches, and drop the old one when nothing"
        " reads it any more."
    )
    assert op.modify_type is not None
    name = f"{op.column}_new"
    column = Column(name, op.modify_type, op.span, collation=op.collation)
    added = ops.AddColumn(span=op.span, table=op.table, column=column)
    if takes_long(would_do(statement, added)):
        return _Way(words)
    return _Way(
        words,
        (
            added,
            Note(f'write both columns from now on (a trigger, or the application), and fill "{name}" in batches;'),
            Note(f'in later revisions: its indexes and constraints, read it, drop "{op.column}"'),
        ),
    )
