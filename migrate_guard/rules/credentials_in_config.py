from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard.model.environment import ConfiguredUrl, Environment
from migrate_guard.model.patterns import lazily
from migrate_guard.rule import EnvironmentView, Problem, Severity, rule

_LOCAL: Final = lazily(
    r"""(?:localhost|.*\.localhost|127\.[\d.]+|::1|0\.0\.0\.0|host\.docker\.internal
    |db|database|host|hostname|server|pg|postgres|postgresql|mysql|mariadb|)""",
    re.VERBOSE | re.IGNORECASE,
)
"""This machine, and the names that templates and Compose files give to a container on it."""


@rule("MG905", on=Environment, severity=Severity.WARNING)
def credentials_in_config(view: EnvironmentView) -> Iterator[Problem]:
    """Flag a password in the URL of a database that the configuration or env.py spells out."""
    for url in view.environment.urls:
        if url.has_secret and not _LOCAL.fullmatch(url.host):
            where = url.span.path.rpartition("/")[2]
            yield Problem(
                f'{where} holds the password{_of(url)} for "{url.host}": everyone who can read the repository has it',
                url.span,
                object=url.host,
                help="Change the password, and let env.py take the URL from the environment: "
                'config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", "%%")).',
            )


def _of(url: ConfiguredUrl) -> str:
    return f' of "{url.user}"' if url.user else ""
