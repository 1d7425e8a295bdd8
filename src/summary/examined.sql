-- For doctor(): summaries that no longer count, or cannot be read.

CREATE FUNCTION rbac._examine_summaries() RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH summary AS (
        SELECT s.id, s.view::text AS name, s.source::oid AS source, s.pending::oid AS pending FROM rbac.summaries AS s
        WHERE EXISTS (SELECT FROM pg_class WHERE oid = s.source)
    ),
    member AS (
        SELECT s.*, s.source AS tbl FROM summary AS s
        UNION
        SELECT s.*, p.relid FROM summary AS s, pg_partition_tree(s.source) AS p
    ),
    wanted AS (
        SELECT m.*, format('rbac_summary_%s_%s', m.id, t.suffix) AS trigger
        FROM member AS m, (VALUES ('rows', false), ('end', false), ('truncate', false), ('truncated', true)) AS t (suffix, of_source_only)
        WHERE NOT t.of_source_only OR m.tbl = m.source
    )
    SELECT 'warning', 'summary_is_off', w.tbl::regclass::text,
        format('A trigger of summary "%s" is %s, so rows that are written can go uncounted.', w.name,
            CASE WHEN g.oid IS NULL THEN 'missing' WHEN g.tgenabled = 'D' THEN 'disabled' ELSE 'not ENABLE ALWAYS' END),
        format('SELECT rbac.rebuild_summary(%L);', w.name)
    FROM wanted AS w LEFT JOIN pg_trigger AS g ON g.tgrelid = w.tbl AND g.tgname = w.trigger
    WHERE g.tgenabled IS DISTINCT FROM 'A'
    UNION
    SELECT 'warning', 'summary_is_shut', s.name,
        format('Row-level security of table "%s" is not that which was carried over, so nobody whom it binds can read the summary.', s.source::regclass),
        format('SELECT rbac.rebuild_summary(%L);', s.name)
    FROM summary AS s
    WHERE NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = s.pending
        AND strpos(pg_get_expr(p.polqual, p.polrelid), rbac._sight_of(s.source)) > 0);
$$;
COMMENT ON FUNCTION rbac._examine_summaries() IS
'For doctor(): summaries whose triggers are missing, disabled, or do not always fire, and those that do not know the present row-level security of their source.';

REVOKE ALL ON FUNCTION rbac._examine_summaries() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._examine_summaries() TO PUBLIC;
