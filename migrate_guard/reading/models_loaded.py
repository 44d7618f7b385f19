"""Which models of the project env.py loads, from the imports alone: autogenerate knows no other tables.

It is told only where it is sure: the base class or MetaData is one of the project, the modules beside it define tables
with that very one, and nothing on the way loads modules by computed names.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrate_guard.model.environment import UnloadedModels
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Source, Span
from migrate_guard.reading.project import Project, display_path, package_of
from migrate_guard.reading.script import UnreadableFile, parse, read_text

_MOST_FILES: Final = 3_000
"""Files of a package that are looked through; of a larger one nothing is told."""
_MOST_LOADED: Final = 2_000
_SIGNS: Final = (b"__tablename__", b"Table(")
"""What stands in a module that defines tables."""
_IMPORT: Final = lazily(
    r"^[ \t]*(?:from[ \t]+(?P<origin>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n;]*)"
    r"|import[ \t]+(?P<modules>[^\n;]+))",
    re.MULTILINE,
)
_COMPUTED: Final = lazily(
    r"importlib|__import__|try_import|pkgutil|import_module|walk_packages|iter_modules|import_string|find_modules|load_plugins"
    r"|entry_points|exec\(|automap|create_app|autodiscover|glob\("
)
"""What loads modules that no import names."""
_OF_CONFIG: Final = frozenset(
    {
        *(
            "attributes",
            "cmd_opts",
            "config_file_name",
            "config_ini_section",
            "file_config",
            "get_alembic_boolean_option",
        ),
        *("get_alembic_option", "get_main_option", "get_section", "get_section_option", "get_template_directory"),
        *("messaging_opts", "print_stdout", "set_main_option", "set_section_option", "stdout", "toml_file_name"),
        *("fileConfig", "dictConfig"),
    }
)
"""What `alembic.config.Config` has (alembic/config.py, 1.20), and what modules called `config` mostly have."""
_ELSEWHERE: Final = frozenset({"test", "tests", "testing", "examples", "example", "docs", "versions", "node_modules"})


def unloaded_models(tree: ast.Module, env_path: Path, project: Project) -> tuple[UnloadedModels, ...]:
    """The modules whose tables env.py's MetaData lacks, by path; nothing where that is not certain."""
    package = package_of(env_path.parent, project.roots)
    home = _home(tree, package, project)
    text = ast.unparse(tree)
    if home is None or _COMPUTED.search(text) or _is_started_by_program(text):
        return ()
    module, base = home
    top = module.partition(".")[0]
    candidates = dict(_candidates(top, env_path, project))
    if not candidates:
        return ()
    loaded = _loaded(tree, package, project)
    if loaded is None:
        return ()
    found = []
    for name in sorted(candidates.keys() - loaded):
        path = candidates[name]
        tables = list(_tables(name, path, (module, base), project))
        if tables:
            display = display_path(path, project.base)
            first = tables[0][1]
            found.append(UnloadedModels(display, name, tuple(each for each, _ in tables), _span(display, first)))
    return tuple(found)


def _is_started_by_program(text: str) -> bool:
    """Whether env.py needs what the command line does not give: the program that does may load the models as well."""
    return any(name not in _OF_CONFIG for name in re.findall(r"\bconfig\.(\w+)", text))


def _span(path: str, node: ast.stmt) -> Span:
    return Span(path, node.lineno, node.col_offset + 1, node.lineno, node.col_offset + 2)


# -- where the MetaData comes from


def _home(tree: ast.Module, package: str, project: Project) -> tuple[str, str] | None:
    """The module of the project that defines what env.py takes its MetaData from, and the name it has there."""
    names = _imported_names(tree, package)
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="target_metadata", value=value):
                pass
            case ast.Assign(targets=[ast.Name(id="target_metadata")], value=value):
                pass
            case _:
                continue
        dotted = _dotted(_owner(value))
        head, _, rest = dotted.partition(".")
        if head in names:
            return _definition(".".join(filter(None, (names[head], rest))), project)
    return None


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name) if inner := _dotted(value):
            return f"{inner}.{name}"
    return ""


def _imported_names(tree: ast.Module, package: str) -> dict[str, str]:
    """What the imports of a module bind, as dotted names."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                found[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute("." * node.level + (node.module or ""), package)
            for each in node.names:
                found[each.asname or each.name] = f"{origin}.{each.name}"
    return found


def _definition(dotted: str, project: Project) -> tuple[str, str] | None:
    """The module and name behind a dotted name, past modules that only hand it on."""
    for _ in range(10):
        module_name, _, name = dotted.rpartition(".")
        module = project.module(module_name) if module_name else None
        if module is None or name not in module.bindings:
            return None
        statement = module.bindings[name][-1]
        if not isinstance(statement, ast.ImportFrom | ast.Import):
            return module_name, name
        names = _imported_names(ast.Module([statement], []), module.package)
        dotted = names.get(name, "")
    return None


def _absolute(origin: str, package: str) -> str:
    level = len(origin) - len(origin.lstrip("."))
    if not level:
        return origin
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - (level - 1)]
    return ".".join([*kept, *filter(None, [origin[level:]])])


# -- what is loaded


def _candidates(top: str, env_path: Path, project: Project) -> Iterator[tuple[str, Path]]:
    """The modules of the package that look as if they defined tables."""
    folder = next((root / top for root in project.roots if (root / top / "__init__.py").is_file()), None)
    if folder is None:
        return
    count = 0
    for place, directories, files in os.walk(folder):
        directories[:] = sorted(
            each for each in directories if each not in _ELSEWHERE and not each.startswith((".", "_"))
        )
        if Path(place) == env_path.parent:
            directories.clear()
            continue
        for file in sorted(files):
            if not file.endswith(".py") or file.startswith(("test_", "conftest")):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            path = Path(place, file)
            text = _bytes(path)
            if any(each in text for each in _SIGNS):
                parts = path.relative_to(folder.parent).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _loaded(tree: ast.Module, package: str, project: Project) -> frozenset[str] | None:
    """The modules of the project that importing what env.py imports loads; None where that cannot be told."""
    pending = list(_modules_named(ast.unparse(tree), package, project))
    loaded: set[str] = set()
    while pending:
        name = pending.pop()
        if name in loaded:
            continue
        loaded.add(name)
        path = project.path(name)
        if path is None or path.is_dir():
            continue
        text = _bytes(path).decode(errors="replace")
        if len(loaded) > _MOST_LOADED or _COMPUTED.search(text):
            return None
        own = name if path.name == "__init__.py" else name.rpartition(".")[0]
        pending.extend(each for each in _modules_named(text, own, project) if each not in loaded)
    return frozenset(loaded)


def _modules_named(text: str, package: str, project: Project) -> Iterator[str]:
    """The modules of the project that the imports of a text may load, with the packages around them."""
    for found in _IMPORT.finditer(text):
        if found["origin"]:
            origin = _absolute(found["origin"], package)
            names = re.findall(r"\w+", re.sub(r"\bas\s+\w+|#[^\n]*", " ", found["names"]))
            wanted = [origin, *(f"{origin}.{each}" for each in names)]
        else:
            wanted = [each.strip().partition(" ")[0] for each in found["modules"].split(",")]
        for name in wanted:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                part = ".".join(parts[:end])
                if project.path(part) is None:
                    break
                yield part


# -- the tables of a module


def _tables(name: str, path: Path, base: tuple[str, str], project: Project) -> Iterator[tuple[str, ast.stmt]]:
    """The tables that a module defines with that base or MetaData, each with its statement."""
    display = display_path(path, project.base)
    try:
        tree = parse(Source(display, read_text(path, display)))
    except UnreadableFile:
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    names = _imported_names(tree, package)

    def is_base(node: ast.expr) -> bool:
        dotted = _dotted(node)
        head, _, rest = dotted.partition(".")
        return head in names and _definition(".".join(filter(None, (names[head], rest))), project) == base

    for statement in tree.body:
        match statement:
            case ast.ClassDef(bases=bases) if any(map(is_base, bases)):
                table = next(filter(None, map(_table_name, statement.body)), None)
                if table:
                    yield table, statement
            case ast.Assign(value=ast.Call(func=function, args=[ast.Constant(value=str(table)), metadata, *_])):
                if _dotted(function).rpartition(".")[2] == "Table" and is_base(_owner(metadata)):
                    yield table, statement


def _owner(metadata: ast.expr) -> ast.expr:
    """The base class in `Base.metadata`; MetaData that has a name of its own is itself."""
    return metadata.value if isinstance(metadata, ast.Attribute) and metadata.attr == "metadata" else metadata


def _table_name(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=str(name))):
            return name
        case ast.AnnAssign(target=ast.Name(id="__tablename__"), value=ast.Constant(value=str(name))):
            return name
    return None
