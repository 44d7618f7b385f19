"""Legal but unusual Python in scripts: no crash, no hang, in both directions, and the hazard beside it is found."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checking import check

SECONDS = 5
INI = "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql+psycopg://app@db/app\n"
SCRIPT = '''\
"""Weird."""
import sqlalchemy as sa
from alembic import op

revision = "weird"
down_revision = None


def {this}():
{weird}


def {other}():
    {beside}
'''
HAZARD = 'op.create_table("offers_beside", sa.Column("price", sa.Float()))'
GENERATED = {
    "huge literal": f"x = [{'1, ' * 50_000}]\nfor n in x:\n    pass",
    "deep literal": f"x = {'[' * 80}{']' * 80}",
    "deep addition": f"x = {' + '.join(['1'] * 900)}",
    "deep attribute": f"x = sa{'.a' * 400}",
    "many unknown branches": "\n".join(f"if unknown({n}):\n    op.execute('SELECT {n}')" for n in range(200)),
    "nested unknown branches": "\n".join(f"{'  ' * n}if unknown({n}):" for n in range(18)) + f"\n{'  ' * 18}pass",
    "a chain of unknown branches": "if unknown:\n    pass\n"
    + "\n".join(f"elif unknown == {n}:\n    op.execute('SELECT {n}')" for n in range(300)),
}


def scripts() -> Iterator[object]:
    written = tomllib.loads(Path(__file__).with_name("weird_scripts.toml").read_text(encoding="utf-8"))
    for name, weird in (written["script"] | GENERATED).items():
        for direction in ("upgrade", "downgrade"):
            yield pytest.param(weird, direction, id=f"{name.replace(' ', '-')}-{direction}")


@pytest.mark.parametrize(("weird", "direction"), list(scripts()))
def test_weird(weird: str, direction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI, encoding="utf-8")
    (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n", encoding="utf-8")
    other, beside = ("downgrade", "pass") if direction == "upgrade" else ("upgrade", HAZARD)
    body = "\n".join(f"    {line}" for line in weird.splitlines())
    script = SCRIPT.format(this=direction, weird=body, other=other, beside=beside)
    (versions / "weird.py").write_text(script, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    started = time.process_time()
    report = check(tmp_path)
    assert time.process_time() - started < SECONDS
    codes = {each.code for each in report.findings}
    assert not codes & {"MG000", "MG001"}, [each.message for each in report.findings]
    assert direction == "upgrade" or codes >= {"MG601", "MG603"}
