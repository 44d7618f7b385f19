from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking.client_defaults import written_default, written_onupdate
from migrate_guard.asking.declarations import Argument, declaration
from migrate_guard.model.instead import Code
from migrate_guard.model.models import Attribute, ClientDefault, Model
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, ModelView, Problem, Severity, rule

CLOCKS: Final = frozenset({"datetime.datetime", "datetime.date", "datetime.time"})
OTHERS: Final = frozenset({"uuid.UUID", "builtins.str", "builtins.int", "builtins.float", "builtins.bytes"})
CHANGING: Final = lazily(
    r"(?<!func\.)\b(?:now|utcnow|today|uuid[1-8]|time\.time|time_ns|monotonic|perf_counter|getnode"
    r"|token_(?:hex|bytes|urlsafe)|randint|randrange|randbits|getrandbits|urandom|random\.\w+|ulid|ULID|ksuid|nanoid)"
    r"(?:\(|\.\w+\()"
)
"""Calls that give another value each time, wherever they stand in an expression."""
STRING: Final = lazily(r"""'[^'\n]*'|"[^"\n]*\"""")
CALL: Final = lazily(r"(?P<function>[\w.]+)\((?P<arguments>[^()]*)\)")
UTCNOW: Final = lazily(r"(?:\w+\.)*(?:datetime|dt)\.utcnow\(\s*\)")
CONSTANT: Final = lazily(r"[\d\"']|\b(?:min|max)\b")
"""What an expression has that spells a moment out: date(1970, 1, 1), datetime.min, UUID("…")."""
TO_THE_MICROSECOND: Final = lazily(r"datetime\.datetime\((?:\d+, ){6}\d+")
"""How Python prints a moment that nobody has typed in."""


@rule("MG630", on=Model, severity=Severity.WARNING)
def import_time_default(view: ModelView) -> Iterator[Problem]:
    """Flag a default that was computed once, when the module was imported: every row gets that value."""
    for attribute in view.model.attributes:
        for value, written in ((attribute.default, written_default), (attribute.onupdate, written_onupdate)):
            if value is not None and value.kind == "constant" and value.type in CLOCKS | OTHERS:
                argument = written(view.models, attribute)
                if _is_of_import(value, argument.value):
                    yield _problem(view, attribute, argument)


def _is_of_import(value: ClientDefault, code: str) -> bool:
    if CHANGING.search(STRING.sub("''", code)):
        return True
    if value.type not in CLOCKS or CONSTANT.search(code):
        return False
    return CALL.fullmatch(code) is not None or TO_THE_MICROSECOND.match(value.text) is not None


def _problem(view: ModelView, attribute: Attribute, argument: Argument) -> Problem:
    name = f"{view.model.table}.{attribute.column}"
    shown, function = " ".join(argument.value.split()), _without_call(argument.value)
    code = declaration(view.models, attribute.span)
    is_layered = not argument.name or "Field(" in code
    keyword = "default_factory" if is_layered and argument.name != "onupdate" else argument.name
    end = "the second INSERT fails" if _is_unique(view.table, attribute.column) else "every row gets the same"
    return Problem(
        f'"{name}" gets what {shown or "its default"} was when the module was imported: {end}',
        attribute.span,
        object=name,
        help=f"Write {keyword}={function}: a function, which is called for each row.",
        instead=() if is_layered else (Code(argument.replaced(code, function)),),
        confidence=Confidence.HIGH if CALL.fullmatch(argument.value) else Confidence.MEDIUM,
    )


def _without_call(code: str) -> str:
    """The function that gives anew what an expression was at import."""
    call = CALL.fullmatch(code)
    if UTCNOW.fullmatch(code):
        return "lambda: datetime.now(timezone.utc)"
    if call is not None and not call["arguments"].strip():
        return call["function"]
    return f"lambda: {code}" if code else "lambda: datetime.now(timezone.utc)"


def _is_unique(table: Table | None, column: str) -> bool:
    """Whether no two rows have the same value in a column."""
    if table is None:
        return False
    keys: list[tuple[str | None, ...]] = [each.columns for each in table.unique_constraints]
    keys += [each.columns for each in table.indexes if each.unique]
    keys += [table.primary_key.columns] if table.primary_key else []
    return (column,) in keys
