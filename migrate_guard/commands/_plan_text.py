"""A plan for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from migrate_guard.commands import _plan_facts as facts
from migrate_guard.planning import Plan, PlannedRevision, PlannedStatement
from migrate_guard.terminal import cells, paint, visible

RED: Final = "31"
YELLOW: Final = "33"
BOLD: Final = "1"
FAINT: Final = "2"

WIDE: Final = 100
"""From so many columns on there is one line a statement, else two: the SQL, and what is said of it."""
_LEAST_SQL: Final = 32
_LONGEST_LOCK: Final = 40
_LEAST_LOCK: Final = len("SHARE UPDATE EXCLUSIVE")
_INDENT: Final = 6


def render(plan: Plan, width: int, *, color: bool, verbose: bool) -> str:
    """Return a plan as text of `width` columns."""
    blocks = ["\n".join(_revision(each, width, color=color, verbose=verbose)) for each in plan.revisions]
    total = textwrap.fill(facts.total(plan), width, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join((*blocks, total)) + "\n"


def _revision(revision: PlannedRevision, width: int, *, color: bool, verbose: bool) -> Iterator[str]:
    name = visible(revision.revision.id)
    message = visible(revision.revision.message)
    where = facts.transaction(revision)
    direction = "downgrade: " if revision.direction == "downgrade" else ""
    database = f"{visible(revision.database)}: " if revision.database else ""
    head = _cut(f"  {database}{direction}{message}", max(width - _columns(name) - len(where) - 2, 1))
    padding = " " * max(width - _columns(name) - _columns(head) - len(where), 2)
    yield paint(name, BOLD, color) + (head + padding + paint(where, FAINT, color)).rstrip()
    if not revision.statements:
        yield f"{'':{_INDENT}}" + (f"it has no {revision.direction}()" if revision.is_missing else "no statement")
    rows = [_cells(each, revision) for each in revision.statements]
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    # what does not fit on a line of facts is taken from the names of tables
    most = max(width - _INDENT - sum(each + 2 for each in widths[1:] if each), _LEAST_LOCK)
    rows = [[_cut(row[0], most), *row[1:]] for row in rows]
    widths = [min(each, most) if at == 0 else each for at, each in enumerate(widths)]
    for statement, row in zip(revision.statements, rows, strict=True):
        yield from _statement(statement, row, widths, width, color=color)
        if statement.condition:
            yield paint(f"{'':{_INDENT}}{_cut(visible(statement.condition), width - _INDENT)}", FAINT, color)
        for why in statement.why if verbose else ():
            yield paint(f"{'':{_INDENT}}{visible(why)}", FAINT, color)


def _cells(statement: PlannedStatement, revision: PlannedRevision) -> list[str]:
    return [
        _cut(visible(facts.locks(statement)), _LONGEST_LOCK),
        facts.waiting(statement),
        facts.work(statement),
        facts.size(statement),
        visible(facts.held(statement, revision)),
    ]


def _statement(
    statement: PlannedStatement, row: Sequence[str], widths: Sequence[int], width: int, *, color: bool
) -> Iterator[str]:
    line = f"{statement.line:>{_INDENT - 2}}  "
    # what is behind the end of the line is not worth looking at
    sql = visible(" ".join(statement.sql[: 20 * width].split()))
    facts_width = sum(each + 2 for each in widths if each)
    painted = _painted(statement, row, widths, color=color)
    if width >= WIDE and width - _INDENT - facts_width >= _LEAST_SQL:
        room = width - _INDENT - facts_width
        shown = _cut(sql, room)
        yield (line + shown + " " * (room - _columns(shown)) + painted).rstrip()
        return
    yield line + _cut(sql, width - _INDENT)
    if any(row):
        yield " " * (_INDENT - 2) + painted


def _painted(statement: PlannedStatement, row: Sequence[str], widths: Sequence[int], *, color: bool) -> str:
    """The facts in their columns, in colours, without spaces at the end."""
    last = max((at for at, each in enumerate(row) if each), default=-1)
    style = RED if statement.blocks_reads.is_possible else YELLOW if statement.blocks_writes.is_possible else ""
    text = ""
    for at, (cell, column) in enumerate(zip(row, widths, strict=True)):
        if column and at <= last:
            shown = paint(cell, style, color and bool(style)) if at < 2 else cell
            text += "  " + shown + " " * (column - _columns(cell) if at < last else 0)
    return text


def _columns(text: str) -> int:
    return sum(width for _, width in cells(text))


def _cut(text: str, width: int) -> str:
    """The text in at most so many columns, with … where there is more."""
    if len(text) * 2 <= width or _columns(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        columns = _columns(character)
        if used + columns > width:
            break
        kept.append(character)
        used += columns
    return "".join(kept).rstrip() + "…"
