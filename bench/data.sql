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

VACUUM ANALYZE;

-- Whom we ask about, and a scope that they hold.
CREATE TABLE bench.questions AS
SELECT kind, bench.user_id(kind, 1) AS user_id, '00000000-0000-0000-0000-0000000000be'::uuid AS tenant_id,
       (SELECT min(s) FROM rbac.effective_scopes(bench.user_id(kind, 1), '00000000-0000-0000-0000-0000000000be') AS s) AS scope
FROM unnest('{shape,tall,cloud}'::text[]) AS kind;
SELECT user_id, tenant_id, scope FROM bench.questions WHERE kind = 'shape' \gset
