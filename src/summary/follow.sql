-- What happens to the source of a summary, other than to its rows.
--
-- Partitions come and go with their rows, policies change, tables are dropped: event
-- triggers let summaries follow. They fire in every session, whatever
-- session_replication_role says. A dump is restored with row_security off, brings
-- everything of the summary itself, and is left alone.

-- The rows of a partition, as it comes (sign 1) or goes (-1).
CREATE FUNCTION rbac._count_partition(summary_id integer, partition regclass, sign integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN SELECT * FROM rbac._leaves(partition) LOOP
        PERFORM rbac._count_all(summary_id, leaf, sign);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._count_partition(integer, regclass, integer) IS
'The work of rbac._count_partition_as_owner().';

CREATE FUNCTION rbac._count_partition_as_owner(summary_id integer, partition regclass, sign integer) RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_count_partition';
COMMENT ON FUNCTION rbac._count_partition_as_owner(integer, regclass, integer) IS
'Adds the rows of a table to a summary (sign 1), or takes them out of it (-1). Error: 42501 (not the caller''s).';

-- A partition has our statement triggers if, and only if, its rows are counted.
CREATE FUNCTION rbac._follow_partitions(s rbac.summaries, and_count boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    end_trigger CONSTANT name := format('rbac_summary_%s_end', s.id);
    p record;
BEGIN
    FOR p IN SELECT t.relid, t.isleaf FROM pg_partition_tree(s.source) AS t LOOP
        -- looked at now: to make triggers is a change of the table, which comes here, too
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = p.relid AND g.tgname = end_trigger);
        IF (SELECT relkind FROM pg_class WHERE oid = p.relid) = 'f' THEN
            RAISE feature_not_supported USING
                MESSAGE = format('foreign table "%s" cannot be a partition of table "%s"', rbac._table_name(p.relid), rbac._table_name(s.source)),
                DETAIL = format('The rows of that table are counted by summary "%s", and nobody tells of the rows of a foreign table.', rbac._table_name(s.view)),
                HINT = 'Drop the summary with rbac.drop_summary() first.';
        END IF;
        PERFORM rbac._make_statement_triggers(s.id, p.relid);
        IF and_count AND p.isleaf THEN
            PERFORM rbac._count_partition_as_owner(s.id, p.relid, 1);
        END IF;
    END LOOP;

    FOR p IN
        SELECT g.tgrelid::regclass AS relid, c.relkind = 'r' AS isleaf
        FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
        WHERE g.tgname = end_trigger AND g.tgfoid = 'rbac._write_counted'::regproc
            AND g.tgrelid <> s.source AND g.tgrelid NOT IN (SELECT relid FROM pg_partition_tree(s.source))
    LOOP
        IF and_count AND p.isleaf THEN
            PERFORM rbac._count_partition_as_owner(s.id, p.relid, -1);
        END IF;
        EXECUTE format('DROP TRIGGER %I ON %s', end_trigger, p.relid);
        EXECUTE format('DROP TRIGGER rbac_summary_%s_truncate ON %s', s.id, p.relid);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_partitions(rbac.summaries, boolean) IS
'Sees that the partitions of a source that are there, and no others, have what a summary needs on them; and_count: counts the rows of those that have come or gone. Error: 0A000 (a foreign table).';

-- What a crash empties is counted by what a crash empties.
CREATE FUNCTION rbac._follow_persistence(s rbac.summaries) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted CONSTANT "char" := relpersistence FROM pg_class WHERE oid = s.source;
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY[s.counts, s.groups, s.pending] LOOP
        IF (SELECT relpersistence FROM pg_class WHERE oid = target) <> wanted THEN
            EXECUTE format('ALTER TABLE %s SET %s', target, CASE wanted WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_persistence(rbac.summaries) IS
'Makes the tables behind a summary logged or not, as their source is.';

-- Summaries of a table, or of the one that it is a partition of.
CREATE FUNCTION rbac._summaries_of(tbl oid) RETURNS SETOF rbac.summaries
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s FROM rbac.summaries AS s
    WHERE s.source IN (SELECT tbl UNION ALL SELECT pg_partition_root(c.oid) FROM pg_class AS c WHERE c.oid = tbl AND (c.relispartition OR c.relkind = 'p'));
$$;
COMMENT ON FUNCTION rbac._summaries_of(oid) IS
'The summaries that count the rows of a table.';

CREATE FUNCTION rbac._follow_changes() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s rbac.summaries;
BEGIN
    IF NOT EXISTS (SELECT FROM rbac.summaries) OR rbac._is_being_restored() THEN
        RETURN;
    END IF;
    FOR s IN
        SELECT DISTINCT f.* FROM pg_event_trigger_ddl_commands() AS c,
            LATERAL rbac._summaries_of(CASE c.classid
                WHEN 'pg_class'::regclass THEN c.objid
                WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = c.objid) END) AS f
        -- and not one that is still being made
        WHERE EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = f.source AND g.tgname = format('rbac_summary_%s_end', f.id))
    LOOP
        PERFORM rbac._follow_partitions(s, true);
        PERFORM rbac._follow_persistence(s);
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = s.pending
                AND strpos(pg_get_expr(polqual, polrelid), rbac._sight_of(s.source)) > 0) THEN
            PERFORM rbac._carry_policies(s.id);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_changes() IS
'Event trigger after CREATE TABLE, CREATE FOREIGN TABLE, ALTER TABLE, CREATE POLICY, ALTER POLICY: partitions and row-level security of the source of a summary. Error: 0A000 (what the summary cannot follow).';

CREATE FUNCTION rbac._follow_drops() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s rbac.summaries;
BEGIN
    IF rbac._is_being_restored() THEN
        RETURN;
    END IF;
    FOR s IN SELECT * FROM rbac.summaries LOOP
        IF EXISTS (SELECT FROM unnest(ARRAY[s.source, s.view, s.totals, s.counts, s.groups, s.pending]::oid[]) AS r (oid)
                WHERE NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.oid))
            OR EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d
                WHERE d.object_type = 'trigger' AND d.object_identity LIKE format('rbac\_summary\_%s\_columns on %%', s.id)
                    AND rbac._counted_columns(s.source, s.id) IS NULL)
        THEN
            PERFORM rbac._drop_summary(s);
        ELSIF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d
                JOIN pg_class AS c ON c.oid = s.source JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE d.object_type = 'policy' AND d.address_names[1:2] = ARRAY[n.nspname, c.relname]::text[])
        THEN
            PERFORM rbac._carry_policies(s.id);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_drops() IS
'Event trigger after anything was dropped: a summary that has lost its source, or a part, goes as a whole; a policy of the source that went goes from the summary.';

CREATE FUNCTION rbac._before_drop() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_before_drop';
COMMENT ON FUNCTION rbac._before_drop() IS
'Event trigger before DROP TABLE: the rows of partitions that are named are not counted any more.';

CREATE FUNCTION rbac._is_being_restored() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT current_setting('row_security') = 'off'; $$;
COMMENT ON FUNCTION rbac._is_being_restored() IS
'Is this a session like those of pg_restore?';

REVOKE ALL ON FUNCTION rbac._count_partition(integer, regclass, integer), rbac._count_partition_as_owner(integer, regclass, integer),
    rbac._follow_partitions(rbac.summaries, boolean), rbac._follow_persistence(rbac.summaries), rbac._summaries_of(oid), rbac._follow_changes(), rbac._follow_drops(),
    rbac._before_drop(), rbac._is_being_restored() FROM PUBLIC;
-- By whoever changes a table of theirs.
GRANT EXECUTE ON FUNCTION rbac._count_partition(integer, regclass, integer), rbac._count_partition_as_owner(integer, regclass, integer),
    rbac._follow_partitions(rbac.summaries, boolean), rbac._follow_persistence(rbac.summaries), rbac._summaries_of(oid), rbac._is_being_restored() TO PUBLIC;

CREATE EVENT TRIGGER rbac_summaries_follow_changes ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'ALTER TABLE', 'CREATE POLICY', 'ALTER POLICY')
    EXECUTE FUNCTION rbac._follow_changes();
CREATE EVENT TRIGGER rbac_summaries_follow_drops ON sql_drop
    EXECUTE FUNCTION rbac._follow_drops();
CREATE EVENT TRIGGER rbac_summaries_before_drop ON ddl_command_start
    WHEN TAG IN ('DROP TABLE')
    EXECUTE FUNCTION rbac._before_drop();
ALTER EVENT TRIGGER rbac_summaries_follow_changes ENABLE ALWAYS;
ALTER EVENT TRIGGER rbac_summaries_follow_drops ENABLE ALWAYS;
ALTER EVENT TRIGGER rbac_summaries_before_drop ENABLE ALWAYS;
