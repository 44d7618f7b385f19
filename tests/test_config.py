"""Settings from files and from the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from migrate_guard.config import ConfigError, Overrides, Settings, load, selected, severity_of, target
from migrate_guard.config.selectors import SETS
from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import Target
from migrate_guard.rules import load_rules


@dataclass(frozen=True)
class MoneyOptions:
    max_words: int = 3
    strict: bool = False
    ratio: float = 0.8
    names: tuple[str, ...] = ("price",)
    mode: Literal["required", "none"] = "required"
    precision: tuple[int, int] = (12, 2)


@dataclass(frozen=True)
class DowngradeOptions:
    downgrades: Downgrades = "required"
    base: str = ""


@dataclass(frozen=True)
class FakeRule:
    code: str
    name: str
    default: bool = True
    severity: Severity = Severity.WARNING
    options: type | None = None


RULES = (
    FakeRule("MG101", "multiple-heads"),
    FakeRule("MG301", "index-blocks-writes"),
    FakeRule("MG602", "unindexed-foreign-key", default=False),
    FakeRule("MG603", "float-money", options=MoneyOptions),
)
WITH_DOWNGRADES = (*RULES, FakeRule("MG202", "empty-downgrade", options=DowngradeOptions))
FORMATS = ("concise", "json", "text")

SELECTOR = "a code, a prefix, a name of a rule or a set (default, strict, naming, all)"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "migrate-guard.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def read(start: Path, overrides: Overrides = Overrides(), file: Path | None = None, isolated: bool = False) -> Settings:
    return load(start, overrides, rules=WITH_DOWNGRADES, formats=FORMATS, file=file, isolated=isolated)


def mistakes(text: str, write: Write) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(write(text).parent)
    return [str(mistake) for mistake in caught.value.mistakes]


def codes(settings: Settings) -> list[str]:
    return [rule.code for rule in selected(RULES, settings)]


def test_every_setting(write: Write) -> None:
    file = write(
        """
        dialect = "mysql"
        db-version = "8.4"
        select = ["MG3", "float-money"]
        ignore = ["MG301"]
        extend-select = ["ALL"]
        fail-on = "warning"
        output-format = "json"
        models = ["app.db:Base", "app.more"]
        [per-file-ignores]
        "versions/0*.py" = ["mg602"]
        [rules.float-money]
        max-words = 2
        strict = true
        ratio = 1
        names = ["fee"]
        mode = "none"
        precision = [19, 4]
        """
    )
    assert read(file.parent) == Settings(
        dialect="mysql",
        db_version=(8, 4),
        select=("MG3", "float-money"),
        ignore=("MG301",),
        extend_select=("ALL",),
        fail_on=Severity.WARNING,
        output_format="json",
        models=("app.db:Base", "app.more"),
        per_file_ignores={"versions/0*.py": ("MG602",)},
        rule_options={
            "float-money": {
                "max_words": 2,
                "strict": True,
                "ratio": 1,
                "names": ("fee",),
                "mode": "none",
                "precision": (19, 4),
            }
        },
        origin=file,
    )
    assert MoneyOptions(**read(file.parent).rule_options["float-money"]).names == ("fee",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "wanted"), [('"app.db:Base"', ("app.db:Base",)), ('["app.a", "app.b"]', ("app.a", "app.b"))]
)
def test_models_are_one_or_several(written: str, wanted: tuple[str, ...], write: Write) -> None:
    file = write(f"models = {written}")
    assert read(file.parent).models == wanted


@pytest.mark.parametrize("written", ["[]", "1", '[""]'])
def test_models_are_named(written: str, write: Write) -> None:
    (mistake,) = mistakes(f"models = {written}", write)
    assert mistake.startswith(
        'models: expected a module, or what it has, such as "app.db:Base", or a list of them, got'
    )


def test_every_mistake_is_told_at_once(write: Write) -> None:
    text = """
        dialekt = "mysql"
        db-version = 8.4
        select = ["MG3", "flaot-money", 7]
        ignore = "MG301"
        fail-on = "eror"
        output-format = "xml"
        per-file-ignores = []
        [rules.MG603]
        max-word = 2
        strict = 1
        names = "fee"
        mode = "require"
        precision = [1, 2, 3]
        [rules.MG999]
        [rules.MG101]
        x = 1
        """
    assert mistakes(text, write) == [
        'dialekt: there is no such setting; did you mean "dialect"?',
        'db-version: expected a version such as "16" or "8.4", got 8.4',
        f'select: expected {SELECTOR}, got "flaot-money"; did you mean "float-money"?',
        f"select: expected {SELECTOR}, got 7",
        'ignore: expected a list of codes, prefixes, names of rules and sets, got "MG301"',
        'fail-on: expected one of error, warning, info, got "eror"; did you mean "error"?',
        'output-format: expected one of concise, json, text, got "xml"',
        "per-file-ignores: expected a table of path patterns and lists of rules, got []",
        'rules.MG603.max-word: there is no such option; did you mean "max-words"?',
        "rules.MG603.strict: expected true or false, got 1",
        'rules.MG603.names: expected a list, got "fee"',
        'rules.MG603.mode: expected one of required, none, got "require"; did you mean "required"?',
        "rules.MG603.precision: expected a list of 2, got [1, 2, 3]",
        "rules.MG999: there is no such rule",
        "rules.MG101.x: the rule multiple-heads has no options",
    ]


def test_one_mistake_is_one_line_with_its_file(write: Write) -> None:
    file = write("fail-on = 1")
    with pytest.raises(ConfigError, match="fail-on: expected one of") as caught:
        read(file.parent)
    assert str(caught.value).startswith(f"{file}:1: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_toml(write: Write) -> None:
    assert mistakes("dialect =", write)[0].startswith("file: it is not TOML")


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    inner = tmp_path / "app" / "alembic"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.migrate-guard]\ndialect = "sqlite"\n')
    (tmp_path / "app" / "pyproject.toml").write_text('[project]\nname = "migrate-guard-user"\n')
    assert read(inner).dialect == "sqlite"
    (tmp_path / "app" / "migrate-guard.toml").write_text('dialect = "mysql"\n')
    assert read(inner).dialect == "mysql"
    assert read(inner / "versions" / "a.py").dialect == "mysql", "a path that is not there yet"
    assert read(inner, isolated=True) == Settings()


def test_a_foreign_pyproject_that_is_broken_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("# migrate-guard is great\n[project\n")
    assert read(tmp_path) == Settings()


@pytest.mark.parametrize("name", ["pyproject.toml", "lint.toml"])
def test_a_named_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text('[tool.migrate-guard]\ndialect = "sqlite"\n')
    assert read(Path("/"), file=file).dialect == "sqlite"


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read(tmp_path, file=tmp_path / "nothing.toml")


def test_the_command_line_is_stronger(write: Write) -> None:
    file = write('dialect = "mysql"\ndb-version = "8.4"\nselect = ["MG3"]\nignore = ["MG301"]\nfail-on = "info"\n')
    settings = read(file.parent, Overrides(dialect="sqlite", select=("MG1, float-money",), fail_on="warning"))
    assert (settings.dialect, settings.db_version) == ("sqlite", None), "the version belongs to the other database"
    assert (settings.select, settings.ignore) == (("MG1", "float-money"), ())
    assert settings.fail_on is Severity.WARNING
    settings = read(file.parent, Overrides(ignore=("MG603",), extend_select=("MG602",), db_version="9"))
    assert (settings.select, settings.ignore) == (("MG3",), ("MG301", "MG603"))
    assert (settings.extend_select, settings.db_version) == (("MG602",), (9,))


def test_mistakes_of_the_command_line_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read(Path("/"), Overrides(dialect="postgres", db_version="new", select=("MG9",)), isolated=True)
    assert str(caught.value) == (
        "3 mistakes in the configuration\n"
        '  --dialect: expected one of postgresql, sqlite, mysql, mariadb, got "postgres"; did you mean "postgresql"?\n'
        '  --db-version: expected a version such as "16" or "8.4", got "new"\n'
        f'  --select: expected {SELECTOR}, got "MG9"'
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), ["MG101", "MG301", "MG603"]),
        (Settings(select=("ALL",)), ["MG101", "MG301", "MG602", "MG603"]),
        (Settings(select=("MG6",)), ["MG602", "MG603"]),
        (Settings(select=("MG",), ignore=("MG6",)), ["MG101", "MG301"]),
        (Settings(select=("float-money",), ignore=("MG6",)), ["MG603"]),
        (Settings(select=("MG6",), ignore=("float-money",)), ["MG602"]),
        (Settings(select=("MG603",), ignore=("MG603",)), []),
        (Settings(extend_select=("MG602",)), ["MG101", "MG301", "MG602", "MG603"]),
        (Settings(ignore=("ALL",)), []),
        (Settings(ignore=("ALL",), extend_select=("MG301",)), ["MG301"]),
        (Settings(select=()), []),
        (Settings(select=("default",)), ["MG101", "MG301", "MG603"]),
        (Settings(select=("default",), ignore=("default",)), []),
        (Settings(select=("strict",)), ["MG101", "MG301", "MG602", "MG603"]),
        (Settings(select=("naming",)), []),
        (Settings(extend_select=("MG602",), ignore=("default",)), ["MG602"]),
    ],
)
def test_the_most_specific_selector_decides(settings: Settings, expected: list[str]) -> None:
    assert codes(settings) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+asyncpg://u@h/d", Target("postgresql", (15,), "asyncpg")),
        ("postgres://u@h/d", Target("postgresql", (15,))),
        ("mysql+pymysql://u@h/d", Target("mysql", (8, 0), "pymysql")),
        ("mariadb://h/d", Target("mariadb", (10, 11))),
        ("sqlite:///app.db", Target("sqlite", (3, 40))),
        ("driver://user:pass@localhost/dbname", Target("postgresql", (15,))),
        ("%(DB_URL)s", Target("postgresql", (15,))),
        ("oracle+oracledb://h", Target("postgresql", (15,))),
        (None, Target("postgresql", (15,))),
    ],
)
def test_the_target_comes_from_the_url(url: str | None, expected: Target) -> None:
    assert target(Settings(), url) == expected


def test_settings_are_stronger_than_the_url() -> None:
    assert target(Settings(dialect="mysql", db_version=(8, 4)), "sqlite://") == Target("mysql", (8, 4))


def test_downgrades_are_asked_for_in_one_place(write: Write) -> None:
    """Rules that go by it get it as an option of theirs; what one is told by name counts more."""
    settings = read(write('downgrades = "raise"').parent)
    assert (settings.downgrades, settings.rule_options) == ("raise", {"empty-downgrade": {"downgrades": "raise"}})
    more = 'downgrades = "raise"\n[rules.MG202]\nbase = "none"\ndowngrades = "none"'
    assert read(write(more).parent).rule_options == {"empty-downgrade": {"base": "none", "downgrades": "none"}}
    assert read(write("").parent).downgrades == "required"
    assert mistakes('downgrades = "never"', write) == ['downgrades: expected one of required, raise, none, got "never"']


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("all", "ALL"), ("All", "ALL"), ("STRICT", "strict"), ("Naming", "naming"), ("default", "default")],
)
def test_sets_are_spelled_in_any_case(written: str, wanted: str, write: Write) -> None:
    assert read(write(f'select = ["{written}"]').parent).select == (wanted,)


def test_what_belongs_to_a_set() -> None:
    rules = load_rules()
    of = {name: {each.name for each in selected(rules, Settings(select=(name,)))} for name in ("ALL", *SETS)}
    assert of["ALL"] == {each.name for each in rules}
    assert of["default"] == {each.name for each in rules if each.default} < of["strict"] < of["ALL"]
    assert of["strict"] - of["default"] == {
        each.name for each in rules if not each.default and each.severity >= Severity.WARNING
    }
    assert of["naming"] >= {each.name for each in rules if each.code.startswith("MG7")}
    assert of["naming"] >= {"unnamed-constraint", "reserved-identifier", "naming-convention-missing"}
    assert of["naming"].isdisjoint({"index-blocks-writes", "column-renamed", "table-renamed", "missing-message"})


@pytest.mark.parametrize(
    ("ignore", "select"), [("naming", "strict"), ("naming", "ALL"), ("naming", "default"), ("naming", "naming")]
)
def test_naming_is_more_specific_than_other_sets(ignore: str, select: str) -> None:
    left = selected(load_rules(), Settings(select=(select,), ignore=(ignore,)))
    assert "unnamed-constraint" not in {each.name for each in left}


@pytest.mark.parametrize(
    ("severity", "wanted"),
    [
        ({}, None),
        ({"MG4": Severity.INFO}, None),
        ({"ALL": Severity.INFO}, Severity.INFO),
        ({"ALL": Severity.INFO, "MG6": Severity.WARNING}, Severity.WARNING),
        ({"float-money": Severity.ERROR, "MG60": Severity.WARNING}, Severity.ERROR),
        ({"MG603": Severity.ERROR, "default": Severity.WARNING}, Severity.ERROR),
    ],
)
def test_the_most_specific_severity_counts(severity: dict[str, Severity], wanted: Severity | None) -> None:
    assert severity_of(RULES[3], Settings(severity=severity)) is wanted


def test_mistakes_have_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        """\
[project]
dialect = "no"

[tool.migrate-guard]
dialect = "oracle"  # a comment
select = [
    "MG3",
    "MG99",
]
table-rows = { orders = -1 }

[tool . "migrate-guard".per-file-ignores]
'a.b/*.py' = ["MG98"]

[tool.migrate-guard.options]
float-money.ratio = "a"
MG603.x = 1

[tool.migrate-guard.environments."."]
rows = -1
"""
    )
    with pytest.raises(ConfigError) as caught:
        read(tmp_path)
    assert [(each.line, each.key) for each in caught.value.mistakes] == [
        (5, "dialect"),
        (6, "select"),
        (10, 'table-rows."orders"'),
        (13, 'per-file-ignores."a.b/*.py"'),
        (16, "options.float-money.ratio"),
        (17, "options.MG603.x"),
        (20, 'environments.".".rows'),
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{file}: 7 mistakes in the configuration"
    assert lines[1].startswith("  pyproject.toml:5: dialect: expected one of")


def test_an_environment_goes_by_the_settings_above_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    (tmp_path / "migrate-guard.toml").write_text(
        """
        dialect = "postgresql"
        db-version = "16"
        downgrades = "raise"
        ignore = ["MG1"]
        severity = { MG3 = "info", MG6 = "info" }
        options.float-money = { strict = true, max-words = 7 }
        [environments.a]
        dialect = "sqlite"
        severity = { MG3 = "error" }
        [environments."./a/b/"]
        downgrades = "none"
        ignore = []
        options.MG603 = { max-words = 9 }
        """
    )
    settings = load(tmp_path, Overrides(rows=9), rules=WITH_DOWNGRADES, formats=FORMATS)
    a, inner, other = (settings.at(tmp_path / each) for each in ("a/versions", "a/b", "ab"))
    assert other is settings
    assert settings.at(None) is settings
    assert (a.dialect, a.db_version, a.ignore, a.rows) == ("sqlite", None, ("MG1",), 9)
    assert a.severity == {"MG3": Severity.ERROR, "MG6": Severity.INFO}
    assert (inner.dialect, inner.db_version, inner.ignore) == ("postgresql", (16,), ())
    assert inner.rule_options == {
        "float-money": {"strict": True, "max_words": 9},
        "empty-downgrade": {"downgrades": "none"},
    }
    assert a.rule_options["empty-downgrade"] == {"downgrades": "raise"}


def test_a_version_of_the_command_line_counts_for_every_environment(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "migrate-guard.toml").write_text('[environments.a]\ndb-version = "12"\nselect = ["MG3"]\n')
    given = Overrides(db_version="17", select=("MG1",))
    own = load(tmp_path, given, rules=RULES, formats=FORMATS).at(tmp_path / "a")
    assert (own.db_version, own.select) == ((17,), ("MG1",))


def test_options_stand_under_rules_in_older_files(write: Write) -> None:
    older = read(write("[rules.float-money]\nstrict = true").parent)
    assert older == read(write("[options.MG603]\nstrict = true").parent)
    assert older.rules == ()
