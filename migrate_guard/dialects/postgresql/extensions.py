"""Which extension of PostgreSQL a type, function, operator class or index method comes from.

Sources: the manual, appendix F, "Additional Supplied Modules and Extensions"; the documentation of pgvector, PostGIS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final


def _each(extension: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, extension)


TYPES: Final[Mapping[str, str]] = {
    **_each("citext", "citext"),
    **_each("cube", "cube"),
    **_each("hstore", "hstore"),
    **_each("ltree", "lquery", "ltree", "ltxtquery"),
    **_each("postgis", "box2d", "box3d", "geography", "geometry"),
    **_each("postgis_raster", "raster"),
    **_each("seg", "seg"),
    **_each("vector", "halfvec", "sparsevec", "vector"),
}
_FUNCTIONS: Final[Mapping[str, str]] = {
    **_each("cube", "cube"),
    **_each("earthdistance", "earth_box", "earth_distance", "ll_to_earth"),
    **_each("fuzzystrmatch", "daitch_mokotoff", "difference", "dmetaphone", "levenshtein", "metaphone", "soundex"),
    **_each("hstore", "hstore"),
    **_each("pg_trgm", "show_trgm", "similarity", "strict_word_similarity", "word_similarity"),
    **_each("pgcrypto", "armor", "crypt", "digest", "gen_random_bytes", "gen_salt", "hmac"),
    **_each("unaccent", "unaccent"),
    **_each("uuid-ossp", *(f"uuid_generate_{version}" for version in ("v1", "v1mc", "v3", "v4", "v5"))),
}
_OPCLASSES: Final[Mapping[str, str]] = {
    **_each("hstore", "gin_hstore_ops", "gist_hstore_ops"),
    **_each("ltree", "gist_ltree_ops"),
    **_each("pg_trgm", "gin_trgm_ops", "gist_trgm_ops"),
    **_each("vector", *(f"{kind}_{way}_ops" for kind in ("vector", "halfvec") for way in ("l2", "ip", "cosine", "l1"))),
}
_METHODS: Final[Mapping[str, str]] = {"bloom": "bloom", "hnsw": "vector", "ivfflat": "vector"}
_NEEDED_FIRST: Final[Mapping[str, str]] = {"earthdistance": "cube", "postgis_raster": "postgis"}


def of_type(name: str) -> str | None:
    """The extension that has a type, None for PostgreSQL's own."""
    return TYPES.get(name.lower())


def of_function(name: str, version: tuple[int, ...]) -> str | None:
    """The extension that has a function, None for PostgreSQL's own; `gen_random_uuid` is that from version 13 on."""
    if name == "gen_random_uuid":
        return "pgcrypto" if version < (13,) else None
    return "postgis" if name.startswith("st_") else _FUNCTIONS.get(name)


def of_operator_class(name: str) -> str | None:
    return _OPCLASSES.get(name.rpartition(".")[2])


def of_method(name: str) -> str | None:
    return _METHODS.get(name)


def in_order(extensions: Iterable[str]) -> Iterator[str]:
    """The extensions, each once, behind those that it needs."""
    every = set(extensions)
    every |= {_NEEDED_FIRST[each] for each in every if each in _NEEDED_FIRST}
    yield from sorted(every, key=lambda each: (each in _NEEDED_FIRST, each))
