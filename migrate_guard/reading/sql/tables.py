"""CREATE TABLE, DROP TABLE, and MySQL's RENAME TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.folding_keys import with_constraint
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import CreateTable, DropTable, Like, Operation, RenameTable
from migrate_guard.model.schema import AnyConstraint, Column, Index, Table
from migrate_guard.reading.sql.columns import column_definition
from migrate_guard.reading.sql.constraints import constraint_name, starts_constraint, table_constraint
from migrate_guard.reading.sql.cursor import Cursor, distinct
from migrate_guard.reading.sql.indexes import inline_index, starts_inline_index
from migrate_guard.reading.sql.tokens import Kind


class Draft(Struct):
    """What the parts of a CREATE TABLE have told so far."""

    columns: list[Column] = field(default_factory=list)
    constraints: list[AnyConstraint] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    likes: list[Like] = field(default_factory=list)
    inherits: tuple[QualifiedName, ...] = ()
    partition_of: QualifiedName | None = None
    partition_bound: str | None = None
    partition_by: str | None = None
    is_partitioned: bool = False
    of_type: QualifiedName | None = None
    is_unlogged: bool = False
    reads: list[QualifiedName] = field(default_factory=list)
    copies_rows: bool = False
    is_open: bool = False
    are_keys_told: bool = True
    has_rowid: bool = True
    comment: str | None = None


def create_table(cursor: Cursor, *, is_unlogged: bool = False) -> Iterator[Operation]:
    """Read a CREATE TABLE from behind the keyword TABLE."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.table()
    draft = Draft(is_unlogged=is_unlogged)
    if cursor.take("PARTITION", "OF"):
        draft.partition_of = cursor.table()
        draft.is_open = True
        draft.are_keys_told = False
    elif cursor.take("OF"):
        draft.of_type = cursor.qualified()
        draft.is_open = True
        draft.are_keys_told = False
    elif cursor.take("LIKE"):
        draft.reads.append(cursor.qualified())
        draft.is_open = True
        draft.are_keys_told = False
    has_elements = cursor.is_at("(")
    if has_elements:
        _elements(cursor, draft)
    before_options = cursor.at
    _table_options(cursor, draft)
    if not has_elements and not draft.is_open:
        cursor.at = before_options
        raise cursor.not_understood()
    yield CreateTable(
        span=cursor.span(),
        is_sql=True,
        if_not_exists=if_not_exists,
        table=_table(name, draft, cursor),
        reads=distinct(draft.reads),
        copies_rows=draft.copies_rows,
        likes=() if cursor.is_mysql else tuple(draft.likes),
    )


def create_virtual_table(cursor: Cursor) -> Iterator[Operation]:
    """Read SQLite's CREATE VIRTUAL TABLE, whose module decides which columns there are."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = Table(cursor.table(), cursor.span(), is_open=True, are_keys_told=False)
    yield CreateTable(span=cursor.span(), is_sql=True, if_not_exists=if_not_exists, table=table)


def drop_table(cursor: Cursor) -> Iterator[Operation]:
    """Read a DROP TABLE from behind the keyword TABLE: one operation a table."""
    if_exists = cursor.take("IF", "EXISTS")
    names = cursor.listed(cursor.table)
    cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    cursor.expect_end()
    for name in names:
        yield DropTable(span=cursor.span(), is_sql=True, table=name, if_exists=if_exists, cascade=cascade)


def rename_table(cursor: Cursor) -> Iterator[Operation]:
    """Read MySQL's RENAME TABLE a TO b, c TO d from behind the keyword TABLE."""
    for first, last in cursor.items():
        with cursor.within(first, last):
            old = cursor.table()
            cursor.expect("TO")
            yield RenameTable(span=cursor.span(), is_sql=True, table=old, new_name=cursor.qualified("table name"))


def _table(name: QualifiedName, draft: Draft, cursor: Cursor) -> Table:
    required = frozenset(draft.required)
    columns = (replace(each, nullable=False) if each.name in required else each for each in draft.columns)
    table = Table(
        name,
        cursor.span(),
        columns=tuple(columns),
        indexes=tuple(draft.indexes),
        comment=draft.comment,
        is_open=draft.is_open,
        are_keys_told=draft.are_keys_told,
        is_partitioned=draft.is_partitioned,
        partition_by=draft.partition_by,
        partition_of=draft.partition_of,
        partition_bound=draft.partition_bound,
        inherits=draft.inherits,
        of_type=draft.of_type,
        is_unlogged=draft.is_unlogged,
    )
    for constraint in draft.constraints:
        table = with_constraint(table, constraint)
    return _with_rowid(table) if cursor.dialect == "sqlite" and draft.has_rowid else table


def _with_rowid(table: Table) -> Table:
    """A primary key of one INTEGER column is SQLite's rowid, which numbers the rows; INT is another type here."""
    if table.primary_key is None or len(table.primary_key.columns) != 1:
        return table
    (key,) = table.primary_key.columns
    columns = tuple(
        replace(each, is_serial=True) if each.name == key and str(each.type).upper() == "INTEGER" else each
        for each in table.columns
    )
    return replace(table, columns=columns)


def _is_query(cursor: Cursor, begin: int) -> bool:
    """Whether it is no list of columns, one of which may be called "values" (PostgreSQL, appendix C: not reserved)."""
    first, second = (each.keyword for each in cursor.words[begin : begin + 2])
    return first in ("SELECT", "WITH") or (first == "VALUES" and second in ("(", "ROW"))


def _elements(cursor: Cursor, draft: Draft) -> None:
    begin, end = cursor.skip_group()
    if begin < end and _is_query(cursor, begin):
        draft.is_open = draft.copies_rows = True
        draft.reads.extend(cursor.query_tables(begin, end))
        return
    with cursor.within(begin, end):
        for first, last in cursor.items():
            with cursor.within(first, last):
                _element(cursor, draft)


_COPIED = frozenset({"COMMENTS", "CONSTRAINTS", "DEFAULTS", "GENERATED", "IDENTITY", "INDEXES"})


def _included(cursor: Cursor) -> tuple[str, ...]:
    """What a LIKE takes along, from behind the table."""
    found: frozenset[str] = frozenset()
    while word := cursor.take_any("INCLUDING", "EXCLUDING"):
        named = _COPIED if cursor.is_at("ALL") else {cursor.keyword()}
        found = found | named if word == "INCLUDING" else found - named
        cursor.skip()
    return tuple(sorted(found))


def _element(cursor: Cursor, draft: Draft) -> None:
    if cursor.take("LIKE"):
        copied = Like(cursor.qualified("table name"), len(draft.columns), _included(cursor))
        draft.reads.append(copied.table)
        draft.is_open = True
        draft.are_keys_told &= "INDEXES" not in copied.including
        draft.likes.append(copied)
    elif starts_constraint(cursor):
        _constraint_element(cursor, draft)
    elif starts_inline_index(cursor):
        draft.indexes.append(inline_index(cursor))
    else:
        column, constraints = column_definition(cursor)
        draft.columns.append(column)
        draft.constraints.extend(constraints)


def _constraint_element(cursor: Cursor, draft: Draft) -> None:
    begin = cursor.at
    constraint_name(cursor)
    if cursor.take("NOT", "NULL"):
        draft.required.append(cursor.name("column name"))
        return
    cursor.at = begin
    draft.constraints.append(table_constraint(cursor)[0])
    # SQLite takes table constraints without a comma between them.
    if not cursor.is_done and starts_constraint(cursor):
        _constraint_element(cursor, draft)
    cursor.expect_end()


def _inherits(cursor: Cursor, draft: Draft) -> None:
    begin, end = cursor.skip_group()
    with cursor.within(begin, end):
        draft.inherits = tuple(cursor.listed(cursor.table))
    draft.is_open = True


def _partition_by(cursor: Cursor, draft: Draft) -> None:
    draft.is_partitioned = True
    begin = cursor.at
    cursor.skip_until("WITH", "TABLESPACE", "USING")
    draft.partition_by = cursor.source(begin, cursor.at)
    cursor.skip_rest()


def _for_values(cursor: Cursor, draft: Draft) -> None:
    begin = cursor.at - 2
    while (word := cursor.take_any("IN", "FROM", "TO", "WITH")) and cursor.is_at("("):
        cursor.skip_group()
        if word in ("IN", "TO", "WITH"):
            break
    draft.partition_bound = cursor.source(begin, cursor.at)


def _default_partition(cursor: Cursor, draft: Draft) -> None:
    if draft.partition_of:
        draft.partition_bound = "DEFAULT"


def _as_query(cursor: Cursor, draft: Draft) -> None:
    begin = cursor.at if cursor.words[cursor.at - 1].keyword == "AS" else cursor.at - 1
    end = cursor.end
    has_data = True
    tail = [word.keyword for word in cursor.words[max(begin, end - 3) : end]]
    if tail[-1:] == ["DATA"] and "WITH" in tail:
        has_data = "NO" not in tail
        end -= 2 if has_data else 3
    draft.is_open = True
    draft.copies_rows = has_data
    draft.reads.extend(cursor.query_tables(begin, end))
    cursor.skip_rest()


def _like_table(cursor: Cursor, draft: Draft) -> None:
    draft.is_open = True
    draft.reads.append(cursor.qualified("table name"))
    cursor.skip_rest()


def _without_rowid(cursor: Cursor, draft: Draft) -> None:
    draft.has_rowid = False


def _comment(cursor: Cursor, draft: Draft) -> None:
    cursor.take("=")
    word = cursor.take_kind(Kind.STRING)
    draft.comment = word.text if word and not word.has_hole else None


_OPTIONS: dict[str, Callable[[Cursor, Draft], None]] = {
    "INHERITS": _inherits,
    "PARTITION BY": _partition_by,
    "FOR VALUES": _for_values,
    "DEFAULT": _default_partition,
    "AS": _as_query,
    "SELECT": _as_query,
    "LIKE": _like_table,
    "COMMENT": _comment,
    "WITHOUT ROWID": _without_rowid,
}
_OPTION_PHRASES = tuple(_OPTIONS)


def _table_options(cursor: Cursor, draft: Draft) -> None:
    """Read what follows the columns; storage parameters, engines and bounds are passed over."""
    while not cursor.is_done:
        phrase = cursor.take_phrase(_OPTION_PHRASES)
        if phrase is not None:
            _OPTIONS[phrase](cursor, draft)
        else:
            cursor.skip_one()
