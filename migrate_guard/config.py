"""The settings of a run: configuration file and command line in, `Settings` out, every mistake told at once."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, cast, get_args

from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DEFAULT_VERSIONS, DIALECTS, DialectName, Target

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TABLE = "tool.migrate-guard"
OWN_FILE = "migrate-guard.toml"
MAXIMUM_SIZE = 16 * 1024 * 1024
"""Bytes of a configuration file that are still read."""

ALL = "ALL"
EVERYWHERE = ""
"""In the place of a script location: every environment."""

T = TypeVar("T")


class RuleLike(Protocol):
    """What configuration needs to know of a rule."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def default(self) -> bool: ...
    @property
    def options(self) -> type | None: ...


R = TypeVar("R", bound=RuleLike)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: the key or option, what was expected, and the valid name nearest to what was written."""

    key: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        question = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return f"{self.key}: {self.message}{question}"


class ConfigError(Exception):
    """All mistakes of a configuration; `source` is the file, or None where the command line has them."""

    def __init__(self, mistakes: Sequence[Mistake], source: str | None = None) -> None:
        self.mistakes = tuple(mistakes)
        self.source = source
        super().__init__(self._text())

    def _text(self) -> str:
        where = f"{self.source}: " if self.source else ""
        if len(self.mistakes) == 1:
            return f"{where}{self.mistakes[0]}"
        lines = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        return f"{where}{len(self.mistakes)} mistakes in the configuration{lines}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run goes by; None where nobody said."""

    dialect: DialectName | None = None
    db_version: tuple[int, ...] | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    output_format: str = "text"
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Glob of paths below `root` → codes, prefixes and names."""
    rule_options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Name of a rule → the fields of its options that the configuration sets."""
    start_after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Script location below `root`, or EVERYWHERE → revisions; what ran with or before them is not reported."""
    stats: Path | None = None
    """The file of `migrate-guard stats` that tells how large the tables are."""
    small_table_rows: int = 10_000
    small_table_bytes: int = 10_000_000
    """A table is small when it is known to have neither more rows nor more bytes."""
    downgrades: Downgrades = "required"
    """"raise": every downgrade raises; "none": nobody runs one, and nothing is reported of them."""
    origin: Path | None = None
    """The configuration file."""

    @property
    def root(self) -> Path | None:
        """The directory that patterns of paths are relative to."""
        return self.origin.parent if self.origin else None


class Overrides(NamedTuple):
    """What the command line says, as written; None and empty where it says nothing."""

    dialect: str | None = None
    db_version: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: str | None = None
    output_format: str | None = None
    stats: Path | None = None


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
        settings = _settings(file, _read(file, is_named=True) or {}, rules, formats)
    elif not isolated:
        for path in _candidates(start):
            table = _read(path)
            if table is not None:
                settings = _settings(path, table, rules, formats)
                break
    return override(settings, overrides, rules, formats)


def override(settings: Settings, overrides: Overrides, rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    """Put the command line over the settings of a file; raises ConfigError.

    `--select` starts anew, without what the file selects and ignores; `--ignore` and `--extend-select` add to it.
    """
    reader = _Reader(rules, formats)
    dialect = reader.take("--dialect", overrides.dialect, reader.dialect)
    version = reader.take("--db-version", overrides.db_version, reader.version)
    fail_on = reader.take("--fail-on", overrides.fail_on, reader.severity)
    output_format = reader.take("--output-format", overrides.output_format, reader.format)
    select = reader.take("--select", _split(overrides.select), reader.selectors)
    ignore = reader.take("--ignore", _split(overrides.ignore), reader.selectors) or ()
    extend = reader.take("--extend-select", _split(overrides.extend_select), reader.selectors) or ()
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
    )


def selected(rules: Sequence[R], settings: Settings) -> tuple[R, ...]:
    """Return the rules that run.

    The most specific selector decides: a code or name over a longer prefix over a shorter one over ALL; between two of
    the same length `ignore` wins.
    """
    chosen = []
    for rule in rules:
        base = _strength(rule, settings.select) if settings.select is not None else int(rule.default)
        wanted = max(base, _strength(rule, settings.extend_select))
        if wanted > _strength(rule, settings.ignore):
            chosen.append(rule)
    return tuple(chosen)


def matches(code: str, name: str, selector: str) -> bool:
    """Say whether a selector of the configuration speaks of a rule."""
    return selector in (ALL, name) or code.startswith(selector)


def _strength(rule: RuleLike, selectors: Sequence[str]) -> int:
    strengths = (
        # ALL is as strong as being on by default.
        1 if selector == ALL else 1 + len(rule.code if selector == rule.name else selector)
        for selector in selectors
        if matches(rule.code, rule.name, selector)
    )
    return max(strengths, default=0)


_SCHEMES: Mapping[str, DialectName] = {"postgres": "postgresql", **{name: name for name in DIALECTS}}


def target(settings: Settings, url: str | None) -> Target:
    """Return the database to judge for: what the settings say, else what the URL's scheme says, else PostgreSQL."""
    scheme, separator, _ = (url or "").partition("://")
    backend, _, driver = scheme.strip().lower().partition("+")
    from_url = _SCHEMES.get(backend) if separator else None
    dialect = settings.dialect or from_url or "postgresql"
    version = settings.db_version or DEFAULT_VERSIONS[dialect]
    return Target(dialect, version, driver or None if dialect == from_url else None)


_OTHERS: Final = frozenset(
    (
        *("access", "bigquery", "clickhouse", "clickhousedb", "cockroachdb", "crate", "databricks", "db2", "duckdb"),
        *("firebird", "hana", "ibm_db_sa", "informix", "mssql", "oracle", "redshift", "snowflake", "sybase"),
        *("teradatasql", "trino"),
    )
)
"""Dialects of SQLAlchemy and of packages that it lists ("Dialects", External Dialects) for which nothing is known here.

What is neither one of these nor known is mostly a placeholder: `driver://` in the ini that `alembic init` writes."""


def unknown_database(settings: Settings, url: str | None) -> str | None:
    """Return the database that a URL names and nothing is known of, unless the settings name another."""
    backend = (url or "").partition("://")[0].strip().lower().partition("+")[0]
    return backend if settings.dialect is None and backend in _OTHERS else None


# Files


def _candidates(start: Path) -> Iterator[Path]:
    absolute = Path(os.path.abspath(start))
    for directory in (absolute, *absolute.parents):
        yield directory / OWN_FILE
        yield directory / "pyproject.toml"


def _read(path: Path, *, is_named: bool = False) -> Mapping[str, object] | None:
    """Return the table of a file; None where the file is not there or has none. Raises ConfigError."""
    try:
        if not path.is_file():
            if is_named:
                problem = "it is not a regular file" if path.exists() else "it does not exist"
                raise ConfigError([Mistake("--config", problem)], str(path))
            return None
        if path.stat().st_size > MAXIMUM_SIZE:
            raise ConfigError([Mistake("file", f"it has more than {MAXIMUM_SIZE:,} bytes")], str(path))
        data = path.read_bytes()
    except OSError as error:
        if not is_named and path.name != OWN_FILE:
            return None
        raise ConfigError([Mistake("file", f"it cannot be read: {error.strerror}")], str(path)) from error
    is_own = path.name == OWN_FILE
    if not is_own and not is_named and b"migrate-guard" not in data:
        return None
    import tomllib

    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        if not is_own and not is_named and not re.search(rb"(?m)^\s*\[\s*tool\s*\.\s*[\"']?migrate-guard", data):
            return None
        raise ConfigError([Mistake("file", f"it is not TOML: {error}")], str(path)) from error
    if is_own:
        return document
    tool = document.get("tool")
    table = tool.get("migrate-guard") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError([Mistake(TABLE, f"expected a table, got {_spell(table)}")], str(path))
    if table is None and is_named and path.name != "pyproject.toml":
        return document
    return table


def _settings(path: Path, table: Mapping[str, object], rules: Sequence[RuleLike], formats: Sequence[str]) -> Settings:
    reader = _Reader(rules, formats)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            reader.mistakes.append(Mistake(key, "there is no such setting", nearest(key, _KEYS)))
        else:
            values[key.replace("-", "_")] = reader.take(key, value, getattr(reader, _KEYS[key]))
    if reader.mistakes:
        raise ConfigError(reader.mistakes, str(path))
    if "rules" in values:
        values["rule_options"] = values.pop("rules")
    if "downgrades" in values:
        told = {"downgrades": values["downgrades"]}
        given = values.get("rule_options", {})
        asked = [each.name for each in rules if told.keys() <= _option_types(each).keys()]
        values["rule_options"] = {**given, **{name: {**told, **given.get(name, {})} for name in asked}}
    if "stats" in values:
        values["stats"] = Path(os.path.abspath(path)).parent / values["stats"]
    return Settings(**values, origin=Path(os.path.abspath(path)))


_KEYS: Mapping[str, str] = {
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
}
"""Setting → the method of `_Reader` that reads its value."""


# Values


class _Expected(Exception):
    """A value is not what it has to be."""

    def __init__(self, expected: str, nearest: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.nearest = nearest


class _Reader:
    """Reads values and collects the mistakes in them."""

    def __init__(self, rules: Sequence[RuleLike], formats: Sequence[str]) -> None:
        self.rules = rules
        self.formats = formats
        self.mistakes: list[Mistake] = []

    def take(self, key: str, value: object, read: Callable[[str, Any], T]) -> T | None:
        """Return what `read` makes of a value, or None after a mistake and for None."""
        if value is None:
            return None
        try:
            return read(key, value)
        except _Expected as error:
            message = f"expected {error.expected}, got {_spell(value)}"
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
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", value):
            raise _Expected('a version such as "16" or "8.4"')
        return tuple(map(int, value.split(".")))

    def file(self, _key: str, value: object) -> str:
        if not isinstance(value, str) or not value or "\0" in value:
            raise _Expected("the name of a file")
        return value

    def revisions(self, key: str, value: object) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            return {EVERYWHERE: self._ids(key, value)}
        read = {place: self.take(f'{key}."{place}"', each, self._ids) for place, each in value.items()}
        return {place.strip("/").removeprefix("./"): each for place, each in read.items() if each is not None}

    def _ids(self, _key: str, value: object) -> tuple[str, ...]:
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
            raise _Expected("a list of codes, prefixes and names of rules")
        found = [self._selector(key, each) for each in value]
        return tuple(each for each in found if each is not None)

    def _selector(self, key: str, value: object) -> str | None:
        if isinstance(value, str):
            for spelling in (value, value.upper(), value.lower()):
                if spelling == ALL or any(_speaks_of(rule, spelling) for rule in self.rules):
                    return spelling
        names = [name for rule in self.rules for name in (rule.code, rule.name)]
        message = f"expected a code, a prefix, a name of a rule or {ALL}, got {_spell(value)}"
        self.mistakes.append(Mistake(key, message, nearest(str(value), names)))
        return None

    def per_file(self, key: str, value: object) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise _Expected("a table of path patterns and lists of rules")
        read = {pattern: self.take(f'{key}."{pattern}"', each, self.selectors) for pattern, each in value.items()}
        return {pattern: each for pattern, each in read.items() if each is not None}

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
                self.mistakes.append(Mistake(f"{key}.{name}", f"expected a table, got {_spell(options)}"))
            else:
                found[rule.name] = self._options(f"{key}.{name}", options, rule)
        return found

    def _options(self, key: str, options: Mapping[str, object], rule: RuleLike) -> Mapping[str, object]:
        hints = _option_types(rule)
        found: dict[str, object] = {}
        for name, value in options.items():
            hint = hints.get(name)
            if hint is None:
                message = "there is no such option" if hints else f"the rule {rule.name} has no options"
                self.mistakes.append(Mistake(f"{key}.{name}", message, nearest(name, hints)))
            else:
                found[name.replace("-", "_")] = self.take(f"{key}.{name}", value, partial(_typed, hint))
        return found


def _speaks_of(rule: RuleLike, selector: str) -> bool:
    """Say whether a selector is a name or a prefix of a code; the letters in front alone are one (`MG`)."""
    return selector == rule.name or (len(selector) >= 2 and rule.code.startswith(selector))


def _option_types(rule: RuleLike) -> Mapping[str, object]:
    """Return the options of a rule as a configuration spells them, with the type of each."""
    if rule.options is None:
        return {}
    from typing import get_type_hints

    hints = get_type_hints(rule.options)
    fields = dataclasses.fields(cast("type[DataclassInstance]", rule.options))
    return {each.name.replace("_", "-"): hints[each.name] for each in fields}


def _typed(hint: Any, _key: str, value: object) -> object:
    """Return the value as an option of type `hint` holds it; raises _Expected."""
    from typing import Literal, get_args, get_origin

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


def _split(values: Sequence[str]) -> tuple[str, ...] | None:
    """Return the selectors of an option that may be repeated and takes lists; None where it is not given."""
    names = (each.strip() for value in values for each in value.split(","))
    # An option that names nothing, such as an unset variable of a script, is no wish to run no rule.
    return (tuple(filter(None, names)) or ("",)) if values else None


def _spell(value: object) -> str:
    """Spell a value as TOML does, more or less."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = '"' + value + '"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: str, words: Sequence[str] | Mapping[str, object]) -> str | None:
    """Return the word that `word` is probably meant to be."""
    from difflib import get_close_matches

    spelled = {each.lower(): each for each in words}
    close = get_close_matches(word.lower(), spelled, n=1, cutoff=0.6)
    return spelled[close[0]] if close else None
