-- Direct DML obeys the rules of the functions.
--
-- The rule: whoever owns the tables may write them; whoever else was granted
-- INSERT, UPDATE or DELETE may use it as far as the current identity may do the
-- same by the functions, and not at all without an identity.
--
-- This is about the guard alone: row-level security, which hides most of these
-- rows from most people (delegated_administration.sql), does not bind the role.
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;

CREATE ROLE regress_rbac_app BYPASSRLS;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA rbac TO regress_rbac_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rbac TO regress_rbac_app;

CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN 'done, ' || n;
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;

\set north '''10000000-0000-0000-0000-00000000000a'''
\set south '''10000000-0000-0000-0000-00000000000b'''
\set sales '''20000000-0000-0000-0000-00000000000a'''
\set lab '''20000000-0000-0000-0000-00000000000b'''
\set root '''30000000-0000-0000-0000-000000000001'''
\set nora '''30000000-0000-0000-0000-000000000002'''
\set emil '''30000000-0000-0000-0000-000000000004'''
\set sven '''30000000-0000-0000-0000-000000000005'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (:sales, :north, 'sales'), (:lab, :north, 'lab');
INSERT INTO rbac.users (id, username) VALUES (:root, 'root'), (:nora, 'nora'), (:emil, 'emil'), (:sven, 'sven');
-- ids that no sequence gives: these are named in the statements below
INSERT INTO rbac.scopes (id, name) VALUES (9001, 'read:task'), (9002, 'edit:task');
INSERT INTO rbac.permissions (id, name) VALUES (9001, 'view tasks'), (9002, 'edit tasks');
INSERT INTO rbac.permission_scopes VALUES (9001, 9001), (9002, 9002);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (9001, NULL, 'viewer'), (9002, NULL, 'editor'), (9003, :north, 'clerk'), (9004, :south, 'clerk');
INSERT INTO rbac.role_permissions VALUES (9001, 9001), (9002, 9002);
INSERT INTO rbac.user_roles (id, user_id, role_id, tenant_id) VALUES
    (9001, :root, 2, NULL), (9002, :nora, 1, :north), (9003, :nora, 9001, :north), (9004, :sven, 9001, :south);

--
-- Without an identity: nothing at all, on any table.
--
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id) VALUES (%L, 2)', :emil));
SELECT t, pg_temp.attempt(format('DELETE FROM rbac.%I', t))
    FROM unnest('{departments,permission_actions,permission_objects,permission_scopes,permissions,role_inherits,role_permissions,roles,scopes,tenants,user_roles,users}'::text[]) AS t;
SELECT pg_temp.attempt(format('INSERT INTO rbac.role_conflicts VALUES (%L, 9001, 9002)', 'static'));
-- nor with one may the rows go unseen
SET LOCAL client_min_messages = warning;
RESET ROLE;
SELECT rbac.set_identity(:root) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT t, pg_temp.attempt(format('TRUNCATE rbac.%I CASCADE', t))
    FROM unnest('{departments,permission_actions,role_conflicts,tenants,user_roles,users}'::text[]) AS t;

--
-- nora runs north, and holds read:task there.
--
RESET ROLE;
SELECT rbac.set_identity(:nora, :north) \gset
SET LOCAL ROLE regress_rbac_app;

-- assignments: there, and of what she holds; she is who granted them
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, granted_by, reason) VALUES (%L, 9001, %L, %L, %L)', :emil, :north, :root, 'because'));
SELECT u.username, g.username, r.reason FROM rbac.user_roles AS r
    JOIN rbac.users AS u ON u.id = r.user_id JOIN rbac.users AS g ON g.id = r.granted_by WHERE r.reason = 'because';
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9002, %L)', :emil, :north));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9001, %L)', :emil, :south));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id) VALUES (%L, 9001)', :emil));
SELECT pg_temp.attempt('UPDATE rbac.user_roles SET valid_until = ''infinity'' WHERE reason = ''because''');
SELECT pg_temp.attempt('UPDATE rbac.user_roles SET role_id = 9002 WHERE reason = ''because''');
SELECT pg_temp.attempt('UPDATE rbac.user_roles SET tenant_id = NULL WHERE reason = ''because''');
SELECT pg_temp.attempt(format('UPDATE rbac.user_roles SET tenant_id = %L WHERE id = 9004', :north));
SELECT pg_temp.attempt('DELETE FROM rbac.user_roles WHERE id = 9004');
SELECT pg_temp.attempt('DELETE FROM rbac.user_roles WHERE reason = ''because''');
-- UPSERT, MERGE and COPY are no ways around
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9001, %L)
    ON CONFLICT ON CONSTRAINT role_is_assigned_once_for_a_period DO UPDATE SET role_id = 9002', :nora, :north));
SELECT pg_temp.attempt('MERGE INTO rbac.user_roles AS t USING (VALUES (9003)) AS v (id) ON t.id = v.id WHEN MATCHED THEN UPDATE SET role_id = 9002');
COPY rbac.user_roles (user_id, role_id, tenant_id) FROM stdin;
30000000-0000-0000-0000-000000000004	9002	10000000-0000-0000-0000-00000000000a
\.

-- roles of north, not of south nor shared ones
SELECT pg_temp.attempt(format('INSERT INTO rbac.roles (tenant_id, name) VALUES (%L, ''helper'')', :north));
SELECT id AS helper FROM rbac.roles WHERE name = 'helper' \gset
SELECT pg_temp.attempt(format('INSERT INTO rbac.roles (tenant_id, name) VALUES (%L, ''helper'')', :south));
SELECT pg_temp.attempt('INSERT INTO rbac.roles (name) VALUES (''helper'')');
SELECT pg_temp.attempt(format('UPDATE rbac.roles SET name = ''aide'' WHERE id = %s', :helper));
SELECT pg_temp.attempt('UPDATE rbac.roles SET name = ''aide'' WHERE id = 9004');
SELECT pg_temp.attempt('DELETE FROM rbac.roles WHERE id = 9001');
SELECT pg_temp.attempt(format('INSERT INTO rbac.role_permissions VALUES (%s, 9001)', :helper));
SELECT pg_temp.attempt(format('INSERT INTO rbac.role_permissions VALUES (%s, 9002)', :helper));
SELECT pg_temp.attempt(format('UPDATE rbac.role_permissions SET permission_id = 9002 WHERE role_id = %s', :helper));
SELECT pg_temp.attempt('INSERT INTO rbac.role_permissions VALUES (9002, 9001)');
SELECT pg_temp.attempt('DELETE FROM rbac.role_permissions WHERE role_id = 9002');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9003, 9001)');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9003, 9002)');
SELECT pg_temp.attempt('UPDATE rbac.role_inherits SET inherits_role_id = 9002 WHERE role_id = 9003');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9002, 9001)');
SELECT pg_temp.attempt('DELETE FROM rbac.role_inherits WHERE role_id = 9003');
-- a conflict is north's if one of its roles is; the order of the two is nothing
SELECT pg_temp.attempt('INSERT INTO rbac.role_conflicts VALUES (''dynamic'', 9003, 9001)');
SELECT kind, role_a, role_b FROM rbac.role_conflicts;
SELECT pg_temp.attempt('INSERT INTO rbac.role_conflicts VALUES (''dynamic'', 9002, 9001)');
SELECT pg_temp.attempt('INSERT INTO rbac.role_conflicts VALUES (''dynamic'', 9004, 9001)');
SELECT pg_temp.attempt('DELETE FROM rbac.role_conflicts');
-- what all tenants share is not hers
SELECT pg_temp.attempt('INSERT INTO rbac.scopes (name) VALUES (''x'')');
SELECT pg_temp.attempt('INSERT INTO rbac.permissions (name) VALUES (''x'')');
SELECT pg_temp.attempt('INSERT INTO rbac.permission_scopes VALUES (9002, 9001)');
SELECT pg_temp.attempt('INSERT INTO rbac.permission_objects (name) VALUES (''x'')');
SELECT pg_temp.attempt('INSERT INTO rbac.permission_actions (name) VALUES (''x'')');
SELECT pg_temp.attempt('INSERT INTO rbac.tenants (key, name) VALUES (''x'', ''x'')');
SELECT pg_temp.attempt('UPDATE rbac.tenants SET is_active = true');
-- departments of north
SELECT pg_temp.attempt(format('INSERT INTO rbac.departments (tenant_id, name) VALUES (%L, ''store'')', :north));
SELECT pg_temp.attempt(format('INSERT INTO rbac.departments (tenant_id, name) VALUES (%L, ''store'')', :south));
SELECT pg_temp.attempt(format('UPDATE rbac.departments SET parent_id = %L WHERE id = %L', :sales, :lab));
SELECT pg_temp.attempt(format('UPDATE rbac.departments SET tenant_id = %L WHERE id = %L', :south, :lab));
SELECT pg_temp.attempt('DELETE FROM rbac.departments WHERE name = ''store''');
-- users: new ones, and how those look who hold roles in north and nowhere else;
-- not who is nobody's yet
SELECT pg_temp.attempt('INSERT INTO rbac.users (username) VALUES (''nick'')');
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''nora@example.com'' WHERE username = ''nick''');
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_until)
    SELECT id, 9001, %L, statement_timestamp() + ''1 day'' FROM rbac.users WHERE username = ''nick''', :north));
SELECT pg_temp.attempt('UPDATE rbac.users SET avatar_url = ''nick.png'' WHERE username = ''nick''');
SELECT pg_temp.attempt('UPDATE rbac.user_roles SET valid_until = ''2001-01-01'' FROM rbac.users WHERE users.id = user_id AND username = ''nick''');
SELECT pg_temp.attempt('UPDATE rbac.users SET first_name = ''Nick'' WHERE username = ''nick''');
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''emil@example.com'' WHERE username = ''emil''');
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''nora@example.com'' WHERE username = ''sven''');
SELECT pg_temp.attempt('UPDATE rbac.users SET first_name = ''Sven'' WHERE username = ''sven''');
SELECT pg_temp.attempt('DELETE FROM rbac.users WHERE username = ''root''');
-- what somebody signs in with, and whether, is not hers: a role that she gave, or
-- one that is over, makes nobody hers
SELECT c, pg_temp.attempt(format('UPDATE rbac.users SET %s WHERE username = ''nick''', c))
    FROM unnest('{username = $$nora2$$,email = $$nora@example.com$$,email_verified_at = now(),phone = $$1$$,is_active = false}'::text[]) AS c;
SELECT pg_temp.attempt('DELETE FROM rbac.users WHERE username = ''nick''');

-- rows keep their ids, and numbers are given, not chosen: an id that is chosen
-- could be the one that another tenant's next role would have
SELECT t, pg_temp.attempt(format('UPDATE rbac.%I SET id = id + 1000', t))
    FROM unnest('{permission_actions,permission_objects,permissions,roles,scopes,user_roles}'::text[]) AS t;
SELECT t, pg_temp.attempt(format('UPDATE rbac.%I SET id = gen_random_uuid()', t))
    FROM unnest('{departments,tenants,users}'::text[]) AS t;
SELECT pg_temp.attempt(format('INSERT INTO rbac.roles (id, tenant_id, name) VALUES (8001, %L, ''squatter'')', :north));
SELECT id = 8001 FROM rbac.roles WHERE name = 'squatter';
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (id, user_id, role_id, tenant_id, reason) VALUES (8001, %L, 9001, %L, ''squat'')', :emil, :north));
SELECT id = 8001 FROM rbac.user_roles WHERE reason = 'squat';
SELECT pg_temp.attempt('DELETE FROM rbac.user_roles WHERE reason = ''squat''');

-- what others call their roles and tenants is not hers to know, nor is which
-- numbers are roles of theirs
SELECT pg_temp.attempt('SELECT rbac.grant_permission(9004, ''view tasks'')');
SELECT pg_temp.attempt('SELECT rbac.revoke_permission(9004, ''view tasks'')');
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, 9004, %L)', :emil, :north));
SELECT pg_temp.attempt(format('SELECT rbac.revoke_role(%L, 9004, %L)', :emil, :north));
SELECT pg_temp.attempt('SELECT rbac.add_role_inheritance(9003, 9004)');
SELECT pg_temp.attempt('SELECT rbac.add_role_inheritance(9004, 9003)');
SELECT pg_temp.attempt('SELECT rbac.remove_role_inheritance(9003, 9004)');
SELECT pg_temp.attempt(format('SELECT rbac.create_department(%L, ''x'')', :south));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, 9001, %L, %L)', :emil, :south, :sales));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9004, %L)', :emil, :north));
SELECT pg_temp.attempt('INSERT INTO rbac.role_permissions VALUES (9004, 9001)');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9003, 9004)');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9004, 9003)');
-- nor what they call their departments, and whom they gave what there
RESET ROLE;
INSERT INTO rbac.departments (id, tenant_id, name) VALUES ('20000000-0000-0000-0000-00000000000d', :south, 'vault');
INSERT INTO rbac.roles (id, tenant_id, name) VALUES (9005, :south, 'smith');
INSERT INTO rbac.role_permissions VALUES (9005, 9002);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES (:sven, 9005, :south, '20000000-0000-0000-0000-00000000000d');
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES (%L, 9001, %L, %L)', :emil, :north, '20000000-0000-0000-0000-00000000000d'));
SELECT pg_temp.attempt(format('UPDATE rbac.departments SET parent_id = %L WHERE id = %L', '20000000-0000-0000-0000-00000000000d', :lab));

--
-- root, who holds rbac_admin everywhere, may do all of it by DML too. What
-- goes along by foreign keys is not asked for.
--
RESET ROLE;
SELECT rbac.set_identity(:root) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt('INSERT INTO rbac.tenants (key, name) VALUES (''west'', ''West'')');
SELECT pg_temp.attempt('INSERT INTO rbac.scopes (name) VALUES (''x'')');
SELECT pg_temp.attempt('INSERT INTO rbac.permission_scopes SELECT 9002, id FROM rbac.scopes WHERE name = ''x''');
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9002, %L)', :emil, :south));
SELECT pg_temp.attempt(format('DELETE FROM rbac.tenants WHERE id = %L', :south));
SELECT count(*) FROM rbac.user_roles WHERE user_id = :emil;
SELECT pg_temp.attempt('DELETE FROM rbac.scopes WHERE name = ''x''');
SELECT pg_temp.attempt('DELETE FROM rbac.users WHERE username = ''nora''');
SELECT c, pg_temp.attempt(format('INSERT INTO rbac.%I (id, name) VALUES (8001, ''squat'')', c))
    FROM unnest('{permission_actions,permission_objects,permissions,roles,scopes}'::text[]) AS c;
SELECT (SELECT count(*) FROM rbac.permission_actions WHERE id = 8001) + (SELECT count(*) FROM rbac.permission_objects WHERE id = 8001)
     + (SELECT count(*) FROM rbac.permissions WHERE id = 8001) + (SELECT count(*) FROM rbac.roles WHERE id = 8001)
     + (SELECT count(*) FROM rbac.scopes WHERE id = 8001);
SELECT pg_temp.attempt('UPDATE rbac.scopes SET id = 8001 WHERE name = ''squat''');
-- but what the extension seeded stays, for him too
SELECT pg_temp.attempt('DELETE FROM rbac.roles WHERE id = 1');

--
-- The owner's own DML is not guarded, whatever identity is set.
--
RESET ROLE;
SELECT rbac.set_identity(:emil) \gset
SELECT pg_temp.attempt('INSERT INTO rbac.tenants (key, name) VALUES (''east'', ''East'')');

ROLLBACK;
