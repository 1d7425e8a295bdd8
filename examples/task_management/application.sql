-- The role that the API works as: it owns nothing, and does what the functions do, with
-- the rights that these need. Row-level security and the workflow bind it whatever it
-- sends. A login role of the API becomes it: GRANT work_api TO ...

CREATE ROLE work_api;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA work FROM PUBLIC;
REVOKE EXECUTE ON ALL PROCEDURES IN SCHEMA work FROM PUBLIC;
GRANT USAGE ON SCHEMA work TO work_api;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA work TO work_api;
REVOKE EXECUTE ON FUNCTION work._make_partition FROM work_api;

GRANT SELECT, INSERT (id, title, type_id, assignee_id, description, due_date, severity_id),
      UPDATE (status_id, type_id, assignee_id) ON work.tasks TO work_api;
GRANT SELECT ON work.archived_tasks, work.severities,
      work.tasks_by_assignee, work.tasks_by_assignee_totals TO work_api;
GRANT SELECT ON rbac.workflow_statuses, rbac.task_types TO work_api;
