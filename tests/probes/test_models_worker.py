"""What the child tells of models: their DDL, and where and how each is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.probes.loading import Told, load, write

BASE = """\
    import enum
    from datetime import datetime
    from typing import Annotated

    from sqlalchemy import MetaData, String, func
    from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


    names = {"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "fk": "fk_%(column_0_name)s"}


    class Base(DeclarativeBase):
        metadata = MetaData(naming_convention=names)


    key = Annotated[int, mapped_column(primary_key=True)]
    name50 = Annotated[str, mapped_column(String(50), default="nobody")]


    class Stamped:
        made_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=datetime.utcnow)

        @declared_attr
        def changed_by(cls) -> Mapped[str]:
            return mapped_column(String(20), server_default="nobody")


    class Abstract(Base):
        __abstract__ = True

        id: Mapped[key]
        note: Mapped[str | None]
"""

MODELS = """\
    import enum
    import uuid
    from dataclasses import field
    from datetime import datetime, timezone
    from decimal import Decimal

    import sqlalchemy as sa
    from sqlalchemy import Column, ForeignKey, Integer, String, Table, func
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.orm import Mapped, MappedAsDataclass, backref, mapped_column, relationship, validates

    from app.base import Abstract, Base, Stamped, key, name50


    class Mood(enum.Enum):
        GLAD = "glad"
        SAD = "sad"


    def values(of):
        return [each.value for each in of]


    class Cents(sa.types.TypeDecorator):
        impl = sa.Numeric(10, 2)
        cache_ok = True


    def now():
        return datetime.now(timezone.utc)


    tags = Table(
        "order_tags",
        Base.metadata,
        Column("order_id", ForeignKey("shop.orders.id"), primary_key=True),
        Column(
            "tag",
            String(20),
            primary_key=True,
        ),
    )


    class Customer(Stamped, Abstract):
        __tablename__ = "customers"

        name: Mapped[name50]
        mood: Mapped[Mood] = mapped_column(sa.Enum(Mood, name="mood", values_callable=values))
        orders: Mapped[list["Order"]] = relationship(back_populates="customer")
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "customer"}


    class Company(Customer):
        vat: Mapped[str | None] = mapped_column("vat_number", String(20))
        __mapper_args__ = {"polymorphic_identity": "company"}


    class Partner(Customer):
        __tablename__ = "partners"
        id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
        share: Mapped[Decimal] = mapped_column(
            Cents,
            default=Decimal("0.5"),
        )
        __mapper_args__ = {"polymorphic_identity": "partner"}


    class Order(Base):
        __tablename__ = "orders"
        __table_args__ = (
            sa.Index("ix_lower", func.lower(sa.text("note"))),
            sa.CheckConstraint("total > 0", name="ck_total"),
            {"schema": "shop", "comment": "100% of them"},
        )

        id = Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
        customer_id = Column(ForeignKey("customers.id"), index=True, nullable=False)
        note = sa.orm.deferred(Column(sa.Text, default=lambda: "none"))
        total = Column("sum", Integer, default=func.random() * 100, onupdate=now)
        twice = Column(Integer, sa.Computed("sum * 2", persisted=True))
        token = Column(postgresql.UUID(as_uuid=True), default=uuid.uuid4, server_onupdate=sa.FetchedValue())
        number = Column(Integer, sa.Sequence("numbers"), unique=True)
        extra = Column(sa.JSON, default=dict)
        fixed = Column(sa.Enum(Mood, name="mood"), default=Mood.SAD)

        customer = relationship("Customer", back_populates="orders")
        parent_id = Column(ForeignKey("shop.orders.id"))
        parent = relationship("Order", remote_side=[id], backref=backref("children"))
        companies = relationship("Company", primaryjoin="Order.customer_id == Company.id", viewonly=True)

        @validates("note")
        def check(self, key, value):
            return value


    Order.late = Column("late", String(3))


    class Point(MappedAsDataclass, Base):
        __tablename__ = "points"
        id: Mapped[key] = mapped_column(init=False)
        x: Mapped[int] = mapped_column(default=0)
        label: Mapped[str] = mapped_column(default_factory=str, insert_default="p")
        seen: Mapped[str] = mapped_column(default_factory=now)
"""

IMPERATIVE = """\
    from dataclasses import dataclass

    from sqlalchemy import Column, Integer, MetaData, String, Table
    from sqlalchemy.orm import registry

    mapping = registry()


    @dataclass
    class Place:
        id: int
        name: str


    places = Table(
        "places", mapping.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(9), onupdate="x"),
    )
    mapping.map_imperatively(Place, places)
    empty = MetaData()
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Models in all styles of SQLAlchemy."""
    root = tmp_path_factory.mktemp("app")
    files = {"base.py": BASE, "models.py": MODELS, "places.py": IMPERATIVE, "sub/__init__.py": ""}
    broken = {"sub/broken.py": "import nobody_has_this\n", "__main__.py": "raise SystemExit('started')\n"}
    broken |= dict.fromkeys(["tests/__init__.py", "sub/test_all.py", "moves/__init__.py", "moves/env.py"], "1 / 0\n")
    broken |= {"moves/script.py.mako": ""}
    write(root, {"app/__init__.py": "", **{f"app/{name}": text for name, text in {**files, **broken}.items()}})
    return load(root, "app")


def test_metadata_of_a_package(app: Told) -> None:
    found = [(app.code(each), each["naming_convention"], each["tables"]) for each in app["metadata"]]
    assert sorted(found) == [
        (
            "app/base.py: metadata = MetaData(naming_convention=names)",
            ["uq", "fk"],
            [[None, "order_tags"], [None, "customers"], [None, "partners"], ["shop", "orders"], [None, "points"]],
        ),
        ("app/places.py: mapping = registry()", [], [[None, "places"]]),
    ]
    assert app.files == [
        "app/__init__.py",
        "app/base.py",
        "app/models.py",
        "app/places.py",
        "app/sub/__init__.py",
    ]
    assert app["excluded"] == []
    assert all(Path(each).name == "site-packages" for each in app["packages"])
    assert app["packages"]


def test_what_cannot_be_imported_of_a_package_is_a_problem(app: Told) -> None:
    assert app.problems == [
        (
            "app/sub/broken.py: import nobody_has_this",
            "app.sub.broken cannot be imported: ModuleNotFoundError: No module named 'nobody_has_this'",
        )
    ]


def test_classes(app: Told) -> None:
    assert {each["table"]: (each["name"], app.code(each)) for each in app["models"]} == {
        "order_tags": ("", "app/models.py: tags = Table("),
        "customers": ("app.models.Customer", "app/models.py: class Customer(Stamped, Abstract):"),
        "partners": ("app.models.Partner", "app/models.py: class Partner(Customer):"),
        "orders": ("app.models.Order", "app/models.py: class Order(Base):"),
        "points": ("app.models.Point", "app/models.py: class Point(MappedAsDataclass, Base):"),
        "places": ("app.places.Place", "app/places.py: class Place:"),
    }


@pytest.mark.parametrize(
    ("table", "column", "place"),
    [
        ("customers", "id", "app/base.py: id: Mapped[key]"),
        ("customers", "note", "app/base.py: note: Mapped[str | None]"),
        ("customers", "name", "app/models.py: name: Mapped[name50]"),
        ("customers", "changed_by", "app/base.py: def changed_by(cls) -> Mapped[str]:"),
        ("customers", "vat_number", 'app/models.py: vat: Mapped[str | None] = mapped_column("vat_number", String(20))'),
        ("partners", "share", "app/models.py: share: Mapped[Decimal] = mapped_column("),
        ("orders", "note", 'app/models.py: note = sa.orm.deferred(Column(sa.Text, default=lambda: "none"))'),
        ("orders", "late", 'app/models.py: Order.late = Column("late", String(3))'),
        ("points", "x", "app/models.py: x: Mapped[int] = mapped_column(default=0)"),
        (
            "order_tags",
            "order_id",
            'app/models.py: Column("order_id", ForeignKey("shop.orders.id"), primary_key=True),',
        ),
        ("order_tags", "tag", "app/models.py: Column("),
        ("places", "name", 'app/places.py: Column("name", String(9), onupdate="x"),'),
    ],
)
def test_where_columns_are_declared(table: str, column: str, place: str, app: Told) -> None:
    assert app.attributes(table)[column] == place


def value(kind: str, text: str, type_: str = "") -> dict[str, str]:
    return {"kind": kind, "text": text, "type": type_}


@pytest.mark.parametrize(
    ("table", "column", "name", "default", "onupdate"),
    [
        ("customers", "made_at", "made_at", value("callable", "datetime.datetime.utcnow"), None),
        ("customers", "name", "name", value("constant", "'nobody'", "builtins.str"), None),
        ("customers", "vat_number", "vat", None, None),
        ("partners", "share", "share", value("constant", "Decimal('0.5')", "decimal.Decimal"), None),
        ("orders", "note", "note", value("callable", "app.models.Order.<lambda>"), None),
        ("orders", "sum", "total", value("sql", "random() * 100"), value("callable", "app.models.now")),
        ("orders", "token", "token", value("callable", "uuid.uuid4"), None),
        ("orders", "number", "number", value("sequence", "numbers"), None),
        ("orders", "extra", "extra", value("callable", "dict"), None),
        ("orders", "fixed", "fixed", value("constant", "<Mood.SAD: 'sad'>", "app.models.Mood"), None),
        ("points", "x", "x", value("constant", "0", "builtins.int"), None),
        ("points", "label", "label", value("constant", "'p'", "builtins.str"), None),
        ("points", "seen", "seen", value("callable", "app.models.now"), None),
        ("places", "name", "name", None, value("constant", "'x'", "builtins.str")),
    ],
)
def test_what_only_python_knows(
    table: str, column: str, name: str, default: dict[str, str] | None, onupdate: dict[str, str] | None, app: Told
) -> None:
    (found,) = (each for each in app.model(table)["attributes"] if each["column"] == column)
    assert (found["name"], found["default"], found["onupdate"]) == (name, default, onupdate)
    assert found["has_server_onupdate"] == (column == "token")


def test_relationships(app: Told) -> None:
    found = {
        (each["name"], each["table"], relationship["name"]): relationship
        for each in app["models"]
        for relationship in each["relationships"]
    }
    assert {
        (table, name): (each["target"], each["has_other_side"], each["is_viewonly"], app.code(each).partition(" = ")[0])
        for (_, table, name), each in found.items()
    } == {
        ("customers", "orders"): ("app.models.Order", True, False, 'app/models.py: orders: Mapped[list["Order"]]'),
        ("orders", "customer"): ("app.models.Customer", True, False, "app/models.py: customer"),
        ("orders", "parent"): ("app.models.Order", True, False, "app/models.py: parent"),
        ("orders", "children"): ("app.models.Order", True, False, "app/models.py: parent"),
        ("orders", "companies"): ("app.models.Company", False, True, "app/models.py: companies"),
    }


@pytest.mark.parametrize(
    "part",
    [
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "CREATE SEQUENCE numbers",
        "CREATE TABLE customers",
        "mood mood NOT NULL",
        "made_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL",
        "changed_by VARCHAR(20) DEFAULT 'nobody' NOT NULL",
        "share NUMERIC(10, 2) NOT NULL",
        "CREATE TABLE shop.orders",
        "id BIGINT GENERATED ALWAYS AS IDENTITY",
        "twice INTEGER GENERATED ALWAYS AS (sum * 2) STORED",
        "CONSTRAINT uq_orders_number UNIQUE (number)",
        "CONSTRAINT fk_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id)",
        "CONSTRAINT ck_total CHECK (total > 0)",
        "CREATE INDEX ix_lower ON shop.orders (lower(note))",
        "CREATE INDEX ix_shop_orders_customer_id ON shop.orders (customer_id)",
        "COMMENT ON TABLE shop.orders IS '100% of them'",
    ],
)
def test_ddl(part: str, app: Told) -> None:
    assert sum(" ".join(each.split()).count(part) for each in app["ddl"]) == 1


SQLMODEL = """\
    import uuid
    from datetime import datetime
    from decimal import Decimal
    from typing import Optional

    from sqlmodel import Field, Relationship, SQLModel


    class Base(SQLModel):
        made_at: datetime = Field(default_factory=datetime.utcnow)
        title: str = Field(index=True)


    class Link(SQLModel, table=True):
        book_id: uuid.UUID = Field(foreign_key="book.id", primary_key=True)
        author_id: Optional[int] = Field(default=None, foreign_key="author.id", primary_key=True)


    class Author(SQLModel, table=True):
        id: Optional[int] = Field(default=None, primary_key=True)
        books: list["Book"] = Relationship(back_populates="authors", link_model=Link)


    class Book(Base, table=True):
        id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
        price: Decimal = Field(default=0, max_digits=8, decimal_places=2)
        authors: list[Author] = Relationship(back_populates="books", link_model=Link)
        alone: list[Author] = Relationship(link_model=Link, sa_relationship_kwargs={"viewonly": True})
"""


def test_sqlmodel(tmp_path: Path) -> None:
    write(tmp_path, {"library.py": SQLMODEL})
    told = load(tmp_path, "library", "library:SQLModel")
    assert [(each["file"], each["engine"], each["tables"]) for each in told["metadata"]] == [
        (None, None, [[None, "link"], [None, "author"], [None, "book"]])
    ]
    assert told.attributes("book") == {
        "made_at": "library.py: made_at: datetime = Field(default_factory=datetime.utcnow)",
        "title": "library.py: title: str = Field(index=True)",
        "id": "library.py: id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)",
        "price": "library.py: price: Decimal = Field(default=0, max_digits=8, decimal_places=2)",
    }
    book = told.model("book")
    assert (book["name"], told.code(book)) == ("library.Book", "library.py: class Book(Base, table=True):")
    assert [each["default"] and each["default"]["text"] for each in book["attributes"]] == [
        "datetime.datetime.utcnow",
        None,
        "uuid.uuid4",
        "0",
    ]
    assert [(each["name"], each["target"], each["has_other_side"]) for each in book["relationships"]] == [
        ("authors", "library.Author", True),
        ("alone", "library.Author", False),
    ]
    assert told.code(book["relationships"][0]).startswith("library.py: authors: list[Author]")
    assert told.problems == []


BROKEN = """\
    import sqlalchemy as sa
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
    from sqlalchemy.orm import declarative_base, relationship
    from sqlalchemy.types import UserDefinedType

    meta = MetaData()


    class Odd(UserDefinedType):
        def get_col_spec(self, **kw):
            raise RuntimeError("no such thing")


    good = Table("good", meta, Column("id", Integer, primary_key=True), Column("bad_id", ForeignKey("bad.id")))
    bad = Table("bad", meta, Column("id", Integer, primary_key=True),
        Column("what"),
        Column("more", Integer, index=True))
    odd = Table("odd", meta, Column("id", Odd))
    gone = Table("gone", meta, Column("id", Integer, primary_key=True),
        Column("nobody_id", Integer, ForeignKey("nobody.id")),
        Column("good_id", Integer, ForeignKey("good.nothing")))
    egg = Table("egg", meta, Column("id", Integer, primary_key=True),
        Column("hen", ForeignKey("hen.id", name="fk_hen")))
    hen = Table("hen", meta, Column("id", Integer, primary_key=True),
        Column("egg", ForeignKey("egg.id", name="fk_egg")))
    other = MetaData(naming_convention={"pk": "p"})
    named = Table("named", other, Column("a", Integer, index=True))
    copied = Table("copied", MetaData(), Column("a", Integer))
    for each in [copied]:
        each.to_metadata(other)


    Base = declarative_base(metadata=meta)


    class Lost(Base):
        __tablename__ = "lost"
        id = Column(Integer, primary_key=True)
        there = relationship("Nowhere", back_populates="lost")
"""


def test_what_cannot_be_compiled_is_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path, {"broken.py": BROKEN})
    told = load(tmp_path, "broken:Base", "broken:other")
    statements = [" ".join(each.split()) for each in told["ddl"]]
    assert sorted(each.partition(" (")[0] for each in statements) == [
        "ALTER TABLE egg ADD CONSTRAINT fk_hen FOREIGN KEY(hen) REFERENCES hen",
        "ALTER TABLE hen ADD CONSTRAINT fk_egg FOREIGN KEY(egg) REFERENCES egg",
        "CREATE TABLE copied",
        "CREATE TABLE egg",
        "CREATE TABLE gone",
        "CREATE TABLE good",
        "CREATE TABLE hen",
        "CREATE TABLE lost",
        "CREATE TABLE named",
    ]
    assert "FOREIGN KEY(bad_id) REFERENCES bad (id)" in next(each for each in statements if "TABLE good" in each)
    (gone,) = (each for each in statements if "TABLE gone" in each)
    assert gone.endswith("PRIMARY KEY (id), FOREIGN KEY(nobody_id) REFERENCES nobody (id) )")
    assert [name for _, name in told["metadata"][0]["tables"]] == [
        "good",
        "bad",
        "odd",
        "gone",
        "egg",
        "hen",
        "lost",
    ]
    assert told.code(told.model("copied")).startswith("broken.py: copied = ")
    assert told.attributes("copied")["a"].startswith("broken.py: copied = ")
    problems = dict(told.problems)
    assert {code: text.partition(":")[0] for code, text in problems.items()} == {
        "broken.py: class Lost(Base):": "the mappers cannot be configured",
        'broken.py: Column("nobody_id", Integer, ForeignKey("nobody.id")),': (
            '"gone" refers to "nobody", which is in no models'
        ),
        'broken.py: Column("good_id", Integer, ForeignKey("good.nothing")))': (
            '"gone" refers to a column that there is not'
        ),
        'broken.py: Column("what"),': 'no DDL can be made of table "bad", column "what"',
        'broken.py: named = Table("named", other, Column("a", Integer, index=True))': (
            'an index of "named" (a) has no name'
        ),
        'broken.py: odd = Table("odd", meta, Column("id", Odd))': 'no DDL can be made of table "odd"',
    }
    assert told.model("lost")["relationships"][0]["target"] == "Nowhere"


@pytest.mark.parametrize(
    ("dialect", "version", "id_", "mood"),
    [
        ("sqlite", [3, 40], "id INTEGER NOT NULL", "mood VARCHAR(4) DEFAULT 'GLAD' NOT NULL"),
        ("mysql", [8, 0], "id INTEGER NOT NULL AUTO_INCREMENT", "mood ENUM('GLAD','SAD') NOT NULL DEFAULT 'GLAD'"),
        ("mariadb", [10, 11], "id INTEGER NOT NULL AUTO_INCREMENT", "mood ENUM('GLAD','SAD') NOT NULL DEFAULT 'GLAD'"),
        ("postgresql", [9, 6], "id SERIAL NOT NULL", "mood mood DEFAULT 'GLAD' NOT NULL"),
    ],
)
def test_dialects(dialect: str, version: list[int], id_: str, mood: str, tmp_path: Path) -> None:
    text = """\
        import enum, sqlalchemy as sa
        meta = sa.MetaData()
        class Mood(enum.Enum):
            GLAD = 1
            SAD = 2
        pets = sa.Table("pets", meta, sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
            sa.Column("mood", sa.Enum(Mood, name="mood"), server_default="GLAD", nullable=False),
            sa.Column("at", sa.String(9), server_default="50%"))
        @sa.event.listens_for(pets, "after_create")
        def fill(target, connection, **kw):
            assert connection.execute(sa.text("CREATE VIEW v AS SELECT 1 WHERE ':a' LIKE '%'")).scalar() is None
            connection.execute(pets.insert().values(at="x"))
            connection.exec_driver_sql("CREATE VIEW w AS SELECT 2")
    """
    write(tmp_path, {"pets.py": text})
    told = load(tmp_path, "pets:meta", dialect=dialect, version=version)
    *types, table, view, another = [" ".join(each.split()) for each in told["ddl"]]
    assert types == (["CREATE TYPE mood AS ENUM ('GLAD', 'SAD')"] if dialect == "postgresql" else [])
    assert id_ in table
    assert mood in table
    assert "DEFAULT '50%'" in table
    assert (view, another) == ("CREATE VIEW v AS SELECT 1 WHERE ':a' LIKE '%'", "CREATE VIEW w AS SELECT 2")
    assert told.problems == []


NAMED = """\
    import sqlalchemy as sa
    one, two, none = sa.MetaData(), sa.MetaData(), sa.MetaData()
    sa.Table("a", one, sa.Column("id", sa.Integer))
    sa.Table("b", two, sa.Column("id", sa.Integer), schema="other")
    several, by_name, number = [one, two], {"first": one, "second": two}, 7
    class Holder:
        meta = two
"""


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        (["named:one"], [(None, "a")]),
        (["named:several"], [(None, "a"), (None, "b")]),
        (["named:two", "named:several"], [(None, "b"), (None, "a")]),
        (["named:by_name"], [("first", "a"), ("second", "b")]),
        (["named:Holder.meta"], [(None, "b")]),
        (["named"], [(None, "a"), (None, "b")]),
        (["named:number"], "named:number is no declarative base, no MetaData and no list of those: 7"),
        (["named:three"], "named:three: named has no three"),
        (["json"], "json has neither models nor a MetaData"),
        (["named:none"], "named:none has no tables: name the package of the models as well, so that it is imported"),
    ],
)
def test_what_can_be_named(specs: list[str], expected: Any, tmp_path: Path) -> None:
    write(tmp_path, {"named.py": NAMED})
    told = load(tmp_path, *specs, history=[{"name": "a"}])
    if isinstance(expected, str):
        assert (told["kind"], told["text"], told["excerpt"]) == ("models", expected, "")
    else:
        assert [(each["engine"], each["tables"][0][1]) for each in told["metadata"]] == expected
