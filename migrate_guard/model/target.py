"""The database a history is judged for."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

DialectName: TypeAlias = Literal["postgresql", "sqlite", "mysql", "mariadb"]
DIALECTS: Final[tuple[DialectName, ...]] = get_args(DialectName)

DEFAULT_VERSIONS: Final[dict[DialectName, tuple[int, ...]]] = {
    "postgresql": (15,),
    "sqlite": (3, 40),
    "mysql": (8, 0),
    "mariadb": (10, 11),
}
"""What counts when neither the command line nor the configuration names a version: the releases of Debian 12."""


class Target(Struct, frozen=True):
    dialect: DialectName
    version: tuple[int, ...]
    driver: str | None = None

    @classmethod
    def default(cls, dialect: DialectName = "postgresql") -> Target:
        return cls(dialect, DEFAULT_VERSIONS[dialect])

    def __str__(self) -> str:
        return f"{self.dialect} {'.'.join(map(str, self.version))}"
