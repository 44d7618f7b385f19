"""migrate-guard: a linter and safety checker for SQLAlchemy + Alembic migrations.

`check` is the library; `__init__.pyi` tells its types. Importing the package imports nothing else.
"""

__version__ = "0.1.0"

_PUBLIC = {
    "CheckError": "migrate_guard.commands._library",
    "Confidence": "migrate_guard.model.finding",
    "ConfigError": "migrate_guard.config",
    "Finding": "migrate_guard.model.finding",
    "Mistake": "migrate_guard.config",
    "Related": "migrate_guard.model.finding",
    "Report": "migrate_guard.commands._library",
    "Severity": "migrate_guard.model.finding",
    "Span": "migrate_guard.model.source",
    "check": "migrate_guard.commands._library",
}
"""Name → the module that has it, imported when the name is asked for."""

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - names that are found when they are asked for


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
