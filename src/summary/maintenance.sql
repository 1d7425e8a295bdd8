-- Counting anew, comparing, and folding by hand.

-- As who owns the source, and free from its row-level security (as_owner.c).
CREATE FUNCTION rbac._recount(summary_id integer) RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_recount';
COMMENT ON FUNCTION rbac._recount(integer) IS
'Counts all rows of the source of a summary anew. Errors: 42501 (not the caller''s), 25001 (in a transaction that is REPEATABLE READ or SERIALIZABLE).';

CREATE FUNCTION rbac._recount_as_owner(summary_id integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    key CONSTANT text := rbac._column_list(rbac._key_of(s));
    group_key CONSTANT text := rbac._column_list(s.group_columns || s.hidden_columns);
    columns CONSTANT text := rbac._column_list(rbac._counted_columns(s.source, summary_id));
    leaf regclass;
BEGIN
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', s.source);
    EXECUTE format('DELETE FROM %s', s.pending);
    EXECUTE format('DELETE FROM %s', s.counts);
    EXECUTE format('DELETE FROM %s', s.groups);
    FOR leaf IN SELECT * FROM rbac._leaves(s.source) LOOP
        EXECUTE format($sql$
            WITH counted (%2$s, _count) AS MATERIALIZED (SELECT %3$s, count(*) FROM %4$s WHERE %5$s GROUP BY %3$s),
            long AS (INSERT INTO %6$s (%2$s, _count) SELECT * FROM counted WHERE NOT rbac._fits_index(%2$s))
            INSERT INTO %1$s AS c (%2$s, _count) SELECT * FROM counted WHERE rbac._fits_index(%2$s)
            ON CONFLICT ON CONSTRAINT %7$I DO UPDATE SET _count = c._count + excluded._count
            $sql$, s.counts, key, columns, leaf, rbac._told_progress('counting', leaf), s.pending, rbac._constraint_of(s.counts));
    END LOOP;
    EXECUTE format($sql$
        INSERT INTO %1$s (%2$s _total, _counts)
        SELECT %2$s sum(_count), jsonb_object_agg(_status, _count)
        FROM (SELECT %2$s coalesce(%3$I::text, 'null') AS _status, sum(_count)::bigint AS _count FROM %4$s GROUP BY %2$s _status) AS by_status %5$s
        $sql$, s.groups, CASE WHEN group_key <> '' THEN group_key || ',' ELSE '' END, s.status_column, s.counts,
        CASE WHEN group_key <> '' THEN 'GROUP BY ' || group_key ELSE 'HAVING count(*) > 0' END);
    -- so that reports are planned well from the start
    EXECUTE format('ANALYZE %s, %s, %s', s.counts, s.groups, s.pending);
END $$;
COMMENT ON FUNCTION rbac._recount_as_owner(integer) IS
'The work of rbac._recount().';

CREATE FUNCTION rbac.rebuild_summary(name text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._find_summary(name);
BEGIN
    PERFORM rbac._require_owner_of(s);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', s.source);
    PERFORM rbac._follow_owner(s);
    PERFORM rbac._follow_partitions(s, false);
    PERFORM rbac._reset_members(s.id);
    PERFORM rbac._for_owner(s.id, 'carry_policies');
    PERFORM rbac._for_owner(s.id, 'follow_grants');
    PERFORM rbac._for_owner(s.id, 'follow_persistence');
    PERFORM rbac._switch_on_row_triggers(s.id, s.source);
    PERFORM rbac._switch_on_statement_triggers(s.id, t) FROM (SELECT relid FROM pg_partition_tree(s.source) UNION SELECT s.source) AS m (t);
    PERFORM rbac._recount(s.id);
END $$;
COMMENT ON FUNCTION rbac.rebuild_summary(text) IS
'Counts all rows anew, carries the row-level security of the source over again, and sees that the triggers of the summary are on. Never needed, unless triggers were switched off while rows were written, or tables behind the summary were restored without their source. Says how far it is in notices, if there is much to count. Until the transaction ends, nobody can write to the source; readers go on. Errors: 22004 (NULL), 42501 (not the owner of the source), 42704 (no such summary), 42P09 (several of this name), 0A000 (row-level security looks at columns that the summary does not have: drop it and create it again), 25001 (in a transaction that is REPEATABLE READ or SERIALIZABLE).';

CREATE FUNCTION rbac._differences(summary_id integer)
RETURNS TABLE (group_values jsonb, status text, counted bigint, actual bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    apart CONSTANT name[] := s.group_columns || s.hidden_columns;
    group_object CONSTANT text := (SELECT format('jsonb_build_object(%s)', string_agg(format('%1$L, %1$I', c), ', ')) FROM unnest(apart) AS u (c));
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT %1$s, %2$I::text, sum(_n) FILTER (WHERE _is_counted)::bigint, sum(_n) FILTER (WHERE NOT _is_counted)::bigint
        FROM (
            SELECT %3$s, _count, true FROM %4$s
            UNION ALL
            SELECT %3$s, _count, true FROM %5$s
            UNION ALL
            SELECT %6$s, count(*), false FROM %7$s WHERE %8$s GROUP BY %6$s
        ) AS both_ways (%3$s, _n, _is_counted)
        GROUP BY %3$s
        HAVING coalesce(sum(_n) FILTER (WHERE _is_counted), 0) <> coalesce(sum(_n) FILTER (WHERE NOT _is_counted), 0)
        $sql$, group_object, s.status_column, rbac._column_list(rbac._key_of(s)), s.counts, s.pending,
        rbac._column_list(rbac._counted_columns(s.source, s.id)), s.source, rbac._told_progress('verifying', s.source));
    -- the groups must say what the counts say
    RETURN QUERY EXECUTE format($sql$
        SELECT %1$s, NULL::text, sum(_n) FILTER (WHERE _is_folded)::bigint, sum(_n) FILTER (WHERE NOT _is_folded)::bigint
        FROM (
            SELECT %2$s _total, _counts, true FROM %3$s
            UNION ALL
            SELECT %2$s sum(_count)::bigint, jsonb_object_agg(_status, _count), false
            FROM (SELECT %2$s coalesce(%4$I::text, 'null') AS _status, sum(_count)::bigint AS _count FROM %5$s GROUP BY %2$s _status) AS by_status
            %6$s HAVING count(*) > 0
        ) AS both_ways (%2$s _n, _object, _is_folded)
        %6$s
        %7$s count(DISTINCT _object) > 1 OR count(*) <> 2 AND count(*) > 0
        $sql$, group_object, CASE WHEN apart = '{}' THEN '' ELSE rbac._column_list(apart) || ',' END, s.groups, s.status_column, s.counts,
        CASE WHEN apart = '{}' THEN '' ELSE 'GROUP BY ' || rbac._column_list(apart) END, 'HAVING');
END $$;
COMMENT ON FUNCTION rbac._differences(integer) IS
'The work of rbac.verify_summary().';

CREATE FUNCTION rbac._verify(summary_id integer)
RETURNS TABLE (group_values jsonb, status text, counted bigint, actual bigint)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_verify';
COMMENT ON FUNCTION rbac._verify(integer) IS
'The work of rbac.verify_summary(), as who owns the source.';

CREATE FUNCTION rbac.verify_summary(name text)
RETURNS TABLE (group_values jsonb, status text, counted bigint, actual bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._find_summary(name);
BEGIN
    PERFORM rbac._require_owner_of(s);
    RETURN QUERY SELECT * FROM rbac._verify(s.id);
END $$;
COMMENT ON FUNCTION rbac.verify_summary(text) IS
'Compares a summary with a count of all rows, at one moment, while others go on writing; says how far it is in notices, if there is much to count. One row for each group and status with different numbers: group_values (the group, as {"column": value}, with what is counted apart), status, counted (by the summary), actual; NULL for none. A row without a status is about the total of a group. No rows: all is right. Errors: 22004 (NULL), 42501 (not the owner of the source), 42704 (no such summary), 42P09 (several of this name).';

CREATE FUNCTION rbac._compact(summary_id integer) RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_compact';
COMMENT ON FUNCTION rbac._compact(integer) IS
'Folds what is pending; NULL if somebody else does. Errors: 42501 (not the caller''s), 25001 (in a transaction that is REPEATABLE READ or SERIALIZABLE).';

CREATE FUNCTION rbac.compact_summary(name text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._find_summary(name);
BEGIN
    PERFORM rbac._require_owner_of(s);
    -- who empties the source, or counts it anew, waits for us
    EXECUTE format('LOCK TABLE %s IN ROW EXCLUSIVE MODE', s.source);
    RETURN rbac._compact(s.id);
END $$;
COMMENT ON FUNCTION rbac.compact_summary(text) IS
'Adds what has changed since the last time to the tables that reports read, and returns how many rows that were; NULL, and nothing done, if another transaction is at it. Never needed: those who write do so now and then. Waits for nobody who reads or writes. Errors: 22004 (NULL), 42501 (not the owner of the source), 42704 (no such summary), 42P09 (several of this name), 25001 (in a transaction that is REPEATABLE READ or SERIALIZABLE).';

REVOKE ALL ON FUNCTION rbac._recount(integer), rbac._recount_as_owner(integer), rbac.rebuild_summary(text),
    rbac._differences(integer), rbac._verify(integer), rbac.verify_summary(text),
    rbac._compact(integer), rbac.compact_summary(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._recount(integer), rbac._recount_as_owner(integer), rbac.rebuild_summary(text),
    rbac._differences(integer), rbac._verify(integer), rbac.verify_summary(text),
    rbac._compact(integer), rbac.compact_summary(text) TO PUBLIC;
