from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.running import holding
from migrate_guard.model.operations import AddEnumValue
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG420", on=Statement[AddEnumValue], severity=Severity.INFO, dialects=("postgresql",))
def enum_value_unknown_to_running_code(statement: Statement[AddEnumValue]) -> Iterator[Problem]:
    """Flag a value that joins an enum in use: the code that still runs cannot read a row that has it."""
    op = statement.op
    column = next(
        (
            f"{table.name}.{each.name}"
            for table in statement.before.tables.values()
            if not statement.is_new(table.name)
            for each in table.columns
            if (each.type.name, each.type.schema) == (op.enum.name, op.enum.schema)
        ),
        None,
    )
    if column is None:
        return
    attributes = holding(statement, op.enum)
    read_as = f", which it has as {attributes}" if attributes else ""
    yield Problem(
        asking.hedged(
            f'code that does not know "{op.value}" yet raises LookupError when it reads it from "{column}"{read_as}', op
        ),
        op.span,
        object=f"{op.enum}.{op.value}",
        help="Write the value from the release after the one that knows it.",
        confidence=asking.confidence(op),
    )
