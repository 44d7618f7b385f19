"""Selectors, the codes, prefixes and names by which a configuration speaks of rules, and the rules that they choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from migrate_guard.config.settings import Settings

ALL: Final = "ALL"


class RuleLike(Protocol):
    """What configuration needs to know of a rule."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def default(self) -> bool: ...
    @property
    def options(self) -> type | None: ...


R = TypeVar("R", bound=RuleLike)


def selected(rules: Sequence[R], settings: Settings) -> tuple[R, ...]:
    """Return the rules that run.

    The most specific selector decides: a code or name over a longer prefix over a shorter one over ALL; between two of
    the same length `ignore` wins.
    """
    chosen = []
    for rule in rules:
        base = _strength(rule, settings.select) if settings.select is not None else int(rule.default)
        wanted = max(base, _strength(rule, settings.extend_select))
        if wanted > _strength(rule, settings.ignore):
            chosen.append(rule)
    return tuple(chosen)


def matches(code: str, name: str, selector: str) -> bool:
    """Say whether a selector of the configuration speaks of a rule."""
    return selector in (ALL, name) or code.startswith(selector)


def _strength(rule: RuleLike, selectors: Sequence[str]) -> int:
    strengths = (
        # ALL is as strong as being on by default.
        1 if selector == ALL else 1 + len(rule.code if selector == rule.name else selector)
        for selector in selectors
        if matches(rule.code, rule.name, selector)
    )
    return max(strengths, default=0)


def speaks_of(rule: RuleLike, selector: str) -> bool:
    """Say whether a selector is a name or a prefix of a code; the letters in front alone are one (`MG`)."""
    return selector == rule.name or (len(selector) >= 2 and rule.code.startswith(selector))
