from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.batch_blocks import batched
from migrate_guard.dialects.sqlite import alter, foreign_keys
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.schema import Index, IndexElement, UniqueConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule

_BATCH: Final = "Write it in a batch block, where Alembic copies the table into a new one."
_HELP: Final[Mapping[alter.Refused, str]] = {
    "primary key": "Give the table its key in a batch block: batch_op.create_primary_key().",
    "unique": "Add the column alone, and a unique index on it.",
    "default": _BATCH,
    "stored": f"{_BATCH} A generated column that is not stored can be added.",
    "references": "Add the column without the default and fill it, or switch foreign_keys off before.",
}


@rule(
    "MG804",
    on=Statement[ops.AddColumn],
    severity=Severity.ERROR,
    dialects=("sqlite",),
    directions=("upgrade", "downgrade"),
)
def sqlite_add_column_refused(statement: Statement[ops.AddColumn]) -> Iterator[Problem]:
    """Flag a column that ADD COLUMN of SQLite refuses: a default that is no constant, stored, UNIQUE or a key."""
    op = statement.op
    if op.in_batch or op.is_tolerated or op.is_apart:
        return
    setting = statement.settings.get("foreign_keys")
    enforces = setting is not None and foreign_keys.is_on(setting.value)
    has_rows = statement.has_rows(op.table)
    reason = alter.refused_column(op, has_rows=has_rows, enforces=enforces)
    if reason is None:
        return
    name = f"{op.table}.{op.column.name}"
    yield Problem(
        asking.hedged(f'{asking.product(statement.target)} refuses to add "{name}": {_why(reason, op)}', op),
        op.span,
        object=name,
        help=_HELP[reason],
        instead=_instead(reason, op) if not op.condition else (),
        confidence=asking.confidence(op),
    )


def _why(reason: alter.Refused, op: ops.AddColumn) -> str:
    rows = f'"{op.table}" has rows'
    match reason:
        case "primary key":
            return "a PRIMARY KEY comes with the table"
        case "unique":
            return "a column that is UNIQUE comes with the table"
        case "stored":
            return f"{rows}, and a STORED column is not computed for them"
        case "references":
            return f"{rows}, and foreign_keys is ON while its default is not NULL"
    return f"{rows}, and its default {op.column.default.text if op.column.default else ''} is no constant"


def _instead(reason: alter.Refused, op: ops.AddColumn) -> Instead:
    column, table = op.column, op.table
    match reason:
        case "default" | "stored":
            return batched(op)
        case "unique":
            rest = tuple(each for each in op.constraints if not isinstance(each, UniqueConstraint))
            index = Index(f"uq_{table.name}_{column.name}", (IndexElement(column.name),), op.span, unique=True)
            return (replace(op, constraints=rest), ops.CreateIndex(span=op.span, table=table, index=index))
    return ()
