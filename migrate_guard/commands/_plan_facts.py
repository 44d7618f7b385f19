"""What is said of a planned statement in words, for people."""

from __future__ import annotations

from typing import Final

from migrate_guard.planning import Plan, PlannedRevision, PlannedStatement

_NOT_KNOWN: Final = "-- not known"
_LONGEST_ID: Final = 12
_ROWS: Final = frozenset({"insert", "update", "delete"})
_TRANSACTIONS: Final = {
    "per-revision": "one transaction",
    "single": "in one transaction with all",
    "none": "no transaction",
}


def transaction(revision: PlannedRevision) -> str:
    """In which transaction a revision runs."""
    return _TRANSACTIONS[revision.transaction]


def locks(statement: PlannedStatement) -> str:
    """The strongest lock with the tables that have it, and how many weaker ones there are.

    An ALTER TABLE says itself which table that is.
    """
    if not statement.locks:
        return "new table" if statement.is_new else ""
    if statement.algorithm is not None and len(statement.locks) == 1:
        return f"{statement.algorithm.name}, {statement.locks[0].mode}"
    strongest = statement.locks[0].mode
    names = [str(each.table) for each in statement.locks if each.mode is strongest]
    others = len(statement.locks) - len(names)
    is_told = names == [str(statement.table)] and statement.sql.startswith("ALTER TABLE ")
    where = "" if is_told else f" on {', '.join(names)}"
    return f"{strongest}{where}" + (f" +{others}" if others else "")


def waiting(statement: PlannedStatement) -> str:
    """Who waits for the statement."""
    if not statement.has_known_effects:
        return "not known"
    reads, writes = statement.blocks_reads, statement.blocks_writes
    for answer, who in ((reads, "all"), (writes, "writes")):
        if answer.is_yes:
            return f"{who} wait"
    if reads.is_possible or writes.is_possible:
        return "all may wait" if reads.is_possible else "writes may wait"
    return ""


def work(statement: PlannedStatement) -> str:
    """How long the statement takes: as long as writing or reading every row takes, or no time."""
    if not statement.has_known_effects:
        return ""
    for answer, verb in ((statement.rewrites, "rewrite"), (statement.scans, "scan")):
        if answer.is_yes:
            return f"{verb}s"
    for answer, verb in ((statement.rewrites, "rewrite"), (statement.scans, "scan")):
        if answer.is_possible:
            return f"may {verb}"
    if statement.is_new or statement.sql.startswith(_NOT_KNOWN):
        return ""
    return "writes rows" if statement.operation in _ROWS else "instant"


def size(statement: PlannedStatement) -> str:
    """How large the table is."""
    if statement.size is None:
        return ""
    if statement.size.rows is None:
        return _short(statement.size.bytes or 0, "B")
    return _short(statement.size.rows, "rows")


def _short(count: int, unit: str) -> str:
    """41234567 as "41 M rows"."""
    for limit, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if count >= limit:
            divisor = 1_000 if letter == "k" else limit
            return (
                f"{count / divisor:.0f} {letter} {unit}" if unit == "rows" else f"{count / divisor:.0f} {letter}{unit}"
            )
    return f"{count} {unit}"


def held(statement: PlannedStatement, revision: PlannedRevision) -> str:
    """Behind which statement's lock others wait already, or that it commits itself."""
    since = statement.since
    if since is None:
        return "by itself" if not statement.in_transaction and revision.transaction != "none" else ""
    if since.revision == revision.revision.id:
        return f"after {since.line}"
    name = since.revision
    return f"after {name if len(name) <= _LONGEST_ID else name[: _LONGEST_ID - 1] + '…'}:{since.line}"


def left(statement: PlannedStatement) -> str:
    """What stays done of the revision when the statement fails, where each commits by itself."""
    if not statement.leaves:
        return ""
    lines = [str(each) for each in statement.leaves]
    if len(lines) == 1:
        return f"if it fails, line {lines[0]} of the revision stays done"
    return f"if it fails, lines {', '.join(lines[:-1])} and {lines[-1]} of the revision stay done"


def total(plan: Plan) -> str:
    """One line about the whole plan."""
    every = [each for revision in plan.revisions for each in revision.statements]
    if not plan.revisions:
        return f"nothing to run on {plan.target}"
    counted = f"{_many(len(plan.revisions), 'revision')}, {_many(len(every), 'statement')} on {plan.target}"
    reads = sum(each.blocks_reads.is_yes for each in every)
    writes = sum(each.blocks_writes.is_yes and not each.blocks_reads.is_yes for each in every)
    unknown = sum(each.sql.startswith(_NOT_KNOWN) for each in every)
    parts = [
        f"{reads} block reads and writes" if reads else "",
        f"{writes} block writes" if writes else "",
    ]
    parts.append(f"{unknown} not known" if unknown else "")
    return ": ".join(filter(None, (counted, ", ".join(filter(None, parts)))))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
