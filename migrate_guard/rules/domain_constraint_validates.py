from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import constraints, safer
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.operations import RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG328", on=Statement[RawSql], severity=Severity.WARNING, dialects=("postgresql",))
def domain_constraint_validates(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag a constraint of a domain that is checked in every table of the domain while writers wait."""
    op, effects = statement.op, statement.hazards
    if not op.kind.startswith("ALTER DOMAIN") or not constraints.is_read(statement, effects):
        return
    domain = op.objects[0]
    tables = effects.scans.relations
    waiting = constraints.waiting(statement, effects, tables)
    yield Problem(
        asking.hedged(f'{_deed(op)} the domain "{domain}" blocks {waiting} while every row is checked', op),
        op.span,
        object=str(domain),
        help=_help(op),
        instead=_instead(statement, ", ".join(map(str, tables))),
        confidence=asking.confidence(op),
    )


def _deed(op: RawSql) -> str:
    match op.kind:
        case "ALTER DOMAIN SET NOT NULL":
            return "setting NOT NULL on"
        case "ALTER DOMAIN VALIDATE CONSTRAINT":
            return "validating a constraint of"
    return "adding a constraint to"


def _help(op: RawSql) -> str:
    match op.kind:
        case "ALTER DOMAIN SET NOT NULL":
            return (
                "Add CHECK (VALUE IS NOT NULL) to the domain NOT VALID: it holds for new values and locks no table. "
                "Validate it in a quiet hour."
            )
        case "ALTER DOMAIN VALIDATE CONSTRAINT":
            return "Run it in a quiet hour under a lock_timeout: writers wait for it in any case."
    return "Add it NOT VALID: it holds for new values and locks no table. Validate it in a quiet hour."


def _instead(statement: Statement[RawSql], tables: str) -> Instead:
    """The constraint for new values; empty where that is not another statement."""
    op, domain = statement.op, safer.written_table(statement.op.objects[0], statement.target)
    match op.kind:
        case "ALTER DOMAIN ADD" if op.sql:
            text = op.sql.rstrip().removesuffix(";").rstrip()
        case "ALTER DOMAIN SET NOT NULL":
            text = f"ALTER DOMAIN {domain} ADD CHECK (VALUE IS NOT NULL)"
        case _:
            return ()
    added = replace(op, kind="ALTER DOMAIN ADD", sql=f"{text} NOT VALID", options=op.options | {"NOT VALID"})
    return (added, Note(f"it holds for new values; ALTER DOMAIN … VALIDATE CONSTRAINT blocks writes to {tables}"))
