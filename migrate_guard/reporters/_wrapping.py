"""Text in lines of a given width."""

from __future__ import annotations

from migrate_guard.terminal import cells, visible


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() and text.isprintable() else sum(width for _, width in cells(text))


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as a terminal shows it, in lines of at most `width` columns where its words let it."""
    shown = visible(text)
    if len(shown) <= width and shown.isascii():
        return [shown]
    lines: list[str] = []
    for word in shown.split(" "):
        if lines and columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
