"""Python's built-in functions on values that are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import (
    CONTAINERS,
    contains,
    from_outside,
    is_plain,
    known_items,
    modest,
    to_text,
    truth,
)
from migrate_guard.reading.python_calls import as_unknown, dictionary, guarded, in_order, unknown
from migrate_guard.reading.python_methods import string_method
from migrate_guard.reading.standard_library import path_value
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Columns,
    ConstraintValue,
    DialectValue,
    External,
    Instance,
    ListValue,
    OrderedSet,
    Rows,
    SqlType,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call


def call_builtin(call: Call) -> Value:
    """The result of a built-in function."""
    if call.path.startswith("builtins.str.") and call.args and isinstance(call.args[0], str):
        receiver = call.args.pop(0)
        return string_method(receiver, call)
    handler = _BUILTINS.get(call.name)
    if handler:
        return handler(call)
    if call.name in _PURE and all(map(is_plain, call.args)) and all(map(is_plain, call.kwargs.values())):
        if call.name == "round" and any(isinstance(each, int) and abs(each) > 1000 for each in call.args[1:]):
            return unknown(call)
        if call.name == "format" and len(call.args) > 1 and not modest(str(call.args[1])):
            return unknown(call)
        return guarded(call, lambda: _PURE[call.name](*call.args, **call.kwargs))
    return unknown(call)


_PURE: Final[Mapping[str, Callable[..., Value]]] = {
    "abs": abs,
    "bin": bin,
    "bool": bool,
    "chr": chr,
    "divmod": divmod,
    "float": float,
    "format": format,
    "hex": hex,
    "max": max,
    "min": min,
    "ord": ord,
    "repr": repr,
    "round": round,
    "sum": sum,
}


def _len(call: Call) -> Value:
    value = call.get(0)
    if isinstance(value, (bytes, *CONTAINERS)):
        return guarded(call, lambda: len(value))
    items = known_items(value)
    return len(items) if items is not None else unknown(call)


def _str(call: Call) -> Value:
    return from_outside(to_text(call.args[0]), call.args[0]) if call.args else ""


def _int(call: Call) -> Value:
    if not all(map(is_plain, call.args)) or (call.args and isinstance(call.args[0], str) and len(call.args[0]) > 1000):
        return unknown(call)
    return guarded(call, lambda: int(*call.args))


def _list(call: Call) -> Value:
    if not call.args:
        return ListValue()
    items = known_items(call.args[0])
    if isinstance(call.args[0], Rows) and call.name == "list":
        from migrate_guard.reading.results import note_loaded

        note_loaded(call.machine, call.args[0], call.span, "list")
    return list(items) if items is not None else as_unknown(call, call.args[0])


def _tuple(call: Call) -> Value:
    found = _list(call)
    return tuple(found) if isinstance(found, list) else found


def _set(call: Call) -> Value:
    found = _list(call)
    return OrderedSet.of(found) if isinstance(found, list) else found


def _range(call: Call) -> Value:
    if not all(isinstance(each, int) for each in call.args):
        return unknown(call)
    return guarded(call, lambda: range(*call.args))


def _enumerate(call: Call) -> Value:
    items = known_items(call.get(0))
    start = call.get(1, "start", default=0)
    if items is None or not isinstance(start, int):
        return _in_turn(call)
    return list(enumerate(items, start))


def _zip(call: Call) -> Value:
    columns = [known_items(each) for each in call.args]
    known = [each for each in columns if each is not None]
    return list(zip(*known, strict=False)) if len(known) == len(columns) else unknown(call)


def _reversed(call: Call) -> Value:
    items = known_items(call.get(0))
    return list(reversed(items)) if items is not None else _in_turn(call)


def _in_turn(call: Call) -> Value:
    """What gives the same rows, in another order or with their numbers."""
    return call.get(0) if isinstance(call.get(0), Rows) else as_unknown(call, call.get(0))


def _any(call: Call) -> Value:
    return _quantified(call, True)


def _all(call: Call) -> Value:
    return _quantified(call, False)


def _quantified(call: Call, decisive: bool) -> Value:
    items = known_items(call.get(0))
    if items is None:
        return as_unknown(call, call.get(0))
    answers = [truth(each) for each in items]
    if decisive in answers:
        return decisive
    return unknown(call) if None in answers else not decisive


def _map(call: Call) -> Value:
    items = known_items(call.get(1))
    if items is None:
        return as_unknown(call, call.get(1))
    return [call.machine.call_value(call.args[0], [each], {}, call.node) for each in items]


def _filter(call: Call) -> Value:
    items = known_items(call.get(1))
    if items is None:
        return as_unknown(call, call.get(1))
    kept = []
    for each in items:
        answer = each if call.args[0] is None else call.machine.call_value(call.args[0], [each], {}, call.node)
        known = truth(answer)
        if known is None:
            return unknown(call)
        if known:
            kept.append(each)
    return kept


def _next(call: Call) -> Value:
    items = known_items(call.get(0))
    if items is None:
        return as_unknown(call, call.get(0))
    return items[0] if items else (call.args[1] if len(call.args) > 1 else unknown(call))


def _getattr(call: Call) -> Value:
    name = call.get(1)
    if not isinstance(name, str) or HOLE in name:
        return unknown(call, "an attribute whose name is not known")
    found = call.machine.attribute(call.get(0), name, call.node)
    if isinstance(found, Unknown) and len(call.args) > 2:
        return call.args[2]
    return found


def _hasattr(call: Call) -> Value:
    value, name = call.get(0), call.get(1)
    if isinstance(value, Columns) and isinstance(name, str):
        found = contains(value, name)
        return unknown(call) if found is None else found
    if isinstance(value, Instance) and isinstance(name, str):
        return name in value.attributes or value.owner.lookup(name) is not None
    return True if isinstance(value, External) and value.path.startswith("alembic.op") else unknown(call)


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "bytes": bytes,
}


def _isinstance(call: Call) -> Value:
    value, kinds = call.get(0), call.get(1)
    answers = [_is_instance(call, value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
    if True in answers:
        return True
    return unknown(call) if None in answers else False


def _is_instance(call: Call, value: Value, kind: Value) -> bool | None:
    if isinstance(kind, External) and kind.path.startswith("builtins."):
        wanted = _TYPES.get(kind.path[len("builtins.") :])
        if wanted is not None and isinstance(value, (str, int, float, bytes, *CONTAINERS, type(None))):
            return isinstance(value, wanted)
    if isinstance(value, DialectValue) and isinstance(kind, External):
        return _is_dialect_class(kind.path.lower(), call.machine.target.dialect)
    if isinstance(value, Instance) and isinstance(kind, Class):
        return value.owner is kind or kind in value.owner.bases or None
    if isinstance(value, ConstraintValue) and isinstance(kind, External):
        wanted_kind = _CONSTRAINTS.get(kind.path.rpartition(".")[2])
        return None if wanted_kind is None else wanted_kind in ("", value.kind)
    if isinstance(value, SqlType) and isinstance(kind, External):
        wanted_class = kind.path.rpartition(".")[2]
        if wanted_class == "NullType":
            return value.class_name == wanted_class
        if value.path == "migrate_guard.sql" and kind.path.startswith("sqlalchemy."):
            return _is_reflected_as(str(value.args[0]), wanted_class)
        return True if value.class_name == wanted_class else None
    return None


_CONSTRAINTS: Final[Mapping[str, str]] = {
    "CheckConstraint": "check",
    "Constraint": "",
    "ForeignKeyConstraint": "foreignkey",
    "PrimaryKeyConstraint": "primary",
    "UniqueConstraint": "unique",
}
"""The kinds of constraints by SQLAlchemy's classes; the first of all is any."""
_REFLECTED: Final[Mapping[str, frozenset[str]]] = {
    "BIGINT": frozenset({"BIGINT", "BigInteger", "Integer"}),
    "BOOLEAN": frozenset({"BOOLEAN", "Boolean"}),
    "BYTEA": frozenset({"BYTEA", "LargeBinary"}),
    "CHAR": frozenset({"CHAR", "String"}),
    "DATE": frozenset({"DATE", "Date"}),
    "INTEGER": frozenset({"INTEGER", "Integer"}),
    "JSON": frozenset({"JSON"}),
    "JSONB": frozenset({"JSONB", "JSON"}),
    "NUMERIC": frozenset({"NUMERIC", "Numeric"}),
    "SMALLINT": frozenset({"SMALLINT", "SmallInteger", "Integer"}),
    "TEXT": frozenset({"TEXT", "Text", "String"}),
    "TIME": frozenset({"TIME", "Time"}),
    "TIMESTAMP": frozenset({"TIMESTAMP", "DateTime"}),
    "UUID": frozenset({"UUID", "Uuid"}),
    "VARCHAR": frozenset({"VARCHAR", "String"}),
}
"""By how a type is spelled, the classes of what an inspector answers (SQLAlchemy 2.0, `ischema_names`)."""
_NAMED: Final = frozenset().union(*_REFLECTED.values())


def _is_reflected_as(spelled: str, wanted: str) -> bool | None:
    """Whether a reflected type is an object of a class; None where the table above does not tell."""
    classes = _REFLECTED.get(spelled.partition("(")[0].partition(" ")[0])
    if classes is None or wanted not in _NAMED or spelled.endswith("[]"):
        return None
    return wanted in classes


_DIALECT_CLASSES: Final[Mapping[str, str]] = {
    "pg": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "oracle": "",
}


def _is_dialect_class(path: str, dialect: str) -> bool | None:
    """Whether the dialect of the target is an instance of a dialect class: PGDialect, MySQLDialect_pymysql …

    Each package of `sqlalchemy.dialects` has its own as `dialect`.
    """
    package, _, name = path.rpartition(".")
    name = package.rpartition(".")[2] if name == "dialect" else name
    if name.startswith(("mysql", "mariadb")):
        return dialect == "mariadb" or (dialect == "mysql" and name.startswith("mysql"))
    return next((known == dialect for start, known in _DIALECT_CLASSES.items() if name.startswith(start)), None)


def _type(call: Call) -> Value:
    return call.args[0].owner if call.args and isinstance(call.args[0], Instance) else unknown(call)


def _nothing(call: Call) -> Value:
    return None


def _super(call: Call) -> Value:
    return unknown(call)


_BUILTINS: Final[Mapping[str, Callable[[Call], Value]]] = {
    "all": _all,
    "any": _any,
    "dict": dictionary,
    "enumerate": _enumerate,
    "filter": _filter,
    "frozenset": _set,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "int": _int,
    "isinstance": _isinstance,
    "iter": _list,
    "len": _len,
    "list": _list,
    "map": _map,
    "next": _next,
    "open": path_value,
    "print": _nothing,
    "range": _range,
    "reversed": _reversed,
    "set": _set,
    "sorted": in_order,
    "str": _str,
    "super": _super,
    "tuple": _tuple,
    "type": _type,
    "zip": _zip,
}
