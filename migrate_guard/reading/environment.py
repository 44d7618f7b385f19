"""Read env.py without running it: what it passes to `context.configure`, and how revisions run there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard import files
from migrate_guard.model.environment import (
    ConfiguredUrl,
    Environment,
    MetadataKind,
    Uncommitted,
    UnloadedModels,
)
from migrate_guard.model.revision import Suppression, UnreadableScript
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import Target
from migrate_guard.reading.account import ConnectionValue, Event, Executed, Ran
from migrate_guard.reading.comments import of_configuration, suppressions
from migrate_guard.reading.compound import Interpreter
from migrate_guard.reading.computing import texts, usually
from migrate_guard.reading.database_urls import configured_url, masked
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.environment_interpreter import EnvironmentInterpreter
from migrate_guard.reading.imported import listening
from migrate_guard.reading.machine import OutOfBudget
from migrate_guard.reading.models_loaded import unloaded_models
from migrate_guard.reading.packages import is_before_sqlalchemy_2
from migrate_guard.reading.project import Project, display_path, package_of
from migrate_guard.reading.script import UnreadableFile, parse, read_text
from migrate_guard.reading.spans import span_of
from migrate_guard.reading.transactions import Running, running
from migrate_guard.reading.values import External, MetaDataValue, Scope, Value

_COMPARED: Final = ("compare_type", "compare_server_default")
_NO_CACHE: Final = ("statement_cache_size", "prepared_statement_cache_size")
"""What asyncpg, and SQLAlchemy's adapter of it, take to keep no prepared statements (SQLAlchemy 2.0, "asyncpg")."""


class _Told(Struct, frozen=True):
    """What interpreting env.py tells; nothing where it cannot be read."""

    source: Source | None = None
    unreadable: UnreadableScript | None = None
    tree: ast.Module | None = None
    configured: Mapping[str, Value] = field(default_factory=dict)
    account: Sequence[Event] = ()
    urls: Mapping[str, Span] = field(default_factory=dict)
    """What it makes engines with."""
    arguments: Sequence[Mapping[str, Value]] = ()


def read_environment(found: AlembicEnvironment, project: Project, target: Target) -> Environment:
    """What the configuration and env.py of an environment say; what cannot be computed is left at its default.

    What later interpretations need of it is noted in `project`.
    """
    if found.config_path is not None:
        own = {"sqlalchemy.url": found.url, "databases": ", ".join(found.databases)}
        project.options = {**found.options, **{name: value for name, value in own.items() if value}}
    location = found.script_location or next(iter(found.version_locations), found.root)
    told = _interpreted(found, found.env_path, project, target) if found.env_path else _Told()
    configured = told.configured
    how = running(told.account, target)
    metadata = configured.get("target_metadata")
    version_table = configured.get("version_table")
    version_schema = configured.get("version_table_schema")
    project.script_location = display_path(location, project.base) if found.env_path else ""
    project.configured = configured
    project.naming_convention = _convention(metadata)
    project.knows_naming_convention = bool(configured) and _is_known(metadata)
    project.version_table_schema = version_schema if isinstance(version_schema, str) else None
    call = _call_at(told.tree, how.configure_span) if how.configure_span else None
    return Environment(
        script_location=display_path(location, project.base),
        config_path=display_path(found.config_path, project.base) if found.config_path else None,
        env_path=display_path(found.env_path, project.base) if found.env_path else None,
        unreadable=told.unreadable,
        url=found.url,
        databases=found.databases,
        urls=tuple(_urls(found, told, project.base)),
        version_table=version_table if isinstance(version_table, str) else "alembic_version",
        version_table_schema=project.version_table_schema,
        include_schemas=usually(configured.get("include_schemas")) is True,
        target_metadata=_kind(configured),
        not_compared=tuple(_not_compared(configured, call, how.configure_span)),
        unloaded=_unloaded(told, metadata, found, project),
        naming_convention=project.naming_convention,
        knows_naming_convention=project.knows_naming_convention,
        widens_version_table=_widens(told.source),
        transactions=how.transactions,
        knows_transactions=how.knows_transactions,
        configure_span=how.configure_span,
        configure_code=_segment(told.source, call),
        is_in_transaction=how.is_in_transaction,
        uncommitted=_uncommitted(told, how.uncommitted, project),
        takes_lock=_takes_lock(how, told.account),
        has_statement_cache=_has_statement_cache(told, target),
        settings=how.settings,
        advisory_locks=how.advisory_locks,
        is_autocommit=how.is_autocommit,
        begins_for_driver=how.begins_for_driver,
        is_handed_connection=how.is_handed_connection,
        suppressions=tuple(_suppressions(found, told, project.base)),
    )


def environment_sources(found: AlembicEnvironment, base: Path) -> Iterator[Source]:
    """The texts of env.py and of the configuration, for findings to point into; passwords are not among them."""
    for path in dict.fromkeys((found.env_path, found.config_path, *(each.path for each in found.written_urls))):
        source = _source(path, base) if path else None
        if source is not None:
            yield Source(source.path, masked(source.text))


def _source(path: Path, base: Path) -> Source | None:
    display = display_path(path, base)
    try:
        return Source(display, read_text(path, display))
    except UnreadableFile:
        return None


def _interpreted(found: AlembicEnvironment, path: Path, project: Project, target: Target) -> _Told:
    """What `upgrade` meets on its way through env.py."""
    source, display = None, display_path(path, project.base)
    try:
        source = Source(display, read_text(path, display))
        tree = parse(source)
    except UnreadableFile as error:
        return _Told(source, UnreadableScript(error.span, error.reason))
    urls = {each.value: _line(each.path, each.line, each.text, project.base) for each in found.written_urls}
    for is_embedded in (False, True):
        machine = EnvironmentInterpreter(target, project, source.path, urls, found.sections)
        machine.is_embedded = is_embedded
        try:
            # Alembic loads the file under this name (alembic/script/base.py, `run_env`)
            names: dict[str, Value] = {"__name__": "env_py"}
            if target.dialect == "sqlite" and _has_batch_blocks(found):
                # other settings of a session are not looked for so far away from env.py
                for module, statement in listening(path, project, "pragma", "foreign_keys"):
                    machine.call_site = span_of(statement, module.display)
                    machine.execute(statement, machine.module_scope(module))
                machine.call_site = None
            package = package_of(path.parent, project.roots)
            machine.load_module(tree, Scope(None, names, path=source.path, package=package))
        except (OutOfBudget, RecursionError, MemoryError):
            return _Told(source, tree=tree)
        if machine.configured:
            break
    configured = {name: _resolved(value, machine) for name, value in machine.configured.items()}
    return _Told(source, None, tree, configured, machine.account, machine.urls, machine.arguments)


def _has_batch_blocks(found: AlembicEnvironment) -> bool:
    """Whether a script has one: what foreign keys do matters where tables are copied."""
    for each in found.scripts:
        try:
            if b"batch_alter_table" in files.read_bytes(each.path):
                return True
        except OSError:
            continue
    return False


def _resolved(value: Value, machine: Interpreter) -> Value:
    if isinstance(value, list | tuple):
        return [_resolved(each, machine) for each in value]
    found = machine.resolve(value)
    if isinstance(found, External):
        # a MetaData that lies outside the project, whose naming convention env.py sets: SQLModel.metadata
        convention = machine.assigned.get(f"{found.path}.naming_convention")
        return MetaDataValue(naming_convention=texts(convention)) if convention else found
    return found


# -- metadata


def _convention(metadata: Value) -> Mapping[str, str]:
    if isinstance(metadata, list | tuple):
        metadata = next((each for each in metadata if isinstance(each, MetaDataValue)), None)
    return dict(metadata.naming_convention) if isinstance(metadata, MetaDataValue) else {}


def _is_known(metadata: Value) -> bool:
    """Whether all that may come with a convention was read."""
    every = metadata if isinstance(metadata, list | tuple) else [metadata]
    return all(each is None or isinstance(each, MetaDataValue) for each in every)


def _kind(configured: Mapping[str, Value]) -> MetadataKind:
    metadata = configured.get("target_metadata")
    if metadata is None or metadata == []:
        return "none" if configured else "unknown"
    return "known" if _is_known(metadata) or isinstance(metadata, External) else "unknown"


def _unloaded(told: _Told, metadata: Value, found: AlembicEnvironment, project: Project) -> tuple[UnloadedModels, ...]:
    if told.tree is None or found.env_path is None or metadata is None or isinstance(metadata, list | tuple | Mapping):
        return ()
    return unloaded_models(told.tree, found.env_path, project)


def _widens(source: Source | None) -> bool:
    """Whether env.py mentions the version table's column, as every recipe that makes it wider does."""
    return source is not None and ("version_num" in source.text or "version_table_impl" in source.text)


# -- the call of `context.configure`


def _call_at(tree: ast.Module | None, span: Span) -> ast.Call | None:
    """The call that stands there; None where that is in another file."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and span_of(node, span.path) == span:
            return node
    return None


def _segment(source: Source | None, node: ast.expr | ast.stmt | None) -> str:
    return (ast.get_source_segment(source.text, node) or "") if source and node else ""


def _not_compared(
    configured: Mapping[str, Value], call: ast.Call | None, span: Span | None
) -> Iterator[tuple[str, Span]]:
    for name in _COMPARED:
        if configured.get(name) is False and span is not None:
            keyword = next((each for each in call.keywords if each.arg == name), None) if call else None
            yield name, span_of(keyword, span.path) if keyword else span


# -- statements


def _uncommitted(told: _Told, event: Executed | Ran | None, project: Project) -> Uncommitted | None:
    """What begins the transaction of nobody, and as it is with the commit behind it."""
    if event is None or told.source is None:
        return None
    if "future=True" not in told.source.text and is_before_sqlalchemy_2(project.roots):
        return None
    if isinstance(event, Ran):
        return Uncommitted(event.span, event.condition, _in_transaction(told, event.span), is_of_revisions=True)
    for node in ast.walk(told.tree) if told.tree else ():
        if not isinstance(node, ast.Expr):
            continue
        is_awaited = isinstance(node.value, ast.Await)
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and span_of(call, event.span.path) == event.span:
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            code = ""
            if isinstance(receiver, ast.Name) and isinstance(event.connection, ConnectionValue):
                code = f"{_segment(told.source, node)}\n{'await ' if is_awaited else ''}{receiver.id}.commit()"
            return Uncommitted(span_of(node, event.span.path), event.condition, code)
    return Uncommitted(event.span, event.condition)


def _in_transaction(told: _Told, span: Span) -> str:
    """The call of `run_migrations` in Alembic's transaction."""
    call = _call_at(told.tree, span)
    if call is None or not isinstance(call.func, ast.Attribute):
        return ""
    receiver = _segment(told.source, call.func.value)
    return f"with {receiver}.begin_transaction():\n    {_segment(told.source, call)}"


def _takes_lock(how: Running, account: Sequence[Event]) -> bool:
    texts_sent = (each.text.upper() for each in account if isinstance(each, Executed))
    return bool(how.advisory_locks) or any("LOCK TABLE" in each for each in texts_sent)


# -- URLs


def _line(path: Path, line: int, text: str, base: Path) -> Span:
    """A line of a configuration, as it is shown."""
    return Span(display_path(path, base), line, 1, line, len(masked(text).encode()) + len("sqlalchemy.url = ") + 1)


def _urls(found: AlembicEnvironment, told: _Told, base: Path) -> Iterator[ConfiguredUrl]:
    seen = set()
    for each in found.written_urls:
        seen.add(each.value)
        url = configured_url(each.text, _line(each.path, each.line, each.text, base))
        if url is not None:
            yield replace(url, is_used=each.value in told.urls)
    for node in ast.walk(told.tree) if told.tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "://" in node.value and told.source:
            url = configured_url(node.value, span_of(node, told.source.path))
            if url is not None and node.value not in seen:
                seen.add(node.value)
                yield replace(url, is_used=node.value in told.urls)
    for text, span in told.urls.items():
        url = configured_url(text, span) if text not in seen else None
        if url is not None:
            yield replace(url, is_used=True, has_secret=False)


def _has_statement_cache(told: _Told, target: Target) -> bool:
    used = [url for text, span in told.urls.items() if (url := configured_url(text, span))]
    drivers = {each.driver for each in used} or {target.driver}
    if "asyncpg" not in drivers:
        return False
    given = [*(each.options for each in used), *(tuple(map(str, each)) for each in told.arguments)]
    return not any(name in _NO_CACHE for each in given for name in each)


# -- comments


def _suppressions(found: AlembicEnvironment, told: _Told, base: Path) -> Iterator[Suppression]:
    if told.source is not None and told.tree is not None:
        yield from suppressions(told.source, told.tree)
    for path in dict.fromkeys((found.config_path, *(each.path for each in found.written_urls))):
        source = _source(path, base) if path else None
        if source is not None:
            yield from of_configuration(source)
