from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.environment import Environment
from migrate_guard.rule import EnvironmentView, Problem, Severity, rule

_MISSED: Final = {
    "compare_type": "a column whose type the models change",
    "compare_server_default": "a column whose server default the models change",
}


@rule("MG903", on=Environment, severity=Severity.INFO)
def changes_not_compared(view: EnvironmentView) -> Iterator[Problem]:
    """Flag an env.py that switches off a comparison of autogenerate: it writes no revision for such a change."""
    if view.environment.target_metadata == "none":
        return
    for option, span in view.environment.not_compared:
        yield Problem(
            f"{option}=False: autogenerate and alembic check say nothing of {_MISSED[option]}",
            span,
            object=option,
            help=f"Write {option}=True{_exceptions(option)}.",
        )


def _exceptions(option: str) -> str:
    if option == "compare_type":
        return ", or leave it out: Alembic compares types by default since 1.12"
    return ", or a function that says which columns are to be left alone"
