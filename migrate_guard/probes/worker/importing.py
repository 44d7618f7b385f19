"""Patches that are put in place when a module is imported, so that nothing is imported only to be patched."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Patch = Callable[[ModuleType], None]


class _PatchedLoader(Loader):
    """A loader that does what another does, then patches the module, and leaves no trace of itself."""

    def __init__(self, loader: Loader, patches: Sequence[Patch]) -> None:
        self._loader = loader
        self._patches = patches

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for patch in self._patches:
            patch(module)


class _Finder(MetaPathFinder):
    """Finds a module by the finders that come after it, and gives it a loader that patches."""

    def __init__(self) -> None:
        self.patches: dict[str, list[Patch]] = {}
        self._being_found: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.patches or fullname in self._being_found:
            return None
        self._being_found.add(fullname)
        try:
            spec = find_spec(fullname)
        finally:
            self._being_found.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchedLoader(spec.loader, self.patches[fullname])
        return spec


_finder = _Finder()


def after_import(module: str, patch: Patch) -> None:
    """Call `patch` with the module once it is imported, at once if it is already."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.patches.setdefault(module, []).append(patch)
    if module in sys.modules:
        patch(sys.modules[module])
