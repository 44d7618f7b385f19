"""How a database keeps the names of its objects: which it folds, which share a space, which it gives itself."""

from __future__ import annotations

from migrate_guard.model.target import Target


def folds_column_names(target: Target) -> bool:
    """Whether "Email" and "email" are one column, quoted or not."""
    return target.dialect != "postgresql"


def shares_index_names(target: Target) -> bool:
    """Whether the indexes of a schema share one space of names; else each table has its own."""
    return target.dialect in ("postgresql", "sqlite")


def mixes_keys_and_indexes(target: Target) -> bool:
    """Whether a unique or foreign key is an index of the same name, which DROP INDEX takes too."""
    return target.dialect in ("mysql", "mariadb")


def names_constraints_predictably(target: Target) -> bool:
    """Whether the name of an unnamed constraint follows from its table and columns."""
    return target.dialect == "postgresql"


def has_unique_constraint_names(target: Target) -> bool:
    """Whether a table refuses two constraints of one name."""
    return target.dialect != "sqlite"


def checks_references(target: Target) -> bool:
    """Whether a foreign key to a table that is not there is refused when it is declared."""
    return target.dialect != "sqlite"
