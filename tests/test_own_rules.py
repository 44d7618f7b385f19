"""Rules of a project: folders of the same two files that a rule of ours has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script

RULE = '''\
"""Tables that were made in passing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate_guard.model.operations import CreateTable
from migrate_guard.rule import Problem, Severity, Step, rule


@dataclass(frozen=True, slots=True)
class Options:
    words: tuple[str, ...] = ("tmp",)
    """Words that say that a table was made in passing."""


@rule("ACME001", on=CreateTable, severity=Severity.WARNING, options=Options)
def table_named_tmp(step: Step[CreateTable], options: Options) -> Iterator[Problem]:
    """Flag a table whose name says that nobody wanted to keep it."""
    name = step.op.table.name.name
    for word in options.words:
        if word in name.split("_"):
            yield Problem(f'the table "{name}" is called {word}', step.op.span, object=name)
'''
PAGE = """\
# ACME001: table-named-tmp

## What happens

A table is there to stay.

## Why it hurts

Nobody dares to drop it.

## What to do

Name it.

## Bad

```python
op.create_table(  # finding: ACME001
    "tmp_orders",
    sa.Column("id", sa.BigInteger(), primary_key=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)
```

## Good

```python
op.create_table(
    "orders",
    sa.Column("id", sa.BigInteger(), primary_key=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)
```

## Quiet when

```python options="words=[old]"
op.create_table(
    "tmp_orders",
    sa.Column("id", sa.BigInteger(), primary_key=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)
```

## Options

- `words` (default `["tmp"]`): words that say that a table was made in passing.

## Sources

The house.
"""
DOCSTRING = '    """Flag a table whose name says that nobody wanted to keep it."""\n'
RULES = 'rules = ["ours"]\n'
ONLY = 'select = ["ACME"]\n'
TABLE = 'op.create_table("tmp_a", sa.Column("id", sa.Integer(), primary_key=True))'
Capture = pytest.CaptureFixture[str]


def write_rule(folder: Path, code: str = RULE, page: str | None = PAGE, name: str = "table_named_tmp") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    if page is not None:
        (folder / f"{name}.md").write_text(page, encoding="utf-8")


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    root = make_project({"a1.py": script("a1", None, TABLE, 'op.drop_table("tmp_a")')})
    write_rule(root / "ours")
    (root / "migrate-guard.toml").write_text(RULES, encoding="utf-8")
    return root


def configure(root: Path, text: str) -> None:
    (root / "migrate-guard.toml").write_text(RULES + text, encoding="utf-8")


def found(capsys: Capture, *arguments: str) -> list[tuple[str, str]]:
    assert run(["check", "--output-format", "json", *arguments]) in (0, 1)
    return [(each["code"], each["severity"]) for each in json.loads(capsys.readouterr().out)["findings"]]


def test_it_is_asked_like_all_others(project: Path, capsys: Capture) -> None:
    assert ("ACME001", "warning") in found(capsys)
    assert not [code for code, _ in found(capsys, "--isolated") if code == "ACME001"]
    assert not list((project / "ours").glob("__pycache__"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ONLY, [("ACME001", "warning")]),
        ('select = ["table-named-tmp"]', [("ACME001", "warning")]),
        ('select = ["naming"]\nignore = ["MG"]', [("ACME001", "warning")]),
        (f'{ONLY}ignore = ["ACME001"]', []),
        (f'{ONLY}[options.ACME001]\nwords = ["old"]', []),
        (f'{ONLY}[options.table-named-tmp]\nwords = ["a"]', [("ACME001", "warning")]),
        (f'{ONLY}[severity]\nACME = "error"', [("ACME001", "error")]),
        (f'{ONLY}[per-file-ignores]\n"a1.py" = ["ACME001"]', []),
    ],
)
def test_selectors_and_options(project: Path, capsys: Capture, text: str, wanted: list[tuple[str, str]]) -> None:
    configure(project, text)
    assert found(capsys) == wanted


def test_a_comment_hides_it(project: Path, capsys: Capture) -> None:
    configure(project, ONLY)
    path = next(project.rglob("a1.py"))
    path.write_text(path.read_text().replace(TABLE, f"{TABLE}  # migrate-guard: ignore[table-named-tmp] old"))
    assert found(capsys) == []


def test_rules_share_helpers(project: Path, capsys: Capture) -> None:
    configure(project, ONLY)
    write_rule(project / "ours", "WORDS = ('tmp',)\n", None, "_words")
    write_rule(
        project / "ours",
        RULE.replace('= ("tmp",)', "= WORDS").replace("@dataclass", "from ._words import WORDS\n\n\n@dataclass", 1),
    )
    assert found(capsys) == [("ACME001", "warning")]


def test_explain(project: Path, capsys: Capture) -> None:
    for word in ("ACME001", "acme001", "table-named-tmp"):
        assert run(["explain", word]) == 0
        assert capsys.readouterr().out == PAGE
    assert run(["explain", "--all"]) == 0
    line = next(each for each in capsys.readouterr().out.splitlines() if each.startswith("ACME001"))
    assert line.endswith("Flag a table whose name says that nobody wanted to keep it. (ours)")
    assert run(["explain", "--all", "--output-format", "json"]) == 0
    listed = {each["code"]: each["folder"] for each in json.loads(capsys.readouterr().out)}
    assert (listed["ACME001"], listed["MG301"]) == ("ours", None)
    assert run(["explain", "ACME001", "--isolated"]) == 2
    assert 'there is no rule "ACME001"' in capsys.readouterr().err


def test_the_examples_of_its_page_are_run(project: Path, capsys: Capture) -> None:
    assert run(["explain", "--test"]) == 0
    assert capsys.readouterr().out == "ACME001  table-named-tmp: 3 examples, 0 failed\n"
    write_rule(project / "ours", RULE.replace("in name.split", "not in name.split"))
    assert run(["explain", "--test", "ACME001"]) == 1
    out = capsys.readouterr().out
    assert out.endswith("ACME001  table-named-tmp: 3 examples, 3 failed\n")
    assert "table_named_tmp.md:" in out
    assert run(["explain", "--test", "MG301"]) == 2
    assert "is not a rule of the project" in capsys.readouterr().err
    assert run(["explain", "--test", "--isolated"]) == 2
    assert "the setting rules names their folders" in capsys.readouterr().err


Change = Callable[[Path], None]


def rewrite(old: str, new: str) -> Change:
    return lambda folder: write_rule(folder, RULE.replace(old, new))


def rename(name: str) -> Change:
    """Give the rule another name, and its file too."""
    code, page = RULE.replace("table_named_tmp", name), PAGE.replace("table-named-tmp", name.replace("_", "-"))
    return lambda folder: write_rule(folder, code, page, name)


def repage(old: str, new: str) -> Change:
    return lambda folder: write_rule(folder, RULE, PAGE.replace(old, new))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (rewrite("def table", "def def table"), "is not Python: "),
        (rewrite("import Problem,", "import Poblem,"), "importing it fails at line 9: ImportError: cannot import name"),
        (rewrite("@dataclass(", "1 / 0\n@dataclass("), "importing it fails at line 12: ZeroDivisionError"),
        (rewrite('("tmp",)', "[exit(3)]"), "importing it fails at line 14: SystemExit: 3"),
        (rewrite("@rule(", "@(lambda *a, **k: lambda f: f)("), 'there is no function "table_named_tmp" with @rule'),
        (rewrite("def table_named_tmp", "def other_name"), "declares no rule"),
        (rewrite('"ACME001"', '"MG301"'), 'its code "MG301" begins with MG'),
        (rewrite('"ACME001"', '"MG999"'), 'its code "MG999" begins with MG'),
        (rewrite('"ACME001"', '"acme-1"'), 'its code "acme-1" is not capital letters and three digits'),
        (rewrite(", options: Options)", ")"), "the function has to take what it is asked about, and its options"),
        (rewrite("on=CreateTable", "on=()"), "it is asked about nothing"),
        (rewrite(DOCSTRING, ""), "no docstring"),
        (lambda folder: (folder / "table_named_tmp.md").unlink(), "its page table_named_tmp.md is not there"),
        (lambda folder: (folder / "table_named_tmp.md").write_bytes(b"\xff"), "is not UTF-8"),
        (repage("ACME001: table", "ACME002: table"), "the rule is ACME001 and its page ACME002"),
        (repage("## Sources", "## Source"), 'there is no section "Source"'),
        (lambda folder: write_rule(folder, RULE, PAGE, "Table"), "the name of a rule is lower case words"),
        (rename("float_money"), '"float-money" is migrate-guard\'s own float-money, too'),
        (rename("strict"), '"strict" is the set of this name, too'),
        (rename("zz"), '"ACME001" is '),
    ],
)
def test_broken_rules(project: Path, capsys: Capture, change: Change, says: str) -> None:
    change(project / "ours")
    for arguments in (["check"], ["explain", "--all"], ["config"]):
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert says in captured.err
        assert f"{project / 'migrate-guard.toml'}:1: rules: " in captured.err
        assert "Traceback" not in captured.err
        assert captured.out == ""


def test_all_that_is_wrong_is_told_at_once(project: Path, capsys: Capture) -> None:
    write_rule(project / "ours", "1 +", None, "a_first")
    write_rule(project / "ours", "", None, "b_second")
    assert run(["check"]) == 2
    err = capsys.readouterr().err
    assert "2 mistakes in the configuration" in err
    assert "a_first.py" in err
    assert "b_second.py" in err


def test_a_folder_has_to_be_there(project: Path, capsys: Capture) -> None:
    (project / "migrate-guard.toml").write_text('rules = ["ours", "theirs"]\nx = 1\n', encoding="utf-8")
    assert run(["check"]) == 2
    err = capsys.readouterr().err
    assert 'migrate-guard.toml:1: rules: there is no folder "theirs"' in err
    assert "migrate-guard.toml:2: x: there is no such setting" in err


def test_a_crash_of_one_is_a_finding(project: Path, capsys: Capture) -> None:
    write_rule(project / "ours", RULE.replace("    name = step", "    1 / 0\n    name = step"))
    assert run(["check", "--select", "ACME", "--output-format", "concise"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().out
