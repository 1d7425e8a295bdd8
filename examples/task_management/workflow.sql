-- How tasks go from status to status: each type has a workflow of its own.
--
-- Whoever is assigned a task goes on with it; only an Employer sets it pending, or
-- reopens a bug. A step that is not listed here is refused, whoever asks.

INSERT INTO rbac.workflow_statuses (id, name) VALUES
    (1, 'To Do'), (2, 'In Progress'), (3, 'Pending'), (4, 'Completed'), (5, 'Open'), (6, 'Closed'), (7, 'Reopened');
INSERT INTO rbac.workflows (id, name, initial_status_id) VALUES (1, 'tasks', 1), (2, 'bugs', 1);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (1, 'task', 1), (2, 'bug', 2);

SELECT setval(pg_get_serial_sequence('rbac.' || t, 'id'), last) FROM (VALUES
    ('workflow_statuses', 7), ('workflows', 2), ('task_types', 2)) AS s (t, last)
\g /dev/null

CREATE TEMPORARY TABLE steps (workflow text, "from" text, "to" text, who text);
INSERT INTO steps VALUES
    ('tasks', 'To Do',       'In Progress', 'assignee'),
    ('tasks', 'In Progress', 'Completed',   'assignee'),
    ('tasks', 'To Do',       'Pending',     'Employer'),
    ('tasks', 'In Progress', 'Pending',     'Employer'),
    ('tasks', 'Pending',     'In Progress', 'Employer'),
    ('bugs',  'To Do',       'Open',        'assignee'),
    ('bugs',  'Open',        'Closed',      'assignee'),
    ('bugs',  'Closed',      'Reopened',    'Employer'),
    ('bugs',  'Reopened',    'Closed',      'assignee');

INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, only_assignee, required_scope_id, approver_role_id)
SELECT w.id, f.id, t.id, s.who = 'assignee', e.id, r.id
FROM steps AS s
JOIN rbac.workflows AS w ON w.name = s.workflow
JOIN rbac.workflow_statuses AS f ON f.name = s."from"
JOIN rbac.workflow_statuses AS t ON t.name = s."to"
LEFT JOIN rbac.scopes AS e ON e.name = 'edit:task' AND s.who = 'assignee'
LEFT JOIN rbac.roles AS r ON r.name = s.who AND r.tenant_id IS NULL;
DROP TABLE steps;

-- Which of them count as completed, in the report and for the archive: Completed, Closed.
CREATE FUNCTION work.completed_statuses() RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{4,6}'::integer[];

-- How many of {"status": count} are of these. In so many words, since that is quickest.
CREATE FUNCTION work._completed(counts jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((counts ->> '4')::bigint, 0) + coalesce((counts ->> '6')::bigint, 0);
