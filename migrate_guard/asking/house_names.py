"""How a name is written: the style that joins its words, and whether it is one thing or many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, get_args

from migrate_guard.asking.house_settings import Number, Style
from migrate_guard.model.patterns import lazily

STYLES: Final[tuple[Style, ...]] = get_args(Style)

_WORDS: Final = lazily(r"[^\W_]+")
_HUMPS: Final = lazily(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=\d)(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=2048)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, each with its digits."""
    found = (part for word in _WORDS.findall(name) for part in _HUMPS.split(word))
    return tuple(part.lower() for part in found if part)


@lru_cache(maxsize=2048)
def styles(name: str) -> frozenset[Style]:
    """The styles that a name agrees with; a single word in lower case is both snake_case and camelCase."""
    bare = name.strip("_")
    if not bare or not re.fullmatch(r"[^\W\d]\w*", bare):
        return frozenset()
    lower, upper, underscored = bare == bare.lower(), bare == bare.upper(), "_" in bare
    found: set[Style] = set()
    if lower:
        found.add("snake_case")
    if not underscored and bare[0].islower():
        found.add("camelCase")
    if not underscored and bare[0].isupper() and not (upper and len(bare) > 1):
        found.add("PascalCase")
    if upper and not lower:
        found.add("UPPER_CASE")
    return frozenset(found)


def is_telling(name: str) -> bool:
    """Whether the name tells one style from the others."""
    return len(styles(name)) == 1


def agreed(names: Iterable[str]) -> frozenset[Style] | None:
    """The styles that all of some names agree with; None where none of them tells one from the others."""
    all_names = list(names)
    if not any(is_telling(name) for name in all_names) and all(map(styles, all_names)):
        return None
    return frozenset(STYLES).intersection(*map(styles, all_names))


def in_style(name: str, style: str) -> str:
    """The name with its words joined otherwise: userId in snake_case is user_id."""
    own = parts(name)
    if not own:
        return name
    match style:
        case "snake_case":
            return "_".join(own)
        case "UPPER_CASE":
            return "_".join(own).upper()
        case "PascalCase":
            return "".join(map(_capital, own))
    return own[0] + "".join(map(_capital, own[1:]))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


# One thing or many.

_IRREGULAR: Final[Mapping[str, str]] = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "goose": "geese",
    "criterion": "criteria",
    "phenomenon": "phenomena",
    "index": "indices",
    "vertex": "vertices",
    "matrix": "matrices",
    "appendix": "appendices",
    "analysis": "analyses",
    "basis": "bases",
    "diagnosis": "diagnoses",
    "hypothesis": "hypotheses",
    "thesis": "theses",
    "crisis": "crises",
    "axis": "axes",
    "quiz": "quizzes",
    "life": "lives",
    "leaf": "leaves",
    "shelf": "shelves",
    "half": "halves",
    "wife": "wives",
    "knife": "knives",
    "datum": "data",
}
_SINGULARS: Final[Mapping[str, str]] = {many: one for one, many in _IRREGULAR.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEITHER: Final = _words(
    "data metadata media news series species info information history content equipment feedback staff inventory "
    "software hardware access progress music money time traffic usage stuff logging audit storage auth config sms dns "
    "aws https http ios css tls ssl os gps sps rss cors chaos mathematics physics analytics statistics stats means "
    "headquarters jenkins kubernetes postgres redis ms chassis settings preferences creds credentials options details "
    "log queue cache map mapping association archive sync extra encryption default lock"
)
"""Words that are one and many alike, what holds many as one, and abbreviations that only look like many."""
_ONE: Final = lazily(r".*(?:ss|us|is|xs|alias|atlas|canvas|bias|gas|chaos|cosmos)")
_QUALITY: Final = lazily(r".+(?:ness|sted|ated|seen|shed)")
"""How words end that name no thing: lastseen, statefulness, trusted."""
_MANY: Final = _words("menus gpus cpus skus apis emojis kpis taxis")
"""Words that end as one thing does, and are many."""


def number(name: str) -> Number | None:
    """Whether the last word of a name is one thing or many; None where that cannot be told."""
    own = parts(name)
    word = own[-1] if own else ""
    if len(word) <= len("ns") or word in _NEITHER or not word.isalpha():
        return None
    if word in _IRREGULAR:
        return "singular"
    if _QUALITY.fullmatch(word):
        return None
    if word in _SINGULARS or word in _MANY:
        return "plural"
    if not word.endswith("s") or _ONE.fullmatch(word):
        return "singular"
    return "plural"


def in_number(name: str, wanted: str) -> str:
    """The name of a table with its last word as one thing, or as many."""
    own = parts(name)
    if not own or number(name) in (wanted, None):
        return name
    word = own[-1]
    other = _plural(word) if wanted == "plural" else singular(word)
    at = name.lower().rfind(word)
    written = name[at : at + len(word)]
    if written.isupper() and len(written) > 1:
        other = other.upper()
    elif written[:1].isupper():
        other = _capital(other)
    return name[:at] + other + name[at + len(word) :]


def _plural(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"


@lru_cache(maxsize=2048)
def singular(word: str) -> str:
    """One of what a word in lower case says; the word itself where it is one thing already."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if number(word) != "plural":
        return word
    if word.endswith("ies") and word not in _OF_IE:
        return f"{word[:-3]}y"
    is_lengthened = word.endswith(("shes", "ches", "xes", "zzes")) or _HISSING.fullmatch(word[:-2])
    return word[:-2] if is_lengthened and word not in _OF_E else word[:-1]


_OF_IE: Final = _words("movies cookies ties pies lies dies zombies rookies calories")
"""Words that end in -ie when they are one."""
_OF_E: Final = _words("caches niches houses warehouses causes clauses pauses uses excuses courses purchases")
"""Words that end in -e when they are one."""
_HISSING: Final = lazily(r".*(?:ss|us|xs|alias|atlas|canvas|bias|gas)")
"""Words that take -es."""
