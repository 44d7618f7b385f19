"""Models with every kind of column, default, key and index, for the database that TWIN names."""

from __future__ import annotations

import datetime
import decimal
import enum
import os
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DIALECT = os.environ.get("TWIN", "postgresql")
IS_POSTGRESQL = DIALECT == "postgresql"
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=CONVENTION if os.environ.get("NAMED") == "1" else None)


class Color(enum.Enum):
    red = "r"
    green = "g"


class Money(sa.types.TypeDecorator[decimal.Decimal]):
    impl = sa.Numeric(12, 2)
    cache_ok = True


class Document(sa.types.TypeDecorator[Any]):
    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(postgresql.JSONB() if dialect.name == "postgresql" else sa.JSON())


def values(kind: type[enum.Enum]) -> list[str]:
    return [each.value for each in kind]


TYPES: list[Any] = [
    sa.Integer, sa.BigInteger, sa.SmallInteger, sa.String(50), sa.Unicode(20), sa.Text, sa.UnicodeText, sa.Boolean,
    sa.Date, sa.DateTime, sa.DateTime(timezone=True), sa.Time, sa.Interval, sa.Float, sa.Float(53), sa.Double, sa.REAL,
    sa.Numeric, sa.Numeric(10, 2), sa.DECIMAL(8, 3), sa.LargeBinary, sa.JSON, sa.Uuid, sa.CHAR(3), sa.VARCHAR(9),
    sa.TIMESTAMP, sa.TIMESTAMP(timezone=True), sa.Enum("a", "b", name="letters"), sa.Enum(Color, name="color"),
    sa.Enum(Color, name="color_values", values_callable=values), sa.Enum("x", "y", native_enum=False, name="xy"),
    sa.Enum("x", "yy", native_enum=False, name="checked", create_constraint=True),
    sa.Enum("x", "y", native_enum=False, length=20, name="long"), sa.Boolean(create_constraint=True, name="is_bool"),
    sa.PickleType, Money, Document, sa.Integer().with_variant(sa.BigInteger(), "postgresql"),
    sa.JSON().with_variant(sa.Text(), "sqlite"), sa.Uuid(as_uuid=False), sa.Numeric(asdecimal=False),
]  # fmt: skip
OWN: dict[str, list[Any]] = {
    "postgresql": [
        sa.String, postgresql.JSONB, postgresql.UUID, postgresql.ARRAY(sa.String),
        postgresql.ARRAY(sa.Integer, dimensions=2),
        sa.ARRAY(sa.Text), postgresql.INET, postgresql.CIDR, postgresql.MACADDR, postgresql.BYTEA, postgresql.TSVECTOR,
        postgresql.INT4RANGE, postgresql.TSTZRANGE, postgresql.HSTORE, postgresql.BIT(4), postgresql.BIT(varying=True),
        postgresql.INTERVAL, postgresql.TIMESTAMP(precision=3), postgresql.TIME(timezone=True, precision=2),
        postgresql.ENUM("p", "q", name="pq"), postgresql.OID, postgresql.MONEY, postgresql.CITEXT, postgresql.DATERANGE,
        postgresql.REGCLASS, postgresql.ENUM(Color, name="pg_color"), sa.String(collation="C"),
    ],
    "sqlite": [sa.String],
    "mysql": [
        mysql.TINYINT(1), mysql.TINYINT(unsigned=True), mysql.MEDIUMTEXT, mysql.LONGTEXT, mysql.DATETIME(fsp=6),
        mysql.BIGINT(unsigned=True), mysql.YEAR, mysql.SET("a", "b"), mysql.BIT(4), mysql.LONGBLOB,
        mysql.ENUM("m", "n"),
    ],
}  # fmt: skip
EVERY = [*TYPES, *OWN[DIALECT]]
TURN = int(os.environ.get("TURN", "0"))
"""Gives each column the type of the one so many places behind it."""

kinds = sa.Table(
    "kinds",
    Base.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(f"c{number}", type_) for number, type_ in enumerate(EVERY[TURN:] + EVERY[:TURN])),
)

DEFAULTS: list[tuple[Any, Any]] = [
    (sa.Integer, "0"), (sa.Integer, sa.text("0")), (sa.String(9), "x"), (sa.String(9), sa.text("'x'")),
    (sa.Boolean, sa.false()), (sa.Boolean, sa.text("true")), (sa.DateTime(timezone=True), sa.func.now()),
    (sa.DateTime, sa.text("CURRENT_TIMESTAMP")), (sa.Numeric(10, 2), "1.5"), (sa.Float, sa.text("0.0")),
    (sa.Enum("on", "off", name="switch"), "on"), (sa.String(9), ""), (sa.Date, sa.func.current_date()),
    (sa.String(20), sa.text("'it''s'")),
]  # fmt: skip
if IS_POSTGRESQL:
    DEFAULTS += [
        (sa.Uuid, sa.text("gen_random_uuid()")), (sa.JSON, sa.text("'{}'::json")), (sa.ARRAY(sa.Text), sa.text("'{}'")),
        (sa.DateTime, sa.text("(now() at time zone 'utc')")), (sa.String(3), sa.text("'a'::character varying")),
        (sa.Interval, sa.text("'1 day'::interval")),
    ]  # fmt: skip
defaults = sa.Table(
    "defaults",
    Base.metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    *(
        sa.Column(f"d{number}", type_, server_default=default, nullable=number % 2 == 0)
        for number, (type_, default) in enumerate(DEFAULTS)
    ),
)


class Parent(Base):
    __tablename__ = "parents"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(9), unique=True, comment="the code")
    name: Mapped[str | None] = mapped_column(sa.String(30), index=True)
    low: Mapped[int]
    high: Mapped[int]
    total: Mapped[int] = mapped_column(sa.Computed("low + high"))

    __table_args__ = (
        sa.CheckConstraint("low < high", name="ordered"),
        sa.UniqueConstraint("low", "high", name="uq_span"),
        sa.Index("ix_name_low", "name", "low") if DIALECT == "mysql" else sa.Index("ix_lower", sa.func.lower(name)),
        sa.Index("ix_descending", sa.desc("low"), "high"),
        {"comment": "it's a table"},
    )


class Child(Base):
    __tablename__ = "children"

    parent_id: Mapped[int] = mapped_column(
        sa.ForeignKey("parents.id", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    other_low: Mapped[int | None]
    other_high: Mapped[int | None]
    made: Mapped[datetime.datetime] = mapped_column(default=datetime.datetime.now)
    key: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
    amount: Mapped[decimal.Decimal]
    is_on: Mapped[bool] = mapped_column(index=True)
    data: Mapped[bytes | None]
    day: Mapped[datetime.date | None]
    ratio: Mapped[float]
    color: Mapped[Color]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["other_low", "other_high"],
            ["parents.low", "parents.high"],
            deferrable=True if IS_POSTGRESQL else None,
            initially="DEFERRED" if IS_POSTGRESQL else None,
        ),
    )


if IS_POSTGRESQL:

    class Special(Base):
        __tablename__ = "special"

        id: Mapped[int] = mapped_column(sa.Identity(always=True, start=10), primary_key=True)
        tags: Mapped[dict[str, Any]] = mapped_column(postgresql.JSONB)
        name: Mapped[str]
        active: Mapped[bool]
        during: Mapped[object] = mapped_column(postgresql.TSTZRANGE)

        __table_args__ = (
            sa.Index("ix_gin", "tags", postgresql_using="gin"),
            sa.Index("ix_partial", "name", unique=True, postgresql_where=sa.text("active")),
            sa.Index("ix_including", "name", postgresql_include=["active"]),
            sa.Index("ix_pattern", "name", postgresql_ops={"name": "text_pattern_ops"}),
            sa.Index("ix_nulls", sa.nulls_last(sa.desc("name"))),
            postgresql.ExcludeConstraint(("during", "&&"), name="no_overlap", using="gist"),
            sa.UniqueConstraint("name", "active", postgresql_nulls_not_distinct=True, name="uq_not_distinct"),
            sa.CheckConstraint("name IN ('a', 'b')", name="named"),
            sa.CheckConstraint("name ~ '^x' and length(name) > 3", name="shape"),
        )
