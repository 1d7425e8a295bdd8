-- doctor: row-level security that is off, policies of ours that somebody has
-- altered, and rows that can be had past the policies of a table: by way of its
-- partitions, or in a table that was forgotten.

-- How protect_table was called.
CREATE FUNCTION rbac._protect_call(tbl regclass, declared rbac._row_protection) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('SELECT rbac.protect_table(%L%s);', tbl::text, string_agg(format(', %s => %L', a.name, a.value), '' ORDER BY a.n))
    FROM (
        SELECT 1 AS n, 'tenant_column' AS name, CASE WHEN NOT (declared).is_isolated THEN (declared).tenant_column::text END AS value
        UNION ALL SELECT 2, 'owner_column', (declared).owner_column
        UNION ALL SELECT 3, 'department_column', (declared).department_column
        UNION ALL SELECT 4, s.key || '_scope', s.value FROM jsonb_each_text((declared).scopes) AS s
    ) AS a
    WHERE a.value IS NOT NULL;
$$;
COMMENT ON FUNCTION rbac._protect_call(regclass, rbac._row_protection) IS
'The call of protect_table, as SQL, that makes the policies that a table has.';

-- The tenant column that the policies no longer tell: that of the trigger of
-- enable_tenant_isolation, or what it is usually called.
CREATE FUNCTION rbac._likely_tenant_column(t rbac._examined_table) RETURNS name
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((t).tenant_column, (
        SELECT min(a.attname::text)::name
        FROM pg_trigger AS g
        JOIN pg_depend AS d ON d.classid = 'pg_trigger'::regclass AND d.objid = g.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.tgrelid
        JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
        WHERE g.tgrelid = (t).tbl AND g.tgfoid = 'rbac._refuse_other_tenant'::regproc), 'tenant_id');
$$;
COMMENT ON FUNCTION rbac._likely_tenant_column(rbac._examined_table) IS
'The column that names the tenant, if the policies say, or else most likely.';

CREATE FUNCTION rbac._examine_row_security(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'error', 'row_security_is_off', format('%I.%I', n.nspname, c.relname),
        'The table has policies, but row-level security is off: none of them counts.',
        format('ALTER TABLE ONLY %I.%I ENABLE ROW LEVEL SECURITY;', n.nspname, c.relname)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT c.relrowsecurity AND rbac._is_schema_of_users(n.nspname)
      AND c.oid IN (SELECT polrelid FROM pg_policy)
    UNION ALL
    SELECT 'warning', 'row_security_is_not_forced', t.name,
        format('Policies do not bind the table''s owner "%s", nor what runs with the owner''s rights.', pg_get_userbyid(t.owner)),
        format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY;', t.name)
    FROM unnest(tables) AS t WHERE NOT t.is_forced;
$$;
COMMENT ON FUNCTION rbac._examine_row_security(rbac._examined_table[]) IS
'For doctor(): policies that do not count, or not for the owner.';

CREATE FUNCTION rbac._examine_our_policies(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH ours AS (
        SELECT t, p.polname, p.polpermissive, p.polcmd, p.polroles, o.command,
               pg_get_expr(p.polqual, p.polrelid) AS condition, pg_get_expr(p.polwithcheck, p.polrelid) AS new_condition
        FROM unnest(tables) AS t JOIN pg_policy AS p ON p.polrelid = t.tbl
        LEFT JOIN rbac._protected_operations() AS o ON o.policy = p.polname
        WHERE p.polname = 'rbac_tenant_isolation' OR o.policy IS NOT NULL
    )
    SELECT 'error', 'isolation_was_altered', (t).name,
        'Policy "rbac_tenant_isolation" is not as enable_tenant_isolation made it: restrictive, for every command and every role, with the tenant as its only condition.',
        format('SELECT rbac.disable_tenant_isolation(%L); SELECT rbac.enable_tenant_isolation(%1$L, %L);', (t).name, rbac._likely_tenant_column(t))
    FROM ours
    WHERE polname = 'rbac_tenant_isolation'
      AND (polpermissive OR polcmd <> '*' OR polroles <> '{0}' OR new_condition IS DISTINCT FROM condition
           OR condition !~ '^\(+("([^"]|"")+"|[a-z_][a-z0-9_$]*)\)?(::[a-z ]+)? = rbac\.current_tenant_(id|key|number)\(\)\)$')
    UNION ALL
    SELECT 'error', 'protection_was_altered', format('%I on %s', polname, (t).name),
        'The policy is not as protect_table made it: permissive, for one command and every role, with scopes as its condition.',
        format('SELECT rbac.unprotect_table(%L); %s -- as far as the policies still tell: see that nothing is missing', (t).name, rbac._protect_call((t).tbl::regclass, rbac._declared((t).tbl::regclass)))
    FROM ours
    WHERE command IS NOT NULL
      AND (NOT polpermissive OR polroles <> '{0}'
           OR polcmd <> CASE command WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a' WHEN 'UPDATE' THEN 'w' ELSE 'd' END::"char"
           OR command = 'UPDATE' AND new_condition IS DISTINCT FROM condition
           -- without what stands in ours, nothing is left but how it is joined
           OR regexp_replace(coalesce(condition, new_condition), format(
                  'rbac\.has_scope(_by_key)?\(''([^'']|'''')*''::text(, (%1$s|rbac\.current_tenant_id\(\)|\(%1$s\)::[a-z ]+))*\)|\(%1$s = rbac\.current_user_id\(\)\)| AS has_scope|SELECT| (AND|OR) |[() ]',
                  '("([^"]|"")+"|[a-z_][a-z0-9_$]*)'), '', 'g') <> '');
$$;
COMMENT ON FUNCTION rbac._examine_our_policies(rbac._examined_table[]) IS
'For doctor(): policies of enable_tenant_isolation and protect_table that are no longer as they were made.';

CREATE FUNCTION rbac._examine_children(tables rbac._examined_table[], reached oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE below (top, child) AS (
        SELECT t, i.inhrelid FROM unnest(tables) AS t JOIN pg_inherits AS i ON i.inhparent = t.tbl
        UNION
        SELECT b.top, i.inhrelid FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.child
    ),
    -- the highest protected table, for which all is done at once
    child AS (
        SELECT DISTINCT ON (c.oid) b.top, c.oid, c.relkind, c.relrowsecurity, format('%I.%I', n.nspname, c.relname) AS name, x.is_isolated
        FROM below AS b
        JOIN pg_class AS c ON c.oid = b.child
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN unnest(tables) AS x ON x.tbl = c.oid
        ORDER BY c.oid, EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = (b.top).tbl), (b.top).name
    ),
    grantees AS MATERIALIZED (
        SELECT tbl, string_agg(DISTINCT rbac._role_name(grantee), ', ') AS names
        FROM rbac._grants_on((SELECT array_agg(t.tbl) FROM unnest(tables) AS t))
        WHERE grantee = ANY (reached) GROUP BY tbl
    )
    SELECT 'error', CASE c.relkind WHEN 'f' THEN 'foreign_partition_is_open' ELSE 'partition_is_open' END, c.name,
        CASE WHEN c.relkind = 'f'
            THEN format('Foreign table %s is below %s, and cannot have policies: %s may go to it directly.', c.name, (c.top).name, g.names)
            ELSE format('Table %s is below %s, whose policies do not count when it is named itself, as %s may.', c.name, (c.top).name, g.names)
        END,
        CASE
            WHEN c.relkind = 'f' OR NOT ((c.top).is_isolated OR (c.top).is_scoped)
            THEN format('REVOKE ALL ON %s FROM %s;', c.name, g.names)
            ELSE concat_ws(' ',
                CASE WHEN (c.top).is_isolated
                    THEN format('SELECT rbac.enable_tenant_isolation(%L, %L);', (c.top).name, rbac._likely_tenant_column(c.top)) END,
                CASE WHEN (c.top).is_scoped
                    THEN rbac._protect_call((c.top).tbl::regclass, rbac._declared((c.top).tbl::regclass)) END)
        END
    FROM child AS c JOIN grantees AS g ON g.tbl = c.oid
    WHERE c.relkind = 'f'
       OR c.relkind IN ('r', 'p')
          AND (NOT c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
               OR (c.top).is_isolated AND NOT coalesce(c.is_isolated, false)
                  AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polpermissive));
$$;
COMMENT ON FUNCTION rbac._examine_children(rbac._examined_table[], oid[]) IS
'For doctor(): partitions of protected tables, and what inherits from them, that an application role can name itself.';

CREATE FUNCTION rbac._examine_forgotten_tables(tables rbac._examined_table[], reached oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE tenant_columns AS MATERIALIZED (
        SELECT a.attname, a.atttypid, min(t.name) AS example
        FROM unnest(tables) AS t JOIN pg_attribute AS a ON a.attrelid = t.tbl AND a.attname = t.tenant_column
        WHERE t.is_isolated GROUP BY 1, 2
    ),
    protected (oid) AS (
        SELECT t.tbl FROM unnest(tables) AS t
        UNION
        SELECT i.inhrelid FROM protected AS p JOIN pg_inherits AS i ON i.inhparent = p.oid
    )
    SELECT 'warning', 'table_without_isolation', format('%I.%I', n.nspname, c.relname),
        format('Column "%s" is called and typed like the tenant column of %s, but no policy keeps the tenants'' rows apart.', a.attname, k.example),
        CASE WHEN a.attnotnull THEN '' ELSE format('ALTER TABLE %I.%I ALTER COLUMN %I SET NOT NULL; ', n.nspname, c.relname, a.attname) END
            || format('SELECT rbac.enable_tenant_isolation(%L, %L);', format('%I.%I', n.nspname, c.relname), a.attname)
    FROM tenant_columns AS k
    JOIN pg_attribute AS a ON a.attname = k.attname AND a.atttypid = k.atttypid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE rbac._is_schema_of_users(n.nspname)
      AND c.oid NOT IN (SELECT oid FROM protected)
      AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
      AND (EXISTS (SELECT FROM aclexplode(c.relacl) AS x WHERE x.grantee <> c.relowner AND x.grantee = ANY (reached))
           OR EXISTS (SELECT FROM pg_attribute AS b, aclexplode(b.attacl) AS x
                      WHERE b.attrelid = c.oid AND b.attacl IS NOT NULL AND x.grantee <> c.relowner AND x.grantee = ANY (reached)));
$$;
COMMENT ON FUNCTION rbac._examine_forgotten_tables(rbac._examined_table[], oid[]) IS
'For doctor(): tables that look as if they were to be isolated by tenant, and are not.';

REVOKE ALL ON FUNCTION rbac._protect_call(regclass, rbac._row_protection), rbac._likely_tenant_column(rbac._examined_table),
    rbac._examine_row_security(rbac._examined_table[]), rbac._examine_our_policies(rbac._examined_table[]),
    rbac._examine_children(rbac._examined_table[], oid[]), rbac._examine_forgotten_tables(rbac._examined_table[], oid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._protect_call(regclass, rbac._row_protection), rbac._likely_tenant_column(rbac._examined_table),
    rbac._examine_row_security(rbac._examined_table[]), rbac._examine_our_policies(rbac._examined_table[]),
    rbac._examine_children(rbac._examined_table[], oid[]), rbac._examine_forgotten_tables(rbac._examined_table[], oid[]) TO PUBLIC;
