-- However a row is written, what is stored is what was judged: by UPDATE of many
-- rows, INSERT ... ON CONFLICT, MERGE, COPY, from one partition to another, by a
-- foreign key, in other triggers and after them, through a view.
--
-- The rule: open goes to busy and back, busy to done. Every step is for whoever is
-- asking but who made the task.
--
--   ann asks; tasks 1 to 9 are bob's, 10 and above her own.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
\set ann '''43000000-0000-0000-0000-000000000001'''
\set bob '''43000000-0000-0000-0000-000000000002'''
\set here '''43000000-0000-0000-0000-00000000000a'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:here, '7', 'Seven');
INSERT INTO rbac.users (id, username) VALUES (:ann, 'ww_ann'), (:bob, 'ww_bob');
INSERT INTO rbac.workflow_statuses (id, name) VALUES (9401, 'open'), (9402, 'busy'), (9403, 'done');
INSERT INTO rbac.workflows (id, name, initial_status_id) VALUES (9401, 'ww', 9401);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9401, 'job', 9401);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, not_creator)
    VALUES (9401, 9401, 9402, true), (9401, 9402, 9401, true), (9401, 9402, 9403, true);
CREATE ROLE regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
CREATE SCHEMA ww AUTHORIZATION regress_rbac_app;
SET ROLE regress_rbac_app;
SET search_path = ww;

CREATE TABLE jobs (
    id integer PRIMARY KEY, note text, status integer DEFAULT NULL, kind integer DEFAULT 9401, maker uuid
);
SELECT rbac.attach_workflow('jobs', 'status', 'kind', creator_column => 'maker');
CREATE FUNCTION maker(id integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('43000000-0000-0000-0000-00000000000' || CASE WHEN id < 10 THEN '2' ELSE '1' END)::uuid;
SELECT rbac.set_identity(:ann, :here, local => false);
\echo '# Many rows at once: all or none.'
INSERT INTO jobs (id, maker) SELECT n, maker(n) FROM generate_series(1, 12) AS n;
SELECT status, count(*) FROM jobs GROUP BY 1;
UPDATE jobs SET status = 9402;
UPDATE jobs SET status = 9402 WHERE id < 10;
SELECT status, count(*) FROM jobs GROUP BY 1 ORDER BY 1;
UPDATE jobs SET status = CASE id WHEN 1 THEN 9403 ELSE 9401 END WHERE id < 3;
SELECT id, status FROM jobs WHERE id < 3 ORDER BY 1;
UPDATE jobs SET status = 9402 WHERE id < 3;

\echo '# INSERT ... ON CONFLICT: a start, or a step.'
INSERT INTO jobs (id, maker) VALUES (2, maker(2)), (20, maker(2)) ON CONFLICT (id) DO UPDATE SET status = 9402 RETURNING id, status;
INSERT INTO jobs (id, status, maker) VALUES (2, 9403, maker(2)) ON CONFLICT (id) DO UPDATE SET status = excluded.status RETURNING id, status;
INSERT INTO jobs (id, status, maker) VALUES (21, 9403, maker(2)) ON CONFLICT (id) DO UPDATE SET status = excluded.status;
INSERT INTO jobs (id, status, maker) VALUES (10, 9402, maker(2)) ON CONFLICT (id) DO UPDATE SET status = excluded.status;
INSERT INTO jobs (id, status, maker) VALUES (1, 9401, maker(2)) ON CONFLICT (id) DO UPDATE SET status = excluded.status;
INSERT INTO jobs (id, status, maker) VALUES (10, 9403, maker(2)) ON CONFLICT DO NOTHING;

\echo '# MERGE.'
MERGE INTO jobs USING (VALUES (3, 9403), (22, 9401)) AS v (id, status) ON jobs.id = v.id
    WHEN MATCHED THEN UPDATE SET status = v.status
    WHEN NOT MATCHED THEN INSERT (id, status, maker) VALUES (v.id, v.status, maker(v.id));
SELECT id, status FROM jobs WHERE id IN (3, 22) ORDER BY 1;
MERGE INTO jobs USING (VALUES (4, 9403), (23, 9403)) AS v (id, status) ON jobs.id = v.id
    WHEN MATCHED THEN UPDATE SET status = v.status
    WHEN NOT MATCHED THEN INSERT (id, status, maker) VALUES (v.id, v.status, maker(v.id));
MERGE INTO jobs USING (VALUES (3, 9401)) AS v (id, status) ON jobs.id = v.id
    WHEN MATCHED THEN UPDATE SET status = v.status;

\echo '# COPY.'
COPY jobs (id, status, maker) FROM stdin;
30	\N	43000000-0000-0000-0000-000000000002
31	9401	43000000-0000-0000-0000-000000000002
\.
COPY jobs (id, status, maker) FROM stdin;
32	9401	43000000-0000-0000-0000-000000000002
33	9402	43000000-0000-0000-0000-000000000002
\.
SELECT id, status FROM jobs WHERE id >= 30 ORDER BY 1;

\echo '# One statement, many parts: each row is judged by what it was.'
WITH a AS (UPDATE jobs SET status = 9403 WHERE id = 5 RETURNING id), b AS (INSERT INTO jobs (id, status) VALUES (40, 9402)) SELECT * FROM a;
WITH a AS (UPDATE jobs SET status = 9403 WHERE id = 5 RETURNING id), b AS (INSERT INTO jobs (id, status, maker) VALUES (40, 9401, maker(1))) SELECT * FROM a;
PREPARE go (integer, integer) AS UPDATE jobs SET status = $2 WHERE id = $1 RETURNING id, status;
EXECUTE go (6, 9403);
EXECUTE go (6, 9401);
EXECUTE go (7, 9403);
CREATE VIEW open_jobs AS SELECT id, status, maker FROM jobs WHERE status <> 9403;
UPDATE open_jobs SET status = 9403 WHERE id = 8 RETURNING id, status;
UPDATE open_jobs SET status = 9401 WHERE id = 10;
UPDATE open_jobs SET status = 9402 WHERE id = 10;

\echo '# Triggers of others: before ours by name, and after; what is stored counts.'
DELETE FROM jobs;
INSERT INTO jobs (id, maker) SELECT n, maker(n) FROM generate_series(1, 12) AS n;
CREATE FUNCTION rush() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 9403; RETURN NEW; END $$;
CREATE TRIGGER zzz_rush BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW WHEN (NEW.note = 'rush') EXECUTE FUNCTION rush();
UPDATE jobs SET note = 'rush' WHERE id = 1;
UPDATE jobs SET note = 'rush', status = 9402 WHERE id = 1;
INSERT INTO jobs (id, note, maker) VALUES (50, 'rush', maker(1));
UPDATE jobs SET status = 9402 WHERE id = 1;
UPDATE jobs SET note = 'rush' WHERE id = 1 RETURNING id, status;
ALTER TRIGGER zzz_rush ON jobs RENAME TO "A rush";
UPDATE jobs SET note = 'rush' WHERE id = 2;
DROP TRIGGER "A rush" ON jobs;
-- A trigger after the row that goes on with it.
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE ww.jobs SET status = 9403 WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER a_follow AFTER UPDATE ON jobs FOR EACH ROW WHEN (NEW.status = 9402) EXECUTE FUNCTION follow();
UPDATE jobs SET status = 9402 WHERE id = 3;
SELECT id, status FROM jobs WHERE id = 3;
DROP TRIGGER a_follow ON jobs;
CREATE CONSTRAINT TRIGGER a_follow AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 9401) EXECUTE FUNCTION follow();
BEGIN;
UPDATE jobs SET status = 9402 WHERE id = 4;
UPDATE jobs SET status = 9401 WHERE id = 4;
-- from open to done, at the end of the transaction
COMMIT;
SELECT id, status FROM jobs WHERE id = 4;
DROP TRIGGER a_follow ON jobs;
-- Deferred constraints defer nothing of ours.
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE jobs SET status = 9403 WHERE id = 4;
ROLLBACK;

\echo '# Foreign keys that write.'
CREATE TABLE phases (id integer PRIMARY KEY);
INSERT INTO phases VALUES (9401), (9402), (9403);
ALTER TABLE jobs ADD CONSTRAINT phase FOREIGN KEY (status) REFERENCES phases ON UPDATE CASCADE ON DELETE SET NULL;
DELETE FROM phases WHERE id = 9401;
UPDATE phases SET id = 9404 WHERE id = 9401;
ALTER TABLE jobs DROP CONSTRAINT phase;

\echo '# Partitions: each with its columns in another order, one of them divided again.'
DROP TABLE jobs CASCADE;
CREATE TABLE jobs (id integer, status integer, kind integer, maker uuid, region text) PARTITION BY LIST (region);
CREATE TABLE jobs_n (region text, maker uuid, gone integer, kind integer, status integer, id integer);
ALTER TABLE jobs_n DROP COLUMN gone;
ALTER TABLE jobs ATTACH PARTITION jobs_n FOR VALUES IN ('n');
CREATE TABLE jobs_s PARTITION OF jobs FOR VALUES IN ('s') PARTITION BY RANGE (id);
CREATE TABLE jobs_s_low PARTITION OF jobs_s FOR VALUES FROM (0) TO (100);
SELECT rbac.attach_workflow('jobs', 'status', 'kind', creator_column => 'maker');
SELECT rbac.attach_workflow('jobs_n', 'status', 'kind');
-- One that comes later follows.
CREATE TABLE jobs_s_high PARTITION OF jobs_s FOR VALUES FROM (100) TO (200);
SELECT c.relname, count(*) FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid WHERE g.tgname ~ 'rbac_workflow' AND c.relnamespace = 'ww'::regnamespace GROUP BY 1 ORDER BY 1;
INSERT INTO jobs (id, kind, maker, region) SELECT n, 9401, maker(n), CASE WHEN n % 2 = 0 THEN 'n' ELSE 's' END FROM generate_series(1, 12) AS n;
SELECT region, status, count(*) FROM jobs GROUP BY 1, 2 ORDER BY 1;
UPDATE jobs SET status = 9402 WHERE id < 10;
-- A move is judged as the update that it is.
UPDATE jobs SET region = 's' WHERE id = 2 RETURNING tableoid::regclass, status;
UPDATE jobs SET region = 'n', status = 9403 WHERE id = 2 RETURNING tableoid::regclass, status;
UPDATE jobs SET region = 's', status = 9402 WHERE id = 2;
UPDATE jobs SET region = 's', status = 9401 WHERE id = 2;
UPDATE jobs SET region = 's', status = 9403 WHERE id = 12;
UPDATE jobs SET region = 's', status = 9402 WHERE id = 12;
UPDATE jobs SET region = 's', status = 9402, maker = :bob WHERE id = 12;
UPDATE jobs SET region = 's', maker = :bob WHERE id = 12;
-- A status that is left out is the initial one also of a row that comes by a move, if that is a step.
UPDATE jobs SET region = 's', status = NULL WHERE id = 2;
UPDATE jobs SET region = 'n', status = 9402 WHERE id = 12 RETURNING tableoid::regclass, status;
UPDATE jobs SET id = id + 100, status = 9403 WHERE id IN (3, 5) RETURNING tableoid::regclass, id, status;
UPDATE jobs SET region = CASE region WHEN 's' THEN 'n' ELSE 's' END WHERE id < 100;
SELECT tableoid::regclass, status, count(*) FROM jobs GROUP BY 1, 2 ORDER BY 1, 2;
-- Many moves at once, one of which may not be.
UPDATE jobs SET region = 's', status = 9403 WHERE id IN (1, 7, 9, 11);
-- An insert is still a start, whatever moves beside it.
MERGE INTO jobs USING (VALUES (1), (60)) AS v (id) ON jobs.id = v.id
    WHEN MATCHED THEN UPDATE SET region = 's', status = 9403
    WHEN NOT MATCHED THEN INSERT VALUES (60, 9403, 9401, maker(1), 'n');
MERGE INTO jobs USING (VALUES (1), (60)) AS v (id) ON jobs.id = v.id
    WHEN MATCHED THEN UPDATE SET region = 's', status = 9403
    WHEN NOT MATCHED THEN INSERT VALUES (60, 9401, 9401, maker(1), 'n');
MERGE INTO jobs USING (VALUES (7), (61)) AS v (id) ON jobs.id = v.id
    WHEN MATCHED THEN DELETE
    WHEN NOT MATCHED THEN INSERT VALUES (61, 9403, 9401, maker(1), 's');
WITH gone AS (DELETE FROM jobs WHERE id = 7 RETURNING *) INSERT INTO jobs SELECT id, 9403, kind, maker, 's' FROM gone;
SELECT id, status, region FROM jobs WHERE id IN (1, 7, 60, 61) ORDER BY 1;
-- A trigger that moves other rows while one moves.
CREATE FUNCTION along() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE ww.jobs SET region = 'n', status = 9403 WHERE id = OLD.id + 100; RETURN NULL; END $$;
CREATE TRIGGER z_along AFTER DELETE ON jobs FOR EACH ROW WHEN (OLD.id = 8) EXECUTE FUNCTION along();
DELETE FROM jobs WHERE id IN (8, 108);
INSERT INTO jobs VALUES (8, NULL, 9401, maker(1), 'n'), (108, NULL, 9401, maker(1), 's');
UPDATE jobs SET status = 9402 WHERE id IN (8, 108);
UPDATE jobs SET region = 's', status = 9403 WHERE id = 8;
SELECT id, status, region FROM jobs WHERE id IN (8, 108) ORDER BY 1;
DROP TRIGGER z_along ON jobs;
SELECT rbac.detach_workflow('jobs');
SELECT count(*) FROM pg_trigger WHERE tgname ~ 'rbac_workflow';

\echo '# Tables that inherit.'
DROP TABLE jobs CASCADE;
CREATE TABLE jobs (id integer, status integer, kind integer DEFAULT 9401, maker uuid);
CREATE TABLE more_jobs (extra text) INHERITS (jobs);
SELECT rbac.attach_workflow('jobs', 'status', 'kind', creator_column => 'maker');
INSERT INTO more_jobs (id, maker) VALUES (1, maker(1)) RETURNING status;
INSERT INTO more_jobs (id, status, maker) VALUES (1, 9402, maker(1));
UPDATE jobs SET status = 9402 RETURNING tableoid::regclass, status;
UPDATE more_jobs SET status = 9402, maker = :ann;
UPDATE more_jobs SET maker = :ann;
UPDATE jobs SET status = 9403;
SELECT rbac.detach_workflow('jobs');
SELECT count(*) FROM pg_trigger WHERE tgname ~ 'rbac_workflow';

\echo '# The tenant by its key, or by a number; it has a workflow of its own.'
RESET ROLE;
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES (9402, :here, 'ww', 9402);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9402, 9402, 9401);
SET ROLE regress_rbac_app;
DROP TABLE jobs CASCADE;
CREATE TABLE jobs (id integer, status integer, kind integer DEFAULT 9401, maker uuid, by_text text, by_number bigint, by_integer integer);
SELECT rbac.attach_workflow('jobs', 'status', 'kind', 'by_text', creator_column => 'maker');
INSERT INTO jobs VALUES (1, NULL, 9401, maker(1), '7'), (2, NULL, 9401, maker(1), 'nobody'), (3, NULL, 9401, maker(1), NULL) RETURNING id, status;
UPDATE jobs SET status = 9401 WHERE id = 1;
UPDATE jobs SET status = 9402 WHERE id = 2;
UPDATE jobs SET status = 9402 WHERE id = 3;
SELECT rbac.attach_workflow('jobs', 'status', 'kind', 'by_number', creator_column => 'maker');
INSERT INTO jobs (id, by_number) VALUES (4, 7), (5, 8) RETURNING id, status;
SELECT rbac.attach_workflow('jobs', 'status', 'kind', 'by_integer', creator_column => 'maker');
INSERT INTO jobs (id, by_integer) VALUES (6, 7), (7, 8) RETURNING id, status;
-- A row that comes to another tenant must be in a status that there is there.
UPDATE jobs SET by_integer = 7 WHERE id = 7;
UPDATE jobs SET by_integer = 8 WHERE id = 6 RETURNING id, status;
SELECT rbac.attach_workflow('jobs', 'status', 'kind', creator_column => 'maker');
INSERT INTO jobs (id) VALUES (8) RETURNING id, status;

\echo '# Rows from before there was a workflow.'
SELECT rbac.detach_workflow('jobs');
DELETE FROM jobs;
INSERT INTO jobs (id, status, kind, by_text) VALUES (1, NULL, NULL, 'x'), (2, NULL, 9401, 'x'), (3, 9409, 9401, 'x'), (4, 9403, 9409, 'x');
SELECT rbac.attach_workflow('jobs', 'status', 'kind', 'by_text', creator_column => 'maker');
UPDATE jobs SET maker = :bob;
UPDATE jobs SET kind = 9401 WHERE id = 1 RETURNING id, status;
UPDATE jobs SET status = 9402 WHERE id = 2;
UPDATE jobs SET status = 9401 WHERE id = 2 RETURNING id, status;
UPDATE jobs SET status = 9401 WHERE id = 3;
UPDATE jobs SET status = 9401 WHERE id = 4;
UPDATE jobs SET kind = 9401 WHERE id = 4 RETURNING id, status;
UPDATE jobs SET kind = NULL WHERE id = 4;
INSERT INTO jobs (id, kind) VALUES (5, NULL);
INSERT INTO jobs (id, kind, status) VALUES (5, 9409, 9401);

\echo '# doctor() finds where steps are not judged.'
DROP TABLE jobs CASCADE;
CREATE TABLE jobs (id integer, status integer, kind integer, maker uuid) PARTITION BY RANGE (id);
CREATE TABLE jobs_low PARTITION OF jobs FOR VALUES FROM (0) TO (10);
CREATE TABLE jobs_old (LIKE jobs);
CREATE TABLE plain (id integer, status_id integer, type_id integer);
SELECT rbac.attach_workflow('jobs', 'status', 'kind', creator_column => 'maker'), rbac.attach_workflow('plain');
SELECT level, check_name, object, detail, remedy FROM rbac._examine_workflows() ORDER BY 2, 3, 4;
ALTER TABLE jobs_low DISABLE TRIGGER rbac_workflow_step;
CREATE TABLE more () INHERITS (plain);
DROP TRIGGER zz_rbac_workflow_start ON plain;
ALTER TABLE jobs RENAME maker TO author;
ALTER TABLE plain DISABLE TRIGGER ALL;
SELECT level, check_name, object, detail, remedy FROM rbac._examine_workflows() ORDER BY 2, 3, 4;
RESET ROLE;
SELECT check_name, object FROM rbac.doctor() WHERE check_name ~ 'workflow' ORDER BY 1, 2;
RESET search_path;
SELECT rbac.clear_identity();
SET client_min_messages = warning;
DROP SCHEMA ww CASCADE;
DELETE FROM rbac.task_types WHERE id = 9401;
DELETE FROM rbac.workflows WHERE name = 'ww';
DELETE FROM rbac.workflow_statuses WHERE id > 9400;
DELETE FROM rbac.users WHERE username LIKE 'ww\_%';
DELETE FROM rbac.tenants WHERE id = :here;
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
