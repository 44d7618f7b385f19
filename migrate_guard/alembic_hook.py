"""For env.py: `context.configure(process_revision_directives=refuse_errors)` writes no revision that has errors.

It is asked for by the project's own env.py, runs in its process, and is the one module that imports Alembic there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from alembic import command
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError
from msgspec.structs import replace

from migrate_guard.commands._baseline import accepted
from migrate_guard.commands._judging import judged, prepared
from migrate_guard.commands._options import EnvironmentOptions, RuleOptions
from migrate_guard.commands._shared import small_tables
from migrate_guard.config import ConfigError, Overrides
from migrate_guard.model.finding import Finding, Report, Severity
from migrate_guard.model.target import DIALECTS
from migrate_guard.reading.directories import real
from migrate_guard.reading.discover import AlembicEnvironment, DiscoveryError, ScriptFile, Selection, discover
from migrate_guard.reading.json_documents import DocumentError
from migrate_guard.reporters import WIDTH, Look, reporter
from migrate_guard.terminal import UserError, visible, wants_color

if TYPE_CHECKING:
    from alembic.autogenerate.api import RevisionContext
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.environment import ProcessRevisionDirectiveFn
    from alembic.runtime.migration import MigrationContext

    Revisions: TypeAlias = str | Iterable[str | None] | Iterable[str]

__all__ = ["refuse_errors", "refuse_errors_after"]

X_ARGUMENT = "migrate-guard"
"""`alembic -x migrate-guard=warn revision` writes the script all the same."""


def refuse_errors(context: MigrationContext, revision: Revisions, directives: list[MigrationScript]) -> None:
    """Judge the revisions that Alembic is about to write, and raise CommandError where one has an error.

    Each is rendered as it would be written, and judged on top of the history of its script directory with the settings
    of the project. What is found is told on stderr; nothing has been written when CommandError is raised.
    """
    revision_context: RevisionContext | None = context.opts.get("revision_context")
    if revision_context is None or not directives or _only_compares(revision_context.config):
        return
    try:
        report = _report(context, revision_context, directives)
    except (ConfigError, DiscoveryError, DocumentError, UserError) as error:
        raise CommandError(f"migrate-guard: {error}") from error
    errors = [each for each in report.findings if each.severity >= Severity.ERROR]
    _tell(report, errors if _is_partial(revision_context.config, directives) else report.findings)
    if errors and not _warns_only(context):
        raise CommandError(_refusal(errors))


def refuse_errors_after(*functions: ProcessRevisionDirectiveFn) -> ProcessRevisionDirectiveFn:
    """Return a function that calls those of the project, which may change the directives, and then `refuse_errors`."""

    def process_revision_directives(
        context: MigrationContext, revision: Revisions, directives: list[MigrationScript]
    ) -> None:
        for function in (*functions, refuse_errors):
            function(context, revision, directives)

    return process_revision_directives


# What would be written


class _Draft(NamedTuple):
    """A script that is not written yet."""

    path: Path
    """Where it would be."""
    file: Path
    """Where its text is."""


class _Drafts(ScriptDirectory):
    """A script directory whose revisions go elsewhere; of the real one nothing changes.

    `_rev_path` and `_ensure_directory` are what `ScriptDirectory.generate_revision` asks, from Alembic 1.12 to 1.20.
    """

    def __init__(self, original: ScriptDirectory, folder: Path) -> None:
        self.__dict__.update(original.__dict__)
        self.hooks = []
        self.messaging_opts = {"quiet": True}
        self.revision_map = RevisionMap(
            lambda: (Script(each.module, each.revision, each.path) for each in original.walk_revisions())
        )
        self.folder = folder
        self.written: list[_Draft] = []

    def _rev_path(self, path: Any, rev_id: str, message: str | None, create_date: datetime) -> Path:
        place = Path(os.path.abspath(super()._rev_path(path, rev_id, message, create_date)))
        folder = self.folder / str(len(self.written))
        folder.mkdir()
        self.written.append(_Draft(place, folder / place.name))
        return folder / place.name

    def _ensure_directory(self, path: Any) -> None:
        """Make no directory for a script that is perhaps not written."""


def _drafts(revision_context: RevisionContext, directives: Sequence[MigrationScript], folder: Path) -> list[_Draft]:
    """Write the scripts of `directives` below a folder, just as Alembic will."""
    drafts = _Drafts(revision_context.script_directory, folder)
    drafting = copy(revision_context)
    drafting.script_directory = drafts
    for each in directives:
        # What Alembic does itself as soon as the hook is done; it is missing from directives that a hook has made.
        each._needs_render = True  # noqa: SLF001
        drafting._to_script(each)  # noqa: SLF001 - there is no public way to a whole script
    return drafts.written


# What is to be said of it


def _report(
    context: MigrationContext, revision_context: RevisionContext, directives: Sequence[MigrationScript]
) -> Report:
    """What `check` would say of the scripts; raises what it raises."""
    with TemporaryDirectory(prefix="migrate-guard-") as folder:
        drafts = _drafts(revision_context, directives, Path(folder))
        folders = tuple({each.path.parent: None for each in drafts})
        environment = _environment(revision_context, context.dialect.name, drafts)
        run = prepared(folders, Overrides(), RuleOptions((), (), ()), EnvironmentOptions(None, None, None, False, ()))
        # Nothing is asked about models beside single scripts.
        run = replace(run, settings=replace(run.settings, models=()))
        selection = Selection((environment,), frozenset(each.path for each in drafts), ())
        baseline = accepted(run.settings, folders, None)
        return judged(run, selection, baseline, small=small_tables(run.settings)).report


def _environment(revision_context: RevisionContext, dialect: str, drafts: Collection[_Draft]) -> AlembicEnvironment:
    """The environment that Alembic runs in, with the scripts that it is about to write."""
    directory = revision_context.script_directory
    found = _discovered(revision_context.config, Path(directory.dir))
    known = {real(each.path) for each in found.scripts}
    others = (Path(each.path) for each in directory.walk_revisions())
    scripts = (
        *found.scripts,
        *(ScriptFile(path, None) for path in others if real(path) not in known),
        *(ScriptFile(each.path, None, each.file) for each in drafts),
    )
    # The dialect is that of the connection where the configuration does not say, or has a placeholder.
    said = (found.url or "").partition("://")[0].partition("+")[0].lower()
    url = found.url if said in (*DIALECTS, "postgres") else f"{dialect}://"
    return replace(found, url=url, scripts=tuple(sorted(scripts, key=lambda each: each.path)))


def _discovered(config: Config, location: Path) -> AlembicEnvironment:
    """The environment with that script_location, as the configuration describes it if that leads there."""
    for path in _places(config, location):
        names = [config.config_ini_section] if path.suffix == ".ini" else []
        try:
            environments = discover([path], cwd=Path.cwd(), names=names, environ={}).environments
        except DiscoveryError:
            continue
        for each in environments:
            if each.script_location is not None and real(each.script_location) == real(location):
                return each
    env_path = location / "env.py"
    return AlembicEnvironment(root=location, script_location=location, env_path=env_path)


def _places(config: Config, location: Path) -> Iterator[Path]:
    names = (config.config_file_name, getattr(config, "toml_file_name", None), location)
    return (path for path in (Path(name) for name in names if name is not None) if path.exists())


# What is said


def _tell(report: Report, findings: Sequence[Finding]) -> None:
    """Show findings as `check` does."""
    if not findings:
        return
    look = Look(color=wants_color("auto", os.environ, is_terminal=sys.stderr.isatty()), quiet=True, width=WIDTH)
    text = reporter("text")(replace(report, findings=tuple(findings)), look)
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _refusal(errors: Sequence[Finding]) -> str:
    """One sentence: Alembic wraps what it is told into the lines of a terminal."""
    paths = dict.fromkeys(each.span.path for each in errors)
    said = "; ".join(f"{each.code} {each.name}: {visible(each.message)}" for each in errors)
    return (
        f"{', '.join(map(visible, paths))} {'is' if len(paths) == 1 else 'are'} not written: {said} "
        f"(alembic -x {X_ARGUMENT}=warn writes it all the same)"
    )


# How Alembic was called


def _only_compares(config: Config) -> bool:
    """Whether it is `alembic check`, which writes nothing."""
    called: Sequence[object] = getattr(config.cmd_opts, "cmd", None) or (None,)
    return called[0] is command.check


def _warns_only(context: MigrationContext) -> bool:
    environment = context.environment_context
    given = environment.get_x_argument(as_dictionary=True) if environment else {}
    return given.get(X_ARGUMENT) == "warn"


def _is_partial(config: Config, directives: Sequence[MigrationScript]) -> bool:
    """Whether env.py of a multidb environment has still to compare others of its databases."""
    names = [each for each in (config.get_main_option("databases") or "").replace(",", " ").split() if each]
    return any(len(each.upgrade_ops_list) < len(names) for each in directives)
