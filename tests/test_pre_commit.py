"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit and prek in real git repositories."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import yaml_files
from tests.conftest import script
from tests.repositories import Repo, make, price

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
CONFIG = ".pre-commit-config.yaml"
TOOLS = ("pre-commit", "prek")
OURS = f"{shlex.quote(sys.executable)} -m migrate_guard "
NOTE = 'op.add_column("t_a1", sa.Column("note", sa.Text()))', 'op.drop_column("t_a1", "note")'
FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Hooked:
    """A repository with the two hooks, and what runs them."""

    repo: Repo
    tool: str

    def environment(self) -> dict[str, str]:
        home = str(self.repo.root.parent / "home")
        author = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c"}
        committer = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}
        homes = {"PRE_COMMIT_HOME": home, "PREK_HOME": home, "PYTHONPATH": str(ROOT)}
        return {**os.environ, **author, **committer, **homes}

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the hooks, by default on what is staged."""
        return self.call(str(Path(sys.executable).parent / self.tool), "run", *arguments)

    def call(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command, cwd=self.repo.root, env=self.environment(), capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def configure(self, files: str = "", graph: Sequence[str] = ()) -> None:
        """Write a configuration with the hooks of the manifest, installed already as those of `language: system`."""
        hooks = yaml_files.load(MANIFEST)
        for each in hooks:
            program, _, rest = each["entry"].partition(" ")
            assert program == "migrate-guard"
            each |= {"entry": OURS + rest, "language": "system"}
        hooks[0] |= {"files": files or hooks[0]["files"]}
        hooks[1] |= {"args": list(graph)}
        yaml_files.dump({"repos": [{"repo": "local", "hooks": hooks}]}, self.repo.root / CONFIG)

    def stage(self, **scripts: str) -> None:
        self.repo.write(**scripts)
        self.repo.git("add", "--all")


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def hooked(root: Path, tool: str, project: str = "") -> Hooked:
    """Make a repository with a1 and b2, which have a finding each, and the hooks."""
    made = Hooked(make(root / "repository", project), tool)
    made.configure()
    made.repo.commit()
    return made


def result(said: str, name: str) -> str:
    """What the line of a hook ends with: Passed, Failed, or Skipped."""
    (line,) = (line for line in said.splitlines() if line.startswith(f"{name}."))
    return line.rpartition(".")[2].rpartition(")")[2].strip()


def graph_and_files(said: str) -> tuple[str, str]:
    return result(said, "migrate-guard"), result(said, "migrate-guard (graph)")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_manifest_is_valid(tool: str) -> None:
    command = [str(Path(sys.executable).parent / tool), "validate-manifest", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_file_with_a_finding(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.stage(c3=price("c3", "b2"))
    code, said = made.run()
    assert code == 1
    assert graph_and_files(said) == (FAILED, "Passed")
    # What lies in other files is not reported, and the frame is readable.
    assert "alembic/versions/c3.py:" in said
    assert "error MG603 float-money" in said
    assert "^^^^" in said
    assert "versions/a1.py:" not in said
    assert "\x1b" not in said


def test_a_changed_file_without_findings(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.stage(c3=script("c3", "b2", *NOTE))
    code, said = made.run()
    assert code == 0, said
    assert graph_and_files(said) == ("Passed", "Passed")


def test_all_files(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    code, said = made.run("--all-files")
    assert code == 1
    assert said.count("error MG603") == 2
    # One run reads the history for all files, however many there are.
    assert said.count(" in 2 revisions of ") == 1
    assert graph_and_files(said) == (FAILED, "Passed")


def test_a_renamed_revision(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.repo.git("mv", "alembic/versions/b2.py", "alembic/versions/b2_renamed.py")
    code, said = made.run()
    assert code == 1
    assert "alembic/versions/b2_renamed.py:" in said
    assert graph_and_files(said) == (FAILED, "Passed")


def test_a_deleted_revision_that_others_follow(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.repo.git("rm", "--quiet", "alembic/versions/a1.py")
    code, said = made.run()
    assert code == 1
    assert graph_and_files(said) == ("Skipped", FAILED)
    assert "broken-down-revision" in said


def test_a_deleted_head(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.repo.git("rm", "--quiet", "alembic/versions/b2.py")
    code, said = made.run()
    assert code == 0, said


def test_a_project_in_a_subdirectory(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool, "services/shop")
    made.stage(c3=price("c3", "b1"))
    code, said = made.run()
    assert code == 1
    assert "services/shop/alembic/versions/c3.py:" in said
    assert "broken-down-revision" in said
    assert graph_and_files(said) == (FAILED, FAILED)


def test_the_settings_of_a_subdirectory(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool, "services/shop")
    made.stage(c3=script("c3", "b1", *NOTE))
    text = '[per-file-ignores]\n"c3.py" = ["MG102"]\n"*.py" = ["MG101"]\n'
    (made.repo.project / "migrate-guard.toml").write_text(text, encoding="utf-8")
    assert graph_and_files(made.run()[1]) == ("Passed", FAILED)
    made.configure(graph=("services/shop",))
    made.repo.git("add", "--all")
    code, said = made.run()
    assert code == 0, said


def test_what_the_graph_hook_is_not_to_say(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.stage(c3=script("c3", "b2", *NOTE), d4=script("d4", "b2"))
    code, said = made.run("migrate-guard-graph")
    assert code == 1
    assert "MG101 multiple-heads" in said
    made.configure(graph=("--ignore", "multiple-heads"))
    made.repo.git("add", "--all")
    code, said = made.run("migrate-guard-graph")
    assert code == 0, said


def test_a_directory_of_another_name(tmp_path: Path, tool: str) -> None:
    made = Hooked(make(tmp_path / "repository"), tool)
    made.repo.git("mv", "alembic/versions", "db_changes")
    ini = made.repo.project / "alembic.ini"
    ini.write_text(ini.read_text(encoding="utf-8") + "version_locations = %(here)s/db_changes\n", encoding="utf-8")
    made.repo.git("add", "--all")
    made.repo.git("commit", "--quiet", "--message", "elsewhere")
    changed = made.repo.root / "db_changes" / "c3.py"
    changed.write_text(price("c3", "b2"), encoding="utf-8")
    made.configure()
    made.repo.git("add", "--all")
    assert graph_and_files(made.run()[1]) == ("Skipped", "Passed")
    made.configure(files="^db_changes/")
    made.repo.git("add", "--all")
    code, said = made.run()
    assert code == 1
    assert "db_changes/c3.py:" in said


def test_what_is_staged_counts(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    made.stage(c3=script("c3", "b2", *NOTE))
    made.repo.write(c3=price("c3", "b2"))
    assert made.run()[0] == 0
    made.stage()
    made.repo.write(c3=script("c3", "b2", *NOTE))
    code, said = made.run()
    assert code == 1
    assert "error MG603" in said


def test_a_merge_of_two_branches(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    program = str(Path(sys.executable).parent / tool)
    installed = made.call(program, "install", "--hook-type", "pre-commit", "--hook-type", "pre-merge-commit")
    assert installed[0] == 0, installed[1]
    made.repo.git("checkout", "--quiet", "-b", "side")
    made.stage(c3=script("c3", "b2", *NOTE))
    assert made.call("git", "commit", "--quiet", "--message", "c3")[0] == 0
    made.repo.git("checkout", "--quiet", "main")
    other = script("d4", "b2", NOTE[0].replace("note", "text"), NOTE[1].replace("note", "text"))
    made.stage(d4=other)
    assert made.call("git", "commit", "--quiet", "--message", "d4")[0] == 0
    code, said = made.call("git", "merge", "--quiet", "--no-edit", "side")
    assert code == 1
    assert "MG101 multiple-heads" in said
    made.stage(e5=script("e5", "c3").replace("down_revision = 'c3'", 'down_revision = ("c3", "d4")'))
    code, said = made.call("git", "commit", "--quiet", "--message", "merge")
    assert code == 0, said
    assert made.repo.git("log", "-1", "--format=%P").count(" ") == 1


@pytest.mark.parametrize("file", ["alembic/versions/__init__.py", "tools/versions/numbers.py", "versions/empty.py"])
def test_a_file_that_is_no_revision(tmp_path: Path, tool: str, file: str) -> None:
    made = hooked(tmp_path, tool)
    path = made.repo.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("" if "empty" in file else "VERSION = 1\n", encoding="utf-8")
    made.repo.git("add", "--all")
    code, said = made.run()
    assert code == 0, said
    assert graph_and_files(said) == ("Passed", "Passed")


def test_a_mistake_in_the_settings_is_one_line(tmp_path: Path, tool: str) -> None:
    made = hooked(tmp_path, tool)
    (made.repo.root / "migrate-guard.toml").write_text('dialect = "postgres"\n', encoding="utf-8")
    made.stage(c3=script("c3", "b2", *NOTE))
    code, said = made.run()
    assert code == 1
    assert graph_and_files(said) == (FAILED, FAILED)
    assert "exit code: 2" in said
    assert "migrate-guard.toml" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("tool", TOOLS)
def test_the_recipe_names_the_hooks(tool: str) -> None:
    recipe = ROOT / "docs" / "recipes" / "pre-commit-config.yaml"
    command = [str(Path(sys.executable).parent / tool), "validate-config", str(recipe)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (repository,) = yaml_files.load(recipe)["repos"]
    assert [each["id"] for each in repository["hooks"]] == [each["id"] for each in yaml_files.load(MANIFEST)]


@pytest.mark.slow
def test_the_hooks_install_from_a_clone(tmp_path: Path, tool: str) -> None:
    made = Hooked(make(tmp_path / "repository"), tool)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path / "clone", check=True, capture_output=True, text=True
    ).stdout.strip()
    hooks = [{"id": "migrate-guard"}, {"id": "migrate-guard-graph"}]
    config = {"repos": [{"repo": str(tmp_path / "clone"), "rev": revision, "hooks": hooks}]}
    yaml_files.dump(config, made.repo.root / CONFIG)
    made.stage(c3=price("c3", "b2"))
    environment = made.environment()
    del environment["PYTHONPATH"]
    done = subprocess.run(
        [str(Path(sys.executable).parent / tool), "run"],
        cwd=made.repo.root,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert graph_and_files(said) == (FAILED, "Passed")
    assert "error MG603 float-money" in said
