"""Reading a statement word by word: what every reader of a statement works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from msgspec.structs import replace

from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import UNKNOWN_TYPE, Expression, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import expressions
from migrate_guard.reading.sql.errors import NotKnown, NotUnderstood
from migrate_guard.reading.sql.tokens import Kind, Statement, Word
from migrate_guard.reading.values import HOLE

Locate = Callable[[int, int], Span]
T = TypeVar("T")

DEFAULT_SCHEMAS: Final[dict[DialectName, str]] = {"postgresql": "public", "sqlite": "main"}
_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


class Cursor:
    """A position in a statement, and the words from there on.

    The `take…` methods move on where they match; `expect` and the methods that return a part of the statement raise
    NotUnderstood where there is none.
    """

    def __init__(self, text: str, statement: Statement, target: Target, locate: Locate) -> None:
        self.text = text
        self.statement = statement
        self.words = statement.words
        self.target = target
        self.dialect: DialectName = target.dialect
        self.at = 0
        self.end = len(self.words)
        self.thing: str | None = None
        """What a CREATE, ALTER or DROP is about: "TABLE", "TRIGGER"."""
        self.tables: list[QualifiedName] = []
        """The tables named so far."""
        self.objects: list[QualifiedName] = []
        """All that was named so far: tables, types, views."""
        self.only: list[QualifiedName] = []
        """The tables named with ONLY."""
        self.options: set[str] = set()
        """The words met so far that decide what the statement does to a database."""
        self.locate = locate

    @property
    def is_mysql(self) -> bool:
        return self.dialect in ("mysql", "mariadb")

    @property
    def default_schema(self) -> str | None:
        return DEFAULT_SCHEMAS.get(self.dialect)

    @property
    def is_done(self) -> bool:
        return self.at >= self.end

    @property
    def sql(self) -> str:
        """The statement as written."""
        return self.source(0, len(self.words))

    def source(self, begin: int, end: int) -> str:
        """The text of the words from `begin` up to `end`, as written."""
        return self.text[self.words[begin].start : self.words[end - 1].end] if begin < end else ""

    def span(self, begin: int = 0, end: int | None = None) -> Span:
        """The place of the words from `begin` up to `end`; of the whole statement without arguments."""
        end = len(self.words) if end is None else end
        return self.locate(self.words[begin].start, self.words[max(end - 1, begin)].end)

    def peek(self, offset: int = 0) -> Word | None:
        at = self.at + offset
        return self.words[at] if at < self.end else None

    def keyword(self, offset: int = 0) -> str:
        """The word as a keyword or symbol; empty at the end and for what is quoted."""
        word = self.peek(offset)
        return word.keyword if word else ""

    def is_at(self, *keywords: str) -> bool:
        return all(self.keyword(offset) == keyword for offset, keyword in enumerate(keywords))

    def take(self, *keywords: str) -> bool:
        """Move past the keywords if they all come next."""
        if not self.is_at(*keywords):
            return False
        self.at += len(keywords)
        return True

    def take_any(self, *keywords: str) -> str | None:
        """Move past the one of the keywords that comes next, and return it."""
        keyword = self.keyword()
        if not keyword or keyword not in keywords:
            return None
        self.at += 1
        return keyword

    def skip(self) -> None:
        """Move past one word, whatever it is."""
        if self.is_done:
            raise self.not_understood()
        self.at += 1

    def take_phrase(self, phrases: tuple[str, ...]) -> str | None:
        """Move past the first of the phrases that comes next, and return it."""
        return next((phrase for phrase in phrases if self.take(*phrase.split())), None)

    def take_kind(self, kind: Kind) -> Word | None:
        word = self.peek()
        if word is None or word.kind is not kind:
            return None
        self.at += 1
        return word

    def note(self, *phrases: str) -> bool:
        """Move past the first of the phrases that comes next, and keep it as an option of the statement."""
        phrase = self.take_phrase(phrases)
        if phrase is not None:
            self.options.add(phrase)
        return phrase is not None

    def expect(self, *keywords: str) -> None:
        if not self.take(*keywords):
            raise self.not_understood()

    def expect_end(self) -> None:
        if not self.is_done:
            raise self.not_understood()

    def not_understood(self) -> NotUnderstood:
        """Return the error for the words that come next."""
        word = self.peek()
        if word and word.has_hole:
            before = self.source(max(self.at - 2, 0), self.at)
            return NotKnown(f"what follows {before!r} is not known")
        near = self.source(self.at, min(self.at + 4, self.end))
        return NotUnderstood(f"not understood from {near!r} on" if near else "not understood: it ends too early")

    def name(self, what: str = "name") -> str:
        """Move past an identifier and return it as the database folds it."""
        word = self.peek()
        is_string = word is not None and word.kind is Kind.STRING and self.dialect == "sqlite"
        if word is None or not (word.kind in (Kind.NAME, Kind.QUOTED) or is_string):
            if word and word.kind is Kind.PARAMETER:
                raise NotKnown(f"the {what} is not known")
            raise self.not_understood()
        self.at += 1
        if word.has_hole:
            raise NotKnown(f"the {what} is not known")
        return self.fold(word)

    def fold(self, word: Word) -> str:
        if word.kind is Kind.NAME and self.dialect == "postgresql":
            return word.text.translate(_LOWER)
        return word.text

    def name_or_hole(self, what: str = "name") -> str | None:
        """Like `name`, but None for a name that is not known."""
        word = self.peek()
        if word is not None and word.has_hole and word.kind in (Kind.NAME, Kind.QUOTED):
            self.at += 1
            return None
        return self.name(what)

    def qualified(self, what: str = "name") -> QualifiedName:
        """Move past a name with or without its schema (a catalog before it is left out)."""
        parts = [self.name(what)]
        while self.take("."):
            parts.append(self.name(what))
        name = qualified_name(parts, self.dialect)
        self.objects.append(name)
        return name

    def table(self) -> QualifiedName:
        """Move past the name of a table, and remember that the statement names it."""
        is_only = self.take("ONLY")
        name = self.qualified("table name")
        self.take("*")
        self.tables.append(name)
        if is_only:
            self.only.append(name)
        return name

    def string(self, what: str = "value") -> str:
        """Move past a string constant and return what it holds."""
        word = self.take_kind(Kind.STRING)
        if word is None:
            following = self.peek()
            if following and (following.has_hole or following.kind is Kind.PARAMETER):
                raise NotKnown(f"the {what} is not known")
            raise self.not_understood()
        text = word.text
        # String constants on lines of their own are one.
        while (following := self.peek()) and following.kind is Kind.STRING and following.line > word.line:
            self.at += 1
            text += following.text
        if HOLE in text:
            raise NotKnown(f"the {what} is not known")
        return text

    def skip_group(self) -> tuple[int, int]:
        """Move past a parenthesis and return the words between: from, up to."""
        self.expect("(")
        begin = self.at
        depth = 1
        while not self.is_done:
            depth += {"(": 1, ")": -1}.get(self.keyword(), 0)
            self.at += 1
            if depth == 0:
                return begin, self.at - 1
        raise self.not_understood()

    def skip_one(self) -> None:
        """Move past one word or one parenthesis; a bracket that nothing opened is not understood."""
        if self.is_at("("):
            self.skip_group()
        elif self.is_at(")"):
            raise self.not_understood()
        else:
            self.at += 1

    def skip_until(self, *keywords: str) -> tuple[int, int]:
        """Move up to one of the keywords, outside of brackets, or to the end; return the words passed."""
        begin = self.at
        depth = 0
        while not self.is_done:
            keyword = self.keyword()
            if depth == 0 and (keyword in keywords or keyword == ")") and keyword:
                break
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(keyword, 0)
            self.at += 1
        return begin, self.at

    def skip_rest(self) -> None:
        self.at = self.end

    @contextmanager
    def within(self, begin: int, end: int) -> Iterator[None]:
        """Read only the words from `begin` up to `end`; afterwards go on where the cursor stood."""
        outside = self.at, self.end
        self.at, self.end = begin, end
        yield
        self.at, self.end = outside

    def items(self) -> Iterator[tuple[int, int]]:
        """Yield the parts between top-level commas of the words left, and move to the end."""
        while not self.is_done:
            yield self.skip_until(",")
            if not self.take(",") and not self.is_done:
                raise self.not_understood()

    def listed(self, read: Callable[[], T]) -> list[T]:
        """Read one or more things with commas between."""
        found = [read()]
        while self.take(","):
            found.append(read())
        return found

    def names(self, what: str = "column name") -> tuple[str, ...]:
        """Read identifiers in parentheses."""
        begin, end = self.skip_group()
        with self.within(begin, end):
            found = tuple(self.listed(lambda: self.name(what)))
            self.expect_end()
        return found

    def expression(self, begin: int, end: int) -> Expression:
        """What the words from `begin` up to `end` compute."""
        if begin >= end:
            raise self.not_understood()
        return expressions.read(self.text, self.statement, begin, end, self.dialect)

    def group_expression(self) -> Expression:
        """Move past a parenthesis and return the expression in it."""
        return self.expression(*self.skip_group())

    def query_tables(self, begin: int, end: int) -> tuple[QualifiedName, ...]:
        """The tables that a query between two words reads."""
        return tuple(
            qualified_name(parts, self.dialect)
            for parts in expressions.tables(self.text, self.statement, begin, end, self.dialect)
        )

    def type(self, begin: int, end: int) -> Type:
        """The type that the words from `begin` up to `end` spell."""
        source = self.source(begin, end)
        if HOLE in source or any(word.kind is Kind.PARAMETER for word in self.words[begin:end]):
            return UNKNOWN_TYPE
        if not source:
            return Type("")
        found = sql_type(source, self.dialect)
        if found.schema is None or found.schema != DEFAULT_SCHEMAS.get(self.dialect):
            return found
        # a type of the default schema goes without it, unless that would mean one of the database's own
        return replace(found, schema=None) if sql_type(found.name, self.dialect).name == found.name else found


def qualified_name(parts: list[str], dialect: DialectName) -> QualifiedName:
    schema = parts[-2] if len(parts) > 1 else None
    return QualifiedName(parts[-1], None if schema == DEFAULT_SCHEMAS.get(dialect) else schema)


def distinct(items: list[QualifiedName]) -> tuple[QualifiedName, ...]:
    return tuple(dict.fromkeys(items))
