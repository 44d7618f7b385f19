#!/usr/bin/env python3
"""Download the packages of corpus.json, by pinned version and without dependencies, and unpack them.

usage: fetch_corpus.py [DIR] [--only PACKAGE]...

DIR is `corpus/` beside this file by default; a package that is there already is not fetched again. Needs pip. A wheel
is taken where there is one; of a source archive pip runs the setup.py, as it always does. What cannot be had is said,
and the exit code is 1 then.
"""

# ruff: noqa: T201 - it prints what it does

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check")
ATTEMPTS = (("--only-binary", ":all:", "--ignore-requires-python"), (), ("--ignore-requires-python",))
"""A wheel, else a source archive: whatever Python it is for, as nothing of it is run here."""
DONE = ".complete"


class Unavailable(Exception):
    """A package that cannot be had, and why."""


def main() -> None:
    """Parse the command line and fetch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path, nargs="?", default=HERE / "corpus", metavar="DIR")
    parser.add_argument("--only", action="append", metavar="PACKAGE", help="fetch this package; may be repeated")
    arguments = parser.parse_args()
    entries = json.loads((HERE / "corpus.json").read_text(encoding="utf-8"))
    pins = dict.fromkeys(entry["package"] for entry in entries)
    wanted = [pin for pin in pins if not arguments.only or pin.partition("==")[0] in arguments.only]
    failed = [pin for pin in wanted if not fetched(pin, arguments.directory)]
    lacking = [
        f"{entry['key']}: {place}"
        for entry in entries
        if entry["package"] in wanted and entry["package"] not in failed
        for place in entry["versions"]
        if not (arguments.directory / entry["package"].partition("==")[0] / place).is_dir()
    ]
    for line in lacking:
        print(f"not in the package: {line}")
    print(f"{len(wanted) - len(failed)} of {len(wanted)} packages are in {arguments.directory}")
    sys.exit(bool(failed or lacking))


def fetched(pin: str, directory: Path) -> bool:
    """Have one package in `directory`, and say what happens."""
    target = directory / pin.partition("==")[0]
    if (target / DONE).exists():
        return True
    try:
        fetch(pin, target)
    except (Unavailable, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        print(f"{pin}: cannot be had: {error}", flush=True)
        return False
    print(pin, flush=True)
    return True


def fetch(pin: str, target: Path) -> None:
    """Download one package and unpack it, as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as temporary:
        archive = download(pin, Path(temporary) / "archive")
        unpacked = Path(temporary) / "unpacked"
        unpack(archive, unpacked)
        (unpacked / DONE).touch()
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def download(pin: str, directory: Path) -> Path:
    """Return the archive of a package."""
    reason = ""
    for options in ATTEMPTS:
        done = subprocess.run([*PIP, *options, "--dest", directory, pin], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return next(directory.iterdir())
        reason = told(done.stderr.splitlines())
    raise Unavailable(reason)


def told(lines: Sequence[str]) -> str:
    """What pip says is wrong, in a line."""
    errors = [line.strip() for line in lines if line.strip().startswith(("ERROR", "error"))]
    return (errors or list(lines) or ["pip says nothing"])[-1]


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a wheel or a source archive: regular files and directories below `directory`, nothing else."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                if not stat.S_ISLNK(member.external_attr >> 16):
                    zipped.extract(member, directory)  # which takes "..", drives and a leading "/" away
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(directory, members=(each for each in packed if regular(each)), filter="data")


def regular(member: tarfile.TarInfo) -> bool:
    """Say whether a member is a file or a directory, at a place below."""
    parts = Path(member.name).parts
    return (member.isfile() or member.isdir()) and ".." not in parts and not os.path.isabs(member.name)


if __name__ == "__main__":
    main()
