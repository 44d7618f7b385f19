from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.dialects.postgresql import settings
from migrate_guard.model.environment import Environment
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.operations import Operation, RawSql, SetParameter
from migrate_guard.model.revision import Revision
from migrate_guard.model.statement import Setting
from migrate_guard.rule import Problem, Related, RevisionView, Severity, Statement, rule


class _Change(Struct):
    """What a revision has done to one parameter of the session."""

    before: Setting | None
    op: SetParameter
    """The last that set it."""
    statement: Statement[Operation]
    times: int = 0


@rule("MG315", on=Revision, severity=Severity.WARNING, dialects=("postgresql",))
def session_setting_leaks(view: RevisionView) -> Iterator[Problem]:
    """Flag a SET without LOCAL that is not taken back: later revisions run with it, too."""
    for name, change in _changes(view).items():
        op, before = change.op, change.before
        if _is_back(change, view.environment):
            continue
        yield Problem(
            asking.hedged(_message(op), op),
            op.span,
            object=name,
            help=_help(change, view),
            instead=_instead(change, view),
            related=(Related(before.span, "what was set before"),) if before else (),
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _changes(view: RevisionView) -> dict[str, _Change]:
    """By parameter, what the upgrade sets without LOCAL."""
    found: dict[str, _Change] = {}
    for statement in view.statements:
        if statement.op.is_apart:
            continue
        match statement.op:
            case SetParameter(name="all", value="DEFAULT") | RawSql(kind="DISCARD"):
                found.clear()
            case SetParameter(name=name, is_local=False) as op:
                change = found.setdefault(name, _Change(statement.settings.get(name), op, statement))
                change.op, change.statement = op, statement
                change.times += 1
    return found


def _is_reset(op: SetParameter) -> bool:
    return op.value.upper() == "DEFAULT"


def _is_back(change: _Change, environment: Environment) -> bool:
    """Whether the parameter is in the end what it was when the revision began."""
    op, before = change.op, change.before
    given = next((each for each in environment.settings if (each.name, each.source) == (op.name, "connection")), None)
    if before is None:
        return _is_reset(op) or (change.times > 1 and settings.is_built_in(op.name, op.value))
    if not before.value:
        # it is not known what it was
        return _is_reset(op)
    if _is_reset(op):
        return given is not None and settings.is_same(given.value, before.value)
    return settings.is_same(op.value, before.value)


def _message(op: SetParameter) -> str:
    if _is_reset(op):
        return f'RESET takes back the "{op.name}" that env.py sets, for every revision that runs after this one'
    kept = f'"{op.value}"' if op.value else "changed"
    return f'"{op.name}" stays {kept} for every revision that runs after this one on the connection'


def _is_local_enough(statement: Statement[Operation], view: RevisionView) -> bool:
    """Whether a SET LOCAL would reach as far: all that follows runs in the same transaction."""
    transaction = statement.transaction
    after = view.statements[next(n for n, each in enumerate(view.statements) if each.op is statement.op) :]
    return transaction.is_block and all(each.transaction.number == transaction.number for each in after)


def _help(change: _Change, view: RevisionView) -> str:
    if _is_reset(change.op):
        return "Set it to what it was."
    if _is_local_enough(change.statement, view):
        return "SET LOCAL ends with the transaction."
    return f"Write RESET {change.op.name} behind the last statement that needs it: SET LOCAL ends with a transaction."


def _instead(change: _Change, view: RevisionView) -> Instead:
    op, before = change.op, change.before
    if _is_reset(op):
        return (replace(op, value=before.value),) if before else ()
    if _is_local_enough(change.statement, view):
        return (replace(op, is_local=True),)
    given = any((each.name, each.source) == (op.name, "connection") for each in view.environment.settings)
    back = before.value if before and before.value and not (before.by is None and given) else "DEFAULT"
    return (op, Note("the statements that need it"), replace(op, value=back))
