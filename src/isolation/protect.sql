-- Setting up which rows are whose, and undoing it.
--
-- The functions run with the rights of whoever calls them: PostgreSQL lets only
-- a table's owner define its policies.

CREATE FUNCTION rbac._require_protectable(tbl regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t record;
BEGIN
    IF tbl IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'tbl cannot be null';
    END IF;
    SELECT c.relkind, c.relowner, n.nspname, c.relname INTO t
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = tbl;
    IF NOT FOUND THEN
        RAISE undefined_table USING MESSAGE = format('table with oid %s does not exist', tbl::oid);
    END IF;
    IF t.relkind NOT IN ('r', 'p') THEN
        RAISE wrong_object_type USING MESSAGE = format('"%s" is not a table', rbac._table_name(tbl)),
            DETAIL = 'PostgreSQL has row-level security on tables and partitioned tables only.',
            HINT = CASE WHEN t.relkind = 'v' THEN 'Protect the tables behind the view, and make it WITH (security_invoker = true).'
                        ELSE 'Name a table, or a partitioned table.' END;
    END IF;
    IF t.nspname IN ('pg_catalog', 'information_schema', 'rbac') THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied: "%s" is a table of the system', rbac._table_name(tbl));
    END IF;
    IF NOT pg_has_role(t.relowner, 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('must be owner of table %s', t.relname);
    END IF;
END $$;
COMMENT ON FUNCTION rbac._require_protectable(regclass) IS
'Errors: 22004 (no table given), 42P01 (no such table), 42809 (not a table), 42501 (not the caller''s, or one of the system).';

CREATE FUNCTION rbac._report_other_policies(tbl regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    permissive text;
    restrictive text;
BEGIN
    SELECT string_agg(format('"%s"', polname), ', ' ORDER BY polname) FILTER (WHERE polpermissive),
           string_agg(format('"%s"', polname), ', ' ORDER BY polname) FILTER (WHERE NOT polpermissive)
    INTO permissive, restrictive
    FROM pg_policy WHERE polrelid = tbl AND NOT rbac._is_policy_of_ours(polname);
    IF permissive IS NOT NULL THEN
        RAISE NOTICE 'table "%" has policies of its own, which are left alone: %', rbac._table_name(tbl), permissive
            USING DETAIL = CASE WHEN (rbac._declared(tbl)).scopes IS NULL
                THEN 'They say who may do what with the rows of the current tenant.'
                ELSE 'Each of them allows what it allows beside what the scopes do.' END;
    END IF;
    IF restrictive IS NOT NULL THEN
        RAISE NOTICE 'table "%" has restrictive policies of its own, which are left alone: %', rbac._table_name(tbl), restrictive
            USING DETAIL = 'They go on taking away.';
    END IF;
END $$;
COMMENT ON FUNCTION rbac._report_other_policies(regclass) IS
'A notice of the policies that a table has beside ours, and of what they mean there.';

-- What makes a tenant column fit to be compared with in every query.
CREATE FUNCTION rbac._prepare_tenant_column(tbl regclass, tenant_column name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    a pg_attribute;
    current_tenant CONSTANT text := rbac._current_tenant(tbl, tenant_column);
    is_default CONSTANT boolean := rbac._defaults_to_tenant(tbl, tenant_column);
BEGIN
    SELECT * INTO a FROM pg_attribute WHERE attrelid = tbl AND attname = tenant_column;
    IF NOT a.attnotnull THEN
        RAISE not_null_violation USING
            MESSAGE = format('column "%s" of table "%s" can be null', tenant_column, rbac._table_name(tbl)),
            DETAIL = 'A row of no tenant would be nobody''s.',
            HINT = format('Give every row a tenant, then: ALTER TABLE %1$s ADD CONSTRAINT tenant_is_known CHECK (%2$I IS NOT NULL) NOT VALID; ALTER TABLE %1$s VALIDATE CONSTRAINT tenant_is_known; ALTER TABLE %1$s ALTER COLUMN %2$I SET NOT NULL, DROP CONSTRAINT tenant_is_known; so that the table is not locked while its rows are looked at.', tbl, tenant_column);
    END IF;

    -- First what takes long, under the lock that lets others read.
    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        IF NOT rbac._has_leading_index(member, tenant_column) THEN
            RAISE NOTICE 'building an index on column "%" of table "%"', tenant_column, rbac._table_name(member)
                USING DETAIL = 'Until it is there and this transaction ends, the table cannot be written to. pg_stat_progress_create_index says how far it is.',
                HINT = 'CREATE INDEX CONCURRENTLY beforehand lets writers go on.';
            EXECUTE format('CREATE INDEX ON %s (%I)', member, tenant_column);
        END IF;
    END LOOP;

    IF is_default IS NULL AND a.attidentity = '' THEN
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', tbl, tenant_column, current_tenant);
    ELSIF is_default IS NOT TRUE THEN
        RAISE NOTICE 'column "%" of table "%" has a default of its own, which is left alone', tenant_column, rbac._table_name(tbl);
    END IF;

    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger AS g
                       WHERE g.tgrelid = member AND g.tgfoid = 'rbac._refuse_other_tenant'::regproc) THEN
            EXECUTE format('CREATE TRIGGER rbac_tenant_stays BEFORE UPDATE ON %1$s FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I) EXECUTE FUNCTION rbac._refuse_other_tenant()', member, tenant_column);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._prepare_tenant_column(regclass, name) IS
'An index that leads with the column, the current tenant as its default, and a trigger that keeps rows with their tenant. Error: 23502 (the column can be null).';

CREATE FUNCTION rbac.enable_tenant_isolation(tbl regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    wanted rbac._row_protection;
BEGIN
    PERFORM rbac._require_protectable(tbl);
    IF tenant_column IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'tenant_column cannot be null';
    END IF;
    wanted := rbac._declared(tbl);
    IF wanted.tenant_column <> tenant_column THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('table "%s" already has "%s" as its tenant column', rbac._table_name(tbl), wanted.tenant_column),
            HINT = format('Take that away first: SELECT rbac.%s(%L);',
                CASE WHEN wanted.is_isolated THEN 'disable_tenant_isolation' ELSE 'unprotect_table' END, tbl::text);
    END IF;

    PERFORM rbac._prepare_tenant_column(tbl, tenant_column);
    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        wanted := rbac._declared(member);
        wanted.is_isolated := true;
        wanted.tenant_column := tenant_column;
        PERFORM rbac._write_policies(member, wanted);
        PERFORM rbac._report_other_policies(member);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac.enable_tenant_isolation(regclass, name) IS
'Shows and takes rows of the current tenant only, whoever asks and whatever other policies allow. tbl: a table of the caller''s, with all its partitions and the tables that inherit from it; tenant_column: its NOT NULL column that names the tenant, by id (uuid) or by key (text, bigint, integer). Adds an index that leads with the column where there is none, the current tenant as the column''s default where there is none, a trigger that keeps rows with their tenant, and policies; switches row-level security on, for the owner too. Can be called again: nothing is done twice. Errors: 42501 (not the owner), 42703 (no such column), 42804 (of another type), 23502 (the column can be null), 0A000 (generated, or of a nondeterministic collation), 42809 (not a table), 55000 (another tenant column is in force).';

CREATE FUNCTION rbac.disable_tenant_isolation(tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    was rbac._row_protection;
    wanted rbac._row_protection;
    g record;
BEGIN
    PERFORM rbac._require_protectable(tbl);
    was := rbac._declared(tbl);
    IF NOT was.is_isolated THEN
        RAISE NOTICE 'table "%" has no tenant isolation', rbac._table_name(tbl);
        RETURN;
    END IF;

    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        wanted := rbac._declared(member);
        wanted.is_isolated := false;
        IF wanted.scopes IS NULL THEN
            wanted.tenant_column := NULL;
        END IF;
        PERFORM rbac._write_policies(member, wanted);
    END LOOP;

    -- the trigger of a partition goes with that of its parent
    FOR g IN
        SELECT t.tgname, t.tgrelid::regclass AS relation
        FROM rbac._with_descendants(tbl) AS m JOIN pg_trigger AS t ON t.tgrelid = m::oid
        WHERE t.tgfoid = 'rbac._refuse_other_tenant'::regproc AND t.tgparentid = 0
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.relation);
    END LOOP;

    IF rbac._defaults_to_tenant(tbl, was.tenant_column) THEN
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', tbl, was.tenant_column);
    END IF;
END $$;
COMMENT ON FUNCTION rbac.disable_tenant_isolation(regclass) IS
'Undoes enable_tenant_isolation: its policies, trigger and default go, and row-level security too if no policy is left. What protect_table said stays, and then counts in every tenant. Indexes stay. Errors: 42501 (not the owner), 42809 (not a table).';

CREATE FUNCTION rbac._require_uuid_column(tbl regclass, column_name name, what text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    type regtype;
BEGIN
    IF column_name IS NULL THEN
        RETURN;
    END IF;
    type := rbac._column_type(tbl, column_name, 'uuid');
    IF type <> 'uuid'::regtype THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table "%s" is of type %s', column_name, rbac._table_name(tbl), type),
            DETAIL = format('A %s is named by its id, of type uuid.', what);
    END IF;
END $$;
COMMENT ON FUNCTION rbac._require_uuid_column(regclass, name, text) IS
'Errors: 42703 (no such column), 42804 (not a uuid).';

CREATE FUNCTION rbac.protect_table(
    tbl regclass,
    tenant_column name DEFAULT NULL, owner_column name DEFAULT NULL, department_column name DEFAULT NULL,
    select_scope text DEFAULT NULL, insert_scope text DEFAULT NULL,
    update_scope text DEFAULT NULL, delete_scope text DEFAULT NULL,
    own_select_scope text DEFAULT NULL, own_update_scope text DEFAULT NULL, own_delete_scope text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    was rbac._row_protection;
    wanted rbac._row_protection;
    scope text;
BEGIN
    PERFORM rbac._require_protectable(tbl);
    was := rbac._declared(tbl);
    IF was.is_isolated AND tenant_column <> was.tenant_column THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('table "%s" is isolated by its column "%s"', rbac._table_name(tbl), was.tenant_column),
            DETAIL = format('It cannot be protected by column "%s" as well.', tenant_column);
    END IF;

    wanted := (was.is_isolated, false, tenant_column, department_column, owner_column,
        nullif(jsonb_strip_nulls(jsonb_build_object(
            'select', select_scope, 'insert', insert_scope, 'update', update_scope, 'delete', delete_scope,
            'own_select', own_select_scope, 'own_update', own_update_scope, 'own_delete', own_delete_scope)), '{}'));
    IF was.is_isolated THEN
        wanted.tenant_column := was.tenant_column;
    END IF;

    IF wanted.scopes IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'protect_table was given no scope at all',
            HINT = format('Say what it takes, for example: SELECT rbac.protect_table(%L, select_scope => ''read:task'');', tbl::text);
    END IF;
    FOR scope IN SELECT DISTINCT value FROM jsonb_each_text(wanted.scopes) LOOP
        PERFORM rbac._check_scope_name(scope);
    END LOOP;
    IF owner_column IS NULL AND (own_select_scope IS NOT NULL OR own_update_scope IS NOT NULL OR own_delete_scope IS NOT NULL) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'a scope for one''s own rows needs owner_column',
            DETAIL = 'Nothing says whose a row is.';
    END IF;
    IF own_select_scope IS NULL AND own_update_scope IS NULL AND own_delete_scope IS NULL THEN
        wanted.owner_column := NULL;
    END IF;
    IF department_column IS NOT NULL AND wanted.tenant_column IS NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'department_column needs tenant_column',
            DETAIL = 'A department belongs to a tenant.';
    END IF;
    IF wanted.tenant_column IS NOT NULL THEN
        PERFORM rbac._tenant_kind(tbl, wanted.tenant_column);
    END IF;
    PERFORM rbac._require_uuid_column(tbl, owner_column, 'user');
    PERFORM rbac._require_uuid_column(tbl, department_column, 'department');

    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        wanted.is_isolated := (rbac._declared(member)).is_isolated;
        PERFORM rbac._write_policies(member, wanted);
        PERFORM rbac._report_other_policies(member);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac.protect_table(regclass, name, name, name, text, text, text, text, text, text, text) IS
'Says which scope it takes to select, insert, update and delete rows of a table, where the row is. tbl: a table of the caller''s, with all its partitions and the tables that inherit from it. tenant_column: names the row''s tenant, by id (uuid) or key (text, bigint, integer); NULL: the current tenant counts. department_column (uuid): a row in a department is also theirs who hold the scope there or above; a row without one takes the scope in the whole tenant. owner_column (uuid): the user whose the row is, who may do with it what the own_ scopes allow; update leaves it theirs. An operation without a scope is nobody''s. Stands alone, or together with enable_tenant_isolation: then only the current tenant counts. Can be called again: what is said last counts. Errors: 42501 (not the owner), 42703 (no such column), 42704 (no such scope), 42804 (a column of another type), 22023 (no scope; own_ scopes without owner_column; departments without tenants; another tenant column than that of the isolation), 42809 (not a table).';

CREATE FUNCTION rbac.unprotect_table(tbl regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    member regclass;
    wanted rbac._row_protection;
BEGIN
    PERFORM rbac._require_protectable(tbl);
    IF (rbac._declared(tbl)).scopes IS NULL THEN
        RAISE NOTICE 'table "%" is not protected by scopes', rbac._table_name(tbl);
    END IF;
    FOR member IN SELECT * FROM rbac._with_descendants(tbl) LOOP
        wanted := rbac._declared(member);
        wanted.scopes := NULL;
        wanted.department_column := NULL;
        wanted.owner_column := NULL;
        IF NOT wanted.is_isolated THEN
            wanted.tenant_column := NULL;
        END IF;
        PERFORM rbac._write_policies(member, wanted);
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac.unprotect_table(regclass) IS
'Undoes protect_table: its policies go, and row-level security too if no policy is left. Tenant isolation stays. Errors: 42501 (not the owner), 42809 (not a table).';

REVOKE ALL ON FUNCTION rbac._require_protectable(regclass), rbac._report_other_policies(regclass),
    rbac._prepare_tenant_column(regclass, name), rbac._require_uuid_column(regclass, name, text),
    rbac.enable_tenant_isolation(regclass, name), rbac.disable_tenant_isolation(regclass),
    rbac.protect_table(regclass, name, name, name, text, text, text, text, text, text, text),
    rbac.unprotect_table(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._require_protectable(regclass), rbac._report_other_policies(regclass),
    rbac._prepare_tenant_column(regclass, name), rbac._require_uuid_column(regclass, name, text),
    rbac.enable_tenant_isolation(regclass, name), rbac.disable_tenant_isolation(regclass),
    rbac.protect_table(regclass, name, name, name, text, text, text, text, text, text, text),
    rbac.unprotect_table(regclass) TO PUBLIC;
