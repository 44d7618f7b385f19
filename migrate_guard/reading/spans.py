"""Where nodes of a parsed file lie."""

from __future__ import annotations

import ast

from migrate_guard.model.source import Source, Span


def span_of(node: ast.stmt | ast.expr | ast.keyword | ast.alias, path: str) -> Span:
    """The whole of a node."""
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Span(path, node.lineno, node.col_offset + 1, end_line, end_column + 1)


def first_line_of(node: ast.stmt | ast.expr, source: Source) -> Span:
    """A node up to the end of its first line."""
    end = len(source.line(node.lineno).encode().rstrip()) + 1
    return Span(source.path, node.lineno, node.col_offset + 1, node.lineno, end)
