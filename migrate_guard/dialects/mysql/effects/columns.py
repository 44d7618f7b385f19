"""Columns: added, dropped, renamed, and told anew by MODIFY and CHANGE.

MySQL: table 17.18 "Online DDL Support for Column Operations" and 17.19 "… Generated Column Operations" of the manual
of 8.4, 17.12.1; INSTANT for dropping and for any place came with 8.0.29, for renaming with 8.0.28 (manual of 8.0).
"""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.dialects.mysql.effects import keys
from migrate_guard.dialects.mysql.effects.scene import (
    AT_ONCE,
    INPLACE,
    INSTANT,
    SHARED,
    Scene,
    Way,
    column_before,
    has_index,
    heavier,
    is_in_key,
    is_indexed,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.folding import apply
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import CheckConstraint, Column, Expression, ForeignKey, PrimaryKey, Table, Type

# -- added


def add(operation: ops.AddColumn, scene: Scene) -> Effects:
    table = scene.table(operation.table)
    ways = [_added(operation, table, scene)]
    for each in operation.constraints:
        if isinstance(each, CheckConstraint) and scene.is_mariadb:
            # the rows have one value for it, which is checked at once
            continue
        if isinstance(each, ForeignKey | CheckConstraint):
            ways.append(keys.added(each, operation.table, scene))
        elif isinstance(each, PrimaryKey):
            ways.append(scene.rebuild("the primary key says in which order the rows are kept", table))
        else:
            # beside a column the index is not built apart
            ways.append(scene.rebuild(f'the column "{operation.column.name}" comes with an index', table))
    return scene.altered(operation.table, heavier(ways))


def _added(operation: ops.AddColumn, table: Table | None, scene: Scene) -> Way:
    column = operation.column
    named = f'"{column.name}"'
    if column.is_serial:
        way = scene.rebuild(f"every row gets a number in {named}", table)
        return way if way.lock else way._replace(lock=SHARED)
    if column.computed is not None:
        return scene.copy(f"the value of {named} is stored in every row", table) if column.is_stored else AT_ONCE
    if (why := _computed_by_row(column.default, scene)) is not None:
        # MySQL's manual does not say which of them it can take at once
        is_certain = scene.is_mariadb or "uuid" in why
        return scene.copy(f"the default of {named} {why}", table, is_certain=is_certain)
    if _is_placed(operation, table, scene):
        return scene.copy(_PLACED, table)
    if table is None or not _is_kept_from_instant(table, scene):
        return AT_ONCE
    reason = "FULLTEXT index" if has_index(table, "fulltext") else "generated column that is indexed"
    way = scene.rebuild(f"no column is added at once to a table with a {reason}", table)
    return Way(INPLACE, SHARED, way.rewrites) if scene.is_mariadb else way


_PLACE: Final = lazily(r"\b(FIRST|AFTER)\b", re.IGNORECASE)
_PLACED: Final = "the column goes to a place among others, and one of those is virtual"


def _is_placed(operation: ops.AddColumn | ops.AlterColumn, table: Table | None, scene: Scene) -> bool:
    """Whether MariaDB puts a column in a place of its own in a table with virtual columns."""
    is_virtual = table is not None and any(each.computed and not each.is_stored for each in table.columns)
    return is_virtual and scene.is_mariadb and operation.is_sql and _PLACE.search(operation.text) is not None


def _is_kept_from_instant(table: Table, scene: Scene) -> bool:
    virtual = [each.name for each in table.columns if each.computed and not each.is_stored]
    is_indexed_virtual = scene.is_mariadb and any(is_indexed(each, table) for each in virtual)
    return has_index(table, "fulltext") or is_indexed_virtual


_CONSTANT: Final = lazily(
    r"\(?\s*(now|current_timestamp|localtime|localtimestamp|current_date|current_time|curdate|curtime|utc_timestamp)\b",
    re.IGNORECASE,
)
_BY_ROW: Final = lazily(r"\b(uuid|uuid_short|sys_guid|uuid_v4|uuid_v7)\s*\(", re.IGNORECASE)


def _computed_by_row(default: Expression | None, scene: Scene) -> str | None:
    """Why a default may be another one in every row."""
    if default is None or default.is_literal or _CONSTANT.match(default.text):
        return None
    if _BY_ROW.search(default.text):
        return "is uuid(), another one in every row" if "uuid" in default.text.lower() else "differs in every row"
    if default.columns:
        return "is computed of other columns"
    return None if scene.is_mariadb or "(" not in default.text else "is an expression"


# -- dropped


def drop(operation: ops.DropColumn, scene: Scene) -> Effects:
    table = scene.table(operation.table)
    return scene.altered(operation.table, _dropped(operation.column, table, scene))


def _dropped(name: str, table: Table | None, scene: Scene) -> Way:
    column = table.column(name) if table else None
    if table is None:
        return AT_ONCE if scene.is_mariadb or scene.since(8, 0, 29) else Way(INPLACE, rewrites=_WITHOUT)
    if is_in_key(name, table):
        return scene.copy(f'"{name}" is of the primary key, by which the rows are kept', table)
    if column is not None and column.computed and not column.is_stored:
        return Way(scene.index_work) if is_indexed(name, table) else AT_ONCE
    if not scene.is_mariadb and (is_indexed(name, table) or has_index(table, "fulltext")):
        return scene.rebuild(_WITHOUT, table)
    if not scene.is_mariadb:
        is_instant = scene.since(8, 0, 29) and not (column and column.is_stored)
        return AT_ONCE if is_instant else scene.rebuild(_WITHOUT, table)
    if has_index(table, "fulltext") and not _is_last_fulltext(name, table):
        return scene.rebuild("no column is dropped at once from a table with a FULLTEXT index", table)
    if _is_last_fulltext(name, table):
        return scene.rebuild(_WITHOUT, None)
    if _is_kept_from_instant(table, scene):
        return scene.copy(f"{_WITHOUT}, and a generated column is indexed", table)
    return Way(scene.index_work) if is_indexed(name, table) else AT_ONCE


_WITHOUT: Final = "the rows are written anew without the column"


def _is_last_fulltext(name: str, table: Table) -> bool:
    found = [each for each in table.indexes if each.method == "fulltext"]
    return bool(found) and all(each.columns == (name,) for each in found)


# -- renamed and told anew


def rename(operation: ops.RenameColumn, scene: Scene) -> Effects:
    way = AT_ONCE if scene.is_mariadb or scene.since(8, 0, 28) else Way(INPLACE)
    if operation.redefines:
        way = heavier([way, _changed(operation.redefinition, scene)])
    return scene.altered(operation.table, way)


def alter(operation: ops.AlterColumn, scene: Scene) -> Effects:
    return scene.altered(operation.table, _changed(operation, scene))


def _changed(operation: ops.AlterColumn, scene: Scene) -> Way:
    table, before = scene.table(operation.table), column_before(operation, scene)
    if not operation.redefines:
        # ALTER COLUMN … SET DEFAULT and DROP DEFAULT
        return AT_ONCE
    if before is None:
        why = f'what "{operation.column}" was is not known: another type is another row'
        return scene.copy(why, table, is_certain=False)
    after = _after(operation, before, scene)
    ways = [_retyped(before, after, table, scene), _nullable(before, after, table, scene)]
    if _is_placed(operation, table, scene):
        # it depends on which columns stand between the two places
        ways.append(scene.copy(_PLACED, table, is_certain=False))
    if operation.is_sql and _CHARACTER_SET.search(operation.text):
        ways.append(scene.copy(f'the character set of "{after.name}" may be another one', table, is_certain=False))
    if after.is_serial and not before.is_serial:
        ways.append(scene.copy(f'every row gets a number in "{after.name}"', table))
    elif before.is_serial and not after.is_serial and not scene.is_mariadb:
        ways.append(scene.copy(f'"{after.name}" is no longer numbered', table))
    if (before.computed is None) != (after.computed is None) or before.is_stored != after.is_stored:
        ways.append(scene.copy(f'"{after.name}" is computed, or no longer so', table))
    return heavier(ways)


_CHARACTER_SET: Final = lazily(r"\b(CHARACTER\s+SET|CHARSET)\s+(?!utf8mb4)", re.IGNORECASE)


def _after(operation: ops.AlterColumn, before: Column, scene: Scene) -> Column:
    table = scene.table(operation.table)
    held = table.column(operation.column) if table else None
    if held is None:
        table = Table(operation.table, operation.span, columns=(before,), is_open=True)
        held = before
    changed = apply(scene.schema.with_table(table), operation).table(operation.table) if table else None
    found = changed.column(operation.column) if changed else None
    return found or before


def _nullable(before: Column, after: Column, table: Table | None, scene: Scene) -> Way:
    if before.nullable is after.nullable or after.nullable is None:
        return AT_ONCE
    named = f'"{after.name}" {"may be NULL" if after.nullable else "is NOT NULL"} now'
    if after.nullable is False and after.default is not None and _CONSTANT.match(after.default.text):
        return scene.copy(f"{named}, and its default is not the same for all", table)
    is_certain = before.nullable is not None
    if scene.is_mariadb and after.nullable is False and table is not None and _keeps_computed(table):
        why = f"{named}, and the table has a generated column that is stored or indexed"
        return scene.copy(why, table, is_certain=is_certain)
    return scene.rebuild(named, table, is_certain=is_certain)


def _keeps_computed(table: Table) -> bool:
    """Whether values of a generated column are stored, in the rows or in an index."""
    return any(each.computed and (each.is_stored or is_indexed(each.name, table)) for each in table.columns)


def _retyped(before: Column, after: Column, table: Table | None, scene: Scene) -> Way:
    old, new = before.type, after.type
    if _is_same(old, new):
        if before.collation in (None, after.collation) or scene.is_mariadb:
            return AT_ONCE
        return scene.copy(f'"{after.name}" is compared in another way', table)
    if not (old.is_known and new.is_known):
        return scene.copy(f'the type of "{after.name}" is not known', table, is_certain=False)
    why = f"{old} becomes {new}"
    if old.values and new.values and old.name == new.name:
        is_appended = new.values[: len(old.values)] == old.values and _bytes_of(old) == _bytes_of(new)
        return AT_ONCE if is_appended else scene.copy(f"{why}: the numbers of its values change", table)
    if old.name == new.name and old.name in _VARYING and old.args and new.args:
        return _widened(old, new, why, table, scene)
    return scene.copy(why, table)


def _is_same(old: Type, new: Type) -> bool:
    if old.values is not None or new.values is not None:
        return old.name == new.name and old.values == new.values
    return (old.name, old.args) == (new.name, new.args)


def _bytes_of(type_: Type) -> int:
    """How many bytes an ENUM or SET takes (MySQL reference manual 8.4, 13.7 "Data Type Storage Requirements")."""
    count = len(type_.values or ())
    if type_.name == "SET":
        return next(size for size in (1, 2, 3, 4, 8, count) if count <= size * 8)
    return 1 if count < 256 else 2


_VARYING: Final = {"VARCHAR": (4, 3, 1), "VARBINARY": (1,)}
"""How many bytes a character takes: that of utf8mb4, which is MySQL's default, and what it may be besides."""


def _widened(old: Type, new: Type, why: str, table: Table | None, scene: Scene) -> Way:
    try:
        lengths = int(old.args[0]), int(new.args[0])
    except ValueError:
        return scene.copy(why, table, is_certain=False)
    if lengths[1] < lengths[0]:
        return scene.copy(f"{why}, which is shorter", table)
    fits = [_keeps_prefix(lengths[0] * size, lengths[1] * size, scene) for size in _VARYING[old.name]]
    if fits[0]:
        return Way(INSTANT if scene.is_mariadb else INPLACE)
    # the default character set of MariaDB was latin1 until 11.6
    return scene.copy(f"{why}: its length takes two bytes now", table, is_certain=not scene.is_mariadb or not any(fits))


def _keeps_prefix(old: int, new: int, scene: Scene) -> bool:
    """Whether the length is stored as before: in one byte up to 255; MariaDB needs none of them up to 127."""
    return old > 255 or new <= 255 or (scene.is_mariadb and old <= 127)
