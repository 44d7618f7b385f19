"""The Python modules of the project around a script: found on disk, parsed when first needed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard import files
from migrate_guard.model.source import Source
from migrate_guard.reading.script import UnreadableFile, parse, read_text


class ProjectModule(Struct, frozen=True, eq=False):
    """A module of the project and, by name, the last top-level statement that binds it.

    `Base = declarative_base(cls=Base)` rests on what was bound before, which then comes first.
    """

    name: str
    display: str
    package: str
    bindings: Mapping[str, tuple[ast.stmt, ...]]


class Files(Protocol):
    """Where the files of a project are read from."""

    def is_file(self, path: Path) -> bool:
        """Whether there is a file of that name."""

    def is_dir(self, path: Path) -> bool:
        """Whether there is a folder of that name."""

    def text(self, path: Path, display: str) -> str:
        """The text of a file, called `display` in messages; raises UnreadableFile."""


class WorkingTree:
    """The files as they lie on the disk."""

    def is_file(self, path: Path) -> bool:
        return files.is_file(path)

    def is_dir(self, path: Path) -> bool:
        return files.is_dir(path)

    def text(self, path: Path, display: str) -> str:
        return read_text(path, display)


class Project(Struct):
    """Where modules of the project are looked for, and those read so far."""

    roots: tuple[Path, ...]
    base: Path
    """The directory that displayed paths are relative to."""
    naming_convention: Mapping[str, str] = field(default_factory=dict)
    version_table_schema: str | None = None
    configured: Mapping[str, object] = field(default_factory=dict)
    """What env.py passes to `context.configure`, as far as it is known."""
    options: Mapping[str, str] | None = None
    """The options of the section of the configuration; None where there is no configuration."""
    script_location: str = ""
    """The displayed folder of env.py; empty where there is none."""
    type_hooks: Sequence[str] = ()
    """The dotted names of the functions with which modules that env.py imports let SQLAlchemy spell types."""
    knows_naming_convention: bool = False
    """Whether env.py tells which convention applies, if any."""
    files: Files = field(default_factory=WorkingTree)
    reached: set[Path] = field(default_factory=set)
    """The files of modules that were asked for, and those that scripts read, since it was last emptied."""
    _modules: dict[str, ProjectModule | None] = field(default_factory=dict)
    _paths: dict[str, Path | None] = field(default_factory=dict)

    def of(self, files: Files) -> Project:
        """The same project with its files from elsewhere."""
        return replace(self, files=files, reached=set(), _modules={}, _paths={})

    def module(self, name: str) -> ProjectModule | None:
        """Return the module of that dotted name, or None when it is not a readable part of the project."""
        path = self._find(name)
        if path is not None:
            self.reached.add(path)
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def mentions(self, name: str, *words: bytes) -> bool:
        """Whether the text of a module has one of the words; that of a package, which imports others, need not."""
        path = self._find(name)
        if path is None or self.files.is_dir(path) or path.name == "__init__.py":
            return path is not None
        try:
            text = files.read_bytes(path)
        except OSError:
            return False
        return any(each in text for each in words)

    def read(self, path: str) -> str | None:
        """The text of a file below one of the project's directories that a script reads; None when it cannot be had."""
        candidate = Path(path)
        if not any(candidate.is_relative_to(root) for root in (*self.roots, self.base)):
            return None
        self.reached.add(candidate)
        try:
            return self.files.text(candidate, path)
        except UnreadableFile:
            return None

    def _read(self, name: str) -> ProjectModule | None:
        path = self._find(name)
        if path is None:
            return None
        display = display_path(path, self.base)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        if self.files.is_dir(path):
            return ProjectModule(name, display, name, {})
        try:
            tree = parse(Source(display, self.files.text(path, display)))
        except UnreadableFile:
            return None
        return ProjectModule(name, display, package, _bindings(tree.body))

    def path(self, name: str) -> Path | None:
        """The file of a module or of a package, the folder of a package without one; None outside the project."""
        return self._find(name)

    def _find(self, name: str) -> Path | None:
        """The file or folder of a module; scripts name the same few again and again."""
        if name not in self._paths:
            self._paths[name] = self._searched(name)
        return self._paths[name]

    def _searched(self, name: str) -> Path | None:
        relative = Path(*name.split("."))
        for root in self.roots:
            for candidate in (root / relative / "__init__.py", (root / relative).with_suffix(".py")):
                if self.files.is_file(candidate):
                    return candidate
        return next((root / relative for root in self.roots if self.files.is_dir(root / relative)), None)


def display_path(path: Path, base: Path) -> str:
    """The path that messages show: relative to `base` where it lies below it, with forward slashes."""
    try:
        return path.relative_to(base).as_posix()
    except ValueError:
        return path.as_posix()


def project_roots(script_directory: Path, configured: Iterable[Path]) -> tuple[Path, ...]:
    """The directories on which the project's modules are importable.

    Those of `prepend_sys_path` come first, then the one that holds the outermost package around the scripts, then every
    directory up to the root of the repository, each with its `src`.
    """
    found = dict.fromkeys(configured)
    directory = script_directory
    while files.is_file(directory / "__init__.py") and directory != directory.parent:
        directory = directory.parent
    found[directory] = None
    for parent in (script_directory, *script_directory.parents):
        found[parent] = None
        if files.is_dir(parent / "src"):
            found[parent / "src"] = None
        if files.is_file(parent / "__init__.py"):
            continue
        if any(files.exists(parent / name) for name in (".git", "pyproject.toml", "setup.py", "setup.cfg")):
            break
        if len(found) > 12:
            break
    return tuple(found)


@cache
def package_of(directory: Path, roots: tuple[Path, ...]) -> str:
    """The dotted package of the files in a directory, as relative imports see it; empty outside every root."""
    inside = directory
    parts: list[str] = []
    while directory not in roots[:1] and files.is_file(directory / "__init__.py"):
        parts.append(directory.name)
        directory = directory.parent
    if parts:
        return ".".join(reversed(parts))
    for root in roots:
        if inside.is_relative_to(root) and root != inside:
            return ".".join(inside.relative_to(root).parts)
    return ""


def _bindings(body: Iterable[ast.stmt]) -> dict[str, tuple[ast.stmt, ...]]:
    found: dict[str, tuple[ast.stmt, ...]] = {}
    _add_bindings(found, body)
    return found


def _add_bindings(found: dict[str, tuple[ast.stmt, ...]], body: Iterable[ast.stmt]) -> None:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                _bind(found, name, node)
            case ast.Assign(targets=targets):
                for target in targets:
                    for each in ast.walk(target):
                        if isinstance(each, ast.Name):
                            _bind(found, each.id, node)
            case ast.AnnAssign(target=ast.Name(id=name)):
                _bind(found, name, node)
            case ast.Import(names=names):
                found.update({alias.asname or alias.name.partition(".")[0]: (node,) for alias in names})
            case ast.ImportFrom(names=names):
                found.update({alias.asname or alias.name: (node,) for alias in names})
            case ast.If(test=test, body=inner, orelse=other):
                _add_bindings(found, other)
                if not _is_for_type_checkers(test):
                    _add_bindings(found, inner)
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
                for handler in handlers:
                    _add_bindings(found, handler.body)
                _add_bindings(found, [*inner, *other, *final])


def _is_for_type_checkers(test: ast.expr) -> bool:
    return (test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")) == "TYPE_CHECKING"


def _bind(found: dict[str, tuple[ast.stmt, ...]], name: str, node: ast.stmt) -> None:
    """Note that a statement binds a name, after those before it where it needs or changes the value they give."""
    used: list[ast.expr] = []
    match node:
        case ast.Assign(targets=targets, value=value):
            # `Base.metadata.naming_convention = {...}` changes what `Base` is bound to
            used = [value, *(each for each in targets if isinstance(each, ast.Attribute | ast.Subscript))]
        case ast.AnnAssign(value=ast.expr() as value):
            used = [value]
        case ast.ClassDef(bases=bases):
            used = bases
        case ast.FunctionDef(decorator_list=decorators):
            used = decorators
    rests = any(isinstance(each, ast.Name) and each.id == name for one in used for each in ast.walk(one))
    found[name] = (*found.get(name, ()), node) if rests else (node,)
