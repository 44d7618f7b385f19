"""Database URLs that a configuration or env.py spells out, without their passwords.

The form is SQLAlchemy's: dialect+driver://user:password@host:port/database?key=value (SQLAlchemy 2.0, "Database URLs").
"""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.model.environment import ConfiguredUrl
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Span

URL: Final = lazily(
    r"(?P<dialect>\w+)(\+(?P<driver>\w+))?://"
    r"((?P<user>[^:/@]*)(:(?P<password>[^@]*))?@)?"
    r"(\[(?P<address>[^\]/?]+)\]|(?P<host>[^:/?]*))(:(?P<port>[0-9]*))?"
    r"(/(?P<database>[^?]*))?(\?(?P<query>.*))?"
)
"""Like in SQLAlchemy, a password may hold anything but "@"; urllib.parse would take its "#" or "/" for the end of the
host."""
_IN_QUERY: Final = lazily(r"(?:^|&)(?:password|passwd|pwd)=([^&]*)", re.IGNORECASE)
_MASKED: Final = lazily(
    r"(?P<before>\w://[^:/@\s'\"]*:)[^@\s'\"]+(?=@)|(?P<key>[?&](?:password|passwd|pwd)=)[^&\s'\"]+", re.IGNORECASE
)
_FILLED_IN: Final = lazily(r"[%$<>{}\[\]]|\*\*|\.\.\.|^x+$|^[A-Z][A-Z0-9]*_[A-Z0-9_]*$|^\w*_(?:here|password)$")
"""Interpolation, templates of any kind, the name of a variable: something fills in the password later."""
_NO_SECRETS: Final = frozenset(
    (
        *("changeit", "changeme", "default", "dummy", "example", "foo", "mysecretpassword", "none"),
        *("pass", "passwd", "password", "placeholder", "pw", "pwd", "tiger", "yourpassword"),
    )
)
"""Passwords of templates, tutorials and container images, in lower case and without separators."""


def configured_url(text: str, span: Span) -> ConfiguredUrl | None:
    """What a URL says besides its password; None for what is no URL."""
    match = URL.fullmatch(text.strip())
    if match is None:
        return None
    query = match["query"] or ""
    in_query = _IN_QUERY.search(query)
    password = match["password"] or (in_query[1] if in_query else "")
    user = match["user"] or ""
    port = match["port"] or ""
    return ConfiguredUrl(
        span=span,
        dialect=match["dialect"].lower(),
        driver=match["driver"],
        user=user,
        host=match["address"] or match["host"] or "",
        port=int(port) if port else None,
        database=match["database"] or "",
        options=tuple(each.partition("=")[0] for each in query.split("&") if each),
        has_secret=bool(password) and not _is_placeholder(password, user),
    )


def _is_placeholder(password: str, user: str) -> bool:
    plain = re.sub(r"[\W_]", "", password).lower()
    return bool(_FILLED_IN.search(password)) or plain in _NO_SECRETS or password.lower() == user.lower()


def masked(text: str) -> str:
    """A text without the passwords of the URLs in it."""
    return _MASKED.sub(lambda found: f"{found['before'] or found['key']}***", text)
