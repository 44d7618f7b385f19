from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


@rule("MG916", on=Table, severity=Severity.WARNING, dialects=("postgresql",))
def policy_without_row_security(view: TableView) -> Iterator[Problem]:
    """Flag a policy on a table whose row level security is not enabled: nobody asks it."""
    table, schema = view.table, view.schema
    if view.models is not None or schema.may_have_row_security or table.is_given:
        return
    if schema.row_security.get(table.name) is not None:
        # that it is disabled is another finding
        return
    policies = [each for each in schema.attached.values() if each.kind == "POLICY" and each.table == table.name]
    if not policies:
        return
    first, others = policies[0], len(policies) - 1
    more = f" and {others} more" if others else ""
    yield Problem(
        f'the policy "{first.name}" on "{table.name}"{more} keeps no row from anybody: row level security of the table'
        " is never enabled",
        first.span,
        object=f"{table.name}.{first.name}",
        help=f"Enable it: ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY.",
        confidence=Confidence.HIGH if table.is_certain else Confidence.MEDIUM,
    )
