-- The same question, where "no" is an error that says why.
--
-- Called on NULL input: were they strict, PERFORM rbac.require_scope(NULL)
-- would let everybody pass.

CREATE FUNCTION rbac.require_scope(scope text) RETURNS boolean
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_require_scope';
COMMENT ON FUNCTION rbac.require_scope(text) IS
'True if the current user holds this scope in the whole of the current tenant, now; else an error whose DETAIL says why not. Errors: 42501 (denied), 28000 (nobody is asking), 22004 (scope is NULL), 42704 (no such scope; see rbac.unknown_scope).';

CREATE FUNCTION rbac.require_scope(scope text, tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_require_scope';
COMMENT ON FUNCTION rbac.require_scope(text, uuid) IS
'True if the current user holds this scope in the whole of this tenant, now; else an error whose DETAIL says why not. Errors: 42501 (denied), 28000 (nobody is asking), 22004 (an argument is NULL), 42704 (no such scope).';

CREATE FUNCTION rbac.require_scope(scope text, tenant_id uuid, department_id uuid) RETURNS boolean
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_require_scope';
COMMENT ON FUNCTION rbac.require_scope(text, uuid, uuid) IS
'True if the current user holds this scope in this department of this tenant, now; else an error whose DETAIL says why not. Errors: 42501 (denied), 28000 (nobody is asking), 22004 (an argument is NULL), 42704 (no such scope).';

REVOKE ALL ON FUNCTION rbac.require_scope(text), rbac.require_scope(text, uuid),
    rbac.require_scope(text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.require_scope(text), rbac.require_scope(text, uuid),
    rbac.require_scope(text, uuid, uuid) TO PUBLIC;
