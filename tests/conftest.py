"""What every test can ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from migrate_guard import cache

# How long an example takes says nothing on a machine on which other tests run.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MakeProject: TypeAlias = Callable[..., Path]

AMBIENT = (
    "ALEMBIC_CONFIG",
    "FORCE_COLOR",
    "GITHUB_STEP_SUMMARY",
    "MIGRATE_GUARD_OUTPUT_FORMAT",
    "MIGRATE_GUARD_TRACEBACK",
    "NO_COLOR",
)
"""Variables of the environment that change what a run says."""

INI = """\
[alembic]
script_location = %(here)s/alembic
sqlalchemy.url = {url}
"""

# Indented, so that this file is not taken for a revision script.
SCRIPT = dedent(
    '''\
    """{message}"""

    import sqlalchemy as sa
    from alembic import op

    revision = "{revision}"
    down_revision = {down!r}
    branch_labels = None
    depends_on = None


    def upgrade():
        {upgrade}


    def downgrade():
        {downgrade}
    '''
)


def script(revision: str, down: str | None, upgrade: str = "pass", downgrade: str = "pass", message: str = "") -> str:
    """Return the text of a revision script."""
    message = message or f"revision {revision}"
    return SCRIPT.format(revision=revision, down=down, upgrade=upgrade, downgrade=downgrade, message=message)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own: nothing of the run before, and nothing left in the working tree."""
    directory = tmp_path_factory.getbasetemp() / f"cache-{uuid4().hex}"
    monkeypatch.setenv(cache.VARIABLE, str(directory))
    return directory


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProject:
    """Make an Alembic project of the given scripts, name of file → text, and enter it."""

    def make(scripts: dict[str, str], url: str = "postgresql+psycopg://localhost/app") -> Path:
        versions = tmp_path / "alembic" / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        (tmp_path / "alembic.ini").write_text(INI.format(url=url), encoding="utf-8")
        (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n", encoding="utf-8")
        for name, text in scripts.items():
            (versions / name).write_text(text, encoding="utf-8")
        for name in AMBIENT:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make
