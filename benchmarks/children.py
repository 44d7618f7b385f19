"""One history in a process of its own, whose crash or endless loop is that of this history alone."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.histories import Entry, add_arguments


def arguments_parser(description: str, timeout: float) -> argparse.ArgumentParser:
    """The arguments of a script that starts itself for each history; it prints what `--child` gives as JSON."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--findings", type=Path, metavar="FILE", help="write every finding")
    parser.add_argument("--timeout", type=float, default=timeout, metavar="SECONDS", help="for each history")
    parser.add_argument("--child", metavar="KEY", help=argparse.SUPPRESS)
    return parser


def in_child(script: str, entry: Entry, corpus: Path, timeout: float) -> dict[str, Any]:
    """Return what a script prints of one history, or the `problem` for which it prints nothing."""
    if not (corpus / entry.directory).is_dir():
        return {"problem": "not fetched"}
    command = [sys.executable, script, "--child", entry.key, "--corpus", str(corpus)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"problem": f"takes more than {timeout:.0f} seconds"}
    if done.returncode:
        return {"problem": f"crashes: {(done.stderr.strip() or str(done.returncode)).splitlines()[-1]}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found
