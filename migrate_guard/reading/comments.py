"""Find the comments of a script that speak to migrate-guard, and the lines that each speaks for."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Suppression
from migrate_guard.model.source import Source, Span

MARK = "migrate-guard:"

# Another remark on the line begins with "# " ("# type: …"); "#123" in a reason is a ticket.
_DIRECTIVE = lazily(r"#\s*migrate-guard:\s*(?P<body>.*?)(?=\s+#\s|\s*$)")
_IGNORE = lazily(r"(?P<verb>ignore-file|ignore)\s*\[(?P<rules>[^\]]*)\]\s*(?P<reason>.*)")


class _Comment(NamedTuple):
    line: int
    column: int
    """In characters, from 0."""
    indent: int
    text: str
    is_alone: bool


class _Statement(NamedTuple):
    first: int
    """The line of its first decorator, where it has one."""
    header: int
    """The last line on which something of it stands before its own block."""
    block: int | None
    """The line its own block begins on, None for a statement without one."""
    last: int
    column: int


def suppressions(source: Source, tree: ast.Module) -> tuple[Suppression, ...]:
    """Return the suppressions of a script in the order of its lines.

    A comment at the end of a line speaks for the statement on that line; of a statement with a block it is the header.
    A comment alone on its line speaks for the statement, function or block below it, or for the statement around it.
    A comment that is addressed to migrate-guard but not understood is a suppression without rules.
    """
    if MARK not in source.text:
        return ()
    statements = tuple(_statements(tree))
    return tuple(
        _suppression(source, comment, directive, statements)
        for comment in _comments(source)
        for directive in _DIRECTIVE.finditer(comment.text)
    )


def of_module(source: Source) -> tuple[Suppression, ...]:
    """Return the suppressions of a module that Python has imported; none where this Python cannot read it."""
    if MARK not in source.text:
        return ()
    try:
        return suppressions(source, ast.parse(source.text))
    except (SyntaxError, ValueError):
        return ()


def speaks_for(line: int, tree: ast.Module) -> tuple[int, int]:
    """Return the first and last line for which a comment at the end of a line would speak."""
    return _reach(_Comment(line, 0, 0, "", is_alone=False), tuple(_statements(tree)))


def of_configuration(source: Source) -> tuple[Suppression, ...]:
    """Return the suppressions of an ini or TOML file, where a comment is alone on its line, or ends one of TOML.

    A comment alone speaks for the next line that is neither empty nor a comment.
    """
    if MARK not in source.text:
        return ()
    found = []
    for number, line in enumerate(source.lines, 1):
        directive = _DIRECTIVE.search(line.replace(";", "#", 1) if line.lstrip().startswith(";") else line)
        if directive is not None:
            is_alone = line.lstrip().startswith(("#", ";"))
            spoken_for = _next_option(source, number) if is_alone else number
            comment = _Comment(number, 0, 0, line, is_alone)
            reach = (_Statement(spoken_for, spoken_for, None, spoken_for, 0),)
            found.append(_suppression(source, comment, directive, reach))
    return tuple(found)


def _next_option(source: Source, number: int) -> int:
    for after in range(number + 1, len(source.lines) + 1):
        line = source.line(after).strip()
        if line and not line.startswith(("#", ";")):
            return after
    return number


def _suppression(
    source: Source, comment: _Comment, directive: re.Match[str], statements: tuple[_Statement, ...]
) -> Suppression:
    ignore = _IGNORE.fullmatch(directive["body"].strip())
    line = source.line(comment.line)
    begin = len(line[: comment.column + directive.start()].encode(errors="replace")) + 1
    end = begin + len(directive.group().encode(errors="replace"))
    span = Span(source.path, comment.line, begin, comment.line, end)
    if ignore is None:
        return Suppression(span, (), comment.line, comment.line, directive["body"].strip())
    rules = tuple(dict.fromkeys(name for each in ignore["rules"].split(",") if (name := each.strip())))
    first, last = (1, len(source.lines)) if ignore["verb"] == "ignore-file" else _reach(comment, statements)
    return Suppression(span, rules, first, last, ignore["reason"].strip())


def _reach(comment: _Comment, statements: tuple[_Statement, ...]) -> tuple[int, int]:
    """Return the first and last line that a comment speaks for."""
    line = comment.line
    around = [each for each in statements if each.block is None and each.first <= line <= each.last]
    if around:
        return min(each.first for each in around), max(each.last for each in around)
    for each in reversed(statements):
        # Between a header and its block a comment alone is the block's; behind a closing bracket it is the header's.
        last = each.header if comment.is_alone or each.block is None else max(each.header, each.block - 1)
        if each.first <= line <= last:
            return each.first, last
    if comment.is_alone:
        below = min((each for each in statements if each.first > line), key=lambda each: each.first, default=None)
        # What follows further out belongs to another block: the comment is the last line of its own.
        if below and below.column >= comment.indent:
            return below.first, below.last
    return line, line


def _statements(tree: ast.Module) -> Iterator[_Statement]:
    """Yield every statement, outer ones before those inside them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            last = node.end_lineno or node.lineno
            body: list[ast.stmt | ast.match_case] = getattr(node, "body", []) or getattr(node, "cases", [])
            if body:
                block = _first_line(body[0])
                yield _Statement(_first_line(node), _header(node, body), block, last, node.col_offset)
            else:
                yield _Statement(_first_line(node), last, None, last, node.col_offset)


def _first_line(node: ast.stmt | ast.match_case) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min((node.lineno, *(each.lineno for each in decorators)))


def _header(node: ast.stmt, body: Sequence[ast.AST]) -> int:
    """Return the last line of what stands between the keyword of a statement and its block."""
    last = node.lineno
    for child in ast.iter_child_nodes(node):
        if child is body[0]:
            break
        last = max(last, *(getattr(each, "end_lineno", 0) or 0 for each in ast.walk(child)))
    return last


def _comments(source: Source) -> Iterator[_Comment]:
    # The lines are ours, so that line numbers agree with `Source` whatever ends the lines of the file.
    lines = (line + "\n" for line in source.lines)
    try:
        for token in tokenize.generate_tokens(lambda: next(lines, "")):
            if token.type == tokenize.COMMENT and MARK in token.string:
                line, column = token.start
                before = source.line(line)[:column]
                indent = len(before.rpartition("\f")[2])  # a form feed starts the indentation anew
                yield _Comment(line, column, indent, token.string, not before.strip())
    except (tokenize.TokenError, SyntaxError):
        # The tree shows that Python reads the script; what its own tokenizer module cannot read hides nothing.
        return
