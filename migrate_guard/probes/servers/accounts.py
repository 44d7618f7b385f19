"""As whom a server runs: as ourselves, or as somebody who may do little where we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from migrate_guard.probes.janitor import Account

_PATIENCE = 20.0
"""Seconds that a program may take to print its version."""


def accounts(names: Sequence[str], directory: Path) -> list[Account]:
    """Return as whom a server can run whose files are in a directory, the best first.

    Root becomes the first of those users that exist, if they can reach the directory at all, else somebody without
    a name in a user namespace (user_namespaces(7)), which needs util-linux and a kernel that allows it.
    """
    if os.geteuid() != 0:
        return [Account()]
    found = []
    if is_open(directory):
        for name in names:
            try:
                user = pwd.getpwnam(name)
            except KeyError:
                continue
            if user.pw_uid != 0:
                found.append(Account(user.pw_uid, user.pw_gid))
    if unshare := shutil.which("unshare"):
        found.append(Account(prefix=(unshare, "-U")))
    return found


def is_open(directory: Path) -> bool:
    """Say whether everybody can pass through the directories above."""
    return all(each.stat().st_mode & 0o001 for each in directory.resolve().parents)


def told(command: Sequence[str], account: Account) -> str | None:
    """Run a command that prints something about itself; None where the account cannot run it."""
    try:
        done = subprocess.run(
            [*account.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
