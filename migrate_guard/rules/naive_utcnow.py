from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking.client_defaults import written_default, written_onupdate
from migrate_guard.asking.declarations import Argument
from migrate_guard.dialects.sqlalchemy_types import sqlalchemy_type
from migrate_guard.model.models import Attribute, ClientDefault, Model
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column
from migrate_guard.model.target import Target
from migrate_guard.rule import ModelView, Problem, Severity, rule

AWARE: Final = "lambda: datetime.now(timezone.utc)"
IN_LAMBDA: Final = lazily(r"\b(?:datetime|dt)\.utcnow\(\)(?!\s*\.replace\(\s*tzinfo)")
"""A call that is left without a zone."""


@rule("MG623", on=Model, severity=Severity.WARNING)
def naive_utcnow(view: ModelView) -> Iterator[Problem]:
    """Flag `default=datetime.utcnow`, whose times do not say that they are UTC."""
    for attribute in view.model.attributes:
        column = view.table.column(attribute.column) if view.table else None
        if column is not None and column.type.family == "timestamp":
            names = [
                argument.name or name
                for name, value, written in (
                    ("default", attribute.default, written_default),
                    ("onupdate", attribute.onupdate, written_onupdate),
                )
                if value is not None and value.kind == "callable"
                if _is_utcnow(value, argument := written(view.models, attribute))
            ]
            if names:
                yield _problem(view, attribute, column, names)


def _is_utcnow(value: ClientDefault, written: Argument) -> bool:
    if value.text.endswith("<lambda>"):
        return bool(IN_LAMBDA.search(written.value))
    return value.text == "datetime.datetime.utcnow"


def _problem(view: ModelView, attribute: Attribute, column: Column, names: list[str]) -> Problem:
    name = f"{view.model.table}.{attribute.column}"
    given = " and ".join(f"{each}=" for each in names)
    place = f"{given}{AWARE}" if len(names) == 1 else f"{AWARE} in both"
    if _has_zone(column):
        said = (
            f'datetime.utcnow in {given} of "{name}" does not say that its time is UTC: it counts as one in the zone '
            "of the session, or of the machine"
        )
        return Problem(said, attribute.span, object=name, help=f"Write {place}.")
    return Problem(
        f'datetime.utcnow in {given} of "{name}" is deprecated since Python 3.12, and neither it nor the column says '
        "that the time is UTC",
        attribute.span,
        object=name,
        help=f"Make the column sa.DateTime(timezone=True), and write {place}."
        if _knows_zones(view.target)
        else f"Write {place.replace(AWARE, f'{AWARE}.replace(tzinfo=None)')}.",
    )


def _has_zone(column: Column) -> bool:
    return "WITH TIME ZONE" in column.type.name


def _knows_zones(target: Target) -> bool:
    """Whether the database has a type for times with a zone."""
    return "WITH TIME ZONE" in sqlalchemy_type("sqlalchemy.DateTime", (), {"timezone": True}, target.dialect).name
