"""Python's own functions and methods on values that are known."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import (
    CONTAINERS,
    contains,
    derived,
    is_plain,
    known_items,
    modest,
    to_text,
    truth,
)
from migrate_guard.reading.machine import MAXIMUM_ITEMS, MAXIMUM_TEXT, is_known_text
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Columns,
    DialectValue,
    EnumMember,
    External,
    FilePath,
    Instance,
    ListValue,
    OrderedSet,
    Partial,
    SqlType,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call

_FAILURES: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


def _unknown(call: Call, reason: str = "") -> Unknown:
    return derived(reason or f"what {call.name}() returns", call.span, *call.args)


def call_builtin(call: Call) -> Value:
    """The result of a built-in function."""
    if call.path.startswith("builtins.str.") and call.args and isinstance(call.args[0], str):
        receiver = call.args.pop(0)
        return _string_method(receiver, call)
    handler = _BUILTINS.get(call.name)
    if handler:
        return handler(call)
    if call.name in _PURE and all(map(is_plain, call.args)) and all(map(is_plain, call.kwargs.values())):
        if call.name == "round" and any(isinstance(each, int) and abs(each) > 1000 for each in call.args[1:]):
            return _unknown(call)
        if call.name == "format" and len(call.args) > 1 and not modest(str(call.args[1])):
            return _unknown(call)
        return _guarded(call, lambda: _PURE[call.name](*call.args, **call.kwargs))
    return _unknown(call)


def _guarded(call: Call, compute: Callable[[], Value]) -> Value:
    try:
        return compute()
    except (*_FAILURES, RecursionError, MemoryError) as error:
        return _unknown(call, f"{call.name}() fails: {error}")


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
        return _guarded(call, lambda: len(value))
    items = known_items(value)
    return len(items) if items is not None else _unknown(call)


def _str(call: Call) -> Value:
    return to_text(call.args[0]) if call.args else ""


def _int(call: Call) -> Value:
    if not all(map(is_plain, call.args)) or (call.args and isinstance(call.args[0], str) and len(call.args[0]) > 1000):
        return _unknown(call)
    return _guarded(call, lambda: int(*call.args))


def _list(call: Call) -> Value:
    if not call.args:
        return ListValue()
    items = known_items(call.args[0])
    return list(items) if items is not None else _as_unknown(call, call.args[0])


def _as_unknown(call: Call, value: Value) -> Value:
    return value if isinstance(value, Unknown) else _unknown(call)


def _tuple(call: Call) -> Value:
    found = _list(call)
    return tuple(found) if isinstance(found, list) else found


def _set(call: Call) -> Value:
    found = _list(call)
    return OrderedSet.of(found) if isinstance(found, list) else found


def _dict(call: Call) -> Value:
    if not call.args:
        return dict(call.kwargs)
    first = call.args[0]
    if isinstance(first, Mapping):
        return {**first, **call.kwargs}
    items = known_items(first)
    if items is None:
        return _as_unknown(call, first)
    return _guarded(call, lambda: dict(items, **call.kwargs))


def _range(call: Call) -> Value:
    if not all(isinstance(each, int) for each in call.args):
        return _unknown(call)
    return _guarded(call, lambda: range(*call.args))


def _enumerate(call: Call) -> Value:
    items = known_items(call.get(0))
    start = call.get(1, "start", default=0)
    if items is None or not isinstance(start, int):
        return _as_unknown(call, call.get(0))
    return list(enumerate(items, start))


def _zip(call: Call) -> Value:
    columns = [known_items(each) for each in call.args]
    known = [each for each in columns if each is not None]
    return list(zip(*known, strict=False)) if len(known) == len(columns) else _unknown(call)


def _sorted(call: Call) -> Value:
    items = known_items(call.get(0))
    if items is None:
        return _as_unknown(call, call.get(0))
    key = call.kwargs.get("key")
    keys = [call.machine.call_value(key, [each], {}, call.node) for each in items] if key is not None else list(items)
    if not all(map(is_plain, keys)):
        return list(items)
    reverse = call.kwargs.get("reverse") is True
    order = _guarded(call, lambda: sorted(range(len(items)), key=keys.__getitem__, reverse=reverse))
    return [items[at] for at in order] if isinstance(order, list) else order


def _reversed(call: Call) -> Value:
    items = known_items(call.get(0))
    return list(reversed(items)) if items is not None else _as_unknown(call, call.get(0))


def _any(call: Call) -> Value:
    return _quantified(call, True)


def _all(call: Call) -> Value:
    return _quantified(call, False)


def _quantified(call: Call, decisive: bool) -> Value:
    items = known_items(call.get(0))
    if items is None:
        return _as_unknown(call, call.get(0))
    answers = [truth(each) for each in items]
    if decisive in answers:
        return decisive
    return _unknown(call) if None in answers else not decisive


def _map(call: Call) -> Value:
    items = known_items(call.get(1))
    if items is None:
        return _as_unknown(call, call.get(1))
    return [call.machine.call_value(call.args[0], [each], {}, call.node) for each in items]


def _filter(call: Call) -> Value:
    items = known_items(call.get(1))
    if items is None:
        return _as_unknown(call, call.get(1))
    kept = []
    for each in items:
        answer = each if call.args[0] is None else call.machine.call_value(call.args[0], [each], {}, call.node)
        known = truth(answer)
        if known is None:
            return _unknown(call)
        if known:
            kept.append(each)
    return kept


def _next(call: Call) -> Value:
    items = known_items(call.get(0))
    if items is None:
        return _as_unknown(call, call.get(0))
    return items[0] if items else (call.args[1] if len(call.args) > 1 else _unknown(call))


def _getattr(call: Call) -> Value:
    name = call.get(1)
    if not isinstance(name, str) or HOLE in name:
        return _unknown(call, "an attribute whose name is not known")
    found = call.machine.attribute(call.get(0), name, call.node)
    if isinstance(found, Unknown) and len(call.args) > 2:
        return call.args[2]
    return found


def _hasattr(call: Call) -> Value:
    value, name = call.get(0), call.get(1)
    if isinstance(value, Columns) and isinstance(name, str):
        found = contains(value, name)
        return _unknown(call) if found is None else found
    if isinstance(value, Instance) and isinstance(name, str):
        return name in value.attributes or value.owner.lookup(name) is not None
    return True if isinstance(value, External) and value.path.startswith("alembic.op") else _unknown(call)


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
    return _unknown(call) if None in answers else False


def _is_instance(call: Call, value: Value, kind: Value) -> bool | None:
    if isinstance(kind, External) and kind.path.startswith("builtins."):
        wanted = _TYPES.get(kind.path[len("builtins.") :])
        if wanted is not None and isinstance(value, (str, int, float, bytes, *CONTAINERS, type(None))):
            return isinstance(value, wanted)
    if isinstance(value, DialectValue) and isinstance(kind, External):
        return _is_dialect_class(kind.path.lower(), call.machine.target.dialect)
    if isinstance(value, Instance) and isinstance(kind, Class):
        return value.owner is kind or kind in value.owner.bases or None
    if isinstance(value, SqlType) and isinstance(kind, External):
        wanted_class = kind.path.rpartition(".")[2]
        return True if value.class_name == wanted_class else (False if wanted_class == "NullType" else None)
    return None


_DIALECT_CLASSES: Final[Mapping[str, str]] = {
    "pg": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "oracle": "",
}


def _is_dialect_class(path: str, dialect: str) -> bool | None:
    """Whether the dialect of the target is an instance of a dialect class: PGDialect, MySQLDialect_pymysql …"""
    name = path.rpartition(".")[2]
    if name.startswith(("mysql", "mariadb")):
        return dialect == "mariadb" or (dialect == "mysql" and name.startswith("mysql"))
    return next((known == dialect for start, known in _DIALECT_CLASSES.items() if name.startswith(start)), None)


def _type(call: Call) -> Value:
    return call.args[0].owner if call.args and isinstance(call.args[0], Instance) else _unknown(call)


def _nothing(call: Call) -> Value:
    return None


def _super(call: Call) -> Value:
    return _unknown(call)


_PATHS: Final = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "io.open", "codecs.open"})


def _path_value(call: Call) -> Value:
    parts = [each.path if isinstance(each, FilePath) else each for each in call.args]
    if call.name == "open":
        parts = parts[:1]
    if not parts or not all(map(is_known_text, parts)):
        return _unknown(call, "a path that is not known")
    return FilePath(posixpath.normpath(posixpath.join(*parts)))


def _path_function(call: Call) -> Value:
    args = [each.path if isinstance(each, FilePath) else each for each in call.args]
    if not args or not all(map(is_known_text, args)):
        return _unknown(call, "a path that is not known")
    match call.name:
        case "join":
            return posixpath.normpath(posixpath.join(*args))
        case "dirname":
            return posixpath.dirname(args[0])
        case "basename":
            return posixpath.basename(args[0])
        case "abspath" | "realpath" | "normpath":
            return posixpath.normpath(args[0])
    return _unknown(call)


_BUILTINS: Final[Mapping[str, Callable[[Call], Value]]] = {
    "all": _all,
    "any": _any,
    "dict": _dict,
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
    "open": _path_value,
    "print": _nothing,
    "range": _range,
    "reversed": _reversed,
    "set": _set,
    "sorted": _sorted,
    "str": _str,
    "super": _super,
    "tuple": _tuple,
    "type": _type,
    "zip": _zip,
}


# -- methods of strings and containers


def call_python_method(receiver: Value, call: Call) -> Value:
    """The result of a method of a string, number or container."""
    name = call.name
    if isinstance(receiver, str | bytes) and _may_explode(receiver, call):
        return _unknown(call, "it is too large to be computed")
    if isinstance(receiver, str):
        return _string_method(receiver, call)
    if isinstance(receiver, dict):
        return _dict_method(receiver, call)
    if isinstance(receiver, list):
        return _list_method(receiver, call)
    if isinstance(receiver, int) and name == "to_bytes":
        return _unknown(call)
    if all(map(is_plain, call.args)) and is_plain(receiver) and not name.startswith("_"):
        return _guarded(call, lambda: getattr(receiver, name)(*call.args))
    return _unknown(call)


def _string_method(receiver: str, call: Call) -> Value:
    name = call.name
    if name == "join":
        items = known_items(call.get(0))
        texts = list(map(to_text, items or ()))
        if sum(map(len, texts)) + len(texts) * len(receiver) > MAXIMUM_TEXT:
            return _unknown(call, "it is too large to be computed")
        call.machine.step(sum(map(len, texts)))
        return receiver.join(texts) if items is not None else HOLE
    if name == "format":
        return _format(receiver, call)
    if name == "format_map" and isinstance(call.get(0), Mapping):
        return _format(receiver, call)
    if name.startswith("_") or not all(map(is_plain, [*call.args, *call.kwargs.values()])):
        return HOLE if name in ("replace", "strip", "lower", "upper", "title", "format") else _unknown(call)
    if HOLE in receiver and name == "startswith" and isinstance(call.get(0), str):
        known = receiver.partition(HOLE)[0]
        return True if known.startswith(call.args[0]) else (_unknown(call) if len(known) < len(call.args[0]) else False)
    if HOLE in receiver and name not in ("strip", "lower", "upper", "replace", "lstrip", "rstrip", "split"):
        return _unknown(call)
    return _guarded(call, lambda: getattr(receiver, name)(*call.args, **call.kwargs))


def _format(receiver: str, call: Call) -> Value:
    values: Mapping[str, Any] = call.kwargs or (call.get(0) if call.name == "format_map" else {})
    args = [_formattable(each) for each in call.args]
    kwargs = {str(name): _formattable(each) for name, each in values.items()}
    longest = max((len(each) for each in (*args, *kwargs.values()) if isinstance(each, str)), default=0)
    fields = re.findall(r"\{[^{}]*[:!]([^{}]*)([{}])", receiver)
    widest = max((int(each) for field, _ in fields if modest(field) for each in re.findall(r"\d+", field)), default=0)
    is_large = len(receiver) + receiver.count("{") * (longest + widest) > MAXIMUM_TEXT
    if is_large or any(end == "{" or not modest(field) for field, end in fields):
        return HOLE
    call.machine.step(len(receiver) + receiver.count("{") * (longest + widest))
    try:
        return receiver.format(*args, **kwargs)
    except (*_FAILURES, MemoryError):
        return re.sub(r"\{[^{}]*\}", HOLE, receiver)


def _formattable(value: Value) -> int | float | str:
    return value if isinstance(value, int | float) and is_plain(value) else to_text(value)


def _may_explode(receiver: str | bytes, call: Call) -> bool:
    """Whether what a method of a text gives may be much larger than the text."""
    sizes = [len(each) for each in call.args if isinstance(each, str | bytes | list | tuple)]
    numbers = [each for each in (*call.args, *call.kwargs.values()) if isinstance(each, int)]
    size = len(receiver)
    match call.name:
        case "ljust" | "rjust" | "center" | "zfill":
            size = max(numbers, default=0)
        case "expandtabs":
            size *= max(numbers, default=8)
        case "replace" if len(sizes) == 2:
            size += (len(receiver) // max(sizes[0], 1) + 1) * sizes[1]
        case "translate":
            return size > 10_000
        case "join" if isinstance(receiver, bytes):
            return True
        case "split" | "rsplit" | "splitlines":
            size *= 20
    call.machine.step(min(size, MAXIMUM_TEXT + 1))
    return size > MAXIMUM_TEXT


def _dict_method(receiver: dict[Value, Value], call: Call) -> Value:
    name, key = call.name, call.get(0)
    match name:
        case "items":
            return list(receiver.items())
        case "keys":
            return list(receiver)
        case "values":
            return list(receiver.values())
        case "copy":
            return dict(receiver)
        case "get" | "pop" | "setdefault":
            if isinstance(key, EnumMember) or is_plain(key):
                return _guarded(call, lambda: _dict_access(receiver, name, key, call.get(1, "default")))
            return _unknown(call)
        case "update":
            if isinstance(key, Mapping):
                receiver.update(key)
            receiver.update(call.kwargs)
            return None
    return _unknown(call)


def _dict_access(receiver: dict[Value, Value], name: str, key: Value, default: Value) -> Value:
    if name == "get":
        return receiver.get(key, default)
    return receiver.pop(key, default) if name == "pop" else receiver.setdefault(key, default)


def _list_method(receiver: list[Value], call: Call) -> Value:
    name, first = call.name, call.get(0)
    if isinstance(receiver, ListValue) and call.machine.conditions:
        receiver.is_doubtful = True
    match name:
        case "append" | "add":
            if name == "append" or first not in receiver:
                call.machine.grow(receiver, [first])
            return None
        case "extend" | "update":
            call.machine.grow(receiver, known_items(first) or ())
            return None
        case "union" | "difference" | "intersection" | "symmetric_difference" | "issubset" | "issuperset":
            return _set_method(receiver, call)
        case "sort":
            call.args.insert(0, list(receiver))
            ordered = _sorted(call)
            if isinstance(ordered, list):
                receiver[:] = ordered
            return None
        case "copy":
            return list(receiver)
        case "insert" | "remove" | "pop" | "clear" | "reverse" | "index" | "count" | "discard":
            if name == "discard":
                return receiver.remove(first) if first in receiver else None
            return _guarded(call, lambda: getattr(receiver, name)(*call.args))
    return _unknown(call)


def _set_method(receiver: list[Value], call: Call) -> Value:
    other = known_items(call.get(0))
    if other is None or len(receiver) * len(other) > MAXIMUM_TEXT or not all(map(is_plain, [*receiver, *other])):
        return _unknown(call)
    return _guarded(call, lambda: _set_result(call.name, receiver, other))


def _set_result(name: str, left: list[Value], right: Sequence[Value]) -> Value:
    match name:
        case "issubset":
            return all(each in right for each in left)
        case "issuperset":
            return all(each in left for each in right)
        case "union":
            return OrderedSet.of([*left, *right])
        case "intersection":
            return OrderedSet.of(each for each in left if each in right)
        case "difference":
            return OrderedSet.of(each for each in left if each not in right)
    return OrderedSet.of([*(each for each in left if each not in right), *(each for each in right if each not in left)])


# -- the standard library, as far as scripts name things with it


def call_standard(call: Call) -> Value:
    """The result of a function of the standard library; almost all of them are not known."""
    if call.path in _PATHS:
        return _path_value(call)
    if call.path == "functools.partial" and call.args:
        return Partial(call.args[0], tuple(call.args[1:]), dict(call.kwargs))
    if call.path == "contextlib.suppress":
        return External(call.path)
    if call.path in ("textwrap.dedent", "inspect.cleandoc") and isinstance(call.get(0), str):
        import textwrap

        return textwrap.dedent(call.args[0])
    if call.path == "enum.auto":
        return External(call.path)
    if call.path == "typing.cast" and len(call.args) > 1:
        return call.args[1]
    if call.path == "copy.deepcopy" or call.path == "copy.copy":
        return call.get(0)
    if call.path.startswith(("os.path.", "posixpath.")):
        return _path_function(call)
    if call.path == "collections.OrderedDict":
        return _dict(call)
    if call.path in ("itertools.chain", "itertools.product"):
        return _iterated(call)
    return Unknown(f"what {call.path}() returns", call.span)


def _iterated(call: Call) -> Value:
    import itertools
    import math

    columns = [known_items(each) for each in call.args]
    known = [each for each in columns if each is not None]
    if len(known) != len(columns) or call.kwargs:
        return _unknown(call)
    size = sum(map(len, known)) if call.name == "chain" else math.prod(map(len, known)) * max(len(known), 1)
    if size > MAXIMUM_ITEMS:
        return _unknown(call)
    call.machine.step(size)
    return list(itertools.chain(*known) if call.name == "chain" else itertools.product(*known))
