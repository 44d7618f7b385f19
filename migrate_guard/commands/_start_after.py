"""What the setting `start-after` means for each environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.commands._shared import location_of
from migrate_guard.config import EVERYWHERE, ConfigError, Mistake, Settings, nearest
from migrate_guard.history.range import Range, behind

if TYPE_CHECKING:
    from migrate_guard.model.revision import History
    from migrate_guard.reading.discover import AlembicEnvironment


class Start(Struct):
    """The revisions at which a project has started with the tool, and what is wrong with them."""

    settings: Settings
    _unknown: dict[str, str | None] = field(default_factory=dict)
    """Ids for every environment that none has had so far, each with the id that it is perhaps meant to be."""
    _found: set[str] = field(default_factory=set)
    _mistakes: list[Mistake] = field(default_factory=list)

    def range_of(self, history: History, found: AlembicEnvironment) -> Range | None:
        """What has come after the start in an environment; None where the setting says nothing of it.

        A database that stands at the start has not run it; each revision is a deploy of its own.
        """
        place = self._place(found)
        ids = self.settings.start_after.get(place if place is not None else EVERYWHERE, ())
        known = tuple(each for each in ids if each in history.revisions)
        for each in ids if found.scripts else ():
            if each in known:
                self._found.add(each)
            elif place is None:
                self._unknown[each] = self._unknown.get(each) or _meant(each, history)
            else:
                self._mistakes.append(self._mistake(f'start-after."{place}"', each, _meant(each, history)))
        return replace(behind(history, known), is_one_run=False) if known else None

    def complain(self) -> None:
        """Raise ConfigError for ids that no environment has."""
        mistakes = [*self._mistakes]
        for each, meant in self._unknown.items():
            if each not in self._found:
                mistakes.append(self._mistake("start-after", each, meant))
        if mistakes:
            raise ConfigError(mistakes, str(self.settings.origin) if self.settings.origin else None)

    def _mistake(self, key: str, id: str, meant: str | None) -> Mistake:
        origin = self.settings.origins.get("start-after")
        return Mistake(key, f'there is no revision "{id}"', meant, origin.line if origin else None)

    def _place(self, found: AlembicEnvironment) -> str | None:
        """The script location under which the setting speaks of an environment in particular."""
        return self.settings.place_of(location_of(found), self.settings.start_after)


def _meant(id: str, history: History) -> str | None:
    longer = [each for each in history.revisions if each.startswith(id)]
    return longer[0] if len(longer) == 1 else nearest(id, history.revisions)
