from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model.operations import RawSql
from migrate_guard.model.patterns import lazily
from migrate_guard.rule import Problem, Severity, Step, rule

_GRANT: Final = lazily(
    r"\bGRANT\s+(?P<what>.+?)\s+ON\s+(?P<object>.+?)\s+TO\s+(?P<roles>.+)$", re.IGNORECASE | re.DOTALL
)
_PUBLIC: Final = lazily(r"(?:^|,)\s*(?:GROUP\s+)?PUBLIC\s*(?:,|;|$|\bWITH\b|\bGRANTED\b)", re.IGNORECASE)
_BY_DEFAULT: Final = lazily(
    r"(?:FUNCTIONS?|PROCEDURES?|ROUTINES?|ALL\s+(?:FUNCTIONS|PROCEDURES|ROUTINES)|TYPES?|DOMAIN|LANGUAGE|SCHEMA\s+public\b)",
    re.IGNORECASE,
)
"""On what PUBLIC has EXECUTE or USAGE unless it was revoked (PostgreSQL, 5.7 Privileges)."""


@rule("MG912", on=RawSql, severity=Severity.WARNING, dialects=("postgresql",))
def granted_to_public(step: Step[RawSql]) -> Iterator[Problem]:
    """Flag a GRANT to PUBLIC: every role of the database has it, those that are made later too."""
    op = step.op
    if op.kind not in ("GRANT", "ALTER DEFAULT PRIVILEGES"):
        return
    found = _GRANT.search(" ".join(op.sql.split()).rstrip("; "))
    if found is None or not _PUBLIC.search(found["roles"]):
        return
    what, on = found["what"].upper(), found["object"]
    is_default = what in ("EXECUTE", "USAGE") and _BY_DEFAULT.match(on) is not None
    future = " that is made from now on" if op.kind != "GRANT" else ""
    also = ", as it has unless that was revoked" if is_default else ", those of other applications and later ones too"
    yield Problem(
        asking.hedged(f"every role of the database gets {what} on {_short(on)}{future}{also}", op),
        op.span,
        object=str(op.tables[0]) if op.tables else None,
        help=f"Grant it to the role that needs it: GRANT {what} ON {_short(on)} TO app_role.",
        severity=Severity.INFO if is_default else None,
        confidence=asking.confidence(op),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST: Final = 60
