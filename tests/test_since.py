"""`check --since`: which revisions are under review, asked of real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from migrate_guard import engine
from migrate_guard.__main__ import run
from migrate_guard.history.graph import build
from migrate_guard.history.range import Range, added, behind
from migrate_guard.model.finding import Severity
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import CreateIndex
from migrate_guard.model.revision import Revision, StrayScript, UnreadableScript
from migrate_guard.model.source import Span
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from migrate_guard.rule import Problem, Step, rule
from tests.conftest import INI, script
from tests.repositories import VERSIONS, Repo, clone, make, price

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[1]
PRICES = ("--isolated", "--select", "float-money", "--output-format", "json")


@pytest.fixture(autouse=True)
def _plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the configuration of the machine away."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = make(tmp_path / "repo")
    monkeypatch.chdir(made.project)
    return made


Since: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def since(capsys: Capture) -> Since:
    """Return a function that gives the revisions with findings after a check that finds something, or nothing."""

    def found(word: str, *paths: str) -> list[str]:
        said = []
        for more in (["--no-cache"], [], []):
            code = run(["check", *PRICES, "--since", word, *paths, *more])
            out, err = capsys.readouterr()
            assert err == ""
            report = json.loads(out)
            assert code == (1 if report["findings"] else 0)
            said.append({**report, "elapsed_ms": 0})
        assert said[0] == said[1] == said[2], "with and without the cache"
        return [each["revision"] for each in report["findings"]]

    return found


Refused: TypeAlias = Callable[[str], str]


@pytest.fixture
def refused(capsys: Capture) -> Refused:
    """Return a function that gives what a check says that does not work."""

    def said(word: str) -> str:
        assert run(["check", *PRICES, "--since", word]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err.removesuffix("\n")

    return said


# Revisions


def test_what_comes_after_a_revision(repo: Repo, since: Since) -> None:
    repo.write(c3=price("c3", "b2"), d4=price("d4", "b2"))
    assert since("a1") == ["b2", "c3", "d4"]
    assert since("c3") == ["d4"]
    assert since("c") == ["d4"]
    assert since("heads") == []
    assert since("base") == ["a1", "b2", "c3", "d4"]


def test_a_branch_label(repo: Repo, since: Since) -> None:
    labelled = price("c3", "b2").replace("branch_labels = None", 'branch_labels = ("shop",)')
    repo.write(c3=labelled, d4=price("d4", "c3"))
    assert since("shop") == ["d4"]


ONE_FOR_ALL = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_what_several_revisions_share_is_said_of_several(repo: Repo, capsys: Capture) -> None:
    index = 'op.create_index("{0}_price", "t_a1", ["price"], unique=True)'
    repo.write(c3=script("c3", "b2", index.format("c3")), d4=script("d4", "c3", index.format("d4")))
    (repo.project / "alembic" / "env.py").write_text(ONE_FOR_ALL, encoding="utf-8")
    asked = ["check", "--isolated", "--select", "one-transaction-for-all", "--output-format", "concise"]
    said = {}
    for word in ("a1", "b2", "c3"):
        run([*asked, "--since", word])
        said[word] = capsys.readouterr().out.count("MG902")
    assert said == {"a1": 1, "b2": 1, "c3": 0}


def test_a_merge_reviews_the_other_side_too(repo: Repo, since: Since) -> None:
    merge = price("e5", None).replace("down_revision = None", 'down_revision = ("c3", "d4")')
    repo.write(c3=price("c3", "b2"), d4=price("d4", "b2"), e5=merge)
    assert since("c3") == ["d4", "e5"]


def test_an_id_goes_before_a_ref_and_a_ref_before_the_beginning_of_an_id(repo: Repo, since: Since) -> None:
    repo.write(b2_more=price("b2_more", "b2"), c3=price("c3", "b2_more"))
    repo.git("branch", "a1")
    assert since("a1") == ["b2", "b2_more", "c3"]
    assert since("b2_") == ["c3"]
    repo.git("branch", "b2_")
    assert since("b2_") == ["b2_more", "c3"]


def test_hidden_findings_are_counted(repo: Repo, capsys: Capture) -> None:
    assert run(["check", *PRICES, "--since", "a1"]) == 1
    assert json.loads(capsys.readouterr().out)["hidden"] == {"suppressed": 0, "baseline": 0, "diff": 1}
    assert run(["check", "--isolated", "--select", "float-money", "--since", "b2"]) == 0
    assert "no findings in 2 revisions of alembic, postgresql 15, head b2; hidden: 2 outside the diff" in (
        capsys.readouterr().out
    )


def test_several_environments_with_the_same_ids(repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Repo(repo.root, "other")
    other.commit(a1=price("a1", None), b2=price("b2", "a1"), c3=price("c3", "b2"))
    repo.write(c3=price("c3", "b2"))
    assert since("main", ".", "other") == ["c3"]
    other.write(d4=price("d4", "c3"))
    assert since("main", ".", "other") == ["c3", "d4"]


# Refs


def test_what_a_branch_adds(repo: Repo, since: Since) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit(c3=price("c3", "b2"))
    repo.git("checkout", "--quiet", "main")
    repo.commit(d4=price("d4", "b2"))
    repo.git("checkout", "--quiet", "topic")
    assert since("main") == ["c3"]
    assert since("topic") == []
    repo.git("merge", "--quiet", "main")
    assert since("main") == ["c3"]
    assert since("HEAD~1") == ["d4"]


def test_staged_and_untracked_scripts_count(repo: Repo, since: Since) -> None:
    repo.write(c3=price("c3", "b2"))
    repo.git("add", "--all")
    repo.write(d4=price("d4", "c3"))
    assert since("HEAD") == ["c3", "d4"]


def test_commits_tags_and_a_detached_head(repo: Repo, since: Since) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "--annotate", "--message", "v1", "v1")
    repo.commit(c3=price("c3", "b2"))
    repo.git("checkout", "--quiet", "--detach")
    for word in ("v1", first, first[:10], "main~1", "@~", "main@{0}~1"):
        assert since(word) == ["c3"]


def test_crosswise_merges_have_several_bases(repo: Repo, since: Since) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit(c3=price("c3", "b2"))
    repo.git("checkout", "--quiet", "main")
    repo.commit(d4=price("d4", "b2"))
    topic, main = repo.git("rev-parse", "topic"), repo.git("rev-parse", "main")
    repo.git("merge", "--quiet", "--no-edit", topic)
    repo.git("checkout", "--quiet", "topic")
    repo.git("merge", "--quiet", "--no-edit", main)
    repo.commit(e5=price("e5", "d4"))
    assert since("main") == ["e5"]


@pytest.mark.parametrize("name", ["zz_prices.py", "2024/b2.py", "2024/zz.py"])
def test_a_renamed_script_is_not_new(repo: Repo, since: Since, name: str) -> None:
    text = INI.format(url="postgresql://localhost/app") + "recursive_version_locations = true\n"
    (repo.project / "alembic.ini").write_text(text, encoding="utf-8")
    target = repo.versions / name
    target.parent.mkdir(exist_ok=True)
    (repo.versions / "b2.py").rename(target)
    (repo.versions / "c3.py").write_text(price("c3", "b2"), encoding="utf-8")
    assert since("main") == ["c3"]


def test_a_moved_environment_is_not_new(repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo.root / "db").mkdir()
    (repo.root / "alembic").rename(repo.root / "db" / "alembic")
    (repo.root / "alembic.ini").rename(repo.root / "db" / "alembic.ini")
    Repo(repo.root, "db").commit(c3=price("c3", "b2"))
    assert since("HEAD~1", "db") == ["c3"]


def test_a_copy_with_the_same_id_is_new(repo: Repo, capsys: Capture) -> None:
    repo.write(b2_copy=price("b2", "a1"))
    assert run(["check", "--isolated", "--select", "MG103", "--since", "main", "--output-format", "concise"]) == 1
    assert "b2_copy.py" in capsys.readouterr().out


def test_a_new_script_that_cannot_be_read_is_reported(repo: Repo, capsys: Capture) -> None:
    repo.commit(old="def (:\n")
    repo.write(new="def (:\n")
    assert run(["check", "--isolated", "--select", "MG001", "--since", "main", "--output-format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [each["path"] for each in report["findings"]] == ["alembic/versions/new.py"]
    assert report["hidden"]["diff"] == 1


def test_findings_about_the_graph_in_which_the_branch_takes_part(repo: Repo, capsys: Capture) -> None:
    repo.commit(c3=price("c3", "b2"))
    repo.write(d4=price("d4", "b2"))
    assert run(["check", "--isolated", "--select", "MG101", "--since", "main", "--output-format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [each["path"] for each in found] == ["alembic/versions/c3.py", "alembic/versions/d4.py"]


def test_an_environment_below_the_top_of_the_repository(
    tmp_path: Path, since: Since, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make(tmp_path / "mono", "services/shop")
    repo.write(c3=price("c3", "b2"))
    monkeypatch.chdir(repo.project)
    assert since("main") == ["c3"]
    monkeypatch.chdir(repo.root)
    assert since("main", "services/shop") == ["c3"]
    monkeypatch.chdir(tmp_path)
    assert since("main", "mono/services/shop") == ["c3"]


def test_through_a_link(tmp_path: Path, repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write(c3=price("c3", "b2"))
    (tmp_path / "link").symlink_to(repo.root)
    monkeypatch.chdir(tmp_path)
    assert since("main", "link") == ["c3"]


def test_a_worktree(tmp_path: Path, repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    tree.commit(c3=price("c3", "b2"))
    monkeypatch.chdir(tree.root)
    assert since("main") == ["c3"]


def test_a_submodule(tmp_path: Path, repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = Repo(tmp_path / "outer")
    outer.root.mkdir()
    outer.git("init", "--quiet", "--initial-branch=trunk")
    outer.git("submodule", "--quiet", "add", repo.root.as_uri(), "shop")
    outer.git("commit", "--quiet", "--message", "the shop")
    inner = Repo(outer.root / "shop")
    inner.commit(c3=price("c3", "b2"))
    monkeypatch.chdir(outer.root)
    assert since("origin/main", "shop") == ["c3"]


def test_the_variables_of_a_hook_lead_nowhere_else(
    tmp_path: Path, repo: Repo, since: Since, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write(c3=price("c3", "b2"))
    other = make(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    assert since("main") == ["c3"]


def test_a_shallow_clone_is_told_what_to_fetch_until_it_works(
    tmp_path: Path, repo: Repo, since: Since, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit(c3=price("c3", "b2"))
    repo.commit(d4=price("d4", "c3"))
    shallow = clone(repo, tmp_path / "shallow", "--depth=1", "--branch=topic")
    monkeypatch.chdir(shallow.root)
    said = refused("origin/main")
    assert said == (
        f"error: --since origin/main: there is no revision and no git ref of that name in {shallow.root}; "
        "run git fetch origin main:refs/remotes/origin/main"
    )
    shallow.git(*said.partition("; run git ")[2].split(), "--depth=1")
    said = refused("origin/main")
    assert said == (
        f"error: --since origin/main: the clone in {shallow.root} is too shallow to have the commit that HEAD and "
        "origin/main have in common; run git fetch --deepen=1000, or git fetch --unshallow "
        "(actions/checkout: fetch-depth: 0)"
    )
    shallow.git("fetch", "--quiet", "--deepen=1000")
    assert since("origin/main") == ["c3", "d4"]


# What does not work


def test_words_that_mean_nothing(repo: Repo, refused: Refused) -> None:
    assert refused("nothing").startswith("error: --since nothing: there is no revision and no git ref of that name")
    assert refused("main:alembic").startswith(
        "error: --since main:alembic: there is no revision and no git ref of that name"
    )
    assert refused("a1..b2").startswith("error: --since a1..b2: there is no revision and no git ref of that name")
    assert refused("").startswith("error: --since : the name is empty")
    for word in ("-n", "--all", "--output=x", "a\nb"):
        assert "is no revision, and no ref of git" in refused(word)
    assert not (repo.root / "x").exists()


def test_a_branch_that_only_the_remote_has(
    tmp_path: Path, repo: Repo, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("branch", "topic")
    other = clone(repo, tmp_path / "other")
    monkeypatch.chdir(other.root)
    assert refused("topic").endswith("; git has origin/topic")
    assert refused("release").endswith(
        "; run git fetch origin release:refs/remotes/origin/release, and name origin/release"
    )
    assert refused("f" * 40).endswith(f"; run git fetch origin {'f' * 40}")


def test_an_ambiguous_beginning_of_an_id(repo: Repo, refused: Refused) -> None:
    repo.write(c31=price("c31", "b2"), c32=price("c32", "b2"))
    assert refused("c3") == 'error: "c3" is the beginning of several revisions: c31, c32'


def test_no_repository(tmp_path: Path, since: Since, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    Repo(tmp_path).write(a1=price("a1", None), b2=price("b2", "a1"))
    monkeypatch.chdir(tmp_path)
    assert refused("main") == (f"error: --since main: {tmp_path / VERSIONS} is in no git repository; name a revision")
    assert since("a1") == ["b2"]
    assert since("b") == []


def test_nothing_is_committed(tmp_path: Path, repo: Repo, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("checkout", "--quiet", "--orphan", "new")
    assert refused("main") == (
        f"error: --since main: nothing is committed yet in {repo.root}, so there is no common commit to compare with"
    )
    repo.git("commit", "--quiet", "--message", "another beginning")
    assert refused("main") == (
        f"error: --since main: HEAD and main have no commit in common in {repo.root}; name a revision"
    )


def test_a_repository_of_another_user(repo: Repo, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    # As git's own tests do it (setup.c).
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert refused("main") == (
        f"error: --since main: git refuses to read {repo.root}, which another user owns; "
        f"run git config --global --add safe.directory {repo.root}"
    )


def migrate_guard(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)} | ({} if path is None else {"PATH": path})
    command: Sequence[str] = (sys.executable, "-m", "migrate_guard", *arguments)
    return subprocess.run(command, env=environ, capture_output=True, text=True)


def test_no_git(tmp_path: Path, repo: Repo) -> None:
    done = migrate_guard("check", *PRICES, "--since", "main", path=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --since main: git cannot be run (it is not on the PATH); install it, or name a revision\n"
    )
    for word in ("a1", "a"):
        assert migrate_guard("check", *PRICES, "--since", word, path=str(tmp_path)).returncode == 1


def test_git_is_left_alone_without_a_ref(repo: Repo) -> None:
    code = (
        "import sys; from migrate_guard.__main__ import run; run(['check', '--isolated']);"
        "print('migrate_guard.reading.git' in sys.modules, 'subprocess' in sys.modules)"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.splitlines()[-1] == "False False"


# What the range creates is new


def test_a_table_that_the_range_creates_is_not_in_use(repo: Repo, capsys: Capture) -> None:
    create = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    demand = 'op.add_column("orders", sa.Column("total", sa.Integer(), nullable=False))'
    undo = 'op.drop_column("orders", "total")'
    repo.write(c3=script("c3", "b2", create, 'op.drop_table("orders")'), d4=script("d4", "c3", demand, undo))
    both = ("check", "--isolated", "--select", "MG406", "--output-format", "concise")
    assert run([*both]) == 1
    assert run([*both, "--since", "c3"]) == 1
    assert run([*both, "--since", "b2"]) == 0
    assert run([*both, "--since", "main"]) == 0
    repo.write(e5=script("e5", "b2", demand.replace("orders", "t_b2"), undo.replace("orders", "t_b2")))
    capsys.readouterr()
    assert run([*both, "--since", "main"]) == 1
    assert capsys.readouterr().out.startswith("alembic/versions/e5.py")


def test_a_table_of_another_branch_of_the_range_is_not_new(repo: Repo) -> None:
    create = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), if_not_exists=True)'
    demand = 'op.add_column("orders", sa.Column("total", sa.Integer(), nullable=False))'
    repo.write(c3=script("c3", "b2", create), d4=script("d4", "b2", demand))
    assert run(["check", "--isolated", "--select", "MG406", "--since", "b2"]) == 1


def test_a_column_that_the_range_adds_is_not_in_use(repo: Repo) -> None:
    make = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Text()))'
    add = 'op.add_column("orders", sa.Column("b", sa.Text()))'
    repo.write(
        c3=script("c3", "b2", make),
        d4=script("d4", "c3", add),
        e5=script("e5", "d4", 'op.drop_column("orders", "b")'),
    )
    drops = ("check", "--isolated", "--select", "MG402", "--fail-on", "warning")
    assert run([*drops]) == 1
    assert run([*drops, "--since", "d4"]) == 1
    assert run([*drops, "--since", "c3"]) == 0
    repo.write(e5=script("e5", "d4", 'op.drop_column("orders", "a")'))
    assert run([*drops, "--since", "c3"]) == 1


def test_statements_know_what_the_range_has_created(repo: Repo) -> None:
    without = price("d4", "c3").partition("def upgrade")[0] + "def downgrade():\n    pass\n"
    index = 'op.create_index("ix", "t_{}", ["id"])'
    repo.write(c3=price("c3", "b2"), d4=without, e5=script("e5", "d4", index.format("c3"), 'op.drop_index("ix")'))
    asked: dict[str, tuple[bool, bool]] = {}

    @rule("MG999", on=(CreateIndex, Statement[CreateIndex]), severity=Severity.INFO)
    def spy(asking: Step[CreateIndex] | Statement[CreateIndex]) -> Iterator[Problem]:
        asked[type(asking).__name__] = (asking.is_new(QualifiedName("t_c3")), asking.is_new(QualifiedName("t_b2")))
        yield from ()

    (found,) = discover([repo.project], cwd=repo.project, environ={}).environments
    reading = engine.read(found, Target.default(), repo.project)
    for base, new in (("b2", (True, False)), ("c3", (False, False)), ("a1", (True, True))):
        engine.check(reading, [spy], under_review=behind(reading.history, (base,)))
        assert asked == {"Step": new, "Statement": new}
    engine.check(reading, [spy])
    assert asked == {"Step": (False, False), "Statement": (False, False)}


# The range by itself


def a_revision(name: str, *down: str, path: str = "") -> Revision:
    path = path or f"{name}.py"
    return Revision(name, path, Span(path, 1, 1, 1, 2), down)


HISTORY = build(
    [a_revision("a1"), a_revision("b2", "a1"), a_revision("c3", "b2"), a_revision("c3", "b2", path="copy.py")],
    [UnreadableScript(Span("broken.py", 1, 1, 1, 2), "it is broken")],
    [StrayScript(Span("stray.py", 1, 1, 1, 2))],
)


def test_a_range_has_every_script_on_one_side() -> None:
    assert behind(HISTORY, ("b2",)) == Range(
        frozenset({"c3"}),
        frozenset({"c3.py", "copy.py", "broken.py", "stray.py"}),
        frozenset({"a1.py", "b2.py"}),
    )
    assert behind(HISTORY, ("c3",)).scripts == {"copy.py", "broken.py", "stray.py"}
    assert behind(HISTORY, ()).settled == frozenset()
    assert added(HISTORY, {"a1.py", "b2.py", "broken.py"}, {"b2.py"}, {"gone.py"}) == Range(
        frozenset({"c3"}),
        frozenset({"c3.py", "copy.py", "stray.py"}),
        frozenset({"a1.py", "b2.py", "broken.py"}),
        moved=frozenset({"b2.py"}),
        deleted=frozenset({"gone.py"}),
    )
