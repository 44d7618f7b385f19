"""The console blocks of a page, run line by line in a project of their own.

A page says where they run in a comment, `<!-- console: fixtures/shop -->`: a copy of that fixture, kept by git, whose
main and origin/main are what is there. The blocks below it run one after the other in that project. A line that ends
otherwise than with 0 says so in the comment above its block: `<!-- exit: 1 -->`. What a block shows below a line is
what the line prints; `…` alone on a line stands for any lines, in a line for any words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAMS = {"migrate-guard": "migrate_guard", "alembic": "alembic", "pytest": "pytest", "python": ""}

_MARK = re.compile(r"^ *<!-- (console|exit): (\S+) -->$|^( *)```console\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """A command of a page: where it runs, how it ends, and what it prints, empty where the page does not say."""

    project: str
    text: str
    code: int
    printed: str


def lines(page: str) -> Iterator[Line]:
    """The commands of a page, in order."""
    project, code = "", 0
    for word, value, _, block in _MARK.findall(page):
        if word == "console":
            project = value
        elif word == "exit":
            code = int(value)
        else:
            for text, printed in _LINE.findall(textwrap.dedent(block)):
                yield Line(project, text, code, printed)
            code = 0


class Console:
    """A shell in a copy of a fixture that git keeps."""

    def __init__(self, project: str, place: Path) -> None:
        self.root = place / Path(project).name
        shutil.copytree(ROOT / project, self.root)
        self.environ = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        self.environ |= {
            "HOME": str(place),
            "PATH": f"{self._programs(place / 'bin')}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        for name in ("AUTHOR", "COMMITTER"):
            self.environ |= {f"GIT_{name}_NAME": "a", f"GIT_{name}_EMAIL": "a@b.c"}
        for line in (
            "git init --quiet --initial-branch=main",
            "git add --all",
            "git commit --quiet --message old",
            "git update-ref refs/remotes/origin/main main",
        ):
            self.run(line)

    def run(self, line: str, code: int = 0) -> str:
        """Run a line; return what it says."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == code, f"$ {line}\n{done.stdout}"
        return done.stdout

    def _programs(self, directory: Path) -> Path:
        """Make the programs that pages call those of this Python."""
        directory.mkdir()
        for name, module in PROGRAMS.items():
            program = directory / name
            module_option = f"-m {module} " if module else ""
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module_option}"$@"\n', encoding="utf-8")
            program.chmod(0o755)
        return directory


def says(said: str, printed: str) -> bool:
    """Whether a command said what a page shows, where `…` stands for any lines, and in a line for any words."""
    parts = [".*".join(map(re.escape, part.split("…"))) for part in re.split(r"^…\n", printed, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), said) is not None


def run_page(page: str, place: Path) -> int:
    """Run the commands of a page; return how many there were."""
    consoles: dict[str, Console] = {}
    count = 0
    for line in lines(page):
        assert line.project, f"$ {line.text}: the page does not say in which project"
        if line.project not in consoles:
            home = place / str(len(consoles))
            home.mkdir()
            consoles[line.project] = Console(line.project, home)
        said = consoles[line.project].run(line.text, line.code)
        assert not line.printed or says(said, line.printed), f"$ {line.text}\n{said}"
        count += 1
    return count
