-- An attacker has SQL injection in the application's role: any statement, as a
-- role that may read and write the protected tables, and may make objects of its
-- own. Which rows of other tenants does it get? Each attack says what it tries.
--
--   acme has rows 2 and 4, beta rows 1, 3 and 5. mallory is a clerk (ai:read,
--   ai:write) of acme, and a guest (ai:hello) of beta; bob is a clerk of beta.
--   What is beta's has the word "plum" in it: mallory is never to see that.
--
-- Where PostgreSQL itself gives something away, the attack succeeds, under the
-- title "Not prevented": docs/security.md says what to do about it.
\set VERBOSITY default
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
\set superuser :USER
CREATE FUNCTION public.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('00000000-0000-0000-0000-' || lpad((38000000 + n)::text, 12, '0'))::uuid;
INSERT INTO rbac.tenants (id, key, name) VALUES (id(1), 'ai_acme', 'Acme'), (id(2), 'ai_beta', 'Beta'), (id(3), 'ai_third', 'Third');
INSERT INTO rbac.users (id, username) VALUES (id(101), 'ai_mallory'), (id(102), 'ai_bob');
SELECT rbac.create_scope('ai:read'), rbac.create_scope('ai:write'), rbac.create_scope('ai:hello') \g /dev/null
SELECT rbac.create_permission('ai working', scopes => '{ai:read,ai:write}'), rbac.create_permission('ai greeting', scopes => '{ai:hello}') \g /dev/null
SELECT rbac.create_role('ai clerk', permissions => '{ai working}'), rbac.create_role('ai guest', permissions => '{ai greeting}') \g /dev/null
SELECT rbac.grant_role(id(101), 'ai clerk', id(1)), rbac.grant_role(id(101), 'ai guest', id(2)), rbac.grant_role(id(102), 'ai clerk', id(2)) \g /dev/null
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_app LOGIN;
CREATE SCHEMA vault AUTHORIZATION regress_rbac_owner;
CREATE SCHEMA lair AUTHORIZATION regress_rbac_app;
GRANT USAGE ON SCHEMA vault TO regress_rbac_app;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_rbac_owner IN SCHEMA vault GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO regress_rbac_app;

SET ROLE regress_rbac_owner;
-- isolated, and protected by scopes
CREATE TABLE vault.docs (id integer PRIMARY KEY, tenant_id uuid NOT NULL, secret text, flag boolean DEFAULT false, gone date);
CREATE INDEX docs_by_secret ON vault.docs (secret);
-- isolated only
CREATE TABLE vault.notes (id integer PRIMARY KEY, tenant_id uuid NOT NULL, doc integer REFERENCES vault.docs ON DELETE CASCADE, note text);
CREATE TABLE vault.slots (tenant_id uuid NOT NULL, during int4range, CHECK (upper(during) < 100), EXCLUDE USING gist (during WITH &&));
CREATE TABLE vault.parts (id integer PRIMARY KEY, tenant_id uuid NOT NULL, secret text) PARTITION BY RANGE (id);
CREATE TABLE vault.parts_low PARTITION OF vault.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE vault.parents (id integer, tenant_id uuid NOT NULL, secret text);
CREATE TABLE vault.children () INHERITS (vault.parents);
-- protected by scopes, in any tenant
CREATE TABLE vault.wide (id integer PRIMARY KEY, tenant_id uuid NOT NULL, secret text);
INSERT INTO vault.docs SELECT n, id(1 + n % 2), CASE WHEN n % 2 = 0 THEN 'acme ' ELSE 'plum ' END || n, n = 3 FROM generate_series(1, 5) AS n;
INSERT INTO vault.notes SELECT id, tenant_id, id, secret FROM vault.docs;
INSERT INTO vault.slots SELECT tenant_id, int4range(id * 10, id * 10 + 5) FROM vault.docs;
INSERT INTO vault.parts SELECT id, tenant_id, secret FROM vault.docs;
INSERT INTO vault.parents SELECT id, tenant_id, secret FROM vault.docs WHERE id < 3;
INSERT INTO vault.children SELECT id, tenant_id, secret FROM vault.docs WHERE id >= 3;
INSERT INTO vault.wide SELECT id, tenant_id, secret FROM vault.docs;
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation(t) FROM unnest('{vault.docs,vault.notes,vault.slots,vault.parts,vault.parents}'::regclass[]) AS t \g /dev/null
SELECT rbac.protect_table('vault.docs', select_scope => 'ai:read', insert_scope => 'ai:write', update_scope => 'ai:write', delete_scope => 'ai:write'),
       rbac.protect_table('vault.wide', 'tenant_id', select_scope => 'ai:read', insert_scope => 'ai:write', update_scope => 'ai:write', delete_scope => 'ai:write') \g /dev/null
RESET client_min_messages;
RESET ROLE;
ANALYZE vault.docs, vault.notes, vault.parts, vault.parents, vault.wide;
-- set_identity is not for the application's role: people come in by a password.
CREATE FUNCTION vault.enter(who text, password text, tenant integer, local boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF password <> 'open sesame' THEN RAISE insufficient_privilege; END IF;
    PERFORM rbac.set_identity(u.id, public.id(tenant), local => local) FROM rbac.users AS u WHERE u.username = who;
END $$;

-- From here on, all is the attacker's.
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT id, secret FROM vault.docs ORDER BY id;

-- 1. Asking for it.
SELECT count(*) FROM vault.docs WHERE tenant_id = id(2) OR true;
UPDATE vault.docs SET flag = true WHERE id = 1;
DELETE FROM vault.docs WHERE id = 1;
SELECT * FROM vault.docs WHERE id = 1 FOR UPDATE;
INSERT INTO vault.docs (id, tenant_id) VALUES (7, id(2));
UPDATE vault.docs SET tenant_id = id(2) WHERE id = 2;
TABLE vault.notes;
COPY vault.docs TO STDOUT;
COPY vault.docs FROM STDIN;
7	00000000-0000-0000-0000-000038000002	planted	f	\N
\.
SELECT id FROM vault.docs TABLESAMPLE SYSTEM (100) REPEATABLE (1);
SELECT id FROM ONLY vault.docs WHERE ctid = '(0,1)' OR tableoid = 'vault.docs'::regclass OR xmin::text <> '';
SELECT id, count(*) OVER (), sum(id) FILTER (WHERE true) OVER (), lag(secret) OVER (ORDER BY id) FROM vault.docs;
SELECT d.id, e.id FROM vault.docs AS d FULL JOIN LATERAL (SELECT * FROM vault.docs) AS e ON true ORDER BY 1, 2;
WITH all_of_them AS MATERIALIZED (SELECT * FROM vault.docs) SELECT count(*) FROM all_of_them;
SELECT count(*) FROM (SELECT id FROM vault.docs UNION ALL SELECT id FROM vault.wide) AS u;
SELECT (query_to_xml('SELECT id FROM vault.docs', false, false, ''))::text ~ '<id>1<' AS foreign_row,
       (schema_to_xml('vault', false, false, ''))::text ~ 'plum' AS foreign_secret;

-- 2. Not being bound: by the settings, as somebody else, by another definition.
SET row_security = off;
SELECT * FROM vault.docs;
RESET row_security;
CREATE FUNCTION lair.unbound() RETURNS SETOF vault.docs LANGUAGE sql SECURITY DEFINER SET row_security = off AS 'SELECT * FROM vault.docs';
SELECT * FROM lair.unbound();
SET ROLE regress_rbac_owner;
SET SESSION AUTHORIZATION regress_rbac_owner;
ALTER ROLE regress_rbac_app BYPASSRLS;
GRANT regress_rbac_owner TO regress_rbac_app;
SET session_replication_role = replica;
ALTER TABLE vault.docs DISABLE ROW LEVEL SECURITY;
ALTER TABLE vault.docs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE vault.docs ADD COLUMN leak text DEFAULT lair.unbound();
ALTER TABLE vault.docs ALTER COLUMN flag TYPE text USING secret;
DROP POLICY rbac_tenant_isolation ON vault.docs;
CREATE POLICY mine ON vault.docs USING (true);
CREATE RULE mine AS ON SELECT TO vault.docs DO ALSO SELECT 1;
CREATE TRIGGER mine BEFORE UPDATE ON vault.docs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE INDEX ON vault.docs (secret);
CREATE STATISTICS lair.s ON id, secret FROM vault.docs;
ANALYZE vault.docs;
TRUNCATE vault.docs;
CREATE TABLE lair.refers (id integer REFERENCES vault.docs);
CREATE TABLE lair.heir () INHERITS (vault.docs);
CREATE TABLE lair.part PARTITION OF vault.parts DEFAULT;
ALTER FUNCTION rbac.current_tenant_id() COST 10000;
CREATE OR REPLACE FUNCTION rbac.current_tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
CREATE FUNCTION rbac.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER EXTENSION rbac DROP FUNCTION rbac.current_tenant_id();

-- 3. Being somebody else, or elsewhere.
SELECT rbac.set_identity(id(102), id(2), local => false);
SELECT vault.enter('ai_bob', 'guess', 2);
SELECT set_config('rbac.identity', replace(current_setting('rbac.identity'), '38000001', '38000002'), false);
SET rbac.identity = 'user=00000000-0000-0000-0000-000038000102;tenant=00000000-0000-0000-0000-000038000002';
SELECT rbac.switch_tenant(id(3));
-- Being nobody is of no use.
BEGIN;
RESET ALL;
SELECT rbac.current_user_id() IS NULL AS nobody, (SELECT count(*) FROM vault.docs) AS docs, (SELECT count(*) FROM vault.notes) AS notes,
       (SELECT count(*) FROM vault.wide) AS wide;
INSERT INTO vault.notes (id, tenant_id) VALUES (9, id(1));
ROLLBACK;

-- What is said for one transaction ends with it, also if said by a function that
-- has settings of its own.
BEGIN;
SELECT vault.enter('ai_mallory', 'open sesame', 2, local => true) \g /dev/null
SELECT rbac.current_tenant_id() = id(2) AS beta, (SELECT count(*) FROM vault.docs) AS docs;
COMMIT;
SELECT rbac.current_tenant_id() = id(1) AS acme;

-- 4. Functions that tell what they are given, and claim to cost nothing, wherever
-- PostgreSQL could call them before the policies have judged the row.
CREATE FUNCTION lair.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'told: %', $1; RETURN true; END $$;
CREATE FUNCTION lair.tell_row(vault.docs) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'told: %', $1.secret; RETURN true; END $$;
SELECT id FROM vault.docs WHERE lair.tell(secret);
SELECT id FROM vault.docs WHERE lair.tell_row(docs);
SELECT id FROM vault.wide WHERE lair.tell(secret);
SELECT note FROM vault.notes WHERE lair.tell(note);
-- as an operator, as one that asks for estimates of common values, in an index's name
CREATE FUNCTION lair.same(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'told: % %', $1, $2; RETURN $1 = $2; END $$;
CREATE OPERATOR lair.=== (FUNCTION = lair.same, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
EXPLAIN (COSTS OFF) SELECT id FROM vault.notes WHERE note OPERATOR(lair.===) 'x';
EXPLAIN (COSTS OFF) SELECT a.id FROM vault.notes AS a JOIN vault.docs AS b ON a.note OPERATOR(lair.===) b.secret;
SELECT id FROM vault.docs WHERE secret OPERATOR(lair.===) 'x';
CREATE OPERATOR CLASS lair.telling FOR TYPE text USING btree AS OPERATOR 3 lair.===;
-- as a cast, as a domain's check, as a type's input
CREATE TYPE lair.box AS (t text);
CREATE FUNCTION lair.to_box(vault.docs) RETURNS lair.box LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'told: %', $1.secret; RETURN row($1.secret)::lair.box; END $$;
CREATE CAST (vault.docs AS lair.box) WITH FUNCTION lair.to_box(vault.docs);
SELECT id FROM vault.docs WHERE docs::lair.box IS NOT NULL;
CREATE DOMAIN lair.checked AS text CHECK (lair.tell(VALUE));
SELECT id FROM vault.docs WHERE secret::lair.checked IS NOT NULL;
-- as an error
SELECT id FROM vault.docs WHERE secret LIKE 'plum%' AND secret::integer > 0;
SELECT id FROM vault.docs WHERE 1 / (id % 2 - 1) > 0;
SELECT id FROM vault.docs WHERE rbac.has_scope(secret, tenant_id);
SELECT id FROM vault.wide WHERE rbac.has_scope(secret, tenant_id);
-- in aggregates, windows, sorting, lists, joins and sub-selects
CREATE FUNCTION lair.add(text, text) RETURNS text LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RETURN concat($1, ' ', $2); END $$;
CREATE AGGREGATE lair.gather(text) (SFUNC = lair.add, STYPE = text);
SELECT lair.gather(secret), lair.gather(secret) FILTER (WHERE lair.tell(secret)) FROM vault.docs GROUP BY lair.tell(secret);
SELECT id, max(secret) OVER (PARTITION BY lair.tell(secret)) FROM vault.docs ORDER BY lair.tell(secret), id;
SELECT n FROM generate_series(1, 5) AS n WHERE EXISTS (SELECT FROM vault.docs WHERE id = n AND lair.tell(secret));
SELECT n, d.id FROM generate_series(1, 5) AS n LEFT JOIN vault.docs AS d ON d.id = n AND lair.tell(d.secret) ORDER BY n;
SELECT count(*) FROM vault.docs AS d JOIN vault.notes AS n ON lair.same(d.secret, n.note);
-- where rows are written
BEGIN;
UPDATE vault.docs SET flag = lair.tell(secret) WHERE lair.tell_row(docs) RETURNING id, lair.tell(secret);
DELETE FROM vault.docs WHERE lair.tell(secret) AND id = 1 RETURNING lair.tell(secret);
INSERT INTO vault.docs AS d (id, secret) SELECT n, 'mine' FROM generate_series(1, 5) AS n
    ON CONFLICT (id) DO UPDATE SET secret = d.secret WHERE lair.tell(d.secret) RETURNING secret;
ROLLBACK;
INSERT INTO vault.docs AS d (id, secret) VALUES (2, 'mine') ON CONFLICT (id) DO UPDATE SET flag = lair.tell(d.secret) WHERE lair.tell(d.secret);
MERGE INTO vault.docs AS d USING generate_series(1, 5) AS n ON d.id = n AND lair.tell(d.secret)
    WHEN MATCHED AND lair.tell(d.secret) THEN DO NOTHING WHEN NOT MATCHED AND n > 5 THEN DO NOTHING;
-- through partitions, children, and by name
SELECT secret FROM vault.parts_low WHERE lair.tell(secret);
SELECT secret FROM vault.children WHERE lair.tell(secret);
SELECT secret FROM vault.parents WHERE lair.tell(secret);
-- and may not claim to be leakproof.
CREATE FUNCTION lair.honest(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true';
ALTER FUNCTION lair.tell(text) LEAKPROOF;
ALTER FUNCTION lair.tell(text) SUPPORT rbac._has_scope_support;

-- 5. Functions that are given nothing, and tell by being called. PostgreSQL takes
-- a condition for leakproof if no column goes into a function that is not; but
-- one that is leakproof can decide whether another one is called.
UPDATE vault.docs SET flag = false;
CREATE FUNCTION lair.shout(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'heard: %', what; RETURN false; END $$;
CREATE FUNCTION lair.later(what text) RETURNS boolean LANGUAGE plpgsql COST 1.5 AS $$
BEGIN RAISE NOTICE 'heard: %', what; RETURN false; END $$;
CREATE SEQUENCE lair.steps;
CREATE FUNCTION lair.quietly(what text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'heard: %', what; RETURN false; END $$;
CREATE FUNCTION lair.softly(what text) RETURNS text LANGUAGE plpgsql STABLE COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'heard: %', what; RETURN what; END $$;
SELECT id FROM vault.docs WHERE CASE WHEN secret = 'plum 3' THEN lair.shout('by CASE') ELSE false END;
SELECT id FROM vault.docs WHERE CASE WHEN flag THEN lair.shout('by a flag') ELSE false END;
SELECT id FROM vault.docs WHERE (secret > 'b' AND lair.shout('by OR')) OR gone IS NOT NULL;
SELECT id FROM vault.docs WHERE secret > 'b' AND lair.later('by AND');
SELECT id FROM vault.docs WHERE CASE WHEN secret > 'b' THEN (SELECT lair.shout('by a sub-select')) ELSE false END;
SELECT id FROM vault.notes WHERE CASE WHEN note > 'b' THEN lair.shout('of notes') ELSE false END;
SELECT id FROM vault.wide WHERE CASE WHEN secret > 'b' THEN lair.shout('of any tenant') ELSE false END;
SELECT id FROM vault.parts WHERE CASE WHEN secret > 'b' THEN lair.shout('of parts') ELSE false END;
SELECT id FROM vault.children WHERE CASE WHEN secret > 'b' THEN lair.shout('of children') ELSE false END;
SELECT max(id) FROM vault.docs WHERE CASE WHEN secret > 'b' THEN lair.shout('by max') ELSE false END;
SELECT (SELECT count(*) FROM vault.docs WHERE CASE WHEN secret > s THEN lair.shout('from outside') ELSE false END) FROM (VALUES ('b')) AS v (s);
UPDATE vault.docs SET flag = flag WHERE CASE WHEN secret > 'b' THEN lair.shout('by UPDATE') ELSE false END;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_seqscan = off;
SELECT d.id FROM generate_series(1, 5) AS n JOIN vault.docs AS d ON d.id = n AND CASE WHEN d.id > n - 1 AND d.secret > 'b' THEN lair.shout('by a join') ELSE false END;
SELECT d.id FROM (VALUES (1, 'b'), (3, 'b')) AS v (n, s) JOIN vault.docs AS d ON d.id = n AND CASE WHEN d.flag THEN lair.softly('by equivalence') ELSE d.secret END = s;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material; RESET enable_seqscan;
SET cpu_operator_cost = 1e-300;
SELECT id FROM vault.docs WHERE CASE WHEN secret > 'b' THEN lair.shout('for nothing') ELSE false END;
RESET cpu_operator_cost;
-- in what is rearranged: a union, a view, a HAVING, outer joins, functions that are
-- inlined, partitions joined one by one, rows by their place, plans that are kept
SELECT secret FROM (SELECT id, secret FROM vault.docs UNION ALL SELECT id, secret FROM vault.wide) AS u WHERE CASE WHEN secret > 'b' THEN lair.shout('of a union') ELSE false END;
SELECT secret FROM vault.docs GROUP BY secret HAVING CASE WHEN secret > 'b' THEN lair.quietly('by HAVING') ELSE false END;
SELECT n, d.id FROM generate_series(1, 2) AS n LEFT JOIN vault.docs AS d ON CASE WHEN d.secret > 'b' THEN lair.quietly('by LEFT JOIN') ELSE false END;
SELECT count(*) FROM generate_series(1, 2) AS n FULL JOIN vault.docs AS d ON d.id = n AND CASE WHEN d.secret > 'b' THEN lair.quietly('by FULL JOIN') ELSE false END;
SELECT count(*) FROM generate_series(1, 2) AS n WHERE EXISTS (SELECT FROM vault.docs WHERE CASE WHEN secret > 'b' AND id > n THEN lair.shout('by EXISTS') ELSE false END);
CREATE FUNCTION lair.docs() RETURNS SETOF vault.docs LANGUAGE sql STABLE AS 'SELECT * FROM vault.docs';
CREATE FUNCTION lair.inlined(text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT CASE WHEN $1 > 'b' THEN lair.quietly('inlined') ELSE false END $$;
SELECT id FROM lair.docs() WHERE lair.inlined(secret);
SET enable_partitionwise_join = on;
SELECT count(*) FROM vault.parts AS a JOIN vault.parts AS b USING (id) WHERE CASE WHEN a.secret > 'b' THEN lair.quietly('of two parts') ELSE false END;
RESET enable_partitionwise_join;
SELECT id FROM vault.docs WHERE ctid IN ('(0,1)', '(0,3)') AND CASE WHEN secret > 'b' THEN lair.shout('by place') ELSE false END;
SELECT id FROM vault.docs WHERE NOT (secret <= 'b' OR NOT flag OR lair.later('by NOT')) AND COALESCE(CASE WHEN secret > 'b' THEN NULL ELSE false END, lair.shout('by COALESCE'));
SELECT id FROM vault.docs WHERE CASE WHEN secret > 'b' THEN nextval('lair.steps') > 0 ELSE false END;
SELECT id FROM vault.docs WHERE CASE WHEN secret > 'b' THEN ((SELECT 'x')::lair.checked) IS NOT NULL ELSE false END;
SET plan_cache_mode = force_generic_plan;
PREPARE p (text, text) AS SELECT id FROM vault.docs WHERE CASE WHEN secret > $1 THEN lair.shout($2) ELSE false END;
EXECUTE p ('b', 'of a kept plan');
DEALLOCATE p;
RESET plan_cache_mode;
BEGIN;
DELETE FROM vault.docs USING generate_series(1, 5) AS n WHERE id = n AND CASE WHEN secret > 'b' THEN lair.shout('by DELETE') ELSE false END;
MERGE INTO vault.docs AS d USING generate_series(1, 5) AS n ON d.id = n AND CASE WHEN d.secret > 'b' THEN lair.quietly('by MERGE') ELSE false END WHEN MATCHED THEN DELETE;
INSERT INTO vault.docs AS d (id) VALUES (3) ON CONFLICT (id) DO UPDATE SET flag = true WHERE CASE WHEN d.secret > 'b' THEN lair.shout('by ON CONFLICT') ELSE false END;
ROLLBACK;
SELECT last_value, is_called FROM lair.steps;
-- without any function of one's own
SELECT set_config('lair.heard', 'no', false) \g /dev/null
SELECT count(*) FROM vault.docs WHERE CASE WHEN flag THEN set_config('lair.heard', 'yes', false) IS NULL ELSE false END;
SELECT current_setting('lair.heard') AS heard;
-- in a session's first query of all, before the library has done anything
\c -
SELECT id FROM vault.docs WHERE CASE WHEN secret > 'b' THEN lair.shout('at once') ELSE false END;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null

-- 6. Moving while a statement runs. mallory may move to beta, where she is a guest,
-- and may not read: what was allowed in acme must not go along.
SET enable_indexscan = off; SET enable_bitmapscan = off;
BEGIN;
DECLARE c CURSOR FOR SELECT id, secret FROM vault.docs;
FETCH 1 FROM c;
SELECT rbac.switch_tenant(id(2));
SELECT count(*) FROM vault.docs;
FETCH ALL FROM c;
ROLLBACK;
BEGIN;
SELECT d.id, d.secret, CASE WHEN d.id = 2 THEN rbac.switch_tenant(id(2)) END FROM vault.docs AS d;
ROLLBACK;
RESET enable_indexscan; RESET enable_bitmapscan;
-- one row after the other, by an index of the tenants, or of something else
CREATE FUNCTION lair.move(tenant integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM rbac.switch_tenant(id(tenant)); RETURN tenant; END $$;
SET enable_seqscan = off; SET enable_material = off;
BEGIN;
SELECT n, d.id, d.secret, lair.move(CASE WHEN n < 3 THEN 2 ELSE 1 END) AS next FROM generate_series(1, 5) AS n LEFT JOIN LATERAL (SELECT * FROM vault.docs AS d WHERE d.id = n OFFSET 0) AS d ON true;
SELECT rbac.switch_tenant(id(2)) \g /dev/null
SELECT n, d.id, d.secret, lair.move(1) AS next FROM generate_series(2, 5) AS n LEFT JOIN LATERAL (SELECT * FROM vault.docs AS d WHERE d.id = n OFFSET 0) AS d ON true;
ROLLBACK;
BEGIN;
SELECT n, d.id, d.secret FROM (SELECT n, lair.move(n) FROM generate_series(1, 2) AS n OFFSET 0) AS n, LATERAL (SELECT * FROM vault.docs AS d WHERE n > 0 AND tenant_id = id(n) OFFSET 0) AS d;
ROLLBACK;
RESET enable_seqscan; RESET enable_material;
-- aloud, or within a function that puts back what it has set
CREATE FUNCTION lair.visit() RETURNS TABLE (secret text) LANGUAGE plpgsql SET work_mem = '1MB' AS $$
BEGIN PERFORM rbac.switch_tenant(public.id(2)); RETURN QUERY SELECT d.secret FROM vault.docs AS d; END $$;
BEGIN;
SELECT d.id, v.secret FROM vault.docs AS d, lair.visit() AS v;
SELECT id FROM vault.docs WHERE EXISTS (SELECT FROM lair.visit()) OR true;
ROLLBACK;
-- rows written, with the right to write that one has elsewhere
BEGIN;
INSERT INTO vault.docs (id, tenant_id, secret) SELECT 10 + n, id(n), lair.move(n)::text FROM generate_series(1, 2) AS n;
ROLLBACK;
BEGIN;
UPDATE vault.docs SET secret = lair.move(2)::text, tenant_id = id(2);
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM vault.docs FOR UPDATE;
FETCH 1 FROM c;
SELECT rbac.switch_tenant(id(2)) \g /dev/null
UPDATE vault.docs SET secret = 'moved' WHERE CURRENT OF c;
ROLLBACK;

-- Not prevented: the same, past a policy of the application's own that asks once a
-- statement. What helps: to ask about the row's tenant.
\c - :superuser
SET ROLE regress_rbac_owner;
CREATE TABLE vault.by_hand (id integer, tenant_id uuid, secret text);
CREATE POLICY p ON vault.by_hand USING (tenant_id = rbac.current_tenant_id() AND (SELECT rbac.has_scope('ai:read')));
CREATE TABLE vault.by_row (LIKE vault.by_hand);
CREATE POLICY p ON vault.by_row USING (tenant_id = rbac.current_tenant_id() AND rbac.has_scope('ai:read', tenant_id));
INSERT INTO vault.by_hand VALUES (1, id(1), 'acme'), (2, id(2), 'plum');
INSERT INTO vault.by_row TABLE vault.by_hand;
ALTER TABLE vault.by_hand ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault.by_row ENABLE ROW LEVEL SECURITY;
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
BEGIN;
SELECT id, secret, lair.move(2) FROM vault.by_hand;
ROLLBACK;
SELECT id, secret, lair.move(2) FROM vault.by_row;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null

-- 7. Other names for what the policies use.
SET search_path = lair, pg_temp, public, pg_catalog, rbac;
CREATE FUNCTION lair.current_tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT public.id(2)';
CREATE FUNCTION pg_temp.current_tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT public.id(2)';
CREATE FUNCTION lair.has_scope(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION lair.has_scope(text, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION lair.tenants_with_scope(text) RETURNS uuid[] LANGUAGE sql AS 'SELECT ARRAY[public.id(2)]';
CREATE FUNCTION lair.always(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR lair.= (FUNCTION = lair.always, LEFTARG = uuid, RIGHTARG = uuid);
CREATE TEMP TABLE user_roles AS SELECT id(101) AS user_id, id(2) AS tenant_id, 1 AS role_id;
CREATE TEMP TABLE tenants AS SELECT id(2) AS id, 'ai_acme' AS key, true AS is_active;
CREATE TEMP TABLE pg_policy AS SELECT 1 AS polrelid;
SELECT count(*) FROM vault.docs;
SELECT count(*) FROM vault.wide;
SELECT rbac._declared('vault.docs');
DROP OPERATOR lair.= (uuid, uuid);
RESET search_path;
CREATE SCHEMA rbac;

-- 8. What the planner knows of all rows. Statistics are hidden,
SELECT (SELECT count(*) FROM pg_stats WHERE schemaname = 'vault') AS stats, (SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'vault') AS extended,
       (SELECT count(*) FROM pg_stats_ext_exprs WHERE schemaname = 'vault') AS expressions;
SELECT count(*) FROM pg_statistic;
SELECT count(*) FROM pg_statistic_ext_data;
-- and so is what constraints could tell of the rows in their way.
INSERT INTO vault.slots (during) VALUES ('[12,13)');
INSERT INTO vault.slots (during) VALUES ('[90,120)');
INSERT INTO vault.docs (id, secret) VALUES (1, 'mine');

-- 9. The extension's own functions: with the attacker's rights, or not at all.
SELECT rbac.enable_tenant_isolation('vault.wide');
SELECT rbac.disable_tenant_isolation('vault.docs');
SELECT rbac.unprotect_table('vault.docs');
SELECT rbac.protect_table('vault.docs', select_scope => 'ai:hello');
SELECT rbac._drop_our_policies('vault.docs');
SELECT rbac._make_policy('vault.docs', 'mine', true, 'ALL', 'true', 'me');
SELECT rbac._write_policies('vault.docs', NULL);
SELECT rbac._write_policies('vault.docs', (false, false, NULL, NULL, NULL, NULL));
SELECT rbac._prepare_tenant_column('vault.docs', 'id');
SELECT rbac._switch_row_security('vault.docs');
SELECT rbac._refuse_other_tenant();
SELECT rbac._has_scope_support(NULL);
SELECT rbac._tenants_touched_by_scope('ai:read') = ARRAY[id(1)] AS acme_only, rbac._tenant_numbers_with_scope('ai:read') AS numbers,
       rbac.tenant_keys_with_scope('ai:read') AS keys;
SELECT rbac.user_has_scope(id(102), 'ai:read', id(2));
SELECT * FROM rbac.tenants;
-- Names of tables and columns that are SQL stay names, and so do scopes.
CREATE TABLE lair."x; DROP TABLE lair.refuge --" ("tenant_id'; SELECT 1/0; --" uuid NOT NULL);
CREATE TABLE lair.refuge ();
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation('lair."x; DROP TABLE lair.refuge --"', $$tenant_id'; SELECT 1/0; --$$),
       rbac.protect_table('lair."x; DROP TABLE lair.refuge --"', select_scope => 'ai:read'),
       rbac.unprotect_table('lair."x; DROP TABLE lair.refuge --"'), rbac.disable_tenant_isolation('lair."x; DROP TABLE lair.refuge --"') \g /dev/null
RESET client_min_messages;
SELECT to_regclass('lair.refuge') IS NOT NULL AS still_there;
SELECT rbac.protect_table('lair.refuge', select_scope => $$x') OR true --$$);
-- The scope that the attacker asks for can depend on the row, or differ each time:
-- it narrows, and an index serves it for the tenants where she holds it.
CREATE FUNCTION lair.any_scope() RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN CASE WHEN random() < 0.5 THEN 'ai:read' ELSE 'ai:hello' END; END $$;
SET enable_seqscan = off;
SELECT count(*) FILTER (WHERE secret LIKE 'plum%') AS foreign_rows FROM vault.wide WHERE rbac.has_scope(lair.any_scope(), tenant_id);
SELECT s, w.id FROM (VALUES ('ai:read'), ('ai:hello')) AS v (s), LATERAL (SELECT * FROM vault.wide WHERE rbac.has_scope(s, tenant_id) OFFSET 0) AS w ORDER BY 1, 2;
SELECT id FROM vault.wide WHERE rbac.has_scope(CASE WHEN id = 1 THEN 'ai:hello' ELSE 'ai:read' END, tenant_id) ORDER BY id;
RESET enable_seqscan;

-- 10. Copies, views and plans, made by one and used by another.
CREATE VIEW lair.v AS SELECT * FROM vault.docs;
CREATE VIEW lair.w WITH (security_invoker = true, security_barrier = false) AS SELECT * FROM vault.docs;
CREATE RULE r AS ON UPDATE TO lair.v DO INSTEAD UPDATE vault.docs SET secret = NEW.secret WHERE docs.id = OLD.id OR docs.id = 1 RETURNING docs.*;
SELECT (SELECT count(*) FROM lair.v WHERE lair.tell(secret)) AS v, (SELECT count(*) FROM lair.w) AS w;
BEGIN;
UPDATE lair.v SET secret = 'mine' RETURNING id;
ROLLBACK;
PREPARE p AS SELECT id, secret FROM vault.docs;
PREPARE q (uuid) AS SELECT id, secret FROM vault.docs WHERE tenant_id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p;
EXECUTE q (id(2));
SELECT rbac.switch_tenant(id(2)) \g /dev/null
EXECUTE p;
EXECUTE q (id(2));
EXECUTE q (id(1));
SELECT rbac.switch_tenant(id(1)) \g /dev/null
RESET plan_cache_mode;
DEALLOCATE ALL;
-- by the order of transactions
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM vault.docs;
SAVEPOINT s;
SELECT rbac.switch_tenant(id(2)) \g /dev/null
SELECT count(*) FROM vault.docs;
ROLLBACK TO s;
SELECT count(*) FROM vault.docs;
COMMIT;
-- by parallel workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
CREATE FUNCTION lair.whisper(what text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'heard: %', what; RETURN false; END $$;
SELECT id FROM vault.wide ORDER BY id;
SELECT count(*) FROM vault.docs WHERE CASE WHEN secret > 'b' THEN lair.whisper('by a worker') ELSE false END;
RESET ALL;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
-- by what a rolled back transaction has left
DISCARD ALL;
SELECT count(*) FROM vault.docs;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null

-- Not prevented: whether a key is taken, by a constraint that all tenants share.
-- Above, (1) was refused, although mallory sees no such row; and so was a slot.
INSERT INTO vault.docs (id) VALUES (6);
DELETE FROM vault.docs WHERE id = 6;
INSERT INTO vault.docs (id) VALUES (3), (8) ON CONFLICT DO NOTHING RETURNING id;
DELETE FROM vault.docs WHERE id = 8;
-- ... or whether a row is there to be referred to; and then its owner's DELETE is
-- in the way of, or takes along, the row that refers to it.
INSERT INTO vault.notes (id, doc) VALUES (11, 1);
INSERT INTO vault.notes (id, doc) VALUES (12, 1111);
SELECT vault.enter('ai_bob', 'open sesame', 2) \g /dev/null
BEGIN;
DELETE FROM vault.docs WHERE id = 1;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT count(*) AS still_there FROM vault.notes WHERE id = 11;
ROLLBACK;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
DELETE FROM vault.notes WHERE id = 11;

-- Not prevented: how many rows there are, how large they are, where they lie and
-- whether one of them has changed.
SELECT reltuples FROM pg_class WHERE oid = 'vault.docs'::regclass;
SELECT pg_relation_size('vault.docs') > 0 AS is_large;
SELECT currtid2('vault.docs', '(0,1)');
-- Not prevented: EXPLAIN counts rows that the policies take away. By an index that
-- is not by tenant, a foreign row is found first and taken away then; so a secret
-- can be looked for, and by comparisons be spelt, letter by letter.
CREATE FUNCTION lair.removed(condition text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) SELECT FROM vault.docs WHERE ' || condition INTO plan;
    RETURN jsonb_path_query_first(plan, '$.**."Rows Removed by Filter"');
END $$;
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT lair.removed('id = 3') AS is_there, lair.removed('id = 33') AS is_not, lair.removed($$secret = 'plum 5'$$) AS guessed;
RESET enable_seqscan; RESET enable_bitmapscan;
-- What helps: indexes that begin with the tenant. (The primary key stays in this test.)
\c - :superuser
DROP INDEX vault.docs_by_secret;
CREATE INDEX docs_by_secret ON vault.docs (tenant_id, secret);
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT lair.removed($$secret = 'plum 5'$$) AS guessed, lair.removed($$secret = 'pear 5'$$) AS not_there;
RESET enable_seqscan; RESET enable_bitmapscan;

-- Not prevented: the planner's estimates, which EXPLAIN shows without reading a
-- row. What helps: no statistics of a column that is secret.
\c - :superuser
SET ROLE regress_rbac_owner;
CREATE TABLE vault.bulk (tenant_id uuid NOT NULL, secret text, quiet text);
ALTER TABLE vault.bulk ALTER COLUMN quiet SET STATISTICS 0;
INSERT INTO vault.bulk SELECT id(1 + n % 2), v, v
FROM generate_series(1, 1000) AS n, LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 'acme ' || n ELSE 'plum' END) AS s (v);
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation('vault.bulk') \g /dev/null
ANALYZE vault.bulk;
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
CREATE FUNCTION lair.expected(condition text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) SELECT FROM vault.bulk WHERE ' || condition INTO plan;
    RETURN plan -> 0 -> 'Plan' -> 'Plan Rows';
END $$;
SELECT lair.expected($$secret = 'plum'$$) > 100 AS guessed, lair.expected($$secret = 'pear'$$) > 100 AS not_there,
       lair.expected($$quiet = 'plum'$$) = lair.expected($$quiet = 'pear'$$) AS quiet_are_alike;

-- Not prevented: standing in everybody's way.
BEGIN;
LOCK TABLE vault.docs IN EXCLUSIVE MODE;
SELECT count(*) FROM pg_locks WHERE relation = 'vault.docs'::regclass AND mode = 'ExclusiveLock';
ROLLBACK;
-- Not prevented: reading what other sessions of the same role have said. To
-- PostgreSQL they are all one's own. What helps: parameters, which are not shown;
-- or track_activities = off.
SELECT vault.enter('ai_bob', 'open sesame', 2) \g /dev/null
\setenv PGDATABASE :DBNAME
SELECT count(*) AS mine FROM vault.docs WHERE secret = 'plum 1';
\! psql -X -A -t -U regress_rbac_app -c "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user"
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null

-- Not prevented: a partition that came later, if it can be named: it has no policies
-- until enable_tenant_isolation is called again.
\c - :superuser
SET ROLE regress_rbac_owner;
CREATE TABLE vault.parts_high PARTITION OF vault.parts FOR VALUES FROM (10) TO (20);
INSERT INTO vault.parts_high VALUES (11, id(2), 'plum 11');
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT (SELECT count(*) FROM vault.parts WHERE id = 11) AS through_the_table, (SELECT count(*) FROM vault.parts_high) AS by_name;
\c - :superuser
SELECT rbac.enable_tenant_isolation('vault.parts') \g /dev/null
\c - regress_rbac_app
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT count(*) AS by_name FROM vault.parts_high;

-- Not prevented: what is copied is nobody's. A view that was filled, and a cursor
-- or a temporary table that a session keeps, show what their maker saw.
SELECT vault.enter('ai_bob', 'open sesame', 2) \g /dev/null
CREATE MATERIALIZED VIEW lair.copied AS SELECT id FROM vault.docs;
BEGIN;
DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM vault.docs ORDER BY id;
COMMIT;
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT array_agg(id ORDER BY id) AS copied FROM lair.copied;
FETCH 1 FROM kept;
CLOSE kept;

-- Not prevented: a trap. Sessions of one role share its schemas, and clients of one
-- pooler its sessions. mallory leaves something with a name that bob will use, and
-- he runs it with his rights; what it has copied she reads.
CREATE TABLE lair.loot (secret text);
CREATE FUNCTION lair.trap() RETURNS SETOF vault.docs LANGUAGE plpgsql AS $$
BEGIN INSERT INTO lair.loot SELECT secret FROM vault.docs; RETURN QUERY SELECT * FROM vault.docs; END $$;
CREATE TEMP VIEW docs AS SELECT * FROM lair.trap();
-- a transaction of bob's, in the same session
SET search_path = vault, public;
SELECT vault.enter('ai_bob', 'open sesame', 2) \g /dev/null
SELECT count(*) FROM docs;
SELECT count(*) FROM vault.docs;
-- and mallory again
SELECT vault.enter('ai_mallory', 'open sesame', 1) \g /dev/null
SELECT count(*) AS caught FROM lair.loot;
RESET search_path;
-- What helps: no CREATE and no TEMP for the application's role; or DISCARD ALL
-- between clients, and names with their schema.
DISCARD ALL;
SELECT to_regclass('pg_temp.docs') AS trap;

-- Not prevented: going back to who asked before. Whoever can say ROLLBACK TO, or
-- COMMIT, ends what was said after the savepoint, or in the transaction.
\c - :superuser
BEGIN;
SELECT rbac.set_identity(id(102), id(2)) \g /dev/null
SAVEPOINT s;
SELECT rbac.set_identity(id(101), id(1)) \g /dev/null
SET LOCAL ROLE regress_rbac_app;
-- the attacker
ROLLBACK TO s;
SELECT rbac.current_user_id() = id(102) AS is_bob;
ROLLBACK;
-- What helps: one identity a transaction, and none of the session beneath it.

\c - :superuser
SET client_min_messages = warning;
DROP SCHEMA vault, lair CASCADE;
DELETE FROM rbac.users WHERE username LIKE 'ai\_%';
DELETE FROM rbac.tenants WHERE key LIKE 'ai\_%';
DELETE FROM rbac.roles WHERE name LIKE 'ai %';
DELETE FROM rbac.permissions WHERE name LIKE 'ai %';
DELETE FROM rbac.scopes WHERE name LIKE 'ai:%';
DROP FUNCTION public.id(integer);
DROP OWNED BY regress_rbac_app, regress_rbac_owner;
DROP ROLE regress_rbac_app, regress_rbac_owner;
