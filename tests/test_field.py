"""The comparison with other tools: what they print is read right, and what is planted is what its names say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from benchmarks.field import TREES, Measured, print_tree, shortened
from benchmarks.opening import EVENT, Opened, names
from benchmarks.planting import FAILS, Hazard, Kind, judged, plant, read_hazards
from benchmarks.rival_runs import Run, Subject, has_failed, run, what_is_wrong
from benchmarks.rivals import LIVE, OWN, RIVALS, Rival, Said
from tests.checking import check

HAZARDS = read_hazards()
BY_NAME = {each.name: each for each in RIVALS}
PRINTED = {
    "migrate-guard": (
        '{"findings": [{"code": "MG301", "path": "migrations/versions/b2.py"}], "revisions": 12}',
        [Said("MG301", "migrations/versions/b2.py")],
        12,
    ),
    "alembic-guard": (
        '[{"path": "migrations/versions/b2.py", "rule": "AG002"}]',
        [Said("AG002", "migrations/versions/b2.py")],
        None,
    ),
    "zdm": (
        '{"diagnostics": [{"rule_id": "R016", "path": "versions/b2.py", "help": null}], "summary": {"total": 1}}',
        [Said("R016", "versions/b2.py")],
        None,
    ),
    "lockcheck": (
        (
            "versions/b2.py\n   841  LC002  CREATE INDEX without CONCURRENTLY\n            The table takes\n"
            "            a lock in versions/b2.py\n   900  LC006  a constraint\n\n\n2 problems found.\n"
        ),
        [Said("LC002", "versions/b2.py"), Said("LC006", "versions/b2.py")],
        None,
    ),
    "oneport-migrate": (
        '{"files_checked": ["b1.py", "b2.py"], "findings": [{"rule_id": "OPM012", "location": {"file": "b2.py"}}]}',
        [Said("OPM012", "b2.py")],
        2,
    ),
    "pytest-mrt (mrt check)": (
        '{"findings": [{"file": "b2.py", "rule": "MRT407"}, {"file": null, "rule": "", "pattern": "Data hole chain"}]}',
        [Said("MRT407", "b2.py"), Said("Data hole chain", "")],
        None,
    ),
    "alembic-migration-linter": (
        (
            "(b1)... OK\n(b2)... ERR\n\tNOT_NULL\n\tDROP_COLUMN\n(b3)... WARNING\n\tCREATE_INDEX\n\n*** Summary ***\n"
            "Valid migrations: 1/3\nErroneous migrations: 1/3\n"
        ),
        [Said("NOT_NULL", "b2"), Said("DROP_COLUMN", "b2"), Said("CREATE_INDEX", "b3")],
        3,
    ),
    "alembic-squawk + squawk": (
        '[{"file": "out/b2.sql", "rule_name": "require-lock-timeout", "level": "Warning"}]',
        [Said("require-lock-timeout", "out/b2.sql")],
        None,
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_what_a_tool_prints_is_read(name: str) -> None:
    printed, said, revisions = PRINTED[name]
    assert BY_NAME[name].said(printed) == said
    assert BY_NAME[name].revisions(printed) == revisions


def test_every_tool_is_pinned_and_tried() -> None:
    assert set(PRINTED) == {each.name for each in RIVALS if not each.is_cached}
    for rival in (*RIVALS, *LIVE):
        assert rival.requirements[0] == OWN or "==" in rival.requirements[0]


def test_the_tests_that_fail_are_what_pytest_says() -> None:
    printed = (
        "FAILED tests/test_migrations.py::test_upgrade - sqlalchemy.exc.OperationalError\n"
        "ERROR ::default_tests.py::test_mrt_upgrade\n2 failed, 1 passed in 1.05s\n"
    )
    assert LIVE[1].said(printed) == [Said("test_upgrade", ""), Said("test_mrt_upgrade", "")]


def test_nothing_printed_is_no_finding() -> None:
    assert BY_NAME["zdm"].said("") == []


def test_the_trees_are_in_the_corpus() -> None:
    assert [each.entry.package for each in TREES] == [
        "apache-airflow-core==3.3.2",
        "apache-superset==6.1.0",
        "ckan==2.12.0",
    ]


# -- running


def rival(*commands: tuple[str, ...], exits: tuple[int, ...] = (0, 1)) -> Rival:
    return Rival("a tool", ("tool==1",), commands, commands, lambda text: [], lambda text: None, exits=exits)


def program(directory: Path, text: str) -> Path:
    """Make a program `tool` and return the directory of programs."""
    path = directory / "bin" / "tool"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path.parent


def test_times_of_commands_are_added_and_the_last_one_speaks(tmp_path: Path) -> None:
    tool = rival(("tool", "{versions}"), ("tool", "{ini}"))
    programs = program(tmp_path, "import sys; print(sys.argv[1])")
    done = run(tool.timed, programs, Subject(tmp_path, "migrations", "alembic.ini"), {})
    assert (done.printed, done.is_complete) == ("alembic.ini\n", True)
    assert done.cpu > 0
    assert done.wall > 0
    assert not has_failed(tool, done)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("import sys; sys.exit('Error: no such directory')", "Error: no such directory"),
        ("raise ValueError('two heads')", "ValueError: two heads"),
    ],
)
def test_a_command_that_fails_ends_the_run(tmp_path: Path, text: str, wrong: str) -> None:
    tool = rival(("tool",), ("tool",))
    done = run(tool.timed, program(tmp_path, text), Subject(tmp_path, "migrations", "alembic.ini"), {})
    assert has_failed(tool, done)
    assert what_is_wrong(done.complained) == wrong


def test_a_traceback_is_a_failure_whatever_the_exit_code(tmp_path: Path) -> None:
    """Python ends with 1 after an exception, and so do linters after a finding."""
    tool = rival(("tool",))
    done = run(tool.timed, program(tmp_path, "1 / 0"), Subject(tmp_path, "migrations", "alembic.ini"), {})
    assert done.code == 1
    assert has_failed(tool, done)


def test_tables_have_a_row_a_tool(capsys: pytest.CaptureFixture[str]) -> None:
    runs = tuple(Run(wall, wall / 2, 0, "") for wall in (1.0, 3.0, 2.0))
    first, second, third = RIVALS[0], RIVALS[2], RIVALS[3]
    print_tree(
        {
            first: Measured(runs, 1200, 124, 124),
            second: Measured(tuple(Run(each.wall, each.cpu / 4, 0, "") for each in runs), 7, None, 3),
            third: Measured(problem="cannot be installed"),
        }
    )
    assert capsys.readouterr().out.splitlines()[2:5] == [
        "| migrate-guard | 2.00 | 1.00 | 1.00 | 1,200 | 124 | 124 |  |",
        "| alembic-guard | 2.00 | 0.25 | 0.25 | 7 | - | 3 |  |",
        "| zdm | - | - | - | - | - | - | cannot be installed |",
    ]


def test_a_message_fits_a_cell() -> None:
    assert shortened("a |\n  `b`") == "a / 'b'"
    assert len(shortened("x" * 500)) == 160


def test_the_kernel_tells_which_scripts_are_opened(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "__init__.py", "README"):
        (tmp_path / name).touch()
    with Opened(tmp_path) as opened:
        for name in ("a.py", "a.py", "__init__.py", "README"):
            (tmp_path / name).read_text(encoding="utf-8")
        os.listdir(tmp_path)
    assert opened.scripts() == (1 if sys.platform == "linux" else None)


def test_events_are_read() -> None:
    event = EVENT.pack(1, 0x20, 0, 16) + b"b2.py".ljust(16, b"\0")
    assert list(names(event + EVENT.pack(1, 0x20, 0, 0) + event)) == ["b2.py", "", "b2.py"]


# -- the hazards


@pytest.mark.parametrize("kind", ["hazard", "twin"])
@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda each: each.name)
def test_what_we_say_of_a_planted_hazard(hazard: Hazard, kind: Kind, tmp_path: Path) -> None:
    """Alembic loads it; the hazard is found and the twin is not."""
    planted = plant(hazard, kind, tmp_path)
    scripts = ScriptDirectory.from_config(Config(str(tmp_path / "alembic.ini")))
    assert {each.revision for each in scripts.walk_revisions()} >= set(planted.revisions)
    report = check(tmp_path, models=["app.models:Base"], since="main") if hazard.has_models else check(tmp_path)
    said = list(planted.about(Said(each.code, str(each.span.path)) for each in report.findings))
    found = {each.rule for each in said} & hazard.means
    assert bool(found) == (kind == "hazard")
    if hazard.forks and kind == "hazard":
        with pytest.raises(CommandError, match="multiple heads"):
            scripts.get_current_head()


def test_verdicts() -> None:
    means = frozenset({"A1", FAILS})
    a, b = Said("A1", "x.py"), Said("B1", "x.py")
    assert str(judged(means, [a, b], [b])) == "caught"
    assert str(judged(means, [b], [])) == "missed"
    assert str(judged(means, [a], [a, b])) == "caught, false alarm"
    assert str(judged(means, None, [])) == "by failing"
    assert str(judged(means, [a], None)) == "fails"
    assert judged(means, [a], [a, b]).beside == 1


def test_only_what_is_said_of_the_planted_revisions_counts(tmp_path: Path) -> None:
    planted = plant(HAZARDS[0], "hazard", tmp_path)
    about = [Said("A1", f"versions/{planted.revisions[0]}_planted.py"), Said("A1", "")]
    assert list(planted.about([*about, Said("A1", "versions/0a00000000aa_given.py")])) == about


def test_rules_are_named_once_a_hazard() -> None:
    """A rule of ours that does not exist would be a hazard that nobody could catch."""
    from migrate_guard.rules import load_rules

    ours = {each.code for each in load_rules()}
    for hazard in HAZARDS:
        named = {each for each in hazard.means if each.startswith("MG")}
        assert named, hazard.name
        assert named <= ours
    assert len({each.name for each in HAZARDS}) == len(HAZARDS)
