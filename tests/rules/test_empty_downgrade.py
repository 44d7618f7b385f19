"""Which upgrades leave something that a downgrade has to take back."""

from __future__ import annotations

import textwrap

import pytest
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.environment import Environment
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run, Transition
from migrate_guard.model.schema import Column, EnumType, Index, IndexElement, Schema, Table, Type, UniqueConstraint
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, RevisionView
from migrate_guard.rules.empty_downgrade import Options, empty_downgrade
from tests.checking import check as check_project
from tests.checking import written
from tests.conftest import MakeProject, script

SPAN = Span("a.py", 1, 1, 1, 2)
TEXT = Type("TEXT", family="text")
USERS, COPY = QualifiedName("users"), QualifiedName("users_copy")
BASE = Schema().with_table(Table(USERS, SPAN, columns=(Column("email", TEXT, SPAN),)))
EMAIL = Column("email", TEXT, SPAN)
ADD = ops.AddColumn(span=SPAN, table=USERS, column=Column("city", TEXT, SPAN))
DROP = ops.DropColumn(span=SPAN, table=USERS, column="city")


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


def downgrade(body: str) -> str:
    return "def downgrade() -> None:\n" + textwrap.indent(body, "    ")


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


COPY_OF_USERS = ops.CreateTable(span=SPAN, table=Table(COPY, SPAN, columns=(Column("email", TEXT, SPAN),)))
INDEX = Index("ix", (IndexElement("email"),), SPAN)
UNIQUE = UniqueConstraint(name="uq", columns=("email",), span=SPAN)
FOREIGN = QualifiedName("not_ours")


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param((ADD, ops.DropColumn(span=SPAN, table=USERS, column="city")), id="column"),
        pytest.param(
            (
                ADD,
                ops.AlterColumn(span=SPAN, table=USERS, column="city", modify_nullable=False),
                ops.RenameColumn(span=SPAN, table=USERS, column="city", new_name="town"),
                ops.DropColumn(span=SPAN, table=USERS, column="town"),
            ),
            id="renamed column",
        ),
        pytest.param(
            (
                ops.CreateIndex(span=SPAN, table=USERS, index=INDEX),
                ops.DropIndex(span=SPAN, index=QualifiedName("ix"), table=USERS),
            ),
            id="index",
        ),
        pytest.param(
            (
                ops.CreateIndex(span=SPAN, table=USERS, index=INDEX),
                ops.DropIndex(span=SPAN, index=QualifiedName("ix")),
            ),
            id="index without its table",
        ),
        pytest.param(
            (
                ops.AddConstraint(span=SPAN, table=USERS, constraint=UNIQUE),
                ops.DropConstraint(span=SPAN, table=USERS, constraint="uq"),
            ),
            id="constraint",
        ),
        pytest.param(
            (
                ops.AlterColumn(span=SPAN, table=USERS, column="email", modify_nullable=False),
                ops.AlterColumn(span=SPAN, table=USERS, column="email", modify_nullable=True),
            ),
            id="property of a column",
        ),
        pytest.param(
            (
                COPY_OF_USERS,
                ops.CreateIndex(span=SPAN, table=COPY, index=INDEX),
                ops.DropIndex(span=SPAN, index=QualifiedName("unheard of"), table=COPY),
                ops.RenameTable(span=SPAN, table=COPY, new_name=QualifiedName("aside")),
                ops.DropTable(span=SPAN, table=QualifiedName("aside")),
            ),
            id="table",
        ),
        pytest.param(
            (
                ops.CreateEnum(span=SPAN, enum=EnumType(QualifiedName("mood"), ("good",), SPAN)),
                ops.DropType(span=SPAN, type=QualifiedName("mood")),
            ),
            id="type",
        ),
        pytest.param(
            (
                ops.AddColumn(span=SPAN, table=FOREIGN, column=ADD.column),
                ops.DropColumn(span=SPAN, table=FOREIGN, column="city"),
            ),
            id="column of a table that the history does not make",
        ),
    ],
)
def test_what_comes_and_goes_within_the_upgrade_does_not_stay(operations: tuple[ops.Operation, ...]) -> None:
    assert check(run(*operations)) == []


@pytest.mark.parametrize(
    ("operations", "message", "inverse"),
    [
        pytest.param(
            (ADD, ops.RenameColumn(span=SPAN, table=USERS, column="city", new_name="town")),
            'adds "users.city" (and 1 more)',
            'op.alter_column("users", "town", new_column_name="city")\nop.drop_column("users", "city")',
            id="a column under its second name",
        ),
        pytest.param(
            (
                ADD,
                ops.CreateIndex(span=SPAN, table=USERS, index=INDEX),
                ops.DropColumn(span=SPAN, table=USERS, column="city"),
            ),
            'creates "users.ix"',
            'op.drop_index("ix", table_name="users")',
            id="what stays beside what goes",
        ),
        pytest.param(
            (
                COPY_OF_USERS,
                ops.AddColumn(span=SPAN, table=COPY, column=ADD.column),
                ops.DropTable(span=SPAN, table=USERS),
                ops.RenameTable(span=SPAN, table=COPY, new_name=USERS),
            ),
            'creates "users_copy" (and 3 more)',
            None,
            id="a table in the place of another",
        ),
        pytest.param(
            (
                ops.DropColumn(span=SPAN, table=USERS, column="email"),
                ops.AddColumn(span=SPAN, table=USERS, column=EMAIL),
            ),
            'drops "users.email" (and 1 more)',
            None,
            id="a column made anew",
        ),
        pytest.param(
            (
                ops.AddColumn(span=SPAN, table=FOREIGN, column=ADD.column),
                ops.DropTable(span=SPAN, table=FOREIGN),
            ),
            'drops "not_ours"',
            None,
            id="a table that the history does not make",
        ),
        pytest.param(
            (ADD, replace(DROP, condition="if it is late")),
            'adds "users.city" (and 1 more)',
            None,
            id="a drop that may not run",
        ),
    ],
)
def test_what_stays(operations: tuple[ops.Operation, ...], message: str, inverse: str | None) -> None:
    (problem,) = check(run(*operations))
    assert problem.message.startswith(f"downgrade() does nothing although upgrade() {message}, so")
    assert written(problem) == downgrade(inverse or 'raise NotImplementedError("a1 cannot be taken back")')


def test_a_refusal_is_a_decision() -> None:
    assert check(run(ADD), run(raises=SPAN)) == []


def test_a_downgrade_that_does_something_is_no_matter_of_this_rule() -> None:
    assert check(run(ADD), run(ops.Opaque(span=SPAN, reason="unknown"))) == []
    assert check(run(ADD), run(ops.DropColumn(span=SPAN, table=USERS, column="city"))) == []


def test_the_policy() -> None:
    assert check(run(ADD), options=Options("none")) == []
    (problem,) = check(run(ADD), options=Options("raise"))
    assert written(problem) == downgrade('raise NotImplementedError("a1 cannot be taken back")')
    (problem,) = check(run(ADD, ops.Insert(span=SPAN, table=USERS)))
    assert written(problem) == downgrade('op.drop_column("users", "city")')


COPIED = """with op.batch_alter_table("users") as batch_op:
        batch_op.create_check_constraint("ck_users_name", "name <> ''")"""


def test_the_copy_of_a_batch_block_is_no_change_of_its_own(make_project: MakeProject) -> None:
    users = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))'
    made = script("a1", None, users, 'op.drop_table("users")')
    root = make_project({"a.py": made, "b.py": script("b2", "a1", COPIED)})
    (message,) = [each.message for each in check_project(root, dialect="sqlite").findings if each.code == "MG202"]
    assert 'upgrade() adds "users.ck_users_name", so' in message
