-- Ways to see, or to forge, counts that are not one's own, tried.
--
-- The victim's table counts by tenant; the attacker owns tables beside it, may run
-- any SQL as the application's role, and knows everything about how it is made.
\set VERBOSITY terse
SET rbac.summary_pending = 0;
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((56000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_mallory;
INSERT INTO rbac.tenants (id, key, name) VALUES (pg_temp.id(1), 'acme', 'Acme'), (pg_temp.id(2), 'beta', 'Beta');
INSERT INTO rbac.users (id, username) VALUES (pg_temp.id(101), 'as_mallory');
SELECT rbac.create_role('as member') \g /dev/null
SELECT rbac.grant_role(pg_temp.id(101), 'as member', pg_temp.id(2)) \g /dev/null
CREATE SCHEMA vi AUTHORIZATION regress_rbac_owner;
CREATE SCHEMA ma AUTHORIZATION regress_rbac_mallory;
GRANT USAGE ON SCHEMA vi TO regress_rbac_mallory;
SET ROLE regress_rbac_owner;
CREATE TABLE vi.tasks (id integer, tenant_id uuid NOT NULL, assignee text, status_id integer);
SELECT rbac.enable_tenant_isolation('vi.tasks');
SELECT rbac.create_summary('tasks_by_assignee', 'vi.tasks', '{assignee}');
GRANT SELECT, INSERT ON vi.tasks TO regress_rbac_mallory;
GRANT SELECT ON vi.tasks_by_assignee, vi.tasks_by_assignee_totals TO regress_rbac_mallory;
RESET ROLE;
INSERT INTO vi.tasks SELECT n, pg_temp.id(1 + n % 2), 'secret' || n % 4, 1 FROM generate_series(1, 20) AS n;
SELECT id AS victim FROM rbac.summaries \gset
SELECT rbac.set_identity(pg_temp.id(101), pg_temp.id(2), local => false);
SET ROLE regress_rbac_mallory;

-- To see: all there is, is Beta's, from every side.
CREATE FUNCTION ma.shout(anything text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', anything; RETURN true; END $$;
SELECT * FROM vi.tasks_by_assignee ORDER BY assignee;
SELECT assignee FROM vi.tasks_by_assignee WHERE ma.shout(assignee) ORDER BY assignee;
SELECT assignee FROM vi._tasks_by_assignee_counts WHERE ma.shout(assignee) ORDER BY assignee;
SELECT assignee FROM vi._tasks_by_assignee_groups WHERE ma.shout(assignee) ORDER BY assignee;
SELECT assignee FROM vi._tasks_by_assignee_pending WHERE ma.shout(assignee) ORDER BY assignee;
SELECT count(CASE WHEN assignee < 'z' THEN ma.shout(assignee) END) FROM vi._tasks_by_assignee_pending;
SELECT count(*) FROM pg_stats WHERE schemaname = 'vi' AND tablename LIKE '\_tasks%';
SELECT rbac._is_settled(5, array_fill(NULL::integer, ARRAY[1000000]));
SELECT * FROM rbac._differences(:victim);
SELECT * FROM rbac._verify(:victim);
SELECT rbac._execute_fresh('SELECT FROM vi._tasks_by_assignee_pending');
SELECT rbac._summary_is_current(:victim, '');

-- To forge: a trigger of one's own table that counts for another's summary
CREATE TABLE ma.tasks (id integer, tenant_id uuid, assignee text, status_id integer);
SELECT format('rbac_summary_%s_columns', :'victim') AS columns \gset
CREATE TRIGGER :columns AFTER UPDATE OF assignee, tenant_id, status_id ON ma.tasks FOR EACH ROW EXECUTE FUNCTION rbac._counted_by(:'victim');
CREATE TRIGGER forged AFTER INSERT ON ma.tasks FOR EACH ROW EXECUTE FUNCTION rbac._count_row(:'victim');
INSERT INTO ma.tasks VALUES (1, pg_temp.id(1), 'forged', 1);
DROP TRIGGER forged ON ma.tasks;
CREATE TRIGGER forged BEFORE TRUNCATE ON ma.tasks EXECUTE FUNCTION rbac._count_truncated(:'victim');
TRUNCATE ma.tasks;
DROP TRIGGER forged ON ma.tasks;
-- a summary of one's own that has another's tables behind it
SELECT rbac._register_summary('ma.tasks', 'vi.tasks_by_assignee', 'vi.tasks_by_assignee_totals', 'vi._tasks_by_assignee_counts', 'vi._tasks_by_assignee_groups', 'vi._tasks_by_assignee_pending', '{assignee}', '{tenant_id}', 'status_id');
SELECT rbac._drop_parts(:victim);
-- doing the owner's work on it
SELECT rbac._recount(:victim);
SELECT rbac._compact(:victim);
SELECT rbac._member_comes(:victim, 'ma.tasks'), rbac._member_goes(:victim, 'vi.tasks');
SELECT rbac._carry_policies(:victim);
SELECT rbac._drop_summary(s) FROM rbac.summaries AS s;
-- triggers that look as if one's table had been a partition
CREATE POLICY evil ON ma.tasks USING (ma.shout('read by ' || current_user));
GRANT SELECT ON ma.tasks TO PUBLIC;
SELECT format('rbac_summary_%s_end', :'victim') AS name \gset
CREATE TRIGGER :name AFTER INSERT ON ma.tasks FOR EACH STATEMENT EXECUTE FUNCTION rbac._write_counted(:'victim');
RESET ROLE;
ALTER TABLE vi.tasks ADD COLUMN another integer;
ALTER TABLE vi.tasks DROP COLUMN another;
SET ROLE regress_rbac_mallory;
DROP POLICY evil ON ma.tasks;
DROP TRIGGER :name ON ma.tasks;
SELECT rbac._make_statement_triggers(:victim, 'vi.tasks');

-- To have one's code run with others' rights: hung on what is behind a summary of
-- one's own, for when a superuser writes to it, folds it, or changes something
SELECT rbac.create_summary('mine', 'ma.tasks', '{assignee}');
CREATE TABLE ma.loot (by_whom text, what text);
CREATE FUNCTION ma.grab() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ma.loot VALUES (current_user, TG_TABLE_NAME); RETURN NEW; END $$;
CREATE FUNCTION ma.grab(anything text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'computed by %', current_user; RETURN anything; END $$;
CREATE TRIGGER grab BEFORE INSERT ON ma._mine_counts FOR EACH ROW EXECUTE FUNCTION ma.grab();
CREATE TRIGGER grab BEFORE INSERT ON ma._mine_groups FOR EACH ROW EXECUTE FUNCTION ma.grab();
CREATE INDEX ON ma._mine_counts (ma.grab(assignee));
ALTER TABLE ma._mine_counts ADD CHECK (ma.grab(assignee) IS NOT NULL);
RESET ROLE;
INSERT INTO ma.tasks VALUES (1, pg_temp.id(1), 'a', 1), (2, pg_temp.id(1), 'b', 1);
SELECT rbac.compact_summary('mine');
SELECT rbac.rebuild_summary('mine');
SELECT DISTINCT by_whom FROM ma.loot;
SET ROLE regress_rbac_mallory;
-- nothing of this may do more than that work
CREATE OR REPLACE FUNCTION ma.grab() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE left_behind (); RETURN NEW; END $$;
RESET ROLE;
INSERT INTO ma.tasks VALUES (5, pg_temp.id(1), 'e', 1);
SELECT rbac.compact_summary('mine');
SET ROLE regress_rbac_mallory;
CREATE OR REPLACE FUNCTION ma.grab() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET ROLE regress_rbac_owner; RETURN NEW; END $$;
RESET ROLE;
INSERT INTO ma.tasks VALUES (3, pg_temp.id(1), 'c', 1);
SELECT rbac.compact_summary('mine');
SET ROLE regress_rbac_mallory;
CREATE TRIGGER grab BEFORE INSERT ON ma._mine_pending FOR EACH ROW EXECUTE FUNCTION ma.grab();
RESET ROLE;
INSERT INTO ma.tasks VALUES (4, pg_temp.id(1), 'd', 1);
-- a policy that is carried over is read by PostgreSQL, which can run code of theirs
RESET ROLE;
ALTER EVENT TRIGGER rbac_summaries_follow_changes DISABLE;
SET ROLE regress_rbac_mallory;
DROP TRIGGER grab ON ma._mine_pending;
CREATE FUNCTION ma.check_it(n integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'checked by %', current_user; RETURN true; END $$;
CREATE DOMAIN ma.number AS integer CHECK (ma.check_it(VALUE));
ALTER TABLE ma.tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY numbers ON ma.tasks USING ('{1}'::ma.number[] IS NOT NULL);
RESET ROLE;
ALTER EVENT TRIGGER rbac_summaries_follow_changes ENABLE ALWAYS;
ALTER TABLE ma.tasks ADD COLUMN harmless integer;
SET ROLE regress_rbac_mallory;
ALTER TABLE ma.tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY "x'); DROP TABLE vi.tasks; --" ON ma.tasks USING (ma.shout('read by ' || current_user));
RESET ROLE;
ALTER POLICY "x'); DROP TABLE vi.tasks; --" ON ma.tasks USING (ma.shout('now read by ' || current_user));
DROP TRIGGER grab ON ma._mine_counts;
SELECT count(*) FROM vi.tasks;

-- what is left of a summary keeps nobody from dropping what is theirs
SET ROLE regress_rbac_mallory;
DROP POLICY "x'); DROP TABLE vi.tasks; --" ON ma.tasks;
CREATE VIEW ma.blocker AS SELECT * FROM ma.mine_totals;
SET row_security = off;
DROP VIEW ma.mine;
RESET row_security;
RESET ROLE;
CREATE TABLE vi.passing (); DROP TABLE vi.passing;
SET ROLE regress_rbac_owner;
CREATE TABLE vi.passing (); DROP TABLE vi.passing;
RESET ROLE;

-- What was not theirs is as it was.
SELECT rbac.clear_identity();
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT tenant_id, assignee, sum(_count) FROM vi._tasks_by_assignee_pending GROUP BY 1, 2 ORDER BY 1, 2;
DROP SCHEMA ma CASCADE;
DROP SCHEMA vi CASCADE;
SELECT count(*) FROM rbac.summaries;
DELETE FROM rbac.users WHERE username = 'as_mallory';
DELETE FROM rbac.tenants WHERE key IN ('acme', 'beta');
DELETE FROM rbac.roles WHERE name = 'as member';
DROP OWNED BY regress_rbac_owner, regress_rbac_mallory;
DROP ROLE regress_rbac_owner, regress_rbac_mallory;
