-- Setting up which rows are whose, by a table's owner who is no superuser.
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_stranger;
CREATE SCHEMA iso AUTHORIZATION regress_rbac_owner;
SELECT rbac.create_scope('iso:read'), rbac.create_scope('iso:o''write') \g /dev/null
-- What a table has of ours, and whether its row-level security binds everybody.
CREATE FUNCTION pg_temp.made(tbl regclass) RETURNS TABLE (policy name, kind text, command "char", condition text) LANGUAGE sql STABLE AS $$
    SELECT 'row-level security', CASE WHEN relrowsecurity THEN 'on' ELSE 'off' END || CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END, NULL, NULL
    FROM pg_class WHERE oid = tbl
    UNION ALL
    (SELECT polname, CASE WHEN polpermissive THEN 'permissive' ELSE 'restrictive' END, polcmd,
            coalesce(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
     FROM pg_policy WHERE polrelid = tbl ORDER BY polname)
$$;
GRANT USAGE ON SCHEMA iso TO regress_rbac_stranger;
SET ROLE regress_rbac_owner;
CREATE TABLE iso.task (id integer PRIMARY KEY, tenant_id uuid, "Dept Id" uuid, owner_id uuid);

-- A tenant column must be there, of a type that names tenants, and never null.
SELECT rbac.enable_tenant_isolation('iso.task', 'tenant');
SELECT rbac.enable_tenant_isolation('iso.task', NULL);
SELECT rbac.enable_tenant_isolation(NULL);
SELECT rbac.enable_tenant_isolation('iso.task');
CREATE TABLE iso.bad (a numeric NOT NULL, b text NOT NULL, c uuid NOT NULL GENERATED ALWAYS AS ('00000000-0000-0000-0000-000000000001'::uuid) STORED);
SELECT rbac.enable_tenant_isolation('iso.bad', 'a');
SELECT rbac.enable_tenant_isolation('iso.bad', 'c');
CREATE VIEW iso.v AS SELECT * FROM iso.task;
SELECT rbac.enable_tenant_isolation('iso.v');
SELECT rbac.enable_tenant_isolation('rbac.users');
-- Only the owner can.
SET ROLE regress_rbac_stranger;
SELECT rbac.enable_tenant_isolation('iso.task');
SELECT rbac.protect_table('iso.task', select_scope => 'iso:read');
SELECT rbac.disable_tenant_isolation('iso.task'), rbac.unprotect_table('iso.task');
SET ROLE regress_rbac_owner;

-- One call; the hint of the error above does what it says.
ALTER TABLE iso.task ADD CONSTRAINT tenant_is_known CHECK (tenant_id IS NOT NULL) NOT VALID;
ALTER TABLE iso.task VALIDATE CONSTRAINT tenant_is_known;
ALTER TABLE iso.task ALTER COLUMN tenant_id SET NOT NULL, DROP CONSTRAINT tenant_is_known;
SELECT rbac.enable_tenant_isolation('iso.task');
SELECT * FROM pg_temp.made('iso.task');
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'iso.task'::regclass ORDER BY 1;
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'iso.task'::regclass;
SELECT column_default FROM information_schema.columns WHERE table_schema = 'iso' AND table_name = 'task' AND column_name = 'tenant_id';
SELECT polname, obj_description(oid, 'pg_policy') FROM pg_policy WHERE polrelid = 'iso.task'::regclass ORDER BY 1;

-- Called again, it does nothing.
CREATE TEMP TABLE before AS SELECT oid, xmin::text AS x FROM pg_policy WHERE polrelid = 'iso.task'::regclass;
SELECT rbac.enable_tenant_isolation('iso.task');
SELECT count(*) AS same_policies FROM before JOIN pg_policy AS p ON p.oid = before.oid AND p.xmin::text = before.x;
SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'iso.task'::regclass) AS indexes,
       (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'iso.task'::regclass) AS triggers;

-- Scopes say more: then the companion goes, and an operation without a scope is nobody's.
SELECT rbac.protect_table('iso.task', select_scope => 'iso:raed');
SELECT rbac.protect_table('iso.task');
SELECT rbac.protect_table('iso.task', own_select_scope => 'iso:read');
SELECT rbac.protect_table('iso.task', tenant_column => 'owner_id', select_scope => 'iso:read');
SELECT rbac.protect_table('iso.task', owner_column => 'id', own_select_scope => 'iso:read');
SELECT rbac.protect_table('iso.task', department_column => 'dept id', select_scope => 'iso:read');
SELECT rbac.protect_table('iso.bad', department_column => 'b', select_scope => 'iso:read');
SELECT rbac.protect_table('iso.task', department_column => 'Dept Id', owner_column => 'owner_id',
    select_scope => 'iso:read', update_scope => 'iso:o''write', own_update_scope => 'iso:read');
SELECT * FROM pg_temp.made('iso.task');
SELECT polname, obj_description(oid, 'pg_policy') FROM pg_policy WHERE polrelid = 'iso.task'::regclass ORDER BY 1;
TRUNCATE before;
INSERT INTO before SELECT oid, xmin::text AS x FROM pg_policy WHERE polrelid = 'iso.task'::regclass;
SELECT rbac.protect_table('iso.task', department_column => 'Dept Id', owner_column => 'owner_id',
    select_scope => 'iso:read', update_scope => 'iso:o''write', own_update_scope => 'iso:read');
SELECT rbac.enable_tenant_isolation('iso.task');
SELECT count(*) AS same_policies FROM before JOIN pg_policy AS p ON p.oid = before.oid AND p.xmin::text = before.x;

-- What was asked for follows renames.
ALTER TABLE iso.task RENAME COLUMN tenant_id TO "Tenant";
ALTER TABLE iso.task RENAME COLUMN "Dept Id" TO department;
ALTER TABLE iso.task RENAME TO "My Tasks";
SELECT * FROM rbac._declared('iso."My Tasks"');
SELECT rbac.enable_tenant_isolation('iso."My Tasks"', 'Tenant');
SELECT rbac.enable_tenant_isolation('iso."My Tasks"', 'owner_id');
-- Isolation ends, and the scopes count wherever they are held.
SELECT rbac.disable_tenant_isolation('iso."My Tasks"');
SELECT * FROM pg_temp.made('iso."My Tasks"');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'iso."My Tasks"'::regclass;
SELECT rbac.disable_tenant_isolation('iso."My Tasks"');
SELECT rbac.enable_tenant_isolation('iso."My Tasks"', 'owner_id');
-- Back again, then without scopes, then without anything.
SELECT rbac.enable_tenant_isolation('iso."My Tasks"', 'Tenant');
SELECT rbac.unprotect_table('iso."My Tasks"');
SELECT * FROM pg_temp.made('iso."My Tasks"');
SELECT rbac.unprotect_table('iso."My Tasks"');
SELECT rbac.disable_tenant_isolation('iso."My Tasks"');
SELECT * FROM pg_temp.made('iso."My Tasks"');

-- Policies, defaults and indexes of the application's own are left alone.
CREATE TABLE iso.own (id integer, tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000001');
CREATE INDEX own_tenants ON iso.own (tenant_id, id);
CREATE POLICY "even ones" ON iso.own USING (id % 2 = 0);
CREATE POLICY "not nine" ON iso.own AS RESTRICTIVE USING (id <> 9);
SELECT rbac.enable_tenant_isolation('iso.own');
SELECT * FROM pg_temp.made('iso.own');
SELECT rbac.protect_table('iso.own', select_scope => 'iso:read');
SELECT rbac.unprotect_table('iso.own'), rbac.disable_tenant_isolation('iso.own');
SELECT * FROM pg_temp.made('iso.own');
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'iso.own'::regclass;
SELECT column_default FROM information_schema.columns WHERE table_schema = 'iso' AND table_name = 'own' AND column_name = 'tenant_id';

-- Partitions and children have policies of their own, since they can be named in
-- queries; a partition that is added later gets them by another call.
CREATE TABLE iso.part (id integer, tenant_id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE iso.part_0 PARTITION OF iso.part FOR VALUES FROM (0) TO (10) PARTITION BY LIST (tenant_id);
CREATE TABLE iso.part_0_1 PARTITION OF iso.part_0 FOR VALUES IN (1);
CREATE TABLE iso.parent (id integer, tenant_id varchar(20) NOT NULL);
CREATE TABLE iso.child () INHERITS (iso.parent);
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation('iso.part'), rbac.enable_tenant_isolation('iso.parent');
CREATE TABLE iso.part_1 PARTITION OF iso.part FOR VALUES FROM (10) TO (20);
SELECT c::regclass, m.* FROM unnest('{iso.part,iso.part_0,iso.part_0_1,iso.part_1,iso.parent,iso.child}'::regclass[]) AS c, pg_temp.made(c) AS m
WHERE kind <> 'permissive' ORDER BY c::text, policy;
SELECT rbac.enable_tenant_isolation('iso.part');
SELECT * FROM pg_temp.made('iso.part_1');
SELECT rbac.protect_table('iso.part', select_scope => 'iso:read'), rbac.protect_table('iso.parent', select_scope => 'iso:read');
SELECT rbac.disable_tenant_isolation('iso.part'), rbac.disable_tenant_isolation('iso.parent');
SELECT c::regclass, m.* FROM unnest('{iso.part_0_1,iso.child}'::regclass[]) AS c, pg_temp.made(c) AS m ORDER BY c::text, policy;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgfoid = 'rbac._refuse_other_tenant'::regproc;

-- Two keys that a column takes for one would be one tenant's.
RESET ROLE;
CREATE COLLATION iso.lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE iso.lenient (tenant_id text COLLATE iso.lenient NOT NULL);
SELECT rbac.enable_tenant_isolation('iso.lenient');

-- Where names of scopes are nobody's business, a wrong one denies, and tells nothing.
CREATE TABLE iso.quiet (id integer);
SET rbac.unknown_scope = deny;
SELECT rbac.protect_table('iso.quiet', select_scope => 'iso:raed');
RESET rbac.unknown_scope;

-- The key of the current tenant, as text and as a number.
INSERT INTO rbac.tenants (id, key, name) VALUES ('00000000-0000-0000-0000-000037000001', '7', 'Seven'),
    ('00000000-0000-0000-0000-000037000002', '07', 'Not seven'), ('00000000-0000-0000-0000-000037000003', '-9223372036854775808', 'Least'),
    ('00000000-0000-0000-0000-000037000004', '9223372036854775808', 'Too much');
INSERT INTO rbac.tenants (id, key, name) VALUES ('00000000-0000-0000-0000-000037000006', '+7', 'Plus');
INSERT INTO rbac.users (id, username) VALUES ('00000000-0000-0000-0000-000037000101', 'iso_user');
SELECT rbac.current_tenant_key(), rbac.current_tenant_number();
BEGIN;
SELECT t.key, k.* FROM rbac.tenants AS t,
    LATERAL (SELECT rbac.set_identity('00000000-0000-0000-0000-000037000101', t.id)) AS s,
    LATERAL (SELECT rbac.current_tenant_key(), rbac.current_tenant_number() WHERE s IS NOT NULL) AS k
WHERE t.id::text LIKE '%00003700000_' ORDER BY t.key COLLATE "C";
ROLLBACK;
-- A key that changes is another key from then on.
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000037000101', '00000000-0000-0000-0000-000037000001') \g /dev/null
SELECT rbac.current_tenant_key();
UPDATE rbac.tenants SET key = '8' WHERE key = '7';
SELECT rbac.current_tenant_key(), rbac.current_tenant_number();
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA iso CASCADE;
DELETE FROM rbac.tenants WHERE id::text LIKE '%00003700000_';
DELETE FROM rbac.users WHERE username = 'iso_user';
DELETE FROM rbac.scopes WHERE name LIKE 'iso:%';
DROP OWNED BY regress_rbac_owner, regress_rbac_stranger;
DROP ROLE regress_rbac_owner, regress_rbac_stranger;
