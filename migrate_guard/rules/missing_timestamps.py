from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import Identity, now, quoted, takes_function_defaults, words
from migrate_guard.asking.declarations import column_code, style
from migrate_guard.asking.house import house, is_own
from migrate_guard.asking.house_settings import HouseSettings, Timestamps
from migrate_guard.asking.house_timestamps import Half, could_agree, stamp
from migrate_guard.dialects.sqlalchemy_types import sqlalchemy_type
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.models import Models
from migrate_guard.model.operations import AddColumn
from migrate_guard.model.schema import Column, Table
from migrate_guard.model.target import Target
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = Timestamps


@rule("MG604", on=Table, severity=Severity.WARNING, options=Options)
def missing_timestamps(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table that does not say when its rows were made and changed, where the house does."""
    table, version_table = view.table, view.environment.version_table
    if not is_own(table, version_table) or not could_agree(table, options):
        return
    conventions = house(Identity(view.schema), version_table, HouseSettings(timestamps=options))
    missing = [
        half
        for half in (conventions.created, conventions.updated)
        if half.is_expected and stamp(table, half.names) is None and not _needs_no(half, table, options)
    ]
    if missing:
        yield _problem(view, missing, options)


def _needs_no(half: Half, table: Table, options: Options) -> bool:
    """Whether the name of the table says that its rows are written once, so that none is changed."""
    return half.name == "updated" and any(word in options.logs for word in words(table.name.name)[-1:])


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
    other = stamp(table, options.updated if half.name == "created" else options.created)
    has = f'has "{other.name}" but no' if other else "has no"
    return f'{has} "{half.column}"{told}, so nothing says when a row was {half.event}'
