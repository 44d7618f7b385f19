from __future__ import annotations

import pytest
from sqlalchemy.sql.elements import TextClause

from migrate_guard.reading.colons import PARAMETER

TEXTS = (
    """'{"a":true}'""",
    """'{"a": 1}'""",
    """'{"n":1,"m":2}'""",
    "x::int",
    r"\:a",
    "'[[:alpha:]]'",
    "12:30:00",
    "' :30'",
    "a[:2]",
    "a := b",
    ":foo::bar",
    ":foo :bar",
    "é:a",
    "(:a)",
)


@pytest.mark.parametrize("text", TEXTS)
def test_parameters_are_those_that_sqlalchemy_sees(text: str) -> None:
    ours = [each[1] for each in PARAMETER.finditer(text)]
    assert ours == [each[1] for each in TextClause._bind_params_regex.finditer(text)]
