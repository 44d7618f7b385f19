"""A command that is isolated has no network and sees no socket of others; what is not enforced is said."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from migrate_guard.probes import isolation
from tests.probes.redirecting import Scratch

CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def _connects(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_only_the_socket_of_the_scratch_can_be_reached(tmp_path: Path) -> None:
    scratch = Scratch("postgresql", f"postgresql://postgres@/postgres?host={tmp_path}", tmp_path)
    own, other = tmp_path / ".s.PGSQL.5432", tmp_path / "other"
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        for each, path in ((first, own), (second, other)):
            each.bind(str(path))
            each.listen()
        connect = [sys.executable, "-c", CONNECT]
        assert _connects([*connect, str(other)])
        assert _connects(isolation.isolated([*connect, str(own)], scratch))
        assert not _connects(isolation.isolated([*connect, str(other)], scratch))
    assert isolation.not_enforced(scratch) is None


def test_the_network_cannot_be_reached(tmp_path: Path) -> None:
    connect = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", connect, str(server.getsockname()[1])]
        assert _connects(command)
        assert not _connects(isolation.isolated(command, Scratch("sqlite", "", tmp_path)))


def test_the_command_keeps_its_process_arguments_and_exit_code(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getpid(), *sys.argv[1:]); sys.exit(7)"
    command = isolation.isolated([sys.executable, "-c", code, "a b", "--", "$HOME"], Scratch("sqlite", "", tmp_path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output, _ = process.communicate()
    assert (output, process.returncode) == (f"{process.pid} a b -- $HOME\n", 7)


def test_a_scratch_behind_the_network_leaves_it_open_and_says_so(tmp_path: Path) -> None:
    scratch = Scratch("postgresql", "postgresql://db.test/postgres", tmp_path, is_private=False)
    assert isolation.isolated(["true"], scratch) == ["true"]
    assert (isolation.not_enforced(scratch) or "").startswith("the scratch server is reached by the network")


def test_a_system_without_namespaces_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_arguments", lambda: None)
    scratch = Scratch("sqlite", "", tmp_path)
    assert isolation.isolated(["true"], scratch) == ["true"]
    assert (isolation.not_enforced(scratch) or "").startswith("this system gives no network namespace")
