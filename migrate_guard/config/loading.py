"""Settings out of a file and the command line, every mistake told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.config.files import Written, find
from migrate_guard.config.mistakes import ConfigError, Mistake, nearest
from migrate_guard.config.selectors import RuleLike
from migrate_guard.config.settings import Origin, Overrides, Settings
from migrate_guard.config.values import Reader, option_types

KEYS: Final[Mapping[str, str]] = {
    "dialect": "dialect",
    "db-version": "version",
    "select": "selectors",
    "ignore": "selectors",
    "extend-select": "selectors",
    "severity": "severities",
    "fail-on": "severity",
    "output-format": "format",
    "per-file-ignores": "per_file",
    "exclude": "patterns",
    "options": "rule_options",
    "rules": "own_rules",
    "start-after": "revisions",
    "stats": "file",
    "table-rows": "table_rows",
    "small-table-rows": "count",
    "small-table-bytes": "count",
    "downgrades": "downgrades",
    "scratch-url": "text",
    "rows": "count",
    "seed": "file",
    "python": "text",
    "models": "models",
    "environments": "environments",
}
"""Setting → the method of `Reader` that reads its value."""

FIELDS: Final = {"options": "rule_options"}
"""Settings whose field is called otherwise."""
OF_RUNS: Final = frozenset(
    ("fail-on", "output-format", "per-file-ignores", "exclude", "rules", "start-after", "environments")
)
"""Settings that are those of a whole run, and so of no single environment; it says itself where it starts."""

OF_ENVIRONMENTS: Final[Mapping[str, str]] = {
    **{key: method for key, method in KEYS.items() if key not in OF_RUNS},
    "start-after": "ids",
}
"""What an environment may say otherwise, as KEYS."""


def load(
    start: Path,
    overrides: Overrides,
    *,
    rules: Sequence[RuleLike],
    formats: Sequence[str],
    file: Path | None = None,
    isolated: bool = False,
) -> Settings:
    """Return the settings for `start`: those of `file`, or of the nearest file upward, under those of the command line.

    Raises ConfigError with every mistake of the file, else with every mistake of the command line.
    """
    return read(None if isolated else find(start, file), overrides, rules, formats)


def read(written: Written | None, overrides: Overrides, rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    """Return the settings that a file has, if there is one, under those of the command line; raises ConfigError."""
    settings = Settings() if written is None else _settings(written, rules, formats)
    return override(settings, overrides, rules, formats)


def rule_folders(written: Written | None) -> tuple[Path, ...]:
    """Return the folders of own rules that a file names; what is wrong with them `read` tells."""
    given = written.table.get("rules") if written else None
    if written is None or not isinstance(given, list):
        return ()
    return tuple(written.path.parent / each for each in given if isinstance(each, str))


def override(settings: Settings, overrides: Overrides, rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    """Put the command line over the settings of a file; raises ConfigError.

    `--select` starts anew, without what the file selects and ignores; `--ignore` and `--extend-select` add to it.
    """
    reader = Reader(rules, formats)
    dialect = reader.take("--dialect", overrides.dialect, reader.dialect)
    version = reader.take("--db-version", overrides.db_version, reader.version)
    fail_on = reader.take("--fail-on", overrides.fail_on, reader.severity)
    output_format = reader.take("--output-format", overrides.output_format, reader.format)
    select = reader.take("--select", _split(overrides.select), reader.selectors)
    ignore = reader.take("--ignore", _split(overrides.ignore), reader.selectors) or ()
    extend = reader.take("--extend-select", _split(overrides.extend_select), reader.selectors) or ()
    models = reader.take("--models", list(overrides.models) or None, reader.models)
    if reader.mistakes:
        raise ConfigError(reader.mistakes)

    def under(settings: Settings) -> Settings:
        # A version in the file is a version of the file's database, not of another one.
        is_other = dialect is not None and settings.dialect is not None and dialect != settings.dialect
        return replace(
            settings,
            dialect=dialect or settings.dialect,
            db_version=version or (None if is_other else settings.db_version),
            select=settings.select if select is None else select,
            ignore=ignore if select is not None else settings.ignore + ignore,
            extend_select=extend if select is not None else settings.extend_select + extend,
            fail_on=fail_on or settings.fail_on,
            output_format=output_format or settings.output_format,
            stats=overrides.stats or settings.stats,
            scratch_url=overrides.scratch_url or settings.scratch_url,
            rows=settings.rows if overrides.rows is None else overrides.rows,
            seed=overrides.seed or settings.seed,
            python=overrides.python or settings.python,
            models=models or settings.models,
            environments={place: under(each) for place, each in settings.environments.items()},
            origins={**settings.origins, **_origins_of(overrides)},
        )

    return under(settings)


def _origins_of(overrides: Overrides) -> dict[str, Origin]:
    """What the command line says: the option in place of the setting."""
    given = ((name.replace("_", "-"), value) for name, value in overrides._asdict().items())
    found = {key: Origin("command line", f"--{key}") for key, value in given if value not in (None, ())}
    # They start anew, so that nothing of them comes from the file.
    anew = ("ignore", "extend-select") if "select" in found else ()
    return {**{key: Origin("command line", "--select") for key in anew}, **found}


def _settings(written: Written, rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    reader = Reader(rules, formats, written.path.parent)
    top = _values(reader, written.table, KEYS)
    parts = {
        place: _values(reader, table, OF_ENVIRONMENTS, f'environments."{place}".')
        for place, table in (top.pop("environments", None) or {}).items()
    }
    if reader.mistakes:
        located = [replace(each, line=written.lines.of(each.key)) for each in reader.mistakes]
        raise ConfigError(located, written.source)
    table = _Table(written, rules)
    settings = table.over(Settings(origin=written.path), top)
    start_after = dict(settings.start_after)
    environments: dict[str, Settings] = {}
    for place, values in parts.items():
        folder = place.strip("/").removeprefix("./")
        if "start-after" in values:
            start_after[folder] = values["start-after"]
        environments[folder] = table.over(settings, values, f'environments."{place}".')
    parted = {place: replace(each, start_after=start_after) for place, each in environments.items()}
    return replace(settings, environments=parted, start_after=start_after)


def _values(reader: Reader, table: Mapping[str, object], keys: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """Read what a table has of `keys`; mistakes are collected in the reader."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in keys:
            values[key] = reader.take(f"{prefix}{key}", value, getattr(reader, keys[key]))
        elif prefix and key in KEYS:
            reader.mistakes.append(Mistake(f"{prefix}{key}", "this is a setting of all environments together"))
        else:
            reader.mistakes.append(Mistake(f"{prefix}{key}", "there is no such setting", nearest(key, keys)))
    return values


class _Table(Struct, frozen=True):
    """Puts what a file says over settings."""

    written: Written
    rules: Sequence[RuleLike]

    def over(self, settings: Settings, values: dict[str, Any], prefix: str = "") -> Settings:
        """Return settings with the values in their place; what is a table by rule or table is united."""
        changed = {FIELDS.get(key, key.replace("-", "_")): value for key, value in values.items()}
        # The folders of rules and, as older files have it, their options are written under one name.
        if isinstance(changed.get("rules"), Mapping):
            changed["rule_options"] = {**changed.pop("rules"), **changed.get("rule_options", {})}
        for name in ("severity", "table_rows"):
            if name in changed:
                changed[name] = {**getattr(settings, name), **changed[name]}
        if "rule_options" in changed or "downgrades" in changed:
            changed["rule_options"] = self._options(settings, changed)
        folder = self.written.path.parent
        for name in ("stats", "seed"):
            if name in changed:
                changed[name] = folder / changed[name]
        if os.sep in changed.get("python", ""):
            changed["python"] = str(folder / changed["python"])
        is_other = settings.dialect is not None and changed.get("dialect", settings.dialect) != settings.dialect
        if is_other:
            changed.setdefault("db_version", None)
        where: Literal["file", "caller"] = "file" if self.written.is_file else "caller"
        origins = {key: Origin(where, f"{prefix}{key}", self.written.lines.of(f"{prefix}{key}")) for key in values}
        return replace(settings, **changed, origins={**settings.origins, **origins})

    def _options(self, settings: Settings, changed: Mapping[str, Any]) -> Mapping[str, Mapping[str, object]]:
        """The options of rules, with what the setting `downgrades` says to those that have such an option."""
        given = changed.get("rule_options", {})
        options = {name: {**settings.rule_options.get(name, {}), **told} for name, told in given.items()}
        told = {"downgrades": changed["downgrades"]} if "downgrades" in changed else {}
        asked = [each.name for each in self.rules if told and told.keys() <= option_types(each).keys()]
        spoken = {name: {**settings.rule_options.get(name, {}), **told, **given.get(name, {})} for name in asked}
        return {**settings.rule_options, **options, **spoken}


def _split(values: Sequence[str]) -> tuple[str, ...] | None:
    """Return the selectors of an option that may be repeated and takes lists; None where it is not given."""
    names = (each.strip() for value in values for each in value.split(","))
    # An option that names nothing, such as an unset variable of a script, is no wish to run no rule.
    return (tuple(filter(None, names)) or ("",)) if values else None
