from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.asking import enums
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.statement import Statement
from migrate_guard.rule import Confidence, Problem, RevisionView, Severity, rule

_CATALOG: Final = "pg_enum"
_MOST_NAMED: Final = 4


class _Removal(NamedTuple):
    """Labels that a column, or all columns of a type, lose."""

    labels: tuple[str, ...]
    statement: Statement[ops.Operation]
    object: str
    becomes: tuple[str, ...] = ()
    """What the labels are called from now on, where they are renamed."""


@rule(
    "MG410",
    on=Revision,
    severity=Severity.ERROR,
    dialects=("postgresql", "mysql", "mariadb"),
    yields_to=("MG412", "MG414"),
)
def enum_value_removed(view: RevisionView) -> Iterator[Problem]:
    """Flag a value that an enum loses, or that gets another name, while rows and applications have the old one."""
    for each in _removals(view):
        op = each.statement.op
        labels = asking.quoted(each.labels)
        yield Problem(
            asking.hedged(_message(each, labels, view), op),
            op.span,
            object=each.object,
            help=_help(each),
            confidence=Confidence.MEDIUM if op.condition else Confidence.HIGH,
            direction="upgrade",
        )


def _message(each: _Removal, labels: str, view: RevisionView) -> str:
    if len(each.becomes) == 1:
        new = each.becomes[0]
        return f'{labels} of "{each.object}" is called "{new}" from now on: whoever still writes {labels} fails'
    if each.becomes:
        more = len(each.labels) - _MOST_NAMED
        shown = ", ".join(f'"{label}"' for label in each.labels[:_MOST_NAMED])
        named = asking.quoted(each.labels) if more < 1 else f"{shown} and {more} more"
        return f'{named} of "{each.object}" have other names from now on: whoever still writes one of them fails'
    if each.object == _CATALOG:
        return "an enum loses a value in the catalog alone: rows and indexes that hold it cannot be read any more"
    product = asking.product(view.target)
    return (
        f'"{each.object}" loses {labels}: {product} refuses the change while a row has it, and whoever writes it fails'
    )


def _help(each: _Removal) -> str:
    if each.becomes:
        return "Add the new value, let the application write it, and give the rows the new one; the old one can stay."
    if each.object == _CATALOG:
        return "Leave the value in the type, and forbid it with a CHECK."
    return (
        "Leave the value in the type, where it does no harm; else let nobody write it first, and give the rows another "
        "one in a revision before."
    )


def _removals(view: RevisionView) -> Iterator[_Removal]:
    done: dict[str, _Removal] = {}
    renamed: dict[tuple[QualifiedName, str | None], _Removal] = {}
    for place, statement in enumerate(view.statements):
        op = statement.op
        if op.is_tolerated:
            continue
        match op:
            case ops.RenameEnumValue(enum=name, value=value, new_value=new):
                if _is_in_use(name, view) and value != new:
                    known = renamed.setdefault((name, op.condition), _Removal((), statement, str(name)))
                    both = known._replace(labels=(*known.labels, value), becomes=(*known.becomes, new))
                    renamed[name, op.condition] = both
            case ops.Delete(table=name) | ops.Update(table=name) if name.name == _CATALOG:
                yield _Removal((), statement, _CATALOG)
            case ops.AlterColumn(table=name, column=column, modify_type=kind) if kind is not None:
                lost = enums.lost_labels(statement, view)
                if lost and not statement.is_new(name):
                    subject = f"{name}.{column}"
                    gone = {one for each in view.statements[: place + 1] for one in enums.moved(lost, each.op)}
                    left = tuple(each for each in lost if each not in gone)
                    done[subject] = _Removal(left, statement, subject)
    yield from renamed.values()
    yield from (each for each in done.values() if each.labels)


def _is_in_use(name: object, view: RevisionView) -> bool:
    """Whether the type was there before the revision, as far as the history tells."""
    return view.upgrade is not None and (name in view.upgrade.before.enums or name not in view.upgrade.after.enums)
