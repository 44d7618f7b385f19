#!/usr/bin/env python3
"""Hold `migrate-guard drift` against what `alembic check` says of an upgraded PostgreSQL.

usage: drift.py --venvs DIR [--only KEY]... [--corpus DIR] [--findings FILE] [--timeout SECONDS]

The packages have to be there: fetch_corpus.py. env.py, scripts and models of the packages are executed by
DIR/<package>/bin/python, with a throwaway PostgreSQL as the only database in reach. Prints a line a history: how many
differences autogenerate finds, how many of these drift finds, and how many it finds besides, which are to be read; the
file of findings has both lists. The exit code is 1 when drift misses one.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.histories import HERE, Entry, add_arguments, chosen
from benchmarks.round_trips import OWN_ENVIRONMENT, TIMEOUT

CHECKING = HERE / "checking.py"


MODELS: Final[Mapping[str, str]] = {
    "anitya": "anitya.db.models:Base",
    "aodh": "aodh.storage.sqlalchemy.models:Base",
    "argilla_server": "argilla_server.models.database:DatabaseModel",
    "barbican": "barbican.model.models:BASE",
    "bodhi_server": "bodhi.server.models:Base",
    "cinder": "cinder.db.sqlalchemy.models:BASE",
    "cloudkitty__rating_hash_db_sqlalchemy_alembic": "cloudkitty.rating.hash.db.sqlalchemy.models:Base",
    "cloudkitty__rating_pyscripts_db_sqlalchemy_alembic": "cloudkitty.rating.pyscripts.db.sqlalchemy.models:Base",
    "cloudkitty__cloudkitty_storage_v1_sqlalchemy_alembic": "cloudkitty.storage.v1.sqlalchemy.models:Base",
    "cloudkitty__pypi_cloudkitty_cloudkitty_storage_state_alembic": "cloudkitty.storage_state.models:Base",
    "conda_store_server": "conda_store_server._internal.orm:Base",
    "dstack": "dstack._internal.server.models:BaseModel",
    "fittrackee": "fittrackee:db",
    "glance": "glance.db.sqlalchemy.models:BASE",
    "gnocchi": "gnocchi.indexer.sqlalchemy_base:Base",
    "ihatemoney": "ihatemoney.models:db",
    "ironic_inspector": "ironic_inspector.db.model:Base",
    "jupyterhub": "jupyterhub.orm:Base",
    "mage_ai": "mage_ai.orchestration.db.models.base:Base",
    "mailman": "mailman.database.model:Model",
    "manila": "manila.db.sqlalchemy.models:BASE",
    "masakari": "masakari.db.sqlalchemy.models:BASE",
    "nova__nova_nova_db_api_migrations": "nova.db.api.models:BASE",
    "nova__nova_nova_db_main_migrations": "nova.db.main.models:BASE",
    "openstack_heat": "heat.db.models:BASE",
    "openstack_placement": "placement.db.sqlalchemy.models:BASE",
    "optuna": "optuna.storages._rdb.models:BaseModel",
    "qcfractal": "qcfractal.db_socket.base_orm:BaseORM",
    "rucio": "rucio.db.sqla.models:BASE",
    "skypilot__skypilot_sky_schemas_db_global_user_state": "sky.global_user_state:Base",
    "skypilot__skypilot_sky_schemas_db_serve_state": "sky.serve.serve_state:Base",
    "skypilot__skypilot_sky_schemas_db_spot_jobs": "sky.jobs.state:Base",
}
"""Histories whose env.py does not run without an installation of the application, and their models."""


@dataclass
class Result:
    """What one history gave; `problem` says why it gave nothing."""

    alembic: list[list[str]] = field(default_factory=list)
    """What, table and name."""
    drift: list[Mapping[str, Any]] = field(default_factory=list)
    problem: str = ""

    @property
    def missed(self) -> list[list[str]]:
        """What autogenerate finds and drift does not."""
        return [each for each in self.alembic if not any(is_told(each, finding) for finding in self.drift)]

    @property
    def besides(self) -> list[Mapping[str, Any]]:
        """What drift finds and autogenerate does not."""
        return [each for each in self.drift if not any(is_told(one, each) for one in self.alembic)]


def is_told(difference: Sequence[str], finding: Mapping[str, Any]) -> bool:
    """Whether a finding is about what differs, about the table that it belongs to, or names it as well."""
    _, table, name = difference
    columns = {f"{table}.{each}" for each in name.split(",")}
    names_it = bool(name) and finding["object"].startswith(f"{table}.") and f'"{name}"' in finding["message"]
    return names_it or finding["object"] in {table, f"{table}.{name}", *columns}


def main() -> None:
    """Parse the command line and go through the histories."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--venvs", type=Path, required=True, metavar="DIR", help="environments, named as the packages")
    parser.add_argument("--findings", type=Path, metavar="FILE", help="write what either finds alone")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="for each history")
    arguments = parser.parse_args()
    results = {}
    print("| history | alembic | of these drift | besides |")
    print("|---|--:|--:|--:|")
    for entry in chosen(parser, arguments.only):
        results[entry.key] = result = one(entry, arguments)
        said = result.problem.partition("\n")[0][:160]
        found = len(result.alembic) - len(result.missed)
        print(f"| {entry.key} | {said or f'{len(result.alembic)} | {found} | {len(result.besides)}'} |", flush=True)
    if arguments.findings:
        lines = [
            *(f"{key} missed: {' '.join(each)}\n" for key, result in results.items() for each in result.missed),
            *(
                f"{key} besides: {each['path']}:{each['line']} {each['code']} {each['object']}: {each['message']}\n"
                for key, result in results.items()
                for each in result.besides
            ),
        ]
        arguments.findings.write_text("".join(lines), encoding="utf-8")
    sys.exit(int(any(each.missed for each in results.values())))


def one(entry: Entry, arguments: argparse.Namespace) -> Result:
    """Compare one history both ways."""
    directory = (arguments.corpus / entry.directory).resolve()
    python = (arguments.venvs / entry.directory / "bin" / "python").absolute()
    if not directory.is_dir() or not python.exists():
        return Result(problem="not fetched" if python.exists() else "no environment")
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (HERE.parent, directory))),
            "HOME": home,
            "AIRFLOW_HOME": home,
            **OWN_ENVIRONMENT.get(entry.key, {}),
        }
        drift = drifted(entry, directory, python, environment, arguments.timeout)
        if isinstance(drift, str):
            return Result(problem=f"drift: {drift}")
        with chdir(directory):
            answer = checked(entry, python, environment, arguments.timeout)
    if "problem" in answer:
        return Result(problem=f"alembic: {answer['problem']}", drift=drift)
    return Result(answer["differences"], drift)


def drifted(
    entry: Entry, directory: Path, python: Path, environment: Mapping[str, str], timeout: float
) -> list[Mapping[str, Any]] | str:
    """Return what drift finds, or why it finds nothing."""
    command = [sys.executable, "-m", "migrate_guard", "drift", "--isolated", "--no-cache", "--dialect", "postgresql"]
    command += ["--exit-zero", "--output-format", "json", "--python", str(python), entry.script_location]
    command += ["--models", MODELS[entry.key]] if entry.key in MODELS else []
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return f"takes more than {timeout:.0f} seconds"
    if done.returncode:
        return (done.stderr.strip() or str(done.returncode)).splitlines()[-1]
    findings: list[Mapping[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


def checked(entry: Entry, python: Path, environment: Mapping[str, str], timeout: float) -> dict[str, Any]:
    """Return what autogenerate finds in an upgraded database, or the `problem`."""
    from migrate_guard import engine
    from migrate_guard.commands._options import RunOptions
    from migrate_guard.commands._rounds import planned
    from migrate_guard.config import Settings
    from migrate_guard.model.target import Target
    from migrate_guard.probes.isolation import isolated
    from migrate_guard.probes.roundtrip import job_of
    from migrate_guard.probes.scratch import scratch
    from migrate_guard.reading.discover import discover

    target = Target.default("postgresql")
    (found,) = discover([Path(entry.script_location)], cwd=Path.cwd(), environ={}).environments
    reading = engine.read(found, target, Path.cwd())
    settings = Settings(dialect="postgresql", python=str(python), rows=0)
    models = MODELS.get(entry.key)
    everything = frozenset(each.id for each in reading.history.order)
    walk = planned(everything, reading, found, settings, RunOptions(no_env=models is not None))
    with scratch("postgresql", url=None, keep=False, python=str(python), version=None) as place:
        try:
            done = subprocess.run(
                isolated([str(python), str(CHECKING)], place),
                input=json.dumps({"job": job_of(walk, place), "models": models}),
                env=dict(environment),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"problem": f"takes more than {timeout:.0f} seconds"}
    if not done.stdout:
        return {"problem": (done.stderr.strip() or str(done.returncode)).splitlines()[-1]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    main()
