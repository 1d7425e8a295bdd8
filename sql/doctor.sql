-- rbac.doctor() finds what makes isolation void, and says what to do.
--
-- One finding at a time: break something, let doctor say it, paste the remedy,
-- and see that doctor has nothing more to say.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_rbac_doc_owner;
CREATE ROLE regress_rbac_doc_group;
CREATE ROLE "regress_rbac_doc App" LOGIN IN ROLE regress_rbac_doc_group;

-- That the library is not preloaded is another story (test/tap/no_preload.pl).
CREATE FUNCTION pg_temp.findings() RETURNS TABLE (level text, check_name text, object text, detail text, remedy text) LANGUAGE sql AS $$
    SELECT * FROM rbac.doctor() WHERE check_name <> 'library_not_preloaded';
$$;
CREATE FUNCTION pg_temp.say() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(E'\n  ', level || ' ' || check_name || ': ' || object, detail, remedy), E'\n'), 'nothing')
    FROM pg_temp.findings();
$$;
-- Pastes every remedy, and asks again: nothing is left.
CREATE FUNCTION pg_temp.heal() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    remedy text;
BEGIN
    FOR remedy IN SELECT f.remedy FROM pg_temp.findings() AS f LOOP
        EXECUTE remedy;
    END LOOP;
    RETURN pg_temp.say();
END $$;
\set say 'SELECT pg_temp.say() AS "doctor says"'
\set heal 'SELECT pg_temp.heal() AS "after the remedy"'

-- A database without protected tables is well.
CREATE SCHEMA "Doc" AUTHORIZATION regress_rbac_doc_owner;
CREATE SCHEMA doc2;
GRANT USAGE ON SCHEMA "Doc", doc2 TO regress_rbac_doc_group;
SET ROLE regress_rbac_doc_owner;
CREATE TABLE "Doc".plain (id integer);
GRANT ALL ON "Doc".plain TO PUBLIC;
RESET ROLE;
:say;

-- And so is one with tables that are set up as they should be: isolated; with
-- scopes on top; scopes alone; and one with policies of its own.
SELECT rbac.create_scope('doc:read'), rbac.create_scope('doc:o''write') \g /dev/null
SELECT rbac.create_tenant('doc_acme') AS acme, rbac.create_tenant('doc_other') AS other, rbac.create_user('doc_ann') AS ann \gset
SELECT rbac.create_role('doc_clerk', permissions => '{}') AS clerk \gset
SELECT rbac.create_permission('doc_p', scopes => '{doc:read,doc:o''write}') AS permission \g /dev/null
SELECT rbac.grant_permission('doc_clerk', 'doc_p'), rbac.grant_role(:'ann', 'doc_clerk', :'acme') \g /dev/null
SET ROLE regress_rbac_doc_owner;
CREATE TABLE "Doc"."Task" (id integer PRIMARY KEY, "Tenant Id" uuid NOT NULL, owner_id uuid, dep uuid);
SELECT rbac.enable_tenant_isolation('"Doc"."Task"', 'Tenant Id');
CREATE TABLE "Doc".both (id integer PRIMARY KEY, "Tenant Id" uuid NOT NULL, owner_id uuid, dep uuid);
SELECT rbac.enable_tenant_isolation('"Doc".both', 'Tenant Id');
SELECT rbac.protect_table('"Doc".both', select_scope => 'doc:read', insert_scope => 'doc:o''write', own_update_scope => 'doc:read', owner_column => 'owner_id', department_column => 'dep');
CREATE TABLE "Doc".scoped (id integer PRIMARY KEY, "Tenant Id" uuid NOT NULL, owner_id uuid, dep uuid);
CREATE INDEX ON "Doc".scoped ("Tenant Id");
SELECT rbac.protect_table('"Doc".scoped', 'Tenant Id', select_scope => 'doc:read', update_scope => 'doc:o''write', own_delete_scope => 'doc:read', owner_column => 'owner_id', department_column => 'dep');
CREATE TABLE "Doc".keyed (id integer PRIMARY KEY, tenant varchar(20) NOT NULL, dep uuid);
CREATE INDEX ON "Doc".keyed (tenant);
SELECT rbac.protect_table('"Doc".keyed', 'tenant', select_scope => 'doc:read', delete_scope => 'doc:read', department_column => 'dep');
CREATE TABLE "Doc".own (id integer PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE "Doc".own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id()) WITH CHECK (tenant_id = rbac.current_tenant_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Doc" TO regress_rbac_doc_group;
RESET ROLE;
:say;
-- Whoever owns the tables may log in, to migrate them, and so may superusers,
-- and whoever makes backups.
ALTER ROLE regress_rbac_doc_owner LOGIN;
CREATE ROLE regress_rbac_doc_backup LOGIN BYPASSRLS IN ROLE pg_read_all_data;
CREATE ROLE regress_rbac_doc_root LOGIN SUPERUSER;
CREATE ROLE regress_rbac_doc_migrator LOGIN IN ROLE regress_rbac_doc_owner, pg_read_all_data;
ALTER ROLE regress_rbac_doc_backup SET row_security = off;
:say;
GRANT SELECT ON "Doc".own TO PUBLIC;
:say;
-- Others who log in work with the tables, by PUBLIC or by what comes with PostgreSQL.
CREATE ROLE regress_rbac_doc_any LOGIN IN ROLE pg_read_server_files;
:say;
REVOKE SELECT ON "Doc".own FROM PUBLIC;
:say;
GRANT pg_write_all_data TO regress_rbac_doc_any;
:say;
DROP ROLE regress_rbac_doc_any;
DROP ROLE regress_rbac_doc_backup, regress_rbac_doc_root, regress_rbac_doc_migrator;
ALTER ROLE regress_rbac_doc_owner NOLOGIN;

-- Who is granted doctor needs nothing else, and nobody has it by default.
CREATE ROLE regress_rbac_doc_watch;
SET ROLE regress_rbac_doc_watch;
:say;
RESET ROLE;
GRANT EXECUTE ON FUNCTION rbac.doctor() TO regress_rbac_doc_watch;
ALTER TABLE "Doc"."Task" NO FORCE ROW LEVEL SECURITY;
GRANT TRUNCATE ON "Doc".own TO regress_rbac_doc_group;
ALTER TABLE rbac.users DISABLE TRIGGER note_row;
SET ROLE regress_rbac_doc_watch;
SELECT level, check_name, object FROM pg_temp.findings();
RESET ROLE;
:heal;

------------------------------------------------------------------------------
-- Row-level security
------------------------------------------------------------------------------

-- It is off: nothing keeps the rows apart.
ALTER TABLE "Doc"."Task" DISABLE ROW LEVEL SECURITY;
:say;
:heal;
-- Also where the policies are none of ours.
CREATE TABLE doc2.foreign_policy (id integer);
CREATE FUNCTION doc2.yes() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
CREATE POLICY odd ON doc2.foreign_policy USING (doc2.yes());
:say;
:heal;
DROP TABLE doc2.foreign_policy;
-- It does not bind the owner.
ALTER TABLE "Doc".own NO FORCE ROW LEVEL SECURITY;
:say;
:heal;
-- A policy of ours that is no longer as it was made.
ALTER POLICY rbac_tenant_isolation ON "Doc"."Task" TO regress_rbac_doc_group;
:say;
:heal;
ALTER POLICY rbac_tenant_isolation ON "Doc"."Task" USING (true) WITH CHECK (true);
:say;
:heal;
ALTER POLICY rbac_tenant_isolation ON "Doc".both WITH CHECK ("Tenant Id" IS NOT NULL);
:say;
:heal;
ALTER POLICY rbac_who_may_select ON "Doc".scoped USING (rbac.has_scope('doc:read', "Tenant Id") OR owner_id IS NULL);
:say;
:heal;
ALTER POLICY rbac_owner_may_update ON "Doc".both USING (true);
:say;
:heal;
ALTER POLICY rbac_who_may_update ON "Doc".scoped WITH CHECK (rbac.has_scope('doc:read', "Tenant Id"));
:say;
:heal;
DROP POLICY rbac_who_may_select ON "Doc".scoped;
CREATE POLICY rbac_who_may_select ON "Doc".scoped USING (rbac.has_scope('doc:read', "Tenant Id")) WITH CHECK (rbac.has_scope('doc:read', "Tenant Id"));
:say;
:heal;

------------------------------------------------------------------------------
-- Roles
------------------------------------------------------------------------------

ALTER ROLE "regress_rbac_doc App" SUPERUSER;
:say;
:heal;
ALTER ROLE "regress_rbac_doc App" BYPASSRLS;
:say;
:heal;
-- By SET ROLE, too, though attributes are not inherited.
CREATE ROLE regress_rbac_doc_service BYPASSRLS;
CREATE ROLE regress_rbac_doc_between NOINHERIT IN ROLE regress_rbac_doc_service;
GRANT regress_rbac_doc_between TO "regress_rbac_doc App";
:say;
:heal;
CREATE ROLE regress_rbac_doc_admin SUPERUSER;
GRANT regress_rbac_doc_admin TO regress_rbac_doc_group;
:say;
:heal;
ALTER ROLE "regress_rbac_doc App" CREATEROLE;
SELECT current_setting('server_version_num')::integer < 160000 AS creates_roles \gset
\if :creates_roles
:say;
\else
\echo application_role_creates_roles
\endif
ALTER ROLE "regress_rbac_doc App" NOCREATEROLE;
ALTER ROLE "regress_rbac_doc App" REPLICATION;
:say;
:heal;
GRANT pg_read_server_files TO "regress_rbac_doc App";
:say;
:heal;
-- The application owns its tables, or could.
GRANT regress_rbac_doc_owner TO "regress_rbac_doc App";
:say;
:heal;
ALTER TABLE "Doc".own OWNER TO "regress_rbac_doc App";
:say;
:heal;
ALTER TABLE "Doc".own OWNER TO regress_rbac_doc_owner;
-- Nobody but the owner may write: so it is the owner that the application uses.
REVOKE ALL ON "Doc".own FROM "regress_rbac_doc App";
REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Doc" FROM regress_rbac_doc_group;
ALTER ROLE regress_rbac_doc_owner LOGIN;
SELECT level, check_name, object, remedy FROM pg_temp.findings() LIMIT 1;
-- who writes with the owner's rights is nobody else
CREATE ROLE regress_rbac_doc_migrator LOGIN IN ROLE regress_rbac_doc_owner;
GRANT INSERT ON "Doc".own TO regress_rbac_doc_migrator;
SELECT level, check_name, object FROM pg_temp.findings();
REVOKE ALL ON "Doc".own FROM regress_rbac_doc_migrator;
DROP ROLE regress_rbac_doc_migrator;
-- who only reads may be there to replicate
ALTER ROLE "regress_rbac_doc App" REPLICATION;
SELECT count(*) FROM pg_temp.findings() WHERE check_name = 'application_role_replicates';
ALTER ROLE "regress_rbac_doc App" NOREPLICATION;
ALTER ROLE regress_rbac_doc_owner NOLOGIN;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Doc" TO regress_rbac_doc_group;
:say;
-- Privileges that no policy governs.
GRANT ALL ON "Doc".both TO regress_rbac_doc_group;
GRANT REFERENCES (id, tenant_id) ON "Doc".own TO "regress_rbac_doc App";
GRANT TRUNCATE ON "Doc".own TO PUBLIC;
:say;
:heal;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "Doc" TO regress_rbac_doc_group;

------------------------------------------------------------------------------
-- Tenant columns
------------------------------------------------------------------------------

DROP INDEX "Doc"."Task_Tenant Id_idx";
:say;
:heal;
ALTER TABLE "Doc".scoped ALTER COLUMN "Tenant Id" DROP NOT NULL;
:say;
:heal;
ALTER TABLE "Doc"."Task" DISABLE TRIGGER rbac_tenant_stays;
:say;
:heal;
DROP TRIGGER rbac_tenant_stays ON "Doc"."Task";
:say;
:heal;

-- A row that refers to another tenant's: PostgreSQL checks it past the policies.
CREATE TABLE "Doc"."Note" (id integer PRIMARY KEY, "Tenant Id" uuid NOT NULL, "Task" integer REFERENCES "Doc"."Task" ON DELETE SET NULL DEFERRABLE);
ALTER TABLE "Doc"."Note" OWNER TO regress_rbac_doc_owner;
SELECT rbac.enable_tenant_isolation('"Doc"."Note"', 'Tenant Id');
GRANT SELECT, INSERT ON "Doc"."Note" TO regress_rbac_doc_group;
INSERT INTO "Doc"."Task" VALUES (1, :'other');
GRANT EXECUTE ON FUNCTION rbac.set_identity(uuid, uuid, text[], boolean) TO "regress_rbac_doc App";
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
SELECT count(*) FROM "Doc"."Task";
INSERT INTO "Doc"."Note" VALUES (1, :'acme', 1);
ROLLBACK;
RESET ROLE;
:say;
:heal;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '"Doc"."Note"'::regclass AND contype = 'f';
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
INSERT INTO "Doc"."Note" VALUES (1, :'acme', 1);
ROLLBACK;
RESET ROLE;
DROP TABLE "Doc"."Note";

-- A table that was forgotten.
CREATE TABLE doc2."Invoice" (id integer, "Tenant Id" uuid);
:say;
GRANT SELECT (id) ON doc2."Invoice" TO "regress_rbac_doc App";
:say;
-- what an extension brings is not to be changed
ALTER EXTENSION plpgsql ADD TABLE doc2."Invoice";
:say;
ALTER EXTENSION plpgsql DROP TABLE doc2."Invoice";
-- where somebody has thought of it, that is said which is wrong
CREATE POLICY odd ON doc2."Invoice" USING (false);
:say;
DROP POLICY odd ON doc2."Invoice";
:heal;
DROP TABLE doc2."Invoice";
CREATE TABLE doc2.invoice (id integer, "Tenant Id" text);
GRANT SELECT ON doc2.invoice TO "regress_rbac_doc App";
:say;
DROP TABLE doc2.invoice;

------------------------------------------------------------------------------
-- Partitions
------------------------------------------------------------------------------

CREATE TABLE "Doc"."Log" (id integer, "Tenant Id" uuid NOT NULL, at date, owner_id uuid) PARTITION BY RANGE (at);
CREATE TABLE "Doc"."Log 1" PARTITION OF "Doc"."Log" FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
SELECT rbac.enable_tenant_isolation('"Doc"."Log"', 'Tenant Id');
SELECT rbac.protect_table('"Doc"."Log"', select_scope => 'doc:read', own_select_scope => 'doc:o''write', owner_column => 'owner_id');
GRANT SELECT ON "Doc"."Log", "Doc"."Log 1" TO regress_rbac_doc_group;
-- One that comes later is open if somebody may name it.
CREATE TABLE "Doc"."Log 2" PARTITION OF "Doc"."Log" FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY RANGE (at);
CREATE TABLE "Doc"."Log 2a" PARTITION OF "Doc"."Log 2" FOR VALUES FROM ('2026-02-01') TO ('2026-02-10');
:say;
GRANT SELECT ON "Doc"."Log 2a" TO regress_rbac_doc_group;
:say;
-- with row-level security on, and no policy, it shows nothing to anybody
ALTER TABLE "Doc"."Log 2a" ENABLE ROW LEVEL SECURITY;
:say;
ALTER TABLE "Doc"."Log 2a" DISABLE ROW LEVEL SECURITY;
:heal;
SELECT polname FROM pg_policy WHERE polrelid = '"Doc"."Log 2a"'::regclass ORDER BY 1;
-- Isolation is taken from one partition, which has scopes still.
SELECT rbac.disable_tenant_isolation('"Doc"."Log 2a"');
:say;
:heal;
-- What inherits; and a parent whose policies are none of ours.
CREATE TABLE doc2.heir () INHERITS ("Doc".own);
GRANT SELECT ON doc2.heir TO PUBLIC;
:say;
:heal;
DROP TABLE doc2.heir;
-- A foreign table cannot have policies.
CREATE FOREIGN DATA WRAPPER regress_rbac_doc_fdw;
CREATE SERVER regress_rbac_doc_server FOREIGN DATA WRAPPER regress_rbac_doc_fdw;
CREATE FOREIGN TABLE "Doc"."Log far" PARTITION OF "Doc"."Log" FOR VALUES FROM ('2020-01-01') TO ('2026-01-01') SERVER regress_rbac_doc_server;
:say;
GRANT SELECT ON "Doc"."Log far" TO regress_rbac_doc_group;
:say;
:heal;
DROP TABLE "Doc"."Log";
DROP FOREIGN DATA WRAPPER regress_rbac_doc_fdw CASCADE;

------------------------------------------------------------------------------
-- Policies
------------------------------------------------------------------------------

-- Slow ones.
CREATE FUNCTION doc2.mine() RETURNS uuid LANGUAGE sql AS 'SELECT rbac.current_tenant_id()';
ALTER POLICY mine ON "Doc".own USING (tenant_id = doc2.mine());
:say;
:heal;
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id() AND random() < 2);
:say;
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id());
CREATE FUNCTION doc2.may(tenant uuid) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN tenant = rbac.current_tenant_id(); END';
CREATE FUNCTION doc2.may_definer(tenant uuid) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT tenant = rbac.current_tenant_id()';
CREATE FUNCTION doc2.may_inlined(tenant uuid) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT tenant = (SELECT t.id FROM rbac.tenants AS t WHERE t.id = rbac.current_tenant_id())';
CREATE FUNCTION doc2.may_not(tenant uuid) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true FROM rbac.tenants WHERE id = tenant LIMIT 1';
-- once a statement, whoever is asked: no finding
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id() AND (SELECT doc2.may(rbac.current_tenant_id())) AND doc2.may_inlined(tenant_id));
:say;
-- for each row, also from within a sub-select or another call
ALTER POLICY mine ON "Doc".own USING ((SELECT doc2.may(tenant_id)) AND coalesce(doc2.may_definer(tenant_id), doc2.may_not(uuid(tenant_id::text))));
:say;
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id());
-- One whose answer the application can make up.
CREATE FUNCTION doc2."Says"() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
ALTER FUNCTION doc2."Says"() OWNER TO regress_rbac_doc_group;
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id() AND doc2."Says"());
:say;
:heal;
ALTER POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id());

-- A setting that is cast.
CREATE POLICY "by Setting" ON "Doc".own AS RESTRICTIVE
    USING (tenant_id = current_setting('app.it''s')::uuid OR tenant_id = (SELECT current_setting('app.b', true))::uuid)
    WITH CHECK (tenant_id = ((current_setting('app.c', true)::json) ->> 'tenant')::uuid OR current_setting('app.d') = 'x');
:say;
:heal;
SET app.b TO '';
SELECT pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polname = 'by Setting';
DROP POLICY "by Setting" ON "Doc".own;

-- Rows that are written.
DROP POLICY mine ON "Doc".own;
CREATE POLICY mine ON "Doc".own USING (tenant_id = rbac.current_tenant_id());
:say;
:heal;
CREATE POLICY add ON "Doc".own FOR INSERT WITH CHECK (true);
:say;
-- It is so:
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
INSERT INTO "Doc".own VALUES (1, :'other');
ROLLBACK;
RESET ROLE;
BEGIN;
:heal;
SET ROLE "regress_rbac_doc App";
SELECT rbac.set_identity(:'ann', :'acme');
INSERT INTO "Doc".own VALUES (1, :'other');
ROLLBACK;
-- A restrictive policy that looks at the tenant does, for the commands and roles that it is for.
CREATE POLICY keep ON "Doc".own AS RESTRICTIVE FOR INSERT TO regress_rbac_doc_group WITH CHECK (tenant_id = rbac.current_tenant_id());
SELECT level, check_name, object FROM pg_temp.findings();
ALTER POLICY add ON "Doc".own TO regress_rbac_doc_group;
:say;
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
INSERT INTO "Doc".own VALUES (1, :'other');
ROLLBACK;
RESET ROLE;
DROP POLICY keep ON "Doc".own;
DROP POLICY add ON "Doc".own;
-- By UPDATE: each permissive policy says yes for all.
CREATE POLICY move ON "Doc".own FOR UPDATE USING (false) WITH CHECK (true);
INSERT INTO "Doc".own VALUES (1, :'acme');
SELECT level, check_name, object FROM pg_temp.findings();
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
UPDATE "Doc".own SET tenant_id = :'other';
ROLLBACK;
RESET ROLE;
DROP POLICY move ON "Doc".own;
CREATE TABLE doc2.closed (tenant_id uuid);
GRANT SELECT ON doc2.closed TO regress_rbac_doc_group;
-- A scope that is asked for without the tenant is held in the current one, wherever the row is.
CREATE POLICY scope ON "Doc".own FOR INSERT WITH CHECK ((SELECT rbac.has_scope('doc:o''write')) AND NOT EXISTS (SELECT FROM doc2.closed AS c WHERE c.tenant_id = rbac.current_tenant_id()));
:say;
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
INSERT INTO "Doc".own VALUES (2, :'other');
ROLLBACK;
RESET ROLE;
DROP POLICY scope ON "Doc".own;
DROP TABLE doc2.closed;
TRUNCATE "Doc".own, "Doc"."Task";
CREATE TABLE doc2.scoped (id integer, tenant_id uuid NOT NULL);
SELECT rbac.protect_table('doc2.scoped', insert_scope => 'doc:o''write');
:say;
:heal;
DROP TABLE doc2.scoped;

-- Beside ours.
CREATE POLICY "his own" ON "Doc".both FOR SELECT USING (owner_id = rbac.current_user_id());
:say;
:heal;
CREATE POLICY "his own" ON "Doc"."Task" FOR SELECT USING (owner_id = rbac.current_user_id());
:say;
:heal;
SELECT polname FROM pg_policy WHERE polrelid = '"Doc"."Task"'::regclass ORDER BY 1;
DROP POLICY "his own" ON "Doc"."Task";
SELECT rbac.enable_tenant_isolation('"Doc"."Task"', 'Tenant Id');

------------------------------------------------------------------------------
-- Views and functions
------------------------------------------------------------------------------

INSERT INTO "Doc"."Task" VALUES (1, :'other');
CREATE VIEW doc2."Tasks" AS SELECT * FROM "Doc"."Task";
CREATE VIEW doc2.tasks_of_tasks AS SELECT * FROM doc2."Tasks";
GRANT SELECT ON doc2.tasks_of_tasks TO "regress_rbac_doc App";
:say;
-- The view above it reads as whoever asks, once the one below does.
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
SELECT count(*) FROM doc2.tasks_of_tasks;
ROLLBACK;
RESET ROLE;
:heal;
GRANT SELECT ON doc2."Tasks" TO "regress_rbac_doc App";
SET ROLE "regress_rbac_doc App";
BEGIN;
SELECT rbac.set_identity(:'ann', :'acme');
SELECT count(*) FROM doc2.tasks_of_tasks;
ROLLBACK;
RESET ROLE;
DROP VIEW doc2."Tasks" CASCADE;
-- An owner whom policies bind is less of a risk.
CREATE VIEW "Doc"."Tasks" WITH (security_invoker = 'off') AS SELECT t.id FROM "Doc"."Task" AS t JOIN "Doc".both USING (id);
ALTER VIEW "Doc"."Tasks" OWNER TO regress_rbac_doc_owner;
:say;
ALTER TABLE "Doc".both NO FORCE ROW LEVEL SECURITY;
:say;
:heal;
DROP VIEW "Doc"."Tasks";
-- A materialized view, also one that reads a view.
CREATE VIEW doc2.invoker WITH (security_invoker) AS SELECT * FROM "Doc"."Task";
CREATE MATERIALIZED VIEW doc2."Kept" AS SELECT * FROM doc2.invoker;
:say;
GRANT SELECT ON doc2."Kept" TO "regress_rbac_doc App", PUBLIC;
:say;
:heal;
-- A rule.
CREATE TABLE doc2.inbox (id integer, tenant uuid);
CREATE RULE "To task" AS ON INSERT TO doc2.inbox DO INSTEAD INSERT INTO "Doc"."Task" VALUES (NEW.id, NEW.tenant);
:say;
:heal;
DROP TABLE doc2.inbox;
-- Functions.
CREATE FUNCTION doc2.body("Of" integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM doc2.invoker; END;
CREATE FUNCTION doc2.source() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = "Doc" AS $$
BEGIN
    -- not from both
    RETURN (SELECT count(*) FROM "Task") /* nor "Doc".own */;
END $$;
CREATE TABLE doc2.own (id integer);
CREATE PROCEDURE doc2.proc() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM "Doc".Both WHERE EXISTS (SELECT FROM doc2.own)';
CREATE FUNCTION doc2.invoker() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM "Doc"."Task"';
CREATE FUNCTION doc2.on_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO "Doc".both SELECT NEW.*; RETURN NEW; END';
CREATE FUNCTION "Doc".bound() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM "Doc"."Task"';
ALTER FUNCTION "Doc".bound() OWNER TO regress_rbac_doc_owner;
CREATE FUNCTION doc2.internal() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM "Doc"."Task"';
REVOKE ALL ON FUNCTION doc2.internal() FROM PUBLIC;
:say;
SET ROLE "regress_rbac_doc App";
SELECT doc2.source();
RESET ROLE;
:heal;
CREATE FUNCTION doc2."Tells"(text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
:say;
ALTER EXTENSION plpgsql ADD FUNCTION doc2."Tells"(text);
:say;
ALTER EXTENSION plpgsql DROP FUNCTION doc2."Tells"(text);
:heal;

------------------------------------------------------------------------------
-- The extension, and settings
------------------------------------------------------------------------------

ALTER TABLE rbac.user_roles DISABLE TRIGGER note_row;
:say;
:heal;
ALTER TABLE rbac.user_roles DISABLE TRIGGER guard;
:say;
:heal;
GRANT TRIGGER ON rbac.users TO regress_rbac_doc_group;
:say;
:heal;
GRANT CREATE ON SCHEMA rbac TO PUBLIC;
:say;
:heal;
GRANT EXECUTE ON FUNCTION rbac.set_identity(uuid, uuid, text[], boolean) TO PUBLIC;
:say;
:heal;
BEGIN;
ALTER TABLE rbac.user_roles OWNER TO regress_rbac_doc_owner;
GRANT regress_rbac_doc_owner TO regress_rbac_doc_group;
:say;
:heal;
ROLLBACK;
ALTER ROLE "regress_rbac_doc App" SET row_security = off;
:say;
:heal;
-- Identity from a setting.
SET rbac.user_setting = 'app.user';
:say;
:heal;
ALTER ROLE "regress_rbac_doc App" SET rbac.claims_setting = 'request.jwt.claims';
:say;
:heal;
-- As the database has it, it is said once.
SELECT current_database() AS database \gset
ALTER DATABASE :"database" SET rbac.user_setting = 'app.user';
\c
SET client_min_messages = warning;
SELECT replace(remedy, quote_ident(:'database'), '(database)') AS remedy FROM rbac.doctor() WHERE check_name = 'identity_from_setting';
ALTER DATABASE :"database" RESET rbac.user_setting;

BEGIN;
UPDATE pg_extension SET extversion = '0.0.0' WHERE extname = 'rbac';
SELECT level, check_name, object, remedy FROM rbac.doctor() WHERE check_name <> 'library_not_preloaded';
ROLLBACK;

-- It reads only: also where nothing can be written.
BEGIN READ ONLY;
SELECT level, check_name, object, remedy FROM rbac.doctor() WHERE check_name <> 'library_not_preloaded';
ROLLBACK;

DROP SCHEMA "Doc", doc2 CASCADE;
DELETE FROM rbac.user_roles WHERE user_id = :'ann';
DELETE FROM rbac.users WHERE id = :'ann';
DELETE FROM rbac.tenants WHERE id IN (:'acme', :'other');
DELETE FROM rbac.roles WHERE name = 'doc_clerk';
DELETE FROM rbac.permissions WHERE name = 'doc_p';
DELETE FROM rbac.scopes WHERE name LIKE 'doc:%';
DROP OWNED BY regress_rbac_doc_owner, regress_rbac_doc_group, "regress_rbac_doc App", regress_rbac_doc_watch;
DROP ROLE regress_rbac_doc_owner, regress_rbac_doc_group, "regress_rbac_doc App", regress_rbac_doc_watch,
    regress_rbac_doc_service, regress_rbac_doc_between, regress_rbac_doc_admin;
