"""A plan for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

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
LONGEST_LOCK: Final = 40
_LEAST_LOCK: Final = len("SHARE UPDATE EXCLUSIVE")
_INDENT: Final = 6


def render(plan: Plan, width: int, *, color: bool, verbose: bool) -> str:
    """Return a plan as text of `width` columns."""
    blocks = ["\n".join(_revision(each, width, color=color, verbose=verbose)) for each in plan.revisions]
    total = textwrap.fill(facts.total(plan), width, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join((*blocks, total)) + "\n"


def _revision(revision: PlannedRevision, width: int, *, color: bool, verbose: bool) -> Iterator[str]:
    direction = "downgrade: " if revision.direction == "downgrade" else ""
    database = f"{visible(revision.database)}: " if revision.database else ""
    message = f"{database}{direction}{visible(revision.revision.message)}"
    yield head(visible(revision.revision.id), message, facts.transaction(revision), width, color=color)
    if not revision.statements:
        yield f"{'':{_INDENT}}" + (f"it has no {revision.direction}()" if revision.is_missing else "no statement")
    yield from table([_row(each, revision, width, verbose=verbose) for each in revision.statements], width, color=color)


def head(name: str, message: str, where: str, width: int, *, color: bool) -> str:
    """Return the line above the statements of a revision."""
    title = cut(f"  {message}", max(width - _columns(name) - len(where) - 2, 1))
    padding = " " * max(width - _columns(name) - _columns(title) - len(where), 2)
    return paint(name, BOLD, color) + (title + padding + paint(where, FAINT, color)).rstrip()


class Row(NamedTuple):
    """A statement, and what is said of it."""

    line: int
    sql: str
    cells: Sequence[str]
    """The lock comes first, then who waits."""
    style: str
    """Of the first two cells."""
    notes: Sequence[str] = ()


def table(rows: Sequence[Row], width: int, *, color: bool) -> Iterator[str]:
    """Return the lines of some statements, with what is said of them in columns."""
    widths = [max(map(_columns, column)) for column in zip(*(each.cells for each in rows), strict=True)]
    # what does not fit on a line of facts is taken from the names of tables
    most = max(width - _INDENT - sum(each + 2 for each in widths[1:] if each), _LEAST_LOCK)
    widths = [min(each, most) if at == 0 else each for at, each in enumerate(widths)]
    for row in rows:
        yield from _statement(row._replace(cells=[cut(row.cells[0], most), *row.cells[1:]]), widths, width, color=color)
        for note in row.notes:
            yield paint(f"{'':{_INDENT}}{note}", FAINT, color)


def _row(statement: PlannedStatement, revision: PlannedRevision, width: int, *, verbose: bool) -> Row:
    cells = [
        cut(visible(facts.locks(statement)), LONGEST_LOCK),
        facts.waiting(statement),
        facts.work(statement),
        facts.size(statement),
        visible(facts.held(statement, revision)),
    ]
    style = RED if statement.blocks_reads.is_possible else YELLOW if statement.blocks_writes.is_possible else ""
    condition = [cut(visible(statement.condition), width - _INDENT)] if statement.condition else []
    why = list(map(visible, statement.why)) if verbose else []
    left = [cut(told, width - _INDENT)] if (told := facts.left(statement)) else []
    return Row(statement.line, statement.sql, cells, style, [*condition, *left, *why])


def _statement(row: Row, widths: Sequence[int], width: int, *, color: bool) -> Iterator[str]:
    line = f"{row.line:>{_INDENT - 2}}  "
    # what is behind the end of the line is not worth looking at
    sql = visible(" ".join(row.sql[: 20 * width].split()))
    facts_width = sum(each + 2 for each in widths if each)
    painted = _painted(row, widths, color=color)
    if width >= WIDE and width - _INDENT - facts_width >= _LEAST_SQL:
        room = width - _INDENT - facts_width
        shown = cut(sql, room)
        yield (line + shown + " " * (room - _columns(shown)) + painted).rstrip()
        return
    yield line + cut(sql, width - _INDENT)
    if any(row.cells):
        yield " " * (_INDENT - 2) + painted


def _painted(row: Row, widths: Sequence[int], *, color: bool) -> str:
    """The facts in their columns, in colours, without spaces at the end."""
    last = max((at for at, each in enumerate(row.cells) if each), default=-1)
    text = ""
    for at, (cell, column) in enumerate(zip(row.cells, widths, strict=True)):
        if column and at <= last:
            shown = paint(cell, row.style, color and bool(row.style)) if at < 2 else cell
            text += "  " + shown + " " * (column - _columns(cell) if at < last else 0)
    return text


def _columns(text: str) -> int:
    return sum(width for _, width in cells(text))


def cut(text: str, width: int) -> str:
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
