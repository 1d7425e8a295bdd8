-- Where can a task go, what does a workflow look like, and is something wrong
-- with it?

CREATE FUNCTION rbac.next_statuses(
    type_id integer, status_id integer,
    tenant_id uuid DEFAULT NULL, assignee_id uuid DEFAULT NULL, creator_id uuid DEFAULT NULL
) RETURNS TABLE (status_id integer, name text, allowed boolean, reason text)
LANGUAGE c STABLE PARALLEL SAFE CALLED ON NULL INPUT COST 100 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_next_statuses';
COMMENT ON FUNCTION rbac.next_statuses(integer, integer, uuid, uuid, uuid) IS
'Where can a task go from here, and may the current user take it there? One row for each status that a transition leads to, by id: as the triggers of attach_workflow judge it. type_id, status_id: of the task (status_id NULL: it is yet to be made, and the one row is the status in which it starts); tenant_id: its tenant, NULL: the current one; assignee_id, creator_id: whose it is, NULL: nobody''s. allowed: by one of the transitions at least; reason: whom that is for, or what is lacking for each. No rows of a workflow that is another tenant''s, where the current user holds no role. Errors: 22004 (type_id is NULL), 42704 (no such type).';

CREATE FUNCTION rbac.workflow_diagram(workflow_id integer) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'rbac_workflow_diagram';
COMMENT ON FUNCTION rbac.workflow_diagram(integer) IS
'A workflow as a Mermaid state diagram (stateDiagram-v2): its statuses by name, where tasks start, and the steps, each with whom it is for. For whoever may know of the workflow: shared ones are everybody''s who is asking, others for those who belong to the tenant, all for the owner of the tables. Error: 42704 (no such workflow).';

-- Two kinds of faults that can be declared, a missing initial status and a
-- transition to or from nowhere, are refused by the tables.
CREATE FUNCTION rbac._check_workflow(workflow_id integer)
RETURNS TABLE (level text, check_name text, object text, detail text, remedy text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE workflow AS (
        SELECT w.id, w.name, w.initial_status_id, w.tenant_id FROM rbac.workflows AS w WHERE w.id = _check_workflow.workflow_id
    ),
    step AS (
        SELECT t.* FROM rbac.workflow_transitions AS t JOIN workflow AS w ON w.id = t.workflow_id
    ),
    reached (status_id) AS (
        SELECT w.initial_status_id FROM workflow AS w
        UNION
        SELECT s.to_status_id FROM reached AS r JOIN step AS s ON s.from_status_id = r.status_id
    ),
    known (status_id) AS (
        SELECT s.from_status_id FROM step AS s UNION SELECT s.to_status_id FROM step AS s
    ),
    attached AS (
        SELECT g.tgrelid::regclass AS tbl, (rbac._attached(g.tgrelid::regclass)).*
        FROM pg_catalog.pg_trigger AS g
        WHERE g.tgfoid = 'rbac._workflow_step()'::regprocedure AND g.tgparentid = 0
    ),
    named AS (
        SELECT s.*, pg_catalog.format('"%s" to "%s"', f.name, t.name) AS step_name
        FROM step AS s
        JOIN rbac.workflow_statuses AS f ON f.id = s.from_status_id
        JOIN rbac.workflow_statuses AS t ON t.id = s.to_status_id
    )
    SELECT f.level, f.check_name, f.object, f.detail, f.remedy
    FROM (
        SELECT 'warning' AS level, 'unreachable_status' AS check_name, s.name AS object,
               'No way leads there from the status in which tasks start.' AS detail,
               'Add a transition to it, or remove those from it.' AS remedy
        FROM known AS k JOIN rbac.workflow_statuses AS s ON s.id = k.status_id
        WHERE k.status_id NOT IN (SELECT r.status_id FROM reached AS r)
        UNION ALL
        SELECT 'warning', 'no_way_on', s.name, 'Tasks start there, and stay.', 'Add a transition from it.'
        FROM workflow AS w JOIN rbac.workflow_statuses AS s ON s.id = w.initial_status_id
        WHERE w.initial_status_id NOT IN (SELECT s2.from_status_id FROM step AS s2)
        UNION ALL
        SELECT 'warning', 'no_such_column', n.step_name,
               pg_catalog.format('It is for the assignee, and table %s names none.', a.tbl),
               pg_catalog.format('Call rbac.attach_workflow(%L, ...) with its assignee_column, if its tasks have this workflow.', a.tbl::text)
        FROM named AS n CROSS JOIN attached AS a WHERE n.only_assignee AND a.assignee_column IS NULL
        UNION ALL
        SELECT 'warning', 'no_such_column', n.step_name,
               pg_catalog.format('It asks who the creator is, and table %s does not say.', a.tbl),
               pg_catalog.format('Call rbac.attach_workflow(%L, ...) with its creator_column, if its tasks have this workflow.', a.tbl::text)
        FROM named AS n CROSS JOIN attached AS a WHERE (n.only_creator OR n.not_creator) AND a.creator_column IS NULL
        UNION ALL
        SELECT 'info', 'nobody_may', n.step_name,
               pg_catalog.format('It takes scope "%s", which no role carries.', c.name),
               'Give a role a permission that carries it.'
        FROM named AS n JOIN rbac.scopes AS c ON c.id = n.required_scope_id
        WHERE NOT EXISTS (SELECT FROM rbac.permission_scopes AS ps
                          JOIN rbac.role_permissions AS rp ON rp.permission_id = ps.permission_id
                          WHERE ps.scope_id = n.required_scope_id)
        UNION ALL
        SELECT 'info', 'condition_without_effect', n.step_name,
               'Another transition for the same step is open to anybody.',
               'Remove one of the two.'
        FROM named AS n
        WHERE (n.required_scope_id IS NOT NULL OR n.approver_role_id IS NOT NULL OR n.only_assignee OR n.only_creator OR n.not_creator)
          AND EXISTS (SELECT FROM step AS o
                      WHERE o.from_status_id = n.from_status_id AND o.to_status_id = n.to_status_id
                        AND o.required_scope_id IS NULL AND o.approver_role_id IS NULL
                        AND NOT (o.only_assignee OR o.only_creator OR o.not_creator))
        UNION ALL
        SELECT 'info', 'without_types', w.name, 'No task type names it, and it replaces no shared workflow that one names.',
               'Give a task type this workflow, or the name of the shared one that it is to replace.'
        FROM workflow AS w
        WHERE NOT EXISTS (SELECT FROM rbac.task_types AS y JOIN rbac.workflows AS o ON o.id = y.workflow_id
                          WHERE o.id = w.id OR (o.tenant_id IS NULL AND o.name = w.name))
    ) AS f
    ORDER BY pg_catalog.array_position('{error, warning, info}', f.level), f.check_name, f.object, f.detail;
END;
COMMENT ON FUNCTION rbac._check_workflow(integer) IS
'What rbac.check_workflow() lists, without judging who is asking.';

CREATE FUNCTION rbac.check_workflow(workflow_id integer)
RETURNS TABLE (level text, check_name text, object text, detail text, remedy text)
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'rbac_check_workflow';
COMMENT ON FUNCTION rbac.check_workflow(integer) IS
'What is wrong with a workflow, one row for each finding, columns as of doctor(): unreachable_status (no way leads there from where tasks start), no_way_on (tasks stay where they start), no_such_column (a step asks for the assignee or the creator, and a table with a workflow does not say who that is), nobody_may (a scope that no role carries), condition_without_effect (another transition for the same step is open to anybody), without_types. A workflow without an initial status, and a transition from or to a status that does not exist, are refused by the tables themselves. For whoever may know of the workflow, as workflow_diagram(). Error: 42704 (no such workflow).';

REVOKE ALL ON FUNCTION rbac.next_statuses(integer, integer, uuid, uuid, uuid), rbac.workflow_diagram(integer),
    rbac._check_workflow(integer), rbac.check_workflow(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac.next_statuses(integer, integer, uuid, uuid, uuid), rbac.workflow_diagram(integer),
    rbac.check_workflow(integer) TO PUBLIC;
