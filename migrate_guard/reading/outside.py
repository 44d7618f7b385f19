"""What a script asks of the machine it runs on: its environment, clock, network, other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from migrate_guard.model.facts import OutsideDecision
from migrate_guard.reading.computing import outside
from migrate_guard.reading.machine import CLOCK
from migrate_guard.reading.values import Clause, ColumnValue, ConstraintValue, Generated, IndexValue, SqlType, Value

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call

_CLOCK: Final = frozenset(
    {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "time.time",
     "time.localtime", "time.gmtime", "time.strftime", "time.time_ns", "time.monotonic", "time.perf_counter"}
)  # fmt: skip
_PROGRAMS: Final = frozenset({"os.system", "os.popen", "os.execv", "os.execvp", "os.spawnl", "os.spawnv"})
_MACHINE: Final = frozenset({"socket.gethostname", "socket.getfqdn", "os.uname", "os.getlogin", "getpass.getuser"})
_RANDOM: Final = frozenset({"random", "secrets"})
_NETWORK: Final = frozenset({"requests", "httpx", "aiohttp", "urllib3", "boto3", "socket", "ftplib", "smtplib"})
_SETTINGS: Final = ("flask.current_app.", "django.conf.settings", "decouple.config", "environs.", "dynaconf.")


def source_of(path: str) -> str:
    """What a function or object outside of the project tells of, by its dotted path; empty: nothing of that kind."""
    top = path.partition(".")[0]
    if path in _CLOCK:
        return CLOCK
    if path in _MACHINE or top == "platform":
        return "the machine"
    if top in _RANDOM or path in ("uuid.uuid1", "uuid.uuid4", "os.urandom"):
        return "a random value"
    if top == "subprocess" or path in _PROGRAMS:
        return "another program"
    if top in _NETWORK or path.startswith(("urllib.request.", "http.client.")):
        return "the network"
    if path.startswith(_SETTINGS):
        return "the application's configuration"
    return "an environment variable" if path.startswith("os.environ.") else ""


def note_program(call: Call) -> None:
    """Remember that the script runs another program."""
    if call.machine.importing is None and source_of(call.path) == "another program" and not _is_name(call.path):
        call.machine.remember(OutsideDecision(span=call.span, source=f"{call.path}()", decides="program"))


def _is_name(path: str) -> bool:
    """Whether it is one of the names of subprocess that only describe: PIPE, CalledProcessError."""
    return path.rpartition(".")[2][:1].isupper() and not path.endswith(".Popen")


def note_text(call: Call, values: Iterable[Value], deed: str) -> None:
    """Remember that an argument of something that changes the schema is not known from the script."""
    source = call.source or next(filter(None, map(outside, parts(values))), "")
    if source:
        call.machine.remember(OutsideDecision(span=call.span, source=source, decides="text", deed=deed))


def parts(values: Iterable[Value]) -> Iterator[Value]:
    """The values, and all that constructs among them are made of."""
    pending = list(values)
    count = 0
    while pending and count < _MAXIMUM_PARTS:
        each = pending.pop()
        count += 1
        yield each
        if each is None or isinstance(each, str):
            continue
        match each:
            case ColumnValue():
                given = (value for name, value in each.options.items() if name not in _OF_PYTHON)
                pending += [each.name, each.type, *each.arguments, *given]
            case ConstraintValue():
                pending += [*each.columns, *each.referred, each.sqltext, *each.options.values()]
            case IndexValue():
                pending += [each.name, *each.elements, *each.options.values()]
            case SqlType():
                pending += [*each.args, *each.kwargs.values()]
            case Generated():
                pending += [*each.args, *each.options.values()]
            case list() | tuple():
                pending += each
            case dict():
                pending += each.values()
            case Clause():
                pass


_MAXIMUM_PARTS: Final = 5_000
_OF_PYTHON: Final = frozenset({"default", "onupdate", "insert_default", "default_factory"})
"""Arguments of a column that are none of the database's."""
