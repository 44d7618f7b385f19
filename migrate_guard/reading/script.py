"""Read one script: decode, parse, and find what Alembic reads from its module variables."""

from __future__ import annotations

import ast
import io
import re
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from migrate_guard.model.revision import Revision, StrayScript, UnreadableScript
from migrate_guard.model.source import Source, Span
from migrate_guard.reading.comments import suppressions

MAXIMUM_SIZE = 64 * 1024 * 1024
"""Bytes of a script that are still read; a larger file is reported instead."""

_LEGACY_ID = re.compile(r"([a-f0-9]+)\.py$")
"""Alembic's rule for scripts of its first releases, which carried no `revision` variable (alembic/script/base.py)."""


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A revision script: its head, its text and its tree."""

    revision: Revision
    source: Source
    tree: ast.Module
    path: Path
    computed: tuple[str, ...] = ()
    """The variables of its head that are not literals: they have to be interpreted."""


class UnreadableFile(Exception):
    """A file that cannot be decoded or parsed, at the place of the error."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span


def read_script(path: Path, display: str) -> tuple[Script | UnreadableScript | StrayScript, Source]:
    """Read the script at `path`, called `display` in messages; a file that cannot be read is a value, not an error."""
    source = Source(display, "")
    try:
        source = Source(display, read_text(path, display))
        tree = parse(source)
    except UnreadableFile as error:
        return UnreadableScript(error.span, error.reason), source
    assignments = _assignments(tree)
    identifier = _literal(assignments.get("revision"), assignments)
    span = _span(assignments["revision"], display) if "revision" in assignments else source.whole()
    if not isinstance(identifier, str):
        legacy = _LEGACY_ID.match(path.name)
        if "revision" in assignments or not legacy:
            return StrayScript(span), source
        identifier = legacy.group(1)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    bound = functions.keys() | _imported_names(tree) | assignments.keys()
    revision = Revision(
        id=identifier,
        path=display,
        span=span,
        down=_identifiers(assignments.get("down_revision"), assignments),
        depends_on=_identifiers(assignments.get("depends_on"), assignments),
        branch_labels=_identifiers(assignments.get("branch_labels"), assignments),
        down_span=_optional_span(assignments.get("down_revision"), display),
        depends_on_span=_optional_span(assignments.get("depends_on"), display),
        message=_message(tree),
        upgrade=_function_span("upgrade", functions, bound, source),
        downgrade=_function_span("downgrade", functions, bound, source),
        suppressions=suppressions(source, tree),
    )
    computed = tuple(name for name in _HEAD if _is_computed(assignments.get(name), assignments))
    return Script(revision, source, tree, path, computed), source


def read_text(path: Path, display: str) -> str:
    """Return the text of a Python file, decoded as Python would; raises UnreadableFile."""
    start = Span(display, 1, 1, 1, 2)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("it is not a regular file", start)
        if status.st_size > MAXIMUM_SIZE:
            raise UnreadableFile(f"it has {status.st_size:,} bytes; at most {MAXIMUM_SIZE:,} are read", start)
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"it cannot be opened: {error.strerror or error}", start) from error
    return decode(data, display)


def decode(data: bytes, display: str) -> str:
    """Decode by byte order mark or coding comment, else UTF-8 (PEP 263); raises UnreadableFile at the bad byte."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except (SyntaxError, LookupError) as error:
        raise UnreadableFile(_encoding_problem(data, error), Span(display, *_bad_byte(data, "utf-8"))) from error
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line, column, end_line, end_column = _bad_byte(data, encoding)
        reason = f"byte 0x{data[error.start]:02x} is not {encoding}: save the file as UTF-8 or declare its encoding"
        raise UnreadableFile(reason, Span(display, line, column, end_line, end_column)) from error
    return text


def _encoding_problem(data: bytes, error: Exception) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as bad:
        return f"byte 0x{data[bad.start]:02x} is not utf-8: save the file as UTF-8 or declare its encoding"
    return f"its encoding cannot be told: {error}"


def _bad_byte(data: bytes, encoding: str) -> tuple[int, int, int, int]:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return line, column, line, column + 1
    except LookupError:
        pass
    return 1, 1, 1, 2


def parse(source: Source) -> ast.Module:
    """Parse a file; raises UnreadableFile at the place of the error."""
    whole = source.whole()
    try:
        return ast.parse(source.text, source.path)
    except SyntaxError as error:
        line = error.lineno or 1
        column = len(source.line(line)[: max(error.offset or 1, 1) - 1].encode()) + 1
        raise UnreadableFile(
            _syntax_problem(source, error), Span(source.path, line, column, line, column + 1)
        ) from error
    except ValueError as error:
        line = source.text.count("\n", 0, max(source.text.find("\0"), 0)) + 1
        raise UnreadableFile(str(error), Span(source.path, line, 1, line, 2)) from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableFile("its expressions are nested too deeply for Python to parse", whole) from error


_PYTHON_2 = re.compile(
    r"^\s*(print\s+[^\s(=]|exec\s+['\"]|raise\s+\w+\s*,|except\s+[\w.]+\s*,\s*\w+\s*:)", re.MULTILINE
)


def _syntax_problem(source: Source, error: SyntaxError) -> str:
    reason = error.msg or "invalid syntax"
    if "previously defined" not in reason and _PYTHON_2.search(source.line(error.lineno or 1)):
        return f"{reason} (it is written for Python 2: convert it with 2to3)"
    return reason


def _assignments(tree: ast.Module) -> dict[str, ast.Assign | ast.AnnAssign]:
    found: dict[str, ast.Assign | ast.AnnAssign] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node
    return found


def _imported_names(tree: ast.Module) -> set[str]:
    return {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }


def _literal(node: ast.AST | None, assignments: dict[str, ast.Assign | ast.AnnAssign], depth: int = 0) -> object:
    """The value of an expression made of literals, names of other assignments and `+`; None for anything else."""
    if depth > 20:
        return None
    match node:
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return _literal(value, assignments, depth + 1)
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return tuple(_literal(each, assignments, depth + 1) for each in elements)
        case ast.Name(id=name) if name in assignments:
            return _literal(assignments[name], assignments, depth + 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _literal(left, assignments, depth + 1), _literal(right, assignments, depth + 1)
            if isinstance(first, str) and isinstance(second, str):
                return first + second
            if isinstance(first, tuple) and isinstance(second, tuple):
                return first + second
    return None


_HEAD = ("down_revision", "depends_on", "branch_labels")


def _is_computed(node: ast.Assign | ast.AnnAssign | None, assignments: dict[str, ast.Assign | ast.AnnAssign]) -> bool:
    """Whether an assignment gives something that is neither a literal nor None."""
    if node is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return False
    value = _literal(node, assignments)
    return value is None or (isinstance(value, tuple) and None in value)


def _identifiers(node: ast.AST | None, assignments: dict[str, ast.Assign | ast.AnnAssign]) -> tuple[str, ...]:
    value = _literal(node, assignments)
    if isinstance(value, str):
        return (value,) if value else ()
    if _is_strings(value):
        return tuple(dict.fromkeys(value))
    return ()


def _is_strings(value: object) -> TypeGuard[tuple[str, ...]]:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


def _span(node: ast.stmt, path: str) -> Span:
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return Span(path, node.lineno, node.col_offset + 1, end_line, end_column + 1)


def _optional_span(node: ast.stmt | None, path: str) -> Span | None:
    return _span(node, path) if node else None


def _function_span(
    name: str, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], bound: set[str], source: Source
) -> Span | None:
    node = functions.get(name)
    if node:
        end = len(source.line(node.lineno).encode().rstrip()) + 1
        return Span(source.path, node.lineno, node.col_offset + 1, node.lineno, end)
    return source.whole() if name in bound else None


def _message(tree: ast.Module) -> str:
    text = (ast.get_docstring(tree) or "").strip()
    return text.partition("\n")[0].strip()
