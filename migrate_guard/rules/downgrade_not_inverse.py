from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from migrate_guard.asking import petty, reversals, wording
from migrate_guard.asking.way_back import as_written, way_back
from migrate_guard.model.difference import Difference
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Downgrade, Instead
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

MOST_NAMED: Final = 3


@rule("MG203", on=Revision, severity=Severity.ERROR, yields_to=("MG202",))
def downgrade_not_inverse(view: RevisionView) -> Iterator[Problem]:
    """Flag a downgrade after which the schema is not the one that the upgrade found."""
    found = [each for each in reversals.faults(view) if reversals.recreated(each, view) is None]
    if not found or not view.revision.downgrade:
        return
    left = [wording.called(each.part) for each in found if each.verdict == "left behind"]
    taken = [each for each in found if reversals.is_taken(each, view)]
    lost = [wording.called(each.part) for each in found if each.verdict == "missing" and each not in taken]
    other = [_differing(each) for each in found if each.verdict == "different"]
    parts = [f"leaves {_listed(left)} behind"] if left else []
    parts += [f"does not bring back {_listed(lost)}"] if lost else []
    parts += [f"leaves {_listed(other)}"] if other else []
    if taken:
        were = "was" if len(taken) == 1 else "were"
        names = [wording.called(each.part) for each in taken]
        parts.append(f"drops {_listed(names)}, which {were} there before upgrade()")
    unmade = [wording.called(each) for each in reversals.unmade(found, view)]
    parts += [f"drops {_listed(unmade)}, which no revision makes"] if unmade else []
    yield Problem(
        f"downgrade() {_joined(parts)}, so {_consequence(unmade, view)}",
        view.revision.downgrade,
        object=wording.subject(found[0].part) if len(found) == 1 else None,
        help="Take back in downgrade() everything that upgrade() does, in the opposite order, or raise in it to say "
        "that it cannot be.",
        instead=_instead(view),
        related=tuple(_related(found)),
        severity=_severity(found, view),
        direction="downgrade",
    )


def _severity(found: list[Difference], view: RevisionView) -> Severity | None:
    if all(petty.is_petty(each, view) for each in found):
        return Severity.INFO
    return Severity.WARNING if _is_minor(found, view) else None


def _is_minor(found: list[Difference], view: RevisionView) -> bool:
    """Whether only names differ, or the upgrade has found done all that the downgrade undoes."""
    if all(reversals.is_minor(each) for each in found):
        return view.reversal is not None and view.reversal.outcome != "second-upgrade-raises"
    return view.upgrade is not None and all(each.before is each.after for each in view.upgrade.transitions)


def _differing(difference: Difference) -> str:
    now, was = wording.is_and_was(difference)
    return f"{wording.called(difference.part)} {now} instead of {was}"


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]
    return _joined(shown)


def _joined(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _consequence(unmade: list[str], view: RevisionView) -> str:
    if unmade:
        return f"it fails unless something else has made {'it' if len(unmade) == 1 else 'them'}"
    reversal = view.reversal
    if reversal and reversal.outcome == "second-upgrade-raises" and reversal.impossible:
        return f"the next upgrade fails: {reversal.impossible[0].what}"
    return "the schema is not the one that upgrade() found"


def _related(found: Iterable[Difference]) -> Iterator[Related]:
    said = {"left behind": "is made here", "missing": "is taken away here", "different": "is changed here"}
    for each in list(found)[:MOST_NAMED]:
        if each.span:
            yield Related(each.span, f"{wording.called(each.part)} {said[each.verdict]}")


def _instead(view: RevisionView) -> Instead:
    """The whole downgrade, where it does nothing but change the schema."""
    if view.upgrade is None or view.downgrade is None:
        return ()
    if view.downgrade.transitions and not as_written(view.downgrade):
        return ()
    body = way_back(view.upgrade, view.target)
    return (Downgrade(body),) if body else ()
