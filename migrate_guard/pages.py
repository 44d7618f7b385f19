"""Catalogue pages: find them, parse them, and take the examples out of them that the tests run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct, field

from migrate_guard.model.patterns import lazily

SECTIONS: Final = (
    "What happens",
    "Why it hurts",
    "What to do",
    "Given",
    "Bad",
    "Good",
    "Quiet when",
    "Not seen",
    "Options",
    "Sources",
)
"""The sections of a page, in their order."""
OPTIONAL: Final = frozenset({"Given", "Quiet when", "Not seen", "Options"})

Kind: TypeAlias = Literal["bad", "good", "quiet"]
Role: TypeAlias = Literal[
    "upgrade", "downgrade", "script", "given", "rule", "file", "models", "base", "deleted", "meanwhile"
]
_KINDS: Final[Mapping[str, Kind]] = {"Bad": "bad", "Good": "good", "Quiet when": "quiet"}
_ROLES: Final[tuple[Role, ...]] = ("downgrade", "script", "given", "rule", "models", "base", "deleted", "meanwhile")
IN_GIT: Final[frozenset[Role]] = frozenset({"base", "deleted", "meanwhile"})
"""Whole scripts of the base branch; an example with one of them is judged on a branch, with `--since` the base."""


class PageError(ValueError):
    """A page that does not keep to the form; the message says where."""


class Mark(NamedTuple):
    """An expected finding: the line of its fence, from 1, and the code."""

    line: int
    code: str


class Fence(Struct, frozen=True):
    """One block of code.

    Roles: `upgrade` is the body of an upgrade, `downgrade` that of the one before; `script` is a whole revision script,
    `given` the upgrade of a revision before the one that is judged, `rule` a rule of the project, `file` any other file
    of the environment (`title="env.py"`). `models` is a whole module of models, which is loaded and judged beside that.

    Of an example that is judged in git, `base` is a script that the base branch had when the branch began; a `script`
    of the same title is what the branch made of it. `deleted` is one that the branch has deleted, `meanwhile` one that
    the base has got since.
    """

    role: Role
    code: str
    """Without the marks; lines keep their numbers."""
    line: int
    """The line of the page on which the code begins."""
    language: str = "python"
    title: str | None = None
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What else the fence says: dialect, version, options."""
    marks: tuple[Mark, ...] = ()


class Example(Struct, frozen=True):
    """What a page shows once: earlier revisions, and the fences that are judged."""

    kind: Kind
    given: tuple[Fence, ...]
    fences: tuple[Fence, ...]
    line: int

    @property
    def is_in_git(self) -> bool:
        """Whether it shows a branch and its base."""
        return any(each.role in IN_GIT for each in self.fences)

    @property
    def has_models(self) -> bool:
        """Whether it shows models that are to be loaded."""
        return any(each.role == "models" for each in self.fences)

    @property
    def settings(self) -> dict[str, str]:
        """What the fences say of the target and the options."""
        return {key: value for each in (*self.given, *self.fences) for key, value in each.settings.items()}


class Page(Struct, frozen=True):
    code: str
    name: str
    title: str
    path: Path
    text: str
    sections: Mapping[str, str]
    examples: tuple[Example, ...]


def directory() -> Path:
    """The folder of the pages: in the installed package, else in the checkout."""
    shipped = Path(__file__).parent / "_pages"
    return shipped if shipped.is_dir() else Path(__file__).parent.parent / "rules"


def page_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all pages, as users write them."""
    return tuple(sorted(path.stem.replace("_", "-") for path in (folder or directory()).glob("*.md")))


def all_pages(folder: Path | None = None) -> tuple[Page, ...]:
    """Every page, in the order of the codes."""
    pages = (parse(path.read_text(encoding="utf-8"), path) for path in (folder or directory()).glob("*.md"))
    return tuple(sorted(pages, key=lambda page: page.code))


def load(name_or_code: str, folder: Path | None = None) -> Page | None:
    """The page of a rule, by its name or code; None when there is none."""
    where = folder or directory()
    name = _names(where).get(name_or_code.upper(), name_or_code.lower().replace("_", "-"))
    for stem in (name, name.replace("-", "_")):
        path = where / f"{stem}.md"
        if path.is_file():
            return parse(path.read_text(encoding="utf-8"), path)
    return None


@cache
def _names(folder: Path) -> dict[str, str]:
    """The name of every code, read from the first lines of the pages."""
    names = {}
    for path in folder.glob("*.md"):
        with path.open(encoding="utf-8") as page:
            if title := _TITLE.fullmatch(page.readline().strip()):
                names[title[1]] = path.stem.replace("_", "-")
    return names


_TITLE: Final = lazily(r"# (\w+): ([a-z0-9]+(?:-[a-z0-9]+)*)")


def parse(text: str, path: Path) -> Page:
    """Parse a page; raise `PageError` where it does not keep to the form."""
    lines = text.splitlines()
    title = _TITLE.fullmatch(lines[0].strip()) if lines else None
    if title is None:
        raise PageError(f'{path}:1: the first line is not "# CODE: rule-name"')
    if title[2] != path.stem.replace("_", "-"):
        raise PageError(f'{path}:1: the page of "{title[2]}" is called "{path.name}"')
    parts = list(_split(lines, "## "))
    _check_order([part.heading for part in parts[1:]], path)
    return Page(
        code=title[1],
        name=title[2],
        title=lines[0].strip().removeprefix("# "),
        path=path,
        text=text,
        sections={part.heading: "\n".join(part.lines).strip() for part in parts[1:]},
        examples=tuple(_examples(parts[1:], path)),
    )


class _Part(NamedTuple):
    """A stretch of a page under one heading."""

    heading: str
    line: int
    """The number of its first line."""
    lines: list[str]


def _split(lines: Sequence[str], mark: str, first: int = 1) -> Iterator[_Part]:
    """The parts under headings of one level; what stands before the first has an empty heading."""
    heading, start, inside = "", 0, False
    for number, line in enumerate(lines):
        inside = inside != line.startswith("```")
        if line.startswith(mark) and not inside:
            yield _Part(heading, first + start, list(lines[start:number]))
            heading, start = line.removeprefix(mark).strip(), number + 1
    yield _Part(heading, first + start, list(lines[start:]))


def _check_order(headings: list[str], path: Path) -> None:
    for heading in headings:
        if heading not in SECTIONS:
            raise PageError(f'{path}: there is no section "{heading}"; sections are {", ".join(SECTIONS)}')
    if headings != [each for each in SECTIONS if each in headings]:
        raise PageError(f"{path}: sections are not in the order {', '.join(SECTIONS)}")
    if lacking := [each for each in SECTIONS if each not in headings and each not in OPTIONAL]:
        raise PageError(f"{path}: there is no section {', '.join(lacking)}")


def _examples(parts: list[_Part], path: Path) -> Iterator[Example]:
    given: tuple[Fence, ...] = ()
    for part in parts:
        if part.heading == "Given":
            given = tuple(_fences(part, path))
        elif kind := _KINDS.get(part.heading):
            for under in _split(part.lines, "### ", part.line):
                yield from _grouped(list(_fences(under, path)), kind, given)


def _grouped(fences: list[Fence], kind: Kind, given: tuple[Fence, ...]) -> Iterator[Example]:
    """Put fences together: what belongs to the example before, and the scripts that are one history."""
    before: list[Fence] = []
    current: list[Fence] = []
    for fence in fences:
        if current and not _continues(fence, current):
            yield Example(kind, (*given, *before), tuple(current), current[0].line)
            before, current = [], []
        (before if fence.role == "given" else current).append(fence)
    if current:
        yield Example(kind, (*given, *before), tuple(current), current[0].line)


def _continues(fence: Fence, current: list[Fence]) -> bool:
    """Whether a fence belongs to the example that has begun."""
    roles = {each.role for each in current}
    if fence.role in ("downgrade", "file"):
        return True
    if fence.role == "script" or fence.role in IN_GIT:
        return roles <= {"script", "file", "rule", *IN_GIT}
    return fence.role == "upgrade" and roles <= {"rule", "file"}


_MARK: Final = lazily(r"\s*# finding: (\w+(?:, \w+)*)\s*$")


def _fences(part: _Part, path: Path) -> Iterator[Fence]:
    start: int | None = None
    info = ""
    for number, line in enumerate(part.lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start, info = number + 1, line.removeprefix("```").strip()
            continue
        fence = _fence(info, part.lines[start:number], part.line + start, path)
        start = None
        if fence:
            yield fence
    if start is not None:
        raise PageError(f"{path}:{part.line + start}: the fence that opens here is not closed")


def _fence(info: str, lines: list[str], line: int, path: Path) -> Fence | None:
    """Read one fence; None for one that is only to look at: no Python, and no file with a title."""
    language, *words = shlex.split(info) or ["text"]
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    title = settings.pop("title", None)
    flags = [word for word in words if "=" not in word]
    if language != "python" and title is None:
        return None
    if unknown := [flag for flag in flags if flag not in _ROLES]:
        raise PageError(f'{path}:{line - 1}: a fence is not "{unknown[0]}" but one of {", ".join(_ROLES)}')
    role: Role = "file" if title and not flags else "upgrade"
    role = next((each for each in _ROLES if each in flags), role)
    code, marks = _without_marks(lines)
    return Fence(role, code, line, language, title, MappingProxyType(settings), marks)


def _without_marks(lines: list[str]) -> tuple[str, tuple[Mark, ...]]:
    """Take the marks out of code; one alone on its line speaks of the next line."""
    marks: list[Mark] = []
    kept = []
    for number, line in enumerate(lines, 1):
        found = _MARK.search(line)
        code = line[: found.start()] if found else line
        kept.append(code)
        if found:
            at = number if code.strip() else number + 1
            marks.extend(Mark(at, each) for each in found[1].split(", "))
    return "\n".join(kept) + "\n", tuple(marks)
