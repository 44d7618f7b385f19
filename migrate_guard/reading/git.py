"""What the repository around the scripts knows of another commit: refs and paths in, ids, paths and texts out.

git is the one program that checking may start, and only for `--since` with a ref. It is started with fixed lists of
arguments and only reads its object database: no command here looks at the working tree or the index, so no filter,
hook or textconv of a configuration runs. Nothing is fetched, except by git itself in a partial clone.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from migrate_guard import files
from migrate_guard.model.patterns import lazily

_ELSEWHERE: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
"""Variables that lead git to another repository than the one around a directory; git sets them for hooks.

`git rev-parse --local-env-vars` lists them (git-rev-parse(1)); those about configuration stay, as safe.directory may be
in them.
"""

_IMMUTABLE: Final = ("cat-file", "ls-tree")
"""What says the same ever after: it is asked about ids of commits and files."""

_NAME: Final = lazily(r"[\w.+-]+(/[\w.+-]+)*")
"""A ref as people name branches and tags, which a suggested command may quote as it is."""

Algorithm: TypeAlias = Literal["sha1", "sha256"]


class GitError(Exception):
    """Why git does not tell; the message follows what was asked for and says what to do."""


class Repository(NamedTuple):
    """A working tree of git."""

    root: Path
    is_shallow: bool


def repository(directory: Path) -> Repository:
    """Return the repository that a directory lies in; raises GitError."""
    done = _git(directory, "rev-parse", "--is-shallow-repository", "--show-toplevel")
    if done.returncode == 0:
        is_shallow, _, root = done.stdout[:-1].partition(b"\n")
        return Repository(Path(os.fsdecode(root)), is_shallow == b"true")
    said = _first_line(done)
    if owned := re.search(r"dubious ownership in repository at '(.*)'", said):
        raise GitError(
            f"git refuses to read {owned[1]}, which another user owns; "
            f"run git config --global --add safe.directory {owned[1]}"
        )
    if "not a git repository" in said:
        raise GitError(f"{directory} is in no git repository; name a revision")
    raise GitError(f"git does not tell in {directory}: {said}")


def is_name(directory: Path, ref: str) -> bool:
    """Say whether a branch, a tag or another ref around a directory has that name; an id of a commit is none."""
    if not _is_spelled_well(ref):
        return False
    try:
        done = _git(directory, "rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", ref)
    except GitError:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


class Sides(NamedTuple):
    """The files of two branches of a repository: where each would be now → the id of its content."""

    parted: tuple[Mapping[str, str], ...]
    """Where they parted: those of every merge base, of which there are several after crosswise merges."""
    tip: Mapping[str, str]
    """Those of the other branch as it is."""

    @property
    def algorithm(self) -> Algorithm:
        """The hash that the ids are made with (gitformat: objectFormat)."""
        return "sha256" if len(next(iter(self.tip.values()), "")) == 64 else "sha1"


def sides(where: Repository, ref: str) -> Sides:
    """Return the files of the merge base of HEAD and `ref`, and of `ref` itself; raises GitError."""
    other = _commit(where, ref)
    if other is None:
        raise GitError(f"there is no revision and no git ref of that name in {where.root}; {_how_to_get(where, ref)}")
    if _commit(where, "HEAD") is None:
        raise GitError(f"nothing is committed yet in {where.root}, so there is no common commit to compare with")
    done = _git(where.root, "merge-base", "--all", "HEAD", other)
    if done.returncode != 0:
        if where.is_shallow:
            raise GitError(
                f"the clone in {where.root} is too shallow to have the commit that HEAD and {ref} have in common; "
                "run git fetch --deepen=1000, or git fetch --unshallow (actions/checkout: fetch-depth: 0)"
            )
        raise GitError(f"HEAD and {ref} have no commit in common in {where.root}; name a revision")
    trees = {commit: dict(_files(where, commit)) for commit in dict.fromkeys((*done.stdout.decode().split(), other))}
    return Sides(tuple(trees[commit] for commit in done.stdout.decode().split()), trees[other])


def id_of(path: str, algorithm: Algorithm) -> str | None:
    """Return the id that git would give to what is at a path now, as it is; None where nothing can be read.

    Source: git-hash-object(1) without filters. A link is its target (gitformat-index, mode 120000).
    """
    try:
        data = os.fsencode(files.readlink(path)) if files.is_link(path) else files.read_bytes(path)
    except OSError:
        return None
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def contents(where: Repository, ids: Iterable[str]) -> Iterator[bytes]:
    """Yield the contents of files, given their ids; raises GitError."""
    asked = "".join(f"{each}\n" for each in ids).encode()
    rest = _checked(where, "cat-file", "--batch", given=asked) if asked else b""
    while rest:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        yield rest[:size]
        rest = rest[size + 1 :]


def _files(where: Repository, commit: str) -> Iterator[tuple[str, str]]:
    root = os.fsencode(where.root)
    for entry in _checked(where, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        attributes, _, path = entry.partition(b"\t")
        if path:
            yield os.fsdecode(os.path.join(root, path)), attributes.rpartition(b" ")[2].decode()


def _commit(where: Repository, ref: str) -> str | None:
    """The id of the commit that a ref means, None where it means none."""
    if not _is_spelled_well(ref):
        if not ref:
            raise GitError("the name is empty, as of a variable that is not set")
        raise GitError(f"{ref!r} is no revision, and no ref of git, which does not begin with a dash")
    done = _git(where.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def _is_spelled_well(ref: str) -> bool:
    return bool(ref) and not ref.startswith("-") and ref.isprintable()


def _how_to_get(where: Repository, ref: str) -> str:
    """What to run so that a ref that is not there is, as far as that can be told."""
    remotes = _git(where.root, "remote").stdout.decode(errors="replace").split()
    deepen = "run git fetch --unshallow" if where.is_shallow else "name one that migrate-guard graph or git log shows"
    if not remotes or not _NAME.fullmatch(ref):
        return deepen
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref):
        return f"run git fetch {remotes[0]} {ref}"
    for remote in remotes:
        if ref.startswith(f"{remote}/"):
            branch = ref.removeprefix(f"{remote}/")
            # Without its second half the ref of a clone of one branch would not appear.
            return f"run git fetch {remote} {branch}:refs/remotes/{ref}"
        if _commit(where, f"{remote}/{ref}") is not None:
            return f"git has {remote}/{ref}"
    there = f"{remotes[0]}/{ref}"
    return f"run git fetch {remotes[0]} {ref}:refs/remotes/{there}, and name {there}"


def _checked(where: Repository, *arguments: str, given: bytes = b"") -> bytes:
    done = _git(where.root, *arguments, given=given)
    if done.returncode != 0:
        raise GitError(f"git {arguments[0]} fails in {where.root}: {_first_line(done)}")
    return done.stdout


def _git(directory: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    # In English, because what it says is looked at; and it asks nobody for a password.
    environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, env=environ, check=False)
        if arguments[0] not in _IMMUTABLE:
            files.note_said(directory, arguments, _told(done))
        return done
    except OSError as error:
        reason = "it is not on the PATH" if isinstance(error, FileNotFoundError) else str(error.strerror)
        raise GitError(f"git cannot be run ({reason}); install it, or name a revision") from error


def answer(question: files.Question) -> str:
    """What tells what git says now from what it would say else (`migrate_guard.files`)."""
    try:
        return files.digest(_told(_git(Path(question.path), *question.arguments)))
    except GitError:
        return ""


def _told(done: subprocess.CompletedProcess[bytes]) -> bytes:
    return b"%d " % done.returncode + done.stdout + done.stderr


def _first_line(done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr.decode(errors="replace").strip()
    return said.partition("\n")[0].removeprefix("fatal: ") or f"it exits with {done.returncode}"
