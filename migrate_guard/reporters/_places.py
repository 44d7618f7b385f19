"""Where findings lie, in the units and from the directory that a format counts in."""

from __future__ import annotations

import os
from typing import NamedTuple

from migrate_guard.model.finding import Report
from migrate_guard.model.source import Span
from migrate_guard.reporters import Look
from migrate_guard.terminal import visible


class Region(NamedTuple):
    """A stretch of a file; lines and columns count from 1, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def characters(span: Span, report: Report) -> Region:
    """Return a place in columns that count characters, as far as its text is at hand."""
    source = report.sources.get(span.path)
    if source is None:
        return in_bytes(span)
    return Region(
        span.line,
        source.characters(span.line, span.column).column,
        span.end_line,
        source.characters(span.end_line, span.end_column).column,
    )


def in_bytes(span: Span) -> Region:
    """Return a place in columns that count bytes of UTF-8, as spans do."""
    return Region(span.line, span.column, span.end_line, span.end_column)


def in_repository(path: str, look: Look) -> str:
    """Return a path from the root of the repository; from the current directory where there is none."""
    if look.repository is None:
        return path
    whole = os.path.normpath(os.path.join(look.directory, path)).replace(os.sep, "/")
    root = look.repository.replace(os.sep, "/").rstrip("/") + "/"
    return whole.removeprefix(root) if whole.startswith(root) else path


def shown(path: str, look: Look) -> str:
    """Return a path from the root of the repository, what is no text in it spelled out."""
    return visible(in_repository(path, look))
