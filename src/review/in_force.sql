-- What the reviews are built from.
--
-- Bodies are parsed here and now (BEGIN ATOMIC), so that no search_path can
-- make their names mean something else. The functions that start with an
-- underscore are for the owner; what others may call stands beside them and
-- runs them after it has judged who is asking (review.c).

CREATE FUNCTION rbac._assignments_in_force(in_tenant uuid)
RETURNS TABLE (user_id uuid, username text, role_id integer, tenant text, department text,
               valid_from timestamptz, valid_until timestamptz, granted_by text, reason text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.user_id, u.username, a.role_id, t.key, d.name,
           a.valid_from, a.valid_until, g.username, a.reason
    FROM rbac.user_roles AS a
        JOIN rbac.users AS u ON u.id = a.user_id AND u.is_active
        LEFT JOIN rbac.tenants AS t ON t.id = a.tenant_id
        LEFT JOIN rbac.departments AS d ON d.id = a.department_id
        LEFT JOIN rbac.users AS g ON g.id = a.granted_by
    WHERE (a.valid_from IS NULL OR a.valid_from <= statement_timestamp())
      AND (a.valid_until IS NULL OR a.valid_until > statement_timestamp())
      AND (a.tenant_id IS NULL OR t.is_active)
      AND (in_tenant IS NULL
           OR (a.tenant_id IS NULL OR a.tenant_id = in_tenant)
              AND EXISTS (SELECT FROM rbac.tenants AS x WHERE x.id = in_tenant AND x.is_active));
END;
COMMENT ON FUNCTION rbac._assignments_in_force(uuid) IS
'The assignments that count now: valid, of active users, in active tenants. in_tenant: only those that count in that tenant, or in a department of it; NULL: all.';

CREATE FUNCTION rbac._roles_below(senior integer) RETURNS SETOF integer
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE below (id) AS (
        SELECT senior
        UNION
        SELECT i.inherits_role_id FROM below AS b JOIN rbac.role_inherits AS i ON i.role_id = b.id
    )
    SELECT b.id FROM below AS b;
END;
COMMENT ON FUNCTION rbac._roles_below(integer) IS
'A role and all that it inherits, directly or not.';

CREATE FUNCTION rbac._roles_above(junior integer) RETURNS SETOF integer
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE above (id) AS (
        SELECT junior
        UNION
        SELECT i.role_id FROM above AS a JOIN rbac.role_inherits AS i ON i.inherits_role_id = a.id
    )
    SELECT a.id FROM above AS a;
END;
COMMENT ON FUNCTION rbac._roles_above(integer) IS
'A role and all that inherit it, directly or not.';

CREATE FUNCTION rbac._permissions_in_words()
RETURNS TABLE (id integer, permission text, object text, action text, scopes text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.id, p.name, o.name, a.name,
           ARRAY(SELECT s.name FROM rbac.permission_scopes AS ps
                     JOIN rbac.scopes AS s ON s.id = ps.scope_id
                 WHERE ps.permission_id = p.id ORDER BY s.name)
    FROM rbac.permissions AS p
        LEFT JOIN rbac.permission_objects AS o ON o.id = p.object_id
        LEFT JOIN rbac.permission_actions AS a ON a.id = p.action_id;
END;
COMMENT ON FUNCTION rbac._permissions_in_words() IS
'Every permission with the names of its object, its action and its scopes.';

REVOKE ALL ON FUNCTION rbac._assignments_in_force(uuid), rbac._roles_below(integer),
    rbac._roles_above(integer), rbac._permissions_in_words() FROM PUBLIC;
