from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.round_trip import Loss, RoundTrip
from migrate_guard.rule import Problem, Severity, rule


@rule("MG252", on=RoundTrip, severity=Severity.WARNING)
def rows_lost(trip: RoundTrip) -> Iterator[Problem]:
    """Flag rows or values that upgrade and downgrade do not bring back."""
    revision = trip.revision
    for loss in trip.losses:
        yield Problem(
            f"after upgrade and downgrade {_sentence(loss)}",
            revision.downgrade or revision.span,
            object=f"{loss.table}.{loss.column}" if loss.column else loss.table,
            help="Keep what is to come back in a column or table of its own until the upgrade is settled; where it "
            "cannot come back, say so: raise NotImplementedError in downgrade().",
            direction="downgrade",
        )


def _sentence(loss: Loss) -> str:
    if loss.kind == "rows":
        return f'{loss.before - loss.after} of {loss.before} rows of "{loss.table}" are gone'
    if loss.column is None:
        return f'rows of "{loss.table}" have changed'
    return f'{loss.before - loss.after} of {loss.before} values of "{loss.column}" in "{loss.table}" have changed'
