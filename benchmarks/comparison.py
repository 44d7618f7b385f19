"""Compare two schemas in the form of `schema --format json`, object by object.

An object is a table, a part of one, an enum, a view or a sequence; every part of a table that is missing counts.
Constraints and indexes are matched by name, then by what they are about. Doubted is what our schema calls uncertain or
unknown by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from migrate_guard.model.schema import Schema

Verdict: TypeAlias = Literal["equal", "missing", "extra", "different"]
Form: TypeAlias = Mapping[str, Any]
"""What `schema --format json` prints, or a part of it."""
UNKNOWN = "?"


@dataclass(frozen=True)
class Item:
    """An object of a schema, and what is compared of it."""

    kind: str
    table: str
    name: str
    keys: tuple[object, ...]
    """What the same object of another schema may be known by, the best first."""
    facts: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(filter(None, (self.table, self.name)))}"


@dataclass(frozen=True)
class Comparison:
    """An object of one schema or of both; `facts` has what differs, ours and theirs."""

    verdict: Verdict
    item: Item
    facts: tuple[tuple[str, str, str], ...] = ()
    is_doubted: bool = False

    def __str__(self) -> str:
        said = ", ".join(f"{fact} {ours} for {theirs}" for fact, ours, theirs in self.facts)
        if not said:
            said = ", ".join(f"{fact} {value}" for fact, value in self.item.facts.items())
        return f"{self.verdict} {self.item}{': ' + said if said else ''}{' (doubted)' if self.is_doubted else ''}"


def line(title: str, found: Sequence[Comparison]) -> str:
    """Say in a line how many objects are what they should be."""
    counts = {name: sum(each.verdict == name for each in found) for name in get_args(Verdict)}
    doubted = sum(each.is_doubted for each in found)
    share = f"{counts['equal'] / len(found):.2%}" if found else "-"
    return (
        f"{title:<54.54} {len(found):>8} {counts['equal']:>6} {counts['missing']:>7} {counts['extra']:>6} "
        f"{counts['different']:>9} {doubted:>7} {share:>8}"
    )


def doubts(schema: Schema) -> Callable[[Item], bool]:
    """Return what tells whether the schema itself is not sure of an object of a table, there or not."""
    tables = {str(name): table for name, table in schema.tables.items()}

    def is_doubted(item: Item) -> bool:
        table = tables.get(item.table or item.name)
        if table is None:
            return False
        is_told = table.column(item.name) or table.constraint(item.name) or table.index(item.name)
        return not table.is_sure_of(item.name) or (table.is_open and not is_told)

    return is_doubted


# -- the objects of a schema


def items(form: Form) -> Iterator[Item]:
    """Every object of a schema."""
    for name, table in form["tables"].items():
        yield named("table", name)
        yield from table_items(name, table)
    for name, values in form["enums"].items():
        yield named("enum", name, {"values": ", ".join(values)})
    yield from (named("view", name) for name in form["views"])
    yield from (named("sequence", name) for name in form["sequences"])


def named(kind: str, name: str, facts: Mapping[str, str] | None = None, table: str = "") -> Item:
    """An object that nothing but its name tells from others."""
    return Item(kind, table, name, (name,), facts or {})


def table_items(table: str, form: Form) -> Iterator[Item]:
    """The parts of a table."""
    for name, column in form["columns"].items():
        yield named("column", name, column_facts(column), table)
    if (key := form["primary_key"]) and key["columns"]:
        facts = {"name": word(key["name"]), "columns": ", ".join(key["columns"])}
        yield Item("primary key", table, key["name"] or "", ("the only one",), facts)
    for each in form["foreign_keys"]:
        target = f"{each['referred_table']} ({', '.join(each['referred_columns'])})"
        ondelete = word(each["ondelete"] if each["ondelete"] != "NO ACTION" else None)
        yield keyed("foreign key", table, each, {"target": target, "ondelete": ondelete})
    for each in form["unique_constraints"]:
        yield keyed("unique constraint", table, each, {})
    for each in form["check_constraints"]:
        keys = (*((each["name"],) if each["name"] else ()), (bare(each["sqltext"]),), ())
        yield Item("check constraint", table, each["name"] or "", keys, {"name": word(each["name"])})
    for each in form["indexes"]:
        facts = {"unique": word(each["unique"]), "partial": word(each["where"] is not None), "method": each["method"]}
        yield keyed("index", table, {**each, "columns": [index_key(key) for key in each["columns"]]}, facts)


def keyed(kind: str, table: str, form: Form, facts: Mapping[str, str]) -> Item:
    """A constraint or index, known by its name, by all that it is about, by its columns."""
    columns = ", ".join(form["columns"])
    every = {"name": word(form["name"]), "columns": columns, **facts}
    keys = (*((form["name"],) if form["name"] else ()), (columns, *facts.values()), (columns,))
    return Item(kind, table, form["name"] or f"({columns})", keys, every)


def column_facts(form: Form) -> dict[str, str]:
    """What is compared of a column."""
    has_default = form["default"] is not None or form["identity"] or form["computed"]
    type_ = re.sub(r"\s*,\s*", ", ", " ".join(form["type"].split()))
    return {
        "type": re.sub(r'(^|\.)"(\w+)"', r"\1\2", type_).lower(),
        "nullable": UNKNOWN if form["nullable"] is None else word(form["nullable"]),
        "default": word(has_default),
    }


def index_key(text: str) -> str:
    """A key of an index; the text of an expression is not compared."""
    return text if text == UNKNOWN or re.fullmatch(r"[\w$]+", text) else "(expression)"


def bare(condition: str) -> str:
    """The text of a CHECK without what databases add to it."""
    return re.sub(r"::[\w ]+|[\s()\"'`\[\]]", "", condition).lower()


def word(value: str | bool | None) -> str:
    """A fact as it is printed."""
    return value if isinstance(value, str) else {None: "none", True: "yes", False: "no"}[value]


# -- the comparison


def compare(ours: Form, is_doubted: Callable[[Item], bool], theirs: Form) -> list[Comparison]:
    """Compare every object of two schemas."""
    found: list[Comparison] = []
    grouped = (groups(items(ours)), groups(items(theirs)))
    for group in dict.fromkeys((*grouped[1], *grouped[0])):
        left, right = (each.get(group, []) for each in grouped)
        pairs = matched(left, right)
        found += [paired(one, other, is_doubted) for one, other in pairs]
        found += [Comparison("missing", each, (), is_doubted(each)) for each in without(right, (b for _, b in pairs))]
        found += [Comparison("extra", each, (), is_doubted(each)) for each in without(left, (a for a, _ in pairs))]
    return found


def groups(every: Iterable[Item]) -> dict[tuple[str, str], list[Item]]:
    """Objects by what they can be matched within."""
    found: dict[tuple[str, str], list[Item]] = {}
    for each in every:
        found.setdefault((each.kind, each.table), []).append(each)
    return found


def matched(ours: Sequence[Item], theirs: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Pair the objects of one group by a key that both have, better keys first."""
    pairs: list[tuple[Item, Item]] = []
    depth = max((len(each.keys) for each in (*ours, *theirs)), default=0)
    for worst in range(1, depth + 1):
        for one in without(ours, (a for a, _ in pairs)):
            left = without(theirs, (b for _, b in pairs))
            pairs += [(one, each) for each in left if set(one.keys[:worst]) & set(each.keys[:worst])][:1]
    return pairs


def without(every: Sequence[Item], taken: Iterable[Item]) -> list[Item]:
    """The objects that are not among those taken."""
    ids = {id(each) for each in taken}
    return [each for each in every if id(each) not in ids]


def paired(ours: Item, theirs: Item, is_doubted: Callable[[Item], bool]) -> Comparison:
    """Compare an object that both schemas have."""
    pairs = ((fact, ours.facts[fact], theirs.facts[fact]) for fact in theirs.facts)
    differing = tuple(each for each in pairs if each[1] != each[2])
    if not differing:
        return Comparison("equal", theirs)
    unknown = all(one == UNKNOWN for _, one, _ in differing)
    return Comparison("different", theirs, differing, unknown or is_doubted(ours))
