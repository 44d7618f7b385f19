from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design, product
from migrate_guard.asking.equal_indexes import is_computed
from migrate_guard.dialects.referable import Refusal, refusal
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import AddConstraint
from migrate_guard.model.schema import ForeignKey, Table, UniqueConstraint
from migrate_guard.rule import Problem, Related, Severity, TableView, rule


@rule("MG625", on=Table, severity=Severity.ERROR)
def foreign_key_to_non_unique(view: TableView) -> Iterator[Problem]:
    """Flag a foreign key to columns that are neither the primary key nor unique."""
    if view.table.is_part:
        return
    for key in view.table.foreign_keys:
        referred = view.schema.table(key.referred_table)
        if referred is None or not key.referred_columns or not _is_told(referred):
            continue
        if any(referred.column(each) is None for each in key.referred_columns):
            continue
        found = refusal(referred, key.referred_columns, view.target)
        if found is not None:
            yield _problem(view, key, referred, found)


def _is_told(table: Table) -> bool:
    """Whether the history tells all that could make columns unique."""
    is_whole = table.are_keys_told if table.is_open else bool(table.columns)
    if not all(is_computed(each) for each in table.indexes):
        return False
    return is_whole and not table.is_part and table.is_certain and not table.may_have_more and not table.doubtful


def _problem(view: TableView, key: ForeignKey, referred: Table, found: Refusal) -> Problem:
    table = view.table.name
    columns = " and ".join(f'"{table}.{each}"' for each in key.columns)
    others = " and ".join(f'"{referred.name}.{each}"' for each in key.referred_columns)
    verb = "refers" if len(key.columns) == 1 else "refer"
    database = product(view.target)
    told = f"{columns} {verb} to {others}, which no unique constraint and no primary key holds unique"
    if found.why:
        told = f"{columns} {verb} to {others}, and {found.why}"
    consequence = {
        "refused": f"{database} refuses such a key",
        "fails": f"{database} fails each write that checks it (foreign key mismatch)",
        "ambiguous": "several rows may be meant",
    }[found.outcome]
    lost = [each for each in referred.lost if _was_key(each.object, key)]
    return Problem(
        f"{told}: {consequence}",
        design.latest(view, key.span, *(each.span for each in lost[-1:])),
        object=f"{table}.{'.'.join(key.columns)}",
        help=f"Make {others} unique first, or refer to the primary key.",
        instead=_unique(view, referred, key) if view.models is None else (),
        related=(Related(referred.span, f'"{referred.name}" is made here'),),
        severity=Severity.WARNING if found.outcome == "ambiguous" else None,
    )


def _was_key(lost: object, key: ForeignKey) -> bool:
    columns = getattr(lost, "columns", ())
    return isinstance(columns, tuple) and set(columns) == set(key.referred_columns)


def _unique(view: TableView, referred: Table, key: ForeignKey) -> Instead:
    name = f"uq_{referred.name.name}_{'_'.join(key.referred_columns)}"
    constraint = UniqueConstraint(name=name, columns=key.referred_columns, span=key.span)
    in_batch = design.copies_to_alter(view.target)
    unique = AddConstraint(span=key.span, table=referred.name, constraint=constraint, in_batch=in_batch)
    if referred.constraint(name) is not None:
        return ()
    return (unique,)
