-- Who is assigned which role, and who is thereby authorized for which (INCITS
-- 359: AssignedUsers, AuthorizedUsers, AssignedRoles, AuthorizedRoles,
-- SessionRoles).
--
-- Assigned: there is a row in rbac.user_roles. Authorized: that role, or one
-- that it inherits. Only what is in force now is listed.

CREATE FUNCTION rbac._assigned_users(role integer, tenant_id uuid) RETURNS TABLE (
    user_id uuid, username text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.user_id, a.username, a.tenant, a.department, a.valid_from, a.valid_until
    FROM rbac._assignments_in_force(_assigned_users.tenant_id) AS a
    WHERE a.role_id = role
    ORDER BY a.username, a.tenant NULLS FIRST, a.department NULLS FIRST, a.valid_from NULLS FIRST;
END;
COMMENT ON FUNCTION rbac._assigned_users(integer, uuid) IS
'What rbac.assigned_users() lists, without judging who is asking.';

CREATE FUNCTION rbac.assigned_users(role text, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    user_id uuid, username text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.assigned_users(text, uuid) IS
'Who is assigned this role itself, where (tenant NULL: in every tenant; department NULL: in the whole tenant) and when. role: name of a role of that tenant, or else of one that every tenant shares. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (role is NULL), 42704 (no such role or tenant).';

CREATE FUNCTION rbac.assigned_users(role integer, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    user_id uuid, username text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.assigned_users(integer, uuid) IS
'The same for a role named by its id: one of the tenant, or one that every tenant shares; any, if tenant_id is NULL. Errors as for a name.';

CREATE FUNCTION rbac._authorized_users(role integer, tenant_id uuid) RETURNS TABLE (
    user_id uuid, username text, assigned_role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.user_id, a.username, r.name, a.tenant, a.department, a.valid_from, a.valid_until
    FROM rbac._roles_above(role) AS above (id)
        JOIN rbac.roles AS r ON r.id = above.id
        JOIN rbac._assignments_in_force(_authorized_users.tenant_id) AS a ON a.role_id = r.id
    ORDER BY a.username, r.name, a.tenant NULLS FIRST, a.department NULLS FIRST, a.valid_from NULLS FIRST;
END;
COMMENT ON FUNCTION rbac._authorized_users(integer, uuid) IS
'What rbac.authorized_users() lists, without judging who is asking.';

CREATE FUNCTION rbac.authorized_users(role text, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    user_id uuid, username text, assigned_role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.authorized_users(text, uuid) IS
'Who is assigned this role or one that inherits it (assigned_role), where and when. role: name of a role of that tenant, or else of one that every tenant shares. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (role is NULL), 42704 (no such role or tenant).';

CREATE FUNCTION rbac.authorized_users(role integer, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    user_id uuid, username text, assigned_role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.authorized_users(integer, uuid) IS
'The same for a role named by its id: one of the tenant, or one that every tenant shares; any, if tenant_id is NULL. Errors as for a name.';

CREATE FUNCTION rbac._assigned_roles(user_id uuid, tenant_id uuid) RETURNS TABLE (
    role_id integer, role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz, granted_by text, reason text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.id, r.name, a.tenant, a.department, a.valid_from, a.valid_until, a.granted_by, a.reason
    FROM rbac._assignments_in_force(_assigned_roles.tenant_id) AS a
        JOIN rbac.roles AS r ON r.id = a.role_id
    WHERE a.user_id = _assigned_roles.user_id
    ORDER BY r.name, a.tenant NULLS FIRST, a.department NULLS FIRST, a.valid_from NULLS FIRST, r.id;
END;
COMMENT ON FUNCTION rbac._assigned_roles(uuid, uuid) IS
'What rbac.assigned_roles() lists, without judging who is asking.';

CREATE FUNCTION rbac.assigned_roles(user_id uuid, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    role_id integer, role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz, granted_by text, reason text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.assigned_roles(uuid, uuid) IS
'Which roles this user is assigned, where (tenant NULL: in every tenant; department NULL: in the whole tenant), when, by whom and why. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (user_id is NULL), 42704 (no such user or tenant).';

CREATE FUNCTION rbac._authorized_roles(user_id uuid, tenant_id uuid) RETURNS TABLE (
    role_id integer, role text, assigned_role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.id, r.name, assigned.name, a.tenant, a.department, a.valid_from, a.valid_until
    FROM rbac._assignments_in_force(_authorized_roles.tenant_id) AS a
        JOIN rbac.roles AS assigned ON assigned.id = a.role_id
        CROSS JOIN LATERAL rbac._roles_below(a.role_id) AS below (id)
        JOIN rbac.roles AS r ON r.id = below.id
    WHERE a.user_id = _authorized_roles.user_id
    ORDER BY r.name, assigned.name, a.tenant NULLS FIRST, a.department NULLS FIRST, a.valid_from NULLS FIRST, r.id;
END;
COMMENT ON FUNCTION rbac._authorized_roles(uuid, uuid) IS
'What rbac.authorized_roles() lists, without judging who is asking.';

CREATE FUNCTION rbac.authorized_roles(user_id uuid, tenant_id uuid DEFAULT NULL) RETURNS TABLE (
    role_id integer, role text, assigned_role text, tenant text, department text,
    valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.authorized_roles(uuid, uuid) IS
'Which roles this user has, assigned or inherited from an assigned one (assigned_role), where and when. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (user_id is NULL), 42704 (no such user or tenant).';

-- About oneself, so anyone may ask; there is nothing to name that could be wrong.

CREATE FUNCTION rbac._current_roles(user_id uuid, tenant_id uuid, scopes text[]) RETURNS TABLE (
    role_id integer, role text, assigned_role text, department text, valid_until timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.role_id, a.role, a.assigned_role, a.department, a.valid_until
    FROM rbac._authorized_roles(user_id, tenant_id) AS a
    -- without a current tenant only what is held in every tenant counts
    WHERE tenant_id IS NOT NULL OR a.tenant IS NULL
    ORDER BY a.role, a.assigned_role, a.department NULLS FIRST, a.valid_until, a.role_id;
END;
COMMENT ON FUNCTION rbac._current_roles(uuid, uuid, text[]) IS
'What rbac.current_roles() lists. scopes is not used: an identity lists scopes, not roles.';

CREATE FUNCTION rbac.current_roles() RETURNS TABLE (
    role_id integer, role text, assigned_role text, department text, valid_until timestamptz
)
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review_of_self';
COMMENT ON FUNCTION rbac.current_roles() IS
'Which roles the current user has in the current tenant (without one: in every tenant), assigned or inherited from an assigned one (assigned_role). department NULL: in the whole tenant. None when nobody is asking.';

REVOKE ALL ON FUNCTION
    rbac._assigned_users(integer, uuid),
    rbac.assigned_users(text, uuid),
    rbac.assigned_users(integer, uuid),
    rbac._authorized_users(integer, uuid),
    rbac.authorized_users(text, uuid),
    rbac.authorized_users(integer, uuid),
    rbac._assigned_roles(uuid, uuid),
    rbac.assigned_roles(uuid, uuid),
    rbac._authorized_roles(uuid, uuid),
    rbac.authorized_roles(uuid, uuid),
    rbac._current_roles(uuid, uuid, text[]),
    rbac.current_roles()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rbac.assigned_users(text, uuid),
    rbac.assigned_users(integer, uuid),
    rbac.authorized_users(text, uuid),
    rbac.authorized_users(integer, uuid),
    rbac.assigned_roles(uuid, uuid),
    rbac.authorized_roles(uuid, uuid),
    rbac.current_roles()
TO PUBLIC;
