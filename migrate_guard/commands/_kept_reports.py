"""The report of the last run, kept as long as all that it depends on is as it was.

A run asks the file system many things: what scripts and modules hold, which names a folder has, whether a file is
there. All of it is noted (`migrate_guard.files`) and asked again; where every answer is the same, so is the report. The
same command line, environment, Python and version of migrate-guard are meant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from migrate_guard import __version__, files
from migrate_guard.cache import Shelf
from migrate_guard.config import Settings
from migrate_guard.files import Question
from migrate_guard.model.baseline import Entry
from migrate_guard.model.finding import (
    Confidence,
    EnvironmentSummary,
    Finding,
    Hidden,
    ModelsSummary,
    OpaqueOperation,
    Related,
    Report,
    RuleSummary,
    Severity,
)
from migrate_guard.model.revision import Direction
from migrate_guard.model.source import Source, Span

Debug: TypeAlias = Callable[[str], None]
"""Says something that only -v tells."""

MOST: Final = 16
"""Reports that are kept."""
VARIABLES: Final = ("ALEMBIC_CONFIG", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8")
"""What a report depends on of the environment: where Alembic looks, and how an ini that is not UTF-8 is decoded."""


class Said(Struct, frozen=True):
    """What a run has come to."""

    report: Report
    complaints: Sequence[tuple[str, str]]
    """What it has said on stderr, each with its kind."""
    fail_on: Severity
    output_format: str


class Asked(NamedTuple):
    """What a run has asked the file system, and was answered."""

    question: Question
    answer: str


class _Finding(Struct, frozen=True, array_like=True):
    """A finding, with what there is to write printed."""

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    span: Span
    help: str
    write: str | None
    object: str | None
    revision: str | None
    direction: Direction | None
    related: tuple[Related, ...]
    fingerprint: str


class _Rule(NamedTuple):
    code: str
    name: str
    severity: Severity
    summary: str


class _Kept(Struct, frozen=True):
    """What a file of the cache holds behind its first line, which tells what was asked."""

    complaints: tuple[tuple[str, str], ...]
    fail_on: Severity
    output_format: str
    findings: tuple[_Finding, ...]
    hidden: tuple[tuple[_Finding, str], ...]
    opaque: tuple[OpaqueOperation, ...]
    environments: tuple[EnvironmentSummary, ...]
    models: tuple[ModelsSummary, ...]
    sources: dict[str, str]
    rules: tuple[_Rule, ...]
    stale: tuple[Entry, ...]
    elsewhere: tuple[Entry, ...]
    rules_run: int
    operations: int


def shelf(directory: Path) -> Shelf:
    """Where reports are kept in a cache."""
    return Shelf(directory, "reports", MOST)


def key(options: Sequence[object]) -> str:
    """What the runs have in common that come to the same if no file has changed."""
    parts = (__version__, _program(), sys.version, os.getcwd(), [os.environ.get(each) for each in VARIABLES], options)
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def found(where: Shelf, name: str, debug: Debug) -> Said | None:
    """What a run like this one has come to, if nothing has changed that it asked about.

    There may be several, as of two branches that somebody goes to and fro between.
    """
    ask = cache(_answer)
    for each in where.beginning(name):
        asked, _, rest = (where.read(each) or b"").partition(b"\n")
        try:
            answers = msgspec.json.decode(asked, type=tuple[Asked, ...])
            changed = next((told.question for told in answers if ask(told.question) != told.answer), None)
            if changed is None:
                kept = msgspec.json.decode(rest, type=_Kept)
                return Said(_report(kept), kept.complaints, kept.fail_on, kept.output_format)
            debug(f"{changed.path} has changed since the last run")
        except (msgspec.DecodeError, RecursionError) as error:
            debug(f"what {where.directory} holds of the last run is not used: {error}")
    return None


def _answer(question: Question) -> str:
    if question.kind != "git":
        return files.answer(question)
    from migrate_guard.reading import git

    return git.answer(question)


def keep(where: Shelf, name: str, said: Said, questions: Mapping[Question, str], debug: Debug) -> None:
    """Keep what a run has come to; a cache that cannot be written keeps nothing."""
    report = said.report
    shown = [*report.findings, *(each.finding for each in report.hidden)]
    paths = {place.path for each in shown for place in (each.span, *(other.span for other in each.related))}
    paths |= {each.span.path for each in report.opaque}
    kept = _Kept(
        complaints=tuple(said.complaints),
        fail_on=said.fail_on,
        output_format=said.output_format,
        findings=tuple(_finding(each, each.write) for each in report.findings),
        hidden=tuple((_finding(each.finding, None), each.by) for each in report.hidden),
        opaque=report.opaque,
        environments=report.environments,
        models=report.models,
        sources={path: source.text for path, source in report.sources.items() if path in paths},
        rules=tuple(_Rule(*each[:4]) for each in report.rules.values()),
        stale=report.stale,
        elsewhere=report.elsewhere,
        rules_run=report.rules_run,
        operations=report.operations,
    )
    try:
        asked = msgspec.json.encode([Asked(*each) for each in files.without_implied(questions).items()])
        where.write(f"{name}.{files.digest(asked)}", asked + b"\n" + msgspec.json.encode(kept))
    except (OSError, UnicodeError) as error:
        debug(f"{where.directory} keeps nothing: {error}")


def is_told_by_files(chosen: Settings) -> bool:
    """Whether what a run says hangs on nothing but files that it reads: models and rules of a project are imported."""
    return not any(each.models or each.rules for each in (chosen, *chosen.environments.values()))


def _finding(each: Finding, write: str | None) -> _Finding:
    return _Finding(
        each.code,
        each.name,
        each.severity,
        each.confidence,
        each.message,
        each.span,
        each.help,
        write,
        each.object,
        each.revision,
        each.direction,
        each.related,
        each.fingerprint,
    )


def _as_found(each: _Finding) -> Finding:
    return Finding(
        each.code,
        each.name,
        each.severity,
        each.confidence,
        each.message,
        each.span,
        each.help,
        _printing(each.write) if each.write is not None else None,
        each.object,
        each.revision,
        each.direction,
        each.related,
        each.fingerprint,
    )


def _printing(text: str) -> Callable[[], str]:
    return lambda: text


def _report(kept: _Kept) -> Report:
    return Report(
        findings=tuple(map(_as_found, kept.findings)),
        hidden=tuple(Hidden(_as_found(each), by) for each, by in kept.hidden),
        opaque=kept.opaque,
        environments=kept.environments,
        sources={path: Source(path, text) for path, text in kept.sources.items()},
        rules_run=kept.rules_run,
        operations=kept.operations,
        stale=kept.stale,
        elsewhere=kept.elsewhere,
        models=kept.models,
        rules={each.code: RuleSummary(*each) for each in kept.rules},
    )


def _program() -> str:
    """What tells this migrate-guard, and the parser of SQL that it uses, from what they were before an edit."""
    ours = blake2b(digest_size=16)
    for place, size, changed in _modules(os.path.dirname(os.path.dirname(__file__))):
        ours.update(f"{place} {size} {changed}\n".encode())
    sqlglot = find_spec("sqlglot")
    origin = sqlglot.origin if sqlglot and sqlglot.origin else ""
    return f"{ours.hexdigest()} {origin} {os.stat(origin).st_mtime_ns if origin else ''}"


def _modules(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _modules(entry.path)
