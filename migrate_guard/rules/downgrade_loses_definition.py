from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking import petty, quoted, reversals, wording
from migrate_guard.asking.required import fills_itself
from migrate_guard.model import operations as ops
from migrate_guard.model.difference import Difference
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import Schema
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG208", on=Revision, severity=Severity.WARNING, yields_to=("MG202", "MG204"))
def downgrade_loses_definition(view: RevisionView) -> Iterator[Problem]:
    """Flag a downgrade that creates what the upgrade dropped otherwise than it was."""
    by_operation: dict[int, list[reversals.Poorer]] = {}
    for each in reversals.poorer(view):
        by_operation.setdefault(id(each.operation), []).append(each)
    for told in by_operation.values():
        operation = told[0].operation
        differences = [each.difference for each in told]
        yield Problem(
            _message(differences),
            operation.span,
            object=wording.subject(differences[0].part) if len(differences) == 1 else None,
            help="Create it again as it was before the upgrade, with all that belonged to it.",
            instead=_instead(operation, differences, view),
            related=tuple(
                Related(each.span, f"{wording.called(each.part)} is dropped here")
                for each in differences[:1]
                if each.span and each.span != operation.span
            ),
            severity=Severity.INFO if all(_is_petty(each, view) for each in told) else None,
            direction="downgrade",
        )


def _is_petty(each: reversals.Poorer, view: RevisionView) -> bool:
    """Whether nobody misses what is lost, or the rows that are there could not have it."""
    return petty.is_petty(each.difference, view) or petty.is_filled_later(each.operation, each.difference)


def _message(differences: list[Difference]) -> str:
    missing = [each for each in differences if each.verdict == "missing"]
    other = [each for each in differences if each.verdict == "different"]
    said = []
    for each in other[:_MOST_NAMED]:
        now, was = wording.is_and_was(each)
        said.append(f"brings {wording.called(each.part)} back {now}, which was {was}")
    if len(other) > _MOST_NAMED:
        said.append(f"brings back {len(other) - _MOST_NAMED} more that are not what they were")
    if missing:
        shown = [wording.subject(each.part) for each in missing[:_MOST_NAMED]]
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        kinds = {each.part.kind for each in missing}
        kind = _plural(kinds.pop(), len(missing)) if len(kinds) == 1 else "parts"
        owner = missing[0].part.owner
        said.append(f'brings "{owner}" back without the {kind} {quoted(shown)}{more}')
    return f"the downgrade {' and '.join(said)}"


_MOST_NAMED: Final = 3


def _plural(kind: str, number: int) -> str:
    if number == 1:
        return kind
    return f"{kind}es" if kind.endswith(("x", "y")) and kind != "primary key" and kind != "foreign key" else f"{kind}s"


def _instead(operation: ops.Operation, differences: list[Difference], view: RevisionView) -> Instead:
    """The operation with what the schema before the upgrade tells."""
    if view.upgrade is None or operation.condition is not None:
        return ()
    before = view.upgrade.before
    head = _as_it_was(operation, before)
    if head is None:
        return ()
    missing = (each for each in differences if each.verdict == "missing")
    lacking = [added for each in missing if (added := _added(each, before, operation))]
    return (head, *lacking)


def _as_it_was(operation: ops.Operation, before: Schema) -> ops.Operation | None:
    match operation:
        case ops.AddColumn(table=name):
            table = before.table(name)
            column = table.column(operation.column.name) if table else None
            is_known = column is not None and column.type.is_known
            if column is None or not is_known or (column.nullable is False and not fills_itself(column)):
                return None  # the rows that are there have no value for it
            return replace(operation, column=column)
        case ops.CreateTable(table=made):
            table = before.table(made.name)
            known = table is not None and table.is_told and all(each.type.is_known for each in table.columns)
            return replace(operation, table=replace(table, indexes=(), lost=())) if table and known else None
        case ops.CreateIndex(table=name, index=made_index):
            table = before.table(name)
            index = table.index(made_index.name) if table and made_index.name else None
            return replace(operation, index=index) if index else None
        case ops.AddConstraint(table=name, constraint=made_one):
            table = before.table(name)
            constraint = table.constraint(made_one.name) if table and made_one.name else None
            return replace(operation, constraint=constraint) if constraint else None
    return None


def _added(difference: Difference, before: Schema, operation: ops.Operation) -> ops.Operation | None:
    """What creates an index or a key that went along; those of a table are written with it."""
    part = difference.part
    table = before.table(part.owner)
    if table is None or part.name is None:
        return None
    name: QualifiedName = part.owner
    if part.kind == "index" and (index := table.index(part.name)):
        return ops.CreateIndex(span=operation.span, table=name, index=index, in_batch=operation.in_batch)
    if isinstance(operation, ops.CreateTable) or part.kind in ("column", "index"):
        return None
    if constraint := table.constraint(part.name):
        return ops.AddConstraint(span=operation.span, table=name, constraint=constraint, in_batch=operation.in_batch)
    return None
