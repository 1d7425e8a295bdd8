-- A summary agrees with a count of all rows after every way of writing them, within
-- the transaction and after it, and what is pending is folded without changing it.
\set VERBOSITY terse
SET rbac.summary_pending = 0;
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_writer;
CREATE SCHEMA su AUTHORIZATION regress_rbac_owner;
GRANT USAGE ON SCHEMA su TO regress_rbac_writer;
SET ROLE regress_rbac_owner;
CREATE TABLE su.tasks (id integer PRIMARY KEY, assignee text, title text DEFAULT '', status_id integer);
INSERT INTO su.tasks SELECT n, 'user' || n % 7, 'task ' || n, 1 + n % 4 FROM generate_series(1, 1000) AS n;
SELECT rbac.create_summary('tasks_by_assignee', 'su.tasks', '{assignee}');
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON su.tasks TO regress_rbac_writer;
GRANT SELECT ON su.tasks_by_assignee, su.tasks_by_assignee_totals TO regress_rbac_writer;

SELECT * FROM su.tasks_by_assignee WHERE assignee = 'user1' ORDER BY status_id;
SELECT * FROM su.tasks_by_assignee_totals ORDER BY assignee;

-- What the writer sees in both views, beside a count of all rows: nothing may differ.
-- A function, so that it can be asked anywhere.
RESET ROLE;
CREATE FUNCTION su.differ() RETURNS TABLE (what text, key text, status text, kept text, counted text) LANGUAGE sql AS $$
    SELECT 'counts', coalesce(a.assignee, b.assignee), coalesce(a.status_id, b.status_id)::text, a.count::text, b.count::text
    FROM su.tasks_by_assignee AS a
    FULL JOIN (SELECT assignee, status_id, count(*) FROM su.tasks GROUP BY 1, 2) AS b
        ON coalesce(a.assignee, '-') = coalesce(b.assignee, '-') AND coalesce(a.status_id, -1) = coalesce(b.status_id, -1)
    WHERE a.count IS DISTINCT FROM b.count
    UNION ALL
    SELECT 'totals', coalesce(a.assignee, b.assignee), NULL, concat_ws(' ', a.total, a.counts), concat_ws(' ', b.count, b.counts)
    FROM su.tasks_by_assignee_totals AS a
    FULL JOIN (SELECT assignee, count(*), rbac.status_counts(status_id) AS counts FROM su.tasks GROUP BY 1) AS b
        ON coalesce(a.assignee, '-') = coalesce(b.assignee, '-')
    WHERE (a.total, a.counts) IS DISTINCT FROM (b.count, b.counts)
$$;
GRANT EXECUTE ON FUNCTION su.differ() TO regress_rbac_writer;
CREATE FUNCTION su.pending() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM su._tasks_by_assignee_pending $$;
SET ROLE regress_rbac_writer;

-- rows that come, move and go; without an assignee, without a status
INSERT INTO su.tasks VALUES (1001, 'new', 'x', 1), (1002, NULL, 'x', 2), (1003, 'new', 'x', NULL), (1004, NULL, 'x', NULL);
SELECT * FROM su.differ();
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'new' OR assignee IS NULL ORDER BY assignee, status_id;
SELECT * FROM su.tasks_by_assignee_totals WHERE assignee = 'new' OR assignee IS NULL ORDER BY assignee;
UPDATE su.tasks SET status_id = status_id % 4 + 1 WHERE id % 10 = 0;
SELECT * FROM su.differ();
UPDATE su.tasks SET assignee = 'user0' WHERE assignee = 'user6';
SELECT * FROM su.differ();
DELETE FROM su.tasks WHERE id BETWEEN 500 AND 520;
SELECT * FROM su.differ();
-- what does not change a group or a status counts for nothing
SELECT su.pending() AS before \gset
UPDATE su.tasks SET title = 'another', status_id = status_id, assignee = assignee;
SELECT su.pending() - :before AS added;
-- a statement that moves many rows adds one for each group and status that it touches
UPDATE su.tasks SET status_id = 3 WHERE assignee = 'user1';
SELECT su.pending() - :before AS added;
-- one that moves a row out and in again
INSERT INTO su.tasks VALUES (2000, 'brief', 'x', 1);
WITH gone AS (DELETE FROM su.tasks WHERE id = 2000 RETURNING *) INSERT INTO su.tasks SELECT 2001, assignee, title, status_id FROM gone;
SELECT * FROM su.differ();

-- INSERT ... ON CONFLICT, MERGE, COPY
INSERT INTO su.tasks VALUES (1, 'other', 'x', 4), (3000, 'other', 'x', 4) ON CONFLICT (id) DO UPDATE SET assignee = excluded.assignee, status_id = excluded.status_id;
INSERT INTO su.tasks VALUES (1, 'nobody', 'x', 4), (3001, 'other', 'x', 4) ON CONFLICT DO NOTHING;
SELECT * FROM su.differ();
MERGE INTO su.tasks AS t USING (VALUES (2, 1), (3, 2), (4, 3), (4000, 4)) AS s (id, n) ON t.id = s.id
    WHEN MATCHED AND n = 1 THEN DELETE
    WHEN MATCHED AND n = 2 THEN UPDATE SET status_id = 9, assignee = 'merged'
    WHEN MATCHED THEN DO NOTHING
    WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'merged', 'x', 9);
SELECT * FROM su.differ();
COPY su.tasks FROM stdin;
5000	copied	x	1
5001	copied	x	\N
5002	\N	x	1
\.
SELECT * FROM su.differ();

-- a transaction sees what it has done itself, and savepoints take it back
BEGIN;
INSERT INTO su.tasks SELECT n, 'block', 'x', 1 FROM generate_series(6000, 6009) AS n;
SAVEPOINT one;
DELETE FROM su.tasks WHERE assignee = 'block' AND id > 6004;
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'block';
SAVEPOINT two;
UPDATE su.tasks SET status_id = 2 WHERE assignee = 'block';
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'block';
ROLLBACK TO one;
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'block';
RELEASE one;
SELECT * FROM su.differ();
ROLLBACK;
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'block';
SELECT * FROM su.differ();
DO $$
BEGIN
    INSERT INTO su.tasks VALUES (6100, 'do', 'x', 1);
    BEGIN
        INSERT INTO su.tasks VALUES (6101, 'do', 'x', 1);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO su.tasks VALUES (6102, 'do', 'x', 2);
    END;
END $$;
SELECT * FROM su.differ();
-- a statement that fails has counted nothing
INSERT INTO su.tasks SELECT n, 'fails', 'x', 1 FROM generate_series(7000, 6999 + 100) AS n UNION ALL SELECT 5, 'fails', 'x', 1;
SELECT * FROM su.differ();

-- a statement with more groups than are kept in memory, and a key that is too long for an index
BEGIN;
INSERT INTO su.tasks SELECT 200000 + n, 'bulk' || n, 'x', 1 + n % 2 FROM generate_series(1, 25000) AS n;
UPDATE su.tasks SET status_id = 2, assignee = CASE WHEN id % 3 = 0 THEN NULL ELSE assignee END WHERE id > 200000;
INSERT INTO su.tasks SELECT 300000, string_agg(md5(n::text), ''), 'x', 1 FROM generate_series(1, 300) AS n;
SELECT * FROM su.differ();
RESET ROLE;
SELECT rbac.compact_summary('tasks_by_assignee') > 40000 AS folded, su.pending() AS too_long;
SET ROLE regress_rbac_writer;
SELECT * FROM su.differ();
DELETE FROM su.tasks WHERE id > 200000;
SELECT * FROM su.differ();
ROLLBACK;
-- TRUNCATE, and what follows it in the same transaction
BEGIN;
TRUNCATE su.tasks;
SELECT count(*) FROM su.tasks_by_assignee;
INSERT INTO su.tasks VALUES (1, 'after', 'x', 1);
SELECT * FROM su.tasks_by_assignee_totals;
SELECT * FROM su.differ();
ROLLBACK;
SELECT * FROM su.differ();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) > 0 AS has_a_snapshot FROM su.tasks;
UPDATE su.tasks SET status_id = 2 WHERE id = 7;
TRUNCATE su.tasks;
SELECT * FROM su.differ();
ROLLBACK;
-- one snapshot, and own writes in it
BEGIN ISOLATION LEVEL SERIALIZABLE;
DELETE FROM su.tasks WHERE id % 2 = 0;
SELECT * FROM su.differ();
COMMIT;
SELECT * FROM su.differ();

-- triggers of others: before, after, and within a statement of their own
RESET ROLE;
CREATE FUNCTION su.redirect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.assignee := 'redirected';
    IF NEW.id % 2 = 0 THEN RETURN NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_redirect BEFORE INSERT OR UPDATE OF title ON su.tasks FOR EACH ROW WHEN (NEW.title = 'redirect') EXECUTE FUNCTION su.redirect();
CREATE FUNCTION su.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        INSERT INTO su.tasks VALUES (NEW.id + 100000, 'followed', 'x', 1);
        IF NEW.id % 3 = 0 THEN RAISE division_by_zero; END IF;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER aa_follow AFTER INSERT ON su.tasks FOR EACH ROW WHEN (NEW.title = 'follow') EXECUTE FUNCTION su.follow();
SET ROLE regress_rbac_writer;
INSERT INTO su.tasks SELECT n, 'direct', 'redirect', 1 FROM generate_series(8000, 8009) AS n;
UPDATE su.tasks SET title = 'redirect' WHERE id BETWEEN 1 AND 20;
SELECT * FROM su.differ();
INSERT INTO su.tasks SELECT n, 'leads', 'follow', 1 FROM generate_series(9000, 9009) AS n;
SELECT * FROM su.tasks_by_assignee WHERE assignee = 'followed';
SELECT * FROM su.differ();
-- a statement that fails once its rows were counted, and a transaction that goes on
RESET ROLE;
CREATE FUNCTION su.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;
CREATE TRIGGER zz_fail AFTER INSERT ON su.tasks FOR EACH ROW WHEN (NEW.title = 'fail') EXECUTE FUNCTION su.fail();
SET ROLE regress_rbac_writer;
BEGIN;
INSERT INTO su.tasks VALUES (9500, 'goes on', 'x', 1);
SAVEPOINT one;
INSERT INTO su.tasks VALUES (9501, 'goes on', 'x', 1), (9502, 'goes on', 'fail', 1);
ROLLBACK TO one;
INSERT INTO su.tasks VALUES (9503, 'goes on', 'x', 2);
SELECT * FROM su.differ();
COMMIT;
SELECT * FROM su.differ();
RESET ROLE;
DROP TRIGGER zz_redirect ON su.tasks;
DROP TRIGGER aa_follow ON su.tasks;
DROP TRIGGER zz_fail ON su.tasks;

-- a foreign key that cascades
CREATE TABLE su.people (name text PRIMARY KEY);
INSERT INTO su.people SELECT DISTINCT assignee FROM su.tasks WHERE assignee IS NOT NULL;
ALTER TABLE su.people OWNER TO regress_rbac_owner;
ALTER TABLE su.tasks ADD FOREIGN KEY (assignee) REFERENCES su.people ON DELETE CASCADE ON UPDATE CASCADE;
DELETE FROM su.people WHERE name = 'user3';
UPDATE su.people SET name = 'renamed' WHERE name = 'user4';
SELECT * FROM su.differ();

-- as whoever replays what is decided elsewhere, or has switched off ordinary triggers
SET session_replication_role = replica;
INSERT INTO su.tasks VALUES (10001, 'replica', 'x', 1);
RESET session_replication_role;
SELECT * FROM su.differ();
SELECT * FROM rbac.verify_summary('su.tasks_by_assignee');

-- Folding changes nothing that can be seen, and leaves nothing pending.
SET ROLE regress_rbac_owner;
SELECT rbac.compact_summary('tasks_by_assignee') > 0 AS folded;
RESET ROLE;
SELECT su.pending();
SELECT * FROM su.differ();
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT rbac.compact_summary('tasks_by_assignee');
-- groups that are gone leave nothing behind
DELETE FROM su.tasks WHERE assignee IN ('new', 'merged', 'copied');
SELECT rbac.compact_summary('tasks_by_assignee') > 0 AS folded;
SELECT * FROM su._tasks_by_assignee_counts WHERE assignee IN ('new', 'merged', 'copied');
SELECT * FROM su._tasks_by_assignee_groups WHERE assignee IN ('new', 'merged', 'copied');
SELECT * FROM su.differ();
-- and a fold that is rolled back has not been
BEGIN;
UPDATE su.tasks SET status_id = 1 WHERE id < 50;
SELECT rbac.compact_summary('tasks_by_assignee') > 0 AS folded;
SELECT * FROM su.differ();
ROLLBACK;
SELECT * FROM su.differ();
-- nobody has to care: whoever writes folds now and then
SET rbac.summary_pending = 10;
DO $$ BEGIN FOR i IN 1 .. 500 LOOP UPDATE su.tasks SET status_id = status_id % 4 + 1 WHERE id = 7; END LOOP; END $$;
SELECT su.pending() < 500 AS many_were_folded;
SET rbac.summary_pending = 0;
SELECT * FROM su.differ();

-- What was written while nobody counted is found, and counted anew.
ALTER TABLE su.tasks DISABLE TRIGGER ALL;
DELETE FROM su.tasks WHERE assignee = 'user0' AND status_id = 1;
UPDATE su.tasks SET status_id = NULL WHERE assignee = 'followed';
SELECT level, check_name, object, detail, remedy FROM rbac.doctor() WHERE check_name LIKE 'summary%';
ALTER TABLE su.tasks ENABLE TRIGGER ALL;
SELECT level, check_name, object, detail FROM rbac.doctor() WHERE check_name LIKE 'summary%';
SELECT * FROM rbac.verify_summary('tasks_by_assignee') ORDER BY group_values, status;
SELECT rbac.rebuild_summary('tasks_by_assignee');
SELECT * FROM rbac.doctor() WHERE check_name LIKE 'summary%';
SELECT regexp_replace(tgname, '\d+', 'N') AS trigger, tgenabled FROM pg_trigger WHERE tgrelid = 'su.tasks'::regclass AND NOT tgisinternal ORDER BY 1;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
SELECT * FROM su.differ();

-- A column that is counted can be renamed, but not be dropped or change its type.
ALTER TABLE su.tasks RENAME assignee TO owner;
UPDATE su.tasks SET owner = 'renamed' WHERE id = 7;
SELECT * FROM rbac.verify_summary('tasks_by_assignee');
ALTER TABLE su.tasks ALTER COLUMN owner TYPE varchar(30);
ALTER TABLE su.tasks DROP COLUMN owner;
ALTER TABLE su.tasks RENAME owner TO assignee;
-- so can all the rest
ALTER SCHEMA su RENAME TO sv;
ALTER TABLE sv.tasks RENAME TO jobs;
INSERT INTO sv.jobs VALUES (20000, 'renamed', 'x', 1);
SELECT * FROM rbac.verify_summary('sv.tasks_by_assignee');
ALTER TABLE sv.jobs RENAME TO tasks;
ALTER SCHEMA sv RENAME TO su;

-- Several summaries of one table, by several columns, by none, of other types
CREATE TYPE su.mood AS ENUM ('calm', 'cross');
ALTER TABLE su.tasks ADD day date, ADD mood su.mood, ADD weight numeric, ADD state text COLLATE "C";
UPDATE su.tasks SET day = date '2026-01-01' + id % 3, mood = (ARRAY['calm', 'cross']::su.mood[])[1 + id % 2], weight = (id % 3)::numeric(5, 2), state = 's' || id % 2;
SELECT rbac.create_summary('by_day', 'su.tasks', '{day,mood,weight}', 'state');
SELECT rbac.create_summary('in_all', 'su.tasks', '{}');
SELECT * FROM su.by_day_totals ORDER BY day, mood, weight;
-- numbers that differ only in their digits are one group
UPDATE su.tasks SET weight = 1.000 WHERE weight = 1;
SELECT weight, sum(count) FROM su.by_day GROUP BY weight ORDER BY weight;
SELECT * FROM su.in_all ORDER BY status_id;
SELECT * FROM su.in_all_totals;
DELETE FROM su.tasks WHERE id % 5 = 0;
SELECT view, d.* FROM rbac.summaries, rbac.verify_summary(view::text) AS d;
SELECT rbac.compact_summary('in_all') > 0 AS folded, rbac.compact_summary('by_day') > 0 AS folded;
SELECT view, d.* FROM rbac.summaries, rbac.verify_summary(view::text) AS d;
TRUNCATE su.tasks CASCADE;
SELECT * FROM su.in_all_totals;
SELECT view, d.* FROM rbac.summaries, rbac.verify_summary(view::text) AS d;
-- nothing is folded, nothing is wrong
SELECT rbac.compact_summary('in_all') > 0 AS folded;
SELECT view, d.* FROM rbac.summaries, rbac.verify_summary(view::text) AS d;
INSERT INTO su.tasks (id, status_id) VALUES (1, 1);
SELECT * FROM su.in_all_totals;
SELECT view, d.* FROM rbac.summaries, rbac.verify_summary(view::text) AS d;

-- Dropping it leaves nothing, and so does dropping the table, or the view.
SELECT rbac.drop_summary('in_all');
DROP VIEW su.by_day;
SELECT relname FROM pg_class WHERE relnamespace = 'su'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname;
SELECT regexp_replace(tgname, '\d+', 'N') AS trigger FROM pg_trigger WHERE tgrelid = 'su.tasks'::regclass AND NOT tgisinternal ORDER BY 1;
DROP TABLE su.tasks;
SELECT relname FROM pg_class WHERE relnamespace = 'su'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname;
SELECT * FROM rbac.summaries;
DROP SCHEMA su CASCADE;
DROP ROLE regress_rbac_owner;
DROP ROLE regress_rbac_writer;
