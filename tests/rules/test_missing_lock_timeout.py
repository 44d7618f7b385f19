"""What MG314 knows of the connection, and what it cannot know."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.model.finding import Confidence
from tests.checking import check

SCRIPT = """\
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.drop_column("orders", "note")


def downgrade():
    raise NotImplementedError("the notes are gone")
"""
OWN = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine("postgresql://db/app").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
HANDED = """\
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.mark.parametrize(
    ("env", "begins", "confidence"),
    [
        (OWN, "nothing limits", Confidence.HIGH),
        (HANDED, "nothing in the script limits", Confidence.MEDIUM),
        (None, "nothing in the script limits", Confidence.MEDIUM),
    ],
    ids=["own connection", "handed over", "no env.py"],
)
def test_what_is_known_of_the_connection(
    env: str | None, begins: str, confidence: Confidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (versions / "a1.py").write_text(SCRIPT)
    if env is not None:
        (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
        (tmp_path / "alembic" / "env.py").write_text(env)
    report = check(tmp_path if env is not None else versions, dialect="postgresql")
    (found,) = (each for each in report.findings if each.code == "MG314")
    assert found.message.startswith(begins)
    assert found.confidence is confidence
