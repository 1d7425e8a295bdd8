-- Why can the current user select, update or delete a row, or why not?
--
--   store-7: front > till       store-3       "7" is a third tenant
--   carol: cashier of store-7 until March 2020; guest there
--   bob: manager of store-7     dave: cashier of store-7's department front
--   A cashier reads and refunds orders; a manager does that and deletes them.
\set VERBOSITY default
\set SHOW_CONTEXT always
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset footer off
\set store7 '''00000000-0000-0000-0000-0000000380a7''::uuid'
\set store3 '''00000000-0000-0000-0000-0000000380a3''::uuid'
\set seven '''00000000-0000-0000-0000-000000038007''::uuid'
\set front '''00000000-0000-0000-0000-0000000380d1''::uuid'
\set till '''00000000-0000-0000-0000-0000000380d2''::uuid'
\set carol '''00000000-0000-0000-0000-000000038101''::uuid'
\set bob '''00000000-0000-0000-0000-000000038102''::uuid'
\set dave '''00000000-0000-0000-0000-000000038103''::uuid'
SET timezone = 'UTC';
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_app;
CREATE ROLE regress_rbac_staff;
CREATE ROLE regress_rbac_past BYPASSRLS;
INSERT INTO rbac.tenants (id, key, name) VALUES
    (:store7, 'store-7', 'Store 7'), (:store3, 'store-3', 'Store 3'), (:seven, '7', 'Seven');
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (:front, :store7, NULL, 'front'), (:till, :store7, :front, 'till');
INSERT INTO rbac.users (id, username) VALUES (:carol, 'carol'), (:bob, 'bob'), (:dave, 'dave');
SELECT rbac.create_scope('read:order'), rbac.create_scope('refund:order'), rbac.create_scope('delete:order') \g /dev/null
SELECT rbac.create_permission('refunding', scopes => '{read:order,refund:order}'),
       rbac.create_permission('deleting', scopes => '{delete:order}') \g /dev/null
SELECT rbac.create_role('guest'), rbac.create_role('cashier', permissions => '{refunding}'),
       rbac.create_role('manager', permissions => '{deleting}', inherits => '{cashier}') \g /dev/null
SELECT rbac.grant_role(:carol, 'cashier', :store7, valid_from => '2020-01-01', valid_until => '2020-03-01'),
       rbac.grant_role(:carol, 'guest', :store7), rbac.grant_role(:bob, 'manager', :store7),
       rbac.grant_role(:dave, 'cashier', :store7, :front) \g /dev/null
GRANT EXECUTE ON FUNCTION rbac.set_identity, rbac.clear_identity TO regress_rbac_owner, regress_rbac_app, regress_rbac_staff;
CREATE SCHEMA why AUTHORIZATION regress_rbac_owner;
GRANT USAGE ON SCHEMA why TO regress_rbac_app, regress_rbac_staff, regress_rbac_past;
SET ROLE regress_rbac_owner;
CREATE TABLE why.orders (
    id bigint PRIMARY KEY, tenant_id uuid NOT NULL, department_id uuid, owner_id uuid, amount numeric, note text);
INSERT INTO why.orders VALUES
    (1, :store7, NULL, :carol, 10), (2, :store7, :till, :bob, 20), (3, :store3, NULL, :bob, 30), (4, :store7, NULL, NULL, 40);
GRANT SELECT, UPDATE, DELETE ON why.orders TO regress_rbac_app;

-- Who may ask is for the DBA to say.
SELECT * FROM rbac.explain_row('why.orders', '1');
RESET ROLE;
GRANT EXECUTE ON FUNCTION rbac.explain_row TO regress_rbac_owner, regress_rbac_app, regress_rbac_staff, regress_rbac_past;
SET ROLE regress_rbac_owner;

-- Without row-level security the privileges decide.
SELECT * FROM rbac.explain_row('why.orders', '1');
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation('why.orders') \g /dev/null

-- The table's owner sees past the policies, which bind it like others.
-- Nobody is asking; no current tenant; the current tenant; another one.
SELECT * FROM rbac.explain_row('why.orders', '3');
BEGIN;
SELECT rbac.set_identity(:carol) \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.orders', '3') WHERE command = 'SELECT';
SELECT rbac.set_identity(:carol, :store3) \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.orders', '3') WHERE command = 'SELECT';
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '3');
COMMIT;

-- Scopes: which one is missing, where, and why.
SELECT rbac.protect_table('why.orders', owner_column => 'owner_id', department_column => 'department_id',
    select_scope => 'read:order', update_scope => 'refund:order', delete_scope => 'delete:order', own_select_scope => 'read:order') \g /dev/null
BEGIN;
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '1');
SELECT rbac.set_identity(:bob, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '1');
-- The department counts; a row without one is no matter of departments.
SELECT rbac.set_identity(:dave, :store7) \g /dev/null
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '2');
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '1') WHERE command = 'SELECT';
-- A row without an owner is nobody's own; what an identity does not list is not in force.
SELECT rbac.set_identity(:bob, :store7, '{refund:order}') \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.orders', '4') WHERE command = 'SELECT';
-- Of a row that is not there, what would be said of any.
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '99');
SELECT rbac.clear_identity() \g /dev/null
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '1') WHERE command = 'SELECT';
COMMIT;

-- Without isolation the scope is asked for where the row is.
SELECT rbac.disable_tenant_isolation('why.orders') \g /dev/null
SELECT rbac.protect_table('why.orders', 'tenant_id', 'owner_id', 'department_id',
    select_scope => 'read:order', own_update_scope => 'refund:order') \g /dev/null
BEGIN;
SELECT rbac.set_identity(:bob) \g /dev/null
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '2');
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '3');
COMMIT;
SELECT rbac.unprotect_table('why.orders') \g /dev/null

-- The application's own policies: the condition is quoted. Only the whole is
-- evaluated: 10 / (amount - 10) would fail by itself.
ALTER TABLE why.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE why.members (order_id bigint, user_id uuid);
INSERT INTO why.members VALUES (1, :carol), (2, :carol);
ALTER TABLE why.members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "not two" ON why.members USING (order_id <> 2);
CREATE POLICY members ON why.orders FOR SELECT USING (EXISTS (
    SELECT FROM why.members AS m WHERE m.order_id = orders.id AND m.user_id = rbac.current_user_id()));
CREATE POLICY large ON why.orders FOR SELECT USING (amount <> 10 AND 10 / (amount - 10) < 0.5);
CREATE POLICY "no note" ON why.orders AS RESTRICTIVE FOR SELECT USING (note = '' OR id < 100 AND amount > 0);
CREATE POLICY mixed ON why.orders FOR UPDATE USING ((SELECT rbac.has_scope('read:order')) AND amount < 15);
CREATE POLICY another ON why.orders FOR DELETE TO regress_rbac_app USING (true);
BEGIN;
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '1');
-- The tables that a policy looks into are read as always.
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '2') WHERE policy IN ('members', 'large');
UPDATE why.orders SET amount = NULL WHERE id = 1;
SELECT rbac.set_identity(:bob, :store7) \g /dev/null
SELECT command, allowed, policy, passes, reason FROM rbac.explain_row('why.orders', '1');
ROLLBACK;
-- A scope where the row is, in a sub-select that depends on the row; a role that
-- holds none of the scopes of an alternative.
ALTER POLICY mixed ON why.orders USING ((SELECT rbac.has_scope('refund:order', orders.tenant_id)) AND amount < 15 OR (SELECT rbac.has_scope('delete:order')));
BEGIN;
SELECT rbac.set_identity(:bob) \g /dev/null
SELECT policy, passes, reason FROM rbac.explain_row('why.orders', '1') WHERE policy = 'mixed';
SELECT policy, passes, reason FROM rbac.explain_row('why.orders', '2') WHERE policy = 'mixed';
SELECT policy, passes, reason FROM rbac.explain_row('why.orders', '3') WHERE policy = 'mixed';
COMMIT;
-- An error is whose policy's it is.
CREATE POLICY broken ON why.orders FOR SELECT USING (1 / (amount - 10) > 0);
SELECT * FROM rbac.explain_row('why.orders', '1');
DROP POLICY broken ON why.orders;
CREATE POLICY misspelt ON why.orders FOR SELECT USING (rbac.has_scope('raed:order', tenant_id));
BEGIN;
SELECT rbac.set_identity(:bob, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '1');
ROLLBACK;
DROP POLICY misspelt ON why.orders;

-- What may be written, were the row written as it is; and a set of tenants.
DROP POLICY mixed ON why.orders;
DROP POLICY large ON why.orders;
CREATE POLICY sets ON why.orders FOR SELECT USING (tenant_id = ANY (rbac.tenants_with_scope('read:order')));
CREATE POLICY writers ON why.orders FOR UPDATE USING (owner_id IS NOT NULL) WITH CHECK (rbac.has_scope('refund:order', tenant_id));
CREATE POLICY "small ones" ON why.orders AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (amount < 35);
BEGIN;
SELECT rbac.set_identity(:bob) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '2') WHERE command <> 'DELETE';
SELECT * FROM rbac.explain_row('why.orders', '3') WHERE command <> 'DELETE';
COMMIT;

-- Whom row-level security does not bind: the policies are not even run.
CREATE FUNCTION why.steal() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'this ran as %', current_user; END $$;
CREATE POLICY trap ON why.orders AS RESTRICTIVE FOR SELECT USING (why.steal());
ALTER TABLE why.orders NO FORCE ROW LEVEL SECURITY;
SELECT * FROM rbac.explain_row('why.orders', '3');
ALTER TABLE why.orders FORCE ROW LEVEL SECURITY;
RESET ROLE;
SELECT command, allowed, kind, regexp_replace(reason, 'role "\w+", which', 'role "...", which') AS reason
FROM rbac.explain_row('why.orders', '3') WHERE command = 'SELECT';
SELECT command, allowed, kind, reason FROM rbac.explain_row('why.orders', '99') WHERE command = 'SELECT' AND kind = 'row';
SET ROLE regress_rbac_past;
SELECT * FROM rbac.explain_row('why.orders', '3') WHERE command = 'SELECT';
SELECT * FROM rbac.explain_row('why.orders', '99') WHERE command = 'SELECT';
RESET ROLE;
GRANT SELECT ON why.orders TO regress_rbac_past;
SET ROLE regress_rbac_past;
SELECT * FROM rbac.explain_row('why.orders', '3');
SELECT * FROM rbac.explain_row('why.orders', '99') WHERE command = 'SELECT';
SET ROLE regress_rbac_owner;
DROP POLICY trap ON why.orders;
DROP POLICY members ON why.orders;
DROP POLICY sets ON why.orders;
DROP POLICY writers ON why.orders;
DROP POLICY "small ones" ON why.orders;
DROP POLICY "no note" ON why.orders;
DROP POLICY another ON why.orders;

-- The attack: is there an order 3, whose, and of which store? The answer about a
-- row that the asker's own SELECT does not show, and about one that does not
-- exist, is the same, byte for byte, by whatever policies it is hidden.
CREATE FUNCTION pg_temp.told(key text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(e::text, E'\n') FROM rbac.explain_row('why.orders', key) AS e $$;
GRANT EXECUTE ON FUNCTION pg_temp.told TO PUBLIC;
SELECT rbac.enable_tenant_isolation('why.orders') \g /dev/null
SET ROLE regress_rbac_app;
BEGIN;
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '3');
SELECT pg_temp.told('3') = pg_temp.told('99') AS isolated;
ROLLBACK;
SELECT pg_temp.told('3') = pg_temp.told('99') AS "nobody asking";
SET ROLE regress_rbac_owner;
SELECT rbac.protect_table('why.orders', owner_column => 'owner_id', department_column => 'department_id',
    select_scope => 'read:order', update_scope => 'refund:order', delete_scope => 'delete:order', own_select_scope => 'read:order') \g /dev/null
SET ROLE regress_rbac_app;
BEGIN;
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '3');
SELECT pg_temp.told('3') = pg_temp.told('99') AS "other tenant", pg_temp.told('1') = pg_temp.told('99') AS "no scope";
SELECT rbac.set_identity(:dave, :store7) \g /dev/null
SELECT pg_temp.told('3') = pg_temp.told('99') AS "other tenant", pg_temp.told('1') = pg_temp.told('99') AS "no department";
ROLLBACK;
SET ROLE regress_rbac_owner;
SELECT rbac.unprotect_table('why.orders'), rbac.disable_tenant_isolation('why.orders') \g /dev/null
ALTER TABLE why.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_but_three ON why.orders USING (id <> 3);
CREATE POLICY later ON why.orders AS RESTRICTIVE FOR UPDATE USING (1 / (id - 3) < 5 AND owner_id = rbac.current_user_id());
SET ROLE regress_rbac_app;
SELECT pg_temp.told('3') = pg_temp.told('99') AS "own policies";
-- Nor by a table, a column or a schema that the role has no privilege for.
SET ROLE regress_rbac_staff;
SELECT * FROM rbac.explain_row('why.orders', '1');
SELECT pg_temp.told('1') = pg_temp.told('99') AS "no privilege";
SET ROLE regress_rbac_owner;
GRANT SELECT (note), UPDATE ON why.orders TO regress_rbac_staff;
SET ROLE regress_rbac_staff;
SELECT command, allowed, kind, passes, reason FROM rbac.explain_row('why.orders', '1') WHERE command = 'SELECT';
SELECT pg_temp.told('1') = pg_temp.told('99') AS "no privilege on the key";
-- Of a row that is shown, nothing about columns that are not.
SET ROLE regress_rbac_owner;
GRANT SELECT (id), DELETE ON why.orders TO regress_rbac_staff;
CREATE POLICY secretly ON why.orders AS RESTRICTIVE FOR DELETE USING (EXISTS (SELECT FROM pg_class WHERE amount > 15 LIMIT 1));
SET ROLE regress_rbac_staff;
BEGIN;
SELECT rbac.set_identity(:carol, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '2');
ROLLBACK;
-- Who sees the row learns why not to change it; others are not named to them.
SET ROLE regress_rbac_app;
BEGIN;
SELECT rbac.set_identity(:carol, :store3) \g /dev/null
SELECT * FROM rbac.explain_row('why.orders', '2') WHERE command = 'UPDATE';
SELECT * FROM rbac.explain_row('why.orders', '1') WHERE command = 'UPDATE';
ROLLBACK;
-- Without the privilege for a command, nothing of what its policies say of the row.
SET ROLE regress_rbac_owner;
REVOKE UPDATE ON why.orders FROM regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT * FROM rbac.explain_row('why.orders', '2') WHERE command = 'UPDATE';
-- The owner sees the row even so, though it cannot select it.
SET ROLE regress_rbac_owner;
BEGIN;
REVOKE ALL ON why.orders FROM regress_rbac_owner;
SELECT * FROM rbac.explain_row('why.orders', '2') WHERE command = 'SELECT';
ROLLBACK;
GRANT UPDATE ON why.orders TO regress_rbac_app;
-- Policies that show a row only sometimes cannot be explained.
SET ROLE regress_rbac_owner;
CREATE SEQUENCE why.times;
CREATE TABLE why.sometimes (id integer PRIMARY KEY);
INSERT INTO why.sometimes VALUES (1);
ALTER TABLE why.sometimes ENABLE ROW LEVEL SECURITY;
CREATE POLICY sometimes ON why.sometimes USING (nextval('why.times') % 2 = 1);
GRANT SELECT ON why.sometimes TO regress_rbac_app;
GRANT USAGE ON SEQUENCE why.times TO regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT * FROM rbac.explain_row('why.sometimes', '1');
\echo :SQLSTATE
-- A schema that the role cannot use.
RESET ROLE;
REVOKE USAGE ON SCHEMA why FROM regress_rbac_app;
SELECT 'why.orders'::regclass::oid AS orders \gset
SET ROLE regress_rbac_app;
SELECT * FROM rbac.explain_row(:orders, '1') WHERE command = 'SELECT';
RESET ROLE;
GRANT USAGE ON SCHEMA why TO regress_rbac_app;

-- The setting that makes PostgreSQL refuse rather than filter.
SET ROLE regress_rbac_app;
SET row_security = off;
SELECT * FROM rbac.explain_row('why.orders', '1') WHERE command = 'SELECT';
RESET row_security;

-- Keys: of several columns, of quoted names, of whatever type; tenants by key and
-- by number.
SET ROLE regress_rbac_owner;
CREATE DOMAIN why.code AS varchar(5) CHECK (VALUE <> 'bad');
CREATE TABLE why."My ""Orders""" (
    "The Tenant" text NOT NULL, note text, "Item, (1)" why.code, day date, owner_id uuid,
    PRIMARY KEY (day, "Item, (1)"));
INSERT INTO why."My ""Orders""" VALUES ('store-3', '', 'a,b"c', '2020-02-02', :bob);
SELECT rbac.enable_tenant_isolation('why."My ""Orders"""', 'The Tenant') \g /dev/null
SELECT rbac.protect_table('why."My ""Orders"""', 'The Tenant', 'owner_id', select_scope => 'read:order', own_update_scope => 'read:order') \g /dev/null
BEGIN;
SELECT rbac.set_identity(:bob, :store7) \g /dev/null
SELECT * FROM rbac.explain_row('why."My ""Orders"""', $$(2020-02-02,"a,b""c")$$);
SELECT command, allowed, kind, reason FROM rbac.explain_row('why."My ""Orders"""', $$(2020-02-03,"a,b""c")$$) WHERE kind = 'row';
SELECT command, allowed, kind, reason FROM rbac.explain_row('why."My ""Orders"""', $$(2020-02-02,)$$) WHERE kind = 'row';
SELECT rbac.disable_tenant_isolation('why."My ""Orders"""') \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why."My ""Orders"""', $$(2020-02-02,"a,b""c")$$);
UPDATE why."My ""Orders""" SET "The Tenant" = 'store-9';
ROLLBACK;
CREATE TABLE why.numbered (id text COLLATE "C", tenant bigint NOT NULL, CONSTRAINT number PRIMARY KEY (id) DEFERRABLE);
INSERT INTO why.numbered VALUES ('a', 7), ('b', 8);
SELECT rbac.enable_tenant_isolation('why.numbered', 'tenant') \g /dev/null
SELECT rbac.protect_table('why.numbered', 'tenant', select_scope => 'read:order') \g /dev/null
BEGIN;
SELECT rbac.set_identity(:bob, :seven) \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.numbered', 'a') WHERE command = 'SELECT';
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.numbered', 'b') WHERE command = 'SELECT';
SELECT rbac.set_identity(:bob, :store7) \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.numbered', 'b') WHERE command = 'SELECT';
SELECT rbac.disable_tenant_isolation('why.numbered') \g /dev/null
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.numbered', 'a') WHERE command = 'SELECT';
SELECT command, allowed, policy, reason FROM rbac.explain_row('why.numbered', 'b') WHERE command = 'SELECT';
ROLLBACK;

-- Partitions have policies of their own; those of the table that is named count.
CREATE TABLE why.parted (id integer PRIMARY KEY, amount integer) PARTITION BY RANGE (id);
CREATE TABLE why.parted_low PARTITION OF why.parted FOR VALUES FROM (0) TO (10);
INSERT INTO why.parted VALUES (1, 1);
ALTER TABLE why.parted ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY lowly ON why.parted USING (tableoid = 'why.parted_low'::regclass AND parted IS NOT NULL);
SELECT * FROM rbac.explain_row('why.parted', '1');
SELECT * FROM rbac.explain_row('why.parted_low', '1') WHERE command = 'SELECT';
-- Where tables inherit, a key can be that of several rows.
CREATE TABLE why.parent (id integer PRIMARY KEY);
CREATE TABLE why.child () INHERITS (why.parent);
INSERT INTO why.parent VALUES (1);
INSERT INTO why.child VALUES (1), (2);
SELECT * FROM rbac.explain_row('why.parent', '1');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why.parent', '2') WHERE command = 'SELECT';

-- Errors.
SELECT * FROM rbac.explain_row(NULL, '1');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why.orders', NULL);
\echo :SQLSTATE
SELECT * FROM rbac.explain_row(1::oid, '1');
\echo :SQLSTATE
CREATE VIEW why.view AS SELECT * FROM why.orders;
SELECT * FROM rbac.explain_row('why.view', '1');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why.child', '1');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why.orders', 'one');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why."My ""Orders"""', 'one');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why."My ""Orders"""', '(2020-02-02)');
\echo :SQLSTATE
SELECT * FROM rbac.explain_row('why."My ""Orders"""', '(2020-02-02,bad)');
\echo :SQLSTATE

-- The verdict is PostgreSQL's: forty sets of policies, made at random but the
-- same each time, for commands, roles and conditions of all kinds; each row, for
-- each user, as the owner whom they bind and as the application.
CREATE TABLE why.random (
    id integer PRIMARY KEY, tenant_id uuid, department_id uuid, owner_id uuid, amount integer, note text);
INSERT INTO why.random VALUES
    (1, :store7, NULL, :carol, 1), (2, :store7, :till, :bob, 2), (3, :store3, NULL, :bob, 3), (4, NULL, NULL, NULL, NULL);
ALTER TABLE why.random ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, DELETE ON why.random TO regress_rbac_app;
GRANT SELECT ON why.members TO regress_rbac_app, regress_rbac_staff;
CREATE FUNCTION why.pick(options text[], VARIADIC seed integer[]) RETURNS text LANGUAGE sql
    RETURN options[1 + ('x' || left(md5(seed::text), 7))::bit(28)::integer % cardinality(options)];
CREATE PROCEDURE why.make_policies(variant integer) LANGUAGE plpgsql AS $$
DECLARE
    conditions CONSTANT text[] := ARRAY[
        'tenant_id = rbac.current_tenant_id()', '(SELECT rbac.has_scope(''read:order''))',
        'rbac.has_scope(''refund:order'', tenant_id)', 'rbac.has_scope(''read:order'', tenant_id, department_id)',
        '(SELECT rbac.has_scope(''read:order'')) OR rbac.has_scope(''read:order'', rbac.current_tenant_id(), department_id)',
        'owner_id = rbac.current_user_id()', 'owner_id = rbac.current_user_id() AND (SELECT rbac.has_scope(''read:order''))',
        'tenant_id = ANY (rbac.tenants_with_scope(''read:order''))', 'rbac.has_scope(''delete:order'') AND amount > 1',
        'amount > 1', 'amount < 3 OR owner_id = rbac.current_user_id() OR note = ''''', 'NOT (amount > 2)',
        'true', 'true', 'false', 'NULL', 'current_user = ''regress_rbac_app''',
        '(SELECT rbac.has_scope(''read:order'', random.tenant_id) AND rbac.has_scope_by_key(''read:order'', amount + 6))',
        'EXISTS (SELECT FROM why.members AS m WHERE m.order_id = random.id)'];
    p record;
BEGIN
    FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'why.random'::regclass LOOP
        EXECUTE format('DROP POLICY %I ON why.random', p.polname);
    END LOOP;
    FOR p IN
        SELECT n, why.pick('{ALL,ALL,ALL,SELECT,UPDATE,DELETE}', variant, n, 1) AS command,
            CASE WHEN n <= 3 THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END AS kind,
            why.pick('{PUBLIC,PUBLIC,PUBLIC,regress_rbac_app,regress_rbac_staff}', variant, n, 2) AS role,
            why.pick(conditions, variant, n, 3) AS before, why.pick(conditions, variant, n, 4) AS after,
            why.pick('{none,none,differs}', variant, n, 5) AS has_check
        FROM generate_series(1, 4 + variant % 2) AS n
    LOOP
        EXECUTE format('CREATE POLICY %I ON why.random AS %s FOR %s TO %s USING (%s)', 'p' || p.n, p.kind, p.command, p.role, p.before)
            || CASE WHEN p.has_check = 'differs' AND p.command IN ('ALL', 'UPDATE') THEN format(' WITH CHECK (%s)', p.after) ELSE '' END;
    END LOOP;
END $$;
CREATE TYPE why.one AS (policy name, kind text, passes boolean);
CREATE TABLE why.verdicts (variant integer, as_role name, asking integer, key integer, command text, said boolean, passed boolean, saw boolean);
GRANT INSERT ON why.verdicts TO regress_rbac_app, regress_rbac_staff;
CREATE FUNCTION why.saw(command text, key integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    CASE command
        WHEN 'SELECT' THEN SELECT count(*) INTO n FROM why.random WHERE id = key;
        WHEN 'UPDATE' THEN UPDATE why.random SET note = 'x' WHERE id = key; GET DIAGNOSTICS n = ROW_COUNT;
        ELSE DELETE FROM why.random WHERE id = key; GET DIAGNOSTICS n = ROW_COUNT;
    END CASE;
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN RETURN n > 0;
    WHEN insufficient_privilege THEN RETURN false;
END $$;
-- Each row, for each user. passed: what the reasons come to, by themselves.
CREATE PROCEDURE why.compare(variant integer, as_role name) LANGUAGE plpgsql AS $$
DECLARE
    users CONSTANT uuid[] := '{NULL,00000000-0000-0000-0000-000000038101,00000000-0000-0000-0000-000000038102,00000000-0000-0000-0000-000000038102,00000000-0000-0000-0000-000000038103}';
    tenants CONSTANT uuid[] := '{NULL,00000000-0000-0000-0000-0000000380a7,00000000-0000-0000-0000-0000000380a7,00000000-0000-0000-0000-0000000380a3,00000000-0000-0000-0000-0000000380a7}';
BEGIN
    EXECUTE format('SET ROLE %I', as_role);
    FOR u IN 1 .. cardinality(users) LOOP
        PERFORM rbac.clear_identity();
        IF users[u] IS NOT NULL THEN
            PERFORM rbac.set_identity(users[u], tenants[u]);
        END IF;
        INSERT INTO why.verdicts
            SELECT variant, as_role, u, k, e.command, CASE WHEN bool_and(e.allowed) = bool_or(e.allowed) THEN bool_and(e.allowed) END,
                   coalesce(bool_and(e.passes) FILTER (WHERE e.policy IS NULL OR e.kind ~ 'restrictive'), true)
                   AND coalesce(bool_or(e.passes) FILTER (WHERE e.kind = 'permissive'), false)
                   -- a permissive check of its own counts in place of the condition that reads
                   AND coalesce((SELECT bool_or(f.passes) FROM unnest(array_agg((e.policy, e.kind, e.passes)::why.one)) AS f
                        WHERE f.kind = 'permissive check' OR f.kind = 'permissive' AND NOT EXISTS (
                            SELECT FROM unnest(array_agg((e.policy, e.kind, e.passes)::why.one)) AS g WHERE g.policy = f.policy AND g.kind = 'permissive check')), false),
                   why.saw(e.command, k)
            FROM generate_series(1, 5) AS k, rbac.explain_row('why.random', k::text) AS e GROUP BY k, e.command;
    END LOOP;
END $$;
RESET ROLE;
BEGIN;
DO $$
BEGIN
    FOR v IN 1 .. 40 LOOP
        SET ROLE regress_rbac_owner;
        CALL why.make_policies(v);
        CALL why.compare(v, 'regress_rbac_owner');
        CALL why.compare(v, 'regress_rbac_app');
    END LOOP;
END $$;
RESET ROLE;
SELECT as_role, command, count(*) AS asked, count(*) FILTER (WHERE said) > 50 AS some_allowed,
    count(*) FILTER (WHERE said IS DISTINCT FROM saw) AS wrong, count(*) FILTER (WHERE said IS DISTINCT FROM passed) AS ill_explained
FROM why.verdicts GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM why.verdicts WHERE said IS DISTINCT FROM saw OR said IS DISTINCT FROM passed ORDER BY variant, as_role, asking, key, command LIMIT 10;
-- And by the privileges, on the table and on columns.
TRUNCATE why.verdicts;
DO $$
DECLARE
    selects CONSTANT text[] := '{NULL,SELECT,SELECT (id),SELECT (note)}';
    updates CONSTANT text[] := '{NULL,UPDATE,UPDATE (note)}';
    deletes CONSTANT text[] := '{NULL,DELETE}';
    privilege text;
BEGIN
    CALL why.make_policies(1);
    CREATE POLICY everything ON why.random USING (true);
    DROP POLICY p4 ON why.random;
    DROP POLICY p5 ON why.random;
    FOR v IN 0 .. 23 LOOP
        RESET ROLE;
        REVOKE ALL ON why.random FROM regress_rbac_staff;
        FOREACH privilege IN ARRAY ARRAY[selects[1 + v % 4], updates[1 + v / 4 % 3], deletes[1 + v / 12]] LOOP
            IF privilege IS NOT NULL THEN
                EXECUTE format('GRANT %s ON why.random TO regress_rbac_staff', privilege);
            END IF;
        END LOOP;
        CALL why.compare(v, 'regress_rbac_staff');
    END LOOP;
END $$;
RESET ROLE;
SELECT command, count(*) AS asked, count(*) FILTER (WHERE said) > 50 AS some_allowed,
    count(*) FILTER (WHERE said IS DISTINCT FROM saw) AS wrong
FROM why.verdicts GROUP BY 1 ORDER BY 1;
SELECT * FROM why.verdicts WHERE said IS DISTINCT FROM saw ORDER BY variant, as_role, asking, key, command LIMIT 10;
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA why CASCADE;
DELETE FROM rbac.users WHERE username IN ('carol', 'bob', 'dave');
DELETE FROM rbac.tenants WHERE key IN ('store-7', 'store-3', '7');
DELETE FROM rbac.roles WHERE name IN ('guest', 'cashier', 'manager');
DELETE FROM rbac.permissions WHERE name IN ('refunding', 'deleting');
DELETE FROM rbac.scopes WHERE name LIKE '%:order';
DROP OWNED BY regress_rbac_owner, regress_rbac_app, regress_rbac_staff, regress_rbac_past;
DROP ROLE regress_rbac_owner, regress_rbac_app, regress_rbac_staff, regress_rbac_past;
