"""Column types in SQL: what the text of a type is in the target's own spelling.

There is one spelling a type, the one under which the database shows the column afterwards: PostgreSQL's `format_type`
in upper case as SQLAlchemy prints it, MySQL's SHOW CREATE TABLE without display widths, character sets and collations,
and on SQLite the text of the declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import UNKNOWN_TYPE, Type
from migrate_guard.model.target import DialectName

Arguments: TypeAlias = tuple[str, ...]


@lru_cache(maxsize=2048)
def sql_type(text: str, dialect: DialectName) -> Type:
    """The type that a piece of SQL names, in the spelling that the database shows."""
    parsed = _parse(text, dialect)
    if not parsed.name:
        return UNKNOWN_TYPE
    type_ = None
    if parsed.schema in (None, "pg_catalog") and not parsed.is_quoted:
        type_ = builtin(parsed.name.lower(), parsed.arguments, dialect)
    if type_ is None:
        type_ = _user_defined(parsed, dialect)
    return array(type_) if parsed.is_array else type_


class _Builtin(Struct, frozen=True):
    """A type of a database: its canonical name, and how many of the arguments written the database keeps."""

    name: str
    family: str
    keeps: int = 0
    default: Arguments = ()

    def __call__(self, arguments: Arguments) -> Type:
        return Type(self.name, (arguments or self.default)[: self.keeps], family=self.family)


_Builder: TypeAlias = Callable[[Arguments], Type]


def _spellings(builder: _Builder, *names: str) -> dict[str, _Builder]:
    """The rows of a table for one type under several names."""
    own = (builder.name.lower(),) if isinstance(builder, _Builtin) else ()
    return dict.fromkeys((*own, *names), builder)


def _each(family: str, *names: str, keeps: int = 0) -> dict[str, _Builder]:
    """The rows of a table for several types that have one name each."""
    return {name.lower(): _Builtin(name, family, keeps) for name in names}


def _postgresql_float(arguments: Arguments) -> Type:
    """FLOAT(1..24) is REAL, everything else DOUBLE PRECISION."""
    is_single = bool(arguments) and arguments[0].isdigit() and int(arguments[0]) <= 24
    return Type("REAL" if is_single else "DOUBLE PRECISION", family="float")


def _postgresql_numeric(arguments: Arguments) -> Type:
    """A precision without a scale has the scale 0."""
    return Type("NUMERIC", (*arguments, "0")[:2] if arguments else (), family="decimal")


def _postgresql_bpchar(arguments: Arguments) -> Type:
    """CHAR under its internal name, under which it may go without a length."""
    return Type("CHAR", arguments[:1], family="text") if arguments else Type("BPCHAR", family="text")


def _geometry(arguments: Arguments) -> Type:
    """PostGIS shows neither a spatial reference that is not set nor a shape that may be any."""
    shape = tuple(argument.upper() for argument in arguments[:1])
    system = tuple(argument for argument in arguments[1:2] if argument.isdigit() and int(argument) > 0)
    return Type("geometry", () if shape == ("GEOMETRY",) and not system else shape + system)


def _geography(arguments: Arguments) -> Type:
    """As `_geometry`, but places without a spatial reference are in WGS 84."""
    if not arguments:
        return Type("geography")
    placed = _geometry(arguments).args
    return Type("geography", placed if len(placed) == 2 else (arguments[0].upper(), "4326"))


_INTERVAL_FIELDS: Final = (
    "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "YEAR TO MONTH", "DAY TO HOUR", "DAY TO MINUTE",
    "DAY TO SECOND", "HOUR TO MINUTE", "HOUR TO SECOND", "MINUTE TO SECOND",
)  # fmt: skip

POSTGRESQL_TYPES: Final[dict[str, _Builder]] = {
    **_spellings(_Builtin("SMALLINT", "integer"), "int2", "smallserial", "serial2"),
    **_spellings(_Builtin("INTEGER", "integer"), "int", "int4", "serial", "serial4"),
    **_spellings(_Builtin("BIGINT", "integer"), "int8", "bigserial", "serial8"),
    **_spellings(_postgresql_numeric, "numeric", "decimal", "dec"),
    **_spellings(_postgresql_float, "float"),
    **_spellings(_Builtin("REAL", "float"), "float4"),
    **_spellings(_Builtin("DOUBLE PRECISION", "float"), "float8"),
    **_spellings(_Builtin("BOOLEAN", "boolean"), "bool"),
    **_spellings(
        _Builtin("VARCHAR", "text", 1),
        "character varying", "char varying", "national character varying", "national char varying", "nchar varying",
    ),
    **_spellings(
        _Builtin("CHAR", "text", 1, ("1",)), "character", "national character", "national char", "nchar"
    ),
    "bpchar": _postgresql_bpchar,
    **_each("text", "TEXT", "CITEXT", "NAME", "XML"),
    **_spellings(_Builtin("TIMESTAMP WITHOUT TIME ZONE", "timestamp", 1), "timestamp"),
    **_spellings(_Builtin("TIMESTAMP WITH TIME ZONE", "timestamp", 1), "timestamptz"),
    **_spellings(_Builtin("TIME WITHOUT TIME ZONE", "time", 1), "time"),
    **_spellings(_Builtin("TIME WITH TIME ZONE", "time", 1), "timetz"),
    **_each("date", "DATE"),
    **_each("interval", "INTERVAL", *(f"INTERVAL {fields}" for fields in _INTERVAL_FIELDS), keeps=1),
    **_each("json", "JSON", "JSONB"),
    **_each("uuid", "UUID"),
    **_each("binary", "BYTEA"),
    **_spellings(_Builtin("BIT", "other", 1, ("1",))),
    **_spellings(_Builtin("BIT VARYING", "other", 1), "varbit"),
    **_each("decimal", "MONEY"),
    **_each("other", "INET", "CIDR", "MACADDR", "MACADDR8", "HSTORE", "LTREE", "TSVECTOR", "TSQUERY", "JSONPATH"),
    **_each("other", "OID", "REGCLASS", "REGCONFIG", "REGTYPE", "REGPROC", "REGPROCEDURE", "REGROLE", "REGNAMESPACE"),
    **_each("other", "POINT", "LINE", "LSEG", "BOX", "PATH", "POLYGON", "CIRCLE", "XID", "XID8", "TID", "PG_LSN"),
    **_each("other", "INT4RANGE", "INT8RANGE", "NUMRANGE", "DATERANGE", "TSRANGE", "TSTZRANGE"),
    **_each("other", "INT4MULTIRANGE", "INT8MULTIRANGE", "NUMMULTIRANGE"),
    **_each("other", "DATEMULTIRANGE", "TSMULTIRANGE", "TSTZMULTIRANGE"),
    **_each("other", "VECTOR", "HALFVEC", "SPARSEVEC", keeps=1),
    "geometry": _geometry,
    "geography": _geography,
    "raster": _Builtin("raster", "other"),
}  # fmt: skip
"""PostgreSQL's names for its types, the SQL standard's and the short ones (documentation, "Data Types", table 8.1;
SQLAlchemy 2.1 `dialects/postgresql/base.py`, `ischema_names` and `PGTypeCompiler`), with those of the extensions
citext, hstore, ltree, pgvector and PostGIS. SERIAL is its integer."""


def _mysql_float(arguments: Arguments) -> Type:
    """FLOAT(25..53) is DOUBLE, a smaller precision is dropped, FLOAT(M, D) stays."""
    if len(arguments) == 1:
        return Type("DOUBLE" if arguments[0].isdigit() and int(arguments[0]) > 24 else "FLOAT", family="float")
    return Type("FLOAT", arguments[:2], family="float")


def _mysql_decimal(arguments: Arguments) -> Type:
    """The precision is 10 and the scale 0 where they are not written."""
    return Type("DECIMAL", (*arguments, *("10", "0")[len(arguments) :])[:2], family="decimal")


def _mysql_tinyint(arguments: Arguments) -> Type:
    """TINYINT(1) is how MySQL keeps a BOOLEAN; no other display width means anything."""
    return Type("TINYINT", ("1",), family="boolean") if arguments == ("1",) else Type("TINYINT", family="integer")


def _mysql_bool(_: Arguments) -> Type:
    return Type("TINYINT", ("1",), family="boolean")


_MYSQL_SIZES: Final = (("TINY", 2**8), ("", 2**16), ("MEDIUM", 2**24))


def _mysql_size(arguments: Arguments, width: int) -> str:
    """The smallest type that holds as many characters of `width` bytes as asked for."""
    if not arguments or not arguments[0].isdigit():
        return ""
    size = int(arguments[0]) * width
    return next((prefix for prefix, limit in _MYSQL_SIZES if size < limit), "LONG")


def _mysql_text(arguments: Arguments) -> Type:
    """The column's character set is taken to be utf8mb4."""
    return Type(f"{_mysql_size(arguments, 4)}TEXT", family="text")


def _mysql_blob(arguments: Arguments) -> Type:
    return Type(f"{_mysql_size(arguments, 1)}BLOB", family="binary")


def _mysql_enum(arguments: Arguments) -> Type:
    return Type("ENUM", arguments, values=tuple(map(_unquoted, arguments)), family="enum")


def _mysql_set(arguments: Arguments) -> Type:
    return Type("SET", arguments, values=tuple(map(_unquoted, arguments)))


_MYSQL: Final[dict[str, _Builder]] = {
    **_spellings(_mysql_tinyint, "tinyint", "int1"),
    **_spellings(_mysql_bool, "bool", "boolean"),
    **_spellings(_Builtin("SMALLINT", "integer"), "int2"),
    **_spellings(_Builtin("MEDIUMINT", "integer"), "int3", "middleint"),
    **_spellings(_Builtin("INTEGER", "integer"), "int", "int4"),
    **_spellings(_Builtin("BIGINT", "integer"), "int8"),
    **_spellings(_Builtin("BIGINT UNSIGNED", "integer"), "serial"),
    **_spellings(_mysql_decimal, "decimal", "numeric", "dec", "fixed"),
    **_spellings(_mysql_float, "float", "float4"),
    **_spellings(_Builtin("DOUBLE", "float", 2), "double precision", "real", "float8"),
    **_spellings(
        _Builtin("VARCHAR", "text", 1),
        "character varying", "char varying", "nvarchar", "national varchar", "national character varying",
        "national char varying", "nchar varying", "nchar varchar", "varcharacter",
    ),
    **_spellings(_Builtin("CHAR", "text", 1, ("1",)), "character", "nchar", "national char", "national character"),
    "text": _mysql_text,
    **_spellings(_Builtin("MEDIUMTEXT", "text"), "long", "long varchar"),
    **_each("text", "TINYTEXT", "LONGTEXT"),
    "blob": _mysql_blob,
    **_spellings(_Builtin("MEDIUMBLOB", "binary"), "long varbinary"),
    **_each("binary", "TINYBLOB", "LONGBLOB"),
    **_spellings(_Builtin("BINARY", "binary", 1, ("1",)), "char byte"),
    **_each("binary", "VARBINARY", keeps=1),
    **_spellings(_Builtin("BIT", "other", 1, ("1",))),
    **_each("timestamp", "DATETIME", "TIMESTAMP", keeps=1),
    **_each("time", "TIME", keeps=1),
    **_each("date", "DATE"),
    **_each("integer", "YEAR"),
    **_each("json", "JSON"),
    **_spellings(_mysql_enum, "enum"),
    **_spellings(_mysql_set, "set"),
    **_each("other", "GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"),
    **_spellings(_Builtin("GEOMCOLLECTION", "other"), "geometrycollection"),
}  # fmt: skip
"""MySQL's names (reference manual 8.4, "Data Types" and "Using Data Types from Other Database Engines"; SQLAlchemy 2.1
`dialects/mysql/base.py`, `ischema_names` and `MySQLTypeCompiler`)."""

MARIADB_TYPES: Final[dict[str, _Builder]] = {
    **_MYSQL,
    "json": _Builtin("LONGTEXT", "json"),
    **_each("uuid", "UUID"),
    **_each("other", "INET4", "INET6"),
}
"""What MariaDB knows besides (knowledge base, "Data Types"); its JSON is another name for LONGTEXT."""

_SQLITE_FAMILIES: Final[dict[str, str]] = {
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("datetime", "datetime_char", "timestamp"), "timestamp"),
    **dict.fromkeys(("date", "date_char"), "date"),
    **dict.fromkeys(("time", "time_char"), "time"),
    **dict.fromkeys(("numeric", "decimal"), "decimal"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    **dict.fromkeys(("binary", "varbinary", "bytea"), "binary"),
    "uuid": "uuid",
}
"""Declarations that SQLAlchemy 2.1 reads back as more than their affinity (`dialects/sqlite/base.py`)."""

_SQLITE_AFFINITIES: Final = (
    ("int", "integer"),
    ("char", "text"),
    ("clob", "text"),
    ("text", "text"),
    ("blob", "binary"),
    ("real", "float"),
    ("floa", "float"),
    ("doub", "float"),
)
"""What SQLite takes an unknown declaration for: the first of these words in it ("Datatypes In SQLite", 3.1)."""

_NAMES: Final[Mapping[DialectName, Mapping[str, _Builder]]] = {
    "postgresql": POSTGRESQL_TYPES,
    "mysql": _MYSQL,
    "mariadb": MARIADB_TYPES,
}
_UNSIGNED: Final = lazily(r"( unsigned| signed| zerofill)+$")


def builtin(name: str, arguments: Arguments, dialect: DialectName) -> Type | None:
    """The type that a database has under `name`, in lower case; None: it has no such type."""
    if dialect == "sqlite":
        return Type(name.upper(), arguments, family=sqlite_family(name))
    if build := _NAMES[dialect].get(name):
        return build(arguments)
    if dialect in ("mysql", "mariadb") and (suffix := _UNSIGNED.search(name)):
        return _unsigned(name[: suffix.start()], suffix.group(), arguments, dialect)
    return None


def _unsigned(name: str, suffix: str, arguments: Arguments, dialect: DialectName) -> Type | None:
    """A number of MySQL without a sign. ZEROFILL makes it UNSIGNED; only a signed TINYINT(1) keeps its width."""
    is_unsigned = "unsigned" in suffix or "zerofill" in suffix
    is_tinyint = is_unsigned and name == "tinyint"
    type_ = builtin(name, () if is_tinyint else arguments, dialect)
    if type_ is None or not is_unsigned:
        return type_
    return replace(type_, name=type_.name + (" UNSIGNED ZEROFILL" if "zerofill" in suffix else " UNSIGNED"))


def sqlite_family(name: str) -> str:
    known = _SQLITE_FAMILIES.get(name)
    return known or next((family for word, family in _SQLITE_AFFINITIES if word in name), "other")


# Types in SQL text.


class _Parsed(Struct, frozen=True):
    schema: str | None
    name: str
    is_quoted: bool
    arguments: Arguments
    is_array: bool


_TOKEN: Final = lazily(
    r"""
    (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |\((?P<arguments>(?:[^()']|'(?:[^']|'')*')*)\)
    |(?P<bounds>\[[^\]]*\])
    |(?P<dot>\.)
    |(?P<word>[^\s."`()\[\]]+)
    """,
    re.VERBOSE,
)
_ARGUMENT: Final = lazily(r"'(?:[^']|'')*'|[^,']+")
_ENDS_TYPE: Final = frozenset({"collate", "charset", "ascii", "unicode", "binary"})
"""Words after which nothing belongs to the type any more, where they are not its first."""


def _parse(text: str, dialect: DialectName) -> _Parsed:
    """Take the text of a type apart, up to a COLLATE or CHARACTER SET."""
    words: list[str] = []
    schema: str | None = None
    arguments: Arguments = ()
    is_array = is_quoted = False
    for kind, token in _tokens(text):
        if kind == "dot":
            schema, words = " ".join(words), []
        elif kind == "arguments":
            arguments = _arguments(token)
        elif kind == "bounds" or token.lower() == "array":
            is_array = True
        else:
            words.append(token)
            is_quoted = kind == "quoted"
    name = " ".join(words)
    if dialect == "postgresql" and is_quoted and name != "char" and name in POSTGRESQL_TYPES:
        is_quoted = False
    elif dialect == "postgresql" and name.startswith("_") and name[1:].lower() in POSTGRESQL_TYPES:
        name, is_array = name[1:], True
    return _Parsed(schema, name, is_quoted, arguments, is_array)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of the type proper; quoted names without their quotes, folded ones as written."""
    previous = ""
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        token = match.group(kind)
        if kind == "quoted":
            token = token[1:-1].replace(token[0] * 2, token[0])
        elif kind == "word" and previous:
            if token.lower() in _ENDS_TYPE or (token.lower() == "set" and previous.lower() == "character"):
                return
            if token.lower() == "character" and re.match(r"\s+set\b", text[match.end() :], re.IGNORECASE):
                return
        yield kind, token
        previous = token


def _arguments(text: str) -> Arguments:
    return tuple(part.strip() for part in _ARGUMENT.findall(text) if part.strip())


def _unquoted(literal: str) -> str:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


def quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"


def _user_defined(parsed: _Parsed, dialect: DialectName) -> Type:
    """A type that the database does not have of itself: an enum, a domain, a type of an extension."""
    if dialect != "postgresql":
        return Type(parsed.name.upper(), parsed.arguments, schema=parsed.schema)
    name = parsed.name if parsed.is_quoted else parsed.name.lower()
    return Type(name, parsed.arguments, schema=parsed.schema)


def array(item: Type) -> Type:
    """An array of PostgreSQL, which does not remember how many dimensions were declared."""
    return replace(item, dimensions=1, family="other")
