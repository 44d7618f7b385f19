"""The drawing of a revision graph, in the manner of `git log --graph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate_guard.model.revision import History, Revision
from migrate_guard.terminal import visible


def draw(history: History) -> str:
    """Return the graph, newest revision first, and what is wrong with it below."""
    lines = [*_rows(history), *_faults(history)]
    return "".join(f"{line.rstrip()}\n" for line in lines) or "there are no revisions\n"


def _rows(history: History) -> Iterator[str]:
    # A lane holds the id of the revision that it leads down to.
    lanes: list[str] = []
    undrawn = {revision.id for revision in history.order}
    for revision in reversed(history.order):
        undrawn.discard(revision.id)
        places = [place for place, wanted in enumerate(lanes) if wanted == revision.id] or [len(lanes)]
        if places[0] == len(lanes):
            lanes.append(revision.id)
        place = places[0]
        for other in reversed(places[1:]):
            yield _join(other, place, len(lanes))
            del lanes[other]
        marks = " ".join("*" if each == place else "|" for each in range(len(lanes)))
        yield f"{marks}  {_label(revision, history)}"
        # In a cycle the way down leads back up; there is no lane to draw.
        parents = [parent for parent in revision.down if parent in undrawn]
        for extra in range(1, len(parents)):
            yield _fork(place + extra - 1, len(lanes) + extra - 1)
        if not parents and place + 1 < len(lanes):
            yield _close(place, len(lanes))
        lanes[place : place + 1] = parents


def _fork(place: int, lanes: int) -> str:
    """Draw a lane that splits off to the right of `place`, those behind it making room."""
    return _drawn({2 * each: "|" for each in range(place + 1)} | {2 * each + 1: "\\" for each in range(place, lanes)})


def _join(place: int, into: int, lanes: int) -> str:
    """Draw the lane at `place` running into an earlier one, those behind it closing up."""
    straight = {2 * each: "|" for each in range(place)}
    across = {2 * each + 1: "_" for each in range(into, place - 1)}
    return _drawn(straight | across | {2 * each - 1: "/" for each in range(place, lanes)})


def _close(place: int, lanes: int) -> str:
    """Draw the lanes behind one that has ended closing up."""
    straight = {2 * each: "|" for each in range(place)}
    return _drawn(straight | {2 * each - 1: "/" for each in range(place + 1, lanes)})


def _drawn(characters: Mapping[int, str]) -> str:
    return "".join(characters.get(each, " ") for each in range(max(characters) + 1))


def _label(revision: Revision, history: History) -> str:
    marks = [
        *(["head"] if revision in history.heads else []),
        *(["base"] if revision in history.bases else []),
        *(["detached"] if revision.id in history.detached else []),
        *(f"label {label}" for label in revision.branch_labels),
        *(f"depends on {each}" for each in revision.depends_on),
    ]
    known = {fault.parent for fault in history.missing if fault.revision.id == revision.id}
    marks += [f"{each} is missing" for each in sorted(known)]
    note = f" ({', '.join(marks)})" if marks else ""
    return visible(f"{revision.id}{note} {revision.message}")


def _faults(history: History) -> Iterator[str]:
    faults = [
        *(f"{each.span}: {each.parent}, which {each.revision.id} names, is not there" for each in history.missing),
        *(f"{same[0].id} is the id of several scripts: {_paths(same)}" for same in history.duplicates),
        *(f"{' -> '.join(each.id for each in (*loop, loop[0]))} is a loop" for loop in history.cycles),
        *(f"{each.span}: it cannot be read: {each.reason}" for each in history.unreadable),
        *(f"{each.span.path}: it defines no revision" for each in history.strays),
    ]
    if faults:
        yield ""
        yield "faults:"
        for fault in faults:
            yield f"  {visible(fault)}"


def _paths(revisions: Sequence[Revision]) -> str:
    return ", ".join(revision.path for revision in revisions)
