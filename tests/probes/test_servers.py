"""What is known about servers before one starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.probes.servers import given, packs, programs


@pytest.mark.parametrize(
    ("url", "kept", "connect"),
    [
        (
            "postgresql+psycopg://u:p%40/?x@h:5/db?sslmode=require",
            "postgresql://u:p%40/?x@h:5/db?sslmode=require",
            "psql -h h -p 5 -U u {database}",
        ),
        ("postgres://h", "postgresql://h/postgres", "psql -h h {database}"),
        ("postgresql://", "postgresql:///postgres", "psql {database}"),
        ("postgresql:///?host=/run/pg", "postgresql:///postgres?host=/run/pg", "psql -h /run/pg {database}"),
        ("postgresql+asyncpg://u@[::1]:7", "postgresql://u@[::1]:7/postgres", "psql -h ::1 -p 7 -U u {database}"),
        (
            "mysql://root:x@h:33",
            "mysql://root:x@h:33/",
            "mysql --host=h --port=33 --user=root --password {database}",
        ),
        (
            "mariadb+pymysql://r@/?unix_socket=/a b",
            "mysql://r@/?unix_socket=/a b",
            "mysql '--socket=/a b' --user=r {database}",
        ),
    ],
)
def test_the_url_of_a_server(url: str, kept: str, connect: str) -> None:
    server = given.server(url, "mysql" if url.startswith("m") else "postgresql")
    assert (server.url, server.connect) == (kept, connect)
    assert server.is_local == ("=/" in url)


def test_a_pack_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "a" / "b").mkdir(parents=True)
    other.mkdir()
    contents = {"a/zeros": bytes(9000), "a/b/text": b"text\0\0", "empty": b"", "all": bytes(range(256)) * 40}
    for name, content in contents.items():
        (one / name).write_bytes(content)
    (one / "empty").chmod(0o640)
    packs.unpack(packs.pack(one), other, None, None)
    assert {str(each.relative_to(other)): each.read_bytes() for each in other.rglob("*") if each.is_file()} == contents
    assert (other / "empty").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_pack_with_one_byte_changed_is_broken(tmp_path: Path, at: int) -> None:
    (tmp_path / "file").write_bytes(b"content")
    whole = bytearray(packs.pack(tmp_path))
    whole[at] ^= 1
    with pytest.raises(packs.Broken):
        packs.unpack(bytes(whole), tmp_path / "nowhere", None, None)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
        ("postgres (PostgreSQL) 18beta1", (18,)),
        ("nothing", ()),
    ],
)
def test_versions(text: str, version: tuple[int, ...]) -> None:
    assert programs.numbers(text) == version


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("LOG: one\nFATAL: two\nHINT: three\nLOG: four\n", "FATAL: two\nHINT: three"),
        ("one\n\ntwo\n", "one\ntwo"),
        ("", "it has written no log"),
    ],
)
def test_what_a_log_says_of_a_failure(tmp_path: Path, log: str, said: str) -> None:
    (tmp_path / "log").write_text(log, encoding="utf-8")
    assert programs.telling_lines(tmp_path / "log") == said
