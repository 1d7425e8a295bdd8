-- An attacker has SQL injection in the application's role: any statement, as a role
-- that may read and write the tasks and the tables of workflows, and may make
-- objects of its own. Can it take a step that is not for mallory, or make one up?
-- Each attack says what it tries.
--
--   A request goes from open to review by its assignee, and from review to paid by
--   an approver, who is not its creator. A memo goes from open to paid by anybody.
--   mallory is a clerk of acme, and an approver in beta; bob approves in acme.
--   Request 1 is mallory's own, and is assigned to bob; no 2 is bob's, in review.
\set SHOW_CONTEXT never
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION public.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('00000000-0000-0000-0000-' || lpad((48000000 + n)::text, 12, '0'))::uuid;
INSERT INTO rbac.tenants (id, key, name) VALUES (id(1), 'aw_acme', 'Acme'), (id(2), 'aw_beta', 'Beta'), (id(3), 'aw_gamma', 'Gamma');
INSERT INTO rbac.users (id, username) VALUES (id(101), 'aw_mallory'), (id(102), 'aw_bob');
SELECT rbac.create_role('aw clerk'), rbac.create_role('aw approver') \g /dev/null
SELECT rbac.grant_role(id(101), 'aw clerk', id(1)), rbac.grant_role(id(101), 'aw approver', id(2)), rbac.grant_role(id(102), 'aw approver', id(1)) \g /dev/null
INSERT INTO rbac.workflow_statuses (id, name) VALUES (9801, 'open'), (9802, 'review'), (9803, 'paid'), (9804, 'secret');
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES (9801, NULL, 'request', 9801), (9802, NULL, 'memo', 9801), (9803, id(3), 'request', 9801);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9801, 'request', 9801), (9802, 'memo', 9802);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id, only_assignee, not_creator)
SELECT w, f, t, (SELECT r.id FROM rbac.roles AS r WHERE r.name = a), o, n
FROM (VALUES (9801, 9801, 9802, NULL, true, false), (9801, 9802, 9803, 'aw approver', false, true), (9802, 9801, 9803, NULL, false, false),
             (9803, 9801, 9804, 'aw approver', false, true)) AS v (w, f, t, a, o, n);
CREATE ROLE regress_rbac_owner;
CREATE ROLE regress_rbac_app LOGIN;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON rbac.workflow_statuses, rbac.workflows, rbac.task_types, rbac.workflow_transitions TO regress_rbac_app;
CREATE SCHEMA vault AUTHORIZATION regress_rbac_owner;
CREATE SCHEMA lair AUTHORIZATION regress_rbac_app;
GRANT USAGE ON SCHEMA vault TO regress_rbac_app;
SET ROLE regress_rbac_owner;
CREATE TABLE vault.tasks (id integer, tenant_id uuid, type_id integer, status_id integer, assignee_id uuid, creator_id uuid, region text) PARTITION BY LIST (region);
CREATE TABLE vault.tasks_n PARTITION OF vault.tasks (PRIMARY KEY (id)) FOR VALUES IN ('n');
CREATE TABLE vault.tasks_s PARTITION OF vault.tasks (PRIMARY KEY (id)) FOR VALUES IN ('s');
INSERT INTO vault.tasks VALUES (1, id(1), 9801, 9801, id(102), id(101), 'n'), (2, id(1), 9801, 9802, id(102), id(102), 'n'), (3, id(1), 9802, 9801, NULL, id(101), 'n');
SELECT rbac.attach_workflow('vault.tasks', tenant_column => 'tenant_id', assignee_column => 'assignee_id', creator_column => 'creator_id');
GRANT SELECT, INSERT, UPDATE, DELETE ON vault.tasks, vault.tasks_n, vault.tasks_s TO regress_rbac_app;
RESET ROLE;
-- set_identity is not for the application's role: mallory has come in.
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
SET SESSION AUTHORIZATION regress_rbac_app;
SET search_path = lair, vault, public;

\echo '# The steps, as they are.'
UPDATE tasks SET status_id = 9802 WHERE id = 1;
UPDATE tasks SET status_id = 9803 WHERE id = 2;
\echo '# Mallory makes himself the assignee in the UPDATE that takes the step.'
UPDATE tasks SET assignee_id = id(101), status_id = 9802 WHERE id = 1;
UPDATE tasks SET assignee_id = id(101), status_id = 9802, region = 's' WHERE id = 1;
INSERT INTO tasks_n VALUES (1, id(1), 9801, NULL, id(101), id(102), 'n') ON CONFLICT (id) DO UPDATE SET assignee_id = excluded.assignee_id, status_id = 9802;
MERGE INTO tasks USING (VALUES (1)) AS v (id) ON tasks.id = v.id WHEN MATCHED THEN UPDATE SET assignee_id = id(101), status_id = 9802;
DO $$ DECLARE c CURSOR FOR SELECT * FROM tasks WHERE id = 1 FOR UPDATE; BEGIN OPEN c; MOVE c; UPDATE tasks SET assignee_id = id(101), status_id = 9802 WHERE CURRENT OF c; END $$;
\echo '# He gives his request to another creator, or takes it to where he approves, in that UPDATE.'
UPDATE tasks SET tenant_id = id(2), status_id = 9803 WHERE id = 2;
UPDATE tasks SET tenant_id = id(2), status_id = 9803, region = 's' WHERE id = 2;
UPDATE tasks SET creator_id = NULL, status_id = 9803 WHERE id = 2;
\echo '# He makes a memo of it, which anybody pays.'
UPDATE tasks SET type_id = 9802, status_id = 9803 WHERE id = 1;
UPDATE tasks SET type_id = 9802, status_id = 9803, region = 's' WHERE id = 1;
UPDATE tasks SET type_id = 9802 WHERE id = 2;
\echo '# He empties the status, so that it can start anywhere.'
UPDATE tasks SET status_id = NULL WHERE id = 2;
UPDATE tasks SET status_id = NULL, region = 's' WHERE id = 2;
UPDATE tasks SET type_id = NULL WHERE id = 2;
UPDATE tasks SET type_id = NULL, region = 's' WHERE id = 2;
\echo '# He inserts what is paid already: directly, into a partition, by UPSERT, MERGE, COPY, or by moving something else beside it.'
INSERT INTO tasks VALUES (10, id(1), 9801, 9803, NULL, id(102), 'n');
INSERT INTO tasks_s VALUES (10, id(1), 9801, 9803, NULL, id(102), 's');
INSERT INTO tasks_n VALUES (10, id(1), 9801, 9803, NULL, id(102), 'n') ON CONFLICT (id) DO UPDATE SET status_id = 9801;
MERGE INTO tasks USING (VALUES (10)) AS v (id) ON tasks.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (10, id(1), 9801, 9803, NULL, id(102), 'n');
COPY tasks FROM stdin;
10	00000000-0000-0000-0000-000048000001	9801	9803	\N	\N	n
\.
MERGE INTO tasks USING (VALUES (3, 's'), (10, 's')) AS v (id, region) ON tasks.id = v.id
    WHEN MATCHED THEN UPDATE SET region = v.region, status_id = 9803
    WHEN NOT MATCHED THEN INSERT VALUES (10, id(1), 9801, 9803, NULL, id(102), 's');
WITH moved AS (UPDATE tasks SET region = 's' WHERE id = 3 RETURNING *) INSERT INTO tasks SELECT 10, tenant_id, 9801, 9803, NULL, creator_id, 's' FROM moved;
\echo '# He deletes bob''s request and inserts it as paid.'
WITH gone AS (DELETE FROM tasks WHERE id = 2 RETURNING *) INSERT INTO tasks SELECT id, tenant_id, type_id, 9803, assignee_id, creator_id, region FROM gone;
\echo '# He catches the refusal, and hopes that the row stays.'
DO $$ BEGIN UPDATE tasks SET status_id = 9803 WHERE id = 2; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
SELECT id, status_id FROM tasks WHERE id = 2;
\echo '# He switches the judge off, or lets others come after him.'
ALTER TABLE vault.tasks DISABLE TRIGGER ALL;
ALTER TABLE vault.tasks_n DISABLE TRIGGER rbac_workflow_step;
DROP TRIGGER rbac_workflow_step ON vault.tasks;
SET session_replication_role = replica;
SELECT rbac.detach_workflow('vault.tasks');
SELECT rbac.attach_workflow('vault.tasks', 'type_id', 'status_id');
CREATE TRIGGER zzzz BEFORE UPDATE ON vault.tasks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE vault.tasks RENAME status_id TO old_status;
\echo '# He calls the triggers'' functions.'
SELECT rbac._workflow_step();
\echo '# Operators and functions of his own come first in the search path.'
CREATE FUNCTION lair.same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR lair.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = lair.same);
CREATE OPERATOR lair.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = lair.same);
CREATE TABLE lair.workflow_transitions AS SELECT * FROM rbac.workflow_transitions;
UPDATE tasks SET status_id = 9803 WHERE id OPERATOR(pg_catalog.=) 2;
DROP OPERATOR lair.= (integer, integer);
DROP OPERATOR lair.<> (integer, integer);
\echo '# He changes the workflow as mallory, who manages none.'
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9801, 9801, 9803);
UPDATE rbac.workflow_transitions SET approver_role_id = NULL, not_creator = false;
DELETE FROM rbac.workflow_transitions;
INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES (id(1), 'request', 9803);
UPDATE rbac.workflows SET initial_status_id = 9803;
UPDATE rbac.task_types SET workflow_id = 9802 WHERE id = 9801;
UPDATE rbac.workflow_statuses SET name = 'open ' || id;
SELECT count(*) FROM rbac.workflow_transitions WHERE workflow_id = 9801;
\echo '# Or as nobody.'
SELECT rbac.clear_identity();
UPDATE rbac.task_types SET workflow_id = 9802 WHERE id = 9801;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9801, 9801, 9803);
UPDATE tasks SET status_id = 9803 WHERE id = 2;
RESET SESSION AUTHORIZATION;
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
SET SESSION AUTHORIZATION regress_rbac_app;
\echo '# He learns what tenant gamma does, of which he is no member: by a table of his own.'
CREATE TABLE lair.bait (id integer, tenant_id uuid, type_id integer, status_id integer, creator_id uuid);
SELECT rbac.attach_workflow('lair.bait', tenant_column => 'tenant_id', creator_column => 'creator_id');
INSERT INTO lair.bait VALUES (1, id(3), 9801, NULL, id(102)) RETURNING status_id;
\set VERBOSITY default
UPDATE lair.bait SET status_id = 9804;
UPDATE lair.bait SET status_id = 9803;
INSERT INTO lair.bait VALUES (1, id(3), 9801, 9804, id(102));
SELECT * FROM rbac.next_statuses(9801, 9801, id(3));
SELECT rbac.workflow_diagram(9803);
SELECT * FROM rbac.check_workflow(9803);
SELECT rbac.workflow_diagram(9801) IS NOT NULL;
\set VERBOSITY terse
\echo '# Names of columns that would end a string.'
CREATE TABLE lair.odd ("st'at\us, ü" integer, "ty""pe'); --" integer, "" integer);
CREATE TABLE lair.odd ("st'at\us, ü" integer, "ty""pe'); --" integer);
SELECT rbac.attach_workflow('lair.odd', 'st''at\us, ü', 'ty"pe''); --');
SELECT (rbac._attached('lair.odd')).*;
INSERT INTO lair.odd VALUES (NULL, 9802), (9801, 9802) RETURNING *;
INSERT INTO lair.odd VALUES (9803, 9802);
SELECT rbac.detach_workflow('lair.odd');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'lair.odd'::regclass;
\echo '# And after all that: the tasks, and bob, who approves what is his to approve.'
TABLE tasks ORDER BY id;
RESET SESSION AUTHORIZATION;
SELECT rbac.set_identity(id(102), id(1), local => false) \g /dev/null
SET SESSION AUTHORIZATION regress_rbac_app;
UPDATE tasks SET status_id = 9802 WHERE id = 1 RETURNING id, status_id;
UPDATE tasks SET status_id = 9803 WHERE id = 1 RETURNING id, status_id;
UPDATE tasks SET status_id = 9803 WHERE id = 2;
\echo '# Not prevented: whoever may write the columns on which steps hang, does so in one UPDATE, and steps in the next.'
RESET SESSION AUTHORIZATION;
SELECT rbac.set_identity(id(101), id(1), local => false) \g /dev/null
SET SESSION AUTHORIZATION regress_rbac_app;
BEGIN;
UPDATE tasks SET tenant_id = id(2) WHERE id = 2;
UPDATE tasks SET status_id = 9803 WHERE id = 2 RETURNING id, status_id;
ROLLBACK;
-- A memo that is paid can become a request, which is then paid as well.
BEGIN;
UPDATE tasks SET status_id = 9803 WHERE id = 3;
UPDATE tasks SET type_id = 9801 WHERE id = 3 RETURNING type_id, status_id;
ROLLBACK;
\echo '# What is not to be written that way, is not granted.'
RESET SESSION AUTHORIZATION;
REVOKE UPDATE ON vault.tasks, vault.tasks_n, vault.tasks_s FROM regress_rbac_app;
GRANT UPDATE (status_id) ON vault.tasks TO regress_rbac_app;
SET SESSION AUTHORIZATION regress_rbac_app;
UPDATE tasks SET tenant_id = id(2) WHERE id = 2;
UPDATE tasks SET type_id = 9801, status_id = 9803 WHERE id = 3;
UPDATE tasks SET status_id = 9803 WHERE id = 2;

RESET SESSION AUTHORIZATION;
RESET search_path;
SELECT rbac.clear_identity() \g /dev/null
SET client_min_messages = warning;
DROP SCHEMA vault CASCADE;
DROP SCHEMA lair CASCADE;
DELETE FROM rbac.task_types WHERE id > 9800;
DELETE FROM rbac.workflows WHERE id > 9800;
DELETE FROM rbac.workflow_statuses WHERE id > 9800;
DELETE FROM rbac.users WHERE username LIKE 'aw\_%';
DELETE FROM rbac.tenants WHERE key LIKE 'aw\_%';
DELETE FROM rbac.roles WHERE name LIKE 'aw %';
DROP OWNED BY regress_rbac_app, regress_rbac_owner;
DROP ROLE regress_rbac_app, regress_rbac_owner;
DROP FUNCTION public.id(integer);
