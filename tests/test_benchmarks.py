"""The benchmarks run; what they measure is not judged here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from benchmarks.oracle import judged, statements
from benchmarks.reflection import postgresql_schema
from migrate_guard.engine import histories
from migrate_guard.model.finding import Severity
from tests import servers
from tests.checking import check
from tests.reading import sql_oracle

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
REVISIONS = 40


def start(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command line of this Python."""
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True)


def run(script: str, *arguments: str | Path) -> str:
    """Run a script of the benchmarks and return what it prints."""
    done = start(BENCHMARKS / script, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a short history."""
    directory = tmp_path_factory.mktemp("benchmarks") / "history"
    run("generate_history.py", directory, "--revisions", str(REVISIONS))
    return directory


def contents(directory: Path) -> dict[str, str]:
    versions = directory / "migrations" / "versions"
    return {path.name: path.read_text(encoding="utf-8") for path in versions.glob("*.py")}


def test_alembic_loads_the_generated_history(history: Path) -> None:
    scripts = ScriptDirectory.from_config(Config(str(history / "alembic.ini")))
    walked = list(scripts.walk_revisions())
    assert len(walked) == REVISIONS
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1


def test_alembic_runs_the_generated_history(history: Path) -> None:
    """Both ways, offline: every script is executed, and what it builds is compiled."""
    for direction in (("upgrade", "head"), ("downgrade", "head:base")):
        done = start("-m", "alembic", *direction, "--sql", cwd=history)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("-- Running ") == REVISIONS


def test_check_understands_the_generated_history(history: Path) -> None:
    report = check(history)
    assert report.revisions == REVISIONS
    assert report.operations > REVISIONS
    assert report.opaque == ()
    # it is long, not careful: what it does to locks is found
    errors = {each.code for each in report.findings if each.severity >= Severity.ERROR}
    assert errors
    assert all(code.startswith("MG3") for code in errors)


def test_the_generated_history_is_mixed_and_always_the_same(history: Path, tmp_path: Path) -> None:
    run("generate_history.py", tmp_path / "again", "--revisions", str(REVISIONS))
    scripts = contents(tmp_path / "again")
    assert scripts == contents(history)
    texts = "".join(scripts.values())
    for each in ("op.create_table(", "op.add_column(", "op.batch_alter_table(", "op.execute(", "for table_name in "):
        assert each in texts
    upgrades = [text.partition("def downgrade")[0] for text in scripts.values()]
    assert {each.count("sa.Column(") for each in upgrades if "op.create_table(" in each} == {14}


def test_a_directory_in_use_is_left_alone(history: Path) -> None:
    before = contents(history)
    done = start(BENCHMARKS / "generate_history.py", history)
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert contents(history) == before


def test_cold_prints_a_ratio(history: Path) -> None:
    """That it is measured, not how it turns out."""
    printed = run("cold.py", history, "--runs", "1")
    assert printed.startswith(f"{REVISIONS} scripts, 1 runs of each")
    assert re.search(r"^ratio: \d+\.\d\d wall, \d+\.\d\d CPU$", printed, re.MULTILINE)
    assert "empty project" in printed


def test_warm_prints_ratios() -> None:
    printed = run("warm.py", "--runs", "1", "--revisions", "12")
    for way in ("alembic history", "check, nothing new", "check, one new revision", "check --since main, nothing new"):
        assert re.search(rf"^{way} +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+$", printed, re.MULTILINE), printed


def test_cold_profiles(history: Path) -> None:
    printed = run("cold.py", history, "--profile")
    assert "Ordered by: internal time" in printed
    assert re.search(r"migrate_guard/\w+/\w+\.py:\d+\(\w+\)", printed)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A package of the pinned list as it would be unpacked, with one script instead of five."""
    versions = tmp_path / "aim" / "aim" / "web" / "migrations" / "versions"
    versions.mkdir(parents=True)
    text = (
        "from alembic import op\nrevision = 'a1'\ndown_revision = None\ndef upgrade():\n    op.drop_table('things')\n"
    )
    (versions / "a1.py").write_text(text, encoding="utf-8")
    return tmp_path


def test_corpus_counts_and_complains_of_missing_revisions(corpus: Path, tmp_path: Path) -> None:
    key, findings = "aim__pypi_aim_aim_web_migrations", tmp_path / "findings.txt"
    done = start(BENCHMARKS / "corpus.py", "--corpus", corpus, "--only", key, "--findings", findings)
    assert done.returncode == 1, done.stderr
    assert f"{key}: has 1 revisions, not 5" in done.stdout
    assert "1  MG201 missing-downgrade (in 1 histories)" in done.stdout
    assert findings.read_text(encoding="utf-8").startswith(f"{key} aim/web/migrations/versions/a1.py:")


def test_pull_requests_judge_a_revision_on_its_day(corpus: Path, tmp_path: Path) -> None:
    """What a later revision mends was said when the earlier one was new; what an earlier one says is not said again."""
    key, findings = "aim__pypi_aim_aim_web_migrations", tmp_path / "findings.txt"
    versions = corpus / "aim" / "aim" / "web" / "migrations" / "versions"
    script = "import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = {revision!r}, {down!r}\n"
    script += "def upgrade():\n    {upgrade}\ndef downgrade():\n    raise NotImplementedError\n"
    child = 'op.create_table("c", sa.Column("id", sa.Integer, primary_key=True), '
    child += 'sa.Column("things", sa.Integer, sa.ForeignKey("things.id")))'
    index = 'op.create_index("ix", "c", ["things"])'
    for revision, down, upgrade in (("b2", "a1", child), ("c3", "b2", index)):
        text = script.format(revision=revision, down=down, upgrade=upgrade)
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
    done = start(BENCHMARKS / "pull_requests.py", "--corpus", corpus, "--only", key, "--findings", findings)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "1 histories, 3 revisions" in done.stdout
    assert "| MG602 unindexed-foreign-key | warning | 1 | 33.33 | 1 |" in done.stdout
    assert "| MG301 index-blocks-writes | error | 1 | 33.33 | 1 |" in done.stdout
    told = findings.read_text(encoding="utf-8")
    assert f"{key} aim/web/migrations/versions/b2.py" in told
    assert told.count(" MG201 ") == 1


def test_corpus_says_what_is_not_there(tmp_path: Path) -> None:
    done = start(BENCHMARKS / "corpus.py", "--corpus", tmp_path, "--only", "anitya")
    assert done.returncode == 1
    assert "anitya: not fetched" in done.stdout


LIVE = {
    "a1": "op.create_table('things', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(9)))",
    "b2": "op.drop_table('nothing')",
    "c3": "print('noise'); op.create_index('ix', 'things', ['name'])",
    "d4": "eval('op.drop_index')('ix')",
}
"""What the upgrades of a history do: the second fails, and the last one is beyond reading."""


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_live_runs_a_history_and_compares_after_every_revision(tmp_path: Path, dialect: str) -> None:
    if dialect == "postgresql":
        servers._newest_postgresql()
    key, versions = "aim__pypi_aim_aim_web_migrations", tmp_path / "aim" / "aim" / "web" / "migrations" / "versions"
    versions.mkdir(parents=True)
    down = None
    for revision, upgrade in LIVE.items():
        head = f"import sqlalchemy as sa\nfrom alembic import op\nimport absent_module\nrevision = {revision!r}\n"
        text = f"{head}down_revision = {down!r}\ndef upgrade():\n    {upgrade}\n"
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
        down = revision
    differences = tmp_path / "differences.txt"
    options: list[str | Path] = ["--dialect", dialect, "--every-revision", "--differences", differences]
    printed = run("live.py", "--corpus", tmp_path, "--only", key, *options)
    row = next(line for line in printed.splitlines() if line.startswith(key[:50]))
    assert row.split()[1:3] == ["3/4", "2/3"]
    assert "stand-ins; b2: " in row
    assert [each.split(":")[0] for each in differences.read_text(encoding="utf-8").splitlines()] == [
        f"{dialect} {key} d4 extra index things.ix"
    ]


DDL = """
CREATE SCHEMA other;
CREATE TYPE other.mood AS ENUM ('sad', 'ok');
CREATE TABLE other.t (id serial PRIMARY KEY, m other.mood[], n numeric(5,2) CONSTRAINT positive CHECK (n > 0));
CREATE TABLE a (
    id int GENERATED BY DEFAULT AS IDENTITY, b int REFERENCES other.t ON DELETE CASCADE, c character varying(5) UNIQUE,
    g int GENERATED ALWAYS AS (b + 1) STORED, at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE UNIQUE INDEX ix ON a (lower(c), b) INCLUDE (g) WHERE b > 0;
CREATE MATERIALIZED VIEW v AS SELECT 1;
CREATE TABLE p (k int) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE alembic_version (version_num text);
"""


def column_form(kind: str, **others: object) -> dict[str, object]:
    return {"type": kind, "nullable": True, "default": None, "identity": False, "computed": False, **others}


def test_a_live_postgresql_is_reflected_into_the_form_of_schema(tmp_path: Path) -> None:
    with servers.postgresql(tmp_path) as server, server.connect() as connection:
        connection.execute(DDL)
        form = postgresql_schema(connection)
    assert list(form["tables"]) == ["a", "other.t", "p", "p1"]
    assert (form["enums"], form["views"], form["sequences"]) == (
        {"other.mood": ["sad", "ok"]},
        ["v"],
        ["a_id_seq", "other.t_id_seq"],
    )
    assert [each["partition"] for each in form["tables"].values()] == [False, False, False, True]
    a, t = form["tables"]["a"], form["tables"]["other.t"]
    assert a["columns"] == {
        "id": column_form("INTEGER", nullable=False, identity=True),
        "b": column_form("INTEGER"),
        "c": column_form("VARCHAR(5)"),
        "g": column_form("INTEGER", computed=True),
        "at": column_form("TIMESTAMP(3) WITH TIME ZONE", nullable=False, default="now()"),
    }
    assert a["foreign_keys"] == [
        {
            "name": "a_b_fkey",
            "columns": ["b"],
            "referred_table": "other.t",
            "referred_columns": ["id"],
            "ondelete": "CASCADE",
        }
    ]
    assert a["unique_constraints"] == [{"name": "a_c_key", "columns": ["c"]}]
    assert a["indexes"] == [
        {
            "name": "ix",
            "columns": ["lower(c::text)", "b"],
            "unique": True,
            "where": "(b > 0)",
            "method": "btree",
        }
    ]
    assert t["primary_key"] == {"name": "t_pkey", "columns": ["id"]}
    assert t["check_constraints"] == [{"name": "positive", "sqltext": "n > 0::numeric"}]
    assert [each["type"] for each in t["columns"].values()] == ["INTEGER", "other.mood[]", "NUMERIC(5, 2)"]


def test_ddl_prints_runs_and_reads_back(corpus: Path, tmp_path: Path) -> None:
    key, differences = "aim__pypi_aim_aim_web_migrations", tmp_path / "differences.txt"
    versions = corpus / "aim" / "aim" / "web" / "migrations" / "versions"
    text = (
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a1'\ndown_revision = None\ndef upgrade():\n"
        "    op.create_table('made', sa.Column('id', sa.Integer(), primary_key=True))\n"
        "    op.add_column('given', sa.Column('a', sa.Text()))\n"
    )
    (versions / "a1.py").write_text(text, encoding="utf-8")
    (tmp_path / "truth_sqlite").mkdir()
    (tmp_path / "truth_sqlite" / f"{key}.sql").touch()
    chosen = ("--corpus", corpus, "--truth", tmp_path, "--only", key, "--dialect", "sqlite")
    printed = run("ddl.py", *chosen, "--differences", differences)
    assert printed.splitlines()[-1].split() == ["1", "histories", "8", "0", "1", "5", "3", "2", "0", "0"]
    assert differences.read_text(encoding="utf-8").splitlines() == [
        f"sqlite {key} explained extra table given (doubted)",
        f"sqlite {key} explained extra column given.a: type text, nullable yes, default no",
    ]


def test_the_corpus_is_pinned() -> None:
    entries = json.loads((BENCHMARKS / "corpus.json").read_text(encoding="utf-8"))
    assert len({each["key"] for each in entries}) == len(entries) == 81
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.]*", each["package"]) for each in entries)
    assert all(each["revisions"] >= 1 and each["heads"] and each["versions"] for each in entries)


def test_scale_measures_and_draws(tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    printed = run("scale.py", "--revisions", "2", "--revisions", "6", "--runs", "1", "--svg", picture)
    assert printed.count("2 revisions") == printed.count("6 revisions") == 2
    assert printed.count("to the power of") == 2
    assert ElementTree.fromstring(picture.read_text(encoding="utf-8")).tag.endswith("svg")


def test_a_history_longer_than_the_trees_that_are_kept(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = check(history)
    monkeypatch.setattr(histories, "MAXIMUM_TREES", 3)
    again = check(history)
    assert (again.findings, again.opaque, again.operations) == (whole.findings, whole.opaque, whole.operations)
    assert whole.operations > REVISIONS


def test_the_oracle_tells_what_is_read_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(judged("UPDATE users SET name = lower(name) WHERE id > 3")) == []
    monkeypatch.setattr(sql_oracle, "_KINDS", {"select_stmt": ("UPDATE",)})
    assert [kind for kind, _ in judged("SELECT id FROM users")] == ["of another kind"]
    counts: Counter[str] = Counter()
    assert list(statements("SELECT :a; SELECT ''", counts)) == ["SELECT $1", "SELECT ''"]
    assert list(statements("SELEC", counts)) == []
    assert counts == {"refused by PostgreSQL": 1}
