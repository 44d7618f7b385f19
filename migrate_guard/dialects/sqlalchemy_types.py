"""Column types of SQLAlchemy: what a type construct becomes in the target's own spelling.

A construct is first the DDL that SQLAlchemy's type compiler writes for it; that DDL then goes through the same tables
of names as the types in raw SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from migrate_guard.dialects.sql_types import (
    MARIADB_TYPES,
    POSTGRESQL_TYPES,
    Arguments,
    array,
    builtin,
    quoted,
    sql_type,
    sqlite_family,
)
from migrate_guard.model.schema import UNKNOWN_TYPE, Type
from migrate_guard.model.target import DialectName


def sqlalchemy_type(path: str, args: Sequence[object], kwargs: Mapping[str, object], dialect: DialectName) -> Type:
    """The type that CREATE TABLE gets for a SQLAlchemy type construct.

    `path` is the dotted name of the class as imported. `args` and `kwargs` hold Python literals, nested `Type` values,
    and anything else for what could not be computed. A class that nobody here knows is a type of its own name.
    """
    call = _Call(tuple(args), kwargs, dialect)
    name = path.rpartition(".")[2]
    for group in _groups(path):
        if make := _CONSTRUCTS.get(group, {}).get(name):
            return make(call)
    return Type(name)


def is_known_type(path: str) -> bool:
    """Whether the dotted name is that of a column type which is more than a name here."""
    return any(path.rpartition(".")[2] in _CONSTRUCTS.get(group, {}) for group in _groups(path))


def constructs_of(package: str) -> tuple[str, ...]:
    """The names of the type constructs of a package, "sqlalchemy" or "sqlalchemy.dialects.mysql"; usual ones first."""
    return tuple(_CONSTRUCTS[package])


@dataclass(frozen=True, slots=True)
class _Call:
    """A type construct as written: the class is known, these are the arguments."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    dialect: DialectName

    def value(self, name: str, position: int | None = None) -> object:
        if position is not None and position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name)

    def number(self, name: str, position: int | None = None) -> int | None:
        value = self.value(name, position)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str, position: int | None = None, default: bool = False) -> bool:
        value = self.value(name, position)
        return value if isinstance(value, bool) else default

    def text(self, name: str, position: int | None = None) -> str | None:
        value = self.value(name, position)
        return value if isinstance(value, str) else None

    def numbers(self, names: Sequence[str]) -> Arguments:
        """The arguments that a type shows in parentheses: all up to the first that is not given."""
        found: list[str] = []
        for position, name in enumerate(names):
            number = self.number(name, position)
            if number is None:
                break
            found.append(str(number))
        return tuple(found)


_Maker: TypeAlias = Callable[[_Call], Type]


def _ddl(name: str, arguments: Arguments, dialect: DialectName, family: str | None = None) -> Type:
    """What SQLAlchemy's compiler writes, as the database will show it.

    A name that this database lacks is what it would be in SQL, a type of somebody's own: CREATE TABLE fails unless
    there is one. The family is then that of the other databases' type of this name.
    """
    type_ = builtin(name.lower(), arguments, dialect)
    if type_ is None:
        folded = name.lower() if dialect == "postgresql" else name
        type_ = Type(folded, arguments, family=_family_elsewhere(name.lower()))
    return replace(type_, family=family) if family else type_


def _family_elsewhere(name: str) -> str:
    for names in (MARIADB_TYPES, POSTGRESQL_TYPES):
        if build := names.get(name):
            return build(()).family
    return sqlite_family(name)


def _plain(name: str, *shown: str, family: str | None = None) -> _Maker:
    """A type whose DDL is a name and, in parentheses, the parameters `shown`, its first ones in this order."""

    def make(call: _Call) -> Type:
        return _ddl(name, call.numbers(shown), call.dialect, family)

    return make


def _by_dialect(default: _Maker, **makers: _Maker) -> _Maker:
    """A type that is written in another way on some dialects; MariaDB is MySQL where nothing else is said."""

    def make(call: _Call) -> Type:
        fallback = makers.get("mysql", default) if call.dialect == "mariadb" else default
        return makers.get(call.dialect, fallback)(call)

    return make


def _fixed(text: str, family: str | None = None, **texts: str) -> _Maker:
    """A type without parameters: always the same SQL, by dialect."""

    def make(call: _Call) -> Type:
        fallback = texts.get("mysql", text) if call.dialect == "mariadb" else text
        type_ = sql_type(texts.get(call.dialect, fallback), call.dialect)
        return replace(type_, family=family) if family else type_

    return make


def _sized(name: str, parameter: str, default: int | None = None, position: int | None = 0) -> _Maker:
    """A string whose length is the parameter of that name."""

    def make(call: _Call) -> Type:
        length = call.number(parameter, position)
        length = default if length is None else length
        return _ddl(name, () if length is None else (str(length),), call.dialect)

    return make


def _moment(name: str, precision: str = "precision") -> _Maker:
    """TIME and TIMESTAMP of PostgreSQL, which say whether they have a time zone."""

    def make(call: _Call) -> Type:
        zone = "WITH" if call.flag("timezone", 0) else "WITHOUT"
        number = call.number(precision, 1)
        return _ddl(f"{name} {zone} TIME ZONE", () if number is None else (str(number),), call.dialect)

    return make


def _mysql_moment(name: str) -> _Maker:
    """DATETIME, TIME and TIMESTAMP of MySQL, with their fractional seconds."""

    def make(call: _Call) -> Type:
        digits = call.number("fsp", 1)
        return _ddl(name, (str(digits),) if digits else (), call.dialect)

    return _by_dialect(_SQLALCHEMY[name], mysql=make)


def _mysql_number(name: str, *shown: str) -> _Maker:
    """A number of MySQL, which may be UNSIGNED and ZEROFILL."""

    def make(call: _Call) -> Type:
        suffix = " UNSIGNED" * call.flag("unsigned") + " ZEROFILL" * call.flag("zerofill")
        return _ddl(name + suffix, call.numbers(shown), call.dialect)

    return _by_dialect(_SQLALCHEMY.get(name, _plain(name)), mysql=make)


def _interval(call: _Call) -> Type:
    """`sqlalchemy.Interval`: native on PostgreSQL, a point in time since the epoch elsewhere."""
    if call.dialect != "postgresql":
        return _ddl("DATETIME", (), call.dialect, "interval")
    if not call.flag("native", 0, default=True):
        return _ddl("TIMESTAMP", (), call.dialect, "interval")
    precision = call.number("second_precision", 1)
    return _ddl("INTERVAL", () if precision is None else (str(precision),), call.dialect)


def _postgresql_interval(call: _Call) -> Type:
    fields = call.text("fields", 1)
    precision = call.number("precision", 0)
    name = f"INTERVAL {fields.upper()}" if fields else "INTERVAL"
    return _ddl(name, () if precision is None else (str(precision),), call.dialect)


def _bit(call: _Call) -> Type:
    name = "BIT VARYING" if call.dialect == "postgresql" and call.flag("varying", 1) else "BIT"
    return _ddl(name, call.numbers(("length",)), call.dialect)


def _uuid(call: _Call) -> Type:
    """`sqlalchemy.Uuid`: 32 characters where SQLAlchemy 2.0 takes the database to have no such type.

    SQLAlchemy 2.1 makes it a UUID on MariaDB 10.7 too.
    """
    if call.dialect == "postgresql" and call.flag("native_uuid", 1, default=True):
        return _ddl("UUID", (), call.dialect)
    return _ddl("CHAR", ("32",), call.dialect, "uuid")


def _enum(call: _Call) -> Type:
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
    return replace(_ddl("VARCHAR", (str(length),) if length else (), call.dialect, "enum"), values=labels)


def _labels(call: _Call) -> tuple[str, ...] | None:
    """The labels, if all of them could be computed."""
    labels = tuple(label for label in call.args if isinstance(label, str))
    return labels if labels and len(labels) == len(call.args) else None


def _set(call: _Call) -> Type:
    labels = _labels(call)
    return Type("SET", tuple(map(quoted, labels or ())), values=labels)


def _array_of(call: _Call) -> Type:
    item = call.value("item_type", 0)
    return array(item) if isinstance(item, Type) else replace(UNKNOWN_TYPE, dimensions=1)


def _domain(call: _Call) -> Type:
    base = call.value("data_type", 1)
    family = base.family if isinstance(base, Type) else "other"
    return Type(call.text("name", 0) or "", schema=call.text("schema"), family=family)


def _uuid_type(call: _Call) -> Type:
    """SQLAlchemy-Utils: bytes or characters where the database has no UUID, or it is not wanted."""
    if call.dialect == "postgresql" and call.flag("native", 1, default=True):
        return _ddl("UUID", (), call.dialect)
    return _bytes_or_characters(call.flag("binary", 0, default=True), call.dialect)


def _binary_guid(call: _Call) -> Type:
    if call.dialect == "postgresql":
        return _ddl("UUID", (), call.dialect)
    return _bytes_or_characters(call.flag("binary", default=True), call.dialect)


def _bytes_or_characters(is_binary: bool, dialect: DialectName) -> Type:
    return _ddl("BINARY", ("16",), dialect, "uuid") if is_binary else _ddl("CHAR", ("32",), dialect, "uuid")


def _oslo_json(call: _Call) -> Type:
    """oslo.db on MySQL: TEXT of the size asked for."""
    size = "LONG" * call.flag("mysql_as_long", 0) or "MEDIUM" * call.flag("mysql_as_medium", 1)
    return _ddl(f"{size}TEXT", (), call.dialect, "json")


def _spatial(name: str) -> _Maker:
    """GeoAlchemy: the shape and the spatial reference on PostgreSQL, elsewhere the shape alone."""

    def make(call: _Call) -> Type:
        shape = call.text("geometry_type", 0) or "GEOMETRY"
        system = call.number("srid", 1)
        if call.dialect == "postgresql":
            return _ddl(name, (shape, str(-1 if system is None else system)), call.dialect)
        return _ddl(shape, (), call.dialect, "other")

    return make


def _named(call: _Call) -> Type:
    """A type that the script creates under a name of its own."""
    return Type(call.text("name", 0) or "", schema=call.text("schema"))


def _unknown(_: _Call) -> Type:
    return UNKNOWN_TYPE


def _inner(parameter: str, otherwise: _Maker, position: int | None = 0) -> _Maker:
    """A type around another one, which is what the column gets."""

    def make(call: _Call) -> Type:
        value = call.value(parameter, position)
        return value if isinstance(value, Type) else otherwise(call)

    return make


_LARGE_BINARY: Final = _by_dialect(_plain("BLOB"), postgresql=_plain("BYTEA"), mysql=_plain("BLOB", "length"))
_TIMESTAMP: Final = _by_dialect(_plain("TIMESTAMP"), postgresql=_moment("TIMESTAMP"))
_DATETIME: Final = _by_dialect(_plain("DATETIME"), postgresql=_moment("TIMESTAMP"))
_TIME: Final = _by_dialect(_plain("TIME"), postgresql=_moment("TIME"))
_FLOAT: Final = _by_dialect(_plain("FLOAT", "precision"), sqlite=_plain("FLOAT"))
_VARCHAR: Final = _plain("VARCHAR", "length")
_TEXT: Final = _plain("TEXT", "length")
_NUMERIC: Final = _plain("NUMERIC", "precision", "scale")
_JSON: Final = _plain("JSON")

_SQLALCHEMY: Final[dict[str, _Maker]] = {
    "String": _VARCHAR,
    "Unicode": _VARCHAR,
    "VARCHAR": _VARCHAR,
    "NVARCHAR": _plain("NVARCHAR", "length"),
    "CHAR": _plain("CHAR", "length"),
    "NCHAR": _plain("NCHAR", "length"),
    "Text": _TEXT,
    "UnicodeText": _TEXT,
    "TEXT": _TEXT,
    "CLOB": _plain("CLOB"),
    "Integer": _plain("INTEGER"),
    "INTEGER": _plain("INTEGER"),
    "INT": _plain("INTEGER"),
    "SmallInteger": _plain("SMALLINT"),
    "SMALLINT": _plain("SMALLINT"),
    "BigInteger": _plain("BIGINT"),
    "BIGINT": _plain("BIGINT"),
    "Numeric": _NUMERIC,
    "NUMERIC": _NUMERIC,
    "DECIMAL": _plain("DECIMAL", "precision", "scale"),
    "Float": _FLOAT,
    "FLOAT": _FLOAT,
    "Double": _by_dialect(_plain("DOUBLE"), postgresql=_plain("DOUBLE PRECISION")),
    "DOUBLE": _plain("DOUBLE"),
    "DOUBLE_PRECISION": _plain("DOUBLE PRECISION"),
    "REAL": _plain("REAL"),
    "Boolean": _plain("BOOLEAN"),
    "BOOLEAN": _plain("BOOLEAN"),
    "MatchType": _plain("BOOLEAN"),
    "DateTime": _DATETIME,
    "DATETIME": _plain("DATETIME"),
    "TIMESTAMP": _TIMESTAMP,
    "Date": _plain("DATE"),
    "DATE": _plain("DATE"),
    "Time": _TIME,
    "TIME": _TIME,
    "Interval": _interval,
    "LargeBinary": _LARGE_BINARY,
    "PickleType": _inner("impl", _fixed("BLOB", postgresql="BYTEA"), 3),
    "BLOB": _by_dialect(_plain("BLOB"), mysql=_plain("BLOB", "length")),
    "BINARY": _plain("BINARY", "length"),
    "VARBINARY": _plain("VARBINARY", "length"),
    "JSON": _JSON,
    "Uuid": _uuid,
    "UUID": _plain("UUID"),
    "Enum": _enum,
    "ARRAY": _array_of,
    "NullType": _unknown,
    "NULLTYPE": _unknown,
}
"""SQLAlchemy 2.1, `sqlalchemy.types`: the names in `sql/sqltypes.py`, the DDL in `sql/compiler.py`
(`GenericTypeCompiler`) and what the three dialects' type compilers write instead."""

_POSTGRESQL_CONSTRUCTS: Final[dict[str, _Maker]] = {
    **{
        name: _plain(name)
        for name in (
            "BYTEA", "CIDR", "CITEXT", "HSTORE", "INET", "JSONB", "JSONPATH", "MACADDR", "MACADDR8", "MONEY", "OID",
            "REGCLASS", "REGCONFIG", "TSQUERY", "TSVECTOR", "DATERANGE", "INT4RANGE", "INT8RANGE", "NUMRANGE",
            "TSRANGE", "TSTZRANGE", "DATEMULTIRANGE", "INT4MULTIRANGE", "INT8MULTIRANGE", "NUMMULTIRANGE",
            "TSMULTIRANGE", "TSTZMULTIRANGE",
        )
    },
    "ENUM": _enum,
    "DOMAIN": _domain,
    "BIT": _bit,
    "INTERVAL": _postgresql_interval,
    "PGInterval": _postgresql_interval,
    "TIME": _TIME,
    "TIMESTAMP": _TIMESTAMP,
    "PGBit": _bit,
    "PGCidr": _plain("CIDR"),
    "PGInet": _plain("INET"),
    "PGMacAddr": _plain("MACADDR"),
    "PGUuid": _plain("UUID"),
}  # fmt: skip
"""SQLAlchemy 2.1, `dialects/postgresql/types.py`, `named_types.py`, `ranges.py` and `base.py` (`PGTypeCompiler`)."""

_MYSQL_CONSTRUCTS: Final[dict[str, _Maker]] = {
    **{name: _mysql_number(name, "display_width") for name in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT")},
    **{name: _mysql_number(name, "precision", "scale") for name in ("DECIMAL", "NUMERIC", "FLOAT")},
    **{name: _mysql_number(name, "precision", "scale") for name in ("DOUBLE", "REAL")},
    **{name: _mysql_moment(name) for name in ("DATETIME", "TIME", "TIMESTAMP")},
    **{name: _plain(name) for name in ("TINYTEXT", "MEDIUMTEXT", "LONGTEXT")},
    **{name: _plain(name) for name in ("TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "INET4", "INET6")},
    "MEDIUMINT": _mysql_number("MEDIUMINT", "display_width"),
    "BIT": _plain("BIT", "length"),
    "YEAR": _plain("YEAR", "display_width"),
    "ENUM": _enum,
    "SET": _set,
}
"""SQLAlchemy 2.1, `dialects/mysql/types.py`, `enumerated.py` and `base.py` (`MySQLTypeCompiler`)."""

_SQLALCHEMY_UTILS: Final[dict[str, _Maker]] = {
    "ArrowType": _DATETIME,
    "BitType": _by_dialect(_sized("BINARY", "length", 1), postgresql=_bit, sqlite=_sized("VARCHAR", "length", 1)),
    "ChoiceType": _inner("impl", _fixed("VARCHAR(255)"), 1),
    "ColorType": _sized("VARCHAR", "max_length", 20),
    "CompositeType": _named,
    "CountryType": _fixed("VARCHAR(2)"),
    "CurrencyType": _fixed("VARCHAR(3)"),
    "DateRangeType": _fixed("VARCHAR(255)", postgresql="DATERANGE"),
    "DateTimeRangeType": _fixed("VARCHAR(255)", postgresql="TSRANGE"),
    "EmailType": _sized("VARCHAR", "length", 255),
    "EncryptedType": _by_dialect(_plain("BLOB"), postgresql=_plain("BYTEA"), mysql=_sized("BLOB", "length", None, 4)),
    "EnrichedDateTimeType": _fixed("DATETIME", postgresql="TIMESTAMP"),
    "EnrichedDateType": _plain("DATE"),
    "Int8RangeType": _fixed("VARCHAR(255)", postgresql="INT8RANGE"),
    "IntRangeType": _fixed("VARCHAR(255)", postgresql="INT4RANGE"),
    "IPAddressType": _sized("VARCHAR", "max_length", 50),
    "JSONType": _fixed("TEXT", "json", postgresql="JSON"),
    "LocaleType": _fixed("VARCHAR(10)"),
    "LtreeType": _plain("LTREE"),
    "NumericRangeType": _fixed("VARCHAR(255)", postgresql="NUMRANGE"),
    "PasswordType": _by_dialect(_sized("VARBINARY", "max_length"), postgresql=_plain("BYTEA"), sqlite=_plain("BLOB")),
    "PhoneNumberType": _sized("VARCHAR", "max_length", 20, 1),
    "ScalarListType": _plain("TEXT"),
    "StringEncryptedType": _sized("VARCHAR", "length", None, None),
    "TimezoneType": _fixed("VARCHAR(50)"),
    "TSVectorType": _plain("TSVECTOR"),
    "URLType": _plain("TEXT"),
    "UUIDType": _uuid_type,
    "WeekDaysType": _fixed("BINARY(7)", postgresql="BIT(7)", sqlite="VARCHAR(7)"),
}
"""SQLAlchemy-Utils 0.43, `sqlalchemy_utils/types`."""

_ADVANCED_ALCHEMY: Final[dict[str, _Maker]] = {
    "BigIntIdentity": _fixed("BIGINT", sqlite="INTEGER"),
    "Bool": _plain("BOOLEAN"),
    "DateTimeUTC": _fixed("DATETIME", postgresql="TIMESTAMPTZ"),
    "EncryptedString": _fixed("VARCHAR", mysql="TEXT"),
    "EncryptedText": _plain("TEXT"),
    "GUID": _binary_guid,
    "JsonB": _fixed("JSON", postgresql="JSONB"),
    "ORA_JSONB": _plain("BLOB"),
    "OneTimeCode": _fixed("JSON", postgresql="JSONB"),
    "PasswordHash": _sized("VARCHAR", "length", 255, 1),
    "StoredObject": _fixed("JSON", postgresql="JSONB"),
    "Vector": _by_dialect(_JSON, postgresql=_plain("VECTOR", "dim")),
}
"""advanced-alchemy 1.12, `advanced_alchemy/types`."""

_JSON_AS_TEXT: Final = _by_dialect(_plain("TEXT", family="json"), mysql=_oslo_json)
_CHARACTER_GUID: Final = _fixed("CHAR(36)", "uuid", postgresql="UUID")

_CONSTRUCTS: Final[Mapping[str, Mapping[str, _Maker]]] = {
    "sqlalchemy": _SQLALCHEMY,
    "sqlalchemy.dialects.postgresql": _POSTGRESQL_CONSTRUCTS,
    "sqlalchemy.dialects.mysql": _MYSQL_CONSTRUCTS,
    "sqlalchemy.dialects.mariadb": _MYSQL_CONSTRUCTS,
    "sqlalchemy.dialects.sqlite": {"DATETIME": _DATETIME, "JSONB": _plain("JSONB")},
    "sqlalchemy.ext.mutable": {"as_mutable": _inner("sqltype", _unknown)},
    "sqlalchemy_utils": _SQLALCHEMY_UTILS,
    "advanced_alchemy": _ADVANCED_ALCHEMY,
    "litestar": _ADVANCED_ALCHEMY,
    "airflow": {
        "ExecutorConfigType": _fixed("BLOB", postgresql="BYTEA"),
        "ExtendedJSON": _fixed("JSON", postgresql="JSONB"),
        "StringID": _sized("VARCHAR", "length", 250, None),
        "TIMESTAMP": _fixed("TIMESTAMP", postgresql="TIMESTAMPTZ", mysql="TIMESTAMP(6)"),
        "UtcDateTime": _fixed("TIMESTAMP", postgresql="TIMESTAMPTZ", mysql="TIMESTAMP(6)"),
    },
    "citext": {"CIText": _plain("CITEXT")},
    "fastapi_users_db_sqlalchemy": {"GUID": _CHARACTER_GUID, "TIMESTAMPAware": _TIMESTAMP},
    "geoalchemy2": {"Geography": _spatial("geography"), "Geometry": _spatial("geometry"), "Raster": _plain("raster")},
    "oslo_db": {
        "JsonEncodedDict": _JSON_AS_TEXT,
        "JsonEncodedList": _JSON_AS_TEXT,
        "JsonEncodedType": _JSON_AS_TEXT,
        "SoftDeleteInteger": _plain("INTEGER"),
        "String": _VARCHAR,
    },
    "pgvector": {
        "BIT": _bit,
        "HALFVEC": _plain("HALFVEC", "dim"),
        "SPARSEVEC": _plain("SPARSEVEC", "dim"),
        "VECTOR": _plain("VECTOR", "dim"),
        "Vector": _plain("VECTOR", "dim"),
    },
    "sqlalchemy_json": {
        "MutableJson": _JSON,
        "NestedMutableJson": _JSON,
        "mutable_json_type": _inner("dbtype", _JSON),
    },
    "sqlalchemy_utc": {"UtcDateTime": _fixed("DATETIME", postgresql="TIMESTAMPTZ")},
    "sqlmodel": {
        "AutoString": _by_dialect(_VARCHAR, mysql=_sized("VARCHAR", "length", 255)),
        "GUID": _fixed("CHAR(32)", "uuid", postgresql="UUID"),
    },
}
"""The classes of each package by name, wherever in the package they are imported from: SQLAlchemy above, then what
Airflow 3.3, sqlalchemy-citext 1.8, fastapi-users-db-sqlalchemy 7.0, GeoAlchemy2 0.20, oslo.db 18.1, pgvector 0.5,
sqlalchemy-json 0.7, SQLAlchemy-Utc 0.14 and SQLModel 0.0.50 (GUID: 0.0.8) define in their type modules."""

_REEXPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlalchemy": ("sqlalchemy", "advanced_alchemy"),
    "sqlmodel": ("sqlmodel", "sqlalchemy"),
    "flask_sqlalchemy": ("sqlalchemy",),
}
"""Packages in which classes of another are found: SQLAlchemy's own as `db.String`, and those that the script template
of advanced-alchemy writes into `sqlalchemy` itself."""


def _groups(path: str) -> Iterator[str]:
    """The tables in which the class may stand, the nearest first."""
    parts = path.split(".")
    package = ".".join(parts[:3])
    if package in _CONSTRUCTS:
        yield package
    yield from _REEXPORTS.get(parts[0], (parts[0],))
