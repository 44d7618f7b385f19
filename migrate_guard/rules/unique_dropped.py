from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate_guard import asking
from migrate_guard.asking import running, uniqueness
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import DropConstraint, DropIndex, Operation
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.schema import Index, Schema, Table, UniqueConstraint
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule


@rule(
    "MG419",
    on=Revision,
    severity=Severity.WARNING,
    dialects=("postgresql", "sqlite"),
    yields_to=("MG206", "MG401"),
)
def unique_dropped(view: RevisionView) -> Iterator[Problem]:
    """Flag a dropped unique key that ON CONFLICT of the code that still runs may name."""
    if view.upgrade is None:
        return
    told: set[tuple[QualifiedName, uniqueness.Parts]] = set()
    for statement in view.statements:
        found = _dropped(statement)
        if found is None:
            continue
        table, key = found
        if statement.is_new(table.name) or _is_replaced(table, key, view.upgrade.after):
            continue
        same = table.name, uniqueness.parts(key)
        if same in told or not _is_known(same[1].columns, view.upgrade.before.table(table.name)):
            continue
        told.add(same)
        message = (
            f'without "{key.name}" the code that runs until the deploy is through fails with every '
            f'INSERT … ON CONFLICT{_columns(key)} into "{table.name}", {_left(key, table, view.upgrade)}'
            f"{_named_by(view, table, key)}"
        )
        yield Problem(
            asking.hedged(message, statement.op),
            statement.span,
            object=f"{table.name}.{key.name}",
            help="Create the key that takes its place first, and drop this one in a release whose running code names "
            "it no more.",
            confidence=asking.confidence(statement.op),
            direction="upgrade",
        )


def _named_by(view: RevisionView, table: Table, key: uniqueness.UniqueKey) -> str:
    """What the running code calls the columns, for the end of a sentence."""
    attributes = running.named_by(view, table.name, filter(None, key.columns))
    return f"; the running code knows its columns as {attributes}" if attributes else ""


def _is_known(columns: Iterable[str], before: Table | None) -> bool:
    """Whether the code that runs can name the columns: the revision has neither added nor renamed one of them."""
    return before is None or before.is_open or all(before.column(each) is not None for each in columns)


def _columns(key: uniqueness.UniqueKey) -> str:
    """The columns as ON CONFLICT names them; of an expression nothing is told."""
    columns = [each for each in key.columns if each]
    return f" ({', '.join(dict.fromkeys(columns))})" if len(columns) == len(key.columns) else ""


def _left(key: UniqueConstraint | Index, table: Table, run: Run) -> str:
    """What is to be said of the key that takes its place, or that there is none."""
    after, before = run.after.table(table.name), run.before.table(table.name)
    own, known = uniqueness.parts(key), list(uniqueness.keys(before)) if before else []
    for other in uniqueness.keys(after) if after else ():
        given = uniqueness.parts(other)
        shares = given.columns & own.columns or given.expressions
        if shares and other.name and all(uniqueness.parts(each) != given for each in known):
            of = _columns(other) or " of an expression"
            return f'which "{other.name}"{of} does not match'
    return "and nothing keeps duplicates out"


def _dropped(statement: Statement[Operation]) -> tuple[Table, UniqueConstraint | Index] | None:
    """The unique key that a statement drops, and its table."""
    match statement.op:
        case DropConstraint(table=name, constraint=str(constraint)):
            table = statement.before.table(name)
            key = next((each for each in table.unique_constraints if each.name == constraint), None) if table else None
            return (table, key) if table and key else None
        case DropIndex(index=index):
            table = statement.before.table_of_index(index.name, index.schema)
            found = table.index(index.name) if table else None
            return (table, found) if table and found and found.unique else None
    return None


def _is_replaced(table: Table, key: UniqueConstraint | Index, after: Schema) -> bool:
    """Whether another key tells the same rows apart, or there is no table or column left to speak of.

    Where that has fewer columns, no code has reason to name the ones of the key that is dropped.
    """
    left = after.table(table.name)
    if left is None:
        return True
    own = uniqueness.parts(key)
    if any(left.column(each) is None for each in own.columns if table.column(each)):
        return True
    return uniqueness.is_implied(key, uniqueness.keys(left))
