-- Tasks, the same for each entrant, in a table of its own; five kinds of steps, to
-- and fro between two statuses; who takes them; and the trigger that one would
-- write by hand. Variable: tasks, how many.

SELECT u.id AS person, t.id AS tenant FROM rbac.users AS u CROSS JOIN rbac.tenants AS t
    JOIN rbac.user_roles AS a ON a.user_id = u.id AND a.tenant_id = t.id ORDER BY u.id LIMIT 1 \gset
SELECT rbac.create_scope('bench:step'), rbac.create_permission('bench stepping', scopes => '{bench:step}'),
       rbac.create_role('bench approver', permissions => '{bench stepping}'), rbac.create_role('bench chief', inherits => '{bench approver}') \g /dev/null
SELECT rbac.grant_role(:'person', 'bench chief', :'tenant') \g /dev/null

INSERT INTO rbac.workflow_statuses (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
CREATE TABLE bench.kinds (kind text PRIMARY KEY, place integer GENERATED ALWAYS AS IDENTITY, role text, scope text, only_assignee boolean, not_creator boolean);
INSERT INTO bench.kinds (kind, role, scope, only_assignee, not_creator) VALUES
    ('anybody', NULL, NULL, false, false),
    ('the assignee', NULL, NULL, true, false),
    ('a role, by inheritance', 'bench approver', NULL, false, false),
    ('a scope', NULL, 'bench:step', false, false),
    ('all of it, four eyes', 'bench approver', 'bench:step', true, true);
INSERT INTO rbac.workflows (id, name, initial_status_id) SELECT place, kind, 1 FROM bench.kinds;
INSERT INTO rbac.task_types (id, name, workflow_id) SELECT place, kind, place FROM bench.kinds;
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, required_scope_id, approver_role_id, only_assignee, not_creator)
SELECT k.place, f, t, (SELECT id FROM rbac.scopes WHERE name = k.scope), (SELECT id FROM rbac.roles WHERE name = k.role), k.only_assignee, k.not_creator
FROM bench.kinds AS k, (VALUES (1, 2), (2, 1)) AS v (f, t)
-- and some that are not taken
UNION ALL SELECT k.place, f, t, NULL, NULL, true, false
FROM bench.kinds AS k, (VALUES (1, 3), (2, 3), (3, 4), (4, 1)) AS v (f, t);

-- By hand: the tables joined, for the person and the tenant that settings name.
CREATE FUNCTION bench.judge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    me CONSTANT uuid := current_setting('bench.person');
BEGIN
    IF NEW.status_id = OLD.status_id THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (
        SELECT FROM rbac.task_types AS y JOIN rbac.workflow_transitions AS t ON t.workflow_id = y.workflow_id
        WHERE y.id = OLD.type_id AND t.from_status_id = OLD.status_id AND t.to_status_id = NEW.status_id
          AND (NOT t.only_assignee OR OLD.assignee_id = me)
          AND (NOT t.not_creator OR OLD.creator_id <> me)
          AND (t.approver_role_id IS NULL OR t.approver_role_id IN (
                WITH RECURSIVE held (role_id) AS (
                    SELECT role_id FROM rbac.user_roles WHERE user_id = me AND (tenant_id IS NULL OR tenant_id = OLD.tenant_id)
                    UNION SELECT i.inherits_role_id FROM held JOIN rbac.role_inherits AS i USING (role_id))
                SELECT role_id FROM held))
          AND (t.required_scope_id IS NULL OR EXISTS (
                WITH RECURSIVE held (role_id) AS (
                    SELECT role_id FROM rbac.user_roles WHERE user_id = me AND (tenant_id IS NULL OR tenant_id = OLD.tenant_id)
                    UNION SELECT i.inherits_role_id FROM held JOIN rbac.role_inherits AS i USING (role_id))
                SELECT FROM held JOIN rbac.role_permissions USING (role_id) JOIN rbac.permission_scopes AS p USING (permission_id)
                WHERE p.scope_id = t.required_scope_id)))
    THEN
        RAISE check_violation USING MESSAGE = 'no such step';
    END IF;
    RETURN NULL;
END $$;

CREATE TABLE bench.tables (entrant text, kind text, tbl text, PRIMARY KEY (entrant, kind));
CREATE FUNCTION bench.make_tasks(entrant text, kind integer, tasks bigint, person uuid, tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tbl CONSTANT text := format('bench.tasks_%s_%s', entrant, kind);
BEGIN
    EXECUTE format('CREATE TABLE %s (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, type_id integer NOT NULL, status_id integer NOT NULL,
        assignee_id uuid, creator_id uuid, title text) WITH (fillfactor = 60, autovacuum_enabled = false)', tbl);
    EXECUTE format('INSERT INTO %s SELECT n, %L, %s, 1, %L, gen_random_uuid(), ''a task like many others, number '' || n FROM generate_series(1, %s) AS n',
        tbl, tenant, kind, person, tasks);
    CASE entrant
        WHEN 'nothing' THEN
        WHEN 'trivial' THEN
            EXECUTE format('CREATE TRIGGER judge AFTER INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION bench.trivial_trigger()', tbl);
        WHEN 'rbac' THEN
            PERFORM rbac.attach_workflow(tbl, 'status_id', 'type_id', 'tenant_id', 'assignee_id', 'creator_id');
        WHEN 'plpgsql' THEN
            EXECUTE format('CREATE TRIGGER judge AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION bench.judge()', tbl);
    END CASE;
    INSERT INTO bench.tables SELECT entrant, k.kind, tbl FROM bench.kinds AS k WHERE k.place = make_tasks.kind;
END $$;
SELECT bench.make_tasks(e, k.place, :tasks, :'person', :'tenant')
FROM unnest('{nothing,trivial,rbac,plpgsql}'::text[]) AS e, bench.kinds AS k WHERE k.place <= :kinds \g /dev/null
CHECKPOINT;
-- Who asks, for the session: rbac's identity, and a setting for the other.
CREATE TABLE bench.asker AS SELECT :'person'::uuid AS person, :'tenant'::uuid AS tenant;
