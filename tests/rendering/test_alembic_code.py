"""What is printed as Alembic code is read again as the same operations, and is what Alembic takes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.dialects import mysql, postgresql

from migrate_guard.model import operations as ops
from migrate_guard.model.instead import AutocommitBlock, Code, Downgrade, Instead, Note, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import DIALECTS, DialectName, Target
from migrate_guard.rendering.alembic import alembic_code
from tests.reading.interpreting import run
from tests.reading.sql_describe import describe
from tests.rendering.snippets import MODULE, Case, cases

NOWHERE = Span("", 1, 1, 1, 1)
SNIPPETS = cases("alembic_code.txt")


def meant(value: Any) -> Any:
    """A value of the model without its places, and without what another way of writing it changes."""
    match value:
        case Span():
            return NOWHERE
        case Expression():
            return Expression(value.text)
        case tuple() if not hasattr(value, "_fields"):
            return tuple(map(meant, value))
    if not isinstance(value, Struct):
        return value
    parts = {each: meant(getattr(value, each)) for each in value.__struct_fields__}
    if isinstance(value, ops.Operation):
        parts |= {"is_sql": False, "part": 0, "text": ""}
    if isinstance(value, ops.AddColumn):
        parts["constraints"] = tuple(sorted(parts["constraints"], key=describe))
    if isinstance(value, ops.RawSql):
        parts["sql"] = " ".join(value.sql.split())
    return replace(value, **parts)


def told(operations: Iterable[ops.Operation]) -> list[str]:
    """Operations in the order they run, one a line."""
    return [repr(meant(each)) for each in operations]


def read(folder: Path, code: str, dialect: DialectName) -> list[ops.Operation]:
    """The operations of a piece of an upgrade."""
    done = run(folder, code, module=MODULE, dialect=dialect)
    return [each.operation for each in done.transitions]


def in_blocks(operations: Sequence[ops.Operation]) -> Instead:
    """Operations as a rule would put them: in an autocommit block what is in one."""
    parts: list[Any] = []
    for each in operations:
        if not each.in_autocommit:
            parts.append(each)
        elif parts and isinstance(parts[-1], AutocommitBlock):
            parts[-1] = AutocommitBlock((*parts[-1].body, each))
        else:
            parts.append(AutocommitBlock((each,)))
    return tuple(parts)


def emitted(code: str, dialect: str = "postgresql") -> str:
    """The SQL that Alembic emits for the code, offline."""
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True}
    )
    with Operations.context(context) as op:
        run_printed(code, op)
    return buffer.getvalue()


def run_printed(code: str, op: Operations) -> None:
    exec(compile(code, "printed", "exec"), {"op": op, "sa": sa, "postgresql": postgresql, "mysql": mysql})


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: each.title)
def test_what_is_printed(snippet: Case, tmp_path: Path) -> None:
    operations = read(tmp_path, snippet.body, snippet.dialect)
    code = alembic_code(in_blocks(operations), Target.default(snippet.dialect)) or ""
    assert code == snippet.expected
    assert told(read(tmp_path, code, snippet.dialect)) == told(operations)


OFFLINE = [each for each in SNIPPETS if each.dialect != "sqlite"]


@pytest.mark.parametrize("snippet", OFFLINE, ids=lambda each: each.title)
def test_alembic_takes_what_is_printed(snippet: Case) -> None:
    assert emitted(snippet.expected, snippet.dialect)


def test_alembic_takes_batch_mode() -> None:
    engine = sa.create_engine("sqlite://")
    (code,) = (each.expected for each in SNIPPETS if each.dialect == "sqlite")
    with engine.connect() as connection:
        for statement in (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER)",
            "CREATE INDEX old ON t (b)",
            "CREATE TABLE u (a INTEGER, x INTEGER, CONSTRAINT old UNIQUE (a))",
        ):
            connection.exec_driver_sql(statement)
        with Operations.context(MigrationContext.configure(connection)) as op:
            run_printed(code, op)
        assert {each["name"] for each in sa.inspect(connection).get_columns("u")} == {"a"}
    engine.dispose()


# -- names that need quotes, escapes, or both

LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
ODD = st.sampled_from([" ", '"', "'", "\\", ":", "%", "`", ".", "$", "a", "B", "é", "\U0001f389"])
NAMES = st.one_of(
    st.sampled_from(["order", "user", "a b", 'say "hi"', "it's", "back\\slash", ":param", "a:b", "Ünïcode", "select"]),
    st.text(ODD | LETTERS, min_size=1, max_size=8).filter(lambda name: name.strip() == name),
)
PLAIN = NAMES.filter(lambda name: "." not in name)
TABLES = st.builds(QualifiedName, PLAIN, st.none() | PLAIN)
TYPES = st.sampled_from(
    [
        Type("INTEGER", family="integer"),
        Type("VARCHAR", ("80",), family="text"),
        Type("NUMERIC", ("12", "2"), family="decimal"),
        Type("TIMESTAMP WITH TIME ZONE", family="timestamp"),
        Type("mood", values=("it's", ":x", "\\"), family="enum"),
        Type("money_type", schema="app"),
    ]
)
TEXTS = st.text(ODD | LETTERS, max_size=12)
DEFAULTS = st.one_of(
    st.none(),
    TEXTS.map(lambda text: Expression("'" + text.replace("'", "''") + "'")),
    st.sampled_from([Expression("now()"), Expression("'{}'::jsonb"), Expression("':x'::text || ':y'")]),
)
CONDITIONS = TEXTS.map(lambda text: Expression("a = '" + text.replace("'", "''") + "'"))


@st.composite
def columns(draw: st.DrawFn) -> Column:
    comment = draw(st.none() | TEXTS)
    type_ = draw(TYPES)
    return Column(
        draw(NAMES),
        type_,
        NOWHERE,
        nullable=draw(st.booleans()),
        default=draw(DEFAULTS),
        comment=None if type_.name == "money_type" else comment,
    )


@st.composite
def tables(draw: st.DrawFn, name: QualifiedName) -> Table:
    column = draw(columns())
    # what is created by SQL has its comment from a statement of its own
    comment = None if column.type.name == "money_type" else draw(st.none() | TEXTS)
    return Table(name, NOWHERE, (column,), comment=comment)


@st.composite
def indexes(draw: st.DrawFn) -> Index:
    keys = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return Index(
        draw(NAMES),
        tuple(map(IndexElement, keys)),
        NOWHERE,
        unique=draw(st.booleans()),
        where=draw(st.none() | CONDITIONS),
        include=tuple(draw(st.lists(NAMES, max_size=1))),
    )


@st.composite
def constraints(draw: st.DrawFn) -> PrimaryKey | UniqueConstraint | ForeignKey | CheckConstraint:
    name, keys = draw(NAMES), tuple(draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)))
    match draw(st.sampled_from(["primary", "unique", "foreignkey", "check"])):
        case "primary":
            return PrimaryKey(name=name, columns=keys, span=NOWHERE)
        case "unique":
            return UniqueConstraint(name=name, columns=keys, span=NOWHERE, deferrable=draw(st.booleans()))
        case "foreignkey":
            return ForeignKey(
                name=name,
                columns=keys,
                span=NOWHERE,
                not_valid=draw(st.booleans()),
                referred_table=draw(TABLES),
                referred_columns=keys,
                ondelete=draw(st.sampled_from([None, "CASCADE"])),
            )
    return CheckConstraint(name=name, span=NOWHERE, expression=draw(CONDITIONS), not_valid=draw(st.booleans()))


@st.composite
def operations_on_odd_names(draw: st.DrawFn) -> ops.Operation:
    table, name = draw(TABLES), draw(NAMES)
    about: dict[str, Any] = {"span": NOWHERE, "table": table}
    makers: list[Callable[[], ops.Operation]] = [
        lambda: ops.CreateTable(span=NOWHERE, table=draw(tables(table))),
        lambda: ops.DropTable(**about, cascade=draw(st.booleans())),
        lambda: ops.AddColumn(**about, column=draw(columns())),
        lambda: ops.DropColumn(**about, column=name),
        lambda: ops.RenameColumn(**about, column=name, new_name=draw(NAMES.filter(lambda each: each != name))),
        lambda: ops.RenameTable(**about, new_name=QualifiedName(draw(PLAIN), table.schema)),
        lambda: ops.AlterColumn(**about, column=name, modify_type=draw(TYPES), using=draw(st.none() | CONDITIONS)),
        lambda: ops.CreateIndex(**about, index=draw(indexes()), concurrently=draw(st.booleans())),
        lambda: ops.DropIndex(**about, index=QualifiedName(name, table.schema)),
        lambda: ops.RenameIndex(span=NOWHERE, index=table, new_name=name),
        lambda: ops.AddConstraint(**about, constraint=draw(constraints())),
        lambda: ops.DropConstraint(**about, constraint=name, kind="unique"),
        lambda: ops.DropConstraint(**about, constraint=name, if_exists=True),
        lambda: ops.ValidateConstraint(**about, constraint=name),
        lambda: ops.RenameConstraint(**about, constraint=name, new_name=draw(NAMES)),
        lambda: ops.AddEnumValue(span=NOWHERE, enum=table, value=draw(TEXTS), before=draw(st.none() | TEXTS)),
        lambda: ops.SetParameter(span=NOWHERE, name="application_name", value=draw(TEXTS)),
    ]
    return draw(st.sampled_from(makers))()


def without_columns_of_checks(operation: ops.Operation) -> ops.Operation:
    """What a reader makes out in the text of a CHECK is no matter here."""
    if isinstance(operation, ops.AddConstraint) and isinstance(operation.constraint, CheckConstraint):
        return replace(operation, constraint=replace(operation.constraint, columns=()))
    return operation


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=operations_on_odd_names())
def test_odd_names(operation: ops.Operation, tmp_path: Path) -> None:
    code = alembic_code((operation,), Target.default()) or ""
    again = read(tmp_path, code, "postgresql")
    assert told(map(without_columns_of_checks, again)) == told([operation])
    assert emitted(code)


# -- the parts around operations

ADD = ops.AddColumn(
    span=NOWHERE, table=QualifiedName("t"), column=Column("a", Type("INTEGER", family="integer"), NOWHERE)
)
PRINTED = 'op.add_column("t", sa.Column("a", sa.Integer(), nullable=True))'
LOST = ops.Update(span=NOWHERE, table=QualifiedName("t"))


@pytest.mark.parametrize(
    ("instead", "expected"),
    [
        ((), None),
        ((Note("fill\nthe rows"), ADD), f"# fill\n# the rows\n{PRINTED}"),
        ((Code("revision = 'a'\nx = 1"),), "revision = 'a'\nx = 1"),
        (
            (AutocommitBlock((ADD, Note("n"))),),
            f"with op.get_context().autocommit_block():\n    {PRINTED}\n    # n",
        ),
        ((AutocommitBlock((Note("n"),)),), "with op.get_context().autocommit_block():\n    # n\n    pass"),
        ((ADD, OwnRevision((ADD,), "so")), f"{PRINTED}\n# in a revision of its own: so\n{PRINTED}"),
        ((Downgrade(),), "def downgrade() -> None:\n    pass"),
        ((Downgrade((ADD,)),), f"def downgrade() -> None:\n    {PRINTED}"),
        ((LOST,), '# what changes "t" cannot be written: there is no SQL for it'),
    ],
)
def test_parts(instead: Instead, expected: str | None) -> None:
    assert alembic_code(instead, Target.default()) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_type_without_a_construct(dialect: DialectName) -> None:
    add = replace(ADD, column=replace(ADD.column, type=Type("?", family="unknown")))
    assert alembic_code((add,), Target.default(dialect)) == (
        '# what adds "t.a" cannot be written: its type could not be computed'
    )
