-- What the functions of the API do, and refuse, told as a story; it ends where an answer
-- is not the one that is expected. All of it as role work_api.

CREATE SCHEMA story;
GRANT USAGE ON SCHEMA story TO work_api;

-- Statements that must be refused, as they are: with this SQLSTATE, and what they say.
CREATE FUNCTION story.refused(statement text, expected text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state := RETURNED_SQLSTATE, message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
    END;
    ASSERT state IS NOT NULL, format('not refused: %s', statement);
    ASSERT state = expected, format('%s: refused with %s (%s) instead of %s', statement, state, message, expected);
    RETURN concat_ws(E'\n', format('> %s', statement), format('  ERROR %s: %s', state, message), '  DETAIL: ' || nullif(detail, ''), '  HINT: ' || nullif(hint, '')) || E'\n';
END $$;

CREATE FUNCTION story.must(holds boolean, what text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$ BEGIN ASSERT holds, what; END $$;

-- Is the report what the document's query counts, on all of its pages, in all orders, and
-- of the tasks of a month?
CREATE FUNCTION story.report_is_right() RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    sort text;
    differences bigint;
    since CONSTANT timestamptz := work._month(now()) - interval '2 months';
BEGIN
    CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
    SELECT u.username, count(t.id) AS total, count(*) FILTER (WHERE t.status_id IN (4, 6)) AS completed
    FROM rbac.users AS u
    JOIN rbac.user_roles AS r ON r.user_id = u.id AND r.role_id = work._employee_role()
    LEFT JOIN work.tasks AS t ON t.assignee_id = u.id
    GROUP BY u.username;
    FOREACH sort IN ARRAY '{username,-username,total,-total,"-total,-username","completed,-total"}'::text[] LOOP
        EXECUTE format($q$
            WITH reported AS (
                SELECT r.*, row_number() OVER () AS place
                FROM (SELECT 7 + count(*)::integer / 20 AS size, count(*)::integer AS n FROM counted) AS p,
                     generate_series(0, n, size) AS page, LATERAL work.task_summary(_from => page, _size => size, sort => %L) AS r
            ), sorted AS (
                SELECT c.*, row_number() OVER (ORDER BY %s) AS place FROM counted AS c
            )
            SELECT count(*) FROM reported AS r FULL JOIN sorted AS c USING (place, username, total, completed)
            WHERE r.place IS NULL OR c.place IS NULL
            $q$, sort, work._order_by(sort, '{"username": "lower(username)", "total": "total", "completed": "completed"}', 'lower(username)'))
        INTO differences;
        ASSERT differences = 0, format('the report by %s has %s differences', sort, differences);
    END LOOP;
    ASSERT (SELECT (sum(total), sum(completed)) FROM work.task_summary(since, since + interval '1 month', _size => 1000, sort => '-total')) =
           (SELECT (sum(total), sum(completed)) FROM (
                SELECT count(*) AS total, count(*) FILTER (WHERE t.status_id IN (4, 6)) AS completed FROM work.tasks AS t
                WHERE t.assignee_id IS NOT NULL AND t.created_at >= since AND t.created_at < since + interval '1 month'
                GROUP BY t.assignee_id ORDER BY count(*) DESC LIMIT 1000) AS c)
           OR (SELECT count(*) FROM counted) > 1000, 'the report of a month is wrong';
    RETURN true;
END $$;

-- Do pages neither overlap nor leave anything out, where nearly all are ties?
CREATE FUNCTION story.pages_fit(sort text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    WITH paged AS (
        SELECT t.id, row_number() OVER () AS place FROM generate_series(0, 900, 100) AS page, work.all_tasks(_from => page, _size => 100, sort => sort) AS t
    ), at_once AS (
        SELECT t.id, row_number() OVER () AS place FROM work.all_tasks(_size => 1000, sort => sort) AS t
    )
    SELECT count(*) = 1000 AND count(DISTINCT id) = 1000 FROM paged JOIN at_once USING (id, place)
$$;

SET ROLE work_api;

\echo
\echo '1. An Employer makes tasks and hands them out; each starts as its type does'
\echo '==========================================================================='
\echo
BEGIN;
SELECT work.begin_request('minh', '{create:task,su_edit:task,su_read:task}') \g /dev/null
SELECT work.create_task('Upgrade database postgres to v17', 1, 'lan', due_date => '2030-01-01') AS upgrade,
       work.create_task('Order new chairs', 1, 'tuan', severity_id => 1) AS chairs,
       work.create_task('Search box loses its focus', 2, severity_id => 3) AS bug \gset
SELECT work.assign_task(:'bug', 'lan') \g /dev/null
SELECT title, type, severity, status, assignee, creator FROM work.all_tasks(_size => 3, sort => '-created_at,title');
COMMIT;
SELECT story.must(count(*) = 0, 'somebody sees tasks without saying who they are') FROM work.tasks \g /dev/null

\echo
\echo '2. An Employee sees her own tasks and no others, whatever she asks'
\echo '=================================================================='
\echo
BEGIN;
SELECT work.begin_request('lan', '{read:task,edit:task}') \g /dev/null
SELECT title, status, assignee, creator FROM work.own_tasks(sort => 'created_at,title');
SELECT story.must(work.count_own_tasks() = 2 AND (SELECT count(*) FROM work.tasks) = 2
                  AND (SELECT sum(count) FROM work.tasks_by_assignee) = 2, 'lan sees other than her own tasks') \g /dev/null
\a \t
SELECT story.refused('SELECT * FROM work.all_tasks()', '42501');
SELECT story.refused(format('SELECT work.update_status(%L, 2)', :'chairs'), 'P0002');
SELECT story.refused('UPDATE work.tasks SET type_id = 3 - type_id', '42501');
\a \t
COMMIT;

\echo '3. She goes on with it step by step; only an Employer sets it pending'
\echo '====================================================================='
\echo
BEGIN;
SELECT work.begin_request('lan', '{read:task,edit:task}') \g /dev/null
\a \t
SELECT story.refused(format('SELECT work.update_status(%L, 4)', :'upgrade'), '23514');
SELECT work.update_status(:'upgrade', 2) \g /dev/null
SELECT story.refused(format('SELECT work.update_status(%L, 3)', :'upgrade'), '42501');
\a \t
COMMIT;
BEGIN;
SELECT work.begin_request('minh', '{su_edit:task,su_read:task}') \g /dev/null
SELECT work.update_status(:'upgrade', 3) \g /dev/null
\echo 'An Employer has set it pending. Where it can go from there:'
SELECT n.name, n.allowed, n.reason FROM work.tasks AS t, rbac.next_statuses(t.type_id, t.status_id, t.tenant_id, t.assignee_id, t.creator_id) AS n WHERE t.id = :'upgrade';
SELECT work.update_status(:'upgrade', 2) \g /dev/null
COMMIT;
BEGIN;
SELECT work.begin_request('lan', '{read:task,edit:task}') \g /dev/null
SELECT work.update_status(:'upgrade', 4) \g /dev/null
SELECT story.must(status = 'Completed' AND updated_by = 'lan', 'the task is not completed') FROM work.own_tasks() WHERE id = :'upgrade' \g /dev/null
COMMIT;

\echo
\echo '4. A bug goes another way, and can come back; a task becomes a bug if it can'
\echo '============================================================================'
\echo
BEGIN;
SELECT work.begin_request('lan', '{edit:task,read:task}') \g /dev/null
\a \t
SELECT story.refused(format('SELECT work.update_status(%L, 2)', :'bug'), '23514');
SELECT work.update_status(:'bug', 5) \g /dev/null
SELECT work.update_status(:'bug', 6) \g /dev/null
SELECT story.refused(format('SELECT work.update_status(%L, 7)', :'bug'), '42501');
\a \t
COMMIT;
BEGIN;
SELECT work.begin_request('minh', '{su_edit:task,su_read:task}') \g /dev/null
SELECT work.update_status(:'bug', 7) \g /dev/null
SELECT story.must(count(*) = 1, 'the bug is not reopened') FROM work.all_tasks('{"assignee": "lan", "status_id": 7}') WHERE id = :'bug' \g /dev/null
SELECT work.change_type(:'chairs', 2) \g /dev/null
\a \t
SELECT story.refused(format('SELECT work.change_type(%L, 2)', :'upgrade'), '23514');
\a \t
COMMIT;

\echo '5. A token gives no more than its user holds, and no more than it lists'
\echo '======================================================================='
\echo
BEGIN;
\a \t
SELECT story.refused($$SELECT work.begin_request('lan', '{su_read:task}')$$, '42501');
SELECT work.begin_request('lan', '{read:task}') \g /dev/null
SELECT story.refused(format('SELECT work.update_status(%L, 6)', :'bug'), '42501');
\a \t
UPDATE work.tasks SET status_id = 6 WHERE id = :'bug';
SELECT story.must(count(*) = 1, 'to read was enough to change') FROM work.own_tasks() WHERE id = :'bug' AND status = 'Reopened' \g /dev/null
COMMIT;

\echo '6. The report: all employees, those without tasks, too'
\echo '======================================================'
\echo
BEGIN;
SELECT work.begin_request('minh', '{su_read:task}') \g /dev/null
\echo 'The most tasks:'
SELECT * FROM work.task_summary(_size => 3, sort => '-total,username');
\echo 'The fewest:'
SELECT * FROM work.task_summary(_size => 3, sort => 'total,username');
\echo 'By name, backwards:'
SELECT * FROM work.task_summary(_size => 3, sort => '-username');
SELECT story.must((SELECT array_agg(r) FROM work.task_summary(_size => 1, _from => 1, sort => '-username') AS r) = ARRAY[('lan', 2, 1)::work.employee_summary],
                  'lan has not two tasks, one completed') \g /dev/null
SELECT story.must(story.pages_fit('status_id') AND story.pages_fit('-severity_id,type_id') AND story.pages_fit('-created_at'), 'pages overlap') \g /dev/null
RESET ROLE;
SELECT story.report_is_right() AS "every page, in every order, is what the document's query counts";
SET ROLE work_api;
COMMIT;

\echo
\echo '7. What makes no sense is said to make none'
\echo '==========================================='
\echo
BEGIN;
SELECT work.begin_request('minh', '{su_read:task,su_edit:task,create:task}') \g /dev/null
\a \t
SELECT story.refused($$SELECT * FROM work.all_tasks(sort => 'status_id; DROP TABLE work.tasks')$$, '22023');
SELECT story.refused($$SELECT * FROM work.task_summary(sort => '-tasks')$$, '22023');
SELECT story.refused($$SELECT * FROM work.all_tasks(_from => -1)$$, '22023');
SELECT story.refused($$SELECT * FROM work.all_tasks('{"status_id": 99}')$$, '22023');
SELECT story.refused($$SELECT * FROM work.all_tasks('{"stauts_id": 4}')$$, '22023');
SELECT story.refused($$SELECT work.create_task('Water the plants', assignee => 'minh')$$, '42704');
\a \t
SELECT story.refused(statement, state) FROM (VALUES
    ('SELECT * FROM work.all_tasks(_size => 1001)', '22023'), ('SELECT * FROM work.own_tasks()', '42501'),
    ('SELECT * FROM work.all_tasks(_size => NULL)', '22023'), ('SELECT * FROM work.task_summary(_from => -1)', '22023'),
    ('SELECT * FROM work.all_tasks(sort => ''-created_at,created'')', '22023'), ('SELECT * FROM work.all_tasks(sort => ''--title'')', '22023'),
    ('SELECT * FROM work.all_tasks(sort => ''title,'')', '22023'),
    ('SELECT * FROM work.all_tasks(''{"assignee": 4}'')', '22023'), ('SELECT * FROM work.all_tasks(''{"status_id": "4 OR true"}'')', '22023'),
    ('SELECT * FROM work.all_tasks(''[]'')', '22023'), ('SELECT * FROM work.all_tasks(''{"assignee": "nobody"}'')', '42704'),
    ('SELECT * FROM work.all_tasks(start_date => ''2026-02-01'', end_date => ''2026-01-01'')', '22023'),
    (format('SELECT work.update_status(%L, 99)', :'bug'), '22023'), (format('SELECT work.update_status(%L, NULL)', :'bug'), '22023'),
    (format('SELECT work.change_type(%L, 9)', :'bug'), '22023'), (format('SELECT work.assign_task(%L, ''nobody'')', :'bug'), '42704'),
    ('SELECT work.assign_task(gen_random_uuid(), ''lan'')', 'P0002'), ('SELECT work.create_task('' '')', '23514'),
    ('SELECT work.create_task(''x'', severity_id => 9)', '23503'), ('DELETE FROM work.tasks', '42501'),
    ('INSERT INTO work.tasks (title, type_id, status_id) VALUES (''x'', 1, 4)', '42501'), ('UPDATE work.tasks SET title = ''x''', '42501'),
    ('CALL work.make_partitions()', '42501'), ('SELECT rbac.set_identity(rbac.current_user_id())', '42501')) AS r (statement, state)
\g /dev/null
COMMIT;
BEGIN;
SELECT work.begin_request('minh', '{su_edit:task}') \g /dev/null
SELECT story.refused(format('SELECT work.assign_task(%L, ''tuan'')', :'bug'), '42501') \g /dev/null
COMMIT;
BEGIN;
SELECT story.must(count(*) = 0, 'names are told to nobody') FROM work._names(ARRAY(SELECT ('00000000-0000-0000-0000-0000ee6b280' || n)::uuid FROM generate_series(1, 4) AS n)) \g /dev/null
SELECT story.refused('SELECT * FROM work.all_tasks()', '28000'), story.refused('SELECT * FROM work.task_summary()', '28000'),
       story.refused('SELECT work.create_task(''x'')', '28000') \g /dev/null
COMMIT;

\echo '8. Completed tasks go to the archive, and the report stays exact'
\echo '================================================================'
\echo
RESET ROLE;
SELECT count(*) AS before FROM work.tasks \gset
CALL work.archive_tasks(:archive_after);
CALL work.make_partitions(3);
SELECT story.must((SELECT count(*) FROM work.tasks) + (SELECT count(*) FROM work.archived_tasks) = :before
                  AND (SELECT count(*) FROM work.archived_tasks) > 0
                  AND NOT EXISTS (SELECT FROM work.archived_tasks WHERE status_id <> ALL (work.completed_statuses())), 'the archive is wrong') \g /dev/null
SELECT count(*) AS "differences between the summary and a count" FROM rbac.verify_summary('work.tasks_by_assignee');
SELECT story.must(count(*) = 0, 'the summary is not exact') FROM rbac.verify_summary('work.tasks_by_assignee') \g /dev/null
BEGIN;
SELECT work.begin_request('minh', '{su_read:task}') \g /dev/null
SELECT story.report_is_right() \g /dev/null
COMMIT;
SELECT story.must(count(*) = 0, string_agg(detail, ' ')) FROM rbac.doctor() WHERE level <> 'info' \g /dev/null
