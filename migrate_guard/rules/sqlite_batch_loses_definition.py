from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.asking.batch_blocks import index_dropped
from migrate_guard.dialects.expressions import are_same
from migrate_guard.dialects.sqlite.foreign_keys import is_on
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Code, Instead, Note
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Attached, CheckConstraint, Column, ForeignKey, Index, Table
from migrate_guard.model.source import Span
from migrate_guard.rendering.python import text_literal
from migrate_guard.rule import Problem, Related, Severity, Step, rule

MOST_NAMED: Final = 3


class _Loss(NamedTuple):
    """What the table has before the copy, and not when the direction has done all it does."""

    what: str
    span: Span
    argument: str = ""
    """What `batch_alter_table` takes so that it stays."""
    behind: Instead = ()
    """What makes it again."""


class _Obstacle(NamedTuple):
    """What the copy fails at."""

    why: str
    help: str
    span: Span


@rule(
    "MG803",
    on=ops.RecreateTable,
    severity=Severity.WARNING,
    dialects=("sqlite",),
    directions=("upgrade", "downgrade"),
)
def sqlite_batch_loses_definition(step: Step[ops.RecreateTable]) -> Iterator[Problem]:
    """Flag a batch block whose copy of the table loses a trigger, an index, a CHECK …, or fails at a view."""
    op, table = step.op, step.before.table(step.op.table)
    for obstacle in [] if op.is_tolerated else list(_obstacles(step, table))[:1]:
        yield Problem(
            asking.hedged(f'batch mode fails to copy "{op.table}": {obstacle.why}', op),
            op.span,
            object=str(op.table),
            help=obstacle.help,
            related=(Related(obstacle.span, "it is made here"),),
            severity=Severity.ERROR,
            confidence=asking.confidence(op),
        )
    lost = [*_triggers(step), *(_losses(table, op.copy, step) if table and op.copy else ())]
    if not lost:
        return
    named = [each.what for each in lost]
    if len(named) > MOST_NAMED:
        named[MOST_NAMED - 1 :] = [f"{len(named) - MOST_NAMED + 1} things more"]
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    yield Problem(
        asking.hedged(f'batch mode copies "{op.table}" without {listed}', op),
        op.span,
        object=str(op.table),
        help=_help(lost),
        instead=_instead(lost) if not op.condition else (),
        related=tuple(Related(each.span, f"{each.what} comes from here") for each in lost[:MOST_NAMED]),
        confidence=asking.confidence(op),
    )


def _help(lost: Sequence[_Loss]) -> str:
    kept = _kept(lost)
    parts = [f"{kept[0].upper()}{kept[1:]}."] if kept else []
    if any(each.behind for each in lost):
        parts.append("Make the rest again behind the block." if kept else "Make it again behind the block.")
    return " ".join(parts) or "Hand batch_alter_table() the whole table as copy_from=."


def _kept(lost: Sequence[_Loss]) -> str:
    arguments = ", ".join(_joined([each.argument for each in lost if each.argument]))
    return f"hand batch_alter_table() what it is to keep: {arguments}" if arguments else ""


def _instead(lost: Sequence[_Loss]) -> Instead:
    """What makes it again behind the block, and what the block itself has to be told."""
    behind = tuple(part for each in lost for part in each.behind)
    kept = _kept(lost)
    return (Note(kept), *behind) if behind and kept else behind


def _joined(arguments: Sequence[str]) -> Iterator[str]:
    """One argument for several of a name: lists are put together."""
    by_name: dict[str, list[str]] = {}
    for each in arguments:
        name, _, value = each.partition("=")
        by_name.setdefault(name, []).append(value)
    for name, values in by_name.items():
        yield f"{name}=[{', '.join(values)}]" if name != "table_kwargs" else f"{name}={values[0]}"


# -- what is lost


def _triggers(step: Step[ops.RecreateTable]) -> Iterator[_Loss]:
    for key, each in step.before.attached.items():
        if each.kind == "TRIGGER" and each.table == step.op.table and key not in step.left.attached:
            again = (Code(f"op.execute({text_literal(each.definition)})"),) if each.definition else ()
            yield _Loss(f'the trigger "{each.name}"', each.span, behind=again)


def _losses(table: Table, copy: Table, step: Step[ops.RecreateTable]) -> Iterator[_Loss]:
    left = step.left.table(table.name)
    if left is None:
        return
    names = {each.column: each.new_name for each in _later(step, ops.RenameColumn)}
    for before in table.indexes:
        yield from _index(before, copy.index(before.name or ""), left, step)
    for check in table.check_constraints:
        if check not in copy.check_constraints and not _has(left, check) and table.is_sure_of(check.name or ""):
            yield _check(check, table)
    for column, copied in zip(table.columns, copy.columns, strict=True):
        kept = left.column(names.get(column.name, column.name))
        if kept is not None and table.is_sure_of(column.name):
            yield from _column(column, copied, kept, step)
    for key, copied_key in zip(table.foreign_keys, copy.foreign_keys, strict=True):
        if key != copied_key and _is_still(key, left):
            yield _foreign_key(key)


def _later(step: Step[ops.RecreateTable], kind: type[ops.RenameColumn]) -> Iterator[ops.RenameColumn]:
    for operation, _, _ in step.later:
        if isinstance(operation, kind) and operation.table == step.op.table:
            yield operation


def _index(before: Index, copied: Index | None, left: Table, step: Step[ops.RecreateTable]) -> Iterator[_Loss]:
    """An index that is gone, or that has no longer the order or collation of its columns."""
    now = left.index(before.name or "")
    if before.name is None or copied == before or (now is not None and now.elements == before.elements):
        return
    create = ops.CreateIndex(span=step.op.span, table=step.op.table, index=before)
    if copied is None:
        is_meant = any(
            isinstance(each, ops.DropIndex) and each.index.name == before.name
            for each, _, _ in (*step.earlier, *step.later)
        )
        if now is None and not is_meant:
            yield _Loss(f'the index "{before.name}" of an expression', before.span, behind=(create,))
    elif now is not None:
        what = "the order" if any(each.is_descending for each in before.elements) else "the collation"
        drop = index_dropped(step.op, before, in_batch=False)
        yield _Loss(f'{what} of the index "{before.name}"', before.span, behind=(drop, create))


def _has(left: Table, check: CheckConstraint) -> bool:
    """Whether the table has such a CHECK in the end, or no longer the columns that it was about."""
    if any(left.column(each) is None for each in check.expression.columns):
        return True
    return any(are_same(each.expression, check.expression, "other") is not False for each in left.check_constraints)


def _check(check: CheckConstraint, table: Table) -> _Loss:
    name = "_".join(("ck", table.name.name, *check.expression.columns))
    argument = f'table_args=sa.CheckConstraint({text_literal(check.expression.text)}, name="{name}")'
    return _Loss(f"the CHECK ({check.expression.text})", check.span, argument)


def _column(column: Column, copied: Column, kept: Column, step: Step[ops.RecreateTable]) -> Iterator[_Loss]:
    if column.collation != copied.collation and kept.collation != column.collation:
        argument = f'reflect_args=sa.Column("{column.name}", sa.{_spelled(column)}(collation="{column.collation}"))'
        yield _Loss(f'the COLLATE {column.collation} of "{column.name}"', column.span, argument)
    if column.is_autoincrement and not copied.is_autoincrement:
        yield _Loss(f'the AUTOINCREMENT of "{column.name}"', column.span, 'table_kwargs={"sqlite_autoincrement": True}')


def _spelled(column: Column) -> str:
    return "Text" if column.type.name.upper() == "TEXT" else "String"


def _is_still(key: ForeignKey, left: Table) -> bool:
    """Whether the foreign key has not been written anew."""
    return any(
        each.columns == key.columns and each.ondelete != key.ondelete and not each.ondelete
        for each in left.foreign_keys
    ) or any(each.columns == key.columns and key.name and not each.name for each in left.foreign_keys)


def _foreign_key(key: ForeignKey) -> _Loss:
    options = [f"ON DELETE {key.ondelete}"] if key.ondelete else []
    options += [f"ON UPDATE {key.onupdate}"] if key.onupdate else []
    what = " ".join(options) or f'the name "{key.name}"'
    return _Loss(f"{what} of the foreign key of {asking.quoted(key.columns)}", key.span)


# -- what it fails at


def _obstacles(step: Step[ops.RecreateTable], table: Table | None) -> Iterator[_Obstacle]:
    """What the new table cannot be made with, what no INSERT fills, and what names the table when it is renamed."""
    name = step.op.table
    if table is not None:
        yield from _own_obstacles(table, list(_block(step)))
    if any(_is_legacy(each) for each, _, _ in step.earlier):
        return
    leftover = f'"_alembic_tmp_{name.name}" stays behind'
    for view in step.before.views.values():
        if name in view.tables:
            why = f'SQLite does not rename the copy while the view "{view.name}" reads a table that is gone'
            told = f'Drop the view "{view.name}" before the block, and create it again behind it.'
            yield _Obstacle(f"{why}, and {leftover}", told, view.span)
    for each in step.before.attached.values():
        if each.kind == "TRIGGER" and each.table != name and _names(each, name.name):
            why = f'SQLite does not rename the copy while the trigger "{each.name}" names a table that is gone'
            told = f'Drop the trigger "{each.name}" before the block, and create it again behind it.'
            yield _Obstacle(f"{why}, and {leftover}", told, each.span)


def _block(step: Step[ops.RecreateTable]) -> Iterator[ops.Operation]:
    """What the block does besides the copy."""
    for operation, _, _ in step.later:
        is_of_table = isinstance(operation, ops.DropIndex) or getattr(operation, "table", None) == step.op.table
        if not (operation.in_batch and is_of_table) or isinstance(operation, ops.RecreateTable):
            return
        yield operation


def _own_obstacles(table: Table, block: Sequence[ops.Operation]) -> Iterator[_Obstacle]:
    dropped = {each.column for each in block if isinstance(each, ops.DropColumn)}
    renamed = {each.column for each in block if isinstance(each, ops.RenameColumn)}
    without = {each.constraint for each in block if isinstance(each, ops.DropConstraint)}
    without |= {each.index.name for each in block if isinstance(each, ops.DropIndex)}
    for check in table.check_constraints:
        gone = next((each for each in check.expression.columns if each in dropped | renamed), None)
        if gone and check.name and check.name not in without and not check.is_of_type and table.is_sure_of(check.name):
            why = f'the CHECK "{check.name}" names "{gone}", which is not there'
            yield _Obstacle(why, f'Drop "{check.name}" in the block: batch_op.drop_constraint().', check.span)
    for index in table.indexes:
        asked = index.where.columns if index.where else ()
        gone = next((each for each in (*index.columns, *asked) if each in dropped), None)
        gone = gone or next((each for each in asked if each in renamed), None)
        if gone and index.name and index.name not in without and table.is_sure_of(index.name):
            why = f'the index "{index.name}" is on "{gone}", which is not there'
            yield _Obstacle(why, f'Drop "{index.name}" in the block: batch_op.drop_index().', index.span)
    for column in table.columns:
        if column.computed is not None and column.name not in dropped:
            why = f'it inserts into the generated column "{column.name}"'
            yield _Obstacle(why, "Drop the generated column in the block and add it again behind it.", column.span)


def _is_legacy(op: ops.Operation) -> bool:
    return isinstance(op, ops.SetParameter) and op.name == "legacy_alter_table" and is_on(op.value)


_LITERAL: Final = lazily(r"'(?:[^']|'')*'")


def _names(trigger: Attached, table: str) -> bool:
    """Whether the body of a trigger names a table behind a word that a table follows."""
    _, _, body = _LITERAL.sub("''", trigger.definition).partition("BEGIN")
    if not body:
        _, _, body = _LITERAL.sub("''", trigger.definition).partition("begin")
    return re.search(rf"\b(?:INTO|FROM|UPDATE|JOIN)\s+[\"`\[]?{re.escape(table)}\b", body, re.IGNORECASE) is not None
