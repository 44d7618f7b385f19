from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.dialects.drivers import takes_one_statement
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.revision import Revision, Run
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG133", on=Revision, severity=Severity.ERROR, directions=("upgrade", "downgrade"))
def driver_refuses_several_statements(view: RevisionView) -> Iterator[Problem]:
    """Flag a text of several statements that the driver takes only one at a time."""
    for run in (view.upgrade, view.downgrade):
        for text in _texts(run) if run else ():
            first = text[0]
            driver = takes_one_statement(view.target, has_parameters=first.has_parameters)
            if driver is None or first.is_tolerated:
                continue
            yield Problem(
                asking.hedged(f"{driver} takes one statement at a time and refuses this text of {len(text)}", first),
                first.span,
                help="Give each statement an op.execute() of its own.",
                instead=_apart(text),
                confidence=asking.confidence(first),
                direction=run.direction if run else None,
            )


def _texts(run: Run) -> Iterator[list[ops.Operation]]:
    """The operations of each text that has several statements."""
    found: list[ops.Operation] = []
    for each in (transition.operation for transition in run.transitions):
        if found and (not each.place_in_text or each.place_in_text < (found[-1].place_in_text or 0)):
            yield from _several(found)
            found = []
        if each.place_in_text is not None:
            found.append(each)
    yield from _several(found)


def _several(text: list[ops.Operation]) -> Iterator[list[ops.Operation]]:
    """A text, if it has several: DROP TABLE a, b is one, of several operations, and so is DO with what it does."""
    block, found = "", list[ops.Operation]()
    for each in text:
        if isinstance(each, ops.RawSql) and each.kind == "DO":
            block = each.text
        elif block and each.text in block:
            continue
        if not found or (each.text, each.span) != (found[-1].text, found[-1].span):
            found.append(each)
    if len(found) > 1:
        yield found


def _apart(text: list[ops.Operation]) -> Instead:
    """Each statement sent by itself."""
    if not all(each.text for each in text) or any(each.has_parameters for each in text):
        return ()
    return tuple(ops.RawSql(span=each.span, is_sql=True, sql=each.text, kind="", text=each.text) for each in text)
