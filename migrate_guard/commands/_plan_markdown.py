"""A plan for a pull request: a table a revision, in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard.commands import _plan_facts as facts
from migrate_guard.planning import Plan, PlannedRevision, PlannedStatement
from migrate_guard.terminal import visible

_LONGEST: Final = 300
"""Characters of SQL in a cell."""
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]()<>#!|~&@]")
_TICKS: Final = re.compile(r"`+")


def render(plan: Plan) -> str:
    """Return a plan as Markdown."""
    blocks = ["\n".join(_revision(each)) for each in plan.revisions]
    return "\n\n".join((*blocks, _escaped(facts.total(plan)))) + "\n"


def _revision(revision: PlannedRevision) -> Iterator[str]:
    database = f"{_escaped(revision.database)}: " if revision.database else ""
    direction = "downgrade: " if revision.direction == "downgrade" else ""
    yield f"### {_code(revision.revision.id)} {database}{direction}{_escaped(revision.revision.message)}".rstrip()
    yield ""
    yield f"{_code(revision.revision.path)}, {facts.transaction(revision)}"
    yield ""
    if not revision.statements:
        yield f"It has no `{revision.direction}()`." if revision.is_missing else "No statement."
        return
    heads = ["line", "SQL", "locks", "who waits", "work", "size", ""]
    rows = [_row(each, revision) for each in revision.statements]
    kept = [at for at, _ in enumerate(heads) if at < 5 or any(row[at] for row in rows)]
    yield _line([heads[at] for at in kept])
    yield _line(["---:" if at == 0 else "---" for at in kept])
    for row in rows:
        yield _line([row[at] for at in kept])


def _row(statement: PlannedStatement, revision: PlannedRevision) -> list[str]:
    waiting = facts.waiting(statement)
    sql = " ".join(statement.sql[: 10 * _LONGEST].split())
    sql = sql if len(sql) <= _LONGEST else sql[: _LONGEST - 1].rstrip() + "…"
    condition = f"<br>{_escaped(statement.condition)}" if statement.condition else ""
    return [
        str(statement.line),
        _code(sql) + condition,
        _escaped(facts.locks(statement)),
        f"**{waiting}**" if waiting else "",
        facts.work(statement),
        facts.size(statement),
        _escaped(facts.held(statement, revision)),
    ]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """A code span; GitHub looks for pipes before it looks for code."""
    shown = visible(text).replace("|", r"\|")
    longest = max((len(each) for each in _TICKS.findall(shown)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def _escaped(text: str) -> str:
    """Text in which nothing is a mark, a link, a mention or HTML."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};" if found[0] in "<>&@|" else f"\\{found[0]}", visible(text))
