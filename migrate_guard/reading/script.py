"""Read one script: decode, parse, and find what Alembic reads from its module variables."""

from __future__ import annotations

import ast
import codecs
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard import files
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision, StrayScript, UnreadableScript
from migrate_guard.model.source import Source, Span
from migrate_guard.reading import paperwork
from migrate_guard.reading.comments import suppressions
from migrate_guard.reading.spans import first_line_of, span_of

MAXIMUM_SIZE = 64 * 1024 * 1024
"""Bytes of a script that are still read; a larger file is reported instead."""

_LEGACY_ID = lazily(r"([a-f0-9]+)\.py$")
"""Alembic's rule for scripts of its first releases, which carried no `revision` variable (alembic/script/base.py)."""


class Script(Struct, eq=False):
    """A revision script: its head, its text and its tree."""

    revision: Revision
    source: Source
    path: Path
    computed: tuple[str, ...] = ()
    """The variables of its head that are not literals: they have to be interpreted."""
    _tree: ast.Module | None = None

    @property
    def tree(self) -> ast.Module:
        """Its tree, parsed again if it has been let go."""
        if self._tree is None:
            self._tree = parse(self.source)
        return self._tree

    def release(self) -> None:
        """Let the tree go: of all that is known of a script it takes by far the most memory."""
        self._tree = None
        self.source.release()


class UnreadableFile(Exception):
    """A file that cannot be decoded or parsed, at the place of the error."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span


def read_script(
    path: Path, display: str, draft: Path | None = None
) -> tuple[Script | UnreadableScript | StrayScript, Source]:
    """Read the script at `path`, called `display` in messages; a file that cannot be read is a value, not an error.

    The text of one that is not written yet is in `draft`.
    """
    try:
        source = Source(display, read_text(draft or path, display))
    except UnreadableFile as error:
        return UnreadableScript(error.span, error.reason), Source(display, "")
    return script_of(source, path), source


def script_of(source: Source, path: Path) -> Script | UnreadableScript | StrayScript:
    """Read the script of a text, which lies at `path` or would."""
    display = source.path
    try:
        tree = parse(source)
    except UnreadableFile as error:
        return UnreadableScript(error.span, error.reason)
    assignments = assignments_of(tree)
    identifier = _literal(assignments.get("revision"), assignments)
    span = span_of(assignments["revision"], display) if "revision" in assignments else source.whole()
    functions, bound = _bound_names(tree)
    bound |= assignments.keys()
    is_computed = _is_computed(assignments.get("revision"), assignments)
    if not isinstance(identifier, str) and is_computed:
        identifier = ""
    elif not isinstance(identifier, str):
        if "revision" in bound:
            return UnreadableScript(span, _identifier_problem(assignments.get("revision"), identifier))
        legacy = _LEGACY_ID.match(path.name)
        if not legacy:
            return StrayScript(span, suppressions(source, tree))
        identifier = legacy.group(1)
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
        is_irreversible=_is_irreversible(assignments, functions, source),
        docstring=paperwork.docstring(tree, source),
        stated_id=paperwork.stated_id(tree, source),
        stated_down=paperwork.stated_down(tree, source),
        leftovers=paperwork.leftovers(source),
        empty=paperwork.empty(functions),
        text=source.text,
    )
    computed = tuple(name for name in _HEAD if _is_computed(assignments.get(name), assignments))
    return Script(revision, source, path, computed, tree)


_IRREVERSIBLE: Final = lazily(r"^\s*#\s*irreversible\b", re.IGNORECASE)


def _is_irreversible(
    assignments: dict[str, ast.Assign | ast.AnnAssign],
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef],
    source: Source,
) -> bool:
    """Whether a script declares that it is not taken back, by a variable or a comment alone on its line."""
    if "irreversible" not in source.text.lower():
        return False
    if _literal(assignments.get("irreversible"), assignments) is True:
        return True
    downgrade = functions.get("downgrade")
    if downgrade is None:
        return False
    lines = range(downgrade.lineno, (downgrade.end_lineno or downgrade.lineno) + 1)
    return any(_IRREVERSIBLE.match(source.line(each)) for each in lines)


def of_engine(script: Script, engine_name: str) -> Revision:
    """The head of a script of a multidb environment, with the functions of one engine as its directions."""
    functions = {node.name: node for node in script.tree.body if isinstance(node, ast.FunctionDef)}
    spans = {
        direction: _function_span(f"{direction}_{engine_name}", functions, set(), script.source)
        for direction in ("upgrade", "downgrade")
    }
    revision = script.revision
    return replace(
        revision, upgrade=spans["upgrade"] or revision.upgrade, downgrade=spans["downgrade"] or revision.downgrade
    )


def read_text(path: Path, display: str) -> str:
    """Return the text of a Python file, decoded as Python would; raises UnreadableFile."""
    start = Span(display, 1, 1, 1, 2)
    try:
        if files.kind(path) in ("directory", "other"):
            raise UnreadableFile("it is not a regular file", start)
        if (size := files.size(path)) > MAXIMUM_SIZE:
            raise UnreadableFile(f"it has {size:,} bytes; at most {MAXIMUM_SIZE:,} are read", start)
        data = files.read_bytes(path)
    except OSError as error:
        raise UnreadableFile(f"it cannot be opened: {error.strerror or error}", start) from error
    return decode(data, display)


def decode(data: bytes, display: str) -> str:
    """Decode by byte order mark or coding comment, else UTF-8 (PEP 263); raises UnreadableFile at the bad byte."""
    if (at := data.find(b"\0")) >= 0:
        raise UnreadableFile(_null_problem(data), _byte_span(data, at, display))
    lines = iter(data.splitlines(keepends=True) if b"\r" in data else io.BytesIO(data))  # \r alone ends a line, too
    try:
        encoding, _ = tokenize.detect_encoding(partial(next, lines))
    except (SyntaxError, LookupError) as error:
        raise _undeclared(data, display, error) from error
    try:
        text = data.decode(encoding)
        if encoding not in ("utf-8", "utf-8-sig"):
            text.encode()  # codecs such as unicode_escape give halves of surrogate pairs, which no text holds
    except UnicodeDecodeError as error:
        raise UnreadableFile(_byte_problem(error, encoding), _byte_span(data, error.start, display)) from error
    except (LookupError, UnicodeError) as error:
        reason = f"it is declared as {encoding}, which does not give a text: save the file as UTF-8"
        raise UnreadableFile(reason, _declaration_span(data, display)) from error
    return text


_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def _null_problem(data: bytes) -> str:
    is_wide = data.startswith(_BYTE_ORDER_MARKS) or (data[:1] == b"\0") != (data[1:2] == b"\0")
    return "it is written in UTF-16 or UTF-32: save the file as UTF-8" if is_wide else "it holds a null byte"


def _undeclared(data: bytes, display: str, error: Exception) -> UnreadableFile:
    """Why no encoding could be chosen: a byte that is not UTF-8 without a declaration, or a wrong declaration."""
    try:
        data.decode()
    except UnicodeDecodeError as bad:
        return UnreadableFile(_byte_problem(bad, "utf-8"), _byte_span(data, bad.start, display))
    reason = f"its encoding cannot be told: {error}"
    if data.startswith(codecs.BOM_UTF8):
        reason = "it begins with the byte order mark of UTF-8 and declares another encoding"
    return UnreadableFile(reason, _declaration_span(data, display))


def _byte_problem(error: UnicodeDecodeError, encoding: str) -> str:
    return f"byte 0x{error.object[error.start]:02x} is not {encoding}: save the file as UTF-8 or declare its encoding"


def _byte_span(data: bytes, at: int, display: str) -> Span:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return Span(display, line, column, line, column + 1)


def _declaration_span(data: bytes, display: str) -> Span:
    """The line of the coding comment, which is the first or the second."""
    line = 1 if re.match(rb"[^\r\n]*coding[=:]", data) else 2
    return Span(display, line, 1, line, 2)


def parse(source: Source) -> ast.Module:
    """Parse a file; raises UnreadableFile at the place of the error."""
    try:
        with warnings.catch_warnings():
            # What Python would warn of ("\\d" in a string) is nothing that a run of ours is to print, or to fail of.
            warnings.simplefilter("ignore")
            return ast.parse(source.text, source.path)
    except SyntaxError as error:
        line = error.lineno or 1
        column = len(source.line(line)[: max(error.offset or 1, 1) - 1].encode()) + 1
        raise UnreadableFile(
            _syntax_problem(source, error), Span(source.path, line, column, line, column + 1)
        ) from error
    except ValueError as error:
        raise UnreadableFile(str(error), source.whole()) from error
    except RecursionError as error:
        raise UnreadableFile("its expressions are nested too deeply for Python to parse", source.whole()) from error
    except MemoryError as error:
        reason = "it is too large, or nested too deeply, for Python to parse"
        raise UnreadableFile(reason, source.whole()) from error


_PYTHON_2: Final = lazily(
    r"^\s*(print\s+[^\s(=]|exec\s+['\"\w]|raise\s+\w+\s*,|except\s+[\w.]+\s*,\s*[a-z_]\w*\s*:)"
    r"|`|<>|\b[uU][rR]['\"]|\b\d+[lL]\b"
)
_CONFLICT: Final = lazily(r"(<{7}|={7}|>{7})(\s|$)")


class _Newer(NamedTuple):
    """Syntax that an older Python refuses."""

    minor: int
    what: str
    pattern: re.Pattern[str]


_NEWER: Final = (
    _Newer(13, "a type parameter with a default", lazily(r"\s*(async\s+def|def|class|type)\s+\w+\s*\[[^\]]*\w\s*=")),
    _Newer(12, "a type parameter", lazily(r"\s*(async\s+def|def|class)\s+\w+\s*\[")),
    _Newer(12, "the type statement", lazily(r"\s*type\s+\w+\s*(\[.*\])?\s*=")),
    _Newer(
        12,
        "an f-string with its own quotes or a backslash in braces",
        lazily(r""".*(?<!\w)([fF][rR]?|[rR][fF])(["'])((?!\2).)*\{[^{}]*(\2|\\)[^{}]*\}"""),
    ),
    _Newer(14, "a template string", lazily(r""".*(?<!\w)([tT][rR]?|[rR][tT])["']""")),
    _Newer(14, "except without parentheses", lazily(r"\s*except\*?\s+[\w.]+(\s*,\s*[\w.]+)+\s*:")),
    _Newer(15, "a lazy import", lazily(r"\s*lazy\s+(import|from)\s")),
)


def _syntax_problem(source: Source, error: SyntaxError) -> str:
    line = source.line(error.lineno or 1)[:2000]
    # What Python adds about its own settings, behind a semicolon, is for who runs a program.
    reason = (error.msg or "invalid syntax").partition("; use sys.")[0]
    if _CONFLICT.match(line):
        return f"{reason}: a conflict of a merge was left in it"
    if _PYTHON_2.search(line):
        return f"{reason}: it is written for Python 2, convert it with 2to3"
    for newer in _NEWER:
        if sys.version_info < (3, newer.minor) and newer.pattern.match(line):
            running = ".".join(map(str, sys.version_info[:2]))
            return f"{newer.what} is syntax of Python 3.{newer.minor}, and this is Python {running}"
    return reason


def assignments_of(tree: ast.Module) -> dict[str, ast.Assign | ast.AnnAssign]:
    """The last assignment of each name; one inside a block counts where there is none outside."""
    found: dict[str, ast.Assign | ast.AnnAssign] = {}
    for body in (_loaded(tree.body), tree.body):
        for node in body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found.update(_assigned(target, node.value, node))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                found[node.target.id] = node
    return found


def _assigned(target: ast.expr, value: ast.expr, node: ast.Assign) -> Iterator[tuple[str, ast.Assign]]:
    """The names that one target binds, each with an assignment of its own: `revision, down_revision = "b", "a"`."""
    if isinstance(target, ast.Name):
        yield target.id, node
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for name, each in zip(target.elts, value.elts, strict=False):
            if isinstance(name, ast.Name):
                yield name.id, ast.copy_location(ast.Assign([name], each), each)


def _loaded(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is loaded, those in `if`, `try`, `with` and loops included."""
    pending = list(body)[::-1]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner: list[ast.stmt] = [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
            inner += (each for handler in getattr(node, "handlers", ()) for each in handler.body)
            pending += [*inner, *getattr(node, "finalbody", ())][::-1]


def _bound_names(tree: ast.Module) -> tuple[dict[str, ast.FunctionDef | ast.AsyncFunctionDef], set[str]]:
    """The functions of a module by name, and every name that a function, class or import of it binds."""
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    names: set[str] = set()
    for node in _loaded(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
    return functions, names | functions.keys()


def _identifier_problem(node: ast.Assign | ast.AnnAssign | None, value: object) -> str:
    """Why a `revision` is no id."""
    if node is not None and isinstance(node.value, ast.Constant):
        return f"its revision is {str(value)[:40] if value is None else type(value).__name__}, where a string belongs"
    return "its revision is computed, where a string belongs"


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


_HEAD = ("revision", "down_revision", "depends_on", "branch_labels")


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


def _optional_span(node: ast.stmt | None, path: str) -> Span | None:
    return span_of(node, path) if node else None


def _function_span(
    name: str, functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef], bound: set[str], source: Source
) -> Span | None:
    node = functions.get(name)
    if node:
        return first_line_of(node, source)
    return source.whole() if name in bound else None


def _message(tree: ast.Module) -> str:
    text = (ast.get_docstring(tree) or "").strip()
    first = text.partition("\n")[0].strip()
    # Without a message the template begins with what comes behind it.
    return "" if first.startswith(("Revision ID:", "Revises:")) else first
