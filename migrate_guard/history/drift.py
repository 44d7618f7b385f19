"""The models of an application against the schema that the migrations make, without a database.

Autogenerate compares what the database's catalogue says of tables, columns, types, nullability, indexes, unique
constraints and foreign keys (Alembic 1.20, documentation, "What does Autogenerate Detect"). Here are compared besides:
the values of enum types, CHECKs, server defaults, generated columns and what becomes of rows that refer. What two
spellings of one thing are, and names that nobody wrote, are no differences; nor is what is not known for certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from migrate_guard.dialects.expressions import UNKNOWN, are_same
from migrate_guard.history.comparable import Comparable
from migrate_guard.history.facts import (
    KINDS,
    Sides,
    column_facts,
    have_one_name,
    have_one_place,
    index_facts,
    key_facts,
    numbering,
    paired,
    say_the_same,
)
from migrate_guard.model.difference import Fact, Part, PartKind
from migrate_guard.model.drift import Compared, Drift
from migrate_guard.model.environment import Environment
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Opaque
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    EnumType,
    ForeignKey,
    Index,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target


def drift(
    history: Schema, models: Models, target: Target, environment: Environment, opaque: Sequence[Opaque] = ()
) -> tuple[Drift, ...]:
    """What the models and the history at its head have differently, one a cause, the models' own first.

    `opaque` are the operations of the history that nobody could resolve: what they may have made is not missing.
    """
    sides = Comparable(history, models, target, environment, opaque)
    found = [*_declared(sides), *_only_migrated(sides), *_enums(sides)]
    return tuple(_with_types(found, sides))


def _declared(sides: Comparable) -> Iterator[Drift]:
    """What is about the tables that the models declare."""
    for name in sides.models.schema.tables:
        declared, migrated = sides.in_models(name), sides.in_history(name)
        if declared is None or not declared.is_certain:
            continue
        if migrated is None:
            if not sides.is_unknown_to_history(name):
                made_at = sides.migrated.gone.get(name)
                yield _Pair(sides, declared, declared).ahead(Part("table", name), declared, made_at=made_at)
        elif migrated.is_sure_of(""):
            yield from _Pair(sides, migrated, declared).drifts()


def _only_migrated(sides: Comparable) -> Iterator[Drift]:
    for name in sides.migrated.tables:
        table = sides.in_history(name)
        if table and name not in sides.models.schema.tables and not sides.is_nothing_for_models(table):
            yield Drift("migrations", Part("table", name), table.renamed_at or table.span, sides.target, migrated=table)


def _enums(sides: Comparable) -> Iterator[Drift]:
    """The enum types that both have, with other values; their order only says how rows are sorted."""
    for declared in sides.models.schema.enums.values():
        migrated = sides.migrated.enums.get(declared.name)
        if migrated is None or not (migrated.values and declared.values):
            continue
        new, gone = set(declared.values) - set(migrated.values), set(migrated.values) - set(declared.values)
        place = _place_of(declared, sides)
        if not (new or gone) or place is None:
            continue
        at, model = place
        facts = (Fact("values", ", ".join(migrated.values), ", ".join(declared.values)),)
        part = Part("type", declared.name)
        yield Drift("neither", part, at, sides.target, facts, migrated, declared, model=model, made_at=migrated.span)


def _place_of(enum: EnumType, sides: Comparable) -> tuple[Span, str] | None:
    """Where the models use an enum type first, in a table that is compared."""
    for name in sides.models.schema.tables:
        table = sides.in_models(name)
        for column in table.columns if table and sides.in_history(name) else ():
            if (column.type.name, column.type.schema) == enum.name:
                return column.span, _class_of(name, sides)
    return None


def _class_of(table: QualifiedName, sides: Comparable) -> str:
    model = sides.models.model_of(table)
    return model.name if model else ""


def _with_types(found: list[Drift], sides: Comparable) -> Iterator[Drift]:
    """With each the enum types that it needs and no migration makes, which are made once."""
    made: set[QualifiedName] = set(sides.migrated.enums)
    for each in found:
        declared = each.declared
        columns = declared.columns if isinstance(declared, Table) else (declared,)
        used = [QualifiedName(one.type.name, one.type.schema) for one in columns if isinstance(one, Column)]
        types = [name for name in dict.fromkeys(used) if name in sides.models.schema.enums and name not in made]
        made.update(types)
        yield replace(each, types=tuple(sides.models.schema.enums[name] for name in types)) if types else each


class _Pair:
    """A table that both have."""

    def __init__(self, sides: Comparable, migrated: Table, declared: Table) -> None:
        self.sides = sides
        self.migrated, self.declared = migrated, declared
        self.facts = Sides(
            declared.name, migrated, declared, sides.migrated, sides.models.schema, sides.target, frozenset()
        )
        old, new = ({each.name: each for each in table.columns} for table in (migrated, declared))
        self.columns = [(old[name], new[name]) for name in new if name in old]
        self.new = [each for name, each in new.items() if name not in old]
        self.gone = [each for name, each in old.items() if name not in new]

    def ahead(
        self, part: Part, declared: Compared, along: tuple[AnyConstraint | Index, ...] = (), made_at: Span | None = None
    ) -> Drift:
        """What the models have and no migration makes."""
        at, model = _span(declared), _class_of(self.declared.name, self.sides)
        return Drift(
            "models", part, at, self.sides.target, declared=declared, along=along, model=model, made_at=made_at
        )

    def drifts(self) -> Iterator[Drift]:
        yield from self._comment()
        for migrated, declared in self.columns:
            if self._is_sure(declared.name):
                yield from self._column(migrated, declared)
        pairs, only_migrated, only_declared = self._paired_keys()
        for one, other in pairs:
            if self._is_sure(one.name, other.name):
                yield from self._key(one, other)
        pairs_of_indexes, old_indexes, new_indexes = paired(
            self.migrated.indexes, self.declared.indexes, _have_one_index_name, _are_indexes_alike
        )
        for index, other_index in pairs_of_indexes:
            if self._is_sure(index.name, other_index.name):
                yield from self._index(index, other_index)
        yield from self._left((*only_migrated, *old_indexes), (*only_declared, *new_indexes))

    def _is_sure(self, *names: str | None) -> bool:
        return all(self.migrated.is_sure_of(name or "") for name in names)

    def _is_sure_without(self, name: str | None) -> bool:
        """Whether it is certain that the migrations have not made it."""
        return self._is_sure(name) and not (self.migrated.is_open or self.migrated.may_have_more)

    def _differs(self, part: Part, migrated: Compared, declared: Compared, facts: list[Fact]) -> Iterator[Drift]:
        if certain := tuple(each for each in facts if each.is_certain):
            at, made_at = _span(declared), _span(migrated)
            model = _class_of(self.declared.name, self.sides)
            yield Drift(
                "neither", part, at, self.sides.target, certain, migrated, declared, model=model, made_at=made_at
            )

    # -- the table and its columns

    def _comment(self) -> Iterator[Drift]:
        facts = list(self._comment_facts(self.migrated.comment, self.declared.comment))
        yield from self._differs(Part("table", self.declared.name), self.migrated, self.declared, facts)

    def _comment_facts(self, before: str | None, after: str | None) -> Iterator[Fact]:
        """SQLite keeps no comments."""
        if (before or "") != (after or "") and self.sides.target.dialect != "sqlite" and UNKNOWN not in (before or ""):
            yield Fact("comment", before or "none", after or "none")

    def _column(self, migrated: Column, declared: Column) -> Iterator[Drift]:
        facts = [
            each for each in column_facts(migrated, declared, self.facts) if self._counts(each, migrated, declared)
        ]
        if migrated.is_identity and declared.is_identity and migrated.is_always_identity != declared.is_always_identity:
            facts.append(Fact("always", _word(migrated.is_always_identity), _word(declared.is_always_identity)))
        if not migrated.is_given:
            facts += self._comment_facts(migrated.comment, declared.comment)
        yield from self._differs(Part("column", self.declared.name, declared.name), migrated, declared, facts)

    def _counts(self, fact: Fact, migrated: Column, declared: Column) -> bool:
        """Whether a difference between two columns is one for those who use them."""
        if fact.name == "nullable":
            # A key holds no NULL, whatever is written beside it.
            keys = [each.primary_key.columns if each.primary_key else () for each in (self.migrated, self.declared)]
            return not all(declared.name in each for each in keys)
        if fact.name == "default":
            if self.sides.target.dialect == "sqlite" and (migrated.is_serial or declared.is_serial):
                return False
            if numbering(migrated, self.migrated.name):
                # Numbers that nobody asks for, or from a sequence of another name.
                return declared.default is not None and numbering(declared, self.declared.name) is None
            # The application always gives the value that the migrations gave to the rows that were there.
            return not (declared.has_client_default and fact.after == "none")
        return True

    # -- constraints and indexes

    def _paired_keys(
        self,
    ) -> tuple[list[tuple[AnyConstraint, AnyConstraint]], list[AnyConstraint], list[AnyConstraint]]:
        return paired(
            self.migrated.constraints(),
            self.declared.constraints(),
            say_the_same,
            _have_one_set,
            have_one_name,
            have_one_place,
            _may_say_the_same,
        )

    def _key(self, migrated: AnyConstraint, declared: AnyConstraint) -> Iterator[Drift]:
        facts = [each for each in key_facts(migrated, declared, self.facts) if _counts(each, migrated, declared)]
        if (
            isinstance(migrated, UniqueConstraint | ForeignKey)
            and isinstance(declared, UniqueConstraint | ForeignKey)
            and migrated.initially_deferred != declared.initially_deferred
        ):
            told = _word(migrated.initially_deferred), _word(declared.initially_deferred)
            facts.append(Fact("initially deferred", *told))
        part = Part(KINDS[type(declared)], self.declared.name, declared.name or migrated.name)
        yield from self._differs(part, migrated, declared, facts)

    def _index(self, migrated: Index, declared: Index) -> Iterator[Drift]:
        facts = list(index_facts(migrated, declared))
        if migrated.name and declared.name and migrated.name != declared.name:
            facts.append(Fact("name", migrated.name, declared.name))
        part = Part("index", self.declared.name, declared.name or migrated.name)
        yield from self._differs(part, migrated, declared, facts)

    def _left(
        self, migrated: tuple[AnyConstraint | Index, ...], declared: tuple[AnyConstraint | Index, ...]
    ) -> Iterator[Drift]:
        """What only one side has: columns with what is on them, and what is on columns that both have."""
        for name in (each.name for each in self.new):
            column = self.declared.column(name)
            if column and self._is_sure_without(name):
                along = tuple(each for each in declared if _first_of(self.new, each) == name)
                made_at = self.migrated.lost_at(name)
                yield self.ahead(Part("column", self.declared.name, name), column, along, made_at)
        for column in self.gone:
            if self._is_sure(column.name) and not (column.is_given or column.is_inherited):
                part = Part("column", self.declared.name, column.name)
                yield Drift("migrations", part, column.span, self.sides.target, migrated=column)
        old = [each for each in migrated if _first_of(self.gone, each) is None and each.inherited_from is None]
        new = [each for each in declared if _first_of(self.new, each) is None]
        for one, other in _of_another_kind(old, new):
            old.remove(one)
            new.remove(other)
            if self.sides.target.dialect not in ("mysql", "mariadb") and self._is_sure(one.name, other.name):
                facts = [Fact("kind", _called(one), _called(other))]
                part = Part(_kind(other), self.declared.name, other.name)
                yield from self._differs(part, one, other, facts)
        for each in new:
            if self._is_sure_without(each.name) and self.migrated.are_keys_told:
                part = Part(_kind(each), self.declared.name, each.name)
                yield self.ahead(part, each, made_at=self.migrated.lost_at(each.name) if each.name else None)
        for each in old:
            if self._is_sure(each.name) and not _is_of_type(each):
                part = Part(_kind(each), self.declared.name, each.name)
                yield Drift("migrations", part, each.span, self.sides.target, migrated=each)


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _span(object_: Compared) -> Span:
    return object_.span


def _kind(each: AnyConstraint | Index) -> PartKind:
    return "index" if isinstance(each, Index) else KINDS[type(each)]


def _called(each: AnyConstraint | Index) -> str:
    return "unique index" if isinstance(each, Index) else KINDS[type(each)]


def _columns(each: AnyConstraint | Index) -> set[str | None]:
    found: set[str | None] = {*each.columns}
    if isinstance(each, Index):
        found.update(each.include)
        parts = [each.where, *(one.expression for one in each.elements)]
        found.update(name for one in parts if one for name in one.columns)
    return found


def _first_of(columns: list[Column], each: AnyConstraint | Index) -> str | None:
    """The last of some columns that a constraint or an index is on: with it, it can be made."""
    return next((column.name for column in reversed(columns) if column.name in _columns(each)), None)


def _is_of_type(each: AnyConstraint | Index) -> bool:
    """Whether a type of SQLAlchemy has brought a CHECK along, as some releases do."""
    return isinstance(each, CheckConstraint) and each.is_of_type


def _have_one_set(one: AnyConstraint, other: AnyConstraint) -> bool:
    return isinstance(one, UniqueConstraint) and set(one.columns) == set(other.columns)


def _may_say_the_same(one: AnyConstraint, other: AnyConstraint) -> bool:
    if not isinstance(one, CheckConstraint) or not isinstance(other, CheckConstraint):
        return False
    is_same = are_same(one.expression, other.expression, "boolean")
    return set(one.columns) == set(other.columns) and (is_same is None or one.is_of_type)


def _counts(fact: Fact, migrated: AnyConstraint, declared: AnyConstraint) -> bool:
    """Whether a difference between two constraints is one: autogenerate looks at the names of unique constraints only.

    A name that nobody wrote is the database's, or the naming convention's.
    """
    if fact.name == "not valid":
        return False
    if fact.name != "name":
        return not (
            isinstance(declared, UniqueConstraint) and fact.name == "columns" and _have_one_set(migrated, declared)
        )
    written = [each.name and not (each.is_implicit_name or each.is_assumed_name) for each in (migrated, declared)]
    return isinstance(declared, UniqueConstraint) and all(written)


def _have_one_index_name(one: Index, other: Index) -> bool:
    return one.name is not None and one.name == other.name


def _are_indexes_alike(one: Index, other: Index) -> bool:
    return not any(each.is_certain for each in index_facts(one, other))


def _of_another_kind(
    old: list[AnyConstraint | Index], new: list[AnyConstraint | Index]
) -> list[tuple[AnyConstraint | Index, AnyConstraint | Index]]:
    """Unique constraints on one side that are unique indexes on the other."""
    found: list[tuple[AnyConstraint | Index, AnyConstraint | Index]] = []
    for one in old:
        other = next((each for each in new if _are_one_uniqueness(one, each)), None)
        if other is not None and all(other is not each for _, each in found):
            found.append((one, other))
    return found


def _are_one_uniqueness(one: AnyConstraint | Index, other: AnyConstraint | Index) -> bool:
    index, constraint = (one, other) if isinstance(one, Index) else (other, one)
    return (
        isinstance(index, Index)
        and isinstance(constraint, UniqueConstraint)
        and index.unique
        and index.where is None
        and index.columns == constraint.columns
    )
