"""A plan for programs: `migrate_guard/schemas/plan.schema.json` says what is in it."""

from __future__ import annotations

import json
from typing import Literal, TypedDict

from migrate_guard.planning import Plan, PlannedRevision, PlannedStatement, Since

Verdict = bool | Literal["depends"]


class LockForm(TypedDict):
    table: str
    mode: str


class SinceForm(TypedDict):
    revision: str
    line: int
    table: str
    mode: str


class SizeForm(TypedDict):
    rows: int | None
    bytes: int | None


class StatementForm(TypedDict):
    line: int
    operation: str
    sql: str
    table: str | None
    condition: str | None
    in_transaction: bool
    locks: list[LockForm]
    blocks_reads: Verdict
    blocks_writes: Verdict
    rewrites: Verdict
    scans: Verdict
    why: str
    held_until: str
    algorithm: str | None
    commits: bool
    leaves: list[int]
    since: SinceForm | None
    size: SizeForm | None


class RevisionForm(TypedDict):
    revision: str
    path: str
    message: str
    direction: str
    database: str | None
    transaction: str
    statements: list[StatementForm]


class PlanForm(TypedDict):
    version: int
    dialect: str
    db_version: str
    revisions: list[RevisionForm]


def render(plan: Plan) -> str:
    """Return a plan as JSON."""
    return json.dumps(document(plan), indent=2) + "\n"


def document(plan: Plan) -> PlanForm:
    """Return a plan in the form that is printed."""
    return {
        "version": 1,
        "dialect": plan.target.dialect,
        "db_version": ".".join(map(str, plan.target.version)),
        "revisions": [_revision(each) for each in plan.revisions],
    }


def _revision(planned: PlannedRevision) -> RevisionForm:
    return {
        "revision": planned.revision.id,
        "path": planned.revision.path,
        "message": planned.revision.message,
        "direction": planned.direction,
        "database": planned.database,
        "transaction": planned.transaction,
        "statements": [_statement(each) for each in planned.statements],
    }


def _statement(planned: PlannedStatement) -> StatementForm:
    return {
        "line": planned.line,
        "operation": planned.operation,
        "sql": planned.sql,
        "table": None if planned.table is None else str(planned.table),
        "condition": planned.condition,
        "in_transaction": planned.in_transaction,
        "locks": [{"table": str(each.table), "mode": str(each.mode)} for each in planned.locks],
        "blocks_reads": planned.blocks_reads.value,
        "blocks_writes": planned.blocks_writes.value,
        "rewrites": planned.rewrites.value,
        "scans": planned.scans.value,
        "why": "; ".join(planned.why),
        "held_until": planned.held_until,
        "algorithm": None if planned.algorithm is None else planned.algorithm.name,
        "commits": planned.commits,
        "leaves": list(planned.leaves),
        "since": None if planned.since is None else _since(planned.since),
        "size": None if planned.size is None else {"rows": planned.size.rows, "bytes": planned.size.bytes},
    }


def _since(since: Since) -> SinceForm:
    return {"revision": since.revision, "line": since.line, "table": str(since.table), "mode": str(since.mode)}
