"""Models against migrations without a child process: models as the statements that create_all would send."""

from __future__ import annotations

import ast
import runpy
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import MetaData, create_mock_engine

from migrate_guard import engine
from migrate_guard.commands._judging import sifted
from migrate_guard.config import Settings, selected
from migrate_guard.engine.drifting import judge_drift
from migrate_guard.model import folding
from migrate_guard.model.finding import Report
from migrate_guard.model.models import Model, Models
from migrate_guard.model.schema import Schema, Table
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.sql import read_sql
from migrate_guard.rules import load_rules

ENGINES: dict[DialectName, str] = {
    "postgresql": "postgresql+psycopg://",
    "sqlite": "sqlite://",
    "mysql": "mysql+pymysql://",
    "mariadb": "mariadb+pymysql://",
}


def folded(statements: Sequence[str], target: Target, path: str = "models.py") -> Schema:
    """The schema that statements make of an empty database."""
    schema = Schema.of_empty_database()
    for text in statements:
        for operation in read_sql(text, target, lambda _start, _end: Span(path, 1, 1, 1, 2)):
            schema = folding.apply(schema, operation)
    return schema


def created(metadata: MetaData, target: Target) -> list[str]:
    """The statements of `create_all`."""
    statements: list[str] = []

    def execute(ddl: object, *_: object, **__: object) -> None:
        statements.append(str(ddl.compile(dialect=mock.dialect)))  # type: ignore[attr-defined]  # any DDLElement

    mock = create_mock_engine(ENGINES[target.dialect], execute, paramstyle="named")
    metadata.create_all(mock, checkfirst=False)
    return statements


def models_of(file: Path, target: Target) -> Models:
    """The models of a module with a `Base`, each table and column at its line."""
    source = Source(file.name, file.read_text(encoding="utf-8"))
    schema = folded(created(runpy.run_path(str(file))["Base"].metadata, target), target)
    models = []
    for node in ast.parse(source.text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        lines = {each.targets[0].id: each for each in node.body if isinstance(each, ast.Assign)}  # type: ignore[attr-defined]
        lines |= {each.target.id: each for each in node.body if isinstance(each, ast.AnnAssign)}  # type: ignore[union-attr,misc]
        name = lines.get("__tablename__")
        for table in schema.tables.values():
            if name is not None and ast.literal_eval(name.value) == table.name.name:
                at = Span(source.path, node.lineno, 1, node.lineno, 2)
                places = {each: replace_line(at, line.lineno) for each, line in lines.items()}
                schema = schema.with_table(placed(table, at, places))
                models.append(Model(f"models.{node.name}", table.name, at))
    return Models(schema, tuple(models), sources={source.path: source})


def replace_line(span: Span, line: int) -> Span:
    return span._replace(line=line, end_line=line)


def placed(table: Table, at: Span, places: dict[str, Span]) -> Table:
    """The table with the line of each column, and that of its column for what is on one."""

    def place(columns: Sequence[str | None]) -> Span:
        return places.get(columns[0] or "", at) if len(columns) == 1 else at

    return replace(
        table,
        span=at,
        columns=tuple(replace(each, span=places.get(each.name, at)) for each in table.columns),
        foreign_keys=tuple(replace(each, span=place(each.columns)) for each in table.foreign_keys),
        unique_constraints=tuple(replace(each, span=place(each.columns)) for each in table.unique_constraints),
        check_constraints=tuple(replace(each, span=at) for each in table.check_constraints),
        indexes=tuple(replace(each, span=place(each.columns)) for each in table.indexes),
    )


def drifted(path: Path, *, dialect: DialectName = "postgresql", models: Models | None = None) -> Report:
    """What is said of the models and the migrations of a project; the models are those of its models.py."""
    rules = load_rules()
    settings = Settings(dialect=dialect)
    selection = discover([path], cwd=path, environ={})
    (found,) = selection.environments
    reading = engine.read(found, Target.default(dialect), Path.cwd())
    loaded = models or models_of(path / "models.py", reading.target)
    outcome = judge_drift(reading, selected(rules, settings), {}, lambda _history, _engine_name: loaded)
    return sifted([outcome], selection, settings, rules, time.perf_counter())
