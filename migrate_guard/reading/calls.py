"""Answer calls and attributes: Python's own, the project's functions, SQLAlchemy's constructs, Alembic's directives."""

from __future__ import annotations

import ast
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.model.source import Span
from migrate_guard.reading import builtins_ as python
from migrate_guard.reading.computing import CONTAINERS, known_items
from migrate_guard.reading.expressions import Evaluator
from migrate_guard.reading.project import Project, ProjectModule
from migrate_guard.reading.values import (
    AutocommitBlock,
    Batch,
    BoundMethod,
    Class,
    Clause,
    Columns,
    ColumnValue,
    Connection,
    DialectValue,
    EnumMember,
    External,
    Function,
    Inspector,
    Instance,
    MetaDataValue,
    MigrationContext,
    Partial,
    Rows,
    Scope,
    SqlType,
    Statement,
    TableValue,
    Value,
)


@dataclass(slots=True)
class Call:
    """A call being answered: the evaluated arguments and where it stands."""

    machine: CallEvaluator
    path: str
    args: list[Value]
    kwargs: dict[str, Value]
    span: Span
    node: ast.Call

    def get(self, position: int | None, *names: str, default: Value = None) -> Value:
        """The argument by any of its names (directives renamed theirs over the years), else by position."""
        for name in names:
            if name in self.kwargs:
                return self.kwargs[name]
        if position is not None and position < len(self.args):
            return self.args[position]
        return default

    def argument_node(self, position: int, *names: str) -> ast.expr | None:
        """The expression an argument is written as, for its place."""
        for keyword in self.node.keywords:
            if keyword.arg in names:
                return keyword.value
        if position < len(self.node.args) and not any(isinstance(each, ast.Starred) for each in self.node.args):
            return self.node.args[position]
        return None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


Handler = Callable[[Call], Value]

_TOUCHES_DATABASE: Final = (Connection, MigrationContext, Inspector, Batch)


class CallEvaluator(Evaluator):
    """What calls and attributes give."""

    def __init__(self, target: Any, project: Project, schema: Any, path: str) -> None:
        super().__init__(target, project, schema, path)
        self._modules_by_scope: dict[int, ProjectModule] = {}
        self._scopes: dict[str, Scope] = {}
        self.configured: dict[str, Value] = {}
        self.enums_made: set[QualifiedName] = set()

    @abstractmethod
    def call_function(
        self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.Call | None
    ) -> Value: ...

    # -- attributes

    def attribute(self, value: Value, name: str, node: ast.expr) -> Value:
        if isinstance(value, External):
            value = self.resolve(value)
            if isinstance(value, External):
                return self.resolve(External(f"{value.path}.{name}"))
        answer = _ATTRIBUTES.get(type(value))
        if answer is not None:
            return answer(self, value, name, node)
        if isinstance(value, (str, bytes, int, float, *CONTAINERS)):
            return BoundMethod(value, name)
        return value if isinstance(value, Unknown) else Unknown(f"the attribute {name!r} of a value not known")

    def resolve(self, value: Value) -> Value:
        """Look an imported name up in the project; a name of any other package stays what it is."""
        if not isinstance(value, External) or value.path.partition(".")[0] in _OUTSIDE:
            return value
        module_name, _, name = value.path.rpartition(".")
        if not module_name:
            return value
        module = self.project.module(module_name)
        if module is None or name not in module.bindings:
            return value
        found = self.lookup(name, self.module_scope(module))
        if isinstance(found, External) and found != value:
            return self.resolve(found)
        return found

    def module_scope(self, module: ProjectModule) -> Scope:
        """The variables of a module of the project, computed one by one as they are asked for."""
        if module.name not in self._scopes:
            scope = Scope(path=module.display, package=module.package)
            self._scopes[module.name] = scope
            self._modules_by_scope[id(scope)] = module
        return self._scopes[module.name]

    # -- calls

    def call(self, node: ast.Call, scope: Scope) -> Value:
        self.step()
        function = self.resolve(self.evaluate(node.func, scope))
        if isinstance(function, External) and function.path in ("builtins.globals", "builtins.locals", "builtins.vars"):
            return _module_scope(scope).variables if function.path == "builtins.globals" else scope.variables
        args = self.elements(node.args, scope)
        kwargs: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, Mapping):
                kwargs.update({str(key): each for key, each in value.items()})
        return self.call_value(function, args, kwargs, node)

    def call_value(self, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """The result of calling a value that is known as far as it goes."""
        match function:
            case External(path=path):
                return self.call_external(Call(self, path, args, kwargs, self.span(node), node))
            case Function():
                return self.call_function(function, args, kwargs, node)
            case BoundMethod(receiver=receiver, name=name):
                return self.call_method(receiver, Call(self, name, args, kwargs, self.span(node), node))
            case Class():
                return self.instantiate(function, args, kwargs, node)
            case Partial():
                return self.call_value(function.function, [*function.args, *args], {**function.kwargs, **kwargs}, node)
            case SqlType():
                return function
            case Instance():
                method = self.attribute(function, "__call__", node)
                if isinstance(method, Function):
                    return self.call_function(method, args, kwargs, node)
        return self.call_unknown(function, args, kwargs, node)

    def call_unknown(self, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """A call that cannot be followed; one that is handed the connection may do anything."""
        text = _callee(node)
        if text.rpartition(".")[2] in _SESSIONS:
            return Connection(is_session=True)
        if isinstance(function, Connection):
            return function
        if any(map(is_database, [*args, *kwargs.values()])):
            self.unbounded(self.span(node), f"{text}() is called with the connection and cannot be read")
        return function if isinstance(function, Unknown) else Unknown(f"what {text}() returns", self.span(node))

    def call_external(self, call: Call) -> Value:
        top, _, _ = call.path.partition(".")
        if top == "builtins":
            return python.call_builtin(call)
        if top == "alembic":
            from migrate_guard.reading.directives import call_alembic

            return call_alembic(call)
        if top in ("sqlalchemy", "sqlmodel", "geoalchemy2", "sqlalchemy_utils", "pgvector"):
            from migrate_guard.reading.constructs import call_sqlalchemy

            return call_sqlalchemy(call)
        if top in sys.stdlib_module_names:
            return python.call_standard(call)
        if call.name in _SESSIONS:
            return Connection(is_session=True)
        if any(map(is_database, [*call.args, *call.kwargs.values()])):
            self.unbounded(call.span, f"{call.path}() is called with the connection and lies outside the project")
            return Unknown(f"what {call.path}() returns", call.span)
        if call.name[:1].isupper():
            return SqlType(call.path, tuple(call.args), call.kwargs, call.span)
        return Unknown(f"what {call.path}() returns", call.span)

    def call_method(self, receiver: Value, call: Call) -> Value:
        if isinstance(receiver, (str, bytes, int, float, *CONTAINERS)):
            return python.call_python_method(receiver, call)
        if isinstance(receiver, Batch):
            from migrate_guard.reading.directives import call_batch

            return call_batch(receiver, call)
        if isinstance(receiver, Inspector):
            from migrate_guard.reading.inspection import call_inspector

            return call_inspector(call)
        from migrate_guard.reading.statements import call_database

        return call_database(receiver, call)

    def instantiate(self, owner: Class, args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """An object of a class of the project; of an enumeration, the member of that value."""
        if owner.is_enum:
            members = [each for each in owner.scope.variables.values() if isinstance(each, EnumMember)]
            return next((each for each in members if args and each.value == args[0]), Unknown("an enum member"))
        if owner.descends_from(*_TYPE_BASES):
            return self.type_of_class(owner, tuple(args), kwargs, self.span(node))
        made = Instance(owner)
        initialiser = owner.lookup("__init__")
        if isinstance(initialiser, Function):
            self.call_function(_bound(initialiser, made), args, kwargs, node)
        else:
            fields = [name[len("\0field:") :] for name in owner.scope.variables if name.startswith("\0field:")]
            made.attributes.update(zip(fields, args, strict=False))
            made.attributes.update(kwargs)
        return made

    def type_of_class(self, owner: Class, args: tuple[Value, ...], kwargs: Mapping[str, Value], span: Span) -> SqlType:
        """The SQL type of a `TypeDecorator` or `UserDefinedType` of the project."""
        implementation = owner.lookup("impl")
        if isinstance(implementation, SqlType):
            return implementation
        if isinstance(implementation, External):
            return SqlType(implementation.path, args, kwargs, span)
        if isinstance(implementation, Class):
            return self.type_of_class(implementation, args, kwargs, span)
        specification = owner.lookup("get_col_spec")
        if isinstance(specification, Function):
            text = self.call_function(_bound(specification, Instance(owner, dict(kwargs))), [], {}, None)
            if isinstance(text, str):
                return SqlType("migrate_guard.sql", (text,), {}, span)
        base = next((base for base in owner.bases if isinstance(base, External)), None)
        return SqlType(base.path if base else owner.name, args, kwargs, span)


_TYPE_BASES: Final = (
    "sqlalchemy.types.TypeDecorator",
    "sqlalchemy.TypeDecorator",
    "sqlalchemy.types.UserDefinedType",
    "sqlalchemy.sql.sqltypes.TypeDecorator",
    "sqlalchemy.sql.type_api.TypeDecorator",
)
_OP: Final = External("alembic.op")
_SESSIONS: Final = frozenset({"Session", "sessionmaker", "scoped_session"})
_OUTSIDE: Final = frozenset({"alembic", "sqlalchemy", "builtins", "sqlmodel"}) | sys.stdlib_module_names


def is_database(value: Value) -> bool:
    """Whether who is handed this value can change the database."""
    return isinstance(value, _TOUCHES_DATABASE) or value == _OP


def _bound(function: Function, receiver: Value) -> Function:
    if function.kind == "staticmethod":
        return function
    return Function(
        function.name, function.node, function.scope, function.defaults, function.keyword_defaults, receiver
    )


def _module_scope(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def _callee(node: ast.Call) -> str:
    try:
        text = ast.unparse(node.func)
    except RecursionError:
        return "a function"
    return text if len(text) <= 60 else text[:57] + "..."


# -- attributes by kind of value


def _of_class(machine: CallEvaluator, value: Class, name: str, node: ast.expr) -> Value:
    found = value.lookup(name)
    if isinstance(found, Function):
        return _bound(found, value) if found.kind == "classmethod" else found
    if found is not None:
        return found
    if name in ("__name__", "__qualname__"):
        return value.name
    if name == "__members__" and value.is_enum:
        return {each.name: each for each in known_items(value) or ()}
    if name == "__table__":
        return model_table(machine, value)
    if name in ("c", "columns"):
        table = model_table(machine, value)
        return Columns(table) if isinstance(table, TableValue) else table
    return BoundMethod(value, name)


def model_table(machine: CallEvaluator, value: Class) -> TableValue | Unknown:
    """The table that a declarative class of the script maps."""
    name = value.lookup("__tablename__")
    table = value.lookup("__table__")
    if isinstance(table, TableValue):
        return table
    if not isinstance(name, str):
        return Unknown(f"the table of {value.name} is not known")
    columns: list[ColumnValue] = []
    for key, column in value.scope.variables.items():
        if isinstance(column, ColumnValue):
            columns.append(replace(column, name=column.name or key))
    return TableValue(QualifiedName(name), columns, [], [], value.span)


def _of_instance(machine: CallEvaluator, value: Instance, name: str, node: ast.expr) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    found = value.owner.lookup(name)
    if isinstance(found, Function):
        bound = _bound(found, value)
        return machine.call_function(bound, [], {}, None) if found.kind == "property" else bound
    if found is not None:
        return found
    if name == "__class__":
        return value.owner
    return Unknown(f"the attribute {name!r} of an object of {value.owner.name}")


def _of_enum_member(machine: CallEvaluator, value: EnumMember, name: str, node: ast.expr) -> Value:
    if name in ("value", "_value_"):
        return value.value
    if name == "name":
        return value.name
    return machine.attribute(value.value, name, node) if value.is_string else Unknown(f"{value.name}.{name}")


def _of_column(machine: CallEvaluator, value: ColumnValue, name: str, node: ast.expr) -> Value:
    match name:
        case "name" | "key":
            return value.name
        case "type":
            return value.type if value.type is not None else Unknown("its type is not given")
        case "nullable" | "primary_key" | "server_default" | "comment" | "unique" | "index" | "default":
            return value.option(name)
    return BoundMethod(Clause(value.name, columns=(value.name,)), name)


def _of_table(machine: CallEvaluator, value: TableValue, name: str, node: ast.expr) -> Value:
    match name:
        case "c" | "columns":
            return Columns(value)
        case "name" | "key":
            return value.name.name
        case "schema":
            return value.name.schema
        case "indexes":
            return list(value.indexes)
        case "constraints":
            return list(value.constraints)
    return BoundMethod(value, name)


def _of_columns(machine: CallEvaluator, value: Columns, name: str, node: ast.expr) -> Value:
    found = value.table.column(name)
    if found is not None:
        return found
    if name in ("keys", "values", "items", "get"):
        return BoundMethod({each.name: each for each in value.table.columns}, name)
    return Clause(name, columns=(name,))


def _of_connection(machine: CallEvaluator, value: Connection, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "engine" | "connection" | "bind":
            return Connection()
        case "name":
            return _dialect_name(machine)
    return BoundMethod(value, name)


def _of_dialect(machine: CallEvaluator, value: DialectValue, name: str, node: ast.expr) -> Value:
    match name:
        case "name":
            return _dialect_name(machine)
        case "server_version_info":
            return (*machine.target.version, 0, 0)[: max(len(machine.target.version), 2)]
        case "is_mariadb":
            return machine.target.dialect == "mariadb"
        case "default_schema_name":
            return machine.default_schema
        case "supports_alter" | "supports_schemas":
            return machine.target.dialect != "sqlite"
        case "has_table":
            return BoundMethod(value, name)
    return Unknown(f"the dialect's {name}")


def _dialect_name(machine: CallEvaluator) -> str:
    return machine.target.dialect


def _of_context(machine: CallEvaluator, value: MigrationContext, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "bind" | "connection":
            return Connection()
        case "as_sql":
            return False
        case "autocommit_block":
            return BoundMethod(AutocommitBlock(), name)
        case "impl":
            return Unknown("the context's impl")
    return BoundMethod(value, name)


def _method(machine: CallEvaluator, value: Value, name: str, node: ast.expr) -> Value:
    return BoundMethod(value, name)


def _of_inspector(machine: CallEvaluator, value: Inspector, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "bind" | "engine":
            return Connection()
        case "default_schema_name":
            return machine.default_schema
    return BoundMethod(value, name)


def _of_type(machine: CallEvaluator, value: SqlType, name: str, node: ast.expr) -> Value:
    match name:
        case "length" if value.args or "length" in value.kwargs:
            return value.kwargs.get("length", value.args[0] if value.args else None)
        case "name" | "schema" if name in value.kwargs:
            return value.kwargs[name]
        case "enums":
            return [each for each in value.args if isinstance(each, str)]
        case "impl":
            return value
    return BoundMethod(value, name)


def _of_partial(machine: CallEvaluator, value: Function, name: str, node: ast.expr) -> Value:
    return value.name if name == "__name__" else Unknown(f"the attribute {name!r} of a function")


def _of_rows(machine: CallEvaluator, value: Rows, name: str, node: ast.expr) -> Value:
    return BoundMethod(value, name)


def _of_metadata(machine: CallEvaluator, value: MetaDataValue, name: str, node: ast.expr) -> Value:
    match name:
        case "tables":
            return dict(value.tables)
        case "sorted_tables":
            return list(value.tables.values())
        case "naming_convention":
            return dict(value.naming_convention)
        case "schema":
            return value.schema
    return BoundMethod(value, name)


_ATTRIBUTES: dict[type, Callable[[CallEvaluator, Any, str, ast.expr], Value]] = {
    Class: _of_class,
    Instance: _of_instance,
    EnumMember: _of_enum_member,
    ColumnValue: _of_column,
    TableValue: _of_table,
    Columns: _of_columns,
    Connection: _of_connection,
    DialectValue: _of_dialect,
    MigrationContext: _of_context,
    Inspector: _of_inspector,
    SqlType: _of_type,
    Function: _of_partial,
    Rows: _of_rows,
    MetaDataValue: _of_metadata,
    Batch: _method,
    Statement: _method,
    Clause: _method,
    AutocommitBlock: _method,
}
