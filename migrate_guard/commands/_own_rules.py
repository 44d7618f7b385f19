"""The rules of a project: folders with the two files of each, loaded because its configuration says so."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from migrate_guard.config import ConfigError, Mistake, Written
from migrate_guard.config.selectors import SETS
from migrate_guard.model.patterns import lazily
from migrate_guard.pages import PageError, parse
from migrate_guard.rule import Rule

KEY: Final = "rules"
_PACKAGE: Final = "_migrate_guard_rules"
_CODE: Final = lazily(r"[A-Z]{1,9}[0-9]{3,4}")


class BrokenRule(Exception):
    """What is wrong with a rule of the project."""


def with_own(rules: Sequence[Rule], folders: Sequence[Path], written: Written | None = None) -> tuple[Rule, ...]:
    """Return the rules with those of the folders, in the order of their codes.

    Raises ConfigError with all that is wrong with them; `written` is the file that names the folders. Files whose names
    begin with an underscore are no rules.
    """
    known = {spelling: f"migrate-guard's own {each.name}" for each in rules for spelling in (each.code, each.name)}
    known |= {name.lower(): "the set of this name" for name in SETS}
    own: list[Rule] = []
    mistakes: list[Mistake] = []
    for path in files(folders):
        try:
            rule = load(path)
            for spelling in (rule.code, rule.name):
                if spelling in known:
                    raise BrokenRule(f'"{spelling}" is {known[spelling]}, too')
        except BrokenRule as error:
            mistakes.append(Mistake(KEY, f"{path}: {error}", line=written.lines.of(KEY) if written else None))
        else:
            own.append(rule)
            known |= {spelling: str(path) for spelling in (rule.code, rule.name)}
    if mistakes:
        raise ConfigError(mistakes, written.source if written else None)
    return tuple(sorted((*rules, *own), key=lambda each: each.code))


def files(folders: Sequence[Path]) -> Iterator[Path]:
    """The modules of the rules in folders."""
    for folder in folders:
        yield from sorted(each for each in folder.glob("*.py") if not each.name.startswith("_"))


def load(path: Path) -> Rule:
    """Import a rule; raises BrokenRule for one that cannot be imported, is none, or has no page."""
    name = path.stem
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise BrokenRule("the name of a rule is lower case words with underscores between them")
    rule = getattr(_module(path), name, None)
    if not isinstance(rule, Rule):
        raise BrokenRule(f'it declares no rule: there is no function "{name}" with @rule')
    if rule.name != name.replace("_", "-"):
        raise BrokenRule(f'the rule in it is called "{rule.name}"')
    if not _CODE.fullmatch(rule.code):
        raise BrokenRule(f'its code "{rule.code}" is not capital letters and three digits, such as "ACME001"')
    if rule.code.startswith("MG"):
        raise BrokenRule(f'its code "{rule.code}" begins with MG, as those of migrate-guard do')
    _check_signature(rule)
    _check_page(rule, path.with_suffix(".md"))
    return replace(rule, folder=path.parent)


def _module(path: Path) -> object:
    """Import a file under a private name; its folder is a package: `from ._words import …` works."""
    folder = os.path.realpath(path.parent)
    package = f"{_PACKAGE}.{re.sub(r'[^0-9a-zA-Z]', '_', folder)}"
    name = f"{package}.{path.stem}"
    _make_package(_PACKAGE, [])
    _make_package(package, [folder])
    spec = spec_from_file_location(name, path)
    assert spec
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by its loader, which would leave its bytecode in the project.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        raise BrokenRule(f"{error.filename}:{error.lineno} is not Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise BrokenRule(f"importing it fails{_line_in(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _make_package(name: str, path: list[str]) -> None:
    from types import ModuleType

    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package


def _line_in(error: BaseException, path: Path) -> str:
    """Where in a file an exception has come from."""
    import traceback

    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
    return f" at line {lines[-1]}" if lines else ""


def _check_signature(rule: Rule) -> None:
    subjects = 1 if rule.options is None else 2
    try:
        inspect.signature(rule.check).bind(*range(subjects))
    except TypeError as error:
        wanted = "what it is asked about" if subjects == 1 else "what it is asked about, and its options"
        raise BrokenRule(f"the function has to take {wanted}: {error}") from error
    if not rule.on and not rule.on_statements:
        raise BrokenRule("it is asked about nothing: @rule has no on=")
    if not rule.summary:
        raise BrokenRule("the function has no docstring, whose first line is the summary")


def _check_page(rule: Rule, path: Path) -> None:
    try:
        page = parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError as error:
        raise BrokenRule(f"its page {path.name} is not there") from error
    except OSError as error:
        raise BrokenRule(f"its page {path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BrokenRule(f"its page {path.name} is not UTF-8") from error
    except PageError as error:
        raise BrokenRule(f"its page: {error}") from error
    if page.code != rule.code:
        raise BrokenRule(f"the rule is {rule.code} and its page {page.code}")
