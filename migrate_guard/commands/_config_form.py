"""What `migrate-guard config` shows: settings, the environments they count for, rules, and habits of the house."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict

from migrate_guard import engine
from migrate_guard.asking.house import Habit, conventions
from migrate_guard.commands._options import EnvironmentOptions
from migrate_guard.commands._shared import location_of
from migrate_guard.config import Settings, decides, severity_of, target
from migrate_guard.config.loading import KEYS, OF_ENVIRONMENTS
from migrate_guard.config.showing import bare, toml, value_of
from migrate_guard.reading.discover import discover
from migrate_guard.reading.project import display_path
from migrate_guard.rule import Rule
from migrate_guard.terminal import visible


class ValueForm(TypedDict):
    value: object
    source: str
    """"default", "file", "command line", "environment variable", or "caller"."""
    key: str | None
    line: int | None


class RuleForm(TypedDict):
    code: str
    name: str
    severity: str
    on: bool
    why: str
    folder: str | None


class HabitForm(TypedDict):
    name: str
    value: str | None
    agreeing: int
    tables: int
    is_learnt: bool
    is_set: bool
    option: str


class EnvironmentForm(TypedDict):
    location: str
    target: str
    settings: str | None
    """The table of `environments` that counts for it."""
    habits: list[HabitForm]


class Form(TypedDict):
    version: int
    file: str | None
    settings: dict[str, ValueForm]
    environments: dict[str, dict[str, ValueForm]]
    found: list[EnvironmentForm]
    rules: list[RuleForm]


_VERSION: Final = 1


def of(chosen: Settings, rules: Sequence[Rule], paths: Sequence[Path], options: EnvironmentOptions) -> Form:
    """Return what is shown of the settings for `paths`."""
    return {
        "version": _VERSION,
        "file": display_path(chosen.origin, Path.cwd()) if chosen.origin else None,
        "settings": {key: _value(chosen, key) for key in KEYS},
        "environments": {
            place: {
                key: _value(each, key)
                for key in OF_ENVIRONMENTS
                if key in each.origins and each.origins[key] != chosen.origins.get(key)
            }
            for place, each in chosen.environments.items()
        },
        "found": list(_found(chosen, paths, options)),
        "rules": [_rule(each, chosen) for each in rules],
    }


def habits(given: Iterable[Habit]) -> list[HabitForm]:
    """Return what is shown of the habits of a house."""
    return [
        {
            "name": each.name,
            "value": each.value or None,
            "agreeing": each.agreeing,
            "tables": each.tables,
            "is_learnt": each.is_learnt,
            "is_set": each.is_set,
            "option": each.option,
        }
        for each in given
    ]


def _value(settings: Settings, key: str) -> ValueForm:
    origin = settings.origins.get(key)
    value = value_of(settings, key)
    if origin is None:
        return {"value": value, "source": "default", "key": None, "line": None}
    return {"value": value, "source": origin.source, "key": origin.key, "line": origin.line}


def _rule(rule: Rule, chosen: Settings) -> RuleForm:
    is_on, why = decides(rule, chosen)
    imposed = severity_of(rule, chosen)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": str(imposed or rule.severity),
        "on": is_on,
        "why": why,
        "folder": display_path(rule.folder, Path.cwd()) if rule.folder else None,
    }


def _found(chosen: Settings, paths: Sequence[Path], options: EnvironmentOptions) -> Iterator[EnvironmentForm]:
    selection = discover(paths, cwd=Path.cwd(), names=options.names, environ=os.environ)
    for each in selection.environments:
        location = location_of(each)
        own = chosen.at(location)
        reading = engine.read(each, target(own, each.url), Path.cwd())
        schema = engine.schema_at(reading, [head.id for head in reading.history.heads])
        yield {
            "location": display_path(location, Path.cwd()),
            "target": str(target(own, each.url)),
            "settings": chosen.place_of(location, chosen.environments),
            "habits": habits(conventions(schema, reading.environment.version_table, own.rule_options)),
        }


def render(form: Form) -> str:
    """Return the form as text."""
    lines = [f"settings of {form['file']}" if form["file"] else "no configuration file"]
    lines += _table(form["settings"])
    for place, settings in form["environments"].items():
        lines += ["", f"environments.{bare(place)}"]
        lines += _table(settings)
    if form["found"]:
        lines += ["", "environments found"]
    for found in form["found"]:
        own = f', with environments."{found["settings"]}"' if found["settings"] else ""
        lines.append(f"  {found['location']}: {found['target']}{own}")
        lines += [f"    {each}" for each in habit_lines(found["habits"])]
    on = sum(each["on"] for each in form["rules"])
    lines += ["", f"rules: {on} of {len(form['rules'])} on"]
    width = max((len(each["name"]) for each in form["rules"]), default=0)
    for rule in form["rules"]:
        folder = f"  ({rule['folder']})" if rule["folder"] else ""
        state = "on " if rule["on"] else "off"
        lines.append(
            f"  {state}  {rule['code']}  {rule['name']:<{width}}  {rule['severity']:<7}  {rule['why']}{folder}"
        )
    return "".join(f"{visible(each)}\n" for each in lines)


def habit_lines(given: Sequence[HabitForm]) -> Iterator[str]:
    """What the house does, from how many tables that is known, and which option says it otherwise."""
    for each in given:
        value = each["value"] or "nothing in particular"
        source = "set; " if each["is_set"] else "learnt from " if each["is_learnt"] else "default; "
        known = f"{source}{each['agreeing']} of {each['tables']} tables"
        yield f"{each['name']}: {value} ({known}; option {each['option']})"


def _table(settings: Mapping[str, ValueForm]) -> list[str]:
    """Settings with their values and where they come from, in columns."""
    shown = [(name, _spelled(each["value"]), _source(each)) for name, each in settings.items()]
    widths = [max((len(row[place]) for row in shown), default=0) for place in range(2)]
    value_width = min(widths[1], 40)
    return [f"  {name:<{widths[0]}}  {value:<{value_width}}  {source}" for name, value, source in shown]


def _spelled(value: object) -> str:
    return "not set" if value is None else toml(value)


def _source(form: ValueForm) -> str:
    match form["source"]:
        case "file":
            return f"{form['key']}, line {form['line']}" if form["line"] else f"{form['key']}"
        case "default":
            return "default"
        case source:
            return f"{source}, {form['key']}"
