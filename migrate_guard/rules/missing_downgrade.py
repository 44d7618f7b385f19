from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import inverse
from migrate_guard.model.instead import Code, Downgrade
from migrate_guard.model.operations import Operation
from migrate_guard.model.revision import Downgrades, Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


class Options(Struct, frozen=True):
    downgrades: Downgrades = "required"
    """What the setting of this name says."""


@rule("MG201", on=Revision, severity=Severity.ERROR, options=Options)
def missing_downgrade(view: RevisionView, options: Options) -> Iterator[Problem]:
    """Flag a script without a downgrade function."""
    revision = view.revision
    if revision.downgrade or options.downgrades == "none":
        return
    yield Problem(
        f'"{revision.id}" has no downgrade(), so "alembic downgrade" stops at it with an AttributeError',
        revision.upgrade or revision.span,
        help="Add a downgrade() that takes the upgrade back, or one that raises and says why it cannot be.",
        instead=(Downgrade(_body(view, options)),),
        direction="downgrade",
    )


def _body(view: RevisionView, options: Options) -> tuple[Operation | Code, ...]:
    operations = [each.operation for each in view.upgrade.transitions] if view.upgrade else []
    if not operations:
        return ()
    refusal = (Code(f'raise NotImplementedError("{view.revision.id} cannot be taken back")'),)
    return refusal if options.downgrades == "raise" else inverse(operations) or refusal
