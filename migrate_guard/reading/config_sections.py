"""What the sections of a configuration say that env.py reads: the options of each database, and the URLs as written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from configparser import InterpolationError
from pathlib import Path
from typing import NamedTuple

from migrate_guard.model.patterns import lazily
from migrate_guard.reading.alembic_config import AlembicConfig, IniFile, content

_URL = "sqlalchemy.url"
_TOML_URL = lazily(r"""\s*(?:["']?sqlalchemy\.url["']?|["']?sqlalchemy_url["']?|url)\s*=""")


class WrittenUrl(NamedTuple):
    """A URL of a configuration, and the line it stands on."""

    text: str
    """As it is written, with what is to be interpolated."""
    value: str
    path: Path
    line: int


def sections(config: AlembicConfig) -> dict[str, Mapping[str, str]]:
    """The options of each database of a multidb environment, by its name."""
    ini = config.ini
    if ini is None:
        return {}
    return {name: dict(_options(ini, name)) for name in config.databases() if ini.parser.has_section(name)}


def _options(ini: IniFile, section: str) -> Iterator[tuple[str, str]]:
    for name, raw in ini.parser.items(section, raw=True):
        try:
            yield name, ini.parser.get(section, name)
        except InterpolationError:
            yield name, raw


def written_urls(config: AlembicConfig) -> Iterator[WrittenUrl]:
    """Every URL of the sections that an environment uses, and of its `[tool.alembic]`."""
    if config.ini is not None:
        for name in (config.section, *config.databases()):
            written = config.ini.parser.get(name, _URL, raw=True, fallback="")
            if written:
                value = dict(_options(config.ini, name))[_URL]
                line = config.ini.line(name, _URL) or 1
                yield WrittenUrl(written.replace("%%", "%"), value, config.ini.path, line)
    if config.toml is not None:
        values = config.toml.values
        inner = values.get("sqlalchemy")
        found = values.get(_URL, values.get("sqlalchemy_url", inner.get("url") if isinstance(inner, dict) else None))
        if isinstance(found, str):
            yield WrittenUrl(found.replace("%%", "%"), found, config.toml.path, _toml_line(config.toml.path, found))


def _toml_line(path: Path, value: str) -> int:
    lines = content(path).decode(errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if _TOML_URL.match(line) and value in line), 1)
