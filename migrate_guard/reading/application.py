"""Names that a script takes from the application: what they stand for, and whether that is frozen with the script."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from migrate_guard.model.facts import ApplicationKind, ApplicationUse, Fact
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import CONTAINERS, PRIMITIVES, enum_members, is_plain
from migrate_guard.reading.models import model_table
from migrate_guard.reading.values import (
    Class,
    Connection,
    EnumMember,
    External,
    Function,
    Instance,
    MetaDataValue,
    SqlType,
    TableValue,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import CallEvaluator

_OF_MIGRATIONS: Final = lazily(r"alembic\w*|\w*migrations?\w*|versions|\w*_[0-9a-f]{12}", re.IGNORECASE)
"""How modules are called whose code belongs to migrations, and is kept as old as they are."""
_HELPING: Final = lazily(r"\w*(util|helper|compat)\w*", re.IGNORECASE)
"""How modules are called whose functions have no idea of the application's tables."""
_APPLICATION: Final = frozenset(
    {"api", "app", "application", "backend", "config", "core", "database", "db", "entities", "enums", "models",
     "project", "server", "service", "services", "settings", "src"}
)  # fmt: skip
"""How packages of applications are called, where the application does not lie beside its migrations."""
_SETTINGS: Final = lazily(r"settings|conf|config|configuration|get_(\w+_)?(settings|config|configuration)(_service)?")
_SESSIONS: Final = frozenset(
    {"session", "sessionlocal", "db", "engine", "get_session", "get_db", "get_engine", "async_session", "session_scope",
     "session_maker", "sessionmaker"}
)  # fmt: skip
_MODELS: Final = frozenset({"models", "model", "entities", "orm", "tables", "schema", "schemas"})
_ENUMS: Final = frozenset({"enums", "enum"})
_BASES: Final = (
    "sqlalchemy.orm.DeclarativeBase",
    "sqlalchemy.orm.DeclarativeBaseNoMeta",
    "sqlmodel.SQLModel",
    "sqlmodel.main.SQLModel",
)


def is_of_migrations(machine: CallEvaluator, path: str) -> bool:
    """Whether a dotted name leads into code that lies with the migrations, or says by its name that it is for them."""
    parts = path.split(".")
    if any(_OF_MIGRATIONS.fullmatch(each) for each in parts) or "migration" in parts[-1].lower():
        return True
    location = machine.project.script_location
    if not location or location == ".":
        return False
    found = machine.project.module(".".join(parts[:-1])) or machine.project.module(path)
    return found is not None and found.display.startswith(f"{location}/")


def application_kind(machine: CallEvaluator, path: str, value: Value) -> ApplicationKind | None:
    """What a name that a script imports is of the application; None where it is nothing that changes with it.

    A type of columns is spelled out in the DDL as long as its class is there; helpers change nothing by themselves.
    """
    is_ours = machine.project.module(path.partition(".")[0]) is not None
    if not is_ours and (not isinstance(value, External) or path.partition(".")[0] not in _APPLICATION):
        return None
    if "." not in path or machine.project.module(path) is not None or is_of_migrations(machine, path):
        return None
    match value:
        case EnumMember():
            return "enum"
        case Class():
            return _of_class(machine, value)
        case TableValue():
            return "table"
        case MetaDataValue():
            return "metadata"
        case Connection(is_engine=is_engine, is_session=is_session):
            return "session" if is_engine or is_session else None
        case SqlType():
            return "session" if value.class_name == "SQLAlchemy" else None
        case Instance():
            return "settings" if _is_settings(value.owner) or _SETTINGS.fullmatch(_last(path)) else None
        case Function():
            return _named(path) if _SETTINGS.fullmatch(_last(path)) or _last(path) in _SESSIONS else None
        case External(path=elsewhere) if elsewhere != path:
            return "settings" if _SETTINGS.fullmatch(_last(path)) else None
        case Unknown() | External():
            return _named(path)
    is_constant = isinstance(value, (*PRIMITIVES, *CONTAINERS)) and not _last(path).startswith("__")
    return "constant" if is_constant and value is not None else None


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _of_class(machine: CallEvaluator, value: Class) -> ApplicationKind | None:
    if value.is_enum:
        return "enum"
    if value in machine.compiled or machine.is_type(value):
        return None
    is_mapped = value.lookup("__tablename__") is not None or value.lookup("__table__") is not None
    if is_mapped or value.descends_from(*_BASES):
        return "model"
    return "settings" if _is_settings(value) else None


def _is_settings(value: Class) -> bool:
    return value.name.endswith(("Settings", "Config", "Configuration")) or any(
        base.path.endswith(".BaseSettings")
        if isinstance(base, External)
        else isinstance(base, Class) and _is_settings(base)
        for base in value.bases
    )


def _named(path: str) -> ApplicationKind | None:
    """What a name whose value is not known stands for, by itself and by its module."""
    parts = path.split(".")
    name, modules = parts[-1], {each.lower() for each in parts[:-1]}
    if _SETTINGS.fullmatch(name.lower()):
        return "settings"
    if name.lower() in _SESSIONS:
        return "session"
    if name == "metadata":
        return "metadata"
    is_class = name[:1].isupper() and not name.isupper()
    if not is_class:
        return None
    if modules & _ENUMS:
        return "enum"
    return "model" if modules & _MODELS or name == "Base" else None


def note_use(machine: CallEvaluator, path: str, value: Value, node: ast.expr) -> None:
    """Remember that the script uses a name of the application."""
    if path in machine.used:
        return
    machine.used.add(path)
    kind = application_kind(machine, path, value)
    if kind is not None:
        note_application(machine, path, value, kind, node)


def note_application(machine: CallEvaluator, path: str, value: Value, kind: ApplicationKind, node: ast.expr) -> None:
    """Remember a name of the application at the place where the script imports it."""
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    name = root.id if isinstance(root, ast.Name) else ""
    machine.remember(
        ApplicationUse(
            span=machine.imports.get(name) or machine.span(node),
            condition="",
            name=path,
            local=ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else name,
            kind=kind,
            value=_written(value),
            members=_members(value),
        )
    )


def note_code(machine: CallEvaluator, path: str, node: ast.expr) -> None:
    """Remember a function of the application that works on the database for the script."""
    module = path.rpartition(".")[0]
    is_helper = any(_HELPING.fullmatch(each) for each in module.split("."))
    if not is_helper and not is_of_migrations(machine, path) and machine.project.module(module) is not None:
        note_application(machine, path, None, "code", node)


def _written(value: Value) -> str:
    if isinstance(value, Class):
        value = model_table(value)
    if isinstance(value, TableValue):
        return str(value.name)
    return repr(value) if isinstance(value, (*PRIMITIVES, *CONTAINERS)) and is_plain(value) else ""


def _members(value: Value) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Class) and value.is_enum:
        members = enum_members(value)
        return tuple((each.name, repr(each.value)) for each in members if is_plain(each.value))
    if isinstance(value, Class):
        value = model_table(value)
    return tuple((each.name, "") for each in value.columns) if isinstance(value, TableValue) else ()


_OF_PARTS: Final = frozenset({"metadata", "model", "settings", "table"})


def with_parts_used(facts: Iterable[Fact], tree: ast.Module) -> tuple[Fact, ...]:
    """The facts, models and tables with those of their columns alone that the script names.

    One of which it takes no more than the name of the table, or the MetaData, is only that.
    """
    found = tuple(facts)
    if not any(isinstance(each, ApplicationUse) and each.kind in _OF_PARTS for each in found):
        return found
    named: defaultdict[str, set[str]] = defaultdict(set)
    words: set[str] = set()
    mentioned = Counter[str]()
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        mentioned[_unparsed(node)] += 1
        if isinstance(node, ast.Attribute):
            owner = _unparsed(node.value)
            named[owner.removesuffix(".c").removesuffix(".__table__")].add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            aliases[_unparsed(node.value)] = node.targets[0].id
    left = (each for each in found if not isinstance(each, ApplicationUse) or not _is_unused(each, aliases, mentioned))
    return tuple(
        replace(
            each,
            kind=_part(each, mentioned),
            members=tuple(one for one in each.members if one[0] in named[each.local] | words),
        )
        if isinstance(each, ApplicationUse) and each.kind in ("metadata", "model", "table")
        else each
        for each in left
    )


def _is_unused(use: ApplicationUse, aliases: Mapping[str, str], mentioned: Mapping[str, int]) -> bool:
    """Whether settings are given a name that stands nowhere else: `CONF = shop.conf.CONF`."""
    alias = aliases.get(use.local)
    return use.kind == "settings" and alias is not None and mentioned[use.local] == mentioned[alias] == 1


def _part(use: ApplicationUse, mentioned: Mapping[str, int]) -> ApplicationKind:
    """What a script takes of a model or MetaData, where it mentions nothing else of it."""
    if use.kind == "metadata":
        convention = mentioned[f"{use.local}.naming_convention"]
        return "constant" if convention and convention == mentioned[use.local] else use.kind
    names = mentioned[f"{use.local}.__tablename__"] + mentioned[f"{use.local}.__table__.name"]
    if names and names == mentioned[use.local]:
        return "name"
    metadata = mentioned[f"{use.local}.metadata"]
    return "metadata" if metadata and metadata == mentioned[use.local] else use.kind


def _unparsed(node: ast.AST) -> str:
    """A dotted name as it is written; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
