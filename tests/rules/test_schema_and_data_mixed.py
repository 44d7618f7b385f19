"""Rows first, then the table: the deadlock that the rule tells of is one on a server."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg

from tests.servers import postgresql


def test_the_deadlock_is_one(tmp_path: Path) -> None:
    with postgresql(tmp_path) as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE orders (id int PRIMARY KEY, state text)")
            connection.execute("INSERT INTO orders VALUES (1, 'new'), (2, 'new')")
        failures: list[str] = []

        def application() -> None:
            try:
                with psycopg.connect(server.dsn) as connection:
                    connection.execute("UPDATE orders SET state = 'paid' WHERE id = 1")
            except psycopg.errors.DeadlockDetected as error:
                failures.append(str(error))

        with psycopg.connect(server.dsn) as migration:
            migration.execute("UPDATE orders SET state = 'open' WHERE state = 'new'")
            writer = threading.Thread(target=application)
            writer.start()
            with server.connect() as watching:
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                while watching.execute(waiting).fetchone() == (0,):
                    time.sleep(0.02)
            try:
                migration.execute("ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'")
            except psycopg.errors.DeadlockDetected as error:
                failures.append(str(error))
                migration.rollback()
        writer.join()
        assert len(failures) == 1
