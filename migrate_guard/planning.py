"""What a range of revisions will make a database do, statement by statement: the pure stage behind `plan`.

A reading and the revisions of a range in, a `Plan` out: the SQL of every statement, the locks that it takes and until
when, who has to wait, and how long it works.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard import engine
from migrate_guard.dialects.effects import is_known
from migrate_guard.engine import Reading
from migrate_guard.history.grouping import together
from migrate_guard.history.transactions import Session
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, Algorithm, Answer, Effects
from migrate_guard.model.effects import together as all_effects
from migrate_guard.model.environment import Environment, TransactionMode
from migrate_guard.model.locks import Lock
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Direction, Revision, Run
from migrate_guard.model.statement import Statement
from migrate_guard.model.statistics import Statistics, TableSize
from migrate_guard.model.target import Target
from migrate_guard.rendering.emitted_sql import emitted_sql, is_copied

HeldUntil: TypeAlias = Literal["statement", "commit", "revision", "run"]
"""`commit`: a COMMIT of the script, or the `autocommit_block()` that follows."""
Parts: TypeAlias = tuple[Statement[ops.Operation], ...]
"""What one statement does, part by part."""


class PlannedLock(Struct, frozen=True):
    """A lock on a relation that was there before."""

    table: QualifiedName
    mode: Lock


class Since(Struct, frozen=True):
    """A lock of an earlier statement, at which others wait while this one runs."""

    revision: str
    line: int
    table: QualifiedName
    mode: Lock


class PlannedStatement(Struct, frozen=True):
    line: int
    operation: str
    """As Alembic calls it: `create_index`; `alter_table` for several actions, `raw_sql` for what has no name."""
    sql: str
    """Without a semicolon; `-- not known: …` where it is not known."""
    table: QualifiedName | None
    condition: str | None
    """Why it may not run."""
    in_transaction: bool
    locks: tuple[PlannedLock, ...]
    """The strongest first."""
    blocks_reads: Answer
    blocks_writes: Answer
    rewrites: Answer
    scans: Answer
    why: tuple[str, ...]
    held_until: HeldUntil
    since: Since | None
    is_new: bool
    """What it is about was created by the plan itself, so that nobody uses it."""
    has_known_effects: bool = True
    """Else the four answers say so; what databases do is known for PostgreSQL, MySQL and MariaDB."""
    algorithm: Algorithm | None = None
    """How MySQL or MariaDB alters the table."""
    commits: bool = False
    """It commits what is open before it, and itself: DDL of MySQL and MariaDB."""
    leaves: tuple[int, ...] = ()
    """The lines of the revision that stay done when this statement fails."""
    size: TableSize | None = None
    """Of the largest table that it locks, where statistics tell it."""


class PlannedRevision(Struct, frozen=True):
    revision: Revision
    direction: Direction
    transaction: TransactionMode
    statements: tuple[PlannedStatement, ...]
    database: str | None = None
    """The engine name in a multidb environment."""
    is_missing: bool = False
    """The script has no such function."""


class Plan(Struct, frozen=True):
    target: Target
    revisions: tuple[PlannedRevision, ...]


def plan(reading: Reading, wanted: Collection[str], direction: Direction, statistics: Statistics | None = None) -> Plan:
    """What running the revisions `wanted` in one go does, in the order in which they run."""
    planned: list[PlannedRevision] = []
    for database in reading.environment.databases or (None,):
        planned += _of_database(reading, wanted, direction, database)
    if statistics is not None:
        planned = [_with_sizes(each, statistics) for each in planned]
    return Plan(reading.target, tuple(planned))


_UPGRADE: Final[tuple[Direction, ...]] = ("upgrade",)


def upgrades(reading: Reading, wanted: Collection[str]) -> Mapping[str, tuple[PlannedStatement, ...]]:
    """What the upgrade of each of some revisions does where it is run by itself, on one database after another."""
    planned: dict[str, tuple[PlannedStatement, ...]] = {}
    environment = _transactional(reading.environment, reading.target)
    for database in reading.environment.databases or (None,):
        for each in engine.replay(reading, database, directions=_UPGRADE):
            if each.revision.id in wanted and each.upgrade is not None:
                session = Session(reading.target, environment)
                statements = planned_statements(session, each.revision, each.upgrade)
                planned[each.revision.id] = planned.get(each.revision.id, ()) + statements
    return planned


def _of_database(
    reading: Reading, wanted: Collection[str], direction: Direction, database: str | None
) -> Iterator[PlannedRevision]:
    runs = [
        (each.revision, each.upgrade if direction == "upgrade" else each.downgrade)
        for each in engine.replay(reading, database, directions=("upgrade", direction))
        if each.revision.id in wanted
    ]
    environment = _transactional(reading.environment, reading.target)
    session = Session(reading.target, environment, is_one_run=True)
    for revision, run in runs if direction == "upgrade" else reversed(runs):
        statements = () if run is None else planned_statements(session, revision, run)
        transaction = environment.transactions
        yield PlannedRevision(revision, direction, transaction, statements, database, is_missing=run is None)


def _transactional(environment: Environment, target: Target) -> Environment:
    """The environment as the database lets it be: DDL of MySQL commits, and Alembic opens no transaction there."""
    return replace(environment, transactions="none") if target.dialect in ("mysql", "mariadb") else environment


def _with_sizes(planned: PlannedRevision, statistics: Statistics) -> PlannedRevision:
    statements = tuple(replace(each, size=_largest(each, statistics)) for each in planned.statements)
    return replace(planned, statements=statements)


def _largest(statement: PlannedStatement, statistics: Statistics) -> TableSize | None:
    """Of the tables with the strongest lock, the largest; without a lock that of the table that it is about."""
    names = [each.table for each in statement.locks if each.mode is statement.locks[0].mode]
    if not names and statement.table is not None and not statement.is_new:
        names = [statement.table]
    sizes = filter(None, map(statistics.size, names))
    return max(sizes, key=lambda each: (each.rows or 0, each.bytes or 0), default=None)


def planned_statements(session: Session, revision: Revision, run: Run) -> tuple[PlannedStatement, ...]:
    """The statements of one direction of a revision, run through `session` after all that ran before."""
    found = list(_with_copies(_as_sent(together(tuple(session.run(revision, run, session.new))))))
    numbers = [parts[0].transaction.number for parts in found]
    return tuple(_planned(parts, numbers[at + 1 :], _left(found, at)) for at, parts in enumerate(found))


def _left(statements: Sequence[Parts], at: int) -> tuple[int, ...]:
    """The lines that stay done when a statement fails, where statements commit what is open and themselves.

    MySQL reference manual 8.4, 15.3.3: the commit comes before such a statement is executed.
    """
    if _commits(statements[at]):
        done = at
    else:
        done = max((place + 1 for place in range(at) if _commits(statements[place])), default=0)
    if not any(_commits(each) for each in statements[: at + 1]):
        return ()
    return tuple(dict.fromkeys(parts[0].op.span.line for parts in statements[:done]))


def _commits(parts: Parts) -> bool:
    return any(each.effects.commits for each in parts)


# -- which parts are one statement


def _as_sent(statements: Iterable[Parts]) -> Iterator[Parts]:
    """The statements as the database gets them: a DO with what its body does, on MySQL a change and a new name."""
    group: Parts = ()
    for parts in statements:
        if group and (_is_in_block(parts, group[0]) or _is_same_change(parts, group)):
            group += parts
            continue
        if group:
            yield group
        group = parts
    if group:
        yield group


def _is_in_block(parts: Parts, first: Statement[ops.Operation]) -> bool:
    inner, block = parts[0].op, first.op
    if not (isinstance(block, ops.RawSql) and block.kind == "DO" and inner.is_sql):
        return False
    lines = block.span.line <= inner.span.line and inner.span.end_line <= block.span.end_line
    is_other = isinstance(inner, ops.RawSql) and inner.kind == "DO"
    return lines and not is_other and inner.text in block.text.replace("''", "'")


def _is_same_change(parts: Parts, group: Parts) -> bool:
    rename, change = parts[0].op, group[0].op
    return (
        parts[0].target.dialect in ("mysql", "mariadb")
        and isinstance(rename, ops.RenameColumn)
        and isinstance(change, ops.AlterColumn)
        and (rename.span, rename.table, rename.column) == (change.span, change.table, change.column)
    )


def _with_copies(statements: Iterable[Parts]) -> Iterator[Parts]:
    """The statements, all of a batch block as one where SQLite has to copy the table for it."""
    for table, block in groupby(statements, key=_table_of_batch):
        every = list(block)
        if table is not None and any(is_copied(each.op) for parts in every for each in parts):
            yield tuple(each for parts in every for each in parts)
        else:
            yield from every


def _table_of_batch(parts: Parts) -> QualifiedName | None:
    first = parts[0]
    is_block = first.target.dialect == "sqlite" and first.op.in_batch
    return first.op.table if is_block and isinstance(first.op, ops.TableOperation | ops.DropIndex) else None


# -- one statement


def _planned(parts: Parts, later: Sequence[int], leaves: tuple[int, ...]) -> PlannedStatement:
    first = parts[0]
    effects = all_effects(each.effects for each in parts)
    table = _table(first)
    is_new = not effects.locks and (table in first.new or isinstance(first.op, ops.CreateTable))
    has_known_effects = is_new or is_known(first.target)
    answers = _answers(effects) if has_known_effects else (_unknown(first.target),) * 4
    if is_new:
        reads, writes = (each if each.relations or effects.open_locks else NO for each in answers[:2])
        answers = (reads, writes, *answers[2:])
    why = tuple(dict.fromkeys((*effects.why, *(one for each in answers for one in each.why))))
    return PlannedStatement(
        line=first.op.span.line,
        operation=_called(parts),
        sql=_sql(parts),
        table=table,
        condition=first.op.condition,
        in_transaction=first.transaction.is_block,
        locks=tuple(PlannedLock(name, mode) for name, mode in _strongest_first(effects.locks)),
        blocks_reads=answers[0],
        blocks_writes=answers[1],
        rewrites=answers[2],
        scans=answers[3],
        why=why or (_quiet(effects),),
        held_until=_held_until(first, later),
        since=_since(first),
        is_new=is_new,
        has_known_effects=has_known_effects,
        algorithm=max(effects.algorithms.values(), default=None),
        commits=effects.commits,
        leaves=leaves,
    )


def _strongest_first(locks: Mapping[QualifiedName, Lock]) -> list[tuple[QualifiedName, Lock]]:
    return sorted(locks.items(), key=lambda each: (-each[1], str(each[0])))


def _sql(parts: Parts) -> str:
    first = parts[0]
    operations = [first.op] if first.op.is_sql else [each.op for each in parts]
    return emitted_sql(operations, first.before, first.target, first.environment.naming_convention)


_CAMEL: Final = lazily(r"(?<=[a-z])(?=[A-Z])")


def _called(parts: Parts) -> str:
    if any(is_copied(each.op) for each in parts) and parts[0].target.dialect == "sqlite":
        return "batch_alter_table"
    if len(parts) > 1 and all(isinstance(each.op, ops.TableOperation) for each in parts):
        return "alter_table"
    operation = parts[0].op
    if isinstance(operation, ops.Opaque):
        return "unknown"
    return _CAMEL.sub("_", type(operation).__name__).lower()


def _table(statement: Statement[ops.Operation]) -> QualifiedName | None:
    match statement.op:
        case ops.CreateTable(table=table):
            return table.name
        case ops.TableOperation(table=name):
            return name
        case ops.DropIndex(index=index, table=name):
            owner = statement.before.table_of_index(index.name, index.schema)
            return owner.name if name is None and owner else name
        case ops.RenameIndex(index=index):
            owner = statement.before.table_of_index(index.name, index.schema)
            return owner.name if owner else None
        case ops.RawSql(tables=(name, *_)) | ops.Opaque(tables=(name, *_)):
            return name
        case ops.CreateView(view=view):
            return view.name
        case ops.DropView(view=name):
            return name
    return None


_Answers: TypeAlias = tuple[Answer, Answer, Answer, Answer]
"""Whether it blocks reads, blocks writes, rewrites, scans."""


def _answers(effects: Effects) -> _Answers:
    answers = (effects.blocks_reads, effects.blocks_writes, effects.rewrites, effects.scans)
    if not effects.open_locks:
        return answers
    # relations that nobody could name may be locked in any mode
    unnamed = Answer.depends(effects.open_locks[0])
    reads, writes = (each if each.is_possible else unnamed for each in answers[:2])
    return reads, writes, effects.rewrites, effects.scans


def _unknown(target: Target) -> Answer:
    return Answer.depends(f"what it locks, reads and rewrites is not known for {target.dialect}")


def _quiet(effects: Effects) -> str:
    strongest = effects.strongest
    if strongest is None:
        return "it locks nothing that is in use"
    if effects.algorithms:
        return f"the table is altered with {max(effects.algorithms.values())}, {strongest}"
    return f"it takes {strongest} at most, and neither reads nor rewrites rows"


def _held_until(statement: Statement[ops.Operation], later: Sequence[int]) -> HeldUntil:
    if not statement.transaction.is_block:
        return "statement"
    if any(number != statement.transaction.number for number in later):
        return "commit"
    return "run" if statement.environment.transactions == "single" else "revision"


def _since(statement: Statement[ops.Operation]) -> Since | None:
    """The first statement of the transaction at whose lock others wait by now."""
    for each in statement.transaction.blocking:
        if each.effects.locks:
            table, mode = _strongest_first(each.effects.locks)[0]
            return Since(each.revision.id, each.span.line, table, mode)
    return None
