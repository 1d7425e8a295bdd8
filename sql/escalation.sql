-- Nobody can hand on what they do not hold.
--
-- The rule: to grant a role, or to put a permission, a scope or a junior role
-- into something, one must hold there every scope that is handed on, or
-- rbac:escalate. "There" is where it is felt: the tenant or department of the
-- assignment, the tenant of the role, every tenant for what tenants share.
--
-- Mallory works in the application as an ordinary role that may write the
-- tables, and can run any SQL (as after an injection).
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;

CREATE ROLE regress_rbac_app;
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
\set bench '''20000000-0000-0000-0000-00000000000c'''
\set between '''20000000-0000-0000-0000-00000000000d'''
\set mallory '''30000000-0000-0000-0000-000000000001'''
\set boss '''30000000-0000-0000-0000-000000000002'''
\set pawn '''30000000-0000-0000-0000-000000000003'''
\set nobody '''30000000-0000-0000-0000-000000000005'''
\set tim '''30000000-0000-0000-0000-000000000006'''
\set pat '''30000000-0000-0000-0000-000000000004'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES
    (:sales, :north, 'sales'), (:lab, :north, 'lab'), (:bench, :north, 'bench');
INSERT INTO rbac.users (id, username) VALUES (:mallory, 'mallory'), (:boss, 'boss'), (:pawn, 'pawn'), (:pat, 'pat');
INSERT INTO rbac.scopes (id, name) VALUES (9001, 'read:task'), (9002, 'pay:bill'), (9003, 'use:lab');
INSERT INTO rbac.permissions (id, name) VALUES
    (9001, 'view tasks'), (9002, 'pay bills'), (9003, 'use the lab'), (9004, 'nothing yet');
INSERT INTO rbac.permission_scopes VALUES (9001, 9001), (9002, 9002), (9003, 9003);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (9001, NULL, 'viewer'), (9002, NULL, 'payer'), (9003, :north, 'own'), (9004, NULL, 'head'), (9005, :north, 'lab user');
INSERT INTO rbac.role_permissions VALUES (9001, 9001), (9002, 9002), (9005, 9003);
INSERT INTO rbac.role_inherits VALUES (9004, 9002);
-- mallory runs north and may read its tasks; in sales she may pay; boss pays in
-- north, and uses the lab
INSERT INTO rbac.user_roles (id, user_id, role_id, tenant_id, department_id) VALUES
    (9001, :mallory, 1, :north, NULL), (9002, :mallory, 9001, :north, NULL), (9003, :mallory, 9002, :north, :sales),
    (9004, :boss, 9004, :north, NULL), (9005, :boss, 9005, :north, :lab), (9006, :mallory, 9003, :north, NULL);

SELECT rbac.set_identity(:mallory, :north) \gset
SET LOCAL ROLE regress_rbac_app;

--
-- By the functions.
--
-- what she holds goes where she holds it
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L)', :pawn, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L, %L)', :pawn, :north, :sales));
-- and nowhere else
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L)', :mallory, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L, %L)', :mallory, :north, :lab));
-- nor does inheritance hide it
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''head'', %L)', :pawn, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''rbac_admin'', %L)', :mallory, :north));
-- a role of hers is no vessel: sales is not all of north
SELECT pg_temp.attempt(format('SELECT rbac.grant_permission(''own'', ''pay bills'', %L)', :north));
SELECT pg_temp.attempt(format('SELECT rbac.add_role_inheritance(''own'', ''payer'', %L)', :north));
SELECT pg_temp.attempt(format('SELECT rbac.add_role_inheritance(''own'', ''head'', %L)', :north));
SELECT pg_temp.attempt(format('SELECT rbac.create_role(''new'', %L, permissions => ''{pay bills}'')', :north));
SELECT pg_temp.attempt(format('SELECT rbac.create_role(''new'', %L, inherits => ''{head}'')', :north));
-- nor is a permission
SELECT pg_temp.attempt('SELECT rbac.add_permission_scope(''view tasks'', ''pay:bill'')');
-- users are shared by all tenants: she suspends nobody, nor brings anybody back
SELECT pg_temp.attempt(format('SELECT rbac.set_user_active(%L, false)', :boss));
SELECT pg_temp.attempt(format('SELECT rbac.set_user_active(%L, true)', :boss));

--
-- By direct DML.
--
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9002, %L)', :mallory, :north));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 2, NULL)', :mallory));
SELECT pg_temp.attempt('UPDATE rbac.user_roles SET department_id = NULL WHERE id = 9003');
SELECT pg_temp.attempt(format('UPDATE rbac.user_roles SET user_id = %L WHERE id = 9004', :mallory));
SELECT pg_temp.attempt('INSERT INTO rbac.role_permissions VALUES (9003, 9002)');
SELECT pg_temp.attempt('INSERT INTO rbac.role_inherits VALUES (9003, 9004)');
SELECT pg_temp.attempt('INSERT INTO rbac.permission_scopes VALUES (9001, 9002)');
SELECT pg_temp.attempt('UPDATE rbac.scopes SET name = ''pay:bill2'' WHERE id = 9002');
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''mallory@example.com'' WHERE username = ''boss''');
-- a department does not slip under one where somebody holds more than she
SELECT pg_temp.attempt(format('UPDATE rbac.departments SET parent_id = %L WHERE id = %L', :lab, :bench));

-- nor under one that the same statement makes below it
SELECT pg_temp.attempt(format('
    WITH made AS (INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES (%L, %L, %L, ''new'') RETURNING id)
    UPDATE rbac.departments SET parent_id = made.id FROM made WHERE departments.id = %L', :between, :north, :lab, :bench));
SELECT pg_temp.attempt(format('
    MERGE INTO rbac.departments AS t
    USING (VALUES (%1$L::uuid, %2$L::uuid, ''new''), (%3$L, %1$L, NULL)) AS v (id, parent_id, name) ON t.id = v.id
    WHEN NOT MATCHED THEN INSERT (id, tenant_id, parent_id, name) VALUES (v.id, %4$L, v.parent_id, v.name)
    WHEN MATCHED THEN UPDATE SET parent_id = v.parent_id', :between, :lab, :bench, :north));
SELECT name, parent_id FROM rbac.departments WHERE tenant_id = :north ORDER BY name;
-- the other way round she gives nothing away
SELECT pg_temp.attempt(format('UPDATE rbac.departments SET parent_id = %L WHERE id = %L', :bench, :lab));

-- what one statement makes, another part of it cannot use unseen
SELECT pg_temp.attempt(format('
    WITH made AS (INSERT INTO rbac.roles (id, tenant_id, name) VALUES (9010, %L, ''vessel'') RETURNING id),
         filled AS (INSERT INTO rbac.role_permissions SELECT id, 9002 FROM made)
    INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT %L, id, %L FROM made', :north, :mallory, :north));
SELECT pg_temp.attempt(format('
    WITH made AS (INSERT INTO rbac.roles (id, tenant_id, name) VALUES (9010, %L, ''vessel'') RETURNING id),
         given AS (INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT %L, id, %L FROM made)
    INSERT INTO rbac.role_inherits SELECT id, 9002 FROM made', :north, :mallory, :north));
-- several rows of one statement are judged each for itself
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%1$L, 9001, %3$L), (%2$L, 9002, %3$L)', :pat, :pat, :north));

--
-- By getting rid of whoever is asked.
--
SELECT rbac.clear_identity() \gset
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id) VALUES (%L, 2)', :mallory));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''rbac_admin'')', :mallory));
RESET ROLE;
SELECT rbac.set_identity(:mallory, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt('RESET ALL');
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id) VALUES (%L, 2)', :mallory));
RESET ROLE;
SELECT rbac.set_identity(:mallory, :north) \gset
SET LOCAL ROLE regress_rbac_app;
-- by becoming somebody else
SELECT pg_temp.attempt(format('SELECT rbac.set_identity(%L)', :boss));
SELECT pg_temp.attempt(format('SET LOCAL rbac.identity = ''user=%s''', :boss));
SELECT pg_temp.attempt(format('SELECT set_config(''rbac.identity'', ''user=%s'', true)', :boss));
-- by a savepoint: what it takes back is not in force
SAVEPOINT trick;
SELECT rbac.clear_identity() \gset
ROLLBACK TO trick;
SELECT rbac.current_user_id() = :mallory;
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9002, %L)', :mallory, :north));
-- by switching off what asks
SELECT pg_temp.attempt('SET LOCAL session_replication_role = replica');
SELECT pg_temp.attempt('ALTER TABLE rbac.user_roles DISABLE TRIGGER guard');
SELECT pg_temp.attempt('DROP TRIGGER guard ON rbac.user_roles');
SELECT pg_temp.attempt('ALTER FUNCTION rbac._guard() RENAME TO _unguarded');
SELECT pg_temp.attempt('CREATE TRIGGER zzz BEFORE INSERT ON rbac.user_roles FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()');
-- by giving other meanings to names that the rules use
SELECT pg_temp.attempt('CREATE FUNCTION pg_temp.statement_timestamp() RETURNS timestamptz LANGUAGE sql AS ''SELECT ''''-infinity''''::timestamptz''');
SELECT pg_temp.attempt('SET LOCAL search_path = pg_temp, rbac');
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9002, %L)', :mallory, :north));
-- by a setting that makes unknown scopes pass for denied ones
SELECT pg_temp.attempt('SET LOCAL rbac.unknown_scope = deny');
-- by a view, whose owner she is
SELECT pg_temp.attempt('CREATE TEMP VIEW mine AS SELECT * FROM rbac.user_roles');
SELECT pg_temp.attempt(format('INSERT INTO mine (id, user_id, role_id, tenant_id) VALUES (9099, %L, 9002, %L)', :mallory, :north));
-- by a function that runs with its owner's rights: she owns it
SELECT pg_temp.attempt('CREATE FUNCTION pg_temp.run() RETURNS void LANGUAGE sql SECURITY DEFINER AS ''INSERT INTO rbac.user_roles (user_id, role_id) VALUES (''''30000000-0000-0000-0000-000000000001'''', 2)''');
SELECT pg_temp.attempt('SELECT pg_temp.run()');

-- After all that she holds what she held.
RESET ROLE;
SELECT s.scope FROM rbac.effective_scopes(:mallory, :north) AS s (scope) WHERE s.scope NOT LIKE 'rbac:%';
SELECT rbac.user_has_scope(:mallory, 'pay:bill', :north, :sales), rbac.user_has_scope(:mallory, 'pay:bill', :north, :lab),
       rbac.user_has_scope(:pat, 'read:task', :north), rbac.user_has_scope(:mallory, 'rbac:escalate', :north);

--
-- Whoever holds rbac:escalate there may hand on what they do not hold.
--
SELECT rbac.clear_identity() \gset
SELECT rbac.create_role('escalator', :north, permissions => '{rbac:escalate}') IS NOT NULL;
SELECT rbac.grant_role(:mallory, 'escalator', :north) IS NOT NULL;
SELECT rbac.set_identity(:mallory, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L)', :pat, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_permission(''own'', ''pay bills'', %L)', :north));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9004, %L)', :pat, :north));
-- there, not elsewhere
SELECT pg_temp.attempt('SELECT rbac.add_permission_scope(''view tasks'', ''pay:bill'')');
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L)', :pat, :south));
-- and may move a department below one that cannot be judged yet
SELECT pg_temp.attempt(format('
    WITH made AS (INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES (%L, %L, %L, ''new'') RETURNING id)
    UPDATE rbac.departments SET parent_id = made.id FROM made WHERE departments.id = %L', :between, :north, :sales, :bench));

--
-- Whoever manages users in every tenant changes what they sign in with, but
-- becomes nobody who holds more.
--
RESET ROLE;
SELECT rbac.clear_identity() \gset
SELECT rbac.create_role('help desk', permissions => '{rbac:manage_users}') IS NOT NULL;
SELECT rbac.grant_role(:pawn, 'help desk') IS NOT NULL;
INSERT INTO rbac.users (id, username) VALUES (:nobody, 'nobody');
SELECT rbac.set_identity(:pawn) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''new@example.com'' WHERE username = ''nobody''');
SELECT pg_temp.attempt('UPDATE rbac.users SET email = ''pawn@example.com'' WHERE username = ''boss''');
SELECT pg_temp.attempt(format('SELECT rbac.set_user_active(%L, false)', :boss));
SELECT pg_temp.attempt(format('SELECT rbac.set_user_active(%L, true)', :boss));
SELECT pg_temp.attempt('UPDATE rbac.users SET is_active = true WHERE username = ''boss''');

--
-- Nobody can hand on what they hold for longer than they hold it: tim runs
-- north, and reads its tasks, for an hour.
--
RESET ROLE;
SELECT rbac.clear_identity() \gset
INSERT INTO rbac.users (id, username) VALUES (:tim, 'tim');
SELECT rbac.grant_role(:tim, 'rbac_tenant_admin', :north, valid_until => now() + '1 hour') IS NOT NULL;
SELECT rbac.grant_role(:tim, 'viewer', :north, valid_until => now() + '1 hour') IS NOT NULL;
SELECT rbac.grant_role(:tim, 'own', :north) IS NOT NULL;
SELECT id AS timed FROM rbac.user_roles WHERE user_id = :tim AND role_id = 9001 \gset
SELECT rbac.set_identity(:tim, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L, NULL, now())', :tim, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L)', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L, valid_until => ''infinity'')', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L, valid_until => now() + ''2 hours'')', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L, valid_until => now() + ''1 hour'')', :nobody, :north));
SELECT pg_temp.attempt(format('UPDATE rbac.user_roles SET valid_until = NULL WHERE id = %s', :timed));
SELECT pg_temp.attempt(format('UPDATE rbac.user_roles SET valid_until = valid_until + interval ''1 microsecond'' WHERE id = %s', :timed));
SELECT pg_temp.attempt(format('UPDATE rbac.user_roles SET valid_until = valid_until - interval ''1 minute'' WHERE user_id = %L', :nobody));
SELECT pg_temp.attempt(format('INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (%L, 9001, %L)', :pat, :north));
-- a period that is over hands on nothing
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L, NULL, ''2000-01-01'', ''2001-01-01'')', :nobody, :north));
-- nor does a role that he holds for good take it up
SELECT pg_temp.attempt(format('SELECT rbac.grant_permission(''own'', ''view tasks'', %L)', :north));
SELECT pg_temp.attempt(format('SELECT rbac.add_role_inheritance(''own'', ''viewer'', %L)', :north));
-- the refusal says what to do
\set VERBOSITY default
SELECT rbac.grant_role(:nobody, 9001, :north, NULL, now());
\set VERBOSITY terse
-- whoever holds what is handed on for good, but the right to grant for an hour
RESET ROLE;
SELECT rbac.clear_identity() \gset
UPDATE rbac.user_roles SET valid_until = NULL WHERE id = :timed;
SELECT rbac.set_identity(:tim, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L)', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_permission(''own'', ''view tasks'', %L)', :north));
-- and the other way round
RESET ROLE;
SELECT rbac.clear_identity() \gset
UPDATE rbac.user_roles SET valid_until = now() + '1 hour' WHERE id = :timed;
UPDATE rbac.user_roles SET valid_until = NULL WHERE user_id = :tim AND role_id = 1;
DELETE FROM rbac.role_permissions WHERE role_id = 9003;
SELECT rbac.set_identity(:tim, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''viewer'', %L)', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''rbac_tenant_admin'', %L)', :nobody, :north));
-- rbac:escalate for an hour is for an hour
RESET ROLE;
SELECT rbac.clear_identity() \gset
SELECT rbac.grant_role(:tim, 'escalator', :north, valid_until => now() + '1 hour') IS NOT NULL;
SELECT rbac.set_identity(:tim, :north) \gset
SET LOCAL ROLE regress_rbac_app;
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L)', :nobody, :north));
SELECT pg_temp.attempt(format('SELECT rbac.grant_role(%L, ''payer'', %L, valid_until => now() + ''1 hour'')', :nobody, :north));

--
-- What others wrote does not administer with the identity of whoever makes
-- their index or refreshes their view.
--
RESET ROLE;
SELECT rbac.clear_identity() \gset
SELECT rbac.grant_role(:pat, 'rbac_admin') IS NOT NULL;
CREATE SCHEMA regress_rbac_trojan AUTHORIZATION regress_rbac_app;
SET LOCAL ROLE regress_rbac_app;
CREATE TABLE regress_rbac_trojan.bait (a integer);
CREATE FUNCTION regress_rbac_trojan.index_function(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION regress_rbac_trojan.by_dml() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rbac.user_roles (user_id, role_id) VALUES ('30000000-0000-0000-0000-000000000001', 2);
    RETURN 1;
END $$;
INSERT INTO regress_rbac_trojan.bait VALUES (1);
CREATE INDEX bait_index ON regress_rbac_trojan.bait (regress_rbac_trojan.index_function(a));
CREATE OR REPLACE FUNCTION regress_rbac_trojan.index_function(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM rbac.grant_role('30000000-0000-0000-0000-000000000001', 'rbac_admin');
    RETURN 1;
END $$;
CREATE MATERIALIZED VIEW regress_rbac_trojan.bait_view AS SELECT regress_rbac_trojan.by_dml() AS a WITH NO DATA;
RESET ROLE;
SELECT rbac.set_identity(:pat) \gset
SET LOCAL client_min_messages = error;
SELECT pg_temp.attempt('REINDEX TABLE regress_rbac_trojan.bait');
SELECT pg_temp.attempt('REFRESH MATERIALIZED VIEW regress_rbac_trojan.bait_view');
SELECT rbac.clear_identity() \gset

ROLLBACK;
