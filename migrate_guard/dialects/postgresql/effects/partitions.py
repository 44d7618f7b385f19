"""Partitions: created, attached, detached.

Whether ATTACH has to look at the rows is decided by the CHECKs of the new partition, which have to say at least as much
as the bound does (`QueuePartitionConstraintValidation` in PostgreSQL's `commands/tablecmds.c`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from migrate_guard.dialects.postgresql.effects import constraints
from migrate_guard.dialects.postgresql.effects.indexes import has_equal, outside_transaction
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, Expression, ForeignKey, Table

_LOCKED_WHOLLY_SINCE = 14
"""From 14 on DETACH PARTITION locks the partition as strongly as its parent; before it took SHARE UPDATE EXCLUSIVE."""


def default_of(parent: QualifiedName, scene: Scene) -> tuple[QualifiedName, ...]:
    """The default partition of a table, with its partitions."""
    for child in scene.children(parent):
        if child.partition_of == parent and (child.partition_bound or "").upper().strip() == "DEFAULT":
            return scene.family(child.name)
    return ()


def created(table: Table, parent: QualifiedName, scene: Scene) -> Effects:
    """CREATE TABLE … PARTITION OF: the parent is locked as the default partition is, whose rows may belong here."""
    found = scene.lock(ACCESS_EXCLUSIVE, parent) | _index_locks(parent, scene)
    for key in _foreign_keys(parent, scene):
        found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.partitions(key.referred_table))
    return found | _default_checked(parent, table.partition_bound, scene)


def _index_locks(parent: QualifiedName, scene: Scene) -> Effects:
    return Effects(index_locks=dict.fromkeys(scene.indexes_of(parent), SHARE_UPDATE_EXCLUSIVE))


def _foreign_keys(name: QualifiedName, scene: Scene) -> tuple[ForeignKey, ...]:
    table = scene.table(name)
    return table.foreign_keys if table else ()


def _default_checked(parent: QualifiedName, bound: str | None, scene: Scene) -> Effects:
    defaults = default_of(parent, scene)
    if not defaults or (bound or "").upper().strip() == "DEFAULT":
        return NOTHING
    found = scene.lock(ACCESS_EXCLUSIVE, *defaults)
    left = [each for each in scene.stored(defaults) if not _excludes(scene.table(each), parent, bound, scene)]
    return found | scene.scanning("rows of the default partition may belong to the new one", *left)


def attach(operation: ops.AttachPartition, scene: Scene) -> Effects:
    parent, partition = operation.table, operation.partition
    members = scene.family(partition)
    found = scene.lock(SHARE_UPDATE_EXCLUSIVE, parent) | scene.lock(ACCESS_EXCLUSIVE, *members)
    found = found | _index_locks(parent, scene) | _default_checked(parent, operation.bound, scene)
    for member in scene.stored(members):
        found = found | _made_equal(member, parent, scene)
    table = scene.table(partition)
    for key in _foreign_keys(parent, scene):
        is_there = table is not None and any(_is_same_key(each, key) for each in table.foreign_keys)
        mode = ACCESS_EXCLUSIVE if is_there else SHARE_ROW_EXCLUSIVE
        found = found | scene.lock(mode, *scene.partitions(key.referred_table))
        if not is_there:
            why = "the partition gets the foreign key of its parent, which is checked"
            found = found | scene.scanning(why, *scene.stored(members))
    return found | _checked(table, operation, scene)


def _made_equal(member: QualifiedName, parent: QualifiedName, scene: Scene) -> Effects:
    """The indexes of the parent that the partition has no equal of are built."""
    table, whole = scene.table(member), scene.table(parent)
    if whole is None:
        return NOTHING
    missing = [each.name for each in whole.indexes if not has_equal(table, each)]
    keys = [
        each
        for each in whole.constraints()
        if each.name and QualifiedName(each.name, parent.schema) in scene.indexes_of(parent)
    ]
    own = {(type(each), each.columns) for each in table.constraints()} if table else set()
    missing += [each.name for each in keys if (type(each), each.columns) not in own]
    if not missing:
        return NOTHING
    return scene.building(f"the partition gets the index {missing[0]} of its parent", member)


def _is_same_key(one: ForeignKey, other: ForeignKey) -> bool:
    return (one.columns, one.referred_table, one.referred_columns) == (
        other.columns,
        other.referred_table,
        other.referred_columns,
    )


def _checked(table: Table | None, operation: ops.AttachPartition, scene: Scene) -> Effects:
    proof = _proof(table, operation.table, operation.bound, scene)
    if proof.is_no or table is None:
        stored = scene.stored(scene.family(operation.partition))
        why = "every row is compared with the bound: no validated CHECK says as much"
        return scene.scanning(why, *stored)
    return NOTHING if proof.is_yes else Effects(scans=proof)


def detach(operation: ops.DetachPartition, scene: Scene) -> Effects:
    parent, partition = operation.table, operation.partition
    if operation.finalize:
        return scene.lock(SHARE_UPDATE_EXCLUSIVE, parent) | scene.lock(ACCESS_EXCLUSIVE, partition)
    if operation.concurrently:
        found = scene.lock(SHARE_UPDATE_EXCLUSIVE, parent) | scene.lock(ACCESS_EXCLUSIVE, partition)
        return found | outside_transaction("DETACH PARTITION … CONCURRENTLY is refused in a transaction block")
    mode = ACCESS_EXCLUSIVE if scene.version >= _LOCKED_WHOLLY_SINCE else SHARE_UPDATE_EXCLUSIVE
    found = scene.lock(ACCESS_EXCLUSIVE, parent, *default_of(parent, scene)) | scene.lock(mode, partition)
    found = found | scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(partition))
    for key in _foreign_keys(parent, scene):
        found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.partitions(key.referred_table))
    return found


_DETACHED_CONCURRENTLY_SINCE: Final = 14


def detaches_concurrently(operation: ops.DetachPartition, scene: Scene) -> Answer:
    """Whether DETACH PARTITION … CONCURRENTLY is taken here (manual, ALTER TABLE: DETACH PARTITION; measured)."""
    if scene.version < _DETACHED_CONCURRENTLY_SINCE:
        return Answer(why=(f"CONCURRENTLY came with PostgreSQL {_DETACHED_CONCURRENTLY_SINCE}",))
    if defaults := default_of(operation.table, scene):
        return Answer(why=(f"CONCURRENTLY is refused while there is the default partition {defaults[0]}",))
    return Answer.yes("it waits for those who use the table, and nobody waits for it")


# -- bounds

_STRING: Final = r"'(?:[^']|'')*'"
_TYPE: Final = r"[A-Za-z_][\w ]*(?:\(\d+\)[\w ]*)?"
_LITERAL: Final = rf"({_STRING}(?:::{_TYPE})?|{_TYPE}\s+{_STRING}|CAST\s*\(\s*{_STRING}\s+AS\s+{_TYPE}\)|-?[\d.]+)"
_CONSTANT: Final = lazily(
    rf"(?:CAST\s*\(\s*|(?P<before>{_TYPE})\s+)?(?P<text>{_STRING})(?:\s*(?:::|\s+AS\s+)\s*(?P<after>{_TYPE}))?\s*\)?",
    re.IGNORECASE,
)
_NAME: Final = r'("[^"]+"|[\w$]+)'
_RANGE: Final = lazily(r"FOR\s+VALUES\s+FROM\s*\(([^,()]+)\)\s*TO\s*\(([^,()]+)\)", re.IGNORECASE)
_LIST: Final = lazily(r"FOR\s+VALUES\s+IN\s*\((.+)\)", re.IGNORECASE | re.DOTALL)
_KEY: Final = lazily(rf"(RANGE|LIST)\s*\(\s*{_NAME}\s*\)", re.IGNORECASE)
_COMPARISON: Final = lazily(rf"\(*\s*{_NAME}\s*(>=|<=|<|>|=)\s*{_LITERAL}\s*\)*", re.IGNORECASE)
_ONE_OF: Final = lazily(rf"\(*\s*{_NAME}\s+IN\s*\(([^()]+)\)\s*\)*", re.IGNORECASE)
_AND: Final = lazily(r"\bAND\b", re.IGNORECASE)
_OR: Final = lazily(r"\bOR\b", re.IGNORECASE)


class _Facts(Struct, frozen=True):
    """What the validated CHECKs of a table say of one column."""

    at_least: str | None = None
    below: str | None = None
    at_most: str | None = None
    one_of: frozenset[str] | None = None
    is_not_null: bool = False
    is_told: bool = False
    """A CHECK names the column, whatever it says."""


def _facts(table: Table, column: str, scene: Scene) -> _Facts:
    own = table.column(column)
    at_least = below = at_most = one_of = None
    is_not_null = own is not None and own.nullable is False
    is_told = False
    for check in constraints.checks_of(table, scene):
        if check.not_valid or check.not_enforced or column not in check.columns:
            continue
        is_told = True
        is_not_null = is_not_null or column in check.expression.proves_not_null
        for name, operator, literal in _comparisons(check.expression.text):
            if name != column or not _is_comparable(literal, own):
                continue
            value = _value(literal)
            at_least = value if operator in (">=", ">") else at_least
            below = value if operator == "<" else below
            at_most = value if operator == "<=" else at_most
            one_of = frozenset({value}) if operator == "=" else one_of
        if _OR.search(check.expression.text) is None and (listed := _ONE_OF.search(check.expression.text)):
            one_of = frozenset(_value(each) for each in listed[2].split(",")) if _named(listed[1]) == column else one_of
    return _Facts(at_least, below, at_most, one_of, is_not_null, is_told)


def _comparisons(text: str) -> Iterator[tuple[str, str, str]]:
    """The comparisons with constants that are joined by AND."""
    if _OR.search(text):
        return
    for part in _AND.split(text):
        if told := _COMPARISON.fullmatch(part.strip()):
            yield _named(told[1]), told[2], told[3]


def _named(written: str) -> str:
    """A name as PostgreSQL takes it: in lower case without quotes."""
    return written[1:-1] if written.startswith('"') else written.lower()


def _value(literal: str) -> str:
    told = _CONSTANT.fullmatch(literal.strip())
    return told["text"][1:-1] if told else literal.strip()


def _is_comparable(literal: str, column: Column | None) -> bool:
    """Whether a comparison with a constant proves something: between timestamptz and what has no zone it is not
    immutable, and so nothing for `predicate_implied_by`."""
    told = _CONSTANT.fullmatch(literal.strip())
    written = (told["before"] or told["after"]) if told else None
    if written is None or column is None or not column.type.is_known:
        return True
    return (sql_type(written.strip(), "postgresql").name == _ZONED) == (column.type.name == _ZONED)


_ZONED: Final = "TIMESTAMP WITH TIME ZONE"


def _proof(table: Table | None, parent: QualifiedName, bound: str | None, scene: Scene) -> Answer:
    """Whether CHECKs say that every row of a table lies within a bound."""
    whole = scene.table(parent)
    key = _KEY.search(whole.partition_by or "") if whole else None
    if table is None or bound is None or key is None:
        is_checked = table is not None and bool(table.check_constraints) and not (whole and whole.partition_by)
        return Answer.depends("how the parent is partitioned is not known", table.name) if is_checked and table else NO
    facts = _facts(table, _named(key[2]), scene)
    if not facts.is_told or not facts.is_not_null:
        return NO
    if told := _RANGE.search(bound):
        low, high = (None if "VALUE" in each.upper() else _value(each) for each in told.groups())
        is_low = low is None or _is_ordered(low, facts.at_least)
        is_high = high is None or _is_ordered(facts.below, high) or _is_ordered(facts.at_most, high, strictly=True)
        return Answer.yes("the CHECK says as much as the bound") if is_low and is_high else NO
    if told := _LIST.search(bound):
        values = {_value(each) for each in told[1].split(",")}
        return Answer.yes("the CHECK says as much as the bound") if facts.one_of and facts.one_of <= values else NO
    return NO


def _excludes(table: Table | None, parent: QualifiedName, bound: str | None, scene: Scene) -> bool:
    """Whether the CHECKs of the default partition say that none of its rows lies within a bound."""
    whole = scene.table(parent)
    key = _KEY.search(whole.partition_by or "") if whole else None
    if table is None or key is None or bound is None:
        return False
    column = _named(key[2])
    valid = [
        each
        for each in constraints.checks_of(table, scene)
        if not each.not_valid and not each.not_enforced and column in each.columns
    ]
    if any(_leaves_out(each.expression.text, column, bound) for each in valid):
        return True
    told = _RANGE.search(bound)
    if told is None:
        return False
    facts = _facts(table, column, scene)
    low, high = (None if "VALUE" in each.upper() else _value(each) for each in told.groups())
    return (high is not None and _is_ordered(high, facts.at_least)) or (
        low is not None and _is_ordered(facts.below, low)
    )


_NULL: Final = lazily(rf"\(*\s*{_NAME}\s+IS\s+NULL\s*\)*", re.IGNORECASE)
_NONE_OF: Final = lazily(rf"\(*\s*{_NAME}\s+NOT\s+IN\s*\(([^()]+)\)\s*\)*", re.IGNORECASE)


def _leaves_out(text: str, column: str, bound: str) -> bool:
    """Whether a CHECK allows only what lies outside of a bound: `k IS NULL OR k < low OR k >= high`, `k NOT IN (…)`."""
    return all(_is_outside(each.strip(), column, bound) for each in _OR.split(text))


def _is_outside(arm: str, column: str, bound: str) -> bool:
    if (told := _NULL.fullmatch(arm)) is not None:
        return _named(told[1]) == column
    listed, ranged = _LIST.search(bound), _RANGE.search(bound)
    if listed is not None:
        values = {_value(each) for each in listed[1].split(",")}
        told = _NONE_OF.fullmatch(arm)
        return (
            told is not None and _named(told[1]) == column and values <= {_value(each) for each in told[2].split(",")}
        )
    told = _COMPARISON.fullmatch(arm)
    if ranged is None or told is None or _named(told[1]) != column:
        return False
    low, high = (None if "VALUE" in each.upper() else _value(each) for each in ranged.groups())
    if told[2] == "<":
        return _is_ordered(_value(told[3]), low)
    return told[2] in (">=", ">") and _is_ordered(high, _value(told[3]))


class Proof(Struct, frozen=True):
    """The CHECKs for which ATTACH PARTITION and CREATE TABLE … PARTITION OF need not look at rows."""

    within: Expression
    """Of the new partition."""
    outside: Expression
    """Of the default partition."""


def proof_of(parent: QualifiedName, bound: str | None, scene: Scene) -> Proof | str:
    """The CHECKs that say as much as a bound does, in a form that PostgreSQL understands (measured); else why none."""
    whole = scene.table(parent)
    by = (whole.partition_by or "").strip() if whole else ""
    if by.upper().startswith("HASH"):
        return "no CHECK proves to which HASH partition a row belongs"
    if (bound or "").strip().upper() == "DEFAULT":
        return "no CHECK is known that says as much as DEFAULT"
    key = _KEY.search(by)
    if key is None or bound is None:
        return f"how {parent} is partitioned is not known" if not by else "the bound is one of several columns"
    name, column = _named(key[2]), key[2]
    if (told := _RANGE.search(bound)) is not None:
        low, high = (None if "VALUE" in each.upper() else each.strip() for each in told.groups())
        inside = [f"{column} >= {low}"] * (low is not None) + [f"{column} < {high}"] * (high is not None)
        beside = [f"{column} < {low}"] * (low is not None) + [f"{column} >= {high}"] * (high is not None)
    elif (told := _LIST.search(bound)) is not None and "NULL" not in told[1].upper():
        inside, beside = [f"{column} IN ({told[1].strip()})"], [f"{column} NOT IN ({told[1].strip()})"]
    else:
        return "the bound is one of several columns, or holds NULL"
    is_told = " AND ".join([f"{column} IS NOT NULL", *inside])
    within = Expression(is_told, columns=(name,), proves_not_null=frozenset({name}))
    return Proof(within, Expression(" OR ".join([f"{column} IS NULL", *beside]), columns=(name,)))


_MOMENT: Final = lazily(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[ T](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?:\.0+)?)?"
    r"\s*(?P<zone>[+-]\d\d(?::?\d\d)?|Z)?"
)


def _is_ordered(one: str | None, other: str | None, *, strictly: bool = False) -> bool:
    """Whether two constants are in order: numbers by their value, dates and times as they are written."""
    if one is None or other is None:
        return False
    try:
        first, second = Decimal(one), Decimal(other)
    except InvalidOperation:
        moments = _MOMENT.fullmatch(one), _MOMENT.fullmatch(other)
        if moments[0] is None or moments[1] is None or moments[0]["zone"] != moments[1]["zone"]:
            return one == other and not strictly
        left, right = (
            f"{each['day']} {each['minute'] or '00:00'}{each['second'] or ':00'}" for each in moments if each
        )
        return left < right or (left == right and not strictly)
    return first < second if strictly else first <= second
