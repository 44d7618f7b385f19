"""Keyword arguments that go from a declaration."""

from __future__ import annotations

import pytest

from migrate_guard.asking.declarations import without_argument


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (
            "x: Mapped[int] = mapped_column(primary_key=True, index=True)",
            "x: Mapped[int] = mapped_column(primary_key=True)",
        ),
        ("x: Mapped[int] = mapped_column(index=True, unique=True)", "x: Mapped[int] = mapped_column(unique=True)"),
        ("x: Mapped[int] = mapped_column(index=True)", "x: Mapped[int] = mapped_column()"),
        ("x = Column(Integer, index=True)", "x = Column(Integer)"),
        ("x = Column(Integer, index=True, nullable=False)", "x = Column(Integer, nullable=False)"),
        ("x = Column(\n    Integer,\n    index=True,\n)", "x = Column(\n    Integer,\n)"),
        ("index = Column(Integer, index=True)", "index = Column(Integer)"),
        ("x = Column(Integer)", None),
        ("x: Mapped[int]", None),
    ],
)
def test_without(code: str, left: str | None) -> None:
    assert without_argument(code, "index") == left
