"""The planted hazards of planted.toml: each a small project that every tool of `rivals.py` reads."""

from __future__ import annotations

import re
import subprocess
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from benchmarks.rivals import Said

PLANTED = Path(__file__).with_name("planted.toml")
Kind: TypeAlias = Literal["hazard", "twin"]
FAILS = "fails"
"""What stands for a rule where a tool gives up as Alembic itself does."""

INI = "[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\nsqlalchemy.url = {url}\n"
URL = "postgresql://app@db/app"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
url = config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = config.attributes.get("connection") or create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""
HEAD = '''\
"""{message}.

Revision ID: {revision}
Revises: {down}
Create Date: 2026-01-01 12:00:00.000000
"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None

'''
ZDM = 'alembic-version-locations = ["migrations/versions"]\n\n[[model-sources]]\norm = "sqlalchemy"\npaths = ["app"]\n'
"""What zdm has to be told of a project: it knows the directory alembic/versions only."""


@dataclass(frozen=True)
class Hazard:
    """A hazard and its twin, each the text of one revision or more."""

    name: str
    means: frozenset[str]
    """The rules of all tools that say just that."""
    given: tuple[str, ...]
    hazard: tuple[str, ...]
    twin: tuple[str, ...]
    hazard_model: str = ""
    twin_model: str = ""
    live: frozenset[str] = frozenset()
    """The same of the tools that run the scripts; empty where a run tells nothing."""
    forks: bool = False
    """Whether the revisions of the hazard have one parent."""

    @property
    def has_models(self) -> bool:
        """Whether it is about what the models say."""
        return bool(self.hazard_model)


@dataclass(frozen=True)
class Planted:
    """A project on the disk, and the revisions that were planted in it."""

    root: Path
    revisions: tuple[str, ...]

    def about(self, said: Iterable[Said]) -> Iterator[Said]:
        """What is said of the planted revisions, or of the history as a whole."""
        return (each for each in said if not each.script or any(one in each.script for one in self.revisions))


def read_hazards() -> list[Hazard]:
    """Read planted.toml."""
    read = tomllib.loads(PLANTED.read_text(encoding="utf-8"))
    return [
        Hazard(
            each["name"],
            frozenset(each["means"]),
            (*revisions(read["given"]), *revisions(each.get("given", ""))),
            revisions(each["hazard"]),
            revisions(each["twin"]),
            each.get("hazard_model", ""),
            each.get("twin_model", ""),
            frozenset(each.get("live", ())),
            each.get("forks", False),
        )
        for each in read["hazards"]
    ]


def revisions(text: str) -> tuple[str, ...]:
    """Part the texts of revisions."""
    return tuple(filter(None, (each.strip() for each in re.split(r"^# ===$", text, flags=re.MULTILINE))))


def plant(hazard: Hazard, kind: Kind, root: Path, url: str = URL) -> Planted:
    """Write the project: what is given is committed, the rest is on a branch of a git repository."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    models = hazard.hazard_model if kind == "hazard" else hazard.twin_model
    (root / "app").mkdir()
    for path, text in (
        ("alembic.ini", INI.replace("{url}", url)),
        ("migrations/env.py", ENV),
        ("migrations/script.py.mako", ""),
        ("zero-downtime-migrations.toml", ZDM),
        ("app/__init__.py", ""),
        ("app/models.py", models.lstrip() or '"""The models of another project."""\n'),
    ):
        (root / path).write_text(text, encoding="utf-8")
    down: str | None = None
    for number, text in enumerate(hazard.given):
        down = write(versions, f"0a{number:08x}aa", down, "given", text)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root, "given")
    git(root, "switch", "--quiet", "--create", "branch")
    planted: list[str] = []
    parent = down
    for number, text in enumerate(hazard.hazard if kind == "hazard" else hazard.twin):
        planted.append(write(versions, f"0f{number:08x}ff", parent, "planted", text))
        parent = down if hazard.forks and kind == "hazard" else planted[-1]
    commit(root, "planted")
    return Planted(root, tuple(planted))


def write(versions: Path, revision: str, down: str | None, message: str, text: str) -> str:
    """Write a script and return its revision."""
    head = HEAD.format(message=message.capitalize(), revision=revision, down=down)
    body = textwrap.dedent(text)
    (versions / f"{revision}_{message}.py").write_text(f"{head}\n{body}\n", encoding="utf-8")
    return revision


def commit(root: Path, message: str) -> None:
    """Commit everything, by nobody in particular."""
    git(root, "add", "--all")
    who = ("-c", "user.name=field", "-c", "user.email=field@localhost", "-c", "commit.gpgsign=false")
    git(root, *who, "commit", "--quiet", "--message", message)


def git(root: Path, *arguments: str) -> None:
    """Run git in a project."""
    subprocess.run(["git", "-C", root, *arguments], check=True)


@dataclass(frozen=True)
class Verdict:
    """What a tool said of a hazard and of its twin."""

    caught: frozenset[str]
    """The rules that say just that of the hazard."""
    false: frozenset[str]
    """Those that say it of the twin."""
    beside: int
    """How many other findings the twin has."""
    failed: bool = False
    """Whether it gave up on the twin."""

    def __str__(self) -> str:
        if self.failed:
            return "fails"
        word = ("by failing" if self.caught == {FAILS} else "caught") if self.caught else "missed"
        return f"{word}, false alarm" if self.false else word


def judged(means: frozenset[str], said: Iterable[Said] | None, said_of_twin: Iterable[Said] | None) -> Verdict:
    """Compare what was said of both with what there is to say; None is a tool that failed."""
    twins = list(said_of_twin or ())
    rules = [FAILS] if said is None else [each.rule for each in said]
    return Verdict(
        frozenset(rules) & means,
        frozenset(each.rule for each in twins if each.rule in means),
        sum(each.rule not in means for each in twins),
        failed=said_of_twin is None,
    )
