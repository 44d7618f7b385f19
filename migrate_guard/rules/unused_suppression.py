from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import Suppression
from migrate_guard.rule import Problem, Severity, rule


@rule("MG003", on=Suppression, severity=Severity.WARNING)
def unused_suppression(comment: Suppression) -> Iterator[Problem]:
    """Flag an ignore comment, or the part of it in `rules`, that hides no finding."""
    yield Problem(
        f"this comment hides nothing: there is no finding of {' or '.join(comment.rules)} {_lines(comment)}",
        comment.span,
        help="Remove the comment, or the codes in it that nothing needs any more.",
    )


def _lines(comment: Suppression) -> str:
    if comment.first_line == comment.last_line:
        return f"on line {comment.first_line}"
    return f"on lines {comment.first_line} to {comment.last_line}"
