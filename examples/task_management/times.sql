-- What it takes to answer, beside the document's own query with the document's own
-- indexes, over the same tasks; and beside a plain index, for one's own. Processor time,
-- which neighbours disturb less than time on the clock; make bench-tasks measures with
-- more care.

VACUUM ANALYZE;        -- as autovacuum does in a while, after so much has gone to the archive

\ir plain.sql

-- Milliseconds of processor time that this backend has used; where the system does not
-- tell, of any time.
CREATE FUNCTION plain.clock() RETURNS float8
LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
BEGIN
    RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e6;
EXCEPTION WHEN OTHERS THEN
    RETURN extract(epoch FROM clock_timestamp()) * 1e3;
END $$;

-- Of a query, at ease: repeated for half a second, since that clock may have a slow pace.
CREATE FUNCTION plain.ms(query text) RETURNS float8
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    began_at timestamptz;
    began float8;
    times integer := 0;
BEGIN
    FOR warming_up IN 1 .. 3 LOOP
        EXECUTE query;
    END LOOP;
    began_at := clock_timestamp();
    began := plain.clock();
    WHILE clock_timestamp() < began_at + interval '500 ms' LOOP
        EXECUTE query;
        times := times + 1;
    END LOOP;
    RETURN (plain.clock() - began) / times;
END $$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA plain TO work_api;

SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE plain.times (place integer, question text, plain float8, here float8);
GRANT INSERT ON plain.times TO work_api;
SELECT min(username) AS somebody FROM rbac.users WHERE username LIKE 'employee-%7' \gset
SET ROLE work_api;
BEGIN;
SELECT work.begin_request('minh', '{su_read:task}') \g /dev/null
INSERT INTO plain.times VALUES
    (1, 'report, first 100 by total: the document''s query', plain.ms(plain.report('total_tasks DESC')), plain.ms('SELECT * FROM work.task_summary(sort => ''-total'')')),
    (2, 'report, first 100 by name: the document''s query', plain.ms(plain.report('username')), plain.ms('SELECT * FROM work.task_summary(sort => ''username'')'));
COMMIT;
BEGIN;
SELECT work.begin_request(:'somebody', '{read:task}') \g /dev/null
INSERT INTO plain.times VALUES
    (3, 'own tasks, newest 100: one table, an index', plain.ms(format('SELECT t.id, title, description, y.name, v.name, status_id, s.name, assignee, creator, due_date, created_at, updated_at, updated_by
        FROM (SELECT * FROM plain.task WHERE assignee = %L ORDER BY created_at DESC, id DESC LIMIT 100) AS t
        JOIN rbac.task_types AS y ON y.id = t.type_id JOIN rbac.workflow_statuses AS s ON s.id = t.status_id JOIN work.severities AS v ON v.id = t.severity_id
        ORDER BY t.created_at DESC, t.id DESC', :'somebody')),
        plain.ms('SELECT * FROM work.own_tasks()'));
COMMIT;
RESET ROLE;

\echo
\echo '9. What it takes'
\echo '================'
\echo
SELECT question AS "question, and what it is compared with", round(plain::numeric, 2) AS "that, ms", round(here::numeric, 2) AS "here, ms",
       CASE WHEN here < plain THEN '1/' || round(plain / here) ELSE round((here / plain)::numeric, 1) || ' x' END AS "that is"
FROM plain.times ORDER BY place;
SELECT to_char(count(*), 'FM9,999,999') || ' tasks of ' || (SELECT to_char(count(*), 'FM9,999,999') FROM plain."user") || ' employees' AS "so many" FROM plain.task;
