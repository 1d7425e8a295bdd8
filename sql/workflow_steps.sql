-- Every step, of everybody, in every tenant, for every task: the same answer by
-- the triggers, by next_statuses(), and by an independent query, the sentence that
-- gives workflows their meaning in plain SQL.
--
--   Tenants: one, which has a workflow of its own for type 1; two; and none.
--   Types: 1 and 2 have shared workflows, 3 has one of tenant two alone.
--   Users hold roles and scopes in one, in two, in both, for a time that is over,
--   in a department only, everywhere, or by inheritance; one is not active.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-0000-0000-' || lpad((42000000 + n)::text, 12, '0'))::uuid;
CREATE ROLE regress_rbac_app;
INSERT INTO rbac.tenants (id, key, name) VALUES (pg_temp.id(1), 'ws_one', 'One'), (pg_temp.id(2), 'ws_two', 'Two');
INSERT INTO rbac.departments (id, tenant_id, name) VALUES (pg_temp.id(11), pg_temp.id(1), 'sales');
INSERT INTO rbac.users (id, username, is_active) SELECT pg_temp.id(100 + n), 'ws_' || n, n <> 8 FROM generate_series(1, 8) AS n;
INSERT INTO rbac.scopes (id, name) VALUES (9301, 'ws:step');
INSERT INTO rbac.permissions (id, name) VALUES (9301, 'ws stepping');
INSERT INTO rbac.permission_scopes VALUES (9301, 9301);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (9301, NULL, 'ws approver'), (9302, NULL, 'ws stepper'), (9303, NULL, 'ws head'), (9304, pg_temp.id(1), 'ws own'), (9305, pg_temp.id(1), 'ws own head');
INSERT INTO rbac.role_permissions VALUES (9302, 9301);
INSERT INTO rbac.role_inherits VALUES (9303, 9301), (9303, 9302), (9305, 9304);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_until) VALUES
    (pg_temp.id(101), 9301, pg_temp.id(1), NULL, NULL),
    (pg_temp.id(102), 9302, pg_temp.id(1), NULL, NULL), (pg_temp.id(102), 9301, pg_temp.id(2), NULL, NULL),
    (pg_temp.id(103), 9303, pg_temp.id(2), NULL, NULL),
    (pg_temp.id(104), 9303, NULL, NULL, NULL),
    (pg_temp.id(105), 9303, pg_temp.id(1), NULL, now() - interval '1 minute'), (pg_temp.id(105), 9305, pg_temp.id(1), NULL, now() + interval '1 day'),
    (pg_temp.id(106), 9303, pg_temp.id(1), pg_temp.id(11), NULL),
    (pg_temp.id(108), 9303, NULL, NULL, NULL);
INSERT INTO rbac.workflow_statuses (id, name) SELECT n, 'ws ' || n FROM generate_series(9301, 9304) AS n;
INSERT INTO rbac.workflows (id, tenant_id, name, initial_status_id) VALUES
    (9301, NULL, 'ws a', 9301), (9302, NULL, 'ws b', 9302), (9303, pg_temp.id(1), 'ws a', 9301), (9304, pg_temp.id(2), 'ws c', 9301);
INSERT INTO rbac.task_types (id, name, workflow_id) VALUES (9301, 'ws 1', 9301), (9302, 'ws 2', 9302), (9303, 'ws 3', 9304);
-- Each combination of conditions for some step of some workflow; some steps have several.
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, required_scope_id, approver_role_id, only_assignee, only_creator, not_creator)
SELECT w, f, t, s, r, a, c, o FROM (VALUES
    (9301, 9301, 9302, NULL, NULL, false, false, false), (9301, 9301, 9303, 9301, NULL, false, false, false),
    (9301, 9301, 9304, NULL, 9301, false, false, false), (9301, 9302, 9301, NULL, NULL, true,  false, false),
    (9301, 9302, 9303, NULL, NULL, false, true,  false), (9301, 9302, 9304, NULL, NULL, false, false, true),
    (9301, 9303, 9301, 9301, 9301, false, false, false), (9301, 9303, 9302, 9301, NULL, true,  false, true),
    (9301, 9303, 9304, NULL, 9301, true,  true,  false), (9301, 9304, 9301, NULL, 9303, false, false, false),
    (9301, 9304, 9301, NULL, NULL, true,  false, false), (9301, 9304, 9302, 9301, 9301, true,  true,  false),
    (9302, 9302, 9303, NULL, 9301, false, false, true),  (9302, 9303, 9302, NULL, 9302, false, false, false),
    (9302, 9303, 9302, NULL, NULL, false, true,  false),
    (9303, 9301, 9302, NULL, 9304, false, false, false), (9303, 9302, 9301, NULL, 9305, false, false, false),
    (9303, 9302, 9303, NULL, NULL, false, false, false), (9303, 9303, 9301, 9301, NULL, false, false, false),
    (9304, 9301, 9302, NULL, 9303, false, false, false), (9304, 9302, 9301, 9301, NULL, false, false, false)
) AS v (w, f, t, s, r, a, c, o);

CREATE TABLE ws_tasks (id integer PRIMARY KEY, tenant_id uuid, type_id integer, status_id integer, assignee_id uuid, creator_id uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON ws_tasks TO regress_rbac_app;
GRANT EXECUTE ON FUNCTION rbac.set_identity TO regress_rbac_app;
-- Every row that there can be, before there is a workflow.
INSERT INTO ws_tasks
SELECT row_number() OVER (ORDER BY y, t, s, a, c), t, y, s, a, c
FROM unnest(ARRAY[9301, 9302, 9303]) AS y, unnest(ARRAY[pg_temp.id(1), pg_temp.id(2), NULL]) AS t, generate_series(9301, 9304) AS s,
     unnest(ARRAY[pg_temp.id(101), pg_temp.id(107), NULL]) AS a, unnest(ARRAY[pg_temp.id(101), pg_temp.id(102), NULL]) AS c;
SELECT count(*) AS rows FROM ws_tasks;
SELECT rbac.attach_workflow('ws_tasks', tenant_column => 'tenant_id', assignee_column => 'assignee_id', creator_column => 'creator_id');

-- The sentence, in plain SQL. What a user is authorized for in a tenant, or everywhere:
CREATE TABLE ws_authorized AS
    WITH RECURSIVE reached (user_id, tenant_id, role_id) AS (
        SELECT ur.user_id, t.id, ur.role_id
        FROM rbac.user_roles AS ur JOIN rbac.users AS u ON u.id = ur.user_id AND u.is_active,
             (SELECT id FROM rbac.tenants UNION ALL SELECT NULL) AS t (id)
        WHERE (ur.tenant_id IS NULL OR ur.tenant_id = t.id) AND ur.department_id IS NULL
          AND (ur.valid_until IS NULL OR ur.valid_until > statement_timestamp())
        UNION
        SELECT r.user_id, r.tenant_id, i.inherits_role_id FROM reached AS r JOIN rbac.role_inherits AS i USING (role_id)
    )
    SELECT * FROM reached;
CREATE TABLE ws_scoped AS
    SELECT DISTINCT g.user_id, g.tenant_id, p.scope_id
    FROM ws_authorized AS g JOIN rbac.role_permissions USING (role_id) JOIN rbac.permission_scopes AS p USING (permission_id);
-- the workflow of a type in a tenant:
CREATE TABLE ws_workflow AS
    SELECT t.id AS tenant_id, k.id AS type_id,
           coalesce((SELECT own.id FROM rbac.workflows AS own WHERE own.tenant_id = t.id AND own.name = w.name AND w.tenant_id IS NULL), w.id) AS workflow_id
    FROM (SELECT id FROM rbac.tenants UNION ALL SELECT NULL) AS t (id), rbac.task_types AS k JOIN rbac.workflows AS w ON w.id = k.workflow_id
    WHERE w.tenant_id IS NULL OR w.tenant_id = t.id;

CREATE TABLE ws_seen (u uuid, task integer, s integer, verdict text, PRIMARY KEY (task, s, u));
GRANT SELECT, INSERT ON ws_seen TO regress_rbac_app;
-- Takes each step, and takes it back.
CREATE PROCEDURE pg_temp.try_all(u uuid) LANGUAGE plpgsql AS $$
DECLARE
    task ws_tasks;
    s integer;
    verdict text;
BEGIN
    FOR task IN SELECT * FROM ws_tasks LOOP
        FOR s IN SELECT n FROM generate_series(9301, 9304) AS n WHERE n <> task.status_id LOOP
            BEGIN
                UPDATE ws_tasks SET status_id = s WHERE id = task.id;
                RAISE SQLSTATE 'WS000';
            EXCEPTION
                WHEN SQLSTATE 'WS000' THEN verdict := 'done';
                WHEN OTHERS THEN verdict := sqlstate;
            END;
            INSERT INTO ws_seen VALUES (coalesce(u, '00000000-0000-0000-0000-000000000000'), task.id, s, verdict);
        END LOOP;
    END LOOP;
END $$;

SET ROLE regress_rbac_app;
CALL pg_temp.try_all(NULL);
SELECT rbac.set_identity(pg_temp.id(101), local => false); CALL pg_temp.try_all(pg_temp.id(101));
SELECT rbac.set_identity(pg_temp.id(102), pg_temp.id(2), local => false); CALL pg_temp.try_all(pg_temp.id(102));
SELECT rbac.set_identity(pg_temp.id(103), local => false); CALL pg_temp.try_all(pg_temp.id(103));
SELECT rbac.set_identity(pg_temp.id(104), local => false); CALL pg_temp.try_all(pg_temp.id(104));
SELECT rbac.set_identity(pg_temp.id(105), pg_temp.id(1), local => false); CALL pg_temp.try_all(pg_temp.id(105));
SELECT rbac.set_identity(pg_temp.id(106), local => false); CALL pg_temp.try_all(pg_temp.id(106));
SELECT rbac.set_identity(pg_temp.id(107), local => false); CALL pg_temp.try_all(pg_temp.id(107));
SELECT rbac.set_identity(pg_temp.id(108), local => false); CALL pg_temp.try_all(pg_temp.id(108));
SELECT rbac.clear_identity();
RESET ROLE;

SELECT verdict, count(*) FROM ws_seen GROUP BY 1 ORDER BY 1;
-- and which transitions a user may take: none is 23514, or else done, 28000 or 42501.
SELECT * FROM (
    SELECT v.u, t.tenant_id, t.type_id, t.assignee_id, t.creator_id, t.status_id, v.s, v.verdict,
        CASE WHEN count(x.id) = 0 THEN '23514'
             WHEN bool_or(x.required_scope_id IS NULL AND x.approver_role_id IS NULL AND NOT (x.only_assignee OR x.only_creator OR x.not_creator)) THEN 'done'
             WHEN u.id IS NULL THEN '28000'
             WHEN bool_or(u.is_active
                 AND (x.required_scope_id IS NULL OR EXISTS (SELECT FROM ws_scoped AS g WHERE g.user_id = u.id AND g.tenant_id IS NOT DISTINCT FROM t.tenant_id AND g.scope_id = x.required_scope_id))
                 AND (x.approver_role_id IS NULL OR EXISTS (SELECT FROM ws_authorized AS g WHERE g.user_id = u.id AND g.tenant_id IS NOT DISTINCT FROM t.tenant_id AND g.role_id = x.approver_role_id))
                 AND (NOT x.only_assignee OR t.assignee_id IS NOT DISTINCT FROM u.id)
                 AND (NOT x.only_creator OR t.creator_id IS NOT DISTINCT FROM u.id)
                 AND (NOT x.not_creator OR coalesce(t.creator_id <> u.id, false))) THEN 'done'
             ELSE '42501' END AS expected
    FROM ws_seen AS v JOIN ws_tasks AS t ON t.id = v.task LEFT JOIN rbac.users AS u ON u.id = v.u
    LEFT JOIN ws_workflow AS w ON w.type_id = t.type_id AND w.tenant_id IS NOT DISTINCT FROM t.tenant_id
    LEFT JOIN rbac.workflow_transitions AS x ON x.workflow_id = w.workflow_id AND x.from_status_id = t.status_id AND x.to_status_id = v.s
    GROUP BY v.u, t.id, v.s, v.verdict, u.id
) AS compared WHERE verdict <> expected;

-- The same by next_statuses(), for each who belongs there: a NULL tenant would mean the current one.
CREATE FUNCTION pg_temp.compare(u uuid) RETURNS TABLE (compared bigint, differ bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.set_identity(u, local => false);
    RETURN QUERY
    SELECT count(*), count(*) FILTER (WHERE v.verdict IS DISTINCT FROM CASE WHEN n.status_id IS NULL THEN '23514' WHEN n.allowed THEN 'done' ELSE '42501' END)
    FROM ws_seen AS v JOIN ws_tasks AS t ON t.id = v.task
    LEFT JOIN LATERAL rbac.next_statuses(t.type_id, t.status_id, t.tenant_id, t.assignee_id, t.creator_id) AS n ON n.status_id = v.s
    WHERE v.u = $1 AND t.tenant_id IS NOT NULL
      -- a workflow of its own is told only to those who belong to the tenant
      AND EXISTS (SELECT FROM rbac.user_roles AS r WHERE r.user_id = $1 AND (r.tenant_id IS NULL OR r.tenant_id = t.tenant_id)
                  AND (r.valid_until IS NULL OR r.valid_until > statement_timestamp()));
END $$;
SELECT n, c.* FROM generate_series(101, 106) AS n, pg_temp.compare(pg_temp.id(n)) AS c;
SELECT rbac.clear_identity();

DROP TABLE ws_tasks, ws_seen, ws_authorized, ws_scoped, ws_workflow;
DELETE FROM rbac.task_types WHERE name LIKE 'ws %';
DELETE FROM rbac.workflows WHERE name LIKE 'ws %';
DELETE FROM rbac.workflow_statuses WHERE name LIKE 'ws %';
DELETE FROM rbac.users WHERE username LIKE 'ws\_%';
DELETE FROM rbac.tenants WHERE key LIKE 'ws\_%';
DELETE FROM rbac.roles WHERE name LIKE 'ws %';
DELETE FROM rbac.permissions WHERE name LIKE 'ws %';
DELETE FROM rbac.scopes WHERE name LIKE 'ws:%';
DROP OWNED BY regress_rbac_app;
DROP ROLE regress_rbac_app;
