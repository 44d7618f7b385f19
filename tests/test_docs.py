"""The documentation: its commands are run, and the site is built with every warning an error."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from migrate_guard.rules import load_rules
from tests.consoles import lines, run_page, says

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", [page for page in PAGES if list(lines(page.read_text(encoding="utf-8")))], ids=str)
def test_the_commands_of_a_page(page: Path, tmp_path: Path) -> None:
    assert run_page(page.read_text(encoding="utf-8"), tmp_path)


def test_what_is_left_out_stands_for_any_lines() -> None:
    assert says("a\nb\nc\n", "a\n…\nc\n")
    assert says("a\nc\n", "a\n…\nc\n")
    assert not says("a\nb\n", "a\n…\nc\n")
    assert not says("a b\n", "a\n")
    assert says("a 15.1 b\n", "a … b\n")
    assert not says("a 15\n1 b\n", "a … b\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", directory],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return directory


def test_the_site_has_a_page_for_every_rule(site: Path) -> None:
    catalogue = (site / "rules" / "index.html").read_text(encoding="utf-8")
    search = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    for rule in load_rules():
        assert f'href="{rule.name}/"' in catalogue
        assert f"{rule.code}: {rule.name}" in search


def test_fences_of_rules_are_shown_as_code(site: Path) -> None:
    """None is left as text, whatever words it has for the tests."""
    for rule in load_rules():
        text = (site / "rules" / rule.name / "index.html").read_text(encoding="utf-8")
        assert "```" not in re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL), rule.name


def test_the_site_asks_nobody_else_for_anything(site: Path) -> None:
    """Neither fonts nor scripts nor pictures come from elsewhere."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|img|link)[^>]+(?:src|href)="https?://(?!OWNER)', text), page


def test_the_picture_is_of_a_real_run(tmp_path: Path) -> None:
    drawn = tmp_path / "terminal.svg"
    subprocess.run([sys.executable, ROOT / "docs" / "picture.py", drawn], check=True)
    shown = (ROOT / "docs" / "terminal.svg").read_text(encoding="utf-8")
    assert drawn.read_text(encoding="utf-8") == shown, "draw it anew: python docs/picture.py"
    ElementTree.fromstring(shown)
