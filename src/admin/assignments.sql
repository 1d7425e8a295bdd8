-- Giving roles to users, and taking them back.

CREATE FUNCTION rbac.grant_role(
    user_id uuid, role text, tenant_id uuid DEFAULT NULL, department_id uuid DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_grant_role_by_name';
COMMENT ON FUNCTION rbac.grant_role(uuid, text, uuid, uuid, timestamptz, timestamptz, text) IS
'Gives a role to a user and returns the id of the assignment (rbac.user_roles). role: its name, the tenant''s own role before the shared one; tenant_id: where (NULL: in every tenant); department_id: in this department of it and below (NULL: in the whole tenant); valid_from: first moment (NULL: always has been); valid_until: first moment no longer (NULL: until revoked); reason: why, in your words. The current user becomes granted_by. Asks for rbac:grant there, and for holding there each scope that the role carries, or rbac:escalate: now, and (as things stand) still at the last moment before valid_until. Errors: 0LP01 (role of another tenant, or roles that exclude each other), 22004 (user_id or role is NULL, or a department without tenant), 22023 (valid_from is not before valid_until), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not, or would hand on what it does not hold, or not for that long), 42704 (no such user, role, tenant or department), 42710 (assigned already, from the same moment).';

CREATE FUNCTION rbac.grant_role(
    user_id uuid, role integer, tenant_id uuid DEFAULT NULL, department_id uuid DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_grant_role_by_id';
COMMENT ON FUNCTION rbac.grant_role(uuid, integer, uuid, uuid, timestamptz, timestamptz, text) IS
'Gives a role to a user and returns the id of the assignment (rbac.user_roles). role: its id; tenant_id: where (NULL: in every tenant); department_id: in this department of it and below (NULL: in the whole tenant); valid_from: first moment (NULL: always has been); valid_until: first moment no longer (NULL: until revoked); reason: why, in your words. The current user becomes granted_by. Asks for rbac:grant there, and for holding there each scope that the role carries, or rbac:escalate: now, and (as things stand) still at the last moment before valid_until. Errors: 0LP01 (role of another tenant, or roles that exclude each other), 22004 (user_id or role is NULL, or a department without tenant), 22023 (valid_from is not before valid_until), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not, or would hand on what it does not hold, or not for that long), 42704 (no such user, role, tenant or department), 42710 (assigned already, from the same moment).';

CREATE FUNCTION rbac.revoke_role(
    user_id uuid, role text, tenant_id uuid DEFAULT NULL, department_id uuid DEFAULT NULL
) RETURNS integer
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_revoke_role_by_name';
COMMENT ON FUNCTION rbac.revoke_role(uuid, text, uuid, uuid) IS
'Takes a role from a user, for all periods, and returns how many assignments that were. role: its name, the tenant''s own role before the shared one; tenant_id and department_id: as they were granted; NULL means an assignment in every tenant, or in the whole tenant, and not any. Asks for rbac:grant there. Errors: 22004 (user_id or role is NULL, or a department without tenant), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such user, role, tenant or department; or the role is not assigned there, with DETAIL saying where it is).';

CREATE FUNCTION rbac.revoke_role(
    user_id uuid, role integer, tenant_id uuid DEFAULT NULL, department_id uuid DEFAULT NULL
) RETURNS integer
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
AS 'MODULE_PATHNAME', 'rbac_revoke_role_by_id';
COMMENT ON FUNCTION rbac.revoke_role(uuid, integer, uuid, uuid) IS
'Takes a role from a user, for all periods, and returns how many assignments that were. role: its id; tenant_id and department_id: as they were granted; NULL means an assignment in every tenant, or in the whole tenant, and not any. Asks for rbac:grant there. Errors: 22004 (user_id or role is NULL, or a department without tenant), 25006 (read-only transaction or standby), 28000 (nobody is asking, and the caller does not own the tables), 42501 (the current user may not), 42704 (no such user, role, tenant or department; or the role is not assigned there, with DETAIL saying where it is).';

REVOKE ALL ON FUNCTION
    rbac.grant_role(uuid, text, uuid, uuid, timestamptz, timestamptz, text),
    rbac.grant_role(uuid, integer, uuid, uuid, timestamptz, timestamptz, text),
    rbac.revoke_role(uuid, text, uuid, uuid),
    rbac.revoke_role(uuid, integer, uuid, uuid)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    rbac.grant_role(uuid, text, uuid, uuid, timestamptz, timestamptz, text),
    rbac.grant_role(uuid, integer, uuid, uuid, timestamptz, timestamptz, text),
    rbac.revoke_role(uuid, text, uuid, uuid),
    rbac.revoke_role(uuid, integer, uuid, uuid)
    TO PUBLIC;
