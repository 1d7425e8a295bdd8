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
        EXECUTE format('INSERT INTO %s AS c (%s, _count) SELECT %s, count(*) FROM %s WHERE %s GROUP BY %s ON CONFLICT ON CONSTRAINT %I DO UPDATE SET _count = c._count + excluded._count',
            s.counts, key, columns, leaf, rbac._told_progress('counting', leaf), columns, rbac._constraint_of(s.counts));
    END LOOP;
    EXECUTE format('INSERT INTO %s (%s _total, _counts) SELECT %s sum(_count), jsonb_object_agg(coalesce(%I::text, %L), _count) FROM %s %s',
        s.groups, CASE WHEN group_key <> '' THEN group_key || ',' ELSE '' END, CASE WHEN group_key <> '' THEN group_key || ',' ELSE '' END,
        s.status_column, 'null', s.counts, CASE WHEN group_key <> '' THEN 'GROUP BY ' || group_key ELSE 'HAVING count(*) > 0' END);
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
    PERFORM rbac._carry_policies(s.id);
    PERFORM rbac._follow_partitions(s, false);
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
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT %1$s, %2$I::text, sum(n) FILTER (WHERE is_counted)::bigint, sum(n) FILTER (WHERE NOT is_counted)::bigint
        FROM (
            SELECT %3$s, _count, true FROM %4$s
            UNION ALL
            SELECT %3$s, _count, true FROM %5$s
            UNION ALL
            SELECT %6$s, count(*), false FROM %7$s WHERE %8$s GROUP BY %6$s
        ) AS both_ways (%3$s, n, is_counted)
        GROUP BY %3$s
        HAVING coalesce(sum(n) FILTER (WHERE is_counted), 0) <> coalesce(sum(n) FILTER (WHERE NOT is_counted), 0)
        $sql$,
        (SELECT format('jsonb_build_object(%s)', string_agg(format('%1$L, %1$I', c), ', ')) FROM unnest(apart) AS u (c)),
        s.status_column, rbac._column_list(rbac._key_of(s)), s.counts, s.pending,
        rbac._column_list(rbac._counted_columns(s.source, s.id)), s.source, rbac._told_progress('verifying', s.source));
    -- the groups must say what the counts say
    RETURN QUERY EXECUTE format($sql$
        SELECT %1$s, NULL::text, g._total, c.total
        FROM (SELECT _slot, %2$s _total, _counts, jsonb_build_object(%3$s) AS key FROM %4$s) AS g
        FULL JOIN (SELECT sum(_count)::bigint AS total, jsonb_object_agg(coalesce(%5$I::text, 'null'), _count) AS counts, jsonb_build_object(%3$s) AS key
            FROM %6$s %7$s) AS c ON c.key = g.key
        WHERE g._total IS DISTINCT FROM c.total OR g._counts IS DISTINCT FROM c.counts
        $sql$,
        'coalesce(g.key, c.key)', CASE WHEN apart = '{}' THEN '' ELSE rbac._column_list(apart) || ',' END,
        (SELECT coalesce(string_agg(format('%1$L, %1$I', c), ', '), '') FROM unnest(apart) AS u (c)),
        s.groups, s.status_column, s.counts,
        CASE WHEN apart = '{}' THEN 'HAVING count(*) > 0' ELSE 'GROUP BY ' || rbac._column_list(apart) END);
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
