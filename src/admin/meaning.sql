-- What roles and permissions mean: which permission carries which scopes, which
-- role has which permissions, inherits and excludes which roles.

CREATE FUNCTION rbac.add_permission_scope(permission text, scope text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_add_permission_scope';
COMMENT ON FUNCTION rbac.add_permission_scope(text, text) IS
'Lets a permission carry a scope, for every role that has the permission. Asks for rbac:manage_permissions in every tenant, and for holding the scope (or rbac:escalate) in every tenant, for good. Errors: 22004 (an argument is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such permission or scope), 42710 (it carries the scope already).';

CREATE FUNCTION rbac.remove_permission_scope(permission text, scope text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_remove_permission_scope';
COMMENT ON FUNCTION rbac.remove_permission_scope(text, text) IS
'Lets a permission no longer carry a scope. Asks for rbac:manage_permissions in every tenant. Errors: 22004 (an argument is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such permission or scope, or it does not carry it).';

CREATE FUNCTION rbac.grant_permission(role text, permission text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_grant_permission_by_name';
COMMENT ON FUNCTION rbac.grant_permission(text, text, uuid) IS
'Puts a permission into a role. The role is named within tenant_id: the tenant''s own before the shared one (NULL: shared ones only). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role), and for holding there each scope that the permission carries, or rbac:escalate, for good. Errors: 22004 (role or permission is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role, tenant or permission), 42710 (the role has it already), 42939 (a built-in role).';

CREATE FUNCTION rbac.grant_permission(role integer, permission text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_grant_permission_by_id';
COMMENT ON FUNCTION rbac.grant_permission(integer, text) IS
'Puts a permission into a role. The role is named by its id (one of a tenant where the current user holds nothing does not exist for them). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role), and for holding there each scope that the permission carries, or rbac:escalate, for good. Errors: 22004 (role or permission is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role, tenant or permission), 42710 (the role has it already), 42939 (a built-in role).';

CREATE FUNCTION rbac.revoke_permission(role text, permission text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_revoke_permission_by_name';
COMMENT ON FUNCTION rbac.revoke_permission(text, text, uuid) IS
'Takes a permission out of a role. The role is named within tenant_id: the tenant''s own before the shared one (NULL: shared ones only). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role). Errors: 22004 (role or permission is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role, tenant or permission; or the role does not have it of itself), 42939 (a built-in role).';

CREATE FUNCTION rbac.revoke_permission(role integer, permission text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_revoke_permission_by_id';
COMMENT ON FUNCTION rbac.revoke_permission(integer, text) IS
'Takes a permission out of a role. The role is named by its id (one of a tenant where the current user holds nothing does not exist for them). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role). Errors: 22004 (role or permission is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role, tenant or permission; or the role does not have it of itself), 42939 (a built-in role).';

CREATE FUNCTION rbac.add_role_inheritance(role text, inherits text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_add_role_inheritance_by_name';
COMMENT ON FUNCTION rbac.add_role_inheritance(text, text, uuid) IS
'Lets a role inherit another: whoever is assigned the first has all that the second carries. The role is named within tenant_id: the tenant''s own before the shared one (NULL: shared ones only). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role), and for holding there each scope that the inherited role carries, or rbac:escalate, for good. Errors: 0LP01 (a cycle, with its path; a role of another tenant; roles that exclude each other), 22004 (role or inherits is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant), 42710 (it inherits the role already), 42939 (a built-in role).';

CREATE FUNCTION rbac.add_role_inheritance(role integer, inherits integer) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_add_role_inheritance_by_id';
COMMENT ON FUNCTION rbac.add_role_inheritance(integer, integer) IS
'Lets a role inherit another: whoever is assigned the first has all that the second carries. The role is named by its id (one of a tenant where the current user holds nothing does not exist for them). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role), and for holding there each scope that the inherited role carries, or rbac:escalate, for good. Errors: 0LP01 (a cycle, with its path; a role of another tenant; roles that exclude each other), 22004 (role or inherits is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant), 42710 (it inherits the role already), 42939 (a built-in role).';

CREATE FUNCTION rbac.remove_role_inheritance(role text, inherits text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_remove_role_inheritance_by_name';
COMMENT ON FUNCTION rbac.remove_role_inheritance(text, text, uuid) IS
'Lets a role no longer inherit another. The role is named within tenant_id: the tenant''s own before the shared one (NULL: shared ones only). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role). Errors: 22004 (role or inherits is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant, or it does not itself inherit the role), 42939 (a built-in role).';

CREATE FUNCTION rbac.remove_role_inheritance(role integer, inherits integer) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_remove_role_inheritance_by_id';
COMMENT ON FUNCTION rbac.remove_role_inheritance(integer, integer) IS
'Lets a role no longer inherit another. The role is named by its id (one of a tenant where the current user holds nothing does not exist for them). Asks for rbac:manage_roles in the role''s tenant (in every tenant for a shared role). Errors: 22004 (role or inherits is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant, or it does not itself inherit the role), 42939 (a built-in role).';

CREATE FUNCTION rbac.add_role_conflict(role_a text, role_b text, kind text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_add_role_conflict';
COMMENT ON FUNCTION rbac.add_role_conflict(text, text, text, uuid) IS
'Says that two roles exclude each other. kind: static (nobody can be authorized for both in one tenant at one time) or dynamic (nobody can act with both in force). The roles are named within tenant_id: the tenant''s own before the shared ones (NULL: shared ones only). Asks for rbac:manage_roles in the tenant where both can be held (in every tenant if both are shared). Errors: 0LP01 (somebody has both, or a role reaches both; one role named twice), 22004 (an argument but tenant_id is NULL), 22023 (no such kind), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant), 42710 (they exclude each other already).';

CREATE FUNCTION rbac.remove_role_conflict(role_a text, role_b text, kind text, tenant_id uuid DEFAULT NULL) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_remove_role_conflict';
COMMENT ON FUNCTION rbac.remove_role_conflict(text, text, text, uuid) IS
'Says that two roles no longer exclude each other in this way. Arguments and rights as in add_role_conflict. Errors: 22004 (an argument but tenant_id is NULL), 22023 (no such kind), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such role or tenant, or no such conflict).';

REVOKE ALL ON FUNCTION
    rbac.add_permission_scope(text, text),
    rbac.remove_permission_scope(text, text),
    rbac.grant_permission(text, text, uuid),
    rbac.grant_permission(integer, text),
    rbac.revoke_permission(text, text, uuid),
    rbac.revoke_permission(integer, text),
    rbac.add_role_inheritance(text, text, uuid),
    rbac.add_role_inheritance(integer, integer),
    rbac.remove_role_inheritance(text, text, uuid),
    rbac.remove_role_inheritance(integer, integer),
    rbac.add_role_conflict(text, text, text, uuid),
    rbac.remove_role_conflict(text, text, text, uuid)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rbac.add_permission_scope(text, text),
    rbac.remove_permission_scope(text, text),
    rbac.grant_permission(text, text, uuid),
    rbac.grant_permission(integer, text),
    rbac.revoke_permission(text, text, uuid),
    rbac.revoke_permission(integer, text),
    rbac.add_role_inheritance(text, text, uuid),
    rbac.add_role_inheritance(integer, integer),
    rbac.remove_role_inheritance(text, text, uuid),
    rbac.remove_role_inheritance(integer, integer),
    rbac.add_role_conflict(text, text, text, uuid),
    rbac.remove_role_conflict(text, text, text, uuid)
    TO PUBLIC;
