"""The tools that `field.py` compares: what is installed of them, how they are started, and what they say.

Commands are those of the tools' own documentation for a whole history. In them `{versions}` is the directory of the
scripts, `{location}` the one above it, `{ini}` the alembic.ini and `{out}` an empty directory. A finding is known by
the rule and by the script, or whatever of the script's name the tool prints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Needs: TypeAlias = Literal["the scripts", "the project installed"]
"""The scripts alone, or everything that the scripts or env.py import."""
Command: TypeAlias = tuple[str, ...]

OWN = "migrate-guard"
"""The requirement that is this checkout."""
CACHE = ".migrate_guard_cache"
"""Where migrate-guard keeps what it knows of an unchanged history, in a version that does."""


@dataclass(frozen=True)
class Said:
    """A finding: the rule, and the script, by its path, its name or its revision; "" is the history as a whole."""

    rule: str
    script: str


@dataclass(frozen=True)
class Rival:
    """A tool; `counted` is `timed` in a form that programs read, and its last command prints it."""

    name: str
    requirements: tuple[str, ...]
    """Pinned, but for migrate-guard itself, which imports nothing of SQLAlchemy unless it is given models."""
    timed: tuple[Command, ...]
    counted: tuple[Command, ...]
    said: Callable[[str], list[Said]]
    revisions: Callable[[str], int | None]
    """How many revisions it says that it has judged, by what `counted` prints."""
    needs: Needs = "the scripts"
    exits: tuple[int, ...] = (0, 1)
    """Of a run that judged."""
    modelled: tuple[Command, ...] = ()
    """`counted` where the models count: they are in `app`, and the branch `main` is what was there before."""
    is_cached: bool = False
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What it wants to have in the project. `{url}` is the scratch database."""
    environ: Mapping[str, str] = field(default_factory=dict, hash=False)


# -- what they print


def by_json(key: str, rule: Sequence[str], script: Sequence[str]) -> Callable[[str], list[Said]]:
    """Read a JSON object that lists findings under a key (a bare list: ""), by the paths of rule and script in each."""

    def said(text: str) -> list[Said]:
        read = json.loads(text) if text.strip() else []
        every = read[key] if key and read else read
        return [Said(str(within(each, rule)), str(within(each, script))) for each in every]

    return said


def within(value: object, path: Sequence[str]) -> object:
    """Follow keys into JSON; nothing there is ""."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None else value


def mrt_said(text: str) -> list[Said]:
    """A few checks of mrt have no code, only a pattern."""
    findings = json.loads(text)["findings"]
    return [Said(each["rule"] or each["pattern"], each["file"] or "") for each in findings]


def lockcheck_said(text: str) -> list[Said]:
    """A path on a line of its own, then its findings as `line  rule  sentence`."""
    found: list[Said] = []
    script = ""
    for line in text.splitlines():
        if line.endswith(".py") and not line.startswith(" "):
            script = line
        elif match := re.match(r" +\d+  (LC\d{3})  ", line):
            found.append(Said(match[1], script))
    return found


def alembic_lint_said(text: str) -> list[Said]:
    """`(revision)... ERR` or `WARNING`, then a rule a line."""
    found: list[Said] = []
    script = ""
    for line in text.splitlines():
        if match := re.match(r"\((.+)\)\.\.\. ", line):
            script = match[1]
        elif match := re.match(r"\t(\w+)$", line):
            found.append(Said(match[1], script))
    return found


def counted_by(pattern: str) -> Callable[[str], int | None]:
    """Read the number of revisions where a pattern finds it, in what is printed or nowhere."""

    def revisions(text: str) -> int | None:
        match = re.search(pattern, text)
        return int(match[1]) if match else None

    return revisions


def oneport_revisions(text: str) -> int | None:
    """The files that it lists."""
    return len(json.loads(text)["files_checked"])


def pytest_said(text: str) -> list[Said]:
    """The tests that fail."""
    return [Said(each, "") for each in re.findall(r"^(?:FAILED|ERROR) \S*::(\w+)", text, re.MULTILINE)]


def says_nothing(_: str) -> None:
    """Many tools do not say what they have read."""


# -- the tools

RIVALS = (
    Rival(
        "migrate-guard",
        (OWN, "sqlalchemy==2.1.9"),
        (("migrate-guard", "check", "--no-cache", "{location}"),),
        (("migrate-guard", "check", "--no-cache", "--output-format", "json", "{location}"),),
        by_json("findings", ["code"], ["path"]),
        counted_by(r'"revisions": (\d+)'),
        modelled=(
            (
                *("migrate-guard", "check", "--no-cache", "--output-format", "json", "--since", "main"),
                *("--models", "app.models:Base", "--python", "{python}", "{location}"),
            ),
        ),
    ),
    Rival(
        "migrate-guard, unchanged",
        (OWN,),
        (("migrate-guard", "check", "{location}"),),
        (("migrate-guard", "check", "--output-format", "json", "{location}"),),
        by_json("findings", ["code"], ["path"]),
        counted_by(r'"revisions": (\d+)'),
        is_cached=True,
    ),
    Rival(
        "alembic-guard",
        ("alembic-guard==0.1.1",),
        (("alembic-guard", "{versions}"),),
        (("alembic-guard", "--format", "json", "{versions}"),),
        by_json("", ["rule"], ["path"]),
        says_nothing,
    ),
    Rival(
        "zdm",
        ("zdm==0.9.1",),
        (("zdm", "{versions}"),),
        (("zdm", "--output-format", "json", "{versions}"),),
        by_json("diagnostics", ["rule_id"], ["path"]),
        says_nothing,
        modelled=(("zdm", "--output-format", "json", "--diff", "main"),),
    ),
    Rival(
        "lockcheck",
        ("lockcheck==0.1.0",),
        (("lockcheck", "{versions}"),),
        (("lockcheck", "{versions}"),),
        lockcheck_said,
        says_nothing,
    ),
    Rival(
        "oneport-migrate",
        ("oneport-migrate==0.3.0",),
        (("oneport-migrate", "check", "--all", "--no-llm", "{versions}"),),
        (("oneport-migrate", "check", "--all", "--no-llm", "--format", "json", "{versions}"),),
        by_json("findings", ["rule_id"], ["location", "file"]),
        oneport_revisions,
    ),
    Rival(
        "pytest-mrt (mrt check)",
        ("pytest-mrt==1.9.1",),
        (("mrt", "check", "--check-compat", "{versions}"),),
        (("mrt", "check", "--check-compat", "--format", "json", "{versions}"),),
        mrt_said,
        says_nothing,
        exits=(0, 1, 2),
    ),
    Rival(
        "alembic-migration-linter",
        ("alembic-migration-linter==0.1.4", "psycopg2-binary==2.9.13"),
        (("alembic-lint", "--no-cache", "--config", "{ini}"),),
        (("alembic-lint", "--no-cache", "--config", "{ini}"),),
        alembic_lint_said,
        counted_by(r"Valid migrations: \d+/(\d+)"),
        needs="the project installed",
    ),
    Rival(
        "alembic-squawk + squawk",
        ("alembic-squawk==0.2.1", "squawk-cli==2.70.0", "alembic", "psycopg2-binary==2.9.13"),
        (
            ("alembic-squawk", "--out-dir", "{out}"),
            ("squawk", "--assume-in-transaction", "--pg-version=15", "{out}/*.sql"),
        ),
        (
            ("alembic-squawk", "--out-dir", "{out}"),
            ("squawk", "--assume-in-transaction", "--pg-version=15", "--reporter=json", "{out}/*.sql"),
        ),
        by_json("", ["rule_name"], ["file"]),
        says_nothing,
        needs="the project installed",
        environ={"ALEMBIC_CONFIG": "{ini}"},
    ),
)


# -- the tools that run the scripts

PYTEST: tuple[Command, ...] = (("pytest", "-q", "-rfE", "--no-header", "--tb=line"),)
DRIVER = "psycopg[binary]==3.3.9"
ALEMBIC = ("alembic==1.20.1", "sqlalchemy==2.1.9", DRIVER)
LIVE = (
    Rival(
        "migrate-guard roundtrip",
        (OWN, *ALEMBIC),
        (),
        (("migrate-guard", "roundtrip", "--output-format", "json", "--scratch-url", "{url}", "--python", "{python}"),),
        by_json("findings", ["code"], ["path"]),
        counted_by(r'"revisions": (\d+)'),
    ),
    Rival(
        "pytest-mrt",
        ("pytest-mrt==1.9.1", *ALEMBIC),
        (),
        PYTEST,
        pytest_said,
        says_nothing,
        files={
            "conftest.py": (
                "from pytest_mrt import MRTConfig\n\n\ndef pytest_configure(config):\n"
                '    config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url="{url}")\n'
            )
        },
    ),
    Rival(
        "pytest-alembic",
        ("pytest-alembic==0.13.1", *ALEMBIC),
        (),
        PYTEST,
        pytest_said,
        says_nothing,
        files={
            "conftest.py": (
                "import pytest\nimport sqlalchemy\n\n\n@pytest.fixture\ndef alembic_engine():\n"
                '    engine = sqlalchemy.create_engine("{url}", poolclass=sqlalchemy.pool.NullPool)\n'
                "    with engine.begin() as connection:\n"
                '        connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE"))\n'
                '        connection.execute(sqlalchemy.text("CREATE SCHEMA public"))\n'
                "    return engine\n"
            ),
            "tests/test_migrations.py": (
                "from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade\n"
            ),
        },
    ),
)
"""Each is given the hazards that a database tells, and an empty one."""
