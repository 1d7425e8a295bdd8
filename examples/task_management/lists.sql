-- Lists of tasks: one's own, and all.
--
-- What comes from outside is passed on as a parameter, never as text of a query; of
-- what it is sorted by, only names that stand here get into one.

CREATE TYPE work.task AS (
    id uuid, title text, description text, type text, severity text, status_id integer, status text,
    assignee text, creator text, due_date timestamptz, created_at timestamptz, updated_at timestamptz, updated_by text
);
COMMENT ON TYPE work.task IS 'A task, as the API tells of it.';

-- ORDER BY for '-created_at,status_id': allowed says what a key stands for. Ties are
-- broken, in the direction of the first key, so that pages neither overlap nor leave
-- anything out.
CREATE FUNCTION work._order_by(sort text, allowed jsonb, tie_breaker text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    key text;
    name text;
    direction text;
    first_direction text;
    seen text[] := '{}';
    terms text[] := '{}';
BEGIN
    FOREACH key IN ARRAY string_to_array(replace(sort, ' ', ''), ',') LOOP
        name := ltrim(key, '+-');
        direction := CASE WHEN key LIKE '-%' THEN 'DESC' ELSE 'ASC' END;
        IF length(key) - length(name) > 1 OR NOT allowed ? name THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('cannot sort by "%s"', key),
                HINT = format('Keys are %s; a minus before one reverses it.', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(allowed) AS k));
        ELSIF allowed ->> name = ANY (seen) THEN
            RAISE invalid_parameter_value USING MESSAGE = format('cannot sort by "%s" twice', name);
        END IF;
        seen := seen || (allowed ->> name);
        first_direction := coalesce(first_direction, direction);
        terms := terms || format('%s %s', allowed ->> name, direction);
    END LOOP;
    IF tie_breaker <> ALL (seen) THEN
        terms := terms || format('%s %s', tie_breaker, coalesce(first_direction, 'ASC'));
    END IF;
    RETURN array_to_string(terms, ', ');
END $$;
COMMENT ON FUNCTION work._order_by(text, jsonb, text) IS
'The ORDER BY of a list of keys, of which only allowed ones are taken. Error: 22023.';

CREATE FUNCTION work._check_page(_from integer, _size integer, start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF _from IS NULL OR _from < 0 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('_from cannot be %s', coalesce(_from::text, 'null')), HINT = 'It is how many to leave out: 0 or more.';
    ELSIF _size IS NULL OR _size NOT BETWEEN 0 AND 1000 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('_size cannot be %s', coalesce(_size::text, 'null')), HINT = 'A page has 0 to 1000 rows.';
    ELSIF start_date > end_date THEN
        RAISE invalid_parameter_value USING MESSAGE = format('start_date (%s) is after end_date (%s)', start_date, end_date);
    END IF;
END $$;
COMMENT ON FUNCTION work._check_page(integer, integer, timestamptz, timestamptz) IS
'Error: 22023 (not a page, or not a range).';

CREATE FUNCTION work._check_status(status_id integer) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_variable
BEGIN
    IF NOT EXISTS (SELECT FROM rbac.workflow_statuses AS s WHERE s.id = status_id) OR status_id IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = format('status %s does not exist', coalesce(status_id::text, 'null')),
            HINT = format('Statuses are %s.', (SELECT string_agg(format('%s (%s)', s.id, s.name), ', ' ORDER BY s.id) FROM rbac.workflow_statuses AS s));
    END IF;
    RETURN status_id;
END $$;
COMMENT ON FUNCTION work._check_status(integer) IS 'The status. Error: 22023 (there is no such one).';

-- What a list is restricted to: {"assignee": "lan", "status_id": 4}.
CREATE TYPE work._restriction AS (assignee_id uuid, status_id integer, type_id integer, severity_id integer);

CREATE FUNCTION work._restriction(query jsonb) RETURNS work._restriction
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    r work._restriction;
    field record;
BEGIN
    IF query IS NULL OR jsonb_typeof(query) <> 'object' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'query must be a JSON object', HINT = 'For example {"assignee": "lan", "status_id": 4}.';
    END IF;
    FOR field IN SELECT f.key, f.value AS json, query ->> f.key AS value FROM jsonb_each(query) AS f LOOP
        IF field.key NOT IN ('assignee', 'status_id', 'type_id', 'severity_id') THEN
            RAISE invalid_parameter_value USING MESSAGE = format('cannot look for "%s"', field.key),
                HINT = 'A query can have assignee, status_id, type_id and severity_id.';
        ELSIF (jsonb_typeof(field.json) <> CASE field.key WHEN 'assignee' THEN 'string' ELSE 'number' END)
            OR field.key <> 'assignee' AND field.value !~ '^-?[0-9]{1,9}$' THEN
            RAISE invalid_parameter_value USING MESSAGE = format('%s cannot be %s', field.key, field.json),
                HINT = CASE field.key WHEN 'assignee' THEN 'It is the name of an employee.' ELSE 'It is a whole number.' END;
        END IF;
        CASE field.key
            WHEN 'assignee' THEN r.assignee_id := work._employee_id(field.value);
            WHEN 'status_id' THEN r.status_id := work._check_status(field.value::integer);
            WHEN 'type_id' THEN r.type_id := field.value;
            WHEN 'severity_id' THEN r.severity_id := field.value;
        END CASE;
    END LOOP;
    RETURN r;
END $$;
COMMENT ON FUNCTION work._restriction(jsonb) IS
'A query of the API, with the assignee by id. Errors: 22023 (what cannot be looked for), 42704 (no such employee).';

-- The conditions that apply, on parameters $1 to $6.
CREATE FUNCTION work._conditions(r work._restriction, start_date timestamptz, end_date timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN concat_ws(' AND ', 'true',
    CASE WHEN r.assignee_id IS NOT NULL THEN 't.assignee_id = $1' END,
    CASE WHEN r.status_id IS NOT NULL THEN 't.status_id = $2' END,
    CASE WHEN r.type_id IS NOT NULL THEN 't.type_id = $3' END,
    CASE WHEN r.severity_id IS NOT NULL THEN 't.severity_id = $4' END,
    CASE WHEN start_date IS NOT NULL THEN 't.created_at >= $5' END,
    CASE WHEN end_date IS NOT NULL THEN 't.created_at < $6' END);

-- Rows as the API tells of them, in the order in which they come: what things are called
-- is looked up for the page alone.
CREATE FUNCTION work._tell(rows work.tasks[]) RETURNS SETOF work.task
LANGUAGE plpgsql STABLE ROWS 100
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    WITH page AS MATERIALIZED (
        SELECT * FROM unnest(rows) WITH ORDINALITY
    ), names AS MATERIALIZED (
        SELECT * FROM work._names(ARRAY(SELECT p.assignee_id FROM page AS p UNION SELECT p.creator_id FROM page AS p UNION SELECT p.updated_by FROM page AS p))
    )
    SELECT t.id, t.title, t.description, y.name, v.name, t.status_id, s.name,
           a.username, c.username, t.due_date, t.created_at, t.updated_at, u.username
    FROM page AS t
    JOIN rbac.task_types AS y ON y.id = t.type_id
    JOIN rbac.workflow_statuses AS s ON s.id = t.status_id
    JOIN work.severities AS v ON v.id = t.severity_id
    LEFT JOIN names AS a ON a.id = t.assignee_id
    LEFT JOIN names AS c ON c.id = t.creator_id
    LEFT JOIN names AS u ON u.id = t.updated_by
    ORDER BY t.ordinality;
END $$;

-- A page of what the caller may see.
--
-- The newest, of all or of one assignee, are what most ask for most of the time: these
-- queries are planned once a session, for any page and range of dates, and follow an
-- index from partition to partition. All others are made, and planned, each time.
CREATE FUNCTION work._newest(of_whom uuid, since timestamptz, until timestamptz, _from integer, _size integer) RETURNS work.tasks[]
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF of_whom IS NULL THEN
        RETURN ARRAY(
            SELECT t FROM work.tasks AS t
            WHERE t.tenant_id = rbac.current_tenant_id() AND t.created_at >= since AND t.created_at < until
            ORDER BY t.created_at DESC, t.id DESC OFFSET _from LIMIT _size);
    END IF;
    RETURN ARRAY(
        SELECT t FROM work.tasks AS t
        WHERE t.assignee_id = of_whom AND t.created_at >= since AND t.created_at < until
        ORDER BY t.created_at DESC, t.id DESC OFFSET _from LIMIT _size);
END $$;

CREATE FUNCTION work._page(r work._restriction, start_date timestamptz, end_date timestamptz, _from integer, _size integer, sort text) RETURNS SETOF work.task
LANGUAGE plpgsql STABLE ROWS 100
AS $$
DECLARE
    order_by CONSTANT text := work._order_by(coalesce(sort, ''),
        '{"created_at": "t.created_at", "created": "t.created_at", "updated_at": "t.updated_at", "due_date": "t.due_date",
          "title": "t.title", "type_id": "t.type_id", "severity_id": "t.severity_id", "status_id": "t.status_id", "id": "t.id"}', 't.id');
    rows work.tasks[];
BEGIN
    PERFORM work._check_page(_from, _size, start_date, end_date);
    IF order_by = 't.created_at DESC, t.id DESC' AND (r.status_id, r.type_id, r.severity_id) IS NULL THEN
        rows := work._newest(r.assignee_id, coalesce(start_date, '-infinity'), coalesce(end_date, 'infinity'), _from, _size);
    ELSE
        EXECUTE format('SELECT ARRAY(SELECT t FROM work.tasks AS t WHERE %s ORDER BY %s OFFSET $7 LIMIT $8)',
            work._conditions(r, start_date, end_date), order_by)
        INTO rows USING r.assignee_id, r.status_id, r.type_id, r.severity_id, start_date, end_date, _from, _size;
    END IF;
    RETURN QUERY SELECT * FROM work._tell(rows);
END $$;

CREATE FUNCTION work._count(r work._restriction, start_date timestamptz, end_date timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    n bigint;
BEGIN
    PERFORM work._check_page(0, 0, start_date, end_date);
    -- what the summary counts by, it has counted already
    EXECUTE format(CASE WHEN r.type_id IS NULL AND r.severity_id IS NULL AND start_date IS NULL AND end_date IS NULL
            THEN 'SELECT coalesce(sum(t.count), 0)::bigint FROM work.tasks_by_assignee AS t WHERE %s'
            ELSE 'SELECT count(*) FROM work.tasks AS t WHERE %s' END,
        work._conditions(r, start_date, end_date))
    INTO n USING r.assignee_id, r.status_id, r.type_id, r.severity_id, start_date, end_date;
    RETURN n;
END $$;

-- Employees: what is assigned to them.
CREATE FUNCTION work.own_tasks(start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL,
    _from integer DEFAULT 0, _size integer DEFAULT 100, sort text DEFAULT '-created_at') RETURNS SETOF work.task
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    PERFORM rbac.require_scope('read:task');
    RETURN QUERY SELECT * FROM work._page((rbac.current_user_id(), NULL, NULL, NULL), start_date, end_date, _from, _size, sort);
END $$;
COMMENT ON FUNCTION work.own_tasks(timestamptz, timestamptz, integer, integer, text) IS
'The caller''s tasks that were made from start_date (included) to end_date (excluded): of those in the order of sort, _size after the first _from. Takes scope read:task. Errors: 28000 (nobody is asking), 42501 (no scope), 22023 (what is no page, range or key).';

CREATE FUNCTION work.count_own_tasks(start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    PERFORM rbac.require_scope('read:task');
    RETURN work._count((rbac.current_user_id(), NULL, NULL, NULL), start_date, end_date);
END $$;
COMMENT ON FUNCTION work.count_own_tasks(timestamptz, timestamptz) IS
'How many there are on all pages of own_tasks. Takes scope read:task.';

-- Employers: all tasks, or those of somebody, of a status and so on.
CREATE FUNCTION work.all_tasks(query jsonb DEFAULT '{}', start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL,
    _from integer DEFAULT 0, _size integer DEFAULT 100, sort text DEFAULT '-created_at') RETURNS SETOF work.task
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    PERFORM rbac.require_scope('su_read:task');
    RETURN QUERY SELECT * FROM work._page(work._restriction(query), start_date, end_date, _from, _size, sort);
END $$;
COMMENT ON FUNCTION work.all_tasks(jsonb, timestamptz, timestamptz, integer, integer, text) IS
'Tasks of everybody: query can name assignee, status_id, type_id and severity_id; the rest as of own_tasks. Takes scope su_read:task. Errors: 28000, 42501, 22023 (what is no page, range, key, query or status), 42704 (no such employee).';

CREATE FUNCTION work.count_tasks(query jsonb DEFAULT '{}', start_date timestamptz DEFAULT NULL, end_date timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    PERFORM rbac.require_scope('su_read:task');
    RETURN work._count(work._restriction(query), start_date, end_date);
END $$;
COMMENT ON FUNCTION work.count_tasks(jsonb, timestamptz, timestamptz) IS
'How many there are on all pages of all_tasks. Takes scope su_read:task.';
