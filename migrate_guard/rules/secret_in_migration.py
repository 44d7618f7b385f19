from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.asking.secrets import is_placeholder, is_secret, secrets_in
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model import operations as ops
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, Problem, RevisionView, Severity, rule

_ROLES: Final = ("ROLE", "USER", "USER MAPPING", "SUBSCRIPTION", "SERVER", "LOGIN", "GROUP")
_PASSWORD: Final = lazily(
    r"\b(?:PASSWORD|IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS))\s+(?:E|N)?'(?P<password>(?:[^']|'')+)'", re.IGNORECASE
)
_OF_CONNECTION: Final = lazily(r"\bpassword\s*=\s*(?P<password>[^\s'\"]+)", re.IGNORECASE)
_NAME: Final = lazily(
    r"\b(?:ROLE|USER|GROUP|SUBSCRIPTION|SERVER)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:MAPPING\s+FOR\s+)?[\"'`]?([\w-]+)",
    re.IGNORECASE,
)
_ASSIGNED: Final = r"""(?<![\w])["`]?{}["`]?\s*=\s*(?:E|N)?'((?:[^']|'')+)'"""
_HELP: Final = (
    "Change it where it is in use, for the history of the repository keeps it; let whoever deploys set it, or read it"
    " from the environment."
)


@rule("MG914", on=Revision, severity=Severity.ERROR)
def secret_in_migration(view: RevisionView) -> Iterator[Problem]:
    """Flag a password, token or private key that stands in a script."""
    said: set[int] = set()
    for problem in (*_of_shape(view), *_of_operations(view)):
        if problem.at.line not in said:
            said.add(problem.at.line)
            yield problem


def _of_shape(view: RevisionView) -> Iterator[Problem]:
    text = view.revision.text
    for found in secrets_in(text):
        line = text.count("\n", 0, found.start) + 1
        begin = text.rfind("\n", 0, found.start) + 1
        end = text.find("\n", found.start)
        last = found.end if end < 0 else min(found.end, end)
        first, behind = (len(text[begin:each].encode()) + 1 for each in (found.start, last))
        yield _problem(found.what, Span(view.revision.path, line, first, line, behind))


def _of_operations(view: RevisionView) -> Iterator[Problem]:
    for run in scripts.runs(view):
        for transition in run.transitions:
            op = transition.operation
            for what, name in _secrets(op):
                yield _problem(what, op.span, name, op.condition)


def _secrets(op: ops.Operation) -> Iterator[tuple[str, str | None]]:
    match op:
        case ops.RawSql(kind=kind, sql=sql) if kind.partition(" ")[2] in _ROLES or kind == "GRANT":
            for found in (*_PASSWORD.finditer(sql), *_OF_CONNECTION.finditer(sql)):
                if UNKNOWN not in found["password"] and not is_placeholder(found["password"]):
                    role = _NAME.search(sql)
                    yield f'the password of "{role[1]}"' if role else "a password", role[1] if role else None
        case ops.Insert(table=table, texts=texts):
            for column, value in texts:
                if UNKNOWN not in value and is_secret(column, value):
                    yield f'a value of "{table}.{column}"', f"{table}.{column}"
        case ops.Update(table=table, columns=columns):
            sql = op.sql or op.text
            for column in columns:
                written = re.search(_ASSIGNED.format(re.escape(column)), sql.partition(" WHERE ")[0], re.IGNORECASE)
                if written and UNKNOWN not in written[1] and is_secret(column, written[1]):
                    yield f'a value of "{table}.{column}"', f"{table}.{column}"


def _problem(what: str, at: Span, object: str | None = None, condition: str | None = None) -> Problem:
    return Problem(
        f"{what} stands in the script: everyone who can read the repository has it",
        at,
        object=object,
        help=_HELP,
        confidence=Confidence.MEDIUM if condition else Confidence.HIGH,
    )
