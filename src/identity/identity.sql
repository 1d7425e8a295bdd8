-- Who is asking, for which tenant, with which scopes in force.

CREATE FUNCTION rbac.set_identity(
    user_id uuid, tenant_id uuid DEFAULT NULL, scopes text[] DEFAULT NULL, local boolean DEFAULT true
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_set_identity';
COMMENT ON FUNCTION rbac.set_identity(uuid, uuid, text[], boolean) IS
'Says who is asking from here on. user_id: the user; tenant_id: the tenant in which questions without a tenant are asked (NULL: none); scopes: if given, only those of the user''s scopes that are listed are in force; local: until the transaction ends (default), else as SET does. Whoever may call it can become anybody, so grant it to the trusted part of an application only. Errors: 22004 (user_id or local is NULL, or a NULL among scopes), 25P01 (local outside a transaction block), 25000 (inside a parallel plan), 42602 (not a scope name), 42704 (no such user, tenant or scope), 0LP01 (roles in force, in whatever tenant, that exclude each other).';

CREATE FUNCTION rbac.switch_tenant(tenant_id uuid) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_switch_tenant';
COMMENT ON FUNCTION rbac.switch_tenant(uuid) IS
'Moves the current user to another tenant, for as long as the identity lasts and with the scopes that it lists. Only to an active tenant where the user holds a role now; if only by roles held in every tenant, the server''s log says so. Errors: 22004 (tenant_id is NULL), 25P01 (an identity that comes from settings, outside a transaction block), 25000 (inside a parallel plan), 28000 (nobody is asking), 42501 (the user holds no role there, or there is no such tenant), 0LP01 (roles in force, in whatever tenant, that exclude each other).';

CREATE FUNCTION rbac.clear_identity() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rbac_clear_identity';
COMMENT ON FUNCTION rbac.clear_identity() IS
'Says that nobody is asking: every check denies from here on. It takes back what was set by set_identity(); what other settings say (rbac.user_setting and its like) is not its to take back. Errors: 25000 (inside a parallel plan), 55000 (settings still say who is asking).';

CREATE FUNCTION rbac.current_user_id() RETURNS uuid
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_current_user_id';
COMMENT ON FUNCTION rbac.current_user_id() IS
'The user who is asking; NULL when nobody is. Never an error.';

CREATE FUNCTION rbac.current_tenant_id() RETURNS uuid
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_current_tenant_id';
COMMENT ON FUNCTION rbac.current_tenant_id() IS
'The tenant in which questions are asked; NULL when there is none. Never an error. STABLE, so tenant_id = rbac.current_tenant_id() uses an index.';

REVOKE ALL ON FUNCTION rbac.set_identity(uuid, uuid, text[], boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION rbac.switch_tenant(uuid), rbac.clear_identity(),
    rbac.current_user_id(), rbac.current_tenant_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.switch_tenant(uuid), rbac.clear_identity(),
    rbac.current_user_id(), rbac.current_tenant_id() TO PUBLIC;
