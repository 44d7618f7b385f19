"""Functions of the standard library, as far as scripts name things with them."""

from __future__ import annotations

import itertools
import math
import posixpath
import sys
from typing import TYPE_CHECKING, Final

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import is_plain, known_items, outside
from migrate_guard.reading.machine import MAXIMUM_ITEMS, is_known_text
from migrate_guard.reading.outside import note_program, source_of
from migrate_guard.reading.python_calls import dictionary, guarded, unknown
from migrate_guard.reading.values import (
    External,
    FilePath,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call


_PATHS: Final = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "io.open", "codecs.open"})


def path_value(call: Call) -> Value:
    """A path, or the file that `open()` opens for reading."""
    parts = [each.path if isinstance(each, FilePath) else each for each in call.args]
    if call.name == "open":
        parts = parts[:1]
    if not parts or not all(map(is_known_text, parts)):
        return unknown(call, "a path that is not known")
    return FilePath(posixpath.normpath(posixpath.join(*parts)))


def _path_function(call: Call) -> Value:
    args = [each.path if isinstance(each, FilePath) else each for each in call.args]
    if not args or not all(map(is_known_text, args)):
        return unknown(call, "a path that is not known")
    match call.name:
        case "join":
            return posixpath.normpath(posixpath.join(*args))
        case "dirname":
            return posixpath.dirname(args[0])
        case "basename":
            return posixpath.basename(args[0])
        case "abspath" | "realpath" | "normpath":
            return posixpath.normpath(args[0])
    return unknown(call)


def _environment_variable(call: Call) -> Value:
    """What a variable of the environment holds: nobody knows; where it is not set, the default."""
    default = call.get(1, "default")
    if call.machine.schema.contents is not None:
        return default
    name = call.get(0, "key")
    return Unknown(
        f"the environment variable {name}",
        call.span,
        default=() if isinstance(default, Unknown) else (default,),
        source=f"the environment variable {name}" if isinstance(name, str) else "an environment variable",
    )


def _imported(call: Call, name: str) -> Value:
    """A module of the project or the standard library; any other may not be there."""
    is_there = call.machine.project.module(name) is not None or name.partition(".")[0] in sys.stdlib_module_names
    return External(name) if is_there else Unknown(f"whether {name} can be imported", call.span)


def _json(call: Call) -> Value:
    import json

    value = call.get(0)
    if not is_plain(value) or not is_plain(call.kwargs):
        return unknown(call)
    return guarded(call, lambda: getattr(json, call.name)(value, **call.kwargs))


def call_standard(call: Call) -> Value:
    """The result of a function of the standard library; almost all of them are not known."""
    if call.path in _PATHS:
        return path_value(call)
    if call.path in ("os.getenv", "os.environ.get"):
        return _environment_variable(call)
    if call.path == "importlib.import_module" and is_known_text(call.get(0)):
        return _imported(call, call.args[0])
    if call.path in ("json.dumps", "json.loads"):
        return _json(call)
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
        return dictionary(call)
    if call.path in ("itertools.chain", "itertools.product"):
        return _iterated(call)
    note_program(call)
    return Unknown(f"what {call.path}() returns", call.span, source=_source(call))


def _source(call: Call) -> str:
    """What the result of a function tells of; one of a value that comes from outside, too."""
    if call.path == "time.strftime" and len(call.args) > 1:
        return outside(call.args)
    return source_of(call.path) or outside([*call.args, *call.kwargs.values()])


def _iterated(call: Call) -> Value:

    columns = [known_items(each) for each in call.args]
    known = [each for each in columns if each is not None]
    if len(known) != len(columns) or call.kwargs:
        return unknown(call)
    size = sum(map(len, known)) if call.name == "chain" else math.prod(map(len, known)) * max(len(known), 1)
    if size > MAXIMUM_ITEMS:
        return unknown(call)
    call.machine.step(size)
    return list(itertools.chain(*known) if call.name == "chain" else itertools.product(*known))
