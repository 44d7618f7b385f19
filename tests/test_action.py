"""action.yml and the recipes for CI: linted by actionlint and zizmor, their scripts run as the services run them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError

from tests import yaml_files
from tests.conftest import script
from tests.reporting import valid
from tests.repositories import Repo, clone, make, price

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
RECIPES = ROOT / "docs" / "recipes"
WORKFLOWS = sorted(RECIPES.glob("github-*.yml"))
NOTE = 'op.add_column("t_a1", sa.Column("note", sa.Text()))', 'op.drop_column("t_a1", "note")'
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(Path(sys.executable).parent / name), *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_the_workflows_are_what_github_takes(workflow: Path) -> None:
    done = tool("actionlint", "-no-color", str(workflow))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_zizmor_finds_nothing(file: Path) -> None:
    done = tool("zizmor", "--offline", "--no-progress", "--no-config", str(file))
    assert done.returncode == 0, done.stdout


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine of a service with a checkout of the branch under review."""

    checkout: Repo
    temporary: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def programs(self, folder: Path) -> None:
        """Put migrate-guard into a folder, as if it were installed; installers have nothing to do."""
        folder.mkdir(parents=True, exist_ok=True)
        ours = f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m migrate_guard "$@"'
        for name, does in (("migrate-guard", ours), ("pip", ":"), ("pipx", ":")):
            (folder / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
            (folder / name).chmod(0o755)

    def bash(self, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a step or job of a service, which has few variables of its own."""
        path = os.pathsep.join((str(self.temporary / "bin"), os.environ["PATH"]))
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        environment = {**kept, "PATH": path, "HOME": str(self.temporary), "RUNNER_TEMP": str(self.temporary)}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text],
            cwd=self.checkout.root,
            env={**environment, **self.variables, **variables},
            capture_output=True,
            text=True,
        )


def of_action(runner: Runner, name: str, inputs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step of the action with inputs, the others being as they are by default."""
    action = yaml_files.load(ACTION)
    assert inputs.keys() <= action["inputs"].keys()
    values = {f"inputs.{key}": inputs.get(key, each["default"]) for key, each in action["inputs"].items()}
    values["github.action_path"] = str(ROOT)
    (step,) = (each for each in action["runs"]["steps"] if each.get("name") == name)
    variables = {key: EXPRESSION.sub(lambda found: values[found[1]], text) for key, text in step["env"].items()}
    return runner.bash(step["run"], **variables)


def checked(runner: Runner, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step that checks, with names of inputs spelled as Python does."""
    runner.programs(runner.temporary / "migrate-guard" / "bin")
    given = {"output-format": "concise", **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return of_action(runner, "Check migrations", given)


def branch(root: Path, *options: str, **scripts: str) -> Runner:
    """Return a runner with a checkout of a pull request from `topic` into `main`, which has two findings already."""
    origin = make(root / "origin")
    origin.git("checkout", "--quiet", "-b", "topic")
    origin.commit(**scripts)
    checkout = clone(origin, root / "checkout", "--branch", "topic", *options)
    temporary = root / "temporary"
    temporary.mkdir()
    variables = {"GITHUB_BASE_REF": "main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    return Runner(checkout, temporary, variables)


C3 = "alembic/versions/c3.py"
HAZARD = {"c3": price("c3", "b2")}
HEALTHY = {"c3": script("c3", "b2", *NOTE)}


def test_a_hazard_fails(tmp_path: Path) -> None:
    done = checked(branch(tmp_path, **HAZARD))
    assert done.returncode == 1, done.stderr
    assert "alembic/versions/c3.py:" in done.stdout
    # What main has is no business of the branch.
    assert done.stdout.count("error") == 1


def test_a_healthy_branch_passes(tmp_path: Path) -> None:
    done = checked(branch(tmp_path, **HEALTHY))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("options", [("--depth=1",), ("--depth=1", "--no-single-branch"), ("--single-branch",)])
@pytest.mark.parametrize(("scripts", "code"), [(HAZARD, 1), (HEALTHY, 0)], ids=["hazard", "healthy"])
def test_a_shallow_checkout_gets_its_base(
    tmp_path: Path, options: tuple[str, ...], scripts: dict[str, str], code: int
) -> None:
    done = checked(branch(tmp_path, *options, **scripts))
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("error") == code


def test_a_base_that_cannot_be_fetched_says_what_to_do(tmp_path: Path) -> None:
    runner = branch(tmp_path, "--depth=1", **HEALTHY)
    runner.checkout.git("remote", "set-url", "origin", str(tmp_path / "gone"))
    done = checked(runner)
    assert done.returncode == 2
    assert "::error::" in done.stdout
    assert "fetch-depth: 0" in done.stdout


def test_without_a_base_everything_is_reported(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HEALTHY)
    done = checked(Runner(runner.checkout, runner.temporary))
    assert done.returncode == 1
    assert done.stdout.count("error") == 2


@pytest.mark.parametrize(("since", "count"), [("all", 3), ("b2", 1), ("a1", 2), ("origin/main", 1)])
def test_another_beginning(tmp_path: Path, since: str, count: int) -> None:
    done = checked(branch(tmp_path, **HAZARD), since=since)
    assert done.returncode == 1
    assert done.stdout.count("error") == count


def test_inputs_are_arguments_and_never_code(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HAZARD)
    evil = "$(touch evil) `touch evil`; touch evil #\"'"
    for name in ("paths", "since", "args", "fail_on", "output_format"):
        assert checked(runner, **{name: evil}).returncode == 2
    assert checked(runner, paths="--exit-zero").returncode == 2
    assert not (runner.checkout.root / "evil").exists()


def test_paths_arguments_and_severity(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HAZARD)
    spaced = runner.checkout.root / "other place"
    spaced.mkdir()
    (spaced / "x1.py").write_text(price("x1", None), encoding="utf-8")
    done = checked(runner, paths="other place\n\nalembic.ini\n", since="all")
    assert done.stdout.count("error") == 4
    assert checked(runner, args="--ignore  MG603\n--dialect sqlite").returncode == 0
    assert checked(runner, args="--select *").returncode == 2
    warned = checked(
        runner, args="--select MG202,MG604 --extend-select missing-timestamps", fail_on="info", since="all"
    )
    assert warned.returncode == int("MG" in warned.stdout)


@pytest.mark.slow
def test_the_action_installs_its_own_checkout(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HAZARD)
    installed = of_action(runner, "Install migrate-guard", {})
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert not (runner.checkout.root / "build").exists()
    done = of_action(runner, "Check migrations", {"output-format": "concise"})
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("error") == 1


def test_an_old_python_is_told(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HEALTHY)
    folder = runner.temporary / "bin"
    folder.mkdir()
    (folder / "python3").write_text('#!/bin/sh\n[ "$1" = -c ] && exit 1\necho Python 3.9.2\n', encoding="utf-8")
    (folder / "python3").chmod(0o755)
    done = of_action(runner, "Install migrate-guard", {})
    assert done.returncode == 2
    assert "needs Python 3.11 or newer, and this is Python 3.9.2" in done.stdout


def test_every_input_reaches_a_step() -> None:
    action = yaml_files.load(ACTION)
    used = set(EXPRESSION.findall(ACTION.read_text(encoding="utf-8")))
    assert {f"inputs.{name}" for name in action["inputs"]} <= {each.split()[0] for each in used}
    # What a pull request says is never part of a script.
    assert not any(EXPRESSION.search(step.get("run", "")) for step in action["runs"]["steps"])


def scripts_of(workflow: Path) -> str:
    (job,) = yaml_files.load(workflow)["jobs"].values()
    return "\n".join(each["run"] for each in job["steps"] if "run" in each)


# What needs the formats of the services


def test_annotations_and_sarif(tmp_path: Path) -> None:
    runner = branch(tmp_path, **HAZARD)
    done = checked(runner, output_format="github", sarif_file="found.sarif")
    assert done.returncode == 1, done.stderr
    assert re.search(r"^::error .*file=alembic/versions/c3\.py,", done.stdout, re.MULTILINE)
    (run,) = json.loads((runner.checkout.root / "found.sarif").read_text(encoding="utf-8"))["runs"]
    assert [each["ruleId"] for each in run["results"] if each["level"] == "error"] == ["MG603"]


@pytest.mark.parametrize(("scripts", "code"), [(HAZARD, 1), (HEALTHY, 0)], ids=["hazard", "healthy"])
def test_the_workflow_without_the_action(tmp_path: Path, scripts: dict[str, str], code: int) -> None:
    runner = branch(tmp_path, **scripts)
    runner.programs(runner.temporary / "bin")
    done = runner.bash(scripts_of(RECIPES / "github-workflow-without-action.yml"))
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("::error ") == code


@pytest.mark.parametrize(("scripts", "code"), [(HAZARD, 1), (HEALTHY, 0)], ids=["hazard", "healthy"])
def test_the_job_of_gitlab(tmp_path: Path, scripts: dict[str, str], code: int) -> None:
    # GitLab checks out a commit, without any branch of the origin.
    runner = branch(tmp_path, "--single-branch", **scripts)
    runner.programs(runner.temporary / "bin")
    job: dict[str, Any] = yaml_files.load(RECIPES / "gitlab-ci.yml")["migrate-guard"]
    done = runner.bash("\n".join(job["script"]))
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("error MG603") == code
    report = runner.checkout.root / job["artifacts"]["reports"]["codequality"]
    found = json.loads(report.read_text(encoding="utf-8"))
    assert [each["location"]["path"] for each in found if "MG603" in each["check_name"]] == [C3] * code


def test_the_job_is_what_gitlab_takes() -> None:
    text = json.dumps(yaml_files.load(RECIPES / "gitlab-ci.yml"))
    valid(text, "gitlab-ci.json")
    for wrong in (text.replace('"codequality"', '"code-quality"'), text.replace('"script"', '"scripts"')):
        with pytest.raises(ValidationError):
            valid(wrong, "gitlab-ci.json")


def test_the_documentation_shows_the_recipes() -> None:
    shown = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("ci.md", "pre-commit.md"))
    fences = re.findall(r"^```yaml\n(.*?)^```$", shown, re.DOTALL | re.MULTILINE)
    for recipe in RECIPES.glob("*.yml"):
        text = recipe.read_text(encoding="utf-8")
        part = text[text.index("    steps:\n") :] if recipe.name == "github-workflow-without-action.yml" else text
        assert part in fences, recipe.name
    assert (RECIPES / "pre-commit-config.yaml").read_text(encoding="utf-8") in fences


def test_the_documentation_has_every_input() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(yaml_files.load(ACTION)["inputs"])
