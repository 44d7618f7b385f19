"""What a run asks the file system, which it does here only: so that it is known what the answer depends on."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["bytes", "git", "kind", "link", "names", "present", "readable", "real", "size"]
Asked: TypeAlias = str | os.PathLike[str]


class Question(NamedTuple):
    kind: Kind
    path: str
    most: int = -1
    """Of "bytes", how many are read; -1: all."""
    arguments: tuple[str, ...] = ()
    """Of "git", what it is asked in that directory."""


_NOTED: ContextVar[dict[Question, str] | None] = ContextVar("noted", default=None)
_DIGEST: Final = 16
_IMPLIED: Final = ("kind", "present", "readable", "size")
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def without_implied(questions: Mapping[Question, str]) -> dict[Question, str]:
    """The questions without those whose answers follow from the bytes of a file that was read."""
    read = {each.path for each, answered in questions.items() if each.kind == "bytes" and not _is_failure(answered)}
    return {
        each: answered for each, answered in questions.items() if each.kind not in _IMPLIED or each.path not in read
    }


@contextmanager
def noted() -> Iterator[dict[Question, str]]:
    """Note every question that is asked inside, with what tells its answer from another."""
    questions: dict[Question, str] = {}
    token = _NOTED.set(questions)
    try:
        yield questions
    finally:
        _NOTED.reset(token)


def answer(question: Question) -> str:
    """What tells the answer to a question from another: a digest of the bytes of a file, the names in a folder."""
    path = question.path
    if question.kind == "git":
        raise ValueError("git is to be asked")
    try:
        match question.kind:
            case "bytes":
                return digest(_bytes_of_file(path, question.most))
            case "names":
                return _told(_names(path))
            case "size":
                return str(os.stat(path).st_size)
            case "kind":
                return _kind(path)
            case "link":
                return _link(path)
            case "present":
                return str(os.path.lexists(path))
            case "readable":
                return str(os.access(path, os.R_OK))
            case "real":
                return os.path.realpath(path)
    except OSError as error:
        return _failed(error)


def digest(data: bytes) -> str:
    """What tells bytes from others."""
    return blake2b(data, digest_size=_DIGEST).hexdigest()


def read_bytes(path: Asked, most: int = -1) -> bytes:
    """Return what a file holds, of a long one the first bytes; raises OSError."""
    question = Question("bytes", os.fspath(path), most)
    try:
        data = _bytes(question.path, most)
    except OSError as error:
        _note(question, _failed(error))
        raise
    if _NOTED.get() is not None:
        _note(question, digest(data))
    return data


def size(path: Asked) -> int:
    """The bytes that a file has; raises OSError."""
    question = Question("size", os.fspath(path))
    try:
        found = os.stat(path).st_size
    except OSError as error:
        _note(question, _failed(error))
        raise
    _note(question, str(found))
    return found


def names(directory: Asked) -> list[str]:
    """The names in a directory, sorted; raises OSError."""
    question = Question("names", os.fspath(directory))
    try:
        found = _names(question.path)
    except OSError as error:
        _note(question, _failed(error))
        raise
    _note(question, _told(found))
    return found


def matching(directory: Path, pattern: str) -> list[Path]:
    """The files in a directory whose names match a pattern such as "*.py", sorted; none where there is none such."""
    try:
        return [directory / each for each in names(directory) if fnmatchcase(each, pattern)]
    except OSError:
        return []


def is_file(path: Asked) -> bool:
    """Whether there is a regular file, or a link to one."""
    return kind(path) == "file"


def is_dir(path: Asked) -> bool:
    """Whether there is a directory, or a link to one."""
    return kind(path) == "directory"


def exists(path: Asked) -> bool:
    """Whether there is anything, and for a link anything that it leads to."""
    return kind(path) != ""


def kind(path: Asked) -> str:
    """Say "file", "directory" or "other", following links; empty where nothing is there or can be seen."""
    found = _kind(path)
    _note(Question("kind", os.fspath(path)), found)
    return found


def lexists(path: Asked) -> bool:
    """Whether there is anything, if only a link that leads nowhere."""
    found = os.path.lexists(path)
    _note(Question("present", os.fspath(path)), str(found))
    return found


def is_link(path: Asked) -> bool:
    """Whether it is a symbolic link."""
    return readlink(path) != ""


def readlink(path: Asked) -> str:
    """Where a symbolic link leads, as it says it; empty where there is none."""
    found = _link(path)
    _note(Question("link", os.fspath(path)), found)
    return found


def is_readable(path: Asked) -> bool:
    """Whether we may read it."""
    found = os.access(path, os.R_OK)
    _note(Question("readable", os.fspath(path)), str(found))
    return found


def realpath(path: Asked) -> str:
    """The path without links."""
    found = os.path.realpath(path)
    _note(Question("real", os.fspath(path)), found)
    return found


def note_said(directory: Asked, arguments: tuple[str, ...], said: bytes) -> None:
    """Note what git says in a directory."""
    if _NOTED.get() is not None:
        _note(Question("git", os.fspath(directory), arguments=arguments), digest(said))


def note_listed(directory: Asked, listed: list[str]) -> None:
    """Note the names in a directory that were found by other means, in any order."""
    if _NOTED.get() is not None:
        _note(Question("names", os.fspath(directory)), _told(sorted(listed)))


def _note(question: Question, answered: str) -> None:
    if (questions := _NOTED.get()) is not None:
        questions.setdefault(question, answered)


def _bytes(path: str, most: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)


def _bytes_of_file(path: str, most: int) -> bytes:
    """What is read of a regular file; nobody waits for a pipe that has come in its place."""
    with open(os.open(path, os.O_RDONLY | _NO_WAITING), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return file.read(most)


def _names(path: str) -> list[str]:
    return sorted(os.listdir(path))


def _link(path: Asked) -> str:
    try:
        return os.readlink(path)
    except (OSError, ValueError):
        return ""


def _kind(path: Asked) -> str:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return "file" if stat.S_ISREG(mode) else "directory" if stat.S_ISDIR(mode) else "other"


def _told(listed: list[str]) -> str:
    return digest("\0".join(listed).encode("utf-8", "surrogatepass"))


def _failed(error: OSError) -> str:
    return f"! {error.errno}"


def _is_failure(answered: str) -> bool:
    return answered.startswith("!")
