"""Whatever stands in a versions directory: one clear finding or error, no crash, no hang, and its neighbours are judged.

Every case runs the whole command in a process of its own, with little time and memory.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import script

ROOT = Path(__file__).parents[1]
ENVIRON = {
    **{name: each for name, each in os.environ.items() if name not in ("MIGRATE_GUARD_TRACEBACK", "ALEMBIC_CONFIG")},
    "PYTHONPATH": str(ROOT),
}
SECONDS = 10
"""What one run may take."""
MEMORY = 768 * 1024 * 1024
"""Address space of one run; an idle one has about 150 MB."""

# Forks a child for each line of arguments it reads, so that the imports are paid for once.
NURSERY = """
import importlib, json, os, pkgutil, resource, signal, sys
import migrate_guard
from migrate_guard.__main__ import run
for module in pkgutil.walk_packages(migrate_guard.__path__, "migrate_guard."):
    importlib.import_module(module.name)
for line in sys.stdin:
    directory, arguments, seconds, memory = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(directory)
        sys.stdin.close()
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        signal.alarm(seconds)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the command gave."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)["findings"]
        return found

    def of(self, name: str) -> list[dict[str, Any]]:
        """The findings in a file of that name."""
        return [each for each in self.findings if each["path"].endswith(f"/{name}")]


Check = Callable[..., Ran]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Callable[[Path, tuple[str, ...], int, int], int]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def start(directory: Path, arguments: tuple[str, ...], seconds: int, memory: int) -> int:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([str(directory), arguments, seconds, memory]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield start
        process.stdin.close()


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A project of two healthy scripts, of which the second has a fault that is always to be found."""
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql://localhost/app\n"
    )
    directory = tmp_path / "alembic" / "versions"
    directory.mkdir(parents=True)
    (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n")
    create = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    (directory / "a1.py").write_text(script("a1", None, create, 'op.drop_table("orders")'))
    (directory / "z9.py").write_text(neighbour("a1"))
    return directory


def neighbour(down: str) -> str:
    price = 'op.add_column("orders", sa.Column("price", sa.Float()))'
    return script("z9", down, price, 'op.drop_column("orders", "price")')


@pytest.fixture
def check(versions: Path, nursery: Callable[[Path, tuple[str, ...], int, int], int]) -> Check:
    """Run `check`; whatever else it says, the neighbour is judged and nothing crashes."""

    def run(*arguments: str, seconds: int = SECONDS, memory: int = MEMORY, output: str = "json") -> Ran:
        top = versions.parents[1]
        code = nursery(top, ("check", "--isolated", "--output-format", output, *arguments), seconds, memory)
        ran = Ran(code, (top / "out").read_text(encoding="utf-8"), (top / "err").read_text(encoding="utf-8"))
        assert code != -signal.SIGALRM, f"it takes longer than {seconds} seconds"
        assert "Traceback" not in ran.err
        assert code in (0, 1), ran.err
        assert ran.err == ""
        if output == "json":
            assert ("MG603", 13) in {(each["code"], each["line"]) for each in ran.of("z9.py")}, ran.out
        return ran

    return run


def revision(upgrade: str, head: str = "", down: str | None = "a1", downgrade: str = "pass") -> str:
    """A script whose upgrade is a block of several lines, with `head` at the module level."""
    body = "\n".join(f"    {line}" if line else "" for line in upgrade.split("\n"))
    return (
        f'"""bad"""\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = "b2"\ndown_revision = {down!r}\n{head}\n'
        f"def upgrade():\n{body}\n\ndef downgrade():\n    {downgrade}\n"
    )
