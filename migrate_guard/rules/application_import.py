from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.model.facts import ApplicationKind, ApplicationUse
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

_HAPPENS: Final[dict[ApplicationKind, str]] = {
    "model": "has the columns of today, not those that the table has at this revision",
    "table": "has the columns of today, not those that the table has at this revision",
    "metadata": "has the tables of today, not those that there are at this revision",
    "enum": "has the members of today, not those of this revision",
    "settings": "decides at each run what the migration does",
    "session": "is what the application connects with today, outside of the migration's transaction",
    "constant": "has the value of today, not that of this revision",
    "code": "does what it does today, not what it did at this revision",
}
_HELP: Final[dict[ApplicationKind, str]] = {
    "model": "Declare in the script what it uses of the table.",
    "table": "Declare in the script what it uses of the table.",
    "metadata": "Write down the tables as op.create_table() calls.",
    "enum": "Write the values down in the script.",
    "settings": "Write the value down in the script, or pass it with -x and read it with context.get_x_argument().",
    "session": "Use the connection of the migration: op.get_bind().",
    "constant": "Write the value down in the script.",
    "code": "Copy what it does into the script, or into a module beside the migrations that is never changed.",
}


@dataclass(frozen=True, slots=True)
class Options:
    allow: tuple[str, ...] = ()
    """Modules whose names may be imported, those below them included."""


@rule("MG115", on=Revision, severity=Severity.WARNING, options=Options, yields_to=("MG116",))
def application_import(view: RevisionView, options: Options) -> Iterator[Problem]:
    """Flag a script that uses models, settings, sessions or enums of the application, which change behind its back."""
    for use, direction in scripts.facts(view, ApplicationUse):
        if any(use.name == each or use.name.startswith(f"{each}.") for each in options.allow):
            continue
        yield Problem(
            f'"{use.name}" is code of the application: it {_HAPPENS[use.kind]}, and when it is moved every '
            "Alembic command fails",
            use.span,
            object=use.name,
            help=_HELP[use.kind],
            instead=_instead(use),
            direction=direction,
        )


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
