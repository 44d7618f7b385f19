"""Load the models of a project without a database, and tell what they are."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Read the job from the first descriptor and write events to the second; 0 where models were loaded."""
    from .work import main as work

    return work(arguments)
