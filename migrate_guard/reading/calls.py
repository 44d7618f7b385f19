"""Answer calls and attributes: Python's own, the project's functions, SQLAlchemy's constructs, Alembic's directives."""

from __future__ import annotations

import ast
import re
import sys
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.dialects.sqlalchemy_types import is_known_type
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Unknown
from migrate_guard.model.source import Span
from migrate_guard.reading.attributes import ATTRIBUTES, bound_method
from migrate_guard.reading.builtins_ import call_builtin
from migrate_guard.reading.computing import CONTAINERS, from_outside, outside, plain_member, usually
from migrate_guard.reading.expressions import Evaluator
from migrate_guard.reading.metadata import note_live
from migrate_guard.reading.outside import source_of
from migrate_guard.reading.project import Project, ProjectModule
from migrate_guard.reading.python_methods import call_python_method
from migrate_guard.reading.standard_library import call_standard
from migrate_guard.reading.values import (
    HOLE,
    Batch,
    BoundMethod,
    Class,
    Connection,
    DialectValue,
    EnumMember,
    External,
    Function,
    Inspector,
    Instance,
    MigrationContext,
    Partial,
    Scope,
    SqlType,
    Super,
    TableValue,
    TypeCompiler,
    Value,
)


class Call(Struct):
    """A call being answered: the evaluated arguments and where it stands."""

    machine: CallEvaluator
    path: str
    args: list[Value]
    kwargs: dict[str, Value]
    span: Span
    node: ast.Call
    source: str = ""
    """What an argument comes from that is neither the script nor the database."""

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


_OF_THE_WAY: Final = frozenset({"if_exists", "if_not_exists", "postgresql_concurrently"})
"""Arguments of directives that decide how something comes about, not what it is."""
_OF_METADATA: Final = frozenset({"create_all", "drop_all"})
_TOUCHES_DATABASE: Final = (Connection, MigrationContext, Inspector, Batch)


class CallEvaluator(Evaluator):
    """What calls and attributes give."""

    def __init__(self, target: Any, project: Project, schema: Any, path: str) -> None:
        super().__init__(target, project, schema, path)
        self._modules_by_scope: dict[int, ProjectModule] = {}
        self._scopes: dict[str, Scope] = {}
        self.configured: dict[str, Value] = {}
        self.assigned: dict[str, Value] = {}
        """What the script sets of objects outside the project, by dotted name."""
        self.enums_made: set[QualifiedName] = set()
        self.partly_known: set[ast.Call] = set()
        """The calls with `**arguments` that are not known."""
        self.compiled: dict[Value, Function] = {}
        """What `@compiles` lets spell a type for this database: by class of the project, or name of SQLAlchemy's."""
        self.tables: list[TableValue] = []
        """The tables that the script declares, for the indexes it declares on them apart."""
        self.borrowed: dict[int, tuple[str, ast.expr]] = {}
        """The functions of other modules that the script names, by the identity of their nodes."""
        self.imported: dict[str, str] = {}
        """What the names are that the script imports, by dotted path."""
        self.imports: dict[str, Span] = {}
        """Where the script imports a name."""
        self.statement: ast.expr | None = None
        """The call that makes a statement of its own: it is there for what it does, not for what it returns."""

    @abstractmethod
    def call_function(
        self, function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.Call | None
    ) -> Value: ...

    # -- attributes

    def attribute(self, value: Value, name: str, node: ast.expr) -> Value:
        if isinstance(value, External):
            value = self.resolve(value)
            if isinstance(value, External):
                path = f"{value.path}.{name}"
                if path in self.assigned:
                    return self.assigned[path]
                found = self.resolve(External(path))
                if self.call_site is None and path not in self.used:
                    self.use(path, found, node)
                return found
        answer = ATTRIBUTES.get(type(value))
        if answer is not None:
            return answer(self, value, name, node)
        if isinstance(value, (str, bytes, int, float, *CONTAINERS)):
            return BoundMethod(value, name)
        if name == "dialect" and isinstance(value, Unknown):
            # an engine from wherever: a migration knows one database
            return DialectValue()
        return value if isinstance(value, Unknown) else Unknown(f"the attribute {name!r} of a value not known")

    def use(self, path: str, value: Value, node: ast.expr) -> None:
        """Take note of an imported name that the script uses."""
        if path.partition(".")[0] in _OUTSIDE:
            self.used.add(path)
        else:
            from migrate_guard.reading.application import note_use

            note_use(self, path, value, node)
            if isinstance(value, Function):
                self.borrowed[id(value.node)] = path, node

    def handed(self, function: Function) -> None:
        """Take note of a function of another module that works on the database."""
        path, node = self.borrowed.get(id(function.node), ("", None))
        if node is not None:
            from migrate_guard.reading.application import note_code

            note_code(self, path, node)

    @staticmethod
    def is_type(owner: Class) -> bool:
        """Whether a class of the project is a column type."""
        return owner.descends_from(*_TYPE_BASES) or _is_type(owner)

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

    def modules(self) -> Iterable[ProjectModule]:
        """The modules of the project that names have been looked up in."""
        return self._modules_by_scope.values()

    def module_scope(self, module: ProjectModule) -> Scope:
        """The variables of a module of the project, computed one by one as they are asked for."""
        if module.name not in self._scopes:
            scope = Scope(path=module.display, package=module.package)
            self._scopes[module.name] = scope
            self._modules_by_scope[id(scope)] = module
        return self._scopes[module.name]

    def forget_modules(self) -> None:
        """Let go of all that was computed in other modules."""
        for scope in self._scopes.values():
            scope.variables.clear()

    # -- calls

    def call(self, node: ast.Call, scope: Scope) -> Value:
        self.step()
        function = self.resolve(self.evaluate(node.func, scope))
        if isinstance(function, External) and function.path in ("builtins.globals", "builtins.locals", "builtins.vars"):
            return _module_scope(scope).variables if function.path == "builtins.globals" else scope.variables
        if function == External("builtins.super"):
            return _super(scope)
        args = self.elements(node.args, scope)
        kwargs: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, Mapping):
                kwargs.update({str(key): each for key, each in value.items()})
            else:
                self.partly_known.add(node)
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
        name = text.rpartition(".")[2]
        if name in _SESSIONS:
            return self.opened_session(self.span(node))
        if isinstance(function, Connection):
            return function if function.opened_at or not function.is_session else self.opened_session(self.span(node))
        if name in _OF_METADATA:
            note_live(self, node)
        if text.endswith(".run_sync") and args:
            # only a connection has it, whatever made that one (sqlalchemy/ext/asyncio/engine.py)
            return self.call_value(args[0], [Connection(), *args[1:]], kwargs, node)
        if any(map(is_database, [*args, *kwargs.values()])):
            self.unbounded(self.span(node), f"{text}() is called with the connection and cannot be read")
        return function if isinstance(function, Unknown) else Unknown(f"what {text}() returns", self.span(node))

    def call_external(self, call: Call) -> Value:
        top, _, _ = call.path.partition(".")
        if top == "alembic" and any(isinstance(each, Unknown) for each in (*call.args, *call.kwargs.values())):
            given = (value for name, value in call.kwargs.items() if name not in _OF_THE_WAY)
            call.source = outside([*call.args, *given])
        call.args = [plain_member(usually(each), None) for each in call.args]
        call.kwargs = {name: plain_member(usually(each), None) for name, each in call.kwargs.items()}
        if top == "builtins":
            return call_builtin(call)
        if call.name in _OF_METADATA:
            note_live(self, call.node)
        if top == "alembic":
            from migrate_guard.reading.directives import call_alembic

            return call_alembic(call)
        if top in ("sqlalchemy", "sqlmodel", "geoalchemy2", "sqlalchemy_utils", "pgvector"):
            from migrate_guard.reading.constructs import call_sqlalchemy

            return call_sqlalchemy(call)
        if top in sys.stdlib_module_names:
            return call_standard(call)
        source = source_of(call.path)
        if call.name in _SESSIONS and not source:
            return self.opened_session(call.span)
        if any(map(is_database, [*call.args, *call.kwargs.values()])):
            self.unbounded(call.span, f"{call.path}() is called with the connection and lies outside the project")
            return Unknown(f"what {call.path}() returns", call.span, is_answer=True)
        if call.name[:1].isupper() and not source:
            return SqlType(call.path, tuple(call.args), call.kwargs, call.span)
        if call.node is self.statement and self.depth and call.name not in _TALKING:
            self.opaque(call.span, f"{call.path}() lies outside the project and cannot be read")
        return Unknown(f"what {call.path}() returns", call.span, _QUESTION.search(call.name) is not None, source=source)

    def opened_session(self, span: Span) -> Connection:
        """A session that the script opens."""
        if self.call_site is None and not self.importing:
            self.needs_database_at("session", span)
        return Connection(is_session=True, opened_at=span)

    def call_method(self, receiver: Value, call: Call) -> Value:
        if isinstance(receiver, (str, bytes, int, float, *CONTAINERS)):
            return from_outside(call_python_method(receiver, call), receiver, *call.args, *call.kwargs.values())
        if isinstance(receiver, Batch):
            from migrate_guard.reading.directives import call_batch

            return call_batch(receiver, call)
        if isinstance(receiver, Inspector):
            from migrate_guard.reading.inspection import call_inspector

            return call_inspector(receiver, call)
        if call.name in _OF_METADATA:
            note_live(self, call.node, receiver)
        from migrate_guard.reading.database import call_database

        return call_database(receiver, call)

    def instantiate(self, owner: Class, args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """An object of a class of the project; of an enumeration, the member of that value."""
        if owner.is_enum:
            members = [each for each in owner.scope.variables.values() if isinstance(each, EnumMember)]
            return next((each for each in members if args and each.value == args[0]), Unknown("an enum member"))
        if owner.descends_from(*_TYPE_BASES) or owner in self.compiled or _is_type(owner):
            return self.type_of_class(owner, tuple(args), kwargs, self.span(node))
        made = Instance(owner)
        initialiser = owner.lookup("__init__")
        if isinstance(initialiser, Function):
            self.call_function(bound_method(initialiser, made), args, kwargs, node)
        else:
            made.attributes.update(zip(owner.fields(), args, strict=False))
            made.attributes.update(kwargs)
        return made

    def compile_types(self, args: Sequence[Value], function: Value) -> None:
        """Remember what `@compiles(class, *dialects)` decorates, if it is for this database."""
        target, dialects = self.resolve(args[0]) if args else None, args[1:]
        if isinstance(function, Function) and (not dialects or self.target.dialect in dialects):
            if isinstance(target, Class):
                self.compiled[target] = function
            elif isinstance(target, External):
                self.compiled[target.path.rpartition(".")[2]] = function

    def spelling(self, key: Value, value: Value) -> str | None:
        """How a function that `@compiles` decorates spells a type; None where it does not say."""
        text = self.call_function(self.compiled[key], [value, TypeCompiler()], {}, None)
        return text if isinstance(text, str) and HOLE not in text else None

    def type_of_class(self, owner: Class, args: tuple[Value, ...], kwargs: Mapping[str, Value], span: Span) -> SqlType:
        """The SQL type of a `TypeDecorator` or `UserDefinedType` of the project."""
        return replace(self._type_of_class(owner, args, kwargs, span), is_of_project=True)

    def _type_of_class(self, owner: Class, args: tuple[Value, ...], kwargs: Mapping[str, Value], span: Span) -> SqlType:
        if owner in self.compiled and (text := self.spelling(owner, Instance(owner, dict(kwargs)))) is not None:
            return SqlType("migrate_guard.sql", (text,), {}, span)
        chosen = owner.lookup("load_dialect_impl")
        if isinstance(chosen, Function):
            value = self.call_function(bound_method(chosen, Instance(owner, dict(kwargs))), [DialectValue()], {}, None)
            value = self.resolve(value)
            if isinstance(value, SqlType):
                return value
            if isinstance(value, External):
                return SqlType(value.path, (), {}, span)
        implementation = owner.lookup("impl")
        if isinstance(implementation, SqlType):
            return implementation
        if isinstance(implementation, External):
            return SqlType(implementation.path, args, kwargs, span)
        if isinstance(implementation, Class):
            return self.type_of_class(implementation, args, kwargs, span)
        specification = owner.lookup("get_col_spec")
        if isinstance(specification, Function):
            text = self.call_function(bound_method(specification, Instance(owner, dict(kwargs))), [], {}, None)
            if isinstance(text, str):
                return SqlType("migrate_guard.sql", (text,), {}, span)
        base = next((base for base in owner.bases if isinstance(base, External)), None)
        return SqlType(base.path if base else owner.name, args, kwargs, span)


def _is_type(owner: Class) -> bool:
    """Whether a class of the project is a column type by its bases."""
    return any(
        is_known_type(base.path) if isinstance(base, External) else isinstance(base, Class) and _is_type(base)
        for base in owner.bases
    )


_TYPE_BASES: Final = (
    "sqlalchemy.types.TypeDecorator",
    "sqlalchemy.TypeDecorator",
    "sqlalchemy.types.UserDefinedType",
    "sqlalchemy.sql.sqltypes.TypeDecorator",
    "sqlalchemy.sql.type_api.TypeDecorator",
)
_QUESTION: Final = lazily(r"exist|has_|check|inspect", re.IGNORECASE)
"""How functions are called that ask the database whether something is there."""
_TALKING: Final = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "log", "print", "echo", "secho", "sleep"}
)
"""Functions that are called for what they say, not for what they do to the database."""
_OP: Final = External("alembic.op")
_SESSIONS: Final = frozenset({"Session", "sessionmaker", "scoped_session"})
_OUTSIDE: Final = frozenset({"alembic", "sqlalchemy", "builtins", "sqlmodel"}) | sys.stdlib_module_names


def is_database(value: Value) -> bool:
    """Whether who is handed this value can change the database."""
    return isinstance(value, _TOUCHES_DATABASE) or value == _OP


def _super(scope: Scope) -> Value:
    """`super()` of the method whose variables these are."""
    current: Scope | None = scope
    while current is not None:
        owner = current.parent.owner if current.parent is not None and current.parent.is_class else None
        if owner is not None and current.variables:
            return Super(owner, next(iter(current.variables.values())))
        current = current.parent
    return Unknown("super() outside a method")


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
