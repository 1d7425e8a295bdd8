-- The views that show a summary.
--
-- Groups with nothing pending are shown as they were folded, which is a scan of one
-- table. The others, few at any time, are put together from what was folded and
-- what is pending. A group is one of these if its slot is, which both branches
-- ask in one way, under one snapshot: each group comes from exactly one of them.

CREATE FUNCTION rbac._is_settled(slot integer, pending integer[]) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2
AS 'MODULE_PATHNAME', 'rbac_is_settled';
COMMENT ON FUNCTION rbac._is_settled(integer, integer[]) IS
'Is slot none of pending, which is in ascending order and has no NULLs?';

-- By group and status.
CREATE FUNCTION rbac._counts_query(s rbac.summaries) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key CONSTANT text := rbac._column_list(rbac._key_of(s));
    slots CONSTANT text := format('ARRAY(SELECT DISTINCT _slot FROM %s ORDER BY 1)', s.pending);
    result text;
BEGIN
    result := format($sql$
        SELECT %1$s, _count AS count FROM %2$s WHERE rbac._is_settled(_slot, %4$s)
        UNION ALL
        SELECT %1$s, sum(_count)::bigint FROM (
            SELECT %1$s, _count FROM %2$s WHERE _slot = ANY (%4$s)
            UNION ALL
            SELECT %1$s, _count FROM %3$s) AS parts
        GROUP BY %1$s HAVING sum(_count) <> 0
        $sql$, key, s.counts, s.pending, slots);
    IF s.hidden_columns <> '{}' THEN
        result := format('SELECT %1$s, sum(count)::bigint AS count FROM (%2$s) AS apart GROUP BY %1$s',
            rbac._column_list(s.group_columns || s.status_column), result);
    END IF;
    RETURN result;
END $$;
COMMENT ON FUNCTION rbac._counts_query(rbac.summaries) IS
'What the view of a summary shows by group and status.';

-- By group.
CREATE FUNCTION rbac._totals_query(s rbac.summaries) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    apart CONSTANT name[] := s.group_columns || s.hidden_columns;
    -- what comes before other columns, and what is grouped by
    group_list CONSTANT text := CASE WHEN apart = '{}' THEN '' ELSE rbac._column_list(apart) || ', ' END;
    grouping CONSTANT text := CASE WHEN apart = '{}' THEN '()' ELSE rbac._column_list(apart) END;
    slots CONSTANT text := format('ARRAY(SELECT DISTINCT _slot FROM %s ORDER BY 1)', s.pending);
BEGIN
    IF s.hidden_columns <> '{}' THEN
        RETURN format($sql$
            SELECT %1$s sum(count)::bigint AS total, jsonb_object_agg(coalesce(%2$I::text, 'null'), count) AS counts
            FROM (%3$s) AS by_status GROUP BY %4$s HAVING count(*) > 0
            $sql$, CASE WHEN s.group_columns = '{}' THEN '' ELSE rbac._column_list(s.group_columns) || ', ' END,
            s.status_column, rbac._counts_query(s),
            CASE WHEN s.group_columns = '{}' THEN '()' ELSE rbac._column_list(s.group_columns) END);
    END IF;
    RETURN format($sql$
        SELECT %1$s _total AS total, _counts AS counts FROM %2$s WHERE rbac._is_settled(_slot, %3$s)
        UNION ALL
        SELECT %1$s sum(_count)::bigint, jsonb_object_agg(coalesce(%4$I::text, 'null'), _count) FROM (
            SELECT %1$s %4$I, sum(_count)::bigint AS _count FROM (
                SELECT %1$s %4$I, _count FROM %5$s WHERE _slot = ANY (%3$s)
                UNION ALL
                SELECT %1$s %4$I, _count FROM %6$s) AS parts
            GROUP BY %1$s %4$I HAVING sum(_count) <> 0) AS by_status
        GROUP BY %7$s HAVING count(*) > 0
        $sql$, group_list, s.groups, slots, s.status_column, s.counts, s.pending, grouping);
END $$;
COMMENT ON FUNCTION rbac._totals_query(rbac.summaries) IS
'What the view of a summary shows by group.';

CREATE FUNCTION rbac._make_summary_views(
    schema name, name name, counts regclass, groups regclass, pending regclass,
    group_columns name[], hidden_columns name[], status_column name,
    OUT view regclass, OUT totals regclass
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s rbac.summaries;
BEGIN
    s.counts := counts;
    s.groups := groups;
    s.pending := pending;
    s.group_columns := group_columns;
    s.hidden_columns := hidden_columns;
    s.status_column := status_column;
    EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS %s', schema, name, rbac._counts_query(s));
    view := format('%I.%I', schema, name)::regclass;
    EXECUTE format('COMMENT ON VIEW %s IS %L', view, 'How many rows there are by group and status, kept by rbac. Rows that row-level security hides are not counted.');
    EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS %s', schema, name || '_totals', rbac._totals_query(s));
    totals := format('%I.%I', schema, name || '_totals')::regclass;
    EXECUTE format('COMMENT ON VIEW %s IS %L', totals, 'How many rows there are by group, in all and as {"status": count}, kept by rbac. Rows that row-level security hides are not counted.');
END $$;
COMMENT ON FUNCTION rbac._make_summary_views(name, name, regclass, regclass, regclass, name[], name[], name) IS
'Creates the two views of a summary.';

REVOKE ALL ON FUNCTION rbac._is_settled(integer, integer[]), rbac._counts_query(rbac.summaries), rbac._totals_query(rbac.summaries),
    rbac._make_summary_views(name, name, regclass, regclass, regclass, name[], name[], name) FROM PUBLIC;
-- The first by whoever reads a summary, the others by whoever makes one.
GRANT EXECUTE ON FUNCTION rbac._is_settled(integer, integer[]), rbac._counts_query(rbac.summaries), rbac._totals_query(rbac.summaries),
    rbac._make_summary_views(name, name, regclass, regclass, regclass, name[], name[], name) TO PUBLIC;
