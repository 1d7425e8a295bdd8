-- An application or a gateway says who is asking in a setting of its own, which
-- the DBA has named. It does so as an ordinary role.
\set VERBOSITY default
SELECT current_user AS dba, current_database() AS database \gset
\set alice '00000000-0000-0000-0000-000000003001'
\set bob '00000000-0000-0000-0000-000000003002'
\set acme '00000000-0000-0000-0000-0000000030a0'
\set beta '00000000-0000-0000-0000-0000000030b0'
INSERT INTO rbac.tenants (id, key, name) VALUES (:'acme', 'fs_acme', 'Acme'), (:'beta', 'fs_beta', 'Beta');
INSERT INTO rbac.users (id, username) VALUES (:'alice', 'fs_alice'), (:'bob', 'fs_bob');
INSERT INTO rbac.scopes (id, name) VALUES (13001, 'fs:read'), (13002, 'fs:write'), (13003, 'fs:file'), (13004, 'fs:audit');
INSERT INTO rbac.permissions (id, name) VALUES (13001, 'fs read'), (13002, 'fs write'), (13003, 'fs file'), (13004, 'fs audit');
INSERT INTO rbac.permission_scopes VALUES (13001, 13001), (13002, 13002), (13003, 13003), (13004, 13004);
INSERT INTO rbac.roles (id, name) VALUES (13001, 'fs_reader'), (13002, 'fs_writer'), (13003, 'fs_filer'), (13004, 'fs_auditor');
INSERT INTO rbac.role_permissions VALUES (13001, 13001), (13002, 13002), (13003, 13003), (13004, 13004);
-- Alice reads and writes at Acme, and reads at Beta. Bob reads everywhere.
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    (:'alice', 13001, :'acme'), (:'alice', 13002, :'acme'), (:'alice', 13001, :'beta'), (:'bob', 13001, NULL);
CREATE TABLE orders (tenant_id uuid, owner_id uuid);
INSERT INTO orders SELECT t.id, u.id FROM rbac.tenants AS t, rbac.users AS u, generate_series(1, 500)
    WHERE t.key LIKE 'fs\_%' AND u.username LIKE 'fs\_%';
CREATE VIEW who AS
    SELECT right(rbac.current_user_id()::text, 4) AS "user", right(rbac.current_tenant_id()::text, 4) AS tenant,
           rbac.has_scope('fs:read') AS read, rbac.has_scope('fs:write') AS write;
-- Who is asking if the settings are these? Each is set to '' where none is given.
CREATE FUNCTION who_if("user" text, tenant text DEFAULT '', claims text DEFAULT '') RETURNS SETOF who
    LANGUAGE sql VOLATILE AS $$
        SELECT set_config('app.current_user_id', "user", true), set_config('app.current_tenant', tenant, true),
               set_config('request.jwt.claims', claims, true);
        SELECT * FROM who;
    $$;
CREATE ROLE regress_rbac_gateway LOGIN;
GRANT SELECT ON orders, who TO regress_rbac_gateway;

-- So far no setting is named, so none counts.
SET ROLE regress_rbac_gateway;
SET app.current_user_id = :'bob';
SELECT * FROM who;
-- Whoever could name one could become anybody: only the DBA does.
SET rbac.user_setting = 'app.current_user_id';
SET rbac.tenant_setting = 'app.current_tenant';
SELECT set_config('rbac.claims_setting', 'request.jwt.claims', true);
ALTER ROLE regress_rbac_gateway SET rbac.user_setting = 'app.current_user_id';
CREATE FUNCTION pg_temp.become() RETURNS uuid LANGUAGE sql SET rbac.user_setting = 'app.current_user_id'
    AS 'SELECT rbac.current_user_id()';
SELECT * FROM who;
RESET ROLE;

-- What is named has to be a setting of an application, and not one of ours.
SET rbac.user_setting = 'current_user_id';
SET rbac.user_setting = '.current_user_id';
SET rbac.user_setting = 'app.';
SET rbac.user_setting = 'app..current_user_id';
SET rbac.user_setting = 'app.current user';
SET rbac.user_setting = 'app.1st';
SET rbac.tenant_setting = 'rbac.identity';
SET rbac.claims_setting = 'RBAC.Identity';
SHOW rbac.user_setting;
SET rbac.user_setting = 'request.jwt.claim.$ub';
SET rbac.user_setting = 'request.jwt.claim.s$b_1';
RESET rbac.user_setting;

-- The DBA names them for a role (or a database, or in postgresql.conf).
ALTER ROLE regress_rbac_gateway SET rbac.user_setting = 'app.current_user_id';
ALTER ROLE regress_rbac_gateway SET rbac.tenant_setting = 'app.current_tenant';
ALTER ROLE regress_rbac_gateway SET rbac.claims_setting = 'request.jwt.claims';
\c - regress_rbac_gateway
-- Nobody has set them yet: nobody is asking.
SELECT * FROM who;
SELECT rbac.require_scope('fs:read');

-- A user, in no tenant and in one.
BEGIN;
SELECT set_config('app.current_user_id', :'alice', true) \g /dev/null
SELECT * FROM who;
SELECT set_config('app.current_tenant', :'acme', true) \g /dev/null
SELECT * FROM who;
-- Every question is about this user, in this tenant.
SELECT rbac.has_scope('fs:write', :'acme') AS acme, rbac.has_scope('fs:write', :'beta') AS beta,
       rbac.has_any_scope('{fs:write,rbac:grant}') AS any, rbac.has_all_scopes('{fs:write,rbac:grant}') AS "all",
       rbac.require_scope('fs:write') AS require;
SELECT rbac.tenants_with_scope('fs:read');
SELECT * FROM rbac.effective_scopes();
SELECT granted, reason, tenant FROM rbac.explain_scope('fs:write');
SELECT * FROM rbac.current_roles() ORDER BY 1;
-- It ends with the transaction, as the application has said, and what is left is
-- '' rather than nothing: the same.
COMMIT;
SELECT current_setting('app.current_user_id') = '' AS empty;
SELECT * FROM who;

-- It follows savepoints, also within one plan, and DISCARD ALL.
PREPARE ask AS SELECT * FROM who;
SET app.current_user_id = :'bob';
EXECUTE ask;
BEGIN;
SAVEPOINT s;
SELECT set_config('app.current_user_id', :'alice', true), set_config('app.current_tenant', :'acme', true) \g /dev/null
EXECUTE ask;
ROLLBACK TO s;
EXECUTE ask;
COMMIT;
DISCARD ALL;
SELECT * FROM who;
SET app.current_user_id = :'bob';
RESET ALL;
SELECT * FROM who;

-- Within one query, at one place in it, each row's answer is about who asks then.
BEGIN;
SELECT set_config('app.current_tenant', :'acme', true) \g /dev/null
SELECT n, right(set_config('app.current_user_id', CASE WHEN n % 3 = 0 THEN '' WHEN n % 3 = 1 THEN :'alice' ELSE :'bob' END, true), 4) AS "user",
       rbac.has_scope('fs:read') AS read, rbac.has_scope('fs:write') AS write, rbac.has_scope('fs:write', :'acme') AS acme,
       rbac.has_scope_by_key('fs:write', 'fs_acme') AS key, cardinality(rbac.tenants_with_scope('fs:write')) AS tenants
FROM generate_series(1, 6) AS n;
SELECT n, right(set_config('app.current_user_id', CASE WHEN n % 3 = 1 THEN :'alice' WHEN n % 3 = 2 THEN '' ELSE :'bob' END, true), 4) AS "user",
       cardinality(rbac.tenants_with_scope('fs:write')) AS tenants
FROM generate_series(1, 6) AS n;
DO $$
DECLARE
    answers text = '';
BEGIN
    FOR i IN 1 .. 4 LOOP
        PERFORM set_config('app.current_user_id', '00000000-0000-0000-0000-00000000300' || i % 2 + 1, true);
        answers = answers || ' ' || rbac.has_scope('fs:write');
    END LOOP;
    RAISE NOTICE '%', answers;
END $$;
SELECT n, right(set_config('app.current_tenant', CASE WHEN n % 3 = 0 THEN '' WHEN n % 3 = 1 THEN :'acme' ELSE :'beta' END, true), 4) AS tenant,
       rbac.has_scope('fs:write') AS write, rbac.current_tenant_key() AS key
FROM generate_series(1, 6) AS n, set_config('app.current_user_id', :'alice', true);
COMMIT;

-- Parallel workers know who is asking.
BEGIN;
SELECT set_config('app.current_user_id', :'alice', true), set_config('app.current_tenant', :'acme', true),
       set_config('request.jwt.claims', '{"scope": "fs:write"}', true) \g /dev/null
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM orders WHERE rbac.has_scope('fs:write', tenant_id) AND owner_id = rbac.current_user_id();
SELECT count(*) FROM orders WHERE rbac.has_scope('fs:write', tenant_id) AND owner_id = rbac.current_user_id();
SELECT count(*) FROM orders WHERE rbac.has_scope('fs:read', tenant_id) AND owner_id = rbac.current_user_id();
COMMIT;

-- A user is what is a uuid to PostgreSQL, in each of its forms, and nothing else.
CREATE FUNCTION pg_temp.is_uuid(value text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM value::uuid;
        RETURN true;
    EXCEPTION WHEN invalid_text_representation THEN
        RETURN false;
    END $$;
SELECT value, pg_temp.is_uuid(value) AS "uuid", who.*
FROM (VALUES ('00000000-0000-0000-0000-000000003002'), ('{00000000-0000-0000-0000-000000003002}'),
             ('00000000000000000000000000003002'), ('{00000000000000000000000000003002}'),
             ('0000-0000-0000-0000-0000-0000-0000-3002'), ('AAAAAAAA-aaaa-aaaa-aaaa-000000003002'),
             ('00000000-0000-0000-0000-00000000300'), ('00000000-0000-0000-0000-0000000030022'),
             ('{00000000-0000-0000-0000-000000003002'), ('00000000-0000-0000-0000-000000003002}'),
             ('{00000000-0000-0000-0000-000000003002}}'), ('00000000-0000-0000-0000-000000003002-'),
             ('-00000000-0000-0000-0000-000000003002'), ('0-0000000-0000-0000-0000-000000003002'),
             ('00000000--0000-0000-0000-000000003002'), (' 00000000-0000-0000-0000-000000003002'),
             ('00000000-0000-0000-0000-000000003002 '), ('00000000-0000-0000-0000-00000000300g'),
             ('bob'), ('NULL'), (' '), ('')) AS v (value), LATERAL who_if(value) AS who;
SELECT * FROM who_if(repeat('0', 32) || repeat(' ', 1000000));

-- A tenant that is malformed is not the same as none: nobody is asking.
SELECT value, who.* FROM (VALUES (''), ('acme'), ('00000000-0000-0000-0000-0000000030a'), ('{'), (:'acme')) AS v (value),
    LATERAL who_if(:'bob', value) AS who;

-- Whom nobody knows holds nothing, and that is no error either; nor is a tenant.
SELECT * FROM who_if('00000000-0000-0000-0000-00000000dead', :'acme');
SELECT * FROM who_if(:'alice', '00000000-0000-0000-0000-00000000dead');

-- Claims: sub is the user, tenant_id the tenant; what else is there is no matter.
SELECT * FROM who_if('', '', '{"sub": "00000000-0000-0000-0000-000000003001", "tenant_id": "00000000-0000-0000-0000-0000000030a0"}');
SELECT * FROM who_if('', '', '{"sub": "00000000-0000-0000-0000-000000003002"}');
SELECT * FROM who_if('', '', '{"iss": "me", "exp": 1.5e9, "ok": [true, null, {"sub": 1, "scope": []}], "more": {"sub": "x", "tenant_id": {}},
    "s\u0075b": "\u007b00000000-0000-0000-0000-000000003002}", "name": "\u017durek \ud83d\ude00 \" \\ }{", "tenant_id": ""}');
-- scope narrows to what it lists, as set_identity's scopes do. What it lists
-- besides is perhaps meant for others.
SELECT claims, who.* FROM (VALUES ('fs:read'), ('  openid fs:write  fs:write '), (''), ('fs:reader'), ('fs:rea'), ('FS:READ')) AS v (claims),
    LATERAL who_if('', '', format('{"sub": "%s", "tenant_id": "%s", "scope": "%s"}', :'alice', :'acme', claims)) AS who;
BEGIN;
SELECT * FROM who_if('', '', format('{"sub": "%s", "tenant_id": "%s", "scope": "openid fs:write"}', :'alice', :'acme'));
SELECT * FROM rbac.effective_scopes();
SELECT granted, reason FROM rbac.explain_scope('fs:read');
COMMIT;

-- A setting of its own comes before the claim, each by itself; and the claims'
-- scope narrows wherever the user comes from.
SELECT * FROM who_if(:'bob', '', format('{"sub": "%s", "tenant_id": "%s"}', :'alice', :'acme'));
SELECT * FROM who_if('', :'beta', format('{"sub": "%s", "tenant_id": "%s"}', :'alice', :'acme'));
SELECT * FROM who_if(:'alice', :'acme', '{"scope": "fs:write"}');
-- An own setting that is malformed is not passed over.
SELECT * FROM who_if('alice', '', format('{"sub": "%s"}', :'bob'));
SELECT * FROM who_if('', 'acme', format('{"sub": "%s", "tenant_id": "%s"}', :'alice', :'acme'));
-- A claim that is not used need not be a uuid: others number people otherwise.
SELECT * FROM who_if(:'alice', :'acme', '{"sub": "auth0|5f7c", "tenant_id": "org_1"}');

-- Claims that are malformed mean nobody, and never an error; also if the user
-- comes from elsewhere, since what cannot be read might have narrowed.
SELECT left(claims, 60) AS claims, a."user" AS by_claims, b."user" AS by_setting
FROM (VALUES ('{"sub": "U"}'), ('{"sub": "U"'), ('{"sub": "U",}'), ('{"sub": "U"} x'), ('{"sub": "U"}{}'), ('{sub: "U"}'), ('{''sub'': ''U''}'),
             ('["U"]'), ('[{"sub": "U"}]'), ('"U"'), ('U'), ('null'), ('1'), ('{'), (' '), ('{}'),
             ('{"sub": null}'), ('{"sub": 1}'), ('{"sub": ["U"]}'), ('{"sub": {"sub": "U"}}'), ('{"sub": true}'),
             ('{"sub": "U", "sub": "U"}'), ('{"sub": "U", "s\u0075b": "U"}'), ('{"Sub": "U"}'), ('{"user": {"sub": "U"}}'),
             ('{"sub": "U", "iss": 1, "iss": 2}'),
             ('{"sub": "U", "tenant_id": null}'), ('{"sub": "U", "tenant_id": 7}'), ('{"sub": "U", "tenant_id": "x"}'),
             ('{"sub": "U", "tenant_id": "", "tenant_id": ""}'),
             ('{"sub": "U", "scope": null}'), ('{"sub": "U", "scope": ["fs:read"]}'), ('{"sub": "U", "scope": {}}'),
             ('{"sub": "U", "scope": "fs:read", "scope": "fs:read"}'), ('{"sub": "U", "scope": "fs:read\tfs:write"}'),
             ('{"sub": "U", "scope": "fs:\u00e4"}'), ('{"sub": "U", "scope": "\"fs:read\""}'),
             ('{"sub": "U", "scope": "' || repeat('x', 201) || '"}'),
             ('{"sub": "U", "x": "\u0000"}'), ('{"sub": "U", "x": "\u12"}'), ('{"sub": "U", "x": "\x"}'), ('{"sub": "U\u00e4"}'),
             ('{"sub": "U", "x": "' || E'\t' || '"}'), ('{"sub": "U", "x": "\'), ('{"sub": "U", "x": "\u'),
             ('{"sub": "' || repeat(' ', 1000) || 'U"}')) AS v (claims),
    LATERAL who_if('', '', replace(claims, 'U', :'bob')) AS a, LATERAL who_if(:'bob', '', replace(claims, 'U', :'bob')) AS b;
-- Nesting: as deep as people do it, and as attackers do.
SELECT depth, "user" FROM (VALUES (63), (64), (60000)) AS v (depth),
    LATERAL who_if('', '', format('{"sub": "%s", "x": %s%s}', :'bob', repeat('[', depth), repeat(']', least(depth, 64)))) AS who;
SELECT depth, "user" FROM (VALUES (63), (64), (6000)) AS v (depth),
    LATERAL who_if('', '', format('{"sub": "%s", "x": %s1%s}', :'bob', repeat('{"x":', depth), repeat('}', depth))) AS who;
SELECT "user" FROM who_if('', '', format('{"sub": "%s", "x": "%s"}', :'bob', repeat('[', 60000)));
-- Length: 64 kB at most.
SELECT length(claims), "user" FROM (VALUES (65536 - 56), (65536 - 55), (10000000)) AS v (n),
    LATERAL (SELECT format('{"sub": "%s", "x": "%s"}', :'bob', repeat('x', n)) AS claims) AS c, LATERAL who_if('', '', claims) AS who;
SELECT "user", read, write FROM who_if(:'alice', :'acme', format('{"scope": "fs:read%s"}', repeat(' scope:of:another', 3500)));

\c - :dba
-- However often it changes, what is kept is one identity.
SET rbac.claims_setting = 'request.jwt.claims';
DO $$
BEGIN
    FOR i IN 1 .. 2000 LOOP
        PERFORM who_if('', '', format('{"sub": "00000000-0000-0000-0000-%s", "scope": "%s"}', lpad(i::text, 12, '0'), repeat('fs:read ', i)));
        PERFORM who_if('', '', '{"sub": [');
    END LOOP;
END $$;
SELECT name, count(*), sum(used_bytes) < 100000 AS small FROM pg_backend_memory_contexts WHERE name LIKE 'rbac identity%' GROUP BY name;

SET rbac.user_setting = 'app.current_user_id';
SET rbac.tenant_setting = 'app.current_tenant';

-- What rbac.set_identity() says comes first, in full: tenant and scopes, too.
SET app.current_tenant = :'acme';
SET app.current_user_id = :'alice';
SELECT * FROM who;
BEGIN;
SELECT rbac.set_identity(:'bob');
SELECT * FROM who;
SELECT set_config('request.jwt.claims', '{"scope": ""}', true) \g /dev/null
SELECT * FROM who;
COMMIT;
SELECT * FROM who;

-- An ordinary role can put that aside, and set the settings: so whoever can run
-- SQL is whom they please. That is the price.
BEGIN;
SELECT rbac.set_identity(:'alice', :'beta', '{}');
SET LOCAL ROLE regress_rbac_gateway;
SELECT * FROM who;
SET LOCAL app.current_user_id = '';
SELECT rbac.clear_identity();
SET LOCAL app.current_user_id = :'bob';
SELECT * FROM who;
COMMIT;

-- Switching is for the rest of the transaction, and then the settings do not
-- count in it: whom they name, nor where. What the claims list stays in force.
SELECT rbac.switch_tenant(:'beta');
BEGIN;
SELECT set_config('request.jwt.claims', '{"scope": "openid fs:read"}', true) \g /dev/null
SELECT * FROM who;
SELECT rbac.switch_tenant(:'beta');
SELECT * FROM who;
SELECT set_config('app.current_user_id', :'bob', true), set_config('request.jwt.claims', '', true) \g /dev/null
SELECT * FROM who;
SELECT * FROM rbac.effective_scopes();
SELECT rbac.switch_tenant('00000000-0000-0000-0000-00000000dead');
ROLLBACK;
SELECT * FROM who;

-- Clearing takes back what was set here. It cannot take back what others set,
-- and does not say that it had.
SELECT rbac.clear_identity();
SELECT * FROM who;
BEGIN;
SELECT rbac.set_identity(:'bob');
SELECT rbac.clear_identity();
ROLLBACK;
BEGIN;
SELECT rbac.set_identity(:'bob');
SAVEPOINT s;
SELECT rbac.clear_identity();
ROLLBACK TO s;
SELECT "user" FROM who;
SET LOCAL app.current_user_id = '';
SELECT rbac.clear_identity();
SELECT "user" FROM who;
SET LOCAL request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000003002"}';
SELECT rbac.clear_identity();
COMMIT;

-- Administration is by whom the settings name, and asks what they may.
BEGIN;
SET LOCAL ROLE regress_rbac_gateway;
SELECT rbac.grant_role(:'bob', 'fs_writer', :'acme');
ROLLBACK;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (:'alice', 1, :'acme');
BEGIN;
SET LOCAL ROLE regress_rbac_gateway;
SELECT rbac.grant_role(:'bob', 'fs_writer', :'acme') > 0 AS granted;
RESET ROLE;
SELECT u.username AS granted_by FROM rbac.user_roles AS r JOIN rbac.users AS u ON u.id = r.granted_by WHERE r.user_id = :'bob';
ROLLBACK;

-- Roles that exclude each other: whom the settings name is judged once in each
-- transaction that asks, and is nobody in it if both were in force.
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (:'alice', 13003, :'acme'), (:'alice', 13004, :'acme');
SELECT * FROM who;
INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ('dynamic', 13003, 13004);
SELECT * FROM who;
SELECT rbac.tenants_with_scope('fs:read');
SELECT reason FROM rbac.explain_scope('fs:read');
BEGIN;
-- With a list that leaves one of them out she may, and likewise anybody else.
SET LOCAL request.jwt.claims = '{"scope": "fs:read fs:file unheard:of"}';
SELECT * FROM who;
SELECT rbac.tenants_with_scope('fs:read');
SET LOCAL request.jwt.claims = '{"scope": "fs:read fs:file fs:audit"}';
SELECT * FROM who;
SET LOCAL request.jwt.claims = '';
SELECT * FROM who;
SET LOCAL app.current_user_id = :'bob';
SELECT * FROM who;
COMMIT;
-- The first question of a transaction may be any.
SELECT set_config('request.jwt.claims', '{"scope": "fs:read fs:file"}', false) \g /dev/null
SELECT rbac.tenants_with_scope('fs:read');
SELECT rbac.departments_with_scope('fs:read');
SELECT rbac.has_any_scope('{fs:read}');
SELECT * FROM rbac.effective_scopes();
RESET request.jwt.claims;
-- Judged anew by the next transaction, though the setting is the same.
SELECT "user" FROM who;
DELETE FROM rbac.role_conflicts WHERE role_a = 13003;
SELECT "user" FROM who;

-- The DBA names none any more, and again.
RESET rbac.user_setting;
RESET rbac.tenant_setting;
RESET rbac.claims_setting;
SELECT "user" FROM who;
SET rbac.user_setting = 'app.current_user_id';
SELECT "user" FROM who;
SET app.other_user_id = :'bob';
SET rbac.user_setting = 'app.other_user_id';
SELECT "user" FROM who;
BEGIN;
SET LOCAL rbac.user_setting = '';
SELECT "user" FROM who;
ROLLBACK;
SELECT "user" FROM who;
RESET rbac.user_setting;

-- Where the database's encoding lacks characters that claims hold, that is no
-- error either, on whatever version.
CREATE DATABASE regression_rbac_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';
\c regression_rbac_ascii
CREATE EXTENSION rbac;
SET rbac.claims_setting = 'request.jwt.claims';
SET request.jwt.claims = '{"name": "\u017durek \ud83d\ude00", "s\u0075b": "00000000-0000-0000-0000-000000003002"}';
SELECT rbac.current_user_id();
SET request.jwt.claims = '{"name": "\u0000", "sub": "00000000-0000-0000-0000-000000003002"}';
SELECT rbac.current_user_id();
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000003002\u017d"}';
SELECT rbac.current_user_id();
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000003002", "scope": "fs:\u017d"}';
SELECT rbac.current_user_id();
\c :database
DROP DATABASE regression_rbac_ascii;

DROP FUNCTION who_if;
DROP VIEW who;
DROP TABLE orders;
DROP ROLE regress_rbac_gateway;
DELETE FROM rbac.permissions WHERE id BETWEEN 13001 AND 13004;
DELETE FROM rbac.scopes WHERE id BETWEEN 13001 AND 13004;
DELETE FROM rbac.user_roles WHERE role_id BETWEEN 13001 AND 13004;
DELETE FROM rbac.roles WHERE id BETWEEN 13001 AND 13004;
DELETE FROM rbac.users WHERE username LIKE 'fs\_%';
DELETE FROM rbac.tenants WHERE key LIKE 'fs\_%';
