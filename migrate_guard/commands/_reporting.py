"""Where a report goes: to stdout and to files, each in a format of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from migrate_guard.commands._options import FORMAT_VARIABLE, ReportOptions
from migrate_guard.commands._shared import color, width
from migrate_guard.config import ConfigError, Mistake, nearest
from migrate_guard.model.finding import Report, Severity
from migrate_guard.model.patterns import lazily
from migrate_guard.reporters import WIDTH, Look, formats, reporter
from migrate_guard.terminal import UserError, complain, emit

SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"
"""The file whose Markdown GitHub shows on the page of a run; it is appended to."""
_STDOUT: Final = "-"
_WORD: Final = lazily(r"[A-Za-z][\w-]+")

Render: TypeAlias = Callable[[str, Report, Look], str]
"""The name of a format, a report and its look in, the text out."""


class Chosen(Protocol):
    """What settings say of reports."""

    @property
    def fail_on(self) -> Severity: ...

    @property
    def output_format(self) -> str: ...


class Target(NamedTuple):
    """A file, or "-" for stdout, and the format of what goes there, None for the one of the settings."""

    format: str | None
    place: str


class Output(Struct, frozen=True):
    """What the command line and the environment say of where reports go, and how they look."""

    shown: ReportOptions
    format: str | None
    """That of the command line, else of the environment; None where neither says one."""
    targets: Sequence[Target]

    @classmethod
    def of(cls, shown: ReportOptions, environ: Mapping[str, str]) -> Output:
        """Read what is asked for; raises ConfigError and UserError for what means nothing."""
        targets = [_target(each) for each in shown.output_file]
        if all(each.format is not None for each in targets):
            targets.insert(0, Target(None, _STDOUT))
        places = [each.place if each.place == _STDOUT else os.path.realpath(each.place) for each in targets]
        for at, place in enumerate(places):
            if place in places[:at]:
                where = "stdout" if place == _STDOUT else targets[at].place
                raise UserError(f"--output-file: two reports go to {where}")
        return cls(shown, shown.output_format or _of_environment(environ), targets)

    def formats(self, settings: Chosen) -> Sequence[str]:
        """The formats that are written."""
        return [each.format or settings.output_format for each in self.targets]

    def shows_plan(self, settings: Chosen) -> bool:
        """Whether a report shows what deploying the revisions under review does, where it knows them."""
        return "markdown" in self.formats(settings) or self._summary(settings) is not None

    def _summary(self, settings: Chosen) -> str | None:
        """The file for the page of a run on GitHub, if there is one."""
        return (os.environ.get(SUMMARY_VARIABLE) or None) if "github" in self.formats(settings) else None

    def write(self, report: Report, settings: Chosen, render: Render | None = None) -> None:
        """Write a report to wherever it is to go, stdout first; raises UserError where that cannot be."""
        as_text = render or rendered
        look = Look(
            verbose=self.shown.verbose,
            quiet=self.shown.quiet,
            fail_on=settings.fail_on,
            directory=str(Path.cwd()),
            repository=_repository(Path.cwd()),
        )
        for name, place in sorted(self.targets, key=lambda each: each.place != _STDOUT):
            if place == _STDOUT:
                on_screen = look._replace(color=color(self.shown.color_choice), width=width() or WIDTH)
                emit(as_text(name or settings.output_format, report, on_screen))
            else:
                _write(as_text(name or settings.output_format, report, look), Path(place))
        if summary := self._summary(settings):
            _append(as_text("markdown", report, look), Path(summary))


def rendered(name: str, report: Report, look: Look) -> str:
    """Return a report in a format."""
    return reporter(name)(report, look)


def _target(written: str) -> Target:
    """What an `--output-file` means; raises ConfigError for a format that there is not."""
    word, colon, file = written.partition(":")
    known = formats()
    if colon and word in known:
        return Target(word, _named(file))
    # "C:\report.txt" is a file, and so are "./sarif:old" and whatever else resembles no format.
    if colon and _WORD.fullmatch(word) and (close := nearest(word, known)):
        raise ConfigError([Mistake("--output-file", f'there is no format "{word}"', close)])
    return Target(None, _named(written))


def _named(file: str) -> str:
    if not file or "\0" in file:
        raise ConfigError([Mistake("--output-file", "expected FILE or FORMAT:FILE")])
    return file


def _of_environment(environ: Mapping[str, str]) -> str | None:
    """The format that the environment asks for; a variable that is empty asks for none."""
    name = environ.get(FORMAT_VARIABLE)
    if not name:
        return None
    known = formats()
    if name not in known:
        message = f'expected one of {", ".join(known)}, got "{name}"'
        raise ConfigError([Mistake(FORMAT_VARIABLE, message, nearest(name, known))])
    return name


def _repository(directory: Path) -> str | None:
    """The root of the repository around a directory; a worktree and a submodule have .git as a file."""
    for each in (directory, *directory.parents):
        if os.path.lexists(each / ".git"):
            return str(each)
    return None


def _write(text: str, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error
    emit(text, file)


def _append(text: str, file: Path) -> None:
    """Add to a file of which nothing depends whether the run has worked."""
    try:
        with file.open("ab") as summary:
            summary.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        complain("warning", f"cannot add to {file}, which {SUMMARY_VARIABLE} names: {error.strerror or error}")
