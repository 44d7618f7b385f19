from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import numbering, transactions
from migrate_guard.dialects.quoting import qualified
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AlterColumn, Opaque, Operation, RawSql
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule

_MAXIMA: Final = {"SMALLINT": "32,767", "INTEGER": "2,147,483,647", "BIGINT": "9,223,372,036,854,775,807"}
_ORDER: Final = tuple(_MAXIMA)
_WIDENS: Final = lazily(r"\bAS\s+(?:bigint|int8|integer|int4?)\b", re.IGNORECASE)


@rule("MG418", on=Revision, severity=Severity.ERROR, dialects=("postgresql",))
def sequence_too_small(view: RevisionView) -> Iterator[Problem]:
    """Flag a SERIAL column that becomes wider while its sequence stops at the old maximum."""
    for statement in view.statements:
        op = statement.op
        if not isinstance(op, AlterColumn) or op.modify_type is None or statement.is_new(op.table):
            continue
        table = statement.before.table(op.table)
        column = table.column(op.column) if table else None
        if table is None or column is None or not column.is_serial or column.is_identity:
            continue
        old, new = column.type.name, op.modify_type.name
        if old not in _ORDER or new not in _ORDER or _ORDER.index(new) <= _ORDER.index(old):
            continue
        sequence = numbering.sequence_of(table, column, statement.before)
        if sequence in statement.before.retyped or _is_widened(sequence, view.statements):
            continue
        sql = f"ALTER SEQUENCE {qualified(sequence, statement.target)} AS {new.lower()}"
        widened = RawSql(span=op.span, is_sql=True, sql=sql, kind="ALTER SEQUENCE", objects=(sequence,), text=sql)
        message = (
            f'"{op.table}.{op.column}" becomes {new}, and "{sequence}" still ends at {_MAXIMA[old]}: '
            "every INSERT after that fails"
        )
        yield Problem(
            asking.hedged(message, op),
            op.span,
            object=f"{op.table}.{op.column}",
            help=f"Widen the sequence as well: {sql}.",
            instead=(*transactions.as_written(statement), widened),
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _is_widened(sequence: QualifiedName, statements: Sequence[Statement[Operation]]) -> bool:
    """Whether the revision gives the sequence another type, by its name or by one that it looks up."""
    for each in statements:
        if isinstance(each.op, Opaque) and each.op.is_unbounded:
            return True
        if isinstance(each.op, RawSql) and _WIDENS.search(each.op.sql):
            sql = each.op.sql.lower()
            if "alter sequence" in sql and (sequence.name.lower() in sql or each.op.kind == "DO"):
                return True
    return False
