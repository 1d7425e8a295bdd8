-- Three kinds of users to ask about, 5,000 of each:
--
-- "shape": 5 roles of 20 permissions, three of which inherit one another in a row;
-- "tall":  5 roles of 20 permissions, each of which inherits two more in a row;
-- "cloud": 5 roles of a public cloud's predefined ones, or of generated roles of
--          the same shape: 2,461 roles and 13,790 permissions, few roles with
--          thousands of permissions and many with a handful.
--
-- Variable cloud_roles: a program that prints the lines role,permission; empty
-- to generate them.

SET client_min_messages = warning;
SET synchronous_commit = off;

CREATE TABLE bench.pairs (role text, permission text);

INSERT INTO rbac.tenants (id, key, name)
VALUES ('00000000-0000-0000-0000-0000000000be', 'bench', 'Bench');

SELECT :'cloud_roles' <> '' AS cloud_is_real \gset
\if :cloud_is_real
    COPY bench.pairs FROM PROGRAM :'cloud_roles' (FORMAT csv, HEADER);
\else
    -- The n-th largest role has about 9000 / n permissions.
    INSERT INTO bench.pairs
    SELECT format('role-%s', r), format('service%s.permission%s', p % 200, p)
    FROM generate_series(1, 2461) AS r,
         LATERAL (SELECT DISTINCT (r * 7919 + i * 104729) % 13790 AS p
                  FROM generate_series(1, greatest(2, 9000 / r)) AS i) AS p;
\endif

-- Roles in rows of three, as pairs too: 1 to 100 at the top, 101 to 120 below
-- them, 121 to 125 at the bottom.
CREATE TABLE bench.rows AS
SELECT r AS number, format('row-%s', r) AS role, format('row.p%s', r * 20 + i) AS permission
FROM generate_series(1, 125) AS r, generate_series(1, 20) AS i;

-- Made as people make them: what belongs together, one after the other.
INSERT INTO rbac.scopes (name) SELECT permission FROM bench.rows ORDER BY number, permission;
INSERT INTO rbac.scopes (name) SELECT DISTINCT permission FROM bench.pairs ORDER BY permission;
INSERT INTO rbac.permissions (name)
SELECT s.name FROM rbac.scopes AS s WHERE s.id >= 100 ORDER BY s.id;
INSERT INTO rbac.permission_scopes
SELECT p.id, s.id FROM rbac.permissions AS p JOIN rbac.scopes AS s USING (name) WHERE p.id >= 100;

INSERT INTO rbac.roles (name)
SELECT DISTINCT role FROM bench.pairs UNION SELECT role FROM bench.rows;
INSERT INTO rbac.role_permissions
SELECT r.id, p.id
FROM (SELECT role, permission FROM bench.pairs UNION SELECT role, permission FROM bench.rows) AS pair
JOIN rbac.roles AS r ON r.name = pair.role
JOIN rbac.permissions AS p ON p.name = pair.permission;

INSERT INTO rbac.role_inherits
SELECT senior.id, junior.id
FROM (SELECT DISTINCT number AS senior,
             CASE WHEN number <= 100 THEN 101 + number % 20 ELSE 121 + number % 5 END AS junior
      FROM bench.rows WHERE number <= 120) AS step
JOIN rbac.roles AS senior ON senior.name = format('row-%s', step.senior)
JOIN rbac.roles AS junior ON junior.name = format('row-%s', step.junior);

CREATE FUNCTION bench.user_id(kind text, number integer) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || number)::uuid $$;

INSERT INTO rbac.users (id, username)
SELECT bench.user_id(kind, n), format('%s-%s', kind, n)
FROM unnest('{shape,tall,cloud}'::text[]) AS kind, generate_series(1, 5000) AS n;

CREATE TABLE bench.holders (kind text, number integer, role text);
-- One row of three, and two more from the bottom.
INSERT INTO bench.holders
SELECT 'shape', n, format('row-%s', role)
FROM generate_series(1, 5000) AS n
CROSS JOIN LATERAL (SELECT 1 + n * 7 % 100 AS top) AS t
CROSS JOIN LATERAL (SELECT (101 + top % 20) % 5 AS bottom) AS b
CROSS JOIN LATERAL unnest(ARRAY[top, 121 + (bottom + 1) % 5, 121 + (bottom + 2) % 5]) AS role;
INSERT INTO bench.holders
SELECT 'tall', n, format('row-%s', 1 + (n * 7 + i * 21) % 100)
FROM generate_series(1, 5000) AS n CROSS JOIN generate_series(0, 4) AS i;
INSERT INTO bench.holders
SELECT 'cloud', n, c.role
FROM generate_series(1, 5000) AS n
CROSS JOIN generate_series(0, 4) AS i
JOIN (SELECT role, row_number() OVER (ORDER BY md5(role)) - 1 AS place, count(*) OVER () AS roles
      FROM (SELECT DISTINCT role FROM bench.pairs) AS p) AS c ON c.place = (n * 5 + i) % c.roles;

INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
SELECT bench.user_id(h.kind, h.number), r.id, '00000000-0000-0000-0000-0000000000be'
FROM bench.holders AS h JOIN rbac.roles AS r ON r.name = h.role;

-- The task-management system's tables, keys and indexes, with the same rows. It
-- has no inheritance, so that its users have every role that ours reach.
CREATE SCHEMA plain;
GRANT USAGE ON SCHEMA plain TO PUBLIC;
CREATE TABLE plain.scope AS SELECT id, name FROM rbac.scopes;
CREATE TABLE plain.permission AS SELECT id, name FROM rbac.permissions;
CREATE TABLE plain.permission_scope AS SELECT * FROM rbac.permission_scopes;
CREATE TABLE plain.role_permission AS SELECT * FROM rbac.role_permissions;
CREATE TABLE plain.user_role AS
WITH RECURSIVE reached (user_id, role_id) AS (
    SELECT user_id, role_id FROM rbac.user_roles
    UNION
    SELECT r.user_id, i.inherits_role_id FROM reached AS r JOIN rbac.role_inherits AS i USING (role_id)
)
SELECT user_id, role_id FROM reached;
ALTER TABLE plain.scope ADD PRIMARY KEY (id);
ALTER TABLE plain.permission ADD PRIMARY KEY (id);
CREATE INDEX idx_user_role_user_id ON plain.user_role (user_id);
CREATE INDEX idx_role_permission_role_id ON plain.role_permission (role_id);
CREATE INDEX idx_permission_scope_permission_id ON plain.permission_scope (permission_id);
CREATE INDEX idx_scope_name ON plain.scope (name);
GRANT SELECT ON ALL TABLES IN SCHEMA plain TO PUBLIC;

CREATE FUNCTION plain.join_allows(asking uuid, asked text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(DISTINCT scope.id)
            FROM plain.scope
            JOIN plain.permission_scope ON scope.id = permission_scope.scope_id
            JOIN plain.permission ON permission.id = permission_scope.permission_id
            JOIN plain.role_permission ON role_permission.permission_id = permission.id
            JOIN plain.user_role ON user_role.role_id = role_permission.role_id
            WHERE user_role.user_id = asking AND scope.name IN (asked)) = 1;
END
$$;

CREATE FUNCTION plain.exists_allows(asking uuid, asked text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT
                   FROM plain.user_role
                   JOIN plain.role_permission USING (role_id)
                   JOIN plain.permission_scope USING (permission_id)
                   JOIN plain.scope ON scope.id = permission_scope.scope_id
                   WHERE user_role.user_id = asking AND scope.name = asked);
END
$$;

-- Rows to guard. What follows the id is as long as a row of tasks might be.
CREATE TABLE bench.tasks (id bigint NOT NULL, owner_id uuid NOT NULL, title text NOT NULL);
INSERT INTO bench.tasks
SELECT n, bench.user_id('shape', 1), repeat('x', 40) FROM generate_series(1, 200000) AS n;
ALTER TABLE bench.tasks ENABLE ROW LEVEL SECURITY;

VACUUM ANALYZE;

-- Whom we ask about, and a scope that they hold.
CREATE TABLE bench.questions AS
SELECT kind, bench.user_id(kind, 1) AS user_id, '00000000-0000-0000-0000-0000000000be'::uuid AS tenant_id,
       (SELECT min(s) FROM rbac.effective_scopes(bench.user_id(kind, 1), '00000000-0000-0000-0000-0000000000be') AS s) AS scope
FROM unnest('{shape,tall,cloud}'::text[]) AS kind;
SELECT user_id, tenant_id, scope FROM bench.questions WHERE kind = 'shape' \gset
