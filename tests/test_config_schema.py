"""The JSON Schema of configurations, against the loader that it stands for."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from migrate_guard.__main__ import run
from migrate_guard.config import ConfigError, Overrides, load
from migrate_guard.config.descriptions import descriptions
from migrate_guard.config.loading import KEYS
from migrate_guard.config.settings import Settings
from migrate_guard.reporters import formats
from migrate_guard.rules import load_rules

COMMITTED = files("migrate_guard").joinpath("schemas/config.schema.json").read_text("utf-8")
VALIDATOR = Draft7Validator(json.loads(COMMITTED))
ROOT = Path(__file__).parent.parent

VALID = (
    'dialect = "mysql"\ndb-version = "8.4"',
    "db-version = 16",
    'select = ["ALL", "all", "default", "strict", "naming", "MG", "mg3", "MG301", "mg301", "float-money"]',
    "select = []",
    '[severity]\nMG3 = "warning"\nnaming = "info"\nfloat-money = "error"',
    'exclude = ["alembic/versions/2019_*.py", "vendor"]',
    'start-after = "a1"',
    'start-after = ["a1", "b2"]',
    '[start-after]\nalembic = "a1"\nother = ["b2"]',
    'table-rows = { orders = 5_000_000, "audit.log" = 0 }',
    'models = "app.db:Base"',
    'models = ["app.db:Base", "app.more"]',
    '[options.float-money]\nprecision = [19, 4]\nmoney = ["fee"]',
    "[options.MG604]\nshare = 1\nleast-tables = 3\n[options.multiple-heads]",
    '[rules.missing-timestamps]\nexpect = "both"',
    "rules = []",
    '[per-file-ignores]\n"a/*.py" = ["MG301", "strict"]',
    '[environments."."]\ndialect = "sqlite"\nignore = ["MG3"]\nstart-after = ["a1"]',
    '[environments.".".severity]\nMG301 = "info"\n[environments.".".options.float-money]\nprecision = [9, 2]',
)
MISTAKEN = (
    'dialekt = "mysql"',
    'dialect = "oracle"',
    "db-version = 8.4",
    'db-version = "new"',
    "db-version = true",
    'select = ["flaot-money"]',
    'select = ["M"]',
    'select = ["MG9999"]',
    "select = [7]",
    'ignore = "MG301"',
    'fail-on = "hint"',
    'output-format = "xml"',
    "per-file-ignores = []",
    '[per-file-ignores]\n"a" = "MG301"',
    "exclude = [1]",
    'exclude = "vendor"',
    'severity = "error"',
    '[severity]\nMG3 = "off"',
    '[severity]\nMG77777 = "error"',
    "start-after = []",
    "start-after = 12",
    'start-after = [""]',
    "table-rows = { orders = -1 }",
    "table-rows = 5",
    "small-table-rows = true",
    "rows = -1",
    'stats = ""',
    'downgrades = "never"',
    'models = "a b"',
    "models = []",
    "[options.MG603]\nmax-words = 2",
    "[options.MG603]\nprecision = [1, 2, 3]",
    '[options.MG603]\nmoney = "fee"',
    '[options.missing-timestamps]\nexpect = "all"',
    '[options.missing-timestamps]\nshare = "1"',
    "[options.MG101]\nx = 1",
    "[options.no-such-rule]",
    "options = []",
    "rules = 1",
    "rules = [1]",
    "environments = []",
    '[environments."."]\nfail-on = "error"',
    '[environments."."]\nstart-after = { x = "a1" }',
    '[environments."."]\ndialekt = "sqlite"',
)


def loaded(text: str, folder: Path) -> Settings:
    (folder / "migrate-guard.toml").write_text(text, encoding="utf-8")
    return load(folder, Overrides(), rules=load_rules(), formats=formats())


def errors(document: Any) -> list[str]:
    return [each.message for each in VALIDATOR.iter_errors(document)]


def test_the_committed_schema_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--isolated", "--schema"]) == 0
    said = "migrate-guard config --isolated --schema > migrate_guard/schemas/config.schema.json"
    assert capsys.readouterr().out == COMMITTED, said
    Draft7Validator.check_schema(json.loads(COMMITTED))


@pytest.mark.parametrize("text", VALID)
def test_what_the_loader_takes_is_valid(text: str, tmp_path: Path) -> None:
    loaded(text, tmp_path)
    assert errors(tomllib.loads(text)) == []


@pytest.mark.parametrize("text", MISTAKEN)
def test_what_the_loader_refuses_is_not(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        loaded(text, tmp_path)
    assert errors(tomllib.loads(text))


def test_the_configuration_of_the_documentation_is_valid() -> None:
    pages = ("adoption.md", "configuration.md", "own-rules.md")
    text = "".join((ROOT / "docs" / each).read_text(encoding="utf-8") for each in pages)
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    tables = [tomllib.loads(each).get("tool", {}).get("migrate-guard") for each in blocks]
    assert any(tables)
    assert [errors(each) for each in tables if each] == [[]] * len([each for each in tables if each])


def test_every_setting_is_described() -> None:
    properties = json.loads(COMMITTED)["properties"]
    assert set(properties) == set(KEYS)
    assert all(len(each["description"]) > 20 for each in properties.values())
    said = descriptions(Settings)
    assert all(" None" not in text for text in said.values())


def test_rules_of_a_project_are_in_its_own_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.test_own_rules import RULES, write_rule

    write_rule(tmp_path / "ours")
    (tmp_path / "migrate-guard.toml").write_text(RULES, encoding="utf-8")
    assert run(["config", str(tmp_path), "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["definitions"]["options"]["properties"]["ACME001"] == {"$ref": "#/definitions/table-named-tmp"}
    assert schema["definitions"]["table-named-tmp"]["properties"]["words"]["default"] == ["tmp"]
    given = {"select": ["ACME", "table-named-tmp"], "options": {"ACME001": {"words": ["old"]}}}
    assert list(Draft7Validator(schema).iter_errors(given)) == []
    assert errors(given)
