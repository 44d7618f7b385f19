"""`migrate-guard config`: the settings that count, and where each comes from."""

from __future__ import annotations

import os
from pathlib import Path

import click
from msgspec.structs import replace

from migrate_guard.commands._options import (
    FORMAT_VARIABLE,
    EnvironmentOptions,
    RuleOptions,
    environment_options,
    rule_options,
)
from migrate_guard.commands._shared import settings
from migrate_guard.config import Origin, Overrides
from migrate_guard.reporters import formats
from migrate_guard.terminal import emit


@click.command("config")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a configuration file.")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", help="Default: text.")
@rule_options
@environment_options
def command(
    paths: tuple[Path, ...],
    schema: bool,
    output_format: str,
    asked: RuleOptions,
    environment: EnvironmentOptions,
) -> int:
    """Show every setting with where its value comes from, and which rules are on and why.

    The settings are those of check for PATH. --schema prints what editors complete and check a configuration by: with
    the rules of the project, if it has some of its own.
    """
    import json

    variable = os.environ.get(FORMAT_VARIABLE)
    overrides = Overrides(
        select=asked.select, ignore=asked.ignore, extend_select=asked.extend_select, output_format=variable or None
    )
    chosen, rules = settings(paths, overrides, environment)
    if variable:
        origins = {**chosen.origins, "output-format": Origin("environment variable", FORMAT_VARIABLE)}
        chosen = replace(chosen, origins=origins)
    if schema:
        from migrate_guard.config.schema import schema as schema_of

        emit(json.dumps(schema_of(rules, formats()), indent=2) + "\n")
        return 0
    from migrate_guard.commands import _config_form

    form = _config_form.of(chosen, rules, paths, environment)
    emit(json.dumps(form, indent=2) + "\n" if output_format == "json" else _config_form.render(form))
    return 0
