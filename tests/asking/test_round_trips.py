"""Each kind of difference has a sentence with the names and the part of the definition that differs."""

from __future__ import annotations

import pytest

from migrate_guard.asking.round_trips import sentence
from migrate_guard.model.round_trip import Difference, RoundTripStep

FK = "FOREIGN KEY (a) REFERENCES users(id)"


@pytest.mark.parametrize(
    ("kind", "owner", "part", "before", "after", "said"),
    [
        ("enum", "status", "", None, "'a', 'b'", 'the enum type "status" is left behind'),
        ("enum", "status", "", "'a'", "'a', 'b', 'c'", "the enum type \"status\" keeps the values 'b', 'c'"),
        ("enum", "status", "", "'a', 'b'", "'b'", "the enum type \"status\" comes back without the value 'a'"),
        ("enum", "s", "", "'a', 'b'", "'b', 'a'", 'the enum type "s" comes back with its values in another order'),
        ("index", "orders", "ix_a", "btree (a)", None, 'the index "ix_a" on "orders" is missing'),
        ("index", "orders", "ix_a", None, "btree (a)\nINVALID", 'the index "ix_a" on "orders" is left behind, INVALID'),
        ("index", "t", "i", "btree (a)", "btree (a)\nINVALID", 'the index "i" on "t" comes back INVALID'),
        ("index", "t", "i", "UNIQUE\nbtree (a)", "btree (a)", 'the index "i" on "t" comes back without UNIQUE'),
        ("index", "t", "i", "btree (a)", "btree (b)", 'the index "i" on "t" comes back as btree (b), it was btree (a)'),
        (
            "index",
            "t",
            "i",
            "btree (a) WHERE (a > 0)",
            "btree (a)",
            'the index "i" on "t" comes back without WHERE (a > 0)',
        ),
        (
            "column",
            "orders",
            "total",
            "numeric(12,2)\nNOT NULL",
            "numeric(10,2)\nNOT NULL",
            'column "total" of "orders" comes back as numeric(10,2), it was numeric(12,2)',
        ),
        (
            "column",
            "t",
            "c",
            "VARCHAR(20)\nNOT NULL",
            "VARCHAR(10)",
            'column "c" of "t" comes back as VARCHAR(10) without NOT NULL, it was VARCHAR(20)',
        ),
        ("column", "t", "c", "text", "text\nNOT NULL", 'column "c" of "t" comes back NOT NULL'),
        (
            "column",
            "t",
            "c",
            "integer\nDEFAULT 0",
            "integer\nDEFAULT 1",
            'column "c" of "t" comes back with DEFAULT 1 instead of DEFAULT 0',
        ),
        (
            "constraint",
            "t",
            "fk",
            f"{FK} ON DELETE CASCADE DEFERRABLE",
            f"{FK} DEFERRABLE",
            'the constraint "fk" on "t" comes back without ON DELETE CASCADE',
        ),
        ("constraint", "t", "fk", FK, f"{FK} NOT VALID", 'the constraint "fk" on "t" comes back NOT VALID'),
        ("constraint", "t", "CHECK (a > 0)", "CHECK (a > 0)", None, 'the constraint CHECK (a > 0) on "t" is missing'),
        ("table", "s.t", "", "TABLE", "TABLE\nUNLOGGED", 'the table "s.t" comes back UNLOGGED'),
        (
            "table",
            "t",
            "",
            "TABLE\nWITH (fillfactor=70)",
            "TABLE",
            'the table "t" comes back without WITH (fillfactor=70)',
        ),
        ("table comment", "t", "", "x", None, 'the comment on the table "t" is missing'),
        ("column comment", "t", "c", "x", "y", "the comment on column \"c\" of \"t\" comes back as 'y', it was 'x'"),
        (
            "table privileges",
            "t",
            "",
            "GRANT SELECT TO a",
            "GRANT SELECT TO a\nGRANT UPDATE TO a",
            'GRANT UPDATE TO a on the table "t" is left behind',
        ),
        (
            "table owner",
            "t",
            "",
            None,
            "bob",
            'the owner of the table "t" comes back as "bob", it was the role that migrates',
        ),
        ("function", "f()", "", "a\nb\nc", "a\nd\nc", 'the function "f()" comes back as d, it was b'),
        ("function", "f()", "", "a\nb\nc", "d\nb\ne", 'the function "f()" comes back with another definition'),
        ("trigger", "t", "tr", "x", "x\nDISABLED", 'the trigger "tr" on "t" comes back DISABLED'),
        ("database", "", "", None, "SET a=b", "the database comes back with SET a=b"),
        (
            "default privileges",
            "app",
            "tables of bob",
            None,
            "GRANT SELECT TO a",
            'GRANT SELECT TO a on the tables of bob in schema "app" is left behind',
        ),
        (
            "sequence",
            "s",
            "",
            "AS bigint\nSTART WITH 5",
            "AS bigint\nSTART WITH 1",
            'the sequence "s" comes back with START WITH 1 instead of START WITH 5',
        ),
    ],
)
def test_sentence(kind: str, owner: str, part: str, before: str | None, after: str | None, said: str) -> None:
    assert sentence(Difference("downgrade", kind, owner, part, before, after)) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, "btree (a)", 'the index "i" on "t" is there only after the second upgrade'),
        ("btree (a)", None, 'the index "i" on "t" is missing after the second upgrade'),
        (
            "btree (a)",
            "btree (b)",
            'the index "i" on "t" comes out of the second upgrade as btree (b), it was btree (a)',
        ),
    ],
)
def test_second_upgrade(before: str | None, after: str | None, said: str) -> None:
    step: RoundTripStep = "second upgrade"
    assert sentence(Difference(step, "index", "t", "i", before, after)) == said
