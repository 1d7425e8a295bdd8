-- Who holds a scope?

CREATE FUNCTION rbac.users_with_scope(scope text, tenant_id uuid) RETURNS SETOF uuid
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 100
AS 'MODULE_PATHNAME', 'rbac_users_with_scope';
COMMENT ON FUNCTION rbac.users_with_scope(text, uuid) IS
'The users who hold this scope in the whole of this tenant, now, in ascending order of their ids: those for whom user_has_scope() is true. Nobody in a tenant that does not exist or is not active. About everybody, so not for PUBLIC. Error: 42704 (no such scope; see rbac.unknown_scope).';

REVOKE ALL ON FUNCTION rbac.users_with_scope(text, uuid) FROM PUBLIC;
