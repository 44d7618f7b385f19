"""Whatever stands in a versions directory: a clear finding or error, no crash, no hang, and its neighbours are judged.

Every case runs the whole command in a process of its own, with little time and memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import script

ROOT = Path(__file__).parents[1]
ENVIRON = {
    **{name: each for name, each in os.environ.items() if name not in ("MIGRATE_GUARD_TRACEBACK", "ALEMBIC_CONFIG")},
    "PYTHONPATH": str(ROOT),
}
SECONDS = 10
"""Of the processor, that one run may take."""
MEMORY = 768 * 1024 * 1024
"""Address space of one run; an idle one has about 150 MB."""

# Forks a child for each line of arguments it reads, so that the imports are paid for once.
NURSERY = """
import importlib, json, os, pkgutil, resource, signal, sys
import migrate_guard
from migrate_guard.__main__ import run
for module in pkgutil.walk_packages(migrate_guard.__path__, "migrate_guard."):
    importlib.import_module(module.name)
for line in sys.stdin:
    directory, arguments, seconds, memory = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(directory)
        sys.stdin.close()
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        signal.alarm(6 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the command gave."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)["findings"]
        return found

    def of(self, name: str) -> list[dict[str, Any]]:
        """The findings in a file of that name."""
        return [each for each in self.findings if each["path"].endswith(f"/{name}")]


Check = Callable[..., Ran]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Callable[[Path, tuple[str, ...], int, int], int]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def start(directory: Path, arguments: tuple[str, ...], seconds: int, memory: int) -> int:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([str(directory), arguments, seconds, memory]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield start
        process.stdin.close()


ENV = """\
from alembic import context
from sqlalchemy import create_engine

engine = create_engine("postgresql://localhost/app", connect_args={"options": "-c lock_timeout=5s"})
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A project of two healthy scripts, of which the second has a fault that is always to be found."""
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql://localhost/app\n"
    )
    directory = tmp_path / "alembic" / "versions"
    directory.mkdir(parents=True)
    (tmp_path / "alembic" / "env.py").write_text(ENV)
    create = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    (directory / "a1.py").write_text(script("a1", None, create, 'op.drop_table("orders")'))
    (directory / "z9.py").write_text(neighbour("a1"))
    return directory


def neighbour(down: str) -> str:
    price = 'op.add_column("orders", sa.Column("price", sa.Float()))'
    return script("z9", down, price, 'op.drop_column("orders", "price")')


@pytest.fixture
def check(versions: Path, nursery: Callable[[Path, tuple[str, ...], int, int], int]) -> Check:
    """Run `check`; whatever else it says, the neighbour is judged and nothing crashes."""

    def run(*arguments: str, seconds: int = SECONDS, memory: int = MEMORY, output: str = "json") -> Ran:
        top = versions.parents[1]
        code = nursery(top, ("check", "--isolated", "--output-format", output, *arguments), seconds, memory)
        ran = Ran(code, (top / "out").read_text(encoding="utf-8"), (top / "err").read_text(encoding="utf-8"))
        assert code not in (-signal.SIGALRM, -signal.SIGXCPU), f"it takes longer than {seconds} seconds"
        assert "Traceback" not in ran.err
        assert code in (0, 1), ran.err
        assert ran.err == ""
        if output == "json":
            assert ("MG603", 13) in {(each["code"], each["line"]) for each in ran.of("z9.py")}, ran.out
        return ran

    return run


def revision(upgrade: str, head: str = "", down: str | None = "a1", downgrade: str = "pass") -> str:
    """A script whose upgrade is a block of several lines, with `head` at the module level."""
    body = "\n".join(f"    {line}" if line else "" for line in upgrade.split("\n"))
    return (
        f'"""bad"""\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = "b2"\ndown_revision = {down!r}\n'
        f"{head}\ndef upgrade():\n{body}\n\ndef downgrade():\n    {downgrade}\n"
    )


PLAIN = revision("pass")

# name: (bytes of the script, line of MG001, what its message says)
UNREADABLE: dict[str, tuple[bytes | str, int, str]] = {
    "null byte": (revision("x = 1\ny = '\0'"), 9, "it holds a null byte"),
    "utf-16": (PLAIN.encode("utf-16"), 1, "UTF-16 or UTF-32: save the file as UTF-8"),
    "utf-16 without mark": (PLAIN.encode("utf-16-le"), 1, "UTF-16 or UTF-32: save the file as UTF-8"),
    "utf-32": (PLAIN.encode("utf-32"), 1, "UTF-16 or UTF-32: save the file as UTF-8"),
    "latin-1": (revision("x = 'ä'").encode("latin-1"), 8, "byte 0xe4 is not utf-8"),
    "latin-1, lone CR": (revision("x = 'ä'").replace("\n", "\r").encode("latin-1"), 8, "byte 0xe4 is not utf-8"),
    "unknown encoding": ("# coding: klingon\n" + PLAIN, 1, "unknown encoding: klingon"),
    "unknown encoding, second line": ("#!python\n# coding: klingon\n" + PLAIN, 2, "unknown encoding: klingon"),
    "no encoding of text": ("# coding: hex\n" + PLAIN, 1, "declared as hex, which does not give a text"),
    "rot13": ("# coding: rot13\n" + PLAIN, 1, "declared as rot13, which does not give a text"),
    "punycode": ("# coding: punycode\n" + PLAIN, 1, "declared as punycode, which does not give a text"),
    "undefined": ("# coding: undefined\n" + PLAIN, 1, "declared as undefined, which does not give a text"),
    "half a surrogate": (
        "# coding: raw_unicode_escape\n# \\udc80\n" + PLAIN,
        1,
        "declared as raw_unicode_escape, which does not give a text",
    ),
    "two encodings": ("\ufeff# coding: latin-1\n" + PLAIN, 1, "begins with the byte order mark of UTF-8 and declares"),
    "syntax": (revision("op.add_column(,)"), 8, "invalid syntax"),
    "not closed": (revision("op.add_column('a'"), 8, "'(' was never closed"),
    "no block": ("def upgrade():\npass\n", 2, "expected an indented block"),
    "tabs and spaces": (PLAIN.replace("    pass", "\tpass\n        pass", 1), 9, "inconsistent use of tabs"),
    "vertical tab": (PLAIN.replace("def ", "\vdef ", 1), 7, "U+000B"),
    "syntax, CRLF": (revision("x =").replace("\n", "\r\n"), 8, "invalid syntax"),
    "syntax, lone CR": (revision("x =").replace("\n", "\r"), 8, "invalid syntax"),
    "huge number": (revision("x = " + "9" * 5000), 8, "Exceeds the limit"),
    "conflict": ("<<<<<<< HEAD\n" + PLAIN, 1, "a conflict of a merge"),
    "print": (revision("print 'x'"), 8, "written for Python 2"),
    "except": (revision("try:\n    pass\nexcept Exception, e:\n    pass"), 10, "written for Python 2"),
    "backticks": (revision("x = `1`"), 8, "written for Python 2"),
    "ur": (revision("x = ur'abc'"), 8, "written for Python 2"),
    "unequal": (revision("if 1 <> 2: pass"), 8, "written for Python 2"),
    "raise": (revision("raise ValueError, 'x'"), 8, "written for Python 2"),
    "long": (revision("x = 10L"), 8, "written for Python 2"),
    "5,000 parentheses": (revision("x = " + "(" * 5000 + "1" + ")" * 5000), 8, "too many nested parentheses"),
    "5,000 lists": (revision("x = " + "[" * 5000 + "]" * 5000), 8, "too many nested parentheses"),
    "5,000 dicts": (revision("x = " + "{1:" * 5000 + "1" + "}" * 5000), 8, "too many nested parentheses"),
    "5,000 calls": (revision("x = " + "f(" * 5000 + ")" * 5000), 8, "too many nested parentheses"),
    "5,000 ifs": (
        revision("\n".join(" " * depth + "if x:" for depth in range(5000)) + "\n" + " " * 5000 + "pass"),
        107,
        "too many levels of indentation",
    ),
    "number as id": (PLAIN.replace('"b2"', "5"), 4, "its revision is int, where a string belongs"),
    "bytes as id": (PLAIN.replace('"b2"', 'b"b2"'), 4, "its revision is bytes, where a string belongs"),
    "None as id": (PLAIN.replace('"b2"', "None"), 4, "its revision is None, where a string belongs"),
    "computed id": (PLAIN.replace('"b2"', "make_id()"), 4, "its revision is computed"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str, versions: Path, check: Check) -> None:
    text, line, said = UNREADABLE[name]
    (versions / "broken.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = check().of("broken.py")
    assert [(each["code"], each["line"]) for each in found] == [("MG001", line)], found
    assert said in found[0]["message"]
    assert len(found[0]["message"]) < 300


NEWER = {
    "type statement": ("type Number = int", 12),
    "generic function": ("def first[T](x: T) -> T: return x", 12),
    "generic class": ("class Box[T]: pass", 12),
    "type parameter with default": ("class Box[T = int]: pass", 13),
    "quotes in an f-string": ("x = f'{'a'}'", 12),
    "backslash in an f-string": (r"""x = f"{'\n'.join(['a'])}" """, 12),
    "template string": ("x = t'{a}'", 14),
    "except without parentheses": ("try: pass\nexcept ValueError, TypeError: pass", 14),
}


@pytest.mark.parametrize("name", NEWER)
def test_syntax_of_a_newer_python(name: str, versions: Path, check: Check) -> None:
    text, minor = NEWER[name]
    (versions / "broken.py").write_text(PLAIN + text + "\n")
    found = [each for each in check().of("broken.py") if each["code"] == "MG001"]
    if sys.version_info >= (3, minor):
        assert not found
    else:
        assert found[0]["line"] == 12 + text.count("\n")
        assert f"is syntax of Python 3.{minor}, and this is Python 3.{sys.version_info.minor}" in found[0]["message"]


READABLE = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "latin-1 declared": ("# coding: latin-1\n" + PLAIN.replace("bad", "bäd")).encode("latin-1"),
    "latin-1 declared, lone CR": ("# coding: latin-1\n" + PLAIN.replace("bad", "bäd"))
    .replace("\n", "\r")
    .encode("latin-1"),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "lone CR": PLAIN.replace("\n", "\r").encode(),
    "form feeds": PLAIN.replace("def ", "\fdef ").encode(),
    "tabs": PLAIN.replace("    ", "\t").encode(),
    "no final newline": PLAIN.rstrip("\n").encode(),
    "line separators in a text": PLAIN.replace("bad", "b\u2028\x85\x1cd").encode(),
    "assigned together": PLAIN.replace(
        "revision = \"b2\"\ndown_revision = 'a1'", 'revision, down_revision = "b2", "a1"'
    ).encode(),
    "in a branch": PLAIN.replace("def upgrade():\n    pass", "if 1:\n    def upgrade(): pass\n").encode(),
    "in a try": PLAIN.replace("def downgrade():\n    pass", "try:\n    def downgrade(): pass\nfinally: pass").encode(),
    "lambda": PLAIN.replace("def upgrade():\n    pass", "upgrade = lambda: None").encode(),
    "class": PLAIN.replace("def upgrade():\n    pass", "class upgrade: pass").encode(),
    "import": PLAIN.replace("def upgrade():\n    pass", "from somewhere import upgrade").encode(),
    "async": PLAIN.replace("def upgrade", "async def upgrade").encode(),
}


@pytest.mark.parametrize("name", READABLE)
def test_unusual_but_readable(name: str, versions: Path, check: Check) -> None:
    (versions / "broken.py").write_bytes(READABLE[name])
    (versions / "z9.py").write_text(neighbour("b2"))
    ran = check()
    assert {each["code"] for each in ran.of("broken.py")} <= {"MG002", "MG113"}, ran.out
    assert {each["code"] for each in ran.of("z9.py")} == {"MG603"}, ran.out


@pytest.mark.parametrize("arguments", [(), ("-W", "error")], ids=["default", "as errors"])
def test_warnings_of_the_parser_stay_silent(arguments: tuple[str, ...], versions: Path) -> None:
    (versions / "b2.py").write_text(revision(r"op.execute('\d')" + "\nx = 1 is 1\ny = 0x1for x in []\nassert (1, 2)"))
    ran = subprocess.run(
        [sys.executable, *arguments, "-m", "migrate_guard", "check", "--isolated", "--select", "MG001"],
        cwd=versions.parents[1],
        env=ENVIRON,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout


def test_an_empty_file(versions: Path, check: Check) -> None:
    (versions / "helper.py").touch()
    assert [each["code"] for each in check().of("helper.py")] == ["MG111"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"def (:\n", "(invalid syntax)"),
        (b"x = '\xff'\n", "byte 0xff is not utf-8"),
        (b"context = 1\x00\n", "(it holds a null byte)"),
        (b"x = " + b"[" * 5000, "(too many nested parentheses)"),
    ],
    ids=["syntax", "encoding", "null byte", "nesting"],
)
def test_an_env_that_cannot_be_read(text: bytes, said: str, versions: Path, check: Check) -> None:
    (versions.parent / "env.py").write_bytes(text)
    (finding,) = check().of("env.py")
    assert finding["code"] == "MG001"
    assert said in finding["message"]
    assert 'so "alembic upgrade" stops at it' in finding["message"]


# Files that are none


def test_a_directory_named_like_a_script(versions: Path, check: Check) -> None:
    (versions / "x.py").mkdir()
    check()


@pytest.mark.parametrize("kind", ["fifo", "loop", "dangling", "sparse", "unreadable"])
def test_files_that_cannot_be_read(kind: str, versions: Path, check: Check) -> None:
    path, said = versions / "broken.py", "is not a regular file"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path)
            said = "cannot be read"
        case "dangling":
            path.symlink_to("nowhere.py")
            said = "which does not exist"
        case "sparse":
            with path.open("wb") as file:
                file.truncate(100 * 1024 * 1024)
            said = "104,857,600 bytes; at most 67,108,864 are read"
        case "unreadable":
            path.write_text(PLAIN)
            path.chmod(0)
            said = "permission denied"
            if os.access(path, os.R_OK):
                pytest.skip("root reads everything")
    found = check().of("broken.py")
    assert [(each["code"], each["line"]) for each in found] == [("MG001", 1)]
    assert said in found[0]["message"]
    ran = subprocess.run(
        [sys.executable, "-m", "migrate_guard", "check", str(path)],
        cwd=versions,
        env=ENVIRON,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in ran.stderr
    assert ran.returncode == (1 if kind == "sparse" else 2)
    if kind != "sparse":
        assert ran.stderr.startswith("error: ")
        assert said in ran.stderr


def test_a_missing_path(versions: Path) -> None:
    command = [sys.executable, "-m", "migrate_guard", "check", "nowhere"]
    ran = subprocess.run(command, cwd=versions, env=ENVIRON, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "error: nowhere does not exist\n")


# Histories that are none


@pytest.mark.parametrize(
    ("scripts", "code", "said"),
    [
        ({"b2.py": script("a1", None)}, "MG103", '"a1" is also the id of "a1.py"'),
        ({"b2.py": script("b2", "c3"), "c3.py": script("c3", "b2")}, "MG104", "come after each other in a loop"),
        ({"b2.py": script("b2", "b2")}, "MG104", '"b2" comes after itself'),
        ({"b2.py": script("b2", "a1.py")}, "MG102", 'it is the file name of "a1"'),
        ({"b2.py": script("b2", "nowhere")}, "MG102", "an id that no script has"),
    ],
    ids=["one id twice", "cycle", "own parent", "file name as parent", "missing parent"],
)
def test_histories_that_are_none(scripts: dict[str, str], code: str, said: str, versions: Path, check: Check) -> None:
    for name, text in scripts.items():
        (versions / name).write_text(text)
    found = [each for each in check().of("b2.py") if each["code"] == code]
    assert len(found) == 1
    assert found[0]["line"] in (6, 7)
    assert said in found[0]["message"]


@pytest.mark.parametrize(
    "down", ["5", "b'a1'", "{}", "[['a1']]", "(None, 'a1')", "...", "-1", "''", "unknown()", "1.5"]
)
def test_parents_of_other_types(down: str, versions: Path, check: Check) -> None:
    (versions / "b2.py").write_text(PLAIN.replace("'a1'", down))
    check()


@pytest.mark.parametrize("output", ["text", "concise", "json", "statistics"])
@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[2J\x1b[31m", "\u202eabc", "ü" * 40, "", "\r", "a\0b", "\udc80"], ids=ascii
)
def test_ids_that_could_speak_to_a_terminal(name: str, output: str, versions: Path, check: Check) -> None:
    head = script("@@", "a1").replace("'@@'", ascii(name)).replace('"@@"', ascii(name))
    (versions / "b2.py").write_text(head)
    (versions / "c3.py").write_text(script("c3", "a1").replace("'a1'", ascii(["a1", name, f"x{name}"])))
    ran = check(output=output)
    assert not {"\x1b", "\r", "\0", "\u202e"} & set(ran.out)


# Scripts that compute more than they ought to


def nested(statement: str) -> str:
    return f"x = [1]\nfor i in range(60): x = [x, x]\n{statement}"


DEEP: dict[str, Callable[[int], str]] = {
    "signs": lambda count: "x = " + "-" * count + "1",
    "not": lambda count: "x = " + "not " * count + "1",
    "attributes": lambda count: "x = op" + ".b" * count,
    "subscripts": lambda count: "x = a" + "[0]" * count,
    "calls": lambda count: "x = a" + "()" * count,
    "methods": lambda count: "x = op.get_bind()" + ".execute('select 1')" * count,
    "lambdas": lambda count: "x = " + "lambda: " * count + "1",
    "conditions": lambda count: "x = " + "1 if a else " * count + "1",
    "sum": lambda count: "op.execute(" + "+".join(["'a'"] * count) + ")",
    "powers": lambda count: "x = " + "**".join(["1"] * count),
    "and": lambda count: "x = " + " and ".join(["a"] * count),
    "comparisons": lambda count: "x = " + " < ".join(["a"] * count),
    "elif": lambda count: "if a: pass\n" + "\n".join(f"elif a == {i}: op.drop_table('t{i}')" for i in range(count)),
    "comprehensions": lambda count: "x = [1 " + "for x in [1] " * count + "]",
    "literals": lambda count: "op.execute(" + " ".join(["'a'"] * count) + ")",
}


@pytest.mark.parametrize("count", [90, 900, 3000, 20_000])
@pytest.mark.parametrize("name", DEEP)
def test_nesting(name: str, count: int, versions: Path, check: Check) -> None:
    """What Python itself still loads is followed or said to be too deep; what it does not is unreadable."""
    (versions / "b2.py").write_text(revision(DEEP[name](count)))
    found = [each for each in check().of("b2.py") if each["code"] in ("MG001", "MG002")]
    assert len(found) <= 1
    assert all(len(each["message"]) < 300 for each in found)


BOMBS = {
    "while true pass": "while True: pass",
    "while true execute": "while True:\n    op.execute('delete from a')",
    "while true execute growing": "i = 0\nwhile True:\n    i += 1\n    op.execute(f'delete from a where id < {i}')",
    "while rowcount": "while op.get_bind().execute(sa.text('delete from a')).rowcount: pass",
    "while rowcount 2": (
        "while True:\n    r = op.get_bind().execute(sa.text('delete from a'))\n    if r.rowcount == 0: break"
    ),
    "while nested": "while True:\n    while True:\n        while True: pass",
    "while grow list": "x = [1]\nwhile True: x.append(x)",
    "while grow list2": "x = [1]\nwhile True: x += x",
    "while grow list3": "x = [1]\nwhile True: x.extend(x)",
    "while grow list4": "x = [1]\nwhile True: x = x + x",
    "while grow list5": "x = [1]\nwhile True: x = [x, x]\nop.execute(str(x))",
    "nested list str": "x = [1]\nfor i in range(100): x = [x, x]\nop.execute(str(x))",
    "nested list eq": (
        "x = [1]\ny = [1]\nfor i in range(60):\n    x = [x, x]\n    y = [y, y]\nif x == y: op.drop_table('a')"
    ),
    "nested list hash": "x = (1,)\nfor i in range(60): x = (x, x)\nd = {x: 1}",
    "nested list repr f": "x = (1,)\nfor i in range(60): x = (x, x)\nop.execute(f'{x!r}')",
    "nested list percent": "x = [1]\nfor i in range(60): x = [x, x]\nop.execute('%s' % (x,))",
    "nested in": "x = [1]\nfor i in range(60): x = [x, x]\nif x in [x]: op.drop_table('a')",
    "nested sorted": "x = [1]\nfor i in range(60): x = [x, x]\nsorted([x, [x, x], x])",
    "nested len": "x = [1]\nfor i in range(60): x = [x, x]\nmax(x, x)",
    "nested fork": (
        "x = [1]\n"
        "for i in range(60): x = [x, x]\n"
        "if op.unknown:\n"
        "    y = x\n"
        "else:\n"
        "    y = [x[0], x[1]]\n"
        "op.execute(str(y))"
    ),
    "nested while eq": (
        "x = [1]\nfor i in range(60): x = [x, x]\nwhile True:\n    op.execute('select 1')\n    x = [x[0], x[1]]"
    ),
    "deep list": "x = []\nfor i in range(4000): x = [x]\nop.execute(str(x))\nif x == [x]: pass",
    "deep tuple": "x = ()\nfor i in range(4000): x = (x,)\n{x: 1}",
    "self list": (
        "x = []\n"
        "x.append(x)\n"
        "op.execute(str(x))\n"
        "if x == x: pass\n"
        "if x == [x]: pass\n"
        "y = []\n"
        "y.append(y)\n"
        "if x == y: pass"
    ),
    "self dict": "x = {}\nx['a'] = x\nop.execute(str(x))\n'%s' % x",
    "string double": "x = 'a'\nwhile True: x = x + x",
    "string double 2": "x = 'a'\nfor i in range(100): x += x",
    "string double f": "x = 'a'\nfor i in range(100): x = f'{x}{x}'",
    "string double join": "x = 'a'\nfor i in range(100): x = x.join([x, x, x])",
    "string double replace": "x = 'a'\nfor i in range(100): x = x.replace('a', 'aa')",
    "string double format": "x = 'a'\nfor i in range(100): x = '{0}{0}'.format(x)",
    "string double percent": "x = 'a'\nfor i in range(100): x = '%s%s' % (x, x)",
    "string double mod dict": "x = 'a'\nfor i in range(100): x = '%(a)s%(a)s' % {'a': x}",
    "string upper ß": "x = 'ß' * 4000000\ny = x.upper()",
    "replace empty": "x = ('a'*4000000).replace('', 'b'*4000000)",
    "replace empty2": "x = ('a'*4000).replace('', 'b'*4000000)",
    "replace bytes": "x = (b'a'*4000).replace(b'', b'b'*4000000)",
    "translate": "x = ('a'*40000).translate({97: 'b'*400000})",
    "split": "x = ('a '*2000000).split()\ny = ('a '*2000000).split(' ')",
    "split many": "x = []\nfor i in range(1000): x.append(('a '*2000000).split())",
    "expandtabs": "x = ('\\t'*4000000).expandtabs(1000)",
    "expandtabs kw": "x = ('\\t'*4).expandtabs(tabsize=10**9)",
    "expandtabs big": "x = ('\\t'*4).expandtabs(10**9)",
    "zfill": "x = 'a'.zfill(10**12)",
    "ljust": "x = 'a'.ljust(10**12)",
    "center": "x = 'a'.center(10**12)",
    "rjust str": "x = 'a'.rjust('b')",
    "ljust unknown": "x = 'a'.ljust(y)",
    "ljust none": "x='a'.ljust(None)",
    "zfill bytes": "x = b'a'.zfill(10**12)",
    "ljust bytes": "x = b'a'.ljust(10**10)",
    "center bytes": "x = b'a'.center(10**12)",
    "bytes expandtabs": "x = b'\\t'.expandtabs(10**10)",
    "bytes join": "x = (b'a'*4000000).join([b'b']*4000000)",
    "str join": "x = ('a'*4000000).join(['b']*400000)",
    "str join str": "x = ('a'*4000).join('b'*400000)",
    "int to_bytes": "x = (1).to_bytes(10**12, 'big')",
    "int to_bytes 2": "x = (1).to_bytes(10**9, 'big')",
    "int pow": "x = 10**10**8",
    "int pow2": "x = 10**10**10**10",
    "pow neg": "x = 10**-10**9",
    "pow float": "x = 10.0**10**9",
    "pow bool": "x = True << 10**12",
    "shift": "x = 1 << 10**12",
    "pow big exp": "x = (10**1000)**(10**1000)",
    "aug pow": "x = 10\nfor i in range(1000): x **= 10",
    "aug mul": "x = 10\nwhile True: x *= x",
    "aug shift": "x = 1\nwhile True: x <<= 1000",
    "int mul grow": "x = 3\nfor i in range(4000): x = x * 3**50000",
    "pow builtin": "x = pow(10, 10**8)",
    "pow builtin3": "x = pow(3, 10**10000, 7**10000)",
    "str mult": "x = 'x' * 10**12",
    "mult str": "x = 10**12 * 'x'",
    "list mult": "x = [1] * 10**12",
    "list mult mid": "x = [[1] * 4000000] * 1000\nfor y in x: z = list(y)",
    "tuple mult nest": "x = ((1,) * 2000,) * 2000\ny = str(x)\nz = [list(a) for a in x]",
    "bytes mult": "x = b'x' * 10**12",
    "bytearray mult": "x = bytearray(10) * 10**12",
    "aug mult list": "x = [1]\nx *= 10**12",
    "aug mult str": "x = 'a'\nfor i in range(99): x *= 10",
    "fstring width": "x = f'{1:>{10**9}}'",
    "fstring width lit": "x = f'{1:>1000000000}'",
    "fstring prec": "x = f'{1.0:.1000000000f}'",
    "fstring x": "x = f'{\"x\":>999999999}'",
    "fstring nested": "w = 10**9\nx = f'{1:{w}}'",
    "percent width": "x = '%1000000000d' % 1",
    "percent star": "x = '%*d' % (10**9, 1)",
    "percent prec": "x = '%.1000000000f' % 1",
    "percent dict": "x = '%(a)1000000000s' % {'a': 1}",
    "percent bytes": "x = b'%1000000000d' % 1",
    "percent star bytes": "x = b'%*d' % (10**9, 1)",
    "percent overflow": "x = '%99999999999999999999d' % 1",
    "percent many": "x = '%99999d' * 10000 % ((1,)*10000)",
    "percent huge int": "x = '%d' % (10**20000)",
    "percent s": "x = '%s' % (10**20000)",
    "percent unknown": "x = '%1000000000d' % y",
    "percent mapping missing": "x = '%(a)s' % 5\ny = '%' % 5\nz = '%s %s' % (1,)\nw='%c' % -1",
    "format width": "x = '{:>999999999}'.format(1)",
    "format nested": "x = '{:>{}}'.format(1, 10**9)",
    "format nested kw": "x = '{:{w}}'.format(1, w=10**9)",
    "format 99999 many": "x = ('{0:>9999}' * 100000).format(1)",
    "format builtin": "x = format(1, '>1000000000')",
    "format str builtin": "x = format('a', '1000000000')",
    "format map": "x = '{a:>{w}}'.format_map({'a': 1, 'w': 10**9})",
    "format attr": "x = '{0.real.real.imag:>{0}}'.format(10**9)",
    "format int huge": "x = '{}'.format(10**20000)",
    "format float prec": "x = '{:.999999999f}'.format(1.0)",
    "format braces": "x = ('{'*100000).format(1)",
    "format field 999": "x = '{:0999999999}'.format(3)",
    "format class": "x = '{0.__class__.__mro__}'.format(1)",
    "format index": "x = '{0[99999999999]}'.format('a')",
    "format unicode digits": "x = '{:>٩٩٩٩٩٩٩٩٩}'.format(1)",
    "bytes": "x = bytes(10**12)",
    "bytearray": "x = bytearray(10**12)",
    "bytes range": "x = bytes(range(10**9))",
    "list range": "x = list(range(10**12))",
    "tuple range": "x = tuple(range(10**9))",
    "set range": "x = set(range(10**9))",
    "sorted range": "x = sorted(range(10**9))",
    "reversed range": "x = reversed(range(10**9))",
    "sum range": "x = sum(range(10**10))",
    "max range": "x = max(range(10**10))",
    "min range": "x = min(range(10**10))",
    "len range": "x = len(range(10**10))",
    "len range big": "x = len(range(10**30))",
    "for range": "for i in range(10**12): op.execute('select 1')",
    "enumerate": "x = enumerate(range(10**9))",
    "zip": "x = zip(range(10**9), range(10**9))",
    "map": "x = map(str, range(10**9))",
    "filter": "x = filter(None, range(10**9))",
    "any": "x = any(range(10**9))",
    "all": "x = all(range(1, 10**9))",
    "in range": "x = 5 in range(10**12)\ny = 'a' in range(10**12)",
    "unpack range": "a, *b = range(10**9)",
    "star range": "f(*range(10**9))",
    "list star": "x = [*range(10**9)]",
    "set star": "x = {*range(10**9)}",
    "comp range": "x = [i for i in range(10**9)]",
    "comp range2": "x = [i for i in range(10**4) for j in range(10**4)]",
    "dictcomp range": "x = {i: i for i in range(10**9)}",
    "str range": "x = str(range(10**12))",
    "dict range": "x = dict(enumerate(range(10**9)))",
    "fromkeys": "x = dict.fromkeys(range(10**9))",
    "next range": "x = next(iter(range(10**9)))",
    "slice range": "x = range(10**12)[5:10**11]\ny = list(x)",
    "range eq": "x = range(10**9) == range(10**9 + 1)\ny = range(10**12) == 5",
    "range plain": "x = repr(range(10**9))\ny = [range(10**10)]\nz = y == [1]",
    "range index": "x = range(10**9).index(10**9)\ny = range(10**9).count('a')",
    "extend range": "x = []\nx.extend(range(10**9))",
    "aug range": "x = []\nx += range(10**9)",
    "join range": "x = ''.join(range(10**9))",
    "union": "x = set().union(range(10**9))",
    "or set": "x = set(range(5000)) | set(range(5000, 10000))",
    "set quadratic": "x = set(range(100000))",
    "set add quad": "x = set()\nfor i in range(5000): x.add(i)",
    "issubset": "x = list(range(30000))\ny = set(x[:1]).issubset(x)\nset(x) - set(x)",
    "chain": "import itertools\nx = itertools.chain(range(10**9))",
    "product": "import itertools\nx = list(itertools.product(range(1000), range(1000), range(1000)))",
    "product repeat": "import itertools\nx = list(itertools.product('abcdefgh', repeat=100))",
    "permutations": "import itertools\nx = list(itertools.permutations(range(100)))",
    "combinations": "import itertools\nx = list(itertools.combinations(range(1000), 10))",
    "count": "import itertools\nfor i in itertools.count(): op.execute('select 1')",
    "cycle": "import itertools\nfor i in itertools.cycle([1]): op.execute('select 1')",
    "product small 10": "import itertools\nx = itertools.product(*[range(10)]*12)",
    "pow str": "x = int('9'*10**6)",
    "int base": "x = int('f'*999, 36)",
    "int big base": "x = int('9'*900)\nfor i in range(20): x = x*x\nop.execute(str(x))",
    "float big": "x = float('9'*10**6)",
    "float inf int": "x = int(float('inf'))\ny = int(float('nan'))\nround(float('inf'))",
    "str big int": "x = str(10**10000)",
    "repr big int": "x = repr(10**10000)",
    "fstring big int": "x = f'{10**10000}'\ny = f'{10**10000!r}'\nz=f'{10**10000:d}'",
    "join big int": "x = ','.join([10**10000])",
    "hex big": "x = hex(10**20000)",
    "round big": "x = round(1, -10**9)\ny = round(10**5000, -10**8)",
    "divmod zero": "x = divmod(1, 0)\ny = 1 % 0\nz = 1 // 0\nw = 1 / 0",
    "chr": "x = chr(10**12)\ny = chr(-1)\nz = chr(0xd800)\nop.execute(z)",
    "sum str": "x = sum(['a'] * 10000, '')",
    "sum list": "x = sum([[1]] * 30000, [])",
    "sum list start": "x = sum([[1]*1000] * 100000, [])",
    "max key": "x = max([1, 'a'])\ny = max([], default=1)\nz = max([])\nw = max([1,2], key=lambda a: 1/0)",
    "sorted weird": (
        "x = sorted([1, 'a', None])\n"
        "y = sorted([1, 2], key=lambda a: a.b)\n"
        "z = sorted([1], key=5)\n"
        "w = sorted([[], {}, 1])\n"
        "v = sorted([3,1], reverse='yes')\n"
        "[3, 'a'].sort()\n"
        "[1].sort(key=len)"
    ),
    "dict unhashable": (
        "x = {[]: 1}\n"
        "y = {{}: 1}\n"
        "z = {[1]: 2 for i in [1]}\n"
        "w = set([[]])\n"
        "v = {[]}\n"
        "dict([([], 1)])\n"
        "x = {}\n"
        "x[[]] = 1\n"
        "x.get([])\n"
        "x.pop({})\n"
        "x.setdefault([], 1)\n"
        "[] in x\n"
        "del x[[]]\n"
        "x.update([([], 1)])\n"
        "dict.fromkeys([[]])\n"
        "x[1:2]\n"
        "x[[1]:[2]]\n"
        "{sa.Column('a'): 1}\n"
        "{{1}: 2}"
    ),
    "del": "del op, sa\ndel revision\ndel x.y, x[0], (a, b), [c]\ndel upgrade\nop.drop_table('a')",
    "del builtins": "del int, str, len\nx = len('a')",
    "star args explosion": "def f(*a, **k): return f(*a, *a, **k)\nf(1)",
    "kw star": (
        "f(**{i: 1 for i in range(3)})\n"
        "f(**5)\n"
        "f(*5)\n"
        "op.create_table(*5)\n"
        "op.create_table(**{'a': 1})\n"
        "op.create_table()\n"
        "op.add_column()\n"
        "op.execute()\n"
        "op.create_index()\n"
        "op.drop_column()\n"
        "op.alter_column()\n"
        "op.batch_alter_table()\n"
        "op.f()\n"
        "op.rename_table()\n"
        "op.create_foreign_key()\n"
        "op.bulk_insert()"
    ),
    "star twice": "x = [1]\nfor i in range(100): x = [*x, *x]",
    "dict star": "x = {}\nfor i in range(100): x = {**x, str(i): x}\nop.execute(str(x))",
    "slice assign": "x = [1]\nfor i in range(100): x[:] = [*x, *x]",
    "slice step": "x = 'a'[::0]\ny = [1][::0]\nz = (1,)[10**30:]\nw = 'a'['b']\nv=[1]['a']",
    "slice grow": "x = [1]\nwhile True: x[0:0] = x",
    "insert": (
        "x = []\n"
        "x.insert()\n"
        "x.insert('a', 1)\n"
        "x.pop(5)\n"
        "x.remove(1)\n"
        "x.index(1)\n"
        "x.count()\n"
        "x.clear(1)\n"
        "x.reverse(2)\n"
        "x.append()\n"
        "x.extend()\n"
        "x.extend(5)\n"
        "x.sort(5)"
    ),
    "index int": "x = [1]\nx['a'] = 1\nx[5] = 1\ndel x[9]\nx[None]",
    "recursion": "def f(): return f()\nf()",
    "recursion args": "def f(x): return f([x, x])\nf(1)",
    "mutual": "def f(): return g()\ndef g(): return f()\nf()",
    "fib": "def f(n):\n    f(n)\n    f(n)\nf(1)",
    "fib ret": "def f(n): return f(n-1) + f(n-2)\nf(100)",
    "fib lambda": "f = lambda n: f(n-1) + f(n-2)\nf(100)",
    "lambda self": "f = lambda: f()\nf()",
    "lambda self 2": "f = lambda: (f(), f())\nf()",
    "y comb": "(lambda x: x(x))(lambda x: x(x))",
    "y comb2": "(lambda x: (x(x), x(x)))(lambda x: (x(x), x(x)))",
    "map self": "f = lambda x: list(map(f, [x, x]))\nf(1)",
    "sorted self": "f = lambda x: sorted([x, x], key=f)\nf(1)",
    "class init": "class A:\n    def __init__(self): A()\nA()",
    "class prop": "class A:\n    @property\n    def x(self): return self.x\nA().x",
    "class call": "class A:\n    def __call__(self): return self()\nA()()",
    "class self base": "class A: pass\nA.x = A\nA.__bases__ = (A,)\nA().y\nclass A(A): pass\nA().z",
    "class getattr": "class A:\n    def __getattr__(self, n): return getattr(self, n)\nA().x",
    "partial self": (
        "import functools\nf = functools.partial(print)\nfor i in range(3000): f = functools.partial(f, 1)\nf()"
    ),
    "partial rec": "import functools\ndef f(*a): return functools.partial(f, *a, *a)(1)\nf(1)",
    "gen": "def f():\n    while True: yield 1\nfor i in f(): op.execute('select 1')\nlist(f())",
    "yield from": "def f(): yield from f()\nlist(f())",
    "inner functions": "def f():\n    def g(): return f()\n    return g()\nf()",
    "default rec": "def f(x=lambda: f()): return x()\nf()",
    "op in recursion": "def f(n):\n    op.drop_table(f't{n}')\n    f(n+1)\nf(0)",
    "op in double recursion": "def f(n):\n    op.add_column('orders', sa.Column('a'))\n    f(n+1)\n    f(n+2)\nf(0)",
    "for mutate": "x = [1]\nfor i in x: x.append(i)",
    "for dict mutate": "x = {1: 1}\nfor i in x: x[i+1] = 1",
    "nested loops": (
        "for a in range(5000):\n    for b in range(5000):\n        for c in range(5000): op.execute('select 1')"
    ),
    "loops ddl": "for a in range(5000): op.create_table(f't{a}', sa.Column('id', sa.Integer, primary_key=True))",
    "loops ddl2": "for a in range(5000): op.add_column('orders', sa.Column(f'c{a}', sa.Integer))",
    "loop execute 5000": "for a in range(5000): op.execute(f'create table t{a} (id int)')",
    "loop execute big": "s = 'insert into t values (1);' * 30000\nfor a in range(5000): op.execute(s)",
    "loop execute unknown big": "s = 'update t set a = 1 where b = 2;' * 20000\nwhile True: op.execute(s)",
    "fork nested": "def f(n):\n    if x: f(n)\n    else: f(n)\nf(1)",
    "fork exp": "def f(n):\n    if x: f(n+1)\n    else: f(n+2)\n    op.drop_table('a')\nf(1)",
    "try nest": "def f():\n    try: f()\n    except Exception: f()\n    finally: f()\nf()",
    "with rec": "def f():\n    with op.batch_alter_table('a') as b: f()\nf()",
    "cond exp": "def f(n): return f(n+1) if x else f(n+2)\nf(1)",
    "boolop rec": "def f(n): return f(n) and f(n) or f(n)\nf(1)",
    "walrus grow": "[x := [1]] \nwhile (x := x + x): pass",
    "match": (
        "match x:\n"
        "    case [1, *a]: op.drop_table('a')\n"
        "    case {'a': b, **c}: op.drop_table('b')\n"
        "    case A(b=1): op.drop_table('c')\n"
        "    case _: pass"
    ),
    "globals": "globals()['x'] = 1\nglobals().clear()\nlocals().update(globals())\nglobals()['upgrade']()",
    "globals loop": "for k in globals(): globals()[k + 'a'] = 1",
    "globals self": "g = globals()\ng['g'] = g\nop.execute(str(g))",
    "exec": "exec('x = 1')\neval('1+1')\ncompile('a', 'b', 'exec')\n__import__('os').system('true')",
    "getattr": (
        "getattr(op, 'x' * 100)()\n"
        "getattr(op, 5)\n"
        "getattr(op)\n"
        "setattr(op, 'a', 1)\n"
        "getattr(1, '__class__').__mro__\n"
        "(1).__class__.__bases__[0].__subclasses__()"
    ),
    "getattr attack": (
        "x = ().__class__\n"
        "''.join(['a']).__class__.__mro__\n"
        "(1).real.__reduce__()\n"
        "(1.5).as_integer_ratio()\n"
        "(5).bit_length()\n"
        "b'a'.decode('hex')\n"
        "b'a'.decode(5)\n"
        "'a'.encode('zlib')\n"
        "'a'.encode('idna')"
    ),
    "exit": "import sys\nsys.exit(3)\nexit()\nquit()\nraise SystemExit(3)",
    "raise kb": "raise KeyboardInterrupt",
    "textwrap": (
        "import textwrap\nx = textwrap.dedent(('  a'*10000 + '\\n')*100)\ntextwrap.dedent(5)\ntextwrap.dedent()"
    ),
    "textwrap redos": "import textwrap\nx = textwrap.dedent((' '*100000 + '\\t')*40)",
    "re": "import re\nre.match('(a+)+b', 'a'*40)\nre.sub('(a*)*b', '', 'a'*40)",
    "ospath": (
        "import os\nos.path.join('a'*10**6, 'b'*10**6)\nos.path.join()\nos.path.join(1, 2)\nos.path.join(b'a', 'b')"
    ),
    "deepcopy": "import copy\nx = []\nx.append(x)\ncopy.deepcopy(x)",
    "enum": (
        "import enum\n"
        "class E(enum.Enum):\n"
        "    a = [1]\n"
        "    b = []\n"
        "    c = enum.auto()\n"
        "E([1])\n"
        "E({})\n"
        "E['a']\n"
        "E[[]]\n"
        "for e in E: op.execute(e.value)\n"
        "E()\n"
        "class F(enum.Enum): pass\n"
        "sa.Enum(F)\n"
        "sa.Enum(E)\n"
        "op.add_column('orders', sa.Column('e', sa.Enum(E)))\n"
        "op.add_column('orders', sa.Column('f', sa.Enum(F)))"
    ),
    "nan": "x = float('nan')\n{x: 1}\nx in [x]\nsorted([x, 1, x])\nop.execute(f'{x}')",
    "complex": "x = 1j ** 1j\ny = abs(1j)\nz = 1j < 2\n(1j).conjugate(5)",
    "ellipsis": "op.drop_table(...)\nop.execute(...)\nop.add_column(..., ...)\nop.create_table(..., ..., ...)",
    "surrogates float": (
        "op.create_table('m\\udfff', sa.Column('id', sa.Integer, primary_key=True), sa.Column('price"
        "\\udc80', sa.Float()))"
    ),
    "int names": (
        "op.drop_table(5)\n"
        "op.drop_column(1, 2)\n"
        "op.add_column(None, sa.Column(5, 6))\n"
        "op.create_table(1.5, sa.Column())\n"
        "op.create_index(5, [], 7)\n"
        "op.create_index('a', 'b', [[1]])\n"
        "op.create_foreign_key(1, 2, 3, 4, 5)\n"
        "op.rename_table([], {})\n"
        "op.alter_column(b'a', b'b')"
    ),
    "list names": (
        "op.drop_table(['a'])\n"
        "op.drop_table({'a': 1})\n"
        "op.drop_table({1})\n"
        "op.create_table(['a'], sa.Column(['a'], [1]))\n"
        "op.drop_index(['a'], ['b'])\n"
        "op.drop_constraint([1], [2], [3])\n"
        "op.f(['a'])\n"
        "op.create_unique_constraint([], [], [])\n"
        "op.create_check_constraint([], [], [])\n"
        "op.create_primary_key({}, {}, {})\n"
        "op.alter_column([], [], new_column_name=[])\n"
        "op.alter_column('orders', 'id', new_column_name={}, type_=5, nullable=[], server_default={})\n"
        "op.batch_alter_table([])\n"
        "op.execute([[]])\n"
        "op.execute({})\n"
        "op.bulk_insert([], [])\n"
        "op.bulk_insert(5, 6)\n"
        "op.drop_column('orders', {})\n"
        "op.create_table('t', [], {}, 5, None, sa.ForeignKeyConstraint(5, 6), sa.UniqueConstraint(["
        "]), sa.PrimaryKeyConstraint({}), sa.CheckConstraint(5), sa.Index([], []))\n"
        "sa.Column('a', sa.Enum([], {}))\n"
        "op.add_column('orders', sa.Column('a', sa.Enum(5, name=[])))\n"
        "op.add_column('orders', sa.Column('a', sa.Numeric([], {})))\n"
        "op.add_column('orders', sa.Column('b', sa.ForeignKey(5)))\n"
        "op.add_column('orders', sa.Column('b', sa.ForeignKey([])))\n"
        "op.add_column('orders', sa.Column('b', sa.ForeignKey('...')))\n"
        "op.add_column('orders', sa.Column('b', sa.String(10**9)))\n"
        "op.add_column('orders', sa.Column('b', sa.ARRAY(5)))\n"
        "sa.Table([], {}, 5)\n"
        "sa.inspect(5).get_columns([])\n"
        "sa.inspect(op.get_bind()).get_columns([])\n"
        "sa.inspect(op.get_bind()).has_table({})\n"
        "sa.MetaData(5)\n"
        "sa.text(5)\n"
        "op.execute(sa.text([]))\n"
        "sa.select(5).where(6)\n"
        "sa.Table('orders', sa.MetaData(), 5, [], autoload_with=5).c[5]\n"
        "sa.table([], 5).c['a']\n"
        "sa.insert(5)\n"
        "sa.func[5]\n"
        "sa.func.now(5, *[6])"
    ),
    "schema list": (
        "op.drop_table('a', schema=[])\n"
        "op.create_table('a', schema={})\n"
        "op.create_table('a', sa.Column('id', sa.Integer), schema=5)\n"
        "op.add_column('a', sa.Column('id', sa.Integer), schema=[1])\n"
        "op.create_index('a', 'b', ['c'], schema={}, postgresql_where=[], unique=[], postgresql_usi"
        "ng={}, postgresql_include=5)\n"
        "op.create_index('a', 'b', 5)\n"
        "op.create_index('a', 'b', 'c')\n"
        "op.create_index('a', 'b', None)\n"
        "op.create_index('a', 'b', [None, sa.text([]), sa.func.x([])])\n"
        "op.create_foreign_key('a', 'b', 'c', ['d'], ['e', 'f'], ondelete=5, source_schema=[], refe"
        "rent_schema={})"
    ),
    "table many cols": "op.create_table('t', *[sa.Column(f'c{i}', sa.Integer) for i in range(4000)])",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str, versions: Path, check: Check) -> None:
    (versions / "b2.py").write_text(revision(BOMBS[name]))
    (versions / "z9.py").write_text(neighbour("b2"))
    check()


@pytest.mark.parametrize("name", ["m\udfff", "a\0b", "a\x1b[31m\u202e"], ids=ascii)
def test_names_that_no_database_takes(name: str, versions: Path, check: Check) -> None:
    made = f"op.create_table({name!a}, sa.Column({name!a}, sa.Float()))\nop.execute({'drop table ' + name!a})"
    (versions / "b2.py").write_text(revision(made))
    check()
    assert not {"\x1b", "\0", "\u202e"} & set(check(output="text").out)


LARGE: dict[str, Callable[[], str]] = {
    "literal of 10 MB": lambda: revision("x = '" + "a" * 10_000_000 + "'"),
    "SQL of 10 MB": lambda: revision("op.execute('" + "a" * 10_000_000 + "')"),
    "list of 500,000": lambda: revision("x = [" + "1," * 500_000 + "]"),
    "rows": lambda: revision("op.bulk_insert(sa.table('a'), [" + "{'a': 1, 'b': 'x'}," * 30_000 + "])"),
    "3,000 operations": lambda: revision("\n".join(f"op.drop_table('t{i}')" for i in range(3000))),
    "200,000 comments": lambda: PLAIN + "# x\n" * 200_000 + "# migrate-guard: ignore[MG603] why\n",
    "1,000 suppressions": lambda: revision(
        "\n".join(f"op.drop_table('t{i}')  # migrate-guard: ignore[MG120] x" for i in range(1000))
    ),
    "one long line": lambda: revision(";".join(f"op.drop_table('t{i}')" for i in range(1000))),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_scripts(name: str, versions: Path, check: Check) -> None:
    (versions / "b2.py").write_text(LARGE[name]())
    check()


SQL = {
    "5mb": "'select 1;' * 500000",
    "parens": "'select ' + '('*10000 + '1' + ')'*10000",
    "parens open": "'select ' + '('*10000",
    "check parens": "'alter table orders add check (' + '('*10000 + '1' + ')'*10000 + ')'",
    "default parens": "'create table t (a int default ' + '('*1000 + '1' + ')'*1000 + ')'",
    "10000 statements": "'drop table a;' * 10000",
    "dollar": "'do $$ begin select 1;'",
    "dollar many": "'$a$' * 100000",
    "dollars": "'$'*300000",
    "dollar tags": "''.join(f'$a{i}$ ' for i in range(50000))",
    "quote": '"select \'abc"',
    "quotes": '"\'" * 300001',
    "dquotes": "'\"' * 300001",
    "comment": "'/* ' * 100000",
    "comment nest": "'/*' * 100000 + '*/' * 100000",
    "line comment": "'-- ' * 300000",
    "backslashes": "'\\\\\\\\' * 300000",
    "spaces": "'select' + ' '*900000 + '1'",
    "newlines": "'\\n' * 900000",
    "case nest": "'select ' + 'case when a then '*2000 + '1' + ' end'*2000",
    "not nest": "'select ' + 'not '*20000 + '1'",
    "minus nest": "'select ' + '- '*20000 + '1'",
    "and chain": "'delete from a where ' + 'b = 1 and '*20000 + 'c = 2'",
    "subselect nest": "'select * from ' + '(select * from '*1500 + 'a' + ') x'*1500",
    "union chain": "'select 1 union '*5000 + 'select 1'",
    "with chain": "'with ' + ','.join(f'a{i} as (select 1)' for i in range(3000)) + ' select 1'",
    "casts": "'select 1' + '::int'*20000",
    "array nest": "'select ' + 'array['*3000 + '1' + ']'*3000",
    "func nest": "'select ' + 'f('*3000 + '1' + ')'*3000",
    "type parens": "'create table t (a numeric' + '('*3000 + ')'*3000 + ')'",
    "begin nest": "'begin ' * 30000",
    "do loop": "'do $$ begin ' + 'if a then '*3000 + 'end if; '*3000 + 'end $$'",
    "do nest": "'do $a$ begin execute $b$ do $c$ begin drop table a; end $c$ $b$; end $a$'",
    "nul": "'drop table a\\0b'",
    "unicode": "'drop table \\u202e\\x1b[31m'",
    "surrogate": "'drop table \\udc80'",
    "copy": "'copy a from stdin;\\n1\\t2\\n' * 10000",
    "redos dollar": "'$' + 'a'*500000",
    "redos num": "'1'*500000 + '.' + '1'*300000 + 'e'",
    "ident": "'a'*900000",
    "dots": "'.'.join(['a']*100000)",
    "hole": "x + ' ' + '('*1000",
    "holes": "f'{x}{x}{x}' * 10000",
    "hole stmts": "'drop table ' + x + ';' + ('alter table ' + x + ' drop column ' + x + ';')*1000",
    "json ops": "'select a' + '->b'*10000",
    "interval": '"select " + "interval \'1\' + " * 3000',
    "is null": "'select a' + ' is null'*10000",
    "lambda": "'select ' + 'x -> '*3000 + '1'",
    "exists": "'select ' + 'exists ('*1500 + 'select 1' + ')'*1500",
}


@pytest.mark.parametrize("name", SQL)
def test_sql(name: str, versions: Path, check: Check) -> None:
    (versions / "b2.py").write_text(revision(f"op.execute({SQL[name]})"))
    (versions / "z9.py").write_text(neighbour("b2"))
    check()


# Long runs


def test_thousands_of_scripts(versions: Path, check: Check) -> None:
    names = ["a1", *(f"r{number}" for number in range(2000))]
    for down, name in pairwise(names):
        (versions / f"{name}.py").write_text(script(name, down))
    (versions / "z9.py").write_text(neighbour(names[-1]))
    check(seconds=30)


def test_interrupted(versions: Path) -> None:
    loop = "for i in range(4000): op.execute(f'update a set b = {i} where c = (select max(d) from e where f = {i})')"
    for number, down in enumerate(["a1", *(f"r{number}" for number in range(30))]):
        (versions / f"r{number}.py").write_text(revision(loop, down=down).replace('"b2"', f'"r{number}"'))
    command = [sys.executable, "-m", "migrate_guard", "check", "--isolated"]
    with subprocess.Popen(
        command, cwd=versions.parents[1], env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err.strip()) == (130, "", "")


@pytest.mark.parametrize("output", ["text", "json", "concise"])
def test_output_that_nobody_reads_to_its_end(output: str, versions: Path) -> None:
    many = "\n".join(f"op.create_table('t{i}', sa.Column('price', sa.Float()))" for i in range(1000))
    (versions / "b2.py").write_text(revision(many))
    command = [sys.executable, "-m", "migrate_guard", "check", "--isolated", "--output-format", output]
    with subprocess.Popen(
        command, cwd=versions.parents[1], env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(SECONDS) in (0, 1)
