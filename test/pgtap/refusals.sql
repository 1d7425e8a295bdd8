-- The SQLSTATE is the API: each refusal has its own, so that applications can
-- catch it by name.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off

BEGIN;
SELECT plan(75);

CREATE FUNCTION pg_temp.refuses(query text, state text, claim text) RETURNS text LANGUAGE sql AS
$$ SELECT throws_ok(query, state::char(5), NULL, claim) $$;

INSERT INTO rbac.tenants (id, key, name) VALUES
    ('00000000-0000-0000-0000-0000000000a0', 'acme', 'Acme'), ('00000000-0000-0000-0000-0000000000b0', 'beta', 'Beta');
INSERT INTO rbac.users (id, username) VALUES
    ('00000000-0000-0000-0000-000000000001', 'alice'), ('00000000-0000-0000-0000-000000000002', 'bob');
SELECT rbac.create_scope('read:task') \g /dev/null
SELECT rbac.create_scope('edit:task') \g /dev/null
SELECT rbac.create_permission('view tasks', scopes => '{read:task}') \g /dev/null
SELECT rbac.create_permission('edit tasks', scopes => '{edit:task}') \g /dev/null
SELECT rbac.create_role('clerk', permissions => '{view tasks}') \g /dev/null
SELECT rbac.create_role('manager', permissions => '{edit tasks}', inherits => '{clerk}') \g /dev/null
SELECT rbac.create_role('local', '00000000-0000-0000-0000-0000000000a0') \g /dev/null
SELECT rbac.create_department('00000000-0000-0000-0000-0000000000a0', 'sales') \g /dev/null
SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'manager', '00000000-0000-0000-0000-0000000000a0') \g /dev/null

-- Checks.
SELECT pg_temp.refuses($$SELECT rbac.user_has_scope('00000000-0000-0000-0000-000000000001', 'no:scope', '00000000-0000-0000-0000-0000000000a0')$$, '42704', 'a check of a scope that does not exist');
SELECT is(rbac.has_scope('no:scope'), false, 'nobody has no scope, existing or not');
SELECT pg_temp.refuses($$SELECT rbac.require_scope('read:task')$$, '28000', 'require_scope while nobody is asking');
SELECT pg_temp.refuses($$SELECT rbac.require_scope(NULL)$$, '22004', 'require_scope of NULL does not pass');
SELECT pg_temp.refuses($$SELECT rbac.require_scope('read:task', NULL::uuid)$$, '22004', 'require_scope in a NULL tenant does not pass');
SELECT pg_temp.refuses($$SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000000a0')$$, '28000', 'switch_tenant while nobody is asking');

-- Identity.
SELECT pg_temp.refuses($$SELECT rbac.set_identity(NULL)$$, '22004', 'an identity without a user');
SELECT pg_temp.refuses($$SELECT rbac.set_identity('00000000-0000-0000-0000-00000000dead')$$, '42704', 'an identity of an unknown user');
SELECT pg_temp.refuses($$SELECT rbac.set_identity('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000dead')$$, '42704', 'an identity in an unknown tenant');
SELECT pg_temp.refuses($$SELECT rbac.set_identity('00000000-0000-0000-0000-000000000001', NULL, '{no:scope}')$$, '42704', 'an identity with an unknown scope');
SELECT pg_temp.refuses($$SELECT rbac.set_identity('00000000-0000-0000-0000-000000000001', NULL, '{no scope}')$$, '42602', 'an identity with what cannot be a scope');
SELECT pg_temp.refuses($$SET LOCAL rbac.identity = 'user=00000000-0000-0000-0000-000000000001'$$, '42501', 'the setting behind the identity');
SET LOCAL app.user_id = '00000000-0000-0000-0000-000000000001';
SET LOCAL rbac.user_setting = 'app.user_id';
SELECT is(rbac.current_user_id(), '00000000-0000-0000-0000-000000000001', 'a setting may say who is asking');
SELECT pg_temp.refuses($$SELECT rbac.clear_identity()$$, '55000', 'clearing an identity that a setting names');
SET LOCAL rbac.user_setting = '';
SELECT pg_temp.refuses($$SET LOCAL rbac.user_setting = 'rbac.identity'$$, '22023', 'our own setting as the one that says who is asking');
SET LOCAL ROLE pg_monitor;
SELECT pg_temp.refuses($$SET LOCAL rbac.user_setting = 'app.user_id'$$, '42501', 'an ordinary role that names such a setting');
SELECT pg_temp.refuses($$SELECT set_config('rbac.claims_setting', 'app.user_id', true)$$, '42501', '... or that of the claims');
RESET ROLE;

-- Administration: what does not exist.
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-00000000dead', 'clerk', '00000000-0000-0000-0000-0000000000a0')$$, '42704', 'a grant to an unknown user');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'clark', '00000000-0000-0000-0000-0000000000a0')$$, '42704', 'a grant of an unknown role');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'clerk', '00000000-0000-0000-0000-00000000dead')$$, '42704', 'a grant in an unknown tenant');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'clerk', '00000000-0000-0000-0000-0000000000a0', '00000000-0000-0000-0000-00000000dead')$$, '42704', 'a grant in an unknown department');
SELECT pg_temp.refuses($$SELECT rbac.revoke_role('00000000-0000-0000-0000-000000000002', 'clerk', '00000000-0000-0000-0000-0000000000a0')$$, '42704', 'a revoke of what is not held');
SELECT pg_temp.refuses($$SELECT rbac.grant_permission('clerk', 'view task')$$, '42704', 'an unknown permission');
SELECT pg_temp.refuses($$SELECT rbac.create_permission('x', scopes => '{raed:task}')$$, '42704', 'a permission of an unknown scope');
SELECT pg_temp.refuses($$SELECT rbac.create_role('x', inherits => '{clark}')$$, '42704', 'a role that inherits an unknown one');
SELECT pg_temp.refuses($$SELECT rbac.create_department('00000000-0000-0000-0000-00000000dead', 'x')$$, '42704', 'a department of an unknown tenant');

-- What exists already.
SELECT pg_temp.refuses($$SELECT rbac.create_tenant('acme')$$, '42710', 'a tenant twice');
SELECT pg_temp.refuses($$SELECT rbac.create_user('ALICE')$$, '42710', 'a user twice, in whatever case');
SELECT pg_temp.refuses($$SELECT rbac.create_role('clerk')$$, '42710', 'a role twice');
SELECT pg_temp.refuses($$SELECT rbac.create_scope('read:task')$$, '42710', 'a scope twice');
SELECT pg_temp.refuses($$SELECT rbac.create_permission('view tasks')$$, '42710', 'a permission twice');
SELECT pg_temp.refuses($$SELECT rbac.create_department('00000000-0000-0000-0000-0000000000a0', 'sales')$$, '42710', 'a department twice');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'manager', '00000000-0000-0000-0000-0000000000a0')$$, '42710', 'a grant twice');
SELECT pg_temp.refuses($$SELECT rbac.grant_permission('clerk', 'view tasks')$$, '42710', 'a permission given twice');
SELECT pg_temp.refuses($$SELECT rbac.add_role_inheritance('manager', 'clerk')$$, '42710', 'an inheritance twice');

-- NULL where it makes no sense, and names that are none.
SELECT pg_temp.refuses($$SELECT rbac.create_role(NULL)$$, '22004', 'a role without a name');
SELECT pg_temp.refuses($$SELECT rbac.create_user(NULL)$$, '22004', 'a user without a name');
SELECT pg_temp.refuses($$SELECT rbac.grant_role(NULL, 'clerk')$$, '22004', 'a grant to NULL');
SELECT pg_temp.refuses($$SELECT rbac.grant_permission('clerk', NULL)$$, '22004', 'a NULL permission');
SELECT pg_temp.refuses($$SELECT rbac.create_role('')$$, '42602', 'an empty name');
SELECT pg_temp.refuses($$SELECT rbac.create_role(repeat('x', 201))$$, '42602', 'a name that is too long');
SELECT pg_temp.refuses($$SELECT rbac.create_role(E'a\tb')$$, '42602', 'a name with a control character');
SELECT pg_temp.refuses($$SELECT rbac.create_scope('read task')$$, '42602', 'a scope that is no token');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000002', 'clerk', valid_from => '2030-01-01', valid_until => '2029-01-01')$$, '22023', 'a period that ends before it starts');

-- Grants that cannot be.
SELECT pg_temp.refuses($$SELECT rbac.add_role_inheritance('clerk', 'manager')$$, '0LP01', 'a cycle');
SELECT pg_temp.refuses($$SELECT rbac.add_role_inheritance('clerk', 'clerk')$$, '0LP01', 'a role that inherits itself');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000002', (SELECT id FROM rbac.roles WHERE name = 'local'), '00000000-0000-0000-0000-0000000000b0')$$, '0LP01', 'a role of another tenant');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000002', (SELECT id FROM rbac.roles WHERE name = 'local'))$$, '0LP01', 'a role of one tenant in every tenant');
SELECT pg_temp.refuses($$UPDATE rbac.roles SET tenant_id = NULL WHERE name = 'local'$$, '0LP01', 'a role that moves');
SELECT pg_temp.refuses($$UPDATE rbac.roles SET name = 'x' WHERE id = 1$$, '42939', 'a change of what is built in');
SELECT pg_temp.refuses($$INSERT INTO rbac.scopes (id, name) VALUES (131072, 'x')$$, '54000', 'more scopes than fit');
SELECT lives_ok($$INSERT INTO rbac.scopes (id, name) SELECT g, 's' || g FROM generate_series(65536, 65536 + 100) g$$, 'scopes beyond 65,536');
SELECT lives_ok($$SELECT rbac.add_role_conflict('manager', 'local', 'static', '00000000-0000-0000-0000-0000000000a0')$$, 'roles that exclude each other');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000001', 'local', '00000000-0000-0000-0000-0000000000a0')$$, '0LP01', 'a conflict of duty');

-- Workflows.
INSERT INTO rbac.workflow_statuses (id, name) VALUES (1, 'open'), (2, 'done'), (3, 'lost');
INSERT INTO rbac.workflows (id, name, initial_status_id) VALUES (1, 'work', 1);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (1, 'job', 1);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, only_assignee) VALUES (1, 1, 2, true);
CREATE TEMP TABLE jobs (type_id integer, status_id integer, assignee_id uuid);
SELECT rbac.attach_workflow('jobs', assignee_column => 'assignee_id') \g /dev/null
INSERT INTO jobs (type_id) VALUES (1);
SELECT pg_temp.refuses('INSERT INTO jobs VALUES (1, 2)', '23514', 'a task that starts elsewhere');
SELECT pg_temp.refuses('UPDATE jobs SET status_id = 3', '23514', 'a step that there is not');
SELECT pg_temp.refuses('UPDATE jobs SET status_id = NULL', '23514', 'a status that becomes null');
SELECT pg_temp.refuses('UPDATE jobs SET type_id = 2', '23514', 'a type that there is not');
SELECT pg_temp.refuses('UPDATE jobs SET status_id = 2', '28000', 'a step for somebody while nobody is asking');
SELECT pg_temp.refuses($$UPDATE rbac.workflows SET tenant_id = '00000000-0000-0000-0000-0000000000a0'$$, '0LP01', 'a workflow that moves');
SELECT pg_temp.refuses($$UPDATE rbac.workflow_transitions SET approver_role_id = (SELECT id FROM rbac.roles WHERE name = 'local')$$, '0LP01', 'an approver of one tenant for all');
SELECT pg_temp.refuses($$SELECT rbac.attach_workflow('jobs', 'assignee_id')$$, '42804', 'a status of another type');
SELECT pg_temp.refuses($$SELECT * FROM rbac.next_statuses(2, 1)$$, '42704', 'statuses of an unknown type');
SELECT pg_temp.refuses($$SELECT rbac.workflow_diagram(2)$$, '42704', 'a diagram of an unknown workflow');

-- Somebody is asking who may not.
SELECT rbac.set_identity('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-0000000000a0') \g /dev/null
SELECT pg_temp.refuses($$SELECT rbac.require_scope('rbac:grant')$$, '42501', 'require_scope of what is not held');
SELECT pg_temp.refuses($$SELECT rbac.switch_tenant('00000000-0000-0000-0000-0000000000b0')$$, '42501', 'a switch to where no role is held');
SELECT pg_temp.refuses($$SELECT rbac.grant_role('00000000-0000-0000-0000-000000000002', 'clerk', '00000000-0000-0000-0000-0000000000a0')$$, '42501', 'a grant without rbac:grant');
SELECT pg_temp.refuses($$SELECT rbac.create_role('mine', '00000000-0000-0000-0000-0000000000a0')$$, '42501', 'a role without rbac:manage_roles');
SELECT pg_temp.refuses($$SELECT * FROM rbac.assigned_users('clerk', '00000000-0000-0000-0000-0000000000a0')$$, '42501', 'a review without rbac:review');
SELECT pg_temp.refuses('UPDATE jobs SET status_id = 2', '42501', 'a step that is for somebody else');
SELECT rbac.clear_identity() \g /dev/null

-- A stranger without an identity.
CREATE ROLE regress_rbac_stranger;
SET LOCAL ROLE regress_rbac_stranger;
SELECT pg_temp.refuses($$SELECT rbac.create_role('mine')$$, '28000', 'administration by a stranger');
SELECT pg_temp.refuses($$SELECT * FROM rbac.assigned_users('clerk')$$, '28000', 'a review by a stranger');
SELECT pg_temp.refuses($$SELECT rbac.set_identity('00000000-0000-0000-0000-000000000001')$$, '42501', 'set_identity by a stranger');
SELECT pg_temp.refuses($$DELETE FROM rbac.user_roles$$, '42501', 'the tables, for a stranger');
SELECT pg_temp.refuses($$SELECT rbac.workflow_diagram(1)$$, '42704', 'a workflow, for a stranger');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
