"""Schemas, extensions and what few projects have, as further branches of the query for a PostgreSQL database."""

from __future__ import annotations

OTHERS = """
  SELECT 'schema', CAST(n.nspname AS text), '', 'SCHEMA',
    CAST('pg_namespace' AS regclass), n.oid, 0, n.nspowner, n.nspacl, 'n'
  FROM ns n WHERE n.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_namespace' AS regclass))
  UNION ALL
  SELECT 'database', '', '', (
      SELECT string_agg(coalesce('FOR ' || r.rolname || ' ', '') || 'SET ' || o, chr(10) ORDER BY r.rolname, o)
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) o
      WHERE s.setdatabase = d.oid
    ), CAST('pg_database' AS regclass), d.oid, 0, NULL, NULL, ''
  FROM pg_database d WHERE d.datname = current_database()
  UNION ALL
  SELECT 'extension', CAST(e.extname AS text), '', 'VERSION ' || e.extversion || chr(10) || 'SCHEMA ' || n.nspname,
    CAST('pg_extension' AS regclass), e.oid, 0, e.extowner, NULL, ''
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  UNION ALL
  SELECT 'event trigger', CAST(e.evtname AS text), '', concat_ws(chr(10), 'ON ' || e.evtevent,
      'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')',
      'EXECUTE FUNCTION ' || CAST(e.evtfoid AS regprocedure),
      CASE e.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END
    ), CAST('pg_event_trigger' AS regclass), e.oid, 0, e.evtowner, NULL, ''
  FROM pg_event_trigger e
  WHERE e.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_event_trigger' AS regclass))
  UNION ALL
  SELECT 'publication', CAST(p.pubname AS text), '', concat_ws(chr(10),
      CASE WHEN p.puballtables THEN 'FOR ALL TABLES' END,
      (SELECT string_agg(each, chr(10) ORDER BY each) FROM (
        SELECT 'TABLE ' || r.name {published_rows_15} AS each
        FROM pg_publication_rel x JOIN rel r ON r.oid = x.prrelid WHERE x.prpubid = p.oid
        {published_schemas_15}) members),
      'PUBLISH ' || concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
        CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END)
    ), CAST('pg_publication' AS regclass), p.oid, 0, p.pubowner, NULL, ''
  FROM pg_publication p
  UNION ALL
  SELECT 'foreign-data wrapper', CAST(w.fdwname AS text), '', concat_ws(chr(10),
      CASE WHEN w.fdwhandler <> 0 THEN 'HANDLER ' || CAST(w.fdwhandler AS regproc) END,
      CASE WHEN w.fdwvalidator <> 0 THEN 'VALIDATOR ' || CAST(w.fdwvalidator AS regproc) END,
      'OPTIONS (' || array_to_string(w.fdwoptions, ', ') || ')'
    ), CAST('pg_foreign_data_wrapper' AS regclass), w.oid, 0, w.fdwowner, w.fdwacl, 'F'
  FROM pg_foreign_data_wrapper w
  WHERE w.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_foreign_data_wrapper' AS regclass))
  UNION ALL
  SELECT 'foreign server', CAST(s.srvname AS text), '', concat_ws(chr(10), 'FOREIGN DATA WRAPPER ' || w.fdwname,
      'TYPE ' || s.srvtype, 'VERSION ' || s.srvversion, 'OPTIONS (' || array_to_string(s.srvoptions, ', ') || ')'
    ), CAST('pg_foreign_server' AS regclass), s.oid, 0, s.srvowner, s.srvacl, 'S'
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  UNION ALL
  SELECT 'user mapping', CAST(u.srvname AS text), CAST(u.usename AS text),
    'OPTIONS (' || coalesce(array_to_string(u.umoptions, ', '), '') || ')', 0, 0, 0, NULL, NULL, ''
  FROM pg_user_mappings u
  UNION ALL
  SELECT 'operator', n.prefix || o.oprname || ' (' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE
      format_type(o.oprleft, NULL) END || ', ' || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE
      format_type(o.oprright, NULL) END || ')', '', concat_ws(chr(10),
      'FUNCTION ' || o.oprcode, CASE WHEN o.oprcom <> 0 THEN 'COMMUTATOR ' || CAST(o.oprcom AS regoper) END,
      CASE WHEN o.oprnegate <> 0 THEN 'NEGATOR ' || CAST(o.oprnegate AS regoper) END,
      CASE WHEN o.oprrest <> 0 THEN 'RESTRICT ' || o.oprrest END,
      CASE WHEN o.oprjoin <> 0 THEN 'JOIN ' || o.oprjoin END,
      CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END
    ), CAST('pg_operator' AS regclass), o.oid, 0, o.oprowner, NULL, ''
  FROM pg_operator o JOIN ns n ON n.oid = o.oprnamespace
  WHERE o.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_operator' AS regclass))
  UNION ALL
  SELECT 'operator class', n.prefix || c.opcname || ' USING ' || m.amname, '', concat_ws(chr(10),
      'FOR TYPE ' || format_type(c.opcintype, NULL), CASE WHEN c.opcdefault THEN 'DEFAULT' END, 'FAMILY ' || f.opfname,
      (SELECT string_agg('OPERATOR ' || a.amopstrategy || ' ' || CAST(a.amopopr AS regoperator), chr(10)
        ORDER BY a.amopstrategy, CAST(CAST(a.amopopr AS regoperator) AS text))
        FROM pg_amop a WHERE a.amopfamily = f.oid),
      (SELECT string_agg('FUNCTION ' || a.amprocnum || ' ' || CAST(a.amproc AS regprocedure), chr(10)
        ORDER BY a.amprocnum, CAST(CAST(a.amproc AS regprocedure) AS text))
        FROM pg_amproc a WHERE a.amprocfamily = f.oid)
    ), CAST('pg_opclass' AS regclass), c.oid, 0, c.opcowner, NULL, ''
  FROM pg_opclass c JOIN ns n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
    JOIN pg_opfamily f ON f.oid = c.opcfamily
  WHERE c.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_opclass' AS regclass))
  UNION ALL
  SELECT 'operator family', n.prefix || f.opfname || ' USING ' || m.amname, '', 'OPERATOR FAMILY',
    CAST('pg_opfamily' AS regclass), f.oid, 0, f.opfowner, NULL, ''
  FROM pg_opfamily f JOIN ns n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
  WHERE f.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_opfamily' AS regclass))
  UNION ALL
  SELECT 'collation', n.prefix || c.collname, '', concat_ws(chr(10), 'PROVIDER ' || CAST(c.collprovider AS text),
      'LOCALE ' || coalesce({collation_locale_17}, CAST(c.collcollate AS text)), 'LC_CTYPE ' || c.collctype,
      CASE WHEN NOT c.collisdeterministic THEN 'NOT DETERMINISTIC' END, 'RULES ' || {collation_rules_16}
    ), CAST('pg_collation' AS regclass), c.oid, 0, c.collowner, NULL, ''
  FROM pg_collation c JOIN ns n ON n.oid = c.collnamespace
  WHERE c.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_collation' AS regclass))
  UNION ALL
  SELECT 'cast', format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL), '', concat_ws(chr(10),
      CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || CAST(c.castfunc AS regprocedure) WHEN 'i' THEN 'WITH INOUT'
        ELSE 'WITHOUT FUNCTION' END,
      CASE c.castcontext WHEN 'a' THEN 'AS ASSIGNMENT' WHEN 'i' THEN 'AS IMPLICIT' END
    ), CAST('pg_cast' AS regclass), c.oid, 0, NULL, NULL, ''
  FROM pg_cast c
  WHERE c.oid >= 16384 AND c.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_cast' AS regclass))
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = CAST('pg_cast' AS regclass) AND d.objid = c.oid AND d.deptype = 'i')
  UNION ALL
  SELECT 'text search dictionary', n.prefix || d.dictname, '', concat_ws(chr(10), 'TEMPLATE ' || t.tmplname,
      d.dictinitoption), CAST('pg_ts_dict' AS regclass), d.oid, 0, d.dictowner, NULL, ''
  FROM pg_ts_dict d JOIN ns n ON n.oid = d.dictnamespace JOIN pg_ts_template t ON t.oid = d.dicttemplate
  WHERE d.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_ts_dict' AS regclass))
  UNION ALL
  SELECT 'text search configuration', n.prefix || c.cfgname, '', concat_ws(chr(10), 'PARSER ' || p.prsname,
      (SELECT string_agg(m.maptokentype || ' ' || m.mapseqno || ' ' || CAST(m.mapdict AS regdictionary), chr(10)
        ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)
    ), CAST('pg_ts_config' AS regclass), c.oid, 0, c.cfgowner, NULL, ''
  FROM pg_ts_config c JOIN ns n ON n.oid = c.cfgnamespace JOIN pg_ts_parser p ON p.oid = c.cfgparser
  WHERE c.oid NOT IN (SELECT objid FROM ext WHERE classid = CAST('pg_ts_config' AS regclass))
  UNION ALL
  SELECT 'default privileges', coalesce(n.nspname, ''), CASE d.defaclobjtype WHEN 'r' THEN 'tables'
      WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
      ELSE CAST(d.defaclobjtype AS text) END || ' of ' || pg_get_userbyid(d.defaclrole),
    (SELECT string_agg('GRANT ' || g.privilege_type || ' TO '
        || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE CAST(pg_get_userbyid(g.grantee) AS text) END
        || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
      chr(10) ORDER BY g.grantee, g.privilege_type) FROM aclexplode(d.defaclacl) g),
    0, 0, 0, NULL, NULL, ''
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
"""
