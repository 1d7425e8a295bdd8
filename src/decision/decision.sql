-- May this subject do this?
--
-- A NULL argument gives NULL, which denies in a policy or a WHERE clause.

CREATE FUNCTION rbac._check_support(internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'rbac_check_support';
COMMENT ON FUNCTION rbac._check_support(internal) IS
'Tells the planner what a check costs and how many rows it lets pass.';

CREATE FUNCTION rbac._has_scope_support(internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'rbac_has_scope_support';
COMMENT ON FUNCTION rbac._has_scope_support(internal) IS
'Tells the planner the same of has_scope, and how an index serves it: has_scope(scope, tenant_id) is tenant_id = ANY (rbac.tenants_with_scope(scope)).';

CREATE FUNCTION rbac.has_scope(scope text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_scope';
COMMENT ON FUNCTION rbac.has_scope(text) IS
'Does the current user hold this scope in the whole of the current tenant, now (statement_timestamp())? Without a current tenant only roles held in every tenant count. False when nobody is asking. Error: 42704 (no such scope; see rbac.unknown_scope).';

CREATE FUNCTION rbac.has_scope(scope text, tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope';
COMMENT ON FUNCTION rbac.has_scope(text, uuid) IS
'Does the current user hold this scope in the whole of this tenant, now? Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope(scope text, tenant_id uuid, department_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope';
COMMENT ON FUNCTION rbac.has_scope(text, uuid, uuid) IS
'Does the current user hold this scope in this department of this tenant, now: there, in a department above it, or in the whole tenant? False for a department of another tenant. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_everywhere(scope text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_everywhere';
COMMENT ON FUNCTION rbac.has_scope_everywhere(text) IS
'Does the current user hold this scope in every tenant, now: by a role assigned without a tenant? Whatever the current tenant is. False when nobody is asking. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_any_scope(scopes text[]) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_any_scope';
COMMENT ON FUNCTION rbac.has_any_scope(text[]) IS
'Does the current user hold at least one of these scopes in the whole of the current tenant? False for no scopes at all. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_any_scope(scopes text[], tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_any_scope';
COMMENT ON FUNCTION rbac.has_any_scope(text[], uuid) IS
'Does the current user hold at least one of these scopes in the whole of this tenant? False for no scopes at all. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_all_scopes(scopes text[]) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_all_scopes';
COMMENT ON FUNCTION rbac.has_all_scopes(text[]) IS
'Does the current user hold each of these scopes in the whole of the current tenant? False for no scopes at all, which is a slip rather than a permission for everybody, and if one of them is NULL. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_all_scopes(scopes text[], tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_has_all_scopes';
COMMENT ON FUNCTION rbac.has_all_scopes(text[], uuid) IS
'Does the current user hold each of these scopes in the whole of this tenant? False for no scopes at all, and if one of them is NULL. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.user_has_scope(user_id uuid, scope text, tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_user_has_scope';
COMMENT ON FUNCTION rbac.user_has_scope(uuid, text, uuid) IS
'Does this user hold this scope in the whole of this tenant, now? About anybody, so not for PUBLIC; the current identity does not narrow it. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.user_has_scope(user_id uuid, scope text, tenant_id uuid, department_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._check_support
AS 'MODULE_PATHNAME', 'rbac_user_has_scope';
COMMENT ON FUNCTION rbac.user_has_scope(uuid, text, uuid, uuid) IS
'Does this user hold this scope in this department of this tenant, now? About anybody, so not for PUBLIC; the current identity does not narrow it. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.tenants_with_scope(scope text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_tenants_with_scope';
COMMENT ON FUNCTION rbac.tenants_with_scope(text) IS
'The active tenants in the whole of which the current user holds this scope, in ascending order: tenant_id = ANY (rbac.tenants_with_scope(''read:task'')) uses an index. Empty when nobody is asking. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.departments_with_scope(scope text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_departments_with_scope';
COMMENT ON FUNCTION rbac.departments_with_scope(text) IS
'The departments, of every active tenant, in which the current user holds this scope, in ascending order; all of a tenant''s departments where it is held in the whole tenant. Empty when nobody is asking. Error: 42704 (no such scope).';

CREATE FUNCTION rbac._tenants_touched_by_scope(scope text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_tenants_touched_by_scope';
COMMENT ON FUNCTION rbac._tenants_touched_by_scope(text) IS
'The active tenants in the whole of which, or in a department of which, the current user holds this scope, in ascending order: behind index conditions for has_scope(scope, tenant_id, department_id). Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_text';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, text) IS
'Does the current user hold this scope in the whole of the tenant with this key, now? For tables that name tenants by their keys. False if there is no such tenant. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key bigint) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_int8';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, bigint) IS
'Does the current user hold this scope in the whole of the tenant whose key is this number, now? False if there is no such tenant. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key integer) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_int4';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, integer) IS
'Does the current user hold this scope in the whole of the tenant whose key is this number, now? False if there is no such tenant. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key text, department_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_text';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, text, uuid) IS
'Does the current user hold this scope in this department of the tenant with this key, now: there, in a department above it, or in the whole tenant? Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key bigint, department_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_int8';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, bigint, uuid) IS
'Does the current user hold this scope in this department of the tenant whose key is this number, now? Error: 42704 (no such scope).';

CREATE FUNCTION rbac.has_scope_by_key(scope text, tenant_key integer, department_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE SUPPORT rbac._has_scope_support
AS 'MODULE_PATHNAME', 'rbac_has_scope_by_int4';
COMMENT ON FUNCTION rbac.has_scope_by_key(text, integer, uuid) IS
'Does the current user hold this scope in this department of the tenant whose key is this number, now? Error: 42704 (no such scope).';

CREATE FUNCTION rbac.current_tenant_key() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_current_tenant_key';
COMMENT ON FUNCTION rbac.current_tenant_key() IS
'The key of the tenant in which questions are asked; NULL when there is none. Never an error. STABLE, so tenant = rbac.current_tenant_key() uses an index.';

CREATE FUNCTION rbac.current_tenant_number() RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_current_tenant_number';
COMMENT ON FUNCTION rbac.current_tenant_number() IS
'The same as a number, for tables that name tenants by one; NULL also if the key is not written as PostgreSQL writes that number ("7", but not "07"). Never an error.';

CREATE FUNCTION rbac.tenant_keys_with_scope(scope text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_tenant_keys_with_scope';
COMMENT ON FUNCTION rbac.tenant_keys_with_scope(text) IS
'The keys of the active tenants in the whole of which the current user holds this scope, in ascending order. Empty when nobody is asking. Error: 42704 (no such scope).';

CREATE FUNCTION rbac._tenant_numbers_with_scope(scope text) RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_tenant_numbers_with_scope';
COMMENT ON FUNCTION rbac._tenant_numbers_with_scope(text) IS
'The same keys, as far as they are numbers: behind index conditions. Error: 42704 (no such scope).';

CREATE FUNCTION rbac.effective_scopes() RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'rbac_effective_scopes';
COMMENT ON FUNCTION rbac.effective_scopes() IS
'The scopes that the current user holds in the whole of the current tenant, now, as far as the identity lists them, in ascending order. None when nobody is asking.';

CREATE FUNCTION rbac.effective_scopes(user_id uuid, tenant_id uuid) RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'rbac_effective_scopes_of';
COMMENT ON FUNCTION rbac.effective_scopes(uuid, uuid) IS
'The scopes that this user holds in the whole of this tenant, now, in ascending order. About anybody, so not for PUBLIC.';

REVOKE ALL ON FUNCTION rbac._check_support(internal), rbac._has_scope_support(internal),
    rbac.user_has_scope(uuid, text, uuid), rbac.user_has_scope(uuid, text, uuid, uuid),
    rbac.effective_scopes(uuid, uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION rbac.has_scope(text), rbac.has_scope(text, uuid), rbac.has_scope(text, uuid, uuid),
    rbac.has_scope_everywhere(text),
    rbac.has_any_scope(text[]), rbac.has_any_scope(text[], uuid),
    rbac.has_all_scopes(text[]), rbac.has_all_scopes(text[], uuid),
    rbac.tenants_with_scope(text), rbac.departments_with_scope(text), rbac._tenants_touched_by_scope(text),
    rbac.has_scope_by_key(text, text), rbac.has_scope_by_key(text, bigint), rbac.has_scope_by_key(text, integer),
    rbac.has_scope_by_key(text, text, uuid), rbac.has_scope_by_key(text, bigint, uuid), rbac.has_scope_by_key(text, integer, uuid),
    rbac.current_tenant_key(), rbac.current_tenant_number(),
    rbac.tenant_keys_with_scope(text), rbac._tenant_numbers_with_scope(text),
    rbac.effective_scopes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.has_scope(text), rbac.has_scope(text, uuid), rbac.has_scope(text, uuid, uuid),
    rbac.has_scope_everywhere(text),
    rbac.has_any_scope(text[]), rbac.has_any_scope(text[], uuid),
    rbac.has_all_scopes(text[]), rbac.has_all_scopes(text[], uuid),
    rbac.tenants_with_scope(text), rbac.departments_with_scope(text), rbac._tenants_touched_by_scope(text),
    rbac.has_scope_by_key(text, text), rbac.has_scope_by_key(text, bigint), rbac.has_scope_by_key(text, integer),
    rbac.has_scope_by_key(text, text, uuid), rbac.has_scope_by_key(text, bigint, uuid), rbac.has_scope_by_key(text, integer, uuid),
    rbac.current_tenant_key(), rbac.current_tenant_number(),
    rbac.tenant_keys_with_scope(text), rbac._tenant_numbers_with_scope(text),
    rbac.effective_scopes() TO PUBLIC;
