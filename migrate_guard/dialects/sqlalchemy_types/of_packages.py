"""The column types of packages that extend SQLAlchemy, by package and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrate_guard.dialects.sqlalchemy_types.makers import Call, Maker, by_dialect, ddl, fixed, inner, plain, sized
from migrate_guard.dialects.sqlalchemy_types.of_sqlalchemy import DATETIME, JSON, TIMESTAMP, VARCHAR, bit
from migrate_guard.model.schema import Type
from migrate_guard.model.target import DialectName


def _uuid_type(call: Call) -> Type:
    """SQLAlchemy-Utils: bytes or characters where the database has no UUID, or it is not wanted."""
    if call.dialect == "postgresql" and call.flag("native", 1, default=True):
        return ddl("UUID", (), call.dialect)
    return _bytes_or_characters(call.flag("binary", 0, default=True), call.dialect)


def _binary_guid(call: Call) -> Type:
    if call.dialect == "postgresql":
        return ddl("UUID", (), call.dialect)
    return _bytes_or_characters(call.flag("binary", default=True), call.dialect)


def _bytes_or_characters(is_binary: bool, dialect: DialectName) -> Type:
    return ddl("BINARY", ("16",), dialect, "uuid") if is_binary else ddl("CHAR", ("32",), dialect, "uuid")


def _oslo_json(call: Call) -> Type:
    """oslo.db on MySQL: TEXT of the size asked for."""
    size = "LONG" * call.flag("mysql_as_long", 0) or "MEDIUM" * call.flag("mysql_as_medium", 1)
    return ddl(f"{size}TEXT", (), call.dialect, "json")


def _spatial(name: str) -> Maker:
    """GeoAlchemy: the shape and the spatial reference on PostgreSQL, elsewhere the shape alone."""

    def make(call: Call) -> Type:
        shape = call.text("geometry_type", 0) or "GEOMETRY"
        system = call.number("srid", 1)
        if call.dialect == "postgresql":
            return ddl(name, (shape, str(-1 if system is None else system)), call.dialect)
        return ddl(shape, (), call.dialect, "other")

    return make


def _named(call: Call) -> Type:
    """A type that the script creates under a name of its own."""
    return Type(call.text("name", 0) or "", schema=call.text("schema"))


_SQLALCHEMY_UTILS: Final[dict[str, Maker]] = {
    "ArrowType": DATETIME,
    "BitType": by_dialect(sized("BINARY", "length", 1), postgresql=bit, sqlite=sized("VARCHAR", "length", 1)),
    "ChoiceType": inner("impl", fixed("VARCHAR(255)"), 1),
    "ColorType": sized("VARCHAR", "max_length", 20),
    "CompositeType": _named,
    "CountryType": fixed("VARCHAR(2)"),
    "CurrencyType": fixed("VARCHAR(3)"),
    "DateRangeType": fixed("VARCHAR(255)", postgresql="DATERANGE"),
    "DateTimeRangeType": fixed("VARCHAR(255)", postgresql="TSRANGE"),
    "EmailType": sized("VARCHAR", "length", 255),
    "EncryptedType": by_dialect(plain("BLOB"), postgresql=plain("BYTEA"), mysql=sized("BLOB", "length", None, 4)),
    "EnrichedDateTimeType": fixed("DATETIME", postgresql="TIMESTAMP"),
    "EnrichedDateType": plain("DATE"),
    "Int8RangeType": fixed("VARCHAR(255)", postgresql="INT8RANGE"),
    "IntRangeType": fixed("VARCHAR(255)", postgresql="INT4RANGE"),
    "IPAddressType": sized("VARCHAR", "max_length", 50),
    "JSONType": fixed("TEXT", "json", postgresql="JSON"),
    "LocaleType": fixed("VARCHAR(10)"),
    "LtreeType": plain("LTREE"),
    "NumericRangeType": fixed("VARCHAR(255)", postgresql="NUMRANGE"),
    "PasswordType": by_dialect(sized("VARBINARY", "max_length"), postgresql=plain("BYTEA"), sqlite=plain("BLOB")),
    "PhoneNumberType": sized("VARCHAR", "max_length", 20, 1),
    "ScalarListType": plain("TEXT"),
    "StringEncryptedType": sized("VARCHAR", "length", None, None),
    "TimezoneType": fixed("VARCHAR(50)"),
    "TSVectorType": plain("TSVECTOR"),
    "URLType": plain("TEXT"),
    "UUIDType": _uuid_type,
    "WeekDaysType": fixed("BINARY(7)", postgresql="BIT(7)", sqlite="VARCHAR(7)"),
}
"""SQLAlchemy-Utils 0.43, `sqlalchemy_utils/types`."""

_ADVANCED_ALCHEMY: Final[dict[str, Maker]] = {
    "BigIntIdentity": fixed("BIGINT", sqlite="INTEGER"),
    "Bool": plain("BOOLEAN"),
    "DateTimeUTC": fixed("DATETIME", postgresql="TIMESTAMPTZ"),
    "EncryptedString": fixed("VARCHAR", mysql="TEXT"),
    "EncryptedText": plain("TEXT"),
    "GUID": _binary_guid,
    "JsonB": fixed("JSON", postgresql="JSONB"),
    "ORA_JSONB": plain("BLOB"),
    "OneTimeCode": fixed("JSON", postgresql="JSONB"),
    "PasswordHash": sized("VARCHAR", "length", 255, 1),
    "StoredObject": fixed("JSON", postgresql="JSONB"),
    "Vector": by_dialect(JSON, postgresql=plain("VECTOR", "dim")),
}
"""advanced-alchemy 1.12, `advanced_alchemy/types`."""

_JSON_AS_TEXT: Final = by_dialect(plain("TEXT", family="json"), mysql=_oslo_json)
_CHARACTER_GUID: Final = fixed("CHAR(36)", "uuid", postgresql="UUID")

OF_PACKAGES: Final[Mapping[str, Mapping[str, Maker]]] = {
    "sqlalchemy_utils": _SQLALCHEMY_UTILS,
    "advanced_alchemy": _ADVANCED_ALCHEMY,
    "litestar": _ADVANCED_ALCHEMY,
    "airflow": {
        "ExecutorConfigType": fixed("BLOB", postgresql="BYTEA"),
        "ExtendedJSON": fixed("JSON", postgresql="JSONB"),
        "StringID": sized("VARCHAR", "length", 250, None),
        "TIMESTAMP": fixed("TIMESTAMP", postgresql="TIMESTAMPTZ", mysql="TIMESTAMP(6)"),
        "UtcDateTime": fixed("TIMESTAMP", postgresql="TIMESTAMPTZ", mysql="TIMESTAMP(6)"),
    },
    "citext": {"CIText": plain("CITEXT")},
    "fastapi_users_db_sqlalchemy": {"GUID": _CHARACTER_GUID, "TIMESTAMPAware": TIMESTAMP},
    "geoalchemy2": {"Geography": _spatial("geography"), "Geometry": _spatial("geometry"), "Raster": plain("raster")},
    "oslo_db": {
        "JsonEncodedDict": _JSON_AS_TEXT,
        "JsonEncodedList": _JSON_AS_TEXT,
        "JsonEncodedType": _JSON_AS_TEXT,
        "SoftDeleteInteger": plain("INTEGER"),
        "String": VARCHAR,
    },
    "pgvector": {
        "BIT": bit,
        "HALFVEC": plain("HALFVEC", "dim"),
        "SPARSEVEC": plain("SPARSEVEC", "dim"),
        "VECTOR": plain("VECTOR", "dim"),
        "Vector": plain("VECTOR", "dim"),
    },
    "sqlalchemy_json": {
        "MutableJson": JSON,
        "NestedMutableJson": JSON,
        "mutable_json_type": inner("dbtype", JSON),
    },
    "sqlalchemy_utc": {"UtcDateTime": fixed("DATETIME", postgresql="TIMESTAMPTZ")},
    "sqlmodel": {
        "AutoString": by_dialect(VARCHAR, mysql=sized("VARCHAR", "length", 255)),
        "GUID": fixed("CHAR(32)", "uuid", postgresql="UUID"),
    },
}
"""The classes of each package by name, wherever in the package they are imported from: those above, and what
Airflow 3.3, sqlalchemy-citext 1.8, fastapi-users-db-sqlalchemy 7.0, GeoAlchemy2 0.20, oslo.db 18.1, pgvector 0.5,
sqlalchemy-json 0.7, SQLAlchemy-Utc 0.14 and SQLModel 0.0.50 (GUID: 0.0.8) define in their type modules."""
