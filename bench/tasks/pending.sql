-- Two thousand changes that the summary has not folded yet: tasks that are handed from
-- one to another, a statement each, past the triggers that ask who is asking.
SET rbac.summary_pending = 1000000;
SET session_replication_role = replica;
CREATE PROCEDURE hand.hand_over(so_many integer) LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT id, created_at, lead(assignee_id) OVER (ORDER BY id) AS other
             FROM (SELECT id, created_at, assignee_id FROM work.tasks WHERE assignee_id IS NOT NULL ORDER BY id LIMIT so_many + 1) AS few ORDER BY id LIMIT so_many LOOP
        UPDATE work.tasks SET assignee_id = t.other WHERE (id, created_at) = (t.id, t.created_at);
        COMMIT;
    END LOOP;
END $$;
CALL hand.hand_over(1000);
ANALYZE work._tasks_by_assignee_pending;
