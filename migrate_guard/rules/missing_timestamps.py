from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from migrate_guard.asking import (
    Convention,
    Identity,
    convention,
    is_association,
    now,
    quoted,
    takes_function_defaults,
    words,
)
from migrate_guard.asking.declarations import column_code, style
from migrate_guard.asking.timestamps import CREATED, EVENTS, UPDATED
from migrate_guard.dialects.sqlalchemy_types import sqlalchemy_type
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.models import Models
from migrate_guard.model.operations import AddColumn
from migrate_guard.model.schema import Column, Schema, Table
from migrate_guard.model.target import Target
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


@dataclass(frozen=True, slots=True)
class Options:
    created: tuple[str, ...] = CREATED
    """Names of the column that says when a row was made."""
    updated: tuple[str, ...] = UPDATED
    """Names of the column that says when a row was changed last."""
    events: tuple[str, ...] = EVENTS
    """Names of the time of an event: a table that has one and no updated column is written once."""
    logs: tuple[str, ...] = ("log", "logs", "event", "events", "history", "audit", "audits", "journal", "ledger")
    """Last words in the names of tables whose rows are written once."""
    expect: Literal["auto", "both", "created", "updated"] = "auto"
    """"auto": what the house does, with few tables both."""
    least_tables: int = 10
    share: float = 0.8


CLOCKS: Final = frozenset({"timestamp", "date"})
MOMENTS: Final = frozenset({"timestamp", "date", "integer", "text", "other", "unknown"})
"""Types that can say when: text and numbers too, as SQLite has no other."""


@rule("MG604", on=Table, severity=Severity.WARNING, options=Options)
def missing_timestamps(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table that does not say when its rows were made and changed, where the house does."""
    table, version_table = view.table, view.environment.version_table
    if not _could_agree(table, version_table, options):
        return
    missing = [
        half
        for half in _house(Identity(view.schema), version_table, options)
        if half.is_expected and _stamp(table, half.names) is None and not _needs_no(half, table, options)
    ]
    if missing:
        yield _problem(view, missing, options)


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two columns: what it may be called, what the house calls it, and how many of its tables have it."""

    name: Literal["created", "updated"]
    names: tuple[str, ...]
    column: str
    house: Convention
    is_expected: bool
    is_learnt: bool

    @property
    def event(self) -> str:
        return "made" if self.name == "created" else "changed last"


@lru_cache(maxsize=8)
def _house(schema: Identity[Schema], version_table: str, options: Options) -> tuple[Half, ...]:
    """What the tables of a schema that could agree do."""
    tables = [each for each in schema.value.tables.values() if _could_agree(each, version_table, options)]
    return (
        _half("created", options.created, tables, options),
        _half("updated", options.updated, tables, options),
    )


def _half(name: Literal["created", "updated"], names: tuple[str, ...], tables: list[Table], options: Options) -> Half:
    stamps = [_stamp(each, names) for each in tables]
    house = convention((stamp is not None for stamp in stamps), options.least_tables, options.share)
    used = Counter(stamp.name for stamp in stamps if stamp)
    is_learnt = house.is_told and options.expect == "auto"
    return Half(
        name,
        names,
        column=used.most_common(1)[0][0] if used else names[0],
        house=house,
        is_expected=house.holds if options.expect == "auto" else options.expect in ("both", name),
        is_learnt=is_learnt,
    )


def _could_agree(table: Table, version_table: str, options: Options) -> bool:
    """Whether the table is one that does not tell otherwise when its rows were made and changed."""
    if table.is_open or table.is_part or not table.columns or table.name.name == version_table:
        return False
    return not is_association(table) and not _is_append_only(table, options)


def _is_append_only(table: Table, options: Options) -> bool:
    """Whether each row is an event with a time of its own."""
    return _stamp(table, options.events, CLOCKS) is not None and _stamp(table, options.updated) is None


def _needs_no(half: Half, table: Table, options: Options) -> bool:
    """Whether the name of the table says that its rows are written once, so that none is changed."""
    return half.name == "updated" and any(word in options.logs for word in words(table.name.name)[-1:])


def _stamp(table: Table, names: tuple[str, ...], families: frozenset[str] = MOMENTS) -> Column | None:
    for column in table.columns:
        if column.type.family in families and "_".join(words(column.name)) in names:
            return column
    return None


def _problem(view: TableView, missing: list[Half], options: Options) -> Problem:
    table, models = view.table, view.models
    return Problem(
        f'"{table.name}" {_lacks(table, missing, options)}',
        table.span,
        object=str(table.name),
        help=f"Add {quoted(half.column for half in missing)}, NOT NULL and with the time as server_default.",
        instead=_operations(table, missing, view.target) if models is None else _declarations(table, missing, models),
        confidence=Confidence.HIGH if missing[0].is_learnt else Confidence.MEDIUM,
    )


def _operations(table: Table, missing: list[Half], target: Target) -> Instead:
    clock = sqlalchemy_type("sqlalchemy.DateTime", (), {"timezone": True}, target.dialect)
    columns = [Column(half.column, clock, table.span, nullable=False, default=now(target)) for half in missing]
    in_batch = not takes_function_defaults(target)
    return tuple(AddColumn(span=table.span, table=table.name, column=column, in_batch=in_batch) for column in columns)


def _declarations(table: Table, missing: list[Half], models: Models) -> Instead:
    model = models.model_of(table.name)
    if model is None:
        return ()
    how, clock = style(models, model), ("sa.DateTime(timezone=True)", "server_default=sa.func.now()")
    changing = {"created": (), "updated": ("onupdate=sa.func.now()",)}
    codes = [column_code(how, half.column, "datetime", (*clock, *changing[half.name])) for half in missing]
    return tuple(map(Code, filter(None, codes)))


def _lacks(table: Table, missing: list[Half], options: Options) -> str:
    """The second half of the message: what is missing, and how the house does it."""
    learnt = [half for half in missing if half.is_learnt]
    evidence = [f'{half.house} have "{half.column}"' for half in learnt]
    if len({str(half.house) for half in learnt}) == 1 < len(learnt):
        evidence = [f"{learnt[0].house} have each"]
    told = f" ({' and '.join(evidence)})" if evidence else ""
    if len(missing) == 2:
        first, second = missing
        return (
            f'has neither "{first.column}" nor "{second.column}"{told}, '
            f"so nothing says when a row was {first.event} or {second.event}"
        )
    half = missing[0]
    other = _stamp(table, options.updated if half.name == "created" else options.created)
    has = f'has "{other.name}" but no' if other else "has no"
    return f'{has} "{half.column}"{told}, so nothing says when a row was {half.event}'
