-- The tables. Types, statuses and their workflows are rbac's (workflow.sql), users
-- and roles too (policy.sql); what is left are tasks.
--
-- Tasks are partitioned by the month in which they were made, so that a month whose
-- tasks are all completed goes to the archive as a whole (archive.sql), and a page of
-- the newest reads one partition.
--
-- Indexes, foreign keys and what guards the rows stand in rules.sql: a table is filled
-- faster before that, if there is something to fill it with (sample.sql).

CREATE SCHEMA work;

CREATE TABLE work.severities (
    id   integer PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO work.severities VALUES (1, 'low'), (2, 'medium'), (3, 'high'), (4, 'critical');

CREATE TABLE work.tasks (
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    tenant_id   uuid        NOT NULL,
    title       text        NOT NULL CONSTRAINT title_is_not_empty CHECK (title ~ '\S'),
    description text,
    type_id     integer     NOT NULL,
    severity_id integer     NOT NULL DEFAULT 2,
    status_id   integer     NOT NULL,
    assignee_id uuid,
    creator_id  uuid,
    due_date    timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  uuid
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE work.tasks IS 'Tasks that are not in the archive.';

-- The same months, of tasks that are done with.
CREATE TABLE work.archived_tasks (LIKE work.tasks INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (created_at);
COMMENT ON TABLE work.archived_tasks IS 'Completed tasks, moved here by work.archive_tasks().';

-- What a partition is called, and what it holds: tasks_2026_01, from the first of
-- January to the first of February, UTC.
CREATE FUNCTION work._partition_name(of_table text, month date) RETURNS name
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('%s_%s', of_table, to_char(month, 'YYYY_MM'));

CREATE FUNCTION work._bounds(month date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('FROM (%L) TO (%L)', month || ' 00:00:00+00', (month + interval '1 month')::date || ' 00:00:00+00');

CREATE FUNCTION work._month(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN date_trunc('month', moment AT TIME ZONE 'UTC')::date;

-- Partitions of tasks, as their names tell.
CREATE VIEW work.partitions WITH (security_invoker = true) AS
SELECT i.inhrelid::regclass AS partition,
       CASE WHEN c.relname ~ '^tasks_\d{4}_\d\d$' THEN to_date(right(c.relname, 7), 'YYYY_MM') END AS month
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'work.tasks'::regclass;
