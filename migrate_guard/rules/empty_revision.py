from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG113", on=Revision, severity=Severity.INFO)
def empty_revision(view: RevisionView) -> Iterator[Problem]:
    """Flag a revision that does nothing in either direction and joins nothing."""
    revision = view.revision
    joins = len(revision.parents) > 1 or revision.branch_labels
    if revision.empty != {"upgrade", "downgrade"} or joins or revision.upgrade is None:
        return
    yield Problem(
        f'upgrade() and downgrade() of "{revision.id}" are empty, so it changes the version and nothing else',
        revision.upgrade,
        help="Write what it was made for, or take the script out as long as no database has run it.",
    )
