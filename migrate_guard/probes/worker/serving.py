"""Run what a walk asks for: several requests in one run of env.py, where that changes nothing.

A run of env.py goes on from request to request as `alembic upgrade head` goes on from revision to revision, but that
each is committed. It ends with a step that fails, with one that leaves something to its session, and where the walk
wants an end.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from alembic.runtime.migration import MigrationContext, MigrationStep

from .migrations import Migrations, Step
from .protocol import GivenUp


class Request(NamedTuple):
    """What a walk asks for."""

    steps: Sequence[Step]
    is_apart: bool = False
    """In a run of env.py of its own, as each command of `alembic`."""


LEAVE = Request(())
"""Let env.py come to its end."""

Requests = Generator[Request, None, None]


class Failed(Exception):
    """What user code has raised while a request was served."""

    def __init__(self, error: Exception, *, has_shared: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.has_shared = has_shared
        """Its run of env.py has served other requests before."""


def serve(migrations: Migrations, requests: Requests) -> None:
    """Serve all requests; one that fails raises Failed where it is made. Raises GivenUp, and what the walk raises."""
    request = next(requests, None)
    while request is not None:
        request = _Run(migrations, requests, request).go() if request.steps else next(requests, None)


class _Run:
    """One run of env.py."""

    def __init__(self, migrations: Migrations, requests: Requests, first: Request) -> None:
        self._migrations, self._requests = migrations, requests
        self._request: Request | None = first
        self._is_waiting = False
        """The request was made within this run, and has not been served."""
        self._has_shared = False
        self._raised: BaseException | None = None
        """What the walk itself has raised: env.py is not to catch it."""

    def go(self) -> Request | None:
        """Return the first request that is left for another run, None where there is none."""
        assert self._request is not None
        self._migrations.sessions.is_marked = False
        try:
            self._migrations.within(self._wanted, self._request.steps[-1].revision)
        except GivenUp:
            raise
        except Exception as error:  # noqa: BLE001 - whatever user code raises: who has asked tells of it
            try:
                return self._requests.throw(Failed(error, has_shared=self._has_shared))
            except StopIteration:
                return None
        if self._raised is not None:
            raise self._raised
        return self._request if self._is_waiting else next(self._requests, None)

    def _wanted(self, context: MigrationContext) -> Iterator[MigrationStep]:
        while self._request is not None and self._request.steps:
            is_apart = self._request.is_apart
            if is_apart and self._is_waiting:
                return
            self._is_waiting = False
            yield from self._migrations.steps(self._request.steps)
            if is_apart or not self._goes_on(context):
                return
            self._has_shared = True
            try:
                self._request = next(self._requests, None)
            except BaseException as error:  # noqa: BLE001 - raised again when env.py has ended
                self._raised = error
                return
            self._is_waiting = True

    def _goes_on(self, context: MigrationContext) -> bool:
        """Whether the session can serve another request: then what this one did is committed.

        Where a step that fails does not leave the database as it was, it could not be tried again by itself.
        """
        if not self._migrations.can_share or self._migrations.sessions.is_marked or not context.impl.transactional_ddl:
            return False
        transaction = context._transaction  # noqa: SLF001 - as `autocommit_block` does between statements
        if transaction is None:
            return not context._in_connection_transaction()  # noqa: SLF001 - else it is env.py's own
        if not transaction.is_active:
            return False
        transaction.commit()
        assert context.connection is not None
        context._transaction = context.connection.begin()  # noqa: SLF001
        return True
