"""Load the models of an application in a child process that reaches no database."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model import folding
from migrate_guard.model.models import Attribute, ClientDefault, DeclaredMetaData, Model, Models, Relationship
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Opaque
from migrate_guard.model.schema import (
    AnyConstraint,
    Column,
    Expression,
    Schema,
    Table,
)
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import Target
from migrate_guard.probes.child import Event, WorkerError, child, ended_early
from migrate_guard.probes.kept_models import imported, installed, kept
from migrate_guard.probes.scratch import scratch
from migrate_guard.reading.clauses import constant_default
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.project import display_path
from migrate_guard.reading.script import UnreadableFile, decode
from migrate_guard.reading.sql import read_sql

_DDL: Final = "the models"


class Wanted(Struct, frozen=True):
    """Which models are to be loaded, and how."""

    environment: AlembicEnvironment | None
    """Where their migrations are, if there are any."""
    specs: Sequence[str]
    """`module:attribute` or modules; empty: what env.py hands to `context.configure`."""
    target: Target
    python: str
    root: Path
    """Where the project is."""
    history: Schema | None = None
    """What the migrations make: the filters of env.py are asked about it."""
    engine_name: str | None = None
    """Of a multidb environment the database whose models are wanted; None: of all."""
    x: Sequence[str] = ()
    base: Path = Path()
    """What paths are shown relative to."""
    cache: Path | None = None
    """Where answers are kept; None: nowhere."""


def load(wanted: Wanted) -> Models:
    """Import models and return what they are; raises WorkerError where they cannot be imported."""
    if not wanted.specs and (wanted.environment is None or wanted.environment.env_path is None):
        raise WorkerError('there is no env.py to say which models there are: name them, as in models = "app.db:Base"')
    return _models(_told(wanted), wanted)


def load_copy(digest: str, wanted: Wanted, copy: Callable[[Path], Wanted]) -> Models:
    """Load what is wanted from a copy of its files, which has a digest; `copy` makes it in a directory.

    The spans of what is loaded lie in the copy, which is gone then.
    """
    if wanted.cache is None:
        return _models(_asked(wanted, copy), wanted)
    job = {**_job(wanted), "digest": digest}
    return _models(kept(wanted.cache, job, wanted.python, lambda: _asked(wanted, copy), installed), wanted)


def _told(wanted: Wanted) -> Event:
    if wanted.cache is None:
        return _asked(wanted)
    return kept(wanted.cache, _job(wanted), wanted.python, lambda: _asked(wanted), imported)


def _asked(wanted: Wanted, copy: Callable[[Path], Wanted] | None = None) -> Event:
    with scratch("sqlite", url=None, keep=False, python=wanted.python, version=None) as place:
        asked = copy(place.directory) if copy else wanted
        with child("models", wanted.python, place, lambda: _job(asked)) as events:
            for event in events:
                match event["event"]:
                    case "models":
                        return event
                    case "given up":
                        said = f"the models cannot be loaded: {event['text']}\n{event.get('excerpt', '')}"
                        raise WorkerError(said.rstrip())
            raise ended_early(place, "importing the models")


def _job(wanted: Wanted) -> dict[str, object]:
    found = wanted.environment
    return {
        "config_file": str(found.config_path) if found and found.config_path else None,
        "section": found.section if found else "alembic",
        "script_location": str(found.script_location) if found and found.script_location else None,
        "version_locations": list(map(str, found.version_locations)) if found else [],
        "is_recursive": found.recursive if found else False,
        "sys_path": list(map(str, found.prepend_sys_path)) if found else [],
        "root": str(wanted.root.absolute()),
        "x": list(wanted.x),
        "models": list(wanted.specs),
        "engine_name": wanted.engine_name,
        "dialect": wanted.target.dialect,
        "version": list(wanted.target.version),
        "history": [_asked_about(each) for each in wanted.history.tables.values()] if wanted.history else [],
    }


def _asked_about(table: Table) -> dict[str, object]:
    return {
        "name": table.name.name,
        "schema": table.name.schema,
        "columns": [each.name for each in table.columns],
        "indexes": [each.name for each in table.indexes if each.name],
        "uniques": [each.name for each in table.unique_constraints if each.name],
        "foreign_keys": [each.name for each in table.foreign_keys if each.name],
    }


def _models(event: Event, wanted: Wanted) -> Models:
    files = _Files(wanted.base)
    models = tuple(_model(each, files) for each in event["models"])
    schema, unread = _schema(event["ddl"], wanted.target)
    by_table = {each.table: each for each in reversed(models)}
    for name, table in schema.tables.items():
        if name in by_table:
            schema = replace(schema, tables=schema.tables.set(name, _placed(table, by_table[name], wanted.target)))
    problems = tuple((files.span(file, line), text) for file, line, text in event["problems"])
    return Models(
        schema,
        models,
        tuple(
            DeclaredMetaData(
                files.span(each["file"], each["line"]) if each["file"] else None,
                each["engine"],
                tuple(QualifiedName(name, schema_name) for schema_name, name in each["tables"]),
                tuple(each["naming_convention"]),
            )
            for each in event["metadata"]
        ),
        files.sources,
        frozenset(
            (kind, QualifiedName(table, schema_name), name) for kind, schema_name, table, name in event["excluded"]
        ),
        (*problems, *unread),
    )


def _model(told: Mapping[str, Any], files: _Files) -> Model:
    return Model(
        told["name"],
        QualifiedName(told["table"], told["schema"]),
        files.span(told["file"], told["line"]),
        tuple(
            Attribute(
                each["column"],
                each["name"],
                files.span(each["file"], each["line"]),
                _client_default(each["default"]),
                _client_default(each["onupdate"]),
                has_server_onupdate=each["has_server_onupdate"],
            )
            for each in told["attributes"]
        ),
        tuple(
            Relationship(
                each["name"],
                files.span(each["file"], each["line"]),
                each["target"],
                has_other_side=each["has_other_side"],
                is_viewonly=each["is_viewonly"],
            )
            for each in told["relationships"]
        ),
    )


def _client_default(told: Mapping[str, Any] | None) -> ClientDefault | None:
    return ClientDefault(told["kind"], told["text"], told["type"]) if told else None


def _schema(ddl: Sequence[str], target: Target) -> tuple[Schema, list[tuple[Span, str]]]:
    """What the statements that SQLAlchemy would send make of an empty database."""
    schema = Schema.of_empty_database()
    unread: list[tuple[Span, str]] = []
    nowhere = Span(_DDL, 1, 1, 1, 2)
    for text in ddl:
        for operation in read_sql(text, target, lambda _start, _end: nowhere):
            if isinstance(operation, Opaque):
                unread.append((nowhere, f"{operation.reason}: {' '.join(text.split())[:80]}"))
            schema = folding.apply(schema, operation)
    return schema, unread


def _placed(table: Table, model: Model, target: Target) -> Table:
    """The table with the places of its declarations, and with what only the application fills in."""
    attributes = {each.column: each for each in model.attributes}

    def place(columns: Sequence[str | None]) -> Span:
        known = [attributes[each].span for each in columns if each in attributes]
        return known[0] if len(known) == len(columns) == 1 else model.span

    def keys(constraints: tuple[_Key, ...]) -> tuple[_Key, ...]:
        return tuple(replace(each, span=place(each.columns)) for each in constraints)

    primary = table.primary_key
    return replace(
        table,
        span=model.span,
        columns=tuple(_column(each, attributes.get(each.name), model.span, target) for each in table.columns),
        primary_key=replace(primary, span=place(primary.columns)) if primary else None,
        foreign_keys=keys(table.foreign_keys),
        unique_constraints=keys(table.unique_constraints),
        check_constraints=keys(table.check_constraints),
        exclusion_constraints=keys(table.exclusion_constraints),
        indexes=tuple(replace(each, span=place(each.columns)) for each in table.indexes),
    )


_Key = TypeVar("_Key", bound=AnyConstraint)


def _column(column: Column, attribute: Attribute | None, otherwise: Span, target: Target) -> Column:
    if attribute is None:
        return replace(column, span=otherwise)
    default = attribute.default
    return replace(
        column,
        span=attribute.span,
        has_client_default=default is not None and default.kind != "sequence",
        client_default=_constant(default, target) if default else None,
    )


def _constant(default: ClientDefault, target: Target) -> Expression | None:
    if default.kind != "constant" or default.type not in (
        "builtins.str",
        "builtins.int",
        "builtins.float",
        "builtins.bool",
    ):
        return None
    return constant_default(ast.literal_eval(default.text), target.dialect)


class _Files:
    """The files that declare models, read when one is pointed at."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.sources: dict[str, Source] = {}

    def span(self, file: str, line: int) -> Span:
        """What is written in a line."""
        source = self._source(file)
        text = source.line(line)
        indent = len(text) - len(text.lstrip())
        return Span(source.path, line, indent + 1, line, max(len(text.rstrip().encode()), indent) + 1)

    def _source(self, file: str) -> Source:
        display = display_path(Path(file), self._base)
        if display not in self.sources:
            try:
                text = decode(Path(file).read_bytes(), display)
            except (OSError, UnreadableFile):
                text = ""
            self.sources[display] = Source(display, text)
        return self.sources[display]
