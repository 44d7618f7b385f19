from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.asking.locks import blocked, blocks_for_long, who_waits, would_do
from migrate_guard.dialects.quoting import qualified, quoted
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Algorithm
from migrate_guard.model.instead import Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import CheckConstraint, ForeignKey
from migrate_guard.rule import Confidence, Problem, Severity, Statement, rule


@rule(
    "MG811",
    on=Statement[ops.Operation],
    severity=Severity.ERROR,
    dialects=("mysql", "mariadb"),
    yields_to=("MG816",),
)
def mysql_table_copied(statement: Statement[ops.Operation]) -> Iterator[Problem]:
    """Flag an ALTER TABLE that writes a table in use anew, row by row, while those who write to it wait."""
    op, hazards = statement.op, statement.hazards
    tables = [each for each in blocked(hazards) if each in hazards.rewrites.relations and each in hazards.algorithms]
    if not tables or isinstance(op, ops.CreateIndex) or _is_refused(statement, tables[0]):
        return
    name, algorithm = tables[0], hazards.algorithms[tables[0]]
    is_certain = hazards.rewrites.is_yes and hazards.blocks_writes.is_yes
    does = "copies" if algorithm is Algorithm.COPY else "rebuilds"
    verb = does if is_certain else f"may {does[:-1].replace('copie', 'copy')}"
    way = f"{algorithm}, {hazards.locks[name]}"
    message = (
        f'{_deed(op)} {verb} every row of "{name}" ({way}) while {who_waits(hazards, name)} wait:'
        f" {hazards.rewrites.why[0]}"
    )
    told, instead = _way(statement)
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op) if isinstance(op, ops.TableOperation) else str(name),
        help=told,
        instead=instead,
        confidence=asking.confidence(op) if is_certain else Confidence.MEDIUM,
    )


def _is_refused(statement: Statement[ops.Operation], table: QualifiedName) -> bool:
    """Whether there are no rows to copy, or Alembic raises because nobody says of which type the column is."""
    op = statement.op
    if isinstance(op, ops.AlterColumn | ops.RenameColumn) and not op.is_sql and op.existing_type is None:
        return isinstance(op, ops.RenameColumn) or op.modify_type is None
    return not statement.has_rows(table)


def _deed(op: ops.Operation) -> str:
    match op:
        case ops.AddColumn():
            return f'adding "{op.column.name}"'
        case ops.DropColumn():
            return f'dropping "{op.column}"'
        case ops.AlterColumn() if op.modify_type is not None:
            return f'changing "{op.column}" to {op.modify_type}'
        case ops.AlterColumn():
            return f'changing "{op.column}"'
        case ops.RenameColumn():
            return f'renaming "{op.column}"'
        case ops.AddConstraint(constraint=constraint):
            return f'adding "{constraint.name}"' if constraint.name else "adding the constraint"
        case ops.DropConstraint():
            return f'dropping "{op.constraint}"' if op.constraint else "dropping the constraint"
        case ops.RawSql():
            return op.kind.removeprefix("ALTER TABLE ")
    return "the statement"


_TOOLS: Final = "or let gh-ost or pt-online-schema-change do it while the table is used"
_OUTSIDE: Final = f"Do it at a time at which nobody writes to the table, {_TOOLS}."
_BESIDE: Final = (
    "Add a column of the new type beside it, write both from now on, fill it in batches, and let it take the old one's"
    f" place; {_TOOLS}."
)
_WITHOUT_DEFAULT: Final = (
    "Add the column without the default, set the default afterwards, and fill the rows in batches."
)
_VIRTUAL: Final = "Let it be computed when it is read (VIRTUAL), which touches no row; an index can be built on it."
_ONE_STATEMENT: Final = (
    "Drop and add the primary key in one ALTER TABLE, in SQL: the table is then written anew in place, while others"
    " write."
)
_FILL: Final = Note("fill the rows that are there, in batches, each in a transaction of its own")
_SWAPPED: Final = "every row is filled by then, and all code writes the new column"


def _way(statement: Statement[ops.Operation]) -> tuple[str, Instead]:
    """What to do, and its code where that blocks nobody."""
    op = statement.op
    told, parts = _OUTSIDE, list[ops.Operation | Note | OwnRevision]()
    match op:
        case ops.AddConstraint(constraint=ForeignKey() as key):
            return _foreign_key(statement, op, key)
        case ops.AddConstraint(constraint=CheckConstraint()):
            return f"Let the application check the values; {_OUTSIDE[0].lower()}{_OUTSIDE[1:]}", ()
        case ops.DropConstraint(kind="primary"):
            return _ONE_STATEMENT, ()
        case ops.AddColumn(constraints=()) if op.column.computed is not None and op.column.is_stored:
            told = _VIRTUAL
            parts = [replace(op, column=replace(op.column, is_stored=False))]
        case ops.AddColumn(constraints=(), indexes=()) if op.column.default is not None and op.column.nullable:
            told = _WITHOUT_DEFAULT
            bare = replace(op, column=replace(op.column, default=None))
            default = ops.AlterColumn(
                span=op.span, table=op.table, column=op.column.name, modify_default=op.column.default
            )
            parts = [bare, default, _FILL]
        case ops.AlterColumn(modify_type=changed) if changed is not None:
            told = _BESIDE
            parts = _beside(statement, op)
    if not parts or any(_blocks(statement, each) for each in parts):
        return told, ()
    return told, safer.in_place(statement, tuple(parts))


def _blocks(statement: Statement[ops.Operation], part: ops.Operation | Note | OwnRevision) -> bool:
    return isinstance(part, ops.Operation) and blocks_for_long(would_do(statement, part))


def _foreign_key(statement: Statement[ops.Operation], op: ops.AddConstraint, key: ForeignKey) -> tuple[str, Instead]:
    """The key without a look at the rows that are there: an index is built, and that is all."""
    told = (
        "Look for rows that refer to nothing first; then add the key with foreign_key_checks off for the session, which"
        " copies nothing and checks new rows only."
    )
    if statement.siblings and any(each is not op for each in statement.siblings):
        return told, ()
    off = ops.SetParameter(span=op.span, is_sql=True, name="foreign_key_checks", value="0")
    plain = replace(op, in_batch=False)
    return told, (Note(_orphans(statement, op, key)), off, plain, replace(off, value="1"))


def _orphans(statement: Statement[ops.Operation], op: ops.AddConstraint, key: ForeignKey) -> str:
    target = statement.target
    parent = statement.before.table(key.referred_table)
    told = key.referred_columns or (parent.primary_key.columns if parent and parent.primary_key else ())
    pairs = list(zip(key.columns, told, strict=False))
    if not pairs:
        return "look for rows that refer to nothing, and mend them"
    on = " AND ".join(f"p.{quoted(there, target)} = c.{quoted(here, target)}" for here, there in pairs)
    here, there = pairs[0]
    return (
        f"none may be found: SELECT 1 FROM {qualified(op.table, target)} c LEFT JOIN"
        f" {qualified(key.referred_table, target)} p ON {on} WHERE c.{quoted(here, target)} IS NOT NULL AND"
        f" p.{quoted(there, target)} IS NULL LIMIT 1"
    )


def _beside(statement: Statement[ops.Operation], op: ops.AlterColumn) -> list[ops.Operation | Note | OwnRevision]:
    """A column of the new type, and the exchange; nothing where keys or indexes rest on the old one."""
    table = statement.before.table(op.table)
    column = table.column(op.column) if table else None
    if table is None or column is None or column.computed or column.is_serial or op.modify_type is None:
        return []
    resting = [*table.constraints(), *table.indexes]
    new_name = f"{op.column}_new"
    if any(op.column in each.columns for each in resting) or table.column(new_name) is not None:
        return []
    after = statement.after.table(op.table)
    told = after.column(op.column) if after else None
    if told is None or statement.before.referring(op.table):
        return []
    new = replace(told, name=new_name, nullable=True, default=None)
    added = ops.AddColumn(span=op.span, table=op.table, column=new)
    swapped: list[ops.Operation] = [ops.DropColumn(span=op.span, table=op.table, column=op.column)]
    swapped.append(
        ops.RenameColumn(
            span=op.span,
            table=op.table,
            column=new_name,
            new_name=op.column,
            existing_type=op.modify_type,
            existing_nullable=True,
        )
    )
    if not told.nullable or told.default is not None:
        swapped.append(
            ops.AlterColumn(
                span=op.span,
                table=op.table,
                column=op.column,
                existing_type=op.modify_type,
                existing_comment=told.comment if told.comment is not None else ops.UNSET,
                modify_nullable=told.nullable,
                modify_default=told.default if told.default is not None else ops.UNSET,
                redefines=True,
            )
        )
    return [added, _FILL, OwnRevision(tuple(swapped), _SWAPPED)]
