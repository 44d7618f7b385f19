"""Read env.py without running it: what it passes to `context.configure`, and how revisions run there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from migrate_guard.model.environment import Environment
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import Target
from migrate_guard.reading.account import Event
from migrate_guard.reading.computing import texts
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.environment_interpreter import EnvironmentInterpreter
from migrate_guard.reading.interpreter import Interpreter
from migrate_guard.reading.machine import OutOfBudget
from migrate_guard.reading.project import Project, display_path, package_of
from migrate_guard.reading.script import UnreadableFile, parse, read_text
from migrate_guard.reading.transactions import running
from migrate_guard.reading.values import External, MetaDataValue, Scope, Value


def read_environment(found: AlembicEnvironment, project: Project, target: Target) -> Environment:
    """What the configuration and env.py of an environment say; what cannot be computed is left at its default.

    What later interpretations need of it is noted in `project`.
    """
    if found.config_path is not None:
        project.options = {**found.options, **({"sqlalchemy.url": found.url} if found.url else {})}
    location = found.script_location or next(iter(found.version_locations), found.root)
    configured, account = _interpreted(found, found.env_path, project, target) if found.env_path else ({}, [])
    how = running(account, target)
    metadata = configured.get("target_metadata")
    version_table = configured.get("version_table")
    version_schema = configured.get("version_table_schema")
    project.script_location = display_path(location, project.base) if found.env_path else ""
    project.configured = configured
    project.naming_convention = _convention(metadata)
    project.knows_naming_convention = bool(configured) and _is_known(metadata)
    project.version_table_schema = version_schema if isinstance(version_schema, str) else None
    return Environment(
        script_location=display_path(location, project.base),
        config_path=display_path(found.config_path, project.base) if found.config_path else None,
        env_path=display_path(found.env_path, project.base) if found.env_path else None,
        url=found.url,
        databases=found.databases,
        version_table=version_table if isinstance(version_table, str) else "alembic_version",
        naming_convention=project.naming_convention,
        knows_naming_convention=project.knows_naming_convention,
        widens_version_table=_widens(found.env_path),
        transactions=how.transactions,
        knows_transactions=how.knows_transactions,
        configure_span=how.configure_span,
        settings=how.settings,
        advisory_locks=how.advisory_locks,
        is_autocommit=how.is_autocommit,
        is_handed_connection=how.is_handed_connection,
    )


def _interpreted(
    found: AlembicEnvironment, path: Path, project: Project, target: Target
) -> tuple[Mapping[str, Value], Sequence[Event]]:
    """What `upgrade` meets on its way through env.py: the keyword arguments of `context.configure`, and the account."""
    display = display_path(path, project.base)
    try:
        tree = parse(Source(display, read_text(path, display)))
    except UnreadableFile:
        return {}, []
    url_span = None
    if found.config_path is not None and found.url_line is not None:
        url_span = Span(display_path(found.config_path, project.base), found.url_line, 1, found.url_line, 2)
    for is_embedded in (False, True):
        machine = EnvironmentInterpreter(target, project, display, found.url, url_span)
        machine.is_embedded = is_embedded
        try:
            # Alembic loads the file under this name (alembic/script/base.py, `run_env`)
            names: dict[str, Value] = {"__name__": "env_py"}
            machine.load_module(tree, Scope(None, names, path=display, package=package_of(path.parent, project.roots)))
        except (OutOfBudget, RecursionError, MemoryError):
            return {}, []
        if machine.configured:
            break
    return {name: _resolved(value, machine) for name, value in machine.configured.items()}, machine.account


def _resolved(value: Value, machine: Interpreter) -> Value:
    if isinstance(value, list | tuple):
        return [_resolved(each, machine) for each in value]
    found = machine.resolve(value)
    if isinstance(found, External):
        # a MetaData that lies outside the project, whose naming convention env.py sets: SQLModel.metadata
        convention = machine.assigned.get(f"{found.path}.naming_convention")
        return MetaDataValue(naming_convention=texts(convention)) if convention else found
    return found


def _convention(metadata: Value) -> Mapping[str, str]:
    if isinstance(metadata, list | tuple):
        metadata = next((each for each in metadata if isinstance(each, MetaDataValue)), None)
    return dict(metadata.naming_convention) if isinstance(metadata, MetaDataValue) else {}


def _is_known(metadata: Value) -> bool:
    """Whether all that may come with a convention was read."""
    every = metadata if isinstance(metadata, list | tuple) else [metadata]
    return all(each is None or isinstance(each, MetaDataValue) for each in every)


def _widens(path: Path | None) -> bool:
    """Whether env.py mentions the version table's column, as every recipe that makes it wider does."""
    if path is None:
        return False
    try:
        text = read_text(path, path.name)
    except UnreadableFile:
        return False
    return "version_num" in text or "version_table_impl" in text
