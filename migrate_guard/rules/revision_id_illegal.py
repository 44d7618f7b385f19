from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import quoted
from migrate_guard.model.instead import Code
from migrate_guard.model.revision import Revision
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Problem, RevisionView, Severity, rule

OPERATORS: Final = "@-+:"
"""What Alembic's own syntax for revisions is made of: branch@head, rev-1, rev+1, rev:rev."""


@rule("MG106", on=Revision, severity=Severity.ERROR)
def revision_id_illegal(view: RevisionView) -> Iterator[Problem]:
    """Flag an id that holds one of the operators of Alembic's revision syntax."""
    revision = view.revision
    operators = [each for each in OPERATORS if each in revision.id]
    if not operators:
        return
    yield Problem(
        f'the id "{revision.id}" contains {quoted(operators)}, which Alembic refuses, so no Alembic command works',
        revision.span,
        object=revision.id,
        help="Write the id with letters, digits and underscores, and the same in the scripts that name it.",
        instead=(Code(f"revision = {literal(re.sub(f'[{re.escape(OPERATORS)}]+', '_', revision.id))}"),),
    )
