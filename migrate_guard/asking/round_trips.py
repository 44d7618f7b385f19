"""What became of a round trip, in sentences."""

from __future__ import annotations

from migrate_guard.model.round_trip import Difference, Failure


def subject(difference: Difference) -> str:
    """What a finding calls the object of a difference."""
    return f"{difference.owner}.{difference.part}" if difference.part else difference.owner


def in_a_line(failure: Failure) -> str:
    """What was raised, as one line."""
    message = failure.message.strip().partition("\n")[0].rstrip(".")
    return f"{failure.error}: {message}" if message else failure.error


def sentence(difference: Difference) -> str:
    name = f'{difference.kind} "{difference.part or difference.owner}"'
    if difference.before is None:
        return f"the {name} is left behind"
    if difference.after is None:
        return f"the {name} is missing"
    return f"the {name} is {difference.after}, it was {difference.before}"
