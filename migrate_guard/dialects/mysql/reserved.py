"""Words that MySQL and MariaDB reserve, by version.

MySQL 5.7, 8.0, 8.4 and 9.x. Source: the words marked (R) under "Keywords and Reserved Words" in the reference manuals
of 5.7 (section 9.3), 8.0 (11.3, with its notes "added in", "became reserved in", "became nonreserved in") and 9.5
(11.3, with its lists of words that are new or gone since 8.4), and "What Is New in MySQL 8.4". They do not date EXCEPT
(taken as 8.0), LIBRARY (9.2, with CREATE LIBRARY) and EXTERNAL (9.4, with CREATE EXTERNAL TABLE); changes before the
first stable release of 5.7 are left out. information_schema.keywords is no source: from 8.4 on it calls CUBE, MANUAL,
PARALLEL, QUALIFY and TABLESAMPLE unreserved (bug 114874).

MariaDB 10.6 and later. Source: every word of information_schema.keywords and sql_functions and every word that MySQL
reserves, unquoted, tried as a new column, as a new table and as a column that is read, on servers 10.5.23, 10.11.19 and
11.8.6 in the default sql_mode. A word that differs between two of them carries the release that brought its syntax:
OFFSET 10.6, ROW_NUMBER 10.7, MASTER_DEMOTE_TO_... 10.10, SQL_..._GTIDS 11.3, VECTOR 11.7. What freed DATABASE, SCHEMA
and MASTER_SSL_VERIFY_SERVER_CERT was not found, so they carry the first of the servers that took them. The manual's
"Reserved Words" adds that ACCESSIBLE is free from 12.0 on; nothing else is known of 12.x.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

_ALWAYS: Mapping[str, str] = {
    "mysql": """
        _filename accessible add all alter analyze and as asc asensitive before between bigint binary blob both
        by call cascade case change char character check collate column condition constraint continue convert
        create cross current_date current_time current_timestamp current_user cursor database databases day_hour
        day_microsecond day_minute day_second dec decimal declare default delayed delete desc describe
        deterministic distinct distinctrow div double drop dual each else elseif enclosed escaped exists exit
        explain false fetch float float4 float8 for force foreign from fulltext generated get grant group having
        high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive
        insert int int1 int2 int3 int4 int8 integer interval into io_after_gtids io_before_gtids is iterate join
        key keys kill leading leave left like limit linear lines load localtime localtimestamp lock long
        longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint
        minute_microsecond minute_second mod modifies natural no_write_to_binlog not null numeric on optimize
        optimizer_costs option optionally or order out outer outfile partition precision primary procedure purge
        range read read_write reads real references regexp release rename repeat replace require resignal
        restrict return revoke right rlike schema schemas second_microsecond select sensitive separator set show
        signal smallint spatial specific sql sql_big_result sql_calc_found_rows sql_small_result sqlexception
        sqlstate sqlwarning ssl starting stored straight_join table terminated then tinyblob tinyint tinytext to
        trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time
        utc_timestamp values varbinary varchar varcharacter varying virtual when where while with write xor
        year_month zerofill
    """,
    "mariadb": """
        _filename add all alter analyze and as asc asensitive before between bigint binary blob both by call
        cascade case change char character check collate column condition constraint continue convert create
        cross current_date current_role current_time current_timestamp current_user cursor databases day_hour
        day_microsecond day_minute day_second dec decimal declare default delayed delete delete_domain_id desc
        describe deterministic distinct distinctrow div do_domain_ids double drop dual each else elseif enclosed
        escaped except exists exit explain false fetch float float4 float8 for force foreign from fulltext grant
        group having high_priority hour_microsecond hour_minute hour_second if ignore ignore_domain_ids in index
        infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is
        iterate join key keys kill leading leave left like limit linear lines load localtime localtimestamp lock
        long longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint
        minute_microsecond minute_second mod modifies natural no_write_to_binlog not null numeric on optimize
        optionally or order out outer outfile over page_checksum parse_vcol_expr partition portion precision
        primary procedure purge range read read_write reads real recursive ref_system_id references regexp
        release rename repeat replace require resignal restrict return returning revoke right rlike rows schemas
        second_microsecond select sensitive separator set show signal smallint spatial specific sql
        sql_big_result sql_calc_found_rows sql_small_result sqlexception sqlstate sqlwarning ssl starting
        stats_auto_recalc stats_persistent stats_sample_pages straight_join table terminated then tinyblob
        tinyint tinytext to trailing trigger true undo union unique unlock unsigned update usage use using
        utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying when where while with
        write xor year_month zerofill
    """,
}

# Word, first version that reserves it, first version that no longer does.
_CHANGED: Mapping[str, Sequence[tuple[str, tuple[int, ...], tuple[int, ...] | None]]] = {
    "mysql": (
        ("admin", (8, 0, 1), (8, 0, 12)),
        ("array", (8, 0, 17), (8, 0, 19)),
        ("cube", (8, 0, 1), None),
        ("cume_dist", (8, 0, 2), None),
        ("dense_rank", (8, 0, 2), None),
        ("empty", (8, 0, 4), None),
        ("except", (8, 0), None),
        ("external", (9, 4), None),
        ("first_value", (8, 0, 2), None),
        ("function", (8, 0, 1), None),
        ("grouping", (8, 0, 1), None),
        ("groups", (8, 0, 2), None),
        ("intersect", (8, 0, 31), None),
        ("json_table", (8, 0, 4), None),
        ("lag", (8, 0, 2), None),
        ("last_value", (8, 0, 2), None),
        ("lateral", (8, 0, 14), None),
        ("lead", (8, 0, 2), None),
        ("library", (9, 2), None),
        ("manual", (8, 4), None),
        ("master_bind", (5, 7), (8, 4)),
        ("master_ssl_verify_server_cert", (5, 7), (8, 4)),
        ("member", (8, 0, 17), (8, 0, 19)),
        ("nth_value", (8, 0, 2), None),
        ("ntile", (8, 0, 2), None),
        ("of", (8, 0, 1), None),
        ("over", (8, 0, 2), None),
        ("parallel", (8, 4), None),
        ("percent_rank", (8, 0, 2), None),
        ("persist", (8, 0), (8, 0, 16)),
        ("persist_only", (8, 0, 2), (8, 0, 16)),
        ("qualify", (8, 4), None),
        ("rank", (8, 0, 2), None),
        ("recursive", (8, 0, 1), None),
        ("row", (8, 0, 2), None),
        ("row_number", (8, 0, 2), None),
        ("rows", (8, 0, 2), None),
        ("system", (8, 0, 3), None),
        ("tablesample", (8, 4), None),
        ("window", (8, 0, 2), None),
    ),
    "mariadb": (
        ("accessible", (10, 0), (12, 0)),
        ("database", (10, 0), (10, 11)),
        ("master_demote_to_replica", (10, 10), None),
        ("master_demote_to_slave", (10, 10), None),
        ("master_ssl_verify_server_cert", (10, 0), (11, 8)),
        ("offset", (10, 6), None),
        ("row_number", (10, 7), None),
        ("schema", (10, 0), (10, 11)),
        ("sql_after_gtids", (11, 3), None),
        ("sql_before_gtids", (11, 3), None),
        ("vector", (11, 7), None),
    ),
}


@cache
def reserved_words(product: Literal["mysql", "mariadb"], version: tuple[int, ...]) -> frozenset[str]:
    """Return the lower-case words that need quotes as a table or column name in `version` of `product`.

    A shortened version stands for the newest release it covers: (8, 0) is the last of its series, () the newest of all.
    """
    changed = (
        word
        for word, since, until in _CHANGED[product]
        if since[: len(version)] <= version and (until is None or version < until[: len(version)])
    )
    return frozenset(_ALWAYS[product].split()).union(changed)
