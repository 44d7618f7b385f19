"""The models of an application as SQLAlchemy has them when they are imported: tables, and what only Python knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Source, Span

ClientDefaultKind = Literal["constant", "callable", "sql", "sequence"]


class ClientDefault(Struct, frozen=True):
    """What `default=` or `onupdate=` of a column says: the application fills it in, and the database does not know."""

    kind: ClientDefaultKind
    """`sql` is an expression such as `func.now()`, which SQLAlchemy puts into the INSERT."""
    text: str
    """The constant as Python prints it, the dotted name of the callable ("datetime.datetime.utcnow"), or the SQL."""
    type: str = ""
    """The class of a constant, dotted: "datetime.datetime", "uuid.UUID"."""


class Attribute(Struct, frozen=True):
    """A column of a model, as the code has it."""

    column: str
    name: str
    """What the class calls it; the key of the column in a Table."""
    span: Span
    """Where it is declared, which may be a mixin."""
    default: ClientDefault | None = None
    onupdate: ClientDefault | None = None
    has_server_onupdate: bool = False
    """`server_onupdate=` or a FetchedValue: the database changes it by itself."""


class Relationship(Struct, frozen=True):
    """A `relationship()` of a model."""

    name: str
    span: Span
    target: str
    """The class at its other end, as `Model.name` has it."""
    has_other_side: bool
    """It says back_populates or backref, or the other one does."""
    is_viewonly: bool = False


class Model(Struct, frozen=True):
    """A mapped class with the table it is mapped to, or a Table without a class."""

    name: str
    """Dotted, as it is imported: "app.models.Order"; empty for a Table."""
    table: QualifiedName
    span: Span
    """The line of the class or of the call of Table()."""
    attributes: tuple[Attribute, ...] = ()
    relationships: tuple[Relationship, ...] = ()

    def attribute(self, column: str) -> Attribute | None:
        return next((each for each in self.attributes if each.column == column), None)


class DeclaredMetaData(Struct, frozen=True):
    """A MetaData."""

    span: Span | None
    """Where it, or the base class with it, is made."""
    engine: str | None
    """The engine name of a multidb environment that it belongs to."""
    tables: tuple[QualifiedName, ...]
    naming_convention: tuple[str, ...] = ()
    """The kinds of names that it gives: "ix", "uq", "ck", "fk", "pk"."""


class Models(Struct, frozen=True):
    """What was loaded."""

    schema: Schema
    """What `create_all` makes of an empty database; spans are those of the declarations."""
    models: tuple[Model, ...] = ()
    metadata: tuple[DeclaredMetaData, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    """The files that declare them, by the path that findings print."""
    excluded: frozenset[tuple[str, QualifiedName, str]] = frozenset()
    """What include_name and include_object of env.py leave out, of the models and of the history: Alembic's type_
    ("table", "column", "index", "unique_constraint", "foreign_key_constraint"), the table, the name within it."""
    problems: tuple[tuple[Span, str], ...] = ()
    """What could not be read of the models, and why."""

    def model_of(self, table: QualifiedName) -> Model | None:
        """The class that is mapped to a table, or its Table."""
        return next((each for each in self.models if each.table == table), None)
