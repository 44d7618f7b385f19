"""What user code is told when it asks for anything but the scratch database."""

from __future__ import annotations

DIALECTS = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


class Refused(ConnectionRefusedError):
    """A connection to something other than the scratch database.

    An OSError, as code that can do without its cache or its broker expects one.
    """


class Mismatch(Refused):
    """An engine of another dialect than that of the scratch database."""

    def __init__(self, text: str, dialect: str) -> None:
        super().__init__(text)
        self.dialect = dialect


def refused(what: str) -> Refused:
    """Refuse a connection to `what`, as `MySQL by pymysql` or `10.0.0.7:6379`."""
    return Refused(
        f"refused to connect to {what}: it is not the scratch database, and nothing else is reached while migrations"
        " are tried out. Leave this connection out of migrations, or run with --no-env if env.py makes it"
    )


def mismatch(dialect: str, scratch: str) -> Mismatch:
    """Refuse an engine of `dialect` where the scratch database is of the dialect `scratch`."""
    return Mismatch(
        f"refused to connect an engine of {DIALECTS.get(dialect, dialect)}: the scratch database is"
        f" {DIALECTS.get(scratch, scratch)}. Pass --dialect {dialect} for a scratch database of that kind, or --no-env"
        f" to run the scripts on {DIALECTS.get(scratch, scratch)} without env.py",
        dialect,
    )
