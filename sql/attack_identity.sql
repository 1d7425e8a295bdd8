-- An attacker has SQL injection in the application's role: any statement, as
-- an ordinary role. Nothing makes that role anybody, or anybody else.
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
INSERT INTO rbac.tenants (id, key, name) VALUES ('00000000-0000-0000-0000-0000000020a0', 'at_acme', 'Acme');
INSERT INTO rbac.users (id, username) VALUES
    ('00000000-0000-0000-0000-000000002001', 'at_boss'),
    ('00000000-0000-0000-0000-000000002002', 'at_clerk');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000002001', 2, NULL),
    ('00000000-0000-0000-0000-000000002002', 1, '00000000-0000-0000-0000-0000000020a0');
CREATE ROLE regress_rbac_app;
GRANT CREATE ON SCHEMA public TO regress_rbac_app;
\set boss 'user=00000000-0000-0000-0000-000000002001'

SET ROLE regress_rbac_app;

-- The functions that name somebody are not for it.
SELECT rbac.set_identity('00000000-0000-0000-0000-000000002001', local => false);
SELECT rbac.user_has_scope('00000000-0000-0000-0000-000000002001', 'rbac:escalate', '00000000-0000-0000-0000-0000000020a0');
SELECT rbac.effective_scopes('00000000-0000-0000-0000-000000002001', '00000000-0000-0000-0000-0000000020a0');

-- The setting behind them cannot be given a value by any kind of SET.
SET rbac.identity = :'boss';
SET LOCAL rbac.identity = :'boss';
SET SESSION rbac.identity TO :'boss';
SELECT set_config('rbac.identity', :'boss', false);
SELECT set_config('rbac.identity', :'boss', true);
SELECT set_config('RBAC.Identity', :'boss', true);
UPDATE pg_settings SET setting = :'boss' WHERE name = 'rbac.identity';
-- Nor can the superuser's own statements: set_identity is the one way.
RESET ROLE;
SET rbac.identity = :'boss';
ALTER ROLE regress_rbac_app SET rbac.identity = :'boss';
ALTER SYSTEM SET rbac.identity = :'boss';
SET ROLE regress_rbac_app;
ALTER ROLE regress_rbac_app SET rbac.identity = :'boss';

-- A function's SET clause is refused, and so is one that would carry the
-- identity of now to another time.
CREATE FUNCTION public.become_boss() RETURNS uuid LANGUAGE sql
    SET rbac.identity = 'user=00000000-0000-0000-0000-000000002001'
    AS 'SELECT rbac.current_user_id()';
RESET ROLE;
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000002001');
SET LOCAL ROLE regress_rbac_app;
CREATE FUNCTION public.stay_boss() RETURNS uuid LANGUAGE sql
    SET rbac.identity FROM CURRENT
    AS 'SELECT rbac.current_user_id()';
COMMIT;
SET ROLE regress_rbac_app;
SELECT rbac.current_user_id();

-- While somebody is asking, the attacker cannot keep it, change it, or widen it.
RESET ROLE;
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000002002', '00000000-0000-0000-0000-0000000020a0', '{rbac:review}');
SET LOCAL ROLE regress_rbac_app;
SELECT set_config('rbac.identity', current_setting('rbac.identity'), false);
SELECT set_config('rbac.identity', replace(current_setting('rbac.identity'), '2002', '2001'), true);
SELECT set_config('rbac.identity', split_part(current_setting('rbac.identity'), ';scopes', 1), true);
SELECT rbac.current_user_id(), rbac.has_scope('rbac:review') AS review, rbac.has_scope('rbac:grant') AS grant;
-- A savepoint rolled back brings back what was, not more.
SAVEPOINT s;
SELECT rbac.clear_identity();
ROLLBACK TO s;
SELECT rbac.current_user_id(), rbac.has_scope('rbac:grant') AS grant;
COMMIT;
SELECT rbac.current_user_id();

-- Shadowing what our functions use: temporary objects, a schema in front.
SET ROLE regress_rbac_app;
CREATE FUNCTION public.uuid_eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TEMP TABLE user_roles AS SELECT '00000000-0000-0000-0000-000000002002'::uuid AS user_id, 2 AS role_id;
CREATE TEMP TABLE scopes AS SELECT 1 AS id, 'rbac:escalate' AS name;
SET search_path = pg_temp, public, pg_catalog, rbac;
RESET ROLE;
BEGIN;
SELECT rbac.set_identity('00000000-0000-0000-0000-000000002002', '00000000-0000-0000-0000-0000000020a0');
SET LOCAL ROLE regress_rbac_app;
SELECT rbac.has_scope('rbac:escalate') AS escalate, rbac.has_scope('rbac:grant') AS grant;
COMMIT;
SET search_path = public;
SET ROLE regress_rbac_app;

-- Our internals cannot be called, nor our triggers attached elsewhere to lie.
SELECT rbac._forget();
SELECT rbac.repair();
SELECT rbac._install_note_triggers();
CREATE TABLE public.mine (id integer, is_active boolean);
CREATE TRIGGER note AFTER INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION rbac._note_change('policy');
CREATE TRIGGER keep BEFORE INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION rbac._keep_reserved('id');
-- The tables are closed, and the schema takes no new objects.
SELECT * FROM rbac.users;
INSERT INTO rbac.user_roles (user_id, role_id) VALUES ('00000000-0000-0000-0000-000000002002', 2);
CREATE FUNCTION rbac.has_scope(varchar) RETURNS boolean LANGUAGE sql AS 'SELECT true';
ALTER TABLE rbac.user_roles DISABLE TRIGGER ALL;
SET session_replication_role = replica;
SET rbac.unknown_scope = 'deny';
LOAD 'rbac';

RESET ROLE;
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
DELETE FROM rbac.users WHERE username LIKE 'at\_%';
DELETE FROM rbac.tenants WHERE key = 'at_acme';

-- A placeholder set as the connection starts, before the library is loaded or
-- with it: nobody is asking, and no error comes of it.
\set VERBOSITY terse
\setenv PGOPTIONS '-c client_min_messages=error -c rbac.identity=user=00000000-0000-0000-0000-000000002001'
\c -
SELECT rbac.current_user_id(), rbac.has_scope('rbac:grant');
\setenv PGOPTIONS ''
\c -
