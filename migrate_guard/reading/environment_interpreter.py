"""Interpret env.py with an account of what it does with its connections.

A revision is interpreted for the operations it runs on the connection it is given; env.py opens that connection, and
what it executes there is nothing that the history tells.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from migrate_guard.model.environment import SessionSetting
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.account import (
    Began,
    Configured,
    ConnectionValue,
    DriverConnection,
    Ended,
    EngineValue,
    Entrusted,
    Event,
    Executed,
    Isolated,
    Listening,
    Ran,
    Started,
    TransactionValue,
)
from migrate_guard.reading.calls import Call
from migrate_guard.reading.compound import Interpreter
from migrate_guard.reading.computing import to_text, usually
from migrate_guard.reading.project import Project
from migrate_guard.reading.session_sql import bound, started_with, started_with_url
from migrate_guard.reading.values import (
    HOLE,
    BoundMethod,
    Clause,
    Connection,
    DialectValue,
    External,
    Function,
    MigrationContext,
    Rows,
    Scope,
    Statement,
    Value,
)

MAXIMUM_EVENTS: Final = 2_000
"""What env.py does beyond is not recorded."""
_EXECUTING: Final = frozenset({"execute", "exec_driver_sql", "scalar", "scalars", "executemany", "fetchval"})
_SAME: Final = frozenset({"start", "connect", "__enter__"})
"""Methods of a connection whose value is that connection."""
_DRIVERS: Final = frozenset({"connection", "dbapi_connection", "driver_connection"})
"""Attributes that lead to the driver's connection, and further into it where that is an adapter."""
_AUTOCOMMIT: Final = (0, "AUTOCOMMIT", "ISOLATION_LEVEL_AUTOCOMMIT")
_SEPARATORS: Final = (r",\s*", r"\s*,\s*", ",")
"""How the templates for several databases take their names apart."""
_LONGEST_LIST: Final = 10_000
_LISTENED: Final = frozenset({"begin", "checkout", "connect", "do_connect", "engine_connect", "first_connect"})
_OF_SQLALCHEMY: Final = frozenset({"begin", "engine_connect"})
"""Of these, the ones whose listeners are handed SQLAlchemy's connection, not that of the driver."""


class EnvironmentInterpreter(Interpreter):
    """What engines and connections are asked for, as events."""

    def __init__(
        self,
        target: Target,
        project: Project,
        path: str,
        urls: Mapping[str, Span],
        sections: Mapping[str, Mapping[str, str]],
    ) -> None:
        super().__init__(target, project, Schema(), path)
        self.account: list[Event] = []
        self.options: dict[str, Value] | None = None if project.options is None else dict(project.options)
        self.is_embedded = False
        """A program starts Alembic and hands env.py what it needs, instead of the command line."""
        self.sections: dict[str, dict[str, Value]] = {name: dict(each) for name, each in sections.items()}
        self.urls: dict[str, Span] = {}
        """What engines are made with, and where that stands."""
        self.arguments: list[Mapping[str, Value]] = []
        """What drivers are handed to connect with."""
        self._configured_urls = urls

    def note(self, event: Event) -> None:
        """Record what env.py does next."""
        if len(self.account) < MAXIMUM_EVENTS:
            self.account.append(event)

    # -- Alembic's context

    def call_external(self, call: Call) -> Value:
        call.args, call.kwargs = [usually(each) for each in call.args], {n: usually(v) for n, v in call.kwargs.items()}
        top = call.path.partition(".")[0]
        if top == "alembic":
            return self._alembic(call)
        if top in ("sqlalchemy", "sqlmodel"):
            return self._sqlalchemy(call)
        if call.path == "re.split" and call.get(0) in _SEPARATORS and isinstance(names := call.get(1), str):
            return re.split(str(call.get(0)), names[:_LONGEST_LIST])
        if call.name in ("connect", "begin") and top not in sys.stdlib_module_names:
            return self._opened(EngineValue(), call.name)
        self._hand_on((*call.args, *call.kwargs.values()))
        return super().call_external(call)

    def _hand_on(self, args: Iterable[Value]) -> None:
        """A connection goes where it is not known what is done with it."""
        if any(isinstance(each, ConnectionValue | EngineValue) for each in args):
            self.note(Entrusted())

    def _alembic(self, call: Call) -> Value:
        match call.name:
            case "configure":
                connection = call.get(0, "connection")
                is_partial = call.node in self.partly_known
                self.note(Configured(connection, dict(call.kwargs), is_partial, call.span))
                return super().call_external(call)
            case "run_migrations":
                self.note(Ran(call.span, self.conditions[-1].text if self.conditions else None))
            case "execute":
                return self._executed(None, call)
            case "get_section" if self.options is not None:
                return dict(self._section(call.get(0, "name")))
            case "set_main_option" if self.options is not None:
                self._set_option(self.options, call.get(0, "name"), call.get(1, "value"))
            case "set_section_option" if self.options is not None:
                section = self._section(call.get(0, "section"))
                self._set_option(section, call.get(1, "name"), call.get(2, "value"))
            case "get_main_option" if self.options is not None:
                return self.options.get(str(call.get(0, "name")), call.get(1, "default"))
            case "get_section_option" if self.options is not None:
                section = self._section(call.get(0, "section"))
                return section.get(str(call.get(1, "name")), call.get(2, "default"))
            case "get" if call.path.endswith(".attributes.get"):
                # the command line gives it none (alembic/config.py, `Config.attributes`)
                return Unknown("what a program hands to env.py") if self.is_embedded else call.get(1, "default")
            case _:
                if call.name == "begin_transaction":
                    self.note(Entrusted())
                return super().call_external(call)
        return None

    def _section(self, name: Value) -> dict[str, Value]:
        """The options of a database of a multidb environment, else those of the main section."""
        if isinstance(name, str) and name in self.sections:
            return self.sections[name]
        return self.options or {}

    def _set_option(self, options: dict[str, Value], name: Value, value: Value) -> None:
        options[str(name)] = value.replace("%%", "%") if isinstance(value, str) else value

    # -- engines

    def _sqlalchemy(self, call: Call) -> Value:
        match call.name:
            case "create_engine" | "create_async_engine":
                return self._engine(call, call.get(0, "url"), call.kwargs)
            case "engine_from_config" | "async_engine_from_config":
                given, prefix = call.get(0, "configuration"), call.get(1, "prefix", default="sqlalchemy.")
                items = given.items() if isinstance(given, Mapping) else ()
                named = {str(key).removeprefix(str(prefix)): value for key, value in items}
                return self._engine(call, named.get("url"), {**named, **call.kwargs})
            case "AsyncEngine":
                return call.get(0, "sync_engine")
            case "listen" if call.path.startswith("sqlalchemy.event"):
                self._listen(call.get(0, "target"), call.get(1, "identifier"), call.get(2, "fn"))
                return None
            case "select" if call.args and all(isinstance(each, Clause) and each.functions for each in call.args):
                return Clause(f"SELECT {', '.join(each.text for each in call.args)}")
        return super().call_external(call)

    def _engine(self, call: Call, url: Value, options: Mapping[str, Value]) -> EngineValue:
        level, execution = options.get("isolation_level"), options.get("execution_options")
        if level is None and isinstance(execution, Mapping):
            level = execution.get("isolation_level")
        settings = []
        if isinstance(url, str):
            span = self._configured_urls.get(url, call.span)
            self.urls.setdefault(url, span)
            settings += _started(started_with_url(url), span)
        arguments = options.get("connect_args")
        if isinstance(arguments, Mapping):
            self.arguments.append(arguments)
        settings += _started(_arguments(arguments), call.span)
        return EngineValue(usually(level), tuple(settings), is_made=True)

    def _opened(self, engine: EngineValue, method: str) -> Value:
        """What `connect()` or `begin()` of an engine gives."""
        connection = ConnectionValue(engine)
        if method == "begin":
            self.note(Began(connection))
            return TransactionValue(connection, connection)
        return connection

    # -- listeners

    def decorated(self, decorator: ast.expr, function: Value, scope: Scope) -> Value:
        if isinstance(decorator, ast.Call):
            called = self.resolve(self.evaluate(decorator.func, scope))
            if isinstance(called, External) and called.path.endswith("event.listens_for"):
                args = self.elements(decorator.args, scope)
                self._listen(args[0] if args else None, args[1] if len(args) > 1 else None, function)
                return function
        return super().decorated(decorator, function, scope)

    def _listen(self, target: Value, event: Value, function: Value) -> None:
        """Interpret what a listener does to a connection."""
        if event not in _LISTENED or not isinstance(function, Function):
            return
        connection = ConnectionValue(EngineValue())
        if event == "do_connect":
            arguments: dict[str, Value] = {}
            self.call_function(function, [DialectValue(), Unknown("a record"), [], arguments], {}, None)
            span = self.span(function.node)
            for each in _started(_arguments(arguments), span):
                self.note(Started(each))
            return
        target = self.resolve(target)
        self.note(Listening(connection, event, target if isinstance(target, EngineValue) else None))
        is_heard = event in _OF_SQLALCHEMY
        self.call_function(function, [connection if is_heard else DriverConnection(connection)], {}, None)

    # -- connections

    def attribute(self, value: Value, name: str, node: ast.expr) -> Value:
        match value:
            case EngineValue() | ConnectionValue() if name in ("dialect", "name", "driver", "url"):
                return super().attribute(Connection(), name, node)
            case EngineValue():
                return value if name in ("sync_engine", "engine") else BoundMethod(value, name)
            case ConnectionValue():
                if name == "engine":
                    return value.engine
                if name in _DRIVERS:
                    return DriverConnection(value)
                return value if name == "sync_connection" else BoundMethod(value, name)
            case DriverConnection(connection=connection):
                if name == "autocommit":
                    return connection.engine.isolation_level == "AUTOCOMMIT"
                return value if name in _DRIVERS else BoundMethod(value, name)
            case TransactionValue():
                return BoundMethod(value, name)
        return super().attribute(value, name, node)

    def call_method(self, receiver: Value, call: Call) -> Value:
        match receiver:
            case EngineValue():
                return self._of_engine(receiver, call)
            case ConnectionValue():
                return self._of_connection(receiver, call)
            case DriverConnection():
                return self._of_driver(receiver, call)
            case TransactionValue():
                return self._of_transaction(receiver, call)
            case Connection(is_session=False) | MigrationContext() if call.name in _EXECUTING:
                return self._executed(None, call)
            case MigrationContext() if call.name == "begin_transaction":
                self.note(Entrusted())
        return super().call_method(receiver, call)

    def _of_engine(self, engine: EngineValue, call: Call) -> Value:
        match call.name:
            case "connect" | "begin":
                return self._opened(engine, call.name)
            case "raw_connection":
                return DriverConnection(ConnectionValue(engine))
            case "execution_options":
                level = usually(call.kwargs.get("isolation_level", engine.isolation_level))
                return EngineValue(level, engine.settings)
        return Unknown(f"what {call.name}() of an engine returns", call.span)

    def _of_connection(self, connection: ConnectionValue, call: Call) -> Value:
        match call.name:
            case "begin" | "begin_twophase":
                self.note(Began(connection))
                return TransactionValue(connection, connection)
            case "get_transaction":
                return TransactionValue(connection, connection)
            case "commit" | "rollback":
                self.note(Ended(connection, call.name == "commit"))
                return None
            case "execution_options":
                if "isolation_level" in call.kwargs:
                    self.note(Isolated(connection, usually(call.kwargs["isolation_level"])))
                return connection
            case "run_sync" if call.args:
                return self.call_value(call.args[0], [connection, *call.args[1:]], call.kwargs, call.node)
        if call.name in _EXECUTING:
            return self._executed(connection, call)
        if call.name in _SAME:
            return connection
        if call.name == "get_raw_connection":
            return DriverConnection(connection)
        return Unknown(f"what {call.name}() of a connection returns", call.span, is_answer=True)

    def _of_driver(self, driver: DriverConnection, call: Call) -> Value:
        match call.name:
            case "cursor" | "__enter__":
                return driver
            case "commit" | "rollback":
                self.note(Ended(driver.connection, call.name == "commit", is_heard=False))
                return None
            case "set_session" if isinstance(is_autocommit := call.kwargs.get("autocommit"), bool):
                self._switched(driver, is_autocommit=is_autocommit)
                return None
            case "set_isolation_level" | "set_autocommit":
                level = call.get(0, "level", "isolation_level")
                name = level.path.rpartition(".")[2] if isinstance(level, External) else level
                self._switched(driver, is_autocommit=name is True or (name in _AUTOCOMMIT and name is not False))
                return None
            case "close":
                return None
        if call.name in _EXECUTING:
            return self._executed(driver, call)
        return Unknown(f"what {call.name}() of a connection returns", call.span, is_answer=True)

    def _switched(self, driver: DriverConnection, *, is_autocommit: bool) -> None:
        level = driver.connection.engine.isolation_level
        own = None if level == "AUTOCOMMIT" else level
        self.note(Isolated(driver.connection, "AUTOCOMMIT" if is_autocommit else own))

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        if isinstance(target, ast.Attribute) and target.attr == "autocommit":
            owner = self.evaluate(target.value, scope)
            if isinstance(owner, DriverConnection):
                if isinstance(value, bool):
                    self._switched(owner, is_autocommit=value)
                return
        super().assign(target, value, scope)

    def _of_transaction(self, transaction: TransactionValue, call: Call) -> Value:
        if call.name in ("commit", "rollback", "close"):
            self.note(Ended(transaction.connection, call.name == "commit"))
            return None
        return transaction.entered if call.name == "__enter__" else Unknown(f"what {call.name}() returns", call.span)

    def call_unknown(self, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """A call on a value that is not known: what opens or uses a connection is told by its name."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        match name:
            case "connect":
                return self._opened(EngineValue(), name)
            case "begin":
                self.note(Began(function))
                return self._opened(EngineValue(), name)
            case "commit" | "rollback":
                self.note(Ended(function, name == "commit"))
            case "run_sync" if args:
                return self.call_value(args[0], [ConnectionValue(EngineValue()), *args[1:]], kwargs, node)
            case "enter_context" | "enter_async_context" | "push" if args and isinstance(args[0], ConnectionValue):
                return args[0]
            case "enter_context" | "enter_async_context" if args and isinstance(args[0], TransactionValue):
                return args[0].entered
            case "get" if len(args) > 1:
                return Unknown(f"what {name}() returns", self.span(node), default=(args[1],))
            case _ if name in _EXECUTING:
                return self._executed(function, Call(self, name, args, kwargs, self.span(node), node))
            case "begin_transaction":
                self.note(Entrusted())
        self._hand_on((*args, *kwargs.values()))
        return super().call_unknown(function, args, kwargs, node)

    def _executed(self, connection: Value, call: Call) -> Value:
        statement = call.get(0, "statement", "sql", "sqltext")
        match statement:
            case Clause(text=text) | str(text):
                bindings = dict(statement.parameters) if isinstance(statement, Clause) else {}
                given = call.get(1, "parameters", "params")
                text = bound(text, {**bindings, **given} if isinstance(given, Mapping) else bindings)
            case Statement(functions=functions):
                text = f"SELECT {', '.join(f'{each}()' for each in functions)}"
            case _:
                text = HOLE
        self.sends(text)
        is_heard = connection is None or not (isinstance(connection, DriverConnection) or _is_refused(statement, call))
        if isinstance(connection, DriverConnection):
            connection = connection.connection
        condition = self.conditions[-1].text if self.conditions else None
        self.note(Executed(connection, text, call.span, condition, is_heard))
        return Rows(call.name)

    # -- blocks

    @contextmanager
    def entered(self, manager: Value) -> Iterator[Value]:
        if not isinstance(manager, TransactionValue):
            if isinstance(manager, Unknown | External):
                self.note(Entrusted())
            yield manager
            return
        yield manager.entered
        self.note(Ended(manager.connection, is_committed=True))

    def handler(self, node: ast.ExceptHandler, start: Schema, scope: Scope) -> None:
        """Follow a handler for the names that it binds; what it does is not on the way that succeeds."""
        mark = len(self.account)
        super().handler(node, start, scope)
        del self.account[mark:]


def _is_refused(statement: Value, call: Call) -> bool:
    """Whether it is the plain text that `execute` took until SQLAlchemy 2.0, which began no transaction for it."""
    return isinstance(statement, str) and call.name in ("execute", "scalar")


def _started(pairs: Iterator[tuple[str, str]], span: Span) -> list[SessionSetting]:
    return [SessionSetting(name, value, span, "connection") for name, value in pairs]


def _arguments(arguments: Value) -> Iterator[tuple[str, str]]:
    """What the arguments of a driver's `connect` set: libpq's `options`, asyncpg's `server_settings`."""
    if not isinstance(arguments, Mapping):
        return
    options = usually(arguments.get("options"))
    if isinstance(options, str):
        yield from started_with(options)
    given = usually(arguments.get("server_settings"))
    if isinstance(given, Mapping):
        for name, value in given.items():
            text = to_text(value)
            yield str(name).lower(), "" if HOLE in text else text
