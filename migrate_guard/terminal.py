"""What the program says and where it goes: the report to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

ColorChoice: TypeAlias = Literal["auto", "always", "never"]
COLOR_CHOICES: Final[tuple[ColorChoice, ...]] = get_args(ColorChoice)

PATIENCE = 1.0
"""Seconds until a run says what it is doing."""

TAB = 4


class UserError(Exception):
    """Something the user asked for does not work; the message is for the user."""


# Text


def cells(text: str) -> list[tuple[str, int]]:
    """Return what a terminal shows for each character, and its width in columns.

    Tabs become spaces; what would move the cursor, change colours, hide or reorder text is spelled out.
    """
    shown: list[tuple[str, int]] = []
    column = 0
    for character in text:
        cell = _cell(character, column)
        shown.append(cell)
        column += cell[1]
    return shown


def visible(text: str) -> str:
    """Return text that a terminal shows on one line and as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(shown for shown, _ in cells(text.replace("\n", " ")))


def paint(text: str, style: str, color: bool) -> str:
    """Wrap text into the escape sequence of a style, if colours are wanted."""
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text


def _cell(character: str, column: int) -> tuple[str, int]:
    if character.isascii() and character.isprintable():
        return character, 1
    if character == "\t":
        width = TAB - column % TAB
        return " " * width, width
    if not character.isprintable():
        code = ord(character)
        spelled = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
        return spelled, len(spelled)
    if unicodedata.category(character) in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wants_color(choice: ColorChoice, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Decide on colours: the option, then NO_COLOR, FORCE_COLOR and TERM=dumb, then whether a terminal listens."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


# Output


def emit(text: str, file: Path | None = None) -> None:
    """Write a report to `file`, or to stdout where it is None or "-"; raises UserError when that fails."""
    try:
        if file is None or str(file) == "-":
            _print(text)
        else:
            _replace(Path(os.path.realpath(file)), text.encode("utf-8", "backslashreplace"))
    except BrokenPipeError:
        # The reader has gone; the exit code still says what was found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise UserError(f"cannot write {file or 'to stdout'}: {error.strerror or error}") from error


def replace_file(path: Path, data: bytes) -> None:
    """Put data in the place of a file, all or nothing; raises UserError when that fails."""
    try:
        _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def _print(text: str) -> None:
    # A name that the terminal's encoding lacks is no reason to fail.
    data = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _replace(path: Path, data: bytes) -> None:
    """Put a whole file in the place of another, so that nobody ever reads half of it."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    from tempfile import mkstemp

    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _mode(path: Path) -> int:
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


_OVERHEARD: ContextVar[list[str] | None] = ContextVar("overheard", default=None)
"""What is said where nobody looks at stderr; None where somebody does."""


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Give what would be said on stderr to the caller instead."""
    said: list[str] = []
    token = _OVERHEARD.set(said)
    try:
        yield said
    finally:
        _OVERHEARD.reset(token)


_NOTED: ContextVar[list[tuple[str, str]] | None] = ContextVar("noted", default=None)


@contextmanager
def complaints() -> Iterator[list[tuple[str, str]]]:
    """Note the kind and the message of everything that is said on stderr inside."""
    noted: list[tuple[str, str]] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


def complain(kind: str, message: str) -> None:
    """Say something on stderr; lines of the message stay lines."""
    if (noted := _NOTED.get()) is not None:
        noted.append((kind, message))
    if (said := _OVERHEARD.get()) is not None:
        said.append(message)
        return
    text = "\n".join(map(visible, message.split("\n")))
    data = f"{kind}: {text}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace")
    sys.stderr.write(data.decode(sys.stderr.encoding or "utf-8"))


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say on a terminal what a run is doing, if it takes long."""
    if _OVERHEARD.get() is not None or not sys.stderr.isatty():
        yield
        return
    from threading import Event, Thread

    done = Event()

    def show() -> None:
        if not done.wait(PATIENCE):
            sys.stderr.write(f"\r{visible(text)}")
            sys.stderr.flush()
            done.wait()
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
