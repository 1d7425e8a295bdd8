-- What the planner makes of isolation, for an ordinary role: conditions that an
-- index serves, an index's order that is kept, parallel plans, and nothing asked
-- for each row that can be asked once.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((39000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) SELECT pg_temp.id(n), 'ip_' || n, n FROM generate_series(1, 100) AS n;
INSERT INTO rbac.users (id, username) VALUES (pg_temp.id(1001), 'ip_user');
SELECT rbac.create_scope('ip:read') \g /dev/null
SELECT rbac.create_permission('ip reading', scopes => '{ip:read}') \g /dev/null
SELECT rbac.create_role('ip reader', permissions => '{ip reading}') \g /dev/null
SELECT rbac.grant_role(pg_temp.id(1001), 'ip reader', pg_temp.id(7)) \g /dev/null
CREATE TABLE ip_docs (id integer PRIMARY KEY, tenant_id uuid NOT NULL, at integer, body text);
CREATE TABLE ip_settings (id integer PRIMARY KEY, body text);
INSERT INTO ip_docs SELECT n, pg_temp.id(1 + n % 100), n, repeat('x', 50) FROM generate_series(1, 20000) AS n;
INSERT INTO ip_settings SELECT n, n FROM generate_series(1, 100) AS n;
CREATE INDEX ip_by_tenant ON ip_docs (tenant_id, at);
SELECT rbac.enable_tenant_isolation('ip_docs'), rbac.protect_table('ip_docs', select_scope => 'ip:read', update_scope => 'ip:read'),
       rbac.protect_table('ip_settings', select_scope => 'ip:read') \g /dev/null
GRANT SELECT, UPDATE ON ip_docs, ip_settings TO regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
ANALYZE ip_docs, ip_settings;
ANALYZE rbac.tenants;
-- Some facts about a plan, which every server words in its own way.
CREATE FUNCTION pg_temp.facts(query text, OUT scan text, OUT index_condition text, OUT row_filter text,
    OUT sorts boolean, OUT asks_once boolean, OUT is_parallel boolean, OUT rows integer) LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    plan := plan -> 0 -> 'Plan';
    scan := jsonb_path_query_first(plan, '$.** ? (exists (@."Relation Name"))."Node Type"') #>> '{}';
    index_condition := jsonb_path_query_first(plan, '$.**."Index Cond"') #>> '{}';
    row_filter := CASE WHEN jsonb_path_query_first(plan, '$.**."Filter"') #>> '{}' ~ 'has_scope' THEN 'has_scope' ELSE jsonb_path_query_first(plan, '$.**."Filter"') #>> '{}' END;
    asks_once := jsonb_path_exists(plan, '$.** ? (@."Parent Relationship" == "InitPlan")');
    IF asks_once THEN row_filter := NULL; END IF;
    sorts := jsonb_path_exists(plan, '$.** ? (@."Node Type" like_regex "Sort")');
    is_parallel := jsonb_path_exists(plan, '$.** ? (@."Parallel Aware" == true)');
    rows := plan -> 'Plan Rows';
END $$;
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(pg_temp.id(1001), pg_temp.id(7), local => false) \g /dev/null
-- The tenant by the index, and how many rows that is; the scope from memory.
SELECT * FROM pg_temp.facts('SELECT * FROM ip_docs');
SELECT * FROM pg_temp.facts('UPDATE ip_docs SET body = body');
-- A page in the index's order needs no sorting.
SELECT * FROM pg_temp.facts('SELECT * FROM ip_docs ORDER BY at DESC LIMIT 10');
-- A row by its key.
SELECT * FROM pg_temp.facts('SELECT * FROM ip_docs WHERE id = 5');
-- What no row can change is asked once.
SELECT * FROM pg_temp.facts('SELECT * FROM ip_settings');
-- Without a useful index, and in parallel.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT * FROM pg_temp.facts('SELECT count(*) FROM ip_docs');
SELECT count(*) FROM ip_docs;
SELECT * FROM pg_temp.facts('SELECT count(*) FROM ip_settings');
SELECT count(*) FROM ip_settings;
RESET ALL;
RESET ROLE;
DROP TABLE ip_docs, ip_settings;
DELETE FROM rbac.tenants WHERE key LIKE 'ip\_%';
DELETE FROM rbac.users WHERE username = 'ip_user';
DELETE FROM rbac.roles WHERE name = 'ip reader';
DELETE FROM rbac.permissions WHERE name = 'ip reading';
DELETE FROM rbac.scopes WHERE name = 'ip:read';
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
