"""What the query for a PostgreSQL database says otherwise from a version on."""

from __future__ import annotations

COMPRESSION = """
CASE a.attcompression WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END
"""

PUBLISHED_ROWS = """
|| coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) || ')'
  FROM pg_attribute a WHERE a.attrelid = x.prrelid AND a.attnum = ANY (x.prattrs)), '')
|| coalesce(' WHERE (' || pg_get_expr(x.prqual, x.prrelid) || ')', '')
"""

PUBLISHED_SCHEMAS = """
UNION ALL SELECT 'TABLES IN SCHEMA ' || n.nspname
FROM pg_publication_namespace x JOIN pg_namespace n ON n.oid = x.pnnspid WHERE x.pnpubid = p.oid
"""

NOT_NULL = """
CASE WHEN a.attnotnull THEN 'NOT NULL' || coalesce((
  SELECT CASE WHEN n.connoinherit THEN ' NO INHERIT' ELSE '' END
    || CASE WHEN n.convalidated THEN '' ELSE ' NOT VALID' END
  FROM pg_constraint n WHERE n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum), '') END
"""

SINCE: dict[int, dict[str, tuple[str, str]]] = {
    13: {"statistics_target_13": ("s.stxstattarget", "NULL")},
    14: {"compression_14": (COMPRESSION, "NULL"), "has_body_14": ("prosqlbody IS NOT NULL AND oid >= 16384", "false")},
    15: {
        "published_rows_15": (PUBLISHED_ROWS, ""),
        "published_schemas_15": (PUBLISHED_SCHEMAS, ""),
        "changed_schemas_15": ("UNION ALL SELECT 0, xmin FROM pg_publication_namespace", ""),
        "collation_locale_15": ("c.colliculocale", "NULL"),
    },
    16: {"collation_rules_16": ("c.collicurules", "NULL")},
    17: {"collation_locale_17": ("c.colllocale", "{collation_locale_15}")},
    18: {"not_null_18": (NOT_NULL, "CASE WHEN a.attnotnull THEN 'NOT NULL' END")},
}
"""Major version → name of a place in the query → what stands there from that version on, and what before it."""
