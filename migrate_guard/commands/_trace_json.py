"""What upgrades have done, for programs: the key `trace` of `migrate_guard/schemas/check.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypedDict

from migrate_guard.commands._plan_json import LockForm
from migrate_guard.model.round_trip import ObservedStatement, RoundTrip


class StatementForm(TypedDict):
    line: int
    sql: str
    milliseconds: float
    in_transaction: bool
    locks: list[LockForm] | None
    rewrites: list[str]
    scans: list[str] | None
    failed: bool


class RevisionForm(TypedDict):
    revision: str
    path: str
    statements: list[StatementForm]


def added(report: str, trips: Sequence[RoundTrip]) -> str:
    """Return a report in JSON with the traces of round trips."""
    return json.dumps({**json.loads(report), "trace": document(trips)}, indent=2) + "\n"


def document(trips: Sequence[RoundTrip]) -> list[RevisionForm]:
    """Return the traces in the form that is printed."""
    return [
        {
            "revision": each.revision.id,
            "path": each.revision.path,
            "statements": [_statement(statement) for statement in each.trace.statements],
        }
        for each in trips
        if each.trace is not None
    ]


def _statement(observed: ObservedStatement) -> StatementForm:
    locks = None if observed.locks is None else sorted(observed.locks.items(), key=lambda each: (-each[1], each[0]))
    return {
        "line": observed.line,
        "sql": observed.sql,
        "milliseconds": observed.milliseconds,
        "in_transaction": observed.in_transaction,
        "locks": None if locks is None else [{"table": name, "mode": str(mode)} for name, mode in locks],
        "rewrites": list(observed.rewrites),
        "scans": None if observed.scans is None else list(observed.scans),
        "failed": observed.has_failed,
    }
