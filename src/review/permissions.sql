-- Which permissions come with a role, and which does a user have (INCITS 359:
-- RolePermissions, UserPermissions, SessionPermissions, RoleOperationsOnObject,
-- UserOperationsOnObject).

CREATE FUNCTION rbac._permissions_of_role(role integer, tenant_id uuid, inherited boolean) RETURNS TABLE (
    permission text, object text, action text, scopes text[], from_role text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.permission, p.object, p.action, p.scopes, r.name
    FROM rbac._roles_below(role) AS below (id)
        JOIN rbac.roles AS r ON r.id = below.id
        JOIN rbac.role_permissions AS rp ON rp.role_id = r.id
        JOIN rbac._permissions_in_words() AS p ON p.id = rp.permission_id
    WHERE inherited OR r.id = role
    ORDER BY p.permission, r.name, r.id;
END;
COMMENT ON FUNCTION rbac._permissions_of_role(integer, uuid, boolean) IS
'What rbac.permissions_of_role() lists, without judging who is asking.';

CREATE FUNCTION rbac.permissions_of_role(role text, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    permission text, object text, action text, scopes text[], from_role text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.permissions_of_role(text, uuid, boolean) IS
'Which permissions come with this role, what each is about, which scopes it carries, and which role has it (from_role): this one, or with inherited also one that it inherits. role: name of a role of the tenant, or else of one that every tenant shares. tenant_id: tenant where it is looked for, NULL: among the shared ones only. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (role or inherited is NULL), 42704 (no such role or tenant).';

CREATE FUNCTION rbac.permissions_of_role(role integer, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    permission text, object text, action text, scopes text[], from_role text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.permissions_of_role(integer, uuid, boolean) IS
'The same for a role named by its id: one of the tenant, or one that every tenant shares; any, if tenant_id is NULL. Errors as for a name.';

CREATE FUNCTION rbac._permissions_of_user(user_id uuid, tenant_id uuid, inherited boolean) RETURNS TABLE (
    permission text, object text, action text, scopes text[], from_role text,
    assigned_role text, tenant text, department text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT DISTINCT p.permission, p.object, p.action, p.scopes, r.name, assigned.name, a.tenant, a.department
    FROM rbac._assignments_in_force(_permissions_of_user.tenant_id) AS a
        JOIN rbac.roles AS assigned ON assigned.id = a.role_id
        CROSS JOIN LATERAL rbac._roles_below(a.role_id) AS below (id)
        JOIN rbac.roles AS r ON r.id = below.id
        JOIN rbac.role_permissions AS rp ON rp.role_id = r.id
        JOIN rbac._permissions_in_words() AS p ON p.id = rp.permission_id
    WHERE a.user_id = _permissions_of_user.user_id
      AND (inherited OR r.id = assigned.id)
    ORDER BY p.permission, r.name, assigned.name, a.tenant NULLS FIRST, a.department NULLS FIRST;
END;
COMMENT ON FUNCTION rbac._permissions_of_user(uuid, uuid, boolean) IS
'What rbac.permissions_of_user() lists, without judging who is asking.';

CREATE FUNCTION rbac.permissions_of_user(user_id uuid, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    permission text, object text, action text, scopes text[], from_role text,
    assigned_role text, tenant text, department text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.permissions_of_user(uuid, uuid, boolean) IS
'Which permissions this user has, by which assigned role, and where (tenant NULL: in every tenant; department NULL: in the whole tenant). from_role: the role that has the permission, the assigned one or with inherited also one that it inherits. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (user_id or inherited is NULL), 42704 (no such user or tenant).';

CREATE FUNCTION rbac._scopes_of_role(role integer, tenant_id uuid, inherited boolean) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.name
    FROM rbac.scopes AS s
    WHERE EXISTS (
        SELECT
        FROM rbac._roles_below(role) AS below (id)
            JOIN rbac.role_permissions AS rp ON rp.role_id = below.id
            JOIN rbac.permission_scopes AS ps ON ps.permission_id = rp.permission_id
        WHERE ps.scope_id = s.id AND (inherited OR below.id = role))
    ORDER BY s.name;
END;
COMMENT ON FUNCTION rbac._scopes_of_role(integer, uuid, boolean) IS
'What rbac.scopes_of_role() lists, without judging who is asking.';

CREATE FUNCTION rbac.scopes_of_role(role text, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS SETOF text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.scopes_of_role(text, uuid, boolean) IS
'Which scopes this role carries, by itself or with inherited also by the roles that it inherits. role: name of a role of the tenant, or else of one that every tenant shares. tenant_id: tenant where it is looked for, NULL: among the shared ones only. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (role or inherited is NULL), 42704 (no such role or tenant).';

CREATE FUNCTION rbac.scopes_of_role(role integer, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS SETOF text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.scopes_of_role(integer, uuid, boolean) IS
'The same for a role named by its id: one of the tenant, or one that every tenant shares; any, if tenant_id is NULL. Errors as for a name.';

CREATE FUNCTION rbac._role_actions_on_object(role integer, object text, tenant_id uuid, inherited boolean) RETURNS TABLE (
    action text, permission text, from_role text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.action, p.permission, p.from_role
    FROM rbac._permissions_of_role(role, tenant_id, inherited) AS p
    WHERE p.object = _role_actions_on_object.object AND p.action IS NOT NULL
    ORDER BY p.action, p.permission, p.from_role;
END;
COMMENT ON FUNCTION rbac._role_actions_on_object(integer, text, uuid, boolean) IS
'What rbac.role_actions_on_object() lists, without judging who is asking.';

CREATE FUNCTION rbac.role_actions_on_object(role text, object text, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    action text, permission text, from_role text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.role_actions_on_object(text, text, uuid, boolean) IS
'What this role may do to this kind of object, by which permission of which role. role: name of a role of the tenant, or else of one that every tenant shares. tenant_id: tenant where it is looked for, NULL: among the shared ones only. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (role, object or inherited is NULL), 42704 (no such role, object or tenant).';

CREATE FUNCTION rbac.role_actions_on_object(role integer, object text, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    action text, permission text, from_role text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.role_actions_on_object(integer, text, uuid, boolean) IS
'The same for a role named by its id: one of the tenant, or one that every tenant shares; any, if tenant_id is NULL. Errors as for a name.';

CREATE FUNCTION rbac._user_actions_on_object(user_id uuid, object text, tenant_id uuid, inherited boolean) RETURNS TABLE (
    action text, permission text, assigned_role text, tenant text, department text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT DISTINCT p.action, p.permission, p.assigned_role, p.tenant, p.department
    FROM rbac._permissions_of_user(user_id, tenant_id, inherited) AS p
    WHERE p.object = _user_actions_on_object.object AND p.action IS NOT NULL
    ORDER BY p.action, p.permission, p.assigned_role, p.tenant NULLS FIRST, p.department NULLS FIRST;
END;
COMMENT ON FUNCTION rbac._user_actions_on_object(uuid, text, uuid, boolean) IS
'What rbac.user_actions_on_object() lists, without judging who is asking.';

CREATE FUNCTION rbac.user_actions_on_object(user_id uuid, object text, tenant_id uuid DEFAULT NULL, inherited boolean DEFAULT true) RETURNS TABLE (
    action text, permission text, assigned_role text, tenant text, department text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review';
COMMENT ON FUNCTION rbac.user_actions_on_object(uuid, text, uuid, boolean) IS
'What this user may do to this kind of object, by which permission, and where. tenant_id: what counts in that tenant, NULL: in any. Asked without an identity by the owner of the tables, or by who holds rbac:review there (tenant_id NULL: in every tenant). Errors: 28000 (nobody is asking), 42501 (lacks rbac:review), 22004 (user_id, object or inherited is NULL), 42704 (no such user, object or tenant).';

-- About oneself, so anyone may ask.

CREATE FUNCTION rbac._current_permissions(user_id uuid, tenant_id uuid, scopes text[]) RETURNS TABLE (
    permission text, object text, action text, scopes_in_force text[], assigned_role text, department text
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT DISTINCT p.permission, p.object, p.action, p.in_force, p.assigned_role, p.department
    FROM (SELECT p.*,
                 CASE WHEN _current_permissions.scopes IS NULL THEN p.scopes
                      ELSE ARRAY(SELECT s FROM unnest(p.scopes) AS s
                                 WHERE s = ANY (_current_permissions.scopes) ORDER BY s)
                 END AS in_force
          FROM rbac._permissions_of_user(user_id, tenant_id, true) AS p
          -- without a current tenant only what is held in every tenant counts
          WHERE tenant_id IS NOT NULL OR p.tenant IS NULL) AS p
    -- a permission none of whose scopes is listed is not in force
    WHERE _current_permissions.scopes IS NULL OR cardinality(p.in_force) > 0
    ORDER BY p.permission, p.assigned_role, p.department NULLS FIRST;
END;
COMMENT ON FUNCTION rbac._current_permissions(uuid, uuid, text[]) IS
'What rbac.current_permissions() lists. scopes: those that the identity lists; NULL: it does not narrow.';

CREATE FUNCTION rbac.current_permissions() RETURNS TABLE (
    permission text, object text, action text, scopes_in_force text[], assigned_role text, department text
)
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 20
AS 'MODULE_PATHNAME', 'rbac_review_of_self';
COMMENT ON FUNCTION rbac.current_permissions() IS
'Which permissions the current user has in the current tenant (without one: in every tenant), as far as the identity lists their scopes. department NULL: in the whole tenant. None when nobody is asking.';

REVOKE ALL ON FUNCTION
    rbac._permissions_of_role(integer, uuid, boolean),
    rbac.permissions_of_role(text, uuid, boolean),
    rbac.permissions_of_role(integer, uuid, boolean),
    rbac._permissions_of_user(uuid, uuid, boolean),
    rbac.permissions_of_user(uuid, uuid, boolean),
    rbac._scopes_of_role(integer, uuid, boolean),
    rbac.scopes_of_role(text, uuid, boolean),
    rbac.scopes_of_role(integer, uuid, boolean),
    rbac._role_actions_on_object(integer, text, uuid, boolean),
    rbac.role_actions_on_object(text, text, uuid, boolean),
    rbac.role_actions_on_object(integer, text, uuid, boolean),
    rbac._user_actions_on_object(uuid, text, uuid, boolean),
    rbac.user_actions_on_object(uuid, text, uuid, boolean),
    rbac._current_permissions(uuid, uuid, text[]),
    rbac.current_permissions()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rbac.permissions_of_role(text, uuid, boolean),
    rbac.permissions_of_role(integer, uuid, boolean),
    rbac.permissions_of_user(uuid, uuid, boolean),
    rbac.scopes_of_role(text, uuid, boolean),
    rbac.scopes_of_role(integer, uuid, boolean),
    rbac.role_actions_on_object(text, text, uuid, boolean),
    rbac.role_actions_on_object(integer, text, uuid, boolean),
    rbac.user_actions_on_object(uuid, text, uuid, boolean),
    rbac.current_permissions()
TO PUBLIC;
