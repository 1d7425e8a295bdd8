-- Delegated administration by plain SQL: row-level security on the tables that
-- hold what is a tenant's. Whoever was granted SELECT, INSERT, UPDATE or DELETE
-- sees and writes the rows that the current identity may see and manage; for
-- nobody there are none. The guard goes on judging what is handed on.
--
-- Not forced: the owner of the tables and superusers are not bound, and the
-- extension reads and writes as the owner, so that no decision depends on this.
--
-- What all tenants share (scopes, permissions, their objects and actions, which
-- carries which) has no row-level security: there is nothing in it that is a
-- tenant's, everybody may see it, and the guard judges every write.
--
-- Policies ask in forms that cost little: about the whole table once a statement
-- (a sub-select), about rows by what an index serves. Each arm of the rules for
-- reading can be an index condition, for one that cannot would keep all from it.
-- Policies refer to no other table: who was granted one of ours needs no other.

-- Of rows that do not name their tenant. For everybody to call, since policies
-- do so with the rights of who reads: each tells of the current identity alone.

CREATE FUNCTION rbac._sight_support(internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'rbac_sight_support';
COMMENT ON FUNCTION rbac._sight_support(internal) IS
'Tells the planner how many rows _sees_user() and its siblings let pass, and how an index serves them: _sees_user(id) is id = ANY (rbac._visible_users()).';

CREATE FUNCTION rbac._sees_tenant(tenant_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20 SUPPORT rbac._sight_support
AS 'MODULE_PATHNAME', 'rbac_sees_tenant';
COMMENT ON FUNCTION rbac._sees_tenant(uuid) IS
'May the current user see this tenant: being one that switch_tenant() leads to, or because they hold rbac:manage_tenants in every tenant?';

CREATE FUNCTION rbac._sees_user(user_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 SUPPORT rbac._sight_support
AS 'MODULE_PATHNAME', 'rbac_sees_user';
COMMENT ON FUNCTION rbac._sees_user(uuid) IS
'May the current user see this user: being them, or seeing a row of theirs in rbac.user_roles, or because they hold rbac:manage_users in every tenant? Who may create users also sees who does not exist yet, for INSERT ... RETURNING.';

CREATE FUNCTION rbac._sees_role(role_id integer) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 50 SUPPORT rbac._sight_support
AS 'MODULE_PATHNAME', 'rbac_sees_role';
COMMENT ON FUNCTION rbac._sees_role(integer) IS
'May the current user see this role, as the policies of rbac.roles have it?';

CREATE FUNCTION rbac._manages_user(user_id uuid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'rbac_manages_user';
COMMENT ON FUNCTION rbac._manages_user(uuid) IS
'Does the current user hold rbac:manage_users in every tenant, or in one where this user is assigned a role?';

CREATE FUNCTION rbac._manages_role(role_id integer) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'rbac_manages_role';
COMMENT ON FUNCTION rbac._manages_role(integer) IS
'Does the current user hold rbac:manage_roles in the tenant of this role, or, if all tenants share it, in every tenant?';

-- Volatile, so that the planner does not make the lists just to estimate their
-- lengths; a scan makes one as it begins.

CREATE FUNCTION rbac._visible_tenants() RETURNS uuid[]
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_visible_tenants';
COMMENT ON FUNCTION rbac._visible_tenants() IS
'The tenants that _sees_tenant() is true of, in ascending order.';

CREATE FUNCTION rbac._visible_users() RETURNS uuid[]
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_visible_users';
COMMENT ON FUNCTION rbac._visible_users() IS
'The users that _sees_user() is true of, in ascending order.';

CREATE FUNCTION rbac._visible_roles() RETURNS integer[]
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_visible_roles';
COMMENT ON FUNCTION rbac._visible_roles() IS
'The roles that _sees_role() is true of, in ascending order.';

CREATE FUNCTION rbac._own_roles() RETURNS integer[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_own_roles';
COMMENT ON FUNCTION rbac._own_roles() IS
'The roles that the current user is or was assigned, if shared or of a tenant where they hold a role now, in ascending order.';

REVOKE ALL ON FUNCTION rbac._sight_support(internal) FROM PUBLIC;
REVOKE ALL ON FUNCTION rbac._sees_tenant(uuid), rbac._sees_user(uuid), rbac._sees_role(integer),
    rbac._manages_user(uuid), rbac._manages_role(integer),
    rbac._visible_tenants(), rbac._visible_users(), rbac._visible_roles(), rbac._own_roles() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._sees_tenant(uuid), rbac._sees_user(uuid), rbac._sees_role(integer),
    rbac._manages_user(uuid), rbac._manages_role(integer),
    rbac._visible_tenants(), rbac._visible_users(), rbac._visible_roles(), rbac._own_roles() TO PUBLIC;

-- Tenants.
ALTER TABLE rbac.tenants ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_where_they_hold_a_role ON rbac.tenants FOR SELECT
    USING (rbac._sees_tenant(id));
COMMENT ON POLICY people_see_where_they_hold_a_role ON rbac.tenants IS
'Everybody sees the tenants that they can switch to; who manages tenants sees all.';
CREATE POLICY tenant_managers_create ON rbac.tenants FOR INSERT
    WITH CHECK ((SELECT rbac.has_scope_everywhere('rbac:manage_tenants')));
CREATE POLICY tenant_managers_change ON rbac.tenants FOR UPDATE
    USING ((SELECT rbac.has_scope_everywhere('rbac:manage_tenants')));
CREATE POLICY tenant_managers_delete ON rbac.tenants FOR DELETE
    USING ((SELECT rbac.has_scope_everywhere('rbac:manage_tenants')));
COMMENT ON POLICY tenant_managers_create ON rbac.tenants IS 'Who holds rbac:manage_tenants in every tenant.';
COMMENT ON POLICY tenant_managers_change ON rbac.tenants IS 'Who holds rbac:manage_tenants in every tenant.';
COMMENT ON POLICY tenant_managers_delete ON rbac.tenants IS 'Who holds rbac:manage_tenants in every tenant.';

-- Users: whoever sees an assignment sees whose it is.
ALTER TABLE rbac.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_those_whose_assignments_they_see ON rbac.users FOR SELECT
    USING (rbac._sees_user(id));
COMMENT ON POLICY people_see_those_whose_assignments_they_see ON rbac.users IS
'Everybody sees themselves; who reviews, grants or manages users sees those who are assigned a role where they do; who manages users in every tenant sees all. A new user is nobody''s until assigned a role.';
CREATE POLICY user_managers_create ON rbac.users FOR INSERT
    WITH CHECK ((SELECT rbac.has_scope('rbac:manage_users')) OR (SELECT rbac.has_scope_everywhere('rbac:manage_users')));
COMMENT ON POLICY user_managers_create ON rbac.users IS 'Who holds rbac:manage_users in the current tenant, or in every one.';
CREATE POLICY user_managers_change_those_of_their_tenants ON rbac.users FOR UPDATE
    USING (rbac._manages_user(id));
COMMENT ON POLICY user_managers_change_those_of_their_tenants ON rbac.users IS
'Who holds rbac:manage_users where the user is assigned a role, or in every tenant. What of the row they may change is judged by the guard.';
CREATE POLICY user_managers_delete ON rbac.users FOR DELETE
    USING (rbac._manages_user(id));
COMMENT ON POLICY user_managers_delete ON rbac.users IS
'As for UPDATE, so that the guard can say why only who manages users in every tenant may.';

-- Departments.
ALTER TABLE rbac.departments ENABLE ROW LEVEL SECURITY;

CREATE POLICY reviewers_see_those_of_their_tenants ON rbac.departments FOR SELECT
    USING (rbac.has_scope('rbac:review', tenant_id));
COMMENT ON POLICY reviewers_see_those_of_their_tenants ON rbac.departments IS 'Who holds rbac:review in the tenant.';
CREATE POLICY granters_see_those_of_their_tenants ON rbac.departments FOR SELECT
    USING (rbac.has_scope('rbac:grant', tenant_id));
COMMENT ON POLICY granters_see_those_of_their_tenants ON rbac.departments IS
'Who holds rbac:grant in the tenant, to know where roles can be given.';
CREATE POLICY granters_see_their_departments ON rbac.departments FOR SELECT
    USING (rbac.has_scope('rbac:grant', tenant_id, id));
COMMENT ON POLICY granters_see_their_departments ON rbac.departments IS
'Who holds rbac:grant in the department, or above it.';
CREATE POLICY department_managers_manage_those_of_their_tenants ON rbac.departments
    USING (rbac.has_scope('rbac:manage_departments', tenant_id));
COMMENT ON POLICY department_managers_manage_those_of_their_tenants ON rbac.departments IS
'Who holds rbac:manage_departments in the tenant.';

-- Roles.
ALTER TABLE rbac.roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY everybody_sees_shared_roles ON rbac.roles FOR SELECT
    USING (tenant_id IS NULL AND (SELECT rbac.current_user_id()) IS NOT NULL);
COMMENT ON POLICY everybody_sees_shared_roles ON rbac.roles IS
'Roles without a tenant are available to every tenant, so whoever is asking sees them.';
CREATE POLICY reviewers_see_those_of_their_tenants ON rbac.roles FOR SELECT
    USING (rbac.has_scope('rbac:review', tenant_id));
COMMENT ON POLICY reviewers_see_those_of_their_tenants ON rbac.roles IS 'Who holds rbac:review in the tenant.';
CREATE POLICY granters_see_those_of_their_tenants ON rbac.roles FOR SELECT
    USING (tenant_id = ANY ((SELECT rbac._tenants_touched_by_scope('rbac:grant'))::uuid[]));
COMMENT ON POLICY granters_see_those_of_their_tenants ON rbac.roles IS
'Who holds rbac:grant in the tenant or in a department of it, to know which roles can be given.';
CREATE POLICY people_see_the_roles_they_are_assigned ON rbac.roles FOR SELECT
    USING (id = ANY ((SELECT rbac._own_roles())::integer[]));
COMMENT ON POLICY people_see_the_roles_they_are_assigned ON rbac.roles IS
'As they see the assignments.';
CREATE POLICY role_managers_manage_those_of_their_tenants ON rbac.roles
    USING (rbac.has_scope('rbac:manage_roles', tenant_id));
COMMENT ON POLICY role_managers_manage_those_of_their_tenants ON rbac.roles IS
'Who holds rbac:manage_roles in the tenant.';
CREATE POLICY role_managers_of_every_tenant_manage_shared_roles ON rbac.roles
    USING (tenant_id IS NULL AND (SELECT rbac.has_scope_everywhere('rbac:manage_roles')));
COMMENT ON POLICY role_managers_of_every_tenant_manage_shared_roles ON rbac.roles IS
'Who holds rbac:manage_roles in every tenant.';

-- What roles carry: theirs who see the role, or both roles; managed by who
-- manages the role that receives it.
ALTER TABLE rbac.role_permissions ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_those_of_roles_they_see ON rbac.role_permissions FOR SELECT
    USING (rbac._sees_role(role_id));
COMMENT ON POLICY people_see_those_of_roles_they_see ON rbac.role_permissions IS 'Who sees the role sees what it carries.';
CREATE POLICY role_managers_give ON rbac.role_permissions FOR INSERT
    WITH CHECK (rbac._manages_role(role_id));
CREATE POLICY role_managers_change ON rbac.role_permissions FOR UPDATE
    USING (rbac._manages_role(role_id));
CREATE POLICY role_managers_take_away ON rbac.role_permissions FOR DELETE
    USING (rbac._manages_role(role_id));
COMMENT ON POLICY role_managers_give ON rbac.role_permissions IS 'Who holds rbac:manage_roles where the role belongs.';
COMMENT ON POLICY role_managers_change ON rbac.role_permissions IS 'Who holds rbac:manage_roles where the role belongs.';
COMMENT ON POLICY role_managers_take_away ON rbac.role_permissions IS 'Who holds rbac:manage_roles where the role belongs.';

ALTER TABLE rbac.role_inherits ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_those_between_roles_they_see ON rbac.role_inherits FOR SELECT
    USING (rbac._sees_role(role_id) AND rbac._sees_role(inherits_role_id));
COMMENT ON POLICY people_see_those_between_roles_they_see ON rbac.role_inherits IS 'Who sees both roles.';
CREATE POLICY role_managers_give ON rbac.role_inherits FOR INSERT
    WITH CHECK (rbac._manages_role(role_id) AND rbac._sees_role(inherits_role_id));
CREATE POLICY role_managers_change ON rbac.role_inherits FOR UPDATE
    USING (rbac._manages_role(role_id) AND rbac._sees_role(inherits_role_id));
CREATE POLICY role_managers_take_away ON rbac.role_inherits FOR DELETE
    USING (rbac._manages_role(role_id) AND rbac._sees_role(inherits_role_id));
COMMENT ON POLICY role_managers_give ON rbac.role_inherits IS 'Who holds rbac:manage_roles where the senior role belongs, and sees the junior one.';
COMMENT ON POLICY role_managers_change ON rbac.role_inherits IS 'Who holds rbac:manage_roles where the senior role belongs, and sees the junior one.';
COMMENT ON POLICY role_managers_take_away ON rbac.role_inherits IS 'Who holds rbac:manage_roles where the senior role belongs, and sees the junior one.';

ALTER TABLE rbac.role_conflicts ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_those_between_roles_they_see ON rbac.role_conflicts FOR SELECT
    USING (rbac._sees_role(role_a) AND rbac._sees_role(role_b));
COMMENT ON POLICY people_see_those_between_roles_they_see ON rbac.role_conflicts IS 'Who sees both roles.';
CREATE POLICY role_managers_declare ON rbac.role_conflicts FOR INSERT
    WITH CHECK (rbac._sees_role(role_a) AND rbac._sees_role(role_b) AND (rbac._manages_role(role_a) OR rbac._manages_role(role_b)));
CREATE POLICY role_managers_change ON rbac.role_conflicts FOR UPDATE
    USING (rbac._sees_role(role_a) AND rbac._sees_role(role_b) AND (rbac._manages_role(role_a) OR rbac._manages_role(role_b)));
CREATE POLICY role_managers_withdraw ON rbac.role_conflicts FOR DELETE
    USING (rbac._sees_role(role_a) AND rbac._sees_role(role_b) AND (rbac._manages_role(role_a) OR rbac._manages_role(role_b)));
COMMENT ON POLICY role_managers_declare ON rbac.role_conflicts IS 'Who sees both roles and holds rbac:manage_roles where one of them belongs. Whether for the other too is judged by the guard.';
COMMENT ON POLICY role_managers_change ON rbac.role_conflicts IS 'Who sees both roles and holds rbac:manage_roles where one of them belongs.';
COMMENT ON POLICY role_managers_withdraw ON rbac.role_conflicts IS 'Who sees both roles and holds rbac:manage_roles where one of them belongs.';

-- Assignments.
ALTER TABLE rbac.user_roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY people_see_their_own ON rbac.user_roles FOR SELECT
    USING (user_id = (SELECT rbac.current_user_id()));
COMMENT ON POLICY people_see_their_own ON rbac.user_roles IS 'Everybody sees what they are assigned.';
CREATE POLICY reviewers_see_those_of_their_tenants ON rbac.user_roles FOR SELECT
    USING (rbac.has_scope('rbac:review', tenant_id));
COMMENT ON POLICY reviewers_see_those_of_their_tenants ON rbac.user_roles IS 'Who holds rbac:review in the tenant.';
CREATE POLICY user_managers_see_those_of_their_tenants ON rbac.user_roles FOR SELECT
    USING (rbac.has_scope('rbac:manage_users', tenant_id));
COMMENT ON POLICY user_managers_see_those_of_their_tenants ON rbac.user_roles IS
'Who holds rbac:manage_users in the tenant: it is by their assignments that users belong to it.';
CREATE POLICY granters_manage_those_of_their_tenants ON rbac.user_roles
    USING (rbac.has_scope('rbac:grant', tenant_id));
COMMENT ON POLICY granters_manage_those_of_their_tenants ON rbac.user_roles IS 'Who holds rbac:grant in the tenant.';
CREATE POLICY granters_manage_those_of_their_departments ON rbac.user_roles
    USING (rbac.has_scope('rbac:grant', tenant_id, department_id));
COMMENT ON POLICY granters_manage_those_of_their_departments ON rbac.user_roles IS
'Who holds rbac:grant in the department, or above it.';
CREATE POLICY reviewers_of_every_tenant_see_those_in_every_tenant ON rbac.user_roles FOR SELECT
    USING (tenant_id IS NULL AND ((SELECT rbac.has_scope_everywhere('rbac:review')) OR (SELECT rbac.has_scope_everywhere('rbac:manage_users'))));
COMMENT ON POLICY reviewers_of_every_tenant_see_those_in_every_tenant ON rbac.user_roles IS
'Who holds rbac:review or rbac:manage_users in every tenant.';
CREATE POLICY granters_of_every_tenant_manage_those_in_every_tenant ON rbac.user_roles
    USING (tenant_id IS NULL AND (SELECT rbac.has_scope_everywhere('rbac:grant')));
COMMENT ON POLICY granters_of_every_tenant_manage_those_in_every_tenant ON rbac.user_roles IS
'Who holds rbac:grant in every tenant.';
