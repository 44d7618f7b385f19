"""Put the code that a finding says to write in place of the statement it speaks about, as a user would.

What is to stand in a revision of its own becomes a script after the one in question; a statement of a batch block goes
out of the block; of several SQL statements in one string only the one in question is replaced.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrate_guard.model.finding import Finding

_OWN_REVISION = re.compile(r"^# in a revision of its own: .*\n", re.MULTILINE)
_SCRIPT = '''\
"""What is in a revision of its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "{revision}"
down_revision = "{down}"


def upgrade() -> None:
{body}

def downgrade() -> None:
    raise NotImplementedError("it is only there to be judged")
'''


_IMPORTS = (("sa.", "import sqlalchemy as sa\n"), ("postgresql.", "from sqlalchemy.dialects import postgresql\n"))


@dataclass(frozen=True)
class _Place:
    statement: ast.stmt
    batch: ast.With | None


def put_in_place(path: Path, finding: Finding) -> None:
    """Rewrite the script of a finding, and write the revisions that are to follow it."""
    assert finding.write is not None
    source = path.read_text(encoding="utf-8")
    here, *own = _OWN_REVISION.split(finding.write)
    place = _find(ast.parse(source), finding)
    code = "\n".join(each for each in _with_rest(place.statement, finding, here.rstrip("\n")) if each)
    path.write_text(_with_import(_replaced(source, place, code), code), encoding="utf-8")
    for body in own:
        path = _insert_after(path, body)


def put_behind(path: Path, finding: Finding) -> None:
    """Write the code of a finding behind the statement it speaks about, where that stays as it is."""
    assert finding.write is not None
    source = path.read_text(encoding="utf-8")
    statement = _find(ast.parse(source), finding).statement
    lines, last = source.splitlines(keepends=True), statement.end_lineno or 0
    written = textwrap.indent(finding.write.rstrip("\n"), " " * statement.col_offset)
    path.write_text("".join([*lines[:last], written, "\n", *lines[last:]]), encoding="utf-8")


def _with_import(source: str, code: str) -> str:
    """A script with what the new code needs: not every one imports the types of PostgreSQL."""
    for used, line in _IMPORTS:
        if used in code and line not in source:
            source = _with_line(source, line)
    return source


def _with_line(source: str, line: str) -> str:
    first = next(each for each in ast.parse(source).body if isinstance(each, ast.Import | ast.ImportFrom))
    lines = source.splitlines(keepends=True)
    at = next((number for number, each in enumerate(lines) if "import" in each and "alembic" in each), first.lineno)
    return "".join([*lines[: at + 1], line, *lines[at + 1 :]])


def _find(tree: ast.Module, finding: Finding) -> _Place:
    """The innermost statement at the place of a finding; what holds others is there with its head alone."""
    found = [
        _Place(statement, batch)
        for statement, batch in _statements(tree.body, None)
        if statement.lineno <= finding.span.line <= _last_line(statement)
    ]
    assert found, f"{finding.span} is in no statement"
    return found[-1]


def _last_line(statement: ast.stmt) -> int:
    body = getattr(statement, "body", [])
    return body[0].lineno - 1 if body else statement.end_lineno or statement.lineno


def _statements(body: list[ast.stmt], batch: ast.With | None) -> Iterator[tuple[ast.stmt, ast.With | None]]:
    for statement in body:
        yield statement, batch
        is_batch = isinstance(statement, ast.With) and "batch_alter_table" in ast.unparse(statement.items[0])
        within = statement if is_batch and isinstance(statement, ast.With) else batch
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, name, []), within)


def _replaced(source: str, place: _Place, code: str) -> str:
    lines = source.splitlines(keepends=True)
    statement, batch = place.statement, place.batch
    first, last = statement.lineno - 1, statement.end_lineno or 0
    if batch is None:
        written = textwrap.indent(code or "pass", " " * statement.col_offset)
        return "".join([*lines[:first], written, "\n", *lines[last:]])
    end = batch.end_lineno or 0
    written = textwrap.indent(code or "pass", " " * batch.col_offset)
    rest = [] if len(batch.body) == 1 else [*lines[batch.lineno - 1 : first], *lines[last:end]]
    return "".join([*lines[: batch.lineno - 1], *rest, written, "\n", *lines[end:]])


def _with_rest(statement: ast.stmt, finding: Finding, code: str) -> Iterator[str]:
    """The replacement between the other SQL statements that stand in the string with the one in question."""
    constants = (each for each in ast.walk(statement) if isinstance(each, ast.Constant))
    text = next((each for each in constants if ";" in str(each.value).rstrip("; \n")), None)
    if text is None or not isinstance(text.value, str):
        yield code
        return
    parts = [each.strip() for each in text.value.split(";") if each.strip()]
    before = text.value[: _offset(text, finding)].count(";")
    yield from (f"op.execute({each!r})" for each in parts[:before])
    yield code
    yield from (f"op.execute({each!r})" for each in parts[before + 1 :])


def _offset(text: ast.Constant, finding: Finding) -> int:
    """Where in a string literal that is written as it is a finding lies."""
    assert isinstance(text.value, str)
    lines = text.value.split("\n")
    row = finding.span.line - text.lineno
    quotes = 3 if len(lines) > 1 else 1
    column = finding.span.column - 1 - (text.col_offset + quotes if row == 0 else 0)
    return sum(len(line) + 1 for line in lines[:row]) + max(column, 0)


def _insert_after(path: Path, body: str) -> Path:
    """Write a revision after that of a script, and hang its children on the new one; return the new script."""
    revision = _variable(path.read_text(encoding="utf-8"), "revision")
    assert revision is not None
    name = f"{revision[:20]}own"
    while (path.parent / f"{name}.py").exists():
        name += "n"
    for child in path.parent.glob("*.py"):
        text = child.read_text(encoding="utf-8")
        if _variable(text, "down_revision") == revision:
            moved = re.sub(r"(?m)^(down_revision\b[^=\n]*= *).*$", rf'\1"{name}"', text)
            child.write_text(moved, encoding="utf-8")
    script = _SCRIPT.format(revision=name, down=revision, body=textwrap.indent(body.rstrip() + "\n", "    "))
    written = path.parent / f"{name}.py"
    written.write_text(script, encoding="utf-8")
    return written


def _variable(text: str, name: str) -> str | None:
    for statement in ast.parse(text).body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and target.id == name and isinstance(value, ast.Constant):
            return value.value if isinstance(value.value, str) else None
    return None
