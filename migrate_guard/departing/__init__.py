"""Where an upgrade has done otherwise than its plan says: the pure stage behind `roundtrip --trace`.

The plan of a revision and what was observed of it in, the departures of one from the other out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.departing.aligning import aligned
from migrate_guard.model.effects import Answer, Verdict
from migrate_guard.model.locks import Lock, LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.round_trip import Departure, ObservedStatement, Trace
from migrate_guard.model.source import Span
from migrate_guard.planning import PlannedStatement

_MOST: Final = 2
"""What is told one by one of a statement."""
_NOT_KNOWN: Final = "-- not known"
_HAS_PLANNER: Final = lazily(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|REFRESH|CREATE\s+MATERIALIZED)\b", re.IGNORECASE
)
"""What finds its rows as the planner likes: a table of a few it reads whole though an index leads to them."""
_LEFT_OUT: Final = lazily(
    r"\s*(?:SELECT|WITH|SHOW|VALUES|TABLE|EXPLAIN|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT)\b", re.IGNORECASE
)
"""What plans leave out: queries, and the transactions and savepoints of SQLAlchemy."""


def departures(path: str, planned: Sequence[PlannedStatement], trace: Trace) -> tuple[Departure, ...]:
    """Compare what was planned for the upgrade of a script with what it did.

    What is not known, or depends, agrees with both.
    """
    pairs = aligned(planned, trace.statements)
    is_open = any(_is_open(each) for each in planned)
    found: list[Departure] = []
    for pair in pairs:
        if pair.observed is None:
            if trace.is_whole and not is_open:
                found += _not_run(path, pair.planned)
        elif pair.observed.has_failed:
            continue
        elif not pair.planned:
            found += () if is_open else _not_planned(path, pair.observed)
        else:
            found += _together(list(_of_pair(path, pair.planned, pair.observed, trace.there)))
    return tuple(found)


def _together(departures: Sequence[Departure]) -> Iterator[Departure]:
    """All that is to be said of one statement, as one."""
    if departures:
        planned = _listed([each.planned for each in departures])
        yield replace(departures[0], planned=planned, observed=_listed([each.observed for each in departures]))


def _listed(parts: Sequence[str]) -> str:
    """The first of several, and how many more there are."""
    more = len(parts) - _MOST
    return f"{', '.join(parts[:_MOST])} and {more} more" if more > 0 else " and ".join(parts)


def _is_open(statement: PlannedStatement) -> bool:
    """Whether it stands for statements that nobody knows."""
    return statement.operation == "unknown" or statement.sql.startswith(_NOT_KNOWN)


def _not_run(path: str, planned: Sequence[PlannedStatement]) -> Iterator[Departure]:
    for each in planned:
        if each.condition is None:
            yield Departure(_at(path, each.line), each.sql, "that it runs", "that it does not", _name(each.table))


def _not_planned(path: str, observed: ObservedStatement) -> Iterator[Departure]:
    """A statement that no plan has; queries are left out of plans."""
    name, mode = next(iter(_strongest_first(observed.locks or {})), ("", LockMode.ACCESS_SHARE))
    if mode is not LockMode.ACCESS_SHARE:
        yield Departure(_at(path, observed.line), observed.sql, "nothing of it", _lock(mode, name), name)
    elif not _LEFT_OUT.match(observed.sql):
        yield Departure(_at(path, observed.line), observed.sql, "nothing of it", "that it runs")


def _of_pair(
    path: str, planned: Sequence[PlannedStatement], observed: ObservedStatement, there: Sequence[str]
) -> Iterator[Departure]:
    if any(_is_open(each) for each in planned):
        return
    at, sql = _at(path, observed.line), observed.sql
    if observed.locks is not None:
        expected = _expected(planned, {*there, *observed.held, *observed.locks})
        is_open = any(Verdict.DEPENDS in (each.blocks_reads.verdict, each.blocks_writes.verdict) for each in planned)
        for name in sorted({*expected, *observed.locks}):
            before = observed.held.get(name)
            wanted, seen = _stronger(expected.get(name), before), _stronger(observed.locks.get(name), before)
            is_excused = is_open if (seen or 0) > (wanted or 0) else not observed.is_exact
            if wanted != seen and not is_excused:
                yield Departure(at, sql, _lock(expected.get(name), name), _lock(seen, name), name)
    yield from _of_work(at, sql, "rewrite", [each.rewrites for each in planned], observed.rewrites)
    if observed.scans is not None and not _HAS_PLANNER.match(sql):
        # new storage is made of all rows, and read again for its indexes
        is_told = any(each.scans.is_yes for each in planned)
        scans = [each for each in observed.scans if is_told or each not in observed.rewrites]
        yield from _of_work(
            at, sql, "scan", [each.scans for each in planned], scans or (observed.rewrites if is_told else ())
        )


def _of_work(at: Span, sql: str, what: str, answers: Sequence[Answer], observed: Sequence[str]) -> Iterator[Departure]:
    verdict = max(each.verdict for each in answers)
    if verdict is Verdict.YES and not observed:
        names = sorted({str(name) for each in answers if each.is_yes for name in each.relations})
        yield Departure(at, sql, f"a {what}{_of(names)}", f"no {what}", next(iter(names), None))
    elif verdict is Verdict.NO and observed:
        yield Departure(at, sql, f"no {what}", f"a {what}{_of(observed)}", observed[0])


def _at(path: str, line: int) -> Span:
    return Span(path, line, 1, line, 1)


def _of(names: Sequence[str]) -> str:
    quoted = [f'"{each}"' for each in names]
    return f" of {_listed(quoted)}" if names else ""


def _lock(mode: Lock | None, name: str) -> str:
    return f'{mode or "no lock"} on "{name}"'


def _stronger(one: Lock | None, other: Lock | None) -> Lock | None:
    return max(filter(None, (one, other)), default=None)


def _expected(planned: Sequence[PlannedStatement], names: set[str]) -> dict[str, Lock]:
    """The strongest planned lock on each relation that was there."""
    found: dict[str, Lock] = {}
    for statement in planned:
        for lock in statement.locks:
            name = _called(lock.table, names)
            if name is not None:
                found[name] = max(lock.mode, found.get(name, lock.mode))
    return found


def _called(table: QualifiedName, names: set[str]) -> str | None:
    """What the database calls a relation of the plan: without a schema where that is on the search path."""
    same = [each for each in names if each.rpartition(".")[2] == table.name]
    if str(table) in same:
        return str(table)
    return next((each for each in sorted(same) if table.schema is None or "." not in each), None)


def _name(table: QualifiedName | None) -> str | None:
    return None if table is None else str(table)


def _strongest_first(locks: Mapping[str, LockMode]) -> list[tuple[str, LockMode]]:
    return sorted(locks.items(), key=lambda each: (-each[1], each[0]))
