"""Types, domains, functions, extensions, schemas: what their changes and their end mean for the tables that use them.

Sources: `validateDomainCheckConstraint` and `get_rels_with_domain` in PostgreSQL's `commands/typecmds.c`;
`performMultipleDeletions` in `catalog/dependency.c`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.dialects.postgresql.effects import domains, tables
from migrate_guard.dialects.postgresql.effects.scene import ACCESS_EXCLUSIVE, SHARE, Scene
from migrate_guard.dialects.postgresql.extensions import of_type
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, together
from migrate_guard.model.names import QualifiedName


def _checked(operation: ops.RawSql, scene: Scene) -> Effects:
    """A domain's constraint is checked in every column of the domain, while nobody may write."""
    if "NOT VALID" in operation.options:
        return NOTHING
    found = NOTHING
    for domain in operation.objects:
        for table, column in domains.rests_on(_known(domain, scene), scene.schema):
            names = scene.stored(scene.family(table.name))
            why = f"{table.name}.{column.name} is checked for the domain {domain}"
            found = found | scene.lock(SHARE, *names) | scene.scanning(why, *names)
    return found


def _known(name: QualifiedName, scene: Scene) -> QualifiedName:
    """The domain as the schema knows it; a name without a schema may lie in any."""
    if ("DOMAIN", name) in scene.schema.definitions:
        return name
    named = [key for kind, key in scene.schema.definitions if kind == "DOMAIN" and key.name == name.name]
    return named[0] if len(named) == 1 else name


def drop_type(operation: ops.DropType, scene: Scene) -> Effects:
    """DROP TYPE: with CASCADE the columns of the type are dropped."""
    return _columns_dropped(operation.type, scene) if operation.cascade else NOTHING


def _columns_dropped(type_: QualifiedName, scene: Scene) -> Effects:
    names = [
        table.name
        for table in scene.schema.tables.values()
        if any(each.type.name == type_.name for each in table.columns)
    ]
    return scene.lock(ACCESS_EXCLUSIVE, *(each for name in names for each in scene.family(name)))


def _drop_domain(operation: ops.RawSql, scene: Scene) -> Effects:
    if "CASCADE" not in operation.options:
        return NOTHING
    names = [
        table.name for each in operation.objects for table, _ in domains.rests_on(_known(each, scene), scene.schema)
    ]
    return scene.lock(ACCESS_EXCLUSIVE, *(each for name in names for each in scene.family(name)))


def _drop_extension(operation: ops.RawSql, scene: Scene) -> Effects:
    if "CASCADE" not in operation.options:
        return NOTHING
    dropped = {each.name for each in operation.objects}
    names = [
        table.name
        for table in scene.schema.tables.values()
        if any(of_type(each.type.name) in dropped for each in table.columns)
    ]
    doubt = Effects(open_locks=("what uses a function or operator class of the extension is dropped, too",))
    return scene.lock(ACCESS_EXCLUSIVE, *names) | doubt


def _drop_function(operation: ops.RawSql, scene: Scene) -> Effects:
    """With CASCADE the triggers that call the function are dropped, and the defaults that do."""
    if "CASCADE" not in operation.options:
        return NOTHING
    dropped = {each.name for each in operation.objects}
    names = [
        each.table
        for each in scene.schema.attached.values()
        if each.kind == "TRIGGER" and dropped.intersection(each.functions)
    ]
    names += [
        table.name
        for table in scene.schema.tables.values()
        if any(each.default and dropped.intersection(each.default.functions) for each in table.columns)
    ]
    return scene.lock(ACCESS_EXCLUSIVE, *(each for name in names for each in scene.family(name)))


def _drop_schema(operation: ops.RawSql, scene: Scene) -> Effects:
    """With CASCADE everything in the schema is dropped."""
    if "CASCADE" not in operation.options:
        return NOTHING
    schemas = {None if each.name == "public" else each.name for each in operation.objects}
    schema = scene.schema
    names = [each for each in schema.tables if each.schema in schemas and scene.view(each) is None]
    others = [each for each in (*schema.views, *schema.sequences) if each.schema in schemas]
    return together(tables.dropped(each, scene, cascade=True) for each in names) | scene.lock(ACCESS_EXCLUSIVE, *others)


def _alter_composite(operation: ops.RawSql, scene: Scene) -> Effects:
    """With CASCADE the tables OF the type change with it."""
    if "CASCADE" not in operation.options:
        return NOTHING
    changed = {each.name for each in operation.objects}
    typed = [each for each in scene.schema.tables.values() if each.of_type and each.of_type.name in changed]
    found = scene.lock(ACCESS_EXCLUSIVE, *(each.name for each in typed))
    if operation.kind == "ALTER TYPE ALTER ATTRIBUTE":
        found = found | together(scene.rewriting("the column gets another type", each.name) for each in typed)
    return found


def _alter_extension(_: ops.RawSql, __: Scene) -> Effects:
    why = "the scripts of an extension's update may do anything"
    depends = Answer.depends(why)
    return Effects(open_locks=(why,), blocks_reads=depends, blocks_writes=depends, rewrites=depends, scans=depends)


EFFECTS: Final[Mapping[str, Callable[[ops.RawSql, Scene], Effects]]] = {
    **dict.fromkeys(("ALTER DOMAIN ADD", "ALTER DOMAIN VALIDATE CONSTRAINT", "ALTER DOMAIN SET NOT NULL"), _checked),
    "DROP DOMAIN": _drop_domain,
    "DROP EXTENSION": _drop_extension,
    **{f"DROP {each}": _drop_function for each in ("FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE")},
    "DROP SCHEMA": _drop_schema,
    **{f"ALTER TYPE {verb} ATTRIBUTE": _alter_composite for verb in ("ADD", "DROP", "ALTER", "RENAME")},
    "ALTER EXTENSION": _alter_extension,
}
