from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design
from migrate_guard.asking.equal_indexes import repeated, without
from migrate_guard.model.schema import PrimaryKey, Table
from migrate_guard.rule import Problem, Related, Severity, TableView, rule


@rule("MG609", on=Table, severity=Severity.WARNING)
def duplicate_index(view: TableView) -> Iterator[Problem]:
    """Flag a table with two indexes that do the same, those behind its keys included."""
    if not design.is_told(view):
        return
    pairs = repeated(view)
    if not pairs:
        return
    table = view.table
    places = [design.latest(view, needless.of.span, stays.of.span) for needless, stays in pairs]
    told = " and ".join(f"{needless} repeats {stays}" for needless, stays in pairs[:2])
    more = f" and {len(pairs) - 2} more do likewise" if len(pairs) > 2 else ""
    gone = " and ".join(str(needless) for needless, _ in pairs) if len(pairs) <= 2 else "those that repeat another"
    yield Problem(
        f'on "{table.name}" {told}{more}: each write keeps both up to date, and a search uses one',
        design.latest(view, *places),
        object=str(table.name),
        help=f"Leave {gone} out; drop what a database has of it.",
        instead=without(view, (needless for needless, _ in pairs)),
        related=tuple(Related(stays.of.span, f"{stays} is made here") for _, stays in pairs[:1]),
        # An index on a key that is there anyway costs writes and room, and is what many a base class declares.
        severity=Severity.INFO if all(isinstance(stays.of, PrimaryKey) for _, stays in pairs) else None,
        confidence=design.certainty(table),
    )
