-- What has been asked for a table, read back from its policies: they are the one
-- place where it stands, follow renames, and are dumped and restored by
-- PostgreSQL itself.

CREATE TYPE rbac._row_protection AS (
    is_isolated       boolean,  -- only rows of the current tenant
    has_companion     boolean,  -- and all of those, for whoever has the privileges
    tenant_column     name,
    department_column name,
    owner_column      name,
    scopes            jsonb     -- by operation; NULL: not protected
);
COMMENT ON TYPE rbac._row_protection IS
'What enable_tenant_isolation and protect_table have been asked for a table.';

CREATE FUNCTION rbac._check_scope_name(scope text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_known_scope_name';
COMMENT ON FUNCTION rbac._check_scope_name(text) IS
'The scope. Error: 42704 (no such scope, with the nearest names; see rbac.unknown_scope).';

-- For messages; in a remedy, a table is written as regclass does.
CREATE FUNCTION rbac._table_name(tbl regclass) RETURNS name
LANGUAGE sql STABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT relname FROM pg_class WHERE oid = tbl; $$;
COMMENT ON FUNCTION rbac._table_name(regclass) IS
'A table''s name without its schema and without quotes.';

CREATE FUNCTION rbac._protected_operations()
RETURNS TABLE (operation text, command text, is_own boolean, policy name)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 7
SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
        ('select',     'SELECT', false, 'rbac_who_may_select'::name),
        ('insert',     'INSERT', false, 'rbac_who_may_insert'),
        ('update',     'UPDATE', false, 'rbac_who_may_update'),
        ('delete',     'DELETE', false, 'rbac_who_may_delete'),
        ('own_select', 'SELECT', true,  'rbac_owner_may_select'),
        ('own_update', 'UPDATE', true,  'rbac_owner_may_update'),
        ('own_delete', 'DELETE', true,  'rbac_owner_may_delete');
$$;
COMMENT ON FUNCTION rbac._protected_operations() IS
'What protect_table takes a scope for, and the policy that it then makes.';

-- Those, and the two of isolation; as a pattern, so that it can be inlined.
CREATE FUNCTION rbac._is_policy_of_ours(policy name) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN policy OPERATOR(pg_catalog.~)
    '^rbac_(tenant_isolation|rows_of_the_tenant|who_may_(select|insert|update|delete)|owner_may_(select|update|delete))$';
COMMENT ON FUNCTION rbac._is_policy_of_ours(name) IS
'Is this the name of a policy that enable_tenant_isolation or protect_table makes?';

CREATE FUNCTION rbac._declared(tbl regclass) RETURNS rbac._row_protection
LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- how pg_get_expr writes a column: quoted if need be, and cast if it is of a
    -- domain or another kind of text
    col CONSTANT text := $re$\(?("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\)?(?:::[a-z ]+)?$re$;
    call CONSTANT text := $re$has_scope(?:_by_key)?\('((?:[^']|'')*)'::text$re$;
    result rbac._row_protection;
    isolation text;
    protection text;
    own text;
BEGIN
    SELECT max(pg_get_expr(p.polqual, p.polrelid)) FILTER (WHERE p.polname = 'rbac_tenant_isolation'),
           count(*) FILTER (WHERE p.polname = 'rbac_rows_of_the_tenant') > 0
    INTO isolation, result.has_companion
    FROM pg_policy AS p WHERE p.polrelid = tbl;
    result.is_isolated := isolation IS NOT NULL;

    SELECT max(e.expression), max(e.expression) FILTER (WHERE o.is_own),
           jsonb_object_agg(o.operation, replace((regexp_match(e.expression, call))[1], $q$''$q$, $q$'$q$))
    INTO protection, own, result.scopes
    FROM rbac._protected_operations() AS o
    JOIN pg_policy AS p ON p.polrelid = tbl AND p.polname = o.policy,
    LATERAL (SELECT pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid)) AS e (expression);

    result.tenant_column := (parse_ident(coalesce(
        (regexp_match(isolation, '^\(' || col || ' = rbac\.current_tenant_(?:id|key|number)\(\)\)$'))[1],
        (regexp_match(protection, call || ', ' || col))[2])))[1];
    result.department_column := (parse_ident((regexp_match(protection, call || ', ' || col || ', ' || col || '\)'))[3]))[1];
    result.owner_column := (parse_ident((regexp_match(own, '\(' || col || ' = rbac\.current_user_id\(\)\)'))[1]))[1];
    RETURN result;
END $$;
COMMENT ON FUNCTION rbac._declared(regclass) IS
'What has been asked for this table by enable_tenant_isolation and protect_table.';

REVOKE ALL ON FUNCTION rbac._check_scope_name(text), rbac._table_name(regclass), rbac._protected_operations(),
    rbac._is_policy_of_ours(name), rbac._declared(regclass) FROM PUBLIC;
-- What calls them runs with the rights of the table's owner, whoever that is.
GRANT EXECUTE ON FUNCTION rbac._check_scope_name(text), rbac._table_name(regclass), rbac._protected_operations(),
    rbac._is_policy_of_ours(name), rbac._declared(regclass) TO PUBLIC;
