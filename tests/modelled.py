"""Models as a child would tell of them, put together from code that is not run and the tables that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from migrate_guard.model import folding
from migrate_guard.model.models import Attribute, ClientDefault, DeclaredMetaData, Model, Models, Relationship
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema, Table
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import read_sql

PATH = "app/models.py"


def callable_(name: str) -> ClientDefault:
    return ClientDefault("callable", name)


def constant(text: str, type_: str) -> ClientDefault:
    return ClientDefault("constant", text, type_)


def modelled(
    code: str,
    *ddl: str,
    dialect: DialectName = "postgresql",
    defaults: Mapping[str, ClientDefault] | None = None,
    onupdates: Mapping[str, ClientDefault] | None = None,
    relationships: Mapping[str, Sequence[tuple[str, str, bool]]] | None = None,
    conventions: tuple[str, ...] = ("ix",),
    server_onupdates: Sequence[str] = (),
) -> Models:
    """The models of `app/models.py`; defaults go by "table.column", relationships by class: name, target, has other."""
    source = Source(PATH, code)
    schema = Schema.of_empty_database()
    for text in ddl:
        for operation in read_sql(text, Target.default(dialect), lambda _start, _end: Span(PATH, 1, 1, 1, 2)):
            schema = folding.apply(schema, operation)
    models = []
    for name, table, span, places in _declared(code):
        models.append(
            Model(
                f"app.models.{name}" if name else "",
                QualifiedName(table),
                span,
                tuple(
                    Attribute(
                        column.name,
                        column.name,
                        places.get(column.name, span),
                        (defaults or {}).get(f"{table}.{column.name}"),
                        (onupdates or {}).get(f"{table}.{column.name}"),
                        has_server_onupdate=f"{table}.{column.name}" in server_onupdates,
                    )
                    for column in schema.tables[QualifiedName(table)].columns
                ),
                tuple(
                    Relationship(each, places[each], f"app.models.{target}", has_other_side=has_other)
                    for each, target, has_other in (relationships or {}).get(name, ())
                ),
            )
        )
        schema = replace(schema, tables=schema.tables.set(QualifiedName(table), _placed(schema, models[-1])))
    metadata = DeclaredMetaData(Span(PATH, 1, 1, 1, 2), None, tuple(schema.tables), conventions)
    return Models(schema, tuple(models), (metadata,), {PATH: source})


def _placed(schema: Schema, model: Model) -> Table:
    table = schema.tables[model.table]
    places = {each.column: each.span for each in model.attributes}
    return replace(
        table,
        span=model.span,
        columns=tuple(
            replace(
                each,
                span=places[each.name],
                has_client_default=(attribute := model.attribute(each.name)) is not None and bool(attribute.default),
            )
            for each in table.columns
        ),
        foreign_keys=tuple(
            replace(each, span=places[each.columns[0]] if len(each.columns) == 1 else model.span)
            for each in table.foreign_keys
        ),
    )


def _declared(code: str) -> Iterator[tuple[str, str, Span, dict[str, Span]]]:
    """The classes with a table, and the calls of Table(): name, table, place, and the places of what they declare."""
    tree = ast.parse(code)
    classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            places = _places(node)
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in classes:
                    places = {**_places(classes[base.id]), **places}
            table = next((ast.literal_eval(value) for name, value in _values(node) if name == "__tablename__"), None)
            if table:
                yield node.name, table, _span(node.lineno), places
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "Table" in ast.dump(node.value.func):
            columns = [each for each in node.value.args if isinstance(each, ast.Call) and each.args]
            names = {
                each.args[0].value: _span(each.lineno) for each in columns if isinstance(each.args[0], ast.Constant)
            }
            yield "", ast.literal_eval(node.value.args[0]), _span(node.lineno), names  # type: ignore[misc]  # names


def _values(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            yield each.targets[0].id, each.value


def _places(node: ast.ClassDef) -> dict[str, Span]:
    found = {}
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            found[each.target.id] = _span(each.lineno)
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            found[each.targets[0].id] = _span(each.lineno)
    return found


def _span(line: int) -> Span:
    return Span(PATH, line, 1, line, 2)
