"""Reading values as they are written into typed ones, with every mistake in them collected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from migrate_guard import files
from migrate_guard.config.mistakes import Mistake, nearest, spelled
from migrate_guard.config.selectors import SETS, RuleLike, speaks_of
from migrate_guard.config.settings import EVERYWHERE
from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DIALECTS, DialectName

if TYPE_CHECKING:
    pass

T = TypeVar("T")

_SETS: Final = ", ".join(each.lower() for each in SETS)
VERSION: Final = r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}"
MODELS: Final = r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*)?"
"""A dotted name of a module, and behind a colon one in it."""


class _Expected(Exception):
    """A value is not what it has to be."""

    def __init__(self, expected: str, nearest: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.nearest = nearest


class Reader:
    """Reads values and collects the mistakes in them."""

    def __init__(self, rules: Sequence[RuleLike], formats: Sequence[str], folder: Path | None = None) -> None:
        self.rules = rules
        self.folder = folder
        self.formats = formats
        self.mistakes: list[Mistake] = []

    def take(self, key: str, value: object, read: Callable[[str, Any], T]) -> T | None:
        """Return what `read` makes of a value, or None after a mistake and for None."""
        if value is None:
            return None
        try:
            return read(key, value)
        except _Expected as error:
            message = f"expected {error.expected}, got {spelled(value)}"
            self.mistakes.append(Mistake(key, message, error.nearest))
            return None

    def dialect(self, _key: str, value: object) -> DialectName:
        return cast(DialectName, _choice(value, DIALECTS))

    def severity(self, _key: str, value: object) -> Severity:
        return Severity[_choice(value, [str(each) for each in reversed(Severity)]).upper()]

    def format(self, _key: str, value: object) -> str:
        return _choice(value, self.formats)

    def version(self, _key: str, value: object) -> tuple[int, ...]:
        # A TOML float has lost its zeros: 10.10 is 10.1.
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not re.fullmatch(VERSION, value):
            raise _Expected('a version such as "16" or "8.4"')
        return tuple(map(int, value.split(".")))

    def file(self, _key: str, value: object) -> str:
        if not isinstance(value, str) or not value or "\0" in value:
            raise _Expected("the name of a file")
        return value

    def text(self, _key: str, value: object) -> str:
        if not isinstance(value, str) or not value or "\0" in value:
            raise _Expected("a string")
        return value

    def models(self, _key: str, value: object) -> tuple[str, ...]:
        names = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(each, str) and re.fullmatch(MODELS, each) for each in names):
            raise _Expected('a module, or what it has, such as "app.db:Base", or a list of them')
        return tuple(names)

    def revisions(self, key: str, value: object) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            return {EVERYWHERE: self.ids(key, value)}
        read = {place: self.take(f'{key}."{place}"', each, self.ids) for place, each in value.items()}
        return {place.strip("/").removeprefix("./"): each for place, each in read.items() if each is not None}

    def ids(self, _key: str, value: object) -> tuple[str, ...]:
        ids = value if isinstance(value, list) else [value]
        if not ids or not all(isinstance(each, str) and each for each in ids):
            raise _Expected("the id of a revision, or a list of ids")
        return tuple(ids)

    def downgrades(self, _key: str, value: object) -> Downgrades:
        return cast(Downgrades, _choice(value, get_args(Downgrades)))

    def count(self, _key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _Expected("a whole number, 0 or more")
        return value

    def selectors(self, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise _Expected("a list of codes, prefixes, names of rules and sets")
        found = [self._selector(key, each) for each in value]
        return tuple(each for each in found if each is not None)

    def _selector(self, key: str, value: object) -> str | None:
        if isinstance(value, str):
            for spelling in (value, value.upper(), value.lower()):
                if spelling in SETS or any(speaks_of(rule, spelling) for rule in self.rules):
                    return spelling
        names = [*map(str.lower, SETS), *(name for rule in self.rules for name in (rule.code, rule.name))]
        message = f"expected a code, a prefix, a name of a rule or a set ({_SETS}), got {spelled(value)}"
        self.mistakes.append(Mistake(key, message, nearest(str(value), names)))
        return None

    def per_file(self, key: str, value: object) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise _Expected("a table of path patterns and lists of rules")
        read = {pattern: self.take(f'{key}."{pattern}"', each, self.selectors) for pattern, each in value.items()}
        return {pattern: each for pattern, each in read.items() if each is not None}

    def severities(self, key: str, value: object) -> Mapping[str, Severity]:
        if not isinstance(value, dict):
            raise _Expected("a table of rules and severities")
        found: dict[str, Severity] = {}
        for written, each in value.items():
            selector = self._selector(key, written)
            severity = self.take(f'{key}."{written}"', each, self.severity)
            if selector is not None and severity is not None:
                found[selector] = severity
        return found

    def patterns(self, _key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise _Expected("a list of path patterns")
        return tuple(value)

    def table_rows(self, key: str, value: object) -> Mapping[str, int]:
        if not isinstance(value, dict):
            raise _Expected("a table of tables and their rows")
        read = {name: self.take(f'{key}."{name}"', each, self.count) for name, each in value.items()}
        return {name: each for name, each in read.items() if each is not None}

    def own_rules(self, key: str, value: object) -> tuple[Path, ...] | Mapping[str, Mapping[str, object]]:
        if isinstance(value, dict):
            return self.rule_options(key, value)
        if not isinstance(value, list):
            raise _Expected("a list of folders")
        return tuple(self._folder(key, each) for each in value)

    def _folder(self, key: str, value: object) -> Path:
        if not isinstance(value, str) or not value or "\0" in value:
            raise _Expected("a list of folders")
        folder = Path(os.path.abspath((self.folder or Path()) / value))
        if not files.is_dir(folder):
            self.mistakes.append(Mistake(key, f'there is no folder "{value}"'))
        return folder

    def environments(self, key: str, value: object) -> Mapping[str, Mapping[str, object]]:
        if not isinstance(value, dict):
            raise _Expected("a table with one table for an environment")
        found: dict[str, Mapping[str, object]] = {}
        for place, table in value.items():
            if not isinstance(table, dict):
                self.mistakes.append(Mistake(f'{key}."{place}"', f"expected a table, got {spelled(table)}"))
            elif "\0" in place or not files.is_dir((self.folder or Path()) / place):
                self.mistakes.append(Mistake(f'{key}."{place}"', f'there is no folder "{place}"'))
            else:
                found[place] = table
        return found

    def rule_options(self, key: str, value: object) -> Mapping[str, Mapping[str, object]]:
        if not isinstance(value, dict):
            raise _Expected("a table with one table for a rule")
        known = {name: rule for rule in self.rules for name in (rule.code, rule.name)}
        found: dict[str, Mapping[str, object]] = {}
        for name, options in value.items():
            rule = known.get(name) or known.get(name.upper())
            if rule is None:
                self.mistakes.append(Mistake(f"{key}.{name}", "there is no such rule", nearest(name, known)))
            elif not isinstance(options, dict):
                self.mistakes.append(Mistake(f"{key}.{name}", f"expected a table, got {spelled(options)}"))
            else:
                found[rule.name] = self._options(f"{key}.{name}", options, rule)
        return found

    def _options(self, key: str, options: Mapping[str, object], rule: RuleLike) -> Mapping[str, object]:
        hints = option_types(rule)
        found: dict[str, object] = {}
        for name, value in options.items():
            hint = hints.get(name)
            if hint is None:
                message = "there is no such option" if hints else f"the rule {rule.name} has no options"
                self.mistakes.append(Mistake(f"{key}.{name}", message, nearest(name, hints)))
            else:
                found[name.replace("-", "_")] = self.take(f"{key}.{name}", value, partial(_typed, hint))
        return found


def option_types(rule: RuleLike) -> Mapping[str, object]:
    """Return the options of a rule as a configuration spells them, with the type of each."""
    if rule.options is None:
        return {}
    hints = get_type_hints(rule.options)
    return {name.replace("_", "-"): hint for name, hint in hints.items()}


def _typed(hint: Any, _key: str, value: object) -> object:
    """Return the value as an option of type `hint` holds it; raises _Expected."""
    if get_origin(hint) is Literal:
        return _choice(value, [str(each) for each in get_args(hint)])
    if get_origin(hint) in (tuple, frozenset):
        if not isinstance(value, list):
            raise _Expected("a list")
        kinds = [each for each in get_args(hint) if each is not Ellipsis]
        is_any_length = len(kinds) < len(get_args(hint)) or get_origin(hint) is frozenset
        if not is_any_length and len(value) != len(kinds):
            raise _Expected(f"a list of {len(kinds)}")
        of_each = kinds * len(value) if is_any_length else kinds
        return get_origin(hint)(_typed(kind, _key, each) for kind, each in zip(of_each, value, strict=True))
    for kind, expected in ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "a string")):
        if hint is kind:
            allowed = (int, float) if kind is float else kind
            if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
                raise _Expected(expected)
    return value


def _choice(value: object, choices: Sequence[str]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise _Expected(f"one of {', '.join(choices)}", nearest(str(value), choices))
