-- The subjects of the stress test, of kinds 0 to 9, two of each, numbered by
-- stress.subjects. See stress.h for what they are.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS rbac;
CREATE SCHEMA stress;

INSERT INTO rbac.tenants (id, key, name)
SELECT md5('tenant' || n)::uuid, 'tenant-' || n, 'Tenant' FROM generate_series(0, 19) AS n;
INSERT INTO rbac.users (id, username)
SELECT md5('user' || n)::uuid, 'user-' || n FROM generate_series(0, 19) AS n;

-- scope, permission and role 1000 + t for each turn t
INSERT INTO rbac.scopes (id, name) SELECT 1000 + t, 'turn:' || t FROM generate_series(0, 15) AS t;
INSERT INTO rbac.permissions (id, name) SELECT 1000 + t, 'turn ' || t FROM generate_series(0, 15) AS t;
INSERT INTO rbac.permission_scopes SELECT 1000 + t, 1000 + t FROM generate_series(0, 15) AS t;
INSERT INTO rbac.roles (id, name) SELECT 1000 + t, 'turn ' || t FROM generate_series(0, 15) AS t;
INSERT INTO rbac.role_permissions SELECT 1000 + t, 1000 + t FROM generate_series(0, 15) AS t;
-- what is held in every state: who finds it not held has mixed two
INSERT INTO rbac.scopes (id, name) VALUES (1100, 'always');
INSERT INTO rbac.permissions (id, name) VALUES (1100, 'always');
INSERT INTO rbac.permission_scopes VALUES (1100, 1100);
INSERT INTO rbac.role_permissions SELECT 1000 + t, 1100 FROM generate_series(0, 15) AS t;

CREATE TABLE stress.subjects AS
SELECT n AS number, n / 2 AS kind, md5('user' || n)::uuid AS user_id, md5('tenant' || n)::uuid AS tenant_id,
       CASE n / 2 WHEN 6 THEN md5('department' || n)::uuid END AS department_id
FROM generate_series(0, 19) AS n;

-- a role of its own, 2000 + n, and a permission of its own, 3000 + n
INSERT INTO rbac.roles (id, tenant_id, name)
SELECT 2000 + number, CASE kind WHEN 2 THEN tenant_id END, 'role ' || number
FROM stress.subjects WHERE kind IN (2, 3, 4, 5);
INSERT INTO rbac.permissions (id, name) SELECT 3000 + number, 'own ' || number FROM stress.subjects WHERE kind = 5;

-- all begin in state 0
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
SELECT user_id, CASE WHEN kind IN (2, 3, 4, 5) THEN 2000 + number ELSE 1000 END, CASE WHEN kind <> 1 THEN tenant_id END
FROM stress.subjects WHERE kind NOT IN (6, 7);
INSERT INTO rbac.role_permissions SELECT 2000 + number, 1000 FROM stress.subjects WHERE kind IN (2, 3);
INSERT INTO rbac.role_inherits SELECT 2000 + number, 1000 FROM stress.subjects WHERE kind = 4;
INSERT INTO rbac.role_permissions SELECT 2000 + number, 3000 + number FROM stress.subjects WHERE kind = 5;
INSERT INTO rbac.permission_scopes SELECT 3000 + number, 1000 FROM stress.subjects WHERE kind = 5;
INSERT INTO rbac.departments (id, tenant_id, name)
SELECT md5(format('department %s %s', number, t))::uuid, tenant_id, 'turn ' || t
FROM stress.subjects, generate_series(0, 15) AS t WHERE kind = 6;
INSERT INTO rbac.departments (id, tenant_id, parent_id, name)
SELECT department_id, tenant_id, md5(format('department %s 0', number))::uuid, 'moves' FROM stress.subjects WHERE kind = 6;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id)
SELECT user_id, 1000, tenant_id, md5(format('department %s 0', number))::uuid FROM stress.subjects WHERE kind = 6;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_until)
SELECT user_id, 1000 + t, tenant_id, CASE WHEN t > 0 THEN timestamptz '2000-01-01' END
FROM stress.subjects, generate_series(0, 15) AS t WHERE kind = 7;

-- The turn that the tables show for a subject, by plain SQL; for the last two
-- kinds 0 if it is active, and 1 if not.
CREATE FUNCTION stress.truth(subject integer) RETURNS integer LANGUAGE sql AS $$
    WITH RECURSIVE s AS (SELECT * FROM stress.subjects WHERE number = subject),
    above (id, parent_id) AS (
        SELECT d.id, d.parent_id FROM rbac.departments AS d, s WHERE d.id = s.department_id
        UNION SELECT d.id, d.parent_id FROM above AS a JOIN rbac.departments AS d ON d.id = a.parent_id),
    reached (id) AS (
        SELECT a.role_id FROM rbac.user_roles AS a, s
        WHERE a.user_id = s.user_id AND (a.tenant_id IS NULL OR a.tenant_id = s.tenant_id)
          AND (a.department_id IS NULL OR a.department_id IN (SELECT id FROM above))
          AND (a.valid_until IS NULL OR a.valid_until > now())
        UNION SELECT i.inherits_role_id FROM reached AS r JOIN rbac.role_inherits AS i ON i.role_id = r.id)
    SELECT CASE (SELECT kind FROM s)
        WHEN 8 THEN (SELECT (NOT is_active)::int FROM rbac.users, s WHERE id = s.user_id)
        WHEN 9 THEN (SELECT (NOT is_active)::int FROM rbac.tenants, s WHERE id = s.tenant_id)
        ELSE (SELECT min(scope_id) - 1000 FROM reached AS r
              JOIN rbac.role_permissions AS rp ON rp.role_id = r.id
              JOIN rbac.permission_scopes AS ps USING (permission_id) WHERE scope_id < 1100)
    END
$$;

-- A decision per turn from within plpgsql, whose call sites live on.
CREATE FUNCTION stress.ask_in_plpgsql(u uuid, t uuid) RETURNS boolean[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    answers boolean[] := '{}';
BEGIN
    FOR i IN 0 .. 15 LOOP
        answers := answers || rbac.user_has_scope(u, 'turn:' || i, t);
    END LOOP;
    RETURN answers;
END
$$;

-- Enough rows for parallel workers to find something to do.
CREATE TABLE stress.turns AS SELECT i AS turn, repeat('x', 500) AS filler FROM generate_series(0, 15) AS i, generate_series(1, 40);
ALTER TABLE stress.turns SET (parallel_workers = 2);
ANALYZE;
