"""The comment of a table as a statement."""

from __future__ import annotations

from migrate_guard.dialects.quoting import qualified
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.target import Target


def table_comment(table: QualifiedName, comment: str | None, target: Target) -> str:
    """The statement that gives a table a comment, or with None takes it away, as SQLAlchemy writes it."""
    text = "'" + (comment or "").replace("'", "''") + "'"
    if target.dialect in ("mysql", "mariadb"):
        return f"ALTER TABLE {qualified(table, target)} COMMENT {text}"
    return f"COMMENT ON TABLE {qualified(table, target)} IS {'NULL' if comment is None else text}"
