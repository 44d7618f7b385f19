"""Types as SQLAlchemy constructs: every type of a database that SQLAlchemy has one for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from migrate_guard.dialects.sql_types import MARIADB_TYPES, POSTGRESQL_TYPES, builtin, sql_type
from migrate_guard.model.schema import Type
from migrate_guard.model.target import DialectName
from migrate_guard.rendering.python import flat
from migrate_guard.rendering.type_constructs import type_construct

WITHOUT = {
    *("BOX", "CIRCLE", "LINE", "LSEG", "PATH", "POINT", "POLYGON", "BPCHAR", "LTREE", "NAME", "PG_LSN", "TID", "XID"),
    *("REGNAMESPACE", "REGPROC", "REGPROCEDURE", "REGROLE", "REGTYPE", "XID8", "XML"),
    *("VECTOR", "HALFVEC", "SPARSEVEC", "geography", "geometry", "raster"),
}


REFUSED = {("mysql", "VARCHAR"), ("mysql", "VARBINARY"), ("mysql", "DOUBLE(3)"), ("mysql", "DOUBLE UNSIGNED(3)")}
"""What is no type of the database, as a length or a scale is missing."""


def test_types_of_postgresql_without_a_construct() -> None:
    types = {built for name in POSTGRESQL_TYPES if (built := builtin(name, (), "postgresql"))}
    assert {each.name for each in types if type_construct(each, "postgresql") is None} == WITHOUT


@pytest.mark.parametrize(
    ("dialect", "sql", "construct"),
    [
        ("postgresql", "varchar(80)", "sa.String(80)"),
        ("postgresql", "timestamptz", "sa.DateTime(timezone=True)"),
        ("postgresql", "timestamp(3)", "postgresql.TIMESTAMP(precision=3)"),
        ("postgresql", "timestamptz(3)", "postgresql.TIMESTAMP(timezone=True, precision=3)"),
        ("postgresql", "numeric(12, 2)", "sa.Numeric(12, 2)"),
        ("postgresql", "double precision", "sa.Float()"),
        ("postgresql", "bytea", "sa.LargeBinary()"),
        ("postgresql", "uuid", "sa.Uuid()"),
        ("postgresql", "jsonb", "postgresql.JSONB()"),
        ("postgresql", "int[]", "sa.ARRAY(sa.Integer())"),
        ("postgresql", "bit varying(8)", "postgresql.BIT(8, varying=True)"),
        ("postgresql", "interval year to month", 'postgresql.INTERVAL(fields="YEAR TO MONTH")'),
        ("mysql", "tinyint(1)", "sa.Boolean()"),
        ("mysql", "int unsigned", "mysql.INTEGER(unsigned=True)"),
        ("mysql", "decimal(10, 2) unsigned", "mysql.DECIMAL(10, 2, unsigned=True)"),
        ("mysql", "datetime(6)", "mysql.DATETIME(fsp=6)"),
        ("mysql", "enum('a', 'b')", 'sa.Enum("a", "b")'),
        ("mysql", "set('a', 'b')", 'mysql.SET("a", "b")'),
        ("mysql", "longtext", "mysql.LONGTEXT()"),
        ("sqlite", "VARCHAR(80)", "sa.String(80)"),
        ("sqlite", "DATETIME", "sa.DateTime()"),
    ],
)
def test_construct(dialect: DialectName, sql: str, construct: str) -> None:
    made = type_construct(sql_type(sql, dialect), dialect)
    assert made is not None
    assert flat(made) == construct


@pytest.mark.parametrize(("dialect", "names"), [("postgresql", POSTGRESQL_TYPES), ("mysql", MARIADB_TYPES)])
def test_sqlalchemy_takes_every_construct(dialect: DialectName, names: Iterable[str]) -> None:
    compiler = {"postgresql": postgresql, "mysql": mysql}[dialect].dialect()
    for name, arguments in product(names, ((), ("3",), ("7", "2"))):
        type_ = builtin(name, arguments, dialect)
        made = type_construct(type_, dialect) if type_ else None
        if type_ is not None and made is not None and (dialect, str(type_)) not in REFUSED:
            construct = eval(flat(made), {"sa": sa, "postgresql": postgresql, "mysql": mysql})
            assert sql_type(construct.compile(dialect=compiler), dialect).name == type_.name, flat(made)


def test_nothing_is_invented() -> None:
    assert type_construct(Type("?", family="unknown"), "postgresql") is None
    assert type_construct(Type("money_type"), "postgresql") is None
    assert type_construct(Type("INTEGER", family="integer"), "postgresql", "de_DE") is None
