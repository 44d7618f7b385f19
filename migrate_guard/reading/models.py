"""Declarative classes of the project: the tables that they map, and the MetaData that collects these."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.reading.project import ProjectModule
from migrate_guard.reading.values import (
    Class,
    ColumnValue,
    ConstraintValue,
    External,
    IndexValue,
    MetaDataValue,
    TableValue,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import CallEvaluator

_BASES: Final = ("sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta")
_MOST_MODULES: Final = 40
"""Modules of an application that are looked through for its models."""
_SIGNS: Final = (b"__tablename__", b"Table(")
"""What stands in a module that defines tables."""


def metadata_of(model: Class) -> Value:
    """The MetaData of a declarative class: the one that it or a base of its names, else one that SQLAlchemy makes."""
    found = model.lookup("metadata")
    if found is not None or not model.descends_from(*_BASES):
        return found
    for base in model.bases:
        if isinstance(base, Class) and base.descends_from(*_BASES):
            return metadata_of(base)
    foreign = [each.path for each in model.bases if isinstance(each, External) and not _is_of_sqlalchemy(each)]
    if foreign:
        return Unknown(f"the metadata of {model.name} may be that of {foreign[0]}")
    made = MetaDataValue(origin=model.scope.path)
    model.scope.variables["metadata"] = made
    return made


def _is_of_sqlalchemy(base: External) -> bool:
    return base.path.startswith("sqlalchemy.")


def model_table(model: Class) -> TableValue | Unknown:
    """The table that a declarative class maps, with the columns of its mixins."""
    name, table, schema = model.lookup("__tablename__"), model.lookup("__table__"), None
    if isinstance(table, TableValue):
        return table
    if not isinstance(name, str):
        return Unknown(f"the table of {model.name} is not known")
    columns: dict[str, ColumnValue] = {}
    for each in _lineage(model):
        for key, column in each.scope.variables.items():
            if isinstance(column, ColumnValue):
                columns[key] = replace(column, name=column.name or key)
    arguments = model.lookup("__table_args__")
    parts = list(arguments) if isinstance(arguments, list | tuple) else [arguments]
    options = next((each for each in parts if isinstance(each, dict)), {})
    schema = options.get("schema")
    return TableValue(
        QualifiedName(name, schema if isinstance(schema, str) else None),
        list(columns.values()),
        [each for each in parts if isinstance(each, ConstraintValue)],
        [each for each in parts if isinstance(each, IndexValue)],
        model.span,
        {str(key): value for key, value in options.items()},
    )


def _lineage(model: Class) -> Iterator[Class]:
    """The classes that a class is made of, the most basic first."""
    for base in reversed(model.bases):
        if isinstance(base, Class):
            yield from _lineage(base)
    yield model


def register(model: Class) -> None:
    """Put the table of a class into the MetaData of its base, as defining the class does."""
    if not model.descends_from(*_BASES) or "__tablename__" not in model.scope.variables:
        return
    metadata, table = metadata_of(model), model_table(model)
    if isinstance(metadata, MetaDataValue) and isinstance(table, TableValue):
        metadata.tables.setdefault(str(table.name), table)


def load_models(machine: CallEvaluator) -> None:
    """Compute the classes and tables of the project's modules that are imported by now, the nearest modules first."""
    pending = list(machine.modules())
    seen = {each.name for each in pending}
    while pending:
        module = pending.pop(0)
        for name, statements in module.bindings.items():
            statement = statements[-1]
            if _makes_table(statement):
                machine.lookup(name, machine.module_scope(module))
            for imported in _imported(statement, module):
                if imported in seen or len(seen) >= _MOST_MODULES:
                    continue
                # reading and parsing a whole application takes seconds
                if machine.project.mentions(imported, *_SIGNS) and (found := machine.project.module(imported)):
                    seen.add(imported)
                    pending.append(found)


def _makes_table(statement: ast.stmt) -> bool:
    """Whether a statement at the top of a module looks like one that defines a table."""
    match statement:
        case ast.ClassDef(body=body):
            return any(
                isinstance(target, ast.Name) and target.id == "__tablename__"
                for each in body
                if isinstance(each, ast.Assign)
                for target in each.targets
            )
        case ast.Assign(value=ast.Call(func=ast.Name(id="Table") | ast.Attribute(attr="Table"))):
            return True
    return False


def _imported(statement: ast.stmt, module: ProjectModule) -> Iterator[str]:
    """The modules that an import statement may load."""
    match statement:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=name, names=names, level=level):
            parts = module.package.split(".") if level else []
            kept = parts[: len(parts) - (level - 1)] if level else []
            origin = ".".join([*kept, *([name] if name else [])])
            yield origin
            yield from (f"{origin}.{each.name}" for each in names)
