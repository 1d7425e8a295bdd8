-- A summary of a partitioned table counts the rows of the partitions that it has:
-- however rows get into them, and however partitions come and go.
\set VERBOSITY terse
SET rbac.summary_pending = 0;
CREATE ROLE regress_rbac_owner;
CREATE SCHEMA sp AUTHORIZATION regress_rbac_owner;
SET ROLE regress_rbac_owner;
-- by month, and one month by assignee; columns in another order, one dropped
CREATE TABLE sp.tasks (id integer, created date, assignee text, status_id integer) PARTITION BY RANGE (created);
CREATE TABLE sp.jan PARTITION OF sp.tasks FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE sp.feb (gone integer, status_id integer, assignee text, id integer, created date);
ALTER TABLE sp.feb DROP COLUMN gone;
ALTER TABLE sp.tasks ATTACH PARTITION sp.feb FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE sp.mar PARTITION OF sp.tasks FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') PARTITION BY LIST (assignee);
CREATE TABLE sp.mar_ann PARTITION OF sp.mar FOR VALUES IN ('ann');
CREATE TABLE sp.mar_rest PARTITION OF sp.mar DEFAULT;
INSERT INTO sp.tasks SELECT n, date '2026-01-01' + n % 90, (ARRAY['ann', 'bob', 'cat'])[1 + n % 3], 1 + n % 4 FROM generate_series(1, 900) AS n;
SELECT rbac.create_summary('tasks_by_assignee', 'sp.tasks', '{assignee}');
SELECT * FROM sp.tasks_by_assignee_totals ORDER BY assignee;

-- through the table, and straight into its parts
INSERT INTO sp.tasks VALUES (1001, '2026-01-05', 'dan', 1), (1002, '2026-02-05', 'dan', 1), (1003, '2026-03-05', 'dan', 1);
INSERT INTO sp.jan VALUES (1004, '2026-01-06', 'eve', 1);
INSERT INTO sp.feb (id, created, assignee, status_id) VALUES (1005, '2026-02-06', 'eve', 2);
INSERT INTO sp.mar VALUES (1006, '2026-03-06', 'eve', 3);
INSERT INTO sp.mar_rest VALUES (1007, '2026-03-07', 'eve', 4);
SELECT * FROM sp.tasks_by_assignee WHERE assignee IN ('dan', 'eve') ORDER BY assignee, status_id;
COPY sp.tasks FROM stdin;
1008	2026-02-07	fay	1
\.
COPY sp.mar FROM stdin;
1009	2026-03-07	fay	1
\.
COPY sp.jan FROM stdin;
1010	2026-01-07	fay	1
\.
SELECT * FROM sp.tasks_by_assignee WHERE assignee = 'fay';
-- rows that move from one to another
UPDATE sp.tasks SET created = created + 31 WHERE assignee = 'fay' AND created < '2026-03-01';
UPDATE sp.mar SET assignee = 'ann' WHERE id = 1009;
UPDATE sp.mar_rest SET status_id = 2 WHERE assignee = 'fay';
MERGE INTO sp.tasks AS t USING (VALUES (1001), (1002), (2000)) AS s (id) ON t.id = s.id
    WHEN MATCHED AND t.id = 1001 THEN DELETE
    WHEN MATCHED THEN UPDATE SET created = '2026-03-08', status_id = 4
    WHEN NOT MATCHED THEN INSERT VALUES (2000, '2026-01-08', 'dan', 3);
DELETE FROM sp.tasks WHERE id = 1003;
SELECT * FROM sp.tasks_by_assignee WHERE assignee IN ('dan', 'fay') ORDER BY assignee, status_id;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');

-- a partition goes with its rows, and comes with them
ALTER TABLE sp.tasks DETACH PARTITION sp.feb;
SELECT sum(total) = (SELECT count(*) FROM sp.tasks) AS same FROM sp.tasks_by_assignee_totals;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
-- what happens to it meanwhile is nobody's to count
INSERT INTO sp.feb (id, created, assignee, status_id) VALUES (3000, '2026-02-08', 'gil', 1);
DELETE FROM sp.feb WHERE id < 100;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgrelid = 'sp.feb'::regclass;
ALTER TABLE sp.tasks ATTACH PARTITION sp.feb FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
SELECT * FROM sp.tasks_by_assignee WHERE assignee = 'gil';
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
INSERT INTO sp.feb (id, created, assignee, status_id) VALUES (3001, '2026-02-08', 'gil', 2);
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
-- a whole subtree
ALTER TABLE sp.tasks DETACH PARTITION sp.mar;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
CREATE TABLE sp.mar_zoe PARTITION OF sp.mar FOR VALUES IN ('zoe');
INSERT INTO sp.mar_zoe VALUES (3003, '2026-03-10', 'zoe', 1);
INSERT INTO sp.mar_rest VALUES (3002, '2026-03-09', 'hal', 1);
ALTER TABLE sp.tasks ATTACH PARTITION sp.mar FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
-- an empty one
CREATE TABLE sp.apr PARTITION OF sp.tasks FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');
INSERT INTO sp.apr VALUES (4000, '2026-04-05', 'ida', 1);
TRUNCATE sp.apr;
INSERT INTO sp.tasks VALUES (4001, '2026-04-05', 'ida', 1);
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
-- at an isolation level with one snapshot, after rows have come that it does not see
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT FROM pg_class LIMIT 1;
UPDATE sp.apr SET status_id = 2;
ALTER TABLE sp.tasks DETACH PARTITION sp.apr;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
COMMIT;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
ALTER TABLE sp.tasks ATTACH PARTITION sp.apr FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');
-- and what is rolled back has not come
BEGIN;
ALTER TABLE sp.tasks DETACH PARTITION sp.jan;
ROLLBACK;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');

-- TRUNCATE of a part, of several, of all
BEGIN;
TRUNCATE sp.jan;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
TRUNCATE sp.mar_ann, sp.apr;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
TRUNCATE sp.mar;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
ROLLBACK;
BEGIN;
TRUNCATE sp.mar_ann, sp.tasks;
SELECT * FROM sp.tasks_by_assignee_totals;
INSERT INTO sp.tasks VALUES (5000, '2026-01-05', 'ann', 1);
TRUNCATE sp.jan;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT count(*) FROM sp.tasks_by_assignee;
ROLLBACK;
-- one that fails half way leaves no trace for the next
BEGIN;
SAVEPOINT before;
CREATE FUNCTION sp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER zz_refuse BEFORE TRUNCATE ON sp.mar_rest EXECUTE FUNCTION sp.refuse();
SAVEPOINT truncate;
TRUNCATE sp.tasks;
ROLLBACK TO truncate;
TRUNCATE sp.jan;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
ROLLBACK;

-- DROP TABLE of a part
BEGIN;
DROP TABLE sp.jan;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
DROP TABLE sp.mar, sp.mar_ann;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT sum(total) FROM sp.tasks_by_assignee_totals;
ROLLBACK;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
-- which one who may not do is refused, and counts nothing
RESET ROLE;
CREATE ROLE regress_rbac_other;
GRANT USAGE ON SCHEMA sp TO regress_rbac_other;
SET ROLE regress_rbac_other;
DROP TABLE sp.jan;
RESET ROLE;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SET ROLE regress_rbac_owner;

-- new partitions have the summary when they come while triggers were off
SELECT rbac.compact_summary('tasks_by_assignee') >= 0 AS done;
RESET ROLE;
ALTER EVENT TRIGGER rbac_summaries_follow_changes DISABLE;
SET ROLE regress_rbac_owner;
CREATE TABLE sp.may PARTITION OF sp.tasks FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
INSERT INTO sp.may VALUES (6000, '2026-05-05', 'joe', 1);
INSERT INTO sp.tasks VALUES (6001, '2026-05-05', 'joe', 1);
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
ALTER TABLE sp.tasks DETACH PARTITION sp.jan;
SELECT DISTINCT status FROM rbac.verify_summary('tasks_by_assignee') ORDER BY 1;
RESET ROLE;
ALTER EVENT TRIGGER rbac_summaries_follow_changes ENABLE ALWAYS;
SET ROLE regress_rbac_owner;
SELECT rbac.rebuild_summary('sp.tasks_by_assignee');
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgrelid = 'sp.jan'::regclass;

-- what cannot be counted is refused
RESET ROLE;
CREATE FOREIGN DATA WRAPPER regress_rbac_nowhere;
CREATE SERVER regress_rbac_nowhere FOREIGN DATA WRAPPER regress_rbac_nowhere;
CREATE FOREIGN TABLE sp.far PARTITION OF sp.tasks FOR VALUES FROM ('2027-01-01') TO ('2027-02-01') SERVER regress_rbac_nowhere;
CREATE FOREIGN TABLE sp.far (id integer, created date, assignee text, status_id integer) SERVER regress_rbac_nowhere;
ALTER TABLE sp.tasks ATTACH PARTITION sp.far FOR VALUES FROM ('2027-01-01') TO ('2027-02-01');
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
DROP FOREIGN DATA WRAPPER regress_rbac_nowhere CASCADE;

DROP TABLE sp.tasks;
SELECT relname FROM pg_class WHERE relnamespace = 'sp'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY relname;
SELECT count(*) FROM rbac.summaries;
DROP SCHEMA sp CASCADE;
DROP ROLE regress_rbac_owner;
DROP ROLE regress_rbac_other;
