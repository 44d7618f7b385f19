"""Selectors, the codes, prefixes, names and sets by which a configuration speaks of rules, and what they choose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from migrate_guard.config.settings import Settings
from migrate_guard.model.finding import Severity

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
    def severity(self) -> Severity: ...
    @property
    def options(self) -> type | None: ...


R = TypeVar("R", bound=RuleLike)

_OF_NAMES: Final = frozenset({"identifier", "named", "naming", "unnamed"})
"""Words in the names of rules that are about what things are called."""


def _is_strict(rule: RuleLike) -> bool:
    return rule.default or rule.severity >= Severity.WARNING


def _is_naming(rule: RuleLike) -> bool:
    return rule.code.startswith("MG7") or not _OF_NAMES.isdisjoint(rule.name.split("-"))


SETS: Final[Mapping[str, Callable[[RuleLike], bool]]] = {
    "default": lambda rule: rule.default,
    "strict": _is_strict,
    "naming": _is_naming,
    ALL: lambda _rule: True,
}
"""Set → whether a rule belongs to it.

`strict` has all that are on by default, and of the others those that are at least warnings: what is off and merely
information is a matter of taste. `naming` has MG7xx, and rules of any family whose own name speaks of names.
"""
_STRENGTHS: Final[Mapping[str, int]] = {"naming": 2}
"""How specific a set is that says more than the others, which are as strong as being on by default."""


def selected(rules: Sequence[R], settings: Settings) -> tuple[R, ...]:
    """Return the rules that run.

    The most specific selector decides: a code or name over a longer prefix over a shorter one over a set; between two
    of the same length `ignore` wins.
    """
    return tuple(rule for rule in rules if decides(rule, settings)[0])


def decides(rule: RuleLike, settings: Settings) -> tuple[bool, str]:
    """Return whether a rule runs, and which setting and selector say so; "default" where none does."""
    wanted = (int(rule.default), "default") if settings.select is None else _strongest(rule, "select", settings.select)
    wanted = max(wanted, _strongest(rule, "extend-select", settings.extend_select), key=lambda each: each[0])
    ignored = _strongest(rule, "ignore", settings.ignore)
    if wanted[0] > ignored[0]:
        return True, wanted[1]
    return False, ignored[1] if ignored[0] else "default" if settings.select is None else "not in select"


def severity_of(rule: RuleLike, settings: Settings) -> Severity | None:
    """Return the severity that the settings give a rule; None where they leave it as it is."""
    fitting = {each: _strength(rule, each) for each in settings.severity if matches(rule, each)}
    return settings.severity[max(fitting, key=fitting.__getitem__)] if fitting else None


def matches(rule: RuleLike, selector: str) -> bool:
    """Say whether a selector of the configuration speaks of a rule."""
    if belongs := SETS.get(selector):
        return belongs(rule)
    return selector == rule.name or rule.code.startswith(selector)


def codes_of(selectors: Iterable[str], rules: Sequence[RuleLike]) -> tuple[str, ...]:
    """Return the codes of the rules that selectors speak of."""
    wanted = tuple(selectors)
    return tuple(rule.code for rule in rules if any(matches(rule, each) for each in wanted))


def _strongest(rule: RuleLike, key: str, selectors: Sequence[str]) -> tuple[int, str]:
    """How strongly selectors speak of a rule, and which of them does."""
    fitting = ((_strength(rule, each), f'{key} "{each}"') for each in selectors if matches(rule, each))
    return max(fitting, default=(0, key))


def _strength(rule: RuleLike, selector: str) -> int:
    # A set is as strong as being on by default.
    if selector in SETS:
        return _STRENGTHS.get(selector, 1)
    return 1 + len(rule.code if selector == rule.name else selector)


def speaks_of(rule: RuleLike, selector: str) -> bool:
    """Say whether a selector is a name or a prefix of a code; the letters in front alone are one (`MG`)."""
    return selector == rule.name or (len(selector) >= 2 and rule.code.startswith(selector))
