from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.asking.enforced_keys import Enforced, steps
from migrate_guard.dialects.sqlite.foreign_keys import Fate, fate
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.schema import ForeignKey, Schema
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule

MOST_NAMED: Final = 3


class _Child(NamedTuple):
    """A foreign key to the table that is copied."""

    table: QualifiedName
    key: ForeignKey
    fate: Fate

    @property
    def columns(self) -> str:
        return asking.quoted(f"{self.table}.{each}" for each in self.key.columns)


@rule("MG802", on=Revision, severity=Severity.ERROR, dialects=("sqlite",))
def sqlite_batch_deletes_children(view: RevisionView) -> Iterator[Problem]:
    """Flag a batch block that copies a table to which rows refer while foreign_keys is ON: they go with the old one."""
    for run in (view.upgrade, view.downgrade):
        if run is not None:
            yield from _of(run, view)


def _of(run: Run, view: RevisionView) -> Iterator[Problem]:
    # what the range under review has created, too
    new = set(next((each.new for each in view.statements), frozenset())) if run is view.upgrade else set()
    for (op, before, _), enforced in steps(run, view.environment):
        if isinstance(op, ops.CreateTable):
            new.add(op.table.name)
        if enforced is None or not isinstance(op, ops.RecreateTable) or op.table in new or op.is_tolerated:
            continue
        children = [each for each in _children(op.table, before) if each.table not in new]
        if children:
            yield _problem(op, children, enforced, run, view)


def _children(name: QualifiedName, schema: Schema) -> Iterator[_Child]:
    for table in schema.referring(name):
        for key in table.foreign_keys:
            is_sure = table.is_sure_of(key.name or "") and all(table.is_sure_of(each) for each in key.columns)
            if key.referred_table == name and is_sure:
                yield _Child(table.name, key, fate(key))


def _problem(
    op: ops.RecreateTable, children: Sequence[_Child], enforced: Enforced, run: Run, view: RevisionView
) -> Problem:
    copies = f'batch mode copies "{op.table}" and drops the old table while foreign_keys is ON'
    message = f"{copies}: {_consequence(children)}"
    if enforced.ignored is not None:
        message += f"; the PRAGMA in line {enforced.ignored.span.line} does nothing in a transaction that is open"
    related = [Related(enforced.opened_by.span, "it opens the transaction")] if enforced.opened_by else []
    related += [Related(enforced.by, "foreign_keys is switched on here")]
    related += [Related(each.key.span, f"{each.columns} refers to it") for each in children[:MOST_NAMED]]
    return Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.table),
        help=_help(enforced, run, view),
        related=tuple(related),
        confidence=asking.confidence(op),
        direction=run.direction,
    )


def _help(enforced: Enforced, run: Run, view: RevisionView) -> str:
    if view.environment.begins_for_driver:
        return "Run migrations with an engine that does not switch foreign_keys on: no script can switch it off."
    if enforced.opened_by is not None:
        return "Put the PRAGMA before everything that writes rows, batch blocks too."
    return (
        f'Write op.execute("PRAGMA foreign_keys=OFF") as the first line of {run.direction}(), and'
        ' op.execute("PRAGMA foreign_key_check") behind the block to see what refers to nothing.'
    )


def _consequence(children: Sequence[_Child]) -> str:
    """What becomes of the rows that refer to it; where the drop is refused, nothing else comes about."""
    failing = [each for each in children if each.fate == "fails"]
    if failing:
        tables = asking.quoted(dict.fromkeys(str(each.table) for each in failing))
        return f"with rows of {tables} that refer to it, FOREIGN KEY constraint failed"
    deleted = dict.fromkeys(str(each.table) for each in children if each.fate == "deletes")
    parts = [f"every row of {asking.quoted(deleted)} that refers to it is deleted"] if deleted else []
    cleared = [each.columns for each in children if each.fate == "clears"]
    parts += [f"{' and '.join(cleared)} becomes NULL in every row"] if cleared else []
    return " and ".join(parts)
