"""Load the models that a job asks for, and put together what is told of them."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import MetaData

from .. import paths
from ..project import enter
from ..protocol import GivenUp
from . import ddl, filters, mapping
from .answers import Server
from .declarations import Declarations
from .job import ModelsJob
from .loaded import Loaded, Problems
from .named import named
from .places import place_of
from .tables import Tables


def tell(job: ModelsJob) -> dict[str, object]:
    """Load and tell; raises GivenUp, and what user code raises."""
    enter(job)
    env_file = os.path.abspath(os.path.join(job.script_location, "env.py")) if job.script_location else None
    problems = Problems(env_file or os.path.abspath(job.root))
    if job.models:
        loaded = named(
            job.models, [*job.version_locations, *([job.script_location] if job.script_location else [])], problems
        )
    else:
        from .captured import captured

        loaded = captured(job, problems)
    if job.engine_name is not None:
        loaded = [each for each in loaded if each.engine in (None, job.engine_name)]
    if job.history and not any(each.metadata.tables for each in loaded):
        raise GivenUp("models", _without_tables(job))
    declarations = Declarations()
    mapping.configure(declarations, problems)
    if job.models:
        problems.otherwise = next((each.file for each in map(_place, loaded) if each), problems.otherwise)
    dialect = ddl.dialect(Server(job.dialect, tuple(job.version or ())))
    tables = Tables(declarations, dialect, problems)
    told: dict[str, Any] = {
        "metadata": [_metadata(each, job.root) for each in loaded],
        "models": [model for each in loaded for model in tables.models(each.metadata)],
        "excluded": filters.excluded(loaded, job.history, dialect, problems),
    }
    told["ddl"] = ddl.statements([each.metadata for each in loaded], dialect, tables, problems)
    told["problems"] = problems.told
    told["files"] = paths.imported(job.root, [env_file] if env_file and not job.models else [])
    told["packages"] = paths.packages()
    return told


def _place(loaded: Loaded) -> Any:
    return place_of(loaded.metadata)


def _without_tables(job: ModelsJob) -> str:
    if job.models:
        return f"{', '.join(job.models)} has no tables: name the package of the models as well, so that it is imported"
    return "the target_metadata of env.py has no tables: import the modules of the models there"


def _metadata(loaded: Loaded, root: str) -> dict[str, object]:
    place = place_of(loaded.metadata)
    if place is not None and paths.is_installed(place.file) and not paths.is_installed(os.path.join(root, "")):
        # a package's, as SQLModel has one for all
        place = None
    return {
        "engine": loaded.engine,
        "file": os.path.abspath(place.file) if place else None,
        "line": place.line if place else 0,
        "naming_convention": _kinds(loaded.metadata),
        "tables": [[each.schema, each.name] for each in loaded.metadata.tables.values()],
    }


def _kinds(metadata: MetaData) -> list[str]:
    """What the naming convention names beyond SQLAlchemy's own (sqlalchemy.sql.schema, DEFAULT_NAMING_CONVENTION)."""
    names: Any = metadata.naming_convention or {}
    classes = {
        "Index": "ix",
        "UniqueConstraint": "uq",
        "CheckConstraint": "ck",
        "ForeignKeyConstraint": "fk",
        "PrimaryKeyConstraint": "pk",
    }
    found = {classes.get(getattr(key, "__name__", ""), key): form for key, form in names.items()}
    return [
        each for each in classes.values() if each in found and (each, found[each]) != ("ix", "ix_%(column_0_label)s")
    ]
