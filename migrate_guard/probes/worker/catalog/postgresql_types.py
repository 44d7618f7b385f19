"""Types and routines, as further branches of the query for a PostgreSQL database."""

from __future__ import annotations

TYPES = """
  SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'type' END,
    n.prefix || t.typname, '', CASE t.typtype
      WHEN 'e' THEN (SELECT coalesce(string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), '')
        FROM pg_enum e WHERE e.enumtypid = t.oid)
      WHEN 'd' THEN concat_ws(chr(10), format_type(t.typbasetype, t.typtypmod),
        (SELECT 'COLLATE ' || quote_ident(c.collname) FROM pg_collation c JOIN pg_type b ON b.oid = t.typbasetype
          WHERE c.oid = t.typcollation AND b.typcollation <> t.typcollation),
        CASE WHEN t.typnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault))
      WHEN 'r' THEN (SELECT concat_ws(chr(10), 'SUBTYPE ' || format_type(g.rngsubtype, NULL),
          (SELECT 'SUBTYPE_OPCLASS ' || c.opcname FROM pg_opclass c WHERE c.oid = g.rngsubopc AND NOT c.opcdefault),
          (SELECT 'COLLATION ' || quote_ident(c.collname) FROM pg_collation c JOIN pg_type b ON b.oid = g.rngsubtype
            WHERE c.oid = g.rngcollation AND b.typcollation <> g.rngcollation),
          CASE WHEN g.rngcanonical <> 0 THEN 'CANONICAL ' || g.rngcanonical END,
          CASE WHEN g.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF ' || g.rngsubdiff END)
        FROM pg_range g WHERE g.rngtypid = t.oid)
      ELSE concat_ws(chr(10), CASE WHEN NOT t.typisdefined THEN 'SHELL' END, 'INPUT ' || t.typinput,
        'OUTPUT ' || t.typoutput,
        'INTERNALLENGTH ' || t.typlen, 'STORAGE ' || CAST(t.typstorage AS text), 'DEFAULT ' || t.typdefault)
    END, CAST(CAST('pg_type' AS regclass) AS oid), t.oid, 0, t.typowner, t.typacl, 'T'
  FROM pg_type t JOIN ns n ON n.oid = t.typnamespace
  WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype IN ('b', 'p') AND t.typcategory <> 'A')
    AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_type' AS regclass))
  UNION ALL
  SELECT 'domain constraint', n.prefix || t.typname, c.conname, pg_get_constraintdef(c.oid),
    CAST('pg_constraint' AS regclass), c.oid, 0, NULL, NULL, ''
  FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid JOIN ns n ON n.oid = t.typnamespace
  WHERE c.contype = 'c' AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_type' AS regclass))
"""
"""Enum, domain, range and base types. Row types of tables, arrays and multiranges come with their own."""

ROUTINES = """
  SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
    n.prefix || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', '',
    CASE WHEN p.prokind = 'a' THEN (
      SELECT concat_ws(chr(10), 'RETURNS ' || pg_get_function_result(p.oid), 'SFUNC ' || a.aggtransfn,
        'STYPE ' || format_type(a.aggtranstype, NULL), 'KIND ' || CAST(a.aggkind AS text),
        CASE WHEN a.aggtransspace <> 0 THEN 'SSPACE ' || a.aggtransspace END,
        CASE WHEN a.aggfinalfn <> 0 THEN 'FINALFUNC ' || a.aggfinalfn END,
        CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
        CASE WHEN a.aggcombinefn <> 0 THEN 'COMBINEFUNC ' || a.aggcombinefn END,
        CASE WHEN a.aggserialfn <> 0 THEN 'SERIALFUNC ' || a.aggserialfn END,
        CASE WHEN a.aggdeserialfn <> 0 THEN 'DESERIALFUNC ' || a.aggdeserialfn END,
        CASE WHEN a.aggmtransfn <> 0 THEN 'MSFUNC ' || a.aggmtransfn END,
        CASE WHEN a.aggminvtransfn <> 0 THEN 'MINVFUNC ' || a.aggminvtransfn END,
        CASE WHEN a.aggmfinalfn <> 0 THEN 'MFINALFUNC ' || a.aggmfinalfn END,
        CASE WHEN a.aggmtranstype <> 0 THEN 'MSTYPE ' || format_type(a.aggmtranstype, NULL) END,
        CASE WHEN a.aggsortop <> 0 THEN 'SORTOP ' || CAST(a.aggsortop AS regoperator) END,
        'INITCOND ' || a.agginitval, 'MINITCOND ' || a.aggminitval,
        CASE p.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' END)
      FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
    ELSE pg_get_functiondef(p.oid) END,
    CAST('pg_proc' AS regclass), p.oid, 0, p.proowner, p.proacl, 'f'
  FROM pg_proc p JOIN ns n ON n.oid = p.pronamespace
  WHERE p.oid >= 16384
    AND p.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_proc' AS regclass)) AND NOT EXISTS (
    SELECT FROM pg_depend d
    WHERE d.classid = CAST('pg_proc' AS regclass) AND d.objid = p.oid AND d.deptype = 'i')
"""
"""Functions, procedures and aggregates; not those that come with a range type, which depend on it internally."""
