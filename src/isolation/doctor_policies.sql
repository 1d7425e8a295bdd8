-- doctor: policies that somebody has written, and whether they hold.

-- What stands in an expression tree, without its columns' names and all else:
-- {F123 ...} is a call of function 123, {Q ...} a sub-select, <0:2> the second
-- column of the row in question (<1:2> inside of a sub-select, and so on).
CREATE FUNCTION rbac._outline(expression pg_node_tree) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            regexp_replace(expression::text, '\\.', '', 'g'),
            '\{VAR [^{}]*:varattno (-?\d+) [^{}]*:varlevelsup (\d+) [^{}]*\}', '<\2:\1>', 'g'),
            '\{FUNCEXPR :funcid (\d+) ', '{F\1 ', 'g'),
            '\{QUERY ', '{Q ', 'g'),
            '(\{(?:F\d+|Q|)|\}|<\d+:-?\d+>)|[^{}<]+|<', '\1', 'g');
$$;
COMMENT ON FUNCTION rbac._outline(pg_node_tree) IS
'Which functions an expression calls, inside of what, and with which columns.';

-- Columns: function is NULL. A function with n columns as arguments, at whatever
-- depth: n rows.
CREATE FUNCTION rbac._used_of_the_row(outline text) RETURNS TABLE (attnum integer, function oid)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node text;
    used text;
BEGIN
    -- from the inside out: each node becomes the list of what is used in it
    LOOP
        node := substring(outline FROM '\{[^{}]*\}');
        EXIT WHEN node IS NULL;
        SELECT string_agg(DISTINCT u.used, '') INTO used
        FROM (
            SELECT format('<%s:%s>', m.found[1]::integer - (node LIKE '{Q%')::integer, m.found[2])
            FROM regexp_matches(node, '<(\d+):([^>]+)>', 'g') AS m (found)
            WHERE node NOT LIKE '{Q%' OR m.found[1] <> '0'
            UNION ALL
            SELECT format('<%s:%s,%s>', m.found[1], m.found[2], substring(node FROM '^\{F(\d+)'))
            FROM regexp_matches(node, '<(\d+):(-?\d+)>', 'g') AS m (found)
            WHERE node LIKE '{F%'
        ) AS u (used);
        outline := replace(outline, node, coalesce(used, ''));
    END LOOP;
    RETURN QUERY
        SELECT DISTINCT m.found[1]::integer, m.found[2]::oid
        FROM regexp_matches(outline, '<0:(-?\d+)(?:,(\d+))?>', 'g') AS m (found);
END $$;
COMMENT ON FUNCTION rbac._used_of_the_row(text) IS
'Which columns of the row an expression looks at, and which functions get them, from its outline; 0 is the whole row.';

-- Does the planner put the body of this function in its place? Then its call
-- costs nothing. If in doubt, yes.
CREATE FUNCTION rbac._may_be_inlined(f pg_proc) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT lanname FROM pg_language WHERE oid = (f).prolang) = 'sql'
        AND NOT (f).prosecdef AND (f).proconfig IS NULL AND NOT (f).proretset
        AND CASE
            WHEN (f).prosqlbody IS NULL
            THEN regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace((f).prosrc,
                    '\([^()]*\)', '', 'g'), '\([^()]*\)', '', 'g'), '\([^()]*\)', '', 'g'), '\([^()]*\)', '', 'g'), '\([^()]*\)', '', 'g')
                !~* '\yfrom\y'
            ELSE true
        END;
$$;
COMMENT ON FUNCTION rbac._may_be_inlined(pg_proc) IS
'Can the planner replace a call of this function by its body?';

-- On whatever table of users.
CREATE FUNCTION rbac._policies_of_others()
RETURNS TABLE (policy oid, tbl oid, table_name text, owner oid, polname name, qual pg_node_tree, new_qual pg_node_tree,
               condition text, new_condition text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.oid, p.polrelid, format('%I.%I', n.nspname, c.relname), c.relowner, p.polname,
           p.polqual, p.polwithcheck, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    FROM pg_policy AS p
    JOIN pg_class AS c ON c.oid = p.polrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE rbac._is_schema_of_users(n.nspname) AND NOT rbac._is_policy_of_ours(p.polname);
$$;
COMMENT ON FUNCTION rbac._policies_of_others() IS
'The policies that are not ours, with their conditions as SQL.';

CREATE FUNCTION rbac._alter_policy(polname name, table_name text, condition text, new_condition text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('ALTER POLICY %I ON %s%s%s;', polname, table_name,
        ' USING (' || condition || ')', ' WITH CHECK (' || new_condition || ')');
$$;
COMMENT ON FUNCTION rbac._alter_policy(name, text, text, text) IS
'ALTER POLICY, as SQL.';

CREATE FUNCTION rbac._examine_functions_of_policies(application oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH outlined AS MATERIALIZED (
        SELECT p.*, concat(rbac._outline(p.qual), rbac._outline(p.new_qual)) AS outline
        FROM rbac._policies_of_others() AS p
    ),
    called AS MATERIALIZED (
        SELECT DISTINCT p.policy, f.found[1]::oid AS function
        FROM outlined AS p, regexp_matches(p.outline, '\{F(\d+)', 'g') AS f (found)
        UNION
        -- by way of operators
        SELECT d.objid, o.oprcode
        FROM pg_depend AS d JOIN pg_operator AS o ON o.oid = d.refobjid
        WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_operator'::regclass
    ),
    judged AS (
        SELECT p.*, f.oid AS function, f.proowner, f.provolatile, f.oid::regprocedure::text AS signature, f.oid >= 16384 AS is_of_users,
               l.lanname NOT IN ('c', 'internal') AND NOT rbac._may_be_inlined(f) AS is_slow
        FROM called AS k
        JOIN outlined AS p USING (policy)
        JOIN pg_proc AS f ON f.oid = k.function
        JOIN pg_language AS l ON l.oid = f.prolang
        WHERE f.provolatile = 'v' OR f.oid >= 16384 AND f.pronamespace <> 'rbac'::regnamespace
    )
    SELECT 'warning', 'policy_calls_volatile_function', format('%I on %s', j.polname, j.table_name),
        format('%s is VOLATILE: it is called for every row, and no index serves what is compared with it.', j.signature),
        CASE WHEN j.is_of_users
            THEN format('ALTER FUNCTION %s STABLE;', j.signature)
            ELSE rbac._alter_policy(j.polname, j.table_name, j.condition, j.new_condition)
                || format(' -- with something STABLE in place of %s', j.signature)
        END
    FROM judged AS j WHERE j.provolatile = 'v'
    UNION ALL
    SELECT 'warning', 'policy_calls_function_for_each_row', format('%I on %s', j.polname, j.table_name),
        format('%s gets a column of the row, and the planner cannot look inside: it is called for every row, and no index serves.', j.signature),
        rbac._alter_policy(j.polname, j.table_name, j.condition, j.new_condition)
            || format(' -- with a comparison of the column in place of %s: with rbac.current_tenant_id(), or = ANY (what a function without the row returns), or with rbac.has_scope(scope, tenant_id)', j.signature)
    FROM judged AS j
    WHERE j.is_slow AND EXISTS (SELECT FROM rbac._used_of_the_row(j.outline) AS u WHERE u.function = j.function)
    UNION ALL
    SELECT 'error', 'policy_calls_function_of_application', format('%I on %s', j.polname, j.table_name),
        format('%s belongs to "%s", and application role "%s" can replace it by one that says yes.', j.signature,
            pg_get_userbyid(j.proowner), pg_get_userbyid(min(r.login))),
        format('ALTER FUNCTION %s OWNER TO %s;', j.signature,
            CASE WHEN j.owner = j.proowner THEN 'CURRENT_USER' ELSE rbac._role_name(j.owner) END)
    FROM judged AS j JOIN rbac._roles_in_reach() AS r ON r.role = j.proowner
    WHERE r.login = ANY (application)
    GROUP BY j.polname, j.table_name, j.signature, j.proowner, j.owner;
$$;
COMMENT ON FUNCTION rbac._examine_functions_of_policies(oid[]) IS
'For doctor(): policies that call functions which make them slow, or which the application can replace.';

CREATE FUNCTION rbac._examine_settings_in_policies() RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'warning', 'policy_casts_setting', format('%I on %s', p.polname, p.table_name),
        'Once a transaction that has set it has ended, a setting is '''', of which the cast makes an error for whoever uses the connection next.',
        rbac._alter_policy(p.polname, p.table_name,
            regexp_replace(regexp_replace(p.condition, k.cast_of_setting, $r$NULLIF(\1, '')\2$r$, 'g'), k.raises_if_unset, '\1, true)', 'g'),
            regexp_replace(regexp_replace(p.new_condition, k.cast_of_setting, $r$NULLIF(\1, '')\2$r$, 'g'), k.raises_if_unset, '\1, true)', 'g'))
    FROM rbac._policies_of_others() AS p,
         (VALUES (
            -- perhaps with a sub-select in between
            $re$(current_setting\('(?:[^']|'')*'::text(?:, (?:true|false))?\))((?: AS current_setting)?\)+::(?!text\y|character varying\y|name\y))$re$,
            $re$(NULLIF\(current_setting\('(?:[^']|'')*'::text)\)$re$
         )) AS k (cast_of_setting, raises_if_unset)
    WHERE p.condition ~ k.cast_of_setting OR p.new_condition ~ k.cast_of_setting;
$$;
COMMENT ON FUNCTION rbac._examine_settings_in_policies() IS
'For doctor(): policies that cast a setting which may be empty.';

CREATE FUNCTION rbac._examine_policies(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH candidate AS MATERIALIZED (
        SELECT DISTINCT a.attname, a.atttypid
        FROM unnest(tables) AS t JOIN pg_attribute AS a ON a.attrelid = t.tbl AND a.attname = t.tenant_column
    ),
    -- where nothing else keeps the tenants apart
    open_table AS MATERIALIZED (
        SELECT t, t.tbl, t.name, a.attname, a.attnum
        FROM unnest(tables) AS t
        JOIN pg_attribute AS a ON a.attrelid = t.tbl AND a.attnum > 0 AND NOT a.attisdropped
        WHERE NOT t.is_isolated
          AND (t.tenant_column = a.attname
               OR t.tenant_column IS NULL
                  AND ((a.attname, a.atttypid) IN (SELECT k.attname, k.atttypid FROM candidate AS k)
                       OR a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype))
    ),
    writing AS MATERIALIZED (
        SELECT o.*, p.polname, p.polpermissive, p.polcmd, p.polroles, e.effective, pg_get_expr(e.effective, p.polrelid) = 'true' AS is_true,
               CASE WHEN rbac._is_policy_of_ours(p.polname) AND (o.t).tenant_column IS NOT NULL THEN true
                    ELSE EXISTS (SELECT FROM rbac._used_of_the_row(rbac._outline(e.effective)) AS u WHERE u.attnum IN (0, o.attnum))
               END AS looks_at_tenant
        FROM open_table AS o
        JOIN pg_policy AS p ON p.polrelid = o.tbl AND p.polcmd IN ('a', 'w', '*'),
        LATERAL (SELECT coalesce(p.polwithcheck, p.polqual) AS effective) AS e
        WHERE e.effective IS NOT NULL
    )
    SELECT CASE WHEN w.is_true THEN 'error' ELSE 'warning' END, 'foreign_rows_can_be_written', format('%I on %s', w.polname, w.name),
        format('New rows are %s, so one of another tenant can be written.',
            CASE WHEN w.is_true THEN 'not looked at' ELSE format('taken whatever their column "%s" says', w.attname) END),
        format('SELECT rbac.enable_tenant_isolation(%L, %L);', w.name, w.attname)
    FROM writing AS w
    WHERE w.polpermissive AND NOT w.looks_at_tenant
      -- not if a restrictive policy looks, at every command and for every role that this one is for
      AND NOT (SELECT bool_and(EXISTS (
                   SELECT FROM writing AS r
                   WHERE r.tbl = w.tbl AND r.attnum = w.attnum AND NOT r.polpermissive AND r.looks_at_tenant
                     AND r.polcmd IN ('*', c.command) AND (r.polroles = '{0}' OR r.polroles @> w.polroles)))
               FROM unnest(CASE w.polcmd WHEN '*' THEN '{a,w}' ELSE ARRAY[w.polcmd] END) AS c (command))
    UNION ALL
    SELECT 'info', 'policy_has_no_check', format('%I on %s', p.polname, t.name),
        'There is no WITH CHECK: USING judges rows as they are written, too.',
        format('ALTER POLICY %I ON %s WITH CHECK (%s);', p.polname, t.name, pg_get_expr(p.polqual, p.polrelid))
    FROM unnest(tables) AS t JOIN pg_policy AS p ON p.polrelid = t.tbl
    WHERE p.polcmd IN ('w', '*') AND p.polwithcheck IS NULL AND p.polqual IS NOT NULL
      AND NOT rbac._is_policy_of_ours(p.polname)
    UNION ALL
    SELECT CASE WHEN b.is_companion THEN 'warning' ELSE 'info' END,
        CASE WHEN b.is_companion THEN 'policy_adds_nothing' ELSE 'policy_beside_scopes' END,
        format('%I on %s', p.polname, t.name),
        CASE WHEN b.is_companion
            THEN 'Policy "rbac_rows_of_the_tenant" lets everybody do everything within the tenant, so what this one allows makes no difference.'
            ELSE 'What this policy allows, it allows beside what the scopes of protect_table do.'
        END,
        CASE WHEN b.is_companion
            THEN format('SELECT rbac.enable_tenant_isolation(%L, %L);', t.name, rbac._likely_tenant_column(t))
            ELSE format('DROP POLICY %I ON %s;', p.polname, t.name)
        END
    FROM unnest(tables) AS t
    JOIN LATERAL (
        SELECT bool_or(o.polname = 'rbac_rows_of_the_tenant') AS is_companion
        FROM pg_policy AS o
        WHERE o.polrelid = t.tbl AND o.polpermissive AND o.polname <> 'rbac_tenant_isolation' AND rbac._is_policy_of_ours(o.polname)
    ) AS b ON b.is_companion IS NOT NULL
    JOIN pg_policy AS p ON p.polrelid = t.tbl AND p.polpermissive AND NOT rbac._is_policy_of_ours(p.polname);
$$;
COMMENT ON FUNCTION rbac._examine_policies(rbac._examined_table[]) IS
'For doctor(): policies that let rows of other tenants be written, or that allow what others of ours do not say.';

REVOKE ALL ON FUNCTION rbac._outline(pg_node_tree), rbac._used_of_the_row(text), rbac._may_be_inlined(pg_proc),
    rbac._policies_of_others(), rbac._alter_policy(name, text, text, text),
    rbac._examine_functions_of_policies(oid[]), rbac._examine_settings_in_policies(),
    rbac._examine_policies(rbac._examined_table[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._outline(pg_node_tree), rbac._used_of_the_row(text), rbac._may_be_inlined(pg_proc),
    rbac._policies_of_others(), rbac._alter_policy(name, text, text, text),
    rbac._examine_functions_of_policies(oid[]), rbac._examine_settings_in_policies(),
    rbac._examine_policies(rbac._examined_table[]) TO PUBLIC;
