-- Making and dropping summaries.
--
-- The functions run with the rights of whoever calls them, who owns the source. What
-- they make is the source's owner's.

CREATE FUNCTION rbac._register_summary(
    source regclass, view regclass, totals regclass, counts regclass, groups regclass, pending regclass,
    group_columns name[], hidden_columns name[], status_column name
) RETURNS integer
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_register_summary';
COMMENT ON FUNCTION rbac._register_summary(regclass, regclass, regclass, regclass, regclass, regclass, name[], name[], name) IS
'Notes a summary in rbac.summaries, and returns its id. Error: 42501 (a relation that is not the caller''s).';

CREATE FUNCTION rbac._unregister_summary(summary_id integer) RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'rbac_unregister_summary';
COMMENT ON FUNCTION rbac._unregister_summary(integer) IS
'Takes a summary out of rbac.summaries. Error: 42501 (its source exists, and is not the caller''s).';

CREATE FUNCTION rbac._count_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_count_row';
COMMENT ON FUNCTION rbac._count_row() IS
'Row trigger after INSERT, UPDATE, DELETE: counts the row for the summary that its argument names. Error: 55000 (the summary is gone or has been altered).';

CREATE FUNCTION rbac._counted_by() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_counted_by';
COMMENT ON FUNCTION rbac._counted_by() IS
'Row trigger after UPDATE OF the columns by which the summary that its argument names counts: does nothing, and is disabled.';

CREATE FUNCTION rbac._write_counted() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_write_counted';
COMMENT ON FUNCTION rbac._write_counted() IS
'Statement trigger after INSERT, UPDATE, DELETE: writes down what was counted for the summary that its argument names.';

CREATE FUNCTION rbac._count_truncated() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_count_truncated';
COMMENT ON FUNCTION rbac._count_truncated() IS
'Statement trigger before TRUNCATE, and on the source after it: the rows are not counted any more by the summary that its argument names.';

-- Whatever session_replication_role says, rows are rows. (ALTER TABLE ... ENABLE
-- TRIGGER ALL, with which a restore of data ends, makes ordinary triggers of them.)
CREATE FUNCTION rbac._switch_on_row_triggers(summary_id integer, source regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %2$s DISABLE TRIGGER rbac_summary_%1$s_columns, ENABLE ALWAYS TRIGGER rbac_summary_%1$s_rows, ENABLE ALWAYS TRIGGER rbac_summary_%1$s_truncated', summary_id, source);
END $$;
COMMENT ON FUNCTION rbac._switch_on_row_triggers(integer, regclass) IS
'Sees that the triggers of a summary that its source alone has are on, but for the one that never fires.';

CREATE FUNCTION rbac._switch_on_statement_triggers(summary_id integer, tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %2$s ENABLE ALWAYS TRIGGER rbac_summary_%1$s_end, ENABLE ALWAYS TRIGGER rbac_summary_%1$s_truncate', summary_id, tbl);
END $$;
COMMENT ON FUNCTION rbac._switch_on_statement_triggers(integer, regclass) IS
'Sees that the statement triggers of a summary are on.';

-- On a table to which statements may be addressed: the source, or a partition.
CREATE FUNCTION rbac._make_statement_triggers(summary_id integer, tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER rbac_summary_%1$s_end AFTER INSERT OR UPDATE OR DELETE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION rbac._write_counted(%1$L)', summary_id, tbl);
    EXECUTE format('CREATE TRIGGER rbac_summary_%1$s_truncate BEFORE TRUNCATE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION rbac._count_truncated(%1$L)', summary_id, tbl);
    PERFORM rbac._switch_on_statement_triggers(summary_id, tbl);
END $$;
COMMENT ON FUNCTION rbac._make_statement_triggers(integer, regclass) IS
'Creates the statement triggers of a summary on its source, or on a partition of it.';

-- The trigger called columns never fires: it says which columns are counted
-- (counted.c). UPDATE OF in the one that counts would miss what triggers of others
-- change, and a condition costs each statement more than to count does.
CREATE FUNCTION rbac._make_row_triggers(summary_id integer, source regclass, key name[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER rbac_summary_%1$s_columns AFTER UPDATE OF %3$s ON %2$s FOR EACH ROW EXECUTE FUNCTION rbac._counted_by(%1$L)', summary_id, source, rbac._column_list(key));
    EXECUTE format('CREATE TRIGGER rbac_summary_%1$s_rows AFTER INSERT OR UPDATE OR DELETE ON %2$s FOR EACH ROW EXECUTE FUNCTION rbac._count_row(%1$L)', summary_id, source);
    EXECUTE format('CREATE TRIGGER rbac_summary_%1$s_truncated AFTER TRUNCATE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION rbac._count_truncated(%1$L)', summary_id, source);
    PERFORM rbac._switch_on_row_triggers(summary_id, source);
END $$;
COMMENT ON FUNCTION rbac._make_row_triggers(integer, regclass, name[]) IS
'Creates the triggers of a summary that its source alone has; PostgreSQL gives those for rows to its partitions.';

-- A name given by a user: of a summary yet to be made.
CREATE FUNCTION rbac._summary_name(name text, source regclass) RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[];
    schema CONSTANT name := nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = source;
BEGIN
    parts := parse_ident(name);
    IF cardinality(parts) = 2 AND parts[1] <> schema THEN
        RAISE invalid_name USING
            MESSAGE = format('summary "%s" cannot be in schema "%s"', parts[2], parts[1]),
            DETAIL = format('A summary is in the schema of its source, "%s".', schema);
    ELSIF cardinality(parts) > 2 THEN
        RAISE invalid_name USING MESSAGE = format('"%s" is not the name of a summary', name);
    END IF;
    -- the longest name that follows from it
    IF octet_length(parts[cardinality(parts)]) > 63 - octet_length('__counts_slot') THEN
        RAISE name_too_long USING
            MESSAGE = format('the name "%s" is too long for a summary', parts[cardinality(parts)]),
            DETAIL = format('It can be %s bytes long, so that there is room for the names of what is behind it.', 63 - octet_length('__counts_slot'));
    END IF;
    RETURN parts[cardinality(parts)];
EXCEPTION
    WHEN invalid_parameter_value THEN
        RAISE invalid_name USING MESSAGE = format('"%s" is not the name of a summary', name);
END $$;
COMMENT ON FUNCTION rbac._summary_name(text, regclass) IS
'The name of a summary to be, without its schema. Errors: 42602 (not a name, or of another schema), 42622 (too long).';

-- A name given by a user: of one that exists.
CREATE FUNCTION rbac._find_summary(name text) RETURNS rbac.summaries
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[];
    found rbac.summaries[];
BEGIN
    IF name IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'name cannot be null';
    END IF;
    BEGIN
        parts := parse_ident(name);
    EXCEPTION WHEN invalid_parameter_value THEN
        parts := ARRAY[name];
    END;
    SELECT array_agg(s) INTO found
    FROM rbac.summaries AS s JOIN pg_class AS c ON c.oid = s.view JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname = parts[cardinality(parts)] AND (cardinality(parts) = 1 OR n.nspname = parts[1]);
    IF found IS NULL THEN
        RAISE undefined_object USING MESSAGE = format('summary "%s" does not exist', name),
            HINT = 'The table rbac.summaries lists them.';
    ELSIF cardinality(found) > 1 THEN
        RAISE ambiguous_alias USING MESSAGE = format('there are several summaries "%s"', name),
            HINT = 'Say the schema as well, for example app.tasks_by_assignee.';
    END IF;
    RETURN found[1];
END $$;
COMMENT ON FUNCTION rbac._find_summary(text) IS
'A summary by the name of its view, with or without schema. Errors: 22004 (NULL), 42704 (there is none), 42P09 (there are several).';

CREATE FUNCTION rbac._require_owner_of(s rbac.summaries) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = s.source), 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('must be owner of table %s', rbac._table_name(s.source)),
            DETAIL = format('It is what summary "%s" counts.', rbac._table_name(s.view));
    END IF;
END $$;
COMMENT ON FUNCTION rbac._require_owner_of(rbac.summaries) IS
'Error: 42501 (the source of the summary is not the caller''s).';

CREATE FUNCTION rbac.create_summary(name text, source regclass, group_columns name[], status_column name DEFAULT 'status_id') RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s rbac.summaries;
    t record;
    view_name name;
    member regclass;
    relation regclass;
BEGIN
    IF name IS NULL OR source IS NULL OR group_columns IS NULL OR status_column IS NULL OR array_position(group_columns, NULL) IS NOT NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = format('%s cannot be null',
            CASE WHEN name IS NULL THEN 'name' WHEN source IS NULL THEN 'source' WHEN status_column IS NULL THEN 'status_column' ELSE 'group_columns' END);
    END IF;
    IF EXISTS (SELECT FROM pg_class WHERE oid = source AND relkind NOT IN ('r', 'p')) THEN
        RAISE wrong_object_type USING MESSAGE = format('"%s" is not a table', rbac._table_name(source)),
            DETAIL = 'Of nothing but tables does PostgreSQL tell which rows change.';
    END IF;
    PERFORM rbac._require_protectable(source);
    SELECT c.relowner, c.relkind, c.relpersistence, c.relispartition, n.nspname INTO t
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = source;
    IF t.relispartition OR t.relpersistence = 't' OR t.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = source) THEN
        RAISE feature_not_supported USING
            MESSAGE = format('rows of table "%s" cannot be counted', rbac._table_name(source)),
            DETAIL = CASE WHEN t.relispartition THEN 'It is a partition: what is counted is the whole partitioned table.'
                WHEN t.relpersistence = 't' THEN 'It is a temporary table.'
                ELSE 'Other tables inherit from it; PostgreSQL would not tell of rows that are written to them.' END;
    END IF;
    IF EXISTS (SELECT FROM pg_partition_tree(source) AS p JOIN pg_class AS c ON c.oid = p.relid WHERE c.relkind = 'f') THEN
        RAISE feature_not_supported USING
            MESSAGE = format('rows of table "%s" cannot be counted', rbac._table_name(source)),
            DETAIL = 'One of its partitions is a foreign table, of whose rows nobody tells.';
    END IF;
    view_name := rbac._summary_name(name, source);

    s.source := source;
    s.group_columns := group_columns;
    s.status_column := status_column;
    IF (SELECT count(*) <> count(DISTINCT c) FROM unnest(group_columns || status_column) AS u (c)) THEN
        RAISE duplicate_column USING MESSAGE = 'a column is named twice among group_columns and status_column';
    END IF;
    IF EXISTS (SELECT FROM unnest(group_columns || status_column) AS u (c)
            WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = c AND attnum > 0 AND NOT attisdropped)) THEN
        RAISE undefined_column USING MESSAGE = format('column "%s" of table "%s" does not exist',
            (SELECT c FROM unnest(group_columns || status_column) AS u (c)
             WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = c AND attnum > 0 AND NOT attisdropped) LIMIT 1),
            rbac._table_name(source));
    END IF;
    IF (group_columns || status_column) && ARRAY['count', 'total', 'counts', '_slot', '_count', '_total', '_counts']::name[] THEN
        RAISE reserved_name USING MESSAGE = 'a column of a summary cannot be called count, total or counts',
            DETAIL = 'The views of a summary have columns of their own with these names.',
            HINT = 'Rename it, or group by a generated column.';
    END IF;
    SELECT coalesce(array_agg(c ORDER BY c), '{}') INTO s.hidden_columns
    FROM unnest(rbac._columns_in_policies(source)) AS u (c) WHERE c <> ALL (group_columns || status_column);
    IF cardinality(s.group_columns || s.hidden_columns) >= 16 THEN
        RAISE program_limit_exceeded USING MESSAGE = 'a summary can have 15 columns besides the status',
            DETAIL = format('There are %s to group by, and %s that row-level security looks at.', cardinality(s.group_columns), cardinality(s.hidden_columns));
    END IF;
    IF s.hidden_columns <> '{}' THEN
        RAISE NOTICE 'rows are also counted apart by what row-level security of table "%" looks at: %', rbac._table_name(source), array_to_string(s.hidden_columns, ', ')
            USING DETAIL = 'So whoever reads the summary counts just the rows that they may see.';
    END IF;

    SELECT * INTO s.counts, s.groups, s.pending
    FROM rbac._make_summary_tables(t.nspname, view_name, source, s.group_columns, s.hidden_columns, status_column);
    SELECT * INTO s.view, s.totals
    FROM rbac._make_summary_views(t.nspname, view_name, s.counts, s.groups, s.pending, s.group_columns, s.hidden_columns, status_column);
    s.id := rbac._register_summary(source, s.view, s.totals, s.counts, s.groups, s.pending, s.group_columns, s.hidden_columns, status_column);

    -- From here on nobody writes to the source until we are done. Its own statement
    -- triggers come last: from then on event triggers look after the summary.
    PERFORM rbac._make_row_triggers(s.id, source, rbac._key_of(s));
    FOR member IN SELECT relid FROM pg_partition_tree(source) WHERE relid <> source LOOP
        PERFORM rbac._make_statement_triggers(s.id, member);
    END LOOP;
    PERFORM rbac._carry_policies(s.id);
    PERFORM rbac._make_statement_triggers(s.id, source);
    FOREACH relation IN ARRAY ARRAY[s.counts, s.groups, s.pending, s.view, s.totals] LOOP
        EXECUTE format('ALTER %s %s OWNER TO %I', CASE WHEN relation IN (s.view, s.totals) THEN 'VIEW' ELSE 'TABLE' END,
            relation, pg_get_userbyid(t.relowner));
    END LOOP;
    PERFORM rbac._recount(s.id);
END $$;
COMMENT ON FUNCTION rbac.create_summary(text, regclass, name[], name) IS
'Keeps exact counts of the rows of a table by group and status, in the transactions that change them, and shows them in a view called name beside the table (the group columns, the status column, count), and by group in a view with _totals after its name (the group columns, total, counts as {"status": count}). Who may see which rows of the source sees the counts of just these. source: a table of the caller''s, partitioned or not; group_columns: what to group by, perhaps nothing ({}); NULLs are a group. Until the transaction ends, nobody can write to the source. Errors: 22004 (NULL), 42501 (not the owner), 42703 (no such column), 42804 (a type that cannot be hashed), 0A000 (a nondeterministic collation; a partition, a temporary table, one with children or foreign partitions), 42701 (a column named twice), 42939 (a column called count, total or counts), 42602, 42622 (not a name, or too long), 42P07 (there is such a relation), 42809 (not a table), 54000 (more than 15 columns).';

CREATE FUNCTION rbac._drop_summary(s rbac.summaries) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    g record;
    relation oid;
BEGIN
    -- first, or what is dropped below would be followed by this again
    PERFORM rbac._unregister_summary(s.id);
    FOR g IN
        SELECT t.tgname, t.tgrelid::regclass AS tbl FROM pg_trigger AS t
        WHERE t.tgfoid IN ('rbac._count_row'::regproc, 'rbac._counted_by'::regproc, 'rbac._write_counted'::regproc, 'rbac._count_truncated'::regproc)
            AND t.tgname LIKE format('rbac\_summary\_%s\_%%', s.id) AND t.tgparentid = 0
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.tbl);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY[s.view, s.totals]::oid[] LOOP
        IF EXISTS (SELECT FROM pg_class WHERE oid = relation) THEN
            EXECUTE format('DROP VIEW %s', relation::regclass);
        END IF;
    END LOOP;
    FOREACH relation IN ARRAY ARRAY[s.counts, s.groups, s.pending]::oid[] LOOP
        IF EXISTS (SELECT FROM pg_class WHERE oid = relation) THEN
            EXECUTE format('DROP TABLE %s', relation::regclass);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._drop_summary(rbac.summaries) IS
'Drops all that is left of a summary. Errors: 42501 (not the caller''s), 2BP01 (a view of it is used by others).';

CREATE FUNCTION rbac.drop_summary(name text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s CONSTANT rbac.summaries := rbac._find_summary(name);
BEGIN
    PERFORM rbac._require_owner_of(s);
    PERFORM rbac._drop_summary(s);
END $$;
COMMENT ON FUNCTION rbac.drop_summary(text) IS
'Undoes rbac.create_summary(): the views, what is behind them and the triggers on the source go. Errors: 22004 (NULL), 42501 (not the owner of the source), 42704 (no such summary), 42P09 (several of this name: say the schema too), 2BP01 (something else uses a view of it).';

REVOKE ALL ON FUNCTION rbac._register_summary(regclass, regclass, regclass, regclass, regclass, regclass, name[], name[], name),
    rbac._unregister_summary(integer), rbac._count_row(), rbac._counted_by(), rbac._write_counted(), rbac._count_truncated(),
    rbac._switch_on_row_triggers(integer, regclass), rbac._switch_on_statement_triggers(integer, regclass),
    rbac._make_statement_triggers(integer, regclass), rbac._make_row_triggers(integer, regclass, name[]),
    rbac._summary_name(text, regclass), rbac._find_summary(text), rbac._require_owner_of(rbac.summaries),
    rbac.create_summary(text, regclass, name[], name), rbac._drop_summary(rbac.summaries), rbac.drop_summary(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._register_summary(regclass, regclass, regclass, regclass, regclass, regclass, name[], name[], name),
    rbac._unregister_summary(integer), rbac._count_row(), rbac._counted_by(), rbac._write_counted(), rbac._count_truncated(),
    rbac._switch_on_row_triggers(integer, regclass), rbac._switch_on_statement_triggers(integer, regclass),
    rbac._make_statement_triggers(integer, regclass), rbac._make_row_triggers(integer, regclass, name[]),
    rbac._summary_name(text, regclass), rbac._find_summary(text), rbac._require_owner_of(rbac.summaries),
    rbac.create_summary(text, regclass, name[], name), rbac._drop_summary(rbac.summaries), rbac.drop_summary(text) TO PUBLIC;
