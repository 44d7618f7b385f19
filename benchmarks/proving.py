"""What really becomes of each revision of a history that goes there, back and there again on PostgreSQL.

Every round trip starts from the schema that the upgrades alone have made, in a database of its own.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import psycopg
from psycopg import sql

from benchmarks.histories import Entry, read_history
from benchmarks.live import Settings, child, scratch_database, task
from benchmarks.reflection import VERSION_TABLE
from benchmarks.returning import Trial

Catalogue: TypeAlias = frozenset[tuple[Any, ...]]
Kind: TypeAlias = Literal[
    "clean", "upgrade-raises", "downgrade-raises", "second-upgrade-raises", "schema-not-restored",
    "downgrade-changes-nothing",
]  # fmt: skip

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {} AND e.deptype = 'e')"
CATALOGUE = f"""
SELECT 'relation', n.nspname, c.relname, c.relkind::text,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND c.relkind <> 'i' AND c.relkind <> 'c' AND {_NOT_OF_AN_EXTENSION.format("c.oid")}
UNION ALL
SELECT 'column', n.nspname, c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
    concat_ws(' ', a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE {_OURS} AND c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', n.nspname, o.conrelid::regclass::text, o.conname, pg_get_constraintdef(o.oid)
FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace WHERE {_OURS}
UNION ALL
SELECT 'index', n.nspname, x.indrelid::regclass::text, i.relname, pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace WHERE {_OURS}
UNION ALL
SELECT 'enum', n.nspname, t.typname, e.enumlabel,
    (row_number() OVER (PARTITION BY t.oid ORDER BY e.enumsortorder))::text
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid WHERE {_OURS}
UNION ALL
SELECT 'domain', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), t.typdefault
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE {_OURS} AND t.typtype = 'd' AND {_NOT_OF_AN_EXTENSION.format("t.oid")}
UNION ALL
SELECT 'function', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} AND {_NOT_OF_AN_EXTENSION.format("p.oid")}
UNION ALL
SELECT 'trigger', NULL, t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL
SELECT 'extension', NULL, x.extname, NULL, NULL FROM pg_extension x
"""
"""All that a downgrade has to bring back, an object a row."""


@dataclass(frozen=True)
class Proof:
    """What really became of a revision."""

    kind: Kind
    error: str = ""
    missing: Catalogue = frozenset()
    extra: Catalogue = frozenset()

    def __str__(self) -> str:
        """Say it in a line."""
        shown = [f"-{each}" for each in sorted(map(str, self.missing))]
        shown += [f"+{each}" for each in sorted(map(str, self.extra))]
        return f"{self.kind} {self.error} {' '.join(shown)}".strip()


@dataclass
class Proofs:
    """What became of the revisions of one history, by id, and why not all of them could be run."""

    of: dict[str, Proof] = field(default_factory=dict)
    problem: str = ""


def prove(entry: Entry, settings: Settings) -> Proofs:
    """Run one history, once more with stand-ins where it does not load or not run to its end without."""
    warnings.simplefilter("ignore")
    plain = _attempt(entry, settings, has_stand_ins=False)
    if not plain.problem:
        return plain
    helped = _attempt(entry, settings, has_stand_ins=True)
    return plain if len(plain.of) > len(helped.of) else helped


def _attempt(entry: Entry, settings: Settings, *, has_stand_ins: bool) -> Proofs:
    reading = read_history(entry, "postgresql", settings.corpus)
    proofs = Proofs()
    with scratch_database(settings) as (url, _), _trial_database(settings, url) as trial:
        todo = Trial(**asdict(task(entry, settings, reading, url, has_stand_ins)), trial=trial.url)
        with child(todo, settings.python, "returning.py") as process:
            watchdog = threading.Timer(settings.timeout, process.kill)
            watchdog.start()
            assert process.stdout
            seen: list[Catalogue] = []
            for line in process.stdout:
                message = json.loads(line)
                step, revision, why = message["step"], message["revision"], message["why"]
                if step == "loading":
                    proofs.problem = why
                    break
                if step == "before":
                    trial.copy()
                    seen = []
                if step != "after":
                    seen.append(trial.catalogue())
                if step == "again" or (why and step != "after"):
                    proofs.of[revision] = judged(step, why, seen)
                if step == "after" and why:
                    proofs.problem = why
                print(file=process.stdin, flush=True)
            if not watchdog.is_alive():
                proofs.problem = f"takes more than {settings.timeout:.0f} s"
            watchdog.cancel()
    return proofs


def judged(step: str, why: str, seen: list[Catalogue]) -> Proof:
    """What became of a revision, from the last step and the schemas before it and after each."""
    if step == "upgrade":
        return Proof("upgrade-raises", why)
    if step == "downgrade":
        return Proof("downgrade-raises", why)
    before, there, back = seen[:3]
    missing, extra = before - back, back - before
    if not missing and not extra and not why:
        return Proof("clean")
    if there == back:
        return Proof("downgrade-changes-nothing", why, missing, extra)
    return Proof("second-upgrade-raises" if why else "schema-not-restored", why, missing, extra)


class _Trial:
    """The database on which a round trip is tried: a copy of the scratch database, which nobody may be using."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.dsn = settings.dsn
        self.template = url.partition("@/")[2].partition("?")[0]
        self.name = f"{self.template}_trial"
        self.url = url.replace(f"@/{self.template}?", f"@/{self.name}?")

    def copy(self) -> None:
        """Make it what the scratch database is."""
        self.drop()
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", self.name, self.template)

    def drop(self) -> None:
        """Take it away."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)

    def catalogue(self) -> Catalogue:
        """All that is in it."""
        with psycopg.connect(self.dsn, dbname=self.name) as connection:
            rows = connection.execute(CATALOGUE).fetchall()
        return frozenset(each for each in rows if not str(each[2]).startswith(VERSION_TABLE))

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(end, [self.template])
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def _trial_database(settings: Settings, url: str) -> Iterator[_Trial]:
    trial = _Trial(settings, url)
    try:
        yield trial
    finally:
        trial.drop()
