"""What the tests of round trips need: servers of the machine."""

from __future__ import annotations

import pytest

from tests import servers


@pytest.fixture(autouse=True, scope="session")
def servers_of_the_machine() -> None:
    """Give the tests up where there is no PostgreSQL or MariaDB."""
    servers.needs_postgresql()
    servers.needs_mariadb()
