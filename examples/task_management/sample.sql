-- People and tasks to try it with, the same ones each time: an Employer (minh), two
-- Employees with few tasks of their own (lan, tuan), one without any (hoa), and as many
-- employees and tasks as asked for, in the two years up to this month.
--
-- Variables: tasks, employees. A fiftieth of the employees has no tasks, a hundredth
-- of the tasks is nobody's; some have three times as many as others. The first four
-- months are all completed, the last six mostly not.

SELECT (work._month(now()) - interval '23 months')::date AS first_month, work._month(now()) AS last_month \gset

CREATE FUNCTION pg_temp.employee(n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lpad(to_hex(n), 32, '0')::uuid;
-- Between 0 and 1, as if by chance; several for each n.
CREATE FUNCTION pg_temp.chance(n bigint, which integer) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (hashint8extended(n, which) & 1048575) / 1048576.0::float8;

INSERT INTO rbac.users (id, username, first_name, last_name, email) VALUES
    (pg_temp.employee(4000000001), 'minh', 'Minh', 'Nguyen', 'minh@acme.example'),
    (pg_temp.employee(4000000002), 'lan', 'Lan', 'Tran', 'lan@acme.example'),
    (pg_temp.employee(4000000003), 'tuan', 'Tuan', 'Le', 'tuan@acme.example'),
    (pg_temp.employee(4000000004), 'hoa', 'Hoa', 'Pham', 'hoa@acme.example');
INSERT INTO rbac.users (id, username)
SELECT pg_temp.employee(n), format('employee-%s', lpad(n::text, 6, '0')) FROM generate_series(1, :employees) AS n;

INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, reason)
SELECT u.id, r.id, t.id, 'hired'
FROM rbac.users AS u
JOIN rbac.roles AS r ON r.name = CASE u.username WHEN 'minh' THEN 'Employer' ELSE 'Employee' END AND r.tenant_id IS NULL
JOIN rbac.tenants AS t ON t.key = 'acme';

-- The next months, too, for tasks to come.
SELECT format('CREATE TABLE work.%I PARTITION OF work.tasks FOR VALUES %s', work._partition_name('tasks', month::date), work._bounds(month::date))
FROM generate_series(:'first_month'::date, (:'last_month'::date + interval '2 months'), interval '1 month') AS month
\gexec

-- Evenly up to the hour before this one, so that what is made now is the newest.
SELECT extract(epoch FROM :'first_month'::timestamp AT TIME ZONE 'UTC') AS began,
       extract(epoch FROM date_trunc('hour', now()) - (:'first_month'::timestamp AT TIME ZONE 'UTC')) / :tasks AS step \gset

-- OFFSET 0: so that what stands there is computed once a row.
INSERT INTO work.tasks (id, tenant_id, title, description, type_id, severity_id, status_id,
                        assignee_id, creator_id, due_date, created_at, updated_at, updated_by)
SELECT (lpad(to_hex(hashint8extended(n, 0)), 16, '0') || lpad(to_hex(hashint8extended(n, 1)), 16, '0'))::uuid,
       tenant_id, 'Task ' || n, 'What there is to do in task ' || n || '.',
       type_id, 1 + n % 4,
       CASE WHEN is_done THEN CASE type_id WHEN 1 THEN 4 ELSE 6 END
            WHEN type_id = 1 THEN 1 + n % 3
            ELSE (ARRAY[1, 5, 7])[1 + n % 3] END,
       CASE WHEN n % 100 <> 99 THEN pg_temp.employee(who) END, minh,
       to_timestamp(created + 30 * 86400), to_timestamp(created), to_timestamp(created + updated_after), minh
FROM (SELECT n, tenant_id, minh, :began + (n - 1) * :step::float8 AS created,
             86400 * pg_temp.chance(n, 3) AS updated_after,
             CASE WHEN n % 5 = 0 THEN 2 ELSE 1 END AS type_id,
             pg_temp.chance(n, 2) < CASE WHEN n * 24.0::float8 / :tasks < 4 THEN 2 WHEN n * 24.0::float8 / :tasks < 18 THEN 0.9 ELSE 0.3 END AS is_done,
             -- one in fifty has none
             CASE WHEN chosen % 50 = 0 THEN chosen - 1 ELSE chosen END AS who
      FROM (SELECT n, 1 + floor(power(pg_temp.chance(n, 4), 1.4) * :employees)::bigint AS chosen,
                   t.id AS tenant_id, u.id AS minh
            FROM generate_series(1, :tasks) AS n, rbac.tenants AS t, rbac.users AS u
            WHERE t.key = 'acme' AND u.username = 'minh' OFFSET 0) AS c
      OFFSET 0) AS d;
