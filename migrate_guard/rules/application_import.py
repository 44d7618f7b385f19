from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from migrate_guard import asking
from migrate_guard.asking import scripts
from migrate_guard.model.facts import ApplicationKind, ApplicationUse, LiveMetadata
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.revision import Direction, Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

_MOST_NAMED: Final = 3
_HAPPENS: Final[dict[ApplicationKind, str]] = {
    "model": "{it_has} the columns of today, not those of the table at this revision",
    "table": "{it_has} the columns of today, not those of the table at this revision",
    "name": "{it_has} the table name of today, not that of this revision",
    "metadata": "{it_has} the tables of today, not those of this revision",
    "enum": "{it_has} the members of today, not those of this revision",
    "settings": "what is set where the migration runs decides what it does",
    "session": "{it_has} the settings and events of today, not those of this revision",
    "constant": "{it_has} the value of today, not that of this revision",
    "code": "what runs is the code of today, not that of this revision",
}
_HELP: Final[dict[ApplicationKind, str]] = {
    "model": "Declare in the script what it uses of the table.",
    "table": "Declare in the script what it uses of the table.",
    "name": "Write the name of the table down in the script.",
    "metadata": "Write down the tables as op.create_table() calls.",
    "enum": "Write the values down in the script.",
    "settings": "Write the value down in the script, or pass it with -x and read it with context.get_x_argument().",
    "session": "Use the connection of the migration: op.get_bind().",
    "constant": "Write the value down in the script.",
    "code": "Copy what it does into the script, or into a module beside the migrations that is never changed.",
}


class Options(Struct, frozen=True):
    allow: tuple[str, ...] = ()
    """Modules whose names may be imported, those below them included."""


@rule("MG115", on=Revision, severity=Severity.WARNING, options=Options, yields_to=("MG116",))
def application_import(view: RevisionView, options: Options) -> Iterator[Problem]:
    """Flag a script that uses models, settings, sessions or enums of the application, which change behind its back."""
    live = {each.origin for each, _ in scripts.facts(view, LiveMetadata)}
    groups: defaultdict[tuple[object, ...], list[tuple[ApplicationUse, Direction]]] = defaultdict(list)
    for use, direction in scripts.facts(view, ApplicationUse):
        if not any(use.name == each or use.name.startswith(f"{each}.") for each in options.allow):
            groups[use.span.line, use.kind, use.name if use.name in live else ""].append((use, direction))
    seen: set[tuple[ApplicationKind, frozenset[str]]] = set()
    for group in groups.values():
        first, direction = group[0]
        what = first.kind, frozenset(use.name for use, _ in group)
        if what in seen:
            continue
        seen.add(what)
        names = _listed([use.name for use, _ in group])
        belongs, it_is, it_has = (
            ("belongs", "it is", "it has") if len(group) == 1 else ("belong", "they are", "they have")
        )
        happens = _HAPPENS[first.kind].format(it_has=it_has)
        yield Problem(
            f"{names} {belongs} to the application: {happens}, and the migration fails when {it_is} moved",
            first.span,
            object=first.name if len(group) == 1 else first.name.rpartition(".")[0],
            help=_HELP[first.kind],
            instead=_instead(first) if len(group) == 1 else (),
            direction=direction,
        )


def _listed(names: Sequence[str]) -> str:
    """The names in a sentence, shortened where there are many."""
    if len(names) <= _MOST_NAMED:
        return asking.quoted(names)
    return f'"{names[0]}", "{names[1]}" and {len(names) - 2} more'


def _instead(use: ApplicationUse) -> Instead:
    if not use.local.isidentifier():
        return ()
    match use.kind:
        case "constant" if use.value:
            return (Code(f"{use.local} = {use.value}"),)
        case "enum" if use.members:
            members = "\n".join(f"    {name} = {value}" for name, value in use.members)
            return (Code(f"import enum\n\n\nclass {use.local}(enum.Enum):\n{members}"),)
        case "model" | "table" if use.value and use.members:
            schema, _, name = use.value.rpartition(".")
            columns = "".join(f', sa.column("{column}")' for column, _ in use.members)
            placed = f', schema="{schema}"' if schema else ""
            return (Code(f'{name} = sa.table("{name}"{columns}{placed})'),)
    return ()
