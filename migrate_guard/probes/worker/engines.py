"""SQLAlchemy: engines of another dialect are refused; those that connect in a way of their own are led home.

The arguments of a connection are rewritten by the driver's patch, which a creator or a pool of the user's comes
through as well as `Dialect.connect`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable
from weakref import WeakSet

from .drivers import KNOWN
from .own import are_ours
from .refusal import DIALECTS, mismatch, refused
from .sqlite import MEMORY, path_of

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect
    from sqlalchemy.pool import Pool

    from .connections import Connections
    from .databases import Databases

_FAMILIES = {"mariadb": "mysql"}


class Engines:
    """What is known of the engines that user code makes."""

    def __init__(
        self,
        databases: Databases,
        connections: Connections,
        used: Callable[[str], None],
        tell: Callable[[Exception], Exception],
    ) -> None:
        self._databases, self._connections, self._used, self._tell = databases, connections, used, tell
        self._pools: WeakSet[Pool] = WeakSet()

    def patch(self) -> None:
        """Listen to all engines, those that are there already too."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool

        event.listen(Engine, "do_connect", self._connect)
        original = Pool._should_wrap_creator  # noqa: SLF001 - all pools have their creator called through what it returns
        engines = self

        def should_wrap_creator(pool: Pool, creator: Any) -> Callable[[Any], Any]:
            engines._pools.add(pool)
            invoke = original(pool, creator)
            is_engines = getattr(creator, "__module__", "") == "sqlalchemy.engine.create"
            return invoke if is_engines else lambda record: engines._create(pool, invoke, record)

        Pool._should_wrap_creator = should_wrap_creator  # type: ignore[method-assign, assignment] # noqa: SLF001

    def forget_connections(self) -> None:
        """Let no pool give out a connection that it has now: their database is no longer there."""
        now = time.time()
        for pool in list(self._pools):
            pool._invalidate_time = now  # noqa: SLF001 - as SQLAlchemy does when a server has gone away

    def _connect(self, dialect: Dialect, _record: object, args: list[Any], arguments: dict[str, Any]) -> Any:
        if not are_ours():
            self._admit(dialect, args)
            if args == [MEMORY] and self._databases.server.dialect == "sqlite":
                # in memory, what one connection migrates another would not see
                args = [self._databases.file_for(MEMORY)]
        # not left to the listeners of the user's, which ask others for a password
        return dialect.connect(*args, **arguments)

    def _create(self, pool: Pool, invoke: Callable[[Any], Any], record: object) -> Any:
        """Connect by a creator of the user's; without it where it needs more than the scratch, as a proxy."""
        dialect: Any = pool._dialect  # noqa: SLF001 - what an engine has given its pool
        is_of_engine = hasattr(dialect, "create_connect_args")
        if are_ours() or not is_of_engine or self._is_aside(dialect):
            return invoke(record)
        self._admit(dialect, [])
        try:
            return invoke(record)
        except Exception:  # noqa: BLE001 - user code raises what it likes
            from sqlalchemy.engine import make_url

            url = self._connections.url(dialect.driver, self._databases.standing_for(None))
            args, arguments = dialect.create_connect_args(make_url(url))
            return dialect.connect(*args, **arguments)

    def _admit(self, dialect: Dialect, args: list[Any]) -> None:
        family = _FAMILIES.get(dialect.name, dialect.name)
        if self._is_aside(dialect) and path_of(args[0], is_uri=True) == MEMORY:
            return
        if family != self._databases.server.dialect:
            raise self._tell(mismatch(dialect.name, self._databases.server.dialect))
        if dialect.driver not in KNOWN:
            raise self._tell(refused(f"{DIALECTS[family]} by {dialect.driver}"))
        self._used(dialect.driver)

    def _is_aside(self, dialect: Dialect) -> bool:
        """Say whether an engine is of SQLite in a project of another dialect; its files are refused when opened."""
        return dialect.name == "sqlite" and self._databases.server.dialect != "sqlite"
