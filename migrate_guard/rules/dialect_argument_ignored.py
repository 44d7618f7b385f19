from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import CreateIndex
from migrate_guard.rule import Problem, Severity, Statement, rule

_NO_PARTIAL: Final = ("mysql", "mariadb")


@rule("MG818", on=Statement[CreateIndex], severity=Severity.WARNING, dialects=("mysql", "mariadb", "sqlite"))
def dialect_argument_ignored(statement: Statement[CreateIndex]) -> Iterator[Problem]:
    """Flag an argument for another database that decides what an index is: here nobody reads it."""
    op, index = statement.op, statement.op.index
    if not index.ignored:
        return
    product = asking.PRODUCTS[statement.target.dialect]
    is_partial = any(each.endswith("_where") for each in index.ignored)
    name = f'"{index.name}"' if index.name else "the index"
    yield Problem(
        asking.hedged(f"{product} does not read {' and '.join(index.ignored)}: {_what(name, op, is_partial)}", op),
        op.span,
        object=subject(op),
        help=_help(statement, is_partial=is_partial),
        severity=None if index.unique else Severity.INFO,
        confidence=asking.confidence(op),
    )


def _what(name: str, op: CreateIndex, is_partial: bool) -> str:
    columns = [each for each in op.index.columns if each]
    if not is_partial:
        return f'any number of rows of "{op.table}" may have NULL in {asking.quoted(columns)}'
    if op.index.unique:
        return f'{name} holds for every row of "{op.table}", and refuses rows that the condition leaves out'
    return f'{name} holds every row of "{op.table}"'


def _help(statement: Statement[CreateIndex], *, is_partial: bool) -> str:
    if not is_partial:
        return "Make the column NOT NULL, or index an expression that gives NULL a value of its own."
    if statement.target.dialect not in _NO_PARTIAL:
        return "Say it for SQLite as well: sqlite_where=sa.text(…)."
    return (
        "Index a generated column that is NULL in the rows that are left out; or leave the index to PostgreSQL alone."
    )
