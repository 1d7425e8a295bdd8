-- The database itself keeps the model's rules, whoever writes.
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO rbac.tenants (id, key, name) VALUES
    ('00000000-0000-0000-0000-00000000000a', 'acme', 'Acme'),
    ('00000000-0000-0000-0000-00000000000b', 'beta', 'Beta');
INSERT INTO rbac.users (id, username, email) VALUES
    ('00000000-0000-0000-0000-000000000001', 'Alice', 'alice@example.org');

-- Nobody but the owner can read or write a table; everybody can read which summaries there are.
SELECT c.relname, a.privilege_type
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'rbac'::regnamespace AND a.grantee = 0;

\set VERBOSITY terse
-- Names: 1 to 200 characters, no control characters, no outer blanks.
INSERT INTO rbac.roles (name) VALUES ('');
INSERT INTO rbac.roles (name) VALUES (' admin');
INSERT INTO rbac.roles (name) VALUES ('ad' || chr(10) || 'min');
INSERT INTO rbac.roles (name) VALUES ('ad' || chr(133) || 'min');
INSERT INTO rbac.roles (name) VALUES (repeat('x', 201));
INSERT INTO rbac.roles (name) VALUES (repeat('x', 200)), (repeat('é', 200));
-- Scopes are tokens of RFC 6749.
INSERT INTO rbac.scopes (name) VALUES ('read task');
INSERT INTO rbac.scopes (name) VALUES ('read"task');
INSERT INTO rbac.scopes (name) VALUES ('lire:tâche');
INSERT INTO rbac.scopes (name) VALUES ('!#$%&''()*+,-./:;<=>?@[]^_`{|}~');

-- User names and addresses are unique without regard to case.
INSERT INTO rbac.users (username) VALUES ('aLICE');
INSERT INTO rbac.users (username, email) VALUES ('bob', 'ALICE@example.org');
INSERT INTO rbac.users (username, email) VALUES ('bob', 'not an address');

\set VERBOSITY default
-- A role's name is unique in its tenant, and among the shared ones.
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (1000, NULL, 'clerk'),
    (1001, '00000000-0000-0000-0000-00000000000a', 'clerk'),
    (1002, '00000000-0000-0000-0000-00000000000b', 'clerk');
INSERT INTO rbac.roles (tenant_id, name) VALUES (NULL, 'clerk');
INSERT INTO rbac.roles (tenant_id, name) VALUES ('00000000-0000-0000-0000-00000000000a', 'clerk');
-- A role stays with its tenant.
UPDATE rbac.roles SET tenant_id = NULL, name = 'clerk2' WHERE id = 1001;
UPDATE rbac.roles SET tenant_id = '00000000-0000-0000-0000-00000000000b', name = 'clerk2' WHERE id = 1001;
UPDATE rbac.roles SET description = 'anything else may change' WHERE id = 1001;

-- Inheritance: no role inherits itself, and no cycle of any length.
INSERT INTO rbac.roles (id, name) VALUES (1010, 'a'), (1011, 'b'), (1012, 'c'), (1013, 'd');
INSERT INTO rbac.role_inherits VALUES (1010, 1010);
INSERT INTO rbac.role_inherits VALUES (1010, 1011), (1011, 1012), (1012, 1013);
INSERT INTO rbac.role_inherits VALUES (1013, 1010);
INSERT INTO rbac.role_inherits VALUES (1012, 1010);
-- Nor one that a single statement closes with its own rows, or an update.
INSERT INTO rbac.role_inherits VALUES (1013, 1000), (1000, 1010);
UPDATE rbac.role_inherits SET inherits_role_id = 1010 WHERE role_id = 1012;
-- A diamond is no cycle.
INSERT INTO rbac.role_inherits VALUES (1010, 1013), (1010, 1012);
-- A role of a tenant inherits shared roles and its own tenant's.
INSERT INTO rbac.role_inherits VALUES (1001, 1000);
INSERT INTO rbac.role_inherits VALUES (1002, 1001);
INSERT INTO rbac.role_inherits VALUES (1000, 1001);

-- Departments lie in their tenant, without cycles.
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    ('00000000-0000-0000-0000-0000000000d1', '00000000-0000-0000-0000-00000000000a', NULL, 'sales'),
    ('00000000-0000-0000-0000-0000000000d2', '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000d1', 'north');
INSERT INTO rbac.departments (tenant_id, parent_id, name) VALUES
    ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-0000000000d1', 'stray');
UPDATE rbac.departments SET parent_id = '00000000-0000-0000-0000-0000000000d2' WHERE name = 'sales';
UPDATE rbac.departments SET parent_id = id WHERE name = 'north';
UPDATE rbac.departments SET tenant_id = '00000000-0000-0000-0000-00000000000b' WHERE name = 'north';
INSERT INTO rbac.departments (tenant_id, name) VALUES ('00000000-0000-0000-0000-00000000000a', 'sales');

-- Assignments: a tenant's role in that tenant only, a department of that
-- tenant, a period that is one, and each only once.
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1001, '00000000-0000-0000-0000-00000000000b');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1001, NULL);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1000, '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-0000000000d1');
\set VERBOSITY terse
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1000, NULL, '00000000-0000-0000-0000-0000000000d1');
INSERT INTO rbac.user_roles (user_id, role_id, valid_from, valid_until) VALUES
    ('00000000-0000-0000-0000-000000000001', 1000, '2030-01-01 00:00+00', '2030-01-01 00:00+00');
\set VERBOSITY default
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1001, '00000000-0000-0000-0000-00000000000a');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES
    ('00000000-0000-0000-0000-000000000001', 1001, '00000000-0000-0000-0000-00000000000a');
-- The same role in another period is another assignment.
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, valid_from, valid_until) VALUES
    ('00000000-0000-0000-0000-000000000001', 1001, '00000000-0000-0000-0000-00000000000a', '2030-01-01', '2031-01-01');
UPDATE rbac.user_roles SET role_id = 1002 WHERE valid_from IS NULL;

-- What the extension seeds is the same everywhere: it cannot be changed, and
-- its ids cannot be taken.
UPDATE rbac.scopes SET description = 'mine' WHERE name = 'rbac:escalate';
DELETE FROM rbac.roles WHERE name = 'rbac_admin';
INSERT INTO rbac.role_permissions (role_id, permission_id) VALUES (1, 8);
DELETE FROM rbac.role_inherits WHERE role_id = 2;
INSERT INTO rbac.roles (id, name) VALUES (99, 'mine');
UPDATE rbac.roles SET id = 99 WHERE id = 1013;
TRUNCATE rbac.permission_scopes;
-- A role of one's own can inherit a built-in one.
INSERT INTO rbac.role_inherits VALUES (1013, 1);

-- Scopes are counted by their ids, so that sets of them stay small.
INSERT INTO rbac.scopes (id, name) VALUES (131071, 'the:last');
INSERT INTO rbac.scopes (id, name) VALUES (131072, 'one:more');
UPDATE rbac.scopes SET id = 131072 WHERE name = 'the:last';

-- created_at stays, updated_at follows.
UPDATE rbac.tenants SET name = 'Acme Ltd', created_at = '2000-01-01', updated_at = '2000-01-01' WHERE key = 'acme';
SELECT created_at = now() AS created_at_stays, updated_at = now() AS updated_at_follows
FROM rbac.tenants WHERE key = 'acme';

-- Whatever goes takes its links along.
DELETE FROM rbac.departments WHERE name = 'sales';
SELECT count(*) AS departments FROM rbac.departments;
DELETE FROM rbac.tenants WHERE key = 'acme';
SELECT count(*) AS roles_of_acme FROM rbac.roles WHERE id = 1001;
SELECT count(*) AS assignments FROM rbac.user_roles;
DELETE FROM rbac.roles WHERE id = 1011;
SELECT role_id, inherits_role_id FROM rbac.role_inherits WHERE role_id >= 1000 ORDER BY 1, 2;
ROLLBACK;
