"""Models of every style beside their migrations: healthy as they are, and with a fault planted in each."""

# ruff: noqa: E501 - lines of the fixtures are quoted as they are

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from migrate_guard.__main__ import run

FIXTURES = Path(__file__).parents[1] / "fixtures"
HEALTHY = ("async_env", "batch", "branched", "clinic", "flask_migrate", "library", "linear", "multidb", "sqlmodel")


Drifted: TypeAlias = Callable[[Path], list[tuple[str, str]]]


class Fault(NamedTuple):
    fixture: str
    file: str
    written: str
    instead: str
    found: list[tuple[str, str]]
    """Codes and objects."""


LINEAR, CLUB, HEROES, CLINIC = "helpdesk/models.py", "club/models.py", "app/models.py", "clinic/models.py"
VENUES, BOOKS, BASE = "src/venues/tables.py", "library/models.py", "library/base.py"

FAULTS = [
    # declarative of SQLAlchemy 2.0
    Fault("linear", LINEAR, "name: Mapped[str] = mapped_column(String(200))", "name: Mapped[str] = mapped_column(String(100))",
          [("MG152", "accounts.name")]),
    Fault("linear", LINEAR, "body: Mapped[str] = mapped_column(Text)", "body: Mapped[str | None] = mapped_column(Text)",
          [("MG152", "messages.body")]),
    Fault("linear", LINEAR, "    domain: Mapped[str] = mapped_column(String(253), unique=True)\n", "", [("MG151", "accounts.domain")]),
    Fault("linear", LINEAR, "    body: Mapped[str] = mapped_column(Text)\n",
          "    body: Mapped[str] = mapped_column(Text)\n    read_at: Mapped[datetime | None]\n", [("MG150", "messages.read_at")]),
    Fault("linear", LINEAR, '    solved = "solved"\n', '    solved = "solved"\n    spam = "spam"\n', [("MG152", "ticket_status")]),
    Fault("linear", LINEAR, 'ForeignKey("tickets.id", ondelete="CASCADE"), index=True', 'ForeignKey("tickets.id", ondelete="CASCADE")',
          [("MG151", "messages.ix_messages_ticket_id")]),
    Fault("linear", LINEAR, 'server_default=text("0")', 'server_default=text("1")', [("MG152", "tickets.priority")]),
    Fault("linear", LINEAR, 'ForeignKey("teams.id", ondelete="SET NULL")', 'ForeignKey("teams.id", ondelete="CASCADE")',
          [("MG152", "agents.fk_agents_team_id_teams")]),
    # SQLModel
    Fault("sqlmodel", HEROES, "    age: int | None = None\n", "    age: int\n", [("MG152", "heroes.age")]),
    Fault("clinic", CLINIC, "max_digits=8, decimal_places=2", "max_digits=10, decimal_places=2", [("MG152", "visits.fee")]),
    Fault("clinic", CLINIC, '    dog = "dog"\n', '    dog = "dog"\n    parrot = "parrot"\n', [("MG152", "species")]),
    Fault("clinic", CLINIC, "    note: str | None = None\n", "    note: str | None = None\n    follow_up: bool = False\n",
          [("MG150", "visits.follow_up")]),
    Fault("clinic", CLINIC, 'ondelete="CASCADE", index=True)\n\n\nclass Vet', 'ondelete="CASCADE")\n\n\nclass Vet',
          [("MG151", "care.ix_care_pet_id")]),
    # Flask-Migrate
    Fault("flask_migrate", CLUB, "db.String(120), nullable=False", "db.String(120)", [("MG152", "trainings.title")]),
    Fault("flask_migrate", CLUB, "    nickname = db.Column(db.String(60))\n",
          "    nickname = db.Column(db.String(60))\n    phone = db.Column(db.String(30))\n", [("MG150", "members.phone")]),
    # Core tables, with an asynchronous env.py
    Fault("async_env", VENUES, 'UniqueConstraint("concert_id", "seat"),', "", [("MG151", "bookings.bookings_concert_id_seat_key")]),
    Fault("async_env", VENUES, "seats > 0", "seats >= 0", [("MG152", "venues.venues_seats_positive_check")]),
    Fault("async_env", VENUES, "Numeric(8, 2)", "Numeric(10, 2)", [("MG152", "concerts.ticket_price")]),
    # classic declarative with mixins
    Fault("library", BOOKS, "price = Column(Numeric(8, 2))", "price = Column(Numeric(8, 2), nullable=False)", [("MG152", "books.price")]),
    Fault("library", BOOKS, "class Loan(Entity)", "class Loan(SoftDeleteMixin, Entity)", [("MG150", "loans.deleted_at")]),
    Fault("library", BASE, "Column(DateTime(timezone=True), index=True)", "Column(DateTime, index=True)", [("MG152", "books.deleted_at")]),
    Fault("library", BOOKS, '"open", "returned", "lost"', '"open", "returned"', [("MG152", "loan_state")]),
]  # fmt: skip


@pytest.fixture
def drifted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Drifted:
    """What `drift` finds in a project."""

    def found(project: Path) -> list[tuple[str, str]]:
        monkeypatch.chdir(project)
        monkeypatch.setenv("FLASK_APP", "club")
        monkeypatch.delenv("DATABASE_URL", raising=False)
        code = run(["drift", "--python", sys.executable, "--output-format", "json"])
        out, err = capsys.readouterr()
        assert code in (0, 1), err
        return [(each["code"], each["object"]) for each in json.loads(out)["findings"]]

    return found


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy(name: str, tmp_path: Path, drifted: Drifted) -> None:
    shutil.copytree(FIXTURES / name, tmp_path / name)
    assert drifted(tmp_path / name) == []


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{each.fixture}-{each.found[0][1]}" for each in FAULTS])
def test_faulty(fault: Fault, tmp_path: Path, drifted: Drifted) -> None:
    project = tmp_path / fault.fixture
    shutil.copytree(FIXTURES / fault.fixture, project)
    text = (project / fault.file).read_text(encoding="utf-8")
    assert fault.written in text
    (project / fault.file).write_text(text.replace(fault.written, fault.instead, 1), encoding="utf-8")
    assert drifted(project) == fault.found
