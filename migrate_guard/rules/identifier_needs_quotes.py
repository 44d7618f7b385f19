from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.asking import PRODUCTS, design, quoted
from migrate_guard.asking.house import by_script, house_of
from migrate_guard.asking.house_names import in_style
from migrate_guard.asking.house_settings import HouseSettings, Quotes
from migrate_guard.dialects.quoting import needs_quotes
from migrate_guard.model.environment import Environment
from migrate_guard.model.schema import Column, Table
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Severity, TableView, rule

Options = Quotes
MIXED: Final = frozenset({"camelCase", "PascalCase", "UPPER_CASE"})
MOST_NAMED: Final = 3


class Object(Struct, frozen=True):
    """Something with a name of its own that has to be quoted."""

    noun: str
    name: str
    span: Span


@rule("MG707", on=Table, severity=Severity.WARNING, options=Options, yields_to=("MG606",))
def identifier_needs_quotes(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag names that SQL has to quote: with capitals, blanks, a digit in front."""
    table, target = view.table, view.target
    if _is_left_alone(view):
        return
    found = _odd(view, options)
    at = table.renamed_at or table.span
    told = found.columns
    if found.is_table:
        beside = [each for each in told if each.span.path == at.path]
        told = [each for each in told if each.span.path != at.path]
        yield _weighed(_of_table(table, beside, target), view, options)
    for columns in by_script(told, lambda each: each.span):
        yield _weighed(_of_columns(table, columns, target), view, options)
    for objects in by_script(found.objects, lambda each: each.span):
        yield _of_objects(table, objects, target)


class Odd(Struct, frozen=True):
    """What of a table has to be quoted, beyond what the whole house is called like."""

    is_table: bool
    columns: list[Column]
    objects: list[Object]


def _odd(view: TableView, options: Options) -> Odd:
    table, target = view.table, view.target
    conventions = house_of(view, HouseSettings(quotes=options))
    is_plain = options.expect == "plain"
    table_style = "" if is_plain else conventions.table_style.value
    name = table.name.name
    is_made = not table.is_given or table.renamed_at is not None
    is_odd_table = needs_quotes(name, target)
    columns = [each for each in table.columns if needs_quotes(each.name, target)]
    style = "" if is_plain else conventions.column_style.value
    said = [
        each
        for each in columns
        if not each.is_given and not each.is_inherited and not _is_house_style(each.name, style, target)
    ]
    odd = [each.name for each in columns] + [name] * is_odd_table
    object_style = "" if is_plain else conventions.object_style.value
    added = _of_conventions(view.environment)
    objects = [
        each
        for each in _named_objects(table)
        if needs_quotes(each.name.translate(added), target)
        and not _is_house_style(each.name, object_style, target)
        and not any(_is_made_of(each.name, part) for part in odd)
    ]
    return Odd(is_made and is_odd_table and not _is_house_style(name, table_style, target), said, objects)


def _weighed(problem: Problem, view: TableView, options: Options) -> Problem:
    """A hint where an earlier table of the script is called like that, too."""
    if design.is_first_of_script(view, problem.at, _places(options)):
        return problem
    return replace(problem, severity=Severity.INFO)


@lru_cache(maxsize=4)
def _places(options: Options) -> design.Places:
    return partial(_places_of_warnings, options)


def _places_of_warnings(options: Options, view: TableView) -> Iterator[Span]:
    table = view.table
    if not _is_left_alone(view):
        found = _odd(view, options)
        if found.is_table:
            yield table.renamed_at or table.span
        yield from (each.span for each in found.columns)


def _is_left_alone(view: TableView) -> bool:
    return view.table.is_part or view.table.name.name == view.environment.version_table


def _of_conventions(environment: Environment) -> dict[int, None]:
    """The characters that a naming convention puts into every name, to leave out: it is not the name's own doing."""
    literal = "".join(re.sub(r"%\(\w+\)s", "", each) for each in environment.naming_convention.values())
    return {ord(each): None for each in literal if not each.isalnum() and each != "_"}


def _is_house_style(name: str, style: str, target: Target) -> bool:
    """Whether only its capitals make the name one to quote, and the whole house has them."""
    return style in MIXED and not needs_quotes(name.lower(), target)


def _is_made_of(name: str, part: str) -> bool:
    return part.lower() in name.lower()


def _named_objects(table: Table) -> Iterator[Object]:
    for constraint in table.constraints():
        if constraint.name and not constraint.is_implicit_name and constraint.inherited_from is None:
            yield Object("constraint", constraint.name, constraint.span)
    for index in table.indexes:
        if index.name and index.inherited_from is None:
            yield Object("index", index.name, index.span)


def _why(name: str, target: Target) -> str:
    folds = target.dialect == "postgresql" and not needs_quotes(name.lower(), target)
    return (
        f"{PRODUCTS[target.dialect]} reads it as {name.lower()} without quotes"
        if folds
        else (f"{PRODUCTS[target.dialect]} cannot read it without quotes")
    )


def _of_table(table: Table, columns: Sequence[Column], target: Target) -> Problem:
    name = table.name.name
    with_columns, why = "", _why(name, target)
    if columns:
        more = f"{len(columns)} of its columns" if len(columns) > 1 else f'its column "{columns[0].name}"'
        with_columns, why = f" and {more}", _of_first(why)
    return Problem(
        f'the table "{name}"{with_columns} {"have" if columns else "has"} to be quoted wherever SQL is written: {why}',
        table.renamed_at or table.span,
        object=str(table.name),
        help=_help("first" if columns else "table", name, target),
    )


def _of_first(why: str) -> str:
    return why.replace("reads it", "reads the first").replace("read it", "read the first")


def _of_columns(table: Table, columns: Sequence[Column], target: Target) -> Problem:
    names = [each.name for each in columns]
    told = quoted(names) if len(names) <= MOST_NAMED else f'"{names[0]}" and {len(names) - 1} more columns'
    has = "has" if len(names) == 1 else "have"
    why = _why(names[0], target) if len(names) == 1 else _of_first(_why(names[0], target))
    return Problem(
        f'{told} of "{table.name}" {has} to be quoted wherever SQL is written: {why}',
        columns[0].span,
        object=f"{table.name}.{names[0]}",
        help=_help("column" if len(names) == 1 else "first", names[0], target),
    )


def _of_objects(table: Table, objects: Sequence[Object], target: Target) -> Problem:
    first, others = objects[0], len(objects) - 1
    more = f" and {others} more name{'s' * (others > 1)}" if others else ""
    why = _of_first(_why(first.name, target)) if others else _why(first.name, target)
    return Problem(
        f'the {first.noun} "{first.name}"{more} of "{table.name}" {"have" if others else "has"} to be quoted wherever '
        f"SQL is written: {why}",
        first.span,
        object=f"{table.name}.{first.name}",
        help=_help("first" if others else first.noun, first.name, target),
        # nothing but DDL names it, which Alembic quotes
        severity=Severity.INFO,
    )


def _help(noun: str, name: str, target: Target) -> str:
    better = in_style(name, "snake_case")
    if better[:1].isdigit() or needs_quotes(better, target):
        return f"Give the {noun} a name of letters, digits and underscores that begins with a letter."
    others = ", and the others likewise" if noun == "first" else ""
    return f'Name the {noun} "{better}"{others}.'
