"""`migrate-guard baseline` and what `check` makes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.__main__ import run
from migrate_guard.commands._judging import places_of
from migrate_guard.model.baseline import FILE_NAME, Baseline, Entry
from migrate_guard.model.finding import Confidence, Finding, Severity
from migrate_guard.model.source import Span
from migrate_guard.reading.baseline import read_baseline, written
from migrate_guard.reading.json_documents import DocumentError
from migrate_guard.sieve.baseline import Looked, matched, stale
from migrate_guard.sieve.places import Places
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "migrate_guard" / "schemas" / "baseline.schema.json").read_text(encoding="utf-8"))


class Shop:
    """A project with findings of many rules, about revisions, the graph and tables."""

    def __init__(self, root: Path, capture: Capture) -> None:
        self.root = root
        self.versions = root / "migrations" / "versions"
        self.file = root / FILE_NAME
        self._capture = capture

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._capture.readouterr()
        code = run(list(arguments))
        out, err = self._capture.readouterr()
        return code, out, err

    def check(self, *arguments: str) -> dict[str, Any]:
        code, out, _ = self.run("check", "--output-format", "json", *arguments)
        assert code in (0, 1)
        report: dict[str, Any] = json.loads(out)
        return report

    def codes(self, *arguments: str) -> list[tuple[str, str | None]]:
        return [(each["code"], each["object"]) for each in self.check(*arguments)["findings"]]

    def script(self, name: str) -> Path:
        (found,) = self.versions.glob(f"*{name}*")
        return found

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        path = self.script(name)
        text = path.read_text(encoding="utf-8")
        assert change(text) != text
        path.write_text(change(text), encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Shop:
    root = tmp_path / "shop"
    shutil.copytree(ROOT / "fixtures" / "shop", root)
    (root / "pyproject.toml").write_text('[tool.migrate-guard]\ndialect = "postgresql"\n', encoding="utf-8")
    monkeypatch.chdir(root)
    return Shop(root, capsys)


def test_what_is_accepted_is_not_reported(shop: Shop) -> None:
    before = shop.check()
    number = len(before["findings"])
    assert number > 30
    assert shop.run("baseline") == (0, f"{FILE_NAME}: {number} findings accepted ({number} added)\n", "")
    after = shop.check()
    assert after["findings"] == []
    assert after["hidden"]["baseline"] == number
    assert after["hidden"]["suppressed"] == before["hidden"]["suppressed"]
    code, out, err = shop.run("check")
    assert (code, err) == (0, "")
    assert f"{number} in the baseline" in out
    # What the file hides can still be seen.
    assert shop.check("--no-baseline")["findings"] == before["findings"]
    assert shop.check("--isolated", "--dialect", "postgresql")["findings"] == before["findings"]


def test_the_file_is_for_people_and_for_git(shop: Shop) -> None:
    findings = shop.check()["findings"]
    shop.run("baseline")
    text = shop.file.read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), SCHEMA)
    lines = [line for line in text.splitlines() if "fingerprint" in line]
    assert len(lines) == len(findings)
    entries = json.loads(text)["environments"]["migrations"]
    assert {each["fingerprint"] for each in entries} == {each["fingerprint"] for each in findings}
    index = {"revision": "e62b85d0f1a9", "code": "MG301", "object": "orders.ix_orders_user_id"}
    assert any(index.items() <= each.items() for each in entries)
    assert written(read_baseline(shop.file)) == text
    assert shop.run("baseline") == (0, f"{FILE_NAME}: {len(lines)} findings accepted (nothing has changed)\n", "")
    assert shop.file.read_text(encoding="utf-8") == text


def test_a_planted_hazard_is_reported(shop: Shop) -> None:
    shop.run("baseline")
    text = script("ffff00000000", "5c7d0e21b8f4", 'op.create_index("ix_new", "orders", ["status"])')
    head = shop.check()["revisions"]
    assert head == 20
    last = _head(shop)
    (shop.versions / "new.py").write_text(text.replace("5c7d0e21b8f4", last), encoding="utf-8")
    code, out, _ = shop.run("check")
    assert code == 1
    assert 'building "ix_new" blocks writes to "orders"' in out


def _head(shop: Shop) -> str:
    _, out, _ = shop.run("check")
    found = re.search(r"head (\S+?);", out)
    assert found
    return found[1]


def _move_lines(text: str) -> str:
    """Put comments and blank lines between all lines on which a statement of a function begins."""
    return re.sub(r"\n(?=    (op|batch_op|with|for|if)\b)", "\n\n    # a remark\n\n", text)


def _swap_functions(text: str) -> str:
    """Put downgrade() before upgrade()."""
    head, upgrade, downgrade = re.split(r"^(?=def (?:upgrade|downgrade)\()", text, flags=re.MULTILINE)
    return f"{head}{downgrade.rstrip()}\n\n\n{upgrade.rstrip()}\n"


@pytest.mark.parametrize("change", [_move_lines, _swap_functions], ids=["lines move", "functions change places"])
def test_entries_survive_what_moves(shop: Shop, change: Callable[[str], str]) -> None:
    shop.run("baseline")
    changed = 0
    for path in shop.versions.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "def upgrade(" in text and "def downgrade(" in text and text.count("\ndef ") == 2:
            path.write_text(change(text), encoding="utf-8")
            changed += 1
    assert changed > 10
    code, out, err = shop.run("check", "--output-format", "concise")
    assert (code, out, err) == (0, "", "")


def test_entries_survive_new_names_of_files_and_folders(shop: Shop) -> None:
    shop.run("baseline")
    for number, path in enumerate(sorted(shop.versions.glob("*.py"))):
        if "revision" in path.read_text(encoding="utf-8"):
            path.rename(path.with_name(f"renamed_{number}.py"))
    code, out, err = shop.run("check", "--output-format", "concise")
    assert (code, out, err) == (0, "", "")
    (shop.root / "migrations").rename(shop.root / "alembic")
    ini = shop.root / "alembic.ini"
    ini.write_text(ini.read_text(encoding="utf-8").replace("migrations", "alembic"), encoding="utf-8")
    code, out, err = shop.run("check", "--output-format", "concise")
    assert (code, out, err) == (0, "", "")


def test_findings_about_the_graph_go_by_their_revision(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({"a.py": script("a1", None), "b.py": script("b2", "a1"), "c.py": script("c3", "a1")})
    versions = root / "alembic" / "versions"
    assert run(["check", "--select", "MG1"]) == 1
    assert run(["baseline", "--select", "MG1"]) == 0
    assert run(["check", "--select", "MG1"]) == 0
    (versions / "b.py").rename(versions / "b_new.py")
    assert run(["check", "--select", "MG1"]) == 0
    (versions / "d.py").write_text(script("d4", "a1"), encoding="utf-8")
    capsys.readouterr()
    assert run(["check", "--select", "multiple-heads", "--output-format", "concise"]) == 1
    assert capsys.readouterr().out.count("MG101") == 1


def test_one_more_of_the_same_is_new(make_project: MakeProject) -> None:
    index = 'op.create_index("ix_orders_a", "orders", ["a"])\n    '
    twice = f'{index}op.drop_index("ix_orders_a", table_name="orders")\n    {index}'
    versions = make_project({"a.py": script("a1", None, index)}) / "alembic" / "versions"
    blocks = ["check", "--select", "MG301"]
    assert run(["baseline", "--select", "MG301"]) == 0
    assert run(blocks) == 0
    (versions / "a.py").write_text(script("a1", None, twice), encoding="utf-8")
    assert run(blocks) == 1
    (versions / "a.py").write_text(script("a1", None, "pass\n    " + index), encoding="utf-8")
    assert run(blocks) == 0


def mended(text: str) -> str:
    return text.replace("sa.String(length=3), nullable=False", "sa.String(length=3), nullable=True")


def test_stale_entries_are_told_and_fail_nothing(shop: Shop) -> None:
    shop.run("baseline")
    accepted = shop.file.read_text(encoding="utf-8").count('"fingerprint"')
    shop.edit("tidy_coupons", mended)
    code, out, err = shop.run("check")
    assert code == 0
    assert err.startswith("warning: ")
    assert "of the baseline " in err
    assert "MG406 93b1da57e0c4 coupons.currency" in err
    assert "migrate-guard baseline --prune" in err
    stale_number = shop.check()["stale"]
    assert stale_number >= 1
    # Neither a part of the rules nor a part of the files says anything about the rest.
    assert shop.check("--select", "MG3")["stale"] == 0
    assert shop.check(str(shop.script("index_orders_by_user")))["stale"] == 0
    assert shop.check(str(shop.script("tidy_coupons")))["stale"] == 1
    assert shop.run("check", "--since", "heads")[2] == ""
    before = shop.file.read_text(encoding="utf-8").splitlines()
    code, out, _ = shop.run("baseline", "--prune")
    left = f"{accepted - stale_number} findings accepted ({stale_number} removed as stale)"
    assert (code, out) == (0, f"{FILE_NAME}: {left}\n")
    after = shop.file.read_text(encoding="utf-8").splitlines()
    assert len(before) - len(after) == stale_number
    assert shop.run("check")[2] == ""


def test_pruning_accepts_nothing_new(shop: Shop) -> None:
    shop.run("baseline", "--select", "MG4")
    before = shop.codes()
    assert before
    assert shop.run("baseline", "--prune")[0] == 0
    assert shop.codes() == before
    shop.file.unlink()
    code, out, err = shop.run("baseline", "--prune")
    assert (code, out) == (2, "")
    assert "there is nothing to prune" in err


def test_writing_keeps_what_the_run_does_not_judge(shop: Shop) -> None:
    shop.run("baseline")
    whole = shop.file.read_text(encoding="utf-8")
    shop.run("baseline", "--select", "MG4")
    shop.run("baseline", str(shop.script("index_orders_by_user")))
    assert shop.file.read_text(encoding="utf-8") == whole
    shop.edit("tidy_coupons", mended)
    shop.run("baseline", str(shop.script("index_orders_by_user")))
    assert shop.file.read_text(encoding="utf-8") == whole
    shop.run("baseline", str(shop.script("tidy_coupons")))
    assert "coupons.currency" not in shop.file.read_text(encoding="utf-8")


def test_a_suppressed_finding_needs_no_entry(shop: Shop) -> None:
    shop.run("baseline")
    shop.edit(
        "index_orders_by_user",
        lambda text: text.replace("['user_id'])", "['user_id'])  # migrate-guard: ignore[MG301] small", 1),
    )
    assert shop.check()["stale"] == 1
    assert shop.check()["hidden"]["suppressed"] == 2


def test_two_environments_share_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for name in ("one", "two"):
        shutil.copytree(ROOT / "fixtures" / "shop", tmp_path / name)
    (tmp_path / "migrate-guard.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    both = Shop(tmp_path, capsys)
    assert both.run("baseline", "one")[0] == 0
    assert both.check("one")["findings"] == []
    assert len(both.check("two")["findings"]) > 20, "what was accepted in one place was not in another"
    for path in (tmp_path / "two").rglob("*.py"):
        path.write_text(re.sub(r"\b([0-9a-f]{11})[0-9a-f]\b", r"\g<1>z", path.read_text(encoding="utf-8")), "utf-8")
    assert len(both.check("two")["findings"]) > 20
    assert both.check("two")["stale"] == 0, "what is said about the other environment is not judged here"
    both.run("baseline", "two")
    assert both.check("one", "two")["findings"] == []
    assert both.check("one", "two")["stale"] == 0
    shutil.rmtree(tmp_path / "two")
    assert both.check("one")["stale"] > 20, "an environment that is gone"
    both.run("baseline")
    assert both.check()["stale"] == 0


@pytest.mark.parametrize("below", [".", "migrations/versions", ".."])
def test_the_file_is_found_from_everywhere(shop: Shop, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    shop.run("baseline")
    monkeypatch.chdir(shop.root / below)
    assert shop.check(os.path.relpath(shop.versions))["findings"] == []
    (shop.root / "pyproject.toml").unlink()
    assert shop.check(os.path.relpath(shop.versions))["findings"] == []


def test_a_file_of_another_name(shop: Shop) -> None:
    assert shop.run("baseline", "--baseline", "accepted.json")[0] == 0
    assert not shop.file.exists()
    assert shop.codes()
    assert shop.codes("--baseline", "accepted.json") == []
    code, out, err = shop.run("check", "--baseline", "nowhere.json")
    assert (code, out) == (2, "")
    assert err == f"error: {shop.root / 'nowhere.json'}: it does not exist; migrate-guard baseline writes it\n"
    assert shop.run("check", "--baseline", "accepted.json", "--no-baseline")[0] == 2


def test_a_script_that_cannot_be_read_can_be_accepted_and_is_told(shop: Shop) -> None:
    (shop.versions / "old.py").write_text("print 'python 2'\n", encoding="utf-8")
    code, _, err = shop.run("baseline")
    assert code == 0
    assert err == "warning: nothing says what scripts do that cannot be read: migrations/versions/old.py\n"
    assert shop.run("check")[0] == 0


def test_no_findings_make_no_file(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({"a.py": script("a1", None)})
    assert run(["baseline", "--select", "MG3"]) == 0
    assert capsys.readouterr().out == "there is nothing to accept, so no baseline is written\n"
    assert not (root / FILE_NAME).exists()


ENTRY = {"revision": "a1", "code": "MG301", "name": "a-rule", "object": None, "fingerprint": "0" * 16}


def document(**changes: object) -> str:
    return json.dumps({"version": 1, "environments": {"alembic": [{**ENTRY, **changes}]}})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not JSON"),
        ("[]", "it is no baseline"),
        ('{"name": "package"}', "it is no baseline"),
        ('{"version": 2, "environments": {}}', "expected 1, got 2; another version"),
        ('{"version": true, "environments": {}}', "expected 1, got true"),
        ('{"environments": {}}', "expected 1, got nothing"),
        ('{"version": 1}', '"environments": expected an object, got nothing'),
        ('{"version": 1, "environments": {"a": 1}}', '"a": expected a list, got 1'),
        ('{"version": 1, "environments": {"a": ["x"]}}', 'entry 1 of "a": expected an object, got "x"'),
        (document(code=7), '"code": expected a string, got 7'),
        (document(object=[]), '"object": expected a string or null, got a list'),
        (document(fingerprint="0" * 15), '"fingerprint": expected 16 hexadecimal digits'),
        ("{\n<<<<<<< HEAD\n}\n", "a conflict of a merge was left in it"),
    ],
)
def test_a_broken_file_is_told(shop: Shop, text: str, says: str) -> None:
    shop.file.write_text(text, encoding="utf-8")
    for command in ("check", "baseline"):
        code, out, err = shop.run(command)
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {shop.file}: ")
        assert says in err
    assert shop.file.read_text(encoding="utf-8") == text


def test_a_file_that_is_none(shop: Shop) -> None:
    shop.file.mkdir()
    assert "it is not a regular file" in shop.run("check")[2]
    with pytest.raises(DocumentError, match="does not exist"):
        read_baseline(shop.root / "nowhere.json")


# Properties


NAMES = st.sampled_from(["a", "b", "c"])
ENTRIES = st.builds(
    Entry,
    environment=NAMES,
    code=st.sampled_from(["MG301", "MG406"]),
    name=st.just("a-rule"),
    revision=st.none() | NAMES,
    object=st.none() | st.text(max_size=5),
    fingerprint=st.integers(0, 50).map(lambda each: f"{each:016x}"),
)


@given(st.lists(ENTRIES))
def test_what_is_written_is_read_again(entries: list[Entry]) -> None:
    text = written(entries)
    assert text == written(reversed(entries))
    jsonschema.validate(json.loads(text), SCHEMA)
    assert text.count('"fingerprint"') == len(set(entries))
    assert text.count("\n") <= len(set(entries)) + 5 + 2 * 3


def a_finding(object: str | None, fingerprint: str, code: str = "MG301", revision: str | None = "a1") -> Finding:
    span = Span("v/a.py", 1, 1, 1, 2)
    return Finding(
        code,
        "a-rule",
        Severity.ERROR,
        Confidence.HIGH,
        "m",
        span,
        object=object,
        revision=revision,
        fingerprint=fingerprint,
    )


PLACES = Places({"v/a.py": "alembic", "v/b.py": "alembic"}, {"v/a.py": "a1"}, {"a1": "alembic"})


def an_entry(object: str | None, fingerprint: str, code: str = "MG301", revision: str | None = "a1") -> Entry:
    return Entry("alembic", code, "a-rule", revision, object, fingerprint)


def test_as_many_are_hidden_as_were_accepted() -> None:
    baseline = Baseline((an_entry("t", "2"), an_entry("t", "3"), an_entry("u", "4")), Path("/app"), Path("/app"))
    found = [a_finding("t", "1"), a_finding("t", "2"), a_finding("u", "5"), a_finding("u", "6"), a_finding("v", "7")]
    accepted, unmatched = matched(found, baseline, PLACES)
    assert {each.fingerprint for each in accepted} == {"1", "2", "5"}
    assert unmatched == ()
    accepted, unmatched = matched(found[1:2], baseline, PLACES)
    assert accepted == {found[1]}
    assert [each.fingerprint for each in unmatched] == ["3", "4"]


def test_what_is_said_once_is_accepted_wherever_it_is_said() -> None:
    baseline = Baseline((an_entry("t", "1"),), Path("/app"), Path("/app"))
    moved = a_finding("u", "2", revision="b2")
    other = Places({"v/a.py": "alembic"}, {}, {})
    assert matched([moved], baseline, other, {"MG301"}).accepted == {moved}
    assert matched([moved], baseline, other).accepted == set()


def test_stale_is_what_the_run_would_have_found() -> None:
    entries = [
        an_entry("t", "1"),
        an_entry("t", "2", "MG999"),
        an_entry("t", "3", revision="gone"),
        an_entry("t", "4", "MG4"),
    ]
    ran, known = {"MG301"}, {"MG301", "MG4"}
    assert [each.fingerprint for each in stale(entries, Looked(ran, known, {("alembic", "a1")}, ()))] == ["1", "2"]
    assert [each.fingerprint for each in stale(entries, Looked(ran, known, (), {"alembic"}))] == ["1", "2", "3"]
    assert stale(entries, Looked(ran, known, (), {"other"})) == ()


def test_places_of_nothing() -> None:
    assert places_of([]) == Places()
