-- Who has what? The review functions of INCITS 359, and who may ask.
--
--   manager inherits clerk (shared); acme_boss inherits manager (acme's own)
--   clerk: view a task; manager: edit a task; acme_boss: delete a task
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set acme '''00000000-0000-0000-0000-0000000080a0''::uuid'
\set beta '''00000000-0000-0000-0000-0000000080b0''::uuid'
\set closed '''00000000-0000-0000-0000-0000000080c0''::uuid'
\set sales '''00000000-0000-0000-0000-0000000080d1''::uuid'
\set nobody '''00000000-0000-0000-0000-0000000080ff''::uuid'
\set alice '''00000000-0000-0000-0000-000000008001''::uuid'
\set bob '''00000000-0000-0000-0000-000000008002''::uuid'
\set carol '''00000000-0000-0000-0000-000000008003''::uuid'
\set gone '''00000000-0000-0000-0000-000000008004''::uuid'
\set auditor '''00000000-0000-0000-0000-000000008005''::uuid'
BEGIN;
SET LOCAL timezone = 'UTC';
INSERT INTO rbac.tenants (id, key, name, is_active) VALUES
    (:acme, 'acme', 'Acme', true), (:beta, 'beta', 'Beta', true), (:closed, 'closed', 'Closed', false);
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (:sales, :acme, 'sales');
INSERT INTO rbac.users (id, username, is_active) VALUES
    (:alice, 'alice', true), (:bob, 'bob', true), (:carol, 'carol', true), (:gone, 'gone', false), (:auditor, 'auditor', true);
INSERT INTO rbac.permission_objects (id, name) VALUES (80001, 'review_task');
INSERT INTO rbac.permission_actions (id, name) VALUES (80001, 'view'), (80002, 'edit'), (80003, 'delete');
INSERT INTO rbac.scopes (id, name) VALUES (80001, 'rev:read'), (80002, 'rev:edit'), (80003, 'rev:purge');
INSERT INTO rbac.permissions (id, name, object_id, action_id) VALUES
    (80001, 'viewing', 80001, 80001), (80002, 'editing', 80001, 80002), (80003, 'deleting', 80001, 80003);
INSERT INTO rbac.permission_scopes VALUES (80001, 80001), (80002, 80001), (80002, 80002), (80003, 80003);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (80001, NULL, 'clerk'), (80002, NULL, 'manager'), (80003, :acme, 'acme_boss'),
    (80004, :beta, 'clerk'), (80005, NULL, 'reviewer');
INSERT INTO rbac.role_permissions VALUES (80001, 80001), (80002, 80002), (80003, 80003), (80005, 7);
INSERT INTO rbac.role_inherits VALUES (80002, 80001), (80003, 80002);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until, granted_by, reason) VALUES
    (:alice, 80003, :acme, NULL, NULL, NULL, :bob, 'founded it'),
    (:alice, 80001, NULL, NULL, '2020-01-01', NULL, NULL, NULL),
    (:bob, 80002, :acme, :sales, NULL, '2999-01-01', NULL, NULL),
    (:bob, 80001, :acme, NULL, NULL, '2020-01-01', NULL, NULL),       -- no longer
    (:bob, 80001, :beta, NULL, '2999-01-01', NULL, NULL, NULL),       -- not yet
    (:carol, 80004, :beta, NULL, NULL, NULL, NULL, NULL),             -- beta's own clerk
    (:carol, 80001, :closed, NULL, NULL, NULL, NULL, NULL),           -- tenant not active
    (:gone, 80001, :acme, NULL, NULL, NULL, NULL, NULL),              -- user not active
    (:auditor, 80005, :acme, NULL, NULL, NULL, NULL, NULL);

-- Assigned users: what is in force only, in a tenant or anywhere.
SELECT * FROM rbac.assigned_users('clerk', :acme);
SELECT username, tenant, department FROM rbac.assigned_users('clerk');
SELECT username, tenant, department FROM rbac.assigned_users('manager', :acme);
SELECT username FROM rbac.assigned_users('clerk', :closed);
-- A name means the tenant's own role first; an id, that role.
SELECT username, tenant FROM rbac.assigned_users('clerk', :beta);
SELECT username, tenant FROM rbac.assigned_users(80001, :beta);
-- Authorized users: through inheritance, too; only of the tenant asked about.
SELECT username, assigned_role, tenant, department FROM rbac.authorized_users('clerk', :acme);
SELECT username, assigned_role, tenant, department FROM rbac.authorized_users('clerk', :beta);
SELECT username, assigned_role, tenant, department FROM rbac.authorized_users(80001);
-- Assigned and authorized roles.
SELECT role, tenant, department, valid_from, valid_until, granted_by, reason FROM rbac.assigned_roles(:alice, :acme);
SELECT role, tenant, department, valid_until FROM rbac.assigned_roles(:bob);
SELECT role, assigned_role, tenant, department FROM rbac.authorized_roles(:alice, :acme);
SELECT role, assigned_role, tenant FROM rbac.authorized_roles(:alice, :beta);
SELECT role FROM rbac.authorized_roles(:gone, :acme);
-- Permissions and scopes of a role, with and without what it inherits.
SELECT * FROM rbac.permissions_of_role('acme_boss', :acme);
SELECT permission, from_role FROM rbac.permissions_of_role('acme_boss', :acme, inherited => false);
SELECT permission, from_role FROM rbac.permissions_of_role(80002);
SELECT * FROM rbac.scopes_of_role('manager');
SELECT * FROM rbac.scopes_of_role('acme_boss', :acme, false);
-- Permissions of a user.
SELECT permission, scopes, from_role, assigned_role, tenant, department FROM rbac.permissions_of_user(:alice, :acme);
SELECT permission, from_role, tenant, department FROM rbac.permissions_of_user(:alice, :acme, false);
SELECT permission, from_role, tenant, department FROM rbac.permissions_of_user(:bob);
-- Operations on an object.
SELECT * FROM rbac.role_actions_on_object('manager', 'review_task');
SELECT * FROM rbac.role_actions_on_object('manager', 'review_task', inherited => false);
SELECT * FROM rbac.user_actions_on_object(:alice, 'review_task', :beta);
SELECT action, tenant, department FROM rbac.user_actions_on_object(:bob, 'review_task', :acme);

-- What does not exist.
SELECT * FROM rbac.assigned_users('clerck', :acme);
SELECT * FROM rbac.assigned_users('acme_bos');
SELECT * FROM rbac.assigned_users(80003, :beta);
SELECT * FROM rbac.assigned_users(80999);
SELECT * FROM rbac.assigned_users('clerk', :nobody);
SELECT * FROM rbac.assigned_roles(:nobody);
SELECT * FROM rbac.role_actions_on_object('clerk', 'review_tas');
-- NULL asks for nothing in particular.
SELECT * FROM rbac.assigned_users(NULL::text);
SELECT * FROM rbac.assigned_roles(NULL);
SELECT * FROM rbac.permissions_of_role('clerk', inherited => NULL);
SELECT * FROM rbac.user_actions_on_object(:bob, NULL);

-- Who may ask: without an identity, the owner of the tables alone.
CREATE ROLE regress_rbac_review;
GRANT USAGE ON SCHEMA rbac TO regress_rbac_review;
SET LOCAL ROLE regress_rbac_review;
SELECT * FROM rbac.assigned_users('clerk', :acme);
-- Not the functions behind either.
SELECT * FROM rbac._assigned_users(80001, :acme);
RESET ROLE;
-- With one, who holds rbac:review in the tenant asked about; whatever exists.
SELECT rbac.set_identity(:auditor, :acme);
SET LOCAL ROLE regress_rbac_review;
SELECT username FROM rbac.authorized_users('clerk', :acme);
SELECT username FROM rbac.assigned_users('clerk', :beta);
SELECT username FROM rbac.assigned_users('no such role', :beta);
SELECT username FROM rbac.assigned_users('clerk');
SELECT * FROM rbac.assigned_roles(:alice);
SELECT * FROM rbac.assigned_roles(:nobody, :nobody);
RESET ROLE;
-- The owner with an identity is that user.
SELECT rbac.set_identity(:bob, :acme);
SELECT username FROM rbac.assigned_users('clerk', :acme);
-- A reviewer of every tenant asks about any, and about all.
UPDATE rbac.user_roles SET tenant_id = NULL WHERE user_id = :auditor;
SELECT rbac.set_identity(:auditor);
SELECT username FROM rbac.assigned_users('clerk', :beta);
SELECT username FROM rbac.assigned_users('clerk');

-- About oneself anyone may ask.
SELECT rbac.set_identity(:alice, :acme);
SET LOCAL ROLE regress_rbac_review;
SELECT role, assigned_role FROM rbac.current_roles();
SELECT permission, scopes_in_force, assigned_role FROM rbac.current_permissions();
RESET ROLE;
-- As far as the identity lists the scopes.
SELECT rbac.set_identity(:alice, :acme, '{rev:read}');
SELECT permission, scopes_in_force, assigned_role FROM rbac.current_permissions();
-- Without a current tenant, what is held in every tenant.
SELECT rbac.set_identity(:alice);
SELECT role, assigned_role FROM rbac.current_roles();
SELECT permission FROM rbac.current_permissions();
SELECT rbac.clear_identity();
SELECT role FROM rbac.current_roles();
SELECT permission FROM rbac.current_permissions();

-- The answers are those of the decisions: every scope of a user's permissions
-- in the whole tenant is held, and no other.
SELECT u.username, t.key
FROM rbac.users u, rbac.tenants t
WHERE ARRAY(SELECT rbac.effective_scopes(u.id, t.id))
      <> ARRAY(SELECT DISTINCT s COLLATE "C" FROM rbac.permissions_of_user(u.id, t.id) p, unnest(p.scopes) s
               WHERE p.department IS NULL ORDER BY 1);
ROLLBACK;
