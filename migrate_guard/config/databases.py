"""The database to judge for, by the settings and the URL of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrate_guard.config.settings import Settings
from migrate_guard.model.target import DEFAULT_VERSIONS, DIALECTS, DialectName, Target

_SCHEMES: Mapping[str, DialectName] = {"postgres": "postgresql", **{name: name for name in DIALECTS}}


def target(settings: Settings, url: str | None) -> Target:
    """Return the database to judge for: what the settings say, else what the URL's scheme says, else PostgreSQL."""
    scheme, separator, _ = (url or "").partition("://")
    backend, _, driver = scheme.strip().lower().partition("+")
    from_url = _SCHEMES.get(backend) if separator else None
    dialect = settings.dialect or from_url or "postgresql"
    version = settings.db_version or DEFAULT_VERSIONS[dialect]
    return Target(dialect, version, driver or None if dialect == from_url else None)


_OTHERS: Final = frozenset(
    (
        *("access", "bigquery", "clickhouse", "clickhousedb", "cockroachdb", "crate", "databricks", "db2", "duckdb"),
        *("firebird", "hana", "ibm_db_sa", "informix", "mssql", "oracle", "redshift", "snowflake", "sybase"),
        *("teradatasql", "trino"),
    )
)
"""Dialects of SQLAlchemy and of packages that it lists ("Dialects", External Dialects) for which nothing is known here.

What is neither one of these nor known is mostly a placeholder: `driver://` in the ini that `alembic init` writes."""


def unknown_database(settings: Settings, url: str | None) -> str | None:
    """Return the database that a URL names and nothing is known of, unless the settings name another."""
    backend = (url or "").partition("://")[0].strip().lower().partition("+")[0]
    return backend if settings.dialect is None and backend in _OTHERS else None
