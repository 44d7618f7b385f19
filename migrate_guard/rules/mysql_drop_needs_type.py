from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import DropConstraint, DropIndex
from migrate_guard.model.schema import constraint_kind
from migrate_guard.rule import Problem, Severity, Step, rule


@rule(
    "MG817",
    on=(DropConstraint, DropIndex),
    severity=Severity.ERROR,
    dialects=("mysql", "mariadb"),
    directions=("upgrade", "downgrade"),
    minds_downgrade=lambda operation: isinstance(operation, DropConstraint | DropIndex),
    speaks_first=True,
)
def mysql_drop_needs_type(step: Step[DropConstraint] | Step[DropIndex]) -> Iterator[Problem]:
    """Flag drop_constraint() without type_ and drop_index() without table_name, which MySQL cannot do without."""
    op = step.op
    if isinstance(op, DropIndex):
        yield from _index(op, step)
        return
    if op.kind is not None or op.is_sql or op.constraint is None:
        return
    table = step.before.table(op.table)
    known = table.constraint(op.constraint) if table else None
    kind = constraint_kind(known) if known is not None else None
    yield Problem(
        asking.hedged(
            f'drop_constraint("{op.constraint}") without type_ raises NotImplementedError: '
            f"{asking.PRODUCTS[step.target.dialect]} drops each kind of constraint in another way",
            op,
        ),
        op.span,
        object=subject(op),
        help='Say what it is: type_="foreignkey", "unique", "check" or "primary".',
        instead=(replace(op, kind=kind),) if kind is not None and kind != "exclude" else (),
        confidence=asking.confidence(op),
    )


def _index(op: DropIndex, step: Step[DropConstraint] | Step[DropIndex]) -> Iterator[Problem]:
    if op.table is not None:
        return
    found = step.before.tables_of_index(op.index.name, op.index.schema)
    table = found[0].name if len(found) == 1 else None
    fails = "is no statement" if op.is_sql else "is sent as DROP INDEX … ON no_table"
    word = "DROP INDEX without ON" if op.is_sql else "drop_index() without table_name"
    yield Problem(
        asking.hedged(f'{word} {fails}: an index is one of its table, and "{op.index}" is not found', op),
        op.span,
        object=f"{table}.{op.index.name}" if table else str(op.index),
        help="Name the table: ON …." if op.is_sql else "Pass table_name=….",
        instead=(replace(op, table=table),) if table is not None and not op.is_sql else (),
        confidence=asking.confidence(op),
    )
