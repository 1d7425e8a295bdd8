-- Who may administer.
--
-- The rule: without an identity, the owner of the tables (or a superuser) and
-- nobody else. With one, whoever it says, as far as they hold the built-in
-- scope for it, whatever the database role may do.
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;

CREATE ROLE regress_rbac_app;

-- Runs a statement and says how it ended.
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(E'\n    ', sqlstate || ' ' || sqlerrm, nullif(detail, ''));
END $$;

-- A small world: tenants north and south, and north's department sales with
-- its part inside.
\set north '''10000000-0000-0000-0000-00000000000a'''
\set south '''10000000-0000-0000-0000-00000000000b'''
\set sales '''20000000-0000-0000-0000-00000000000a'''
\set inside '''20000000-0000-0000-0000-00000000000b'''
\set root '''30000000-0000-0000-0000-000000000001'''
\set nora '''30000000-0000-0000-0000-000000000002'''
\set sam '''30000000-0000-0000-0000-000000000003'''
\set emil '''30000000-0000-0000-0000-000000000004'''
\set mona '''30000000-0000-0000-0000-000000000005'''

INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.departments (id, tenant_id, name, parent_id)
    VALUES (:sales, :north, 'sales', NULL), (:inside, :north, 'inside', :sales);
INSERT INTO rbac.users (id, username) VALUES
    (:root, 'root'), (:nora, 'nora'), (:sam, 'sam'), (:emil, 'emil'), (:mona, 'mona');

--
-- The owner of the tables, without an identity: everything.
--
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('west') $$);
SELECT key, name FROM rbac.tenants WHERE key = 'west';
SELECT pg_temp.attempt($$ SELECT rbac.create_user('Wanda', 'wanda@example.com', 'Wanda', 'Wood', '+1 555') $$);
SELECT username, email, first_name, last_name, phone, is_active FROM rbac.users WHERE username = 'Wanda';
SELECT pg_temp.attempt($$ SELECT rbac.create_scope('read:task', 'See tasks.'), rbac.create_scope('edit:task') $$);
-- objects and actions are made as they are named, and once
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('view tasks', 'task', 'view', '{read:task}', 'See them.') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('edit tasks', 'task', 'edit', '{edit:task,read:task,edit:task}') $$);
SELECT p.name, o.name, a.name, p.description,
       (SELECT string_agg(s.name, ',' ORDER BY s.name) FROM rbac.permission_scopes AS ps
        JOIN rbac.scopes AS s ON s.id = ps.scope_id WHERE ps.permission_id = p.id)
    FROM rbac.permissions AS p
    LEFT JOIN rbac.permission_objects AS o ON o.id = p.object_id
    LEFT JOIN rbac.permission_actions AS a ON a.id = p.action_id
    WHERE p.id >= 100 AND o.name = 'task' ORDER BY p.name;
SELECT pg_temp.attempt($$ SELECT rbac.create_role('viewer', permissions => '{view tasks}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('editor', permissions => '{edit tasks}', inherits => '{viewer}') $$);
-- a tenant's own role of a name comes before the shared one
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('viewer', %L, 'Sees all of north.', '{view tasks}') $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'back office') $$, :north));

-- grant_role gives the id of the assignment, and takes the tenant's own role
SELECT rbac.grant_role(:emil, 'viewer', :north, reason => 'new here') AS granted \gset
SELECT r.description, u.reason, u.granted_by IS NULL
    FROM rbac.user_roles AS u JOIN rbac.roles AS r ON r.id = u.role_id WHERE u.id = :granted;
-- by id, the shared one
SELECT id AS shared_viewer FROM rbac.roles WHERE name = 'viewer' AND tenant_id IS NULL \gset
SELECT rbac.grant_role(:emil, :shared_viewer, :north) IS NOT NULL;
SELECT rbac.grant_role(:emil, 'editor', :north, :sales, '2000-01-01 00:00+00', '2001-01-01 00:00+00') IS NOT NULL;
SELECT rbac.grant_role(:emil, 'editor', :north, :sales, '2002-01-01 00:00+00') IS NOT NULL;
SELECT rbac.user_has_scope(:emil, 'read:task', :north), rbac.user_has_scope(:emil, 'edit:task', :north),
       rbac.user_has_scope(:emil, 'edit:task', :north, :inside);

-- revoke_role says how many periods it ended, and never nothing
SELECT rbac.revoke_role(:emil, 'editor', :north, :sales);
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor', %L) $$, :emil, :north));
SELECT rbac.grant_role(:emil, 'editor', :south) IS NOT NULL;
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor', %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor') $$, :emil));
SELECT rbac.revoke_role(:emil, :shared_viewer, :north);
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, %s, %L) $$, :emil, :shared_viewer, :north)) ~ 'another role of that name';

-- what roles and permissions mean
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('own tasks') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_permission_scope('own tasks', 'edit:task') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_permission_scope('own tasks', 'edit:task') $$);
SELECT pg_temp.attempt($$ SELECT rbac.remove_permission_scope('own tasks', 'edit:task') $$);
SELECT pg_temp.attempt($$ SELECT rbac.remove_permission_scope('own tasks', 'edit:task') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_permission('viewer', 'own tasks', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_permission('viewer', 'own tasks', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_permission(%s, 'own tasks') $$, :shared_viewer));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_permission('viewer', 'own tasks', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_permission('viewer', 'own tasks', %L) $$, :north));
SELECT pg_temp.attempt($$ SELECT rbac.revoke_permission('editor', 'view tasks') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_permission(%s, 'own tasks') $$, :shared_viewer));
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance('viewer', 'editor', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance('viewer', 'editor', %L) $$, :north));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('viewer', 'editor') $$);
SELECT pg_temp.attempt($$ SELECT rbac.add_role_inheritance('editor', 'editor') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.remove_role_inheritance('viewer', 'editor', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.remove_role_inheritance('viewer', 'editor', %L) $$, :north));
-- what the extension seeded stays as it is
SELECT pg_temp.attempt($$ SELECT rbac.grant_permission('rbac_tenant_admin', 'own tasks') $$);

--
-- An ordinary role without an identity: nothing.
--
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('east') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'rbac_admin') $$, :emil));
SELECT pg_temp.attempt($$ SELECT rbac.add_role_conflict('viewer', 'editor', 'static') $$);
RESET ROLE;

--
-- An ordinary role with an identity: what the identity holds.
--
-- root runs everything, nora runs north, sam grants in sales, emil is nobody
-- in particular; mona manages roles of north.
SELECT rbac.grant_role(:root, 'rbac_admin') IS NOT NULL;
SELECT rbac.grant_role(:nora, 'rbac_tenant_admin', :north) IS NOT NULL;
SELECT rbac.grant_role(:nora, 'editor', :north) IS NOT NULL;
SELECT rbac.create_role('granter', permissions => '{rbac:grant}', inherits => '{editor}') IS NOT NULL;
SELECT rbac.grant_role(:sam, 'granter', :north, :sales) IS NOT NULL;
SELECT rbac.create_role('modeller', :north, permissions => '{rbac:manage_roles,view tasks}') IS NOT NULL;
SELECT rbac.grant_role(:mona, 'modeller', :north) IS NOT NULL;

SELECT rbac.set_identity(:root) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('east') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_user('ed') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_scope('audit:task') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('audit tasks', 'task', 'audit', '{audit:task}') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_role('auditor', permissions => '{audit tasks}') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'auditor') $$, :emil));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_tenant_active(%L, false) $$, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_tenant_active(%L, true) $$, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'auditor') $$, :emil));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, false) $$, :emil));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, true) $$, :emil));
RESET ROLE;

SELECT rbac.set_identity(:nora, :north) \gset
SET LOCAL ROLE regress_rbac_app;
-- her tenant
SELECT pg_temp.attempt($$ SELECT rbac.create_user('nick') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'support') $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('helper', %L, NULL, '{view tasks}', '{viewer}') $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_permission('helper', 'edit tasks', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'helper', %L, reason => 'holidays') $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L, %L) $$, :emil, :north, :sales));
RESET ROLE;
SELECT g.username, u.reason FROM rbac.user_roles AS u JOIN rbac.users AS g ON g.id = u.granted_by
    WHERE u.reason = 'holidays';
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'helper', %L) $$, :emil, :north));
-- she learns of places that are hers, and not that he is editor in south
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor', %L) $$, :emil, :north));
-- not the others', nor what all share
SELECT pg_temp.attempt(format($$ SELECT rbac.create_department(%L, 'support') $$, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('helper', %L) $$, :south));
SELECT pg_temp.attempt($$ SELECT rbac.create_role('helper') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L) $$, :emil, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor') $$, :emil));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor', %L) $$, :emil, :south));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_permission('editor', 'edit tasks', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_inheritance(%s, %s) $$, :shared_viewer, :shared_viewer));
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('far north') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_scope('x') $$);
SELECT pg_temp.attempt($$ SELECT rbac.create_permission('x') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.set_tenant_active(%L, false) $$, :north));
-- users are everybody's, even one who holds roles in north alone; she takes away
-- the roles instead
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, false) $$, :mona));
SELECT pg_temp.attempt(format($$ SELECT rbac.set_user_active(%L, true) $$, :mona));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'modeller', %L) $$, :mona, :north));
RESET ROLE;

-- sam grants in his department and below it, not in the tenant
SELECT rbac.set_identity(:sam, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L, %L) $$, :mona, :north, :inside));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L, %L) $$, :mona, :north, :sales));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L) $$, :mona, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.revoke_role(%L, 'editor', %L, %L) $$, :mona, :north, :inside));
RESET ROLE;

-- emil may do none of it
SELECT rbac.set_identity(:emil, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt($$ SELECT rbac.create_user('eve') $$);
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L) $$, :emil, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.create_role('mine', %L) $$, :north));
SELECT pg_temp.attempt(format($$ SELECT rbac.add_role_conflict('viewer', 'editor', 'static', %L) $$, :north));
RESET ROLE;

-- nora, with a token for reading only, may do none of it either
SELECT rbac.set_identity(:nora, :north, '{read:task}') \gset
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L) $$, :emil, :north));
-- with one for granting, she grants what else it lists
SELECT rbac.set_identity(:nora, :north, '{read:task,rbac:grant}') \gset
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'viewer', %L, %L) $$, :emil, :north, :inside));
SELECT pg_temp.attempt(format($$ SELECT rbac.grant_role(%L, 'editor', %L) $$, :emil, :north));

-- an identity counts for a superuser's connection too
SELECT rbac.set_identity(:emil, :north) \gset
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('anywhere') $$);

-- whoever was suspended administers nothing
UPDATE rbac.users SET is_active = false WHERE id = :root;
SELECT rbac.set_identity(:root) \gset
SELECT pg_temp.attempt($$ SELECT rbac.create_tenant('anywhere') $$);

ROLLBACK;
