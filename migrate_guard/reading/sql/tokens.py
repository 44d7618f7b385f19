"""From SQL text to statements: sequences of words, each with its place in the text.

The lexical rules (quoting, comments, dollar quotes, operators) are sqlglot's, by dialect. `Word` is what the readers
of statements see; the sqlglot tokens they come from are kept, so that expressions and queries can be handed to
sqlglot's parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import ClassVar, Final, NamedTuple

from msgspec import Struct
from sqlglot import Token, TokenType
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from migrate_guard.model.target import DialectName
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.values import HOLE


# sqlglot's tokenizers take everything after a COMMAND keyword (DO, EXPLAIN, CALL, ...) as one string up to the next
# semicolon; without commands they split it into words like everything else.
class GuardPostgres(Postgres):
    class Tokenizer(Postgres.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


class GuardMySQL(MySQL):
    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


class GuardSQLite(SQLite):
    class Tokenizer(SQLite.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


GRAMMARS: Final[dict[DialectName, Dialect]] = {
    "postgresql": GuardPostgres(),
    "mysql": GuardMySQL(),
    "mariadb": GuardMySQL(),
    "sqlite": GuardSQLite(),
}


class Kind(Enum):
    NAME = auto()
    """A keyword or an identifier without quotes."""
    QUOTED = auto()
    """An identifier in quotes."""
    STRING = auto()
    NUMBER = auto()
    PARAMETER = auto()
    """`:name`, `%s`, `%(name)s`, `$1`."""
    SYMBOL = auto()


class Word(NamedTuple):
    kind: Kind
    text: str
    """Without quotes and escapes."""
    keyword: str
    """In upper case, to compare with keywords and symbols; empty for what is quoted."""
    start: int
    end: int
    """Where it ends in the text, exclusive."""
    line: int
    token: int
    """The index of its token in the statement."""

    @property
    def has_hole(self) -> bool:
        return HOLE in self.text


class Statement(Struct, frozen=True):
    """One statement of a text, without its semicolon."""

    words: tuple[Word, ...]
    tokens: Sequence[Token]


_STRINGS = frozenset(
    {
        TokenType.STRING,
        TokenType.HEREDOC_STRING,
        TokenType.BYTE_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
    }
)
_KINDS: dict[TokenType, Kind] = {
    TokenType.IDENTIFIER: Kind.QUOTED,
    TokenType.NUMBER: Kind.NUMBER,
    **dict.fromkeys(_STRINGS, Kind.STRING),
}
# Bodies with statements inside, which their semicolons do not end.
_WITH_BODY = frozenset({"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"})
# Constructs that are closed by END and their own name, but not looked out for at their beginning.
_NOT_COUNTED = frozenset({"IF", "LOOP", "WHILE", "REPEAT"})


def split(text: str, dialect: DialectName) -> list[Statement]:
    """Return the statements of a text; NotUnderstood if it has no words (an unclosed quote)."""
    try:
        tokens = GRAMMARS[dialect].tokenize(_without_copied_rows(text))
    # Besides its own error, sqlglot's tokenizer lets those of int() and chr() escape on malformed input.
    except (SqlglotError, ValueError, LookupError, OverflowError) as error:
        # sqlglot says what is missing in the cause only.
        reason = " ".join(str(error.__cause__ or error).split())
        raise NotUnderstood(f"cannot be split into words: {reason}") from error
    tokens = _without_client_commands(_with_parameters(tokens, text))
    statements = []
    begin = 0
    for end in _ends(tokens):
        if part := tokens[begin:end]:
            statements.append(Statement(tuple(_words(part, text)), part))
        begin = end + 1
    return statements


def _without_copied_rows(text: str) -> str:
    r"""Blank the rows that follow `COPY … FROM stdin;` up to `\.` in a dump, keeping every offset."""
    if "\n\\." not in text:
        return text
    lines = text.splitlines(keepends=True)
    is_data = False
    for at, line in enumerate(lines):
        words = line.lower().split()
        if is_data:
            is_data = line.rstrip() != "\\."
            lines[at] = " " * (len(line) - 1) + "\n"
        else:
            is_data = words[:1] == ["copy"] and words[-2:] == ["from", "stdin;"]
    return "".join(lines)


def _with_parameters(tokens: Sequence[Token], text: str) -> list[Token]:
    """Join the tokens of a bind parameter to a placeholder; `%%`, a per cent sign for DBAPIs, becomes one."""
    joined: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        length = _parameter_length(tokens, at, text)
        if length:
            last = tokens[at + length - 1]
            source = text[token.start : last.end + 1]
            token = Token(TokenType.PLACEHOLDER, source, token.line, token.col, token.start, last.end)
        elif joined and token.token_type == joined[-1].token_type == TokenType.MOD and text[token.start - 1] == "%":
            at += 1
            continue
        joined.append(token)
        at += length or 1
    return joined


def _parameter_length(tokens: Sequence[Token], at: int, text: str) -> int:
    """How many tokens from `at` on make up a bind parameter, 0 if none starts there."""
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is None or following.start != token.end + 1:
        return 0
    match token.token_type:
        case TokenType.COLON:
            before = text[token.start - 1 : token.start]
            is_bind = not (before.isalnum() or before in ("_", ":", "]", ")") or following.text.isdigit())
            return 2 if is_bind and (following.text[:1].isalpha() or following.text[:1] == "_") else 0
        case TokenType.PARAMETER:
            return 2 if following.token_type == TokenType.NUMBER and text[token.start] == "$" else 0
        case TokenType.MOD if following.text == "s":
            return 2
        case TokenType.MOD if following.token_type == TokenType.L_PAREN and at + 4 < len(tokens):
            return 5 if tokens[at + 3].token_type == TokenType.R_PAREN and tokens[at + 4].text == "s" else 0
    return 0


def _without_client_commands(tokens: list[Token]) -> list[Token]:
    r"""Leave out what psql itself would act on: a line that starts a statement with a backslash."""
    if all(token.token_type != TokenType.BACKSLASH for token in tokens):
        return tokens
    kept: list[Token] = []
    line = 0
    for token in tokens:
        at_start = not kept or kept[-1].token_type == TokenType.SEMICOLON
        if at_start and token.token_type == TokenType.BACKSLASH:
            line = token.line
        if not (at_start and token.line == line):
            kept.append(token)
    return kept


def _ends(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield the index at which each statement ends: of its semicolon, or the end of the text."""
    depth = body = begin = 0
    for at, token in enumerate(tokens):
        match token.token_type:
            case TokenType.L_PAREN:
                depth += 1
            case TokenType.R_PAREN:
                depth = max(depth - 1, 0)
            case TokenType.SEMICOLON if depth == 0 and body == 0:
                yield at
                begin = at + 1
            case kind if kind not in _KINDS and depth == 0:
                body = max(body + _body_step(tokens, begin, at), 0)
    yield len(tokens)


def _body_step(tokens: Sequence[Token], begin: int, at: int) -> int:
    """How much deeper a word leads into the body of a function or trigger."""
    word = tokens[at].text.upper()
    if word not in ("BEGIN", "CASE", "END"):
        return 0
    if not any(token.text.upper() in _WITH_BODY for token in tokens[begin : min(begin + 8, at)]):
        return 0
    if word == "END":
        following = tokens[at + 1].text.upper() if at + 1 < len(tokens) else ""
        return 0 if following in _NOT_COUNTED else -1
    # The CASE of END CASE opens nothing.
    return 0 if tokens[at - 1].text.upper() == "END" else 1


def _words(tokens: Sequence[Token], text: str) -> Iterator[Word]:
    for index, token in enumerate(tokens):
        start, end = token.start, token.end + 1
        kind = _KINDS.get(token.token_type)
        if kind is not None:
            yield Word(kind, token.text, "", start, end, token.line, index)
        elif token.token_type == TokenType.PLACEHOLDER and end - start > 1:
            yield Word(Kind.PARAMETER, token.text, "", start, end, token.line, index)
        elif _is_wordlike(text[start]):
            # Keywords of several words ("PRIMARY KEY", "character varying") are one token.
            for part, offset in _parts(text[start:end]):
                at = start + offset
                yield Word(Kind.NAME, part, part.upper(), at, at + len(part), token.line, index)
        else:
            source = text[start:end]
            yield Word(Kind.SYMBOL, source, source, start, end, token.line, index)


def _is_wordlike(character: str) -> bool:
    return character.isalnum() or character == "_" or not character.isascii()


def _parts(source: str) -> Iterator[tuple[str, int]]:
    offset = 0
    for part in source.split():
        offset = source.index(part, offset)
        yield part, offset
        offset += len(part)
