"""What statements do, predicted, against what they did on PostgreSQL 12 to 18.

lock_truth.json holds one entry a statement form: the statements, what was run before them on the database of
lock_fixture.sql, and per group of versions the locks on tables, views and sequences, whether another session could read
and write, and whether rows were written anew or all read. Where `exact` is false the locks were sampled while the
statement ran outside of a transaction, and are a lower bound.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from migrate_guard.model.locks import LockMode
from tests.dialects.postgresql.predicting import HERE, Prediction, predict

FORMS: Final[list[dict[str, Any]]] = json.loads((HERE / "lock_truth.json").read_text())
_TIME_ZONE: Final = "the TimeZone of the session decides whether the rows stay as they are"
DEPENDS: Final = {
    "alter_type_timestamp_timestamptz_utc": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_etc_utc": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_gmt": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_london": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_newyork": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_utc_indexed": _TIME_ZONE,
    "alter_type_timestamp_timestamptz_utc_with_index_elsewhere": _TIME_ZONE,
    "alter_type_timestamptz_timestamp_utc": _TIME_ZONE,
    "alter_type_timestamptz_timestamp_newyork": _TIME_ZONE,
    "reassign_owned": "which tables belong to a role is not known",
    "update_batch": "the planner decides whether id < 100 is found by the index or by reading all rows",
}
"""Forms of which a part cannot be predicted, and why; the answers there have to be "depends"."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["id"])
def test_form(form: dict[str, Any]) -> None:
    for measured in form["measured"]:
        for version in measured["versions"]:
            _compare(predict(form["sql"], form["setup"], version), measured, is_open=form["id"] in DEPENDS)


def _compare(prediction: Prediction, measured: dict[str, Any], *, is_open: bool) -> None:
    told = prediction.told()
    expected = {key: measured[key] for key in told}
    if is_open:
        depending = {key for key, value in told.items() if value == "depends"}
        assert depending
        expected.update(dict.fromkeys(depending, "depends"))
        if prediction.effects.open_locks:
            expected["locks"] = told["locks"]
    if not measured.get("exact", True):
        assert _covers(told.pop("locks"), expected.pop("locks"))
    assert told == expected
    assert all(isinstance(each, str) and each for each in prediction.effects.why)


def _covers(predicted: dict[str, str], sampled: dict[str, str]) -> bool:
    """Whether no lock was seen that is not predicted; partitions stand for those that are seen of them."""
    modes = {name: LockMode.named(mode) for name, mode in sampled.items()}
    return all(
        name in predicted and (LockMode.named(predicted[name]) or 0) >= (mode or 0) for name, mode in modes.items()
    )


def test_forms_that_depend_are_there() -> None:
    assert set(DEPENDS) <= {form["id"] for form in FORMS}
    assert len(FORMS) > 400
