-- Who is asking, and what may be known of people.
--
-- These functions run with the rights of who owns rbac's tables, so each says itself
-- what it gives to whom. All others run with the caller's.

-- The one place where the API says who is asking: first thing in the transaction of a
-- request, after it has checked the access token, with the scopes that the token lists.
-- The token is granted only if the user holds them all (the document's 3.1), and what
-- counts from then on is what the user still holds and the token lists.
CREATE FUNCTION work.begin_request(username text, scopes text[], tenant text DEFAULT 'acme') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    asking CONSTANT uuid := u.id FROM rbac.users AS u WHERE lower(u.username) = lower(username);
    place CONSTANT uuid := t.id FROM rbac.tenants AS t WHERE t.key = tenant;
BEGIN
    IF scopes IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'scopes cannot be null', HINT = 'Pass on those that the access token lists.';
    END IF;
    IF asking IS NULL OR place IS NULL THEN
        RAISE invalid_authorization_specification USING MESSAGE = 'no such user or tenant';
    END IF;
    PERFORM rbac.set_identity(asking, place, scopes);
    -- this one says which is missing, and why
    PERFORM rbac.require_scope(s) FROM unnest(scopes) AS s;
END $$;
COMMENT ON FUNCTION work.begin_request(text, text[], text) IS
'Begins a request: for the rest of the transaction, this user is asking, with these scopes. For the API alone, which has checked the access token. Errors: 22004 (no scopes), 28000 (no such user or tenant), 42501 (a scope that the user does not hold), 42704 (a scope that there is not), 25P01 (outside a transaction).';

-- Employees: who holds that role now, in the current tenant or in every one.
CREATE FUNCTION work._employee_role() RETURNS integer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT id FROM rbac.roles WHERE name = 'Employee' AND tenant_id IS NULL;
END;

CREATE FUNCTION work._employee_id(username text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found uuid;
BEGIN
    IF rbac.has_any_scope('{su_read:task,su_edit:task,create:task}') THEN
        SELECT u.id INTO found FROM rbac.users AS u
        WHERE lower(u.username) = lower(username) AND EXISTS (
            SELECT FROM rbac.user_roles AS r
            WHERE r.user_id = u.id AND r.role_id = work._employee_role()
              AND (r.tenant_id = rbac.current_tenant_id() OR r.tenant_id IS NULL)
              AND (r.valid_from IS NULL OR r.valid_from <= statement_timestamp())
              AND (r.valid_until IS NULL OR r.valid_until > statement_timestamp()));
    END IF;
    IF found IS NULL THEN
        RAISE undefined_object USING MESSAGE = format('employee "%s" does not exist', username);
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION work._employee_id(text) IS
'The employee of this name in the current tenant, for who sees, assigns or creates tasks there. Error: 42704 (there is none).';

-- Names beside tasks: of who has, or had, a role in the current tenant.
CREATE FUNCTION work._names(ids uuid[]) RETURNS TABLE (id uuid, username text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    IF rbac.current_user_id() IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT u.id, u.username FROM unnest(ids) AS i JOIN rbac.users AS u ON u.id = i
    CROSS JOIN LATERAL (
        SELECT FROM rbac.user_roles AS r
        WHERE r.user_id = u.id AND (r.tenant_id = rbac.current_tenant_id() OR r.tenant_id IS NULL)
        LIMIT 1) AS belongs;
END $$;
COMMENT ON FUNCTION work._names(uuid[]) IS
'What those of these users are called who have, or had, a role in the current tenant. Nobody, if nobody is asking.';

-- The employees of the report, for who may see all tasks: a page of them by name, or
-- those among some. LATERAL ... LIMIT 1, so that a page ends where it is full, whatever
-- the planner makes of it: the users come by their index, in its order. Planned once a
-- session, for any page.
CREATE FUNCTION work._employees_by_name(is_descending boolean, _from bigint, _size bigint) RETURNS TABLE (id uuid, username text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    role CONSTANT integer := work._employee_role();
    tenant CONSTANT uuid := rbac.current_tenant_id();
BEGIN
    IF NOT rbac.has_scope('su_read:task') THEN
        RETURN;
    ELSIF is_descending THEN
        RETURN QUERY
        SELECT u.id, u.username
        FROM rbac.users AS u
        CROSS JOIN LATERAL (
            SELECT FROM rbac.user_roles AS r
            WHERE r.user_id = u.id AND r.role_id = role
              AND (r.tenant_id = tenant OR r.tenant_id IS NULL)
              AND (r.valid_from IS NULL OR r.valid_from <= statement_timestamp())
              AND (r.valid_until IS NULL OR r.valid_until > statement_timestamp())
            LIMIT 1) AS is_employee
        ORDER BY lower(u.username) DESC OFFSET _from LIMIT _size;
    ELSE
        RETURN QUERY
        SELECT u.id, u.username
        FROM rbac.users AS u
        CROSS JOIN LATERAL (
            SELECT FROM rbac.user_roles AS r
            WHERE r.user_id = u.id AND r.role_id = role
              AND (r.tenant_id = tenant OR r.tenant_id IS NULL)
              AND (r.valid_from IS NULL OR r.valid_from <= statement_timestamp())
              AND (r.valid_until IS NULL OR r.valid_until > statement_timestamp())
            LIMIT 1) AS is_employee
        ORDER BY lower(u.username) OFFSET _from LIMIT _size;
    END IF;
END $$;
COMMENT ON FUNCTION work._employees_by_name(boolean, bigint, bigint) IS
'A page of the employees of the current tenant; _size NULL: all of them. Nobody, for who may not see all tasks.';

CREATE FUNCTION work._employees_among(ids uuid[]) RETURNS TABLE (id uuid, username text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    role CONSTANT integer := work._employee_role();
    tenant CONSTANT uuid := rbac.current_tenant_id();
BEGIN
    IF NOT rbac.has_scope('su_read:task') THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT u.id, u.username
    FROM unnest(ids) AS i
    JOIN rbac.users AS u ON u.id = i
    CROSS JOIN LATERAL (
        SELECT FROM rbac.user_roles AS r
        WHERE r.user_id = u.id AND r.role_id = role
          AND (r.tenant_id = tenant OR r.tenant_id IS NULL)
          AND (r.valid_from IS NULL OR r.valid_from <= statement_timestamp())
          AND (r.valid_until IS NULL OR r.valid_until > statement_timestamp())
        LIMIT 1) AS is_employee;
END $$;
COMMENT ON FUNCTION work._employees_among(uuid[]) IS
'Those of these users who are employees of the current tenant. Nobody, for who may not see all tasks.';
