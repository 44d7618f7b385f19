"""What of the catalogue of a PostgreSQL database has changed since a transaction, as a query.

A row of a catalogue that is written has the number of the transaction that wrote it (`xmin`; manual, 5.5 System
Columns); one that is deleted is missed by counting, but for those that last as long as their table. The rows are those
that a definition is made of, by the relation whose definition it is; 0 stands for what is no relation's, whose name may
be part of any definition.
"""

from __future__ import annotations

_WITHOUT_INITDB = (
    "pg_enum", "pg_range", "pg_namespace", "pg_extension", "pg_event_trigger", "pg_publication",
    "pg_publication_rel", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_default_acl",
)  # fmt: skip
"""Catalogues of which nothing, or little, is there from the beginning."""
_WITH_INITDB = (
    "pg_proc", "pg_operator", "pg_opclass", "pg_opfamily", "pg_amop", "pg_amproc", "pg_collation", "pg_cast",
    "pg_ts_dict", "pg_ts_config",
)  # fmt: skip
"""Catalogues that initdb fills, with numbers below 16384 (FirstNormalObjectId, access/transam.h)."""

CHANGES = (
    """
WITH since AS MATERIALIZED (
  SELECT age(CAST($1 AS xid)) AS age
), part (rel, written) AS (
  SELECT oid, xmin FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  UNION ALL
  SELECT indrelid, xmin FROM pg_index WHERE indexrelid >= 16384
  UNION ALL
  SELECT adrelid, xmin FROM pg_attrdef
  UNION ALL
  SELECT conrelid, xmin FROM pg_constraint WHERE oid >= 16384
  UNION ALL
  SELECT tgrelid, xmin FROM pg_trigger
  UNION ALL
  SELECT tgconstrrelid, xmin FROM pg_trigger WHERE tgconstrrelid <> 0
  UNION ALL
  SELECT ev_class, xmin FROM pg_rewrite WHERE oid >= 16384
  UNION ALL
  SELECT polrelid, xmin FROM pg_policy
  UNION ALL
  SELECT stxrelid, xmin FROM pg_statistic_ext
  UNION ALL
  SELECT seqrelid, xmin FROM pg_sequence
  UNION ALL
  SELECT inhrelid, xmin FROM pg_inherits
  UNION ALL
  SELECT ftrelid, xmin FROM pg_foreign_table
  UNION ALL
  SELECT objid, xmin FROM pg_depend
  WHERE classid = CAST('pg_class' AS regclass) AND objid >= 16384 AND refobjsubid > 0 AND deptype IN ('a', 'i')
  UNION ALL
  SELECT CASE WHEN d.classoid = CAST('pg_class' AS regclass) THEN coalesce(i.indrelid, d.objoid) ELSE 0 END, d.xmin
  FROM pg_description d LEFT JOIN pg_index i ON i.indexrelid = d.objoid AND d.classoid = CAST('pg_class' AS regclass)
  WHERE d.objoid >= 16384
  UNION ALL
  SELECT 0, d.xmin FROM pg_namespace n JOIN pg_description d ON d.objoid = n.oid
  WHERE d.classoid = CAST('pg_namespace' AS regclass)
  UNION ALL
  SELECT 0, d.xmin FROM pg_extension e JOIN pg_description d ON d.objoid = e.oid
  WHERE d.classoid = CAST('pg_extension' AS regclass)
  UNION ALL
  SELECT CASE typtype WHEN 'c' THEN typrelid ELSE 0 END, xmin FROM pg_type
  WHERE oid >= 16384 AND (typtype IN ('c', 'e', 'd', 'r') OR typcategory <> 'A')
  UNION ALL
  SELECT 0, xmin FROM pg_aggregate WHERE CAST(aggfnoid AS oid) >= 16384
  UNION ALL
  SELECT 0, xmin FROM pg_depend WHERE refclassid = CAST('pg_extension' AS regclass) AND deptype = 'e'
  {changed_schemas_15}
  UNION ALL
  SELECT 0, xmin FROM pg_ts_config_map WHERE mapcfg >= 16384
"""
    + "".join(f"  UNION ALL\n  SELECT 0, xmin FROM {name}\n" for name in _WITHOUT_INITDB)
    + "".join(f"  UNION ALL\n  SELECT 0, xmin FROM {name} WHERE oid >= 16384\n" for name in _WITH_INITDB)
    + """), lasting (rel) AS (
  SELECT attrelid FROM pg_attribute, since WHERE attrelid >= 16384 AND attnum > 0 AND age(xmin) <= since.age
  UNION
  SELECT i.indrelid FROM since, pg_class k JOIN pg_index i ON i.indexrelid = k.oid
  WHERE k.oid >= 16384 AND k.relkind IN ('i', 'I') AND age(k.xmin) <= since.age
), changed AS (
  SELECT p.rel, count(*) AS number, bool_or(age(p.written) <= s.age) AS is_new FROM part p, since s GROUP BY p.rel
)
SELECT CAST(json_build_object(
  'next', CAST(txid_snapshot_xmin(txid_current_snapshot()) & 4294967295 AS text),
  'around', json_build_array(current_user, current_schemas(true), current_setting('default_table_access_method'),
    (SELECT json_agg(json_build_array(oid, rolname) ORDER BY oid) FROM pg_roles),
    (SELECT json_agg(json_build_array(oid, spcname) ORDER BY oid) FROM pg_tablespace),
    (SELECT json_agg(CAST(s AS text) ORDER BY CAST(s AS text)) FROM pg_db_role_setting s),
    (SELECT json_agg(CAST(u AS text) ORDER BY CAST(u AS text)) FROM pg_user_mappings u)),
  'is_exact', array_length(current_schemas(false), 1) = 1 AND NOT EXISTS (SELECT FROM pg_proc WHERE {has_body_14}),
  'rest', (SELECT json_build_array(number, is_new) FROM changed WHERE rel = 0),
  'relations', coalesce((SELECT json_agg(json_build_array(c.oid,
      CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname, g.number,
      g.is_new OR c.oid IN (SELECT rel FROM lasting),
      c.relkind IN ('v', 'm') OR c.relhasrules OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)))
    FROM changed g JOIN pg_class c ON c.oid = g.rel JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')), '[]')
) AS text)
"""
)
