"""What upgrades have done, for a terminal: as `plan` shows what they will do, with the time that it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate_guard.commands._plan_text import LONGEST_LOCK, RED, YELLOW, Row, cut, head, table
from migrate_guard.model.locks import LockMode
from migrate_guard.model.round_trip import ObservedStatement, RoundTrip, Trace
from migrate_guard.terminal import visible

_INDENT = 6


def render(trips: Sequence[RoundTrip], width: int, *, color: bool) -> str:
    """Return the traces of round trips as text of `width` columns."""
    blocks = ["\n".join(_trip(each, each.trace, width, color=color)) for each in trips if each.trace is not None]
    return "".join(f"{block}\n\n" for block in blocks)


def _trip(trip: RoundTrip, trace: Trace, width: int, *, color: bool) -> Iterator[str]:
    milliseconds = sum(each.milliseconds for each in trace.statements)
    where = f"upgrade: {_time(milliseconds)}"
    yield head(visible(trip.revision.id), visible(trip.revision.message), where, width, color=color)
    if not trace.statements:
        yield f"{'':{_INDENT}}no statement"
    yield from table(list(_rows(trace)), width, color=color)


def _rows(trace: Trace) -> Iterator[Row]:
    since: int | None = None
    for each in trace.statements:
        if not each.in_transaction or not any(mode.blocks_writes for mode in each.held.values()):
            since = None
        blocking = [mode for mode in (each.locks or {}).values() if mode.blocks_writes]
        waits = f"after {since}" if since is not None else "by itself" if not each.in_transaction else ""
        cells = [
            cut(visible(_locks(each)), LONGEST_LOCK),
            _waiting(blocking),
            _work(each),
            _time(each.milliseconds),
            waits,
        ]
        reads = any(mode.blocks_reads for mode in blocking)
        yield Row(each.line, each.sql, cells, RED if reads else YELLOW if blocking else "")
        since = each.line if since is None and blocking and each.in_transaction else since


def _locks(statement: ObservedStatement) -> str:
    """The strongest lock with the relations that have it, and how many weaker ones came with it."""
    if statement.has_failed:
        return "fails"
    if statement.locks is None:
        return "not observed"
    if not statement.locks:
        return ""
    strongest = max(statement.locks.values())
    names = [name for name, mode in _sorted(statement.locks) if mode is strongest]
    others = len(statement.locks) - len(names)
    return f"{strongest} on {', '.join(names)}" + (f" +{others}" if others else "")


def _sorted(locks: Mapping[str, LockMode]) -> list[tuple[str, LockMode]]:
    return sorted(locks.items())


def _waiting(blocking: Sequence[LockMode]) -> str:
    if any(mode.blocks_reads for mode in blocking):
        return "all wait"
    return "writes wait" if blocking else ""


def _work(statement: ObservedStatement) -> str:
    if statement.rewrites:
        return "rewrites"
    if statement.scans is None:
        return "scans not observed"
    return "scans" if statement.scans else ""


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
