"""PostgreSQL's own parser (postgast: libpg_query) as the judge of what is read from SQL: the kind and the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import postgast

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import ForeignKey
from migrate_guard.model.target import Target
from migrate_guard.reading.sql import read_sql
from tests.reading.sql_describe import locate

_ACTIONS: dict[type[ops.Operation], frozenset[str]] = {
    ops.AddColumn: frozenset({"AT_AddColumn"}),
    ops.DropColumn: frozenset({"AT_DropColumn"}),
    ops.AlterColumn: frozenset(
        {"AT_AlterColumnType", "AT_ColumnDefault", "AT_SetNotNull", "AT_DropNotNull", "AT_AddIdentity"}
        | {"AT_DropIdentity", "AT_DropExpression", "AT_SetExpression", "AT_AddConstraint"}
    ),
    ops.AddConstraint: frozenset({"AT_AddConstraint"}),
    ops.DropConstraint: frozenset({"AT_DropConstraint"}),
    ops.ValidateConstraint: frozenset({"AT_ValidateConstraint"}),
    ops.AddNotNull: frozenset({"AT_AddConstraint"}),
    ops.AttachPartition: frozenset({"AT_AttachPartition"}),
    ops.DetachPartition: frozenset({"AT_DetachPartition", "AT_DetachPartitionFinalize"}),
}
_STATEMENTS: dict[type[ops.Operation], frozenset[str]] = {
    ops.CreateTable: frozenset({"create_stmt", "create_table_as_stmt", "select_stmt"}),
    ops.DropTable: frozenset({"drop_stmt"}),
    ops.RenameTable: frozenset({"rename_stmt", "alter_object_schema_stmt"}),
    ops.RenameColumn: frozenset({"rename_stmt"}),
    ops.RenameConstraint: frozenset({"rename_stmt"}),
    ops.RenameIndex: frozenset({"rename_stmt"}),
    ops.RenameType: frozenset({"rename_stmt"}),
    ops.AlterColumn: frozenset({"comment_stmt"}),
    ops.CreateIndex: frozenset({"index_stmt"}),
    ops.DropIndex: frozenset({"drop_stmt"}),
    ops.CreateEnum: frozenset({"create_enum_stmt"}),
    ops.AddEnumValue: frozenset({"alter_enum_stmt"}),
    ops.RenameEnumValue: frozenset({"alter_enum_stmt"}),
    ops.DropType: frozenset({"drop_stmt"}),
    ops.CreateView: frozenset({"view_stmt", "create_table_as_stmt"}),
    ops.DropView: frozenset({"drop_stmt"}),
    ops.CreateSequence: frozenset({"create_seq_stmt"}),
    ops.DropSequence: frozenset({"drop_stmt"}),
    ops.Insert: frozenset({"insert_stmt"}),
    ops.Update: frozenset({"update_stmt"}),
    ops.Delete: frozenset({"delete_stmt"}),
    ops.SetParameter: frozenset({"variable_set_stmt", "select_stmt"}),
}
# How the kind of a RawSql begins, by the statement PostgreSQL sees.
_KINDS: dict[str, tuple[str, ...]] = {
    "alter_domain_stmt": ("ALTER DOMAIN",),
    "alter_enum_stmt": ("ALTER TYPE",),
    "alter_object_schema_stmt": ("ALTER VIEW SET SCHEMA",),
    "alter_owner_stmt": ("ALTER TYPE OWNER TO", "ALTER FUNCTION"),
    "alter_role_set_stmt": ("ALTER ROLE",),
    "alter_seq_stmt": ("ALTER SEQUENCE",),
    "alter_table_stmt": ("ALTER TABLE ", "ALTER INDEX SET", "ALTER TYPE ADD ATTRIBUTE"),
    "check_point_stmt": ("CHECKPOINT",),
    "cluster_stmt": ("CLUSTER",),
    "comment_stmt": ("COMMENT ON ",),
    "composite_type_stmt": ("CREATE TYPE",),
    "constraints_set_stmt": ("SET CONSTRAINTS",),
    "copy_stmt": ("COPY",),
    "create_domain_stmt": ("CREATE DOMAIN",),
    "create_event_trig_stmt": ("CREATE EVENT TRIGGER",),
    "create_extension_stmt": ("CREATE EXTENSION",),
    "create_function_stmt": ("CREATE FUNCTION", "CREATE PROCEDURE"),
    "create_policy_stmt": ("CREATE POLICY",),
    "create_schema_stmt": ("CREATE SCHEMA",),
    "create_stats_stmt": ("CREATE STATISTICS",),
    "create_table_as_stmt": ("CREATE TEMPORARY TABLE",),
    "create_trig_stmt": ("CREATE TRIGGER",),
    "define_stmt": ("CREATE AGGREGATE",),
    "alter_default_privileges_stmt": ("ALTER DEFAULT PRIVILEGES",),
    "alter_extension_stmt": ("ALTER EXTENSION",),
    "do_stmt": ("DO",),
    "drop_stmt": ("DROP AGGREGATE", "DROP FUNCTION", "DROP TRIGGER", "DROP SCHEMA", "DROP EXTENSION"),
    "explain_stmt": ("EXPLAIN",),
    "grant_stmt": ("GRANT", "REVOKE"),
    "lock_stmt": ("LOCK TABLE",),
    "merge_stmt": ("MERGE",),
    "refresh_mat_view_stmt": ("REFRESH MATERIALIZED VIEW",),
    "reindex_stmt": ("REINDEX",),
    "rename_stmt": ("ALTER VIEW RENAME TO", "ALTER SEQUENCE RENAME TO", "ALTER MATERIALIZED VIEW RENAME TO"),
    "rule_stmt": ("CREATE RULE",),
    "select_stmt": ("SELECT", "VALUES"),
    "transaction_stmt": ("BEGIN", "COMMIT", "ROLLBACK"),
    "truncate_stmt": ("TRUNCATE",),
    "vacuum_stmt": ("VACUUM", "ANALYZE"),
    "variable_set_stmt": ("SET TRANSACTION",),
    "variable_show_stmt": ("SHOW",),
}


def mistake_in_kind(sql: str) -> str | None:
    """What is wrong with the kind of what is read from one statement; None where it is what PostgreSQL sees."""
    statement = _parse(sql)
    node = statement.WhichOneof("node")
    found = read_sql(sql, Target.default(), locate)
    if node == "alter_table_stmt" and not isinstance(found[0], ops.RawSql | ops.Opaque):
        subtypes = [_subtype(command) for command in statement.alter_table_stmt.cmds]
        if len(subtypes) != len(found):
            return f"{len(found)} operations for {subtypes}"
    for position, operation in enumerate(_outside_body(node, found)):
        if isinstance(operation, ops.RawSql):
            is_right = operation.kind.startswith(_KINDS.get(node, ()))
        elif node == "alter_table_stmt":
            is_right = _subtype(statement.alter_table_stmt.cmds[position]) in _ACTIONS.get(type(operation), ())
        else:
            is_right = node in _STATEMENTS.get(type(operation), ()) or position < len(found) - 1
        if not is_right:
            return f"{operation} for {node}"
    return None


def mistake_in_tables(sql: str) -> str | None:
    """What is wrong with the tables of what is read from one statement; None where they are what PostgreSQL sees."""
    statement = _parse(sql)
    found = _outside_body(statement.WhichOneof("node"), read_sql(sql, Target.default(), locate))
    ours = {name for operation in found for name in _tables(operation)}
    theirs = _relations(statement)
    is_whole = not any(isinstance(operation, _WITHOUT_SOURCES) for operation in found) and "TEMP" not in sql
    if ours <= theirs and (ours == theirs or not is_whole):
        return None
    return f"{sorted(map(str, ours))} for {sorted(map(str, theirs))}"


# What these read is no part of the operation.
_WITHOUT_SOURCES = (ops.CreateTable, ops.Insert, ops.Update, ops.Delete, ops.Opaque)


def _outside_body(node: str, found: tuple[ops.Operation, ...]) -> tuple[ops.Operation, ...]:
    """Leave out what a DO does, which for PostgreSQL's parser is a string."""
    return found[:1] if node == "do_stmt" else found


def _parse(sql: str) -> Any:
    (statement,) = postgast.parse(sql).stmts
    return statement.stmt


def _subtype(command: Any) -> str:
    kind = command.alter_table_cmd
    name: str = kind.DESCRIPTOR.fields_by_name["subtype"].enum_type.values_by_number[kind.subtype].name
    return name


def _tables(operation: ops.Operation) -> Iterator[QualifiedName]:
    match operation:
        case ops.CreateTable(table=table):
            yield table.name
            yield from (key.referred_table for key in table.foreign_keys)
            yield from filter(None, [*table.inherits, table.partition_of])
        case ops.CreateView(view=view):
            yield from view.tables
        case ops.CreateSequence(sequence=sequence) if sequence.owned_by:
            yield sequence.owned_by[0]
        case ops.RawSql(tables=tables) | ops.Opaque(tables=tables):
            yield from tables
        case ops.AddColumn(table=table, constraints=constraints):
            yield table
            yield from (each.referred_table for each in constraints if isinstance(each, ForeignKey))
        case ops.AddConstraint(table=table, constraint=ForeignKey() as key):
            yield table
            yield key.referred_table
        case (
            ops.AttachPartition(table=table, partition=partition)
            | ops.DetachPartition(table=table, partition=partition)
        ):
            yield table
            yield partition
        case ops.TableOperation(table=table):
            yield table


def _relations(statement: Any) -> set[QualifiedName]:
    """The tables that PostgreSQL sees: relations other than indexes, sequences, new views and CTEs."""
    messages = list(_walk(statement))
    local = {each.ctename for each in messages if _is(each, "CommonTableExpr")}
    no_tables = [_named_otherwise(each) for each in messages]
    found = {
        _name([each.schemaname, each.relname])
        for each in messages
        if _is(each, "RangeVar") and not any(each is other or each == other for other in no_tables if other is not None)
    }
    found = {name for name in found if name.schema or name.name not in local}
    return found | {name for each in messages for name in _listed(each)}


def _named_otherwise(message: Any) -> Any:
    """The relation of a statement that is no table."""
    for kind, field in (("CreateSeqStmt", "sequence"), ("AlterSeqStmt", "sequence"), ("CompositeTypeStmt", "typevar")):
        if _is(message, kind):
            return getattr(message, field)
    if _is(message, "ViewStmt"):
        return message.view
    if _is(message, "CreateTableAsStmt") and _enum(message, "objtype") == "OBJECT_MATVIEW":
        return message.into.rel
    if _is(message, "RenameStmt") and _enum(message, "rename_type") not in _OF_TABLES:
        return message.relation
    if _is(message, "AlterTableStmt") and _enum(message, "objtype") != "OBJECT_TABLE":
        return message.relation
    if _is(message, "AlterObjectSchemaStmt") and _enum(message, "object_type") != "OBJECT_TABLE":
        return message.relation
    if _is(message, "ReindexStmt") and _enum(message, "kind") == "REINDEX_OBJECT_INDEX":
        return message.relation
    return None


_OF_TABLES = frozenset({"OBJECT_TABLE", "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT"})


def _listed(message: Any) -> Iterator[QualifiedName]:
    """Tables given as lists of strings."""
    if _is(message, "DropStmt"):
        kind = _enum(message, "remove_type")
        for each in message.objects:
            parts = [item.string.sval for item in each.list.items]
            if kind == "OBJECT_TABLE":
                yield _name(parts)
            elif kind in ("OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"):
                yield _name(parts[:-1])
    elif _is(message, "CommentStmt"):
        parts = [item.string.sval for item in message.object.list.items]
        cut = {"OBJECT_TABLE": 0, "OBJECT_COLUMN": 1, "OBJECT_TABCONSTRAINT": 1}.get(_enum(message, "objtype"))
        if cut is not None:
            yield _name(parts[: len(parts) - cut])
    elif _is(message, "DefElem") and message.defname == "owned_by":
        parts = [item.string.sval for item in message.arg.list.items]
        if len(parts) > 1:
            yield _name(parts[:-1])


def _name(parts: list[str]) -> QualifiedName:
    schema = parts[-2] if len(parts) > 1 else None
    return QualifiedName(parts[-1], schema if schema not in ("", "public") else None)


def _is(message: Any, name: str) -> bool:
    return bool(message.DESCRIPTOR.name == name)


def _enum(message: Any, field: str) -> str:
    value: str = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name
    return value


def _walk(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for each in value if field.is_repeated else [value]:
            yield from _walk(each)
