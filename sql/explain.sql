-- Why does somebody have a scope, or why not? One row per path from the user
-- to the scope; it is held if and only if one of them says so.
--
--   store-7: front > till       store-3: depot        closed (not active)
--   manager inherits cashier; cashier: refunding (refund:order)
--   store-3 has a role of its own, clerk3, that inherits cashier
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set store7 '''00000000-0000-0000-0000-0000000050a7''::uuid'
\set store3 '''00000000-0000-0000-0000-0000000050a3''::uuid'
\set closed '''00000000-0000-0000-0000-0000000050ac''::uuid'
\set front '''00000000-0000-0000-0000-0000000050d1''::uuid'
\set till '''00000000-0000-0000-0000-0000000050d2''::uuid'
\set depot '''00000000-0000-0000-0000-0000000050d3''::uuid'
\set nobody '''00000000-0000-0000-0000-0000000050ff''::uuid'
\set carol '''00000000-0000-0000-0000-000000005001''::uuid'
\set dave '''00000000-0000-0000-0000-000000005002''::uuid'
\set erin '''00000000-0000-0000-0000-000000005003''::uuid'
\set frank '''00000000-0000-0000-0000-000000005004''::uuid'
\set root '''00000000-0000-0000-0000-000000005005''::uuid'
BEGIN;
SET LOCAL timezone = 'UTC';
INSERT INTO rbac.tenants (id, key, name, is_active) VALUES
    (:store7, 'store-7', 'Store 7', true), (:store3, 'store-3', 'Store 3', true), (:closed, 'closed', 'Closed', false);
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (:front, :store7, NULL, 'front'), (:till, :store7, :front, 'till'), (:depot, :store3, NULL, 'depot');
INSERT INTO rbac.users (id, username, is_active) VALUES
    (:carol, 'carol', true), (:dave, 'dave', true), (:erin, 'erin', true), (:frank, 'frank', false), (:root, 'root', true);
INSERT INTO rbac.scopes (id, name) VALUES (50001, 'refund:order'), (50002, 'print:money');
INSERT INTO rbac.permissions (id, name) VALUES (50001, 'refunding'), (50002, 'repaying');
INSERT INTO rbac.permission_scopes VALUES (50001, 50001), (50002, 50001);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (50001, NULL, 'cashier'), (50002, NULL, 'manager'), (50003, :store3, 'clerk3'), (50004, NULL, 'guest');
INSERT INTO rbac.role_permissions VALUES (50001, 50001), (50002, 50002);
INSERT INTO rbac.role_inherits VALUES (50002, 50001), (50003, 50001);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until) VALUES
    (:carol, 50001, :store7, NULL, '2020-01-01', '2020-03-01'),     -- cashier, long ago
    (:carol, 50001, :store7, NULL, '2999-01-01', NULL),             -- and in a far future
    (:carol, 50002, :store3, NULL, NULL, NULL),                     -- manager elsewhere
    (:carol, 50001, :closed, NULL, NULL, NULL),
    (:dave, 50001, :store7, :front, NULL, NULL),                    -- cashier of a department
    (:dave, 50004, :store3, NULL, NULL, NULL),
    (:frank, 50001, :store7, NULL, NULL, NULL),                     -- not active
    (:root, 50001, NULL, NULL, NULL, NULL);                         -- cashier everywhere

-- granted: every path to it. The manager has it by one permission of the role
-- itself and by one of the role that it inherits.
SELECT * FROM rbac.explain_scope(:carol, 'refund:order', :store3) WHERE granted;
-- A role held in every tenant has no tenant to show.
SELECT * FROM rbac.explain_scope(:root, 'refund:order', :store7);
-- not_yet_valid, expired, other_tenant: nearest misses first.
SELECT reason, role, path, tenant, valid_from, valid_until FROM rbac.explain_scope(:carol, 'refund:order', :store7);
-- department_only: held in a department, asked about the whole tenant.
SELECT * FROM rbac.explain_scope(:dave, 'refund:order', :store7);
-- In the department, and in one below it, it is granted.
SELECT granted, reason, department FROM rbac.explain_scope(:dave, 'refund:order', :store7, :front);
SELECT granted, reason, department FROM rbac.explain_scope(:dave, 'refund:order', :store7, :till);
-- other_department: not in one above it.
UPDATE rbac.user_roles SET department_id = :till WHERE user_id = :dave AND role_id = 50001;
SELECT granted, reason, department FROM rbac.explain_scope(:dave, 'refund:order', :store7, :front);
-- user_inactive, tenant_inactive: nothing wrong with the path itself.
SELECT granted, reason, role FROM rbac.explain_scope(:frank, 'refund:order', :store7);
SELECT granted, reason, role, tenant FROM rbac.explain_scope(:carol, 'refund:order', :closed);
-- They are said even if no path comes to them, and before what else is wrong.
SELECT granted, reason, role, tenant FROM rbac.explain_scope(:frank, 'refund:order', :store3);
-- not_assigned: no path at all, so the roles that would do, by name. Those of
-- another tenant would not.
SELECT * FROM rbac.explain_scope(:erin, 'refund:order', :store7);
SELECT reason, role, path FROM rbac.explain_scope(:erin, 'refund:order', :store3);
-- no_role_carries_scope: a grant alone would not help.
SELECT granted, reason, role FROM rbac.explain_scope(:carol, 'print:money', :store7);
-- What is not there, or belongs elsewhere.
SELECT granted, reason FROM rbac.explain_scope(:nobody, 'refund:order', :store7);
SELECT granted, reason FROM rbac.explain_scope(:carol, 'refund:order', :nobody);
SELECT granted, reason FROM rbac.explain_scope(:carol, 'refund:order', :store7, :nobody);
SELECT granted, reason FROM rbac.explain_scope(:carol, 'refund:order', :store7, :depot);
-- A scope that does not exist is an error, unless the setting says otherwise.
SELECT * FROM rbac.explain_scope(:carol, 'refund:ordr', :store7);
SET LOCAL rbac.unknown_scope = deny;
SELECT granted, reason FROM rbac.explain_scope(:carol, 'refund:ordr', :store7);
RESET rbac.unknown_scope;
-- A NULL explains nothing, as has_scope answers NULL.
SELECT * FROM rbac.explain_scope(NULL::uuid, 'refund:order', :store7);

-- About the current user. no_identity: nobody is asking, whatever the scope.
SELECT granted, reason FROM rbac.explain_scope('no:such');
-- Anyone may ask about themselves, nobody about others.
CREATE ROLE regress_rbac_explain;
GRANT USAGE ON SCHEMA rbac TO regress_rbac_explain;
SELECT rbac.set_identity(:carol, :store7);
SET LOCAL ROLE regress_rbac_explain;
SELECT reason, role FROM rbac.explain_scope('refund:order');
SELECT reason, role FROM rbac.explain_scope('refund:order', :store3);
SELECT reason, role FROM rbac.explain_scope('refund:order', :store7, :till);
SELECT reason FROM rbac.explain_scope(:dave, 'refund:order', :store7);
SELECT * FROM rbac.users_with_scope('refund:order', :store7);
RESET ROLE;
-- Without a current tenant only what is held in every tenant counts.
SELECT rbac.set_identity(:root);
SELECT granted, reason, role FROM rbac.explain_scope('refund:order');
SELECT rbac.set_identity(:dave);
SELECT granted, reason, role, tenant FROM rbac.explain_scope('refund:order');
-- narrowed_by_identity: held, but not among the scopes that the identity lists.
SELECT rbac.set_identity(:carol, :store3, '{print:money}');
SELECT granted, reason, role, tenant FROM rbac.explain_scope('refund:order') WHERE tenant = 'store-3';
SELECT granted, reason, role FROM rbac.explain_scope('refund:order', :store7);
SELECT rbac.set_identity(:carol, :store3, '{refund:order}');
SELECT granted, reason, role FROM rbac.explain_scope('refund:order') WHERE granted;

-- A tenant's own roles are named to those who hold a role there. Others learn
-- only that there are some.
DELETE FROM rbac.role_permissions WHERE role_id = 50002;
DELETE FROM rbac.role_inherits WHERE role_id = 50002;
DELETE FROM rbac.role_permissions WHERE role_id = 50001;
INSERT INTO rbac.role_permissions VALUES (50003, 50001);
SELECT rbac.set_identity(:dave, :store3);
SELECT reason, role, path FROM rbac.explain_scope('refund:order');
SELECT rbac.set_identity(:erin, :store3);
SELECT reason, role, path FROM rbac.explain_scope('refund:order');
SELECT reason, role FROM rbac.explain_scope('refund:order', :store7);
ROLLBACK;
