-- doctor: whom policies do not bind, and privileges that go past them.

CREATE FUNCTION rbac._examine_roles(tables rbac._examined_table[], application oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH reach AS MATERIALIZED (
        SELECT x.*, a.rolname AS login_name, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication
        FROM rbac._roles_in_reach() AS x
        JOIN pg_roles AS a ON a.oid = x.login
        JOIN pg_roles AS r ON r.oid = x.role
        WHERE x.login = ANY (application)
    ),
    -- Attributes are not inherited, but SET ROLE takes them.
    attribute AS (
        SELECT r.*, a.check_name, a.attribute, a.detail
        FROM reach AS r
        CROSS JOIN LATERAL (VALUES
            (r.rolsuper, 'application_role_is_superuser', 'NOSUPERUSER', 'a superuser, whom no policy binds'),
            (r.rolbypassrls AND NOT r.rolsuper, 'application_role_bypasses_row_security', 'NOBYPASSRLS', 'allowed to bypass row-level security'),
            (r.rolcreaterole AND NOT r.rolsuper AND current_setting('server_version_num')::integer < 160000,
                'application_role_creates_roles', 'NOCREATEROLE', 'allowed to make itself a member of any role that is no superuser, owners included')
        ) AS a (has, check_name, attribute, detail)
        WHERE a.has AND r.by_set_role
    ),
    owners AS MATERIALIZED (
        SELECT t.owner, count(*) AS ntables, min(t.name) AS example FROM unnest(tables) AS t GROUP BY 1
    ),
    writers AS MATERIALIZED (
        SELECT DISTINCT grantee FROM rbac._grants_on((SELECT array_agg(t.tbl) FROM unnest(tables) AS t))
        WHERE privilege IN ('INSERT', 'UPDATE', 'DELETE')
    )
    SELECT 'error', a.check_name, quote_ident(a.login_name),
        CASE WHEN a.member IS NULL
            THEN format('Application role "%s" is %s.', a.login_name, a.detail)
            ELSE format('Application role "%s" can SET ROLE to "%s", which is %s.', a.login_name, a.rolname, a.detail)
        END,
        CASE WHEN a.member IS NULL
            THEN format('ALTER ROLE %I %s;', a.login_name, a.attribute)
            ELSE format('REVOKE %I FROM %s;', a.rolname, rbac._role_name(a.member))
        END
    FROM attribute AS a
    UNION
    SELECT 'error', 'application_role_replicates', quote_ident(r.login_name),
        format('Application role "%s" may write to protected tables, and has REPLICATION: it can read every change of every table.', r.login_name),
        format('ALTER ROLE %I NOREPLICATION;', r.login_name)
    FROM reach AS r
    WHERE r.member IS NULL AND r.rolreplication AND NOT r.rolsuper
      AND EXISTS (SELECT FROM writers AS w JOIN reach AS x ON x.role = w.grantee OR w.grantee = 0 WHERE x.login = r.login)
    UNION
    SELECT 'error', 'application_role_reaches_server_files', quote_ident(r.login_name),
        format('Application role "%s" is a member of "%s", which reads or writes what the server keeps in files, tables included.', r.login_name, r.rolname),
        format('REVOKE %I FROM %s;', r.rolname, rbac._role_name(r.member))
    FROM reach AS r
    WHERE r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    UNION
    -- A table of its own: one finding a table, since each has to be given away.
    SELECT 'error', 'application_role_is_owner', t.name,
        format('Application role "%s" owns table %s, and can switch its row-level security off.', r.login_name, t.name),
        format('ALTER TABLE %s OWNER TO CURRENT_USER; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO %I;', t.name, r.login_name)
    FROM reach AS r JOIN unnest(tables) AS t ON t.owner = r.role
    WHERE r.member IS NULL AND NOT r.rolsuper
    UNION
    SELECT 'error', 'application_role_is_owner', quote_ident(r.login_name),
        format('Application role "%s" is a member of "%s", which owns %s and can switch row-level security off.', r.login_name, r.rolname,
            CASE o.ntables WHEN 1 THEN 'table ' || o.example ELSE format('%s protected tables', o.ntables) END),
        format('REVOKE %I FROM %s;', r.rolname, rbac._role_name(r.member))
    FROM reach AS r JOIN owners AS o ON o.owner = r.role
    WHERE r.member IS NOT NULL AND NOT r.rolsuper
    UNION
    SELECT 'error', 'application_role_owns_rbac', quote_ident(r.login_name),
        format('Application role "%s" has the rights of "%s", which owns the tables of extension rbac: it can give itself any role.', r.login_name, r.rolname),
        CASE WHEN r.member IS NULL
            THEN format('-- the owner of the extension cannot be changed: let the application log in as another role than %I', r.login_name)
            ELSE format('REVOKE %I FROM %s;', r.rolname, rbac._role_name(r.member))
        END
    FROM reach AS r
    WHERE r.role = (SELECT relowner FROM pg_class WHERE oid = 'rbac.user_roles'::regclass) AND NOT r.rolsuper;
$$;
COMMENT ON FUNCTION rbac._examine_roles(rbac._examined_table[], oid[]) IS
'For doctor(): application roles that policies do not bind, or that can become a role that they do not bind.';

CREATE FUNCTION rbac._examine_privileges(tables rbac._examined_table[], reached oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.level, p.check_name, format('%I.%I', n.nspname, c.relname), format(p.detail, rbac._role_name(g.grantee)),
        format('REVOKE %s%s ON %I.%I FROM %s;', g.privilege,
            ' (' || string_agg(quote_ident(g.column_name), ', ' ORDER BY g.column_name) || ')',
            n.nspname, c.relname, rbac._role_name(g.grantee))
    FROM rbac._grants_on((SELECT array_agg(t.tbl) FROM unnest(tables) AS t)) AS g
    JOIN (VALUES
        ('TRUNCATE',   'error',   'truncate_ignores_policies', 'Role %s may TRUNCATE: that empties the table for every tenant, whatever policies say.'),
        ('TRIGGER',    'error',   'triggers_run_as_others',    'Role %s may add triggers, which run with the rights of whoever writes, and see the rows.'),
        ('REFERENCES', 'warning', 'references_probe_rows',     'Role %s may make foreign keys, which tell whether a row is there, and keep it from being deleted, whatever policies say.')
    ) AS p (privilege, level, check_name, detail) USING (privilege)
    JOIN pg_class AS c ON c.oid = g.tbl
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE g.grantee = ANY (reached)
    GROUP BY p.level, p.check_name, p.detail, g.privilege, g.grantee, n.nspname, c.relname, g.column_name IS NULL;
$$;
COMMENT ON FUNCTION rbac._examine_privileges(rbac._examined_table[], oid[]) IS
'For doctor(): privileges of application roles on protected tables that no policy governs.';

REVOKE ALL ON FUNCTION rbac._examine_roles(rbac._examined_table[], oid[]),
    rbac._examine_privileges(rbac._examined_table[], oid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._examine_roles(rbac._examined_table[], oid[]),
    rbac._examine_privileges(rbac._examined_table[], oid[]) TO PUBLIC;
