from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import PRODUCTS
from migrate_guard.dialects.names import excess
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Table, constraint_kind
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Confidence, Problem, Related, Severity, TableView, rule

NOUNS: Final = {
    "primary": "primary key",
    "unique": "unique constraint",
    "foreignkey": "foreign key",
    "check": "check constraint",
    "exclude": "exclusion constraint",
}


@rule(
    "MG701",
    on=Table,
    severity=Severity.ERROR,
    dialects=("postgresql", "mysql", "mariadb"),
    yields_to=("MG105",),
)
def identifier_too_long(view: TableView) -> Iterator[Problem]:
    """Flag a name that is longer than the database keeps."""
    table, dialect = view.table, view.target.dialect
    seen: dict[str, Span] = {}
    for noun, name, span in _names(table):
        long = excess(name, dialect)
        if long is None:
            continue
        (size, limit), is_table, elsewhere = long, noun == "table", _fits_elsewhere(name, view)
        kept = name.encode()[:limit].decode(errors="ignore")
        twin = seen.get(kept) if noun == "column" else None
        seen.setdefault(kept, span)
        yield Problem(
            f'the {noun} name "{name}" {_what_happens(noun, size, limit, view.target)}',
            span,
            object=str(table.name) if is_table else f"{table.name}.{name}",
            help=f"Give it a name of at most {limit} {'bytes' if dialect == 'postgresql' else 'characters'}.",
            related=(Related(twin, f"it begins with the same {limit} bytes"),) if twin else (),
            severity=Severity.INFO if elsewhere else None,
            confidence=Confidence.LOW if elsewhere else Confidence.HIGH,
        )


_SPOKEN: Final = lazily(r"\bdialects(?:\.|\s+import\s+)(mysql|postgresql)\b")
"""The dialect whose types a script imports."""


def _fits_elsewhere(name: str, view: TableView) -> bool:
    """Whether it fits MySQL, whose types the scripts import and no other's, where no URL names a database."""
    if view.target.dialect != "postgresql" or view.environment.urls or excess(name, "mysql") is not None:
        return False
    scripts = view.history.order if view.history else ()
    return {each for script in scripts for each in _SPOKEN.findall(script.text)} == {"mysql"}


def _names(table: Table) -> Iterator[tuple[str, str, Span]]:
    """What people have named: the noun, the name and its place."""
    if not table.is_given or table.renamed_at is not None:
        yield "table", table.name.name, table.renamed_at or table.span
    for column in table.columns:
        if not column.is_given and not column.is_inherited:
            yield "column", column.name, column.span
    for constraint in table.constraints():
        if constraint.name and not constraint.is_implicit_name and constraint.inherited_from is None:
            yield NOUNS[constraint_kind(constraint)], constraint.name, constraint.span
    for index in table.indexes:
        if index.name and index.inherited_from is None:
            yield "index", index.name, index.span


def _what_happens(noun: str, size: int, limit: int, target: Target) -> str:
    product = PRODUCTS[target.dialect]
    if target.dialect != "postgresql":
        return f"has {size} characters and {product} takes {limit}: the statement fails"
    cut = f"has {size} bytes and {product} keeps {limit}"
    if noun in ("table", "column"):
        return f"{cut}: the rest is cut off without an error"
    return f"{cut}: SQLAlchemy refuses it, and from plain SQL the rest is cut off without an error"
