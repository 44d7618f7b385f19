"""Options that several commands take; a group of them reaches a command as one value."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from msgspec import Struct

from migrate_guard.cache import DIRECTORY, VARIABLE
from migrate_guard.terminal import COLOR_CHOICES

FORMAT_VARIABLE: Final = "MIGRATE_GUARD_OUTPUT_FORMAT"
"""Holds the format of reports for all runs of a job."""

Command: TypeAlias = Callable[..., int]
Option: TypeAlias = Callable[[Command], Command]

stats_option: Option = click.option(
    "--stats", type=click.Path(path_type=Path), metavar="FILE", help="Sizes of tables, as stats writes them."
)

cache_dir_option: Option = click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=f"Where the cache is; {DIRECTORY} by default, or what {VARIABLE} says.",
)

_PYTHON: Option = click.option(
    "--python", metavar="FILE", help="The project's Python; by default the active environment's."
)
_X: Option = click.option(
    "-x", "x", multiple=True, metavar="ARG", help="Hand an argument to env.py, as alembic -x does."
)


class EnvironmentOptions(Struct, frozen=True):
    """Which environment is meant, and for which database it is judged, as the command line says."""

    dialect: str | None
    db_version: str | None
    config: Path | None
    isolated: bool
    names: tuple[str, ...]
    no_cache: bool = False
    cache_dir: Path | None = None

    @property
    def cache(self) -> Path | None:
        """The directory of the cache; None: nothing is kept, and nothing that was."""
        return None if self.no_cache else cache_directory(self.cache_dir)


class ModelOptions(Struct, frozen=True):
    """Which models are loaded, and how, as the command line says."""

    models: tuple[str, ...] = ()
    python: str | None = None
    x: tuple[str, ...] = ()


def cache_directory(named: Path | None) -> Path:
    """The directory of the cache: the one that is named, else that of the environment, else one where we are."""
    return named or Path(os.environ.get(VARIABLE) or DIRECTORY)


NO_MODELS: Final = ModelOptions()


class RuleOptions(Struct, frozen=True):
    """Which rules are asked, as the command line says."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    extend_select: tuple[str, ...]


class ReportOptions(Struct, frozen=True):
    """How findings are reported, and which of them fail the run, as the command line says."""

    fail_on: str | None
    exit_zero: bool
    output_format: str | None
    output_file: tuple[str, ...]
    color_choice: str
    verbose: bool
    quiet: bool


class RunOptions(Struct, frozen=True):
    """How scripts are run, and where, as the command line says."""

    scratch_url: str | None = None
    keep: bool = False
    rows: int | None = None
    seed: Path | None = None
    random_seed: int = 0
    no_env: bool = False
    python: str | None = None
    x: tuple[str, ...] = ()
    trace: bool = False


class FormatOption(click.Option):
    """An option that looks for the names of the formats when its help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from migrate_guard.reporters import formats

        self.help = f"{', '.join(formats())}; text by default, or what {FORMAT_VARIABLE} says."
        return super().get_help_record(ctx)


def environment_options(function: Command) -> Command:
    """Add the options of EnvironmentOptions; the command gets them as `environment`."""
    options = (
        click.option("--dialect", metavar="NAME", help="postgresql, sqlite, mysql or mariadb."),
        click.option("--db-version", metavar="VERSION", help='Version of the database, such as "16".'),
        click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Configuration file to use."),
        click.option("--isolated", is_flag=True, help="Read no configuration file."),
        click.option("-n", "--name", "names", multiple=True, metavar="SECTION", help="Section of alembic.ini to use."),
        click.option("--no-cache", is_flag=True, help="Neither read nor write a cache."),
        cache_dir_option,
    )
    return _together(function, "environment", EnvironmentOptions, options)


def rule_options(function: Command) -> Command:
    """Add the options of RuleOptions; the command gets them as `asked`."""
    options = (
        click.option(
            "--select", multiple=True, metavar="RULES", help="Run these rules only: codes, prefixes, names, sets."
        ),
        click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules."),
        click.option("--extend-select", multiple=True, metavar="RULES", help="Run these rules as well."),
    )
    return _together(function, "asked", RuleOptions, options)


def report_options(verbose: str) -> Option:
    """Add the options of ReportOptions, with the help of `--verbose`; the command gets them as `shown`."""
    options = (
        click.option("--fail-on", metavar="SEVERITY", help="Exit with 1 from error (default), warning or info on."),
        click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
        click.option("--output-format", metavar="FORMAT", cls=FormatOption),
        click.option(
            "--output-file",
            multiple=True,
            metavar="[FORMAT:]FILE",
            help="Write the report to FILE, not to stdout; FORMAT:FILE is one more report, beside the others.",
        ),
        click.option(
            "--color", "color_choice", type=click.Choice(COLOR_CHOICES), default="auto", help="Default: auto."
        ),
        click.option("-v", "--verbose", is_flag=True, help=verbose),
        click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else."),
    )
    return lambda function: _together(function, "shown", ReportOptions, options)


def model_options(models: str) -> Option:
    """Add the options of ModelOptions, with the help of `--models`; the command gets them as `of_models`."""
    options = (
        click.option("--models", multiple=True, metavar="MODULE[:NAME]", help=models),
        _PYTHON,
        _X,
    )
    return lambda function: _together(function, "of_models", ModelOptions, options)


def run_options(function: Command) -> Command:
    """Add the options of RunOptions; the command gets them as `how`."""
    options = (
        click.option("--scratch-url", metavar="URL", help="Make the scratch database on this server and drop it."),
        click.option("--keep", is_flag=True, help="Keep the scratch database, and say how to connect."),
        click.option("--rows", type=click.IntRange(0), metavar="N", help="Rows that every table gets; 5 by default."),
        click.option(
            "--seed", type=click.Path(path_type=Path), metavar="DIR", help="Run DIR/<revision>.sql before a revision."
        ),
        click.option("--random-seed", type=int, default=0, metavar="N", help="Makes other rows, for each N the same."),
        click.option("--no-env", is_flag=True, help="Run the scripts with an environment of ours, without env.py."),
        _PYTHON,
        click.option("--trace", is_flag=True, help="Show what each statement locks, rewrites and scans (PostgreSQL)."),
        _X,
    )
    return _together(function, "how", RunOptions, options)


def _together(
    function: Command,
    name: str,
    kind: type[EnvironmentOptions | RuleOptions | ReportOptions | ModelOptions | RunOptions],
    options: Sequence[Option],
) -> Command:
    """A function with the options, for one that takes their values as one `kind`."""

    @wraps(function)
    def collected(**given: Any) -> int:
        values = {each: given.pop(each) for each in kind.__struct_fields__}
        return function(**given, **{name: kind(**values)})

    command: Command = collected
    for option in reversed(options):
        command = option(command)
    return command
