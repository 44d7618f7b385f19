"""The pytest plugin: with --migrate-guard every revision is a test item that makes its round trip.

Nothing is imported, discovered or run where neither the flag nor the ini option `migrate_guard` asks for it.
"""

from __future__ import annotations

import pytest

FLAG = "--migrate-guard"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag, what goes with it, and the ini option."""
    group = parser.getgroup("migrate-guard")
    group.addoption(FLAG, action="store_true", help="make a round trip of every Alembic revision on a scratch database")
    group.addoption(f"{FLAG}-since", metavar="REV|REF", help="only what comes after a revision, or is not in a git ref")
    group.addoption(f"{FLAG}-last", type=int, metavar="N", help="only the last N revisions")
    parser.addini("migrate_guard", f"as {FLAG}", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register what makes the items, where they are wanted."""
    if config.getoption(FLAG) or config.getini("migrate_guard"):
        from migrate_guard.commands._items import Items

        since, last = config.getoption(f"{FLAG}-since"), config.getoption(f"{FLAG}-last")
        config.pluginmanager.register(Items(since, last), "migrate-guard-items")
