from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.model.deeds import subject
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import AlterColumn
from migrate_guard.model.schema import Type
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG816", on=Statement[AlterColumn], severity=Severity.ERROR, dialects=("mysql", "mariadb"))
def mysql_enum_reordered(statement: Statement[AlterColumn]) -> Iterator[Problem]:
    """Flag an ENUM whose values get other numbers: rows are copied, and the order of the values is another one."""
    op, table = statement.op, statement.before.table(statement.op.table)
    column = table.column(op.column) if table else None
    old = column.type if column is not None and column.type.values else op.existing_type
    new = op.modify_type
    if old is None or new is None or not old.values or not new.values or old.name != new.name:
        return
    kept = [each for each in old.values if each in new.values]
    if new.values[: len(kept)] == tuple(kept) or not statement.has_rows(op.table):
        return
    copies = statement.hazards.rewrites.is_yes and statement.hazards.blocks_writes.is_possible
    along = f', and copies every row of "{op.table}" while writes wait' if copies else ""
    yield Problem(
        asking.hedged(
            f'{_placed(old.values, new.values)} gives other values of "{subject(op)}" other numbers: ORDER BY sorts'
            f" otherwise from now on{along}",
            op,
        ),
        op.span,
        object=subject(op),
        help="Write new values behind those that are there: that changes no row.",
        instead=_instead(statement, old, new),
        confidence=asking.confidence(op),
    )


def _placed(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    added = [each for place, each in enumerate(new) if each not in old and any(one in old for one in new[place:])]
    return f"{asking.quoted(added)} in front of others" if added else "another order"


def _instead(statement: Statement[AlterColumn], old: Type, new: Type) -> Instead:
    """The same values with the new ones at the end."""
    values = (*(old.values or ()), *(each for each in new.values or () if each not in (old.values or ())))
    if set(values) != set(new.values or ()) or statement.op.is_sql or values == old.values:
        return ()
    arguments = tuple("'" + each.replace("'", "''") + "'" for each in values) if new.args else ()
    return safer.in_place(statement, (replace(statement.op, modify_type=replace(new, values=values, args=arguments)),))
