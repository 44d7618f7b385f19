"""Legal but unusual Python in scripts: no crash, no hang, in both directions, and the hazard beside it is still found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checking import check

INI = "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql+psycopg://app@db/app\n"
HEAD = '''\
"""Weird."""
import sqlalchemy as sa
from alembic import op

revision = "weird"
down_revision = None

'''
WEIRD = {
    "endless loop": "while True:\n    op.execute('SELECT 1')",
    "endless loop that computes": "n = 0\nwhile n >= 0:\n    n += 1",
    "endless recursion": "def again(n):\n    return again(n + 1)\nagain(0)",
    "two functions that call each other": "def a(n):\n    b(n)\ndef b(n):\n    a(n)\na(1)",
    "recursion that branches": "def fork(n):\n    if unknown:\n        fork(n - 1)\n    else:\n        fork(n - 2)\nfork(30)",
    "fibonacci": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(40)",
    "loops in loops": "for a in range(999):\n    for b in range(999):\n        for c in range(999):\n            pass",
    "long range": "for n in range(10**12):\n    op.execute(f'SELECT {n}')",
    "huge power": "x = 9 ** 9 ** 9",
    "huge shift": "x = 1 << 10**10",
    "huge string": "s = 'x' * 10**10\nop.execute(s)",
    "string that doubles": "s = 'ab'\nfor _ in range(64):\n    s += s\nop.execute(s)",
    "list that doubles": "l = [1]\nfor _ in range(64):\n    l = l + l\n    l.extend(l)",
    "list of itself": "l = []\nl.append(l)\nop.execute(str(l))\nfor each in l:\n    op.execute(f'{each}')",
    "dictionary of itself": "d = {}\nd['d'] = d\nop.execute('%s' % d)\nassert d == d",
    "list that grows while looped over": "l = [1]\nfor each in l:\n    l.append(each)",
    "huge format width": "op.execute(f'{1:>1000000000000000}')\nop.execute('%1000000000000000d' % 1)\nop.execute('{:>1000000000000000}'.format(1))",
    "huge literal": "x = [" + "1, " * 50_000 + "]\nfor n in x:\n    pass",
    "deep literal": "x = " + "[" * 80 + "]" * 80,
    "deep addition": "x = " + " + ".join(["'a'"] * 900),
    "deep attribute": "x = sa" + ".a" * 400,
    "deep branches": "if unknown:\n    pass\n"
    + "\n".join(f"elif unknown == {n}:\n    op.execute('SELECT {n}')" for n in range(300)),
    "many unknown branches": "\n".join(f"if unknown({n}):\n    op.execute('SELECT {n}')" for n in range(200)),
    "nested unknown branches": "\n".join(f"{'    ' * n}if unknown({n}):" for n in range(18)) + f"\n{'    ' * 18}pass",
    "bad format": "op.execute('%d' % 'x')\nop.execute('%s %s' % 1)\nop.execute('{0} {1}'.format(1))\nop.execute('{a.b[c]}'.format(a=1))",
    "bad arithmetic": "x = 1 / 0\ny = 1 % 0\nz = [][0]\nw = {}['a']\nv = 'a' + 1\nu = -'a'\nt = not_defined",
    "bad regular expression": "import re\nre.compile('(')\nre.sub('(a+)+$', '', 'a' * 40 + 'b')\nre.split('[', 'x')",
    "catastrophic regular expression": "import re\nre.match('(a|aa)+$', 'a' * 60 + 'b')",
    "bytes": "op.execute(b'SELECT 1')\nop.execute(b'\\xff'.decode('utf-8', 'replace'))\nop.execute(bytes([255]).decode())",
    "slices": "l = list(range(9))\nl[1:8:2] = [0, 0, 0, 0]\ndel l[::3]\nl[...]\nl[1:2, 3]\n'abc'[::-1][::0]",
    "operations on unknown sets": "s = {unknown} | {1}\ns ^= {2}\nfor each in s - {1}:\n    op.execute(f'SELECT {each}')",
    "operations on unknown dictionaries": "d = {**unknown, 'a': 1} | unknown\nfor k, v in d.items():\n    op.execute(f'{k}{v}')\nd.pop('a')",
    "nested f-strings": "x = 'a'\nop.execute(f\"{f'{x!r:>{10}}'} {x=} {unknown:{x}}\")",
    "star targets": "a, *b, c = 'xyz'\n(d, [e, *f]), g = ((1, [2, 3]), 4)\nfor h, *i in [(1, 2, 3), ()]:\n    pass\na, b = 1, 2, 3",
    "walrus in comprehensions": "[y := f, y**2] if (f := 3) else None\nany((last := n) > 3 for n in range(5))\nop.execute(f'{last}')",
    "lambda of lambdas": "(lambda f: f(f))(lambda f: f(f))",
    "fixed point": "Y = lambda f: (lambda x: f(lambda v: x(x)(v)))(lambda x: f(lambda v: x(x)(v)))\nY(lambda s: lambda n: s(n - 1))(9)",
    "generator": "def rows():\n    while True:\n        yield 1\nfor each in rows():\n    op.execute('SELECT 1')\nnext(rows())\nyielded = yield",
    "generator that delegates": "def rows():\n    yield from rows()\nlist(rows())",
    "asynchronous": "async def go():\n    async with unknown as x:\n        async for y in x:\n            await y\n    return [z async for z in x]\nimport asyncio\nasyncio.run(go())",
    "class with everything": (
        "class Meta(type):\n    def __getattr__(cls, name): return name\n"
        "class A(metaclass=Meta):\n    __slots__ = ('x',)\n    def __getattr__(self, name): return getattr(self, name)\n"
        "    def __call__(self): return self()\n    def __getitem__(self, k): return self[k]\n"
        "    def __iter__(self): return iter(self)\n    def __str__(self): return str(self)\n"
        "    def __eq__(self, o): return self == o\n    @property\n    def p(self): return self.p\n"
        "a = A()\na.x.y.z\nA.anything\na()\na[1]\na.p\nop.execute(str(a))\na == a\nfor each in a:\n    pass"
    ),
    "class that inherits from itself": "class A(A):\n    pass\nA().x",
    "super": "class A:\n    def go(self): op.execute('SELECT 1')\nclass B(A):\n    def go(self): super().go(); super(B, self).go()\nB().go()",
    "dataclass": "from dataclasses import *\n@dataclass\nclass D:\n    a: int\n    b: list = field(default_factory=list)\nD(1); D(); D(1, 2, 3); replace(D(1), a=2); asdict(D(1))",
    "match": "match unknown:\n    case {'a': [x, *y], **z} if x: op.execute(f'{x}')\n    case sa.Column(name=n) | sa.Table(name=n): op.execute(n)\n    case (1, 2) as t: pass\n    case str() | None: pass",
    "exec and eval": "exec('x = 1')\neval('op.execute(\"SELECT 1\")')\ncompile('(', 'x', 'exec')\nglobals()['x'] = 1\nlocals().update(a=1)\n__import__('os').system('true')",
    "globals": "globals()['upgrade']\nvars(op)['execute']('SELECT 1')\ngetattr(op, unknown)('x')\ngetattr(op, 'exe' + 'cute')('SELECT 1')",
    "raising": "try:\n    raise unknown from None\nexcept* ValueError as group:\n    raise\nelse:\n    pass\nfinally:\n    op.execute('SELECT 1')",
    "return in finally": "for n in (1, 2):\n    try:\n        break\n    finally:\n        continue",
    "deletion": "x = 1\ndel x\nop.execute(x)\ndel op.nothing, unknown[1]",
    "op overwritten": "global op\nop = None\nimport alembic.op as op",
    "wrong arguments": "op.add_column()\nop.create_table()\nop.drop_column('t')\nop.create_index('a', 'b', None)\nop.execute()\nop.create_table('x', 1, None, 'y')\nop.add_column('t', 'c')\nop.create_index('i', 't', 5)\nop.alter_column('t')\nop.rename_table('t')\nop.batch_alter_table()",
    "wrong types": "op.drop_table(1)\nop.add_column(None, sa.Column())\nop.create_foreign_key(None, None, None, None, None)\nop.create_table(['t'], sa.Column(sa.Column('x')))\nsa.Column(1, 2, 3)\nsa.ForeignKey(5)\nsa.Numeric('x', [])\nsa.Enum(1, name=2)",
    "half SQL": "op.execute('ALTER TABLE')\nop.execute('CREATE TABLE t (')\nop.execute(\"SELECT 'abc\")\nop.execute('DO $$ BEGIN')\nop.execute(';;;')\nop.execute('')\nop.execute('-- nothing')\nop.execute('/* open')\nop.execute('\\x00')\nop.execute('💥' * 99)",
    "deep SQL": "op.execute('SELECT ' + '(' * 3000 + '1' + ')' * 3000)",
    "long SQL": "op.execute('INSERT INTO t VALUES ' + ', '.join(f'({n})' for n in range(3000)))",
    "many statements": "op.execute('SELECT 1;' * 3000)",
    "many brackets": "op.execute('CREATE TABLE t (' + 'a int CHECK (' * 200 + 'x' + ')' * 200)",
    "many columns": "op.create_table('wide', sa.Column('id', sa.Integer(), primary_key=True), *[sa.Column(f'c{n}', sa.Text()) for n in range(1500)])",
    "many tables": "for n in range(600):\n    op.create_table(f't{n}', sa.Column('id', sa.Integer(), primary_key=True))",
    "rename in a circle": "for n in range(500):\n    op.rename_table('a', 'b')\n    op.rename_table('b', 'a')",
    "odd names": "op.create_table('ta\"ble; --', sa.Column('', sa.Text()), sa.Column('a.b', sa.Text()), sa.Column('ü', sa.Text(), primary_key=True))\nop.drop_table('')",
    "odd encodings": "ünïcode = '\\N{SNOWMAN}\\ud800'\nop.execute(ünïcode)\nop.drop_table(ünïcode)",
    "conditional expressions": "op.execute('a' if unknown else 'b' if unknown2 else None)\n(op.execute if unknown else op.drop_table)('t')\nunknown and op.drop_table('x') or op.drop_table('y')",
    "type parameters": "from typing import TypeVar, Generic\nT = TypeVar('T')\nclass Box(Generic[T]):\n    item: 'T | None' = None\nBox[int]().item",
    "nested functions with defaults": "def f(a, /, b=[], *c, d=lambda: f, **e):\n    b.append(b)\n    return d()\nf(1)(2)(3, 4, 5, d=6, x=7)\nf()\nf(a=1)",
    "import of itself": "import alembic.versions.weird\nfrom . import weird\nfrom .weird import *\nfrom .. import nothing\nfrom ........ import far\nimport no.such.module as m\nm.go(op)",
}
WRONG = {
    "long range": "a range is made a list, however long: MemoryError",
    "huge format width": "a width in a format is not bounded: MemoryError",
}
HAZARD = 'op.create_table("orders_beside", sa.Column("price", sa.Float()))'


def script(weird: str, direction: str) -> str:
    lines = [f"    {line}" for line in weird.splitlines()]
    other = "downgrade" if direction == "upgrade" else "upgrade"
    body = "\n".join(lines)
    beside = f"    {HAZARD}\n" if direction == "downgrade" else ""
    return f"{HEAD}\ndef {other}():\n{beside}    op.execute('SELECT 1')\n\n\ndef {direction}():\n{body}\n"


def names() -> Iterator[object]:
    for name in WEIRD:
        marks = [pytest.mark.xfail(strict=True, reason=WRONG[name])] if name in WRONG else []
        yield pytest.param(name, id=name.replace(" ", "-"), marks=marks)


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
@pytest.mark.parametrize("name", list(names()))
def test_neither_crashes_nor_hangs(name: str, direction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI, encoding="utf-8")
    (tmp_path / "alembic" / "env.py").write_text("from alembic import context\n", encoding="utf-8")
    (versions / "weird.py").write_text(script(WEIRD[name], direction), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    started = time.perf_counter()
    report = check(tmp_path)
    assert time.perf_counter() - started < 5
    codes = {each.code for each in report.findings}
    assert "MG000" not in codes
    assert "MG001" not in codes, [each.message for each in report.findings]
    if direction == "downgrade":
        assert {"MG601", "MG603"} <= codes
