-- What happens to the source of a summary, other than to its rows.
--
-- Partitions come and go with their rows, policies change, tables are dropped: event
-- triggers let summaries follow. They fire in every session, whatever
-- session_replication_role says. A dump is restored with row_security off, brings
-- everything of the summary itself, and is left alone.

CREATE FUNCTION rbac._member_comes(summary_id integer, tbl regclass) RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_member_comes';
COMMENT ON FUNCTION rbac._member_comes(integer, regclass) IS
'Counts the rows of a partition of the source of a summary that is not counted yet, and notes that it is from now on; false if there is nothing to do.';

CREATE FUNCTION rbac._member_goes(summary_id integer, tbl regclass) RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_member_goes';
COMMENT ON FUNCTION rbac._member_goes(integer, regclass) IS
'Takes away the rows of a table that is counted and no partition of the source of the summary any more; false if there is nothing to do.';

CREATE FUNCTION rbac._follow_partitions(s rbac.summaries, and_count boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    g record;
BEGIN
    FOR member IN SELECT relid FROM pg_partition_tree(s.source) WHERE relid <> ALL (s.members) OR NOT and_count LOOP
        IF (SELECT relkind FROM pg_class WHERE oid = member) = 'f' THEN
            RAISE feature_not_supported USING
                MESSAGE = format('foreign table "%s" cannot be a partition of table "%s"', rbac._table_name(member), rbac._table_name(s.source)),
                DETAIL = format('The rows of that table are counted by summary "%s", and nobody tells of the rows of a foreign table.', rbac._table_name(s.view)),
                HINT = 'Drop the summary with rbac.drop_summary() first.';
        ELSIF EXISTS (SELECT FROM rbac.summaries AS o WHERE o.source = member AND o.id <> s.id AND o.source <> s.source) THEN
            RAISE feature_not_supported USING
                MESSAGE = format('table "%s" cannot be a partition of table "%s"', rbac._table_name(member), rbac._table_name(s.source)),
                DETAIL = 'Both have summaries of their own.',
                HINT = format('Drop that of "%s" with rbac.drop_summary() first.', rbac._table_name(member));
        END IF;
        -- before its triggers, for to make them is a change of the table, which comes here, too
        CONTINUE WHEN and_count AND NOT rbac._member_comes(s.id, member);
        IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = member AND tgname = format('rbac_summary_%s_end', s.id)) THEN
            PERFORM rbac._make_statement_triggers(s.id, member);
        END IF;
    END LOOP;

    FOREACH member IN ARRAY s.members LOOP
        CONTINUE WHEN member = s.source OR EXISTS (SELECT FROM pg_partition_tree(s.source) WHERE relid = member);
        CONTINUE WHEN and_count AND NOT rbac._member_goes(s.id, member);
        FOR g IN
            SELECT tgname FROM pg_trigger
            WHERE tgrelid = member AND tgfoid IN ('rbac._write_counted'::regproc, 'rbac._count_truncated'::regproc)
                AND tgname IN (format('rbac_summary_%s_end', s.id), format('rbac_summary_%s_truncate', s.id))
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, member);
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_partitions(rbac.summaries, boolean) IS
'Sees that the partitions of a source that are there, and no others, have what a summary needs on them; and_count: counts the rows of those that have come or gone. Error: 0A000 (a foreign table, or one with a summary of its own).';

-- A table that others inherit from holds rows of which nobody tells.
CREATE FUNCTION rbac._refuse_children() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent regclass;
BEGIN
    SELECT i.inhparent INTO parent
    FROM pg_event_trigger_ddl_commands() AS d JOIN pg_inherits AS i ON d.classid = 'pg_class'::regclass AND i.inhrelid = d.objid
    JOIN rbac.summaries AS s ON s.source = i.inhparent JOIN pg_class AS c ON c.oid = i.inhparent AND c.relkind = 'r';
    IF FOUND THEN
        RAISE feature_not_supported USING
            MESSAGE = format('no table can inherit from table "%s"', rbac._table_name(parent)),
            DETAIL = 'Its rows are counted by a summary, and PostgreSQL would not tell of rows that are written to the other.',
            HINT = 'Drop the summary with rbac.drop_summary() first; or make it a partitioned table.';
    END IF;
END $$;
COMMENT ON FUNCTION rbac._refuse_children() IS
'For an event trigger. Error: 0A000 (a table has come to inherit from the source of a summary).';

-- What is behind a summary is its source's owner's. (If its parts have come to
-- different roles, somebody has meant that.)
CREATE FUNCTION rbac._follow_owner(s rbac.summaries) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted CONSTANT oid := relowner FROM pg_class WHERE oid = s.source;
    part regclass;
BEGIN
    IF (SELECT count(*) = 5 AND count(DISTINCT relowner) = 1 AND bool_and(relowner <> wanted) FROM pg_class
        WHERE oid IN (s.view, s.totals, s.counts, s.groups, s.pending)) THEN
        FOREACH part IN ARRAY ARRAY[s.view, s.totals, s.counts, s.groups, s.pending] LOOP
            EXECUTE format('ALTER %s %s OWNER TO %I', CASE WHEN part IN (s.view, s.totals) THEN 'VIEW' ELSE 'TABLE' END, part, pg_get_userbyid(wanted));
        END LOOP;
    END IF;
END $$;
COMMENT ON FUNCTION rbac._follow_owner(rbac.summaries) IS
'Gives a summary to the owner of its source.';

-- What a crash empties is counted by what a crash empties.
CREATE FUNCTION rbac._follow_persistence(summary_id integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    wanted CONSTANT "char" := relpersistence FROM pg_class WHERE oid = s.source;
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY[s.counts, s.groups, s.pending] LOOP
        IF (SELECT relpersistence FROM pg_class WHERE oid = target) <> wanted THEN
            EXECUTE format('ALTER TABLE %s SET %s', target, CASE wanted WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_persistence(integer) IS
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
    PERFORM rbac._refuse_children();
    FOR s IN
        SELECT DISTINCT f.* FROM pg_event_trigger_ddl_commands() AS c,
            LATERAL rbac._summaries_of(CASE c.classid
                WHEN 'pg_class'::regclass THEN c.objid
                WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = c.objid) END) AS f
        -- and not one that is still being made
        WHERE EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = f.source AND g.tgname = format('rbac_summary_%s_end', f.id))
    LOOP
        PERFORM rbac._follow_owner(s);
        PERFORM rbac._follow_partitions(s, true);
        PERFORM rbac._for_owner(s.id, 'follow_persistence');
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = s.pending
                AND strpos(pg_get_expr(polqual, polrelid), rbac._sight_of(s.source)) > 0) THEN
            PERFORM rbac._for_owner(s.id, 'carry_policies');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_changes() IS
'Event trigger after CREATE TABLE, CREATE FOREIGN TABLE, ALTER TABLE, CREATE POLICY, ALTER POLICY: partitions and row-level security of the source of a summary. Error: 0A000 (what the summary cannot follow).';

-- Only of summaries of which something is dropped, and that are whose command it is.
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
    FOR s IN
        SELECT f.* FROM rbac.summaries AS f
        WHERE EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0
                AND d.objid IN (f.source, f.view, f.totals, f.counts, f.groups, f.pending)
            OR d.object_type = 'trigger' AND d.object_identity LIKE format('rbac\_summary\_%s\_columns on %%', f.id)
                AND rbac._counted_columns(f.source, f.id) IS NULL)
    LOOP
        PERFORM rbac._drop_summary(s);
    END LOOP;
    FOR s IN
        SELECT f.* FROM rbac.summaries AS f JOIN pg_class AS c ON c.oid = f.source JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d
            WHERE d.object_type = 'policy' AND d.address_names[1:2] = ARRAY[n.nspname, c.relname]::text[])
    LOOP
        PERFORM rbac._for_owner(s.id, 'carry_policies');
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_drops() IS
'Event trigger after anything was dropped: a summary that has lost its source, or a part, goes as a whole; a policy of the source that went goes from the summary.';

CREATE FUNCTION rbac._follow_privileges() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s rbac.summaries;
BEGIN
    IF rbac._is_being_restored() THEN
        RETURN;
    END IF;
    FOR s IN
        SELECT DISTINCT f.* FROM rbac.summaries AS f, unnest(ARRAY[f.counts, f.groups, f.pending]) AS t (tbl)
        WHERE rbac._readers(ARRAY[t.tbl]) <> rbac._readers(ARRAY[f.view, f.totals])
    LOOP
        PERFORM rbac._for_owner(s.id, 'follow_grants');
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_privileges() IS
'Event trigger after GRANT and REVOKE: those on the views of a summary count for what is behind them.';

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

REVOKE ALL ON FUNCTION rbac._member_comes(integer, regclass), rbac._member_goes(integer, regclass),
    rbac._follow_partitions(rbac.summaries, boolean), rbac._refuse_children(), rbac._follow_owner(rbac.summaries),
    rbac._follow_persistence(integer), rbac._summaries_of(oid), rbac._follow_changes(), rbac._follow_drops(),
    rbac._follow_privileges(), rbac._before_drop(), rbac._is_being_restored() FROM PUBLIC;
-- By whoever changes a table of theirs.
GRANT EXECUTE ON FUNCTION rbac._member_comes(integer, regclass), rbac._member_goes(integer, regclass),
    rbac._follow_partitions(rbac.summaries, boolean), rbac._refuse_children(), rbac._follow_owner(rbac.summaries),
    rbac._follow_persistence(integer), rbac._summaries_of(oid), rbac._is_being_restored() TO PUBLIC;

CREATE EVENT TRIGGER rbac_summaries_follow_changes ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA', 'CREATE FOREIGN TABLE', 'ALTER TABLE', 'CREATE POLICY', 'ALTER POLICY')
    EXECUTE FUNCTION rbac._follow_changes();
CREATE EVENT TRIGGER rbac_summaries_follow_drops ON sql_drop
    EXECUTE FUNCTION rbac._follow_drops();
CREATE EVENT TRIGGER rbac_summaries_before_drop ON ddl_command_start
    WHEN TAG IN ('DROP TABLE')
    EXECUTE FUNCTION rbac._before_drop();
CREATE EVENT TRIGGER rbac_summaries_follow_privileges ON ddl_command_end
    WHEN TAG IN ('GRANT', 'REVOKE')
    EXECUTE FUNCTION rbac._follow_privileges();
ALTER EVENT TRIGGER rbac_summaries_follow_changes ENABLE ALWAYS;
ALTER EVENT TRIGGER rbac_summaries_follow_drops ENABLE ALWAYS;
ALTER EVENT TRIGGER rbac_summaries_before_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER rbac_summaries_follow_privileges ENABLE ALWAYS;
