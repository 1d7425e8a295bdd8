-- Why does this subject have a scope, or why not?

CREATE FUNCTION rbac.explain_scope(scope text) RETURNS TABLE (
    granted boolean, reason text, role text, path text[],
    tenant text, department text, valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_explain_scope';
COMMENT ON FUNCTION rbac.explain_scope(text) IS
'Why does the current user have this scope in the whole of the current tenant, or why not? One row per path from the user to the scope: an assignment, a role that it reaches, and a permission of that role that carries the scope. granted: does this path grant it, now? It is held if and only if one row says so. reason: granted; or what is wrong: user_inactive, tenant_inactive, narrowed_by_identity (nothing wrong with the path itself), not_yet_valid, expired, department_only (held in a department, asked about the whole tenant), other_department, other_tenant. role: the assigned role; path: the roles from it to the one with the permission, then the permission; tenant, department: where it is assigned (NULL: every tenant; the whole tenant); valid_from, valid_until: when. If there is no path: not_assigned, one row per role that would do (roles of a tenant where the user holds none are not named), or no_role_carries_scope. If the question leads nowhere: no_identity, unknown_scope, unknown_user, unknown_tenant, unknown_department, department_of_other_tenant. While a subscription is still copying the tables: tables_not_in_sync. Granted first, then nearest misses first. Error: 42704 (no such scope; see rbac.unknown_scope).';

CREATE FUNCTION rbac.explain_scope(scope text, tenant_id uuid) RETURNS TABLE (
    granted boolean, reason text, role text, path text[],
    tenant text, department text, valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_explain_scope';
COMMENT ON FUNCTION rbac.explain_scope(text, uuid) IS
'Why does the current user have this scope in the whole of this tenant, or why not? Columns and errors as in explain_scope(scope).';

CREATE FUNCTION rbac.explain_scope(scope text, tenant_id uuid, department_id uuid) RETURNS TABLE (
    granted boolean, reason text, role text, path text[],
    tenant text, department text, valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_explain_scope';
COMMENT ON FUNCTION rbac.explain_scope(text, uuid, uuid) IS
'Why does the current user have this scope in this department of this tenant, or why not? Columns and errors as in explain_scope(scope).';

CREATE FUNCTION rbac.explain_scope(user_id uuid, scope text, tenant_id uuid) RETURNS TABLE (
    granted boolean, reason text, role text, path text[],
    tenant text, department text, valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_explain_scope_of';
COMMENT ON FUNCTION rbac.explain_scope(uuid, text, uuid) IS
'Why does this user have this scope in the whole of this tenant, or why not? About anybody and naming every role that would do, so not for PUBLIC; the current identity does not narrow it. Columns and errors as in explain_scope(scope). Give ids as uuid: three untyped literals could mean explain_scope(scope, tenant_id, department_id) as well.';

CREATE FUNCTION rbac.explain_scope(user_id uuid, scope text, tenant_id uuid, department_id uuid) RETURNS TABLE (
    granted boolean, reason text, role text, path text[],
    tenant text, department text, valid_from timestamptz, valid_until timestamptz
)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_explain_scope_of';
COMMENT ON FUNCTION rbac.explain_scope(uuid, text, uuid, uuid) IS
'Why does this user have this scope in this department of this tenant, or why not? About anybody, so not for PUBLIC. Columns and errors as in explain_scope(scope).';

REVOKE ALL ON FUNCTION rbac.explain_scope(text), rbac.explain_scope(text, uuid),
    rbac.explain_scope(text, uuid, uuid), rbac.explain_scope(uuid, text, uuid),
    rbac.explain_scope(uuid, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.explain_scope(text), rbac.explain_scope(text, uuid),
    rbac.explain_scope(text, uuid, uuid) TO PUBLIC;
