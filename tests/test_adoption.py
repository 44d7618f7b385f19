"""An old project adopts the tool: the commands of the README's section, run as they stand there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from tests.conftest import script
from tests.consoles import Console

ROOT = Path(__file__).parents[1]
HEAD = "2025_06_16_gift_wrapping_for_order_items"
HAZARD = script("aaaabbbbcccc", HEAD, 'op.create_index("ix_orders_status", "orders", ["status"])', "pass")


@pytest.fixture
def old(tmp_path: Path) -> Console:
    return Console("fixtures/shop", tmp_path)


def test_the_console_of_the_readme(old: Console) -> None:
    """Its lines do one after the other what it says that they do."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## Adopt it") : readme.index("## More")]
    blocks = re.findall(r"^ +```console\n(.*?)^ +```$", section, re.DOTALL | re.MULTILINE)
    told = 0
    for line, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", textwrap.dedent("".join(blocks)), re.MULTILINE):
        said = old.run(line, code=int("--statistics" in line))
        assert said == printed or not printed
        told += bool(printed)
    assert told == 2


def test_with_a_baseline(old: Console) -> None:
    counted = old.run("migrate-guard check --statistics", code=1)
    assert "MG301  index-blocks-writes" in counted
    number = counted.split(" findings (")[0].split()[-1]
    assert int(number) > 30

    accepted = f"migrate-guard-baseline.json: {number} findings accepted ({number} added)\n"
    assert old.run("migrate-guard baseline") == accepted
    old.run("git add migrate-guard-baseline.json")
    assert f"{number} in the baseline" in old.run("migrate-guard check")
    assert f"{number} findings (" in old.run("migrate-guard check --no-baseline", code=1)

    hazard = old.root / "migrations" / "versions" / "index_status.py"
    hazard.write_text(HAZARD, encoding="utf-8")
    for line in ("migrate-guard check", "migrate-guard check --since origin/main"):
        assert 'building "ix_orders_status" blocks writes to "orders"' in old.run(line, code=1)

    said = old.run("migrate-guard check --add-ignore")
    assert "added to 1 file; replace" in said
    assert "no findings" in old.run("migrate-guard check")
    assert "# migrate-guard: ignore[MG301" in hazard.read_text(encoding="utf-8")
    hazard.unlink()

    coupons = next((old.root / "migrations" / "versions").glob("*_tidy_coupons.py"))
    text = coupons.read_text(encoding="utf-8")
    coupons.write_text(text.replace("sa.String(length=3), nullable=False", "sa.String(length=3)"), encoding="utf-8")
    assert "warning: 1 entry of the baseline is stale (MG406" in old.run("migrate-guard check")
    pruned = f"migrate-guard-baseline.json: {int(number) - 1} findings accepted (1 removed as stale)\n"
    assert old.run("migrate-guard baseline --prune") == pruned
    assert "stale" not in old.run("migrate-guard check")


def test_with_start_after(old: Console) -> None:
    settings = f'[tool.migrate-guard]\nstart-after = "{HEAD}"\n'
    (old.root / "pyproject.toml").write_text(settings, encoding="utf-8")
    # What is wrong with a file that no revision is in has no place in the history.
    said = old.run("migrate-guard check --ignore stray-script")
    assert "no findings" in said
    assert "before start-after" in said
    (old.root / "migrations" / "versions" / "index_status.py").write_text(HAZARD, encoding="utf-8")
    assert 'building "ix_orders_status" blocks writes' in old.run("migrate-guard check", code=1)
