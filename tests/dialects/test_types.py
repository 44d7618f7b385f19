"""The spelling of types, against SQLAlchemy's own compilers and against real servers."""

import ast
import re
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.dialects.sqlalchemy_types import sqlalchemy_type
from migrate_guard.model.schema import UNKNOWN_TYPE, Type
from migrate_guard.model.target import DIALECTS, DialectName
from tests import servers

PACKAGES: dict[str, ModuleType] = {"sa": sa, "postgresql": postgresql, "mysql": mysql, "sqlite": sqlite}
COMPILERS: dict[DialectName, Dialect] = {name: sa.make_url(f"{name}://").get_dialect()() for name in DIALECTS}
COMPILERS["mariadb"].supports_native_uuid = False
"""As with SQLAlchemy 2.0; 2.1 makes `Uuid` a UUID on MariaDB 10.7."""

GENERIC = """
sa.String; sa.String(50); sa.String(length=50); sa.Unicode(20); sa.VARCHAR(9); sa.VARCHAR
sa.NVARCHAR(9); sa.CHAR; sa.CHAR(3); sa.NCHAR(3); sa.Text; sa.Text(50); sa.Text(100)
sa.Text(20000000); sa.UnicodeText; sa.TEXT; sa.CLOB
sa.Integer; sa.INTEGER; sa.INT; sa.SmallInteger; sa.SMALLINT; sa.BigInteger; sa.BIGINT
sa.Numeric; sa.Numeric(10); sa.Numeric(10, 2); sa.NUMERIC(precision=8, scale=3); sa.DECIMAL(6, 1)
sa.Numeric(12, 4, asdecimal=False); sa.Float; sa.Float(24); sa.Float(25); sa.Float(precision=53); sa.FLOAT(10)
sa.Double; sa.Double(53); sa.DOUBLE; sa.DOUBLE_PRECISION; sa.REAL; sa.Boolean; sa.BOOLEAN
sa.Boolean(create_constraint=True, name="ck"); sa.DateTime; sa.DateTime(timezone=True); sa.DateTime(True); sa.DATETIME
sa.TIMESTAMP; sa.TIMESTAMP(timezone=True); sa.TIMESTAMP(True); sa.Date; sa.DATE; sa.Time; sa.Time(timezone=True)
sa.TIME
sa.Interval; sa.Interval(native=False); sa.Interval(second_precision=3); sa.LargeBinary; sa.LargeBinary(100)
sa.LargeBinary(70000)
sa.PickleType; sa.PickleType(5); sa.PickleType(impl=sa.Text()); sa.BLOB; sa.BINARY(16); sa.VARBINARY(16); sa.JSON
sa.JSON(none_as_null=True); sa.Uuid; sa.Uuid(as_uuid=False); sa.Uuid(native_uuid=False); sa.UUID; sa.UUID(as_uuid=False)
sa.Enum("new", "shipped", name="status"); sa.Enum("new", "it's", name="Status", schema="shop")
sa.Enum("new", "shipped", native_enum=False); sa.Enum("a", native_enum=False, length=40, name="short")
sa.Enum("new", "shipped", length=30, name="status"); sa.ARRAY(sa.String(5)); sa.ARRAY(sa.Integer(), dimensions=2)
sa.ARRAY(sa.DateTime(timezone=True)); sa.types.MatchType
"""
POSTGRESQL = """
postgresql.ARRAY(sa.String()); postgresql.ARRAY(postgresql.UUID(as_uuid=True)); postgresql.ARRAY(sa.Numeric(8, 2))
postgresql.ARRAY(sa.Enum("a", "b", name="letter")); postgresql.BIGINT; postgresql.BIT; postgresql.BIT(3)
postgresql.BIT(3, varying=True); postgresql.BIT(varying=True); postgresql.BOOLEAN; postgresql.BYTEA; postgresql.CHAR(2)
postgresql.CIDR; postgresql.CITEXT; postgresql.DATE; postgresql.DOMAIN("positive", sa.Integer())
postgresql.DOUBLE_PRECISION; postgresql.DOUBLE_PRECISION(precision=53); postgresql.ENUM("a", "b", name="letter")
postgresql.ENUM("a", "b", name="letter", create_type=False); postgresql.ENUM(name="letter", schema="shop")
postgresql.FLOAT; postgresql.HSTORE; postgresql.INET; postgresql.INTEGER; postgresql.INTERVAL; postgresql.INTERVAL(3)
postgresql.INTERVAL(fields="YEAR TO MONTH"); postgresql.INTERVAL(precision=3, fields="DAY TO SECOND"); postgresql.JSON
postgresql.JSON(astext_type=sa.Text()); postgresql.JSONB; postgresql.JSONB(astext_type=sa.Text()); postgresql.JSONPATH
postgresql.MACADDR; postgresql.MACADDR8; postgresql.MONEY; postgresql.NUMERIC(4, 2); postgresql.OID; postgresql.REAL
postgresql.REGCLASS; postgresql.REGCONFIG; postgresql.SMALLINT; postgresql.TEXT; postgresql.TIME(True, 3)
postgresql.TIME(precision=6); postgresql.TIMESTAMP; postgresql.TIMESTAMP(timezone=True, precision=0)
postgresql.TIMESTAMP(precision=3); postgresql.TSQUERY; postgresql.TSVECTOR; postgresql.UUID
postgresql.UUID(as_uuid=True); postgresql.VARCHAR(5)
postgresql.VARCHAR(5, collation="C"); postgresql.DATERANGE; postgresql.INT4RANGE; postgresql.INT8RANGE
postgresql.NUMRANGE; postgresql.TSRANGE; postgresql.TSTZRANGE; postgresql.DATEMULTIRANGE; postgresql.INT4MULTIRANGE
postgresql.INT8MULTIRANGE; postgresql.NUMMULTIRANGE; postgresql.TSMULTIRANGE; postgresql.TSTZMULTIRANGE
"""
MYSQL = """
mysql.BIGINT; mysql.BIGINT(20); mysql.BIGINT(unsigned=True); mysql.BINARY(16); mysql.BIT; mysql.BIT(3); mysql.BLOB
mysql.BLOB(100); mysql.BOOLEAN; mysql.CHAR(3, charset="ascii"); mysql.CHAR(36, collation="utf8mb4_bin"); mysql.DATE
mysql.DATETIME; mysql.DATETIME(fsp=6); mysql.DECIMAL(10, 2); mysql.DECIMAL; mysql.DOUBLE; mysql.DOUBLE(10, 3)
mysql.DOUBLE(asdecimal=True); mysql.DOUBLE(unsigned=True); mysql.ENUM("a", "b,c", "it's"); mysql.FLOAT; mysql.FLOAT(20)
mysql.FLOAT(30); mysql.FLOAT(7, 4); mysql.INTEGER(11); mysql.INTEGER(display_width=10, unsigned=True)
mysql.INTEGER(unsigned=True, zerofill=True); mysql.JSON; mysql.LONGBLOB; mysql.LONGTEXT
mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"); mysql.MEDIUMBLOB; mysql.MEDIUMINT(unsigned=True)
mysql.MEDIUMTEXT; mysql.NCHAR(3); mysql.NUMERIC(9); mysql.NVARCHAR(3); mysql.REAL; mysql.SET("a", "b"); mysql.SMALLINT
mysql.SMALLINT(5); mysql.TEXT; mysql.TEXT(charset="utf8mb4"); mysql.TIME; mysql.TIME(fsp=3); mysql.TIMESTAMP
mysql.TIMESTAMP(fsp=6); mysql.TINYBLOB; mysql.TINYINT; mysql.TINYINT(1); mysql.TINYINT(display_width=4)
mysql.TINYINT(1, unsigned=True); mysql.TINYTEXT; mysql.VARBINARY(8); mysql.VARCHAR(9, charset="utf8mb4"); mysql.YEAR
mysql.VARCHAR(9, collation="utf8mb3_bin", national=True); mysql.INET4; mysql.INET6
"""
SQLITE = """
sqlite.BLOB; sqlite.BOOLEAN; sqlite.CHAR(3); sqlite.DATE; sqlite.DATETIME; sqlite.DECIMAL(4, 1); sqlite.FLOAT
sqlite.INTEGER; sqlite.JSON; sqlite.JSONB; sqlite.NUMERIC(5, 2); sqlite.REAL; sqlite.SMALLINT; sqlite.TEXT; sqlite.TIME
sqlite.TIMESTAMP; sqlite.VARCHAR(7)
"""


def constructs(*tables: str) -> list[str]:
    """The constructs of the tables above that the installed SQLAlchemy knows."""
    written = [each.strip() for table in tables for each in re.split(r";|\n", table) if each.strip()]
    return [each for each in written if known(each)]


def known(construct: str) -> bool:
    package, _, rest = construct.partition(".")
    return hasattr(PACKAGES[package], rest.partition("(")[0].partition(".")[0])


ALL = constructs(GENERIC, POSTGRESQL, MYSQL, SQLITE)
NOT_COLUMN_TYPES = {
    "TypeDecorator", "UserDefinedType", "Variant", "TupleType", "NullType", "ExternalType", "TypeEngine",
    "Concatenable", "Indexable", "SchemaType", "NumericCommon", "AbstractRange", "AbstractSingleRange",
    "AbstractMultiRange", "NamedType", "_Binary",
}  # fmt: skip
"""What SQLAlchemy exports beside the types: bases, and types of expressions."""


def theirs(construct: str) -> TypeEngine[Any]:
    """Build the type with SQLAlchemy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = eval(construct, dict(PACKAGES))
    built: TypeEngine[Any] = made() if isinstance(made, type) else made
    return built


def ours(construct: str, dialect: DialectName) -> Type:
    """Build the type with the function under test, which gets what a reader of the code makes of it."""
    made = evaluate(ast.parse(construct, mode="eval").body, dialect)
    assert isinstance(made, Type)
    return made


def evaluate(node: ast.expr, dialect: DialectName) -> object:
    if isinstance(node, ast.Call):
        args = [evaluate(arg, dialect) for arg in node.args]
        kwargs = {str(keyword.arg): evaluate(keyword.value, dialect) for keyword in node.keywords}
        return sqlalchemy_type(dotted(node.func), args, kwargs, dialect)
    if isinstance(node, ast.Attribute):
        return sqlalchemy_type(dotted(node), (), {}, dialect)
    return ast.literal_eval(node)


def dotted(node: ast.expr) -> str:
    package, _, rest = ast.unparse(node).partition(".")
    return f"{PACKAGES[package].__name__}.{rest}" if package in PACKAGES else f"{package}.{rest}"


def compiled(construct: str, dialect: DialectName) -> str | None:
    """What SQLAlchemy writes as the column's type in CREATE TABLE; None: this dialect has no such type."""
    table = sa.Table("t", sa.MetaData(), sa.Column("c", theirs(construct), nullable=True))
    try:
        text = str(CreateTable(table).compile(dialect=COMPILERS[dialect]))
    except (sa.exc.CompileError, sa.exc.ArgumentError):
        return None
    except (AttributeError, TypeError):
        assert not construct.startswith(("sa.", dialect)), "only another dialect's own type may fail in this way"
        return None
    column = re.search(r"^\tc (.*?)(?: NULL)?,? *\n", text, re.MULTILINE)
    assert column, text
    return column.group(1)


DDL: dict[tuple[str, DialectName], str] = {
    (construct, dialect): text
    for construct in ALL
    for dialect in DIALECTS
    if (text := compiled(construct, dialect)) is not None
}


@pytest.mark.parametrize(("construct", "dialect"), DDL)
def test_a_construct_is_what_sqlalchemy_compiles(construct: str, dialect: DialectName) -> None:
    assert str(ours(construct, dialect)) == str(sql_type(DDL[construct, dialect], dialect))


def test_every_construct_has_ddl_somewhere() -> None:
    assert {construct for construct, _ in DDL} == set(ALL)


@pytest.mark.parametrize(
    "package", ["sqlalchemy.types", *(f"sqlalchemy.dialects.{name}" for name in list(PACKAGES)[1:])]
)
def test_every_type_that_sqlalchemy_exports_has_a_case(package: str) -> None:
    module = __import__(package, fromlist=["types"])
    prefix = "sa" if package == "sqlalchemy.types" else package.rpartition(".")[2]
    exported = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, TypeEngine) and name not in NOT_COLUMN_TYPES
    }
    tried = {re.sub(r"\(.*", "", each).rpartition(".")[2] for each in ALL if each.startswith(prefix)}
    assert exported - tried == set()


MISSING_ON_POSTGRESQL = (
    "sa.NVARCHAR", "sa.CLOB", "sa.DATETIME", "sa.BLOB", "sa.BINARY", "sa.VARBINARY", "sa.DOUBLE", "sa.Text(",
    "mysql.", "sqlite.",
)  # fmt: skip
"""Compiled all the same, and refused by the server. `sa.DOUBLE` stands for itself only."""


def on_postgresql(construct: str) -> bool:
    if construct == "sa.DOUBLE_PRECISION":
        return True
    return not construct.startswith(MISSING_ON_POSTGRESQL) and (construct, "postgresql") in DDL


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A PostgreSQL with the types that the constructs above take for granted."""
    with servers.postgresql(tmp_path_factory.mktemp("types")) as postgres:
        with postgres.connect() as connection:
            connection.execute("CREATE SCHEMA shop")
            for name in ("status", "letter", 'shop."Status"', "shop.letter", '"Mood"', "shop.mood"):
                connection.execute(f"CREATE TYPE {name} AS ENUM ('a', 'b')".encode())
            connection.execute("CREATE DOMAIN positive AS integer CHECK (value > 0)")
            connection.execute("CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore")
        yield sa.create_engine("postgresql+psycopg://", creator=postgres.connect, poolclass=sa.NullPool)


def test_constructs_are_what_postgresql_shows(server: sa.Engine) -> None:
    columns = {each: DDL[each, "postgresql"] for each in ALL if on_postgresql(each)}
    spelled = {construct: str(ours(construct, "postgresql")) for construct in columns}
    shown = shown_by_postgresql(server, list(columns.values()))
    assert spelled == {construct: str(sql_type(shown[text], "postgresql")) for construct, text in columns.items()}


def test_constructs_are_what_sqlalchemy_reflects(server: sa.Engine) -> None:
    constructs = [
        each for each in ALL if on_postgresql(each) and not re.search("JSONPATH|OID|VARCHAR.*collation", each)
    ]
    with server.begin() as connection:
        create(connection, [DDL[construct, "postgresql"] for construct in constructs])
        columns = sa.inspect(connection).get_columns("t")
    reflected = {construct: spelling(column["type"]) for construct, column in zip(constructs, columns, strict=True)}
    assert reflected == {construct: str(ours(construct, "postgresql")) for construct in constructs}


def spelling(type_: TypeEngine[Any]) -> str:
    """Print a reflected type; the fields of an interval come as PostgreSQL writes them, in lower case."""
    text = type_.compile(dialect=COMPILERS["postgresql"]).replace(" (", "(").replace('"', "")
    return text.upper() if text.startswith("INTERVAL") else text


def create(connection: sa.Connection, types: Sequence[str]) -> None:
    """Make a table with a column of each type."""
    columns = ", ".join(f"c{number} {text}" for number, text in enumerate(types))
    connection.exec_driver_sql("DROP TABLE IF EXISTS t")
    connection.exec_driver_sql(f"CREATE TABLE t ({columns})")


def shown_by_postgresql(server: sa.Engine, types: Sequence[str]) -> dict[str, str]:
    """What the server's `format_type` says of columns of these types."""
    with server.begin() as connection:
        create(connection, types)
        shown = connection.exec_driver_sql(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum"
        ).scalars()
        return dict(zip(types, shown, strict=True))


POSTGRESQL_TEXTS = """
int; int2; INT4; int8; smallint; integer; bigint; serial; bigserial; smallserial; serial4; serial8; serial2; decimal
dec(5)
numeric(10,2); numeric(10); float; float(1); float(24); float(25); float(53); float4; float8; real; double precision
money; bool; boolean; varchar; VarChar(50); character varying(50); char varying(3); nchar varying(3); char; char(5)
character(5); nchar; nchar(2); national character varying(3); national char(3); bpchar; bpchar(4); text; name; citext
xml
timestamp; timestamptz; timestamp(3); timestamptz(3); timestamp with time zone; timestamp (3) with time zone
timestamp without time zone; time; timetz; time(3) with time zone; time without time zone; timetz(2); date; interval
interval(3); interval year to month; interval day to second(3); interval second; json; jsonb; jsonpath; uuid; bytea; bit
bit(4); bit varying; bit varying(4); varbit(4); inet; cidr; macaddr; macaddr8; hstore; tsvector; tsquery; oid; regclass
regconfig; regtype; point; line; lseg; box; path; polygon; circle; int4range; tstzrange; nummultirange; int[]; int[3][3]
text array; integer ARRAY[4]; varchar(5)[]; timestamp with time zone[]; numeric(5,2)[]; _int4; _text; pg_catalog.int4
status; Status; "Mood"; shop.mood; shop."Status"; shop.mood[]; "Mood"[]; positive; "text"; "char"; xid; pg_lsn
varchar(5) COLLATE "C"; text COLLATE pg_catalog."C"
"""
WRITTEN = [each.strip() for each in re.split(r";|\n", POSTGRESQL_TEXTS) if each.strip()]


def test_sql_is_the_type_that_postgresql_makes_of_it(server: sa.Engine) -> None:
    shown = shown_by_postgresql(server, WRITTEN)
    understood = {text: sql_type(text, "postgresql") for text in WRITTEN}
    assert understood == {text: sql_type(shown[text], "postgresql") for text in WRITTEN}


def test_every_type_of_postgresql_is_known(server: sa.Engine) -> None:
    with server.connect() as connection:
        shown = connection.exec_driver_sql(
            "SELECT format_type(oid, NULL) FROM pg_type WHERE typtype IN ('b', 'r', 'm') AND typcategory <> 'A'"
            " AND typnamespace = 'pg_catalog'::regnamespace AND oid < 16384"
        ).scalars()
        users = [name for name in shown if sql_type(name, "postgresql").name == name]
    assert set(users) <= INTERNAL


INTERNAL = {
    '"char"', "aclitem", "cid", "gtsvector", "int2vector", "oidvector", "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary", "pg_dependencies", "pg_mcv_list", "pg_ndistinct", "pg_node_tree", "pg_snapshot",
    "refcursor", "regcollation", "regconfig", "regdictionary", "regoper", "regoperator", "txid_snapshot",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("varchar(50)", "VARCHAR(50)"),
        ("character varying(50)[]", "VARCHAR(50)[]"),
        ("int8", "BIGINT"),
        ("timestamptz(3)", "TIMESTAMP(3) WITH TIME ZONE"),
        ("double precision", "DOUBLE PRECISION"),
        ("float(24)", "REAL"),
        ("serial", "INTEGER"),
        ("decimal(10)", "NUMERIC(10, 0)"),
        ("char", "CHAR(1)"),
        ("myschema.mood", "myschema.mood"),
        ("Mood", "mood"),
        ('"Mood"', "Mood"),
        ('"My ""own"" type"', 'My "own" type'),
        ("geometry(Point,4326)", "geometry(POINT, 4326)"),
        ("geometry(Geometry,0)", "geometry"),
        ("geography(Point)", "geography(POINT, 4326)"),
        ("vector(1536)", "VECTOR(1536)"),
    ],
)
def test_postgresql_spelling(text: str, spelling: str) -> None:
    assert str(sql_type(text, "postgresql")) == spelling


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("int(11) unsigned", "INTEGER UNSIGNED"),
        ("tinyint(1)", "TINYINT(1)"),
        ("tinyint(3) unsigned zerofill", "TINYINT UNSIGNED ZEROFILL"),
        ("bool", "TINYINT(1)"),
        ("varchar(10) character set utf8mb4 collate utf8mb4_bin", "VARCHAR(10)"),
        ("enum('a','b,c','it''s')", "ENUM('a', 'b,c', 'it''s')"),
        ("numeric", "DECIMAL(10, 0)"),
        ("float(30)", "DOUBLE"),
        ("long varchar", "MEDIUMTEXT"),
        ("datetime(6)", "DATETIME(6)"),
    ],
)
@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_mysql_spelling(text: str, spelling: str, dialect: DialectName) -> None:
    assert str(sql_type(text, dialect)) == spelling


MISSING_ON_MARIADB = ("sa.CLOB", "postgresql.", "sqlite.")


def on_mariadb(construct: str) -> bool:
    return not construct.startswith(MISSING_ON_MARIADB) and (construct, "mariadb") in DDL


def test_constructs_are_what_mariadb_shows(tmp_path: Path) -> None:
    texts = {each: DDL[each, "mariadb"] for each in ALL if on_mariadb(each)}
    columns = {f"c{number}": construct for number, construct in enumerate(texts)}
    definition = ", ".join(f"{name} {texts[construct]} NULL" for name, construct in columns.items())
    with servers.mariadb(tmp_path) as server, server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d CHARACTER SET utf8mb4")
        cursor.execute(f"CREATE TABLE d.t ({definition})")
        cursor.execute("SELECT column_name, column_type FROM information_schema.columns WHERE table_schema = 'd'")
        shown = dict(cursor.fetchall())
    assert len(shown) > 100
    spelled = {construct: str(ours(construct, "mariadb")) for construct in columns.values()}
    assert spelled == {columns[name]: str(sql_type(text, "mariadb")) for name, text in shown.items()}


def test_constructs_are_what_sqlite_keeps() -> None:
    columns = {each: DDL[each, "sqlite"] for each in constructs(GENERIC, SQLITE) if (each, "sqlite") in DDL}
    definition = ", ".join(f"c{number} {text}" for number, text in enumerate(columns.values()))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({definition})")
        shown = [kept for (kept,) in connection.execute("SELECT type FROM pragma_table_info('t') ORDER BY cid")]
    assert len(shown) > 80
    spelled = {construct: str(ours(construct, "sqlite")) for construct in columns}
    assert spelled == dict(zip(columns, shown, strict=True))


@pytest.mark.parametrize(
    ("construct", "on_postgresql", "on_sqlite", "on_mysql"),
    [
        ("sqlalchemy_utils.types.uuid.UUIDType()", "UUID", "BINARY(16)", "BINARY(16)"),
        ("sqlalchemy_utils.UUIDType(binary=False)", "UUID", "CHAR(32)", "CHAR(32)"),
        ("sqlalchemy_utils.UUIDType(False)", "UUID", "CHAR(32)", "CHAR(32)"),
        ("sqlalchemy_utils.ArrowType(timezone=True)", "TIMESTAMP WITH TIME ZONE", "DATETIME", "DATETIME"),
        ("sqlalchemy_utils.StringEncryptedType(length=255)", "VARCHAR(255)", "VARCHAR(255)", "VARCHAR(255)"),
        ("sqlalchemy_utils.EncryptedType()", "BYTEA", "BLOB", "BLOB"),
        ("sqlalchemy_utils.types.json.JSONType()", "JSON", "TEXT", "TEXT"),
        ("sqlalchemy_utils.types.ip_address.IPAddressType()", "VARCHAR(50)", "VARCHAR(50)", "VARCHAR(50)"),
        ("sqlalchemy_utils.ChoiceType()", "VARCHAR(255)", "VARCHAR(255)", "VARCHAR(255)"),
        ("sqlalchemy_utils.ChoiceType(impl=sa.Integer())", "INTEGER", "INTEGER", "INTEGER"),
        ("sqlalchemy_utils.EmailType(length=100)", "VARCHAR(100)", "VARCHAR(100)", "VARCHAR(100)"),
        ("sqlalchemy_utils.URLType()", "TEXT", "TEXT", "TEXT"),
        ("sqlalchemy_utils.types.bit.BitType(3)", "BIT(3)", "VARCHAR(3)", "BINARY(3)"),
        ("sqlmodel.sql.sqltypes.AutoString()", "VARCHAR", "VARCHAR", "VARCHAR(255)"),
        ("sqlmodel.AutoString(length=40)", "VARCHAR(40)", "VARCHAR(40)", "VARCHAR(40)"),
        ("sqlmodel.sql.sqltypes.types.Uuid()", "UUID", "CHAR(32)", "CHAR(32)"),
        ("pgvector.sqlalchemy.Vector(1536)", "VECTOR(1536)", "VECTOR(1536)", "VECTOR(1536)"),
        ("pgvector.sqlalchemy.vector.VECTOR(dim=3)", "VECTOR(3)", "VECTOR(3)", "VECTOR(3)"),
        ("pgvector.sqlalchemy.HALFVEC(4)", "HALFVEC(4)", "HALFVEC(4)", "HALFVEC(4)"),
        ("advanced_alchemy.types.GUID(length=16)", "UUID", "BINARY(16)", "BINARY(16)"),
        ("advanced_alchemy.types.guid.GUID(binary=False)", "UUID", "CHAR(32)", "CHAR(32)"),
        ("sqlalchemy.GUID(length=16)", "UUID", "BINARY(16)", "BINARY(16)"),
        ("advanced_alchemy.types.DateTimeUTC(timezone=True)", "TIMESTAMP WITH TIME ZONE", "DATETIME", "DATETIME"),
        ("advanced_alchemy.types.EncryptedString()", "VARCHAR", "VARCHAR", "TEXT"),
        ("advanced_alchemy.types.JsonB()", "JSONB", "JSON", "JSON"),
        ("fastapi_users_db_sqlalchemy.generics.GUID()", "UUID", "CHAR(36)", "CHAR(36)"),
        (
            "fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)",
            "TIMESTAMP WITH TIME ZONE",
            "TIMESTAMP",
            "TIMESTAMP",
        ),
        ("oslo_db.sqlalchemy.types.JsonEncodedDict()", "TEXT", "TEXT", "TEXT"),
        ("oslo_db.sqlalchemy.types.JsonEncodedDict(mysql_as_long=True)", "TEXT", "TEXT", "LONGTEXT"),
        ("oslo_db.sqlalchemy.types.SoftDeleteInteger()", "INTEGER", "INTEGER", "INTEGER"),
        ("sqlalchemy_utc.UtcDateTime()", "TIMESTAMP WITH TIME ZONE", "DATETIME", "DATETIME"),
        ("citext.CIText()", "CITEXT", "CITEXT", "CITEXT"),
        ("sqlalchemy_json.mutable_json_type()", "JSON", "JSON", "JSON"),
        ("sqlalchemy_json.mutable_json_type(dbtype=postgresql.JSONB(), nested=True)", "JSONB", "JSONB", "JSONB"),
        ("sqlalchemy.ext.mutable.MutableDict.as_mutable(sa.JSON())", "JSON", "JSON", "JSON"),
        ("airflow.migrations.db_types.StringID()", "VARCHAR(250)", "VARCHAR(250)", "VARCHAR(250)"),
        ("airflow.utils.sqlalchemy.UtcDateTime()", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP(6)"),
        ("airflow.utils.sqlalchemy.ExtendedJSON()", "JSONB", "JSON", "JSON"),
        ("flask_sqlalchemy.SQLAlchemy.String(5)", "VARCHAR(5)", "VARCHAR(5)", "VARCHAR(5)"),
        ("app.types.Money(10)", "Money", "Money", "Money"),
    ],
)
def test_types_of_other_packages(construct: str, on_postgresql: str, on_sqlite: str, on_mysql: str) -> None:
    """As SQLAlchemy-Utils 0.43, SQLModel 0.0.50, pgvector 0.5 and so on compile with SQLAlchemy 2.0."""
    dialects: list[DialectName] = ["postgresql", "sqlite", "mysql"]
    spelled = [str(ours(construct, dialect)) for dialect in dialects]
    assert spelled == [on_postgresql, on_sqlite, on_mysql]


@pytest.mark.parametrize(
    ("construct", "spelling"),
    [
        ("geoalchemy2.Geometry('POINT')", "geometry(POINT)"),
        ("geoalchemy2.types.Geometry(geometry_type='POINT', srid=4326)", "geometry(POINT, 4326)"),
        ("geoalchemy2.Geometry()", "geometry"),
        ("geoalchemy2.Geography('POINT', 4326)", "geography(POINT, 4326)"),
        ("geoalchemy2.Raster()", "raster"),
    ],
)
def test_types_of_postgis(construct: str, spelling: str) -> None:
    assert str(ours(construct, "postgresql")) == spelling


@pytest.mark.parametrize(
    ("construct", "family"),
    [
        ("sa.BigInteger()", "integer"),
        ("sa.Numeric(10, 2)", "decimal"),
        ("sa.Float()", "float"),
        ("sa.String(5)", "text"),
        ("sa.Boolean()", "boolean"),
        ("sa.DateTime()", "timestamp"),
        ("sa.Date()", "date"),
        ("sa.Time()", "time"),
        ("sa.Interval()", "interval"),
        ("sa.JSON()", "json"),
        ("sa.Uuid()", "uuid"),
        ("sa.LargeBinary()", "binary"),
        ("sa.Enum('a', 'b', name='letter')", "enum"),
        ("sa.DATETIME()", "timestamp"),
        ("mysql.LONGTEXT()", "text"),
        ("sa.NullType()", "unknown"),
        ("app.types.Money()", "other"),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_family(construct: str, family: str, dialect: DialectName) -> None:
    """What a type holds does not depend on the database, even where the type does not exist."""
    assert ours(construct, dialect).family == family


def test_enums_keep_their_labels() -> None:
    construct = "sa.Enum('new', 'shipped', name='Status', schema='shop')"
    assert ours(construct, "postgresql") == Type("Status", (), 0, ("new", "shipped"), "shop", "enum")
    assert ours(construct, "sqlite") == Type("VARCHAR", ("7",), 0, ("new", "shipped"), None, "enum")
    assert ours(construct, "mysql") == Type("ENUM", ("'new'", "'shipped'"), 0, ("new", "shipped"), None, "enum")


def test_labels_that_are_not_known() -> None:
    made = sqlalchemy_type("sqlalchemy.Enum", [object()], {"name": "status"}, "postgresql")
    assert (made.name, made.values) == ("status", None)
    assert sqlalchemy_type("sqlalchemy.Enum", ["a"], {}, "postgresql").name == ""


def test_what_could_not_be_computed_is_left_out() -> None:
    assert str(sqlalchemy_type("sqlalchemy.String", [object()], {}, "postgresql")) == "VARCHAR"
    assert str(sqlalchemy_type("sqlalchemy.Numeric", [10, object()], {}, "sqlite")) == "NUMERIC(10)"
    assert str(sqlalchemy_type("sqlalchemy.DateTime", [], {"timezone": object()}, "sqlite")) == "DATETIME"
    assert not sqlalchemy_type("sqlalchemy.ARRAY", [object()], {}, "postgresql").is_known


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_text_is_an_unknown_type(dialect: DialectName) -> None:
    assert sql_type("", dialect) == UNKNOWN_TYPE
