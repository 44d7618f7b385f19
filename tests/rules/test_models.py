"""What the rules say of models: faults with their healthy twins, in each style of declaring them."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from msgspec.structs import replace

from migrate_guard.engine.modelling import judge_models
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Finding
from migrate_guard.model.models import ClientDefault, Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Table
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.rules import load_rules
from tests.modelled import PATH, callable_, constant, modelled

MOMENT = "datetime.datetime"
UTCNOW = callable_("datetime.datetime.utcnow")
STAMPED = constant("datetime.datetime(2026, 5, 3, 10, 33, 12, 123456)", MOMENT)
TEXT = constant("'0b5c'", "builtins.str")
NUMBER = constant("1777804392", "builtins.int")
EPOCH = constant("datetime.datetime(1970, 1, 1, 0, 0)", MOMENT)
LATEST = constant("datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)", MOMENT)
UUID = constant("UUID('0b5c…')", "uuid.UUID")


def said(models: Models, code: str = "MG", dialect: DialectName = "postgresql") -> list[Finding]:
    outcome = judge_models(
        models,
        load_rules(),
        {},
        environment=Environment("migrations"),
        target=Target.default(dialect),
        location=".",
        name="app.models",
    )
    return [each for each in outcome.findings if each.code.startswith(code)]


def model(*lines: str) -> str:
    body = "".join(f"    {each}\n" for each in lines)
    return f'class Order(Base):\n    __tablename__ = "orders"\n{body}'


def orders(*columns: str) -> str:
    return f"CREATE TABLE orders ({', '.join(columns)})"


CLOCK = "TIMESTAMP WITH TIME ZONE"


@pytest.mark.parametrize(
    ("line", "column", "default", "help"),
    [
        ("x: Mapped[str] = mapped_column(default=make)", f"x {CLOCK} NOT NULL", UTCNOW, "sa.func.now()"),
        ("x = Column(JSON, default=dict)", "x JSON NOT NULL", callable_("builtins.dict"), "sa.text(\"'{}'\")"),
        ("x = Column(JSON, default=list)", "x JSONB NOT NULL", callable_("builtins.list"), "sa.text(\"'[]'\")"),
        ("x = Column(default=func.f())", "x TEXT NOT NULL", ClientDefault("sql", "f()"), 'sa.text("f()")'),
        ("x = Column(default=Decimal(1))", "x NUMERIC NOT NULL", constant("Decimal('1')", "decimal.Decimal"), "that"),
        ("x = Column(default=uuid4)", "x UUID NOT NULL", callable_("uuid.uuid4"), None),
        ("x = Column(default=token)", "x TEXT NOT NULL", callable_("app.token"), None),
        ("x = Column(default=now)", f"x {CLOCK}", UTCNOW, None),
        ("x = Column(default=now)", f"x {CLOCK} DEFAULT now() NOT NULL", UTCNOW, None),
        ("x = Column(default=now)", f"x {CLOCK} PRIMARY KEY", UTCNOW, None),
        ("x = Column()", f"x {CLOCK} NOT NULL", None, None),
    ],
)
def test_missing_server_default(line: str, column: str, default: ClientDefault | None, help: str | None) -> None:
    models = modelled(model(line), orders(column), defaults={"orders.x": default} if default else {})
    found = said(models, "MG618")
    assert [each.object for each in found] == (["orders.x"] if help else [])
    assert all(help in each.help for each in found if help)


@pytest.mark.parametrize(
    ("line", "type_", "write"),
    [
        (
            "updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))",
            CLOCK,
            "updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), onupdate=sa.func.now())",
        ),
        (
            "updated_at: Mapped[datetime]",
            "TIMESTAMP",
            "updated_at: Mapped[datetime] = mapped_column(onupdate=sa.func.now())",
        ),
        ("updated_at = Column()", "TIMESTAMP", "updated_at = Column(onupdate=sa.func.now())"),
        ("updated_at: datetime = Field(nullable=False)", "TIMESTAMP", None),
        ("lastModified = Column(Date)", "DATE", None),
    ],
)
def test_updated_at_not_updated(line: str, type_: str, write: str | None) -> None:
    name = line.split(maxsplit=1)[0].rstrip(":")
    (found,) = said(modelled(model(line), orders(f'"{name}" {type_}')), "MG622")
    assert (found.object, found.span.line) == (f"orders.{name}", 3)
    assert write is None or found.write == write


@pytest.mark.parametrize(
    ("column", "type_", "has_onupdate", "has_server_onupdate"),
    [
        ("updated_at", CLOCK, True, False),
        ("updated_at", CLOCK, False, True),
        ("updated_at", "BOOLEAN", False, False),
        ("created_at", CLOCK, False, False),
        ("changed_at", CLOCK, False, False),
        ("update_count", "INTEGER", False, False),
    ],
)
def test_what_is_updated_or_need_not_be(column: str, type_: str, has_onupdate: bool, has_server_onupdate: bool) -> None:
    name = f"orders.{column}"
    models = modelled(
        model(f"{column} = Column()"),
        orders(f"{column} {type_}"),
        onupdates={name: ClientDefault("sql", "now()")} if has_onupdate else {},
        server_onupdates=[name] if has_server_onupdate else [],
    )
    assert not said(models, "MG622")


def test_a_field_of_sqlmodel_that_is_not_updated() -> None:
    models = modelled(model("updated_at: datetime = Field(nullable=False)"), orders("updated_at TIMESTAMP"))
    (found,) = said(models, "MG622")
    assert found.help.startswith('Write sa_column_kwargs={"onupdate": sa.func.now()} at the column')


def test_mysql_updates_a_column_by_itself() -> None:
    column = "updated_at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    line = 'updated_at = Column(server_default=text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"))'
    models = modelled(model(line), orders(column), dialect="mysql")
    assert not said(models, "MG622", "mysql")
    models = modelled(model("updated_at = Column()"), orders("updated_at DATETIME"), dialect="mysql")
    assert said(models, "MG622", "mysql")


@pytest.mark.parametrize(
    ("line", "name", "help"),
    [
        (
            "x = Column(default=datetime.utcnow)",
            "datetime.datetime.utcnow",
            "default=lambda: datetime.now(timezone.utc)",
        ),
        ("x = Column(default=lambda: datetime.utcnow())", "app.models.<lambda>", "default=lambda: datetime.now("),
        ("x = Column(default=lambda: dt.datetime.utcnow())", "app.models.Order.<lambda>", "default=lambda"),
        ("x = Column(default=lambda: datetime.utcnow().replace(tzinfo=UTC))", "app.models.<lambda>", None),
        ("x = Column(default=lambda: utcnow())", "app.models.<lambda>", None),
        ("x = Column(default=utcnow)", "app.clock.utcnow", None),
        (
            "x: datetime = Field(default_factory=datetime.utcnow)",
            "datetime.datetime.utcnow",
            "default_factory=lambda: ",
        ),
        ("x = Column(default=datetime.now)", "datetime.datetime.now", None),
    ],
)
def test_naive_utcnow(line: str, name: str, help: str | None) -> None:
    found = said(modelled(model(line), orders(f"x {CLOCK}"), defaults={"orders.x": callable_(name)}), "MG623")
    assert [each.object for each in found] == (["orders.x"] if help else [])
    assert all(help in each.help and "UTC" in each.message for each in found if help)


@pytest.mark.parametrize(
    ("dialect", "type_", "help"),
    [
        ("postgresql", "TIMESTAMP", "Make the column sa.DateTime(timezone=True), and write default=lambda: "),
        ("mysql", "DATETIME", "Write default=lambda: datetime.now(timezone.utc).replace(tzinfo=None)."),
        ("sqlite", "DATETIME", "Write default=lambda: datetime.now(timezone.utc).replace(tzinfo=None)."),
    ],
)
def test_utcnow_without_a_zone(dialect: DialectName, type_: str, help: str) -> None:
    code = model("x = Column(default=datetime.utcnow)")
    models = modelled(code, orders(f"x {type_}"), dialect=dialect, defaults={"orders.x": UTCNOW})
    (found,) = said(models, "MG623", dialect)
    assert found.help.startswith(help)


def test_utcnow_on_insert_and_update_is_one_finding() -> None:
    models = modelled(
        model("x = Column(default=datetime.utcnow, onupdate=datetime.utcnow)"),
        orders(f"x {CLOCK}"),
        defaults={"orders.x": UTCNOW},
        onupdates={"orders.x": UTCNOW},
    )
    (found,) = said(models, "MG623")
    assert "default= and onupdate=" in found.message


@pytest.mark.parametrize(
    ("line", "default", "write"),
    [
        ("x = Column(default=datetime.now())", STAMPED, "x = Column(default=datetime.now)"),
        (
            "x = Column(DateTime, default = datetime.utcnow(), server_default=func.now())",
            STAMPED,
            "x = Column(DateTime, default = lambda: datetime.now(timezone.utc), server_default=func.now())",
        ),
        ("x: Mapped[date] = x(default=date.today())", STAMPED, "x: Mapped[date] = x(default=date.today)"),
        (
            "x = Column(default=datetime.now() + timedelta(days=30))",
            STAMPED,
            "x = Column(default=lambda: datetime.now() + timedelta(days=30))",
        ),
        ("x = Column(default=clock.moment())", STAMPED, "x = Column(default=clock.moment)"),
        ("x = Column(default=STARTED)", STAMPED, "x = Column(default=lambda: STARTED)"),
        ("x = Column(default=str(uuid.uuid4()))", TEXT, "x = Column(default=lambda: str(uuid.uuid4()))"),
        ("x = Column(default=int(time.time()))", NUMBER, "x = Column(default=lambda: int(time.time()))"),
        ("x = Column(UUID, insert_default=uuid4())", UUID, "x = Column(UUID, insert_default=uuid4)"),
        ("x: datetime = Field(default=datetime.utcnow())", STAMPED, None),
        ("x: datetime = datetime.now()", STAMPED, None),
    ],
)  # fmt: skip
def test_import_time_default(line: str, default: ClientDefault, write: str | None) -> None:
    (found,) = said(modelled(model(line), orders("x TEXT"), defaults={"orders.x": default}), "MG630")
    assert found.object == "orders.x"
    assert found.write == write
    if write is None:
        assert "Write default_factory=" in found.help


@pytest.mark.parametrize(
    ("line", "default"),
    [
        ("x = Column(default=date(1970, 1, 1))", constant("datetime.date(1970, 1, 1)", "datetime.date")),
        ("x = Column(default=datetime.min)", EPOCH),
        ("x = Column(default=datetime.max)", LATEST),
        ("x = Column(default=datetime.fromisoformat('2020-01-01'))", EPOCH),
        ("x = Column(default=EPOCH)", EPOCH),
        ("x = Column(default=EPOCH, server_default=func.now())", EPOCH),
        ("x = Column(default=UUID('0b5c'))", UUID),
        ("x = Column(default=TENANT)", UUID),
        ("x = Column(default='now()')", TEXT),
        ("x = Column(default=Status.NEW)", constant("Status.NEW", "app.Status")),
        ("x = Column(default=datetime.now)", callable_("datetime.datetime.now")),
        ("x = Column(default=func.now())", ClientDefault("sql", "now()")),
        ("x = Column(default=timedelta(days=1))", constant("datetime.timedelta(days=1)", "datetime.timedelta")),
    ],
)  # fmt: skip
def test_constants_that_are_meant(line: str, default: ClientDefault) -> None:
    assert not said(modelled(model(line), orders("x TEXT"), defaults={"orders.x": default}), "MG630")


def test_a_default_of_import_time_that_is_unique() -> None:
    code = model("x = Column(default=uuid4(), unique=True)")
    (found,) = said(modelled(code, orders("x UUID UNIQUE"), defaults={"orders.x": UUID}), "MG630")
    assert found.message.endswith("the second INSERT fails")


PAIR = dedent(
    """\
    class User(Base):
        __tablename__ = "users"
        orders = relationship("Order")

    class Order(Base):
        __tablename__ = "orders"
        user = relationship("User", lazy="raise")
    """
)
USERS = ("CREATE TABLE users (id INTEGER PRIMARY KEY)", orders("id INTEGER PRIMARY KEY"))


def test_two_relationships_that_do_not_know_of_each_other() -> None:
    sides = {"User": [("orders", "Order", False)], "Order": [("user", "User", False)]}
    (found,) = said(modelled(PAIR, *USERS, relationships=sides), "MG626")
    assert (found.object, found.related[0].span.line) == ("users.orders", 7)
    assert 'back_populates="user" here and back_populates="orders" there' in found.help
    assert found.write == 'orders = relationship("Order", back_populates="user")'


def test_relationships_with_another_side_and_without() -> None:
    sides = {"User": [("orders", "Order", True)], "Order": [("user", "User", True)]}
    assert not said(modelled(PAIR, *USERS, relationships=sides), "MG626")
    (found,) = said(modelled(PAIR, *USERS, relationships={"Order": [("user", "User", False)]}), "MG626")
    assert found.message.startswith('"Order.user" leads to "User", and nothing leads back')


@pytest.mark.parametrize(
    ("ddl", "conventions", "told"),
    [
        (orders("id INTEGER PRIMARY KEY", "x INTEGER UNIQUE"), ("ix",), 'unique constraint of "orders" on "x" has'),
        (orders("id INTEGER", "CHECK (id > 0)"), ("ix", "uq"), 'check constraint of "orders"'),
        (orders("x INTEGER UNIQUE", "y INTEGER UNIQUE"), ("ix",), "and 1 more constraint, have"),
        (orders("id INTEGER PRIMARY KEY", "x INTEGER UNIQUE"), ("ix", "uq"), None),
        (orders("id INTEGER PRIMARY KEY", "x INTEGER", "CONSTRAINT uq_x UNIQUE (x)"), ("ix",), None),
        (orders("id INTEGER PRIMARY KEY"), ("ix",), None),
    ],
)
def test_naming_convention_missing(ddl: str, conventions: tuple[str, ...], told: str | None) -> None:
    found = said(modelled(model("id = Column()"), ddl, conventions=conventions), "MG708")
    assert len(found) == (told is not None)
    assert all(told in each.message for each in found if told)


FAULTS = {
    "mapped": model(
        "id: Mapped[int] = mapped_column(primary_key=True)",
        'user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))',
        'group: Mapped[str] = mapped_column("group")',
        "price: Mapped[float]",
        "a: Mapped[int]",
        "b: Mapped[int]",
    ),
    "classic": model(
        "id = Column(Integer, primary_key=True)",
        'user_id = Column(Integer, ForeignKey("users.id"))',
        'group = Column("group", String)',
        "price = Column(Float)",
        "a = Column(Integer)",
        "b = Column(Integer)",
    ),
    "table": dedent(
        """\
        orders = Table(
            "orders",
            metadata,
            Column("id", Integer),
            Column("user_id", ForeignKey("users.id")),
            Column("group", String),
            Column("price", Float),
            Column("a", Integer),
            Column("b", Integer),
        )
        """
    ),
    "other": model(
        "id: int = Field(primary_key=True)",
        'user_id: int = Field(foreign_key="users.id")',
        "group: str",
        "price: float",
        "a: int",
        "b: int",
    ),
}
MADE = """\
CREATE TABLE orders (
    id INTEGER, user_id INTEGER REFERENCES users (id), "group" TEXT, price FLOAT, a INTEGER, b INTEGER,
    FOREIGN KEY (a, b) REFERENCES pairs (a, b)
)"""
DDL = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, created_at TIMESTAMP, updated_at TIMESTAMP)",
    "CREATE TABLE pairs (a INTEGER, b INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP, PRIMARY KEY (a, b))",
    MADE,
)
NOW = "sa.DateTime(timezone=True), server_default=sa.func.now()"
WRITTEN: dict[str, dict[str, str | None]] = {
    "mapped": {
        "orders.user_id": 'user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)',
        "orders.a.b": '__table_args__ = (sa.Index("ix_orders_a_b", "a", "b"),)',
        "orders": f"created_at: Mapped[datetime] = mapped_column({NOW})",
    },
    "classic": {
        "orders.user_id": 'user_id = Column(Integer, ForeignKey("users.id"), index=True)',
        "orders.a.b": '__table_args__ = (sa.Index("ix_orders_a_b", "a", "b"),)',
        "orders": f"created_at = sa.Column({NOW}, nullable=False)",
    },
    "table": {
        "orders.user_id": 'Column("user_id", ForeignKey("users.id"), index=True)',
        "orders.a.b": 'sa.Index("ix_orders_a_b", "a", "b")',
        "orders": f'sa.Column("created_at", {NOW}, nullable=False)',
    },
    "other": {
        "orders.user_id": 'user_id: int = Field(foreign_key="users.id", index=True)',
        "orders.a.b": '__table_args__ = (sa.Index("ix_orders_a_b", "a", "b"),)',
        "orders": None,
    },
}


@pytest.mark.parametrize("style", FAULTS)
def test_what_is_said_of_tables_is_code_of_models(style: str) -> None:
    found = said(modelled(FAULTS[style], *DDL))
    assert {"MG601", "MG602", "MG603", "MG604", "MG606"} <= {each.code for each in found}
    for each in found:
        assert (each.span.path, each.revision, each.direction) == (PATH, None, None)
        ast.parse(each.write or "")
        for text in (each.write or "", each.help, each.message):
            assert "op." not in text
            assert "script" not in text
            assert "revision" not in text
    written = {each.object: each.write for each in found if each.code in ("MG602", "MG604")}
    for name, code in WRITTEN[style].items():
        assert (written[name] or "").partition("\n")[0] == (code or "")


@pytest.mark.parametrize(("style", "write"), [("mapped", '__tablename__ = "users"'), ("table", None)])
def test_a_table_with_a_reserved_name(style: str, write: str | None) -> None:
    code = 'class User(Base):\n    __tablename__ = "user"\n    id = Column()\n' if write else 't = Table("user", m)\n'
    (found,) = said(modelled(code, 'CREATE TABLE "user" (id INTEGER PRIMARY KEY)'), "MG606")
    assert found.write == write
    assert found.help == 'Name the table "users".'


KEY = "id BIGINT PRIMARY KEY"
REFERRED = f"CREATE TABLE users ({KEY}, email TEXT NOT NULL)"
TWELVE = ", ".join(f"x{letter} INTEGER UNIQUE" for letter in "abcdefghijkl")
WIDE = ", ".join(f"x{letter}{other} INTEGER" for letter in "abcdefgh" for other in "abcdefgh")
OF_DESIGN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "MG607": (("x TEXT REFERENCES users (id)",), ("x BIGINT REFERENCES users (id)",)),
    "MG608": (("x BIGINT REFERENCES users (id)",), ("x BIGINT REFERENCES users (id) ON DELETE CASCADE",)),
    "MG609": (("x TEXT UNIQUE", "INDEX (x)"), ("x TEXT", "INDEX (x)")),
    "MG610": (("x TEXT", "INDEX (x)", "INDEX (x, id)"), ("x TEXT", "INDEX (x)", "INDEX (id, x)")),
    "MG611": (("x BOOLEAN", "INDEX (x)"), ("x BOOLEAN", "INDEX (id) WHERE x")),
    "MG612": (("x JSON",), ("x JSONB",)),
    "MG613": (("x_json TEXT",), ("x_json JSONB",)),
    "MG615": (("x SERIAL",), ("x INTEGER GENERATED BY DEFAULT AS IDENTITY",)),
    "MG616": (("x CHAR(50)",), ("x VARCHAR(50)",)),
    "MG617": (("x BOOLEAN",), ("x BOOLEAN NOT NULL",)),
    "MG619": (("x_status TEXT",), ("x_status TEXT CHECK (x_status IN ('a', 'b'))",)),
    "MG620": (("x INTEGER",), ()),
    "MG621": (("user_id BIGINT",), ("user_id BIGINT REFERENCES users (id)",)),
    "MG624": (("x MONEY",), ("x NUMERIC(12, 2)",)),
    "MG625": (("x TEXT REFERENCES users (email)",), ("x BIGINT REFERENCES users (id)",)),
    "MG627": (("x_uuid VARCHAR(36)",), ("x_uuid UUID",)),
    "MG628": ((TWELVE,), ("x INTEGER UNIQUE",)),
    "MG629": ((WIDE,), ("x INTEGER",)),
}
"""Columns and indexes of a table by rule: a fault, and its healthy twin."""


@pytest.mark.parametrize("code", OF_DESIGN)
def test_design(code: str) -> None:
    fault, twin = OF_DESIGN[code]
    (found, *others) = [each for each in said(designed(fault), code) if each.object != "users"]
    assert (found.span.path, found.revision) == (PATH, None)
    # What is to be written into a model is a declaration, and no migration.
    assert "op." not in (found.write or "")
    assert not others or code == "MG620"
    assert twin == () or not said(designed(twin), code)


def designed(parts: tuple[str, ...]) -> Models:
    columns = [each for each in parts if not each.startswith("INDEX")]
    indexes = [
        f"CREATE INDEX i{number} ON orders {each.removeprefix('INDEX ')}"
        for number, each in enumerate(parts)
        if each.startswith("INDEX")
    ]
    code = f"{model('id = Column(BigInteger, primary_key=True)')}\nclass User(Base):\n    __tablename__ = 'users'\n"
    return modelled(code, REFERRED, orders(KEY, *columns), *indexes)


def test_an_index_goes_from_the_declaration_of_its_column() -> None:
    models = modelled(
        model("id: Mapped[int] = mapped_column(primary_key=True, index=True)"),
        orders("id INTEGER PRIMARY KEY"),
        "CREATE INDEX ix_orders_id ON orders (id)",
    )
    table = models.schema.tables[QualifiedName("orders")]
    at = Span(PATH, 3, 5, 3, 60)
    placed = replace(table, indexes=tuple(replace(each, span=at) for each in table.indexes))
    (found,) = said(replace(models, schema=models.schema.with_table(placed)), "MG609")
    assert found.write == "id: Mapped[int] = mapped_column(primary_key=True)"


def test_every_rule_about_tables_has_a_case_here() -> None:
    about_tables = {each.code for each in load_rules() if Table in each.on}
    about_tables -= {"MG605", "MG614", *(f"MG70{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9))}  # test_names.py
    # What is NOT VALID in a model is for the revision that adds it to be, and models declare no policies.
    assert about_tables - {"MG601", "MG602", "MG603", "MG604", "MG606", "MG618"} - set(OF_DESIGN) == {"MG313", "MG916"}
    key = "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES pairs (a, b) NOT VALID"
    assert not said(modelled(FAULTS["mapped"], *DDL, key), "MG313")


MIXIN = dedent(
    """\
    class Owned:
        owner_id = Column(ForeignKey("users.id"))

    class Order(Owned, Base):
        __tablename__ = "orders"

    class Invoice(Owned, Base):
        __tablename__ = "invoices"

    class Letter(Owned, Base):
        __tablename__ = "letters"
    """
)


def test_what_a_mixin_declares_is_said_once() -> None:
    ddl = [
        f"CREATE TABLE {each} (owner_id INTEGER REFERENCES users (id))" for each in ("orders", "invoices", "letters")
    ]
    (found,) = said(modelled(MIXIN, "CREATE TABLE users (id INTEGER PRIMARY KEY)", *ddl), "MG602")
    assert found.span.line == 2
    assert found.message.endswith("(and in 2 more tables)")


def test_tables_that_env_py_leaves_out() -> None:
    models = modelled(FAULTS["mapped"], *DDL)
    left_out = Models(
        models.schema,
        models.models,
        models.metadata,
        models.sources,
        frozenset({("table", QualifiedName("orders"), "orders")}),
    )
    assert said(models, "MG603")
    assert not said(left_out, "MG603")
