from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.asking import design
from migrate_guard.asking.equal_indexes import Access, repeated, without
from migrate_guard.model.schema import PrimaryKey, Table
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Related, Severity, TableView, rule


@rule("MG609", on=Table, severity=Severity.WARNING)
def duplicate_index(view: TableView) -> Iterator[Problem]:
    """Flag a table with two indexes that do the same, those behind its keys included."""
    at = _place(view)
    if at is None:
        return
    table, pairs = view.table, repeated(view)
    told = " and ".join(f"{needless} repeats {stays}" for needless, stays in pairs[:2])
    more = f" and {len(pairs) - 2} more do likewise" if len(pairs) > 2 else ""
    gone = " and ".join(str(needless) for needless, _ in pairs) if len(pairs) <= 2 else "those that repeat another"
    is_warning = not _are_of_key(pairs) and design.is_first_of_script(view, at, _places_of_warnings)
    yield Problem(
        f'on "{table.name}" {told}{more}: each write keeps both up to date, and a search uses one',
        at,
        object=str(table.name),
        help=f"Leave {gone} out; drop what a database has of it.",
        instead=without(view, (needless for needless, _ in pairs)),
        related=tuple(Related(stays.of.span, f"{stays} is made here") for _, stays in pairs[:1]),
        severity=None if is_warning else Severity.INFO,
        confidence=design.certainty(table),
    )


def _place(view: TableView) -> Span | None:
    pairs = repeated(view) if design.is_told(view) else ()
    places = [design.latest(view, needless.of.span, stays.of.span) for needless, stays in pairs]
    return design.latest(view, *places) if places else None


def _places_of_warnings(view: TableView) -> Iterator[Span]:
    at = _place(view)
    if at is not None and not _are_of_key(repeated(view)):
        yield at


def _are_of_key(pairs: Sequence[tuple[Access, Access]]) -> bool:
    """Whether all of them repeat a primary key: that costs writes and room, and many a base class declares it."""
    return all(isinstance(stays.of, PrimaryKey) for _, stays in pairs)
