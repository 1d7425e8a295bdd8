-- A small story for tests. Ids of people start with a, of tenants with b, of
-- departments with c.
INSERT INTO rbac.tenants (id, key, name) VALUES
    ('b0000000-0000-0000-0000-000000000001', 'acme', 'Acme'),
    ('b0000000-0000-0000-0000-000000000002', 'bolt', 'Bolt');
INSERT INTO rbac.users (id, username) VALUES
    ('a0000000-0000-0000-0000-000000000001', 'alice'),
    ('a0000000-0000-0000-0000-000000000002', 'bob');
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    ('c0000000-0000-0000-0000-000000000001', 'b0000000-0000-0000-0000-000000000001', NULL, 'sales'),
    ('c0000000-0000-0000-0000-000000000002', 'b0000000-0000-0000-0000-000000000001', 'c0000000-0000-0000-0000-000000000001', 'field');
INSERT INTO rbac.scopes (name) VALUES ('read:task'), ('list:task'), ('edit:task');
INSERT INTO rbac.permissions (name) VALUES ('read task'), ('list task'), ('edit task');
INSERT INTO rbac.permission_scopes (permission_id, scope_id)
    SELECT p.id, s.id FROM rbac.permissions AS p JOIN rbac.scopes AS s
    ON s.name = replace(p.name, ' ', ':') AND p.id >= 100;
INSERT INTO rbac.roles (name) VALUES ('clerk'), ('guest'), ('editor');
INSERT INTO rbac.role_permissions (role_id, permission_id)
    SELECT r.id, p.id FROM rbac.roles AS r JOIN rbac.permissions AS p
    ON (r.name, p.name) IN (('clerk', 'read task'), ('guest', 'list task'), ('editor', 'edit task'));
INSERT INTO rbac.role_inherits (role_id, inherits_role_id)
    SELECT senior.id, junior.id FROM rbac.roles AS senior, rbac.roles AS junior
    WHERE senior.name = 'clerk' AND junior.name = 'guest';
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id)
    SELECT 'a0000000-0000-0000-0000-000000000001', r.id, 'b0000000-0000-0000-0000-000000000001'
    FROM rbac.roles AS r WHERE r.name = 'clerk';
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id)
    SELECT 'a0000000-0000-0000-0000-000000000002', r.id, 'b0000000-0000-0000-0000-000000000001',
           'c0000000-0000-0000-0000-000000000001'
    FROM rbac.roles AS r WHERE r.name = 'editor';

-- All that can be asked of the story, as one line of text: who holds what where.
CREATE SCHEMA story;
CREATE FUNCTION story.answers() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(string_agg(format('%s %s %s%s', u.username, s.name, t.key, '/' || d.name), ', '
                      ORDER BY u.username, s.name, t.key, d.name NULLS FIRST), 'nobody holds anything')
    FROM rbac.users AS u
    JOIN rbac.scopes AS s ON s.id >= 100
    CROSS JOIN rbac.tenants AS t
    CROSS JOIN LATERAL (SELECT NULL::uuid AS id, NULL AS name
                        UNION ALL SELECT d.id, d.name FROM rbac.departments AS d WHERE d.tenant_id = t.id) AS d
    WHERE CASE WHEN d.id IS NULL THEN rbac.user_has_scope(u.id, s.name, t.id)
               ELSE rbac.user_has_scope(u.id, s.name, t.id, d.id) END
$$;
