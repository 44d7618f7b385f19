from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design, words
from migrate_guard.model.schema import CheckConstraint, Column, Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    names: tuple[str, ...] = (
        "status",
        "state",
        "type",
        "kind",
        "phase",
        "stage",
        "level",
        "severity",
        "priority",
        "mode",
    )
    """Words with which the name of a column ends that has a few values."""
    vetoes: tuple[str, ...] = (
        *("content", "mime", "media", "file", "data", "object", "entity", "target", "class", "python", "auth", "oauth"),
        *("process", "node", "viz", "plugin", "scheduler", "transport", "hypervisor", "event", "resource", "job"),
        *("country", "address", "billing", "shipping", "us"),
    )
    """Words with which it has many."""
    addresses: tuple[str, ...] = ("city", "zip", "zipcode", "postcode", "postal", "street", "country", "county")
    """Words of the columns beside which a state is a place."""


@rule("MG619", on=Table, severity=Severity.INFO, default=False, options=Options)
def status_without_check(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a string for one of a few values that neither an enumeration nor a CHECK holds to them."""
    table = view.table
    if table.is_open or table.may_have_more or table.is_part:
        return
    for column in design.own_columns(view):
        if _has_few_values(table, column, options) and not _is_held(table, column):
            yield Problem(
                f'"{table.name}.{column.name}" takes any text: a slip of the pen becomes a value of its own',
                column.span,
                object=f"{table.name}.{column.name}",
                help=f'Write sa.Enum(…) with the values, or sa.CheckConstraint("{column.name} IN (…)", name=…).',
                confidence=Confidence.LOW,
            )


def _has_few_values(table: Table, column: Column, options: Options) -> bool:
    told = words(column.name)
    if not told or told[-1] not in options.names or not design.is_text(column.type) or column.type.values:
        return False
    if design.has_word(told, options.vetoes) or column.computed is not None:
        return False
    # Half of a reference to any table: object_type and object_id.
    if len(told) > 1 and any(words(each.name) in _halves(told) for each in table.columns):
        return False
    others = {word for each in table.columns if each is not column for word in words(each.name)}
    return told[-1] != "state" or not design.has_word(others, options.addresses)


def _halves(told: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [(*told[:-1], other) for other in ("id", "uuid", "pk", "key")]


def _is_held(table: Table, column: Column) -> bool:
    """Whether a key or a CHECK says which values there are."""
    keys = [table.primary_key] if table.primary_key else []
    if any(column.name in each.columns for each in (*keys, *table.foreign_keys)):
        return True
    if any(each.columns == (column.name,) for each in table.unique_constraints):
        return True
    return any(_speaks_of(each, column.name) for each in table.check_constraints)


def _speaks_of(check: CheckConstraint, column: str) -> bool:
    told = check.expression.columns or check.columns
    return column in told or (not told and column.lower() in _names_in(check.expression.text))


def _names_in(text: str) -> set[str]:
    return {each.lower() for each in "".join(c if c.isalnum() or c == "_" else " " for c in text).split()}
