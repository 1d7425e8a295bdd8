-- The same tasks in the document's tables, with its indexes, and its query (3.2), to
-- compare with. One index more, for one's own tasks in the order in which they were made.

CREATE SCHEMA plain;
GRANT USAGE ON SCHEMA plain TO work_api;
CREATE TABLE plain."user" AS
SELECT u.username, 'Employee' AS role FROM rbac.users AS u JOIN rbac.user_roles AS r ON r.user_id = u.id AND r.role_id = work._employee_role();
CREATE TABLE plain.task AS
SELECT t.id, t.title, t.description, t.type_id, t.severity_id, CASE t.status_id WHEN 6 THEN 4 ELSE t.status_id END AS status_id,
       u.username AS assignee, 'minh' AS creator, t.due_date, t.created_at, t.updated_at, 'minh' AS updated_by
FROM work.tasks AS t LEFT JOIN rbac.users AS u ON u.id = t.assignee_id;
CREATE INDEX idx_task_assignee ON plain.task (assignee);
CREATE INDEX idx_task_status_id ON plain.task (status_id);
CREATE INDEX idx_user_username ON plain."user" (username);
CREATE INDEX idx_user_role ON plain."user" (role);
CREATE INDEX idx_task_compound ON plain.task (assignee, status_id);
CREATE INDEX ON plain.task (assignee, created_at, id);
GRANT SELECT ON ALL TABLES IN SCHEMA plain TO work_api;
VACUUM ANALYZE plain.task;
VACUUM ANALYZE plain."user";

CREATE FUNCTION plain.report(order_by text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT "user".username, COUNT(task.id) AS total_tasks, COUNT(CASE WHEN task.status_id = 4 THEN 1 END) AS completed_tasks
        FROM plain."user" LEFT OUTER JOIN plain.task ON "user".username = task.assignee
        WHERE "user".role = ''Employee'' GROUP BY "user".username ORDER BY %s
        OFFSET 0 ROWS FETCH NEXT 100 ROWS ONLY', order_by)
$$;
