-- How many tasks each employee has, and how many of them are completed: the document's
-- query (3.2), read from the summary, which is exact in the transaction that changes a
-- task, and as long as there are employees rather than tasks.

CREATE TYPE work.employee_summary AS (username text, total bigint, completed bigint);
COMMENT ON TYPE work.employee_summary IS 'How many tasks an employee has, and how many of these are completed.';

-- In the order of names, the employees of the page come first, and then their totals.
CREATE FUNCTION work._summary_by_name(is_descending boolean, _from integer, _size integer) RETURNS SETOF work.employee_summary
LANGUAGE plpgsql STABLE ROWS 100
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    WITH page AS MATERIALIZED (
        SELECT e.id, e.username, e.ordinality FROM work._employees_by_name(is_descending, _from, _size) WITH ORDINALITY AS e
    ), totals AS MATERIALIZED (
        SELECT s.assignee_id, s.total, s.counts FROM work.tasks_by_assignee_totals AS s
        WHERE s.tenant_id = rbac.current_tenant_id() AND s.assignee_id = ANY (ARRAY(SELECT page.id FROM page))
    )
    SELECT page.username, coalesce(totals.total, 0), work._completed(totals.counts)
    FROM page LEFT JOIN totals ON totals.assignee_id = page.id
    ORDER BY page.ordinality;
END $$;

-- The most come first: the page is taken from the summary, whose index has them in that
-- order, and then it is seen who of those is an employee. With all that have as many as
-- the last of them, so that ties can be in the order of names. No rows if the page may
-- reach those who have no tasks.
CREATE FUNCTION work._summary_by_total(_from integer, _size integer) RETURNS SETOF work.employee_summary
LANGUAGE plpgsql STABLE ROWS 100
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    -- perhaps not all of them are employees still
    tried integer := _from + _size + 10;
    found_assignees bigint;
    found_employees bigint;
    page work.employee_summary[];
BEGIN
    LOOP
        WITH most AS MATERIALIZED (
            SELECT s.assignee_id, s.total, s.counts FROM work.tasks_by_assignee_totals AS s
            WHERE s.assignee_id IS NOT NULL
            ORDER BY s.total DESC FETCH FIRST (tried) ROWS WITH TIES
        ), employees AS MATERIALIZED (
            SELECT e.id, e.username FROM work._employees_among(ARRAY(SELECT most.assignee_id FROM most)) AS e
        ), page AS (
            SELECT e.username, most.total, work._completed(most.counts)
            FROM employees AS e JOIN most ON most.assignee_id = e.id
            ORDER BY most.total DESC, lower(e.username) DESC OFFSET _from LIMIT _size
        )
        SELECT (SELECT count(*) FROM most), (SELECT count(*) FROM employees), ARRAY(SELECT p::work.employee_summary FROM page AS p)
        INTO found_assignees, found_employees, page;
        IF found_employees >= _from + _size THEN
            RETURN QUERY SELECT * FROM unnest(page);
            RETURN;
        END IF;
        EXIT WHEN found_assignees < tried;
        tried := tried * 4;
    END LOOP;
END $$;

-- In any other order, all employees with their totals: kept ones, or, for a range of
-- dates, those of the tasks in it, counted now.
CREATE FUNCTION work._summary_of_all(start_date timestamptz, end_date timestamptz, order_by text, _from integer, _size integer) RETURNS SETOF work.employee_summary
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH employees AS MATERIALIZED (
            SELECT id, username FROM work._employees_by_name(false, 0, NULL)
        ), totals AS MATERIALIZED (%s)
        SELECT e.username, coalesce(total, 0) AS total, coalesce(completed, 0) AS completed
        FROM employees AS e LEFT JOIN totals ON totals.assignee_id = e.id
        ORDER BY %s OFFSET $1 LIMIT $2
        $q$,
        CASE WHEN start_date IS NULL AND end_date IS NULL
            THEN 'SELECT assignee_id, total, work._completed(counts) AS completed FROM work.tasks_by_assignee_totals'
            ELSE 'SELECT assignee_id, (c).total, (c).completed
                  FROM (SELECT t.assignee_id, rbac.completion(t.status_id, work.completed_statuses()) AS c FROM work.tasks AS t
                        WHERE ' || work._conditions((NULL, NULL, NULL, NULL), start_date, end_date) || ' GROUP BY t.assignee_id) AS g'
            END,
        order_by)
    USING _from, _size, NULL::integer, NULL::integer, start_date, end_date;
END $$;

CREATE FUNCTION work.task_summary(start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL,
    _from integer DEFAULT 0, _size integer DEFAULT 100, sort text DEFAULT 'username') RETURNS SETOF work.employee_summary
LANGUAGE plpgsql STABLE ROWS 100
AS $$
DECLARE
    order_by CONSTANT text := work._order_by(coalesce(sort, ''), '{"username": "lower(username)", "total": "total", "completed": "completed"}', 'lower(username)');
BEGIN
    PERFORM rbac.require_scope('su_read:task');
    PERFORM work._check_page(_from, _size, start_date, end_date);
    IF start_date IS NULL AND end_date IS NULL THEN
        IF order_by LIKE 'lower(username)%' THEN
            RETURN QUERY SELECT * FROM work._summary_by_name(order_by LIKE 'lower(username) DESC%', _from, _size);
            RETURN;
        ELSIF order_by = 'total DESC, lower(username) DESC' THEN
            RETURN QUERY SELECT * FROM work._summary_by_total(_from, _size);
            IF FOUND THEN
                RETURN;
            END IF;
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM work._summary_of_all(start_date, end_date, order_by, _from, _size);
END $$;
COMMENT ON FUNCTION work.task_summary(timestamptz, timestamptz, integer, integer, text) IS
'How many tasks each employee has, and how many of them are completed, also of those who have none: _size employees after the first _from, in the order of sort (username, total, completed). With start_date (included) and end_date (excluded): of the tasks made then. What is in the archive does not count. Takes scope su_read:task. Errors: 28000 (nobody is asking), 42501 (no scope), 22023 (what is no page, range or key).';
