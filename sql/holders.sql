-- Who holds a scope in the whole of a tenant: exactly those of whom
-- user_has_scope says so; and has_scope, explain_scope and this agree.
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\set acme '''00000000-0000-0000-0000-0000000060a0''::uuid'
\set beta '''00000000-0000-0000-0000-0000000060b0''::uuid'
\set sales '''00000000-0000-0000-0000-0000000060d1''::uuid'
\set north '''00000000-0000-0000-0000-0000000060d2''::uuid'
BEGIN;
INSERT INTO rbac.tenants (id, key, name) VALUES (:acme, 'acme', 'Acme'), (:beta, 'beta', 'Beta');
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    (:sales, :acme, NULL, 'sales'), (:north, :acme, :sales, 'north');
INSERT INTO rbac.scopes (id, name) VALUES (60001, 'hold:it'), (60002, 'hold:nothing');
INSERT INTO rbac.permissions (id, name) VALUES (60001, 'holding');
INSERT INTO rbac.permission_scopes VALUES (60001, 60001);
INSERT INTO rbac.roles (id, tenant_id, name) VALUES
    (60001, NULL, 'holder'), (60002, NULL, 'senior'), (60003, :acme, 'acme_senior'), (60004, NULL, 'guest');
INSERT INTO rbac.role_permissions VALUES (60001, 60001);
INSERT INTO rbac.role_inherits VALUES (60002, 60001), (60003, 60002);
INSERT INTO rbac.users (id, username, is_active)
    SELECT ('00000000-0000-0000-0000-0000000060' || lpad(i::text, 2, '0'))::uuid, 'holder' || i, i <> 9
    FROM generate_series(1, 9) AS i;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until)
    SELECT u.id, h.role_id, h.tenant_id, h.department_id, h.valid_from::timestamptz, h.valid_until::timestamptz
    FROM (VALUES
        ('holder1', 60001, :acme, NULL::uuid, NULL, NULL),
        ('holder2', 60003, :acme, NULL, NULL, NULL),           -- through inheritance
        ('holder2', 60001, :acme, NULL, NULL, NULL),           -- and once more
        ('holder3', 60002, NULL, NULL, NULL, NULL),            -- in every tenant
        ('holder4', 60001, :acme, :sales, NULL, NULL),         -- in a department only
        ('holder5', 60001, :acme, NULL, '2020-01-01', '2020-02-01'),
        ('holder6', 60001, :acme, NULL, '2999-01-01', NULL),
        ('holder7', 60001, :beta, NULL, NULL, '2999-01-01'),
        ('holder8', 60004, :acme, NULL, NULL, NULL),           -- a role that does not carry it
        ('holder9', 60001, :acme, NULL, NULL, NULL)            -- not active
    ) AS h (username, role_id, tenant_id, department_id, valid_from, valid_until)
    JOIN rbac.users AS u USING (username);

SELECT * FROM rbac.users_with_scope('hold:it', :acme);
SELECT * FROM rbac.users_with_scope('hold:it', :beta);
SELECT * FROM rbac.users_with_scope('hold:nothing', :acme);
-- A tenant that does not exist has nobody; a scope that does not, is an error.
SELECT * FROM rbac.users_with_scope('hold:it', :sales);
SELECT * FROM rbac.users_with_scope('hold:them', :acme);
SET LOCAL rbac.unknown_scope = deny;
SELECT * FROM rbac.users_with_scope('hold:them', :acme);
RESET rbac.unknown_scope;

-- All ways to ask agree, of everybody and everywhere.
CREATE TEMP VIEW disagreements AS
    SELECT u.username, s.name, t.key, NULL::text AS department
    FROM rbac.users u, rbac.scopes s, rbac.tenants t
    WHERE rbac.user_has_scope(u.id, s.name, t.id) IS DISTINCT FROM
              (SELECT bool_or(e.granted) FROM rbac.explain_scope(u.id, s.name, t.id) e)
       OR rbac.user_has_scope(u.id, s.name, t.id) IS DISTINCT FROM
              (u.id IN (SELECT w FROM rbac.users_with_scope(s.name, t.id) w))
    UNION ALL
    SELECT u.username, s.name, t.key, d.name
    FROM rbac.users u, rbac.scopes s, rbac.tenants t, rbac.departments d
    WHERE rbac.user_has_scope(u.id, s.name, t.id, d.id) IS DISTINCT FROM
              (SELECT bool_or(e.granted) FROM rbac.explain_scope(u.id, s.name, t.id, d.id) e);
SELECT * FROM disagreements;
-- Also in parallel workers, which see what their leader has not committed.
-- (The setting goes by another name since PostgreSQL 16.)
\set parallel '(SELECT name FROM pg_settings WHERE name IN (''force_parallel_mode'', ''debug_parallel_query''))'
SELECT set_config(:parallel, 'on', true) AS parallel;
EXPLAIN (COSTS OFF) SELECT * FROM rbac.users_with_scope('hold:it', :acme);
SELECT count(*) AS holders, bool_and(rbac.user_has_scope(w, 'hold:it', :acme)) AS all_hold_it
FROM rbac.users_with_scope('hold:it', :acme) w;
SELECT * FROM rbac.users_with_scope('hold:it', :acme);
SELECT * FROM disagreements;
SELECT set_config(:parallel, 'off', true) AS parallel;
-- An inactive tenant has nobody.
UPDATE rbac.tenants SET is_active = false WHERE id = :acme;
SELECT * FROM rbac.users_with_scope('hold:it', :acme);
SELECT * FROM disagreements;
ROLLBACK;
