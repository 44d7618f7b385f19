"""A schema for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.commands._schema_json import ColumnForm, SchemaForm, TableForm
from migrate_guard.terminal import visible


def render(form: SchemaForm) -> str:
    """Return a schema as text, one block a table."""
    blocks = ["\n".join(_table(name, table)) for name, table in form["tables"].items()]
    others = [f"enum {name}: {', '.join(values)}" for name, values in form["enums"].items()]
    others += [f"view {name}" for name in form["views"]]
    others += [f"sequence {name}" for name in form["sequences"]]
    if others:
        blocks.append("\n".join(map(visible, others)))
    if not blocks:
        return "the schema is empty\n"
    return "\n\n".join(blocks) + "\n"


def _table(name: str, table: TableForm) -> Iterator[str]:
    yield visible(name)
    names = max((len(visible(column)) for column in table["columns"]), default=0)
    types = max((len(visible(column["type"])) for column in table["columns"].values()), default=0)
    for column, form in table["columns"].items():
        yield f"  {visible(column):<{names}}  {visible(form['type']):<{types}}  {visible(_traits(form))}".rstrip()
    for line in _keys(table):
        yield f"  {visible(line)}"


def _traits(column: ColumnForm) -> str:
    traits = (
        ["not null"] if column["nullable"] is False else ["nullability unknown"] if column["nullable"] is None else []
    )
    if column["identity"]:
        traits.append("identity")
    if column["computed"]:
        traits.append("computed")
    if column["default"] is not None:
        traits.append(f"default {column['default']}")
    return ", ".join(traits)


def _keys(table: TableForm) -> Iterator[str]:
    if key := table["primary_key"]:
        yield f"primary key{_called(key['name'])} {_listed(key['columns'])}"
    for unique in table["unique_constraints"]:
        yield f"unique{_called(unique['name'])} {_listed(unique['columns'])}"
    for foreign in table["foreign_keys"]:
        action = f" on delete {foreign['ondelete'].lower()}" if foreign["ondelete"] else ""
        referred = f"{foreign['referred_table']} {_listed(foreign['referred_columns'])}"
        yield f"foreign key{_called(foreign['name'])} {_listed(foreign['columns'])} references {referred}{action}"
    for check in table["check_constraints"]:
        yield f"check{_called(check['name'])} ({check['sqltext']})"
    for index in table["indexes"]:
        unique_word = "unique index" if index["unique"] else "index"
        method = f" using {index['method']}" if index["method"] != "btree" else ""
        where = f" where {index['where']}" if index["where"] else ""
        yield f"{unique_word}{_called(index['name'])}{method} {_listed(index['columns'])}{where}"


def _called(name: str | None) -> str:
    return f" {name}" if name else ""


def _listed(columns: Sequence[str]) -> str:
    return f"({', '.join(columns)})"
