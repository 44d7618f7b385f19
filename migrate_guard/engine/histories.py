"""Read the scripts of an environment, and replay its history."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.history import graph
from migrate_guard.history.fold import Replay
from migrate_guard.history.reversal import reasons
from migrate_guard.model import folding
from migrate_guard.model.environment import Environment
from migrate_guard.model.operations import Operation
from migrate_guard.model.revision import Direction, History, Revision, Run, StrayScript, UnreadableScript
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.environment import environment_sources, read_environment
from migrate_guard.reading.imported import type_hooks
from migrate_guard.reading.interpreter import computed_head, interpret
from migrate_guard.reading.project import Project, display_path, project_roots
from migrate_guard.reading.script import Script, read_script

MAXIMUM_TREES: Final = 520
"""Scripts whose trees are kept from reading them to interpreting them; those of longer histories are parsed twice."""


class Reading(Struct, frozen=True):
    """The scripts of an environment, read."""

    history: History
    scripts: Mapping[str, Script]
    """By revision id."""
    sources: Mapping[str, Source]
    environment: Environment
    project: Project
    target: Target
    env_path: Path | None


def read(found: AlembicEnvironment, target: Target, base: Path) -> Reading:
    """Read every script of an environment and put them in order; paths are shown relative to `base`."""
    directory = found.script_location or next(iter(found.version_locations), found.root)
    project = Project(project_roots(directory, found.prepend_sys_path), base)
    environment = read_environment(found, project, target)
    scripts: dict[str, Script] = {}
    sources: dict[str, Source] = {}
    revisions: list[Revision] = []
    unreadable: list[UnreadableScript] = []
    strays: list[StrayScript] = []
    sources.update((each.path, each) for each in environment_sources(found, base))
    for file in found.scripts:
        display = display_path(file.path, base)
        if file.problem is not None:
            sources[display] = Source(display, "")
            unreadable.append(UnreadableScript(Span(display, 1, 1, 1, 2), file.problem))
            continue
        result, source = read_script(file.path, display, file.draft)
        sources[display] = source
        match result:
            case UnreadableScript():
                unreadable.append(result)
            case StrayScript():
                strays.append(result)
            case Script():
                head = computed_head(result, target, project)
                if isinstance(head, UnreadableScript):
                    unreadable.append(head)
                else:
                    scripts.setdefault(head.id, result)
                    revisions.append(head)
                    if len(scripts) == MAXIMUM_TREES + 1:
                        for each in scripts.values():
                            each.release()
                    elif len(scripts) > MAXIMUM_TREES:
                        result.release()
    history = graph.build(revisions, unreadable, strays)
    return Reading(history, scripts, sources, environment, project, target, found.env_path)


UPGRADES: Final[tuple[Direction, ...]] = ("upgrade",)
BOTH: Final[tuple[Direction, ...]] = ("upgrade", "downgrade")


def replay(
    reading: Reading,
    engine_name: str | None = None,
    start: Schema | None = None,
    directions: Collection[Direction] = BOTH,
) -> Replay:
    """Replay a history that was read, from `start` on; for a multidb environment the one of that engine.

    Downgrades are interpreted where `directions` ask for them; nothing can be replayed without the upgrades.

    Where it starts on an empty database, what a `try` guards fails or not as that database would have it.
    """
    fails = None if start is None or start.contents is None else partial(_fails, target=reading.target)

    def run(revision: Revision, direction: Direction, schema: Schema) -> Run | None:
        if direction not in directions or (revision.upgrade if direction == "upgrade" else revision.downgrade) is None:
            return None
        script = reading.scripts[revision.id]
        done = interpret(script, direction, schema, reading.target, reading.project, engine_name, fails)
        is_last = direction == "downgrade" or "downgrade" not in directions or revision.downgrade is None
        if is_last and len(reading.scripts) > MAXIMUM_TREES:
            script.release()
        return done

    return Replay(reading.history, run, start or Schema())


def _fails(operation: Operation, schema: Schema, target: Target) -> bool:
    """Whether a database with just that schema refuses an operation."""
    return any(reasons(operation, schema, schema, target))


def schema_at(reading: Reading, revisions: Sequence[str]) -> Schema:
    """The schema that running `revisions` and all below them makes of an empty database.

    The schemas of a multidb environment are united.
    """
    schema = Schema.of_empty_database()
    for engine_name in reading.environment.databases or (None,):
        for operation in operations_of(reading, revisions, engine_name):
            schema = folding.apply(schema, operation)
    return schema


def operations_of(reading: Reading, revisions: Sequence[str], engine_name: str | None) -> Iterator[Operation]:
    """What running `revisions` and all below them does to an empty database, of a multidb environment to that one."""
    wanted = graph.reached(reading.history, revisions)
    if reading.env_path is not None:
        reading.project.type_hooks = type_hooks(reading.env_path, reading.project)
    kept = [each for name, each in reading.history.revisions.items() if name in wanted]
    part = replace(reading, history=graph.build(kept))
    for replayed in replay(part, engine_name, Schema.of_empty_database(), UPGRADES):
        yield from (each.operation for each in replayed.upgrade.transitions) if replayed.upgrade else ()
