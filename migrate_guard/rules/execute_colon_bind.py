from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import scripts
from migrate_guard.model.facts import ColonBind
from migrate_guard.model.operations import RawSql
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG123", on=Revision, severity=Severity.ERROR)
def execute_colon_bind(view: RevisionView) -> Iterator[Problem]:
    """Flag a colon in a SQL text that SQLAlchemy takes for a parameter, which has no value."""
    for fact, direction in scripts.facts(view, ColonBind):
        names = asking.quoted(f":{each}" for each in fact.names)
        are = "are parameters" if len(fact.names) > 1 else "is a parameter"
        escaped = f"\\:{fact.names[0]}"
        sql = RawSql(span=fact.span, is_sql=True, sql=fact.sql, kind="", text=fact.sql) if fact.sql else None
        yield Problem(
            scripts.hedged(f"{names} {are} to SQLAlchemy, also inside quotes, and has no value: {_happens(fact)}", fact)
            if len(fact.names) == 1
            else scripts.hedged(
                f"{names} {are} to SQLAlchemy, also inside quotes, without values: {_happens(fact)}", fact
            ),
            fact.span,
            object=f":{fact.names[0]}",
            help=f"Write {escaped} for the colon itself (in a raw string), or give it a value with .bindparams().",
            instead=(sql,) if sql is not None else (),
            confidence=scripts.confidence(fact),
            direction=direction,
        )


def _happens(fact: ColonBind) -> str:
    if fact.is_sent:
        return "the statement fails before it reaches the database"
    return "the database is sent NULL in its place"
