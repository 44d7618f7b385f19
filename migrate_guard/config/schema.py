"""The JSON Schema of a configuration, made of the settings and of the options of rules and of what they say.

Draft 7, which is what editors read. It refuses what the loader refuses, as far as a schema knows: not whether folders
are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from migrate_guard.config.descriptions import descriptions
from migrate_guard.config.loading import FIELDS, KEYS, OF_ENVIRONMENTS
from migrate_guard.config.selectors import SETS, RuleLike
from migrate_guard.config.settings import Settings
from migrate_guard.config.showing import default_of, plain
from migrate_guard.config.values import MODELS, VERSION, option_types
from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DIALECTS

_NO_OPTIONS: Final = "no-options"

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_ONE_OR_MORE: Final[Schema] = {"anyOf": [_TEXT, {"type": "array", "minItems": 1, "items": _TEXT}]}
_SELECTOR: Final[Schema] = {"$ref": "#/definitions/selector"}
_SELECTORS: Final[Schema] = {"type": "array", "items": _SELECTOR}
_SEVERITY: Final[Schema] = {"enum": [str(each) for each in reversed(Severity)]}
_OPTIONS: Final[Schema] = {"$ref": "#/definitions/options"}
_MODEL: Final[Schema] = {"type": "string", "pattern": f"^(?:{MODELS})$"}


def schema(rules: Sequence[RuleLike], formats: Sequence[str]) -> Schema:
    """Return the schema of `[tool.migrate-guard]`, and of migrate-guard.toml, for a project with these rules."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "migrate-guard",
        "description": "The table [tool.migrate-guard] of pyproject.toml, or the whole of migrate-guard.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": _properties(KEYS, formats),
        "definitions": {
            "selector": _selector(rules),
            "options": {
                "description": "Options of rules, a table for each, by name or code.",
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    spelling: {"$ref": f"#/definitions/{rule.name if rule.options else _NO_OPTIONS}"}
                    for rule in rules
                    for spelling in (rule.name, rule.code)
                },
            },
            _NO_OPTIONS: {"description": "This rule has no options.", "type": "object", "maxProperties": 0},
            **{rule.name: _options(rule) for rule in rules if rule.options},
        },
    }


def _properties(keys: Mapping[str, str], formats: Sequence[str]) -> Schema:
    said = descriptions(Settings)
    found: Schema = {}
    for key, method in keys.items():
        default = default_of(key)
        found[key] = {
            "description": said[FIELDS.get(key, key.replace("-", "_"))],
            **_value(method, formats),
            **({} if default is None else {"default": default}),
        }
    return found


def _value(method: str, formats: Sequence[str]) -> Schema:
    """The values that a method of `Reader` takes."""
    by_name: Schema = {"type": "object", "additionalProperties": _ONE_OR_MORE}
    forms: dict[str, Schema] = {
        "dialect": {"enum": list(DIALECTS)},
        "version": {"anyOf": [{"type": "string", "pattern": f"^(?:{VERSION})$"}, {**_COUNT, "maximum": 9999}]},
        "selectors": _SELECTORS,
        "severities": {"type": "object", "propertyNames": _SELECTOR, "additionalProperties": _SEVERITY},
        "severity": _SEVERITY,
        "format": {"enum": list(formats)},
        "per_file": {"type": "object", "additionalProperties": _SELECTORS},
        "patterns": {"type": "array", "items": _TEXT},
        "rule_options": {"allOf": [_OPTIONS]},
        "own_rules": {"anyOf": [{"type": "array", "items": _TEXT}, _OPTIONS]},
        "revisions": {"anyOf": [*_ONE_OR_MORE["anyOf"], by_name]},
        "ids": _ONE_OR_MORE,
        "file": _TEXT,
        "text": _TEXT,
        "table_rows": {"type": "object", "additionalProperties": _COUNT},
        "count": _COUNT,
        "downgrades": {"enum": list(get_args(Downgrades))},
        "models": {"anyOf": [_MODEL, {"type": "array", "minItems": 1, "items": _MODEL}]},
    }
    if method == "environments":
        inner: Schema = {"type": "object", "additionalProperties": False}
        return {
            "type": "object",
            "additionalProperties": {**inner, "properties": _without_defaults(_properties(OF_ENVIRONMENTS, formats))},
        }
    return forms[method]


def _without_defaults(properties: Schema) -> Schema:
    """What an environment does not say it has from the settings above."""
    return {key: {name: each for name, each in form.items() if name != "default"} for key, form in properties.items()}


def _selector(rules: Sequence[RuleLike]) -> Schema:
    """Names, codes and sets to be completed by an editor; prefixes, and codes in small letters, by a pattern."""
    words = [*(each.lower() for each in SETS), "ALL", *(word for rule in rules for word in (rule.name, rule.code))]
    return {
        "description": "A code, a prefix or the name of a rule, or a set of rules.",
        "anyOf": [{"enum": words}, {"type": "string", "pattern": f"^{_beginnings([rule.code for rule in rules])}$"}],
    }


def _beginnings(codes: Iterable[str], depth: int = 0) -> str:
    """Return a pattern of the beginnings of codes, of two characters or more, in capital or small letters."""
    by_first: dict[str, list[str]] = {}
    for code in sorted(filter(None, codes)):
        by_first.setdefault(code[0], []).append(code[1:])
    branches = []
    for first, rests in by_first.items():
        letter = f"[{first}{first.lower()}]" if first.isalpha() else re.escape(first)
        rest = _beginnings(rests, depth + 1)
        branches.append(letter + (f"{rest}?" if rest and depth > 0 else rest))
    return f"(?:{'|'.join(branches)})" if branches else ""


def _options(rule: RuleLike) -> Schema:
    said = descriptions(rule.options) if rule.options else {}
    defaults = rule.options() if rule.options else None
    properties = {}
    for name, kind in option_types(rule).items():
        field = name.replace("-", "_")
        default = getattr(defaults, field)
        text = {"description": said[field]} if field in said else {}
        properties[name] = {**text, **_typed(kind), "default": plain(default)}
    return {
        "description": f"Options of {rule.code}, {rule.name}.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _typed(kind: object) -> Schema:
    """The values that an option of a type takes."""
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    if get_origin(kind) in (tuple, frozenset):
        kinds = [each for each in get_args(kind) if each is not Ellipsis]
        if len(kinds) < len(get_args(kind)) or get_origin(kind) is frozenset:
            return {"type": "array", "items": _typed(kinds[0])}
        number = len(kinds)
        return {"type": "array", "items": [_typed(each) for each in kinds], "minItems": number, "maxItems": number}
    names: dict[object, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": names[kind]} if kind in names else {}
