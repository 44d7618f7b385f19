"""What a round trip leaves behind, misses or changes, in one sentence of the present tense."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from migrate_guard.model.patterns import lazily
from migrate_guard.model.round_trip import Difference, Failure

_ON: Final = frozenset({"constraint", "index", "trigger", "rule", "policy", "statistics", "domain constraint"})
"""What is on its owner; a column is of it."""
_WORDS: Final = {"enum": "enum type", "domain": "domain", "domain constraint": "constraint", "statistics": "statistics"}
_PROGRAMS: Final = frozenset(
    {"function", "procedure", "aggregate", "view", "materialized view", "trigger", "rule", "event"}
)
"""Kinds whose definition is a text of the user's, not a list of clauses."""
_LONGEST: Final = 120
_LONGEST_WORDS: Final = 160
"""Characters of what a database has said, which may quote values."""


def subject(difference: Difference) -> str:
    """What a finding calls the object of a difference."""
    return f"{difference.owner}.{difference.part}" if difference.part else difference.owner


def in_a_line(failure: Failure) -> str:
    """What was raised, as one line of bearable length."""
    message = failure.message.strip().partition("\n")[0].rstrip(".")
    return f"{failure.error}: {_cut(message, _LONGEST_WORDS)}" if message else failure.error


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def sentence(difference: Difference) -> str:
    """Say what is left behind, missing or changed, with the part of the definition that differs."""
    kind, aspect = _aspect(difference.kind)
    subject = _subject(kind, difference.owner, difference.part)
    before, after = difference.before, difference.after
    if aspect == "privileges" or kind == "default privileges":
        return _granted(subject, before or "", after or "", difference)
    if aspect == "owner":
        now, then = (f'"{each}"' if each else "the role that migrates" for each in (after, before))
        return f"the owner of {subject} {_comes(difference)} as {now}, it was {then}"
    if kind == "database" and not aspect:
        before, after = before or "", after or ""
    if aspect == "comment":
        subject = f"the comment on {subject}"
    if before is None:
        return f"{subject} {_stays(difference)}{', INVALID' if _is_invalid(kind, after or '') else ''}"
    if after is None:
        return f"{subject} {_is_gone(difference)}"
    if aspect == "comment":
        return f"{subject} {_comes(difference)} as {shortened(after)!r}, it was {shortened(before)!r}"
    if kind == "enum":
        return _enum(subject, before, after, difference)
    if kind in _PROGRAMS:
        return _program(subject, before, after, difference)
    return f"{subject} {_comes(difference)} {_changes(kind, before, after)}"


def _aspect(kind: str) -> tuple[str, str]:
    thing, _, aspect = kind.rpartition(" ")
    return (thing, aspect) if aspect in ("comment", "owner", "privileges") and thing != "default" else (kind, "")


def _subject(kind: str, owner: str, part: str) -> str:
    if kind == "column":
        return f'column "{part}" of "{owner}"'
    if kind == "database":
        return "the database"
    if kind == "default privileges":
        return f'the {part} in schema "{owner}"' if owner else f"the {part}"
    if kind == "user mapping":
        return f'the user mapping of "{part}" for "{owner}"'
    word = _WORDS.get(kind, kind)
    if not part:
        return f'the {word} "{owner}"'
    # SQLite has constraints without a name: their definition stands for it.
    name = part if kind == "constraint" and part.endswith(")") and part.partition(" ")[0].isupper() else f'"{part}"'
    return f'the {word} {name} {"on" if kind in _ON else "of"} "{owner}"'


def _is_second(difference: Difference) -> bool:
    return difference.step == "second upgrade"


def _stays(difference: Difference) -> str:
    return "is there only after the second upgrade" if _is_second(difference) else "is left behind"


def _is_gone(difference: Difference) -> str:
    return "is missing after the second upgrade" if _is_second(difference) else "is missing"


def _comes(difference: Difference) -> str:
    return "comes out of the second upgrade" if _is_second(difference) else "comes back"


def _is_invalid(kind: str, definition: str) -> bool:
    return kind == "index" and "INVALID" in definition.split("\n")


def _granted(subject: str, before: str, after: str, difference: Difference) -> str:
    """Privileges: a GRANT or REVOKE a line."""
    then, now = before.split("\n"), after.split("\n")
    new = ", ".join(each for each in now if each not in then)
    gone = ", ".join(each for each in then if each not in now)
    said = [f"{new} on {subject} {_stays(difference)}"] if new else []
    said += [f"{gone} on {subject} {_is_gone(difference)}"] if gone else []
    return " and ".join(said)


def _enum(subject: str, before: str, after: str, difference: Difference) -> str:
    then, now = (re.findall(r"E?'(?:[^']|'')*'", each) for each in (before, after))
    new, gone = [each for each in now if each not in then], [each for each in then if each not in now]
    if not new and not gone:
        return f"{subject} {_comes(difference)} with its values in another order"
    values = [f"with {_values(new)}" if new else "", f"without {_values(gone)}" if gone else ""]
    if new and not gone and not _is_second(difference):
        return f"{subject} keeps {_values(new)}"
    return f"{subject} {_comes(difference)} {' and '.join(filter(None, values))}"


def _values(values: list[str]) -> str:
    return f"the value{'s' if len(values) > 1 else ''} {', '.join(values)}"


def _program(subject: str, before: str, after: str, difference: Difference) -> str:
    """A text of the user's: the one run of lines in which it differs, else only that it does."""
    then, now = ([line.strip() for line in each.split("\n")] for each in (before, after))
    runs = [each for each in SequenceMatcher(None, then, now, autojunk=False).get_opcodes() if each[0] != "equal"]
    if len(runs) == 1:
        _, i1, i2, j1, j2 = runs[0]
        was, is_ = "; ".join(then[i1:i2]), "; ".join(now[j1:j2])
        if not was:
            return f"{subject} {_comes(difference)} {shortened(is_) if is_ in _STATES else f'with {shortened(is_)}'}"
        if not is_:
            return f"{subject} {_comes(difference)} without {shortened(was)}"
        if len(was) + len(is_) < 2 * _LONGEST:
            return f"{subject} {_comes(difference)} as {is_}, it was {was}"
    return f"{subject} {_comes(difference)} with another definition"


_STATES: Final = frozenset(
    {"INVALID", "NOT READY", "NOT VALID", "NOT NULL", "DISABLED", "UNLOGGED", "CLUSTERED", "DEFERRABLE", "INVISIBLE"}
)
"""Clauses that say how something is, not what it has."""
_CLAUSE: Final = lazily(
    r" (?=(?:ON DELETE|ON UPDATE|DEFERRABLE|INITIALLY|NOT VALID|NO INHERIT|NOT ENFORCED|MATCH|INCLUDE|WHERE)\b)"
)
_HEAD: Final = lazily(r"[A-Z]+(?: [A-Z]+)*(?![A-Za-z])")


def _changes(kind: str, before: str, after: str) -> str:
    then, now = _clauses(kind, before), _clauses(kind, after)
    main = ""
    said = []
    was = ""
    for head in dict.fromkeys([*now, *then]):
        old, new = then.get(head), now.get(head)
        if old == new:
            continue
        if head == "" and old is not None and new is not None:
            main, was = f"as {shortened(new)}", f", it was {shortened(old)}"
        elif old is None and new is not None:
            said.append(shortened(new) if new in _STATES else f"with {shortened(new)}")
        elif new is None and old is not None:
            said.append(f"without {shortened(old)}")
        elif old is not None and new is not None:
            said.append(f"with {shortened(new)} instead of {shortened(old)}")
    return " ".join(filter(None, [main, " and ".join(said)])) + was if main or said else "otherwise than it was"


def _clauses(kind: str, definition: str) -> dict[str, str]:
    """The clauses of a definition by their leading words; what the thing itself is has none."""
    found: dict[str, str] = {}
    for place, clause in enumerate(_split(kind, definition)):
        head = _HEAD.match(clause)
        is_itself = head is None or (place == 0 and kind in ("column", "constraint", "domain", "domain constraint"))
        key = "" if is_itself or head is None else head.group()
        found[key] = f"{found[key]}, {clause}" if key in found else clause
    return found


def _split(kind: str, definition: str) -> Iterator[str]:
    for line in filter(None, definition.split("\n")):
        if kind in ("constraint", "index", "domain constraint"):
            yield from _CLAUSE.split(line)
        else:
            yield line


def shortened(text: str) -> str:
    """A text on one line, without the end of a long one."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else one_line[: _LONGEST - 1] + "…"


_MOST_NAMED: Final = 5


def half(failure: Failure) -> str:
    """What a step did before it failed and the database keeps, to stand behind the failure; empty: nothing."""
    if not failure.half:
        return ""
    told = [_what(each) for each in failure.half[:_MOST_NAMED]]
    more = len(failure.half) - _MOST_NAMED
    if more > 0:
        told.append(f"{more} more")
    listed = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return f"; what came before is committed: {listed}"


def _what(difference: Difference) -> str:
    kind, _ = _aspect(difference.kind)
    subject = _subject(kind, difference.owner, difference.part)
    if difference.before is None:
        return f"{subject} is there"
    return f"{subject} is gone" if difference.after is None else f"{subject} is changed"
