#!/usr/bin/env python3
"""Upgrade a scratch database by a project's own env.py and compare it with its models as `alembic check` does.

The child process of drift.py, run by the project's Python: `{"job": …, "models": …}` on standard input, the job of a
round trip and `module:attribute` or null for what env.py hands over; on standard output a line,
`{"differences": [[what, table, name], …]}` or `{"problem": WORDS}`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORKER = Path(__file__).resolve().parents[1] / "migrate_guard" / "probes" / "worker"
NAME = "_migrate_guard_worker"


def main() -> None:
    """Read the job, do it, and tell."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    task = json.load(sys.stdin)
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    try:
        answer: dict[str, Any] = {"differences": differences(task["job"], task["models"])}
    except BaseException as error:  # noqa: BLE001 - whatever a project raises is told
        answer = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
    print(json.dumps(answer), file=told, flush=True)
    os._exit(0)  # threads and exit handlers of the application have nothing to add


def differences(job: dict[str, Any], models: str | None) -> list[list[str]]:
    """Upgrade to all heads, and return what autogenerate would write."""
    spec = importlib.util.spec_from_file_location(
        NAME, WORKER / "__init__.py", submodule_search_locations=[str(WORKER)]
    )
    assert spec is not None
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    redirected = importlib.import_module(f"{NAME}.redirect").install(job)
    protocol, migrations = (importlib.import_module(f"{NAME}.{each}") for each in ("protocol", "migrations"))
    job["revisions"] = [protocol.Planned(**each) for each in job["revisions"]]
    running = migrations.Migrations(protocol.Job(**job), redirected.url)
    running.try_out()
    running.run([migrations.Step(each.id, is_upgrade=True) for each in job["revisions"]])
    found: list[list[str]] = []

    def compare(context: Any) -> Iterator[Any]:
        from alembic.autogenerate import compare_metadata
        from alembic.runtime.migration import MigrationContext

        metadata = context.opts["target_metadata"]
        if models is not None:
            metadata = metadata_of(models)
            options = {"target_metadata": metadata, "compare_type": True}
            context = MigrationContext.configure(connection=context.connection, opts=options)
        for each in compare_metadata(context, metadata):
            found.extend(map(in_words, each if isinstance(each, list) else [each]))
        return iter(())

    running.within(compare, "heads")
    return found


def metadata_of(models: str) -> Any:
    """Import a MetaData, or a base or extension that has one."""
    module, _, attribute = models.partition(":")
    value = getattr(importlib.import_module(module), attribute)
    return getattr(value, "metadata", value)


def in_words(difference: Any) -> list[str]:
    """What, in which table, and the name of the part."""
    what, *rest = difference
    if what in ("add_table", "remove_table"):
        return [what, qualified(rest[0]), ""]
    if what in ("add_column", "remove_column"):
        return [what, ".".join(filter(None, rest[:2])), str(rest[2].name)]
    if what.startswith("modify_"):
        return [what, ".".join(filter(None, rest[:2])), str(rest[2])]
    if what.endswith("_table_comment"):
        return [what, qualified(rest[0]), ""]
    columns = ",".join(each.name for each in rest[0].columns if each is not None and getattr(each, "name", None))
    return [what, qualified(rest[0].table), str(rest[0].name or columns)]


def qualified(table: Any) -> str:
    """The name of a table with its schema."""
    return ".".join(filter(None, (table.schema, table.name)))


if __name__ == "__main__":
    main()
