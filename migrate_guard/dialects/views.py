"""What a database takes of views."""

from __future__ import annotations

from migrate_guard.model.target import Target


def writes_through_views(target: Target) -> bool:
    """Whether rows are written through a view that shows a table as it is.

    PostgreSQL, CREATE VIEW, "Updatable Views"; MySQL 8.4, 27.5.3; SQLite, CREATE VIEW: views are read-only.
    """
    return target.dialect != "sqlite"
