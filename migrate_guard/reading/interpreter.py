"""Interpret a script abstractly: (script, direction, schema, target) -> operations, each with the schema around it.

Values are computed as far as they can be; questions to the database are answered from the folded schema; a condition
that stays open is followed both ways, and the operations inside carry it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from msgspec.structs import replace

from migrate_guard.model.revision import Direction, Revision, Run, UnreadableScript
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.application import with_parts_used
from migrate_guard.reading.compound import Interpreter
from migrate_guard.reading.machine import Fails, OutOfBudget
from migrate_guard.reading.project import Project, package_of
from migrate_guard.reading.script import Script
from migrate_guard.reading.values import (
    HOLE,
    External,
    Function,
    Partial,
    Scope,
    Value,
)


def interpret(
    script: Script,
    direction: Direction,
    schema: Schema,
    target: Target,
    project: Project,
    engine_name: str | None = None,
    fails: Fails | None = None,
) -> Run:
    """Interpret one direction of a script from `schema` on; never raises on what the script holds.

    `engine_name` is what a multidb environment passes to `upgrade()` and `downgrade()`. `fails` tells of an operation
    whether a database with that schema refuses it; without it, what follows `except` may always run.
    """
    project.reached.clear()
    machine = Interpreter(target, project, schema, script.source.path, fails)
    scope = Scope(path=script.source.path, package=package_of(script.path.parent, project.roots))
    raises: Span | None = None
    try:
        for hook in project.type_hooks:
            machine.resolve(External(hook))
        machine.load_module(script.tree, scope)
        if direction == "downgrade":
            # what a script does to the database while it is imported has been there before the upgrade
            machine.transitions.clear()
            machine.schema = schema
        function = scope.variables.get(direction)
        if isinstance(function, External):
            function = machine.resolve(function)
        args: Sequence[Value] = ()
        if isinstance(function, Partial) and isinstance(function.function, Function):
            args, function = function.args, function.function
        if isinstance(function, Function):
            machine.raised_at = None
            # what a decorator of another module makes of the function stands there
            with machine.elsewhere(_place(script, direction)) if function.scope.path != machine.path else nullcontext():
                machine.call_function(function, args or _arguments(function, engine_name), {}, None)
            raises = machine.raised_at
            if raises and direction == "upgrade":
                machine.unbounded(raises, f"upgrade() raises here on {target.dialect}")
        elif function is not None:
            machine.unbounded(_place(script, direction), f"{direction} is not a function that can be read")
    except OutOfBudget as error:
        machine.unbounded(_place(script, direction), f"interpreting {direction}() was given up: {error}")
    except RecursionError:
        machine.unbounded(_place(script, direction), f"{direction}() is nested too deeply to be interpreted")
    except MemoryError:
        machine.unbounded(
            _place(script, direction), f"interpreting {direction}() was given up: it takes too much memory"
        )
    finally:
        # a function and the scope it stands in hold each other, and with them the tree
        scope.variables.clear()
        machine.forget_modules()
    return Run(
        direction,
        tuple(machine.transitions),
        schema,
        machine.schema,
        raises,
        with_parts_used(machine.facts, script.tree),
        frozenset(project.reached),
    )


def computed_head(script: Script, target: Target, project: Project) -> Revision | UnreadableScript:
    """The head of a script; what it computes instead of writing it down is computed as far as that goes.

    A script whose own id cannot be computed is as good as unreadable.
    """
    if not script.computed:
        return script.revision
    machine = Interpreter(target, project, Schema(), script.source.path)
    scope = Scope(path=script.source.path, package=package_of(script.path.parent, project.roots))
    try:
        machine.load_module(script.tree, scope)
    except (OutOfBudget, RecursionError, MemoryError):
        return _without_id(script) if not script.revision.id else script.revision
    values = {name: _identifiers(machine.resolve(scope.variables.get(name)), machine) for name in script.computed}
    identifiers = values.get("revision", (script.revision.id,))
    if not identifiers or not identifiers[0]:
        return _without_id(script)
    return replace(
        script.revision,
        id=identifiers[0],
        down=values.get("down_revision", script.revision.down),
        depends_on=values.get("depends_on", script.revision.depends_on),
        branch_labels=values.get("branch_labels", script.revision.branch_labels),
    )


def _without_id(script: Script) -> UnreadableScript:
    return UnreadableScript(script.revision.span, "its revision is computed, and cannot be told without running it")


def _identifiers(value: Value, machine: Interpreter) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    known = [machine.resolve(each) for each in items]
    return tuple(each for each in known if isinstance(each, str) and HOLE not in each)


def _place(script: Script, direction: Direction) -> Span:
    span = script.revision.upgrade if direction == "upgrade" else script.revision.downgrade
    return span or script.source.whole()


def _arguments(function: Function, engine_name: str | None) -> Sequence[Value]:
    parameters = function.node.args.posonlyargs + function.node.args.args
    required = len(parameters) - len(function.defaults)
    return [engine_name if engine_name is not None else ""] if required == 1 or (parameters and engine_name) else []
