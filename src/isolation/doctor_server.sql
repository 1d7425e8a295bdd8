-- doctor: the extension itself, its library, and settings.

CREATE FUNCTION rbac._library_version() RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_library_version';
COMMENT ON FUNCTION rbac._library_version() IS
'The version of the library, whatever that of the extension is.';

CREATE FUNCTION rbac._examine_library() RETURNS SETOF rbac._finding
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    library text;
    extension CONSTANT text := (SELECT extversion FROM pg_extension WHERE extname = 'rbac');
    others text;
BEGIN
    BEGIN
        library := rbac._library_version();
    EXCEPTION WHEN undefined_function THEN
        library := 'older than the extension';
    END;
    IF library <> extension THEN
        RETURN NEXT ROW('error', 'versions_differ', 'extension rbac',
            format('The extension is of version %s, its library is %s: nothing is answered.', extension, library),
            'ALTER EXTENSION rbac UPDATE; -- or restart the server, if it was started with an older library')::rbac._finding;
        RETURN;
    END IF;

    -- that it counts at the server's start only, it says to who preloads it
    IF NOT EXISTS (SELECT FROM pg_settings WHERE name = 'rbac.cache_size' AND context = 'postmaster') THEN
        SELECT string_agg(quote_literal(trim('" ' FROM u.name)) || ', ', '' ORDER BY u.n) INTO others
        FROM pg_settings AS s, unnest(string_to_array(s.setting, ',')) WITH ORDINALITY AS u (name, n)
        WHERE s.name = 'shared_preload_libraries' AND trim('" ' FROM u.name) NOT IN ('', 'rbac');
        RETURN NEXT ROW('warning', 'library_not_preloaded', 'shared_preload_libraries',
            'Each session keeps what it has found out for itself, and loads the library with its first call.',
            format('ALTER SYSTEM SET shared_preload_libraries = %s''rbac''; -- then restart the server', others)
                || CASE WHEN EXISTS (SELECT FROM pg_settings WHERE name = 'shared_preload_libraries') THEN ''
                        ELSE '; you may not see which libraries stand there already: keep them' END)::rbac._finding;
    END IF;

    IF NOT rbac._caching_is_sound() THEN
        RETURN NEXT ROW('warning', 'triggers_are_unsound', coalesce(
            (SELECT min(format('rbac.%I', w.name)) FROM unnest('{tenants, users, departments, user_roles, scopes, permission_scopes, roles, role_permissions, role_inherits, role_conflicts}'::text[]) AS w (name)
             WHERE 3 <> (SELECT count(*) FROM pg_trigger AS g
                         WHERE g.tgrelid = to_regclass(format('rbac.%I', w.name)) AND g.tgenabled = 'A' AND g.tgfoid = 'rbac._note_change()'::regprocedure)),
            'extension rbac'),
            'Triggers that keep cached answers honest are not ENABLE ALWAYS, or not as they were made, or the table inherits from another: every check reads the tables.',
            'SELECT rbac.repair();')::rbac._finding;
    END IF;
END $$;
COMMENT ON FUNCTION rbac._examine_library() IS
'For doctor(): the library and what makes caching sound.';

CREATE FUNCTION rbac._examine_our_schema() RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH tables AS (
        SELECT c.oid, c.relname, c.relowner, c.relacl FROM pg_class AS c
        WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind IN ('r', 'p')
    )
    SELECT 'error', 'triggers_on_tables_of_rbac', format('rbac.%I', t.relname),
        format('Role %s may add triggers, which run with the owner''s rights when functions of rbac write.', rbac._role_name(a.grantee)),
        format('REVOKE TRIGGER ON rbac.%I FROM %s;', t.relname, rbac._role_name(a.grantee))
    FROM tables AS t, aclexplode(t.relacl) AS a
    WHERE a.privilege_type = 'TRIGGER'
      AND CASE WHEN a.grantee = 0 THEN true ELSE NOT pg_has_role(a.grantee, t.relowner, 'USAGE') END
    UNION ALL
    SELECT 'error', 'rule_of_rbac_is_off', format('%I on rbac.%I', g.tgname, t.relname),
        'A trigger that keeps the tables'' rules, or decides who may write to them, is switched off.',
        format('ALTER TABLE rbac.%I ENABLE TRIGGER %I;', t.relname, g.tgname)
    FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid
    JOIN pg_proc AS f ON f.oid = g.tgfoid
    WHERE NOT g.tgisinternal AND g.tgenabled IN ('D', 'R') AND f.pronamespace = 'rbac'::regnamespace AND f.proname <> '_note_change'
    UNION ALL
    SELECT 'error', 'anybody_can_be_anybody', f.oid::regprocedure::text,
        'PUBLIC may call it: whoever can run SQL can act as any user.',
        format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', f.oid::regprocedure)
    FROM pg_proc AS f, aclexplode(f.proacl) AS a
    WHERE f.pronamespace = 'rbac'::regnamespace AND f.proname = 'set_identity' AND a.grantee = 0
    UNION ALL
    SELECT 'error', 'functions_in_schema_rbac', 'schema rbac',
        format('Role %s may create functions in schema rbac, which calls can then take for ours.', rbac._role_name(a.grantee)),
        format('REVOKE CREATE ON SCHEMA rbac FROM %s;', rbac._role_name(a.grantee))
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
    WHERE n.nspname = 'rbac' AND a.privilege_type = 'CREATE'
      AND CASE WHEN a.grantee = 0 THEN true ELSE NOT pg_has_role(a.grantee, n.nspowner, 'USAGE') END;
$$;
COMMENT ON FUNCTION rbac._examine_our_schema() IS
'For doctor(): who could change what the extension answers.';

CREATE FUNCTION rbac._examine_settings(tables rbac._examined_table[], application oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH stored AS (
        SELECT s.setrole, split_part(c.setting, '=', 1) AS name, substr(c.setting, strpos(c.setting, '=') + 1) AS value,
               CASE WHEN s.setrole = 0 THEN 'DATABASE ' || quote_ident(current_database())
                    ELSE 'ROLE ' || rbac._role_name(s.setrole)
                        || CASE WHEN s.setdatabase = 0 THEN '' ELSE ' IN DATABASE ' || quote_ident(current_database()) END
               END AS whose
        FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c (setting)
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ),
    identity AS (
        SELECT name, value, 'by ALTER ' || whose AS where_set, format('ALTER %s RESET %s;', whose, name) AS remedy
        FROM stored WHERE name IN ('rbac.user_setting', 'rbac.claims_setting') AND value <> ''
        UNION ALL
        -- where this session has it from, unless that was said above
        SELECT name, setting, CASE source WHEN 'session' THEN 'in this session' ELSE 'for the server' END,
               CASE source WHEN 'session' THEN format('RESET %s;', name)
                           ELSE format('ALTER SYSTEM RESET %s; SELECT pg_reload_conf();', name) END
        FROM pg_settings
        WHERE name IN ('rbac.user_setting', 'rbac.claims_setting') AND setting <> ''
          AND source NOT IN ('database', 'user', 'database user', 'global')
    )
    SELECT 'warning', 'row_security_setting', whose,
        'row_security = off shows nobody more: every query of a protected table fails for those whom policies bind.',
        format('ALTER %s RESET row_security;', whose)
    FROM stored
    WHERE name = 'row_security' AND value ~* '^(of|off|f|fa|fal|fals|false|n|no|0)$'
      AND (setrole = 0 OR setrole = ANY (application)) AND cardinality(tables) > 0
    UNION ALL
    SELECT 'warning', 'identity_from_setting', name,
        format('Set %s: who is asking is what setting "%s" says, and whoever can run SQL can set that, also by an injection.', where_set, value),
        remedy || ' -- and let the application call rbac.set_identity(); or see to it that nobody''s own SQL reaches the server'
    FROM identity;
$$;
COMMENT ON FUNCTION rbac._examine_settings(rbac._examined_table[], oid[]) IS
'For doctor(): settings of roles, of the database, and of the extension.';

REVOKE ALL ON FUNCTION rbac._library_version(), rbac._examine_library(), rbac._examine_our_schema(),
    rbac._examine_settings(rbac._examined_table[], oid[]) FROM PUBLIC;
-- It says no more than whether caching works.
GRANT EXECUTE ON FUNCTION rbac._caching_is_sound() TO PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._library_version(), rbac._examine_library(), rbac._examine_our_schema(),
    rbac._examine_settings(rbac._examined_table[], oid[]) TO PUBLIC;
