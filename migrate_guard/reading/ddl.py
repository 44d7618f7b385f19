"""From SQLAlchemy values to schema objects: columns, constraints, indexes, tables, named as the database does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from migrate_guard.dialects.names import conventional_name, implicit_name
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    UNKNOWN_TYPE,
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.clauses import clause, server_default
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.sqltypes import column_type
from migrate_guard.reading.values import (
    HOLE,
    Clause,
    ColumnValue,
    ConstraintValue,
    FinalName,
    Generated,
    IndexValue,
    Value,
)

ConstraintName = Literal["primary", "unique", "foreignkey", "check", "exclusion", "index"]

_CONVENTION_KEYS: Final[Mapping[str, str]] = {
    "primary": "pk",
    "unique": "uq",
    "foreignkey": "fk",
    "check": "ck",
    "index": "ix",
}
DEFAULT_CONVENTION: Final[Mapping[str, str]] = {"ix": "ix_%(column_0_label)s"}
"""What SQLAlchemy names without being told (sqlalchemy.sql.schema.DEFAULT_NAMING_CONVENTION)."""


# -- names


def object_name(
    machine: CallEvaluator,
    kind: ConstraintName,
    given: Value,
    table: QualifiedName,
    columns: Sequence[str],
    *,
    referred: QualifiedName | None = None,
    taken: Iterable[str | None] = (),
    convention: Mapping[str, str] | None = None,
) -> tuple[str | None, bool]:
    """The name an object gets, and whether nobody wrote it: by the naming convention, else by the database."""
    if isinstance(given, FinalName):
        return str(given), False
    if given is not None and not isinstance(given, str):
        return None, False
    if given is not None and HOLE in given:
        return None, False
    rules = {**DEFAULT_CONVENTION, **(machine.project.naming_convention if convention is None else convention)}
    template = rules.get(_CONVENTION_KEYS.get(kind, ""))
    if template and (given is None or (kind == "check" and "%(constraint_name)s" in template)):
        name = conventional_name(
            kind, rules, table.name, columns, referred.name if referred else None, given, machine.target.dialect
        )
        if name:
            return name, given is None
    if given is not None:
        return given, False
    if HOLE in "".join(columns):
        return None, True
    return implicit_name(kind, table.name, columns, {each for each in taken if each}, machine.target.dialect), True


# -- columns, constraints, indexes


def names_of(values: Iterable[Value]) -> tuple[str, ...]:
    """The column names that strings, columns and expressions stand for; HOLE for one that is not known."""
    return tuple(column_name(each) for each in values)


def _known_names(values: Iterable[Value]) -> tuple[str, ...]:
    """The columns of a key or index; none where one of them is not known."""
    names = names_of(values)
    return () if any(HOLE in each for each in names) else names


def column_name(value: Value) -> str:
    if isinstance(value, ColumnValue):
        return value.name
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Clause):
        return value.columns[0] if value.columns and len(value.columns) == 1 else value.text
    return HOLE


def reference(machine: CallEvaluator, value: Value, schema: Value = None) -> tuple[QualifiedName, str | None] | None:
    """The table and column that "schema.table.column" names; None when it is not known."""
    if not isinstance(value, str) or HOLE in value:
        return None
    parts = value.split(".")
    if len(parts) == 1:
        return machine.qualified(parts[0], schema), None
    return machine.qualified(parts[-2], ".".join(parts[:-2]) or schema), parts[-1]


def foreign_key(
    machine: CallEvaluator,
    table: QualifiedName,
    columns: Sequence[str],
    referred: Sequence[Value],
    options: Mapping[str, Value],
    span: Span,
    taken: Iterable[str | None] = (),
) -> ForeignKey:
    """A foreign key to what "table.column" strings name."""
    targets = [reference(machine, each) for each in referred]
    known = [each for each in targets if each]
    target = known[0][0] if known else QualifiedName(HOLE)
    name, implicit = object_name(
        machine, "foreignkey", options.get("name"), table, columns, referred=target, taken=taken
    )
    return ForeignKey(
        name=name,
        columns=tuple(columns),
        span=span,
        is_implicit_name=implicit,
        is_assumed_name=implicit and not machine.project.knows_naming_convention,
        not_valid=is_set(options.get("postgresql_not_valid")),
        referred_table=target,
        referred_columns=tuple(column for _, column in known if column),
        ondelete=_text(options.get("ondelete")),
        onupdate=_text(options.get("onupdate")),
        deferrable=is_set(options.get("deferrable")) or isinstance(options.get("initially"), str),
    )


def _text(value: Value) -> str | None:
    return value.upper() if isinstance(value, str) and HOLE not in value else None


def constraint(
    machine: CallEvaluator, value: ConstraintValue, table: QualifiedName, taken: Iterable[str | None] = ()
) -> AnyConstraint:
    """The constraint that a construct makes on `table`."""
    columns = _known_names(value.columns)
    options = value.options
    if value.kind == "foreignkey":
        return foreign_key(machine, table, columns, value.referred, options, value.span, taken)
    sql = clause(value.sqltext) if value.kind == "check" else None
    named_by = columns or (sql.columns[:1] if sql and len(sql.columns) == 1 else ())
    kind: ConstraintName = value.kind  # type: ignore[assignment]  # the constructs module writes only these
    name, implicit = object_name(machine, kind, options.get("name"), table, named_by, taken=taken)
    not_valid = is_set(options.get("postgresql_not_valid"))
    assumed = implicit and not machine.project.knows_naming_convention
    match value.kind:
        case "primary":
            return PrimaryKey(
                name=name, columns=columns, span=value.span, is_implicit_name=implicit, is_assumed_name=assumed
            )
        case "unique":
            return UniqueConstraint(
                name=name,
                columns=columns,
                span=value.span,
                is_implicit_name=implicit,
                is_assumed_name=assumed,
                deferrable=is_set(options.get("deferrable")),
                nulls_not_distinct=is_set(options.get("postgresql_nulls_not_distinct")),
            )
        case "exclusion":
            return ExclusionConstraint(
                name=name, columns=columns, span=value.span, is_implicit_name=implicit, is_assumed_name=assumed
            )
    return CheckConstraint(
        name=name,
        columns=sql.columns if sql else (),
        span=value.span,
        is_implicit_name=implicit,
        is_assumed_name=assumed,
        not_valid=not_valid,
        expression=sql or Expression(HOLE),
    )


_DIRECTION: Final = re.compile(
    r"""\s* "?([A-Za-z_]\w*)"? (?:\s+collate\s+[\w."]+)? (?:\s+(?!asc\b|desc\b|nulls\b|collate\b)[\w.]+)?
    (\s+asc|\s+desc)? (\s+nulls\s+(?:first|last))? \s*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A column as a key of an index: collation, operator class, order (PostgreSQL manual, CREATE INDEX)."""


def index(machine: CallEvaluator, value: IndexValue, table: QualifiedName) -> Index:
    """The index that a construct, or the arguments of `op.create_index`, make on `table`."""
    elements = tuple(map(_element, value.elements))
    options = value.options
    columns = [each.column for each in elements if each.column]
    name, _ = object_name(machine, "index", value.name, table, columns)
    dialect = "mysql" if machine.target.dialect == "mariadb" else machine.target.dialect
    include = options.get("postgresql_include")
    method = options.get(f"{dialect}_using")
    return Index(
        name,
        elements,
        value.span,
        unique=is_set(options.get("unique")),
        where=clause(options.get(f"{dialect}_where")),
        method=method.lower() if isinstance(method, str) else "btree",
        include=names_of(include) if isinstance(include, list | tuple) else (),
    )


def _element(value: Value) -> IndexElement:
    if isinstance(value, Clause):
        plain = _DIRECTION.fullmatch(value.text)
        if plain:
            return IndexElement(plain.group(1), is_descending=(plain.group(2) or "").strip().lower() == "desc")
        return IndexElement(None, clause(value))
    name = column_name(value)
    return IndexElement(None, Expression(HOLE)) if HOLE in name else IndexElement(name)


_CONSTRAINT_OPTIONS: Final = ("name", "ondelete", "onupdate", "deferrable", "initially")


def column(
    machine: CallEvaluator, value: ColumnValue, table: QualifiedName, *, numbers_itself: bool = False
) -> tuple[Column, tuple[AnyConstraint, ...], tuple[Index, ...]]:
    """A column, with the constraints and indexes that its construct brings along (the primary key apart)."""
    made_type = column_type(machine, value.type)
    generated = {each.kind: each for each in value.arguments if isinstance(each, Generated)}
    default_value = value.option("server_default")
    if "default" in generated and generated["default"].args:
        default_value = generated.pop("default").args[0]
    if isinstance(default_value, Generated):
        generated[default_value.kind] = default_value
        default_value = None
    is_key = is_set(value.option("primary_key"))
    nullable = value.option("nullable", not is_key and "identity" not in generated)
    computed = generated.get("computed")
    made = Column(
        value.name,
        made_type,
        value.span,
        nullable=nullable if isinstance(nullable, bool) else None,
        default=server_default(default_value),
        has_client_default=any(value.option(name) is not None for name in ("default", "default_factory")),
        is_identity="identity" in generated,
        is_serial=numbers_itself or made_type.name in ("SERIAL", "BIGSERIAL", "SMALLSERIAL"),
        computed=clause(computed.args[0]) if computed and computed.args else None,
        is_stored=computed is not None and computed.options.get("persisted") is not False,
        comment=value.option("comment") if isinstance(value.option("comment"), str) else None,
    )
    constraints: list[AnyConstraint] = []
    for each in value.arguments:
        if not isinstance(each, ConstraintValue):
            continue
        taken = [one.name for one in constraints]
        if each.kind == "foreignkey":
            made_key = foreign_key(machine, table, (value.name,), each.referred, each.options, value.span, taken)
            constraints.append(made_key)
            if not made.type.is_known:
                made = replace(made, type=_referred_type(machine, made_key))
        else:
            constraints.append(constraint(machine, each, table, taken))
    unique, indexed = is_set(value.option("unique")), is_set(value.option("index"))
    if unique and not indexed:
        name, implicit = object_name(machine, "unique", None, table, (value.name,))
        constraints.append(
            UniqueConstraint(
                name=name,
                columns=(value.name,),
                span=value.span,
                is_implicit_name=implicit,
                is_assumed_name=implicit and not machine.project.knows_naming_convention,
            )
        )
    indexes: tuple[Index, ...] = ()
    if indexed:
        indexes = (index(machine, IndexValue(None, (value.name,), {"unique": unique}, value.span), table),)
    return made, tuple(constraints), indexes


def _referred_type(machine: CallEvaluator, key: ForeignKey) -> Type:
    referred = machine.schema.table(key.referred_table)
    found = referred.column(key.referred_columns[0]) if referred and key.referred_columns else None
    return found.type if found else UNKNOWN_TYPE


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
        made_columns.append(replace(made, nullable=False) if each.name in key_names else made)
        made_constraints += own
        made_indexes += own_indexes
    for extra in constraints:
        if extra.kind != "primary" and not _repeats_key(machine, extra, key_names):
            made_constraints = _without_repeated(machine, made_constraints, extra)
            taken = [one.name for one in made_constraints]
            made_constraints.append(constraint(machine, extra, name, taken))
    made_indexes += [index(machine, each, name) for each in indexes]
    return Table(
        name,
        span,
        columns=tuple(made_columns),
        primary_key=_primary_key(machine, name, key_names, explicit, span),
        foreign_keys=tuple(each for each in made_constraints if isinstance(each, ForeignKey)),
        unique_constraints=tuple(each for each in made_constraints if isinstance(each, UniqueConstraint)),
        check_constraints=tuple(each for each in made_constraints if isinstance(each, CheckConstraint)),
        exclusion_constraints=tuple(each for each in made_constraints if isinstance(each, ExclusionConstraint)),
        indexes=tuple(made_indexes),
        comment=options["comment"] if isinstance(options.get("comment"), str) else None,
        is_open=is_open,
        are_keys_told=not is_open,
        is_partitioned="postgresql_partition_by" in options,
        inherits=tuple(machine.qualified(each) for each in _inherits(options.get("postgresql_inherits"))),
    )


def _repeats_key(machine: CallEvaluator, value: ConstraintValue, key: Sequence[str]) -> bool:
    """Whether PostgreSQL drops the constraint without a word, as one index serves both (parse_utilcmd.c)."""
    is_same = value.kind == "unique" and names_of(value.columns) == tuple(key)
    return is_same and machine.target.dialect == "postgresql"


def _without_repeated(machine: CallEvaluator, made: list[AnyConstraint], extra: ConstraintValue) -> list[AnyConstraint]:
    """The constraints without an unnamed UNIQUE that `extra` repeats: PostgreSQL makes one of the two."""
    if extra.kind != "unique" or machine.target.dialect != "postgresql":
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
    machine: CallEvaluator, name: QualifiedName, columns: Sequence[str], explicit: ConstraintValue | None, span: Span
) -> PrimaryKey | None:
    if not columns:
        return None
    given = explicit.options.get("name") if explicit else None
    key_name, implicit = object_name(machine, "primary", given, name, columns)
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
    generated = any(isinstance(each, Generated) for each in value.arguments)
    return not generated and column_type(machine, value.type).family == "integer"
