"""Questions about env.py, and what to write into it."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.environment import ConfiguredUrl, Environment
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.target import Target

_POOLER_PORTS: Final = (6432, 6543)
"""PgBouncer's own (pgbouncer.org, "listen_port"), and the one of Supabase's transaction mode."""
_SESSION_PORT: Final = 5432


def with_option(environment: Environment, option: str) -> Instead:
    """The call of `context.configure` with one more keyword argument; nothing where env.py does not have the call."""
    code = environment.configure_code
    name = option.partition("=")[0]
    if not code.endswith(")") or name in code:
        return ()
    inside = code[:-1].rstrip()
    if "\n" not in code:
        return (Code(f"{inside.rstrip(',')}, {option})"),)
    last = code.splitlines()[-2]
    indent = last[: len(last) - len(last.lstrip())]
    return (Code(f"{inside.rstrip(',')},\n{indent}{option},\n{code.splitlines()[-1]}"),)


def keeps_statements_of_revisions(target: Target) -> bool:
    """Whether a transaction that is rolled back takes the DDL in it along (PostgreSQL: all of it).

    MySQL commits before and after DDL by itself; Python's sqlite3 begins no transaction for it.
    """
    return target.dialect != "postgresql"


def pooler(url: ConfiguredUrl) -> str | None:
    """By what a URL tells that it leads to a pooler that gives each transaction another session; None: it does not."""
    host = url.host.lower()
    if url.port in _POOLER_PORTS:
        return f"port {url.port}"
    if "pooler.supabase." in host and url.port in (None, _SESSION_PORT):
        # the same host keeps the session there
        return None
    if "-pooler" in host or "pgbouncer" in host or "pgbouncer" in url.options:
        return f'"{url.host}"'
    return None
