"""What commands have in common: settings, and finding the environments."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate_guard.commands._options import EnvironmentOptions
from migrate_guard.config import (
    ConfigError,
    Mistake,
    Overrides,
    Settings,
    Written,
    find,
    read,
    rule_folders,
    target,
    unknown_database,
)
from migrate_guard.terminal import ColorChoice, UserError, complain, wants_color

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.names import QualifiedName
    from migrate_guard.model.statistics import Statistics
    from migrate_guard.reading.discover import AlembicEnvironment, Selection
    from migrate_guard.rule import Rule


class Ruled(NamedTuple):
    """The settings of a run, and every rule that there is: ours and those of the project."""

    settings: Settings
    rules: Sequence[Rule]


def settings(paths: Sequence[Path], overrides: Overrides, environment: EnvironmentOptions) -> Ruled:
    """Return the settings for `paths`, and every rule that they can speak of; raises ConfigError."""
    file, isolated = environment.config, environment.isolated
    if file and isolated:
        raise ConfigError([Mistake("--isolated", "it does not go with --config")])
    overrides = overrides._replace(dialect=environment.dialect, db_version=environment.db_version)
    return ruled(None if isolated else find(start_of(paths), file), overrides)


def ruled(written: Written | None, overrides: Overrides) -> Ruled:
    """Return the settings that a file has under those of the command line, and every rule; raises ConfigError."""
    from migrate_guard.reporters import formats
    from migrate_guard.rules import load_rules

    rules = load_rules()
    if folders := rule_folders(written):
        from migrate_guard.commands._own_rules import with_own

        rules = with_own(rules, folders, written)
    return Ruled(read(written, overrides, rules, formats()), rules)


def start_of(paths: Sequence[Path]) -> Path:
    """The directory from which files of settings are looked for, upward."""
    return Path(os.path.commonpath([os.path.abspath(path) for path in paths])) if paths else Path.cwd()


def table_sizes(chosen: Settings) -> Statistics | None:
    """Read the statistics that the settings name, with the rows that they tell themselves; raises DocumentError."""
    if chosen.stats is None and not chosen.table_rows:
        return None
    from migrate_guard.model.statistics import Statistics
    from migrate_guard.reading.statistics import read_statistics

    known = read_statistics(chosen.stats) if chosen.stats else Statistics({})
    return known.with_rows(chosen.table_rows)


def small_tables(chosen: Settings) -> frozenset[QualifiedName]:
    """The tables whose locks are no hazards, as the settings and the statistics say; raises DocumentError."""
    sizes = table_sizes(chosen)
    return sizes.small(chosen.small_table_rows, chosen.small_table_bytes) if sizes else frozenset()


def discovered(
    paths: Sequence[Path], names: Sequence[str], *, quiet: bool = False, models: Sequence[str] = ()
) -> Selection:
    """Find the environments and say what is odd about them; raises DiscoveryError.

    Where there is none, there is nothing odd about that if the settings name `models`.
    """
    from migrate_guard.reading.discover import discover

    selection = discover(paths, cwd=Path.cwd(), names=names, environ=os.environ)
    warnings = list(selection.warnings)
    if not warnings:
        warnings = [
            f"no migration scripts found in {environment.script_location or environment.root}"
            for environment in selection.environments
            if not environment.scripts
        ]
    for warning in () if quiet or (models and not selection.environments) else warnings:
        complain("warning", warning)
    return selection


def tell_unknown_databases(selection: Selection, chosen: Settings) -> None:
    """Say what environments are judged as that are made for a database of which nothing is known."""
    for environment in selection.environments:
        if name := unknown_database(chosen.at(location_of(environment)), environment.url):
            used = target(chosen.at(location_of(environment)), environment.url)
            version = ".".join(map(str, used.version))
            place = environment.script_location or environment.root
            complain(
                "warning",
                f"{place}: nothing is known of {name}, so it is judged as {used.dialect} {version} "
                "(--dialect names another)",
            )


def the_reading(paths: Sequence[Path], options: EnvironmentOptions) -> Reading:
    """Read the one history that a command line means; raises UserError when there is none or several."""
    from migrate_guard import engine

    chosen, _ = settings(paths, Overrides(), options)
    environment = the_environment(discovered(paths, options.names))
    own = chosen.at(location_of(environment))
    return engine.read(environment, target(own, environment.url), Path.cwd())


def location_of(environment: AlembicEnvironment) -> Path:
    """The folder by which the settings know an environment."""
    return environment.script_location or next(iter(environment.version_locations), environment.root)


def the_environment(selection: Selection) -> AlembicEnvironment:
    """The one environment of a selection; raises UserError when there is none or several."""
    environments = selection.environments
    if not environments:
        raise UserError("there is no Alembic environment here; name the path of one")
    if len(environments) > 1:
        places = "".join(f"\n  {_place(each)}" for each in environments)
        raise UserError(
            f"there are {len(environments)} Alembic environments here; name the path of one, or -n:{places}"
        )
    return environments[0]


def _place(environment: AlembicEnvironment) -> str:
    place = str(environment.script_location or environment.root)
    return f"{place} (-n {environment.section})" if environment.config_path else place


def color(choice: str) -> bool:
    """Decide whether a report on stdout is coloured."""
    mode: ColorChoice = "always" if choice == "always" else "never" if choice == "never" else "auto"
    return wants_color(mode, os.environ, is_terminal=sys.stdout.isatty())


def width() -> int | None:
    """Return the columns of the terminal that a report on stdout goes to, None where it goes elsewhere."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def existing_paths(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Part arguments into revisions and paths: what exists on disk is a path, and so is what is spelled like one."""
    revisions = tuple(each for each in arguments if not _is_path(each))
    return revisions, tuple(Path(each) for each in arguments if _is_path(each))


def _is_path(argument: str) -> bool:
    return os.path.lexists(argument) or "/" in argument or os.sep in argument or argument.endswith((".py", ".ini"))
