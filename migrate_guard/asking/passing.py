"""What comes and goes within a run: which of its operations leave nothing, because of others or of the session."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Run, Transition

SESSION_SCHEMA: Final = "pg_temp"
"""PostgreSQL: what lies in it goes with the session (manual, "Client Connection Defaults", search_path)."""


def lasting(run: Run) -> list[Transition]:
    """The transitions of a run without those about what lasts for its session, and without statements of no operation
    of their own of which a later one takes back what they do: a function made, called and dropped, a trigger disabled
    and enabled."""
    taken_back = _taken_back(run)
    found, temporary = [], set[QualifiedName]()
    for each in run.transitions:
        operation = each.operation
        if isinstance(operation, ops.RawSql) and operation.kind.startswith("CREATE TEMPORARY "):
            temporary.update(operation.tables)
        elif id(operation) not in taken_back and not _is_about_session(operation, temporary):
            found.append(each)
        if isinstance(operation, ops.DropTable):
            temporary.discard(operation.table)
    return found


def _is_about_session(operation: ops.Operation, temporary: set[QualifiedName]) -> bool:
    match operation:
        case ops.RawSql(kind=kind, objects=names) if kind.startswith(("CREATE ", "ALTER ", "DROP ")) and names:
            return all(each.schema == SESSION_SCHEMA for each in names)
        case ops.RawSql(tables=names):
            return bool(names) and temporary.issuperset(names)
        case ops.CreateTable(table=table):
            return table.name.schema == SESSION_SCHEMA
        case ops.CreateView(view=view):
            return view.name.schema == SESSION_SCHEMA
        case ops.TableOperation(table=QualifiedName() as name):
            return name in temporary or name.schema == SESSION_SCHEMA
    return False


class _Deed(NamedTuple):
    verb: str
    thing: str
    names: tuple[QualifiedName, ...]
    place: tuple[object, ...] = ()
    """Where it is done, of a trigger, a rule or the security of rows."""


_BEGINNINGS: Final = {"CREATE": "DROP", "DISABLE": "ENABLE"}
"""What begins something that comes and goes, and what ends it."""


def _taken_back(run: Run) -> frozenset[int]:
    """The ids of statements that begin something which another ends, of those that end it, and of what lies between."""
    about = defaultdict[_Deed, list[tuple[str, ops.RawSql]]](list)
    for each in run.transitions:
        if isinstance(each.operation, ops.RawSql) and (deed := _deed(each.operation)) is not None:
            about[deed._replace(verb="")].append((deed.verb, each.operation))
    return frozenset(
        id(operation)
        for deed, statements in about.items()
        if statements[-1][0] == _BEGINNINGS.get(statements[0][0])
        and statements[-1][1].condition == statements[0][1].condition
        and not any((deed.thing, name) in run.before.definitions for name in deed.names)
        for _, operation in statements
    )


def _deed(operation: ops.RawSql) -> _Deed | None:
    words = operation.kind.split()
    if words[:2] == ["ALTER", "TABLE"] and words[2:3] in (["DISABLE"], ["ENABLE"]):
        place = operation.tables, operation.options
        return _Deed(words[2], " ".join(words[3:]), operation.objects, place)
    if words[0] in ("CREATE", "ALTER", "DROP") and operation.objects:
        thing = " ".join(words[1:])
        return _Deed(words[0], thing, operation.objects, operation.tables[:1] if thing in _ON_TABLES else ())
    return None


_ON_TABLES: Final = ("TRIGGER", "RULE", "POLICY")
"""What has a name within its table only."""
