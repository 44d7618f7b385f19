"""Readers of reports as their consumers read them, and reports that are hard on them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from migrate_guard.model.finding import (
    Confidence,
    EnvironmentSummary,
    Finding,
    Related,
    Report,
    RuleSummary,
    Severity,
)
from migrate_guard.model.source import Source, Span

DATA = Path(__file__).parent / "data"

# -- readers


class Annotation(NamedTuple):
    command: str
    properties: Mapping[str, str]
    data: str


def annotation(line: str) -> Annotation:
    """Read a line as the runner of GitHub Actions does: TryParseV2 of ActionCommand.cs, ValidateLinesAndColumns."""
    line = line.lstrip()
    assert line.startswith("::"), line
    info, separator, data = line[2:].partition("::")
    assert separator, line
    name, _, written = info.partition(" ")
    assert name in {"error", "warning", "notice"}, line
    properties = {}
    for pair in filter(None, written.strip().split(",")):
        key, equals, value = pair.partition("=")
        assert equals, pair
        assert value, pair
        properties[key] = _unescaped(value, ("\r", "\n", ":", ",", "%"))
    if "line" in properties and properties["line"] != properties.get("endLine", properties["line"]):
        assert properties.keys().isdisjoint({"col", "endColumn"}), "the runner drops them, and says so"
    return Annotation(name, properties, _unescaped(data, ("\r", "\n", "%")))


def _unescaped(text: str, characters: tuple[str, ...]) -> str:
    for each in characters:
        text = text.replace(f"%{ord(each):02X}", each)
    return text


def valid(text: str, schema: str) -> Any:
    """Read JSON that has to agree with a schema of tests/data."""
    document = json.loads(text)
    described = json.loads((DATA / schema).read_text("utf-8"))
    kind = jsonschema.validators.validator_for(described)
    kind.check_schema(described)
    kind(described, format_checker=kind.FORMAT_CHECKER).validate(document)
    return document


class Comment(NamedTuple):
    """What a reader of Markdown sees."""

    headings: list[str]
    rows: list[list[str]]
    """The cells of all tables without their heads."""
    fences: list[str]
    html: list[str]
    links: list[str]


def comment(markdown: str) -> Comment:
    """Read Markdown by CommonMark and with tables, as GitHub has them."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    children = [child for each in tokens for child in each.children or ()]
    return Comment(
        headings=[_seen(tokens[at + 1]) for at, each in enumerate(tokens) if each.type == "heading_open"],
        rows=_rows(tokens),
        fences=[each.content for each in tokens if each.type == "fence"],
        html=[each.content for each in (*tokens, *children) if each.type in ("html_block", "html_inline")],
        links=[each.type for each in children if each.type in ("link_open", "image")],
    )


def _rows(tokens: list[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for at, each in enumerate(tokens):
        if each.type == "tr_open":
            rows.append([])
        elif each.type == "td_open":
            rows[-1].append(_seen(tokens[at + 1]))
    return [each for each in rows if each]


def _seen(inline: Token) -> str:
    return "".join(
        each.content for each in inline.children or () if each.type in ("text", "code_inline", "text_special")
    )


def mentions(markdown: str) -> list[str]:
    """What GitHub looks for in the text of what Markdown has become: people and issues."""
    html = MarkdownIt("commonmark").enable("table").render(markdown)
    text = re.sub(r"<(pre|code)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.findall(r"(?<![\w&])[@#]\w+", text.replace("&#", "&"))


# -- reports

HARD_PATH = "migrations/ä b/日本:c,100%2C#1\\x|`y`<b>.py"
LINES = (
    'revision = "a1"',
    'a = "😀日本é"; op.create_index("ix_😀", "orders", ["user_id"])',
    "def upgrade():",
    '    op.add_column("日本", sa.Column(',
    '        "né", sa.Float()))  # x',
)
HARD_SOURCE = Source(HARD_PATH, "\n".join(LINES) + "\n")
INDEX = 'op.create_index("ix_😀", "orders", ["user_id"])'


def span_of(text: str, line: int, path: str = HARD_PATH) -> Span:
    """The span of a stretch of a line, in bytes as Python's parser counts."""
    begin = LINES[line - 1].index(text)
    column = len(LINES[line - 1][:begin].encode()) + 1
    return Span(path, line, column, line, column + len(text.encode()))


HARD_MESSAGE = (
    'a "x|y" 100%0A *b* _c_ `d` <script>e</script> @maria #12 [f](https://g.example) \x1b[31m\x00\x85 ::error::h'
)

WARNS = Finding(
    "MG301",
    "index-blocks-writes",
    Severity.WARNING,
    Confidence.MEDIUM,
    HARD_MESSAGE,
    span_of(INDEX, 2),
    help="Build it\nconcurrently | <b>now</b> &amp; @maria.",
    printed=lambda: 'op.execute("""\n```\n</details>\n::error::x\n\x1b[31m""")\n',
    object="orders.ix_😀",
    revision="a1",
    direction="upgrade",
    related=(Related(span_of("upgrade", 3), "the function | <i>here</i>"), Related(span_of('"ix_😀"', 2), "its name")),
    fingerprint="0123456789abcdef",
)
FAILS = Finding(
    "MG603",
    "float-money",
    Severity.ERROR,
    Confidence.HIGH,
    "money is a Float",
    Span(HARD_PATH, 4, 5, 5, 28),
    help="Write Numeric.",
    object="日本.né",
    revision="a1",
    fingerprint="fedcba9876543210",
)
OF_SETTINGS = Finding(
    "XX904",
    "missing-timeout",
    Severity.INFO,
    Confidence.HIGH,
    "no timeout is set",
    Span("alembic.ini", 1, 1, 1, 2),
    fingerprint="1111111111111111",
)
CRASHED = Finding(
    "MG000",
    "rule-crashed",
    Severity.ERROR,
    Confidence.HIGH,
    "the rule float-money has crashed: KeyError",
    Span("migrations/env.py", 1, 1, 1, 2),
    fingerprint="2222222222222222",
)
OUTSIDE = replace(FAILS, span=Span("/srv/elsewhere/v 1.py", 3, 1, 3, 2), severity=Severity.WARNING)
NO_TEXT = replace(FAILS, span=Span("versions/\udcff.py", 1, 1, 1, 2), message="it is no \udcff text")

ALEMBIC = EnvironmentSummary("migrations", "postgresql 15", 3, ("a1",))
RULE = RuleSummary("MG301", "index-blocks-writes", Severity.ERROR, "Flag an index " + "that is long " * 200)


def a_report(*findings: Finding) -> Report:
    """A report with these findings, of a script with wide characters."""
    return Report(
        findings,
        environments=(ALEMBIC,),
        sources={HARD_PATH: HARD_SOURCE},
        rules={RULE.code: RULE},
    )


HARD = a_report(WARNS, FAILS, replace(FAILS, fingerprint="fedcba9876543210"), OF_SETTINGS, CRASHED, OUTSIDE, NO_TEXT)
"""Everything that a report may have, two findings of it with one fingerprint."""


def cut(region: tuple[int, int, int, int]) -> str:
    """What lies in a region of the hard source, its columns counting characters."""
    line, column, end_line, end_column = region
    if line == end_line:
        return LINES[line - 1][column - 1 : end_column - 1]
    return "\n".join(
        (LINES[line - 1][column - 1 :], *LINES[line : end_line - 1], LINES[end_line - 1][: end_column - 1])
    )
