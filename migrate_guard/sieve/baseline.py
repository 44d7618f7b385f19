"""Which findings a baseline hides, and which of its entries nothing needs any more."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.model.finding import Finding
from migrate_guard.sieve.places import Places

Key: TypeAlias = tuple[str, ...]


class Matched(NamedTuple):
    """What comparing findings with a baseline gives."""

    accepted: frozenset[Finding]
    """The findings that it hides."""
    unmatched: tuple[Entry, ...]
    """The entries that hide nothing."""


class Looked(NamedTuple):
    """What a run has looked at, so that its silence about an entry says something."""

    ran: Collection[str]
    """The codes of the rules that ran."""
    known: Collection[str]
    """The codes of all rules."""
    revisions: Collection[tuple[str, str]]
    """The revisions whose scripts it was asked about, each behind its script location."""
    environments: Collection[str]
    """Script locations of the environments that it has judged as a whole."""


def matched(findings: Sequence[Finding], baseline: Baseline, places: Places, once: Collection[str] = ()) -> Matched:
    """Compare findings with a baseline: by fingerprint, then by what goes into one apart from the number.

    Environments may have revisions of one id, so each has its own entries; those of one that is gone count everywhere.

    Of findings of one rule about one object of one revision as many are hidden as there are entries: which of them
    goes by which number depends on those that were mended or suppressed since. What the rules `once` say once an
    environment moves on to another revision when the first one is mended; an entry stands for all that they say there.
    """
    if not baseline.entries:
        return Matched(frozenset(), ())
    left = {each: entry_of(each, baseline, places) for each in findings}
    spare = _paired(left, baseline.entries, _exactly)
    moved = [each for each in spare if each.environment in baseline.gone]
    spare = [each for each in spare if each.environment not in baseline.gone]
    spare += _paired(left, moved, _by_fingerprint)
    spare = _paired(left, spare, partial(_by_subject, once))
    unmatched = frozenset(spare)
    return Matched(frozenset(findings).difference(left), tuple(each for each in baseline.entries if each in unmatched))


def _paired(left: dict[Finding, Entry], entries: Iterable[Entry], kind: Callable[[Entry], Key]) -> list[Entry]:
    """Take what has the key of an entry out of the findings that are left; return the entries without a finding."""
    by_key: defaultdict[Key, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[kind(entry)].append(entry)
    for finding in tuple(left):
        same = by_key.get(kind(left[finding]))
        if same:
            del left[finding]
            same.pop()
    return [each for group in by_key.values() for each in group]


def _exactly(entry: Entry) -> Key:
    return entry.environment, entry.fingerprint


def _by_fingerprint(entry: Entry) -> Key:
    return (entry.fingerprint,)


def _by_subject(once: Collection[str], entry: Entry) -> Key:
    if entry.code in once:
        return entry.environment, entry.code
    return entry.environment, entry.code, entry.revision or "", entry.object or ""


def entry_of(finding: Finding, baseline: Baseline, places: Places) -> Entry:
    """The entry that accepts a finding."""
    return Entry(
        location(places.environment(finding), baseline),
        finding.code,
        finding.name,
        places.revision(finding),
        finding.object,
        finding.fingerprint,
    )


def location(place: str, baseline: Baseline) -> str:
    """A script location, shown relative to where the command runs, as a baseline spells it."""
    path = os.path.join(baseline.base, place)
    try:
        return Path(os.path.relpath(path, baseline.root)).as_posix()
    except ValueError:  # another drive of Windows
        return Path(path).as_posix()


def stale(entries: Iterable[Entry], looked: Looked) -> tuple[Entry, ...]:
    """Of entries that hide nothing, those about which the run would have said something.

    Other rules, files and environments may have their findings still.
    """
    return tuple(
        each
        for each in entries
        if (each.code in looked.ran or each.code not in looked.known)
        and ((each.environment, each.revision) in looked.revisions or each.environment in looked.environments)
    )
