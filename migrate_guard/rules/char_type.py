from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design, words
from migrate_guard.model.schema import Table, Type
from migrate_guard.rule import Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    codes: tuple[str, ...] = (
        *("code", "country", "currency", "language", "lang", "locale", "iso", "region", "state", "province", "alpha"),
        *("nationality", "symbol", "flag", "abbr", "abbreviation", "ccy", "iata", "icao", "cc"),
    )
    """Words of names whose values all have the length of the column."""
    longest_code: int = 4
    fixed: tuple[str, ...] = (
        *("hash", "digest", "checksum", "sha", "md", "md5", "sha1", "sha256", "sha512", "crc", "uuid", "guid", "id"),
        *("token", "fingerprint", "signature", "hex", "etag", "key", "secret", "salt", "nonce", "hmac", "password"),
        *("ulid", "ksuid", "address", "thumbprint", "passwd", "mac"),
    )
    """Words of names whose values are written by a function and have one length."""
    lengths: tuple[int, ...] = (16, 20, 22, 24, 26, 27, 28, 32, 36, 38, 40, 42, 43, 44, 48, 56, 60, 64, 66, 96, 128)
    """Lengths of such values."""
    other_longest: int = 20
    """The longest CHAR that is quiet where blanks are neither kept nor shown: MySQL and MariaDB."""


@rule("MG616", on=Table, severity=Severity.WARNING, dialects=("postgresql", "mysql", "mariadb"), options=Options)
def char_type(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column of CHAR(n) whose values need not have n characters."""
    table, pads = view.table, design.pads_with_blanks(view.target)
    for column in design.own_columns(view):
        size = _size(column.type)
        if size is None or _is_fixed(column.name, size, options) or not (pads or size > options.other_longest):
            continue
        consequence = (
            f"values come back padded with blanks to {size} characters, and length and LIKE disagree about them"
            if pads
            else f"each row keeps room for {size} characters, and blanks at the end are lost"
        )
        yield Problem(
            f'"{table.name}.{column.name}" is {column.type}: {consequence}',
            column.span,
            object=f"{table.name}.{column.name}",
            help=f"Write sa.String({size}).",
            instead=design.retyped(view, column, Type("VARCHAR", (str(size),), family="text")),
            confidence=design.certainty(table, column.name),
        )


def _size(column_type: Type) -> int | None:
    """The length of a CHAR that holds any text."""
    is_char = column_type.name in ("CHAR", "NCHAR") and column_type.family == "text" and not column_type.dimensions
    return (design.length(column_type) or 1) if is_char else None


def _is_fixed(name: str, size: int, options: Options) -> bool:
    """Whether all values have the length of the column."""
    told = words(name)
    if size == 1 or (size <= options.longest_code and design.has_word(told, options.codes)):
        return True
    return size in options.lengths and design.has_word(told, options.fixed)
