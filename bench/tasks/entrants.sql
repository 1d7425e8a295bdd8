-- The report of the task management system and the page of one's own tasks: in that
-- system (examples/task_management), and in the ways that one would write by hand.
-- Variables: stage (all, or growth for what is compared among sizes).

CREATE SCHEMA hand;
GRANT USAGE ON SCHEMA hand TO PUBLIC;

-- A summary table, as it would be if somebody kept it, and a materialised view.
CREATE TABLE hand.summary AS
SELECT assignee, count(*) AS total, count(*) FILTER (WHERE status_id = 4) AS completed FROM plain.task WHERE assignee IS NOT NULL GROUP BY assignee;
ALTER TABLE hand.summary ADD PRIMARY KEY (assignee);
CREATE INDEX ON hand.summary (total);
CREATE MATERIALIZED VIEW hand.report AS
SELECT assignee, count(*) AS total, count(*) FILTER (WHERE status_id = 4) AS completed FROM plain.task WHERE assignee IS NOT NULL GROUP BY assignee;
CREATE UNIQUE INDEX ON hand.report (assignee);
CREATE INDEX ON hand.report (total);
VACUUM ANALYZE;

-- They leave out who has no tasks, in the order of totals: those would come last.
CREATE FUNCTION hand.page(tbl text, by text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE by
        WHEN 'total' THEN format('SELECT u.username, s.total, s.completed FROM %s AS s JOIN plain."user" AS u ON u.username = s.assignee
                                  WHERE u.role = ''Employee'' ORDER BY s.total DESC LIMIT 100', tbl)
        ELSE format('SELECT u.username, coalesce(s.total, 0), coalesce(s.completed, 0) FROM plain."user" AS u LEFT JOIN %s AS s ON s.assignee = u.username
                     WHERE u.role = ''Employee'' ORDER BY u.username LIMIT 100', tbl)
    END
$$;

CREATE FUNCTION hand.as_user(who text, scopes text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT rbac.set_identity(%L, %L, %L, local => false)', u.id, t.id, scopes)
    FROM rbac.users AS u, rbac.tenants AS t WHERE u.username = who AND t.key = 'acme'
$$;

-- The report. Calls: so that a turn takes some tens of milliseconds.
INSERT INTO bench.entrants (contest, entrant, db_role, calls, before, query)
SELECT 'by ' || by || state, entrant, 'work_api', calls, hand.as_user('minh', '{su_read:task}'), query
FROM (VALUES (1, ''), (2, ', pending')) AS s (s_place, state),
     (VALUES (1, 'total', 'total_tasks DESC', '-total'), (2, 'name', 'username', 'username')) AS b (b_place, by, document_by, sort),
     LATERAL (VALUES (1, 'document', 1, plain.report(document_by)),
                     (2, 'table', 50, hand.page('hand.summary', by)),
                     (3, 'view', 50, hand.page('hand.report', by)),
                     (4, 'rbac', 50, format('SELECT * FROM work.task_summary(sort => %L)', sort))) AS e (e_place, entrant, calls, query)
WHERE (:'stage' = 'all' OR entrant IN ('document', 'rbac') AND state = '') AND (state = '' OR entrant <> 'view')
ORDER BY s_place, b_place, e_place;
GRANT SELECT ON ALL TABLES IN SCHEMA hand TO work_api;
INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT 'refresh', 'view', 1, 'REFRESH MATERIALIZED VIEW hand.report' WHERE :'stage' = 'all';

-- One's own tasks, the newest hundred, of somebody with as many as most have. Open: the
-- same query and index, by who is not bound by row-level security; one table: in one that
-- is not partitioned.
SELECT u.id AS somebody, u.username AS name
FROM rbac.users AS u JOIN work.tasks_by_assignee_totals AS s ON s.assignee_id = u.id
WHERE u.username LIKE 'employee-%' ORDER BY s.total, u.username
OFFSET (SELECT count(*) / 2 FROM work.tasks_by_assignee_totals) LIMIT 1 \gset
SELECT format('SELECT * FROM work.tasks WHERE assignee_id = %L ORDER BY created_at DESC, id DESC LIMIT 100', :'somebody') AS own,
       format('SELECT * FROM plain.task WHERE assignee = %L ORDER BY created_at DESC, id DESC LIMIT 100', :'name') AS plain,
       format('SELECT * FROM work.tasks WHERE assignee_id = %L AND created_at >= %L ORDER BY created_at DESC, id DESC LIMIT 100', :'somebody', since) AS own_since,
       since
FROM (SELECT work._month(now()) - interval '2 months' AS since) AS s \gset
-- and what each becomes with names beside the ids
CREATE FUNCTION hand.with_names(page text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT t.id, t.title, t.description, y.name, v.name, t.status_id, s.name, a.username, c.username, t.due_date, t.created_at, t.updated_at, u.username
        FROM (%s) AS t JOIN rbac.task_types AS y ON y.id = t.type_id JOIN rbac.workflow_statuses AS s ON s.id = t.status_id
        JOIN work.severities AS v ON v.id = t.severity_id LEFT JOIN rbac.users AS a ON a.id = t.assignee_id
        LEFT JOIN rbac.users AS c ON c.id = t.creator_id LEFT JOIN rbac.users AS u ON u.id = t.updated_by
        ORDER BY t.created_at DESC, t.id DESC', page)
$$;
CREATE TABLE hand.prepared (name text PRIMARY KEY, query text);
INSERT INTO hand.prepared VALUES
    ('own_open', :'own'), ('own_bound', :'own'), ('own_table', :'plain'), ('own_named', hand.with_names(:'own')),
    ('since_open', :'own_since'), ('since_bound', :'own_since'), ('since_named', hand.with_names(:'own_since'));
INSERT INTO bench.entrants (contest, entrant, db_role, calls, before, query)
SELECT contest, entrant, CASE WHEN entrant IN ('open', 'named') THEN current_user ELSE 'work_api' END, 50,
       hand.as_user(:'name', '{read:task}'), query
FROM (VALUES
    (1, 'own, planned', 'table', :'plain'), (2, 'own, planned', 'open', :'own'), (3, 'own, planned', 'bound', :'own'),
    (4, 'own, planned', 'named', hand.with_names(:'own')), (5, 'own, planned', 'function', 'SELECT * FROM work.own_tasks()'),
    (6, 'own, prepared', 'table', 'EXECUTE own_table'), (7, 'own, prepared', 'open', 'EXECUTE own_open'), (8, 'own, prepared', 'bound', 'EXECUTE own_bound'),
    (9, 'own, prepared', 'named', 'EXECUTE own_named'), (10, 'own, prepared', 'function', 'SELECT * FROM work.own_tasks()'),
    (11, 'own since, planned', 'open', :'own_since'), (12, 'own since, planned', 'bound', :'own_since'),
    (13, 'own since, planned', 'named', hand.with_names(:'own_since')), (14, 'own since, planned', 'function', format('SELECT * FROM work.own_tasks(%L)', :'since')),
    (15, 'own since, prepared', 'open', 'EXECUTE since_open'), (16, 'own since, prepared', 'bound', 'EXECUTE since_bound'),
    (17, 'own since, prepared', 'named', 'EXECUTE since_named'), (18, 'own since, prepared', 'function', format('SELECT * FROM work.own_tasks(%L)', :'since'))
) AS e (place, contest, entrant, query)
WHERE :'stage' = 'all' OR contest = 'own, prepared'
ORDER BY place;

-- All that say the same must get the same.
CREATE FUNCTION hand.rows_of(contest text, entrant text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    e bench.entrants;
    query text;
    n bigint;
BEGIN
    SELECT * INTO e FROM bench.entrants AS x WHERE (x.contest, x.entrant) = (rows_of.contest, rows_of.entrant);
    SELECT coalesce(p.query, e.query) INTO query FROM (SELECT) AS one LEFT JOIN hand.prepared AS p ON e.query = 'EXECUTE ' || p.name;
    EXECUTE e.before;
    EXECUTE format('SET LOCAL ROLE %I', e.db_role);
    EXECUTE query;
    GET DIAGNOSTICS n = ROW_COUNT;
    SET LOCAL ROLE NONE;
    RETURN n;
END $$;
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT contest, min(hand.rows_of(contest, entrant)) AS fewest, max(hand.rows_of(contest, entrant)) AS most
             FROM bench.entrants WHERE contest <> 'refresh' GROUP BY contest LOOP
        ASSERT c.fewest = c.most AND c.most > 0, format('%s: %s to %s rows', c.contest, c.fewest, c.most);
    END LOOP;
END $$;
SELECT rbac.clear_identity() \g /dev/null
