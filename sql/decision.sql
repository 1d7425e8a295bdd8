-- May this subject do this? One tenant, its departments, a role that inherits.
--
--   acme:  sales > north        beta
--   manager inherits clerk; clerk: dec:read; manager: dec:write
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set acme '''00000000-0000-0000-0000-0000000030a0'''
\set beta '''00000000-0000-0000-0000-0000000030b0'''
\set sales '''00000000-0000-0000-0000-0000000030d1'''
\set north '''00000000-0000-0000-0000-0000000030d2'''
\set other '''00000000-0000-0000-0000-0000000030d3'''
\set alice '''00000000-0000-0000-0000-000000003001'''
\set bob '''00000000-0000-0000-0000-000000003002'''
\set root '''00000000-0000-0000-0000-000000003003'''
BEGIN;
INSERT INTO rbac.tenants (id, key, name) VALUES (:acme, 'acme', 'Acme'), (:beta, 'beta', 'Beta');
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (:sales, :acme, NULL, 'sales'), (:north, :acme, :sales, 'north'), (:other, :beta, NULL, 'other');
INSERT INTO rbac.users (id, username) VALUES (:alice, 'alice'), (:bob, 'bob'), (:root, 'root');
INSERT INTO rbac.scopes (id, name) VALUES (30001, 'dec:read'), (30002, 'dec:write');
INSERT INTO rbac.permissions (id, name) VALUES (30001, 'reading'), (30002, 'writing');
INSERT INTO rbac.permission_scopes VALUES (30001, 30001), (30002, 30002);
INSERT INTO rbac.roles (id, name) VALUES (30001, 'clerk'), (30002, 'manager');
INSERT INTO rbac.role_permissions VALUES (30001, 30001), (30002, 30002);
INSERT INTO rbac.role_inherits VALUES (30002, 30001);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES
    (:alice, 30002, :acme, NULL),       -- manager of all of acme
    (:bob, 30002, :acme, :sales),       -- manager of sales
    (:root, 30001, NULL, NULL);         -- clerk everywhere

-- A role is held in its tenant, with what it inherits, and nowhere else.
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS read_acme,
       rbac.user_has_scope(:alice, 'dec:write', :acme) AS write_acme,
       rbac.user_has_scope(:alice, 'dec:read', :beta) AS read_beta;
-- Held in the whole tenant, it is held in each of its departments, but not in
-- another tenant's, nor in one that does not exist.
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme, :north) AS north,
       rbac.user_has_scope(:alice, 'dec:read', :acme, :other) AS another_tenants,
       rbac.user_has_scope(:alice, 'dec:read', :beta, :north) AS north_of_beta,
       rbac.user_has_scope(:alice, 'dec:read', :acme, :alice) AS nowhere;
-- Held in a department, it counts there and below, not in the whole tenant.
SELECT rbac.user_has_scope(:bob, 'dec:write', :acme, :sales) AS sales,
       rbac.user_has_scope(:bob, 'dec:write', :acme, :north) AS north,
       rbac.user_has_scope(:bob, 'dec:write', :acme) AS whole_tenant;
-- Held everywhere, it counts in every tenant, but only what it is.
SELECT rbac.user_has_scope(:root, 'dec:read', :acme) AS acme,
       rbac.user_has_scope(:root, 'dec:read', :beta, :other) AS other,
       rbac.user_has_scope(:root, 'dec:write', :acme) AS write;
-- Nobody, nowhere: no scope. A NULL gives NULL, which denies.
SELECT rbac.user_has_scope(:acme, 'dec:read', :acme) AS no_user,
       rbac.user_has_scope(:alice, 'dec:read', :alice) AS no_tenant,
       rbac.user_has_scope(:alice, 'dec:read', NULL) AS "null";

-- The same about the current user, in the current tenant or in another.
SELECT rbac.set_identity(:bob, :acme);
SELECT rbac.has_scope('dec:read') AS whole_tenant,
       rbac.has_scope('dec:read', :acme, :north) AS north,
       rbac.has_scope('dec:read', :beta) AS beta;
SELECT rbac.tenants_with_scope('dec:read') AS tenants, rbac.departments_with_scope('dec:read') AS departments;
SELECT rbac.set_identity(:alice);
SELECT rbac.has_scope('dec:read') AS without_tenant, rbac.has_scope('dec:read', :acme) AS acme;
SELECT rbac.tenants_with_scope('dec:read') AS tenants, rbac.departments_with_scope('dec:read') AS departments;
SELECT rbac.set_identity(:root);
SELECT rbac.has_scope('dec:read') AS without_tenant;
SELECT rbac.has_scope_everywhere('dec:read') AS "read", rbac.has_scope_everywhere('dec:write') AS write;
SELECT rbac.tenants_with_scope('dec:read') AS tenants;
SELECT rbac.departments_with_scope('dec:read') AS departments;
SELECT rbac.tenants_with_scope('dec:write') AS tenants, rbac.departments_with_scope('dec:write') AS departments;

-- In every tenant: whatever the current tenant is, and not by a role in each.
SELECT rbac.set_identity(:root, :acme);
SELECT rbac.has_scope_everywhere('dec:read') AS "read", rbac.has_scope_everywhere(NULL) AS "null";
SELECT rbac.set_identity(:root, :acme, '{dec:write}');
SELECT rbac.has_scope_everywhere('dec:read') AS narrowed;
SELECT rbac.set_identity(:alice, :acme);
SELECT rbac.has_scope('dec:read') AS here, rbac.has_scope_everywhere('dec:read') AS everywhere;
SELECT rbac.has_scope_everywhere('dec:raed');

-- Several scopes at once. No scopes at all are a slip, not a permission.
SELECT rbac.set_identity(:root, :acme);
SELECT rbac.has_any_scope('{dec:read,dec:write}') AS "any", rbac.has_all_scopes('{dec:read,dec:write}') AS "all",
       rbac.has_all_scopes('{dec:read}') AS one, rbac.has_any_scope('{dec:write}', :beta) AS any_beta;
SELECT rbac.has_any_scope('{}') AS any_of_none, rbac.has_all_scopes('{}') AS all_of_none,
       rbac.has_any_scope('{dec:read,NULL}') AS any_null, rbac.has_all_scopes('{dec:read,NULL}') AS all_null;
SELECT rbac.effective_scopes(:alice, :acme);

-- A scope that does not exist is an error, for a typo must not deny in silence.
SELECT rbac.has_scope('dec:raed');
SELECT rbac.has_scope('something entirely different');
SELECT rbac.tenants_with_scope('dec:rite');
SELECT rbac.user_has_scope(:alice, '', :acme);
SELECT rbac.has_scope(repeat('x', 500)) IS NULL;
SET LOCAL rbac.unknown_scope = deny;
SELECT rbac.has_scope('dec:raed') AS raed, rbac.has_all_scopes('{dec:read,dec:raed}') AS both,
       rbac.tenants_with_scope('dec:raed') AS tenants;
SET LOCAL rbac.unknown_scope = error;

-- One's own changes count at once, and no longer once they are undone.
SAVEPOINT before;
DELETE FROM rbac.user_roles WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS after_delete;
ROLLBACK TO before;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS after_rollback;
DELETE FROM rbac.role_inherits WHERE role_id = 30002;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS "read", rbac.user_has_scope(:alice, 'dec:write', :acme) AS write;
ROLLBACK TO before;
UPDATE rbac.users SET is_active = false WHERE id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS inactive_user;
ROLLBACK TO before;
UPDATE rbac.tenants SET is_active = false WHERE id = :acme;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS inactive_tenant, rbac.user_has_scope(:root, 'dec:read', :acme) AS even_for_root;
SELECT rbac.tenants_with_scope('dec:read') = ARRAY[:beta]::uuid[] AS only_beta,
       rbac.departments_with_scope('dec:read') = ARRAY[:other]::uuid[] AS only_other;
ROLLBACK TO before;
UPDATE rbac.departments SET parent_id = NULL WHERE id = :north;
SELECT rbac.user_has_scope(:bob, 'dec:write', :acme, :north) AS north_moved_away;
ROLLBACK TO before;
UPDATE rbac.scopes SET name = 'dec:view' WHERE name = 'dec:read';
SELECT rbac.user_has_scope(:alice, 'dec:view', :acme) AS by_its_new_name;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme);
ROLLBACK TO before;
TRUNCATE rbac.user_roles;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS after_truncate;
ROLLBACK TO before;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS after_all;

-- A statement does not see its own rows; the next one does.
WITH gone AS (DELETE FROM rbac.user_roles WHERE user_id = :alice RETURNING user_id)
SELECT rbac.user_has_scope(user_id, 'dec:read', :acme) AS within_the_statement FROM gone;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS after_the_statement;
ROLLBACK TO before;

-- An assignment is valid from valid_from (included) to valid_until (excluded).
UPDATE rbac.user_roles SET valid_from = statement_timestamp() WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS has_begun;
UPDATE rbac.user_roles SET valid_from = statement_timestamp() + interval '1 hour' WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS not_yet;
UPDATE rbac.user_roles SET valid_from = NULL, valid_until = statement_timestamp() WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS is_over;
UPDATE rbac.user_roles SET valid_until = statement_timestamp() + interval '1 hour' WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS not_over_yet;
UPDATE rbac.user_roles SET valid_until = 'infinity' WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'dec:read', :acme) AS never_over;
ROLLBACK TO before;

-- Two functions at one call site, rows of many tenants: each row its own answer.
SELECT u.username, t.key, rbac.user_has_scope(u.id, s.name, t.id) AS "has", s.name
FROM rbac.users u, rbac.tenants t, rbac.scopes s
WHERE s.id IN (30001, 30002) AND u.username IN ('alice', 'bob', 'root')
ORDER BY s.name, t.key, u.username;
ROLLBACK;

-- What the planner knows: a bare check lets all rows pass, one by tenant few.
BEGIN;
CREATE TEMP TABLE task AS SELECT g AS id, '00000000-0000-0000-0000-0000000030a0'::uuid AS tenant_id FROM generate_series(1, 1000) g;
ANALYZE task;
CREATE FUNCTION pg_temp.estimate(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE j json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO j;
    RETURN (j -> 0 -> 'Plan' ->> 'Plan Rows')::numeric;
END $$;
SELECT pg_temp.estimate($$SELECT * FROM task WHERE rbac.has_scope('rbac:grant')$$) AS bare,
       pg_temp.estimate($$SELECT * FROM task WHERE rbac.has_scope('rbac:grant', tenant_id)$$) < 1000 AS by_tenant_fewer;
ROLLBACK;
