from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Table, constraint_kind
from migrate_guard.model.source import Span
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

KEYS: Final = {"primary": "pk", "unique": "uq", "foreignkey": "fk", "check": "ck", "exclude": "ex"}
NOUNS: Final = {
    "pk": "primary key",
    "uq": "unique constraint",
    "fk": "foreign key",
    "ck": "check constraint",
    "ix": "index",
    "ex": "exclusion constraint",
}
USUAL: Final = "{key}_%(table_name)s_%(constraint_name)s"
"""What a convention with the name in it looks like (SQLAlchemy, "Configuring Constraint Naming Conventions")."""
NAME: Final = "%(constraint_name)s"
CUT: Final = lazily(r".{51,}_[0-9a-f]{4}")
"""A name that was too long, as SQLAlchemy cuts it."""


@rule("MG709", on=Table, severity=Severity.WARNING)
def double_convention(view: TableView) -> Iterator[Problem]:
    """Flag a name that has been through the naming convention twice."""
    table = view.table
    for key, name, span in _names(table):
        template = view.environment.naming_convention.get(key, "")
        is_known = NAME in template
        inner = _inner(name, template if is_known else USUAL.format(key=key), table.name.name)
        if inner is not None:
            yield Problem(
                f'the {NOUNS[key]} of "{table.name}" is called "{name}": the naming convention was applied to '
                f'"{inner.given}", which has its form already',
                span,
                object=f"{table.name}.{name}",
                help=_help(inner, is_cut=CUT.fullmatch(name) is not None, is_of_model=view.models is not None),
                confidence=Confidence.HIGH if is_known else Confidence.MEDIUM,
            )


class Inner(Struct, frozen=True):
    """What a convention was applied to, and what it would have been right to apply it to."""

    given: str
    short: str


def _help(inner: Inner, *, is_cut: bool, is_of_model: bool) -> str:
    if is_cut:
        return "Give the short name, or mark the whole one as final: op.f(…), in models conv(…)."
    final = f"{'sa.schema.conv' if is_of_model else 'op.f'}({literal(inner.given)})"
    return f"Write {final}, which no convention touches, or the short name {literal(inner.short)}."


def _names(table: Table) -> Iterator[tuple[str, str, Span]]:
    for constraint in table.constraints():
        if constraint.name and not constraint.is_implicit_name and constraint.inherited_from is None:
            yield KEYS[constraint_kind(constraint)], constraint.name, constraint.span
    for index in table.indexes:
        if index.name and index.inherited_from is None:
            yield "ix", index.name, index.span


def _inner(name: str, template: str, table: str) -> Inner | None:
    """What was given to a template that made the name, where that had been through the template before."""
    given = _given(name, template, table)
    if not given:
        return None
    short = _given(given, template, table)
    head = template.partition("%(")[0]
    if not short and len(head) > 1 and given.startswith(head):
        short = given.removeprefix(head)
    return Inner(given, short) if short else None


def _given(name: str, template: str, table: str) -> str:
    pieces = _TOKEN.split(template)
    pattern = "".join(re.escape(each) if at % 2 == 0 else _token(each, table) for at, each in enumerate(pieces))
    found = re.fullmatch(pattern, name)
    return found["given"] if found else ""


_TOKEN: Final = lazily(r"%\((\w+)\)s")


def _token(token: str, table: str) -> str:
    match token:
        case "table_name":
            return re.escape(table)
        case "constraint_name":
            return "(?P<given>.+)"
    return ".+?"
