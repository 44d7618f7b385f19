"""Which upgrades leave something that a downgrade has to take back."""

from __future__ import annotations

import pytest

from migrate_guard.model import operations as ops
from migrate_guard.model.environment import Environment
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run, Transition
from migrate_guard.model.schema import Column, Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, RevisionView
from migrate_guard.rules.empty_downgrade import Options, empty_downgrade

SPAN = Span("a.py", 1, 1, 1, 2)
TEXT = Type("TEXT", family="text")
USERS, COPY = QualifiedName("users"), QualifiedName("users_copy")
BASE = Schema().with_table(Table(USERS, SPAN, columns=(Column("email", TEXT, SPAN),)))
ADD = ops.AddColumn(span=SPAN, table=USERS, column=Column("city", TEXT, SPAN))


def run(*operations: ops.Operation, raises: Span | None = None) -> Run:
    schema, transitions = BASE, []
    for each in operations:
        after = apply(schema, each)
        transitions.append(Transition(each, schema, after))
        schema = after
    return Run("upgrade", tuple(transitions), BASE, schema, raises)


def check(up: Run, down: Run | None = None, options: Options | None = None) -> list[Problem]:
    revision = Revision("a1", "a.py", SPAN, upgrade=SPAN, downgrade=SPAN)
    view = RevisionView(revision, up, down or run(), Environment("migrations"), Target.default())
    return list(empty_downgrade.check(view, options or Options()))


@pytest.mark.parametrize(
    "op",
    [
        ADD,
        ops.DropTable(span=SPAN, table=QualifiedName("given")),
        ops.AlterColumn(span=SPAN, table=USERS, column="email", modify_nullable=False),
        ops.RawSql(span=SPAN, sql="", kind="CREATE FUNCTION"),
        ops.AddEnumValue(span=SPAN, enum=QualifiedName("status"), value="late"),
    ],
)
def test_something_stays(op: ops.Operation) -> None:
    (problem,) = check(run(op))
    assert problem.message.startswith("downgrade() does nothing although upgrade() ")
    assert len(check(run(op), run(ops.SetParameter(span=SPAN, name="lock_timeout", value="1s")))) == 1


@pytest.mark.parametrize(
    "operations",
    [
        (),
        (ops.Insert(span=SPAN, table=USERS), ops.Update(span=SPAN, table=USERS), ops.Delete(span=SPAN, table=USERS)),
        (ops.Opaque(span=SPAN, reason="unknown"),),
        (ops.ValidateConstraint(span=SPAN, table=USERS, constraint="ck"),),
        (ops.RawSql(span=SPAN, sql="", kind="ANALYZE"), ops.RawSql(span=SPAN, sql="", kind="CREATE EXTENSION")),
        (ops.AddEnumValue(span=SPAN, enum=QualifiedName("status"), value="late", if_not_exists=True),),
        (ops.CreateTable(span=SPAN, table=Table(COPY, SPAN)), ops.DropTable(span=SPAN, table=COPY)),
        (ops.AlterColumn(span=SPAN, table=USERS, column="email", existing_type=TEXT, modify_type=TEXT),),
    ],
)
def test_nothing_stays(operations: tuple[ops.Operation, ...]) -> None:
    assert check(run(*operations)) == []


def test_a_refusal_is_a_decision() -> None:
    assert check(run(ADD), run(raises=SPAN)) == []


def test_a_downgrade_that_does_something_is_no_matter_of_this_rule() -> None:
    assert check(run(ADD), run(ops.Opaque(span=SPAN, reason="unknown"))) == []
    assert check(run(ADD), run(ops.DropColumn(span=SPAN, table=USERS, column="city"))) == []


def test_the_policy() -> None:
    assert check(run(ADD), options=Options("none")) == []
    (problem,) = check(run(ADD), options=Options("raise"))
    assert problem.instead == 'raise NotImplementedError("a1 cannot be taken back")'
    (problem,) = check(run(ADD, ops.Insert(span=SPAN, table=USERS)))
    assert problem.instead == 'op.drop_column("users", "city")'
