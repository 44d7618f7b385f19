"""Expressions and queries inside statements, read by sqlglot's parser: the columns, functions and tables they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import Token, TokenType, exp
from sqlglot.errors import ErrorLevel, SqlglotError

from migrate_guard.model.schema import Expression
from migrate_guard.model.target import DialectName
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.sql.tokens import GRAMMARS, Kind, Statement, Word, split
from migrate_guard.reading.values import HOLE

_CONSTANTS = frozenset({"NULL", "TRUE", "FALSE"})
# What was read, by text, dialect and kinds of words; forgotten when it is full.
_READ: Final[dict[tuple[str, DialectName, tuple[Kind, ...]], Expression]] = {}
_MOST_KEPT: Final = 1024
# Functions that SQL calls without parentheses.
_BARE_FUNCTIONS = frozenset(
    {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER"}
    | {"SESSION_USER", "CURRENT_ROLE", "CURRENT_CATALOG", "CURRENT_SCHEMA"}
)
# Words that stand before a parenthesis without being functions.
_NOT_FUNCTIONS = frozenset(
    {"AND", "OR", "NOT", "IN", "ANY", "ALL", "SOME", "EXISTS", "VALUES", "AS", "ON", "USING", "OVER", "FILTER", "WHERE"}
    | {"SELECT", "FROM", "CASE", "WHEN", "THEN", "ELSE", "BETWEEN", "LIKE", "ILIKE", "IS", "ARRAY", "ROW", "BY"}
    | {"GROUP", "WITHIN", "DISTINCT", "UNION", "INTERSECT", "EXCEPT", "JOIN", "LATERAL", "HAVING", "RETURNING", "SET"}
    | {"INTO", "END", "VARYING", "LIMIT", "OFFSET", "MATERIALIZED", "INTERVAL", "REGEXP", "RLIKE", "DIV", "TABLE"}
)
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "MERGE", "("})
_BEFORE_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "USING"})
_TYPES_FOLLOW = frozenset({"::", "AS"})


def read(text: str, statement: Statement, begin: int, end: int, dialect: DialectName) -> Expression:
    """Return the expression that the words from `begin` up to `end` of a statement spell."""
    words = statement.words[begin:end]
    source = text[words[0].start : words[-1].end]
    if len(words) == 1 and (words[0].kind in (Kind.STRING, Kind.NUMBER) or words[0].keyword in _CONSTANTS):
        return Expression(source, is_literal=True)
    # Scripts say `id = 1` and the like again and again, and parsing it is most of the work.
    key = source, dialect, tuple(word.kind for word in words)
    if key not in _READ:
        if len(_READ) >= _MOST_KEPT:
            _READ.clear()
        _READ[key] = _read(source, text, statement, begin, end, dialect)
    return _READ[key]


def _read(source: str, text: str, statement: Statement, begin: int, end: int, dialect: DialectName) -> Expression:
    words = statement.words[begin:end]
    functions = tuple(dict.fromkeys(_functions(words)))
    tree = _parse((_SELECT, *_tokens(statement, begin, end)), text, dialect)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return Expression(source, tuple(dict.fromkeys(_names(words))), functions)
    value = tree.expressions[0]
    columns = tuple(
        dict.fromkeys(
            _folded(column.this, dialect) for column in value.find_all(exp.Column, bfs=False) if _is_name(column.this)
        )
    )
    is_literal = not columns and not functions and _is_constant(value)
    return Expression(source, columns, functions, is_literal, _not_null(value, dialect))


def proves_not_null(text: str, dialect: DialectName) -> frozenset[str]:
    """The columns of which a condition says that they hold no NULL, from its text alone."""
    if "NULL" not in text.upper() or HOLE in text:
        return frozenset()
    try:
        statements = split(text, dialect)
    except NotUnderstood:
        return frozenset()
    if len(statements) != 1:
        return frozenset()
    return read(text, statements[0], 0, len(statements[0].words), dialect).proves_not_null


def _not_null(node: exp.Expression, dialect: DialectName) -> frozenset[str]:
    """The columns that `predicate_implied_by` of PostgreSQL finds to be NOT NULL where a CHECK is not false.

    Of AND one side is enough, of OR all have to say it; a comparison says nothing, because NULL passes a CHECK
    (PostgreSQL 12 to 18, `ConstraintImpliedByRelConstraint` in `commands/tablecmds.c`, `optimizer/util/predtest.c`).
    """
    match node:
        case exp.Paren(this=inner):
            return _not_null(inner, dialect)
        case exp.And(this=left, expression=right):
            return _not_null(left, dialect) | _not_null(right, dialect)
        case exp.Or(this=left, expression=right):
            return _not_null(left, dialect) & _not_null(right, dialect)
        case exp.Is() if node.args.get("negate"):
            return _tested(node, dialect)
        case exp.Not(this=inner):
            return _null_test(inner, dialect)
    return frozenset()


def _null_test(node: exp.Expression, dialect: DialectName) -> frozenset[str]:
    """The column of `a IS NULL`, also in parentheses."""
    while isinstance(node, exp.Paren):
        node = node.this
    return _tested(node, dialect) if isinstance(node, exp.Is) and not node.args.get("negate") else frozenset()


def _tested(node: exp.Is, dialect: DialectName) -> frozenset[str]:
    """The column that is compared with NULL."""
    if not isinstance(node.expression, exp.Null):
        return frozenset()
    tested = node.this
    while isinstance(tested, exp.Paren):
        tested = tested.this
    is_column = isinstance(tested, exp.Column) and _is_name(tested.this)
    return frozenset({_folded(tested.this, dialect)}) if is_column else frozenset()


def tables(text: str, statement: Statement, begin: int, end: int, dialect: DialectName) -> list[list[str]]:
    """Return the names (schema before name) of the tables a query reads or writes; names of its CTEs are none."""
    # Other statements sqlglot may not know, and would say so in a warning.
    is_query = begin < end and statement.words[begin].keyword in _QUERIES
    tree = _parse(_tokens(statement, begin, end), text, dialect) if is_query else None
    if tree is None:
        return list(_tables_of_words(statement.words[begin:end], dialect))
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    found: list[list[str]] = []
    for table in tree.find_all(exp.Table, bfs=False):
        parts = [each for each in (table.args.get("db"), table.this) if each is not None]
        if not all(_is_name(each) for each in parts) or (len(parts) == 1 and table.name in local):
            continue
        if (
            dialect == "postgresql"
            and table.name.upper() in {*_BARE_FUNCTIONS, "USER"}
            and not parts[-1].args.get("quoted")
        ):
            continue
        name = [_folded(each, dialect) for each in parts]
        if name not in found:
            found.append(name)
    return found


_SELECT = Token(TokenType.SELECT, "SELECT")


def _tokens(statement: Statement, begin: int, end: int) -> Sequence[Token]:
    words = statement.words
    return statement.tokens[words[begin].token : words[end - 1].token + 1]


def _parse(tokens: Sequence[Token], text: str, dialect: DialectName) -> exp.Expression | None:
    """Return the tree of one statement, None if sqlglot has none for it."""
    parser = GRAMMARS[dialect].parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        trees = parser.parse(list(tokens), text)
    # Besides its own errors, sqlglot's parser lets AttributeError and the like escape on malformed input.
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        return None
    tree = trees[0] if len(trees) == 1 else None
    return tree if isinstance(tree, exp.Expression) else None


def _is_name(node: object) -> bool:
    return isinstance(node, exp.Identifier) and HOLE not in node.this


def _folded(identifier: exp.Expression, dialect: DialectName) -> str:
    name = identifier.name
    return name if dialect != "postgresql" or identifier.args.get("quoted") else name.lower()


def _is_constant(node: exp.Expression) -> bool:
    """Whether a tree is a constant: also with a sign, with parentheses, or cast to a type."""
    while isinstance(node, (exp.Cast, exp.Neg, exp.Paren)):
        node = node.this
    return isinstance(node, (exp.Literal, exp.Null, exp.Boolean, exp.RawString, exp.ByteString, exp.National))


def _functions(words: Sequence[Word]) -> Iterator[str]:
    """Yield the functions called, in lower case: by the words, because trees rename the functions they know."""
    for at, word in enumerate(words):
        if word.kind not in (Kind.NAME, Kind.QUOTED) or word.has_hole:
            continue
        before = words[at - 1].keyword if at else ""
        after = words[at + 1].keyword if at + 1 < len(words) else ""
        is_call = after == "(" and word.keyword not in _NOT_FUNCTIONS and before not in _TYPES_FOLLOW
        if is_call or (word.keyword in _BARE_FUNCTIONS and before != "."):
            yield word.text.lower()


def _names(words: Sequence[Word]) -> Iterator[str]:
    """Yield what may be columns where no tree tells: identifiers that are no keywords of an expression."""
    for at, word in enumerate(words):
        after = words[at + 1].keyword if at + 1 < len(words) else ""
        is_plain = word.kind is Kind.NAME and word.keyword not in _NOT_FUNCTIONS | _CONSTANTS | _BARE_FUNCTIONS
        if (is_plain or word.kind is Kind.QUOTED) and after not in ("(", ".") and not word.has_hole:
            yield word.text


def _tables_of_words(words: Sequence[Word], dialect: DialectName) -> Iterator[list[str]]:
    """Yield the names after FROM, JOIN, INTO and UPDATE of a query that does not parse."""
    local = {
        word.text.lower()
        for word, following, third in zip(words, words[1:], words[2:], strict=False)
        if following.keyword == "AS" and third.keyword in ("(", "MATERIALIZED", "NOT")
    }
    seen: list[list[str]] = []
    for at, word in enumerate(words):
        before = words[at - 1].keyword if at else ""
        if word.keyword not in _BEFORE_TABLE or before in ("DISTINCT", "FOR", "DO", "ON"):
            continue
        name = _name_at(words, at + 1, dialect, is_target=word.keyword in ("INTO", "UPDATE"))
        if name and name not in seen and not (len(name) == 1 and name[0].lower() in local):
            seen.append(name)
            yield name


def _name_at(words: Sequence[Word], at: int, dialect: DialectName, *, is_target: bool) -> list[str]:
    name: list[str] = []
    while at < len(words) and words[at].kind in (Kind.NAME, Kind.QUOTED) and not words[at].has_hole:
        word = words[at]
        if not name and word.keyword in _NOT_FUNCTIONS | {"ONLY"}:
            return []
        name.append(word.text.lower() if dialect == "postgresql" and word.kind is Kind.NAME else word.text)
        if at + 1 == len(words) or words[at + 1].keyword != ".":
            break
        at += 2
    is_call = not is_target and at + 1 < len(words) and words[at + 1].keyword == "("
    return [] if is_call else name
