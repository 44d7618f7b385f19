"""`migrate-guard drift`: models against the schema that the migrations make, without a database."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from migrate_guard import engine
from migrate_guard.commands._judging import Judged, exit_code, prepared, sifted
from migrate_guard.commands._models import wanted_models
from migrate_guard.commands._options import (
    EnvironmentOptions,
    ModelOptions,
    ReportOptions,
    RuleOptions,
    environment_options,
    model_options,
    report_options,
    rule_options,
)
from migrate_guard.commands._reporting import Output
from migrate_guard.commands._shared import discovered, the_environment
from migrate_guard.config import Overrides, target
from migrate_guard.engine.drifting import judge_drift
from migrate_guard.terminal import UserError, complain, progress

if TYPE_CHECKING:
    from migrate_guard.model.models import Models
    from migrate_guard.model.schema import Schema
    from migrate_guard.probes.models import Wanted


@click.command("drift")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@model_options("The models; by default those that env.py hands to Alembic.")
@rule_options
@report_options("List what was not understood of the scripts.")
@environment_options
def command(
    paths: tuple[Path, ...],
    of_models: ModelOptions,
    asked: RuleOptions,
    shown: ReportOptions,
    environment: EnvironmentOptions,
) -> int:
    """Compare the models with the schema that the migrations make, without a database.

    The models are imported in a child process that reaches no database: those that env.py hands to Alembic, or those
    of --models. What they declare and no migration makes, what only migrations make, and what both make otherwise is
    reported, with the operations of the migration that is missing.

    \b
    Examples:
      migrate-guard drift
      migrate-guard drift --models app.db:Base
    """
    output = Output.of(shown, os.environ)
    overrides = Overrides(
        fail_on=shown.fail_on, output_format=output.format, python=of_models.python, models=of_models.models
    )
    run = prepared(paths, overrides, asked, environment)
    selection = discovered(paths, environment.names, quiet=shown.quiet)
    found = the_environment(selection)
    run = run.of(found)
    with progress(f"reading {found.script_location or found.root}: {len(found.scripts)} scripts"):
        reading = engine.read(found, target(run.settings, found.url), Path.cwd())
        wanted = wanted_models(found, reading.target, run.settings, of_models.x, cache=environment.cache)
        load = partial(_models, wanted, quiet=shown.quiet)
        outcome = judge_drift(reading, run.asked, run.settings.rule_options, load)
    said = Judged([outcome], sifted([outcome], selection, run.settings, run.rules, run.started))
    output.write(said.report, run.settings)
    return exit_code(run, said, exit_zero=shown.exit_zero)


def _models(wanted: Wanted, history: Schema, engine_name: str | None, *, quiet: bool) -> Models:
    """Load the models that are meant; raises UserError where there are none."""
    from migrate_guard.probes.models import load

    models = load(replace(wanted, history=history, engine_name=engine_name))
    if not models.schema.tables:
        raise UserError(
            "the models have no tables: --models names the module that declares them, or the one that imports it"
        )
    for at, problem in () if quiet else models.problems:
        complain("warning", f"{at}: {problem}")
    return models
