"""Which lines an ignore comment speaks for."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_guard.model.revision import Suppression
from migrate_guard.model.source import Source
from migrate_guard.reading.comments import suppressions
from migrate_guard.reading.marking import Place, above, with_ignores


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


FIRST = st.sampled_from(["", "#!/usr/bin/env python\n", "# -*- coding: latin-1 -*-\n", '"""é."""\n'])
PIECES = st.sampled_from(
    [
        "op.f(1)",
        "op.f(\n    1,\n    2,\n)",
        'op.execute("""\n  SELECT 1\n  # no comment\n""")',
        "x = 1 + \\\n    2",
        "a(); b()",
        "op.g()  # noqa",
        "op.g()  # migrate-guard: ignore[MG406] known",
        "if x: a()",
        "with op.batch_alter_table(\n    'a',\n) as b:\n    b.c(\n        1,\n    )",
        "@d\ndef f(\n    a,\n):\n    return '''\n'''",
        "else_ = 'é'",
        "try:\n    a()\nexcept E:\n    b()\nelse:\n    c()",
        "# alone",
        "",
        "class A:\n\tb = 1   ",
    ]
)


@given(FIRST, st.lists(PIECES, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data())
def test_comments_that_are_written_hide_what_they_are_to_hide(
    first: str, pieces: list[str], newline: str, ends: bool, data: st.DataObject
) -> None:
    text = (first + "\n".join(pieces) + ("\n" if ends else "")).replace("\n", newline)
    encoding = "latin-1" if "latin" in first else "utf-8"
    before = text.encode(encoding)
    number = max(text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1, 1)
    places = data.draw(
        st.sets(st.builds(Place, st.integers(1, number), st.sampled_from(["MG301", "MG406"])), max_size=4)
    )
    after = with_ignores(before, "a1.py", places)
    assert after.done == places
    assert ast.dump(ast.parse(after.data)) == ast.dump(ast.parse(before))
    found = suppressions(Source("a1.py", after.data.decode(encoding)), ast.parse(after.data))
    for place in places:
        assert any(place.code in each.rules and each.first_line <= place.line <= each.last_line for each in found)
    # Nothing else has changed: without its comments every line is what it was, but for blanks at its end.
    added = "# migrate-guard: ignore"
    lines, same = (
        "\n".join(line.partition(added)[0].rstrip() for line in each.decode(encoding).split(newline)).rstrip()
        for each in (after.data, before)
    )
    assert lines == same
    assert not places or after.comments == len(found) - text.count("migrate-guard")


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("op.f(1)\n", 1, "op.f(1)  # migrate-guard: ignore[MG301] TODO: say why\n"),
        ("op.f(\n    1,\n)\n", 2, "op.f(\n    1,  # migrate-guard: ignore[MG301] TODO: say why\n)\n"),
        ('op.f("""\na\n""")\n', 2, 'op.f("""\na\n""")  # migrate-guard: ignore[MG301] TODO: say why\n'),
        ("x = 1 + \\\n  2\n", 1, "x = 1 + \\\n  2  # migrate-guard: ignore[MG301] TODO: say why\n"),
        ("def f():\n    a()\n", 1, "def f():  # migrate-guard: ignore[MG301] TODO: say why\n    a()\n"),
        ("a()  # noqa  \r\nb()", 1, "a()  # noqa  # migrate-guard: ignore[MG301] TODO: say why\r\nb()"),
        ("# words\r\n\r\nb()", 1, "# words\r\n\r\nb()\r\n# migrate-guard: ignore-file[MG301] TODO: say why\r\n"),
        ("", 1, "# migrate-guard: ignore-file[MG301] TODO: say why\n"),
    ],
)
def test_where_comments_are_written(text: str, line: int, expected: str) -> None:
    assert with_ignores(text.encode(), "a1.py", [Place(line, "MG301")]).data.decode() == expected


def test_what_cannot_be_read_gets_no_comment() -> None:
    for data in (b"def f(:\n", b"\xff\n", b"a\0b"):
        assert with_ignores(data, "a1.py", [Place(1, "MG301")]) == (data, frozenset(), 0)


def test_comments_of_an_ini_stand_above() -> None:
    marked = above(b"[alembic]\r\nsqlalchemy.url = a\r\n", [Place(2, "MG905"), Place(2, "MG908"), Place(9, "MG901")])
    comment = b"# migrate-guard: ignore[MG905, MG908] TODO: say why\r\n"
    assert marked.data == b"[alembic]\r\n" + comment + b"sqlalchemy.url = a\r\n"
    assert marked.done == {(2, "MG905"), (2, "MG908")}
