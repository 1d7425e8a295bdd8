-- Every way of reading and writing reaches exactly the rows that it should, by an
-- independent query: the sentence that gives the model its meaning, in plain SQL,
-- asked by somebody whom no policy binds.
--
--   acme has departments sales > north, beta has none; key 7 is a third tenant.
--   ann reads and writes all of acme, and reads beta; ned reads and writes north;
--   own writes what is his own in acme; all reads everywhere; bob has nothing.
--   Tables: one plain, one partitioned, one with a child that inherits, each with
--   a uuid; one with the tenant's key, one with a number.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((36000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) VALUES
    (pg_temp.id(1), 'acme', 'Acme'), (pg_temp.id(2), 'beta', 'Beta'), (pg_temp.id(3), '7', 'Seven'), (pg_temp.id(4), 'shut', 'Shut');
UPDATE rbac.tenants SET is_active = false WHERE key = 'shut';
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (pg_temp.id(11), pg_temp.id(1), NULL, 'sales'), (pg_temp.id(12), pg_temp.id(1), pg_temp.id(11), 'north'),
    (pg_temp.id(21), pg_temp.id(2), NULL, 'other');
INSERT INTO rbac.users (id, username) VALUES
    (pg_temp.id(101), 'ir_ann'), (pg_temp.id(102), 'ir_ned'), (pg_temp.id(103), 'ir_own'),
    (pg_temp.id(104), 'ir_all'), (pg_temp.id(105), 'ir_bob');
SELECT rbac.create_scope('ir:read'), rbac.create_scope('ir:write'), rbac.create_scope('ir:own') \g /dev/null
SELECT rbac.create_permission('ir reading', scopes => '{ir:read}'), rbac.create_permission('ir writing', scopes => '{ir:write}'),
       rbac.create_permission('ir owning', scopes => '{ir:own}') \g /dev/null
SELECT rbac.create_role('ir reader', permissions => '{ir reading}'), rbac.create_role('ir writer', permissions => '{ir writing}'),
       rbac.create_role('ir owner', permissions => '{ir owning}') \g /dev/null
SELECT rbac.grant_role(u, r, t, d) FROM (VALUES
    (pg_temp.id(101), 'ir reader', pg_temp.id(1), NULL), (pg_temp.id(101), 'ir writer', pg_temp.id(1), NULL),
    (pg_temp.id(101), 'ir reader', pg_temp.id(2), NULL), (pg_temp.id(101), 'ir reader', pg_temp.id(4), NULL),
    (pg_temp.id(102), 'ir reader', pg_temp.id(1), pg_temp.id(12)), (pg_temp.id(102), 'ir writer', pg_temp.id(1), pg_temp.id(12)),
    (pg_temp.id(103), 'ir owner', pg_temp.id(1), NULL), (pg_temp.id(103), 'ir reader', pg_temp.id(3), NULL),
    (pg_temp.id(104), 'ir reader', NULL, NULL)) AS g (u, r, t, d) \g /dev/null

CREATE TABLE ir_plain (id integer PRIMARY KEY, tenant_id uuid NOT NULL, department_id uuid, owner_id uuid, note text DEFAULT '');
CREATE TABLE ir_parted (LIKE ir_plain INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE ir_parted_low PARTITION OF ir_parted FOR VALUES FROM (0) TO (20);
CREATE TABLE ir_parted_high PARTITION OF ir_parted FOR VALUES FROM (20) TO (1000);
CREATE TABLE ir_parent (LIKE ir_plain INCLUDING ALL);
CREATE TABLE ir_child () INHERITS (ir_parent);
CREATE TABLE ir_key (id integer PRIMARY KEY, tenant_id text NOT NULL, department_id uuid, owner_id uuid, note text DEFAULT '');
CREATE TABLE ir_number (id integer PRIMARY KEY, tenant_id integer NOT NULL, department_id uuid, owner_id uuid, note text DEFAULT '');
INSERT INTO ir_plain SELECT n, pg_temp.id(1 + n % 4),
        CASE WHEN n % 4 = 0 THEN (ARRAY[NULL, pg_temp.id(11), pg_temp.id(12), pg_temp.id(21)])[1 + n / 4 % 4] END,
        CASE WHEN n % 3 = 0 THEN pg_temp.id(103) WHEN n % 3 = 1 THEN pg_temp.id(101) END
    FROM generate_series(0, 39) AS n;
INSERT INTO ir_parted SELECT * FROM ir_plain;
INSERT INTO ir_parent SELECT * FROM ir_plain WHERE id < 20;
INSERT INTO ir_child SELECT * FROM ir_plain WHERE id >= 20;
INSERT INTO ir_key SELECT p.id, t.key, p.department_id, p.owner_id FROM ir_plain AS p JOIN rbac.tenants AS t ON t.id = p.tenant_id;
-- of tenant 7, of a tenant whose key is no number, and of nobody's
INSERT INTO ir_number SELECT id, CASE WHEN tenant_id = pg_temp.id(3) THEN 7 ELSE id END, department_id, owner_id FROM ir_plain WHERE id <> 7;
GRANT SELECT, INSERT, UPDATE, DELETE ON ir_plain, ir_parted, ir_parted_low, ir_parted_high, ir_parent, ir_child, ir_key, ir_number TO regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;

-- The sentence, in plain SQL.
CREATE FUNCTION pg_temp.holds(u uuid, s text, t uuid, d uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE reached (role_id) AS (
        SELECT ur.role_id FROM rbac.user_roles AS ur
        WHERE ur.user_id = u AND (ur.tenant_id IS NULL OR ur.tenant_id = t)
          AND (ur.department_id IS NULL OR ur.department_id = d
               OR ur.department_id = (SELECT parent_id FROM rbac.departments WHERE id = d))
          AND coalesce(ur.valid_from <= statement_timestamp(), true) AND coalesce(ur.valid_until > statement_timestamp(), true)
        UNION
        SELECT i.inherits_role_id FROM reached JOIN rbac.role_inherits AS i USING (role_id)
    )
    SELECT EXISTS (SELECT FROM rbac.users WHERE id = u AND is_active)
       AND EXISTS (SELECT FROM rbac.tenants WHERE id = t AND is_active)
       AND (d IS NULL OR EXISTS (SELECT FROM rbac.departments WHERE id = d AND tenant_id = t))
       AND EXISTS (SELECT FROM reached JOIN rbac.role_permissions USING (role_id)
                   JOIN rbac.permission_scopes USING (permission_id) JOIN rbac.scopes AS sc ON sc.id = scope_id WHERE sc.name = s)
$$;
-- The tenant of a row, however it is named.
CREATE FUNCTION pg_temp.tenant(t text) RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT id FROM rbac.tenants WHERE id::text = t OR key = t $$;
-- Every combination of table, operation and identity: what it may touch.
CREATE TABLE ir_expected (tbl text, command text, u uuid, t uuid, isolated boolean, protected boolean, ids integer[]);
CREATE TABLE ir_seen (LIKE ir_expected);
GRANT INSERT, SELECT ON ir_seen TO regress_rbac_app;
CREATE PROCEDURE pg_temp.expect(isolated boolean, protected boolean) LANGUAGE plpgsql AS $$
DECLARE tbl text; u integer; t integer; c text;
BEGIN
    FOREACH tbl IN ARRAY '{ir_plain,ir_parted,ir_parted_low,ir_parent,ir_child,ir_key,ir_number}'::text[] LOOP
        FOR u IN 100..105 LOOP
            FOR t IN 0..4 LOOP
                FOREACH c IN ARRAY '{SELECT,UPDATE,DELETE}'::text[] LOOP
                    EXECUTE format($q$
                        INSERT INTO ir_expected SELECT %L, $1, $2, $3, $4, $5, coalesce(array_agg(r.id ORDER BY r.id), '{}')
                        FROM %I AS r, LATERAL (SELECT pg_temp.tenant(r.tenant_id::text)) AS of (tenant)
                        WHERE (NOT $4 OR of.tenant = $3)
                          AND (NOT $5
                               OR (pg_temp.holds($2, 'ir:read', of.tenant, NULL) OR r.department_id IS NOT NULL AND pg_temp.holds($2, 'ir:read', of.tenant, r.department_id)
                                   OR r.owner_id = $2 AND (pg_temp.holds($2, 'ir:own', of.tenant, NULL) OR r.department_id IS NOT NULL AND pg_temp.holds($2, 'ir:own', of.tenant, r.department_id)))
                               AND ($1 = 'SELECT'
                                   OR pg_temp.holds($2, 'ir:write', of.tenant, NULL) OR r.department_id IS NOT NULL AND pg_temp.holds($2, 'ir:write', of.tenant, r.department_id)
                                   OR $1 = 'UPDATE' AND r.owner_id = $2 AND (pg_temp.holds($2, 'ir:own', of.tenant, NULL) OR r.department_id IS NOT NULL AND pg_temp.holds($2, 'ir:own', of.tenant, r.department_id))))
                          AND $2 IS NOT NULL $q$, tbl, tbl)
                    USING c, CASE WHEN u > 100 THEN pg_temp.id(u) END, CASE WHEN t > 0 THEN pg_temp.id(t) END, isolated, protected;
                END LOOP;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
-- And what the application's role then does touch. Each write is taken back.
CREATE PROCEDURE pg_temp.try(isolated boolean, protected boolean) LANGUAGE plpgsql AS $$
DECLARE tbl text; u integer; t integer; c text; ids integer[];
BEGIN
    FOREACH tbl IN ARRAY '{ir_plain,ir_parted,ir_parted_low,ir_parent,ir_child,ir_key,ir_number}'::text[] LOOP
        FOR u IN 100..105 LOOP
            FOR t IN 0..4 LOOP
                PERFORM rbac.clear_identity();
                IF u > 100 THEN
                    PERFORM rbac.set_identity(pg_temp.id(u), CASE WHEN t > 0 THEN pg_temp.id(t) END);
                END IF;
                FOREACH c IN ARRAY '{SELECT,UPDATE,DELETE}'::text[] LOOP
                    BEGIN
                        EXECUTE format('WITH w AS (' || CASE c WHEN 'SELECT' THEN 'SELECT id FROM %I'
                                WHEN 'UPDATE' THEN 'UPDATE %I SET note = note || id RETURNING id'
                                ELSE 'DELETE FROM %I RETURNING id' END || ')
                            SELECT coalesce(array_agg(id ORDER BY id), ''{}'') FROM w', tbl) INTO ids;
                        RAISE division_by_zero;
                    EXCEPTION WHEN division_by_zero THEN
                        INSERT INTO ir_seen VALUES (tbl, c, CASE WHEN u > 100 THEN pg_temp.id(u) END,
                            CASE WHEN t > 0 THEN pg_temp.id(t) END, isolated, protected, ids);
                    END;
                END LOOP;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.protect(tbl text) RETURNS void LANGUAGE sql AS $$
    SELECT rbac.protect_table(tbl::regclass, 'tenant_id', 'owner_id', 'department_id',
        'ir:read', 'ir:write', 'ir:write', 'ir:write', 'ir:own', 'ir:own') $$;

SET client_min_messages = warning;
-- (plans that are made to look dear are not to be compiled)
SET jit = off;
-- Isolated only.
SELECT rbac.enable_tenant_isolation(t) FROM unnest('{ir_plain,ir_parted,ir_parent,ir_key,ir_number}'::regclass[]) AS t \g /dev/null
CALL pg_temp.expect(true, false);
SET ROLE regress_rbac_app;
BEGIN; CALL pg_temp.try(true, false); COMMIT;
RESET ROLE;
-- Isolated and protected.
SELECT pg_temp.protect(t) FROM unnest('{ir_plain,ir_parted,ir_parent,ir_key,ir_number}'::text[]) AS t \g /dev/null
CALL pg_temp.expect(true, true);
SET ROLE regress_rbac_app;
BEGIN; CALL pg_temp.try(true, true); COMMIT;
RESET ROLE;
-- Protected only, with and without the help of indexes.
SELECT rbac.disable_tenant_isolation(t) FROM unnest('{ir_plain,ir_parted,ir_parent,ir_key,ir_number}'::regclass[]) AS t \g /dev/null
CALL pg_temp.expect(false, true);
SET ROLE regress_rbac_app;
BEGIN; CALL pg_temp.try(false, true); COMMIT;
SET enable_seqscan = off;
BEGIN; CALL pg_temp.try(false, true); COMMIT;
SET plan_cache_mode = force_generic_plan;
BEGIN; CALL pg_temp.try(false, true); COMMIT;
RESET enable_seqscan;
RESET plan_cache_mode;
-- By parallel workers.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
BEGIN; CALL pg_temp.try(false, true); COMMIT;
RESET ALL;
SET client_min_messages = warning;
RESET ROLE;

SELECT count(*) AS combinations, sum(cardinality(ids)) AS rows FROM ir_expected;
SELECT isolated, protected, count(*) AS tried FROM ir_seen GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM ir_seen AS s JOIN ir_expected AS e USING (tbl, command, isolated, protected)
WHERE s.u IS NOT DISTINCT FROM e.u AND s.t IS NOT DISTINCT FROM e.t AND s.ids <> e.ids
ORDER BY tbl, command, isolated, protected, s.u, s.t LIMIT 10;
-- Every combination was tried in every way, and each of these has rows to tell apart.
SELECT count(*) AS not_tried FROM ir_expected AS e
WHERE NOT EXISTS (SELECT FROM ir_seen AS s WHERE (s.tbl, s.command, s.isolated, s.protected) = (e.tbl, e.command, e.isolated, e.protected)
                  AND s.u IS NOT DISTINCT FROM e.u AND s.t IS NOT DISTINCT FROM e.t);
SELECT tbl, command, count(DISTINCT ids) > 3 AS differ FROM ir_expected WHERE tbl = 'ir_plain' GROUP BY 1, 2 ORDER BY 2;

-- INSERT, one row at a time, into each tenant, department and owner.
SELECT rbac.enable_tenant_isolation('ir_parted') \g /dev/null
CREATE FUNCTION pg_temp.inserts(tbl text, u integer, current integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE t integer; d integer; n integer := 100 * current + 10 * u - 500; done text := '';
BEGIN
    PERFORM rbac.set_identity(pg_temp.id(u), CASE WHEN current > 0 THEN pg_temp.id(current) END);
    FOR t, d IN SELECT * FROM (VALUES (1, 0), (1, 11), (1, 12), (1, 21), (2, 0), (2, 21), (3, 0), (4, 0)) AS v LOOP
        n := n + 1;
        BEGIN
            EXECUTE format('INSERT INTO %I VALUES ($1, $2, $3)', tbl) USING n, pg_temp.id(t), CASE WHEN d > 0 THEN pg_temp.id(d) END;
            done := done || format(' %s/%s', t, d);
        EXCEPTION WHEN insufficient_privilege THEN
        END;
    END LOOP;
    RETURN coalesce(nullif(done, ''), ' none');
END $$;
SET ROLE regress_rbac_app;
BEGIN;
SELECT u, current, pg_temp.inserts('ir_plain', u, current) AS "protected", pg_temp.inserts('ir_parted', u, current) AS "and isolated"
FROM generate_series(101, 105) AS u, generate_series(0, 2) AS current ORDER BY 1, 2;
ROLLBACK;
-- The tenant of a new row is the current one, unless it says otherwise.
BEGIN;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1)) \g /dev/null
INSERT INTO ir_parted (id) VALUES (700) RETURNING tenant_id = rbac.current_tenant_id() AS is_current;

-- UPSERT: what is there and foreign is neither changed nor shown.
SAVEPOINT s;
INSERT INTO ir_parted (id, note) VALUES (0, 'taken') ON CONFLICT (id) DO UPDATE SET note = 'changed' RETURNING id, note;
INSERT INTO ir_parted (id, note) VALUES (1, 'taken') ON CONFLICT (id) DO UPDATE SET note = 'changed' RETURNING id, note;
ROLLBACK TO s;
INSERT INTO ir_parted (id, note) VALUES (1, 'taken') ON CONFLICT DO NOTHING RETURNING id, note;
-- MERGE matches only what is seen; a foreign row is still in the way.
MERGE INTO ir_parted AS p USING (VALUES (4), (800)) AS v (id) ON p.id = v.id
    WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT (id, note) VALUES (v.id, 'new');
SELECT id, note FROM ir_parted WHERE note IN ('merged', 'new') ORDER BY id;
SAVEPOINT s;
MERGE INTO ir_parted AS p USING (VALUES (1)) AS v (id) ON p.id = v.id
    WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);
ROLLBACK TO s;
-- A row does not change its tenant; nor its owner into somebody else's, where
-- only the owner may.
UPDATE ir_parted SET tenant_id = pg_temp.id(2) WHERE id = 4;
ROLLBACK TO s;
SELECT rbac.set_identity(pg_temp.id(103), pg_temp.id(1)) \g /dev/null
UPDATE ir_parted SET note = 'mine' WHERE id = 12 RETURNING id, note;
UPDATE ir_parted SET owner_id = pg_temp.id(101) WHERE id = 12;
ROLLBACK;

-- TABLE, FOR UPDATE, COPY TO: the same rows. COPY FROM is not for whom policies bind.
BEGIN;
SELECT rbac.set_identity(pg_temp.id(102), pg_temp.id(1)) \g /dev/null
TABLE ir_parted ORDER BY id;
SELECT id FROM ir_parted ORDER BY id FOR UPDATE;
COPY ir_parted (id) TO STDOUT;
COPY (SELECT id FROM ir_parted_low) TO STDOUT;
COPY ir_parted (id) FROM STDIN;
900
\.
ROLLBACK;

-- A cursor goes on with the rows of whoever opened it; a new one begins anew.
BEGIN;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1)) \g /dev/null
DECLARE before CURSOR FOR SELECT id FROM ir_parted ORDER BY id;
FETCH 2 FROM before;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(2)) \g /dev/null
DECLARE after CURSOR FOR SELECT id FROM ir_parted ORDER BY id;
FETCH 2 FROM after;
FETCH 2 FROM before;
COMMIT;

-- Prepared statements are planned once and run by everybody.
PREPARE mine AS SELECT array_agg(id ORDER BY id) FROM ir_parted;
BEGIN;
EXECUTE mine;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1)) \g /dev/null
EXECUTE mine;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(2)) \g /dev/null
EXECUTE mine;
SELECT rbac.set_identity(pg_temp.id(105), pg_temp.id(2)) \g /dev/null
EXECUTE mine;
COMMIT;
EXECUTE mine;
DEALLOCATE mine;

-- Views: with security_invoker the caller is bound by the policies, without it
-- the view's owner is: a superuser by none, and everybody else by the same.
RESET ROLE;
CREATE VIEW ir_invoker WITH (security_invoker = true) AS SELECT id FROM ir_parted;
CREATE VIEW ir_superusers AS SELECT id FROM ir_parted;
CREATE ROLE regress_rbac_owner;
CREATE VIEW ir_owners AS SELECT id FROM ir_parted;
ALTER VIEW ir_owners OWNER TO regress_rbac_owner;
GRANT SELECT ON ir_parted TO regress_rbac_owner;
GRANT SELECT ON ir_invoker, ir_superusers, ir_owners TO regress_rbac_app;
SET ROLE regress_rbac_app;
BEGIN;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(2)) \g /dev/null
SELECT (SELECT count(*) FROM ir_invoker) AS invoker, (SELECT count(*) FROM ir_owners) AS owners,
       (SELECT count(*) FROM ir_superusers) AS superusers;
COMMIT;
RESET ROLE;

-- Foreign keys are checked past policies, as PostgreSQL documents: a row of one
-- tenant may refer to one of another, unless the key has the tenant in it.
CREATE TABLE ir_notes (id integer PRIMARY KEY, tenant_id uuid NOT NULL, doc integer REFERENCES ir_plain);
ALTER TABLE ir_plain ADD UNIQUE (tenant_id, id);
CREATE TABLE ir_strict_notes (id integer PRIMARY KEY, tenant_id uuid NOT NULL, doc integer,
    FOREIGN KEY (tenant_id, doc) REFERENCES ir_plain (tenant_id, id) ON DELETE CASCADE);
SELECT rbac.enable_tenant_isolation('ir_plain'), rbac.enable_tenant_isolation('ir_notes'),
       rbac.enable_tenant_isolation('ir_strict_notes') \g /dev/null
GRANT SELECT, INSERT, UPDATE, DELETE ON ir_notes, ir_strict_notes TO regress_rbac_app;
SET ROLE regress_rbac_app;
BEGIN;
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(1)) \g /dev/null
INSERT INTO ir_notes (id, doc) VALUES (1, 1) RETURNING id, doc;
INSERT INTO ir_strict_notes (id, doc) VALUES (1, 4) RETURNING id, doc;
SAVEPOINT s;
INSERT INTO ir_strict_notes (id, doc) VALUES (2, 1) RETURNING id, doc;
ROLLBACK TO s;
DELETE FROM ir_plain WHERE id = 4;
SELECT count(*) AS left_by_the_cascade FROM ir_strict_notes;
ROLLBACK;
RESET ROLE;

DROP TABLE ir_plain, ir_parted, ir_parent, ir_child, ir_key, ir_number, ir_expected, ir_seen, ir_notes, ir_strict_notes CASCADE;
DELETE FROM rbac.tenants WHERE id IN (SELECT pg_temp.id(n) FROM generate_series(1, 4) AS n);
DELETE FROM rbac.users WHERE username LIKE 'ir\_%';
DELETE FROM rbac.roles WHERE name LIKE 'ir %';
DELETE FROM rbac.permissions WHERE name LIKE 'ir %';
DELETE FROM rbac.scopes WHERE name LIKE 'ir:%';
DROP OWNED BY regress_rbac_app, regress_rbac_owner;
DROP ROLE regress_rbac_app, regress_rbac_owner;
