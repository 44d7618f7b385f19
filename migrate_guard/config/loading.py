"""Settings out of a file and the command line, every mistake told at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrate_guard.config.files import candidates, table_of
from migrate_guard.config.mistakes import ConfigError, Mistake, nearest
from migrate_guard.config.selectors import RuleLike
from migrate_guard.config.settings import Overrides, Settings
from migrate_guard.config.values import Reader, option_types


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
    settings = Settings()
    if file is not None:
        settings = _settings(file, table_of(file, is_named=True) or {}, rules, formats)
    elif not isolated:
        for path in candidates(start):
            table = table_of(path)
            if table is not None:
                settings = _settings(path, table, rules, formats)
                break
    return override(settings, overrides, rules, formats)


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
    # A version in the file is a version of the file's database, not of another one.
    is_other = dialect is not None and settings.dialect is not None and dialect != settings.dialect
    return dataclasses.replace(
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
    )


def _settings(path: Path, table: Mapping[str, object], rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    reader = Reader(rules, formats)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            reader.mistakes.append(Mistake(key, "there is no such setting", nearest(key, KEYS)))
        else:
            values[key.replace("-", "_")] = reader.take(key, value, getattr(reader, KEYS[key]))
    if reader.mistakes:
        raise ConfigError(reader.mistakes, str(path))
    if "rules" in values:
        values["rule_options"] = values.pop("rules")
    if "downgrades" in values:
        told = {"downgrades": values["downgrades"]}
        given = values.get("rule_options", {})
        asked = [each.name for each in rules if told.keys() <= option_types(each).keys()]
        values["rule_options"] = {**given, **{name: {**told, **given.get(name, {})} for name in asked}}
    folder = Path(os.path.abspath(path)).parent
    for key in ("stats", "seed"):
        if key in values:
            values[key] = folder / values[key]
    if os.sep in values.get("python", ""):
        values["python"] = str(folder / values["python"])
    return Settings(**values, origin=Path(os.path.abspath(path)))


KEYS: Mapping[str, str] = {
    "dialect": "dialect",
    "db-version": "version",
    "select": "selectors",
    "ignore": "selectors",
    "extend-select": "selectors",
    "fail-on": "severity",
    "output-format": "format",
    "per-file-ignores": "per_file",
    "rules": "rule_options",
    "start-after": "revisions",
    "stats": "file",
    "small-table-rows": "count",
    "small-table-bytes": "count",
    "downgrades": "downgrades",
    "scratch-url": "text",
    "rows": "count",
    "seed": "file",
    "python": "text",
    "models": "models",
}
"""Setting → the method of `Reader` that reads its value."""


def _split(values: Sequence[str]) -> tuple[str, ...] | None:
    """Return the selectors of an option that may be repeated and takes lists; None where it is not given."""
    names = (each.strip() for value in values for each in value.split(","))
    # An option that names nothing, such as an unset variable of a script, is no wish to run no rule.
    return (tuple(filter(None, names)) or ("",)) if values else None
