"""The parts of a CREATE TABLE and of the statements after it: types, columns, constraints, indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from migrate_guard.dialects.postgresql import extensions
from migrate_guard.dialects.quoting import qualified, quoted
from migrate_guard.dialects.reserved import is_reserved
from migrate_guard.dialects.sql_types import POSTGRESQL_TYPES
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Schema,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.target import Target

HOLE: Final = "\ufffc"
"""What stands in a text for a part that nobody could compute."""


class NotKnown(Exception):
    """Something that is not known well enough to be written as SQL; its text says what and why."""


class Scope(Struct, frozen=True):
    """What a part is written for: the whole schema, and the database."""

    schema: Schema
    target: Target
    unknown: Mapping[QualifiedName, frozenset[str]] = field(default_factory=dict)
    """Columns that cannot be written, by table."""
    absent: Mapping[QualifiedName, str] = field(default_factory=dict)
    """Tables that cannot be written, and why."""
    taken: Mapping[int, str] = field(default_factory=dict)
    """Keys and indexes (by id) whose name is another's, and whose."""
    is_open: bool = False
    """The schema tells nothing: what is not in it may be there all the same."""

    @property
    def is_mysql(self) -> bool:
        return self.target.dialect in ("mysql", "mariadb")

    def name(self, name: str) -> str:
        return quoted(name, self.target)

    def qualified(self, name: QualifiedName) -> str:
        return qualified(name, self.target)

    def names(self, names: Iterable[str]) -> str:
        return ", ".join(map(self.name, names))


# -- types


def type_text(type_: Type, scope: Scope) -> str:
    """The type as DDL spells it."""
    if not type_.is_known or HOLE in str(type_):
        raise NotKnown("its type could not be computed")
    match scope.target.dialect:
        case "postgresql":
            return _postgresql_type(type_, scope)
        case "mysql" | "mariadb":
            # DECIMAL UNSIGNED(10, 2) is a name and its arguments, but no SQL
            head, sign, rest = type_.name.partition(" UNSIGNED")
            arguments = f"({', '.join(type_.args)})" if type_.args else ""
            return f"{head}{arguments}{sign}{rest}"
    return str(type_)


def _postgresql_type(type_: Type, scope: Scope) -> str:
    name = QualifiedName(type_.name, type_.schema)
    if not type_.name:
        raise NotKnown("its type has no name")
    is_builtin = type_.name.lower() in POSTGRESQL_TYPES or extensions.of_type(type_.name)
    is_taken_for_own = scope.is_open and (type_.schema is not None or not is_builtin)
    if is_taken_for_own or is_user_defined(name, scope.schema) or is_assumed(type_, scope.schema):
        hidden = type_.schema is None and type_.name.lower() in POSTGRESQL_TYPES
        written = scope.qualified(QualifiedName(type_.name, "public") if hidden else name)
        return written + "[]" * type_.dimensions
    if type_.name in ("CHAR", "VARCHAR") and type_.args and _number(type_.args[0]) > _LONGEST_TEXT:
        raise NotKnown(f"its type {type_} is longer than the {_LONGEST_TEXT} characters of PostgreSQL")
    if is_builtin:
        return str(type_)
    raise NotKnown(f"its type {name} is not one of PostgreSQL, and the history does not create it")


_LONGEST_TEXT: Final = 10_485_760
"""MaxAttrSize (`include/access/htup_details.h`)."""


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def is_assumed(type_: Type, schema: Schema) -> bool:
    """Whether the history uses an enum, labels and all, that it never creates."""
    is_known = is_user_defined(QualifiedName(type_.name, type_.schema), schema) or not type_.name
    is_builtin = type_.schema is None and type_.name.lower() in POSTGRESQL_TYPES
    return type_.family == "enum" and bool(type_.values) and not is_known and not is_builtin


def is_user_defined(name: QualifiedName, schema: Schema) -> bool:
    """Whether the history creates the type: an enum, a domain, a composite."""
    return name in schema.enums or any((kind, name) in schema.definitions for kind in ("DOMAIN", "TYPE"))


# -- columns


_SERIALS: Final[Mapping[str, str]] = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}


def is_plain_serial(column: Column, table: Table, schema: Schema) -> bool:
    """Whether SERIAL makes the column and its sequence as they are."""
    return (
        numbers_by_sequence(column)
        and column.nullable is False
        and str(column.type) in _SERIALS
        and column.sequence_in(table.name) == f"{table.name.name}_{column.name}_seq"
        and all(each.owned_by != (table.name, column.name) for each in schema.sequences.values())
    )


def numbers_by_sequence(column: Column) -> bool:
    """Whether the column is what PostgreSQL's SERIAL made."""
    return column.is_serial and not column.is_identity and column.default is None


def sequence_of(column: Column, table: Table, schema: Schema) -> QualifiedName:
    """The sequence that numbers a serial or identity column."""
    owned = (each.name for each in schema.sequences.values() if each.owned_by == (table.name, column.name))
    return next(owned, QualifiedName(column.sequence_in(table.name), table.name.schema))


def column_text(column: Column, table: Table, scope: Scope) -> str:
    """The definition of a column, without what is not known of its default; NotKnown where its type is not known."""
    type_ = type_text(column.type, scope)
    is_postgresql = scope.target.dialect == "postgresql"
    if is_postgresql and is_plain_serial(column, table, scope.schema):
        type_ = _SERIALS[type_]
    words = [scope.name(column.name), type_]
    if column.collation:
        words.append(f"COLLATE {_collation(column.collation, scope)}")
    if column.computed:
        is_stored = column.is_stored or is_postgresql
        expression = expression_text(column.computed, "the expression that computes it", scope)
        words.append(f"GENERATED ALWAYS AS ({expression}) {'STORED' if is_stored else 'VIRTUAL'}")
    elif column.is_identity and is_postgresql:
        words.append(_identity(column, table, scope))
    elif (default := default_text(column, table, scope)) is not None:
        words.append(f"DEFAULT {default}")
    if column.nullable is False:
        words.append("NOT NULL")
    elif column.nullable and scope.is_mysql and column.type.name.startswith("TIMESTAMP"):
        words.append("NULL")
    if scope.is_mysql:
        words += ["AUTO_INCREMENT"] if column.is_serial or column.is_identity else []
        words += [f"COMMENT {string(column.comment)}"] if column.comment else []
    return " ".join(filter(None, words))


def _collation(name: str, scope: Scope) -> str:
    if scope.target.dialect == "postgresql":
        return ".".join(f'"{part}"' for part in name.split("."))
    return scope.name(name)


def _identity(column: Column, table: Table, scope: Scope) -> str:
    sequence = sequence_of(column, table, scope.schema)
    own = f" (SEQUENCE NAME {scope.qualified(sequence)})" if column.sequence else ""
    return f"GENERATED {'ALWAYS' if column.is_always_identity else 'BY DEFAULT'} AS IDENTITY{own}"


_SEQUENCE_USED: Final = lazily(r"nextval\s*\(\s*'([^']+)'", re.IGNORECASE)


def default_text(column: Column, table: Table, scope: Scope) -> str | None:
    """What stands after DEFAULT; None without one, and where it is not known (`unknown_default` says why)."""
    if column.default is not None:
        return None if unknown_default(column, scope) else _default(column.default, scope)
    is_postgresql = scope.target.dialect == "postgresql"
    if is_postgresql and numbers_by_sequence(column) and not is_plain_serial(column, table, scope.schema):
        return f"nextval('{scope.qualified(sequence_of(column, table, scope.schema))}'::regclass)"
    return None


_NEEDS_NO_PARENTHESES: Final = lazily(r"\(.*\)|\w+|'.*", re.DOTALL)
_MOMENT: Final = lazily(r"(current_timestamp|now)\b.*", re.IGNORECASE | re.DOTALL)


def _default(default: Expression, scope: Scope) -> str:
    """The default; SQLite and MySQL want parentheses around what is more than a constant."""
    text = default.text.strip()
    if default.is_literal or _NEEDS_NO_PARENTHESES.fullmatch(text) or scope.target.dialect == "postgresql":
        return text
    return text if scope.is_mysql and _MOMENT.fullmatch(text) else f"({text})"


def unknown_default(column: Column, scope: Scope) -> str | None:
    """Why the default of a column cannot be written."""
    if column.default is None:
        return None
    if HOLE in column.default.text:
        return "it could not be computed"
    used = sequence_used(column) if scope.target.dialect == "postgresql" else None
    if used is not None and used not in sequences(scope.schema):
        return f"it uses the sequence {used}, which the history does not create"
    label = column.default.text
    enum = scope.schema.enums.get(QualifiedName(column.type.name, column.type.schema))
    if enum and enum.values and column.default.is_literal and re.fullmatch(r"'[^']*'", label):
        return None if label[1:-1] in enum.values else f"{label} is no label of the type {enum.name}"
    return None


def sequence_used(column: Column) -> QualifiedName | None:
    """The sequence of which the default of a column takes the next value."""
    used = _SEQUENCE_USED.search(column.default.text) if column.default else None
    if used is None:
        return None
    names = used[1].replace('"', "").split(".")
    return QualifiedName(names[-1], names[-2] if len(names) > 1 and names[-2] != "public" else None)


def sequences(schema: Schema) -> set[QualifiedName]:
    """Every sequence that there will be."""
    found = set(schema.sequences)
    for table in schema.tables.values():
        numbered = (each for each in table.columns if each.is_serial or each.is_identity)
        found.update(sequence_of(each, table, schema) for each in numbered)
    return found


def expression_text(expression: Expression, what: str, scope: Scope) -> str:
    """The text of an expression, whose columns may have got names that need quotes."""
    if HOLE in expression.text:
        raise NotKnown(f"{what} could not be computed")
    for name in expression.columns:
        if is_reserved(name, scope.target):
            expression = expression.with_column_written(name, scope.name(name))
    return expression.text.strip()


def string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# -- constraints


def constraint_text(constraint: AnyConstraint, table: Table, scope: Scope) -> str:
    """A constraint as it stands in CREATE TABLE, and after ADD in ALTER TABLE."""
    _must_be_free(constraint, scope)
    if isinstance(constraint, CheckConstraint):
        _must_have([constraint.expression], table, scope)
    elif not isinstance(constraint, ExclusionConstraint):
        _must_know(constraint.columns, table, scope)
    is_named = constraint.name is not None and not (scope.is_mysql and isinstance(constraint, PrimaryKey))
    name = f"CONSTRAINT {scope.name(constraint.name or '')} " if is_named else ""
    return name + _constraint_body(constraint, table, scope)


def _constraint_body(constraint: AnyConstraint, table: Table, scope: Scope) -> str:
    match constraint:
        case PrimaryKey():
            return f"PRIMARY KEY ({_key(constraint.columns, scope)})"
        case UniqueConstraint():
            is_strict = constraint.nulls_not_distinct and scope.target.dialect == "postgresql"
            nulls = " NULLS NOT DISTINCT" if is_strict else ""
            return f"UNIQUE{nulls} ({_key(constraint.columns, scope)}){_deferral(constraint, scope)}"
        case ForeignKey():
            return _foreign_key(constraint, table, scope)
        case CheckConstraint():
            no_inherit = " NO INHERIT" if constraint.no_inherit else ""
            return f"CHECK ({expression_text(constraint.expression, 'its condition', scope)}){no_inherit}"
        case ExclusionConstraint(definition=None):
            raise NotKnown("what it excludes could not be computed, or was renamed")
        case ExclusionConstraint():
            if scope.target.dialect != "postgresql":
                raise NotKnown("only PostgreSQL has exclusion constraints")
            return f"EXCLUDE {constraint.definition}"


def _key(columns: tuple[str, ...], scope: Scope) -> str:
    if not columns:
        raise NotKnown("its columns could not be computed")
    return scope.names(columns)


def _deferral(constraint: UniqueConstraint | ForeignKey, scope: Scope) -> str:
    if not constraint.deferrable or scope.is_mysql:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


def _foreign_key(key: ForeignKey, table: Table, scope: Scope) -> str:
    if scope.target.dialect != "sqlite" and not scope.is_open:
        _must_be_referable(key, scope)
    elif HOLE in str(key.referred_table):
        raise NotKnown("what it refers to could not be computed")
    text = f"FOREIGN KEY ({_key(key.columns, scope)}) REFERENCES {scope.qualified(key.referred_table)}"
    if key.referred_columns:
        text += f" ({scope.names(key.referred_columns)})"
    elif scope.is_mysql:
        text += f" ({scope.names(_primary_key_of(key.referred_table, scope))})"
    text += f" ON DELETE {key.ondelete}" if key.ondelete else ""
    text += f" ON UPDATE {key.onupdate}" if key.onupdate else ""
    return text + _deferral(key, scope)


def _primary_key_of(name: QualifiedName, scope: Scope) -> tuple[str, ...]:
    table = scope.schema.table(name)
    return table.primary_key.columns if table and table.primary_key else ()


def _must_be_referable(key: ForeignKey, scope: Scope) -> None:
    """A foreign key needs a table, and on PostgreSQL a key on the columns that it refers to."""
    referred = scope.schema.table(key.referred_table)
    if referred is None or key.referred_table in scope.absent:
        name = "what it refers to could not be computed"
        raise NotKnown(name if HOLE in str(key.referred_table) else f"{key.referred_table} is not known")
    columns = key.referred_columns or _primary_key_of(key.referred_table, scope)
    _must_know(columns, referred, scope)
    if len(columns) != len(key.columns):
        raise NotKnown(f"the columns of {key.referred_table} that it refers to are not known")
    if scope.target.dialect == "postgresql" and not _is_unique(columns, referred):
        raise NotKnown(f"the history makes no key on {key.referred_table} ({', '.join(columns)})")


def _is_unique(columns: tuple[str, ...], table: Table) -> bool:
    keys = [*((table.primary_key,) if table.primary_key else ()), *table.unique_constraints]
    indexes = [each.columns for each in table.indexes if each.unique and each.where is None]
    return any(set(each) == set(columns) for each in (*(key.columns for key in keys), *indexes))


def _must_know(columns: Iterable[str], table: Table, scope: Scope) -> None:
    for each in columns:
        if each in scope.unknown.get(table.name, frozenset()):
            raise NotKnown(f"the column {each} is not known")
        is_told = not table.inherits and table.partition_of is None and not scope.is_open
        if is_told and table.column(each) is None:
            raise NotKnown(f"the history makes no column {each} of {table.name}")


def _must_have(expressions: Iterable[Expression], table: Table, scope: Scope) -> None:
    """Expressions may name more than columns, so only what is known not to be known is in the way."""
    unknown = scope.unknown.get(table.name, frozenset())
    for each in (name for expression in expressions for name in expression.columns if name in unknown):
        raise NotKnown(f"the column {each} is not known")


def _must_be_free(thing: AnyConstraint | Index, scope: Scope) -> None:
    if owner := scope.taken.get(id(thing)):
        raise NotKnown(f"its name is taken by {owner}")


# -- indexes


def is_alone(index: Index, table: Table, schema: Schema) -> bool:
    """Whether some partitions of a table do not have one of its indexes: it was made with ON ONLY."""
    heirs = [found for name in schema.heirs.get(table.name, ()) if (found := schema.table(name))]
    name = index.name or ""
    return any(each.partition_of and all(own.inherited_from != name for own in each.indexes) for each in heirs)


def index_text(index: Index, table: Table, scope: Scope) -> str:
    """The CREATE INDEX of an index, without a semicolon."""
    _must_be_free(index, scope)
    _must_know([*(each for each in index.columns if each is not None), *index.include], table, scope)
    expressions = [each.expression for each in index.elements if each.expression]
    _must_have([*expressions, *((index.where,) if index.where else ())], table, scope)
    if not index.elements:
        raise NotKnown("its columns could not be computed")
    if index.name is None and scope.target.dialect != "postgresql":
        raise NotKnown("its name could not be computed")
    elements = ", ".join(_element(each, scope) for each in index.elements)
    is_special = scope.is_mysql and index.method in ("fulltext", "spatial")
    kind = f"{index.method.upper()} " if is_special else "UNIQUE " if index.unique else ""
    words = [f"CREATE {kind}INDEX", *((scope.name(index.name),) if index.name else ())]
    words += ["ON", *(("ONLY",) if is_alone(index, table, scope.schema) else ()), scope.qualified(table.name)]
    if index.method != "btree" and scope.target.dialect == "postgresql":
        words.append(f"USING {index.method}")
    words.append(f"({elements})")
    if index.include and scope.target.dialect == "postgresql":
        words.append(f"INCLUDE ({scope.names(index.include)})")
    if index.nulls_not_distinct and scope.target.dialect == "postgresql":
        words.append("NULLS NOT DISTINCT")
    if index.method not in ("btree", "fulltext", "spatial") and scope.is_mysql:
        words.append(f"USING {index.method.upper()}")
    if index.where:
        words.append(f"WHERE {expression_text(index.where, 'its predicate', scope)}")
    return " ".join(words)


def _element(element: IndexElement, scope: Scope) -> str:
    if element.column is not None:
        key = scope.name(element.column) + (f"({element.length})" if element.length and scope.is_mysql else "")
    elif element.expression is not None:
        key = f"({expression_text(element.expression, 'an expression of it', scope)})"
    else:
        raise NotKnown("an expression of it could not be computed")
    collation = f"COLLATE {_collation(element.collation, scope)}" if element.collation else None
    direction = "DESC" if element.is_descending else None
    nulls = f"NULLS {element.nulls}" if element.nulls else None
    return " ".join(filter(None, (key, collation, element.opclass, direction, nulls)))
