"""Settings as a file would spell them, for people and for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from msgspec import Struct

from migrate_guard.config.loading import FIELDS
from migrate_guard.config.settings import EVERYWHERE, Settings


def value_of(settings: Settings, key: str) -> object:
    """Return the value of a setting as JSON and TOML have it; None where nobody said."""
    value = getattr(settings, FIELDS.get(key, key.replace("-", "_")))
    match key:
        case "select":
            return ["default"] if value is None else list(value)
        case "db-version":
            return ".".join(map(str, value)) if value else None
        case "start-after":
            return list(value[EVERYWHERE]) if value.keys() == {EVERYWHERE} else _by_place(value)
        case "options":
            return {
                name: {_key(each): plain(given) for each, given in options.items()} for name, options in value.items()
            }
        case "stats" | "seed":
            return _relative(value, settings) if value else None
        case "rules":
            return [_relative(each, settings) for each in value]
        case "environments":
            return sorted(value)
    return plain(value)


def default_of(key: str) -> object:
    """Return the default of a setting; None where there is none to name."""
    value = value_of(_DEFAULTS, key)
    return None if value in ([], {}) else value


_DEFAULTS = Settings()


def plain(value: object) -> object:
    """Return a value of a field as JSON and TOML have it."""
    if isinstance(value, Enum | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {each: plain(given) for each, given in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Struct):
        return {each: plain(getattr(value, each)) for each in value.__struct_fields__}
    return value


def toml(value: object) -> str:
    """Spell a value as TOML does on one line."""
    import json

    if isinstance(value, Mapping):
        inner = ", ".join(f"{bare(each)} = {toml(given)}" for each, given in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def bare(key: str) -> str:
    """Spell a key as TOML does: in quotes where it has to be."""
    import json

    is_bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if is_bare else json.dumps(key, ensure_ascii=False)


def _by_place(value: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {place or "*": list(ids) for place, ids in value.items()}


def _relative(path: Path, settings: Settings) -> str:
    """A path as the file names it; one of the command line as it is."""
    return os.path.relpath(path, settings.root) if settings.root and path.is_absolute() else str(path)


def _key(field: str) -> str:
    return field.replace("_", "-")
