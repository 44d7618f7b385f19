from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model.facts import BuiltSql
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Confidence, Problem, RevisionView, Severity, rule

_HARMLESS: Final = ("the clock", "a random value", "the machine")
"""Sources that give no quote."""
_VALUE_NEXT: Final = lazily(r"(?:=|<|>|\bin\s*\(?|\blike|\bvalues\s*\([^()]*|\bthen|\belse)\s*$", re.IGNORECASE)
"""What stands before a value that is not between quotes."""


@rule("MG911", on=Revision, severity=Severity.WARNING)
def sql_from_string(view: RevisionView) -> Iterator[Problem]:
    """Flag SQL into which values are written that stand in no script: rows, environment variables."""
    for fact, direction in scripts.facts_by_place(view, BuiltSql):
        where = _where(fact)
        if not where or fact.source in _HARMLESS:
            continue
        what = fact.source or "a value read from the database"
        is_quoted = where == "quoted"
        yield Problem(
            scripts.hedged(
                f"{what} is written into the SQL between quotes: one with a quote in it ends the string, and the rest"
                " of it is run"
                if is_quoted
                else f"{what} is written into the SQL as it is, and whatever it holds is run",
                fact,
            ),
            fact.span,
            object=None,
            help='Bind it: op.get_bind().execute(sa.text("… = :value"), {"value": …}).',
            # a row whose value is SQL without quotes has a number there, or the statement fails on the first one
            severity=None if is_quoted or fact.source else Severity.INFO,
            confidence=Confidence.HIGH if is_quoted and fact.condition is None else Confidence.MEDIUM,
            direction=direction,
        )


def _where(fact: BuiltSql) -> str:
    """How a value stands in the text: between quotes, or where one is expected; empty: it is a name, or not told."""
    before, found = "", ""
    if UNKNOWN not in fact.sql:
        return ""
    parts = fact.sql.split(UNKNOWN)[:-1]
    told = fact.holes if len(fact.holes) == len(parts) else (True,) * len(parts)
    for part, is_told in zip(parts, told, strict=True):
        before += part
        bare = re.sub(r"''", "", before)
        if is_told and bare.count("'") % 2:
            return "quoted"
        if is_told and _VALUE_NEXT.search(re.sub(r"'[^']*'", "''", bare)):
            found = "bare"
        before += "x"
    return found
