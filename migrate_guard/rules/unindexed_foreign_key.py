from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard.asking import is_covered
from migrate_guard.asking.declarations import argument_of_table, declaration, with_argument
from migrate_guard.dialects.effects import builds_concurrently
from migrate_guard.model.instead import AutocommitBlock, Code, Instead
from migrate_guard.model.models import Models
from migrate_guard.model.operations import CreateIndex
from migrate_guard.model.schema import ForeignKey, Index, IndexElement, Lost, PrimaryKey, Table, UniqueConstraint
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Confidence, Problem, Related, Severity, TableView, rule


@rule("MG602", on=Table, severity=Severity.WARNING, dialects=("postgresql", "sqlite"))
def unindexed_foreign_key(view: TableView) -> Iterator[Problem]:
    """Flag a foreign key that no index, unique constraint or primary key begins with."""
    table = view.table
    if table.is_open or table.is_part:
        return
    for key in table.foreign_keys:
        if key.columns and not is_covered(table, key.columns):
            yield _problem(view, key)


def _was_index(lost: Lost, key: ForeignKey) -> bool:
    if not isinstance(lost.object, Index | PrimaryKey | UniqueConstraint):
        return False
    return set(lost.object.columns[: len(key.columns)]) == set(key.columns)


def _operation(table: Table, key: ForeignKey, *, is_aside: bool) -> Instead:
    create = CreateIndex(span=key.span, table=table.name, index=_index(table, key))
    return (AutocommitBlock((replace(create, concurrently=True),)) if is_aside else create,)


def _declaration(table: Table, key: ForeignKey, models: Models) -> Instead:
    model = models.model_of(table.name)
    if model is None:
        return ()
    if len(key.columns) == 1:
        code = with_argument(declaration(models, key.span), "index=True")
    else:
        names = ", ".join(map(literal, (str(_index(table, key).name), *key.columns)))
        code = argument_of_table(model, f"sa.Index({names})")
    return (Code(code),) if code else ()


def _index(table: Table, key: ForeignKey) -> Index:
    name = f"ix_{table.name.name}_{'_'.join(key.columns)}"
    return Index(name, tuple(map(IndexElement, key.columns)), key.span)


def _problem(view: TableView, key: ForeignKey) -> Problem:
    table, name, models = view.table, view.table.name, view.models
    # Where the script does not create the table, it is in use.
    is_aside = models is None and table.span.path != key.span.path and builds_concurrently(view.target)
    columns = " and ".join(f'"{name}.{column}"' for column in key.columns)
    verb = "refers" if len(key.columns) == 1 else "refer"
    is_sure = table.is_certain and not table.may_have_more
    known = "" if is_sure else " that the history tells of"
    return Problem(
        f'{columns} {verb} to "{key.referred_table}" without an index{known}, '
        f'so every delete in "{key.referred_table}" scans the whole of "{name}"',
        key.span,
        object=f"{name}.{'.'.join(key.columns)}",
        help=f"Create an index that begins with the columns of the foreign key{', concurrently' if is_aside else ''}.",
        instead=_operation(table, key, is_aside=is_aside) if models is None else _declaration(table, key, models),
        related=tuple(Related(lost.span, "its index goes here") for lost in table.lost if _was_index(lost, key))[-1:],
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
    )
