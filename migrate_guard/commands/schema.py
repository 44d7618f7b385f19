"""`migrate-guard schema`: the schema that a history makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from migrate_guard.commands._options import EnvironmentOptions, environment_options
from migrate_guard.commands._shared import existing_paths, the_reading
from migrate_guard.model.revision import History
from migrate_guard.terminal import UserError, emit


class UnknownRevision(UserError):
    """No revision of the history goes by a word."""


@click.command("schema")
@click.argument("arguments", nargs=-1, metavar="[REV] [PATH]")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json", "sql", "mermaid")),
    default="text",
    help="Default: text.",
)
@environment_options
def command(
    arguments: tuple[str, ...],
    output_format: str,
    environment: EnvironmentOptions,
) -> int:
    """Show the schema after a revision, without a database.

    The format is text for people, json for programs, sql for an empty database, or mermaid for an entity relationship
    diagram. In sql, "-- not known" is in place of what the history does not tell.

    REV is the beginning of a revision's id, a branch label, "head", "heads" (the default) or "base". An argument that
    exists on disk is a PATH.
    """
    from migrate_guard import engine
    from migrate_guard.commands import _schema_text
    from migrate_guard.commands._schema_json import document
    from migrate_guard.model.schema import Schema

    revisions, paths = existing_paths(arguments)
    if len(revisions) > 1:
        raise click.UsageError(f"one revision at a time, not {' and '.join(revisions)}")
    reading = the_reading(paths, environment)
    wanted = resolve(revisions[0] if revisions else "heads", reading.history)
    schema = engine.schema_at(reading, wanted) if wanted else Schema()
    version_table = reading.environment.version_table
    if output_format == "sql":
        from migrate_guard.rendering.ddl import ddl

        emit(ddl(schema, reading.target, version_table))
        return 0
    if output_format == "mermaid":
        from migrate_guard.rendering.mermaid import mermaid

        emit(mermaid(schema, version_table))
        return 0
    form = document(schema, reading.target.dialect, wanted, version_table)
    if output_format == "json":
        import json

        emit(json.dumps(form, indent=2) + "\n")
    else:
        emit(_schema_text.render(form))
    return 0


def resolve(word: str, history: History) -> tuple[str, ...]:
    """Return the ids that a word of the command line means, none for "base"; raises UserError."""
    heads = tuple(revision.id for revision in history.heads)
    if word == "base":
        return ()
    if word == "heads":
        return heads
    if word == "head":
        if len(heads) > 1:
            raise UserError(f"there are {len(heads)} heads: {', '.join(heads)}; name one of them, or heads")
        return heads
    if word in history.revisions:
        return (word,)
    return (_one(word, history.revisions, lambda each: each.startswith(word)) or _labelled(word, history),)


def _one(word: str, ids: Mapping[str, object], fits: Callable[[str], bool]) -> str | None:
    found = [each for each in ids if fits(each)]
    if len(found) > 1:
        raise UserError(f'"{word}" is the beginning of several revisions: {", ".join(sorted(found))}')
    return found[0] if found else None


def _labelled(word: str, history: History) -> str:
    for revision in history.order:
        if word in revision.branch_labels:
            return revision.id
    from migrate_guard.config import nearest

    close = nearest(word, history.revisions)
    hint = f'; did you mean "{close}"?' if close else ""
    raise UnknownRevision(f'there is no revision "{word}", and nothing of that name on disk{hint}')
