-- However deep roles and departments lie, a check answers, and what is deeper
-- than anybody needs is refused.
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set acme '''00000000-0000-0000-0000-0000000040a0'''
\set alice '''00000000-0000-0000-0000-000000004001'''
BEGIN;
INSERT INTO rbac.tenants (id, key, name) VALUES (:acme, 'acme', 'Acme');
INSERT INTO rbac.users (id, username) VALUES (:alice, 'alice');
INSERT INTO rbac.scopes (id, name) VALUES (40001, 'deep:read');
INSERT INTO rbac.permissions (id, name) VALUES (40001, 'reading deep down');
INSERT INTO rbac.permission_scopes VALUES (40001, 40001);

-- 500 roles, each inheriting the next; the last one carries the scope.
INSERT INTO rbac.roles (id, tenant_id, name) SELECT 40000 + g, :acme, 'level ' || g FROM generate_series(1, 500) g;
INSERT INTO rbac.role_permissions VALUES (40500, 40001);
INSERT INTO rbac.role_inherits SELECT 40000 + g, 40001 + g FROM generate_series(499, 1, -1) g;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES (:alice, 40001, :acme);
SELECT rbac.user_has_scope(:alice, 'deep:read', :acme) AS held;
SELECT rbac.set_identity(:alice, :acme);
SELECT rbac.has_scope('deep:read') AS held, rbac.tenants_with_scope('deep:read') = ARRAY[:acme]::uuid[] AS in_acme;
SELECT granted, reason, cardinality(path) AS steps FROM rbac.explain_scope('deep:read');
-- What was kept on the way is whole: a role in the middle, before and after its seniors.
SELECT rbac.clear_identity();
UPDATE rbac.user_roles SET role_id = 40450 WHERE user_id = :alice;
SELECT rbac.user_has_scope(:alice, 'deep:read', :acme) AS held;
-- A cycle is found at any length, and told in few words.
INSERT INTO rbac.role_inherits VALUES (40500, 40001);
INSERT INTO rbac.role_inherits VALUES (40011, 40001);

-- Departments: a thousand deep, by inserting or by moving what lies deep itself.
INSERT INTO rbac.departments (id, tenant_id, parent_id, name)
    SELECT ('00000000-0000-0000-0001-' || lpad(g::text, 12, '0'))::uuid, :acme,
           CASE WHEN g > 1 THEN ('00000000-0000-0000-0001-' || lpad((g - 1)::text, 12, '0'))::uuid END, 'a' || g
    FROM generate_series(1, 600) g;
INSERT INTO rbac.departments (id, tenant_id, parent_id, name)
    SELECT ('00000000-0000-0000-0002-' || lpad(g::text, 12, '0'))::uuid, :acme,
           CASE WHEN g > 1 THEN ('00000000-0000-0000-0002-' || lpad((g - 1)::text, 12, '0'))::uuid END, 'b' || g
    FROM generate_series(1, 600) g;
UPDATE rbac.departments SET parent_id = '00000000-0000-0000-0001-000000000600' WHERE name = 'b1';
UPDATE rbac.departments SET parent_id = '00000000-0000-0000-0001-000000000300' WHERE name = 'b1';
SELECT rbac.user_has_scope(:alice, 'deep:read', :acme, '00000000-0000-0000-0002-000000000600') AS held_at_the_bottom;
ROLLBACK;

-- A statement that still writes: each row sees the rows before it, as the
-- tables show them to a volatile function.
BEGIN;
INSERT INTO rbac.tenants (id, key, name) VALUES (:acme, 'acme', 'Acme');
INSERT INTO rbac.users (id, username) SELECT ('00000000-0000-0000-0000-00000000410' || g)::uuid, 'u' || g FROM generate_series(1, 3) g;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT ('00000000-0000-0000-0000-00000000410' || g)::uuid, 1, :acme FROM generate_series(1, 3) g;
CREATE FUNCTION pg_temp.holders() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT string_agg(username, ' ' ORDER BY username) FROM rbac.users
            WHERE username ~ '^u[123]$' AND rbac.user_has_scope(id, 'rbac:grant', '00000000-0000-0000-0000-0000000040a0'))
        IS NOT DISTINCT FROM
           (SELECT string_agg(username, ' ' ORDER BY username) FROM rbac.users JOIN rbac.user_roles ON user_id = users.id
            WHERE username ~ '^u[123]$');
END
$$;
DELETE FROM rbac.user_roles WHERE tenant_id = :acme RETURNING pg_temp.holders() AS as_the_tables_say;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT ('00000000-0000-0000-0000-00000000410' || g)::uuid, 1, :acme FROM generate_series(1, 3) g
    RETURNING pg_temp.holders() AS as_the_tables_say;
-- Also after an error in the middle of one.
SAVEPOINT s;
DELETE FROM rbac.user_roles WHERE tenant_id = :acme RETURNING 1 / (CASE WHEN pg_temp.holders()::boolean THEN 0 ELSE 1 END);
SELECT pg_temp.holders() AS as_the_tables_say;
DELETE FROM rbac.user_roles WHERE tenant_id = :acme RETURNING pg_temp.holders() AS as_the_tables_say;
ROLLBACK;
