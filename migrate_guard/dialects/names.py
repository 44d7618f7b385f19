"""Names that nobody wrote: what a database calls an unnamed constraint or index, and what a naming convention does.

Later scripts rename and drop by these names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from hashlib import md5
from itertools import count
from typing import Final

from migrate_guard.model.generated_names import Kind, first_free, postgresql_name
from migrate_guard.model.patterns import lazily
from migrate_guard.model.target import DialectName

# The database's own names.


def implicit_name(
    kind: Kind, table: str, columns: Sequence[str], taken: Container[str], dialect: DialectName
) -> str | None:
    """The name that the database gives to a constraint or index without one.

    `columns` are those of the key (on PostgreSQL with the ones it INCLUDEs, and `expr` or the function's name for an
    expression); of a check the columns that its expression mentions, each once. `taken` holds the names that such an
    object may not have again: on PostgreSQL those of the relations and constraints in the schema, on MySQL and MariaDB
    those of the table's own constraints and indexes. None: the database gives no name that a statement could use.
    """
    return _IMPLICIT[dialect](kind, table, columns, taken)


def is_generated_name(name: str) -> bool:
    """Whether PostgreSQL names a constraint like this when nobody does."""
    return re.fullmatch(r".+_(key|fkey|pkey|check|excl)\d*", name) is not None


def is_numbered_key(name: str) -> bool:
    """Whether InnoDB names a foreign key like this when nobody does, as no naming convention would.

    MySQL reference manual 8.4, 15.1.20.5 FOREIGN KEY Constraints.
    """
    return re.fullmatch(r".+_ibfk_\d+", name) is not None


def _mysql_name(kind: Kind, table: str, columns: Sequence[str], taken: Container[str]) -> str | None:
    """MySQL 8: `make_unique_key_name` and `generate_check_constraint_name` (`sql/sql_table.cc`)."""
    if kind == "check":
        return _numbered(f"{table}_chk_", taken)
    return _key_name(kind, table, columns, taken)


def _mariadb_name(kind: Kind, table: str, columns: Sequence[str], taken: Container[str]) -> str | None:
    """MariaDB 10.6 and 11: `make_unique_key_name` and `make_unique_constraint_name` (`sql/sql_table.cc`).

    The check is one of the table. MariaDB names one that is written at a column after that column.
    """
    if kind == "check":
        return first_free((f"CONSTRAINT_{number}" for number in count(1)), taken)
    return _key_name(kind, table, columns, taken)


def names_primary_keys(dialect: DialectName) -> bool:
    """Whether a primary key may have a name of its own: that of MySQL and MariaDB is PRIMARY, whatever is written."""
    return dialect not in ("mysql", "mariadb")


def _key_name(kind: Kind, table: str, columns: Sequence[str], taken: Container[str]) -> str | None:
    if kind == "primary":
        return "PRIMARY"
    if kind == "foreignkey":
        return _numbered(f"{table}_ibfk_", taken)
    if kind == "exclusion" or not columns:
        return None
    first = columns[0]
    names = (f"{first}_{number}" if number > 1 else first for number in count(1))
    return first_free((name for name in names if name.lower() != "primary"), taken)


_MOST_NUMBERED: Final = 1000
"""More generated names of one kind than this no table is expected to have."""


def _numbered(prefix: str, taken: Container[str]) -> str:
    """The number after the highest one in use: the names of what was dropped before it do not come back."""
    used = (number for number in range(_MOST_NUMBERED, 0, -1) if f"{prefix}{number}" in taken)
    return f"{prefix}{next(used, 0) + 1}"


def _sqlite_name(_kind: Kind, _table: str, _columns: Sequence[str], _taken: Container[str]) -> None:
    """SQLite's constraints have no names but the written ones, and `sqlite_autoindex_t_1` cannot be dropped."""


_IMPLICIT: Final[Mapping[DialectName, Callable[[Kind, str, Sequence[str], Container[str]], str | None]]] = {
    "postgresql": postgresql_name,
    "mysql": _mysql_name,
    "mariadb": _mariadb_name,
    "sqlite": _sqlite_name,
}

# The names of a convention.

DEFAULT_CONVENTION: Final[Mapping[str, str]] = {"ix": "ix_%(column_0_label)s"}
"""What SQLAlchemy does when a MetaData has no convention of its own."""

_KEYS: Final[Mapping[Kind, str]] = {
    "primary": "pk",
    "unique": "uq",
    "foreignkey": "fk",
    "check": "ck",
    "index": "ix",
}
_COLUMN_TOKEN: Final = lazily(
    r"(?P<referred>referred_)?column_(?:(?P<all>0_?N)|(?P<index>\d+))_(?P<what>name|key|label)"
)
_LONGEST: Final[Mapping[DialectName, int]] = {"postgresql": 63, "mysql": 64, "mariadb": 64, "sqlite": 9999}
"""Where SQLAlchemy cuts a name that it made: `max_identifier_length`, `max_index_name_length` and
`max_constraint_name_length` of its dialects."""


def conventional_name(
    kind: Kind,
    convention: Mapping[str, str],
    table: str,
    columns: Sequence[str],
    referred_table: str | None,
    given: str | None,
    dialect: DialectName,
    *,
    schema: str | None = None,
    referred_columns: Sequence[str] = (),
) -> str | None:
    """The name that `MetaData(naming_convention=convention)` gives to a constraint or index.

    `given` is the name in the script, if there is one and it is not marked as final by `op.f`. None: the convention
    says nothing about this kind, or its template asks for what is not known here, such as a function of the project's.
    """
    template = convention.get(_KEYS.get(kind, ""))
    if template is None or (given is not None and "constraint_name" not in template):
        return given
    tokens = _Tokens(convention, table, columns, referred_table, given, schema, referred_columns)
    try:
        name = template % tokens
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return shortened(name, dialect)


class _Tokens:
    """What the tokens of a template stand for: SQLAlchemy 2.1, `ConventionDict` in `sql/naming.py`.

    As `%` requires, a token without a meaning is a KeyError.
    """

    def __init__(
        self,
        convention: Mapping[str, str],
        table: str,
        columns: Sequence[str],
        referred_table: str | None,
        given: str | None,
        schema: str | None,
        referred_columns: Sequence[str],
    ) -> None:
        self._own = convention
        self._columns = columns
        self._referred_columns = referred_columns
        self._label = f"{schema.replace('.', '_')}_{table}" if schema else table
        self._words = {"table_name": table, "referred_table_name": referred_table, "constraint_name": given}

    def __getitem__(self, token: str) -> str:
        if token in self._own:
            raise KeyError(token)
        match = _COLUMN_TOKEN.fullmatch(token)
        word = self._column_names(match) if match else self._words[token]
        if word is None:
            raise KeyError(token)
        return word

    def _column_names(self, token: re.Match[str]) -> str:
        is_referred = bool(token["referred"])
        if is_referred and token["what"] != "name":
            raise KeyError(token[0])
        names = self._referred_columns if is_referred else self._columns
        if token["what"] == "label":
            names = [f"{self._label}_{name}" for name in names]
        if token["all"]:
            return ("_" if "_" in token["all"] else "").join(names)
        index = int(token["index"])
        return names[index] if is_referred or index < len(names) else ""


def shortened(name: str, dialect: DialectName) -> str:
    """Cut a name that is longer than the database takes, as SQLAlchemy does for names that a convention makes.

    `IdentifierPreparer._truncate_and_render_maxlen_name` (SQLAlchemy 2.1, `sql/compiler.py`)."""
    longest = _LONGEST[dialect]
    if len(name) <= longest:
        return name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: longest - 8]}_{digest[-4:]}"


def excess(name: str, dialect: DialectName) -> tuple[int, int] | None:
    """How long a name is and how long it may be, where the database does not keep all of it; else None.

    PostgreSQL counts bytes (manual, 4.1.1: NAMEDATALEN - 1), MySQL and MariaDB characters (reference manual 8.4, 11.2.1
    Identifier Length Limits); SQLite takes any name.
    """
    size = len(name.encode(errors="replace")) if dialect == "postgresql" else len(name)
    return (size, _LONGEST[dialect]) if size > _LONGEST[dialect] else None
