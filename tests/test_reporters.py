"""What reports look like."""

import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate_guard.model.finding import (
    Confidence,
    EnvironmentSummary,
    Finding,
    Hidden,
    OpaqueOperation,
    Related,
    Report,
    Severity,
)
from migrate_guard.model.source import Source, Span
from migrate_guard.reporters import Look, formats, reporter
from migrate_guard.reporters.text import mark
from migrate_guard.terminal import cells

PATH = "alembic/versions/3f2a_add_orders_index.py"
LINE = '    op.create_index("ix_orders_user_id", "orders", ["user_id"])'
SOURCE = Source(PATH, "\n" * 11 + LINE + "\n")
ALEMBIC_TEXT = "alembic, postgresql 15, head 9c41"
ALEMBIC = EnvironmentSummary("alembic", "postgresql 15", 120, ("9c41",))

BLOCKS = Finding(
    code="MG301",
    name="index-blocks-writes",
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    message='building "ix_orders_user_id" blocks writes to "orders" until it is done',
    span=Span(PATH, 12, 5, 12, 64),
    help="Build it concurrently.",
    printed=lambda: "with op.get_context().autocommit_block():\n    op.create_index(postgresql_concurrently=True)",
    object="orders.ix_orders_user_id",
    revision="3f2a",
    direction="upgrade",
    fingerprint="0123456789abcdef",
)
NO_ENV = Finding(
    "MG901",
    "no-timeout",
    Severity.WARNING,
    Confidence.HIGH,
    "no timeout is set",
    Span("alembic.ini", 3, 1, 3, 9),
    "Set one.",
)


def a_report(*findings: Finding, hidden: tuple[Hidden, ...] = (), opaque: tuple[OpaqueOperation, ...] = ()) -> Report:
    return Report(findings, hidden, opaque, (ALEMBIC,), {PATH: SOURCE}, rules_run=3, operations=9, elapsed_ms=210)


def render(name: str, report: Report, look: Look = Look()) -> str:
    return reporter(name)(report, look)


def test_formats() -> None:
    assert {"concise", "json", "statistics", "text"} <= set(formats())
    assert not any(name.startswith("_") for name in formats())


def test_text() -> None:
    hidden = (Hidden(BLOCKS, "baseline"), Hidden(BLOCKS, "suppressed"), Hidden(BLOCKS, "suppressed"))
    opaque = (OpaqueOperation(Span(PATH, 12, 5, 12, 9), "the table is read from a file"),)
    assert (
        render("text", a_report(BLOCKS, NO_ENV, hidden=hidden, opaque=opaque))
        == f"""\
{PATH}:12:5 error MG301 index-blocks-writes
   |
12 |     op.create_index("ix_orders_user_id", "orders", ["user_id"])
   |     {"^" * 59} building "ix_orders_user_id" blocks writes to "orders" until it is done
   |
   = write: with op.get_context().autocommit_block():
                op.create_index(postgresql_concurrently=True)

alembic.ini:3:1 warning MG901 no-timeout
  = no timeout is set
  = help: Set one.

2 findings (1 error, 1 warning) in 120 revisions of {ALEMBIC_TEXT}; hidden: 2 suppressed, 1 in the baseline;
1 operation not understood (-v lists them)
"""
    )


def test_text_of_a_clean_run() -> None:
    clean = "no findings in 120 revisions of alembic, postgresql 15, head 9c41\n"
    assert render("text", a_report()) == clean
    assert render("text", a_report(), Look(quiet=True)) == ""
    assert render("text", Report(())) == "no findings\n"


def test_verbose_text_lists_what_was_not_understood_and_all_help() -> None:
    opaque = (OpaqueOperation(Span(PATH, 12, 5, 12, 9), "the table is read from a file"),)
    text = render("text", a_report(BLOCKS, opaque=opaque), Look(verbose=True))
    assert f"not understood:\n  {PATH}:12:5 the table is read from a file\n" in text
    assert "   = help: Build it concurrently.\n   = write: with" in text


def test_a_message_that_does_not_fit_beside_the_carets_stands_below_them() -> None:
    related = (Related(Span("alembic/versions/0001_users.py", 30, 5, 30, 9), "the table is made in this revision"),)
    report = a_report(replace(BLOCKS, related=related, printed=None), opaque=(OpaqueOperation(BLOCKS.span, "unknown"),))
    assert (
        render("text", report, Look(width=70))
        == f"""\
{PATH}:12:5 error MG301 index-blocks-writes
   |
12 |     op.create_index("ix_orders_user_id", "orders", ["user_id"])
   |     {"^" * 59}
   |     building "ix_orders_user_id" blocks writes to "orders" until
   |     it is done
   |
   = note: the table is made in this revision
           (alembic/versions/0001_users.py:30:5)
   = help: Build it concurrently.

1 finding (1 error) in 120 revisions of alembic, postgresql 15, head
9c41;
1 operation not understood (-v lists them)
"""
    )


@pytest.mark.parametrize("width", [1, 40, 60, 61, 80, 100, 160, 400])
def test_reports_keep_to_the_width_and_cut_no_message(width: int) -> None:
    wide = replace(BLOCKS, message="日本 " * 30 + "é" * 30, span=Span(PATH, 12, 55, 12, 64), printed=None)
    text = render("text", a_report(BLOCKS, wide, NO_ENV, replace(NO_ENV, message="m " * 60)), Look(width=width))
    frames = [line for line in text.splitlines() if " | " in line[:5]]
    assert all(sum(columns for _, columns in cells(line)) <= max(width, 45) for line in frames)
    words = [word for line in text.splitlines() for word in line.removeprefix("   |").split()]
    assert words.count("日本") == 30
    assert words.count("m") == 60
    assert " ".join(BLOCKS.message.split()) in " ".join(words)


def test_a_line_wider_than_the_terminal_is_shown_around_the_finding() -> None:
    assert mark(LINE, Span(PATH, 12, 5, 12, 64), 40) == ('…op.create_index("ix_orders_user_id", "…', 1, 38)
    assert mark(LINE, Span(PATH, 12, 53, 12, 62), 40) == ('…rders_user_id", "orders", ["user_id"])', 28, 9)


def test_the_footer_of_many_environments_is_a_list() -> None:
    billing = EnvironmentSummary("billing", "sqlite 3.40", 1, ("a", "b"))
    report = Report((), hidden=(Hidden(BLOCKS, "diff"),), opaque=(OpaqueOperation(BLOCKS.span, "?"),))
    assert render("text", replace(report, environments=(ALEMBIC, billing)), Look(width=80)) == (
        "no findings in\n"
        "  120 revisions of alembic, postgresql 15, head 9c41\n"
        "  1 revision of billing, sqlite 3.40, heads a, b\n"
        "hidden: 1 outside the diff\n"
        "1 operation not understood (-v lists them)\n"
    )


def test_text_names_related_places() -> None:
    finding = Finding(
        "MG101",
        "multiple-heads",
        Severity.ERROR,
        Confidence.HIGH,
        "two heads",
        Span(PATH, 1, 1, 1, 2),
        related=(Related(Span("b.py", 3, 1, 3, 4), "the other head"),),
    )
    assert "  = note: the other head (b.py:3:1)\n" in render("text", a_report(finding))


def test_several_environments() -> None:
    report = Report((), environments=(ALEMBIC, EnvironmentSummary("billing", "sqlite 3.40", 1, ("a", "b"))))
    assert render("text", report) == (
        "no findings in 120 revisions of alembic, postgresql 15, head 9c41"
        " and 1 revision of billing, sqlite 3.40, heads a, b\n"
    )


def test_colours() -> None:
    colored = render("text", a_report(BLOCKS), Look(color=True))
    assert "\x1b[1;31merror\x1b[0m" in colored
    assert "\x1b" not in render("text", a_report(BLOCKS))


def test_concise() -> None:
    assert render("concise", a_report(BLOCKS)) == f"{PATH}:12:5: error MG301 index-blocks-writes: {BLOCKS.message}\n"
    assert render("concise", a_report()) == ""


def test_statistics() -> None:
    assert render("statistics", a_report(NO_ENV, BLOCKS, BLOCKS)) == (
        "2  MG301  index-blocks-writes\n1  MG901  no-timeout\n\n"
        "3 findings (2 errors, 1 warning) in 120 revisions of alembic, postgresql 15, head 9c41\n"
    )


def test_json_agrees_with_its_schema() -> None:
    schema = json.loads(files("migrate_guard").joinpath("schemas/check.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(render("json", a_report(BLOCKS, NO_ENV_MARKED, hidden=(Hidden(BLOCKS, "diff"),))))
    jsonschema.validate(document, schema)
    assert document["hidden"] == {"suppressed": 0, "baseline": 0, "diff": 1}
    assert (document["opaque"], document["revisions"], document["elapsed_ms"]) == (0, 120, 210)
    first = document["findings"][0]
    assert (first["line"], first["column"], first["end_column"], first["direction"]) == (12, 5, 64, "upgrade")
    assert document["findings"][1]["write"] is None


NO_ENV_MARKED = Finding(
    "MG901",
    "no-timeout",
    Severity.WARNING,
    Confidence.LOW,
    "no timeout",
    Span("alembic.ini", 3, 1, 3, 9),
    fingerprint="fedcba9876543210",
)


def test_columns_count_characters() -> None:
    source = Source("a.py", 'x = "é"; y = 1\n')
    finding = Finding("MG301", "n", Severity.ERROR, Confidence.HIGH, "m", Span("a.py", 1, 11, 1, 16))
    report = Report((finding,), sources={"a.py": source})
    document = json.loads(render("json", report))["findings"][0]
    assert (document["column"], document["end_column"]) == (10, 15)
    assert render("concise", report).startswith("a.py:1:10:")


@pytest.mark.parametrize(
    ("line", "span", "shown", "start", "width"),
    [
        pytest.param("a = f(1)", (5, 9), "a = f(1)", 4, 4, id="plain"),
        pytest.param("\ta = 1", (2, 7), "    a = 1", 4, 5, id="a tab"),
        pytest.param("ab\tc", (4, 5), "ab  c", 4, 1, id="a tab inside"),
        pytest.param("'日本', x", (9, 12), "'日本', x", 6, 3, id="wide characters"),
        pytest.param("'e\u0301' x", (6, 8), "'e\u0301' x", 3, 2, id="a combining character"),
        pytest.param("'\x1b[31m' x", (9, 10), "'\\x1b[31m' x", 11, 1, id="an escape sequence"),
        pytest.param("'\u202e' x", (7, 8), "'\\u202e' x", 9, 1, id="text turned round"),
        pytest.param("", (1, 2), "", 0, 1, id="an empty line"),
        pytest.param("a = 1", (90, 95), "a = 1", 5, 1, id="beyond the end"),
    ],
)
def test_mark(line: str, span: tuple[int, int], shown: str, start: int, width: int) -> None:
    assert mark(line, Span("a.py", 1, span[0], 1, span[1])) == (shown, start, width)


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert mark("  op.f(  ", Span("a.py", 1, 3, 4, 2)) == ("  op.f(  ", 2, 5)


@pytest.mark.parametrize("at", [0, 5, 1000, 100_000, 199_990])
def test_long_lines_are_cut_around_the_span(at: int) -> None:
    line = "x" * at + "HERE" + "y" * (200_000 - at - 4)
    marked = mark(line, Span("a.py", 1, at + 1, 1, at + 5))
    assert marked.line[marked.start : marked.start + marked.width] == "HERE"
    assert len(marked.line) <= 162


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 300), st.integers(0, 300), st.booleans())
def test_marks_lie_on_what_is_shown(line: str, start: int, length: int, is_long: bool) -> None:
    line = line.replace("\n", "").replace("\r", "")
    marked = mark(line, Span("a.py", 1, start, 1 + is_long, start + length))
    assert all(character.isprintable() for character in marked.line)
    columns = sum(width for _, width in cells(marked.line))
    assert marked.width >= 1
    assert marked.start + marked.width <= max(columns, marked.start + 1)


def test_long_spans_are_cut() -> None:
    marked = mark("x" * 500, Span("a.py", 1, 1, 1, 501))
    assert len(marked.line) <= 162
    assert marked.width <= 160


def test_user_text_cannot_move_the_cursor() -> None:
    evil = Finding(
        "MG301",
        "n",
        Severity.ERROR,
        Confidence.HIGH,
        'drops "\x1b[2J\n\u202e"',
        Span("a\x1b.py", 1, 1, 1, 5),
        printed=lambda: 'op.f("\x07")\r\n',
        related=(Related(Span("b\x9b.py", 1, 1, 1, 1), "see \x1b"),),
    )
    report = Report((evil,), sources={"a\x1b.py": Source("a\x1b.py", "x = '\x1b[0m'")})
    for name in ("text", "concise", "json"):
        text = render(name, report)
        assert all(character == "\n" or character.isprintable() for character in text)
