"""Stand-ins for what a script imports and this machine does not have, so that its migrations can be run all the same.

A module that is not installed becomes an empty one in which every name is to be had: an object that can be called,
subclassed, used as a decorator and asked for attributes, and that gives itself. A module of the application runs
statement by statement, and what fails of it is left out. A history whose migrations use such an object for anything
that matters fails, as a stand-in is nothing that SQLAlchemy or a database driver takes.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


class StandIn:
    """What any name of an absent module is: an object that answers everything with itself."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **_: Any) -> Any:
        # As a decorator it leaves alone what it decorates.
        return args[0] if len(args) == 1 and callable(args[0]) else self

    def __mro_entries__(self, _: tuple[object, ...]) -> tuple[type, ...]:
        return ()

    def __getitem__(self, _: object) -> Any:
        return self

    def __or__(self, _: object) -> Any:
        return self

    __ror__ = __or__

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class AbsentModule(ModuleType):
    """A module that is not installed."""

    __path__ = []  # noqa: RUF012  what makes it a package for the import system
    __file__ = "absent"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = StandIn()
        setattr(self, name, made)
        return made


class AbsentFinder(MetaPathFinder, Loader):
    """Finds what no other finder does; comes last."""

    def __init__(self, present: frozenset[str]) -> None:
        self.present = present
        """Packages that are there: what they lack they lack."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self.present or is_installed(importer()):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


class LenientLoader(SourceFileLoader):
    """Runs a module statement by statement; a name that one of them fails to bind is bound to a stand-in."""

    def exec_module(self, module: ModuleType) -> None:
        tree = ast.parse(Path(self.path).read_bytes(), self.path)
        for statement in tree.body:
            code: CodeType = compile(ast.Module([statement], []), self.path, "exec", dont_inherit=True)
            try:
                exec(code, vars(module))
            except Exception:  # noqa: BLE001  whatever a statement of an application raises, it is left out
                for name in bound_by(statement):
                    vars(module).setdefault(name, StandIn())


def bound_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]


class LenientFinder(MetaPathFinder):
    """Finds the modules of the application; comes first."""

    def __init__(self, roots: frozenset[str]) -> None:
        self.roots = roots

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self.roots:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return spec
        loader = LenientLoader(fullname, spec.origin)
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=loader, submodule_search_locations=spec.submodule_search_locations
        )


def importer() -> str:
    """The file whose import statement looks for a module."""
    frame = sys._getframe(1)  # noqa: SLF001  there is no other way to learn who asks
    while frame.f_back and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return frame.f_code.co_filename


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed package, which knows how to do without another."""
    return path.startswith((sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")))


def install(roots: Sequence[Path]) -> None:
    """Let everything be imported that a project asks for whose modules lie in some directories."""
    own = frozenset(each.stem for root in roots for each in root.iterdir() if each.is_dir() or each.suffix == ".py")
    sys.meta_path.insert(0, LenientFinder(own))
    sys.meta_path.append(AbsentFinder(own | sys.stdlib_module_names))
