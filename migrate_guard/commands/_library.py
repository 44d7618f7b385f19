"""Checking from Python: `migrate_guard.check`."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from migrate_guard.commands._baseline import accepted
from migrate_guard.commands._judging import Prepared, exit_code, judged
from migrate_guard.commands._shared import discovered, ruled, small_tables, start_of, tell_unknown_databases
from migrate_guard.config import Overrides, Written, find
from migrate_guard.config.lines import Lines
from migrate_guard.model import finding as model
from migrate_guard.model.finding import Finding, Severity
from migrate_guard.reading.discover import DiscoveryError
from migrate_guard.reading.json_documents import DocumentError
from migrate_guard.reporters import Look, formats, reporter
from migrate_guard.terminal import UserError, overheard

ExitCode: TypeAlias = Literal[0, 1, 2]


class CheckError(Exception):
    """What was asked for does not work: no such path, no such revision, a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has found."""

    findings: tuple[Finding, ...]
    """What is reported, in the order of paths and lines. Paths are relative to the current directory."""
    hidden: Mapping[str, int]
    """How many findings are not reported, by what hides them, as in the JSON form."""
    exit_code: ExitCode
    """What the command would have ended with: 1 where a finding reaches `fail-on`, 2 where a rule has crashed."""
    warnings: tuple[str, ...]
    """What the command would have said on stderr."""
    _report: model.Report = field(repr=False, compare=False)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is reported, whatever its severity."""
        return not self.findings

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)

    def to_json(self) -> str:
        """Return the form that `check --output-format json` prints, described by `schemas/check.schema.json`."""
        return self.render("json")

    def render(self, format: str, *, color: bool = False) -> str:
        """Return the report in one of the formats of `--output-format`; raises ValueError for any other."""
        if format not in formats():
            raise ValueError(f'there is no format "{format}", but {", ".join(formats())}')
        return reporter(format)(self._report, Look(color=color))


def check(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    config: str | os.PathLike[str] | Mapping[str, object] | None = None,
    *,
    since: str | None = None,
    baseline: str | os.PathLike[str] | None = None,
) -> Report:
    """Lint revision scripts, as `migrate-guard check` does.

    `paths` are versions directories, scripts, alembic.ini files or projects; without any the environment is discovered
    from the current directory on. `config` is a configuration file, or a mapping with the keys of one, whose paths are
    relative to the current directory; None looks for a file as the command does, and `{}` says to go by defaults.
    `since` is a revision or a git ref, `baseline` a file of accepted findings; None takes the one beside the settings.

    Nothing is printed, nothing exits, and nothing is kept from one call to the next. Models are imported, in a child
    process, only where the settings name some; rules of the project where they name folders of them. Raises
    ConfigError with every mistake of the configuration, and CheckError for what else cannot be done.
    """
    given = [Path(each) for each in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    started = time.perf_counter()
    try:
        with overheard() as warnings:
            chosen, rules = ruled(_written(config, given), Overrides())
            run = Prepared(rules, chosen, started)
            known = accepted(chosen, given, Path(baseline) if baseline is not None else None)
            selection = discovered(given, (), models=chosen.models)
            tell_unknown_databases(selection, chosen)
            said = judged(run, selection, known, since=since, small=small_tables(chosen))
    except (DiscoveryError, DocumentError, UserError) as error:
        raise CheckError(str(error)) from error
    code: ExitCode = 2 if said.has_crashed else 1 if exit_code(run, said, exit_zero=False) else 0
    hidden = Counter(each.by for each in said.report.hidden)
    return Report(said.report.findings, dict(hidden), code, tuple(warnings), said.report)


def _written(config: str | os.PathLike[str] | Mapping[str, object] | None, paths: Sequence[Path]) -> Written | None:
    if isinstance(config, Mapping):
        return Written(Path.cwd() / "config", _plain(config), Lines("", ()), is_file=False)
    return find(start_of(paths), Path(config) if config is not None else None)


def _plain(config: Mapping[str, object]) -> dict[str, object]:
    """A configuration as TOML gives it: tuples and sets as lists, paths as strings."""
    return {key: _value(value) for key, value in config.items()}


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _value(each) for key, each in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_value(each) for each in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
