"""Which lines an ignore comment speaks for."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.model.revision import Suppression
from migrate_guard.model.source import Source
from migrate_guard.reading.comments import suppressions


def read(text: str) -> tuple[Suppression, ...]:
    return suppressions(Source("versions/a1.py", text), ast.parse(text))


def lines(text: str) -> list[tuple[int, int]]:
    return [(each.first_line, each.last_line) for each in read(text)]


def test_a_comment_at_the_end_of_a_line_speaks_for_the_statement() -> None:
    (found,) = read("a = 1\nop.f()  # migrate-guard: ignore[MG301, float-money] small table\n")
    assert found.rules == ("MG301", "float-money")
    assert found.reason == "small table"
    assert (found.first_line, found.last_line) == (2, 2)
    assert found.span == ("versions/a1.py", 2, 9, 2, 64)


ONE = "# migrate-guard: ignore[MG301]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"op.f(\n    1,  {ONE}\n    2,\n)\n", (1, 4), id="any line of a statement"),
        pytest.param(f"op.f(\n    {ONE}\n    2,\n)\n", (1, 4), id="alone inside a statement"),
        pytest.param(f"a(); b()  {ONE}\n", (1, 1), id="several statements on the line"),
        pytest.param(f"{ONE}\nop.f(\n    1\n)\nop.g()\n", (2, 4), id="alone above a statement"),
        pytest.param(f"{ONE}\n\n# more words\nop.f()\n", (4, 4), id="other comments and blank lines between"),
        pytest.param(f"{ONE}\ndef f():\n    a()\n    b()\nc()\n", (2, 4), id="alone above a function"),
        pytest.param(f"{ONE}\n@d\ndef f():\n    a()\n", (2, 4), id="alone above a decorated function"),
        pytest.param(f"@d  {ONE}\ndef f():\n    a()\n", (1, 2), id="on a decorator"),
        pytest.param(f"def f():\n    {ONE}\n    a()\n    b()\n", (3, 3), id="first in a function"),
        pytest.param(f"def f():\n    a()\n    {ONE}\n\n\ndef g():\n    b()\n", (3, 3), id="last in a function"),
        pytest.param(f"def f():  {ONE}\n    a()\n", (1, 1), id="on a header"),
        pytest.param(f"def f(\n    a,\n):  {ONE}\n    a()\n", (1, 3), id="on the last line of a header"),
        pytest.param(f"def f(\n    {ONE}\n    a,\n):\n    a()\n", (1, 3), id="inside a header"),
        pytest.param(f"if x: a()  {ONE}\n", (1, 1), id="a body on the header's line"),
        pytest.param(f"{ONE}\nwith x:\n    a()\n    b()\n", (2, 4), id="alone above a block"),
        pytest.param(f"if x:\n    a()\n{ONE}\nelif y:\n    b()\n    c()\n", (4, 6), id="alone above elif"),
        pytest.param(f"if x:\n    a()\nelse:  {ONE}\n    b()\n", (3, 3), id="on else"),
        pytest.param(f"match x:\n    case 1:\n        {ONE}\n        a()\n", (4, 4), id="inside a case"),
        pytest.param(f"try:\n    a()\nexcept E:\n    {ONE}\n    b()\n", (5, 5), id="inside except"),
        pytest.param(f"a()\n{ONE}\n", (2, 2), id="below everything"),
        pytest.param(f"def f():\n\tif x:\n\t\t{ONE}\n\t\ta()\n", (4, 4), id="tabs"),
        pytest.param(f"a()\r\n{ONE}\r\nb(\r\n)\r\n", (3, 4), id="CRLF"),
        pytest.param(f"a()\r{ONE}\rb()\r", (3, 3), id="CR"),
        pytest.param(f"a()\n\f\n{ONE}\nb()\n", (4, 4), id="a form feed"),
        pytest.param(f"a()\n\f{ONE}\nb()\n", (3, 3), id="a form feed before the comment"),
        pytest.param(f"a = 'b\x0cc\x1cd\u2028e'  {ONE}", (1, 1), id="what only str.splitlines takes for a line"),
        pytest.param(f"x = 1 + \\\n    2  {ONE}\n", (1, 2), id="a continued line"),
    ],
)
def test_reach(text: str, expected: tuple[int, int]) -> None:
    assert lines(text) == [expected]


BLOCKS = ("if x:", "with x:", "def f():", "try:", "class A:", "for y in x:", "match x:\n{0}  case 1:")


@given(st.lists(st.sampled_from([*BLOCKS, "a(", ONE, "", "b()  " + ONE]), max_size=12))
def test_every_comment_speaks_for_lines_of_the_file(parts: list[str]) -> None:
    indent, text = "", []
    for part in parts:
        text += [indent + part.format(indent)] if part else [""]
        if part in BLOCKS:
            indent += "    "
        elif part == "a(":
            text += [f"{indent}  {ONE}", f"{indent})"]
    source = "\n".join([*text, f"{indent}pass"])
    try:
        ast.parse(source)
    except SyntaxError:
        return
    found = read(source)
    assert len(found) == source.count(ONE)
    assert all(1 <= each.first_line <= each.last_line <= source.count("\n") + 1 for each in found)


def test_ignore_file_speaks_for_the_whole_file() -> None:
    (found,) = read("a()\n# migrate-guard: ignore-file[MG602] imported from the old tool\nb()\n")
    assert (found.first_line, found.rules, found.reason) == (1, ("MG602",), "imported from the old tool")
    assert found.last_line >= 3


def test_strings_are_not_comments() -> None:
    assert read(f'"""\n{ONE}\n"""\na = "{ONE}"\n') == ()


@pytest.mark.parametrize(
    ("comment", "rules", "reason"),
    [
        ("# migrate-guard: ignore", (), "ignore"),
        ("# migrate-guard: ignore MG301", (), "ignore MG301"),
        ("# migrate-guard: ignore[MG301", (), "ignore[MG301"),
        ("# migrate-guard: ignore[]", (), ""),
        ("# migrate-guard: igore[MG301]", (), "igore[MG301]"),
        ("#migrate-guard:ignore[MG301,MG301 ,]", ("MG301",), ""),
        ("# noqa: E501  # migrate-guard: ignore[MG301] see #12  # noqa", ("MG301",), "see #12"),
    ],
)
def test_spellings(comment: str, rules: tuple[str, ...], reason: str) -> None:
    (found,) = read(f"op.f()  {comment}\n")
    assert (found.rules, found.reason) == (rules, reason)


def test_columns_count_bytes() -> None:
    (found,) = read(f"a = 'é'  {ONE}\n")
    assert found.span.column == len("a = 'é'  ".encode()) + 1


def test_prose_about_the_tool_is_no_directive() -> None:
    assert read("a()  # see the manual of migrate-guard: ignore[MG301]\n") == ()
