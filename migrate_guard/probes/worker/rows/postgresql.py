"""The tables of a PostgreSQL database, read in one query (versions 12 to 18)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .expressions import with_value_named
from .shape import Check, Column, Key, Reference, Table, Type
from .statements import identifier, query

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CATALOGUE = """
WITH RECURSIVE relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition,
         CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END AS bounds
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), used(oid) AS (
  SELECT a.atttypid FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
  WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT inner_type.oid FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
    SELECT t.typelem AS oid WHERE t.typcategory = 'A'
    UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
    UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid
    UNION ALL SELECT a.atttypid FROM pg_attribute a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS inner_type
)
SELECT json_build_object(
  'default', current_schema(),
  'relations', (SELECT json_agg(json_build_array(oid::int8, nspname, relname, relkind, bounds)
                                ORDER BY nspname, relname) FROM relation),
  'columns', (SELECT json_agg(json_build_array(a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8, a.atttypmod,
                format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated)
                ORDER BY a.attrelid, a.attnum)
              FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
              WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped),
  'types', (SELECT json_agg(json_build_array(t.oid::int8, t.typname, t.typtype, t.typcategory, t.typelem::int8,
              t.typbasetype::int8, t.typtypmod, t.typnotnull, format_type(t.oid, NULL),
              format_type(t.typbasetype, t.typtypmod),
              (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
              (SELECT g.rngsubtype::int8 FROM pg_range g WHERE g.rngtypid = t.oid),
              (SELECT json_agg(json_build_array(a.atttypid::int8, format_type(a.atttypid, a.atttypmod))
                               ORDER BY a.attnum)
               FROM pg_attribute a
               WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
              (SELECT json_agg(pg_get_expr(k.conbin, 0)) FROM pg_constraint k
               WHERE k.contypid = t.oid AND k.contype = 'c')))
            FROM pg_type t JOIN used ON used.oid = t.oid),
  'constraints', (SELECT json_agg(json_build_array(k.conrelid::int8, k.contype, k.conkey, k.confrelid::int8, k.confkey,
                    k.confmatchtype,
                    CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END) ORDER BY k.oid)
                  FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
                  WHERE k.contype IN ('c', 'f', 'p')
                    AND NOT EXISTS (SELECT FROM pg_constraint up
                                    WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)),
  'keys', (SELECT json_agg(json_build_array(i.indrelid::int8,
             (SELECT json_agg(DISTINCT d.refobjsubid) FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0),
             (i.indkey::int2[])[0:i.indnkeyatts - 1],
             coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false)) ORDER BY i.indexrelid)
           FROM pg_index i JOIN relation r ON r.oid = i.indrelid
           WHERE i.indisunique OR i.indisexclusion),
  'tree', (SELECT json_agg(json_build_array(h.inhrelid::int8, h.inhparent::int8))
           FROM pg_inherits h JOIN relation r ON r.oid = h.inhparent WHERE r.relkind = 'p')
)::text
"""
"""pg_constraint has a copy of a foreign key for each partition that it refers to, with the first as its parent; an
index names the columns of its expressions and its predicate in pg_depend, unless a constraint owns it. What initdb has
made has numbers below 16384 (FirstNormalObjectId, access/transam.h)."""

_LIMITS = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}
_TEXTS = {"text", "varchar", "bpchar", "citext", "name", "char"}
_BY_NAME = {
    "bool": "boolean", "float4": "float", "float8": "float", "numeric": "numeric", "money": "money", "bytea": "bytes",
    "date": "date", "time": "time", "timetz": "timetz", "timestamp": "timestamp", "timestamptz": "timestamptz",
    "interval": "interval", "uuid": "uuid", "json": "json", "jsonb": "json", "xml": "xml", "bit": "bit",
    "varbit": "varbit", "inet": "inet", "cidr": "cidr", "macaddr": "macaddr", "macaddr8": "macaddr8",
    "tsvector": "tsvector", "tsquery": "tsquery", "point": "point", "line": "line", "lseg": "lseg", "box": "box",
    "path": "path", "polygon": "polygon", "circle": "circle", "hstore": "hstore", "ltree": "ltree",
    "oid": "oid", "pg_lsn": "pg_lsn", "vector": "vector", "geometry": "geometry", "geography": "geometry",
}  # fmt: skip
_MODIFIER = re.compile(r"\((\d+)(?:,(-?\d+))?\)")


def read(connection: Connection, version_table: str) -> list[Table]:
    """Return every table that is nobody's extension's, without the one that Alembic keeps its version in."""
    ((text,),) = query(connection, _CATALOGUE)
    return _Catalogue(json.loads(str(text))).tables(version_table)


class _Catalogue:
    """The answer, by the numbers that PostgreSQL gives its objects."""

    def __init__(self, answer: dict[str, list[list[object]]]) -> None:
        self._default = str(answer["default"])
        self._relations = {_number(row[0]): row[1:] for row in answer["relations"] or ()}
        self._types = {_number(row[0]): row[1:] for row in answer["types"] or ()}
        self._columns = _by_first(answer["columns"])
        self._constraints = _by_first(answer["constraints"])
        self._keys = _by_first(answer["keys"])
        self._children: dict[int, list[int]] = {}
        self._made: dict[tuple[int, str], Type] = {}
        for child, parent in answer["tree"] or ():
            self._children.setdefault(_number(parent), []).append(_number(child))

    def tables(self, version_table: str) -> list[Table]:
        tables = [self._table(number) for number in self._relations]
        return [table for table in tables if table.name.rpartition(".")[2] != version_table]

    def _name(self, number: int) -> str:
        schema, name = self._relations[number][:2]
        return str(name) if schema == self._default else f"{schema}.{name}"

    def _table(self, number: int) -> Table:
        schema, name, kind, bounds = self._relations[number]
        rows = self._columns.get(number, [])
        names = {_number(row[0]): str(row[1]) for row in rows}
        taken = [row for row in rows if not row[7]]
        domains = [check for row in taken for check in self._domain_checks(str(row[1]), _number(row[2]))]
        checks = [] if bounds is None else [Check(str(bounds), tuple(names.values()))]
        primary: tuple[str, ...] = ()
        references: list[Reference] = []
        for kind_of, key, target, target_key, match, expression in self._constraints.get(number, []):
            if kind_of == "c":
                checks.append(Check(str(expression), _named(names, key)))
            elif kind_of == "p":
                primary = _named(names, key)
            elif _number(target) in self._relations:
                targets = {_number(row[0]): str(row[1]) for row in self._columns[_number(target)]}
                references.append(
                    Reference(
                        _named(names, key), self._name(_number(target)), _named(targets, target_key), match == "f"
                    )
                )
        return Table(
            name=self._name(number),
            sql=f"{identifier(str(schema))}.{identifier(str(name))}",
            columns=tuple(
                Column(str(row[1]), self._type(_number(row[2]), str(row[4])), not (row[5] or self._is_filled(row[2])))
                for row in taken
            ),
            primary_key=primary,
            keys=tuple(
                Key(_named(names, by_index, by_expression), not none_twice)
                for by_expression, by_index, none_twice in self._keys.get(number, [])
            ),
            references=tuple(references),
            checks=(*domains, *checks),
            partitions=tuple(self._leaves(number)) if kind == "p" else None,
            overriding="OVERRIDING SYSTEM VALUE " if any(row[6] == "a" for row in taken) else "",
            all_columns=tuple(names.values()),
        )

    def _leaves(self, number: int) -> list[str]:
        leaves: list[str] = []
        for child in self._children.get(number, []):
            if child in self._relations:
                leaves += self._leaves(child) if self._relations[child][2] == "p" else [self._name(child)]
        return leaves

    def _domain_checks(self, column: str, number: int) -> list[Check]:
        _, kind, _, _, base, *_, checks = self._types[number]
        if kind != "d":
            return []
        own = [Check(with_value_named(str(text), identifier(column)), (column,)) for text in _list(checks)]
        return own + self._domain_checks(column, _number(base))

    def _is_filled(self, number: object) -> bool:
        """Tell a domain that is NOT NULL."""
        _, kind, _, _, base, _, is_filled, *_ = self._types[_number(number)]
        return kind == "d" and (bool(is_filled) or self._is_filled(base))

    def _type(self, number: int, text: str) -> Type:
        """The type of a column: most have one of a few."""
        if (number, text) not in self._made:
            self._made[number, text] = self._new_type(number, text)
        return self._made[number, text]

    def _new_type(self, number: int, text: str) -> Type:
        name, kind, category, element, base, _, _, plain, base_text, labels, subtype, fields, _ = self._types[number]
        if kind == "d":
            return self._type(_number(base), str(base_text))
        if kind == "e":
            return Type("enum", text, labels=tuple(map(str, _list(labels))))
        if kind == "r":
            inner = self._type(_number(subtype), str(self._types[_number(subtype)][7]))
            return Type("range", text, element=inner)
        if kind == "m":
            return Type("multirange", text)
        if kind == "c":
            parts = [pair for pair in _list(fields) if isinstance(pair, list)]
            return Type("composite", text, fields=tuple(self._type(_number(oid), str(shown)) for oid, shown in parts))
        if category == "A" and str(name).startswith("_"):
            return Type(
                "array", text, element=self._type(_number(element), text[: text.index("[")] if "[" in text else "")
            )
        return _base(str(name), str(plain), text)


def _base(name: str, plain: str, text: str) -> Type:
    """Make a type that is no other type's: by its name in pg_type, with the modifiers of its column."""
    modifier = _MODIFIER.search(text)
    first = int(modifier[1]) if modifier else None
    if plain in _LIMITS:
        return Type("integer", text, low=-_LIMITS[plain], high=_LIMITS[plain] - 1)
    if name in _TEXTS:
        length = {"name": 63, "char": 1}.get(name, first)
        return Type("text", text, length=1 if text == "character" else length)
    family = _BY_NAME.get(name, "other")
    if family == "numeric":
        scale = int(modifier[2] or 0) if modifier else None
        return Type(family, text, precision=first, scale=scale)
    if family == "bit":
        return Type(family, text, length=first or 1)
    if family in ("time", "timetz", "timestamp", "timestamptz", "interval"):
        return Type(family, text, precision=first)
    return Type(family, text, length=first)


def _by_first(rows: Sequence[list[object]] | None) -> dict[int, list[list[object]]]:
    grouped: dict[int, list[list[object]]] = {}
    for first, *rest in rows or ():
        grouped.setdefault(_number(first), []).append(rest)
    return grouped


def _named(names: dict[int, str], *numbers: object) -> tuple[str, ...]:
    ordered = dict.fromkeys(_number(number) for group in numbers for number in _list(group))
    return tuple(names[number] for number in ordered if number in names)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    assert isinstance(value, int), value
    return value
