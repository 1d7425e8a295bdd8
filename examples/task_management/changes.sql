-- What changes tasks. Each function asks for its scope; which rows that opens is decided
-- by row-level security, which step by the workflow, both also for who writes SQL of
-- their own.

-- The task was not there to be changed. What one cannot see one cannot change, so a token
-- for changing tasks has to list a scope for seeing them as well.
CREATE FUNCTION work._no_such_task(task_id uuid) RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF NOT rbac.has_any_scope('{su_read:task,read:task}') THEN
        PERFORM rbac.require_scope(CASE WHEN rbac.has_scope('su_edit:task') THEN 'su_read:task' ELSE 'read:task' END);
    END IF;
    RAISE no_data_found USING MESSAGE = format('there is no task %s that is yours to change', coalesce(task_id::text, 'null'));
END $$;
COMMENT ON FUNCTION work._no_such_task(uuid) IS
'Errors: P0002, the same for a task that does not exist and one that is somebody else''s; 42501 (no scope to see any).';

CREATE FUNCTION work.update_status(task_id uuid, status_id integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
    IF NOT rbac.has_scope('su_edit:task') THEN
        PERFORM rbac.require_scope('edit:task');
    END IF;
    PERFORM work._check_status(status_id);
    UPDATE work.tasks AS t SET status_id = status_id WHERE t.id = task_id;
    IF NOT FOUND THEN
        PERFORM work._no_such_task(task_id);
    END IF;
END $$;
COMMENT ON FUNCTION work.update_status(uuid, integer) IS
'Takes a task to a status: one''s own by scope edit:task, any by su_edit:task, and only along a step of its workflow, by whom the step is for. Errors: 28000, 42501 (no scope; a step that is for others), 22023 (no such status), 23514 (no such step), P0002 (no such task).';

CREATE FUNCTION work.assign_task(task_id uuid, assignee text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    to_whom uuid;
BEGIN
    PERFORM rbac.require_scope('su_edit:task');
    to_whom := work._employee_id(assignee);
    UPDATE work.tasks AS t SET assignee_id = to_whom WHERE t.id = task_id;
    IF NOT FOUND THEN
        PERFORM work._no_such_task(task_id);
    END IF;
END $$;
COMMENT ON FUNCTION work.assign_task(uuid, text) IS
'Gives a task to an employee. Takes scope su_edit:task. Errors: 28000, 42501, 42704 (no such employee), P0002 (no such task).';

CREATE FUNCTION work.change_type(task_id uuid, type_id integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM rbac.require_scope('su_edit:task');
    IF NOT EXISTS (SELECT FROM rbac.task_types AS y WHERE y.id = type_id) THEN
        RAISE invalid_parameter_value USING MESSAGE = format('task type %s does not exist', coalesce(type_id::text, 'null'));
    END IF;
    UPDATE work.tasks AS t SET type_id = type_id WHERE t.id = task_id;
    IF NOT FOUND THEN
        PERFORM work._no_such_task(task_id);
    END IF;
END $$;
COMMENT ON FUNCTION work.change_type(uuid, integer) IS
'Makes a task one of another type, whose workflow it follows from then on, and which must have its status. Takes scope su_edit:task. Errors: 28000, 42501, 22023 (no such type), 23514 (the status is not one of that workflow), P0002 (no such task).';

CREATE FUNCTION work.create_task(title text, type_id integer DEFAULT 1, assignee text DEFAULT NULL,
    description text DEFAULT NULL, due_date timestamptz DEFAULT NULL, severity_id integer DEFAULT 2) RETURNS uuid
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
    new_id CONSTANT uuid := gen_random_uuid();
    to_whom uuid;
BEGIN
    PERFORM rbac.require_scope('create:task');
    IF assignee IS NOT NULL THEN
        to_whom := work._employee_id(assignee);
    END IF;
    -- in the initial status of its type; the tenant is the current one, the creator who is asking
    INSERT INTO work.tasks (id, title, type_id, assignee_id, description, due_date, severity_id)
    VALUES (new_id, title, type_id, to_whom, description, due_date, severity_id);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION work.create_task(text, integer, text, text, timestamptz, integer) IS
'Makes a task, in the status in which its type starts, and returns its id. Takes scope create:task. Errors: 28000, 42501, 42704 (no such employee), 23502, 23514 (no title, an empty one), 23503, 23514 (no such type or severity).';
