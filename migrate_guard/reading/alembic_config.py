"""Alembic's configuration, read as Alembic reads it: alembic.ini and `[tool.alembic]` in pyproject.toml.

Files in, settings and the directories they point to out. Only regular files are opened, reads are bounded, and no
line of the project is imported or executed. Whatever is wrong with a configuration is a `DiscoveryError`.
"""

from __future__ import annotations

import errno
import locale
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, InterpolationError
from configparser import Error as IniError
from pathlib import Path

from msgspec import Struct

from migrate_guard import files
from migrate_guard.model.patterns import lazily

MAX_BYTES = 1_000_000
MAIN_SECTION = "alembic"

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_SPACE_COMMA = lazily(r", *|(?: +)")
_SPACE_COMMA_COLON = lazily(r", *|(?: +)|\:")
_TOML_CODE = lazily(r"%%|%\(here\)s")
_SECTION_HEADER = lazily(r"\[(.+)\]")
# What has a field of its own in the environment, and so is not repeated among its other options.
_NAMED_OPTIONS = frozenset(
    {"here", "script_location", "version_locations", "recursive_version_locations", "prepend_sys_path"}
    | {"sqlalchemy.url", "databases"}
)


class DiscoveryError(Exception):
    """What is wrong with a path or a configuration, where, and what to do: a message for the user."""


class IniFile(Struct, frozen=True):
    """A parsed ini file, with its text, because configparser forgets the lines."""

    path: Path
    text: str
    parser: ConfigParser

    def get(self, section: str, option: str) -> str | None:
        """Return the interpolated value, None where it is not set; raise DiscoveryError if it does not interpolate."""
        try:
            return self.parser.get(section, option, fallback=None)
        except InterpolationError as error:
            place = f"{self.path}:{self.line(section, option) or 1}"
            raise DiscoveryError(
                f"{place}: {_one_line(error.message)}; a literal percent sign is written %%"
            ) from error

    def own_options(self, section: str) -> frozenset[str]:
        """Return the options that a section sets itself, not those it takes from [DEFAULT]."""
        defaults = self.parser.defaults()
        values = self.parser.items(section, raw=True)
        return frozenset(name for name, value in values if defaults.get(name) != value)

    def line(self, section: str, option: str) -> int | None:
        """Return the line on which an option is set, in its section or else in [DEFAULT]."""
        lines: dict[str, int] = {}
        current = ""
        assignment = re.compile(re.escape(option) + r"\s*[=:]", re.IGNORECASE)
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header := _SECTION_HEADER.match(line.strip()):
                current = header[1]
            elif assignment.match(line.strip()):
                lines.setdefault(current, number)
        return lines.get(section, lines.get(self.parser.default_section))


class TomlTable(Struct, frozen=True):
    """The `[tool.alembic]` table of a pyproject.toml."""

    path: Path
    values: Mapping[str, object]

    def string(self, option: str) -> str | None:
        """Return a string with %(here)s filled in, None where it is not set; DiscoveryError for another type."""
        value = self.values.get(option)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong_type(option, "a string")
        return self._substitute(option, value)

    def strings(self, option: str) -> list[str]:
        """Return an array of strings with %(here)s filled in; DiscoveryError for another type."""
        value = self.values.get(option, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong_type(option, "an array of strings")
        return [self._substitute(option, item) for item in value]

    def boolean(self, option: str) -> bool:
        """Return a boolean, False where it is not set; DiscoveryError for another type."""
        value = self.values.get(option, False)
        if not isinstance(value, bool):
            raise self._wrong_type(option, "true or false")
        return value

    def _wrong_type(self, option: str, expected: str) -> DiscoveryError:
        return DiscoveryError(f"{self.path}: {option} in [tool.alembic] is not {expected}")

    def _substitute(self, option: str, text: str) -> str:
        """Fill in %(here)s and %%, the two codes that mean anything in a path; DiscoveryError for another."""
        if "\0" in text or "%" in _TOML_CODE.sub("", text):
            raise DiscoveryError(f"{self.path}: {option} = {text!r} has a NUL, or a % that is neither %(here)s nor %%")
        return _TOML_CODE.sub(lambda code: "%" if code[0] == "%%" else self.path.parent.as_posix(), text)


class AlembicConfig(Struct, frozen=True):
    """One named section of an ini file and the `[tool.alembic]` beside it; the ini wins, option by option."""

    section: str
    ini: IniFile | None
    toml: TomlTable | None

    @property
    def path(self) -> Path:
        """The ini file if it has the section, else the pyproject.toml."""
        if self.toml is None or (self.ini and self.ini.parser.has_section(self.section)):
            assert self.ini is not None, "a configuration has a file"
            return self.ini.path
        return self.toml.path

    def string(self, option: str) -> str | None:
        """Return a string option, None where neither file sets it."""
        if self.ini and self.ini.parser.has_option(self.section, option):
            return self.ini.get(self.section, option)
        return self.toml.string(option) if self.toml else None

    def boolean(self, option: str) -> bool:
        """Return a boolean option; in an ini only the exact text "true" is true."""
        if self.ini and self.ini.parser.has_option(self.section, option):
            return self.ini.get(self.section, option) == "true"
        return self.toml.boolean(option) if self.toml else False

    def version_locations(self) -> list[str]:
        """Return the version locations as written, empty where none are set."""
        return self._paths("version_locations", _SPACE_COMMA, ("path_separator", "version_path_separator"))

    def prepend_sys_path(self) -> list[str]:
        """Return the entries of prepend_sys_path as written, empty where none are set."""
        return self._paths("prepend_sys_path", _SPACE_COMMA_COLON, ("path_separator",))

    def databases(self) -> tuple[str, ...]:
        """Return the names that the multidb template reads from `databases`, which it takes from the ini only."""
        names = self.ini.get(self.section, "databases") if self.ini else None
        return tuple(name for name in re.split(r",\s*", (names or "").strip()) if name)

    def url(self) -> tuple[str, int | None] | tuple[None, None]:
        """Return the first sqlalchemy.url of the ini and its line; a URL that does not interpolate is returned raw."""
        if self.ini is None:
            return None, None
        # The multidb template has a section for each database, and no URL in the main one.
        for section in (self.section, *self.databases()):
            try:
                url = self.ini.parser.get(section, "sqlalchemy.url", fallback="")
            except InterpolationError:
                url = self.ini.parser.get(section, "sqlalchemy.url", raw=True)
            if url:
                return url, self.ini.line(section, "sqlalchemy.url")
        return None, None

    def options(self) -> dict[str, str]:
        """Return the options without a method here, as written: ini values raw, TOML scalars as an ini spells them."""
        found: dict[str, str] = {}
        for name, value in (self.toml.values if self.toml else {}).items():
            if isinstance(value, (str, int, float)):
                found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        if self.ini and self.ini.parser.has_section(self.section):
            found.update(self.ini.parser.items(self.section, raw=True))
        return {name: value for name, value in found.items() if name not in _NAMED_OPTIONS}

    def _paths(self, option: str, legacy: re.Pattern[str], separators: tuple[str, ...]) -> list[str]:
        written = self.ini.get(self.section, option) if self.ini else None
        if not written:
            return self.toml.strings(option) if self.toml else []
        separator = self._separator(separators)
        parts = legacy.split(written) if separator is None else written.split(separator)
        return [part.strip() for part in parts if part.strip()]

    def _separator(self, options: tuple[str, ...]) -> str | None:
        """Return the character that the first option set stands for, None for the legacy split."""
        assert self.ini is not None, "only an ini splits its paths"
        for option in options:
            value = self.ini.get(self.section, option)
            if value is None:
                continue
            if value not in _SEPARATORS:
                place = f"{self.ini.path}:{self.ini.line(self.section, option) or 1}"
                raise DiscoveryError(f"{place}: {option} is {value!r}; Alembic takes {', '.join(_SEPARATORS)}")
            return _SEPARATORS[value]
        return None


class Locations(Struct, frozen=True):
    """The directories a configuration points to; no version locations means that none are configured."""

    script_location: Path
    version_locations: tuple[Path, ...]
    prepend_sys_path: tuple[Path, ...]


def read_configs(ini_path: Path | None, toml_path: Path | None, names: Sequence[str]) -> tuple[AlembicConfig, ...]:
    """Return a configuration for each section asked for, or for each that defines a script location.

    Either file may be None or absent; nothing is returned when neither configures Alembic. Raises DiscoveryError
    for a file that cannot be read and for a section that does not exist.
    """
    ini = _read_ini(ini_path) if ini_path and files.lexists(ini_path) else None
    toml = _read_toml(toml_path) if toml_path and files.lexists(toml_path) else None
    known = _sections(ini, toml)
    configs = tuple(AlembicConfig(name, ini, toml) for name in names or known)
    if names:
        for name in names:
            if toml is None and not (ini and ini.parser.has_section(name)):
                there = ", ".join(f"[{section}]" for section in known) or "no section for Alembic"
                raise DiscoveryError(f"{ini_path or toml_path} has no [{name}] section (it has {there})")
        return configs
    # A [alembic] that only holds what the named sections share is not an environment of its own.
    return tuple(config for config in configs if config.string("script_location")) or configs[:1]


def _sections(ini: IniFile | None, toml: TomlTable | None) -> list[str]:
    """Return the sections that configure an environment: [alembic], and those that set a location themselves."""
    sections = ini.parser.sections() if ini else []
    main = [MAIN_SECTION] if toml or MAIN_SECTION in sections else []
    locating = {"script_location", "version_locations"}
    return main + [name for name in sections if ini and name != MAIN_SECTION and ini.own_options(name) & locating]


def resolve(config: AlembicConfig, run_directories: Sequence[Path]) -> Locations:
    """Find on disk what a configuration points to.

    `run_directories` are those in which Alembic may have been started, likeliest first; the directories above the
    configuration are tried after them, since many projects start it from their root. `package:directory` is searched
    where Python would look for the package. A version location that does not exist is returned all the same.
    Raises DiscoveryError if there is no script_location or it leads nowhere.
    """
    above = [directory for directory in upward(config.path.parent) if directory not in run_directories]
    prepended = config.prepend_sys_path()
    roots = [directory / entry for directory in run_directories for entry in prepended]
    roots += [root for directory in (*run_directories, *above) for root in (directory, directory / "src")]
    script_location, run_directory = _script_location(config, run_directories, above, roots)
    starts = (run_directory, *run_directories)
    version_locations = (_locate(text, starts, roots) or run_directory / text for text in config.version_locations())
    return Locations(
        script_location=tidy(script_location),
        version_locations=tuple(tidy(location) for location in version_locations),
        prepend_sys_path=tuple(tidy(run_directory / entry) for entry in prepended),
    )


def _script_location(
    config: AlembicConfig, run_directories: Sequence[Path], above: Sequence[Path], roots: Sequence[Path]
) -> tuple[Path, Path]:
    """Return the script location and the directory that relative paths of its configuration start from."""
    directory = config.path.parent
    written = config.string("script_location")
    if not written:
        # Flask-Migrate writes no script_location: at run time it is the directory of the ini.
        if is_script_directory(directory):
            return directory, run_directories[0]
        raise DiscoveryError(f"{config.path}: [{config.section}] has no script_location; pass the versions directory")
    if _names_package(written):
        if found := _locate(written, (), roots):
            return found, run_directories[0]
    else:
        for start in run_directories:
            if found := _locate(written, (start,), ()):
                return found, start
        for start in above:
            if (found := _locate(written, (start,), ())) and is_script_directory(found):
                return found, start
    raise DiscoveryError(f"{config.path}: script_location {written!r} is not a directory; pass the versions directory")


def _names_package(text: str) -> bool:
    return not os.path.isabs(text) and ":" in text


def _locate(text: str, starts: Sequence[Path], roots: Sequence[Path]) -> Path | None:
    """Return the first existing directory that a location as written may mean: a path, or package:directory."""
    if _names_package(text):
        package, *inside = text.split(":")
        candidates = [Path(root, *package.split("."), *inside) for root in roots if package]
    else:
        candidates = [start / text for start in starts]
    return next((candidate for candidate in candidates if files.is_dir(candidate)), None)


def configs_in(directory: Path, *, every_ini: bool = False) -> list[Path]:
    """Return the files in a directory that may configure Alembic: alembic.ini, else a pyproject.toml that speaks of it.

    With `every_ini` those of other names follow, if they speak of a script_location.
    """
    ini, toml = directory / "alembic.ini", directory / "pyproject.toml"
    found = [ini] if files.lexists(ini) else [toml] if re.search(rb"\btool\s*\.\s*alembic\b", content(toml)) else []
    if every_ini:
        others = [path for path in files.matching(directory, "*.ini") if path != ini]
        found += [path for path in others if b"script_location" in content(path)]
    return found


def is_script_directory(directory: Path) -> bool:
    """Say whether a directory looks like a script_location: Alembic's env.py, or a versions directory."""
    return files.is_dir(directory / "versions") or is_alembic_env(directory / "env.py")


def is_alembic_env(path: Path) -> bool:
    """Say whether a file is an env.py that speaks of Alembic; many a project has another module of that name."""
    return b"alembic" in content(path)


def upward(directory: Path) -> Iterator[Path]:
    """Yield a directory and those above it, up to the root of the repository."""
    for candidate in (directory, *directory.parents):
        yield candidate
        if files.lexists(candidate / ".git"):
            return


def tidy(path: Path) -> Path:
    """Return an absolute path without `.` and `..`, which are only taken out as text where no link stands before."""
    absolute = os.path.abspath(path)
    real = files.realpath(path)
    return Path(absolute if files.realpath(absolute) == real else real)


def content(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return a file up to a byte more than `most`, nothing for one that is absent or cannot be read."""
    try:
        return _read_bounded(path, most)
    except OSError:
        return b""


def _read_bounded(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return a regular file up to a byte more than `most`; OSError for all else, so no FIFO is ever waited for."""
    if not files.is_file(path):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return files.read_bytes(path, most + 1)


def _read_ini(path: Path) -> IniFile:
    text = _read_text(path, ("utf-8-sig", locale.getencoding()))
    parser = ConfigParser({"here": path.parent.as_posix().replace("%", "%%")})
    try:
        parser.read_string(text, source=str(path))
    except IniError as error:
        raise DiscoveryError(f"{path} is not a readable ini file: {_one_line(error.message)}") from error
    return IniFile(path, text, parser)


def _read_toml(path: Path) -> TomlTable | None:
    """Return the `[tool.alembic]` table of a pyproject.toml, None if it has none."""
    try:
        document: dict[str, object] = tomllib.loads(_read_text(path, ("utf-8",)))
    except (ValueError, RecursionError) as error:
        raise DiscoveryError(f"{path} is not readable TOML: {error}") from error
    for key in ("tool", "alembic"):
        table = document.get(key)
        if table is None:
            return None
        if not isinstance(table, dict):
            raise DiscoveryError(f"{path}: {key} is not a table")
        document = table
    return TomlTable(path, document)


def _read_text(path: Path, encodings: Sequence[str]) -> str:
    try:
        read = _read_bounded(path)
    except OSError as error:
        raise DiscoveryError(f"{path} cannot be read: {error.strerror}") from error
    if len(read) > MAX_BYTES:
        raise DiscoveryError(f"{path} is larger than {MAX_BYTES:,} bytes, too large for a configuration")
    if b"\0" in read:
        raise DiscoveryError(f"{path} holds NUL bytes; save it as UTF-8")
    for encoding in encodings:
        try:
            return read.decode(encoding)
        except UnicodeDecodeError as error:
            line = read.count(b"\n", 0, error.start) + 1
    raise DiscoveryError(
        f"{path}:{line}: a byte here is not {encodings[0].removesuffix('-sig')}; save the file as UTF-8"
    )


def _one_line(message: str) -> str:
    return " ".join(message.split())
