"""Fold triggers, rules, policies and statistics objects, which hang on tables."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import Attached, Schema

Attachments: TypeAlias = PersistentMap[tuple[str, QualifiedName, str], Attached]

ATTACHED: Final = frozenset({"TRIGGER", "RULE", "POLICY", "STATISTICS"})


def raw_sql(schema: Schema, operation: ops.RawSql) -> Schema:
    """CREATE and DROP of what hangs on a table; statistics are dropped by their name alone."""
    verb, _, kind = operation.kind.partition(" ")
    if kind not in ATTACHED or operation.condition is not None:
        return schema
    attached = schema.attached
    for name in operation.objects:
        if verb == "CREATE" and operation.tables:
            table = operation.tables[0]
            is_for_rows = "FOR EACH ROW" in operation.options
            made = Attached(kind, name.name, table, operation.span, operation.functions, is_for_rows, operation.sql)
            attached = attached.set((kind, table, name.name), made)
        elif verb == "DROP":
            for key in [key for key in attached if _is_meant(key, kind, name.name, operation.tables)]:
                attached = attached.remove(key)
    return schema if attached is schema.attached else replace(schema, attached=attached)


_ENABLED: Final = {f"ALTER TABLE {verb} ROW LEVEL SECURITY": verb == "ENABLE" for verb in ("ENABLE", "DISABLE")}


def row_security(schema: Schema, operation: ops.RawSql) -> Schema:
    """ENABLE and DISABLE ROW LEVEL SECURITY; what a block of code enables is of tables that are not known."""
    if operation.kind == "DO":
        is_enabled = "enable row level security" in " ".join(operation.sql.lower().split())
        return replace(schema, may_have_row_security=True) if is_enabled else schema
    is_on = _ENABLED.get(operation.kind)
    found = schema.row_security
    if is_on is not None:
        for table in operation.tables:
            # a condition that nobody can decide may have switched it on
            found = found.set(table, is_on or (operation.condition is not None and found.get(table, False)))
    return replace(schema, row_security=found)


def _is_meant(key: tuple[str, QualifiedName, str], kind: str, name: str, tables: tuple[QualifiedName, ...]) -> bool:
    return key[0] == kind and key[2] == name and (not tables or key[1] == tables[0])


def without_table(attached: Attachments, table: QualifiedName) -> Attachments:
    """What is left when a table goes."""
    for key in [key for key in attached if key[1] == table]:
        attached = attached.remove(key)
    return attached


def renamed(attached: Attachments, old: QualifiedName, new: QualifiedName) -> Attachments:
    """What hangs on a table follows it to its new name."""
    for key in [key for key in attached if key[1] == old]:
        moved = replace(attached[key], table=new)
        attached = attached.remove(key).set((key[0], new, key[2]), moved)
    return attached


def retold(attached: Attachments, table: QualifiedName) -> Attachments:
    """What hangs on a table after it or a column of it got another name: it lives on, with a text nobody wrote."""
    for key in [key for key, each in attached.items() if key[1] == table and each.definition]:
        attached = attached.set(key, replace(attached[key], definition=""))
    return attached
