"""The catalogue of a PostgreSQL database (12 to 18), in one query.

The facts are those of the manual's chapter "System Catalogs" of each version. A definition is what the server itself
prints (`pg_get_constraintdef`, `pg_get_indexdef`, `pg_get_functiondef` …), a clause a line. What the server makes of
its own accord for another object (constraints, indexes and triggers of a partition, array and multirange types, NOT
NULL constraints as rows of `pg_constraint`, which 18 added) is said by that object. Roles belong to the server.

The text has neither `%` nor a colon: drivers take them for parameters.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .postgresql_others import OTHERS
from .postgresql_since import SINCE
from .postgresql_types import ROUTINES, TYPES

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Key = tuple[str, str, str]

_PREPARED = "migrate_guard_catalogue"


def entries(connection: Connection) -> dict[Key, str]:
    """Return the definition of everything in the database that is neither the server's own nor
    of an extension.
    """
    # Compiling so long a query takes a hundred times as long as running it.
    connection.exec_driver_sql("SET jit TO off")
    version = connection.dialect.server_version_info or (12,)
    text = query(int(version[0]))
    if type(connection.engine.pool).__name__ != "NullPool":
        # Planning takes as long as running: it is done once for a connection that stays.
        if _PREPARED not in connection.info:
            connection.exec_driver_sql(f"PREPARE {_PREPARED} AS {text}")
            connection.info[_PREPARED] = True
        text = f"EXECUTE {_PREPARED}"
    rows: list[list[str]] = json.loads(connection.exec_driver_sql(text).scalar_one())
    return {(kind, owner, part): definition for kind, owner, part, definition in rows}


def query(version: int) -> str:
    """Return the query for a major version; it gives a JSON array of arrays of four texts."""
    text = _QUERY
    for newer, placeholders in sorted(SINCE.items(), reverse=True):
        for name, (since, before) in placeholders.items():
            text = text.replace("{" + name + "}", since if version >= newer else before)
    return text


_QUERY = (
    """
WITH ext AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), ns AS MATERIALIZED (
  SELECT oid, nspname, nspowner, nspacl,
    CASE WHEN nspname = current_schema() THEN '' ELSE nspname || '.' END AS prefix
  FROM pg_namespace
  WHERE NOT starts_with(CAST(nspname AS text), 'pg_') AND nspname <> 'information_schema'
), rel AS MATERIALIZED (
  SELECT c.oid, n.prefix || c.relname AS name, c.relkind, c.relowner, c.relacl, c.relpersistence, c.relreplident,
    c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relpartbound, c.reloptions, c.reltablespace,
    c.reloftype, c.relam, c.reltoastrelid, c.relispopulated,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
      WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'table' END AS kind
  FROM pg_class c JOIN ns n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    AND c.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_class' AS regclass))
), objects (kind, owner, part, definition, classid, objid, objsubid, role, acl, acltype) AS MATERIALIZED (
  SELECT r.kind, r.name, '', concat_ws(chr(10),
      CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
      CASE WHEN r.relkind IN ('r', 'p') THEN 'TABLE' END,
      CASE WHEN r.relkind = 'f' THEN (
        SELECT concat_ws(chr(10), 'SERVER ' || s.srvname, 'OPTIONS (' || array_to_string(f.ftoptions, ', ') || ')')
        FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid) END,
      CASE WHEN r.reloftype <> 0 THEN 'OF ' || format_type(r.reloftype, NULL) END,
      (SELECT CASE WHEN r.relispartition THEN 'PARTITION OF ' ELSE 'INHERITS ' END
          || string_agg(p.name, ', ' ORDER BY i.inhseqno)
        FROM pg_inherits i JOIN rel p ON p.oid = i.inhparent WHERE i.inhrelid = r.oid),
      CASE WHEN r.relispartition THEN pg_get_expr(r.relpartbound, r.oid) END,
      CASE WHEN r.relkind = 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(r.oid) END,
      CASE WHEN r.relkind IN ('v', 'm') THEN 'AS ' || btrim(pg_get_viewdef(r.oid)) END,
      CASE WHEN NOT r.relispopulated THEN 'WITH NO DATA' END,
      (SELECT 'USING ' || m.amname FROM pg_am m
        WHERE m.oid = r.relam AND m.amname <> current_setting('default_table_access_method')),
      (SELECT 'WITH (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(r.reloptions) o),
      (SELECT 'WITH (' || string_agg('toast.' || o, ', ' ORDER BY o) || ')'
        FROM pg_class t, unnest(t.reloptions) o WHERE r.reltoastrelid <> 0 AND t.oid = r.reltoastrelid),
      (SELECT 'TABLESPACE ' || s.spcname FROM pg_tablespace s WHERE s.oid = r.reltablespace),
      CASE WHEN r.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
      CASE WHEN r.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
      CASE WHEN r.relkind IN ('r', 'p', 'm') THEN
        CASE r.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
          WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX' END END
    ), CAST(CAST('pg_class' AS regclass) AS oid), r.oid, 0, r.relowner, r.relacl, 'r'
  FROM rel r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
  SELECT 'column', r.name, CAST(a.attname AS text), CASE WHEN r.relkind IN ('r', 'p', 'f') THEN concat_ws(chr(10),
      format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attcollation <> t.typcollation THEN
        (SELECT 'COLLATE ' || quote_ident(c.collname) FROM pg_collation c WHERE c.oid = a.attcollation) END,
      {not_null_18},
      CASE WHEN a.atthasdef THEN CASE a.attgenerated
        WHEN 's' THEN 'GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
        WHEN 'v' THEN 'GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL'
        ELSE 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END END,
      CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'
        WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
      CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
        WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END END,
      {compression_14},
      CASE WHEN coalesce(a.attstattarget, -1) <> -1 THEN 'STATISTICS ' || a.attstattarget END,
      'OPTIONS (' || array_to_string(a.attoptions, ', ') || ')',
      'OPTIONS (' || array_to_string(a.attfdwoptions, ', ') || ')')
    ELSE 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
    CAST('pg_class' AS regclass), r.oid, a.attnum, NULL, a.attacl, 'c'
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'f', 'v', 'm')
  UNION ALL
  SELECT 'constraint', r.name, c.conname, concat_ws(chr(10),
      pg_get_constraintdef(c.oid),
      (SELECT 'WITH (' || string_agg(o, ', ' ORDER BY o) || ')' FROM unnest(k.reloptions) o),
      (SELECT 'TABLESPACE ' || s.spcname FROM pg_tablespace s WHERE s.oid = k.reltablespace),
      CASE WHEN i.indisclustered THEN 'CLUSTERED' END,
      CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END,
      CASE WHEN c.contype = 'f' AND c.oid IN (
        SELECT tgconstraint FROM pg_trigger WHERE tgisinternal AND tgenabled = 'D') THEN 'DISABLED' END
    ), CAST('pg_constraint' AS regclass), c.oid, 0, NULL, NULL, ''
  FROM rel r JOIN pg_constraint c ON c.conrelid = r.oid
    LEFT JOIN pg_class k ON k.oid = c.conindid AND c.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_index i ON i.indexrelid = k.oid
  WHERE c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conparentid = 0
  UNION ALL
  SELECT 'index', r.name, c.relname, concat_ws(chr(10),
      CASE WHEN i.indisunique THEN 'UNIQUE' END,
      substring(pg_get_indexdef(c.oid) FROM ' USING (.*)'),
      (SELECT 'TABLESPACE ' || s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
      CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
      CASE WHEN NOT i.indisready THEN 'NOT READY' END,
      CASE WHEN i.indisclustered THEN 'CLUSTERED' END,
      CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END
    ), CAST('pg_class' AS regclass), c.oid, 0, NULL, NULL, ''
  FROM rel r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT c.relispartition AND c.oid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 'sequence', r.name, '', concat_ws(chr(10),
      CASE WHEN r.relpersistence = 'u' AND o.oid IS NULL THEN 'UNLOGGED' END,
      'AS ' || format_type(s.seqtypid, NULL),
      'START WITH ' || s.seqstart, 'INCREMENT BY ' || s.seqincrement, 'MINVALUE ' || s.seqmin, 'MAXVALUE ' || s.seqmax,
      CASE WHEN s.seqcache <> 1 THEN 'CACHE ' || s.seqcache END, CASE WHEN s.seqcycle THEN 'CYCLE' END,
      'OWNED BY ' || o.name || '.' || a.attname
    ), CAST('pg_class' AS regclass), r.oid, 0, r.relowner, r.relacl, 's'
  FROM rel r JOIN pg_sequence s ON s.seqrelid = r.oid
    LEFT JOIN pg_depend d ON d.classid = CAST('pg_class' AS regclass) AND d.objid = r.oid
      AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN rel o ON o.oid = d.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  UNION ALL
  SELECT 'trigger', r.name, t.tgname, concat_ws(chr(10), pg_get_triggerdef(t.oid),
      CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    ), CAST('pg_trigger' AS regclass), t.oid, 0, NULL, NULL, ''
  FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid
  WHERE NOT t.tgisinternal AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = CAST('pg_trigger' AS regclass) AND d.objid = t.oid AND d.deptype = 'P')
  UNION ALL
  SELECT 'rule', r.name, u.rulename, concat_ws(chr(10), pg_get_ruledef(u.oid),
      CASE u.ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    ), CAST('pg_rewrite' AS regclass), u.oid, 0, NULL, NULL, ''
  FROM rel r JOIN pg_rewrite u ON u.ev_class = r.oid
  WHERE u.rulename <> '_RETURN'
  UNION ALL
  SELECT 'policy', r.name, p.polname, concat_ws(chr(10),
      CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
      'FOR ' || CASE p.polcmd
        WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      'TO ' || (SELECT string_agg(CASE WHEN o = 0 THEN 'PUBLIC' ELSE CAST(pg_get_userbyid(o) AS text) END, ', '
        ORDER BY CAST(pg_get_userbyid(o) AS text)) FROM unnest(p.polroles) o),
      'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
      'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    ), CAST('pg_policy' AS regclass), p.oid, 0, NULL, NULL, ''
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'statistics', r.name, s.stxname, concat_ws(chr(10),
      pg_get_statisticsobjdef(s.oid),
      CASE WHEN coalesce({statistics_target_13}, -1) <> -1 THEN 'STATISTICS ' || {statistics_target_13} END
    ), CAST('pg_statistic_ext' AS regclass), s.oid, 0, s.stxowner, NULL, ''
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
"""
    + TYPES
    + ROUTINES
    + OTHERS
    + """
)
SELECT CAST(coalesce(json_agg(json_build_array(kind, owner, part, definition)), '[]') AS text)
FROM (
  SELECT kind, owner, part, definition FROM objects WHERE definition IS NOT NULL
  UNION ALL
  SELECT o.kind || ' comment', o.owner, o.part, d.description
  FROM objects o JOIN pg_description d ON d.classoid = o.classid AND d.objoid = o.objid AND d.objsubid = o.objsubid
  UNION ALL
  SELECT kind || ' owner', owner, part, pg_get_userbyid(role)
  FROM objects WHERE role <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
  UNION ALL
  SELECT kind, owner, part, definition FROM (
    SELECT o.kind || ' privileges' AS kind, o.owner, o.part, (
      SELECT string_agg(word || ' ' || p.privilege_type || preposition
          || CASE WHEN p.grantee = 0 THEN 'PUBLIC' ELSE CAST(pg_get_userbyid(p.grantee) AS text) END
          || CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
          || CASE WHEN p.grantor = o.role THEN '' ELSE ' GRANTED BY ' || pg_get_userbyid(p.grantor) END,
        chr(10) ORDER BY word, p.grantee, p.privilege_type)
      FROM (
        SELECT 'GRANT' AS word, ' TO ' AS preposition, g.* FROM (
          SELECT * FROM aclexplode(o.acl) EXCEPT SELECT * FROM aclexplode(o.usual)) g
        UNION ALL
        SELECT 'REVOKE', ' FROM ', g.* FROM (
          SELECT * FROM aclexplode(o.usual) EXCEPT SELECT * FROM aclexplode(o.acl)) g
      ) p
    ) AS definition
    FROM (
      SELECT kind, owner, part, acl, coalesce(role, (SELECT relowner FROM rel WHERE oid = objid)) AS role,
        acldefault(CAST(acltype AS "char"), coalesce(role, (SELECT relowner FROM rel WHERE oid = objid))) AS usual
      FROM objects WHERE acl IS NOT NULL AND acltype <> ''
    ) o
  ) p WHERE definition IS NOT NULL
) everything
"""
)
