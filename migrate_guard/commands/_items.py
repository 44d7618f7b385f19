"""Revisions as items of pytest: each makes its round trip, all on one scratch database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard import engine
from migrate_guard.commands._judging import Prepared, prepared, sifted
from migrate_guard.commands._options import EnvironmentOptions, RuleOptions, RunOptions
from migrate_guard.commands._rounds import Made, Teller, judged_rounds, made, planned
from migrate_guard.config import Overrides, target
from migrate_guard.model.finding import Finding, Report
from migrate_guard.reporters import Look, reporter
from migrate_guard.terminal import UserError

if TYPE_CHECKING:
    from migrate_guard.model.revision import Revision
    from migrate_guard.reading.discover import AlembicEnvironment, Selection

FIXTURES: Final = ("alembic_config", "alembic_engine")
"""What users of pytest-alembic define: where the scripts are, and an engine of the server to try them on."""

_ANY: Final = EnvironmentOptions(None, None, None, False, ())
_RULES: Final = RuleOptions((), (), ())


class RoundTripFailed(Exception):
    """A round trip with findings; the text shows them as `migrate-guard roundtrip` does."""


class Items:
    """Adds an item for every revision, below the folder of the conftest.py that has the fixtures."""

    def __init__(self, since: str | None, last: int | None) -> None:
        self._since, self._last = since, last
        self._histories: list[HistoryItems] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        from migrate_guard.reading.discover import discover

        selection = discover([session.config.rootpath], cwd=Path.cwd(), environ={})
        parent = _home(session, items)
        for found in selection.environments:
            history = HistoryItems.of(found, selection, self._since, self._last)
            self._histories.append(history)
            items.extend(RevisionItem.of(parent, revision, history) for revision in history.revisions)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know which revisions are left after -k and the like."""
        for history in self._histories:
            history.wanted = frozenset(
                each.revision.id for each in session.items if isinstance(each, RevisionItem) and each.history is history
            )

    def pytest_sessionfinish(self) -> None:
        for history in self._histories:
            history.end()


def _home(session: pytest.Session, items: Iterable[pytest.Item]) -> pytest.Collector:
    """The folder highest up that has a conftest.py, so that its fixtures are seen; the session where there is none."""
    folders = {each.path: each for item in items for each in item.iter_parents() if isinstance(each, pytest.Directory)}
    having = [path for path in folders if (path / "conftest.py").exists()]
    return folders[min(having, key=lambda path: len(path.parts))] if having else session


class HistoryItems(Struct, eq=False):
    """The round trips of one history, made one after the other as their items ask for them."""

    run: Prepared
    selection: Selection
    found: AlembicEnvironment
    reading: engine.Reading
    revisions: Sequence[Revision]
    wanted: frozenset[str] = frozenset()
    _making: Iterator[Made] | None = None
    _done: dict[str, Made] = field(default_factory=dict)

    @classmethod
    def of(cls, found: AlembicEnvironment, selection: Selection, since: str | None, last: int | None) -> HistoryItems:
        from migrate_guard.commands._since import reviewed

        run = prepared([found.root], Overrides(), _RULES, _ANY).of(found)
        reading = engine.read(found, target(run.settings, found.url), Path.cwd())
        order = reading.history.order[-last:] if last else reading.history.order
        if since is not None:
            under_review = reviewed(since, reading, found).range.revisions
            order = tuple(each for each in order if each.id in under_review)
        return cls(run, selection, found, reading, order)

    def report(self, revision: Revision, given: Given) -> Report:
        """Make the round trip of a revision, and return what the rules say of it."""
        if self._making is None:
            settings = replace(self.run.settings, scratch_url=self.run.settings.scratch_url or given.server)
            walk = planned(self.wanted, self.reading, self.found, settings, RunOptions(x=given.x))
            self._making = made(walk, settings, self.reading.target, Teller(len(self.wanted), quiet=True))
        while revision.id not in self._done:
            trip = next(self._making, None)
            if trip is None:
                raise UserError(f"the run has ended before {revision.id}")
            self._done[trip.trip.revision.id] = trip
        outcome = judged_rounds(self.run, self.reading, [self._done[revision.id]])
        return sifted([outcome], self.selection, self.run.settings, self.run.rules, self.run.started)

    def fails(self, findings: Iterable[Finding]) -> bool:
        return any(each.severity >= self.run.settings.fail_on for each in findings)

    def end(self) -> None:
        """Take the scratch database away."""
        if self._making is not None:
            self._making.close()  # type: ignore[attr-defined]  # a generator


class RevisionItem(pytest.Function):
    """A revision that makes its round trip."""

    revision: Revision
    history: HistoryItems

    @classmethod
    def of(cls, parent: pytest.Collector, revision: Revision, history: HistoryItems) -> RevisionItem:
        item = cls.from_parent(parent, name=f"roundtrip[{revision.id}]", callobj=round_trip)
        assert isinstance(item, cls)
        item.revision, item.history = revision, history
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        return Path(self.revision.path), self.revision.span.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *arguments: Any) -> Any:
        if isinstance(excinfo.value, RoundTripFailed | UserError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *arguments)


def round_trip(request: pytest.FixtureRequest) -> None:
    """Fail where the round trip of the item's revision has findings at or above fail-on."""
    item = request.node
    assert isinstance(item, RevisionItem)
    given = Given.by(request)
    if not given.means(item.history.found):
        pytest.skip("alembic_config names other scripts")
    report = item.history.report(item.revision, given)
    if item.history.fails(report.findings):
        raise RoundTripFailed(reporter("text")(report, Look(quiet=True)))
    for finding in report.findings:
        item.add_report_section("call", "migrate-guard", f"{finding.span}: {finding.code} {finding.message}")


class Given(Struct, frozen=True):
    """What the user's fixtures say."""

    file: str | None = None
    script_location: str | None = None
    x: tuple[str, ...] = ()
    server: str | None = None
    """The URL of a server on which databases of our own are made."""

    @classmethod
    def by(cls, request: pytest.FixtureRequest) -> Given:
        """Ask `alembic_config` (a dict, or a Config of Alembic or of pytest-alembic) and `alembic_engine`."""
        config, engine = (_value(request, each) for each in FIXTURES)
        config = getattr(config, "alembic_config", None) or getattr(config, "config_options", None) or config
        server = _server(engine)
        if isinstance(config, Mapping):
            return cls(_text(config.get("file")), _text(config.get("script_location")), (), server)
        if config is None or not hasattr(config, "get_main_option"):
            return cls(server=server)
        x = getattr(config.cmd_opts, "x", None) or ()
        return cls(_text(config.config_file_name), _text(config.get_main_option("script_location")), tuple(x), server)

    def means(self, found: AlembicEnvironment) -> bool:
        """Whether it speaks of this environment, as far as it says which it speaks of."""
        if self.script_location is not None and found.script_location is not None:
            return Path(self.script_location).resolve() == found.script_location.resolve()
        if self.file is not None and found.config_path is not None:
            return Path(self.file).resolve() == found.config_path.resolve()
        return True


def _value(request: pytest.FixtureRequest, name: str) -> Any:
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError:
        return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _server(engine: Any) -> str | None:
    """The server of an engine, without its driver; None of SQLite, which has none."""
    if engine is None or engine.url.get_backend_name() == "sqlite":
        return None
    url = engine.url.set(drivername=engine.url.get_backend_name())
    return str(url.render_as_string(hide_password=False))
