"""SQLAlchemy's constructs: what `sa.Column(...)` and its kin are as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.model.source import Span
from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import from_outside, texts, to_text
from migrate_guard.reading.connections import engine
from migrate_guard.reading.orm import is_of_entity, part
from migrate_guard.reading.values import (
    HOLE,
    Batch,
    Class,
    Clause,
    ColumnValue,
    Connection,
    ConstraintValue,
    External,
    FinalName,
    Function,
    Generated,
    IndexValue,
    Inspector,
    Instance,
    MetaDataValue,
    Registry,
    Scope,
    SqlType,
    Statement,
    TableValue,
    Value,
)


def call_sqlalchemy(call: Call) -> Value:
    """The value of a call into SQLAlchemy, SQLModel or a package of SQL types."""
    path = call.path
    if ".func." in path or (".functions." in path and call.name.islower()):
        return _function(call)
    handler = _HANDLERS.get(call.name)
    if handler is not None:
        return handler(call)
    if call.name[:1].isupper():
        return SqlType(path, tuple(call.args), call.kwargs, call.span)
    return Unknown(f"what {path}() returns", call.span)


def as_type(call: Call, value: Value) -> SqlType | Unknown | None:
    """A value used as a column type: a construct, a class of one, or None for anything else."""
    value = call.machine.resolve(value)
    if isinstance(value, SqlType):
        return value
    if isinstance(value, External):
        return SqlType(value.path, (), {}, call.span)
    if isinstance(value, Class):
        return call.machine.type_of_class(value, (), {}, call.span)
    if isinstance(value, Function):
        # SQLAlchemy calls whatever is callable and no type: type_api.to_instance()
        made = call.machine.call_function(value, [], {}, None)
        return made if isinstance(made, SqlType | Unknown) else None
    if isinstance(value, Unknown):
        return value
    return None


_ARGUMENTS: Final = (ConstraintValue, Generated)


def _column(call: Call) -> Value:
    args = list(call.args)
    name = call.kwargs.get("name", "")
    if args and isinstance(args[0], str):
        name = args.pop(0)
    elif args and isinstance(args[0], Unknown):
        unknown = args.pop(0)
        name = call.kwargs.get("name", HOLE) if not args or as_type(call, args[0]) else unknown
    if name is None or not isinstance(name, str):
        name = HOLE
    column_type: SqlType | Unknown | None = None
    if "type_" in call.kwargs:
        column_type = as_type(call, call.kwargs["type_"])
    elif args and not isinstance(args[0], _ARGUMENTS):
        column_type = as_type(call, args.pop(0))
    return ColumnValue(name, column_type, tuple(args), call.kwargs, call.span)


def _foreign_key(call: Call) -> Value:
    target = call.get(0, "column")
    return ConstraintValue("foreignkey", (), call.kwargs, call.span, (_reference(call, target),))


def _reference(call: Call, value: Value) -> Value:
    if isinstance(value, ColumnValue):
        table = _table_of_column(call, value)
        return f"{table}.{value.name}" if table else Unknown("a reference to a column object")
    return to_text(value) if isinstance(value, str | Clause) else value


def _foreign_key_constraint(call: Call) -> Value:
    columns, referred = _names(call.get(0, "columns")), _names(call.get(1, "refcolumns"))
    options = {**call.kwargs, "name": call.get(2, "name")}
    return ConstraintValue(
        "foreignkey", columns, options, call.span, tuple(_reference(call, each) for each in referred)
    )


def _names(value: Value) -> tuple[Value, ...]:
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if value is not None else ()


def _columns_constraint(kind: str) -> Callable[[Call], Value]:
    def build(call: Call) -> Value:
        return ConstraintValue(kind, tuple(call.args), call.kwargs, call.span)

    return build


def _check_constraint(call: Call) -> Value:
    options = {**call.kwargs, "name": call.get(1, "name")}
    return ConstraintValue("check", (), options, call.span, sqltext=call.get(0, "sqltext"))


def _exclude_constraint(call: Call) -> Value:
    return exclusion(call.args, call.kwargs, call.span)


def exclusion(elements: Sequence[Value], options: Mapping[str, Value], span: Span) -> ConstraintValue:
    """The exclusion constraint of (column, operator) pairs."""
    pairs = [each for each in elements if isinstance(each, tuple) and each]
    columns, operators = tuple(each[0] for each in pairs), tuple(each[-1] for each in pairs)
    return ConstraintValue("exclusion", columns, options, span, operators=operators)


def _index(call: Call) -> Value:
    made = IndexValue(call.get(0, "name"), tuple(call.args[1:]), call.kwargs, call.span)
    columns = {id(each) for each in made.elements if isinstance(each, ColumnValue)}
    for table in call.machine.tables:
        if not columns.isdisjoint(map(id, table.columns)):
            table.indexes.append(made)
            break
    return made


def _generated(kind: str) -> Callable[[Call], Value]:
    def build(call: Call) -> Value:
        return Generated(kind, tuple(call.args), call.kwargs)

    return build


def _table(call: Call) -> Value:
    name = call.get(0, "name")
    if not isinstance(name, str) or HOLE in name:
        return Unknown("the name of the table is not known", call.span)
    metadata = next((each for each in call.args[1:] if isinstance(each, MetaDataValue)), None)
    schema = call.kwargs.get("schema", metadata.schema if metadata else None)
    if {"autoload", "autoload_with"} & call.kwargs.keys():
        from migrate_guard.reading.reflecting import reflected

        call.machine.needs_database_at("inspector", call.span)
        found = reflected(call, call.machine.qualified(name, schema))
        found.columns += [each for each in call.args if isinstance(each, ColumnValue)]
        call.machine.tables.append(found)
        return found
    table = TableValue(
        call.machine.qualified(name, schema),
        [each for each in call.args if isinstance(each, ColumnValue)],
        [each for each in call.args if isinstance(each, ConstraintValue)],
        [each for each in call.args if isinstance(each, IndexValue)],
        call.span,
        call.kwargs,
    )
    call.machine.tables.append(table)
    if metadata is not None:
        metadata.tables[str(table.name)] = table
    return table


def _text(call: Call) -> Value:
    value = call.get(0, "text")
    if isinstance(value, Clause):
        return value
    if isinstance(value, str):
        return Clause(value, is_text=call.name == "text")
    return Clause(cast(str, from_outside(HOLE, value)))


def as_text(value: Value) -> Value:
    """What Alembic makes of a string that is to be executed: a `text()`."""
    return Clause(value, is_text=True) if isinstance(value, str) else value


def _function(call: Call) -> Value:
    name = call.name
    if name == "now":
        text = "CURRENT_TIMESTAMP" if call.machine.target.dialect == "sqlite" else "now()"
        return Clause(text, functions=("now",))
    if name in ANSI_FUNCTIONS and not call.args:
        return Clause(name.upper(), functions=(name,))
    args = [each.text if isinstance(each, Clause) else literal(each) for each in call.args]
    return Clause(f"{name}({', '.join(args)})", functions=(name,))


ANSI_FUNCTIONS: Final = frozenset(
    {"current_date", "current_time", "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user"}
)
"""SQLAlchemy's `AnsiFunction`s, which stand without parentheses (`sqlalchemy/sql/functions.py`)."""


def literal(value: Value) -> str:
    """A Python value as a SQL literal; HOLE when it is not known."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, ColumnValue):
        return value.name
    if isinstance(value, str) and HOLE not in value:
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if value is None else HOLE


def _constant(postgresql: str, other: str) -> Callable[[Call], Value]:
    def build(call: Call) -> Value:
        text = postgresql if call.machine.target.dialect in ("postgresql", "mysql", "mariadb") else other
        return Clause(text, is_literal=True)

    return build


def _literal(call: Call) -> Value:
    return Clause(literal(call.get(0)), is_literal=True)


def _cast(call: Call) -> Value:
    value = call.get(0)
    inner = value.text if isinstance(value, Clause) else literal(value)
    kind = as_type(call, call.get(1))
    if not isinstance(kind, SqlType):
        return Clause(HOLE)
    from migrate_guard.reading.sqltypes import column_type

    return Clause(f"CAST({inner} AS {column_type(call.machine, kind)})")


def _metadata(call: Call) -> Value:
    convention = call.kwargs.get("naming_convention")
    schema = call.kwargs.get("schema")
    return MetaDataValue(
        schema if isinstance(schema, str) else None,
        texts(convention),
        origin=call.machine.origin,
    )


def _inspect(call: Call) -> Value:
    subject = call.get(0)
    if isinstance(subject, Connection | Unknown) or subject is None:
        call.machine.needs_database("inspector", call.node)
        return Inspector()
    return Unknown("an inspection of an object")


def _session(call: Call) -> Value:
    return call.machine.opened_session(call.span)


def query(call: Call) -> Statement:
    """`select(...)` and `session.query(...)`: of tables, mapped classes, columns and functions."""
    selected = _flat(call.args)
    tables = [name for each in selected if (name := table_name(each) or _table_of_column(call, each))]
    columns = [each for each in selected if isinstance(each, ColumnValue)]
    functions = [each.functions[0] for each in selected if isinstance(each, Clause) and each.functions]
    whole = len(columns) + len(functions) < len(selected)
    return Statement(
        "select",
        tables[0] if tables else None,
        conditions=(HOLE,) if len(set(tables)) > 1 else (),
        columns=() if whole else tuple(each.name for each in columns),
        functions=() if whole else tuple(functions),
        entities=part(call) if any(map(is_of_entity, selected)) else None,
    )


def _table_of_column(call: Call, value: Value) -> QualifiedName | None:
    """The table that a column is declared in."""
    if not isinstance(value, ColumnValue):
        return None
    if value.table is not None:
        return value.table
    owners = (table.name for table in call.machine.tables if any(each is value for each in table.columns))
    return next(owners, None)


def _flat(values: list[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        found.extend(value if isinstance(value, list | tuple) else [value])
    return found


def table_name(value: Value) -> QualifiedName | None:
    """The table that a value stands for: a Table, a mapped class, an object of one."""
    if isinstance(value, TableValue):
        return value.name
    if isinstance(value, Instance):
        value = value.owner
    if isinstance(value, Class):
        name = value.lookup("__tablename__")
        return QualifiedName(name) if isinstance(name, str) else None
    if isinstance(value, Unknown):
        return value.table
    return value.table if isinstance(value, Statement | Batch) and isinstance(value.table, QualifiedName) else None


def _dml(kind: str) -> Callable[[Call], Value]:
    def build(call: Call) -> Value:
        target = call.get(0, "table")
        return Statement(kind, table_name(target), entities="names" if is_of_entity(target) else None)

    return build


def _expression(call: Call) -> Value:
    columns = [name for each in call.args if isinstance(each, Clause) for name in each.columns]
    return Clause(HOLE, columns=tuple(columns))


def _joined(word: str) -> Callable[[Call], Value]:
    def build(call: Call) -> Value:
        columns = tuple(name for each in call.args if isinstance(each, Clause) for name in each.columns)
        texts = [to_text(each) if isinstance(each, Clause) else HOLE for each in call.args]
        if not texts or HOLE in "".join(map(str, texts)):
            return Clause(HOLE, columns=columns)
        return Clause(f" {word} ".join(f"({each})" for each in texts), columns=columns)

    return build


def _negated(call: Call) -> Value:
    value = call.get(0, "clause")
    if not isinstance(value, Clause) or HOLE in value.text:
        return _expression(call)
    return Clause(f"NOT ({value.text})", columns=value.columns)


def _quoted_name(call: Call) -> Value:
    value = call.get(0)
    return value if isinstance(value, str) else Unknown("a name that is not known", call.span)


def _conv(call: Call) -> Value:
    value = call.get(0)
    return FinalName(value) if isinstance(value, str) else value


def _declarative_base(call: Call) -> Value:
    """A declarative base, or the registry that would make it: both have the MetaData."""
    metadata, model = call.get(None, "metadata"), call.get(None, "cls")
    own = (model,) if isinstance(model, Class) else ()
    scope = Scope(is_class=True, path=call.machine.origin or call.machine.path)
    made = Class("Base", (*own, External("sqlalchemy.orm.DeclarativeBase")), scope, call.span)
    if metadata is not None:
        made.scope.variables["metadata"] = metadata
    return made


def _registry(call: Call) -> Value:
    metadata = call.get(None, "metadata")
    return Registry(metadata if isinstance(metadata, MetaDataValue) else MetaDataValue(origin=call.machine.origin))


def base_of_registry(registry: Registry, call: Call) -> Class:
    """What `registry.generate_base()` gives."""
    made = Class("Base", (External("sqlalchemy.orm.DeclarativeBase"),), Scope(is_class=True), call.span)
    made.scope.variables["metadata"] = registry.metadata
    return made


def _mutable(call: Call) -> Value:
    """`MutableDict.as_mutable(type)`: the type, whose changes in place the ORM notices (sqlalchemy/ext/mutable.py)."""
    return as_type(call, call.get(0, "sqltype"))


def _nothing(call: Call) -> Value:
    return None


_HANDLERS: Final[Mapping[str, Callable[[Call], Value]]] = {
    "CheckConstraint": _check_constraint,
    "Column": _column,
    "Computed": _generated("computed"),
    "DDL": _text,
    "ExcludeConstraint": _exclude_constraint,
    "DefaultClause": _generated("default"),
    "FetchedValue": _generated("fetched"),
    "ForeignKey": _foreign_key,
    "ForeignKeyConstraint": _foreign_key_constraint,
    "Identity": _generated("identity"),
    "Index": _index,
    "MetaData": _metadata,
    "PrimaryKeyConstraint": _columns_constraint("primary"),
    "Sequence": _generated("sequence"),
    "Session": _session,
    "AsyncSession": _session,
    "Table": _table,
    "UniqueConstraint": _columns_constraint("unique"),
    "and_": _joined("AND"),
    "as_mutable": _mutable,
    "bindparam": _expression,
    "case": _expression,
    "cast": _cast,
    "column": _column,
    "conv": _conv,
    "async_engine_from_config": engine,
    "create_async_engine": engine,
    "create_engine": engine,
    "declarative_base": _declarative_base,
    "delete": _dml("delete"),
    "desc": _expression,
    "engine_from_config": engine,
    "exists": _expression,
    "false": _constant("false", "0"),
    "from_engine": _inspect,
    "insert": _dml("insert"),
    "inspect": _inspect,
    "Inspector": _inspect,
    "literal": _literal,
    "literal_column": _text,
    "mapped_column": _column,
    "not_": _negated,
    "null": _constant("NULL", "NULL"),
    "or_": _joined("OR"),
    "quoted_name": _quoted_name,
    "registry": _registry,
    "relationship": _nothing,
    "select": query,
    "sessionmaker": _session,
    "scoped_session": _session,
    "table": _table,
    "text": _text,
    "true": _constant("true", "1"),
    "tuple_": _expression,
    "type_coerce": _expression,
    "update": _dml("update"),
}
