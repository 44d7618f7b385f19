"""Whether a downgrade takes its upgrade back: on paper, and what a real database makes of the same snippets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, NullPool, create_engine, text

from benchmarks.proving import CATALOGUE, Catalogue, Kind, judged
from tests import servers
from tests.history.reversing import Case, described, execute, reversal, table

CASES = table(Path(__file__).parent / "reversals.txt")
PROVEN = [each for each in CASES if each.expected[0] != "unknown" and "history does not create" not in each.name]
REALLY: dict[str, Kind] = {
    "restored": "clean",
    "empty-downgrade": "downgrade-changes-nothing",
    "declared-irreversible": "downgrade-raises",
}
"""What happens in a database, where it is not what the outcome says itself."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reversal(case: Case, tmp_path: Path) -> None:
    assert described(reversal(tmp_path, case)) == case.expected


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with servers.postgresql(tmp_path_factory.mktemp("reversal")) as server:
        host = server.dsn.partition("host=")[2].partition(" ")[0]
        yield create_engine(f"postgresql+psycopg://postgres@/postgres?host={host}", poolclass=NullPool)


@pytest.mark.parametrize("case", PROVEN, ids=lambda case: case.name)
def test_a_real_database_agrees(case: Case, engine: Engine) -> None:
    outcome = case.expected[0]
    assert really(case, engine) == REALLY.get(outcome, outcome)


def really(case: Case, engine: Engine) -> Kind:
    """What becomes of a case in a database."""
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        execute(connection, case.given)
    seen = [catalogue(engine)]
    for step, code in (("upgrade", case.upgrade), ("downgrade", case.downgrade), ("again", case.upgrade)):
        try:
            with engine.begin() as connection:
                execute(connection, code)
        except Exception as error:  # noqa: BLE001  whatever Alembic, SQLAlchemy or the database raises is the result
            return judged(step, f"{error}", seen).kind
        seen.append(catalogue(engine))
    return judged("again", "", seen).kind


def catalogue(engine: Engine) -> Catalogue:
    with engine.connect() as connection:
        return frozenset(tuple(row) for row in connection.exec_driver_sql(CATALOGUE.replace("%", "%%")))


BASE = """op.create_table(
    "{t}",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("a", sa.String(20), nullable=False, server_default="x"),
    sa.Column("b", sa.Integer(), index=True),
    sa.UniqueConstraint("a", name="uq_{t}"),
)
op.execute("CREATE TYPE kind_{t} AS ENUM ('x', 'y')")"""
"""What every step of a random history finds: `{t}` is a table that nobody else touches."""
STEPS = (
    ('op.create_table("new_{t}", sa.Column("id", sa.Integer()))', 'op.drop_table("new_{t}")'),
    ('op.rename_table("{t}", "other_{t}")', 'op.rename_table("other_{t}", "{t}")'),
    ('op.add_column("{t}", sa.Column("c", sa.Text()))', 'op.drop_column("{t}", "c")'),
    ('op.drop_column("{t}", "b")', 'op.add_column("{t}", sa.Column("b", sa.Integer(), index=True))'),
    ('op.alter_column("{t}", "b", type_=sa.BigInteger())', 'op.alter_column("{t}", "b", type_=sa.Integer())'),
    ('op.alter_column("{t}", "a", nullable=True)', 'op.alter_column("{t}", "a", nullable=False)'),
    ('op.alter_column("{t}", "a", server_default=None)', 'op.alter_column("{t}", "a", server_default="x")'),
    ('op.alter_column("{t}", "b", new_column_name="c")', 'op.alter_column("{t}", "c", new_column_name="b")'),
    ('op.create_index("ix_{t}", "{t}", ["a", "b"])', 'op.drop_index("ix_{t}", table_name="{t}")'),
    ('op.drop_index("ix_{t}_b", table_name="{t}")', 'op.create_index("ix_{t}_b", "{t}", ["b"])'),
    ('op.drop_constraint("uq_{t}", "{t}")', 'op.create_unique_constraint("uq_{t}", "{t}", ["a"])'),
    ('op.create_check_constraint("ck_{t}", "{t}", "b > 0")', 'op.drop_constraint("ck_{t}", "{t}")'),
    ('op.create_foreign_key("fk_{t}", "{t}", "{t}", ["b"], ["id"])', 'op.drop_constraint("fk_{t}", "{t}")'),
    ("op.execute(\"CREATE TYPE new_{t} AS ENUM ('x')\")", 'op.execute("DROP TYPE new_{t}")'),
    ('op.execute("DROP TYPE kind_{t}")', "op.execute(\"CREATE TYPE kind_{t} AS ENUM ('x', 'y')\")"),
    (
        "op.execute(\"ALTER TYPE kind_{t} RENAME VALUE 'x' TO 'z'\")",
        "op.execute(\"ALTER TYPE kind_{t} RENAME VALUE 'z' TO 'x'\")",
    ),
    ('op.execute("CREATE VIEW v_{t} AS SELECT a FROM {t}")', 'op.execute("DROP VIEW v_{t}")'),
    ('op.execute("CREATE SEQUENCE s_{t}")', 'op.execute("DROP SEQUENCE s_{t}")'),
)
"""Operations with their exact inverses."""
Steps = list[tuple[str, str]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, Steps]:
    """What is given, and random steps on it, each with its inverse."""
    chosen = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=5))
    names = [f"t{number}" for number in range(len(chosen))]
    given_code = "\n".join(BASE.replace("{t}", name) for name in names)
    steps = [
        (there.replace("{t}", name), back.replace("{t}", name))
        for (there, back), name in zip(chosen, names, strict=True)
    ]
    return given_code, steps


def case_of(given_code: str, steps: Steps, backs: list[str]) -> Case:
    return Case("random", given_code, "\n".join(there for there, _ in steps), "\n".join(backs) or "pass", [])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_exact_inverses_restore_and_one_forgotten_is_told(
    tmp_path: Path, history: tuple[str, Steps], random: Random
) -> None:
    given_code, steps = history
    backs = [back for _, back in reversed(steps)]
    random.shuffle(backs)  # they have nothing to do with each other
    assert described(reversal(tmp_path, case_of(given_code, steps, backs))) == ["restored"]
    forgetful = reversal(tmp_path, case_of(given_code, steps, backs[1:]))
    assert forgetful.outcome in ("second-upgrade-raises", "schema-not-restored", "empty-downgrade")
    assert any(each.is_certain for each in forgetful.differences)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0][:40])
def test_the_inverses_are_exact(step: tuple[str, str], engine: Engine) -> None:
    there, back = (code.replace("{t}", "t0") for code in step)
    assert really(case_of(BASE.replace("{t}", "t0"), [(there, back)], [back]), engine) == "clean"
