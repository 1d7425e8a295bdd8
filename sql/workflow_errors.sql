-- What cannot be is refused, or reported, with its reason: by the tables, by
-- attach_workflow, by the triggers, by the questions; and check_workflow finds
-- what no constraint can.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
-- SQLSTATE and message of what a statement raises; 'done' if nothing.
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ' ' || sqlerrm, '  ' || nullif(d, ''), '  ' || nullif(h, ''));
END $$;
\pset format unaligned
\pset tuples_only on
BEGIN;
\set north '''44000000-0000-0000-0000-00000000000a'''
\set south '''44000000-0000-0000-0000-00000000000b'''
\set ann '''44000000-0000-0000-0000-000000000001'''
INSERT INTO rbac.tenants (id, key, name) VALUES (:north, 'north', 'North'), (:south, 'south', 'South');
INSERT INTO rbac.users (id, username) VALUES (:ann, 'ann');
INSERT INTO rbac.roles (id, tenant_id, name) VALUES (9501, :north, 'northerner'), (9502, NULL, 'clerk');
INSERT INTO rbac.scopes (id, name) VALUES (9501, 'we:step');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (:ann, 9502, :north);
INSERT INTO rbac.workflow_statuses (id, name) VALUES (9501, 'raw'), (9502, 'cooked'), (9503, 'eaten'), (9504, 'burnt'), (9505, 'served');
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES (9501, NULL, 'meal', 9501), (9502, :north, 'snack', 9501), (9503, :south, 'meal', 9502);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9501, 'dinner', 9501), (9502, 'bun', 9502);

\echo '# The tables refuse what cannot be.'
SELECT pg_temp.attempt($$INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('none', NULL)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('none', 9999)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('meal', 9501)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflows (name, initial_status_id) VALUES (' meal', 9501)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES ('44000000-0000-0000-0000-0000000000ff', 'x', 9501)$$);
SELECT pg_temp.attempt($$UPDATE rbac.workflows SET tenant_id = NULL WHERE id = 9502$$);
SELECT pg_temp.attempt($$UPDATE rbac.workflows SET tenant_id = '44000000-0000-0000-0000-00000000000a' WHERE id = 9501$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.task_types (name, workflow_id) VALUES ('x', NULL)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.task_types (name, workflow_id) VALUES ('x', 9999)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.task_types (name, workflow_id) VALUES ('dinner', 9501)$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflow_statuses (name) VALUES ('raw')$$);
SELECT pg_temp.attempt($$INSERT INTO rbac.workflow_statuses (name) VALUES (E'a\nb')$$);
SELECT pg_temp.attempt(format('INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id, required_scope_id, only_assignee, only_creator, not_creator) VALUES (%s)', v))
FROM unnest('{"9501, 9501, 9999, NULL, NULL, false, false, false", "9501, 9999, 9501, NULL, NULL, false, false, false",
              "9501, 9501, 9501, NULL, NULL, false, false, false", "9999, 9501, 9502, NULL, NULL, false, false, false",
              "9501, 9501, 9502, 9999, NULL, false, false, false", "9501, 9501, 9502, NULL, 9999, false, false, false",
              "9501, 9501, 9502, NULL, NULL, false, true, true",   "9501, 9501, 9502, 9501, NULL, false, false, false",
              "9503, 9501, 9502, 9501, NULL, false, false, false", "9502, 9501, 9502, 9501, NULL, false, false, false",
              "9501, 9501, 9502, 9502, 9501, true, false, true",   "9501, 9501, 9502, 9502, 9501, true, false, true"}'::text[]) AS v;
SELECT pg_temp.attempt($$UPDATE rbac.workflow_transitions SET workflow_id = 9501 WHERE approver_role_id = 9501$$);
SELECT pg_temp.attempt($$DELETE FROM rbac.workflow_statuses WHERE id = 9501$$);
SELECT pg_temp.attempt($$DELETE FROM rbac.workflows WHERE id = 9501$$);
SELECT pg_temp.attempt($$DELETE FROM rbac.tenants WHERE key = 'north'$$);
-- What goes takes away steps, and opens none.
SELECT count(*) FROM rbac.workflow_transitions;
SAVEPOINT s;
DELETE FROM rbac.scopes WHERE id = 9501;
SELECT count(*) FROM rbac.workflow_transitions;
ROLLBACK TO s;
DELETE FROM rbac.roles WHERE id = 9502;
SELECT count(*) FROM rbac.workflow_transitions;
ROLLBACK TO s;
DELETE FROM rbac.tenants WHERE key = 'south';
SELECT count(*) FROM rbac.workflows;
ROLLBACK TO s;

\echo '# attach_workflow.'
CREATE TABLE meals (id integer, type_id integer, status_id integer, tenant_id uuid, state text, cook text, who uuid, gen uuid GENERATED ALWAYS AS (who) STORED);
CREATE VIEW meals_view AS SELECT * FROM meals;
CREATE TABLE parts (id integer, type_id integer, status_id integer) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts DEFAULT;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE afar (id integer, type_id integer, status_id integer) SERVER nowhere;
CREATE TABLE isolated (id integer, type_id integer, status_id integer, tenant_id uuid NOT NULL, other uuid);
SET client_min_messages = warning;
SELECT rbac.enable_tenant_isolation('isolated');
RESET client_min_messages;
SELECT pg_temp.attempt(format('SELECT rbac.attach_workflow(%s)', v))
FROM unnest(ARRAY['NULL', '''meals'', NULL', '''meals'', ''status_id'', NULL', '''meals'', ''state''', '''meals'', ''status_id'', ''nope''',
    '''meals'', tenant_column => ''nope''', '''meals'', tenant_column => ''gen''', '''meals'', assignee_column => ''cook''', '''meals'', creator_column => ''nope''',
    '''meals'', creator_column => ''id''', '''meals_view''', '''part''', '''afar''', '''pg_class''', '''rbac.roles''', '''isolated'', tenant_column => ''other''', '0']) AS v;
SELECT pg_temp.attempt($$SELECT rbac.detach_workflow(NULL)$$);
CREATE ROLE regress_rbac_app;
GRANT ALL ON meals TO regress_rbac_app;
SET ROLE regress_rbac_app;
SELECT pg_temp.attempt($$SELECT rbac.attach_workflow('meals')$$);
SELECT pg_temp.attempt($$SELECT rbac.detach_workflow('meals')$$);
RESET ROLE;

\echo '# Triggers that somebody else has made of our functions.'
CREATE TRIGGER a BEFORE UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION rbac._workflow_step('status_id', 'type_id', '', '', '');
CREATE TRIGGER b BEFORE DELETE ON meals FOR EACH ROW EXECUTE FUNCTION rbac._workflow_start('status_id', 'type_id', '', '', '');
CREATE TRIGGER c AFTER INSERT ON meals FOR EACH STATEMENT EXECUTE FUNCTION rbac._workflow_step('status_id', 'type_id', '', '', '');
CREATE TRIGGER d AFTER TRUNCATE ON meals FOR EACH STATEMENT EXECUTE FUNCTION rbac._workflow_step();
SELECT pg_temp.attempt('INSERT INTO meals VALUES (1, 9501, 9501)');
DROP TRIGGER c ON meals;
INSERT INTO meals VALUES (1, 9501, 9501);
SELECT pg_temp.attempt('UPDATE meals SET id = 2');
SELECT pg_temp.attempt('DELETE FROM meals');
SELECT pg_temp.attempt('TRUNCATE meals');
DROP TRIGGER a ON meals;
DROP TRIGGER b ON meals;
CREATE TRIGGER a AFTER UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION rbac._workflow_step('status_id', 'type_id');
SELECT pg_temp.attempt('UPDATE meals SET id = 2');
DROP TRIGGER a ON meals;
CREATE TRIGGER a AFTER UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION rbac._workflow_step('', 'type_id', '', '', '');
SELECT pg_temp.attempt('UPDATE meals SET id = 2');
DROP TRIGGER a ON meals;
CREATE TRIGGER a AFTER UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION rbac._workflow_step('state', 'type_id', '', '', '');
SELECT pg_temp.attempt('UPDATE meals SET id = 2');
DROP TRIGGER a ON meals;
DROP TRIGGER d ON meals;
SELECT pg_temp.attempt('SELECT rbac._workflow_step()');
DELETE FROM meals;

\echo '# Rows.'
SELECT rbac.attach_workflow('meals', tenant_column => 'tenant_id', assignee_column => 'who');
INSERT INTO meals (id, type_id, tenant_id) VALUES (1, 9501, :north) RETURNING status_id;
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, status_id) VALUES (2, 9501, 9502)');
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, status_id) VALUES (2, NULL, 9501)');
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, status_id) VALUES (2, 9999, 9501)');
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, tenant_id) VALUES (2, 9502, ''44000000-0000-0000-0000-00000000000b'')');
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, tenant_id) VALUES (2, 9502, NULL)');
SELECT pg_temp.attempt('UPDATE meals SET status_id = NULL');
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9503');
SELECT pg_temp.attempt('UPDATE meals SET type_id = 9999');
SELECT pg_temp.attempt('UPDATE meals SET type_id = NULL');
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9502');
SELECT rbac.set_identity(:ann, :north);
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9502');
UPDATE rbac.users SET is_active = false WHERE id = :ann;
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9502');
UPDATE rbac.users SET is_active = true WHERE id = :ann;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id, not_creator) VALUES (9501, 9501, 9502, NULL, true), (9501, 9501, 9502, 9502, true);
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9502');
SELECT * FROM rbac.next_statuses(9501, 9501);
-- What tenant south does is not ann's to know.
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, only_assignee) VALUES (9503, 9502, 9501, true);
INSERT INTO meals (id, type_id, tenant_id) VALUES (3, 9501, :south) RETURNING status_id;
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9501 WHERE id = 3');
SELECT pg_temp.attempt('UPDATE meals SET status_id = 9503 WHERE id = 3');
SELECT pg_temp.attempt('INSERT INTO meals (id, type_id, status_id, tenant_id) VALUES (2, 9501, 9501, ''44000000-0000-0000-0000-00000000000b'')');
SELECT count(*) FROM rbac.next_statuses(9501, 9502, :south);
ALTER TABLE meals DROP COLUMN gen, ALTER who TYPE text;
SELECT pg_temp.attempt('UPDATE meals SET id = 9');

\echo '# Questions.'
SELECT pg_temp.attempt('SELECT * FROM rbac.next_statuses(NULL, 1)');
SELECT pg_temp.attempt('SELECT * FROM rbac.next_statuses(9999, 1)');
SELECT pg_temp.attempt('SELECT rbac.workflow_diagram(9999)');
SELECT rbac.workflow_diagram(NULL) IS NULL;
SET ROLE regress_rbac_app;
SELECT pg_temp.attempt('SELECT rbac.workflow_diagram(9501)');
SELECT pg_temp.attempt('SELECT rbac.workflow_diagram(9502)');
SELECT pg_temp.attempt('SELECT rbac.workflow_diagram(9503)');
SELECT pg_temp.attempt('SELECT * FROM rbac.check_workflow(9503)');
SELECT pg_temp.attempt('SELECT * FROM rbac._check_workflow(9501)');
SELECT rbac.clear_identity();
SELECT pg_temp.attempt('SELECT rbac.workflow_diagram(9501)');
SELECT * FROM rbac.next_statuses(9501, 9501);
RESET ROLE;

\echo '# What no constraint can see.'
DELETE FROM rbac.workflow_transitions WHERE workflow_id = 9501;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, required_scope_id, only_assignee) VALUES
    (9501, 9504, 9505, NULL, false), (9501, 9503, 9504, 9501, false), (9501, 9503, 9504, NULL, false), (9501, 9505, 9503, NULL, true);
INSERT INTO rbac.workflows (id, name, initial_status_id) VALUES (9505, 'idle', 9501);
SELECT level, check_name, object, detail FROM rbac.check_workflow(9501);
SELECT level, check_name, object, detail, remedy FROM rbac.check_workflow(9505);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id) VALUES (9501, 9501, 9502), (9501, 9502, 9503);
SELECT level, check_name, object, detail FROM rbac.check_workflow(9501);

\echo '# Names that Mermaid would read as its own.'
UPDATE rbac.workflow_statuses SET name = 'say "hi": <b>now</b>; #1 %% [*] --> {x}' WHERE id = 9501;
UPDATE rbac.workflow_statuses SET name = 'Direction  LR, straße 漢字 50°' WHERE id = 9502;
INSERT INTO rbac.roles (id, name) VALUES (9503, 'note: end note'), (9504, 'style: x #1;');
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id, not_creator) VALUES (9501, 9502, 9501, 9503, true), (9501, 9502, 9501, 9504, false);
SELECT rbac.workflow_diagram(9501);
-- each line is one that Mermaid's grammar knows
SELECT line FROM regexp_split_to_table(rtrim(rbac.workflow_diagram(9501), E'\n'), E'\n') AS line
WHERE line !~ '^(stateDiagram-v2|    state "[^":;%<>{}\[\]]*" as s\d+|    (\[\*\]|s\d+) --> s\d+( : [^":;%<>{}\[\]]+)?)$'
  AND regexp_replace(line, '#\d+;', '', 'g') !~ '^(stateDiagram-v2|    state "[^":;%<>{}\[\]]*" as s\d+|    (\[\*\]|s\d+) --> s\d+( : [^":;%<>{}\[\]]+)?)$';
ROLLBACK;
