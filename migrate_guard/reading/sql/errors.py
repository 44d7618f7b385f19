"""Why a piece of SQL has no operation of its own."""

from __future__ import annotations


class NotUnderstood(Exception):
    """Something the grammar of its reader does not cover; the message says what and where."""


class NotKnown(NotUnderstood):
    """A name or value that the script computes in a way nobody could follow."""
