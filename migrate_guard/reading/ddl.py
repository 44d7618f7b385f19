"""From SQLAlchemy values to schema objects: columns, constraints, indexes, tables, named as the database does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from migrate_guard.dialects.names import conventional_name, implicit_name
from migrate_guard.dialects.quoting import quoted
from migrate_guard.model.generated_names import kind_of
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Unknown
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
    Type,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.clauses import clause, constant_default, folded, server_default
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.sqltypes import column_type, enum_name, values_of_check
from migrate_guard.reading.values import (
    HOLE,
    Clause,
    ColumnValue,
    ConstraintValue,
    FinalName,
    Generated,
    IndexValue,
    SqlType,
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
    if template and (given is None or "%(constraint_name)s" in template):
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


def conventional(
    machine: CallEvaluator, constraint: AnyConstraint, table: QualifiedName, convention: Mapping[str, str]
) -> tuple[str | None, bool]:
    """The name that a convention gives to a constraint without one, and whether nobody wrote it."""
    referred = constraint.referred_table if isinstance(constraint, ForeignKey) else None
    return object_name(
        machine, kind_of(constraint), None, table, constraint.columns, referred=referred, convention=convention
    )


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
        initially_deferred=_is_deferred(options),
    )


def _is_deferred(options: Mapping[str, Value]) -> bool:
    return _text(options.get("initially")) == "DEFERRED"


def known_text(value: Value) -> str | None:
    return str(value) if isinstance(value, str) and HOLE not in value else None


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
    if sql is not None:
        sql = folded(value.sqltext, sql, machine.target.dialect)
    if sql is not None and "null" in sql.text.lower():
        # loads sqlglot, which is heavy
        from migrate_guard.reading.sql.expressions import proves_not_null

        sql = replace(sql, proves_not_null=proves_not_null(sql.text, machine.target.dialect))
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
                deferrable=is_set(options.get("deferrable")) or isinstance(options.get("initially"), str),
                initially_deferred=_is_deferred(options),
                nulls_not_distinct=is_set(options.get("postgresql_nulls_not_distinct")),
            )
        case "exclusion":
            return ExclusionConstraint(
                name=name,
                columns=columns,
                span=value.span,
                is_implicit_name=implicit,
                is_assumed_name=assumed,
                definition=_exclusion(machine, value),
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


def _exclusion(machine: CallEvaluator, value: ConstraintValue) -> str | None:
    """What SQLAlchemy writes after EXCLUDE; None where a part of it is not known."""
    keys = [
        quoted(each.name if isinstance(each, ColumnValue) else each, machine.target)
        if isinstance(each, ColumnValue | str)
        else f"({each.text})"
        if isinstance(each, Clause)
        else HOLE
        for each in value.columns
    ]
    operators = [each if isinstance(each, str) else HOLE for each in value.operators]
    elements = ", ".join(f"{key} WITH {operator}" for key, operator in zip(keys, operators, strict=True))
    using, where = value.options.get("using", "gist"), clause(value.options.get("where"))
    definition = f"USING {using} ({elements})" + (f" WHERE ({where.text})" if where else "")
    return None if HOLE in definition or not elements else definition


_KEY: Final = lazily(
    r"""\s*(?P<key>.+?)
    (\s+collate\s+(?P<collation>"[^"]+"|\w+))?
    (\s+(?P<opclass>[\w.]+_ops)(\s*\([^()]*\))?)?
    (\s+(?P<direction>asc|desc))?
    (\s+nulls\s+(?P<nulls>first|last))?\s*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""A key of an index in SQL; the names of PostgreSQL's operator classes end in _ops."""
_NULLS: Final[Mapping[str, Literal["FIRST", "LAST"]]] = {"first": "FIRST", "last": "LAST"}
_PLAIN: Final = lazily(r'"[^"]+"|[A-Za-z_]\w*')


def index(machine: CallEvaluator, value: IndexValue, table: QualifiedName) -> Index:
    """The index that a construct, or the arguments of `op.create_index`, make on `table`."""
    options = value.options
    elements = tuple(_with_options(_element(each), options, machine.target.dialect) for each in value.elements)
    columns = [each.column for each in elements if each.column]
    name, _ = object_name(machine, "index", value.name, table, columns)
    dialect = "mysql" if machine.target.dialect == "mariadb" else machine.target.dialect
    include = options.get("postgresql_include")
    method = options.get(f"{dialect}_using")
    prefix = options.get("mysql_prefix") if dialect == "mysql" else None
    if isinstance(prefix, str) and prefix.upper() in ("FULLTEXT", "SPATIAL"):
        method = prefix
    return Index(
        name,
        elements,
        value.span,
        unique=is_set(options.get("unique")),
        where=clause(options.get(f"{dialect}_where")),
        method=method.lower() if isinstance(method, str) else "btree",
        include=names_of(include) if isinstance(include, list | tuple) else (),
        nulls_not_distinct=options.get("postgresql_nulls_not_distinct") is True,
        ignored=_ignored(options, dialect),
    )


_DECIDING: Final = ("where", "nulls_not_distinct")
"""What SQLAlchemy's dialects say of an index that decides which rows it takes."""


def _ignored(options: Mapping[str, Value], dialect: str) -> tuple[str, ...]:
    """The arguments that only other dialects read, of which this one is told nothing by an argument of its own."""
    return tuple(
        name
        for name, value in options.items()
        if name.partition("_")[0] in ("postgresql", "sqlite", "mssql", "oracle")
        and name.partition("_")[2] in _DECIDING
        and f"{dialect}_{name.partition('_')[2]}" not in options
        and value is not None
        and value is not False
    )


def _with_options(element: IndexElement, options: Mapping[str, Value], dialect: DialectName) -> IndexElement:
    """The key with what `postgresql_ops` or `mysql_length` says of it, by its name or for all."""
    option = options.get({"postgresql": "postgresql_ops", "sqlite": ""}.get(dialect, "mysql_length"))
    told = option.get(element.column or "") if isinstance(option, Mapping) else option
    if isinstance(told, str) and HOLE not in told:
        return replace(element, opclass=str(told))
    return replace(element, length=told) if isinstance(told, int) else element


def _element(value: Value) -> IndexElement:
    if isinstance(value, Clause):
        told = _KEY.fullmatch(value.text)
        if told is None or HOLE in value.text:
            return IndexElement(None, clause(value))
        key = _without_brackets(told["key"])
        is_column = _PLAIN.fullmatch(key) is not None
        return IndexElement(
            key.strip('"') if is_column else None,
            None if is_column else clause(replace(value, text=key)),
            (told["direction"] or "").lower() == "desc",
            _NULLS.get((told["nulls"] or "").lower()),
            (told["collation"] or "").strip('"') or None,
            told["opclass"],
        )
    name = column_name(value)
    return IndexElement(None, Expression(HOLE)) if HOLE in name else IndexElement(name)


_IN_BRACKETS: Final = lazily(r"\(((?:[^()']|'(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*')*\))*)\)")


def _without_brackets(key: str) -> str:
    """An expression without the parentheses that CREATE INDEX wants around it."""
    inside = _IN_BRACKETS.fullmatch(key.strip())
    return inside[1].strip() if inside else key


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
        client_default=constant_default(value.option("default"), machine.target.dialect),
        is_identity="identity" in generated and has_identity(machine),
        is_always_identity="identity" in generated and has_identity(machine) and is_always(generated["identity"]),
        is_serial=numbers_itself or made_type.name in ("SERIAL", "BIGSERIAL", "SMALLSERIAL"),
        computed=clause(computed.args[0]) if computed and computed.args else None,
        is_stored=computed is not None and _is_stored(machine, computed),
        comment=value.option("comment") if isinstance(value.option("comment"), str) else None,
        collation=collation(value.type),
        character_set=character_set(value.type),
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
    constraints += type_check(machine, value, table)
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


def _is_stored(machine: CallEvaluator, computed: Generated) -> bool:
    """Whether a generated column keeps its value; where nobody says it, it does on PostgreSQL alone.

    Source: SQLAlchemy 2.1, `visit_computed_column` of the compilers; SQLite, "Generated Columns", 2.2.
    """
    persisted = computed.options.get("persisted")
    return persisted is not False if machine.target.dialect == "postgresql" else persisted is True


def type_check(machine: CallEvaluator, value: ColumnValue, table: QualifiedName) -> tuple[CheckConstraint, ...]:
    """The CHECK that `create_constraint=True` of a Boolean or Enum makes where the database has no such type.

    Source: SQLAlchemy 2.1, `sqltypes.Boolean._set_table` and `sqltypes.Enum._set_table`.
    """
    kind = value.type
    if not isinstance(kind, SqlType) or not is_set(kind.kwargs.get("create_constraint")):
        return ()
    values = values_of_check(machine, kind)
    if values is None:
        return ()
    given = enum_name(kind) if kind.is_enum else kind.kwargs.get("name")
    name, implicit = object_name(machine, "check", given, table, (value.name,))
    text = f"{value.name} IN ({', '.join(values)})"
    check = CheckConstraint(
        name=name,
        columns=(value.name,),
        span=value.span,
        is_implicit_name=implicit,
        expression=Expression(text, columns=(value.name,)),
        is_of_type=True,
    )
    return (check,)


def has_identity(machine: CallEvaluator) -> bool:
    """Whether SQLAlchemy writes an Identity at all; for databases without it the column numbers itself as any other."""
    return machine.target.dialect == "postgresql"


def is_always(identity: Generated) -> bool:
    """Whether an Identity is GENERATED ALWAYS."""
    return (identity.args[0] if identity.args else identity.options.get("always")) is True


def character_set(value: SqlType | Unknown | None) -> str | None:
    """The character set that a type construct of MySQL asks for."""
    given = value.kwargs.get("charset") if isinstance(value, SqlType) else None
    return given if isinstance(given, str) and HOLE not in given else None


def collation(value: SqlType | Unknown | None) -> str | None:
    """The collation that a type construct asks for."""
    given = value.kwargs.get("collation") if isinstance(value, SqlType) else None
    return given if isinstance(given, str) and HOLE not in given else None


def _referred_type(machine: CallEvaluator, key: ForeignKey) -> Type:
    referred = machine.schema.table(key.referred_table)
    found = referred.column(key.referred_columns[0]) if referred and key.referred_columns else None
    return found.type if found else UNKNOWN_TYPE
