"""The column types of SQLAlchemy itself, by package and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard.dialects.sql_types import array, quoted
from migrate_guard.dialects.sqlalchemy_types.makers import (
    Call,
    Maker,
    by_dialect,
    ddl,
    fixed,
    inner,
    moment,
    plain,
    unknown,
)
from migrate_guard.model.schema import UNKNOWN_TYPE, Type


def _mysql_moment(name: str) -> Maker:
    """DATETIME, TIME and TIMESTAMP of MySQL, with their fractional seconds."""

    def make(call: Call) -> Type:
        digits = call.number("fsp", 1)
        return ddl(name, (str(digits),) if digits else (), call.dialect)

    return by_dialect(_SQLALCHEMY[name], mysql=make)


def _mysql_number(name: str, *shown: str) -> Maker:
    """A number of MySQL, which may be UNSIGNED and ZEROFILL."""

    def make(call: Call) -> Type:
        suffix = " UNSIGNED" * call.flag("unsigned") + " ZEROFILL" * call.flag("zerofill")
        return ddl(name + suffix, call.numbers(shown), call.dialect)

    return by_dialect(_SQLALCHEMY.get(name, plain(name)), mysql=make)


def _interval(call: Call) -> Type:
    """`sqlalchemy.Interval`: native on PostgreSQL, a point in time since the epoch elsewhere."""
    if call.dialect != "postgresql":
        return ddl("DATETIME", (), call.dialect, "interval")
    if not call.flag("native", 0, default=True):
        return ddl("TIMESTAMP", (), call.dialect, "interval")
    precision = call.number("second_precision", 1)
    return ddl("INTERVAL", () if precision is None else (str(precision),), call.dialect)


def _postgresql_interval(call: Call) -> Type:
    fields = call.text("fields", 1)
    precision = call.number("precision", 0)
    name = f"INTERVAL {fields.upper()}" if fields else "INTERVAL"
    return ddl(name, () if precision is None else (str(precision),), call.dialect)


def bit(call: Call) -> Type:
    """BIT, or BIT VARYING where it says so and the database has it."""
    name = "BIT VARYING" if call.dialect == "postgresql" and call.flag("varying", 1) else "BIT"
    return ddl(name, call.numbers(("length",)), call.dialect)


def _uuid(call: Call) -> Type:
    """`sqlalchemy.Uuid`: 32 characters where SQLAlchemy 2.0 takes the database to have no such type.

    SQLAlchemy 2.1 makes it a UUID on MariaDB 10.7 too.
    """
    if call.dialect == "postgresql" and call.flag("native_uuid", 1, default=True):
        return ddl("UUID", (), call.dialect)
    return ddl("CHAR", ("32",), call.dialect, "uuid")


def _enum(call: Call) -> Type:
    """An enumeration: a type of its own on PostgreSQL, part of the column on MySQL, else a string."""
    labels = _labels(call)
    is_native = call.flag("native_enum", default=True)
    if is_native and call.dialect == "postgresql":
        return Type(call.text("name") or "", values=labels, schema=call.text("schema"), family="enum")
    if is_native and call.dialect != "sqlite":
        return Type("ENUM", tuple(map(quoted, labels or ())), values=labels, family="enum")
    length = call.number("length")
    if length is None and labels:
        length = max(map(len, labels))
    return replace(ddl("VARCHAR", (str(length),) if length else (), call.dialect, "enum"), values=labels)


def _labels(call: Call) -> tuple[str, ...] | None:
    """The labels, if all of them could be computed."""
    labels = tuple(label for label in call.args if isinstance(label, str))
    return labels if labels and len(labels) == len(call.args) else None


def _set(call: Call) -> Type:
    labels = _labels(call)
    return Type("SET", tuple(map(quoted, labels or ())), values=labels)


def _array_of(call: Call) -> Type:
    item = call.value("item_type", 0)
    return array(item) if isinstance(item, Type) else replace(UNKNOWN_TYPE, dimensions=1)


def _domain(call: Call) -> Type:
    base = call.value("data_type", 1)
    family = base.family if isinstance(base, Type) else "other"
    return Type(call.text("name", 0) or "", schema=call.text("schema"), family=family)


_LARGE_BINARY: Final = by_dialect(plain("BLOB"), postgresql=plain("BYTEA"), mysql=plain("BLOB", "length"))
TIMESTAMP: Final = by_dialect(plain("TIMESTAMP"), postgresql=moment("TIMESTAMP"))
DATETIME: Final = by_dialect(plain("DATETIME"), postgresql=moment("TIMESTAMP"))
_TIME: Final = by_dialect(plain("TIME"), postgresql=moment("TIME"))
_FLOAT: Final = by_dialect(plain("FLOAT", "precision"), sqlite=plain("FLOAT"))
VARCHAR: Final = plain("VARCHAR", "length")
_TEXT: Final = plain("TEXT", "length")
_NUMERIC: Final = plain("NUMERIC", "precision", "scale")
JSON: Final = plain("JSON")

_SQLALCHEMY: Final[dict[str, Maker]] = {
    "String": VARCHAR,
    "Unicode": VARCHAR,
    "VARCHAR": VARCHAR,
    "NVARCHAR": plain("NVARCHAR", "length"),
    "CHAR": plain("CHAR", "length"),
    "NCHAR": plain("NCHAR", "length"),
    "Text": _TEXT,
    "UnicodeText": _TEXT,
    "TEXT": _TEXT,
    "CLOB": plain("CLOB"),
    "Integer": plain("INTEGER"),
    "INTEGER": plain("INTEGER"),
    "INT": plain("INTEGER"),
    "SmallInteger": plain("SMALLINT"),
    "SMALLINT": plain("SMALLINT"),
    "BigInteger": plain("BIGINT"),
    "BIGINT": plain("BIGINT"),
    "Numeric": _NUMERIC,
    "NUMERIC": _NUMERIC,
    "DECIMAL": plain("DECIMAL", "precision", "scale"),
    "Float": _FLOAT,
    "FLOAT": _FLOAT,
    "Double": by_dialect(plain("DOUBLE"), postgresql=plain("DOUBLE PRECISION")),
    "DOUBLE": plain("DOUBLE"),
    "DOUBLE_PRECISION": plain("DOUBLE PRECISION"),
    "REAL": plain("REAL"),
    "Boolean": plain("BOOLEAN"),
    "BOOLEAN": plain("BOOLEAN"),
    "MatchType": plain("BOOLEAN"),
    "DateTime": DATETIME,
    "DATETIME": plain("DATETIME"),
    "TIMESTAMP": TIMESTAMP,
    "Date": plain("DATE"),
    "DATE": plain("DATE"),
    "Time": _TIME,
    "TIME": _TIME,
    "Interval": _interval,
    "LargeBinary": _LARGE_BINARY,
    "PickleType": inner("impl", fixed("BLOB", postgresql="BYTEA"), 3),
    "BLOB": by_dialect(plain("BLOB"), mysql=plain("BLOB", "length")),
    "BINARY": plain("BINARY", "length"),
    "VARBINARY": plain("VARBINARY", "length"),
    "JSON": JSON,
    "Uuid": _uuid,
    "UUID": plain("UUID"),
    "Enum": _enum,
    "ARRAY": _array_of,
    "NullType": unknown,
    "NULLTYPE": unknown,
}
"""SQLAlchemy 2.1, `sqlalchemy.types`: the names in `sql/sqltypes.py`, the DDL in `sql/compiler.py`
(`GenericTypeCompiler`) and what the three dialects' type compilers write instead."""

_POSTGRESQL: Final[dict[str, Maker]] = {
    **{
        name: plain(name)
        for name in (
            "BYTEA", "CIDR", "CITEXT", "HSTORE", "INET", "JSONB", "JSONPATH", "MACADDR", "MACADDR8", "MONEY", "OID",
            "REGCLASS", "REGCONFIG", "TSQUERY", "TSVECTOR", "DATERANGE", "INT4RANGE", "INT8RANGE", "NUMRANGE",
            "TSRANGE", "TSTZRANGE", "DATEMULTIRANGE", "INT4MULTIRANGE", "INT8MULTIRANGE", "NUMMULTIRANGE",
            "TSMULTIRANGE", "TSTZMULTIRANGE",
        )
    },
    "ENUM": _enum,
    "DOMAIN": _domain,
    "BIT": bit,
    "INTERVAL": _postgresql_interval,
    "PGInterval": _postgresql_interval,
    "TIME": _TIME,
    "TIMESTAMP": TIMESTAMP,
    "PGBit": bit,
    "PGCidr": plain("CIDR"),
    "PGInet": plain("INET"),
    "PGMacAddr": plain("MACADDR"),
    "PGUuid": plain("UUID"),
}  # fmt: skip
"""SQLAlchemy 2.1, `dialects/postgresql/types.py`, `named_types.py`, `ranges.py` and `base.py` (`PGTypeCompiler`)."""

_MYSQL: Final[dict[str, Maker]] = {
    **{name: _mysql_number(name, "display_width") for name in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT")},
    **{name: _mysql_number(name, "precision", "scale") for name in ("DECIMAL", "NUMERIC", "FLOAT")},
    **{name: _mysql_number(name, "precision", "scale") for name in ("DOUBLE", "REAL")},
    **{name: _mysql_moment(name) for name in ("DATETIME", "TIME", "TIMESTAMP")},
    **{name: plain(name) for name in ("TINYTEXT", "MEDIUMTEXT", "LONGTEXT")},
    **{name: plain(name) for name in ("TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "INET4", "INET6")},
    "MEDIUMINT": _mysql_number("MEDIUMINT", "display_width"),
    "BIT": plain("BIT", "length"),
    "YEAR": plain("YEAR", "display_width"),
    "ENUM": _enum,
    "SET": _set,
}
"""SQLAlchemy 2.1, `dialects/mysql/types.py`, `enumerated.py` and `base.py` (`MySQLTypeCompiler`)."""

OF_SQLALCHEMY: Final[Mapping[str, Mapping[str, Maker]]] = {
    "sqlalchemy": _SQLALCHEMY,
    "sqlalchemy.dialects.postgresql": _POSTGRESQL,
    "sqlalchemy.dialects.mysql": _MYSQL,
    "sqlalchemy.dialects.mariadb": _MYSQL,
    "sqlalchemy.dialects.sqlite": {"DATETIME": DATETIME, "JSONB": plain("JSONB")},
    "sqlalchemy.ext.mutable": {"as_mutable": inner("sqltype", unknown)},
}
"""The classes of each package of SQLAlchemy by name."""
