"""Write ignore comments beside findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from migrate_guard.model.finding import Finding
from migrate_guard.model.revision import Suppression
from migrate_guard.reporters._counting import count
from migrate_guard.terminal import complain, replace_file, visible

if TYPE_CHECKING:
    from migrate_guard.reading.marking import Marked, Place
    from migrate_guard.rule import Rule

_NEVER = ("rule-crashed", "unreadable-script")
"""A crash says nothing about a line, and in what cannot be read no comment can be found."""
_MOST_NAMED = 10


def add_ignores(findings: Sequence[Finding], rules: Iterable[Rule]) -> str:
    """Put comments into the files of findings and say how many; what has no place for one is told on stderr."""
    from migrate_guard.reading.marking import REASON, Place

    about_comments = {each.code for each in rules if Suppression in each.on}
    by_path: defaultdict[str, set[Place]] = defaultdict(set)
    for finding in findings:
        if finding.name not in _NEVER and finding.code not in about_comments:
            by_path[finding.span.path].add(Place(finding.span.line, finding.code))
    number, files = 0, 0
    done: set[tuple[str, Place]] = set()
    for path, places in sorted(by_path.items()):
        marked = _marked(Path.cwd() / path, places)
        if marked is None or not marked.done:
            continue
        replace_file(Path.cwd() / path, marked.data)
        number, files = number + marked.comments, files + 1
        done |= {(path, each) for each in marked.done}
    left = [each for each in findings if (each.span.path, Place(each.span.line, each.code)) not in done]
    if left:
        shown = "".join(f"\n  {visible(each.span.path)}:{each.span.line} {each.code}" for each in left[:_MOST_NAMED])
        more = f"\n  and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        complain("warning", f"no comment can ignore {count(len(left), 'finding')}:{shown}{more}")
    if not number:
        return "no comments are added\n"
    return f'{count(number, "comment")} added to {count(files, "file")}; replace "{REASON}" by the reason in each\n'


def _marked(path: Path, places: Iterable[Place]) -> Marked | None:
    """The file with comments, None where there is no such file."""
    from migrate_guard.reading.marking import above, with_ignores

    try:
        data = path.read_bytes()
    except OSError:
        return None
    return with_ignores(data, path.name, places) if path.suffix == ".py" else above(data, places)
