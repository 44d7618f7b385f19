"""A plan for a pull request: a table a revision, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from migrate_guard.commands import _plan_facts as facts
from migrate_guard.planning import Plan, PlannedRevision, PlannedStatement
from migrate_guard.reporters._markdown import code, code_in_cell, escaped, row

_LONGEST: Final = 300
"""Characters of SQL in a cell."""


def render(plan: Plan) -> str:
    """Return a plan as Markdown."""
    return "\n\n".join((*blocks(plan), escaped(facts.total(plan)))) + "\n"


def blocks(plan: Plan, spelled: Callable[[str], str] = str) -> list[str]:
    """Return the part of each revision, without a line end behind it; `spelled` says how paths are shown."""
    return ["\n".join(_revision(each, spelled(each.revision.path))) for each in plan.revisions]


def _revision(revision: PlannedRevision, path: str) -> Iterator[str]:
    database = f"{escaped(revision.database)}: " if revision.database else ""
    direction = "downgrade: " if revision.direction == "downgrade" else ""
    yield f"### {code(revision.revision.id)} {database}{direction}{escaped(revision.revision.message)}".rstrip()
    yield ""
    yield f"{code(path)}, {facts.transaction(revision)}"
    yield ""
    if not revision.statements:
        yield f"It has no `{revision.direction}()`." if revision.is_missing else "No statement."
        return
    heads = ["line", "SQL", "locks", "who waits", "work", "size", ""]
    rows = [_row(each, revision) for each in revision.statements]
    kept = [at for at, _ in enumerate(heads) if at < 5 or any(each[at] for each in rows)]
    yield row([heads[at] for at in kept])
    yield row(["---:" if at == 0 else "---" for at in kept])
    for each in rows:
        yield row([each[at] for at in kept])


def _row(statement: PlannedStatement, revision: PlannedRevision) -> list[str]:
    waiting = facts.waiting(statement)
    sql = " ".join(statement.sql[: 10 * _LONGEST].split())
    sql = sql if len(sql) <= _LONGEST else sql[: _LONGEST - 1].rstrip() + "…"
    condition = f"<br>{escaped(statement.condition)}" if statement.condition else ""
    return [
        str(statement.line),
        code_in_cell(sql) + condition,
        escaped(facts.locks(statement)),
        f"**{waiting}**" if waiting else "",
        facts.work(statement),
        facts.size(statement),
        escaped(facts.held(statement, revision)),
    ]
