from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import transactions
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation, RawSql
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule

_BODY: Final = lazily(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_DEFINER: Final = lazily(r"\bSECURITY\s+DEFINER\b", re.IGNORECASE)
_INVOKER: Final = lazily(r"\bSECURITY\s+INVOKER\b", re.IGNORECASE)
_PATH: Final = lazily(r"\bSET\s+\"?search_path\b", re.IGNORECASE)
_ATOMIC: Final = lazily(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_KINDS: Final = ("FUNCTION", "PROCEDURE", "ROUTINE")


@rule("MG913", on=Revision, severity=Severity.WARNING, dialects=("postgresql",))
def definer_without_search_path(view: RevisionView) -> Iterator[Problem]:
    """Flag a SECURITY DEFINER function that goes by the search_path of whoever calls it."""
    found: dict[QualifiedName, Statement[Operation]] = {}
    made: set[QualifiedName] = set()
    for each in view.statements:
        op = each.op
        if not isinstance(op, RawSql) or not op.objects:
            continue
        verb, _, kind = op.kind.partition(" ")
        if kind not in _KINDS:
            continue
        name, text = op.objects[0], _BODY.sub("''", op.sql)
        if verb == "CREATE":
            found.pop(name, None)
            made.discard(name)
            if not _PATH.search(text) and not _ATOMIC.search(text):
                made.add(name)
        if verb in ("CREATE", "ALTER") and _PATH.search(text):
            found.pop(name, None)
            made.discard(name)
        elif verb in ("CREATE", "ALTER") and _DEFINER.search(text) and name in made:
            found[name] = each
        elif verb == "DROP" or _INVOKER.search(text):
            found.pop(name, None)
    for name, statement in found.items():
        yield _problem(name, statement)


def _problem(name: QualifiedName, statement: Statement[Operation]) -> Problem:
    op = statement.op
    kind = op.kind.partition(" ")[2] if isinstance(op, RawSql) else "FUNCTION"
    path = f"pg_catalog, {name.schema or 'public'}, pg_temp"
    setting = RawSql(
        span=op.span,
        is_sql=True,
        sql=f"ALTER {kind} {name} SET search_path = {path}",
        kind=f"ALTER {kind}",
        objects=(name,),
    )
    return Problem(
        asking.hedged(
            f'"{name}" runs with the rights of its owner and the search_path of its caller, who can put a table or'
            " function of their own before the one that it means",
            op,
        ),
        op.span,
        object=str(name),
        help=f"Say in its definition where it looks: SET search_path = {path}.",
        instead=(*transactions.as_written(statement), setting) if op.place_in_text is None else (),
        confidence=asking.confidence(op),
        direction="upgrade",
    )
