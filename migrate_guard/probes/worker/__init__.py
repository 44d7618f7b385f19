"""What runs in the child process, with the user's Python, Alembic, SQLAlchemy and driver (syntax of Python 3.9)."""
