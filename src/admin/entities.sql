-- Creating tenants, users, departments; scopes, permissions and roles.
--
-- Anybody may call these; they decide inside. Without an identity only the
-- owner of the tables, or a superuser, gets through; with one, what the
-- identity holds counts, even for a superuser.

CREATE FUNCTION rbac.create_tenant(key text, name text DEFAULT NULL) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_tenant';
COMMENT ON FUNCTION rbac.create_tenant(text, text) IS
'Creates a tenant and returns its id. key: short unique name; name: for people (NULL: the key). Asks for rbac:manage_tenants in every tenant. Errors: 22004 (key is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a name), 42710 (the key is taken).';

CREATE FUNCTION rbac.create_user(
    username text, email text DEFAULT NULL, first_name text DEFAULT NULL, last_name text DEFAULT NULL, phone text DEFAULT NULL
) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_user';
COMMENT ON FUNCTION rbac.create_user(text, text, text, text, text) IS
'Creates a user, who holds nothing yet, and returns its id. username and email are unique without regard to case. Asks for rbac:manage_users in the current tenant or in every tenant. Errors: 22004 (username is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a name, not an address), 42710 (username or email is taken).';

CREATE FUNCTION rbac.create_department(tenant_id uuid, name text, parent_id uuid DEFAULT NULL) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_department';
COMMENT ON FUNCTION rbac.create_department(uuid, text, uuid) IS
'Creates a department of a tenant and returns its id. parent_id: the department of the same tenant that it belongs to; NULL: none. Asks for rbac:manage_departments in the tenant. Errors: 22004 (tenant_id or name is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a name), 42704 (no such tenant or parent), 42710 (the name is taken in this tenant).';

CREATE FUNCTION rbac.create_scope(name text, description text DEFAULT NULL) RETURNS integer
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_scope';
COMMENT ON FUNCTION rbac.create_scope(text, text) IS
'Creates a scope, which no permission carries yet, and returns its id. name: printable ASCII without blanks, double quotes and backslashes (RFC 6749, 3.3). Asks for rbac:manage_permissions in every tenant. Errors: 22004 (name is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a scope name), 42710 (the name is taken), 54000 (too many scopes).';

CREATE FUNCTION rbac.create_permission(
    name text, object text DEFAULT NULL, action text DEFAULT NULL, scopes text[] DEFAULT '{}', description text DEFAULT NULL
) RETURNS integer
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_permission';
COMMENT ON FUNCTION rbac.create_permission(text, text, text, text[], text) IS
'Creates a permission and returns its id. object and action: what it is about, made if they do not exist; scopes: what it carries, which must exist. Asks for rbac:manage_permissions in every tenant, and for holding each scope (or rbac:escalate) in every tenant, for good. Errors: 22004 (name or scopes is NULL, or a NULL among scopes), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a name), 42704 (no such scope), 42710 (the name is taken).';

CREATE FUNCTION rbac.create_role(
    name text, tenant_id uuid DEFAULT NULL, description text DEFAULT NULL,
    permissions text[] DEFAULT '{}', inherits text[] DEFAULT '{}'
) RETURNS integer
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_create_role';
COMMENT ON FUNCTION rbac.create_role(text, uuid, text, text[], text[]) IS
'Creates a role and returns its id. tenant_id: the tenant that it belongs to, for good; NULL: available to every tenant; permissions: the permissions it has, by name; inherits: the roles it inherits, the tenant''s own role of a name before the shared one. Asks for rbac:manage_roles in the tenant (in every tenant for a shared role), and for holding there each scope that the role will carry, or rbac:escalate, for good. Errors: 0LP01 (it would inherit roles that exclude each other), 22004 (name, permissions or inherits is NULL, or a NULL among them), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42602 (not a name), 42704 (no such tenant, permission or role), 42710 (the name is taken).';

CREATE FUNCTION rbac.set_user_active(user_id uuid, active boolean) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_set_user_active';
COMMENT ON FUNCTION rbac.set_user_active(uuid, boolean) IS
'Suspends a user (false: every check denies at once, assignments stay) or brings it back. Asks for rbac:manage_users in every tenant, since all tenants share the users; to bring somebody back also for holding all that they hold, or rbac:escalate. Whoever runs one tenant takes away the roles there instead (revoke_role). Errors: 22004 (an argument is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such user).';

CREATE FUNCTION rbac.set_tenant_active(tenant_id uuid, active boolean) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_set_tenant_active';
COMMENT ON FUNCTION rbac.set_tenant_active(uuid, boolean) IS
'Suspends a tenant (false: every check there denies at once, assignments stay) or brings it back. Asks for rbac:manage_tenants in every tenant. Errors: 22004 (an argument is NULL), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such tenant).';

REVOKE ALL ON FUNCTION
    rbac.create_tenant(text, text),
    rbac.create_user(text, text, text, text, text),
    rbac.create_department(uuid, text, uuid),
    rbac.create_scope(text, text),
    rbac.create_permission(text, text, text, text[], text),
    rbac.create_role(text, uuid, text, text[], text[]),
    rbac.set_user_active(uuid, boolean),
    rbac.set_tenant_active(uuid, boolean)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rbac.create_tenant(text, text),
    rbac.create_user(text, text, text, text, text),
    rbac.create_department(uuid, text, uuid),
    rbac.create_scope(text, text),
    rbac.create_permission(text, text, text, text[], text),
    rbac.create_role(text, uuid, text, text[], text[]),
    rbac.set_user_active(uuid, boolean),
    rbac.set_tenant_active(uuid, boolean)
    TO PUBLIC;
