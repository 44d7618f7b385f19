"""Each format as its consumer reads it."""

import json
from importlib.resources import files
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import jsonschema
import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate_guard.model.finding import Finding, Report, Severity
from migrate_guard.model.source import Span
from migrate_guard.reporters import Look, formats, reporter
from migrate_guard.reporters.markdown import LIMIT, comment
from migrate_guard.terminal import visible
from tests.reporting import (
    CRASHED,
    FAILS,
    HARD,
    HARD_PATH,
    INDEX,
    LINES,
    NO_TEXT,
    OF_SETTINGS,
    OUTSIDE,
    WARNS,
    a_report,
    annotation,
    cut,
    mentions,
    valid,
)
from tests.reporting import comment as read_comment

SEVERITIES = [Severity.ERROR] * 4 + [Severity.WARNING] * 2 + [Severity.INFO]
"""Those of the hard report, errors first."""
FLOAT = 'op.add_column("日本", sa.Column(\n        "né", sa.Float()))'


def by_severity(finding: Finding) -> int:
    return -finding.severity


def render(name: str, report: Report = HARD, look: Look = Look()) -> str:
    return reporter(name)(report, look)


@pytest.mark.parametrize("name", formats())
def test_every_format_is_text_that_can_be_written(name: str) -> None:
    for report in (HARD, a_report()):
        text = render(name, report)
        assert not set(map(chr, (*range(9), *range(11, 32), 127))) & set(text)
        assert text == "" or text.endswith("\n")
        assert "\udcff" not in text


def test_formats_are_named_as_users_write_them() -> None:
    wanted = ["text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "rdjson", "markdown"]
    assert set(formats()) == {*wanted, "statistics"}


# -- SARIF


def test_sarif() -> None:
    log = valid(render("sarif"), "sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    assert [each["level"] for each in run["results"]] == [levels[each] for each in SEVERITIES]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == ["MG000", "MG301", "MG603", "XX904"]
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert list(each["partialFingerprints"]) == ["migrateGuard/v1"]
        assert len(each["locations"]) == 1


def test_the_rules_of_sarif_keep_within_what_github_shows() -> None:
    rules = {
        each["id"]: each for each in valid(render("sarif"), "sarif-2.1.0.json")["runs"][0]["tool"]["driver"]["rules"]
    }
    for each in rules.values():
        assert 0 < len(each["shortDescription"]["text"]) <= 1024
        assert 0 < len(each["fullDescription"]["text"]) <= 1024
        assert each["help"]["text"]
        assert each["properties"]["precision"] in ("very-high", "high", "medium", "low")
        assert each["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        assert "helpUri" not in each
    assert "## Why it hurts" in rules["MG301"]["help"]["markdown"]
    assert "finding:" not in rules["MG301"]["help"]["markdown"]
    # The severity of the rule, whatever that of the finding is.
    assert rules["MG301"]["defaultConfiguration"]["level"] == "error"
    # A rule that has no page says what there is.
    assert rules["XX904"]["help"]["text"] == "missing-timeout"


def test_places_of_sarif() -> None:
    results = valid(render("sarif", a_report(WARNS, FAILS)), "sarif-2.1.0.json")["runs"][0]["results"]
    fails, warns = (each["locations"][0]["physicalLocation"] for each in results)
    keys = ("startLine", "startColumn", "endLine", "endColumn")

    def text(place: dict[str, dict[str, int]]) -> str:
        return cut(tuple(place["region"][key] for key in keys))  # type: ignore[arg-type]

    assert text(warns) == INDEX
    assert text(fails) == FLOAT
    related = results[1]["relatedLocations"]
    assert [text(each["physicalLocation"]) for each in related] == ["upgrade", '"ix_😀"']
    assert [each["id"] for each in related] == [1, 2]


def test_addresses_of_sarif() -> None:
    results = valid(render("sarif"), "sarif-2.1.0.json")["runs"][0]["results"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert all(each.isascii() for each in uris)
    relative = [urlsplit(each) for each in uris if not each.startswith("file:")]
    assert all(not each.scheme and not each.netloc and not each.query and not each.fragment for each in relative)
    assert all("\\" not in each and " " not in each for each in uris)
    assert unquote(uris[0]) == HARD_PATH
    assert "file:///srv/elsewhere/v%201.py" in uris
    assert "versions/%FF.py" in uris


def test_messages_of_sarif_hold_no_links() -> None:
    (result,) = valid(render("sarif", a_report(WARNS)), "sarif-2.1.0.json")["runs"][0]["results"]
    assert "](" not in result["message"]["text"]
    assert result["message"]["text"].splitlines()[0].startswith('a "x|y" 100%0A')


# -- GitHub


def test_github() -> None:
    lines = render("github").splitlines()
    read = [annotation(each) for each in lines]
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    assert [each.command for each in read] == [commands[each] for each in SEVERITIES]
    fails = read[0]
    assert fails.properties == {"title": "MG603 float-money", "file": HARD_PATH, "line": "4", "endLine": "5"}
    assert fails.data == "money is a Float\nWrite Numeric."
    warns = next(each for each in read if each.properties["title"].startswith("MG301"))
    place = tuple(int(warns.properties[key]) for key in ("line", "col", "endLine", "endColumn"))
    assert cut(place) == INDEX  # type: ignore[arg-type]
    assert warns.data.startswith('a "x|y" 100%0A *b*')
    assert '\nwrite:\nop.execute("""\n```\n</details>\n::error::x\n' in warns.data


def test_a_clean_run_annotates_nothing() -> None:
    assert render("github", a_report()) == ""


# -- GitLab


def test_gitlab() -> None:
    # What lies outside the repository has no path in it.
    inside = a_report(*(each for each in HARD.findings if each != OUTSIDE))
    found = valid(render("gitlab", inside), "gitlab-code-quality.schema.json")
    assert len({each["fingerprint"] for each in found}) == len(inside.findings)
    severities = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
    assert [each["severity"] for each in found] == [
        severities[each.severity] for each in sorted(inside.findings, key=by_severity)
    ]
    (warns,) = (each for each in found if each["check_name"] == "MG301 index-blocks-writes")
    begin, end = (warns["location"]["positions"][key] for key in ("begin", "end"))
    assert cut((begin["line"], begin["column"], end["line"], end["column"])) == INDEX
    assert warns["location"]["lines"] == {"begin": 2, "end": 2}
    assert warns["location"]["path"] == HARD_PATH
    assert valid(render("gitlab", a_report()), "gitlab-code-quality.schema.json") == []


def test_fingerprints_of_gitlab_are_those_of_other_lines_too() -> None:
    moved = replace(FAILS, span=FAILS.span._replace(line=40, end_line=41))
    before, after = (
        [each["fingerprint"] for each in json.loads(render("gitlab", a_report(finding, WARNS)))]
        for finding in (FAILS, moved)
    )
    assert before == after


def test_fingerprints_of_gitlab_tell_environments_apart() -> None:
    other = replace(OF_SETTINGS, span=OF_SETTINGS.span._replace(path="billing/alembic.ini"))
    found = json.loads(render("gitlab", a_report(OF_SETTINGS, other)))
    assert len({each["fingerprint"] for each in found}) == 2


# -- JUnit


def suites(text: str) -> list[junitparser.TestSuite]:
    return list(junitparser.JUnitXml.fromstring(text.encode()))


def test_junit() -> None:
    read = suites(render("junit"))
    document = junitparser.JUnitXml.fromstring(render("junit").encode())
    assert (document.tests, document.failures, document.errors, document.skipped) == (7, 3, 1, 3)
    assert [(each.tests, each.failures, each.errors, each.skipped) for each in read if each.name == HARD_PATH] == [
        (3, 2, 0, 1)
    ]
    cases = [case for suite in read for case in suite]
    assert len({(each.classname, each.name) for each in cases}) == len(cases)
    by_name = {each.name: each for each in cases if each.classname == HARD_PATH}
    (failure,) = by_name["MG603 float-money 日本.né"].result
    assert isinstance(failure, junitparser.Failure)
    assert (failure.message, failure.type) == ("money is a Float", "error")
    (skipped,) = by_name["MG301 index-blocks-writes orders.ix_😀"].result
    assert isinstance(skipped, junitparser.Skipped)
    assert skipped.message.startswith('a "x|y" 100%0A *b* _c_ `d` <script>e</script>')
    (crash,) = next(each for each in cases if each.name.startswith("MG000")).result
    assert isinstance(crash, junitparser.Error)


@pytest.mark.parametrize(("fail_on", "failures"), [(Severity.ERROR, 3), (Severity.WARNING, 5), (Severity.INFO, 6)])
def test_what_fails_the_run_fails_a_test(fail_on: Severity, failures: int) -> None:
    document = junitparser.JUnitXml.fromstring(render("junit", look=Look(fail_on=fail_on)).encode())
    assert document.failures == failures


def test_a_clean_run_is_a_test_that_passes() -> None:
    ((case,),) = suites(render("junit", a_report()))
    assert case.is_passed
    assert (case.name, case.classname) == ("no findings", "migrate-guard")


# -- reviewdog


def test_rdjson() -> None:
    result = valid(render("rdjson"), "rdjson.schema.json")
    assert [each["severity"] for each in result["diagnostics"]] == [each.name for each in SEVERITIES]
    (warns,) = (each for each in result["diagnostics"] if each["code"]["value"].startswith("MG301"))
    begin, end = (warns["location"]["range"][key] for key in ("start", "end"))
    assert LINES[begin["line"] - 1].encode()[begin["column"] - 1 : end["column"] - 1].decode() == INDEX
    assert warns["location"]["path"] == HARD_PATH
    message = read_comment(warns["message"])
    assert message.fences == ['op.execute("""\n```\n</details>\n::error::x\n\\x1b[31m""")\n']
    assert valid(render("rdjson", a_report()), "rdjson.schema.json")["diagnostics"] == []


# -- JSON


def test_json_lines_are_the_findings_of_json() -> None:
    schema = json.loads(files("migrate_guard").joinpath("schemas/check.schema.json").read_text("utf-8"))
    of_finding = {**schema, "$ref": "#/$defs/finding", "required": [], "properties": {}}
    documents = [json.loads(each) for each in render("json-lines").splitlines()]
    for each in documents:
        jsonschema.Draft202012Validator(of_finding).validate(each)
        assert each.keys() == schema["$defs"]["finding"]["properties"].keys()
    assert documents == json.loads(render("json"))["findings"]
    assert render("json-lines", a_report()) == ""


# -- Markdown


def test_markdown() -> None:
    text = render("markdown")
    read = read_comment(text)
    assert read.headings[0] == "migrate-guard: 7 findings (4 errors, 2 warnings, 1 info)"
    assert read.headings[1] == HARD_PATH
    assert [row[:3] for row in read.rows] == [
        ["error", "4", "MG603 float-money"],
        ["error", "4", "MG603 float-money"],
        ["warning", "2", "MG301 index-blocks-writes"],
        ["error", "1", "MG000 rule-crashed"],
        ["error", "1", "MG603 float-money"],
        ["warning", "3", "MG603 float-money"],
        ["info", "1", "XX904 missing-timeout"],
    ]
    assert read.rows[2][3] == (
        'a "x|y" 100%0A *b* _c_ `d` <script>e</script> @maria #12 [f](https://g.example) \\x1b[31m\\x00\\x85 ::error::h'
    )
    assert read.fences == ['op.execute("""\n```\n</details>\n::error::x\n\\x1b[31m""")\n']


def test_nothing_of_a_finding_is_markup() -> None:
    text = render("markdown")
    read = read_comment(text)
    ours = ("<!-- migrate-guard -->", "<!-- -->", "<details>", "</details>", "<summary>")
    assert read.html
    assert all(each.startswith(ours) for each in read.html)
    assert read.html.count("</details>\n") == "".join(read.html).count("<details>")
    assert read.links == []
    assert mentions("@maria broke #12") == ["@maria", "#12"]
    assert mentions(text) == []
    assert "://" not in text
    assert "www." not in render("markdown", a_report(replace(FAILS, message="see WWW.g.example or www.g.example")))


def test_markdown_of_a_clean_run() -> None:
    assert render("markdown", a_report()) == (
        "<!-- migrate-guard -->\n## migrate-guard: no findings\n\n"
        "no findings in 3 revisions of migrations, postgresql 15, head a1\n"
    )


@pytest.mark.parametrize("plan", [(), ("### `a1`\n\n" + "x" * 3_000,) * 40])
@pytest.mark.parametrize("message", ["m" * 900, "😀" * 500, "|" * 3_000])
def test_a_comment_is_never_longer_than_github_takes(message: str, plan: tuple[str, ...]) -> None:
    many = [
        replace(finding, message=message, span=Span(f"versions/{number % 40}.py", number, 1, number, 2))
        for number in range(1, 150)
        for finding in (WARNS, replace(FAILS, printed=lambda: "x = 1\n" * 5_000))
    ]
    text = comment(a_report(*many), Look(), plan)
    assert LIMIT // 2 < len(text.encode("utf-16-le")) // 2 <= LIMIT
    read = read_comment(text)
    # Errors are kept for as long as there are any.
    assert {row[0] for row in read.rows} == {"error"}
    assert f"**Left out: {298 - len(read.rows)} findings" in text
    kept = read.headings.count("a1")
    assert kept < len(plan) or not plan
    assert bool(kept) == bool(plan)
    assert not plan or f"and the plan of {40 - kept} revisions**" in text


def test_what_fits_is_left_as_it_is() -> None:
    text = comment(a_report(FAILS), Look(), ("### `a1`",))
    assert "Left out" not in text
    assert read_comment(text).headings[2:] == ["Plan of the new revisions", "a1"]


# -- whatever a finding says

ANYTHING = st.text(st.characters(exclude_categories=()) | st.sampled_from("|`<>&@#\\\n\r\x00\ud800]: "))


NAME = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("|`<>&@#\\:%,\udcff")
)
"""Of a file, as the system has it: bytes that are no text are surrogates from U+DC80 on (PEP 383)."""


@given(ANYTHING.filter(bool), ANYTHING, ANYTHING, NAME.filter(lambda text: not text.startswith("/")))
def test_whatever_a_finding_says_every_reader_reads_it(message: str, help: str, code: str, name: str) -> None:
    path = f"versions/{name}.py"
    hard = replace(WARNS, message=message, help=help, object=code, printed=lambda: code, span=Span(path, 1, 1, 1, 2))
    report = a_report(hard, FAILS)
    (_, result) = valid(render("sarif", report), "sarif-2.1.0.json")["runs"][0]["results"]
    assert result["ruleId"] == "MG301"
    _, read = map(annotation, render("github", report).splitlines())
    assert read.properties["title"] == "MG301 index-blocks-writes"
    assert read.properties["file"] == visible(path)
    assert read.data.startswith(visible(message))
    assert len(valid(render("gitlab", report), "gitlab-code-quality.schema.json")) == 2
    assert sorted(each.name for each in suites(render("junit", report))) == sorted((HARD_PATH, visible(path)))
    assert len(render("json-lines", report).splitlines()) == 2
    seen = read_comment(render("markdown", report))
    assert [row[2] for row in seen.rows] == ["MG603 float-money", "MG301 index-blocks-writes"]
    assert all(len(row) == 4 for row in seen.rows)
    assert all(each.startswith(("<!-- ", "<details>", "</details>")) for each in seen.html)
    assert seen.links == []


# -- places in a repository


@pytest.mark.parametrize(
    ("directory", "repository", "path", "shown"),
    [
        ("/work/app", "/work", "versions/a.py", "app/versions/a.py"),
        ("/work", "/work", "versions/a.py", "versions/a.py"),
        ("/work/app/deep", "/work", "/work/other/a.py", "other/a.py"),
        ("/work/app", "/work", "/elsewhere/a.py", "/elsewhere/a.py"),
        ("/work/app", "/work", "/workshop/a.py", "/workshop/a.py"),
        ("/work/app", "/work", "../a.py", "a.py"),
        ("/work/app", None, "versions/a.py", "versions/a.py"),
        ("/", "/", "versions/a.py", "versions/a.py"),
    ],
)
def test_forges_get_paths_from_the_root_of_the_repository(
    directory: str, repository: str | None, path: str, shown: str
) -> None:
    look = Look(directory=directory, repository=repository)
    report = a_report(replace(FAILS, span=Span(path, 1, 1, 1, 2)))
    assert annotation(render("github", report, look)).properties["file"] == shown
    assert json.loads(render("gitlab", report, look))[0]["location"]["path"] == shown
    assert next(iter(suites(render("junit", report, look)))).name == shown
    assert read_comment(render("markdown", report, look)).headings[1] == shown
    (result,) = json.loads(render("sarif", report, look))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (f"file://{shown}" if PurePosixPath(shown).is_absolute() else shown)
    # Programs that run beside us read paths as they are.
    assert json.loads(render("json", report, look))["findings"][0]["path"] == path
    assert json.loads(render("rdjson", report, look))["diagnostics"][0]["location"]["path"] == path
    assert render("concise", report, look).startswith(f"{path}:1:1:")


def test_text_counts_the_characters_before_related_places() -> None:
    column = LINES[1].index('"ix_😀"') + 1
    assert f"({HARD_PATH}:2:{column})" in render("text", a_report(WARNS))


def test_the_hard_report_has_everything() -> None:
    assert {CRASHED, OUTSIDE, NO_TEXT} <= set(HARD.findings)
