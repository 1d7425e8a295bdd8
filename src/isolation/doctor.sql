-- What makes isolation void, and what to do about it.

-- A part that needs to be told nothing is asked by its name, so that rooms above
-- have parts of their own. Nobody but the owner makes functions in our schema.
CREATE FUNCTION rbac._examine_the_rest() RETURNS SETOF rbac._finding
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part regprocedure;
BEGIN
    FOR part IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'rbac'::regnamespace AND p.proname ~ '^_examine_' AND p.pronargs = 0
          AND p.prorettype = 'rbac._finding'::regtype AND p.proname <> '_examine_the_rest'
        ORDER BY p.proname
    LOOP
        RETURN QUERY EXECUTE format('SELECT * FROM %s', part);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._examine_the_rest() IS
'For doctor(): what its parts find that take no arguments, those of rooms above included.';

CREATE FUNCTION rbac.doctor()
RETURNS TABLE (level text, check_name text, object text, detail text, remedy text)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    tables CONSTANT rbac._examined_table[] := ARRAY(SELECT t FROM rbac._examined_tables() AS t);
    application CONSTANT oid[] := ARRAY(SELECT rbac._application_roles(ARRAY(SELECT t.tbl FROM unnest(tables) AS t)));
    -- the roles whose privileges application roles have, and PUBLIC
    reached CONSTANT oid[] := 0::oid || ARRAY(SELECT DISTINCT r.role FROM rbac._roles_in_reach() AS r WHERE r.login = ANY (application));
BEGIN
    RETURN QUERY
    SELECT f.level, f.check_name, f.object, f.detail, f.remedy
    FROM (
        SELECT * FROM rbac._examine_row_security(tables)
        UNION SELECT * FROM rbac._examine_our_policies(tables)
        UNION SELECT * FROM rbac._examine_children(tables, reached)
        UNION SELECT * FROM rbac._examine_forgotten_tables(tables, reached)
        UNION SELECT * FROM rbac._examine_tenant_columns(tables)
        UNION SELECT * FROM rbac._examine_foreign_keys(tables)
        UNION SELECT * FROM rbac._examine_roles(tables, application)
        UNION SELECT * FROM rbac._examine_privileges(tables, reached)
        UNION SELECT * FROM rbac._examine_policies(tables)
        UNION SELECT * FROM rbac._examine_functions_of_policies(application)
        UNION SELECT * FROM rbac._examine_views(tables)
        UNION SELECT * FROM rbac._examine_functions(tables, application)
        UNION SELECT * FROM rbac._examine_settings(tables, application)
        UNION SELECT * FROM rbac._examine_the_rest()
    ) AS f
    ORDER BY array_position('{error, warning, info}', f.level), f.check_name, f.object, f.detail;
END $$;
COMMENT ON FUNCTION rbac.doctor() IS
'What makes isolation void, or may: one row for each finding, and none if all is well. level: error (rows of one tenant can be had, or written, by another; steps are taken unjudged; or nothing is answered), warning (they may be, or checks are slow), info (as somebody has wanted it, perhaps). check_name: what was looked at; object: where; detail: what is wrong; remedy: SQL that puts it right. Looks at tables that have a policy of ours, or one that calls a function of schema rbac, and at the roles that log in and work with them; and at tables that attach_workflow was called for. Reads the catalogs alone, as whoever calls it. Not for PUBLIC; whoever is granted it needs nothing else.';

REVOKE ALL ON FUNCTION rbac.doctor(), rbac._examine_the_rest() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._examine_the_rest() TO PUBLIC;
