"""Find the Alembic environments that a command line means, and the scripts of each, as Alembic would find them.

Paths in, a `Selection` out. Nothing of the project is imported or executed, and only regular files are opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import ClassVar

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard import files
from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.reading.alembic_config import (
    AlembicConfig,
    DiscoveryError,
    configs_in,
    content,
    is_alembic_env,
    read_configs,
    resolve,
    tidy,
    upward,
)
from migrate_guard.reading.config_sections import WrittenUrl, sections, written_urls
from migrate_guard.reading.directories import project_directories, real, walk
from migrate_guard.reading.script_files import (
    SCRIPT_NAME,
    holds_scripts,
    is_script,
    problem,
    revisions_in,
    scripts_below,
)

__all__ = ["AlembicEnvironment", "DiscoveryError", "ScriptFile", "Selection", "discover"]


class ScriptFile(Struct, frozen=True):
    """One file that Alembic would look at in a version location, and why it cannot be read, if it cannot."""

    path: Path
    problem: str | None
    draft: Path | None = None
    """Where the text is of a script that is not written yet."""


class AlembicEnvironment(PartlyCompared, frozen=True):
    """One history: where its configuration, its env.py and its scripts are, and what the configuration says.

    `config_path` is the ini if it has the section, else the pyproject.toml, else None; `root` is its directory, else
    the script_location, else the directory of scripts. `options` are those that have no field here, as written.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"options", "sections"})

    root: Path
    config_path: Path | None = None
    section: str = "alembic"
    script_location: Path | None = None
    version_locations: tuple[Path, ...] = ()
    recursive: bool = False
    env_path: Path | None = None
    url: str | None = None
    url_line: int | None = None
    prepend_sys_path: tuple[Path, ...] = ()
    databases: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The options of each of the `databases`."""
    written_urls: tuple[WrittenUrl, ...] = ()
    scripts: tuple[ScriptFile, ...] = ()

    def holds(self, directory: Path) -> bool:
        """Say whether a directory is the script_location, or one in which Alembic would look for scripts."""
        here, places = real(directory), set(map(real, self.version_locations))
        below = self.recursive and not places.isdisjoint(here.parents)
        return here in places or below or (self.script_location is not None and here == real(self.script_location))


class Selection(Struct, frozen=True):
    """What the user asked for; findings are only reported in the files of `restrict`, None for everywhere."""

    environments: tuple[AlembicEnvironment, ...]
    restrict: frozenset[Path] | None
    warnings: tuple[str, ...]


def discover(paths: Sequence[Path], *, cwd: Path, names: Sequence[str] = (), environ: Mapping[str, str]) -> Selection:
    """Return the environments that `paths` lead to; without paths, those of `cwd`.

    A path is a configuration file, a project, a script_location, a versions directory or a script; `names` are sections
    (alembic -n). Of `environ` only ALEMBIC_CONFIG counts, without paths. Raises DiscoveryError for what is unusable.
    """
    search = _Search(Path(os.path.abspath(cwd)), names)
    for path in paths:
        search.take(path)
    if not paths:
        search.take_default(environ.get("ALEMBIC_CONFIG"))
    return search.selection()


class _Search:
    """The environments found so far for one command line: those meant as a whole, and those of single files."""

    def __init__(self, cwd: Path, names: Sequence[str]) -> None:
        self.cwd, self.names = cwd, names
        self.environments: dict[tuple[Path, ...], AlembicEnvironment] = {}
        self.whole: set[tuple[Path, ...]] = set()
        self.files: list[Path] = []
        self.sections: set[str] = set()
        self.warnings: dict[str, None] = {}
        self.failures: list[DiscoveryError] = []
        self.around: dict[Path, AlembicEnvironment] = {}

    def take(self, path: Path) -> None:
        """Add what one path leads to; raise DiscoveryError if it leads nowhere."""
        absolute = tidy(self.cwd / path)
        if not files.lexists(absolute):
            raise DiscoveryError(f"{path} does not exist")
        if files.is_dir(absolute):
            if not self.take_directory(absolute):
                self.warn(f"no migration scripts found in {absolute}")
        elif reason := problem(absolute):
            raise DiscoveryError(f"{path} {reason}")
        elif absolute.suffix == ".py":
            environment = self.environment_around(absolute.parent)
            if environment.script_location is None and not is_script(absolute) and not holds_scripts(absolute.parent):
                self.warn(f"{path} is no migration script")
                return
            self.files.append(absolute)
            self.add([environment], whole=False)
        elif not self.add(self.configured(absolute)):
            raise DiscoveryError(f"{path} is neither a migration script nor a configuration of Alembic")

    def take_directory(self, directory: Path) -> bool:
        """Add the environments of a project, a script_location or a versions directory; say whether there is any."""
        configs = configs_in(directory)
        if configs and self.add(self.configured(configs[0])):
            return True
        meant = holds_scripts(directory) or _is_script_location(directory)
        if not meant and self.take_tree(directory):
            return True
        return (meant or is_alembic_env(directory / "env.py")) and self.add([self.environment_around(directory)])

    def take_default(self, named: str | None) -> None:
        """Add what Alembic would take in the current directory, else what lies below it, else above it."""
        if named:
            path = self.cwd / named
            if not files.lexists(path) or not self.add(self.configured(path, beside=self.cwd)):
                raise DiscoveryError(f"{path}, named by ALEMBIC_CONFIG, is not a configuration of Alembic")
            return
        if self.take_directory(self.cwd):
            return
        for directory in list(upward(self.cwd))[1:]:
            if any(self.add(self.tried(config)) for config in configs_in(directory)):
                return
            if files.lexists(directory / ".git") and self.take_tree(directory):
                return
        self.warn(f"no migration scripts found in {self.cwd}")

    def take_tree(self, top: Path) -> bool:
        """Add every environment below a directory; say whether there is any."""
        before = len(self.environments)
        places = list(project_directories(top, self.warn))
        for directory, _ in places:
            for config in configs_in(directory):
                self.add(self.tried(config))
        known = {env.script_location for env in self.environments.values()}
        for directory, names in places:
            if "env.py" in names and directory not in known and _is_script_location(directory):
                self.add([self.environment_around(directory)])
        for directory, names in places:
            above = {real(directory), *real(directory).parents}
            read = any(above.intersection(history) for history in self.environments)
            if not read and any(name.endswith(".py") for name in names) and holds_scripts(directory):
                self.add([self.environment_around(directory)])
        return len(self.environments) > before

    def environment_around(self, directory: Path) -> AlembicEnvironment:
        """Return the environment that a script_location or a directory of scripts belongs to.

        It is that of the nearest configuration upward that leads here, else of the nearest script_location upward
        that does, else the directory alone, with the env.py above it.
        """
        if directory not in self.around:
            configs = (config for place in upward(directory) for config in configs_in(place, every_ini=True))
            configured = (env for config in configs for env in self.tried(config))
            places = (place for place in upward(directory) if place == directory or is_alembic_env(place / "env.py"))
            in_code = (_in_code(place) for place in places if _is_script_location(place))
            leading = (env for env in chain(configured, in_code) if env.holds(directory))
            self.around[directory] = next(leading, None) or _alone(directory)
        return self.around[directory]

    def tried(self, config: Path) -> list[AlembicEnvironment]:
        """Return the environments of a configuration nobody named; what is wrong with it becomes a warning."""
        try:
            return self.configured(config)
        except DiscoveryError as error:
            self.failures.append(error)
            self.warn(f"{error} (this configuration is not used)")
            return []

    def configured(self, path: Path, *, beside: Path | None = None) -> list[AlembicEnvironment]:
        """Return the environments of an ini or a pyproject.toml with its other half, which lies in the same directory.

        `beside` is where the other half lies and Alembic is started, if that is elsewhere.
        """
        start = beside or path.parent
        toml = path.name == "pyproject.toml"
        pair = (start / "alembic.ini", path) if toml else (path, start / "pyproject.toml")
        return [_configured(config, (start, path.parent, self.cwd)) for config in read_configs(*pair, self.names)]

    def add(self, environments: Iterable[AlembicEnvironment], *, whole: bool = True) -> bool:
        """Add environments and say whether there was any; of a history found before, the first description counts."""
        found = list(environments)
        for environment in found:
            history = tuple(map(real, environment.version_locations))
            self.environments.setdefault(history, environment)
            if environment.config_path:
                self.sections.add(environment.section)
            if whole:
                self.whole.add(history)
        return bool(found)

    def warn(self, message: str) -> None:
        """Remember a warning once."""
        self.warnings.setdefault(message)

    def selection(self) -> Selection:
        """List the scripts of all that was found; raise DiscoveryError if that is nothing for a reason."""
        if self.failures and not self.environments:
            raise self.failures[0]
        for name in self.names:
            if name not in self.sections:
                raise DiscoveryError(f"no environment found here comes from a [{name}] section")
        found = {key: replace(env, scripts=_list_scripts(env, self.warn)) for key, env in self.environments.items()}
        return Selection(tuple(found.values()), self.restriction(found) if self.files else None, tuple(self.warnings))

    def restriction(self, found: Mapping[tuple[Path, ...], AlembicEnvironment]) -> frozenset[Path]:
        """Return the files given, spelled as in the environments, and all those of environments given as a whole."""
        spelled = {real(script.path): script.path for env in found.values() for script in env.scripts}
        restrict = {spelled.get(real(path), path) for path in self.files}
        for history in self.whole:
            env = found[history]
            restrict.update(script.path for script in env.scripts)
            restrict.update(path for path in (env.env_path, env.config_path) if path)
        return frozenset(restrict)


def _configured(config: AlembicConfig, run_directories: Sequence[Path]) -> AlembicEnvironment:
    """Return the environment of a configuration; raise DiscoveryError for what it says wrongly."""
    places = resolve(config, run_directories)
    recursive = config.boolean("recursive_version_locations")
    url, url_line = config.url()
    return replace(
        _in_code(places.script_location, places.version_locations, recursive=recursive),
        root=config.path.parent,
        config_path=config.path,
        section=config.section,
        url=url,
        url_line=url_line,
        prepend_sys_path=places.prepend_sys_path,
        databases=config.databases(),
        options=config.options(),
        sections=sections(config),
        written_urls=tuple(written_urls(config)),
    )


def _in_code(script_location: Path, locations: tuple[Path, ...] = (), *, recursive: bool = False) -> AlembicEnvironment:
    """Return the environment of a script_location of which no configuration is known."""
    env_path = script_location / "env.py"
    return AlembicEnvironment(
        root=script_location,
        script_location=script_location,
        version_locations=locations or _default_locations(script_location, recursive),
        recursive=recursive,
        env_path=env_path if files.is_file(env_path) else None,
    )


def _alone(directory: Path) -> AlembicEnvironment:
    """Return the environment of a directory of scripts to which nothing leads."""
    for place in (directory, directory.parent):
        if is_alembic_env(place / "env.py"):
            return _in_code(place, (directory,) if place != directory or holds_scripts(directory) else ())
    return AlembicEnvironment(root=directory, version_locations=(directory,))


def _default_locations(script_location: Path, recursive: bool) -> tuple[Path, ...]:
    """Return `versions`, and the directories in it that code makes version locations of their own.

    A command line of the project's own may set version_locations (OpenStack has one for each release). That is assumed
    only where such code stands near and the directory continues the history: an archive of old scripts stays out.
    """
    versions = script_location / "versions"
    below = {} if recursive else scripts_below(versions)
    modules = (path for place in (script_location, script_location.parent) for path in files.matching(place, "*.py"))
    if not below or not any(b"version_locations" in content(module) for module in modules):
        return (versions,)
    revisions, references = revisions_in(versions)
    empty, joined = not revisions, {versions}
    for _ in below:  # a directory may be connected by another one only
        for place, (own, named) in below.items():
            if empty or own & references or named & revisions:
                joined.add(place)
                revisions, references = revisions | own, references | named
    return tuple(sorted(joined))


def _list_scripts(environment: AlembicEnvironment, warn: Callable[[str], None]) -> tuple[ScriptFile, ...]:
    """Return the files that Alembic would load from the version locations, and warn of what is not read."""
    found: dict[Path, ScriptFile] = {}
    for location in environment.version_locations:
        for place, _, names in walk(location, warn):
            real_place = real(place)
            for name in [] if place.name.endswith("__pycache__") else names:
                path = place / name
                target = real(path) if files.is_link(path) else real_place / name
                # Alembic goes by the name that a link leads to; where nothing is there, at least the link is told of.
                if SCRIPT_NAME.match(target.name if files.exists(target) else name):
                    found.setdefault(target, ScriptFile(path, problem(path)))
            if not environment.recursive:
                break
    _warn_of_unread(environment, found, warn)
    return tuple(sorted(found.values(), key=lambda script: script.path))


def _warn_of_unread(environment: AlembicEnvironment, found: Iterable[Path], warn: Callable[[str], None]) -> None:
    """Warn of an environment without scripts, of compiled scripts, and of scripts below `versions` left out."""
    # of a directory that is not there has been warned
    if not any(found) and any(map(Path.is_dir, environment.version_locations)):
        warn(f"no migration scripts found in {', '.join(map(str, environment.version_locations))}")
    if environment.options.get("sourceless") == "true":
        warn(f"{environment.config_path}: sourceless is set, but compiled scripts (.pyc) are not read")
    if environment.script_location:
        for place in scripts_below(environment.script_location / "versions"):
            if not environment.holds(place):
                warn(f"{place} is not among the version locations; the scripts in it are not read")


def _is_script_location(directory: Path) -> bool:
    """Say whether a directory holds versions/ with scripts, or any versions/ beside Alembic's env.py."""
    versions = directory / "versions"
    return files.is_dir(versions) and (is_alembic_env(directory / "env.py") or holds_scripts(versions))
