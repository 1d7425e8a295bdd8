-- Making a table's policies what has been asked for.
--
-- Isolation is one RESTRICTIVE policy, so that no other policy can widen it. As
-- long as no PERMISSIVE one says who may do what, a companion lets everybody do
-- everything within the tenant, as without row-level security.
--
-- What has nothing to do with a row's tenant is wrapped in a sub-select, which is
-- evaluated once a statement; what has is a condition that an index serves.

CREATE FUNCTION rbac._refuse_other_tenant() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_refuse_other_tenant';
COMMENT ON FUNCTION rbac._refuse_other_tenant() IS
'Row trigger before UPDATE, WHEN the tenant differs: refuses (23514).';

-- The type of a column, that beneath its domains.
CREATE FUNCTION rbac._column_type(tbl regclass, column_name name, to_be_added text) RETURNS regtype
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    type oid;
    base oid;
BEGIN
    SELECT atttypid INTO type FROM pg_attribute
    WHERE attrelid = tbl AND attname = column_name AND attnum > 0 AND NOT attisdropped;
    IF NOT FOUND THEN
        RAISE undefined_column USING MESSAGE = format('column "%s" of table "%s" does not exist', column_name, rbac._table_name(tbl)),
            HINT = format('Add it first, for example: ALTER TABLE %s ADD COLUMN %I %s;', tbl, column_name, to_be_added);
    END IF;
    LOOP
        SELECT typbasetype INTO base FROM pg_type WHERE oid = type AND typtype = 'd';
        EXIT WHEN NOT FOUND;
        type := base;
    END LOOP;
    RETURN type;
END $$;
COMMENT ON FUNCTION rbac._column_type(regclass, name, text) IS
'The type of a column, without domains. Error: 42703 (no such column), with a hint to add one like to_be_added.';

-- id, key or number: as in rbac.current_tenant_id().
CREATE FUNCTION rbac._tenant_kind(tbl regclass, tenant_column name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    type CONSTANT regtype := rbac._column_type(tbl, tenant_column, 'uuid NOT NULL');
    a pg_attribute;
BEGIN
    SELECT * INTO a FROM pg_attribute WHERE attrelid = tbl AND attname = tenant_column;
    IF a.attgenerated <> '' THEN
        RAISE feature_not_supported USING MESSAGE = format('column "%s" of table "%s" is generated', tenant_column, rbac._table_name(tbl)),
            HINT = 'The tenant must be a column of its own.';
    END IF;
    CASE type
        WHEN 'uuid'::regtype THEN RETURN 'id';
        WHEN 'bigint'::regtype, 'integer'::regtype THEN RETURN 'number';
        WHEN 'text'::regtype, 'varchar'::regtype THEN
            IF NOT (SELECT collisdeterministic FROM pg_collation WHERE oid = a.attcollation) THEN
                RAISE feature_not_supported USING
                    MESSAGE = format('column "%s" of table "%s" takes different texts for equal', tenant_column, rbac._table_name(tbl)),
                    DETAIL = 'Two tenants whose keys differ could be one and the same to it.',
                    HINT = format('Give it another collation: ALTER TABLE %s ALTER COLUMN %I TYPE text COLLATE "C";', tbl, tenant_column);
            END IF;
            RETURN 'key';
        ELSE
            RAISE datatype_mismatch USING
                MESSAGE = format('column "%s" of table "%s" is of type %s', tenant_column, rbac._table_name(tbl), type),
                DETAIL = 'A tenant is named by its id, of type uuid, or by its key, of type text, bigint or integer.';
    END CASE;
END $$;
COMMENT ON FUNCTION rbac._tenant_kind(regclass, name) IS
'How a column names tenants: by their id (uuid), by their key (text), or by a number. Errors: 42703 (no such column), 42804 (of another type), 0A000 (generated, or of a nondeterministic collation).';

-- What names the current tenant as this column does.
CREATE FUNCTION rbac._current_tenant(tbl regclass, tenant_column name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('rbac.current_tenant_%s()', rbac._tenant_kind(tbl, tenant_column));
$$;
COMMENT ON FUNCTION rbac._current_tenant(regclass, name) IS
'The current tenant, as SQL, as this column names tenants.';

-- The condition that the current user holds a scope where a row is. It is asked of
-- the row's tenant also where only rows of the current one count, rather than once
-- a statement: the identity can move to another tenant while a statement runs, by
-- switch_tenant, and an answer about the one must not open rows of the other.
CREATE FUNCTION rbac._scope_condition(tbl regclass, wanted rbac._row_protection, scope text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
            WHEN wanted.tenant_column IS NULL THEN format('(SELECT rbac.has_scope(%L))', scope)
            ELSE format('rbac.%s(%L, %I)', f.name, scope, wanted.tenant_column)
        END
        || CASE
            WHEN wanted.department_column IS NULL THEN ''
            ELSE format(' OR rbac.%s(%L, %I, %I)', f.name, scope, wanted.tenant_column, wanted.department_column)
        END
    FROM (SELECT CASE
            WHEN wanted.tenant_column IS NULL THEN ''
            WHEN rbac._tenant_kind(tbl, wanted.tenant_column) = 'id' THEN 'has_scope'
            ELSE 'has_scope_by_key'
        END) AS f (name);
$$;
COMMENT ON FUNCTION rbac._scope_condition(regclass, rbac._row_protection, text) IS
'The condition, as SQL, that the current user holds a scope where a row is.';

CREATE FUNCTION rbac._drop_our_policies(tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    policy name;
BEGIN
    FOR policy IN
        SELECT polname FROM pg_policy
        WHERE polrelid = tbl AND rbac._is_policy_of_ours(polname)
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy, tbl);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._drop_our_policies(regclass) IS
'Drops the policies that this extension has made on a table.';

CREATE FUNCTION rbac._make_policy(
    tbl regclass, policy name, is_permissive boolean, command text, condition text, made_by text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE POLICY %I ON %s AS %s FOR %s TO PUBLIC', policy, tbl,
            CASE WHEN is_permissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, command)
        || CASE WHEN command <> 'INSERT' THEN format(' USING (%s)', condition) ELSE '' END
        || CASE WHEN command IN ('INSERT', 'UPDATE', 'ALL') THEN format(' WITH CHECK (%s)', condition) ELSE '' END;
    EXECUTE format('COMMENT ON POLICY %I ON %s IS %L', policy, tbl, made_by);
END $$;
COMMENT ON FUNCTION rbac._make_policy(regclass, name, boolean, text, text, text) IS
'Makes one policy, for rows read and rows written alike, with a comment that says what made it.';

-- Makes the policies of one table what is wanted; nothing if they are.
CREATE FUNCTION rbac._write_policies(tbl regclass, wanted rbac._row_protection) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    others boolean;
    o record;
    condition text;
BEGIN
    SELECT count(*) > 0 INTO others FROM pg_policy
    WHERE polrelid = tbl AND polpermissive AND NOT rbac._is_policy_of_ours(polname);
    wanted.has_companion := wanted.is_isolated AND wanted.scopes IS NULL AND NOT others;

    IF rbac._declared(tbl) IS DISTINCT FROM wanted THEN
        PERFORM rbac._drop_our_policies(tbl);
        IF wanted.is_isolated THEN
            condition := format('%I = %s', wanted.tenant_column, rbac._current_tenant(tbl, wanted.tenant_column));
            PERFORM rbac._make_policy(tbl, 'rbac_tenant_isolation', false, 'ALL', condition,
                'Rows of the current tenant only, whatever else is allowed. Made by rbac.enable_tenant_isolation(); rbac.disable_tenant_isolation() takes it away.');
            IF wanted.has_companion THEN
                PERFORM rbac._make_policy(tbl, 'rbac_rows_of_the_tenant', true, 'ALL', condition,
                    'Nothing else says who may do what with the rows of the current tenant, so whoever has the privileges may. Made by rbac.enable_tenant_isolation(); goes when rbac.protect_table() says more.');
            END IF;
        END IF;
        FOR o IN
            SELECT p.*, wanted.scopes ->> p.operation AS scope
            FROM rbac._protected_operations() AS p WHERE wanted.scopes ? p.operation
        LOOP
            condition := rbac._scope_condition(tbl, wanted, o.scope);
            IF o.is_own THEN
                condition := format('%I = rbac.current_user_id() AND (%s)', wanted.owner_column, condition);
            END IF;
            PERFORM rbac._make_policy(tbl, o.policy, true, o.command, condition,
                format('%s rows%s takes scope "%s" where the row is. Made by rbac.protect_table(); rbac.unprotect_table() takes it away.',
                    CASE o.command WHEN 'SELECT' THEN 'Selecting' WHEN 'INSERT' THEN 'Inserting' WHEN 'UPDATE' THEN 'Updating' ELSE 'Deleting' END,
                    CASE WHEN o.is_own THEN ' of one''s own' ELSE '' END, o.scope));
        END LOOP;
    END IF;
    PERFORM rbac._switch_row_security(tbl);
END $$;
COMMENT ON FUNCTION rbac._write_policies(regclass, rbac._row_protection) IS
'Makes the policies of a table those that have been asked for.';

-- On for the owner too where there are policies of ours; off where there is no
-- policy at all.
CREATE FUNCTION rbac._switch_row_security(tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ours integer;
    others integer;
    t pg_class;
BEGIN
    SELECT count(*) FILTER (WHERE rbac._is_policy_of_ours(polname)), count(*) FILTER (WHERE NOT rbac._is_policy_of_ours(polname))
    INTO ours, others FROM pg_policy WHERE polrelid = tbl;
    SELECT * INTO t FROM pg_class WHERE oid = tbl;
    IF ours > 0 THEN
        IF NOT t.relrowsecurity THEN
            EXECUTE format('ALTER TABLE ONLY %s ENABLE ROW LEVEL SECURITY', tbl);
        END IF;
        IF NOT t.relforcerowsecurity THEN
            EXECUTE format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY', tbl);
        END IF;
    ELSIF others = 0 AND t.relrowsecurity THEN
        EXECUTE format('ALTER TABLE ONLY %s DISABLE ROW LEVEL SECURITY', tbl);
        EXECUTE format('ALTER TABLE ONLY %s NO FORCE ROW LEVEL SECURITY', tbl);
    END IF;
END $$;
COMMENT ON FUNCTION rbac._switch_row_security(regclass) IS
'Switches row-level security on, and on for the owner, where policies of ours are, and off where none are left.';

-- Is the current tenant the column's default?  NULL if it has none.
CREATE FUNCTION rbac._defaults_to_tenant(tbl regclass, column_name name) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_get_expr(d.adbin, d.adrelid) ~ '^\(?rbac\.current_tenant_(id|key|number)\(\)'
    FROM pg_attrdef AS d JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE d.adrelid = tbl AND a.attname = column_name;
$$;
COMMENT ON FUNCTION rbac._defaults_to_tenant(regclass, name) IS
'Is the default of this column the current tenant? NULL if it has no default.';

-- An index that leads with the column, whose condition every query will have.
CREATE FUNCTION rbac._has_leading_index(tbl regclass, column_name name) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_am AS am ON am.oid = c.relam AND am.amname = 'btree'
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = column_name
        WHERE i.indrelid = tbl AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum);
$$;
COMMENT ON FUNCTION rbac._has_leading_index(regclass, name) IS
'Is there a valid, complete btree index whose first column this is?';

-- The table, its partitions, and those that inherit from it, themselves first.
CREATE FUNCTION rbac._with_descendants(tbl regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE family (member) AS (
        SELECT tbl::oid
        UNION
        SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.member
    )
    SELECT c.oid::regclass FROM family JOIN pg_class AS c ON c.oid = family.member
    WHERE c.relkind IN ('r', 'p')
    ORDER BY c.oid <> tbl::oid, c.oid;
$$;
COMMENT ON FUNCTION rbac._with_descendants(regclass) IS
'The table and all tables below it, which can be named in queries as well and have policies of their own.';

REVOKE ALL ON FUNCTION rbac._refuse_other_tenant(), rbac._column_type(regclass, name, text), rbac._tenant_kind(regclass, name),
    rbac._current_tenant(regclass, name), rbac._defaults_to_tenant(regclass, name), rbac._scope_condition(regclass, rbac._row_protection, text),
    rbac._drop_our_policies(regclass), rbac._make_policy(regclass, name, boolean, text, text, text),
    rbac._write_policies(regclass, rbac._row_protection), rbac._switch_row_security(regclass),
    rbac._has_leading_index(regclass, name), rbac._with_descendants(regclass) FROM PUBLIC;
-- They do what the caller may do to the table, and no more.
GRANT EXECUTE ON FUNCTION rbac._refuse_other_tenant(), rbac._column_type(regclass, name, text), rbac._tenant_kind(regclass, name),
    rbac._current_tenant(regclass, name), rbac._defaults_to_tenant(regclass, name), rbac._scope_condition(regclass, rbac._row_protection, text),
    rbac._drop_our_policies(regclass), rbac._make_policy(regclass, name, boolean, text, text, text),
    rbac._write_policies(regclass, rbac._row_protection), rbac._switch_row_security(regclass),
    rbac._has_leading_index(regclass, name), rbac._with_descendants(regclass) TO PUBLIC;
