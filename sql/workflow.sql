-- Tasks go through a workflow: the task management system of the design, with
-- the statuses To Do, In Progress, Pending and Completed.
--
-- The rule: a task starts in the initial status, and goes from status to status
-- only along a transition of its type's workflow, by who may take it. Whoever is
-- assigned a task starts and completes it; only an employer, or a director, whose
-- role inherits that one, puts it off.
--
--   acme: emil and ella are employees, boris is an employer, dora a director.
--   beta has a workflow of its own for these tasks, where pim, an employee, may
--   put off what he has.
\set ON_ERROR_ROLLBACK on
\set VERBOSITY default
\pset null -
CREATE FUNCTION id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('00000000-0000-0000-0000-' || lpad((41000000 + n)::text, 12, '0'))::uuid;
INSERT INTO rbac.tenants (id, key, name) VALUES (id(1), 'wf_acme', 'Acme'), (id(2), 'wf_beta', 'Beta');
INSERT INTO rbac.users (id, username) VALUES
    (id(101), 'wf_emil'), (id(102), 'wf_ella'), (id(103), 'wf_boris'), (id(104), 'wf_dora'), (id(105), 'wf_pim');
SELECT rbac.create_scope('wf:complete') \g /dev/null
SELECT rbac.create_permission('wf completing', scopes => '{wf:complete}') \g /dev/null
SELECT rbac.create_role('wf employee', permissions => '{wf completing}'), rbac.create_role('wf employer'),
       rbac.create_role('wf director', inherits => '{wf employer}') \g /dev/null
SELECT rbac.grant_role(u, r, t) FROM (VALUES
    (id(101), 'wf employee', id(1)), (id(102), 'wf employee', id(1)), (id(103), 'wf employer', id(1)),
    (id(104), 'wf director', id(1)), (id(105), 'wf employee', id(2))) AS g (u, r, t) \g /dev/null

-- Nothing is seeded, and ids begin with 1.
INSERT INTO rbac.workflow_statuses (name) VALUES ('To Do'), ('In Progress'), ('Pending'), ('Completed') RETURNING *;
INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('common', 1), ('bugs', 1) RETURNING *;
INSERT INTO rbac.task_types (name, workflow_id) VALUES ('task', 1), ('bug', 2), ('feature', 1) RETURNING *;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, required_scope_id, approver_role_id, only_assignee)
SELECT 1, f, t, (SELECT id FROM rbac.scopes WHERE name = s), (SELECT id FROM rbac.roles WHERE name = r), a
FROM (VALUES (1, 2, NULL, NULL, true), (2, 4, 'wf:complete', NULL, true), (2, 3, NULL, 'wf employer', false),
             (3, 2, NULL, 'wf employer', false)) AS v (f, t, s, r, a);
-- A bug is completed at once, by anybody, and reopened.
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (2, 1, 4), (2, 4, 1);

CREATE ROLE regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
CREATE TABLE tasks (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL REFERENCES rbac.tenants,
    type_id integer NOT NULL REFERENCES rbac.task_types,
    status_id integer NOT NULL REFERENCES rbac.workflow_statuses,
    assignee_id uuid, creator_id uuid, title text
);
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO regress_rbac_app;
SELECT rbac.enable_tenant_isolation('tasks');
-- The tenant is that of the isolation.
SELECT rbac.attach_workflow('tasks', assignee_column => 'assignee_id', creator_column => 'creator_id');
SELECT (rbac._attached('tasks')).*;
SELECT tgname, pg_get_triggerdef(oid) AS trigger FROM pg_trigger WHERE tgrelid = 'tasks'::regclass AND tgname ~ 'workflow' ORDER BY 1;

SET ROLE regress_rbac_app;
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
-- A status that is left out, or null, is the initial one.
INSERT INTO tasks (type_id, assignee_id, creator_id, title) VALUES (1, id(101), id(103), 'shelves') RETURNING id, status_id;
INSERT INTO tasks (type_id, status_id, assignee_id, title) VALUES (1, NULL, id(102), 'counter') RETURNING id, status_id;
INSERT INTO tasks (type_id, status_id, title) VALUES (2, 1, 'leak') RETURNING id, status_id;
INSERT INTO tasks (type_id, status_id, title) VALUES (1, 4, 'done before it was begun');

-- Emil starts his own task, and not Ella's.
UPDATE tasks SET status_id = 2 WHERE title = 'shelves' RETURNING status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'counter';
-- No step leads back.
UPDATE tasks SET status_id = 1 WHERE title = 'shelves';
-- He may not put it off.
UPDATE tasks SET status_id = 3 WHERE title = 'shelves';
-- What does not touch the status is nobody's business here.
UPDATE tasks SET title = 'the shelves', status_id = status_id WHERE title = 'shelves';

-- An employer may put it off, and so may who has a role that inherits that one.
SELECT rbac.set_identity(id(103), id(1), local => false) \g /dev/null
UPDATE tasks SET status_id = 3 WHERE title = 'the shelves' RETURNING status_id;
SELECT rbac.set_identity(id(104), id(1), local => false) \g /dev/null
UPDATE tasks SET status_id = 2 WHERE title = 'the shelves' RETURNING status_id;
-- They do not complete what is not theirs.
UPDATE tasks SET status_id = 4 WHERE title = 'the shelves';

-- An identity that lists scopes narrows those, not roles.
SELECT rbac.set_identity(id(101), id(1), scopes => '{rbac:review}', local => false) \g /dev/null
UPDATE tasks SET status_id = 4 WHERE title = 'the shelves';
SELECT rbac.set_identity(id(104), id(1), scopes => '{rbac:review}', local => false) \g /dev/null
BEGIN;
UPDATE tasks SET status_id = 3 WHERE title = 'the shelves' RETURNING status_id;
ROLLBACK;
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
UPDATE tasks SET status_id = 4 WHERE title = 'the shelves' RETURNING status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'the shelves';

-- Bugs have another workflow. A step that asks for nothing is open to whoever may
-- write the row, also if nobody is asking.
UPDATE tasks SET status_id = 4 WHERE title = 'leak' RETURNING status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'leak';
RESET ROLE;
SELECT rbac.clear_identity() \g /dev/null
UPDATE tasks SET status_id = 1 WHERE title = 'leak' RETURNING status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'counter';

-- A type can change to one whose workflow has the status.
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(id(102), id(1), local => false) \g /dev/null
UPDATE tasks SET type_id = 2 WHERE title = 'counter' RETURNING type_id, status_id;
UPDATE tasks SET type_id = 1 WHERE title = 'counter' RETURNING type_id, status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'counter' RETURNING type_id, status_id;
UPDATE tasks SET type_id = 2 WHERE title = 'counter';
-- With a step at once: one of the workflow that it had, to a status that the new one has.
UPDATE tasks SET type_id = 2, status_id = 4 WHERE title = 'counter' RETURNING type_id, status_id;
UPDATE tasks SET type_id = 1, status_id = 2 WHERE title = 'counter';
UPDATE tasks SET type_id = 3, status_id = 1 WHERE title = 'counter' RETURNING type_id, status_id;

-- A menu offers what the triggers permit.
SELECT * FROM rbac.next_statuses(1, 2, assignee_id => id(102));
SELECT * FROM rbac.next_statuses(1, 2);
SELECT * FROM rbac.next_statuses(1, NULL);
SELECT * FROM rbac.next_statuses(1, 4);
SELECT * FROM rbac.next_statuses(2, 1, id(1));
RESET ROLE;

-- Beta has a workflow of the same name, which takes the shared one's place there.
INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES (id(2), 'common', 2);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, only_assignee, not_creator)
SELECT w.id, f, t, a, c FROM rbac.workflows AS w, (VALUES (2, 3, true, false), (3, 2, true, false), (2, 4, false, true)) AS v (f, t, a, c)
WHERE w.tenant_id = id(2);
SET ROLE regress_rbac_app;
SELECT rbac.set_identity(id(105), id(2), local => false) \g /dev/null
INSERT INTO tasks (type_id, assignee_id, creator_id, title) VALUES (1, id(105), id(105), 'fence') RETURNING status_id;
UPDATE tasks SET status_id = 3 WHERE title = 'fence' RETURNING status_id;
UPDATE tasks SET status_id = 2 WHERE title = 'fence' RETURNING status_id;
-- Four eyes: not who made the task.
UPDATE tasks SET status_id = 4 WHERE title = 'fence';
UPDATE tasks SET creator_id = NULL WHERE title = 'fence';
UPDATE tasks SET status_id = 4 WHERE title = 'fence';
SELECT * FROM rbac.next_statuses(1, 2, creator_id => id(101));
-- Acme has still the shared one; what beta does is not acme's to know.
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
INSERT INTO tasks (type_id, title) VALUES (1, 'roof') RETURNING status_id;
SELECT * FROM rbac.next_statuses(1, 2, id(2));
RESET ROLE;
SELECT rbac.clear_identity() \g /dev/null

-- As fresh as decisions: one's own changes at once, until they are rolled back.
BEGIN;
SELECT rbac.set_identity(id(101), id(1)) \g /dev/null
SAVEPOINT s;
UPDATE tasks SET status_id = 3 WHERE title = 'roof';
ROLLBACK TO s;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (1, 1, 3);
UPDATE tasks SET status_id = 3 WHERE title = 'roof' RETURNING status_id;
ROLLBACK TO s;
UPDATE tasks SET status_id = 3 WHERE title = 'roof';
ROLLBACK TO s;
-- A grant counts as well.
UPDATE tasks SET assignee_id = id(101) WHERE title = 'roof';
UPDATE tasks SET status_id = 2 WHERE title = 'roof' RETURNING status_id;
DELETE FROM rbac.user_roles WHERE user_id = id(101);
UPDATE tasks SET status_id = 4 WHERE title = 'roof';
ROLLBACK TO s;
UPDATE rbac.users SET is_active = false WHERE id = id(101);
UPDATE tasks SET assignee_id = id(101) WHERE title = 'roof';
UPDATE tasks SET status_id = 2 WHERE title = 'roof';
ROLLBACK;

-- What it looks like, and that nothing is wrong with it.
SELECT rbac.workflow_diagram(1);
SELECT * FROM rbac.check_workflow(1);

-- Columns are known by their names: whoever renames one, says so again.
ALTER TABLE tasks RENAME assignee_id TO worker_id;
INSERT INTO tasks (tenant_id, type_id) VALUES (id(1), 1);
UPDATE tasks SET title = title;
SELECT rbac.attach_workflow('tasks', assignee_column => 'worker_id', creator_column => 'creator_id');
INSERT INTO tasks (tenant_id, type_id) VALUES (id(1), 1) RETURNING status_id;
-- A column that others need cannot be lost without a word, either.
ALTER TABLE tasks DROP COLUMN creator_id;
UPDATE tasks SET title = title;
SELECT rbac.attach_workflow('tasks', assignee_column => 'worker_id');
-- And that a step then asks for somebody whom nobody knows, is found.
SELECT id AS beta FROM rbac.workflows WHERE tenant_id = id(2) \gset
SELECT * FROM rbac.check_workflow(:beta);

SELECT rbac.detach_workflow('tasks');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tasks'::regclass AND tgname ~ 'workflow';
UPDATE tasks SET status_id = 4 WHERE title = 'roof' RETURNING status_id;
SELECT rbac.detach_workflow('tasks');

DROP TABLE tasks;
DELETE FROM rbac.task_types;
DELETE FROM rbac.workflows;
DELETE FROM rbac.workflow_statuses;
DELETE FROM rbac.users WHERE username LIKE 'wf\_%';
DELETE FROM rbac.tenants WHERE key LIKE 'wf\_%';
DELETE FROM rbac.roles WHERE name LIKE 'wf %';
DELETE FROM rbac.permissions WHERE name LIKE 'wf %';
DELETE FROM rbac.scopes WHERE name LIKE 'wf:%';
ALTER TABLE rbac.workflow_statuses ALTER id RESTART;
ALTER TABLE rbac.workflows ALTER id RESTART;
ALTER TABLE rbac.task_types ALTER id RESTART;
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
DROP FUNCTION id(integer);
