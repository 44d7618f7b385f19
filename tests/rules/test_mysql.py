"""What MySQL and MariaDB copy, lose, refuse and ignore, beyond the examples of the pages."""

from __future__ import annotations

import pytest

from tests.checking import check
from tests.conftest import MakeProject, script

TABLE = """op.create_table(
        "t",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("a", sa.String(20), nullable=False, server_default="x", comment="told"),
        sa.Column("b", sa.Integer()),
        sa.Column("d", sa.DateTime(), server_default=sa.text("now() ON UPDATE now()"), nullable=False),
        sa.Column("e", sa.Enum("p", "q", name="e"), nullable=False),
        sa.Column("s", sa.Text()),
    )"""


def found(make_project: MakeProject, change: str, *codes: str, dialect: str = "mariadb") -> list[tuple[str, str]]:
    """The code and message of each finding of some rules in a revision that makes a change."""
    root = make_project({"a.py": script("a1", None, TABLE), "b.py": script("b2", "a1", change)})
    report = check(root, dialect=dialect)  # type: ignore[arg-type]  # one of those that there are
    return [(each.code, each.message) for each in report.findings if each.code.startswith(codes or ("MG81", "MG3"))]


LOST = [
    ('op.alter_column("t", "a", nullable=True, existing_type=sa.String(20))', "DEFAULT 'x' and COMMENT 'told'"),
    ('op.alter_column("t", "id", existing_type=sa.Integer(), comment="c", existing_nullable=False)', "AUTO_INCREMENT"),
    (
        (
            'op.alter_column("t", "d", server_default=sa.text("CURRENT_TIMESTAMP"), existing_type=sa.DateTime(),'
            " existing_nullable=False)"
        ),
        "",
    ),
    ('op.alter_column("t", "d", server_default=sa.text("now()"), existing_type=sa.DateTime())', "NOT NULL"),
    (
        (
            'op.alter_column("t", "a", existing_type=sa.String(30), nullable=False, existing_server_default="x",'
            ' existing_comment="told")'
        ),
        "its type VARCHAR(20)",
    ),
    ("op.execute('ALTER TABLE t MODIFY a VARCHAR(30) NOT NULL')", "DEFAULT 'x' and COMMENT 'told'"),
    ("op.execute(\"ALTER TABLE t MODIFY a VARCHAR(30) NULL DEFAULT 'y' COMMENT ''\")", ""),
]


@pytest.mark.parametrize(("change", "lost"), LOST)
def test_what_is_lost(change: str, lost: str, make_project: MakeProject) -> None:
    messages = [message for _, message in found(make_project, change, "MG813")]
    if not lost:
        assert messages == []
        return
    (message,) = messages
    assert f"leaves out {lost}: that is gone" in message


def test_type_that_is_not_told(make_project: MakeProject) -> None:
    """Alembic raises before anything is copied."""
    ((code, message),) = found(make_project, 'op.alter_column("t", "a", nullable=True)')
    assert (code, message) == ("MG813", 'alter_column() of "t.a" fails: Alembic has to be told existing_type')


QUIET = [
    'op.alter_column("t", "b", server_default="3", existing_type=sa.Integer())',
    'op.add_column("t", sa.Column("z", sa.Integer(), server_default="0", nullable=False))',
    'op.drop_column("t", "b")',
    'op.create_index("ix", "t", ["b"])',
    'op.alter_column("t", "b", nullable=False, existing_type=sa.Integer())',
    "op.execute('ALTER TABLE t MODIFY b BIGINT, ALGORITHM=INPLACE, LOCK=NONE')",
    # a length that is computed elsewhere
    'from elsewhere import SIZE; op.add_column("t", sa.Column("z", sa.String(SIZE)))',
]


@pytest.mark.parametrize("change", QUIET)
def test_quiet(change: str, make_project: MakeProject) -> None:
    assert found(make_project, change) == []


ONE = [
    # one finding where several rules could speak
    ('op.alter_column("t", "b", type_=sa.BigInteger(), existing_type=sa.Integer())', "MG811"),
    ('op.add_column("t", sa.Column("z", sa.Integer(), sa.Computed("b + 1", persisted=True)))', "MG811"),
    ("op.execute('ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4')", "MG811"),
    ("op.execute('ALTER TABLE t ADD COLUMN z INT, ALGORITHM=COPY')", "MG811"),
    ('op.create_index("ix", "t", ["s"], mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT")', "MG301"),
    ('op.execute("LOCK TABLES t WRITE")', "MG327"),
    ('op.execute("TRUNCATE TABLE t")', "MG329"),
    (
        (
            'op.alter_column("t", "e", type_=sa.Enum("q", "p", name="e"), existing_type=sa.Enum("p", "q", name="e"),'
            " existing_nullable=False)"
        ),
        "MG816",
    ),
    ('op.drop_index("nowhere")', "MG817"),
]


@pytest.mark.parametrize(("change", "code"), ONE)
def test_one_finding(change: str, code: str, make_project: MakeProject) -> None:
    (finding,) = found(make_project, change)
    assert finding[0] == code
    assert not any(mode in finding[1] for mode in ("ACCESS", "CONCURRENTLY", "transaction ends"))


def test_postgresql_does_not_hear_of_it(make_project: MakeProject) -> None:
    change = 'op.drop_index("ix_of_t"); op.alter_column("t", "a", type_=sa.String(30))'
    assert found(make_project, change, "MG8", dialect="postgresql") == []


OPAQUE = """for name in op.get_bind().execute(sa.text("SELECT name FROM things")).scalars():
        op.execute(f"ALTER TABLE {name} ADD COLUMN x INT")
        op.execute(compute_it())"""


def test_what_is_not_known_crashes_no_rule(make_project: MakeProject) -> None:
    assert [code for code, _ in found(make_project, OPAQUE, "MG000", "MG811")] == []


OWN_TYPE = """class Name(sa.types.TypeDecorator):
        impl = sa.String

        def load_dialect_impl(self, dialect):
            return dialect.type_descriptor(sa.String(80))

    op.add_column("t", sa.Column("c", Name()))
    op.add_column("t", sa.Column("d", sa.String()))"""


def test_a_type_of_the_project_decides_its_length_itself(make_project: MakeProject) -> None:
    (message,) = [message for _, message in found(make_project, OWN_TYPE, "MG814")]
    assert '"t.d" is VARCHAR without a length' in message
