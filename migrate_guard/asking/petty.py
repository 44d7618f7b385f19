"""Which differences that a downgrade leaves change nothing for those who use the database."""

from __future__ import annotations

from migrate_guard.asking.required import fills_itself
from migrate_guard.dialects.narrowing import misfit
from migrate_guard.history.reversal import found
from migrate_guard.model import operations as ops
from migrate_guard.model.difference import Difference, Fact
from migrate_guard.model.schema import Column, ForeignKey, Index, PrimaryKey, Schema, Table, UniqueConstraint
from migrate_guard.rule import RevisionView

_NUMBERS_OR_TEXTS = frozenset({"text", "binary", "integer", "decimal", "float"})


def is_petty(difference: Difference, view: RevisionView) -> bool:
    """Whether all that was is still kept and refused, under the same names: only an order or a way to say it differs.

    A column that takes more than it did, a number drawn from another sequence, the order of the values of an enum
    type or of the columns of a key, an index that is not unique any more on columns that another key keeps unique.
    """
    if difference.verdict != "different" or view.upgrade is None or view.downgrade is None:
        return False
    if view.reversal is not None and view.reversal.outcome == "second-upgrade-raises":
        return False
    before, after = view.upgrade.before, view.downgrade.after
    facts = [each for each in difference.facts if each.is_certain]
    return bool(facts) and all(_is_petty(each, difference, before, after, view) for each in facts)


def is_filled_later(operation: ops.Operation, difference: Difference) -> bool:
    """Whether all that differs is that a column may be empty which the downgrade adds again, and nothing fills.

    The rows that are there have no value for it.
    """
    if not isinstance(operation, ops.AddColumn) or fills_itself(operation.column):
        return False
    is_it = difference.part.kind == "column" and difference.part.name == operation.column.name
    facts = [each for each in difference.facts if each.is_certain]
    return is_it and bool(facts) and all(each.name == "nullable" and each.before == "no" for each in facts)


def _is_petty(fact: Fact, difference: Difference, before: Schema, after: Schema, view: RevisionView) -> bool:
    old, new = found(difference.part, before), found(difference.part, after)
    match fact.name:
        case "values":
            return sorted(fact.before.split(", ")) == sorted(fact.after.split(", "))
        case "columns" | "referred columns" if isinstance(old, ForeignKey) and isinstance(new, ForeignKey):
            return bool(_pairs(old)) and _pairs(old) == _pairs(new)
        case "columns":
            is_key = isinstance(old, PrimaryKey | UniqueConstraint) and isinstance(new, PrimaryKey | UniqueConstraint)
            return is_key and sorted(fact.before.split(", ")) == sorted(fact.after.split(", "))
        case "type":
            return isinstance(old, Column) and isinstance(new, Column) and _takes_all(old, new, view)
        case "identity" | "default":
            return isinstance(old, Column) and isinstance(new, Column) and _draws(old) and _draws(new)
        case "unique":
            table = after.table(difference.part.owner)
            return isinstance(new, Index) and table is not None and fact.before == "yes" and _is_unique(new, table)
    return False


def _pairs(key: ForeignKey) -> set[tuple[str, str]]:
    """Which column refers to which, in whatever order."""
    return set(zip(key.columns, key.referred_columns, strict=False))


def _takes_all(old: Column, new: Column, view: RevisionView) -> bool:
    """Whether a type holds every value of the other, and as what it was."""
    is_alike = old.type.family == new.type.family and old.type.family in _NUMBERS_OR_TEXTS
    return is_alike and misfit(old.type, new.type, None, view.target) is None


def _draws(column: Column) -> bool:
    """Whether a sequence numbers the column."""
    drawn = column.default is not None and "nextval" in column.default.functions
    return column.is_serial or column.is_identity or drawn


def _is_unique(index: Index, table: Table) -> bool:
    """Whether something else of the table keeps the columns of an index unique."""
    others = (each for each in table.indexes if each.unique and each.where is None and each is not index)
    keys = (each.columns for each in (table.primary_key, *table.unique_constraints, *others) if each)
    return any(key and set(key) <= set(index.columns) for key in keys)
