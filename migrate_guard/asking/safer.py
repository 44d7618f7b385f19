"""What to write instead of a statement that blocks: the parts that several rules put their answers together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.dialects.reserved import is_reserved
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import AutocommitBlock, Code, Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, Expression
from migrate_guard.model.source import Span
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target

_WHY: Final = "an autocommit block commits what stands before it"
_PLAIN_NAME: Final = lazily(r"[a-z_][a-z0-9_]*")
_LONGEST_NAME: Final = 63


def outside_transaction(statement: Statement[ops.Operation], body: Sequence[ops.Operation | Note | Code]) -> Instead:
    """Operations in an autocommit block, in a revision of its own where something stands before it.

    What a downgrade does stays in the downgrade.
    """
    if statement.op.in_autocommit and not statement.op.is_apart:
        return tuple(body)
    if not (statement.transaction.is_block or statement.op.is_apart):
        return tuple(body)
    block = AutocommitBlock(tuple(body))
    is_alone = statement.is_first or statement.direction == "downgrade"
    return (block,) if is_alone else (OwnRevision((block,), _WHY),)


def in_place(statement: Statement[ops.Operation], parts: Instead) -> Instead:
    """What stands for all that the script wrote in one go, when `parts` stand for one statement of it."""
    at = next(place for place, each in enumerate(statement.siblings) if each is statement.op)
    before, after = statement.siblings[:at], statement.siblings[at + 1 :]
    later = next((place for place, each in enumerate(parts) if isinstance(each, OwnRevision)), len(parts))
    return (*before, *parts[:later], *after, *parts[later:])


def without_timeouts(
    statement: Statement[ops.Operation], body: Sequence[ops.Operation | Note]
) -> tuple[ops.Operation | Note, ...]:
    """Operations between lifting the timeouts of the session and setting them again as they were.

    A lock_timeout is lifted unless the script just did: a role or the server may set one that no script shows.
    """
    found = statement.settings.get("lock_timeout")
    is_lifted = found is not None and not statement.transaction.is_block and not statement.timeout("lock_timeout")
    names = [] if is_lifted else ["lock_timeout"]
    if statement.timeout("statement_timeout"):
        names.append("statement_timeout")
    return _lifted(statement, names, body)


def _lifted(
    statement: Statement[ops.Operation], names: Sequence[str], body: Sequence[ops.Operation | Note]
) -> tuple[ops.Operation | Note, ...]:
    span = statement.op.span
    lifted = [_set(name, "0", span) for name in names]
    return (*lifted, *body, *(_set(name, _before(name, statement), span) for name in names))


def limited(
    statement: Statement[ops.Operation], body: Sequence[ops.Operation | Note]
) -> tuple[ops.Operation | Note, ...]:
    """Operations that wait for a lock no longer than the lock_timeout in force, else than five seconds."""
    if statement.timeout("lock_timeout"):
        return tuple(body)
    limit = _set("lock_timeout", "'5s'", statement.op.span)
    if statement.transaction.is_block:
        return (replace(limit, is_local=True), *body)
    return (limit, *body, _set("lock_timeout", _before("lock_timeout", statement), statement.op.span))


def _set(name: str, value: str, span: Span) -> ops.SetParameter:
    return ops.SetParameter(span=span, is_sql=True, name=name, value=value)


def _before(name: str, statement: Statement[ops.Operation]) -> str:
    """The value to set again: what a SET gave it before, else that of the connection, which RESET gives back."""
    given = [each for each in statement.environment.settings if each.name == name]
    of_connection = any(each.source == "connection" for each in given)
    setting = statement.settings.get(name)
    is_gone = setting is not None and setting.by is not None and setting.by.is_local
    if setting is None or is_gone or not setting.value or (setting.by is None and of_connection):
        return "DEFAULT"
    return setting.value


def concurrently(statement: Statement[ops.Operation], create: ops.CreateIndex) -> Instead:
    """Build an index concurrently, for all of what the script wrote; an INVALID one of a failed build goes first."""
    name = create.index.name
    plain = replace(create, concurrently=True, if_not_exists=False, in_batch=False, is_sql=False)
    body: list[ops.Operation | Note] = [plain]
    if name:
        body.insert(0, drop_leftover(QualifiedName(name, create.table.schema), create.table, create.span))
    return in_place(statement, outside_transaction(statement, without_timeouts(statement, body)))


def drop_leftover(index: QualifiedName, table: QualifiedName, span: Span) -> ops.DropIndex:
    """Drop the index that a failed concurrent build left behind, if there is one."""
    return ops.DropIndex(span=span, index=index, table=table, concurrently=True, if_exists=True)


def added_and_validated(
    statement: Statement[ops.Operation], table: QualifiedName, constraint: AnyConstraint
) -> tuple[ops.Operation | Note, ...]:
    """A constraint NOT VALID, then its validation; they are to be in different transactions.

    What a run that failed at the validation left behind goes first, so that it can be run again.
    """
    span = statement.op.span
    if not constraint.name:
        added = ops.AddConstraint(span=span, table=table, constraint=replace(constraint, not_valid=True))
        return (added, Note("give the constraint a name, and VALIDATE it after this"))
    left = ops.DropConstraint(span=span, is_sql=True, table=table, constraint=constraint.name, if_exists=True)
    named = replace(constraint, not_valid=True, is_implicit_name=False)
    added = ops.AddConstraint(span=span, table=table, constraint=named)
    return (left, added, *validated(statement, table, constraint.name))


def validated(
    statement: Statement[ops.Operation], table: QualifiedName, constraint: str
) -> tuple[ops.Operation | Note, ...]:
    """VALIDATE CONSTRAINT, which takes as long as reading the table does: a statement_timeout would end it."""
    validate = ops.ValidateConstraint(span=statement.op.span, is_sql=True, table=table, constraint=constraint)
    names = ["statement_timeout"] if statement.timeout("statement_timeout") else []
    return _lifted(statement, names, (validate,))


def names_of(statement: Statement[ops.Operation], table: QualifiedName) -> frozenset[str]:
    """The names that constraints and indexes of a table have before a statement."""
    known = statement.before.table(table)
    objects = (*known.constraints(), *known.indexes) if known else ()
    return frozenset(each.name for each in objects if each.name)


def cut(name: str) -> str:
    """A name of our own, no longer than every database takes it."""
    return name[:_LONGEST_NAME]


def written_name(name: str, target: Target) -> str:
    """The name of a column as SQL has it."""
    return name if _PLAIN_NAME.fullmatch(name) and not is_reserved(name, target) else f'"{name}"'


def written_table(name: QualifiedName, target: Target) -> str:
    """The name of a table or sequence as SQL has it."""
    return ".".join(written_name(each, target) for each in (name.schema, name.name) if each)


def not_null_check(statement: Statement[ops.Operation], table: QualifiedName, column: str) -> CheckConstraint:
    """The CHECK that proves a column holds no NULL, under a name that is free."""
    named = cut(f"ck_{table.name}_{column}_not_null")
    text = f"{written_name(column, statement.target)} IS NOT NULL"
    expression = Expression(text, columns=(column,), proves_not_null=frozenset({column}))
    return CheckConstraint(name=named, columns=(column,), span=statement.op.span, expression=expression)


def required_later(
    statement: Statement[ops.Operation], table: QualifiedName, column: str
) -> tuple[AutocommitBlock, ops.AlterColumn, ops.DropConstraint]:
    """NOT NULL by way of a CHECK that is validated before; what is done under a lock takes an instant."""
    span, check = statement.op.span, not_null_check(statement, table, column)
    return (
        AutocommitBlock(added_and_validated(statement, table, check)),
        ops.AlterColumn(span=span, table=table, column=column, modify_nullable=False),
        ops.DropConstraint(span=span, table=table, constraint=check.name, kind="check"),
    )
