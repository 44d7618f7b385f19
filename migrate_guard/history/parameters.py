"""The parameters of the session as statements find them: what the environment sets, and SET, SET LOCAL and RESET."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from migrate_guard.dialects.postgresql.durations import milliseconds
from migrate_guard.model.environment import Environment, SessionSetting
from migrate_guard.model.operations import Operation, SetParameter
from migrate_guard.model.statement import Setting


class Parameters(Struct):
    """Those of the connection of the migration, and of the ones that a script opens besides."""

    environment: Environment
    _session: dict[str, Setting] = field(default_factory=dict)
    _local: dict[str, Setting] = field(default_factory=dict)
    """What ends with the transaction."""
    _apart: dict[str, Setting] = field(default_factory=dict)

    def connect(self) -> None:
        """Begin with what the environment sets before the first revision."""
        given = self.environment.settings
        self._session = _given(each for each in given if not each.is_local)
        self.commit()
        if self.environment.transactions == "single":
            self._local |= _given(each for each in given if each.is_local)

    def commit(self) -> None:
        """End a transaction: the next one begins with what a listener sets in each."""
        self._local = _given(each for each in self.environment.settings if each.is_local and each.is_repeated)

    def open_apart(self) -> None:
        """Begin a script: the connections that it opens know only what every connection gets."""
        self._apart = self._of_connection()

    def set(self, operation: SetParameter, *, is_block: bool) -> None:
        """Follow SET, SET LOCAL and RESET; SET LOCAL does nothing outside of a transaction block."""
        name, is_default = operation.name, operation.value.upper() == "DEFAULT"
        if operation.is_apart:
            self._apart = {**self._apart, name: _made(operation)}
        elif name == "all" and is_default:
            self.reset()
        elif is_default:
            given = {each: setting for each, setting in self._of_connection().items() if each == name}
            self._local = _without(self._local, name)
            self._session = _without(self._session, name) | given
        elif not operation.is_local:
            self._local = _without(self._local, name)
            self._session = {**self._session, name: _made(operation)}
        elif is_block:
            self._local = {**self._local, name: _made(operation)}

    def reset(self) -> None:
        """RESET ALL and DISCARD ALL give back the settings of the connection."""
        self._local = {}
        self._session = self._of_connection()

    def in_force(self, operation: Operation, *, is_block: bool) -> Mapping[str, Setting]:
        """What a statement finds set."""
        if operation.is_apart:
            return self._apart
        return {**self._session, **self._local} if is_block and self._local else self._session

    @property
    def time_zone(self) -> str | None:
        found = self._local.get("timezone") or self._session.get("timezone")
        return found.value if found else None

    @property
    def checks_foreign_keys(self) -> bool:
        """MySQL's `foreign_key_checks`."""
        return checks_foreign_keys(self._session)

    def _of_connection(self) -> dict[str, Setting]:
        return _given(each for each in self.environment.settings if each.source == "connection")


def checks_foreign_keys(settings: Mapping[str, Setting]) -> bool:
    """Whether the settings of a session leave MySQL's `foreign_key_checks` on."""
    found = settings.get("foreign_key_checks")
    return found is None or found.value.strip("'\"").lower() not in ("0", "off", "false")


def _given(settings: Iterable[SessionSetting]) -> dict[str, Setting]:
    return {each.name: Setting(each.value, each.span, None, milliseconds(each.value) == 0) for each in settings}


def _made(operation: SetParameter) -> Setting:
    return Setting(operation.value, operation.span, operation, milliseconds(operation.value) == 0)


def _without(settings: Mapping[str, Setting], name: str) -> dict[str, Setting]:
    return {each: setting for each, setting in settings.items() if each != name}
