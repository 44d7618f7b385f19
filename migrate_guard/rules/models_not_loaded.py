from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model.environment import Environment
from migrate_guard.model.instead import Code
from migrate_guard.rule import EnvironmentView, Problem, Related, Severity, rule

_MOST_NAMED: Final = 3


@rule("MG904", on=Environment, severity=Severity.INFO)
def models_not_loaded(view: EnvironmentView) -> Iterator[Problem]:
    """Flag modules with tables of target_metadata that env.py does not import: autogenerate drops these tables."""
    environment = view.environment
    at = environment.configure_span
    if at is None or not environment.unloaded:
        return
    modules = [each.module for each in environment.unloaded]
    tables = [table for each in environment.unloaded for table in each.tables]
    shown = asking.quoted(tables[:_MOST_NAMED])
    if len(tables) > _MOST_NAMED:
        shown = f"{shown} and {len(tables) - _MOST_NAMED} more"
    where = modules[0] if len(modules) == 1 else f"{len(modules)} modules of the models"
    imports = "\n".join(f"import {each}  # noqa: F401" for each in modules)
    yield Problem(
        f"target_metadata lacks {shown}: nothing that env.py imports leads to {where}, and autogenerate takes "
        f"{'it' if len(tables) == 1 else 'them'} for dropped",
        at,
        help=f"Import {asking.quoted(modules[:_MOST_NAMED])} in env.py.",
        instead=(Code(f"{imports}\n{environment.configure_code}"),) if environment.configure_code else (),
        related=tuple(
            Related(each.span, f'"{each.tables[0]}" is defined here') for each in environment.unloaded[:_MOST_NAMED]
        ),
    )
