"""Whole schemas are filled: those of the fixtures, as they fold, and tables made at random."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probes.row_databases import contents, fill, fresh_postgresql, fresh_sqlite, run
from tests.servers import PostgresServer, postgresql

VERSION: Final = "alembic_version"
_FIXTURES: Final = Path(__file__).parents[2] / "fixtures"

_DEFIED: Final = {"deploys": {"events": "it has no partition that could hold a row"}}
_TYPES: Final = [
    "smallint", "int", "bigint", "numeric(6, 2)", "real", "varchar(1)", "varchar(40)", "text", "boolean", "date",
    "timestamp", "timestamptz(0)", "time", "interval", "uuid", "jsonb", "bytea", "inet", "int[]", "text[]", "int4range",
    "daterange", "char(2)", "bit(4)", "mood",
]  # fmt: skip
_OF_OTHERS: Final = frozenset({"brewery", "garden", "warehouse"})
"""Fixtures whose DDL is that of SQLite, or of MariaDB."""
_COMPARED: Final = ["smallint", "int", "bigint", "numeric(6, 2)"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("rows")) as running:
        yield running


@pytest.mark.parametrize("name", sorted(path.name for path in _FIXTURES.iterdir() if path.name not in _OF_OTHERS))
def test_fixture_is_filled_whole(server: PostgresServer, tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "migrate_guard", "schema", "--format", "sql", str(_FIXTURES / name)]
    folded = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    with fresh_sqlite(tmp_path) if name == "batch" else fresh_postgresql(server) as connection:
        run(connection, folded)
        filled = fill(connection, 5, 1)
        assert filled.defied == _DEFIED.get(name, {})
        held = {table: found.number for table, found in contents(connection).items()}
        assert held == filled.inserted
        assert folded.count("CREATE TABLE") == len(held) + len(filled.defied) > 0


@st.composite
def _tables(draw: st.DrawFn) -> str:
    """Make tables of any types and constraints that leave room for rows, each referring to those before it."""
    statements = ["CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad')"]
    for number in range(draw(st.integers(1, 4))):
        parts = ["id bigserial PRIMARY KEY" if draw(st.booleans()) else "id int PRIMARY KEY"]
        for place in range(draw(st.integers(0, 6))):
            type_ = draw(st.sampled_from(_TYPES))
            filled = draw(st.sampled_from(["", " NOT NULL"]))
            unique = draw(st.sampled_from(["", "", " UNIQUE"])) if type_ not in ("boolean", "mood") else ""
            check = ""
            if type_ in _COMPARED:
                low = draw(st.integers(-900, 900))
                check = draw(
                    st.sampled_from(
                        ["", f" CHECK (c{place} > {low})", f" CHECK (c{place} BETWEEN {low} AND {low + 90})",
                         f" CHECK (c{place} IN ({low}, {low + 7}, {low + 9}, {low + 1}, {low + 2}))",
                         f" CHECK (c{place} < {low} OR c{place} > {low + 20})"]
                    )
                )  # fmt: skip
            parts.append(f"c{place} {type_}{filled}{unique}{check}")
        for target in range(number + 1):
            # a table may refer to itself, too
            reference = draw(
                st.sampled_from(
                    [
                        "",
                        "",
                        f"r{target} bigint REFERENCES t{target}",
                        f"r{target} int NOT NULL UNIQUE REFERENCES t{target}",
                    ]
                )
            )
            parts += [reference] if reference and (target < number or "UNIQUE" not in reference) else []
        statements.append(f"CREATE TABLE t{number} ({', '.join(parts)})")
    return ";\n".join(statements)


@settings(max_examples=15)
@given(sql=_tables(), seed=st.integers(0, 1000))
def test_tables_made_at_random_are_filled(server: PostgresServer, sql: str, seed: int) -> None:
    with fresh_postgresql(server) as connection:
        run(connection, sql)
        filled = fill(connection, 5, seed)
        assert filled.defied == {}
        assert set(filled.inserted.values()) == {5}


def test_three_hundred_tables_take_seconds_at_most(server: PostgresServer) -> None:
    with fresh_postgresql(server) as connection:
        for number in range(300):
            reference = f"REFERENCES t{number - 1}" if number % 3 else ""
            run(
                connection,
                f"CREATE TABLE t{number} (id serial PRIMARY KEY, a int NOT NULL {reference}, b varchar(40) UNIQUE, "
                "c timestamptz, d jsonb, e numeric(10, 2) NOT NULL, f text NOT NULL)",
            )
        started = perf_counter()
        filled = fill(connection, 5, 1)
        elapsed = perf_counter() - started
        assert len(filled.inserted) == 300
        # about half a second on an idle machine
        assert elapsed < 10, elapsed
