"""The table that `op.create_table(...)` and `Table.create()` make of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.ddl import column, constraint, has_identity, index, known_text, names_of, object_name
from migrate_guard.reading.sqltypes import column_type
from migrate_guard.reading.storage import table_storage
from migrate_guard.reading.values import (
    ColumnValue,
    ConstraintValue,
    Generated,
    IndexValue,
    Value,
)


def creation(
    machine: CallEvaluator, made: Table, options: Mapping[str, Value], span: Span, *, if_not_exists: bool
) -> ops.CreateTable | ops.RawSql:
    """What creates a table; one that goes with the session is no part of the schema."""
    words = options.get("prefixes")
    prefixes = words if isinstance(words, list | tuple) else ()
    if any(isinstance(each, str) and each.upper().startswith("TEMP") for each in prefixes):
        return ops.RawSql(span=span, sql="", kind="CREATE TEMPORARY TABLE", tables=(made.name,))
    storage = table_storage(options, machine.target)
    return ops.CreateTable(span=span, table=made, if_not_exists=if_not_exists, storage=storage)


def table(
    machine: CallEvaluator,
    name: QualifiedName,
    columns: Sequence[ColumnValue],
    constraints: Sequence[ConstraintValue],
    indexes: Sequence[IndexValue],
    span: Span,
    options: Mapping[str, Value],
    *,
    is_open: bool = False,
) -> Table:
    """The table that CREATE TABLE makes of these parts."""
    key_names = [each.name for each in columns if is_set(each.option("primary_key"))]
    explicit = next((each for each in constraints if each.kind == "primary"), None)
    if explicit is not None:
        key_names = list(names_of(explicit.columns)) or key_names
    made_columns: list[Column] = []
    made_constraints: list[AnyConstraint] = []
    made_indexes: list[Index] = []
    referring = {column for each in constraints if each.kind == "foreignkey" for column in names_of(each.columns)}
    for each in columns:
        counts = each.name not in referring and numbers_itself(machine, each, key_names)
        made, own, own_indexes = column(machine, each, name, numbers_itself=counts)
        made_columns.append(
            replace(made, nullable=_may_be_null_in_key(machine, each)) if each.name in key_names else made
        )
        made_constraints += own
        made_indexes += own_indexes
    for extra in constraints:
        if extra.kind != "primary" and not _repeats_key(machine, extra, key_names):
            made_constraints = _without_repeated(machine, made_constraints, extra)
            taken = [one.name for one in made_constraints]
            made_constraints.append(constraint(machine, extra, name, taken))
    made_indexes += [index(machine, each, name) for each in indexes]
    if machine.target.dialect == "sqlite" and is_set(options.get("sqlite_autoincrement")) and len(key_names) == 1:
        made_columns = [replace(each, is_autoincrement=each.name in key_names) for each in made_columns]
    return Table(
        name,
        span,
        columns=tuple(made_columns),
        primary_key=_primary_key(machine, name, key_names, explicit, span, options),
        foreign_keys=tuple(each for each in made_constraints if isinstance(each, ForeignKey)),
        unique_constraints=tuple(each for each in made_constraints if isinstance(each, UniqueConstraint)),
        check_constraints=tuple(each for each in made_constraints if isinstance(each, CheckConstraint)),
        exclusion_constraints=tuple(each for each in made_constraints if isinstance(each, ExclusionConstraint)),
        indexes=tuple(made_indexes),
        comment=options["comment"] if isinstance(options.get("comment"), str) else None,
        is_open=is_open,
        are_keys_told=not is_open,
        is_partitioned="postgresql_partition_by" in options,
        partition_by=known_text(options.get("postgresql_partition_by")),
        inherits=tuple(machine.qualified(each) for each in _inherits(options.get("postgresql_inherits"))),
    )


def _may_be_null_in_key(machine: CallEvaluator, value: ColumnValue) -> bool:
    """Whether a column of the primary key takes NULL: in SQLite where nobody says NOT NULL (sqlite.org/quirks.html)."""
    return machine.target.dialect == "sqlite" and value.option("nullable") is True


def _repeats_key(machine: CallEvaluator, value: ConstraintValue, key: Sequence[str]) -> bool:
    """Whether PostgreSQL drops the constraint without a word, as one index serves both (parse_utilcmd.c)."""
    is_same = value.kind == "unique" and names_of(value.columns) == tuple(key)
    return is_same and machine.target.dialect == "postgresql"


def _without_repeated(machine: CallEvaluator, made: list[AnyConstraint], extra: ConstraintValue) -> list[AnyConstraint]:
    """The constraints without an unnamed UNIQUE that `extra` repeats: the database makes one of the two.

    Sources: PostgreSQL's parse_utilcmd.c (`transformIndexConstraints`), SQLite's build.c (`sqlite3CreateIndex`).
    """
    if extra.kind != "unique" or machine.target.dialect not in ("postgresql", "sqlite"):
        return made
    columns = names_of(extra.columns)
    return [
        each
        for each in made
        if not (isinstance(each, UniqueConstraint) and each.is_implicit_name and each.columns == columns)
    ]


def _inherits(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()


def _primary_key(
    machine: CallEvaluator,
    name: QualifiedName,
    columns: Sequence[str],
    explicit: ConstraintValue | None,
    span: Span,
    options: Mapping[str, Value],
) -> PrimaryKey | None:
    if not columns:
        return None
    given = explicit.options.get("name") if explicit else None
    key_name, implicit = object_name(machine, "primary", given, name, columns)
    if machine.target.dialect == "sqlite" and is_set(options.get("sqlite_autoincrement")) and len(columns) == 1:
        # AUTOINCREMENT follows PRIMARY KEY behind the column, where SQLAlchemy writes no name
        key_name, implicit = None, True
    return PrimaryKey(
        name=key_name,
        columns=tuple(columns),
        span=explicit.span if explicit else span,
        is_implicit_name=implicit,
        is_assumed_name=implicit and not machine.project.knows_naming_convention,
    )


def numbers_itself(machine: CallEvaluator, value: ColumnValue, key: Sequence[str]) -> bool:
    """Whether SQLAlchemy's `autoincrement="auto"` makes the column SERIAL, AUTO_INCREMENT or a rowid."""
    choice = value.option("autoincrement", "auto")
    if value.name not in key or choice is False or value.option("server_default") is not None:
        return False
    if choice == "auto" and (len(key) != 1 or any(isinstance(each, ConstraintValue) for each in value.arguments)):
        return False
    generated = any(
        isinstance(each, Generated) and (each.kind != "identity" or has_identity(machine)) for each in value.arguments
    )
    return not generated and column_type(machine, value.type).family == "integer"
