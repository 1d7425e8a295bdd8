-- What guards the tasks: keys, who sees and writes which rows, the steps that a status
-- may take, and the summary, which is exact from here on.

CREATE INDEX tasks_of_assignee ON work.tasks (assignee_id, created_at, id);
CREATE INDEX tasks_of_tenant ON work.tasks (tenant_id, created_at, id);
CREATE INDEX tasks_by_status ON work.tasks (tenant_id, status_id, created_at, id);
-- A unique index of a partitioned table has to name what it is partitioned by.
ALTER TABLE work.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id, created_at),
    ADD CONSTRAINT task_tenant_exists   FOREIGN KEY (tenant_id)   REFERENCES rbac.tenants,
    ADD CONSTRAINT task_type_exists     FOREIGN KEY (type_id)     REFERENCES rbac.task_types,
    ADD CONSTRAINT task_severity_exists FOREIGN KEY (severity_id) REFERENCES work.severities,
    ADD CONSTRAINT task_status_exists   FOREIGN KEY (status_id)   REFERENCES rbac.workflow_statuses,
    ADD CONSTRAINT task_assignee_exists FOREIGN KEY (assignee_id) REFERENCES rbac.users,
    ADD CONSTRAINT task_creator_exists  FOREIGN KEY (creator_id)  REFERENCES rbac.users;

-- What is in the archive was judged when it was written, and keeps nobody from going.
CREATE INDEX archived_tasks_of_assignee ON work.archived_tasks (assignee_id, created_at, id);
CREATE INDEX archived_tasks_of_tenant ON work.archived_tasks (tenant_id, created_at, id);
ALTER TABLE work.archived_tasks ADD CONSTRAINT archived_tasks_pkey PRIMARY KEY (id, created_at);

-- Rows of the current tenant; all of them by the su_ scopes, one's own by the others.
-- Tasks are never deleted, but for the archive by who owns the tables. Partitions are
-- told as well, those to come when they are made (archive.sql).
CREATE PROCEDURE work._protect() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.enable_tenant_isolation('work.tasks'),
            rbac.protect_table('work.tasks', owner_column => 'assignee_id',
                select_scope => 'su_read:task', own_select_scope => 'read:task',
                update_scope => 'su_edit:task', own_update_scope => 'edit:task',
                insert_scope => 'create:task'),
            rbac.enable_tenant_isolation('work.archived_tasks'),
            rbac.protect_table('work.archived_tasks', owner_column => 'assignee_id',
                select_scope => 'su_read:task', own_select_scope => 'read:task');
END $$;
CALL work._protect();

-- edit:task is for the status alone: all else takes su_edit:task, also from who writes
-- SQL of their own.
CREATE FUNCTION work._require_su_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rbac.require_scope('su_edit:task', NEW.tenant_id);
    RETURN NEW;
END $$;
CREATE TRIGGER all_but_the_status_takes_su_edit BEFORE UPDATE ON work.tasks
    FOR EACH ROW WHEN ((OLD.title, OLD.description, OLD.type_id, OLD.severity_id, OLD.assignee_id, OLD.creator_id, OLD.due_date)
        IS DISTINCT FROM (NEW.title, NEW.description, NEW.type_id, NEW.severity_id, NEW.assignee_id, NEW.creator_id, NEW.due_date))
    EXECUTE FUNCTION work._require_su_edit();

-- Who made a task and who changed it last is nobody's to say.
CREATE FUNCTION work._sign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.creator_id := rbac.current_user_id();
    END IF;
    NEW.updated_at := now();
    NEW.updated_by := rbac.current_user_id();
    RETURN NEW;
END $$;
CREATE TRIGGER sign BEFORE INSERT OR UPDATE ON work.tasks FOR EACH ROW EXECUTE FUNCTION work._sign();

SELECT rbac.attach_workflow('work.tasks', assignee_column => 'assignee_id', creator_column => 'creator_id') \g /dev/null

-- By both columns that row-level security looks at, so that nothing has to be counted
-- apart; its view _totals is in the order of totals by an index.
SELECT rbac.create_summary('tasks_by_assignee', 'work.tasks', '{tenant_id,assignee_id}') \g /dev/null
