"""Differences that follow from another: what belongs to a table that is left behind, what a partition inherits."""

from __future__ import annotations

import re

Key = tuple[str, str, str]
Snapshot = dict[Key, str]

_ASPECTS = (" comment", " owner", " privileges")
_OF_OWNERS = {
    "table": ("table", "foreign table", "view", "materialized view"),
    "domain constraint": ("domain",),
}
_INHERITED = re.compile(r"^(?:PARTITION OF|INHERITS) (.+)$", re.MULTILINE)
_OWNED = re.compile(r"^OWNED BY (.+)$", re.MULTILINE)


def causes(keys: set[Key], before: Snapshot, after: Snapshot) -> set[Key]:
    """Return those of the differing keys that do not follow from another one."""
    return {key for key in keys if not _follows(key, keys, before, after)}


def _follows(key: Key, keys: set[Key], before: Snapshot, after: Snapshot) -> bool:
    kind, owner, part = key
    for aspect in _ASPECTS:
        if kind.endswith(aspect):
            thing = (kind[: -len(aspect)], owner, part)
            return _same_fate(thing, key, keys, before, after) or _follows(thing, keys | {thing}, before, after)
    if part:
        owners = _OF_OWNERS.get(kind, _OF_OWNERS["table"])
        if any(_same_fate((each, owner, ""), key, keys, before, after) for each in owners):
            return True
    if kind == "index" and _same_fate(("constraint", owner, part), key, keys, before, after):
        return True
    if kind in ("table", "column", "constraint", "trigger"):
        return _is_inherited(key, keys, before, after)
    return kind == "sequence" and _goes_with_its_column(key, keys, before, after)


def _same_fate(cause: Key, key: Key, keys: set[Key], before: Snapshot, after: Snapshot) -> bool:
    """Whether the cause is only in the one snapshot in which the key is, too."""
    if cause not in keys or (cause in before) == (cause in after):
        return False
    return (cause in before) == (key in before) and (cause in after) == (key in after)


def _is_inherited(key: Key, keys: set[Key], before: Snapshot, after: Snapshot) -> bool:
    """Whether the parent of the table has the same difference."""
    kind, owner, part = key
    for snapshot in (before, after):
        found = _INHERITED.search(snapshot.get(("table", owner, ""), ""))
        for parent in found.group(1).split(", ") if found else ():
            its = (kind, parent, part)
            if kind == "table":
                return _same_fate(its, key, keys, before, after)
            if its in keys and before.get(its) == before.get(key) and after.get(its) == after.get(key):
                return True
    return False


def _goes_with_its_column(key: Key, keys: set[Key], before: Snapshot, after: Snapshot) -> bool:
    found = _OWNED.search(before.get(key) or after.get(key) or "")
    if found is None:
        return False
    owned = found.group(1)
    for kind, owner, part in keys:
        if kind == "column" and f"{owner}.{part}" == owned:
            return _same_fate((kind, owner, part), key, keys, before, after) or (kind, owner, part) in before
        if (
            kind == "table"
            and owned.startswith(owner + ".")
            and _same_fate((kind, owner, ""), key, keys, before, after)
        ):
            return True
    return False
