"""migrate-guard: a linter and safety checker for SQLAlchemy + Alembic migrations."""

__version__ = "0.1.0"
