-- The views that show a summary.
--
-- Groups with nothing pending are shown as they were folded, which is a scan of one
-- table. The others, few at any time, are put together from what was folded and
-- what is pending. A group is one of these if its slot is, which both branches
-- ask in one way, under one snapshot: each group comes from exactly one of them.
--
-- The condition stands outside of UNION ALL: the planner pushes it down, and takes a
-- branch that has none of its own for a table, whose indexes can give the rows in
-- order.

CREATE FUNCTION rbac._is_settled(slot integer, pending integer[]) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 2
AS 'MODULE_PATHNAME', 'rbac_is_settled';
COMMENT ON FUNCTION rbac._is_settled(integer, integer[]) IS
'Is slot none of pending, which is in ascending order and has no NULLs? NULL is none of them.';

-- Slots with something pending, in ascending order.
CREATE FUNCTION rbac._pending_slots(s rbac.summaries) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('ARRAY(SELECT DISTINCT _slot FROM %s ORDER BY 1)', s.pending); $$;
COMMENT ON FUNCTION rbac._pending_slots(rbac.summaries) IS
'The second argument of rbac._is_settled(), as SQL.';

-- PostgreSQL's own sum of bigint is a numeric, which costs more than all the rest.
CREATE AGGREGATE rbac._total(count bigint) (
    SFUNC = pg_catalog.int8pl, STYPE = bigint, COMBINEFUNC = pg_catalog.int8pl, PARALLEL = SAFE);
COMMENT ON AGGREGATE rbac._total(bigint) IS
'The sum. Error: 22003 (more than 2^63 - 1).';

CREATE FUNCTION rbac._status_sums_add(state internal, status integer, count bigint) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_status_sums_add';
COMMENT ON FUNCTION rbac._status_sums_add(internal, integer, bigint) IS
'Counts so many more of this status.';

CREATE AGGREGATE rbac._status_sums(status integer, count bigint) (
    SFUNC = rbac._status_sums_add, STYPE = internal, SSPACE = 512,
    FINALFUNC = rbac._status_counts_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE);
COMMENT ON AGGREGATE rbac._status_sums(integer, bigint) IS
'The sum for each status, as {"status": sum}, without those that are 0.';

-- Groups that are not settled, by status.
CREATE FUNCTION rbac._merged_counts(s rbac.summaries) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format($sql$
        SELECT %1$s, rbac._total(_count) AS _count FROM (
            SELECT %1$s, _count FROM %2$s WHERE _slot = ANY (%4$s)
            UNION ALL
            SELECT %1$s, _count FROM %3$s) AS parts
        GROUP BY %1$s HAVING rbac._total(_count) <> 0
        $sql$, rbac._column_list(rbac._key_of(s)), s.counts, s.pending, rbac._pending_slots(s));
$$;
COMMENT ON FUNCTION rbac._merged_counts(rbac.summaries) IS
'The counts of groups with something pending, as SQL.';

-- By group and status.
CREATE FUNCTION rbac._counts_query(s rbac.summaries) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key CONSTANT text := rbac._column_list(rbac._key_of(s));
    shown CONSTANT text := rbac._column_list(s.group_columns || s.status_column);
    source CONSTANT text := format($sql$
        (SELECT %1$s, _count, _slot FROM %2$s
         UNION ALL
         SELECT %1$s, _count, NULL::integer FROM (%3$s) AS merged) AS c
        WHERE rbac._is_settled(_slot, %4$s)
        $sql$, key, s.counts, rbac._merged_counts(s), rbac._pending_slots(s));
BEGIN
    IF s.hidden_columns = '{}' THEN
        RETURN format('SELECT %s, _count AS count FROM %s', key, source);
    END IF;
    RETURN format('SELECT %1$s, rbac._total(_count) AS count FROM %2$s GROUP BY %1$s', shown, source);
END $$;
COMMENT ON FUNCTION rbac._counts_query(rbac.summaries) IS
'What the view of a summary shows by group and status.';

-- May totals be read from where they were folded? Not if rows are counted apart, if
-- row-level security looks at the status, which is no column there, or if the text
-- of a status is not always the same.
CREATE FUNCTION rbac._totals_are_folded(s rbac.summaries) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.hidden_columns = '{}'
        AND rbac._column_type(s.counts, s.status_column, 'integer') IN ('integer'::regtype, 'bigint', 'smallint', 'text', 'varchar', 'uuid', 'boolean')
        AND (rbac._counted_columns(s.source, s.id))[cardinality(s.group_columns) + 1] <> ALL (rbac._columns_in_policies(s.source));
$$;
COMMENT ON FUNCTION rbac._totals_are_folded(rbac.summaries) IS
'May the totals of a summary be read from the table of groups?';

-- By group.
CREATE FUNCTION rbac._totals_query(s rbac.summaries) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- as it stands before other columns, and as it is grouped by
    key CONSTANT text := CASE WHEN s.group_columns = '{}' THEN '' ELSE rbac._column_list(s.group_columns) || ', ' END;
    grouping CONSTANT text := CASE WHEN s.group_columns = '{}' THEN '()' ELSE rbac._column_list(s.group_columns) END;
    counts CONSTANT text := format('jsonb_object_agg(coalesce(%I::text, %L), ', s.status_column, 'null');
BEGIN
    IF NOT coalesce(rbac._totals_are_folded(s), false) THEN
        RETURN format('SELECT %s rbac._total(count) AS total, %s count) AS counts FROM (%s) AS by_status GROUP BY %s HAVING count(*) > 0',
            key, counts, rbac._counts_query(s), grouping);
    END IF;
    -- statuses that are numbers are summed in one go
    IF rbac._column_type(s.counts, s.status_column, 'integer') IN ('integer'::regtype, 'smallint') THEN
        RETURN format($sql$
            SELECT %1$s total, counts FROM
                (SELECT %1$s _total AS total, _counts AS counts, _slot FROM %2$s
                 UNION ALL
                 SELECT %1$s rbac._total(_count), rbac._status_sums(%3$I, _count), NULL::integer
                 FROM (SELECT %1$s %3$I, _count FROM %4$s WHERE _slot = ANY (%6$s)
                       UNION ALL
                       SELECT %1$s %3$I, _count FROM %5$s) AS parts
                 GROUP BY %7$s HAVING rbac._total(_count) <> 0) AS g
            WHERE rbac._is_settled(_slot, %6$s)
            $sql$, key, s.groups, s.status_column, s.counts, s.pending, rbac._pending_slots(s), grouping);
    END IF;
    RETURN format($sql$
        SELECT %1$s total, counts FROM
            (SELECT %1$s _total AS total, _counts AS counts, _slot FROM %2$s
             UNION ALL
             SELECT %1$s rbac._total(_count), %3$s _count), NULL::integer
             FROM (%4$s) AS merged GROUP BY %5$s HAVING count(*) > 0) AS g
        WHERE rbac._is_settled(_slot, %6$s)
        $sql$, key, s.groups, counts, rbac._merged_counts(s), grouping, rbac._pending_slots(s));
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

REVOKE ALL ON FUNCTION rbac._total(bigint), rbac._status_sums_add(internal, integer, bigint), rbac._status_sums(integer, bigint),
    rbac._is_settled(integer, integer[]), rbac._pending_slots(rbac.summaries), rbac._totals_are_folded(rbac.summaries),
    rbac._merged_counts(rbac.summaries), rbac._counts_query(rbac.summaries), rbac._totals_query(rbac.summaries),
    rbac._make_summary_views(name, name, regclass, regclass, regclass, name[], name[], name) FROM PUBLIC;
-- The first by whoever reads a summary, the others by whoever makes one.
GRANT EXECUTE ON FUNCTION rbac._total(bigint), rbac._status_sums(integer, bigint), rbac._is_settled(integer, integer[]), rbac._pending_slots(rbac.summaries), rbac._totals_are_folded(rbac.summaries),
    rbac._merged_counts(rbac.summaries), rbac._counts_query(rbac.summaries), rbac._totals_query(rbac.summaries),
    rbac._make_summary_views(name, name, regclass, regclass, regclass, name[], name[], name) TO PUBLIC;
