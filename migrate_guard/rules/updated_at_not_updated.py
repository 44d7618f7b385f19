from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import words
from migrate_guard.asking.client_defaults import CLOCKS, written_default
from migrate_guard.asking.declarations import declaration, is_field, with_argument
from migrate_guard.asking.timestamps import EVENTS, UPDATED
from migrate_guard.model.instead import Code
from migrate_guard.model.models import Attribute, Model, Models
from migrate_guard.model.schema import Column
from migrate_guard.rule import Confidence, ModelView, Problem, Severity, rule


class Options(Struct, frozen=True):
    names: tuple[str, ...] = tuple(each for each in UPDATED if each not in EVENTS)
    """Names of the column that says when a row was changed last."""


@rule("MG622", on=Model, severity=Severity.INFO, options=Options)
def updated_at_not_updated(view: ModelView, options: Options) -> Iterator[Problem]:
    """Flag a column that says when a row was changed last, and which no UPDATE of SQLAlchemy sets."""
    for attribute in view.model.attributes:
        column = view.table.column(attribute.column) if view.table else None
        if column is not None and _says_when_changed(column, options) and not _is_set(attribute, column, view.models):
            yield _problem(view, attribute)


def _says_when_changed(column: Column, options: Options) -> bool:
    return column.type.family in CLOCKS and "_".join(words(column.name)) in options.names


def _is_set(attribute: Attribute, column: Column, models: Models) -> bool:
    """Whether an UPDATE sets the column by itself."""
    if attribute.onupdate is not None or attribute.has_server_onupdate or column.computed is not None:
        return True
    # MySQL 8.4 manual, 13.2.5: it may be DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP.
    return "on update" in declaration(models, attribute.span).lower()


def _problem(view: ModelView, attribute: Attribute) -> Problem:
    table, default = view.model.table, attribute.default
    value = "sa.func.now()"
    if default is not None and default.kind == "callable":
        # The application's clock, in the zone in which it fills the column already.
        value = written_default(view.models, attribute).value or value
    written = declaration(view.models, attribute.span)
    code = with_argument(written, f"onupdate={value}")
    argument = f'sa_column_kwargs={{"onupdate": {value}}}' if is_field(written) else f"onupdate={value}"
    return Problem(
        f'updates of "{table}" leave "{table}.{attribute.column}" as it is: it has no onupdate=',
        attribute.span,
        object=f"{table}.{attribute.column}",
        help=f"Write {argument} at the column, or server_onupdate= where a trigger sets it.",
        instead=(Code(code),) if code else (),
        confidence=Confidence.MEDIUM,
    )
