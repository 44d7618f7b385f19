"""The index of the rules says what each declares, and is not believed where it does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate_guard import rules
from migrate_guard.rule_index import NAME, indexed, written
from migrate_guard.rules import imported_rules, load_rule

FOLDER = Path(rules.__file__).parent


def test_the_index_is_fresh() -> None:
    assert (FOLDER / NAME).read_bytes() == written(imported_rules(), str(FOLDER)), "run python -m migrate_guard.rules"


def test_a_rule_of_the_index_is_the_rule() -> None:
    for one, other in zip(indexed(str(FOLDER), load_rule), imported_rules(), strict=True):
        for name in set(one.__struct_fields__) - {"check", "minds_downgrade", "options_of"}:
            assert getattr(one, name) == getattr(other, name), (one.code, name)
        assert one.options == other.options
        assert (one.minds_downgrade is None) == (other.minds_downgrade is None)


def test_no_rule_is_imported_before_it_is_asked() -> None:
    code = (
        "import sys; from migrate_guard.rules import load_rules; found = load_rules();"
        "print(len(found), sorted(each for each in sys.modules if each.startswith('migrate_guard.rules.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{len(imported_rules())} []"


@pytest.mark.parametrize("spoilt", ["edited", "added", "removed", "no index", "no JSON"])
def test_an_index_of_other_modules_is_not_believed(tmp_path: Path, spoilt: str) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder)
    assert indexed(str(folder), load_rule)
    match spoilt:
        case "edited":
            with (folder / "float_money.py").open("a") as file:
                file.write("# more\n")
        case "added":
            (folder / "new_rule.py").write_text("")
        case "removed":
            (folder / "float_money.py").unlink()
        case "no index":
            (folder / NAME).unlink()
        case _:
            (folder / NAME).write_text("[{")
    assert indexed(str(folder), load_rule) == ()
