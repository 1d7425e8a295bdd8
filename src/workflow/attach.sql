-- Letting the rows of a table go through workflows, and no longer.
--
-- The functions run with the rights of whoever calls them, as those of isolation
-- do: PostgreSQL lets only who may make triggers on a table, and its owner drop
-- them. What was asked for stands in the triggers' arguments and nowhere else.
--
-- Ordinary triggers: what a subscriber applies, or a restore brings, has been
-- judged where it was written.

CREATE FUNCTION rbac._workflow_start() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_workflow_start';
COMMENT ON FUNCTION rbac._workflow_start() IS
'Row trigger before INSERT that attach_workflow makes: a row without a status gets the initial one. Arguments: the columns of the status, the type, the tenant, the assignee and the creator, '''' for one that there is not. Errors: 39P01 (not made by attach_workflow), 42703, 42804 (a column that is no longer there, or of another type).';

CREATE FUNCTION rbac._workflow_step() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_workflow_step';
COMMENT ON FUNCTION rbac._workflow_step() IS
'Row trigger after INSERT, UPDATE and (of partitioned tables, to tell a row that moves) DELETE that attach_workflow makes: judges what is stored. Arguments as of _workflow_start(). Errors: 23514 (no such step, or start), 28000 (the step is for somebody, and nobody is asking), 42501 (not for whoever is asking), 39P01, 42703, 42804.';

CREATE TYPE rbac._task_columns AS (
    status_column   name,
    type_column     name,
    tenant_column   name,
    assignee_column name,
    creator_column  name
);
COMMENT ON TYPE rbac._task_columns IS
'What attach_workflow has been told of a table; NULL for a column that there is not.';

CREATE FUNCTION rbac._attached(tbl regclass) RETURNS rbac._task_columns
LANGUAGE sql STABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (nullif(a[1], ''), nullif(a[2], ''), nullif(a[3], ''), nullif(a[4], ''), nullif(a[5], ''))::rbac._task_columns
    FROM pg_trigger AS g,
         -- each argument ends with a zero byte
         LATERAL (SELECT array_agg(convert_from(decode(x, 'hex'), getdatabaseencoding()) ORDER BY n)
                  FROM regexp_split_to_table(regexp_replace(encode(g.tgargs, 'hex'), '((?:[0-9a-f]{2})*?)00', '\1,', 'g'), ',')
                      WITH ORDINALITY AS u (x, n)) AS arguments (a)
    WHERE g.tgrelid = tbl AND g.tgfoid = 'rbac._workflow_step()'::regprocedure
    ORDER BY g.oid LIMIT 1;
$$;
COMMENT ON FUNCTION rbac._attached(regclass) IS
'The columns that attach_workflow was told of, read back from the table''s trigger; NULL if it was not called for it.';

CREATE FUNCTION rbac._require_integer_column(tbl regclass, column_name name, what text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    type CONSTANT regtype := rbac._column_type(tbl, column_name, 'integer');
BEGIN
    IF type <> 'integer'::regtype THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table "%s" is of type %s', column_name, rbac._table_name(tbl), type),
            DETAIL = format('A %s is named by its id, of type integer.', what);
    END IF;
END $$;
COMMENT ON FUNCTION rbac._require_integer_column(regclass, name, text) IS
'Errors: 42703 (no such column), 42804 (not an integer).';

CREATE FUNCTION rbac._drop_workflow_triggers(tbl regclass) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    g record;
    n bigint := 0;
BEGIN
    -- the trigger of a partition goes with that of its parent
    FOR g IN
        SELECT t.tgname, t.tgrelid::regclass AS relation
        FROM rbac._with_descendants(tbl) AS m JOIN pg_trigger AS t ON t.tgrelid = m::oid
        WHERE t.tgfoid IN ('rbac._workflow_start()'::regprocedure, 'rbac._workflow_step()'::regprocedure) AND t.tgparentid = 0
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.relation);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
COMMENT ON FUNCTION rbac._drop_workflow_triggers(regclass) IS
'Drops what attach_workflow has made on a table and those below it, and says how many triggers that were.';

CREATE FUNCTION rbac.attach_workflow(
    tbl regclass,
    status_column name DEFAULT 'status_id', type_column name DEFAULT 'type_id',
    tenant_column name DEFAULT NULL, assignee_column name DEFAULT NULL, creator_column name DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    protection rbac._row_protection;
    arguments text;
    member record;
BEGIN
    PERFORM rbac._require_protectable(tbl);
    IF status_column IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'status_column cannot be null';
    END IF;
    IF type_column IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'type_column cannot be null';
    END IF;
    IF (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = tbl) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('table "%s" is a partition', rbac._table_name(tbl)),
            DETAIL = 'Rows move between partitions, and a step must not end at one''s border.',
            HINT = format('Call it for %s, which all partitions follow.', pg_partition_root(tbl));
    END IF;

    -- the tenant that a row is kept to is the one that counts
    protection := rbac._declared(tbl);
    IF protection.is_isolated THEN
        IF tenant_column <> protection.tenant_column THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('table "%s" is isolated by its column "%s"', rbac._table_name(tbl), protection.tenant_column),
                DETAIL = format('Its tenant cannot be that of column "%s" as well.', tenant_column);
        END IF;
        tenant_column := protection.tenant_column;
    END IF;

    PERFORM rbac._require_integer_column(tbl, status_column, 'status');
    PERFORM rbac._require_integer_column(tbl, type_column, 'task type');
    IF tenant_column IS NOT NULL THEN
        PERFORM rbac._tenant_kind(tbl, tenant_column);
    END IF;
    PERFORM rbac._require_uuid_column(tbl, assignee_column, 'user');
    PERFORM rbac._require_uuid_column(tbl, creator_column, 'user');

    arguments := format('%L, %L, %L, %L, %L', status_column, type_column,
        coalesce(tenant_column, ''), coalesce(assignee_column, ''), coalesce(creator_column, ''));
    PERFORM rbac._drop_workflow_triggers(tbl);
    -- partitions follow by themselves, also those to come
    FOR member IN
        SELECT m AS relation, c.relkind = 'p' AS is_partitioned
        FROM rbac._with_descendants(tbl) AS m JOIN pg_class AS c ON c.oid = m::oid WHERE NOT c.relispartition
    LOOP
        -- late, so that the type and the tenant are what others make of them
        EXECUTE format('CREATE TRIGGER zz_rbac_workflow_start BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION rbac._workflow_start(%s)',
            member.relation, arguments);
        EXECUTE format('CREATE TRIGGER rbac_workflow_step AFTER INSERT OR UPDATE%s ON %s FOR EACH ROW EXECUTE FUNCTION rbac._workflow_step(%s)',
            CASE WHEN member.is_partitioned THEN ' OR DELETE' END, member.relation, arguments);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac.attach_workflow(regclass, name, name, name, name, name) IS
'From now on the rows of this table go from status to status as the workflows of their types allow, whoever writes and however. tbl: a table of the caller''s, with all its partitions and the tables that inherit from it. status_column, type_column (integer): ids of rbac.workflow_statuses and rbac.task_types. tenant_column: names the row''s tenant, by id (uuid) or key (text, bigint, integer); NULL: that of the table''s isolation, or else the current tenant counts. assignee_column, creator_column (uuid): ids of users; NULL: nobody is. A new row starts in the initial status (NULL becomes it); a status changes only along a transition, by who may take it; type and tenant change only to a workflow that has the status. Who is assignee and creator, and which tenant counts, is what the row says before the change. Rows that are there already are not looked at. Adds two triggers; can be called again: what is said last counts. Errors: 22004 (tbl, status_column or type_column is NULL), 22023 (another tenant column than that of the isolation), 42501 (not the owner), 42703 (no such column), 42804 (a column of another type), 42809 (not a table, or a partition). When rows are written: 23514 (no such start or step), 28000 (the step is for somebody, and nobody is asking), 42501 (not for whoever is asking), 42703, 42804 (a column was renamed or changed since).';

CREATE FUNCTION rbac.detach_workflow(tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rbac._require_protectable(tbl);
    IF rbac._drop_workflow_triggers(tbl) = 0 THEN
        RAISE NOTICE 'table "%" has no workflow', rbac._table_name(tbl);
    END IF;
END $$;
COMMENT ON FUNCTION rbac.detach_workflow(regclass) IS
'Undoes attach_workflow: its triggers go, and nothing is left. Errors: 22004 (tbl is NULL), 42501 (not the owner), 42809 (not a table).';

REVOKE ALL ON FUNCTION rbac._workflow_start(), rbac._workflow_step(), rbac._attached(regclass),
    rbac._require_integer_column(regclass, name, text), rbac._drop_workflow_triggers(regclass),
    rbac.attach_workflow(regclass, name, name, name, name, name), rbac.detach_workflow(regclass) FROM PUBLIC;
-- They do what the caller may do to the table, and no more.
GRANT EXECUTE ON FUNCTION rbac._workflow_start(), rbac._workflow_step(), rbac._attached(regclass),
    rbac._require_integer_column(regclass, name, text), rbac._drop_workflow_triggers(regclass),
    rbac.attach_workflow(regclass, name, name, name, name, name), rbac.detach_workflow(regclass) TO PUBLIC;
