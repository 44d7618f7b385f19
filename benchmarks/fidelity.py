#!/usr/bin/env python3
"""Compare the schema that a history folds to with the one that a real run of it created.

usage: fidelity.py [--only KEY]... [--dialect postgresql|sqlite] [--differences FILE] [--corpus DIR] [--truth DIR]

The packages have to be there: fetch_corpus.py. The truth of a history is truth/KEY.json (PostgreSQL: the form that
`migrate-guard schema --format json` prints) and truth_sqlite/KEY.sql (SQLite: the DDL of its sqlite_master). Both
dialects are compared unless one is named, always at all heads. An object is a table, a part of one, an enum, a view or
a sequence; every part of a table that is missing counts. Constraints and indexes are matched by name, then by what they
are about. Doubted is what our schema calls uncertain or unknown by itself. Needs SQLAlchemy.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

if TYPE_CHECKING:
    from migrate_guard.model.schema import Schema

Dialect: TypeAlias = Literal["postgresql", "sqlite"]
Verdict: TypeAlias = Literal["equal", "missing", "extra", "different"]
Form: TypeAlias = Mapping[str, Any]
"""What `schema --format json` prints, or a part of it."""
UNKNOWN = "?"


@dataclass(frozen=True)
class Entry:
    """A history of corpus.json."""

    key: str
    directory: str
    script_location: str


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


def main() -> None:
    """Parse the command line and go through the histories that have a truth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", metavar="KEY", help="compare this history; may be repeated")
    parser.add_argument("--dialect", choices=get_args(Dialect), help="compare for this database only")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write every object that is not equal")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", metavar="DIR", help="where the packages are")
    parser.add_argument(
        "--truth", type=Path, default=HERE.parents[1] / "shared" / "data", metavar="DIR", help="where the truth is"
    )
    arguments = parser.parse_args()
    entries = read_entries(HERE / "corpus.json")
    if unknown := set(arguments.only or ()) - {each.key for each in entries}:
        parser.error(f"corpus.json has no history {', '.join(sorted(unknown))}")
    wanted = [each for each in entries if not arguments.only or each.key in arguments.only]
    lines: list[str] = []
    for dialect in get_args(Dialect):
        if arguments.dialect in (None, dialect):
            lines += run(wanted, dialect, arguments.corpus.resolve(), arguments.truth.resolve())
    if arguments.differences:
        arguments.differences.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


def read_entries(path: Path) -> list[Entry]:
    """Read corpus.json."""
    histories = json.loads(path.read_text(encoding="utf-8"))
    return [Entry(each["key"], each["package"].partition("==")[0], each["script_location"]) for each in histories]


def run(entries: Sequence[Entry], dialect: Dialect, corpus: Path, truth: Path) -> list[str]:
    """Compare for one database, print what comes of it, and return the differences."""
    print(f"\n{dialect:<54} {'objects':>8} {'equal':>6} {'missing':>7} {'extra':>6} {'different':>9} {'doubted':>7}")
    every: list[Comparison] = []
    differences: list[str] = []
    histories = 0
    for entry in entries:
        with warnings.catch_warnings(action="ignore"):  # SQLAlchemy reflects no index of expressions
            theirs = read_truth(entry, dialect, truth)
        if theirs is None:
            continue
        if not (corpus / entry.directory).is_dir():
            print(f"{entry.key:<54.54} not fetched")
            continue
        try:
            found = compare(*folded(entry, dialect, corpus), theirs)
        except Exception as error:  # noqa: BLE001  the other histories are compared all the same
            print(f"{entry.key:<54.54} crashes: {type(error).__name__}: {error}")
            differences.append(f"{dialect} {entry.key} crashes: {type(error).__name__}: {error}")
            continue
        histories += 1
        every += found
        differences += [f"{dialect} {entry.key} {each}" for each in found if each.verdict != "equal"]
        print(line(entry.key, found), flush=True)
    print(line(f"{histories} histories", every))
    for kind in dict.fromkeys(each.item.kind for each in every):
        print(line(f"  {kind}", [each for each in every if each.item.kind == kind]))
    return differences


def line(title: str, found: Sequence[Comparison]) -> str:
    """Say in a line how many objects are what they should be."""
    counts = {name: sum(each.verdict == name for each in found) for name in get_args(Verdict)}
    doubted = sum(each.is_doubted for each in found)
    share = f"{counts['equal'] / len(found):.2%}" if found else "-"
    return (
        f"{title:<54.54} {len(found):>8} {counts['equal']:>6} {counts['missing']:>7} {counts['extra']:>6} "
        f"{counts['different']:>9} {doubted:>7} {share:>8}"
    )


# -- the two schemas


def folded(entry: Entry, dialect: Dialect, corpus: Path) -> tuple[Form, Callable[[Item], bool]]:
    """Read a history and return its schema at all heads, and what tells whether an object of it is doubted."""
    from migrate_guard import engine
    from migrate_guard.commands._schema_json import document
    from migrate_guard.model.target import Target
    from migrate_guard.reading.discover import discover

    with chdir(corpus / entry.directory):
        (found,) = discover([Path(entry.script_location)], cwd=Path.cwd(), environ={}).environments
        reading = engine.read(found, Target.default(dialect), Path.cwd())
        heads = [each.id for each in reading.history.heads]
        schema = engine.schema_at(reading, heads)
    return document(schema, dialect, heads, reading.environment.version_table), doubts(schema)


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


def read_truth(entry: Entry, dialect: Dialect, truth: Path) -> Form | None:
    """Return what a real run created, if there was one."""
    suffix, read = {"postgresql": ("", read_json), "sqlite": ("_sqlite", read_sqlite)}[dialect]
    files = [truth / f"truth{suffix}" / f"{entry.key}{each}" for each in (".json", ".sql")]
    return next((read(each) for each in files if each.is_file()), None)


def read_json(path: Path) -> Form:
    """Read a schema in our own form."""
    form: Form = json.loads(path.read_text(encoding="utf-8"))
    return form


def read_sqlite(path: Path) -> Form:
    """Load DDL into an empty SQLite database and return what it has."""
    from benchmarks.reflection import sqlite_schema

    connection = sqlite3.connect(":memory:")
    every = [each for each in statements(path.read_text(encoding="utf-8")) if "CREATE TABLE sqlite_" not in each]
    for each in sorted(every, key=lambda each: "CREATE TABLE" not in each):
        connection.execute(each)
    return sqlite_schema(connection)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each beginning on a line of its own."""
    so_far = ""
    for each in script.splitlines(keepends=True):
        so_far += each
        if sqlite3.complete_statement(so_far):
            yield so_far
            so_far = ""


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


if __name__ == "__main__":
    main()
